//! A tag that is listed and that one reply denies: GET checks a 404 to HEAD, and a second request checks a replica.

use registry_fixture::content::{ImageSpec, IndexSpec};
use registry_fixture::{Answer, Digest, Fault, Match, Method, Personality, Running};

use super::{app, removed, rls};

/// `pr-1` with the siblings `latest` and `stable`.
fn shared(personality: Personality) -> (Running, Digest) {
    let registry = app(personality, &["other", "pr-1"]);
    let digest = registry.resolve("app", "pr-1").expect("it was pushed");
    ["latest", "stable"].iter().for_each(|tag| registry.tag("app", tag, &digest));
    (registry, digest)
}

/// What HEAD answers for something that GET has.
fn denials() -> [(&'static str, Fault); 6] {
    [
        ("404", Fault::from(Answer::new(404))),
        ("404 with a code", Answer::not_found("MANIFEST_UNKNOWN").into()),
        ("405", Fault::status(405)),
        ("500", Fault::status(500)),
        ("no digest", Fault::without_header("Docker-Content-Digest")),
        ("another's digest", Fault::digest(&Digest::sha256(b"another"))),
    ]
}

#[test]
fn a_sibling_missing_by_head_is_found_by_get() {
    for (denial, fault) in denials() {
        for words in ["rm app:pr-1", "rm app:pr-1 -o json -q", "prune app --keep stable --keep other --yes"] {
            let (registry, digest) = shared(Personality::Distribution28);
            registry.untag("app", "latest");
            registry.inject(Match::manifest("app", "stable").method(Method::HEAD).always(), fault.clone());
            let outcome = rls(&registry, words);
            if denial != "another's digest" {
                assert_eq!(registry.tags("app"), ["other", "pr-1", "stable"], "{denial}: {outcome}");
            }
            assert!(registry.contains("app", digest.as_str()), "{denial}, {words}: {outcome}");
            if words.starts_with("rm") {
                assert_eq!(outcome.code, Some(9), "{denial}: {outcome}");
            }
            assert!(removed(&outcome).is_empty(), "{denial}: {outcome}");
        }
    }
}

#[test]
fn get_finds_siblings_when_head_finds_nothing() {
    for (denial, fault) in denials().into_iter().filter(|(denial, _)| *denial != "another's digest") {
        for personality in [Personality::Distribution28, Personality::Distribution3] {
            let registry = app(personality, &["old", "kept"]);
            registry.inject(Match::manifests("app").method(Method::HEAD).always(), fault.clone());
            let outcome = rls(&registry, "rm app:old -q --retries 0");
            assert_eq!((outcome.code, removed(&outcome)), (Some(0), vec!["old"]), "{denial}: {outcome}");
            assert_eq!(registry.tags("app"), ["kept"], "{denial}: {outcome}");
        }
    }
}

/// An index under `stable` that lists the image of `pr-1`.
fn listed(personality: Personality) -> (Running, Digest, Digest) {
    let registry = app(personality, &["newest"]);
    let part = ImageSpec::new("part").created("2023-01-01T00:00:00Z");
    let index = IndexSpec::new(vec![part, ImageSpec::new("other part")]).build();
    let digest = registry.push("app", "stable", &index);
    let part = index.manifests[0].digest.clone();
    registry.tag("app", "pr-1", &part);
    (registry, digest, part)
}

#[test]
fn an_index_missing_on_a_replica_once_or_twice_is_kept() {
    for reference in ["tag", "digest"] {
        for method in [Method::HEAD, Method::GET] {
            for skip in 0..3 {
                for words in ["prune app --keep newest --keep stable --yes", "rm app:pr-1"] {
                    let (registry, digest, part) = listed(Personality::Distribution28);
                    let reference = if reference == "tag" { "stable".to_owned() } else { digest.to_string() };
                    let read = Match::manifest("app", reference).method(method.clone()).after(skip);
                    registry.inject(read, Answer::not_found("MANIFEST_UNKNOWN"));
                    let outcome = rls(&registry, words);
                    assert!(registry.contains("app", part.as_str()), "{method} {skip}, {words}: {outcome}");
                    assert!(registry.contains("app", "stable") && removed(&outcome).is_empty(), "{outcome}");
                    let code = if words.starts_with("rm") { 9 } else { 0 };
                    assert_eq!(outcome.code, Some(code), "{method} {skip}, {words}: {outcome}");
                }
            }
        }
    }
}

#[test]
fn a_sibling_missing_on_a_replica_at_first_is_requested_again() {
    for skip in 0..3 {
        for count in 1..3 {
            let (registry, digest) = shared(Personality::Distribution28);
            let read = Match::manifest("app", "stable").reads().after(skip).times(count);
            registry.inject(read, Answer::not_found("MANIFEST_UNKNOWN"));
            let outcome = rls(&registry, "rm app:pr-1 app:latest");
            assert_eq!(outcome.code, Some(9), "{skip}, {count}: {outcome}");
            assert!(registry.contains("app", digest.as_str()), "{skip}, {count}: {outcome}");
            assert!(outcome.stderr.contains("app:stable"), "{skip}, {count}: {outcome}");
        }
    }
}

#[test]
fn a_manifest_is_kept_when_a_tag_reappears_before_the_deletion() {
    // Denied as long as the plan is made, and found by the look before the deletion.
    let (registry, digest) = shared(Personality::Distribution28);
    registry.inject(Match::manifest("app", "stable").reads().times(4), Answer::not_found("MANIFEST_UNKNOWN"));
    let outcome = rls(&registry, "rm app:pr-1 app:latest");
    assert_eq!(outcome.code, Some(9), "{outcome}");
    assert!(registry.contains("app", digest.as_str()) && outcome.stderr.contains("app:stable"), "{outcome}");
    assert!(removed(&outcome).is_empty(), "{outcome}");
}

#[test]
fn a_listed_tag_that_never_resolves_does_not_block_others() {
    for words in ["rm app:pr-1 app:latest -q", "prune app --keep other --keep stable --yes -q"] {
        let (registry, digest) = shared(Personality::Distribution28);
        let dangling = registry.push_image("app", "stable", &ImageSpec::new("lost"));
        registry.remove_manifest("app", &dangling);
        let outcome = rls(&registry, words);
        let code = if words.starts_with("rm") { 0 } else { 6 };
        assert_eq!(outcome.code, Some(code), "{words}: {outcome}");
        assert!(!registry.contains("app", digest.as_str()), "{words}: {outcome}");
        assert_eq!(registry.tags("app"), ["other", "stable"], "{words}: {outcome}");
    }
}
