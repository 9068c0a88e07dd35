//! Errors for invalid names, without repeating a password in them.

use std::borrow::Cow;
use std::net::Ipv6Addr;
use std::ops::Range;

use crate::error::Error;

/// The longest text that is shown, in characters: a name may come from a server.
const MAX_SHOWN: usize = 320;

/// The error that `text` is not `expected`, such as "a tag", because of `cause`.
///
/// If the text has a user and password, that is the cause: any other may quote them.
pub(super) fn refuse(text: &str, expected: &str, cause: String) -> Error {
    let (shown, cause) = match secret(text) {
        Some(_) => (without_password(text), "a name must not contain a user or password".to_owned()),
        None => (Cow::Borrowed(text), transport(text).unwrap_or(cause)),
    };
    Error::invalid(format!("'{}' is not {expected}", cut(&shown))).because(cause)
}

/// The cause for a name with a transport of skopeo and podman (containers-transports(5)).
fn transport(text: &str) -> Option<String> {
    const TRANSPORTS: [&str; 9] = [
        "containers-storage",
        "dir",
        "docker",
        "docker-archive",
        "docker-daemon",
        "oci",
        "oci-archive",
        "ostree",
        "sif",
    ];
    let (transport, rest) = text.split_once(':')?;
    let port = rest.split('/').next().unwrap_or_default();
    let is_transport = TRANSPORTS.contains(&transport) && !rest.starts_with("//") && !is_port(port);
    is_transport
        .then(|| format!("'{transport}:' is a transport of skopeo, not a registry; only docker:// names are read"))
}

/// A text that may be an address, without the password in it: `https://ann:xxxxx@reg.corp`.
pub fn without_password(text: &str) -> Cow<'_, str> {
    match secret(text) {
        Some(range) => Cow::Owned(format!("{}xxxxx{}", &text[..range.start], &text[range.end..])),
        None => Cow::Borrowed(text),
    }
}

/// A printable description of a character.
pub(super) fn name_of(odd: char) -> String {
    match odd {
        '!'..='~' | ' ' => format!("'{odd}'"),
        _ if odd.is_alphanumeric() => format!("'{odd}' (U+{:04X})", u32::from(odd)),
        _ => format!("U+{:04X}", u32::from(odd)),
    }
}

fn cut(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// The position of a password in `[SCHEME://]USER:PASSWORD@HOST…`, or, with a scheme, of a token in
/// `SCHEME://TOKEN@HOST…`.
///
/// Other uses of `@` and `:` are left alone: `REPO:TAG@DIGEST`, and a colon before a port or in the path. Ambiguous
/// text counts as a password.
fn secret(text: &str) -> Option<Range<usize>> {
    let is_scheme = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte));
    let start = text.find("://").filter(|end| is_scheme(&text[..*end])).map_or(0, |end| end + "://".len());
    let mut rest = &text[start..];
    let at = loop {
        let at = rest.rfind('@')?;
        if !begins_a_digest(&rest[at + 1..]) {
            break at;
        }
        rest = &rest[..at];
    };
    let before = &rest[..at];
    let address = ipv6_address(before);
    match (before[address..].find(':').map(|colon| address + colon), before.find('/')) {
        (None, None) if start > 0 => Some(start..start + at),
        (Some(colon), slash) if slash.is_none_or(|slash| colon < slash && !is_port(&before[colon + 1..slash])) => {
            Some(start + colon + 1..start + at)
        }
        _ => None,
    }
}

fn begins_a_digest(text: &str) -> bool {
    let algorithm = text.split(':').next().unwrap_or_default();
    algorithm.len() < text.len()
        && ["sha256", "sha384", "sha512"].iter().any(|known| algorithm.eq_ignore_ascii_case(known))
}

/// The length of the bracketed address that `text` begins with.
fn ipv6_address(text: &str) -> usize {
    let address = text.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(address, _)| address);
    address.filter(|address| address.parse::<Ipv6Addr>().is_ok()).map_or(0, |address| address.len() + "[]".len())
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Error {
        refuse(text, "a name", "something".into())
    }

    #[test]
    fn a_password_is_masked_and_is_the_cause() {
        for (text, shown) in [
            ("user:pw@example.com/a", "user:xxxxx@example.com/a"),
            ("http://user:pw@example.com/a", "http://user:xxxxx@example.com/a"),
            ("https://user:p/w@example.com", "https://user:xxxxx@example.com"),
            ("user:p@w@example.com/a:tag", "user:xxxxx@example.com/a:tag"),
            ("user:p:w/x@example.com", "user:xxxxx@example.com"),
            ("user:pw@example.com/a@sha256:00", "user:xxxxx@example.com/a@sha256:00"),
            ("user:pw@example.com/a@SHA256:00", "user:xxxxx@example.com/a@SHA256:00"),
            ("https://glpat@example.com/a", "https://xxxxx@example.com/a"),
            ("user:@example.com", "user:xxxxx@example.com"),
            ("[user:p]@example.com", "[user:xxxxx@example.com"),
            ("user:pw@[::1]:5000/app", "user:xxxxx@[::1]:5000/app"),
            ("user:p://w@example.com", "user:xxxxx@example.com"),
        ] {
            let error = refused(text);
            assert_eq!(error.what(), format!("'{shown}' is not a name"));
            assert_eq!(error.causes(), ["a name must not contain a user or password"], "{text}");
        }
    }

    #[test]
    fn other_uses_of_at_and_colon_are_shown() {
        for text in [
            "reg:5000/app@latest",
            "https://reg:5000/app@latest",
            "[::1]:5000/app@latest",
            "[::1]/app:v1@latest",
            "app:tag@sha256:short",
            "reg.corp/app:tag@latest",
            "https://reg.corp/app@latest",
            "app@latest",
            "@",
            "",
        ] {
            let error = refused(text);
            assert_eq!(error.what(), format!("'{text}' is not a name"));
            assert_eq!(error.causes(), ["something"], "{text}");
        }
    }

    #[test]
    fn a_transport_of_skopeo_is_the_cause() {
        for text in ["docker-daemon:reg.corp:5000/team/app", "oci:/tmp/layout:1", "containers-storage:[overlay]x"] {
            let causes = refused(text).causes().join("; ");
            assert!(causes.contains("is a transport of skopeo"), "{text}: {causes}");
        }
        for text in ["dir:5000/app", "docker://reg.corp/app", "app:x:y"] {
            assert_eq!(refused(text).causes(), ["something"], "{text}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let error = refused(&"é".repeat(5000));
        assert_eq!(error.what(), format!("'{}…' is not a name", "é".repeat(MAX_SHOWN)));
    }

    #[test]
    fn no_character_reaches_the_terminal_unless_it_is_plain() {
        assert_eq!(name_of('?'), "'?'");
        assert_eq!(name_of(' '), "' '");
        assert_eq!(name_of('é'), "'é' (U+00E9)");
        assert_eq!(name_of('\n'), "U+000A");
        assert_eq!(name_of('\u{202e}'), "U+202E");
    }
}
