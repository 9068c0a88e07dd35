//! Chooses how each requested tag or manifest is removed. Pure, and linear in the size of the snapshot.
//!
//! 1. A tag is deleted by its name where the registry supports that: nothing else is affected.
//! 2. Otherwise its manifest is deleted by digest, if that is known to be safe: no other tag is on it or could be, and
//!    no remaining index lists it or could.
//! 3. Otherwise it is removed via a placeholder, where the policy permits that.
//! 4. Otherwise it is kept, and the error names what prevents the removal.
//!
//! Children come after the indexes that list them, referrers after their subjects; a referrer is kept where its subject
//! is kept.
//!
//! Uncertainty counts against a deletion: an unreliable list may lack siblings, an unreadable manifest may list any
//! other.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::evidence::Evidence;
use super::item::{Item, Origin, SiblingTags};
use super::pending::PendingRemovals;
use super::purge::{self, Reclaimable};
use super::referrers::after_subjects;
use super::request::{Method, Methods, RemovalRequest, Siblings, Target};
use super::state::RepositoryState;
use crate::error::{Danger, Error, Kind, Missing, Result};
use crate::name::Digest;
use crate::registry::TagIndex;
use crate::registry::snapshot::{ManifestId, ManifestState, TagId};

/// What was decided about all requests.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Decision {
    /// In the order of execution: the requests, then what is purged because nothing needs it any longer.
    pub items: Vec<Item>,
    /// The space that the removals free.
    pub reclaimable: Reclaimable,
}

/// Decides about each request. The order is that of the requests, but children come after their indexes and referrers
/// after their subjects.
pub fn decide(requests: &[RemovalRequest], state: &RepositoryState) -> Decision {
    let empty = TagIndex::default();
    let index = state.index.as_deref().unwrap_or(&empty);
    let mut decider = Decider::new(requests, state, index);
    let (referrers, images) = (0..requests.len()).partition(|at| requests[*at].follows.is_some());
    decider.decide_in_order(images);
    decider.decide_in_order(after_subjects(requests, referrers, state));
    let mut items = decider.items;
    let reclaimable = purge::add_unreferenced(&mut items, decider.evidence, decider.pending);
    Decision { items, reclaimable }
}

struct Decider<'a> {
    requests: &'a [RemovalRequest],
    state: &'a RepositoryState,
    index: &'a TagIndex,
    evidence: Evidence<'a>,
    siblings: HashMap<ManifestId, Arc<SiblingTags>>,
    pending: PendingRemovals,
    /// Requests that wait for the removal of the indexes that list their manifest.
    waiting: HashMap<ManifestId, Vec<usize>>,
    items: Vec<Item>,
    /// Manifests to delete that are not in the index, because no tag leads to them.
    unindexed: HashSet<Digest>,
}

impl<'a> Decider<'a> {
    fn new(requests: &'a [RemovalRequest], state: &'a RepositoryState, index: &'a TagIndex) -> Self {
        Self {
            requests,
            state,
            index,
            evidence: Evidence::new(requests, state, index),
            siblings: HashMap::new(),
            pending: PendingRemovals::new(index),
            waiting: HashMap::new(),
            items: Vec::new(),
            unindexed: HashSet::new(),
        }
    }

    fn decide_in_order(&mut self, requests: Vec<usize>) {
        requests.into_iter().for_each(|at| self.decide_request(at, false));
        let mut left: Vec<_> = std::mem::take(&mut self.waiting).into_values().flatten().collect();
        left.sort_unstable();
        left.into_iter().for_each(|at| self.decide_request(at, true));
    }

    /// Decides about one request. A child whose index may still be removed is put off, unless this is its `last` turn.
    fn decide_request(&mut self, at: usize, last: bool) {
        let request = &self.requests[at];
        let manifest = self.state.manifest_of(&request.target);
        let mut item = self.new_item(request, manifest);
        if item.is_absent() {
            return self.items.push(item);
        }
        item.method = match self.choose_method(&item, manifest, last) {
            Ok(Some(method)) => Ok(method),
            Err(error) => Err(error),
            Ok(None) => {
                if let Some(manifest) = manifest {
                    self.waiting.entry(manifest).or_default().push(at);
                }
                return;
            }
        };
        let unlisted = self.record(&mut item, manifest);
        self.items.push(item);
        let ready: Vec<_> = unlisted.into_iter().filter_map(|child| self.waiting.remove(&child)).flatten().collect();
        ready.into_iter().for_each(|at| self.decide_request(at, false));
    }

