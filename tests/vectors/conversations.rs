//! The kinds of `challenges.json` that are conversations: which server gets which requests, in which order.
//!
//! What a challenge alone decides is tested in `challenges`; here a client talks to a registry and its token server.

use registry_ls::error::Refuser;
use registry_ls::keychain::Keychain;
use registry_ls::{Error, Kind};
use serde_json::{Value, json};
use test_support::{Reply, Request, Server};

use crate::driven::{Driven, anonymous, as_user, client, exit_code, hasty, keychain, run};
use crate::exemptions::{Case, check};
use crate::values::text;

/// Kinds that are no conversations.
const OF_ONE_HEADER: &[&str] = &["parse", "select", "cache-key", "bearer", "realm"];

/// Cases that are no question of the challenge.
pub const OF_THE_TRANSPORT: &[&str] = &["chal-076", "chal-078", "chal-145", "chal-147", "chal-148"];

/// Cases that the challenge decides alone: its server has a public name, or there was a token before.
const OF_THE_CHALLENGE: &[&str] = &["chal-062", "chal-087"];

const PASSWORD: &str = "Basic dXNlcjpwYXNz";

#[test]
fn all() {
    check("challenges.json", |case| match case.kind.as_str() {
        _ if OF_THE_CHALLENGE.contains(&case.id.as_str()) => {}
        "ping" => ping(case),
        "insufficient-scope" => insufficient_scope(case),
        "flow" => flow(case),
        kind => assert!(OF_ONE_HEADER.contains(&kind), "unknown kind {kind}"),
    });
}

