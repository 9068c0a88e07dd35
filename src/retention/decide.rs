//! From facts and a rule to a plan.

use std::cmp::Reverse;

use jiff::Timestamp;

use super::plan::{Decision, Plan};
use super::reason::{Kept, Removed};
use super::rule::{Order, Rule};
use super::subject::{Subject, Subjects};
use super::together::Together;
use crate::name::{Digest, Glob, VersionKey};
use crate::registry::{Census, ManifestFacts, TagFacts};

/// One tag, with what the rule wants of it.
pub(super) struct Case<'a> {
    pub(super) tag: &'a TagFacts,
    pub(super) facts: Option<&'a ManifestFacts>,
    pub(super) wish: Wish,
}

/// What is wanted of one tag, before it is looked at what else would go with it.
pub(super) enum Wish {
    /// To stay.
    Keep(Kept),
    /// To go.
    Remove(Removed),
    /// To go with what it refers to, and to stay with it.
    Follow(Subject, Vec<Subject>),
}

/// Decides what becomes of every tag. The order of the tags in `census` does not matter.
///
/// The rule is about the tags that match and are not excluded. What it does not keep is removed; with [`Rule::older_than`] only what
/// is older. What refers to another manifest has no age or place of its own: it goes with the last manifest that it refers to, unless
/// its name is kept or excluded, and stays where that one is not known.
pub fn decide(rule: &Rule, census: &Census) -> Plan {
    let cases = Wishes::new(rule, census).cases();
    let together = Together::settle(&cases);
    let decision = |case: &Case<'_>| Decision {
        tag: case.tag.tag.clone(),
        digest: case.tag.digest.clone(),
        created: case.facts.and_then(|facts| facts.created),
        size: case.facts.and_then(|facts| facts.size),
        verdict: together.verdict(case),
    };
    Plan::new(cases.iter().map(decision).collect(), together.order(), census)
}

/// Finds out what the rule wants.
struct Wishes<'a> {
    rule: &'a Rule,
    census: &'a Census,
    subjects: Subjects<'a>,
}

impl<'a> Wishes<'a> {
    fn new(rule: &'a Rule, census: &'a Census) -> Self {
        Self { rule, census, subjects: Subjects::new(census) }
    }

