//! From what went wrong on the wire to an [`Error`](crate::Error): below HTTP by type, above it by status.

mod body;
mod connection;
mod status;
mod success;

pub(super) use body::is_html;
pub use body::{registry_errors, summary};
pub(crate) use connection::truncated;
pub(super) use connection::{
    Attempt, broken_body, find_source, is_dead, proxy_error, requires_http1, root_cause, transport_error, undecodable,
    unresolved,
};
pub(super) use status::{check, refusal};
pub(super) use success::{error_in_success, reports_error};
