//! When to send again, and how long to wait before.

use std::time::{Duration, SystemTime};

use backon::{BackoffBuilder, ExponentialBuilder};

/// The longest wait that a `Retry-After` may ask for; beyond it the request fails at once and says when to come back.
pub(super) const MAX_WAIT: Duration = Duration::from_secs(60);

/// Statuses that may pass: protocol errors of RFC 9110 and those of the proxies in front of registries (nginx, Cloudflare).
pub fn is_transient_status(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 499 | 500 | 502 | 503 | 504 | 520..=524)
}

/// The waits between attempts: the first, twice that, four times that, …, each with jitter of up to as much again, 8 s at most
/// without it.
#[derive(Debug)]
pub struct Backoff(backon::ExponentialBackoff);

impl Backoff {
    /// Waits for so many repetitions.
    pub fn new(retries: u32, first: Duration) -> Self {
        Self(
            ExponentialBuilder::default()
                .with_min_delay(first)
                .with_factor(2.0)
                .with_max_delay(Duration::from_secs(8))
                .with_max_times(retries as usize)
                .with_jitter()
                // Without a seed of its own, every client would wait alike: the crate is built without `std`.
                .with_jitter_seed(fastrand::u64(..))
                .build(),
        )
    }
}

impl Iterator for Backoff {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.0.next()
    }
}

/// What a `Retry-After` header asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// Nothing that can be understood: wait as if the header were absent.
    Absent,
    /// Wait so long.
    Wait(Duration),
    /// Longer than it makes sense to wait: fail now, and say how long it would have been.
    TooLong(Duration),
}

/// Reads a `Retry-After` value (RFC 9110 §10.2.3: seconds, or a date in one of the three HTTP formats).
///
/// Docker Hub has sent a Unix time where seconds belong; a number too large to be a wait is read as one.
pub fn retry_after(value: &[u8], now: SystemTime) -> RetryAfter {
    let Ok(text) = std::str::from_utf8(value) else { return RetryAfter::Absent };
    let text = text.trim();
    let wait = if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        let Ok(seconds) = text.parse::<u64>() else { return RetryAfter::Absent };
        const TEN_YEARS: u64 = 10 * 365 * 24 * 3600;
        if seconds > TEN_YEARS {
            let until = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
            until.and_then(|until| until.duration_since(now).ok())
        } else {
            Some(Duration::from_secs(seconds))
        }
    } else {
        httpdate::parse_http_date(text).ok().and_then(|date| date.duration_since(now).ok())
    };
    match wait {
        None => RetryAfter::Absent,
        Some(wait) if wait > MAX_WAIT => RetryAfter::TooLong(wait),
        Some(wait) => RetryAfter::Wait(wait),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_carry_jitter_of_at_most_their_own_length() {
        for _ in 0..100 {
            let waits: Vec<_> = Backoff::new(3, Duration::from_millis(250)).map(|wait| wait.as_millis()).collect();
            assert_eq!(waits.len(), 3);
            for (wait, least) in waits.iter().zip([250, 500, 1000]) {
                assert!((least..=2 * least).contains(wait), "{waits:?}");
            }
        }
    }

    #[test]
    fn two_clients_do_not_wait_alike() {
        let waits = || Backoff::new(3, Duration::from_millis(250)).collect::<Vec<_>>();
        let first = waits();
        assert!((0..20).any(|_| waits() != first), "{first:?}");
    }

    #[test]
    fn no_retries_means_no_waits() {
        assert_eq!(Backoff::new(0, Duration::from_millis(250)).count(), 0);
    }
}
