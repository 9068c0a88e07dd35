//! JSON that is safe to show on a terminal: characters that [`escape`](super::escape()) escapes are written as
//! `\uXXXX`.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

use super::escape::is_hostile;

/// One value on one line, without a line end.
///
/// # Errors
/// Only for values that JSON cannot hold, such as a map with keys that are no text.
pub fn to_line<T: Serialize>(value: &T) -> serde_json::Result<String> {
    encode(value, CompactFormatter)
}

/// Adds one value on one line, with its line end.
///
/// # Errors
/// As [`to_line`]; a part of the value may then have been added.
pub fn add_line<T: Serialize>(value: &T, lines: &mut Vec<u8>) -> serde_json::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut *lines, EscapingFormatter(CompactFormatter)))?;
    lines.push(b'\n');
    Ok(())
}

/// One value over several lines, indented by two blanks, without a line end.
///
/// # Errors
/// As [`to_line`].
pub fn to_block<T: Serialize>(value: &T) -> serde_json::Result<String> {
    encode(value, PrettyFormatter::new())
}

fn encode<T: Serialize>(value: &T, layout: impl Formatter) -> serde_json::Result<String> {
    let mut bytes = Vec::with_capacity(128);
    value.serialize(&mut Serializer::with_formatter(&mut bytes, EscapingFormatter(layout)))?;
    String::from_utf8(bytes).map_err(serde::ser::Error::custom)
}

/// A formatter that also escapes hostile characters. serde_json itself escapes only C0, as RFC 8259 requires.
struct EscapingFormatter<F>(F);

/// Delegates a method to the inner formatter.
macro_rules! delegate {
    ($($method:ident($($argument:ident: $type:ty),*);)*) => {
        $(fn $method<W: ?Sized + Write>(&mut self, writer: &mut W $(, $argument: $type)*) -> io::Result<()> {
            self.0.$method(writer $(, $argument)*)
        })*
    };
}

impl<F: Formatter> Formatter for EscapingFormatter<F> {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if fragment.is_ascii() && !fragment.contains('\x7f') {
            return writer.write_all(fragment.as_bytes());
        }
        let mut units = [0; 2];
        for part in fragment.split_inclusive(is_hostile) {
            match part.chars().next_back().filter(|c| is_hostile(*c)) {
                None => writer.write_all(part.as_bytes())?,
                Some(hostile) => {
                    writer.write_all(&part.as_bytes()[..part.len() - hostile.len_utf8()])?;
                    hostile.encode_utf16(&mut units).iter().try_for_each(|unit| write!(writer, "\\u{unit:04x}"))?;
                }
            }
        }
        Ok(())
    }

    delegate! {
        begin_array();
        end_array();
        begin_array_value(first: bool);
        end_array_value();
        begin_object();
        end_object();
        begin_object_key(first: bool);
        end_object_key();
        begin_object_value();
        end_object_value();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn hostile_characters_are_escapes() {
        let text = "a\x1b[2J\x7f\u{9b}31m\u{202e}\u{e0041}\u{200b}\u{2028}é\"\\";
        let line = to_line(&text).expect("JSON");
        assert_eq!(line, r#""a\u001b[2J\u007f\u009b31m\u202e\udb40\udc41\u200b\u2028é\"\\""#);
        assert_eq!(serde_json::from_str::<String>(&line).expect("JSON"), text);
    }

    #[test]
    fn keys_are_escaped_too() {
        let value = json!({"\u{202e}k": 1});
        assert_eq!(to_line(&value).expect("JSON"), r#"{"\u202ek":1}"#);
    }

    #[test]
    fn a_block_is_indented() {
        let value = json!({"a": [1, {"b": "\u{9b}"}], "c": [], "d": {}});
        let expected =
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"\\u009b\"\n    }\n  ],\n  \"c\": [],\n  \"d\": {}\n}";
        assert_eq!(to_block(&value).expect("JSON"), expected);
        assert_eq!(serde_json::from_str::<Value>(expected).expect("JSON"), value);
    }
}
