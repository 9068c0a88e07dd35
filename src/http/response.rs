//! A reply, whose body is read under limits.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName};
use url::Url;

use super::errors::broken_body;
use super::limiter::Permit;
use super::observe::Stats;
use super::proxy::proxy_for;
use super::timeouts::Timeouts;
use crate::error::{Error, Fault, Kind, Result, Route};

/// The head of a reply; its body is read with [`Response::bytes`] or [`Response::chunk`].
#[derive(Debug)]
pub struct Response {
    inner: reqwest::Response,
    latency: Duration,
    timeouts: Timeouts,
    stats: Arc<Stats>,
    /// What was known before it came.
    route: Route,
    /// Held until the body is read.
    permit: Option<Permit>,
}

impl Response {
    pub(super) fn new(
        inner: reqwest::Response,
        latency: Duration,
        timeouts: Timeouts,
        stats: Arc<Stats>,
        route: Route,
    ) -> Self {
        Self { inner, latency, timeouts, stats, route, permit: None }
    }

    /// Keeps a permit until the body is read.
    pub(super) fn hold_permit(&mut self, permit: Permit) {
        self.permit = Some(permit);
    }

    /// Gives the permit back early, for a body whose reader waits for other requests before it reads on.
    pub fn release_permit(&mut self) {
        self.permit = None;
    }

    /// The status code.
    pub fn status(&self) -> u16 {
        self.inner.status().as_u16()
    }

    /// Whether the status is one of success.
    pub(super) fn is_success(&self) -> bool {
        self.inner.status().is_success()
    }

    /// How long the head of the reply took.
    pub(super) fn latency(&self) -> Duration {
        self.latency
    }

    /// The status with its reason: `503 Service Unavailable`.
    pub(super) fn status_line(&self) -> String {
        self.inner.status().to_string().trim_end_matches(" <unknown status code>").to_owned()
    }

    /// The URL that replied, after redirects.
    pub fn url(&self) -> &Url {
        self.inner.url()
    }

    /// The header fields.
    pub fn headers(&self) -> &HeaderMap {
        self.inner.headers()
    }

    /// The first value of a header field, if it is text.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers().get(name).and_then(|value| value.to_str().ok()).map(str::trim)
    }

    /// The length of the body, if announced and not encoded.
    pub(super) fn content_length(&self) -> Option<u64> {
        self.inner.content_length()
    }

    /// The media type without its parameters, in lower case.
    pub fn media_type(&self) -> Option<String> {
        let value = self.header(&CONTENT_TYPE)?;
        Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
    }

    /// The HTTP version of the reply.
    pub fn version(&self) -> http::Version {
        self.inner.version()
    }

    /// The address that the reply came from; `None` behind a proxy.
    pub fn peer(&self) -> Option<IpAddr> {
        if proxy_for(self.url()).is_some() {
            None
        } else {
            self.inner.remote_addr().map(|address| address.ip().to_canonical())
        }
    }

    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    ///
    /// [`Fault::Truncated`] when it ends early, [`Kind::TimedOut`] when it stalls, otherwise what broke the connection.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        // The caller may pause for longer than the idle timeout, for example to send a request for each name of a list.
        // Data that arrived in the meantime must not count as a timeout; with reqwest's own read timeout it would.
        let (timeouts, url) = (self.timeouts, self.inner.url().clone());
        let chunk = timeouts.within_deadline(async {
            let chunk = timeouts.until_chunk(&url, self.inner.chunk()).await?;
            chunk.map_err(|error| broken_body(error, &url))
        });
        let chunk = chunk.await.map_err(|error| error.at_route(self.route.clone()))?;
        match &chunk {
            Some(chunk) => self.stats.count_bytes(chunk.len()),
            None => self.permit = None,
        }
        Ok(chunk)
    }

    /// The whole body, of at most `limit` bytes; `what` names it in errors.
    ///
    /// # Errors
    ///
    /// [`Fault::TooLarge`], before more than that is read, and those of [`Response::chunk`].
    pub async fn bytes(&mut self, limit: usize, what: &str) -> Result<Bytes> {
        self.refuse_encoding()?;
        let too_large = || {
            let limit = if limit >= 1 << 20 { format!("{} MiB", limit >> 20) } else { format!("{} KiB", limit >> 10) };
            Error::new(Kind::Protocol(Fault::TooLarge), format!("{what} too large"))
                .because(format!("it is larger than {limit}"))
        };
        if self.inner.content_length().is_some_and(|length| length > limit as u64) {
            return Err(too_large());
        }
        // A buffer that grows takes up to twice what it holds.
        let length = self.inner.content_length().and_then(|length| usize::try_from(length).ok());
        let mut body = BytesMut::with_capacity(length.unwrap_or_default());
        while let Some(chunk) = self.chunk().await? {
            if body.len() + chunk.len() > limit {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    /// The start of the body, at most `limit` bytes; an error ends it.
    pub async fn start(&mut self, limit: usize) -> Bytes {
        let mut body = BytesMut::new();
        while body.len() < limit {
            match self.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) | Err(_) => break,
            }
        }
        body.truncate(limit);
        body.freeze()
    }

    /// Refuses a Content-Encoding. The HTTP client undoes those it offers and removes the header; what is left was not
    /// offered.
    ///
    /// # Errors
    ///
    /// [`Fault::Malformed`].
    pub fn refuse_encoding(&self) -> Result<()> {
        match self.header(&CONTENT_ENCODING) {
            None | Some("identity" | "") => Ok(()),
            Some(encoding) => Err(Error::new(
                Kind::Protocol(Fault::Malformed),
                format!("unexpected reply from {}", self.url().host_str().unwrap_or_default()),
            )
            .because(format!("its Content-Encoding is {encoding}, which was not requested"))),
        }
    }
}
