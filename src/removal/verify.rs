//! Fresh looks at what stays, at a bounded cost: N deletions beside M tags that stay take at most M + 8 N looks.
//!
//! 1. Every listed name stays that is not about to go. A tag whose removal was refused or has failed is one of them.
//! 2. "Not found" counts when it was told twice, except at the end: there HEAD and GET have to agree.
//! 3. A name that points elsewhere than before saves what it points at, what that lists, and what was to go only because it refers to
//!    one of these.
//! 4. What cannot be looked at saves everything.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use tokio::time::Instant;

use super::execute::Outcome;
use super::item::{Item, Origin};
use super::lookup::{NameOrDigest, fetch, fetch_existing, list_names};
use super::request::{Method, Siblings, Target as Requested};
use super::state::RepositoryState;
use crate::error::{Error, Kind, Result};
use crate::name::{Digest, Repository, Tag, Target};
use crate::registry::snapshot::Pointer;
use crate::registry::{Client, Fetched, SETTLE_TIME};

/// As many looks as one deletion may cost.
const CHECKS_PER_DELETION: usize = 8;

/// As many new manifests as are read to find out what they list. More than that save everything.
const MAX_NEW_MANIFESTS: usize = 256;

/// Why a manifest must not be deleted after all.
#[derive(Debug, Clone)]
pub(super) enum Veto {
    /// This name points at it now, or at something that needs it.
    By(String),
    /// Something could not be looked at.
    Unknown(Error),
}

/// What is known of a name that stays.
#[derive(Debug, Clone, PartialEq, Eq)]
enum NameState {
    /// It was seen to point at this.
    At(Digest),
    /// It was not looked at yet.
    New,
    /// It could not be looked at when the plan was made, which was told then.
    Unreadable,
    /// Nothing was behind it.
    Gone,
}

/// How a manifest is going to be deleted.
#[derive(Debug, Clone, Copy, Default)]
struct DeletionTerms {
    /// Indexes may lose it.
    is_forced: bool,
    /// Whatever tag is on it may go along.
    removes_all_tags: bool,
    /// It was not requested.
    is_purged: bool,
}

impl DeletionTerms {
    /// Whether it may go whatever is on it and whatever lists it.
    fn is_unconditional(&self) -> bool {
        self.is_forced && self.removes_all_tags
    }
}

/// What stays, as it was seen last.
#[derive(Debug, Default)]
pub(super) struct KeptNames {
    /// By name, what stays. Names that no tag may have are among them.
    staying: BTreeMap<String, NameState>,
    /// Tags that are to go: that they are listed is nothing new.
    pending: HashSet<String>,
    /// Tags that went: should they be listed again, they are looked at as any other.
    removed: HashSet<String>,
    /// Manifests that are to be deleted by digest.
    deleted: HashMap<Digest, DeletionTerms>,
    /// Those of them that must not be.
    vetoes: HashMap<Digest, Veto>,
    /// What manifests list that were pushed since the plan was made.
    listed_by: HashMap<Digest, Vec<Digest>>,
    /// The list as it was read after the former batch, or before this one.
    listed: Option<Vec<String>>,
    /// Whether the list was read, so that it can be read again.
    has_list: bool,
    /// Whether a manifest went with a tag that was deleted by its name.
    suspects_siblings: bool,
    /// What stays and was listed, and no longer is.
    vanished: BTreeSet<String>,
    /// What stays and was in the list.
    seen_listed: HashSet<String>,
}

impl KeptNames {
    pub(super) fn new(state: &RepositoryState, items: &[Item]) -> Self {
        let mut kept = Self::default();
        for item in items.iter().filter(|item| item.method.is_ok()) {
            kept.pending.extend(affected_names(item).map(str::to_owned));
            if let (Ok(Method::Manifest), Some(digest)) = (&item.method, &item.digest) {
                let terms = kept.deleted.entry(digest.clone()).or_default();
                terms.is_forced |= item.request.policy.force;
                terms.removes_all_tags |= item.request.policy.siblings == Siblings::RemoveAll;
                terms.is_purged |= !matches!(item.origin, Origin::Requested);
            }
        }
        if let Some(index) = &state.index {
            let tags = index.tags().map(|(_, tag, pointer)| (tag.as_str(), pointer));
            let others = index.other_names().iter().map(|other| (other.name.as_str(), &other.pointer));
            for (name, pointer) in tags.chain(others).filter(|(name, _)| !kept.pending.contains(*name)) {
                let place = match pointer {
                    Pointer::At(manifest) => NameState::At(index.digest(*manifest)),
                    Pointer::Dangling => NameState::Gone,
                    Pointer::Unknown(_) => NameState::Unreadable,
                };
                kept.staying.insert(name.to_owned(), place);
            }
        }
        kept
    }

