//! A token server's reply: an accepted token is a valid header value and lives from a minute to a day.

use registry_ls::auth::{Claims, Token};
use secrecy::ExposeSecret;
use serde_json::Value;

use super::vectors;

pub fn seeds() -> Vec<Vec<u8>> {
    let file = include_str!("../../../fixtures/vectors/retries.json");
    let mut seeds = vectors::texts(file, &["token-body"]);
    // {"sub":"ann","exp":1514800902,"access":[{"type":"repository","class":"x","name":"a/b","actions":["pull"]}]}
    let jwt = "e30.eyJzdWIiOiJhbm4iLCJleHAiOjE1MTQ4MDA5MDIsImFjY2VzcyI6W3sidHlwZSI6InJlcG9zaXRvcnkiLCJjbGFzcyI6IngiLCJuYW1lIjoiYS9iIiwiYWN0aW9ucyI6WyJwdWxsIl19XX0.c2ln";
    seeds.push(format!(r#"{{"token":"{jwt}","expires_in":"300.5","refresh_token":"r"}}"#).into());
    seeds.push(br#"{"token":null,"access_token":"b","expires_in":1e300,"x":[{}]}"#.to_vec());
    seeds.push(br#"{"token":"s3 cret"}"#.to_vec());
    seeds.push(br#"["a","b",null,1]"#.to_vec());
    seeds
}

pub fn run(input: &[u8]) {
    if let Ok(text) = std::str::from_utf8(input) {
        Claims::decode(text);
    }
    let Ok(token) = Token::parse(input) else { return };
    let header = token.authorization();
    let access = header.expose_secret().strip_prefix("Bearer ").expect("Bearer");
    assert!(!access.is_empty() && access.bytes().all(|byte| byte.is_ascii_graphic()), "{access:?}");
    // Skipped members need not be UTF-8, nor numbers that can be held.
    if let Ok(body) = serde_json::from_slice::<Value>(input) {
        assert!([&body["token"], &body["access_token"]].contains(&&Value::from(access)));
    }
    assert!((60..=24 * 60 * 60).contains(&token.lifetime().as_secs()));
    assert!(token.is_fresh_at(std::time::Instant::now()));
    let identity_token = token.refresh_token().ok().flatten();
    assert!(identity_token.is_none_or(|token| !token.expose_secret().is_empty()));
    assert!(token.granted().unwrap_or_default().iter().all(|scope| scope.actions().next().is_some()));
    token.subject();
    token.expires();
    assert_eq!(token.has_same_claims_as(&token).is_some(), token.claims().is_some());
}
