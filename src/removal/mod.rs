//! Removes exactly the requested tags and manifests, or nothing: a plan first, then its execution, then the
//! verification.
//!
//! Registries differ in what they delete (OCI distribution specification, "Content Management"): some delete a tag by
//! its name, others only manifests, and with a manifest every tag on it. [`plan()`] finds out what the registry
//! deletes and what depends on what; `decide` is the rule, a pure function. [`Execution::next`] executes one item
//! after the other, checks right before each deletion what must be kept, and verifies afterwards that the target is
//! gone. [`Execution::verify`] verifies that everything else stayed. [`Execution::into_stream`] does both.
//!
//! ```text
//! let plan = removal::plan(&client.repository(&name), requests, PlanOptions::default()).await?;
//! let mut execution = plan.execute(Options::default());
//! while let Some((item, outcome)) = execution.next().await { … }
//! execution.verify().await?;
//! ```
//!
//! An [`Archive`] keeps copies of removed manifests, and a [`Restoration`] pushes them back.

mod archive;
mod confirm;
mod decide;
mod delete;
mod dependencies;
mod evidence;
mod execute;
mod item;
mod look;
mod lookup;
mod outcome;
mod pending;
mod placeholder;
mod plan;
mod purge;
mod referrers;
mod referrers_api;
mod request;
#[cfg(test)]
mod rule_tests;
mod saved;
mod state;
#[cfg(test)]
mod tests;
mod undo;
mod verify;
mod veto;

pub use archive::{Archive, Entry, Limits, Run, RunId, RunInfo, RunSummary};
pub use execute::{Execution, Options};
pub use item::{Item, Origin, SiblingTags};
pub use outcome::{Outcome, Removed};
pub use plan::{Plan, PlanOptions, plan};
pub use purge::Reclaimable;
pub use request::{Method, Methods, RemovalPolicy, RemovalRequest, Siblings, Target};
pub use saved::{SavedItem, SavedPlan};
pub use state::{InUse, Inspect, RepositoryState};
pub use undo::{Restoration, Restored};
