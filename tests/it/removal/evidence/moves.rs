//! Tags that move during a removal: a kept tag that moves to a manifest about to be deleted saves it.

use registry_fixture::content::{ImageSpec, IndexSpec};
use registry_fixture::{Match, Method, Personality, Running};
use test_support::Rls;

use super::{BOTH, app, removed, rls, state};

/// Six versions, and `latest` on the newest.
fn versions(personality: Personality) -> Running {
    let registry = app(personality, &["v0", "v1", "v2", "v3", "v4", "v5"]);
    let newest = registry.resolve("app", "v5").expect("it was pushed");
    registry.tag("app", "latest", &newest);
    registry
}

/// Removals of everything but `v5` and `latest`, in one way or another.
const REMOVALS: [&str; 4] = [
    "prune app --keep-last 1 --keep latest --yes",
    "rm app:v4 app:v3 app:v2 app:v1 app:v0",
    "rm app --match v[0-4] --yes",
    "rm --apply plan.json",
];

/// Runs one of these; a plan is saved first.
fn run(registry: &Running, words: &str, spoil: impl FnOnce()) -> test_support::Outcome {
    let rls = Rls::at(registry).words("rm app:v4 app:v3 app:v2 app:v1 app:v0 --save-plan plan.json -q");
    assert_eq!(rls.run().code, Some(0));
    spoil();
    rls.then(words).run()
}

/// The deletion of the manifest of a tag.
fn deletion_of(registry: &Running, tag: &str) -> Match {
    Match::deletes("app").of([registry.resolve("app", tag).expect("it is there").to_string()])
}

#[test]
fn a_pending_manifest_is_kept_when_a_kept_tag_moves_to_it() {
    for words in REMOVALS {
        // The last removal: a list starts with the oldest tag, a rule and the command line end with it.
        let last = if words.contains("match") { "v4" } else { "v0" };
        for count in 1..=4 {
            // A colleague rolls back right after this many deletions.
            let registry = versions(Personality::Distribution28);
            let before = registry.resolve("app", last).expect("it is there");
            let outcome = run(&registry, words, || {
                let onto = before.clone();
                let deletion =
                    Match::deletes("app").of_digests().when(|request| !request.path.ends_with(&"0".repeat(64)));
                registry.after_request(deletion.nth(count), move |registry, _| registry.tag("app", "latest", &onto));
            });
            for tag in ["latest", last] {
                assert_eq!(registry.resolve("app", tag).as_ref(), Some(&before), "{words}, {count}: {outcome}");
            }
            assert_eq!((outcome.code, removed(&outcome).len()), (Some(6), 4), "{words}, {count}: {outcome}");
            assert!(outcome.stderr.contains("app:latest"), "{words}, {count}: {outcome}");
            assert!(!removed(&outcome).contains(&last), "{words}, {count}: {outcome}");
        }
    }
}

#[test]
fn nothing_is_removed_when_tags_move_to_every_manifest() {
    for words in ["prune app --keep-last 1 --yes", "rm app:v0"] {
        let registry = app(Personality::Distribution28, &["v0", "v1"]);
        let oldest = registry.resolve("app", "v0").expect("it is there");
        registry.on_request(Match::tags("app").nth(3), move |registry, _| registry.tag("app", "v1", &oldest));
        let outcome = rls(&registry, words);
        let code = if words.starts_with("rm") { 9 } else { 6 };
        assert_eq!(outcome.code, Some(code), "{outcome}");
        assert!(removed(&outcome).is_empty() && outcome.stdout.contains("kept\tapp:v0"), "{outcome}");
        assert_eq!(registry.tags("app"), ["v0", "v1"]);
    }
}

