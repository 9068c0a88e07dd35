//! What a plan removes, counted per manifest so that planning stays linear.

use std::collections::HashSet;

use crate::registry::TagIndex;
use crate::registry::snapshot::{ManifestId, TagId};

/// The removals that were decided so far, and how many tags and indexes each manifest keeps after them.
#[derive(Debug)]
pub(super) struct PendingRemovals {
    /// Manifests to delete by digest.
    pub manifests: HashSet<ManifestId>,
    /// Tags to remove.
    pub tags: HashSet<TagId>,
    /// By manifest: how many tags on it remain.
    pub remaining_tags: Vec<u32>,
    /// By manifest: how many manifests that list it remain.
    pub remaining_parents: Vec<u32>,
}

impl PendingRemovals {
    /// Nothing is removed yet.
    pub(super) fn new(index: &TagIndex) -> Self {
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let distinct = |manifest: ManifestId| index.parents(manifest).collect::<HashSet<_>>().len();
        Self {
            manifests: HashSet::new(),
            tags: HashSet::new(),
            remaining_tags: index.manifests().map(|(manifest, ..)| count(index.tags_on(manifest).len())).collect(),
            remaining_parents: index.manifests().map(|(manifest, ..)| count(distinct(manifest))).collect(),
        }
    }

    /// Records the removal of a tag.
    pub(super) fn remove_tag(&mut self, index: &TagIndex, tag: TagId) {
        if self.tags.insert(tag)
            && let Some(manifest) = index.pointer(tag).manifest()
        {
            let remaining = &mut self.remaining_tags[manifest.position()];
            *remaining = remaining.saturating_sub(1);
        }
    }

    /// Records the deletion of a manifest with the tags on it. Returns its children that no other manifest lists.
    pub(super) fn delete_manifest(&mut self, index: &TagIndex, manifest: ManifestId) -> Vec<ManifestId> {
        if !self.manifests.insert(manifest) {
            return Vec::new();
        }
        index.tags_on(manifest).for_each(|tag| self.remove_tag(index, tag));
        let mut unlisted = Vec::new();
        let mut seen = HashSet::new();
        for &child in index.children(manifest).iter().filter(|child| seen.insert(**child)) {
            let parents = &mut self.remaining_parents[child.position()];
            *parents = parents.saturating_sub(1);
            if *parents == 0 {
                unlisted.push(child);
            }
        }
        unlisted
    }

    /// Whether a tag that remains leads to a manifest, directly or through indexes that remain.
    pub(super) fn is_tag_reachable(&self, index: &TagIndex, manifest: ManifestId) -> bool {
        let remains = |parent| !self.manifests.contains(&parent);
        index.ancestors(manifest, remains).any(|next| self.remaining_tags[next.position()] > 0)
    }
}
