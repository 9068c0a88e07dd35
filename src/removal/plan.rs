//! The plan of one repository: what was decided, and what is left to be done.

use std::collections::{HashMap, HashSet, VecDeque};

use super::carry_out::{Removed, Seen, carry_out};
use super::decide::{Item, decide};
use super::facts::{Facts, Look};
use super::wish::{Method, Wish};
use crate::error::{Danger, Error, Kind, Operation, Result};
use crate::name::{Digest, Repository, Tag, Target};
use crate::registry::{Client, Deletion, moved};

/// What is going to be done in one repository.
#[derive(Debug)]
pub struct Plan {
    facts: Facts,
    look: Look,
    /// All that is wanted: what goes together depends on it.
    wishes: Vec<Wish>,
    items: VecDeque<Item>,
    /// Manifests that went: tags on them are gone with them.
    gone: HashSet<Digest>,
    /// What could not be removed and is still on its manifest.
    failed: HashMap<Digest, (String, Error)>,
    /// The tags of the inventory, and those that turned up since.
    seen: Seen,
    /// Whether something may have changed for the item that is being carried out.
    begun: bool,
}

impl Plan {
    /// Makes a plan. Nothing is changed.
    ///
    /// # Errors
    ///
    /// What keeps anything from being found out. What cannot be done about one wish is in its item.
    pub async fn make(client: &Client, repository: &Repository, wishes: Vec<Wish>, look: Look) -> Result<Self> {
        let facts = Facts::gather(client, repository, &wishes, look).await?;
        Ok(Self::of(facts, wishes, look))
    }

    /// A plan from facts that are known.
    pub fn of(facts: Facts, wishes: Vec<Wish>, look: Look) -> Self {
        let items = decide(&wishes, &facts).into();
        let seen = facts.tags().map(|tag| (tag.clone(), None)).collect();
        Self { facts, look, wishes, items, gone: HashSet::new(), failed: HashMap::new(), seen, begun: false }
    }

    /// The repository.
    pub fn repository(&self) -> &Repository {
        &self.facts.repository
    }

    /// What is left to be done, in this order.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.items.iter()
    }

    /// All that was wanted.
    pub fn wishes(&self) -> &[Wish] {
        &self.wishes
    }

    /// Whether something may have changed for an item whose [`Plan::step`] was given up.
    pub fn is_unsure(&self) -> bool {
        self.begun
    }

    /// Carries out the next item; `None` when none is left.
    ///
    /// A registry that turns out not to delete tags by name, although it seemed to, has changed nothing: what is left is decided anew.
    pub async fn step(&mut self, client: &Client) -> Option<(Item, Result<Removed>)> {
        self.begun = false;
        loop {
            let item = self.items.front()?.clone();
            let outcome = match item.method.clone() {
                Ok(method) => self.carry_out(client, &item, method).await,
                Err(error) => Err(error),
            };
            if let (Ok(Method::Tag), Err(error)) = (&item.method, &outcome)
                && matches!(error.kind(), Kind::Unsupported(Operation::DeleteTag))
            {
                self.begun = false;
                if let Err(error) = self.decide_anew(client, error.clone()).await {
                    self.items.pop_front();
                    return Some((item, Err(error)));
                }
                continue;
            }
            self.items.pop_front();
            if let Err(error) = &outcome {
                self.remember(&item, error);
            }
            return Some((item, outcome));
        }
    }

    async fn carry_out(&mut self, client: &Client, item: &Item, method: Method) -> Result<Removed> {
        if let Some(digest) = item.digest.as_ref().filter(|digest| self.gone.contains(*digest)) {
            return went_along(client, &self.facts.repository, item, digest).await;
        }
        if let Some((name, error)) = item.digest.as_ref().and_then(|digest| self.failed.get(digest))
            && method == Method::Manifest
        {
            let what = format!("{}{} stays", self.facts.repository, item.wish.wanted.suffix());
            return Err(error.clone().within(what).because(format!("it is on one manifest with {name}")));
        }
        self.begun = true;
        let removed = carry_out(client, &self.facts.repository, item, method, &mut self.seen).await?;
        if method != Method::Manifest {
            return Ok(removed);
        }
        self.gone.insert(removed.digest.clone());
        if item.wish.wanted.tag().is_some()
            && let Err(error) = went_along(client, &self.facts.repository, item, &removed.digest).await
        {
            let error = error.because(format!("{} was deleted", removed.digest));
            return Err(if item.go.is_empty() { error } else { error.with_kind(Kind::Incomplete) });
        }
        Ok(Removed { elsewhere: self.elsewhere(client, item).await?, ..removed })
    }

    /// Tags that nobody named and that were to go with a manifest, and are on another.
    async fn elsewhere(&self, client: &Client, item: &Item) -> Result<Vec<Tag>> {
        let mut elsewhere = Vec::new();
        for tag in item.unasked(&self.wishes) {
            match client.look_up(&self.facts.repository, Target::Tag(tag)).await {
                Ok(now) => elsewhere.extend(now.map(|_| tag.clone())),
                Err(error) => {
                    let what = format!("deleted, but cannot verify that {}:{tag} is gone", self.facts.repository);
                    return Err(error.within(what).with_kind(Kind::Incomplete));
                }
            }
        }
        Ok(elsewhere)
    }

    /// What was said to have failed does not go with the manifest of what comes after it.
    fn remember(&mut self, item: &Item, error: &Error) {
        let (Some(digest), Some(tag)) = (&item.digest, item.wish.wanted.tag()) else { return };
        match error.kind() {
            Kind::Safety(Danger::Moved { to, .. }) => drop(self.seen.insert(tag.clone(), Some(to.clone()))),
            _ if error.is_not_found() => {}
            _ => {
                let name = format!("{}:{tag}", self.facts.repository);
                self.failed.entry(digest.clone()).or_insert_with(|| (name, error.clone()));
            }
        }
    }

    async fn decide_anew(&mut self, client: &Client, refused: Error) -> Result<()> {
        let left: Vec<_> = self.items.iter().map(|item| item.wish.clone()).collect();
        self.facts.learn(refused, client, &left, self.look).await?;
        self.items = decide(&left, &self.facts).into();
        self.seen.extend(self.facts.tags().map(|tag| (tag.clone(), None)));
        self.wishes = left;
        Ok(())
    }
}

/// A tag whose manifest is gone is gone too, unless somebody put it elsewhere, before or since: that is no reason to remove it.
async fn went_along(client: &Client, repository: &Repository, item: &Item, digest: &Digest) -> Result<Removed> {
    let name = format!("{repository}{}", item.wish.wanted.suffix());
    match client.look_up(repository, item.wish.target()).await {
        Ok(None) => Ok(Removed::new(digest.clone(), Deletion::Deleted)),
        Ok(Some(now)) if now.digest != *digest => Err(moved(&name, digest, &now.digest)),
        Ok(Some(_)) => Err(Error::new(Kind::Incomplete, format!("{name} is still present"))
            .because(format!("its manifest {digest} was deleted"))),
        Err(error) => {
            let what = format!("deleted with its manifest, but cannot verify that {name} is gone");
            Err(error.within(what).with_kind(Kind::Incomplete))
        }
    }
}