    /// The same for what is left after a new decision. What went is not missed.
    pub(super) fn rebuilt(&self, state: &RepositoryState, items: &[Item]) -> Self {
        let mut kept = Self::new(state, items);
        kept.removed.clone_from(&self.removed);
        kept.staying.retain(|name, place| !self.removed.contains(name) || matches!(place, NameState::At(_)));
        kept
    }

    /// How many items may go until the next look.
    pub(super) fn batch_size(&self) -> usize {
        self.staying.len().div_ceil(CHECKS_PER_DELETION).max(1)
    }

    /// Why a manifest must not be deleted, if it must not.
    pub(super) fn veto(&self, digest: &Digest) -> Option<&Veto> {
        self.vetoes.get(digest)
    }

    /// Notes how an item ended: its tags are no longer about to go.
    pub(super) fn record_outcome(&mut self, state: &RepositoryState, item: &Item, outcome: &Outcome) {
        for name in affected_names(item) {
            self.pending.remove(name);
            let is_gone = match outcome {
                Outcome::Removed(removed) => removed.moved.iter().all(|moved| moved.as_str() != name),
                Outcome::Absent(_) | Outcome::AlreadyRemoved(_) => true,
                Outcome::Kept(_) | Outcome::Skipped(_) | Outcome::Failed(_) => false,
            };
            if is_gone {
                self.staying.remove(name);
                self.removed.insert(name.to_owned());
            } else {
                let is_dangling = state.is_dangling(&item.request.target);
                self.staying.insert(name.to_owned(), if is_dangling { NameState::Gone } else { NameState::New });
            }
        }
    }

    /// Whether a tag stays, as far as it was seen.
    pub(super) fn is_staying(&self, tag: &Tag) -> bool {
        self.staying.get(tag.as_str()).is_some_and(|place| *place != NameState::Gone)
    }

    /// Reads the list, and where something is going to be deleted by digest looks at every name that stays.
    pub(super) async fn read_list(&mut self, client: &Client, state: &RepositoryState, by_digest: bool) {
        let listed = match self.listed.take() {
            Some(listed) => Ok(listed),
            None => list_names(client, &state.repository).await,
        };
        self.vetoes.retain(|_, saved| matches!(saved, Veto::By(_)));
        match listed {
            Ok(listed) => {
                self.has_list = true;
                self.vanished = self.missing_from(&listed);
                for name in listed.into_iter().filter(|name| !self.pending.contains(name)) {
                    let unseen = if self.removed.contains(&name) { NameState::Gone } else { NameState::New };
                    self.seen_listed.insert(name.clone());
                    self.staying.entry(name).or_insert(unseen);
                }
            }
            Err(error) if by_digest => {
                let error = error.within(format!("cannot find out what else would go in {}", state.repository));
                // With all its tags a manifest may go whatever the list has.
                return self.veto_all(&error, |terms| terms.removes_all_tags);
            }
            Err(error) => tracing::debug!("the list of tags cannot be read: {error}"),
        }
        if by_digest {
            self.resolve_all(client, state).await;
        }
    }

    /// Saves every manifest but those that may go by their terms although something could not be looked at.
    fn veto_all(&mut self, error: &Error, may_go: impl Fn(&DeletionTerms) -> bool) {
        for (digest, terms) in &self.deleted {
            if !may_go(terms) {
                self.vetoes.entry(digest.clone()).or_insert_with(|| Veto::Unknown(error.clone()));
            }
        }
    }

