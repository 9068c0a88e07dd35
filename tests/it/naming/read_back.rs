//! Printed names can be read back: by the same user, by another, with another default registry.

use insta::assert_snapshot;
use registry_fixture::Match;
use test_support::Rls;

use super::{add, with};

/// Repositories whose paths begin like hosts, as mirrors and hostile registries have them.
const MIRRORED: [&str; 5] = [
    "evil.test/app:v1",
    "ghcr.io/owner/app:v1",
    "localhost/app:v1",
    "registry-1.docker.io/library/app:v1",
    "team/app:v1",
];

#[test]
fn names_printed_by_one_command_are_read_by_another() {
    let registry = with(&MIRRORED);
    let here = || Rls::at(&registry);
    let repos = here().words("repos").succeeds();
    assert_snapshot!(repos, @"
    http://REGISTRY/evil.test/app
    http://REGISTRY/ghcr.io/owner/app
    http://REGISTRY/localhost/app
    http://REGISTRY/registry-1.docker.io/library/app
    team/app
    ");
    let tags = here().words("repos --tags").succeeds();
    let piped = here().hidden(&repos);
    assert_eq!(here().words("tags -").stdin(&piped).succeeds(), tags);
    assert_eq!(here().words("tags - -r").arg(registry.url()).stdin(&piped).succeeds(), tags);
    // With full names no registry has to be known.
    let full = here().words("repos --tags --full").succeeds();
    assert_eq!(full.lines().filter(|line| line.starts_with("http://REGISTRY/")).count(), MIRRORED.len());
    let piped = here().hidden(&full);
    let elsewhere = Rls::beside(&registry).env("RLS_REGISTRY", "http://127.0.0.1:1");
    assert_eq!(elsewhere.words("digest -").stdin(&piped).succeeds().lines().count(), MIRRORED.len());
    let removed = Rls::beside(&registry).words("rm - -q --full").stdin(&piped).succeeds();
    assert_eq!(*removed, full.lines().map(|name| format!("removed\t{name}\n")).collect::<String>());
    assert!(MIRRORED.iter().all(|name| registry.tags(name.rsplit_once(':').expect("a tag").0).is_empty()));
}

#[test]
fn every_format_has_the_full_name() {
    let registry = with(&["ghcr.io/owner/app:v1", "team/app:v1"]);
    let full = |words: &str| Rls::at(&registry).words(words).succeeds();
    assert_eq!(&*full("tags team/app --full"), "http://REGISTRY/team/app:v1\n");
    assert_eq!(&*full("tags team/app --full -o table --no-header"), "http://REGISTRY/team/app  v1\n");
    assert_eq!(&*full("repos --full"), "http://REGISTRY/ghcr.io/owner/app\nhttp://REGISTRY/team/app\n");
    assert_eq!(&*full("repos team -o table --no-header --full"), "http://REGISTRY/team/app\n");
    assert_eq!(&*full("prune team/app --keep v1 --full -q"), "kept\thttp://REGISTRY/team/app:v1\n");
    assert_eq!(&*full("rm -n team/app:v1 --full -q"), "would-remove\thttp://REGISTRY/team/app:v1\n");
    // What begins like a host is never shown without its registry.
    let mirrored = |words: &str| Rls::at(&registry).words(words).args(["-r", &registry.url()]).succeeds();
    let name = "http://REGISTRY/ghcr.io/owner/app:v1";
    assert_eq!(*mirrored("rm -n ghcr.io/owner/app:v1 -q"), format!("would-remove\t{name}\n"));
    assert_eq!(*mirrored("prune ghcr.io/owner/app --keep v1 -q"), format!("kept\t{name}\n"));
    assert_eq!(*mirrored("tags ghcr.io/owner/app team/app"), format!("{name}\nteam/app:v1\n"));
}

#[test]
fn with_a_registry_every_line_is_a_path_in_it() {
    let (registry, other) = (with(&MIRRORED), with(&["app:v1", "owner/app:v1"]));
    let rls = || Rls::beside(&registry).calling(&other, "OTHER").args(["-r", &registry.url()]);
    let lines = format!(
        "# from a list\n\nevil.test/app\nlocalhost/app\n{}/team/app\n{}/team/app\n",
        registry.host(),
        registry.url()
    );
    assert_snapshot!(rls().words("tags -").stdin(lines).succeeds(), @"
    http://REGISTRY/evil.test/app:v1
    http://REGISTRY/localhost/app:v1
    team/app:v1
    team/app:v1
    ");
    // A path has no port and no scheme, so such a line is not a path.
    for line in [format!("{}/app", other.host()), format!("{}/app", other.url())] {
        let refused = rls().words("tags -").stdin(&line).fails(2);
        assert!(refused.contains("cause: it names "), "{line}: {refused}");
        assert_eq!(rls().words("rm - --yes").stdin(format!("{line}:v1")).run().code, Some(2), "{line}");
    }
    assert_eq!(other.lines(), [""; 0]);
    let removed = rls().words("rm - --yes -q").stdin("evil.test/app:v1\n").succeeds();
    assert_eq!(&*removed, "removed\thttp://REGISTRY/evil.test/app:v1\n");
    assert_eq!(registry.tags("evil.test/app"), [""; 0]);
}

#[test]
fn without_a_registry_every_line_is_a_full_reference() {
    let (usual, other) = (with(&["team/app:v1"]), with(&["app:v1"]));
    let rls = || Rls::at(&usual).calling(&other, "OTHER");
    let lines = format!("team/app\n{}/app\n", other.url());
    assert_snapshot!(rls().words("tags -").stdin(lines).succeeds(), @"
    http://REGISTRY/team/app:v1
    http://OTHER/app:v1
    ");
    // What is removed has to say where it is.
    usual.clear_requests();
    assert_snapshot!(rls().words("rm -").stdin("# old\nteam/app:v1\n").fails(2), @"
    error: 'team/app:v1' does not name its registry
    cause: rm needs a full reference on each line of standard input, such as HOST/team/app:1.0
    cause: line 2 of standard input
    hint:  use -r REGISTRY, or rls tags --full
    ");
    let mixed = format!("{}/app:v1\nteam/app:v1\n", other.url());
    assert_eq!(rls().words("rm - --yes").stdin(mixed).run().code, Some(2));
    assert_eq!(usual.lines(), [""; 0]);
    assert_eq!(other.count(&Match::any().method("DELETE".parse().expect("a method"))), 0);
    let full = format!("{}/app:v1\n{}/team/app:v1\n", other.url(), usual.url());
    assert_eq!(rls().words("rm - -q").stdin(full).succeeds().lines().count(), 2);
    assert_eq!((usual.tags("team/app").len(), other.tags("app").len()), (0, 0));
}

#[test]
fn an_invalid_list_is_refused_before_any_request() {
    let registry = with(&["team/app:v1"]);
    let long = format!("team/app\n{}\n", "x".repeat(5000));
    let refused = |words: &str, text: &[u8]| Rls::at(&registry).words(words).stdin(text).fails(2);
    assert_eq!(&*refused("tags -", long.as_bytes()), "error: line 2 of standard input is longer than 4 KiB\n");
    assert_eq!(&*refused("digest -", b"team/app\n\xff\n"), "error: line 2 of standard input is not UTF-8\n");
    assert_eq!(registry.lines(), [""; 0]);
    assert_eq!(&*Rls::at(&registry).words("tags -").stdin("\u{feff}team/app\r\n").succeeds(), "team/app:v1\n");
}

#[test]
fn a_host_without_a_dot_is_read_back() {
    // `registry` would be a part of the path, and upper case is lost: both are shown with their scheme.
    let proxy = with(&["team/app:v1"]);
    let rls = || Rls::new().env("HTTP_PROXY", proxy.url());
    let shown = rls().args(["tags", "http://Registry/team/app", "--full"]).succeeds();
    assert_eq!(&*shown, "http://registry/team/app:v1\n");
    assert_eq!(rls().args(["digest", shown.trim_end()]).succeeds().lines().count(), 1);
    assert!(proxy.requests().iter().all(|request| request.header("host") == Some("registry")));
}

#[test]
fn an_ipv6_address_is_read_back() {
    let proxy = with(&["team/app:v1"]);
    let rls = || Rls::new().env("HTTP_PROXY", proxy.url());
    for name in ["http://[2001:db8::1]/team/app", "http://[2001:DB8::1]:80/team/app"] {
        let shown = rls().args(["tags", name, "--full"]).succeeds();
        assert_eq!(rls().args(["tags", shown.trim_end(), "--full"]).succeeds(), shown);
        assert!(shown.starts_with("http://[2001:db8::1]"), "{shown}");
    }
}

#[test]
fn a_repository_may_have_the_name_of_its_registry() {
    let registry = with(&["app:here"]);
    let host = registry.host().replace(':', "-");
    add(&registry, &[&format!("{host}/app:nested")]);
    let names = Rls::at(&registry).words("repos").succeeds();
    let piped = Rls::at(&registry).hidden(&names);
    let tags = Rls::at(&registry).words("tags - -r").arg(registry.url()).stdin(piped).succeeds();
    assert!(tags.contains("/app:nested\n") && tags.contains("app:here\n"), "{tags}");
}
