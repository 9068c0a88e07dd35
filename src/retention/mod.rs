//! Which tags of a repository stay and which go, by a rule: [`decide`] takes facts and gives a [`Plan`], without input or output.
//!
//! - What is to be kept wins over what is to be removed, and of several reasons to keep one is enough.
//! - A tag whose facts could not be read stays.
//! - A manifest goes only with its last tag, and never while a manifest that stays lists it.
//! - Signatures and whatever else refers to a manifest stay and go with it.
//! - What an interrupted removal left behind goes.
//!
//! ```
//! use registry_ls::registry::{Census, ManifestFacts, TagFacts};
//! use registry_ls::retention::{Rule, decide};
//!
//! let mut census = Census::default();
//! for (tag, created) in [("1.0", "2026-01-01T00:00:00Z"), ("1.1", "2026-02-01T00:00:00Z")] {
//!     let digest = registry_ls::name::Digest::of(registry_ls::name::Algorithm::Sha256, tag.as_bytes());
//!     let facts = ManifestFacts { created: Some(created.parse()?), ..ManifestFacts::default() };
//!     census.tags.push(TagFacts { tag: tag.parse()?, digest: Some(digest.clone()), error: None });
//!     census.manifests.insert(digest, facts);
//! }
//! let plan = decide(&Rule { keep_last: std::num::NonZeroUsize::new(1), ..Rule::default() }, &census);
//! let told: Vec<_> = plan.decisions.iter().map(|decision| format!("{}: {}", decision.tag, decision.verdict)).collect();
//! assert_eq!(told, ["1.1: among the last 1", "1.0: not among the last 1"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod decide;
mod order;
mod plan;
mod reason;
mod rule;
mod subject;
mod together;

pub use decide::decide;
pub use plan::{Decision, Plan, Totals, Verdict};
pub use reason::{Kept, Removed, Untagged};
pub use rule::{Cutoff, Order, Rule};

#[cfg(test)]
mod tests;
