//! The decision of `rls prune` about a tag or manifest.

use registry_ls::name::Registry;
use serde::Serialize;

use super::field::UNKNOWN;
use super::name::{shown, shown_repository};
use super::removal::{Action, RemovalRecord};
use super::time::Time;
use crate::output::{Cell, Column, Human, Lines, View};

/// One tag that `rls prune` decided about, or a repository about whose tags it could not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PruneRecord {
    /// The decision, and why.
    #[serde(flatten)]
    pub removal: RemovalRecord,
    /// The creation time.
    pub created: Option<Time>,
    /// Bytes of the distinct blobs that the tag reaches.
    pub size: Option<u64>,
}

impl PruneRecord {
    /// The record of something in this registry.
    #[must_use]
    pub fn at(self, registry: &Registry) -> Self {
        Self { removal: self.removal.at(registry), ..self }
    }
}

/// How `rls prune` shows its records.
#[derive(Debug, Clone, Copy)]
pub struct PruneView {
    /// Whether there are several repositories: each tag is then shown with its own.
    pub qualified: bool,
    /// Whether names are shown in full.
    pub full: bool,
}

impl View for PruneView {
    type Record = PruneRecord;

    fn sample(&self) -> PruneRecord {
        let removal = RemovalRecord {
            reason: Some("older than 30 days".to_owned()),
            ..RemovalRecord::of("team/app".to_owned(), Some("1.0".to_owned()))
        };
        PruneRecord { removal, created: Time::parse("2026-11-18T09:12:00Z"), size: Some(61_200_000) }
    }

    fn shows(&self, record: &PruneRecord) -> bool {
        record.removal.tag.is_some() || record.removal.digest.is_some()
    }

    fn plain(&self, record: &PruneRecord, lines: &mut Lines) {
        let RemovalRecord { repository, tag, action, reference, .. } = &record.removal;
        lines.push([
            action.to_string(),
            shown(self.full, repository, tag.as_deref(), record.removal.digest.as_deref(), reference).into_owned(),
        ]);
    }

    fn columns(&self) -> Vec<Column> {
        let columns = ["REPOSITORY", "TAG", "CREATED", "SIZE", "DECISION", "REASON"];
        columns[usize::from(!self.qualified)..].to_vec()
    }

    fn rows(&self, record: &PruneRecord, human: &Human) -> Vec<Vec<Cell>> {
        let RemovalRecord { repository, tag, digest, action, reason, reference, .. } = &record.removal;
        let or_unknown = |text: Option<String>| Cell::new(text.as_deref().unwrap_or(UNKNOWN));
        let decision = Cell { tone: action.tone(), ..Cell::new(decision(*action)) };
        let cells = [
            Cell::new(shown_repository(self.full, repository, tag.as_deref(), reference)),
            Cell::new(
                tag.clone()
                    .or_else(|| digest.as_deref().map(|digest| format!("@{}", human.short(digest))))
                    .as_deref()
                    .unwrap_or(UNKNOWN),
            ),
            or_unknown(record.created.map(|created| human.ago(created))),
            or_unknown(record.size.map(|size| human.size(size))),
            decision,
            or_unknown(reason.clone()),
        ];
        vec![cells.into_iter().skip(usize::from(!self.qualified)).collect()]
    }
}

/// The word for a decision, or for what was done.
fn decision(action: Action) -> &'static str {
    match action {
        Action::Kept => "keep",
        Action::WouldRemove => "remove",
        Action::Removed => "removed",
        Action::Absent => "absent",
        Action::Failed => "failed",
        Action::Undone | Action::WouldUndo => "undo",
    }
}
