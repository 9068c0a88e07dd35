//! Counts of what a transport did.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters shared by every transport that was given the same `Arc<Stats>`.
#[derive(Debug, Default)]
pub struct Stats {
    requests: AtomicU64,
    retries: AtomicU64,
    token_fetches: AtomicU64,
    bytes: AtomicU64,
    most_at_once: AtomicU64,
    slowdowns: AtomicU64,
}

/// The state of [`Stats`] at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Requests sent, token requests and repetitions included.
    pub requests: u64,
    /// Requests that repeat one which failed for a passing reason.
    pub retries: u64,
    /// Requests sent to token servers.
    pub token_fetches: u64,
    /// Bytes of reply bodies read, after decompression.
    pub bytes: u64,
    /// The most requests that were in flight at once at one registry, its token server included.
    pub peak_concurrency: u64,
    /// How often a server was found slow or full, and was asked half as much at once from then on.
    pub throttled: u64,
}

impl Stats {
    /// What was counted so far.
    pub fn totals(&self) -> Totals {
        Totals {
            requests: self.requests.load(Ordering::Relaxed),
            retries: self.retries.load(Ordering::Relaxed),
            token_fetches: self.token_fetches.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            peak_concurrency: self.most_at_once.load(Ordering::Relaxed),
            throttled: self.slowdowns.load(Ordering::Relaxed),
        }
    }

    pub(super) fn count_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_token_fetch(&self) {
        self.token_fetches.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_bytes(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn record_concurrency(&self, now: usize) {
        self.most_at_once.fetch_max(now as u64, Ordering::Relaxed);
    }

    pub(super) fn count_throttled(&self) {
        self.slowdowns.fetch_add(1, Ordering::Relaxed);
    }
}
