//! Indexes and their parts, referrers and their subjects, and what could not be read.

use super::*;
use crate::registry::snapshot::Builder;

#[test]
fn children_are_kept_with_their_index_and_removed_without_it() {
    let facts = Facts::default().image("1.0-amd64", 100).index("1.0", &["1.0-amd64"]).image("2.0", 1);
    let keep = Rule { keep: globs(&["1.0"]), older_than: older(30), ..Rule::default() };
    assert_eq!(
        facts.lines(&keep),
        ["2.0 keep: newer than 30 days", "1.0-amd64 keep: part of 1.0, which stays", "1.0 keep: matches '1.0'"]
    );
    let rule = Rule { older_than: older(30), ..Rule::default() };
    assert_eq!(facts.decide(&rule).purged(), ["1.0", "1.0-amd64"]);
    assert_eq!(facts.decide(&rule).removals(), ["1.0", "1.0-amd64"]);
}

#[test]
fn descendants_of_a_kept_index_are_kept() {
    let facts = Facts::default().image("leaf", 100).index("inner", &["leaf"]).index("outer", &["inner"]);
    let facts = facts.image("a", 1).image("b", 2).image("c", 3);
    let rule = Rule { keep: globs(&["outer"]), older_than: older(30), ..Rule::default() };
    let decided = facts.decide(&rule);
    assert_eq!(decided.of("leaf"), "keep: part of outer, which stays");
    assert_eq!(decided.of("inner"), "keep: part of outer, which stays");
    assert!(decided.purged().is_empty());
}

fn signed() -> Facts {
    Facts::default()
        .image("old", 100)
        .image("new", 1)
        .image(&refers("old", ".sig"), None)
        .image(&refers("new", ".sig"), None)
        .index(&refers("old", ""), &["sbom-of-old"])
        .image(&refers("elsewhere", ".att"), None)
        .image("sbom-of-old", 1)
        .with("sbom-of-old", |spec| spec.subject = Some("old".to_owned()))
        .image("sbom-of-sbom", 100)
        .with("sbom-of-sbom", |spec| spec.subject = Some("sbom-of-old".to_owned()))
}

#[test]
fn referrers_are_kept_and_removed_with_their_subject() {
    let lines = |facts: &Facts, rule: &Rule| {
        let mut lines = facts.lines(rule);
        let elsewhere = digest("elsewhere").to_string();
        lines
            .iter_mut()
            .for_each(|line| *line = line.replace(&elsewhere.replace(':', "-"), "<?>").replace(&elsewhere, "<?>"));
        lines.sort();
        lines
    };
    let rule = Rule { older_than: older(30), ..Rule::default() };
    assert_eq!(
        lines(&signed(), &rule),
        [
            "<?>.att keep: refers to <?>, which no tag reaches",
            "<new>.sig keep: refers to new, which stays",
            "<old> remove: refers to old, which goes",
            "<old>.sig remove: refers to old, which goes",
            "new keep: newer than 30 days",
            "old remove: older than 30 days",
            "sbom-of-old remove: refers to old, which goes",
            "sbom-of-sbom remove: refers to sbom-of-old, which goes",
        ]
    );
    // They are not among the tags of which so many are kept, and a rule is about what is signed.
    let rule = Rule { keep_last: last(1), matches: globs(&["old", "new"]), ..Rule::default() };
    assert_eq!(
        lines(&signed(), &rule)[2..4],
        ["<old> remove: refers to old, which goes", "<old>.sig remove: refers to old, which goes"]
    );
    // Naming them keeps them.
    let rule =
        Rule { older_than: older(30), keep: globs(&["*.sig"]), exclude: globs(&["sbom-of-o*"]), ..Rule::default() };
    assert_eq!(lines(&signed(), &rule)[3], "<old>.sig keep: matches '*.sig'");
    assert_eq!(
        lines(&signed(), &rule)[6..],
        ["sbom-of-old keep: excluded by 'sbom-of-o*'", "sbom-of-sbom keep: refers to sbom-of-old, which stays"]
    );
    // A kept tag keeps its signature, whichever other tag of the manifest is removed.
    let facts = signed().tag("also", "old");
    let rule = Rule { older_than: older(30), keep: globs(&["also"]), ..Rule::default() };
    assert_eq!(facts.decide(&rule).of("sbom-of-old"), "keep: refers to also, which stays");
}

