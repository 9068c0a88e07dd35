use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::error::{Error, Kind};
use crate::name::{Algorithm, Digest};
use crate::registry::{Census, ManifestFacts, TagFacts};

fn digest(of: &str) -> Digest {
    Digest::of(Algorithm::Sha256, of.as_bytes())
}

fn days_ago(days: i64) -> Timestamp {
    let now: Timestamp = "2026-11-21T12:00:00Z".parse().expect("a time");
    now - SignedDuration::from_hours(24 * days)
}

fn older(days: i64) -> Option<Cutoff> {
    Some(Cutoff { moment: days_ago(days), text: format!("{days} days") })
}

fn last(count: usize) -> Option<NonZeroUsize> {
    NonZeroUsize::new(count)
}

fn globs(texts: &[&str]) -> Vec<globset::Glob> {
    texts.iter().map(|text| globset::Glob::new(text).expect("a glob")).collect()
}

/// A census under construction: a manifest is called by a word, and is as old as it is said to be.
#[derive(Debug, Default, Clone)]
struct Facts(Census);

impl Facts {
    fn manifest(mut self, word: &str, age: impl Into<Option<i64>>) -> Self {
        let facts = ManifestFacts {
            created: age.into().map(days_ago),
            size: Some(10),
            blobs: [(digest(&format!("blob of {word}")), 10)].into(),
            ..ManifestFacts::default()
        };
        self.0.manifests.insert(digest(word), facts);
        self
    }

    fn with(mut self, word: &str, change: impl FnOnce(&mut ManifestFacts)) -> Self {
        change(self.0.manifests.get_mut(&digest(word)).expect("a manifest of that word"));
        self
    }

    fn tag(mut self, tag: &str, word: &str) -> Self {
        let tag = tag.parse().expect("a tag");
        self.0.tags.push(TagFacts { tag, digest: Some(digest(word)), error: None });
        self
    }

    /// A tag on a manifest of its own name.
    fn image(self, tag: &str, age: impl Into<Option<i64>>) -> Self {
        self.manifest(tag, age).tag(tag, tag)
    }

    fn unreadable(mut self, tag: &str, digest: Option<Digest>) -> Self {
        let error = Some(Error::new(Kind::TimedOut, "no reply"));
        self.0.tags.push(TagFacts { tag: tag.parse().expect("a tag"), digest, error });
        self
    }

    /// Without the manifests that no tag reaches, which no census finds.
    fn reached(mut self) -> Self {
        let tagged = self.0.tags.iter().filter_map(|tag| tag.digest.clone());
        let mut reached: BTreeSet<_> = tagged.collect();
        let lists = |digest: &Digest| self.0.manifests.get(digest).map(|facts| facts.lists.clone());
        reached.extend(reached.iter().filter_map(lists).flatten().collect::<Vec<_>>());
        self.0.manifests.retain(|digest, _| reached.contains(digest));
        self
    }

    fn decide(&self, rule: &Rule) -> Plan {
        decide(rule, &self.0)
    }

    /// A line for each tag.
    fn told(&self, rule: &Rule) -> Vec<String> {
        let line = |decision: &Decision| {
            let action = match &decision.verdict {
                Verdict::Keep(_) => "keep",
                Verdict::Remove { untag: None, .. } => "remove",
                Verdict::Remove { untag: Some(_), .. } => "untag",
            };
            format!("{} {action}: {}", decision.tag, decision.verdict)
        };
        self.decide(rule).decisions.iter().map(line).collect()
    }
}

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

