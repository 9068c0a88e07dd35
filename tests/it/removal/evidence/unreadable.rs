//! One unreadable tag or manifest does not lock its repository: removals that cannot depend on it go on, and for the
//! others rls names the ways out.

use registry_fixture::content::{ImageSpec, IndexSpec, media_type};
use registry_fixture::{Answer, Digest, Fault, Match, Method, Personality, Running};

use super::{app, removed, rls, state};

/// How something can be damaged.
fn damages() -> [(&'static str, Fault); 5] {
    [
        ("500", Fault::status(500)),
        ("403", Answer::error(403, "DENIED", "not for you").into()),
        ("cut short", Fault::TruncateBody(30)),
        ("nonsense", Fault::body("{\"schemaVersion\":2,\"manifests\":\"nonsense\"}")),
        ("a page", Answer::html(502, "Bad Gateway").into()),
    ]
}

/// Three tags and `broken`, whose manifest cannot be had by name nor by digest.
fn with_broken(fault: &Fault) -> (Running, Digest) {
    let registry = app(Personality::Distribution28, &["1.0", "1.1", "1.2", "broken"]);
    let digest = registry.resolve("app", "broken").expect("it was pushed");
    let bad = digest.to_string();
    // As soon as something else is pushed to the tag, that can be read.
    let is_broken = {
        let bad = bad.clone();
        move |request: &registry_fixture::RecordedRequest| request.reference.as_deref() == Some(&bad)
    };
    registry.inject(Match::manifests("app").reads().when(is_broken).always(), fault.clone());
    // What is deleted is not found, as anything else.
    registry.after_request(Match::deletes("app").of([digest.as_str()]), |registry, _| registry.clear_faults());
    (registry, digest)
}

/// The same, with the name failing too, until a placeholder is pushed to it.
fn with_broken_tag(fault: &Fault) -> Running {
    let (registry, _) = with_broken(fault);
    registry.inject(Match::manifest("app", "broken").reads().always(), fault.clone());
    registry.on_request(Match::manifest("app", "broken").method(Method::PUT), |registry, _| registry.clear_faults());
    registry
}

#[test]
fn an_unreadable_tag_stops_the_removal_of_another_with_hints() {
    for (damage, fault) in damages() {
        let registry = with_broken_tag(&fault);
        let before = state(&registry, "app");
        let outcome = rls(&registry, "rm app:1.0 --retries 0");
        assert_eq!((outcome.code, state(&registry, "app")), (Some(9), before), "{damage}: {outcome}");
        for fact in ["app:broken", "--placeholder"] {
            assert!(outcome.stderr.contains(fact), "{damage}: {fact} in {outcome}");
        }
    }
}

#[test]
fn a_placeholder_does_not_need_other_tags() {
    for (damage, fault) in damages() {
        let registry = with_broken_tag(&fault);
        let outcome = rls(&registry, "rm app:1.0 --placeholder --retries 0 -q");
        assert_eq!((outcome.code, removed(&outcome)), (Some(0), vec!["1.0"]), "{damage}: {outcome}");
        assert_eq!(registry.tags("app"), ["1.1", "1.2", "broken"], "{damage}");
    }
}

#[test]
fn an_unreadable_tag_is_removed_by_a_placeholder() {
    // Who is not allowed to read a tag cannot know that a placeholder was pushed to it.
    for (damage, fault) in damages().into_iter().filter(|(damage, _)| *damage != "403") {
        let registry = with_broken_tag(&fault);
        let outcome = rls(&registry, "rm app:broken --placeholder --retries 0");
        assert_eq!((outcome.code, removed(&outcome)), (Some(0), vec!["broken"]), "{damage}: {outcome}");
        assert_eq!(registry.tags("app"), ["1.0", "1.1", "1.2"], "{damage}");
        assert!(outcome.stderr.lines().all(|line| !line.starts_with("error:")), "{damage}: {outcome}");
    }
}

#[test]
fn a_broken_manifest_with_a_known_digest_is_removed_by_its_tag() {
    for words in ["rm app:broken", "rm app:broken app:1.0", "rm app:broken --with-siblings --yes"] {
        let (registry, digest) = with_broken(&Fault::status(500));
        let outcome = rls(&registry, &format!("{words} --retries 0 -q"));
        assert_eq!(outcome.code, Some(0), "{words}: {outcome}");
        assert!(removed(&outcome).contains(&"broken") && !registry.contains("app", digest.as_str()), "{outcome}");
    }
}

#[test]
fn an_unreadable_manifest_is_not_removed_by_digest() {
    // It may be a layer's: distribution 2 deletes that as well.
    for (damage, fault) in damages().into_iter().filter(|(damage, _)| *damage != "cut short") {
        let (registry, digest) = with_broken(&fault);
        let outcome = rls(&registry, &format!("rm app@{digest} --all-tags --yes --retries 0"));
        assert!(registry.contains("app", digest.as_str()), "{damage}: {outcome}");
        assert!(outcome.code != Some(0) && removed(&outcome).is_empty(), "{damage}: {outcome}");
    }
}

#[test]
fn a_truncated_manifest_is_removed_by_digest_if_head_gives_its_type() {
    let (registry, digest) = with_broken(&Fault::TruncateBody(30));
    let outcome = rls(&registry, &format!("rm app@{digest} --all-tags --yes --retries 0"));
    assert_eq!((outcome.code, registry.contains("app", digest.as_str())), (Some(0), false), "{outcome}");
    assert_eq!(registry.tags("app"), ["1.0", "1.1", "1.2"], "{outcome}");
}

#[test]
fn a_manifest_that_is_not_json_is_removed_by_tag_and_by_digest() {
    for words in ["rm app:odd", "rm app@DIGEST --all-tags --yes", "rm app:odd --placeholder", "rm app:odd app:1.0"] {
        let registry = app(Personality::Distribution28, &["1.0", "1.1"]);
        let odd = "{\"schemaVersion\":2,\"manifests\":\"nonsense\"}";
        let digest = registry.push_raw_manifest("app", "odd", media_type::OCI_INDEX, odd);
        let outcome = rls(&registry, &format!("{} -q", words.replace("DIGEST", digest.as_str())));
        assert_eq!(outcome.code, Some(0), "{words}: {outcome}");
        assert!(!registry.contains("app", "odd") && registry.contains("app", "1.1"), "{words}: {outcome}");
    }
}

#[test]
fn all_tags_removes_an_unreadable_tag() {
    let registry = app(Personality::Distribution28, &["1.0", "1.1"]);
    registry.push_raw_manifest("app", "odd", media_type::OCI_INDEX, "{\"manifests\":\"nonsense\"}");
    let outcome = rls(&registry, "rm app --all-tags --yes -q");
    assert_eq!((outcome.code, registry.tags("app").len()), (Some(0), 0), "{outcome}");
}

#[test]
fn a_rule_names_the_unreadable_tag() {
    for (damage, fault) in damages() {
        let registry = with_broken_tag(&fault);
        let before = state(&registry, "app");
        let outcome = rls(&registry, "prune app --keep-last 1 --sort version --yes --retries 0");
        assert_eq!(state(&registry, "app"), before, "{damage}: {outcome}");
        assert!(removed(&outcome).is_empty() && outcome.code == Some(6), "{damage}: {outcome}");
        let reason = outcome.stderr.lines().find(|line| line.starts_with("error: cannot remove")).unwrap_or_default();
        assert!(reason.contains("app:broken"), "{damage}: {outcome}");
        assert!(!outcome.stderr.contains("deletes manifests, not tags; --placeholder"), "{damage}: {outcome}");
        let outcome = rls(&registry, "prune app --keep-last 1 --sort version --yes --placeholder --retries 0");
        assert_eq!(removed(&outcome).len(), 2, "{damage}: {outcome}");
        assert_eq!(registry.tags("app"), ["1.2", "broken"], "{damage}: {outcome}");
    }
}

#[test]
fn where_the_registry_can_untag_unreadable_tags_do_not_matter() {
    for (damage, fault) in damages() {
        for words in ["rm app:1.0 -q", "prune app --keep 1.1 --keep 1.2 --untag-only --yes -q"] {
            let registry = app(Personality::Distribution3, &["1.0", "1.1", "1.2", "broken"]);
            registry.inject(Match::manifest("app", "broken").reads().always(), fault.clone());
            let outcome = rls(&registry, &format!("{words} --retries 0"));
            assert!(removed(&outcome).contains(&"1.0"), "{damage}, {words}: {outcome}");
            assert!(registry.contains("app", "1.1"), "{damage}, {words}: {outcome}");
        }
    }
}

#[test]
fn a_manifest_that_becomes_unreadable_stops_the_remaining_deletions() {
    for (damage, fault) in damages() {
        for words in ["rm app:1.0 app:1.1", "prune app --keep 1.2 --keep broken --yes"] {
            let registry = app(Personality::Distribution28, &["1.0", "1.1", "1.2", "broken"]);
            let deletion = Match::deletes("app").of_digests().when(|request| !request.path.ends_with(&"0".repeat(64)));
            let spoilt = fault.clone();
            registry.after_request(deletion, move |registry, _| {
                registry.inject(Match::manifest("app", "broken").reads().always(), spoilt.clone());
            });
            let outcome = rls(&registry, &format!("{words} --retries 0"));
            assert_eq!((outcome.code, removed(&outcome).len()), (Some(6), 1), "{damage}, {words}: {outcome}");
            assert_eq!(registry.tags("app").len(), 3, "{damage}, {words}: {outcome}");
            assert!(outcome.stderr.contains("app:broken"), "{damage}, {words}: {outcome}");
        }
    }
}

#[test]
fn an_unreadable_index_protects_its_possible_children_only() {
    // `multi` lists an index that cannot be read. Removing `multi` depends on nothing.
    let registry = app(Personality::Distribution28, &["1.0"]);
    let inner = IndexSpec::new(vec![ImageSpec::new("inner")]).build();
    let unread = registry.push_untagged("app", &inner);
    let outer = registry_fixture::content::index_of([inner.root().descriptor()]);
    registry.push("app", "multi", &outer);
    registry.inject(Match::manifest("app", unread.as_str()).reads().always(), Fault::status(500));
    let outcome = rls(&registry, "rm app:1.0 --retries 0");
    assert_eq!(outcome.code, Some(9), "{outcome}");
    assert!(registry.contains("app", "1.0") && outcome.stderr.contains("app:multi"), "{outcome}");
    let outcome = rls(&registry, "rm app:multi --retries 0 -q");
    assert_eq!((outcome.code, removed(&outcome)), (Some(0), vec!["multi"]), "{outcome}");
    assert!(registry.contains("app", unread.as_str()) && registry.contains("app", "1.0"));
}
