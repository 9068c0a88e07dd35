//! What systems and users do to the process.

use std::sync::Arc;
use std::time::Duration;

use registry_fixture::content::ImageSpec;
use registry_fixture::{Fault, Match, Personality, Registry, Running};
use test_support::process::{Signal, send, wait_until};
use test_support::server::BlackHole;
use test_support::{Reply, Server, Then};

use super::delete::{auth, owner, registry};
use super::network::{ALL, at_limit, list, paged};
use super::scenario::{Scenario, Setup};
use crate::runner::{Canaries as _, Stdout, program};

/// A list whose third page never comes.
fn halting(setup: &Setup) -> Arc<Server> {
    let pages = paged(|page, _| (page == 2).then(|| Reply::raw("").then(Then::Hang)));
    Arc::new(Server::start(setup.guarded(pages)))
}

/// Interrupted by this signal while it waits for the third page.
fn interrupted(setup: &Setup, signal: Signal) -> Scenario {
    let server = halting(setup);
    let rls = setup.rls(&server).words("tags team/app --sort none");
    let waits = Arc::clone(&server);
    Scenario::new(rls)
        .meanwhile(move |pid| {
            wait_until(|| waits.count(|request| request.query("page").as_deref() == Some("2")) > 0);
            send(pid, signal);
        })
        .check(move |outcome| {
            assert_eq!(outcome.lines(), ALL[..4], "{outcome}");
            // It waits for a minute for a server that is silent.
            assert!(outcome.took < Duration::from_secs(30), "{outcome}");
            drop(server);
        })
}

