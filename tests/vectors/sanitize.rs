//! `sanitize.json`: a registry's texts, as shown to users.

use serde_json::Value;
use tracing::Level;

use registry_ls::http::internals::warning_text;
use test_support::{Reply, Server};

use crate::driven::{anonymous, run};
use crate::exemptions::{Case, check};
use crate::log::Log;

/// Kinds about terminal output. The tests of the program check them.
const OF_THE_PROGRAM: &[&str] = &["terminal"];

#[test]
fn all() {
    check("sanitize.json", |case| match case.kind.as_str() {
        "warning-header" => header(case),
        "warning-header-set" => shown(case),
        kind if OF_THE_PROGRAM.contains(&kind) => {}
        kind => panic!("unknown kind {kind}"),
    });
}

/// A text, or bytes that are none.
fn bytes(value: &Value) -> Vec<u8> {
    match value.as_str() {
        Some(text) => text.into(),
        None => hex::decode(value["bytes_hex"].as_str().expect("hexadecimal digits")).expect("hexadecimal digits"),
    }
}

/// An empty text stands for none.
fn header(case: &Case) {
    let expected = bytes(&case.expect["text"]);
    assert_eq!(warning_text(&bytes(&case.input)), (!expected.is_empty()).then_some(expected));
}

fn shown(case: &Case) {
    let lines: Vec<_> = case.input.as_array().expect("lines").iter().filter_map(Value::as_str).collect();
    let log = Log::begin();
    run(async {
        let reply = lines.iter().fold(Reply::json(r#"{"tags":[]}"#), |reply, line| reply.header("Warning", *line));
        let server = Server::start(move |_| reply.clone());
        let client = anonymous(&server);
        for _ in 0..2 {
            client.all_tags().await.whole();
        }
    });
    let expected = case.expect["shown"].as_array().expect("texts").iter().filter_map(Value::as_str);
    let expected: Vec<_> = expected.map(|text| format!("the registry says: {text}")).collect();
    assert_eq!(log.at(Level::WARN), expected);
}

#[test]
fn no_more_than_4096_bytes_are_shown() {
    let log = Log::begin();
    run(async {
        let mut count = 0;
        let server = Server::start(move |_| {
            count += 1;
            Reply::json(r#"{"tags":[]}"#).header("Warning", format!("299 - \"{count:01000}\""))
        });
        let client = anonymous(&server);
        for _ in 0..10 {
            client.all_tags().await.whole();
        }
    });
    assert_eq!(log.at(Level::WARN).len(), 4);
}
