//! Retention rules.

use std::fmt;
use std::num::NonZeroUsize;

use jiff::Timestamp;
use semver::VersionReq;

use crate::name::Glob;

/// Which tags to keep; the others in its scope are removed. A rule without criteria would remove everything.
///
/// Several rules add up: a tag is removed only where each of them removes it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rule {
    /// Where the rule comes from, such as `configuration file`: a label for the caller's own use.
    pub label: Option<String>,
    /// Keeps this many tags in scope, the first in [`Rule::order`], and all that tie with the last of them: created in
    /// the same second, or of the same version. A tag that cannot be ordered, because its time is unknown or it is no
    /// version, is kept and not counted.
    pub keep_last: Option<NonZeroUsize>,
    /// Keeps the tags that match one of these globs.
    pub keep: Vec<Glob>,
    /// Keeps tags created at this time or later, or at an unknown time.
    pub keep_newer_than: Option<Cutoff>,
    /// Keeps the versions in this range, see [`VersionKey::is_in`](crate::name::VersionKey::is_in).
    pub keep_semver: Option<VersionReq>,
    /// Removes only tags created before this time.
    pub older_than: Option<Cutoff>,
    /// The scope: tags that match one of these globs, or all tags without any glob. The other tags are kept.
    pub matches: Vec<Glob>,
    /// Tags that match one of these globs are not in scope.
    pub exclude: Vec<Glob>,
    /// The order of [`Rule::keep_last`].
    pub order: Order,
}

impl Rule {
    /// Whether the rule says what to keep or remove, and not only its scope.
    pub fn has_criteria(&self) -> bool {
        let Self { keep_last, keep, keep_newer_than, keep_semver, older_than, .. } = self;
        keep_last.is_some()
            || !keep.is_empty()
            || keep_newer_than.is_some()
            || keep_semver.is_some()
            || older_than.is_some()
    }

    /// Whether [`Rule::keep_last`] orders by creation time.
    pub(crate) fn orders_by_time(&self) -> bool {
        self.keep_last.is_some() && self.order == Order::Created
    }

    /// Whether the rule depends on creation times.
    pub(super) fn needs_times(&self) -> bool {
        self.orders_by_time() || self.keep_newer_than.is_some() || self.older_than.is_some()
    }
}

/// Which tags come first.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The newest image first.
    #[default]
    Created,
    /// The highest version first.
    Version,
}

/// A point in time, and how the user gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cutoff {
    /// The moment.
    pub moment: Timestamp,
    /// As the user gave it, such as `30 days` or `2026-01-31`: for display only.
    pub text: String,
}

impl fmt::Display for Cutoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}