#[test]
fn a_long_digest_is_matched_by_its_prefix_in_a_tag() {
    let mut builder = Builder::default();
    let subject = builder.manifest(&Digest::of(Algorithm::Sha512, b"old"));
    let name = format!("{}.sig", &builder.index().digest(subject).as_str().replace(':', "-")[..7 + 64]);
    let signature = builder.manifest(&digest("signature"));
    for (manifest, name, created) in [(subject, "old", Some(days_ago(100))), (signature, name.as_str(), None)] {
        builder
            .set(manifest, ManifestState::Read(ManifestFacts { created: created.into(), ..ManifestFacts::default() }));
        let (tag, _) = builder.tag(name.parse().expect("a tag"));
        builder.point(tag, Pointer::At(manifest));
    }
    let snapshot = builder.build();
    let rule = Rule { older_than: older(30), ..Rule::default() };
    let plan = decide(&[rule], &snapshot, &UsedTags::default(), &anything());
    let reasons: Vec<_> = plan.decisions.iter().map(|decision| reasons::reason(&plan, decision, &snapshot)).collect();
    assert_eq!(reasons, ["older than 30 days", "refers to old, which goes"]);
}

#[test]
fn referrers_of_a_child_are_removed_with_its_index() {
    let facts = Facts::default()
        .manifest("part", 100)
        .index("index", &["part"])
        .image("signature", 100)
        .with("signature", |spec| spec.subject = Some("part".to_owned()));
    let rule = Rule { older_than: older(30), ..Rule::default() };
    let decided = facts.decide(&rule);
    assert_eq!(
        (decided.of("index"), decided.of("signature")),
        ("remove: older than 30 days".to_owned(), "remove: refers to <part>, which goes".to_owned())
    );
    assert_eq!(decided.purged(), ["index", "part", "signature"]);
    let rule = Rule { keep: globs(&["index"]), ..rule };
    assert_eq!(facts.decide(&rule).of("signature"), "keep: refers to index, which stays");
}

#[test]
fn a_manifest_that_refers_to_itself_is_kept() {
    let name = refers("odd", "");
    let facts = Facts::default().manifest("odd", 100).tag(&name, "odd");
    let rule = Rule { older_than: older(30), ..Rule::default() };
    assert_eq!(facts.lines(&rule), ["<odd> keep: refers to <odd>, which stays"]);
    // An index whose part refers to it by a name.
    let facts = Facts::default().index("index", &["part"]).manifest("part", 100).tag(&refers("index", ".sig"), "part");
    let facts = facts.with("index", |spec| spec.created = Some(days_ago(100)));
    assert_eq!(facts.decide(&rule).purged(), ["index", "part"]);
}

#[test]
fn an_untagged_subject_keeps_its_referrers() {
    let with_subject = |state: Option<ManifestState>| {
        let facts = Facts::default().image("a", 100).image("sbom", 100).manifest("subject", 100);
        facts.with("sbom", |spec| spec.subject = Some("subject".to_owned())).with("subject", |spec| spec.state = state)
    };
    let rule = Rule { older_than: older(30), ..Rule::default() };
    for state in [None, Some(ManifestState::Unread), Some(ManifestState::Missing)] {
        let decided = with_subject(state).decide(&rule);
        assert_eq!(decided.of("sbom"), "keep: refers to <subject>, which no tag reaches");
        assert_eq!(decided.purged(), ["a"]);
    }
}

#[test]
fn manifests_that_an_unreadable_one_may_need_are_kept() {
    let facts = Facts::default().image("a", 100).unreadable("b").image("s", 1);
    let facts = facts.with("s", |spec| spec.subject = Some("a".to_owned()));
    let rule = Rule { older_than: older(30), ..Rule::default() };
    let decided = facts.decide(&rule);
    assert_eq!(decided.of("s"), "keep: refers to a manifest that b, which could not be read, may need");
    assert_eq!(
        decided.of("a"),
        "untag: older than 30 days; its manifest stays: b, which could not be read, may need it"
    );
    assert_eq!(decided.of("b"), "keep: could not be read: no reply");
    assert!(decided.purged().is_empty());
    assert!(matches!(decided.plan.obstacle, Some(Obstacle::Tag(_))));
    // The same where the digest is known and the manifest is not, also one that an index lists.
    let unreadable = |spec: &mut Spec| spec.state = Some(ManifestState::Unreadable(failure()));
    for facts in [
        Facts::default().image("a", 100).image("b", None).with("b", unreadable),
        Facts::default().image("a", 100).index("b", &["part"]).manifest("part", 100).with("part", unreadable),
        Facts::default()
            .image("a", 100)
            .index("b", &["part"])
            .manifest("part", 100)
            .with("part", |spec| spec.state = Some(ManifestState::Unread)),
    ] {
        let decided = facts.decide(&rule);
        assert_eq!(
            decided.of("a"),
            "untag: older than 30 days; its manifest stays: b, which could not be read, may need it"
        );
        assert!(decided.of("b").starts_with("keep: could not be read"), "{}", decided.of("b"));
        assert!(decided.purged().is_empty());
    }
    // An index without a tag may be in use by its digest.
    let facts = Facts::default().image("a", 100).manifest("part", 100).manifest("b", 100);
    let unread = |spec: &mut Spec| spec.state = Some(ManifestState::Unread);
    let facts = facts.with("part", unread).with("b", |spec| spec.lists = vec!["part".to_owned()]);
    let decided = facts.decide(&rule);
    assert_eq!(
        decided.of("a"),
        "untag: older than 30 days; its manifest stays: <part>, which could not be read, may need it"
    );
    assert!(decided.purged().is_empty());
    // A config that could not be read takes nothing away but the date.
    let facts = Facts::default().image("a", 100).image("b", 100).with("b", |spec| spec.config_error = true);
    assert_eq!(facts.decide(&rule).of("b"), "keep: could not be read: no reply");
    assert_eq!(facts.decide(&rule).purged(), ["a"]);
}

