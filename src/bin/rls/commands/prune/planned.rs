//! The plan for one repository: the decisions of the rules, and the method by which each tag is removed.

use std::collections::HashMap;
use std::sync::Arc;

use registry_ls::Kind;
use registry_ls::error::{Danger, Error, Missing, Result};
use registry_ls::name::{Repository, Tag};
use registry_ls::registry::TagIndex;
use registry_ls::registry::snapshot::{Pointer, SnapshotProgress};
use registry_ls::removal::{self, Inspect, Item, Method, Origin, RemovalPolicy, RemovalRequest, RepositoryState};
use registry_ls::retention::{Decision, Plan, Refusal, Verdict, decide};

use super::reasons;
use super::targets::Target;
use crate::commands::removal::reason;
use crate::output::{Action, PruneRecord, RemovalRecord, Time};
use crate::report::failure;

/// The decisions about one repository.
pub(super) struct Decisions {
    /// The decisions of the rules.
    pub plan: Plan,
    /// The state that they are based on.
    pub snapshot: Arc<TagIndex>,
    /// The removal method of each tag that is removed.
    methods: HashMap<Tag, Method>,
    /// Tags that the rules remove, but that cannot be removed without something that must stay.
    held: HashMap<Tag, Error>,
    /// The position of the decision about each tag, by tag number.
    positions: Vec<u32>,
}

impl Decisions {
    /// Decides, and plans the removals; the inner error means that nothing can be removed.
    ///
    /// # Errors
    /// The outer error: the tags of the repository could not be listed.
    pub(super) async fn make(
        target: &Target,
        policy: &RemovalPolicy,
        progress: Arc<SnapshotProgress>,
    ) -> Result<(Self, Result<removal::Plan>)> {
        let snapshot = Arc::new(target.snapshot(progress).await?);
        let (rules, options) = (target.rules.clone(), target.options);
        let used = target.used();
        let (of_decision, mut policy) = (Arc::clone(&snapshot), policy.clone());
        policy.purge = !target.untag_only;
        let decided = tokio::task::spawn_blocking(move || {
            let plan = decide(&rules, &of_decision, &used, &options);
            let requests = RemovalRequest::from_retention(&plan, &of_decision, &policy);
            (plan, requests, used)
        });
        let aborted = |error| Error::new(Kind::Incomplete, "planning was aborted").because(error);
        let (plan, requests, used) = decided.await.map_err(aborted)?;
        let removal = Self::removal(target, &snapshot, requests, &used).await;
        let mut decided = Self {
            positions: positions(&plan, &snapshot),
            plan,
            snapshot,
            methods: HashMap::new(),
            held: HashMap::new(),
        };
        let removal = removal.map(|mut removal| {
            for Item { request, method, .. } in removal.take_impossible() {
                if let (Some(tag), Err(error)) = (request.target.tag(), method) {
                    decided.held.insert(tag.clone(), error);
                }
            }
            let goes = |item: &Item| Some((item.request.target.tag()?.clone(), *item.method.as_ref().ok()?));
            decided.methods = removal.items().iter().filter_map(goes).collect();
            removal
        });
        Ok((decided, removal))
    }

    /// Plans the requested removals. Fails if the registry deletes neither tags nor manifests.
    async fn removal(
        target: &Target,
        snapshot: &Arc<TagIndex>,
        requests: Vec<RemovalRequest>,
        used: &registry_ls::retention::UsedTags,
    ) -> Result<removal::Plan> {
        let repository = &target.repository;
        let mut state = RepositoryState::of_snapshot(repository, Arc::clone(snapshot), &requests).await?;
        if let (Err(_), Err(error)) = (&state.deletes_tags, &state.deletes_manifests) {
            return Err(error.clone());
        }
        state.keep_used(used);
        removal::Plan::of_state(repository.clone(), state, requests, Inspect::Minimal).await
    }

