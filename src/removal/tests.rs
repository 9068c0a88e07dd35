//! Properties of the decision, and of plans on file.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use futures::Stream;
use proptest::prelude::*;

use super::decide::decide;
use super::*;
use crate::error::{Danger, Error, Fault, Kind, Operation};
use crate::name::{Algorithm, Digest, Tag};
use crate::registry::TagIndex;
use crate::registry::snapshot::{Builder, Form, ListCaveat, ManifestFacts, ManifestState, Pointer, SnapshotOptions};

fn digest(number: usize) -> Digest {
    Digest::of(Algorithm::Sha256, number.to_string().as_bytes())
}

fn tag(number: usize) -> Tag {
    format!("t{number}").parse().expect("a tag")
}

/// What a repository holds: what each tag points at, what indexes list, what refers to what, what cannot be known.
#[derive(Debug, Clone)]
struct Held {
    /// By number, the manifest of each tag; `None` where that cannot be read.
    tags: Vec<Option<usize>>,
    /// Index and child.
    indexes: Vec<(usize, usize)>,
    /// Referrer and subject.
    subjects: Vec<(usize, usize)>,
    unreadable: Option<usize>,
    /// The manifest of a name that no tag may have.
    other_name: Option<Option<usize>>,
    is_list_doubtful: bool,
}

/// So many manifests there may be; those from [`INDEXES`] on are indexes.
const MANIFESTS: usize = 7;
const INDEXES: usize = 4;

fn held() -> impl Strategy<Value = Held> {
    let on = prop_oneof![12 => (0..MANIFESTS).prop_map(Some), 1 => Just(None)];
    let tags = proptest::collection::vec(on.clone(), 1..8);
    let indexes = proptest::collection::vec((INDEXES..MANIFESTS, 0..INDEXES), 0..4);
    let subjects = proptest::collection::vec((0..2usize, 2..MANIFESTS), 0..2);
    let rarely = |strategy| proptest::option::weighted(0.15, strategy);
    let doubt = prop_oneof![8 => Just(false), 1 => Just(true)];
    (tags, indexes, subjects, rarely((0..MANIFESTS).boxed()), proptest::option::weighted(0.15, on), doubt).prop_map(
        |(tags, indexes, subjects, unreadable, other_name, is_list_doubtful)| Held {
            tags,
            indexes,
            subjects,
            unreadable,
            other_name,
            is_list_doubtful,
        },
    )
}

fn broken() -> Error {
    Error::new(Kind::Protocol(Fault::Status(500)), "cannot be read")
}

impl Held {
    fn index(&self) -> TagIndex {
        let mut builder = Builder::default();
        let manifests: Vec<_> = (0..MANIFESTS).map(|number| builder.manifest(&digest(number))).collect();
        for number in 0..MANIFESTS {
            let children =
                self.indexes.iter().filter(|(index, _)| *index == number).map(|(_, child)| manifests[*child]);
            let facts = ManifestFacts {
                form: if number >= INDEXES { Form::Index } else { Form::Image },
                children: children.collect(),
                subject: self
                    .subjects
                    .iter()
                    .find(|(referrer, _)| *referrer == number)
                    .map(|(_, subject)| manifests[*subject]),
                ..ManifestFacts::default()
            };
            let state = if self.unreadable == Some(number) {
                ManifestState::Unreadable(broken())
            } else {
                ManifestState::Read(facts)
            };
            builder.set(manifests[number], state);
        }
        let pointer =
            |on: &Option<usize>| on.map_or_else(|| Pointer::Unknown(broken()), |on| Pointer::At(manifests[on]));
        for (number, on) in self.tags.iter().enumerate() {
            let (id, _) = builder.tag(tag(number));
            builder.point(id, pointer(on));
        }
        if let Some(on) = &self.other_name {
            let (position, _) = builder.other_name("-odd".to_owned(), "-odd".to_owned());
            builder.point_other(position, pointer(on));
        }
        if self.is_list_doubtful {
            builder.set_list_caveat(ListCaveat::Empty);
        }
        builder.build()
    }

    fn state(&self, by_name: bool) -> RepositoryState {
        let refused = || Error::new(Kind::Unsupported(Operation::DeleteTag), "no");
        RepositoryState {
            registry: "registry".to_owned(),
            repository: "app".parse().expect("a repository"),
            deletes_tags: if by_name { Ok(()) } else { Err(refused()) },
            deletes_manifests: Ok(()),
            index: Some(Arc::new(self.index())),
            absent: HashMap::new(),
            referrers: HashMap::new(),
            in_use: InUse::default(),
        }
    }

