//! Requests for referrers (OCI distribution specification, "Listing Referrers"): signatures, SBOMs and attestations are
//! removed with their subject, and after it.

use std::collections::{HashMap, HashSet, VecDeque};

use super::request::{RemovalPolicy, RemovalRequest, Siblings, Target};
use super::state::RepositoryState;
use crate::name::Digest;
use crate::registry::snapshot::ManifestId;

/// Adds a request for each referrer of what is removed, where the policy includes referrers: when the last tag of a
/// manifest is requested, or the manifest itself. Referrers of the manifests that an index lists belong to the index.
pub(super) fn with_referrers(mut requests: Vec<RemovalRequest>, state: &RepositoryState) -> Vec<RemovalRequest> {
    let Some(index) = &state.index else { return requests };
    let mut known: HashSet<_> = requests.iter().map(|request| request.target.clone()).collect();
    let mut at = 0;
    // The list grows while it is read: referrers may have referrers.
    while let Some(request) = requests.get(at).cloned() {
        at += 1;
        let manifest = state.manifest_of(&request.target).filter(|_| request.policy.referrers);
        let Some(manifest) = manifest.filter(|manifest| is_last_tag(state, &known, &request, *manifest)) else {
            continue;
        };
        let mut found = Vec::new();
        index.visit_reachable(manifest, |reached| {
            let subject = index.digest(reached);
            let tags = state.referring_tags(reached).into_iter().map(Target::Tag);
            let untagged = state.untagged_referrers(&subject).cloned().map(Target::Manifest);
            found.extend(tags.chain(untagged).map(|target| (target, subject.clone())));
        });
        for (target, subject) in found {
            if known.insert(target.clone()) {
                // Purging also removes what the index of the referrers tag schema lists.
                let policy = RemovalPolicy { purge: true, siblings: Siblings::Keep, ..request.policy.clone() };
                requests.push(RemovalRequest { target, expected: None, follows: Some(subject), policy });
            }
        }
    }
    requests
}

/// Whether no tag remains on a manifest once everything requested is removed.
fn is_last_tag(
    state: &RepositoryState,
    requested: &HashSet<Target>,
    request: &RemovalRequest,
    manifest: ManifestId,
) -> bool {
    let Some(index) = &state.index else { return false };
    let is_requested = |tag| requested.contains(&Target::Tag(index.tag(tag).clone()));
    request.policy.siblings == Siblings::RemoveAll || index.tags_on(manifest).all(is_requested)
}

/// Orders the requests for referrers, given by their positions, so that each comes after those for its subject.
pub(super) fn after_subjects(
    requests: &[RemovalRequest],
    referrers: Vec<usize>,
    state: &RepositoryState,
) -> Vec<usize> {
    let digest_of = |at: usize| state.digest_of(&requests[at].target);
    let mut unplaced: HashMap<Digest, usize> = HashMap::new();
    for digest in referrers.iter().filter_map(|at| digest_of(*at)) {
        *unplaced.entry(digest).or_default() += 1;
    }
    let mut waiting: HashMap<&Digest, Vec<usize>> = HashMap::new();
    let mut ready = VecDeque::new();
    for &at in &referrers {
        match requests[at].follows.as_ref().filter(|subject| unplaced.contains_key(*subject)) {
            Some(subject) => waiting.entry(subject).or_default().push(at),
            None => ready.push_back(at),
        }
    }
    let mut ordered = Vec::with_capacity(referrers.len());
    while let Some(at) = ready.pop_front() {
        ordered.push(at);
        let Some(digest) = digest_of(at) else { continue };
        let left = unplaced.entry(digest.clone()).or_default();
        *left = left.saturating_sub(1);
        if *left == 0 {
            ready.extend(waiting.remove(&digest).into_iter().flatten());
        }
    }
    // Tag names can claim circles, which a digest cannot: these keep the order of the requests.
    let placed: HashSet<_> = ordered.iter().copied().collect();
    ordered.extend(referrers.into_iter().filter(|at| !placed.contains(at)));
    ordered
}
