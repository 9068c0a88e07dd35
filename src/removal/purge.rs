//! What no tag needs any longer once the requested tags are gone, and what that frees.
//!
//! A registry that untags keeps the manifest, and one that deletes an index keeps what the index listed: no plain garbage collection of
//! distribution 2 or 3 ever frees these (they are found by digest). So they are deleted by digest too, an index before what it lists,
//! what refers to a manifest after it. What a tag, an index or a subject that stays may need is left.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::evidence::Evidence;
use super::item::{Item, Origin};
use super::pending::PendingRemovals;
use super::request::{Method, RemovalPolicy, RemovalRequest, Target};
use crate::name::Digest;
use crate::registry::snapshot::{BlobKey, ManifestId, ManifestState};

/// What deletions free at the registry's next garbage collection, for adding up over the repositories of a registry, which share blobs.
#[derive(Debug, Clone, Default)]
pub struct Reclaimable {
    /// Manifests that are deleted by digest.
    pub manifests: usize,
    /// Blobs of these, manifests included, with their sizes in bytes.
    blobs: HashMap<BlobKey, u64>,
    /// Blobs that something which stays needs.
    needed: HashSet<BlobKey>,
    /// Whether something stays of which it is not known what it needs.
    is_unknown: bool,
}

impl Reclaimable {
    /// Adds what is freed in another repository.
    pub fn add(&mut self, other: &Self) {
        self.manifests += other.manifests;
        self.blobs.extend(&other.blobs);
        self.needed.extend(&other.needed);
        self.is_unknown |= other.is_unknown;
    }

    /// The bytes that are freed, as far as the repositories that were looked at tell; `None` where something that could not be read may
    /// need any of them.
    pub fn bytes(&self) -> Option<u64> {
        let freed = self.blobs.iter().filter(|(blob, _)| !self.needed.contains(*blob));
        (!self.is_unknown).then(|| freed.fold(0, |sum: u64, (_, size)| sum.saturating_add(*size)))
    }
}

/// Adds to `items` what is deleted because nothing needs it any longer, where that is wanted, and names what is orphaned.
pub(super) fn add_unreferenced(items: &mut Vec<Item>, evidence: Evidence<'_>, going: PendingRemovals) -> Reclaimable {
    let mut purge = Purge { evidence, pending: going, added: Vec::new(), unindexed: HashSet::new() };
    if purge.evidence.state.deletes_manifests.is_ok() {
        purge.run(items);
    }
    let Purge { evidence, pending: going, added, .. } = purge;
    items.extend(added);
    name_orphans(items, &evidence, &going);
    reclaimable(&evidence, &going)
}

struct Purge<'a> {
    evidence: Evidence<'a>,
    pending: PendingRemovals,
    added: Vec<Item>,
    /// Those of what is added that only the referrers API knows.
    unindexed: HashSet<Digest>,
}

impl Purge<'_> {
    fn run(&mut self, items: &[Item]) {
        let index = self.evidence.index;
        let mut parts = VecDeque::new();
        let mut referrers = VecDeque::new();
        let mut seen = HashSet::new();
        for item in items.iter().filter(|item| item.method.is_ok() && item.request.policy.purge) {
            let Some(manifest) = item.digest.as_ref().and_then(|digest| index.manifest_id(digest)) else { continue };
            if !seen.insert(manifest) {
                continue;
            }
            if matches!(item.method, Ok(Method::Manifest)) {
                self.enqueue_dependents(manifest, &mut parts, &mut referrers);
            } else {
                let queue = if self.refers(manifest) { &mut referrers } else { &mut parts };
                queue.push_back((manifest, Origin::Unreferenced));
            }
        }
        let (mut last, mut is_put_off) = (VecDeque::new(), HashSet::new());
        while let Some((manifest, purpose)) =
            parts.pop_front().or_else(|| referrers.pop_front()).or_else(|| last.pop_front())
        {
            // What it refers to may be about to go.
            if self.waits_for_subject(manifest) && is_put_off.insert(manifest) {
                last.push_back((manifest, purpose));
                continue;
            }
            if self.is_deletable(manifest) {
                self.pending.delete_manifest(index, manifest);
                let subject = match index.state(manifest) {
                    ManifestState::Read(facts) => facts.subject.filter(|_| matches!(purpose, Origin::ReferrerOf(_))),
                    _ => None,
                };
                self.add(&index.digest(manifest), purpose, subject.map(|subject| index.digest(subject)));
                self.enqueue_dependents(manifest, &mut parts, &mut referrers);
            }
        }
    }

    /// Whether a manifest refers to another, by its own word or by the name of a tag on it: such a one goes after what it refers to.
    fn refers(&self, manifest: ManifestId) -> bool {
        let index = self.evidence.index;
        let names_digest = |tag| ["sha256-", "sha512-"].iter().any(|start| index.tag(tag).as_str().starts_with(start));
        index.facts(manifest).is_some_and(|facts| facts.subject.is_some()) || index.tags_on(manifest).any(names_digest)
    }

    /// Whether a manifest refers to one that no tag ever led to, and that is not going yet.
    fn waits_for_subject(&self, manifest: ManifestId) -> bool {
        let index = self.evidence.index;
        let subject = index.facts(manifest).and_then(|facts| facts.subject);
        subject.is_some_and(|subject| !self.pending.manifests.contains(&subject) && !index.is_referenced(subject))
    }

    /// Notes what a manifest that goes listed, and what refers to it.
    fn enqueue_dependents(
        &mut self,
        manifest: ManifestId,
        parts: &mut VecDeque<(ManifestId, Origin)>,
        referrers: &mut VecDeque<(ManifestId, Origin)>,
    ) {
        let Evidence { index, state, .. } = self.evidence;
        let digest = &index.digest(manifest);
        // By its tag, where it has one: people know that.
        let name = index
            .tags_on(manifest)
            .next()
            .map_or_else(|| Target::Manifest(digest.clone()), |tag| Target::Tag(index.tag(tag).clone()));
        parts.extend(index.children(manifest).iter().map(|child| (*child, Origin::ChildOf(name.clone()))));
        let known = state.referring_manifests(manifest);
        referrers.extend(known.into_iter().map(|referrer| (referrer, Origin::ReferrerOf(name.clone()))));
        if !self.evidence.is_complete() {
            return;
        }
        // What only the registry's referrers API knows, nothing else leads to.
        let unknown: Vec<_> =
            state.untagged_referrers(digest).filter(|digest| index.manifest_id(digest).is_none()).cloned().collect();
        for referrer in unknown {
            if self.unindexed.insert(referrer.clone()) {
                self.add(&referrer, Origin::ReferrerOf(name.clone()), Some(digest.clone()));
            }
        }
    }

    fn is_deletable(&self, manifest: ManifestId) -> bool {
        let (index, going) = (self.evidence.index, &self.pending);
        let ManifestState::Read(facts) = index.state(manifest) else { return false };
        let stays = |subject: ManifestId| {
            !going.manifests.contains(&subject) && is_tag_reachable(&self.evidence, going, subject)
        };
        !going.manifests.contains(&manifest)
            && going.remaining_tags[manifest.position()] == 0
            && going.remaining_parents[manifest.position()] == 0
            && !facts.subject.is_some_and(stays)
            && self.evidence.is_unreferenced(manifest)
    }

    fn add(&mut self, digest: &Digest, purpose: Origin, follows: Option<Digest>) {
        self.added.push(Item {
            request: RemovalRequest {
                target: Target::Manifest(digest.clone()),
                expected: None,
                follows,
                policy: RemovalPolicy { purge: true, ..RemovalPolicy::default() },
            },
            digest: Some(digest.clone()),
            method: Ok(Method::Manifest),
            origin: purpose,
            siblings: Some(Arc::default()),
            indexes: Vec::new(),
            orphans: Vec::new(),
        });
    }
}

