//! How many requests are in flight at once: as many as the server answers quickly.
//!
//! Beginning with some, the number is multiplied as long as more requests bring more answers in the same time, and is halved when
//! the server turns requests away (429, 503) or takes much longer than before; from then on it grows slowly. It is looked at after
//! every round, which is as many answers as may be in flight.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::options::Jobs;
use super::stats::Stats;

/// Requests in flight at the start.
const INITIAL: usize = 16;
/// Requests in flight at most, without being told.
const MAX: usize = 64;
/// By what the number is multiplied: a listing from afar of some hundred requests is over after a few rounds.
const GROWTH: usize = 4;
/// A server that is only slow is not asked less than this: what takes long by itself takes no less time one by one.
const MIN_WHEN_SLOW: usize = 8;
/// Rounds until growing is tried again where it brought nothing.
const PATIENCE: usize = 16;
/// What takes less than this is not slow.
const QUICK: Duration = Duration::from_millis(50);

/// The permits of requests: each takes one and holds it until its reply is there.
#[derive(Debug)]
pub(super) struct ConcurrencyLimiter {
    permits: Arc<Semaphore>,
    state: Mutex<State>,
    stats: Arc<Stats>,
}

#[derive(Debug)]
struct State {
    window: Window,
    /// Turns that are to be taken away when they come back.
    owed: usize,
    /// Turns that are out.
    now: usize,
}

/// The permission to have one request in flight.
#[derive(Debug)]
pub(super) struct Permit {
    limiter: Arc<ConcurrencyLimiter>,
    permit: Option<OwnedSemaphorePermit>,
    /// How often the number had been halved when the turn began.
    halved: usize,
}

impl ConcurrencyLimiter {
    pub fn new(jobs: Jobs, stats: Arc<Stats>) -> Self {
        let window = Window::new(jobs);
        let permits = Arc::new(Semaphore::new(window.limit));
        Self { permits, state: Mutex::new(State { window, owed: 0, now: 0 }), stats }
    }

    /// The most permits that there can be.
    pub fn max_concurrency(&self) -> usize {
        let Window { limit, is_fixed, .. } = self.state().window;
        if is_fixed { limit } else { MAX }
    }

