use insta::assert_snapshot;
use registry_fixture::content::{ImageSpec, IndexSpec};
use registry_fixture::{Digest, Running};
use test_support::Rls;

use crate::registries::{empty, seeded};

/// `app:1.0`, an index with attestations, so old that its age is another one only every year.
pub(super) fn index() -> (Running, Digest) {
    let registry = empty();
    let index = IndexSpec::three_platforms("app").with_attestations().annotation("org.example.team", "blue");
    let index = index.created("2002-01-02T03:04:05Z");
    let digest = registry.push_index("app", "1.0", &index);
    (registry, digest)
}

#[test]
fn an_index_is_shown_with_its_platforms() {
    let (registry, _) = index();
    assert_snapshot!(Rls::at(&registry).words("manifest app:1.0").succeeds(), @"
    repository→app
    tag→1.0
    digest→sha256:14b35177203a5d3b307de8f1645b6a5fdda72b186093b910c4d7543928484da7
    mediaType→application/vnd.oci.image.index.v1+json
    type→index
    size→14211
    blobs→14
    created→2002-01-02T03:04:05Z
    annotations→org.example.team→blue
    platforms→linux/amd64→sha256:34873fd39f1e832601edc79cb1061eb6fcdf5c21f4531a08d64fb4f0eb0b4906→application/vnd.oci.image.manifest.v1+json→7085→2002-01-02T03:04:05Z
    platforms→linux/arm64→sha256:1a4b577b46fe27667190f25bcc6adfcca286250d2305f1875b0a632f14c8edf9→application/vnd.oci.image.manifest.v1+json→7085→2002-01-02T03:04:05Z
    platforms→linux/arm/v7→sha256:197bc1333e5f179ff47ecb76ed9e23ae46f45d97f56f2ca501208676a464ff56→application/vnd.oci.image.manifest.v1+json→7098→2002-01-02T03:04:05Z
    platforms→attestation→sha256:a07b224518e089acbcb81ccf66481e18bd8aef40ffae3c3a7aed3d48e5419e71→application/vnd.oci.image.manifest.v1+json→409→-
    platforms→attestation→sha256:bed2e3fd2947a04bb4cfeb5070bc4f41e11cb06c70025f8631ae862329a34038→application/vnd.oci.image.manifest.v1+json→409→-
    platforms→attestation→sha256:fd760264503c5b14ec25b10e6a80a29e590a014ce79fdadac8f43e3fa399a759→application/vnd.oci.image.manifest.v1+json→409→-
    ");
    assert_snapshot!(Rls::at(&registry).words("inspect app:1.0 -o table").succeeds(), @"
    app:1.0
      digest      sha256:14b35177203a5d3b307de8f1645b6a5fdda72b186093b910c4d7543928484da7
      type        image index, application/vnd.oci.image.index.v1+json
      size        14.2 kB in 14 blobs
      created     2002-01-02 03:04 UTC (SOME TIME ago)

      linux/amd64     sha256:34873fd39f1e832601edc79cb1061eb6fcdf5c21f4531a08d64fb4f0eb0b4906   7.1 kB   created 2002-01-02 03:04 UTC
        attestation   sha256:a07b224518e089acbcb81ccf66481e18bd8aef40ffae3c3a7aed3d48e5419e71   SLSA provenance
      linux/arm64     sha256:1a4b577b46fe27667190f25bcc6adfcca286250d2305f1875b0a632f14c8edf9   7.1 kB   created 2002-01-02 03:04 UTC
        attestation   sha256:bed2e3fd2947a04bb4cfeb5070bc4f41e11cb06c70025f8631ae862329a34038   SLSA provenance
      linux/arm/v7    sha256:197bc1333e5f179ff47ecb76ed9e23ae46f45d97f56f2ca501208676a464ff56   7.1 kB   created 2002-01-02 03:04 UTC
        attestation   sha256:fd760264503c5b14ec25b10e6a80a29e590a014ce79fdadac8f43e3fa399a759   SLSA provenance

      annotations
        org.example.team   blue
    ");
    assert_snapshot!(Rls::at(&registry).words("manifest app:1.0 -o yaml").succeeds(), @r#"
    - registry: http://REGISTRY
      reference: http://REGISTRY/app:1.0
      repository: app
      tag: "1.0"
      digest: sha256:14b35177203a5d3b307de8f1645b6a5fdda72b186093b910c4d7543928484da7
      mediaType: application/vnd.oci.image.index.v1+json
      type: index
      size: 14211
      blobs: 14
      created: "2002-01-02T03:04:05Z"
      annotations:
        org.example.team: blue
      platforms:
      - platform: linux/amd64
        digest: sha256:34873fd39f1e832601edc79cb1061eb6fcdf5c21f4531a08d64fb4f0eb0b4906
        mediaType: application/vnd.oci.image.manifest.v1+json
        type: image
        size: 7085
        created: "2002-01-02T03:04:05Z"
      - platform: linux/arm64
        digest: sha256:1a4b577b46fe27667190f25bcc6adfcca286250d2305f1875b0a632f14c8edf9
        mediaType: application/vnd.oci.image.manifest.v1+json
        type: image
        size: 7085
        created: "2002-01-02T03:04:05Z"
      - platform: linux/arm/v7
        digest: sha256:197bc1333e5f179ff47ecb76ed9e23ae46f45d97f56f2ca501208676a464ff56
        mediaType: application/vnd.oci.image.manifest.v1+json
        type: image
        size: 7098
        created: "2002-01-02T03:04:05Z"
      - platform: null
        digest: sha256:a07b224518e089acbcb81ccf66481e18bd8aef40ffae3c3a7aed3d48e5419e71
        mediaType: application/vnd.oci.image.manifest.v1+json
        type: attestation
        size: 409
        created: null
        attests: linux/amd64
        predicateTypes:
        - https://slsa.dev/provenance/v0.2
      - platform: null
        digest: sha256:bed2e3fd2947a04bb4cfeb5070bc4f41e11cb06c70025f8631ae862329a34038
        mediaType: application/vnd.oci.image.manifest.v1+json
        type: attestation
        size: 409
        created: null
        attests: linux/arm64
        predicateTypes:
        - https://slsa.dev/provenance/v0.2
      - platform: null
        digest: sha256:fd760264503c5b14ec25b10e6a80a29e590a014ce79fdadac8f43e3fa399a759
        mediaType: application/vnd.oci.image.manifest.v1+json
        type: attestation
        size: 409
        created: null
        attests: linux/arm/v7
        predicateTypes:
        - https://slsa.dev/provenance/v0.2
    "#);
}

#[test]
fn an_image_is_shown_with_its_layers_and_config() {
    let registry = empty();
    let image = ImageSpec::new("app").created("2002-01-02T03:04:05Z").label("org.example.team", "blue");
    registry.push_image("app", "1.0", &image);
    assert_snapshot!(Rls::at(&registry).words("manifest app:1.0").succeeds(), @"
    repository→app
    tag→1.0
    digest→sha256:594d310b37ebb03de07794070c9d6617e2b05260828da9ced0cfeb2d91148230
    mediaType→application/vnd.oci.image.manifest.v1+json
    type→image
    size→4884
    blobs→3
    created→2002-01-02T03:04:05Z
    layers→sha256:dae5e345c58219d93dfff2609e5787e2ec8fea87aed1bdbe32db8a6b22ca60e3→application/vnd.oci.image.layer.v1.tar+gzip→2071
    layers→sha256:db85d93a2f1bb3752d92672c4b6f0d7ca4afc66ad3bb12b4a129e402629b87dc→application/vnd.oci.image.layer.v1.tar+gzip→2071
    config.digest→sha256:b6c78790505a7fb0af06bc41590fca86da8be733d6f9ca4b3ed9a570c6a8369f
    config.created→2002-01-02T03:04:05Z
    config.architecture→amd64
    config.os→linux
    config.labels→org.example.team→blue
    config.labels→org.opencontainers.image.title→app
    config.env→PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    config.entrypoint→/usr/bin/app
    config.cmd→serve
    config.workingDir→/
    ");
    assert_snapshot!(Rls::at(&registry).words("manifest app:1.0 -o table --history").succeeds(), @r#"
    app:1.0
      digest      sha256:594d310b37ebb03de07794070c9d6617e2b05260828da9ced0cfeb2d91148230
      type        image, application/vnd.oci.image.manifest.v1+json
      platform    linux/amd64
      size        4.9 kB in 3 blobs
      created     2002-01-02 03:04 UTC (SOME TIME ago)
      entrypoint  /usr/bin/app
      cmd         serve

      layers
        sha256:dae5e345c582   2.1 kB   application/vnd.oci.image.layer.v1.tar+gzip
        sha256:db85d93a2f1b   2.1 kB   application/vnd.oci.image.layer.v1.tar+gzip

      env
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

      labels
        org.example.team                 blue
        org.opencontainers.image.title   app

      history
        2002-01-02 03:04 UTC   COPY /etc/os-release # buildkit
        2002-01-02 03:04 UTC   COPY /usr/bin/app # buildkit
        2002-01-02 03:04 UTC   CMD ["serve"]
    "#);
    assert_snapshot!(Rls::at(&registry).words("manifest app:1.0 -o json --history").succeeds(), @r#"
    [
      {
        "registry": "http://REGISTRY",
        "reference": "http://REGISTRY/app:1.0",
        "repository": "app",
        "tag": "1.0",
        "digest": "sha256:594d310b37ebb03de07794070c9d6617e2b05260828da9ced0cfeb2d91148230",
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "type": "image",
        "size": 4884,
        "blobs": 3,
        "created": "2002-01-02T03:04:05Z",
        "annotations": {},
        "layers": [
          {
            "digest": "sha256:dae5e345c58219d93dfff2609e5787e2ec8fea87aed1bdbe32db8a6b22ca60e3",
            "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
            "size": 2071
          },
          {
            "digest": "sha256:db85d93a2f1bb3752d92672c4b6f0d7ca4afc66ad3bb12b4a129e402629b87dc",
            "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
            "size": 2071
          }
        ],
        "config": {
          "digest": "sha256:b6c78790505a7fb0af06bc41590fca86da8be733d6f9ca4b3ed9a570c6a8369f",
          "created": "2002-01-02T03:04:05Z",
          "architecture": "amd64",
          "os": "linux",
          "labels": {
            "org.example.team": "blue",
            "org.opencontainers.image.title": "app"
          },
          "env": [
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
          ],
          "entrypoint": [
            "/usr/bin/app"
          ],
          "cmd": [
            "serve"
          ],
          "user": null,
          "workingDir": "/",
          "ports": [],
          "volumes": [],
          "history": [
            {
              "created": "2002-01-02T03:04:05Z",
              "createdBy": "COPY /etc/os-release # buildkit",
              "comment": null,
              "emptyLayer": false
            },
            {
              "created": "2002-01-02T03:04:05Z",
              "createdBy": "COPY /usr/bin/app # buildkit",
              "comment": null,
              "emptyLayer": false
            },
            {
              "created": "2002-01-02T03:04:05Z",
              "createdBy": "CMD [\"serve\"]",
              "comment": null,
              "emptyLayer": true
            }
          ]
        }
      }
    ]
    "#);
}

#[test]
fn artifacts_and_schema_1_manifests_have_no_absent_fields() {
    let registry = seeded("kinds");
    assert_snapshot!(Rls::at(&registry).words("manifest kinds/artifact -o json").succeeds(), @r#"
    [
      {
        "registry": "http://REGISTRY",
        "reference": "http://REGISTRY/kinds/artifact:latest",
        "repository": "kinds/artifact",
        "tag": "latest",
        "digest": "sha256:03d9b88eae6c6dedcdb6b280bed2b8cc5992a141458ea35f371db98404147824",
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "type": "artifact",
        "artifactType": "application/vnd.example.model",
        "size": 9,
        "blobs": 2,
        "created": null,
        "annotations": {},
        "layers": [
          {
            "digest": "sha256:9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c",
            "mediaType": "application/octet-stream",
            "size": 7
          }
        ]
      }
    ]
    "#);
    assert_snapshot!(Rls::at(&registry).words("manifest kinds/artifact -o table").succeeds(), @"
    kinds/artifact:latest
      digest      sha256:03d9b88eae6c6dedcdb6b280bed2b8cc5992a141458ea35f371db98404147824
      type        artifact, application/vnd.oci.image.manifest.v1+json
      artifact    application/vnd.example.model
      size        9 B in 2 blobs

      layers
        sha256:9a129038d9a0   7 B   application/octet-stream
    ");
    assert_snapshot!(Rls::at(&registry).words("manifest kinds/helm-chart:1.0.0 -o table").succeeds(), @"
    kinds/helm-chart:1.0.0
      digest      sha256:0c88eaeb1859d9ac4608414e0391ac9de0020378c00d354f2d26ae518ce775ea
      type        chart 1.0.0, application/vnd.oci.image.manifest.v1+json
      artifact    application/vnd.cncf.helm.config.v1+json
      size        2.1 kB in 2 blobs

      layers
        sha256:4252564a8719   2.1 kB   application/vnd.cncf.helm.chart.content.v1.tar+gzip

      annotations
        org.opencontainers.image.title     kinds
        org.opencontainers.image.version   1.0.0
    ");
    assert_snapshot!(Rls::at(&registry).words("manifest kinds/schema1 -o table").succeeds(), @"
    kinds/schema1:latest
      digest      sha256:7d5ec1911139396e6b3bdb35984ccae53c48bdc1f0547884fd615e33971049e8
      type        image in the obsolete schema 1, application/vnd.docker.distribution.manifest.v1+prettyjws
      size        -
      created     2015-10-31 22:22 UTC (SOME TIME ago)

      layers
        sha256:e4648e83be66   -
        sha256:5eff7ce2d253   -
    ");
    assert_snapshot!(Rls::at(&registry).words("manifest kinds/schema1 -o jsonl").succeeds(), @r#"{"registry":"http://REGISTRY","reference":"http://REGISTRY/kinds/schema1:latest","repository":"kinds/schema1","tag":"latest","digest":"sha256:7d5ec1911139396e6b3bdb35984ccae53c48bdc1f0547884fd615e33971049e8","mediaType":"application/vnd.docker.distribution.manifest.v1+prettyjws","type":"schema1","size":null,"blobs":null,"created":"2015-10-31T22:22:56.015925234Z","annotations":{},"layers":[{"digest":"sha256:e4648e83be66814fea65c17ac1972b50e3eb324c60e8a001d0317c77dfa0c16d","mediaType":null,"size":null},{"digest":"sha256:5eff7ce2d2532c1702d1d5e8df8d97405911883bf9026ed51633d0c1b2a1689c","mediaType":null,"size":null}]}"#);
    assert_snapshot!(Rls::at(&registry).words("manifest kinds/docker-list -o table").succeeds(), @"
    kinds/docker-list:latest
      digest      sha256:e279b595d391a50ed39ad118064a1a8596100b525fa3feccfdeb892690b94cae
      type        image index, application/vnd.docker.distribution.manifest.list.v2+json
      size        13.0 kB in 8 blobs
      created     2026-11-18 09:17 UTC (SOME TIME ago)

      linux/amd64    sha256:1033e0801fe6a8cf6190fd3fe8b819c0916110a653bf004ff3c1a845f52de438   7.1 kB   created 2026-11-18 09:12 UTC
      linux/arm64    sha256:28893d909742990e8d4904c905b219f4113b0c0f363b3784080b35a957f22386   7.1 kB   created 2026-11-18 09:14 UTC
      linux/arm/v7   sha256:908c26f7ad754d2cc2d366e1f9df3e0ddc260e1d5b12547c2fd185c8c776805a   7.1 kB   created 2026-11-18 09:17 UTC
    ");
}

#[test]
fn an_index_with_a_missing_child_is_shown() {
    let registry = empty();
    let mut index = IndexSpec::three_platforms("app");
    index.missing.push(ImageSpec::new("never pushed").build().root().descriptor());
    registry.push_index("app", "1.0", &index);
    assert_snapshot!(Rls::at(&registry).words("manifest app:1.0").run(), @"
    exit 0
    --- stdout
    repository→app
    tag→1.0
    digest→sha256:8a1571cce46c7e8cf15b61104138c610eae57f3e43af5b5ebbefab82b3b86c67
    mediaType→application/vnd.oci.image.index.v1+json
    type→index
    size→-
    blobs→-
    created→2026-11-18T09:17:00Z
    platforms→linux/amd64→sha256:13b94997ce64354dcf504685920b8ebb6ff3d8a583dac604463b35fe50293179→application/vnd.oci.image.manifest.v1+json→7085→2026-11-18T09:12:00Z
    platforms→linux/arm64→sha256:7edc5818903299409803d98f6ba05b1a9ec9f02c622d71d7ce73a532a8860a1d→application/vnd.oci.image.manifest.v1+json→7085→2026-11-18T09:14:00Z
    platforms→linux/arm/v7→sha256:188b3483464bc930dc556c8237383c9c15b4a692dd9e5e44e0fea7a2cf948cae→application/vnd.oci.image.manifest.v1+json→7098→2026-11-18T09:17:00Z
    platforms→-→sha256:ce3970612fc145224a3a9d9c4de9fbefcde9316817c92500a82c5da9dc1bd1f6→application/vnd.oci.image.manifest.v1+json→-→-
    --- stderr
    warning: app:1.0: manifest sha256:ce3970612fc145224a3a9d9c4de9fbefcde9316817c92500a82c5da9dc1bd1f6 is missing from the registry
    ");
    let missing = Rls::at(&registry).words("manifest app:1.0 -o table").run();
    assert_snapshot!(missing, @"
    exit 0
    --- stdout
    app:1.0
      digest      sha256:8a1571cce46c7e8cf15b61104138c610eae57f3e43af5b5ebbefab82b3b86c67
      type        image index, application/vnd.oci.image.index.v1+json
      size        -
      created     2026-11-18 09:17 UTC (SOME TIME ago)

      linux/amd64    sha256:13b94997ce64354dcf504685920b8ebb6ff3d8a583dac604463b35fe50293179   7.1 kB   created 2026-11-18 09:12 UTC
      linux/arm64    sha256:7edc5818903299409803d98f6ba05b1a9ec9f02c622d71d7ce73a532a8860a1d   7.1 kB   created 2026-11-18 09:14 UTC
      linux/arm/v7   sha256:188b3483464bc930dc556c8237383c9c15b4a692dd9e5e44e0fea7a2cf948cae   7.1 kB   created 2026-11-18 09:17 UTC
      -              sha256:ce3970612fc145224a3a9d9c4de9fbefcde9316817c92500a82c5da9dc1bd1f6   missing from the registry
    --- stderr
    warning: app:1.0: manifest sha256:ce3970612fc145224a3a9d9c4de9fbefcde9316817c92500a82c5da9dc1bd1f6 is missing from the registry
    ");
}
