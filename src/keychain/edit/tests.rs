use proptest::prelude::*;
use serde_json::json;

use super::*;

fn entry(auth: &str) -> Map<String, Value> {
    Map::from_iter([("auth".to_owned(), Value::from(auth))])
}

fn put_one(text: &str) -> String {
    put(text, "reg.corp:5000", entry("YTpi"), |_| false).expect("a changed file")
}

/// As docker writes it.
const FRESH: &str = "{\n\t\"auths\": {\n\t\t\"reg.corp:5000\": {\n\t\t\t\"auth\": \"YTpi\"\n\t\t}\n\t}\n}";

#[test]
fn a_new_file_is_written_as_by_docker() {
    for nothing in ["", " \n", "{}", "\u{feff}{}", "{ }"] {
        assert_eq!(put_one(nothing), FRESH, "{nothing:?}");
    }
    assert_eq!(put_one("{\"auths\":null}"), "{\"auths\":{\"reg.corp:5000\":{\"auth\":\"YTpi\"}}}");
    assert_eq!(put_one("{\n\t\"auths\": {}\n}"), FRESH);
}

#[test]
fn the_rest_of_the_file_is_unchanged() {
    let text = "{\n  \"b\" : 1.10,\n  \"auths\": {\n    \"old\": { \"auth\" : \"x\" }\n  },\n  \"a\": [1e40, \"\\u0041\"] , \"a\": 2\n}\n";
    let expected = text.replace("\"x\" }\n", "\"x\" },\n    \"reg.corp:5000\": {\n      \"auth\": \"YTpi\"\n    }\n");
    assert_eq!(put_one(text), expected);
    assert_eq!(put_one("{\"x\":1}"), "{\"x\":1,\"auths\":{\"reg.corp:5000\":{\"auth\":\"YTpi\"}}}");
    assert_eq!(
        put_one("{\r\n \"x\": 1\r\n}"),
        "{\r\n \"x\": 1,\r\n \"auths\": {\r\n  \"reg.corp:5000\": {\r\n   \"auth\": \"YTpi\"\r\n  }\r\n }\r\n}"
    );
}

#[test]
fn an_existing_entry_is_replaced_in_place() {
    let text = json!({"auths": {
        "a": {"auth": "1"},
        "reg.corp:5000": {"email": "e", "auth": "old", "identitytoken": "t", "username": "u", "x": {"y": [1]}},
        "z": {},
    }});
    let changed = put(&text.to_string(), "reg.corp:5000", entry("YTpi"), |_| false).expect("a changed file");
    let expected = json!({"auths": {"a": {"auth": "1"}, "reg.corp:5000": {"auth": "YTpi", "email": "e", "x": {"y": [1]}}, "z": {}}});
    assert_eq!(changed, expected.to_string());
    let emptied = put(&text.to_string(), "a", Map::new(), |_| false).expect("a changed file");
    assert!(emptied.starts_with("{\"auths\":{\"a\":{},"), "{emptied}");
    assert_eq!(
        put("{\"auths\":{\"a\":7}}", "a", entry("x"), |_| false).expect("a changed file"),
        "{\"auths\":{\"a\":{\"auth\":\"x\"}}}"
    );
}

#[test]
fn the_same_key_in_another_spelling_is_removed() {
    let text = "{\"auths\":{\"REG\":{\"auth\":\"old\"},\"reg/x\":{}}}";
    let changed = put(text, "reg", entry("new"), |key| key.eq_ignore_ascii_case("reg")).expect("a changed file");
    assert_eq!(changed, "{\"auths\":{\"reg/x\":{},\"reg\":{\"auth\":\"new\"}}}");
}

#[test]
fn the_last_of_several_counts() {
    let text = "{\"auths\":{\"a\":{}},\"auths\":{\"a\":{},\"a\":{\"auth\":\"1\"}}}";
    let changed = put(text, "a", entry("2"), |_| false).expect("a changed file");
    assert_eq!(changed, "{\"auths\":{\"a\":{}},\"auths\":{\"a\":{},\"a\":{\"auth\":\"2\"}}}");
}

