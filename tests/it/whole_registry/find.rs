use insta::assert_snapshot;
use registry_fixture::content::{ImageSpec, IndexSpec, Layer};
use registry_fixture::{Answer, Digest, Match, Running};
use test_support::Rls;

use crate::registries::empty;

/// An image, one built on it, an index of both, and something else; the digest of the image.
fn family() -> (Running, Digest) {
    let registry = empty();
    let base = ImageSpec::new("base").label("kind", "base");
    let digest = registry.push_image("base", "1", &base);
    let built = base.clone().label("kind", "built").layer(Layer::file("app", "app")).annotation("team", "a");
    registry.push_image("team/built", "1", &built);
    registry.push_image("team/built", "latest", &built);
    registry.push_index("team/index", "1", &IndexSpec::new(vec![base.clone(), built.platform("linux/arm64")]));
    registry.push_image("team/other", "1", &ImageSpec::new("other").label("kind", "other"));
    (registry, digest)
}

#[test]
fn tags_are_found_by_each_condition() {
    let (registry, digest) = family();
    let find = |words: &str| Rls::at(&registry).words("find").words(words).succeeds();
    let names = |words: &str| {
        let found = find(words);
        found.lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&format!("--digest {digest}")), ["base:1", "team/index:1"]);
    assert_eq!(names("--label kind=built"), ["team/built:1", "team/built:latest", "team/index:1"]);
    assert_eq!(names("--label kind").len(), 5);
    assert_eq!(names("--annotation team=a"), ["team/built:1", "team/built:latest", "team/index:1"]);
    assert_eq!(names("--base base:1"), ["base:1", "team/built:1", "team/built:latest", "team/index:1"]);
    assert_eq!(
        names("team --base base:1 --label kind=built --exclude **/index"),
        ["team/built:1", "team/built:latest"]
    );
    // Both hold, but for different images of the index.
    assert!(names("team/index --label kind=base --annotation team=a").is_empty());
    let layer = Layer::file("app", "app").blob().digest.to_string();
    assert_eq!(names(&format!("team/built --digest {layer}")), ["team/built:1", "team/built:latest"]);
    assert_snapshot!(find(&format!("--digest {digest} -o table")), @"
    TAG           DIGEST                                                                   MATCHED
    base:1        sha256:0242efb04a7e5d1ac522a593de76a5dd79dc6f5b1c506d8e6663f18ccf44a3f6  digest sha256:0242efb04a7e5d1ac522a593de76a5dd79dc6f5b1c506d8e6663f18ccf44a3f6
    team/index:1  sha256:24b7d18b7c698661444a5a743f9afdfdb75bf9f52b747f95a3996329ede1b654  digest sha256:0242efb04a7e5d1ac522a593de76a5dd79dc6f5b1c506d8e6663f18ccf44a3f6
    ");
    assert_snapshot!(find(&format!("base --digest {digest} --label kind -o json")), @r#"
    [
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/base:1","repository":"base","tag":"1","digest":"sha256:0242efb04a7e5d1ac522a593de76a5dd79dc6f5b1c506d8e6663f18ccf44a3f6","matched":"digest sha256:0242efb04a7e5d1ac522a593de76a5dd79dc6f5b1c506d8e6663f18ccf44a3f6, label kind=base"}
    ]
    "#);
}

#[test]
fn each_distinct_manifest_is_read_once() {
    let (registry, _) = family();
    registry.clear_requests();
    Rls::at(&registry).words("find team/built --label kind").succeeds();
    let lines = registry.lines();
    let count = |start: &str| lines.iter().filter(|line| line.starts_with(start)).count();
    assert_eq!((count("HEAD /v2/team/built/manifests/"), count("GET /v2/team/built/manifests/")), (2, 1));
    assert_eq!(count("GET /v2/team/built/blobs/"), 1);
}

#[test]
fn a_condition_is_needed_and_a_base_must_exist() {
    let (registry, _) = family();
    assert_eq!(Rls::at(&registry).words("find base").run().code, Some(2));
    assert_snapshot!(Rls::at(&registry).words("find --base base:2").run(), @r#"
    exit 3
    --- stderr
    error: base:2 not found on http://REGISTRY
    cause: 404 Not Found: MANIFEST_UNKNOWN: manifest unknown: {"Tag":"2"}
    hint:  did you mean base:1?
    "#);
}

#[test]
fn an_image_with_unreadable_labels_is_reported() {
    for gone in [Answer::not_found("BLOB_UNKNOWN"), Answer::html(404, "no such site")] {
        let registry = empty();
        registry.push_image("app", "1", &ImageSpec::new("1").label("team", "a"));
        registry.inject(Match::blobs("app").reads().always(), gone);
        let run = Rls::at(&registry).words("find --label team=a app --retries 0").run();
        assert_ne!(run.code, Some(0), "{run}");
        assert!(run.stderr.contains("cannot read app:1"), "{run}");
    }
}
