//! From what went wrong on the wire to an [`Error`](crate::Error): below HTTP by type, above it by status.

mod connection;
mod status;

pub(super) use connection::{Attempt, broken_body, find_source, is_dead, root_cause, transport_error, unresolved};
pub(super) use status::{check, is_html, refusal, reports_error};
pub use status::{registry_errors, summary};
