//! Retries: which errors are transient, how long to wait, and when to give up.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use url::{Origin, Url};

use super::limiter::Limiter;
use super::observe::Stats;
use super::options::Options;
use super::retry_after::MAX_WAIT;
use super::timeouts::{MAX_SILENCE, Timeouts};
use crate::error::{Error, Kind, Result};

/// How much longer the waits are where a server that has answered cannot be reached: three retries then last for seven
/// seconds at least, in which a registry has restarted.
const OUTAGE_FACTOR: u32 = 4;

/// The waits between attempts: doubling up to 8 s, each with up to as much jitter again.
#[derive(Debug)]
pub struct Backoff(backon::ExponentialBackoff);

impl Backoff {
    /// The waits before `retries` repetitions, the first of `first`.
    pub fn new(retries: u32, first: Duration) -> Self {
        Self(
            ExponentialBuilder::default()
                .with_min_delay(first)
                .with_factor(2.0)
                .with_max_delay(Duration::from_secs(8))
                .with_max_times(retries as usize)
                .with_jitter()
                // Without a seed, every client would wait alike: the crate is built without `std`.
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

/// The attempts at one request: how many were made, and how long to wait before the next.
#[derive(Debug)]
pub struct RetryState {
    origin: Origin,
    repeatable: bool,
    backoff: Backoff,
    timeouts: Timeouts,
    tries: u32,
    /// How long the server was silent.
    silence: Duration,
}

impl RetryState {
    /// The attempts at `url`. A request that is not `repeatable` is sent again only if the server did not process it.
    pub(super) fn new(options: &Options, url: &Url, repeatable: bool) -> Self {
        let backoff = Backoff::new(options.retries, options.first_wait);
        Self {
            origin: url.origin(),
            repeatable,
            backoff,
            timeouts: Timeouts::new(options),
            tries: 1,
            silence: Duration::ZERO,
        }
    }

    /// Waits until the next attempt is due.
    ///
    /// # Errors
    ///
    /// `error` itself when it is not transient, no attempts are left, or the wait would be too long.
    pub(super) async fn wait_or_fail(&mut self, limiter: &Limiter, stats: &Stats, error: Error) -> Result<()> {
        if !self.is_retryable(&error) {
            // Other errors say something new, but not that a server is silent still.
            return Err(if matches!(error.kind(), Kind::TimedOut) { self.given_up(error) } else { error });
        }
        let backoff = if self.is_silence_over(&error) { None } else { self.backoff.next() };
        let Some(backoff) = backoff else { return Err(self.given_up(error)) };
        // A server that never answered may not be there at all.
        let is_outage = error.is_outage() && error.route().has_answered;
        let backoff = if is_outage { backoff * OUTAGE_FACTOR } else { backoff };
        let wait = error.retry_after().unwrap_or(backoff);
        if wait > MAX_WAIT || self.timeouts.forbids(wait) {
            return Err(error);
        }
        tracing::debug!("{error}; trying again in {} ms", wait.as_millis());
        self.tries += 1;
        stats.count_retry();
        // Other requests would only use up their tries.
        if matches!(error.kind(), Kind::RateLimited) || is_outage {
            limiter.delay_origin(&self.origin, wait);
        } else {
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    /// The error, with the number of tries if there were several.
    fn given_up(&self, error: Error) -> Error {
        match self.tries {
            0 | 1 => error,
            tries => error.because(format!("gave up after {tries} tries")),
        }
    }

    /// Whether one more silence would be longer than [`MAX_SILENCE`] in all.
    fn is_silence_over(&mut self, error: &Error) -> bool {
        if !matches!(error.kind(), Kind::TimedOut) {
            return false;
        }
        self.silence += self.timeouts.read;
        self.silence + self.timeouts.read > MAX_SILENCE
    }

    fn is_retryable(&self, error: &Error) -> bool {
        if error.is_during_login() {
            return false;
        }
        // The server turned the request away, or never got it: any method may be sent again.
        let is_unprocessed = matches!(error.kind(), Kind::RateLimited) || error.is_outage();
        error.is_retryable() && (self.repeatable || is_unprocessed)
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
    fn a_silent_server_is_waited_for_two_minutes_in_all() {
        let url = Url::parse("https://reg.corp/").expect("a URL");
        for (read, attempts) in [(60, 2), (120, 1), (600, 1), (30, 4), (1, 120)] {
            let options = Options { read_timeout: Duration::from_secs(read), ..Options::default() };
            let mut retries = RetryState::new(&options, &url, true);
            let silence = Error::new(Kind::TimedOut, "timed out");
            let waited = (1..1000).find(|_| retries.is_silence_over(&silence)).expect("an end");
            assert_eq!(waited, attempts, "{read} s");
            assert!(!retries.is_silence_over(&Error::new(Kind::RateLimited, "too many requests")));
        }
    }

    #[test]
    fn no_retries_means_no_waits() {
        assert_eq!(Backoff::new(0, Duration::from_millis(250)).count(), 0);
    }
}
