//! Counters of requests, retries, tokens and bytes.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters, shared by every client that gets the same `Arc<Stats>`.
#[derive(Debug, Default)]
pub struct Stats {
    requests: AtomicU64,
    retries: AtomicU64,
    token_fetches: AtomicU64,
    bytes: AtomicU64,
    peak_concurrency: AtomicU64,
    throttled: AtomicU64,
}

/// A snapshot of [`Stats`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Requests sent, token requests and repetitions included.
    pub requests: u64,
    /// Requests that were retries of one with a transient failure.
    pub retries: u64,
    /// Requests sent to token servers.
    pub token_fetches: u64,
    /// Bytes of reply bodies read, after decompression.
    pub bytes: u64,
    /// The most requests in flight at once at one registry, its token server included.
    pub peak_concurrency: u64,
    /// How often concurrency was halved because a server was slow or turned requests away.
    pub throttled: u64,
}

impl Stats {
    /// The counts so far.
    pub fn totals(&self) -> Totals {
        Totals {
            requests: self.requests.load(Ordering::Relaxed),
            retries: self.retries.load(Ordering::Relaxed),
            token_fetches: self.token_fetches.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            peak_concurrency: self.peak_concurrency.load(Ordering::Relaxed),
            throttled: self.throttled.load(Ordering::Relaxed),
        }
    }

    pub(in crate::http) fn count_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(in crate::http) fn count_retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    pub(in crate::http) fn count_token_fetch(&self) {
        self.token_fetches.fetch_add(1, Ordering::Relaxed);
    }

    pub(in crate::http) fn count_bytes(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(in crate::http) fn record_concurrency(&self, now: usize) {
        self.peak_concurrency.fetch_max(now as u64, Ordering::Relaxed);
    }

    pub(in crate::http) fn count_throttled(&self) {
        self.throttled.fetch_add(1, Ordering::Relaxed);
    }
}