    /// The tag and everything that it reaches, as far as that can be read.
    fn reach(&self, manifest: usize) -> BTreeSet<usize> {
        let mut reached = BTreeSet::from([manifest]);
        if self.unreadable != Some(manifest) {
            reached.extend(
                self.indexes.iter().filter(|(index, _)| *index == manifest).flat_map(|(_, child)| self.reach(*child)),
            );
        }
        reached
    }
}

fn policy() -> impl Strategy<Value = RemovalPolicy> {
    let methods = prop_oneof![
        4 => Just(Methods::Any),
        1 => Just(Methods::Untag),
        1 => Just(Methods::Only(Method::Manifest)),
        1 => Just(Methods::Only(Method::Placeholder)),
    ];
    let these = proptest::collection::vec(0..8usize, 1..3)
        .prop_map(|tags| Siblings::Remove(tags.into_iter().map(tag).collect()));
    let siblings = prop_oneof![4 => Just(Siblings::Keep), 1 => Just(Siblings::RemoveAll), 1 => these];
    let mostly_not = || prop_oneof![4 => Just(false), 1 => Just(true)];
    (siblings, mostly_not(), mostly_not(), methods, any::<bool>()).prop_map(
        |(siblings, force, placeholder, methods, purge)| RemovalPolicy {
            siblings,
            force,
            placeholder,
            methods,
            purge,
            referrers: false,
        },
    )
}

fn requests() -> impl Strategy<Value = Vec<RemovalRequest>> {
    let target = prop_oneof![
        6 => (0..8usize).prop_map(|number| Target::Tag(tag(number))),
        1 => (0..MANIFESTS).prop_map(|number| Target::Manifest(digest(number))),
    ];
    let request =
        (target, proptest::option::weighted(0.2, 0..MANIFESTS), policy()).prop_map(|(target, expected, policy)| {
            let expected = expected.filter(|_| target.tag().is_some()).map(digest);
            RemovalRequest { target, expected, follows: None, policy }
        });
    proptest::collection::vec(request, 1..6).prop_map(|requests| {
        let mut once: Vec<RemovalRequest> = Vec::new();
        for request in requests {
            if once.iter().all(|known| known.target != request.target) {
                once.push(request);
            }
        }
        once
    })
}

/// The tags and manifests that no longer exist after the execution.
fn gone(held: &Held, items: &[Item]) -> (BTreeSet<Tag>, BTreeSet<Digest>) {
    let (mut tags, mut manifests) = (BTreeSet::new(), BTreeSet::new());
    for item in items {
        match (&item.method, &item.digest) {
            (Ok(Method::Manifest), Some(gone)) => {
                let on_it = held.tags.iter().enumerate().filter(|(_, on)| on.map(digest).as_ref() == Some(gone));
                tags.extend(on_it.map(|(number, _)| tag(number)));
                manifests.insert(gone.clone());
            }
            (Ok(_), _) => tags.extend(item.request.target.tag().cloned()),
            (Err(_), _) => {}
        }
    }
    (tags, manifests)
}

fn items(requests: &[RemovalRequest], held: &Held, by_name: bool) -> Vec<Item> {
    decide(requests, &held.state(by_name)).items
}

/// Whether a request may also remove a tag.
fn is_permitted(requests: &[RemovalRequest], held: &Held, tag: &Tag) -> bool {
    let on =
        held.tags.iter().enumerate().find(|(number, _)| self::tag(*number) == *tag).and_then(|(_, on)| on.map(digest));
    requests.iter().any(|request| match &request.target {
        // A tag that was not resolved is resolved when it is removed.
        Target::Tag(requested) if requested == tag => {
            on.is_none() || request.expected.is_none() || request.expected == on
        }
        Target::Tag(_) | Target::Manifest(_) => request.policy.siblings.allow(tag),
    })
}

