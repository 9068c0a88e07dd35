//! What `rls prune` decides and shows; nothing is changed without --yes.

use std::collections::HashSet;

use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};
use registry_fixture::content::{ArtifactSpec, ImageSpec, IndexSpec, Layer, cosign_signature};
use registry_fixture::{Digest, Method, RequestKind, Running};
use test_support::Rls;

use crate::registries::{empty, seeded};

/// An image with a megabyte of its own.
pub(super) fn image(name: &str, created: &str) -> ImageSpec {
    ImageSpec::new(name).created(created).layer(Layer::sized(name, 1_000_000))
}

fn days_ago(days: i64) -> String {
    let then = Timestamp::now() - SignedDuration::from_hours(24 * days + 1);
    then.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Tags that get older.
pub(super) fn aging() -> Running {
    let registry = empty();
    for (tag, days) in [("1.4.0", 3), ("1.3.9", 14), ("1.3.8", 21), ("1.2.0", 150), ("pr-118", 210)] {
        registry.push_image("team/app", tag, &image(tag, &days_ago(days)));
    }
    registry
}

/// Tags of known days.
pub(super) fn dated() -> Running {
    let registry = empty();
    for (tag, created) in
        [("1.0", "2024-01-01T00:00:00Z"), ("1.1", "2024-06-01T00:00:00Z"), ("1.2", "2025-01-01T00:00:00Z")]
    {
        registry.push_image("team/app", tag, &image(tag, created));
    }
    registry
}

pub(super) fn assert_unchanged(registry: &Running) {
    let changes = registry.requests().into_iter().filter(|request| !["GET", "HEAD"].contains(&request.method.as_str()));
    let changes = changes.map(|request| request.path).filter(|path| !is_probe(path));
    assert_eq!(changes.collect::<Vec<_>>(), [""; 0]);
}

/// Whether this deletes a tag or digest that does not exist.
fn is_probe(path: &str) -> bool {
    path.contains("/registry-ls-probe-") || path.ends_with(&format!("/sha256:{}", "0".repeat(64)))
}

#[test]
fn the_plan_is_a_table_with_a_summary() {
    let registry = aging();
    let rls = Rls::at(&registry).words("prune team/app --keep-last 2 --older-than 30d -o table");
    assert_snapshot!(rls.run(), @"
    exit 0
    --- stdout
    TAG     CREATED       SIZE    DECISION  REASON
    1.4.0   3 days ago    1.0 MB  keep      one of the 2 newest
    1.3.9   2 weeks ago   1.0 MB  keep      one of the 2 newest
    1.3.8   3 weeks ago   1.0 MB  keep      newer than 30 days
    1.2.0   5 months ago  1.0 MB  remove    older than 30 days
    pr-118  7 months ago  1.0 MB  remove    older than 30 days
    --- stderr
    would remove 2 of 5 tags, 2 manifests; the registry's next garbage collection frees 2.0 MB
    nothing was changed; run again with --yes to apply
    ");
    let rls = rls.then("prune team/app --older-than 1y -o table");
    assert_snapshot!(rls.run(), @"
    exit 0
    --- stdout
    TAG     CREATED       SIZE    DECISION  REASON
    1.4.0   3 days ago    1.0 MB  keep      newer than 1 year
    1.3.9   2 weeks ago   1.0 MB  keep      newer than 1 year
    1.3.8   3 weeks ago   1.0 MB  keep      newer than 1 year
    1.2.0   5 months ago  1.0 MB  keep      newer than 1 year
    pr-118  7 months ago  1.0 MB  keep      newer than 1 year
    --- stderr
    would remove 0 of 5 tags
    ");
    registry.push_image("team/web", "2", &image("2", &days_ago(1)));
    registry.push_image("team/web", "1", &image("1.2.0", &days_ago(150)));
    // The two images of the same age share their blobs.
    let rls = rls.then("prune team/app team/web --keep-newer-than 12w --keep pr-* -o table");
    assert_snapshot!(rls.run(), @"
    exit 0
    --- stdout
    REPOSITORY  TAG     CREATED       SIZE    DECISION  REASON
    team/app    1.4.0   3 days ago    1.0 MB  keep      newer than 12 weeks
    team/app    1.3.9   2 weeks ago   1.0 MB  keep      newer than 12 weeks
    team/app    1.3.8   3 weeks ago   1.0 MB  keep      newer than 12 weeks
    team/app    1.2.0   5 months ago  1.0 MB  remove    older than 12 weeks
    team/app    pr-118  7 months ago  1.0 MB  keep      matches 'pr-*'
    team/web    2       1 day ago     1.0 MB  keep      newer than 12 weeks
    team/web    1       5 months ago  1.0 MB  remove    older than 12 weeks
    --- stderr
    would remove 2 of 7 tags, 2 manifests; the registry's next garbage collection frees 1.0 MB
    nothing was changed; run again with --yes to apply
    ");
    let rls = rls.then("prune team/app --keep-last 4 -q");
    assert_snapshot!(rls.run(), @"
    exit 0
    --- stdout
    kept→team/app:1.4.0
    kept→team/app:1.3.9
    kept→team/app:1.3.8
    kept→team/app:1.2.0
    would-remove→team/app:pr-118
    ");
    assert_unchanged(&registry);
}

#[test]
fn records_have_the_decision_and_its_reason() {
    let registry = dated();
    let rls = Rls::at(&registry).words("prune team/app -n --older-than 2024-06-01 --keep 1.2 -q -o jsonl");
    assert_snapshot!(rls.run(), @r#"
    exit 0
    --- stdout
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/team/app:1.2","repository":"team/app","tag":"1.2","digest":"sha256:09164f2d80c199de9ef9256664483780a58886ed0263b1786c31eaf78639bab8","action":"kept","method":null,"reason":"matches '1.2'","created":"2025-01-01T00:00:00Z","size":1007166}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/team/app:1.1","repository":"team/app","tag":"1.1","digest":"sha256:ad33213ad2712aa92482480fc24b7f72751036cd42b87241311b796ff0edfe27","action":"kept","method":null,"reason":"newer than 2024-06-01","created":"2024-06-01T00:00:00Z","size":1007166}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/team/app:1.0","repository":"team/app","tag":"1.0","digest":"sha256:756bd9e8f900f635d027aab5a68f449050090fc3619b25825a5b0c6bd6f30138","action":"would-remove","method":"delete-manifest","reason":"older than 2024-06-01","created":"2024-01-01T00:00:00Z","size":1007166}
    "#);
    let rls = rls.then("prune team/app --keep-semver ^1.1 -q");
    assert_snapshot!(rls.run(), @"
    exit 0
    --- stdout
    kept→team/app:1.2
    kept→team/app:1.1
    would-remove→team/app:1.0
    ");
    let template = "{{ tag }} {{ action }} {{ created }} {{ size }} {{ reason }}";
    let rls = rls.then("prune team/app --keep-last 1 --sort version -q --format").arg(template);
    assert_snapshot!(rls.run(), @"
    exit 0
    --- stdout
    1.2 kept 2025-01-01T00:00:00Z 1007166 the highest version
    1.1 would-remove 2024-06-01T00:00:00Z 1007166 lower than the highest version
    1.0 would-remove 2024-01-01T00:00:00Z 1007166 lower than the highest version
    ");
}

/// An index with its parts, signed; a tag that shares a manifest; an artifact that refers to one.
#[test]
fn tags_of_one_manifest_are_kept_or_removed_together() {
    let registry = empty();
    let old = image("old", "2024-01-01T00:00:00Z").build();
    let shared = image("shared", "2024-01-02T00:00:00Z");
    let index = IndexSpec::three_platforms("index").created("2024-01-03T00:00:00Z").with_attestations().build();
    let name = |digest: &Digest, ending: &str| format!("{}{ending}", digest.as_tag());
    registry.push("team/app", "old", &old);
    registry.push("team/app", &name(old.digest(), ".sig"), &cosign_signature(old.root()));
    registry.push("team/app", "sbom", &ArtifactSpec::new("application/spdx+json").subject(old.root()).build());
    let digest = registry.push_image("team/app", "shared", &shared);
    registry.tag("team/app", "stable", &digest);
    let index_digest = registry.push("team/app", "index", &index);
    registry.push("team/app", &name(&index_digest, ".sig"), &cosign_signature(index.root()));
    let part = &index.manifests[0].digest;
    registry.tag("team/app", "index-part", part);
    let rls = Rls::at(&registry).naming(name(old.digest(), ""), "<old>").naming(name(&index_digest, ""), "<index>");
    let rls = rls.words("prune team/app --older-than 2025-01-01 --keep index --keep stable --format");
    let rls = rls.arg("{{ tag }}: {{ action }}, {{ reason }}");
    assert_snapshot!(rls.run(), @"
    exit 0
    --- stdout
    index-part: kept, part of index, which stays
    index: kept, matches 'index'
    stable: kept, matches 'stable'
    shared: kept, older than 2025-01-01; shares its manifest with stable, which stays; the registry deletes manifests, not tags
    old: would-remove, older than 2025-01-01
    <index>.sig: kept, refers to index, which stays
    <old>.sig: would-remove, refers to old, which goes
    sbom: would-remove, refers to old, which goes
    --- stderr
    would remove 3 of 8 tags, 3 manifests; the registry's next garbage collection frees 1.0 MB
    1 tag stays although the rule removes it: the registry deletes manifests, not tags; --placeholder removes it
    nothing was changed; run again with --yes to apply
    ");
    assert_unchanged(&registry);
}

#[test]
fn leftover_placeholders_are_removed() {
    let registry = dated();
    let placeholder = ArtifactSpec::new("application/vnd.registry-ls.placeholder.v1+json").annotation("unique", "1");
    registry.push("team/app", "0.9", &placeholder.build());
    let rls = Rls::at(&registry).words("prune team/app --keep-last 3 -o table");
    let outcome = rls.run();
    assert!(outcome.stdout.contains("left behind by an interrupted removal"), "{outcome}");
    assert!(outcome.stderr.contains("would remove 1 of 4 tags, 1 manifest;"), "{outcome}");
}

#[test]
fn tags_manifests_and_configs_are_fetched_once() {
    let registry = seeded("1x500");
    let repository = registry.repositories().remove(0);
    let digest = registry.resolve(&repository, "1.7.0").expect("it is there");
    registry.tag(&repository, "same", &digest);
    let rls = Rls::at(&registry).words("prune --keep-last 10 --sort version -q").arg(&repository);
    let outcome = rls.succeeds();
    let kept: Vec<_> = outcome.lines().filter(|line| line.starts_with("kept")).collect();
    // The ten highest versions, and tags that are not versions.
    assert_eq!(kept.len(), 13, "{kept:?}");
    // Two manifests have a second name.
    let tally = registry.tally();
    assert_eq!(tally.get(&Method::HEAD, RequestKind::Manifest), 501);
    assert_eq!(tally.get(&Method::GET, RequestKind::Manifest), 499);
    assert_eq!(tally.get(&Method::GET, RequestKind::Blob), 499);
    let lines = registry.lines();
    let distinct: HashSet<_> = lines.iter().collect();
    assert_eq!(distinct.len(), lines.len(), "nothing is requested twice");
    // The list, what follows it, two probes, and whether there is an API for referrers.
    assert_eq!(lines.len(), 501 + 499 + 499 + 5);
}

#[test]
fn a_failing_repository_does_not_stop_the_others() {
    let registry = dated();
    let rls = Rls::at(&registry).words("prune team/app team/none --keep-last 1 -o jsonl");
    let outcome = rls.run();
    assert_eq!(outcome.code, Some(6), "{outcome}");
    assert_eq!(outcome.stdout.lines().count(), 4);
    assert_snapshot!(outcome.stdout.lines().last().expect("a line"), @r#"{"registry":"http://REGISTRY","reference":"http://REGISTRY/team/none","repository":"team/none","tag":null,"digest":null,"action":"failed","method":null,"reason":"team/none not found on http://REGISTRY","error":{"kind":"not-found","message":"team/none not found on http://REGISTRY: 404 Not Found: NAME_UNKNOWN: repository name not known to registry: {\"name\":\"team/none\"}"},"created":null,"size":null}"#);
    assert_eq!(rls.then("prune team/none --keep-last 1").run().code, Some(3));
}
