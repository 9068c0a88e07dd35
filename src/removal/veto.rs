//! Looks again, right before a batch of deletions, at everything that is kept, and vetoes deletions because of what it
//! finds.
//!
//! The list of tags is read before every batch. Before a batch that deletes manifests by digest, every kept name is
//! resolved, too; "not found" counts when two connections answer so.
//!
//! 1. A name vetoes the deletion of the manifest that it points to. One that is new or points elsewhere than before
//!    also vetoes that of the manifest's descendants, and of manifests that are purged only as referrers of these.
//!    Where the header of a reply contradicts its content, both digests count.
//! 2. A name that cannot be read vetoes every deletion, except those that the policy permits regardless of tags and
//!    indexes. A reply from a cache counts as unreadable, and so does "not found" for a name that the list has, unless
//!    that was the answer when the plan was made: then it is dangling.
//! 3. A list of tags that cannot be read vetoes every deletion that may not remove all tags, and so does a list that
//!    lacks an existing name, is another repository's, or comes from a cache: it may lack others.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures::{StreamExt, stream};

use super::item::{Item, Origin};
use super::kept::{KeptNames, NameState};
use super::lookup::{self, NameOrDigest, Resolution, TagList, fetch_existing, resolve};
use super::outcome::Outcome;
use super::request::Siblings;
use super::state::RepositoryState;
use crate::error::{Danger, Error, Kind, Result};
use crate::name::{Algorithm, Digest, Tag};
use crate::registry::RepositoryHandle;

/// The most manifests pushed since the plan was made whose children are read. With more than that, every deletion is
/// vetoed.
const MAX_NEW_MANIFESTS: usize = 256;

/// Why a planned deletion of a manifest must not happen.
#[derive(Debug, Clone)]
pub(super) enum Veto {
    /// This name points to it now, or to something that needs it.
    NeededBy(String),
    /// Something could not be read.
    Unreadable(Error),
}

impl Veto {
    /// The outcome for `name`, whose removal would have deleted the manifest.
    pub(super) fn outcome(&self, name: &str, digest: &Digest) -> Outcome {
        let what = format!("{name} stays");
        Outcome::Kept(match self {
            Self::NeededBy(other) => Error::new(Kind::Safety(Danger::Unknown), what)
                .because(format!("{other} points to its manifest {digest} now, or to something that needs it")),
            Self::Unreadable(error) if matches!(error.kind(), Kind::Safety(Danger::Unlisted)) => {
                error.clone().within(what)
            }
            Self::Unreadable(error) => error.clone().within(what).with_kind(Kind::Safety(Danger::Unknown)),
        })
    }
}

/// What the policies permit for a manifest that is to be deleted.
#[derive(Debug, Clone, Copy, Default)]
struct DeletionTerms {
    /// Indexes may lose it.
    is_forced: bool,
    /// Any tag on it may be removed with it.
    removes_all_tags: bool,
    /// It was not requested.
    is_purged: bool,
}

/// The manifests to delete by digest, and which of them must not be deleted.
#[derive(Debug)]
pub(super) struct Vetoes {
    repository: RepositoryHandle,
    /// The state that the items were decided by.
    state: Arc<RepositoryState>,
    /// Manifests to delete by digest.
    deleted: HashMap<Digest, DeletionTerms>,
    /// By sha256 digest: those of them that are deleted by a digest of another algorithm.
    by_sha256: HashMap<Digest, Digest>,
    /// Those of them that must not be deleted.
    vetoes: HashMap<Digest, Veto>,
    /// The children of manifests that were pushed since the plan was made.
    new_children: HashMap<Digest, Vec<Digest>>,
}

impl Vetoes {
    pub(super) fn new(repository: RepositoryHandle, state: Arc<RepositoryState>, items: &[Item]) -> Self {
        let mut deleted = HashMap::<_, DeletionTerms>::new();
        for item in items.iter().filter(|item| item.method.is_ok() && item.deletes_manifest()) {
            let Some(digest) = &item.digest else { continue };
            let terms = deleted.entry(digest.clone()).or_default();
            terms.is_forced |= item.request.policy.force;
            terms.removes_all_tags |= item.request.policy.siblings == Siblings::RemoveAll;
            terms.is_purged |= !matches!(item.origin, Origin::Requested);
        }
        let sha256 = |digest: &Digest| {
            let index = state.index.as_ref()?;
            Some((index.sha256(index.manifest_id(digest)?)?, digest.clone()))
        };
        let by_sha256 = deleted.keys().filter_map(sha256).collect();
        Self { repository, state, deleted, by_sha256, vetoes: HashMap::new(), new_children: HashMap::new() }
    }

