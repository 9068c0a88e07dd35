//! Properties that hold for every snapshot and all rules.

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

/// Manifests by number, of which each may list and refer to those before it, and tags on them.
fn any_facts() -> impl Strategy<Value = Facts> {
    let manifest = (
        // Days are few, so that ties and shared dates come up.
        prop::option::weighted(0.8, 0i64..40),
        prop::collection::vec(any::<Index>(), 0..3),
        prop::option::weighted(0.2, any::<Index>()),
        prop::bool::weighted(0.1),
        prop::option::weighted(
            0.06,
            prop::sample::select(vec![
                ManifestState::Missing,
                ManifestState::Unread,
                ManifestState::Unreadable(failure()),
            ]),
        ),
    );
    let name = prop_oneof![
        4 => "[0-4]\\.[0-4](\\.[0-4])?(-rc1|-alpine)?".prop_map(|name| (name, None)),
        2 => "(pr|sha)-[0-9]{1,2}".prop_map(|name| (name, None)),
        1 => "[0-9]{6,7}".prop_map(|name| (name, None)),
        1 => Just(("latest".to_owned(), None)),
        // Signatures as often as versions, since the order matters for referrers.
        4 => (any::<Index>(), prop::sample::select(vec![".sig", ".att", ""]))
            .prop_map(|(of, ending)| (ending.to_owned(), Some(of))),
    ];
    let tag = (name, any::<Index>(), prop::bool::weighted(0.98), prop::bool::weighted(0.97));
    let other = prop::option::weighted(0.1, prop::option::weighted(0.7, any::<Index>()));
    (prop::collection::vec(manifest, 1..8), prop::collection::vec(tag, 0..14), other).prop_map(
        |(manifests, tags, other)| {
            let count = manifests.len();
            let mut facts = Facts::default();
            for (number, (age, listed, subject, is_placeholder, state)) in manifests.iter().enumerate() {
                let word = number.to_string();
                // A placeholder lists nothing, and is in no index.
                let listed = listed.iter().filter(|_| number % 2 == 1 && !is_placeholder);
                let listed = listed.map(|index| index.index(number)).filter(|index| !manifests[*index].3);
                let lists = listed.map(|index| index.to_string()).collect();
                let subject = subject.filter(|_| !is_placeholder).map(|index| index.index(count + 1).to_string());
                facts = facts.manifest(&word, *age).with(&word, |spec| {
                    spec.lists = lists;
                    spec.subject = subject.filter(|subject| *subject != word);
                    spec.is_placeholder = *is_placeholder;
                    spec.state.clone_from(state);
                });
            }
            let mut names = BTreeSet::new();
            for ((name, of), on, is_known, is_there) in tags {
                let name = match of {
                    Some(of) => refers(&of.index(count + 1).to_string(), &name),
                    None => name,
                };
                if !names.insert(name.clone()) {
                    continue;
                }
                match (is_known, is_there) {
                    (_, false) => facts.dangling.push(name),
                    (true, true) => facts = facts.tag(&name, &on.index(count).to_string()),
                    (false, true) => facts = facts.unreadable(&name),
                }
            }
            facts.others.extend(other.map(|on| ("odd name".to_owned(), on.map(|on| on.index(count).to_string()))));
            facts
        },
    )
}

