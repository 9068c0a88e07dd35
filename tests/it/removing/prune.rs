//! `rls prune --yes`: what the rule removes goes, and nothing else.

use insta::assert_snapshot;
use registry_fixture::content::{ImageSpec, IndexSpec};
use registry_fixture::{Fault, Match, Personality, Registry, Running};

use super::state;
use crate::registries::{seeded, with_seed};
use crate::runner::Rls;

/// Five versions, two of them with a second name, an index with a part that has a name too.
fn filled(personality: Personality) -> Running {
    let registry = Registry::builder().personality(personality).start();
    for month in 1..=5 {
        let image = ImageSpec::new(&format!("app 1.{month}")).created(&format!("2025-0{month}-01T00:00:00Z"));
        registry.push_image("app", &format!("1.{month}"), &image);
    }
    for (tag, of) in [("latest", "1.5"), ("stable", "1.2"), ("old", "1.1")] {
        let digest = registry.resolve("app", of).expect("it was pushed");
        registry.tag("app", tag, &digest);
    }
    let part = ImageSpec::new("part").created("2024-01-01T00:00:00Z");
    let index = IndexSpec::new(vec![part]).build();
    registry.push("app", "index", &index);
    registry.tag("app", "index-part", &index.manifests[0].digest);
    registry
}

#[test]
fn removes_what_the_rule_removes() {
    for personality in
        [Personality::Distribution28, Personality::Distribution3, Personality::Harbor, Personality::Google]
    {
        let registry = filled(personality);
        let before = state(&registry, "app");
        let words = "prune app --keep-last 2 --keep stable --keep index --sort created --yes -q";
        let outcome = Rls::at(&registry).words(words).run();
        assert_eq!(outcome.code, Some(0), "{personality:?}: {outcome}");
        // 1.2 has a sibling that stays: it goes alone, or not at all.
        let deletes_tags = matches!(personality, Personality::Distribution3 | Personality::Google);
        let gone: Vec<_> = ["1.1", "1.3", "1.4", "old"].into_iter().chain(deletes_tags.then_some("1.2")).collect();
        // The two newest are on one manifest.
        let left: Vec<_> = before.into_iter().filter(|(tag, _)| !gone.contains(&tag.as_str())).collect();
        assert_eq!(state(&registry, "app"), left, "{personality:?}: {outcome}");
        let again = Rls::at(&registry).words(words).run();
        assert_eq!(state(&registry, "app"), left, "{personality:?}: {again}");
    }
}

#[test]
fn a_tag_that_shares_its_manifest_goes_by_a_placeholder() {
    let registry = filled(Personality::Distribution28);
    let words = "prune app --keep stable --keep latest --keep index --yes --placeholder";
    assert_snapshot!(Rls::at(&registry).words(words).run(), @"
    exit 0
    --- stdout
    kept→app:latest
    kept→app:stable
    kept→app:index-part
    kept→app:index
    removed→app:1.5
    removed→app:1.4
    removed→app:1.3
    removed→app:1.2
    removed→app:1.1
    removed→app:old
    --- stderr
    6 of 10 tags were removed, 3 manifests, up to 8.4 kB after the registry's garbage collection.
    hint:  the space is free again when the registry's administrator has run its garbage collection
    ");
    assert_eq!(registry.tags("app"), ["index", "index-part", "latest", "stable"]);
}

#[test]
fn a_plan_is_saved_and_carried_out_by_rm() {
    let registry = filled(Personality::Distribution28);
    let before = state(&registry, "app");
    let rls = Rls::at(&registry).words("prune app --match 1.* --keep-last 2 --save-plan plan.json");
    assert_snapshot!(rls.run(), @"
    exit 0
    --- stdout
    kept→app:1.5
    kept→app:latest
    kept→app:1.4
    would-remove→app:1.3
    kept→app:1.2
    kept→app:stable
    kept→app:1.1
    kept→app:old
    kept→app:index-part
    kept→app:index
    --- stderr
    1 of 10 tags would be removed, 1 manifest, up to 2.8 kB after the registry's garbage collection.
    2 tags stay although the rule removes them: the registry deletes manifests, not tags, and --placeholder is a way around.
    1 removal written to plan.json; rls rm --apply plan.json carries it out.
    ");
    assert_eq!(state(&registry, "app"), before);
    let rls = rls.then("rm --apply plan.json -q");
    assert_snapshot!(rls.run(), @"
    exit 0
    --- stdout
    removed→app:1.3
    ");
    assert_eq!(registry.tags("app"), ["1.1", "1.2", "1.4", "1.5", "index", "index-part", "latest", "old", "stable"]);
}

#[test]
fn a_registry_that_deletes_nothing_is_told_before_anything_is_tried() {
    for yes in ["", "--yes"] {
        let registry = with_seed(Registry::builder(), "demo").delete(false).start();
        let outcome = Rls::at(&registry).words("prune team/app --keep-last 1").words(yes).run();
        assert_eq!(outcome.code, Some(7), "{outcome}");
        assert!(outcome.stderr.contains("REGISTRY_STORAGE_DELETE_ENABLED=true"), "{outcome}");
        assert_eq!(registry.tags("team/app").len(), 5);
    }
}

#[test]
fn a_tag_that_moved_stays() {
    let registry = seeded("demo");
    registry.on_request(Match::under("/v2/team/app/manifests/rls-probe"), |registry, _| {
        registry.push_image("team/app", "1.2.0", &ImageSpec::new("pushed meanwhile"));
    });
    let outcome = Rls::at(&registry).words("prune team/app --keep-last 1 --yes").run();
    assert_eq!(outcome.code, Some(6), "{outcome}");
    assert!(outcome.stderr.contains("error: team/app:1.2.0 has moved meanwhile\n"), "{outcome}");
    assert_eq!(registry.tags("team/app"), ["1.2.0", "1.4.0", "latest"]);
}

#[test]
fn what_fails_does_not_keep_the_rest() {
    let registry = seeded("demo");
    let digest = registry.resolve("team/app", "1.3.8").unwrap();
    registry.inject(Match::delete(format!("/v2/team/app/manifests/{digest}")).always(), Fault::status(500));
    let outcome = Rls::at(&registry).words("prune team/app --keep-last 1 --yes --retries 0").run();
    assert_snapshot!(outcome, @"
    exit 6
    --- stdout
    kept→team/app:1.4.0
    kept→team/app:latest
    removed→team/app:1.3.9
    failed→team/app:1.3.8
    removed→team/app:1.2.0
    --- stderr
    error: http://REGISTRY failed to answer for team/app@sha256:c9ea0bff43d3730d55b1a31f4d1feb41b1e5dfa9398681faf272b020ac53eecc
    cause: 500 Internal Server Error
    hint:  the fault is on the server: its log says more; --retries N tries longer
    2 of 5 tags were removed.
    1 tag stays although the rule removes it: the registry deletes manifests, not tags, and --placeholder is a way around.
    warning: 2 of 3 deleted, 1 failed
    hint:  the space is free again when the registry's administrator has run its garbage collection
    ");
    assert_eq!(registry.tags("team/app"), ["1.3.8", "1.4.0", "latest"]);
}

#[test]
fn several_repositories_by_their_rules() {
    let registry = seeded("demo");
    let config = "[prune.\"team/*\"]\nkeep-last = 1\n[prune.\"team/web\"]\nkeep = [\"*\"]\n";
    let outcome = Rls::at(&registry).config(config).words("prune --match-repo team/* --yes -q").run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert_eq!(registry.tags("team/app"), ["1.4.0", "latest"]);
    assert_eq!(registry.tags("team/web").len(), 4);
}
