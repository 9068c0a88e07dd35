//! Reads the list of tags, and resolves every name in it.
//!
//! 1. Each name is resolved as soon as it arrives: by HEAD, or by GET where HEAD has no digest or answers "not found".
//! 2. A name that was not found is asked for once more at the end, by another connection: the reply may have come from
//!    a replica that lags behind.
//! 3. A dangling name counts as removed where the list no longer names it, but still names every tag that resolves.
//! 4. The list is unreliable where a requested tag exists that it lacks, or where it is another repository's
//!    ([`ListCaveat`]).

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt, stream};

use super::facts::{ListCaveat, Pointer, TagId};
use super::read::{ManifestOutcome, SnapshotReader, parse};
use crate::error::{Danger, Error, Fault, Kind, Result};
use crate::name::{Digest, FromText, Tag, Target};
use crate::registry::manifest::Fetched;
use crate::registry::names::Entry;
use crate::registry::repository::RepositoryHandle;

/// The most bytes that the names of one list may take.
const MAX_NAME_BYTES: usize = 128 * 1024 * 1024;

/// A name in the list.
#[derive(Debug, Clone, Copy)]
pub(super) enum Name {
    Tag(TagId),
    /// A name that is no valid tag, by its position among these.
    Other(usize),
}

/// The result of resolving a name.
enum NameOutcome {
    /// Its digest, from the header of a reply.
    Digest(Digest),
    /// Its digest and manifest.
    Manifest(Digest, ManifestOutcome),
    NotFound,
    Failed(Error),
}

impl SnapshotReader {
    /// Reads the list, and resolves each name as soon as it arrives. Returns those that were not found.
    pub async fn names(&mut self) -> Result<Vec<Name>> {
        let listing = self.repository.tag_listing();
        let listing = if self.options.to_the_end { listing.verifying_end() } else { listing };
        let (misnamed, is_cut) = (listing.misnamed(), listing.is_cut());
        let mut batches = listing.into_stream().boxed();
        let (mut failure, mut is_listing) = (None, true);
        let mut waiting = VecDeque::new();
        let mut lookups = FuturesUnordered::new();
        let mut absent = Vec::new();
        while is_listing || !waiting.is_empty() || !lookups.is_empty() {
            while lookups.len() < self.concurrency()
                && let Some(name) = waiting.pop_front()
            {
                lookups.push(self.resolve_name(self.repository.clone(), name));
            }
            tokio::select! {
                // The list is always polled: a pending page occupies one of the requests in flight.
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
                Some((name, found)) = lookups.next(), if !lookups.is_empty() => absent.extend(self.record_name(name, found)),
            }
        }
        self.check_list(failure, misnamed.get())?;
        self.builder.set_list_cut(is_cut.get().is_some());
        Ok(absent)
    }

