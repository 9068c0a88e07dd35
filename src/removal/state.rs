//! What is known of a registry and a repository when a plan is made. Finding it out changes nothing.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::referrers_api;
use super::request::{RemovalRequest, Target};
use crate::error::{Error, Kind, Missing, Operation, Result};
use crate::name::{Digest, Repository, Tag};
use crate::registry::snapshot::{ManifestId, ManifestState, Pointer, SnapshotOptions, SnapshotProgress};
use crate::registry::{RepositoryHandle, TagIndex, referrers_tag};
use crate::retention::UsedTags;

/// How much of a repository is read to make a plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Inspect {
    /// What the decision needs: only a probe, where the registry deletes tags by name.
    #[default]
    Minimal,
    /// The whole repository, so that the plan also shows siblings and dependents that do not affect the decision.
    Full,
}

/// What is known of a registry and a repository: all that decides what may be deleted.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RepositoryState {
    /// The registry, as it is displayed.
    pub registry: String,
    /// The repository.
    pub repository: Repository,
    /// Whether the registry deletes tags by name, or its refusal.
    pub deletes_tags: Result<()>,
    /// Whether it deletes manifests, or its refusal; `Ok` where nothing depends on it.
    pub deletes_manifests: Result<()>,
    /// The snapshot of the repository; `None` where nothing depends on it.
    pub index: Option<Arc<TagIndex>>,
    /// Requested tags and manifests that do not exist, with the error.
    pub absent: HashMap<Target, Error>,
    /// By digest of a manifest that may be removed: its referrers by the registry's referrers API.
    pub referrers: HashMap<Digest, Vec<Digest>>,
    /// Tags and manifests in use, which are kept.
    pub in_use: InUse,
}

/// Tags and manifests in use.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct InUse {
    /// Tags, by name or by digest.
    pub tags: HashSet<Tag>,
    /// Manifests, and the indexes that list them.
    pub manifests: HashSet<ManifestId>,
    /// The names and digests that this was made from, for a later snapshot.
    pub(super) named: UsedTags,
}

impl InUse {
    /// Nothing but these names and digests, before it is known what they are about.
    pub(super) fn of(named: UsedTags) -> Self {
        Self { named, ..Self::default() }
    }

    /// Whether a manifest that may not be in the snapshot is in use by its digest.
    pub(super) fn names_digest(&self, digest: &Digest) -> bool {
        self.named.names_digest(digest)
    }
}

impl RepositoryState {
    /// Finds out what the registry deletes, and reads the repository as far as the requests depend on it. What is
    /// `used` is kept.
    ///
    /// # Errors
    ///
    /// Those of the probes and the snapshot. That the registry refuses deletions is a fact, not an error.
    pub(super) async fn gather(
        repository: &RepositoryHandle,
        requests: &[RemovalRequest],
        used: &UsedTags,
        inspect: Inspect,
        progress: Arc<SnapshotProgress>,
    ) -> Result<Self> {
        let mut state = Self { in_use: InUse::of(used.clone()), ..Self::unknown(repository) };
        state.probe(repository, requests).await?;
        state.inspect(repository, requests, inspect, progress).await?;
        state.keep_used(used);
        Ok(state)
    }

    /// Finds out what the registry deletes and which referrers there are, for a repository whose snapshot is known.
    ///
    /// # Errors
    ///
    /// As for [`plan`](super::plan()).
    pub async fn of_snapshot(
        repository: &RepositoryHandle,
        index: Arc<TagIndex>,
        requests: &[RemovalRequest],
    ) -> Result<Self> {
        let mut state = Self { index: Some(index), ..Self::unknown(repository) };
        state.probe(repository, requests).await?;
        state.fetch_referrers(repository, requests).await;
        Ok(state)
    }

    fn unknown(repository: &RepositoryHandle) -> Self {
        Self {
            registry: repository.registry().to_string(),
            repository: repository.name().clone(),
            deletes_tags: Ok(()),
            deletes_manifests: Ok(()),
            index: None,
            absent: HashMap::new(),
            referrers: HashMap::new(),
            in_use: InUse::default(),
        }
    }

    /// Marks what is in use, which is kept.
    pub fn keep_used(&mut self, used: &UsedTags) {
        self.in_use = InUse::of(used.clone());
        let Some(index) = &self.index else { return };
        let is_used = used.manifests(index);
        self.in_use.manifests =
            index.manifests().map(|(manifest, _)| manifest).filter(|manifest| is_used[manifest.position()]).collect();
        for (_, tag, pointer) in index.tags() {
            if used.names(tag) || pointer.manifest().is_some_and(|manifest| is_used[manifest.position()]) {
                self.in_use.tags.insert(tag.clone());
            }
        }
    }

    /// Probes what the registry deletes, as far as the requests depend on it.
    async fn probe(&mut self, repository: &RepositoryHandle, requests: &[RemovalRequest]) -> Result<()> {
        if requests.iter().any(RemovalRequest::allows_untag) {
            self.deletes_tags = refusal(repository.probe_tag_deletion().await)?;
        }
        self.probe_manifests(repository, requests).await
    }

