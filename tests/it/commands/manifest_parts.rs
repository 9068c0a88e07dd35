//! `rls manifest`: the parts that `--raw`, `--platform` and `--config` select.

use insta::assert_snapshot;
use registry_fixture::content::ImageSpec;
use registry_fixture::{Digest, Fault, Match};
use test_support::Rls;

use crate::registries::{empty, seeded};

use super::manifest::index;

#[test]
fn raw_prints_the_bytes_whose_hash_is_the_digest() {
    let registry = seeded("kinds");
    for repository in registry.repositories().iter().filter(|name| *name != "kinds/schema1") {
        for tag in registry.tags(repository) {
            let reference = format!("{repository}:{tag}");
            let bytes = Rls::at(&registry).words("manifest --raw").arg(&reference).bytes();
            assert_eq!(Some(bytes.as_slice()), registry.manifest(repository, &tag).as_deref(), "{reference}");
            assert_eq!(Some(Digest::sha256(&bytes)), registry.resolve(repository, &tag), "{reference}");
        }
    }
    // A signed manifest of schema 1 is named by its payload, not by its bytes.
    let bytes = Rls::at(&registry).words("manifest --raw kinds/schema1").bytes();
    assert_eq!(Some(bytes.as_slice()), registry.manifest("kinds/schema1", "latest").as_deref());
}

