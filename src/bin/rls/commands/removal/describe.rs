//! Planned and executed removals in words: a line for people, and the records for every format.

use registry_ls::error::{Danger, Error, Kind};
use registry_ls::name::{Digest, Repository, Tag};
use registry_ls::registry::RepositoryHandle;
use registry_ls::removal::{Item, Method, Origin, RemovalRequest, Removed, Target};

use crate::output::{Action, Field, RemovalRecord, SiblingsRecord, some_of};
use crate::report::failure;

/// Maximum number of siblings in a record; a manifest may have a hundred thousand tags.
const MAX_SIBLINGS: usize = 100;

/// The record of a request, and one for each tag that is removed with it without having been requested.
pub(super) fn records(repository: &Repository, item: &Item, action: Action, moved: &[Tag]) -> Vec<RemovalRecord> {
    let requested = record(repository, item, action);
    let with = |tag: &str| RemovalRecord {
        tag: Some(tag.to_owned()),
        reason: Some(format!("with {}", item.request.target.within(repository))),
        ..requested.clone()
    };
    let is_moved = |name: &&str| moved.iter().any(|tag| tag.as_str() == *name);
    let also: Vec<_> = item.also_removed().filter(|name| !is_moved(name)).map(with).collect();
    std::iter::once(requested).chain(also).collect()
}

/// The records of a removed item, and the error where the registry still lists names that are gone: their records have
/// it, too.
pub(super) fn removed_records(
    repository: &RepositoryHandle,
    item: &Item,
    removed: &Removed,
) -> (Vec<RemovalRecord>, Option<Error>) {
    let Removed { moved, still_listed, .. } = removed;
    let mut records = records(repository.name(), item, Action::Removed, moved);
    let error = (!still_listed.is_empty()).then(|| still_listed_error(repository, still_listed));
    let is_listed = |tag: &Option<String>| tag.as_ref().is_some_and(|tag| still_listed.contains(tag));
    for record in records.iter_mut().filter(|record| is_listed(&record.tag)) {
        record.action = Action::Failed;
        record.reason = error.as_ref().map(|error| error.what().to_owned());
        record.error = error.as_ref().map(failure);
    }
    (records, error)
}

/// The error about tags that are gone but still listed by the registry.
fn still_listed_error(repository: &RepositoryHandle, names: &[String]) -> Error {
    let names: Vec<_> = names.iter().map(|name| format!("{repository}:{name}")).collect();
    let (are, them) = if names.len() == 1 { ("is", "it") } else { ("are", "them") };
    Error::new(Kind::Incomplete, format!("{} {are} gone, but still listed", some_of(&names)))
        .because(format!("the manifest is deleted, but {} still lists {them}", repository.registry()))
}

/// The record of an item.
fn record(repository: &Repository, item: &Item, action: Action) -> RemovalRecord {
    let texts = |digests: &[Digest]| digests.iter().map(ToString::to_string).collect::<Vec<_>>();
    let tags = |tags: &mut dyn Iterator<Item = &Tag>| tags.take(MAX_SIBLINGS).map(ToString::to_string).collect();
    let siblings = item.siblings.as_ref().map(|_| SiblingsRecord {
        stay: tags(&mut item.remaining_siblings().iter()),
        go: tags(&mut item.requested_siblings().chain(item.collateral())),
    });
    let is_planned = siblings.is_some();
    let method = item.method.as_ref().ok().copied().map(Method::name);
    let referrers: Vec<_> = item.orphans.iter().map(|orphan| orphan.within(repository)).collect();
    RemovalRecord {
        digest: item.digest.as_ref().or(item.request.expected.as_ref()).map(ToString::to_string),
        action,
        method: method.map(str::to_owned),
        reason: reason(repository, &item.origin),
        siblings: siblings.into(),
        indexes: is_planned.then(|| texts(&item.indexes)).into(),
        referrers: is_planned.then_some(referrers).into(),
        ..RemovalRecord::of(repository.to_string(), item.request.target.tag().map(ToString::to_string))
    }
}

