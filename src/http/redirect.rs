//! Redirects: which are followed, and where to. They are not left to the HTTP client, so that credentials stay with
//! their origin.

use std::net::IpAddr;
use std::sync::Arc;

use http::Method;
use http::header::{HeaderValue, LOCATION};
use url::Url;

use super::limiter::{Limiter, Permit};
use super::observe::Observer;
use super::origins::Referral;
use super::pool::Message;
use super::request::{Request, authority};
use super::response::Response;
use crate::auth::may_lead_to;
use crate::error::{Error, Fault, Kind, NamedBy, OtherServer, Result, Tls};

/// How many redirects in a row are followed.
const MAX_HOPS: usize = 5;

/// Sends requests along their redirects.
#[derive(Debug)]
pub(super) struct Redirects {
    limiter: Arc<Limiter>,
    observer: Arc<Observer>,
}

impl Redirects {
    pub fn new(limiter: Arc<Limiter>, observer: Arc<Observer>) -> Self {
        Self { limiter, observer }
    }

    /// Sends a request to `url` and follows its redirects. `authorization` goes to the origin of `url` alone; once a
    /// redirect has left that origin it is not sent again, even if the way leads back. `permit` is one that the request
    /// holds already.
    ///
    /// # Errors
    ///
    /// Why no reply came, and those of [`redirect_target`].
    pub async fn send(
        &self,
        request: &Request,
        url: &Url,
        authorization: Option<&HeaderValue>,
        mut permit: Option<Permit>,
    ) -> Result<Response> {
        let (mut url, mut authorization) = (url.clone(), authorization);
        for hop in 0..=MAX_HOPS {
            let permit = match permit.take() {
                Some(permit) => permit,
                None => self.limiter.acquire().await,
            };
            let Request { method, headers, body, is_recheck, .. } = request;
            let body = body.clone();
            let message = Message { method, url: &url, headers, authorization, body, is_recheck: *is_recheck };
            let sent = self.limiter.send(permit, message).await;
            // The server that redirected chose the host, which errors name.
            let response = sent.map_err(|error| match hop {
                0 => error,
                _ => at_redirect_target(self.observer.masked(error), request, &url, &self.observer),
            })?;
            if !matches!(response.status(), 301 | 302 | 303 | 307 | 308) {
                return Ok(response);
            }
            let location = response.headers().get(LOCATION).map(HeaderValue::as_bytes);
            let next = redirect_target(method, &url, response.peer(), location);
            let next = next.map_err(|error| self.observer.masked(error))?;
            self.observer.secrets.remember_url(&next);
            if next.origin() != url.origin() {
                self.limiter.refer(&url, response.peer(), &next, Referral::Redirect);
                authorization = None;
            }
            url = next;
        }
        let what = format!("too many redirects from {}", request.context.registry);
        Err(Error::new(Kind::Protocol(Fault::Redirect), what)
            .because(format!("{} is still redirected after {MAX_HOPS} redirects", request.url.path())))
    }
}

/// Adds to an error of another origin that a redirect led there.
fn at_redirect_target(error: Error, request: &Request, url: &Url, observer: &Observer) -> Error {
    // A redirect that is not followed is called one already.
    if url.origin() == request.url.origin() || matches!(error.kind(), Kind::Protocol(Fault::Redirect)) {
        return error;
    }
    let place = observer.secrets.masked(&authority(url));
    let error = error.because(format!("{} redirects to {place}", request.context.registry));
    error.at(OtherServer { place, named_by: NamedBy::Redirect })
}

/// Where a redirect from `from` leads, when it may be followed.
///
/// `peer` is the address of `from`, if known: it shows how private the network is that the redirect comes from.
///
/// # Errors
///
/// - [`Fault::Redirect`]: the method is not GET or HEAD; no `Location`; not http or https; a user name in the address;
///   an address of a more private class than where the request went (a public registry must not lead into the local
///   network).
/// - [`Tls::Downgrade`]: from https to http.
pub fn redirect_target(method: &Method, from: &Url, peer: Option<IpAddr>, location: Option<&[u8]>) -> Result<Url> {
    let host = authority(from);
    let refused = |cause: String| {
        Error::new(Kind::Protocol(Fault::Redirect), format!("refusing to follow a redirect from {host}")).because(cause)
    };
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Err(refused(format!("a {method} request does not follow redirects")));
    }
    let location = location.ok_or_else(|| refused("no Location header".into()))?;
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
        return Err(refused(format!("it leads to {to}, in a more private network")));
    }
    Ok(to)
}
