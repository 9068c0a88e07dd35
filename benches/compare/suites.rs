//! What is measured, against which client, and the goals.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::clients::{Clients, Job, requests};
use crate::load_generator::{Request, Requests};
use crate::pairs::compare;
use crate::run::Plan;
use crate::servers::{Grid, Server, Way};
use crate::table::{Goal, Table};

const SOME: Grid = Grid { repositories: 200, tags: 20 };
const FEW_TAGS: Grid = Grid { repositories: 200, tags: 5 };
const MANY: Grid = Grid { repositories: 2_000, tags: 5 };
const TAGS: Grid = Grid { repositories: 1, tags: 500 };
const MANY_TAGS: Grid = Grid { repositories: 1, tags: 5_000 };

/// Clients that need a process for each repository are left out beyond this many.
const MOST_PROCESSES: usize = 1_000;
/// At this latency in milliseconds only the load generator is measured: other clients would take minutes.
const FAR: u64 = 100;

/// Goals, relative to the load generator and to docker-ls: over plain HTTP, with latency, and over TLS with tokens.
const BY_LIMIT: f64 = 1.15;
const BY_DOCKER_LS: f64 = 0.6;
const BY_DOCKER_LS_AWAY: f64 = 0.3;
const BY_DOCKER_LS_WITH_TOKENS: f64 = 0.25;
/// A goal, relative to the time for a tenth of the work.
pub const GROWTH: f64 = 10.5;
/// Goals in MiB, and relative to the time of a download.
const MILLION: Goal = Goal::Memory(24.0, 1.5);
const MILLION_AT_LEISURE: Goal = Goal::Memory(24.0, f64::INFINITY);

