//! Parses the JSON and YAML files of other programs. An error has the position and quotes nothing: such files contain
//! passwords.

use serde_json::Value;

/// The documents in a text: one in JSON, any number in YAML.
pub(crate) fn parse(text: &str) -> Result<Vec<Value>, String> {
    let text = without_mark(text);
    if text.trim_start().starts_with(['{', '[']) {
        return Ok(vec![parse_json(text)?]);
    }
    serde_saphyr::from_multiple(text).map_err(|error| {
        let place = error.location().map(|at| format!(" at line {}, column {}", at.line(), at.column()));
        let what = match error.without_snippet() {
            serde_saphyr::Error::DuplicateMappingKey { .. } => "duplicate key",
            _ => "not valid YAML",
        };
        format!("{what}{}", place.unwrap_or_default())
    })
}

/// The document in a JSON text.
pub(crate) fn parse_json(text: &str) -> Result<Value, String> {
    serde_json::from_str(without_mark(text)).map_err(|error| {
        // Only the text of the error identifies this case.
        let is_deep = error.to_string().starts_with("recursion limit exceeded");
        let what = if is_deep { "JSON that is nested too deeply" } else { "not valid JSON" };
        format!("{what} at line {}, column {}", error.line(), error.column())
    })
}

/// A Kubernetes object, or the objects in it if it is a list.
pub(crate) fn items(document: &Value) -> Vec<&Value> {
    document["items"].as_array().map_or_else(|| vec![document], |items| items.iter().collect())
}

fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn either_format_is_read() {
        assert_eq!(parse("\u{feff} {\"a\": [1]}"), Ok(vec![json!({"a": [1]})]));
        assert_eq!(parse("a: [1]\nb: 'no'\n"), Ok(vec![json!({"a": [1], "b": "no"})]));
        assert_eq!(parse("a: 1\n---\nb: 2\n"), Ok(vec![json!({"a": 1}), json!({"b": 2})]));
    }

    #[test]
    fn an_error_says_where_and_quotes_nothing() {
        for (text, place) in [
            ("{\"auth\": \"s3cret\",}", "not valid JSON at line 1, column 19"),
            ("{\n  s3cret\n}", "not valid JSON at line 2, column 3"),
            ("{} s3cret", "not valid JSON at line 1, column 4"),
            (&"[".repeat(200), "JSON that is nested too deeply at line 1, column 128"),
            ("a: 1\nb: [s3cret\n", "not valid YAML at line"),
            ("a: *s3cret\n", "not valid YAML at line 1"),
            ("s3cret: 1\nb: 2\ns3cret: 3\n", "duplicate key at line 3, column 1"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.starts_with(place) && !error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn no_text_takes_long_or_overflows() {
        let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
        for n in 1..12 {
            bomb += &format!("a{n}: &a{n} [*a{0},*a{0},*a{0},*a{0},*a{0},*a{0},*a{0},*a{0},*a{0}]\n", n - 1);
        }
        for (text, error) in [
            (bomb, "not valid YAML at line 6, column 18"),
            ("[".repeat(200_000), "JSON that is nested too deeply at line 1, column 128"),
            (format!("a: {}", "[".repeat(200_000)), "not valid YAML at line 1, column 259"),
        ] {
            assert_eq!(parse(&text).expect_err("a bounded parser"), error);
        }
    }

    #[test]
    fn the_objects_of_a_list_are_its_items() {
        assert_eq!(items(&json!({"items": [1, 2]})), [&json!(1), &json!(2)]);
        assert_eq!(items(&json!({"a": 1})), [&json!({"a": 1})]);
    }
}