    async fn resolve_all(&mut self, client: &Client, state: &RepositoryState) {
        let at = |place: &NameState| if let NameState::At(digest) = place { Some(digest.clone()) } else { None };
        let known: HashSet<_> = self.staying.values().filter_map(at).collect();
        let names: Vec<_> = self.staying.keys().cloned().collect();
        let looks = names.into_iter().map(|name| resolve_name(client.clone(), state.repository.clone(), name, &known));
        let looks: Vec<_> = looks.collect();
        let found: Vec<_> = stream::iter(looks).buffer_unordered(client.max_concurrency()).collect().await;
        let mut moved = Vec::new();
        for (name, seen) in found {
            let Some(place) = self.staying.get_mut(&name) else { continue };
            match seen {
                Ok(Some(CurrentManifest { digest, .. })) if *place == NameState::At(digest.clone()) => {}
                Ok(Some(CurrentManifest { digest, lists })) => {
                    *place = NameState::At(digest.clone());
                    if let Some(lists) = lists {
                        self.listed_by.insert(digest.clone(), lists);
                    }
                    moved.push((name, digest));
                }
                // It may come back; whether it is lost is told at the end.
                Ok(None) => {}
                // What could not be looked at before was told when the plan was made.
                Err(_) if *place == NameState::Unreadable => {}
                Err(error) => {
                    let name = format!("{}:{name} cannot be looked at, and may depend on it", state.repository);
                    self.veto_all(&error.within(name), DeletionTerms::is_unconditional);
                }
            }
        }
        for (name, digest) in moved {
            let name = format!("{}:{name}", state.repository);
            if let Err(error) = self.veto_needed(client, state, &name, digest).await {
                let error = error.within(format!("{name} is new, and may depend on it"));
                self.veto_all(&error, DeletionTerms::is_unconditional);
            }
        }
    }

    /// Saves what a name needs that points at a manifest.
    async fn veto_needed(&mut self, client: &Client, state: &RepositoryState, name: &str, on: Digest) -> Result<()> {
        let mut seen = HashSet::from([on.clone()]);
        let mut waiting = vec![on.clone()];
        while let Some(digest) = waiting.pop() {
            let may_be_lost = |terms: &DeletionTerms| terms.is_forced && digest != on;
            if self.deleted.get(&digest).is_some_and(|terms| !may_be_lost(terms)) {
                self.vetoes.insert(digest.clone(), Veto::By(name.to_owned()));
            }
            for referrer in state.referrers_of(&digest) {
                if self.deleted.get(&referrer).is_some_and(|terms| terms.is_purged) {
                    self.vetoes.insert(referrer, Veto::By(name.to_owned()));
                }
            }
            let children = self.children(client, state, &digest).await?;
            waiting.extend(children.into_iter().filter(|child| seen.insert(child.clone())));
        }
        Ok(())
    }

    /// What a manifest lists: as the plan knows it, or as it is read now.
    async fn children(&mut self, client: &Client, state: &RepositoryState, digest: &Digest) -> Result<Vec<Digest>> {
        if let Some(known) = facts(state, digest).or_else(|| self.listed_by.get(digest).cloned()) {
            return Ok(known);
        }
        if self.listed_by.len() >= MAX_NEW_MANIFESTS {
            return Err(Error::new(Kind::Incomplete, format!("more than {MAX_NEW_MANIFESTS} manifests are new")));
        }
        let fetched = fetch_existing(client, &state.repository, NameOrDigest::Manifest(digest)).await?;
        // What an index lists and the registry does not have needs nothing.
        let lists = fetched.map_or_else(|| Ok(Vec::new()), lists)?;
        self.listed_by.insert(digest.clone(), lists.clone());
        Ok(lists)
    }

    /// Whether the manifest of a tag that was just untagged is still there. Where it is not, whatever else was on it went too.
    pub(super) async fn has_manifest(
        &mut self,
        client: &Client,
        repository: &Repository,
        digest: &Digest,
    ) -> Option<bool> {
        match client.try_resolve(repository, Target::Digest(digest)).await {
            Ok(found) => {
                self.suspects_siblings |= found.is_none();
                Some(found.is_some())
            }
            Err(error) => {
                tracing::debug!("cannot look at {repository}@{digest}: {error}");
                None
            }
        }
    }

    /// Whether something may be gone that should have stayed.
    pub(super) fn suspects_loss(&self) -> bool {
        self.suspects_siblings || !self.vanished.is_empty()
    }

    /// What stays, was listed and is not in this list.
    fn missing_from(&self, listed: &[String]) -> BTreeSet<String> {
        let listed: HashSet<_> = listed.iter().collect();
        let missing = self.seen_listed.iter().filter(|name| !listed.contains(name));
        missing.filter(|name| self.staying.get(*name).is_some_and(|place| *place != NameState::Gone)).cloned().collect()
    }

