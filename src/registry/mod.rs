//! The client of a registry: one file per endpoint of the OCI distribution specification.

mod absence;
mod artifact;
mod blob;
mod cached;
mod catalog;
mod choose;
mod client;
mod config;
mod created;
mod delete;
mod descriptor;
mod disk;
mod document;
mod endpoint;
mod filter;
mod kind;
mod listing;
mod manifest;
pub mod media_types;
mod members;
mod names;
mod page;
mod platform;
mod referrers;
mod reorder;
mod repository;
mod resolve;
mod root;
mod schema1;
pub mod snapshot;
mod summary;
mod tags;
mod upload;

pub use artifact::ArtifactFacts;
pub(crate) use blob::BlobRange;
pub use blob::BlobReader;
pub use catalog::CatalogOptions;
pub use choose::PlatformChoice;
pub use client::{Client, ClientBuilder};
pub use config::{Config, HistoryEntry, ImageConfig};
pub use created::{Dates, real_date};
pub use delete::Deletion;
pub(crate) use delete::{PendingDeletion, SETTLE_TIME};
pub use descriptor::{Descriptor, DescriptorDigest};
pub use document::{Content, Document, Manifest};
pub(crate) use endpoint::Endpoint;
pub use filter::flatten_batches;
pub use kind::ManifestKind;
pub use listing::PAGE_SIZE;
pub(crate) use manifest::{Fetched, moved};
pub use platform::Platform;
pub(crate) use referrers::referrers_tag;
pub use referrers::{MAX_LEVELS as MAX_REFERRER_LEVELS, Referrer, ReferrerOptions, ReferrerTree, Subject};
pub use reorder::reorder;
pub use repository::RepositoryHandle;
pub use resolve::Resolved;
pub use schema1::Schema1;
pub use snapshot::TagIndex;
pub use summary::{FetchedConfig, Problem, Summaries, Summary, SummaryError};
pub(crate) use tags::ListedNames;
pub use tags::Tags;

/// What fuzz targets and test vectors call directly. Not part of the interface.
#[cfg(feature = "__internals")]
#[doc(hidden)]
pub mod internals {
    pub use super::names::{Entry, ListError, NameScanner};
}
