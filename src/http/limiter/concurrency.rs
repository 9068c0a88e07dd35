//! Permits for requests in flight, as many as the [`Window`] allows.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::Version;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::super::observe::Stats;
use super::super::options::Jobs;
use super::super::timing::Timing;
use super::window::Window;

/// Hands out permits; each request holds one until its reply is complete.
#[derive(Debug)]
pub(super) struct ConcurrencyLimiter {
    permits: Arc<Semaphore>,
    state: Mutex<State>,
    stats: Arc<Stats>,
}

#[derive(Debug)]
struct State {
    window: Window,
    /// Permits to be withdrawn when they are returned.
    owed: usize,
    /// Permits handed out.
    now: usize,
}

/// Allows one request in flight.
#[derive(Debug)]
pub(in crate::http) struct Permit {
    limiter: Arc<ConcurrencyLimiter>,
    permit: Option<OwnedSemaphorePermit>,
    /// How often the limit had been halved when the permit was acquired.
    halved: usize,
}

impl ConcurrencyLimiter {
    pub fn new(jobs: Jobs, stats: Arc<Stats>) -> Self {
        let window = Window::new(jobs);
        let permits = Arc::new(Semaphore::new(window.limit));
        Self { permits, state: Mutex::new(State { window, owed: 0, now: 0 }), stats }
    }

    /// The largest limit possible.
    pub fn max_concurrency(&self) -> usize {
        self.state().window.max()
    }

    /// The current limit.
    pub fn limit(&self) -> usize {
        self.state().window.limit
    }

    /// Waits for a permit; waiters are served in order.
    pub async fn acquire(self: &Arc<Self>) -> Permit {
        // The semaphore is never closed, so this never fails.
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok();
        let mut state = self.state();
        state.now += 1;
        self.stats.record_concurrency(state.now);
        Permit { limiter: Arc::clone(self), permit, halved: state.window.halved }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn adjust(&self, change: impl FnOnce(&mut Window)) {
        let mut state = self.state();
        let (before, halved) = (state.window.limit, state.window.halved);
        change(&mut state.window);
        let after = state.window.limit;
        if state.window.halved > halved {
            self.stats.count_throttled();
            tracing::debug!("the server is slow or turns requests away: concurrency is now {after}");
        }
        let more = after.saturating_sub(before);
        let forgiven = more.min(state.owed);
        state.owed -= forgiven;
        self.permits.add_permits(more - forgiven);
        let less = before.saturating_sub(after);
        let taken = self.permits.forget_permits(less);
        state.owed += less - taken;
    }
}

impl Permit {
    /// Records the status and version of the reply, and how long its head took.
    pub fn record(&self, status: u16, version: Version, timing: Timing) {
        self.limiter.adjust(|window| match status {
            // Requests turned away together count as one setback.
            429 | 503 if self.halved < window.halved => {}
            429 | 503 => window.halve(1),
            _ => window.record(timing, version),
        });
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.limiter.state();
        state.now -= 1;
        if state.owed > 0
            && let Some(permit) = self.permit.take()
        {
            state.owed -= 1;
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn requests_turned_away_together_are_one_setback() {
        let limiter = Arc::new(ConcurrencyLimiter::new(Jobs::Adaptive, Arc::default()));
        for expected in [8, 4, 2, 1, 1] {
            let mut permits = Vec::new();
            while let Some(permit) = futures::FutureExt::now_or_never(limiter.acquire()) {
                permits.push(permit);
            }
            permits.into_iter().for_each(|permit| {
                permit.record(429, Version::HTTP_2, Timing { latency: Duration::from_millis(1), ..Timing::default() })
            });
            assert_eq!(limiter.state().window.limit, expected);
            assert_eq!((limiter.permits.available_permits(), limiter.state().owed), (expected, 0));
        }
        let totals = limiter.stats.totals();
        assert_eq!((totals.peak_concurrency, totals.throttled), (16, 4));
    }

    #[tokio::test]
    async fn permits_in_use_are_withdrawn_when_returned() {
        let limiter = Arc::new(ConcurrencyLimiter::new(Jobs::Adaptive, Arc::default()));
        let mut permits = Vec::new();
        for _ in 0..16 {
            permits.push(limiter.acquire().await);
        }
        limiter.adjust(|window| window.halve(1));
        assert_eq!((limiter.permits.available_permits(), limiter.state().owed), (0, 8));
        permits.truncate(10);
        assert_eq!((limiter.permits.available_permits(), limiter.state().owed), (0, 2));
        limiter.adjust(|window| window.limit = 11);
        assert_eq!((limiter.permits.available_permits(), limiter.state().owed), (1, 0));
        drop(permits);
        assert_eq!(limiter.permits.available_permits(), 11);
    }
}