    /// Waits for a turn. Nobody overtakes another.
    pub async fn acquire(self: &Arc<Self>) -> Permit {
        // Closed by nobody, so there is always a permit to come.
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok();
        let mut state = self.state();
        state.now += 1;
        self.stats.record_concurrency(state.now);
        Permit { limiter: Arc::clone(self), permit, halved: state.window.halved }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, look: impl FnOnce(&mut Window)) {
        let mut state = self.state();
        let (before, halved) = (state.window.limit, state.window.halved);
        look(&mut state.window);
        let after = state.window.limit;
        if state.window.halved > halved {
            self.stats.count_throttled();
            tracing::debug!("the server is slow or permits requests away: at most {after} at once from now on");
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
    /// The head of the reply is there.
    pub fn record(&self, status: u16, took: Duration) {
        self.limiter.change(|window| match status {
            // A crowd that is turned away is one setback, however many are in it.
            429 | 503 if self.halved < window.halved => {}
            429 | 503 => window.halve(1),
            _ => window.record(took),
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

/// How many requests may be in flight, going by how the former were answered.
#[derive(Debug)]
struct Window {
    limit: usize,
    is_fixed: bool,
    halved: usize,
    /// How long the answers of this round took.
    round: Vec<Duration>,
    /// The shortest of all answers, and of all rounds, which is forgotten slowly.
    quickest: Duration,
    best: Duration,
    /// The number before it was multiplied, and how long the answers took then.
    former: Option<(usize, Duration)>,
    /// Whether a setback showed that so many are too many.
    is_careful: bool,
    /// Rounds to wait before it may grow again.
    rest: usize,
}

impl Window {
    fn new(jobs: Jobs) -> Self {
        let (limit, is_fixed) = match jobs {
            Jobs::Adaptive => (INITIAL, false),
            Jobs::Fixed(jobs) => (jobs.max(1), true),
        };
        Self {
            limit,
            is_fixed,
            halved: 0,
            round: Vec::new(),
            quickest: Duration::MAX,
            best: Duration::MAX,
            former: None,
            is_careful: false,
            rest: 0,
        }
    }

    fn record(&mut self, took: Duration) {
        if self.is_fixed {
            return;
        }
        self.quickest = self.quickest.min(took);
        self.round.push(took);
        if self.round.len() >= self.limit {
            let typical = typical(&mut self.round);
            self.round.clear();
            self.end_round(typical);
        }
    }

    fn end_round(&mut self, typical: Duration) {
        // The answers that a higher number brings in the same time.
        let former = self.former.take();
        let gain = former.map(|(limit, then)| {
            self.limit as f64 / limit as f64 * then.as_secs_f64() / typical.as_secs_f64().max(f64::MIN_POSITIVE)
        });
        let is_slow = typical > QUICK && typical > self.best.saturating_mul(4);
        self.best = self.best.saturating_add(self.best / 8).min(typical);
        if is_slow {
            return self.halve(MIN_WHEN_SLOW);
        }
        if let Some((limit, _)) = former
            && gain.is_some_and(|gain| gain < 1.25)
        {
            self.limit = limit;
            self.is_careful = true;
            self.rest = PATIENCE;
            return;
        }
        if self.rest > 0 {
            self.rest -= 1;
            return;
        }
        // Where requests already wait for each other, more of them would only wait longer.
        if typical <= self.quickest.saturating_mul(2) && self.limit < MAX {
            self.former = Some((self.limit, typical)).filter(|_| !self.is_careful);
            let grown = if self.is_careful { self.limit + (self.limit / 4).max(1) } else { self.limit * GROWTH };
            self.limit = grown.min(MAX);
        }
    }

    /// Fewer, but not less than this.
    fn halve(&mut self, least: usize) {
        if self.is_fixed {
            return;
        }
        self.round.clear();
        self.former = None;
        self.is_careful = true;
        self.rest = PATIENCE;
        let half = (self.limit / 2).max(least);
        if half < self.limit {
            self.limit = half;
            self.halved += 1;
        }
    }
}

/// The lower quartile: the time of those that had a connection already.
fn typical(round: &mut [Duration]) -> Duration {
    let (_, typical, _) = round.select_nth_unstable(round.len() / 4);
    *typical
}

#[cfg(test)]
mod tests {
    use super::*;

    fn milliseconds(time: u64) -> Duration {
        Duration::from_millis(time)
    }

    /// Rounds with a server that takes `time` for each of so many requests at once; the limits after each round.
    fn rounds(window: &mut Window, count: usize, time: impl Fn(usize) -> u64) -> Vec<usize> {
        let round = |window: &mut Window| {
            let limit = window.limit;
            (0..limit).for_each(|_| window.record(milliseconds(time(limit))));
            window.limit
        };
        (0..count).map(|_| round(window)).collect()
    }

    #[test]
    fn where_the_way_is_long_more_are_sent() {
        let mut window = Window::new(Jobs::Adaptive);
        assert_eq!(rounds(&mut window, 4, |_| 25), [64, 64, 64, 64]);
    }

    #[test]
    fn new_connections_are_no_sign_of_a_slow_server() {
        let mut window = Window::new(Jobs::Adaptive);
        for (connections, limit) in [(1, 16), (16, 16), (16, 64)] {
            assert_eq!(window.limit, limit);
            (0..limit).for_each(|at| window.record(milliseconds(if at < connections { 25 } else { 75 })));
        }
        assert_eq!(rounds(&mut window, 2, |_| 25), [64, 64]);
    }

    #[test]
    fn where_requests_wait_for_each_other_there_are_not_more_of_them() {
        let mut window = Window::new(Jobs::Adaptive);
        window.record(milliseconds(1));
        assert_eq!(rounds(&mut window, 40, |limit| limit as u64), [16; 40]);
    }

    #[test]
    fn what_brings_nothing_is_taken_back() {
        let mut window = Window::new(Jobs::Adaptive);
        assert_eq!(rounds(&mut window, 3, |limit| if limit > 16 { 100 } else { 25 }), [64, 16, 16]);
        assert_eq!(window.halved, 0);
    }

    #[test]
    fn a_server_that_becomes_slow_is_asked_less_but_not_for_ever() {
        let mut window = Window::new(Jobs::Adaptive);
        rounds(&mut window, 4, |_| 25);
        assert_eq!(rounds(&mut window, 4, |_| 200), [32, 16, 8, 8]);
        assert_eq!(window.halved, 3);
        let after = rounds(&mut window, 60, |_| 25);
        assert!(after.windows(2).all(|pair| pair[0] <= pair[1]) && after[59] > 16, "{after:?}");
    }

    #[test]
    fn a_fixed_number_stays() {
        let mut window = Window::new(Jobs::Fixed(5));
        rounds(&mut window, 9, |_| 25);
        window.halve(1);
        assert_eq!((window.limit, window.halved), (5, 0));
    }

    #[tokio::test]
    async fn a_crowd_that_is_turned_away_is_one_setback() {
        let limiter = Arc::new(ConcurrencyLimiter::new(Jobs::Adaptive, Arc::default()));
        for expected in [8, 4, 2, 1, 1] {
            let mut permits = Vec::new();
            while let Some(turn) = futures::FutureExt::now_or_never(limiter.acquire()) {
                permits.push(turn);
            }
            permits.into_iter().for_each(|turn| turn.record(429, milliseconds(1)));
            assert_eq!(limiter.state().window.limit, expected);
            assert_eq!((limiter.permits.available_permits(), limiter.state().owed), (expected, 0));
        }
        let totals = limiter.stats.totals();
        assert_eq!((totals.peak_concurrency, totals.throttled), (16, 4));
    }

    #[tokio::test]
    async fn turns_that_are_out_are_taken_away_when_they_come_back() {
        let limiter = Arc::new(ConcurrencyLimiter::new(Jobs::Adaptive, Arc::default()));
        let mut permits = Vec::new();
        for _ in 0..16 {
            permits.push(limiter.acquire().await);
        }
        limiter.change(|window| window.halve(1));
        assert_eq!((limiter.permits.available_permits(), limiter.state().owed), (0, 8));
        permits.truncate(10);
        assert_eq!((limiter.permits.available_permits(), limiter.state().owed), (0, 2));
        limiter.change(|window| window.limit = 11);
        assert_eq!((limiter.permits.available_permits(), limiter.state().owed), (1, 0));
        drop(permits);
        assert_eq!(limiter.permits.available_permits(), 11);
    }
}
