//! How many requests are in flight at once.

use std::time::Duration;

use registry_fixture::{Answer, Fault, Match, Registry};
use test_support::Rls;

use crate::registries::{seeded, with_seed};

#[test]
fn no_more_than_asked_for() {
    for jobs in [1, 3, 20] {
        let registry = seeded("60x1");
        let shown = Rls::at(&registry).words(&format!("repos --tags --stats --jobs {jobs}")).run();
        assert_eq!((shown.code, shown.stdout.lines().count()), (Some(0), 60));
        assert!(registry.most_at_once() <= jobs, "{} at once", registry.most_at_once());
        assert!(shown.stderr.contains(&format!(", {jobs} at once at most, 0 slow-downs, ")), "{}", shown.stderr);
    }
}

#[test]
fn a_registry_that_turns_requests_away_is_asked_half_as_much_unless_told_otherwise() {
    for status in [429, 503] {
        for (jobs, adapts) in [("", true), ("--jobs 16", false)] {
            let registry = seeded("60x1");
            let full = Answer::new(status).header("Retry-After", "0");
            registry.inject(Match::ending("/tags/list").after(3).times(4), Fault::Answer(full));
            let shown = Rls::at(&registry).words(&format!("repos --tags --stats {jobs}")).run();
            assert_eq!((shown.code, shown.stdout.lines().count()), (Some(0), 60), "{shown}");
            // Refusals that come together are one slow-down; whether they do is for the machine to say.
            let (most, slowdowns) = told(&shown.stderr);
            assert_eq!((most, slowdowns > 0), (16, adapts), "{status}: {}", shown.stderr);
            assert!(shown.stderr.contains(" slow-downs, 4 retries, "), "{status}: {}", shown.stderr);
        }
    }
}

/// How many there were at once at most, and how often there were fewer from then on, in what `--stats` says.
fn told(stats: &str) -> (usize, usize) {
    let number = |after: &str| stats.split_once(after).and_then(|(before, _)| before.rsplit(' ').next()?.parse().ok());
    number(" at once at most").zip(number(" slow-downs")).unwrap_or_else(|| panic!("{stats}"))
}

#[test]
fn a_registry_that_is_far_away_is_asked_more_at_once_unless_told_otherwise() {
    for (jobs, expected) in [("", 64), ("--jobs 16", 16)] {
        // As long a way that what this machine is busy with does not count.
        let registry = with_seed(Registry::builder().latency(Duration::from_millis(300)), "150x1").start();
        let shown = Rls::at(&registry).words(&format!("repos --tags --stats {jobs}")).run();
        assert_eq!((shown.code, shown.stdout.lines().count()), (Some(0), 150));
        assert_eq!(told(&shown.stderr), (expected, 0), "{}", shown.stderr);
        assert_eq!(registry.most_at_once(), expected);
    }
}

#[test]
fn a_registry_that_becomes_slow_is_asked_less_at_once_unless_told_otherwise() {
    for (jobs, adapts) in [("", true), ("--jobs 16", false)] {
        let registry = seeded("60x1");
        registry.inject(Match::ending("/tags/list").after(20).always(), Fault::Delay(Duration::from_secs(1)));
        let shown = Rls::at(&registry).words(&format!("repos --tags --stats {jobs}")).run();
        assert_eq!((shown.code, shown.stdout.lines().count()), (Some(0), 60));
        assert_eq!(told(&shown.stderr).1 > 0, adapts, "{}", shown.stderr);
    }
}