#[test]
fn platform_selects_an_image_of_an_index() {
    let (registry, digest) = index();
    assert_snapshot!(Rls::at(&registry).words("manifest app:1.0 --platform linux/arm64 -o jsonl").succeeds(), @r#"{"registry":"http://REGISTRY","reference":"http://REGISTRY/app:1.0","repository":"app","tag":"1.0","index":"sha256:14b35177203a5d3b307de8f1645b6a5fdda72b186093b910c4d7543928484da7","platform":"linux/arm64","digest":"sha256:1a4b577b46fe27667190f25bcc6adfcca286250d2305f1875b0a632f14c8edf9","mediaType":"application/vnd.oci.image.manifest.v1+json","type":"image","size":7085,"blobs":4,"created":"2002-01-02T03:04:05Z","annotations":{},"layers":[{"digest":"sha256:dae5e345c58219d93dfff2609e5787e2ec8fea87aed1bdbe32db8a6b22ca60e3","mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","size":2071},{"digest":"sha256:db85d93a2f1bb3752d92672c4b6f0d7ca4afc66ad3bb12b4a129e402629b87dc","mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","size":2071},{"digest":"sha256:15a17e47edf8954b7908b8ccbadac46c792fdaff950fda2631cddbe03141ba3a","mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","size":2071}],"config":{"digest":"sha256:c7ca7c2cafe39acd580da3b08774b7b2084ee07affb5e89f7e746802f37371e8","created":"2002-01-02T03:04:05Z","architecture":"arm64","os":"linux","labels":{"org.opencontainers.image.title":"app"},"env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"entrypoint":["/usr/bin/app"],"cmd":["serve"],"user":null,"workingDir":"/","ports":[],"volumes":[]}}"#);
    assert_snapshot!(Rls::at(&registry).words("manifest app:1.0 --platform linux/arm/v7 -o table").succeeds(), @"
    app:1.0
      index       sha256:14b35177203a5d3b307de8f1645b6a5fdda72b186093b910c4d7543928484da7
      digest      sha256:197bc1333e5f179ff47ecb76ed9e23ae46f45d97f56f2ca501208676a464ff56
      type        image, application/vnd.oci.image.manifest.v1+json
      platform    linux/arm/v7
      size        7.1 kB in 4 blobs
      created     2002-01-02 03:04 UTC (SOME TIME ago)
      entrypoint  /usr/bin/app
      cmd         serve

      layers
        sha256:dae5e345c582   2.1 kB   application/vnd.oci.image.layer.v1.tar+gzip
        sha256:db85d93a2f1b   2.1 kB   application/vnd.oci.image.layer.v1.tar+gzip
        sha256:1db0bd6ac2d3   2.1 kB   application/vnd.oci.image.layer.v1.tar+gzip

      env
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

      labels
        org.opencontainers.image.title   app
    ");
    let reference = format!("app@{digest}");
    let arm = Rls::at(&registry).words("manifest --raw --platform linux/arm").arg(reference).bytes();
    assert!(registry.contains("app", Digest::sha256(&arm).as_str()));
    assert_snapshot!(Rls::at(&registry).words("manifest app:1.0 --platform windows/amd64").run(), @"
    exit 3
    --- stderr
    error: app:1.0 has no image for windows/amd64
    cause: available platforms: linux/amd64, linux/arm64, linux/arm/v7
    ");
    assert_snapshot!(Rls::at(&registry).words("manifest app:1.0 --platform amd64").run(), @r#"
    exit 2
    --- stderr
    error: invalid value 'amd64' for --platform
    cause: "amd64" is not a platform: a platform is OS/ARCH or OS/ARCH/VARIANT
    "#);
}

#[test]
fn platform_is_checked_for_an_image() {
    let registry = empty();
    registry.push_image("app", "1.0", &ImageSpec::new("app").platform("linux/arm64/v8"));
    let raw = |platform: &str| Rls::at(&registry).words("manifest app:1.0 --raw --platform").arg(platform).bytes();
    assert_eq!(raw("linux/arm64"), raw("linux/arm64/v8"));
    assert_snapshot!(Rls::at(&registry).words("manifest app:1.0 --platform linux/amd64").run(), @"
    exit 3
    --- stderr
    error: app:1.0 has no image for linux/amd64
    cause: available platforms: linux/arm64/v8
    ");
}

#[test]
fn the_config_is_shown_indented_or_exactly() {
    let registry = empty();
    registry.push_image("app", "1.0", &ImageSpec::new("app"));
    assert_snapshot!(Rls::at(&registry).words("manifest app:1.0 --config").succeeds(), @r#"
    {
      "architecture": "amd64",
      "os": "linux",
      "created": "2026-11-18T09:12:00Z",
      "config": {
        "Env": [
          "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        ],
        "Entrypoint": [
          "/usr/bin/app"
        ],
        "Cmd": [
          "serve"
        ],
        "WorkingDir": "/",
        "Labels": {
          "org.opencontainers.image.title": "app"
        }
      },
      "rootfs": {
        "type": "layers",
        "diff_ids": [
          "sha256:2518ec0cd3d2941c6f223edadf0284d30bd8a61d615a1c53a80c4d476cea50d2",
          "sha256:3cd90fc55d91ab4664d709d38e68ba57535658adfda401daf9e45d2c7d15014a"
        ]
      },
      "history": [
        {
          "created": "2026-11-18T09:12:00Z",
          "created_by": "COPY /etc/os-release # buildkit"
        },
        {
          "created": "2026-11-18T09:12:00Z",
          "created_by": "COPY /usr/bin/app # buildkit"
        },
        {
          "created": "2026-11-18T09:12:00Z",
          "created_by": "CMD [\"serve\"]",
          "empty_layer": true
        }
      ]
    }
    "#);
    let bytes = Rls::at(&registry).words("manifest app:1.0 --config --raw").bytes();
    assert_eq!(registry.blob("app", &Digest::sha256(&bytes)).as_deref(), Some(bytes.as_slice()));
    let shown = Rls::at(&registry).words("manifest app:1.0 --config -o json").succeeds();
    assert_eq!(shown, Rls::at(&registry).words("manifest app:1.0 --config").succeeds());
}

#[test]
fn a_missing_config_is_an_error() {
    let registry = seeded("kinds");
    assert_snapshot!(Rls::at(&registry).words("manifest kinds/schema1 --config").run(), @"
    exit 3
    --- stderr
    error: kinds/schema1 has no image config
    cause: schema 1 manifests have none
    ");
    let arm = Rls::at(&registry).words("manifest kinds/oci-index --config --platform linux/arm64").succeeds();
    assert!(arm.contains("\"architecture\": \"arm64\""), "{arm}");
}

#[test]
fn options_that_exclude_each_other_are_refused_before_any_request() {
    let registry = empty();
    for words in
        ["--raw -o json", "--raw --format {{digest}}", "--config -o yaml", "--raw --history", "--config --history"]
    {
        let outcome = Rls::at(&registry).words("manifest app").words(words).run();
        assert_eq!((outcome.code, &*outcome.stdout), (Some(2), ""), "{words}: {outcome}");
    }
    assert_snapshot!(Rls::at(&registry).words("manifest app --raw -o json").fails(2), @"error: --raw cannot be used with --output");
    assert_snapshot!(Rls::at(&registry).words("manifest app --config -o yaml").fails(2), @"
    error: --config cannot be used with --output
    cause: the image config is shown as JSON
    ");
    assert_snapshot!(Rls::at(&registry).words("manifest app --raw --history").fails(2), @"error: --raw cannot be used with --history");
    assert_eq!(registry.lines(), [""; 0]);
}

#[test]
fn only_the_requested_parts_are_fetched() {
    let (registry, _) = index();
    registry.clear_requests();
    Rls::at(&registry).words("manifest app:1.0 --raw").bytes();
    assert_eq!(registry.lines(), ["GET /v2/app/manifests/1.0"]);
    registry.clear_requests();
    Rls::at(&registry).words("manifest app:1.0 --config --raw --platform linux/amd64").bytes();
    assert_eq!(registry.count(&Match::under("/v2/app/manifests/")), 2);
    assert_eq!(registry.count(&Match::under("/v2/app/blobs/")), 1);
    assert_eq!(registry.requests().len(), 3);
}

#[test]
fn a_truncated_config_is_fetched_again() {
    let registry = empty();
    registry.push_image("app", "1.0", &ImageSpec::new("app"));
    registry.inject(Match::under("/v2/app/blobs/"), Fault::TruncateBody(20));
    let config = Rls::at(&registry).words("manifest app:1.0 --config").succeeds();
    assert!(config.starts_with("{\n  \"architecture\": \"amd64\",\n"), "{config}");
    assert_eq!(registry.count(&Match::under("/v2/app/blobs/")), 2);
}
