//! `Warning`: only the form of the specification is accepted, and no text has a control character.

use registry_ls::http::internals::warning_text;

use super::vectors;

pub fn seeds() -> Vec<Vec<u8>> {
    let file = include_str!("../../../fixtures/vectors/sanitize.json");
    vectors::texts(file, &["warning-header", "warning-header-set"])
}

pub fn run(input: &[u8]) {
    let Some(text) = warning_text(input) else { return };
    assert!(input.starts_with(b"299 - \"") && input.ends_with(b"\""));
    assert!(text.iter().all(|byte| !byte.is_ascii_control() || *byte == b'\t'));
    assert!(text.len() <= input.len());
    // Written as the specification has it, it is the same text.
    let escaped: String = text.iter().map(|byte| format!("%{byte:02X}")).collect();
    assert_eq!(warning_text(format!("299 - \"{escaped}\"").as_bytes()), Some(text));
}
