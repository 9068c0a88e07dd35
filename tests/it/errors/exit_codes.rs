//! Every exit code of the contract, once. Most have tests of their own elsewhere.

use std::io::{BufRead, BufReader};
use std::process::Child;

use registry_fixture::{Answer, Auth, Fault, Match, Registry, Running, Tls};
use test_support::Rls;
use test_support::process::{Signal, send, wait_until};
use test_support::server::unused_address;

use crate::registries::{empty, seeded, with_seed};

fn code(rls: Rls, words: &str) -> Option<i32> {
    rls.words(words).run().code
}

#[test]
fn each_exit_code_from_0_to_12() {
    let registry = seeded("shared");
    let at = || Rls::at(&registry);
    assert_eq!(code(at(), "repos"), Some(0));
    assert_eq!(code(at(), "repos --match none"), Some(0));
    assert_eq!(code(at(), "repos --frobnicate"), Some(2));
    assert_eq!(code(at(), "digest shared/app:9"), Some(3));
    assert_eq!(code(Rls::at(&with_seed(Registry::builder(), "1x1").auth(Auth::Basic).start()), "repos"), Some(4));
    registry.inject(Match::get("/v2/_catalog"), Fault::status(500));
    assert_eq!(code(at(), "repos --retries 0"), Some(5));
    assert_eq!(code(at(), "digest shared/app:1 shared/app:9"), Some(6));
    let kept = with_seed(Registry::builder(), "shared").delete(false).start();
    assert_eq!(code(Rls::at(&kept), "rm shared/app:1"), Some(7));
    registry.inject(Match::get("/v2/_catalog"), Answer::new(429));
    assert_eq!(code(at(), "repos --retries 0"), Some(8));
    assert_eq!(code(at(), "rm shared/app:1"), Some(9));
    assert_eq!(code(Rls::new().args(["-r", &unused_address()]), "repos"), Some(10));
    assert_eq!(code(Rls::new().args(["-r", &Registry::builder().tls(Tls::Issued).start().host()]), "repos"), Some(11));
    registry.inject(Match::get("/v2/_catalog"), Fault::StallMidBody(1));
    assert_eq!(code(at(), "repos --timeout 300ms"), Some(12));
}

#[test]
fn several_targets_share_a_code_or_exit_with_6() {
    let registry = seeded("shared");
    assert_eq!(code(Rls::at(&registry), "rm shared/app:8 shared/app:9"), Some(3));
    assert_eq!(code(Rls::at(&registry), "rm shared/app:8 shared/app:1"), Some(6));
    assert_eq!(code(Rls::at(&registry), "tags shared/app nothing"), Some(6));
    assert_eq!(code(Rls::at(&registry), "rm shared/app:1.3.9 shared/app:9 --ignore-missing"), Some(0));
}

/// rls, which waits for a reply that does not come, after it has shown `first`.
fn waiting(registry: &Running, words: &str, first: &str) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut child = Rls::at(registry).words(words).ignoring_no_signal().spawn();
    let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut line = String::new();
    stdout.read_line(&mut line).expect("a line");
    assert_eq!(line, first);
    (child, stdout)
}

/// The first repository has tags, and the list of the second one's does not come.
fn stalling() -> Running {
    let registry = seeded("2x2");
    registry.inject(Match::get("/v2/grid/repo-001/tags/list").always(), Fault::StallMidBody(1));
    registry
}

#[test]
fn signals_leave_whole_lines() {
    for (signal, code) in [(Signal::HUP, 129), (Signal::INT, 130), (Signal::TERM, 143)] {
        let registry = stalling();
        let (mut child, stdout) = waiting(&registry, "repos --tags", "grid/repo-000:1.0.0\n");
        send(child.id(), signal);
        let rest: Vec<_> = stdout.lines().map(|line| line.expect("UTF-8")).collect();
        assert_eq!(rest, ["grid/repo-000:latest"]);
        assert_eq!(child.wait().expect("it ends").code(), Some(code));
        let mut report = String::new();
        std::io::Read::read_to_string(&mut child.stderr.take().expect("it is piped"), &mut report).expect("UTF-8");
        assert_eq!(report, "");
    }
}

/// As `nohup` starts it.
#[test]
fn a_hangup_that_is_ignored_ends_nothing() {
    let registry = stalling();
    let rls = Rls::at(&registry).words("repos --tags --timeout 3s").by_shell("trap '' HUP; exec \"$@\"");
    let child = rls.spawn();
    wait_until(|| registry.count(&Match::get("/v2/grid/repo-001/tags/list")) > 0);
    send(child.id(), Signal::HUP);
    assert_eq!(child.wait_with_output().expect("it ends").status.code(), Some(12));
}

#[test]
fn signals_leave_valid_json() {
    let registry = stalling();
    let (mut child, stdout) = waiting(&registry, "repos --tags -o json", "[\n");
    send(child.id(), Signal::INT);
    let rest: Vec<_> = stdout.lines().map(|line| line.expect("UTF-8")).collect();
    assert!(rest[0].ends_with("\"repository\":\"grid/repo-000\",\"tags\":[\"1.0.0\",\"latest\"]}"), "{rest:?}");
    assert_eq!(rest[1..], ["]"]);
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
}

#[test]
fn an_interrupted_deletion_is_reported() {
    let registry = empty();
    for tag in ["1", "2", "3"] {
        registry.push_image("app", tag, &registry_fixture::content::ImageSpec::new(tag));
    }
    let second = registry.resolve("app", "2").expect("the tag is there");
    registry.inject(
        Match::delete(format!("/v2/app/manifests/{second}")),
        Fault::Delay(std::time::Duration::from_secs(600)),
    );
    let rls = Rls::at(&registry).words("rm app:1 app:2 app:3");
    let child = rls.spawn();
    // The signal comes when the second deletion has arrived.
    let arrived = Match::delete(format!("/v2/app/manifests/{second}"));
    wait_until(|| registry.count(&arrived) > 0);
    send(child.id(), Signal::TERM);
    let outcome = rls.outcome(&child.wait_with_output().expect("it ends"));
    insta::assert_snapshot!(outcome, @"
    exit 143
    --- stdout
    removed→app:1
    --- stderr
    warning: interrupted while removing app:2; check whether it is gone
    warning: removed 1 of 3, 0 failed, 1 interrupted, 1 not tried
    hint:  disk space is reclaimed by the registry's next garbage collection
    ");
    assert_eq!(registry.tags("app"), ["2", "3"]);
}