fn any_globs() -> impl Strategy<Value = Vec<Glob>> {
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
            label: None,
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

fn any_rules() -> impl Strategy<Value = Vec<Rule>> {
    prop::collection::vec(any_rule(), 1..3)
}

/// What is in use: tags and manifests.
fn any_used() -> impl Strategy<Value = UsedTags> {
    let tag = prop::sample::select(vec!["1.1".to_owned(), "latest".to_owned(), "pr-7".to_owned()]);
    let name = prop_oneof![
        tag.prop_map(|tag| format!("reg.corp/app:{tag}")),
        (0..8_usize).prop_map(|number| format!("reg.corp/app@{}", digest(&number.to_string()))),
        (0..8_usize).prop_map(|number| digest(&format!("blob of {number}")).to_string()),
    ];
    prop::collection::vec(name, 0..2).prop_map(|names| match names.is_empty() {
        true => UsedTags::default(),
        false => used(&names.join("\n")),
    })
}

fn decided(facts: &Facts, rules: &[Rule], used: &UsedTags) -> Decided {
    facts.decide_all(rules, used, &anything())
}

/// The tags that go, those of them whose manifest may go with them, and the manifests that are deleted.
fn going(decided: &Decided) -> [BTreeSet<String>; 3] {
    let named = |wanted: fn(&Verdict) -> bool| {
        let decisions = decided.plan.decisions.iter().filter(|decision| wanted(&decision.verdict));
        decisions.map(|decision| decided.snapshot.tag(decision.tag).to_string()).collect()
    };
    let purged = decided.purged().into_iter().map(str::to_owned).collect();
    [named(|verdict| !verdict.is_kept()), named(|verdict| !verdict.is_kept() && !is_untag(verdict)), purged]
}

/// One thing more that keeps, taken from another rule.
fn with_more(rule: &Rule, other: Rule, which: usize) -> Rule {
    let mut more = rule.clone();
    match which {
        0 => more.keep.extend(other.keep),
        1 => more.keep_last = more.keep_last.max(other.keep_last),
        2 => more.keep_semver = more.keep_semver.or(other.keep_semver),
        3 => more.exclude.extend(other.exclude),
        4 => more.keep_newer_than = more.keep_newer_than.or(other.keep_newer_than),
        _ => more.older_than = more.older_than.or(other.older_than),
    }
    more
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_kept_loses_what_it_needs(facts in any_facts(), rules in any_rules(), used in any_used()) {
        let decided = decided(&facts, &rules, &used);
        let (plan, snapshot) = (&decided.plan, &decided.snapshot);
        let purged: BTreeSet<_> = decided.deleted().into_iter().collect();
        prop_assert_eq!(purged.len(), decided.deleted().len(), "each once");
        let mut staying: Vec<_> = plan.decisions.iter().filter(|decision| decision.verdict.is_kept() || is_untag(&decision.verdict))
            .filter_map(|decision| decision.manifest).collect();
        staying.extend(snapshot.other_names().iter().filter_map(|other| other.pointer.manifest()));
        staying.extend(used.digests().filter_map(|digest| snapshot.manifest_id(digest)));
        for manifest in staying {
            let mut needed = BTreeSet::new();
            snapshot.visit_reachable(manifest, |part| needed.extend([part]));
            // While the subject is kept, its referrers are.
            needed.extend(snapshot.referrers(manifest).filter(|referrer| snapshot.tags_on(*referrer).len() == 0));
            prop_assert!(needed.is_disjoint(&purged), "{:?}", decided.lines());
        }
        // Tags that are removed with their manifest are on a deleted one.
        for decision in plan.decisions.iter().filter(|decision| !decision.verdict.is_kept() && !is_untag(&decision.verdict)) {
            let on = decision.manifest.expect("known where it goes");
            prop_assert!(purged.contains(&on), "{:?}", decided.lines());
        }
        // What cannot be read may need anything but a placeholder.
        let is_blind = facts.tags.iter().any(|(_, on)| on.is_none()) || facts.others.iter().any(|(_, on)| on.is_none())
            || facts.manifests.values().any(|spec| matches!(spec.state, Some(ManifestState::Unreadable(_))));
        for manifest in purged.iter().filter(|_| is_blind) {
            prop_assert!(snapshot.facts(*manifest).is_some_and(|facts| facts.is_placeholder));
        }
        if plan.obstacle.is_some() {
            prop_assert_eq!(decided.removal.reclaimable.bytes().unwrap_or_default(), 0);
        }
    }

    #[test]
    fn only_known_and_read_manifests_are_removed(facts in any_facts(), rules in any_rules(), used in any_used()) {
        let decided = decided(&facts, &rules, &used);
        for decision in decided.plan.removals() {
            let manifest = decision.manifest.expect("known where it goes");
            prop_assert!(decided.snapshot.facts(manifest).is_some());
            prop_assert!(!used.names(decided.snapshot.tag(decision.tag)));
        }
        for deleted in decided.deleted() {
            prop_assert!(decided.snapshot.facts(deleted).is_some());
            prop_assert!(used.digests().all(|digest| decided.snapshot.digest(deleted) != *digest));
        }
    }

    #[test]
    fn indexes_come_before_their_children_and_subjects_before_referrers(facts in any_facts(), rules in any_rules()) {
        let decided = decided(&facts, &rules, &UsedTags::default());
        let snapshot = &decided.snapshot;
        let order: Vec<_> = decided.deleted().into_iter().collect();
        let place = |manifest| order.iter().position(|purged| *purged == manifest);
        for (position, manifest) in order.iter().enumerate() {
            prop_assert!(snapshot.children(*manifest).iter().all(|child| place(*child).is_none_or(|place| place > position)));
            let untagged = snapshot.referrers(*manifest).filter(|referrer| snapshot.tags_on(*referrer).len() == 0);
            prop_assert!(untagged.into_iter().all(|referrer| place(referrer).is_none_or(|place| place > position)));
        }
        let tags: BTreeSet<_> = decided.removals().into_iter().map(str::to_owned).collect();
        prop_assert_eq!(tags, going(&decided)[0].clone());
    }

    #[test]
    fn referrers_of_kept_subjects_are_kept(facts in any_facts(), rules in any_rules(), used in any_used()) {
        let decided = decided(&facts, &rules, &used);
        let stays = decided.plan.decisions.iter().filter(|decision| decision.verdict.is_kept());
        let mut staying = BTreeSet::new();
        stays.filter_map(|decision| decision.manifest).for_each(|manifest| {
            decided.snapshot.visit_reachable(manifest, |part| staying.extend([decided.snapshot.digest(part)]));
        });
        for decision in decided.plan.removals() {
            let facts = decision.manifest.and_then(|manifest| decided.snapshot.facts(manifest)).expect("it was read");
            if !facts.is_placeholder {
                let subject = facts.subject.map(|subject| decided.snapshot.digest(subject));
                prop_assert!(subject.is_none_or(|subject| !staying.contains(&subject)), "{:?}", decided.lines());
                let name = decided.snapshot.tag(decision.tag).as_str().split('.').next().unwrap_or_default();
                prop_assert!(staying.iter().all(|digest| digest.to_string().replace(':', "-") != name), "{name}");
            }
        }
    }

    #[test]
    fn another_keep_never_removes_more(
        facts in any_facts(), rules in any_rules(), used in any_used(), other in any_rule(), which in 0usize..8, place in any::<Index>()
    ) {
        let mut more = rules.clone();
        let (mut now_used, place) = (UsedTags::default(), place.index(rules.len()));
        match which {
            6 => more.push(other),
            7 => now_used = used,
            _ => more[place] = with_more(&rules[place], other, which),
        }
        let (former, now) = (decided(&facts, &rules, &UsedTags::default()), decided(&facts, &more, &now_used));
        // Counting the newest without any date is refused, and nothing is removed.
        for (former, now) in going(&former).iter().zip(going(&now)) {
            prop_assert!(now.is_subset(former) || rules.iter().any(Rule::orders_by_time) && former.is_empty(), "{now:?} were {former:?}");
        }
    }

    #[test]
    fn several_rules_remove_what_each_of_them_removes(facts in any_facts(), rules in any_rules()) {
        let all = going(&decided(&facts, &rules, &UsedTags::default()));
        for rule in &rules {
            let alone = going(&decided(&facts, std::slice::from_ref(rule), &UsedTags::default()));
            for (all, alone) in all.iter().zip(&alone) {
                prop_assert!(all.is_subset(alone), "{all:?} of {alone:?}");
            }
        }
    }

    #[test]
    fn unknown_ages_are_never_old(facts in any_facts(), rule in any_rule(), days in 0i64..60) {
        // A rule with an age alone.
        let rule = Rule { older_than: older(days), keep_last: None, ..rule };
        let decided = facts.decide(&rule);
        for decision in decided.plan.removals() {
            if matches!(decision.verdict, Verdict::Remove { because: Removed::OlderThan(_), .. }) {
                prop_assert!(decision.created.is_some_and(|created| created < days_ago(days)), "{:?}", decided.lines());
            }
        }
    }

    #[test]
    fn the_order_of_input_does_not_matter(facts in any_facts(), rules in any_rules(), used in any_used(), seed in any::<u64>()) {
        let mut shuffled = facts.clone();
        shuffled.tags.sort_by_key(|(tag, _)| digest(&format!("{seed}{tag}")));
        let (one, other) = (decided(&facts, &rules, &used), decided(&shuffled, &rules, &used));
        prop_assert_eq!(going(&one), going(&other));
        let tags = |decided: &Decided| decided.plan.decisions.iter().map(|decision| decided.snapshot.tag(decision.tag).clone()).collect::<Vec<_>>();
        prop_assert_eq!(tags(&one), tags(&other));
    }

    #[test]
    fn a_name_that_comes_twice_counts_once(facts in any_facts(), rules in any_rules(), which in any::<Index>()) {
        let mut twice = facts.clone();
        if !facts.tags.is_empty() {
            let tag = facts.tags[which.index(facts.tags.len())].clone();
            twice.tags.push(tag);
        }
        prop_assert_eq!(decided(&facts, &rules, &UsedTags::default()).lines(), decided(&twice, &rules, &UsedTags::default()).lines());
    }

    #[test]
    fn keep_last_keeps_the_requested_number(facts in any_facts(), rule in any_rule()) {
        // What the rule is about, and has a place in its order.
        let Some(count) = rule.keep_last else { return Ok(()) };
        let bare = Rule { keep_last: Some(NonZeroUsize::MAX), matches: rule.matches.clone(), exclude: rule.exclude.clone(),
            order: rule.order, ..Rule::default() };
        let decided = facts.decide(&rule);
        let all = facts.decide(&bare);
        let is_last = |decision: &&Decision| matches!(decision.verdict, Verdict::Keep(Kept::AmongLast(_)));
        let about: Vec<_> = all.plan.decisions.iter().filter(is_last).map(|decision| decision.tag).collect();
        let (last, rest) = about.split_at(about.len().min(count.get()));
        for decision in &decided.plan.decisions {
            prop_assert!(!last.contains(&decision.tag) || decision.verdict.is_kept(), "{:?}", decided.lines());
            let among = matches!(decision.verdict, Verdict::Keep(Kept::AmongLast(_)));
            prop_assert!(!rest.contains(&decision.tag) || !among, "{:?}", decided.lines());
        }
    }

    #[test]
    fn a_repository_is_emptied_only_where_that_is_allowed(facts in any_facts(), rules in any_rules(), used in any_used()) {
        let decided = facts.decide_all(&rules, &used, &Options::at(now()));
        let images = |kept: bool| decided.plan.decisions.iter().filter(move |decision| decision.verdict.is_kept() == kept);
        let goes = images(false).any(|decision| !matches!(decision.verdict, Verdict::Remove { because: Removed::Placeholder | Removed::SubjectRemoved(_), .. }));
        if goes {
            prop_assert!(images(true).next().is_some(), "{:?}", decided.lines());
        }
        if decided.plan.would_remove_all {
            prop_assert!(decided.removals().is_empty() && decided.purged().is_empty());
        }
    }

    #[test]
    fn placeholders_are_removed_unless_in_use(facts in any_facts(), rules in any_rules(), used in any_used()) {
        let decided = decided(&facts, &rules, &used);
        if decided.plan.refusal.is_none() {
            for decision in &decided.plan.decisions {
                let Some(on) = decision.manifest else { continue };
                let facts = decided.snapshot.facts(on);
                let is_used = used.manifests(&decided.snapshot)[on.position()] || used.names(decided.snapshot.tag(decision.tag));
                prop_assert!(!facts.is_some_and(|facts| facts.is_placeholder) || decision.verdict.is_kept() == is_used);
            }
        }
    }
}

/// Whether a tag is removed and its manifest has to stay.
fn is_untag(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Remove { untag: Some(_), .. })
}
