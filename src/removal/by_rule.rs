//! From what retention rules decided to what is requested.

use super::request::{Methods, RemovalPolicy, RemovalRequest, Target};
use crate::name::Digest;
use crate::registry::TagIndex;
use crate::retention::{Decision, ManifestRef, Plan, Removed, Verdict};

impl RemovalRequest {
    /// The requests for what rules remove, in the order of the rule, and what refers to other manifests after these. Where the manifest
    /// has to stay a tag is only untagged. `snapshot` is the one that the plan was made from, and `policy` says what else may be done.
    pub fn from_retention(plan: &Plan, snapshot: &TagIndex, policy: &RemovalPolicy) -> Vec<Self> {
        let refers = |decision: &&Decision| {
            matches!(decision.verdict, Verdict::Remove { because: Removed::SubjectRemoved(_), .. })
        };
        let (last, first): (Vec<_>, Vec<_>) = plan.decisions.iter().partition(refers);
        let removals = first.into_iter().chain(last).filter_map(|decision| {
            let Verdict::Remove { untag, because } = decision.verdict else { return None };
            let methods = if untag.is_some() { Methods::Untag } else { Methods::Any };
            Some(Self {
                target: Target::Tag(snapshot.tag(decision.tag).clone()),
                expected: decision.manifest.map(|manifest| snapshot.digest(manifest)),
                follows: subject(because, snapshot),
                policy: RemovalPolicy { methods, ..policy.clone() },
            })
        });
        removals.collect()
    }
}

/// The manifest that something refers to which goes because of that, or the index that leads to it.
fn subject(because: Removed, snapshot: &TagIndex) -> Option<Digest> {
    let manifest = match because {
        Removed::SubjectRemoved(ManifestRef::Tag(tag)) => snapshot.pointer(tag).manifest()?,
        Removed::SubjectRemoved(ManifestRef::Manifest(manifest)) => manifest,
        _ => return None,
    };
    Some(snapshot.digest(manifest))
}
