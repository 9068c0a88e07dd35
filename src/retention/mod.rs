//! Which tags of a repository stay and which go, by rules: [`decide`] takes a snapshot and gives a [`Plan`], without input or output.
//!
//! - What is to be kept wins over what is to be removed, and of several reasons to keep one is enough. Several rules add up.
//! - What is unknown is never old, has no place in an order and is not counted. A tag that could not be read stays.
//! - A manifest goes only with its last tag, and never while a manifest that stays lists it, or something that could not be read may.
//! - Signatures and whatever else refers to a manifest stay and go with it.
//! - What an interrupted removal left behind goes.
//!
//! ```
//! use registry_ls::name::{Algorithm, Digest};
//! use registry_ls::registry::snapshot::{ManifestFacts, ManifestState, Pointer, TagIndex};
//! use registry_ls::retention::{Options, Rule, UsedTags, decide};
//!
//! let mut builder = TagIndex::builder();
//! for (tag, created) in [("1.0", "2026-01-01T00:00:00Z"), ("1.1", "2026-02-01T00:00:00Z")] {
//!     let manifest = builder.manifest(&Digest::of(Algorithm::Sha256, tag.as_bytes()));
//!     let facts = ManifestFacts { created: Some(created.parse()?).into(), ..ManifestFacts::default() };
//!     builder.set(manifest, ManifestState::Read(facts));
//!     let (tag, _) = builder.tag(tag.parse()?);
//!     builder.point(tag, Pointer::At(manifest));
//! }
//! let snapshot = builder.build();
//! let rule = Rule { keep_last: std::num::NonZeroUsize::new(1), ..Rule::default() };
//! let plan = decide(&[rule], &snapshot, &UsedTags::default(), &Options::at("2026-03-01T00:00:00Z".parse()?));
//! let line = |decision: &registry_ls::retention::Decision| format!("{}: {}", snapshot.tag(decision.tag), plan.reason(decision, &snapshot));
//! assert_eq!(plan.decisions.iter().map(line).collect::<Vec<_>>(), ["1.1: the newest", "1.0: older than the newest"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod candidate;
mod decide;
mod plan;
mod reachability;
mod reason;
mod rule;
mod subject;
mod summary;
mod used;

pub use decide::{Options, decide};
pub use plan::{Decision, Plan, Refusal, Verdict};
pub use reason::{Kept, ManifestRef, Obstacle, Removed, RuleId, Untagged};
pub use rule::{Cutoff, Order, Rule};
pub use used::{MAX_BYTES, UsedImages, UsedTags};
