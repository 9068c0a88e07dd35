//! How each thing that is requested can go without anything else, if it can. No input or output, linear in what is known.
//!
//! 1. A tag goes by its name where the registry deletes tags.
//! 2. Otherwise it goes with its manifest, if that is known to be safe: no tag that stays is on it, and none could be; no index that
//!    stays lists it, and none could.
//! 3. Otherwise it goes by a placeholder, where that is permitted.
//! 4. Otherwise it stays, and the error says because of what.
//!
//! What follows a manifest that it refers to is decided about after that one, and stays where that stays.
//!
//! What cannot be known counts against a deletion: a list that contradicts itself may lack siblings, a manifest that could not be read
//! may list any other.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::evidence::Evidence;
use super::item::{Item, Origin, SiblingTags};
use super::pending::PendingRemovals;
use super::purge;
use super::request::{Method, Methods, RemovalRequest, Siblings, Target};
use super::state::RepositoryState;
use crate::error::{Danger, Error, Kind, Missing, Result};
use crate::name::Digest;
use crate::registry::TagIndex;
use crate::registry::snapshot::{ManifestId, ManifestState, TagId};

/// What was decided about everything.
#[derive(Debug, Clone, Default)]
pub struct Decision {
    /// In the order in which it is carried out: what was requested, then what is deleted because nothing needs it any longer.
    pub items: Vec<Item>,
    /// What it frees.
    pub reclaimable: purge::Reclaimable,
}

/// Decides about each request. Those that leave an index whole only when another goes first come after that one; otherwise the order
/// is that of the requests.
pub fn decide(requests: &[RemovalRequest], state: &RepositoryState) -> Decision {
    let nothing = TagIndex::default();
    let index = state.index.as_deref().unwrap_or(&nothing);
    let mut rule = Decider::new(requests, state, index);
    rule.decide();
    let mut items = rule.items;
    let freed = purge::add_unreferenced(&mut items, rule.evidence, rule.pending);
    Decision { items, reclaimable: freed }
}

struct Decider<'a> {
    requests: &'a [RemovalRequest],
    state: &'a RepositoryState,
    index: &'a TagIndex,
    evidence: Evidence<'a>,
    siblings: HashMap<ManifestId, Arc<SiblingTags>>,
    pending: PendingRemovals,
    /// Requests that wait for the indexes that list their manifest.
    waiting: HashMap<ManifestId, Vec<usize>>,
    items: Vec<Item>,
    /// Manifests that go and that no tag leads to.
    unindexed: HashSet<Digest>,
}

impl<'a> Decider<'a> {
    fn new(requests: &'a [RemovalRequest], state: &'a RepositoryState, index: &'a TagIndex) -> Self {
        let going = PendingRemovals::new(index);
        let evidence = Evidence::new(requests, state, index);
        Self {
            requests,
            state,
            index,
            evidence,
            siblings: HashMap::new(),
            pending: going,
            waiting: HashMap::new(),
            items: Vec::new(),
            unindexed: HashSet::new(),
        }
    }

    fn decide(&mut self) {
        let (last, first): (Vec<_>, Vec<_>) =
            (0..self.requests.len()).partition(|at| self.requests[*at].follows.is_some());
        self.decide_in_order(first);
        self.decide_in_order(self.after_their_subjects(last));
    }

    /// Followers, each after those that are on the manifest which it follows.
    fn after_their_subjects(&self, followers: Vec<usize>) -> Vec<usize> {
        let mut on: HashMap<Digest, usize> = HashMap::new();
        for digest in followers.iter().filter_map(|at| self.state.digest_of(&self.requests[*at].target)) {
            *on.entry(digest).or_default() += 1;
        }
        let mut waiting: HashMap<&Digest, Vec<usize>> = HashMap::new();
        let mut ready = VecDeque::new();
        for &at in &followers {
            match self.requests[at].follows.as_ref().filter(|subject| on.contains_key(*subject)) {
                Some(subject) => waiting.entry(subject).or_default().push(at),
                None => ready.push_back(at),
            }
        }
        let mut ordered = Vec::with_capacity(followers.len());
        while let Some(at) = ready.pop_front() {
            ordered.push(at);
            let Some(digest) = self.state.digest_of(&self.requests[at].target) else { continue };
            let left = on.entry(digest.clone()).or_default();
            *left = left.saturating_sub(1);
            if *left == 0 {
                ready.extend(waiting.remove(&digest).into_iter().flatten());
            }
        }
        // What follows itself, as names of tags can say, comes as it was requested.
        let known: HashSet<_> = ordered.iter().copied().collect();
        ordered.extend(followers.into_iter().filter(|at| !known.contains(at)));
        ordered
    }

