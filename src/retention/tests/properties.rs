//! What holds whatever the facts and the rule are.

use proptest::prelude::*;

use super::*;

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
        4 => "[0-4]\\.[0-4](\\.[0-4])?".prop_map(|name| (name, None)),
        2 => "(pr|sha)-[0-9]{1,2}".prop_map(|name| (name, None)),
        1 => Just(("latest".to_owned(), None)),
        // Signatures as often as versions: what goes together is where orders matter.
        4 => (any::<prop::sample::Index>(), prop::sample::select(vec![".sig", ".att", ""]))
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
    fn placeholders_always_go(facts in any_facts(), rule in any_rule()) {
        let plan = facts.decide(&rule);
        for tag in facts.0.tags.iter().filter(|tag| tag.error.is_none()) {
            let is_placeholder = tag.digest.as_ref().is_some_and(|digest| facts.0.manifests[digest].is_placeholder);
            let decision = plan.decisions.iter().find(|decision| decision.tag == tag.tag).expect("one for every tag");
            prop_assert!(!is_placeholder || !decision.verdict.is_kept(), "{}", tag.tag);
        }
    }
}

proptest! {
    // Few facts have something that goes with its signature.
    #![proptest_config(ProptestConfig::with_cases(5000))]

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
        let by_name = kept.map(|decision| decision.tag.as_str().parse().expect("a tag is a glob")).collect();
        let rule = Rule { keep: by_name, older_than: None, keep_newer_than: None, keep_last: None, ..rule };
        let rest = going(&left.decide(&rule)).0;
        prop_assert_eq!(rest, removals[done.len()..].iter().map(ToString::to_string).collect::<BTreeSet<_>>());
    }
}
