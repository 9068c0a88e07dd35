//! Credentials and settings that seem to be meant for a registry, and do not count for it.

use std::fmt;

use crate::auth::without_user;

/// A setting in a file with credentials that seems to be meant for a registry, and does not count for it.
///
/// It never contains a secret. Its `Display` says what is written, and why it does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NearMiss {
    /// The file or variable, for instance `~/.docker/config.json`.
    pub place: String,
    /// Where the key is in it, for instance `auths`; empty at the top level.
    pub member: &'static str,
    /// The key as written.
    pub key: String,
    /// Why it does not count.
    pub mismatch: Mismatch,
    /// What the key would have to be; `None` where the key is right.
    pub expected: Option<String>,
}

/// Why a setting does not count for a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mismatch {
    /// White space in or around the key.
    WhiteSpace,
    /// The key has the host and is not written as one: in quotation marks, two hosts in one key, a scheme without its
    /// slashes, an IPv6 address without brackets.
    Malformed,
    /// The key is a variable that was not replaced.
    Variable,
    /// The key has another port than the registry, or one of them has none.
    Port,
    /// The key has a scheme, and only a host counts there.
    Scheme,
    /// The key ends with a slash or has a path, and only a host counts there.
    Path,
    /// The key has a wildcard, and only a whole host counts there.
    Wildcard,
    /// The key is for a part of the registry only.
    Namespace,
    /// The key is another host of the same operator.
    Host,
    /// The key is for another registry, in a file that the user named for this one.
    OtherRegistry,
    /// The name of the member is not one that clients read.
    Member,
    /// The key is outside of the object in which clients look.
    Outside,
    /// The file has another name than the one that clients read.
    FileName,
    /// The variable leads to a file or folder that does not exist, which is the key.
    Missing,
    /// The entry has no credentials. They may be in a credential store, which is named if it is known.
    Empty {
        /// The name of the credential store.
        store: Option<String>,
    },
}

impl NearMiss {
    /// A setting whose key would have to be another one.
    pub(crate) fn of_key(
        place: impl Into<String>,
        member: &'static str,
        key: impl Into<String>,
        mismatch: Mismatch,
        expected: impl Into<String>,
    ) -> Self {
        let key = without_user(&key.into()).into_owned();
        Self { place: place.into(), member, key, mismatch, expected: Some(expected.into()) }
    }

    /// A variable that leads to a file or folder that does not exist.
    pub(crate) fn of_missing(variable: &str, path: String) -> Self {
        Self { place: variable.to_owned(), member: "", key: path, mismatch: Mismatch::Missing, expected: None }
    }

    /// An entry under the right key that has no credentials.
    pub(crate) fn of_empty(
        place: impl Into<String>,
        member: &'static str,
        key: impl Into<String>,
        store: Option<&str>,
    ) -> Self {
        let mismatch = Mismatch::Empty { store: store.map(str::to_owned) };
        Self { place: place.into(), member, key: key.into(), mismatch, expected: None }
    }
}

impl fmt::Display for NearMiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, member, key, .. } = self;
        let expected = self.expected.as_deref().unwrap_or_default();
        let within = if member.is_empty() { String::new() } else { format!(" of {member}") };
        match &self.mismatch {
            Mismatch::Missing => return write!(f, "{place}: {key} does not exist"),
            Mismatch::FileName => return write!(f, "{place} is not read; clients read {expected}"),
            Mismatch::Member => {
                return write!(f, "{place}: {key:?}{within} is not a known setting; expected {expected:?}");
            }
            Mismatch::Outside if member.is_empty() => {
                return write!(f, "{place}: {key:?} is ignored; it must be in {expected}");
            }
            Mismatch::Outside => return write!(f, "{place}: {key:?}{within} is ignored; it must be at {expected}"),
            Mismatch::OtherRegistry => {
                return write!(f, "{place} has credentials for {key}, not for this registry");
            }
            Mismatch::Empty { store: Some(store) } => {
                return write!(
                    f,
                    "{place}: the entry {key:?}{within} is empty; its password is in the credential store {store:?}"
                );
            }
            Mismatch::Empty { store: None } => {
                return write!(f, "{place}: the entry {key:?}{within} is empty: it has no password");
            }
            _ => {}
        }
        write!(f, "{place}: the key {key:?}{within} ")?;
        match &self.mismatch {
            Mismatch::WhiteSpace => f.write_str("contains white space")?,
            Mismatch::Malformed => f.write_str("is not a host")?,
            Mismatch::Variable => return f.write_str("is a variable that was not replaced"),
            Mismatch::Port => return write!(f, "is for another port; the key of this registry is {expected:?}"),
            Mismatch::Namespace => return write!(f, "is only for a part of the registry"),
            Mismatch::Scheme => f.write_str("has a scheme")?,
            Mismatch::Path if key.ends_with('/') => f.write_str("ends with a slash")?,
            Mismatch::Path => f.write_str("has a path")?,
            Mismatch::Wildcard => f.write_str("has a wildcard that does not match this registry")?,
            _ => f.write_str("is another host")?,
        }
        write!(f, "; it must be {expected:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_says_what_is_written_and_what_is_expected() {
        let of = |key: &str, mismatch| NearMiss::of_key("c.json", "auths", key, mismatch, "reg:5000").to_string();
        for (key, mismatch, text) in [
            (
                " reg:5000",
                Mismatch::WhiteSpace,
                r#"the key " reg:5000" of auths contains white space; it must be "reg:5000""#,
            ),
            (
                "reg",
                Mismatch::Port,
                r#"the key "reg" of auths is for another port; the key of this registry is "reg:5000""#,
            ),
            (
                "https://reg:5000",
                Mismatch::Scheme,
                r#"the key "https://reg:5000" of auths has a scheme; it must be "reg:5000""#,
            ),
            (
                "https://ann:s3cret@reg:5000",
                Mismatch::Scheme,
                r#"the key "https://REDACTED@reg:5000" of auths has a scheme; it must be "reg:5000""#,
            ),
            ("reg:5000/", Mismatch::Path, r#"the key "reg:5000/" of auths ends with a slash; it must be "reg:5000""#),
            ("reg:5000/v2", Mismatch::Path, r#"the key "reg:5000/v2" of auths has a path; it must be "reg:5000""#),
        ] {
            assert_eq!(of(key, mismatch), format!("c.json: {text}"));
        }
        assert_eq!(
            NearMiss::of_key("c.json", "", "credStore", Mismatch::Member, "credsStore").to_string(),
            r#"c.json: "credStore" is not a known setting; expected "credsStore""#
        );
        assert_eq!(
            NearMiss::of_empty("c.json", "auths", "reg", Some("desktop")).to_string(),
            r#"c.json: the entry "reg" of auths is empty; its password is in the credential store "desktop""#
        );
    }
}
