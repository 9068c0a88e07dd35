//! A referrer, and its place in the tree that `rls referrers` prints.

use std::collections::BTreeMap;

use serde::Serialize;

use super::field::{Failure, UNKNOWN};
use super::kind::{kind_words, predicate_words};
use super::time::Time;
use crate::output::{Cell, Column, Human, Lines, View, some_of};

/// The annotation with the date at which an image reaches its end of life.
const END_OF_LIFE: &str = "vnd.microsoft.artifact.lifecycle.end-of-life.date";

/// A referrer of a manifest: one line of `rls referrers`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReferrerRecord {
    /// The registry.
    pub registry: String,
    /// The full name of the referrer.
    pub reference: String,
    /// The repository's path in its registry.
    pub repository: String,
    /// The digest of the manifest that it refers to.
    pub subject: String,
    /// The platform of that manifest, where an index states one.
    pub platform: Option<String>,
    /// The digest of the referrer.
    pub digest: String,
    /// What it is: `signature`, `attestation`, `sbom`, …; `null` where it could not be read.
    #[serde(rename = "type")]
    pub kind: Option<&'static str>,
    /// Its artifact type.
    pub artifact_type: Option<String>,
    /// The predicate type of an attestation, the first of several.
    pub predicate_type: Option<String>,
    /// All of them.
    pub predicate_types: Vec<String>,
    /// Bytes of its distinct blobs.
    pub size: Option<u64>,
    /// When it was created.
    pub created: Option<Time>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// 1 for a referrer of the named manifest, or of one that it lists; 2 for a referrer of that, …
    pub depth: usize,
    /// Why it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    /// The media type of its content, for people where there is no artifact type.
    #[serde(skip)]
    pub content_type: Option<String>,
    /// What people see of the tree around it.
    #[serde(skip)]
    pub branch: Branch,
}

/// The place of a referrer in the tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Branch {
    /// The lines of its own row, such as `│  └─ `.
    pub lines: String,
    /// The rows before it: manifests, each with its lines and name, and its digest.
    pub above: Vec<(String, String)>,
}

/// How `rls referrers` shows its records: as a tree.
#[derive(Debug, Clone, Copy)]
pub struct ReferrerView;

impl View for ReferrerView {
    type Record = ReferrerRecord;

    fn sample(&self) -> ReferrerRecord {
        ReferrerRecord::default()
    }

    fn plain(&self, record: &ReferrerRecord, lines: &mut Lines) {
        let or_unknown = |text: Option<&str>| text.unwrap_or(UNKNOWN).to_owned();
        lines.push([
            record.digest.clone(),
            or_unknown(record.kind),
            or_unknown(record.artifact_type.as_deref()),
            or_unknown(record.predicate_type.as_deref()),
            or_unknown(record.size.map(|size| size.to_string()).as_deref()),
            or_unknown(record.created.map(|created| created.to_string()).as_deref()),
            record.subject.clone(),
            record.depth.to_string(),
        ]);
    }

    fn columns(&self) -> Vec<Column> {
        vec!["REFERRER", "CONTENT", "SIZE", "CREATED", "DIGEST"]
    }

    fn rows(&self, record: &ReferrerRecord, human: &Human) -> Vec<Vec<Cell>> {
        let heading = |(name, digest): &(String, String)| {
            let digest = human.short(digest);
            [name.as_str(), "", "", "", &digest].map(Cell::new).into()
        };
        let predicates: Vec<_> = record.predicate_types.iter().map(|it| predicate_words(it).to_owned()).collect();
        let content = match record.annotations.get(END_OF_LIFE) {
            Some(date) => date.clone(),
            None if predicates.is_empty() => {
                let stated = record.artifact_type.clone().or_else(|| record.content_type.clone());
                stated.unwrap_or_else(|| UNKNOWN.to_owned())
            }
            None => some_of(&predicates),
        };
        let own = [
            format!("{}{}", record.branch.lines, record.kind.map_or("unreadable", kind_words)),
            content,
            record.size.map_or_else(|| UNKNOWN.to_owned(), |size| human.size(size)),
            record.created.map_or_else(|| UNKNOWN.to_owned(), |created| human.ago(created)),
            human.short(&record.digest),
        ];
        record.branch.above.iter().map(heading).chain([own.map(Cell::new).into()]).collect()
    }
}
