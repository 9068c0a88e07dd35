//! YAML that a reader of YAML 1.1 reads back equal: one list, item by item.

use serde::Serialize;
use serde_saphyr::ser_options;

use super::escape::is_hostile;
use super::json;

/// One item of a list, with its line end.
///
/// # Errors
/// Only for values that YAML cannot hold.
pub fn to_item<T: Serialize>(value: &T) -> Result<String, serde_json::Error> {
    // Block scalars are left alone: quoted text survives every reader.
    let options = ser_options! { prefer_block_scalars: false };
    let item = serde_saphyr::to_string_with_options(&[value], options).map_err(serde::ser::Error::custom)?;
    if item.chars().any(|c| is_hostile(c) && c != '\n') { flow_item(value) } else { Ok(item) }
}

/// The serializer escapes control characters, but not bidirectional or invisible ones. JSON is also YAML, and our JSON
/// does.
fn flow_item<T: Serialize>(value: &T) -> Result<String, serde_json::Error> {
    Ok(format!("- {}\n", json::to_line(value)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn read(item: &str) -> Value {
        serde_saphyr::from_str::<Vec<Value>>(item).expect("YAML").remove(0)
    }

    #[test]
    fn an_item_is_a_block() {
        let value =
            json!({"repository": "team/app", "tags": ["1.0", "latest"], "labels": {}, "env": [], "digest": null});
        let expected =
            "- repository: team/app\n  tags:\n  - \"1.0\"\n  - latest\n  labels: {}\n  env: []\n  digest: null\n";
        assert_eq!(to_item(&value).expect("YAML"), expected);
        assert_eq!(read(expected), value);
    }

    #[test]
    fn what_an_old_reader_takes_for_something_else_is_quoted() {
        let ambiguous = [
            "no",
            "yes",
            "on",
            "off",
            "y",
            "n",
            "NO",
            "true",
            "null",
            "~",
            "",
            "1e3",
            "1.0",
            "007",
            "0x10",
            "1_000",
            "1:30",
            "2024-01-02",
            "2024-01-02T03:04:05Z",
            ".inf",
            "<<",
            "=",
            "- a",
            "a: b",
            "a #b",
            "'",
            "\"",
            "@x",
            " x ",
            "!x",
        ];
        for text in ambiguous {
            let item = to_item(&json!({ "v": text })).expect("YAML");
            assert!(item.starts_with("- v: \""), "{item}");
            assert_eq!(read(&item), json!({ "v": text }));
        }
    }

    #[test]
    fn lines_and_unicode_survive() {
        for text in ["a\nb\n", "\ta", "a\r\nb", "日本語", "é", "👍🏽", "a\\b", &"word ".repeat(60)] {
            let value = json!({ "v": text, "w": [text] });
            assert_eq!(read(&to_item(&value).expect("YAML")), value);
        }
    }

    #[test]
    fn hostile_characters_are_escapes() {
        for text in
            ["\x1b[2J", "a\u{9b}31m", "\u{7f}", "\u{202e}gnp.exe", "\u{200b}", "\u{feff}x", "\u{85}", "\u{2028}"]
        {
            let value = json!({ "v": text });
            let item = to_item(&value).expect("YAML");
            assert!(!item.chars().any(|c| is_hostile(c) && c != '\n'), "{item:?}");
            assert_eq!(read(&item), value);
        }
    }

    proptest! {
        #[test]
        fn every_text_is_read_back(text in prop_oneof![".{0,12}", "[-+0-9_.:eExoy~ \n\t#'\"{}\\[\\]]{0,8}"], key in "[a-z1:# -]{1,6}") {
            let value = json!({ "v": text, "w": [text], "m": { (key): text } });
            let item = to_item(&value).expect("YAML");
            prop_assert!(!item.chars().any(|c| is_hostile(c) && c != '\n'), "{:?}", item);
            prop_assert_eq!(read(&item), value);
        }
    }
}
