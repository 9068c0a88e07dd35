//! Names that the grammar of tags forbids point to manifests too.

use registry_fixture::{Answer, Digest, Fault, Match, Personality, Running};
use test_support::Rls;

use super::{app, removed, rls};

const NAMES: [&str; 7] = ["-ot-beta", "v1.0+build", "feature/x", ".x", "with blank", "größe", "%2e"];

/// `7.30` with another name on its image, and `6.0` on another.
fn named(name: &str) -> (Running, Digest) {
    let registry = app(Personality::Distribution28, &["6.0", "7.30"]);
    let digest = registry.resolve("app", "7.30").expect("it was pushed");
    registry.tag("app", name, &digest);
    (registry, digest)
}

/// One of more characters than a tag may have.
fn long() -> String {
    "x".repeat(129)
}

fn names() -> Vec<String> {
    NAMES.iter().map(ToString::to_string).chain([long()]).collect()
}

#[test]
fn a_manifest_with_an_invalid_tag_is_kept() {
    for name in names() {
        for words in ["rm app:7.30", "rm app:7.30 --yes --purge", "prune app --keep 6.0 --yes", "rm app@DIGEST"] {
            let (registry, digest) = named(&name);
            let outcome = rls(&registry, &words.replace("DIGEST", digest.as_str()));
            assert!(registry.contains("app", digest.as_str()), "{name:?}, {words}: {outcome}");
            assert!(removed(&outcome).is_empty(), "{name:?}, {words}: {outcome}");
            if words.starts_with("rm") {
                assert_eq!(outcome.code, Some(9), "{name:?}, {words}: {outcome}");
                assert!(outcome.stderr.contains(&name), "{name:?}, {words}: {outcome}");
            }
        }
    }
}

#[test]
fn a_rule_reports_why_a_manifest_with_an_invalid_tag_is_kept() {
    let (registry, _) = named("-ot-beta");
    let outcome = rls(&registry, "prune app --keep 6.0 --yes -o jsonl");
    let record = outcome.stdout.lines().find(|line| line.contains(r#""tag":"7.30""#)).expect("a record");
    assert!(record.contains(r#""action":"kept""#) && record.contains("-ot-beta"), "{outcome}");
}

#[test]
fn with_siblings_removes_an_invalid_tag() {
    for name in ["-ot-beta", "feature/x"] {
        let (registry, digest) = named(name);
        let outcome = rls(&registry, "rm app:7.30 --with-siblings");
        assert_eq!(outcome.code, Some(2), "{outcome}");
        assert!(outcome.stderr.contains(name), "the name is in the question: {outcome}");
        assert!(registry.contains("app", digest.as_str()));
        let outcome = rls(&registry, "rm app:7.30 --with-siblings --yes -q");
        let report = format!("removed\tapp:7.30\nremoved\tapp:{name}\n");
        assert_eq!((outcome.code, &*outcome.stdout), (Some(0), &*report), "{outcome}");
        assert_eq!(registry.tags("app"), ["6.0"]);
    }
}

#[test]
fn a_placeholder_keeps_the_invalid_tag() {
    for name in names() {
        let (registry, digest) = named(&name);
        let outcome = rls(&registry, "rm app:7.30 --placeholder -q");
        assert_eq!((outcome.code, removed(&outcome)), (Some(0), vec!["7.30"]), "{name:?}: {outcome}");
        assert_eq!(registry.tags("app"), sorted(["6.0", &name]), "{name:?}");
        assert!(registry.contains("app", digest.as_str()));
    }
}

#[test]
fn an_invalid_tag_on_another_manifest_does_not_matter() {
    for name in names() {
        for words in ["rm app:7.30 -q", "prune app --keep 6.0 --yes -q"] {
            let registry = app(Personality::Distribution28, &["6.0", "7.30"]);
            let digest = registry.resolve("app", "6.0").expect("it was pushed");
            registry.tag("app", &name, &digest);
            let outcome = rls(&registry, words);
            assert_eq!((outcome.code, removed(&outcome)), (Some(0), vec!["7.30"]), "{name:?}, {words}: {outcome}");
            assert_eq!(registry.tags("app"), sorted(["6.0", &name]), "{name:?}");
        }
    }
}

#[test]
fn an_invalid_tag_that_cannot_be_resolved_stops_the_removal() {
    let answers =
        [Answer::new(404), Answer::error(400, "TAG_INVALID", "no"), Answer::html(400, "Bad Request"), Answer::new(500)];
    for answer in answers {
        for words in ["rm app:7.30", "prune app --keep 6.0 --yes"] {
            let registry = app(Personality::Distribution28, &["6.0", "7.30"]);
            let digest = registry.resolve("app", "6.0").expect("it was pushed");
            registry.tag("app", "feature/x", &digest);
            let odd = Match::any().when(|request| request.path.contains("feature"));
            registry.inject(odd.always(), Fault::from(answer.clone()));
            let outcome = rls(&registry, &format!("{words} --retries 0"));
            assert_eq!(registry.tags("app"), ["6.0", "7.30", "feature/x"], "{words}: {outcome}");
            assert!(outcome.stderr.contains("feature/x"), "{words}: {outcome}");
            let code = if words.starts_with("rm") { 9 } else { 6 };
            assert_eq!(outcome.code, Some(code), "{words}: {outcome}");
            // One that removes a name only need not know.
            let outcome = rls(&registry, "rm app:7.30 --placeholder --retries 0 -q");
            assert_eq!((outcome.code, removed(&outcome)), (Some(0), vec!["7.30"]), "{outcome}");
        }
    }
}

#[test]
fn an_invalid_tag_pushed_meanwhile_keeps_its_manifest() {
    for name in ["new", "-new"] {
        let registry = app(Personality::Distribution28, &["6.0", "7.30"]);
        let digest = registry.resolve("app", "7.30").expect("it was pushed");
        // After the plan, before the list is read again.
        registry.on_request(Match::tags("app").nth(3), move |registry, _| registry.tag("app", name, &digest));
        let outcome = rls(&registry, "rm app:7.30");
        assert_eq!(outcome.code, Some(9), "{outcome}");
        assert!(outcome.stderr.contains(name), "{outcome}");
        assert!(registry.contains("app", "7.30"));
    }
}

#[test]
fn all_tags_may_leave_an_invalid_tag() {
    let (registry, _) = named("feature/x");
    let outcome = rls(&registry, "rm app --all-tags --yes");
    // It was not named, and points to an image of the tags.
    assert_eq!(registry.tags("app"), ["7.30", "feature/x"], "{outcome}");
    assert_eq!(outcome.code, Some(6), "{outcome}");
}

#[test]
fn an_invalid_tag_is_escaped_in_the_output() {
    let (registry, _) = named("\u{1b}[31mred\u{202e}");
    let outcome = Rls::at(&registry).words("rm app:7.30").run();
    assert_eq!(outcome.code, Some(9), "{outcome}");
    assert!(!outcome.stderr.contains('\u{1b}') && !outcome.stderr.contains('\u{202e}'), "{outcome}");
}

fn sorted(names: [&str; 2]) -> Vec<String> {
    let mut names: Vec<_> = names.iter().map(ToString::to_string).collect();
    names.sort();
    names
}
