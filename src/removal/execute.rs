//! Carrying a plan out: a batch of deletions at a time, each between a fresh look at what stays and a proof that it worked.
//!
//! 1. Before a manifest is deleted by its digest, the list and every tag that stays are looked at again: before each deletion while that
//!    costs no more than eight requests, otherwise before each batch that is large enough for that.
//! 2. Each tag is looked at by its bytes right before it goes, and what it points to is kept for undoing it.
//! 3. Afterwards it is looked for: an accepted deletion may take effect later, or never.
//! 4. After the batch the list is read again: what it still names is not removed.
//! 5. At the end every tag that stays is looked at once more.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use futures::FutureExt;

use super::archive::Run;
use super::decide::decide;
use super::dependencies::Dependencies;
use super::item::{Item, Origin};
use super::plan::Plan;
use super::request::{Method, RemovalRequest, Target};
use super::state::{Inspect, RepositoryState};
use super::step::Deleter;
use super::verify::{KeptNames, Veto};
use crate::error::{Danger, Error, Kind, Operation, Result};
use crate::name::{Digest, Repository, Tag};
use crate::registry::Client;

/// What an execution does besides.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Where manifests are kept before they are removed, for undoing it.
    pub archive: Option<Run>,
}

/// What was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// What it pointed at; `None` where that could not be read.
    pub digest: Option<Digest>,
    /// Tags that were to go with it, and that another client moved to another manifest meanwhile: they are still there.
    pub moved: Vec<Tag>,
    /// What is gone and still in the registry's list of tags: its own tag, and what went with the manifest.
    pub still_listed: Vec<String>,
    /// Whether the manifest stays now that its tag is gone; `None` where that was not looked at.
    pub has_manifest: Option<bool>,
    /// Whether the manifest was kept for undoing the removal.
    pub can_be_undone: bool,
}

impl Removed {
    pub(super) fn of(digest: Option<Digest>, can_be_undone: bool) -> Self {
        Self { digest, moved: Vec::new(), still_listed: Vec::new(), has_manifest: None, can_be_undone }
    }
}

/// How an item ended.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It was there, and is gone.
    Removed(Removed),
    /// It was not there at the first look.
    Absent(Error),
    /// It was there at the first look, and another client removed it.
    AlreadyRemoved(Option<Digest>),
    /// It stays, because something that stays needs it now.
    Kept(Error),
    /// It was not tried: what it refers to was to go before it, and stays. Why is told of that.
    Skipped(Error),
    /// It should have gone, and did not.
    Failed(Error),
}

/// A plan that is being carried out.
#[derive(Debug)]
pub struct Execution {
    client: Client,
    state: Arc<RepositoryState>,
    inspect: Inspect,
    requests: Vec<RemovalRequest>,
    options: Options,
    items: VecDeque<Item>,
    kept: KeptNames,
    /// Carried out and proved by a look at each, not yet by the list.
    unconfirmed: Vec<(Item, Outcome)>,
    /// Ready to be told.
    done: VecDeque<(Item, Outcome)>,
    /// How many items of the batch are left.
    batch: usize,
    dependencies: Dependencies,
    /// What could not be removed and is still on its manifest.
    failed: HashMap<Digest, (String, Error)>,
    /// The item that is being carried out, once something may have changed for it.
    in_progress: Option<Item>,
    /// Whether the registry was seen to delete a tag by its name.
    tag_deletion_confirmed: bool,
    /// What was lost that should have stayed, before all was done.
    loss: Option<Error>,
    /// Whether anything was removed since what stays was verified.
    changed: bool,
}

impl Execution {
    pub(super) fn new(plan: Plan, options: Options) -> Self {
        let Plan { client, state, inspect, requests, decision } = plan;
        let kept = KeptNames::new(&state, &decision.items);
        let dependencies = Dependencies::new(&state, &decision.items);
        Self {
            client,
            inspect,
            requests,
            options,
            items: decision.items.into(),
            kept: kept,
            unconfirmed: Vec::new(),
            done: VecDeque::new(),
            batch: 0,
            dependencies,
            failed: HashMap::new(),
            in_progress: None,
            tag_deletion_confirmed: false,
            loss: None,
            changed: false,
            state,
        }
    }

