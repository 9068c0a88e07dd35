//! The `Warning` header, by which a registry speaks to people (OCI distribution specification, "Warnings").

use percent_encoding::percent_decode;

/// The text of a `Warning: 299 - "text"` header value, as bytes; `None` for anything else.
///
/// RFC 7234 §5.5 with the specification's narrowing: code 299, agent `-`, no date. Percent escapes are decoded where they are whole.
pub fn warning_text(value: &[u8]) -> Option<Vec<u8>> {
    let quoted = value.strip_prefix(b"299 - \"")?.strip_suffix(b"\"")?;
    let mut text = Vec::with_capacity(quoted.len());
    let mut bytes = quoted.iter().copied();
    while let Some(byte) = bytes.next() {
        text.push(match byte {
            b'"' => return None,
            b'\\' => bytes.next()?,
            byte => byte,
        });
    }
    let text: Vec<u8> = percent_decode(&text).collect();
    text.iter().all(|&byte| byte == b'\t' || (byte >= b' ' && byte != 0x7f)).then_some(text)
}
