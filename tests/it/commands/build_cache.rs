//! BuildKit's cache, an index of layers and one config.

use insta::assert_snapshot;
use registry_fixture::{Fault, Match};
use serde_json::{Value, json};

use crate::custom_manifests::{App, image, index, with};

const CACHE_CONFIG: &str = "application/vnd.buildkit.cacheconfig.v0";

/// `app:cache` beside `app:1.0` and `app:1.1`; whoever asks for a blob as a manifest is answered as docker's registry
/// 2.8 does. With the descriptors of what is in the cache.
fn app() -> (App, Vec<Value>) {
    let app = App::new();
    app.image("1.0", "linux/amd64", "2026-11-18T09:12:00Z");
    app.image("1.1", "linux/arm64", "2026-11-19T09:12:00Z");
    let created = |second| json!({ "annotations": { "buildkit/createdat": format!("2026-07-02T17:08:0{second}Z") } });
    let mut parts: Vec<_> = (1..4).map(|part| with(app.layer(1000 * part), created(part))).collect();
    parts.push(app.blob(CACHE_CONFIG, "{\"layers\":[],\"records\":[]}"));
    app.push("cache", &index(json!({ "manifests": parts })));
    for part in &parts {
        let path = format!("/v2/app/manifests/{}", part["digest"].as_str().expect("a digest"));
        app.0.inject(Match::path(path).always(), Fault::status(500));
    }
    (app, parts)
}

fn requested_a_part(app: &App, parts: &[Value]) -> bool {
    parts
        .iter()
        .any(|part| app.request_count(&format!("/manifests/{}", part["digest"].as_str().expect("a digest"))) > 0)
}

#[test]
fn a_build_cache_is_listed_like_other_tags() {
    let (app, parts) = app();
    let rows = app.rls("tags app -l --format").arg("{{ tag }} {{ mediaType }} {{ size }} {{ created }}").succeeds();
    assert_snapshot!(rows, @"
    1.0 application/vnd.oci.image.manifest.v1+json 170 2026-11-18T09:12:00Z
    1.1 application/vnd.oci.image.manifest.v1+json 170 2026-11-19T09:12:00Z
    cache application/vnd.oci.image.index.v1+json 6026 2026-07-02T17:08:03Z
    ");
    assert!(!requested_a_part(&app, &parts));
}

#[test]
fn the_parts_of_a_build_cache_are_shown_with_their_types() {
    let (app, parts) = app();
    assert_snapshot!(app.rls("manifest app:cache -o table").succeeds(), @"
    app:cache
      digest      sha256:1be1388b9ef3cc1f09e2097dd921a1c6ac4ded75011319d67c64d180e0fd48c0
      type        build cache, application/vnd.oci.image.index.v1+json
      size        6.0 kB in 4 blobs
      created     2026-07-02 17:08 UTC (SOME TIME ago)

      layers
        sha256:45849646c503   1.0 kB   application/vnd.oci.image.layer.v1.tar+gzip
        sha256:c0646580c861   2.0 kB   application/vnd.oci.image.layer.v1.tar+gzip
        sha256:c4b70e7fbd60   3.0 kB   application/vnd.oci.image.layer.v1.tar+gzip
        sha256:77b64734450f   26 B     application/vnd.buildkit.cacheconfig.v0
    ");
    assert_snapshot!(app.rls("manifest app:cache -o json").succeeds(), @r#"
    [
      {
        "registry": "http://REGISTRY",
        "reference": "http://REGISTRY/app:cache",
        "repository": "app",
        "tag": "cache",
        "digest": "sha256:1be1388b9ef3cc1f09e2097dd921a1c6ac4ded75011319d67c64d180e0fd48c0",
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "type": "build-cache",
        "size": 6026,
        "blobs": 4,
        "created": "2026-07-02T17:08:03Z",
        "annotations": {},
        "platforms": [],
        "layers": [
          {
            "digest": "sha256:45849646c50337988ccc877d23fcc0de50d1df7490fdc3b9333aed0de8ab492a",
            "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
            "size": 1000,
            "annotations": {
              "buildkit/createdat": "2026-07-02T17:08:01Z"
            }
          },
          {
            "digest": "sha256:c0646580c86134f7c28002c81520bbcd5389de0b544e07ea2e550d70d042039e",
            "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
            "size": 2000,
            "annotations": {
              "buildkit/createdat": "2026-07-02T17:08:02Z"
            }
          },
          {
            "digest": "sha256:c4b70e7fbd6086968a875baf59b93198bc533362ffa6a40ce506b364553b7e27",
            "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
            "size": 3000,
            "annotations": {
              "buildkit/createdat": "2026-07-02T17:08:03Z"
            }
          },
          {
            "digest": "sha256:77b64734450ff25a550c9dd6da09bd40ca086ad0c62c4e8af1afc689173454a3",
            "mediaType": "application/vnd.buildkit.cacheconfig.v0",
            "size": 26
          }
        ]
      }
    ]
    "#);
    assert!(!requested_a_part(&app, &parts));
    let outcome = app.rls("manifest app:cache --config").run();
    assert!(outcome.code == Some(3) && outcome.stderr.ends_with("cause: it lists no images\n"), "{outcome}");
}

#[test]
fn a_build_cache_and_its_neighbours_can_be_removed() {
    let (app, parts) = app();
    assert_eq!(app.rls("rm app:1.0").run().code, Some(0));
    assert_eq!(app.rls("prune app --keep-last 1 --sort version --yes").run().code, Some(0));
    assert_eq!(app.rls("rm app:cache").run().code, Some(0));
    assert_eq!(app.0.tags("app"), ["1.1"]);
    assert!(!requested_a_part(&app, &parts));
}

#[test]
fn a_build_cache_stored_as_an_image_has_a_date() {
    let app = App::new();
    let created = json!({ "annotations": { "buildkit/createdat": "2026-07-02T17:08:01Z" } });
    let config = app.blob(CACHE_CONFIG, "{}");
    app.push("cache", &image(json!({ "config": config, "layers": [with(app.layer(10), created)] })));
    let row = app.rls("tags app -l --format").arg("{{ size }} {{ created }}").succeeds();
    assert_eq!(&*row, "12 2026-07-02T17:08:01Z\n");
}

#[test]
fn possible_manifests_are_requested() {
    let app = App::new();
    let child = app.image("1.0", "linux/amd64", "2026-11-18T09:12:00Z");
    for media_type in ["", "application/json", "application/vnd.example.unheard-of"] {
        let child = with(child.clone(), json!({ "mediaType": media_type }));
        app.push("multi", &index(json!({ "manifests": [child] })));
        let row = app.rls("tags app -l --match multi --format").arg("{{ platforms|join(',') }} {{ size }}").succeeds();
        assert_eq!(&*row, "linux/amd64 170\n", "{media_type}");
    }
}
