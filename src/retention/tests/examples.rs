//! One case for each thing that the rule says.

use super::*;

fn versions() -> Facts {
    Facts::default().image("1.2.0", 150).image("1.4.0", 3).image("pr-118", 210).image("1.3.9", 14).image("1.3.8", 21)
}

#[test]
fn the_last_and_the_new_stay_and_the_old_go() {
    let rule = Rule { keep_last: last(2), older_than: older(30), ..Rule::default() };
    assert_eq!(
        versions().told(&rule),
        [
            "1.4.0 keep: among the last 2",
            "1.3.9 keep: among the last 2",
            "1.3.8 keep: newer than 30 days",
            "1.2.0 remove: older than 30 days",
            "pr-118 remove: older than 30 days",
        ]
    );
    let plan = versions().decide(&rule);
    assert_eq!(plan.manifests, BTreeSet::from([digest("1.2.0"), digest("pr-118")]));
    let mut totals = Totals::default();
    totals.add(&plan);
    assert_eq!((totals.tags, totals.removed, totals.manifests, totals.freed_bytes()), (5, 2, 2, 20));
}

#[test]
fn every_member_of_a_rule_keeps_or_says_which_tags_it_is_about() {
    let told = |rule: Rule| {
        let told = versions().told(&rule);
        let interesting = told.into_iter().filter(|line| !line.contains("nothing keeps it"));
        interesting.collect::<Vec<_>>()
    };
    let rule = Rule { keep: globs(&["pr-*", "1.2.*"]), ..Rule::default() };
    assert_eq!(told(rule), ["1.2.0 keep: matches --keep '1.2.*'", "pr-118 keep: matches --keep 'pr-*'"]);
    let rule = Rule { keep_semver: Some("^1.3.9".parse().expect("a range")), ..Rule::default() };
    assert_eq!(told(rule), ["1.4.0 keep: in the versions ^1.3.9", "1.3.9 keep: in the versions ^1.3.9"]);
    let rule =
        Rule { keep_newer_than: older(20), matches: globs(&["1.*"]), exclude: globs(&["1.2.*"]), ..Rule::default() };
    assert_eq!(
        told(rule),
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
        told(rule),
        [
            "1.4.0 keep: not matched",
            "1.3.9 keep: among the last 1",
            "1.3.8 remove: not among the last 1",
            "1.2.0 remove: not among the last 1",
            "pr-118 keep: not matched",
        ]
    );
}

#[test]
fn a_cutoff_is_the_first_moment_that_is_not_older() {
    let facts = Facts::default().image("at", 30).image("before", 31);
    let rule = Rule { older_than: older(30), ..Rule::default() };
    assert_eq!(facts.told(&rule), ["at keep: newer than 30 days", "before remove: older than 30 days"]);
}

#[test]
fn what_has_no_place_in_the_order_stays_and_does_not_count() {
    let facts = versions().image("latest", 400).image("undated", None);
    let by_time = Rule { keep_last: last(1), ..Rule::default() };
    assert_eq!(
        facts.told(&by_time)[..2],
        ["1.4.0 keep: among the last 1".to_owned(), "1.3.9 remove: not among the last 1".to_owned()]
    );
    assert_eq!(facts.told(&by_time).last().map(String::as_str), Some("undated keep: not known when it was made"));
    let by_version = Rule { order: Order::Version, ..by_time };
    assert_eq!(
        facts.told(&by_version),
        [
            "1.4.0 keep: among the last 1",
            "1.3.9 remove: not among the last 1",
            "1.3.8 remove: not among the last 1",
            "1.2.0 remove: not among the last 1",
            "undated keep: no version",
            "pr-118 keep: no version",
            "latest keep: no version",
        ]
    );
    for rule in [
        Rule { older_than: older(30), ..Rule::default() },
        Rule { keep_newer_than: older(30), keep: globs(&["x"]), ..Rule::default() },
    ] {
        assert!(facts.told(&rule).contains(&"undated keep: not known when it was made".to_owned()));
    }
    let by_name = Rule { keep: globs(&["1.*"]), ..Rule::default() };
    assert!(facts.told(&by_name).contains(&"undated remove: nothing keeps it".to_owned()));
}

#[test]
fn a_manifest_goes_with_its_last_tag_only() {
    let facts = Facts::default().image("1.4.0", 50).tag("latest", "1.4.0").tag("old", "1.4.0").image("1.3", 60);
    let rule = Rule { keep: globs(&["latest"]), older_than: older(30), ..Rule::default() };
    let shared = "untag: older than 30 days; shares its manifest with latest, which stays";
    let expected = [
        "latest keep: matches --keep 'latest'".to_owned(),
        format!("1.4.0 {shared}"),
        format!("old {shared}"),
        "1.3 remove: older than 30 days".to_owned(),
    ];
    let mut told = facts.told(&rule);
    told.sort();
    let mut expected = Vec::from(expected);
    expected.sort();
    assert_eq!(told, expected);
    assert_eq!(facts.decide(&rule).manifests, BTreeSet::from([digest("1.3")]));
    let all = Rule { older_than: older(30), ..Rule::default() };
    assert_eq!(facts.decide(&all).manifests, BTreeSet::from([digest("1.3"), digest("1.4.0")]));
}

