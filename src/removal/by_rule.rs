//! From what a rule decided to what is to be removed.

use std::collections::HashSet;

use super::decide::{Item, decide};
use super::facts::Facts;
use super::wish::{Permits, Takes, Wanted, Ways, Wish};
use crate::error::Kind;
use crate::name::Tag;
use crate::retention::{self, Decision, Verdict};

impl Wish {
    /// The wishes for what a rule removes, in an order in which they can be stopped anywhere. Where the manifest has to stay it is only
    /// untagged; `placeholder` says whether that may be done with one.
    pub fn by_rule(plan: &retention::Plan, placeholder: bool) -> Vec<Self> {
        let wish = |decision: &Decision| {
            let Verdict::Remove { untag, .. } = &decision.verdict else { return None };
            let ways = if untag.is_some() { Ways::Untag } else { Ways::Any };
            let permits = Permits { takes: Takes::Nothing, force: false, placeholder, ways };
            Some(Self { wanted: Wanted::Tag(decision.tag.clone()), expected: decision.digest.clone(), permits })
        };
        plan.removals().filter_map(wish).collect()
    }

    /// Leaves out the tags that cannot go without something that has to stay, and says which they are.
    pub fn hold_back(wishes: &mut Vec<Self>, facts: &Facts) -> HashSet<Tag> {
        let mut held = HashSet::new();
        // What cannot go with one tag may not be able to go without it either.
        loop {
            let items = decide(wishes, facts);
            let stopped: Vec<_> = items.iter().filter_map(stopped).cloned().collect();
            if stopped.is_empty() {
                return held;
            }
            wishes.retain(|wish| wish.wanted.tag().is_none_or(|tag| !stopped.contains(tag)));
            held.extend(stopped);
        }
    }
}

/// A tag that cannot go without something that has to stay.
fn stopped(item: &Item) -> Option<&Tag> {
    let error = item.method.as_ref().err()?;
    item.wish.wanted.tag().filter(|_| matches!(error.kind(), Kind::Safety(_)))
}