    /// The repository.
    pub fn repository(&self) -> &Repository {
        &self.state.repository
    }

    /// How many items were not begun.
    pub fn remaining(&self) -> usize {
        self.items.len()
    }

    /// The next item that is done, with how it ended; `None` when none is left. When the future is dropped nothing of it is lost:
    /// what was done is in [`Execution::abandon`].
    pub async fn next(&mut self) -> Option<(Item, Outcome)> {
        loop {
            if let Some(done) = self.done.pop_front() {
                return Some(done);
            }
            if self.batch == 0 {
                if !self.unconfirmed.is_empty() {
                    self.end_batch().boxed().await;
                    continue;
                }
                self.begin_batch().boxed().await?;
            }
            self.execute_next().await;
        }
    }

    /// Looks once more at every tag that stays.
    ///
    /// # Errors
    ///
    /// [`Kind::Incomplete`], naming those that are gone.
    pub async fn verify(&mut self) -> Result<()> {
        if let Some(loss) = self.loss.take() {
            return Err(loss);
        }
        if !std::mem::take(&mut self.changed) {
            return Ok(());
        }
        let lost = self.kept.lost(&self.client, &self.state.repository).await?;
        if lost.is_empty() { Ok(()) } else { Err(self.loss_error(&lost)) }
    }

    /// What was done and not told, when it is given up; and the item of which it is not known what became of it.
    pub fn abandon(&mut self) -> (Vec<(Item, Outcome)>, Option<Item>) {
        let done = self.done.drain(..).chain(self.unconfirmed.drain(..)).collect();
        (done, self.in_progress.take())
    }

    /// Looks at what stays, and says how many items may go before that is due again. `None` when none is left.
    async fn begin_batch(&mut self) -> Option<()> {
        let first = self.items.front()?;
        // That a registry deletes a tag by its name and nothing else is believed once it was seen.
        let is_trial = matches!(first.method, Ok(Method::Tag)) && !self.tag_deletion_confirmed;
        let due = if is_trial { 1 } else { self.kept.batch_size().min(self.items.len()) };
        // What went along with a manifest that is gone costs nothing.
        let goes = |item: &&Item| !item.digest.as_ref().is_some_and(|digest| self.dependencies.is_deleted(digest));
        let next = || self.items.iter().take(due).filter(goes);
        let by_digest = next().any(|item| matches!(item.method, Ok(Method::Manifest)));
        let looks_up = next().any(|item| item.method.is_ok() && !item.is_absent());
        if looks_up {
            self.kept.read_list(&self.client, &self.state, by_digest).await;
        }
        self.batch = due;
        Some(())
    }

    /// Reads the list again: what it still names is not removed.
    async fn end_batch(&mut self) {
        let mut gone = HashMap::new();
        for (item, outcome) in &self.unconfirmed {
            if let Outcome::Removed(removed) = outcome {
                let names =
                    item.also_removed().filter(|name| removed.moved.iter().all(|moved| moved.as_str() != *name));
                let names = item.request.target.tag().map(Tag::as_str).into_iter().chain(names);
                gone.extend(names.map(|name| (name.to_owned(), removed.digest.clone())));
            }
        }
        let still = self.kept.still_listed(&self.client, &self.state.repository, &gone).await;
        for (item, mut outcome) in std::mem::take(&mut self.unconfirmed) {
            if let Outcome::Removed(removed) = &mut outcome {
                let names = item.request.target.tag().map(Tag::as_str).into_iter().chain(item.also_removed());
                let names: Vec<_> = names.filter_map(|name| Some((name, *still.get(name)?))).collect();
                let is_dangling = self.state.is_dangling(&item.request.target);
                if let Some((name, _)) = names.iter().find(|(_, answers)| *answers) {
                    outcome = Outcome::Failed(self.still_present(name));
                } else if let Some((name, _)) = names.first().filter(|_| is_dangling) {
                    outcome = Outcome::Failed(self.still_dangling(name));
                } else {
                    removed.still_listed = names.into_iter().map(|(name, _)| name.to_owned()).collect();
                }
            }
            let is_proof =
                |removed: &Removed| matches!(item.method, Ok(Method::Tag)) && removed.still_listed.is_empty();
            self.tag_deletion_confirmed |= matches!(&outcome, Outcome::Removed(removed) if is_proof(removed));
            self.done.push_back((item, outcome));
        }
        if self.kept.suspects_loss()
            && let Err(error) = self.verify().await
        {
            // Nothing more is removed in this way.
            for item in std::mem::take(&mut self.items) {
                let what = format!("{} was not removed", item.request.target.within(&self.state.repository));
                self.done.push_back((item, Outcome::Failed(error.clone().within(what))));
            }
            self.loss = Some(error);
        }
    }