    fn decide_in_order(&mut self, requests: Vec<usize>) {
        requests.into_iter().for_each(|at| self.decide_request(at, false));
        let mut left: Vec<_> = std::mem::take(&mut self.waiting).into_values().flatten().collect();
        left.sort_unstable();
        left.into_iter().for_each(|at| self.decide_request(at, true));
    }

    /// Decides about a request; one that waits for an index is put aside, unless it is the `last` time.
    fn decide_request(&mut self, at: usize, last: bool) {
        let request = &self.requests[at];
        let manifest = self.state.manifest_of(&request.target);
        let mut item = self.item(request, manifest);
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
        let freed = match (&item.method, manifest) {
            (Ok(Method::Manifest), Some(manifest)) => {
                item.indexes.clear();
                item.indexes.extend(self.remaining_parents(manifest));
                self.pending.delete_manifest(self.index, manifest)
            }
            (Ok(Method::Manifest), None) => {
                self.unindexed.extend(item.digest.clone());
                Vec::new()
            }
            (Ok(_), _) => {
                if let Some(tag) = request.target.tag().and_then(|tag| self.index.tag_id(tag)) {
                    self.pending.remove_tag(self.index, tag);
                }
                Vec::new()
            }
            (Err(_), _) => Vec::new(),
        };
        self.items.push(item);
        for waiting in freed.into_iter().filter_map(|child| self.waiting.remove(&child)).flatten().collect::<Vec<_>>() {
            self.decide_request(waiting, false);
        }
    }

