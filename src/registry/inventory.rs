//! What a repository holds: its tags with their digests, and the indexes among them with what they list.

use futures::{StreamExt, TryStreamExt, stream};

use super::client::Client;
use super::document::{Content, media_types};
use super::manifest::Resolved;
use crate::error::Result;
use crate::name::{Digest, Repository, Tag, Target};

/// The tags of a repository with what they point at, at one moment.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    tags: Vec<(Tag, Digest)>,
    indexes: Vec<Index>,
}

/// An index that is tagged, or listed by one that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its digest.
    pub digest: Digest,
    /// The manifests that it lists.
    pub children: Vec<Digest>,
}

impl Client {
    /// Resolves every tag of a repository and reads every index among them. A tag that goes meanwhile is
    /// left out.
    ///
    /// # Errors
    ///
    /// The first that is not "not found": with a part of the facts nothing can be said about what a deletion takes along.
    pub async fn inventory(&self, repository: &Repository) -> Result<Inventory> {
        let tags: Vec<_> = self
            .tags(repository)
            .map_ok(|tag| async move {
                let resolved = self.look_up(repository, Target::Tag(&tag)).await;
                resolved.map(|resolved| resolved.map(|resolved| (tag, resolved)))
            })
            .try_buffered(self.jobs())
            .try_filter_map(async |tag| Ok(tag))
            .try_collect()
            .await?;
        let mut wanted: Vec<_> = tags
            .iter()
            .filter(|(_, resolved): &&(Tag, Resolved)| resolved.media_type.as_deref().is_none_or(may_be_index))
            .map(|(_, resolved)| resolved.digest.clone())
            .collect();
        let tags = tags.into_iter().map(|(tag, resolved)| (tag, resolved.digest)).collect();
        let mut inventory = Inventory::new(tags, Vec::new());
        // Indexes may list indexes; a digest cannot contain itself, so this ends.
        while !wanted.is_empty() {
            wanted.sort();
            wanted.dedup();
            wanted.retain(|digest| inventory.indexes.iter().all(|index| index.digest != *digest));
            let read: Vec<_> = stream::iter(wanted.iter().map(|digest| self.index(repository, digest)))
                .buffer_unordered(self.jobs())
                .try_filter_map(async |index| Ok(index))
                .try_collect()
                .await?;
            wanted = read.iter().flat_map(|(_, nested)| nested.clone()).collect();
            inventory.indexes.extend(read.into_iter().map(|(index, _)| index));
        }
        Ok(inventory)
    }

    /// An index with the indexes among its children; `None` for what is no index or is gone.
    async fn index(&self, repository: &Repository, digest: &Digest) -> Result<Option<(Index, Vec<Digest>)>> {
        let Some(manifest) = found(self.manifest(repository, Target::Digest(digest)).await)? else { return Ok(None) };
        let Content::Index(children) = manifest.document()?.content else { return Ok(None) };
        let nested = children.iter().filter(|child| may_be_index(&child.media_type));
        let nested = nested.map(|child| child.digest.clone()).collect();
        let children = children.into_iter().map(|child| child.digest).collect();
        Ok(Some((Index { digest: digest.clone(), children }, nested)))
    }
}

impl Inventory {
    /// An inventory of what is known: each tag with its digest, in the registry's order, and the indexes.
    pub fn new(tags: Vec<(Tag, Digest)>, indexes: Vec<Index>) -> Self {
        Self { tags, indexes }
    }

    /// The tags on a digest, sorted.
    pub fn tags_on(&self, digest: &Digest) -> Vec<Tag> {
        let tags = self.tags.iter().filter(|(_, known)| known == digest);
        let mut tags: Vec<_> = tags.map(|(tag, _)| tag.clone()).collect();
        tags.sort();
        tags
    }

    /// What a tag points at.
    pub fn digest_of(&self, tag: &Tag) -> Option<&Digest> {
        self.tags.iter().find(|(known, _)| known == tag).map(|(_, digest)| digest)
    }

    /// The indexes that list a digest.
    pub fn indexes_listing(&self, digest: &Digest) -> Vec<Digest> {
        let indexes = self.indexes.iter().filter(|index| index.children.contains(digest));
        indexes.map(|index| index.digest.clone()).collect()
    }

    /// Every tag with what it points at, in the registry's order.
    pub fn tags(&self) -> &[(Tag, Digest)] {
        &self.tags
    }

    /// Adds a tag that the list did not have.
    pub fn add_tag(&mut self, tag: Tag, digest: Digest) {
        self.tags.push((tag, digest));
    }

    /// Forgets a tag that was removed.
    pub fn forget_tag(&mut self, tag: &Tag) {
        self.tags.retain(|(known, _)| known != tag);
    }

    /// Forgets a manifest that was removed, with its tags.
    pub fn forget_manifest(&mut self, digest: &Digest) {
        self.tags.retain(|(_, known)| known != digest);
        self.indexes.retain(|index| index.digest != *digest);
    }
}

/// Some servers give every manifest the type of plain JSON: what is not known to be something else is looked at.
fn may_be_index(media_type: &str) -> bool {
    !media_types::is_image(media_type) && !media_types::is_schema1(media_type)
}

fn found<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}
