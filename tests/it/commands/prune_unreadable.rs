//! `rls prune` with tags and manifests that cannot be read: they are kept, and the reason is reported.

use insta::assert_snapshot;
use registry_fixture::content::IndexSpec;
use registry_fixture::{Fault, Match};
use test_support::Rls;

use super::prune::dated;

#[test]
fn an_unreadable_tag_is_kept_with_a_warning() {
    let registry = dated();
    registry.push_raw_manifest("team/app", "broken", "application/vnd.oci.image.manifest.v1+json", "{\"layers\":5}");
    let rls = Rls::at(&registry).words("prune team/app --older-than 2024-12-01 --retries 0 --no-cache --format");
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
    // HEAD and GET deny it twice; then the list is read again, which no longer has it. What follows the list is read
    // once.
    assert_eq!(registry.count(&Match::manifest("team/app", "1.1")), 4);
    assert_eq!(registry.count(&Match::tags("team/app")), 3);
}

/// The children of an index stay with it, so an unreadable index rules nothing out.
#[test]
fn a_truncated_index_keeps_every_manifest() {
    let registry = dated();
    let index = IndexSpec::three_platforms("index").created("2024-01-03T00:00:00Z").with_attestations().build();
    registry.push("team/app", "index", &index);
    let nested = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{}]}}"#,
        serde_json::to_string(&index.root().descriptor()).expect("JSON")
    );
    registry.push_raw_manifest("team/app", "nested", "application/vnd.oci.image.index.v1+json", nested);
    let rls = Rls::at(&registry).words("prune team/app --older-than 2025-06-01 --retries 0 --no-cache --format");
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
    // Configs of attestations have no date and are not fetched: six images with a date, three of them children.
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
    let rls = Rls::at(&registry).words("prune team/app --keep-last 1 -q -o jsonl --retries 0 --no-cache");
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
