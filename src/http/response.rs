//! A reply whose body is read under a limit.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName};
use url::Url;

use super::fault;
use super::limiter::Permit;
use super::stats::Stats;
use crate::error::{Error, Fault, Kind, Result};

/// A reply: its head is here, its body is read with [`Response::bytes`] or [`Response::chunk`].
#[derive(Debug)]
pub struct Response {
    inner: reqwest::Response,
    /// Held until the body is there.
    permit: Option<Permit>,
    stats: Arc<Stats>,
    limits: Limits,
}

/// How long a reply may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// The longest silence within it.
    pub idle: Duration,
    /// When all of it has to be there.
    pub deadline: Option<Instant>,
}

impl Response {
    pub(super) fn new(inner: reqwest::Response, permit: Option<Permit>, stats: Arc<Stats>, limits: Limits) -> Self {
        Self { inner, permit: permit, stats, limits }
    }

    /// Lets another request have this one's permit: whoever reads the rest of the body waits for other requests before reading on.
    pub fn release_permit(&mut self) {
        self.permit = None;
    }

    /// The status code.
    pub fn status(&self) -> u16 {
        self.inner.status().as_u16()
    }

    /// The status as people know it: `503 Service Unavailable`.
    pub(super) fn status_line(&self) -> String {
        self.inner.status().to_string().trim_end_matches(" <unknown status code>").to_owned()
    }

    /// Where the reply came from, after redirects.
    pub fn url(&self) -> &Url {
        self.inner.url()
    }

    /// The header fields.
    pub fn headers(&self) -> &HeaderMap {
        self.inner.headers()
    }

    /// The first value of a header field, where it is text.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers().get(name).and_then(|value| value.to_str().ok()).map(str::trim)
    }

    /// How long the body is, where that is said and no encoding is undone on the way.
    pub(super) fn content_length(&self) -> Option<u64> {
        self.inner.content_length()
    }

    /// The media type without its parameters, in lower case.
    pub fn media_type(&self) -> Option<String> {
        let value = self.header(&CONTENT_TYPE)?;
        Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
    }

    /// The HTTP version of the reply.
    pub fn version(&self) -> reqwest::Version {
        self.inner.version()
    }

    /// The address that was connected to: the registry's, or the proxy's.
    pub fn peer(&self) -> Option<IpAddr> {
        self.inner.remote_addr().map(|address| address.ip())
    }

    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    ///
    /// [`Fault::Truncated`] when it ends early, [`Kind::TimedOut`] when it stops coming, otherwise what broke the connection.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        let Limits { idle, deadline } = self.limits;
        // Whoever reads may pause for longer than a server may be silent, as a list does whose names cost a request each. So what has
        // come in the meantime counts first and the clock second; the HTTP client's own limit does it the other way round.
        let chunk = fault::within_deadline(deadline, async {
            let chunk = tokio::time::timeout(idle, self.inner.chunk()).await;
            let chunk = chunk.map_err(|_| fault::stalled_body(self.inner.url()))?;
            chunk.map_err(|error| fault::broken_body(&error, self.inner.url()))
        })
        .await?;
        match &chunk {
            Some(chunk) => self.stats.count_bytes(chunk.len()),
            None => self.permit = None,
        }
        Ok(chunk)
    }

    /// The whole body, which may have `limit` bytes at most.
    ///
    /// # Errors
    ///
    /// [`Fault::TooLarge`], without having read more than that, and the errors of [`Response::chunk`].
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

    /// The start of the body, as much as `limit` bytes of it; whatever goes wrong ends it.
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

    /// The encodings that were offered are undone by the HTTP client, which then removes the header. What is left was not offered.
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
            .because(format!("it has Content-Encoding {encoding}, which was not asked for"))),
        }
    }
}
