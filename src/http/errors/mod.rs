//! From what went wrong on the wire to an [`Error`](crate::Error): below HTTP by type, above it by status.

mod connection;
mod status;

pub(crate) use connection::truncated;
pub(super) use connection::{
    Attempt, broken_body, find_source, is_dead, proxy_error, requires_http1, root_cause, transport_error, undecodable,
    unresolved,
};
pub(super) use status::{check, error_in_success, is_html, refusal, reports_error};
pub use status::{registry_errors, summary};
