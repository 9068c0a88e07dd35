//! `faults.json`: faults of connections, replies, logins, lists and deletions, and their errors.
//!
//! `exit` is the program's exit code for the kind of the library's error.

mod data;
mod delete;
mod listing;

use std::time::Duration;

use registry_ls::Kind;
use registry_ls::error::{Fault, Network};
use registry_ls::http::Options;
use registry_ls::http::internals::redirect_target;
use registry_ls::name::{Algorithm, Digest};
use reqwest::Method;
use serde_json::json;
use test_support::{Reply, Request, Server, Then};

use crate::driven::{anonymous, as_user, exit_code, hasty, run};
use crate::exemptions::{Case, check};

use self::data::data;
use self::delete::delete;
use self::listing::{ALL, always, assert_exit, assert_says, listed, paged, tags, token_reply, with_token};

/// Kinds that are held elsewhere: the handshakes beside the code that explains them, the processes by running the
/// program.
const ELSEWHERE: &[&str] = &["tls", "process"];

#[test]
fn all() {
    check("faults.json", |case| match case.kind.as_str() {
        "network" => network(case),
        "http" => http(case),
        "auth" => auth(case),
        "data" => data(case),
        "delete" => delete(case),
        kind => assert!(ELSEWHERE.contains(&kind), "unknown kind {kind}"),
    });
}

fn html(status: u16) -> Reply {
    Reply::status(status).header("Content-Type", "text/html").body("<html><h1>Proxy</h1></html>")
}

