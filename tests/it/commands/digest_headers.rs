//! `Docker-Content-Digest` that contradicts the request or the body.

use insta::assert_snapshot;
use registry_fixture::{Digest, Fault, Match};
use serde_json::{Value, json};

use crate::custom_manifests::{App, index};

const MADE: &str = "2026-11-18T09:12:00Z";

fn lie(digest: &str) -> Fault {
    Fault::header("Docker-Content-Digest", digest)
}

fn other() -> String {
    format!("sha256:{}", "ab".repeat(32))
}

#[test]
fn every_command_reports_a_wrong_digest_header() {
    let app = App::new();
    app.image("1.0", "linux/amd64", MADE);
    let digest = app.digest("1.0");
    app.0.inject(Match::under("/v2/app/").always(), lie(&other()));
    assert_snapshot!(app.rls("manifest app:1.0 --format {{digest}}").run(), @"
    exit 0
    --- stdout
    sha256:408fdbe1bb7cda3d12e178b4036903cebc54d00add7525ff4bf723d4979cdfa1
    --- stderr
    warning: Docker-Content-Digest of app:1.0 is sha256:abababababababababababababababababababababababababababababababab, but the digest of its content is sha256:408fdbe1bb7cda3d12e178b4036903cebc54d00add7525ff4bf723d4979cdfa1
    warning: Docker-Content-Digest of config sha256:e54f207f5473419485c365f6bc15923957fba42991347ad21ca2926dd4dff30f is sha256:abababababababababababababababababababababababababababababababab, but the digest of its content is sha256:e54f207f5473419485c365f6bc15923957fba42991347ad21ca2926dd4dff30f
    ");
    let by_digest = |words: &str| app.rls(words).arg(format!("app@{digest}")).run();
    assert_snapshot!(by_digest("manifest --format {{digest}}"), @"
    exit 0
    --- stdout
    sha256:408fdbe1bb7cda3d12e178b4036903cebc54d00add7525ff4bf723d4979cdfa1
    --- stderr
    warning: Docker-Content-Digest of app@sha256:408fdbe1bb7cda3d12e178b4036903cebc54d00add7525ff4bf723d4979cdfa1 is sha256:abababababababababababababababababababababababababababababababab, but the digest of its content is sha256:408fdbe1bb7cda3d12e178b4036903cebc54d00add7525ff4bf723d4979cdfa1
    warning: Docker-Content-Digest of config sha256:e54f207f5473419485c365f6bc15923957fba42991347ad21ca2926dd4dff30f is sha256:abababababababababababababababababababababababababababababababab, but the digest of its content is sha256:e54f207f5473419485c365f6bc15923957fba42991347ad21ca2926dd4dff30f
    ");
    let raw = by_digest("manifest --raw");
    assert_eq!(raw.code, Some(0), "{raw}");
    assert!(raw.stderr.contains(&other()) && raw.stderr.contains(&digest.to_string()), "{raw}");
    let config = by_digest("manifest --config");
    assert_eq!(config.stderr.matches(&other()).count(), 2, "{config}");
    assert_snapshot!(app.rls("tags app -l").run(), @"
    exit 0
    --- stdout
    1.0→sha256:408fdbe1bb7cda3d12e178b4036903cebc54d00add7525ff4bf723d4979cdfa1→application/vnd.oci.image.manifest.v1+json→linux/amd64→170→2026-11-18T09:12:00Z→image→-→-
    --- stderr
    warning: Docker-Content-Digest of app:1.0 is sha256:abababababababababababababababababababababababababababababababab, but the digest of its content is sha256:408fdbe1bb7cda3d12e178b4036903cebc54d00add7525ff4bf723d4979cdfa1
    warning: Docker-Content-Digest of config sha256:e54f207f5473419485c365f6bc15923957fba42991347ad21ca2926dd4dff30f is sha256:abababababababababababababababababababababababababababababababab, but the digest of its content is sha256:e54f207f5473419485c365f6bc15923957fba42991347ad21ca2926dd4dff30f
    ");
    assert_snapshot!(by_digest("digest"), @"
    exit 0
    --- stdout
    sha256:408fdbe1bb7cda3d12e178b4036903cebc54d00add7525ff4bf723d4979cdfa1
    --- stderr
    warning: Docker-Content-Digest of app@sha256:408fdbe1bb7cda3d12e178b4036903cebc54d00add7525ff4bf723d4979cdfa1 is sha256:abababababababababababababababababababababababababababababababab, but the digest of its content is sha256:408fdbe1bb7cda3d12e178b4036903cebc54d00add7525ff4bf723d4979cdfa1
    ");
    assert_eq!(by_digest("manifest --raw -q").stderr, app.rls("manifest app:1.0 --raw -q").run().stderr);
}

#[test]
fn a_wrong_digest_in_a_head_reply_is_corrected_by_the_bytes() {
    let app = App::new();
    app.image("1.0", "linux/amd64", MADE);
    app.image("2.0", "linux/arm64", MADE);
    for report in [other(), app.digest("2.0").to_string()] {
        app.0.clear_faults();
        app.0.inject(Match::head("/v2/app/manifests/1.0").always(), lie(&report));
        let row = app.rls("tags app -l --match 1.0 --format").arg("{{ digest }} {{ platforms|join(',') }}").run();
        let shown = format!("{} linux/amd64\n", app.digest("1.0"));
        assert_eq!((row.code, &*row.stdout), (Some(0), &*shown), "{row}");
        assert!(row.stderr.contains(&report) && row.stderr.contains(&app.digest("1.0").to_string()), "{row}");
        assert_eq!(row.stderr.lines().count(), 1, "{row}");
    }
}

#[test]
fn a_tag_that_moves_during_the_check_removes_no_other() {
    let app = App::new();
    app.image("old", "linux/amd64", MADE);
    app.image("new", "linux/arm64", MADE);
    let (old, new) = (app.digest("old"), app.digest("new"));
    app.0.tag("app", "moving", &old);
    app.0.tag("app", "staying", &old);
    app.0.untag("app", "old");
    let to = new.clone();
    app.0.on_request(Match::get("/v2/app/manifests/moving"), move |registry, _| registry.tag("app", "moving", &to));
    let rows = app.rls("tags app -l -j 1 --match *ing --format").arg("{{ tag }} {{ digest }}").run();
    assert_eq!(*rows.stdout, format!("moving {new}\nstaying {old}\n"), "{rows}");
    assert_eq!(rows.code, Some(0), "{rows}");
}

#[test]
fn the_digests_of_children_are_checked() {
    let app = App::new();
    let child = app.image("1.0", "linux/amd64", MADE);
    app.push("multi", &index(json!({ "manifests": [child] })));
    let path = format!("/v2/app/manifests/{}", child["digest"].as_str().expect("a digest"));
    app.0.inject(Match::get(path).always(), lie(&other()));
    let outcome = app.rls("manifest app:multi").run();
    assert_eq!((outcome.code, outcome.stderr.matches(&other()).count()), (Some(0), 1), "{outcome}");
    let outcome = app.rls("tags app -l --match multi").run();
    assert_eq!((outcome.code, outcome.stderr.matches(&other()).count()), (Some(0), 1), "{outcome}");
}

#[test]
fn a_digest_of_another_algorithm_is_accepted() {
    let app = App::new();
    let manifest: Value = json!({ "schemaVersion": 2, "layers": [] });
    let bytes = manifest.to_string();
    let longer = format!("sha512:{}", "cf".repeat(64));
    let content_type = crate::custom_manifests::IMAGE;
    let digest = app.0.push_raw_manifest("app", "1.0", content_type, bytes.clone());
    // When asked by one algorithm, crane's registry returns the digest by the other.
    let named = registry_ls::name::Digest::of(registry_ls::name::Algorithm::Sha512, bytes.as_bytes());
    app.0.push_raw_manifest("app", named.as_str(), content_type, bytes);
    app.0.inject(Match::under("/v2/app/manifests/sha512:").always(), lie(digest.as_ref()));
    app.0.inject(Match::get(format!("/v2/app/manifests/{digest}")).always(), lie(&longer));
    for digest in [digest.to_string(), named.to_string()] {
        assert_eq!(*app.rls("digest").arg(format!("app@{digest}")).succeeds(), format!("{digest}\n"));
        let shown = app.rls("manifest --format {{digest}}").arg(format!("app@{digest}")).succeeds();
        assert_eq!(*shown, format!("{digest}\n"));
    }
    assert!(Digest::parse(&longer).is_some());
}
