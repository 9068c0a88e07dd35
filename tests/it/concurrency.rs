//! The number of requests in flight.

use std::time::Duration;

use registry_fixture::{Answer, Fault, Match, Registry};
use test_support::Rls;

use crate::registries::{seeded, with_seed};

#[test]
fn jobs_limits_the_concurrency() {
    for jobs in [1, 3, 20] {
        let registry = seeded("60x1");
        registry.inject(Match::ending("/tags/list").always(), Fault::AwaitConcurrency(jobs));
        let shown = Rls::at(&registry).words(&format!("repos --tags --stats --jobs {jobs} --timeout 60s")).run();
        assert_eq!((shown.code, shown.stdout.lines().count()), (Some(0), 60));
        assert_eq!(registry.most_at_once(), jobs);
        assert!(shown.stderr.contains(&format!(", max concurrency {jobs}, throttled 0 times, ")), "{}", shown.stderr);
    }
}

#[test]
fn refusals_lower_the_concurrency_unless_jobs_is_given() {
    for status in [429, 503] {
        for (jobs, adapts) in [("", true), ("--jobs 16", false)] {
            let registry = seeded("60x1");
            let full = Answer::new(status).header("Retry-After", "0");
            registry.inject(Match::ending("/tags/list").after(3).times(4), Fault::Answer(full));
            let shown = Rls::at(&registry).words(&format!("repos --tags --stats {jobs}")).run();
            assert_eq!((shown.code, shown.stdout.lines().count()), (Some(0), 60), "{shown}");
            // Refusals that arrive at the same time count as one; how many do depends on the machine.
            let (most, slowdowns) = concurrency(&shown.stderr);
            assert!(most <= 16, "{status}: {}", shown.stderr);
            assert_eq!(slowdowns > 0, adapts, "{status}: {}", shown.stderr);
            assert!(shown.stderr.contains(" times, 4 retries, "), "{status}: {}", shown.stderr);
        }
    }
}

/// The maximum concurrency and how often it was throttled, as `--stats` prints them.
fn concurrency(stats: &str) -> (usize, usize) {
    let number = |before: &str| stats.split_once(before)?.1.split([',', ' ']).next()?.parse().ok();
    number("max concurrency ").zip(number("throttled ")).unwrap_or_else(|| panic!("{stats}"))
}

#[test]
fn latency_raises_the_concurrency_unless_jobs_is_given() {
    for (jobs, expected) in [("", 17..=128), ("--jobs 16", 1..=16)] {
        // A latency that dwarfs the machine's own delays.
        let registry = with_seed(Registry::builder().latency(Duration::from_millis(300)), "150x1").start();
        let shown = Rls::at(&registry).words(&format!("repos --tags --stats {jobs}")).run();
        assert_eq!((shown.code, shown.stdout.lines().count()), (Some(0), 150));
        assert!(expected.contains(&concurrency(&shown.stderr).0), "{}", shown.stderr);
        assert!(expected.contains(&registry.most_at_once()), "{} at once", registry.most_at_once());
    }
}

#[test]
fn slowness_lowers_the_concurrency_unless_jobs_is_given() {
    for (jobs, adapts) in [("", true), ("--jobs 16", false)] {
        // More requests than may be in flight when the first of them turns out to be slow.
        let registry = seeded("100x1");
        // A delay that dwarfs the machine's own.
        registry.inject(Match::ending("/tags/list").after(20).always(), Fault::Delay(Duration::from_secs(3)));
        let shown = Rls::at(&registry).words(&format!("repos --tags --stats {jobs}")).run();
        assert_eq!((shown.code, shown.stdout.lines().count()), (Some(0), 100));
        assert_eq!(concurrency(&shown.stderr).1 > 0, adapts, "{}", shown.stderr);
    }
}
