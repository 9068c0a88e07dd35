//! The program, as a process that may be killed.

use std::collections::BTreeSet;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use registry_fixture::Personality;

use crate::all;
use crate::runner::{Outcome, Rls};
use crate::trace::{State, Trace};
use crate::world::{REPOSITORY, World};

/// Interleavings for each personality.
const COUNT: u64 = 50;

/// How long to wait for something that is going to happen.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn on_distribution_2() {
    all(Personality::Distribution28, 2 * COUNT, interleaving);
}

#[test]
fn on_distribution_3() {
    all(Personality::Distribution3, COUNT, interleaving);
}

#[test]
fn on_harbor() {
    all(Personality::Harbor, COUNT, interleaving);
}

#[test]
fn on_google() {
    all(Personality::Google, COUNT, interleaving);
}

/// What is asked for: the words, and the tags that they name.
fn command(world: &World, chance: &mut fastrand::Rng) -> (String, BTreeSet<String>) {
    let placeholder = if chance.bool() { " --placeholder" } else { "" };
    if chance.u8(..4) == 0 {
        let keep = chance.usize(1..4);
        let words = format!("prune {REPOSITORY} --keep-last {keep} --sort created --yes{placeholder} -o jsonl");
        return (words, world.start.keys().cloned().collect());
    }
    let mut tags: Vec<_> = world.start.keys().cloned().collect();
    chance.shuffle(&mut tags);
    tags.truncate(chance.usize(1..=3));
    let names: Vec<_> = tags.iter().map(|tag| format!("{REPOSITORY}:{tag}")).collect();
    let with_siblings = placeholder.is_empty() && chance.u8(..4) == 0;
    let how = if with_siblings { " --with-siblings --yes" } else { placeholder };
    let digests: BTreeSet<_> = tags.iter().filter_map(|tag| world.start.get(tag)).collect();
    let goes = |tag: &String, digest: &String| tags.contains(tag) || with_siblings && digests.contains(digest);
    let named = world.start.iter().filter(|(tag, digest)| goes(tag, digest)).map(|(tag, _)| tag.clone()).collect();
    (format!("rm {}{how} -o jsonl", names.join(" ")), named)
}

/// Kills it once the registry has had its effect for a request and owes the reply; whether that came.
fn kill_at(world: &World, child: &mut Child, at: usize) -> bool {
    let began = Instant::now();
    while world.registry.requests().get(at).is_none_or(|seen| seen.status.is_none()) {
        if child.try_wait().expect("a child").is_some() {
            return false;
        }
        assert!(began.elapsed() < PATIENCE, "the request does not come: {:?}", world.registry.lines());
        sleep(Duration::from_millis(1));
    }
    child.kill().expect("it is killed");
    true
}

fn interleaving(personality: Personality, seed: u64) -> Result<(), String> {
    let mut chance = fastrand::Rng::with_seed(seed);
    let world = World::new(personality, &mut chance);
    let (words, named) = command(&world, &mut chance);
    let crash = world.disturb(&mut chance, 20);
    world.set_busy(*chance.choice(&[0, 100, 300]).expect("one of them"));
    let retries = chance.choice(&["0", "2"]).expect("one of them");
    let rls = Rls::at(&world.registry).words(&words).words("--jobs 1 --retries").arg(retries);
    let mut child =
        rls.command().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("rls runs");
    let killed = crash.is_some_and(|at| kill_at(&world, &mut child, at));
    let outcome = rls.outcome(&child.wait_with_output().expect("it ends"));
    world.set_busy(0);
    world.registry.clear_faults();
    let trace = world.trace();
    let mut checked = check(&world, &trace, &named, &outcome, killed);
    let mut second = None;
    if checked.is_ok() && killed {
        let again = Rls::at(&world.registry).words(&words).words("--jobs 1");
        let again = if words.starts_with("rm") { again.words("--ignore-missing") } else { again };
        let again = again.run();
        let trace = world.trace();
        checked = check(&world, &trace, &named, &again, false);
        second = Some(again);
    }
    checked.map_err(|error| {
        let second = second.map(|again| format!("then\n{again}")).unwrap_or_default();
        format!("{error}\n{words}, killed: {killed}\n{outcome}{second}{:?}\n{}", world.start, world.trace().told())
    })
}

/// What was reported, by tag.
fn reported(outcome: &Outcome) -> Vec<(String, String, Option<String>)> {
    let field = |record: &serde_json::Value, name: &str| record[name].as_str().map(str::to_owned);
    let records = outcome.stdout.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let reported = records.filter_map(|record| {
        let kind = record["error"]["kind"].as_str().map(str::to_owned);
        Some((field(&record, "tag")?, field(&record, "action")?, kind))
    });
    reported.collect()
}

fn check(
    world: &World,
    trace: &Trace,
    named: &BTreeSet<String>,
    outcome: &Outcome,
    killed: bool,
) -> Result<(), String> {
    let reported = reported(outcome);
    // With a tag that others moved to what is going, that goes too.
    trace.rest_is_there(&world.start, named)?;
    for (tag, action, _) in &reported {
        if action == "removed" && !trace.was_gone(tag, 0) {
            return Err(format!("{tag} is said to be removed and was never gone"));
        }
        if action == "kept" && is_lost(trace, &world.start, tag) {
            return Err(format!("{tag} is said to be kept and is gone"));
        }
    }
    let is_unsure = killed || reported.iter().any(|(_, _, kind)| kind.as_deref() == Some("incomplete"));
    if !is_unsure {
        let is_told = |tag: &String| reported.iter().any(|(known, action, _)| known == tag && action == "removed");
        if let Some(tag) = named.iter().find(|tag| is_lost(trace, &world.start, tag) && !is_told(tag)) {
            return Err(format!("{tag} is gone and nobody says so"));
        }
        let (ours, theirs) = (trace.pushed_by_us(), world.pushed());
        if let Some((tag, _)) =
            trace.end().iter().find(|(_, digest)| ours.contains(digest) && !theirs.contains(*digest))
        {
            return Err(format!("{tag} is on a placeholder"));
        }
    }
    let is_failed = reported.iter().any(|(_, action, _)| action == "failed");
    match outcome.code {
        None if killed => Ok(()),
        Some(0) if is_failed => Err("it failed, and the exit code is 0".to_owned()),
        Some(0 | 3..=12) => Ok(()),
        code => Err(format!("it ends with {code:?}")),
    }
}

/// Whether a tag that nobody else touched is gone.
fn is_lost(trace: &Trace, start: &State, tag: &str) -> bool {
    start.contains_key(tag) && !trace.end().contains_key(tag) && !trace.touched(tag, 0, usize::MAX)
}
