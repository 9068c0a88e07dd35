//! Which names are kept, what they pointed to when they were last looked at, and which names were removed. Pure.
//!
//! 1. Every name in the snapshot or in a list that is not about to be removed is kept; so is a tag whose removal was
//!    refused or failed.
//! 2. A removed name that is listed again is resolved like any other, but not missed.
//! 3. The kept names decide how often all of them are looked at again, so that N deletions beside M kept names take at
//!    most M + 8 N requests.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::item::Item;
use super::outcome::{Outcome, Removed};
use super::state::RepositoryState;
use crate::name::{Digest, Tag};
use crate::registry::snapshot::Pointer;

/// The most requests for kept names that one deletion may cost on average.
const CHECKS_PER_DELETION: usize = 8;

/// What is known of a kept name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NameState {
    /// It pointed to this digest when it was last resolved.
    At(Digest),
    /// It was not resolved yet.
    New,
    /// It could not be resolved when the plan was made, which was reported then.
    Unreadable,
    /// It is listed, and was "not found" when the plan was made: dangling, or hidden by a replica that lags behind.
    Dangling,
    /// It was removed or should be, and is listed: nothing is expected of it.
    Gone,
}

impl NameState {
    /// Whether the name was not answered with "not found".
    fn is_found(&self) -> bool {
        !matches!(self, Self::Dangling | Self::Gone)
    }
}

/// The names that are kept, as they were last seen.
#[derive(Debug)]
pub(super) struct KeptNames {
    /// The state that the items were decided by.
    state: Arc<RepositoryState>,
    /// The kept names, valid tags or not.
    names: BTreeMap<String, NameState>,
    /// Names that are about to be removed, so that they may be listed.
    pending: HashSet<String>,
    /// Those of them that are listed.
    pending_listed: HashSet<String>,
    /// Names that were removed, with what they pointed to.
    removed: HashMap<String, Option<Digest>>,
    /// Manifests that were removed without a tag.
    removed_manifests: BTreeSet<Digest>,
    /// What they pointed to, and the tagged manifests below: a HEAD that still answers so may come from a cache.
    affected: HashSet<Digest>,
    /// Kept names that were listed.
    listed: HashSet<String>,
    /// Kept names that were listed, and no longer are.
    missing: BTreeSet<String>,
}

impl KeptNames {
    pub(super) fn new(state: Arc<RepositoryState>, items: &[Item]) -> Self {
        let possible = items.iter().filter(|item| item.method.is_ok());
        let pending: HashSet<_> = possible.flat_map(Item::removed_names).map(str::to_owned).collect();
        let mut names = BTreeMap::new();
        if let Some(index) = &state.index {
            let tags = index.tags().map(|(_, tag, pointer)| (tag.as_str(), pointer));
            let others = index.other_names().iter().map(|other| (other.name.as_str(), &other.pointer));
            for (name, pointer) in tags.chain(others).filter(|(name, _)| !pending.contains(*name)) {
                let state = match pointer {
                    Pointer::At(manifest) => NameState::At(index.digest(*manifest)),
                    Pointer::Dangling => NameState::Dangling,
                    Pointer::Unknown(_) => NameState::Unreadable,
                };
                names.insert(name.to_owned(), state);
            }
        }
        Self {
            state,
            names,
            pending,
            pending_listed: HashSet::new(),
            removed: HashMap::new(),
            removed_manifests: BTreeSet::new(),
            affected: HashSet::new(),
            listed: HashSet::new(),
            missing: BTreeSet::new(),
        }
    }

    /// The kept names of a new decision about the rest. Names that were removed so far are not missed; the batch before
    /// the new decision is still to be checked.
    pub(super) fn rebuilt(&self, state: Arc<RepositoryState>, items: &[Item]) -> Self {
        let mut rebuilt = Self {
            removed: self.removed.clone(),
            removed_manifests: self.removed_manifests.clone(),
            affected: self.affected.clone(),
            listed: self.listed.clone(),
            missing: self.missing.clone(),
            ..Self::new(state, items)
        };
        rebuilt.names.retain(|name, state| !self.removed.contains_key(name) || matches!(state, NameState::At(_)));
        // A name that the new snapshot lacks is lost.
        for (name, state) in self.names.iter().filter(|(_, state)| state.is_found()) {
            if !rebuilt.pending.contains(name) && !rebuilt.names.contains_key(name) {
                rebuilt.names.insert(name.clone(), state.clone());
                rebuilt.missing.insert(name.clone());
            }
        }
        rebuilt
    }

