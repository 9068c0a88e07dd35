//! Verifies, after a batch of deletions and at the end, that what was to go is gone and that everything else stayed.
//!
//! 1. The list is read until it no longer has the removed names, for ten seconds at most. What it still names is not
//!    reported as removed; a name that points to another digest than the removed one was pushed again.
//! 2. A kept name is lost where HEAD and GET agree that it does not exist. GET alone counts where a cache may have
//!    answered the HEAD: it says so, or that the name points to what was just removed or to something below it, or the
//!    list has dropped the name. Names that were resolved before are always looked up; the others where the list has
//!    dropped them: one that was "not found" from the start, and that a deletion takes out of the list, was not
//!    dangling.
//! 3. Where a manifest was deleted together with a tag that was deleted by its name, or may have been, the names on it
//!    are looked up at once, before anything else is deleted in this way.
//! 4. Before a manifest is deleted, what needed it and was deleted is looked up once more by another connection, and at
//!    the end every removed name and manifest: a single "not found" may come from a replica that lags behind.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use tokio::time::Instant;

use super::item::Item;
use super::kept::{KeptNames, NameState};
use super::lookup::{NameOrDigest, TagList, fetch, fetch_existing};
use super::outcome::Outcome;
use super::request::join_names;
use crate::error::{Danger, Error, Kind, Result};
use crate::name::{Digest, Tag};
use crate::registry::{RepositoryHandle, SETTLE_TIME};

/// Looks up the kept names: those that were resolved before, and those that the list has dropped.
///
/// # Errors
///
/// [`Kind::Incomplete`], naming those that no longer exist.
pub(super) async fn check_kept(repository: &RepositoryHandle, kept: &mut KeptNames) -> Result<()> {
    let missing = kept.take_missing();
    look_up(repository, kept, &missing, |name, state| match state {
        NameState::At(_) => true,
        NameState::New | NameState::Unreadable | NameState::Dangling => missing.contains(name),
        NameState::Gone => false,
    })
    .await
}

/// Looks up the kept names on a manifest that was deleted together with a tag that was deleted by its name. Names that
/// were not resolved before are resolved once.
///
/// # Errors
///
/// As for [`check_kept`]; [`Kind::Incomplete`] also where the list did not name the tag that was deleted, so that it
/// may have lacked others.
pub(super) async fn check_siblings(
    repository: &RepositoryHandle,
    kept: &mut KeptNames,
    deleted: &Item,
    manifest: &Digest,
) -> Result<()> {
    if let Some(tag) = deleted.request.target.tag().filter(|tag| !kept.is_listed(tag)) {
        let what = format!("cannot verify that the other tags of {repository} stayed");
        return Err(Error::new(Kind::Incomplete, what)
            .because(format!("the manifest of {tag} may be gone, too, and the list of tags did not name {tag}")));
    }
    kept.record_affected(manifest);
    look_up(repository, kept, &BTreeSet::new(), |_, state| match state {
        NameState::At(digest) => digest == manifest,
        NameState::New => true,
        NameState::Unreadable | NameState::Dangling | NameState::Gone => false,
    })
    .await
}

/// Looks up the kept names that are selected; those that are `missing` in the list by GET alone.
async fn look_up(
    repository: &RepositoryHandle,
    kept: &mut KeptNames,
    missing: &BTreeSet<String>,
    is_selected: impl Fn(&str, &NameState) -> bool,
) -> Result<()> {
    let selected = kept.iter().filter(|(name, state)| is_selected(name, state));
    let names: Vec<_> = selected.map(|(name, _)| name.clone()).collect();
    let known = &*kept;
    let lookups = names.into_iter().map(|name| async {
        let by_head = match name.parse::<Tag>() {
            Ok(tag) if !missing.contains(&name) => repository.try_resolve(&tag).await?,
            Ok(_) | Err(_) => None,
        };
        let now = match by_head.filter(|now| !now.is_stale && !known.is_affected(&now.digest)) {
            None => fetch_existing(repository, NameOrDigest::Name(&name)).await?.map(|now| now.digest),
            Some(now) => Some(now.digest),
        };
        Ok::<_, Error>((name, now))
    });
    let looked_up: Result<Vec<_>> =
        stream::iter(lookups).buffered(repository.client().max_concurrency()).try_collect().await;
    let looked_up = looked_up.map_err(|error| {
        let what = format!("cannot verify that the other tags of {repository} stayed");
        error.within(what).with_kind(Kind::Incomplete)
    })?;
    let mut lost = Vec::new();
    for (name, now) in looked_up {
        match (now, kept.get_mut(&name)) {
            (Some(now), Some(state @ NameState::New)) => *state = NameState::At(now),
            (Some(_), _) => {}
            (None, _) => lost.push(format!("{repository}:{name}")),
        }
    }
    if lost.is_empty() {
        return Ok(());
    }
    let verb = if lost.len() == 1 { "is" } else { "are" };
    let what = format!("{} {verb} gone, and should have stayed", join_names(&lost));
    let error = Error::new(Kind::Incomplete, what);
    Err(error.because("removed by the registry together with another tag, or by another client"))
}

/// Waits until a second request does not find a deleted manifest either, for ten seconds at most.
///
/// # Errors
///
/// That it still exists, or that this cannot be found out.
pub(super) async fn check_gone(repository: &RepositoryHandle, deleted: &Digest) -> Result<()> {
    let found = repository.for_recheck().await_absence(deleted.into(), Some(deleted), SETTLE_TIME).await;
    let error = match found {
        Ok(None) => return Ok(()),
        Ok(Some(_)) => {
            let cause = format!("{} answered that it is gone, and still serves it", repository.registry());
            Error::new(Kind::Incomplete, format!("{repository}@{deleted} needs it")).because(cause)
        }
        Err(error) => error.within(format!("{repository}@{deleted} may need it")),
    };
    Err(error.with_kind(Kind::Safety(Danger::Unknown)))
}

