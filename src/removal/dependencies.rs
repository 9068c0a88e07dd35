//! What has to be removed before a manifest is deleted: each index that lists it; and where it was not requested
//! itself, the tag that pointed to it or its subject. The plan puts these first, but their removal may have failed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::item::{Item, Origin, SiblingTags};
use super::request::Target;
use super::state::RepositoryState;
use crate::name::{Digest, Tag};

/// The manifests that were deleted or kept so far, and what depends on them.
#[derive(Debug, Default)]
pub(super) struct Dependencies {
    /// Deleted manifests, with the requested tags on them. Other tags were reported with the first item on the
    /// manifest.
    deleted: HashMap<Digest, Arc<SiblingTags>>,
    /// Those of them that a recheck did not find either.
    verified: HashSet<Digest>,
    /// Manifests that another client deleted.
    already_deleted: HashSet<Digest>,
    /// Manifests to delete by digest.
    planned: HashSet<Digest>,
    /// Manifests of items that were not removed, with the names of these.
    kept: HashMap<Digest, String>,
    /// By referrer that is deleted only with its subjects: these.
    subjects: HashMap<Digest, Vec<Digest>>,
}

impl Dependencies {
    pub(super) fn new(state: &RepositoryState, items: &[Item]) -> Self {
        let deleted = || items.iter().filter(|item| item.deletes_manifest());
        let planned: HashSet<_> = deleted().filter_map(|item| item.digest.clone()).collect();
        let purged = deleted().filter(|item| item.origin != Origin::Requested);
        let purged: HashSet<_> = purged.filter_map(|item| item.digest.as_ref()).collect();
        let mut subjects: HashMap<Digest, Vec<Digest>> = HashMap::new();
        for subject in &planned {
            for referrer in state.referrers_of(subject).into_iter().filter(|referrer| purged.contains(referrer)) {
                subjects.entry(referrer).or_default().push(subject.clone());
            }
        }
        Self { planned, subjects, ..Self::default() }
    }

    /// The dependencies of a new decision about the rest; what was done so far is kept.
    pub(super) fn rebuilt(self, state: &RepositoryState, items: &[Item]) -> Self {
        Self {
            deleted: self.deleted,
            verified: self.verified,
            already_deleted: self.already_deleted,
            kept: self.kept,
            ..Self::new(state, items)
        }
    }

    /// Records that the manifest of an item was deleted.
    pub(super) fn record_deleted(&mut self, digest: Digest, item: &Item) {
        let requested = item.siblings.as_ref().map(|siblings| siblings.requested.clone()).unwrap_or_default();
        self.deleted.insert(digest, Arc::new(SiblingTags { requested, ..SiblingTags::default() }));
    }

    /// Records that another client deleted a manifest.
    pub(super) fn record_already_deleted(&mut self, digest: Digest) {
        self.already_deleted.insert(digest);
    }

    /// Records that an item was not removed.
    pub(super) fn record_kept(&mut self, state: &RepositoryState, item: &Item) {
        if let Some(digest) = &item.digest {
            let name = item.request.target.within(&state.repository);
            self.kept.entry(digest.clone()).or_insert(name);
        }
    }

    /// Whether a manifest was deleted, and with it the tags on it.
    pub(super) fn is_deleted(&self, digest: &Digest) -> bool {
        self.deleted.contains_key(digest)
    }

    /// The requested tags that were removed with a manifest.
    pub(super) fn deleted_with(&self, digest: &Digest) -> Option<&Arc<SiblingTags>> {
        self.deleted.get(digest)
    }

    /// Why a manifest cannot be deleted yet: something that should have been removed before it still exists. `None` if
    /// nothing does.
    pub(super) fn blocked_by(&self, state: &RepositoryState, item: &Item, digest: &Digest) -> Option<String> {
        let is_requested = item.origin == Origin::Requested;
        if let Some(name) = self.kept.get(digest).filter(|_| !is_requested) {
            return Some(format!("{name}, which pointed to it, was not removed"));
        }
        let name = |other: &Digest| match self.kept.get(other) {
            Some(name) => name.clone(),
            None => Target::Manifest(other.clone()).within(&state.repository),
        };
        if let Some(index) = state.index.as_ref().filter(|_| !item.request.policy.force) {
            let parents = index.manifest_id(digest).into_iter().flat_map(|manifest| index.parents(manifest));
            if let Some(parent) = parents.map(|parent| index.digest(parent)).find(|parent| !self.is_absent(parent)) {
                return Some(format!("{}, which lists it, stays", name(&parent)));
            }
        }
        let subject = self.subjects.get(digest).into_iter().flatten().find(|subject| !self.is_absent(subject))?;
        Some(format!("its subject {} stays", name(subject)))
    }

    /// The deleted manifests that needed this one, and that were not verified to be gone by a recheck.
    pub(super) fn unverified(&self, state: &RepositoryState, digest: &Digest) -> Vec<Digest> {
        let known = state.index.as_ref().and_then(|index| Some((index, index.manifest_id(digest)?)));
        let parents = known.into_iter().flat_map(|(index, manifest)| {
            index.parents(manifest).map(|parent| index.digest(parent)).collect::<Vec<_>>()
        });
        let needing = parents.chain(self.subjects.get(digest).into_iter().flatten().cloned());
        needing.filter(|needing| self.is_deleted(needing) && !self.verified.contains(needing)).collect()
    }

    /// Records that a recheck did not find a deleted manifest.
    pub(super) fn record_verified(&mut self, digest: Digest) {
        self.verified.insert(digest);
    }

    fn is_absent(&self, digest: &Digest) -> bool {
        self.deleted.contains_key(digest) || self.already_deleted.contains(digest)
    }

    /// Whether a manifest was not removed as planned: it could not be deleted, or a remaining tag leads to it.
    pub(super) fn is_kept(&self, state: &RepositoryState, digest: &Digest, is_staying: impl Fn(&Tag) -> bool) -> bool {
        if self.planned.contains(digest) {
            return !self.is_absent(digest);
        }
        let Some((index, manifest)) = state.index.as_ref().and_then(|index| Some((index, index.manifest_id(digest)?)))
        else {
            return false;
        };
        let is_there = |parent| !self.is_absent(&index.digest(parent));
        let leads = |next| index.tags_on(next).any(|tag| is_staying(index.tag(tag)));
        index.ancestors(manifest, is_there).any(leads)
    }
}
