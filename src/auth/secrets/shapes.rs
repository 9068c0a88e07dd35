//! Parts of a text that are secrets by their shape, whoever they belong to: the user in a URL, what follows `Bearer`,
//! the signature of a presigned URL, a token that begins as a JSON Web Token does.

use std::ops::Range;

use super::reading::Reading;

/// The shortest word after `Bearer` or `Basic` that is taken for a credential.
const SHORTEST_CREDENTIAL: usize = 8;

/// Query parameters whose values are not secret: those of the distribution API and of a token request.
const HARMLESS: &[&str] = &["scope", "service", "mount", "from", "digest", "n", "last", "client_id", "artifactType"];

/// Parts of the names of query parameters that sign a URL or belong to a signature: Amazon's, Google's and Azure's,
/// and those that are made after them.
const SIGNING: &[&str] =
    &["signature", "credential", "token", "accesskey", "accessid", "key-pair-id", "secret", "password"];

/// Such names that are too short to be looked for within others: Azure's signature, its expiry and its permissions.
const SIGNING_WHOLE: &[&str] = &["sig", "se", "sp"];

/// Whether the value of a query parameter is known not to be secret.
pub(crate) fn is_harmless(name: &str) -> bool {
    HARMLESS.contains(&name)
}

/// Whether a query parameter signs its URL.
pub(super) fn is_signing(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SIGNING_WHOLE.contains(&&*name) || SIGNING.iter().any(|part| name.contains(part))
}

/// Where secrets are by their shape.
pub(super) fn shaped(reading: &Reading) -> Vec<Range<usize>> {
    let mut found = users(reading);
    found.extend(credentials(reading));
    found.extend(signatures(reading));
    found.extend(encoded(reading));
    found
}

/// JSON Web Tokens (RFC 7519), and data that gzip has compressed, in base64: it may hold anything.
fn encoded(reading: &Reading) -> Vec<Range<usize>> {
    /// How they begin: `{"` of the header, and gzip's magic number with the only method there is.
    const STARTS: [&[u8]; 2] = [b"eyJ", b"H4sI"];
    const SHORTEST: usize = 20;
    let bytes = reading.bytes();
    let is_part = |at: usize| bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || b"+/-_.".contains(byte));
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let is_start = (at == 0 || reading.is_gap(at) || !is_part(at - 1))
            && STARTS.iter().any(|start| bytes[at..].starts_with(start));
        let mut end = at + 1;
        while is_start && is_part(end) && !reading.is_gap(end) {
            end += 1;
        }
        if end - at >= SHORTEST {
            found.push(at..end);
        }
        at = end;
    }
    found
}

/// The user information of URLs.
fn users(reading: &Reading) -> Vec<Range<usize>> {
    let bytes = reading.bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = bytes[at..].windows(3).position(|window| window == b"://") {
        let start = at + next + 3;
        let end = until(reading, start, b"/?#\"'<>,;\\");
        if let Some(sign) = bytes[start..end].iter().rposition(|byte| *byte == b'@') {
            found.push(start..start + sign);
        }
        at = end.max(start);
    }
    found
}

/// What follows the words `Bearer` and `Basic`.
fn credentials(reading: &Reading) -> Vec<Range<usize>> {
    let bytes = reading.bytes();
    let mut found = Vec::new();
    for at in 0..bytes.len() {
        let scheme = ["bearer", "basic"].iter().find(|scheme| {
            bytes[at..].get(..scheme.len()).is_some_and(|word| word.eq_ignore_ascii_case(scheme.as_bytes()))
        });
        let Some(start) = scheme.map(|scheme| at + scheme.len()).filter(|start| reading.is_gap(*start)) else {
            continue;
        };
        let end = until(reading, start, b"\"',");
        let credential = bytes[start..end].trim_ascii_end();
        let unpadded = credential.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
        let is_credential = credential.len() >= SHORTEST_CREDENTIAL && !is_word(credential);
        if is_credential && !credential[..unpadded].contains(&b'=') {
            found.push(start..end);
        }
    }
    found
}

/// Whether this is a word of a sentence, such as "Bearer challenge" or "Basic authentication.", and no credential.
fn is_word(text: &[u8]) -> bool {
    let letters = text.trim_ascii().strip_suffix(b".").or(text.strip_suffix(b":")).unwrap_or(text);
    letters[1..].iter().all(u8::is_ascii_lowercase)
}

/// The values of query parameters that sign a URL.
fn signatures(reading: &Reading) -> Vec<Range<usize>> {
    /// The longest name of a parameter.
    const MAX_NAME: usize = 64;
    let bytes = reading.bytes();
    let mut found = Vec::new();
    for (equals, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'=') {
        let is_name = |at: &usize| bytes[*at].is_ascii_alphanumeric() || b"-_.".contains(&bytes[*at]);
        let mut start = equals;
        while let Some(before) = start.checked_sub(1).filter(is_name)
            && equals - before <= MAX_NAME
            && !reading.is_gap(start)
        {
            start = before;
        }
        let end = until(reading, equals + 1, b"&;\"'<>,\\#)");
        if !reading.is_gap(equals + 1)
            && end > equals + 1
            && is_signing(&String::from_utf8_lossy(&bytes[start..equals]))
        {
            found.push(equals + 1..end);
        }
    }
    found
}

/// The end of what begins at `start`: white space, or one of these bytes.
fn until(reading: &Reading, start: usize, ends: &[u8]) -> usize {
    let bytes = reading.bytes();
    let mut end = start;
    while end < bytes.len() && !ends.contains(&bytes[end]) && (end == start || !reading.is_gap(end)) {
        end += 1;
    }
    end
}