pub fn scenarios(setup: &Setup) -> Vec<Scenario> {
    match setup.case.id.as_str() {
        "fault-066" => {
            let names: Vec<_> = (0..200_000).map(|number| format!("build-{number}")).collect();
            let scenario = setup.tags(move |_| Reply::tags(&names)).stdout(Stdout::ClosedEarly);
            let logs = setup.verbosity > crate::runner::Verbosity::Quiet;
            vec![scenario.check(move |outcome| assert!(logs || outcome.stderr.is_empty(), "{outcome}"))]
        }
        "fault-067" => vec![setup.tags(|_| list()).stdout(Stdout::FullDisk)],
        "fault-068" => {
            let scenario = setup.tags(|_| list()).with(|rls| rls.by_shell(r#"exec "$@" 2>&-"#));
            vec![scenario.check(|outcome| assert_eq!(outcome.lines(), ["a", "b"], "{outcome}"))]
        }
        "fault-069" => vec![interrupted(setup, Signal::INT)],
        "fault-070" => vec![between_deletions(setup)],
        "fault-071" => vec![interrupted(setup, Signal::TERM)],
        "fault-072" => vec![killed_and_again(setup)],
        "fault-073" => vec![unconfirmed(setup)],
        "fault-074" => hangs(setup),
        "fault-075" => within_64_mib(setup),
        other => panic!("unknown fault {other}"),
    }
}

/// A registry with ten tags, the owner of which runs the program.
fn ten_tags(setup: &Setup) -> Arc<Running> {
    let registry = registry(Personality::Distribution3, auth(setup));
    (0..10).for_each(|number| {
        drop(registry.push_image("team/app", &format!("v{number}"), &ImageSpec::new(&number.to_string())))
    });
    Arc::new(registry)
}

fn deletion_of(tag: &str) -> Match {
    Match::delete(format!("/v2/team/app/manifests/{tag}")).when(|request| request.authorization().is_some())
}

/// Interrupted when the registry has been sent the fourth of ten deletions, and does not answer.
fn between_deletions(setup: &Setup) -> Scenario {
    let registry = ten_tags(setup);
    // The request has no effect before it is answered.
    registry.inject(deletion_of("v3"), Fault::Delay(Duration::from_secs(50)));
    let references = (0..10).map(|number| format!("team/app:v{number}"));
    let rls = owner(setup, &registry).words("rm").args(references);
    let waits = Arc::clone(&registry);
    let scenario = Scenario::new(rls).saying("deleted 3 of 10", "removed 3 of 10").hinting(&["deleted 3 of 10"]);
    scenario
        .meanwhile(move |pid| {
            wait_until(|| waits.count(&deletion_of("v3")) > 0);
            send(pid, Signal::INT);
        })
        .check(move |outcome| {
            let removed = ["v0", "v1", "v2"].map(|tag| format!("removed\tteam/app:{tag}"));
            assert_eq!(outcome.lines(), removed, "{outcome}");
            let sent = (0..10).filter(|number| registry.count(&deletion_of(&format!("v{number}"))) > 0).count();
            assert_eq!(sent, 4, "{:?}", registry.lines());
        })
}

/// The process is killed when its deletion has been carried out; the same command again finds that it is done.
fn killed_and_again(setup: &Setup) -> Scenario {
    let registry = ten_tags(setup);
    registry.inject(deletion_of("v1"), Fault::HoldReply);
    let rls = || owner(setup, &registry).words("rm team/app:v1 --ignore-missing -o json");
    let killed = rls().observe_while(Stdout::Read, |pid| {
        wait_until(|| !registry.contains("team/app", "v1"));
        send(pid, Signal::KILL);
    });
    killed.is_clean();
    assert_eq!((killed.signal, registry.tags("team/app").len()), (Some(9), 9), "{killed}");
    registry.clear_faults();
    Scenario::new(rls()).keeping(registry).check(|outcome| {
        let record = String::from_utf8_lossy(&outcome.stdout);
        assert!(record.contains(r#""action":"absent""#) && record.contains("does not exist"), "{outcome}");
    })
}

fn unconfirmed(setup: &Setup) -> Scenario {
    let registry = Registry::builder().start();
    let digest = registry.push_image("team/app", "v1", &ImageSpec::new("one"));
    registry.tag("team/app", "v2", &digest);
    let rls = setup.at(&registry.url(), &registry.host()).words("rm --with-siblings team/app:v1");
    Scenario::new(rls).hinting(&["--yes"]).check(move |_| assert_eq!(registry.tags("team/app").len(), 2))
}

/// Whatever it waits for, the limit for the whole command ends it.
fn hangs(setup: &Setup) -> Vec<Scenario> {
    let listing = |server: Server| Scenario::new(setup.rls(&server).words("tags team/app")).keeping(server);
    let silent = || Reply::raw("").then(Then::Hang);
    let hole = BlackHole::new();
    let connecting = setup.at(&hole.host(), &hole.host()).words("tags team/app");
    let handshake = Server::talking(|stream| async move { std::mem::forget(stream) });
    let shaking = setup.at(&handshake.host(), &handshake.host()).words("tags team/app");
    let dripping = || Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n").then(Then::Drip(b" ".to_vec()));
    let helped = Server::start(|_| Reply::wants_password());
    let helper = program().env("RLS_REGISTRY", helped.url()).helper("exec sleep 600");
    let scenarios = [
        ("a connection", Scenario::new(connecting).keeping(hole)),
        ("a handshake", Scenario::new(shaking).keeping(handshake)),
        ("an answer", listing(Server::start(setup.guarded(move |_| silent())))),
        ("the rest of an answer", listing(Server::start(setup.guarded(move |_| dripping())))),
        ("a helper", Scenario::new(helper.words("tags team/app")).keeping(helped)),
    ];
    scenarios.map(|(name, scenario)| at_limit(scenario.words("--timeout 1s"), 1).named(name).saying("1 s", "1s")).into()
}

fn within_64_mib(setup: &Setup) -> Vec<Scenario> {
    // Besides, one run in five of every case has to make do with as little.
    let limit = |scenario: Scenario| scenario.with(|rls| rls.within(64));
    let names: Vec<_> = (0..100_000).map(|number| format!("build-{number:06}")).collect();
    let long = setup.tags(move |_| Reply::tags(&names)).words("--sort none").named("a long page");
    let long = long.check(|outcome| assert_eq!(outcome.lines().len(), 100_000));
    let pages = setup.tags(paged(|page, times| (page == 1 && times == 0).then(|| Reply::raw("").then(Then::Reset))));
    let pages = pages.named("pages").check(|outcome| assert_eq!(outcome.lines(), ALL, "{outcome}"));
    [long, pages].map(limit).into()
}
