//! Reading: repositories, tags, manifests, digests. Nothing is changed.

use insta::assert_snapshot;
use registry_fixture::Digest;

use crate::setup::{Setup, thousand};

/// All of it.
pub fn all(setup: &Setup) {
    repositories(setup);
    tags(setup);
    index(setup);
    images(setup);
    artifact(setup);
    digests(setup);
    missing(setup);
    files(setup);
    whole(setup);
}

fn repositories(setup: &Setup) {
    let all = setup.repositories().join("\n");
    assert_eq!(&*setup.rls("repos").succeeds(), format!("{all}\n"));
    assert_snapshot!(setup.rls("repos --match team/* -o json").succeeds(), @r#"
    [
      {"registry":"REGISTRY","reference":"REGISTRY/team/app","repository":"team/app"},
      {"registry":"REGISTRY","reference":"REGISTRY/team/chart","repository":"team/chart"},
      {"registry":"REGISTRY","reference":"REGISTRY/team/thousand","repository":"team/thousand"}
    ]
    "#);
    assert_snapshot!(setup.rls("repos --limit 2 --after many-more/1098").succeeds(), @"
    many-more/1099
    team/app
    ");
    assert_snapshot!(setup.rls("repos --tags --prefix team/ --exclude team/thousand").succeeds(), @"
    team/app:1.2.0
    team/app:1.3.9
    team/app:1.4.0
    team/app:latest
    team/chart:0.9.0
    team/chart:sha256-e8c814bce9521e76f466f86201a5143c20f064d322222095dd1b4eabb62bd63a
    ");
}

fn files(setup: &Setup) {
    for tag in ["1.2.0", "1.3.9"] {
        let files = setup.rls("files").arg(format!("team/app:{tag}"));
        assert_eq!(&*files.succeeds(), "/etc\n/etc/os-release\n/usr\n/usr/bin\n/usr/bin/app\n");
        let file = setup.rls("cat").arg(format!("team/app:{tag}")).arg("/usr/bin/app");
        assert_eq!(&*file.succeeds(), format!("#!/bin/sh\necho '{tag}'\n"));
    }
    assert_eq!(setup.rls("cat team/app:1.2.0 /nowhere").run().code, Some(3));
    let differences = setup.rls("diff team/app:1.2.0 team/app:1.3.9 --files").succeeds();
    assert!(differences.lines().any(|line| line.starts_with("file\t/usr/bin/app\t")), "{differences}");
}

fn whole(setup: &Setup) {
    let checked = setup.rls("check team/app").run();
    assert_eq!((checked.result(), &*checked.stderr), ((Some(0), ""), "checked 4 tags: 0 problems\n"));
    let saved = setup.rls("snapshot team/app").succeeds();
    assert_eq!(saved.lines().count(), 4);
    let same = setup.rls("drift -").stdin(saved.replace("REGISTRY", &setup.url())).run();
    assert_eq!(same.code, Some(0), "{same}");
    let found = setup.rls("find team/app --base team/app:1.3.9").succeeds();
    assert!(found.starts_with("team/app:1.3.9\t"), "{found}");
}

fn tags(setup: &Setup) {
    // docker-registry ignores the page size: a full page does not mean that there are more.
    let thousand = thousand().collect::<Vec<_>>().join("\n");
    assert_eq!(&*setup.rls("tags team/thousand").succeeds(), format!("{thousand}\n"));
    assert_snapshot!(setup.rls("tags team/app").succeeds(), @"
    1.2.0
    1.3.9
    1.4.0
    latest
    ");
    assert_snapshot!(setup.rls("tags team/app -d").succeeds(), @"
    1.2.0→sha256:cb001370145d4ee28dff7df2da9a017757743de14a698d092e4dc636aebb0689
    1.3.9→sha256:0b037d2f9cd6bdf1a8679b0907b6e95b997385d2bad9e1b5aac3586bdb18e07e
    1.4.0→sha256:2b177efad2b6f950364523b4820b1263324bde68e92ff9fea09c7aed91edbf65
    latest→sha256:2b177efad2b6f950364523b4820b1263324bde68e92ff9fea09c7aed91edbf65
    ");
    // A docker image, an OCI image, an index with three platforms and their attestations; a chart and its list of
    // referrers.
    assert_snapshot!(setup.rls("tags team/app team/chart -l").succeeds(), @"
    team/app:1.2.0→sha256:cb001370145d4ee28dff7df2da9a017757743de14a698d092e4dc636aebb0689→application/vnd.docker.distribution.manifest.v2+json→linux/amd64→4860→2026-11-18T09:12:00Z→image→-→-
    team/app:1.3.9→sha256:0b037d2f9cd6bdf1a8679b0907b6e95b997385d2bad9e1b5aac3586bdb18e07e→application/vnd.oci.image.manifest.v1+json→linux/amd64→4860→2026-11-18T09:12:00Z→image→-→-
    team/app:1.4.0→sha256:2b177efad2b6f950364523b4820b1263324bde68e92ff9fea09c7aed91edbf65→application/vnd.oci.image.index.v1+json→linux/amd64,linux/arm64,linux/arm/v7→14217→2026-11-18T09:17:00Z→index→-→-
    team/app:latest→sha256:2b177efad2b6f950364523b4820b1263324bde68e92ff9fea09c7aed91edbf65→application/vnd.oci.image.index.v1+json→linux/amd64,linux/arm64,linux/arm/v7→14217→2026-11-18T09:17:00Z→index→-→-
    team/chart:0.9.0→sha256:e8c814bce9521e76f466f86201a5143c20f064d322222095dd1b4eabb62bd63a→application/vnd.oci.image.manifest.v1+json→-→2142→-→chart→application/vnd.cncf.helm.config.v1+json→0.9.0
    team/chart:sha256-e8c814bce9521e76f466f86201a5143c20f064d322222095dd1b4eabb62bd63a→sha256:d44a41e214024fef891fea33bfbcc1134d7ce79fe502164eb2328e795355d2f8→application/vnd.oci.image.index.v1+json→-→2→-→index→-→-
    ");
}

fn index(setup: &Setup) {
    assert_snapshot!(setup.rls("manifest team/app:1.4.0").succeeds(), @"
    repository→team/app
    tag→1.4.0
    digest→sha256:2b177efad2b6f950364523b4820b1263324bde68e92ff9fea09c7aed91edbf65
    mediaType→application/vnd.oci.image.index.v1+json
    type→index
    size→14217
    blobs→14
    created→2026-11-18T09:17:00Z
    platforms→linux/amd64→sha256:b30945c0d312ec8121ec608eeba53a9630d614141854d8b5385e5c431861cf86→application/vnd.oci.image.manifest.v1+json→7087→2026-11-18T09:12:00Z
    platforms→linux/arm64→sha256:422d6655faa2c994f98bc00fd2376315131d92a0a6f7ec0f272c4718cd087b6e→application/vnd.oci.image.manifest.v1+json→7087→2026-11-18T09:14:00Z
    platforms→linux/arm/v7→sha256:9654647e857f7fda2c38922893ecd5da88626992fa8ebe39ae08c85931854ec7→application/vnd.oci.image.manifest.v1+json→7100→2026-11-18T09:17:00Z
    platforms→attestation→sha256:7b16cfb96083f7c45fb437f254a26ed9103a35c2c98d68d0c1c3afa9c5cf7f01→application/vnd.oci.image.manifest.v1+json→409→-
    platforms→attestation→sha256:f773161aea0d9ad59a7bb1011c8d0fb4c0711eb0a26793c3b90a3f2dd37999f2→application/vnd.oci.image.manifest.v1+json→409→-
    platforms→attestation→sha256:0cfced362402bcdaabfbe61a5d96c69cc7bdad697afe3bb9a835550d88ee5b26→application/vnd.oci.image.manifest.v1+json→409→-
    ");
    assert_snapshot!(setup.rls("manifest team/app:1.4.0 --platform linux/arm64").succeeds(), @"
    repository→team/app
    tag→1.4.0
    index→sha256:2b177efad2b6f950364523b4820b1263324bde68e92ff9fea09c7aed91edbf65
    platform→linux/arm64
    digest→sha256:422d6655faa2c994f98bc00fd2376315131d92a0a6f7ec0f272c4718cd087b6e
    mediaType→application/vnd.oci.image.manifest.v1+json
    type→image
    size→7087
    blobs→4
    created→2026-11-18T09:14:00Z
    layers→sha256:dae5e345c58219d93dfff2609e5787e2ec8fea87aed1bdbe32db8a6b22ca60e3→application/vnd.oci.image.layer.v1.tar+gzip→2071
    layers→sha256:697c8558c69d3c1452c2015cb6243eb81a485364f32626ef32079f498914befa→application/vnd.oci.image.layer.v1.tar+gzip→2071
    layers→sha256:6aba22ca778ed6eff253284cfd746b7b7fb996d83bcb143ab5bd6f684f806035→application/vnd.oci.image.layer.v1.tar+gzip→2071
    config.digest→sha256:9745581ac18a5e4fc31239695af75bf41adda7b0031b7676bef2ce5ae01eb856
    config.created→2026-11-18T09:14:00Z
    config.architecture→arm64
    config.os→linux
    config.labels→org.opencontainers.image.title→1.4.0
    config.env→PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    config.entrypoint→/usr/bin/app
    config.cmd→serve
    config.workingDir→/
    ");
    assert_snapshot!(setup.rls("manifest team/app:1.4.0 --platform windows/amd64").run(), @"
    exit 3
    --- stderr
    error: team/app:1.4.0 has no image for windows/amd64
    cause: available platforms: linux/amd64, linux/arm64, linux/arm/v7
    ");
    assert_eq!(raw(setup, "team/app:1.4.0"), "sha256:2b177efad2b6f950364523b4820b1263324bde68e92ff9fea09c7aed91edbf65");
    let of_platform = raw(setup, "team/app:1.4.0 --platform linux/arm64");
    assert_eq!(of_platform, "sha256:422d6655faa2c994f98bc00fd2376315131d92a0a6f7ec0f272c4718cd087b6e");
    let config = raw(setup, "team/app:1.4.0 --platform linux/arm64 --config");
    assert_eq!(config, "sha256:9745581ac18a5e4fc31239695af75bf41adda7b0031b7676bef2ce5ae01eb856");
}

fn images(setup: &Setup) {
    assert_snapshot!(setup.rls("manifest team/app:1.2.0").succeeds(), @"
    repository→team/app
    tag→1.2.0
    digest→sha256:cb001370145d4ee28dff7df2da9a017757743de14a698d092e4dc636aebb0689
    mediaType→application/vnd.docker.distribution.manifest.v2+json
    type→image
    size→4860
    blobs→3
    created→2026-11-18T09:12:00Z
    layers→sha256:dae5e345c58219d93dfff2609e5787e2ec8fea87aed1bdbe32db8a6b22ca60e3→application/vnd.docker.image.rootfs.diff.tar.gzip→2071
    layers→sha256:caa539eb6999b59167d661c17cb392579f97b5f9dc1616957f189abd33f42553→application/vnd.docker.image.rootfs.diff.tar.gzip→2071
    config.digest→sha256:916919e62f6bf8c3b5f4122f2db48355ccb0800e2908ac931b2d1a1d4e56b571
    config.created→2026-11-18T09:12:00Z
    config.architecture→amd64
    config.os→linux
    config.labels→org.opencontainers.image.title→1.2.0
    config.env→PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    config.entrypoint→/usr/bin/app
    config.cmd→serve
    config.workingDir→/
    ");
    assert_eq!(raw(setup, "team/app:1.2.0"), "sha256:cb001370145d4ee28dff7df2da9a017757743de14a698d092e4dc636aebb0689");
    assert_eq!(raw(setup, "team/app:1.3.9"), "sha256:0b037d2f9cd6bdf1a8679b0907b6e95b997385d2bad9e1b5aac3586bdb18e07e");
    let shown = setup.rls("manifest team/app:1.3.9").succeeds();
    let config = raw(setup, "team/app:1.3.9 --config");
    assert!(shown.contains(&format!("\nconfig.digest\t{config}\n")), "{config} in\n{shown}");
}

fn artifact(setup: &Setup) {
    assert_snapshot!(setup.rls("manifest team/chart:0.9.0").succeeds(), @"
    repository→team/chart
    tag→0.9.0
    digest→sha256:e8c814bce9521e76f466f86201a5143c20f064d322222095dd1b4eabb62bd63a
    mediaType→application/vnd.oci.image.manifest.v1+json
    type→chart
    artifactType→application/vnd.cncf.helm.config.v1+json
    version→0.9.0
    size→2142
    blobs→2
    created→-
    annotations→org.opencontainers.image.title→app
    annotations→org.opencontainers.image.version→0.9.0
    layers→sha256:68e4a92e02167b781eac235f7bc50719cb6a42590d04bfa4323861b5a685229d→application/vnd.cncf.helm.chart.content.v1.tar+gzip→2071
    ");
    let list = "team/chart:sha256-e8c814bce9521e76f466f86201a5143c20f064d322222095dd1b4eabb62bd63a";
    assert_snapshot!(setup.rls(&format!("manifest {list}")).succeeds(), @"
    repository→team/chart
    tag→sha256-e8c814bce9521e76f466f86201a5143c20f064d322222095dd1b4eabb62bd63a
    digest→sha256:d44a41e214024fef891fea33bfbcc1134d7ce79fe502164eb2328e795355d2f8
    mediaType→application/vnd.oci.image.index.v1+json
    type→index
    size→2
    blobs→1
    created→-
    platforms→-→sha256:52efbdc31c41d0b1c7cdc1b42f1f79d5ef8c57bc84e4c6664c738f6cd845ade5→application/vnd.oci.image.manifest.v1+json→2→-
    ");
    assert_eq!(raw(setup, list), "sha256:d44a41e214024fef891fea33bfbcc1134d7ce79fe502164eb2328e795355d2f8");
}

/// The digest of what `rls manifest --raw` prints, computed here.
fn raw(setup: &Setup, words: &str) -> String {
    Digest::sha256(&setup.rls(&format!("manifest --raw {words}")).bytes()).to_string()
}

fn digests(setup: &Setup) {
    assert_snapshot!(setup.rls("digest team/app team/app:1.3.9").succeeds(), @"
    sha256:2b177efad2b6f950364523b4820b1263324bde68e92ff9fea09c7aed91edbf65
    sha256:0b037d2f9cd6bdf1a8679b0907b6e95b997385d2bad9e1b5aac3586bdb18e07e
    ");
    // With the host in front, as in docker.
    let named = format!("digest {}/team/app:1.3.9", setup.host());
    assert_snapshot!(setup.rls(&named).succeeds(), @"sha256:0b037d2f9cd6bdf1a8679b0907b6e95b997385d2bad9e1b5aac3586bdb18e07e");
}

fn missing(setup: &Setup) {
    assert_snapshot!(setup.rls("manifest team/app:1.3.8").run(), @r#"
    exit 3
    --- stderr
    error: team/app:1.3.8 not found on REGISTRY
    cause: 404 Not Found: MANIFEST_UNKNOWN: manifest unknown: {"Tag":"1.3.8"}
    hint:  did you mean team/app:1.3.9?
    "#);
    assert_snapshot!(setup.rls("digest team/app:latets").run(), @r#"
    exit 3
    --- stderr
    error: team/app:latets not found on REGISTRY
    cause: 404 Not Found: MANIFEST_UNKNOWN: manifest unknown: {"Tag":"latets"}
    hint:  did you mean team/app:latest?
    "#);
    assert_snapshot!(setup.rls("tags team/ap").run(), @r#"
    exit 3
    --- stderr
    error: team/ap not found on REGISTRY
    cause: 404 Not Found: NAME_UNKNOWN: repository name not known to registry: {"name":"team/ap"}
    hint:  did you mean team/app?
    "#);
    assert_snapshot!(setup.rls("manifest team/ap:1").run(), @r#"
    exit 3
    --- stderr
    error: team/ap:1 not found on REGISTRY
    cause: 404 Not Found: MANIFEST_UNKNOWN: manifest unknown: {"Tag":"1"}
    hint:  the repository does not exist; did you mean team/app?
    "#);
    assert_snapshot!(setup.rls("tags team/ap team/chart").run(), @r#"
    exit 6
    --- stdout
    team/chart:0.9.0
    team/chart:sha256-e8c814bce9521e76f466f86201a5143c20f064d322222095dd1b4eabb62bd63a
    --- stderr
    error: team/ap not found on REGISTRY
    cause: 404 Not Found: NAME_UNKNOWN: repository name not known to registry: {"name":"team/ap"}
    hint:  did you mean team/app?
    "#);
}
