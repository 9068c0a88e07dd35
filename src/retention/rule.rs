//! The rule.

use std::fmt;
use std::num::NonZeroUsize;

use jiff::Timestamp;
use semver::VersionReq;

use crate::name::Glob;

/// What to keep and what to remove. A tag that no member keeps is removed: a rule without any would remove everything.
///
/// Several rules add up: a tag goes only where each of them removes it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What people call it where several rules add up, such as `configuration file`; it stands in the reasons of what it keeps.
    pub label: Option<String>,
    /// Keeps as many of the tags that the rule is about, the first in [`Rule::order`], and with the last of them those that have the
    /// same place: a creation time in the same second, the same version. A tag without a place, whose time is unknown or that is not
    /// a version, is kept and does not count.
    pub keep_last: Option<NonZeroUsize>,
    /// Keeps the tags that match one of these.
    pub keep: Vec<Glob>,
    /// Keeps what was created at this time or later, or at an unknown time.
    pub keep_newer_than: Option<Cutoff>,
    /// Keeps the versions in this range, see [`VersionKey::is_in`](crate::name::VersionKey::is_in).
    pub keep_semver: Option<VersionReq>,
    /// Removes only what was created before this time.
    pub older_than: Option<Cutoff>,
    /// The tags that the rule is about: those that match one of these, and all if there is none. The rest stays.
    pub matches: Vec<Glob>,
    /// Of those, the tags that it is not about.
    pub exclude: Vec<Glob>,
    /// Which tags are the last.
    pub order: Order,
}

impl Rule {
    /// Whether the rule says what is to go. One that only says which tags it is about does not.
    pub fn has_criteria(&self) -> bool {
        let Self { keep_last, keep, keep_newer_than, keep_semver, older_than, .. } = self;
        keep_last.is_some()
            || !keep.is_empty()
            || keep_newer_than.is_some()
            || keep_semver.is_some()
            || older_than.is_some()
    }

    /// Whether [`Rule::keep_last`] goes by creation time.
    pub(crate) fn orders_by_time(&self) -> bool {
        self.keep_last.is_some() && self.order == Order::Created
    }

    /// Whether creation times decide anything.
    pub(super) fn needs_times(&self) -> bool {
        self.orders_by_time() || self.keep_newer_than.is_some() || self.older_than.is_some()
    }
}

/// Which tags are the first to be kept.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The newest image first.
    #[default]
    Created,
    /// The highest version first.
    Version,
}

/// A moment, and what people call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cutoff {
    /// The moment.
    pub moment: Timestamp,
    /// For people: what was created before is "older than" this, as `30 days` or `2026-01-31`.
    pub text: String,
}

impl fmt::Display for Cutoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}
