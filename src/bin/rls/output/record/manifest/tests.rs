use std::collections::BTreeMap;

use super::*;
use crate::output::record::field::Field;
use crate::output::{Format, Human, Layout, Output, OutputOptions, Styles, Time};

fn options(layout: Layout, colored: bool) -> OutputOptions {
    let human =
        Human { now: "2026-11-21T12:00:00Z".parse().expect("a time"), styles: Styles::new(colored), whole: false };
    OutputOptions { layout, header: true, width: None, human }
}

fn written(options: OutputOptions, record: &ManifestRecord) -> String {
    let mut bytes = Vec::new();
    let mut out = Output::new(ManifestView, options, &mut bytes).expect("an output");
    out.write(record).expect("memory can be written to");
    out.finish().expect("memory can be written to");
    String::from_utf8(bytes).expect("UTF-8")
}

fn in_format(format: Format, record: &ManifestRecord) -> String {
    written(options(Layout::Format(format), false), record)
}

fn digest(start: &str) -> String {
    format!("sha256:{start:0<64}")
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn index() -> ManifestRecord {
    let image = |platform: &str, start: &str, size, created| PlatformRecord {
        platform: Some(text(platform)),
        digest: digest(start),
        media_type: text("application/vnd.oci.image.manifest.v1+json"),
        size: Some(size),
        created: Time::parse(created).into(),
        ..PlatformRecord::default()
    };
    let attestation = PlatformRecord {
        digest: digest("51aa"),
        media_type: text("application/vnd.oci.image.manifest.v1+json"),
        kind: Some("attestation"),
        attests: Field::Known(text("linux/amd64")),
        attested: Some(digest("0c44")),
        ..PlatformRecord::default()
    };
    let platforms = vec![
        image("linux/amd64", "0c44", 31_000_000, "2026-11-18T09:12:00Z"),
        image("linux/arm64/v8", "e2b7", 30_200_000, "2026-11-18T09:14:00Z"),
        attestation,
    ];
    ManifestRecord {
        registry: text("reg:5000"),
        reference: text("reg:5000/team/app:1.4.0"),
        repository: text("team/app"),
        tag: Some(text("1.4.0")),
        digest: digest("9b1f27c4"),
        media_type: text("application/vnd.oci.image.index.v1+json"),
        kind: Some("index"),
        size: Some(61_200_000),
        blobs: Some(9),
        created: Time::parse("2026-11-18T09:14:00Z"),
        annotations: BTreeMap::from([(text("org.opencontainers.image.version"), text("1.4.0"))]),
        platforms: Field::Known(platforms),
        ..ManifestRecord::default()
    }
}

fn image() -> ManifestRecord {
    let layer = |start: &str, size| LayerRecord {
        digest: digest(start),
        media_type: Some(text("application/vnd.oci.image.layer.v1.tar+gzip")),
        size,
        annotations: BTreeMap::new(),
    };
    let step = |command: &str, empty_layer| HistoryRecord {
        created: Time::parse("2026-11-18T09:12:00Z"),
        created_by: Some(text(command)),
        comment: None,
        empty_layer,
    };
    let config = ConfigRecord {
        digest: digest("c0ff"),
        created: Time::parse("2026-11-18T09:12:00Z"),
        architecture: Some(text("arm64")),
        os: Some(text("linux")),
        os_version: Field::Absent,
        labels: BTreeMap::from([(text("maintainer"), text("ann\x1b[2J")), (text("v"), text("1\n2"))]),
        env: vec![text("PATH=/usr/bin"), text("X=")],
        entrypoint: vec![text("/bin/app"), text("it's two words")],
        cmd: vec![text("--serve")],
        user: None,
        working_dir: None,
        ports: Vec::new(),
        volumes: Vec::new(),
        history: Field::Known(vec![step("ADD rootfs.tar /", false), step("CMD [\"--serve\"]", true)]),
    };
    ManifestRecord {
        registry: text("reg:5000"),
        reference: text("reg:5000/team/app:1.4.0"),
        repository: text("team/app"),
        tag: Some(text("1.4.0")),
        index: Field::Known(digest("9b1f27c4")),
        platform: Field::Known(text("linux/arm64/v8")),
        digest: digest("e2b7"),
        media_type: text("application/vnd.oci.image.manifest.v1+json"),
        kind: Some("image"),
        size: Some(30_200_000),
        blobs: Some(3),
        created: Time::parse("2026-11-18T09:12:00Z"),
        layers: Field::Known(vec![layer("aaaaaaaa", Some(29_000_000)), layer("bbbbbbbb", Some(1_199_000))]),
        config: Field::Known(config),
        ..ManifestRecord::default()
    }
}

fn artifact() -> ManifestRecord {
    ManifestRecord {
        registry: text("reg:5000"),
        reference: text("reg:5000/team/chart"),
        repository: text("team/chart"),
        digest: digest("d00d"),
        media_type: text("application/vnd.oci.image.manifest.v1+json"),
        kind: Some("chart"),
        artifact_type: Field::Known(text("application/vnd.cncf.helm.config.v1+json")),
        version: Field::Known(text("0.9.0")),
        app_version: Field::Known(text("2.1")),
        layers: Field::Known(Vec::new()),
        ..ManifestRecord::default()
    }
}

#[test]
fn an_index_for_people() {
    let zeros = "0".repeat(56);
    let expected = format!(
        "\
team/app:1.4.0
  digest      sha256:9b1f27c4{zeros}
  type        image index, application/vnd.oci.image.index.v1+json
  size        61.2 MB in 9 blobs
  created     2026-11-18 09:14 UTC (3 days ago)

  linux/amd64      sha256:0c44000000000000000000000000000000000000000000000000000000000000   31.0 MB   created 2026-11-18 09:12 UTC
    attestation    sha256:51aa000000000000000000000000000000000000000000000000000000000000   in-toto
  linux/arm64/v8   sha256:e2b7000000000000000000000000000000000000000000000000000000000000   30.2 MB   created 2026-11-18 09:14 UTC

  annotations
    org.opencontainers.image.version   1.4.0
"
    );
    assert_eq!(in_format(Format::Table, &index()), expected);
}

#[test]
fn an_image_of_an_index_for_people() {
    let expected = format!(
        "\
team/app:1.4.0
  index       {}
  digest      {}
  type        image, application/vnd.oci.image.manifest.v1+json
  platform    linux/arm64/v8
  size        30.2 MB in 3 blobs
  created     2026-11-18 09:12 UTC (3 days ago)
  entrypoint  /bin/app 'it'\\''s two words'
  cmd         --serve

  layers
    sha256:aaaaaaaa0000   29.0 MB   application/vnd.oci.image.layer.v1.tar+gzip
    sha256:bbbbbbbb0000   1.2 MB    application/vnd.oci.image.layer.v1.tar+gzip

  env
    PATH=/usr/bin
    X=

  labels
    maintainer   ann\\x1b[2J
    v            1\\n2

  history
    2026-11-18 09:12 UTC   ADD rootfs.tar /
    2026-11-18 09:12 UTC   CMD [\"--serve\"]
",
        digest("9b1f27c4"),
        digest("e2b7")
    );
    assert_eq!(in_format(Format::Table, &image()), expected);
}

#[test]
fn an_artifact_for_people() {
    let expected = format!(
        "\
team/chart@{digest}
  digest      {digest}
  type        chart 0.9.0, app 2.1, application/vnd.oci.image.manifest.v1+json
  artifact    application/vnd.cncf.helm.config.v1+json
  size        -
",
        digest = digest("d00d")
    );
    assert_eq!(in_format(Format::Table, &artifact()), expected);
    let colored = written(options(Layout::Format(Format::Table), true), &artifact());
    assert!(colored.starts_with("\x1b[1mteam/chart@sha256:d00d"), "{colored:?}");
}

#[test]
fn missing_children_and_missing_digests_are_shown() {
    let mut record = index();
    let missing = PlatformRecord {
        platform: Some(text("windows(10.0.17763.1)/amd64")),
        digest: digest("51aa"),
        missing: Field::Known(true),
        ..PlatformRecord::default()
    };
    record.platforms = Field::Known(vec![missing]);
    record.layers = Field::Known(vec![LayerRecord { media_type: Some(text("x")), ..LayerRecord::default() }]);
    let shown = in_format(Format::Table, &record);
    assert!(
        shown.contains("  windows(10.0.17763.1)/amd64   sha256:51aa000000000000000000000000000000000000000000000000000000000000   missing from the registry\n"),
        "{shown}"
    );
    assert!(shown.contains("    -   -   x\n"), "{shown}");
    assert!(in_format(Format::Jsonl, &record).contains(r#""missing":true}]"#));
    assert!(in_format(Format::Plain, &record).contains("layers\t-\tx\t-\n"));
}

#[test]
fn the_version_of_windows_is_part_of_the_platform() {
    let mut record = image();
    record.platform = Field::Absent;
    let config = ConfigRecord { os_version: Field::Known(text("10.0.17763.1")), ..ConfigRecord::default() };
    let config = ConfigRecord { os: Some(text("windows")), architecture: Some(text("amd64")), ..config };
    record.config = Field::Known(config);
    let shown = in_format(Format::Table, &record);
    assert!(shown.contains("  platform    windows(10.0.17763.1)/amd64\n"), "{shown}");
    assert!(in_format(Format::Plain, &record).contains("config.osVersion\t10.0.17763.1\n"));
    assert!(in_format(Format::Jsonl, &record).contains(r#""osVersion":"10.0.17763.1""#));
}

#[test]
fn types_have_readable_names() {
    let named = |kind: Option<&'static str>| {
        let record = ManifestRecord { kind, media_type: text("application/x\u{9b}"), ..ManifestRecord::default() };
        in_format(Format::Table, &record)
            .lines()
            .find_map(|line| line.strip_prefix("  type        ").map(str::to_owned))
            .expect("a line with the type")
    };
    assert_eq!(named(Some("image")), "image, application/x\\x9b");
    assert_eq!(named(Some("index")), "image index, application/x\\x9b");
    assert_eq!(named(Some("schema1")), "image in the obsolete schema 1, application/x\\x9b");
    assert_eq!(named(Some("build-cache")), "build cache, application/x\\x9b");
    assert_eq!(named(None), "manifest, application/x\\x9b");
}

#[test]
fn an_index_for_scripts() {
    let expected = format!(
        "\
repository	team/app
tag	1.4.0
digest	{}
mediaType	application/vnd.oci.image.index.v1+json
type	index
size	61200000
blobs	9
created	2026-11-18T09:14:00Z
annotations	org.opencontainers.image.version	1.4.0
platforms	linux/amd64	{}	application/vnd.oci.image.manifest.v1+json	31000000	2026-11-18T09:12:00Z
platforms	linux/arm64/v8	{}	application/vnd.oci.image.manifest.v1+json	30200000	2026-11-18T09:14:00Z
platforms	attestation	{}	application/vnd.oci.image.manifest.v1+json	-	-
",
        digest("9b1f27c4"),
        digest("0c44"),
        digest("e2b7"),
        digest("51aa")
    );
    assert_eq!(in_format(Format::Plain, &index()), expected);
}

#[test]
fn an_image_for_scripts() {
    let expected = format!(
        "\
repository	team/app
tag	1.4.0
index	{}
platform	linux/arm64/v8
digest	{}
mediaType	application/vnd.oci.image.manifest.v1+json
type	image
size	30200000
blobs	3
created	2026-11-18T09:12:00Z
layers	{}	application/vnd.oci.image.layer.v1.tar+gzip	29000000
layers	{}	application/vnd.oci.image.layer.v1.tar+gzip	1199000
config.digest	{}
config.created	2026-11-18T09:12:00Z
config.architecture	arm64
config.os	linux
config.labels	maintainer	ann\\x1b[2J
config.labels	v	1\\n2
config.env	PATH=/usr/bin
config.env	X=
config.entrypoint	/bin/app
config.entrypoint	it's two words
config.cmd	--serve
config.history	2026-11-18T09:12:00Z	ADD rootfs.tar /
config.history	2026-11-18T09:12:00Z	CMD [\"--serve\"]
",
        digest("9b1f27c4"),
        digest("e2b7"),
        digest("aaaaaaaa"),
        digest("bbbbbbbb"),
        digest("c0ff")
    );
    assert_eq!(in_format(Format::Plain, &image()), expected);
    let expected = format!(
        "repository\tteam/chart\ndigest\t{}\nmediaType\tapplication/vnd.oci.image.manifest.v1+json\n\
         type\tchart\nartifactType\tapplication/vnd.cncf.helm.config.v1+json\nversion\t0.9.0\nappVersion\t2.1\nsize\t-\nblobs\t-\ncreated\t-\n",
        digest("d00d")
    );
    assert_eq!(in_format(Format::Plain, &artifact()), expected);
}

#[test]
fn an_artifact_in_json() {
    let expected = format!(
        "\
[
  {{
    \"registry\": \"reg:5000\",
    \"reference\": \"reg:5000/team/chart\",
    \"repository\": \"team/chart\",
    \"tag\": null,
    \"digest\": \"{}\",
    \"mediaType\": \"application/vnd.oci.image.manifest.v1+json\",
    \"type\": \"chart\",
    \"artifactType\": \"application/vnd.cncf.helm.config.v1+json\",
    \"version\": \"0.9.0\",
    \"appVersion\": \"2.1\",
    \"size\": null,
    \"blobs\": null,
    \"created\": null,
    \"annotations\": {{}},
    \"layers\": []
  }}
]
",
        digest("d00d")
    );
    assert_eq!(in_format(Format::Json, &artifact()), expected);
}

#[test]
fn an_image_in_one_line_of_json() {
    let step = |command: &str, empty| {
        format!(
            "{{\"created\":\"2026-11-18T09:12:00Z\",\"createdBy\":\"{command}\",\"comment\":null,\"emptyLayer\":{empty}}}"
        )
    };
    let layer = |start, size| {
        format!(
            "{{\"digest\":\"{}\",\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\",\"size\":{size}}}",
            digest(start)
        )
    };
    let expected = format!(
        "{{\"registry\":\"reg:5000\",\"reference\":\"reg:5000/team/app:1.4.0\",\"repository\":\"team/app\",\"tag\":\"1.4.0\",\"index\":\"{}\",\"platform\":\"linux/arm64/v8\",\"digest\":\"{}\",\
         \"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"type\":\"image\",\"size\":30200000,\"blobs\":3,\
         \"created\":\"2026-11-18T09:12:00Z\",\"annotations\":{{}},\
         \"layers\":[{},{}],\"config\":{{\"digest\":\"{}\",\"created\":\"2026-11-18T09:12:00Z\",\"architecture\":\"arm64\",\
         \"os\":\"linux\",\"labels\":{{\"maintainer\":\"ann\\u001b[2J\",\"v\":\"1\\n2\"}},\"env\":[\"PATH=/usr/bin\",\"X=\"],\
         \"entrypoint\":[\"/bin/app\",\"it's two words\"],\"cmd\":[\"--serve\"],\"user\":null,\"workingDir\":null,\
         \"ports\":[],\"volumes\":[],\"history\":[{},{}]}}}}\n",
        digest("9b1f27c4"),
        digest("e2b7"),
        layer("aaaaaaaa", 29_000_000),
        layer("bbbbbbbb", 1_199_000),
        digest("c0ff"),
        step("ADD rootfs.tar /", false),
        step("CMD [\\\"--serve\\\"]", true),
    );
    assert_eq!(in_format(Format::Jsonl, &image()), expected);
}

#[test]
fn a_template_may_name_absent_fields() {
    let by_template = |record: &ManifestRecord| {
        let layout = Layout::Template(text(
            "{{ config.architecture if config else 'none' }} {{ platforms|length if platforms else 0 }}",
        ));
        written(options(layout, false), record)
    };
    assert_eq!(by_template(&image()), "arm64 0\n");
    assert_eq!(by_template(&index()), "none 3\n");
}
