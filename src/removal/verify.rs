//! Verifies that what is kept stays, at a bounded cost: N deletions beside M kept tags take at most M + 8 N requests.
//!
//! 1. Every name in the snapshot or the list that is not about to be removed is kept; so is a tag whose removal was
//!    refused or failed.
//!
//! Before a batch that deletes manifests by digest, the list is read and every kept name is resolved:
//!
//! 2. "Not found" counts when it is answered twice.
//! 3. Names that are new, point elsewhere than before, or cannot be read veto deletions ([`Vetoes`]), and so does a
//!    list that cannot be read, or that lacks a name that exists.
//!
//! After the batch, and at the end:
//!
//! 4. The list is read until it no longer has the removed names, for ten seconds at most. A name in it that points to
//!    another digest than the removed one was pushed again.
//! 5. A kept name is lost where HEAD and GET agree that it does not exist; GET alone counts where HEAD answers that it
//!    points to what was just removed or to something below it. Names that were resolved before are always looked up;
//!    the others where the list has dropped them.
//! 6. Where a manifest was deleted together with a tag that was deleted by its name, the names on it are looked up at
//!    once, before anything else is deleted in this way.
//! 7. At the end every removed name is looked up once more: a single "not found" may come from a replica that lags
//!    behind.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use tokio::time::Instant;

use super::item::Item;
use super::lookup::{NameOrDigest, Resolution, fetch, fetch_existing, list_names, resolve};
use super::outcome::{Outcome, Removed};
use super::state::RepositoryState;
use super::veto::{Veto, Vetoes};
use crate::error::{Danger, Error, Kind, Result};
use crate::name::{Digest, Tag};
use crate::registry::snapshot::Pointer;
use crate::registry::{ListedNames, RepositoryHandle, SETTLE_TIME};

/// The most requests for kept names that one deletion may cost on average.
const CHECKS_PER_DELETION: usize = 8;

/// What is known of a kept name.
#[derive(Debug, Clone, PartialEq, Eq)]
enum NameState {
    /// It pointed to this digest when it was last resolved.
    At(Digest),
    /// It was not resolved yet.
    New,
    /// It could not be resolved when the plan was made, which was reported then.
    Unreadable,
    /// It is listed, and nothing is behind it.
    Gone,
}

/// The names that are kept, as they were last seen.
#[derive(Debug)]
pub(super) struct KeptNames {
    repository: RepositoryHandle,
    /// The state that the items were decided by.
    state: Arc<RepositoryState>,
    /// The kept names, valid tags or not.
    kept: BTreeMap<String, NameState>,
    /// Names that are about to be removed, so that they may be listed.
    pending: HashSet<String>,
    /// Those of them that are listed.
    pending_listed: HashSet<String>,
    /// Names that were removed, with what they pointed to. Should they be listed again, they are resolved like any
    /// other.
    removed: HashMap<String, Option<Digest>>,
    /// What they pointed to, and the tagged manifests below: a HEAD that still answers so may come from a cache.
    affected: HashSet<Digest>,
    /// Manifests that are to be deleted by digest, and must not be.
    vetoes: Vetoes,
    /// The list as it was read after the previous batch.
    last_list: Option<ListedNames>,
    /// The list as it was read after the last deletion of a batch.
    pub(super) list_ahead: Option<Result<ListedNames>>,
    /// Whether the registry ends pages of the list early.
    pub(super) is_list_cut: bool,
    /// Whether the list could be read, so that it can be read again.
    has_list: bool,
    /// Kept names that were listed.
    listed: HashSet<String>,
    /// Kept names that were listed, and no longer are.
    no_longer_listed: BTreeSet<String>,
}

impl KeptNames {
    pub(super) fn new(repository: RepositoryHandle, state: Arc<RepositoryState>, items: &[Item]) -> Self {
        let index = state.index.clone();
        let vetoes = Vetoes::new(repository.clone(), Arc::clone(&state), items);
        let mut names = Self {
            repository,
            state,
            kept: BTreeMap::new(),
            pending: HashSet::new(),
            pending_listed: HashSet::new(),
            removed: HashMap::new(),
            affected: HashSet::new(),
            vetoes,
            last_list: None,
            list_ahead: None,
            is_list_cut: index.as_ref().is_some_and(|index| index.is_list_cut()),
            has_list: false,
            listed: HashSet::new(),
            no_longer_listed: BTreeSet::new(),
        };
        for item in items.iter().filter(|item| item.method.is_ok()) {
            names.pending.extend(item.removed_names().map(str::to_owned));
        }
        if let Some(index) = index {
            let tags = index.tags().map(|(_, tag, pointer)| (tag.as_str(), pointer));
            let others = index.other_names().iter().map(|other| (other.name.as_str(), &other.pointer));
            for (name, pointer) in tags.chain(others).filter(|(name, _)| !names.pending.contains(*name)) {
                let state = match pointer {
                    Pointer::At(manifest) => NameState::At(index.digest(*manifest)),
                    Pointer::Dangling => NameState::Gone,
                    Pointer::Unknown(_) => NameState::Unreadable,
                };
                names.kept.insert(name.to_owned(), state);
            }
        }
        names
    }

