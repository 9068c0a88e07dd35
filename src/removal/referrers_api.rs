//! Reads the referrers of manifests that may be removed, where the registry has a referrers API (OCI distribution
//! specification, "Listing Referrers").

use std::collections::HashMap;

use futures::{StreamExt, stream};

use super::lookup;
use super::request::join_names;
use crate::error::Result;
use crate::name::Digest;
use crate::registry::{Descriptor, RepositoryHandle, TagIndex};

/// Referrers by their subject.
pub(super) type BySubject = HashMap<Digest, Vec<Digest>>;

/// Lists the referrers of these manifests. What cannot be listed is reported as a warning. Where referrers are to be
/// removed, that there is no such API has to be answered by two connections.
pub(super) async fn list(
    repository: &RepositoryHandle,
    mut subjects: impl Iterator<Item = Digest>,
    removes_referrers: bool,
) -> BySubject {
    let mut found = BySubject::new();
    // The first reply shows whether there is such an API.
    let Some(first) = subjects.next() else { return found };
    let reply = match repository.referrers_by_api(&first, None).await {
        Ok(None) if removes_referrers => repository.for_recheck().referrers_by_api(&first, None).await,
        reply => reply,
    };
    if !record(&mut found, repository, first, reply) {
        return found;
    }
    let rest: Vec<_> = subjects.collect();
    let requests =
        stream::iter(rest).map(|digest| async { (repository.referrers_by_api(&digest, None).await, digest) });
    let replies: Vec<_> = requests.buffer_unordered(repository.client().max_concurrency()).collect().await;
    for (reply, digest) in replies {
        record(&mut found, repository, digest, reply);
    }
    found
}

/// Records the referrers of a manifest. Returns whether the registry has a referrers API.
fn record(
    found: &mut BySubject,
    repository: &RepositoryHandle,
    digest: Digest,
    reply: Result<Option<Vec<Descriptor>>>,
) -> bool {
    match reply {
        Ok(Some(referrers)) => {
            let referrers = referrers.iter().filter_map(|referrer| referrer.digest.supported()).cloned().collect();
            found.insert(digest, referrers);
            true
        }
        Ok(None) => false,
        Err(error) => {
            tracing::warn!("cannot list the referrers of {}@{digest}: {error}", repository.name());
            true
        }
    }
}

/// Leaves out the listed referrers that do not name their subject themselves: what is deleted as a referrer has to be
/// one, whatever the registry lists.
pub(super) async fn verified(repository: &RepositoryHandle, index: &TagIndex, listed: BySubject) -> BySubject {
    let mut verified: BySubject = listed.keys().map(|subject| (subject.clone(), Vec::new())).collect();
    let pairs = listed
        .into_iter()
        .flat_map(|(subject, referrers)| referrers.into_iter().map(move |referrer| (subject.clone(), referrer)));
    let lookups = stream::iter(pairs.collect::<Vec<_>>()).map(|(subject, referrer)| async move {
        let known = index.manifest_id(&referrer).and_then(|manifest| index.facts(manifest));
        let named = match known {
            Some(facts) => Ok(facts.subject.map(|subject| index.digest(subject))),
            None => lookup::subject(repository, &referrer).await,
        };
        (subject, referrer, named)
    });
    let mut lookups = lookups.buffered(repository.client().max_concurrency()).boxed();
    let mut ignored = Vec::new();
    while let Some((subject, referrer, named)) = lookups.next().await {
        match named {
            Ok(Some(named)) if named == subject => verified.entry(subject).or_default().push(referrer),
            Ok(_) => ignored.push(format!("{}@{referrer}", repository.name())),
            Err(error) if error.is_not_found() => {}
            Err(error) => {
                ignored.push(format!("{}@{referrer}", repository.name()));
                tracing::debug!("{error}");
            }
        }
    }
    if !ignored.is_empty() {
        let names = join_names(&ignored);
        tracing::warn!("not removed as referrers, since they do not name the subject that the registry lists: {names}");
    }
    verified
}
