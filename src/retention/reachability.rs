//! Which manifests and tags have to be kept because others need them.
//!
//! At first everything is kept.
//!
//! 1. A tag that the rules remove is removed once no kept manifest lists its manifest.
//! 2. A referrer's tag is removed once its subjects are.
//! 3. A manifest is removed once its last tag is, no kept manifest lists it, and its subject is removed.
//!
//! Every step only permits more of them, so that their order does not matter, and a cycle is kept. Each step is taken
//! once: the time is linear in tags, manifests and index entries.

use std::collections::VecDeque;

use super::candidate::{Candidate, Intent};
use super::reason::{Kept, ManifestRef, Obstacle, Removed, Untagged};
use crate::registry::snapshot::{ManifestId, ManifestState, Pointer, TagId, TagIndex};

/// By manifest: whether a tag or other listed name leads to it, through indexes and from subjects to referrers.
pub(super) fn reachable_manifests(snapshot: &TagIndex) -> Vec<bool> {
    let mut is_reached = vec![false; snapshot.manifest_count()];
    let mut waiting: Vec<ManifestId> = snapshot.tags().filter_map(|(.., pointer)| pointer.manifest()).collect();
    waiting.extend(snapshot.other_names().iter().filter_map(|other| other.pointer.manifest()));
    while let Some(manifest) = waiting.pop() {
        if !std::mem::replace(&mut is_reached[manifest.position()], true) {
            waiting.extend(snapshot.children(manifest));
            waiting.extend(snapshot.referrers(manifest));
        }
    }
    is_reached
}

/// The first thing that could not be read and may need any manifest; a tag rather than something else.
pub(super) fn find_obstacle(snapshot: &TagIndex, is_reached: &[bool]) -> Option<Obstacle> {
    let is_unknown = |pointer: &Pointer| matches!(pointer, Pointer::Unknown(_));
    let tag = snapshot.tags().find(|(.., pointer)| is_unknown(pointer)).map(|(tag, ..)| Obstacle::Tag(tag));
    let manifest = || {
        let mut unreadable = snapshot.manifests().filter(|(manifest, state)| match state {
            ManifestState::Unreadable(_) => true,
            // An index that no tag leads to may be in use by its digest.
            ManifestState::Unread => is_reached[manifest.position()] || snapshot.is_referenced(*manifest),
            ManifestState::Read(_) | ManifestState::Missing => false,
        });
        let (manifest, ..) = unreadable.next()?;
        let tag = snapshot.ancestors(manifest, |_| true).find_map(|next| snapshot.tags_on(next).next());
        Some(tag.map_or(Obstacle::Manifest(manifest), Obstacle::Tag))
    };
    let other = || {
        let other = snapshot.other_names().iter().zip(0..).find(|(other, _)| is_unknown(&other.pointer));
        other.map(|(_, position)| Obstacle::OtherName(position))
    };
    tag.or_else(manifest).or_else(other).or_else(|| snapshot.list_caveat().map(|_| Obstacle::List))
}

/// What is kept, and the order in which the rest is removed: indexes before their children, subjects before their
/// referrers.
pub(super) struct Reachability<'a> {
    snapshot: &'a TagIndex,
    candidates: &'a [Candidate],
    obstacle: Option<Obstacle>,
    /// By manifest: how many kept tags are on it.
    staying_tags: Vec<u32>,
    /// By manifest: how many entries of kept indexes list it.
    staying_entries: Vec<u32>,
    /// By manifest: whether it is kept whatever happens to its tags: it is in use, or no tag leads to it.
    is_pinned: Vec<bool>,
    /// By manifest: whether it is kept.
    stays: Vec<bool>,
    /// By tag: whether it is kept.
    tag_stays: Vec<bool>,
    /// By tag: how many of its subjects are kept.
    staying_subjects: Vec<u32>,
    /// Subjects with the tags that refer to them, sorted by subject.
    followers: Vec<(ManifestId, TagId)>,
    /// The tags to remove, in this order.
    removed_tags: Vec<TagId>,
    /// The manifests to remove, in this order.
    removed_manifests: Vec<ManifestId>,
    /// By manifest: the kept tag or name that leads to it.
    retained_by: Vec<Option<ManifestRef>>,
    /// By manifest: a kept index that lists it.
    listed_by: Vec<Option<ManifestId>>,
}

