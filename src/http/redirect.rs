//! Which redirects are followed, and where to. The transport follows them itself, so that credentials stay with their origin.

use std::net::IpAddr;

use reqwest::Method;
use url::Url;

use crate::auth::may_lead_to;
use crate::error::{Error, Fault, Kind, Result, Tls};

/// How many redirects in a row are followed.
pub(super) const MAX_HOPS: usize = 5;

/// Where a redirect from `from` leads, when it may be followed.
///
/// `peer` is the address that `from` was reached at, if known: it tells how private the place is that the redirect comes from.
///
/// # Errors
///
/// - [`Fault::Redirect`]: the method is not GET or HEAD; no `Location`; not http or https; a user name in the address; an address
///   of a more private class than where the request went (a public registry must not lead into the local network).
/// - [`Tls::Downgrade`]: from https to http.
pub fn redirect_target(method: &Method, from: &Url, peer: Option<IpAddr>, location: Option<&[u8]>) -> Result<Url> {
    let host = from.host_str().unwrap_or_default();
    let refused = |cause: String| {
        Error::new(Kind::Protocol(Fault::Redirect), format!("{host} answered with a redirect that is not followed"))
            .because(cause)
    };
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Err(refused(format!("a {method} is never redirected")));
    }
    let location = location.ok_or_else(|| refused("it has no Location header".into()))?;
    let location = std::str::from_utf8(location).map_err(|_| refused("its Location is not UTF-8".into()))?;
    let to = from.join(location).map_err(|error| refused(format!("its Location is not a URL: {error}")))?;
    if !matches!(to.scheme(), "http" | "https") {
        return Err(refused(format!("its Location is not http or https but {}", to.scheme())));
    }
    if !to.username().is_empty() || to.password().is_some() {
        return Err(refused("its Location names a user".into()));
    }
    if from.scheme() == "https" && to.scheme() == "http" {
        let to = to.origin().ascii_serialization();
        let cause = format!("{host} leads to {to}");
        let kind = Kind::Tls(Tls::Downgrade { to });
        return Err(Error::new(kind, "refusing redirect to plain http").because(cause));
    }
    if from.origin() != to.origin() && !may_lead_to(from, peer, &to) {
        let to = to.host_str().unwrap_or_default();
        return Err(refused(format!("it leads into a more private network, to {to}")));
    }
    Ok(to)
}
