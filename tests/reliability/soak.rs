//! One process for a long time: its memory and its descriptors are at the end what they were soon after the beginning.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};

use registry_fixture::{Answer, Auth, Fault, Match, Registry, Running};

use crate::runner::Rls;
use crate::size;

/// What the process may have more at the end than after a tenth, in KiB: what an allocator does not give back.
const GROWTH: u64 = 2048;

/// Requests in flight.
const JOBS: u64 = 16;

/// A process, looked at from outside.
#[derive(Debug, Clone, Copy)]
struct Look {
    resident: u64,
    descriptors: u64,
}

impl Look {
    fn at(process: u32) -> Self {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("what it has in memory");
        let resident = resident.trim().trim_end_matches(" kB").parse().expect("a number");
        let descriptors = std::fs::read_dir(format!("/proc/{process}/fd")).expect("it runs").count() as u64;
        Self { resident, descriptors }
    }
}

/// One tag for each request, and not everything goes well: connections break, the registry is full, tokens are taken back.
fn registry(requests: u64) -> Running {
    let registry = Registry::builder().auth(Auth::Token).without_journal().start();
    registry.tag_many("team/app", requests);
    let every = |nth: u64| {
        let count = AtomicU64::new(0);
        Match::under("/v2/team/app/manifests/")
            .always()
            .when(move |_| count.fetch_add(1, Ordering::Relaxed) % nth == nth - 1)
    };
    registry.inject(every(501), Fault::CloseBeforeReply);
    registry.inject(every(97), Answer::new(503).header("Retry-After", "0"));
    registry.inject(every(103), Answer::new(429).header("Retry-After", "0"));
    registry.on_request(every(1009), |registry, _| registry.revoke_tokens());
    registry
}

#[test]
fn a_long_listing_takes_no_more_at_its_end_than_at_its_beginning() {
    let requests = size::of("SOAK_REQUESTS", 4_000);
    let registry = registry(requests);
    let rls = Rls::at(&registry).user("ann", "secret");
    let words = format!("tags team/app -d --sort none --stats --retries 9 -j {JOBS}");
    let mut process =
        rls.words(&words).command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
    let mut looks = Vec::new();
    for tenth in 1..=10 {
        let wanted = requests * tenth / 10 - requests * (tenth - 1) / 10;
        // Before the last line, while it still runs.
        let wanted = if tenth == 10 { wanted - 1 } else { wanted };
        for line in lines.by_ref().take(wanted as usize) {
            assert!(line.expect("a line").contains("\tsha256:"));
        }
        looks.push(Look::at(process.id()));
    }
    assert_eq!(lines.count(), 1, "the list is whole");
    let output = process.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let (first, last) = (looks[0], looks[9]);
    let stats = String::from_utf8_lossy(&output.stderr);
    size::say(&format!("{requests} tags: {first:?} after a tenth, {last:?} at the end; {stats}"));
    assert!(last.resident <= first.resident + GROWTH, "{looks:?}");
    // A connection for each request in flight, one that is being replaced, and a dozen for the program itself.
    let most = looks.iter().map(|look| look.descriptors).max().unwrap_or_default();
    assert!(most <= 2 * JOBS + 12 && last.descriptors <= first.descriptors + 2, "{looks:?}");
}
