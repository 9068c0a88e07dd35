//! How many requests may be in flight: as many as the server answers quickly.
//!
//! The limit is multiplied as long as more requests bring more replies in the same time. It is halved when the server
//! turns requests away (429, 503) or becomes much slower, and grows slowly from then on. It is adjusted after every
//! round of as many replies as the limit allows requests. It starts higher where the server is far away: the same
//! number of requests in flight are fewer per second there.

use std::time::Duration;

use http::Version;

use super::super::options::Jobs;
use super::super::timing::Timing;

/// The limit at the start.
const INITIAL: usize = 16;
/// The largest adaptive limit where replies come soon.
const MAX_NEAR: usize = 64;
/// The largest adaptive limit where the round trip is long: over HTTP/2, where all requests share a connection, and
/// over HTTP/1.1, where each has one of its own.
const MAX: usize = 256;
const MAX_CONNECTIONS: usize = 128;
/// The latency of a long round trip.
const LONG: Duration = Duration::from_millis(50);
/// The factor of growth: with high latency, a listing of some hundred requests ends after a few rounds.
const GROWTH: usize = 4;
/// The smallest limit for a server that is merely slow: slow requests do not get faster one by one.
const MIN_WHEN_SLOW: usize = 8;
/// Rounds until growth is tried again after it brought nothing.
const PATIENCE: usize = 16;
/// Replies faster than this are never slow.
const QUICK: Duration = Duration::from_millis(50);

/// The current limit, and what it is adjusted by.
#[derive(Debug)]
pub(super) struct Window {
    pub limit: usize,
    is_fixed: bool,
    /// How often the limit was halved.
    pub halved: usize,
    /// The largest limit for the protocol of the latest reply.
    most: usize,
    /// How much longer a reply takes that comes by a new connection.
    connecting: Duration,
    /// The latencies of this round.
    round: Vec<Duration>,
    /// The shortest latency of all replies, and of all rounds; the latter decays slowly.
    quickest: Duration,
    best: Duration,
    /// The limit before it was multiplied, and the typical latency then.
    former: Option<(usize, Duration)>,
    /// Whether a setback has happened.
    is_careful: bool,
    /// Rounds to wait before the limit may grow again.
    rest: usize,
}

impl Window {
    /// The limit at the start.
    pub fn new(jobs: Jobs) -> Self {
        let (limit, is_fixed) = match jobs {
            Jobs::Adaptive => (INITIAL, false),
            Jobs::Fixed(jobs) => (jobs.max(1), true),
        };
        Self {
            limit,
            is_fixed,
            halved: 0,
            most: MAX_CONNECTIONS,
            connecting: Duration::ZERO,
            round: Vec::new(),
            quickest: Duration::MAX,
            best: Duration::MAX,
            former: None,
            is_careful: false,
            rest: 0,
        }
    }

    /// The largest limit possible.
    pub fn max(&self) -> usize {
        if self.is_fixed { self.limit } else { MAX }
    }

    /// Learns from a reply that did not turn the request away.
    pub fn record(&mut self, timing: Timing, version: Version) {
        if self.is_fixed {
            return;
        }
        let Timing { latency, connecting, round_trip } = timing;
        let is_first = self.quickest == Duration::MAX;
        if is_first && round_trip >= LONG && !self.is_careful {
            self.limit = MAX_NEAR;
        }
        // All requests share a connection over HTTP/2.
        (self.most, self.connecting) = match version {
            Version::HTTP_2 => (MAX, Duration::ZERO),
            _ => (MAX_CONNECTIONS, connecting),
        };
        self.quickest = self.quickest.min(latency);
        self.round.push(latency);
        if self.round.len() >= self.limit {
            let typical = typical(&mut self.round);
            self.round.clear();
            self.end_round(typical);
        }
    }

    fn end_round(&mut self, typical: Duration) {
        // The gain in replies per time from the higher limit.
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
        let most = if self.quickest >= LONG { self.most } else { MAX_NEAR };
        // When requests already queue at the server, more of them would only wait longer.
        if typical <= self.quickest.saturating_mul(2).saturating_add(self.connecting) && self.limit < most {
            self.former = Some((self.limit, typical)).filter(|_| !self.is_careful);
            let grown = if self.is_careful { self.limit + (self.limit / 4).max(1) } else { self.limit * GROWTH };
            self.limit = grown.min(most);
        }
    }

