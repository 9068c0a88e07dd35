//! Executes removal plans, writes a record of each item, and reports how it ended.

use std::io::Stdout;
use std::time::Duration;

use futures::FutureExt;
use registry_ls::error::{Danger, Error, Kind};
use registry_ls::registry::RepositoryHandle;
use registry_ls::removal::{Execution, Item, Method, Options, Origin, Outcome, Plan, RemovalRequest, Removed, Run};
use tokio::task::yield_now;

use super::describe::{absent, failed, kept, records, removed_records, unplanned};
use crate::command_line::rls;
use crate::commands::context::Context;
use crate::commands::suggestions;
use crate::commands::undo::archive;
use crate::output::{Action, Output, OutputError, RemovalRecord, RemovalView, some_of};
use crate::report::{CommandError, failure};

/// How long a removal in progress may take to finish after a signal.
const GRACE: Duration = Duration::from_millis(100);

/// Number of rows after which the command checks whether it must end.
const ROWS_PER_CHECK: usize = 256;

/// Receives the records of removals.
pub trait RecordWriter {
    /// Writes a record.
    fn write(&mut self, record: RemovalRecord) -> Result<(), OutputError>;
    /// Flushes what was written.
    fn flush(&mut self) -> Result<(), OutputError>;
}

impl RecordWriter for Output<RemovalView, Stdout> {
    fn write(&mut self, record: RemovalRecord) -> Result<(), OutputError> {
        Self::write(self, &record)
    }

    fn flush(&mut self) -> Result<(), OutputError> {
        Self::flush(self)
    }
}

/// Executes the plans of one command: writes records, counts outcomes, and reports how it ended.
pub struct RemovalRunner<'a> {
    context: &'a Context<'a>,
    /// Whether missing tags and manifests are ignored.
    ignores_missing: bool,
    archive: Option<Run>,
    /// Number of items to remove in all.
    pub targets: usize,
    /// Whether the command itself reports how much space is freed.
    pub has_own_summary: bool,
    removed: usize,
    /// How many of these are tags, including those removed with their manifest.
    removed_tags: usize,
    failed: usize,
    /// Items that stay only because what they belong to stays.
    left: usize,
    /// Items whose removal was interrupted.
    interrupted: usize,
    /// Whether plans are only shown.
    is_preview: bool,
    /// Whether a deletion freed blobs.
    frees: bool,
    /// Whether a manifest stays without tags.
    untagged: bool,
}

impl<'a> RemovalRunner<'a> {
    pub fn new(context: &'a Context<'a>, ignores_missing: bool, is_preview: bool) -> Self {
        Self {
            context,
            ignores_missing,
            archive: None,
            targets: 0,
            has_own_summary: false,
            removed: 0,
            removed_tags: 0,
            failed: 0,
            left: 0,
            interrupted: 0,
            is_preview,
            frees: false,
            untagged: false,
        }
    }

    /// Keeps copies of what is removed for `rls undo`. Warns before anything is removed if they cannot be written.
    pub async fn keep_removed(&mut self) {
        let warn = |why: &str| self.context.report.warning(&format!("this removal cannot be undone: {why}"));
        let archive = match archive() {
            Ok(archive) => archive,
            Err(usage) => return warn(usage.what()),
        };
        let begun = tokio::task::spawn_blocking(move || archive.begin_run()).await;
        match begun.unwrap_or_else(|error| Err(Error::config(error.to_string()))) {
            Ok(run) => self.archive = Some(run),
            Err(error) => warn(&error.to_string()),
        }
    }

    /// Number of removed tags.
    pub fn removed_tags(&self) -> usize {
        self.removed_tags
    }

    /// Whether every planned item was removed.
    pub fn is_complete(&self) -> bool {
        self.failed + self.left + self.interrupted == 0
    }

    /// Executes a plan, and writes a record of each item.
    pub async fn execute(&mut self, plan: Plan, output: &mut impl RecordWriter) -> Result<(), CommandError> {
        self.warn_of_pins(&plan);
        let repository = plan.repository().clone();
        let frees = plan.reclaimable().bytes().is_none_or(|bytes| bytes > 0);
        let progress = self.context.progress(&format!("removals in {repository}"));
        progress.set_total(plan.items().len() as u64);
        let mut execution = plan.execute(Options::default().with_archive(self.archive.clone()));
        loop {
            let (next, ended) = self.context.finish_within(execution.next().boxed(), GRACE).await;
            match next {
                Some(Some((item, outcome))) => {
                    progress.inc(1);
                    self.frees |= frees && is_deletion(&item, &outcome);
                    self.write(&repository, &item, outcome, output).await?;
                }
                Some(None) if ended.is_none() => break,
                Some(None) | None => {}
            }
            if let Some(stop) = ended {
                return self.abandon(&mut execution, output, stop).await;
            }
            output.flush()?;
        }
        drop(progress);
        if let Err(error) = self.context.until_shutdown(execution.verify().boxed()).await? {
            self.context.report.failure(&error, &self.context.hint_context(repository.registry()));
        }
        Ok(())
    }

