//! A registry that accepts DELETE by a tag's name and deletes its manifest, with every tag on it.

use registry_fixture::{Effect, Match, Personality, Running};
use test_support::{Outcome, Rls};

use super::{app, removed, rls};

/// `pr-1` with the sibling `latest`, and `other`, where a deletion by name takes all.
fn deleting_siblings() -> Running {
    let registry = app(Personality::Distribution3, &["other", "pr-1"]);
    let digest = registry.resolve("app", "pr-1").expect("it was pushed");
    registry.tag("app", "latest", &digest);
    registry.inject(Match::deletes("app").of(["pr-1"]).always(), Effect::TakesSiblings);
    registry
}

/// Either the sibling is there, or exit code 6 reports its loss.
fn is_reported(registry: &Running, outcome: &Outcome, what: &str) {
    assert!(registry.contains("app", "other"), "{what}: {outcome}");
    if !registry.contains("app", "latest") {
        assert_eq!(outcome.code, Some(6), "{what}: {outcome}");
        assert!(outcome.stderr.contains("app:latest"), "{what}: {outcome}");
    } else {
        assert_eq!(outcome.code, Some(0), "{what}: {outcome}");
    }
}

#[test]
fn a_lost_sibling_is_reported_in_every_format_and_at_every_verbosity() {
    let shown = ["", "-q", "-v", "-vv", "-o json", "-o jsonl", "-o yaml", "-o table", "--full", "--no-undo"];
    for how in shown {
        let registry = deleting_siblings();
        let outcome = rls(&registry, &format!("rm app:pr-1 {how}"));
        is_reported(&registry, &outcome, how);
    }
    let registry = deleting_siblings();
    let outcome = Rls::at(&registry).words("rm app:pr-1 --format").arg("{{ tag }} {{ action }}").run();
    is_reported(&registry, &outcome, "--format");
    let registry = deleting_siblings();
    let outcome = Rls::at(&registry).words("rm app:pr-1").at_terminal("");
    assert!(registry.contains("app", "latest") || outcome.code == Some(6), "on a terminal: {outcome}");
}

#[test]
fn a_lost_sibling_is_reported_by_every_command_that_removes() {
    let removals = [
        "rm app:pr-1 --placeholder",
        "rm app:pr-1 --purge --yes",
        "rm app --match pr-* --yes",
        "rm --apply plan.json",
        "prune app --keep latest --keep other --yes",
        "prune app --keep latest --keep other --yes -q",
        "prune app --keep latest --keep other --yes -o json --untag-only",
    ];
    for words in removals {
        let registry = deleting_siblings();
        let rls = Rls::at(&registry).words("rm app:pr-1 --save-plan plan.json -q");
        assert_eq!(rls.run().code, Some(0));
        let outcome = rls.then(words).run();
        is_reported(&registry, &outcome, words);
    }
}

#[test]
fn after_a_lost_sibling_nothing_more_is_removed_that_way() {
    // Each of three tags has a sibling; the first loss ends it.
    for words in ["rm app:a app:b app:c", "prune app --keep *-too --yes", "rm app --match ? --yes"] {
        let registry = app(Personality::Distribution3, &["a", "b", "c"]);
        for tag in ["a", "b", "c"] {
            let digest = registry.resolve("app", tag).expect("it was pushed");
            registry.tag("app", &format!("{tag}-too"), &digest);
        }
        registry.inject(Match::deletes("app").of(["a", "b", "c"]).always(), Effect::TakesSiblings);
        let outcome = rls(&registry, words);
        assert_eq!(outcome.code, Some(6), "{words}: {outcome}");
        assert_eq!(registry.tags("app").len(), 4, "{words}: {outcome}");
        assert!(outcome.stderr.contains("-too"), "{words}: {outcome}");
    }
}

#[test]
fn a_tag_without_siblings_is_removed_silently() {
    for words in ["rm app:pr-1 -q", "rm app:pr-1 app:other -q", "prune app --keep kept --yes -q"] {
        let registry = app(Personality::Distribution3, &["other", "pr-1", "kept"]);
        registry.inject(Match::deletes("app").of(["pr-1", "other"]).always(), Effect::TakesSiblings);
        let outcome = rls(&registry, words);
        assert_eq!(outcome.code, Some(0), "{words}: {outcome}");
        assert!(removed(&outcome).contains(&"pr-1") && registry.contains("app", "kept"), "{words}: {outcome}");
    }
}

#[test]
fn a_tag_removed_by_another_client_is_reported() {
    // The program cannot know who removed it: a tag that was to be kept is missing.
    for personality in super::BOTH {
        for words in ["rm app:old", "prune app --keep kept --yes"] {
            let registry = app(personality, &["old", "kept"]);
            let digest = registry.resolve("app", "old").expect("it was pushed");
            let deletion = Match::deletes("app").of(["old", digest.as_str()]);
            registry.after_request(deletion, |registry, _| assert!(registry.untag("app", "kept")));
            let outcome = rls(&registry, words);
            assert_eq!(outcome.code, Some(6), "{personality:?}, {words}: {outcome}");
            assert!(outcome.stderr.contains("app:kept"), "{personality:?}, {words}: {outcome}");
            assert_eq!(removed(&outcome), ["old"], "{personality:?}, {words}: {outcome}");
        }
    }
}
