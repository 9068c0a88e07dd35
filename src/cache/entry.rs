//! Entries: whose they are, and their form, which is a line that names the format and the media type, then the exact
//! bytes.

use std::fmt;

use bytes::Bytes;

use crate::name::{Algorithm, Digest};

/// The beginning of every entry; the media type follows.
const MAGIC: &str = "cache-entry-1 ";

/// The longest media type (RFC 6838, section 4.2).
const MAX_TYPE: usize = 255;

/// The largest entry: a config of 8 MiB with its first line.
pub(super) const MAX_ENTRY: u64 = 8 * 1024 * 1024 + 1024;

/// Whose entries they are: those of one user in one repository of one registry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope(String);

impl Scope {
    /// The scope of a registry, with its scheme, a repository and a user.
    pub fn new(registry: &str, repository: &str, user: &str) -> Self {
        // Names have no NUL, so that no two scopes have the same text.
        let text = format!("{registry}\0{repository}\0{user}");
        Self(Digest::of(Algorithm::Sha256, text.as_bytes()).encoded()[..32].to_owned())
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Content, and what the registry called it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedContent {
    /// The media type that the registry sent, if any.
    pub media_type: Option<String>,
    /// The exact bytes.
    pub bytes: Bytes,
}

/// The bytes of an entry; `None` where it cannot be kept.
pub(super) fn format(content: &CachedContent) -> Option<Vec<u8>> {
    let media_type = content.media_type.as_deref().unwrap_or_default();
    let is_plain = media_type.len() <= MAX_TYPE && media_type.bytes().all(|byte| byte.is_ascii_graphic());
    let mut bytes = Vec::with_capacity(MAGIC.len() + media_type.len() + 1 + content.bytes.len());
    bytes.extend_from_slice(MAGIC.as_bytes());
    bytes.extend_from_slice(media_type.as_bytes());
    bytes.push(b'\n');
    bytes.extend_from_slice(&content.bytes);
    (is_plain && bytes.len() as u64 <= MAX_ENTRY).then_some(bytes)
}

/// Parses an entry. The content is not verified yet.
pub(super) fn parse(bytes: Vec<u8>) -> Option<CachedContent> {
    let longest = MAGIC.len() + MAX_TYPE + 1;
    let end = bytes.iter().take(longest).position(|byte| *byte == b'\n')?;
    let media_type = std::str::from_utf8(&bytes[..end]).ok()?.strip_prefix(MAGIC)?;
    if !media_type.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let media_type = Some(media_type.to_owned()).filter(|stated| !stated.is_empty());
    Some(CachedContent { media_type, bytes: Bytes::from(bytes).slice(end + 1..) })
}
