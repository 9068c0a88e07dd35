//! Why a tag stays or goes. `Display` is the text for people.

use std::fmt;
use std::num::NonZeroUsize;

use semver::VersionReq;

use super::rule::Cutoff;
use crate::name::{Digest, Glob, Tag};

/// Why a tag stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// The rule keeps as many, and this is one of them.
    AmongLast(NonZeroUsize),
    /// It matches this glob of what is to be kept.
    Matches(Glob),
    /// It is a version in this range.
    InRange(VersionReq),
    /// It is not old enough.
    NewerThan(Cutoff),
    /// Its age matters, and nobody knows it.
    NoTime,
    /// The order of versions matters, and it is none.
    NoVersion,
    /// The rule is about other tags.
    NotMatched,
    /// The rule is not about what matches this glob.
    Excluded(Glob),
    /// This is why not all is known of it.
    Unreadable(String),
    /// Its manifest is one of those that this tag's index lists.
    ListedBy(Tag),
    /// What it refers to stays, because of this tag.
    RefersTo(Tag),
    /// What it refers to is not known, as far as that can be said.
    NoSubject(String),
    /// What it refers to may have to stay: this tag, which could not be read, may list it.
    SubjectUnsure(Tag),
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AmongLast(count) => write!(f, "among the last {count}"),
            Self::Matches(glob) => write!(f, "matches --keep '{glob}'"),
            Self::InRange(range) => write!(f, "in the versions {range}"),
            Self::NewerThan(cutoff) => write!(f, "newer than {cutoff}"),
            Self::NoTime => f.write_str("not known when it was made"),
            Self::NoVersion => f.write_str("no version"),
            Self::NotMatched => f.write_str("not matched"),
            Self::Excluded(glob) => write!(f, "excluded by '{glob}'"),
            Self::Unreadable(why) => write!(f, "could not be read: {why}"),
            Self::ListedBy(tag) => write!(f, "part of {tag}, which stays"),
            Self::RefersTo(tag) => write!(f, "refers to {tag}, which stays"),
            Self::NoSubject(subject) => write!(f, "refers to {subject}, which is not known"),
            Self::SubjectUnsure(tag) => write!(f, "may refer to a part of {tag}, which could not be read"),
        }
    }
}

/// Why a tag goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removed {
    /// It is old enough, and nothing keeps it.
    OlderThan(Cutoff),
    /// The rule keeps as many, and this is none of them.
    NotAmongLast(NonZeroUsize),
    /// Nothing keeps it.
    NotKept,
    /// An interrupted removal left it behind.
    Placeholder,
    /// What it refers to goes; of a tag that is known, this one.
    With(Result<Tag, Digest>),
}

impl fmt::Display for Removed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OlderThan(cutoff) => write!(f, "older than {cutoff}"),
            Self::NotAmongLast(count) => write!(f, "not among the last {count}"),
            Self::NotKept => f.write_str("nothing keeps it"),
            Self::Placeholder => f.write_str("left by an interrupted removal"),
            Self::With(Ok(tag)) => write!(f, "refers to {tag}, which goes"),
            Self::With(Err(digest)) => write!(f, "refers to {digest}, which goes"),
        }
    }
}

/// Why a tag goes without its manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Untagged {
    /// This tag is on it too.
    SharedWith(Tag),
    /// This tag could not be read: it may be on it too, or on an index that lists it.
    Unsure(Tag),
}

impl fmt::Display for Untagged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SharedWith(tag) => write!(f, "shares its manifest with {tag}, which stays"),
            Self::Unsure(tag) => write!(f, "its manifest stays: {tag}, which could not be read, may need it"),
        }
    }
}
