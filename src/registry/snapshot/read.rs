//! Reads a snapshot: the list of tags, the manifests that they reach, and the configs with the creation times of
//! images. Each manifest and config is fetched once, however many tags reach it. A manifest that was not found is
//! fetched once more at the end.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt, stream};
use jiff::Timestamp;

use super::builder::Builder;
use super::facts::{ManifestFacts, ManifestId, ManifestState};
use super::index::TagIndex;
use crate::error::{Danger, Error, Kind, Result};
use crate::name::{Algorithm, Digest, Tag, Target};
use crate::registry::created::Dates;
use crate::registry::descriptor::{Descriptor, DescriptorDigest};
use crate::registry::document::{Content, Document, MAX_DEPTH, too_deep};
use crate::registry::manifest::{Fetched, moved};
use crate::registry::media_types::{self, Form};
use crate::registry::repository::RepositoryHandle;
use crate::registry::summary::FetchedConfig;

/// The requests that are begun for each that may be in flight, so that a slow one does not block the queue.
const QUEUED_PER_SLOT: usize = 8;

/// Options of [`RepositoryHandle::snapshot`].
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct SnapshotOptions {
    /// Whether configs are read for the creation times of images.
    pub dates: bool,
    /// Tags that are resolved even where the list lacks them.
    pub also: Vec<Tag>,
    /// Manifests that are read even where no tag leads to them.
    pub manifests: Vec<Digest>,
    /// Digests in use: read as manifests, too, where there are such. They may also be those of configs.
    pub pinned: Vec<Digest>,
    /// Whether the end of the list of tags is verified, at the cost of one request where the registry links no pages:
    /// for removals, since some registries end a page early.
    pub to_the_end: bool,
    /// Whether manifests may come from the client's cache, so that one the registry has lost meanwhile is not noticed.
    pub cached: bool,
    /// Counts the requests, for a progress display.
    pub progress: Arc<SnapshotProgress>,
}

/// The progress of a snapshot. Both counts grow while it is read.
#[derive(Debug, Default)]
pub struct SnapshotProgress {
    /// The requests known to be needed so far.
    pub expected: AtomicUsize,
    /// Those of them that were answered.
    pub done: AtomicUsize,
}

impl SnapshotProgress {
    pub(super) fn expect(&self, count: usize) {
        self.expected.fetch_add(count, Ordering::Relaxed);
    }

    pub(super) fn tick(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }
}

impl RepositoryHandle {
    /// Reads a snapshot of a repository: what its tags point to, and how the manifests depend on each other. One
    /// request per tag, one per distinct manifest, and with [`SnapshotOptions::dates`] one per distinct config.
    ///
    /// # Errors
    ///
    /// Those of [`RepositoryHandle::tags`] where the repository has no list and none of [`SnapshotOptions::also`]
    /// resolves, unless [`SnapshotOptions::manifests`] names some; [`Fault::TooLarge`](crate::error::Fault::TooLarge)
    /// when the names take more than 128 MiB. Other failures are recorded in the index.
    pub fn snapshot(&self, options: SnapshotOptions) -> impl Future<Output = Result<TagIndex>> + Send + use<> {
        let (builder, configs, undated) = (Builder::default(), BTreeMap::new(), HashSet::new());
        let now = Timestamp::now();
        SnapshotReader { repository: self.clone(), options, now, builder, configs, listed: 0, undated }.read()
    }
}

/// The result of fetching a manifest.
pub(super) enum ManifestOutcome {
    Parsed(Box<ParsedManifest>),
    NotFound,
    Failed(Error),
}

/// A parsed manifest, before it is added to the index.
pub(super) struct ParsedManifest {
    size: u64,
    /// Its sha256 digest, where it is known by a digest of another algorithm.
    sha256: Option<Digest>,
    document: Document,
}

/// Reads one snapshot. The list of tags is read in `list.rs`.
pub(super) struct SnapshotReader {
    pub repository: RepositoryHandle,
    pub options: SnapshotOptions,
    /// The current time: later dates are implausible.
    now: Timestamp,
    pub builder: Builder,
    /// The configs to read, with the images that they date and these images' other dates.
    configs: BTreeMap<DescriptorDigest, (Descriptor, Vec<(ManifestId, Dates)>)>,
    /// How many tags the list names; those after them come from the options.
    pub listed: usize,
    /// Attestations, whose configs are no dates of images.
    undated: HashSet<ManifestId>,
}

