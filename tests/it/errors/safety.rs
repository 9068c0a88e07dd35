//! Safety stops: going on could destroy or show something other than what was requested.

use insta::assert_snapshot;
use registry_fixture::content::ImageSpec;
use registry_fixture::{Answer, Digest, Fault, Match, Personality, Registry, Running};
use test_support::Rls;

use crate::registries::{empty, seeded};

fn app() -> (Running, Digest) {
    let registry = empty();
    let digest = registry.push_image("app", "1.0", &ImageSpec::new("app"));
    (registry, digest)
}

#[test]
fn a_body_that_does_not_match_its_digest() {
    let (registry, digest) = app();
    let other = ImageSpec::new("other").build();
    registry.push_raw_manifest(
        "app",
        digest.as_str(),
        "application/vnd.oci.image.manifest.v1+json",
        other.root().bytes.clone(),
    );
    let reference = format!("app@{digest}");
    let mismatch = Rls::at(&registry).args(["manifest", &reference]).run();
    assert_snapshot!(mismatch, @"
    exit 9
    --- stderr
    error: what the registry sent does not match app@sha256:d2a8d8764f7f2aa2c3c4b106bead12a7176e0e0c5ab6a7bc6e6324033ee2960a
    cause: its 557 bytes have the digest sha256:c180f5e3e75ed1e6faab78576d1f46f9f5862db724e4beb14620779448d6d25c
    hint:  a proxy or the registry altered the data; it was not used
    ");
    assert_eq!(Rls::at(&registry).args(["manifest", "--raw", &reference]).run().to_string(), mismatch.to_string());
}

#[test]
fn a_config_that_does_not_match_its_digest() {
    let (registry, _) = app();
    registry
        .inject(Match::under("/v2/app/blobs/").always(), Fault::body("{\"architecture\":\"amd64\",\"os\":\"evil\"}"));
    let mismatch = Rls::at(&registry).words("manifest app:1.0 --config").run();
    assert_snapshot!(mismatch, @"
    exit 9
    --- stderr
    error: what the registry sent does not match config sha256:3b5cde8c868bdc9c38f742d94ee745504e1e941a22c1e83d9f90309b73a061fa
    cause: its 36 bytes have the digest sha256:92831d22eff69718e66098ad2fbdb6bf7c3826b1849233f6b098157230fcddb5
    hint:  a proxy or the registry altered the data; it was not used
    ");
    for words in ["manifest app:1.0 --config --raw", "manifest app:1.0"] {
        assert_eq!(Rls::at(&registry).words(words).run().to_string(), mismatch.to_string(), "{words}");
    }
    assert_snapshot!(Rls::at(&registry).words("tags app -l").run(), @"
    exit 9
    --- stdout
    1.0→sha256:d2a8d8764f7f2aa2c3c4b106bead12a7176e0e0c5ab6a7bc6e6324033ee2960a→application/vnd.oci.image.manifest.v1+json→-→4858→-→image→-→-
    --- stderr
    error: cannot read all of app:1.0
    cause: what the registry sent does not match config sha256:3b5cde8c868bdc9c38f742d94ee745504e1e941a22c1e83d9f90309b73a061fa
    cause: its 36 bytes have the digest sha256:92831d22eff69718e66098ad2fbdb6bf7c3826b1849233f6b098157230fcddb5
    hint:  a proxy or the registry altered the data; it was not used
    ");
}

#[test]
fn a_wrong_digest_header_does_not_hide_a_tag() {
    let (registry, _) = app();
    let lie = Fault::header("Docker-Content-Digest", &format!("sha256:{}", "ab".repeat(32)));
    registry.inject(Match::get("/v2/app/manifests/1.0").always(), lie);
    assert_snapshot!(Rls::at(&registry).words("manifest app:1.0 -q --format {{digest}}").run(), @"
    exit 0
    --- stdout
    sha256:d2a8d8764f7f2aa2c3c4b106bead12a7176e0e0c5ab6a7bc6e6324033ee2960a
    ");
    assert_snapshot!(Rls::at(&registry).words("manifest app:1.0 --format {{digest}}").run(), @"
    exit 0
    --- stdout
    sha256:d2a8d8764f7f2aa2c3c4b106bead12a7176e0e0c5ab6a7bc6e6324033ee2960a
    --- stderr
    warning: Docker-Content-Digest of app:1.0 is sha256:abababababababababababababababababababababababababababababababab, but the digest of its content is sha256:d2a8d8764f7f2aa2c3c4b106bead12a7176e0e0c5ab6a7bc6e6324033ee2960a
    ");
}

#[test]
fn an_ambiguous_manifest() {
    let registry = empty();
    let both = "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":[],\"layers\":[]}";
    registry.push_raw_manifest("app", "both", "application/vnd.oci.image.index.v1+json", both);
    let index = "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":[]}";
    registry.push_raw_manifest("app", "other", "application/vnd.oci.image.manifest.v1+json", index);
    let twice = "{\"schemaVersion\":2,\"layers\":[],\"layers\":[],\"config\":null}";
    registry.push_raw_manifest("app", "twice", "application/vnd.oci.image.manifest.v1+json", twice);
    for tag in ["both", "other", "twice"] {
        let outcome = Rls::at(&registry).args(["manifest", &format!("app:{tag}")]).run();
        assert_eq!((outcome.code, &*outcome.stdout), (Some(9), ""), "{tag}: {outcome}");
    }
    assert_snapshot!(Rls::at(&registry).words("manifest app:both").run(), @"
    exit 9
    --- stderr
    error: app:both is ambiguous
    cause: it has members of an index and of an image: both manifests and layers or config
    ");
    assert_snapshot!(Rls::at(&registry).words("manifest app:other").run(), @"
    exit 9
    --- stderr
    error: app:other is ambiguous
    cause: Content-Type and mediaType differ: application/vnd.oci.image.manifest.v1+json and application/vnd.oci.image.index.v1+json
    ");
    assert_snapshot!(Rls::at(&registry).words("manifest app:twice --raw").run(), @"
    exit 9
    --- stderr
    error: app:twice is ambiguous
    cause: duplicate field `layers` at line 1 column 39
    ");
}

#[test]
fn a_tag_that_moves_before_it_is_deleted() {
    let (registry, digest) = app();
    registry.push_image("app", "2.0", &ImageSpec::new("two"));
    // The plan is made; before the manifest is deleted, another client pushes.
    registry.on_request(Match::under("/v2/app/referrers/"), |registry, _| {
        registry.push_image("app", "1.0", &ImageSpec::new("moved meanwhile"));
    });
    assert_snapshot!(Rls::at(&registry).words("rm app:1.0").run(), @"
    exit 9
    --- stdout
    failed→app:1.0
    --- stderr
    error: app:1.0 has moved meanwhile
    cause: from sha256:d2a8d8764f7f2aa2c3c4b106bead12a7176e0e0c5ab6a7bc6e6324033ee2960a to sha256:2d2b62dff2f8b5b907f7c36829f03bcf23ae64da8fad391151dc2b64e2c2663a
    hint:  check what it points to now before removing it
    ");
    assert_eq!(registry.tags("app"), ["1.0", "2.0"]);
    assert!(registry.contains("app", digest.as_str()));
}

#[test]
fn a_tag_that_is_pushed_again_after_its_deletion() {
    let registry = Registry::builder().personality(Personality::Distribution3).start();
    registry.push_image("app", "1.0", &ImageSpec::new("app"));
    // Before the request that confirms the deletion.
    registry.on_request(Match::get("/v2/app/manifests/1.0").always(), |registry, _| {
        if registry.tags("app").is_empty() {
            registry.push_image("app", "1.0", &ImageSpec::new("pushed again"));
        }
    });
    assert_snapshot!(Rls::at(&registry).words("rm app:1.0 -q").run(), @"
    exit 0
    --- stdout
    removed→app:1.0
    ");
    assert_eq!(registry.tags("app"), ["1.0"]);
}

#[test]
fn a_deletion_that_is_accepted_without_effect() {
    let (registry, digest) = app();
    registry.inject(Match::delete(format!("/v2/app/manifests/{digest}")).always(), Answer::new(202));
    assert_snapshot!(Rls::at(&registry).words("rm app:1.0").run(), @"
    exit 6
    --- stdout
    failed→app:1.0
    --- stderr
    error: app@sha256:d2a8d8764f7f2aa2c3c4b106bead12a7176e0e0c5ab6a7bc6e6324033ee2960a is still present
    cause: http://REGISTRY accepted the deletion and did not carry it out
    ");
    let tags = Registry::builder().personality(Personality::Distribution3).start();
    tags.push_image("app", "1.0", &ImageSpec::new("app"));
    tags.inject(Match::delete("/v2/app/manifests/1.0").always(), Answer::new(202));
    assert_snapshot!(Rls::at(&tags).words("rm app:1.0").run(), @"
    exit 6
    --- stdout
    failed→app:1.0
    --- stderr
    error: app:1.0 is still present
    cause: http://REGISTRY accepted the deletion and did not carry it out
    ");
    let errors = Answer::error(202, "DENIED", "retention forbids it");
    tags.clear_faults();
    tags.inject(Match::delete("/v2/app/manifests/1.0").always(), errors);
    assert_snapshot!(Rls::at(&tags).words("rm app:1.0").run(), @"
    exit 6
    --- stdout
    failed→app:1.0
    --- stderr
    error: app:1.0 is still present
    cause: http://REGISTRY accepted the deletion with errors and did not carry it out
    cause: DENIED: retention forbids it
    ");
}

#[test]
fn disabled_deletion() {
    let registry = Registry::builder().seed("shared".parse().expect("a seed")).delete(false).start();
    assert_snapshot!(Rls::at(&registry).words("rm shared/app:1.3.9").run(), @"
    exit 7
    --- stdout
    failed→shared/app:1.3.9
    --- stderr
    error: http://REGISTRY does not allow deletion
    cause: 405 Method Not Allowed: UNSUPPORTED: The operation is unsupported.
    hint:  on the distribution registry: set REGISTRY_STORAGE_DELETE_ENABLED=true (storage.delete.enabled in config.yml); pull-through caches (proxy.remoteurl) and read-only registries (storage.maintenance.readonly) refuse deletion too
    ");
    assert_snapshot!(Rls::at(&registry).words("rm shared/app:1.4 --with-siblings").run(), @"
    exit 7
    --- stdout
    failed→shared/app:1.4
    --- stderr
    error: http://REGISTRY does not allow deletion
    cause: 405 Method Not Allowed: UNSUPPORTED: The operation is unsupported.
    hint:  on the distribution registry: set REGISTRY_STORAGE_DELETE_ENABLED=true (storage.delete.enabled in config.yml); pull-through caches (proxy.remoteurl) and read-only registries (storage.maintenance.readonly) refuse deletion too
    ");
    assert_eq!(registry.tags("shared/app").len(), 5);
    // The only DELETE for an existing object is that of the tag by name, which is refused.
    let digest = registry.resolve("shared/app", "1.3.9").expect("a tag of the seed");
    assert_eq!(registry.count(&Match::delete(format!("/v2/shared/app/manifests/{digest}"))), 0);
}

#[test]
fn an_immutable_tag() {
    let registry = Registry::builder().personality(Personality::Quay).start();
    registry.push_image("app", "1.0", &ImageSpec::new("app"));
    let immutable = Answer::error(409, "TAG_IMMUTABLE", "tag 1.0 is immutable");
    registry.inject(Match::delete("/v2/app/manifests/1.0").always(), immutable);
    assert_snapshot!(Rls::at(&registry).words("rm app:1.0").run(), @"
    exit 4
    --- stdout
    failed→app:1.0
    --- stderr
    error: http://REGISTRY protects app:1.0 from deletion
    cause: 409 Conflict: TAG_IMMUTABLE: tag 1.0 is immutable
    hint:  check the rules of the registry, such as one for immutable tags
    ");
}

#[test]
fn an_unknown_tag_suggests_similar_ones() {
    let registry = seeded("demo");
    assert_snapshot!(Rls::at(&registry).words("manifest team/app:1.40").run(), @r#"
    exit 3
    --- stderr
    error: team/app:1.40 not found on http://REGISTRY
    cause: 404 Not Found: MANIFEST_UNKNOWN: manifest unknown: {"Tag":"1.40"}
    hint:  did you mean team/app:1.4.0?
    "#);
    assert_snapshot!(Rls::at(&registry).words("digest team/web:lates").run(), @r#"
    exit 3
    --- stderr
    error: team/web:lates not found on http://REGISTRY
    cause: 404 Not Found: MANIFEST_UNKNOWN: manifest unknown: {"Tag":"lates"}
    hint:  did you mean team/web:latest?
    "#);
    assert_snapshot!(Rls::at(&registry).words("manifest team/nothing:1").run(), @r#"
    exit 3
    --- stderr
    error: team/nothing:1 not found on http://REGISTRY
    cause: 404 Not Found: MANIFEST_UNKNOWN: manifest unknown: {"Tag":"1"}
    hint:  the repository does not exist; run 'rls repos http://REGISTRY' to list repositories
    "#);
    // The list is not permitted: the error is unchanged.
    registry.inject(Match::get("/v2/team/app/tags/list").always(), Answer::error(403, "DENIED", "no"));
    assert_snapshot!(Rls::at(&registry).words("manifest team/app:1.40").run(), @r#"
    exit 3
    --- stderr
    error: team/app:1.40 not found on http://REGISTRY
    cause: 404 Not Found: MANIFEST_UNKNOWN: manifest unknown: {"Tag":"1.40"}
    "#);
}
