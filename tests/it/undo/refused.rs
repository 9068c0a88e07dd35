use insta::assert_snapshot;
use registry_fixture::content::{ImageSpec, IndexSpec};
use registry_fixture::{Answer, Auth, Fault, Match, Registry, User};
use test_support::Rls;

use super::{Removal, collect_garbage, pushes};
use crate::registries::empty;

#[test]
fn a_tag_that_exists_again_is_kept() {
    let registry = empty();
    let digest = registry.push_image("app", "1", &ImageSpec::new("first"));
    let rls = Rls::at(&registry).words("undo");
    Removal::begin(&rls, &registry).keep_tag("app", "1").then_delete("app", &[digest.as_str()]);
    let second = registry.push_image("app", "1", &ImageSpec::new("second"));
    registry.clear_requests();
    assert_snapshot!(rls.run(), @"
    exit 9
    --- stdout
    kept→app:1
    --- stderr
    error: app:1 exists again and stays
    cause: it points to sha256:d0f335e233eccbff9b1bb6c11fb3628263a230358644016e1067a77e978f4439; sha256:0245894ac7ab3dc0bf2d921ae1abacaf33e04c9d4880632179c648907197f49e was removed
    hint:  existing tags are never overwritten; to restore it, remove the tag, then run 'rls undo ID' (see 'rls undo --list')
    ");
    assert_eq!(pushes(&registry), [""; 0]);
    assert_eq!(registry.resolve("app", "1"), Some(second));
    assert_snapshot!(rls.then("undo -o json -q").run(), @r#"
    exit 9
    --- stdout
    [
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:1","repository":"app","tag":"1","digest":"sha256:0245894ac7ab3dc0bf2d921ae1abacaf33e04c9d4880632179c648907197f49e","action":"kept","method":null,"reason":"app:1 exists again and stays","error":{"kind":"safety","message":"app:1 exists again and stays: it points to sha256:d0f335e233eccbff9b1bb6c11fb3628263a230358644016e1067a77e978f4439; sha256:0245894ac7ab3dc0bf2d921ae1abacaf33e04c9d4880632179c648907197f49e was removed"}}
    ]
    --- stderr
    error: app:1 exists again and stays
    cause: it points to sha256:d0f335e233eccbff9b1bb6c11fb3628263a230358644016e1067a77e978f4439; sha256:0245894ac7ab3dc0bf2d921ae1abacaf33e04c9d4880632179c648907197f49e was removed
    "#);
}

#[test]
fn a_404_to_head_alone_does_not_mean_that_a_tag_is_missing() {
    let registry = empty();
    let digest = registry.push_image("app", "1", &ImageSpec::new("first"));
    let rls = Rls::at(&registry).words("undo");
    Removal::begin(&rls, &registry).keep_tag("app", "1").then_delete("app", &[digest.as_str()]);
    let second = registry.push_image("app", "1", &ImageSpec::new("second"));
    registry.inject(Match::head("/v2/app/manifests/1").always(), Fault::status(404));
    assert_eq!(rls.run().code, Some(9));
    assert_eq!(registry.resolve("app", "1"), Some(second));
}

#[test]
fn a_tag_whose_state_is_unknown_is_kept() {
    let registry = empty();
    let digest = registry.push_image("app", "1", &ImageSpec::new("first"));
    let rls = Rls::at(&registry).words("undo --retries 0");
    Removal::begin(&rls, &registry).keep_tag("app", "1").then_delete("app", &[digest.as_str()]);
    for (fault, code) in [
        (Answer::error(403, "DENIED", "no"), 4),
        (Answer::new(500), 5),
        (Answer::new(200).header("Content-Type", "text/html").body("<html>"), 5),
        (Answer::error(429, "TOOMANYREQUESTS", "slowly"), 8),
    ] {
        registry.clear_requests();
        registry.inject(Match::path("/v2/app/manifests/1").always(), fault);
        assert_eq!(rls.run().code, Some(code));
        assert_eq!(pushes(&registry), [""; 0]);
        registry.clear_faults();
    }
}

#[test]
fn others_are_restored_beside_a_kept_tag() {
    let registry = empty();
    let digest = registry.push_image("app", "1", &ImageSpec::new("first"));
    registry.tag("app", "2", &digest);
    registry.tag("app", "3", &digest);
    let rls = Rls::at(&registry).words("undo");
    let removal = Removal::begin(&rls, &registry).keep_tag("app", "1").keep_tag("app", "2").keep_tag("app", "3");
    removal.then_delete("app", &[digest.as_str()]);
    registry.push_image("app", "2", &ImageSpec::new("second"));
    assert_snapshot!(rls.run(), @"
    exit 6
    --- stdout
    undone→app:1
    kept→app:2
    undone→app:3
    --- stderr
    error: app:2 exists again and stays
    cause: it points to sha256:d0f335e233eccbff9b1bb6c11fb3628263a230358644016e1067a77e978f4439; sha256:0245894ac7ab3dc0bf2d921ae1abacaf33e04c9d4880632179c648907197f49e was removed
    hint:  existing tags are never overwritten; to restore it, remove the tag, then run 'rls undo ID' (see 'rls undo --list')
    warning: restored 2 of 3, 1 kept
    ");
    // Nothing is left to be done but what was refused.
    assert_eq!(rls.run().code, Some(9));
}

#[test]
fn after_garbage_collection_the_missing_blobs_are_named() {
    let registry = empty();
    let digest = registry.push_image("app", "1", &ImageSpec::new("app"));
    let manifest = registry.manifest("app", "1").expect("a manifest");
    let rls = Rls::at(&registry).words("undo");
    Removal::begin(&rls, &registry).keep_tag("app", "1").then_delete("app", &[digest.as_str()]);
    let blobs = collect_garbage(&registry, "app", &manifest);
    assert_snapshot!(rls.run(), @"
    exit 9
    --- stdout
    failed→app:1
    --- stderr
    error: cannot restore app:1: http://REGISTRY no longer has its blobs
    cause: missing: sha256:3b5cde8c868bdc9c38f742d94ee745504e1e941a22c1e83d9f90309b73a061fa, sha256:dae5e345c58219d93dfff2609e5787e2ec8fea87aed1bdbe32db8a6b22ca60e3, sha256:db85d93a2f1bb3752d92672c4b6f0d7ca4afc66ad3bb12b4a129e402629b87dc
    hint:  the registry's garbage collection has deleted them; push the image again from where it was built
    ");
    assert!(!registry.contains("app", "1"));
    // distribution names all of them at once, each in an error of its own.
    let errors: Vec<_> = blobs
        .iter()
        .map(|digest| serde_json::json!({"code": "MANIFEST_BLOB_UNKNOWN", "message": "blob unknown to registry", "detail": digest}))
        .collect();
    let body = serde_json::json!({ "errors": errors }).to_string();
    let answer = Answer::new(400).header("Content-Type", "application/json").body(body);
    registry.inject(Match::put("/v2/app/manifests/1"), answer);
    let outcome = rls.run();
    assert_eq!(outcome.code, Some(9));
    assert!(blobs.iter().all(|digest| outcome.stderr.matches(digest.as_str()).count() == 1), "{outcome}");
}

#[test]
fn an_index_with_missing_images_is_not_pushed() {
    let registry = empty();
    let content = IndexSpec::three_platforms("app").build();
    let index = registry.push("app", "1", &content);
    let gone = content.manifests[0].digest.to_string();
    let rls = Rls::at(&registry).words("undo");
    Removal::begin(&rls, &registry).keep_tag("app", "1").then_delete("app", &[index.as_str(), &gone]);
    let outcome = rls.run();
    assert_eq!(outcome.code, Some(9), "{outcome}");
    assert!(outcome.stderr.contains("no longer has its manifests\ncause: missing: sha256:"), "{outcome}");
    assert!(outcome.stderr.contains(&gone), "{outcome}");
    assert!(!registry.contains("app", "1"));
}

#[test]
fn a_refused_manifest_is_not_reported_as_a_missing_blob() {
    let registry = empty();
    let digest = registry.push_image("app", "1", &ImageSpec::new("app"));
    let rls = Rls::at(&registry).words("undo");
    Removal::begin(&rls, &registry).keep_tag("app", "1").then_delete("app", &[digest.as_str()]);
    let body =
        format!(r#"{{"errors":[{{"code":"MANIFEST_UNKNOWN","message":"no","detail":{{"Revision":"{digest}"}}}}]}}"#);
    let answer = Answer::new(404).header("Content-Type", "application/json").body(body);
    registry.inject(Match::put("/v2/app/manifests/1"), answer);
    let outcome = rls.run();
    assert_eq!(outcome.code, Some(3), "{outcome}");
    assert!(!outcome.stderr.contains("no longer has"), "{outcome}");
}

#[test]
fn pushed_manifests_are_verified() {
    let registry = empty();
    let digest = registry.push_image("app", "1", &ImageSpec::new("app"));
    let rls = Rls::at(&registry).words("undo");
    Removal::begin(&rls, &registry).keep_tag("app", "1").then_delete("app", &[digest.as_str()]);
    let other = registry.push_image("app", "other", &ImageSpec::new("other"));
    let moved = other.clone();
    // Another client pushes between our push and the check.
    registry
        .on_request(Match::get("/v2/app/manifests/1").after(2), move |registry, _| registry.tag("app", "1", &moved));
    assert_snapshot!(rls.run(), @"
    exit 6
    --- stdout
    failed→app:1
    --- stderr
    error: app:1 was not restored
    cause: it points to sha256:c180f5e3e75ed1e6faab78576d1f46f9f5862db724e4beb14620779448d6d25c; sha256:d2a8d8764f7f2aa2c3c4b106bead12a7176e0e0c5ab6a7bc6e6324033ee2960a was pushed
    ");
    assert_eq!(registry.resolve("app", "1"), Some(other));
}

#[test]
fn a_damaged_copy_is_not_pushed() {
    let registry = empty();
    let digest = registry.push_image("app", "1", &ImageSpec::new("app"));
    let rls = Rls::at(&registry).words("undo");
    Removal::begin(&rls, &registry).keep_tag("app", "1").then_delete("app", &[digest.as_str()]);
    let hex = digest.as_str().strip_prefix("sha256:").expect("a sha256 digest");
    let rls =
        rls.with_file(&format!(".local/state/rls/removed/bodies/sha256/{hex}"), r#"{"schemaVersion":2,"layers":[]}"#);
    registry.clear_requests();
    assert_snapshot!(rls.run(), @"
    exit 9
    --- stdout
    failed→app:1
    --- stderr
    error: the archived copy of app:1 cannot be used
    cause: its 31 bytes do not match sha256:d2a8d8764f7f2aa2c3c4b106bead12a7176e0e0c5ab6a7bc6e6324033ee2960a
    hint:  push the image again from where it was built
    ");
    assert_eq!(pushes(&registry), [""; 0]);
}

#[test]
fn push_permission_is_required() {
    let builder = Registry::builder().auth(Auth::Token);
    let registry = builder.user(User::new("ann", "secret").allow("app", "pull")).start();
    let digest = registry.push_image("app", "1", &ImageSpec::new("app"));
    let rls = Rls::at(&registry).user("ann", "secret").words("undo");
    Removal::begin(&rls, &registry).keep_tag("app", "1");
    registry.untag("app", "1");
    let outcome = rls.run();
    assert_eq!((outcome.code, &*outcome.stdout), (Some(4), "failed\tapp:1\n"), "{outcome}");
    assert!(registry.contains("app", digest.as_str()));
}

/// The archive is a file like others: what it names is no reason to send a password there.
#[test]
fn a_password_is_sent_to_its_registry_only() {
    let start = || Registry::builder().auth(Auth::Basic).user(User::admin("ann", "secret")).start();
    let (registry, other) = (start(), start());
    let digest = registry.push_image("app", "1", &ImageSpec::new("app"));
    let rls = Rls::beside(&registry).user("ann", "secret").words("undo");
    Removal::begin(&rls, &registry).keep_tag("app", "1");
    registry.untag("app", "1");
    assert_snapshot!(rls.run(), @"
    exit 4
    --- stdout
    failed→app:1
    --- stderr
    warning: RLS_USERNAME is ignored: no registry is named that it belongs to; use -r or RLS_REGISTRY
    error: not logged in to http://REGISTRY
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:app:pull
    hint:  use -r http://REGISTRY; RLS_USERNAME is sent only to a registry that -r or RLS_REGISTRY names
    ");
    assert!(registry.requests().iter().all(|request| request.authorization().is_none()));
    // Another registry's password neither.
    let rls = rls.env("RLS_REGISTRY", other.url());
    assert_eq!(rls.run().code, Some(4));
    assert!(registry.requests().iter().all(|request| request.authorization().is_none()));
    assert_eq!(other.lines(), [""; 0]);
    // Nor to the same host by another scheme.
    let rls = rls.env("RLS_REGISTRY", registry.host());
    assert_eq!(rls.run().code, Some(4));
    assert!(registry.requests().iter().all(|request| request.authorization().is_none()));
    let rls = rls.env("RLS_REGISTRY", other.url()).then("undo -r").arg(registry.url());
    assert_eq!(&*rls.succeeds(), "undone\tapp:1\n");
    assert_eq!(registry.resolve("app", "1"), Some(digest));
    registry.untag("app", "1");
    let rls = rls.env("RLS_REGISTRY", registry.url()).then("undo");
    assert_eq!(&*rls.succeeds(), "undone\tapp:1\n");
}

#[test]
fn credentials_from_docker_are_used_for_any_registry() {
    let registry = Registry::builder().auth(Auth::Basic).user(User::admin("ann", "secret")).start();
    registry.push_image("app", "1", &ImageSpec::new("app"));
    let auths = format!(r#"{{"auths":{{"{}":{{"auth":"YW5uOnNlY3JldA=="}}}}}}"#, registry.host());
    let rls = Rls::beside(&registry).docker_config(&auths).words("undo");
    Removal::begin(&rls, &registry).keep_tag("app", "1");
    registry.untag("app", "1");
    assert_eq!(&*rls.succeeds(), "undone\tapp:1\n");
}