    /// Halves the limit, but not below `least`.
    pub fn halve(&mut self, least: usize) {
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

/// The lower quartile: the latency of requests that had a connection already.
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

    fn near(latency: u64) -> Timing {
        far(latency, 0)
    }

    /// A reply from a server that is so many milliseconds away, and as long to connect to.
    fn far(latency: u64, away: u64) -> Timing {
        let (connecting, round_trip) = (milliseconds(away), milliseconds(away));
        Timing { latency: milliseconds(latency), connecting, round_trip }
    }

    /// Runs rounds with a server that takes `time` at a given concurrency; the limits after each round.
    fn rounds(window: &mut Window, count: usize, time: impl Fn(usize) -> u64) -> Vec<usize> {
        let round = |window: &mut Window| {
            let limit = window.limit;
            (0..limit).for_each(|_| window.record(near(time(limit)), Version::HTTP_2));
            window.limit
        };
        (0..count).map(|_| round(window)).collect()
    }

    #[test]
    fn high_latency_raises_the_limit() {
        let mut window = Window::new(Jobs::Adaptive);
        assert_eq!(rounds(&mut window, 4, |_| 25), [64, 64, 64, 64]);
    }

    #[test]
    fn a_long_round_trip_raises_it_further_as_the_protocol_allows() {
        for (version, limits) in [(Version::HTTP_2, [64, 256, 256]), (Version::HTTP_11, [64, 128, 128])] {
            let mut window = Window::new(Jobs::Adaptive);
            for limit in limits {
                (0..window.limit).for_each(|_| window.record(near(100), version));
                assert_eq!(window.limit, limit);
            }
        }
    }

    #[test]
    fn a_long_round_trip_that_grows_with_the_limit_does_not_raise_it_further() {
        let mut window = Window::new(Jobs::Adaptive);
        assert_eq!(rounds(&mut window, 4, |limit| if limit > 64 { 400 } else { 100 }), [64, 256, 64, 64]);
        assert_eq!(window.halved, 0);
    }

    #[test]
    fn slow_new_connections_do_not_count_as_a_slow_server() {
        let mut window = Window::new(Jobs::Adaptive);
        for (connections, limit) in [(1, 16), (16, 16), (16, 64)] {
            assert_eq!(window.limit, limit);
            (0..limit).for_each(|at| window.record(near(if at < connections { 25 } else { 75 }), Version::HTTP_11));
        }
        assert_eq!(rounds(&mut window, 2, |_| 25), [64, 64]);
    }

    #[test]
    fn a_server_far_away_gets_more_requests_at_first() {
        for (away, limit) in [(49, 16), (50, 64)] {
            let mut window = Window::new(Jobs::Adaptive);
            window.record(far(120, away), Version::HTTP_2);
            assert_eq!(window.limit, limit);
        }
        let mut slow = Window::new(Jobs::Adaptive);
        slow.record(near(900), Version::HTTP_2);
        assert_eq!(slow.limit, 16);
    }

    #[test]
    fn a_setback_outweighs_the_distance() {
        let mut window = Window::new(Jobs::Adaptive);
        window.halve(1);
        window.record(far(120, 100), Version::HTTP_2);
        assert_eq!(window.limit, 8);
    }

    #[test]
    fn the_time_to_connect_is_no_sign_of_a_queue() {
        let mut window = Window::new(Jobs::Adaptive);
        window.record(far(100, 100), Version::HTTP_11);
        assert_eq!(window.limit, 64);
        (1..64).for_each(|_| window.record(far(210, 100), Version::HTTP_11));
        assert_eq!(window.limit, 128);
    }

    #[test]
    fn a_server_that_queues_requests_does_not_raise_the_limit() {
        let mut window = Window::new(Jobs::Adaptive);
        window.record(near(1), Version::HTTP_2);
        assert_eq!(rounds(&mut window, 40, |limit| limit as u64), [16; 40]);
    }

    #[test]
    fn growth_that_brings_nothing_is_undone() {
        let mut window = Window::new(Jobs::Adaptive);
        assert_eq!(rounds(&mut window, 3, |limit| if limit > 16 { 100 } else { 25 }), [64, 16, 16]);
        assert_eq!(window.halved, 0);
    }

    #[test]
    fn a_slow_server_lowers_the_limit_until_it_recovers() {
        let mut window = Window::new(Jobs::Adaptive);
        rounds(&mut window, 4, |_| 25);
        assert_eq!(rounds(&mut window, 4, |_| 200), [32, 16, 8, 8]);
        assert_eq!(window.halved, 3);
        let after = rounds(&mut window, 60, |_| 25);
        assert!(after.windows(2).all(|pair| pair[0] <= pair[1]) && after[59] > 16, "{after:?}");
    }

    #[test]
    fn a_fixed_limit_never_changes() {
        let mut window = Window::new(Jobs::Fixed(5));
        rounds(&mut window, 9, |_| 25);
        window.halve(1);
        assert_eq!((window.limit, window.halved), (5, 0));
    }
}