/// Manifests by number, of which each may list and refer to those before it, and tags on them.
fn any_facts() -> impl Strategy<Value = Facts> {
    let manifest = (
        prop::option::weighted(0.8, 0i64..60),
        prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        prop::option::weighted(0.2, any::<prop::sample::Index>()),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.95),
    );
    let name = prop_oneof![
        "[0-4]\\.[0-4](\\.[0-4])?".prop_map(|name| (name, None)),
        "(pr|sha)-[0-9]{1,2}".prop_map(|name| (name, None)),
        Just(("latest".to_owned(), None)),
        (any::<prop::sample::Index>(), prop::sample::select(vec![".sig", ".att", ""]))
            .prop_map(|(of, ending)| (ending.to_owned(), Some(of))),
    ];
    let tag = (name, any::<prop::sample::Index>(), prop::bool::weighted(0.95), prop::bool::weighted(0.97));
    (prop::collection::vec(manifest, 1..8), prop::collection::vec(tag, 0..14)).prop_map(|(manifests, tags)| {
        let count = manifests.len();
        let mut facts = Facts::default();
        let mut lists: Vec<BTreeSet<Digest>> = Vec::new();
        for (number, (age, listed, subject, is_placeholder, _)) in manifests.iter().enumerate() {
            let mut all = BTreeSet::new();
            // A placeholder lists nothing, and nobody makes an index of one.
            let listed = listed.iter().filter(|_| number > 0 && number % 2 == 1 && !is_placeholder);
            for index in listed.map(|index| index.index(number)).filter(|index| !manifests[*index].3) {
                all.insert(digest(&index.to_string()));
                all.extend(lists[index].iter().cloned());
            }
            lists.push(all.clone());
            facts = facts.manifest(&number.to_string(), *age).with(&number.to_string(), |facts| {
                facts.lists = all;
                facts.subject = subject.map(|index| digest(&index.index(count + 1).to_string()));
                facts.is_placeholder = *is_placeholder;
            });
        }
        let mut names = BTreeSet::new();
        for ((name, of), on, has_digest, is_readable) in tags {
            let name = match of {
                Some(of) => digest(&of.index(count + 1).to_string()).to_string().replace(':', "-") + &name,
                None => name,
            };
            if !names.insert(name.clone()) {
                continue;
            }
            let on = digest(&on.index(count).to_string());
            facts = match (is_readable, has_digest) {
                (true, _) => facts.tag(&name, "0"),
                (false, true) => facts.unreadable(&name, None),
                (false, false) => facts.unreadable(&name, Some(on.clone())),
            };
            if let Some(tag) = facts.0.tags.last_mut().filter(|_| is_readable) {
                tag.digest = Some(on);
            }
        }
        for (number, manifest) in manifests.iter().enumerate().filter(|(_, manifest)| !manifest.4) {
            // It could not be read: its tags cannot be either.
            let unread = digest(&number.to_string());
            facts.0.manifests.remove(&unread);
            let error = Error::new(Kind::TimedOut, format!("no reply {}", manifest.1.len()));
            let tags = facts.0.tags.iter_mut().filter(|tag| tag.digest.as_ref() == Some(&unread));
            tags.for_each(|tag| tag.error = Some(error.clone()));
        }
        facts.reached()
    })
}

fn any_globs() -> impl Strategy<Value = Vec<globset::Glob>> {
    let glob = prop::sample::select(vec!["*", "1.*", "pr-*", "latest", "*.sig", "sha256-*", "*-1*"]);
    prop::collection::vec(glob, 0..2).prop_map(|texts| globs(&texts))
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let age = || prop::option::of((0i64..60).prop_map(|days| Cutoff { moment: days_ago(days), text: String::new() }));
    let range = prop::sample::select(vec!["^1", ">=2", "<1.2", "*"]);
    let order = prop::sample::select(vec![Order::Created, Order::Version]);
    let range = prop::option::of(range.prop_map(|range| range.parse().expect("a range")));
    (prop::option::of(1usize..6), any_globs(), age(), range, age(), any_globs(), any_globs(), order).prop_map(
        |(count, keep, keep_newer_than, keep_semver, older_than, matches, exclude, order)| Rule {
            keep_last: count.and_then(NonZeroUsize::new),
            keep,
            keep_newer_than,
            keep_semver,
            older_than,
            matches,
            exclude,
            order,
        },
    )
}

