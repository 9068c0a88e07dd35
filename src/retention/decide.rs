//! Applies rules to a snapshot.

use jiff::Timestamp;

use super::candidate::{Candidate, Candidates, Intent, RuleInput};
use super::plan::{Decision, Plan, Refusal, Verdict};
use super::reachability::{Reachability, find_obstacle, reachable_manifests};
use super::reason::{Kept, Removed};
use super::rule::Rule;
use super::subject::Subjects;
use super::summary::Summaries;
use super::used::UsedTags;
use crate::registry::snapshot::{ManifestId, TagId, TagIndex};

/// Options of [`decide`].
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Options {
    /// The current time: a creation date more than a day later counts as unknown.
    pub now: Timestamp,
    /// Whether every tag of the repository may be removed.
    pub allow_empty: bool,
}

impl Options {
    /// The options at this time; not every tag may be removed.
    pub fn at(now: Timestamp) -> Self {
        Self { now, allow_empty: false }
    }
}

/// Decides which tags to keep and which to remove. The result does not depend on the order of the tags. Time and memory
/// are linear in tags, manifests and index entries, except for sorting the tags.
///
/// A tag is removed only where every rule removes it. The scope of a rule is the tags that match and are not excluded;
/// it removes those that it does not keep, with [`Rule::older_than`] only the older ones. The rules do not apply to a
/// referrer: it is removed with its last subject, unless its name is kept or excluded, and kept where its subject is
/// unknown.
pub fn decide(rules: &[Rule], snapshot: &TagIndex, used: &UsedTags, options: &Options) -> Plan {
    let is_reached = reachable_manifests(snapshot);
    let obstacle = find_obstacle(snapshot, &is_reached);
    let mut is_pinned = used.manifests(snapshot);
    let is_used: Vec<_> = snapshot
        .tags()
        .map(|(_, tag, pointer)| used.names(tag) || pointer.manifest().is_some_and(|on| is_pinned[on.position()]))
        .collect();
    is_pinned.iter_mut().zip(&is_reached).for_each(|(is_pinned, is_reached)| *is_pinned |= !is_reached);
    for manifest in snapshot.other_names().iter().filter_map(|other| other.pointer.manifest()) {
        is_pinned[manifest.position()] = true;
    }

    let mut summaries = Summaries::new(snapshot, options.now);
    let subjects = Subjects::new(snapshot, &is_reached);
    let facts = RuleInput { rules, snapshot, subjects: &subjects, summaries: &mut summaries, is_used: &is_used };
    let Candidates { all, rows, unordered, is_without_times } = Candidates::new(facts);
    let reachability = Reachability::new(snapshot, &all, &rows, is_pinned, obstacle);

    let refusal = if rules.is_empty() { Some(Refusal::NoRule) } else { unordered.map(Refusal::NoTimes) };
    let would_remove_all = refusal.is_none() && !options.allow_empty && removes_all(&all, &reachability);
    let held_back = match (refusal, would_remove_all) {
        (Some(_), _) => Some(Kept::Refused),
        (None, true) => Some(Kept::WouldRemoveAll),
        (None, false) => None,
    };
    let mut sizes = Sizes { snapshot, known: vec![None; snapshot.manifest_count()] };
    let decision = |tag: &TagId| {
        let candidate = &all[tag.position()];
        let verdict = match (reachability.outcome(candidate), held_back) {
            (Ok(_), Some(kept)) => Verdict::Keep(kept),
            (Ok((because, untag)), None) => Verdict::Remove { because, untag },
            (Err(kept), _) => Verdict::Keep(kept),
        };
        Decision {
            tag: *tag,
            manifest: candidate.manifest,
            created: candidate.manifest.and_then(|manifest| summaries.created(manifest).written()),
            size: candidate.manifest.and_then(|manifest| sizes.of(manifest)),
            verdict,
        }
    };
    let decisions: Vec<_> = rows.iter().map(decision).collect();
    let mut plan = Plan { decisions, refusal, would_remove_all, is_without_times, obstacle, ..Plan::default() };
    plan.rules = rules.into();
    if held_back.is_none() {
        plan.removals = positions(&rows, reachability.removed_tags());
    }
    plan
}

/// Whether images are removed and none is left. Referrers and leftover placeholders are not images.
fn removes_all(candidates: &[Candidate], reachability: &Reachability<'_>) -> bool {
    let mut goes = false;
    for candidate in candidates {
        match (reachability.outcome(candidate), candidate.intent) {
            (Ok((Removed::Placeholder | Removed::SubjectRemoved(_), _)), _) => {}
            (Ok(_), _) => goes = true,
            (Err(_), Intent::Follow(_)) => {}
            (Err(Kept::Dangling | Kept::UnknownSubject(_)), _) => {}
            (Err(_), _) => return false,
        }
    }
    goes
}

/// The positions of tags among the rows.
fn positions(rows: &[TagId], tags: &[TagId]) -> Vec<u32> {
    let mut position_of = vec![0; rows.len()];
    rows.iter().zip(0..).for_each(|(tag, position)| position_of[tag.position()] = position);
    tags.iter().map(|tag| position_of[tag.position()]).collect()
}

/// The sizes of manifests, each computed once.
struct Sizes<'a> {
    snapshot: &'a TagIndex,
    known: Vec<Option<Option<u64>>>,
}

impl Sizes<'_> {
    fn of(&mut self, manifest: ManifestId) -> Option<u64> {
        *self.known[manifest.position()].get_or_insert_with(|| self.snapshot.size(manifest))
    }
}
