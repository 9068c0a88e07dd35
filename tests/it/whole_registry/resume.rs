use registry_fixture::content::{ImageSpec, Layer};
use registry_fixture::{Answer, Fault, Match, Running};
use test_support::Rls;
use test_support::process::{Signal, send, wait_until};

use crate::registries::{empty, seeded};

#[test]
fn an_interrupted_walk_is_continued() {
    let registry = seeded("4x2");
    let all = String::from(&*Rls::at(&registry).words("snapshot").succeeds());
    // The third repository cannot be read.
    registry.inject(Match::tags("grid/repo-002").always(), Answer::error(403, "DENIED", "not yours"));
    let rls = Rls::at(&registry).words("snapshot --resume notes -q");
    let notes = rls.home().join("notes");
    let first = rls.run();
    assert_eq!(first.code, Some(6), "{first}");
    let noted = std::fs::read_to_string(&notes).expect("notes");
    assert_eq!(noted.lines().count(), 3, "{noted}");
    registry.clear_faults();
    registry.clear_requests();
    let second = rls.run();
    assert_eq!(second.code, Some(0), "{second}");
    assert!(!registry.lines().iter().any(|line| line.contains("repo-001/")), "{:?}", registry.lines());
    assert!(!notes.exists(), "the walk is complete");
    let mut lines: Vec<_> = first.stdout.lines().chain(second.stdout.lines()).collect();
    lines.sort_unstable();
    let mut expected: Vec<_> = all.lines().collect();
    expected.sort_unstable();
    assert_eq!(lines, expected);
}

#[test]
fn a_walk_that_a_signal_ends_prints_the_rest_when_it_is_continued() {
    let registry = seeded("20x2");
    let sorted = |text: &str| {
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    };
    let all = sorted(&Rls::at(&registry).words("snapshot -o jsonl").succeeds());
    for signal in [Signal::INT, Signal::TERM, Signal::KILL] {
        for held in [0, 7, 19] {
            registry.inject(Match::tags(&format!("grid/repo-{held:03}")).always(), Fault::HoldReply);
            let rls = Rls::at(&registry).words("snapshot --resume notes -q -o jsonl");
            let notes = rls.home().join("notes");
            let child = rls.spawn();
            wait_until(|| std::fs::read_to_string(&notes).is_ok_and(|notes| notes.lines().count() == held));
            send(child.id(), signal);
            let first = rls.outcome(&child.wait_with_output().expect("it ends"));
            registry.clear_faults();
            let second = rls.run();
            assert_eq!(second.code, Some(0), "{signal:?} at {held}: {second}");
            assert_eq!(first.stdout.lines().count(), 2 * held, "{signal:?} at {held}: {first}");
            assert_eq!(sorted(&[&*first.stdout, &*second.stdout].concat()), all, "{signal:?} at {held}");
            assert!(!notes.exists(), "the walk is complete");
        }
    }
}

#[test]
fn a_repository_that_could_not_be_read_in_whole_is_worked_on_again() {
    let registry = empty();
    for name in ["app", "web"] {
        registry.push_image(name, "1", &ImageSpec::new(name));
    }
    let digest = registry.push_image("app", "2", &ImageSpec::new("another"));
    for words in ["snapshot", "check", "find --annotation none"] {
        let rls = Rls::at(&registry).words(words).words("--resume notes -q --retries 0");
        registry.inject(Match::manifest("app", "2").reads().always(), Fault::status(500));
        registry.inject(Match::manifest("app", digest.as_str()).reads().always(), Fault::status(500));
        let first = rls.run();
        assert_eq!(first.code, Some(6), "{words}: {first}");
        let noted = std::fs::read_to_string(rls.home().join("notes")).expect("notes");
        assert_eq!(noted, format!("{}/web\n", registry.url()), "{words}");
        registry.clear_faults();
        assert_eq!(rls.run().code, Some(0), "{words}");
        assert!(!rls.home().join("notes").exists(), "{words}: the walk is complete");
    }
}

#[test]
fn what_is_missing_for_good_is_not_read_again() {
    let registry = empty();
    let digest = registry.push_image("app", "1", &ImageSpec::new("app"));
    registry.inject(Match::manifest("app", "1").reads().always(), Answer::not_found("MANIFEST_UNKNOWN"));
    registry.inject(Match::manifest("app", digest.as_str()).reads().always(), Answer::not_found("MANIFEST_UNKNOWN"));
    for words in ["snapshot", "check"] {
        let rls = Rls::at(&registry).words(words).words("--resume notes -q");
        assert_eq!(rls.run().code, Some(6), "{words}");
        assert!(!rls.home().join("notes").exists(), "{words}: the walk is complete");
    }
}

