//! Pages of lists: sizes that are refused, links that lead nowhere, a page that fails.

use insta::assert_snapshot;
use registry_fixture::{Answer, Match};
use test_support::Rls;

use super::replies::app;
use crate::registries::seeded;

#[test]
fn a_registry_that_refuses_every_page_size() {
    let registry = app();
    let refusal = Answer::error(400, "PAGINATION_NUMBER_INVALID", "invalid number of results requested");
    registry.inject(Match::get("/v2/_catalog").always(), refusal);
    assert_snapshot!(Rls::at(&registry).words("repos").run(), @"
    exit 5
    --- stderr
    error: http://REGISTRY refuses the page size
    cause: 400 Bad Request: PAGINATION_NUMBER_INVALID: invalid number of results requested
    hint:  use --limit N to request pages of at most N names
    ");
    assert_eq!(
        registry.lines(),
        ["GET /v2/_catalog?n=1000", "GET /v2/_catalog?n=100", "GET /v2/_catalog?n=50", "GET /v2/_catalog"]
    );
}

#[test]
fn invalid_links_to_the_next_page() {
    let registry = seeded("4x1");
    let page = "{\"repositories\":[\"a\",\"b\"]}";
    let linked = |link: &str| {
        registry.clear_faults();
        let answer = Answer::new(200).header("Content-Type", "application/json").body(page).header("Link", link);
        registry.inject(Match::get("/v2/_catalog").always(), answer);
        Rls::at(&registry).words("repos").run()
    };
    assert_snapshot!(linked("</v2/_catalog?last=b>; rel=\"next\""), @"
    exit 6
    --- stdout
    a
    b
    --- stderr
    error: incomplete list of the catalog, after 2 entries
    cause: pagination loop
    cause: the registry sent the same page again
    ");
    assert_snapshot!(linked("<http://elsewhere.example/v2/_catalog?last=b>; rel=\"next\""), @"
    exit 6
    --- stdout
    a
    b
    --- stderr
    error: incomplete list of the catalog, after 2 entries
    cause: refusing next page on another host
    cause: the Link header leads from http://REGISTRY to http://elsewhere.example
    hint:  behind a proxy the registry must know its external URL: REGISTRY_HTTP_HOST=https://HOST on the server, or X-Forwarded-Host and X-Forwarded-Proto from the proxy; if elsewhere.example is the registry, use its name
    ");
    assert_snapshot!(linked("</v2/_catalog?last=b"), @"
    exit 6
    --- stdout
    a
    b
    --- stderr
    error: incomplete list of the catalog, after 2 entries
    cause: cannot read the Link header
    cause: an address without its closing bracket
    ");
    let lines = registry.lines();
    assert!(lines.iter().all(|line| line.starts_with("GET /v2/_catalog")), "{lines:?}");
}

#[test]
fn a_failing_second_page_leaves_the_first() {
    let registry =
        registry_fixture::Registry::builder().catalog_pages(2, None).seed("4x1".parse().expect("a seed")).start();
    let page = "{\"repositories\":[\"grid/repo-000\",\"grid/repo-001\"]}";
    let first = Answer::new(200).header("Link", "</v2/_catalog?last=grid/repo-001>; rel=\"next\"").body(page);
    registry.inject(Match::get("/v2/_catalog").query("n=1000").always(), first);
    registry
        .inject(Match::get("/v2/_catalog").query("last=").always(), Answer::error(401, "UNAUTHORIZED", "session over"));
    assert_snapshot!(Rls::at(&registry).words("repos").run(), @"
    exit 6
    --- stdout
    grid/repo-000
    grid/repo-001
    --- stderr
    error: incomplete list of the catalog, after 2 entries
    cause: cannot log in to http://REGISTRY
    cause: 401 Unauthorized: UNAUTHORIZED: session over
    cause: the registry requires authentication and sends no valid challenge
    cause: no authentication method offered: 401 without WWW-Authenticate
    ");
    assert_snapshot!(Rls::at(&registry).words("repos -o json -q").run(), @r#"
    exit 6
    --- stdout
    [
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/grid/repo-000","repository":"grid/repo-000"},
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/grid/repo-001","repository":"grid/repo-001"}
    ]
    --- stderr
    error: incomplete list of the catalog, after 2 entries
    cause: cannot log in to http://REGISTRY
    cause: 401 Unauthorized: UNAUTHORIZED: session over
    cause: the registry requires authentication and sends no valid challenge
    cause: no authentication method offered: 401 without WWW-Authenticate
    "#);
}
