//! Whether a manifest may be deleted by its digest, by what is known and by what cannot be known.
//!
//! 1. No other tag points to it: none in the list, no listed name that cannot be resolved, and the list itself is
//!    reliable.
//! 2. No remaining index lists it: none that was read, and no remaining manifest is unreadable.
//! 3. Neither it nor a tag that would be removed with it is in use, nor an index that lists it.
//! 4. It is no config or layer.
//!
//! The policy may waive the first two.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::item::Item;
use super::request::{NAMED, RemovalRequest, Siblings, Target, join_first, join_names};
use super::state::RepositoryState;
use crate::error::{Danger, Error, Kind, Result};
use crate::name::{Digest, Tag};
use crate::registry::TagIndex;
use crate::registry::snapshot::{ListCaveat, ManifestId, ManifestState, Pointer, TagId};

/// What is known, and what could not be read, about the tags and indexes that remain.
pub(super) struct Evidence<'a> {
    pub state: &'a RepositoryState,
    pub index: &'a TagIndex,
    /// Requested tags that point to the digest that the request expects, and are not in use: those stay.
    requested: HashSet<TagId>,
    /// Remaining names that could not be resolved and may point to any manifest, with the error.
    unresolved: Vec<(String, &'a Error)>,
    /// By manifest, the listed names on it that are not valid tags.
    other_names: HashMap<ManifestId, Vec<&'a str>>,
    /// Remaining manifests that could not be read and may list any other: the manifest, a name that leads to it, and
    /// the error.
    unreadable: Vec<(ManifestId, String, Option<&'a Error>)>,
}

impl<'a> Evidence<'a> {
    pub(super) fn new(requests: &[RemovalRequest], state: &'a RepositoryState, index: &'a TagIndex) -> Self {
        let as_expected = |request: &RemovalRequest, tag: TagId| {
            let now = index.pointer(tag).manifest().map(|manifest| index.digest(manifest));
            request.expected.is_none() || request.expected == now
        };
        let requested = requests.iter().filter_map(|request| {
            let tag = index.tag_id(request.target.tag()?)?;
            let stays = state.in_use.tags.contains(index.tag(tag));
            (!stays && as_expected(request, tag)).then_some(tag)
        });
        let manifests = requests.iter().filter_map(|request| match &request.target {
            Target::Manifest(digest) => {
                Some((index.manifest_id(digest)?, request.policy.siblings == Siblings::RemoveAll))
            }
            Target::Tag(_) => None,
        });
        let manifests: HashMap<_, _> = manifests.collect();
        let mut evidence = Self {
            state,
            index,
            requested: requested.collect(),
            unresolved: Vec::new(),
            other_names: HashMap::new(),
            unreadable: Vec::new(),
        };
        for (id, tag, pointer) in index.tags() {
            if let Pointer::Unknown(error) = pointer
                && !evidence.requested.contains(&id)
            {
                evidence.unresolved.push((format!("{}:{tag}", state.repository), error));
            }
        }
        for other in index.other_names() {
            match &other.pointer {
                Pointer::At(manifest) => evidence.other_names.entry(*manifest).or_default().push(&other.name),
                Pointer::Unknown(error) => {
                    evidence.unresolved.push((format!("{}:{}", state.repository, other.shown), error))
                }
                Pointer::Dangling => {}
            }
        }
        for (manifest, known) in index.manifests() {
            let error = match known {
                ManifestState::Unreadable(error) => Some(error),
                ManifestState::Unread if evidence.is_named(manifest) => None,
                ManifestState::Unread | ManifestState::Read(_) | ManifestState::Missing => continue,
            };
            let name = match manifests.get(&manifest) {
                // It may be in use by its digest although no tag leads to it.
                None => evidence.remaining_name(manifest).or_else(|| {
                    (!evidence.is_tagged(manifest)).then(|| format!("{}@{}", state.repository, index.digest(manifest)))
                }),
                // It is to be deleted with its tags, unless a remaining index lists it.
                Some(true) => index.parents(manifest).find_map(|parent| evidence.remaining_name(parent)),
                Some(false) => evidence.remaining_name(manifest),
            };
            evidence.unreadable.extend(name.map(|name| (manifest, name, error)));
        }
        evidence
    }

    /// Whether a tag is requested, points to the expected digest, and is not in use.
    pub(super) fn is_requested(&self, tag: TagId) -> bool {
        self.requested.contains(&tag)
    }

    /// The listed names on a manifest that are not valid tags.
    pub(super) fn other_names(&self, manifest: ManifestId) -> &[&'a str] {
        self.other_names.get(&manifest).map_or(&[], Vec::as_slice)
    }

    /// Whether a tag or other name points to a manifest, or an index lists it.
    pub(super) fn is_named(&self, manifest: ManifestId) -> bool {
        self.index.is_referenced(manifest) || self.other_names.contains_key(&manifest)
    }

    /// Whether any name leads to a manifest, directly or through indexes.
    fn is_tagged(&self, manifest: ManifestId) -> bool {
        let is_on = |next| self.index.tags_on(next).len() > 0 || self.other_names.contains_key(&next);
        self.index.ancestors(manifest, |_| true).any(is_on)
    }

    /// A name that remains and leads to a manifest, directly or through indexes.
    fn remaining_name(&self, manifest: ManifestId) -> Option<String> {
        let name_on = |next| {
            let tag = self.index.tags_on(next).find(|tag| !self.is_requested(*tag));
            let tag = tag.map(|tag| self.index.tag(tag).as_str());
            tag.or_else(|| self.other_names.get(&next)?.first().copied())
        };
        let name = self.index.ancestors(manifest, |_| true).find_map(name_on)?;
        Some(format!("{}:{name}", self.state.repository))
    }

    /// Why a requested tag could not be resolved.
    pub(super) fn failure_of(&self, target: &Target) -> Option<&'a Error> {
        match self.index.pointer(self.index.tag_id(target.tag()?)?) {
            Pointer::Unknown(error) => Some(error),
            Pointer::At(_) | Pointer::Dangling => None,
        }
    }

    /// Whether the target is not in use, nor a tag that would be removed with it.
    pub(super) fn check_not_in_use(&self, item: &Item, manifest: Option<ManifestId>, name: &str) -> Result<()> {
        let in_use = &self.state.in_use;
        let tag = item.request.target.tag().filter(|tag| in_use.tags.contains(tag));
        let removes = |tag: &&Tag| item.request.policy.siblings.allow(tag);
        let along = item.siblings.iter().flat_map(|siblings| &siblings.in_use).find(removes);
        let is_used = match (manifest, &item.digest) {
            _ if tag.is_some() => true,
            (Some(manifest), _) => in_use.manifests.contains(&manifest),
            (None, digest) => digest.as_ref().is_some_and(|digest| in_use.names_digest(digest)),
        };
        match along {
            _ if is_used => Err(Error::new(Kind::Safety(Danger::InUse), format!("{name} is in use"))),
            Some(tag) => Err(Error::new(Kind::Safety(Danger::InUse), format!("{name} stays"))
                .because(format!("{}:{tag}, which points to the same manifest, is in use", self.state.repository))),
            None => Ok(()),
        }
    }

    /// Whether no index that leads to a manifest is in use: without the manifest it would be broken.
    fn check_indexes_not_in_use(&self, manifest: Option<ManifestId>, name: &str) -> Result<()> {
        let in_use = &self.state.in_use;
        let is_used = |index: &ManifestId| {
            let mut tags = self.index.tags_on(*index).map(|tag| self.index.tag(tag));
            in_use.manifests.contains(index) || tags.any(|tag| in_use.tags.contains(tag))
        };
        let mut indexes = manifest.into_iter().flat_map(|manifest| self.index.ancestors(manifest, |_| true).skip(1));
        match indexes.find(is_used) {
            Some(index) => Err(Error::new(Kind::Safety(Danger::InUse), format!("{name} stays")).because(format!(
                "{}, which lists it, is in use",
                Target::of(self.index, index).within(&self.state.repository)
            ))),
            None => Ok(()),
        }
    }

    /// Whether a requested digest is that of a manifest, and not of a config or layer: distribution 2 deletes these,
    /// too.
    pub(super) fn check_is_manifest(&self, target: &Target, name: &str) -> Result<()> {
        let Target::Manifest(digest) = target else { return Ok(()) };
        let is_read = self.index.manifest_id(digest).is_some_and(|manifest| self.index.facts(manifest).is_some());
        match self.index.manifest_with_blob(digest).filter(|_| !is_read) {
            Some(owner) => {
                let owner = Target::of(self.index, owner).within(&self.state.repository);
                Err(Error::new(Kind::Safety(Danger::Unknown), format!("{name} is not a manifest"))
                    .because(format!("it is a config or layer of {owner}")))
            }
            None => Ok(()),
        }
    }

    /// Whether the manifest of an item may be deleted, as far as tags and indexes are concerned.
    ///
    /// # Errors
    ///
    /// [`Kind::Safety`] with what would be removed or broken, or what cannot be ruled out.
    pub(super) fn check_deletable(&self, item: &Item, manifest: Option<ManifestId>) -> Result<()> {
        let policy = &item.request.policy;
        let name = item.request.target.within(&self.state.repository);
        // A placeholder is made for one tag, and nothing lists it.
        let is_placeholder = manifest.and_then(|id| self.index.facts(id)).is_some_and(|facts| facts.is_placeholder);
        if is_placeholder
            && item.siblings.as_ref().is_none_or(|siblings| siblings.others.is_empty())
            && item.indexes.is_empty()
        {
            return Ok(());
        }
        if policy.siblings != Siblings::RemoveAll {
            self.check_siblings(item, manifest, &name)?;
        }
        if policy.force {
            self.check_indexes_not_in_use(manifest, &name)?;
        } else {
            if !item.indexes.is_empty() {
                let indexes = item.indexes.iter().map(ToString::to_string).collect::<Vec<_>>();
                let danger = Danger::InIndex { indexes: item.indexes.clone() };
                return Err(Error::new(Kind::Safety(danger), format!("removing {name} would break an index")).because(
                    format!("{} lists it", self.index_name(&item.indexes).unwrap_or_else(|| join_names(&indexes))),
                ));
            }
            self.check_no_unread_index(manifest, &name)?;
        }
        Ok(())
    }

    /// Whether no tag is on the manifest that must not be removed with it, and none could be.
    fn check_siblings(&self, item: &Item, manifest: Option<ManifestId>, name: &str) -> Result<()> {
        let RepositoryState { registry, repository, .. } = self.state;
        let siblings = &item.request.policy.siblings;
        let unrequested: Arc<[Tag]> = match &item.siblings {
            None => Arc::default(),
            // Shared, since the error of each of many tags on one manifest holds the list.
            Some(known) if *siblings == Siblings::Keep => Arc::clone(&known.others),
            Some(known) => known.others.iter().filter(|tag| !siblings.allow(tag)).cloned().collect(),
        };
        let other_names = manifest.map_or(&[][..], |manifest| self.other_names(manifest));
        let count = unrequested.len() + other_names.len();
        if count > 0 {
            let tags = unrequested.iter().map(|tag| format!("{repository}:{tag}"));
            let names = tags.chain(other_names.iter().map(|name| format!("{repository}:{name:?}")));
            let names = join_first(names, count);
            let digest = item.digest.as_ref().map(ToString::to_string).unwrap_or_default();
            return Err(match (&item.request.target, &item.digest) {
                (Target::Tag(_), Some(on)) => {
                    let (also, both) = match count {
                        1 => ("points", "both tags are"),
                        _ => ("point", "all of them are"),
                    };
                    let what = format!("cannot remove {name} alone: {names} {also} to the same manifest");
                    let danger = Danger::Siblings { digest: on.clone(), tags: unrequested };
                    Error::new(Kind::Safety(danger), what)
                        .because(format!("{registry} deletes manifests, not tags; {both} {digest}"))
                }
                _ => {
                    let what = format!("removing {name} would also remove {names}");
                    let points = if count == 1 { "this tag points" } else { "these tags point" };
                    Error::new(Kind::Safety(Danger::Tagged { tags: unrequested }), what)
                        .because(format!("{points} to the manifest"))
                }
            });
        }
        // An untagged manifest too may have tags that the list lacks.
        if let Some(doubt) = self.index.list_caveat() {
            let what = format!("cannot remove {name}: cannot determine which other tags point to its manifest");
            let why = match doubt {
                ListCaveat::Failed(_) => doubt.to_string(),
                _ => format!("{doubt}, although tags of {repository} exist"),
            };
            return Err(Error::new(Kind::Safety(Danger::Unlisted), what)
                .because(why)
                .because(format!("{registry} deletes manifests, not tags")));
        }
        if let Some((first, error)) = self.unresolved.first() {
            let names = self.unresolved.iter().take(NAMED).map(|(name, _)| name.clone()).collect();
            let what = format!("cannot remove {name}: {first} cannot be read, and may point to the same manifest");
            return Err(Error::new(Kind::Safety(Danger::Unreadable { names }), what).because(error));
        }
        Ok(())
    }

    /// Whether no unreadable manifest could list this one. Its own descendants cannot.
    fn check_no_unread_index(&self, manifest: Option<ManifestId>, name: &str) -> Result<()> {
        if self.unreadable.is_empty() && self.unresolved.is_empty() {
            return Ok(());
        }
        let mut below = HashSet::new();
        if let Some(manifest) = manifest {
            self.index.visit_reachable(manifest, |reached| {
                below.insert(reached);
            });
        }
        let unreadable = self.unreadable.iter().filter(|(manifest, ..)| !below.contains(manifest));
        let unreadable = unreadable
            .map(|(_, name, error)| (name, *error))
            .chain(self.unresolved.iter().map(|(name, error)| (name, Some(*error))));
        let unreadable: Vec<_> = unreadable.take(NAMED).collect();
        let Some((first, error)) = unreadable.first() else { return Ok(()) };
        let names = unreadable.iter().map(|(name, _)| (*name).clone()).collect();
        let what = format!("cannot remove {name}: {first} cannot be read, and may be an index that lists it");
        let stopped = Error::new(Kind::Safety(Danger::Unreadable { names }), what);
        Err(error.map_or(stopped.clone(), |error| stopped.because(error)))
    }

    /// The first of the indexes that a remaining name leads to, by that name.
    fn index_name(&self, indexes: &[Digest]) -> Option<String> {
        let named =
            indexes.iter().filter_map(|digest| Some((self.remaining_name(self.index.manifest_id(digest)?)?, digest)));
        named.map(|(name, digest)| format!("{name} ({digest})")).next()
    }

    /// Whether a manifest that was not requested may be purged, as far as the unknown is concerned: nothing could need
    /// it.
    pub(super) fn is_unreferenced(&self, manifest: ManifestId) -> bool {
        let is_placeholder = self.index.facts(manifest).is_some_and(|facts| facts.is_placeholder);
        let is_in_use = self.state.in_use.manifests.contains(&manifest);
        (is_placeholder || self.is_complete()) && !self.other_names.contains_key(&manifest) && !is_in_use
    }

    /// Whether the list is reliable and everything that remains could be read.
    pub(super) fn is_complete(&self) -> bool {
        self.index.list_caveat().is_none() && self.unresolved.is_empty() && self.unreadable.is_empty()
    }
}
