//! A list of tags that contradicts a tag proves nothing about siblings.

use registry_fixture::{Answer, Fault, Match, Personality, Running, TagList};
use test_support::Rls;

use super::{app, removed, rls, state};

const PR: &str = "pr-1";

/// `pr-1`, `latest` and `stable` on one image, and `other` on another, where manifests are deleted.
fn shared() -> Running {
    let registry = app(Personality::Distribution28, &["other", PR]);
    let digest = registry.resolve("app", PR).expect("it was pushed");
    ["latest", "stable"].iter().for_each(|tag| registry.tag("app", tag, &digest));
    registry
}

/// Lists that cannot be believed as long as `pr-1` answers.
fn refuted() -> Vec<(&'static str, Fault)> {
    let mut lists: Vec<(&str, Fault)> =
        Answer::not_founds("NAME_UNKNOWN").into_iter().map(|(body, answer)| (body, answer.into())).collect();
    lists.extend([
        ("403", Fault::from(Answer::error(403, "DENIED", "no listing for you"))),
        ("500", Fault::status(500)),
        ("null", TagList::new().null().into()),
        ("empty", TagList::new().empty().into()),
        ("no tags at all", TagList::new().absent().into()),
        ("another repository's", TagList::new().named("other/app").into()),
        ("without the tag", TagList::new().without(PR).into()),
        ("only another tag", TagList::new().only(["other"]).into()),
        ("digests and nulls", TagList::new().only([format!("sha256:{}", "ab".repeat(32))]).with_null().into()),
        ("cut short", Fault::TruncateBody(20)),
        ("not JSON", Fault::body("<html>")),
    ]);
    lists
}

#[test]
fn a_manifest_is_kept_when_the_list_cannot_rule_out_siblings() {
    for (list, fault) in refuted() {
        for words in
            ["rm app:pr-1", "rm app:pr-1 -q", "rm app:pr-1 -o json", "rm app:pr-1 --yes", "rm app:pr-1 --purge --yes"]
        {
            let registry = shared();
            let before = state(&registry, "app");
            registry.inject(Match::tags("app").always(), fault.clone());
            let outcome = rls(&registry, &format!("{words} --retries 0"));
            assert_eq!(outcome.code, Some(9), "{list}, {words}: {outcome}");
            assert_eq!(state(&registry, "app"), before, "{list}, {words}: {outcome}");
            if words == "rm app:pr-1" {
                assert!(outcome.stderr.contains("--placeholder"), "{list}: {outcome}");
                assert!(outcome.stderr.contains("--with-siblings"), "{list}: {outcome}");
            }
        }
    }
}

#[test]
fn a_placeholder_works_with_any_list() {
    for (list, fault) in refuted() {
        let registry = shared();
        registry.inject(Match::tags("app").always(), fault);
        let outcome = rls(&registry, "rm app:pr-1 --placeholder --retries 0 -q");
        assert_eq!((outcome.code, removed(&outcome)), (Some(0), vec![PR]), "{list}: {outcome}");
        assert_eq!(registry.tags("app"), ["latest", "other", "stable"], "{list}");
    }
}

#[test]
fn with_siblings_works_with_any_list() {
    for (list, fault) in refuted() {
        let registry = shared();
        registry.inject(Match::tags("app").always(), fault);
        let outcome = rls(&registry, "rm app:pr-1 --with-siblings --yes --retries 0 -q");
        assert_eq!(outcome.code, Some(0), "{list}: {outcome}");
        assert_eq!(registry.tags("app"), ["other"], "{list}: {outcome}");
    }
}

#[test]
fn a_list_that_fails_later_keeps_the_rest() {
    for (list, fault) in refuted() {
        // The plan is based on the whole list and on the page after it; the list read right before the deletion
        // differs.
        let registry = shared();
        let digest = registry.resolve("app", PR).expect("it is there");
        let before = state(&registry, "app");
        registry.on_request(Match::tags("app").nth(3), move |registry, _| registry.tag("app", "new", &digest));
        registry.inject(Match::tags("app").after(2).always(), fault);
        let outcome = rls(&registry, "rm app:pr-1 app:latest app:stable --retries 0");
        assert_eq!(outcome.code, Some(9), "{list}: {outcome}");
        assert!(removed(&outcome).is_empty(), "{list}: {outcome}");
        let left: Vec<_> = state(&registry, "app").into_iter().filter(|(tag, _)| tag != "new").collect();
        assert_eq!(left, before, "{list}: {outcome}");
        assert!(registry.tags("app").contains(&"new".to_owned()), "{list}: {outcome}");
    }
}

