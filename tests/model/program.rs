//! The program, as a process that may be killed.

use std::collections::BTreeSet;
use std::process::Child;

use registry_fixture::Personality;
use test_support::process::wait_until_or_end;
use test_support::{Outcome, Rls};

use crate::disturbances::Honesty;
use crate::trace::Trace;
use crate::world::{REPOSITORY, World};

/// Interleavings for each personality.
const COUNT: u64 = 40;

per_personality! {
    on_distribution_2: Distribution28, 2 * COUNT;
    on_distribution_3: Distribution3, COUNT;
    on_harbor: Harbor, COUNT;
    on_google: Google, COUNT;
}

/// A command line, and the tags that it names.
fn command(world: &World, chance: &mut fastrand::Rng) -> (String, BTreeSet<String>) {
    let placeholder = if chance.bool() { " --placeholder" } else { "" };
    let is_tag = |tag: &&String| tag.parse::<registry_ls::name::Tag>().is_ok();
    let mut tags: Vec<_> = world.start.tags.keys().filter(is_tag).cloned().collect();
    if chance.u8(..4) == 0 {
        let (keep, untag) = (chance.usize(1..4), if chance.u8(..3) == 0 { " --untag-only" } else { "" });
        let words = format!("prune {REPOSITORY} --keep-last {keep} --sort created --yes{placeholder}{untag} -o jsonl");
        return (words, tags.into_iter().collect());
    }
    let all = tags.clone();
    chance.shuffle(&mut tags);
    tags.truncate(chance.usize(1..=3));
    let names: Vec<_> = tags.iter().map(|tag| format!("{REPOSITORY}:{tag}")).collect();
    let with_siblings = placeholder.is_empty() && chance.u8(..4) == 0;
    let purge = if chance.bool() { " --purge --yes" } else { "" };
    let how = if with_siblings { " --with-siblings --yes" } else { placeholder };
    let how = if with_siblings && !purge.is_empty() {
        " --with-siblings --purge --yes".to_owned()
    } else {
        format!("{how}{purge}")
    };
    let digests: BTreeSet<_> = tags.iter().filter_map(|tag| world.start.tags.get(tag)).collect();
    let goes = |tag: &String| {
        let on = world.start.tags.get(tag);
        tags.contains(tag) || with_siblings && on.is_some_and(|on| digests.contains(on))
    };
    let named = all.into_iter().filter(goes).collect();
    (format!("rm {}{how} -o jsonl", names.join(" ")), named)
}

/// Kills it once a request has taken effect and before its reply; returns whether there was such a request.
fn kill_at(world: &World, child: &mut Child, at: usize) -> bool {
    let is_held = || world.registry.requests().get(at).is_some_and(|request| request.status.is_some());
    let is_killed = wait_until_or_end(child, is_held);
    if is_killed {
        child.kill().expect("it is killed");
    }
    is_killed
}

fn interleaving(personality: Personality, seed: u64) -> Result<(), String> {
    let mut chance = fastrand::Rng::with_seed(seed);
    let world = World::new(personality, &mut chance);
    let (words, named) = command(&world, &mut chance);
    let honesty = *chance.choice(&[Honesty::True, Honesty::OneLie, Honesty::Lies]).expect("one of them");
    let crash = world.disturb(honesty, &mut chance, 20);
    world.set_busy(*chance.choice(&[0, 100, 300]).expect("one of them"));
    let retries = chance.choice(&["0", "2"]).expect("one of them");
    let rls = Rls::at(&world.registry).words(&words).words("--jobs 1 --retries").arg(retries);
    let mut child = rls.spawn();
    let killed = crash.is_some_and(|at| kill_at(&world, &mut child, at));
    let outcome = rls.outcome(&child.wait_with_output().expect("it ends"));
    world.calm();
    let trace = world.trace();
    // Others may move a requested tag before it is looked up.
    let requested = words.split(' ').filter_map(|word| word.strip_prefix("app:").map(str::to_owned)).collect();
    let siblings = if words.contains("--with-siblings") { trace.siblings(&requested) } else { BTreeSet::new() };
    let named = &named | &siblings;
    let mut checked = check(&world, &trace, &named, &outcome, if killed { Ended::Killed } else { Ended::Itself });
    let mut second = None;
    let mut rls = rls;
    if checked.is_ok() && killed {
        let ignores = if words.starts_with("rm") { " --ignore-missing" } else { "" };
        rls = rls.then(&format!("{words} --jobs 1{ignores}"));
        let again = rls.run();
        let trace = world.trace();
        checked = check(&world, &trace, &named, &again, Ended::AfterKilled);
        second = Some(again);
    }
    if checked.is_ok() && chance.bool() {
        checked = undone(&world, rls, second.as_ref().unwrap_or(&outcome));
    }
    checked.map_err(|error| {
        let second = second.map(|again| format!("then\n{again}")).unwrap_or_default();
        let start = &world.start.tags;
        format!("{error}\n{words}, killed: {killed}\n{outcome}{second}{start:?}\n{}", world.trace().lines())
    })
}