impl<'a> Reachability<'a> {
    /// `rows` is the order in which kept tags are named as the reason for keeping a manifest. The manifests of
    /// `is_pinned` are kept.
    pub(super) fn new(
        snapshot: &'a TagIndex,
        candidates: &'a [Candidate],
        rows: &[TagId],
        is_pinned: Vec<bool>,
        obstacle: Option<Obstacle>,
    ) -> Self {
        let count = snapshot.manifest_count();
        let mut reachability = Self {
            snapshot,
            candidates,
            obstacle,
            staying_tags: vec![0; count],
            staying_entries: vec![0; count],
            is_pinned,
            stays: vec![true; count],
            tag_stays: vec![true; candidates.len()],
            staying_subjects: vec![0; candidates.len()],
            followers: Vec::new(),
            removed_tags: Vec::new(),
            removed_manifests: Vec::new(),
            retained_by: vec![None; count],
            listed_by: vec![None; count],
        };
        reachability.count();
        reachability.remove_unneeded();
        reachability.find_retainers(rows);
        reachability
    }

    /// Counts what each manifest and each tag is kept for.
    fn count(&mut self) {
        for candidate in self.candidates {
            if let Some(manifest) = candidate.manifest {
                self.staying_tags[manifest.position()] += 1;
            }
            if let Intent::Follow(subjects) = candidate.intent {
                let subjects = subjects.into_iter().flatten();
                self.followers.extend(subjects.map(|subject| (subject, candidate.tag)));
            }
        }
        self.followers.sort_unstable();
        for (_, tag) in &self.followers {
            self.staying_subjects[tag.position()] += 1;
        }
        for (manifest, ..) in self.snapshot.manifests() {
            for child in self.snapshot.children(manifest) {
                self.staying_entries[child.position()] += 1;
            }
        }
    }

    /// Removes what nothing kept needs.
    fn remove_unneeded(&mut self) {
        let mut manifests: VecDeque<ManifestId> = VecDeque::new();
        for position in 0..self.candidates.len() {
            self.try_remove_tag(self.candidates[position].tag, &mut manifests);
        }
        while let Some(manifest) = manifests.pop_front() {
            if !self.stays[manifest.position()] || !self.is_removable(manifest) {
                continue;
            }
            self.stays[manifest.position()] = false;
            self.removed_manifests.push(manifest);
            let snapshot = self.snapshot;
            for &child in snapshot.children(manifest) {
                self.staying_entries[child.position()] -= 1;
                if self.staying_entries[child.position()] == 0 {
                    manifests.push_back(child);
                    snapshot.tags_on(child).for_each(|tag| self.try_remove_tag(tag, &mut manifests));
                }
            }
            let first = self.followers.partition_point(|(subject, _)| *subject < manifest);
            let following = self.followers[first..].iter().take_while(|(subject, _)| *subject == manifest);
            for tag in following.map(|(_, tag)| *tag).collect::<Vec<_>>() {
                self.staying_subjects[tag.position()] -= 1;
                self.try_remove_tag(tag, &mut manifests);
            }
            manifests.extend(snapshot.referrers(manifest));
        }
    }

    /// Removes a tag, if nothing prevents that, and queues its manifest after its last tag.
    fn try_remove_tag(&mut self, tag: TagId, manifests: &mut VecDeque<ManifestId>) {
        let candidate = &self.candidates[tag.position()];
        let is_due = match candidate.intent {
            Intent::Keep(_) => false,
            Intent::Remove(_) => true,
            Intent::Follow(_) => self.obstacle.is_none() && self.staying_subjects[tag.position()] == 0,
        };
        let Some(manifest) = candidate.manifest.filter(|_| is_due && self.tag_stays[tag.position()]) else { return };
        if self.staying_entries[manifest.position()] > 0 {
            return;
        }
        self.tag_stays[tag.position()] = false;
        self.removed_tags.push(tag);
        self.staying_tags[manifest.position()] -= 1;
        if self.staying_tags[manifest.position()] == 0 {
            manifests.push_back(manifest);
        }
    }

