//! The library: plans and prune's rule, executed step by step.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use registry_fixture::Personality;
use registry_ls::error::Result as Outcome;
use registry_ls::http::{Jobs, Options as HttpOptions};
use registry_ls::registry::snapshot::SnapshotOptions;
use registry_ls::registry::{Client, RepositoryHandle};
use registry_ls::removal::{
    Archive, Inspect, Item, Limits, Method, Methods, Options, Outcome as Ended, Plan, PlanOptions, RemovalPolicy,
    RemovalRequest, RepositoryState, Siblings, Target, plan,
};
use registry_ls::retention::{self, Rule, UsedImages, UsedTags, decide};
use registry_ls::trust::{self, Trust};

use crate::disturbances::Honesty;
use crate::follow_up::{again, is_complete, is_unsure, keeps_its_promise, undo_and_collect};
use crate::outcomes::{Known, check};
use crate::world::{REPOSITORY, World};

/// Interleavings for each personality.
const COUNT: u64 = 300;

/// A crash comes at one of this many requests.
const MOST: usize = 30;

per_personality! {
    on_distribution_2: Distribution28, COUNT;
    on_distribution_3: Distribution3, COUNT;
    on_harbor: Harbor, COUNT;
    on_zot: Zot, COUNT;
    on_google: Google, COUNT;
    on_quay: Quay, COUNT;
}

/// What is requested, and how it is planned.
pub struct Command {
    requests: Vec<RemovalRequest>,
    policy: RemovalPolicy,
    inspect: Inspect,
    /// The rule, where one decides.
    rule: Option<Rule>,
    /// What is in use, and stays.
    used: Option<UsedTags>,
}

impl Command {
    fn new(world: &World, chance: &mut fastrand::Rng) -> Self {
        let mut policy = RemovalPolicy::default();
        policy.placeholder = chance.u8(..3) == 0;
        policy.purge = chance.bool();
        policy.referrers = chance.u8(..4) == 0;
        policy.force = chance.u8(..10) == 0;
        let used = (chance.u8(..8) == 0).then(|| used(world, chance));
        let inspect = if chance.u8(..3) == 0 { Inspect::Full } else { Inspect::Minimal };
        let mut command = Self { requests: Vec::new(), policy, inspect, rule: None, used };
        if chance.u8(..4) == 0 {
            let mut rule = Rule::default();
            rule.keep_last = NonZeroUsize::new(chance.usize(1..4));
            command.rule = Some(rule);
            return command;
        }
        let mut tags: Vec<_> = world.start.tags.iter().collect();
        chance.shuffle(&mut tags);
        for (tag, digest) in tags.into_iter().take(chance.usize(1..=4)) {
            let Some(request) = command.request(tag, digest, chance) else { continue };
            if command.requests.iter().all(|known| known.target != request.target) {
                command.requests.push(request);
            }
        }
        command
    }

    /// A request for a tag or for what it is on; none for a name that no tag may have.
    fn request(&self, tag: &str, digest: &str, chance: &mut fastrand::Rng) -> Option<RemovalRequest> {
        let digest = digest.parse().expect("a digest");
        let mut policy = self.policy.clone();
        if chance.u8(..5) == 0 {
            policy.siblings = Siblings::RemoveAll;
        }
        if chance.u8(..6) == 0 {
            return Some(RemovalRequest::new(Target::Manifest(digest)).with_policy(policy));
        }
        if policy.siblings == Siblings::RemoveAll {
            policy.methods = Methods::Only(Method::Manifest);
        }
        let expected = (chance.u8(..3) == 0).then_some(digest);
        Some(RemovalRequest::tag(tag.parse().ok()?).expecting(expected).with_policy(policy))
    }

