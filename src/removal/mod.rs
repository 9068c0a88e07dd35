//! Removing exactly what is requested, or nothing: a plan first, then its execution, then the proof.
//!
//! Registries differ in what they delete (OCI distribution specification, "Content Management"): a tag by its name, or manifests only
//! and with a manifest every tag on it. [`Plan::make`] finds out what the registry does and what depends on what in the repository;
//! [`decide`] is the rule, a pure function; [`Execution::next`] carries out one item after the other, looks at what stays just before
//! it deletes, and proves afterwards that what was to go is gone. [`Execution::verify`] looks once more at all that stays.
//!
//! ```text
//! let plan = Plan::make(&client, &repository, requests, PlanOptions::default()).await?;
//! let mut execution = plan.execute(Options::default());
//! while let Some((item, outcome)) = execution.next().await { … }
//! execution.verify().await?;
//! ```
//!
//! An [`Archive`] keeps what is removed, and a [`Restoration`] pushes it back.

mod archive;
mod by_rule;
mod companions;
mod decide;
mod dependencies;
mod evidence;
mod execute;
mod item;
mod lookup;
mod pending;
mod placeholder;
mod plan;
mod purge;
mod request;
#[cfg(test)]
mod rule_tests;
mod saved;
mod state;
mod step;
#[cfg(test)]
mod tests;
mod undo;
mod verify;

pub use archive::{Archive, Entry, Limits, Run, RunId, RunInfo, RunSummary};
pub use decide::{Decision, decide};
pub use execute::{Execution, Options, Outcome, Removed};
pub use item::{Item, Origin, SiblingTags};
pub use plan::{Plan, PlanOptions};
pub use purge::Reclaimable;
pub use request::{Method, Methods, RemovalPolicy, RemovalRequest, Siblings, Target};
pub use saved::{SavedItem, SavedPlan};
pub use state::{InUse, Inspect, RepositoryState};
pub use undo::{Restoration, Restored};