    /// The tag of a decision.
    pub(super) fn tag(&self, decision: &Decision) -> &Tag {
        self.snapshot.tag(decision.tag)
    }

    /// The decision about a tag.
    pub(super) fn decision(&self, tag: &str) -> Option<&Decision> {
        let tag = self.snapshot.tag_id(&tag.parse().ok()?)?;
        self.plan.decisions.get(*self.positions.get(tag.position())? as usize)
    }

    /// Why a tag could not be read, or that its manifest is gone.
    pub(super) fn unread(&self, repository: &Repository, decision: &Decision) -> Option<Error> {
        match self.snapshot.pointer(decision.tag) {
            Pointer::Unknown(error) => Some(error.clone()),
            Pointer::At(manifest) => {
                let what = format!("cannot read all of {repository}:{}", self.tag(decision));
                self.snapshot.first_error(*manifest).map(|error| error.clone().within(what))
            }
            Pointer::Dangling => {
                let what = format!("{repository}:{} is listed, but its manifest is gone", self.tag(decision));
                Some(
                    Error::new(Kind::NotFound(Missing::Manifest), what)
                        .because("the registry answers \"not found\" for it"),
                )
            }
        }
    }

    /// Why the rules are not applied to the repository, which is then left alone.
    pub(super) fn refusal(&self, repository: &Repository) -> Option<Error> {
        let stopped = |what: String| Error::new(Kind::Safety(Danger::Unknown), what);
        match self.plan.refusal {
            Some(Refusal::NoTimes(_)) => {
                let what = format!("cannot order the tags of {repository} by creation time: none is known");
                Some(stopped(what).because("the images have no creation time, or one that a build tool set"))
            }
            Some(_) => Some(stopped(format!("no rule for {repository}"))),
            None if self.plan.would_remove_all => Some(
                stopped(format!("the rule would remove every tag of {repository}"))
                    .because("the repository is left alone"),
            ),
            None => None,
        }
    }

    /// Whether a tag stays.
    pub(super) fn stays(&self, decision: &Decision) -> bool {
        decision.verdict.is_kept() || self.held.contains_key(self.tag(decision))
    }

    /// Number of tags to remove.
    pub(super) fn going(&self) -> usize {
        self.plan.removals().len() - self.held.len()
    }

    /// Why tags cannot be removed although the rules would.
    pub(super) fn held(&self) -> &HashMap<Tag, Error> {
        &self.held
    }

    /// The record of a decision that is not executed.
    pub(super) fn record(&self, repository: &Repository, decision: &Decision) -> PruneRecord {
        let action = if self.stays(decision) { Action::Kept } else { Action::WouldRemove };
        let removal = RemovalRecord {
            digest: decision.manifest.map(|manifest| self.snapshot.digest(manifest).to_string()),
            action,
            method: self.methods.get(self.tag(decision)).map(ToString::to_string),
            error: self.unread(repository, decision).as_ref().map(failure),
            ..RemovalRecord::of(repository.to_string(), Some(self.tag(decision).to_string()))
        };
        self.with_facts(removal, decision)
    }

    /// The record of a removal with creation time, size and reason of its tag.
    pub(super) fn with_facts(&self, removal: RemovalRecord, decision: &Decision) -> PruneRecord {
        let mut text = reasons::reason(&self.plan, decision, &self.snapshot);
        if let Some(error) = self.held.get(self.tag(decision)) {
            // The reason why the manifest stays is already given.
            text += &match decision.verdict {
                Verdict::Remove { untag: Some(_), .. } if keeps_manifest(error) => {
                    "; the registry deletes manifests, not tags".to_owned()
                }
                _ => format!("; {error}"),
            };
        }
        let removal = RemovalRecord { reason: removal.reason.or(Some(text)), ..removal };
        PruneRecord { removal, created: decision.created.and_then(Time::new), size: decision.size }
    }

