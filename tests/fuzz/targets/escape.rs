//! Text for a terminal: no control character takes effect or is hidden, and escaping is idempotent.

use super::{is_hostile, vectors};
use crate::output::escape;

pub fn seeds() -> Vec<Vec<u8>> {
    let file = include_str!("../../../fixtures/vectors/sanitize.json");
    let mut seeds = vectors::texts(file, &["terminal", "warning-header"]);
    seeds.extend(["žluťoučký kůň 日本語 👍🏽", "e\u{301}\u{301}x\u{202e}y\u{200b}z\u{9b}31m\u{e0041}"].map(Into::into));
    seeds
}

pub fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let shown = escape(&text);
    assert!(!shown.chars().any(is_hostile), "{shown:?}");
    assert_eq!(escape(&shown), shown);
    if text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
        assert_eq!(shown, text);
    }
    // No letter is lost, and none is added but in escapes.
    let kept = shown.chars().filter(|c| !c.is_ascii()).count();
    assert!(kept <= text.chars().filter(|c| !c.is_ascii()).count());
    assert!(shown.len() <= 10 * text.len().max(1), "{} of {}", shown.len(), text.len());
}