    /// What was there, was to stay and is gone, sorted: all of it is looked at where it is known what it was, or where a manifest went
    /// that others may have been on; otherwise what the list no longer names.
    pub(super) async fn lost(&mut self, client: &Client, repository: &Repository) -> Result<Vec<String>> {
        let (suspects, vanished) = (std::mem::take(&mut self.suspects_siblings), std::mem::take(&mut self.vanished));
        let is_missed = |(name, place): &(&String, &NameState)| match place {
            NameState::At(_) => true,
            NameState::New | NameState::Unreadable => suspects || vanished.contains(*name),
            NameState::Gone => false,
        };
        let names: Vec<_> = self.staying.iter().filter(is_missed).map(|(name, _)| name.clone()).collect();
        let looks = names.into_iter().map(|name| async {
            let is_there = match name.parse::<Tag>() {
                Ok(tag) => client.try_resolve(repository, Target::Tag(&tag)).await?.is_some(),
                Err(_) => fetch_existing(client, repository, NameOrDigest::Name(&name)).await?.is_some(),
            };
            Ok::<_, Error>((!is_there).then_some(name))
        });
        let gone: Result<Vec<_>> = stream::iter(looks).buffered(client.max_concurrency()).try_collect().await;
        gone.map(|gone| gone.into_iter().flatten().collect()).map_err(|error| {
            error
                .within(format!("cannot verify that the other tags of {repository} stayed"))
                .with_kind(Kind::Incomplete)
        })
    }

    /// Those of the removed names that the list still has, although it had time: with whether they are still on the digest that was
    /// removed.
    pub(super) async fn still_listed(
        &mut self,
        client: &Client,
        repository: &Repository,
        removed: &HashMap<String, Option<Digest>>,
    ) -> HashMap<String, bool> {
        const FIRST: Duration = Duration::from_millis(100);
        if removed.is_empty() || !self.has_list {
            return HashMap::new();
        }
        let until = Instant::now() + SETTLE_TIME;
        let mut wait = FIRST;
        loop {
            let Ok(listed) = list_names(client, repository).await else { return HashMap::new() };
            self.vanished = self.missing_from(&listed);
            let named: BTreeSet<_> = listed.iter().filter(|name| removed.contains_key(*name)).cloned().collect();
            self.listed = Some(listed);
            let mut still = HashMap::new();
            for name in named {
                match fetch(client, repository, NameOrDigest::Name(&name)).await.map(|now| now.digest) {
                    // One that was pushed again is rightly listed.
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

/// The names that an item is about: its own tag, and what goes with its manifest.
fn affected_names(item: &Item) -> impl Iterator<Item = &str> {
    let own = match &item.request.target {
        Requested::Tag(tag) => Some(tag),
        Requested::Manifest(_) => None,
    };
    own.into_iter().map(Tag::as_str).chain(item.also_removed())
}

/// What a manifest lists, where the plan knows it.
fn facts(state: &RepositoryState, digest: &Digest) -> Option<Vec<Digest>> {
    let index = state.index.as_ref()?;
    let facts = index.facts(index.manifest_id(digest)?)?;
    Some(facts.children.iter().map(|child| index.digest(*child)).collect())
}

/// What a name is now.
struct CurrentManifest {
    digest: Digest,
    /// What it lists, where its manifest is a new one.
    lists: Option<Vec<Digest>>,
}

/// What a manifest lists that was fetched.
fn lists(fetched: Fetched) -> Result<Vec<Digest>> {
    let document = fetched.manifest?.document()?;
    document.children().map(|child| child.digest.fetchable().cloned()).collect()
}

/// Looks at a name by its bytes. `None` for "not found".
async fn resolve_name(
    client: Client,
    repository: Repository,
    name: String,
    known: &HashSet<Digest>,
) -> (String, Result<Option<CurrentManifest>>) {
    let fetched = fetch_existing(&client, &repository, NameOrDigest::Name(&name)).await;
    // The bytes are given back before another reply has to wait for their place.
    let seen = fetched.and_then(|fetched| {
        let Some(fetched) = fetched else { return Ok(None) };
        let (digest, is_known) = (fetched.digest.clone(), known.contains(&fetched.digest));
        // What is new and cannot be read may need anything.
        let lists = if is_known { None } else { Some(lists(fetched)?) };
        Ok(Some(CurrentManifest { digest, lists }))
    });
    (name, seen)
}
