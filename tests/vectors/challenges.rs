//! `challenges.json`: what a 401 requires, and which token servers are allowed.
//!
//! Of the conversations (`flow`, `ping`, `insufficient-scope`) the step is checked that the challenge decides; they are
//! held as wholes in [`conversations`](crate::conversations).

use registry_ls::auth::internals::{RawChallenge, parse_line};
use registry_ls::auth::{
    Action, BearerChallenge, Challenge, Credentials, Permission, Scopes, Token, TokenMethod, TokenRequest, challenges,
    preferred, token_server,
};
use registry_ls::name::Registry;
use registry_ls::{Kind, Result};
use secrecy::ExposeSecret;
use serde_json::Value;
use url::Url;

use crate::conversations::OF_THE_TRANSPORT;
use crate::exemptions::{Case, check};
use crate::values::text;

#[test]
fn all() {
    check("challenges.json", |case| match case.kind.as_str() {
        "parse" => parse(case),
        "select" => select(case),
        "cache-key" => one_key(case),
        "bearer" => without_realm(case),
        "realm" => realm(case),
        "ping" => ping(case),
        "insufficient-scope" => insufficient_scope(case),
        "flow" if OF_THE_TRANSPORT.contains(&case.id.as_str()) => {}
        "flow" => flow(case),
        kind => panic!("unknown kind {kind}"),
    });
}

fn url(value: &Value) -> Url {
    text(value).parse().unwrap_or_else(|error| panic!("{error}"))
}

fn lines(input: &Value) -> Vec<&str> {
    input["www_authenticate"].as_array().expect("header lines").iter().map(text).collect()
}

fn read(input: &Value) -> Vec<Challenge> {
    challenges(lines(input).into_iter().map(str::as_bytes))
}

fn chosen(input: &Value) -> Result<Challenge> {
    preferred(read(input))
}

fn bearer(input: &Value) -> BearerChallenge {
    match chosen(input) {
        Ok(Challenge::Bearer(bearer)) => bearer,
        other => panic!("{other:?} is no Bearer challenge"),
    }
}

fn is_usable(raw: &RawChallenge) -> bool {
    ["bearer", "basic"].contains(&raw.scheme.to_ascii_lowercase().as_str())
}

fn parse(case: &Case) {
    let (mut raw, mut malformed) = (Vec::new(), Vec::new());
    for line in lines(&case.input) {
        let (whole, wrong) = parse_line(line.as_bytes());
        raw.extend(whole);
        malformed.extend(wrong);
    }
    let may_be_malformed = !case.expect["error"].is_null() || case.expect.get("or").is_some();
    if !malformed.is_empty() {
        assert!(may_be_malformed, "{malformed:?}");
        // What comes before the error is kept, except where it is not known what is meant.
        assert!(raw.len() <= 1 && raw.iter().all(|challenge| challenge.param("service").is_none()), "{raw:?}");
        assert!(raw.is_empty() || case.expect["error"] == "malformed", "{raw:?}");
        return;
    }
    if !case.expect["error"].is_null() {
        assert_eq!(case.expect["or"], "drop the incomplete parameter", "no error, but {raw:?}");
        assert!(raw.iter().all(|challenge| challenge.param("service").is_none()), "{raw:?}");
        return;
    }
    if let Some(expected) = case.expect["challenges"].as_array() {
        assert_challenges(&raw, expected);
    }
    if let Some(usable) = case.expect["usable"].as_u64() {
        assert_eq!(raw.iter().filter(|challenge| is_usable(challenge)).count() as u64, usable);
        assert_eq!(chosen(&case.input).is_ok(), usable > 0);
    }
    if let Some(scopes) = case.expect["token_url_scope_params"].as_array() {
        let challenge = bearer(&case.input);
        let parsed = Scopes::parse(challenge.scope.as_deref().expect("a scope"));
        let realm = challenge.realm.parse().expect("a URL");
        let attempts = TokenRequest::attempts(&realm, &challenge, &parsed, &Credentials::Anonymous, "test");
        let sent: Vec<String> =
            attempts[0].url.query_pairs().filter(|(name, _)| name == "scope").map(|(_, scope)| scope.into()).collect();
        assert_eq!(sent, scopes.iter().map(text).collect::<Vec<_>>());
    }
}

