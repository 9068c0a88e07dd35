//! The attempts at one request: when the next is made, and when it is given up.

use std::time::Instant;

use url::{Origin, Url};

use super::fault;
use super::request::Request;
use super::retry::{Backoff, MAX_WAIT, is_transient_status};
use super::transport::Transport;
use crate::error::{Error, Kind, Network, Result};

/// The attempts at one request: how many were made, and how long to wait before the next.
#[derive(Debug)]
pub struct RetryState {
    origin: Origin,
    repeatable: bool,
    backoff: Backoff,
    tries: u32,
}

impl Transport {
    /// The attempts that a request may have.
    pub fn retry_state(&self, request: &Request) -> RetryState {
        self.retry_state_at(&request.url, request.is_repeatable())
    }

    /// The attempts at a URL.
    pub(super) fn retry_state_at(&self, url: &Url, repeatable: bool) -> RetryState {
        RetryState {
            origin: url.origin(),
            repeatable,
            backoff: Backoff::new(self.options.retries, self.options.first_wait),
            tries: 1,
        }
    }
}

impl RetryState {
    /// Waits, and returns when another attempt is to be made.
    ///
    /// # Errors
    ///
    /// `error` itself when it will not pass, the attempts are used up, or the wait would be too long.
    pub async fn wait_or_fail(&mut self, transport: &Transport, error: Error) -> Result<()> {
        if !self.is_retryable(&error) {
            return Err(error);
        }
        let Some(backoff) = self.backoff.next() else {
            let tries = self.tries;
            return Err(if tries > 1 { error.because(format!("gave up after {tries} tries")) } else { error });
        };
        let asked = error.reply().and_then(|reply| reply.retry_after);
        let wait = asked.unwrap_or(backoff);
        let deadline = transport.options.deadline;
        if wait > MAX_WAIT || deadline.is_some_and(|deadline| Instant::now() + wait > deadline) {
            return Err(error);
        }
        tracing::debug!("{error}; trying again in {} ms", wait.as_millis());
        self.tries += 1;
        transport.stats.count_retry();
        if matches!(error.kind(), Kind::RateLimited) {
            transport.delay_origin(&self.origin, wait);
        } else {
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    /// Whether the same request may be answered when it is sent again, and may be sent again.
    fn is_retryable(&self, error: &Error) -> bool {
        if error.is_during_login() {
            return false;
        }
        match error.kind() {
            // The request was turned away, or never left: any method may be sent again.
            Kind::RateLimited | Kind::Network(Network::ConnectTimeout | Network::HandshakeTimeout) => true,
            _ if !self.repeatable => false,
            // The status decides, whatever came with it: proxies answer 502 with a page for people.
            Kind::Protocol(_) if error.reply().is_some_and(|reply| is_transient_status(reply.status)) => true,
            _ => fault::is_transient(error),
        }
    }
}
