//! Creation dates: the same in every command, from the best available source.

use insta::assert_snapshot;
use registry_fixture::content::media_type;
use serde_json::{Value, json};

use crate::custom_manifests::{App, CONFIG, image, index, with};

const CREATED: &str = "org.opencontainers.image.created";

fn annotated(manifest: Value, created: &str) -> Value {
    with(manifest, json!({ "annotations": { CREATED: created } }))
}

fn dates(app: &App) -> String {
    app.rls("tags app -l --format").arg("{{ tag }} {{ created }}").succeeds().to_string()
}

#[test]
fn dates_fixed_by_reproducible_builds_are_unknown() {
    let app = App::new();
    for (tag, created) in [
        ("buildpack", "1980-01-01T00:00:01Z"),
        ("go", "0001-01-01T00:00:00Z"),
        ("later", "2126-01-02T03:04:05Z"),
        ("nineties", "1999-12-31T23:59:59Z"),
        ("real", "2026-11-18T09:12:00Z"),
        ("unix", "1970-01-01T00:00:00Z"),
        ("zip", "1980-01-01T00:00:00Z"),
        ("zone", "1980-01-01T01:00:01+01:00"),
    ] {
        app.image(tag, "linux/amd64", created);
    }
    assert_snapshot!(dates(&app), @"
    buildpack -
    go -
    later -
    nineties -
    real 2026-11-18T09:12:00Z
    unix -
    zip -
    zone -
    ");
    let json = app.rls("tags app -l -o jsonl --match zip").succeeds();
    assert!(json.contains(r#""created":null"#), "{json}");
    assert_snapshot!(app.rls("tags app --sort created").succeeds(), @"
    real
    buildpack
    go
    later
    nineties
    unix
    zip
    zone
    ");
    assert_snapshot!(app.rls("manifest app:buildpack -o table").succeeds(), @"
    app:buildpack
      digest      sha256:e46603cfdb7c671abf402ae40cb196ea67419ae6cfc71764b95879f929b51be3
      type        image, application/vnd.oci.image.manifest.v1+json
      platform    linux/amd64
      size        170 B in 2 blobs

      layers
        sha256:d4d79b146ba2   100 B   application/vnd.oci.image.layer.v1.tar+gzip
    ");
    let kept = app.rls("prune app --older-than 30d --format").arg("{{ tag }} {{ action }}").run();
    assert!(!kept.stdout.contains("would-remove"), "{kept}");
}

#[test]
fn the_best_source_of_a_date_wins() {
    let app = App::new();
    let layer = app.layer(10);
    let chart =
        |version: &str| app.blob("application/vnd.cncf.helm.config.v1+json", format!(r#"{{"version":"{version}"}}"#));
    let manifest = |config: Value| image(json!({ "config": config, "layers": [layer] }));
    let undated = app.blob(CONFIG, r#"{"os":"linux","architecture":"amd64"}"#);
    let model = |name: &str| app.blob(name, r#"{"descriptor":{"createdAt":"2025-01-01T00:00:00Z"}}"#);
    app.push("chart", &annotated(manifest(chart("1")), "2024-04-10T12:53:50+02:00"));
    app.push("chart-undated", &manifest(chart("2")));
    app.push("config", &annotated(manifest(app.config("linux/amd64", "2026-11-18T09:12:00Z")), "2024-04-10T12:53:50Z"));
    app.push("fixed", &annotated(manifest(app.config("linux/amd64", "1980-01-01T00:00:01Z")), "2024-04-10T12:53:50Z"));
    app.push("model", &manifest(model("application/vnd.cncf.model.config.v1+json")));
    app.push("model-docker", &manifest(model("application/vnd.docker.ai.model.config.v0.1+json")));
    app.push("nonsense", &annotated(manifest(chart("3")), "last Tuesday"));
    let image = app.push("undated", &manifest(undated));
    app.push("index", &annotated(index(json!({ "manifests": [image] })), "2025-05-05T05:05:05Z"));
    let dated = app.image("1.0", "linux/amd64", "2026-11-18T09:12:00Z");
    app.push("index-dated", &annotated(index(json!({ "manifests": [image, dated] })), "2025-05-05T05:05:05Z"));
    let v1 = |created: &str| json!({ "v1Compatibility": json!({ "id": "a", "created": created }).to_string() });
    let history = json!([v1("2016-05-01T10:00:00Z"), v1("2015-05-01T10:00:00Z"), { "v1Compatibility": "nonsense" }]);
    let old = json!({ "schemaVersion": 1, "architecture": "amd64", "fsLayers": [], "history": history });
    app.push_as("schema1", media_type::SCHEMA1, &old);
    let history = json!([v1("1980-01-01T00:00:01Z"), v1("2015-05-01T10:00:00Z")]);
    let fixed = json!({ "schemaVersion": 1, "architecture": "amd64", "fsLayers": [], "history": history });
    app.push_as("schema1-fixed", media_type::SCHEMA1, &fixed);
    assert_snapshot!(dates(&app), @"
    1.0 2026-11-18T09:12:00Z
    chart 2024-04-10T10:53:50Z
    chart-undated -
    config 2026-11-18T09:12:00Z
    fixed 2024-04-10T12:53:50Z
    index 2025-05-05T05:05:05Z
    index-dated 2026-11-18T09:12:00Z
    model 2025-01-01T00:00:00Z
    model-docker 2025-01-01T00:00:00Z
    nonsense -
    schema1 2016-05-01T10:00:00Z
    schema1-fixed -
    undated -
    ");
    // Every command has the same answer.
    for line in dates(&app).lines() {
        let (tag, created) = line.split_once(' ').expect("two fields");
        let shown = app.rls("manifest --format").arg("{{ created }}").arg(format!("app:{tag}")).succeeds();
        assert_eq!(*shown, format!("{created}\n"), "{tag}");
    }
    let pruned = app.rls("prune app --older-than 1d --format").arg("{{ tag }} {{ created }}").run();
    let mut pruned: Vec<_> = pruned.stdout.lines().collect();
    pruned.sort_unstable();
    assert_eq!(pruned, dates(&app).lines().collect::<Vec<_>>());
    assert_snapshot!(app.rls("tags app --sort created").succeeds(), @"
    1.0
    config
    index-dated
    index
    model
    model-docker
    fixed
    chart
    schema1
    chart-undated
    nonsense
    schema1-fixed
    undated
    ");
}
