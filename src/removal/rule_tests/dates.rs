//! Creation times that say nothing.

use super::*;

/// Images that a build tool dated.
fn built_in_1980() -> Facts {
    let facts = (1..=5).fold(Facts::default(), |facts, number| facts.image(&format!("1.{number}"), None));
    (1..=5).fold(facts, |facts, number| facts.dated(&format!("1.{number}"), "1980-01-01T00:00:01Z"))
}

#[test]
fn a_rule_that_counts_the_newest_is_refused_where_no_time_is_known() {
    for facts in [built_in_1980(), Facts::default().image("a", None).image("b", None).image("c", None)] {
        let decided = facts.decide(&Rule { keep_last: last(2), ..Rule::default() });
        assert_eq!(decided.plan.refusal, Some(Refusal::NoTimes(RuleId(0))));
        assert!(decided.plan.decisions.iter().all(|decision| decision.verdict.is_kept() && decision.created.is_none()));
        assert!(decided.plan.is_without_times);
        // By version it can be applied.
        let by_version = Rule { keep_last: last(2), order: Order::Version, ..Rule::default() };
        assert_eq!(facts.decide(&by_version).plan.refusal, None);
        assert!(!facts.decide(&by_version).plan.is_without_times);
    }
    // It is about what matches.
    let facts = built_in_1980().image("dated", 4);
    let rule = Rule { keep_last: last(1), matches: globs(&["1.*"]), ..Rule::default() };
    assert_eq!(facts.decide(&rule).plan.refusal, Some(Refusal::NoTimes(RuleId(0))));
    let rule = Rule { keep_last: last(1), ..Rule::default() };
    assert_eq!(facts.decide(&rule).plan.refusal, None);
    assert_eq!(facts.decide(&rule).of("1.5"), "keep: creation time unknown");
    // One that is about nothing has nothing to refuse.
    let rule = Rule { keep_last: last(1), matches: globs(&["x"]), ..Rule::default() };
    assert_eq!(facts.decide(&rule).plan.refusal, None);
    assert_eq!(Facts::default().decide(&rule).plan.refusal, None);
}

#[test]
fn an_unknown_age_is_never_old() {
    for rule in [
        Rule { older_than: older(30), ..Rule::default() },
        Rule { keep_newer_than: older(90), ..Rule::default() },
        Rule { keep_last: last(1), order: Order::Version, older_than: older(1), ..Rule::default() },
    ] {
        let decided = built_in_1980().decide(&rule);
        assert!(decided.removals().is_empty(), "{:?}", decided.lines());
        assert!(decided.plan.is_without_times && decided.plan.refusal.is_none());
        assert_eq!(decided.of("1.1"), "keep: creation time unknown");
    }
}

#[test]
fn a_date_shared_by_most_images_is_unknown() {
    let facts = (0..4).fold(Facts::default(), |facts, number| facts.image(&format!("2.{number}"), 300));
    let by_age = facts.decide(&Rule { older_than: older(30), ..Rule::default() });
    assert_eq!(by_age.of("2.0"), "keep: creation time unknown: most images here have the same date");
    assert!(by_age.plan.decisions[0].created.is_some(), "the date itself is shown");
    let by_count = facts.decide(&Rule { keep_last: last(1), ..Rule::default() });
    assert_eq!(by_count.plan.refusal, Some(Refusal::NoTimes(RuleId(0))));
    // Signatures and leftovers are no images, and many tags on one manifest are one.
    let facts = Facts::default().image("a", 300).image("b", 300).image("c", 1).tag("d", "a").tag("e", "a");
    let facts = facts.image(&refers("a", ".sig"), 300).image(&refers("b", ".sig"), 300);
    assert_eq!(facts.decide(&Rule { older_than: older(30), ..Rule::default() }).of("a"), "remove: older than 30 days");
}

#[test]
fn an_index_is_as_old_as_its_newest_image() {
    let facts = Facts::default().manifest("amd64", 100).manifest("arm64", 10).index("1.0", &["amd64", "arm64"]);
    let facts = facts.index("own", &["x"]).manifest("x", None).with("own", |spec| spec.created = Some(days_ago(50)));
    let rule = Rule { older_than: older(30), ..Rule::default() };
    assert_eq!(facts.lines(&rule), ["1.0 keep: newer than 30 days", "own remove: older than 30 days"]);
}