/// Whether a tag that stays leads to a manifest.
pub(super) fn is_tag_reachable(evidence: &Evidence<'_>, going: &PendingRemovals, manifest: ManifestId) -> bool {
    let stays = |parent| !going.manifests.contains(&parent);
    evidence.index.ancestors(manifest, stays).any(|next| going.remaining_tags[next.position()] > 0)
}

/// Names what refers to the manifests that go and stays itself.
fn name_orphans(items: &mut [Item], evidence: &Evidence<'_>, going: &PendingRemovals) {
    let Evidence { index, state, .. } = *evidence;
    let removed: HashSet<_> =
        items.iter().filter(|item| item.method.is_ok()).filter_map(|item| item.digest.clone()).collect();
    let mut told = HashSet::new();
    for item in items.iter_mut().filter(|item| matches!(item.method, Ok(Method::Manifest))) {
        let Some(digest) = item.digest.clone().filter(|digest| told.insert(digest.clone())) else { continue };
        let tags = index.manifest_id(&digest).map(|manifest| state.referring_tags(manifest)).unwrap_or_default();
        let staying = tags.into_iter().filter(|tag| index.tag_id(tag).is_some_and(|id| !going.tags.contains(&id)));
        let untagged = state.untagged_referrers(&digest).filter(|referrer| !removed.contains(*referrer)).cloned();
        item.orphans = staying.map(Target::Tag).chain(untagged.map(Target::Manifest)).collect();
    }
}

fn reclaimable(evidence: &Evidence<'_>, going: &PendingRemovals) -> Reclaimable {
    let index = evidence.index;
    let mut freed = Reclaimable { manifests: going.manifests.len(), ..Reclaimable::default() };
    for (manifest, known) in index.manifests() {
        let goes = going.manifests.contains(&manifest);
        match known {
            ManifestState::Read(facts) if goes => {
                freed.blobs.extend(facts.blobs.iter().map(|blob| (index.blob_key(*blob), index.blob_size(*blob))));
                freed.blobs.insert(index.manifest_key(manifest), facts.size.into());
            }
            ManifestState::Read(facts) => {
                // What an index lists is kept as bytes, even after it was deleted.
                freed.needed.extend(facts.children.iter().map(|child| index.manifest_key(*child)));
                freed.needed.extend(facts.blobs.iter().map(|blob| index.blob_key(*blob)));
                freed.needed.insert(index.manifest_key(manifest));
            }
            ManifestState::Unreadable(_) => freed.is_unknown |= !goes,
            ManifestState::Unread => freed.is_unknown |= !goes && evidence.is_named(manifest),
            ManifestState::Missing => {}
        }
    }
    freed.is_unknown |=
        index.list_caveat().is_some() || index.other_names().iter().any(|other| other.pointer.is_unknown());
    freed.is_unknown |= index.tags().any(|(tag, _, pointer)| !going.tags.contains(&tag) && pointer.is_unknown());
    freed
}
