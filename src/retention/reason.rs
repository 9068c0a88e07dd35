//! Why a tag is kept or removed: facts, by the rules and the tags and manifests of the snapshot.

use crate::registry::snapshot::{ManifestId, TagId};

/// A rule, by its position in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub(crate) u32);

impl RuleId {
    /// The position in the list of rules.
    pub fn position(self) -> usize {
        self.0 as usize
    }
}

/// Why a tag is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kept {
    /// It is one of the first in [`Rule::order`](super::Rule::order), which [`Rule::keep_last`](super::Rule::keep_last)
    /// keeps.
    AmongLast(RuleId),
    /// It ties with the last of these: created in the same second, or of the same version.
    Tied(RuleId),
    /// It matches the glob at this position of [`Rule::keep`](super::Rule::keep).
    Matches(RuleId, u32),
    /// It is a version in [`Rule::keep_semver`](super::Rule::keep_semver).
    InRange(RuleId),
    /// It is not older than [`Rule::keep_newer_than`](super::Rule::keep_newer_than).
    NewerThan(RuleId),
    /// It is not older than [`Rule::older_than`](super::Rule::older_than).
    NotOlderThan(RuleId),
    /// The rule depends on its creation time, which is unknown.
    NoTime(RuleId),
    /// The rule depends on its creation time, which most images of the repository share.
    SharedTime(RuleId),
    /// The rule orders by version, and it is no version.
    NoVersion(RuleId),
    /// It is not in scope of the rule: it matches none of [`Rule::matches`](super::Rule::matches).
    NotMatched(RuleId),
    /// It is not in scope: it matches the glob at this position of [`Rule::exclude`](super::Rule::exclude).
    Excluded(RuleId, u32),
    /// It is in use.
    Used,
    /// It could not be read completely.
    Unreadable,
    /// It is listed, and has no manifest.
    Dangling,
    /// A kept index lists its manifest.
    ListedBy(ManifestRef),
    /// Its subject is kept.
    RefersTo(ManifestRef),
    /// No tag leads to its subject: this manifest, or the one that its name refers to, see
    /// [`named_subject`](super::named_subject).
    UnknownSubject(Option<ManifestId>),
    /// Its subject may have to be kept, because of this obstacle.
    SubjectUncertain(Obstacle),
    /// The rules would remove every tag of the repository.
    WouldRemoveAll,
    /// The rules cannot be applied to the repository, see [`Plan::refusal`](super::Plan::refusal).
    Refused,
}

/// Why a tag is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Removed {
    /// It is older than [`Rule::older_than`](super::Rule::older_than).
    OlderThan(RuleId),
    /// It is older than [`Rule::keep_newer_than`](super::Rule::keep_newer_than), the only criterion that could have
    /// kept it.
    NotNewerThan(RuleId),
    /// It is not one of the first in [`Rule::order`](super::Rule::order).
    NotAmongLast(RuleId),
    /// It is a pre-release of a version in [`Rule::keep_semver`](super::Rule::keep_semver), which does not include
    /// pre-releases.
    PreRelease(RuleId),
    /// Nothing keeps it.
    NotKept,
    /// It is a placeholder that an interrupted removal left behind.
    Placeholder,
    /// Its subject is removed.
    SubjectRemoved(ManifestRef),
}

/// Why a tag is removed without its manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Untagged {
    /// A kept tag or name leads to the manifest.
    SharedWith(ManifestRef),
    /// The manifest is in use by its digest, or something in use needs it.
    Needed,
    /// Something unreadable may need the manifest.
    Uncertain(Obstacle),
}

/// Refers to a manifest by the name that people know: a tag on it or on an index above it, or the manifest itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ManifestRef {
    /// A tag.
    Tag(TagId),
    /// A listed name that is no valid tag, by its position in
    /// [`TagIndex::other_names`](crate::registry::TagIndex::other_names).
    OtherName(u32),
    /// A manifest without a tag.
    Manifest(ManifestId),
}

/// What could not be read, so that no manifest may be deleted by its digest: it may need any manifest, or point to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obstacle {
    /// The manifest of this tag, or one of its descendants.
    Tag(TagId),
    /// The manifest of a listed name that is no valid tag, by its position in
    /// [`TagIndex::other_names`](crate::registry::TagIndex::other_names).
    OtherName(u32),
    /// The list of tags, see [`TagIndex::list_caveat`](crate::registry::TagIndex::list_caveat).
    List,
    /// This manifest.
    Manifest(ManifestId),
}

impl Kept {
    /// The rule that keeps the tag, if a rule does.
    pub fn rule(self) -> Option<RuleId> {
        match self {
            Self::AmongLast(rule)
            | Self::Tied(rule)
            | Self::Matches(rule, _)
            | Self::InRange(rule)
            | Self::NewerThan(rule)
            | Self::NotOlderThan(rule)
            | Self::NoTime(rule)
            | Self::SharedTime(rule)
            | Self::NoVersion(rule)
            | Self::NotMatched(rule)
            | Self::Excluded(rule, _) => Some(rule),
            Self::Used
            | Self::Unreadable
            | Self::Dangling
            | Self::ListedBy(_)
            | Self::RefersTo(_)
            | Self::UnknownSubject(_)
            | Self::SubjectUncertain(_)
            | Self::WouldRemoveAll
            | Self::Refused => None,
        }
    }
}
