//! The cost of listing and pruning one repository, by the number of its tags.

use crate::clients::requests_in;
use crate::pairs::{Outcome, compare};
use crate::servers::Server;
use crate::suites::{Bench, GROWTH};
use crate::table::Goal;

const FEW: usize = 10_000;
const MANY: usize = 100_000;

/// What most rules keep: one tag of ten.
const PRUNE: [&str; 4] = ["prune", "team/app", "--keep", "*0"];

/// A name, and the number of tags and of the manifests they point to.
type Spread = (&'static str, fn(usize) -> usize);

const SPREADS: [Spread; 3] = [("1 manifest", |_| 1), ("3 manifests", |_| 3), ("as many manifests", |tags| tags)];

impl Bench {
    /// A snapshot with its plan, `tags -l`, and a whole `prune`.
    pub fn cleaning(&mut self) {
        for (spread, manifests) in SPREADS {
            let [few, many] = [FEW, MANY].map(|tags| Server::repository(tags, manifests(tags)));
            for (what, arguments) in [
                ("prune --dry-run", &[&PRUNE[..], &["--dry-run"]].concat()[..]),
                ("tags -l", &["tags", "team/app", "-l"]),
            ] {
                let [few, many] = [&few, &many].map(|server| self.contestants.rls_at(server, arguments));
                let what = format!("{what}, 100,000 on {spread}");
                let requests = requests_in(&many.with("--stats").message());
                self.table.row(&what, "rls, 10,000", &compare(&many, &few), Some(Goal::Ratio(GROWTH)));
                self.table.fact(&what, requests as f64, "requests", f64::INFINITY);
            }
        }
        // It can run only once: the second time nothing is left to remove.
        let run = |tags: usize| {
            let server = Server::repository(tags, tags);
            let prune = self.contestants.rls_at(&server, &[&PRUNE[..], &["--yes", "--stats"]].concat());
            prune.run_and_say()
        };
        let ((few, _), (many, message)) = (run(FEW), run(MANY));
        let what = "prune --yes, 100,000 manifests";
        self.table.row(what, "rls, 10,000", &Outcome::once(many, few), Some(Goal::Ratio(GROWTH)));
        self.table.fact(what, requests_in(&message) as f64, "requests", f64::INFINITY);
    }
}