/// Looks up the removed names and manifests once more, by another connection. Another client may have pushed them, or
/// the registry may have answered "not found" for something that it still had.
///
/// # Errors
///
/// [`Kind::Incomplete`], naming those that point to what was removed.
pub(super) async fn check_removed(repository: &RepositoryHandle, kept: &KeptNames) -> Result<()> {
    let names = kept.removed().into_iter();
    let names = names.map(|(name, digest)| (format!("{repository}:{name}"), NameOrDigest::Name(name), digest));
    let manifests = kept.removed_manifests();
    let manifests = manifests.map(|digest| (format!("{repository}@{digest}"), NameOrDigest::Digest(digest), digest));
    let lookups = names.chain(manifests).map(|(shown, name, digest)| async move {
        match fetch(&repository.for_recheck(), name).await.map(|now| now.digest) {
            Ok(now) if now == *digest => return Some(shown),
            Ok(now) => tracing::warn!("{shown} exists again: it points to {now}"),
            // What it was removed from was verified right after its removal.
            Err(error) => tracing::debug!("{error}"),
        }
        None
    });
    let lookups: Vec<_> = lookups.collect();
    let looked_up = stream::iter(lookups).buffered(repository.client().max_concurrency());
    let back: Vec<_> = looked_up.filter_map(std::future::ready).collect().await;
    let (verb, they) = match back.len() {
        0 => return Ok(()),
        1 => ("is", "it"),
        _ => ("are", "they"),
    };
    let cause =
        format!("{} answered that {they} {verb} gone, and serves the same manifest again", repository.registry());
    Err(Error::new(Kind::Incomplete, format!("{} {verb} still present", join_names(&back))).because(cause))
}

/// The removed names that are still in the list, each with whether it still resolves to the removed digest.
pub(super) type StillListed = HashMap<String, bool>;

/// Reads the list after a batch until it no longer has the names that were removed, for ten seconds at most. Where
/// `is_read`, it is read for the kept names even if nothing was removed.
pub(super) async fn still_listed(
    repository: &RepositoryHandle,
    kept: &mut KeptNames,
    list: &mut TagList,
    batch: &[(Item, Outcome)],
    is_read: bool,
) -> StillListed {
    const FIRST: Duration = Duration::from_millis(100);
    let removed = removed_names(batch);
    if !list.was_read || removed.is_empty() && list.ahead.is_none() && !is_read {
        return HashMap::new();
    }
    let until = Instant::now() + SETTLE_TIME;
    let mut wait = FIRST;
    loop {
        let Ok(listed) = list.after_batch(repository).await else { return HashMap::new() };
        kept.record_missing(&listed.names);
        let named: BTreeSet<_> = listed.names.iter().filter(|name| removed.contains_key(*name)).collect();
        let mut still = HashMap::new();
        for name in named {
            match fetch(repository, NameOrDigest::Name(name)).await.map(|now| now.digest) {
                // It was pushed again since.
                Ok(now) if removed.get(name).is_some_and(|digest| digest.as_ref() != Some(&now)) => {}
                found => drop(still.insert(name.clone(), found.is_ok())),
            }
        }
        if still.is_empty() || Instant::now() + wait > until {
            return still;
        }
        tokio::time::sleep(wait).await;
        wait *= 2;
    }
}

/// The names that the list should no longer have after a batch, with the digests that they pointed to.
fn removed_names(batch: &[(Item, Outcome)]) -> HashMap<String, Option<Digest>> {
    let mut gone = HashMap::new();
    for (item, outcome) in batch {
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

/// The outcome of an item by the list that was read after it.
pub(super) fn by_list(
    repository: &RepositoryHandle,
    item: &Item,
    mut outcome: Outcome,
    still_listed: &StillListed,
) -> Outcome {
    let listed = |name| Some((name, *still_listed.get(name)?));
    match &mut outcome {
        Outcome::Removed(removed) => {
            let listed: Vec<_> = item.removed_names().filter_map(listed).collect();
            if let Some((name, _)) = listed.iter().find(|(_, resolves)| *resolves) {
                return Outcome::Failed(still_present(repository, name));
            }
            if let Some((name, _)) = listed.first().filter(|_| removed.was_dangling) {
                return Outcome::Failed(still_dangling(repository, name));
            }
            removed.still_listed = listed.into_iter().map(|(name, _)| name.to_owned()).collect();
            outcome
        }
        // What is listed was not removed by another client.
        Outcome::AlreadyRemoved(_) => match item.request.target.tag().and_then(|tag| listed(tag.as_str())) {
            Some((name, true)) => Outcome::Failed(still_present(repository, name)),
            Some((name, false)) => Outcome::Failed(still_dangling(repository, name)),
            None => outcome,
        },
        _ => outcome,
    }
}

/// The error for a name that was verified to be removed, and resolves again.
fn still_present(repository: &RepositoryHandle, name: &str) -> Error {
    Error::new(Kind::Incomplete, format!("{repository}:{name} is still present"))
        .because(format!("{} answered that it is gone, and still serves it", repository.registry()))
}

/// The error for a tag that did not resolve before its deletion either: only the list shows whether it was removed.
fn still_dangling(repository: &RepositoryHandle, name: &str) -> Error {
    let cause = format!("{} still lists the tag, and answers \"not found\" for it", repository.registry());
    Error::new(Kind::Incomplete, format!("cannot remove {repository}:{name}: its manifest is gone")).because(cause)
}