#[test]
fn a_name_without_a_manifest_is_shown_and_blocks_nothing() {
    let mut facts = Facts::default().image("a", 100).image("gone", None);
    facts.dangling.push("never".to_owned());
    let facts = facts.with("gone", |spec| spec.state = Some(ManifestState::Missing));
    let decided = facts.decide(&Rule { older_than: older(30), ..Rule::default() });
    let dangling = "keep: dangling: the registry lists it and has no manifest for it";
    assert_eq!((decided.of("never"), decided.of("gone")), (dangling.to_owned(), dangling.to_owned()));
    assert_eq!(decided.purged(), ["a"]);
    assert_eq!(decided.plan.obstacle, None);
}

#[test]
fn an_invalid_tag_keeps_its_manifest() {
    let rule = Rule { older_than: older(30), ..Rule::default() };
    let mut facts = Facts::default().image("part", 100).index("index", &["part"]).image("b", 90);
    facts.others.push(("über".to_owned(), Some("index".to_owned())));
    let decided = facts.decide(&rule);
    assert_eq!(decided.of("index"), "untag: older than 30 days; shares its manifest with \"über\", which stays");
    assert_eq!(decided.of("part"), "keep: part of \"über\", which stays");
    assert_eq!(decided.purged(), ["b"]);
    // Where it is not known what it points at, it may be any.
    facts.others.push(("ärger".to_owned(), None));
    let decided = facts.decide(&rule);
    assert_eq!(
        decided.of("b"),
        "untag: older than 30 days; its manifest stays: \"ärger\", which could not be read, may need it"
    );
    assert_eq!(decided.plan.obstacle, Some(Obstacle::OtherName(1)));
}

#[test]
fn a_list_that_cannot_be_trusted_keeps_manifests() {
    let facts = Facts { doubt: Some(ListCaveat::Empty), ..Facts::default().image("a", 100) };
    let decided = facts.decide(&Rule { older_than: older(30), ..Rule::default() });
    assert_eq!(
        decided.of("a"),
        "untag: older than 30 days; its manifest stays: a tag that the registry does not list may need it"
    );
    assert!(decided.purged().is_empty());
}

#[test]
fn referrers_of_a_placeholder_in_use_are_kept() {
    let facts = Facts::default().image("latest", None).with("latest", |spec| spec.is_placeholder = true);
    let facts = facts.image("sbom", 3).with("sbom", |spec| spec.subject = Some("latest".to_owned()));
    let lines = facts.decide_all(&[Rule::default()], &used("reg.corp/app:latest"), &anything()).lines();
    assert_eq!(lines, ["sbom keep: refers to latest, which stays", "latest keep: in use"]);
}

#[test]
fn a_chain_of_referrers_is_removed_with_its_placeholder() {
    let facts = Facts::default().image("rc1", None).with("rc1", |spec| spec.is_placeholder = true);
    let facts = facts.manifest("signature", 3).with("signature", |spec| spec.subject = Some("rc1".to_owned()));
    let facts = facts.image("1.0", 3).with("1.0", |spec| spec.subject = Some("signature".to_owned()));
    let decided = facts.decide_all(&[Rule::default()], &UsedTags::default(), &anything());
    assert_eq!(
        decided.lines(),
        ["1.0 remove: refers to <signature>, which goes", "rc1 remove: left behind by an interrupted removal"]
    );
    assert_eq!(decided.purged(), ["rc1", "signature", "1.0"]);
}

#[test]
fn a_placeholder_is_removed_by_every_rule() {
    let facts = Facts::default().image("1.0", None).with("1.0", |spec| spec.is_placeholder = true).image("2.0", 100);
    let rule = Rule { keep: globs(&["*"]), matches: globs(&["none"]), exclude: globs(&["*"]), ..Rule::default() };
    let leftover = "1.0 remove: left behind by an interrupted removal";
    assert_eq!(facts.lines(&rule), ["2.0 keep: excluded by '*'", leftover]);
    let rule = Rule { keep_last: last(1), ..Rule::default() };
    assert_eq!(facts.lines(&rule), ["2.0 keep: the newest", leftover]);
    // Nothing can need it.
    let decided = facts.unreadable("b").decide(&rule);
    assert_eq!((decided.of("1.0"), decided.purged()), (leftover[4..].to_owned(), vec!["1.0"]));
}
