//! Properties of the rule, and of plans on file.

use std::collections::{BTreeSet, HashMap};

use proptest::prelude::*;

use super::*;
use crate::error::{Danger, Kind, Operation};
use crate::name::{Algorithm, Digest, Tag};
use crate::registry::{Index, Inventory};

fn digest(number: usize) -> Digest {
    Digest::of(Algorithm::Sha256, number.to_string().as_bytes())
}

fn tag(number: usize) -> Tag {
    format!("t{number}").parse().expect("a tag")
}

/// What a repository holds: the tags by number with the manifest of each, and what indexes list.
#[derive(Debug, Clone)]
struct Held {
    tags: Vec<usize>,
    indexes: Vec<(usize, usize)>,
}

/// So many manifests there may be; those from [`INDEXES`] on are indexes.
const MANIFESTS: usize = 6;
const INDEXES: usize = 4;

fn held() -> impl Strategy<Value = Held> {
    let tags = proptest::collection::vec(0..MANIFESTS, 1..8);
    let indexes = proptest::collection::vec((INDEXES..MANIFESTS, 0..INDEXES), 0..3);
    (tags, indexes).prop_map(|(tags, indexes)| Held { tags, indexes })
}

impl Held {
    fn facts(&self, by_name: bool) -> Facts {
        let tags = self.tags.iter().enumerate().map(|(number, on)| (tag(number), digest(*on)));
        let index = |(index, child): &(usize, usize)| Index { digest: digest(*index), children: vec![digest(*child)] };
        let refused = || crate::Error::new(Kind::Unsupported(Operation::DeleteTag), "no");
        Facts {
            registry: "registry".to_owned(),
            repository: "app".parse().expect("a repository"),
            by_name: if by_name { Ok(()) } else { Err(refused()) },
            by_digest: Ok(()),
            inventory: Some(Inventory::new(tags.collect(), self.indexes.iter().map(index).collect())),
            missing: HashMap::new(),
            referrers: HashMap::new(),
            left_behind: std::collections::HashSet::new(),
        }
    }
}

fn permits() -> impl Strategy<Value = Permits> {
    let ways = prop_oneof![
        4 => Just(Ways::Any),
        1 => Just(Ways::Untag),
        1 => Just(Ways::Only(Method::Manifest)),
        1 => Just(Ways::Only(Method::Placeholder)),
    ];
    let these =
        proptest::collection::vec(0..8usize, 1..3).prop_map(|tags| Takes::These(tags.into_iter().map(tag).collect()));
    let takes = prop_oneof![4 => Just(Takes::Nothing), 1 => Just(Takes::Everything), 1 => these];
    (takes, any::<bool>(), any::<bool>(), ways).prop_map(|(takes, force, placeholder, ways)| Permits {
        takes,
        force,
        placeholder,
        ways,
    })
}

fn wishes() -> impl Strategy<Value = Vec<Wish>> {
    let wanted = prop_oneof![
        4 => (0..8usize).prop_map(|number| Wanted::Tag(tag(number))),
        1 => (0..MANIFESTS).prop_map(|number| Wanted::Manifest(digest(number))),
    ];
    let wish =
        (wanted, proptest::option::weighted(0.3, 0..MANIFESTS), permits()).prop_map(|(wanted, expected, permits)| {
            let expected = expected.filter(|_| wanted.tag().is_some()).map(digest);
            Wish { wanted, expected, permits }
        });
    proptest::collection::vec(wish, 1..5).prop_map(|wishes| {
        let mut once: Vec<Wish> = Vec::new();
        for wish in wishes {
            if once.iter().all(|known| known.wanted != wish.wanted) {
                once.push(wish);
            }
        }
        once
    })
}

/// The tags that are gone when everything was carried out, with the manifests.
fn gone(held: &Held, items: &[Item]) -> (BTreeSet<Tag>, BTreeSet<Digest>) {
    let (mut tags, mut manifests) = (BTreeSet::new(), BTreeSet::new());
    for item in items {
        match (&item.method, &item.digest) {
            (Ok(Method::Manifest), Some(gone)) => {
                let on_it = held.tags.iter().enumerate().filter(|(_, on)| digest(**on) == *gone);
                tags.extend(on_it.map(|(number, _)| tag(number)));
                manifests.insert(gone.clone());
            }
            (Ok(_), _) => tags.extend(item.wish.wanted.tag().cloned()),
            (Err(_), _) => {}
        }
    }
    (tags, manifests)
}

/// Whether a wish may take a tag along.
fn is_permitted(wishes: &[Wish], held: &Held, tag: &Tag) -> bool {
    let on = held.tags.iter().enumerate().find(|(number, _)| self::tag(*number) == *tag).map(|(_, on)| digest(*on));
    wishes.iter().any(|wish| match &wish.wanted {
        // One that is not known of is looked at when it goes.
        Wanted::Tag(wanted) if wanted == tag => on.is_none() || wish.expected.is_none() || wish.expected == on,
        Wanted::Tag(_) | Wanted::Manifest(_) => wish.permits.takes.allows(tag),
    })
}