    /// Why a manifest must not be deleted, if so.
    pub(super) fn get(&self, digest: &Digest) -> Option<&Veto> {
        self.vetoes.get(digest)
    }

    /// Reads the list before a batch. `deleted` are the tags whose manifests the batch deletes by digest, if it does:
    /// then every kept name is resolved.
    pub(super) async fn recheck(&mut self, kept: &mut KeptNames, list: &mut TagList, deleted: Option<&[Tag]>) {
        let mut denied = self.check(kept, list, deleted).await;
        if denied.is_some() {
            // Another client may have removed it since the list was read.
            denied = self.check(kept, list, deleted).await;
        }
        if let Some(name) = denied {
            let what = format!("{}:{name} cannot be read, and may depend on it", self.repository);
            let cause = format!("{} lists it, and answers \"not found\" for it", self.repository.registry());
            self.veto_for_name(&Error::new(Kind::Safety(Danger::Unknown), what).because(cause));
        }
    }

    /// One check. Returns a name that was found before, or is new, and that the registry lists and calls "not found": a
    /// replica that lags behind may not know it, or where it was moved to.
    async fn check(&mut self, kept: &mut KeptNames, list: &mut TagList, deleted: Option<&[Tag]>) -> Option<String> {
        // What could not be read before is read again.
        self.vetoes.retain(|_, veto| matches!(veto, Veto::NeededBy(_)));
        let listed = match list.before_batch(&self.repository).await {
            Ok(listed) => listed,
            Err(error) if deleted.is_some() => {
                self.veto_for_list(&error.within(self.undetermined()));
                return None;
            }
            Err(error) => {
                tracing::debug!("the list of tags cannot be read: {error}");
                return None;
            }
        };
        kept.record_list(&listed.names);
        let deleted = deleted?;
        let names: HashSet<_> = listed.names.iter().map(String::as_str).collect();
        let (unlisted, denied) = self.resolve_kept(kept, &names).await;
        let unlisted = match unlisted {
            Some(name) => Some(name),
            None => self.find_unlisted(deleted, &names).await,
        };
        let lacks = |name| format!("the list of its tags lacks {name}, which exists");
        if let Some(doubt) = listed.doubt.or_else(|| unlisted.map(lacks)) {
            let error = Error::new(Kind::Safety(Danger::Unlisted), self.undetermined()).because(doubt);
            self.veto_for_list(&error);
        }
        denied
    }

    fn undetermined(&self) -> String {
        format!("cannot determine what else would be removed in {}", self.repository)
    }

    /// The first of these tags that is not listed although it exists.
    async fn find_unlisted(&self, tags: &[Tag], listed: &HashSet<&str>) -> Option<String> {
        for tag in tags.iter().filter(|tag| !listed.contains(tag.as_str())) {
            let found = fetch_existing(&self.repository, NameOrDigest::Name(tag.as_str())).await;
            // What cannot be read is not known to be gone.
            if !matches!(found, Ok(None)) {
                return Some(tag.to_string());
            }
        }
        None
    }

    /// Resolves every kept name, and vetoes the deletion of what names that moved or appeared need. Returns one that is
    /// not listed although it exists, and one that is listed and was not found, if there are such.
    async fn resolve_kept(&mut self, kept: &mut KeptNames, listed: &HashSet<&str>) -> (Option<String>, Option<String>) {
        let at = |state: &NameState| if let NameState::At(digest) = state { Some(digest.clone()) } else { None };
        let known: HashSet<_> = kept.iter().filter_map(|(_, state)| at(state)).collect();
        let names: Vec<_> = kept.iter().map(|(name, _)| name.clone()).collect();
        let lookups = names.into_iter().map(|name| resolve(self.repository.clone(), name, &known));
        let lookups: Vec<_> = lookups.collect();
        let concurrency = self.repository.client().max_concurrency();
        let resolved: Vec<_> = stream::iter(lookups).buffer_unordered(concurrency).collect().await;
        let (mut moved, mut unlisted, mut denied) = (Vec::new(), None, None);
        for (name, resolution) in resolved {
            if matches!(resolution, Ok(Some(_))) && !listed.contains(name.as_str()) {
                unlisted = Some(name.clone());
            }
            let Some(known) = kept.get_mut(&name) else { continue };
            match resolution {
                Ok(Some(Resolution { digest, sha256, contradiction, children })) => {
                    moved.extend(contradiction.map(|other| (name.clone(), other)));
                    if *known == NameState::At(digest.clone()) {
                        // It was to be removed together with others, and its removal was refused.
                        if self.deleted.contains_key(&digest) {
                            moved.push((name, digest));
                        }
                        continue;
                    }
                    *known = NameState::At(digest.clone());
                    for digest in std::iter::once(digest).chain(sha256) {
                        if let Some(children) = &children {
                            self.new_children.insert(digest.clone(), children.clone());
                        }
                        moved.push((name.clone(), digest));
                    }
                }
                Ok(None) if listed.contains(name.as_str()) && matches!(known, NameState::At(_) | NameState::New) => {
                    denied = Some(name);
                }
                // It may come back; whether it is lost is checked at the end.
                Ok(None) => {}
                Err(_) if *known == NameState::Unreadable => {}
                Err(error) => {
                    let what = format!("{}:{name} cannot be read, and may depend on it", self.repository);
                    self.veto_for_name(&error.within(what));
                }
            }
        }
        for (name, digest) in moved {
            let name = format!("{}:{name}", self.repository);
            if let Err(error) = self.veto_needed_by(&name, digest).await {
                self.veto_for_name(&error.within(format!("{name} is new, and may depend on it")));
            }
        }
        (unlisted, denied)
    }

