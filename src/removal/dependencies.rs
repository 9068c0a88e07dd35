//! What has to be gone before a manifest is deleted: each index that lists it, and where it goes only because of a tag on it or because
//! it refers to something, that. The plan puts them first; but they may have stayed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::item::{Item, Origin, SiblingTags};
use super::request::{Method, Target};
use super::state::RepositoryState;
use crate::name::{Digest, Tag};

/// What went, and what waits for it.
#[derive(Debug, Default)]
pub(super) struct Dependencies {
    /// Manifests that went: tags on them are gone with them. With the requested ones; what went besides was told with the first of them.
    deleted: HashMap<Digest, Arc<SiblingTags>>,
    /// Manifests that another client deleted.
    already_deleted: HashSet<Digest>,
    /// Manifests that are to be deleted by digest.
    planned: HashSet<Digest>,
    /// Manifests of what was to go and stayed, with the name of that.
    kept: HashMap<Digest, String>,
    /// Of what goes only with what it refers to: that.
    subjects: HashMap<Digest, Vec<Digest>>,
}

impl Dependencies {
    pub(super) fn new(state: &RepositoryState, items: &[Item]) -> Self {
        let deleted = |item: &&Item| matches!(item.method, Ok(Method::Manifest));
        let going: HashSet<_> = items.iter().filter(deleted).filter_map(|item| item.digest.as_ref()).collect();
        let follows = |item: &&Item| item.origin != Origin::Requested;
        let follows = items.iter().filter(deleted).filter(follows).filter_map(|item| item.digest.as_ref());
        let follows: HashSet<_> = follows.collect();
        let mut subjects: HashMap<Digest, Vec<Digest>> = HashMap::new();
        for subject in going {
            for referrer in state.referrers_of(subject).into_iter().filter(|referrer| follows.contains(referrer)) {
                subjects.entry(referrer).or_default().push(subject.clone());
            }
        }
        let planned = items.iter().filter(deleted).filter_map(|item| item.digest.clone()).collect();
        Self { planned, subjects, ..Self::default() }
    }

    /// The same for what is left after a new decision.
    pub(super) fn rebuilt(self, state: &RepositoryState, items: &[Item]) -> Self {
        Self {
            deleted: self.deleted,
            already_deleted: self.already_deleted,
            kept: self.kept,
            ..Self::new(state, items)
        }
    }

    /// Notes that the manifest of an item went.
    pub(super) fn record_deleted(&mut self, digest: Digest, item: &Item) {
        let requested = item.siblings.as_ref().map(|siblings| siblings.requested.clone()).unwrap_or_default();
        self.deleted.insert(digest, Arc::new(SiblingTags { requested, ..SiblingTags::default() }));
    }

    /// Notes that another client deleted a manifest.
    pub(super) fn record_already_deleted(&mut self, digest: Digest) {
        self.already_deleted.insert(digest);
    }

    /// Notes that something stayed that was to go.
    pub(super) fn record_kept(&mut self, state: &RepositoryState, item: &Item) {
        if let Some(digest) = &item.digest {
            let name = item.request.target.within(&state.repository);
            self.kept.entry(digest.clone()).or_insert(name);
        }
    }

    /// Whether a manifest went, and the tags on it with it.
    pub(super) fn is_deleted(&self, digest: &Digest) -> bool {
        self.deleted.contains_key(digest)
    }

    /// The tags that were requested and went with a manifest.
    pub(super) fn deleted_with(&self, digest: &Digest) -> Option<&Arc<SiblingTags>> {
        self.deleted.get(digest)
    }

    /// Why a manifest has to stay, if it has to: what should have gone before it is still there.
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
        Some(format!("{}, which it refers to, stays", name(subject)))
    }

    fn is_absent(&self, digest: &Digest) -> bool {
        self.deleted.contains_key(digest) || self.already_deleted.contains(digest)
    }

    /// Whether a manifest is still there that was to go: it could not be deleted, or a tag that stays leads to it.
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