fn tags() -> Reply {
    Reply::json(r#"{"name":"team/app","tags":["a"]}"#)
}

/// A 401, or another status, with the challenges of a case. Whatever host a realm is on, it is the server's own.
fn challenging(input: &Value, request: &Request) -> Reply {
    let status = input["status"].as_u64().unwrap_or(401) as u16;
    let host = request.header("host").expect("a host");
    let lines = input["www_authenticate"].as_array().expect("header lines").iter().map(text);
    lines.fold(Reply::error(status, "UNAUTHORIZED"), |reply, line| {
        let line = line.replace("https://registry.suse.com/auth", &format!("http://{host}/token"));
        reply.header("WWW-Authenticate", line.replace("http://auth.example.com/token", &format!("http://{host}/token")))
    })
}

/// A registry with the challenges of a case; it takes one password and one token.
async fn registry(input: &Value) -> Server {
    let input = input.clone();
    Server::start(move |request| {
        if request.path().starts_with("/token") {
            return Reply::token("token");
        }
        match request.authorization() {
            Some("Bearer token" | PASSWORD) => Reply::json(r#"{"tags":["a"],"repositories":["a"]}"#),
            _ => challenging(&input, request),
        }
    })
}

async fn sent(server: &Server, client: &Driven) -> (Option<Error>, Vec<Request>) {
    let error = client.all_tags().await.error;
    (error, server.requests())
}

fn ping(case: &Case) {
    let (input, expect) = (&case.input, &case.expect);
    run(async {
        if input["status"] == 200 {
            let server = Server::start(|_| tags());
            let (error, requests) = sent(&server, &as_user(&server, "user", "pass")).await;
            assert!(error.is_none() && requests.iter().all(|request| request.authorization().is_none()));
            // The second request asks the root of the registry for a challenge, as there are credentials to answer one.
            return assert_eq!((text(&expect["auth"]), requests.len(), requests[1].path()), ("none", 2, "/v2/"));
        }
        let server = registry(input).await;
        let (error, requests) = sent(&server, &as_user(&server, "user", "pass")).await;
        let answer = requests.last().and_then(|request| request.authorization());
        match expect["use"].as_str() {
            Some("basic") => assert_eq!((answer, error.is_none()), (Some(PASSWORD), true)),
            Some("bearer") => assert_eq!((answer, error.is_none()), (Some("Bearer token"), true)),
            _ => {
                let error = error.expect("nothing to answer");
                assert_eq!((exit_code(&error), requests.len()), (4, 1), "{error}");
            }
        }
    });
}

fn insufficient_scope(case: &Case) {
    run(async {
        let server = registry(&case.input).await;
        let listed = anonymous(&server).all_repositories(10).await;
        let requests = server.requests();
        let Some(scope) = case.expect.get("retry_with_scope") else {
            assert_eq!(case.expect["retry"], false);
            return assert_eq!((exit_code(&listed.failure()), requests.len()), (4, 1));
        };
        assert_eq!(listed.whole(), ["a"]);
        assert_eq!(requests[1].query("scope").as_deref(), Some(text(scope)));
        assert_eq!(requests[1].query("service").as_deref(), Some("SUSE Linux Docker Registry"));
    });
}

fn flow(case: &Case) {
    let (input, expect) = (&case.input, &case.expect);
    match case.id.as_str() {
        "chal-059" | "chal-064" => no_challenge(input, expect),
        "chal-060" | "chal-071" | "chal-077" => password(input, expect),
        "chal-061" => relative_realm(input, expect),
        "chal-072" | "chal-073" | "chal-074" | "chal-075" => token_server(input, expect),
        "chal-076" => useless_token(input, expect),
        "chal-078" => wrong_password(input, expect),
        "chal-145" => refused_by_the_token_server(expect),
        "chal-147" => empty_token(expect),
        "chal-148" => without_challenge(expect),
        other => panic!("unknown case {other}"),
    }
}

fn no_challenge(input: &Value, expect: &Value) {
    assert_eq!(expect["error"], "empty challenge");
    run(async {
        let server = registry(input).await;
        let (error, requests) = sent(&server, &as_user(&server, "user", "pass")).await;
        let error = error.expect("no challenge");
        assert_eq!((error.kind(), requests.len(), requests[1].path()), (&Kind::UnusableChallenge, 2, "/v2/"));
        assert!(error.to_string().contains("no authentication method offered"), "{error}");
        assert!(error.has_code("UNAUTHORIZED"));
    });
}

fn password(input: &Value, expect: &Value) {
    run(async {
        let server = registry(input).await;
        let known = input.get("creds").is_none_or(|creds| !creds.is_null());
        let client = if known { as_user(&server, "user", "pass") } else { anonymous(&server) };
        let (error, requests) = sent(&server, &client).await;
        if expect.get("error_contains").is_some() {
            return assert_eq!((error.expect("no password").kind(), requests.len()), (&Kind::Unauthenticated, 1));
        }
        assert!(error.is_none(), "{error:?}");
        assert_eq!(requests[1].authorization(), Some(PASSWORD));
        // From then on it is sent at once.
        client.all_tags().await.whole();
        assert_eq!(server.requests().len(), 3);
    });
}

fn relative_realm(input: &Value, expect: &Value) {
    run(async {
        let server = registry(input).await;
        let (error, requests) = sent(&server, &as_user(&server, "user", "pass")).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!(format!("http://reg{}", requests[1].path()), text(&expect["token_url_resolved_against_registry"]));
        assert_eq!(requests[1].authorization(), Some(PASSWORD));
    });
}

/// A token server that knows one method, and takes one user with one password or one identity token.
fn token_server(input: &Value, expect: &Value) {
    let method = text(&input["token_endpoint"]).split(' ').next().expect("a method").to_owned();
    let body = input["token_body"].as_str().unwrap_or(r#"{"access_token":"token"}"#).to_owned();
    let wrong = input["wrong_creds_body"].as_str().map(str::to_owned);
    let grant = expect["grant_type"].as_str().map(str::to_owned);
    run(async {
        let given: Value = serde_json::from_str(&body).expect("JSON");
        let token = text(&given["access_token"]).to_owned();
        let server = Server::start(move |request| match request.is_for_token() {
            true if request.method != method => Reply::status(405),
            true if request.authorization().is_some_and(|sent| sent == "Basic dXNlcjE6d3Jvbmc=") => {
                Reply::json(wrong.clone().expect("a body"))
            }
            true => Reply::json(body.as_str()),
            false if request.has_token(&token) => tags(),
            false => Reply::wants_token(request),
        });
        let credentials = match input["creds"].as_str() {
            None => Keychain::anonymous(),
            Some("identity token") => {
                keychain(json!({ "auths": { server.host(): { "identitytoken": "t" } } }).to_string())
            }
            Some(_) => Keychain::explicit("user1", "password1", "the test"),
        };
        let (error, requests) = sent(&server, &client(&server, credentials, hasty())).await;
        assert_eq!(error.is_none(), expect["ok"], "{error:?}");
        let request = requests.iter().rfind(|request| request.is_for_token()).expect("a token request");
        if let Some(grant) = grant {
            assert!(request.body.starts_with(&format!("grant_type={grant}&")), "{}", request.body);
        }
        if input.get("wrong_creds_body").is_some() {
            let error = as_user(&server, "user1", "wrong").all_tags().await.failure();
            assert_eq!(exit_code(&error), 4, "{error}");
        }
    });
}

/// A registry that takes no token.
async fn never_content(token: &str) -> Server {
    let body = token.to_owned();
    Server::start(move |request| match request.is_for_token() {
        true => Reply::json(body.as_str()),
        false => Reply::wants_token(request),
    })
}

fn useless_token(input: &Value, expect: &Value) {
    assert_eq!((text(&expect["error"]), expect["loop"] == true), ("invalid authorization", false));
    run(async {
        let server = never_content(text(&input["token_body"])).await;
        let client = as_user(&server, "user", "pass");
        for _ in 0..2 {
            let before = server.requests().len();
            let error = client.all_tags().await.failure();
            assert_eq!(exit_code(&error), 4);
            let requests = server.requests().split_off(before);
            let tokens = requests.iter().filter(|request| request.is_for_token()).count();
            assert!(tokens <= 2 && requests.len() - tokens <= 3, "{requests:?}");
        }
    });
}

fn wrong_password(input: &Value, expect: &Value) {
    let then = &input["then"];
    let (status, body) = (then["status"].as_u64().expect("a status") as u16, text(&then["body"]).to_owned());
    run(async {
        let server = Server::start(move |request| match request.authorization() {
            None => Reply::wants_password(),
            Some(_) => Reply::status(status).body(body.as_str()),
        });
        let (error, requests) = sent(&server, &as_user(&server, "user", "wrong")).await;
        let error = error.expect("denied");
        assert_eq!(expect["error_status"], error.reply().expect("a reply").status);
        assert!(error.has_code("DENIED") && requests.len() == 2, "{error}");
        let Kind::Denied(denial) = error.kind() else { panic!("{error:?}") };
        let identity = denial.identity.as_ref().expect("an identity");
        assert_eq!((identity.username.as_deref(), identity.source.as_str()), (Some("user"), "the test"));
    });
}

fn refused_by_the_token_server(expect: &Value) {
    run(async {
        let server = Server::start(|request| match request.is_for_token() {
            true => Reply::wants_password(),
            false => Reply::wants_token(request),
        });
        let (error, requests) = sent(&server, &as_user(&server, "user", "wrong")).await;
        let error = error.expect("refused");
        assert_eq!(expect["exit"], exit_code(&error));
        let Kind::Denied(denial) = error.kind() else { panic!("{error:?}") };
        assert_eq!(denial.by, Refuser::TokenServer(server.host()));
        assert_eq!(expect["token_requests_max"], requests.iter().filter(|request| request.is_for_token()).count());
    });
}

/// Harbor gives a token for any password; it grants nothing.
fn empty_token(expect: &Value) {
    // {"alg":"none"}, {"access":[],"sub":""}
    let token = json!({ "token": "eyJhbGciOiJub25lIn0.eyJhY2Nlc3MiOltdLCJzdWIiOiIifQ.e30" }).to_string();
    run(async {
        let server = never_content(&token).await;
        let (error, _) = sent(&server, &as_user(&server, "user", "wrong")).await;
        let error = error.expect("denied");
        assert_eq!(expect["exit"], exit_code(&error));
        assert!(error.to_string().contains("the token grants nothing"), "{error}");
    });
}

fn without_challenge(expect: &Value) {
    run(async {
        let server = Server::start(|_| tags());
        let (error, requests) = sent(&server, &as_user(&server, "user", "pass")).await;
        assert!(error.is_none());
        assert_eq!(expect["authorization_sent"], requests.iter().any(|request| request.authorization().is_some()));
    });
}

#[test]
fn a_basic_challenge_after_a_refused_token_is_answered() {
    run(async {
        let (mut given, mut lists) = (0, 0);
        let server = Server::start(move |request| {
            if request.is_for_token() {
                given += 1;
                return Reply::token(&format!("token-{given}"));
            }
            match request.authorization() {
                None => Reply::wants_token(request),
                // Every token is good for one request.
                Some(_) if request.has_token(&format!("token-{given}")) && lists < given => {
                    lists = given;
                    tags()
                }
                Some(_) => Reply::wants_password(),
            }
        });
        let client = anonymous(&server);
        client.all_tags().await.whole();
        let before = server.requests().len();
        client.all_tags().await.whole();
        let requests = server.requests().split_off(before);
        let tokens = requests.iter().filter(|request| request.is_for_token()).count();
        assert_eq!((tokens, requests.len() - tokens), (1, 3), "{requests:?}");
    });
}

/// Pull secrets, each with a password of `ann`.
fn pull_secrets(host: &str, passwords: &[&str]) -> Keychain {
    let secret = |password: &&str| {
        let config = json!({ "auths": { host: { "username": "ann", "password": password } } }).to_string();
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: {password}}}\ntype: kubernetes.io/dockerconfigjson\n\
             stringData: {{.dockerconfigjson: {config:?}}}\n---\n"
        )
    };
    keychain(passwords.iter().map(secret).collect::<String>())
}

