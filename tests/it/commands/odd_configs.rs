//! Configs that are not JSON, empty, missing or broken, and digests of other algorithms.

use insta::assert_snapshot;
use registry_fixture::content::media_type;
use registry_fixture::{Fault, Match};
use serde_json::{Value, json};

use crate::custom_manifests::{App, CONFIG, IMAGE, LAYER, image, index, with};

fn pushed(app: &App, tag: &str, config: Value) -> Value {
    app.push(tag, &image(json!({ "config": config, "layers": [app.layer(100)] })))
}

#[test]
fn a_config_that_is_not_a_json_object_hides_only_its_own_fields() {
    let app = App::new();
    let zip = b"PK\x03\x04 not JSON".to_vec();
    pushed(&app, "zip", app.blob("application/octet-stream", zip.clone()));
    pushed(&app, "text", app.blob(CONFIG, "hello"));
    pushed(&app, "array", app.blob(CONFIG, "[]"));
    pushed(&app, "empty", app.blob("application/vnd.aquasec.trivy.config.v1+json", ""));
    pushed(&app, "empty-image", app.blob(CONFIG, ""));
    pushed(&app, "chart", app.blob("application/vnd.cncf.helm.config.v1+json", "not even JSON"));
    assert_snapshot!(app.rls("tags app -l").run(), @"
    exit 0
    --- stdout
    array→sha256:82604083e6e2f1745ad71fe7f0d319922140bdd1a108f5ef9c462aed775aa2b2→application/vnd.oci.image.manifest.v1+json→-→102→-→image→-→-
    chart→sha256:ca22b62fe5e6281001a885315394cec404fc1d025a1765a830013c0bb2a81360→application/vnd.oci.image.manifest.v1+json→-→113→-→chart→application/vnd.cncf.helm.config.v1+json→-
    empty→sha256:841cacd12bcdfb5ecdbd70e2a28a9dbfdd632449824dc0063b729c8e14c48e66→application/vnd.oci.image.manifest.v1+json→-→100→-→artifact→application/vnd.aquasec.trivy.config.v1+json→-
    empty-image→sha256:0b857a24e7e205f7471372638fe869926527ac2537bdd824ec394c47fc9e5c2d→application/vnd.oci.image.manifest.v1+json→-→100→-→image→-→-
    text→sha256:2409d6e7c46cb7c1431c349683180d820802c11effe06e40d550f7ab5548ac35→application/vnd.oci.image.manifest.v1+json→-→105→-→image→-→-
    zip→sha256:f7aaa8c97cdbda4daf3cb004d9c6803fb8b139efa03f3b611a0ec294ef8b36df→application/vnd.oci.image.manifest.v1+json→-→113→-→image→-→-
    --- stderr
    warning: app:array: config sha256:4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945 cannot be read: not a JSON object
    warning: app:chart: config sha256:5f6b918a346f51962698b5a0774bb17d0171dd4fa0bbbc35cab7a7eebcb5aa16 cannot be read: not JSON, expected ident at line 1 column 2
    warning: app:text: config sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824 cannot be read: not JSON, expected value at line 1 column 1
    ");
    assert_snapshot!(app.rls("manifest app:text -o table").run(), @"
    exit 0
    --- stdout
    app:text
      digest      sha256:2409d6e7c46cb7c1431c349683180d820802c11effe06e40d550f7ab5548ac35
      type        image, application/vnd.oci.image.manifest.v1+json
      size        105 B in 2 blobs

      layers
        sha256:d4d79b146ba2   100 B   application/vnd.oci.image.layer.v1.tar+gzip
    --- stderr
    warning: app:text: config sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824 cannot be read: not JSON, expected value at line 1 column 1
    ");
    assert_snapshot!(app.rls("manifest app:text --config").run(), @"
    exit 5
    --- stderr
    error: the config of app:text is not JSON
    cause: expected value at line 1 column 1
    cause: use --raw to print its bytes
    ");
    assert_eq!(app.rls("manifest app:zip --config --raw").bytes(), zip);
    assert_eq!(app.rls("manifest app:chart --config --raw").bytes(), b"not even JSON");
    for tag in ["empty", "empty-image"] {
        for words in ["--config --raw", "--config"] {
            assert_eq!(app.rls("manifest").arg(format!("app:{tag}")).words(words).bytes(), b"", "{tag} {words}");
        }
    }
    assert_eq!(&*app.rls("manifest app:array --config").succeeds(), "[]\n");
}

#[test]
fn a_missing_config_hides_nothing_else() {
    let app = App::new();
    let missing = json!({ "mediaType": CONFIG, "digest": format!("sha256:{}", "0a".repeat(32)), "size": 7 });
    pushed(&app, "1.0", missing);
    assert_snapshot!(app.rls("tags app -l").run(), @"
    exit 0
    --- stdout
    1.0→sha256:52c99100f78680acb05696012ffaae4efa893d086c134446f97e7f7b47517078→application/vnd.oci.image.manifest.v1+json→-→107→-→image→-→-
    --- stderr
    warning: app:1.0: config sha256:0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a is missing from the registry
    ");
    assert_snapshot!(app.rls("manifest app:1.0 -o table").run(), @"
    exit 0
    --- stdout
    app:1.0
      digest      sha256:52c99100f78680acb05696012ffaae4efa893d086c134446f97e7f7b47517078
      type        image, application/vnd.oci.image.manifest.v1+json
      size        107 B in 2 blobs

      layers
        sha256:d4d79b146ba2   100 B   application/vnd.oci.image.layer.v1.tar+gzip
    --- stderr
    warning: app:1.0: config sha256:0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a is missing from the registry
    ");
}

#[test]
fn a_config_that_cannot_be_fetched_is_a_failure_and_hides_nothing_else() {
    let app = App::new();
    app.image("1.0", "linux/amd64", "2026-11-18T09:12:00Z");
    app.0.tag("app", "latest", &app.digest("1.0"));
    app.0.inject(Match::under("/v2/app/blobs/").always(), Fault::status(403));
    assert_snapshot!(app.rls("tags app -l").run(), @"
    exit 4
    --- stdout
    1.0→sha256:408fdbe1bb7cda3d12e178b4036903cebc54d00add7525ff4bf723d4979cdfa1→application/vnd.oci.image.manifest.v1+json→-→170→-→image→-→-
    latest→sha256:408fdbe1bb7cda3d12e178b4036903cebc54d00add7525ff4bf723d4979cdfa1→application/vnd.oci.image.manifest.v1+json→-→170→-→image→-→-
    --- stderr
    error: cannot read all of app:1.0
    cause: not allowed to pull app on http://REGISTRY
    cause: 403 Forbidden
    hint:  run 'rls login http://REGISTRY', or set RLS_USERNAME and RLS_PASSWORD
    error: cannot read all of app:latest
    cause: not allowed to pull app on http://REGISTRY
    cause: 403 Forbidden
    ");
    assert_snapshot!(app.rls("manifest app:1.0").run(), @"
    exit 4
    --- stdout
    repository→app
    tag→1.0
    digest→sha256:408fdbe1bb7cda3d12e178b4036903cebc54d00add7525ff4bf723d4979cdfa1
    mediaType→application/vnd.oci.image.manifest.v1+json
    type→image
    size→170
    blobs→2
    created→-
    layers→sha256:d4d79b146ba203be0bf2fe0a86f30b468d18ecfca3d1605fd4aca2e88fdc65d9→application/vnd.oci.image.layer.v1.tar+gzip→100
    config.digest→sha256:e54f207f5473419485c365f6bc15923957fba42991347ad21ca2926dd4dff30f
    config.created→-
    config.architecture→-
    config.os→-
    --- stderr
    error: cannot read all of app:1.0
    cause: not allowed to pull app on http://REGISTRY
    cause: 403 Forbidden
    hint:  run 'rls login http://REGISTRY', or set RLS_USERNAME and RLS_PASSWORD
    ");
}

#[test]
fn digests_of_other_algorithms_are_shown_unchanged() {
    let app = App::new();
    let blake3 = |media_type: &str| json!({ "mediaType": media_type, "digest": format!("blake3:{}", "4".repeat(64)), "size": 4 });
    let config = app.config("linux/amd64", "2026-11-18T09:12:00Z");
    app.push("layer", &image(json!({ "config": config, "layers": [blake3(LAYER)] })));
    app.push("config", &image(json!({ "config": blake3(CONFIG), "layers": [app.layer(100)] })));
    let child = with(blake3(IMAGE), json!({ "platform": { "os": "linux", "architecture": "arm64" } }));
    app.push("child", &index(json!({ "manifests": [child, app.image("1.0", "linux/amd64", "2026-11-18T09:12:00Z")] })));
    assert_snapshot!(app.rls("tags app -l").run(), @"
    exit 0
    --- stdout
    1.0→sha256:408fdbe1bb7cda3d12e178b4036903cebc54d00add7525ff4bf723d4979cdfa1→application/vnd.oci.image.manifest.v1+json→linux/amd64→170→2026-11-18T09:12:00Z→image→-→-
    child→sha256:6184757a1b1e9b6a3837389bc8678d2a891e8d8aa75f3b93f84e353f50369304→application/vnd.oci.image.index.v1+json→linux/arm64,linux/amd64→-→2026-11-18T09:12:00Z→index→-→-
    config→sha256:06eaac039d6ba80529d5ed4864b5d609c6bf446b65bba809200291a8d6211a1b→application/vnd.oci.image.manifest.v1+json→-→104→-→image→-→-
    layer→sha256:45ce103afcf86d4e85dea9615b2bbd45c2d38fd008ae084070c8c2341ccc1f90→application/vnd.oci.image.manifest.v1+json→linux/amd64→74→2026-11-18T09:12:00Z→image→-→-
    --- stderr
    warning: app:child: manifest blake3:4444444444444444444444444444444444444444444444444444444444444444 cannot be fetched: unsupported digest algorithm
    warning: app:config: config blake3:4444444444444444444444444444444444444444444444444444444444444444 cannot be fetched: unsupported digest algorithm
    ");
    assert_snapshot!(app.rls("manifest app:child -o table").run(), @"
    exit 0
    --- stdout
    app:child
      digest      sha256:6184757a1b1e9b6a3837389bc8678d2a891e8d8aa75f3b93f84e353f50369304
      type        image index, application/vnd.oci.image.index.v1+json
      size        -
      created     2026-11-18 09:12 UTC (SOME TIME ago)

      linux/arm64   blake3:4444444444444444444444444444444444444444444444444444444444444444   -
      linux/amd64   sha256:408fdbe1bb7cda3d12e178b4036903cebc54d00add7525ff4bf723d4979cdfa1   170 B   created 2026-11-18 09:12 UTC
    --- stderr
    warning: app:child: manifest blake3:4444444444444444444444444444444444444444444444444444444444444444 cannot be fetched: unsupported digest algorithm
    ");
    assert_snapshot!(app.rls("manifest app:layer").run(), @"
    exit 0
    --- stdout
    repository→app
    tag→layer
    digest→sha256:45ce103afcf86d4e85dea9615b2bbd45c2d38fd008ae084070c8c2341ccc1f90
    mediaType→application/vnd.oci.image.manifest.v1+json
    type→image
    size→74
    blobs→2
    created→2026-11-18T09:12:00Z
    layers→blake3:4444444444444444444444444444444444444444444444444444444444444444→application/vnd.oci.image.layer.v1.tar+gzip→4
    config.digest→sha256:e54f207f5473419485c365f6bc15923957fba42991347ad21ca2926dd4dff30f
    config.created→2026-11-18T09:12:00Z
    config.architecture→amd64
    config.os→linux
    ");
    assert_snapshot!(app.rls("manifest app:child --platform linux/arm64").run(), @"
    exit 5
    --- stderr
    error: cannot choose an image of app:child
    cause: cannot fetch blake3:4444444444444444444444444444444444444444444444444444444444444444
    cause: digest algorithm blake3 is not supported (sha256 and sha512 are)
    ");
    assert_snapshot!(app.rls("manifest app:config --config").run(), @"
    exit 5
    --- stderr
    error: cannot fetch blake3:4444444444444444444444444444444444444444444444444444444444444444
    cause: digest algorithm blake3 is not supported (sha256 and sha512 are)
    ");
    assert!(app.0.lines().iter().all(|line| !line.contains("blake3")));
    // What an index lists by a digest that cannot be compared may be anything.
    assert_ne!(app.rls("rm app:1.0").run().code, Some(0));
    assert!(app.0.contains("app", "1.0"));
}

#[test]
fn a_schema_1_layer_may_have_a_digest_of_another_algorithm() {
    let app = App::new();
    let layers = json!([{ "blobSum": "blake3:44" }, { "blobSum": null }, null]);
    let manifest = json!({ "schemaVersion": 1, "architecture": "amd64", "fsLayers": layers, "history": null });
    app.push_as("1.0", media_type::SCHEMA1, &manifest);
    assert_snapshot!(app.rls("manifest app:1.0").succeeds(), @"
    repository→app
    tag→1.0
    digest→sha256:ece7289c34e433183199e4e623b902fe8bf473882615c9f2e7bb147dec68e03f
    mediaType→application/vnd.docker.distribution.manifest.v1+json
    type→schema1
    size→-
    blobs→-
    created→-
    layers→blake3:44→-→-
    ");
}
