//! What was decided.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;

use super::reason::{Kept, Removed, Untagged};
use crate::name::{Digest, Tag};
use crate::registry::Census;

/// What becomes of the tags of one repository.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Plan {
    /// One for every tag: in the order of the rule, and then by name.
    pub decisions: Vec<Decision>,
    order: Vec<usize>,
    /// The manifests that go: none that a tag which stays is on, lists, or may list.
    pub manifests: BTreeSet<Digest>,
    /// The blobs of these, with their sizes in bytes, that nothing which stays is known to need.
    pub freed: BTreeMap<Digest, u64>,
    /// The blobs that something which stays needs.
    pub needed: BTreeSet<Digest>,
}

impl Plan {
    /// The decisions, and what they come to.
    pub(super) fn new(decisions: Vec<Decision>, order: Vec<usize>, census: &Census) -> Self {
        let goes = |decision: &&Decision| matches!(decision.verdict, Verdict::Remove { untag: None, .. });
        let facts = |digest: &Digest| census.manifests.get(digest);
        let manifests: BTreeSet<_> =
            decisions.iter().filter(goes).filter_map(|decision| decision.digest.clone()).collect();
        let staying = decisions.iter().filter(|decision| !goes(decision));
        let staying = staying.filter_map(|decision| facts(decision.digest.as_ref()?));
        let needed: BTreeSet<_> = staying.flat_map(|facts| facts.blobs.keys().cloned()).collect();
        let going = manifests.iter().filter_map(facts).flat_map(|facts| &facts.blobs);
        let freed = going.filter(|(blob, _)| !needed.contains(*blob)).map(|(blob, size)| (blob.clone(), *size));
        Self { freed: freed.collect(), decisions, order, manifests, needed }
    }

    /// What is to be removed, in an order in which it can be stopped anywhere: what refers to a manifest comes before it, and so does
    /// what lists it.
    pub fn removals(&self) -> impl Iterator<Item = &Decision> {
        self.order.iter().map(|&index| &self.decisions[index])
    }
}

/// What becomes of one tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The tag.
    pub tag: Tag,
    /// What it points at, where that is known; it is known of every tag that goes.
    pub digest: Option<Digest>,
    /// When its image was made.
    pub created: Option<Timestamp>,
    /// The sum of the distinct blobs that it reaches in bytes.
    pub size: Option<u64>,
    /// Whether it stays, and why.
    pub verdict: Verdict,
}

/// Whether a tag stays or goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It stays.
    Keep(Kept),
    /// It goes.
    Remove {
        /// Why.
        because: Removed,
        /// Why only the tag may go and its manifest may not; `None` when the manifest goes with it, or with the last of its tags.
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

/// The reason.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keep(kept) => kept.fmt(f),
            Self::Remove { because, untag: None } => because.fmt(f),
            Self::Remove { because, untag: Some(untag) } => write!(f, "{because}; {untag}"),
        }
    }
}

/// What the plans for repositories of one registry come to, which shares its blobs among them.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Totals {
    /// Tags that were looked at.
    pub tags: usize,
    /// Tags that go.
    pub removed: usize,
    /// Manifests that go.
    pub manifests: usize,
    freed: BTreeMap<Digest, u64>,
    needed: BTreeSet<Digest>,
}

impl Totals {
    /// Counts one more plan.
    pub fn add(&mut self, plan: &Plan) {
        self.tags += plan.decisions.len();
        self.removed += plan.decisions.iter().filter(|decision| !decision.verdict.is_kept()).count();
        self.manifests += plan.manifests.len();
        self.freed.extend(plan.freed.iter().map(|(blob, size)| (blob.clone(), *size)));
        self.needed.extend(plan.needed.iter().cloned());
    }

    /// The most bytes that a garbage collection could free: repositories that were not looked at, manifests without a tag and tags
    /// that could not be read may need some of the blobs too.
    pub fn freed_bytes(&self) -> u64 {
        let freed = self.freed.iter().filter(|(blob, _)| !self.needed.contains(*blob));
        freed.fold(0, |sum: u64, (_, size)| sum.saturating_add(*size))
    }
}