/// Unexpected schemes are ignored; parameters are compared as a set.
fn assert_challenges(raw: &[RawChallenge], expected: &[Value]) {
    let is_expected = |challenge: &&RawChallenge| {
        is_usable(challenge) || expected.iter().any(|one| challenge.scheme.eq_ignore_ascii_case(text(&one["scheme"])))
    };
    let raw: Vec<&RawChallenge> = raw.iter().filter(is_expected).collect();
    assert_eq!(raw.len(), expected.len(), "{raw:?}");
    for (challenge, expected) in raw.into_iter().zip(expected) {
        assert!(challenge.scheme.eq_ignore_ascii_case(text(&expected["scheme"])), "{challenge:?}");
        if let Some(params) = expected["params"].as_object() {
            assert_eq!(challenge.params.len(), params.len(), "{challenge:?}");
            for (name, value) in params {
                assert_eq!(challenge.param(name), value.as_str(), "{name}");
            }
        }
    }
}

/// Each header line stays a challenge of its own, so that a policy can be applied to each.
fn select(case: &Case) {
    let wanted = text(&case.input["filter"]).strip_prefix("service==").expect("a filter");
    let keeps = |challenge: &Challenge| match challenge {
        Challenge::Bearer(bearer) => bearer.service.as_deref() == Some(wanted),
        _ => false,
    };
    let kept: Vec<Challenge> = read(&case.input).into_iter().filter(keeps).collect();
    assert_eq!(case.expect["kept"], kept.len());
    let Ok(Challenge::Bearer(bearer)) = preferred(kept) else { panic!("no Bearer challenge") };
    assert_eq!(bearer.service.as_deref(), case.expect["service"].as_str());
}

/// The cache of a registry ignores the case of its host name.
fn one_key(case: &Case) {
    assert_eq!(case.expect["lookup_with_lowercased_host_port_finds_it"], true);
    let host = text(&case.input["host"]);
    let registry = |text: &str| text.parse::<Registry>().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(registry(host), registry(&host.to_lowercase()));
}

fn without_realm(case: &Case) {
    let params = case.input["params"].as_object().expect("parameters");
    let params: Vec<String> = params.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let header = format!("Bearer {}", params.join(","));
    match preferred(challenges([header.as_bytes()])) {
        Err(error) => assert_eq!((error.kind(), &case.expect["error"]), (&Kind::Unauthenticated, &Value::Bool(true))),
        Ok(_) => assert_eq!(case.expect["error"], false),
    }
}

fn realm(case: &Case) {
    let realm = token_server(&url(&case.input["registry"]), None, text(&case.input["realm"]));
    assert_eq!(realm.is_ok(), case.expect["allowed"], "{realm:?}");
    if let Err(error) = realm {
        assert_eq!(error.kind(), &Kind::UnsafeRealm);
    }
}

fn ping(case: &Case) {
    let chosen = chosen(&case.input);
    if case.input["status"] == 200 {
        assert_eq!(case.expect["auth"], "none");
        assert!(read(&case.input).is_empty());
        return;
    }
    if let Some(error) = case.expect.get("error") {
        let message = chosen.expect_err("nothing to answer").to_string();
        let schemes = error.as_str().and_then(|text| text.split_once(": "));
        assert!(schemes.is_none_or(|(_, schemes)| message.contains(schemes)), "{message}");
        return;
    }
    let realm = match chosen.expect("a challenge") {
        Challenge::Basic { realm } if case.expect["use"] == "basic" => realm,
        Challenge::Bearer(bearer) if case.expect["use"] == "bearer" => bearer.realm,
        other => panic!("{other:?}"),
    };
    assert_eq!(realm.is_empty(), case.expect["params"] != 1);
}

