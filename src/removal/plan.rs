//! The plan of one repository: what was decided, and what is left to be done.

use std::collections::{HashSet, VecDeque};

use super::carry_out::{Removed, carry_out};
use super::decide::{Item, decide};
use super::facts::{Facts, Look};
use super::wish::{Method, Wish};
use crate::error::{Error, Kind, Operation, Result};
use crate::name::{Digest, Repository};
use crate::registry::{Client, Deletion};

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
        Self { facts, look, wishes, items, gone: HashSet::new(), begun: false }
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
            return Some((item, outcome));
        }
    }

    async fn carry_out(&mut self, client: &Client, item: &Item, method: Method) -> Result<Removed> {
        if let Some(digest) = item.digest.as_ref().filter(|digest| self.gone.contains(*digest)) {
            return went_along(client, &self.facts.repository, item, digest).await;
        }
        self.begun = true;
        let removed = carry_out(client, &self.facts.repository, item, method).await?;
        if method == Method::Manifest {
            self.gone.insert(removed.digest.clone());
        }
        Ok(removed)
    }

    async fn decide_anew(&mut self, client: &Client, refused: Error) -> Result<()> {
        let left: Vec<_> = self.items.iter().map(|item| item.wish.clone()).collect();
        self.facts.learn(refused, client, &left, self.look).await?;
        self.items = decide(&left, &self.facts).into();
        self.wishes = left;
        Ok(())
    }
}

/// A tag whose manifest is gone is gone too; that somebody has pushed it anew since is no reason to remove it again.
async fn went_along(client: &Client, repository: &Repository, item: &Item, digest: &Digest) -> Result<Removed> {
    let now = client.look_up(repository, item.wish.target()).await?;
    if now.is_some_and(|now| now.digest == *digest) {
        let what = format!("{repository}{} is still present", item.wish.wanted.suffix());
        return Err(Error::new(Kind::Incomplete, what).because(format!("its manifest {digest} was deleted")));
    }
    Ok(Removed { digest: digest.clone(), deletion: Deletion::Deleted })
}
