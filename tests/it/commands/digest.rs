use insta::assert_snapshot;
use registry_fixture::content::ImageSpec;
use registry_fixture::{Fault, Match};
use test_support::Rls;

use crate::registries::{empty, seeded};

#[test]
fn prints_only_the_digest() {
    let registry = empty();
    let digest = registry.push_image("app", "1.0", &ImageSpec::new("app"));
    assert_eq!(*Rls::at(&registry).words("digest app:1.0").succeeds(), format!("{digest}\n"));
    assert_eq!(registry.lines(), ["HEAD /v2/app/manifests/1.0"]);
    registry.tag("app", "latest", &digest);
    let both = Rls::at(&registry).words("digest app").arg(format!("app@{digest}")).succeeds();
    assert_eq!(*both, format!("{digest}\n{digest}\n"));
}

#[test]
fn a_reference_with_tag_and_digest_is_its_digest() {
    let registry = empty();
    let first = registry.push_image("app", "1.0", &ImageSpec::new("first"));
    registry.push_image("app", "1.0", &ImageSpec::new("second"));
    let pinned = format!("app:1.0@{first}");
    assert_eq!(*Rls::at(&registry).arg("digest").arg(&pinned).succeeds(), format!("{first}\n"));
    assert_snapshot!(Rls::at(&registry).words("digest -o json").arg(pinned).succeeds(), @r#"
    [
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:1.0@sha256:0245894ac7ab3dc0bf2d921ae1abacaf33e04c9d4880632179c648907197f49e","repository":"app","tag":"1.0","digest":"sha256:0245894ac7ab3dc0bf2d921ae1abacaf33e04c9d4880632179c648907197f49e"}
    ]
    "#);
}

#[test]
fn several_references_keep_their_order_and_each_failure_is_reported() {
    let registry = seeded("demo");
    let rls = Rls::at(&registry).words("digest team/web:2.1.0 team/web:2.2.0 base/alpine:3.20 nothing/here:1");
    assert_snapshot!(rls.run(), @r#"
    exit 6
    --- stdout
    sha256:f117f600d2b2d60781fae6a482f52b8bf45928441b16db650567df2e9d745da7
    sha256:2bbe6daeb8b240904e25d8ab11c46013f70c3d17b550c5fa9f58aa49ca700211
    --- stderr
    error: team/web:2.2.0 not found on http://REGISTRY
    cause: 404 Not Found: MANIFEST_UNKNOWN: manifest unknown: {"Tag":"2.2.0"}
    hint:  did you mean team/web:2.0.0, team/web:2.1.0?
    error: nothing/here:1 not found on http://REGISTRY
    cause: 404 Not Found: MANIFEST_UNKNOWN: manifest unknown: {"Tag":"1"}
    hint:  the repository does not exist; run 'rls repos http://REGISTRY' to list repositories
    "#);
    let rls = Rls::at(&registry).words("digest team/web:2.1.0 team/web:2.2.0 -o json -q");
    assert_snapshot!(rls.run(), @r#"
    exit 6
    --- stdout
    [
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/team/web:2.1.0","repository":"team/web","tag":"2.1.0","digest":"sha256:f117f600d2b2d60781fae6a482f52b8bf45928441b16db650567df2e9d745da7"},
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/team/web:2.2.0","repository":"team/web","tag":"2.2.0","digest":null,"error":{"kind":"not-found","message":"team/web:2.2.0 not found on http://REGISTRY: 404 Not Found: MANIFEST_UNKNOWN: manifest unknown: {\"Tag\":\"2.2.0\"}"}}
    ]
    --- stderr
    error: team/web:2.2.0 not found on http://REGISTRY
    cause: 404 Not Found: MANIFEST_UNKNOWN: manifest unknown: {"Tag":"2.2.0"}
    "#);
}

#[test]
fn references_that_all_fail_alike_share_an_exit_code() {
    let registry = seeded("demo");
    assert_snapshot!(Rls::at(&registry).words("digest team/web:x team/app:x -q").run(), @r#"
    exit 3
    --- stderr
    error: team/web:x not found on http://REGISTRY
    cause: 404 Not Found: MANIFEST_UNKNOWN: manifest unknown: {"Tag":"x"}
    error: team/app:x not found on http://REGISTRY
    cause: 404 Not Found: MANIFEST_UNKNOWN: manifest unknown: {"Tag":"x"}
    "#);
}

#[test]
fn get_is_used_where_the_registry_does_not_support_head() {
    let registry = empty();
    let digest = registry.push_image("app", "1.0", &ImageSpec::new("app"));
    for fault in [Fault::status(404), Fault::status(405), Fault::without_header("Docker-Content-Digest")] {
        registry.clear_faults();
        registry.inject(Match::head("/v2/app/manifests/1.0").always(), fault.clone());
        assert_eq!(*Rls::at(&registry).words("digest app:1.0").succeeds(), format!("{digest}\n"), "{fault:?}");
    }
    registry.clear_faults();
    registry.inject(Match::path("/v2/app/manifests/1.0").always(), Fault::without_header("Docker-Content-Digest"));
    assert_eq!(*Rls::at(&registry).words("digest app:1.0").succeeds(), format!("{digest}\n"));
}

#[test]
fn another_digest_in_the_reply_to_head_is_settled_by_the_content() {
    let registry = empty();
    let digest = registry.push_image("app", "1.0", &ImageSpec::new("app"));
    let other = registry.push_image("app", "2.0", &ImageSpec::new("other"));
    let lie = Fault::header("Docker-Content-Digest", other.as_ref());
    registry.inject(Match::head(format!("/v2/app/manifests/{digest}")).always(), lie);
    assert_snapshot!(Rls::at(&registry).arg("digest").arg(format!("app@{digest}")).run(), @"
    exit 0
    --- stdout
    sha256:d2a8d8764f7f2aa2c3c4b106bead12a7176e0e0c5ab6a7bc6e6324033ee2960a
    --- stderr
    warning: the registry's answer does not match sha256:d2a8d8764f7f2aa2c3c4b106bead12a7176e0e0c5ab6a7bc6e6324033ee2960a: it answered for sha256:c180f5e3e75ed1e6faab78576d1f46f9f5862db724e4beb14620779448d6d25c; the content of its reply to GET does
    ");
}

#[test]
fn the_image_for_a_platform() {
    let registry = seeded("demo");
    let records = Rls::at(&registry).words("manifest team/app:latest -o json").succeeds();
    let index: serde_json::Value = serde_json::from_str(&records).expect("JSON");
    let arm =
        index[0]["platforms"].as_array().expect("platforms").iter().find(|image| image["platform"] == "linux/arm64");
    let expected = format!("{}\n", arm.expect("an image")["digest"].as_str().expect("a digest"));
    assert_eq!(&*Rls::at(&registry).words("digest team/app:latest --platform linux/arm64").succeeds(), expected);
    let piped = Rls::at(&registry).words("digest - --platform linux/arm64").stdin("team/app:latest\n").succeeds();
    assert_eq!(&*piped, expected);
    let absent = Rls::at(&registry).words("digest team/app:latest --platform windows/amd64").fails(3);
    assert!(absent.contains("cause: available platforms: linux/amd64, linux/arm64, linux/arm/v7\n"), "{absent}");
}