    /// Writes records of what was done before the command was ended, and warns about an item in an unknown state.
    async fn abandon(
        &mut self,
        execution: &mut Execution,
        output: &mut impl RecordWriter,
        stop: CommandError,
    ) -> Result<(), CommandError> {
        let (done, begun) = execution.abandon();
        let repository = execution.repository().clone();
        for (item, outcome) in done {
            self.write(&repository, &item, outcome, output).await?;
        }
        if let Some(item) = begun {
            self.interrupted += 1;
            let name = item.request.target.within(&repository);
            self.context.report.warning(&format!("interrupted while removing {name}; check whether it is gone"));
        }
        output.flush()?;
        Err(stop)
    }

    /// Writes records of what a plan would do. `warns` of what would be orphaned, which the records of machine formats
    /// contain.
    pub async fn preview(
        &mut self,
        plan: &Plan,
        output: &mut impl RecordWriter,
        warns: bool,
    ) -> Result<(), CommandError> {
        self.warn_of_pins(plan);
        let repository = plan.repository();
        for (row, item) in plan.items().iter().enumerate() {
            if row % ROWS_PER_CHECK == 0 {
                self.context.until_shutdown(yield_now()).await?;
            }
            match &item.method {
                Ok(_) => {
                    self.removed += 1;
                    self.context.report.success();
                    if warns {
                        self.name_orphans(repository, item);
                    }
                    let records = records(repository.name(), item, Action::WouldRemove, &[]);
                    records.into_iter().try_for_each(|record| output.write(record.at(repository.registry())))?;
                }
                Err(error) if item.is_absent() => {
                    self.write(repository, item, Outcome::Absent(error.clone()), output).await?;
                }
                Err(error) if is_left(error) => {
                    self.write(repository, item, Outcome::Skipped(error.clone()), output).await?;
                }
                Err(error) => self.write(repository, item, Outcome::Failed(error.clone()), output).await?,
            }
        }
        Ok(output.flush()?)
    }

    /// Writes records of requests for which no plan could be made; they fail for the same reason, which is reported
    /// once.
    pub fn unplanned(
        &mut self,
        repository: &RepositoryHandle,
        requests: &[RemovalRequest],
        error: &Error,
        output: &mut impl RecordWriter,
    ) -> Result<(), OutputError> {
        self.context.report.failure(error, &self.context.hint_context(repository.registry()));
        self.failed += requests.len();
        for request in requests {
            output.write(unplanned(repository.name(), request, error).at(repository.registry()))?;
        }
        output.flush()
    }

    async fn write(
        &mut self,
        repository: &RepositoryHandle,
        item: &Item,
        outcome: Outcome,
        output: &mut impl RecordWriter,
    ) -> Result<(), OutputError> {
        let name = repository.name();
        let record = match outcome {
            Outcome::Removed(removed) => return self.write_removed(repository, item, removed, output),
            Outcome::AlreadyRemoved(digest) => {
                self.context.report.success();
                let record = absent(name, item, "removed by another client meanwhile");
                RemovalRecord { digest: digest.map(|digest| digest.to_string()).or(record.digest), ..record }
            }
            Outcome::Absent(_) if self.ignores_missing => {
                self.context.report.success();
                absent(name, item, "does not exist")
            }
            Outcome::Absent(error) => {
                self.fail(repository, item, &error).await;
                RemovalRecord { error: Some(failure(&error)), ..absent(name, item, "does not exist") }
            }
            // The reason is reported for the item that it belongs to.
            Outcome::Skipped(error) => {
                self.left += 1;
                kept(name, item, &error)
            }
            Outcome::Kept(error) => {
                self.fail(repository, item, &error).await;
                kept(name, item, &error)
            }
            Outcome::Failed(error) => {
                self.fail(repository, item, &error).await;
                failed(name, item, &error)
            }
        };
        output.write(record.at(repository.registry()))
    }