    /// Carries out the next item of the batch.
    async fn execute_next(&mut self) {
        let Some(mut item) = self.items.front().cloned() else {
            self.batch = 0;
            return;
        };
        if let Some(went) = item.digest.as_ref().and_then(|digest| self.dependencies.deleted_with(digest)) {
            item.siblings = Some(Arc::clone(went));
        }
        let outcome = match (&item.method, &item.origin) {
            (Err(error), Origin::Absent) => Outcome::Absent(error.clone()),
            (Err(error), _) if matches!(error.kind(), Kind::Safety(Danger::NeededByRest)) => {
                Outcome::Skipped(error.clone())
            }
            (Err(error), _) => Outcome::Failed(error.clone()),
            // Boxed, since everything that a deletion may take is in it.
            (Ok(method), _) => self.execute_item(&item, *method).boxed().await,
        };
        self.in_progress = None;
        if let (Ok(Method::Tag), Outcome::Failed(error)) = (&item.method, &outcome)
            && matches!(error.kind(), Kind::Unsupported(Operation::DeleteTag))
        {
            // Nothing was changed, and the rest is decided anew.
            match self.replan(error.clone()).await {
                Ok(()) => return,
                Err(again) => return self.finish_item(item, Outcome::Failed(again)),
            }
        }
        self.finish_item(item, outcome);
    }

    /// The error for a tag that was gone, and answers again.
    fn still_present(&self, name: &str) -> Error {
        let RepositoryState { registry, repository, .. } = &*self.state;
        Error::new(Kind::Incomplete, format!("{repository}:{name} is still present"))
            .because(format!("{registry} answered that it is gone, and still serves it"))
    }

    /// Nothing answered by this name before, so that only the list tells whether it went.
    fn still_dangling(&self, name: &str) -> Error {
        let RepositoryState { registry, repository, .. } = &*self.state;
        Error::new(Kind::Incomplete, format!("cannot remove {repository}:{name}: its manifest is gone"))
            .because(format!("{registry} still lists the tag after its deletion"))
    }

    fn finish_item(&mut self, item: Item, outcome: Outcome) {
        self.kept.record_outcome(&self.state, &item, &outcome);
        if let (Ok(Method::Manifest), Outcome::AlreadyRemoved(Some(digest))) = (&item.method, &outcome) {
            self.dependencies.record_already_deleted(digest.clone());
        }
        self.items.pop_front();
        self.batch = self.batch.saturating_sub(1);
        if let Outcome::Failed(error) | Outcome::Kept(error) | Outcome::Skipped(error) = &outcome {
            self.dependencies.record_kept(&self.state, &item);
            self.record_failure(&item, error);
        }
        self.unconfirmed.push((item, outcome));
    }