    /// Every tag in the order of the rule, those without a place in it last.
    fn cases(&self) -> Vec<Case<'a>> {
        let place = |tag: &TagFacts| {
            let created = self.facts(tag).and_then(|facts| facts.created);
            let by_time = created.filter(|_| self.rule.order == Order::Created);
            Reverse((by_time, VersionKey::new(tag.tag.as_str())))
        };
        let mut tags: Vec<&TagFacts> = self.census.tags.iter().collect();
        tags.sort_by_cached_key(|tag| place(tag));
        let mut left = self.rule.keep_last.map_or(0, usize::from);
        let wishes = tags.into_iter().map(|tag| {
            let facts = self.facts(tag);
            let wish = match self.without_rule(tag, facts) {
                Some(wish) => wish,
                None => self.by_rule(tag, facts.and_then(|facts| facts.created), &mut left),
            };
            Case { tag, facts, wish }
        });
        wishes.collect()
    }

    fn facts(&self, tag: &TagFacts) -> Option<&'a ManifestFacts> {
        self.census.manifests.get(tag.digest.as_ref()?)
    }

    /// What is wanted of a tag that the rule is not about.
    fn without_rule(&self, tag: &TagFacts, facts: Option<&ManifestFacts>) -> Option<Wish> {
        let name = tag.tag.as_str();
        let facts = match (&tag.error, facts) {
            (None, Some(facts)) => facts,
            (error, _) => {
                let why = error.as_ref().map_or_else(|| "nothing is known of it".to_owned(), ToString::to_string);
                return Some(Wish::Keep(Kept::Unreadable(why)));
            }
        };
        if facts.is_placeholder {
            return Some(Wish::Remove(Removed::Placeholder));
        }
        let subjects = self.subjects.of(&tag.tag, facts);
        if let Some(glob) = matching(&self.rule.exclude, name) {
            return Some(Wish::Keep(Kept::Excluded(glob.clone())));
        }
        if let [first, others @ ..] = &subjects[..] {
            let follow = || Wish::Follow(first.clone(), others.to_vec());
            return Some(self.by_name(name).map_or_else(follow, Wish::Keep));
        }
        let is_matched = self.rule.matches.is_empty() || matching(&self.rule.matches, name).is_some();
        (!is_matched).then_some(Wish::Keep(Kept::NotMatched))
    }

    /// Whether the rule keeps a tag for its name.
    fn by_name(&self, name: &str) -> Option<Kept> {
        let range = self.rule.keep_semver.as_ref();
        let in_range = range.filter(|range| VersionKey::new(name).is_in(range));
        matching(&self.rule.keep, name).cloned().map(Kept::Matches).or_else(|| in_range.cloned().map(Kept::InRange))
    }

    /// What the rule wants of the next of the tags that it is about, of which `left` are still to be kept.
    fn by_rule(&self, tag: &TagFacts, created: Option<Timestamp>, left: &mut usize) -> Wish {
        let rule = self.rule;
        let name = tag.tag.as_str();
        let has_place = match rule.order {
            Order::Created => created.is_some(),
            Order::Version => VersionKey::new(name).is_version(),
        };
        let is_last = has_place && *left > 0;
        *left -= usize::from(is_last);
        let ages = [&rule.keep_newer_than, &rule.older_than];
        let newer = ages.into_iter().flatten().find(|cutoff| created.is_some_and(|created| created >= cutoff.moment));
        let by_age = ages.iter().any(|age| age.is_some());
        let kept = match (self.by_name(name), rule.keep_last, newer) {
            (Some(kept), ..) => kept,
            (None, Some(count), _) if is_last => Kept::AmongLast(count),
            (None, _, Some(cutoff)) => Kept::NewerThan(cutoff.clone()),
            (None, Some(_), None) if !has_place && rule.order == Order::Version => Kept::NoVersion,
            (None, Some(_), None) if !has_place => Kept::NoTime,
            (None, _, None) if by_age && created.is_none() => Kept::NoTime,
            (None, ..) => return Wish::Remove(self.because()),
        };
        Wish::Keep(kept)
    }

    /// Why the rule removes what it does not keep.
    fn because(&self) -> Removed {
        let Rule { older_than, keep_last, keep_newer_than, .. } = self.rule;
        match (older_than, keep_last, keep_newer_than) {
            (Some(cutoff), ..) => Removed::OlderThan(cutoff.clone()),
            (None, Some(count), _) => Removed::NotAmongLast(*count),
            (None, None, Some(cutoff)) => Removed::OlderThan(cutoff.clone()),
            (None, None, None) => Removed::NotKept,
        }
    }
}

impl<'a> Case<'a> {
    /// What the tag's manifest lists.
    pub(super) fn lists(&self) -> impl Iterator<Item = &'a Digest> + use<'a> {
        self.facts.into_iter().flat_map(|facts| &facts.lists)
    }

    /// The manifests that are known and that the tag refers to, where it goes with them.
    pub(super) fn subjects(&self) -> impl Iterator<Item = &Digest> {
        let (first, others) = match &self.wish {
            Wish::Follow(first, others) => (Some(first), &others[..]),
            Wish::Keep(_) | Wish::Remove(_) => (None, &[][..]),
        };
        first.into_iter().chain(others).filter_map(|subject| match subject {
            Subject::Known(digest) => Some(digest),
            Subject::Unknown(_) => None,
        })
    }
}

/// The first that matches.
fn matching<'a>(globs: &'a [Glob], name: &str) -> Option<&'a Glob> {
    globs.iter().find(|glob| glob.is_match(name))
}