proptest! {
    #[test]
    fn only_what_is_requested_or_permitted_is_removed(held in held(), requests in requests(), by_name: bool) {
        let items = items(&requests, &held, by_name);
        let (tags, _) = gone(&held, &items);
        for tag in tags {
            prop_assert!(is_permitted(&requests, &held, &tag), "{tag} goes: {items:#?}");
        }
    }

    #[test]
    fn every_request_is_answered_once(held in held(), requests in requests(), by_name: bool) {
        let items = items(&requests, &held, by_name);
        let answered: Vec<_> = items.iter().filter(|item| item.origin == Origin::Requested).map(|item| &item.request.target).collect();
        prop_assert_eq!(answered.len(), requests.len());
        prop_assert!(requests.iter().all(|request| answered.contains(&&request.target)));
        let digests: Vec<_> = items.iter().filter(|item| item.origin != Origin::Requested).map(|item| &item.digest).collect();
        prop_assert_eq!(digests.iter().collect::<BTreeSet<_>>().len(), digests.len(), "a manifest is purged once");
    }

    #[test]
    fn a_plan_names_exactly_what_is_removed(held in held(), requests in requests(), by_name: bool) {
        let items = items(&requests, &held, by_name);
        let (tags, _) = gone(&held, &items);
        let done = items.iter().filter(|item| item.method.is_ok());
        let said: BTreeSet<_> =
            done.flat_map(|item| item.request.target.tag().into_iter().chain(item.requested_siblings()).chain(item.collateral())).cloned().collect();
        prop_assert!(tags.is_subset(&said), "{tags:?} go, and {said:?} are said to");
    }

    #[test]
    fn no_manifest_is_deleted_that_something_kept_needs(held in held(), requests in requests(), by_name: bool) {
        let items = items(&requests, &held, by_name);
        let (tags, manifests) = gone(&held, &items);
        let is_forced = requests.iter().any(|request| request.policy.force);
        for (number, on) in held.tags.iter().enumerate().filter(|(number, _)| !tags.contains(&tag(*number))) {
            match on {
                Some(on) => {
                    prop_assert!(!manifests.contains(&digest(*on)), "{} stays on {on}: {items:#?}", tag(number));
                    let broken = held.reach(*on).into_iter().any(|reached| manifests.contains(&digest(reached)));
                    prop_assert!(!broken || is_forced, "{} needs what goes: {items:#?}", tag(number));
                    let needs_unknown = held.reach(*on).into_iter().any(|reached| held.unreadable == Some(reached));
                    let is_requested = is_permitted(&requests, &held, &tag(number));
                    let below = held.unreadable.iter().flat_map(|unreadable| held.indexes.iter().filter(move |(_, child)| child == unreadable)).count() > 0;
                    prop_assert!(!needs_unknown || is_requested || below || manifests.is_empty() || is_forced, "{} may need anything: {items:#?}", tag(number));
                }
                None => prop_assert!(
                    manifests.is_empty() || is_forced || is_permitted(&requests, &held, &tag(number)),
                    "{} may be on anything, or need it: {items:#?}", tag(number)
                ),
            }
        }
        if let Some(on) = held.other_name {
            let takes_all = requests.iter().any(|request| request.policy.siblings == Siblings::RemoveAll);
            let is_safe = on.map_or(manifests.is_empty(), |on| !manifests.contains(&digest(on)));
            prop_assert!(is_safe || takes_all || is_forced, "the other name's manifest goes: {items:#?}");
        }
    }

    #[test]
    fn an_unreliable_list_keeps_every_manifest(held in held(), requests in requests(), by_name: bool) {
        prop_assume!(requests.iter().all(|request| request.policy.siblings != Siblings::RemoveAll));
        let items = items(&requests, &Held { is_list_doubtful: true, ..held.clone() }, by_name);
        prop_assert!(gone(&held, &items).1.is_empty(), "{items:#?}");
    }

    #[test]
    fn purged_manifests_are_unreferenced(held in held(), requests in requests(), by_name: bool) {
        let items = items(&requests, &held, by_name);
        let (tags, manifests) = gone(&held, &items);
        let position = |digest: &Digest| items.iter().position(|item| item.digest.as_ref() == Some(digest) && matches!(item.method, Ok(Method::Manifest)));
        for item in items.iter().filter(|item| item.origin != Origin::Requested) {
            let purged = item.digest.as_ref().expect("a digest");
            let on_it = held.tags.iter().enumerate().filter(|(_, on)| on.map(digest).as_ref() == Some(purged));
            for (number, _) in on_it {
                prop_assert!(tags.contains(&tag(number)));
            }
            for (index, child) in &held.indexes {
                if digest(*child) == *purged && held.unreadable != Some(*index) {
                    prop_assert!(manifests.contains(&digest(*index)), "{index} still lists it: {items:#?}");
                    prop_assert!(position(&digest(*index)) < position(purged), "an index goes before what it lists");
                }
            }
        }
    }

    #[test]
    fn nothing_is_purged_unless_requested(held in held(), requests in requests(), by_name: bool) {
        let requests: Vec<_> = requests.into_iter().map(|request| RemovalRequest {
            policy: RemovalPolicy { purge: false, ..request.policy }, ..request
        }).collect();
        prop_assert!(items(&requests, &held, by_name).iter().all(|item| item.origin == Origin::Requested));
    }

    #[test]
    fn another_sibling_never_widens_the_removal(held in held(), requests in requests(), by_name: bool, on in 0..MANIFESTS) {
        prop_assume!(requests.iter().all(|request| request.policy.siblings != Siblings::RemoveAll));
        let before = gone(&held, &items(&requests, &held, by_name)).0;
        let mut more = held.clone();
        more.tags.push(Some(on));
        let added = tag(held.tags.len());
        prop_assume!(!is_permitted(&requests, &more, &added));
        let after = gone(&more, &items(&requests, &more, by_name)).0;
        prop_assert!(!after.contains(&added));
        prop_assert!(after.is_subset(&before), "{after:?} instead of {before:?}");
    }

    #[test]
    fn the_order_of_requests_does_not_change_which_succeed(held in held(), requests in requests(), by_name: bool) {
        // The method depends on what was removed before.
        let policy = requests[0].policy.clone();
        let requests: Vec<_> = requests.into_iter().map(|request| RemovalRequest { policy: policy.clone(), ..request }).collect();
        let reversed: Vec<_> = requests.iter().rev().cloned().collect();
        let outcome = |requests: &[RemovalRequest]| {
            let items = items(requests, &held, by_name);
            let stays = |item: &&Item| item.method.is_err();
            items.iter().filter(stays).map(|item| format!("{:?}", item.request.target)).collect::<BTreeSet<_>>()
        };
        prop_assert_eq!(outcome(&requests), outcome(&reversed));
    }

    #[test]
    fn a_saved_plan_removes_no_more_than_was_planned(held in held(), requests in requests(), by_name: bool) {
        let state = held.state(by_name);
        let mut saved = SavedPlan::default();
        let registry = "registry.example:5000".parse().expect("a registry");
        let planned = decide(&requests, &state).items;
        planned.iter().for_each(|item| saved.add(&registry, &state.repository, item));
        let read = SavedPlan::parse(saved.to_json().as_bytes()).expect("a plan");
        prop_assert_eq!(&read.items, &saved.items);
        let again: Vec<_> = read.items.iter().map(SavedItem::request).collect();
        let applied = decide(&again, &state).items;
        let (first, second) = (gone(&held, &planned), gone(&held, &applied));
        prop_assert!(second.0.is_subset(&first.0) && second.1.is_subset(&first.1));
    }
}

