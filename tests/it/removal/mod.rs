//! Removing exactly what was requested: plans, placeholders, whole repositories, verification, recovery after a crash.

mod batches;
mod evidence;
mod interruption;
mod placeholder;
mod plan;
mod prune;
mod verification;

use registry_fixture::Running;

/// Every tag of a repository with what it is on.
fn state(registry: &Running, repository: &str) -> Vec<(String, String)> {
    let digest = |tag: &str| registry.resolve(repository, tag).map(|digest| digest.to_string()).unwrap_or_default();
    registry.tags(repository).into_iter().map(|tag| (tag.clone(), digest(&tag))).collect()
}
