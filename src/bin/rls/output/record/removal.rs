//! A removal, planned or executed: `rls rm`, `prune` and `undo`.

use std::fmt;

use registry_ls::name::Registry;
use registry_ls::removal::Method;
use serde::Serialize;

use super::field::{Failure, Field};
use super::name::{name, shown};
use crate::output::{Human, Lines, Tone, View, some_of};

/// One thing that `rls rm`, `rls prune` or `rls undo` decided about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RemovalRecord {
    /// The registry.
    pub registry: String,
    /// The full name of the tag, else of the manifest, else of the repository.
    pub reference: String,
    /// The repository's path in its registry.
    pub repository: String,
    /// The tag; `null` for a manifest.
    pub tag: Option<String>,
    /// The manifest's digest, if it is known.
    pub digest: Option<String>,
    /// What was or would be done.
    pub action: Action,
    /// How it was, or would be, removed.
    pub method: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The other tags on the digest, if the plan was requested.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub siblings: Field<SiblingsRecord>,
    /// Digests of remaining indexes that list the manifest, if the plan was requested.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub indexes: Field<Vec<String>>,
    /// Digests of referrers that are orphaned, if the plan was requested.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub referrers: Field<Vec<String>>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}

/// The tags that share a digest with another that is removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SiblingsRecord {
    /// Those that stay.
    pub stay: Vec<String>,
    /// Those that are removed too.
    pub go: Vec<String>,
}

impl RemovalRecord {
    /// A record with the name only.
    pub fn of(repository: String, tag: Option<String>) -> Self {
        Self {
            registry: String::new(),
            reference: String::new(),
            repository,
            tag,
            digest: None,
            action: Action::WouldRemove,
            method: None,
            reason: None,
            siblings: Field::Absent,
            indexes: Field::Absent,
            referrers: Field::Absent,
            error: None,
        }
    }
}

impl RemovalRecord {
    /// The record of something in this registry.
    #[must_use]
    pub fn at(self, registry: &Registry) -> Self {
        let reference = registry.qualify(name(&self.repository, self.tag.as_deref(), self.digest.as_deref()));
        Self { registry: registry.to_string(), reference, ..self }
    }
}

/// What was or would be done to a tag or manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Removed.
    Removed,
    /// Would be removed, without `--dry-run`.
    WouldRemove,
    /// Did not exist.
    Absent,
    /// Kept.
    Kept,
    /// Restored.
    Undone,
    /// Would be restored, without `--dry-run`.
    WouldUndo,
    /// Could not be removed or restored.
    Failed,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Removed => "removed",
            Self::WouldRemove => "would-remove",
            Self::Absent => "absent",
            Self::Kept => "kept",
            Self::Undone => "undone",
            Self::WouldUndo => "would-undo",
            Self::Failed => "failed",
        })
    }
}

impl Action {
    pub(super) fn tone(self) -> Tone {
        match self {
            Self::Removed | Self::Undone => Tone::Good,
            Self::WouldRemove | Self::WouldUndo | Self::Absent => Tone::Warning,
            Self::Kept => Tone::Plain,
            Self::Failed => Tone::Bad,
        }
    }
}

/// How `rls rm` and `rls undo` show their records: one line per record; on a terminal with a coloured action and, in a
/// dry run, how it would be removed.
#[derive(Debug, Clone, Copy)]
pub struct RemovalView {
    /// Whether siblings, indexes and referrers are known.
    pub planned: bool,
    /// Whether names are shown in full.
    pub full: bool,
}

impl View for RemovalView {
    type Record = RemovalRecord;

    fn sample(&self) -> RemovalRecord {
        let record = RemovalRecord::of("team/app".to_owned(), None);
        if !self.planned {
            return record;
        }
        let siblings = Field::Known(SiblingsRecord { stay: Vec::new(), go: Vec::new() });
        RemovalRecord { siblings, indexes: Field::Known(Vec::new()), referrers: Field::Known(Vec::new()), ..record }
    }

    fn option_for(&self, field: &str) -> Option<&'static str> {
        matches!(field, "siblings" | "indexes" | "referrers").then_some("--verbose")
    }

    fn plain(&self, record: &RemovalRecord, lines: &mut Lines) {
        lines.push([record.action.to_string(), self.subject(record)]);
    }

    fn text(&self, record: &RemovalRecord, human: &Human) -> String {
        let action = human.styles.paint(record.action.tone(), &record.action.to_string());
        let line = format!("{action}\t{}", human.escape(&self.subject(record)));
        match planned(record, human) {
            Some(how) => format!("{line}\t{}", human.escape(&how)),
            None => line,
        }
    }
}

/// How something would be removed, and what stays; `None` if it was done, or is not planned.
fn planned(record: &RemovalRecord, human: &Human) -> Option<String> {
    let methods = [Method::Tag, Method::Manifest, Method::Placeholder];
    let method = methods.into_iter().find(|method| record.method.as_deref() == Some(method.name()))?;
    if record.action != Action::WouldRemove {
        return None;
    }
    if record.reason.is_some() {
        return record.reason.clone();
    }
    let mut parts = vec![match method {
        Method::Tag => "untag".to_owned(),
        Method::Placeholder => "untag via placeholder".to_owned(),
        Method::Manifest => "delete manifest".to_owned(),
    }];
    parts.extend(record.digest.as_deref().filter(|_| record.tag.is_some()).map(|digest| human.short(digest)));
    if let Field::Known(SiblingsRecord { stay, .. }) = &record.siblings
        && !stay.is_empty()
    {
        let verb = if stay.len() == 1 { "stays" } else { "stay" };
        parts.push(format!("{} {verb}", some_of(stay)));
    }
    if let Field::Known(indexes) = &record.indexes
        && !indexes.is_empty()
    {
        let indexes = some_of(&indexes.iter().map(|digest| human.short(digest)).collect::<Vec<_>>());
        parts.push(match method {
            Method::Manifest => format!("breaks {indexes}, which lists it"),
            Method::Tag | Method::Placeholder => format!("the manifest stays, listed by {indexes}"),
        });
    }
    Some(parts.join("; "))
}

impl RemovalView {
    fn subject(self, record: &RemovalRecord) -> String {
        let (tag, digest) = (record.tag.as_deref(), record.digest.as_deref());
        shown(self.full, &record.repository, tag, digest, &record.reference).into_owned()
    }
}