    /// Records the outcome of an item: its names are no longer about to be removed.
    pub(super) fn record_outcome(&mut self, item: &Item, outcome: &Outcome) {
        if let Outcome::Removed(Removed { digest: Some(digest), .. }) = outcome {
            self.record_affected(digest);
            if item.request.target.tag().is_none() {
                self.removed_manifests.insert(digest.clone());
            }
        }
        for name in item.removed_names() {
            self.pending.remove(name);
            let (is_gone, digest) = match outcome {
                Outcome::Removed(removed) => {
                    (removed.moved.iter().all(|moved| moved.as_str() != name), removed.digest.clone())
                }
                Outcome::AlreadyRemoved(digest) => (true, digest.clone()),
                Outcome::Absent(_) => (true, None),
                Outcome::Kept(_) | Outcome::Skipped(_) | Outcome::Failed(_) => (false, None),
            };
            if is_gone {
                self.names.remove(name);
                self.removed.insert(name.to_owned(), digest);
            } else {
                let is_dangling = self.state.is_dangling(&item.request.target);
                self.names.insert(name.to_owned(), if is_dangling { NameState::Gone } else { NameState::New });
            }
        }
    }

    /// Records that a manifest was removed. Some registries delete with an index what it lists.
    pub(super) fn record_affected(&mut self, digest: &Digest) {
        self.affected.insert(digest.clone());
        let Some((index, removed)) =
            self.state.index.as_ref().and_then(|index| Some((index, index.manifest_id(digest)?)))
        else {
            return;
        };
        index.visit_reachable(removed, |below| {
            if index.tags_on(below).len() > 0 {
                self.affected.insert(index.digest(below));
            }
        });
    }

    /// Records the names in the list before a batch. New ones are kept, too.
    pub(super) fn record_list(&mut self, listed: &[String]) {
        self.record_missing(listed);
        let (pending, kept): (Vec<_>, Vec<_>) = listed.iter().cloned().partition(|name| self.pending.contains(name));
        self.pending_listed = pending.into_iter().collect();
        for name in kept {
            let state = if self.removed.contains_key(&name) { NameState::Gone } else { NameState::New };
            self.listed.insert(name.clone());
            self.names.entry(name).or_insert(state);
        }
    }

    /// Records which kept names the list no longer has.
    pub(super) fn record_missing(&mut self, listed: &[String]) {
        let listed: HashSet<_> = listed.iter().collect();
        let missing = self.listed.iter().filter(|name| !listed.contains(name));
        let missing = missing.filter(|name| self.names.get(*name).is_some_and(|state| *state != NameState::Gone));
        self.missing = missing.cloned().collect();
    }

    /// The kept names, each with what is known of it.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &NameState)> {
        self.names.iter()
    }

    /// What is known of a kept name.
    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut NameState> {
        self.names.get_mut(name)
    }

    /// How many names are kept.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// How many items may be removed until the kept names are read again.
    pub(super) fn batch_size(&self) -> usize {
        self.names.len().div_ceil(CHECKS_PER_DELETION).max(1)
    }

    /// Whether a tag that is about to be removed is listed.
    pub(super) fn is_listed(&self, tag: &Tag) -> bool {
        self.pending_listed.contains(tag.as_str())
    }

    /// Whether a tag is kept and was not seen to be dangling.
    pub(super) fn is_kept(&self, tag: &Tag) -> bool {
        self.names.get(tag.as_str()).is_some_and(NameState::is_found)
    }

    /// Whether a deletion may have affected a manifest.
    pub(super) fn is_affected(&self, digest: &Digest) -> bool {
        self.affected.contains(digest)
    }

    /// The removed names whose digests are known, sorted.
    pub(super) fn removed(&self) -> BTreeMap<&String, &Digest> {
        self.removed.iter().filter_map(|(name, digest)| Some((name, digest.as_ref()?))).collect()
    }

    /// The manifests that were removed without a tag, sorted.
    pub(super) fn removed_manifests(&self) -> impl Iterator<Item = &Digest> {
        self.removed_manifests.iter()
    }

    /// Whether the list no longer has a kept name.
    pub(super) fn has_missing(&self) -> bool {
        !self.missing.is_empty()
    }

    /// The kept names that the list no longer has. They are looked up once.
    pub(super) fn take_missing(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.missing)
    }
}
