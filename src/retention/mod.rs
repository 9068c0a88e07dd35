//! Retention: which tags of a repository to keep and which to remove, by rules. [`decide`] makes a [`Plan`] from a
//! snapshot, without I/O.
//!
//! - Keeping wins over removing: one reason to keep a tag is enough. Several rules add up.
//! - An unknown age is never old, and is neither ordered nor counted. A tag that could not be read is kept.
//! - A manifest is removed only with its last tag, and never while a kept manifest lists it, or something unreadable
//!   may list it.
//! - Referrers, such as signatures, are kept and removed with their subjects.
//! - Placeholders that an interrupted removal left behind are removed.
//!
//! The plan holds facts; see [`Kept`], [`Removed`] and [`Untagged`] for the reasons.
//!
//! ```
//! use registry_ls::name::{Algorithm, Digest};
//! use registry_ls::registry::snapshot::{Builder, ManifestFacts, ManifestState, Pointer};
//! use registry_ls::retention::{Options, Rule, UsedTags, decide};
//!
//! let mut builder = Builder::default();
//! for (tag, created) in [("1.0", "2026-01-01T00:00:00Z"), ("1.1", "2026-02-01T00:00:00Z")] {
//!     let manifest = builder.manifest(&Digest::of(Algorithm::Sha256, tag.as_bytes()));
//!     let mut facts = ManifestFacts::default();
//!     facts.created = Some(created.parse()?).into();
//!     builder.set(manifest, ManifestState::Read(facts));
//!     let (tag, _) = builder.tag(tag.parse()?);
//!     builder.point(tag, Pointer::At(manifest));
//! }
//! let snapshot = builder.build();
//! let mut rule = Rule::default();
//! rule.keep_last = std::num::NonZeroUsize::new(1);
//! let plan = decide(&[rule], &snapshot, &UsedTags::default(), &Options::at("2026-03-01T00:00:00Z".parse()?));
//! let removed: Vec<_> = plan.removals().map(|decision| snapshot.tag(decision.tag).as_str()).collect();
//! assert_eq!(removed, ["1.0"]);
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
pub use subject::named_subject;
pub use used::{MAX_BYTES, NamedImage, NamedImages, UsedImages, UsedTags};