    fn item(&mut self, request: &RemovalRequest, manifest: Option<ManifestId>) -> Item {
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
            item.indexes = self.remaining_parents(manifest).collect();
        }
        item
    }

    /// The tags on a manifest, found once however many of them are requested.
    fn siblings_on(&mut self, manifest: ManifestId) -> Arc<SiblingTags> {
        let (index, evidence, in_use) = (self.index, &self.evidence, &self.state.in_use.tags);
        let siblings = self.siblings.entry(manifest).or_insert_with(|| {
            let (requested, others): (Vec<_>, Vec<_>) =
                index.tags_on(manifest).partition(|tag| evidence.is_requested(*tag));
            let named = |tags: Vec<TagId>| {
                let mut tags: Vec<_> = tags.into_iter().map(|tag| index.tag(tag).clone()).collect();
                tags.sort();
                tags
            };
            let other_names = evidence.other_names(manifest).iter().map(|name| (*name).to_owned()).collect();
            let (requested, others) = (named(requested), named(others));
            let in_use = others.iter().filter(|tag| in_use.contains(*tag)).cloned().collect();
            Arc::new(SiblingTags { requested, others: others.into(), in_use, other_names })
        });
        Arc::clone(siblings)
    }

    fn remaining_parents(&self, manifest: ManifestId) -> impl Iterator<Item = Digest> {
        let mut seen = HashSet::new();
        let staying = self.index.parents(manifest).filter(move |parent| seen.insert(*parent));
        let staying = staying.filter(|parent| !self.pending.manifests.contains(parent));
        staying.map(|parent| self.index.digest(parent).clone()).collect::<Vec<_>>().into_iter()
    }

    /// The method; `None` where an index has to go first.
    fn choose_method(&self, item: &Item, manifest: Option<ManifestId>, last: bool) -> Result<Option<Method>> {
        let (state, request) = (self.state, &item.request);
        let name = request.target.within(&state.repository);
        if let Some(subject) = request.follows.as_ref().filter(|subject| !self.is_removed(subject)) {
            let what = format!("{name} stays");
            let cause = format!("{}, which it refers to, stays", self.name_of(subject));
            return Err(Error::new(Kind::Safety(Danger::NeededByRest), what).because(cause));
        }
        self.evidence.check_not_in_use(item, manifest, &name)?;
        // Whatever way it was to go, all that is left of it is a placeholder.
        let is_leftover = request.policy.placeholder && state.is_leftover_placeholder(&request.target);
        if let (Some(expected), Some(now)) = (&request.expected, &item.digest)
            && expected != now
            && !is_leftover
        {
            return Err(crate::registry::moved(&name, expected, now));
        }
        let may = |method| is_leftover || request.policy.methods.allow(method);
        let is_tag = request.target.tag().is_some();
        if is_tag && request.policy.siblings == Siblings::Keep && may(Method::Tag) && state.deletes_tags.is_ok() {
            return Ok(Some(Method::Tag));
        }
        if let (Methods::Only(Method::Tag), Err(refused)) = (request.policy.methods, &state.deletes_tags)
            && !is_leftover
        {
            return Err(refused.clone().within(format!("{name} cannot be removed as planned")));
        }
        state.deletes_manifests.clone()?;
        let may_placeholder = is_tag && request.policy.placeholder && may(Method::Placeholder);
        let Some(manifest) = manifest else {
            return match (&request.target, &item.digest) {
                // What no tag leads to has no siblings, and nothing that is known lists it.
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
        // Of what is damaged only the name is taken, where that is enough.
        if may_placeholder && matches!(self.index.state(manifest), ManifestState::Unreadable(_)) {
            return Ok(Some(Method::Placeholder));
        }
        match self.evidence.check_deletable(item, Some(manifest)) {
            Ok(()) if may(Method::Manifest) => Ok(Some(Method::Manifest)),
            Err(error)
                if !last && may(Method::Manifest) && matches!(error.kind(), Kind::Safety(Danger::InIndex { .. })) =>
            {
                Ok(None)
            }
            _ if may_placeholder => Ok(Some(Method::Placeholder)),
            Err(error) => Err(error),
            Ok(()) if request.policy.methods == Methods::Untag => {
                let what = format!("removing {name} would also remove its manifest, which has to stay");
                let cause = format!("{} deletes manifests, not tags", state.registry);
                Err(Error::new(Kind::Safety(Danger::Unknown), what).because(cause))
            }
            Ok(()) => Err(Error::new(Kind::Safety(Danger::Unknown), format!("{name} cannot be removed as planned"))
                .because(format!("{} no longer removes it in the way that the plan says", state.registry))),
        }
    }

    /// Whether a manifest is gone after what was decided until now, or nothing that stays leads to it. What no tag ever led to goes with
    /// what it refers to.
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

    /// Whether a manifest is deleted, or untagged, itself or an index that leads to it, and left to the registry's garbage collection.
    fn is_abandoned(&self, manifest: ManifestId) -> bool {
        if self.pending.manifests.contains(&manifest) {
            return true;
        }
        let was_led_to = |next| self.pending.manifests.contains(&next) || self.index.tags_on(next).len() > 0;
        let mut ancestors = self.index.ancestors(manifest, |_| true);
        ancestors.any(was_led_to) && !purge::is_tag_reachable(&self.evidence, &self.pending, manifest)
    }

    /// A manifest by a tag on it, which people know, or by its digest.
    fn name_of(&self, digest: &Digest) -> String {
        let tag = self.index.manifest_id(digest).and_then(|manifest| self.index.tags_on(manifest).next());
        let target =
            tag.map_or_else(|| Target::Manifest(digest.clone()), |tag| Target::Tag(self.index.tag(tag).clone()));
        target.within(&self.state.repository)
    }

    /// Nothing is deleted by a digest that was never seen.
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
