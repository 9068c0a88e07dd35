//! Builds the index of a snapshot.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::adjacency::Adjacency;
use super::facts::{BlobId, ListCaveat, ManifestId, ManifestState, OtherName, Pointer, TagId, narrow};
use super::index::{BlobKey, TagIndex};
use crate::error::Error;
use crate::name::{Digest, PackedDigest, Tag};

/// Builds a [`TagIndex`]. A name that is added twice is stored once.
#[derive(Debug, Default)]
pub struct Builder {
    index: TagIndex,
    /// The approximate size of the names in bytes.
    name_bytes: usize,
}

impl Builder {
    /// Adds a tag, which is dangling until [`Builder::point`]. Returns its number, and whether it is new.
    pub fn tag(&mut self, tag: Tag) -> (TagId, bool) {
        let length = tag.as_str().len();
        let unknown = || Pointer::Dangling;
        let before = self.index.tags.len();
        let position = match self.index.tags.entry(tag) {
            indexmap::map::Entry::Occupied(known) => known.index(),
            indexmap::map::Entry::Vacant(new) => {
                let position = new.index();
                new.insert(unknown());
                position
            }
        };
        let is_new = self.index.tags.len() > before;
        self.name_bytes += if is_new { length + size_of::<(Tag, Pointer, u64, usize)>() } else { 0 };
        (TagId(narrow(position)), is_new)
    }

    /// Adds a listed name that is no valid tag, `shown` as this in messages. Returns its position among these, and
    /// whether it is new.
    pub fn other_name(&mut self, name: String, shown: String) -> (usize, bool) {
        if let Some(position) = self.index.other_names.iter().position(|known| known.name == name) {
            return (position, false);
        }
        self.name_bytes += name.len() + shown.len() + size_of::<OtherName>();
        self.index.other_names.push(OtherName { name, shown, pointer: Pointer::Dangling });
        (self.index.other_names.len() - 1, true)
    }

    /// Sets what a tag points to.
    pub fn point(&mut self, tag: TagId, pointer: Pointer) {
        self.index.tags[tag.position()] = pointer;
    }

    /// Sets what a name that is no valid tag points to.
    pub(crate) fn point_other(&mut self, position: usize, pointer: Pointer) {
        self.index.other_names[position].pointer = pointer;
    }

    /// Adds a manifest, which is unread until [`Builder::set`]. Returns its number.
    pub fn manifest(&mut self, digest: &Digest) -> ManifestId {
        let (position, is_new) = self.index.digests.insert_full(PackedDigest::from(digest));
        if is_new {
            self.index.manifests.push(ManifestState::Unread);
        }
        ManifestId(narrow(position))
    }

    /// Sets the state of a manifest.
    pub fn set(&mut self, manifest: ManifestId, state: ManifestState) {
        self.index.manifests[manifest.position()] = state;
    }

    /// Records the sha256 digest of a manifest that is known by a digest of another algorithm. Where the index has that
    /// too, both are the same manifest: each has the tags and parents of the other.
    pub(crate) fn also_known_as(&mut self, manifest: ManifestId, sha256: &Digest) {
        self.index.sha256.insert(manifest, PackedDigest::from(sha256));
    }

    /// Adds a blob with its size in bytes. `digest` may be of any algorithm. Returns its number.
    pub fn blob(&mut self, digest: &str, size: u64) -> BlobId {
        let entry = self.index.blobs.entry(BlobKey::of(digest));
        let position = entry.index();
        entry.or_insert(size);
        BlobId(narrow(position))
    }

    /// Sets why the list of tags is not reliable. The first reason is kept.
    pub(crate) fn set_list_caveat(&mut self, doubt: ListCaveat) {
        self.index.list_caveat.get_or_insert(doubt);
    }

    /// Sets whether the registry ends pages of the list early, without a link to the next one.
    pub(super) fn set_list_cut(&mut self, is_cut: bool) {
        self.index.is_list_cut = is_cut;
    }

    /// The index so far, without the relations between manifests.
    pub fn index(&self) -> &TagIndex {
        &self.index
    }

    /// Sets when the image of a manifest was created.
    pub fn date(&mut self, manifest: ManifestId, created: Result<Option<Timestamp>, Error>) {
        if let ManifestState::Read(facts) = &mut self.index.manifests[manifest.position()] {
            match created {
                Ok(Some(created)) => facts.created = Some(created).into(),
                Ok(None) => {}
                Err(error) => facts.config_error = Some(error),
            }
        }
    }

    /// Removes dangling tags from this position on, which are not listed, and those that were removed since they were
    /// listed.
    pub(super) fn remove_absent(&mut self, position: usize, removed: &HashSet<String>) {
        let mut at = 0..;
        self.index.tags.retain(|tag, pointer| {
            let is_listed = at.next() < Some(position) && !removed.contains(tag.as_str());
            is_listed || !matches!(pointer, Pointer::Dangling)
        });
    }

    /// The approximate size of the names in bytes.
    pub(super) fn name_bytes(&self) -> usize {
        self.name_bytes
    }

    /// The index.
    pub fn build(self) -> TagIndex {
        let mut index = self.index;
        let count = index.manifests.len();
        let facts = || {
            let read = index.manifests.iter().zip(0..);
            read.filter_map(|(state, position)| match state {
                ManifestState::Read(facts) => Some((facts, position)),
                ManifestState::Missing | ManifestState::Unreadable(_) | ManifestState::Unread => None,
            })
        };
        let same: HashMap<_, _> =
            index.same_manifests().flat_map(|(one, other)| [(one.0, other.0), (other.0, one.0)]).collect();
        // What concerns a manifest concerns it under its other digest, too.
        let of_both = |(manifest, other): (u32, u32)| {
            let alias = same.get(&manifest).map(|same| (*same, other));
            std::iter::once((manifest, other)).chain(alias)
        };
        let on = index.tags.values().zip(0..).filter_map(|(pointer, tag)| Some((pointer.manifest()?.0, tag)));
        let tags_on = Adjacency::new(count, on.flat_map(of_both));
        let parents = facts().flat_map(|(facts, parent)| facts.children.iter().map(move |child| (child.0, parent)));
        let parents = Adjacency::new(count, parents.flat_map(of_both));
        let referrers = facts().filter_map(|(facts, referrer)| Some((facts.subject?.0, referrer)));
        let referrers = Adjacency::new(count, referrers);
        index.tags.shrink_to_fit();
        index.digests.shrink_to_fit();
        index.manifests.shrink_to_fit();
        index.blobs.shrink_to_fit();
        index.tags_on = tags_on;
        index.parents = parents;
        index.referrers = referrers;
        index
    }
}
