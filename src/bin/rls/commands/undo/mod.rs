//! `rls undo`: restores what was removed.

mod choice;

use std::io::Stdout;

use etcetera::BaseStrategy;
use futures::StreamExt;
use registry_ls::Kind;
use registry_ls::error::{Danger, Error};
use registry_ls::removal::{Archive, Entry, Limits, Restoration, Restored};

use self::choice::Choice;
use super::context::Context;
use super::stream::{close, next_or_flush};
use crate::args::UndoArgs;
use crate::command_line::rls;
use crate::output::{Action, Output, RemovalRecord, RemovalView, Time, UndoRunRecord, UndoRunView};
use crate::report::{CommandError, HintContext, failure};
use crate::usage::{self, Usage};

/// The reason of records for what already exists.
const ALREADY_THERE: &str = "already there";

/// `rls undo`
pub async fn run(args: &UndoArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let archive = archive()?;
    let choice = Choice::read(args, context.settings)?;
    if args.list {
        return list(args, &choice, context, archive).await;
    }
    let kept = archive.clone();
    let planned = match read_blocking(context, move || choice.plan(&kept)).await? {
        Ok(planned) => planned,
        Err(error) => return unplanned(context, args, &error),
    };
    let mut runner = UndoRunner {
        context,
        archive,
        only_shows: args.dry_run,
        total: planned.iter().map(|restoration| restoration.entries().count()).sum(),
        back: 0,
        kept: 0,
        failed: 0,
    };
    let full = context.shows_full(planned.iter().map(Restoration::registry));
    let mut output = context.output(RemovalView { planned: false, full })?;
    let mut outcome = Ok(());
    for restoration in planned {
        outcome = runner.restore(restoration, &mut output).await;
        if outcome.is_err() {
            break;
        }
    }
    runner.end();
    close(output, outcome)
}

/// Where removed manifests are kept: `$XDG_STATE_HOME/rls/removed`, else `~/.local/state/rls/removed`.
///
/// # Errors
///
/// There is no home directory.
pub(super) fn archive() -> usage::Result<Archive> {
    let nowhere = |error| Usage::new("cannot determine the folder of removed manifests").because(error);
    let strategy = etcetera::choose_base_strategy().map_err(nowhere)?;
    let state = strategy.state_dir().unwrap_or_else(|| strategy.data_dir());
    Ok(Archive::at(state.join("rls").join("removed"), Limits::default()))
}

/// Reads files on another thread, so that a signal can end the command.
async fn read_blocking<T: Send + 'static>(
    context: &Context<'_>,
    work: impl FnOnce() -> registry_ls::Result<T> + Send + 'static,
) -> Result<registry_ls::Result<T>, CommandError> {
    let work = tokio::task::spawn_blocking(work);
    let done = context.until_shutdown(work).await?;
    Ok(done.unwrap_or_else(|error| Err(Error::config("cannot read removed manifests").because(error))))
}

/// Reports why nothing is restored.
fn unplanned(context: &Context<'_>, args: &UndoArgs, error: &Error) -> Result<(), CommandError> {
    if !error.is_not_found() {
        return Err(Usage::from(error.clone()).into());
    }
    context.report.failure(error, &HintContext::default());
    if !args.lists.is_empty() {
        context.report.hint(&format!("run '{}' to see what can be undone", rls("undo --list")));
    }
    Ok(())
}

/// Restores, counts, and reports how it ended.
struct UndoRunner<'a> {
    context: &'a Context<'a>,
    archive: Archive,
    only_shows: bool,
    total: usize,
    back: usize,
    /// Tags that exist again.
    kept: usize,
    failed: usize,
}

impl UndoRunner<'_> {
    async fn restore(
        &mut self,
        restoration: Restoration,
        output: &mut Output<RemovalView, Stdout>,
    ) -> Result<(), CommandError> {
        let (context, registry) = (self.context, restoration.registry().clone());
        let client = context.client(&registry).await?;
        let mut outcomes = if self.only_shows {
            restoration.inspect(&client).boxed_local()
        } else {
            restoration.execute(&client, self.archive.clone()).boxed_local()
        };
        while let Some((entry, outcome)) = next_or_flush(context, &mut outcomes, output).await? {
            if let Err(error) = &outcome {
                *if stays(error) { &mut self.kept } else { &mut self.failed } += 1;
                context.report.failure(error, &context.hint_context(&registry));
            }
            if matches!(outcome, Ok(Restored::Back)) {
                self.back += 1;
                // What already exists is neither a success nor a failure: nothing was changed.
                context.report.success();
            }
            output.write(&self.record(&entry, &outcome))?;
        }
        Ok(())
    }

    fn record(&self, entry: &Entry, outcome: &registry_ls::Result<Restored>) -> RemovalRecord {
        let back = if self.only_shows { Action::WouldUndo } else { Action::Undone };
        let (action, method, reason) = match outcome {
            Ok(Restored::Back) => (back, Some("push"), None),
            Ok(Restored::Unchanged) => (Action::Kept, None, Some(ALREADY_THERE)),
            Err(error) if stays(error) => (Action::Kept, None, Some(error.what())),
            Err(error) => (Action::Failed, None, Some(error.what())),
        };
        RemovalRecord {
            digest: Some(entry.digest.to_string()),
            action,
            method: method.map(str::to_owned),
            reason: reason.map(str::to_owned),
            error: outcome.as_ref().err().map(failure),
            ..RemovalRecord::of(entry.repository.to_string(), entry.tag.as_ref().map(ToString::to_string))
        }
        .at(&entry.registry)
    }

    /// Reports how much was done where the records do not show it.
    fn end(self) {
        let Self { context, only_shows, total, back, kept, failed, .. } = self;
        if total > 1 && kept + failed > 0 {
            let would = if only_shows { "would restore" } else { "restored" };
            let parts = [(kept, "kept"), (failed, "failed")].into_iter().filter(|(count, _)| *count > 0);
            let parts: String = parts.map(|(count, what)| format!(", {count} {what}")).collect();
            context.report.warning(&format!("{would} {back} of {total}{parts}"));
        }
    }
}

/// Whether a tag stays because it exists again.
fn stays(error: &Error) -> bool {
    matches!(error.kind(), Kind::Safety(Danger::TagExists { .. }))
}

/// `rls undo --list`
async fn list(args: &UndoArgs, choice: &Choice, context: &Context<'_>, archive: Archive) -> Result<(), CommandError> {
    let mut output = context.output(UndoRunView)?;
    let most = args.last.map_or(usize::MAX, |last| usize::try_from(last.get()).unwrap_or(usize::MAX));
    let kept = archive.clone();
    let runs = read_blocking(context, move || kept.runs()).await?.map_err(Usage::from)?;
    let mut shown = 0;
    for run in runs {
        let (kept, id) = (archive.clone(), run.id.clone());
        let summaries = match read_blocking(context, move || kept.summary(&id)).await? {
            Ok(summaries) => summaries,
            Err(error) => {
                context.report.warning(&error.to_string());
                continue;
            }
        };
        let covered: Vec<_> = summaries.into_iter().filter(|summary| choice.covers(&summary.registry)).collect();
        shown += usize::from(!covered.is_empty());
        for summary in covered {
            output.write(&UndoRunRecord {
                registry: summary.registry.to_string(),
                id: run.id.to_string(),
                time: Time::new(run.began),
                repositories: summary.repositories.iter().map(ToString::to_string).collect(),
                tags: summary.tags,
                manifests: summary.manifests,
            })?;
        }
        if shown == most {
            break;
        }
    }
    Ok(output.finish()?)
}
