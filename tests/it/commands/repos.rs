use insta::assert_snapshot;
use registry_fixture::content::ImageSpec;
use registry_fixture::{Fault, Match, Registry};
use test_support::Rls;

use crate::registries::{empty, seeded, with_seed};

#[test]
fn lists_names_as_in_the_catalog() {
    let registry = seeded("demo");
    assert_snapshot!(Rls::at(&registry).words("repos").succeeds(), @"
    base/alpine
    team/app
    team/chart
    team/web
    ");
    assert_eq!(registry.lines(), ["GET /v2/_catalog?n=1000"]);
    assert_snapshot!(Rls::at(&registry).words("repositories").succeeds(), @"
    base/alpine
    team/app
    team/chart
    team/web
    ");
}

#[test]
fn an_empty_registry_is_a_success() {
    let registry = empty();
    assert_eq!(&*Rls::at(&registry).words("repos").succeeds(), "");
    assert_eq!(&*Rls::at(&registry).words("repos -o json").succeeds(), "[]\n");
    assert_eq!(&*Rls::at(&registry).words("repos -o yaml --tags").succeeds(), "[]\n");
    assert_eq!(&*Rls::at(&registry).words("repos -o jsonl").succeeds(), "");
    assert_eq!(&*Rls::at(&registry).words("repos -o table").succeeds(), "");
}

#[test]
fn shows_tags_sorted_with_their_repository() {
    let registry = seeded("demo");
    registry.clear_requests();
    assert_snapshot!(Rls::at(&registry).words("repos --tags").succeeds(), @"
    base/alpine:3.19
    base/alpine:3.20
    base/alpine:latest
    team/app:1.2.0
    team/app:1.3.8
    team/app:1.3.9
    team/app:1.4.0
    team/app:latest
    team/chart:0.9.0
    team/chart:sha256-a72e2a496bb76154a7ae578f5395de82d5737331a0f7a208593472bd3700eed3
    team/web:2.0.0
    team/web:2.1.0
    team/web:latest
    team/web:pr-118
    ");
    assert_eq!(registry.count(&Match::ending("/tags/list")), 4);
    assert_eq!(registry.requests().len(), 5);
}

#[test]
fn a_repository_without_tags_is_empty() {
    let registry = empty();
    registry.create_repository("never/tagged");
    registry.push_image("team/app", "1.0", &ImageSpec::new("app"));
    registry.push_image("team/gone", "1.0", &ImageSpec::new("gone"));
    registry.untag("team/gone", "1.0");
    assert_snapshot!(Rls::at(&registry).words("repos --tags").succeeds(), @"team/app:1.0");
    assert_snapshot!(Rls::at(&registry).words("repos --tags -o jsonl").succeeds(), @r#"
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/never/tagged","repository":"never/tagged","tags":[]}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/team/app","repository":"team/app","tags":["1.0"]}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/team/gone","repository":"team/gone","tags":[]}
    "#);
    assert_snapshot!(Rls::at(&registry).words("repos --tags -o table").succeeds(), @"
    REPOSITORY    TAG
    never/tagged  -
    team/app      1.0
    team/gone     -
    ");
}

#[test]
fn a_repository_whose_tags_cannot_be_listed_is_one_failure() {
    let registry = seeded("3x2");
    let refused = registry_fixture::Answer::error(403, "DENIED", "not for you");
    registry.inject(Match::get("/v2/grid/repo-001/tags/list").always(), refused);
    assert_snapshot!(Rls::at(&registry).words("repos --tags").run(), @"
    exit 6
    --- stdout
    grid/repo-000:1.0.0
    grid/repo-000:latest
    grid/repo-002:1.0.0
    grid/repo-002:latest
    --- stderr
    error: not allowed to pull grid/repo-001 on http://REGISTRY
    cause: 403 Forbidden: DENIED: not for you
    hint:  run 'rls login http://REGISTRY', or set RLS_USERNAME and RLS_PASSWORD
    ");
    assert_snapshot!(Rls::at(&registry).words("repos --tags -o json -q").run(), @r#"
    exit 6
    --- stdout
    [
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/grid/repo-000","repository":"grid/repo-000","tags":["1.0.0","latest"]},
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/grid/repo-001","repository":"grid/repo-001","tags":null,"error":{"kind":"denied","message":"not allowed to pull grid/repo-001 on http://REGISTRY: 403 Forbidden: DENIED: not for you"}},
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/grid/repo-002","repository":"grid/repo-002","tags":["1.0.0","latest"]}
    ]
    --- stderr
    error: not allowed to pull grid/repo-001 on http://REGISTRY
    cause: 403 Forbidden: DENIED: not for you
    "#);
}

#[test]
fn all_pages_are_read() {
    let registry = with_seed(Registry::builder(), "7x1").catalog_pages(2, 2).start();
    let all =
        "grid/repo-000\ngrid/repo-001\ngrid/repo-002\ngrid/repo-003\ngrid/repo-004\ngrid/repo-005\ngrid/repo-006\n";
    // The registry refuses a page of more than two; rls asks for less, in the end for whatever the registry gives.
    assert_eq!(&*Rls::at(&registry).words("repos").succeeds(), all);
    assert_snapshot!(registry.lines().join("\n"), @"
    GET /v2/_catalog?n=1000
    GET /v2/_catalog?n=100
    GET /v2/_catalog?n=50
    GET /v2/_catalog
    GET /v2/_catalog?last=grid%2Frepo-001&n=2
    GET /v2/_catalog?last=grid%2Frepo-003&n=2
    GET /v2/_catalog?last=grid%2Frepo-005&n=2
    ");
}

#[test]
fn limit_stops_requesting_pages() {
    let registry = seeded("7x2");
    assert_eq!(&*Rls::at(&registry).words("repos --limit 2").succeeds(), "grid/repo-000\ngrid/repo-001\n");
    assert_eq!(registry.lines(), ["GET /v2/_catalog?n=2"]);
    registry.clear_requests();
    let tagged = Rls::at(&registry).words("repos --limit 1 --tags").succeeds();
    assert_eq!(&*tagged, "grid/repo-000:1.0.0\ngrid/repo-000:latest\n");
    assert_eq!(registry.lines(), ["GET /v2/_catalog?n=1", "GET /v2/grid/repo-000/tags/list?n=1000"]);
    assert_eq!(
        &*Rls::at(&registry).words("repos --limit 99 --match *-006 --match **/*-003").succeeds(),
        "grid/repo-003\n"
    );
}

#[test]
fn after_resumes_a_listing() {
    let registry = seeded("4x1");
    assert_eq!(&*Rls::at(&registry).words("repos --after grid/repo-002").succeeds(), "grid/repo-003\n");
    assert_eq!(registry.lines(), ["GET /v2/_catalog?n=1000&last=grid%2Frepo-002"]);
    assert_eq!(&*Rls::at(&registry).words("repos --after zzz").succeeds(), "");
}

#[test]
fn names_are_chosen_by_prefix_and_globs() {
    let registry = empty();
    for name in ["base", "team", "team-b/app", "team/app", "team/app/cache", "team/web"] {
        registry.create_repository(name);
    }
    let listed = |words: &str| Rls::at(&registry).words("repos").words(words).succeeds().replace('\n', " ");
    assert_eq!(listed("--prefix team"), "team team/app team/app/cache team/web team-b/app ");
    assert_eq!(listed("--prefix team/a"), "team/app team/app/cache ");
    assert_eq!(listed("team"), "team team/app team/app/cache team/web ");
    assert_eq!(listed("team/"), "team team/app team/app/cache team/web ");
    assert_eq!(listed("team --prefix team/w"), "team/web ");
    assert_eq!(listed("--match team/*"), "team/app team/web ");
    assert_eq!(listed("--match team/** --exclude **/cache"), "team/app team/web ");
    assert_eq!(listed("--match base --match team/w*"), "base team/web ");
    assert_eq!(listed("--exclude team*/** --exclude base"), "team ");
    assert_eq!(listed("--match nothing"), "");
}

#[test]
fn a_truncated_page_is_fetched_again_and_shown_once() {
    let registry = seeded("30x1");
    registry.inject(Match::get("/v2/_catalog"), Fault::TruncateBody(200));
    let listed = Rls::at(&registry).words("repos").succeeds();
    assert_eq!(listed.lines().count(), 30);
    assert_eq!(registry.count(&Match::get("/v2/_catalog")), 2);
}

#[test]
fn several_registries_are_listed_by_their_full_names() {
    let (one, other) = (seeded("1x1"), seeded("demo"));
    let rls = || Rls::new().calling(&one, "ONE").calling(&other, "OTHER").arg("repos");
    let below = format!("{}/base", other.host());
    let both = rls().args([one.host(), below.clone()]).words("--plain-http");
    assert_snapshot!(both.succeeds(), @"
    http://ONE/grid/repo-000
    http://OTHER/base/alpine
    ");
    assert_eq!(both.words("--limit 1").succeeds().lines().count(), 1);
    // Twice the same one is no reason for it.
    let twice = rls().args([&below, &below]).words("--plain-http").succeeds();
    assert_eq!(&*twice, "base/alpine\nbase/alpine\n");
    // A repository that fails is reported, and the others are listed.
    one.inject(Match::get("/v2/_catalog").always(), registry_fixture::Answer::error(403, "DENIED", "no"));
    let outcome = rls().args([one.url(), other.url()]).run();
    assert_eq!(outcome.code, Some(6), "{outcome}");
    assert!(outcome.stdout.lines().count() > 1 && outcome.stderr.contains("ONE"), "{outcome}");
}
