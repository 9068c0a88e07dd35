//! Executes a plan in batches. Each deletion comes between a fresh look at what must be kept and a check that it took
//! effect.
//!
//! 1. Before each batch the list of tags is read again, and before one that deletes manifests by digest every kept tag
//!    ([`Vetoes`]). That is before each deletion while it costs at most eight requests, otherwise before as many
//!    deletions as that average takes ([`KeptNames`]).
//! 2. Right before a tag is removed it is fetched, has to point to the planned digest, and its manifest is archived for
//!    undoing; after the deletion it has to stop resolving ([`Deleter`]).
//! 3. After the batch the list is read again: what it still names is not reported as removed. At the end every tag that
//!    is kept and every one that was removed is looked up once more ([`verify`]).
//!
//! Steps that do not depend on each other share a round trip: while a deletion is verified, the next target is fetched,
//! or the list after the last item of a batch ([`ReadAhead`]).
//!
//! Items whose index, subject or tag was not removed as planned are skipped ([`Dependencies`]). Where the registry
//! refuses to delete a tag by its name although its probe succeeded, the rest is planned anew. Once names were lost,
//! nothing more is removed.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use futures::future::join;
use futures::{FutureExt, Stream, stream};

use super::archive::Run;
use super::delete::Deleter;
use super::dependencies::Dependencies;
use super::item::{Item, Origin};
use super::kept::KeptNames;
use super::lookup::TagList;
use super::outcome::{Outcome, Removed};
use super::plan::{self, Plan};
use super::precheck::{Precheck, ReadAhead};
use super::request::{Method, RemovalRequest, Target};
use super::state::{Inspect, RepositoryState};
use super::verify;
use super::veto::Vetoes;
use crate::error::{Danger, Error, Kind, Operation, Result};
use crate::name::Digest;
use crate::registry::RepositoryHandle;

/// Options of [`Plan::execute`].
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Options {
    /// Where manifests are archived before they are removed, so that the removal can be undone.
    pub archive: Option<Run>,
}

impl Options {
    /// The same options with an archive, if there is one.
    #[must_use]
    pub fn with_archive(self, archive: Option<Run>) -> Self {
        Self { archive, ..self }
    }
}

/// A plan that is being executed.
#[derive(Debug)]
pub struct Execution {
    repository: RepositoryHandle,
    state: Arc<RepositoryState>,
    inspect: Inspect,
    requests: Vec<RemovalRequest>,
    options: Options,
    /// The items that were not begun.
    items: VecDeque<Item>,
    batch: Batch,
    kept: KeptNames,
    list: TagList,
    vetoes: Vetoes,
    dependencies: Dependencies,
    /// Tags that could not be removed, by the digest that they still point to.
    failed: HashMap<Digest, (String, Error)>,
    /// The check of the next target, made while the deletion before it was verified.
    precheck: Option<Precheck>,
    /// The item that is being removed, from the moment where the registry may have changed.
    in_progress: Option<Item>,
    /// Items to be returned.
    done: VecDeque<(Item, Outcome)>,
    /// Whether the registry was seen to delete a tag by its name without affecting others.
    tag_deletion_confirmed: bool,
    /// Whether it was also seen to keep the manifest.
    keeps_manifests: bool,
    /// Names that were lost although they should have been kept, found before the end.
    loss: Option<Error>,
    /// Whether anything may have been removed since the kept names were verified: a refused deletion counts, too.
    changed: bool,
}

/// Items between two checks of what is kept.
#[derive(Debug, Default)]
struct Batch {
    /// How many of its items were not begun.
    left: usize,
    /// Its items that were tried. They are not yet checked against the list.
    tried: Vec<(Item, Outcome)>,
    /// Whether a deletion was sent.
    was_sent: bool,
    /// Why the rest fails after it: names that were lost with a tag that was deleted by its name.
    loss: Option<Error>,
}

impl Plan {
    /// Starts the execution of the plan. Nothing is sent before [`Execution::next`].
    pub fn execute(self, options: Options) -> Execution {
        let Self { repository, state, inspect, requests, decision } = self;
        Execution {
            kept: KeptNames::new(Arc::clone(&state), &decision.items),
            list: TagList::new(state.index.as_deref()),
            vetoes: Vetoes::new(repository.clone(), Arc::clone(&state), &decision.items),
            dependencies: Dependencies::new(&state, &decision.items),
            repository,
            state,
            inspect,
            requests,
            options,
            items: decision.items.into(),
            batch: Batch::default(),
            failed: HashMap::new(),
            precheck: None,
            in_progress: None,
            done: VecDeque::new(),
            tag_deletion_confirmed: false,
            keeps_manifests: false,
            loss: None,
            changed: false,
        }
    }
}