#[test]
fn a_truncated_line_is_ignored() {
    let registry = seeded("2x1");
    let rls = Rls::at(&registry).words("snapshot --resume notes").with_file("notes", "http://127.0.0.1:1/grid/re");
    assert_eq!(rls.succeeds().lines().count(), 2);
    let rls = Rls::at(&registry).words("snapshot --resume folder");
    std::fs::create_dir(rls.home().join("folder")).expect("a folder");
    assert_eq!(rls.run().code, Some(2));
}

#[test]
fn two_registries_are_walked_and_continued() {
    let (one, other) = (seeded("3x2"), seeded("3x2"));
    let hosts = format!("--plain-http {} {}/grid/repo-001 {}/grid", one.host(), other.host(), other.host());
    for words in ["snapshot", "find --label org.opencontainers.image.title", "check -q -o jsonl", "du --all -q"] {
        let all = String::from(&*Rls::new().words(words).words(&hosts).succeeds());
        let lines = |name: String| all.lines().filter(|line| line.contains(&name)).count();
        assert!(lines(format!("{}/grid/repo-002", one.host())) > 0, "{words}: {all}");
        // A repository that is named twice counts once.
        assert!(lines(format!("{}/grid/repo-001:latest", other.host())) == 1, "{words}: {all}");
        // The second registry fails in the middle.
        other.inject(Match::tags("grid/repo-002").always(), Answer::error(403, "DENIED", "not yours"));
        let rls = Rls::new().words(words).words(&hosts).args(["--resume", "notes"]);
        let first = rls.run();
        assert_eq!(first.code, Some(6), "{words}: {first}");
        other.clear_faults();
        one.clear_requests();
        let second = rls.run();
        assert_eq!(second.code, Some(0), "{words}: {second}");
        assert!(!rls.home().join("notes").exists(), "{words}: the walk is complete");
        let asked: Vec<_> =
            one.lines().into_iter().filter(|line| line.contains("/tags/") || line.contains("HEAD")).collect();
        assert!(asked.is_empty(), "{words}: {asked:#?}");
        // du prints everything in the end, the others what is new.
        let before = if words.starts_with("du") { "" } else { &*first.stdout };
        let sorted = |text: &str| {
            let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
            lines.sort_unstable();
            lines.dedup();
            lines
        };
        assert_eq!(sorted(&[before, &second.stdout].concat()), sorted(&all), "{words}");
    }
}

/// Two repositories that share a layer.
fn shared() -> Running {
    let registry = empty();
    for (name, size) in [("app", 10_000), ("web", 30_000)] {
        let layers = vec![Layer::sized("base", 100_000), Layer::sized(name, size)];
        registry.push_image(name, "1.0", &ImageSpec { layers, ..ImageSpec::new(name) });
    }
    registry
}

#[test]
fn du_adds_up_what_was_noted() {
    let registry = shared();
    let all = String::from(&*Rls::at(&registry).words("du --all -q").succeeds());
    registry.inject(Match::tags("web").always(), Answer::error(403, "DENIED", "not yours"));
    let rls = Rls::at(&registry).words("du --all -q --no-cache --resume notes");
    assert_eq!(rls.run().code, Some(6));
    let notes = std::fs::read_to_string(rls.home().join("notes")).expect("notes");
    assert!(notes.starts_with(&format!("{}/app\t{{", registry.url())) && notes.lines().count() == 1, "{notes}");
    registry.clear_faults();
    registry.clear_requests();
    assert_eq!(*rls.succeeds(), *all);
    assert!(!registry.lines().iter().any(|line| line.contains("/app/")), "{:#?}", registry.lines());
    // Notes that another command has left, or that are damaged, have no sizes.
    for damaged in ["", "\t{}", "\t{\"tags\":7}"] {
        std::fs::write(rls.home().join("notes"), format!("{}/app{damaged}\n", registry.url())).expect("a file");
        let run = rls.run();
        assert_eq!((run.code, &*run.stdout), (Some(0), &*all), "{damaged}");
    }
}

#[test]
fn a_file_that_is_something_else_is_left_alone() {
    let registry = seeded("2x1");
    for text in ["# Readme\n", "grid/repo-000\nsecret", "http://reg/app\nto do", "\u{fc}"] {
        let rls = Rls::at(&registry).words("snapshot --resume notes").with_file("notes", text);
        let run = rls.run();
        assert_eq!(run.code, Some(2), "{text}: {run}");
        assert!(run.stderr.contains("cause: it has something else than the notes of an earlier run\n"), "{run}");
        assert_eq!(std::fs::read_to_string(rls.home().join("notes")).expect("it is there"), text);
    }
}
