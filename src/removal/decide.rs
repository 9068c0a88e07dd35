//! The rule: how each thing that is wanted can go without anything else, if it can. No input or output.

use super::facts::Facts;
use super::wish::{Method, Permits, Takes, Wanted, Ways, Wish};
use crate::error::{Danger, Error, Kind, Result};
use crate::name::{Digest, Repository, Tag};
use crate::registry::Inventory;

/// What was decided about one wish.
#[derive(Debug, Clone)]
pub struct Item {
    /// The wish.
    pub wish: Wish,
    /// What it points at; `None` where it is looked at only when it goes.
    pub digest: Option<Digest>,
    /// How it goes, or why it does not.
    pub method: Result<Method>,
    /// Tags on the same digest that stay, sorted; `None` where they were not looked for.
    pub stay: Option<Vec<Tag>>,
    /// Tags on the same digest that go too, wanted or not, sorted.
    pub go: Vec<Tag>,
    /// Indexes that stay and list it.
    pub indexes: Vec<Digest>,
    /// What refers to the manifest and is orphaned when that goes.
    pub referrers: Vec<Digest>,
}

impl Item {
    /// Tags that go although they are not wanted themselves.
    pub fn unasked<'a>(&'a self, wishes: &'a [Wish]) -> impl Iterator<Item = &'a Tag> {
        self.go.iter().filter(|tag| !is_wanted(wishes, tag))
    }
}

/// Decides about each wish. Those that leave an index whole only when another goes first come after that one; otherwise the order is
/// that of the wishes.
///
/// A tag goes by its name where the registry does that. Else with its manifest, if no tag that stays is on that and no index
/// that stays lists it. Else by a placeholder, if that is permitted. Else it does not go.
pub fn decide(wishes: &[Wish], facts: &Facts) -> Vec<Item> {
    let mut rule = Rule { wishes, facts, left: facts.inventory.clone().unwrap_or_default() };
    let mut waiting: Vec<_> = wishes.iter().collect();
    let mut items = Vec::with_capacity(wishes.len());
    // Each round that decides anything may make room for what waits.
    loop {
        let before = waiting.len();
        waiting.retain(|wish| {
            let item = rule.item(wish);
            let waits = matches!(&item.method, Err(error) if is_in_index(error));
            if !waits {
                rule.forget(&item);
                items.push(item);
            }
            waits
        });
        if waiting.len() == before {
            items.extend(waiting.into_iter().map(|wish| rule.item(wish)));
            return items;
        }
    }
}

fn is_in_index(error: &Error) -> bool {
    matches!(error.kind(), Kind::Safety(Danger::InIndex { .. }))
}

fn is_wanted(wishes: &[Wish], tag: &Tag) -> bool {
    wishes.iter().any(|wish| wish.wanted.tag() == Some(tag))
}

struct Rule<'a> {
    wishes: &'a [Wish],
    facts: &'a Facts,
    /// What is left when what was decided until now is gone.
    left: Inventory,
}