    /// Records whether the list is reliable: where it lacks a tag that exists, it may lack others.
    fn check_list(&mut self, failure: Option<Error>, misnamed: Option<&String>) -> Result<()> {
        let index = self.builder.index();
        let exists = |pointer: &Pointer| !matches!(pointer, Pointer::Dangling);
        let lacked =
            index.tags().skip(self.listed).find(|(_, _, pointer)| exists(pointer)).map(|(_, tag, _)| tag.clone());
        let resolves = index.tags().any(|(_, _, pointer)| exists(pointer));
        let names = index.tag_count() + index.other_names().len();
        let doubt = match (failure, misnamed, lacked) {
            // distribution 2 answers 404 for the list of a repository without tags, and still has its manifests.
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

    /// Adds an entry of the list; `None` where it is no name, or was added before.
    fn add_entry(&mut self, entry: Entry) -> Option<Name> {
        match Tag::from_text(entry.into_name()?) {
            Ok(tag) => Some(self.builder.tag(tag)).filter(|(_, is_new)| *is_new).map(|(tag, _)| Name::Tag(tag)),
            Err(text) => {
                let shown = self.repository.client.transport.masked(&text);
                let added = self.builder.other_name(text, shown);
                Some(added).filter(|(_, is_new)| *is_new).map(|(other, _)| Name::Other(other))
            }
        }
    }

    /// Adds the tags of the options that are not listed.
    fn unlisted(&mut self) -> Vec<Name> {
        let also = std::mem::take(&mut self.options.also);
        let added: Vec<_> = also.into_iter().map(|tag| self.builder.tag(tag)).collect();
        added.into_iter().filter(|(_, is_new)| *is_new).map(|(tag, _)| Name::Tag(tag)).collect()
    }

    /// Resolves a name.
    fn resolve_name(&self, repository: RepositoryHandle, name: Name) -> BoxFuture<'static, (Name, NameOutcome)> {
        let (index, progress) = (self.builder.index(), Arc::clone(&self.options.progress));
        let text = match name {
            Name::Tag(tag) => Ok(index.tag(tag).clone()),
            Name::Other(other) => Err(index.other_names()[other].name.clone()),
        };
        async move {
            let found = match &text {
                Ok(tag) => resolve_tag(&repository, tag).await,
                Err(other) => found(repository.fetch_other_name(other).await),
            };
            progress.tick();
            (name, found)
        }
        .boxed()
    }

    /// Records what a name points to. Returns the name where it was not found.
    fn record_name(&mut self, name: Name, found: NameOutcome) -> Option<Name> {
        let pointer = match found {
            NameOutcome::Digest(digest) => Pointer::At(self.builder.manifest(&digest)),
            NameOutcome::Manifest(digest, outcome) => {
                let manifest = self.builder.manifest(&digest);
                self.record_manifest(manifest, outcome);
                Pointer::At(manifest)
            }
            NameOutcome::NotFound => return Some(name),
            NameOutcome::Failed(error) => Pointer::Unknown(error),
        };
        match name {
            Name::Tag(tag) => self.builder.point(tag, pointer),
            Name::Other(other) => self.builder.point_other(other, pointer),
        }
        None
    }

    /// Resolves names once more that were not found.
    pub async fn retry_names(&mut self, absent: Vec<Name>) {
        let repository = self.repository.for_recheck();
        let lookups: Vec<_> = absent.into_iter().map(|name| self.resolve_name(repository.clone(), name)).collect();
        let mut lookups = stream::iter(lookups).buffer_unordered(self.concurrency());
        while let Some((name, found)) = lookups.next().await {
            if let Some(Name::Other(other)) = self.record_name(name, found) {
                // "Not found" may be about the path that an invalid tag makes, and not about the tag.
                let name = &self.builder.index().other_names()[other].shown;
                let what = format!("{} lists {name:?} and answers \"not found\" for it", self.repository);
                self.builder.point_other(other, Pointer::Unknown(Error::new(Kind::Safety(Danger::Unknown), what)));
            }
        }
    }

    /// Dangling names that the list no longer has: another client removed them. A list that lacks a tag that resolves
    /// is ignored.
    pub async fn no_longer_listed(&mut self) -> HashSet<String> {
        let index = self.builder.index();
        let dangling = index.tags().take(self.listed).filter(|(_, _, pointer)| matches!(pointer, Pointer::Dangling));
        let mut dangling: HashSet<_> = dangling.map(|(_, tag, _)| tag.to_string()).collect();
        if dangling.is_empty() {
            return dangling;
        }
        let listed = self.repository.listed_names(index.is_list_cut()).await.unwrap_or_default();
        let listed: HashSet<_> = listed.names.into_iter().collect();
        let resolve = index.tags().take(self.listed).filter(|(_, _, pointer)| pointer.manifest().is_some());
        if listed.is_empty() || !resolve.into_iter().all(|(_, tag, _)| listed.contains(tag.as_str())) {
            return HashSet::new();
        }
        dangling.retain(|name| !listed.contains(name));
        dangling
    }

    fn too_large(&self) -> Error {
        let what = format!("the list of tags of {} is too large", self.repository);
        Error::new(Kind::Protocol(Fault::TooLarge), what)
            .because(format!("its names take more than {} MiB", MAX_NAME_BYTES >> 20))
    }
}

/// Resolves a tag by HEAD, and by GET where HEAD has no digest or answers "not found".
async fn resolve_tag(repository: &RepositoryHandle, tag: &Tag) -> NameOutcome {
    match repository.head(Target::Tag(tag)).await {
        Ok(Ok(resolved)) => NameOutcome::Digest(resolved.digest),
        Ok(Err(_)) => found(repository.fetch_manifest(Target::Tag(tag)).await),
        Err(error) => NameOutcome::Failed(error),
    }
}

fn found(fetched: Result<Fetched>) -> NameOutcome {
    match fetched {
        Ok(fetched) => NameOutcome::Manifest(fetched.digest.clone(), parse(fetched)),
        Err(error) if error.is_not_found() => NameOutcome::NotFound,
        Err(error) => NameOutcome::Failed(error),
    }
}