/// The tags that go, and those of them that take their manifest along.
fn going(plan: &Plan) -> (BTreeSet<String>, BTreeSet<String>) {
    let named = |wanted: fn(&Verdict) -> bool| {
        let decisions = plan.decisions.iter().filter(|decision| wanted(&decision.verdict));
        decisions.map(|decision| decision.tag.to_string()).collect()
    };
    (named(|verdict| !verdict.is_kept()), named(|verdict| !verdict.is_kept() && !verdict.is_untag()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_manifest_goes_that_a_tag_which_stays_may_need(facts in any_facts(), rule in any_rule()) {
        let plan = facts.decide(&rule);
        let whole = plan.decisions.iter().filter(|decision| !decision.verdict.is_kept() && !decision.verdict.is_untag());
        let whole: BTreeSet<_> = whole.map(|decision| decision.digest.clone().expect("known where it goes")).collect();
        prop_assert_eq!(&whole, &plan.manifests);
        for decision in plan.decisions.iter().filter(|decision| decision.verdict.is_kept()) {
            let known = decision.digest.as_ref().and_then(|digest| facts.0.manifests.get(digest));
            let Some(known) = known else {
                prop_assert!(whole.is_empty(), "{} may need anything", decision.tag);
                continue;
            };
            prop_assert!(decision.digest.iter().all(|digest| !whole.contains(digest)), "{}", decision.tag);
            prop_assert!(known.lists.iter().all(|digest| !whole.contains(digest)), "{}", decision.tag);
            prop_assert!(known.blobs.keys().all(|blob| !plan.freed.contains_key(blob)), "{}", decision.tag);
        }
    }

    #[test]
    fn what_refers_to_something_that_stays_stays(facts in any_facts(), rule in any_rule()) {
        let plan = facts.decide(&rule);
        let stays = plan.decisions.iter().filter(|decision| decision.verdict.is_kept());
        let mut staying: BTreeSet<Digest> = stays.filter_map(|decision| decision.digest.clone()).collect();
        let listed = staying.iter().filter_map(|digest| facts.0.manifests.get(digest));
        staying.extend(listed.flat_map(|facts| facts.lists.clone()).collect::<Vec<_>>());
        for decision in plan.decisions.iter().filter(|decision| !decision.verdict.is_kept()) {
            let of = &facts.0.manifests[decision.digest.as_ref().expect("known where it goes")];
            if !of.is_placeholder {
                prop_assert!(of.subject.iter().all(|subject| !staying.contains(subject)), "{}", decision.tag);
                let name = decision.tag.as_str().split('.').next().unwrap_or_default();
                prop_assert!(staying.iter().all(|digest| digest.to_string().replace(':', "-") != name), "{name}");
            }
        }
    }

    #[test]
    fn another_keep_never_removes_more(facts in any_facts(), rule in any_rule(), keep in any_rule(), which in 0usize..4) {
        let mut more = rule.clone();
        match which {
            0 => more.keep.extend(keep.keep),
            1 if more.keep_last.is_none() => more.keep_last = keep.keep_last,
            1 => more.keep_last = more.keep_last.max(keep.keep_last),
            2 if more.keep_semver.is_none() => more.keep_semver = keep.keep_semver,
            2 => more.exclude.extend(keep.exclude),
            _ if more.keep_newer_than.is_none() => more.keep_newer_than = keep.keep_newer_than,
            _ if more.older_than.is_none() => more.older_than = keep.older_than,
            _ => {}
        }
        let (former, now) = (going(&facts.decide(&rule)), going(&facts.decide(&more)));
        prop_assert!(now.0.is_subset(&former.0), "{:?} were {:?}", now.0, former.0);
        prop_assert!(now.1.is_subset(&former.1), "{:?} were {:?}", now.1, former.1);
    }

    #[test]
    fn the_order_of_the_tags_does_not_matter(facts in any_facts(), rule in any_rule(), seed in any::<u64>()) {
        let mut shuffled = facts.clone();
        shuffled.0.tags.sort_by_key(|tag| digest(&format!("{seed}{}", tag.tag)));
        prop_assert_eq!(facts.decide(&rule), shuffled.decide(&rule));
    }

    #[test]
    fn as_many_are_kept_as_the_rule_says(facts in any_facts(), rule in any_rule()) {
        // What the rule is about, and has a place in its order.
        let plan = facts.decide(&rule);
        let Some(count) = rule.keep_last else { return Ok(()) };
        let bare = Rule { keep_last: Some(NonZeroUsize::MAX), matches: rule.matches.clone(), exclude: rule.exclude.clone(),
            order: rule.order, ..Rule::default() };
        let is_last = |decision: &&Decision| matches!(decision.verdict, Verdict::Keep(Kept::AmongLast(_)));
        let about: Vec<_> = facts.decide(&bare).decisions.iter().filter(is_last).map(|decision| decision.tag.clone()).collect();
        let (last, rest) = about.split_at(about.len().min(count.get()));
        for decision in &plan.decisions {
            prop_assert!(!last.contains(&decision.tag) || decision.verdict.is_kept(), "{}", decision.tag);
            let among = matches!(decision.verdict, Verdict::Keep(Kept::AmongLast(_)));
            prop_assert!(!rest.contains(&decision.tag) || !among, "{}", decision.tag);
        }
    }

    #[test]
    fn a_removal_that_is_cut_short_leaves_nothing_that_the_next_would_not_remove(
        facts in any_facts(), rule in any_rule(), done in any::<prop::sample::Index>()
    ) {
        let plan = facts.decide(&rule);
        let removals: Vec<_> = plan.removals().map(|decision| decision.tag.clone()).collect();
        prop_assert_eq!(removals.iter().map(ToString::to_string).collect::<BTreeSet<_>>(), going(&plan).0);
        let done = &removals[..done.index(removals.len() + 1)];
        let mut left = facts.clone();
        left.0.tags.retain(|tag| !done.contains(&tag.tag));
        let left = left.reached();
        // Of as many that are kept some are gone by now, so that the rule has to say it by name.
        let kept = plan.decisions.iter().filter(|decision| decision.verdict.is_kept());
        let by_name = kept.map(|decision| globset::Glob::new(decision.tag.as_str()).expect("a tag is a glob")).collect();
        let rule = Rule { keep: by_name, older_than: None, keep_newer_than: None, keep_last: None, ..rule };
        let rest = going(&left.decide(&rule)).0;
        prop_assert_eq!(rest, removals[done.len()..].iter().map(ToString::to_string).collect::<BTreeSet<_>>());
    }

    #[test]
    fn placeholders_always_go(facts in any_facts(), rule in any_rule()) {
        let plan = facts.decide(&rule);
        for tag in facts.0.tags.iter().filter(|tag| tag.error.is_none()) {
            let is_placeholder = tag.digest.as_ref().is_some_and(|digest| facts.0.manifests[digest].is_placeholder);
            let decision = plan.decisions.iter().find(|decision| decision.tag == tag.tag).expect("one for every tag");
            prop_assert!(!is_placeholder || !decision.verdict.is_kept(), "{}", tag.tag);
        }
    }
}
