use super::*;
use proptest::prelude::*;

fn scan(body: &[u8], piece: usize) -> Result<(Vec<Entry>, Option<String>), ListError> {
    let mut scanner = NameScanner::new("tags");
    let mut entries = Vec::new();
    for piece in body.chunks(piece.max(1)) {
        scanner.push(piece, &mut entries)?;
    }
    let name = scanner.name().map(str::to_owned);
    scanner.finish().map(|()| (entries, name))
}

fn names(body: &str) -> Result<Vec<Entry>, ListError> {
    scan(body.as_bytes(), usize::MAX).map(|(entries, _)| entries)
}

#[test]
fn a_list_is_read_whatever_else_is_in_the_body() {
    let body = r#"{"child":[],"manifest":{"sha256:1":{"tag":["x"],"n":-1.5e3}},"name":"a/b","tags":["a","b\u0041",null], "z":true}"#;
    let expected = vec![Entry::Name("a".into()), Entry::Name("bA".into()), Entry::Null];
    for piece in 1..20 {
        assert_eq!(scan(body.as_bytes(), piece), Ok((expected.clone(), Some("a/b".to_owned()))), "pieces of {piece}");
    }
}

#[test]
fn null_and_an_empty_array_are_empty_lists() {
    assert_eq!(names(r#"{"tags":null}"#), Ok(vec![]));
    assert_eq!(names(r#"{"tags": [] }"#), Ok(vec![]));
}

#[test]
fn what_is_not_a_list_is_refused() {
    use ListError::{Empty, Malformed, NoField, NotUtf8, Truncated};
    for (body, error) in [
        ("", Empty),
        (" \n", Empty),
        ("{}", NoField("tags")),
        ("[]", Malformed("not an object")),
        ("null", Malformed("not an object")),
        ("null ", Malformed("not an object")),
        (r#"{"tags":["a","b""#, Truncated),
        (r#"{"tags":["a"]"#, Truncated),
        (r#"{"tags":["a"]}{"#, Malformed("text after the list")),
        (r#"{"tags":["a"]}1"#, Malformed("text after the list")),
        (r#"{"tags":["a"]}"}"#, Malformed("text after the list")),
        (r#"{"tags":["a"],"tags":[]}"#, Malformed("a key that occurs twice")),
        (r#"{"tags":["a"],"Tags":["b"]}"#, Malformed("a key that occurs twice")),
        (r#"{"tag\u017f":["a"],"tags":["b"]}"#, Malformed("a key that occurs twice")),
        (r#"{"tags":[1]}"#, Malformed("an entry that is not a string")),
        (r#"{"tags":[["a"]]}"#, Malformed("an entry that is not a string")),
        (r#"{"tags":{"a":1}}"#, Malformed("the list is not an array")),
        (r#"{"tags":"a"}"#, Malformed("the list is not an array")),
        (r#"{"tags":["\ud800"]}"#, Malformed("a string that is not JSON")),
        (r#"{"tags":["a",]}"#, Malformed("a bracket in the wrong place")),
        (r#"{"tags":["a" "b"]}"#, Malformed("a value in the wrong place")),
        (r#"{"x":nul,"tags":[]}"#, Malformed("not a JSON value")),
    ] {
        assert_eq!(names(body), Err(error), "{body}");
    }
    assert_eq!(scan(b"{\"tags\":[\"\xff\"]}", 3), Err(NotUtf8));
}

#[test]
fn depth_and_length_are_bounded() {
    let deep = format!(r#"{{"x":{}"#, "[".repeat(1_000_000));
    assert_eq!(names(&deep), Err(ListError::Malformed("nested too deeply")));
    let long = format!(r#"{{"tags":["{}"]}}"#, "a".repeat(20_000));
    assert_eq!(names(&long), Err(ListError::Malformed("a string longer than 16 KiB")));
}

proptest! {
    #[test]
    fn agrees_with_serde_json(tags in prop::collection::vec(prop::option::of(".{0,12}"), 0..20), piece in 1usize..50) {
        let body = serde_json::json!({ "name": "n", "tags": tags }).to_string();
        let expected: Vec<_> = tags.into_iter().map(|tag| tag.map_or(Entry::Null, Entry::Name)).collect();
        prop_assert_eq!(scan(body.as_bytes(), piece), Ok((expected, Some("n".to_owned()))));
    }

    #[test]
    fn never_panics(body in prop::collection::vec(any::<u8>(), 0..200), piece in 1usize..50) {
        let _ = scan(&body, piece);
    }

    #[test]
    fn accepts_only_json(body in r#"[\[\]{}",:0-9a-z \\]{0,40}"#) {
        let body = format!(r#"{{"tags":["a"],"x":{body}}}"#);
        if names(&body).is_ok() {
            prop_assert!(serde_json::from_str::<IgnoredAny>(&body).is_ok(), "{}", body);
        }
    }
}
