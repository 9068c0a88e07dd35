//! What `rls tags -l` and `rls manifest` call artifacts, and what they say about them.

use insta::assert_snapshot;
use registry_fixture::content::kinds::{artifacts, referrers};
use registry_fixture::content::{ImageSpec, IndexSpec, cosign_attestation, cosign_sbom, cosign_signature, schema1};
use serde_json::json;
use test_support::Rls;

use crate::custom_manifests::{App, index, with};
use crate::registries::empty;

/// The tag of the artifact at a position.
fn tag(position: usize, kind: &str) -> String {
    format!("{position:02}-{kind}")
}

#[test]
fn every_kind_is_named() {
    let registry = empty();
    let image = ImageSpec::new("app").build();
    let all = artifacts().into_iter().chain(referrers(image.root()));
    let cosign = [
        ("signature", cosign_signature(image.root())),
        ("attestation", cosign_attestation(image.root())),
        ("sbom", cosign_sbom(image.root())),
    ];
    let own = [
        ("image", image.clone()),
        ("index", IndexSpec::three_platforms("app").build()),
        ("schema1", schema1("app", "latest", "app")),
    ];
    let mut expected = String::new();
    for (position, (kind, content)) in all.chain(cosign).chain(own).enumerate() {
        registry.push("app", &tag(position, kind), &content);
        expected.push_str(&format!("{}\t{kind}\n", tag(position, kind)));
    }
    let listed = Rls::at(&registry).words("tags app -l --format").arg("{{ tag }}\t{{ type }}").succeeds();
    assert_eq!(listed.replace('→', "\t"), expected);
    for line in expected.lines() {
        let (tag, kind) = line.split_once('\t').expect("a tag and a kind");
        let shown = Rls::at(&registry).words("manifest --format {{type}}").arg(format!("app:{tag}")).succeeds();
        assert_eq!(*shown, format!("{kind}\n"), "{tag}");
    }
}

