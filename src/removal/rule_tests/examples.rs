//! One example for each thing that a rule says.

use super::*;

fn versions() -> Facts {
    Facts::default().image("1.2.0", 150).image("1.4.0", 3).image("pr-118", 210).image("1.3.9", 14).image("1.3.8", 21)
}

#[test]
fn the_newest_are_kept_and_the_old_are_removed() {
    let rule = Rule { keep_last: last(2), older_than: older(30), ..Rule::default() };
    assert_eq!(
        versions().lines(&rule),
        [
            "1.4.0 keep: one of the 2 newest",
            "1.3.9 keep: one of the 2 newest",
            "1.3.8 keep: newer than 30 days",
            "1.2.0 remove: older than 30 days",
            "pr-118 remove: older than 30 days",
        ]
    );
    let decided = versions().decide(&rule);
    assert_eq!(decided.purged(), ["1.2.0", "pr-118"]);
    assert_eq!((decided.removal.reclaimable.manifests, decided.removal.reclaimable.bytes()), (2, Some(22)));
}

#[test]
fn every_member_of_a_rule_keeps_or_selects_tags() {
    let lines = |rule: Rule| {
        let lines = versions().lines(&rule);
        let interesting = lines.into_iter().filter(|line| !line.contains("nothing keeps it"));
        interesting.collect::<Vec<_>>()
    };
    let rule = Rule { keep: globs(&["pr-*", "1.2.*"]), ..Rule::default() };
    assert_eq!(lines(rule), ["1.2.0 keep: matches '1.2.*'", "pr-118 keep: matches 'pr-*'"]);
    let rule = Rule { keep_semver: Some("^1.3.9".parse().expect("a range")), ..Rule::default() };
    assert_eq!(lines(rule), ["1.4.0 keep: version in range ^1.3.9", "1.3.9 keep: version in range ^1.3.9"]);
    let rule =
        Rule { keep_newer_than: older(20), matches: globs(&["1.*"]), exclude: globs(&["1.2.*"]), ..Rule::default() };
    assert_eq!(
        lines(rule),
        [
            "1.4.0 keep: newer than 20 days",
            "1.3.9 keep: newer than 20 days",
            "1.3.8 remove: older than 20 days",
            "1.2.0 keep: excluded by '1.2.*'",
            "pr-118 keep: not matched",
        ]
    );
    let rule = Rule { keep_last: last(1), matches: globs(&["1.[23].*"]), ..Rule::default() };
    assert_eq!(
        lines(rule),
        [
            "1.4.0 keep: not matched",
            "1.3.9 keep: the newest",
            "1.3.8 remove: older than the newest",
            "1.2.0 remove: older than the newest",
            "pr-118 keep: not matched",
        ]
    );
}

#[test]
fn a_cutoff_is_the_first_moment_that_is_not_older() {
    let facts = Facts::default().image("at", 30).image("before", 31);
    let rule = Rule { older_than: older(30), ..Rule::default() };
    assert_eq!(facts.lines(&rule), ["at keep: newer than 30 days", "before remove: older than 30 days"]);
}

#[test]
fn tags_that_cannot_be_ordered_are_kept_and_not_counted() {
    let facts = versions().image("latest", 400).image("undated", None).image("4095671", 1);
    let by_time = Rule { keep_last: last(2), ..Rule::default() };
    assert_eq!(
        facts.lines(&by_time),
        [
            "4095671 keep: one of the 2 newest",
            "1.4.0 keep: one of the 2 newest",
            "1.3.9 remove: older than the 2 newest",
            "1.3.8 remove: older than the 2 newest",
            "1.2.0 remove: older than the 2 newest",
            "pr-118 remove: older than the 2 newest",
            "latest remove: older than the 2 newest",
            "undated keep: creation time unknown",
        ]
    );
    let by_version = Rule { order: Order::Version, ..by_time };
    assert_eq!(
        facts.lines(&by_version),
        [
            "1.4.0 keep: one of the 2 highest versions",
            "1.3.9 keep: one of the 2 highest versions",
            "1.3.8 remove: lower than the 2 highest versions",
            "1.2.0 remove: lower than the 2 highest versions",
            "undated keep: not a version, so neither counted nor removed",
            "pr-118 keep: not a version, so neither counted nor removed",
            "latest keep: not a version, so neither counted nor removed",
            "4095671 keep: not a version, so neither counted nor removed",
        ]
    );
    for rule in [
        Rule { older_than: older(30), ..Rule::default() },
        Rule { keep_newer_than: older(30), keep: globs(&["x"]), ..Rule::default() },
    ] {
        assert_eq!(facts.decide(&rule).of("undated"), "keep: creation time unknown");
    }
    let by_name = Rule { keep: globs(&["1.*"]), ..Rule::default() };
    assert_eq!(facts.decide(&by_name).of("undated"), "remove: nothing keeps it");
}

#[test]
fn ties_at_the_cut_are_kept() {
    let facts = Facts::default()
        .image("16.2", 5)
        .image("17.10", 4)
        .image("17.11", 3)
        .image("17.11-alpine", 2)
        .image("17.11.0-bookworm", 1)
        .image("18beta1", 0);
    let rule = Rule { keep_last: last(2), order: Order::Version, ..Rule::default() };
    assert_eq!(
        facts.lines(&rule),
        [
            "18beta1 keep: one of the 2 highest versions",
            "17.11.0-bookworm keep: one of the 2 highest versions",
            "17.11-alpine keep: same version as one of the 2 highest versions",
            "17.11 keep: same version as one of the 2 highest versions",
            "17.10 remove: lower than the 2 highest versions",
            "16.2 remove: lower than the 2 highest versions",
        ]
    );
    let facts = facts.dated("17.11-alpine", "2026-11-18T12:00:00.9Z").dated("17.10", "2026-11-18T12:00:00.1Z");
    let rule = Rule { keep_last: last(3), ..Rule::default() };
    let decided = facts.decide(&rule);
    assert_eq!(decided.of("17.11-alpine"), "keep: one of the 3 newest");
    assert_eq!(decided.of("17.10"), "keep: created in the same second as one of the 3 newest");
    assert_eq!(decided.of("16.2"), "remove: older than the 3 newest");
}

