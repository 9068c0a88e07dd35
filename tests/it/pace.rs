//! How many requests are in flight at once.

use registry_fixture::{Answer, Fault, Match};

use crate::registries::seeded;
use crate::runner::Rls;

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
        for (jobs, slowdowns) in [("", 1), ("--jobs 16", 0)] {
            let registry = seeded("60x1");
            let full = Answer::new(status).header("Retry-After", "0");
            registry.inject(Match::ending("/tags/list").after(3).times(4), Fault::Answer(full));
            let shown = Rls::at(&registry).words(&format!("repos --tags --stats {jobs}")).run();
            assert_eq!((shown.code, shown.stdout.lines().count()), (Some(0), 60), "{shown}");
            let expected = format!(", 16 at once at most, {slowdowns} slow-downs, 4 retries, ");
            assert!(shown.stderr.contains(&expected), "{status}: {}", shown.stderr);
        }
    }
}
