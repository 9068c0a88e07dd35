//! Every case of `faults.json`, with every verbosity, and with credentials from every place.
//!
//! A case becomes one or more [`Scenario`]s: a misbehaving server, a run of the program, and the expected result.
//! What the vectors name is taken from there; where cli.md says otherwise it is listed, with its reason, in
//! [`deviations`] and nowhere else.

mod auth;
mod data;
mod delete;
mod deviations;
mod http;
mod http2;
mod network;
mod process;
mod scenario;
mod tls;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde::Deserialize;
use serde_json::Value;

pub use self::network::{ALL, paged};
use self::scenario::{Scenario, Setup};

use crate::runner::{Holder, Verbosity};

/// Most of the runs wait for something.
const AT_ONCE: usize = 16;

/// There are more runs than this: several of each case, with each verbosity.
const RUNS: usize = 700;

/// A fact of the file.
#[derive(Debug, Clone, Deserialize)]
struct Case {
    id: String,
    kind: String,
    input: String,
    expect: Value,
}

fn cases() -> Vec<Case> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/vectors/faults.json");
    let text = std::fs::read_to_string(&file).expect("the vectors are there");
    serde_json::from_str(&text).expect("the vectors are JSON")
}

fn scenarios(setup: &Setup) -> Vec<Scenario> {
    match setup.case.kind.as_str() {
        "network" => network::scenarios(setup),
        "tls" => tls::scenarios(setup),
        "http" => http::scenarios(setup),
        "auth" => auth::scenarios(setup),
        "data" => data::scenarios(setup),
        "process" => process::scenarios(setup),
        "delete" => delete::scenarios(setup),
        kind => panic!("unknown kind {kind}"),
    }
}

/// Each case meets each verbosity once and each holder of credentials once, and each verbosity meets each holder. Every
/// other run goes through a proxy, where that leaves the case as it is.
fn setups() -> Vec<Setup> {
    let mut setups = Vec::new();
    for (number, case) in cases().into_iter().enumerate().filter(|(_, case)| !deviations::is_exempt(&case.id)) {
        for (turn, verbosity) in Verbosity::ALL.into_iter().enumerate() {
            let holder = Holder::ALL[(number + turn) % Holder::ALL.len()];
            // Below HTTP a proxy stands in between, and takes the fault upon itself.
            let proxied = (number + turn) % 2 == 1 && matches!(case.kind.as_str(), "http" | "auth" | "data");
            setups.push(Setup { case: case.clone(), holder, verbosity, proxied });
        }
    }
    // What waits longest comes first.
    setups.sort_by_key(|setup| !deviations::TAKE_LONG.contains(&setup.case.id.as_str()));
    setups
}

/// `RLS_FAULT=fault-029` picks out one case.
#[test]
fn every_case_with_every_verbosity() {
    let only = std::env::var("RLS_FAULT").ok();
    let setups: Vec<_> =
        setups().into_iter().filter(|setup| only.as_ref().is_none_or(|id| *id == setup.case.id)).collect();
    let (next, runs, failures) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(setup) = setups.get(next.fetch_add(1, Ordering::Relaxed)) {
                    for scenario in scenarios(setup) {
                        runs.fetch_add(1, Ordering::Relaxed);
                        let name = scenario.name.clone();
                        if let Some(why) = failure(|| scenario.play(setup)) {
                            failures.lock().expect("no panic").push(format!("{setup} {name}: {why}"));
                        }
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().expect("no panic");
    failures.sort();
    let runs = runs.into_inner();
    assert!(failures.is_empty(), "{} of {runs} runs fail:\n\n{}", failures.len(), failures.join("\n\n"));
    // Nothing is proved by what did not run.
    assert!(only.is_some() || (runs > RUNS && crate::proxy::connections() > 100), "{runs} runs");
}

fn failure(play: impl FnOnce()) -> Option<String> {
    let panic = catch_unwind(AssertUnwindSafe(play)).err()?;
    let message = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    Some(message.unwrap_or("a panic").to_owned())
}
