use insta::assert_snapshot;
use registry_fixture::content::ImageSpec;
use registry_fixture::{Answer, Auth, Fault, Match, Personality, Registry, Running, Tls, User};
use test_support::Rls;

use super::{checks, checks_of, findings, findings_of};
use crate::registries::{empty, seeded};

/// A registry whose user bob may do this to everything below `team/`.
fn for_bob(user: impl FnOnce(User) -> User) -> Running {
    let registry = Registry::builder().auth(Auth::Token).user(user(User::new("bob", "hunter2"))).start();
    registry.push_image("team/app", "1.0", &ImageSpec::new("app"));
    registry
}

#[test]
fn deletion_is_disabled() {
    let registry = Registry::builder().delete(false).start();
    registry.push_image("team/app", "1.0", &ImageSpec::new("app"));
    assert_snapshot!(findings_of(Rls::at(&registry), "team/app --need delete"), @"
    exit 7
     ✗ delete       disabled
         cause   405 Method Not Allowed: UNSUPPORTED: The operation is unsupported.
         remedy  on the server: set REGISTRY_STORAGE_DELETE_ENABLED=true (config.yml: storage: {delete: {enabled: true}}) and restart it
                 a pull-through cache (proxy.remoteurl) and a read-only registry (storage.maintenance.readonly) answer alike
                 hosted registries (Docker Hub, GHCR): delete on their websites
    ");
}

/// Permissions that a pull does not need are reported, and are not failures: `-v` shows why.
#[test]
fn a_user_who_may_only_pull_has_no_failures() {
    let registry = for_bob(|bob| bob.allow("team/*", "pull"));
    let bob = || Rls::at(&registry).user("bob", "hunter2");
    let (code, output) = checks_of(bob(), "team/app");
    assert_eq!(code, 0, "{output}");
    for line in [
        " – catalog      not permitted (not needed to pull)\n – paging       skipped\n",
        " ✓ pull         1.0: manifest and blob\n",
        " – delete       not permitted (not needed to pull)\n",
    ] {
        assert!(output.contains(line), "{output}");
    }
    let outcome = bob().words("doctor team/app -v").run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(outcome.stdout.contains("     cause   401 Unauthorized"), "{outcome}");
    let (code, output) = checks_of(bob(), "team/app --need pull --need delete");
    assert_eq!(code, 4, "{output}");
    assert!(output.contains(" – catalog ") && output.contains(" ✗ delete       not permitted\n"), "{output}");
}

/// A registry in read-only mode, or a cache, answers as one whose deletion is disabled.
#[test]
fn disabled_deletion_is_a_failure_only_if_it_is_needed() {
    let registry = Registry::builder().delete(false).start();
    registry.push_image("team/app", "1.0", &ImageSpec::new("app"));
    let (code, output) = checks_of(Rls::at(&registry), "team/app");
    assert_eq!(code, 0, "{output}");
    assert!(output.contains(" – delete       disabled (not needed to pull)\n"), "{output}");
    assert!(!output.contains("REGISTRY_STORAGE_DELETE_ENABLED"), "{output}");
    let outcome = Rls::at(&registry).words("doctor team/app -v").run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    for cause in ["REGISTRY_STORAGE_DELETE_ENABLED=true", "pull-through cache", "read-only"] {
        assert!(outcome.stdout.contains(cause), "{outcome}");
    }
    let read_only = Registry::builder().read_only().start();
    read_only.push_image("team/app", "1.0", &ImageSpec::new("app"));
    let (code, output) = checks_of(Rls::at(&read_only), "team/app --need delete");
    assert_eq!(code, 7, "{output}");
    assert!(output.contains("read-only mode") && !output.contains("DELETE_ENABLED"), "{output}");
}

#[test]
fn a_needed_permission_on_a_repository_needs_one() {
    let registry = empty();
    for words in ["--need push", "--need delete", "--need pull", "--push"] {
        let outcome = Rls::at(&registry).words("doctor").words(words).run();
        assert_eq!(outcome.code, Some(2), "{outcome}");
        assert!(outcome.stderr.contains(&format!("error: {words} needs a repository\n")), "{outcome}");
    }
}

/// A redirected list arrives whole, although two requests were made.
#[test]
fn a_redirected_list_in_one_reply_is_not_called_paged() {
    let registry = seeded("3x1");
    let whole = Answer::new(200).header("Content-Type", "application/json").body(r#"{"repositories":["a","b","c"]}"#);
    registry.inject(Match::under("/elsewhere").always(), whole);
    registry.inject(Match::under("/v2/_catalog").always(), Answer::redirect("/elsewhere"));
    let (code, output) = checks(Rls::at(&registry));
    assert_eq!(code, 0, "{output}");
    assert!(output.contains(" ✓ paging       not needed: the whole list in one reply\n"), "{output}");
}

#[test]
fn no_such_tag() {
    let registry = seeded("demo");
    let output = findings_of(Rls::at(&registry), "team/app:nope");
    assert!(output.starts_with("exit 3\n ✗ pull         team/app:nope not found on http://REGISTRY\n"), "{output}");
    assert!(output.ends_with("     remedy  list tags: rls tags http://REGISTRY/team/app\n"), "{output}");
}

#[test]
fn deletion_is_not_allowed_to_the_user() {
    let registry = for_bob(|bob| bob.allow("team/*", "pull").catalog());
    assert_snapshot!(findings_of(Rls::at(&registry).user("bob", "hunter2"), "team/app --need delete"), @"
    exit 4
     ✗ delete       not permitted
         cause   401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:team/app:delete; logged in as bob (RLS_PASSWORD); the token grants nothing
         remedy  ask the registry's administrator for delete permission on team/app
                 or log in as another user: rls login http://REGISTRY, or -u NAME for this run
    ");
}

#[test]
fn push_is_checked_only_on_request() {
    let registry = for_bob(|bob| bob.allow("team/*", "pull,delete").catalog());
    registry.clear_requests();
    let (code, output) = checks_of(Rls::at(&registry).user("bob", "hunter2"), "team/app");
    assert_eq!(code, 0, "{output}");
    assert!(registry.lines().iter().all(|line| !line.starts_with("POST")));
    assert_snapshot!(findings_of(Rls::at(&registry).user("bob", "hunter2"), "team/app --push"), @"
    exit 4
     ✗ push         not permitted
         cause   401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:team/app:pull,push; logged in as bob (RLS_PASSWORD); the token grants only repository:team/app:pull
         remedy  ask the registry's administrator for push permission on team/app
                 or log in as another user: rls login http://REGISTRY, or -u NAME for this run
    ");
}

#[test]
fn the_catalog_is_forbidden() {
    let registry = for_bob(|bob| bob.allow("team/*", "pull,delete"));
    assert_snapshot!(findings_of(Rls::at(&registry).user("bob", "hunter2"), "--need catalog"), @r#"
    exit 4
     ✗ catalog      not permitted
         cause   401 Unauthorized: UNAUTHORIZED: authentication required: missing registry:catalog:*; logged in as bob (RLS_PASSWORD); the token grants nothing
         remedy  ask the registry's administrator for registry:catalog:* (docker_auth: type registry, name catalog, actions "*")
                 use 'rls tags REPO', which works without a list of repositories
    "#);
    let forbidden = Registry::builder().personality(Personality::Ghcr).start();
    assert_snapshot!(findings_of(Rls::at(&forbidden), "--need catalog"), @r#"
    exit 4
     ✗ catalog      not permitted
         cause   403 Forbidden: DENIED: requested access to the resource is denied
         remedy  ask the registry's administrator for registry:catalog:* (docker_auth: type registry, name catalog, actions "*")
                 use 'rls tags REPO', which works without a list of repositories
    "#);
}

#[test]
fn a_registry_that_is_known_to_have_no_catalog_has_not_failed() {
    let builder = Registry::builder().personality(Personality::Ghcr).tls(Tls::Issued).tls_name("ghcr.io");
    let registry = builder.auth(Auth::Token).start();
    registry.push_image("owner/app", "1.0", &ImageSpec::new("app"));
    let name = format!("ghcr.io:{}", registry.port());
    let user = &registry.users()[0];
    let rls = Rls::at(&registry).env("RLS_REGISTRY", &name).user(user.name(), user.password());
    let (_, output) = checks_of(rls, &format!("owner/app --resolve {name}:127.0.0.1"));
    assert!(output.contains(" – catalog      not offered by this registry\n – paging       skipped\n"), "{output}");
}

/// GitLab and Docker Hub refuse what their tokens grant: no administrator can fix that.
#[test]
fn a_catalog_refused_despite_the_granted_scope_is_unsupported() {
    for personality in [Personality::GitLab, Personality::DockerHub] {
        let registry = Registry::builder().personality(personality).auth(Auth::Token).start();
        let user = &registry.users()[0];
        let rls = Rls::at(&registry).user(user.name(), user.password());
        let output = findings_of(rls, "--need catalog");
        assert!(output.contains("the token grants registry:catalog:*, but the registry refuses it"), "{output}");
        assert!(!output.contains("ask the registry's administrator for registry:catalog:*"), "{output}");
    }
}

#[test]
fn the_catalog_is_not_offered() {
    let registry = empty();
    registry.inject(Match::under("/v2/_catalog").always(), Answer::new(404));
    assert_snapshot!(findings_of(Rls::at(&registry), "--need catalog"), @"
    exit 7
     ✗ catalog      not offered by this registry
         cause   404 Not Found
         remedy  use 'rls tags REPO', which works without a list of repositories
    ");
}

#[test]
fn pages_lead_in_a_circle() {
    let registry = seeded("3x1");
    let link = Fault::header("Link", "</v2/_catalog?n=1>; rel=\"next\"");
    registry.inject(Match::under("/v2/_catalog").query("n=1").after(1).always(), link);
    assert_snapshot!(findings(Rls::at(&registry)), @"
    exit 6
     ✗ paging       incomplete list of the catalog, after 1 entry
         cause   pagination loop; the Link header leads back to the same page
         remedy  on the proxy: pass the Link header and the query (n, last) unchanged
                 or on the server: upgrade the registry; -vv shows requests and responses
    ");
}

#[test]
fn the_whole_list_at_once() {
    let registry = seeded("3x1");
    let whole = r#"{"repositories":["a","b","c"]}"#;
    registry.inject(
        Match::under("/v2/_catalog").always(),
        Answer::new(200).header("Content-Type", "application/json").body(whole),
    );
    let (code, output) = checks(Rls::at(&registry));
    assert_eq!(code, 0, "{output}");
    assert!(output.contains(" ✓ paging       not needed: the whole list in one reply\n"), "{output}");
}

#[test]
fn no_such_repository() {
    let registry = seeded("demo");
    assert_snapshot!(findings_of(Rls::at(&registry), "team/nothing"), @r#"
    exit 3
     ✗ tags         team/nothing not found on http://REGISTRY
         cause   404 Not Found: NAME_UNKNOWN: repository name not known to registry: {"name":"team/nothing"}
         remedy  list repositories: rls repos http://REGISTRY
    "#);
}

#[test]
fn a_missing_blob() {
    let registry = seeded("demo");
    registry.inject(
        Match::under("/v2/team/app/blobs/").always(),
        Answer::error(404, "BLOB_UNKNOWN", "blob unknown to registry"),
    );
    let output = findings_of(Rls::at(&registry), "team/app");
    assert!(output.starts_with("exit 3\n ✗ pull         blob sha256:…"), "{output}");
    assert!(output.ends_with("remedy  push REGISTRY/team/app again: some of its content is missing\n"), "{output}");
}

#[test]
fn a_repository_without_tags() {
    let registry = empty();
    registry.push_image("team/app", "1.0", &ImageSpec::new("app"));
    registry.untag("team/app", "1.0");
    let (code, output) = checks_of(Rls::at(&registry), "team/app");
    assert_eq!(code, 0, "{output}");
    assert!(output.contains(" ✓ tags         no tags\n – pull         no tag to pull\n"), "{output}");
}