#[test]
fn an_unreadable_manifest_whose_removal_is_refused_keeps_others() {
    let held = Held {
        tags: vec![Some(0), Some(2)],
        indexes: vec![],
        subjects: vec![],
        unreadable: Some(0),
        other_name: None,
        is_list_doubtful: false,
    };
    let request = |target| RemovalRequest { target, expected: None, follows: None, policy: RemovalPolicy::default() };
    let requests = [request(Target::Tag(tag(1))), request(Target::Manifest(digest(0)))];
    let items = items(&requests, &held, false);
    let refused: Vec<_> = items.into_iter().map(|item| item.method.expect_err("it is kept")).collect();
    let [listed, tagged] = &*refused else { panic!("two requests: {refused:#?}") };
    assert!(matches!(listed.kind(), Kind::Safety(Danger::Unreadable { names }) if names == &["app:t0"]), "{listed}");
    assert!(matches!(tagged.kind(), Kind::Safety(Danger::Tagged { tags }) if **tags == [tag(0)]), "{tagged}");
}

#[test]
fn a_tag_that_moved_is_not_removed_as_a_sibling() {
    let held = Held {
        tags: vec![Some(0), Some(0)],
        indexes: Vec::new(),
        subjects: Vec::new(),
        unreadable: None,
        other_name: None,
        is_list_doubtful: false,
    };
    let request = |number, expected| RemovalRequest { expected, ..RemovalRequest::tag(tag(number)) };
    let items = items(&[request(0, Some(digest(1))), request(1, None)], &held, false);
    let dangers: Vec<_> =
        items.iter().map(|item| item.method.as_ref().expect_err("both stay").kind().clone()).collect();
    assert!(matches!(&dangers[..], [Kind::Safety(Danger::Moved { .. }), Kind::Safety(Danger::Siblings { .. })]));
}

/// What a library's user would spawn can be spawned.
#[test]
fn futures_are_send_and_static() {
    fn spawnable<T: Send + 'static>(_: &T) {}
    let client = crate::registry::Client::new("localhost:1".parse().expect("a registry")).expect("a client");
    let repository = client.repository(&"app".parse().expect("a repository"));
    spawnable(&client);
    spawnable(&repository.snapshot(SnapshotOptions::default()));
    spawnable(&plan(&repository, Vec::new(), PlanOptions::default()));
    fn is_stream<T: Stream + Unpin + Send + 'static>(_: &T) {}
    is_stream(&repository.tags());
    spawnable(&async move {
        let tag = Tag::latest();
        let resolved = repository.resolve(&tag).await?;
        repository.manifest(&resolved.digest).await?;
        repository.try_resolve(&tag).await?;
        repository.referrers(&resolved.digest).await?;
        repository.delete_tag(&tag, None).await
    });
    let executes = |plan: Plan| async move {
        let mut execution = plan.execute(Options::default());
        while execution.next().await.is_some() {}
        let _ = execution.verify().await;
    };
    fn spawned<F: Future<Output = ()> + Send + 'static>(_: impl Fn(Plan) -> F) {}
    spawned(executes);
}
