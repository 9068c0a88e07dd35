//! The kinds of `retries.json` about tokens: how the token server's reply is parsed, and a token's lifetime.

use std::time::{Duration, Instant};

use registry_ls::Kind;
use registry_ls::auth::Token;
use secrecy::ExposeSecret;
use serde_json::json;

use crate::exemptions::{Case, check};

/// The kinds that are checked here.
pub const OF_TOKENS: &[&str] = &["token-body", "token-clock"];

#[test]
fn all() {
    check("retries.json", |case| match case.kind.as_str() {
        "token-body" => body(case),
        "token-clock" => clock(case),
        kind => assert!(!OF_TOKENS.contains(&kind), "unknown kind {kind}"),
    });
}

fn body(case: &Case) {
    let token = Token::parse(case.input.as_str().expect("a body").as_bytes());
    if case.expect["error"] == true {
        return assert!(matches!(token.expect_err("it is refused").kind(), Kind::Protocol(_)));
    }
    let token = token.expect("a token");
    if case.expect["error"] == false {
        return;
    }
    let expected = format!("Bearer {}", case.expect["token"].as_str().expect("a token"));
    assert_eq!(token.authorization().expose_secret(), expected);
    assert_eq!(case.expect["expires"], format!("now+{}", token.lifetime().as_secs()));
}

/// One client, with a request at each of these seconds.
fn clock(case: &Case) {
    let start = Instant::now();
    let body = json!({"token": "t", "expires_in": case.input["expires_in"]}).to_string();
    let (mut fetches, mut held): (u32, Option<Token>) = (0, None);
    for second in case.input["requests_at_s"].as_array().expect("seconds") {
        let now = start + Duration::from_secs(second.as_u64().expect("seconds"));
        if !held.as_ref().is_some_and(|token| token.is_fresh_at(now)) {
            held = Some(Token::parse_received(body.as_bytes(), now).expect("a token"));
            fetches += 1;
        }
    }
    assert_eq!(case.expect["token_requests"], fetches);
}
