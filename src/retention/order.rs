//! In which order things are removed.

use std::collections::{BTreeSet, HashMap};

use super::decide::Case;
use crate::name::Digest;

/// What a case waits for.
#[derive(Default, Clone)]
struct Waits {
    /// Cases that refer to its manifest, or to one that it lists.
    referrers: usize,
    /// Cases whose manifest lists its own.
    indexes: usize,
}

/// `going` in an order in which it can be stopped anywhere.
///
/// What refers to a manifest goes before it: once the manifest is gone nobody knows any more that it was to go, and the next run keeps
/// what refers to it. What lists a manifest goes before it too, so that it never lacks a part.
pub(super) fn order(cases: &[Case<'_>], going: BTreeSet<usize>) -> Vec<usize> {
    let mut on: HashMap<&Digest, Vec<usize>> = HashMap::new();
    let mut listing: HashMap<&Digest, Vec<usize>> = HashMap::new();
    for &index in &going {
        cases[index].tag.digest.iter().for_each(|digest| on.entry(digest).or_default().push(index));
        cases[index].lists().for_each(|digest| listing.entry(digest).or_default().push(index));
    }
    let parts = |index: usize| cases[index].lists().filter_map(|digest| on.get(digest)).flatten().copied();
    let held = |index: usize| {
        let holders = |digest| on.get(digest).into_iter().chain(listing.get(digest));
        let subjects = cases[index].subjects();
        subjects.flat_map(holders).flatten().copied()
    };
    let mut waits = vec![Waits::default(); cases.len()];
    for &index in &going {
        parts(index).for_each(|part| waits[part].indexes += 1);
        held(index).for_each(|holder| waits[holder].referrers += 1);
    }
    let is_ready = |waits: &Waits| waits.referrers == 0 && waits.indexes == 0;
    let mut ready: BTreeSet<usize> = going.iter().copied().filter(|&index| is_ready(&waits[index])).collect();
    let mut waiting = going;
    let mut order = Vec::with_capacity(waiting.len());
    // A tag can be called so that a part of an index refers to the index; no two wait for each other as referrers, since neither would go.
    let unreferred = |waiting: &BTreeSet<usize>, waits: &[Waits]| {
        waiting.iter().copied().find(|&index| waits[index].referrers == 0).or_else(|| waiting.first().copied())
    };
    while let Some(next) = ready.pop_first().or_else(|| unreferred(&waiting, &waits)) {
        waiting.remove(&next);
        order.push(next);
        parts(next).for_each(|part| waits[part].indexes -= 1);
        held(next).for_each(|holder| waits[holder].referrers -= 1);
        let freed = parts(next).chain(held(next)).filter(|&index| waiting.contains(&index) && is_ready(&waits[index]));
        ready.extend(freed.collect::<Vec<_>>());
    }
    order
}
