//! What is known of a registry and a repository before anything is decided. Nothing is changed to find it out.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use futures::{StreamExt, stream};

use super::request::{RemovalRequest, Target};
use crate::error::{Error, Kind, Missing, Operation, Result};
use crate::name::{Digest, Repository, Tag};
use crate::registry::snapshot::{ManifestId, ManifestState, Pointer, SnapshotOptions, SnapshotProgress};
use crate::registry::{Client, TagIndex, referrers_tag};
use crate::retention::UsedTags;

/// How much is looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Inspect {
    #[default]
    /// What the decision needs: nothing more than a probe, where the registry deletes tags by name.
    Minimal,
    /// All that a plan can tell, for those who want to read it.
    Full,
}

/// What a decision is made from.
#[derive(Debug, Clone)]
pub struct RepositoryState {
    /// The registry, as people name it.
    pub registry: String,
    /// The repository.
    pub repository: Repository,
    /// Whether the registry deletes tags by name.
    pub deletes_tags: Result<()>,
    /// Whether it deletes manifests; not asked where nothing depends on it.
    pub deletes_manifests: Result<()>,
    /// What the repository holds; `None` where nothing depends on it.
    pub index: Option<Arc<TagIndex>>,
    /// What is requested and does not exist, with the registry's words.
    pub absent: HashMap<Target, Error>,
    /// By digest, what refers to a manifest that may go, as the registry's referrers API tells.
    pub referrers: HashMap<Digest, Vec<Digest>>,
    /// Tags and manifests that are in use, and stay.
    pub in_use: InUse,
}

/// What is in use.
#[derive(Debug, Clone, Default)]
pub struct InUse {
    /// Tags, by their names or by what they point at.
    pub tags: HashSet<Tag>,
    /// Manifests: those that are named, and the indexes that list them.
    pub manifests: HashSet<ManifestId>,
    /// What is named, for other states of the repository.
    pub(super) named: UsedTags,
}

impl RepositoryState {
    /// Finds out about what is requested.
    ///
    /// # Errors
    ///
    /// What keeps anything from being said about the repository. That the registry deletes nothing is a fact, not an error.
    pub(super) async fn gather(
        client: &Client,
        repository: &Repository,
        requests: &[RemovalRequest],
        inspect: Inspect,
        progress: Arc<SnapshotProgress>,
    ) -> Result<Self> {
        let mut state = Self::unknown(client, repository);
        state.probe(client, requests).await?;
        state.inspect(client, requests, inspect, progress).await?;
        Ok(state)
    }

    /// Finds out what the registry deletes and what refers to what goes, for a repository whose contents are known.
    ///
    /// # Errors
    ///
    /// As for [`Plan::make`](super::Plan::make).
    pub async fn of_snapshot(
        client: &Client,
        repository: &Repository,
        index: Arc<TagIndex>,
        requests: &[RemovalRequest],
    ) -> Result<Self> {
        let mut state = Self { index: Some(index), ..Self::unknown(client, repository) };
        state.probe(client, requests).await?;
        state.fetch_referrers(client, requests).await;
        Ok(state)
    }

    fn unknown(client: &Client, repository: &Repository) -> Self {
        Self {
            registry: client.registry().to_string(),
            repository: repository.clone(),
            deletes_tags: Ok(()),
            deletes_manifests: Ok(()),
            index: None,
            absent: HashMap::new(),
            referrers: HashMap::new(),
            in_use: InUse::default(),
        }
    }

