//! The plan for one repository. Making it changes nothing.
//!
//! 1. Find out what the registry deletes, and what depends on what in the repository ([`RepositoryState`]).
//! 2. Add requests for referrers, where the policy includes them.
//! 3. Choose how each tag or manifest is removed without affecting anything else, or find why it cannot be
//!    ([`decide`]).
//! 4. Add the manifests that nothing needs afterwards, where the policy includes purging.

use std::sync::Arc;

use super::decide::{Decision, decide};
use super::item::Item;
use super::purge::Reclaimable;
use super::referrers::with_referrers;
use super::request::RemovalRequest;
use super::state::{Inspect, RepositoryState};
use crate::error::{Error, Kind, Result};
use crate::registry::RepositoryHandle;
use crate::registry::snapshot::SnapshotProgress;
use crate::retention::UsedTags;

/// Options of [`plan`].
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct PlanOptions {
    /// How much of the repository is read.
    pub inspect: Inspect,
    /// Tags and digests in use: these are kept.
    pub used: Option<Arc<UsedTags>>,
    /// Counts the requests of the snapshot, for a progress display.
    pub progress: Arc<SnapshotProgress>,
}

/// What is going to be removed from one repository, and how.
#[derive(Debug, Clone)]
pub struct Plan {
    pub(super) repository: RepositoryHandle,
    pub(super) state: Arc<RepositoryState>,
    pub(super) inspect: Inspect,
    pub(super) requests: Vec<RemovalRequest>,
    pub(super) decision: Decision,
}

/// Plans the removal of tags and manifests from a repository. Changes nothing.
///
/// # Errors
///
/// Those of the probes and of [`RepositoryHandle::snapshot`], where nothing can be said about the repository. Why a
/// single request cannot be fulfilled is in its item.
pub fn plan(
    repository: &RepositoryHandle,
    requests: Vec<RemovalRequest>,
    options: PlanOptions,
) -> impl Future<Output = Result<Plan>> + Send + use<> {
    let repository = repository.clone();
    async move {
        let PlanOptions { inspect, used, progress } = options;
        // Whether a digest is in use shows only when all tags are resolved.
        let inspect = if used.is_some() { Inspect::Full } else { inspect };
        let used = used.unwrap_or_default();
        let state = RepositoryState::gather(&repository, &requests, &used, inspect, progress).await?;
        Plan::of_state(repository, state, requests, inspect).await
    }
}

impl Plan {
    /// Makes a plan from a known state, on a thread for blocking work: a large repository takes a while.
    ///
    /// # Errors
    ///
    /// [`Kind::Incomplete`] when that thread was stopped.
    pub async fn of_state(
        repository: RepositoryHandle,
        state: RepositoryState,
        requests: Vec<RemovalRequest>,
        inspect: Inspect,
    ) -> Result<Self> {
        let (state, requests, decision) = decided(state, requests, with_referrers).await?;
        Ok(Self { repository, state, inspect, requests, decision })
    }

    /// The repository.
    pub fn repository(&self) -> &RepositoryHandle {
        &self.repository
    }

    /// What is known of the repository.
    pub fn state(&self) -> &RepositoryState {
        &self.state
    }

    /// The items, in the order of execution.
    pub fn items(&self) -> &[Item] {
        &self.decision.items
    }

    /// Takes the items out of the plan that cannot be removed, and returns them.
    pub fn take_impossible(&mut self) -> Vec<Item> {
        let items = std::mem::take(&mut self.decision.items);
        let (possible, impossible) = items.into_iter().partition(|item| item.method.is_ok());
        self.decision.items = possible;
        impossible
    }

    /// The requests, with those that were added for referrers.
    pub fn requests(&self) -> &[RemovalRequest] {
        &self.requests
    }

    /// The space that the plan frees.
    pub fn reclaimable(&self) -> &Reclaimable {
        &self.decision.reclaimable
    }
}

/// Decides about requests, after they were `prepared`, on a thread for blocking work.
///
/// # Errors
///
/// [`Kind::Incomplete`] when that thread was stopped.
pub(super) async fn decided(
    state: RepositoryState,
    requests: Vec<RemovalRequest>,
    prepared: fn(Vec<RemovalRequest>, &RepositoryState) -> Vec<RemovalRequest>,
) -> Result<(Arc<RepositoryState>, Vec<RemovalRequest>, Decision)> {
    let decided = tokio::task::spawn_blocking(move || {
        let requests = prepared(requests, &state);
        let decision = decide(&requests, &state);
        (Arc::new(state), requests, decision)
    });
    decided.await.map_err(|error| Error::new(Kind::Incomplete, "planning was stopped").because(error))
}
