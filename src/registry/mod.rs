//! What can be asked of a registry: one file an endpoint of the OCI distribution specification.

mod catalog;
mod census;
mod client;
mod config;
mod contents;
mod delete;
mod document;
mod endpoint;
mod inventory;
mod listing;
mod manifest;
mod names;
mod page;
mod platform;
mod referrers;
mod root;
mod schema1;
pub mod snapshot;
mod tags;
mod upload;
mod valid;

pub use catalog::CatalogOptions;
pub use census::{Census, ManifestFacts, TagFacts};
pub use client::{Client, ClientBuilder};
pub(crate) use endpoint::Endpoint;

pub use config::{HistoryEntry, ImageConfig};
pub use contents::{Child, Contents};
pub use delete::{Deletion, moved};
pub use document::{Content, Descriptor, Document, Manifest, media_types};
pub use inventory::{Index, Inventory};
pub use listing::PAGE_SIZE;
pub use manifest::{Config, Resolved};
pub use names::{BadList, Entry, NameScanner};
pub use platform::Platform;
pub use referrers::referrers_tag;
pub use snapshot::TagIndex;
pub use valid::one_by_one;
