//! Purging: deletes by digest what no tag leads to after the requested removals, and computes the space that is freed.
//!
//! A registry that untags keeps the manifest, and one that deletes an index keeps its children: the plain garbage
//! collection of distribution 2 and 3 never frees these, because it finds them by digest.
//!
//! 1. A manifest is purged after its last tag, unless an index that remains lists it.
//! 2. An index comes before its children, a subject before its referrers.
//! 3. While a tag leads to a subject, its referrers are kept.
//! 4. What is in use, and what anything unreadable may need, is kept.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::evidence::Evidence;
use super::item::{Item, Origin};
use super::pending::PendingRemovals;
use super::request::{Method, RemovalPolicy, RemovalRequest, Target};
use crate::name::Digest;
use crate::registry::snapshot::{BlobKey, ManifestId, ManifestState};

/// The space that deletions free at the registry's next garbage collection. Repositories of one registry share blobs,
/// so their values are added up before the bytes are computed.
#[derive(Debug, Clone, Default)]
pub struct Reclaimable {
    /// How many manifests are deleted by digest.
    pub manifests: usize,
    /// Their blobs, the manifests included, with sizes in bytes.
    blobs: HashMap<BlobKey, u64>,
    /// Blobs that remaining manifests need.
    needed: HashSet<BlobKey>,
    /// Whether a remaining manifest could not be read, and may need any blob.
    is_unknown: bool,
}

impl Reclaimable {
    /// Adds what is freed in another repository of the same registry.
    pub fn add(&mut self, other: &Self) {
        self.manifests += other.manifests;
        self.blobs.extend(&other.blobs);
        self.needed.extend(&other.needed);
        self.is_unknown |= other.is_unknown;
    }

    /// The freed bytes, as far as the known repositories tell; `None` where something unreadable may need any of them.
    pub fn bytes(&self) -> Option<u64> {
        let freed = self.blobs.iter().filter(|(blob, _)| !self.needed.contains(*blob));
        (!self.is_unknown).then(|| freed.fold(0, |sum: u64, (_, size)| sum.saturating_add(*size)))
    }
}

/// Appends items for the manifests to purge, where the requests' policies include that, and fills in each item's
/// orphans.
pub(super) fn add_unreferenced(items: &mut Vec<Item>, evidence: Evidence<'_>, pending: PendingRemovals) -> Reclaimable {
    let mut purge = Purge { evidence, pending, added: Vec::new(), unindexed: HashSet::new() };
    if purge.evidence.state.deletes_manifests.is_ok() {
        purge.run(items);
    }
    let Purge { evidence, pending, added, .. } = purge;
    items.extend(added);
    find_orphans(items, &evidence, &pending);
    reclaimable(&evidence, &pending)
}

struct Purge<'a> {
    evidence: Evidence<'a>,
    pending: PendingRemovals,
    added: Vec<Item>,
    /// Added manifests that only the referrers API knows.
    unindexed: HashSet<Digest>,
}

impl Purge<'_> {
    fn run(&mut self, items: &[Item]) {
        let index = self.evidence.index;
        let mut queue = Queue::default();
        let mut seen = HashSet::new();
        for item in items.iter().filter(|item| item.method.is_ok() && item.request.policy.purge) {
            let Some(manifest) = item.digest.as_ref().and_then(|digest| index.manifest_id(digest)) else { continue };
            if !seen.insert(manifest) {
                continue;
            }
            if item.deletes_manifest() {
                self.enqueue_dependents(manifest, &mut queue);
            } else if self.is_referrer(manifest) {
                queue.referrers.push_back((manifest, Origin::Unreferenced));
            } else {
                queue.images.push_back((manifest, Origin::Unreferenced));
            }
        }
        let mut is_put_off = HashSet::new();
        while let Some((manifest, origin)) = queue.next() {
            if self.waits_for_subject(manifest) && is_put_off.insert(manifest) {
                queue.last.push_back((manifest, origin));
                continue;
            }
            if self.is_deletable(manifest) {
                self.pending.delete_manifest(index, manifest);
                let subject = index.facts(manifest).and_then(|facts| facts.subject);
                let subject = subject.filter(|_| matches!(origin, Origin::ReferrerOf(_)));
                self.add(&index.digest(manifest), origin, subject.map(|subject| index.digest(subject)));
                self.enqueue_dependents(manifest, &mut queue);
            }
        }
    }

    /// Whether a manifest is a referrer, by its subject or by the name of a tag on it (referrers tag schema, cosign).
    fn is_referrer(&self, manifest: ManifestId) -> bool {
        let index = self.evidence.index;
        let names_digest = |tag| ["sha256-", "sha512-"].iter().any(|start| index.tag(tag).as_str().starts_with(start));
        index.facts(manifest).is_some_and(|facts| facts.subject.is_some()) || index.tags_on(manifest).any(names_digest)
    }

    /// Whether a manifest refers to one that no tag ever led to, and that may still be purged.
    fn waits_for_subject(&self, manifest: ManifestId) -> bool {
        let index = self.evidence.index;
        let subject = index.facts(manifest).and_then(|facts| facts.subject);
        subject.is_some_and(|subject| !self.pending.manifests.contains(&subject) && !index.is_referenced(subject))
    }

    /// Queues the children and the referrers of a deleted manifest.
    fn enqueue_dependents(&mut self, manifest: ManifestId, queue: &mut Queue) {
        let Evidence { index, state, .. } = self.evidence;
        let digest = &index.digest(manifest);
        let name = Target::of(index, manifest);
        let children = index.children(manifest).iter();
        queue.images.extend(children.map(|child| (*child, Origin::ChildOf(name.clone()))));
        let referrers = state.referring_manifests(manifest).into_iter();
        queue.referrers.extend(referrers.map(|referrer| (referrer, Origin::ReferrerOf(name.clone()))));
        if !self.evidence.is_complete() {
            return;
        }
        // Nothing else leads to what only the referrers API knows.
        let unindexed = state.untagged_referrers(digest).filter(|digest| index.manifest_id(digest).is_none());
        let unindexed = unindexed.filter(|digest| !state.in_use.names_digest(digest));
        for referrer in unindexed.cloned().collect::<Vec<_>>() {
            if self.unindexed.insert(referrer.clone()) {
                self.add(&referrer, Origin::ReferrerOf(name.clone()), Some(digest.clone()));
            }
        }
    }

    /// Whether nothing that remains needs a manifest.
    fn is_deletable(&self, manifest: ManifestId) -> bool {
        let (index, pending) = (self.evidence.index, &self.pending);
        let ManifestState::Read(facts) = index.state(manifest) else { return false };
        let remains =
            |subject: ManifestId| !pending.manifests.contains(&subject) && pending.is_tag_reachable(index, subject);
        !pending.manifests.contains(&manifest)
            && pending.remaining_tags[manifest.position()] == 0
            && pending.remaining_parents[manifest.position()] == 0
            && !facts.subject.is_some_and(remains)
            && self.evidence.is_unreferenced(manifest)
    }

    fn add(&mut self, digest: &Digest, origin: Origin, subject: Option<Digest>) {
        self.added.push(Item {
            request: RemovalRequest {
                target: Target::Manifest(digest.clone()),
                expected: None,
                follows: subject,
                policy: RemovalPolicy { purge: true, ..RemovalPolicy::default() },
            },
            digest: Some(digest.clone()),
            method: Ok(Method::Manifest),
            origin,
            siblings: Some(Arc::default()),
            indexes: Vec::new(),
            orphans: Vec::new(),
        });
    }
}

