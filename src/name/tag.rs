//! Tags of images.

use std::str::FromStr;
use std::sync::LazyLock;

use super::refusal::{name_of, refuse};
use super::text::{FromText, text};
use crate::error::Error;

const MAX: usize = 128;

static LATEST: LazyLock<Tag> = LazyLock::new(|| Tag("latest".to_owned()));

/// A tag: `[A-Za-z0-9_][A-Za-z0-9._-]{0,127}`
/// (OCI distribution specification, "Pulling manifests": `<reference>` as a tag).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(String);

text!(Tag);

impl Tag {
    /// The default tag, `latest`.
    pub fn latest() -> Self {
        LATEST.clone()
    }

    pub(crate) fn latest_ref() -> &'static Self {
        &LATEST
    }

    /// Like `from_str`; the error is the cause alone.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match fault(text) {
            None => Ok(Self(text.to_owned())),
            Some(cause) => Err(cause),
        }
    }
}

impl FromText for Tag {
    fn from_text(text: String) -> Result<Self, String> {
        match fault(&text) {
            None => Ok(Self(text)),
            Some(_) => Err(text),
        }
    }
}

impl FromStr for Tag {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text).map_err(|cause| refuse(text, "a tag", cause))
    }
}

fn fault(text: &str) -> Option<String> {
    let Some(first) = text.chars().next() else { return Some("the tag is empty".into()) };
    // Fast path for long lists: comparing bytes is faster than characters.
    if !text.bytes().all(|byte| is_allowed(char::from(byte)))
        && let Some(odd) = text.chars().find(|c| !is_allowed(*c))
    {
        return Some(match odd {
            ':' if text.starts_with("sha256:") || text.starts_with("sha512:") => "it is a digest, not a tag".into(),
            _ => format!("{} is not allowed in a tag", name_of(odd)),
        });
    }
    if matches!(first, '.' | '-') {
        return Some(format!("a tag begins with a letter, a digit or '_', not with '{first}'"));
    }
    (text.len() > MAX).then(|| format!("a tag has at most {MAX} characters, this one has {}", text.len()))
}

fn is_allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(text: &str) -> String {
        text.parse::<Tag>().expect_err("no tag").causes()[0].clone()
    }

    #[test]
    fn a_tag_has_up_to_128_characters() {
        assert_eq!("x".repeat(128).parse::<Tag>().expect("a tag").as_str(), "x".repeat(128));
        assert_eq!(cause(&"x".repeat(129)), "a tag has at most 128 characters, this one has 129");
        assert_eq!("_v1.2-RC".parse::<Tag>().expect("a tag").as_str(), "_v1.2-RC");
    }

    #[test]
    fn the_cause_names_the_part_that_is_wrong() {
        assert_eq!(cause(""), "the tag is empty");
        assert_eq!(cause("-x"), "a tag begins with a letter, a digit or '_', not with '-'");
        assert_eq!(cause("v1+build"), "'+' is not allowed in a tag");
        assert_eq!(cause("a\nb"), "U+000A is not allowed in a tag");
        assert_eq!(cause(&format!("sha256:{}", "0".repeat(64))), "it is a digest, not a tag");
    }

    #[test]
    fn the_error_names_the_text() {
        assert_eq!("a b".parse::<Tag>().expect_err("no tag").what(), "'a b' is not a tag");
    }
}
