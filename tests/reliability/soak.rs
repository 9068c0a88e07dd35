//! One long process: its memory and its descriptors do not grow.

use std::io::{BufRead as _, BufReader};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use registry_fixture::{Answer, Auth, Fault, Match, Registry, Running};
use test_support::Rls;

use crate::scale;

/// The allowed growth after a fifth of its time, in KiB: what an allocator does not give
/// back.
const GROWTH: u64 = 2048;

/// Requests in flight.
const JOBS: u64 = 16;

/// A sample of a process in `/proc`.
#[derive(Debug, Clone, Copy)]
struct Sample {
    resident: u64,
    descriptors: u64,
}

impl Sample {
    /// `None` when it has ended.
    fn at(process: u32) -> Option<Self> {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let resident = resident.trim().trim_end_matches(" kB").parse().expect("a number");
        let descriptors = std::fs::read_dir(format!("/proc/{process}/fd")).ok()?.count() as u64;
        Some(Self { resident, descriptors })
    }

    /// Samples it a hundred times a second until it ends.
    fn until_the_end(process: u32) -> Vec<Self> {
        let mut samples = Vec::new();
        while let Some(sample) = Self::at(process) {
            samples.push(sample);
            std::thread::sleep(Duration::from_millis(10));
        }
        samples
    }
}

/// One tag for each request, and not everything goes well: connections break, the registry is full, tokens are taken
/// back.
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
fn a_long_listing_does_not_grow_in_memory_or_descriptors() {
    let requests = scale::of("SOAK_REQUESTS", 4_000);
    let registry = registry(requests);
    let rls = Rls::at(&registry).user("ann", "secret");
    let words = format!("tags team/app -d --sort none --stats --retries 9 -j {JOBS}");
    let rls = rls.words(&words);
    let mut process = rls.spawn();
    let watcher = std::thread::spawn({
        let process = process.id();
        move || Sample::until_the_end(process)
    });
    let lines = BufReader::new(process.stdout.take().expect("its output")).lines();
    let listed = lines.filter(|line| line.as_ref().expect("a line").contains("\tsha256:")).count();
    // It is sampled until it is waited for, which comes last.
    let samples = watcher.join().expect("it is looked at");
    let output = process.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(listed as u64, requests, "the list is whole");

    assert!(samples.len() >= 20, "{} samples", samples.len());
    let (first, last) = (samples[samples.len() / 5], samples[samples.len() - 1]);
    let stats = String::from_utf8_lossy(&output.stderr);
    scale::say(&format!("{requests} tags: {first:?} after a fifth of the time, {last:?} at the end; {stats}"));
    assert!(last.resident <= first.resident + GROWTH, "{first:?} {last:?}");
    // A connection for each request in flight, one that is being replaced, and a dozen for the program itself.
    let most = samples.iter().map(|sample| sample.descriptors).max().unwrap_or_default();
    assert!(most <= 2 * JOBS + 12, "{most} descriptors");
}