#[test]
fn the_parts_of_an_index_stay_with_it_and_go_by_themselves_without_it() {
    let facts = Facts::default()
        .image("1.0-amd64", 100)
        .image("1.0", 100)
        .with("1.0", |index| index.lists = [digest("1.0-amd64")].into())
        .image("2.0", 1);
    let keep = Rule { keep: globs(&["1.0"]), older_than: older(30), ..Rule::default() };
    assert_eq!(
        facts.told(&keep),
        ["2.0 keep: newer than 30 days", "1.0 keep: matches --keep '1.0'", "1.0-amd64 keep: part of 1.0, which stays",]
    );
    let rule = Rule { older_than: older(30), ..Rule::default() };
    assert_eq!(facts.decide(&rule).manifests, BTreeSet::from([digest("1.0"), digest("1.0-amd64")]));
}

fn signed() -> Facts {
    let signature = |of: &str, ending: &str| format!("{}{ending}", digest(of).to_string().replace(':', "-"));
    Facts::default()
        .image("old", 100)
        .image("new", 1)
        .image(&signature("old", ".sig"), None)
        .image(&signature("new", ".sig"), None)
        .image(&signature("old", ""), None)
        .image(&signature("elsewhere", ".att"), None)
        .image("sbom-of-old", 1)
        .with("sbom-of-old", |sbom| sbom.subject = Some(digest("old")))
        .image("sbom-of-sbom", 100)
        .with("sbom-of-sbom", |sbom| sbom.subject = Some(digest("sbom-of-old")))
}

#[test]
fn what_refers_to_a_manifest_stays_and_goes_with_it() {
    let told = |rule: &Rule| {
        let names = ["old", "new", "elsewhere"].map(|word| (digest(word).to_string().replace(':', "-"), word));
        let short = |line: String| {
            let line = names.iter().fold(line, |line, (long, word)| line.replace(long, &format!("<{word}>")));
            line.replace(&digest("elsewhere").to_string(), "<elsewhere>")
        };
        let mut told: Vec<_> = signed().told(rule).into_iter().map(short).collect();
        told.sort();
        told
    };
    let rule = Rule { older_than: older(30), ..Rule::default() };
    assert_eq!(
        told(&rule),
        [
            "<elsewhere>.att keep: refers to <elsewhere>, which is not known",
            "<new>.sig keep: refers to new, which stays",
            "<old> remove: refers to old, which goes",
            "<old>.sig remove: refers to old, which goes",
            "new keep: newer than 30 days",
            "old remove: older than 30 days",
            "sbom-of-old remove: refers to old, which goes",
            "sbom-of-sbom remove: refers to sbom-of-old, which goes",
        ]
    );
    // They are not among the tags of which so many are kept, and --match is about what is signed.
    let rule = Rule { keep_last: last(1), matches: globs(&["old", "new"]), ..Rule::default() };
    assert_eq!(
        told(&rule)[2..4],
        ["<old> remove: refers to old, which goes", "<old>.sig remove: refers to old, which goes"]
    );
    // Whoever names them keeps them.
    let rule =
        Rule { older_than: older(30), keep: globs(&["*.sig"]), exclude: globs(&["sbom-of-o*"]), ..Rule::default() };
    assert_eq!(told(&rule)[3], "<old>.sig keep: matches --keep '*.sig'");
    assert_eq!(
        told(&rule)[6..],
        ["sbom-of-old keep: excluded by 'sbom-of-o*'", "sbom-of-sbom keep: refers to sbom-of-old, which stays",]
    );
    // A tag that stays keeps what it is signed with, whichever of its tags goes.
    let facts = signed().tag("also", "old");
    let rule = Rule { older_than: older(30), keep: globs(&["also"]), ..Rule::default() };
    assert!(facts.told(&rule).contains(&"sbom-of-old keep: refers to also, which stays".to_owned()));
}

#[test]
fn what_refers_to_a_part_of_an_index_goes_with_the_index() {
    let facts = Facts::default()
        .manifest("part", 100)
        .image("index", 100)
        .with("index", |index| index.lists = [digest("part")].into())
        .image("signature", 100)
        .with("signature", |signature| signature.subject = Some(digest("part")));
    let rule = Rule { older_than: older(30), ..Rule::default() };
    let part = digest("part");
    assert_eq!(facts.told(&rule)[1], "index remove: older than 30 days");
    assert_eq!(facts.told(&rule)[0], format!("signature remove: refers to {part}, which goes"));
    let rule = Rule { keep: globs(&["index"]), ..rule };
    assert_eq!(facts.told(&rule)[0], "signature keep: refers to index, which stays");
}

