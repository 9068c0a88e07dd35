//! `redirects.json`: which redirects are followed, and with which headers.

use registry_fixture::Tls;
use registry_ls::Error;
use registry_ls::http::Options;
use registry_ls::http::internals::redirect_target;
use registry_ls::keychain::Keychain;
use registry_ls::name::{Algorithm, Digest};
use registry_ls::trust::{self, Trust};
use reqwest::Method;
use serde_json::{Value, json};
use test_support::tls::ServerCertificate;
use test_support::{Reply, Request, Server};
use url::Url;

use crate::driven::{anonymous, as_user, at, exit_code, hasty, names, run, trusting};
use crate::exemptions::{Case, check};
use crate::values::text;

#[test]
fn all() {
    check("redirects.json", |case| match case.kind.as_str() {
        "redirect" => redirect(case),
        kind => panic!("unknown kind {kind}"),
    });
}

fn tags() -> Reply {
    Reply::json(r#"{"name":"team/app","tags":["a"]}"#)
}

fn to(location: &str) -> Reply {
    Reply::status(302).header("Location", location)
}

fn redirect(case: &Case) {
    let expect = &case.expect;
    if case.input.get("from").is_some() {
        return decided(text(&case.input["from"]), text(&case.input["to"]), expect);
    }
    match case.id.as_str() {
        "redir-031" => chain(["a.test", "b.test", "b.test"], expect),
        "redir-032" => chain(["a.test", "b.test", "a.test"], expect),
        "redir-033" => chain(["foo.test", "www.foo.test", "www.foo.test"], expect),
        "redir-034" => decided("https://h:8443/x", "http://h:8443/y", expect),
        "redir-035" | "redir-037" => other_port(expect),
        "redir-036" => chain(["a.test", "b.test", "b.test"], expect),
        "redir-038" => upgraded(expect),
        "redir-039" => asks_for_a_password(expect),
        "redir-040" => token_server_leads_away(expect),
        "redir-041" => deletion(expect),
        "redir-043" => refused(&[Reply::status(302)], expect),
        "redir-044" => round_and_round(expect),
        "redir-045" => {
            assert_eq!(target("https://r.example/v2/", "//evil/../x").expect("allowed").host_str(), Some("evil"));
            decided("https://r.example/v2/", "//evil/..", expect);
        }
        "redir-046" => refused(&["ftp://h/x", "file:///etc/passwd", "data:,x"].map(to), expect),
        "redir-047" => login_page(expect),
        other => panic!("unknown case {other}"),
    }
}

fn target(from: &str, to: &str) -> Result<Url, Error> {
    redirect_target(&Method::GET, &Url::parse(from).expect("a URL"), None, Some(to.as_bytes()))
}

/// What is decided about one step. Credentials go with it when the origin stays the same.
fn decided(from: &str, to: &str, expect: &Value) {
    let to = target(from, to);
    if let Some(followed) = expect.get("followed") {
        assert_eq!(to.is_ok(), *followed, "{to:?}");
    }
    if let Some(forwarded) = expect.get("authorization_forwarded") {
        let same = |to: Url| to.origin() == Url::parse(from).expect("a URL").origin();
        assert_eq!(to.is_ok_and(same), *forwarded);
    }
}

/// From `/v2/…` at the first host over `/1` at the second to `/2` at the third, with a password.
fn chain(hosts: [&'static str; 3], expect: &Value) {
    run(async {
        let server = Server::start(move |request| {
            let port = request.header("host").and_then(|host| host.split(':').nth(1)).expect("a port");
            match request.path() {
                "/1" => to(&format!("http://{}:{port}/2", hosts[2])),
                "/2" => tags(),
                _ if request.authorization().is_none() => Reply::wants_password(),
                _ => to(&format!("http://{}:{port}/1", hosts[1])),
            }
        });
        let options = Options { resolve: names(&server, &hosts), ..hasty() };
        let registry = format!("http://{}:{}", hosts[0], server.port());
        at(&registry, Keychain::explicit("ann", "secret", "the test"), options).all_tags().await.whole();
        let requests = server.requests().split_off(1);
        let sent: Vec<_> = requests.iter().map(|request| request.authorization().is_some()).collect();
        match expect.get("authorization_at") {
            Some(expected) => assert_eq!(json!(sent), *expected),
            None => assert_eq!(sent, [true, false, false]),
        }
        assert!(requests.iter().all(|request| request.header("proxy-authorization").is_none()));
        assert_eq!(expect.get("forwarded").unwrap_or(&json!(false)), false);
    });
}

fn other_port(expect: &Value) {
    run(async {
        let other = Server::start(|_| tags());
        let location = format!("{}/v2/", other.url());
        let server = Server::start(move |request| match request.authorization() {
            None => Reply::wants_password(),
            Some(_) => to(&location),
        });
        as_user(&server, "ann", "secret").all_tags().await.whole();
        assert_eq!(other.requests()[0].authorization().is_some(), expect["authorization_forwarded"]);
    });
}

/// From http to https on the same host and port. The password is for the https side only.
fn upgraded(expect: &Value) {
    run(async {
        let tls = ServerCertificate::of(Tls::SelfSigned).config(&["http/1.1"]);
        let server = Server::with_tls(tls, move |request| {
            let host = request.header("host").expect("a host");
            match request.authorization() {
                _ if !request.tls => to(&format!("https://{host}{}", request.target)),
                None => Reply::wants_password(),
                Some(_) => tags(),
            }
        });
        let trust = Trust::load(trust::Options { insecure: true, ..trust::Options::default() }).expect("a trust");
        let client = trusting(trust, &server.url(), Keychain::explicit("ann", "secret", "the test"), hasty());
        for _ in 0..2 {
            assert_eq!(client.all_tags().await.error.is_none(), expect["followed"]);
        }
        let requests = server.requests();
        let sent = |request: &&Request| request.authorization().is_some();
        assert_eq!(expect["authorization_forwarded"], requests.iter().filter(sent).any(|request| !request.tls));
        assert_eq!(expect["new_challenge_answered"], requests.iter().filter(sent).any(|request| request.tls));
    });
}

/// The registry leads to a server that wants a password.
fn asks_for_a_password(expect: &Value) {
    run(async {
        let other = Server::start(|_| Reply::wants_password());
        let location = format!("{}/v2/", other.url());
        let server = Server::start(move |_| to(&location));
        let error = as_user(&server, "ann", "secret").all_tags().await.failure();
        assert_eq!(expect["exit"], exit_code(&error), "{error}");
        assert!(error.to_string().contains("it gets no credentials"), "{error}");
        assert_eq!(expect["credentials_sent"], other.count(|request| request.authorization().is_some()) > 0);
    });
}

fn token_server_leads_away(expect: &Value) {
    run(async {
        let other = Server::start(|_| Reply::token("token"));
        let location = format!("{}/token", other.url());
        let server = Server::start(move |request| match request.is_for_token() {
            true => to(&location),
            false => Reply::wants_token(request),
        });
        let error = as_user(&server, "ann", "secret").all_tags().await.failure();
        assert!(error.what().contains("redirect") && exit_code(&error) == 5, "{error}");
        assert_eq!((expect["followed"] == true, expect["credentials_sent"] == true), (false, false));
        assert_eq!(other.requests().len(), 0);
    });
}

fn deletion(expect: &Value) {
    for status in [301, 302, 303, 307, 308] {
        run(async {
            let moved = Reply::status(status).header("Location", "/elsewhere");
            let server = Server::start(move |_| moved.clone());
            let digest = Digest::of(Algorithm::Sha256, b"x");
            let error = anonymous(&server).app().delete_manifest(&digest).await.expect_err("not followed");
            assert_eq!(expect["exit"], exit_code(&error), "{error}");
            assert_eq!(expect["method_never_becomes_GET"], server.count(|request| request.method == "GET") == 0);
            assert_eq!(expect["followed"], server.requests().len() > 1);
        });
    }
}

fn refused(replies: &[Reply], expect: &Value) {
    for reply in replies {
        run(async {
            let server = Server::playing([reply.clone()]);
            let error = anonymous(&server).all_tags().await.failure();
            assert_eq!(expect["exit"], exit_code(&error), "{error}");
            assert_eq!(expect.get("followed").unwrap_or(&json!(false)), server.requests().len() > 1);
        });
    }
}

/// To itself, and along a chain of eleven.
fn round_and_round(expect: &Value) {
    for itself in [true, false] {
        run(async {
            let mut hop = 0;
            let server = Server::start(move |request| {
                hop += 1;
                if itself { to(&request.target) } else { to(&format!("/{hop}")) }
            });
            let error = anonymous(&server).all_tags().await.failure();
            assert_eq!(expect["exit"], exit_code(&error), "{error}");
            assert!(error.what().contains("too many redirects"), "{error}");
            assert_eq!(expect["max_redirects"], server.requests().len() - 1);
        });
    }
}

fn login_page(expect: &Value) {
    run(async {
        let server = Server::start(|request| match request.path() {
            "/login" => Reply::status(200).header("Content-Type", "text/html; charset=utf-8").body("<html>Log in"),
            _ => to("/login"),
        });
        let client = anonymous(&server);
        let errors = [client.all_tags().await.failure(), client.tagged("v1").await.expect_err("a page")].map(|error| {
            assert_eq!(expect["exit"], exit_code(&error), "{error}");
            error.to_string()
        });
        for part in expect["text_contains"].as_array().expect("texts") {
            assert!(errors.iter().all(|error| error.contains(text(part))), "{errors:?}");
        }
    });
}