impl Execution {
    /// The repository.
    pub fn repository(&self) -> &RepositoryHandle {
        &self.repository
    }

    /// The next item that is done, with its outcome; `None` when none is left. Dropping the future loses nothing:
    /// [`Execution::abandon`] returns what was done.
    pub async fn next(&mut self) -> Option<(Item, Outcome)> {
        loop {
            if let Some(done) = self.done.pop_front() {
                return Some(done);
            }
            if self.batch.left == 0 {
                if !self.batch.tried.is_empty() {
                    self.end_batch().boxed().await;
                    continue;
                }
                self.begin_batch().boxed().await?;
            }
            self.execute_next().await;
        }
    }

    /// Looks up every kept tag once more, and every removed one.
    ///
    /// # Errors
    ///
    /// [`Kind::Incomplete`], naming the kept ones that no longer exist, or else the removed ones that still do.
    pub async fn verify(&mut self) -> Result<()> {
        self.verify_kept().await?;
        verify::check_removed(&self.repository, &self.kept).await
    }

    async fn verify_kept(&mut self) -> Result<()> {
        if let Some(loss) = self.loss.take() {
            return Err(loss);
        }
        match std::mem::take(&mut self.changed) {
            true => verify::check_kept(&self.repository, &mut self.kept).await,
            false => Ok(()),
        }
    }

    /// The items that are done, with their outcomes, and at the end the verification of everything that was kept: its
    /// error is that of [`Execution::verify`].
    pub fn into_stream(self) -> impl Stream<Item = Result<(Item, Outcome)>> + Send + use<> {
        stream::unfold(Some(self), |execution| async move {
            let mut execution = execution?;
            match execution.next().await {
                Some(done) => Some((Ok(done), Some(execution))),
                None => execution.verify().await.err().map(|error| (Err(error), None)),
            }
        })
    }

    /// Ends the execution early: the items that were done and not yet returned, and the one whose removal was
    /// interrupted, which may have taken effect or not.
    pub fn abandon(&mut self) -> (Vec<(Item, Outcome)>, Option<Item>) {
        let done = self.done.drain(..).chain(self.batch.tried.drain(..)).collect();
        (done, self.in_progress.take())
    }

    /// Reads what is kept, and decides how many items are removed until that is due again. `None` when none is left.
    async fn begin_batch(&mut self) -> Option<()> {
        let first = self.items.front()?;
        // The first deletion of a tag by its name is a batch of its own: it may turn out to remove the manifest.
        let is_trial = matches!(first.method, Ok(Method::Tag)) && !self.tag_deletion_confirmed;
        let size = if is_trial { 1 } else { self.kept.batch_size().min(self.items.len()) };
        // Tags that were removed with their manifest need no further deletion.
        let is_due = |item: &&Item| !item.digest.as_ref().is_some_and(|digest| self.dependencies.is_deleted(digest));
        let due = || self.items.iter().take(size).filter(is_due);
        if due().any(|item| item.method.is_ok() && !item.is_absent()) {
            let deleted = || due().filter(|item| item.deletes_manifest());
            let tags: Vec<_> = deleted().filter_map(|item| item.request.target.tag().cloned()).collect();
            let tags = deleted().next().map(|_| &*tags);
            // A check that had to wait for more than one round of requests would be repeated.
            let is_quick = tags.is_none() || self.kept.len() <= self.repository.client().max_concurrency();
            let target = self.target_to_look_at(0).filter(|target| is_quick && !self.has_look_at(target));
            let recheck = self.vetoes.recheck(&mut self.kept, &mut self.list, tags);
            match target {
                Some(target) => self.precheck = Some(join(Precheck::at(&self.repository, target), recheck).await.0),
                None => recheck.await,
            }
        }
        self.batch.left = size;
        Some(())
    }

    /// The target of an item in the queue, if its removal begins with a check. A placeholder checks by itself, after it
    /// has pushed its blob.
    fn target_to_look_at(&self, at: usize) -> Option<Target> {
        let item = self.items.get(at).filter(|item| matches!(item.method, Ok(Method::Tag | Method::Manifest)))?;
        let is_deleted = |digest: &Digest| self.dependencies.is_deleted(digest);
        (!item.is_absent() && !item.digest.as_ref().is_some_and(is_deleted)).then(|| item.request.target.clone())
    }

    fn has_look_at(&self, target: &Target) -> bool {
        self.precheck.as_ref().is_some_and(|precheck| precheck.is_fresh(target))
    }

