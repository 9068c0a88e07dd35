//! What `rls prune` decides and shows; nothing is changed without --yes.

use std::collections::HashSet;

use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};
use registry_fixture::content::{ArtifactSpec, ImageSpec, IndexSpec, Layer, cosign_signature};
use registry_fixture::{Digest, Fault, Match, Method, RequestKind, Running};
use test_support::Rls;

use crate::registries::{empty, seeded};

/// An image with a megabyte of its own.
fn image(name: &str, created: &str) -> ImageSpec {
    ImageSpec::new(name).created(created).layer(Layer::sized(name, 1_000_000))
}

fn days_ago(days: i64) -> String {
    let then = Timestamp::now() - SignedDuration::from_hours(24 * days + 1);
    then.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Tags that get older.
fn aging() -> Running {
    let registry = empty();
    for (tag, days) in [("1.4.0", 3), ("1.3.9", 14), ("1.3.8", 21), ("1.2.0", 150), ("pr-118", 210)] {
        registry.push_image("team/app", tag, &image(tag, &days_ago(days)));
    }
    registry
}

/// Tags of known days.
fn dated() -> Running {
    let registry = empty();
    for (tag, created) in
        [("1.0", "2024-01-01T00:00:00Z"), ("1.1", "2024-06-01T00:00:00Z"), ("1.2", "2025-01-01T00:00:00Z")]
    {
        registry.push_image("team/app", tag, &image(tag, created));
    }
    registry
}

fn assert_unchanged(registry: &Running) {
    let changes = registry.requests().into_iter().filter(|request| !["GET", "HEAD"].contains(&request.method.as_str()));
    let changes = changes.map(|request| request.path).filter(|path| !is_probe(path));
    assert_eq!(changes.collect::<Vec<_>>(), [""; 0]);
}

/// Whether this deletes a tag or digest that does not exist.
fn is_probe(path: &str) -> bool {
    path.contains("/rls-probe-") || path.ends_with(&format!("/sha256:{}", "0".repeat(64)))
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
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/team/app:1.2","repository":"team/app","tag":"1.2","digest":"sha256:d74724b50af6dda24dfd84980ea38acb628232587bbd5ba8230559b5c9143e6d","action":"kept","method":null,"reason":"matches '1.2'","created":"2025-01-01T00:00:00Z","size":1007176}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/team/app:1.1","repository":"team/app","tag":"1.1","digest":"sha256:a427b9fa4b5b948b33bbacec2cd1e7c9d62529503cc72e2b4c092835c53c49a9","action":"kept","method":null,"reason":"newer than 2024-06-01","created":"2024-06-01T00:00:00Z","size":1007176}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/team/app:1.0","repository":"team/app","tag":"1.0","digest":"sha256:3fbfcd1ecb290f6b118ff64ca8bb417f97ec173eaf51b5ca0483bcdbb9c7b0e1","action":"would-remove","method":"delete-manifest","reason":"older than 2024-06-01","created":"2024-01-01T00:00:00Z","size":1007176}
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
    1.2 kept 2025-01-01T00:00:00Z 1007176 the highest version
    1.1 would-remove 2024-06-01T00:00:00Z 1007176 lower than the highest version
    1.0 would-remove 2024-01-01T00:00:00Z 1007176 lower than the highest version
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
fn an_unreadable_tag_is_kept_with_a_warning() {
    let registry = dated();
    registry.push_raw_manifest("team/app", "broken", "application/vnd.oci.image.manifest.v1+json", "{\"layers\":5}");
    let rls = Rls::at(&registry).words("prune team/app --older-than 2024-12-01 --retries 0 --format");
    let rls = rls.arg("{{ tag }}: {{ action }}, {{ reason }}");
    assert_snapshot!(rls.run(), @"
    exit 6
    --- stdout
    1.2: kept, newer than 2024-12-01
    1.1: kept, older than 2024-12-01; its manifest stays: broken, which could not be read, may need it; the registry deletes manifests, not tags
    1.0: kept, older than 2024-12-01; its manifest stays: broken, which could not be read, may need it; the registry deletes manifests, not tags
    broken: kept, could not be read: manifest sha256:364ec34907154408422ef7ad1e3b0e786c06ea322bc9eac5efc8221b90a83965 is malformed: layers: invalid type: integer `5`, expected a sequence
    --- stderr
    error: cannot read all of team/app:broken
    cause: manifest sha256:364ec34907154408422ef7ad1e3b0e786c06ea322bc9eac5efc8221b90a83965 is malformed
    cause: layers: invalid type: integer `5`, expected a sequence
    error: cannot remove 2 tags of team/app, including 1.0: team/app:broken cannot be read, and may be an index that lists it
    cause: manifest sha256:364ec34907154408422ef7ad1e3b0e786c06ea322bc9eac5efc8221b90a83965 is malformed: layers: invalid type: integer `5`, expected a sequence
    hint:  use --placeholder, which does not depend on other tags (it pushes a tiny manifest first), or remove team/app:broken first
    would remove 0 of 4 tags
    ");
    registry.untag("team/app", "broken");
    registry.inject(Match::manifest("team/app", "1.2").reads().always(), Fault::status(500));
    assert_snapshot!(rls.run(), @"
    exit 6
    --- stdout
    1.1: kept, older than 2024-12-01; its manifest stays: 1.2, which could not be read, may need it; the registry deletes manifests, not tags
    1.0: kept, older than 2024-12-01; its manifest stays: 1.2, which could not be read, may need it; the registry deletes manifests, not tags
    1.2: kept, could not be read: http://REGISTRY failed to answer for team/app:1.2: 500 Internal Server Error
    --- stderr
    error: http://REGISTRY failed to answer for team/app:1.2
    cause: 500 Internal Server Error
    hint:  check the server's log; use --retries N to retry more often
    error: cannot remove 2 tags of team/app, including 1.0: team/app:1.2 cannot be read, and may point to the same manifest
    cause: http://REGISTRY failed to answer for team/app:1.2: 500 Internal Server Error
    hint:  use --placeholder, which does not depend on other tags (it pushes a tiny manifest first), or remove team/app:1.2 first
    would remove 0 of 3 tags
    ");
    registry.clear_faults();
    registry.inject(Match::get("/v2/team/app/tags/list").always(), Fault::status(500));
    assert_eq!(rls.run().code, Some(5));
}

#[test]
fn a_tag_removed_during_planning_is_not_in_the_plan() {
    let registry = dated();
    registry.after_request(Match::tags("team/app"), |registry, _| {
        registry.untag("team/app", "1.1");
    });
    let rls = Rls::at(&registry).words("prune team/app --keep-last 1 -q");
    assert_eq!(&*rls.succeeds(), "kept\tteam/app:1.2\nwould-remove\tteam/app:1.0\n");
    // HEAD and GET deny it twice; then the list is read again, which no longer has it.
    assert_eq!(registry.count(&Match::manifest("team/app", "1.1")), 4);
    assert_eq!(registry.count(&Match::tags("team/app")), 2);
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
    // The ten highest versions, and what is no version.
    assert_eq!(kept.len(), 13, "{kept:?}");
    // Two manifests have a second name.
    let tally = registry.tally();
    assert_eq!(tally.get(&Method::HEAD, RequestKind::Manifest), 501);
    assert_eq!(tally.get(&Method::GET, RequestKind::Manifest), 499);
    assert_eq!(tally.get(&Method::GET, RequestKind::Blob), 499);
    let lines = registry.lines();
    let distinct: HashSet<_> = lines.iter().collect();
    assert_eq!(distinct.len(), lines.len(), "nothing is requested twice");
    // The list, two probes, and whether there is an API for referrers.
    assert_eq!(lines.len(), 501 + 499 + 499 + 4);
}

#[test]
fn the_configuration_file_may_hold_a_rule() {
    let registry = dated();
    registry.push_image("base/alpine", "3.20", &image("alpine", "2024-01-01T00:00:00Z"));
    registry.push_image("team/web", "1", &image("web", "2024-01-01T00:00:00Z"));
    registry.create_repository("team/empty");
    let rls = Rls::at(&registry)
        .config("[prune.\"team/*\"]\nkeep-last = 1\n[prune.\"team/web\"]\nolder-than = \"2024-01-01\"");
    let rls = rls.words("prune team/app team/web");
    assert_snapshot!(rls.run(), @"
    exit 0
    --- stdout
    kept→team/app:1.2
    would-remove→team/app:1.1
    would-remove→team/app:1.0
    kept→team/web:1
    --- stderr
    would remove 2 of 4 tags, 2 manifests; the registry's next garbage collection frees 2.0 MB
    nothing was changed; run again with --yes to apply
    ");
    // A tag goes only where the command line's rule removes it too.
    let rls = rls.then("prune team/app --keep-last 2 -q");
    assert_eq!(rls.succeeds().lines().filter(|line| line.starts_with("kept")).count(), 2);
    let rls = rls.then("prune team/app --match 1.*");
    assert_snapshot!(rls.run(), @"
    exit 2
    --- stderr
    error: the rule does not say what to remove
    cause: --match and --exclude select the tags that it is about, --sort their order
    hint:  add --older-than AGE, or what to keep: --keep-last N, --keep-newer-than AGE, --keep-semver RANGE, --keep GLOB
    ");
    let rls = rls.then("prune team/app base/alpine");
    assert_snapshot!(rls.run(), @r#"
    exit 2
    --- stderr
    error: no rule for base/alpine
    cause: none is given on the command line, and no table in the configuration file matches
    hint:  use --keep-last N or --older-than AGE, or add [prune."base/alpine"] to the configuration file
    "#);
    let rls = rls.then("prune --match-repo *");
    assert_snapshot!(rls.run(), @"
    exit 0
    --- stderr
    warning: no repository in the catalog matches --match-repo
    ");
    let rls = rls.then("prune --match-repo ** --format").arg("{{ repository }}:{{ tag }} {{ action }}");
    assert_snapshot!(rls.run(), @"
    exit 0
    --- stdout
    team/app:1.2 kept
    team/app:1.1 would-remove
    team/app:1.0 would-remove
    team/web:1 kept
    --- stderr
    warning: no rule for 1 of 4 repositories
    would remove 2 of 4 tags, 2 manifests; the registry's next garbage collection frees 2.0 MB
    nothing was changed; run again with --yes to apply
    ");
    let rls = rls.then("prune --match-repo none/*");
    assert_snapshot!(rls.run(), @"
    exit 0
    --- stderr
    warning: no repository in the catalog matches --match-repo
    ");
    assert_unchanged(&registry);
}

#[test]
fn a_failing_repository_does_not_stop_the_others() {
    let registry = dated();
    let rls = Rls::at(&registry).words("prune team/app team/none --keep-last 1 -o jsonl");
    let outcome = rls.run();
    assert_eq!(outcome.code, Some(6), "{outcome}");
    assert_eq!(outcome.stdout.lines().count(), 4);
    assert_snapshot!(outcome.stdout.lines().last().unwrap(), @r#"{"registry":"http://REGISTRY","reference":"http://REGISTRY/team/none","repository":"team/none","tag":null,"digest":null,"action":"failed","method":null,"reason":"team/none not found on http://REGISTRY","error":{"kind":"not-found","message":"team/none not found on http://REGISTRY: 404 Not Found: NAME_UNKNOWN: repository name not known to registry: {\"name\":\"team/none\"}"},"created":null,"size":null}"#);
    assert_eq!(rls.then("prune team/none --keep-last 1").run().code, Some(3));
}

#[test]
fn an_invalid_rule_is_refused_before_anything_is_sent() {
    let registry = dated();
    let rls = Rls::at(&registry);
    let mut report = String::new();
    let mut rls = rls;
    for words in [
        "prune team/app",
        "prune team/app --exclude 1.0",
        "prune team/app --keep-last 0",
        "prune team/app --older-than 6m",
        "prune team/app --keep-semver newest",
        "prune team/app --keep-last 1 --yes --dry-run",
        "prune --keep-last 1",
        "prune team/app --match-repo * --keep-last 1",
    ] {
        rls = rls.then(words);
        let outcome = rls.run();
        assert_eq!(outcome.code, Some(2), "{words}: {outcome}");
        let text: Vec<_> = outcome.stderr.lines().take_while(|line| !line.is_empty()).collect();
        report += &format!("{words}\n  {}\n", text.join("\n  "));
    }
    assert_snapshot!(report, @r#"
    prune team/app
      error: no rule for team/app
      cause: none is given on the command line, and no table in the configuration file matches
      hint:  use --keep-last N or --older-than AGE, or add [prune."team/app"] to the configuration file
    prune team/app --exclude 1.0
      error: the rule does not say what to remove
      cause: --match and --exclude select the tags that it is about, --sort their order
      hint:  add --older-than AGE, or what to keep: --keep-last N, --keep-newer-than AGE, --keep-semver RANGE, --keep GLOB
    prune team/app --keep-last 0
      error: invalid value '0' for '--keep-last <N>': expected a number, at least 1
    prune team/app --older-than 6m
      error: invalid value '6m' for '--older-than <AGE>': expected hours at least; a month is 1mo, 1m would be a minute
    prune team/app --keep-semver newest
      error: invalid value 'newest' for '--keep-semver <RANGE>': unexpected character 'n' while parsing major version number
    prune team/app --keep-last 1 --yes --dry-run
      error: the argument '--yes' cannot be used with '--dry-run'
    prune --keep-last 1
      error: the following required arguments were not provided:
        <REPO>...
    prune team/app --match-repo * --keep-last 1
      error: the argument '[REPO]...' cannot be used with '--match-repo <GLOB>'
    "#);
    assert_eq!(registry.lines(), [""; 0]);
}

/// The children of an index stay with it, so an unreadable index rules nothing out.
#[test]
fn a_truncated_index_keeps_every_manifest() {
    let registry = dated();
    let index = IndexSpec::three_platforms("index").created("2024-01-03T00:00:00Z").with_attestations().build();
    registry.push("team/app", "index", &index);
    let nested = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{}]}}"#,
        serde_json::to_string(&index.root().descriptor()).unwrap()
    );
    registry.push_raw_manifest("team/app", "nested", "application/vnd.oci.image.index.v1+json", nested);
    let rls = Rls::at(&registry).words("prune team/app --older-than 2025-06-01 --retries 0 --format");
    let rls = rls.arg("{{ tag }}: {{ action }}, {{ created }}, {{ reason }}");
    assert_snapshot!(rls.run(), @"
    exit 9
    --- stdout
    1.2: kept, 2025-01-01T00:00:00Z, the rule would remove every tag
    1.1: kept, 2024-06-01T00:00:00Z, the rule would remove every tag
    nested: kept, 2024-01-03T00:00:00Z, the rule would remove every tag
    index: kept, 2024-01-03T00:00:00Z, the rule would remove every tag
    1.0: kept, 2024-01-01T00:00:00Z, the rule would remove every tag
    --- stderr
    error: the rule would remove every tag of team/app
    cause: the repository is left alone
    would remove 0 of 5 tags
    ");
    // The configs of attestations say nothing, and are not asked for: six images with a date, of which three are parts.
    assert_eq!(registry.lines().iter().filter(|line| line.contains("/blobs/")).count(), 6);
    // Of an image that is part of an index it is known that it lists no other.
    let part = format!("/v2/team/app/manifests/{}", index.manifests[0].digest);
    registry.inject(Match::get(part).always(), Fault::status(500));
    assert_snapshot!(rls.run(), @"
    exit 6
    --- stdout
    1.2: kept, 2025-01-01T00:00:00Z, older than 2025-06-01; its manifest stays: index, which could not be read, may need it; the registry deletes manifests, not tags
    1.1: kept, 2024-06-01T00:00:00Z, older than 2025-06-01; its manifest stays: index, which could not be read, may need it; the registry deletes manifests, not tags
    nested: kept, 2024-01-03T00:00:00Z, could not be read: http://REGISTRY failed to answer for team/app@sha256:537c16a038889643db52e7e093c2b20a16735121c4f62696dea41866899e6566: 500 Internal Server Error
    index: kept, 2024-01-03T00:00:00Z, could not be read: http://REGISTRY failed to answer for team/app@sha256:537c16a038889643db52e7e093c2b20a16735121c4f62696dea41866899e6566: 500 Internal Server Error
    1.0: kept, 2024-01-01T00:00:00Z, older than 2025-06-01; its manifest stays: index, which could not be read, may need it; the registry deletes manifests, not tags
    --- stderr
    error: cannot read all of team/app:nested
    cause: http://REGISTRY failed to answer for team/app@sha256:537c16a038889643db52e7e093c2b20a16735121c4f62696dea41866899e6566
    cause: 500 Internal Server Error
    hint:  check the server's log; use --retries N to retry more often
    error: cannot read all of team/app:index
    cause: http://REGISTRY failed to answer for team/app@sha256:537c16a038889643db52e7e093c2b20a16735121c4f62696dea41866899e6566
    cause: 500 Internal Server Error
    error: cannot remove 3 tags of team/app, including 1.0: team/app:index cannot be read, and may be an index that lists it
    cause: http://REGISTRY failed to answer for team/app@sha256:537c16a038889643db52e7e093c2b20a16735121c4f62696dea41866899e6566: 500 Internal Server Error
    hint:  use --placeholder, which does not depend on other tags (it pushes a tiny manifest first), or remove team/app:index first
    would remove 0 of 5 tags
    ");
    registry.clear_faults();
    registry.inject(Match::get(format!("/v2/team/app/manifests/{}", index.digest())).always(), Fault::status(500));
    registry.untag("team/app", "index");
    assert_snapshot!(rls.run(), @"
    exit 6
    --- stdout
    1.2: kept, 2025-01-01T00:00:00Z, older than 2025-06-01; its manifest stays: nested, which could not be read, may need it; the registry deletes manifests, not tags
    1.1: kept, 2024-06-01T00:00:00Z, older than 2025-06-01; its manifest stays: nested, which could not be read, may need it; the registry deletes manifests, not tags
    1.0: kept, 2024-01-01T00:00:00Z, older than 2025-06-01; its manifest stays: nested, which could not be read, may need it; the registry deletes manifests, not tags
    nested: kept, -, could not be read: http://REGISTRY failed to answer for team/app@sha256:f389bacbb7aefce9b47bd011be8e399a34f8ac78056f28dd78a59fac62fe4d67: 500 Internal Server Error
    --- stderr
    error: cannot read all of team/app:nested
    cause: http://REGISTRY failed to answer for team/app@sha256:f389bacbb7aefce9b47bd011be8e399a34f8ac78056f28dd78a59fac62fe4d67
    cause: 500 Internal Server Error
    hint:  check the server's log; use --retries N to retry more often
    error: cannot remove 3 tags of team/app, including 1.0: team/app:nested cannot be read, and may be an index that lists it
    cause: http://REGISTRY failed to answer for team/app@sha256:f389bacbb7aefce9b47bd011be8e399a34f8ac78056f28dd78a59fac62fe4d67: 500 Internal Server Error
    hint:  use --placeholder, which does not depend on other tags (it pushes a tiny manifest first), or remove team/app:nested first
    would remove 0 of 4 tags
    ");
}

#[test]
fn missing_parts_of_a_broken_image_are_named() {
    let registry = dated();
    registry.push("team/app", "schema1", &registry_fixture::content::schema1("team/app", "schema1", "s"));
    registry.inject(Match::under("/v2/team/app/blobs/").always(), Fault::status(404));
    let rls = Rls::at(&registry).words("prune team/app --keep-last 1 -q -o jsonl --retries 0");
    // What the registry does not have says no date. Schema 1 says it itself.
    let lost = rls.succeeds();
    assert_eq!(lost.matches(r#""created":"2015-10-31T22:22:56.015925234Z""#).count(), 1, "{lost}");
    assert_eq!(lost.matches(r#""action":"kept","method":null,"reason":"creation time unknown""#).count(), 3, "{lost}");
    registry.clear_faults();
    registry.inject(Match::under("/v2/team/app/blobs/").always(), Fault::status(500));
    let outcome = rls.run();
    assert_eq!(outcome.code, Some(6), "{outcome}");
    assert_eq!(outcome.stdout.matches(r#""action":"kept""#).count(), 4, "{outcome}");
    assert_eq!(outcome.stdout.matches("could not be read: ").count(), 3, "{outcome}");
    for tag in ["1.0", "1.1", "1.2"] {
        let error = format!("error: cannot read all of team/app:{tag}\ncause: ");
        assert_eq!(outcome.stderr.matches(&error).count(), 1, "{outcome}");
    }
}
