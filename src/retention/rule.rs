//! The rule.

use std::fmt;
use std::num::NonZeroUsize;

use jiff::Timestamp;
use semver::VersionReq;

use crate::name::Glob;

/// What to keep and what to remove. A tag that no member keeps is removed: a rule without any would remove everything.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Keeps as many of the tags that the rule is about, the first in [`Rule::order`]. A tag that has no place in that order, one
    /// whose time is not known or that is no version, is kept and does not count.
    pub keep_last: Option<NonZeroUsize>,
    /// Keeps the tags that match one of these.
    pub keep: Vec<Glob>,
    /// Keeps what was made at this time or later, or nobody knows when.
    pub keep_newer_than: Option<Cutoff>,
    /// Keeps the versions in this range.
    pub keep_semver: Option<VersionReq>,
    /// Removes only what was made before this time.
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
    pub fn says_what_goes(&self) -> bool {
        let Self { keep_last, keep, keep_newer_than, keep_semver, older_than, .. } = self;
        keep_last.is_some()
            || !keep.is_empty()
            || keep_newer_than.is_some()
            || keep_semver.is_some()
            || older_than.is_some()
    }
}

/// In which order tags are the first to be kept.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The newest image first.
    #[default]
    Created,
    /// The highest version first.
    Version,
}

/// A moment, and how it was called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cutoff {
    /// The moment.
    pub moment: Timestamp,
    /// For people: what is made before is "older than" this, as `30 days` or `2026-01-31`.
    pub text: String,
}

impl fmt::Display for Cutoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}
