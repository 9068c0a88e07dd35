//! URLs that are pasted instead of names.

use insta::assert_snapshot;
use registry_fixture::{Registry, Tls};
use test_support::Rls;

use super::{add, with};

#[test]
fn every_command_takes_an_address() {
    let registry = with(&["team/app:1.0", "team/app:2.0"]);
    let url = registry.url();
    let digest = registry.resolve("team/app", "1.0").expect("the tag is there");
    for repository in [
        format!("{url}/team/app"),
        format!("{url}/team/app/"),
        format!("{url}/team/app:1.0"),
        format!("{url}/v2/team/app/tags/list"),
        format!("{url}/v2/team/app/tags/list?n=100&last=x"),
        format!("{url}/v2/team/app/manifests/1.0"),
    ] {
        assert_eq!(&*Rls::new().arg("tags").arg(&repository).succeeds(), "1.0\n2.0\n", "{repository}");
    }
    for reference in [
        format!("{url}/team/app:1.0"),
        format!("{url}/team/app@{digest}"),
        format!("{url}/team/app:1.0@{digest}"),
        format!("{url}/v2/team/app/manifests/1.0"),
        format!("{url}/v2/team/app/manifests/{digest}"),
        format!("{url}/v2/team/app/manifests/{}", digest.to_string().replace(':', "%3A")),
    ] {
        let shown = Rls::new().arg("digest").arg(&reference).succeeds();
        assert_eq!(*shown, format!("{digest}\n"), "{reference}");
        let shown = Rls::new().arg("manifest").arg(&reference).succeeds();
        assert!(shown.contains(&format!("digest\t{digest}\n")), "{reference}: {shown}");
    }
    let removed = Rls::new().args(["rm", "-q", &format!("{url}/v2/team/app/manifests/1.0")]).succeeds();
    assert_eq!(&*removed, "removed\tteam/app:1.0\n");
    let plan = Rls::new().args(["prune", &format!("{url}/team/app"), "--keep", "2.0"]).run();
    assert_eq!((plan.code, &*plan.stdout), (Some(0), "kept\tteam/app:2.0\n"), "{plan}");
    // A rule is about a repository, and says so.
    let tagged = Rls::new().args(["prune", &format!("{url}/team/app:2.0"), "--keep", "2.0"]).fails(2);
    assert!(tagged.contains("\ncause: expected a repository without a tag; use 'team/app'\n"), "{tagged}");
}

#[test]
fn a_pasted_scheme_selects_http_or_https() {
    let registry = Registry::builder().tls(Tls::Issued).start();
    add(&registry, &["team/app:1.0"]);
    let rls = || Rls::beside(&registry).env("RLS_CA_FILE", registry.ca_file());
    for scheme in ["https", "docker", "oci", "HTTPS"] {
        let name = format!("{scheme}://{}/team/app", registry.host());
        assert_eq!(&*rls().arg("tags").arg(name).succeeds(), "1.0\n", "{scheme}");
    }
    // What is written before the name counts for more than a variable, and contradicts an option.
    let name = format!("https://{}/team/app", registry.host());
    assert_eq!(&*rls().env("RLS_PLAIN_HTTP", "1").arg("tags").arg(&name).succeeds(), "1.0\n");
    assert_snapshot!(rls().arg("tags").arg(&name).arg("--plain-http").fails(2), @"error: https://REGISTRY cannot be used with --plain-http");
    let plain = rls().arg("tags").arg(format!("http://{}/team/app", registry.host())).run();
    assert!(plain.code != Some(0) && plain.stdout.is_empty(), "{plain}");
}

#[test]
fn a_docker_hub_page_names_a_repository() {
    let proxy = with(&["library/nginx:1.27", "owner/app:1"]);
    let rls = || Rls::new().env("HTTP_PROXY", proxy.url()).env("RLS_PLAIN_HTTP", "1");
    for (page, tags) in [
        ("https://hub.docker.com/_/nginx", "1.27\n"),
        ("https://hub.docker.com/r/library/nginx/tags", "1.27\n"),
        ("https://hub.docker.com/r/owner/app", "1\n"),
        ("https://hub.docker.com/r/owner/app/tags?page=1&name=1", "1\n"),
        ("docker://nginx:1.27", "1.27\n"),
        ("docker://docker.io/owner/app", "1\n"),
    ] {
        assert_eq!(&*rls().args(["tags", page]).succeeds(), tags, "{page}");
    }
    assert!(proxy.requests().iter().all(|request| request.header("host") == Some("registry-1.docker.io")));
    assert_eq!(rls().args(["tags", "https://hub.docker.com/u/owner"]).run().code, Some(2));
}

