//! Rate limits.

use insta::assert_snapshot;
use registry_fixture::{Answer, Match};
use test_support::Rls;

use crate::registries::seeded;

fn slow_down() -> Answer {
    Answer::error(429, "TOOMANYREQUESTS", "You have reached your pull rate limit.")
}

#[test]
fn a_retry_after_that_is_too_long_is_reported() {
    let registry = seeded("1x1");
    registry
        .inject(Match::get("/v2/grid/repo-000/manifests/latest").always(), slow_down().header("Retry-After", "3600"));
    let error = Rls::at(&registry).words("manifest grid/repo-000").fails(8);
    assert_eq!(registry.requests().len(), 1);
    let (before, after) = error.split_once("try again at ").expect("it says when");
    assert_snapshot!(before.to_owned() + &after["2026-11-21 00:00:00".len()..], @"
    error: rate limit of http://REGISTRY exceeded
    cause: 429 Too Many Requests: TOOMANYREQUESTS: You have reached your pull rate limit.
    cause:  UTC
    hint:  use --jobs 1 to send one request at a time; logging in often raises the limit
    ");
}

#[test]
fn retry_after_may_be_a_date() {
    let registry = seeded("1x1");
    let until = slow_down().header("Retry-After", "Fri, 01 Jan 2100 00:00:00 GMT");
    registry.inject(Match::get("/v2/grid/repo-000/tags/list").always(), until);
    assert_snapshot!(Rls::at(&registry).words("tags grid/repo-000").fails(8), @"
    error: rate limit of http://REGISTRY exceeded
    cause: 429 Too Many Requests: TOOMANYREQUESTS: You have reached your pull rate limit.
    cause: try again at 2100-01-01 00:00:00 UTC
    hint:  use --jobs 1 to send one request at a time; logging in often raises the limit
    ");
}

#[test]
fn a_short_retry_after_is_obeyed() {
    let registry = seeded("1x1");
    registry.inject(Match::get("/v2/grid/repo-000/tags/list").times(2), slow_down().header("Retry-After", "0"));
    assert_eq!(&*Rls::at(&registry).words("tags grid/repo-000").succeeds(), "latest\n");
    assert_eq!(registry.requests().len(), 3);
}

#[test]
fn without_retry_after_a_few_retries_are_made() {
    let registry = seeded("1x1");
    registry.inject(Match::get("/v2/grid/repo-000/tags/list").always(), slow_down());
    assert_snapshot!(Rls::at(&registry).words("tags grid/repo-000 --retries 1").fails(8), @"
    error: rate limit of http://REGISTRY exceeded
    cause: 429 Too Many Requests: TOOMANYREQUESTS: You have reached your pull rate limit.
    cause: gave up after 2 tries
    hint:  use --jobs 1 to send one request at a time; logging in often raises the limit
    ");
    assert_eq!(registry.requests().len(), 2);
}

#[test]
fn a_rate_limited_request_slows_down_the_others() {
    let registry = seeded("1x20");
    registry.inject(Match::under("/v2/grid/repo-000/manifests/"), slow_down().header("Retry-After", "1"));
    let digests = Rls::at(&registry).words("tags grid/repo-000 -d").succeeds();
    assert_eq!(digests.lines().count(), 20);
    assert_eq!(registry.requests().len(), 22);
}