#[test]
fn a_range_keeps_variants_and_explains_excluded_pre_releases() {
    let facts = Facts::default().image("17.9-alpine", 3).image("17.10-alpine", 2).image("17.11", 1).image("18beta1", 0);
    let rule = Rule { keep_semver: Some(">=17.10".parse().expect("a range")), ..Rule::default() };
    assert_eq!(
        facts.lines(&rule),
        [
            "18beta1 remove: a pre-release, which the range does not include: >=17.10",
            "17.11 keep: version in range >=17.10",
            "17.10-alpine keep: version in range >=17.10",
            "17.9-alpine remove: nothing keeps it",
        ]
    );
}

#[test]
fn a_manifest_is_deleted_with_its_last_tag_only() {
    let facts = Facts::default().image("1.4.0", 50).tag("latest", "1.4.0").tag("old", "1.4.0").image("1.3", 60);
    let rule = Rule { keep: globs(&["latest"]), older_than: older(30), ..Rule::default() };
    let shared = "untag: older than 30 days; shares its manifest with latest, which stays";
    let decided = facts.decide(&rule);
    assert_eq!((decided.of("1.4.0"), decided.of("old")), (shared.to_owned(), shared.to_owned()));
    assert_eq!(decided.of("1.3"), "remove: older than 30 days");
    assert_eq!(decided.purged(), ["1.3"]);
    let all = Rule { older_than: older(30), ..Rule::default() };
    assert_eq!(facts.decide(&all).purged(), ["1.4.0", "1.3"]);
}

#[test]
fn tags_and_digests_in_use_are_kept() {
    let facts = versions().index("multi", &["1.2.0", "arm"]).manifest("arm", 300).image("multi-arm", 300);
    let facts = facts.with("multi-arm", |spec| spec.blobs = [("config".to_owned(), 1)].into());
    let rule = Rule { older_than: older(1), ..Rule::default() };
    let kept = |lines: &str| -> Vec<String> {
        let lines = facts.decide_all(std::slice::from_ref(&rule), &used(lines), &anything()).lines();
        lines.iter().filter(|line| line.contains("keep")).cloned().collect()
    };
    assert_eq!(kept("reg.corp/app:1.3.9"), ["1.3.9 keep: in use"]);
    assert_eq!(kept("other.corp/app:1.3.9\napp:1.3.9"), [""; 0]);
    assert_eq!(kept(&format!("reg.corp/app@{}", digest("1.3.8"))), ["1.3.8 keep: in use"]);
    // A pod runs one platform of an index: the index is kept, with its other children.
    assert_eq!(
        kept(&format!("docker-pullable://reg.corp/app@{}", digest("arm"))),
        ["1.2.0 keep: part of multi, which stays", "multi keep: in use"]
    );
    // The image's ID is the digest of its config.
    assert_eq!(kept(digest("config").as_str()), ["multi-arm keep: in use"]);
    assert_eq!(kept("reg.corp/app:gone"), [""; 0]);
}

#[test]
fn a_rule_that_would_remove_every_tag_removes_none() {
    let rule = Rule { older_than: older(30), ..Rule::default() };
    let options = Options::at(now());
    let facts = Facts::default().image("a", 40).image("b", 50).tag(&refers("a", ".sig"), "s").manifest("s", None);
    let decided = facts.decide_all(std::slice::from_ref(&rule), &UsedTags::default(), &options);
    assert_eq!(
        decided.lines(),
        [
            "a keep: the rule would remove every tag",
            "b keep: the rule would remove every tag",
            "<a>.sig keep: the rule would remove every tag",
        ]
    );
    assert!(decided.plan.would_remove_all && decided.purged().is_empty() && decided.removals().is_empty());
    let allowed = facts.decide(&rule);
    assert!(!allowed.plan.would_remove_all);
    assert_eq!(allowed.removals().len(), 3);
    // An orphan, and a name without a manifest, are no images that would be left.
    let mut left = facts.clone().image(&refers("elsewhere", ".sig"), None);
    left.dangling.push("gone".to_owned());
    assert!(left.decide_all(std::slice::from_ref(&rule), &UsedTags::default(), &options).plan.would_remove_all);
    // What an interrupted removal left behind is nothing that the rule removes.
    let leftovers = Facts::default().image("p", None).with("p", |spec| spec.is_placeholder = true);
    assert_eq!(
        leftovers.decide_all(std::slice::from_ref(&rule), &UsedTags::default(), &options).lines(),
        ["p remove: left behind by an interrupted removal"]
    );
}

#[test]
fn a_scope_alone_is_no_criterion() {
    assert!(!Rule::default().has_criteria());
    assert!(!Rule { matches: globs(&["*"]), exclude: globs(&["a"]), ..Rule::default() }.has_criteria());
    assert!(Rule { older_than: older(1), ..Rule::default() }.has_criteria());
    assert!(Rule { keep: globs(&["a"]), ..Rule::default() }.has_criteria());
}
