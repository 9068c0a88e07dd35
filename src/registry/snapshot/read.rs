//! Reading a snapshot: the list, what every name in it points at, the manifests by their digests, the configs that say when an image was
//! made. Each manifest and config is fetched once, however many tags reach it.
//!
//! A list and a reply that contradict each other are settled by another look before anything is made of them: what one reply denies
//! and the list names is asked for again at the end.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::{BoxStream, FuturesUnordered};
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use reqwest::Method;

use super::facts::{ListCaveat, ManifestFacts, ManifestId, ManifestState, Pointer, TagId};
use super::index::{Builder, TagIndex};
use super::options::SnapshotOptions;
use crate::error::{Danger, Error, Fault, Kind, Result};
use crate::name::{Digest, FromText, Repository, Tag, Target};
use crate::registry::client::Client;
use crate::registry::created::Dates;
use crate::registry::descriptor::{Descriptor, DescriptorDigest};
use crate::registry::document::{Content, DEEPEST, Document, too_deep};
use crate::registry::endpoint::Endpoint;
use crate::registry::listing::{Listing, PAGE_SIZE};
use crate::registry::manifest::Fetched;
use crate::registry::media_types::{self, Form};
use crate::registry::names::Entry;
use crate::registry::summary::FetchedConfig;

/// Most bytes that the names of one list may take.
const MAX_NAME_BYTES: usize = 128 * 1024 * 1024;

/// Requests that are begun for each that may be in flight, so that one which hangs does not keep the others from being sent.
const QUEUED_PER_SLOT: usize = 8;

impl Client {
    /// Reads what the tags of a repository point at and how the manifests behind them depend on each other: one request for each tag,
    /// one for each distinct manifest, and with [`SnapshotOptions::dates`] one for each distinct config.
    ///
    /// # Errors
    ///
    /// Those of [`Client::tags`] where the repository has no list and none of [`SnapshotOptions::also`] resolves, unless
    /// [`SnapshotOptions::manifests`] names some;
    /// [`Fault::TooLarge`] when the names take more than 128 MiB. What else could not be read is in the index.
    pub fn snapshot(
        &self,
        repository: &Repository,
        options: SnapshotOptions,
    ) -> impl Future<Output = Result<TagIndex>> + Send + use<> {
        let (client, repository) = (self.clone(), Arc::new(repository.clone()));
        let (builder, configs, undated) = (TagIndex::builder(), BTreeMap::new(), HashSet::new());
        let now = Timestamp::now();
        SnapshotReader { client, repository, options, now, builder, configs, listed: 0, undated }.read()
    }
}

/// A name in the list.
#[derive(Debug, Clone, Copy)]
enum Name {
    Tag(TagId),
    /// Its position among the names that the grammar of tags forbids.
    Other(usize),
}

/// What came of asking for a name.
enum NameOutcome {
    /// Its digest, from the head of a reply.
    Digest(Digest),
    /// What it is.
    Manifest(Digest, ManifestOutcome),
    Nothing,
    Failed(Error),
}

/// What came of asking for a manifest.
enum ManifestOutcome {
    Parsed(Box<ParsedManifest>),
    NotFound,
    Failed(Error),
}

/// What a manifest says, before its parts have numbers.
struct ParsedManifest {
    size: u64,
    document: Document,
}

struct SnapshotReader {
    client: Client,
    repository: Arc<Repository>,
    options: SnapshotOptions,
    /// From when dates are judged.
    now: Timestamp,
    builder: Builder,
    /// The configs that may date an image, with the images and the dates that stand in these themselves.
    configs: BTreeMap<DescriptorDigest, (Descriptor, Vec<(ManifestId, Dates)>)>,
    /// How many tags the list names; those after them were asked for.
    listed: usize,
    /// Attestations: their configs date nothing.
    undated: HashSet<ManifestId>,
}

impl SnapshotReader {
    async fn read(mut self) -> Result<TagIndex> {
        let absent = self.names().await?;
        for digest in &self.options.manifests {
            self.builder.manifest(digest);
        }
        self.manifests().await;
        // A reply that denied what the list names may have come from a replica that lags behind.
        self.retry_names(absent).await;
        let removed = self.no_longer_listed().await;
        self.retry_manifests().await;
        self.manifests().await;
        self.dates().await;
        self.builder.remove_absent(self.listed, &removed);
        Ok(self.builder.build())
    }