    /// The kept names of a new decision about the rest. Names that were removed so far are not missed.
    pub(super) fn rebuilt(&self, state: Arc<RepositoryState>, items: &[Item]) -> Self {
        let mut names = Self::new(self.repository.clone(), state, items);
        names.removed.clone_from(&self.removed);
        names.affected.clone_from(&self.affected);
        // The batch before the new decision is still to be checked.
        names.has_list = self.has_list;
        names.listed.clone_from(&self.listed);
        names.no_longer_listed.clone_from(&self.no_longer_listed);
        names.kept.retain(|name, state| !self.removed.contains_key(name) || matches!(state, NameState::At(_)));
        // A name that the new snapshot lacks is lost.
        for (name, state) in self.kept.iter().filter(|(_, state)| **state != NameState::Gone) {
            if !names.pending.contains(name) && !names.kept.contains_key(name) {
                names.kept.insert(name.clone(), state.clone());
                names.no_longer_listed.insert(name.clone());
            }
        }
        names
    }

    /// How many items may be removed until the kept names are read again.
    pub(super) fn batch_size(&self) -> usize {
        self.kept.len().div_ceil(CHECKS_PER_DELETION).max(1)
    }

    /// Why a manifest must not be deleted, if so.
    pub(super) fn veto(&self, digest: &Digest) -> Option<&Veto> {
        self.vetoes.get(digest)
    }

