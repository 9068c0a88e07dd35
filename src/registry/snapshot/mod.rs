//! Snapshots of repositories: what the tags point to, and how the manifests that they reach depend on each other.

mod adjacency;
mod builder;
mod facts;
mod index;
mod list;
mod read;

pub use crate::registry::media_types::Form;
pub use builder::Builder;
pub use facts::{BlobId, ListCaveat, ManifestFacts, ManifestId, ManifestState, OtherName, PackedTime, Pointer, TagId};
pub use index::{BlobKey, TagIndex};
pub use read::{SnapshotOptions, SnapshotProgress};
