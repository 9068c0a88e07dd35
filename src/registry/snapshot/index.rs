//! The index of a snapshot: tags, the manifests that they reach, and how these depend on each other.
//!
//! Every name is stored once, everything else is a number: some 300 bytes per tag with its own manifest, and 140 per
//! child.

use std::collections::HashMap;

use indexmap::{IndexMap, IndexSet};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::adjacency::Adjacency;
use super::facts::{BlobId, ListCaveat, ManifestFacts, ManifestId, ManifestState, OtherName, Pointer, TagId, narrow};
use crate::error::Error;
use crate::name::{Digest, PackedDigest, Tag};
use crate::registry::media_types::Form;

/// The tags of a repository and the manifests that they reach, at one point in time. Made by
/// [`RepositoryHandle::snapshot`](crate::registry::RepositoryHandle::snapshot), or by a [`Builder`](super::Builder).
#[derive(Debug, Clone, Default)]
pub struct TagIndex {
    pub(super) tags: IndexMap<Tag, Pointer>,
    pub(super) other_names: Vec<OtherName>,
    pub(super) list_caveat: Option<ListCaveat>,
    pub(super) is_list_cut: bool,
    pub(super) digests: IndexSet<PackedDigest>,
    pub(super) manifests: Vec<ManifestState>,
    /// The sha256 digests of manifests that are known by a digest of another algorithm.
    pub(super) sha256: HashMap<ManifestId, PackedDigest>,
    pub(super) blobs: IndexMap<BlobKey, u64>,
    /// The tags on each manifest.
    pub(super) tags_on: Adjacency,
    /// The manifests that list each manifest.
    pub(super) parents: Adjacency,
    /// The manifests whose subject each manifest is.
    pub(super) referrers: Adjacency,
}

impl TagIndex {
    /// How many tags there are.
    pub fn tag_count(&self) -> usize {
        self.tags.len()
    }

    /// How many manifests are known.
    pub fn manifest_count(&self) -> usize {
        self.manifests.len()
    }

    /// Every tag with what it points to, in the registry's order.
    pub fn tags(&self) -> impl Iterator<Item = (TagId, &Tag, &Pointer)> {
        self.tags.iter().zip(0..).map(|((tag, pointer), position)| (TagId(position), tag, pointer))
    }

    /// The number of a tag.
    pub fn tag_id(&self, tag: &Tag) -> Option<TagId> {
        self.tags.get_index_of(tag).map(|position| TagId(narrow(position)))
    }

    /// The tag with a number of this index.
    pub fn tag(&self, tag: TagId) -> &Tag {
        self.tags.get_index(tag.position()).map(|(tag, _)| tag).expect("a number of this index")
    }

    /// What a tag points to.
    pub fn pointer(&self, tag: TagId) -> &Pointer {
        &self.tags[tag.position()]
    }

    /// The digest that a tag points to, where it is known.
    pub fn digest_of(&self, tag: &Tag) -> Option<Digest> {
        self.tags.get(tag)?.manifest().map(|manifest| self.digest(manifest))
    }

    /// Listed names that are no valid tags.
    pub fn other_names(&self) -> &[OtherName] {
        &self.other_names
    }

    /// Why the list of tags is not reliable, if it is not.
    pub fn list_caveat(&self) -> Option<&ListCaveat> {
        self.list_caveat.as_ref()
    }

    /// Whether the registry ends pages of the list early, without a link to the next one.
    pub(crate) fn is_list_cut(&self) -> bool {
        self.is_list_cut
    }

    /// Every known manifest, read or not.
    pub fn manifests(&self) -> impl Iterator<Item = (ManifestId, &ManifestState)> {
        self.manifests.iter().zip(0..).map(|(state, position)| (ManifestId(position), state))
    }

    /// The number of a manifest.
    pub fn manifest_id(&self, digest: &Digest) -> Option<ManifestId> {
        self.digests.get_index_of(&PackedDigest::from(digest)).map(|position| ManifestId(narrow(position)))
    }

    /// The digest of a manifest.
    pub fn digest(&self, manifest: ManifestId) -> Digest {
        Digest::from(&self.digests[manifest.position()])
    }

    /// The sha256 digest of a manifest that is known by a digest of another algorithm.
    pub(crate) fn sha256(&self, manifest: ManifestId) -> Option<Digest> {
        self.sha256.get(&manifest).map(Digest::from)
    }

    /// The manifests that are known by two digests, as pairs.
    pub(crate) fn same_manifests(&self) -> impl Iterator<Item = (ManifestId, ManifestId)> {
        let other = |sha256| self.digests.get_index_of(sha256).map(|position| ManifestId(narrow(position)));
        self.sha256.iter().filter_map(move |(manifest, sha256)| Some((*manifest, other(sha256)?)))
    }

    /// The key of the manifest's own bytes among the blobs.
    pub(crate) fn manifest_key(&self, manifest: ManifestId) -> BlobKey {
        let bytes = match &self.digests[manifest.position()] {
            PackedDigest::Sha256(bytes) => &bytes[..],
            PackedDigest::Sha512(bytes) => &bytes[..],
        };
        let mut key = [0; 16];
        key.copy_from_slice(&bytes[..16]);
        BlobKey(key)
    }

