//! Values as docker-ls prints them: JSON as Go's `encoding/json`, YAML as `yaml.v2`, a table as `text/tabwriter`.
//!
//! `null` is a list that Go never allocated: `null` in JSON, `[]` in YAML.

use serde_json::Value;

/// Columns of the first column of a table, at least.
const MIN_COLUMN: usize = 50;
/// Blanks after the longest text in it.
const PADDING: usize = 3;

/// Indented JSON.
pub fn to_json(value: &Value) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    let mut escaped = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => escaped.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => escaped.push(c),
        }
    }
    escaped + "\n"
}

/// Rows of two columns, below a header; the second column may be missing.
pub fn table(rows: &[(&str, Option<&str>)]) -> String {
    let longest = rows.iter().filter(|(_, second)| second.is_some()).map(|(first, _)| first.chars().count()).max();
    let width = (longest.unwrap_or_default() + PADDING).max(MIN_COLUMN);
    rows.iter()
        .map(|(first, second)| match second {
            Some(second) => format!("{first:width$}{second}\n"),
            None => format!("{first}\n"),
        })
        .collect()
}

/// YAML. `null` is what a `null` is written as.
pub fn to_yaml(value: &Value, null: &str) -> String {
    let mut out = String::new();
    match flow(value, null) {
        Some(text) => out = text + "\n",
        None => block(value, 0, null, &mut out),
    }
    out
}

/// A value on one line.
fn flow(value: &Value, null: &str) -> Option<String> {
    match value {
        Value::Null => Some(null.to_owned()),
        Value::Bool(on) => Some(on.to_string()),
        Value::Number(number) => Some(number.as_f64().map_or_else(|| number.to_string(), go_float)),
        Value::String(text) => Some(scalar(text)),
        Value::Array(items) => items.is_empty().then(|| "[]".to_owned()),
        Value::Object(members) => members.is_empty().then(|| "{}".to_owned()),
    }
}

fn block(value: &Value, indent: usize, null: &str, out: &mut String) {
    let margin = " ".repeat(indent);
    match value {
        Value::Array(items) => {
            for item in items {
                match flow(item, null) {
                    Some(text) => out.push_str(&format!("{margin}- {text}\n")),
                    None => {
                        let start = out.len();
                        block(item, indent + 2, null, out);
                        out.replace_range(start..start + indent + 2, &format!("{margin}- "));
                    }
                }
            }
        }
        Value::Object(members) => {
            for (key, value) in members {
                let key = scalar(key);
                match flow(value, null) {
                    Some(text) => out.push_str(&format!("{margin}{key}: {text}\n")),
                    None => {
                        out.push_str(&format!("{margin}{key}:\n"));
                        let deeper = if value.is_array() { indent } else { indent + 2 };
                        block(value, deeper, null, out);
                    }
                }
            }
        }
        _ => {}
    }
}

/// A number, all of which are float64 in Go: `strconv.FormatFloat(x, 'g', -1, 64)`.
fn go_float(number: f64) -> String {
    let digits = format!("{number:e}");
    let (mantissa, exponent) = digits.split_once('e').unwrap_or((&digits, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..6).contains(&exponent) {
        return number.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

/// A string, in quotes where it would be read as something else.
fn scalar(text: &str) -> String {
    if text.is_empty() || resolves(text) {
        return double_quoted(text);
    }
    if text.chars().any(|c| c.is_control() || c == '\u{feff}' || c == '\u{2028}' || c == '\u{2029}') {
        return double_quoted(text);
    }
    let first = text.chars().next().unwrap_or_default();
    let second_is_blank = text.chars().nth(1).is_none_or(|c| c == ' ');
    let is_indicator = "#,[]{}&*!|>'\"%@`".contains(first) || ("-?:".contains(first) && second_is_blank);
    let is_plain = !is_indicator
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !text.ends_with(':')
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.starts_with("---")
        && !text.starts_with("...");
    if is_plain { text.to_owned() } else { format!("'{}'", text.replace('\'', "''")) }
}

fn double_quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() && u32::from(c) < 0x100 => quoted.push_str(&format!("\\x{:02X}", u32::from(c))),
            '\u{feff}' | '\u{2028}' | '\u{2029}' => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

/// Whether YAML 1.1 reads a plain scalar as something other than a string.
fn resolves(text: &str) -> bool {
    const WORDS: &[&str] =
        &["y", "yes", "on", "true", "n", "no", "off", "false", "null", "~", ".nan", ".inf", "+.inf", "-.inf", "<<"];
    let lower = text.to_ascii_lowercase();
    // Only these spellings count: no, No, NO.
    let first_upper = lower.chars().next().map(|c| c.to_ascii_uppercase().to_string() + &lower[1..]);
    let is_spelled = text == lower || text == text.to_ascii_uppercase() || Some(text) == first_upper.as_deref();
    if WORDS.contains(&&*lower) && is_spelled {
        return true;
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) {
        return false;
    }
    let number = text.replace('_', "");
    is_integer(&number) || is_float(&number) || is_date(text) || is_sexagesimal(text)
}

fn is_integer(text: &str) -> bool {
    let digits = text.trim_start_matches(['+', '-']);
    let all = |digits: &str, radix: u32| !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    match digits.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => all(&digits[2..], 16),
        Some("0o") => all(&digits[2..], 8),
        Some("0b") => all(&digits[2..], 2),
        _ => all(digits, 10),
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) =
        text.split_once(['e', 'E']).map_or((text, None), |(mantissa, exponent)| (mantissa, Some(exponent)));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let has_mantissa = digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty());
    let exponent = exponent.map(|exponent| exponent.strip_prefix(['+', '-']).unwrap_or(exponent));
    has_mantissa && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent))
}

