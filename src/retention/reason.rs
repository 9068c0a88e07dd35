//! Why a tag stays or goes: facts, and the words for them.

use std::fmt::{self, Formatter};

use super::rule::{Cutoff, Order, Rule};
use super::subject::named_subject;
use crate::error::Error;
use crate::name::Glob;
use crate::registry::snapshot::{ManifestId, Pointer, TagId, TagIndex};

/// One of the rules, by its position in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub(crate) u32);

impl RuleId {
    /// The position in the list of rules.
    pub fn position(self) -> usize {
        self.0 as usize
    }
}

/// Why a tag stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kept {
    /// It is one of the first in the rule's order.
    AmongLast(RuleId),
    /// It has the same place in that order as the last of these: the same second, or the same version.
    Tied(RuleId),
    /// It matches a glob of what is to be kept, by its position.
    Matches(RuleId, u32),
    /// It is a version in the range.
    InRange(RuleId),
    /// It is not older than the rule's [`Rule::keep_newer_than`].
    NewerThan(RuleId),
    /// It is not older than the rule's [`Rule::older_than`].
    NotOlderThan(RuleId),
    /// Its age matters, and when it was created is unknown.
    NoTime(RuleId),
    /// Its age matters, and most images of the repository have the very same date.
    SharedTime(RuleId),
    /// The order of versions matters, and it is not a version.
    NoVersion(RuleId),
    /// The rule is about other tags.
    NotMatched(RuleId),
    /// The rule is not about what matches this glob, by its position.
    Excluded(RuleId, u32),
    /// It is in use.
    Used,
    /// Not all of it could be read.
    Unreadable,
    /// The registry lists it, and has no manifest for it.
    Dangling,
    /// Its manifest is one of those that an index which stays lists.
    ListedBy(ManifestRef),
    /// What it refers to stays.
    RefersTo(ManifestRef),
    /// What it refers to is not known: this manifest, or the one that its name says.
    UnknownSubject(Option<ManifestId>),
    /// What it refers to may have to stay.
    SubjectUncertain(Obstacle),
    /// The rules would remove every tag of the repository.
    WouldRemoveAll,
    /// The rules cannot be applied to the repository, see [`Plan::refusal`](super::Plan::refusal).
    Refused,
}

/// Why a tag goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Removed {
    /// It is older than the rule's [`Rule::older_than`].
    OlderThan(RuleId),
    /// It is older than the rule's [`Rule::keep_newer_than`], the only thing that could have kept it.
    NotNewerThan(RuleId),
    /// It is not one of the first in the rule's order.
    NotAmongLast(RuleId),
    /// It is a pre-release of a version in the range, and the range does not include pre-releases.
    PreRelease(RuleId),
    /// Nothing keeps it.
    NotKept,
    /// An interrupted removal left it behind.
    Placeholder,
    /// What it refers to goes.
    SubjectRemoved(ManifestRef),
}

/// Why a tag goes without its manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Untagged {
    /// Something else that stays points at it.
    SharedWith(ManifestRef),
    /// It is in use by its digest, or something that is needs it.
    Needed,
    /// Something may need it.
    Uncertain(Obstacle),
}

/// What stands for a manifest: a tag on it or on an index above it, or the manifest itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ManifestRef {
    /// A tag.
    Tag(TagId),
    /// A name in the list that is not a tag, by its position.
    OtherName(u32),
    /// A manifest without a tag.
    Manifest(ManifestId),
}

/// Why no manifest may be deleted by its digest: this may need any of them, or be on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obstacle {
    /// What this tag points at, or something that this lists, could not be read.
    Tag(TagId),
    /// What this name points at could not be read. It is not a tag; this is its position.
    OtherName(u32),
    /// The list of tags cannot rule out further tags, see [`TagIndex::doubt`].
    List,
    /// This manifest could not be read.
    Manifest(ManifestId),
}

/// Puts reasons into words, with the names that they stand for.
#[derive(Clone, Copy)]
pub(super) struct ReasonWriter<'a> {
    pub rules: &'a [Rule],
    pub snapshot: &'a TagIndex,
}

/// A reason in words.
pub(super) struct ReasonText<'a, T> {
    pub words: ReasonWriter<'a>,
    /// The tag that it is about, if it is about one.
    pub tag: Option<TagId>,
    pub reason: T,
}

impl<'a> ReasonWriter<'a> {
    fn rule(self, rule: RuleId) -> &'a Rule {
        &self.rules[rule.position()]
    }

    /// Why a tag could not be read.
    fn failure(self, tag: TagId) -> Option<&'a Error> {
        match self.snapshot.pointer(tag) {
            Pointer::Unknown(error) => Some(error),
            Pointer::At(manifest) => self.snapshot.first_error(*manifest),
            Pointer::Dangling => None,
        }
    }

    fn holder(self, holder: ManifestRef) -> String {
        match holder {
            ManifestRef::Tag(tag) => self.snapshot.tag(tag).to_string(),
            ManifestRef::OtherName(name) => self.other_name(name),
            ManifestRef::Manifest(manifest) => self.snapshot.digest(manifest).to_string(),
        }
    }

    fn other_name(self, position: u32) -> String {
        let name = self.snapshot.other_names().get(position as usize);
        name.map_or_else(String::new, |other| format!("{:?}", other.name))
    }

    /// The obstacle as the subject of a sentence.
    pub(super) fn obstacle(self, obstacle: Obstacle) -> String {
        match obstacle {
            Obstacle::Tag(tag) => format!("{}, which could not be read,", self.snapshot.tag(tag)),
            Obstacle::OtherName(name) => format!("{}, which could not be read,", self.other_name(name)),
            Obstacle::Manifest(manifest) => format!("{}, which could not be read,", self.snapshot.digest(manifest)),
            Obstacle::List => "a tag that the registry does not list".to_owned(),
        }
    }
}