    fn new_item(&mut self, request: &RemovalRequest, manifest: Option<ManifestId>) -> Item {
        let absent = self.state.absent.get(&request.target);
        let mut item = Item {
            request: request.clone(),
            digest: self.state.digest_of(&request.target),
            method: absent.map_or(Ok(Method::Tag), |error| Err(error.clone())),
            origin: if absent.is_some() { Origin::Absent } else { Origin::Requested },
            siblings: None,
            indexes: Vec::new(),
            orphans: Vec::new(),
        };
        if let Some(manifest) = manifest {
            item.siblings = Some(self.siblings_on(manifest));
            item.indexes = self.remaining_parents(manifest);
        }
        item
    }

    /// The tags on a manifest, collected once however many of them are requested.
    fn siblings_on(&mut self, manifest: ManifestId) -> Arc<SiblingTags> {
        let (index, evidence, in_use) = (self.index, &self.evidence, &self.state.in_use.tags);
        let siblings = self.siblings.entry(manifest).or_insert_with(|| {
            let (requested, others): (Vec<_>, Vec<_>) =
                index.tags_on(manifest).partition(|tag| evidence.is_requested(*tag));
            let sorted = |tags: Vec<TagId>| {
                let mut tags: Vec<_> = tags.into_iter().map(|tag| index.tag(tag).clone()).collect();
                tags.sort();
                tags
            };
            let other_names = evidence.other_names(manifest).iter().map(|name| (*name).to_owned()).collect();
            let (requested, others) = (sorted(requested), sorted(others));
            let in_use = others.iter().filter(|tag| in_use.contains(*tag)).cloned().collect();
            Arc::new(SiblingTags { requested, others: others.into(), in_use, other_names })
        });
        Arc::clone(siblings)
    }

    /// The manifests that list a manifest and are not removed so far.
    fn remaining_parents(&self, manifest: ManifestId) -> Vec<Digest> {
        let mut seen = HashSet::new();
        let parents = self.index.parents(manifest).filter(|parent| seen.insert(*parent));
        let remaining = parents.filter(|parent| !self.pending.manifests.contains(parent));
        remaining.map(|parent| self.index.digest(parent)).collect()
    }

    /// Chooses the method; `None` where the removal of an index has to be decided first.
    fn choose_method(&self, item: &Item, manifest: Option<ManifestId>, last: bool) -> Result<Option<Method>> {
        let (state, request) = (self.state, &item.request);
        let name = request.target.within(&state.repository);
        self.check_subject_removed(request, &name)?;
        self.evidence.check_is_manifest(&request.target, &name)?;
        self.evidence.check_not_in_use(item, manifest, &name)?;
        // An interrupted removal left its placeholder on the tag: it is finished, whatever digest and method were
        // planned.
        let is_leftover = request.policy.placeholder && state.is_leftover_placeholder(&request.target);
        if let (Some(expected), Some(now)) = (&request.expected, &item.digest)
            && expected != now
            && !is_leftover
        {
            // The digest may have been wrong from the start.
            let danger = Danger::Moved { from: expected.clone(), to: now.clone() };
            let what = format!("{name} does not point to {expected}; it may have moved");
            return Err(Error::new(Kind::Safety(danger), what).because(format!("it points to {now}")));
        }
        let may = |method| is_leftover || request.policy.methods.allow(method);
        let is_tag = request.target.tag().is_some();
        if is_tag && request.policy.siblings == Siblings::Keep && may(Method::Tag) && state.deletes_tags.is_ok() {
            return Ok(Some(Method::Tag));
        }
        if let (Methods::Only(Method::Tag), Err(refused)) = (request.policy.methods, &state.deletes_tags)
            && !is_leftover
        {
            return Err(refused.clone().within(format!("cannot remove {name} as planned")));
        }
        state.deletes_manifests.clone()?;
        let may_placeholder = is_tag && request.policy.placeholder && may(Method::Placeholder);
        let Some(manifest) = manifest else {
            return match (&request.target, &item.digest) {
                // No tag leads to it: it has no siblings, and no known index lists it.
                (Target::Manifest(_), Some(_)) => {
                    self.evidence.check_deletable(item, None).map(|()| Some(Method::Manifest))
                }
                _ if may_placeholder => Ok(Some(Method::Placeholder)),
                _ => Err(self.unknown_digest(&request.target, &name)),
            };
        };
        if self.pending.manifests.contains(&manifest) && may(Method::Manifest) {
            return Ok(Some(Method::Manifest));
        }
        // A damaged manifest is kept where removing the tag is enough.
        if may_placeholder && matches!(self.index.state(manifest), ManifestState::Unreadable(_)) {
            return Ok(Some(Method::Placeholder));
        }
        match self.evidence.check_deletable(item, Some(manifest)) {
            Ok(()) if may(Method::Manifest) => Ok(Some(Method::Manifest)),
            Err(error) if !last && may(Method::Manifest) && is_in_index(&error) => Ok(None),
            _ if may_placeholder => Ok(Some(Method::Placeholder)),
            Err(error) => Err(error),
            Ok(()) => Err(self.not_permitted(request, &name)),
        }
    }