/// `2006-1-2`, with a time or without.
fn is_date(text: &str) -> bool {
    let (date, time) = text.split_at(text.find(['T', 't', ' ']).unwrap_or(text.len()));
    let parts: Vec<&str> = date.split('-').collect();
    let [year, month, day] = parts[..] else { return false };
    let number =
        |text: &str, max: u32| text.len() <= 2 && text.parse().is_ok_and(|number: u32| (1..=max).contains(&number));
    let has_date = year.len() == 4 && year.parse::<u32>().is_ok() && number(month, 12) && number(day, 31);
    has_date && (time.is_empty() || time[1..].split(':').count() == 3)
}

/// `190:20:30`
fn is_sexagesimal(text: &str) -> bool {
    let parts: Vec<&str> = text.trim_start_matches(['+', '-']).split(':').collect();
    let digits = |part: &&str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_' || byte == b'.')
    };
    parts.len() > 1 && parts.iter().all(digits) && parts[1..].iter().all(|part| part.len() <= 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_that_are_something_else_are_quoted() {
        for text in [
            "1",
            "1.0",
            "0189",
            "1_000",
            "1e3",
            "0x1F",
            "2024-01-02",
            "2024-1-2",
            "true",
            "No",
            "OFF",
            "y",
            "null",
            "~",
            "",
            "1:20",
        ] {
            assert_eq!(scalar(text), format!("\"{text}\""));
        }
        for text in
            ["latest", "1.0.1", "v1", "sha256:00", "a-b", "nO", "2024-13-02", "1.0-rc", "_1", "team/app", "0x", "-a"]
        {
            assert_eq!(scalar(text), text);
        }
        assert_eq!(scalar("a: b"), "'a: b'");
        assert_eq!(scalar("it's #1"), "'it''s #1'");
        assert_eq!(scalar("a\nb"), "\"a\\nb\"");
        assert_eq!(scalar("@x"), "'@x'");
    }

    #[test]
    fn numbers_are_those_of_go() {
        for (number, text) in [
            (0.0, "0"),
            (149.0, "149"),
            (999_999.0, "999999"),
            (1_000_000.0, "1e+06"),
            (1_234_567.0, "1.234567e+06"),
            (12_345_678_901.0, "1.2345678901e+10"),
            (0.5, "0.5"),
        ] {
            assert_eq!(go_float(number), text);
        }
    }

    #[test]
    fn lists_of_objects_are_indented_as_in_go() {
        let value = serde_json::json!({"a": [{"b": "x", "c": ["1"]}, {"b": "z", "c": null}], "d": {"e": [], "f": {}}});
        let expected = "a:\n- b: x\n  c:\n  - \"1\"\n- b: z\n  c: []\nd:\n  e: []\n  f: {}\n";
        assert_eq!(to_yaml(&value, "[]"), expected);
    }

    #[test]
    fn json_escapes_what_go_escapes() {
        assert_eq!(to_json(&serde_json::json!({"a": "<b>&"})), "{\n  \"a\": \"\\u003cb\\u003e\\u0026\"\n}\n");
    }

    #[test]
    fn a_long_name_widens_the_column() {
        let long = "x".repeat(60);
        assert_eq!(
            table(&[("REPOSITORY", Some("TAG")), (&long, Some("1"))]),
            format!("REPOSITORY{}TAG\n{long}   1\n", " ".repeat(53))
        );
    }
}
