//! The five formats of every command's records.

use insta::assert_snapshot;
use registry_fixture::Running;
use registry_fixture::content::ImageSpec;
use test_support::{Outcome, Rls};

use crate::registries::empty;

pub(super) const FORMATS: [&str; 5] = ["plain", "table", "json", "jsonl", "yaml"];

/// Two small repositories. What is to come is shown as a date and not as an age, which would be another one every day.
pub(super) fn small() -> Running {
    let registry = empty();
    for (repository, tag) in [("app", "1.0"), ("app", "latest"), ("team/web", "2.0")] {
        registry.push_image(repository, tag, &ImageSpec::new(repository).created("2002-01-02T03:04:05Z"));
    }
    registry
}

/// What a command prints in each format, which ends well.
pub(super) fn each(registry: &Running, words: &str) -> String {
    let print = |format: &&str| {
        let shown = Rls::at(registry).words(words).args(["-o", format]).succeeds();
        format!("{format}:\n{shown}")
    };
    FORMATS.iter().map(print).collect()
}

#[test]
fn repos_in_every_format() {
    assert_snapshot!(each(&small(), "repos"), @r#"
    plain:
    app
    team/web
    table:
    REPOSITORY
    app
    team/web
    json:
    [
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/app","repository":"app"},
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/team/web","repository":"team/web"}
    ]
    jsonl:
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/app","repository":"app"}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/team/web","repository":"team/web"}
    yaml:
    - registry: http://REGISTRY
      reference: http://REGISTRY/app
      repository: app
    - registry: http://REGISTRY
      reference: http://REGISTRY/team/web
      repository: team/web
    "#);
    assert_snapshot!(each(&small(), "repos --tags"), @r#"
    plain:
    app:1.0
    app:latest
    team/web:2.0
    table:
    REPOSITORY  TAG
    app         1.0
    app         latest
    team/web    2.0
    json:
    [
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/app","repository":"app","tags":["1.0","latest"]},
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/team/web","repository":"team/web","tags":["2.0"]}
    ]
    jsonl:
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/app","repository":"app","tags":["1.0","latest"]}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/team/web","repository":"team/web","tags":["2.0"]}
    yaml:
    - registry: http://REGISTRY
      reference: http://REGISTRY/app
      repository: app
      tags:
      - "1.0"
      - latest
    - registry: http://REGISTRY
      reference: http://REGISTRY/team/web
      repository: team/web
      tags:
      - "2.0"
    "#);
}

