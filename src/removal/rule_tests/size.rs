//! Many tags: a linear algorithm takes a moment here, any other takes minutes.

use super::*;

const MANY: usize = 20_000;

#[test]
fn many_tags_on_few_manifests() {
    let facts = Facts::default().manifest("0", 10).manifest("1", 100).manifest("2", 200);
    let facts = (0..MANY).fold(facts, |facts, number| facts.tag(&format!("pr-{number}"), &(number % 3).to_string()));
    let rule = Rule { older_than: older(30), keep: globs(&["pr-1", "pr-3?"]), ..Rule::default() };
    let decided = facts.decide(&rule);
    assert_eq!(decided.removals().len(), MANY - MANY.div_ceil(3) - 7);
    assert!(decided.purged().is_empty());
    let decided = facts.decide(&Rule { older_than: older(30), ..Rule::default() });
    assert_eq!(decided.purged().len(), 2);
}

#[test]
fn many_tags_on_manifests_that_share_a_child() {
    let mut facts = Facts::default().image("part", 100);
    for number in 0..MANY {
        facts = facts.index(&format!("1.{number}"), &["part"]).tag(&format!("p{number}"), "part");
    }
    let rule = Rule { keep_last: last(1), order: Order::Version, matches: globs(&["1.*"]), ..Rule::default() };
    let decided = facts.decide(&rule);
    assert_eq!(decided.removals().len(), MANY - 1);
    assert_eq!(decided.purged().len(), MANY - 1);
    let rule = Rule { keep: globs(&["1.0"]), ..Rule::default() };
    let decided = facts.decide(&rule);
    assert_eq!(decided.of("p7"), "keep: part of 1.0, which stays");
    assert_eq!(decided.removals().len(), MANY - 1);
}

#[test]
fn a_long_chain_of_referrers() {
    let mut facts = Facts::default().image("0", 100);
    for number in 1..MANY {
        let subject = Some((number - 1).to_string());
        facts = facts.image(&number.to_string(), 1).with(&number.to_string(), |spec| spec.subject = subject);
    }
    let decided = facts.decide(&Rule { older_than: older(30), ..Rule::default() });
    assert_eq!(decided.purged().len(), MANY);
    assert_eq!(decided.removals()[..3], ["0", "1", "2"]);
    assert!(facts.decide(&Rule { older_than: older(300), ..Rule::default() }).purged().is_empty());
}