    async fn plan(&self, repository: &RepositoryHandle) -> Outcome<Plan> {
        let Some(rule) = &self.rule else {
            let mut options = PlanOptions::default();
            options.inspect = self.inspect;
            options.used = self.used.clone().map(Arc::new);
            return plan(repository, self.requests.clone(), options).await;
        };
        let mut options = SnapshotOptions::default();
        options.dates = true;
        let snapshot = Arc::new(repository.snapshot(options).await?);
        let now = "2026-01-01T00:00:00Z".parse().expect("a time");
        let used = self.used.clone().unwrap_or_default();
        let decided = decide(std::slice::from_ref(rule), &snapshot, &used, &retention::Options::at(now));
        let requests = RemovalRequest::from_retention(&decided, &snapshot, &self.policy);
        let mut state = RepositoryState::of_snapshot(repository, snapshot, &requests).await?;
        state.keep_used(&used);
        let mut plan = Plan::of_state(repository.clone(), state, requests, Inspect::Minimal).await?;
        plan.take_impossible();
        Ok(plan)
    }
}

/// One of the tags, or a manifest by its digest.
fn used(world: &World, chance: &mut fastrand::Rng) -> UsedTags {
    let tags: Vec<_> = world.start.tags.iter().collect();
    let (tag, digest) = tags[chance.usize(..tags.len())];
    let host = world.registry.host();
    let text = match chance.bool() && tag.parse::<registry_ls::name::Tag>().is_ok() {
        true => format!("{host}/{REPOSITORY}:{tag}\n"),
        false => format!("{host}/{REPOSITORY}@{digest}\n"),
    };
    let registry = world.registry.url().parse().expect("a registry");
    let images = UsedImages::read(text.as_bytes()).expect("images in use");
    images.in_repository(&registry, &REPOSITORY.parse().expect("a repository"))
}

/// One item that was carried out, and how it ended; `None`: in a crash.
pub struct Done {
    pub item: Item,
    pub outcome: Option<Ended>,
}

fn is_same(one: &Item, other: &Item) -> bool {
    one.request.target == other.request.target
}

/// The requests of the items executed between two reads of the remaining tags.
pub struct Batch {
    pub span: (usize, usize),
    pub done: Vec<Done>,
}

/// What one run did.
pub struct Run {
    /// The number of requests before and after the plan was made.
    pub planning: (usize, usize),
    /// What was planned, and the bytes that it frees.
    pub planned: Vec<Item>,
    pub frees: Option<u64>,
    pub batches: Vec<Batch>,
    /// In which requests all that stays was looked at in the end, and what came of it.
    pub verified: Option<((usize, usize), Outcome<()>)>,
}

impl Run {
    /// Everything that was begun.
    pub fn done(&self) -> impl Iterator<Item = &Done> {
        self.batches.iter().flat_map(|batch| &batch.done)
    }

    fn lines(&self) -> String {
        let done = self.batches.iter().map(|Batch { span, done }| {
            let done = done.iter().map(|Done { item, outcome }| {
                let Item { request, digest, method, origin: purpose, .. } = item;
                let (target, policy) = (&request.target, &request.policy);
                let digest = digest.as_ref().map(|digest| digest.encoded()[..6].to_owned());
                let method = method.as_ref().map_err(ToString::to_string);
                format!("  {target:?} {digest:?} {purpose:?} by {method:?}, {policy:?}:\n      {outcome:?}\n")
            });
            format!("{span:?}\n{}", done.collect::<String>())
        });
        format!("planned in {:?}\n{}{:?}\n", self.planning, done.collect::<String>(), self.verified)
    }
}

/// A client that does one thing after the other.
pub fn client(world: &World, retries: u32) -> Client {
    let options = HttpOptions {
        jobs: Jobs::Fixed(1),
        retries,
        first_wait: Duration::from_micros(1),
        read_timeout: Duration::from_secs(60),
        ..HttpOptions::default()
    };
    let trust = Trust::load(trust::Options::default()).expect("a trust");
    let registry = world.registry.url().parse().expect("a registry");
    Client::builder(registry).trust(trust).options(options).build().expect("a client")
}