#[test]
fn tags_in_every_format() {
    assert_snapshot!(each(&small(), "tags app"), @r#"
    plain:
    1.0
    latest
    table:
    TAG
    1.0
    latest
    json:
    [
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:1.0","repository":"app","tag":"1.0"},
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:latest","repository":"app","tag":"latest"}
    ]
    jsonl:
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:1.0","repository":"app","tag":"1.0"}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:latest","repository":"app","tag":"latest"}
    yaml:
    - registry: http://REGISTRY
      reference: http://REGISTRY/app:1.0
      repository: app
      tag: "1.0"
    - registry: http://REGISTRY
      reference: http://REGISTRY/app:latest
      repository: app
      tag: latest
    "#);
    assert_snapshot!(each(&small(), "tags team/web -d"), @r#"
    plain:
    2.0→sha256:297d1c2a24c48e447076c3b4f163d01a9b7cc2944dbe8b9427f7fec0c79b5980
    table:
    TAG  DIGEST
    2.0  sha256:297d1c2a24c48e447076c3b4f163d01a9b7cc2944dbe8b9427f7fec0c79b5980
    json:
    [
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/team/web:2.0","repository":"team/web","tag":"2.0","digest":"sha256:297d1c2a24c48e447076c3b4f163d01a9b7cc2944dbe8b9427f7fec0c79b5980"}
    ]
    jsonl:
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/team/web:2.0","repository":"team/web","tag":"2.0","digest":"sha256:297d1c2a24c48e447076c3b4f163d01a9b7cc2944dbe8b9427f7fec0c79b5980"}
    yaml:
    - registry: http://REGISTRY
      reference: http://REGISTRY/team/web:2.0
      repository: team/web
      tag: "2.0"
      digest: sha256:297d1c2a24c48e447076c3b4f163d01a9b7cc2944dbe8b9427f7fec0c79b5980
    "#);
    assert_snapshot!(each(&small(), "tags app -l"), @r#"
    plain:
    1.0→sha256:6f1ad6a0bd5e950e38d2a8a867bc4b0c86aeff5f0c14c8a6d9715a623b742ccb→application/vnd.oci.image.manifest.v1+json→linux/amd64→4858→2002-01-02T03:04:05Z→image→-→-
    latest→sha256:6f1ad6a0bd5e950e38d2a8a867bc4b0c86aeff5f0c14c8a6d9715a623b742ccb→application/vnd.oci.image.manifest.v1+json→linux/amd64→4858→2002-01-02T03:04:05Z→image→-→-
    table:
    TAG     PLATFORMS    SIZE    CREATED       DIGEST
    1.0     linux/amd64  4.9 kB  NN years ago  sha256:6f1ad6a0bd5e
    latest  linux/amd64  4.9 kB  NN years ago  sha256:6f1ad6a0bd5e
    json:
    [
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:1.0","repository":"app","tag":"1.0","digest":"sha256:6f1ad6a0bd5e950e38d2a8a867bc4b0c86aeff5f0c14c8a6d9715a623b742ccb","mediaType":"application/vnd.oci.image.manifest.v1+json","type":"image","artifactType":null,"platforms":["linux/amd64"],"size":4858,"created":"2002-01-02T03:04:05Z","version":null,"appVersion":null,"files":[]},
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:latest","repository":"app","tag":"latest","digest":"sha256:6f1ad6a0bd5e950e38d2a8a867bc4b0c86aeff5f0c14c8a6d9715a623b742ccb","mediaType":"application/vnd.oci.image.manifest.v1+json","type":"image","artifactType":null,"platforms":["linux/amd64"],"size":4858,"created":"2002-01-02T03:04:05Z","version":null,"appVersion":null,"files":[]}
    ]
    jsonl:
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:1.0","repository":"app","tag":"1.0","digest":"sha256:6f1ad6a0bd5e950e38d2a8a867bc4b0c86aeff5f0c14c8a6d9715a623b742ccb","mediaType":"application/vnd.oci.image.manifest.v1+json","type":"image","artifactType":null,"platforms":["linux/amd64"],"size":4858,"created":"2002-01-02T03:04:05Z","version":null,"appVersion":null,"files":[]}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:latest","repository":"app","tag":"latest","digest":"sha256:6f1ad6a0bd5e950e38d2a8a867bc4b0c86aeff5f0c14c8a6d9715a623b742ccb","mediaType":"application/vnd.oci.image.manifest.v1+json","type":"image","artifactType":null,"platforms":["linux/amd64"],"size":4858,"created":"2002-01-02T03:04:05Z","version":null,"appVersion":null,"files":[]}
    yaml:
    - registry: http://REGISTRY
      reference: http://REGISTRY/app:1.0
      repository: app
      tag: "1.0"
      digest: sha256:6f1ad6a0bd5e950e38d2a8a867bc4b0c86aeff5f0c14c8a6d9715a623b742ccb
      mediaType: application/vnd.oci.image.manifest.v1+json
      type: image
      artifactType: null
      platforms:
      - linux/amd64
      size: 4858
      created: "2002-01-02T03:04:05Z"
      version: null
      appVersion: null
      files: []
    - registry: http://REGISTRY
      reference: http://REGISTRY/app:latest
      repository: app
      tag: latest
      digest: sha256:6f1ad6a0bd5e950e38d2a8a867bc4b0c86aeff5f0c14c8a6d9715a623b742ccb
      mediaType: application/vnd.oci.image.manifest.v1+json
      type: image
      artifactType: null
      platforms:
      - linux/amd64
      size: 4858
      created: "2002-01-02T03:04:05Z"
      version: null
      appVersion: null
      files: []
    "#);
    assert_snapshot!(each(&small(), "tags app team/web"), @r#"
    plain:
    app:1.0
    app:latest
    team/web:2.0
    table:
    REPOSITORY  TAG
    app         1.0
    app         latest
    team/web    2.0
    json:
    [
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:1.0","repository":"app","tag":"1.0"},
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:latest","repository":"app","tag":"latest"},
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/team/web:2.0","repository":"team/web","tag":"2.0"}
    ]
    jsonl:
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:1.0","repository":"app","tag":"1.0"}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:latest","repository":"app","tag":"latest"}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/team/web:2.0","repository":"team/web","tag":"2.0"}
    yaml:
    - registry: http://REGISTRY
      reference: http://REGISTRY/app:1.0
      repository: app
      tag: "1.0"
    - registry: http://REGISTRY
      reference: http://REGISTRY/app:latest
      repository: app
      tag: latest
    - registry: http://REGISTRY
      reference: http://REGISTRY/team/web:2.0
      repository: team/web
      tag: "2.0"
    "#);
}

#[test]
fn digest_in_every_format() {
    assert_snapshot!(each(&small(), "digest app team/web:2.0"), @r#"
    plain:
    sha256:6f1ad6a0bd5e950e38d2a8a867bc4b0c86aeff5f0c14c8a6d9715a623b742ccb
    sha256:297d1c2a24c48e447076c3b4f163d01a9b7cc2944dbe8b9427f7fec0c79b5980
    table:
    sha256:6f1ad6a0bd5e950e38d2a8a867bc4b0c86aeff5f0c14c8a6d9715a623b742ccb
    sha256:297d1c2a24c48e447076c3b4f163d01a9b7cc2944dbe8b9427f7fec0c79b5980
    json:
    [
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:latest","repository":"app","tag":"latest","digest":"sha256:6f1ad6a0bd5e950e38d2a8a867bc4b0c86aeff5f0c14c8a6d9715a623b742ccb"},
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/team/web:2.0","repository":"team/web","tag":"2.0","digest":"sha256:297d1c2a24c48e447076c3b4f163d01a9b7cc2944dbe8b9427f7fec0c79b5980"}
    ]
    jsonl:
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:latest","repository":"app","tag":"latest","digest":"sha256:6f1ad6a0bd5e950e38d2a8a867bc4b0c86aeff5f0c14c8a6d9715a623b742ccb"}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/team/web:2.0","repository":"team/web","tag":"2.0","digest":"sha256:297d1c2a24c48e447076c3b4f163d01a9b7cc2944dbe8b9427f7fec0c79b5980"}
    yaml:
    - registry: http://REGISTRY
      reference: http://REGISTRY/app:latest
      repository: app
      tag: latest
      digest: sha256:6f1ad6a0bd5e950e38d2a8a867bc4b0c86aeff5f0c14c8a6d9715a623b742ccb
    - registry: http://REGISTRY
      reference: http://REGISTRY/team/web:2.0
      repository: team/web
      tag: "2.0"
      digest: sha256:297d1c2a24c48e447076c3b4f163d01a9b7cc2944dbe8b9427f7fec0c79b5980
    "#);
}

#[test]
fn rm_in_every_format() {
    assert_snapshot!(each(&small(), "rm -qn team/web:2.0"), @r#"
    plain:
    would-remove→team/web:2.0
    table:
    would-remove→team/web:2.0→delete manifest; sha256:297d1c2a24c4
    json:
    [
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/team/web:2.0","repository":"team/web","tag":"2.0","digest":"sha256:297d1c2a24c48e447076c3b4f163d01a9b7cc2944dbe8b9427f7fec0c79b5980","action":"would-remove","method":"delete-manifest","reason":null,"siblings":{"stay":[],"go":[]},"indexes":[],"referrers":[]}
    ]
    jsonl:
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/team/web:2.0","repository":"team/web","tag":"2.0","digest":"sha256:297d1c2a24c48e447076c3b4f163d01a9b7cc2944dbe8b9427f7fec0c79b5980","action":"would-remove","method":"delete-manifest","reason":null,"siblings":{"stay":[],"go":[]},"indexes":[],"referrers":[]}
    yaml:
    - registry: http://REGISTRY
      reference: http://REGISTRY/team/web:2.0
      repository: team/web
      tag: "2.0"
      digest: sha256:297d1c2a24c48e447076c3b4f163d01a9b7cc2944dbe8b9427f7fec0c79b5980
      action: would-remove
      method: delete-manifest
      reason: null
      siblings:
        stay: []
        go: []
      indexes: []
      referrers: []
    "#);
}

#[test]
fn failures_in_every_format() {
    let registry = small();
    let print = |format: &&str| {
        let outcome: Outcome = Rls::at(&registry).words("tags app nothing -d -q").args(["-o", format]).run();
        assert_eq!(outcome.code, Some(6));
        format!("{format}:\n{}", outcome.stdout)
    };
    assert_snapshot!(FORMATS.iter().map(print).collect::<String>(), @r#"
    plain:
    app:1.0→sha256:6f1ad6a0bd5e950e38d2a8a867bc4b0c86aeff5f0c14c8a6d9715a623b742ccb
    app:latest→sha256:6f1ad6a0bd5e950e38d2a8a867bc4b0c86aeff5f0c14c8a6d9715a623b742ccb
    table:
    REPOSITORY  TAG     DIGEST
    app         1.0     sha256:6f1ad6a0bd5e950e38d2a8a867bc4b0c86aeff5f0c14c8a6d9715a623b742ccb
    app         latest  sha256:6f1ad6a0bd5e950e38d2a8a867bc4b0c86aeff5f0c14c8a6d9715a623b742ccb
    json:
    [
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:1.0","repository":"app","tag":"1.0","digest":"sha256:6f1ad6a0bd5e950e38d2a8a867bc4b0c86aeff5f0c14c8a6d9715a623b742ccb"},
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:latest","repository":"app","tag":"latest","digest":"sha256:6f1ad6a0bd5e950e38d2a8a867bc4b0c86aeff5f0c14c8a6d9715a623b742ccb"},
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/nothing","repository":"nothing","tag":null,"digest":null,"error":{"kind":"not-found","message":"nothing not found on http://REGISTRY: 404 Not Found: NAME_UNKNOWN: repository name not known to registry: {\"name\":\"nothing\"}"}}
    ]
    jsonl:
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:1.0","repository":"app","tag":"1.0","digest":"sha256:6f1ad6a0bd5e950e38d2a8a867bc4b0c86aeff5f0c14c8a6d9715a623b742ccb"}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:latest","repository":"app","tag":"latest","digest":"sha256:6f1ad6a0bd5e950e38d2a8a867bc4b0c86aeff5f0c14c8a6d9715a623b742ccb"}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/nothing","repository":"nothing","tag":null,"digest":null,"error":{"kind":"not-found","message":"nothing not found on http://REGISTRY: 404 Not Found: NAME_UNKNOWN: repository name not known to registry: {\"name\":\"nothing\"}"}}
    yaml:
    - registry: http://REGISTRY
      reference: http://REGISTRY/app:1.0
      repository: app
      tag: "1.0"
      digest: sha256:6f1ad6a0bd5e950e38d2a8a867bc4b0c86aeff5f0c14c8a6d9715a623b742ccb
    - registry: http://REGISTRY
      reference: http://REGISTRY/app:latest
      repository: app
      tag: latest
      digest: sha256:6f1ad6a0bd5e950e38d2a8a867bc4b0c86aeff5f0c14c8a6d9715a623b742ccb
    - registry: http://REGISTRY
      reference: http://REGISTRY/nothing
      repository: nothing
      tag: null
      digest: null
      error:
        kind: not-found
        message: "nothing not found on http://REGISTRY: 404 Not Found: NAME_UNKNOWN: repository name not known to registry: {\"name\":\"nothing\"}"
    "#);
    let print = |format: &&str| {
        let outcome: Outcome = Rls::at(&registry).words("rm app:2.0 nothing:1 -q").args(["-o", format]).run();
        assert_eq!(outcome.code, Some(3));
        format!("{format}:\n{}", outcome.stdout)
    };
    assert_snapshot!(FORMATS.iter().map(print).collect::<String>(), @r#"
    plain:
    absent→app:2.0
    absent→nothing:1
    table:
    absent→app:2.0
    absent→nothing:1
    json:
    [
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:2.0","repository":"app","tag":"2.0","digest":null,"action":"absent","method":null,"reason":"does not exist","siblings":null,"indexes":null,"referrers":null,"error":{"kind":"not-found","message":"app:2.0 not found on http://REGISTRY"}},
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/nothing:1","repository":"nothing","tag":"1","digest":null,"action":"absent","method":null,"reason":"does not exist","siblings":null,"indexes":null,"referrers":null,"error":{"kind":"not-found","message":"nothing:1 not found on http://REGISTRY"}}
    ]
    jsonl:
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:2.0","repository":"app","tag":"2.0","digest":null,"action":"absent","method":null,"reason":"does not exist","siblings":null,"indexes":null,"referrers":null,"error":{"kind":"not-found","message":"app:2.0 not found on http://REGISTRY"}}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/nothing:1","repository":"nothing","tag":"1","digest":null,"action":"absent","method":null,"reason":"does not exist","siblings":null,"indexes":null,"referrers":null,"error":{"kind":"not-found","message":"nothing:1 not found on http://REGISTRY"}}
    yaml:
    - registry: http://REGISTRY
      reference: http://REGISTRY/app:2.0
      repository: app
      tag: "2.0"
      digest: null
      action: absent
      method: null
      reason: does not exist
      siblings: null
      indexes: null
      referrers: null
      error:
        kind: not-found
        message: app:2.0 not found on http://REGISTRY
    - registry: http://REGISTRY
      reference: http://REGISTRY/nothing:1
      repository: nothing
      tag: "1"
      digest: null
      action: absent
      method: null
      reason: does not exist
      siblings: null
      indexes: null
      referrers: null
      error:
        kind: not-found
        message: nothing:1 not found on http://REGISTRY
    "#);
}
