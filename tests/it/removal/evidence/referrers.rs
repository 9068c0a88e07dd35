//! What the referrers API lists is a referrer only if its own manifest names the subject.

use registry_fixture::content::{ArtifactSpec, ImageSpec, media_type};
use registry_fixture::{Answer, Match, Registry};
use serde_json::json;

use super::{BOTH, rls};

#[test]
fn a_listed_referrer_that_does_not_name_the_subject_is_not_removed() {
    for personality in BOTH {
        for words in [
            "rm app:old --with-referrers --yes",
            "rm app:old --purge --yes",
            "rm app:old --with-referrers -n",
            "prune app --keep kept --yes",
        ] {
            let registry = Registry::builder().personality(personality).referrers(true).start();
            let (old, kept) = (ImageSpec::new("old").build(), ImageSpec::new("kept").build());
            registry.push("app", "old", &old);
            registry.push("app", "kept", &kept);
            let signature = |subject| ArtifactSpec::new("application/vnd.example.signature").subject(subject).build();
            let own = registry.push_referrer("app", &signature(old.root()), old.root());
            let foreign = registry.push_referrer("app", &signature(kept.root()), kept.root());
            let pinned = registry.push_untagged("app", &ImageSpec::new("pinned").build());
            let listed = [&own, &foreign, &pinned].map(|digest| {
                json!({"mediaType": media_type::OCI_MANIFEST, "digest": digest.as_str(), "size": 2, "artifactType": "x"})
            });
            let index = json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": listed});
            let answer = Answer::new(200).header("Content-Type", media_type::OCI_INDEX).body(index.to_string());
            registry.inject(Match::referrers("app").always(), answer);
            let outcome = rls(&registry, words);
            assert_eq!(outcome.code, Some(0), "{personality:?}, {words}: {outcome}");
            for digest in [&foreign, &pinned] {
                assert!(registry.contains("app", digest.as_str()), "{personality:?}, {words}: {outcome}");
                assert!(!outcome.stdout.contains(digest.as_str()), "{personality:?}, {words}: {outcome}");
            }
            let is_dry = words.ends_with("-n");
            assert_eq!(registry.contains("app", own.as_str()), is_dry, "{personality:?}, {words}: {outcome}");
            assert!(outcome.stderr.contains(pinned.as_str()), "{personality:?}, {words}: {outcome}");
        }
    }
}
