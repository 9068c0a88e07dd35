//! What is going to be done in one repository: the rule's decision, and how each tag goes.

use std::collections::{HashMap, HashSet};

use registry_ls::error::{Error, Kind, Result};
use registry_ls::name::{Repository, Tag};
use registry_ls::removal::{self, Facts, Item, Look, Method, Permits, Takes, Wanted, Ways, Wish};
use registry_ls::retention::{Decision, Plan, Verdict, decide};

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
        let wishes: Vec<_> = plan.removals().filter_map(|decision| wish(decision, placeholder)).collect();
        let inventory = census.inventory();
        let Target { client, repository, .. } = target;
        let probed = Facts::probe(client, repository, inventory, &wishes).await.and_then(deletes);
        let (mut held, mut possible) = (HashSet::new(), wishes);
        if let Ok(facts) = &probed {
            // What one tag cannot do without another may not be able to do without it in turn.
            loop {
                let items = removal::decide(&possible, facts);
                let stopped: Vec<_> = items.iter().filter_map(stopped).cloned().collect();
                if stopped.is_empty() {
                    break;
                }
                possible.retain(|wish| wish.wanted.tag().is_none_or(|tag| !stopped.contains(tag)));
                held.extend(stopped);
            }
        }
        let unread = census.tags.into_iter().filter_map(|facts| Some((facts.tag, facts.error?))).collect();
        let removal = probed.map(|facts| removal::Plan::of(facts, possible, Look::Enough));
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

fn wish(decision: &Decision, placeholder: bool) -> Option<Wish> {
    let Verdict::Remove { untag, .. } = &decision.verdict else { return None };
    let ways = if untag.is_some() { Ways::Untag } else { Ways::Any };
    Some(Wish {
        wanted: Wanted::Tag(decision.tag.clone()),
        expected: decision.digest.clone(),
        permits: Permits { takes: Takes::Nothing, force: false, placeholder, ways },
    })
}

/// Nothing goes where the registry deletes neither tags nor manifests.
fn deletes(facts: Facts) -> Result<Facts> {
    match (&facts.by_name, &facts.by_digest) {
        (Err(_), Err(error)) => Err(error.clone()),
        _ => Ok(facts),
    }
}

/// A tag that cannot go without something that has to stay.
fn stopped(item: &Item) -> Option<&Tag> {
    let error = item.method.as_ref().err()?;
    item.wish.wanted.tag().filter(|_| matches!(error.kind(), Kind::Safety(_)))
}