#[test]
fn credentials_refused_later_are_dropped() {
    run(async {
        let mut count = 0;
        // ann:old is good for the first two lists, ann:new for the others.
        let server = Server::start(move |request| {
            let good = if count < 2 { "Basic YW5uOm9sZA==" } else { "Basic YW5uOm5ldw==" };
            if request.authorization() != Some(good) {
                return Reply::wants_password();
            }
            count += 1;
            Reply::json(r#"{"tags":["a"],"repositories":["a"]}"#)
        });
        let client = client(&server, pull_secrets(&server.host(), &["old", "new"]), hasty());
        // Both at once, so that each finds out for itself.
        let (tags, repositories) = futures::join!(client.all_tags(), client.all_repositories(10));
        assert_eq!(tags.whole(), repositories.whole());
        client.all_tags().await.whole();
        let before = server.requests().len();
        client.all_repositories(10).await.whole();
        let sent = server.requests().split_off(before);
        assert!(sent.iter().all(|request| request.authorization() == Some("Basic YW5uOm5ldw==")), "{sent:?}");
    });
}

#[test]
fn several_credentials_are_tried_in_order_and_the_accepted_ones_kept() {
    run(async {
        let server = Server::start(|request| match request.authorization() {
            // ann:new
            Some("Basic YW5uOm5ldw==") => tags(),
            _ => Reply::wants_password(),
        });
        let client = client(&server, pull_secrets(&server.host(), &["old", "new", "never"]), hasty());
        for _ in 0..2 {
            client.all_tags().await.whole();
        }
        let sent: Vec<_> = server.requests().iter().map(|request| request.authorization().map(str::to_owned)).collect();
        let (old, new) = (Some("Basic YW5uOm9sZA==".to_owned()), Some("Basic YW5uOm5ldw==".to_owned()));
        assert_eq!(sent, [None, old, new.clone(), new]);
    });
}

#[test]
fn a_registry_token_is_sent_unchanged_and_kept() {
    run(async {
        let server = Server::start(|request| match request.has_token("mine") {
            true => tags(),
            false => Reply::wants_token(request),
        });
        let config = json!({ "auths": { server.host(): { "registrytoken": "mine" } } }).to_string();
        let client = client(&server, keychain(config), hasty());
        for _ in 0..2 {
            client.all_tags().await.whole();
        }
        assert_eq!((server.count(|request| request.is_for_token()), server.requests().len()), (0, 3));
    });
}

#[test]
fn concurrent_requests_share_one_token() {
    run(async {
        let server = Server::start(|request| match request.is_for_token() {
            true => Reply::token("token"),
            false if request.has_token("token") => tags(),
            false => Reply::wants_token(request),
        });
        let client = anonymous(&server);
        let lists = futures::future::join_all((0..40).map(|_| client.all_tags())).await;
        assert!(lists.into_iter().all(|listed| listed.whole() == ["a"]));
        assert_eq!(server.count(|request| request.is_for_token()), 1);
    });
}
