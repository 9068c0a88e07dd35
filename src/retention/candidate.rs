//! What the rules say about each tag on its own, before dependencies between manifests are considered.

use std::cmp::Reverse;

use jiff::Timestamp;

use super::reason::{Kept, Removed, RuleId};
use super::rule::{Cutoff, Order, Rule};
use super::subject::{Subject, Subjects};
use super::summary::{Created, Summaries};
use crate::name::{Glob, VersionKey, VersionOrder};
use crate::registry::snapshot::{ManifestId, ManifestState, Pointer, TagId, TagIndex};

/// A tag, with what the rules say about it.
pub(super) struct Candidate {
    pub tag: TagId,
    pub manifest: Option<ManifestId>,
    pub intent: Intent,
}

/// What the rules say about a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intent {
    /// Keep it.
    Keep(Kept),
    /// Remove it.
    Remove(Removed),
    /// It is a referrer: remove it with its last subject, and keep it with any. By its manifest, and by its name.
    Follow([Option<ManifestId>; 2]),
}

/// All tags, and facts about the rules as a whole.
pub(super) struct Candidates {
    /// By the position of the tag.
    pub all: Vec<Candidate>,
    /// The tags in the order of the first rule; those that cannot be ordered come last.
    pub rows: Vec<TagId>,
    /// The first rule that orders by creation time while that is unknown for every tag in its scope.
    pub unordered: Option<RuleId>,
    /// Whether a rule needs creation times while none is known in its scope.
    pub is_without_times: bool,
}

/// The input for [`Candidates::new`].
pub(super) struct RuleInput<'a> {
    pub rules: &'a [Rule],
    pub snapshot: &'a TagIndex,
    pub subjects: &'a Subjects<'a>,
    pub summaries: &'a mut Summaries,
    /// Whether a tag is in use, by its position.
    pub is_used: &'a [bool],
}

/// Whether the rules apply to a tag.
#[derive(Clone, Copy)]
enum Status {
    /// They do not: it is unreadable, dangling, a placeholder or a referrer.
    Exempt(Intent),
    /// They do, by the facts of this manifest.
    Ruled(ManifestId),
}

impl Candidates {
    pub(super) fn new(facts: RuleInput<'_>) -> Self {
        let RuleInput { rules, snapshot, subjects, summaries, is_used } = facts;
        let versions = VersionOrder::of(snapshot.tags().map(|(_, tag, _)| tag.as_str()));
        let keys: Vec<_> = snapshot.tags().map(|(_, tag, _)| versions.key(tag.as_str())).collect();
        let statuses: Vec<_> = snapshot
            .tags()
            .map(|(tag, _, pointer)| status(rules, snapshot, subjects, summaries, &keys, tag, pointer))
            .collect();
        summaries.drop_shared_dates(images(snapshot, &statuses).into_iter());
        let created = |status: &Status| match status {
            Status::Ruled(manifest) => summaries.created(*manifest),
            Status::Exempt(_) => Created::Unknown,
        };
        let created: Vec<_> = statuses.iter().map(created).collect();
        // Tags that the rules do not apply to are ordered by their dates too.
        let dates: Vec<_> = snapshot.tags().map(|(_, _, pointer)| date(summaries, pointer)).collect();
        let ranking = Ranking { keys: &keys, dates: &dates, tags: snapshot.tags().map(|(tag, ..)| tag).collect() };
        let ruled = |tag: &TagId| matches!(statuses[tag.position()], Status::Ruled(_));

        let mut kept: Vec<Option<Kept>> = vec![None; keys.len()];
        let (mut unordered, mut needs_times) = (None, false);
        for (rule, number) in rules.iter().zip(0..) {
            let order = ranking.sorted(rule.order);
            let about = order.into_iter().filter(ruled).collect();
            let applied = Application { id: RuleId(number), rule, snapshot, ranking: &ranking, created: &created };
            let has_times = applied.apply(about, &mut kept);
            needs_times |= rule.needs_times() && has_times == Some(false);
            if rule.orders_by_time() && has_times == Some(false) {
                unordered = unordered.or(Some(RuleId(number)));
            }
        }
        let because =
            |tag: TagId| rules.first().map_or(Removed::NotKept, |rule| removal_reason(rule, &keys[tag.position()]));
        let intent = |tag: TagId| match (statuses[tag.position()], kept[tag.position()]) {
            (Status::Ruled(_) | Status::Exempt(Intent::Follow(_) | Intent::Remove(_)), _)
                if is_used[tag.position()] =>
            {
                Intent::Keep(Kept::Used)
            }
            (Status::Exempt(intent), _) => intent,
            (Status::Ruled(_), Some(kept)) => Intent::Keep(kept),
            (Status::Ruled(_), None) => Intent::Remove(because(tag)),
        };
        let all = snapshot.tags().map(|(tag, _, pointer)| Candidate {
            tag,
            manifest: pointer.manifest(),
            intent: intent(tag),
        });
        let rows = ranking.sorted(rules.first().map_or(Order::default(), |rule| rule.order));
        Self { all: all.collect(), rows, unordered, is_without_times: needs_times }
    }
}

