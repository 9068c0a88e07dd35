//! How long a retry waits: `Retry-After`, the deadline, and the whole time limit.

use std::time::{Duration, Instant, SystemTime};

use futures::future::Either;
use registry_ls::Kind;
use registry_ls::http::Options;
use registry_ls::http::internals::{RetryAfter, retry_after};
use test_support::{Reply, Server, Then};

use crate::driven::{anonymous, hasty, run};
use crate::exemptions::Case;
use crate::values::{number, text};

use super::listing::{listed, tags};

/// The deadline has passed, or would pass during `Retry-After`.
pub(super) fn late(case: &Case) {
    let (left, kind) = match case.input.get("responses") {
        Some(_) => (Duration::from_secs(20), Kind::RateLimited),
        None => (Duration::ZERO, Kind::TimedOut),
    };
    let options = Options { deadline: Some(Instant::now() + left), ..hasty() };
    let limited = Reply::status(429).header("Retry-After", "30");
    let (outcome, requests) = listed(vec![limited; 3], options);
    assert_eq!(outcome.expect_err("too late").kind(), &kind);
    assert_eq!(requests, case.expect["requests"].as_u64().map_or(1, |requests| requests as usize));
}

/// The server would be silent for longer than this test runs.
pub(super) fn deadline(case: &Case) {
    assert_eq!(case.expect["error"], "deadline exceeded");
    let left = Duration::from_millis(number(&case.input["deadline_ms"]));
    let never = Duration::from_secs(3600);
    for hanging in
        [Reply::raw("").then(Then::Hang), Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{").then(Then::Hang)]
    {
        let options = Options { deadline: Some(Instant::now() + left), read_timeout: never, ..hasty() };
        let (outcome, _) = listed(vec![hanging], options);
        let error = outcome.expect_err("too late");
        assert_eq!((error.kind(), error.what()), (&Kind::TimedOut, "time limit reached"));
    }
}

/// A wait that the deadline would cut is not begun.
pub(super) fn budget(case: &Case) {
    assert_eq!(case.expect["total_never_exceeds"], "--timeout");
    let left = Duration::from_secs(number(&case.input["default_timeout_s"]));
    let options = || Options { deadline: Some(Instant::now() + left), first_wait: left * 2, ..hasty() };
    for failing in
        [Reply::status(503), Reply::status(503).header("Retry-After", "60"), Reply::raw("").then(Then::Reset)]
    {
        let (outcome, requests) = listed(vec![failing], options());
        assert!(outcome.is_err_and(|error| error.kind() != &Kind::TimedOut), "the failure itself is reported");
        assert_eq!(requests, 1);
    }
}

pub(super) fn wait(case: &Case) {
    let (input, expect) = (&case.input, &case.expect);
    if let Some(reset) = input.get("x-ratelimit-reset") {
        assert_eq!(expect["print_reset_time"], true);
        let limited = Reply::status(429).header("X-RateLimit-Reset", text(reset));
        let (outcome, _) = listed(vec![limited; 4], hasty());
        let message = outcome.expect_err("limited").to_string();
        return assert!(message.contains("try again at 2025-05-01 22:02:18 UTC"), "{message}");
    }
    let date = |text: &str| httpdate::parse_http_date(text).expect("a date");
    let now: SystemTime = date(input["now"].as_str().unwrap_or("Wed, 21 Oct 2026 07:27:30 GMT"));
    let wait = retry_after(text(&input["retry_after"]).as_bytes(), now);
    let seconds = |seconds| RetryAfter::Wait(Duration::from_secs(seconds));
    if let Some(most) = expect.get("never_sleep_s_over") {
        assert!(matches!(wait, RetryAfter::Wait(wait) if wait.as_secs() <= number(most)), "{wait:?}");
        return;
    }
    if expect["fail_now"] == true || expect.get("capped_s").is_some() {
        assert!(matches!(wait, RetryAfter::TooLong(_)), "{wait:?}");
        return fails_now(text(&input["retry_after"]));
    }
    let expected = match expect["wait_s"].as_u64() {
        Some(wait) => seconds(wait),
        None => match text(expect.get("rls").unwrap_or(&expect["wait_s"])) {
            "retry at once, counts as an attempt" => seconds(0),
            "7 s" => seconds(7),
            "asctime date accepted" => seconds(30),
            "as if absent" | "as if absent (two values)" | "past: default backoff" => RetryAfter::Absent,
            "out of budget: fail now" => {
                assert!(matches!(wait, RetryAfter::TooLong(_)), "{wait:?}");
                return fails_now(text(&input["retry_after"]));
            }
            other => panic!("unknown wait {other}"),
        },
    };
    assert_eq!(wait, expected);
}

/// A wait that is too long is not begun; the error says when to try again.
fn fails_now(retry_after: &str) {
    let (outcome, requests) = listed(vec![Reply::status(429).header("Retry-After", retry_after), tags()], hasty());
    let error = outcome.expect_err("limited");
    assert_eq!((error.kind(), requests), (&Kind::RateLimited, 1));
    // There is no such day in 9999 years.
    assert!(error.to_string().contains("try again at") || retry_after.contains("9999"), "{error}");
}

#[test]
fn one_rate_limit_slows_every_request_to_that_host() {
    run(async {
        let mut limited = true;
        let server = Server::start(move |_| match std::mem::take(&mut limited) {
            true => Reply::status(429).header("Retry-After", "60"),
            false => tags(),
        });
        let client = anonymous(&server);
        let first = client.all_tags();
        let second = async {
            while client.stats.totals().retries == 0 {
                tokio::task::yield_now().await;
            }
            client.all_tags().await
        };
        // Time enough for many requests, and none is sent.
        let both = std::pin::pin!(futures::future::join(first, second));
        let patience = std::pin::pin!(async {
            while client.stats.totals().retries == 0 {
                tokio::task::yield_now().await;
            }
            for _ in 0..10_000 {
                tokio::task::yield_now().await;
            }
        });
        assert!(matches!(futures::future::select(both, patience).await, Either::Right(_)));
        assert_eq!(server.requests().len(), 1);
    });
}
