//! The transport, layer on layer, each a type that owns its state:
//!
//! - `pool`: one HTTP client for each origin; sends a single request, with `resolver` (one look-up for all), `race`
//!   (of a host's addresses) and `origins` (which addresses a server may have that another one named)
//! - `limiter`: bounds how many are in flight, and spaces out requests to an origin that answered 429
//! - `redirect`: follows redirects, and keeps credentials from other origins
//! - `authenticate`: answers a 401, with `auth_state` (what was accepted), `token_source` (tokens, cached or
//!   prefetched) and `denial` (why the answer was refused)
//! - `transport`: retries, and reads bodies within a budget
//!
//! Beside them, `errors` turns failures into [`Error`](crate::Error)s and `observe` counts and logs. A caller of
//! `Transport::send` never sees a 401, a redirect or a 503 that passed.

mod auth_state;
mod authenticate;
mod budget;
mod connect;
mod denial;
mod errors;
mod gunzip;
mod limiter;
mod link;
mod observe;
mod options;
mod origins;
mod pool;
mod proxy;
mod race;
mod redirect;
mod request;
mod resolver;
mod response;
mod retry;
mod retry_after;
mod timeouts;
mod timing;
mod token_source;
mod transport;
mod verify;

pub(crate) use budget::HeldBytes;
pub use connect::{RawStream, connect};
pub(crate) use errors::{registry_errors, truncated};
pub(crate) use link::{NextPage, next_page, pagination_loop};
pub(crate) use observe::Masker;
pub use observe::{Stats, Totals};
pub use options::{Jobs, Options, Resolve};
pub(crate) use proxy::{Exemption, Proxy, ProxyChoice, choose_proxy};
pub(crate) use redirect::redirect_target;
pub(crate) use request::{Request, RequestContext};
pub(crate) use resolver::{LookupError, canonical_name, lookup};
pub(crate) use response::Response;
pub(crate) use retry::RetryState;
pub(crate) use transport::{AuthOutcome, Transport};
pub use verify::{Caveat, Verification};

/// What fuzz targets and test vectors call directly. Not part of the interface.
#[cfg(feature = "__internals")]
#[doc(hidden)]
pub mod internals {
    pub use super::errors::{registry_errors, summary};
    pub use super::link::{NextPage, next_page};
    pub use super::observe::{redacted_headers, redacted_url, warning_text};
    pub use super::redirect::redirect_target;
    pub use super::retry_after::{RetryAfter, retry_after};
}