#[test]
fn a_list_that_lacks_only_the_removed_tag_later_stops_the_removal() {
    // Nothing else is there that the list could be compared with.
    for (list, fault) in refuted() {
        let registry = app(Personality::Distribution28, &[PR]);
        let digest = registry.resolve("app", PR).expect("it is there");
        registry.on_request(Match::tags("app").nth(3), move |registry, _| registry.tag("app", "new", &digest));
        registry.inject(Match::tags("app").after(2).always(), fault);
        let outcome = rls(&registry, "rm app:pr-1 --retries 0");
        assert_eq!(outcome.code, Some(9), "{list}: {outcome}");
        assert_eq!(registry.tags("app"), ["new", PR], "{list}: {outcome}");
    }
}

#[test]
fn a_list_that_other_clients_shorten_stops_nothing() {
    let registry = app(Personality::Distribution28, &["other", PR, "gone"]);
    registry.on_request(Match::tags("app").nth(3), |registry, _| assert!(registry.untag("app", "gone")));
    let outcome = rls(&registry, "rm app:pr-1 -q");
    assert!(removed(&outcome) == [PR] && !registry.tags("app").contains(&PR.to_owned()), "{outcome}");
}

#[test]
fn a_rule_removes_nothing_when_the_list_is_unreliable() {
    let used = "image: HOST/app:latest\n";
    for (list, fault) in refuted().into_iter().chain([("without a kept tag", TagList::new().without("latest").into())])
    {
        for words in ["prune app --keep latest --yes", "prune app --keep-used used.yaml --yes"] {
            let registry = shared();
            let before = state(&registry, "app");
            registry.inject(Match::tags("app").always(), fault.clone());
            let rls = Rls::at(&registry).with_file("used.yaml", used.replace("HOST", &registry.host()));
            let outcome = rls.words(words).words("--retries 0").run();
            // Where only pr-1 is missing from the list, its image is unknown, and other is another image.
            if ["without the tag"].contains(&list) {
                assert_eq!(registry.tags("app"), ["latest", PR, "stable"], "{list}: {outcome}");
                continue;
            }
            assert_eq!(state(&registry, "app"), before, "{list}, {words}: {outcome}");
            assert!(removed(&outcome).is_empty(), "{list}: {outcome}");
            assert_ne!(outcome.code, Some(0), "{list}: {outcome}");
        }
    }
}

#[test]
fn a_saved_plan_is_not_applied_when_the_list_changed() {
    for (list, fault) in refuted() {
        let registry = app(Personality::Distribution28, &["other", PR]);
        let rls = Rls::at(&registry).words("rm app:pr-1 --save-plan plan.json -q");
        assert_eq!(rls.run().code, Some(0));
        let digest = registry.resolve("app", PR).expect("it is there");
        registry.tag("app", "latest", &digest);
        registry.inject(Match::tags("app").always(), fault);
        let outcome = rls.then("rm --apply plan.json --retries 0").run();
        assert_eq!(outcome.code, Some(9), "{list}: {outcome}");
        assert_eq!(registry.tags("app"), ["latest", "other", PR], "{list}: {outcome}");
    }
}

#[test]
fn an_untagged_manifest_is_removed_where_a_repository_has_no_list() {
    // distribution 2 forgets the list of an emptied repository, and has its manifests still.
    let registry = app(Personality::Distribution28, &["only"]);
    let digest = registry.resolve("app", "only").expect("it was pushed");
    registry.untag("app", "only");
    registry.inject(Match::tags("app").always(), Answer::not_found("NAME_UNKNOWN"));
    let outcome = rls(&registry, &format!("rm app@{digest} -q"));
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(!registry.contains("app", digest.as_str()));
}

#[test]
fn entries_that_are_not_names_are_ignored() {
    for extra in [
        TagList::new().with_null(),
        TagList::new().with(""),
        TagList::new().with(&format!("sha256:{}", "ab".repeat(32))),
    ] {
        for words in ["rm app:pr-1 -q", "prune app --keep kept --yes -q"] {
            let registry = app(Personality::Distribution28, &[PR, "kept"]);
            registry.inject(Match::tags("app").always(), extra.clone());
            let outcome = rls(&registry, words);
            assert_eq!((outcome.code, removed(&outcome)), (Some(0), vec![PR]), "{outcome}");
            assert_eq!(registry.tags("app"), ["kept"]);
        }
    }
}

#[test]
fn a_list_with_an_extra_tag_is_accepted() {
    // On a registry that untags, nothing depends on the list.
    for (list, fault) in refuted() {
        let registry = app(Personality::Distribution3, &[PR, "kept"]);
        let digest = registry.resolve("app", PR).expect("it was pushed");
        registry.tag("app", "latest", &digest);
        registry.inject(Match::tags("app").always(), fault);
        let outcome = rls(&registry, "rm app:pr-1 -q --retries 0");
        assert_eq!((outcome.code, removed(&outcome)), (Some(0), vec![PR]), "{list}: {outcome}");
        assert_eq!(registry.tags("app"), ["kept", "latest"], "{list}");
    }
}