/// Plans and carries out, unless it crashes at one of its requests.
pub async fn run(world: &World, command: &Command, retries: u32, archive: &Archive, crash: Option<usize>) -> Run {
    let repository = client(world, retries).repository(&REPOSITORY.parse().expect("a repository"));
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
        planned = command.plan(&repository) => Some(planned),
        () = &mut crashed => None,
    };
    let planning = (begun, world.count());
    let mut run = Run { planning, planned: Vec::new(), frees: None, batches: Vec::new(), verified: None };
    let Some(Ok(plan)) = planned else { return run };
    run.planned = plan.items().to_vec();
    run.frees = plan.reclaimable().bytes();
    let kept = archive.begin_run().expect("an archive");
    let mut execution = plan.execute(Options::default().with_archive(Some(kept)));
    loop {
        let from = world.count();
        let next = tokio::select! {
            next = execution.next() => Some(next),
            () = &mut crashed => None,
        };
        let to = world.count();
        // What comes without a request belongs to the requests before.
        if to > from || run.batches.is_empty() {
            run.batches.push(Batch { span: (from, to), done: Vec::new() });
        }
        let batch = run.batches.last_mut().expect("a batch");
        match next {
            Some(Some((item, outcome))) => batch.done.push(Done { item, outcome: Some(outcome) }),
            Some(None) => break,
            None => {
                let (done, begun) = execution.abandon();
                batch.done.extend(done.into_iter().map(|(item, outcome)| Done { item, outcome: Some(outcome) }));
                // While it is decided anew, nothing is begun, and the next item was tried.
                let known = |item: &Item| {
                    run.batches.iter().flat_map(|batch| &batch.done).any(|done| is_same(&done.item, item))
                };
                let next = run.planned.iter().find(|item| !known(item)).cloned();
                let last = begun.or(next).map(|item| Done { item, outcome: None });
                run.batches.last_mut().expect("a batch").done.extend(last);
                return run;
            }
        }
    }
    let from = world.count();
    let verified = tokio::select! {
        verified = execution.verify() => Some(verified),
        () = &mut crashed => None,
    };
    run.verified = verified.map(|verified| ((from, world.count()), verified));
    run
}

fn interleaving(personality: Personality, seed: u64) -> Result<(), String> {
    let mut chance = fastrand::Rng::with_seed(seed);
    // The library's own choices: they are made on this thread.
    fastrand::seed(seed);
    let world = World::new(personality, &mut chance);
    let command = Command::new(&world, &mut chance);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let archive = Archive::at(folder.path(), Limits::default());
    let is_quiet = chance.u8(..5) == 0;
    let honesty = [Honesty::True, Honesty::OneLie, Honesty::OneLie, Honesty::Lies];
    let honesty = *chance.choice(&honesty).expect("one of them");
    let crash = if is_quiet { None } else { world.disturb(honesty, &mut chance, MOST) };
    let busy = *chance.choice(&[0, 50, 150, 400]).expect("one of them");
    world.set_busy(if is_quiet { 0 } else { busy });
    let retries = *chance.choice(&[0, 1, 3]).expect("one of them");
    let first = runtime.block_on(run(&world, &command, retries, &archive, crash));
    world.calm();
    let trace = world.trace();
    let mut second = None;
    let mut known = Known::default();
    let mut checked = check(&world, &trace, &first, &mut known);
    let is_crashed = crash.is_some_and(|at| at < trace.len());
    if checked.is_ok() && (is_crashed || first.done().any(is_unsure)) {
        let run = runtime.block_on(run(&world, &command, 3, &archive, None));
        checked = again(&world, &first, &run, &mut known);
        second = Some(run);
    }
    let checked = checked.and_then(|()| {
        if trace.is_undisturbed() && second.is_none() {
            keeps_its_promise(&world, &first)?;
            is_complete(&world, &first)?;
        }
        let runs: Vec<_> = std::iter::once(&first).chain(&second).collect();
        runtime.block_on(undo_and_collect(&world, &archive, &runs, chance.bool()))
    });
    checked.map_err(|error| {
        let second = second.map(|run| format!("then\n{}", run.lines())).unwrap_or_default();
        format!("{error}\n{:?}\n{}{second}{}", world.start.tags, first.lines(), world.trace().lines())
    })
}