    /// Reads the list and looks at each name as soon as it is known. Those that were not found.
    async fn names(&mut self) -> Result<Vec<Name>> {
        let request = self.client.request(Method::GET, Endpoint::Tags(&self.repository));
        let listing = Listing::new(&self.client, request, "tags", PAGE_SIZE, None);
        let misnamed = listing.misnamed();
        let mut batches = listing.into_stream().boxed();
        let (mut failure, mut is_listing) = (None, true);
        let mut waiting = VecDeque::new();
        let mut looks = FuturesUnordered::new();
        let mut absent = Vec::new();
        while is_listing || !waiting.is_empty() || !looks.is_empty() {
            while looks.len() < self.concurrency()
                && let Some(name) = waiting.pop_front()
            {
                looks.push(self.resolve_name(name));
            }
            tokio::select! {
                // The list is always read on: a page that is not waited for would keep its place among the requests.
                batch = batches.next(), if is_listing => match batch {
                    Some(Ok(batch)) => {
                        let before = waiting.len();
                        waiting.extend(batch.into_iter().filter_map(|entry| self.add_entry(entry)));
                        self.options.progress.expect(waiting.len() - before);
                        if self.builder.name_bytes() > MAX_NAME_BYTES {
                            return Err(self.too_large());
                        }
                    }
                    ended => {
                        failure = ended.and_then(Result::err);
                        is_listing = false;
                        self.listed = self.builder.index().tag_count();
                        waiting.extend(self.unlisted());
                    }
                },
                Some((name, found)) = looks.next(), if !looks.is_empty() => absent.extend(self.record_name(name, found)),
            }
        }
        self.check_list(failure, misnamed.get())?;
        Ok(absent)
    }

    /// Whether the list can be believed: what it lacks may have tags all the same where one resolves that it should have named.
    fn check_list(&mut self, failure: Option<Error>, misnamed: Option<&String>) -> Result<()> {
        let index = self.builder.index();
        let exists = |pointer: &Pointer| !matches!(pointer, Pointer::Dangling);
        let lacked =
            index.tags().skip(self.listed).find(|(_, _, pointer)| exists(pointer)).map(|(_, tag, _)| tag.clone());
        let resolves = index.tags().any(|(_, _, pointer)| exists(pointer));
        let names = index.tag_count() + index.other_names().len();
        let doubt = match (failure, misnamed, lacked) {
            // distribution 2 forgets an emptied repository's list, and still has its manifests.
            (Some(error), ..) if !resolves && error.is_not_found() && !self.options.manifests.is_empty() => {
                return Ok(());
            }
            (Some(error), ..) if !resolves => return Err(error),
            (Some(error), ..) if error.is_not_found() => ListCaveat::NotFound,
            (Some(error), ..) => ListCaveat::Failed(error),
            (None, Some(name), _) if resolves => ListCaveat::OtherRepository(name.clone()),
            (None, _, Some(_)) if self.listed == 0 && names > 0 => ListCaveat::Empty,
            (None, _, Some(tag)) => ListCaveat::Lacks(tag),
            (None, _, None) => return Ok(()),
        };
        self.builder.set_list_caveat(doubt);
        Ok(())
    }

    /// The name of an entry that was not there before.
    fn add_entry(&mut self, entry: Entry) -> Option<Name> {
        match Tag::from_text(entry.into_name()?) {
            Ok(tag) => Some(self.builder.tag(tag)).filter(|(_, is_new)| *is_new).map(|(tag, _)| Name::Tag(tag)),
            Err(text) => {
                Some(self.builder.other_name(text)).filter(|(_, is_new)| *is_new).map(|(other, _)| Name::Other(other))
            }
        }
    }

    /// The tags that are wanted and not listed.
    fn unlisted(&mut self) -> Vec<Name> {
        let also = std::mem::take(&mut self.options.also);
        let added: Vec<_> = also.into_iter().map(|tag| self.builder.tag(tag)).collect();
        added.into_iter().filter(|(_, is_new)| *is_new).map(|(tag, _)| Name::Tag(tag)).collect()
    }

