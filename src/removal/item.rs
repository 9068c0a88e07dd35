//! One entry of a plan: what was decided about a tag or manifest, and what depends on it.

use std::sync::Arc;

use super::request::{Method, RemovalRequest, Target};
use crate::error::Result;
use crate::name::{Digest, Tag};

/// What was decided about one tag or manifest.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Item {
    /// The request.
    pub request: RemovalRequest,
    /// The digest that the target points to; `None` where it is resolved only when it is removed.
    pub digest: Option<Digest>,
    /// How it is removed, or why it cannot be.
    pub method: Result<Method>,
    /// Why it is in the plan.
    pub origin: Origin,
    /// Other tags on its manifest; `None` where they were not looked up.
    pub siblings: Option<Arc<SiblingTags>>,
    /// Indexes that list its manifest and are not removed.
    pub indexes: Vec<Digest>,
    /// Referrers of the manifest that are not removed with it.
    pub orphans: Vec<Target>,
}

/// Why an item is in a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// It was requested.
    Requested,
    /// It was requested, and does not exist.
    Absent,
    /// No tag points to it after the requested removals.
    Unreferenced,
    /// This index listed it, is removed, and no other index lists it.
    ChildOf(Target),
    /// Its subject is this one, which is removed.
    ReferrerOf(Target),
}

/// The tags on one manifest.
#[derive(Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SiblingTags {
    /// Those that are requested, sorted.
    pub requested: Vec<Tag>,
    /// The others, sorted.
    pub others: Arc<[Tag]>,
    /// Those of the others that are in use.
    pub in_use: Vec<Tag>,
    /// Listed names on the manifest that are not valid tags, in the registry's order.
    pub other_names: Vec<String>,
}

impl Item {
    /// The other tags on its manifest, where the manifest is not deleted.
    pub fn remaining_siblings(&self) -> &[Tag] {
        match (&self.method, &self.siblings) {
            (Ok(Method::Manifest), _) | (_, None) => &[],
            (_, Some(siblings)) => &siblings.others,
        }
    }

    /// Tags that are removed with its manifest although they were not requested.
    pub fn collateral(&self) -> &[Tag] {
        match (&self.method, &self.siblings) {
            (Ok(Method::Manifest), Some(siblings)) => &siblings.others,
            _ => &[],
        }
    }

    /// All names that are removed with its manifest although they were not requested: tags, and names that are not
    /// valid tags.
    pub fn also_removed(&self) -> impl Iterator<Item = &str> {
        let siblings = self.siblings.iter().filter(|_| matches!(self.method, Ok(Method::Manifest)));
        let other_names = siblings.flat_map(|siblings| &siblings.other_names);
        self.collateral().iter().map(Tag::as_str).chain(other_names.map(String::as_str))
    }

    /// The item's own tag, and all names that are removed with its manifest.
    pub(super) fn removed_names(&self) -> impl Iterator<Item = &str> {
        self.request.target.tag().map(Tag::as_str).into_iter().chain(self.also_removed())
    }

    /// The other requested tags on its manifest.
    pub fn requested_siblings(&self) -> impl Iterator<Item = &Tag> {
        let requested = self.siblings.iter().flat_map(|siblings| &siblings.requested);
        requested.filter(|tag| Some(*tag) != self.request.target.tag())
    }

    /// Whether it did not exist when the plan was made.
    pub fn is_absent(&self) -> bool {
        self.origin == Origin::Absent
    }

    /// Whether its manifest is to be deleted by digest.
    pub(super) fn deletes_manifest(&self) -> bool {
        matches!(self.method, Ok(Method::Manifest))
    }
}