    /// Records the removal of an item. Returns the children that no remaining manifest lists.
    fn record(&mut self, item: &mut Item, manifest: Option<ManifestId>) -> Vec<ManifestId> {
        match (&item.method, manifest) {
            (Ok(Method::Manifest), Some(manifest)) => {
                item.indexes = self.remaining_parents(manifest);
                return self.pending.delete_manifest(self.index, manifest);
            }
            (Ok(Method::Manifest), None) => self.unindexed.extend(item.digest.clone()),
            (Ok(Method::Tag | Method::Placeholder), _) => {
                if let Some(tag) = item.request.target.tag().and_then(|tag| self.index.tag_id(tag)) {
                    self.pending.remove_tag(self.index, tag);
                }
            }
            (Err(_), _) => {}
        }
        Vec::new()
    }

    /// Keeps a referrer whose subject is kept.
    fn check_subject_removed(&self, request: &RemovalRequest, name: &str) -> Result<()> {
        match request.follows.as_ref().filter(|subject| !self.is_removed(subject)) {
            Some(subject) => Err(Error::new(Kind::Safety(Danger::NeededByRest), format!("{name} stays"))
                .because(format!("its subject {} stays", self.name_of(subject)))),
            None => Ok(()),
        }
    }

    /// Whether a manifest is deleted, or no remaining tag leads to it. A manifest that no tag ever led to shares the
    /// fate of its subject.
    fn is_removed(&self, digest: &Digest) -> bool {
        let Some(manifest) = self.index.manifest_id(digest) else {
            return self.unindexed.contains(digest);
        };
        let subject = |manifest| self.index.facts(manifest).and_then(|facts| facts.subject);
        let mut seen = HashSet::new();
        let mut next = Some(manifest);
        while let Some(manifest) = next.filter(|manifest| seen.insert(*manifest)) {
            if self.index.is_referenced(manifest) {
                return self.is_abandoned(manifest);
            }
            next = subject(manifest);
        }
        self.pending.manifests.contains(&manifest)
    }

    /// Whether a manifest is deleted, or left to the registry's garbage collection: tags or indexes led to it, and none
    /// remains.
    fn is_abandoned(&self, manifest: ManifestId) -> bool {
        if self.pending.manifests.contains(&manifest) {
            return true;
        }
        let led_to = |next| self.pending.manifests.contains(&next) || self.index.tags_on(next).len() > 0;
        let mut ancestors = self.index.ancestors(manifest, |_| true);
        ancestors.any(led_to) && !self.pending.is_tag_reachable(self.index, manifest)
    }

    /// Names a manifest by a tag on it, else by its digest.
    fn name_of(&self, digest: &Digest) -> String {
        let manifest = self.index.manifest_id(digest);
        let target = manifest.map_or_else(|| Target::Manifest(digest.clone()), |id| Target::of(self.index, id));
        target.within(&self.state.repository)
    }

    /// The error where nothing prevents deleting the manifest, but the policy does not permit it.
    fn not_permitted(&self, request: &RemovalRequest, name: &str) -> Error {
        let registry = &self.state.registry;
        let (what, cause) = match request.policy.methods {
            Methods::Only(method) => (
                format!("cannot remove {name} as planned"),
                format!("the planned method {method} is no longer available on {registry}"),
            ),
            Methods::Untag | Methods::Any => (
                format!("removing {name} would also remove its manifest, which has to stay"),
                format!("{registry} deletes manifests, not tags"),
            ),
        };
        Error::new(Kind::Safety(Danger::Unknown), what).because(cause)
    }

    /// The error for a tag whose digest is unknown: nothing is deleted by a digest that was not read.
    fn unknown_digest(&self, target: &Target, name: &str) -> Error {
        let RepositoryState { registry, repository, .. } = self.state;
        if self.state.is_dangling(target) {
            let tag = target.tag().map(ToString::to_string).unwrap_or_default();
            let what = format!("cannot remove {name}: its manifest is gone");
            return Error::new(Kind::NotFound(Missing::Manifest), what)
                .because(format!("{registry} lists {tag} in {repository} and answers \"not found\" for it"))
                .because(format!("{registry} deletes manifests, not tags"));
        }
        let what = format!("cannot determine which digest {name} points to");
        let error = Error::new(Kind::Safety(Danger::Unreadable { names: vec![name.to_owned()] }), what);
        match self.evidence.failure_of(target) {
            Some(cause) => error.because(cause),
            None => error,
        }
    }
}

fn is_in_index(error: &Error) -> bool {
    matches!(error.kind(), Kind::Safety(Danger::InIndex { .. }))
}
