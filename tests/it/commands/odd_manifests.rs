//! Manifests with fields that are null, absent, empty or of another type, and manifests with a wrong content type.

use insta::assert_snapshot;
use registry_fixture::content::media_type;
use registry_fixture::{Fault, Match};
use serde_json::json;

use crate::custom_manifests::{App, IMAGE, INDEX, image, index, with};

const ARTIFACT: &str = "application/vnd.oci.artifact.manifest.v1+json";

#[test]
fn null_absent_and_empty_fields_are_the_same() {
    let app = App::new();
    let config = app.config("linux/amd64", "2026-11-18T09:12:00Z");
    let layer = app.layer(100);
    let child = app.image("good", "linux/amd64", "2026-11-18T09:12:00Z");
    let artifact = json!({ "mediaType": ARTIFACT, "artifactType": "example/sbom" });
    let platform = |platform| index(json!({ "manifests": [with(child.clone(), json!({ "platform": platform }))] }));
    for (tag, manifest) in [
        ("no-layers", image(json!({ "config": config }))),
        ("layers-null", image(json!({ "config": config, "layers": null }))),
        (
            "docker-layers-null",
            with(image(json!({ "layers": null })), json!({ "mediaType": media_type::DOCKER_MANIFEST })),
        ),
        ("config-null", image(json!({ "config": null, "layers": [layer] }))),
        ("config-empty", image(json!({ "config": {}, "layers": [layer, null, {}] }))),
        ("index-null", index(json!({ "manifests": null }))),
        ("index-absent", index(json!({}))),
        ("index-of-null", index(json!({ "manifests": [null, {}], "subject": null }))),
        ("artifact-no-blobs", artifact.clone()),
        ("artifact-null", with(artifact, json!({ "blobs": null, "annotations": null }))),
        ("annotation-null", image(json!({ "layers": [layer], "annotations": { "a": null, "b": "c" } }))),
        ("arch-null", platform(json!({ "os": "linux", "architecture": null }))),
        ("platform-empty", platform(json!({ "os": "", "variant": null }))),
        ("platform-null", platform(json!(null))),
        ("variant-empty", platform(json!({ "os": "linux", "architecture": "amd64", "variant": "" }))),
        ("type-empty", image(json!({ "mediaType": "", "config": config, "layers": [layer], "artifactType": "" }))),
    ] {
        app.push(tag, &manifest);
    }
    let rows = app
        .rls("tags app -l --format")
        .arg("{{ tag }} {{ mediaType }} {{ platforms|join(',') or '-' }} {{ size }} {{ created }}");
    assert_snapshot!(rows.succeeds(), @"
    annotation-null application/vnd.oci.image.manifest.v1+json - 100 -
    arch-null application/vnd.oci.image.index.v1+json linux/amd64 170 2026-11-18T09:12:00Z
    artifact-no-blobs application/vnd.oci.artifact.manifest.v1+json - 0 -
    artifact-null application/vnd.oci.artifact.manifest.v1+json - 0 -
    config-empty application/vnd.oci.image.manifest.v1+json - 100 -
    config-null application/vnd.oci.image.manifest.v1+json - 100 -
    docker-layers-null application/vnd.docker.distribution.manifest.v2+json - 0 -
    good application/vnd.oci.image.manifest.v1+json linux/amd64 170 2026-11-18T09:12:00Z
    index-absent application/vnd.oci.image.index.v1+json - 0 -
    index-null application/vnd.oci.image.index.v1+json - 0 -
    index-of-null application/vnd.oci.image.index.v1+json - 0 -
    layers-null application/vnd.oci.image.manifest.v1+json linux/amd64 70 2026-11-18T09:12:00Z
    no-layers application/vnd.oci.image.manifest.v1+json linux/amd64 70 2026-11-18T09:12:00Z
    platform-empty application/vnd.oci.image.index.v1+json linux/amd64 170 2026-11-18T09:12:00Z
    platform-null application/vnd.oci.image.index.v1+json linux/amd64 170 2026-11-18T09:12:00Z
    type-empty application/vnd.oci.image.manifest.v1+json linux/amd64 170 2026-11-18T09:12:00Z
    variant-empty application/vnd.oci.image.index.v1+json linux/amd64 170 2026-11-18T09:12:00Z
    ");
    for tag in app.0.tags("app") {
        let digest = app.digest(&tag);
        let shown = app.rls("manifest --format {{digest}}").arg(format!("app:{tag}")).succeeds();
        assert_eq!(*shown, format!("{digest}\n"), "{tag}");
    }
    let annotations = app.rls("manifest app:annotation-null --format").arg("{{ annotations|tojson }}");
    assert_snapshot!(annotations.succeeds(), @r#"{"a": "", "b": "c"}"#);
}

#[test]
fn an_unreadable_part_affects_only_its_dependents() {
    let app = App::new();
    let config = app.config("linux/amd64", "2026-11-18T09:12:00Z");
    let layer = app.layer(100);
    for (tag, manifest) in [
        (
            "annotation-number",
            image(json!({ "config": config, "layers": [layer], "annotations": { "a": 1, "b": "c" } })),
        ),
        (
            "digest-short",
            image(json!({ "config": config, "layers": [with(layer.clone(), json!({ "digest": "sha256:00" }))] })),
        ),
        ("layers-text", image(json!({ "config": config, "layers": "nonsense" }))),
        (
            "size-negative",
            image(json!({ "config": config, "layers": [with(layer.clone(), json!({ "size": -1 })), layer] })),
        ),
        ("unheard-of", json!({ "schemaVersion": 3, "mediaType": "application/vnd.example.future+json", "parts": [] })),
        ("upper-case", image(json!({ "config": config, "Layers": [layer] }))),
    ] {
        app.push(tag, &manifest);
    }
    assert_snapshot!(app.rls("tags app -l").run(), @r#"
    exit 5
    --- stdout
    annotation-number→sha256:3dbc088e7d51715323ae1d539fcc333a732c8c692a64fb583998934a15683db4→application/vnd.oci.image.manifest.v1+json→linux/amd64→-→2026-11-18T09:12:00Z→image→-→-
    digest-short→sha256:d1531946def8b2b6d79058fa97a4a586a430c871fc694367fdae797805fc66c5→application/vnd.oci.image.manifest.v1+json→linux/amd64→-→2026-11-18T09:12:00Z→image→-→-
    layers-text→sha256:91a74fae38857ebcd5b78b0505c17929a48712715e50da9973c7b3b27c1189e8→application/vnd.oci.image.manifest.v1+json→linux/amd64→-→2026-11-18T09:12:00Z→image→-→-
    size-negative→sha256:aea453bb013693954fd510fe41ba170b40b5d5d4675e6c2c0c91e1b2465384e4→application/vnd.oci.image.manifest.v1+json→linux/amd64→-→2026-11-18T09:12:00Z→image→-→-
    unheard-of→sha256:df48db69eb5353aab9b6e31ff17b22bcac2a50a68cebb20ca733b7b4820f2044→application/vnd.example.future+json→-→-→-→-→-→-
    upper-case→sha256:02c985b4fedfb6266bbf67d357e53c6682f3fcca394f220c6a08ea9a5281b1c3→application/vnd.oci.image.manifest.v1+json→-→-→-→-→-→-
    --- stderr
    error: cannot read all of app:annotation-number
    cause: manifest sha256:3dbc088e7d51715323ae1d539fcc333a732c8c692a64fb583998934a15683db4 is malformed
    cause: annotations.a: invalid type: integer `1`, expected a string
    error: cannot read all of app:digest-short
    cause: manifest sha256:d1531946def8b2b6d79058fa97a4a586a430c871fc694367fdae797805fc66c5 is malformed
    cause: layers[0].digest: 'sha256:00' is not a digest: sha256 has 64 hexadecimal digits, this digest has 2
    error: cannot read all of app:layers-text
    cause: manifest sha256:91a74fae38857ebcd5b78b0505c17929a48712715e50da9973c7b3b27c1189e8 is malformed
    cause: layers: invalid type: string "nonsense", expected a sequence
    error: cannot read all of app:size-negative
    cause: manifest sha256:aea453bb013693954fd510fe41ba170b40b5d5d4675e6c2c0c91e1b2465384e4 is malformed
    cause: layers[0].size: must not be negative
    error: cannot read all of app:unheard-of
    cause: manifest sha256:df48db69eb5353aab9b6e31ff17b22bcac2a50a68cebb20ca733b7b4820f2044 is malformed
    cause: it has neither manifests nor layers
    error: cannot read all of app:upper-case
    cause: manifest sha256:02c985b4fedfb6266bbf67d357e53c6682f3fcca394f220c6a08ea9a5281b1c3 is malformed
    cause: the member Layers should be written layers at line 1 column 243
    "#);
    assert_snapshot!(app.rls("manifest app:size-negative").run(), @"
    exit 5
    --- stdout
    repository→app
    tag→size-negative
    digest→sha256:aea453bb013693954fd510fe41ba170b40b5d5d4675e6c2c0c91e1b2465384e4
    mediaType→application/vnd.oci.image.manifest.v1+json
    type→image
    size→-
    blobs→-
    created→2026-11-18T09:12:00Z
    layers→sha256:d4d79b146ba203be0bf2fe0a86f30b468d18ecfca3d1605fd4aca2e88fdc65d9→application/vnd.oci.image.layer.v1.tar+gzip→-
    layers→sha256:d4d79b146ba203be0bf2fe0a86f30b468d18ecfca3d1605fd4aca2e88fdc65d9→application/vnd.oci.image.layer.v1.tar+gzip→100
    config.digest→sha256:e54f207f5473419485c365f6bc15923957fba42991347ad21ca2926dd4dff30f
    config.created→2026-11-18T09:12:00Z
    config.architecture→amd64
    config.os→linux
    --- stderr
    error: cannot read all of app:size-negative
    cause: manifest sha256:aea453bb013693954fd510fe41ba170b40b5d5d4675e6c2c0c91e1b2465384e4 is malformed
    cause: layers[0].size: must not be negative
    ");
    assert_snapshot!(app.rls("manifest app:annotation-number -o table").run(), @"
    exit 5
    --- stdout
    app:annotation-number
      digest      sha256:3dbc088e7d51715323ae1d539fcc333a732c8c692a64fb583998934a15683db4
      type        image, application/vnd.oci.image.manifest.v1+json
      platform    linux/amd64
      size        -
      created     2026-11-18 09:12 UTC (SOME TIME ago)

      layers
        sha256:d4d79b146ba2   100 B   application/vnd.oci.image.layer.v1.tar+gzip

      annotations
        b   c
    --- stderr
    error: cannot read all of app:annotation-number
    cause: manifest sha256:3dbc088e7d51715323ae1d539fcc333a732c8c692a64fb583998934a15683db4 is malformed
    cause: annotations.a: invalid type: integer `1`, expected a string
    ");
    assert_snapshot!(app.rls("manifest app:unheard-of").run(), @"
    exit 5
    --- stdout
    repository→app
    tag→unheard-of
    digest→sha256:df48db69eb5353aab9b6e31ff17b22bcac2a50a68cebb20ca733b7b4820f2044
    mediaType→application/vnd.example.future+json
    size→-
    blobs→-
    created→-
    --- stderr
    error: cannot read all of app:unheard-of
    cause: manifest sha256:df48db69eb5353aab9b6e31ff17b22bcac2a50a68cebb20ca733b7b4820f2044 is malformed
    cause: it has neither manifests nor layers
    ");
}

#[test]
fn an_unknown_content_type_is_ignored() {
    let app = App::new();
    app.image("1.0", "linux/amd64", "2026-11-18T09:12:00Z");
    app.push("multi", &index(json!({ "manifests": null })));
    for content_type in [
        "binary/octet-stream",
        "text/json",
        "text/html",
        "text/html; charset=utf-8",
        "unknown",
        "invalid content type",
        media_type::SCHEMA1_SIGNED,
        media_type::SCHEMA1,
    ] {
        app.0.clear_faults();
        for method in ["GET", "HEAD"] {
            let which = Match::under("/v2/app/manifests/").method(method.parse().expect("a method"));
            app.0.inject(which.always(), Fault::header("Content-Type", content_type));
        }
        let types = app.rls("tags app -l --format {{mediaType}}").succeeds();
        assert_eq!(*types, format!("{IMAGE}\n{INDEX}\n"), "{content_type}");
        let shown = app.rls("manifest app:1.0 --format {{mediaType}}").succeeds();
        assert_eq!(*shown, format!("{IMAGE}\n"), "{content_type}");
        let planned = app.rls("rm -n app:1.0").run();
        assert_eq!(planned.code, Some(0), "{content_type}: {planned}");
    }
}

#[test]
fn docker_and_oci_media_types_are_interchangeable() {
    let app = App::new();
    let layer = app.layer(100);
    app.push_as("1.0", media_type::DOCKER_MANIFEST, &image(json!({ "layers": [layer] })));
    app.push_as("multi", media_type::DOCKER_LIST, &index(json!({ "manifests": [] })));
    assert_eq!(*app.rls("tags app -l --format {{mediaType}}").succeeds(), format!("{IMAGE}\n{INDEX}\n"));
}

#[test]
fn a_body_without_a_type_is_recognised_by_its_fields() {
    let app = App::new();
    let layer = app.layer(100);
    app.push_as("1.0", "invalid content type", &json!({ "schemaVersion": 2, "layers": [layer] }));
    assert_snapshot!(app.rls("manifest app:1.0 --format {{mediaType}}").run(), @"
    exit 0
    --- stdout
    application/vnd.oci.image.manifest.v1+json
    --- stderr
    warning: the registry states no media type for app:1.0; assuming application/vnd.oci.image.manifest.v1+json
    ");
    assert_snapshot!(app.rls("tags app -l").run(), @"
    exit 0
    --- stdout
    1.0→sha256:11aa4e69537e61b38ee5fc26de9c74536e5895e188d19b1a411502ee45cdc31c→application/vnd.oci.image.manifest.v1+json→-→100→-→image→-→-
    --- stderr
    warning: the registry states no media type for app:1.0; assuming application/vnd.oci.image.manifest.v1+json
    ");
}

#[test]
fn an_index_with_the_media_type_of_an_image_is_refused() {
    let app = App::new();
    let child = app.image("1.0", "linux/amd64", "2026-11-18T09:12:00Z");
    let members = json!({ "manifests": [child] });
    app.push_as("served", IMAGE, &index(members.clone()));
    app.push_as("both", INDEX, &index(with(members, json!({ "layers": [] }))));
    app.push_as("untyped", IMAGE, &json!({ "schemaVersion": 2, "manifests": [] }));
    for tag in ["served", "both", "untyped"] {
        let outcome = app.rls("manifest").arg(format!("app:{tag}")).run();
        assert_eq!((outcome.code, &*outcome.stdout), (Some(9), ""), "{outcome}");
        assert!(outcome.stderr.starts_with(&format!("error: app:{tag} is ambiguous\n")), "{outcome}");
    }
    assert_snapshot!(app.rls("tags app -l").run(), @"
    exit 6
    --- stdout
    1.0→sha256:408fdbe1bb7cda3d12e178b4036903cebc54d00add7525ff4bf723d4979cdfa1→application/vnd.oci.image.manifest.v1+json→linux/amd64→170→2026-11-18T09:12:00Z→image→-→-
    both→sha256:74683be8fd338e6c0002953151adf726b5c80a016af1df0f7f79739137de4ac7→-→-→-→-→-→-→-
    served→sha256:c4d35520ec5c74dc824d8f98f46944058d9a1b3ba53bc75f3a09f385de4b5e85→-→-→-→-→-→-→-
    untyped→sha256:bc5857ac9458293d5111ab85c952172cd7f56bceb4e3014ddc4cafac8927b313→-→-→-→-→-→-→-
    --- stderr
    error: app:both is ambiguous
    cause: it has members of an index and of an image: both manifests and layers or config
    error: app:served is ambiguous
    cause: Content-Type and mediaType differ: application/vnd.oci.image.manifest.v1+json and application/vnd.oci.image.index.v1+json
    error: app:untyped is ambiguous
    cause: Content-Type is application/vnd.oci.image.manifest.v1+json, but its members are those of an index
    ");
}

#[test]
fn an_html_page_instead_of_a_manifest_is_reported_as_one() {
    let app = App::new();
    app.image("1.0", "linux/amd64", "2026-11-18T09:12:00Z");
    for page in ["<!doctype html><html>log in</html>", r#"{"errors":[]}"#] {
        app.0.clear_faults();
        let faults = [Fault::header("Content-Type", "text/html"), Fault::body(page)];
        for fault in faults {
            app.0.inject(Match::get("/v2/app/manifests/1.0").always(), fault);
        }
        let outcome = app.rls("manifest app:1.0").run();
        assert_eq!((outcome.code, &*outcome.stdout), (Some(5), ""), "{outcome}");
        assert!(outcome.stderr.contains("text/html page"), "{outcome}");
    }
}
