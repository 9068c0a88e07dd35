//! `retries.json`: which requests are retried, how often, and after which delay.

mod listing;
mod methods;
mod tokens;
mod waits;

use registry_ls::error::{Fault, Network};
use registry_ls::http::Options;
use registry_ls::keychain::Keychain;
use registry_ls::{Error, Kind};
use serde_json::{Value, json};
use test_support::{Reply, Server, Then};

use crate::driven::{anonymous, at, hasty, names, run};
use crate::exemptions::{Case, check};
use crate::tokens::OF_TOKENS;
use crate::values::{number, status, text};

use self::listing::{attempts, final_status, listed, tags};
use self::methods::idempotence;
use self::tokens::token;
use self::waits::{budget, deadline, late, wait};

#[test]
fn all() {
    check("retries.json", |case| match case.kind.as_str() {
        "sequence" => sequence(case),
        "retryable-status" => statuses(case),
        "is-temporary" => temporary(case),
        "is-transient" => transient(case),
        "body-after-retry" => body_after_retry(case),
        "deadline" => deadline(case),
        "budget" => budget(case),
        "retry-after" => wait(case),
        "head-error-body" => head(case),
        "token" => token(case),
        "redirect" => redirect(case),
        "idempotence" => idempotence(case),
        kind if OF_TOKENS.contains(&kind) => {}
        kind => panic!("unknown kind {kind}"),
    });
}

fn sequence(case: &Case) {
    let input = &case.input;
    match case.id.as_str() {
        "retry-038" => return refused(case),
        "retry-068" | "retry-071" => return late(case),
        "retry-070" => return broken_off(case),
        _ => {}
    }
    let most = ["max_attempts", "limit"].iter().find_map(|name| input.get(name)).cloned();
    let most = most.or(input.get("max_retries").map(|retries| json!(number(retries) + 1))).unwrap_or_default();
    let most = if input["retry_disabled"] == true { json!(1) } else { most };
    let (outcome, requests) = listed(script(input), attempts(&most));
    for (what, expected) in case.expect.as_object().expect("facts") {
        match (what.as_str(), expected.as_str()) {
            ("requests", _) => assert_eq!(*expected, requests, "{outcome:?}"),
            ("final_status", _) => assert_eq!(*expected, final_status(&outcome), "{outcome:?}"),
            ("error", None) => assert!(expected.is_null() && outcome.is_ok(), "{outcome:?}"),
            ("error", Some("retry limit exceeded")) => {
                let message = outcome.as_ref().expect_err("502").to_string();
                assert!(message.contains(&format!("gave up after {} tries", number(&most))), "{message}");
                assert_eq!(number(&most), requests as u64);
            }
            ("error", Some("not found")) => assert!(outcome.as_ref().is_err_and(Error::is_not_found)),
            ("error", Some("unauthorized")) => {
                assert!(outcome.as_ref().is_err_and(|error| matches!(error.kind(), Kind::Denied(_))));
            }
            _ => panic!("unknown fact {what}"),
        }
    }
}

/// The replies of a case: one for each thing that goes wrong, then a list.
fn script(input: &Value) -> Vec<Reply> {
    let reply = |what: &Value| match what.as_str() {
        Some("temporary" | "temporary-error") => Reply::raw("").then(Then::Reset),
        Some("permanent") => Reply::raw("this is not HTTP\r\n\r\n").then(Then::Close),
        Some("ok") => tags(),
        Some(other) => panic!("unknown reply {other}"),
        None => Reply::status(status(what)),
    };
    let listed = ["errors", "responses", "transport"].iter().find_map(|name| input.get(name)?.as_array());
    if let Some(listed) = listed {
        return listed.iter().map(reply).chain([tags()]).collect();
    }
    let failing = match input["retry_after_s"].as_u64() {
        // The test would really wait that long, so it says 0; other cases check that the header is parsed.
        Some(_) => Reply::status(status(&input["fail_status"])).header("Retry-After", "0"),
        None => Reply::status(status(&input["fail_status"])),
    };
    std::iter::repeat_n(failing, number(&input["fail_times"]) as usize).chain([tags()]).collect()
}

fn refused(case: &Case) {
    assert_eq!(case.expect["error"], "connection refused");
    run(async {
        let server = Server::playing([]);
        server.stop().await;
        let client = anonymous(&server);
        let error = client.all_tags().await.failure();
        assert_eq!(error.kind(), &Kind::Network(Network::Refused));
        assert!(error.to_string().contains("connection refused") && error.what().contains(&server.host()));
        assert_eq!(case.expect["requests"], client.stats.totals().requests);
    });
}

