use insta::assert_snapshot;
use registry_fixture::content::{ImageSpec, IndexSpec};
use registry_fixture::{Fault, Match};
use test_support::Rls;

use crate::registries::{empty, seeded};

#[test]
fn lists_tags_sorted_by_bytes() {
    let registry = seeded("demo");
    assert_snapshot!(Rls::at(&registry).words("tags team/app").succeeds(), @"
    1.2.0
    1.3.8
    1.3.9
    1.4.0
    latest
    ");
    assert_eq!(registry.lines(), ["GET /v2/team/app/tags/list?n=1000"]);
    assert_snapshot!(Rls::at(&registry).words("ls team/app").succeeds(), @"
    1.2.0
    1.3.8
    1.3.9
    1.4.0
    latest
    ");
}

#[test]
fn digests_take_one_head_per_tag() {
    let registry = seeded("demo");
    assert_snapshot!(Rls::at(&registry).words("tags team/web -d").succeeds(), @"
    2.0.0→sha256:5f6f2a5ffb18c1951eee39fd450263bcfa50635a6280b37a05324cf539e33235
    2.1.0→sha256:f117f600d2b2d60781fae6a482f52b8bf45928441b16db650567df2e9d745da7
    latest→sha256:f117f600d2b2d60781fae6a482f52b8bf45928441b16db650567df2e9d745da7
    pr-118→sha256:5f6416b485600c26455f0cd1baa9142c8cde3e9e22761b48847df96cac797bbd
    ");
    assert_eq!(registry.count(&Match::under("/v2/team/web/manifests/").method("HEAD".parse().expect("a method"))), 4);
    assert_eq!(registry.requests().len(), 5);
}

#[test]
fn long_shows_the_kind_of_each_tag() {
    let registry = seeded("demo");
    assert_snapshot!(Rls::at(&registry).words("tags team/app -l --match 1.4*").succeeds(), @"1.4.0→sha256:d7e263122accb33b24b25c07da50b24a23398c91841202bb7406cc77062a2181→application/vnd.oci.image.index.v1+json→linux/amd64,linux/arm64,linux/arm/v7→14229→2026-11-18T09:12:00Z→index→-→-");
    assert_snapshot!(Rls::at(&registry).words("tags team/web -l -o json").succeeds(), @r#"
    [
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/team/web:2.0.0","repository":"team/web","tag":"2.0.0","digest":"sha256:5f6f2a5ffb18c1951eee39fd450263bcfa50635a6280b37a05324cf539e33235","mediaType":"application/vnd.docker.distribution.manifest.v2+json","type":"image","artifactType":null,"platforms":["linux/amd64"],"size":104893,"created":"2026-08-20T13:00:00Z","version":null,"appVersion":null,"files":[]},
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/team/web:2.1.0","repository":"team/web","tag":"2.1.0","digest":"sha256:f117f600d2b2d60781fae6a482f52b8bf45928441b16db650567df2e9d745da7","mediaType":"application/vnd.docker.distribution.manifest.v2+json","type":"image","artifactType":null,"platforms":["linux/amd64"],"size":104893,"created":"2026-11-11T15:25:00Z","version":null,"appVersion":null,"files":[]},
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/team/web:latest","repository":"team/web","tag":"latest","digest":"sha256:f117f600d2b2d60781fae6a482f52b8bf45928441b16db650567df2e9d745da7","mediaType":"application/vnd.docker.distribution.manifest.v2+json","type":"image","artifactType":null,"platforms":["linux/amd64"],"size":104893,"created":"2026-11-11T15:25:00Z","version":null,"appVersion":null,"files":[]},
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/team/web:pr-118","repository":"team/web","tag":"pr-118","digest":"sha256:5f6416b485600c26455f0cd1baa9142c8cde3e9e22761b48847df96cac797bbd","mediaType":"application/vnd.docker.distribution.manifest.v2+json","type":"image","artifactType":null,"platforms":["linux/amd64"],"size":104894,"created":"2026-04-02T07:59:00Z","version":null,"appVersion":null,"files":[]}
    ]
    "#);
}

#[test]
fn every_kind_of_manifest_is_listed() {
    let registry = seeded("kinds");
    let names = registry.repositories();
    assert_snapshot!(Rls::at(&registry).words("tags -l").args(names).succeeds(), @"
    kinds/artifact:latest→sha256:03d9b88eae6c6dedcdb6b280bed2b8cc5992a141458ea35f371db98404147824→application/vnd.oci.image.manifest.v1+json→-→9→-→artifact→application/vnd.example.model→-
    kinds/attested:latest→sha256:1d13a2d032528d1548bca455be6f0fe69d47ae31ad2444c0390ec4158ca7680a→application/vnd.oci.image.index.v1+json→linux/amd64,linux/arm64,linux/arm/v7→14217→2026-11-18T09:17:00Z→index→-→-
    kinds/cosigned:latest→sha256:c1886919dfec34dd02a3ec1d543a1902a0748be8d9ff270967f8a7cad844f617→application/vnd.oci.image.manifest.v1+json→linux/amd64→4867→2026-11-18T09:12:00Z→image→-→-
    kinds/cosigned:sha256-c1886919dfec34dd02a3ec1d543a1902a0748be8d9ff270967f8a7cad844f617.att→sha256:eca6ab531358584d67e670ca03605161a68ebd1361ee92f6b713e0fd8eeed480→application/vnd.oci.image.manifest.v1+json→-→332→-→attestation→-→-
    kinds/cosigned:sha256-c1886919dfec34dd02a3ec1d543a1902a0748be8d9ff270967f8a7cad844f617.sbom→sha256:74f42b6ed79bc36ae7e530ada842e4566fd07c19025f7017d9ce706cbe7cd8f8→application/vnd.oci.image.manifest.v1+json→-→293→-→sbom→-→-
    kinds/cosigned:sha256-c1886919dfec34dd02a3ec1d543a1902a0748be8d9ff270967f8a7cad844f617.sig→sha256:f7458d285569e1645dd535b6344c1b19f6f766b4d2b11dd79c5f7ed6696a1b39→application/vnd.oci.image.manifest.v1+json→-→402→-→signature→-→-
    kinds/docker-image:latest→sha256:dab03238798a3deaa5f312dcaff132e80facdf85979d5c73eb2baf7cbd5fa156→application/vnd.docker.distribution.manifest.v2+json→linux/amd64→4860→2026-11-18T09:12:00Z→image→-→-
    kinds/docker-list:latest→sha256:e279b595d391a50ed39ad118064a1a8596100b525fa3feccfdeb892690b94cae→application/vnd.docker.distribution.manifest.list.v2+json→linux/amd64,linux/arm64,linux/arm/v7→12990→2026-11-18T09:17:00Z→index→-→-
    kinds/helm-chart:1.0.0→sha256:0c88eaeb1859d9ac4608414e0391ac9de0020378c00d354f2d26ae518ce775ea→application/vnd.oci.image.manifest.v1+json→-→2144→-→chart→application/vnd.cncf.helm.config.v1+json→1.0.0
    kinds/oci-image:latest→sha256:f2e8f289afea168181ed364ed40883d6a26be0c0098f80e01d196aaebf89314e→application/vnd.oci.image.manifest.v1+json→linux/amd64→4860→2026-11-18T09:12:00Z→image→-→-
    kinds/oci-index:latest→sha256:d8fa5978501ca83206627280d701a690e73022619ff63345d76f9e0fa1779b24→application/vnd.oci.image.index.v1+json→linux/amd64,linux/arm64,linux/arm/v7→12990→2026-11-18T09:17:00Z→index→-→-
    kinds/referrers:latest→sha256:e51035c70ff683c7e0b0cf4da211b8ff47e2737eff287378fda247abf4741f92→application/vnd.oci.image.manifest.v1+json→-→2149→-→chart→application/vnd.cncf.helm.config.v1+json→latest
    kinds/referrers:sha256-e51035c70ff683c7e0b0cf4da211b8ff47e2737eff287378fda247abf4741f92→sha256:ba67abcf4739bd0b15f5db76a9217b1ff1cca114a8e967be54e66644cd8ddf59→application/vnd.oci.image.index.v1+json→-→59→2026-11-18T09:20:00Z→index→-→-
    kinds/schema1:latest→sha256:7d5ec1911139396e6b3bdb35984ccae53c48bdc1f0547884fd615e33971049e8→application/vnd.docker.distribution.manifest.v1+prettyjws→linux/amd64→-→2015-10-31T22:22:56.015925234Z→schema1→-→-
    ");
}

#[test]
fn several_repositories_are_named_and_keep_their_order() {
    let registry = seeded("demo");
    assert_snapshot!(Rls::at(&registry).words("tags team/web base/alpine").succeeds(), @"
    team/web:2.0.0
    team/web:2.1.0
    team/web:latest
    team/web:pr-118
    base/alpine:3.19
    base/alpine:3.20
    base/alpine:latest
    ");
    assert_snapshot!(Rls::at(&registry).words("tags team/web base/alpine -d -o table").succeeds(), @"
    REPOSITORY   TAG     DIGEST
    team/web     2.0.0   sha256:5f6f2a5ffb18c1951eee39fd450263bcfa50635a6280b37a05324cf539e33235
    team/web     2.1.0   sha256:f117f600d2b2d60781fae6a482f52b8bf45928441b16db650567df2e9d745da7
    team/web     latest  sha256:f117f600d2b2d60781fae6a482f52b8bf45928441b16db650567df2e9d745da7
    team/web     pr-118  sha256:5f6416b485600c26455f0cd1baa9142c8cde3e9e22761b48847df96cac797bbd
    base/alpine  3.19    sha256:8f2e20505e4361534821dd05ba44bfcc042fa9d74ba05495e68e12fab353a389
    base/alpine  3.20    sha256:2bbe6daeb8b240904e25d8ab11c46013f70c3d17b550c5fa9f58aa49ca700211
    base/alpine  latest  sha256:2bbe6daeb8b240904e25d8ab11c46013f70c3d17b550c5fa9f58aa49ca700211
    ");
}

#[test]
fn names_are_read_from_standard_input() {
    let registry = seeded("demo");
    let piped = |text: &str| Rls::at(&registry).words("tags -").stdin(text).succeeds();
    assert_snapshot!(piped("base/alpine\n\n  team/web  \n"), @"
    base/alpine:3.19
    base/alpine:3.20
    base/alpine:latest
    team/web:2.0.0
    team/web:2.1.0
    team/web:latest
    team/web:pr-118
    ");
    // One name, or none, has the same lines as several.
    assert_snapshot!(piped("team/chart"), @"
    team/chart:0.9.0
    team/chart:sha256-a72e2a496bb76154a7ae578f5395de82d5737331a0f7a208593472bd3700eed3
    ");
    assert_eq!(&*piped(""), "");
    assert_snapshot!(Rls::at(&registry).words("tags - -o json").stdin("").succeeds(), @"[]");
    let error = Rls::at(&registry).words("tags -").stdin("team/web\nteam/Web\n").fails(2);
    assert_snapshot!(error, @"
    error: 'team/Web' is not a repository name
    cause: a repository has no upper-case letters; in lower case it is 'team/web'
    cause: line 2 of standard input
    ");
}

#[test]
fn a_missing_repository_is_not_found() {
    let registry = seeded("demo");
    let missing = Rls::at(&registry).words("tags team/ap").run();
    assert_snapshot!(missing, @r#"
    exit 3
    --- stderr
    error: team/ap not found on http://REGISTRY
    cause: 404 Not Found: NAME_UNKNOWN: repository name not known to registry: {"name":"team/ap"}
    hint:  did you mean team/app?
    "#);
    assert_eq!(Rls::at(&registry).words("tags team/ap -o json").run().to_string(), missing.to_string());
    assert_snapshot!(Rls::at(&registry).words("tags team/ap team/chart").run(), @r#"
    exit 6
    --- stdout
    team/chart:0.9.0
    team/chart:sha256-a72e2a496bb76154a7ae578f5395de82d5737331a0f7a208593472bd3700eed3
    --- stderr
    error: team/ap not found on http://REGISTRY
    cause: 404 Not Found: NAME_UNKNOWN: repository name not known to registry: {"name":"team/ap"}
    hint:  did you mean team/app?
    "#);
    assert_snapshot!(Rls::at(&registry).words("tags team/ap nothing -o jsonl -q").run(), @r#"
    exit 3
    --- stdout
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/team/ap","repository":"team/ap","tag":null,"error":{"kind":"not-found","message":"team/ap not found on http://REGISTRY: 404 Not Found: NAME_UNKNOWN: repository name not known to registry: {\"name\":\"team/ap\"}"}}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/nothing","repository":"nothing","tag":null,"error":{"kind":"not-found","message":"nothing not found on http://REGISTRY: 404 Not Found: NAME_UNKNOWN: repository name not known to registry: {\"name\":\"nothing\"}"}}
    --- stderr
    error: team/ap not found on http://REGISTRY
    cause: 404 Not Found: NAME_UNKNOWN: repository name not known to registry: {"name":"team/ap"}
    error: nothing not found on http://REGISTRY
    cause: 404 Not Found: NAME_UNKNOWN: repository name not known to registry: {"name":"nothing"}
    "#);
}

#[test]
fn a_repository_without_tags_is_an_empty_list() {
    let registry = empty();
    registry.push_image("team/app", "1.0", &ImageSpec::new("app"));
    registry.untag("team/app", "1.0");
    for (format, empty) in [("plain", ""), ("json", "[]\n"), ("yaml", "[]\n"), ("jsonl", ""), ("table", "")] {
        assert_eq!(&*Rls::at(&registry).words("tags team/app -o").arg(format).succeeds(), empty, "{format}");
    }
}

#[test]
fn an_unreadable_tag_is_one_failure() {
    let registry = empty();
    for tag in ["1.0", "1.1", "1.2"] {
        registry.push_image("app", tag, &ImageSpec::new(tag));
    }
    registry.inject(Match::get("/v2/app/manifests/1.1").always(), Fault::status(404));
    registry.inject(Match::head("/v2/app/manifests/1.1").always(), Fault::status(404));
    assert_snapshot!(Rls::at(&registry).words("tags app -d").run(), @"
    exit 6
    --- stdout
    1.0→sha256:0af47753f10d59d093b03fa38692c6ac744f2d3c36f754cbc17269f8e215de23
    1.1→-
    1.2→sha256:b73b11a75eb45a47873ab93319ea70d35603e8745e506d0b215cf109830f8a3f
    --- stderr
    error: app:1.1 not found on http://REGISTRY
    cause: 404 Not Found
    ");
    assert_snapshot!(Rls::at(&registry).words("tags app -d -o json").run(), @r#"
    exit 6
    --- stdout
    [
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:1.0","repository":"app","tag":"1.0","digest":"sha256:0af47753f10d59d093b03fa38692c6ac744f2d3c36f754cbc17269f8e215de23"},
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:1.1","repository":"app","tag":"1.1","digest":null,"error":{"kind":"not-found","message":"app:1.1 not found on http://REGISTRY: 404 Not Found"}},
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:1.2","repository":"app","tag":"1.2","digest":"sha256:b73b11a75eb45a47873ab93319ea70d35603e8745e506d0b215cf109830f8a3f"}
    ]
    --- stderr
    error: app:1.1 not found on http://REGISTRY
    cause: 404 Not Found
    "#);
    assert_snapshot!(Rls::at(&registry).words("tags app -l").run(), @"
    exit 6
    --- stdout
    1.0→sha256:0af47753f10d59d093b03fa38692c6ac744f2d3c36f754cbc17269f8e215de23→application/vnd.oci.image.manifest.v1+json→linux/amd64→4858→2026-11-18T09:12:00Z→image→-→-
    1.1→-→-→-→-→-→-→-→-
    1.2→sha256:b73b11a75eb45a47873ab93319ea70d35603e8745e506d0b215cf109830f8a3f→application/vnd.oci.image.manifest.v1+json→linux/amd64→4858→2026-11-18T09:12:00Z→image→-→-
    --- stderr
    error: app:1.1 not found on http://REGISTRY
    cause: 404 Not Found
    ");
}

#[test]
fn an_index_with_a_missing_child_has_no_size() {
    let registry = empty();
    let mut index = IndexSpec::three_platforms("app");
    let missing = ImageSpec::new("never pushed").build();
    index.missing.push(missing.root().descriptor());
    registry.push_index("app", "1.0", &index);
    assert_snapshot!(Rls::at(&registry).words("tags app -l -o jsonl").run(), @r#"
    exit 0
    --- stdout
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:1.0","repository":"app","tag":"1.0","digest":"sha256:8a1571cce46c7e8cf15b61104138c610eae57f3e43af5b5ebbefab82b3b86c67","mediaType":"application/vnd.oci.image.index.v1+json","type":"index","artifactType":null,"platforms":["linux/amd64","linux/arm64","linux/arm/v7"],"size":null,"created":"2026-11-18T09:17:00Z","version":null,"appVersion":null,"files":[]}
    --- stderr
    warning: app:1.0: manifest sha256:ce3970612fc145224a3a9d9c4de9fbefcde9316817c92500a82c5da9dc1bd1f6 is missing from the registry
    "#);
}

#[test]
fn a_truncated_list_is_shown_as_far_as_it_was_read() {
    let registry = seeded("many:50000");
    registry.inject(Match::get("/v2/many/tags/list").always(), Fault::TruncateBody(400_000));
    let outcome = Rls::at(&registry).words("tags many --sort none --retries 0").run();
    assert_eq!(outcome.code, Some(6));
    assert!(outcome.stdout.lines().count() > 20_000, "{}", outcome.stdout.lines().count());
    assert!(outcome.stdout.lines().all(|tag| tag.len() == 8), "a line is not whole");
    let words = outcome.stderr.replace(|c: char| c.is_ascii_digit(), "");
    assert_snapshot!(words, @"
    error: incomplete list of many, after  entries
    cause: truncated reply from REGISTRY
    cause: the server closed the connection in the middle of a reply
    ");
}
