//! How the removal of one item ended.

use crate::error::Error;
use crate::name::{Digest, Tag};

/// How the removal of one item ended.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It existed, and is verified to be removed.
    Removed(Removed),
    /// It did not exist when the plan was made.
    Absent(Error),
    /// It existed when the plan was made, and another client removed it since. With its digest, where that is known.
    AlreadyRemoved(Option<Digest>),
    /// It was kept, because something that is not removed needs it now.
    Kept(Error),
    /// It was not tried: it was to be removed only together with something that is kept. The reason is reported for
    /// that.
    Skipped(Error),
    /// It could not be removed, or the removal could not be verified.
    Failed(Error),
}

/// What was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Removed {
    /// The digest that the tag pointed to; `None` where it could not be read.
    pub digest: Option<Digest>,
    /// Tags that were to be removed with the manifest, and that another client moved to another manifest meanwhile:
    /// they still exist.
    pub moved: Vec<Tag>,
    /// Names that no longer resolve and are still in the registry's list of tags: the item's own tag, and those on its
    /// manifest.
    pub still_listed: Vec<String>,
    /// Whether the manifest still exists without the tag; `None` where that was not looked up.
    pub has_manifest: Option<bool>,
    /// Whether the tag was dangling: listed, with no manifest behind it.
    pub was_dangling: bool,
    /// Whether a copy of the manifest was archived, so that the removal can be undone.
    pub can_be_undone: bool,
}

impl Removed {
    pub(super) fn new(digest: Option<Digest>, can_be_undone: bool) -> Self {
        let (moved, still_listed) = (Vec::new(), Vec::new());
        Self { digest, moved, still_listed, has_manifest: None, was_dangling: false, can_be_undone }
    }

    pub(super) fn dangling() -> Self {
        Self { was_dangling: true, ..Self::new(None, false) }
    }
}