#[test]
fn entries_are_removed_with_their_commas() {
    let text = "{\"auths\":{\"a\":{}, \"b\":{} , \"c\":{}},\"x\":1}";
    for (unwanted, left) in [
        ("a", "{\"auths\":{ \"b\":{} , \"c\":{}},\"x\":1}"),
        ("b", "{\"auths\":{\"a\":{} , \"c\":{}},\"x\":1}"),
        ("c", "{\"auths\":{\"a\":{}, \"b\":{}},\"x\":1}"),
        ("ab", "{\"auths\":{ \"c\":{}},\"x\":1}"),
        ("abc", "{\"auths\":{},\"x\":1}"),
        ("", text),
    ] {
        let (changed, removed) = remove(text, |key| unwanted.contains(key)).expect("a changed file");
        assert_eq!((changed.as_str(), removed), (left, unwanted.len()));
    }
    for nothing in ["{}", "{\"auths\":null}"] {
        assert_eq!(remove(nothing, |_| true).expect("a changed file"), (nothing.to_owned(), 0));
    }
}

#[test]
fn many_entries_are_removed_in_linear_time() {
    let entries: Vec<_> = (0..20_000).map(|number| format!("\"https://reg/{number}\":{{\"auth\":\"YTpi\"}}")).collect();
    let text = format!("{{\"auths\":{{{},\"other\":{{}}}}}}", entries.join(","));
    // It would take many minutes if each were removed by itself.
    let (left, removed) = remove(&text, |key| key.starts_with("https://reg/")).expect("a changed file");
    assert_eq!((left.as_str(), removed), ("{\"auths\":{\"other\":{}}}", 20_000));
}

#[test]
fn an_uneditable_file_is_reported_without_its_text() {
    for (text, why) in [
        ("{\"s3cret\",}", "not valid JSON at line 1, column 10"),
        ("{} s3cret", "not valid JSON at line 1, column 4"),
        ("[\"s3cret\"]", "it is not a JSON object"),
        ("null", "it is not a JSON object"),
        ("{\"auths\": \"s3cret\"}", "auths is not an object"),
        ("{\"auths\": [\"s3cret\"]}", "auths is not an object"),
    ] {
        assert_eq!(put(text, "a", entry("x"), |_| false).expect_err("it is refused"), why, "{text}");
        assert_eq!(remove(text, |_| true).expect_err("it is refused"), why, "{text}");
    }
}

fn documents() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z,{}\"\\\\:\u{e9}\n]{0,6}".prop_map(Value::from),
    ];
    let inner = leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-d,\"]{0,3}", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    let object = |inner| prop::collection::vec(("[a-d,\"]{0,3}", inner), 0..4);
    (object(inner.clone().boxed()), prop::option::of(object(inner.boxed()))).prop_map(|(members, auths)| {
        let mut members: Map<String, Value> = members.into_iter().collect();
        if let Some(auths) = auths {
            members.insert("auths".to_owned(), Value::Object(auths.into_iter().collect()));
        }
        Value::Object(members)
    })
}

proptest! {
    #[test]
    fn stored_entries_are_read_back_and_others_unchanged(document in documents(), lines in any::<bool>(), key in "[a-d,\"]{0,3}") {
        let text = if lines { serde_json::to_string_pretty(&document).expect("JSON") } else { document.to_string() };
        let put = put(&text, &key, entry("x"), |_| false).expect("a changed file");
        let mut now: Value = serde_json::from_str(&put).expect("JSON");
        prop_assert_eq!(&now["auths"][&key]["auth"], "x");
        let (removed, count) = remove(&put, |other| other == key).expect("a changed file");
        prop_assert_eq!(count, 1);
        let mut expected = document;
        for document in [&mut expected, &mut now] {
            let auths = document.as_object_mut().expect("an object").entry("auths").or_insert(json!({}));
            auths.as_object_mut().expect("an object").shift_remove(&key);
        }
        prop_assert_eq!(&now, &expected);
        prop_assert_eq!(serde_json::from_str::<Value>(&removed).expect("JSON"), expected);
    }
}
