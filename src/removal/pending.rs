//! What goes of a repository, and what then is left of that which keeps the rest: counted, so that deciding stays linear.

use std::collections::HashSet;

use crate::registry::TagIndex;
use crate::registry::snapshot::{ManifestId, TagId};

/// What goes, as far as was decided.
#[derive(Debug)]
pub(super) struct PendingRemovals {
    /// Manifests that are deleted by digest.
    pub manifests: HashSet<ManifestId>,
    /// Tags that are removed.
    pub tags: HashSet<TagId>,
    /// Of every manifest: how many tags on it stay.
    pub remaining_tags: Vec<u32>,
    /// Of every manifest: how many that list it stay.
    pub remaining_parents: Vec<u32>,
}

impl PendingRemovals {
    /// Nothing goes yet.
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

    /// Notes that a tag goes.
    pub(super) fn remove_tag(&mut self, index: &TagIndex, tag: TagId) {
        if self.tags.insert(tag)
            && let Some(manifest) = index.pointer(tag).manifest()
        {
            let staying = &mut self.remaining_tags[manifest.position()];
            *staying = staying.saturating_sub(1);
        }
    }

    /// Notes that a manifest goes, with the tags on it. What it lists and nothing else does any longer.
    pub(super) fn delete_manifest(&mut self, index: &TagIndex, manifest: ManifestId) -> Vec<ManifestId> {
        if !self.manifests.insert(manifest) {
            return Vec::new();
        }
        index.tags_on(manifest).for_each(|tag| self.remove_tag(index, tag));
        let mut freed = Vec::new();
        let mut seen = HashSet::new();
        for &child in index.children(manifest).iter().filter(|child| seen.insert(**child)) {
            let parents = &mut self.remaining_parents[child.position()];
            *parents = parents.saturating_sub(1);
            if *parents == 0 {
                freed.push(child);
            }
        }
        freed
    }
}
