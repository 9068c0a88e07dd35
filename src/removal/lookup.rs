//! Reads the current state of names, manifests and the list of tags. Content decides what a name points to: a HEAD may
//! be answered by a cache.

use std::collections::HashSet;

use super::request;
use crate::error::{Danger, Error, Kind, Result};
use crate::name::{Digest, Tag, Target};
use crate::registry::{Fetched, ListedNames, RepositoryHandle, TagIndex};

/// A listed name, which may not be a valid tag, or a digest.
#[derive(Debug, Clone, Copy)]
pub(super) enum NameOrDigest<'a> {
    Name(&'a str),
    Digest(&'a Digest),
}

impl<'a> From<&'a request::Target> for NameOrDigest<'a> {
    fn from(target: &'a request::Target) -> Self {
        match target {
            request::Target::Tag(tag) => Self::Name(tag.as_str()),
            request::Target::Manifest(digest) => Self::Digest(digest),
        }
    }
}

/// What a name points to.
pub(super) struct Resolution {
    pub digest: Digest,
    /// Its sha256 digest, where `digest` is of another algorithm.
    pub sha256: Option<Digest>,
    /// The digest in the header of the reply, where it contradicts the content: one of the two is out of date.
    pub contradiction: Option<Digest>,
    /// The children of the manifest, where it is a new one.
    pub children: Option<Vec<Digest>>,
}

/// Fetches a manifest that should exist; `None` where it does not.
pub(super) async fn fetch_existing(repository: &RepositoryHandle, target: NameOrDigest<'_>) -> Result<Option<Fetched>> {
    match fetch_settled(repository, target).await {
        Ok(fetched) => Ok(Some(fetched)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Fetches a manifest. "Not found" is verified by another connection, since a replica may lag behind.
pub(super) async fn fetch_settled(repository: &RepositoryHandle, target: NameOrDigest<'_>) -> Result<Fetched> {
    match fetch(repository, target).await {
        Err(error) if error.is_not_found() => fetch(&repository.for_recheck(), target).await,
        fetched => fetched,
    }
}

/// Fetches a manifest.
pub(super) async fn fetch(repository: &RepositoryHandle, target: NameOrDigest<'_>) -> Result<Fetched> {
    match target {
        NameOrDigest::Digest(digest) => repository.fetch_manifest(Target::Digest(digest)).await,
        NameOrDigest::Name(name) => match name.parse::<Tag>() {
            Ok(tag) => repository.fetch_manifest(Target::Tag(&tag)).await,
            Err(_) => repository.fetch_other_name(name).await,
        },
    }
}

/// Resolves a name, and reads the children of a manifest that is not among the `known` ones. `None` for "not found". A
/// reply from a cache is an error: it may be about the time before the name moved.
pub(super) async fn resolve(
    repository: RepositoryHandle,
    name: String,
    known: &HashSet<Digest>,
) -> (String, Result<Option<Resolution>>) {
    let fetched = fetch_existing(&repository, NameOrDigest::Name(&name)).await;
    // Nothing is awaited while the bytes are held: other replies wait for their share of the memory.
    let resolution = fetched.and_then(|fetched| {
        let Some(fetched) = fetched else { return Ok(None) };
        if let Some(stale) = stale(&fetched, &format!("{repository}:{name}")) {
            return Err(stale);
        }
        let (digest, sha256) = (fetched.digest.clone(), fetched.sha256.clone());
        let is_other = |header: &Digest| header.algorithm() == digest.algorithm() && *header != digest;
        let contradiction = fetched.header_digest.clone().filter(is_other);
        // A new manifest that cannot be read may need anything.
        let children = if known.contains(&digest) { None } else { Some(children(fetched)?) };
        Ok(Some(Resolution { digest, sha256, contradiction, children }))
    });
    (name, resolution)
}

/// The error for a tag, called `name`, whose content came from a cache: it may point elsewhere by now.
pub(super) fn stale(fetched: &Fetched, name: &str) -> Option<Error> {
    let staleness = fetched.staleness.as_ref()?;
    let what = format!("the reply for {name} may be out of date");
    Some(Error::new(Kind::Safety(Danger::Unknown), what).because(format!("it {staleness}")))
}

/// The children of a fetched manifest.
pub(super) fn children(fetched: Fetched) -> Result<Vec<Digest>> {
    let document = fetched.manifest?.document()?;
    document.children().map(|child| child.digest.fetchable().cloned()).collect()
}

/// The subject that a manifest names.
pub(super) async fn subject(repository: &RepositoryHandle, digest: &Digest) -> Result<Option<Digest>> {
    let document = repository.fetch_manifest(Target::Digest(digest)).await?.manifest?.document()?;
    Ok(document.subject.and_then(|subject| subject.digest.supported().cloned()))
}

/// The list of tags, which is read again while tags are removed.
#[derive(Debug)]
pub(super) struct TagList {
    /// Whether the registry ends pages of the list early, as the snapshot found out.
    pub is_cut: bool,
    /// Whether the list could be read before a batch, so that it can be read again.
    pub was_read: bool,
    /// The list as it was read after the previous batch.
    last: Option<ListedNames>,
    /// The list as it was read beside the last deletion of a batch.
    pub ahead: Option<Result<ListedNames>>,
}

impl TagList {
    /// The list of the repository that this is the snapshot of.
    pub(super) fn new(index: Option<&TagIndex>) -> Self {
        Self { is_cut: index.is_some_and(TagIndex::is_list_cut), was_read: false, last: None, ahead: None }
    }

    /// The list after the repository was read again.
    pub(super) fn rebuilt(&self, index: Option<&TagIndex>) -> Self {
        Self { was_read: self.was_read, ..Self::new(index) }
    }

    /// Reads the list before a batch, unless it was read after the previous one.
    pub(super) async fn before_batch(&mut self, repository: &RepositoryHandle) -> Result<ListedNames> {
        let listed = match self.last.take() {
            Some(listed) => Ok(listed),
            None => list_names(repository, self.is_cut).await,
        };
        self.was_read |= listed.is_ok();
        listed
    }

    /// Reads the list after a batch, unless it was read beside the last deletion.
    pub(super) async fn after_batch(&mut self, repository: &RepositoryHandle) -> Result<&ListedNames> {
        let listed = match self.ahead.take() {
            Some(listed) => listed,
            None => list_names(repository, self.is_cut).await,
        };
        listed.map(|listed| &*self.last.insert(listed))
    }
}

/// The names in the list, valid tags or not. distribution 2 answers 404 where no tag is left. `is_cut` is that of the
/// snapshot.
pub(super) async fn list_names(repository: &RepositoryHandle, is_cut: bool) -> Result<ListedNames> {
    let names = repository.listed_names(is_cut).await;
    names.or_else(|error| if error.is_not_found() { Ok(ListedNames::default()) } else { Err(error) })
}