#[test]
fn what_refers_to_itself_stays() {
    let name = digest("odd").to_string().replace(':', "-");
    let facts = Facts::default().manifest("odd", 100).tag(&name, "odd");
    let rule = Rule { older_than: older(30), ..Rule::default() };
    assert_eq!(facts.told(&rule), [format!("{name} keep: refers to {name}, which stays")]);
}

#[test]
fn an_unreadable_tag_stays_and_no_manifest_goes_that_it_may_need() {
    let facts = Facts::default().image("a", 100).unreadable("b", None).image("s", 1).with("s", |facts| {
        facts.subject = Some(digest("a"));
    });
    let rule = Rule { older_than: older(30), ..Rule::default() };
    assert_eq!(
        facts.told(&rule),
        [
            "s keep: may refer to a part of b, which could not be read",
            "a untag: older than 30 days; its manifest stays: b, which could not be read, may need it",
            "b keep: could not be read: no reply",
        ]
    );
    let plan = facts.decide(&rule);
    assert!(plan.manifests.is_empty() && plan.freed.is_empty());
    // Where all that it lists is known, what it does not list may go.
    let facts = Facts::default().image("a", 100).manifest("b", None).unreadable("b", Some(digest("b")));
    assert_eq!(facts.decide(&rule).manifests, BTreeSet::from([digest("a")]));
    let facts = facts.image("d", 1).with("b", |facts| facts.lists = [digest("a")].into());
    assert_eq!(facts.told(&rule)[1], "a keep: part of b, which stays");
}

#[test]
fn a_placeholder_goes_whatever_the_rule_says() {
    let facts = Facts::default().image("1.0", None).with("1.0", |facts| facts.is_placeholder = true).image("2.0", 100);
    let rule = Rule { keep: globs(&["*"]), matches: globs(&["none"]), exclude: globs(&["*"]), ..Rule::default() };
    assert_eq!(facts.told(&rule), ["2.0 keep: excluded by '*'", "1.0 remove: left by an interrupted removal"]);
    let rule = Rule { keep_last: last(1), ..Rule::default() };
    assert_eq!(facts.told(&rule), ["2.0 keep: among the last 1", "1.0 remove: left by an interrupted removal"]);
}

#[test]
fn a_blob_is_freed_when_nothing_that_stays_needs_it() {
    let share = |facts: &mut ManifestFacts| facts.blobs.extend([(digest("base"), 1000)]);
    let facts = versions().with("1.4.0", share).with("1.2.0", share).with("pr-118", share);
    let rule = Rule { older_than: older(30), ..Rule::default() };
    let freed = |facts: &Facts, rule: &Rule| {
        let mut totals = Totals::default();
        totals.add(&facts.decide(rule));
        totals.freed_bytes()
    };
    assert_eq!(freed(&facts, &rule), 20);
    let rule = Rule { keep: globs(&["1.3.9"]), ..Rule::default() };
    assert_eq!(freed(&facts, &rule), 1040);
    // Repositories of one registry share their blobs.
    let mut totals = Totals::default();
    totals.add(&facts.decide(&rule));
    totals.add(
        &Facts::default()
            .image("other", 1)
            .with("other", share)
            .decide(&Rule { older_than: older(30), ..Rule::default() }),
    );
    assert_eq!(totals.freed_bytes(), 40);
}

#[test]
fn what_needs_a_manifest_is_removed_before_it() {
    let facts =
        signed().image("part", 100).image("whole", 90).with("whole", |facts| facts.lists = [digest("part")].into());
    let facts = facts.image("of-part", 1).with("of-part", |facts| facts.subject = Some(digest("part")));
    let plan = facts.decide(&Rule { older_than: older(30), ..Rule::default() });
    let order: Vec<_> = plan.removals().map(|decision| decision.tag.to_string()).collect();
    let place = |tag: &str| order.iter().position(|removed| removed == tag).expect("it goes");
    assert_eq!(order.len(), 8);
    for (first, then) in [
        ("sbom-of-sbom", "sbom-of-old"),
        ("sbom-of-old", "old"),
        ("whole", "part"),
        ("of-part", "whole"),
        ("of-part", "part"),
    ] {
        assert!(place(first) < place(then), "{first} before {then}: {order:?}");
    }
}

#[test]
fn only_a_rule_that_keeps_or_bounds_something_says_what_goes() {
    assert!(!Rule::default().says_what_goes());
    assert!(!Rule { matches: globs(&["*"]), exclude: globs(&["a"]), ..Rule::default() }.says_what_goes());
    assert!(Rule { older_than: older(1), ..Rule::default() }.says_what_goes());
    assert!(Rule { keep: globs(&["a"]), ..Rule::default() }.says_what_goes());
}
