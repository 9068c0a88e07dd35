//! What refers to a manifest, requested along with it: signatures, SBOMs and attestations.

use std::collections::HashSet;

use super::request::{RemovalPolicy, RemovalRequest, Siblings, Target};
use super::state::RepositoryState;
use crate::registry::snapshot::ManifestId;

/// The requests, and for those that take their referrers along one for each of these: where the last tag of a manifest is requested,
/// or the manifest itself. What refers to the manifests that an index lists belongs to the index.
pub(super) fn with_referrers(mut requests: Vec<RemovalRequest>, state: &RepositoryState) -> Vec<RemovalRequest> {
    let Some(index) = &state.index else { return requests };
    let mut known: HashSet<_> = requests.iter().map(|request| request.target.clone()).collect();
    let mut at = 0;
    // What refers to a referrer comes along as well.
    while let Some(request) = requests.get(at).cloned() {
        at += 1;
        let manifest = state.manifest_of(&request.target).filter(|_| request.policy.referrers);
        let Some(manifest) = manifest.filter(|manifest| goes(state, &known, &request, *manifest)) else { continue };
        let mut found = Vec::new();
        index.visit_reachable(manifest, |reached| {
            let subject = index.digest(reached);
            let tags = state.referring_tags(reached).into_iter().map(Target::Tag);
            let untagged = state.untagged_referrers(&subject).cloned().map(Target::Manifest);
            found.extend(tags.chain(untagged).map(|target| (target, subject.clone())));
        });
        for (target, subject) in found {
            if known.insert(target.clone()) {
                // The index that stands for a missing referrers API goes with what it lists.
                let policy = RemovalPolicy { purge: true, siblings: Siblings::Keep, ..request.policy.clone() };
                requests.push(RemovalRequest { target, expected: None, follows: Some(subject), policy });
            }
        }
    }
    requests
}

/// Whether no tag is left on a manifest once everything that is requested is gone.
fn goes(state: &RepositoryState, requested: &HashSet<Target>, request: &RemovalRequest, manifest: ManifestId) -> bool {
    let Some(index) = &state.index else { return false };
    let is_requested = |tag| requested.contains(&Target::Tag(index.tag(tag).clone()));
    request.policy.siblings == Siblings::RemoveAll || index.tags_on(manifest).all(is_requested)
}
