//! The body of a list: the same names however it is split into chunks, and as a reader of the whole body parses it.

use registry_ls::registry::internals::{Entry, ListError, NameScanner};
use serde::de::IgnoredAny;
use serde_json::Value;

use super::vectors;

pub fn seeds() -> Vec<Vec<u8>> {
    let file = include_str!("../../../fixtures/vectors/errors.json");
    let mut seeds: Vec<_> = vectors::inputs(file, &["list-body"])
        .iter()
        .filter_map(|input| input["body"].as_str().map(|body| body.as_bytes().to_vec()))
        .collect();
    seeds.push(br#"{"child":[],"manifest":{"sha256:1":{"tag":["x"],"n":-1.5e3}},"name":"a/b","tags":["a","b\u0041",null], "z":true}"#.to_vec());
    seeds.push("{\"tags\":[\"\\ud83d\\ude00é\"],\"name\":null}".into());
    seeds.push("{\"tags\":[\"a\"],\"n\":1e999}".into());
    seeds.iter_mut().for_each(|body| body.insert(0, 5));
    seeds
}

pub fn run(input: &[u8]) {
    // The first byte says how the rest is cut.
    let Some((&cut, body)) = input.split_first() else { return };
    let whole = scan(body, body.len().max(1));
    assert_eq!(scan(body, usize::from(cut) % 32 + 1), whole);
    assert_eq!(scan(body, 1), whole);
    let read: Result<Value, _> = serde_json::from_slice(body);
    match (&whole, read) {
        (Ok((entries, _)), Ok(read)) => {
            let listed = read["tags"].as_array().cloned().unwrap_or_default();
            let listed: Vec<_> = listed.iter().map(|name| name.as_str()).collect();
            assert_eq!(entries.iter().map(name).collect::<Vec<_>>(), listed);
        }
        // A number outside of the list may be too large to hold; the grammar does not care.
        (Ok(_), Err(error)) => {
            let fits: Result<IgnoredAny, _> = serde_json::from_slice(body);
            assert!(fits.is_ok(), "only the scanner takes it: {error}");
        }
        // What is fit for a list is refused for its size, or because a key is there twice.
        (Err(bad), Ok(read)) => {
            let is_list =
                read["tags"].as_array().is_some_and(|names| names.iter().all(is_name)) || is_null(&read, "tags");
            let is_narrower = [
                ListError::Malformed("a key that occurs twice"),
                ListError::Malformed("nested too deeply"),
                ListError::Malformed("a string longer than 16 KiB"),
                // Of two lists one may have been none.
                ListError::Malformed("an entry that is not a string"),
                ListError::Malformed("the list is not an array"),
            ];
            assert!(!is_list || is_narrower.contains(bad), "only the scanner refuses it: {bad}");
        }
        (Err(_), Err(_)) => {}
    }
}

type Scanned = Result<(Vec<Entry>, Option<String>), ListError>;

fn scan(body: &[u8], piece: usize) -> Scanned {
    let mut scanner = NameScanner::new("tags");
    let mut entries = Vec::new();
    for piece in body.chunks(piece) {
        scanner.push(piece, &mut entries)?;
    }
    let name = scanner.name().map(str::to_owned);
    scanner.finish().map(|()| (entries, name))
}

fn name(entry: &Entry) -> Option<&str> {
    match entry {
        Entry::Name(name) => Some(name),
        Entry::Null => None,
    }
}

fn is_name(value: &Value) -> bool {
    value.is_string() || value.is_null()
}

fn is_null(value: &Value, member: &str) -> bool {
    value.get(member).is_some_and(Value::is_null)
}
