//! One transport for everything that is sent: connections, authentication, retries, redirects, limits, paging.
//!
//! [`Transport::send`] takes a [`Request`] and returns a [`Response`] whose status is a success, or an [`Error`](crate::Error)
//! that says why not. A caller never sees a 401, a redirect or a 503 that went away on a second try.

mod auth_state;
mod authenticate;
mod budget;
mod connect;
mod fault;
mod limiter;
mod link;
mod login;
mod look;
mod options;
mod proxy;
mod redact;
mod redirect;
mod request;
mod response;
mod retry;
mod retry_state;
mod stats;
mod status;
mod token_prefetch;
mod transport;
mod verify;
mod warning;

pub use budget::HeldBytes;
pub use connect::{RawStream, connect};
pub(crate) use link::pagination_loop;
pub use link::{NextPage, next_page};
pub use look::AuthOutcome;
pub use options::{Jobs, Options, Resolve};
pub use proxy::{has_proxy_but_for_exceptions, proxy_for, proxy_variable};
pub use redact::{redacted_headers, redacted_url};
pub use redirect::redirect_target;
pub use request::{Request, RequestContext};
pub use response::Response;
pub use retry::{Backoff, RetryAfter, is_transient_status, retry_after};
pub use retry_state::RetryState;
pub use stats::{Stats, Totals};
pub use status::{registry_errors, summary};
pub use transport::Transport;
pub use verify::{Caveat, Verification};
pub use warning::warning_text;
