//! A problem that `rls check` finds.

use std::fmt;

use serde::Serialize;

use super::field::UNKNOWN;
use crate::output::{Cell, Column, Human, Lines, Tone, View};

/// Whether something is whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Integrity {
    /// Everything is there.
    #[default]
    Ok,
    /// Something is missing.
    Broken,
    /// It does not exist.
    Missing,
    /// That could not be found out.
    Unknown,
}

impl fmt::Display for Integrity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::Broken => "broken",
            Self::Missing => "missing",
            Self::Unknown => "unknown",
        })
    }
}

/// One finding of `rls check`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct IntegrityRecord {
    /// The registry.
    pub registry: String,
    /// The full name of what was checked.
    pub reference: String,
    /// Whether it is whole.
    pub status: Integrity,
    /// What is wrong: `dangling-tag`, `missing-manifest`, `missing-blob`, `missing-subject`, `missing-platform`,
    /// `not-found`, `unreadable`, or the kind of an error.
    pub problem: Option<String>,
    /// The facts.
    pub detail: Option<String>,
}

/// How `rls check` shows its records: people see what is wrong.
#[derive(Debug, Clone, Copy)]
pub struct IntegrityView {
    /// Whether what is whole is shown too.
    pub all: bool,
}

impl View for IntegrityView {
    type Record = IntegrityRecord;

    fn sample(&self) -> IntegrityRecord {
        IntegrityRecord::default()
    }

    fn shows(&self, record: &IntegrityRecord) -> bool {
        self.all || record.status != Integrity::Ok
    }

    fn plain(&self, record: &IntegrityRecord, lines: &mut Lines) {
        let or_unknown = |text: &Option<String>| text.clone().unwrap_or_else(|| UNKNOWN.to_owned());
        let status = record.status.to_string();
        lines.push([status, record.reference.clone(), or_unknown(&record.problem), or_unknown(&record.detail)]);
    }

    fn columns(&self) -> Vec<Column> {
        vec!["STATUS", "REFERENCE", "PROBLEM", "DETAIL"]
    }

    fn essential(&self) -> &'static [Column] {
        &["DETAIL"]
    }

    fn rows(&self, record: &IntegrityRecord, human: &Human) -> Vec<Vec<Cell>> {
        let text = |text: &Option<String>| Cell::with_digests(text.as_deref().unwrap_or(UNKNOWN), human);
        let tone = if record.status == Integrity::Ok { Tone::Good } else { Tone::Bad };
        let status = Cell { tone, ..Cell::new(record.status.to_string()) };
        vec![vec![status, Cell::new(&record.reference), text(&record.problem), text(&record.detail)]]
    }
}
