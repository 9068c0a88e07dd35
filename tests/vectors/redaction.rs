//! `redaction.json`: which parts of a request are logged.

use registry_ls::auth::Credentials;
use registry_ls::http::internals::{redacted_headers, redacted_url};
use registry_ls::name::{Located, Reference};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use test_support::{Reply, Server};
use url::Url;

use crate::driven::{Driven, as_user, client, hasty, keychain, run};
use crate::exemptions::{Case, check};
use crate::log::Log;
use crate::values::text;

#[test]
fn all() {
    check("redaction.json", |case| match case.kind.as_str() {
        "url" => assert_eq!(shown(text(&case.input)), text(&case.expect)),
        "url-allowlist" => allowlist(case),
        "debug-log" => debug_log(case),
        "no-secret" => no_secret(case),
        kind => panic!("unknown kind {kind}"),
    });
}

fn shown(url: &str) -> String {
    redacted_url(&Url::parse(url).expect("a URL"))
}

fn allowlist(case: &Case) {
    assert_eq!(case.expect["shown"], true);
    for name in case.input.as_array().expect("names") {
        let url = format!("https://registry.example.test/v2/?{}=canary", text(name));
        assert_eq!(shown(&url), url);
    }
    let hidden = text(&case.expect["every_other_query_value"]);
    for name in ["access_token", "X-Amz-Signature", "account", "N", "scopes"] {
        assert_eq!(shown(&format!("https://r.test/?{name}=canary")), format!("https://r.test/?{name}={hidden}"));
    }
}

fn debug_log(case: &Case) {
    let logged = match (case.input.get("headers"), case.input["body"].as_str()) {
        (Some(headers), _) => headers_shown(headers),
        (None, Some(body)) => body_read(body),
        (None, None) => conversation(&case.input),
    };
    let logged = logged.to_lowercase();
    // A token has no blanks; a header has its name in lower case.
    let all = |what: &str| {
        let texts = case.expect[what].as_array().into_iter().flatten();
        texts.map(|part| text(part).replace(' ', "-").to_lowercase()).collect::<Vec<_>>()
    };
    assert!(all("contains").iter().all(|part| logged.contains(part)), "{logged}");
    assert!(all("contains_not").iter().all(|part| !logged.contains(part)), "{logged}");
}

fn headers_shown(headers: &Value) -> String {
    let pair = |(name, value): (&String, &Value)| {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
        (name, HeaderValue::from_str(text(value)).expect("a value"))
    };
    let headers: HeaderMap = headers.as_object().expect("headers").iter().map(pair).collect();
    redacted_headers(&headers).collect::<Vec<_>>().join("\n")
}

/// A token server's reply is read all the same.
fn body_read(body: &str) -> String {
    let log = Log::begin();
    run(async {
        let body = body.to_owned();
        let server = Server::start(move |request| match request.authorization() {
            _ if request.is_for_token() => Reply::json(body.as_str()),
            None => Reply::wants_token(request),
            Some(_) => Reply::json(r#"{"tags":["a"]}"#),
        });
        let listed = as_user(&server, "ann", "hunter2").all_tags().await;
        assert!(listed.error.is_some() || listed.names == ["a"]);
        assert_eq!(listed.error.is_none(), text_has_token(&server));
    });
    log.text()
}

/// Whether the registry was sent a token: then the body was readable.
fn text_has_token(server: &Server) -> bool {
    server.count(|request| request.authorization().is_some_and(|sent| sent.starts_with("Bearer "))) > 0
}

/// A registry token is sent; a fetched token is sent; a header is echoed.
fn conversation(input: &Value) -> String {
    let dashed = |name: &str| text(&input[name]).replace(' ', "-");
    let (sent, given, canary) =
        (dashed("Authorization"), dashed("token response body"), dashed("other response header"));
    let log = Log::begin();
    run(async {
        let token = given.clone();
        let server = Server::start(move |request| match request.is_for_token() {
            true => Reply::token(&given),
            false if request.has_token(&given) => Reply::json(r#"{"tags":["a"]}"#).header("X-Other", canary.as_str()),
            false => Reply::wants_token(request),
        });
        let config = json!({ "auths": { server.host(): { "registrytoken": sent, "auth": "YW5uOnNlY3JldA==" } } });
        let client = client(&server, keychain(config.to_string()), hasty());
        client.all_tags().await;
        // Both went over the wire, so that they could have been shown.
        assert!(server.count(|request| request.has_token(&sent)) > 0);
        as_user(&server, "ann", "hunter2").all_tags().await.whole();
        assert!(server.count(|request| request.has_token(&token)) > 0);
    });
    log.text()
}

fn no_secret(case: &Case) {
    assert_eq!(case.expect["SECRET_in_any_output"], false);
    let shown = match case.id.as_str() {
        "redact-017" => of_a_config(),
        "redact-018" => text(&case.input["ref"]).parse::<Located<Reference>>().expect_err("refused").to_string(),
        "redact-021" => of_debug(),
        "redact-023" => of_an_echo(text(&case.input["registry echoes Authorization in its error body"])),
        other => panic!("unknown case {other}"),
    };
    assert!(!shown.contains("SECRET") && !shown.contains("U0VDUkVU"), "{shown}");
}

/// Lists tags, expects a refusal, and returns all text that the client produces about it.
async fn output(server: &Server, client: &Driven, log: &Log) -> String {
    let error = client.all_tags().await.failure();
    assert!(server.count(|request| request.authorization().is_some()) > 0);
    format!("{error}\n{error:?}\n{:?}\n{}", client.client, log.text())
}

/// `ann:SECRET` in base64 is `YW5uOlNFQ1JFVA==`, and `SECRET` alone `U0VDUkVU`.
fn of_a_config() -> String {
    let log = Log::begin();
    let output = run(async {
        let server = Server::start(|_| Reply::wants_password());
        let config = json!({ "auths": { server.host(): { "auth": "YW5uOlNFQ1JFVA==" } } });
        output(&server, &client(&server, keychain(config.to_string()), hasty()), &log).await
    });
    assert!(!output.contains("YW5uOlNFQ1JFVA"), "{output}");
    output
}

fn of_debug() -> String {
    let credentials = [
        Credentials::basic("ann", "SECRET").expect("credentials"),
        Credentials::IdentityToken { username: None, token: "SECRET".into(), password: Some("SECRET".into()) },
        Credentials::RegistryToken("SECRET".into()),
    ];
    format!("{credentials:?}")
}

/// The password, the token and the whole header come back.
fn of_an_echo(secret: &str) -> String {
    let log = Log::begin();
    let secret = secret.to_owned();
    run(async {
        let echoed = secret.clone();
        let server = Server::start(move |request| {
            let Some(sent) = request.authorization() else { return Reply::wants_password() };
            let message = format!("you sent {sent}, that is {echoed} by {echoed}@example");
            let body =
                json!({ "errors": [{ "code": "DENIED", "message": message, "detail": { "password": echoed } }] });
            Reply::status(403).header("X-Said", message).body(body.to_string())
        });
        output(&server, &as_user(&server, "ann", &secret), &log).await
    })
}
