//! Pure functions over what was read from registries: what differs, what moved.

mod difference;
mod saved;

pub use difference::{Difference, DifferenceKind, differences};
pub use saved::{SavedTag, read_saved_tags};
