//! A reply, whose body is read under limits.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::{
    AGE, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING, WARNING,
};
use url::Url;

use super::errors::{broken_body, truncated, undecodable};
use super::gunzip::Gunzip;
use super::limiter::Permit;
use super::observe::{Masker, Observer};
use super::proxy::proxy_for;
use super::request::authority;
use super::timeouts::Timeouts;
use super::timing::Timing;
use crate::error::{Error, Fault, Kind, Result, Route};

/// The head of a reply; its body is read with [`Response::bytes`] or [`Response::chunk`].
#[derive(Debug)]
pub struct Response {
    inner: reqwest::Response,
    timing: Timing,
    timeouts: Timeouts,
    observer: Arc<Observer>,
    /// What was known before it came.
    route: Route,
    /// Held until the body is read.
    permit: Option<Permit>,
    /// The announced length of the body, of which so much arrived, in bytes.
    announced: Option<u64>,
    arrived: u64,
    /// Decodes the body.
    gunzip: Option<Gunzip>,
}

impl Response {
    pub(super) fn new(
        inner: reqwest::Response,
        timing: Timing,
        timeouts: Timeouts,
        observer: Arc<Observer>,
        route: Route,
    ) -> Self {
        let announced = inner.content_length();
        let encoding = inner.headers().get(CONTENT_ENCODING).and_then(|value| value.to_str().ok());
        let codings: Vec<_> = encoding.into_iter().flat_map(codings).collect();
        let gunzip = if let [coding] = codings[..] { Gunzip::for_encoding(coding) } else { None };
        Self { inner, timing, timeouts, observer, route, permit: None, announced, arrived: 0, gunzip }
    }

    /// The way to the server, as it was known before this reply.
    pub(super) fn route(&self) -> &Route {
        &self.route
    }

    /// Keeps a permit until the body is read.
    pub(super) fn hold_permit(&mut self, permit: Permit) {
        self.permit = Some(permit);
    }

    /// Gives the permit back early, for a body whose reader waits for other requests before it reads on.
    pub(crate) fn release_permit(&mut self) {
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

    /// A text that the server chose, without the secrets that it may echo.
    pub(crate) fn masked(&self, text: &str) -> String {
        self.observer.secrets.masked(text)
    }

    /// An error about what the server chose, without the secrets that it may echo.
    pub(crate) fn mask(&self, error: Error) -> Error {
        self.observer.masked(error)
    }

    /// What masks the secrets in texts of this reply that are read later.
    pub(crate) fn masker(&self) -> Masker {
        Masker::from(&self.observer)
    }

    /// How long the head of the reply took, and connecting before it.
    pub(super) fn timing(&self) -> Timing {
        self.timing
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
        self.announced.filter(|_| self.gunzip.is_none())
    }

    /// Whether the end of the body shows that it is whole: its length was announced, or it is chunked. Otherwise it
    /// ends with the connection or the stream, which may also break.
    pub(crate) fn has_certain_end(&self) -> bool {
        self.announced.is_some() || self.headers().contains_key(TRANSFER_ENCODING)
    }

    /// The media type without its parameters, in lower case.
    pub fn media_type(&self) -> Option<String> {
        let value = self.header(&CONTENT_TYPE)?;
        Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
    }

    /// Why the reply may not be the registry's current state, where a cache or proxy on the way says so, as the end of
    /// a sentence: "was in a cache for 30 s" (RFC 9111, "Age" and "Warning"; RFC 9211, "Cache-Status"; RFC 9110, "203
    /// Non-Authoritative Information"; `X-Cache` and `CF-Cache-Status` of caches that know none of these).
    pub fn staleness(&self) -> Option<String> {
        let values = |name| {
            let values = self.headers().get_all(name).iter().filter_map(|value: &HeaderValue| value.to_str().ok());
            values.flat_map(|value| value.split(',')).map(str::trim)
        };
        // What is too large to hold is very old.
        let seconds = |text: &str| {
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| text.parse().unwrap_or(u64::MAX))
        };
        if let Some(age) = values(AGE).filter_map(seconds).max().filter(|age| *age > 0) {
            return Some(format!("was in a cache for {age} s"));
        }
        let is_stale = |warning: &str| ["110", "111"].iter().any(|code| warning.split(' ').next() == Some(code));
        let mut status = CACHE_STATUS.into_iter().flat_map(&values);
        if values(WARNING).any(is_stale) || status.any(is_hit) {
            return Some("came from a cache".to_owned());
        }
        (self.status() == 203).then(|| "was answered with the status 203".to_owned())
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
        loop {
            if let Some(gunzip) = &mut self.gunzip
                && let Some(decoded) = gunzip.decode().map_err(|error| undecodable(error, self.inner.url()))?
            {
                return Ok(Some(decoded));
            }
            match (self.raw_chunk().await?, &mut self.gunzip) {
                (Some(chunk), Some(gunzip)) => gunzip.push(chunk),
                (Some(chunk), None) => return Ok(Some(chunk)),
                (None, Some(gunzip)) => {
                    let cut = |error| truncated(self.inner.url()).because(format!("gzip: {error}"));
                    return gunzip.finish().map_err(cut);
                }
                (None, None) => return Ok(None),
            }
        }
    }