    fn write_removed(
        &mut self,
        repository: &RepositoryHandle,
        item: &Item,
        removed: Removed,
        output: &mut impl RecordWriter,
    ) -> Result<(), OutputError> {
        let registry = repository.registry();
        let mut item = item.clone();
        item.digest = removed.digest.clone().or(item.digest);
        let (records, error) = removed_records(repository, &item, &removed);
        if let Some(error) = &error {
            self.context.report.failure(error, &self.context.hint_context(registry));
        }
        match records.first().is_some_and(|own| own.action == Action::Failed) {
            true => self.failed += 1,
            false => {
                self.removed += 1;
                self.context.report.success();
                let may_stay = !removed.was_dangling
                    && matches!(item.method, Ok(Method::Tag))
                    && removed.has_manifest != Some(false);
                self.untagged |= may_stay && item.remaining_siblings().is_empty() && !item.request.policy.purge;
            }
        }
        let is_gone = |record: &&RemovalRecord| record.tag.is_some() && record.action == Action::Removed;
        self.removed_tags += records.iter().filter(is_gone).count();
        for tag in &removed.moved {
            let what = format!("{repository}:{tag} was moved to another manifest meanwhile, and stays");
            self.context.report.warning(&what);
        }
        self.name_orphans(repository, &item);
        records.into_iter().try_for_each(|record| output.write(record.at(registry)))
    }

    async fn fail(&mut self, repository: &RepositoryHandle, item: &Item, error: &Error) {
        self.failed += 1;
        let context = suggestions::hint_context(self.context, repository, (&item.request.target).into(), error).await;
        self.context.report.failure(error, &context);
    }

    /// Warns once that pulls by digest fail, where manifests are deleted beyond those requested.
    pub fn warn_of_pins(&self, plan: &Plan) {
        let is_purged =
            |item: &Item| matches!(item.origin, Origin::Unreferenced | Origin::ChildOf(_) | Origin::ReferrerOf(_));
        if plan.items().iter().any(is_purged) {
            self.context.report.warning("purged manifests can no longer be pulled by digest");
        }
    }

    /// Warns about referrers of a removed manifest, with the command that removes them.
    fn name_orphans(&self, repository: &RepositoryHandle, item: &Item) {
        if item.orphans.is_empty() {
            return;
        }
        let names: Vec<_> = item.orphans.iter().map(|orphan| orphan.within(repository)).collect();
        let (verb, refer) = match (self.is_preview, names.len()) {
            (true, _) => ("would stay", "refer"),
            (false, 1) => ("stays", "refers"),
            (false, _) => ("stay", "refer"),
        };
        let target = item.request.target.within(repository);
        self.context.report.warning(&format!("{} {verb} and {refer} to the removed {target}", some_of(&names)));
        let registry = repository.registry();
        let first = &item.orphans[0];
        self.context.report.hint(&format!(
            "run '{}' to remove it; --with-referrers removes all referrers",
            rls(format_args!("rm {registry}/{}", first.within(repository)))
        ));
    }

    /// Reports how much was done where the records do not show it; and, once, what happens to the disk space.
    pub fn end(self, outcome: &Result<(), CommandError>) {
        let Self {
            targets, removed, failed, interrupted, context, is_preview, frees, untagged, has_own_summary, ..
        } = self;
        // If nothing at all was done, the error says so.
        if targets > 1 && (failed > 0 || (outcome.is_err() && removed > 0)) {
            let verb = if is_preview { "would remove" } else { "removed" };
            let rest = targets.saturating_sub(removed + failed + interrupted);
            let interrupted = if interrupted > 0 { format!(", {interrupted} interrupted") } else { String::new() };
            let rest = if rest > 0 { format!(", {rest} not tried") } else { String::new() };
            context.report.warning(&format!("{verb} {removed} of {targets}, {failed} failed{interrupted}{rest}"));
        }
        if is_preview || removed == 0 || has_own_summary {
            return;
        }
        if untagged {
            let hint = "untagged; the manifest stays until the registry collects it, --purge deletes it now";
            context.report.hint(hint);
        }
        if frees {
            context.report.hint("disk space is reclaimed by the registry's next garbage collection");
        }
    }
}

/// Whether an item stays only because what it belongs to stays.
fn is_left(error: &Error) -> bool {
    matches!(error.kind(), Kind::Safety(Danger::NeededByRest))
}

/// Whether a manifest was deleted.
fn is_deletion(item: &Item, outcome: &Outcome) -> bool {
    matches!(item.method, Ok(Method::Manifest)) && matches!(outcome, Outcome::Removed(_))
}
