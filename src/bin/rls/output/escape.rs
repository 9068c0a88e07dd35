//! Escapes control characters, so that text from a server cannot control the terminal.
//!
//! Escaped are C0 and C1 controls, DEL, line and paragraph separators, bidirectional controls and the characters
//! without any width that hide differences between names (CVE-2021-25743, CWE-150, "Trojan Source" CVE-2021-42574).
//! Tabs and line ends are escaped too: one thing stays on one line. A flood of combining marks is cut by escaping what
//! is more than [`MAX_MARKS`] on one letter.

use std::borrow::Cow;
use std::fmt::Write;

use unicode_width::UnicodeWidthChar;

/// Maximum number of combining marks on one letter that are not escaped.
const MAX_MARKS: usize = 8;

/// Whether a terminal would interpret `c`, or not show it.
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Escapes text for people, as `\n`, `\t`, `\r`, `\x1b` or `\u{202e}`.
///
/// Backslashes are not escaped, so the result cannot be unescaped.
pub fn escape(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    if bytes.iter().all(|byte| matches!(byte, 0x20..=0x7e)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut marks = 0;
    for c in text.chars() {
        let is_mark = c.width() == Some(0) && !is_hostile(c);
        marks = if is_mark { marks + 1 } else { 0 };
        if is_hostile(c) || marks > MAX_MARKS {
            push_escaped(&mut shown, c);
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

fn push_escaped(shown: &mut String, c: char) {
    let written = match c {
        '\n' => write!(shown, "\\n"),
        '\r' => write!(shown, "\\r"),
        '\t' => write!(shown, "\\t"),
        c if u32::from(c) <= 0xff => write!(shown, "\\x{:02x}", u32::from(c)),
        c => write!(shown, "\\u{{{:x}}}", u32::from(c)),
    };
    written.expect("a String takes every text");
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const VECTORS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/vectors/sanitize.json"));

    /// The kinds of the file that are about `Warning` headers belong to the library.
    fn terminal_cases() -> Vec<Value> {
        let cases: Vec<Value> = serde_json::from_str(VECTORS).unwrap();
        let (terminal, other): (Vec<_>, Vec<_>) = cases.into_iter().partition(|case| case["kind"] == "terminal");
        for case in other {
            let kind = case["kind"].as_str().unwrap();
            assert!(["warning-header", "warning-header-set"].contains(&kind), "unknown kind {kind}");
        }
        terminal
    }

    #[test]
    fn vectors_in_human_output() {
        let cases = terminal_cases();
        assert!(cases.len() >= 15, "{} cases", cases.len());
        for case in cases {
            let (id, input) = (&case["id"], case["input"].as_str().unwrap());
            let shown = escape(input);
            assert!(!shown.chars().any(is_hostile), "{id}: {shown:?}");
            match case["expect"]["human_output"].as_str().unwrap() {
                "escaped" => assert_ne!(shown, input, "{id}"),
                expected if expected.starts_with("at most 8 combining marks") => {
                    assert_eq!(shown.matches('\u{301}').count(), 8, "{id}");
                    assert_eq!(shown.matches("\\u{301}").count(), input.matches('\u{301}').count() - 8, "{id}");
                }
                expected => assert_eq!(shown, expected, "{id}"),
            }
        }
    }

    #[test]
    fn vectors_in_json_output() {
        for case in terminal_cases() {
            let input = case["input"].as_str().unwrap();
            let json = crate::output::json::to_line(&input).unwrap();
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), input, "{}", case["id"]);
            assert!(!json.chars().any(is_hostile), "{}: {json:?}", case["id"]);
        }
    }

    #[test]
    fn a_flood_of_marks_is_bounded() {
        let flood = format!("e{}x", "\u{301}".repeat(100_000));
        let shown = escape(&flood);
        assert_eq!(shown.matches('\u{301}').count(), 8);
        assert!(shown.ends_with("\\u{301}x"));
        let spread = "e\u{301}".repeat(100);
        assert_eq!(escape(&spread), spread);
    }

    #[test]
    fn one_thing_stays_on_one_line() {
        assert_eq!(escape("a\tb\r\nc\u{85}d\u{2028}e\\f"), "a\\tb\\r\\nc\\x85d\\u{2028}e\\f");
    }

    #[test]
    fn text_of_every_script_stays() {
        for text in ["žluťoučký kůň", "日本語", "ไทย", "हिन्दी", "עברית", "👍🏽", "a\\b \"c\""]
        {
            assert_eq!(escape(text), text);
        }
    }
}
