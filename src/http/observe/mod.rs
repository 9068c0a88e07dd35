//! What a transport shows of its work: counts, logs without secrets, the registry's own warnings.

mod redact;
mod stats;
mod warning;

use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;

pub(super) use redact::Secrets;
pub use redact::{redacted_headers, redacted_url};
pub use stats::{Stats, Totals};
pub use warning::warning_text;

use crate::auth::Credentials;
use warning::Warnings;

/// Counts and logs the requests of one transport, and knows the secrets that its logs and errors must not show.
#[derive(Debug)]
pub(super) struct Observer {
    pub stats: Arc<Stats>,
    pub secrets: Secrets,
    warnings: Warnings,
}

impl Observer {
    pub fn new(stats: Arc<Stats>) -> Self {
        Self { stats, secrets: Secrets::default(), warnings: Warnings::default() }
    }

    /// Logs a request that is about to be sent, and counts it.
    pub fn request(&self, request: &reqwest::Request) {
        tracing::debug!("> {} {}", request.method(), redacted_url(request.url()));
        redacted_headers(request.headers()).for_each(|line| tracing::trace!("> {line}"));
        self.stats.count_request();
    }

    /// Logs the head of a reply, and passes on the registry's warnings.
    pub fn response(&self, response: &reqwest::Response, latency: Duration) {
        tracing::debug!("< {:?} {} in {} ms", response.version(), response.status(), latency.as_millis());
        redacted_headers(response.headers()).for_each(|line| tracing::trace!("< {}", self.secrets.masked(&line)));
        self.warnings.show(response.headers(), &self.secrets);
    }

    /// Keeps credentials, in every form in which they are sent, out of logs and errors from now on.
    pub fn protect(&self, credentials: &Credentials) {
        match credentials {
            Credentials::Anonymous => {}
            Credentials::Basic { password, .. } => self.secrets.remember(password.expose_secret()),
            Credentials::IdentityToken { token, password, .. } => {
                self.secrets.remember(token.expose_secret());
                password.iter().for_each(|password| self.secrets.remember(password.expose_secret()));
            }
            Credentials::RegistryToken(token) => self.secrets.remember(token.expose_secret()),
        }
        if let Some(header) = credentials.basic_header() {
            self.secrets.remember_header(&header);
        }
    }
}
