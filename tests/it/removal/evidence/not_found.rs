//! One "not found" proves nothing: it may mean a missing path, or a missing method, as well.

use registry_fixture::{Answer, Match, Method, Personality};
use test_support::Rls;

use super::{BOTH, Way, app, removed, rls, state};

#[test]
fn a_404_to_every_deletion_is_a_failure() {
    for personality in BOTH {
        for (body, answer) in Answer::not_founds("MANIFEST_UNKNOWN") {
            for way in Way::ALL {
                let registry = way.start(personality);
                let before = state(&registry, "app");
                let outcome =
                    way.run(&registry, |registry| registry.inject(Match::deletes("app").always(), answer.clone()));
                // Where the probe was let through, a rule has kept something before the rest fails.
                let is_reported = outcome.code == Some(7) || (way == Way::Prune && outcome.code == Some(6));
                assert!(is_reported, "{personality:?}, {body}, {way:?}: {outcome}");
                assert_eq!(removed(&outcome), [""; 0], "{personality:?}, {body}, {way:?}: {outcome}");
                assert_eq!(state(&registry, "app"), before, "{personality:?}, {body}, {way:?}: {outcome}");
            }
        }
    }
}

#[test]
fn ignore_missing_does_not_ignore_a_404_for_an_existing_tag() {
    for personality in BOTH {
        let registry = app(personality, &["old", "kept"]);
        registry.inject(Match::deletes("app").always(), Answer::not_found("MANIFEST_UNKNOWN"));
        let outcome = rls(&registry, "rm app:old --ignore-missing");
        assert_eq!((outcome.code, &*outcome.stdout), (Some(7), "failed\tapp:old\n"), "{outcome}");
        assert!(outcome.stderr.contains("404") && outcome.stderr.contains("still has"), "{outcome}");
        assert_eq!(registry.tags("app"), ["kept", "old"]);
    }
}

#[test]
fn a_plan_does_not_untag_where_a_gateway_returns_404() {
    // No registry writes such pages. Its own words, or none, are not refuted before something is deleted.
    let pages = Answer::not_founds("MANIFEST_UNKNOWN").into_iter().filter(|(body, _)| ["text", "HTML"].contains(body));
    for (body, answer) in pages {
        let registry = app(Personality::Distribution3, &["old", "kept"]);
        registry.inject(Match::deletes("app").always(), answer);
        let outcome = rls(&registry, "rm -n app:old");
        assert_eq!((outcome.code, removed(&outcome).len()), (Some(7), 0), "{body}: {outcome}");
        assert!(!outcome.stdout.contains("would-remove"), "{body}: {outcome}");
    }
}

#[test]
fn after_a_404_by_tag_a_manifest_without_siblings_is_deleted_by_digest() {
    for personality in BOTH {
        let registry = app(personality, &["old", "shared", "kept"]);
        let digest = registry.resolve("app", "shared").expect("it was pushed");
        registry.tag("app", "sibling", &digest);
        registry.inject(Match::deletes("app").of_tags().always(), Answer::not_found("MANIFEST_UNKNOWN"));
        let outcome = rls(&registry, "rm app:old -q");
        assert_eq!((outcome.code, &*outcome.stdout), (Some(0), "removed\tapp:old\n"), "{personality:?}: {outcome}");
        assert_eq!(registry.tags("app"), ["kept", "shared", "sibling"], "{personality:?}");
        let outcome = rls(&registry, "rm app:shared");
        assert_eq!((outcome.code, &*outcome.stdout), (Some(9), "failed\tapp:shared\n"), "{personality:?}: {outcome}");
        assert!(outcome.stderr.contains("app:sibling"), "{outcome}");
        assert_eq!(registry.tags("app"), ["kept", "shared", "sibling"], "{personality:?}");
        let outcome = rls(&registry, "prune app --keep kept --keep sibling --yes --placeholder -q");
        assert_eq!((outcome.code, removed(&outcome)), (Some(0), vec!["shared"]), "{personality:?}: {outcome}");
        assert_eq!(registry.tags("app"), ["kept", "sibling"], "{personality:?}");
    }
}

#[test]
fn a_tag_that_another_client_removed_meanwhile_is_absent() {
    for personality in BOTH {
        for way in [Way::Name, Way::Several, Way::Digest, Way::Siblings, Way::Match, Way::Apply, Way::Prune] {
            let registry = way.start(personality);
            let outcome = way.run(&registry, |registry| {
                let digest = registry.resolve("app", "old").expect("it was pushed");
                // The last request before the deletion; and then it finds nothing.
                registry.on_request(Match::deletes("app").of(["old", digest.as_str()]), move |registry, _| {
                    registry.remove_manifest("app", &digest);
                    registry.untag("app", "old");
                });
            });
            assert_eq!(outcome.code, Some(0), "{personality:?}, {way:?}: {outcome}");
            assert!(!removed(&outcome).contains(&"old"), "{personality:?}, {way:?}: {outcome}");
            assert!(outcome.stdout.contains("absent\tapp"), "{personality:?}, {way:?}: {outcome}");
            assert!(registry.contains("app", "kept"));
        }
    }
}

#[test]
fn a_404_to_a_later_deletion_is_a_failure() {
    for personality in BOTH {
        for way in [Way::Several, Way::Match, Way::All, Way::Prune] {
            let registry = way.start(personality);
            let outcome = way.run(&registry, |registry| {
                let digest = registry.resolve("app", "older").expect("it was pushed");
                let second = Match::deletes("app").of(["older", digest.as_str()]);
                registry.inject(second.always(), Answer::not_found("MANIFEST_UNKNOWN"));
            });
            assert_eq!(outcome.code, Some(6), "{personality:?}, {way:?}: {outcome}");
            assert!(removed(&outcome).contains(&"old") && !removed(&outcome).contains(&"older"), "{way:?}: {outcome}");
            assert!(!registry.contains("app", "old") && registry.contains("app", "older"), "{way:?}: {outcome}");
        }
    }
}