/// What a run reports as removed is back after `rls undo`, unless another client pushed to it.
fn undone(world: &World, rls: Rls, outcome: &Outcome) -> Result<(), String> {
    let removed: Vec<_> = records(outcome).into_iter().filter(|record| record["action"] == "removed").collect();
    if removed.is_empty() {
        return Ok(());
    }
    let before = world.trace().end().tags.clone();
    let undone = rls.then("undo -o jsonl --jobs 1").run();
    for record in removed {
        let (Some(tag), Some(digest)) = (record["tag"].as_str(), record["digest"].as_str()) else { continue };
        let trace = world.trace();
        let now = trace.end().tags.get(tag);
        if now.map(String::as_str) != Some(digest) && !before.contains_key(tag) {
            return Err(format!("{tag} is on {now:?} after undoing, and was on {digest}\n{undone}"));
        }
    }
    Ok(())
}

fn records(outcome: &Outcome) -> Vec<serde_json::Value> {
    outcome.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// What was reported, by tag.
fn reported(outcome: &Outcome) -> Vec<(String, String, Option<String>)> {
    let field = |record: &serde_json::Value, name: &str| record[name].as_str().map(str::to_owned);
    let reported = records(outcome).into_iter().filter_map(|record| {
        let kind = record["error"]["kind"].as_str().map(str::to_owned);
        Some((field(&record, "tag")?, field(&record, "action")?, kind))
    });
    reported.collect()
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Killed,
    Itself,
    /// By itself, after another that was killed, and did a part of it.
    AfterKilled,
}

fn check(
    world: &World,
    trace: &Trace,
    named: &BTreeSet<String>,
    outcome: &Outcome,
    ended: Ended,
) -> Result<(), String> {
    let killed = ended == Ended::Killed;
    let reported = reported(outcome);
    let is_deceived = |tag: &str| trace.is_deceived(tag, trace.len());
    let is_misdeed =
        trace.moments.iter().any(|moment| moment.disturbance == Some(crate::disturbances::Disturbance::Misdeed));
    let is_lost = |tag: &str| is_lost(world, trace, tag);
    // A tag that others moved to a manifest being deleted is deleted with it.
    for (tag, digest) in &world.start.tags {
        let now = trace.end().tags.get(tag);
        let is_ours = named.contains(tag) || trace.touched(tag, 0, trace.len()) || is_deceived(tag);
        if !is_ours && now != Some(digest) && !is_misdeed {
            return Err(format!("{tag} is on {now:?} in the end instead of {digest}"));
        }
        if is_misdeed && !killed && now.is_none() && !named.contains(tag) && outcome.code == Some(0) {
            return Err(format!("{tag} went along, and the exit code is 0"));
        }
    }
    for (tag, action, _) in &reported {
        if action == "removed" && !trace.was_absent(tag, 0) && !is_deceived(tag) {
            return Err(format!("{tag} is said to be removed and was never gone"));
        }
        if action == "absent" && !trace.was_absent(tag, 0) && !is_deceived(tag) && tag != "dangling" {
            return Err(format!("{tag} is said to be absent and was never gone"));
        }
        if action == "kept" && is_lost(tag) && !is_misdeed && !is_deceived(tag) {
            return Err(format!("{tag} is said to be kept and is gone"));
        }
    }
    let is_unsure = killed || reported.iter().any(|(_, _, kind)| kind.as_deref() == Some("incomplete"));
    if !is_unsure {
        let tells = |action: &str| action == "removed" || ended == Ended::AfterKilled && action == "absent";
        let is_reported = |tag: &String| reported.iter().any(|(known, action, _)| known == tag && tells(action));
        let silent = |tag: &&String| is_lost(tag) && !is_reported(tag) && !is_misdeed && !is_deceived(tag);
        if let Some(tag) = named.iter().find(silent) {
            return Err(format!("{tag} is gone, which is not reported"));
        }
        crate::outcomes::no_placeholder(world, trace)?;
    }
    let is_failed = reported.iter().any(|(_, action, _)| action == "failed");
    match outcome.code {
        None if killed => Ok(()),
        Some(0) if is_failed => Err("it failed, and the exit code is 0".to_owned()),
        Some(0 | 3..=12) => Ok(()),
        code => Err(format!("it ends with {code:?}")),
    }
}

/// Whether a tag disappeared that no other client touched.
fn is_lost(world: &World, trace: &Trace, tag: &str) -> bool {
    world.start.tags.contains_key(tag) && !trace.end().tags.contains_key(tag) && !trace.touched(tag, 0, usize::MAX)
}
