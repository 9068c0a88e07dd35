//! rls is ended at every step: by SIGKILL, which leaves no time to clean up, and by Ctrl-C, which does.

use std::time::Duration;

use registry_fixture::content::ImageSpec;
use registry_fixture::{Fault, Match, Personality, Registry, Running};
use test_support::Rls;
use test_support::process::{Signal, send, wait_until, wait_until_or_end};

use super::state;
use crate::registries::with_seed;

fn registry(personality: Personality) -> Running {
    with_seed(Registry::builder(), "shared").personality(personality).start()
}

/// Starts `rls`, and sends the signal once the request after the first `skip` has taken effect and before its reply.
/// `None` when it ended before.
fn ended_at(registry: &Running, rls: &Rls, skip: usize, signal: Signal) -> Option<std::process::Output> {
    registry.clear_faults();
    registry.clear_requests();
    registry.inject(Match::any().after(skip), Fault::HoldReply);
    let mut child = rls.spawn();
    let is_held = || registry.requests().iter().filter(|request| request.status.is_some()).count() > skip;
    if !wait_until_or_end(&mut child, is_held) {
        registry.clear_faults();
        return None;
    }
    send(child.id(), signal);
    let output = child.wait_with_output().expect("it ends");
    registry.clear_faults();
    Some(output)
}

/// Kills `rls` at each of its requests in turn; each time a second run has to finish what it began, and nothing else
/// may be gone.
fn killed_at_every_step(personality: Personality, words: &str) {
    let named: Vec<_> = words.split("shared/app:").skip(1).filter_map(|word| word.split(' ').next()).collect();
    let takes_siblings = words.contains("--with-siblings");
    for skip in 0.. {
        let registry = registry(personality);
        let before = state(&registry, "shared/app");
        let rls = Rls::at(&registry).words(words);
        let was_killed = ended_at(&registry, &rls, skip, Signal::KILL).is_some();
        let again = Rls::at(&registry).words(words).words("--ignore-missing").run();
        assert_eq!(again.code, Some(0), "{words}, killed at request {skip}: {again}");
        let goes =
            |tag: &str, digest: &str| named.contains(&tag) || takes_siblings && digest.starts_with("sha256:1b9c");
        let left: Vec<_> = before.into_iter().filter(|(tag, digest)| !goes(tag, digest)).collect();
        assert_eq!(state(&registry, "shared/app"), left, "{words}, killed at request {skip}");
        if !was_killed {
            assert!(skip > 3, "{words} takes more than {skip} requests");
            return;
        }
    }
}

#[test]
fn a_second_run_finishes_deletions_by_name() {
    killed_at_every_step(Personality::Distribution3, "rm shared/app:1.4 shared/app:1.3.9");
}

#[test]
fn a_second_run_finishes_deletions_by_digest() {
    killed_at_every_step(Personality::Distribution28, "rm shared/app:1.3.9");
    killed_at_every_step(Personality::Distribution28, "rm shared/app:1.4 --with-siblings --yes");
}

#[test]
fn a_second_run_finishes_a_placeholder() {
    killed_at_every_step(Personality::Distribution28, "rm shared/app:1.4 shared/app:1.3.9 --placeholder");
}

#[test]
fn a_second_run_finishes_a_saved_plan() {
    for skip in 0.. {
        let registry = registry(Personality::Distribution28);
        let rls = Rls::at(&registry).words("rm shared/app:1.4 shared/app:1.3.9 --placeholder --save-plan plan.json -q");
        assert_eq!(rls.run().code, Some(0));
        let rls = rls.then("rm --apply plan.json -q");
        let was_killed = ended_at(&registry, &rls, skip, Signal::KILL).is_some();
        let again = rls.run();
        assert_eq!(again.code, Some(0), "killed at request {skip}: {again}");
        assert_eq!(registry.tags("shared/app"), ["1", "1.4.0", "latest"], "killed at request {skip}");
        if !was_killed {
            assert!(skip > 10, "it takes more than {skip} requests");
            return;
        }
    }
}

#[test]
fn a_second_run_finishes_a_rule() {
    let words = "prune app --keep 2 --yes --placeholder";
    for skip in 0.. {
        let registry = Registry::builder().personality(Personality::Distribution28).start();
        for tag in ["1", "2", "3"] {
            registry.push_image("app", tag, &ImageSpec::new(tag));
        }
        let kept = registry.resolve("app", "2").expect("a tag that exists");
        registry.tag("app", "too", &kept);
        let was_killed = ended_at(&registry, &Rls::at(&registry).words(words), skip, Signal::KILL).is_some();
        let again = Rls::at(&registry).words(words).run();
        assert_eq!(again.code, Some(0), "killed at request {skip}: {again}");
        assert_eq!(state(&registry, "app"), [("2".to_owned(), kept.to_string())], "killed at request {skip}");
        if !was_killed {
            assert!(skip > 10, "it takes more than {skip} requests");
            return;
        }
    }
}

#[test]
fn ctrl_c_reports_completed_removals() {
    let words = "rm shared/app:1.4 shared/app:1.3.9";
    for skip in 0..7 {
        let registry = registry(Personality::Distribution3);
        let rls = Rls::at(&registry).words(words);
        let output = ended_at(&registry, &rls, skip, Signal::INT).expect("it is waited for");
        let outcome = rls.outcome(&output);
        assert_eq!(outcome.code, Some(130), "{skip}: {outcome}");
        let gone: Vec<_> = ["1.4", "1.3.9"].into_iter().filter(|tag| !registry.contains("shared/app", tag)).collect();
        for tag in gone {
            let report = outcome.stdout.contains(&format!("removed\tshared/app:{tag}\n"))
                || outcome.stderr.contains(&format!("warning: interrupted while removing shared/app:{tag}"));
            assert!(report, "{skip}: shared/app:{tag} is gone: {outcome}");
        }
    }
}

#[test]
fn ctrl_c_lets_the_current_removal_finish() {
    // rls gives it a tenth of a second, in which a busy machine may not get that far every time.
    let is_finished = (0..20).any(|_| {
        let registry = registry(Personality::Distribution3);
        registry.inject(Match::delete("/v2/shared/app/manifests/1.4"), Fault::Delay(Duration::from_millis(30)));
        let rls = Rls::at(&registry).words("rm shared/app:1.4 shared/app:1.3.9 -q");
        let child = rls.spawn();
        wait_until(|| registry.count(&Match::delete("/v2/shared/app/manifests/1.4")) > 0);
        send(child.id(), Signal::INT);
        let outcome = rls.outcome(&child.wait_with_output().expect("it ends"));
        assert_eq!(outcome.code, Some(130), "{outcome}");
        assert!(["", "removed\tshared/app:1.4\n"].contains(&&*outcome.stdout), "{outcome}");
        assert!(registry.contains("shared/app", "1.3.9"));
        !outcome.stdout.is_empty()
    });
    assert!(is_finished, "the current removal never finished");
}
