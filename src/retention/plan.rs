//! What was decided.

use std::sync::Arc;

use jiff::Timestamp;

use super::reason::{Kept, Obstacle, ReasonText, ReasonWriter, Removed, RuleId, Untagged};
use super::rule::Rule;
use crate::registry::snapshot::{ManifestId, TagId, TagIndex};

/// What becomes of the tags of one repository. Tags and manifests are numbers of the snapshot that it was made from.
#[derive(Debug, Default, Clone)]
pub struct Plan {
    /// One for every tag: in the order of the first rule, and then by name.
    pub decisions: Vec<Decision>,
    /// Why the rules cannot be applied. Then nothing goes.
    pub refusal: Option<Refusal>,
    /// Whether the rules would remove every tag, and that is not allowed. Then nothing goes.
    pub would_remove_all: bool,
    /// Whether a rule goes by age or creation time and none is known: what such a rule is about stays.
    pub is_without_times: bool,
    /// Why no manifest may be deleted, if it is so. Tags may go, where the registry removes tags alone.
    pub obstacle: Option<Obstacle>,
    pub(super) rules: Arc<[Rule]>,
    /// Positions of decisions: what goes.
    pub(super) removals: Vec<u32>,
}

/// What becomes of one tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The tag.
    pub tag: TagId,
    /// What it points at, where that is known; it is known of every tag that goes.
    pub manifest: Option<ManifestId>,
    /// When its image was created, by its own word; `None` where that is not said or was set by a build tool.
    pub created: Option<Timestamp>,
    /// The sum in bytes of the distinct blobs that it reaches.
    pub size: Option<u64>,
    /// Whether it stays, and why.
    pub verdict: Verdict,
}

/// Whether a tag stays or goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It stays.
    Keep(Kept),
    /// It goes.
    Remove {
        /// Why.
        because: Removed,
        /// Why only the tag may go and its manifest may not; `None` when the manifest may go with the last of its tags.
        untag: Option<Untagged>,
    },
}

impl Verdict {
    /// Whether the tag stays.
    pub fn is_kept(&self) -> bool {
        matches!(self, Self::Keep(_))
    }

    /// Whether the tag goes and its manifest has to stay.
    pub fn is_untag(&self) -> bool {
        matches!(self, Self::Remove { untag: Some(_), .. })
    }
}

/// Why rules cannot be applied to a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// This rule counts the newest images, and of none that it is about the creation time is known. Ordering by version may help.
    NoTimes(RuleId),
    /// There is no rule.
    NoRule,
}

impl Plan {
    /// The rules that it was made by.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The tags that go: of an index before those of what it lists, of a manifest before those of what refers to it.
    pub fn removals(&self) -> impl ExactSizeIterator<Item = &Decision> {
        self.removals.iter().map(|position| &self.decisions[*position as usize])
    }

    /// The reason of a decision, in words. `snapshot` is the one that the plan was made from.
    pub fn reason(&self, decision: &Decision, snapshot: &TagIndex) -> String {
        let (words, tag) = (self.words(snapshot), Some(decision.tag));
        match decision.verdict {
            Verdict::Keep(reason) => ReasonText { words, tag, reason }.to_string(),
            Verdict::Remove { because, untag } => {
                let because = ReasonText { words, tag, reason: because };
                let untag = untag.map(|reason| format!("; {}", ReasonText { words, tag, reason }));
                format!("{because}{}", untag.unwrap_or_default())
            }
        }
    }

    /// The obstacle as the subject of a sentence: `latest, which could not be read,`.
    pub fn obstacle_name(&self, snapshot: &TagIndex) -> Option<String> {
        self.obstacle.map(|obstacle| self.words(snapshot).obstacle(obstacle))
    }

    fn words<'a>(&'a self, snapshot: &'a TagIndex) -> ReasonWriter<'a> {
        ReasonWriter { rules: &self.rules, snapshot }
    }
}
