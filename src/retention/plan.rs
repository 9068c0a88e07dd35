//! The result of applying retention rules.

use std::sync::Arc;

use jiff::Timestamp;

use super::reason::{Kept, Obstacle, Removed, RuleId, Untagged};
use super::rule::Rule;
use crate::registry::snapshot::{ManifestId, TagId};

/// What to keep and what to remove in one repository. Tags and manifests are those of the snapshot that it was made
/// from.
#[derive(Debug, Default, Clone)]
#[non_exhaustive]
pub struct Plan {
    /// One per tag, in the order of the first rule, then by name.
    pub decisions: Vec<Decision>,
    /// Why the rules cannot be applied; every tag is kept then.
    pub refusal: Option<Refusal>,
    /// Whether the rules would remove every tag, which is not permitted; every tag is kept then.
    pub would_remove_all: bool,
    /// Whether a rule needs creation times while none is known in its scope; it keeps every tag in its scope then.
    pub is_without_times: bool,
    /// What prevents the deletion of any manifest, if something does. Tags may still be removed, where the registry can
    /// untag.
    pub obstacle: Option<Obstacle>,
    pub(super) rules: Arc<[Rule]>,
    /// The positions of the decisions to remove.
    pub(super) removals: Vec<u32>,
}

/// The decision about one tag.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Decision {
    /// The tag.
    pub tag: TagId,
    /// The manifest that it points to, where that is known; always known for a tag to remove.
    pub manifest: Option<ManifestId>,
    /// When its image was created, as the image says; `None` where that is unknown or a fixed date of a reproducible
    /// build.
    pub created: Option<Timestamp>,
    /// The sum of the sizes of the distinct blobs that it reaches, in bytes.
    pub size: Option<u64>,
    /// Whether it is kept, and why.
    pub verdict: Verdict,
}

/// Whether a tag is kept or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Keep it.
    Keep(Kept),
    /// Remove it.
    Remove {
        /// Why.
        because: Removed,
        /// Why its manifest has to stay; `None` when the manifest may be deleted with its last tag.
        untag: Option<Untagged>,
    },
}

impl Verdict {
    /// Whether the tag is kept.
    pub fn is_kept(&self) -> bool {
        matches!(self, Self::Keep(_))
    }
}

/// Why rules cannot be applied to a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// This rule counts the newest images, and no creation time is known in its scope.
    NoTimes(RuleId),
    /// There is no rule.
    NoRule,
}

impl Plan {
    /// The rules that were applied.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The tags to remove: those of an index before those of its children, those of a subject before those of its
    /// referrers.
    pub fn removals(&self) -> impl ExactSizeIterator<Item = &Decision> {
        self.removals.iter().map(|position| &self.decisions[*position as usize])
    }
}