    /// Records the outcome of an item: its names are no longer about to be removed.
    pub(super) fn record_outcome(&mut self, item: &Item, outcome: &Outcome) {
        if let Outcome::Removed(Removed { digest: Some(digest), .. }) = outcome {
            self.record_affected(digest);
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
                self.kept.remove(name);
                self.removed.insert(name.to_owned(), digest);
            } else {
                let is_dangling = self.state.is_dangling(&item.request.target);
                self.kept.insert(name.to_owned(), if is_dangling { NameState::Gone } else { NameState::New });
            }
        }
    }

    /// Records that a manifest was removed. Some registries delete with an index what it lists.
    fn record_affected(&mut self, digest: &Digest) {
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

    /// Whether a tag that is about to be removed is listed.
    pub(super) fn is_listed(&self, tag: &Tag) -> bool {
        self.pending_listed.contains(tag.as_str())
    }

    /// Whether a tag is kept and was not seen to be dangling.
    pub(super) fn is_kept(&self, tag: &Tag) -> bool {
        self.kept.get(tag.as_str()).is_some_and(|state| *state != NameState::Gone)
    }

    /// Reads the list before a batch. Where the batch deletes a manifest by digest, also resolves every kept name.
    /// `due` are the tags whose manifests the batch deletes.
    pub(super) async fn read(&mut self, by_digest: bool, due: &[Tag]) {
        let listed = match self.last_list.take() {
            Some(listed) => Ok(listed),
            None => list_names(&self.repository, self.is_list_cut).await,
        };
        self.vetoes.clear_unreadable();
        let listed = match listed {
            Ok(ListedNames { names: listed, doubt }) => {
                self.has_list = true;
                self.no_longer_listed = self.missing_from(&listed);
                if let Some(doubt) = doubt.filter(|_| by_digest) {
                    self.veto_for_list(doubt);
                }
                self.pending_listed = listed.iter().filter(|name| self.pending.contains(*name)).cloned().collect();
                for name in listed.iter().filter(|name| !self.pending.contains(*name)) {
                    let state = if self.removed.contains_key(name) { NameState::Gone } else { NameState::New };
                    self.listed.insert(name.clone());
                    self.kept.entry(name.clone()).or_insert(state);
                }
                listed
            }
            Err(error) if by_digest => {
                let what = format!("cannot determine what else would be removed in {}", self.repository);
                // A manifest that may be removed with all its tags does not depend on the list.
                return self.vetoes.veto_for_list(&error.within(what));
            }
            Err(error) => return tracing::debug!("the list of tags cannot be read: {error}"),
        };
        if by_digest {
            let listed: HashSet<_> = listed.iter().map(String::as_str).collect();
            let unlisted = match self.resolve_kept(&listed).await {
                Some(name) => Some(name),
                None => self.find_unlisted(due, &listed).await,
            };
            if let Some(name) = unlisted {
                self.veto_for_list(format!("the list of its tags lacks {name}, which exists"));
            }
        }
    }

    /// Vetoes the deletions that depend on the list, which may lack names.
    fn veto_for_list(&mut self, doubt: String) {
        let what = format!("cannot determine what else would be removed in {}", self.repository);
        self.vetoes.veto_for_list(&Error::new(Kind::Safety(Danger::Unlisted), what).because(doubt));
    }

    /// The first of these tags that is not listed although it exists.
    async fn find_unlisted(&self, due: &[Tag], listed: &HashSet<&str>) -> Option<String> {
        for tag in due.iter().filter(|tag| !listed.contains(tag.as_str())) {
            let found = fetch_existing(&self.repository, NameOrDigest::Name(tag.as_str())).await;
            // What cannot be read is not known to be gone.
            if !matches!(found, Ok(None)) {
                return Some(tag.to_string());
            }
        }
        None
    }

    /// Resolves every kept name, and vetoes the deletion of what names that moved or appeared need. Returns one that is
    /// not listed although it exists, if there is one.
    async fn resolve_kept(&mut self, listed: &HashSet<&str>) -> Option<String> {
        let at = |state: &NameState| if let NameState::At(digest) = state { Some(digest.clone()) } else { None };
        let known: HashSet<_> = self.kept.values().filter_map(at).collect();
        let names: Vec<_> = self.kept.keys().cloned().collect();
        let lookups = names.into_iter().map(|name| resolve(self.repository.clone(), name, &known));
        let lookups: Vec<_> = lookups.collect();
        let concurrency = self.repository.client().max_concurrency();
        let resolved: Vec<_> = stream::iter(lookups).buffer_unordered(concurrency).collect().await;
        let (mut moved, mut unlisted) = (Vec::new(), None);
        for (name, resolution) in resolved {
            if matches!(resolution, Ok(Some(_))) && !listed.contains(name.as_str()) {
                unlisted = Some(name.clone());
            }
            let Some(known) = self.kept.get_mut(&name) else { continue };
            if let Ok(Some(Resolution { contradiction: Some(other), .. })) = &resolution {
                moved.push((name.clone(), other.clone()));
            }
            match resolution {
                Ok(Some(Resolution { digest, .. })) if *known == NameState::At(digest.clone()) => {}
                Ok(Some(Resolution { digest, sha256, children, .. })) => {
                    *known = NameState::At(digest.clone());
                    for digest in std::iter::once(digest).chain(sha256) {
                        if let Some(children) = &children {
                            self.vetoes.record_children(digest.clone(), children.clone());
                        }
                        moved.push((name.clone(), digest));
                    }
                }
                // It may come back; whether it is lost is checked at the end.
                Ok(None) => {}
                Err(_) if *known == NameState::Unreadable => {}
                Err(error) => {
                    let what = format!("{}:{name} cannot be read, and may depend on it", self.repository);
                    self.vetoes.veto_for_name(&error.within(what));
                }
            }
        }
        for (name, digest) in moved {
            let name = format!("{}:{name}", self.repository);
            if let Err(error) = self.vetoes.veto_needed_by(&name, digest).await {
                let error = error.within(format!("{name} is new, and may depend on it"));
                self.vetoes.veto_for_name(&error);
            }
        }
        unlisted
    }

    /// How many names are kept.
    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether the list could be read.
    pub(super) fn has_list(&self) -> bool {
        self.has_list
    }

    /// Whether a kept name may be lost.
    pub(super) fn may_have_lost_names(&self) -> bool {
        !self.no_longer_listed.is_empty()
    }

    /// Kept names that were listed and are not in this list.
    fn missing_from(&self, listed: &[String]) -> BTreeSet<String> {
        let listed: HashSet<_> = listed.iter().collect();
        let missing = self.listed.iter().filter(|name| !listed.contains(name));
        missing.filter(|name| self.kept.get(*name).is_some_and(|state| *state != NameState::Gone)).cloned().collect()
    }

    /// The kept names that no longer exist, sorted. Names that were resolved before are all looked up; the others only
    /// where the list no longer names them.
    pub(super) async fn find_lost(&mut self) -> Result<Vec<String>> {
        let no_longer_listed = std::mem::take(&mut self.no_longer_listed);
        self.look_up(|name, state| match state {
            NameState::At(_) => true,
            NameState::New | NameState::Unreadable => no_longer_listed.contains(name),
            NameState::Gone => false,
        })
        .await
    }

    /// The kept names that no longer exist because they were on this manifest, which was deleted together with a tag
    /// that was deleted by its name. Sorted. Names that were not resolved before are resolved once.
    pub(super) async fn find_lost_with(&mut self, manifest: &Digest) -> Result<Vec<String>> {
        self.affected.insert(manifest.clone());
        self.look_up(|_, state| match state {
            NameState::At(digest) => digest == manifest,
            NameState::New => true,
            NameState::Unreadable | NameState::Gone => false,
        })
        .await
    }

    /// The kept names that are selected and no longer exist, sorted.
    async fn look_up(&mut self, is_selected: impl Fn(&str, &NameState) -> bool) -> Result<Vec<String>> {
        let selected = self.kept.iter().filter(|(name, state)| is_selected(name, state));
        let names: Vec<_> = selected.map(|(name, _)| name.clone()).collect();
        let (repository, affected) = (&self.repository, &self.affected);
        let lookups = names.into_iter().map(|name| async {
            let by_head = match name.parse::<Tag>() {
                Ok(tag) => repository.try_resolve(&tag).await?.map(|now| now.digest),
                Err(_) => None,
            };
            let now = match by_head.filter(|digest| !affected.contains(digest)) {
                None => fetch_existing(repository, NameOrDigest::Name(&name)).await?.map(|now| now.digest),
                found => found,
            };
            Ok::<_, Error>((name, now))
        });
        let looked_up: Result<Vec<_>> =
            stream::iter(lookups).buffered(repository.client().max_concurrency()).try_collect().await;
        let looked_up = looked_up.map_err(|error| {
            let what = format!("cannot verify that the other tags of {repository} stayed");
            error.within(what).with_kind(Kind::Incomplete)
        })?;
        let mut lost = Vec::new();
        for (name, now) in looked_up {
            match (now, self.kept.get_mut(&name)) {
                (Some(now), Some(state @ NameState::New)) => *state = NameState::At(now),
                (Some(_), _) => {}
                (None, _) => lost.push(name),
            }
        }
        Ok(lost)
    }

    /// The removed names that point to what was removed again, sorted. Another client may have pushed them, or the
    /// registry may have answered "not found" for something that it still had.
    pub(super) async fn find_back(&self) -> Vec<String> {
        let repository = &self.repository;
        let removed: BTreeMap<_, _> =
            self.removed.iter().filter_map(|(name, digest)| Some((name, digest.as_ref()?))).collect();
        let lookups = removed.into_iter().map(|(name, digest)| async move {
            match fetch(repository, NameOrDigest::Name(name)).await.map(|now| now.digest) {
                Ok(now) if now == *digest => return Some(name.clone()),
                Ok(now) => tracing::warn!("{repository}:{name} exists again: it points to {now}"),
                // What it was removed from was verified right after its removal.
                Err(error) => tracing::debug!("{error}"),
            }
            None
        });
        let lookups: Vec<_> = lookups.collect();
        let looked_up = stream::iter(lookups).buffered(repository.client().max_concurrency());
        looked_up.filter_map(std::future::ready).collect().await
    }

    /// The removed names that are still in the list after ten seconds, with whether they still resolve to the removed
    /// digest.
    /// Where `is_read`, the list is read for the kept names even if nothing was removed.
    pub(super) async fn still_listed(
        &mut self,
        removed: &HashMap<String, Option<Digest>>,
        is_read: bool,
    ) -> HashMap<String, bool> {
        const FIRST: Duration = Duration::from_millis(100);
        let mut list_ahead = self.list_ahead.take();
        if !self.has_list || removed.is_empty() && list_ahead.is_none() && !is_read {
            return HashMap::new();
        }
        let until = Instant::now() + SETTLE_TIME;
        let mut wait = FIRST;
        loop {
            let listed = match list_ahead.take() {
                Some(listed) => listed,
                None => list_names(&self.repository, self.is_list_cut).await,
            };
            let Ok(listed) = listed else { return HashMap::new() };
            self.no_longer_listed = self.missing_from(&listed.names);
            let named = listed.names.iter().filter(|name| removed.contains_key(*name));
            let named: BTreeSet<_> = named.cloned().collect();
            self.last_list = Some(listed);
            let mut still = HashMap::new();
            for name in named {
                match fetch(&self.repository, NameOrDigest::Name(&name)).await.map(|now| now.digest) {
                    // It was pushed again since.
                    Ok(now) if removed.get(&name).is_some_and(|digest| digest.as_ref() != Some(&now)) => {}
                    Ok(_) => drop(still.insert(name, true)),
                    Err(_) => drop(still.insert(name, false)),
                }
            }
            if still.is_empty() || Instant::now() + wait > until {
                return still;
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
    }
}
