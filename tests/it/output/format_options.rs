//! Which format is chosen, and what `--no-header` and `--color` change.

use insta::assert_snapshot;
use test_support::Rls;

use super::formats::{each, small};

#[test]
fn no_result_is_an_empty_list() {
    let registry = small();
    assert_snapshot!(each(&registry, "repos --match none"), @"
    plain:
    table:
    json:
    []
    jsonl:
    yaml:
    []
    ");
    assert_snapshot!(each(&registry, "tags app --match none -l"), @"
    plain:
    table:
    json:
    []
    jsonl:
    yaml:
    []
    ");
}

#[test]
fn no_header_affects_tables_only() {
    let registry = small();
    let print = |format: &&str| {
        let shown = Rls::at(&registry).words("tags app -d --no-header").args(["-o", format]).succeeds();
        format!("{format}:\n{shown}")
    };
    assert_snapshot!(["table", "plain"].iter().map(print).collect::<String>(), @"
    table:
    1.0     sha256:6f1ad6a0bd5e950e38d2a8a867bc4b0c86aeff5f0c14c8a6d9715a623b742ccb
    latest  sha256:6f1ad6a0bd5e950e38d2a8a867bc4b0c86aeff5f0c14c8a6d9715a623b742ccb
    plain:
    1.0→sha256:6f1ad6a0bd5e950e38d2a8a867bc4b0c86aeff5f0c14c8a6d9715a623b742ccb
    latest→sha256:6f1ad6a0bd5e950e38d2a8a867bc4b0c86aeff5f0c14c8a6d9715a623b742ccb
    ");
}

#[test]
fn the_default_is_plain_without_a_terminal() {
    let registry = small();
    let plain = Rls::at(&registry).words("tags app -l -o plain").succeeds();
    assert_eq!(Rls::at(&registry).words("tags app -l").succeeds(), plain);
}

#[test]
fn an_unknown_format_is_refused() {
    let registry = small();
    assert_snapshot!(Rls::at(&registry).words("repos -o xml").fails(2), @"
    error: invalid value 'xml' for --output
    cause: expected table, plain, json, jsonl, yaml, csv
    ");
    assert_eq!(registry.lines(), [""; 0]);
}

#[test]
fn colours_appear_on_request() {
    let registry = small();
    let shown = |rls: Rls| rls.words("tags app -d -o table").succeeds();
    assert_snapshot!(shown(Rls::at(&registry).words("--color always")), @"
    ␛[1mTAG␛[0m     ␛[1mDIGEST␛[0m
    1.0     sha256:6f1ad6a0bd5e950e38d2a8a867bc4b0c86aeff5f0c14c8a6d9715a623b742ccb
    latest  ␛[2msha256:6f1ad6a0bd5e950e38d2a8a867bc4b0c86aeff5f0c14c8a6d9715a623b742ccb␛[0m
    ");
    let plain = shown(Rls::at(&registry));
    assert!(!plain.contains('\x1b'));
    assert_eq!(shown(Rls::at(&registry).words("--color never").env("CLICOLOR_FORCE", "1")), plain);
    assert_ne!(shown(Rls::at(&registry).env("CLICOLOR_FORCE", "1")), plain);
    assert_eq!(shown(Rls::at(&registry).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1")), plain);
    assert_ne!(shown(Rls::at(&registry).words("--color always").env("NO_COLOR", "1")), plain);
    assert_ne!(shown(Rls::at(&registry).config("color = \"always\"")), plain);
    assert_eq!(shown(Rls::at(&registry).config("color = \"always\"").env("NO_COLOR", "1")), plain);
}

#[test]
fn machine_formats_have_no_colours() {
    let registry = small();
    for format in ["plain", "json", "jsonl", "yaml"] {
        let plain = Rls::at(&registry).words("tags app -l -o").arg(format).succeeds();
        let forced = Rls::at(&registry).words("tags app -l --color always -o").arg(format).succeeds();
        assert_eq!(forced, plain, "{format}");
    }
}

#[test]
fn errors_are_coloured() {
    let registry = small();
    assert_snapshot!(Rls::at(&registry).words("tags nothing --color always").fails(3), @r#"
    ␛[1m␛[31merror:␛[0m nothing not found on http://REGISTRY
    ␛[2mcause:␛[0m 404 Not Found: NAME_UNKNOWN: repository name not known to registry: {"name":"nothing"}
    ␛[36mhint: ␛[0m run 'rls repos http://REGISTRY' to list repositories
    "#);
}
