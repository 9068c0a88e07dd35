//! Pure functions over what was read from registries: what differs, what moved, what it weighs.

mod difference;
mod saved;
mod usage;

pub use difference::{Difference, DifferenceKind, differences};
pub use saved::{SavedTag, read_saved_tags};
pub use usage::{RepositoryStorage, RepositoryUsage, StorageUsage, TagUsage, UsageReport};
