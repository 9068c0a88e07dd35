//! `WWW-Authenticate`, one header per line: a parsed challenge can be written and parsed again, and no accepted realm
//! is unsafe.

use std::collections::BTreeSet;

use registry_ls::auth::internals::parse_line;
use registry_ls::auth::{Challenge, Claims, Permission, Scopes, challenges, preferred, token_server};
use registry_ls::name::Repository;
use url::Url;

use super::vectors;

pub fn seeds() -> Vec<Vec<u8>> {
    let file = include_str!("../../../fixtures/vectors/challenges.json");
    let lines = |input: &serde_json::Value| {
        let lines = input["www_authenticate"].as_array().into_iter().flatten();
        lines.filter_map(serde_json::Value::as_str).collect::<Vec<_>>().join("\n").into_bytes()
    };
    let mut seeds: Vec<_> = vectors::inputs(file, &["parse", "flow", "insufficient-scope"]).iter().map(lines).collect();
    for realm in vectors::texts(file, &["realm"]) {
        seeds.push([b"Bearer realm=\"", realm.as_slice(), b"\",service=\"r\",scope=\"repository:a/b:pull\""].concat());
    }
    seeds
}

pub fn run(input: &[u8]) {
    let lines: Vec<&[u8]> = input.split(|&byte| byte == b'\n').collect();
    for line in &lines {
        let (read, malformed) = parse_line(line);
        if let Some(malformed) = malformed {
            assert!(malformed.position <= line.len());
        }
        let written: Vec<_> = read.iter().map(|one| one.scheme.clone() + &written(&one.params)).collect();
        for (one, text) in read.iter().zip(&written) {
            let names: BTreeSet<_> = one.params.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
            assert_eq!(names.len(), one.params.len(), "a parameter that is there twice has two meanings: {text}");
            assert!(!text.chars().any(|c| c.is_ascii_control() && c != '\t'), "{text:?}");
            assert_eq!(parse_line(text.as_bytes()), (vec![one.clone()], None), "{text}");
        }
        if !written.is_empty() && written.iter().map(|text| text.len() + 2).sum::<usize>() < 16 * 1024 {
            assert_eq!(parse_line(written.join(", ").as_bytes()), (read, None));
        }
    }
    let registry = Url::parse("https://registry.example.com/").expect("a URL");
    let found = challenges(lines.iter().copied());
    for challenge in &found {
        let Challenge::Bearer(challenge) = challenge else { continue };
        if let Ok(realm) = token_server(&registry, None, &challenge.realm) {
            assert_eq!(realm.scheme(), "https", "{realm}");
            assert!(realm.username().is_empty() && realm.password().is_none() && realm.fragment().is_none(), "{realm}");
        }
        let right =
            Permission::on(&"a/b".parse::<Repository>().expect("a repository"), registry_ls::auth::Action::Pull);
        let scopes = Scopes::for_request(challenge.scope.as_deref(), Some(&right));
        assert!(scopes.iter().all(|scope| scope.name() == "a/b"), "{scopes}");
        // A realm is not a token, but anything a server sends may look like one.
        Claims::decode(&challenge.realm);
    }
    match preferred(found) {
        Ok(challenge) => assert!(matches!(challenge, Challenge::Bearer(_) | Challenge::Basic { .. })),
        Err(error) => assert!(!error.causes().is_empty()),
    }
}

/// Parameters in the form that RFC 9110 gives for writing.
fn written(params: &[(String, String)]) -> String {
    let quoted = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"");
    let params: Vec<_> = params.iter().map(|(name, value)| format!("{name}=\"{}\"", quoted(value))).collect();
    if params.is_empty() { String::new() } else { format!(" {}", params.join(", ")) }
}
