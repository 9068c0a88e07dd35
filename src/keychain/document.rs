//! JSON or YAML, whichever a file turns out to hold.

use serde_json::Value;

/// The documents in a text: one in JSON, any number in YAML. The error says where the text is wrong and quotes nothing of
/// it.
pub(super) fn parse(text: &str) -> Result<Vec<Value>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_start().starts_with(['{', '[']) {
        return Ok(vec![parse_json(text)?]);
    }
    serde_saphyr::from_multiple(text).map_err(|error| match error.location() {
        Some(place) => format!("not valid YAML at line {}, column {}", place.line(), place.column()),
        None => "not valid YAML".to_owned(),
    })
}

/// Whether a text holds nothing: no more than blanks, a byte order mark, or `null`.
pub(super) fn is_blank(text: &str) -> bool {
    matches!(text.strip_prefix('\u{feff}').unwrap_or(text).trim(), "" | "null")
}

/// The one document in a JSON text.
pub(super) fn parse_json(text: &str) -> Result<Value, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_json::from_str(text)
        .map_err(|error| format!("not valid JSON at line {}, column {}", error.line(), error.column()))
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
    fn nothing_is_told_from_something() {
        for (text, blank) in
            [("", true), (" \n\t", true), ("\u{feff}", true), ("null\n", true), ("{}", false), ("x", false)]
        {
            assert_eq!(is_blank(text), blank, "{text:?}");
        }
    }

    #[test]
    fn an_error_says_where_and_quotes_nothing() {
        for (text, place) in [
            ("{\"auth\": \"s3cret\",}", "not valid JSON at line 1, column 19"),
            ("{\n  s3cret\n}", "not valid JSON at line 2, column 3"),
            ("{} s3cret", "not valid JSON at line 1, column 4"),
            ("a: 1\nb: [s3cret\n", "not valid YAML at line"),
            ("a: *s3cret\n", "not valid YAML at line 1"),
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
        assert!(parse(&bomb).is_err());
        assert!(parse(&"[".repeat(200_000)).is_err());
        assert!(parse(&format!("a: {}", "[".repeat(200_000))).is_err());
    }
}
