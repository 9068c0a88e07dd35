//! What a transport shows of its work: counts, logs without secrets, the registry's own warnings.

mod redact;
mod stats;
mod warning;

use std::sync::Arc;
use std::time::Duration;

use http::{Method, Version};
use secrecy::{ExposeSecret, SecretString};

pub use redact::{redacted_headers, redacted_url};
pub use stats::{Stats, Totals};
#[cfg(feature = "__internals")]
pub use warning::warning_text;

use crate::auth::{Credentials, SecretOrigin, Secrets};
use crate::error::Error;
use warning::Warnings;

/// Counts and logs the requests of one transport, and knows the secrets that its logs and errors must not show.
#[derive(Debug)]
pub(super) struct Observer {
    pub stats: Arc<Stats>,
    pub secrets: Secrets,
    warnings: Warnings,
}

/// Masks the secrets of a client in what one of its servers sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Masker(Option<Arc<Observer>>);

impl Masker {
    /// A text of a server without the secrets that it may echo.
    pub fn masked(&self, text: &str) -> String {
        self.0.as_ref().map_or_else(|| text.to_owned(), |observer| observer.secrets.masked(text))
    }
}

impl From<&Arc<Observer>> for Masker {
    fn from(observer: &Arc<Observer>) -> Self {
        Self(Some(Arc::clone(observer)))
    }
}

impl Observer {
    pub fn new(stats: Arc<Stats>) -> Self {
        Self { stats, secrets: Secrets::default(), warnings: Warnings::default() }
    }

    /// Logs a request that is about to be sent, and counts it.
    pub fn request(&self, request: &reqwest::Request) {
        // A server may have chosen the URL.
        let url = || self.secrets.masked(&redacted_url(request.url()));
        tracing::debug!("> {} {}", request.method(), url());
        redacted_headers(request.headers()).for_each(|line| tracing::trace!("> {line}"));
        self.stats.count_request();
    }

    /// Logs the head of a reply to a request of this method, and passes on the registry's warnings.
    pub fn response(&self, method: &Method, response: &reqwest::Response, latency: Duration) {
        let path = || {
            let url = redacted_url(response.url());
            let start = response.url().origin().ascii_serialization().len();
            self.secrets.masked(url.get(start..).unwrap_or_default())
        };
        let (version, status, latency) = (version(response.version()), response.status(), latency.as_millis());
        tracing::debug!("< {version} {status} for {method} {} in {latency} ms", path());
        redacted_headers(response.headers()).for_each(|line| tracing::trace!("< {}", self.secrets.masked(&line)));
        self.warnings.show(response.headers(), &self.secrets);
    }

    /// An error about what a server chose, without the secrets that it may echo.
    pub fn masked(&self, error: Error) -> Error {
        error.masked(&|text| self.secrets.masked(text))
    }

    /// Keeps credentials, in every form in which they are sent, out of logs and errors from now on.
    pub fn protect(&self, credentials: &Credentials) {
        let remember = |secret: &SecretString| self.secrets.remember(secret.expose_secret(), SecretOrigin::Credentials);
        match credentials {
            Credentials::Anonymous => {}
            Credentials::Basic { password, .. } => remember(password),
            Credentials::IdentityToken { token, password, .. } => {
                remember(token);
                password.iter().for_each(remember);
            }
            Credentials::RegistryToken(token) => remember(token),
        }
        if let Some(header) = credentials.basic_header() {
            self.secrets.remember_header(&header);
        }
    }
}

/// The version of HTTP as text: `HTTP/1.1`, `HTTP/2`.
fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_2 => "HTTP/2",
        Version::HTTP_3 => "HTTP/3",
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_09 => "HTTP/0.9",
        _ => "HTTP/1.1",
    }
}
