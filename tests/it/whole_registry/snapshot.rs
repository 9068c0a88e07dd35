use insta::assert_snapshot;
use registry_fixture::content::ImageSpec;
use registry_fixture::{Answer, Match};
use test_support::Rls;

use crate::registries::{empty, seeded};

#[test]
fn every_tag_has_a_line() {
    let registry = seeded("2x3");
    assert_snapshot!(Rls::at(&registry).words("snapshot").succeeds(), @"
    http://REGISTRY/grid/repo-000:1.0.0→sha256:282d08e3a87c3f3376c1f344fc30c233311afba55aca6bd188c3c665153d7c3a
    http://REGISTRY/grid/repo-000:1.1.0→sha256:86a6413c3a373aa8e6ed4062ea95158e04c1f19ffc80c6d3446b623daed51b30
    http://REGISTRY/grid/repo-000:latest→sha256:86a6413c3a373aa8e6ed4062ea95158e04c1f19ffc80c6d3446b623daed51b30
    http://REGISTRY/grid/repo-001:1.0.0→sha256:47e38a51819fa29962a6d334aadfe80303f50e8b8812481b5660d460c8baecf6
    http://REGISTRY/grid/repo-001:1.1.0→sha256:86166fa6f4b862b89d2c4ed12033bec26ffdf28e4f61581291568aeff2fdd00a
    http://REGISTRY/grid/repo-001:latest→sha256:86166fa6f4b862b89d2c4ed12033bec26ffdf28e4f61581291568aeff2fdd00a
    ");
    assert_snapshot!(Rls::at(&registry).words("snapshot grid/repo-001 -o jsonl").succeeds(), @r#"
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/grid/repo-001:1.0.0","repository":"grid/repo-001","tag":"1.0.0","digest":"sha256:47e38a51819fa29962a6d334aadfe80303f50e8b8812481b5660d460c8baecf6"}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/grid/repo-001:1.1.0","repository":"grid/repo-001","tag":"1.1.0","digest":"sha256:86166fa6f4b862b89d2c4ed12033bec26ffdf28e4f61581291568aeff2fdd00a"}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/grid/repo-001:latest","repository":"grid/repo-001","tag":"latest","digest":"sha256:86166fa6f4b862b89d2c4ed12033bec26ffdf28e4f61581291568aeff2fdd00a"}
    "#);
    let listed = String::from(&*Rls::at(&registry).words("repos").succeeds());
    let all = Rls::at(&registry).words("snapshot").succeeds();
    assert_eq!(Rls::at(&registry).words("snapshot -").stdin(listed).succeeds(), all);
}

#[test]
fn a_path_is_a_repository_or_a_prefix() {
    let registry = seeded("demo");
    let lines = |words: &str| Rls::at(&registry).words(words).succeeds().lines().count();
    assert_eq!(lines("snapshot team/app"), lines("tags team/app"));
    assert_eq!(lines("snapshot team"), lines("repos team --tags"));
    assert_eq!(lines("snapshot team --exclude **/web"), lines("repos team --tags --exclude **/web"));
    assert_snapshot!(Rls::at(&registry).words("snapshot nowhere").run(), @"
    exit 3
    --- stderr
    error: nowhere not found on http://REGISTRY
    hint:  run 'rls repos http://REGISTRY' to list repositories
    ");
    assert_snapshot!(Rls::new().words("snapshot").run(), @"
    exit 2
    --- stderr
    error: no repository or registry is named
    hint:  name one, use --registry, or set RLS_REGISTRY
    ");
}

#[test]
fn an_unresolvable_tag_is_reported() {
    let registry = empty();
    registry.push_image("app", "1", &ImageSpec::new("1"));
    registry.push_image("app", "2", &ImageSpec::new("2"));
    registry.inject(Match::manifest("app", "2").always(), Answer::error(403, "DENIED", "not yours"));
    assert_snapshot!(Rls::at(&registry).words("snapshot app -o jsonl").run(), @r#"
    exit 6
    --- stdout
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:1","repository":"app","tag":"1","digest":"sha256:a58011fd4749c88acc5922e859c4e800406d327f026081d11eb85c9563cdf763"}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:2","repository":"app","tag":"2","digest":null,"error":{"kind":"denied","message":"not allowed to pull app on http://REGISTRY: 403 Forbidden: DENIED: not yours"}}
    --- stderr
    error: not allowed to pull app on http://REGISTRY
    cause: 403 Forbidden: DENIED: not yours
    hint:  run 'rls login http://REGISTRY', or set RLS_USERNAME and RLS_PASSWORD
    "#);
}

#[test]
fn a_path_is_listed_once() {
    let registry = seeded("demo");
    let lists = |words: &str| {
        registry.clear_requests();
        Rls::at(&registry).words(words).run();
        let mut lists: Vec<_> = registry.lines().into_iter().filter(|line| line.contains("/tags/list")).collect();
        lists.sort_unstable();
        lists
    };
    for words in ["snapshot", "find --digest sha256:{}", "check", "du"] {
        let words = words.replace("{}", &"0".repeat(64));
        assert_eq!(lists(&format!("{words} team/app")), ["GET /v2/team/app/tags/list?n=1000"], "{words}");
        let below = lists(&format!("{words} base team/app"));
        let expected = ["base/alpine", "base", "team/app"].map(|name| format!("GET /v2/{name}/tags/list?n=1000"));
        assert_eq!(below, expected, "{words}: a path that is a prefix is looked at as a repository first");
    }
}

#[test]
fn several_paths_are_looked_at_in_their_order() {
    let registry = seeded("demo");
    let names = Rls::at(&registry).words("snapshot team/web base team/app --format {{repository}}").succeeds();
    let mut order: Vec<_> = names.lines().collect();
    order.dedup();
    assert_eq!(order, ["team/web", "team/app", "base/alpine"]);
}

#[test]
fn a_repository_that_does_not_exist_is_an_error_and_an_emptied_one_is_not() {
    let registry = seeded("2x1");
    registry.create_repository("grid/emptied");
    let rls = Rls::at(&registry).words("snapshot");
    assert_eq!(rls.succeeds().lines().count(), 2);
    for words in ["snapshot -", "check -", "du -s -", "find --label x -"] {
        let run = Rls::at(&registry).words(words).stdin("grid/repo-000\nnowhere\n").run();
        assert_eq!(run.code, Some(6), "{words}: {run}");
        assert!(run.stderr.contains("error: nowhere not found on http://REGISTRY\n"), "{words}: {run}");
    }
}