    async fn probe_manifests(&mut self, repository: &RepositoryHandle, requests: &[RemovalRequest]) -> Result<()> {
        if requests.iter().any(|request| self.deletes_tags.is_err() || !request.allows_untag() || request.policy.purge)
        {
            self.deletes_manifests = refusal(repository.probe_deletion().await)?;
        }
        Ok(())
    }

    /// Records that the registry refused to delete a tag by name although its probe succeeded, and finds out what
    /// depends on that. Where something was removed since, or nothing was read, the repository is read again.
    ///
    /// # Errors
    ///
    /// Those of [`RepositoryState::gather`].
    pub(super) async fn without_tag_deletion(
        &mut self,
        refused: Error,
        repository: &RepositoryHandle,
        requests: &[RemovalRequest],
        inspect: Inspect,
        was_changed: bool,
    ) -> Result<()> {
        self.deletes_tags = Err(refused);
        self.probe_manifests(repository, requests).await?;
        if self.index.is_none() || was_changed {
            self.inspect(repository, requests, inspect, Arc::default()).await?;
            // The new snapshot numbers manifests anew.
            let named = std::mem::take(&mut self.in_use.named);
            self.keep_used(&named);
        }
        Ok(())
    }

    async fn inspect(
        &mut self,
        repository: &RepositoryHandle,
        requests: &[RemovalRequest],
        inspect: Inspect,
        progress: Arc<SnapshotProgress>,
    ) -> Result<()> {
        let by_name = self.deletes_tags.is_ok() && requests.iter().any(RemovalRequest::allows_untag);
        if inspect == Inspect::Minimal && self.deletes_manifests.is_err() && !by_name {
            return self.resolve_requested(repository, requests).await;
        }
        let depends = |request: &RemovalRequest| {
            self.deletes_tags.is_err() || !request.allows_untag() || request.policy.purge || request.policy.referrers
        };
        // A placeholder alone would not need the snapshot, but it is the last method that is tried.
        if inspect == Inspect::Full || requests.iter().any(depends) {
            let requested = requests.iter().filter_map(|request| request.target.tag());
            let also = requested.chain(self.in_use.named.tags()).cloned().collect();
            let manifests = requests.iter().filter_map(|request| match &request.target {
                Target::Manifest(digest) => Some(digest.clone()),
                Target::Tag(_) => None,
            });
            let options = SnapshotOptions {
                also,
                manifests: manifests.collect(),
                pinned: self.in_use.named.pinned().cloned().collect(),
                progress,
                to_the_end: true,
                ..SnapshotOptions::default()
            };
            let index = repository.snapshot(options).await.or_else(|error| match error.is_not_found() {
                // distribution 2 answers 404 for the list of a repository without tags, and still has its
                // manifests.
                true => Ok(TagIndex::default()),
                false => {
                    Err(error.within(format!("cannot determine what else would be removed in {}", self.repository)))
                }
            })?;
            self.index = Some(Arc::new(index));
            self.record_absent(requests);
            self.fetch_referrers(repository, requests).await;
        }
        Ok(())
    }

    /// Records which targets do not exist, where nothing else matters because the registry refuses all deletions.
    async fn resolve_requested(&mut self, repository: &RepositoryHandle, requests: &[RemovalRequest]) -> Result<()> {
        for request in requests {
            if repository.try_resolve(&request.target).await?.is_none() {
                self.absent.insert(request.target.clone(), self.not_found(&request.target));
            }
        }
        Ok(())
    }

    fn not_found(&self, target: &Target) -> Error {
        let missing = if target.tag().is_some() { Missing::Tag } else { Missing::Manifest };
        let what = format!("{} not found on {}", target.within(&self.repository), self.registry);
        Error::new(Kind::NotFound(missing), what)
    }

    /// Records which targets do not exist, by the snapshot.
    fn record_absent(&mut self, requests: &[RemovalRequest]) {
        let Some(index) = self.index.clone() else { return };
        for request in requests {
            let is_there = match &request.target {
                Target::Tag(tag) => index.tag_id(tag).is_some(),
                Target::Manifest(digest) => {
                    let state = index.manifest_id(digest).map(|manifest| index.state(manifest));
                    state.is_some_and(|state| !matches!(state, ManifestState::Missing))
                }
            };
            if !is_there {
                self.absent.insert(request.target.clone(), self.not_found(&request.target));
            }
        }
    }

