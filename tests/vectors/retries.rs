//! `retries.json`: which requests are retried, how often, and after which delay.

use std::time::{Duration, Instant, SystemTime};

use futures::future::Either;
use registry_ls::error::is_transient_status;
use registry_ls::error::{Fault, Network};
use registry_ls::http::{Options, RetryAfter, retry_after};
use registry_ls::keychain::Keychain;
use registry_ls::name::{Algorithm, Digest, Tag};
use registry_ls::registry::Deletion;
use registry_ls::{Error, Kind};
use serde_json::{Value, json};
use test_support::{Reply, Server, Then};

use crate::driven::{anonymous, as_user, at, client, exit_code, hasty, keychain, run};
use crate::exemptions::{Case, check};
use crate::tokens::OF_TOKENS;

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

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn status(value: &Value) -> u16 {
    number(value).try_into().expect("a status")
}

fn tags() -> Reply {
    Reply::json(r#"{"name":"team/app","tags":["a"]}"#)
}

/// Options with this many attempts in all.
fn attempts(most: &Value) -> Options {
    Options { retries: most.as_u64().map_or(3, |most| most as u32 - 1), ..hasty() }
}

/// What a list of tags gives when the registry plays these replies, and how many requests it took.
fn listed(replies: Vec<Reply>, options: Options) -> (Result<Vec<String>, Error>, usize) {
    run(async {
        let server = Server::playing(replies);
        let listed = client(&server, Keychain::anonymous(), options).all_tags().await;
        let outcome = listed.error.map_or(Ok(listed.names), Err);
        (outcome, server.requests().len())
    })
}

fn final_status(outcome: &Result<Vec<String>, Error>) -> u16 {
    outcome.as_ref().map_or_else(|error| error.reply().map_or(0, |reply| reply.status), |_| 200)
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
        // As long as it says would be waited, so that none is asked for; that it is read right is another case.
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

/// The deadline has passed, or would pass in the wait that is asked for.
fn late(case: &Case) {
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
    for status_code in case.input.as_array().expect("statuses") {
        assert_eq!(is_transient_status(status(status_code)), case.expect["retry"], "{status_code}");
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

/// The server would be silent for longer than this test runs.
fn deadline(case: &Case) {
    assert_eq!(case.expect["error"], "deadline exceeded");
    let left = Duration::from_millis(number(&case.input["deadline_ms"]));
    let never = Duration::from_secs(3600);
    for hanging in
        [Reply::raw("").then(Then::Hang), Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{").then(Then::Hang)]
    {
        let options = Options { deadline: Some(Instant::now() + left), idle_timeout: never, ..hasty() };
        let (outcome, _) = listed(vec![hanging], options);
        let error = outcome.expect_err("too late");
        assert_eq!((error.kind(), error.what()), (&Kind::TimedOut, "time limit reached"));
    }
}

/// A wait that the deadline would cut is not begun.
fn budget(case: &Case) {
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

fn wait(case: &Case) {
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

/// With a wait that is too long, nothing is sent again, and it is said when to come back.
fn fails_now(retry_after: &str) {
    let (outcome, requests) = listed(vec![Reply::status(429).header("Retry-After", retry_after), tags()], hasty());
    let error = outcome.expect_err("limited");
    assert_eq!((error.kind(), requests), (&Kind::RateLimited, 1));
    // There is no such day in 9999 years.
    assert!(error.to_string().contains("try again at") || retry_after.contains("9999"), "{error}");
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

fn token(case: &Case) {
    let (input, expect) = (&case.input, &case.expect);
    match case.id.as_str() {
        "retry-031" => expiring(expect),
        "retry-032" => changing_scheme(expect),
        "retry-034" => wrong_password(input, expect),
        "retry-087" => identity_token(input, expect),
        "retry-088" => stale(expect),
        _ => expiring_at_a_page(expect),
    }
}

/// A registry that takes the token which its token server gave last, and lists one tag with it.
async fn with_one_token() -> Server {
    let mut given = 0;
    Server::start(move |request| {
        if request.is_for_token() {
            given += 1;
            return Reply::token(&format!("token-{given}"));
        }
        if request.has_token(&format!("token-{given}")) { tags() } else { Reply::wants_token(request) }
    })
}

fn expiring(expect: &Value) {
    run(async {
        let mut tokens = Vec::new();
        let server = Server::start(move |request| {
            if request.is_for_token() {
                tokens.push(String::new());
                return Reply::token(&format!("token-{}", tokens.len()));
            }
            let token = format!("token-{}", tokens.len());
            // The first token is good for one request.
            let spent = tokens.len() == 1 && tokens[0] == "used";
            if !spent && request.has_token(&token) {
                tokens[0] = "used".to_owned();
                return tags();
            }
            Reply::wants_token(request)
        });
        let client = anonymous(&server);
        for _ in 0..2 {
            assert_eq!(client.all_tags().await.error.is_some(), expect["user_visible_error"]);
        }
        assert_eq!(expect["token_requests"], server.count(|request| request.is_for_token()));
    });
}

fn changing_scheme(expect: &Value) {
    run(async {
        let mut basic = false;
        let server = Server::start(move |request| match request.authorization() {
            _ if request.is_for_token() => Reply::token("token"),
            Some("Bearer token") if !basic => {
                basic = true;
                tags()
            }
            Some("Basic YW5uOnNlY3JldA==") if basic => tags(),
            _ if basic => Reply::wants_password(),
            _ => Reply::wants_token(request),
        });
        let client = as_user(&server, "ann", "secret");
        for _ in 0..2 {
            assert_eq!(client.all_tags().await.error.is_none(), expect["adapts"]);
        }
        assert_eq!(
            server.requests().last().and_then(|request| request.authorization()),
            Some("Basic YW5uOnNlY3JldA==")
        );
    });
}

fn wrong_password(input: &Value, expect: &Value) {
    let refusal = Reply::status(status(&input["token_endpoint_status"]));
    run(async {
        let server = Server::start(move |request| match request.is_for_token() {
            true => refusal.clone(),
            false => Reply::wants_token(request),
        });
        let error = as_user(&server, "ann", "wrong").all_tags().await.failure();
        assert_eq!((expect["error"] == true, exit_code(&error)), (true, 4));
        assert_eq!(error.what(), format!("login refused by {}", server.host()));
        assert_eq!(expect["token_requests"], server.count(|request| request.is_for_token()));
    });
}

/// The identity token that comes with a token takes the place of the one that was sent.
fn identity_token(input: &Value, expect: &Value) {
    assert_eq!(expect["persisted"], false);
    let (first, next) = (text(&input["identity_token"]), text(&expect["next_refresh_token"]));
    let (bearer, reply) = (text(&expect["bearer"]).to_owned(), text(&input["reply"]).to_owned());
    run(async {
        let mut used = 0;
        let server = Server::start(move |request| {
            if request.is_for_token() {
                return Reply::json(reply.as_str());
            }
            let good = request.has_token(&bearer);
            used += usize::from(good);
            // The second request finds the token expired, and is good with the next.
            if good && used != 2 { tags() } else { Reply::wants_token(request) }
        });
        let config = json!({ "auths": { server.host(): { "identitytoken": first } } });
        let client = client(&server, keychain(config.to_string()), hasty());
        for _ in 0..2 {
            client.all_tags().await.whole();
        }
        let sent: Vec<_> = server.requests().into_iter().filter(|request| request.is_for_token()).collect();
        assert!(sent.iter().all(|request| request.method == "POST"));
        let field = |at: usize, value: &str| sent[at].body.contains(&format!("refresh_token={value}&"));
        assert!(sent.len() == 2 && field(0, first) && field(1, next), "{sent:?}");
    });
}

fn stale(expect: &Value) {
    run(async {
        let server = with_one_token().await;
        let client = anonymous(&server);
        client.all_tags().await.whole();
        // Another client takes the next token, so that the first has a stale one.
        anonymous(&server).all_tags().await.whole();
        let before = server.requests().len();
        client.all_tags().await.whole();
        let requests = server.requests().split_off(before);
        assert_eq!(expect["registry_requests"], requests.iter().filter(|request| !request.is_for_token()).count());
        assert!(requests[0].has_token("token-1") && requests[2].has_token("token-3"), "{requests:?}");
    });
}

/// A token that expires in the middle of a list.
fn expiring_at_a_page(expect: &Value) {
    run(async {
        let (mut given, mut expired) = (0, false);
        let server = Server::start(move |request| {
            if request.is_for_token() {
                given += 1;
                return Reply::token(&format!("token-{given}"));
            }
            let page: usize = request.query("page").map_or(0, |page| page.parse().expect("a number"));
            if page == 2 && !expired {
                expired = true;
                return Reply::wants_token(request);
            }
            if !request.has_token(&format!("token-{given}")) {
                return Reply::wants_token(request);
            }
            let reply = Reply::json(json!({ "tags": [format!("{page}a"), format!("{page}b")] }).to_string());
            let link = format!("</v2/team/app/tags/list?page={}>; rel=\"next\"", page + 1);
            if page < 3 { reply.header("Link", link) } else { reply }
        });
        let names = anonymous(&server).all_tags().await.whole();
        assert_eq!(names, ["0a", "0b", "1a", "1b", "2a", "2b", "3a", "3b"]);
        assert_eq!(expect["names_lost_or_repeated"], 0);
        // One to begin with.
        assert_eq!(expect["token_requests"], server.count(|request| request.is_for_token()) - 1);
        let page = |request: &test_support::Request| request.query("page").as_deref() == Some("2");
        assert_eq!(expect["page_refetched_once"], server.count(page) == 2);
    });
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
        let options = Options { resolve: crate::driven::names(&server, &["registry.test", "other.test"]), ..hasty() };
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

fn idempotence(case: &Case) {
    match text(&case.input) {
        "HEAD" => {
            assert_eq!(case.expect["rls"], "retry");
            head_is_repeated();
        }
        "POST token (password/refresh grant)" => post_is_not_repeated(),
        "DELETE by digest, no response received" => deletions(false, &Reply::raw("").then(Then::Reset)),
        "DELETE by digest, 5xx received" => {
            deletions(false, &Reply::status(500));
            deletions(false, &Reply::status(502).header("Content-Type", "text/html").body("<html>Bad Gateway</html>"));
        }
        "DELETE by tag, no response received" => deletions(true, &Reply::raw("").then(Then::Reset)),
        other => panic!("unknown request {other}"),
    }
}

fn head_is_repeated() {
    let digest = Digest::of(Algorithm::Sha256, b"x").to_string();
    run(async {
        let server = Server::playing([Reply::status(503), Reply::status(200).header("Docker-Content-Digest", digest)]);
        anonymous(&server).resolved("v1").await.expect("a digest");
        assert!(server.requests().len() == 2 && server.count(|request| request.method == "HEAD") == 2);
    });
}

fn post_is_not_repeated() {
    for failing in [Reply::raw("").then(Then::Reset), Reply::status(503)] {
        run(async {
            let server = Server::start(move |request| match request.is_for_token() {
                true => failing.clone(),
                false => Reply::wants_token(request),
            });
            let config = json!({ "auths": { server.host(): { "identitytoken": "t" } } });
            client(&server, keychain(config.to_string()), hasty()).all_tags().await.failure();
            assert_eq!(server.count(|request| request.is_for_token()), 1);
        });
    }
}

/// A DELETE whose reply is lost: what is there afterwards decides what is done.
fn deletions(by_tag: bool, lost: &Reply) {
    let digest = Digest::of(Algorithm::Sha256, b"old");
    let gone = Reply::error(404, "MANIFEST_UNKNOWN");
    let (old, new) = ("old", "new");
    let there = |bytes: &'static str| {
        let digest = Digest::of(Algorithm::Sha256, bytes.as_bytes());
        Reply::status(200).header("Docker-Content-Digest", digest.as_str()).body(bytes)
    };
    let accepted = Reply::status(202);
    // The replies to DELETE, those to looks, and what comes of it: `None` for a deletion.
    let deleted = |outcome: &Result<Deletion, Error>| matches!(outcome, Ok(Deletion::Deleted));
    let outcomes = [
        (vec![lost.clone()], vec![gone.clone()], true),
        (vec![lost.clone(), accepted], vec![there(old), gone.clone()], true),
        (vec![lost.clone(), gone.clone()], vec![there(old), gone.clone()], true),
        (vec![lost.clone(), lost.clone()], vec![there(old), there(old)], false),
    ];
    for (deletes, heads, is_deleted) in outcomes {
        let sent = deletes.len();
        let (outcome, deletes) = deletion(by_tag, &digest, deletes, heads);
        assert_eq!((deleted(&outcome), deletes), (is_deleted, sent), "{outcome:?}");
    }
    if by_tag {
        let (outcome, deletes) = deletion(true, &digest, vec![lost.clone()], vec![there(new)]);
        let error = outcome.expect_err("moved");
        assert_eq!((exit_code(&error), deletes), (9, 1), "{error}");
    }
}

/// Deletes `v1` or its digest from a registry that plays these replies; counts the DELETEs.
fn deletion(by_tag: bool, digest: &Digest, deletes: Vec<Reply>, heads: Vec<Reply>) -> (Result<Deletion, Error>, usize) {
    run(async {
        // What is looked at again is as it was at the last look.
        let last = heads.last().cloned().into_iter().cycle();
        let (mut deletes, mut heads) = (deletes.into_iter(), heads.into_iter().chain(last));
        let server = Server::start(move |request| match request.method.as_str() {
            "DELETE" => deletes.next().unwrap_or_else(|| Reply::status(599)),
            _ => heads.next().unwrap_or_else(|| Reply::status(599)),
        });
        let client = anonymous(&server);
        let tag: Tag = "v1".parse().expect("a tag");
        let outcome = match by_tag {
            true => client.app().delete_tag(&tag, Some(digest)).await,
            false => client.app().delete_manifest(digest).await,
        };
        (outcome, server.count(|request| request.method == "DELETE"))
    })
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

#[test]
fn a_failing_token_server_is_retried_like_a_registry() {
    for failing in [Reply::status(503), Reply::status(429).header("Retry-After", "0"), Reply::raw("").then(Then::Reset)]
    {
        run(async {
            let failing = failing.clone();
            let server = Server::start(move |request| match request.is_for_token() {
                true => failing.clone(),
                false => Reply::wants_token(request),
            });
            let error = anonymous(&server).all_tags().await.failure();
            assert!(error.what().contains("token server"), "{error}");
            assert_eq!(server.count(|request| request.is_for_token()), 4);
            assert_eq!(server.count(|request| !request.is_for_token()), 1);
        });
    }
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