/// Whether a token for another scope is worth asking for.
fn insufficient_scope(case: &Case) {
    let missing = match chosen(&case.input) {
        Ok(Challenge::Bearer(bearer)) if bearer.error.as_deref() == Some("insufficient_scope") => {
            bearer.scope.as_deref().map(Scopes::parse).filter(|scopes| !scopes.is_empty())
        }
        _ => None,
    };
    match case.expect.get("retry_with_scope") {
        Some(scope) => assert_eq!(missing.expect("scopes").to_string(), text(scope)),
        None => {
            assert_eq!(case.expect["retry"], false);
            assert!(missing.is_none(), "{missing:?}");
        }
    }
}

fn flow(case: &Case) {
    let (input, expect) = (&case.input, &case.expect);
    if input.get("token_endpoint").is_some() {
        return token_flow(input, expect);
    }
    if let Some(expected) = expect.get("token_url_resolved_against_registry") {
        let realm = token_server(&url(&input["registry"]), None, &bearer(input).realm).expect("a token server");
        return assert_eq!(realm, url(expected));
    }
    if expect["credentials_sent"] == false {
        assert_eq!(expect["error"], "refused");
        let realm = token_server(&url(&input["registry"]), None, &bearer(input).realm);
        return assert_eq!(realm.expect_err("refused").kind(), &Kind::UnsafeRealm);
    }
    match chosen(input) {
        Err(error) => {
            assert_eq!(expect["error"], "empty challenge");
            assert!(error.causes()[0].contains("no authentication method offered"), "{error}");
        }
        Ok(Challenge::Basic { .. }) => basic_flow(input, expect),
        Ok(other) => panic!("{other:?}"),
    }
}

fn basic_flow(input: &Value, expect: &Value) {
    let header = |credentials: &Credentials| credentials.basic_header().map(|header| header.expose_secret().to_owned());
    if expect.get("error_contains").is_some() {
        assert!(input["creds"].is_null());
        return assert_eq!(header(&Credentials::Anonymous), None);
    }
    assert!(expect["ok"] == true || expect["retry_with"] == "Basic base64(user:pass)", "{expect}");
    let credentials = Credentials::basic("user", "pass").expect("credentials");
    assert_eq!(header(&credentials).as_deref(), Some("Basic dXNlcjpwYXNz"));
}

/// The first attempt that the token server knows the method of brings a token.
fn token_flow(input: &Value, expect: &Value) {
    let credentials = match input["creds"].as_str() {
        None => Credentials::Anonymous,
        Some("identity token") => Credentials::IdentityToken { username: None, token: "t".into(), password: None },
        Some(pair) => {
            let (username, password) = pair.split_once('/').expect("user/password");
            Credentials::basic(username, password).expect("credentials")
        }
    };
    let realm = "https://auth.example/token".parse().expect("a URL");
    let challenge = BearerChallenge { realm: String::new(), service: None, scope: None, error: None, malformed: None };
    let repository = "testname".parse().expect("a repository");
    let scopes = Scopes::for_permission(&Permission::on(&repository, Action::Pull));
    let attempts = TokenRequest::attempts(&realm, &challenge, &scopes, &credentials, "test");
    let wanted = if input["token_endpoint"] == "GET only" { TokenMethod::Get } else { TokenMethod::Post };
    let attempt = attempts.iter().find(|attempt| attempt.method == wanted).expect("an attempt by that method");
    assert_eq!(expect["ok"], true);
    if let Some(grant) = expect.get("grant_type") {
        let body = attempt.body().expect("a form");
        assert!(body.expose_secret().starts_with(&format!("grant_type={}&", text(grant))), "{}", body.expose_secret());
    }
    if let Some(body) = input.get("token_body") {
        assert!(Token::parse(text(body).as_bytes()).is_ok());
    }
}