    /// Asks what a name points at.
    fn resolve_name(&self, name: Name) -> BoxFuture<'static, (Name, NameOutcome)> {
        let (client, repository) = (self.client.clone(), Arc::clone(&self.repository));
        let (index, progress) = (self.builder.index(), Arc::clone(&self.options.progress));
        let text = match name {
            Name::Tag(tag) => Ok(index.tag(tag).clone()),
            Name::Other(other) => Err(index.other_names()[other].name.clone()),
        };
        async move {
            let found = match &text {
                Ok(tag) => resolve_tag(&client, &repository, tag).await,
                Err(other) => found(client.fetch_other_name(&repository, other).await),
            };
            progress.tick();
            (name, found)
        }
        .boxed()
    }

    /// Notes what a name points at; the name itself where it was not found.
    fn record_name(&mut self, name: Name, found: NameOutcome) -> Option<Name> {
        let pointer = match found {
            NameOutcome::Digest(digest) => Pointer::At(self.builder.manifest(&digest)),
            NameOutcome::Manifest(digest, outcome) => {
                let manifest = self.builder.manifest(&digest);
                self.record_manifest(manifest, outcome);
                Pointer::At(manifest)
            }
            NameOutcome::Nothing => return Some(name),
            NameOutcome::Failed(error) => Pointer::Unknown(error),
        };
        match name {
            Name::Tag(tag) => self.builder.point(tag, pointer),
            Name::Other(other) => self.builder.point_other(other, pointer),
        }
        None
    }

    /// Looks once more at names that were not found.
    async fn retry_names(&mut self, absent: Vec<Name>) {
        let looks: Vec<_> = absent.into_iter().map(|name| self.resolve_name(name)).collect();
        let mut looks = stream::iter(looks).buffer_unordered(self.concurrency());
        while let Some((name, found)) = looks.next().await {
            if let Some(Name::Other(other)) = self.record_name(name, found) {
                // It cannot be known whether "not found" is about a name that the grammar forbids or about the path that it makes.
                let name = &self.builder.index().other_names()[other].name;
                let what = format!("{} lists {name:?} and answers \"not found\" for it", self.repository);
                self.builder.point_other(other, Pointer::Unknown(Error::new(Kind::Safety(Danger::Unknown), what)));
            }
        }
    }

    /// Names that were listed and not found, and that the list no longer has: another client removed them. A list that lacks a tag
    /// which resolves says nothing.
    async fn no_longer_listed(&mut self) -> HashSet<String> {
        let index = self.builder.index();
        let dangling = index.tags().take(self.listed).filter(|(_, _, pointer)| matches!(pointer, Pointer::Dangling));
        let mut dangling: HashSet<_> = dangling.map(|(_, tag, _)| tag.to_string()).collect();
        if dangling.is_empty() {
            return dangling;
        }
        let listed: Result<Vec<_>> = self.client.listed_names(&self.repository).try_concat().await;
        let listed: HashSet<_> = listed.unwrap_or_default().into_iter().collect();
        let resolve = index.tags().take(self.listed).filter(|(_, _, pointer)| pointer.manifest().is_some());
        if listed.is_empty() || !resolve.into_iter().all(|(_, tag, _)| listed.contains(tag.as_str())) {
            return HashSet::new();
        }
        dangling.retain(|name| !listed.contains(name));
        dangling
    }

    /// Fetches the manifests that are not read yet, and those that these list, level by level.
    async fn manifests(&mut self) {
        let mut level = self.unread_pointed();
        for _ in 0..=DEEPEST {
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

    /// Fetches once more the manifests that something points at and that were not found.
    async fn retry_manifests(&mut self) {
        let missing = self.builder.index().manifests().filter(|(_, state)| matches!(state, ManifestState::Missing));
        let missing = missing.map(|(manifest, _)| (manifest, self.builder.index().digest(manifest))).collect();
        self.fetch(missing).await;
    }

    async fn fetch(&mut self, wanted: Vec<(ManifestId, Digest)>) {
        let mut fetched = self.each(wanted, |client, repository, (manifest, digest)| async move {
            let outcome = match client.fetch_manifest(&repository, Target::Digest(&digest)).await {
                Ok(fetched) => read(fetched),
                Err(error) if error.is_not_found() => ManifestOutcome::NotFound,
                Err(error) => ManifestOutcome::Failed(error),
            };
            (manifest, outcome)
        });
        while let Some((manifest, outcome)) = fetched.next().await {
            self.record_manifest(manifest, outcome);
        }
    }

    /// The manifests that names point at, as far as they are unread.
    fn unread_pointed(&self) -> Vec<(ManifestId, Digest)> {
        let index = self.builder.index();
        let tags = index.tags().filter_map(|(_, _, pointer)| pointer.manifest());
        let others = index.other_names().iter().filter_map(|other| other.pointer.manifest());
        let also = self.options.manifests.iter().filter_map(|digest| index.manifest_id(digest));
        self.unread(tags.chain(others).chain(also))
    }

    /// The manifests that indexes list, as far as they are unread.
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

    /// Fetches the configs that say when an image was made.
    async fn dates(&mut self) {
        let wanted = std::mem::take(&mut self.configs).into_values().collect();
        let mut dates = self.each(wanted, |client, repository, (config, images): (Descriptor, Vec<_>)| async move {
            (client.image_config(&repository, &config).await, images)
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

    /// Does something about each of `things`, many at a time; the client decides how many requests are in flight.
    fn each<T, R, F>(&self, things: Vec<T>, work: fn(Client, Arc<Repository>, T) -> F) -> BoxStream<'static, R>
    where
        T: Send + 'static,
        R: Send + 'static,
        F: Future<Output = R> + Send + 'static,
    {
        let progress = Arc::clone(&self.options.progress);
        progress.expect(things.len());
        let (client, repository) = (self.client.clone(), Arc::clone(&self.repository));
        let done = move |thing| {
            let (work, progress) = (work(client.clone(), Arc::clone(&repository), thing), Arc::clone(&progress));
            work.inspect(move |_| progress.tick())
        };
        stream::iter(things).map(done).buffer_unordered(self.concurrency()).boxed()
    }

    fn concurrency(&self) -> usize {
        self.client.max_concurrency() * QUEUED_PER_SLOT
    }

    /// Notes what a manifest says. What was read once stays read.
    fn record_manifest(&mut self, manifest: ManifestId, outcome: ManifestOutcome) {
        let said = match outcome {
            ManifestOutcome::Parsed(said) => said,
            _ if self.builder.index().facts(manifest).is_some() => return,
            ManifestOutcome::NotFound => return self.builder.set(manifest, ManifestState::Missing),
            ManifestOutcome::Failed(error) => return self.builder.set(manifest, ManifestState::Unreadable(error)),
        };
        let ParsedManifest { size, document } = *said;
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
            // What it lists by an unknown algorithm may list anything.
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

    fn too_large(&self) -> Error {
        let what = format!("the list of tags of {} is too large", self.repository);
        Error::new(Kind::Protocol(Fault::TooLarge), what)
            .because(format!("its names take more than {} MiB", MAX_NAME_BYTES >> 20))
    }
}

/// What a tag points at: by HEAD, and by GET where HEAD tells nothing or denies it.
async fn resolve_tag(client: &Client, repository: &Repository, tag: &Tag) -> NameOutcome {
    match client.head(repository, Target::Tag(tag)).await {
        Ok(Ok(resolved)) => NameOutcome::Digest(resolved.digest),
        Ok(Err(_)) => found(client.fetch_manifest(repository, Target::Tag(tag)).await),
        Err(error) => NameOutcome::Failed(error),
    }
}

fn found(fetched: Result<Fetched>) -> NameOutcome {
    match fetched {
        Ok(fetched) => NameOutcome::Manifest(fetched.digest.clone(), read(fetched)),
        Err(error) if error.is_not_found() => NameOutcome::Nothing,
        Err(error) => NameOutcome::Failed(error),
    }
}

/// Makes facts of bytes, which are given back with that.
fn read(fetched: Fetched) -> ManifestOutcome {
    let Fetched { manifest, size, held: _held, .. } = fetched;
    match manifest.and_then(|manifest| manifest.document()) {
        Ok(document) => ManifestOutcome::Parsed(Box::new(ParsedManifest { size, document })),
        Err(error) => ManifestOutcome::Failed(error),
    }
}
