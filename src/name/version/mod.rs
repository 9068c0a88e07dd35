//! Orders tags as versions, and matches them against ranges of versions.
//!
//! Tags of images are not semantic versions: `17.11-alpine` is a variant of 17.11 and not a pre-release, `2024-01-07`
//! is a date, `9b1f27c` and `4095671` are commits. The rules:
//!
//! - A version is an optional `v`, numbers separated by dots, and perhaps a suffix. `1.2` is `1.2.0`; a fourth number
//!   counts.
//! - A suffix is a variant: `17.11`, `17.11-alpine` and `17.11-3-gfafafaf` are the same version.
//! - A suffix with one of the words alpha, beta, rc, pre, dev, snapshot, canary or nightly, with or without a number
//!   (`-rc1`, `.rc.1`, `_RC`), is a pre-release: it comes before its release.
//! - `2024-01-07` and `2024-01` are the calendar versions 2024.1.7 and 2024.1.
//! - A number without dots is a version when it has at most five digits. A longer one may be a commit, a build or a
//!   date; it is a version only where no tag of the repository has dots or is a date.
//! - Anything else is not a version, and ranks below every version.

mod range;
mod read;

use std::cmp::Ordering;

use semver::VersionReq;

use self::read::{Form, Version, read};

/// The order of a repository's tags as versions. Whether a long number is a version depends on the other tags.
///
/// ```
/// use registry_ls::name::VersionOrder;
///
/// let mut tags = ["1.10", "4095671", "latest", "v1.9", "1.10-rc1"];
/// let order = VersionOrder::of(tags);
/// tags.sort_by_key(|tag| order.key(tag));
/// assert_eq!(tags, ["4095671", "latest", "v1.9", "1.10-rc1", "1.10"]);
/// ```
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct VersionOrder {
    has_dotted: bool,
}

impl VersionOrder {
    /// The order of these tags.
    pub fn of<'a>(tags: impl IntoIterator<Item = &'a str>) -> Self {
        let is_dotted = |tag| read(tag).is_some_and(|reading| reading.form == Form::Dotted);
        Self { has_dotted: tags.into_iter().any(is_dotted) }
    }

    /// The sort key of a tag in this order.
    pub fn key(self, tag: &str) -> VersionKey {
        let counts = |form| form != Form::LongNumber || !self.has_dotted;
        let version = read(tag).filter(|reading| counts(reading.form)).map(|reading| reading.version());
        VersionKey { version, name: Natural(tag.into()) }
    }
}

/// The sort key of a tag. The derived order is: tags that are not versions, then versions, then by name, so that
/// different tags are never equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct VersionKey {
    version: Option<Version>,
    name: Natural,
}

impl VersionKey {
    /// Whether the tag is a version.
    pub(crate) fn is_version(&self) -> bool {
        self.version.is_some()
    }

    /// Whether both tags are versions and the same one, such as `17.11` and `17.11-alpine`.
    pub(crate) fn is_same_version(&self, other: &Self) -> bool {
        self.version.is_some() && self.version == other.version
    }

    /// Whether the tag is a version in a range. A tag in doubt is in the range: a variant where its version is, `1.4`
    /// where any 1.4.x is. A pre-release is in the range only if that names a pre-release of the same version, as in
    /// semantic versioning.
    pub fn is_in(&self, range: &VersionReq) -> bool {
        self.version.is_some() && read(&self.name.0).is_some_and(|reading| range::contains(range, &reading))
    }

    /// Whether the tag is a pre-release outside a range that contains its release.
    pub(crate) fn is_pre_release_outside(&self, range: &VersionReq) -> bool {
        let is_left_out = |reading| !range::contains(range, &reading) && range::contains_release(range, &reading);
        self.version.is_some() && read(&self.name.0).is_some_and(is_left_out)
    }
}

/// Text in which digits count as numbers: `rc9` is before `rc10`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Natural(Box<str>);

impl Ord for Natural {
    fn cmp(&self, other: &Self) -> Ordering {
        alphanumeric_sort::compare_str(&self.0, &other.0).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Natural {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests;