    async fn execute_item(&mut self, item: &Item, method: Method) -> Outcome {
        let name = item.request.target.within(&self.state.repository);
        let step = Deleter { client: &self.client, state: &self.state, item, archive: self.options.archive.as_ref() };
        if let Some(digest) = item.digest.as_ref().filter(|digest| self.dependencies.is_deleted(digest)) {
            return step.verify_removed_with_manifest(digest).await;
        }
        if let Some(subject) = &item.request.follows
            && self.dependencies.is_kept(&self.state, subject, |tag| self.kept.is_staying(tag))
        {
            let cause = format!("{}@{subject}, which it refers to, stays", self.state.repository);
            let error = Error::new(Kind::Safety(Danger::NeededByRest), format!("{name} stays"));
            return Outcome::Skipped(error.because(cause));
        }
        if let Some(digest) = item.digest.as_ref().filter(|_| method == Method::Manifest)
            && let Some(cause) = self.dependencies.blocked_by(&self.state, item, digest)
        {
            let error = Error::new(Kind::Safety(Danger::NeededByRest), format!("{name} stays"));
            return Outcome::Skipped(error.because(cause));
        }
        if let Some((other, error)) = item.digest.as_ref().and_then(|digest| self.failed.get(digest))
            && method == Method::Manifest
        {
            return Outcome::Failed(
                error.clone().within(format!("{name} stays")).because(format!("it shares its manifest with {other}")),
            );
        }
        if let Some(digest) = item.digest.as_ref().filter(|_| method == Method::Manifest)
            && let Some(saved) = self.kept.veto(digest)
        {
            return self.veto_outcome(&name, digest, saved);
        }
        self.in_progress = Some(item.clone());
        let (outcome, is_deleted) = match (method, &item.request.target) {
            (Method::Tag, Target::Tag(tag)) => (step.delete_tag(tag).await, false),
            (Method::Placeholder, Target::Tag(tag)) => (step.delete_via_placeholder(tag).await, false),
            _ => step.delete_manifest().await,
        };
        if let Some(digest) = item.digest.as_ref().filter(|_| is_deleted) {
            self.dependencies.record_deleted(digest.clone(), item);
            self.changed = true;
        }
        let Outcome::Removed(mut removed) = outcome else { return outcome };
        self.changed = true;
        if let Some(digest) = removed.digest.as_ref().filter(|_| method == Method::Tag) {
            removed.has_manifest = self.kept.has_manifest(&self.client, &self.state.repository, digest).await;
        }
        Outcome::Removed(removed)
    }

    /// Why a manifest stays that was to go.
    fn veto_outcome(&self, name: &str, digest: &Digest, saved: &Veto) -> Outcome {
        let what = format!("{name} stays");
        match saved {
            Veto::By(other) => {
                let cause = format!("{other} points to its manifest {digest} now, or to something that needs it");
                Outcome::Kept(Error::new(Kind::Safety(Danger::Unknown), what).because(cause))
            }
            Veto::Unknown(error) => Outcome::Kept(error.clone().within(what).with_kind(Kind::Safety(Danger::Unknown))),
        }
    }

    fn loss_error(&self, lost: &[String]) -> Error {
        let names: Vec<_> = lost.iter().map(|name| format!("{}:{name}", self.state.repository)).collect();
        let what = format!(
            "{} {} gone, and should have stayed",
            super::evidence::join_names(&names),
            if lost.len() == 1 { "is" } else { "are" }
        );
        Error::new(Kind::Incomplete, what).because("the registry removed it along, or another client removed it")
    }

    /// What was said to have failed does not go with the manifest of what comes after it.
    fn record_failure(&mut self, item: &Item, error: &Error) {
        let (Some(digest), Some(_)) = (&item.digest, item.request.target.tag()) else { return };
        if !matches!(error.kind(), Kind::Safety(Danger::Moved { .. })) && item.method.is_ok() {
            let name = item.request.target.within(&self.state.repository);
            self.failed.entry(digest.clone()).or_insert_with(|| (name, error.clone()));
        }
    }

    async fn replan(&mut self, refused: Error) -> Result<()> {
        let is_own = |item: &&Item| matches!(item.origin, Origin::Requested | Origin::Absent);
        let left: HashSet<_> = self.items.iter().filter(is_own).map(|item| item.request.target.clone()).collect();
        self.requests.retain(|request| left.contains(&request.target));
        let mut state = (*self.state).clone();
        state.without_tag_deletion(refused, &self.client, &self.requests, self.inspect, self.changed).await?;
        let (state, requests) = (Arc::new(state), self.requests.clone());
        let known = Arc::clone(&state);
        let decided = tokio::task::spawn_blocking(move || decide(&requests, &known)).await;
        let decision = decided.map_err(|error| Error::new(Kind::Incomplete, "the plan was given up").because(error))?;
        self.state = state;
        self.kept = self.kept.rebuilt(&self.state, &decision.items);
        self.dependencies = std::mem::take(&mut self.dependencies).rebuilt(&self.state, &decision.items);
        self.items = decision.items.into();
        self.batch = 0;
        Ok(())
    }
}