/// A reply of which only the beginning arrives.
fn cut() -> Reply {
    Reply::status(200).header("Content-Length", "1000").body(r#"{"tags":["2a","#).then(Then::Reset)
}

/// A server that begins a reply and says no more.
fn silent(case: &Case, begun: &'static str) {
    let options = Options { read_timeout: Duration::from_millis(50), ..hasty() };
    assert_eq!(listed(case, move |_| Reply::raw(begun).then(Then::Hang), options).1, 1);
}

fn network(case: &Case) {
    match case.id.as_str() {
        "fault-003" => run(async {
            let server = Server::playing([]);
            server.stop().await;
            let error = anonymous(&server).all_tags().await.failure();
            assert_exit(case, Some(&error));
            assert_says(case, &error, &server);
        }),
        "fault-005" => assert_eq!(always(case, Reply::raw("").then(Then::Reset)).1, 4),
        "fault-006" => {
            let script = paged(|page, times| (page == 2 && times == 0).then(cut));
            assert_eq!(listed(case, script, hasty()).0.names, ALL);
        }
        "fault-007" => {
            let (listed, requests) = listed(case, paged(|page, _| (page == 2).then(cut)), hasty());
            assert_eq!((listed.names.as_slice(), requests), (&ALL.map(str::to_owned)[..4], 2 + 4));
        }
        "fault-008" => {
            let short = Reply::status(200).header("Content-Length", "1000").body(r#"{"tags":["a"]}"#).then(Then::Close);
            assert_eq!(always(case, short).1, 4);
        }
        "fault-009" => {
            let body = r#"{"tags":["a"]}"#;
            let chunk = format!("{:x}\r\n{body}\r\n", body.len());
            let chunked = Reply::status(200).header("Transfer-Encoding", "chunked").body(chunk).then(Then::Close);
            assert_eq!(always(case, chunked).1, 4);
        }
        "fault-010" => assert_eq!(always(case, Reply::status(200)).1, 1),
        "fault-011" => silent(case, "HTTP/1.1 200 OK\r\nContent-Ty"),
        "fault-012" => silent(case, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"),
        "fault-013" => silent(case, ""),
        "fault-014" => {
            let mut script = paged(|_, _| None);
            assert_eq!(listed(case, move |request| script(request).then(Then::Close), hasty()).0.whole(), ALL);
        }
        "fault-016" => {
            let many = (0..10_000).fold(tags(), |reply, number| reply.header(&format!("X-{number}"), "1"));
            for reply in [tags().header("X-Long", "x".repeat(1024 * 1024)), many] {
                assert_eq!(always(case, reply).1, 1);
            }
        }
        "fault-019" => assert_eq!(always(case, Reply::status(407)).1, 1),
        "fault-020" => assert_eq!(always(case, Reply::raw("SSH-2.0-OpenSSH_9.2\r\n").then(Then::Close)).1, 1),
        other => panic!("unknown fault {other}"),
    }
}

/// A reply once or twice, then a list.
fn passing(case: &Case, replies: Vec<Reply>) {
    let mut replies = replies.into_iter();
    let (listed, requests) = listed(case, move |_| replies.next().unwrap_or_else(tags), hasty());
    assert_eq!((listed.whole().len(), requests), (2, 2));
}

fn http(case: &Case) {
    let limited = |wait: &str| Reply::status(429).header("Retry-After", wait);
    match case.id.as_str() {
        "fault-031" => [500, 502, 503, 504].iter().for_each(|status| passing(case, vec![Reply::status(*status)])),
        "fault-032" => assert_eq!(always(case, Reply::status(503)).1, 4),
        // That 2 and 3 seconds would be waited is held in `retries`.
        "fault-033" => passing(case, vec![limited("0")]),
        "fault-034" => passing(case, vec![limited("Wed, 21 Oct 2015 07:28:00 GMT")]),
        "fault-035" => assert_eq!(always(case, limited("3600")).1, 1),
        "fault-036" => assert_eq!(always(case, limited("4102444800")).1, 1),
        "fault-037" => [200, 502, 403].iter().for_each(|status| drop(always(case, html(*status)))),
        "fault-038" => assert_eq!(always(case, Reply::error(404, "NAME_UNKNOWN")).1, 1),
        "fault-039" => assert_eq!(always(case, Reply::status(302).header("Location", "/v2/")).1, 6),
        "fault-040" => elsewhere(case),
        "fault-041" => {
            let (from, to) = ("https://r.example/v2/".parse().expect("a URL"), Some(&b"http://r.example/v2/"[..]));
            let error = redirect_target(&Method::GET, &from, None, to).expect_err("refused");
            assert_exit(case, Some(&error));
            assert!(error.to_string().contains("refusing redirect to plain http"), "{error}");
        }
        "fault-042" => run(async {
            let server = Server::start(|_| Reply::status(307).header("Location", "/elsewhere"));
            let digest = Digest::of(Algorithm::Sha256, b"x");
            let error = anonymous(&server).app().delete_manifest(&digest).await.expect_err("refused");
            assert_exit(case, Some(&error));
            assert_says(case, &error, &server);
        }),
        "fault-043" => [101, 206, 304].iter().for_each(|status| drop(always(case, Reply::status(*status)))),
        other => panic!("unknown fault {other}"),
    }
}

fn elsewhere(case: &Case) {
    run(async {
        let other = Server::start(|_| tags());
        let location = format!("{}/v2/", other.url());
        let server = Server::start(move |request| match request.authorization() {
            None => Reply::wants_password(),
            Some(_) => Reply::status(302).header("Location", location.as_str()),
        });
        assert_exit(case, as_user(&server, "ann", "secret").all_tags().await.error.as_ref());
        assert_eq!(case.expect["authorization_sent"], other.count(|request| request.authorization().is_some()));
    });
}

fn auth(case: &Case) {
    match case.id.as_str() {
        "fault-044" => assert_eq!(always(case, Reply::error(401, "UNAUTHORIZED")).1, 1),
        "fault-045" => {
            let (listed, tokens, requests) = with_token(case, token_reply(Reply::token("token")), false);
            let message = listed.failure().to_string();
            assert!(
                message.contains("not allowed to pull team/app") && message.contains("logged in as ann"),
                "{message}"
            );
            assert!(tokens <= 2 && requests as u64 <= case.expect["registry_requests_max"].as_u64().expect("a number"));
        }
        "fault-046" | "fault-047" => {
            // Each token is good for two pages, or for one.
            let uses = if case.id == "fault-046" { 2 } else { 1 };
            let (mut given, mut left, mut pages) = (0, 0, paged(|_, _| None));
            let script = move |request: &Request| {
                if request.is_for_token() {
                    (given, left) = (given + 1, uses);
                    return Reply::token(&format!("token-{given}"));
                }
                if left == 0 || !request.has_token(&format!("token-{given}")) {
                    return Reply::wants_token(request);
                }
                left -= 1;
                pages(request)
            };
            let (listed, tokens, _) = with_token(case, script, true);
            assert_eq!((listed.whole(), tokens), (ALL.map(str::to_owned).to_vec(), 3_usize.div_ceil(uses)));
        }
        "fault-048" => {
            for status in [401, 403] {
                let (_, tokens, _) = with_token(case, token_reply(Reply::status(status)), true);
                assert_eq!(tokens, 1);
            }
        }
        "fault-049" => assert_eq!(with_token(case, token_reply(Reply::status(500)), true).1, 4),
        "fault-050" => {
            let (listed, tokens, requests) =
                with_token(case, |_| Reply::wants_token_of("http://169.254.169.254/token"), false);
            assert!(listed.failure().what().contains("refusing token server"));
            assert_eq!((tokens, requests), (0, 1));
        }
        other => panic!("unknown fault {other}"),
    }
}

#[test]
fn a_truncated_page_is_read_again_without_repeating_a_name() {
    let names: Vec<_> = (0..10_000).map(|number| format!("{number:05}")).collect();
    let body = json!({ "tags": names }).to_string();
    let cut = |body: &str, at: usize| {
        Reply::status(200).header("Content-Length", body.len().to_string()).body(&body[..at]).then(Then::Reset)
    };
    let list = |replies: Vec<Reply>| {
        run(async {
            let server = Server::playing(replies);
            anonymous(&server).all_tags().await
        })
    };
    let whole = list(vec![cut(&body, 50_000), cut(&body, 20), cut(&body, 70_000), Reply::json(body.as_str())]);
    assert_eq!(whole.whole(), names);
    // What was passed on cannot be taken back: a list that is another, or shorter, the second time is incomplete.
    let other = body.replace("00001", "x0001");
    let shorter = json!({ "tags": names[..100] }).to_string();
    for second in [other, shorter] {
        let error = list(vec![cut(&body, 50_000), Reply::json(second)]).failure();
        assert_eq!(exit_code(&error), 6, "{error}");
        assert!(error.to_string().contains("the list changed while it was read"), "{error}");
    }
}

#[test]
fn a_connection_closed_without_a_reply_is_reported_as_lost() {
    run(async {
        let server = Server::start(|_| Reply::raw("").then(Then::Close));
        let error = anonymous(&server).all_tags().await.failure();
        assert_eq!((error.kind(), server.requests().len()), (&Kind::Network(Network::Reset), 4), "{error}");
        assert!(error.to_string().contains("the server closed the connection before it answered"), "{error}");
    });
}

#[test]
fn plain_http_to_a_tls_port_is_distinguished_from_other_refusals() {
    for body in [
        "Client sent an HTTP request to an HTTPS server.\n",
        "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>",
        "Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />",
    ] {
        run(async {
            let server = Server::start(move |_| Reply::status(400).body(body));
            let error = anonymous(&server).tagged("v1").await.expect_err("TLS");
            assert_eq!(error.kind(), &Kind::Protocol(Fault::TlsPort), "{error}");
        });
    }
}