impl SnapshotReader {
    async fn read(mut self) -> Result<TagIndex> {
        let absent = self.names().await?;
        for digest in &self.options.manifests {
            self.builder.manifest(digest);
        }
        self.manifests().await;
        self.retry_names(absent).await;
        self.manifests().await;
        self.pinned().await;
        let removed = self.no_longer_listed().await;
        self.retry_manifests().await;
        self.forget_pinned_blobs();
        self.dates().await;
        self.builder.remove_absent(self.listed, &removed);
        Ok(self.builder.build())
    }

    /// Fetches the manifests that were not read yet, and their descendants, level by level.
    async fn manifests(&mut self) {
        let mut level = self.unread_pointed();
        for _ in 0..=MAX_DEPTH {
            self.fetch(std::mem::take(&mut level)).await;
            level = self.unread_children();
            if level.is_empty() {
                return;
            }
        }
        for (manifest, digest) in level {
            let error = too_deep().within(format!("cannot read manifest {digest}"));
            self.builder.set(manifest, ManifestState::Unreadable(error));
        }
    }

    /// Fetches what is in use by its digest.
    async fn pinned(&mut self) {
        let pinned: Vec<_> = self.options.pinned.iter().map(|digest| self.builder.manifest(digest)).collect();
        self.fetch(self.unread(pinned.into_iter())).await;
        self.manifests().await;
    }

    /// What is in use by the digest of a config or layer is no manifest: distribution 2 fails for it.
    fn forget_pinned_blobs(&mut self) {
        for digest in std::mem::take(&mut self.options.pinned) {
            let manifest = self.builder.manifest(&digest);
            let index = self.builder.index();
            if matches!(index.state(manifest), ManifestState::Unreadable(_)) && index.has_blob(&digest) {
                self.builder.set(manifest, ManifestState::Missing);
            }
        }
    }

    /// Fetches the manifests once more that were not found, by another connection, and those that only they list.
    async fn retry_manifests(&mut self) {
        let mut retried = HashSet::new();
        loop {
            let index = self.builder.index();
            let missing = index.manifests().filter(|(_, state)| matches!(state, ManifestState::Missing));
            let missing = missing.filter(|(manifest, _)| retried.insert(*manifest));
            let missing: Vec<_> = missing.map(|(manifest, _)| (manifest, index.digest(manifest))).collect();
            if missing.is_empty() {
                return;
            }
            let mut fetched =
                self.each(missing, |repository, manifest| fetch_manifest(repository.for_recheck(), manifest));
            while let Some((manifest, outcome)) = fetched.next().await {
                self.record_manifest(manifest, outcome);
            }
            self.fetch_by_name().await;
            self.manifests().await;
        }
    }

    /// Fetches by a tag what the registry does not have by its digest, although a tag points to it. What an index lists
    /// by a digest of another algorithm may be there by its sha256 digest.
    async fn fetch_by_name(&mut self) {
        let index = self.builder.index();
        let is_missing = |manifest: ManifestId| matches!(index.state(manifest), ManifestState::Missing);
        let tags = index.tags().filter_map(|(_, tag, pointer)| Some((pointer.manifest()?, tag)));
        let tags: BTreeMap<_, _> = tags.filter(|(manifest, _)| is_missing(*manifest)).collect();
        let tagged = tags.into_iter().map(|(manifest, tag)| (manifest, (index.digest(manifest), tag.clone())));
        let tagged: Vec<_> = tagged.collect();
        let listed = index.manifests().flat_map(|(manifest, _)| index.children(manifest).iter().copied());
        let listed = listed.filter(|child| is_missing(*child) && index.digest(*child).algorithm() != Algorithm::Sha256);
        for (manifest, digest) in listed.map(|child| (child, index.digest(child))).collect::<Vec<_>>() {
            let error = Error::new(Kind::Safety(Danger::Unknown), format!("{}@{digest} not found", self.repository));
            let error = error.because("the registry may have it by its sha256 digest only");
            self.builder.set(manifest, ManifestState::Unreadable(error));
        }
        let mut fetched = self.each(tagged, |repository, tagged| fetch_tag(repository.for_recheck(), tagged));
        while let Some((manifest, outcome)) = fetched.next().await {
            self.record_manifest(manifest, outcome);
        }
    }