    /// What is known of a manifest.
    pub fn state(&self, manifest: ManifestId) -> &ManifestState {
        &self.manifests[manifest.position()]
    }

    /// The facts of a manifest, where it was read.
    pub fn facts(&self, manifest: ManifestId) -> Option<&ManifestFacts> {
        match self.state(manifest) {
            ManifestState::Read(facts) => Some(facts),
            ManifestState::Missing | ManifestState::Unreadable(_) | ManifestState::Unread => None,
        }
    }

    /// The manifests that a manifest lists, where it was read.
    pub fn children(&self, manifest: ManifestId) -> &[ManifestId] {
        self.facts(manifest).map_or(&[], |facts| &facts.children)
    }

    /// The tags on a manifest, in the registry's order.
    pub fn tags_on(&self, manifest: ManifestId) -> impl ExactSizeIterator<Item = TagId> + '_ {
        self.tags_on.of(manifest.0).iter().copied().map(TagId)
    }

    /// The manifests that list a manifest.
    pub fn parents(&self, manifest: ManifestId) -> impl ExactSizeIterator<Item = ManifestId> + '_ {
        self.parents.of(manifest.0).iter().copied().map(ManifestId)
    }

    /// The manifests that refer to a manifest by naming it as their subject.
    pub fn referrers(&self, manifest: ManifestId) -> impl ExactSizeIterator<Item = ManifestId> + '_ {
        self.referrers.of(manifest.0).iter().copied().map(ManifestId)
    }

    /// Whether a tag is on a manifest or another lists it. Others are known only as subjects.
    pub(crate) fn is_referenced(&self, manifest: ManifestId) -> bool {
        self.tags_on(manifest).len() > 0 || self.parents(manifest).len() > 0
    }

    /// A manifest that names this digest as that of a config or layer.
    pub(crate) fn manifest_with_blob(&self, digest: &Digest) -> Option<ManifestId> {
        let blob = BlobId(narrow(self.blobs.get_index_of(&BlobKey::of(digest.as_str()))?));
        let has_blob = |manifest: &ManifestId| self.facts(*manifest).is_some_and(|facts| facts.blobs.contains(&blob));
        self.manifests().map(|(manifest, _)| manifest).find(has_blob)
    }

    /// Whether a manifest names this digest as that of a config or layer.
    pub(super) fn has_blob(&self, digest: &Digest) -> bool {
        self.blobs.contains_key(&BlobKey::of(digest.as_str()))
    }

    /// The size of a blob in bytes; 0 where it is unknown.
    pub(crate) fn blob_size(&self, blob: BlobId) -> u64 {
        self.blobs[blob.position()]
    }

    /// The key of a blob, which is the same in other indexes.
    pub(crate) fn blob_key(&self, blob: BlobId) -> BlobKey {
        self.blobs.get_index(blob.position()).map(|(key, _)| *key).expect("a number of this index")
    }

    /// Calls `visit` for a manifest and its descendants, once for each.
    pub(crate) fn visit_reachable(&self, manifest: ManifestId, mut visit: impl FnMut(ManifestId)) {
        let mut seen = IndexSet::from([manifest]);
        let mut at = 0;
        while let Some(&next) = seen.get_index(at) {
            visit(next);
            seen.extend(self.children(next).iter().copied());
            at += 1;
        }
    }

    /// A manifest and the indexes that lead to it, directly or through others, each once and the nearest first. Indexes
    /// that `passes` rejects are left out, with what leads only to them.
    pub(crate) fn ancestors<'a>(
        &'a self,
        manifest: ManifestId,
        passes: impl Fn(ManifestId) -> bool + 'a,
    ) -> impl Iterator<Item = ManifestId> + 'a {
        let mut seen = IndexSet::from([manifest]);
        (0..).map_while(move |at| {
            let next = *seen.get_index(at)?;
            seen.extend(self.parents(next).filter(|parent| passes(*parent)));
            Some(next)
        })
    }

    /// When the image of a manifest was created; for an index, its newest image, else its own annotation.
    pub fn created(&self, manifest: ManifestId) -> Option<Timestamp> {
        let own = self.facts(manifest)?.created.get();
        let mut newest = None;
        self.visit_reachable(manifest, |reached| {
            if reached != manifest {
                newest = newest.max(self.facts(reached).and_then(|facts| facts.created.get()));
            }
        });
        newest.or(own)
    }

    /// The sum of the sizes of the distinct blobs that a manifest reaches, in bytes; `None` where a part of it is
    /// unknown.
    pub fn size(&self, manifest: ManifestId) -> Option<u64> {
        let (mut blobs, mut is_known) = (IndexSet::new(), true);
        self.visit_reachable(manifest, |reached| match self.facts(reached) {
            Some(facts) => {
                is_known &= facts.form != Form::Schema1;
                blobs.extend(facts.blobs.iter().copied());
            }
            None => is_known = false,
        });
        is_known.then(|| blobs.into_iter().fold(0, |sum: u64, blob| sum.saturating_add(self.blob_size(blob))))
    }

    /// The first error among a manifest and its descendants.
    pub fn first_error(&self, manifest: ManifestId) -> Option<&Error> {
        let mut failure = None;
        self.visit_reachable(manifest, |reached| {
            let error = match self.state(reached) {
                ManifestState::Unreadable(error) => Some(error),
                ManifestState::Read(facts) => facts.config_error.as_ref(),
                ManifestState::Missing | ManifestState::Unread => None,
            };
            failure = failure.or(error);
        });
        failure
    }
}

