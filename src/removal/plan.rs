//! The plan of one repository: what was decided, before anything is done.

use std::sync::Arc;

use super::companions::with_referrers;
use super::decide::{Decision, decide};
use super::execute::{Execution, Options};
use super::item::Item;
use super::purge::Reclaimable;
use super::request::RemovalRequest;
use super::state::{Inspect, RepositoryState};
use crate::error::{Error, Result};
use crate::name::Repository;
use crate::registry::Client;
use crate::registry::snapshot::SnapshotProgress;
use crate::retention::UsedTags;

/// How a plan is made.
#[derive(Debug, Clone, Default)]
pub struct PlanOptions {
    /// How much is looked at.
    pub inspect: Inspect,
    /// What is in use, and stays.
    pub used: Option<Arc<UsedTags>>,
    /// Counts what was read, to be shown as progress.
    pub progress: Arc<SnapshotProgress>,
}

/// What is going to be done in one repository.
#[derive(Debug, Clone)]
pub struct Plan {
    pub(super) client: Client,
    pub(super) state: Arc<RepositoryState>,
    pub(super) inspect: Inspect,
    pub(super) requests: Vec<RemovalRequest>,
    pub(super) decision: Decision,
}

impl Plan {
    /// Makes a plan. Nothing is changed.
    ///
    /// # Errors
    ///
    /// What keeps anything from being found out. What cannot be done about one request is in its item.
    pub fn make(
        client: &Client,
        repository: &Repository,
        requests: Vec<RemovalRequest>,
        options: PlanOptions,
    ) -> impl Future<Output = Result<Self>> + Send + use<> {
        let (client, repository) = (client.clone(), repository.clone());
        async move {
            let PlanOptions { inspect, used, progress } = options;
            // What is in use by its digest is known only from what the tags point at.
            let inspect = if used.is_some() { Inspect::Full } else { inspect };
            let mut state = RepositoryState::gather(&client, &repository, &requests, inspect, progress).await?;
            if let Some(used) = used {
                state.keep_used(&used);
            }
            Self::of_state(client, state, requests, inspect).await
        }
    }

    /// A plan from what is known. A large repository is decided about off the runtime's thread.
    ///
    /// # Errors
    ///
    /// [`Kind::Incomplete`](crate::Kind::Incomplete) when the thread is gone.
    pub async fn of_state(
        client: Client,
        state: RepositoryState,
        requests: Vec<RemovalRequest>,
        inspect: Inspect,
    ) -> Result<Self> {
        let decided = tokio::task::spawn_blocking(move || {
            let requests = with_referrers(requests, &state);
            let decision = decide(&requests, &state);
            (Arc::new(state), requests, decision)
        });
        let (state, requests, decision) = decided
            .await
            .map_err(|error| Error::new(crate::Kind::Incomplete, "the plan was given up").because(error))?;
        Ok(Self { client, state, inspect, requests, decision })
    }

    /// The repository.
    pub fn repository(&self) -> &Repository {
        &self.state.repository
    }

    /// What is known of it.
    pub fn state(&self) -> &RepositoryState {
        &self.state
    }

    /// What is done, in this order.
    pub fn items(&self) -> &[Item] {
        &self.decision.items
    }

    /// Leaves out what cannot go, and gives it.
    pub fn take_impossible(&mut self) -> Vec<Item> {
        let (possible, impossible) =
            std::mem::take(&mut self.decision.items).into_iter().partition(|item| item.method.is_ok());
        self.decision.items = possible;
        impossible
    }

    /// What is requested, referrers that are taken along included.
    pub fn requests(&self) -> &[RemovalRequest] {
        &self.requests
    }

    /// What it frees.
    pub fn reclaimable(&self) -> &Reclaimable {
        &self.decision.reclaimable
    }

    /// Carries it out.
    pub fn execute(self, options: Options) -> Execution {
        Execution::new(self, options)
    }
}
