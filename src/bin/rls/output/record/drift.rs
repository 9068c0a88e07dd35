//! What `rls snapshot` prints, and the changes that `rls drift` finds.

use std::fmt;

use serde::Serialize;

use super::digest::DigestRecord;
use super::field::{Failure, UNKNOWN};
use super::name::shown;
use crate::output::{Cell, Column, Human, Lines, View};

/// How `rls snapshot` shows its records: lines that `rls drift` reads.
#[derive(Debug, Clone, Copy)]
pub struct SnapshotView;

impl View for SnapshotView {
    type Record = DigestRecord;

    fn sample(&self) -> DigestRecord {
        DigestRecord { repository: "team/app".to_owned(), ..DigestRecord::default() }
    }

    fn plain(&self, record: &DigestRecord, lines: &mut Lines) {
        lines.push([record.reference.as_str(), record.digest.as_deref().unwrap_or(UNKNOWN)]);
    }

    fn columns(&self) -> Vec<Column> {
        vec!["REFERENCE", "DIGEST"]
    }

    fn rows(&self, record: &DigestRecord, human: &Human) -> Vec<Vec<Cell>> {
        let digest = record.digest.as_deref().unwrap_or(UNKNOWN);
        vec![vec![Cell::new(&record.reference), Cell::digest(digest, human)]]
    }
}

/// What happened to a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It points to something else.
    Moved,
    /// It is gone.
    Vanished,
    /// It is new.
    Added,
    /// That could not be found out.
    Unknown,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Moved => "moved",
            Self::Vanished => "vanished",
            Self::Added => "added",
            Self::Unknown => "unknown",
        })
    }
}

/// One tag of `rls drift`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DriftRecord {
    /// The registry.
    pub registry: String,
    /// The full name of the tag.
    pub reference: String,
    /// The repository's path in its registry.
    pub repository: String,
    /// The tag. `null` where the tags of the repository could not be listed.
    pub tag: Option<String>,
    /// What happened to it.
    pub change: Change,
    /// The digest in the snapshot.
    pub was: Option<String>,
    /// The digest now.
    pub is: Option<String>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}

/// How `rls drift` shows its records.
#[derive(Debug, Clone, Copy)]
pub struct DriftView {
    /// Whether names are shown in full.
    pub full: bool,
}

impl View for DriftView {
    type Record = DriftRecord;

    fn sample(&self) -> DriftRecord {
        DriftRecord {
            registry: String::new(),
            reference: String::new(),
            repository: "team/app".to_owned(),
            tag: Some("1.0".to_owned()),
            change: Change::Moved,
            was: None,
            is: None,
            error: None,
        }
    }

    fn shows(&self, record: &DriftRecord) -> bool {
        record.error.is_none()
    }

    fn plain(&self, record: &DriftRecord, lines: &mut Lines) {
        lines.push(self.fields(record));
    }

    fn columns(&self) -> Vec<Column> {
        vec!["CHANGE", "TAG", "WAS", "IS"]
    }

    fn essential(&self) -> &'static [Column] {
        &["TAG", "WAS", "IS"]
    }

    fn rows(&self, record: &DriftRecord, human: &Human) -> Vec<Vec<Cell>> {
        let [change, name, was, is] = self.fields(record);
        vec![vec![Cell::new(change), Cell::new(name), Cell::digest(&was, human), Cell::digest(&is, human)]]
    }
}

impl DriftView {
    fn fields(&self, record: &DriftRecord) -> [String; 4] {
        let DriftRecord { repository, tag, reference, .. } = record;
        let name = shown(self.full, repository, tag.as_deref(), None, reference).into_owned();
        let or_unknown = |digest: &Option<String>| digest.clone().unwrap_or_else(|| UNKNOWN.to_owned());
        [record.change.to_string(), name, or_unknown(&record.was), or_unknown(&record.is)]
    }
}
