//! A run of removals: `rls undo --list`.

use serde::Serialize;

use super::field::UNKNOWN;
use super::time::Time;
use crate::output::{Cell, Column, Human, Lines, View};

/// Maximum number of repositories in a row.
const MAX_NAMES: usize = 3;

/// The removals of one run from one registry, which `rls undo` can restore.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct UndoRunRecord {
    /// The registry, with `http://` where that is spoken.
    pub registry: String,
    /// The ID of the run.
    pub id: String,
    /// When it began.
    pub time: Option<Time>,
    /// The repositories of the removals.
    pub repositories: Vec<String>,
    /// How many tags were removed.
    pub tags: usize,
    /// Number of distinct manifests.
    pub manifests: usize,
}

/// How `rls undo --list` shows its records.
#[derive(Debug, Clone, Copy)]
pub struct UndoRunView;

impl View for UndoRunView {
    type Record = UndoRunRecord;

    fn sample(&self) -> UndoRunRecord {
        UndoRunRecord {
            registry: "registry.corp:5000".to_owned(),
            id: "20261130T015018-4f2a9c".to_owned(),
            time: Time::parse("2026-11-30T01:50:18Z"),
            repositories: vec!["team/app".to_owned()],
            tags: 1,
            manifests: 1,
        }
    }

    fn plain(&self, record: &UndoRunRecord, lines: &mut Lines) {
        let time = record.time.map_or_else(|| UNKNOWN.to_owned(), |time| time.to_string());
        let repositories = record.repositories.join(",");
        lines.push([&record.id, &time, &record.registry, &repositories, &record.tags.to_string()]);
    }

    fn columns(&self) -> Vec<Column> {
        vec!["ID", "REMOVED", "REGISTRY", "REPOSITORIES", "TAGS"]
    }

    fn rows(&self, record: &UndoRunRecord, human: &Human) -> Vec<Vec<Cell>> {
        let time = record.time.map_or_else(|| UNKNOWN.to_owned(), |time| human.ago(time));
        let mut repositories = record.repositories.iter().take(MAX_NAMES).cloned().collect::<Vec<_>>().join(", ");
        if let Some(more) = record.repositories.len().checked_sub(MAX_NAMES).filter(|more| *more > 0) {
            repositories.push_str(&format!(" and {more} more"));
        }
        let tags = record.tags.to_string();
        vec![[&record.id, &time, &record.registry, &repositories, &tags].map(Cell::new).into()]
    }
}