    /// The next piece of the body as it arrives.
    async fn raw_chunk(&mut self) -> Result<Option<Bytes>> {
        // The caller may pause for longer than the idle timeout, for example to send a request for each name of a list.
        // Data that arrived in the meantime must not count as a timeout; with reqwest's own read timeout it would.
        let (timeouts, url) = (self.timeouts, self.inner.url().clone());
        let chunk = timeouts.within_deadline(async {
            let chunk = timeouts.until_chunk(&url, self.inner.chunk()).await?;
            chunk.map_err(|error| broken_body(error, &url).masked_causes(&|text| self.observer.secrets.masked(text)))
        });
        let chunk = chunk.await.map_err(|error| error.at_route(self.route.clone()))?;
        match &chunk {
            Some(chunk) => {
                self.arrived += chunk.len() as u64;
                self.observer.stats.count_bytes(chunk.len());
            }
            None => {
                self.permit = None;
                // The HTTP client takes a stream of HTTP/2 that is reset without an error for one that has ended.
                if let Some(announced) = self.announced.filter(|announced| self.arrived < *announced) {
                    let cause = format!("{} of {announced} bytes arrived", self.arrived);
                    return Err(truncated(&url).because(cause));
                }
            }
        }
        Ok(chunk)
    }

    /// The whole body, of at most `limit` bytes; `what` names it in errors.
    ///
    /// # Errors
    ///
    /// [`Fault::TooLarge`], before more than that is read, and those of [`Response::chunk`].
    pub async fn bytes(&mut self, limit: usize, what: &str) -> Result<Bytes> {
        self.refuse_encoding(what)?;
        let too_large = || {
            let limit = if limit >= 1 << 20 { format!("{} MiB", limit >> 20) } else { format!("{} KiB", limit >> 10) };
            Error::new(Kind::Protocol(Fault::TooLarge), format!("{what} too large"))
                .because(format!("it is larger than {limit}"))
        };
        if self.content_length().is_some_and(|length| length > limit as u64) {
            return Err(too_large());
        }
        // A buffer that grows takes up to twice what it holds.
        let length = self.content_length().and_then(|length| usize::try_from(length).ok());
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

    /// Refuses a Content-Encoding that is not decoded.
    /// `what` names it in errors.
    ///
    /// # Errors
    ///
    /// [`Fault::Encoding`].
    pub(crate) fn refuse_encoding(&self, what: &str) -> Result<()> {
        match self.header(&CONTENT_ENCODING).filter(|_| self.gunzip.is_none()) {
            None => Ok(()),
            Some(encoding) if codings(encoding).next().is_none() => Ok(()),
            Some(encoding) => Err(Error::new(
                Kind::Protocol(Fault::Encoding),
                format!("unexpected reply from {} for {what}", authority(self.url())),
            )
            .because(format!("its Content-Encoding is {}, which was not requested", self.masked(encoding)))),
        }
    }
}

/// The codings of a `Content-Encoding` that change something.
fn codings(encoding: &str) -> impl Iterator<Item = &str> {
    encoding.split(',').map(str::trim).filter(|coding| !coding.is_empty() && !is_no_coding(coding))
}

/// Whether a coding changes nothing: what object stores keep from an upload that named the character set or
/// the transfer there.
fn is_no_coding(encoding: &str) -> bool {
    ["identity", "none", "utf-8", "binary", "aws-chunked"].iter().any(|name| encoding.eq_ignore_ascii_case(name))
}

/// Headers by which caches say whether they replied themselves.
const CACHE_STATUS: [HeaderName; 3] = [
    HeaderName::from_static("cache-status"),
    HeaderName::from_static("x-cache"),
    HeaderName::from_static("cf-cache-status"),
];

/// Whether a cache replied by itself: `HIT`, `TCP_MEM_HIT from proxy`, `Squid; hit; ttl=5`, `STALE`.
fn is_hit(status: &str) -> bool {
    let mut words = status.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| ["hit", "stale", "updating"].iter().any(|hit| word.eq_ignore_ascii_case(hit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_that_object_stores_keep_from_uploads_are_ignored() {
        for none in ["identity", "UTF-8", "aws-chunked", "none", "binary"] {
            assert!(is_no_coding(none), "{none}");
        }
        for coding in ["br", "gzip", "deflate", "zstd"] {
            assert!(!is_no_coding(coding), "{coding}");
        }
        assert_eq!(codings("utf-8, br, identity,, GZip").collect::<Vec<_>>(), ["br", "GZip"]);
    }
}