/// A body that breaks off is fetched again, from its beginning: what rls reads is small.
fn broken_off(case: &Case) {
    let length = number(&case.input["content_length"]) as usize;
    let body = format!(r#"{{"tags":["{}"]}}"#, "a".repeat(length - 13));
    assert_eq!(body.len(), length);
    let sent = &body[..number(&case.input["sent"]) as usize];
    let cut = Reply::status(200).header("Content-Length", length.to_string()).body(sent).then(Then::Close);
    let replies = vec![cut.clone(), cut, Reply::json(body.clone())];
    let (outcome, requests) = listed(replies, hasty());
    assert_eq!(case.expect["body_complete"], true);
    assert_eq!(outcome.expect("the third reply is whole"), ["a".repeat(length - 13)]);
    assert_eq!(requests, 3);
}

fn statuses(case: &Case) {
    for code in case.input.as_array().expect("statuses") {
        // A list is requested again without a page size after a 400.
        let replies = vec![Reply::status(status(code)), Reply::status(status(code))];
        let (outcome, _) = listed(replies, Options { retries: 0, ..hasty() });
        assert_eq!(outcome.expect_err("a failure").is_retryable(), case.expect["retry"], "{code}");
    }
}

/// Codes come with the statuses that the specification gives them.
fn temporary(case: &Case) {
    let codes: Vec<_> = case.input["codes"].as_array().into_iter().flatten().map(text).collect();
    let of_codes = match codes.as_slice() {
        ["TOOMANYREQUESTS"] => 429,
        ["UNAVAILABLE"] => 503,
        _ => 400,
    };
    let errors: Vec<_> = codes.iter().map(|code| json!({ "code": code })).collect();
    let failing = Reply::status(case.input["status"].as_u64().map_or(of_codes, |status| status as u16))
        .header("Content-Type", "application/json")
        .body(json!({ "errors": errors }).to_string());
    let requests = run(async {
        let mut replies = vec![failing];
        let server = Server::start(move |_| replies.pop().unwrap_or_else(tags));
        let _ = anonymous(&server).tagged("v1").await;
        server.requests().len()
    });
    assert_eq!(requests > 1, case.expect["retry"]);
}

fn transient(case: &Case) {
    let reply = match text(&case.input) {
        "unexpected EOF" => Reply::raw("HTTP/1.1 200 OK\r\nContent-Le").then(Then::Close),
        "generic error" => Reply::raw("this is not HTTP\r\n\r\n").then(Then::Close),
        other => panic!("unknown error {other}"),
    };
    let (outcome, requests) = listed(vec![reply, tags()], hasty());
    assert_eq!((outcome.is_ok(), requests > 1), (case.expect["retry"] == true, case.expect["retry"] == true));
}

fn body_after_retry(case: &Case) {
    let last = Reply::status(status(&case.input["status"])).body(text(&case.input["body"]));
    let (outcome, requests) = listed(vec![Reply::status(503), last], hasty());
    assert!(outcome.expect_err("not there").has_code(text(&case.expect["final_error_code"])));
    assert_eq!(requests, 2);
}

fn head(case: &Case) {
    let forbidden = Reply::error(status(&case.input["HEAD"]), "DENIED").header("X-From", "GET");
    let breaks = case.input["GET"] == "network error";
    let (error, gets) = run(async {
        let server = Server::start(move |request| match request.method.as_str() {
            "GET" if breaks => Reply::raw("").then(Then::Reset),
            _ => forbidden.clone(),
        });
        let error = anonymous(&server).resolved("v1").await.expect_err("forbidden");
        (error, server.count(|request| request.method == "GET"))
    });
    if let Some(status) = case.expect.get("error_status") {
        assert_eq!(*status, error.reply().expect("a reply").status);
        return;
    }
    assert_eq!(case.expect["error_text_from"], "GET body");
    assert!(error.has_code("DENIED"), "{error}");
    assert_eq!(case.expect["GETs"], gets);
}

/// From `registry.test` to `other.test`, which are the same server.
fn redirect(case: &Case) {
    let expect = &case.expect;
    let mut wants_token = false;
    for input in case.input.as_object().expect("facts") {
        wants_token |= input.1.as_str().is_some_and(|does| does.starts_with("401 Bearer"));
    }
    run(async {
        let server =
            Server::start(move |request| match (request.header("host").expect("a host"), request.is_for_token()) {
                (_, true) => Reply::token("token"),
                (host, _) if host.starts_with("registry.test") && request.authorization().is_none() => {
                    Reply::wants_password()
                }
                (host, _) if host.starts_with("registry.test") => {
                    let port = host.split(':').next_back().expect("a port");
                    Reply::status(302).header("Location", format!("http://other.test:{port}{}", request.target))
                }
                _ if wants_token && !request.has_token("token") => Reply::wants_token(request),
                _ => tags(),
            });
        let options = Options { resolve: names(&server, &["registry.test", "other.test"]), ..hasty() };
        let registry = format!("http://registry.test:{}", server.port());
        let client = at(&registry, Keychain::explicit("ann", "secret", "the test"), options);
        for _ in 0..2 {
            assert_eq!(client.all_tags().await.whole(), ["a"]);
        }
        let requests = server.requests();
        let there =
            requests.iter().filter(|request| request.header("host").is_some_and(|host| host.starts_with("other")));
        let sent: Vec<_> = there.filter_map(|request| request.authorization()).collect();
        // An anonymous token of its own, and nothing else.
        assert!(sent.iter().all(|sent| wants_token && *sent == "Bearer token"), "{sent:?}");
        assert!(expect.get("authorization_on_other_host").is_none_or(|_| sent.is_empty()));
        let here =
            requests.iter().filter(|request| request.header("host").is_some_and(|host| host.starts_with("registry")));
        assert!(here.filter_map(|request| request.authorization()).all(|sent| sent.starts_with("Basic ")));
        assert!(
            requests.iter().filter(|request| request.is_for_token()).all(|request| request.authorization().is_none())
        );
    });
}

#[test]
fn an_html_error_of_a_proxy_is_retried() {
    let page = Reply::status(502).header("Content-Type", "text/html").body("<html>Bad Gateway</html>");
    let (outcome, requests) = listed(vec![page.clone(), page, tags()], hasty());
    assert_eq!((outcome.expect("a list"), requests), (vec!["a".to_owned()], 3));
}

#[test]
fn a_truncated_list_that_is_valid_json_is_incomplete() {
    let body = r#"{"tags":["a"]}"#;
    let chunked = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n", body.len());
    let cut = Reply::raw(chunked).then(Then::Close);
    let (outcome, requests) = listed(vec![cut; 4], hasty());
    let error = outcome.expect_err("cut short");
    assert_eq!((error.kind(), requests), (&Kind::Protocol(Fault::Truncated), 4));
}
