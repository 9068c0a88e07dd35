//! The body of an error becomes one line of bounded length.

use registry_ls::http::internals::{registry_errors, summary};

use super::{halves, joined, vectors};

/// The texts of an error at most: 16 errors of three parts with 300 characters each, which have up to four bytes.
const LONGEST: usize = 16 * 3 * 310 * 4;

pub fn seeds() -> Vec<Vec<u8>> {
    let file = include_str!("../../../fixtures/vectors/errors.json");
    let mut seeds: Vec<_> = vectors::inputs(file, &["body", "is-not-found", "delete", "list-body"])
        .iter()
        .map(|input| joined("application/json", input["body"].as_str().unwrap_or_default()))
        .collect();
    seeds.push(joined(
        "",
        r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required","detail":[{"Type":"repository","Class":"","Name":"a/b","Action":"pull"}]},{"code":7,"message":null,"detail":{}}]}"#,
    ));
    seeds.push(joined("", r#"{"error_description":"expired","error":"invalid_grant"}"#));
    seeds.push(joined("text/html", "<!doctype html><title>x</title>"));
    seeds
}

pub fn run(input: &[u8]) {
    let (media_type, body) = halves(input);
    let errors = registry_errors(body);
    assert!(errors.len() <= 16);
    let media_type = std::str::from_utf8(media_type).ok();
    let text = summary("404 Not Found", media_type, body);
    assert!(text.starts_with("404 Not Found"), "{text}");
    assert!(!text.contains(['\n', '\r']), "{text:?}");
    assert!(text.len() <= LONGEST, "{} bytes", text.len());
}