/// A suite: its name, and what it measures.
type Chapter = (&'static str, fn(&mut Bench));

const CHAPTERS: [Chapter; 10] = [
    ("start", Bench::start),
    ("plain", |bench| bench.docker(Way::Plain)),
    ("tls", |bench| bench.docker(Way::Tls)),
    ("token", |bench| bench.docker(Way::Token)),
    ("away", Bench::away),
    ("million", Bench::million),
    ("growth", Bench::growth),
    ("cleaning", Bench::cleaning),
    ("look", Bench::look),
    ("network", Bench::network),
];

pub struct Bench {
    pub contestants: Clients,
    rls: PathBuf,
    pub table: Table,
}

/// Runs the named suites, or all.
pub fn run(only: &str) -> ExitCode {
    let names: Vec<_> = only.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    let is_chapter = |name: &&str| CHAPTERS.iter().any(|(chapter, _)| chapter == name);
    if let Some(unknown) = names.iter().find(|name| !is_chapter(name)) {
        let known: Vec<_> = CHAPTERS.iter().map(|(chapter, _)| *chapter).collect();
        eprintln!("{unknown} is no chapter: {}", known.join(", "));
        return ExitCode::from(2);
    }
    let rls = std::env::var_os("RLS").map_or_else(|| PathBuf::from("target/release/rls"), PathBuf::from);
    assert!(rls.exists(), "no release build of rls at {}; make bench makes one", rls.display());
    let scratch = tempfile::tempdir().expect("a folder for scratch files");
    let contestants = Clients::new(rls.clone(), scratch.path());
    let mut bench = Bench { contestants, rls, table: Table::default() };
    bench.table.head();
    for (_, chapter) in CHAPTERS.iter().filter(|(name, _)| names.is_empty() || names.contains(name)) {
        chapter(&mut bench);
    }
    bench.table.end()
}

impl Bench {
    /// The size of the program, and the time of `--version` and of one request.
    fn start(&mut self) {
        let size = std::fs::metadata(&self.rls).expect("it is there").len();
        self.table.fact("size of the program", size as f64 / 1e6, "MB", 8.0);
        let version = compare(&self.contestants.rls(&["--version"]), &Plan::new("curl", &["--version"]));
        self.table.fact("rls --version", version.ours.time.as_secs_f64() * 1000.0, "ms", 3.0);
        self.table.row("rls --version", "curl --version", &version, None);
        for (way, what) in [(Way::Plain, "manifest, once"), (Way::Tls, "manifest, once, TLS")] {
            let server = Server::docker(way, Grid { repositories: 1, tags: 1 });
            self.job(Job::Manifest, &server, what, Some(Goal::More(2.0)));
        }
        let server = Server::docker(Way::Token, Grid { repositories: 1, tags: 1 });
        self.job(Job::Manifest, &server, "manifest, once, TLS and token", None);
    }

    /// Debian's docker-registry.
    fn docker(&mut self, way: Way) {
        let suffix = match way {
            Way::Plain => "",
            Way::Tls => ", TLS",
            Way::Token => ", TLS and token",
        };
        for grid in [SOME, MANY] {
            let server = Server::docker(way, grid);
            self.job(Job::Tags, &server, &format!("repos --tags, {grid}{suffix}"), None);
        }
        for grid in [TAGS, MANY_TAGS] {
            let server = Server::docker(way, grid);
            self.job(Job::Digests, &server, &format!("tags -d, {}{suffix}", grid.thousands()), None);
        }
    }

    /// The embedded registry, without and with latency.
    fn away(&mut self) {
        for latency in [0, 25, FAR] {
            for grid in [SOME, MANY] {
                let server = Server::embedded(grid, latency);
                self.job(Job::Tags, &server, &format!("repos --tags, {grid}, {latency} ms"), None);
            }
            for grid in [TAGS, MANY_TAGS] {
                let server = Server::embedded(grid, latency);
                self.job(Job::Digests, &server, &format!("tags -d, {}, {latency} ms", grid.thousands()), None);
            }
        }
    }

    /// A million tags.
    fn million(&mut self) {
        for (in_pages, what) in [(false, "10^6 tags, one body"), (true, "10^6 tags, 1,000 pages")] {
            let server = Server::million(in_pages);
            let last = (0..1000).map(|page| (page > 0).then(|| format!("&last=v{:07}", page * 1000 - 1)));
            let urls =
                last.map(|last| format!("{}/v2/many/tags/list?n=1000{}", server.url(), last.unwrap_or_default()));
            let stages = urls.map(|url| vec![Request { url, token: 0, is_get: true }]);
            let stages = if in_pages { stages.collect() } else { stages.take(1).collect() };
            let goal = if in_pages { MILLION_AT_LEISURE } else { MILLION };
            let requests = Requests { method: "GET", accept: "application/json", stages };
            let ways = [
                (&["--sort", "none"][..], goal),
                (&["--sort", "none", "-o", "jsonl"], MILLION_AT_LEISURE),
                (&[], MILLION_AT_LEISURE),
            ];
            for (flags, goal) in ways {
                let rls = self.contestants.rls_at(&server, &[&["tags", "many"], flags].concat());
                let limit = self.contestants.limit(&requests, &server, &rls);
                let what = format!("{what}{}", flags.iter().map(|flag| format!(" {flag}")).collect::<String>());
                self.table.row(&what, "the limit", &compare(&rls, &limit), Some(goal));
            }
            if let (false, Some(curl)) = (in_pages, self.contestants.curl(&requests, &server)) {
                let rls = self.contestants.rls_at(&server, &["tags", "many", "--sort", "none"]);
                self.table.row(what, "curl", &compare(&rls, &curl), Some(goal));
            }
        }
    }

    /// Ten times the requests.
    fn growth(&mut self) {
        let servers = [
            ("docker-registry", Server::docker(Way::Plain, FEW_TAGS), Server::docker(Way::Plain, MANY)),
            ("embedded, 0 ms", Server::embedded(FEW_TAGS, 0), Server::embedded(MANY, 0)),
            ("embedded, 25 ms", Server::embedded(FEW_TAGS, 25), Server::embedded(MANY, 25)),
        ];
        for (what, few, many) in &servers {
            let [few, many] = [few, many].map(|server| self.contestants.rls_for(Job::Tags, server));
            let what = format!("2,000 x 5, {what}");
            self.table.row(&what, "rls, 200 x 5", &compare(&many, &few), Some(Goal::Ratio(GROWTH)));
        }
    }

    /// One job with all clients.
    fn job(&mut self, job: Job, server: &Server, what: &str, by_curl: Option<Goal>) {
        let requests = requests(job, server);
        let rls = self.contestants.rls_for(job, server);
        let limit = self.contestants.limit(&requests, server, &rls);
        // Where a reply costs the registry nothing, only the client takes time.
        let is_measured = (server.grid == SOME || server.grid == TAGS) && server.latency != Some(0);
        let goal = is_measured.then_some(Goal::Ratio(BY_LIMIT));
        self.table.row(what, "the limit", &compare(&rls, &limit), goal);
        if let Some(curl) = self.contestants.curl(&requests, server).filter(|_| server.latency < Some(FAR)) {
            let name = if job == Job::Manifest { "curl" } else { "curl -Z" };
            self.table.row(what, name, &compare(&rls, &curl), by_curl);
        }
        if server.grid.repositories.max(server.grid.tags) > MOST_PROCESSES || server.latency >= Some(FAR) {
            return;
        }
        for peer in self.contestants.peers(job, server) {
            let Some(plan) = peer.plan else { continue };
            if let Some(failure) = plan.failure() {
                eprintln!("{what}: {} {failure}", peer.name);
                continue;
            }
            let goal = match (peer.name, job) {
                ("docker-ls", Job::Tags) if server.way == Way::Token => Some(Goal::Ratio(BY_DOCKER_LS_WITH_TOKENS)),
                ("docker-ls", Job::Tags) if server.latency > Some(0) => Some(Goal::Ratio(BY_DOCKER_LS_AWAY)),
                ("docker-ls", Job::Tags | Job::Digests) => Some(Goal::Ratio(BY_DOCKER_LS)),
                _ => None,
            };
            self.table.row(what, peer.name, &compare(&rls, &plan), goal);
        }
    }
}
