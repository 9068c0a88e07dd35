//! One manifest under two digests: a registry may answer with a sha512 for one name and with a sha256 for another.

use registry_fixture::content::ImageSpec;
use registry_fixture::content::{Descriptor, index_of, media_type};
use registry_fixture::{Answer, Digest, Fault, Match, Personality, Running};

use super::{app, rls};

/// `pr-1` and `latest` on one manifest, and its digest by the other algorithm, at which the registry has it, too.
fn shared() -> (Running, Digest) {
    let registry = app(Personality::Distribution28, &["other", "pr-1"]);
    let digest = registry.resolve("app", "pr-1").expect("it was pushed");
    registry.tag("app", "latest", &digest);
    let bytes = registry.manifest("app", digest.as_str()).expect("it was pushed");
    let sha512 = Digest::sha512(&bytes);
    let answer = Answer::new(200).header("Content-Type", media_type::OCI_MANIFEST).body(bytes);
    let answer = answer.header("Docker-Content-Digest", sha512.as_str());
    registry.inject(Match::manifest("app", sha512.as_str()).reads().always(), answer);
    (registry, sha512)
}

#[test]
fn a_sibling_by_another_digest_algorithm_is_found() {
    for tag in ["pr-1", "latest"] {
        for words in ["rm app:pr-1", "rm app:pr-1 --purge --yes", "prune app --keep latest --keep other --yes"] {
            let (registry, sha512) = shared();
            registry.inject(Match::manifest("app", tag).reads().always(), Fault::digest(&sha512));
            let outcome = rls(&registry, words);
            assert_eq!(registry.tags("app"), ["latest", "other", "pr-1"], "{tag}, {words}: {outcome}");
            let code = if words.starts_with("rm") { 9 } else { 0 };
            assert_eq!(outcome.code, Some(code), "{tag}, {words}: {outcome}");
        }
    }
}

#[test]
fn a_sibling_with_a_digest_of_nothing_is_found_by_its_content() {
    let (registry, _) = shared();
    let nothing = Digest::parse(&format!("sha512:{}", "0".repeat(128))).expect("a digest");
    registry.inject(Match::manifest("app", "latest").reads().always(), Fault::digest(&nothing));
    let outcome = rls(&registry, "rm app:pr-1");
    assert_eq!(outcome.code, Some(9), "{outcome}");
    assert_eq!(registry.tags("app"), ["latest", "other", "pr-1"], "{outcome}");
}

#[test]
fn a_child_that_an_index_lists_by_another_algorithm_is_kept() {
    let (registry, sha512) = shared();
    registry.untag("app", "latest");
    let child = Descriptor::new(media_type::OCI_MANIFEST, sha512, 0);
    registry.push("app", "multi", &index_of([child]));
    let outcome = rls(&registry, "rm app:pr-1");
    assert_eq!(outcome.code, Some(9), "{outcome}");
    assert!(registry.tags("app").contains(&"pr-1".to_owned()) && outcome.stderr.contains("app:multi"), "{outcome}");
    // The index itself, and what nothing lists, can be removed.
    registry.push_image("app", "free", &ImageSpec::new("free"));
    let outcome = rls(&registry, "rm app:multi app:free -q");
    assert_eq!(
        (outcome.code, registry.tags("app")),
        (Some(0), vec!["other".to_owned(), "pr-1".to_owned()]),
        "{outcome}"
    );
}