/// The first half of a blob's digest, which distinguishes blobs for adding up their sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlobKey([u8; 16]);

impl BlobKey {
    /// The first sixteen bytes of a hexadecimal digest; the last bytes of other text.
    pub fn of(digest: &str) -> Self {
        let digits = digest.rsplit(':').next().unwrap_or_default().as_bytes();
        let mut key = [0; 16];
        if digits.get(..32).is_none_or(|digits| hex::decode_to_slice(digits, &mut key).is_err()) {
            key = [0; 16];
            digest.bytes().rev().zip(&mut key).for_each(|(byte, at)| *at = byte);
        }
        Self(key)
    }
}

impl Serialize for BlobKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(self.0))
    }
}

impl<'de> Deserialize<'de> for BlobKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut key = [0; 16];
        let text = String::deserialize(deserializer)?;
        hex::decode_to_slice(text, &mut key).map_err(serde::de::Error::custom)?;
        Ok(Self(key))
    }
}

#[cfg(test)]
mod tests {
    use super::super::builder::Builder;
    use super::*;
    use crate::name::Algorithm;

    fn digest(number: usize) -> Digest {
        Digest::of(Algorithm::Sha256, number.to_string().as_bytes())
    }

    fn tag(name: &str) -> Tag {
        name.parse().expect("a tag")
    }

    /// `multi` is an index of two images; `a` and `b` are on the first of them; `sig` refers to the index.
    fn sample() -> TagIndex {
        let mut builder = Builder::default();
        let [first, second, multi, sig] = [0, 1, 2, 3].map(|number| builder.manifest(&digest(number)));
        let shared = builder.blob("sha256:aa", 100);
        for (manifest, number, created) in [(first, 10, 1), (second, 11, 2)] {
            let blob = builder.blob(digest(number).as_str(), 5);
            let created = Timestamp::from_second(created).ok().into();
            let facts = ManifestFacts { blobs: [shared, blob].into(), created, ..ManifestFacts::default() };
            builder.set(manifest, ManifestState::Read(facts));
        }
        let facts = ManifestFacts { form: Form::Index, children: [first, second].into(), ..ManifestFacts::default() };
        builder.set(multi, ManifestState::Read(facts));
        builder.set(sig, ManifestState::Read(ManifestFacts { subject: Some(multi), ..ManifestFacts::default() }));
        for (name, manifest) in [("b", first), ("multi", multi), ("a", first), ("b", first), ("sig", sig)] {
            let (tag, _) = builder.tag(tag(name));
            builder.point(tag, Pointer::At(manifest));
        }
        builder.build()
    }

    #[test]
    fn maps_lead_both_ways() {
        let index = sample();
        let [first, multi, sig] = [0, 2, 3].map(|number| index.manifest_id(&digest(number)).expect("known"));
        let names = |manifest| index.tags_on(manifest).map(|tag| index.tag(tag).as_str()).collect::<Vec<_>>();
        assert_eq!((names(first), names(multi)), (vec!["b", "a"], vec!["multi"]));
        assert_eq!(index.parents(first).collect::<Vec<_>>(), [multi]);
        assert_eq!(index.referrers(multi).collect::<Vec<_>>(), [sig]);
        assert_eq!(index.digest_of(&tag("a")), Some(digest(0)));
        assert_eq!(index.tag_count(), 4, "a name that comes twice is one");
    }

    #[test]
    fn sizes_count_shared_blobs_once_and_dates_are_the_newest() {
        let index = sample();
        let multi = index.manifest_id(&digest(2)).expect("known");
        assert_eq!(index.size(multi), Some(110));
        assert_eq!(index.created(multi), Timestamp::from_second(2).ok());
    }

    #[test]
    fn a_part_that_is_not_known_leaves_the_size_unknown() {
        let mut builder = Builder::default();
        let (child, index) = (builder.manifest(&digest(0)), builder.manifest(&digest(1)));
        builder.set(child, ManifestState::Missing);
        let facts = ManifestFacts { form: Form::Index, children: [child].into(), ..ManifestFacts::default() };
        builder.set(index, ManifestState::Read(facts));
        assert_eq!(builder.build().size(index), None);
    }

    #[test]
    fn blobs_of_foreign_algorithms_are_distinguished() {
        let keys = ["blake3:zz", "blake3:yz", "sha256:00112233445566778899aabbccddeeff00"].map(BlobKey::of);
        assert_ne!(keys[0], keys[1]);
        assert_eq!(
            keys[2].0,
            [0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff]
        );
    }
}