fn date(summaries: &Summaries, pointer: &Pointer) -> Option<Timestamp> {
    summaries.created(pointer.manifest()?).known()
}

/// The manifests of the tags that the rules apply to, each once.
fn images(snapshot: &TagIndex, statuses: &[Status]) -> Vec<ManifestId> {
    let mut is_new = vec![true; snapshot.manifest_count()];
    let ruled = statuses.iter().filter_map(|status| match status {
        Status::Ruled(manifest) => Some(*manifest),
        Status::Exempt(_) => None,
    });
    ruled.filter(|manifest| std::mem::replace(&mut is_new[manifest.position()], false)).collect()
}

fn status(
    rules: &[Rule],
    snapshot: &TagIndex,
    subjects: &Subjects<'_>,
    summaries: &Summaries,
    keys: &[VersionKey],
    tag: TagId,
    pointer: &Pointer,
) -> Status {
    let keep = |kept| Status::Exempt(Intent::Keep(kept));
    let manifest = match pointer {
        Pointer::At(manifest) => *manifest,
        Pointer::Dangling => return keep(Kept::Dangling),
        Pointer::Unknown(_) => return keep(Kept::Unreadable),
    };
    let facts = match snapshot.state(manifest) {
        ManifestState::Read(facts) if facts.is_placeholder => {
            return Status::Exempt(Intent::Remove(Removed::Placeholder));
        }
        ManifestState::Read(facts) if summaries.is_whole(manifest) => facts,
        ManifestState::Missing => return keep(Kept::Dangling),
        ManifestState::Read(_) | ManifestState::Unreadable(_) | ManifestState::Unread => return keep(Kept::Unreadable),
    };
    let found = subjects.of(snapshot.tag(tag), facts);
    if found == [None, None] {
        return Status::Ruled(manifest);
    }
    let name = snapshot.tag(tag).as_str();
    let named = rules.iter().zip(0..).find_map(|(rule, number)| {
        let id = RuleId(number);
        let excluded = first_match(&rule.exclude, name).map(|glob| Kept::Excluded(id, glob));
        excluded.or_else(|| kept_by_name(rule, id, name, &keys[tag.position()]))
    });
    let unknown = found.into_iter().flatten().find_map(|subject| match subject {
        Subject::Unknown(subject) => Some(Kept::UnknownSubject(subject)),
        Subject::Known(_) => None,
    });
    let known = found.map(|subject| match subject {
        Some(Subject::Known(subject)) => Some(subject),
        Some(Subject::Unknown(_)) | None => None,
    });
    named.or(unknown).map_or(Status::Exempt(Intent::Follow(known)), keep)
}

/// Why a rule keeps a tag because of its name, if it does.
fn kept_by_name(rule: &Rule, id: RuleId, name: &str, key: &VersionKey) -> Option<Kept> {
    let glob = first_match(&rule.keep, name).map(|glob| Kept::Matches(id, glob));
    glob.or_else(|| rule.keep_semver.as_ref().filter(|range| key.is_in(range)).map(|_| Kept::InRange(id)))
}

/// The position of the first glob that matches.
fn first_match(globs: &[Glob], name: &str) -> Option<u32> {
    globs.iter().zip(0..).find(|(glob, _)| glob.is_match(name)).map(|(_, position)| position)
}

/// Why the first rule removes a tag that no rule keeps.
fn removal_reason(rule: &Rule, key: &VersionKey) -> Removed {
    let id = RuleId(0);
    let Rule { older_than, keep_last, keep_newer_than, keep_semver, .. } = rule;
    match (older_than, keep_last, keep_newer_than, keep_semver) {
        (Some(_), ..) => Removed::OlderThan(id),
        (None, Some(_), ..) => Removed::NotAmongLast(id),
        (None, None, Some(_), _) => Removed::NotNewerThan(id),
        (None, None, None, Some(range)) if key.is_pre_release_outside(range) => Removed::PreRelease(id),
        (None, None, None, _) => Removed::NotKept,
    }
}

