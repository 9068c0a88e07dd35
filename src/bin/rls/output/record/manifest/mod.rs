//! `rls manifest`: its records, and how they are shown.

mod block;
mod records;
#[cfg(test)]
mod tests;
mod view;

pub use records::{ConfigRecord, HistoryRecord, LayerRecord, ManifestRecord, PlatformRecord};
pub use view::ManifestView;