    /// What is read while the deletion of the first item is verified: the list, after the last item of a batch, and the
    /// next target, unless its deletion comes after a check of every kept name.
    fn read_ahead(&self, item: &Item) -> ReadAhead {
        let is_last = self.batch.left <= 1;
        let next = self.items.get(1).filter(|next| !is_last || !next.deletes_manifest());
        // A manifest that both are on is deleted once.
        let next = next.filter(|next| !item.deletes_manifest() || next.digest != item.digest);
        let list = (is_last && self.list.was_read).then_some(self.list.is_cut);
        ReadAhead::new(next.and_then(|_| self.target_to_look_at(1)), list)
    }

    /// Reads the list again: names that are still in it are not reported as removed.
    async fn end_batch(&mut self) {
        let Self { repository, kept, list, batch, .. } = self;
        let still_listed = verify::still_listed(repository, kept, list, &batch.tried, batch.was_sent).await;
        let Batch { tried, loss, .. } = std::mem::take(&mut self.batch);
        for (item, outcome) in tried {
            let outcome = verify::by_list(&self.repository, &item, outcome, &still_listed);
            self.tag_deletion_confirmed |= matches!(item.method, Ok(Method::Tag))
                && matches!(&outcome, Outcome::Removed(removed) if removed.still_listed.is_empty());
            self.done.push_back((item, outcome));
        }
        if let Some(loss) = loss {
            self.stop(loss);
        } else if self.kept.has_missing()
            && let Err(error) = self.verify_kept().await
        {
            self.stop(error);
        }
    }

    /// Fails the rest: names were lost, so that nothing more is removed in this way.
    fn stop(&mut self, loss: Error) {
        for item in std::mem::take(&mut self.items) {
            let what = format!("{} was not removed", item.request.target.within(&self.state.repository));
            self.done.push_back((item, Outcome::Failed(loss.clone().within(what))));
        }
        self.loss = Some(loss);
    }

    /// Executes the next item of the batch.
    async fn execute_next(&mut self) {
        let Some(mut item) = self.items.front().cloned() else {
            self.batch.left = 0;
            return;
        };
        if let Some(deleted) = item.digest.as_ref().and_then(|digest| self.dependencies.deleted_with(digest)) {
            item.siblings = Some(Arc::clone(deleted));
        }
        let outcome = match (&item.method, &item.origin) {
            (Err(error), Origin::Absent) => Outcome::Absent(error.clone()),
            (Err(error), _) if matches!(error.kind(), Kind::Safety(Danger::NeededByRest)) => {
                Outcome::Skipped(error.clone())
            }
            (Err(error), _) => Outcome::Failed(error.clone()),
            // Boxed, since it holds everything that a deletion may need.
            (Ok(method), _) => self.execute_item(&item, *method).boxed().await,
        };
        if let (Ok(Method::Tag), Outcome::Failed(error)) = (&item.method, &outcome)
            && matches!(error.kind(), Kind::Unsupported(Operation::DeleteTag))
        {
            // Nothing was changed by the refused request.
            self.in_progress = None;
            match self.replan(error.clone()).await {
                Ok(()) => return,
                Err(again) => return self.finish_item(item, Outcome::Failed(again)),
            }
        }
        if let Outcome::Removed(Removed { digest: Some(digest), has_manifest, .. }) = &outcome
            && matches!(item.method, Ok(Method::Tag))
            && *has_manifest != Some(true)
            && let Err(loss) = verify::check_siblings(&self.repository, &mut self.kept, &item, digest).boxed().await
        {
            self.batch.loss = Some(loss);
            self.batch.left = 1;
        }
        self.in_progress = None;
        self.finish_item(item, outcome);
    }