/// Manifests that may have lost their last reference: images and indexes come before referrers.
#[derive(Default)]
struct Queue {
    images: VecDeque<(ManifestId, Origin)>,
    referrers: VecDeque<(ManifestId, Origin)>,
    /// Those that wait for their subject.
    last: VecDeque<(ManifestId, Origin)>,
}

impl Queue {
    fn next(&mut self) -> Option<(ManifestId, Origin)> {
        let Self { images, referrers, last } = self;
        images.pop_front().or_else(|| referrers.pop_front()).or_else(|| last.pop_front())
    }
}

/// Fills in the referrers of the deleted manifests that are not removed themselves.
fn find_orphans(items: &mut [Item], evidence: &Evidence<'_>, pending: &PendingRemovals) {
    let Evidence { index, state, .. } = *evidence;
    let removed: HashSet<_> =
        items.iter().filter(|item| item.method.is_ok()).filter_map(|item| item.digest.clone()).collect();
    let mut seen = HashSet::new();
    for item in items.iter_mut().filter(|item| item.deletes_manifest()) {
        let Some(digest) = item.digest.clone().filter(|digest| seen.insert(digest.clone())) else { continue };
        let tags = index.manifest_id(&digest).map(|manifest| state.referring_tags(manifest)).unwrap_or_default();
        let remaining = tags.into_iter().filter(|tag| index.tag_id(tag).is_some_and(|id| !pending.tags.contains(&id)));
        let untagged = state.untagged_referrers(&digest).filter(|referrer| !removed.contains(*referrer)).cloned();
        item.orphans = remaining.map(Target::Tag).chain(untagged.map(Target::Manifest)).collect();
    }
}

fn reclaimable(evidence: &Evidence<'_>, pending: &PendingRemovals) -> Reclaimable {
    let index = evidence.index;
    let mut freed = Reclaimable { manifests: pending.manifests.len(), ..Reclaimable::default() };
    for (manifest, known) in index.manifests() {
        let is_deleted = pending.manifests.contains(&manifest);
        match known {
            ManifestState::Read(facts) if is_deleted => {
                freed.blobs.extend(facts.blobs.iter().map(|blob| (index.blob_key(*blob), index.blob_size(*blob))));
                freed.blobs.insert(index.manifest_key(manifest), facts.size.into());
            }
            ManifestState::Read(facts) => {
                // The garbage collection keeps the bytes of a deleted child while an index lists it.
                freed.needed.extend(facts.children.iter().map(|child| index.manifest_key(*child)));
                freed.needed.extend(facts.blobs.iter().map(|blob| index.blob_key(*blob)));
                freed.needed.insert(index.manifest_key(manifest));
            }
            ManifestState::Unreadable(_) => freed.is_unknown |= !is_deleted,
            ManifestState::Unread => freed.is_unknown |= !is_deleted && evidence.is_named(manifest),
            ManifestState::Missing => {}
        }
    }
    freed.is_unknown |=
        index.list_caveat().is_some() || index.other_names().iter().any(|other| other.pointer.is_unknown());
    freed.is_unknown |= index.tags().any(|(tag, _, pointer)| !pending.tags.contains(&tag) && pointer.is_unknown());
    freed
}
