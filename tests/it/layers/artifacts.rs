//! Artifacts: their layers may be files.

use insta::assert_snapshot;
use serde_json::json;

use super::{Tar, gzip};
use crate::custom_manifests::{App, image, with};

#[test]
fn titled_layers_are_files() {
    let app = App::new();
    let titled = |title: &str, content: &str| {
        let layer = app.blob("application/vnd.oci.image.layer.v1.tar", content);
        with(layer, json!({ "annotations": { "org.opencontainers.image.title": title } }))
    };
    let (readme, data) = (titled("README.md", "# Hello\n"), titled("data/table.csv", "a,b\n"));
    let config = app.blob("application/vnd.oci.empty.v1+json", "{}");
    let members = json!({ "artifactType": "application/vnd.example", "config": config, "layers": [readme, data] });
    app.push("1", &image(members));
    assert_snapshot!(app.rls("files app:1 -o table").succeeds(), @"
    MODE        OWNER  SIZE  MODIFIED  PATH
    -rw-r--r--  0:0    8 B   -         /README.md
    drwxr-xr-x  0:0    -     -         /data
    -rw-r--r--  0:0    4 B   -         /data/table.csv
    ");
    assert_eq!(&*app.rls("cat app:1 data/table.csv").succeeds(), "a,b\n");
    assert_eq!(app.request_count(readme["digest"].as_str().expect("a digest")), 0);
}

#[test]
fn a_chart_is_an_archive_and_other_layers_are_named_by_their_digests() {
    let app = App::new();
    let chart = gzip(&Tar::new().file("chart/Chart.yaml", "name: chart\n").bytes());
    let chart = app.blob("application/vnd.cncf.helm.chart.content.v1.tar+gzip", chart);
    let config = app.blob("application/vnd.cncf.helm.config.v1+json", r#"{"name":"chart"}"#);
    app.push("chart", &image(json!({ "config": config, "layers": [chart] })));
    assert_eq!(&*app.rls("cat app:chart chart/Chart.yaml").succeeds(), "name: chart\n");
    let sbom = app.blob("application/spdx+json", r#"{"spdxVersion":"SPDX-2.3"}"#);
    let digest = sbom["digest"].as_str().expect("a digest").to_owned();
    app.push("sbom", &image(json!({ "artifactType": "application/spdx+json", "config": config, "layers": [sbom] })));
    assert_eq!(&*app.rls("files app:sbom").succeeds(), format!("/{digest}\n"));
    assert_eq!(&*app.rls("cat app:sbom").arg(digest).succeeds(), r#"{"spdxVersion":"SPDX-2.3"}"#);
}