/// The first of so many, in the words of the order.
fn first(rule: &Rule) -> String {
    let count = rule.keep_last.map_or(0, usize::from);
    match (rule.order, count) {
        (Order::Created, 1) => "the newest".to_owned(),
        (Order::Created, count) => format!("the {count} newest"),
        (Order::Version, 1) => "the highest version".to_owned(),
        (Order::Version, count) => format!("the {count} highest versions"),
    }
}

/// `one of the 2 newest`
fn one_of_first(rule: &Rule) -> String {
    let first = first(rule);
    if rule.keep_last.is_some_and(|count| count.get() > 1) { format!("one of {first}") } else { first }
}

fn cutoff(cutoff: Option<&Cutoff>) -> &str {
    cutoff.map_or("", |cutoff| &cutoff.text)
}

fn glob(globs: &[Glob], position: u32) -> &str {
    globs.get(position as usize).map_or("", Glob::as_str)
}

impl Kept {
    /// The rule that keeps it, where it is one of them.
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

impl fmt::Display for ReasonText<'_, Kept> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (words, tag) = (self.words, self.tag);
        match self.reason {
            Kept::AmongLast(rule) => f.write_str(&one_of_first(words.rule(rule)))?,
            Kept::Tied(rule) => match words.rule(rule).order {
                Order::Created => write!(f, "created in the same second as {}", one_of_first(words.rule(rule)))?,
                Order::Version => write!(f, "same version as {}", one_of_first(words.rule(rule)))?,
            },
            Kept::Matches(rule, position) => write!(f, "matches '{}'", glob(&words.rule(rule).keep, position))?,
            Kept::InRange(rule) => {
                f.write_str("version in range")?;
                words.rule(rule).keep_semver.iter().try_for_each(|range| write!(f, " {range}"))?;
            }
            Kept::NewerThan(rule) => write!(f, "newer than {}", cutoff(words.rule(rule).keep_newer_than.as_ref()))?,
            Kept::NotOlderThan(rule) => write!(f, "newer than {}", cutoff(words.rule(rule).older_than.as_ref()))?,
            Kept::NoTime(_) => f.write_str("creation time unknown")?,
            Kept::SharedTime(_) => f.write_str("creation time unknown: most images here have the same date")?,
            Kept::NoVersion(_) => f.write_str("no version, so neither counted nor removed")?,
            Kept::NotMatched(_) => f.write_str("not matched")?,
            Kept::Excluded(rule, position) => {
                write!(f, "excluded by '{}'", glob(&words.rule(rule).exclude, position))?;
            }
            Kept::Used => f.write_str("in use")?,
            Kept::Unreadable => {
                f.write_str("could not be read")?;
                tag.and_then(|tag| words.failure(tag)).iter().try_for_each(|error| write!(f, ": {error}"))?;
            }
            Kept::Dangling => f.write_str("dangling: the registry lists it and has no manifest for it")?,
            Kept::ListedBy(holder) => write!(f, "part of {}, which stays", words.holder(holder))?,
            Kept::RefersTo(holder) => write!(f, "refers to {}, which stays", words.holder(holder))?,
            Kept::UnknownSubject(Some(subject)) => {
                write!(f, "refers to {}, which no tag reaches", words.snapshot.digest(subject))?;
            }
            Kept::UnknownSubject(None) => match tag.and_then(|tag| named_subject(words.snapshot.tag(tag))) {
                Some((algorithm, encoded)) => write!(f, "refers to {algorithm}:{encoded}, which no tag reaches")?,
                None => f.write_str("refers to a manifest that no tag reaches")?,
            },
            Kept::SubjectUncertain(obstacle) => {
                write!(f, "refers to a manifest that {} may need", words.obstacle(obstacle))?;
            }
            Kept::WouldRemoveAll => f.write_str("the rule would remove every tag")?,
            Kept::Refused => f.write_str("the rule cannot be applied")?,
        }
        let label = self.reason.rule().and_then(|rule| words.rule(rule).label.as_ref());
        label.map_or(Ok(()), |label| write!(f, " ({label})"))
    }
}

impl fmt::Display for ReasonText<'_, Removed> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let words = self.words;
        match self.reason {
            Removed::OlderThan(rule) => write!(f, "older than {}", cutoff(words.rule(rule).older_than.as_ref())),
            Removed::NotNewerThan(rule) => {
                write!(f, "older than {}", cutoff(words.rule(rule).keep_newer_than.as_ref()))
            }
            Removed::NotAmongLast(rule) => match words.rule(rule).order {
                Order::Created => write!(f, "older than {}", first(words.rule(rule))),
                Order::Version => write!(f, "lower than {}", first(words.rule(rule))),
            },
            Removed::PreRelease(rule) => {
                f.write_str("a pre-release, which the range does not include")?;
                words.rule(rule).keep_semver.iter().try_for_each(|range| write!(f, ": {range}"))
            }
            Removed::NotKept => f.write_str("nothing keeps it"),
            Removed::Placeholder => f.write_str("left behind by an interrupted removal"),
            Removed::SubjectRemoved(holder) => write!(f, "refers to {}, which goes", words.holder(holder)),
        }
    }
}

impl fmt::Display for ReasonText<'_, Untagged> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.reason {
            Untagged::SharedWith(holder) => {
                write!(f, "shares its manifest with {}, which stays", self.words.holder(holder))
            }
            Untagged::Needed => f.write_str("its manifest stays, which is needed"),
            Untagged::Uncertain(obstacle) => {
                write!(f, "its manifest stays: {} may need it", self.words.obstacle(obstacle))
            }
        }
    }
}