    /// Vetoes the deletions that depend on the list of tags: all but those that may remove any tag.
    fn veto_for_list(&mut self, error: &Error) {
        self.veto_unless(error, |terms| terms.removes_all_tags);
    }

    /// Vetoes the deletions that a name which cannot be read may depend on: all but those that may remove any tag and
    /// break any index.
    fn veto_for_name(&mut self, error: &Error) {
        self.veto_unless(error, |terms| terms.is_forced && terms.removes_all_tags);
    }

    fn veto_unless(&mut self, error: &Error, is_independent: impl Fn(&DeletionTerms) -> bool) {
        for (digest, _) in self.deleted.iter().filter(|(_, terms)| !is_independent(terms)) {
            self.vetoes.entry(digest.clone()).or_insert_with(|| Veto::Unreadable(error.clone()));
        }
    }

    /// Vetoes the deletion of what a name on the manifest `root` needs: the manifest, its descendants, and purged
    /// referrers of these.
    ///
    /// # Errors
    ///
    /// That not all descendants could be read.
    async fn veto_needed_by(&mut self, name: &str, root: Digest) -> Result<()> {
        let root = self.by_sha256.get(&root).cloned().unwrap_or(root);
        let mut seen = HashSet::from([root.clone()]);
        let mut waiting = vec![root.clone()];
        while let Some(digest) = waiting.pop() {
            let digest = self.by_sha256.get(&digest).cloned().unwrap_or(digest);
            let may_be_lost = |terms: &DeletionTerms| terms.is_forced && digest != root;
            if self.deleted.get(&digest).is_some_and(|terms| !may_be_lost(terms)) {
                self.vetoes.insert(digest.clone(), Veto::NeededBy(name.to_owned()));
            }
            for referrer in self.state.referrers_of(&digest) {
                if self.deleted.get(&referrer).is_some_and(|terms| terms.is_purged) {
                    self.vetoes.insert(referrer, Veto::NeededBy(name.to_owned()));
                }
            }
            let children = self.children(&digest).await?;
            waiting.extend(children.into_iter().filter(|child| seen.insert(child.clone())));
        }
        Ok(())
    }

    /// The children of a manifest: by the snapshot, else as they are read now.
    async fn children(&mut self, digest: &Digest) -> Result<Vec<Digest>> {
        if let Some(known) = known_children(&self.state, digest).or_else(|| self.new_children.get(digest).cloned()) {
            return Ok(known);
        }
        if self.new_children.len() >= MAX_NEW_MANIFESTS {
            return Err(Error::new(Kind::Incomplete, format!("more than {MAX_NEW_MANIFESTS} manifests are new")));
        }
        let fetched = fetch_existing(&self.repository, NameOrDigest::Digest(digest)).await?;
        if fetched.is_none() && digest.algorithm() != Algorithm::Sha256 {
            let what = format!("{}@{digest} not found", self.repository);
            let error = Error::new(Kind::Safety(Danger::Unknown), what);
            return Err(error.because("the registry may have it by its sha256 digest only"));
        }
        // A child that the registry does not have needs nothing.
        let children = fetched.map_or_else(|| Ok(Vec::new()), lookup::children)?;
        self.new_children.insert(digest.clone(), children.clone());
        Ok(children)
    }
}

/// The children of a manifest in the snapshot.
fn known_children(state: &RepositoryState, digest: &Digest) -> Option<Vec<Digest>> {
    let index = state.index.as_ref()?;
    let facts = index.facts(index.manifest_id(digest)?)?;
    Some(facts.children.iter().map(|child| index.digest(*child)).collect())
}
