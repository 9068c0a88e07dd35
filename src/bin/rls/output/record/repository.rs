//! A repository: `rls repos`.

use serde::Serialize;

use super::field::{Failure, Field, UNKNOWN};
use super::name::{name, shown_repository};
use crate::output::{Cell, Column, Human, Lines, View};

/// One repository of `rls repos`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RepositoryRecord {
    /// The registry.
    pub registry: String,
    /// Its full name.
    pub reference: String,
    /// Its path in the registry.
    pub repository: String,
    /// Its tags, with `--tags`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub tags: Field<Vec<String>>,
    /// Why its tags are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}

/// How `rls repos` shows its records.
#[derive(Debug, Clone, Copy)]
pub struct RepositoryView {
    /// Whether `--tags` was given.
    pub tags: bool,
    /// Whether names are shown in full.
    pub full: bool,
}

impl View for RepositoryView {
    type Record = RepositoryRecord;

    fn sample(&self) -> RepositoryRecord {
        let tags = if self.tags { Field::Known(vec!["1.0".to_owned()]) } else { Field::Absent };
        let repository = "team/app".to_owned();
        let (registry, reference) = ("registry.corp:5000".to_owned(), "registry.corp:5000/team/app".to_owned());
        RepositoryRecord { registry, reference, repository, tags, error: None }
    }

    fn option_for(&self, field: &str) -> Option<&'static str> {
        (field == "tags").then_some("--tags")
    }

    /// With tags a repository without any has no line.
    fn plain(&self, record: &RepositoryRecord, lines: &mut Lines) {
        match (self.tags, record.tags.known()) {
            (false, _) => lines.push([self.repository(record)]),
            (true, None) => {}
            (true, Some(tags)) => {
                tags.iter().for_each(|tag| lines.push([name(self.repository(record), Some(tag), None)]));
            }
        }
    }

    fn columns(&self) -> Vec<Column> {
        if self.tags { vec!["REPOSITORY", "TAG"] } else { vec!["REPOSITORY"] }
    }

    /// With tags a repository without any has a row of its own.
    fn rows(&self, record: &RepositoryRecord, _: &Human) -> Vec<Vec<Cell>> {
        let row = |tag: &str| vec![Cell::new(self.repository(record)), Cell::new(tag)];
        match (self.tags, record.tags.known()) {
            (false, _) => vec![vec![Cell::new(self.repository(record))]],
            (true, Some(tags)) if !tags.is_empty() => tags.iter().map(|tag| row(tag)).collect(),
            (true, _) => vec![row(UNKNOWN)],
        }
    }
}

impl RepositoryView {
    fn repository<'a>(&self, record: &'a RepositoryRecord) -> &'a str {
        shown_repository(self.full, &record.repository, None, &record.reference)
    }
}
