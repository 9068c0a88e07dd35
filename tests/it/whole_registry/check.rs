use insta::assert_snapshot;
use registry_fixture::content::{ImageSpec, IndexSpec, Layer};
use registry_fixture::{Answer, Digest, Match, Method};
use test_support::Rls;

use crate::registries::{empty, seeded};

#[test]
fn an_intact_repository_is_success() {
    let registry = seeded("demo");
    assert_snapshot!(Rls::at(&registry).words("check").run(), @"
    exit 0
    --- stderr
    checked 14 tags: 0 problems
    ");
    assert_snapshot!(Rls::at(&registry).words("check base/alpine -o jsonl").run(), @r#"
    exit 0
    --- stdout
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/base/alpine:3.19","status":"ok","problem":null,"detail":null}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/base/alpine:3.20","status":"ok","problem":null,"detail":null}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/base/alpine:latest","status":"ok","problem":null,"detail":null}
    --- stderr
    checked 3 tags: 0 problems
    "#);
}

#[test]
fn missing_content_is_reported() {
    let registry = empty();
    let image = |seed: &str| ImageSpec::new(seed);
    let (amd64, arm64) = (image("a").platform("linux/amd64"), image("b").platform("linux/arm64"));
    registry.push_index("app", "index", &IndexSpec::new(vec![amd64, arm64.clone()]));
    registry.remove_manifest("app", arm64.build().digest());
    let layer = Layer::file("lost", "lost");
    registry.push_image("app", "image", &image("c").layer(layer.clone()));
    registry.remove_blob("app", &layer.blob().digest);
    registry.push_image("app", "signed", &image("d"));
    let gone = Digest::sha256(b"gone");
    registry.push_image("app", &format!("sha256-{}.sig", &gone.as_str()[7..]), &image("e"));
    registry.push_image("app", "whole", &image("f"));
    assert_snapshot!(Rls::at(&registry).words("check app").run(), @"
    exit 6
    --- stdout
    broken→http://REGISTRY/app:image→missing-blob→blob sha256:54e24820fa5bb13ce9fa32ad5abbe92e004f6a4ed1173f517e852d6378da29c0 is gone
    broken→http://REGISTRY/app:index→missing-manifest→index sha256:32812ff452db20d23ad4ebab2e6a95e79a2e6bcc4e825758fc2aabfb0ee41372 lists sha256:e2a11c91031481d838862fec16f9e7b0675fc011fbc30b77d97b28103f89c239, which is gone
    broken→http://REGISTRY/app:sha256-283bb9deef02e6843abfb538efa1eca70801bd8a701c3f98191e123496339247.sig→missing-subject→it belongs to sha256:283bb9deef02e6843abfb538efa1eca70801bd8a701c3f98191e123496339247, which is gone
    --- stderr
    checked 5 tags: 3 problems
    ");
    assert_snapshot!(Rls::at(&registry).words("check app -o table").run(), @"
    exit 6
    --- stdout
    STATUS  REFERENCE                                                                                               PROBLEM           DETAIL
    broken  http://REGISTRY/app:image                                                                        missing-blob      blob sha256:54e24820fa5bb13ce9fa32ad5abbe92e004f6a4ed1173f517e852d6378da29c0 is gone
    broken  http://REGISTRY/app:index                                                                        missing-manifest  index sha256:32812ff452db20d23ad4ebab2e6a95e79a2e6bcc4e825758fc2aabfb0ee41372 lists sha256:e2a11c91031481d838862fec16f9e7b0675fc011fbc30b77d97b28103f89c239, which is gone
    broken  http://REGISTRY/app:sha256-283bb9deef02e6843abfb538efa1eca70801bd8a701c3f98191e123496339247.sig  missing-subject   it belongs to sha256:283bb9deef02e6843abfb538efa1eca70801bd8a701c3f98191e123496339247, which is gone
    --- stderr
    checked 5 tags: 3 problems
    ");
    let records = Rls::at(&registry).words("check app -o jsonl -q").run();
    assert_eq!(records.code, Some(6));
    assert!(records.stdout.lines().any(|line| line.contains(":whole\"") && line.contains(r#""status":"ok""#)));
    let skipped = Rls::at(&registry).words("check app --skip-blobs").run();
    assert!(!skipped.stdout.contains("missing-blob"), "{skipped}");
    assert!(!registry.lines().is_empty());
}

#[test]
fn unreadable_content_is_unknown() {
    let registry = empty();
    registry.push_image("app", "1", &ImageSpec::new("a"));
    registry.inject(Match::manifest("app", "1").always(), Answer::error(403, "DENIED", "not yours"));
    assert_snapshot!(Rls::at(&registry).words("check app").run(), @"
    exit 6
    --- stdout
    unknown→http://REGISTRY/app:1→denied→the tag: not allowed to pull app on http://REGISTRY: 403 Forbidden: DENIED: not yours
    --- stderr
    checked 1 tag: 1 problem
    ");
}

#[test]
fn a_single_not_found_is_checked_again() {
    let registry = empty();
    let layer = Layer::file("app", "app");
    let index = IndexSpec::new(vec![ImageSpec::new("a").layer(layer.clone()), ImageSpec::new("b")]);
    let digest = registry.push_index("app", "1", &index);
    let child = index.build().manifests[0].digest.clone();
    let stale = || Answer::not_found("MANIFEST_UNKNOWN");
    for (reads, denial) in [
        (Match::manifest("app", "1").reads().times(2), stale()),
        (Match::manifest("app", digest.as_str()).reads(), stale()),
        (Match::manifest("app", child.as_str()).reads(), stale()),
        // Some servers do not answer HEAD for a blob that they have.
        (Match::blobs("app").method(Method::HEAD).always(), Answer::new(404)),
        (Match::blobs("app").method(Method::HEAD).always(), Answer::new(403)),
        (Match::blobs("app").method(Method::HEAD).always(), Answer::new(405)),
        (Match::blobs("app").method(Method::HEAD).always(), Answer::new(500)),
    ] {
        registry.inject(reads, denial);
        let outcome = Rls::at(&registry).words("check app --retries 0").run();
        assert_eq!((outcome.code, &*outcome.stderr), (Some(0), "checked 1 tag: 0 problems\n"), "{outcome}");
        registry.clear_faults();
    }
}

#[test]
fn a_404_page_of_a_proxy_makes_nothing_missing() {
    let registry = empty();
    let index = IndexSpec::new(vec![ImageSpec::new("a"), ImageSpec::new("b")]);
    registry.push_index("app", "1", &index);
    let child = index.build().manifests[0].digest.clone();
    for page in [Answer::html(404, "no such site"), Answer::text(404, "404 page not found"), denied()] {
        for reads in [
            Match::manifest("app", "1").reads().always(),
            Match::manifest("app", child.as_str()).reads().always(),
            Match::blobs("app").reads().always(),
        ] {
            registry.inject(reads, page.clone());
            let outcome = Rls::at(&registry).words("check app --retries 0").run();
            assert_eq!(outcome.code, Some(6), "{outcome}");
            assert!(outcome.stdout.lines().all(|line| line.starts_with("unknown\t")), "{outcome}");
            registry.clear_faults();
        }
        registry.inject(Match::tags("app").always(), page);
        let outcome = Rls::at(&registry).words("check app --retries 0").run();
        assert!(outcome.code.is_some_and(|code| code > 2) && outcome.stderr.contains("error:"), "{outcome}");
        registry.clear_faults();
    }
}

/// A registry that hides what others may not see.
fn denied() -> Answer {
    Answer::error(404, "DENIED", "requested access to the resource is denied")
}
