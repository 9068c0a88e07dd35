//! The records of removals.

use registry_ls::error::{Danger, Error, Kind};
use registry_ls::name::{Digest, Repository, Tag};
use registry_ls::removal::{Item, Method, RemovalRequest, Target};

use super::removal_texts::reason;
use crate::output::{Action, Field, RemovalRecord, SiblingsRecord};
use crate::report::failure;

/// As many siblings as a record names; a manifest may have a hundred thousand tags.
const SIBLINGS: usize = 100;

/// The record of what was requested, and one for each tag that goes with it and was not.
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

/// What a record says of an item.
pub(super) fn record(repository: &Repository, item: &Item, action: Action) -> RemovalRecord {
    let texts = |digests: &[Digest]| digests.iter().map(ToString::to_string).collect::<Vec<_>>();
    let tags = |tags: &mut dyn Iterator<Item = &Tag>| tags.take(SIBLINGS).map(ToString::to_string).collect();
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

/// The record of something that could not be removed.
pub(super) fn failed(repository: &Repository, item: &Item, error: &Error) -> RemovalRecord {
    let shared = match error.kind() {
        Kind::Safety(Danger::Siblings { digest, .. }) => Some(digest.to_string()),
        _ => None,
    };
    // What is in use was not tried.
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

/// The record of something about which nothing could be found out.
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
