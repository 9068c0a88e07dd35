//! Removing exactly what was asked for, or nothing: a plan first, then its steps.
//!
//! Registries differ in what they delete (OCI distribution specification, "Content Management"): a tag by its name, or manifests only
//! and with a manifest every tag on it. [`Plan::make`] finds out what the registry does and what hangs together in the repository;
//! [`decide`] is the rule, a pure function; [`Plan::step`] carries out one item after the other, looks once more just before it
//! deletes, and proves afterwards that what was asked to go is gone and that what was to stay is there.
//!
//! ```text
//! let mut plan = Plan::make(&client, &repository, wishes, Look::Enough).await?;
//! while let Some((item, outcome)) = plan.step(&client).await { … }
//! ```

mod by_rule;
mod carry_out;
mod decide;
mod facts;
mod placeholder;
mod plan;
mod saved;
#[cfg(test)]
mod tests;
mod wish;

pub use carry_out::Removed;
pub use decide::{Item, decide};
pub use facts::{Facts, Look};
pub use plan::Plan;
pub use saved::{SavedItem, SavedPlan};
pub use wish::{Method, Permits, Takes, Wanted, Ways, Wish};