    /// The records of manifests that are deleted because no tag needs them any longer.
    pub(super) fn purged<'a>(
        &self,
        repository: &'a Repository,
        removal: &'a removal::Plan,
    ) -> impl Iterator<Item = PruneRecord> + 'a {
        let is_purged = |item: &&Item| !matches!(item.origin, Origin::Requested | Origin::Absent);
        removal.items().iter().filter(is_purged).map(|item| {
            let removal = RemovalRecord {
                digest: item.digest.as_ref().map(ToString::to_string),
                action: Action::WouldRemove,
                method: item.method.as_ref().ok().map(ToString::to_string),
                reason: reason(repository, &item.origin),
                ..RemovalRecord::of(repository.to_string(), None)
            };
            PruneRecord { removal, created: None, size: None }
        })
    }

    /// Whether the rules are not applied because no creation time is known.
    pub(super) fn lacks_times(&self) -> bool {
        matches!(self.plan.refusal, Some(Refusal::NoTimes(_)))
    }

    /// Whether any creation time is known.
    pub(super) fn has_times(&self) -> bool {
        !self.plan.is_without_times
    }
}

/// The position of the decision about each tag, by tag number.
fn positions(plan: &Plan, snapshot: &TagIndex) -> Vec<u32> {
    let mut positions = vec![u32::MAX; snapshot.tag_count()];
    plan.decisions.iter().zip(0..).for_each(|(decision, position)| positions[decision.tag.position()] = position);
    positions
}

/// Whether a tag stays because its manifest must stay.
fn keeps_manifest(error: &Error) -> bool {
    let Kind::Safety(danger) = error.kind() else { return false };
    matches!(danger, Danger::Siblings { .. } | Danger::InIndex { .. } | Danger::Unlisted | Danger::Unreadable { .. })
}

/// Whether a tag stays because of something unknown, rather than something known to need it.
pub(super) fn is_uncertain(error: &Error) -> bool {
    matches!(error.kind(), Kind::Safety(Danger::Unlisted | Danger::Unreadable { .. }))
}

impl Decisions {
    /// What is uncertain: each reason that keeps tags, with their number, and an inconsistent list of tags.
    pub(super) fn doubts(&self, repository: &Repository) -> Vec<Error> {
        let mut doubts = doubts(repository, &self.held);
        let is_told = self.held.values().any(|error| matches!(error.kind(), Kind::Safety(Danger::Unlisted)));
        if let Some(doubt) = self.snapshot.list_caveat().filter(|_| !is_told) {
            let what = format!("not all tags of {repository} are known");
            doubts.push(Error::new(Kind::Safety(Danger::Unknown), what).because(doubt));
        }
        doubts
    }
}

fn doubts(repository: &Repository, held: &HashMap<Tag, Error>) -> Vec<Error> {
    let mut held: Vec<_> = held.iter().filter(|(_, error)| is_uncertain(error)).collect();
    held.sort_by_key(|(tag, _)| *tag);
    let mut doubts: Vec<(&Tag, &Error, usize)> = Vec::new();
    for (tag, error) in held {
        match doubts.iter_mut().find(|(_, known, _)| known.kind() == error.kind()) {
            Some((.., count)) => *count += 1,
            None => doubts.push((tag, error, 1)),
        }
    }
    let errors = doubts.into_iter().map(|(tag, error, count)| {
        let one = format!("cannot remove {repository}:{tag}: ");
        let why = error.what().strip_prefix(&one).unwrap_or(error.what());
        let names = match error.kind() {
            Kind::Safety(Danger::Unreadable { names }) => names.clone(),
            _ => Vec::new(),
        };
        let what = match count {
            1 => format!("{one}{why}"),
            _ => format!("cannot remove {count} tags of {repository}, including {tag}: {why}"),
        };
        error.clone().called(what).with_kind(Kind::Safety(Danger::Unreadable { names }))
    });
    errors.collect()
}