impl Rule<'_> {
    fn item(&self, wish: &Wish) -> Item {
        let facts = self.facts;
        // Tags that went with another of the same digest are still shown with it.
        let digest = facts.digest_of(&wish.wanted).cloned();
        let mut item = Item {
            wish: wish.clone(),
            method: Ok(Method::Tag),
            stay: None,
            go: Vec::new(),
            indexes: Vec::new(),
            referrers: Vec::new(),
            digest,
        };
        if let Some(error) = facts.missing.get(&wish.wanted) {
            item.method = Err(error.clone());
            return item;
        }
        if let Some(digest) = &item.digest {
            let others = self.left.tags_on(digest).into_iter().filter(|tag| Some(tag) != wish.wanted.tag());
            item.stay = Some(others.collect());
            item.indexes = self.left.indexes_listing(digest);
        }
        item.method = self.method(wish, &item);
        if let (Ok(Method::Manifest), Some(digest)) = (&item.method, &item.digest) {
            item.go = item.stay.replace(Vec::new()).unwrap_or_default();
            item.referrers = facts.referrers.get(digest).cloned().unwrap_or_default();
        }
        // Those that go in their own time do not stay.
        item.stay.iter_mut().for_each(|stay| stay.retain(|tag| !self.goes(tag, item.digest.as_ref())));
        item
    }

    fn method(&self, wish: &Wish, item: &Item) -> Result<Method> {
        let facts = self.facts;
        let repository = &facts.repository;
        let name = format!("{repository}{}", wish.wanted.suffix());
        let left_behind = wish.wanted.tag().is_some_and(|tag| facts.left_behind.contains(tag));
        if let (Some(expected), Some(now)) = (&wish.expected, &item.digest)
            && expected != now
            && !left_behind
        {
            return Err(crate::registry::moved(&name, expected, now));
        }
        let Permits { takes, placeholder, ways, .. } = &wish.permits;
        // Whatever way it was to go, all that is left of it is a manifest of its own.
        let may = |method| left_behind || ways.allows(method);
        let is_tag = wish.wanted.tag().is_some();
        if is_tag && *takes == Takes::Nothing && may(Method::Tag) && facts.by_name.is_ok() {
            return Ok(Method::Tag);
        }
        facts.by_digest.clone()?;
        if item.digest.is_none() {
            return Err(unknown(&name));
        }
        let by_manifest = self.by_manifest(wish, item, &name);
        match by_manifest {
            Ok(()) if may(Method::Manifest) => Ok(Method::Manifest),
            _ if is_tag && *placeholder && may(Method::Placeholder) => Ok(Method::Placeholder),
            Err(error) => Err(error),
            Ok(()) if *ways == Ways::Untag => {
                let what = format!("removing {name} would also remove its manifest, which has to stay");
                let cause = format!("{} deletes manifests, not tags", facts.registry);
                Err(Error::new(Kind::Safety(Danger::Unknown), what).because(cause))
            }
            Ok(()) => Err(Error::new(Kind::Safety(Danger::Unknown), format!("{name} is not removed as planned"))
                .because(format!("{} does not do it in the way that the plan says any more", facts.registry))),
        }
    }

    /// Whether the manifest can go.
    fn by_manifest(&self, wish: &Wish, item: &Item, name: &str) -> Result<()> {
        let Facts { registry, repository, .. } = self.facts;
        let Permits { takes, force, .. } = &wish.permits;
        let on_it = item.stay.as_deref().unwrap_or_default();
        let unasked = on_it.iter().filter(|tag| !self.goes(tag, item.digest.as_ref()) && !takes.allows(tag));
        let unasked: Vec<_> = unasked.cloned().collect();
        if !unasked.is_empty() {
            let what = format!("removing {name} would also remove {}", listed(repository, &unasked));
            return Err(match (&wish.wanted, &item.digest) {
                (Wanted::Tag(_), Some(digest)) => {
                    let both = if unasked.len() == 1 { "both tags" } else { "all of them" };
                    let cause = format!("{registry} deletes manifests, not tags, and {both} are {digest}");
                    let danger = Danger::Siblings { digest: digest.clone(), tags: unasked };
                    Error::new(Kind::Safety(danger), what).because(cause)
                }
                _ => {
                    let cause = if unasked.len() == 1 { "this tag points at it" } else { "these tags point at it" };
                    Error::new(Kind::Safety(Danger::Tagged { tags: unasked }), what).because(cause)
                }
            });
        }
        if !item.indexes.is_empty() && !force {
            let indexes = item.indexes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let danger = Danger::InIndex { indexes: item.indexes.clone() };
            return Err(Error::new(Kind::Safety(danger), format!("removing {name} would leave an index broken"))
                .because(format!("it is listed by {indexes}")));
        }
        Ok(())
    }

    /// Whether a tag that is on a digest is wanted as it is. One that has to be on another stays.
    fn goes(&self, tag: &Tag, digest: Option<&Digest>) -> bool {
        let wish = self.wishes.iter().find(|wish| wish.wanted.tag() == Some(tag));
        wish.is_some_and(|wish| wish.expected.is_none() || wish.expected.as_ref() == digest)
    }

    /// What goes is not there for those that come after.
    fn forget(&mut self, item: &Item) {
        match (&item.method, &item.digest, item.wish.wanted.tag()) {
            (Ok(Method::Manifest), Some(digest), _) => self.left.forget_manifest(digest),
            (Ok(Method::Tag | Method::Placeholder), _, Some(tag)) => self.left.forget_tag(tag),
            _ => {}
        }
    }
}

/// Nothing is deleted by a digest that nobody has seen.
pub(super) fn unknown(name: &str) -> Error {
    Error::new(Kind::Safety(Danger::Unknown), format!("it is not known what {name} is on"))
}

/// `team/app:a, team/app:b`
fn listed(repository: &Repository, tags: &[Tag]) -> String {
    tags.iter().map(|tag| format!("{repository}:{tag}")).collect::<Vec<_>>().join(", ")
}
