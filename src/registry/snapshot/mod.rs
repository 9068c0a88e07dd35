//! A snapshot of a repository: what its tags point at, and how the manifests that they reach depend on each other.

mod adjacency;
mod facts;
mod index;
mod options;
mod read;

pub use crate::registry::media_types::Form;
pub use facts::{BlobId, ListCaveat, ManifestFacts, ManifestId, ManifestState, OtherName, Pointer, TagId};
pub use index::{BlobKey, Builder, TagIndex};
pub use options::{SnapshotOptions, SnapshotProgress};