proptest! {
    #[test]
    fn nothing_goes_that_is_not_wanted_or_permitted(held in held(), wishes in wishes(), by_name: bool) {
        let items = decide(&wishes, &held.facts(by_name));
        prop_assert_eq!(items.len(), wishes.len());
        let (tags, _) = gone(&held, &items);
        for tag in tags {
            prop_assert!(is_permitted(&wishes, &held, &tag), "{tag} goes: {items:#?}");
        }
    }

    #[test]
    fn what_a_plan_says_goes_is_what_goes(held in held(), wishes in wishes(), by_name: bool) {
        let items = decide(&wishes, &held.facts(by_name));
        let (tags, _) = gone(&held, &items);
        let done = items.iter().filter(|item| item.method.is_ok());
        let said: BTreeSet<_> = done.flat_map(|item| item.wish.wanted.tag().into_iter().chain(&item.go)).cloned().collect();
        prop_assert!(tags.is_subset(&said), "{tags:?} go, and {said:?} are said to");
    }

    #[test]
    fn the_manifest_of_a_tag_that_stays_is_not_deleted(held in held(), wishes in wishes(), by_name: bool) {
        let items = decide(&wishes, &held.facts(by_name));
        let (tags, manifests) = gone(&held, &items);
        for (number, on) in held.tags.iter().enumerate() {
            prop_assert!(tags.contains(&tag(number)) || !manifests.contains(&digest(*on)));
        }
        // Nor what an index that stays lists.
        for (index, child) in &held.indexes {
            let is_broken = manifests.contains(&digest(*child)) && !manifests.contains(&digest(*index));
            prop_assert!(!is_broken || wishes.iter().any(|wish| wish.permits.force), "{items:#?}");
        }
    }

    #[test]
    fn a_sibling_more_never_widens_what_goes(held in held(), wishes in wishes(), by_name: bool, on in 0..MANIFESTS) {
        let narrow = |wish: &Wish| wish.permits.takes != Takes::Everything;
        prop_assume!(wishes.iter().all(narrow));
        let before = gone(&held, &decide(&wishes, &held.facts(by_name))).0;
        let mut more = held.clone();
        more.tags.push(on);
        let added = tag(held.tags.len());
        prop_assume!(!is_permitted(&wishes, &more, &added));
        let after = gone(&more, &decide(&wishes, &more.facts(by_name))).0;
        prop_assert!(!after.contains(&added));
        prop_assert!(after.is_subset(&before), "{after:?} instead of {before:?}");
    }

    #[test]
    fn the_order_of_wishes_does_not_change_which_succeed(held in held(), wishes in wishes(), by_name: bool) {
        // By which method it goes depends on what went before it.
        let permits = wishes[0].permits.clone();
        let wishes: Vec<_> = wishes.into_iter().map(|wish| Wish { permits: permits.clone(), ..wish }).collect();
        let reversed: Vec<_> = wishes.iter().rev().cloned().collect();
        let outcome = |wishes: &[Wish]| {
            let items = decide(wishes, &held.facts(by_name));
            let stays = |item: &&Item| item.method.is_err();
            items.iter().filter(stays).map(|item| item.wish.wanted.suffix()).collect::<BTreeSet<_>>()
        };
        prop_assert_eq!(outcome(&wishes), outcome(&reversed));
    }

    #[test]
    fn a_plan_on_file_is_read_as_it_was_written(held in held(), wishes in wishes(), by_name: bool) {
        let facts = held.facts(by_name);
        let mut saved = SavedPlan::default();
        let registry = "registry.example:5000".parse().expect("a registry");
        decide(&wishes, &facts).iter().for_each(|item| saved.add(&registry, &facts.repository, item));
        prop_assert_eq!(&SavedPlan::parse(saved.to_json().as_bytes()).expect("a plan"), &saved);
        // And wishes for no more than was planned.
        let mut again: Vec<Wish> = Vec::new();
        for wish in saved.items.iter().map(SavedItem::wish) {
            if again.iter().all(|known| known.wanted != wish.wanted) {
                again.push(wish);
            }
        }
        let (first, second) = (decide(&wishes, &facts), decide(&again, &facts));
        prop_assert!(gone(&held, &second).0.is_subset(&gone(&held, &first).0));
    }
}

#[test]
fn a_tag_that_has_to_be_elsewhere_does_not_go_with_another() {
    let held = Held { tags: vec![0, 0], indexes: Vec::new() };
    let wish = |number, expected| Wish { wanted: Wanted::Tag(tag(number)), expected, permits: Permits::default() };
    let items = decide(&[wish(0, Some(digest(1))), wish(1, None)], &held.facts(false));
    let dangers: Vec<_> =
        items.iter().map(|item| item.method.as_ref().expect_err("both stay").kind().clone()).collect();
    assert!(matches!(&dangers[..], [Kind::Safety(Danger::Moved { .. }), Kind::Safety(Danger::Siblings { .. })]));
}
