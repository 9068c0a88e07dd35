//! A registry's texts cannot control the terminal.

use insta::assert_snapshot;
use registry_fixture::content::{ImageSpec, IndexSpec};
use registry_fixture::{Answer, Fault, Match, Running};
use test_support::Rls;

use crate::registries::empty;

/// Clears the screen, writes from right to left, and hides.
const HOSTILE: &str = "a\x1b[2J\u{202e}b\u{200b}\u{9b}31m\r\nc\td";

/// `app:1.0` is an image whose labels, variables and command, and an index whose annotations, are hostile.
fn hostile() -> Running {
    let registry = empty();
    let mut image = ImageSpec::new("app").created("2002-01-02T03:04:05Z").label(HOSTILE, HOSTILE);
    image.env = vec![format!("X={HOSTILE}")];
    image.cmd = vec![HOSTILE.to_owned()];
    registry.push_image("app", "1.0", &image);
    registry.push_index("app", "index", &IndexSpec::new(vec![image]).annotation(HOSTILE, HOSTILE));
    registry
}

#[test]
fn texts_of_an_image_are_escaped() {
    let registry = hostile();
    assert_snapshot!(Rls::at(&registry).words("manifest app:1.0 -o table --history").succeeds(), @r#"
    app:1.0
      digest      sha256:a2024caabd796a4bf4b3174cd5ed78d873172da88f885e44428f089407695ff5
      type        image, application/vnd.oci.image.manifest.v1+json
      platform    linux/amd64
      size        4.9 kB in 3 blobs
      created     2002-01-02 03:04 UTC (SOME TIME ago)
      entrypoint  /usr/bin/app
      cmd         'a\x1b[2J\u{202e}b\u{200b}\x9b31m\r\nc\td'

      layers
        sha256:dae5e345c582   2.1 kB   application/vnd.oci.image.layer.v1.tar+gzip
        sha256:db85d93a2f1b   2.1 kB   application/vnd.oci.image.layer.v1.tar+gzip

      env
        X=a\x1b[2J\u{202e}b\u{200b}\x9b31m\r\nc\td

      labels
        a\x1b[2J\u{202e}b\u{200b}\x9b31m\r\nc\td   a\x1b[2J\u{202e}b\u{200b}\x9b31m\r\nc\td
        org.opencontainers.image.title             app

      history
        2002-01-02 03:04 UTC   COPY /etc/os-release # buildkit
        2002-01-02 03:04 UTC   COPY /usr/bin/app # buildkit
        2002-01-02 03:04 UTC   CMD ["a\u001b[2J\u{202e}b\u{200b}\x9b31m\r\nc\td"]
    "#);
    assert_snapshot!(Rls::at(&registry).words("manifest app:1.0").succeeds(), @r"
    repository→app
    tag→1.0
    digest→sha256:a2024caabd796a4bf4b3174cd5ed78d873172da88f885e44428f089407695ff5
    mediaType→application/vnd.oci.image.manifest.v1+json
    type→image
    size→4945
    blobs→3
    created→2002-01-02T03:04:05Z
    layers→sha256:dae5e345c58219d93dfff2609e5787e2ec8fea87aed1bdbe32db8a6b22ca60e3→application/vnd.oci.image.layer.v1.tar+gzip→2071
    layers→sha256:db85d93a2f1bb3752d92672c4b6f0d7ca4afc66ad3bb12b4a129e402629b87dc→application/vnd.oci.image.layer.v1.tar+gzip→2071
    config.digest→sha256:ecd997294a3ecf8056ffbd1bc82d6b6eb5d26650e679defe5dfe75136a1edb5e
    config.created→2002-01-02T03:04:05Z
    config.architecture→amd64
    config.os→linux
    config.labels→a\x1b[2J\u{202e}b\u{200b}\x9b31m\r\nc\td→a\x1b[2J\u{202e}b\u{200b}\x9b31m\r\nc\td
    config.labels→org.opencontainers.image.title→app
    config.env→X=a\x1b[2J\u{202e}b\u{200b}\x9b31m\r\nc\td
    config.entrypoint→/usr/bin/app
    config.cmd→a\x1b[2J\u{202e}b\u{200b}\x9b31m\r\nc\td
    config.workingDir→/
    ");
    assert_snapshot!(Rls::at(&registry).words("manifest app:index -o table").succeeds(), @r"
    app:index
      digest      sha256:4cebfe69efcca6cc208a5b69028db7cb814476460d870bf11a809c0a1f9967cc
      type        image index, application/vnd.oci.image.index.v1+json
      size        4.9 kB in 3 blobs
      created     2002-01-02 03:04 UTC (SOME TIME ago)

      linux/amd64   sha256:a2024caabd796a4bf4b3174cd5ed78d873172da88f885e44428f089407695ff5   4.9 kB   created 2002-01-02 03:04 UTC

      annotations
        a\x1b[2J\u{202e}b\u{200b}\x9b31m\r\nc\td   a\x1b[2J\u{202e}b\u{200b}\x9b31m\r\nc\td
    ");
    let template = Rls::at(&registry).words("manifest app:1.0").args(["--format", "{{ config.env[0] }}"]).succeeds();
    assert_snapshot!(template, @r"X=a\x1b[2J\u{202e}b\u{200b}\x9b31m\r\nc\td");
}

#[test]
fn json_and_yaml_escape_them() {
    let registry = hostile();
    for format in ["json", "jsonl", "yaml"] {
        let shown = Rls::at(&registry).words("manifest app:1.0 --history -o").arg(format).succeeds();
        let is_hostile = |c: char| c != '\n' && (c.is_control() || matches!(c, '\u{202e}' | '\u{200b}'));
        assert!(!shown.chars().any(is_hostile), "{format}: {shown:?}");
        assert!(shown.contains(r"a\u001b[2J\u202eb") || shown.contains(r"a\e[2J\u202Eb"), "{format}: {shown:?}");
    }
    let json = Rls::at(&registry).words("manifest app:1.0 -o json").succeeds();
    assert!(json.contains(r#""X=a\u001b[2J\u202eb\u200b\u009b31m\r\nc\td""#), "{json}");
}

#[test]
fn raw_bytes_are_unchanged_in_a_pipe() {
    let registry = hostile();
    let raw = Rls::at(&registry).words("manifest app:index --raw").bytes();
    assert_eq!(registry.manifest("app", "index").as_deref(), Some(raw.as_slice()));
}

#[test]
fn invalid_names_are_skipped_with_an_escaped_warning() {
    let registry = empty();
    registry.push_image("app", "1.0", &ImageSpec::new("app"));
    let list = serde_json::json!({"name": "app", "tags": ["ok", HOSTILE, "x/y", "", null, "-dash"]}).to_string();
    registry.inject(Match::get("/v2/app/tags/list").always(), Fault::body(list));
    let names = serde_json::json!({"repositories": ["app", HOSTILE, "Team/App", "../etc"]}).to_string();
    registry.inject(Match::get("/v2/_catalog").always(), Fault::body(names));
    assert_snapshot!(Rls::at(&registry).words("tags app").run(), @r#"
    exit 0
    --- stdout
    ok
    --- stderr
    warning: left out of the list: "a\u{1b}[2J\u{202e}b\u{200b}\u{9b}31m\r\nc\td" is not a tag
    warning: left out of the list: "x/y" is not a tag
    warning: left out of the list: an empty name is not a tag
    warning: left out of the list: null is not a tag
    warning: left out of the list: "-dash" is not a tag
    "#);
    assert_snapshot!(Rls::at(&registry).words("repos").run(), @r#"
    exit 0
    --- stdout
    app
    --- stderr
    warning: left out of the list: "a\u{1b}[2J\u{202e}b\u{200b}\u{9b}31m\r\nc\td" is not a repository name
    warning: left out of the list: "Team/App" is not a repository name
    warning: left out of the list: "../etc" is not a repository name
    "#);
    assert_snapshot!(Rls::at(&registry).words("repos -q").run(), @"
    exit 0
    --- stdout
    app
    ");
}

#[test]
fn pages_of_another_repository_are_warned_about_once() {
    let registry = empty();
    let page = |tag: &str| Answer::new(200).body(serde_json::json!({"name": "other", "tags": [tag]}).to_string());
    let first = page("1").header("Link", "</v2/app/tags/list?last=1>; rel=\"next\"");
    registry.inject(Match::get("/v2/app/tags/list").query("last=1").always(), page("2"));
    registry.inject(Match::get("/v2/app/tags/list").query("n=1000").always(), first);
    assert_snapshot!(Rls::at(&registry).words("tags app").run(), @"
    exit 0
    --- stdout
    1
    2
    --- stderr
    warning: the reply names another repository: other instead of app
    ");
}

#[test]
fn messages_and_warnings_of_the_registry_are_escaped() {
    let registry = empty();
    registry.push_image("app", "1.0", &ImageSpec::new("app"));
    let refusal = Answer::error(403, HOSTILE, HOSTILE);
    registry.inject(Match::get("/v2/app/tags/list").always(), refusal);
    assert_snapshot!(Rls::at(&registry).words("tags app").fails(4), @r"
    error: not allowed to pull app on http://REGISTRY
    cause: 403 Forbidden: a\x1b[2J\u{202e}b\u{200b}\x9b31m c d
    hint:  run 'rls login http://REGISTRY', or set RLS_USERNAME and RLS_PASSWORD
    ");
    registry.clear_faults();
    let warning = Fault::header("Warning", "299 - \"this registry %1b[2J goes away\"");
    registry.inject(Match::any().always(), warning);
    assert_snapshot!(Rls::at(&registry).words("tags app").run(), @"
    exit 0
    --- stdout
    1.0
    ");
    registry.clear_faults();
    registry.inject(Match::any().always(), Fault::header("Warning", "299 - \"this registry goes away\""));
    assert_snapshot!(Rls::at(&registry).words("tags app -d").run(), @"
    exit 0
    --- stdout
    1.0→sha256:d2a8d8764f7f2aa2c3c4b106bead12a7176e0e0c5ab6a7bc6e6324033ee2960a
    --- stderr
    warning: the registry says: this registry goes away
    ");
    assert_snapshot!(Rls::at(&registry).words("tags app -q").run(), @"
    exit 0
    --- stdout
    1.0
    ");
}
