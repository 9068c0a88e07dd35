//! Summaries of manifests with everything that they reach: platforms, size, creation time, and what is missing.

mod builder;
mod cache;
mod reader;
mod types;

pub use reader::{Summaries, SummaryError};
pub use types::{FetchedConfig, Problem, Summary};
