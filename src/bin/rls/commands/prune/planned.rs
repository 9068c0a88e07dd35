//! What is going to be done in one repository: the rule's decision, and how each tag goes.

use std::collections::{HashMap, HashSet};

use registry_ls::error::{Error, Result};
use registry_ls::name::{Repository, Tag};
use registry_ls::removal::{self, Facts, Look, Method, Wish};
use registry_ls::retention::{Decision, Plan, decide};

use super::targets::Target;
use crate::output::{Action, PruneRecord, RemovalRecord, Time};
use crate::report::failure;

/// What was decided about one repository.
pub(super) struct Decided {
    /// What the rule decides.
    pub plan: Plan,
    /// How what goes is to go.
    methods: HashMap<Tag, Method>,
    /// Why not all is known of a tag.
    unread: HashMap<Tag, Error>,
    /// Tags that stay although the rule removes them: they cannot go without what has to stay.
    held: HashSet<Tag>,
}

impl Decided {
    /// What is decided, and the plan of what goes; the inner error is that nothing can go.
    ///
    /// # Errors
    ///
    /// The outer one: that the tags of the repository could not be listed.
    pub(super) async fn make(target: &Target, placeholder: bool) -> Result<(Self, Result<removal::Plan>)> {
        let census = target.census().await?;
        let plan = decide(&target.rule, &census);
        let mut wishes = Wish::by_rule(&plan, placeholder);
        let inventory = census.inventory();
        let Target { client, repository, .. } = target;
        let probed = Facts::probe(client, repository, inventory, &wishes).await.and_then(deletes);
        let held = probed.as_ref().map(|facts| Wish::hold_back(&mut wishes, facts)).unwrap_or_default();
        let unread = census.tags.into_iter().filter_map(|facts| Some((facts.tag, facts.error?))).collect();
        let removal = probed.map(|facts| removal::Plan::of(facts, wishes, Look::Enough));
        let items = removal.iter().flat_map(removal::Plan::items);
        let methods = items.filter_map(|item| Some((item.wish.wanted.tag()?.clone(), *item.method.as_ref().ok()?)));
        let methods = methods.collect();
        Ok((Self { plan, methods, unread, held }, removal))
    }

    /// Why not all is known of a tag.
    pub(super) fn unread(&self, decision: &Decision) -> Option<&Error> {
        self.unread.get(&decision.tag)
    }

    /// Whether a tag stays.
    pub(super) fn stays(&self, decision: &Decision) -> bool {
        decision.verdict.is_kept() || self.held.contains(&decision.tag)
    }

    /// How many tags stay although the rule removes them.
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    /// The record of a decision that nothing has come of.
    pub(super) fn record(&self, repository: &Repository, decision: &Decision) -> PruneRecord {
        let action = if self.stays(decision) { Action::Kept } else { Action::WouldRemove };
        let removal = RemovalRecord {
            digest: decision.digest.as_ref().map(ToString::to_string),
            action,
            method: self.methods.get(&decision.tag).map(ToString::to_string),
            error: self.unread(decision).map(failure),
            ..RemovalRecord::of(repository.to_string(), Some(decision.tag.to_string()))
        };
        self.with_facts(removal, decision)
    }

    /// A record of a removal with what is known of its tag.
    pub(super) fn with_facts(&self, removal: RemovalRecord, decision: &Decision) -> PruneRecord {
        let mut reason = decision.verdict.to_string();
        if self.held.contains(&decision.tag) {
            reason += ": only --placeholder removes it alone";
        }
        let removal = RemovalRecord { reason: removal.reason.or(Some(reason)), ..removal };
        PruneRecord { removal, created: decision.created.and_then(Time::new), size: decision.size }
    }
}

/// Nothing goes where the registry deletes neither tags nor manifests.
fn deletes(facts: Facts) -> Result<Facts> {
    match (&facts.by_name, &facts.by_digest) {
        (Err(_), Err(error)) => Err(error.clone()),
        _ => Ok(facts),
    }
}
