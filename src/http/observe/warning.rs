//! The `Warning` header: messages of a registry to people (OCI distribution specification, "Warnings").

use std::sync::{Mutex, PoisonError};

use http::header::{HeaderMap, WARNING};
use percent_encoding::percent_decode;

use crate::auth::Secrets;

/// The warnings of one registry that were shown: each text once, and 4096 bytes in all at most, as the specification
/// asks.
#[derive(Debug, Default)]
pub(super) struct Warnings(Mutex<Vec<String>>);

impl Warnings {
    /// Logs the warnings in a reply's headers that are new.
    pub fn show(&self, headers: &HeaderMap, secrets: &Secrets) {
        const MAX_BYTES: usize = 4096;
        for text in headers.get_all(WARNING).iter().filter_map(|value| warning_text(value.as_bytes())) {
            let text = String::from_utf8_lossy(&text).into_owned();
            let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let bytes: usize = shown.iter().map(String::len).sum();
            if !text.is_empty() && !shown.contains(&text) && bytes + text.len() <= MAX_BYTES {
                tracing::warn!("the registry says: {}", secrets.masked(&text));
                shown.push(text);
            }
        }
    }
}

/// The text of a `Warning: 299 - "text"` header value, as bytes; `None` for anything else.
///
/// RFC 7234 §5.5 with the specification's narrowing: code 299, agent `-`, no date. Percent escapes are decoded where
/// they are whole.
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
