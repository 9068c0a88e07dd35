//! Confirms the outcomes of a batch by the list of tags that is read after it: what the list still has is not reported
//! as removed. Pure.

use std::collections::HashMap;

use super::item::Item;
use super::outcome::Outcome;
use super::state::RepositoryState;
use crate::error::{Error, Kind};
use crate::name::Digest;

/// The names that the list should no longer have, with the digests that they pointed to.
pub(super) fn expected_gone(outcomes: &[(Item, Outcome)]) -> HashMap<String, Option<Digest>> {
    let mut gone = HashMap::new();
    for (item, outcome) in outcomes {
        match outcome {
            Outcome::Removed(removed) => {
                let is_moved = |name: &str| removed.moved.iter().any(|moved| moved.as_str() == name);
                // The item's own tag is never among the moved ones.
                let names = item.removed_names().filter(|name| !is_moved(name));
                gone.extend(names.map(|name| (name.to_owned(), removed.digest.clone())));
            }
            Outcome::AlreadyRemoved(digest) => {
                let tag = item.request.target.tag();
                gone.extend(tag.map(|tag| (tag.to_string(), digest.clone())));
            }
            _ => {}
        }
    }
    gone
}

/// The outcome of an item by the names that are still listed, each with whether it still resolves to the removed
/// digest.
pub(super) fn by_list(
    item: &Item,
    mut outcome: Outcome,
    still_listed: &HashMap<String, bool>,
    state: &RepositoryState,
) -> Outcome {
    let listed = |name| Some((name, *still_listed.get(name)?));
    match &mut outcome {
        Outcome::Removed(removed) => {
            let listed: Vec<_> = item.removed_names().filter_map(listed).collect();
            if let Some((name, _)) = listed.iter().find(|(_, resolves)| *resolves) {
                return Outcome::Failed(still_present(name, state));
            }
            if let Some((name, _)) = listed.first().filter(|_| removed.was_dangling) {
                return Outcome::Failed(still_dangling(name, state));
            }
            removed.still_listed = listed.into_iter().map(|(name, _)| name.to_owned()).collect();
            outcome
        }
        // What is listed was not removed by another client.
        Outcome::AlreadyRemoved(_) => match item.request.target.tag().and_then(|tag| listed(tag.as_str())) {
            Some((name, true)) => Outcome::Failed(still_present(name, state)),
            Some((name, false)) => Outcome::Failed(still_dangling(name, state)),
            None => outcome,
        },
        _ => outcome,
    }
}

/// The error for a name that was verified to be removed, and resolves again.
fn still_present(name: &str, state: &RepositoryState) -> Error {
    let RepositoryState { registry, repository, .. } = state;
    Error::new(Kind::Incomplete, format!("{repository}:{name} is still present"))
        .because(format!("{registry} answered that it is gone, and still serves it"))
}

/// The error for a tag that did not resolve before its deletion either: only the list shows whether it was removed.
fn still_dangling(name: &str, state: &RepositoryState) -> Error {
    let RepositoryState { registry, repository, .. } = state;
    Error::new(Kind::Incomplete, format!("cannot remove {repository}:{name}: its manifest is gone"))
        .because(format!("{registry} still lists the tag, and answers \"not found\" for it"))
}