    /// Fetches the referrers of the manifests that may be removed, where the registry has a referrers API.
    async fn fetch_referrers(&mut self, repository: &RepositoryHandle, requests: &[RemovalRequest]) {
        let Some(index) = self.index.clone() else { return };
        let by_name = |request: &RemovalRequest| self.deletes_tags.is_ok() && request.allows_untag();
        let affected =
            requests.iter().filter(|request| !by_name(request) || request.policy.purge || request.policy.referrers);
        let mut wanted = BTreeSet::new();
        for manifest in affected.filter_map(|request| self.manifest_of(&request.target)) {
            index.visit_reachable(manifest, |reached| {
                wanted.insert(reached);
            });
        }
        let wanted = wanted.into_iter().map(|manifest| index.digest(manifest));
        let removes_referrers = requests.iter().any(|request| request.policy.referrers);
        let mut referrers = referrers_api::list(repository, wanted, removes_referrers).await;
        if requests.iter().any(|request| request.policy.purge || request.policy.referrers) {
            referrers = referrers_api::verified(repository, &index, referrers).await;
        }
        self.referrers.extend(referrers);
    }

    /// The manifest of a target, where it is known.
    pub(super) fn manifest_of(&self, target: &Target) -> Option<ManifestId> {
        let index = self.index.as_ref()?;
        match target {
            Target::Tag(tag) => index.pointer(index.tag_id(tag)?).manifest(),
            Target::Manifest(digest) => index.manifest_id(digest),
        }
    }

    /// The digest of a target, where it is known.
    pub(super) fn digest_of(&self, target: &Target) -> Option<Digest> {
        match target {
            Target::Tag(tag) => self.index.as_ref()?.digest_of(tag),
            Target::Manifest(digest) => Some(digest.clone()),
        }
    }

    /// Whether a tag is dangling: listed, with no manifest behind it.
    pub(super) fn is_dangling(&self, target: &Target) -> bool {
        let pointer =
            |index: &Arc<TagIndex>| Some(matches!(index.pointer(index.tag_id(target.tag()?)?), Pointer::Dangling));
        self.index.as_ref().and_then(pointer).unwrap_or(false)
    }

    /// Whether a tag points to a placeholder, which an interrupted removal left behind.
    pub(super) fn is_leftover_placeholder(&self, target: &Target) -> bool {
        let facts = self.index.as_ref().zip(self.manifest_of(target));
        facts.and_then(|(index, manifest)| index.facts(manifest)).is_some_and(|facts| facts.is_placeholder)
    }

    /// The tags that refer to a manifest: those on its referrers, cosign's, and the one of the referrers tag schema
    /// (OCI distribution specification, "Referrers Tag Schema").
    pub(crate) fn referring_tags(&self, manifest: ManifestId) -> Vec<Tag> {
        let Some(index) = &self.index else { return Vec::new() };
        let by_subject = self.referring_manifests(manifest).into_iter().flat_map(|referrer| index.tags_on(referrer));
        let mut tags: Vec<_> = by_subject.map(|tag| index.tag(tag).clone()).collect();
        if let Ok(base) = referrers_tag(&index.digest(manifest)) {
            let names = ["", ".sig", ".att", ".sbom"].map(|suffix| format!("{base}{suffix}").parse::<Tag>());
            tags.extend(names.into_iter().flatten().filter(|name| index.tag_id(name).is_some()));
        }
        tags.sort();
        tags.dedup();
        tags
    }

    /// The referrers of a manifest that are in the snapshot.
    pub(super) fn referring_manifests(&self, manifest: ManifestId) -> Vec<ManifestId> {
        let Some(index) = &self.index else { return Vec::new() };
        let by_api = self.referrers.get(&index.digest(manifest)).into_iter().flatten();
        let mut referrers: Vec<_> =
            index.referrers(manifest).chain(by_api.filter_map(|digest| index.manifest_id(digest))).collect();
        referrers.sort();
        referrers.dedup();
        referrers
    }

    /// All known referrers of a manifest, twice where two sources name them.
    pub(super) fn referrers_of(&self, digest: &Digest) -> Vec<Digest> {
        let by_subject = self.index.iter().flat_map(|index| {
            let referrers = index.manifest_id(digest).into_iter().flat_map(|manifest| index.referrers(manifest));
            referrers.map(|referrer| index.digest(referrer))
        });
        by_subject.chain(self.referrers.get(digest).into_iter().flatten().cloned()).collect()
    }

    /// The referrers of a manifest that no tag leads to.
    pub(super) fn untagged_referrers(&self, digest: &Digest) -> impl Iterator<Item = &Digest> {
        let is_tagged = |referrer: &Digest| {
            let known = self.index.as_ref().and_then(|index| Some((index, index.manifest_id(referrer)?)));
            known.is_some_and(|(index, manifest)| index.is_referenced(manifest))
        };
        let mut seen = HashSet::new();
        let by_api = self.referrers.get(digest).into_iter().flatten();
        by_api.filter(move |referrer| !is_tagged(referrer) && seen.insert(*referrer))
    }
}

/// The result of a probe: the inner error is the registry's refusal, the outer one that the probe failed.
fn refusal(probed: Result<()>) -> Result<Result<()>> {
    match probed {
        Err(error) if matches!(error.kind(), Kind::Unsupported(Operation::DeleteTag | Operation::DeleteManifest)) => {
            Ok(Err(error))
        }
        Err(error) => Err(error),
        Ok(()) => Ok(Ok(())),
    }
}
