//! The record of `rls find`.

use serde::Serialize;

use super::name::shown;
use crate::output::{Cell, Column, Human, Lines, View};

/// One tag of `rls find`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FindRecord {
    /// The registry.
    pub registry: String,
    /// The full name of the tag.
    pub reference: String,
    /// The repository's path in its registry.
    pub repository: String,
    /// The tag.
    pub tag: String,
    /// What it points to.
    pub digest: String,
    /// What matches.
    pub matched: String,
}

/// How `rls find` shows its records.
#[derive(Debug, Clone, Copy)]
pub struct FindView {
    /// Whether names are shown in full.
    pub full: bool,
}

impl View for FindView {
    type Record = FindRecord;

    fn sample(&self) -> FindRecord {
        FindRecord { repository: "team/app".to_owned(), tag: "1.0".to_owned(), ..FindRecord::default() }
    }

    fn plain(&self, record: &FindRecord, lines: &mut Lines) {
        lines.push(self.fields(record));
    }

    fn columns(&self) -> Vec<Column> {
        vec!["TAG", "DIGEST", "MATCHED"]
    }

    fn essential(&self) -> &'static [Column] {
        &["MATCHED"]
    }

    fn rows(&self, record: &FindRecord, human: &Human) -> Vec<Vec<Cell>> {
        let [name, digest, matched] = self.fields(record);
        vec![vec![Cell::new(name), Cell::digest(&digest, human), Cell::with_digests(&matched, human)]]
    }
}

impl FindView {
    fn fields(&self, record: &FindRecord) -> [String; 3] {
        let FindRecord { repository, tag, reference, digest, matched, .. } = record;
        let name = shown(self.full, repository, Some(tag), None, reference).into_owned();
        [name, digest.clone(), matched.clone()]
    }
}
