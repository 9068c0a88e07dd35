//! Listings and removals over links with a long round trip, steady and with pieces that come late, as after a lost
//! packet.

use std::time::Duration;

use test_support::Conditions;

use crate::clients::{Job, requests};
use crate::pairs::compare;
use crate::servers::{Grid, Server, Way};
use crate::suites::Bench;
use crate::table::Goal;

const LISTS: Grid = Grid { repositories: 200, tags: 20 };
const TAGS: Grid = Grid { repositories: 1, tags: 500 };
/// The tags that are removed, each on an image of its own.
const REMOVED: usize = 20;

/// A link.
#[derive(Debug, Clone, Copy)]
pub struct Path {
    /// The round trip in milliseconds.
    pub round_trip: u64,
    /// Whether one of 33 pieces comes late.
    pub stalls: bool,
}

/// The links, with the goals in seconds for `tags -d` and `rm`.
const PATHS: [(Path, f64, f64); 5] = [
    (Path { round_trip: 1, stalls: false }, f64::INFINITY, f64::INFINITY),
    (Path { round_trip: 25, stalls: false }, f64::INFINITY, f64::INFINITY),
    (Path { round_trip: 100, stalls: false }, 0.9, 6.5),
    (Path { round_trip: 200, stalls: false }, 1.6, f64::INFINITY),
    (Path { round_trip: 100, stalls: true }, 1.6, f64::INFINITY),
];

impl Path {
    /// What it does to the bytes: a lost packet is sent again after about a round trip and 200 ms.
    pub fn conditions(self) -> Conditions {
        let round_trip = Duration::from_millis(self.round_trip);
        let steady = Conditions::new().delay(round_trip / 2);
        if self.stalls { steady.stall(33, round_trip + Duration::from_millis(200)) } else { steady }
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ms{}", self.round_trip, if self.stalls { ", stalls" } else { "" })
    }
}

impl Bench {
    /// docker-registry over each link, by HTTP/1.1 and HTTP/2; removals from the embedded registry, which untags.
    pub fn network(&mut self) {
        for (path, digests, removal) in PATHS {
            for (way, protocol) in [(Way::Plain, "HTTP/1.1"), (Way::Tls, "HTTP/2")] {
                let server = Server::over(path, way, LISTS);
                self.listing(Job::Tags, &server, &format!("repos --tags, {LISTS}, {path}, {protocol}"), f64::INFINITY);
                let server = Server::over(path, way, TAGS);
                self.listing(Job::Digests, &server, &format!("tags -d, 500, {path}, {protocol}"), digests);
                let long = self.contestants.rls_at(&server, &["tags", "-l", &TAGS.repository(0)]);
                self.seconds(&format!("tags -l, 500, {path}, {protocol}"), long.run().time, f64::INFINITY);
            }
            let server = Server::repository_over(path, 2 * REMOVED);
            let tags: Vec<_> = (0..REMOVED).map(|number| format!("team/app:v{number}")).collect();
            let words: Vec<_> = std::iter::once("rm").chain(tags.iter().map(String::as_str)).collect();
            let removed = self.contestants.rls_at(&server, &words).run().time;
            self.seconds(&format!("rm of {REMOVED}, {path}"), removed, removal);
        }
    }

    fn listing(&mut self, job: Job, server: &Server, what: &str, most: f64) {
        let rls = self.contestants.rls_for(job, server);
        let limit = self.contestants.limit(&requests(job, server), server, &rls);
        let outcome = compare(&rls, &limit);
        self.table.row(what, "the limit", &outcome, Some(Goal::Seconds(most)));
        let peers = self.contestants.peers(job, server);
        if let Some(plan) = peers.into_iter().find(|peer| peer.name == "docker-ls").and_then(|peer| peer.plan) {
            self.table.row(what, "docker-ls", &compare(&rls, &plan), None);
        }
    }

    fn seconds(&mut self, what: &str, time: Duration, most: f64) {
        self.table.fact(what, (time.as_secs_f64() * 1000.0).round() / 1000.0, "s", most);
    }
}