#[test]
fn a_path_may_be_a_prefix_or_a_repository() {
    let registry = with(&["team/app:1.0", "other:1.0"]);
    let url = registry.url();
    let rls = || Rls::beside(&registry);
    assert_snapshot!(rls().args(["repos", &format!("{url}/team")]).run(), @"
    exit 0
    --- stdout
    team/app
    --- stderr
    hint:  http://REGISTRY/team is not a registry; reading it as team in http://REGISTRY
    ");
    let requests = registry.lines();
    assert_eq!(requests[..2], ["GET /team/v2/", "GET /v2/"]);
    // The endpoint tells which part is the repository.
    assert_eq!(&*rls().args(["repos", &format!("{url}/v2/_catalog?n=10")]).succeeds(), "other\nteam/app\n");
    let nested = Registry::builder().prefix("/artifactory/docker").start();
    add(&nested, &["team/app:1.0"]);
    let url = nested.url();
    let rls = || Rls::beside(&nested);
    assert_eq!(&*rls().args(["repos", &url]).succeeds(), "team/app\n");
    // Full names of a registry with a prefix are read back by anybody.
    let full = rls().args(["tags", "-r", &url, "team/app", "--full"]).succeeds();
    assert_eq!(*full, format!("{}/artifactory/docker/team/app:1.0\n", "http://REGISTRY"));
    let piped = rls().hidden(&full);
    assert_snapshot!(rls().args(["digest", "--format"]).arg("{{ reference }}").arg("-").stdin(&piped).run(), @"
    exit 0
    --- stdout
    http://REGISTRY/artifactory/docker/team/app:1.0
    --- stderr
    hint:  reading artifactory/docker/team/app as team/app in http://REGISTRY/artifactory/docker
    ");
    let removed = rls().args(["rm", "-q", "-n", "-"]).stdin(&piped).succeeds();
    assert_eq!(&*removed, "would-remove\tteam/app:1.0\n");
    assert_eq!(&*rls().args(["tags", &format!("{url}/v2/team/app/tags/list")]).succeeds(), "1.0\n");
    assert_eq!(&*rls().args(["tags", "-r", &url, &format!("{url}/team/app")]).succeeds(), "1.0\n");
    assert_eq!(&*rls().env("RLS_REGISTRY", &url).args(["tags", &format!("{url}/team/app")]).succeeds(), "1.0\n");
}

#[test]
fn doctor_takes_pasted_addresses_too() {
    let registry = with(&["team/app:1.0"]);
    let url = registry.url();
    let digest = registry.resolve("team/app", "1.0").expect("the tag is there");
    for place in [
        format!("{url}/team/app"),
        format!("{url}/team/app:1.0"),
        format!("{url}/team/app@{digest}"),
        format!("{url}/v2/team/app/tags/list"),
        format!("{url}/v2/"),
    ] {
        let outcome = Rls::new().args(["doctor", &place, "-o", "jsonl"]).run();
        assert_eq!(outcome.code, Some(0), "{place}: {outcome}");
        let tags = outcome.stdout.lines().any(|line| line.contains("\"check\":\"tags\""));
        assert_eq!(tags, !place.ends_with("/v2/"), "{place}: {outcome}");
    }
    let doctor = |name: &str| Rls::at(&registry).args(["doctor", name]).run();
    let named = doctor("team/app:1.0");
    assert_eq!(named.code, Some(0), "{named}");
    // A tag that was named is the one that is pulled.
    let missing = doctor("team/app:9.9");
    assert_eq!(missing.code, Some(3), "{missing}");
    let pull = missing.stdout.lines().find(|line| line.contains(" pull ")).expect("a check");
    assert!(pull.starts_with(" ✗ pull") && pull.contains("team/app:9.9"), "{missing}");
}

#[test]
fn a_name_may_start_with_the_path_of_the_api() {
    let registry = with(&["team/app:1.0", "v2/real:1.0"]);
    assert_snapshot!(Rls::at(&registry).args(["tags", "v2/team/app"]).run(), @"
    exit 0
    --- stdout
    1.0
    --- stderr
    hint:  v2/team/app does not exist; reading team/app
    ");
    assert_eq!(&*Rls::at(&registry).args(["tags", "v2/real"]).succeeds(), "1.0\n");
    let digest = registry.resolve("team/app", "1.0").expect("the tag is there");
    let pasted = Rls::new().args(["digest", "-q", &format!("{}/v2/team/app:1.0", registry.url())]).succeeds();
    assert_eq!(*pasted, format!("{digest}\n"));
    let missing = Rls::at(&registry).args(["tags", "v2/team/none"]).run();
    assert_eq!(missing.code, Some(3), "{missing}");
    // What is removed is what was named.
    let refused = Rls::at(&registry).args(["rm", "v2/team/app:1.0"]).run();
    assert_eq!(refused.code, Some(3), "{refused}");
    assert_eq!(registry.tags("team/app"), ["1.0"]);
}
