//! The record of `rls digest`.

use serde::Serialize;

use super::field::Failure;
use crate::output::{Lines, View};

/// One reference of `rls digest`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DigestRecord {
    /// The registry.
    pub registry: String,
    /// The full name of what the reference means.
    pub reference: String,
    /// The repository's path in its registry.
    pub repository: String,
    /// The tag, if the reference has one.
    pub tag: Option<String>,
    /// The digest, if it could be found out.
    pub digest: Option<String>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}

/// How `rls digest` shows its records: people get the digest and nothing else, on a terminal too.
#[derive(Debug, Clone, Copy)]
pub struct DigestView;

impl View for DigestView {
    type Record = DigestRecord;

    fn sample(&self) -> DigestRecord {
        DigestRecord { repository: "team/app".to_owned(), ..DigestRecord::default() }
    }

    fn shows(&self, record: &DigestRecord) -> bool {
        record.digest.is_some()
    }

    fn plain(&self, record: &DigestRecord, lines: &mut Lines) {
        record.digest.iter().for_each(|digest| lines.push([digest]));
    }
}
