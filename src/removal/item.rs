//! One thing in a plan: what was decided about it, and what depends on it.

use std::sync::Arc;

use super::request::{Method, RemovalRequest, Target};
use crate::error::Result;
use crate::name::{Digest, Tag};

/// What was decided about one thing.
#[derive(Debug, Clone)]
pub struct Item {
    /// What is requested.
    pub request: RemovalRequest,
    /// What it points at; `None` where it is looked at only when it goes.
    pub digest: Option<Digest>,
    /// How it goes, or why it does not.
    pub method: Result<Method>,
    /// Why it goes.
    pub origin: Origin,
    /// Other tags on its manifest; `None` where they were not looked for.
    pub siblings: Option<Arc<SiblingTags>>,
    /// Indexes that stay and list its manifest.
    pub indexes: Vec<Digest>,
    /// What refers to the manifest and stays when that goes.
    pub orphans: Vec<Target>,
}

/// Why something goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// It is requested.
    Requested,
    /// It does not exist.
    Absent,
    /// No tag needs it after the others went.
    Unreferenced,
    /// No index lists it after this one went.
    ChildOf(Target),
    /// It refers to this one, which goes.
    ReferrerOf(Target),
}

/// The tags on one manifest.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SiblingTags {
    /// Those that are requested, sorted.
    pub requested: Vec<Tag>,
    /// The others, sorted.
    pub others: Arc<[Tag]>,
    /// Those of the others that are in use.
    pub in_use: Vec<Tag>,
    /// Names on it that the grammar of tags forbids, in the registry's order.
    pub other_names: Vec<String>,
}

impl Item {
    /// The other tags on its manifest that stay.
    pub fn remaining_siblings(&self) -> &[Tag] {
        match (&self.method, &self.siblings) {
            (Ok(Method::Manifest), _) | (_, None) => &[],
            (_, Some(siblings)) => &siblings.others,
        }
    }

    /// Tags that go with its manifest although they are not requested.
    pub fn collateral(&self) -> &[Tag] {
        match (&self.method, &self.siblings) {
            (Ok(Method::Manifest), Some(siblings)) => &siblings.others,
            _ => &[],
        }
    }

    /// All names that go with its manifest although they are not requested: tags, and what the grammar of tags forbids.
    pub fn also_removed(&self) -> impl Iterator<Item = &str> {
        let siblings = self.siblings.iter().filter(|_| matches!(self.method, Ok(Method::Manifest)));
        let other_names = siblings.flat_map(|siblings| &siblings.other_names);
        self.collateral().iter().map(Tag::as_str).chain(other_names.map(String::as_str))
    }

    /// The other requested tags on its manifest.
    pub fn requested_siblings(&self) -> impl Iterator<Item = &Tag> {
        let requested = self.siblings.iter().flat_map(|siblings| &siblings.requested);
        requested.filter(|tag| Some(*tag) != self.request.target.tag())
    }

    /// Whether it does not exist, as far as was seen.
    pub fn is_absent(&self) -> bool {
        self.origin == Origin::Absent
    }
}
