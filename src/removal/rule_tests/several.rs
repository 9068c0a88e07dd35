//! Several rules.

use super::*;

fn lines(facts: &Facts, rules: &[Rule]) -> Vec<String> {
    facts.decide_all(rules, &UsedTags::default(), &anything()).lines()
}

#[test]
fn a_tag_is_removed_where_every_rule_removes_it() {
    let facts = Facts::default().image("1.0", 100).image("1.1", 50).image("1.2", 20).image("1.3", 1).image("dev", 200);
    let given = Rule { keep_last: last(1), ..Rule::default() };
    let configured = Rule {
        label: Some("configuration file".to_owned()),
        keep: globs(&["1.1"]),
        older_than: older(30),
        exclude: globs(&["dev"]),
        ..Rule::default()
    };
    let both = [given.clone(), configured.clone()];
    assert_eq!(
        lines(&facts, &both),
        [
            "1.3 keep: the newest",
            "1.2 keep: newer than 30 days (configuration file)",
            "1.1 keep: matches '1.1' (configuration file)",
            "1.0 remove: older than the newest",
            "dev keep: excluded by 'dev' (configuration file)",
        ]
    );
    let unmatched = Rule { matches: globs(&["pr-*"]), ..configured.clone() };
    assert!(lines(&facts, &[given.clone(), unmatched]).iter().all(|line| line.contains("keep")));
    // The order of the rules decides about reasons and rows alone.
    let removed = |rules: &[Rule]| lines(&facts, rules).into_iter().filter(|line| line.contains("remove")).count();
    assert_eq!(removed(&both), removed(&[configured, given]));
}

#[test]
fn a_rule_that_cannot_be_applied_stops_all() {
    let facts = Facts::default().image("1.0", None).image("1.1", None);
    let given = Rule { keep_last: last(1), order: Order::Version, ..Rule::default() };
    let configured = Rule { keep_last: last(1), ..Rule::default() };
    let decided = facts.decide_all(&[given, configured], &UsedTags::default(), &anything());
    assert_eq!(decided.plan.refusal, Some(Refusal::NoTimes(RuleId(1))));
    assert!(decided.removals().is_empty());
    assert_eq!(decided.of("1.0"), "keep: creation time unknown");
}

#[test]
fn without_a_rule_nothing_is_removed() {
    let facts = Facts::default().image("1.0", 10).image("p", None).with("p", |spec| spec.is_placeholder = true);
    let decided = facts.decide_all(&[], &UsedTags::default(), &anything());
    assert_eq!(decided.plan.refusal, Some(Refusal::NoRule));
    assert_eq!(decided.of("1.0"), "keep: the rule cannot be applied");
    assert!(decided.removals().is_empty() && decided.purged().is_empty());
}

#[test]
fn referrers_follow_their_subject_under_all_rules() {
    let facts = Facts::default().image("a", 100).image("b", 1).image(&refers("a", ".sig"), None);
    let rules = [
        Rule { older_than: older(30), ..Rule::default() },
        Rule { label: Some("configuration file".to_owned()), keep: globs(&["*.sig"]), ..Rule::default() },
    ];
    assert_eq!(
        lines(&facts, &rules),
        [
            "b keep: newer than 30 days",
            "a remove: older than 30 days",
            "<a>.sig keep: matches '*.sig' (configuration file)",
        ]
    );
}
