//! Choosing one image of an index: through indexes within it, by versions of Windows, for this machine.

use insta::assert_snapshot;
use registry_fixture::Match;
use serde_json::{Value, json};
use test_support::Rls;

use crate::custom_manifests::{App, INDEX, index, with};

const MADE: &str = "2026-11-18T09:12:00Z";

/// A descriptor with a platform.
fn on(descriptor: Value, platform: &str) -> Value {
    let (os, architecture) = platform.split_once('/').expect("OS/ARCH");
    with(descriptor, json!({ "platform": { "os": os, "architecture": architecture } }))
}

/// `app:nested` lists an index of two images, and an index of nothing.
fn nested() -> App {
    let app = App::new();
    let images = ["linux/amd64", "linux/arm64"].map(|platform| on(app.image("image", platform, MADE), platform));
    let inner = app.push("inner", &index(json!({ "manifests": images })));
    let nothing = app.push("nothing", &index(json!({ "manifests": null })));
    app.push("nested", &index(json!({ "manifests": [nothing, inner] })));
    app
}

fn architecture(rls: &Rls) -> String {
    let config: Value = serde_json::from_str(&rls.succeeds()).expect("JSON");
    config["architecture"].as_str().expect("an architecture").to_owned()
}

#[test]
fn nested_indexes_are_read() {
    let app = nested();
    for wanted in ["amd64", "arm64"] {
        let words = format!("manifest app:nested --config --platform linux/{wanted}");
        assert_eq!(architecture(&app.rls(&words)), wanted);
    }
    assert_snapshot!(app.rls("manifest app:nested --platform linux/arm64").succeeds(), @"
    repository→app
    tag→nested
    index→sha256:25cadc9d84ee516070738595c2454ba44aebe97b3446ea70ecc05aa3bfb73b2e
    platform→linux/arm64
    digest→sha256:13e49664193aa21291374d7acbd43acbcc78d3c37771db68e5b73f297765ecf9
    mediaType→application/vnd.oci.image.manifest.v1+json
    type→image
    size→170
    blobs→2
    created→2026-11-18T09:12:00Z
    layers→sha256:d4d79b146ba203be0bf2fe0a86f30b468d18ecfca3d1605fd4aca2e88fdc65d9→application/vnd.oci.image.layer.v1.tar+gzip→100
    config.digest→sha256:6ef63c67911e30c5cc0b1a3af654cb7c786c0881cfda1492d73ae182c0c5f978
    config.created→2026-11-18T09:12:00Z
    config.architecture→arm64
    config.os→linux
    ");
    assert_snapshot!(app.rls("manifest app:nested --platform linux/s390x").run(), @"
    exit 3
    --- stderr
    error: app:nested has no image for linux/s390x
    cause: available platforms: linux/amd64, linux/arm64
    ");
    assert_snapshot!(app.rls("manifest app:nested -o table").succeeds(), @"
    app:nested
      digest      sha256:25cadc9d84ee516070738595c2454ba44aebe97b3446ea70ecc05aa3bfb73b2e
      type        image index, application/vnd.oci.image.index.v1+json
      size        240 B in 3 blobs
      created     2026-11-18 09:12 UTC (SOME TIME ago)

      image index     sha256:529c6ab77d3c1159e2561b2ba2d8e2c77ec4808905c4209a6692811e5f9e34b1   0 B
      image index     sha256:e0254cf36f1e75576d1ca9fd8d7c9266943afccb89466d87742cb1d24735280b   240 B   created 2026-11-18 09:12 UTC
        linux/amd64   sha256:408fdbe1bb7cda3d12e178b4036903cebc54d00add7525ff4bf723d4979cdfa1   170 B   created 2026-11-18 09:12 UTC
        linux/arm64   sha256:13e49664193aa21291374d7acbd43acbcc78d3c37771db68e5b73f297765ecf9   170 B   created 2026-11-18 09:12 UTC
    ");
    assert_snapshot!(app.rls("tags app -l --match nested").succeeds(), @"nested→sha256:25cadc9d84ee516070738595c2454ba44aebe97b3446ea70ecc05aa3bfb73b2e→application/vnd.oci.image.index.v1+json→linux/amd64,linux/arm64→240→2026-11-18T09:12:00Z→index→-→-");
}

#[test]
fn a_nested_index_for_another_platform_is_not_fetched() {
    let app = nested();
    let inner =
        on(app.push("inner", &index(json!({ "manifests": [app.image("image", "linux/arm64", MADE)] }))), "linux/arm64");
    let image = on(app.image("image", "linux/amd64", MADE), "linux/amd64");
    app.push("outer", &index(json!({ "manifests": [inner.clone(), image] })));
    app.0.clear_requests();
    assert_eq!(architecture(&app.rls("manifest app:outer --config --platform linux/amd64")), "amd64");
    assert_eq!(app.0.requests().len(), 3);
    // The platform that an index states for a nested one applies to its images.
    assert_eq!(architecture(&app.rls("manifest app:outer --config --platform linux/arm64")), "arm64");
}

#[test]
fn the_platform_is_read_from_the_config_where_no_index_states_it() {
    let app = App::new();
    let images = ["linux/amd64", "linux/arm64"].map(|platform| app.image("image", platform, MADE));
    app.push("unsaid", &index(json!({ "manifests": images })));
    assert_eq!(architecture(&app.rls("manifest app:unsaid --config --platform linux/arm64")), "arm64");
    assert_snapshot!(app.rls("manifest app:unsaid --platform windows/amd64").run(), @"
    exit 3
    --- stderr
    error: app:unsaid has no image for windows/amd64
    cause: available platforms: linux/amd64, linux/arm64
    ");
}

#[test]
fn a_nested_index_described_as_an_image_is_read() {
    let app = nested();
    let inner =
        app.push("inner", &index(json!({ "manifests": [on(app.image("image", "linux/arm64", MADE), "linux/arm64")] })));
    let called = with(on(inner, "linux/arm64"), json!({ "mediaType": crate::custom_manifests::IMAGE }));
    app.push("outer", &index(json!({ "manifests": [called] })));
    assert_eq!(architecture(&app.rls("manifest app:outer --config --platform linux/arm64")), "arm64");
}

#[test]
fn the_depth_and_number_of_nested_indexes_are_limited() {
    let app = App::new();
    let mut inner = on(app.image("image", "linux/amd64", MADE), "linux/amd64");
    for depth in 1..=6 {
        inner = app.push(&format!("deep{depth}"), &index(json!({ "manifests": [inner] })));
    }
    assert_eq!(architecture(&app.rls("manifest app:deep4 --config --platform linux/amd64")), "amd64");
    assert_snapshot!(app.rls("manifest app:deep5 --platform linux/amd64").run(), @"
    exit 5
    --- stderr
    error: cannot choose an image of app:deep5
    cause: indexes are nested more than 4 levels deep
    ");
    let rows = app.rls("tags app -l --match deep*").run();
    assert_snapshot!(rows, @"
    exit 6
    --- stdout
    deep1→sha256:c10b00a15416e45885c4f38630d6be649ea05c9545f32c47a6b20b2ee6255845→application/vnd.oci.image.index.v1+json→linux/amd64→170→2026-11-18T09:12:00Z→index→-→-
    deep2→sha256:45b6bb679988de17e8c6ca01c42f9c346fb455bb34f704327d7791bf17bb4674→application/vnd.oci.image.index.v1+json→linux/amd64→170→2026-11-18T09:12:00Z→index→-→-
    deep3→sha256:2996ccd9eebfd3e448cad57f2a265484b8c23deb407ca67720f8762e74eb6164→application/vnd.oci.image.index.v1+json→linux/amd64→170→2026-11-18T09:12:00Z→index→-→-
    deep4→sha256:b3bc93373590e4c1f3103d3a8811a9f370d06aae80a31c156ef5036a04f20a1e→application/vnd.oci.image.index.v1+json→linux/amd64→170→2026-11-18T09:12:00Z→index→-→-
    deep5→sha256:5a0eb460aa10f65c4fe57b1a6f963c2e60254da446adeaf331fa98e4b8bde716→application/vnd.oci.image.index.v1+json→-→-→-→index→-→-
    deep6→sha256:56fe99bc40faad77a14aea1b6938e4c1868ea5eb3c8156481094d335a25d3c89→application/vnd.oci.image.index.v1+json→-→-→-→index→-→-
    --- stderr
    error: cannot read all of app:deep5
    cause: indexes are nested more than 4 levels deep
    error: cannot read all of app:deep6
    cause: indexes are nested more than 4 levels deep
    ");
    // It makes no difference what else was read.
    for tag in ["deep4", "deep5", "deep6"] {
        let alone = app.rls("tags app -l --match").arg(tag).run();
        assert!(rows.stdout.contains(&*alone.stdout) && rows.stderr.contains(&*alone.stderr), "{alone}");
    }
    // Nor does it help to call an index an image.
    let called = |inner: Value| with(on(inner, "linux/amd64"), json!({ "mediaType": crate::custom_manifests::IMAGE }));
    let mut inner = on(app.image("image", "linux/amd64", MADE), "linux/amd64");
    for _ in 0..70 {
        inner = called(app.push("called", &index(json!({ "manifests": [inner] }))));
    }
    let outcome = app.rls("manifest app:called --platform linux/amd64").run();
    assert!(outcome.code == Some(5) && outcome.stderr.contains("more than 4 levels deep"), "{outcome}");
    // One index over and over is looked into once.
    let nothing = app.push("nothing", &index(json!({ "manifests": [] })));
    app.push("often", &index(json!({ "manifests": vec![nothing; 1000] })));
    app.0.clear_requests();
    assert_eq!(app.rls("manifest app:often --platform linux/amd64").run().code, Some(3));
    assert_eq!(app.0.requests().len(), 2);
    let many: Vec<_> = (0..100)
        .map(|number| {
            app.push("one", &index(json!({ "manifests": [], "annotations": { "number": number.to_string() } })))
        })
        .collect();
    app.push("many", &index(json!({ "manifests": many })));
    assert_snapshot!(app.rls("manifest app:many --platform linux/amd64").run(), @"
    exit 5
    --- stderr
    error: cannot choose an image of app:many
    cause: more than 64 of the listed manifests have no platform
    ");
}

#[test]
fn windows_versions_are_distinguished() {
    let app = App::new();
    let versions = ["10.0.17763.1", "10.0.20348.2"].map(|version| {
        let platform =
            json!({ "os": "windows", "architecture": "amd64", "os.version": version, "os.features": ["win32k"] });
        let config = json!({ "os": "windows", "architecture": "amd64", "os.version": version, "created": MADE });
        let config = app.blob(crate::custom_manifests::CONFIG, config.to_string());
        let image =
            app.push(version, &crate::custom_manifests::image(json!({ "config": config, "layers": [app.layer(100)] })));
        with(image, json!({ "platform": platform }))
    });
    app.push("windows", &index(json!({ "manifests": versions })));
    assert_snapshot!(app.rls("tags app -l").succeeds(), @"
    10.0.17763.1→sha256:56b78f02d2617ae26b2ffb567046335b2bc9e1587a42658939059c53965de099→application/vnd.oci.image.manifest.v1+json→windows(10.0.17763.1)/amd64→200→2026-11-18T09:12:00Z→image→-→-
    10.0.20348.2→sha256:75f38815ce96fad1208bb1fd92ecbc4848a92f7cd587488d56eab8e8d085b3cf→application/vnd.oci.image.manifest.v1+json→windows(10.0.20348.2)/amd64→200→2026-11-18T09:12:00Z→image→-→-
    windows→sha256:2c7945f1a6900d1ef1701c0955ab78c6ef5444f56df5dd10a7bc7411993ce3c2→application/vnd.oci.image.index.v1+json→windows(10.0.17763.1+win32k)/amd64,windows(10.0.20348.2+win32k)/amd64→300→2026-11-18T09:12:00Z→index→-→-
    ");
    assert_snapshot!(app.rls("manifest app:windows -o table").succeeds(), @"
    app:windows
      digest      sha256:2c7945f1a6900d1ef1701c0955ab78c6ef5444f56df5dd10a7bc7411993ce3c2
      type        image index, application/vnd.oci.image.index.v1+json
      size        300 B in 3 blobs
      created     2026-11-18 09:12 UTC (SOME TIME ago)

      windows(10.0.17763.1+win32k)/amd64   sha256:56b78f02d2617ae26b2ffb567046335b2bc9e1587a42658939059c53965de099   200 B   created 2026-11-18 09:12 UTC
      windows(10.0.20348.2+win32k)/amd64   sha256:75f38815ce96fad1208bb1fd92ecbc4848a92f7cd587488d56eab8e8d085b3cf   200 B   created 2026-11-18 09:12 UTC
    ");
    assert_snapshot!(app.rls("manifest app:windows -o table --platform windows(10.0.20348)/amd64").succeeds(), @"
    app:windows
      index       sha256:2c7945f1a6900d1ef1701c0955ab78c6ef5444f56df5dd10a7bc7411993ce3c2
      digest      sha256:75f38815ce96fad1208bb1fd92ecbc4848a92f7cd587488d56eab8e8d085b3cf
      type        image, application/vnd.oci.image.manifest.v1+json
      platform    windows(10.0.20348)/amd64
      size        200 B in 2 blobs
      created     2026-11-18 09:12 UTC (SOME TIME ago)

      layers
        sha256:d4d79b146ba2   100 B   application/vnd.oci.image.layer.v1.tar+gzip
    ");
    assert_snapshot!(app.rls("manifest app:windows --platform windows(10.0.1)/amd64").run(), @"
    exit 3
    --- stderr
    error: app:windows has no image for windows(10.0.1)/amd64
    cause: available platforms: windows(10.0.17763.1+win32k)/amd64, windows(10.0.20348.2+win32k)/amd64
    ");
}

#[test]
fn the_default_platform_is_the_machines_or_the_only_one() {
    let app = App::new();
    let local = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let image = |architecture: &str| {
        let platform = format!("linux/{architecture}");
        on(app.image("image", &platform, MADE), &platform)
    };
    let attestation = json!({
        "platform": { "os": "unknown", "architecture": "unknown" },
        "annotations": { "vnd.docker.reference.type": "attestation-manifest" },
    });
    let attestation = with(image("unknown"), attestation);
    app.push("local", &index(json!({ "manifests": [image("s390x"), image(local), attestation] })));
    app.push("only", &index(json!({ "manifests": [attestation, image("riscv64")] })));
    app.push("others", &index(json!({ "manifests": [image("s390x"), image("riscv64")] })));
    app.push("none", &index(json!({ "manifests": [] })));
    assert_eq!(architecture(&app.rls("manifest app:local --config")), local);
    assert_eq!(architecture(&app.rls("manifest app:only --config")), "riscv64");
    let shown =
        app.rls("manifest app:only --history --format").arg("{{ index }} {{ platform }} {{ digest }}").succeeds();
    let image = image("riscv64");
    assert_eq!(
        *shown,
        format!("{} linux/riscv64 {}\n", app.digest("only"), image["digest"].as_str().expect("a digest"))
    );
    for (tag, words) in [("others", "--config"), ("others", "--history"), ("none", "--config")] {
        let outcome = app.rls("manifest").arg(format!("app:{tag}")).words(words).run();
        assert_eq!((outcome.code, &*outcome.stdout), (Some(3), ""), "{tag} {words}: {outcome}");
    }
    let report = app.rls("manifest app:others --config").run().stderr.replace(local, "LOCAL");
    assert_snapshot!(report, @"
    error: app:others has no image for this machine (linux/LOCAL)
    cause: available platforms: linux/s390x, linux/riscv64; use --platform to choose one
    ");
}

#[test]
fn no_request_is_sent_after_a_match() {
    let app = nested();
    let image = on(app.image("image", "linux/amd64", MADE), "linux/amd64");
    let inner = json!({ "mediaType": INDEX, "digest": app.digest("inner").as_str() });
    app.push("outer", &index(json!({ "manifests": [inner, image] })));
    app.0.clear_requests();
    app.rls("manifest app:outer --raw --platform linux/amd64").bytes();
    assert_eq!(app.0.count(&Match::under("/v2/app/manifests/")), 2);
}