    /// Notes what is in use: it stays.
    pub fn keep_used(&mut self, used: &UsedTags) {
        self.in_use = InUse { named: used.clone(), ..InUse::default() };
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

    /// Asks what the registry deletes, as far as anything depends on it.
    async fn probe(&mut self, client: &Client, requests: &[RemovalRequest]) -> Result<()> {
        if requests.iter().any(RemovalRequest::allows_untag) {
            self.deletes_tags = refusal(client.probe_tag_deletion(&self.repository).await)?;
        }
        self.probe_manifests(client, requests).await
    }

    async fn probe_manifests(&mut self, client: &Client, requests: &[RemovalRequest]) -> Result<()> {
        if requests.iter().any(|request| self.deletes_tags.is_err() || !request.allows_untag() || request.policy.purge)
        {
            self.deletes_manifests = refusal(client.probe_deletion(&self.repository).await)?;
        }
        Ok(())
    }

    /// Learns that tags are not deleted by name after all, and finds out what depends on that; where something was changed since, from
    /// new looks.
    ///
    /// # Errors
    ///
    /// Those of [`RepositoryState::gather`].
    pub(super) async fn without_tag_deletion(
        &mut self,
        refused: Error,
        client: &Client,
        requests: &[RemovalRequest],
        inspect: Inspect,
        was_changed: bool,
    ) -> Result<()> {
        self.deletes_tags = Err(refused);
        self.probe_manifests(client, requests).await?;
        if self.index.is_none() || was_changed {
            self.inspect(client, requests, inspect, Arc::default()).await?;
            // Manifests have other numbers now.
            let named = std::mem::take(&mut self.in_use.named);
            self.keep_used(&named);
        }
        Ok(())
    }

    async fn inspect(
        &mut self,
        client: &Client,
        requests: &[RemovalRequest],
        inspect: Inspect,
        progress: Arc<SnapshotProgress>,
    ) -> Result<()> {
        let by_name = self.deletes_tags.is_ok() && requests.iter().any(RemovalRequest::allows_untag);
        if inspect == Inspect::Minimal && self.deletes_manifests.is_err() && !by_name {
            return self.resolve_requested(client, requests).await;
        }
        let depends = |request: &RemovalRequest| {
            self.deletes_tags.is_err() || !request.allows_untag() || request.policy.purge || request.policy.referrers
        };
        // A placeholder needs to know nothing of others; it is still the last of the methods.
        if inspect == Inspect::Full || requests.iter().any(depends) {
            let also = requests.iter().filter_map(|request| request.target.tag().cloned()).collect();
            let manifests = requests.iter().filter_map(|request| match &request.target {
                Target::Manifest(digest) => Some(digest.clone()),
                Target::Tag(_) => None,
            });
            let options = SnapshotOptions { dates: false, also, manifests: manifests.collect(), progress };
            let index =
                client.snapshot(&self.repository, options).await.or_else(|error| match error.is_not_found() {
                    // distribution 2 forgets an emptied repository's list, and still has its manifests.
                    true => Ok(TagIndex::default()),
                    false => Err(error.within(format!("cannot find out what else would go in {}", self.repository))),
                })?;
            self.index = Some(Arc::new(index));
            self.record_absent(requests);
            self.fetch_referrers(client, requests).await;
        }
        Ok(())
    }

    /// Notes what is requested and does not exist, where nothing else matters: the registry deletes nothing.
    async fn resolve_requested(&mut self, client: &Client, requests: &[RemovalRequest]) -> Result<()> {
        for request in requests {
            if client.try_resolve(&self.repository, request.target.name()).await?.is_none() {
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

    /// Notes what is requested and does not exist.
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

    /// Asks the registry's referrers API, where it has one, what refers to manifests that may go.
    async fn fetch_referrers(&mut self, client: &Client, requests: &[RemovalRequest]) {
        let Some(index) = self.index.clone() else { return };
        let by_name = |request: &RemovalRequest| self.deletes_tags.is_ok() && request.allows_untag();
        let going =
            requests.iter().filter(|request| !by_name(request) || request.policy.purge || request.policy.referrers);
        let mut wanted = BTreeSet::new();
        for manifest in going.filter_map(|request| self.manifest_of(&request.target)) {
            index.visit_reachable(manifest, |reached| {
                wanted.insert(reached);
            });
        }
        let mut wanted = wanted.into_iter().map(|manifest| index.digest(manifest).clone());
        // The first answer tells whether there is such an API.
        let Some(first) = wanted.next() else { return };
        if !self.record_referrers(first.clone(), client.referrers_by_api(&self.repository, &first).await) {
            return;
        }
        let rest: Vec<_> = wanted.collect();
        let repository = self.repository.clone();
        let asked =
            stream::iter(rest).map(|digest| async { (client.referrers_by_api(&repository, &digest).await, digest) });
        let answers: Vec<_> = asked.buffer_unordered(client.max_concurrency()).collect().await;
        for (answer, digest) in answers {
            self.record_referrers(digest, answer);
        }
    }

    /// Notes what refers to a manifest; whether it is worth asking about others.
    fn record_referrers(&mut self, digest: Digest, answer: Result<Option<Vec<crate::registry::Descriptor>>>) -> bool {
        match answer {
            Ok(Some(referrers)) => {
                let referrers = referrers.iter().filter_map(|referrer| referrer.digest.supported()).cloned().collect();
                self.referrers.insert(digest, referrers);
                true
            }
            Ok(None) => false,
            Err(error) => {
                tracing::warn!("cannot find out what refers to {}@{digest}: {error}", self.repository);
                true
            }
        }
    }

    /// The manifest of what is requested, as far as it is known.
    pub(super) fn manifest_of(&self, target: &Target) -> Option<ManifestId> {
        let index = self.index.as_ref()?;
        match target {
            Target::Tag(tag) => index.pointer(index.tag_id(tag)?).manifest(),
            Target::Manifest(digest) => index.manifest_id(digest),
        }
    }

    /// The digest of what is requested, as far as it is known.
    pub(super) fn digest_of(&self, target: &Target) -> Option<Digest> {
        match target {
            Target::Tag(tag) => self.index.as_ref()?.digest_of(tag),
            Target::Manifest(digest) => Some(digest.clone()),
        }
    }

    /// Whether a tag is listed and its manifest is gone.
    pub(super) fn is_dangling(&self, target: &Target) -> bool {
        let pointer =
            |index: &Arc<TagIndex>| Some(matches!(index.pointer(index.tag_id(target.tag()?)?), Pointer::Dangling));
        self.index.as_ref().and_then(pointer).unwrap_or(false)
    }

    /// Whether a tag is on a placeholder: its removal was begun before, and interrupted.
    pub(super) fn is_leftover_placeholder(&self, target: &Target) -> bool {
        let facts = self.index.as_ref().zip(self.manifest_of(target));
        facts.and_then(|(index, manifest)| index.facts(manifest)).is_some_and(|facts| facts.is_placeholder)
    }

    /// The tags that refer to a manifest: those on manifests whose subject it is, cosign's, and the one that stands for the referrers
    /// API where that is missing.
    pub fn referring_tags(&self, manifest: ManifestId) -> Vec<Tag> {
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

    /// The manifests that are known and refer to a manifest.
    pub(super) fn referring_manifests(&self, manifest: ManifestId) -> Vec<ManifestId> {
        let Some(index) = &self.index else { return Vec::new() };
        let told = self.referrers.get(&index.digest(manifest)).into_iter().flatten();
        let mut referrers: Vec<_> =
            index.referrers(manifest).chain(told.filter_map(|digest| index.manifest_id(digest))).collect();
        referrers.sort();
        referrers.dedup();
        referrers
    }

    /// All that is known to refer to a manifest, twice where it is known twice.
    pub(super) fn referrers_of(&self, digest: &Digest) -> Vec<Digest> {
        let by_subject = self.index.iter().flat_map(|index| {
            let referrers = index.manifest_id(digest).into_iter().flat_map(|manifest| index.referrers(manifest));
            referrers.map(|referrer| index.digest(referrer))
        });
        by_subject.chain(self.referrers.get(digest).into_iter().flatten().cloned()).collect()
    }

    /// Manifests that refer to a manifest and that no tag leads to.
    pub(super) fn untagged_referrers(&self, digest: &Digest) -> impl Iterator<Item = &Digest> {
        let is_tagged = |referrer: &Digest| {
            let known = self.index.as_ref().and_then(|index| Some((index, index.manifest_id(referrer)?)));
            known.is_some_and(|(index, manifest)| index.is_referenced(manifest))
        };
        let mut seen = HashSet::new();
        let told = self.referrers.get(digest).into_iter().flatten();
        told.filter(move |referrer| !is_tagged(referrer) && seen.insert(*referrer))
    }
}

/// What a probe found: the outer error is that nothing was found out.
fn refusal(probed: Result<()>) -> Result<Result<()>> {
    match probed {
        Err(error) if matches!(error.kind(), Kind::Unsupported(Operation::DeleteTag | Operation::DeleteManifest)) => {
            Ok(Err(error))
        }
        Err(error) => Err(error),
        Ok(()) => Ok(Ok(())),
    }
}