    /// Removes an item, unless something that should have been removed before it was not, or something that is kept
    /// needs it now.
    async fn execute_item(&mut self, item: &Item, method: Method) -> Outcome {
        let name = item.request.target.within(&self.state.repository);
        let (archive, ahead, was_sent) = (self.options.archive.as_ref(), self.read_ahead(item), AtomicBool::new(false));
        let is_listed = item.request.target.tag().is_some_and(|tag| self.kept.is_listed(tag));
        let deleter = Deleter {
            repository: &self.repository,
            state: &self.state,
            item,
            is_listed,
            archive,
            keeps_manifests: self.keeps_manifests,
            ahead: &ahead,
            was_sent: &was_sent,
        };
        if let Some(digest) = item.digest.as_ref().filter(|digest| self.dependencies.is_deleted(digest)) {
            return deleter.verify_removed_with_manifest(digest).await;
        }
        if let Some(subject) = &item.request.follows
            && self.dependencies.is_kept(&self.state, subject, |tag| self.kept.is_kept(tag))
        {
            return skipped(&name, format!("its subject {}@{subject} stays", self.state.repository));
        }
        if let Some(digest) = item.digest.as_ref().filter(|_| method == Method::Manifest) {
            if let Some(cause) = self.dependencies.blocked_by(&self.state, item, digest) {
                return skipped(&name, cause);
            }
            if let Some((other, error)) = self.failed.get(digest) {
                let error = error.clone().within(format!("{name} stays"));
                return Outcome::Failed(error.because(format!("it shares its manifest with {other}")));
            }
            if let Some(veto) = self.vetoes.get(digest) {
                return veto.outcome(&name, digest);
            }
            for needing in self.dependencies.unverified(&self.state, digest) {
                if let Err(error) = verify::check_gone(&self.repository, &needing).await {
                    return Outcome::Kept(error.within(format!("{name} stays")));
                }
                self.dependencies.record_verified(needing);
            }
        }
        let (repository, target) = (&self.repository, &item.request.target);
        let early = self.precheck.take().filter(|precheck| precheck.is_fresh(target));
        let precheck = async {
            match early {
                Some(precheck) => precheck,
                None => Precheck::at(repository, target.clone()).await,
            }
        };
        self.in_progress = Some(item.clone());
        let (outcome, is_deleted) = match (method, target) {
            (Method::Tag, Target::Tag(tag)) => (deleter.delete_tag(tag, precheck.await).await, false),
            (Method::Placeholder, Target::Tag(tag)) => (deleter.delete_via_placeholder(tag).await, false),
            _ => deleter.delete_manifest(precheck.await).await,
        };
        let (precheck, listed) = ahead.into_parts();
        self.precheck = precheck;
        self.list.ahead = listed;
        if was_sent.into_inner() {
            (self.changed, self.batch.was_sent) = (true, true);
        }
        if let Some(digest) = item.digest.as_ref().filter(|_| is_deleted) {
            self.dependencies.record_deleted(digest.clone(), item);
        }
        self.keeps_manifests |= matches!(&outcome, Outcome::Removed(removed) if removed.has_manifest == Some(true));
        outcome
    }

    /// Records the outcome of the first item, and takes it from the queue.
    fn finish_item(&mut self, item: Item, outcome: Outcome) {
        self.kept.record_outcome(&item, &outcome);
        if let (Ok(Method::Manifest), Outcome::AlreadyRemoved(Some(digest))) = (&item.method, &outcome) {
            self.dependencies.record_already_deleted(digest.clone());
        }
        self.items.pop_front();
        self.batch.left = self.batch.left.saturating_sub(1);
        if let Outcome::Failed(error) | Outcome::Kept(error) | Outcome::Skipped(error) = &outcome {
            self.dependencies.record_kept(&self.state, &item);
            self.record_failure(&item, error);
        }
        self.batch.tried.push((item, outcome));
    }

    /// Remembers a tag that was reported as not removed, so that a later item does not delete the manifest below it.
    fn record_failure(&mut self, item: &Item, error: &Error) {
        let (Some(digest), Some(_)) = (&item.digest, item.request.target.tag()) else { return };
        if !matches!(error.kind(), Kind::Safety(Danger::Moved { .. })) && item.method.is_ok() {
            let name = item.request.target.within(&self.state.repository);
            self.failed.entry(digest.clone()).or_insert_with(|| (name, error.clone()));
        }
    }

    /// Plans the rest anew after the registry refused to delete a tag by its name.
    async fn replan(&mut self, refused: Error) -> Result<()> {
        let is_requested = |item: &&Item| matches!(item.origin, Origin::Requested | Origin::Absent);
        let left: HashSet<_> = self.items.iter().filter(is_requested).map(|item| item.request.target.clone()).collect();
        self.requests.retain(|request| left.contains(&request.target));
        let mut state = (*self.state).clone();
        state.without_tag_deletion(refused, &self.repository, &self.requests, self.inspect, self.changed).await?;
        let (state, _, decision) = plan::decided(state, self.requests.clone(), |requests, _| requests).await?;
        self.state = state;
        self.kept = self.kept.rebuilt(Arc::clone(&self.state), &decision.items);
        self.list = self.list.rebuilt(self.state.index.as_deref());
        self.vetoes = Vetoes::new(self.repository.clone(), Arc::clone(&self.state), &decision.items);
        self.dependencies = std::mem::take(&mut self.dependencies).rebuilt(&self.state, &decision.items);
        self.items = decision.items.into();
        self.batch.left = 0;
        Ok(())
    }
}

fn skipped(name: &str, cause: String) -> Outcome {
    Outcome::Skipped(Error::new(Kind::Safety(Danger::NeededByRest), format!("{name} stays")).because(cause))
}
