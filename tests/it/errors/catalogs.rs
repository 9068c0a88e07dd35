//! Registries without a catalog, by their real host names.

use registry_fixture::{Answer, Auth, Fault, Match, Personality, Registry, Running};
use test_support::Rls;

/// The registry is reached under another name, over plain HTTP.
fn repos(registry: &Running, host: &str) -> Rls {
    let named = format!("{host}:{}", registry.port());
    let resolve = format!("{named}:127.0.0.1");
    let rls = Rls::new().naming(&named, "HOST").args(["repos", &format!("http://{named}"), "--resolve", &resolve]);
    rls.user("ann", "secret")
}

#[test]
fn each_hint_names_an_alternative() {
    let cases = [
        (
            "ghcr.io",
            Personality::Ghcr,
            "GHCR has no catalog; find packages on github.com/OWNER?tab=packages, then run 'rls tags ghcr.io/OWNER/NAME'",
        ),
        (
            "registry.gitlab.com",
            Personality::GitLab,
            "find a project's repositories in GitLab under Deploy > Container registry or with GET /projects/:id/registry/repositories, then run 'rls tags REPO'",
        ),
        (
            "gitlab.corp",
            Personality::GitLab,
            "find a project's repositories in GitLab under Deploy > Container registry or with GET /projects/:id/registry/repositories, then run 'rls tags REPO'",
        ),
        ("registry.corp", Personality::GitLab, "use 'rls tags REPO', which works without a list of repositories"),
        (
            "europe-docker.pkg.dev",
            Personality::Google,
            "run 'gcloud artifacts docker images list LOCATION-docker.pkg.dev/PROJECT/REPOSITORY' to list images, 'rls tags LOCATION-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE' to list their tags",
        ),
        ("notghcr.io", Personality::Ghcr, "use 'rls tags REPO', which works without a list of repositories"),
    ];
    for (host, personality, hint) in cases {
        let user = registry_fixture::User::admin("ann", "secret");
        let registry = Registry::builder().personality(personality).auth(Auth::Token).user(user).start();
        let error = repos(&registry, host).fails(7);
        assert_eq!(error.lines().last(), Some(&*format!("hint:  {hint}")), "{host}: {error}");
        assert!(error.starts_with("error: http://HOST does not list its repositories\n"), "{error}");
    }
}

#[test]
fn quay_and_docker_hub_refuse_the_catalog() {
    let registry = Registry::builder().start();
    registry.inject(Match::get("/v2/_catalog").always(), Answer::error(401, "UNAUTHORIZED", "authentication required"));
    let error = repos(&registry, "quay.io").fails(7);
    let hint = "hint:  find repositories on quay.io, then run 'rls tags quay.io/NAMESPACE/NAME'";
    assert_eq!(error.lines().last(), Some(hint), "{error}");
    // Docker Hub has its own port alone, so a proxy has to stand for it.
    let rls = Rls::new().env("HTTP_PROXY", registry.url()).words("repos http://docker.io").user("ann", "secret");
    let error = rls.fails(7);
    let hint =
        "hint:  Docker Hub has no catalog; find repositories on hub.docker.com, then run 'rls tags NAMESPACE/NAME'";
    assert_eq!(error.lines().last(), Some(hint), "{error}");
}

#[test]
fn a_registry_without_a_catalog_is_not_reported_as_empty() {
    for status in [404, 405, 501] {
        let registry = Registry::builder().start();
        let answer = if status == 404 { Answer::new(404) } else { Answer::error(status, "UNSUPPORTED", "no catalog") };
        registry.inject(Match::get("/v2/_catalog").always(), answer);
        let error = Rls::at(&registry).words("repos").fails(7);
        assert!(error.starts_with("error: http://REGISTRY does not list its repositories\n"), "{status}: {error}");
        let hint = "hint:  use 'rls tags REPO', which works without a list of repositories";
        assert_eq!(error.lines().last(), Some(hint), "{status}: {error}");
    }
}

#[test]
fn an_empty_list_of_an_artifact_registry_is_explained() {
    let registry = Registry::builder().start();
    let error = repos(&registry, "us-docker.pkg.dev").fails(7);
    assert_eq!(error.lines().next(), Some("error: http://HOST does not list its repositories"), "{error}");
    let other = Registry::builder().start();
    assert_eq!(&*repos(&other, "registry.corp").succeeds(), "");
}

#[test]
fn unsupported_deletion_is_explained_by_registry() {
    for (host, start) in [
        ("ghcr.io", "hint:  delete package versions on the GitHub website"),
        ("registry.corp", "hint:  on the distribution registry: set REGISTRY_STORAGE_DELETE_ENABLED=true"),
    ] {
        let registry = Registry::builder().seed("1x2".parse().expect("a seed")).delete(false).start();
        let named = format!("{host}:{}", registry.port());
        let resolve = format!("{named}:127.0.0.1");
        let rls =
            Rls::new().args(["rm", "grid/repo-000:latest", "-r", &format!("http://{named}"), "--resolve", &resolve]);
        let outcome = rls.run();
        assert_eq!(outcome.code, Some(7), "{outcome}");
        assert!(outcome.stderr.lines().last().is_some_and(|hint| hint.starts_with(start)), "{outcome}");
    }
    let registry = Registry::builder().delete(false).start();
    registry.push_image("library/alpine", "3", &registry_fixture::content::ImageSpec::new("alpine"));
    let rls = Rls::new().env("HTTP_PROXY", registry.url()).words("rm alpine:3 -r http://docker.io");
    let hint = rls.run().stderr.lines().last().unwrap_or_default().to_owned();
    assert_eq!(
        hint,
        "hint:  delete tags on the Docker Hub website: hub.docker.com/repository/docker/NAMESPACE/NAME/tags"
    );
}

#[test]
fn a_failing_catalog_is_not_reported_as_unsupported() {
    let registry = Registry::builder().start();
    registry.inject(Match::get("/v2/_catalog").always(), Fault::status(500));
    let error = Rls::at(&registry).words("repos --retries 0").fails(5);
    let hint = "hint:  check the server's log; use --retries N to retry more often";
    assert_eq!(error.lines().last(), Some(hint), "{error}");
}
