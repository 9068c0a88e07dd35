//! `rls prune --yes` removes what the rule selects, and nothing else.

use insta::assert_snapshot;
use registry_fixture::content::{ImageSpec, IndexSpec};
use registry_fixture::{Fault, Match, Personality, Registry, Running};
use test_support::Rls;

use super::state;
use crate::registries::{seeded, with_seed};

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
fn prune_removes_the_tags_selected_by_the_rule() {
    for personality in
        [Personality::Distribution28, Personality::Distribution3, Personality::Harbor, Personality::Google]
    {
        let registry = filled(personality);
        let before = state(&registry, "app");
        let words = "prune app --keep-last 2 --keep stable --keep index --sort created --yes -q";
        let outcome = Rls::at(&registry).words(words).run();
        assert_eq!(outcome.code, Some(0), "{personality:?}: {outcome}");
        // 1.2 has a kept sibling: it is removed alone, or not at all.
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
fn a_tag_with_siblings_is_removed_by_a_placeholder() {
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
    removed 6 of 10 tags, 3 manifests; the registry's next garbage collection frees 10.0 kB
    ");
    assert_eq!(registry.tags("app"), ["index", "index-part", "latest", "stable"]);
}

#[test]
fn a_plan_saved_by_prune_is_applied_by_rm() {
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
    would remove 1 of 10 tags, 1 manifest; the registry's next garbage collection frees 3.3 kB
    2 tags stay although the rule removes them: the registry deletes manifests, not tags; --placeholder removes them
    wrote 1 removal to plan.json; run 'rls rm --apply plan.json' to apply the plan
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
fn missing_support_for_deletion_is_reported_first() {
    for yes in ["", "--yes"] {
        let registry = with_seed(Registry::builder(), "demo").delete(false).start();
        let outcome = Rls::at(&registry).words("prune team/app --keep-last 1").words(yes).run();
        assert_eq!(outcome.code, Some(7), "{outcome}");
        assert!(outcome.stderr.contains("REGISTRY_STORAGE_DELETE_ENABLED=true"), "{outcome}");
        assert_eq!(registry.tags("team/app").len(), 5);
    }
}

#[test]
fn a_tag_that_moved_is_kept() {
    let registry = seeded("demo");
    registry.on_request(Match::under("/v2/team/app/manifests/registry-ls-probe"), |registry, _| {
        registry.push_image("team/app", "1.2.0", &ImageSpec::new("pushed meanwhile"));
    });
    let outcome = Rls::at(&registry).words("prune team/app --keep-last 1 --yes").run();
    assert_eq!(outcome.code, Some(6), "{outcome}");
    assert!(outcome.stderr.contains("error: team/app:1.2.0 has moved meanwhile\n"), "{outcome}");
    assert_eq!(registry.tags("team/app"), ["1.2.0", "1.4.0", "latest"]);
}

#[test]
fn a_failure_does_not_stop_the_rest() {
    let registry = seeded("demo");
    let digest = registry.resolve("team/app", "1.3.8").expect("a tag that exists");
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
    removed→team/app@sha256:06bf24f07c77225703f964e495172e4fb41e862ac507c50ad32378d69a7e3d27
    removed→team/app@sha256:6e5d088fc0db8d4f0e59bf3e7460ad02c75b83c7eb6f2cce5031ba9f497f9bfa
    removed→team/app@sha256:edf98d6a772a0171278f5784db8c037b55b012d6091a5be978bc7fe45434a128
    removed→team/app@sha256:dba143d70e6d4634185811aaf5af0480e509f93876d55546d889d23f940b7ef0
    removed→team/app@sha256:73ed592559ba3fa0607ef8b4add6582b71fbca8c8b0b322aa89822556520f7a0
    removed→team/app@sha256:faa98ecfdd1197470ea9e3a72588fd1f9a15ed006962b036ebba7811116e10b7
    kept→team/app@sha256:98b718739ccc33fa1668709bbfcbbfd16bf57d921b1de1373e18803659633b15
    kept→team/app@sha256:9d6818bf0f5130e0134882521f718f8cea01a9eac8a7334f9f02d34e5494bbfd
    kept→team/app@sha256:47b65cac6bf7e02b28467018008653e6be67269ee4f6a3e4602487eb4a0293a0
    kept→team/app@sha256:4afe59beec9c7078783e94e8928d38be9fdcbb5502f062e30796ed009a394e47
    kept→team/app@sha256:058309a926e1ed291d1ab561c5e1780a7b8a8ed9dc3b912cae52030fb2310b3d
    kept→team/app@sha256:2f2436ef374fd3703828147a2363c2a5d614feb868ba74b837bda46a6c858844
    removed→team/app@sha256:8817c1c1599d39060af83a25d0a4d4e8aaffee622ac2441a778832c0568512f2
    removed→team/app@sha256:7b9b4c9c8c5511e0a8247f2474133ebf30d4992f8f5552fd29ccea73e33b76f2
    removed→team/app@sha256:52dbfea29e52d8e04c568b5b09a7fb3405d0c89e7eac31540e19d2bc8a43dc80
    removed→team/app@sha256:c58caf947aa48a83c715bc3e9550031970d5f10deef286df9b6489a86ead0668
    removed→team/app@sha256:65331da19ee329b5bec9e21f7984072a7a1d05c4a46ac28041892cccf1d24514
    removed→team/app@sha256:28b51cb95f736e23fd2617b708428c163536d27060cc9e88e0e5eee65a18ec35
    --- stderr
    warning: purged manifests can no longer be pulled by digest
    error: http://REGISTRY failed to answer for team/app@sha256:c9ea0bff43d3730d55b1a31f4d1feb41b1e5dfa9398681faf272b020ac53eecc
    cause: 500 Internal Server Error
    hint:  check the server's log; use --retries N to retry more often
    removed 2 of 5 tags
    warning: removed 14 of 21, 1 failed, 6 not tried
    ");
    assert_eq!(registry.tags("team/app"), ["1.3.8", "1.4.0", "latest"]);
    // What the index lists that could not be removed is still there.
    let image = Rls::at(&registry).words("manifest team/app:1.3.8").run();
    assert_eq!(image.code, Some(0), "{image}");
    let index: serde_json::Value =
        serde_json::from_slice(&registry.manifest("team/app", "1.3.8").expect("a manifest")).expect("a manifest");
    for child in index["manifests"].as_array().expect("a list") {
        assert!(registry.contains("team/app", child["digest"].as_str().expect("a text")), "{outcome}");
    }
}

#[test]
fn each_repository_is_pruned_by_its_own_rule() {
    let registry = seeded("demo");
    let config = "[prune.\"team/*\"]\nkeep-last = 1\n[prune.\"team/web\"]\nkeep = [\"*\"]\n";
    let charts = registry.tags("team/chart");
    let outcome = Rls::at(&registry).config(config).words("prune --match-repo team/* --yes").run();
    // No chart says when it was made: their repository is left alone, and the others go on. It was not named.
    assert_eq!(outcome.code, Some(0), "{outcome}");
    let warning =
        "warning: cannot order the tags of team/chart by creation time: none is known; nothing is removed there";
    assert!(outcome.stderr.contains(warning) && !outcome.stderr.contains("error:"), "{outcome}");
    assert_eq!(registry.tags("team/chart"), charts);
    assert_eq!(registry.tags("team/app"), ["1.4.0", "latest"]);
    assert_eq!(registry.tags("team/web").len(), 4);
    let named = Rls::at(&registry).words("prune team/chart --keep-last 1").run();
    assert_eq!(named.code, Some(9), "{named}");
}

#[test]
fn a_missing_repository_has_a_record() {
    let registry = seeded("demo");
    let outcome = Rls::at(&registry).words("prune team/nope --keep-last 1 -o jsonl").run();
    assert_eq!(outcome.code, Some(3), "{outcome}");
    let record: serde_json::Value = serde_json::from_str(outcome.stdout.trim_end()).expect("a record");
    assert_eq!((&record["repository"], &record["action"]), (&"team/nope".into(), &"failed".into()), "{outcome}");
    assert_eq!(record["error"]["kind"], "not-found", "{outcome}");
}