#[test]
fn children_of_an_index_pushed_meanwhile_are_kept() {
    for words in REMOVALS {
        let (last, month) = if words.contains("match") { ("v4", 5) } else { ("v0", 1) };
        let image = ImageSpec::new(&format!("app {last}")).created(&format!("2024-{month:02}-01T00:00:00Z"));
        for tag in ["latest", "new"] {
            let registry = versions(Personality::Distribution28);
            let outcome = run(&registry, words, || {
                let index = IndexSpec::new(vec![image.clone(), ImageSpec::new("another")]);
                let deletion =
                    Match::deletes("app").of_digests().when(|request| !request.path.ends_with(&"0".repeat(64)));
                registry
                    .after_request(deletion.nth(2), move |registry, _| drop(registry.push_index("app", tag, &index)));
            });
            assert_eq!(
                registry.resolve("app", last).as_ref(),
                Some(image.build().digest()),
                "{words}, {tag}: {outcome}"
            );
            assert_eq!((outcome.code, removed(&outcome).len()), (Some(6), 4), "{words}, {tag}: {outcome}");
            assert!(outcome.stderr.contains(&format!("app:{tag}")), "{words}, {tag}: {outcome}");
        }
    }
}

#[test]
fn a_tag_lost_between_check_and_deletion_is_reported() {
    for personality in [Personality::Distribution28] {
        for words in ["prune app --keep-last 1 --keep latest --yes", "rm app:v0", "rm app:v0 -q", "rm app:v0 -o json"] {
            let registry = versions(personality);
            let oldest = registry.resolve("app", "v0").expect("it is there");
            let deletion = deletion_of(&registry, "v0");
            registry.on_request(deletion, move |registry, _| registry.tag("app", "latest", &oldest));
            let outcome = rls(&registry, words);
            assert!(!registry.contains("app", "latest"));
            assert_eq!(outcome.code, Some(6), "{words}: {outcome}");
            assert!(outcome.stderr.contains("app:latest"), "{words}: {outcome}");
        }
    }
}

#[test]
fn a_requested_tag_that_moved_is_kept() {
    // Where the registry deletes tags by name, rm first reads a tag right before its deletion.
    let only_planned =
        |personality, words: &&str| personality == Personality::Distribution28 || words.starts_with("prune");
    for personality in BOTH {
        let removals =
            ["rm app:v0 app:v1", "rm app --match v[01] --yes", "prune app --keep-last 5 --keep latest --yes"];
        for words in removals.into_iter().filter(|words| only_planned(personality, words)) {
            let registry = versions(personality);
            // Another client pushes right before its deletion, after the others were checked.
            let read = Match::manifest("app", "v1").method(Method::GET).nth(1);
            registry.on_request(read, |registry, _| {
                registry.push_image("app", "v1", &ImageSpec::new("pushed meanwhile"));
            });
            let outcome = rls(&registry, words);
            let moved = ImageSpec::new("pushed meanwhile").build();
            assert_eq!(
                registry.resolve("app", "v1").as_ref(),
                Some(moved.digest()),
                "{personality:?}, {words}: {outcome}"
            );
            assert_eq!(removed(&outcome), ["v0"], "{personality:?}, {words}: {outcome}");
            assert_eq!(outcome.code, Some(6), "{personality:?}, {words}: {outcome}");
        }
    }
}

#[test]
fn siblings_that_moved_are_kept() {
    let registry = app(Personality::Distribution28, &["old", "kept"]);
    let (shared, other) = (registry.resolve("app", "old"), registry.resolve("app", "kept"));
    let (shared, other) = (shared.expect("it is there"), other.expect("it is there"));
    registry.tag("app", "sibling", &shared);
    registry.on_request(deletion_of(&registry, "old"), move |registry, _| registry.tag("app", "sibling", &other));
    let outcome = rls(&registry, "rm app:old --with-siblings --yes");
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert_eq!(removed(&outcome), ["old"], "{outcome}");
    assert!(outcome.stderr.contains("app:sibling"), "{outcome}");
    assert_eq!(registry.tags("app"), ["kept", "sibling"]);
}

#[test]
fn all_tags_removes_only_the_confirmed_tags() {
    for personality in BOTH {
        let registry = app(personality, &["v0", "v1"]);
        let before = state(&registry, "app");
        registry.after_request(Match::deletes("app").nth(3), |registry, _| {
            registry.push_image("app", "v2", &ImageSpec::new("new"));
        });
        let outcome = rls(&registry, "rm app --all-tags --yes -q");
        assert_eq!((outcome.code, removed(&outcome).len()), (Some(0), before.len()), "{personality:?}: {outcome}");
        assert_eq!(registry.tags("app"), ["v2"], "{personality:?}: {outcome}");
    }
}