/// The record of an item that does not exist.
pub(super) fn absent(repository: &Repository, item: &Item, reason: &str) -> RemovalRecord {
    let record = record(repository, item, Action::Absent);
    RemovalRecord { method: None, reason: Some(reason.to_owned()), ..record }
}

/// The record of an item that was kept.
pub(super) fn kept(repository: &Repository, item: &Item, error: &Error) -> RemovalRecord {
    RemovalRecord { action: Action::Kept, ..failed(repository, item, error) }
}

/// The record of an item that could not be removed.
pub(super) fn failed(repository: &Repository, item: &Item, error: &Error) -> RemovalRecord {
    let shared = match error.kind() {
        Kind::Safety(Danger::Siblings { digest, .. }) => Some(digest.to_string()),
        _ => None,
    };
    // Nothing was attempted for an image in use.
    let action = if matches!(error.kind(), Kind::Safety(Danger::InUse)) { Action::Kept } else { Action::Failed };
    let record = record(repository, item, action);
    RemovalRecord {
        digest: record.digest.or(shared),
        method: None,
        reason: Some(error.what().to_owned()),
        error: Some(failure(error)),
        ..record
    }
}

/// The record of a request for which no plan could be made.
pub(super) fn unplanned(repository: &Repository, request: &RemovalRequest, error: &Error) -> RemovalRecord {
    let digest = match &request.target {
        Target::Manifest(digest) => Some(digest),
        Target::Tag(_) => request.expected.as_ref(),
    };
    RemovalRecord {
        digest: digest.map(ToString::to_string),
        action: Action::Failed,
        reason: Some(error.what().to_owned()),
        error: Some(failure(error)),
        siblings: Field::Unknown,
        indexes: Field::Unknown,
        referrers: Field::Unknown,
        ..RemovalRecord::of(repository.to_string(), request.target.tag().map(ToString::to_string))
    }
}

/// A line about what a plan does with an item; `None` if it does nothing, which is reported as an error.
pub fn describe(repository: &Repository, item: &Item) -> Option<String> {
    let method = item.method.as_ref().ok()?;
    let names = |tags: &[Tag]| some_of(&tags.iter().map(|tag| format!("{repository}:{tag}")).collect::<Vec<_>>());
    let name = item.request.target.within(repository);
    let also: Vec<_> = item.also_removed().map(|also| format!("{repository}:{also}")).collect();
    let also = if also.is_empty() { String::new() } else { format!(" (also removes {})", some_of(&also)) };
    let mut parts = vec![match (method, &item.request.target) {
        (Method::Tag, _) => format!("untag {name}"),
        (Method::Placeholder, _) => format!("untag {name} via placeholder"),
        (Method::Manifest, Target::Tag(_)) => format!("delete manifest of {name}{also}"),
        (Method::Manifest, Target::Manifest(_)) => format!("delete manifest {name}{also}"),
    }];
    if let Some(digest) = item.digest.as_ref().filter(|_| item.request.target.tag().is_some()) {
        parts.push(digest.to_string());
    }
    parts.extend(reason(repository, &item.origin));
    match item.remaining_siblings() {
        [] => {}
        [tag] => parts.push(format!("{repository}:{tag} stays")),
        stay => parts.push(format!("{} stay", names(stay))),
    }
    if !item.indexes.is_empty() {
        let indexes = some_of(&item.indexes.iter().map(ToString::to_string).collect::<Vec<_>>());
        parts.push(match method {
            Method::Manifest => format!("breaks {indexes}, which lists it"),
            Method::Tag | Method::Placeholder => format!("the manifest stays, listed by {indexes}"),
        });
    }
    Some(parts.join("; "))
}

/// Why something is removed that was not requested.
pub fn reason(repository: &Repository, purpose: &Origin) -> Option<String> {
    match purpose {
        Origin::Requested | Origin::Absent => None,
        Origin::Unreferenced => Some("no tag points to it any longer".to_owned()),
        Origin::ChildOf(index) => Some(format!("only {} listed it", index.within(repository))),
        Origin::ReferrerOf(subject) => Some(format!("refers to {}", subject.within(repository))),
    }
}
