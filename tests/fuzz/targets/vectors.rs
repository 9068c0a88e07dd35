//! First inputs from the facts in `fixtures/vectors`.

use serde_json::Value;

/// The texts in the inputs of those cases of a file that are of one of these kinds.
pub fn texts(file: &str, kinds: &[&str]) -> Vec<Vec<u8>> {
    inputs(file, kinds).iter().flat_map(texts_of).map(String::into_bytes).collect()
}

/// The inputs of those cases of a file that are of one of these kinds.
pub fn inputs(file: &str, kinds: &[&str]) -> Vec<Value> {
    let cases: Vec<Value> = serde_json::from_str(file).expect("a list of cases");
    let found: Vec<_> = cases
        .into_iter()
        .filter(|case| case["kind"].as_str().is_some_and(|kind| kinds.contains(&kind)))
        .map(|mut case| case["input"].take())
        .collect();
    assert!(!found.is_empty(), "no case is of a kind {kinds:?}");
    found
}

fn texts_of(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts_of).collect(),
        Value::Object(members) => members.values().flat_map(texts_of).collect(),
        _ => Vec::new(),
    }
}
