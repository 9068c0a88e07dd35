//! The records: one struct for each line of the table in the command line's contract, and beside each its [`View`].
//!
//! Each says where its subject is: `registry`, and `reference`, which is its full name. People see the full name where
//! it was asked for, and always where the name alone would be read back as something in another registry.
//!
//! A field has the same name in all formats. Times and sizes are machine values here; only tables and templates'
//! filters make them human.

mod certificate;
mod check;
mod digest;
mod inspection;
mod login;
mod manifest;
mod prune;
mod removal;
mod repository;
mod tag;
mod time;
mod trust;
mod undo;

use std::borrow::Cow;

use registry_ls::name::Repository;
use serde::{Serialize, Serializer};

pub use certificate::{CertificateRecord, day};
pub use check::{CheckRecord, CheckStatus, CheckView, FactRecord};
pub use digest::{DigestRecord, DigestView};
pub use inspection::{InspectedRecord, InspectionRecord, InspectionView, KeyRecord, UseRecord};
pub use login::{LoginRecord, LoginView, LogoutRecord, LogoutView};
pub use manifest::{ConfigRecord, HistoryRecord, LayerRecord, ManifestRecord, ManifestView, PlatformRecord};
pub use prune::{PruneRecord, PruneView};
pub use removal::{Action, RemovalRecord, RemovalView, SiblingsRecord};
pub use repository::{RepositoryRecord, RepositoryView};
pub use tag::{Detail, TagRecord, TagView};
pub use time::Time;
pub use trust::{SettingRecord, TrustRecord, TrustView, WrittenRecord};
pub use undo::{UndoRunRecord, UndoRunView};

#[cfg(doc)]
use super::View;

/// A field that is there only when it was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Field<T> {
    /// Not asked for: absent.
    #[default]
    Absent,
    /// Asked for, and not known: `null`.
    Unknown,
    /// Asked for and known.
    Known(T),
}

impl<T> Field<T> {
    /// Whether the field was not asked for.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The value, if it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Absent | Self::Unknown => None,
        }
    }
}

/// A field that was asked for.
impl<T> From<Option<T>> for Field<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Unknown, Self::Known)
    }
}

impl<T: Serialize> Serialize for Field<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.known().serialize(serializer)
    }
}

/// Why one thing of several failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// A stable word for the sort of error, such as `not-found`.
    pub kind: String,
    /// Text for people.
    pub message: String,
}

/// What stands in tables, lines and templates for a value that is not known, so that no column is ever empty.
pub const UNKNOWN: &str = "-";

/// `repository:tag`, or `repository@digest` for what has no tag.
fn name(repository: &str, tag: Option<&str>, digest: Option<&str>) -> String {
    match (tag, digest) {
        (Some(tag), _) => format!("{repository}:{tag}"),
        (None, Some(digest)) => format!("{repository}@{digest}"),
        (None, None) => repository.to_owned(),
    }
}

/// What people see of a name: `repository:tag`, or the full name.
fn shown<'a>(
    full: bool,
    repository: &'a str,
    tag: Option<&str>,
    digest: Option<&str>,
    reference: &'a str,
) -> Cow<'a, str> {
    if full || is_ambiguous(repository) { reference.into() } else { name(repository, tag, digest).into() }
}

/// What people see of the repository that a full name with this tag or digest is in.
fn shown_repository<'a>(full: bool, repository: &'a str, tag: Option<&str>, reference: &'a str) -> &'a str {
    if !full && !is_ambiguous(repository) {
        return repository;
    }
    let without_tag = tag.and_then(|tag| reference.strip_suffix(tag)?.strip_suffix(':'));
    without_tag.unwrap_or_else(|| reference.split('@').next().unwrap_or_default())
}

/// Whether a repository's path would be read back as a host and a path there.
fn is_ambiguous(repository: &str) -> bool {
    repository.parse::<Repository>().is_ok_and(|repository| repository.begins_like_a_host())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_begins_like_a_host_is_shown_in_full() {
        let shown = |full, repository, reference| shown(full, repository, Some("1"), None, reference).into_owned();
        assert_eq!(shown(false, "team/app", "reg:5000/team/app:1"), "team/app:1");
        assert_eq!(shown(true, "team/app", "reg:5000/team/app:1"), "reg:5000/team/app:1");
        assert_eq!(shown(false, "evil.test/app", "reg:5000/evil.test/app:1"), "reg:5000/evil.test/app:1");
        assert_eq!(shown(false, "localhost/app", "reg:5000/localhost/app:1"), "reg:5000/localhost/app:1");
        assert_eq!(shown(false, "evil.test", "reg:5000/evil.test:1"), "evil.test:1");
    }

    #[derive(Serialize)]
    struct Three {
        #[serde(skip_serializing_if = "Field::is_absent")]
        absent: Field<u64>,
        #[serde(skip_serializing_if = "Field::is_absent")]
        unknown: Field<u64>,
        #[serde(skip_serializing_if = "Field::is_absent")]
        known: Field<Vec<u64>>,
    }

    #[test]
    fn absent_unknown_and_known_differ() {
        let three = Three { absent: Field::Absent, unknown: None.into(), known: Some(vec![]).into() };
        assert_eq!(serde_json::to_string(&three).unwrap(), r#"{"unknown":null,"known":[]}"#);
    }
}