/// The sort keys of all tags.
struct Ranking<'a> {
    keys: &'a [VersionKey],
    dates: &'a [Option<Timestamp>],
    tags: Vec<TagId>,
}

impl Ranking<'_> {
    /// All tags in this order.
    fn sorted(&self, order: Order) -> Vec<TagId> {
        let time = |tag: TagId| self.dates[tag.position()].filter(|_| order == Order::Created);
        let place = |tag: TagId| Reverse((time(tag), &self.keys[tag.position()]));
        let mut tags = self.tags.clone();
        tags.sort_unstable_by(|one, other| place(*one).cmp(&place(*other)));
        tags
    }
}

/// A rule that is being applied.
struct Application<'a> {
    id: RuleId,
    rule: &'a Rule,
    snapshot: &'a TagIndex,
    ranking: &'a Ranking<'a>,
    created: &'a [Created],
}

impl Application<'_> {
    /// Records why the rule keeps each of `tags`, which are in its order, unless an earlier rule keeps it. Returns
    /// whether any tag in the rule's scope has a creation time; `None` where no tag is in scope.
    fn apply(&self, tags: Vec<TagId>, kept: &mut [Option<Kept>]) -> Option<bool> {
        let mut left = self.rule.keep_last.map_or(0, usize::from);
        let (mut last, mut has_times) = (None, None);
        for tag in tags {
            let name = self.snapshot.tag(tag).as_str();
            let rule = self.rule;
            let outside = if let Some(glob) = first_match(&rule.exclude, name) {
                Some(Kept::Excluded(self.id, glob))
            } else if !rule.matches.is_empty() && first_match(&rule.matches, name).is_none() {
                Some(Kept::NotMatched(self.id))
            } else {
                None
            };
            let verdict = outside.or_else(|| {
                let is_timed = self.created[tag.position()].known().is_some();
                has_times = Some(has_times.unwrap_or(false) | is_timed);
                self.keeps(tag, name, &mut left, &mut last)
            });
            // The first rule that keeps a tag gives the reason.
            let place = &mut kept[tag.position()];
            *place = place.or(verdict);
        }
        has_times
    }

    /// Why the rule keeps the next tag in its scope. `left` is how many more [`Rule::keep_last`] counts; `last` is the
    /// last one counted.
    fn keeps(&self, tag: TagId, name: &str, left: &mut usize, last: &mut Option<TagId>) -> Option<Kept> {
        let Self { id, rule, .. } = *self;
        let created = self.created[tag.position()];
        let has_place = self.has_place(tag);
        let is_last = has_place && *left > 0;
        if is_last {
            *left -= 1;
            *last = Some(tag);
        }
        let is_tied = has_place && !is_last && last.is_some_and(|last| self.is_tied(tag, last));
        let is_since = |cutoff: &Option<Cutoff>| {
            cutoff.as_ref().is_some_and(|cutoff| created.known().is_some_and(|time| time >= cutoff.moment))
        };
        let by_age = rule.keep_newer_than.is_some() || rule.older_than.is_some();
        let unknown = match created {
            Created::Shared(_) => Kept::SharedTime(id),
            Created::Unknown | Created::Known(_) => Kept::NoTime(id),
        };
        let by_name = kept_by_name(rule, id, name, &self.ranking.keys[tag.position()]);
        match rule.order {
            _ if by_name.is_some() => by_name,
            _ if is_last => Some(Kept::AmongLast(id)),
            _ if is_tied => Some(Kept::Tied(id)),
            _ if is_since(&rule.keep_newer_than) => Some(Kept::NewerThan(id)),
            _ if is_since(&rule.older_than) => Some(Kept::NotOlderThan(id)),
            Order::Version if rule.keep_last.is_some() && !has_place => Some(Kept::NoVersion(id)),
            Order::Created if rule.keep_last.is_some() && !has_place => Some(unknown),
            _ if by_age && created.known().is_none() => Some(unknown),
            _ => None,
        }
    }

    fn has_place(&self, tag: TagId) -> bool {
        match self.rule.order {
            Order::Created => self.created[tag.position()].known().is_some(),
            Order::Version => self.ranking.keys[tag.position()].is_version(),
        }
    }

    fn is_tied(&self, tag: TagId, last: TagId) -> bool {
        match self.rule.order {
            Order::Created => {
                let second = |tag: TagId| self.created[tag.position()].known().map(Timestamp::as_second);
                second(tag) == second(last)
            }
            Order::Version => self.ranking.keys[tag.position()].is_same_version(&self.ranking.keys[last.position()]),
        }
    }
}
