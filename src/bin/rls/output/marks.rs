//! Marks in ASCII, for a locale that is not UTF-8.

use std::ffi::OsString;

/// Our marks, and what replaces them. Text of a registry may contain other characters, which stay.
const MARKS: [(&str, &str); 9] =
    [("✓", "+"), ("✗", "x"), ("–", "-"), ("…", "..."), ("→", "->"), ("├─", "|-"), ("└─", "`-"), ("│", "|"), ("─", "-")];

/// Whether the locale of `lookup`'s variables is UTF-8: the first of them that is set decides, as in POSIX.
pub fn is_utf8(lookup: impl Fn(&str) -> Option<OsString>) -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(lookup).find(|value| !value.is_empty());
    set.is_some_and(|locale| {
        let locale = locale.to_string_lossy().to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// `text` with ASCII marks.
pub fn ascii(text: &str) -> String {
    MARKS.iter().fold(text.to_owned(), |text, (mark, ascii)| text.replace(mark, ascii))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_decides() {
        let locale = |variables: &[(&str, &str)]| {
            is_utf8(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(*value)))
        };
        assert!(locale(&[("LANG", "de_DE.UTF-8")]));
        assert!(locale(&[("LC_ALL", "C.utf8"), ("LANG", "C")]));
        assert!(locale(&[("LC_ALL", ""), ("LC_CTYPE", "en_US.UTF-8")]));
        assert!(!locale(&[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")]));
        assert!(!locale(&[("LANG", "de_DE.ISO-8859-1")]));
        assert!(!locale(&[]));
    }

    #[test]
    fn only_marks_are_replaced() {
        assert_eq!(ascii("✓ a → b… ├─ é"), "+ a -> b... |- é");
    }
}
