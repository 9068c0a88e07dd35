//! How long a request may take, and the errors when it takes longer.

use std::time::{Duration, Instant};

use url::Url;

use super::options::Options;
use super::request::authority;
use crate::error::{Error, Kind, Result};

/// How long a server may be silent, in all attempts at one request and for all requests together. The first silence may
/// be that of a dead connection, a second one is the server's own.
pub(super) const MAX_SILENCE: Duration = Duration::from_secs(120);

/// The limits of one transport.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timeouts {
    /// Limit for TCP connect and TLS handshake together.
    pub connect: Duration,
    /// Longest silence of a server: before its reply, and within it.
    pub read: Duration,
    /// When everything must be done.
    pub deadline: Option<Instant>,
}

impl Timeouts {
    pub fn new(options: &Options) -> Self {
        Self { connect: options.connect_timeout, read: options.read_timeout, deadline: options.deadline }
    }

    /// Runs `work` until the deadline.
    ///
    /// # Errors
    ///
    /// [`Kind::TimedOut`] at the deadline, otherwise those of `work`.
    pub async fn within_deadline<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let Some(deadline) = self.deadline else { return work.await };
        let late = || Error::new(Kind::TimedOut, "time limit reached");
        if Instant::now() >= deadline {
            return Err(late());
        }
        tokio::time::timeout_at(deadline.into(), work).await.unwrap_or_else(|_| Err(late()))
    }

    /// The same for a server that has been silent for [`MAX_SILENCE`]: it is not waited for that long again.
    pub fn for_silent_server(self) -> Self {
        Self { read: self.read.min(self.connect), ..self }
    }

    /// Waits for the head of a reply from `url`.
    ///
    /// # Errors
    ///
    /// [`Kind::TimedOut`] when the server stays silent.
    pub async fn until_reply<T>(&self, url: &Url, reply: impl Future<Output = T>) -> Result<T> {
        tokio::time::timeout(self.read, reply).await.map_err(|_| no_reply(url, self.read))
    }

    /// Waits for the next piece of a body from `url`.
    ///
    /// # Errors
    ///
    /// [`Kind::TimedOut`] when the server stays silent.
    pub async fn until_chunk<T>(&self, url: &Url, chunk: impl Future<Output = T>) -> Result<T> {
        tokio::time::timeout(self.read, chunk).await.map_err(|_| stalled(url))
    }

    /// Whether a wait from now on would pass the deadline.
    pub fn forbids(&self, wait: Duration) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() + wait > deadline)
    }
}

/// The server did not answer in time.
pub(super) fn no_reply(url: &Url, read: Duration) -> Error {
    let error = Error::new(Kind::TimedOut, format!("timed out waiting for {}", authority(url)));
    error.because(format!("no answer within {} s", read.as_secs_f32()))
}

/// The server went silent in the middle of a reply.
pub(super) fn stalled(url: &Url) -> Error {
    Error::new(Kind::TimedOut, format!("timed out waiting for {}", authority(url))).because("the reply stalled")
}
