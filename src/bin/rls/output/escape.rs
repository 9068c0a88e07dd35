//! Escapes control characters, so that text from a server cannot control the terminal.
//!
//! Escaped are C0 and C1 controls, DEL, line and paragraph separators, bidirectional controls and the characters that
//! Unicode calls default-ignorable: they are invisible and hide differences between names (CVE-2021-25743, CWE-150,
//! "Trojan Source" CVE-2021-42574). The variation selector that makes a symbol colourful stays behind the symbol.
//! Tabs and line ends are escaped too: one thing stays on one line. A flood of combining marks is cut by escaping what
//! is more than [`MAX_MARKS`] on one letter.

use std::borrow::Cow;
use std::fmt::Write;

use icu_properties::CodePointSetData;
use icu_properties::props::{DefaultIgnorableCodePoint, ExtendedPictographic};
use unicode_width::UnicodeWidthChar;

/// Maximum number of combining marks on one letter that are not escaped.
const MAX_MARKS: usize = 8;

/// Whether a terminal would interpret `c`, or not show it.
pub fn is_hostile(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}')
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// Whether `c` is the variation selector of the symbol `before`.
fn is_selector_of(before: Option<char>, c: char) -> bool {
    let is_symbol = |c| CodePointSetData::new::<ExtendedPictographic>().contains(c);
    c == '\u{fe0f}' && before.is_some_and(|before| !before.is_ascii() && is_symbol(before))
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
    let (mut marks, mut before) = (0, None);
    for c in text.chars() {
        let is_hostile = is_hostile(c) && !is_selector_of(before, c);
        let is_mark = c.width() == Some(0) && !is_hostile;
        marks = if is_mark { marks + 1 } else { 0 };
        if is_hostile || marks > MAX_MARKS {
            push_escaped(&mut shown, c);
        } else {
            shown.push(c);
        }
        before = Some(c);
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
        let cases: Vec<Value> = serde_json::from_str(VECTORS).expect("JSON");
        let (terminal, other): (Vec<_>, Vec<_>) = cases.into_iter().partition(|case| case["kind"] == "terminal");
        for case in other {
            let kind = case["kind"].as_str().expect("a string");
            assert!(["warning-header", "warning-header-set"].contains(&kind), "unknown kind {kind}");
        }
        terminal
    }

    #[test]
    fn vectors_in_human_output() {
        let cases = terminal_cases();
        assert!(cases.len() >= 15, "{} cases", cases.len());
        for case in cases {
            let (id, input) = (&case["id"], case["input"].as_str().expect("a string"));
            let shown = escape(input);
            assert!(!shown.chars().any(is_hostile), "{id}: {shown:?}");
            match case["expect"]["human_output"].as_str().expect("a string") {
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
            let input = case["input"].as_str().expect("a string");
            let json = crate::output::json::to_line(&input).expect("JSON");
            assert_eq!(serde_json::from_str::<String>(&json).expect("JSON"), input, "{}", case["id"]);
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
    fn invisible_characters_are_escaped() {
        for c in "\u{ad}\u{34f}\u{115f}\u{1160}\u{17b4}\u{180b}\u{200b}\u{2065}\u{3164}\u{fe00}\u{fe0f}\u{ffa0}\u{fff0}\u{1bca0}\u{1d173}\u{e0000}\u{e0100}\u{e01ef}\u{e0fff}"
            .chars()
        {
            assert_eq!(escape(&format!("la{c}test")), format!("la{}test", c.escape_unicode().to_string().replace("\\u{ad}", "\\xad")));
        }
        assert_eq!(escape("❤\u{fe0f} ✔\u{fe0f}\u{fe0f} 1\u{fe0f}"), "❤\u{fe0f} ✔\u{fe0f}\\u{fe0f} 1\\u{fe0f}");
    }

    #[test]
    fn text_of_every_script_stays() {
        for text in ["žluťoučký kůň", "日本語", "ไทย", "हिन्दी", "עברית", "👍🏽", "a\\b \"c\""]
        {
            assert_eq!(escape(text), text);
        }
    }
}