    async fn fetch(&mut self, missing: Vec<(ManifestId, Digest)>) {
        let fetch = if self.options.cached { fetch_cached } else { fetch_manifest };
        let mut fetched = self.each(missing, fetch);
        while let Some((manifest, outcome)) = fetched.next().await {
            self.record_manifest(manifest, outcome);
        }
    }

    /// The unread manifests that names point to.
    fn unread_pointed(&self) -> Vec<(ManifestId, Digest)> {
        let index = self.builder.index();
        let tags = index.tags().filter_map(|(_, _, pointer)| pointer.manifest());
        let others = index.other_names().iter().filter_map(|other| other.pointer.manifest());
        let also = self.options.manifests.iter().filter_map(|digest| index.manifest_id(digest));
        self.unread(tags.chain(others).chain(also))
    }

    /// The unread manifests that indexes list.
    fn unread_children(&self) -> Vec<(ManifestId, Digest)> {
        let index = self.builder.index();
        self.unread(index.manifests().flat_map(|(manifest, _)| index.children(manifest).iter().copied()))
    }

    fn unread(&self, manifests: impl Iterator<Item = ManifestId>) -> Vec<(ManifestId, Digest)> {
        let index = self.builder.index();
        let mut seen = HashSet::new();
        let unread = manifests
            .filter(|manifest| matches!(index.state(*manifest), ManifestState::Unread) && seen.insert(*manifest));
        unread.map(|manifest| (manifest, index.digest(manifest))).collect()
    }

    /// Reads the configs for the creation times of images.
    async fn dates(&mut self) {
        let configs = std::mem::take(&mut self.configs).into_values().collect();
        let mut dates = self.each(configs, |repository, (config, images): (Descriptor, Vec<_>)| async move {
            (repository.image_config(&config).await, images)
        });
        while let Some((config, images)) = dates.next().await {
            for (image, own) in images {
                let dates = config.as_ref().map(|config| match config {
                    FetchedConfig::Image(config) => own.with_config(&config.image),
                    FetchedConfig::Other | FetchedConfig::Unusable(_) => own,
                });
                self.builder.date(image, dates.map(|dates| dates.created(self.now)).map_err(Error::clone));
            }
        }
    }

    /// Does `work` for each of `things`, many at a time; the client bounds the requests in flight.
    fn each<T, R, F>(&self, things: Vec<T>, work: fn(RepositoryHandle, T) -> F) -> BoxStream<'static, R>
    where
        T: Send + 'static,
        R: Send + 'static,
        F: Future<Output = R> + Send + 'static,
    {
        let progress = Arc::clone(&self.options.progress);
        progress.expect(things.len());
        let repository = self.repository.clone();
        let done = move |thing| {
            let (work, progress) = (work(repository.clone(), thing), Arc::clone(&progress));
            work.inspect(move |_| progress.tick())
        };
        stream::iter(things).map(done).buffer_unordered(self.concurrency()).boxed()
    }

    pub fn concurrency(&self) -> usize {
        self.repository.client().max_concurrency() * QUEUED_PER_SLOT
    }

    /// Records a manifest. One that was read once stays read.
    pub fn record_manifest(&mut self, manifest: ManifestId, outcome: ManifestOutcome) {
        let parsed = match outcome {
            ManifestOutcome::Parsed(parsed) => parsed,
            _ if self.builder.index().facts(manifest).is_some() => return,
            ManifestOutcome::NotFound => return self.builder.set(manifest, ManifestState::Missing),
            ManifestOutcome::Failed(error) => return self.builder.set(manifest, ManifestState::Unreadable(error)),
        };
        let ParsedManifest { size, sha256, document } = *parsed;
        if let Some(sha256) = &sha256 {
            self.builder.also_known_as(manifest, sha256);
        }
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        let mut facts = ManifestFacts { size, ..ManifestFacts::default() };
        let subject = document.subject.as_ref().and_then(|subject| subject.digest.supported());
        facts.subject = subject.map(|subject| self.builder.manifest(subject));
        let dates = document.dates();
        facts.created = dates.created(self.now).into();
        facts.is_placeholder = document.artifact_type.as_deref() == Some(media_types::PLACEHOLDER);
        facts.form = match &document.content {
            Content::Index(_) => Form::Index,
            Content::Image { .. } => Form::Image,
            Content::Schema1(_) => Form::Schema1,
        };
        facts.blobs =
            document.blobs().iter().map(|(blob, size)| self.builder.blob(blob.as_str(), size.unwrap_or(0))).collect();
        let children: Result<_> = document.children().map(|child| self.child(child)).collect();
        match children {
            Ok(children) => facts.children = children,
            // A child with a digest of an unsupported algorithm cannot be read, and may list anything.
            Err(error) => return self.builder.set(manifest, ManifestState::Unreadable(error)),
        }
        if let Some(config) = document.image_config()
            && self.options.dates
            && !self.undated.contains(&manifest)
        {
            let known = self.configs.entry(config.digest.clone());
            known.or_insert_with(|| (config.clone(), Vec::new())).1.push((manifest, dates));
        }
        self.builder.set(manifest, ManifestState::Read(facts));
    }

