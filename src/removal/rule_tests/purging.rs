//! The manifests that are deleted by their digests, and the space that this frees.

use super::*;
use crate::removal::Reclaimable;

/// An index with two platforms, signed as an artifact whose list of referrers has no registry's help.
fn released() -> Facts {
    Facts::default()
        .manifest("amd64", 100)
        .manifest("arm64", 100)
        .index("1.0", &["amd64", "arm64"])
        .index(&refers("1.0", ""), &["signature"])
        .manifest("signature", None)
        .with("signature", |spec| spec.subject = Some("1.0".to_owned()))
        .image("2.0", 1)
}

#[test]
fn unreferenced_manifests_are_purged() {
    let rule = Rule { older_than: older(30), ..Rule::default() };
    let decided = released().decide(&rule);
    assert_eq!(decided.purged().len(), 5, "{:?}", decided.purged());
    assert_eq!(decided.purged()[0], "1.0");
    // While a tag remains on it, all of that is kept.
    let decided = released().tag("stable", "1.0").decide(&Rule { keep: globs(&["stable"]), ..rule.clone() });
    assert!(decided.purged().is_empty(), "{:?}", decided.purged());
    assert_eq!(decided.removals(), ["1.0"]);
    // A platform that another index lists is kept.
    let shared = released().index("3.0", &["arm64", "riscv"]).manifest("riscv", 1);
    assert_eq!(shared.decide(&rule).purged()[..2], ["1.0", "amd64"]);
    assert!(!shared.decide(&rule).purged().contains(&"arm64"));
}

#[test]
fn an_index_without_a_tag_keeps_what_it_lists() {
    let facts = Facts::default().image("a", 100).manifest("untagged", None);
    let facts = facts.with("untagged", |spec| spec.lists = vec!["a".to_owned()]);
    let decided = facts.decide(&Rule { older_than: older(30), ..Rule::default() });
    assert_eq!(decided.of("a"), "keep: part of <untagged>, which stays");
    assert!(decided.purged().is_empty());
}

#[test]
fn an_unreadable_untagged_manifest_keeps_every_manifest() {
    let facts = Facts::default().image("1.0", 100).image("2.0", 1).manifest("blind", None);
    let facts = facts.with("blind", |spec| spec.state = Some(ManifestState::Unreadable(failure())));
    let listed =
        facts.clone().manifest("untagged", None).with("untagged", |spec| spec.lists = vec!["blind".to_owned()]);
    for facts in [facts, listed] {
        let decided = facts.decide(&Rule { older_than: older(30), ..Rule::default() });
        assert_eq!(decided.removals(), ["1.0"]);
        assert!(decided.purged().is_empty(), "{:?}", decided.purged());
    }
}

#[test]
fn no_freed_size_is_promised_when_manifests_are_unread() {
    let mut facts = Facts::default().image("1.0", None).with("1.0", |spec| spec.is_placeholder = true);
    facts = facts.manifest("unread", None).with("unread", |spec| spec.state = Some(ManifestState::Unread));
    facts.others.push(("odd name".to_owned(), Some("unread".to_owned())));
    let decided = facts.decide(&Rule::default());
    assert_eq!((decided.purged(), decided.removal.reclaimable.bytes()), (vec!["1.0"], None));
}

#[test]
fn a_digest_in_use_is_never_deleted() {
    let rule = Rule { older_than: older(30), ..Rule::default() };
    for word in ["arm64", "signature", "1.0"] {
        let used = used(&format!("reg.corp/app@{}", digest(word)));
        let decided = released().decide_all(std::slice::from_ref(&rule), &used, &anything());
        assert!(!decided.purged().contains(&word), "{word}");
        assert!(word == "signature" || decided.purged().is_empty(), "{word}: {:?}", decided.purged());
    }
}

#[test]
fn a_part_that_does_not_exist_is_not_deleted() {
    let facts = released().with("arm64", |spec| spec.state = Some(ManifestState::Missing));
    let decided = facts.decide(&Rule { older_than: older(30), ..Rule::default() });
    assert!(decided.purged().contains(&"amd64") && !decided.purged().contains(&"arm64"));
}

#[test]
fn space_is_freed_where_nothing_kept_needs_it() {
    let share = |spec: &mut Spec| spec.blobs.extend([("base".to_owned(), 1000)]);
    let facts = Facts::default().image("a", 100).image("b", 90).image("c", 1).with("a", share).with("c", share);
    let rule = Rule { older_than: older(30), ..Rule::default() };
    let freed = |plans: &[&Decided]| {
        let mut freed = Reclaimable::default();
        plans.iter().for_each(|decided| freed.add(&decided.removal.reclaimable));
        freed.bytes().unwrap_or_default()
    };
    // A blob of ten bytes each, and a manifest of one.
    assert_eq!(freed(&[&facts.decide(&rule)]), 22);
    let facts = facts.with("c", |spec| spec.blobs.clear());
    assert_eq!(freed(&[&facts.decide(&rule)]), 1022);
    assert_eq!(freed(&[&facts.decide(&rule)]), 1022);
    // Repositories of one registry share their blobs, and manifests too.
    let other = Facts::default().image("a", 100).with("a", share).image("new", 1);
    assert_eq!(freed(&[&facts.decide(&rule), &other.decide(&rule)]), 1022, "counted once");
    let keeps = Rule { keep: globs(&["a"]), ..rule.clone() };
    assert_eq!(freed(&[&facts.decide(&rule), &other.decide(&keeps)]), 11);
    let emptied = Facts::default().image("a", 100).with("a", share);
    let left_alone = emptied.decide_all(std::slice::from_ref(&rule), &UsedTags::default(), &Options::at(now()));
    assert_eq!(freed(&[&facts.decide(&rule), &left_alone]), 11, "what is left alone needs its blobs");
    let untouched = Facts::default().image("a", 1).with("a", share);
    assert_eq!(freed(&[&facts.decide(&rule), &untouched.decide(&rule)]), 11);
    // What could not be read may need any of it.
    let unsure = facts.unreadable("x").decide(&rule);
    assert_eq!(unsure.removal.reclaimable.bytes(), None);
}