    /// Whether nothing kept needs a manifest.
    fn is_removable(&self, manifest: ManifestId) -> bool {
        let position = manifest.position();
        let is_held = self.is_pinned[position] || self.staying_tags[position] > 0 || self.staying_entries[position] > 0;
        let subject = self.snapshot.facts(manifest).and_then(|facts| facts.subject);
        // A referrer with a tag of its own is removed with that tag.
        let is_bound = subject.filter(|_| self.snapshot.tags_on(manifest).len() == 0);
        !is_held && is_bound.is_none_or(|subject| !self.stays[subject.position()])
    }

    /// Finds the tag or name that each kept manifest is kept for.
    fn find_retainers(&mut self, rows: &[TagId]) {
        let names = self.snapshot.other_names().iter().zip(0..);
        let names =
            names.filter_map(|(other, position)| Some((ManifestRef::OtherName(position), other.pointer.manifest()?)));
        let tags = rows.iter().filter(|tag| self.tag_stays[tag.position()]);
        let tags = tags.filter_map(|tag| Some((ManifestRef::Tag(*tag), self.candidates[tag.position()].manifest?)));
        let mut waiting = Vec::new();
        for (holder, manifest) in tags.chain(names).collect::<Vec<_>>() {
            waiting.push(manifest);
            while let Some(next) = waiting.pop() {
                let place = &mut self.retained_by[next.position()];
                if place.is_none() {
                    *place = Some(holder);
                    waiting.extend(self.snapshot.children(next));
                }
            }
        }
        let staying = self.snapshot.manifests().map(|(manifest, ..)| manifest);
        for manifest in staying.filter(|manifest| self.stays[manifest.position()]) {
            for child in self.snapshot.children(manifest) {
                self.listed_by[child.position()].get_or_insert(manifest);
            }
        }
    }

    /// What a kept manifest is kept for, or the manifest itself.
    fn retainer(&self, manifest: ManifestId) -> ManifestRef {
        self.retained_by[manifest.position()].unwrap_or(ManifestRef::Manifest(manifest))
    }

    /// Why a tag is removed, and why its manifest is not; or why the tag is kept.
    pub(super) fn outcome(&self, candidate: &Candidate) -> Result<(Removed, Option<Untagged>), Kept> {
        if self.tag_stays[candidate.tag.position()] {
            return Err(self.kept(candidate));
        }
        let removed = match candidate.intent {
            Intent::Remove(removed) => removed,
            Intent::Follow([first, second]) => {
                let subject = first.or(second);
                let on = subject.and_then(|subject| self.snapshot.tags_on(subject).next());
                let holder = on.map(ManifestRef::Tag).or(subject.map(ManifestRef::Manifest));
                holder.map_or(Removed::NotKept, Removed::SubjectRemoved)
            }
            Intent::Keep(kept) => return Err(kept),
        };
        Ok((removed, candidate.manifest.and_then(|manifest| self.untagged(manifest))))
    }

    fn kept(&self, candidate: &Candidate) -> Kept {
        let lister = candidate.manifest.and_then(|manifest| self.listed_by[manifest.position()]);
        let lister = lister.map(|index| self.retainer(index));
        match candidate.intent {
            Intent::Keep(kept) => kept,
            Intent::Remove(_) => lister.map_or(Kept::Refused, Kept::ListedBy),
            Intent::Follow(subjects) => {
                let mut staying = subjects.into_iter().flatten().filter(|subject| self.stays[subject.position()]);
                let staying = staying.next().map(|subject| Kept::RefersTo(self.retainer(subject)));
                let unsure = || self.obstacle.map(Kept::SubjectUncertain);
                staying.or_else(unsure).or(lister.map(Kept::ListedBy)).unwrap_or(Kept::Refused)
            }
        }
    }

    /// Why a manifest is not removed with the last of its removed tags.
    fn untagged(&self, manifest: ManifestId) -> Option<Untagged> {
        let is_placeholder = self.snapshot.facts(manifest).is_some_and(|facts| facts.is_placeholder);
        match (self.stays[manifest.position()], self.retained_by[manifest.position()], self.obstacle) {
            (true, Some(holder), _) => Some(Untagged::SharedWith(holder)),
            (true, None, _) => Some(Untagged::Needed),
            (false, _, Some(obstacle)) if !is_placeholder => Some(Untagged::Uncertain(obstacle)),
            (false, ..) => None,
        }
    }

    /// The tags to remove, those of indexes before those of their children and those of subjects before those of
    /// referrers.
    pub(super) fn removed_tags(&self) -> &[TagId] {
        &self.removed_tags
    }
}
