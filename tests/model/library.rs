//! The library: plans, and prune's rule, carried out step by step.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::time::Duration;

use registry_fixture::Personality;
use registry_ls::Kind;
use registry_ls::error::Result as Outcome;
use registry_ls::http::{Jobs, Options};
use registry_ls::name::{Repository, Tag};
use registry_ls::registry::Client;
use registry_ls::removal::{Facts, Item, Look, Method, Permits, Plan, Removed, Takes, Wanted, Ways, Wish};
use registry_ls::retention::{Rule, decide};
use registry_ls::trust::{self, Trust};

use crate::all;
use crate::trace::{Span, Trace};
use crate::world::{REPOSITORY, World};

/// Interleavings for each personality.
const COUNT: u64 = 500;

/// A crash comes at one of so many requests.
const MOST: usize = 25;

#[test]
fn on_distribution_2() {
    all(Personality::Distribution28, COUNT, interleaving);
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
fn on_zot() {
    all(Personality::Zot, COUNT, interleaving);
}

#[test]
fn on_google() {
    all(Personality::Google, COUNT, interleaving);
}

#[test]
fn on_quay() {
    all(Personality::Quay, COUNT, interleaving);
}

/// What is wanted, and how it is planned.
struct Command {
    wishes: Vec<Wish>,
    look: Look,
    /// The rule, where one decides.
    rule: Option<Rule>,
    placeholder: bool,
}

impl Command {
    fn new(world: &World, chance: &mut fastrand::Rng) -> Self {
        let placeholder = chance.bool();
        let mut command = Self { wishes: Vec::new(), look: Look::Enough, rule: None, placeholder };
        if chance.u8(..4) == 0 {
            command.rule = Some(Rule { keep_last: NonZeroUsize::new(chance.usize(1..4)), ..Rule::default() });
            return command;
        }
        if chance.u8(..3) == 0 {
            command.look = Look::Everything;
        }
        let mut tags: Vec<_> = world.start.iter().collect();
        chance.shuffle(&mut tags);
        for (tag, digest) in tags.into_iter().take(chance.usize(1..=3)) {
            let takes = if chance.u8(..5) == 0 { Takes::Everything } else { Takes::Nothing };
            let mut permits = Permits { takes, force: false, placeholder, ways: Ways::Any };
            let digest = digest.parse().expect("a digest");
            let wish = if chance.u8(..6) == 0 {
                Wish { wanted: Wanted::Manifest(digest), expected: None, permits }
            } else {
                if permits.takes == Takes::Everything {
                    permits.ways = Ways::Only(Method::Manifest);
                }
                let expected = (chance.u8(..3) == 0).then_some(digest);
                Wish { wanted: Wanted::Tag(tag.parse().expect("a tag")), expected, permits }
            };
            if command.wishes.iter().all(|known| known.wanted != wish.wanted) {
                command.wishes.push(wish);
            }
        }
        command
    }

    async fn plan(&self, client: &Client, repository: &Repository) -> Outcome<Plan> {
        let Some(rule) = &self.rule else {
            return Plan::make(client, repository, self.wishes.clone(), self.look).await;
        };
        let census = client.census(repository).await?;
        let mut wishes = Wish::by_rule(&decide(rule, &census), self.placeholder);
        let facts = Facts::probe(client, repository, census.inventory(), &wishes).await?;
        Wish::hold_back(&mut wishes, &facts);
        Ok(Plan::of(facts, wishes, Look::Enough))
    }
}

/// One item that was carried out, in which requests, and how it ended; `None`: in a crash.
struct Done {
    item: Item,
    span: (usize, usize),
    outcome: Option<Outcome<Removed>>,
}

/// What one run did.
struct Run {
    /// The number of requests before and after the plan was made.
    planning: (usize, usize),
    done: Vec<Done>,
}

fn client(world: &World, retries: u32) -> Client {
    let options = Options {
        jobs: Jobs::Fixed(1),
        retries,
        first_wait: Duration::from_micros(1),
        idle_timeout: Duration::from_secs(60),
        ..Options::default()
    };
    let trust = Trust::load(trust::Options::default()).expect("a trust");
    let registry = world.registry.url().parse().expect("a registry");
    Client::builder(registry).trust(trust).options(options).build().expect("a client")
}

async fn run(world: &World, command: &Command, retries: u32, crash: Option<usize>) -> Run {
    let client = client(world, retries);
    let repository: Repository = REPOSITORY.parse().expect("a repository");
    let crash = crash.map(|at| world.registry.requests().len() + at);
    let crashed = async {
        match crash {
            Some(at) => world.holds(at).await,
            None => std::future::pending().await,
        }
    };
    let mut crashed = std::pin::pin!(crashed);
    let begun = world.count();
    let planned = tokio::select! {
        planned = command.plan(&client, &repository) => Some(planned),
        () = &mut crashed => None,
    };
    let mut run = Run { planning: (begun, world.count()), done: Vec::new() };
    let Some(Ok(mut plan)) = planned else { return run };
    loop {
        let Some(item) = plan.items().next().cloned() else { return run };
        let from = world.count();
        let stepped = tokio::select! {
            stepped = plan.step(&client) => Some(stepped),
            () = &mut crashed => None,
        };
        let span = (from, world.count());
        match stepped {
            Some(Some((item, outcome))) => run.done.push(Done { item, span, outcome: Some(outcome) }),
            Some(None) => return run,
            None => {
                run.done.push(Done { item, span, outcome: None });
                return run;
            }
        }
    }
}

fn interleaving(personality: Personality, seed: u64) -> Result<(), String> {
    let mut chance = fastrand::Rng::with_seed(seed);
    // The library's own choices: they are made on this thread.
    fastrand::seed(seed);
    let world = World::new(personality, &mut chance);
    let command = Command::new(&world, &mut chance);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let crash = world.disturb(&mut chance, MOST);
    world.set_busy(*chance.choice(&[0, 50, 150, 400]).expect("one of them"));
    let retries = *chance.choice(&[0, 1, 3]).expect("one of them");
    let first = runtime.block_on(run(&world, &command, retries, crash));
    world.set_busy(0);
    world.registry.clear_faults();
    let trace = world.trace();
    let mut checked = check(&world, &trace, &first, &mut BTreeSet::new());
    let is_crashed = crash.is_some_and(|at| at < trace.len());
    if checked.is_ok() && (is_crashed || first.done.iter().any(is_unsure)) {
        let second = runtime.block_on(run(&world, &command, 3, None));
        checked = check_again(&world, &first, &second);
    }
    checked.map_err(|error| {
        let done = first.done.iter().map(|done| {
            let Done { item, span, outcome } = done;
            format!("{span:?} {:?} by {:?}: {outcome:?}\n", item.wish.wanted, item.method)
        });
        format!("{error}\n{:?}\n{}{}", world.start, done.collect::<String>(), world.trace().told())
    })
}

fn is_unsure(done: &Done) -> bool {
    done.outcome.as_ref().is_some_and(|outcome| matches!(outcome, Err(error) if *error.kind() == Kind::Incomplete))
}

/// The tags that an item names, with what they have to be on.
fn may_go(item: &Item) -> BTreeMap<String, Option<String>> {
    let planned = item.digest.as_ref().or(item.wish.expected.as_ref()).map(ToString::to_string);
    let tags = item.wish.wanted.tag().into_iter().chain(&item.go);
    tags.map(|tag: &Tag| (tag.to_string(), planned.clone())).collect()
}

/// Checks one run; `named` are the tags that may be gone.
fn check(world: &World, trace: &Trace, run: &Run, named: &mut BTreeSet<String>) -> Result<(), String> {
    trace.only_looks(run.planning.0, run.planning.1)?;
    for (at, done) in run.done.iter().enumerate() {
        let Done { item, span: (from, to), outcome } = done;
        let mut may_go = may_go(item);
        // Where the first of several on a manifest has failed, the next takes those that are still to come.
        let coming =
            run.done[at..].iter().filter(|coming| coming.item.digest == item.digest && coming.item.method.is_ok());
        may_go.extend(coming.flat_map(|coming| self::may_go(&coming.item)));
        let method = item.method.as_ref().ok();
        named.extend(may_go.keys().cloned());
        trace.is_allowed(&Span {
            from: *from,
            to: *to,
            by_manifest: method == Some(&Method::Manifest),
            may_push: method == Some(&Method::Placeholder),
            may_go: may_go.clone(),
        })?;
        match (outcome, item.wish.wanted.tag()) {
            (Some(Ok(removed)), Some(tag)) => {
                let tag = tag.as_str();
                let is_still_there = trace.end().get(tag).is_some_and(|now| *now == removed.digest.to_string())
                    && !trace.touched(tag, *from, usize::MAX);
                if !trace.was_gone(tag, run.planning.0) || is_still_there {
                    return Err(format!("{tag} is said to be gone and was not"));
                }
            }
            (Some(Ok(removed)), None) => {
                let digest = removed.digest.to_string();
                let back = trace.end().values().any(|now| *now == digest);
                if world.registry.contains(REPOSITORY, &digest) && !back && !trace.is_busy() {
                    return Err(format!("{digest} is said to be gone and is there"));
                }
            }
            (Some(Err(error)), _) if *error.kind() != Kind::Incomplete => {
                if let Some(tag) = may_go.keys().find(|tag| trace.is_changed_by_us(tag, *from, *to)) {
                    return Err(format!("{tag} was changed, and the error does not say that it may be: {error}"));
                }
            }
            (Some(Err(_)) | None, _) => {}
        }
    }
    trace.rest_is_there(&world.start, named)?;
    for (tag, digest) in &world.start {
        let is_kept = trace.end().get(tag) == Some(digest) && !named.contains(tag);
        if is_kept && !trace.touched(tag, 0, usize::MAX) && !world.registry.contains(REPOSITORY, digest) {
            return Err(format!("{tag} stays and its manifest {digest} does not"));
        }
    }
    let is_excused = run.done.iter().any(|done| done.outcome.is_none() || is_unsure(done));
    if is_excused { Ok(()) } else { no_placeholder(world, trace) }
}

/// No tag is on a placeholder.
fn no_placeholder(world: &World, trace: &Trace) -> Result<(), String> {
    let (ours, theirs) = (trace.pushed_by_us(), world.pushed());
    match trace.end().iter().find(|(_, digest)| ours.contains(digest) && !theirs.contains(*digest)) {
        Some((tag, digest)) => Err(format!("{tag} is on the placeholder {digest}")),
        None => Ok(()),
    }
}

/// A second run that nobody disturbs cleans up what a crash left.
fn check_again(world: &World, first: &Run, second: &Run) -> Result<(), String> {
    let trace = world.trace();
    let mut named = first.done.iter().flat_map(|done| may_go(&done.item).into_keys()).collect();
    check(world, &trace, second, &mut named)?;
    no_placeholder(world, &trace)?;
    let tried: BTreeSet<_> = first
        .done
        .iter()
        .filter(|done| done.item.method.is_ok())
        .filter_map(|done| done.item.wish.wanted.tag())
        .collect();
    for Done { item, outcome, .. } in &second.done {
        let Some(Err(error)) = outcome else { continue };
        let is_stopped = matches!(error.kind(), Kind::Safety(_)) || error.is_not_found();
        if !is_stopped && item.wish.wanted.tag().is_some_and(|tag| tried.contains(tag)) {
            return Err(format!("a second run fails: {error}"));
        }
    }
    Ok(())
}
