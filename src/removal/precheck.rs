//! The check of a target right before its removal, and what is read ahead while the removal before it is verified.
//!
//! Over a slow network each request that waits for another one counts. The next target can be fetched while a
//! deletion is verified, since neither depends on the other; but a check that had to wait for the verification is
//! repeated: the moment between a check and its deletion stays as short as if the check had been made in between.

use std::sync::OnceLock;
use std::time::Duration;

use futures::future::join3;
use tokio::time::Instant;

use super::lookup::{fetch_settled, list_names};
use super::request::Target;
use crate::error::{Error, Fault, Kind, Result};
use crate::name::Digest;
use crate::registry::{Fetched, ListedNames, RepositoryHandle};

/// How long a check may wait for its deletion, however long it took itself. Archiving a manifest takes as long.
const SHORT: Duration = Duration::from_millis(5);

/// What a target is right before its removal.
#[derive(Debug)]
pub(super) enum Current {
    Found(Box<Fetched>),
    /// It exists, and its content cannot be read; with its digest, where the registry states it.
    Unreadable(Option<Digest>, Error),
    Missing(Error),
}

/// What a target was found to be, and when.
#[derive(Debug)]
pub(super) struct Precheck {
    target: Target,
    current: Result<Current>,
    took: Duration,
    arrived: Instant,
}

impl Precheck {
    /// Fetches the target, and verifies it by its bytes where these can be read.
    pub(super) async fn at(repository: &RepositoryHandle, target: Target) -> Self {
        let sent = Instant::now();
        let current = fetch_current(repository, &target).await;
        Self { target, current, took: sent.elapsed(), arrived: Instant::now() }
    }

    /// Whether it is of this target, and did not have to wait since.
    pub(super) fn is_fresh(&self, target: &Target) -> bool {
        self.target == *target && self.arrived.elapsed() <= SHORT.max(self.took / 8)
    }

    /// What the target was found to be.
    ///
    /// # Errors
    ///
    /// Why that cannot be found out.
    pub(super) fn current(self) -> Result<Current> {
        self.current
    }
}

async fn fetch_current(repository: &RepositoryHandle, target: &Target) -> Result<Current> {
    match fetch_settled(repository, target.into()).await {
        Ok(fetched) => Ok(Current::Found(Box::new(fetched))),
        Err(error) if error.is_not_found() => Ok(Current::Missing(error)),
        // A proxy or gateway answered in the registry's place: nothing is known.
        Err(error) if matches!(error.kind(), Kind::Protocol(Fault::Status(404))) => Err(error),
        // What is damaged in the registry's storage has to be removable, too.
        Err(error) if matches!(error.kind(), Kind::Protocol(_)) => {
            let now = repository.try_resolve(target).await.ok().flatten().filter(|now| !now.is_stale);
            Ok(Current::Unreadable(now.map(|now| now.digest), error))
        }
        Err(error) => Err(error),
    }
}

/// What is read while a deletion is verified.
#[derive(Debug, Default)]
pub(super) struct ReadAhead {
    /// The next target, where its removal begins with its check.
    next: Option<Target>,
    /// Whether the list of tags is read, because this is the last deletion of its batch; and whether it is cut.
    list: Option<bool>,
    precheck: OnceLock<Precheck>,
    names: OnceLock<Result<ListedNames>>,
}

impl ReadAhead {
    pub(super) fn new(next: Option<Target>, list: Option<bool>) -> Self {
        Self { next, list, ..Self::default() }
    }

    /// Reads beside the last check that a deletion took effect.
    pub(super) async fn beside<T>(&self, repository: &RepositoryHandle, check: impl Future<Output = T>) -> T {
        // One deletion has one last check, so neither is set before.
        let list = async {
            if let Some(is_cut) = self.list {
                let _ = self.names.set(list_names(repository, is_cut).await);
            }
        };
        let precheck = async {
            if let Some(next) = &self.next {
                let _ = self.precheck.set(Precheck::at(repository, next.clone()).await);
            }
        };
        join3(check, list, precheck).await.0
    }

    /// The check of the next target, and the names in the list, as far as they were read.
    pub(super) fn into_parts(self) -> (Option<Precheck>, Option<Result<ListedNames>>) {
        (self.precheck.into_inner(), self.names.into_inner())
    }
}