    fn child(&mut self, child: &Descriptor) -> Result<ManifestId> {
        let manifest = self.builder.manifest(child.digest.fetchable()?);
        if child.attests().is_some() {
            self.undated.insert(manifest);
        }
        Ok(manifest)
    }
}

/// Fetches a manifest.
fn fetch_manifest(
    repository: RepositoryHandle,
    (manifest, digest): (ManifestId, Digest),
) -> BoxFuture<'static, (ManifestId, ManifestOutcome)> {
    async move {
        let outcome = match repository.fetch_manifest(Target::Digest(&digest)).await {
            Ok(fetched) => parse(fetched),
            Err(error) if error.is_not_found() => ManifestOutcome::NotFound,
            Err(error) => ManifestOutcome::Failed(error),
        };
        (manifest, outcome)
    }
    .boxed()
}

/// Fetches a manifest by a tag that points to it.
fn fetch_tag(
    repository: RepositoryHandle,
    (manifest, (digest, tag)): (ManifestId, (Digest, Tag)),
) -> BoxFuture<'static, (ManifestId, ManifestOutcome)> {
    async move {
        let outcome = match repository.fetch_manifest(Target::Tag(&tag)).await {
            Ok(fetched) if fetched.digest == digest => parse(fetched),
            Ok(fetched) => ManifestOutcome::Failed(moved(&format!("{repository}:{tag}"), &digest, &fetched.digest)),
            Err(error) if error.is_not_found() => ManifestOutcome::NotFound,
            Err(error) => ManifestOutcome::Failed(error),
        };
        (manifest, outcome)
    }
    .boxed()
}

/// Fetches a manifest by its digest, or takes it from the cache.
fn fetch_cached(
    repository: RepositoryHandle,
    (manifest, digest): (ManifestId, Digest),
) -> BoxFuture<'static, (ManifestId, ManifestOutcome)> {
    async move {
        if let Some(cached) = repository.cached_manifest(&digest).await {
            let size = cached.bytes.len() as u64;
            let sha256 =
                (digest.algorithm() != Algorithm::Sha256).then(|| Digest::of(Algorithm::Sha256, &cached.bytes));
            return (manifest, parsed(size, sha256, cached.document()));
        }
        let outcome = match repository.fetch_manifest(Target::Digest(&digest)).await {
            Ok(fetched) => {
                if let Ok(manifest) = &fetched.manifest {
                    repository.keep_manifest(manifest).await;
                }
                parse(fetched)
            }
            Err(error) if error.is_not_found() => ManifestOutcome::NotFound,
            Err(error) => ManifestOutcome::Failed(error),
        };
        (manifest, outcome)
    }
    .boxed()
}

/// Parses a fetched manifest, and releases its bytes.
pub(super) fn parse(fetched: Fetched) -> ManifestOutcome {
    let Fetched { manifest, size, sha256, held: _held, .. } = fetched;
    parsed(size, sha256, manifest.and_then(|manifest| manifest.document()))
}

fn parsed(size: u64, sha256: Option<Digest>, document: Result<Document>) -> ManifestOutcome {
    match document {
        Ok(document) => ManifestOutcome::Parsed(Box::new(ParsedManifest { size, sha256, document })),
        Err(error) => ManifestOutcome::Failed(error),
    }
}
