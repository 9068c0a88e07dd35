//! `rls referrers`: the same set by every way in which tools attach things to an image.

use insta::assert_snapshot;
use registry_fixture::content::kinds::{bundle, referrers};
use registry_fixture::content::{
    ArtifactSpec, Content, ImageSpec, IndexSpec, cosign_attestation, cosign_sbom, cosign_signature,
};
use registry_fixture::{Answer, Fault, Match, Personality, Registry, Running};
use test_support::Rls;

/// A registry with or without the referrers API.
fn registry(has_api: bool) -> Running {
    Registry::builder().referrers(has_api).start()
}

/// An image `app:1.0` with one of every kind of referrer.
fn attach_all(registry: &Running) -> Content {
    let image = ImageSpec::new("app").build();
    registry.push("app", "1.0", &image);
    for (_, content) in referrers(image.root()) {
        registry.push_referrer("app", &content, image.root());
    }
    image
}

fn sorted(text: &str) -> Vec<String> {
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn the_api_and_the_tag_lead_to_the_same_set() {
    let (api, tags) = (registry(true), registry(false));
    let by_api = {
        attach_all(&api);
        Rls::at(&api).words("referrers app:1.0").succeeds()
    };
    attach_all(&tags);
    let by_tag = Rls::at(&tags).words("referrers app:1.0").succeeds();
    assert_eq!(sorted(&by_api), sorted(&by_tag));
    assert_snapshot!(sorted(&by_api).join("\n"), @"
    sha256:2ace64ad725287b25741332e9aed3171605d923a9c6a8f81dab6e75983069c97	end-of-life	application/vnd.microsoft.artifact.lifecycle	-	2	2002-01-02T03:14:05Z	sha256:d2a8d8764f7f2aa2c3c4b106bead12a7176e0e0c5ab6a7bc6e6324033ee2960a	1
    sha256:3c943fc4ed0938a408f80cf205b1d62ebcae152ac288dccb96738a039dfa8fd5	signature	application/vnd.dev.sigstore.bundle.v0.3+json	https://sigstore.dev/cosign/sign/v1	56	2002-01-02T03:14:05Z	sha256:d2a8d8764f7f2aa2c3c4b106bead12a7176e0e0c5ab6a7bc6e6324033ee2960a	1
    sha256:7a89f8b75a7cd99316a17e49c73bde02723da99802ad9c3082974eb9c1f00969	sbom	application/vnd.goharbor.harbor.sbom.v1	-	2	2002-01-02T03:14:05Z	sha256:d2a8d8764f7f2aa2c3c4b106bead12a7176e0e0c5ab6a7bc6e6324033ee2960a	1
    sha256:c11fefd0d2ad97ceb11f4a14edde878105859ce7afcb3dc8d709bccd33a74126	attestation	application/vnd.dev.sigstore.bundle.v0.3+json	https://slsa.dev/provenance/v1	51	2002-01-02T03:14:05Z	sha256:d2a8d8764f7f2aa2c3c4b106bead12a7176e0e0c5ab6a7bc6e6324033ee2960a	1
    sha256:e28aa8a39b63fceef17a472a586e2c66862872a2772a07be0d8b3f194036bc82	signature	application/vnd.cncf.notary.signature	-	31	2002-01-02T03:14:05Z	sha256:d2a8d8764f7f2aa2c3c4b106bead12a7176e0e0c5ab6a7bc6e6324033ee2960a	1
    sha256:edbbb2bccbef0b301a6fd3fe9ba705078c42fa9924bb6ab9c569b93f087ed24e	sbom	application/spdx+json	-	28	2002-01-02T03:14:05Z	sha256:d2a8d8764f7f2aa2c3c4b106bead12a7176e0e0c5ab6a7bc6e6324033ee2960a	1
    ");
    // A registry that got its API later has both.
    let image = ImageSpec::new("app").build();
    let index = tags.manifest("app", &image.digest().as_tag()).expect("the index of referrers");
    api.push_raw_manifest("app", &image.digest().as_tag(), registry_fixture::content::media_type::OCI_INDEX, index);
    assert_eq!(*Rls::at(&api).words("referrers app:1.0").succeeds(), *by_api);
}

#[test]
fn every_personality_gives_the_same_set() {
    let mut sets = Vec::new();
    for personality in [Personality::Distribution28, Personality::Distribution3, Personality::Zot, Personality::Harbor]
    {
        let registry = Registry::builder().personality(personality).start();
        attach_all(&registry);
        let listed = Rls::at(&registry).words("referrers app:1.0 --format").arg("{{ digest }} {{ type }}").succeeds();
        sets.push(sorted(&listed));
    }
    assert_eq!(sets[0].len(), 6);
    assert!(sets.iter().all(|set| *set == sets[0]), "{sets:#?}");
}

/// An index with attestations, and cosign's tags on the index and on one of its images.
fn signed_index(registry: &Running, index: &IndexSpec) -> Content {
    let content = index.build();
    registry.push("app", "1.0", &content);
    let image = &content.manifests[0];
    for (subject, content, suffix) in [
        (content.root(), cosign_signature(content.root()), "sig"),
        (content.root(), cosign_attestation(content.root()), "att"),
        (image, cosign_signature(image), "sig"),
        (image, cosign_sbom(image), "sbom"),
    ] {
        registry.push("app", &format!("{}.{suffix}", subject.digest.as_tag()), &content);
    }
    content
}

#[test]
fn the_children_of_an_index_have_their_own() {
    let registry = registry(false);
    let index = IndexSpec::three_platforms("app").with_attestations();
    signed_index(&registry, &index);
    assert_snapshot!(Rls::at(&registry).words("referrers app:1.0 -o table").succeeds(), @"
    REFERRER           CONTENT                                           SIZE   CREATED  DIGEST
    app:1.0                                                                              sha256:e3edb2affda8
    ├─ signature       application/vnd.dev.cosign.simplesigning.v1+json  402 B  -        sha256:1d9dc70fb1a8
    ├─ attestation     application/vnd.dsse.envelope.v1+json             332 B  -        sha256:e914ce48d306
    ├─ linux/amd64                                                                       sha256:13b94997ce64
    │  ├─ attestation  SLSA provenance                                   409 B  -        sha256:d383224353fc
    │  ├─ signature    application/vnd.dev.cosign.simplesigning.v1+json  402 B  -        sha256:bf5aac168d0b
    │  └─ SBOM         text/spdx+json                                    293 B  -        sha256:fd6137a86257
    ├─ linux/arm64                                                                       sha256:7edc58189032
    │  └─ attestation  SLSA provenance                                   409 B  -        sha256:992dd346cd68
    └─ linux/arm/v7                                                                      sha256:188b3483464b
       └─ attestation  SLSA provenance                                   409 B  -        sha256:26cbecb94608
    ");
    let fields = "{{ depth }} {{ type }} {{ platform }} {{ predicateType }}";
    assert_snapshot!(Rls::at(&registry).words("referrers app:1.0 --format").arg(fields).succeeds(), @"
    1 signature - -
    1 attestation - -
    1 attestation linux/amd64 https://slsa.dev/provenance/v0.2
    1 signature linux/amd64 -
    1 sbom linux/amd64 -
    1 attestation linux/arm64 https://slsa.dev/provenance/v0.2
    1 attestation linux/arm/v7 https://slsa.dev/provenance/v0.2
    ");
}

#[test]
fn attestations_with_a_subject_are_found_once() {
    for has_api in [true, false] {
        let registry = registry(has_api);
        let index = IndexSpec::three_platforms("app").with_attestation_artifacts().build();
        registry.push("app", "1.0", &index);
        let fields = "{{ type }} {{ platform }} {{ artifactType }} {{ predicateType }}";
        let listed = Rls::at(&registry).words("referrers app:1.0 --format").arg(fields).succeeds();
        let attestation = |platform: &str| {
            format!(
                "attestation {platform} application/vnd.docker.attestation.manifest.v1+json https://slsa.dev/provenance/v0.2\n"
            )
        };
        assert_eq!(*listed, ["linux/amd64", "linux/arm64", "linux/arm/v7"].map(attestation).concat(), "{has_api}");
    }
}

#[test]
fn referrers_of_referrers_are_below_them() {
    let registry = registry(true);
    let image = ImageSpec::new("app").build();
    registry.push("app", "1.0", &image);
    let sbom = ArtifactSpec::new("application/spdx+json").subject(image.root()).build();
    registry.push_referrer("app", &sbom, image.root());
    let signature = bundle("https://sigstore.dev/cosign/sign/v1").subject(sbom.root()).build();
    registry.push_referrer("app", &signature, sbom.root());
    assert_snapshot!(Rls::at(&registry).words("referrers app:1.0 -o table").succeeds(), @"
    REFERRER         CONTENT                SIZE  CREATED  DIGEST
    app:1.0                                                sha256:d2a8d8764f7f
    └─ SBOM          application/spdx+json  2 B   -        sha256:48788d13c5d3
       └─ signature  cosign                 56 B  -        sha256:8c5f002b54f1
    ");
    assert_snapshot!(Rls::at(&registry).words("referrers app:1.0 --type signature -o table").succeeds(), @"
    REFERRER         CONTENT  SIZE  CREATED  DIGEST
    app:1.0                                  sha256:d2a8d8764f7f
    └─ SBOM                                  sha256:48788d13c5d3
       └─ signature  cosign   56 B  -        sha256:8c5f002b54f1
    ");
    let types = |words: &str| Rls::at(&registry).words(words).words("--format {{type}}").succeeds();
    assert_eq!(types("referrers app:1.0").lines().collect::<Vec<_>>(), ["sbom", "signature"]);
    assert_eq!(types("referrers app:1.0 --depth 1").lines().collect::<Vec<_>>(), ["sbom"]);
}

#[test]
fn a_type_selects_by_kind_or_artifact_type() {
    let registry = registry(true);
    attach_all(&registry);
    let count = |words: &str| Rls::at(&registry).words("referrers app:1.0").words(words).succeeds().lines().count();
    assert_eq!(count("--type signature"), 2);
    assert_eq!(count("--type signature --type end-of-life"), 3);
    assert_eq!(count("--type application/spdx+json"), 1);
    assert!(!registry.lines().iter().any(|line| line.contains("artifactType")), "{:#?}", registry.lines());
    assert_eq!(count("--type application/spdx+json --depth 1"), 1);
    let filtered = "artifactType=application%2Fspdx%2Bjson";
    assert!(registry.lines().iter().any(|line| line.contains(filtered)), "{:#?}", registry.lines());
    // Without the header the registry ignored the filter.
    let image = ImageSpec::new("app").build();
    let path = format!("/v2/app/referrers/{}", image.digest());
    for applied in ["", "somethingElse"] {
        registry.inject(Match::get(&path), Fault::header("OCI-Filters-Applied", applied));
        assert_eq!(count("--type application/spdx+json --depth 1"), 1);
    }
    let run = Rls::at(&registry).words("referrers app:1.0 --type wasm").run();
    assert_snapshot!(run, @"
    exit 0
    --- stderr
    app:1.0 has no such referrers
    ");
    assert_snapshot!(Rls::at(&registry).words("referrers app:1.0 --type signatur").fails(2), @"
    error: invalid value 'signatur' for --type
    cause: unknown kind; did you mean signature?
    ");
}

#[test]
fn pages_are_followed() {
    let registry = registry(true);
    let image = attach_all(&registry);
    let path = format!("/v2/app/referrers/{}", image.digest());
    let first = ArtifactSpec::new("application/vnd.example.first").subject(image.root()).build();
    registry.push("app", "first", &first);
    let listed = format!(
        r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"{}","digest":"{}","size":{}}}]}}"#,
        first.root().media_type,
        first.digest(),
        first.root().bytes.len()
    );
    let link = format!("<{path}?page=2>; rel=\"next\"");
    registry.inject(Match::get(&path), Fault::header("Link", &link));
    registry.inject(Match::get(&path), Fault::body(listed));
    let types = Rls::at(&registry).words("referrers app:1.0 --format {{type}}").succeeds();
    assert_eq!(types.lines().count(), 7, "{types:?}");
    assert!(registry.lines().iter().any(|line| line.ends_with("?page=2")), "{:#?}", registry.lines());
}

#[test]
fn a_failed_request_does_not_hide_other_referrers() {
    let registry = registry(false);
    let index = IndexSpec::three_platforms("app").with_attestations();
    let content = signed_index(&registry, &index);
    let tag = format!("{}.sig", content.digest().as_tag());
    registry.inject(Match::get(format!("/v2/app/manifests/{tag}")).always(), Fault::status(403));
    let run = Rls::at(&registry).words("referrers app:1.0 --format {{type}}").run();
    assert_eq!(run.code, Some(6), "{run}");
    assert_eq!(run.stdout.lines().count(), 6, "{run}");
    assert!(run.error().starts_with("error: cannot find all referrers of app:1.0"), "{run}");
}

#[test]
fn a_reply_that_is_no_index_does_not_say_that_there_are_none() {
    let registry = registry(true);
    let image = ImageSpec::new("app").build();
    registry.push("app", "1.0", &image);
    let json = |body: &str| Answer::new(200).header("Content-Type", "application/json").body(body.to_owned());
    let list = || Match::get(format!("/v2/app/referrers/{}", image.digest())).always();
    for body in ["{}", r#"{"error":"later"}"#, r#"{"schemaVersion":2,"config":{},"layers":[]}"#, "[]"] {
        registry.inject(list(), json(body));
        let run = Rls::at(&registry).words("referrers app:1.0").run();
        assert!(run.code == Some(6) && run.stderr.contains("error: cannot find all referrers"), "{body}: {run}");
        registry.clear_faults();
    }
    registry.inject(list(), json(r#"{"mediaType":"application/vnd.oci.image.index.v1+json","manifests":null}"#));
    assert_eq!(Rls::at(&registry).words("referrers app:1.0").run().code, Some(0));
}

#[test]
fn a_referrer_that_is_gone_is_named() {
    let registry = registry(false);
    let image = attach_all(&registry);
    let (_, gone) = referrers(image.root()).remove(0);
    registry.remove_manifest("app", gone.digest());
    let run = Rls::at(&registry).words("referrers app:1.0 --type signature -o jsonl").run();
    assert_eq!(run.code, Some(6), "{run}");
    assert_eq!(run.stdout.matches(r#""error":{"kind":"not-found""#).count(), 1, "{run}");
    assert_eq!(run.error(), format!("error: cannot read referrer app@{}", gone.digest()));
}

#[test]
fn names_from_a_registry_are_escaped() {
    let registry = registry(true);
    let image = ImageSpec::new("app").build();
    registry.push("app", "1.0", &image);
    let hostile = bundle("https://example.com/\u{1b}[31m\u{202e}").subject(image.root()).build();
    registry.push_referrer("app", &hostile, image.root());
    for format in ["table", "plain", "json"] {
        let shown = Rls::at(&registry).words("referrers app:1.0 -o").arg(format).succeeds();
        assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown:?}");
    }
}

#[test]
fn an_image_without_referrers_is_an_empty_list() {
    let registry = registry(false);
    registry.push_image("app", "1.0", &ImageSpec::new("app"));
    let run = Rls::at(&registry).words("referrers app:1.0 -o json").run();
    assert_snapshot!(run, @"
    exit 0
    --- stdout
    []
    --- stderr
    app:1.0 has no referrers
    ");
    assert_snapshot!(Rls::at(&registry).words("referrers app:nope").fails(3), @r#"
    error: app:nope not found on http://REGISTRY
    cause: 404 Not Found: MANIFEST_UNKNOWN: manifest unknown: {"Tag":"nope"}
    hint:  run 'rls tags http://REGISTRY/app' to list tags
    "#);
}
