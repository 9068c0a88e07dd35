//! What `rls diff` finds.

use insta::assert_snapshot;
use registry_fixture::content::{ImageSpec, IndexSpec, Layer};
use serde_json::json;
use test_support::Rls;

use super::{Tar, gzip};
use crate::custom_manifests::{App, CONFIG, LAYER, image};
use crate::registries::empty;

/// Two versions of an image.
fn versions() -> App {
    let app = App::new();
    let base = app.blob(LAYER, gzip(&Tar::new().file("etc/base", "base").file("etc/removed", "x").bytes()));
    let push = |tag: &str, layer: Vec<u8>, run: serde_json::Value, step: &str| {
        let config = json!({ "os": "linux", "architecture": "amd64", "config": run,
            "history": [{ "created_by": "FROM base" }, { "created_by": step }] });
        let (config, layer) = (app.blob(CONFIG, config.to_string()), app.blob(LAYER, layer));
        app.push(tag, &image(json!({ "config": config, "layers": [base, layer] })));
    };
    let run = json!({ "Env": ["PATH=/bin", "VERSION=1"], "Labels": { "version": "1" }, "Cmd": ["run"] });
    push("1", gzip(&Tar::new().file("app", "one").file("same", "s").bytes()), run, "COPY 1");
    let run = json!({ "Env": ["PATH=/bin", "VERSION=2"], "User": "1000", "Cmd": ["run"] });
    let layer = Tar::new().file("app", "two").file("same", "s").file("etc/.wh.removed", "").symlink("new", "app");
    push("2", gzip(&layer.bytes()), run, "COPY 2");
    app
}

#[test]
fn config_layers_and_history_are_compared() {
    let app = versions();
    assert_snapshot!(app.rls("diff app:1 app:2").run(), @"
    exit 0
    --- stdout
    config→Env.VERSION→1→2
    config→Labels.version→1→-
    config→User→-→1000
    layer→sha256:ea01ff5829568153a0ba894c8c6960695f327c347d35426c8882b22a593d76db→134→-
    layer→sha256:46fb1242e81eded3600ada85b5bdd03b8501206bb209aba6287dbe3faae0e871→-→211
    size→shared→145→145
    size→total→279→356
    history→2→COPY 1→COPY 2
    ");
    assert_snapshot!(app.rls("diff app:1 app:2 -o table").run(), @"
    exit 0
    --- stdout
    KIND     NAME                                                                     LEFT    RIGHT
    config   Env.VERSION                                                              1       2
    config   Labels.version                                                           1       -
    config   User                                                                     -       1000
    layer    sha256:ea01ff5829568153a0ba894c8c6960695f327c347d35426c8882b22a593d76db  134 B   -
    layer    sha256:46fb1242e81eded3600ada85b5bdd03b8501206bb209aba6287dbe3faae0e871  -       211 B
    size     shared                                                                   145 B   145 B
    size     total                                                                    279 B   356 B
    history  2                                                                        COPY 1  COPY 2
    ");
    assert_eq!(app.rls("diff app:1 app:2 --exit-code").run().code, Some(6));
    assert_snapshot!(app.rls("diff app:1 app:1 --exit-code").run(), @"
    exit 0
    --- stderr
    identical: both have the same digest
    ");
}

#[test]
fn files_are_compared_by_their_content() {
    let app = versions();
    let compared = app.rls("diff app:1 app:2 --files -o jsonl").succeeds();
    let files: Vec<_> = compared.lines().filter(|line| line.contains(r#""kind":"file""#)).collect();
    assert_snapshot!(files.join("\n"), @r#"
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:1","other":"http://REGISTRY/app:2","platform":null,"kind":"file","path":"/app","left":{"type":"file","mode":"0644","uid":0,"gid":0,"size":3,"digest":"sha256:7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"},"right":{"type":"file","mode":"0644","uid":0,"gid":0,"size":3,"digest":"sha256:3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3"}}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:1","other":"http://REGISTRY/app:2","platform":null,"kind":"file","path":"/etc/removed","left":{"type":"file","mode":"0644","uid":0,"gid":0,"size":1,"digest":"sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"},"right":null}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:1","other":"http://REGISTRY/app:2","platform":null,"kind":"file","path":"/new","left":null,"right":{"type":"symlink","mode":"0777","uid":0,"gid":0,"link":"app"}}
    "#);
}

#[test]
fn platforms_of_indexes_are_compared() {
    let registry = empty();
    let of = |platform: &str, seed: &str| ImageSpec::new(seed).platform(platform);
    registry.push_index("app", "1", &IndexSpec::new(vec![of("linux/amd64", "a"), of("linux/arm64", "b")]));
    let changed = of("linux/arm64", "b").layer(Layer::file("more", "x"));
    registry.push_index("app", "2", &IndexSpec::new(vec![of("linux/amd64", "a"), changed, of("linux/s390x", "c")]));
    assert_snapshot!(Rls::at(&registry).words("diff app:1 app:2").run(), @"
    exit 0
    --- stdout
    platform→linux/arm64→sha256:e2a11c91031481d838862fec16f9e7b0675fc011fbc30b77d97b28103f89c239→sha256:e7c1b4b787e8ae955771d87752d0af08c25af1694e71db6a88982d962459b520
    platform→linux/s390x→-→sha256:15c15cae505aaec6fe47f3ebc07ce44066f8795c85844dc17c22070dfcc749c8
    layer→linux/arm64 sha256:8dd33674ecd46db4265288f2a6cfb5db0dbff0f6e18209223967c4109371d850→-→2071
    size→linux/arm64 shared→4142→4142
    size→linux/arm64 total→4142→6213
    history→linux/arm64 3→-→COPY /more # buildkit
    ");
    assert_snapshot!(Rls::at(&registry).words("diff app:1 app:2 --platform linux/s390x").run(), @"
    exit 3
    --- stderr
    error: cannot compare app:1
    cause: app:1 has no image for linux/s390x
    cause: available platforms: linux/amd64, linux/arm64
    ");
    assert_snapshot!(Rls::at(&registry).words("diff app:1 app:3 -o json").run(), @r#"
    exit 3
    --- stderr
    error: app:3 not found on http://REGISTRY
    cause: 404 Not Found: MANIFEST_UNKNOWN: manifest unknown: {"Tag":"3"}
    hint:  did you mean app:1, app:2?
    "#);
}
