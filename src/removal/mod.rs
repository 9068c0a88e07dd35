//! Removes exactly the requested tags and manifests, or nothing: a plan first, then its execution, then the
//! verification.
//!
//! Registries differ in what they delete (OCI distribution specification, "Content Management"): some delete a tag by
//! its name, others only manifests, and with a manifest every tag on it. The protocol has no conditional deletion, and
//! any single reply may come from a cache, a gateway or a replica that lags behind. So nothing is deleted, and nothing
//! is reported as deleted, because of one reply. The evidence, in the order in which it is asked for:
//!
//! 1. What the registry deletes: probes delete a tag and a digest that do not exist ([`RepositoryState`]).
//! 2. What is there: the list of tags to its end, what each name points to, and every manifest that they reach or that
//!    is in use. "Not found" counts when it is answered twice, and not by a cache; a list that lacks an existing tag
//!    may lack others.
//! 3. What may go: `decide` chooses a method for each request by `evidence`, both pure. What cannot be ruled out counts
//!    as a reason to keep a manifest.
//! 4. Right before a batch of deletions: the list and every kept name again. What moved, is new or cannot be read
//!    vetoes deletions (`veto`).
//! 5. Right before each deletion: the target itself, by its content, which is archived for undoing (`precheck`). It
//!    comes last since everything that is asked in between ages it.
//! 6. Right after each deletion: the target again, until it is gone. No reply to a DELETE counts (`delete`).
//! 7. After the batch: the list again. Names that it still has were not removed; kept names that it lacks are looked
//!    up, and once one is lost nothing more is removed (`verify`).
//! 8. At the end: every kept name once more, and by another connection every name and manifest that was removed. A
//!    manifest that an index or a subject needed is deleted only after such a recheck of these.
//!
//! [`plan()`] asks 1 to 3, [`Execution::next`] 4 to 7 for one item after the other, [`Execution::verify`] 8;
//! [`Execution::into_stream`] does both.
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
mod decide;
mod delete;
mod dependencies;
mod evidence;
mod execute;
mod item;
mod kept;
mod lookup;
mod outcome;
mod pending;
mod placeholder;
mod plan;
mod precheck;
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