#[test]
fn a_404_to_a_placeholder_push_is_a_failure() {
    for (body, answer) in Answer::not_founds("NAME_UNKNOWN") {
        for refused in [Match::uploads("app"), Match::manifests("app").method(Method::PUT)] {
            for words in [
                "rm app:old --placeholder",
                "rm app:old --placeholder --ignore-missing",
                "prune app --keep kept --keep sibling --placeholder --yes",
            ] {
                let registry = Way::Placeholder.start(Personality::Distribution28);
                registry.untag("app", "older");
                let before = state(&registry, "app");
                registry.inject(refused.clone().always(), answer.clone());
                let outcome = Rls::at(&registry).words(words).run();
                let code = if words.starts_with("prune") { 6 } else { 7 };
                assert_eq!(outcome.code, Some(code), "{body}: {outcome}");
                assert!(outcome.stdout.contains("failed\tapp:old\n") && removed(&outcome).is_empty(), "{outcome}");
                assert_eq!(state(&registry, "app"), before, "{body}: {outcome}");
            }
        }
    }
}

#[test]
fn a_single_404_is_checked_again() {
    for personality in BOTH {
        // A replica that lags behind denies the tag, once to HEAD and GET of the plan, or once to the last look.
        for skip in 0..4 {
            let registry = app(personality, &["old", "kept"]);
            let read = Match::manifest("app", "old").reads().after(skip);
            registry.inject(read, Answer::not_found("MANIFEST_UNKNOWN"));
            let outcome = rls(&registry, "rm app:old -q");
            assert_eq!((outcome.code, &*outcome.stdout), (Some(0), "removed\tapp:old\n"), "{skip}: {outcome}");
            assert_eq!(registry.tags("app"), ["kept"], "{skip}: {outcome}");
        }
    }
}

#[test]
fn a_404_page_of_a_proxy_says_nothing_about_a_tag() {
    let pages = [Answer::html(404, "no such site"), Answer::text(404, "404 page not found")];
    for page in pages {
        for personality in [Personality::Distribution28, Personality::Distribution3] {
            for words in ["rm app:old", "rm app:old --ignore-missing", "prune app --keep kept --yes"] {
                for skip in 0..4 {
                    let registry = app(personality, &["old", "kept"]);
                    registry.inject(Match::manifests("app").reads().of(["old"]).after(skip).always(), page.clone());
                    let outcome = rls(&registry, &format!("{words} --retries 0"));
                    let is_there = registry.tags("app").contains(&"old".to_owned());
                    let reported = outcome.stdout.lines().find(|line| line.ends_with("\tapp:old"));
                    let reported = reported.unwrap_or_else(|| panic!("{words}: {outcome}"));
                    assert!(!reported.starts_with("absent"), "{personality:?} {skip} {words}: {outcome}");
                    assert!(!is_there || !reported.starts_with("removed"), "{personality:?} {skip} {words}: {outcome}");
                    assert!(outcome.code != Some(0) || !is_there, "{personality:?} {skip} {words}: {outcome}");
                }
            }
        }
    }
}

#[test]
fn a_tag_that_is_still_listed_was_not_removed_by_another_client() {
    for words in ["rm app:old", "rm app:old -q", "rm app:old --ignore-missing", "prune app --keep kept --yes"] {
        let registry = app(Personality::Distribution28, &["old", "kept"]);
        // The plan resolves it; from then on it is denied.
        let reads = Match::manifest("app", "old").reads().after(1).always();
        registry.inject(reads, Answer::not_found("MANIFEST_UNKNOWN"));
        let outcome = rls(&registry, words);
        assert_eq!(outcome.code, Some(6), "{words}: {outcome}");
        assert!(outcome.stdout.contains("failed\tapp:old"), "{words}: {outcome}");
        assert!(registry.contains("app", "old"), "{words}: {outcome}");
    }
    // What another client removed is no longer listed.
    let registry = app(Personality::Distribution28, &["old", "kept"]);
    let looked_up_again = Match::manifest("app", "old").reads().nth(2);
    registry.on_request(looked_up_again, |registry, _| assert!(registry.untag("app", "old")));
    let outcome = rls(&registry, "rm app:old");
    assert_eq!((outcome.code, &*outcome.stdout), (Some(0), "absent\tapp:old\n"), "{outcome}\n{:#?}", registry.lines());
}

#[test]
fn a_dangling_tag_is_removed_by_its_name_whatever_the_output() {
    for words in ["rm app:old", "rm app:old -q", "rm app:old --ignore-missing", "rm app:old -o json", "rm app:old -v"] {
        let registry = app(Personality::Distribution3, &["old", "kept"]);
        let digest = registry.resolve("app", "old").expect("it was pushed");
        registry.remove_manifest("app", &digest);
        registry.tag("app", "old", &digest);
        let outcome = rls(&registry, words);
        assert_eq!(outcome.code, Some(0), "{words}: {outcome}");
        assert!(outcome.stdout.contains("removed"), "{words}: {outcome}");
        assert!(!outcome.stderr.contains("the manifest stays"), "{words}: {outcome}");
        assert_eq!(registry.tags("app"), ["kept"], "{words}: {outcome}");
    }
}