#[test]
fn artifacts_are_described_in_the_table() {
    let registry = empty();
    for (position, (kind, content)) in artifacts().into_iter().enumerate() {
        registry.push("app", &tag(position, kind), &content);
    }
    assert_snapshot!(Rls::at(&registry).words("tags app -l -o table --exclude 05*").succeeds(), @"
    TAG             PLATFORMS                                SIZE    CREATED       DIGEST
    00-chart        chart, app 2.1                           2.2 kB  NN years ago  sha256:0c86cbb7c49e
    01-model        model, 3.2                               194 B   NN years ago  sha256:385a23a7365e
    02-model        model                                    172 B   NN years ago  sha256:4ec3977a134f
    03-model        model                                    67 B    -             sha256:f195f4bdab35
    04-wasm         Wasm module, component.wasm              96 B    NN years ago  sha256:c4122418682e
    06-build-cache  build cache                              2.1 kB  -             sha256:36a94d944d58
    07-plugin       plugin                                   2.1 kB  -             sha256:2970628fb791
    08-cnab         CNAB bundle                              28 B    -             sha256:e6beced91c41
    09-artifact     artifact, hello.txt, data.bin            12 B    -             sha256:46b37acd9264
    10-artifact     artifact, application/vnd.example.thing  2 B     -             sha256:d1cbe215b757
    ");
    let versions = Rls::at(&registry)
        .words("tags app -l --match *-chart --match *-model --format")
        .arg("{{ tag }} {{ version }} {{ appVersion }} {{ artifactType }} {{ files|join(',') }} {{ created }}");
    assert_snapshot!(versions.succeeds(), @"
    00-chart 0.9.0 2.1 application/vnd.cncf.helm.config.v1+json  2002-01-02T03:04:05Z
    01-model 3.2 - application/vnd.cncf.model.config.v1+json model.gguf 2002-01-02T03:04:05Z
    02-model - - application/vnd.docker.ai.model.config.v0.1+json  2002-01-02T03:04:05Z
    03-model - - -  -
    ");
}

#[test]
fn a_chart_has_the_versions_of_its_config() {
    let registry = empty();
    let chart = artifacts().remove(0).1;
    registry.push("web", "0.9.0", &chart);
    assert_snapshot!(Rls::at(&registry).words("manifest web:0.9.0 -o table").succeeds(), @"
    web:0.9.0
      digest      sha256:0c86cbb7c49e39b7d7958df79b434bea2ce354416f75cfacd4cd2c54d500c17a
      type        chart 0.9.0, app 2.1, application/vnd.oci.image.manifest.v1+json
      artifact    application/vnd.cncf.helm.config.v1+json
      size        2.2 kB in 2 blobs
      created     2002-01-02 03:04 UTC (SOME TIME ago)

      layers
        sha256:94d697391eba   2.1 kB   application/vnd.cncf.helm.chart.content.v1.tar+gzip

      annotations
        org.opencontainers.image.created   2002-01-02T03:04:05Z
    ");
    assert_snapshot!(Rls::at(&registry).words("manifest web:0.9.0").succeeds(), @"
    repository→web
    tag→0.9.0
    digest→sha256:0c86cbb7c49e39b7d7958df79b434bea2ce354416f75cfacd4cd2c54d500c17a
    mediaType→application/vnd.oci.image.manifest.v1+json
    type→chart
    artifactType→application/vnd.cncf.helm.config.v1+json
    version→0.9.0
    appVersion→2.1
    size→2161
    blobs→2
    created→2002-01-02T03:04:05Z
    annotations→org.opencontainers.image.created→2002-01-02T03:04:05Z
    layers→sha256:94d697391ebaf044bdf5f6f3b2cc265fc075ae40bf1d3fb76f4d2f51a1d8b561→application/vnd.cncf.helm.chart.content.v1.tar+gzip→2071
    ");
}

#[test]
fn a_chart_costs_one_request_for_its_config() {
    let registry = empty();
    let chart = artifacts().remove(0).1;
    registry.push("web", "0.9.0", &chart);
    registry.tag("web", "latest", chart.digest());
    registry.clear_requests();
    Rls::at(&registry).words("tags web -l").succeeds();
    let blobs = registry.lines().iter().filter(|line| line.contains("/blobs/")).count();
    let manifests = registry.lines().iter().filter(|line| line.starts_with("GET /v2/web/manifests/")).count();
    assert_eq!((blobs, manifests), (1, 1), "{:#?}", registry.lines());
}

#[test]
fn a_chart_without_its_config_is_still_a_chart() {
    let registry = empty();
    let chart = artifacts().remove(0).1;
    registry.push("web", "0.9.0", &chart);
    registry.remove_blob("web", &chart.blobs.last().expect("the config").digest);
    let run = Rls::at(&registry).words("tags web -l --format").arg("{{ type }} {{ version }} {{ created }}").run();
    assert_snapshot!(run, @"
    exit 0
    --- stdout
    chart - 2002-01-02T03:04:05Z
    --- stderr
    warning: web:0.9.0: config sha256:2ba6a9d4e8c20655b490fff7c5494ca4344392e8cf113edb33f2d7f7e461f461 is missing from the registry
    ");
}

#[test]
fn files_and_layer_annotations_are_shown() {
    let registry = empty();
    let files = artifacts().into_iter().map(|(_, content)| content).nth_back(1).expect("plain files");
    registry.push("files", "1", &files);
    assert_snapshot!(Rls::at(&registry).words("manifest files:1 -o table").succeeds(), @"
    files:1
      digest      sha256:46b37acd9264a926078fafed1fe825370149c41836e72ea75d7e511ed4a0679e
      type        artifact, application/vnd.oci.image.manifest.v1+json
      artifact    application/vnd.unknown.artifact.v1
      size        12 B in 3 blobs

      layers
        sha256:5891b5b522d5   6 B   text/plain                 hello.txt
        sha256:3a6eb0790f39   4 B   application/octet-stream   data.bin
    ");
    assert_snapshot!(Rls::at(&registry).words("manifest files:1").succeeds(), @"
    repository→files
    tag→1
    digest→sha256:46b37acd9264a926078fafed1fe825370149c41836e72ea75d7e511ed4a0679e
    mediaType→application/vnd.oci.image.manifest.v1+json
    type→artifact
    artifactType→application/vnd.unknown.artifact.v1
    size→12
    blobs→3
    created→-
    layers→sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03→text/plain→6
    layers.annotations→sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03→org.opencontainers.image.title→hello.txt
    layers→sha256:3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7→application/octet-stream→4
    layers.annotations→sha256:3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7→org.opencontainers.image.title→data.bin
    ");
}

#[test]
fn attestations_are_below_their_image_in_both_forms() {
    for index in [
        IndexSpec::three_platforms("app").with_attestations(),
        IndexSpec::three_platforms("app").with_attestation_artifacts(),
    ] {
        let registry = empty();
        registry.push_index("app", "1.0", &index.created("2002-01-02T03:04:05Z"));
        let shown = Rls::at(&registry).words("manifest app:1.0 -o table").succeeds();
        let tree: Vec<_> = shown.lines().filter_map(|line| line.strip_prefix("  linux/arm64")).collect();
        assert_eq!(tree.len(), 1, "{shown}");
        let lines: Vec<_> = shown.lines().collect();
        let image = lines.iter().position(|line| line.starts_with("  linux/arm64")).expect("the image");
        assert!(lines[image + 1].starts_with("    attestation"), "{shown}");
        assert!(lines[image + 1].ends_with("SLSA provenance"), "{shown}");
        let types = Rls::at(&registry)
            .words("manifest app:1.0 --format")
            .arg("{{ platforms|map(attribute='type')|join(' ') }}");
        assert_eq!(&*types.succeeds(), "image image image attestation attestation attestation\n");
    }
}

#[test]
fn nested_indexes_are_a_tree() {
    let app = App::new();
    let child = app.image("child", "linux/amd64", "2002-01-02T03:04:05Z");
    let windows = app.image("windows", "windows/amd64", "2002-01-02T03:04:05Z");
    let platform = json!({ "os": "windows", "architecture": "amd64", "os.version": "10.0.17763.1" });
    let inner = app.push("inner", &index(json!({ "manifests": [with(windows, json!({ "platform": platform }))] })));
    let platform = json!({ "os": "linux", "architecture": "amd64" });
    let list = json!({ "manifests": [with(child, json!({ "platform": platform })), inner] });
    app.push("outer", &index(list));
    assert_snapshot!(app.rls("manifest app:outer -o table").succeeds(), @"
    app:outer
      digest      sha256:e679759ad827b9e30c13f0ad22cebbce6638a80711e0005020eab99c3d87cd28
      type        image index, application/vnd.oci.image.index.v1+json
      size        242 B in 3 blobs
      created     2002-01-02 03:04 UTC (SOME TIME ago)

      linux/amd64                     sha256:d97db057a19e7f2d348cc7ce65770e63a25608c9a90145f410213f7a5f40e137   170 B   created 2002-01-02 03:04 UTC
      image index                     sha256:3cfe9d48b83ad23ece6b678d1e9fb33dd20fba89fcfb4addf91e2568ddd1c56a   172 B   created 2002-01-02 03:04 UTC
        windows(10.0.17763.1)/amd64   sha256:7b02a02eaac7720a308ea33371ee93aad2f6d54caf45970d76050de0ce051d7e   172 B   created 2002-01-02 03:04 UTC
    ");
    assert_snapshot!(app.rls("manifest app:outer").succeeds(), @"
    repository→app
    tag→outer
    digest→sha256:e679759ad827b9e30c13f0ad22cebbce6638a80711e0005020eab99c3d87cd28
    mediaType→application/vnd.oci.image.index.v1+json
    type→index
    size→242
    blobs→3
    created→2002-01-02T03:04:05Z
    platforms→linux/amd64→sha256:d97db057a19e7f2d348cc7ce65770e63a25608c9a90145f410213f7a5f40e137→application/vnd.oci.image.manifest.v1+json→170→2002-01-02T03:04:05Z
    platforms→windows(10.0.17763.1)/amd64→sha256:3cfe9d48b83ad23ece6b678d1e9fb33dd20fba89fcfb4addf91e2568ddd1c56a→application/vnd.oci.image.index.v1+json→172→2002-01-02T03:04:05Z
    platforms.platforms→windows(10.0.17763.1)/amd64→sha256:7b02a02eaac7720a308ea33371ee93aad2f6d54caf45970d76050de0ce051d7e→application/vnd.oci.image.manifest.v1+json→172→2002-01-02T03:04:05Z
    ");
}

#[test]
fn user_ports_volumes_and_working_directory_are_shown() {
    let app = App::new();
    let config = json!({ "os": "linux", "architecture": "amd64", "config": {
        "User": "65532:65532", "WorkingDir": "/srv", "ExposedPorts": { "8080/tcp": {}, "53/udp": {} },
        "Volumes": { "/data": {} }, "Entrypoint": ["/app"] } });
    let config = app.blob(crate::custom_manifests::CONFIG, config.to_string());
    app.push("1.0", &crate::custom_manifests::image(json!({ "config": config, "layers": [app.layer(100)] })));
    assert_snapshot!(app.rls("manifest app:1.0 -o table").succeeds(), @"
    app:1.0
      digest      sha256:79d73673c9ae0b1d55eb749337e37254149c621bb7e2ee3e4666c3d13445534c
      type        image, application/vnd.oci.image.manifest.v1+json
      platform    linux/amd64
      size        277 B in 2 blobs
      entrypoint  /app
      user        65532:65532
      workdir     /srv

      layers
        sha256:d4d79b146ba2   100 B   application/vnd.oci.image.layer.v1.tar+gzip

      ports
        53/udp
        8080/tcp

      volumes
        /data
    ");
    let fields =
        "{{ config.user }} {{ config.workingDir }} {{ config.ports|join(',') }} {{ config.volumes|join(',') }}";
    assert_eq!(
        &*app.rls("manifest app:1.0 --format").arg(fields).succeeds(),
        "65532:65532 /srv 53/udp,8080/tcp /data\n"
    );
}

#[test]
fn the_type_of_an_artifact_is_bounded() {
    let app = App::new();
    let long = "application/".to_owned() + &"x".repeat(3_000_000);
    let manifest = json!({ "schemaVersion": 2, "mediaType": crate::custom_manifests::IMAGE, "artifactType": long,
        "layers": [app.layer(1)] });
    app.push("1.0", &manifest);
    let listed = app.rls("tags app -l --format").arg("{{ type }} {{ artifactType }}").succeeds();
    assert_eq!(&*listed, "artifact -\n");
}
