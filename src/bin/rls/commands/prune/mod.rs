//! `rls prune`: a snapshot, the decisions of the rules, and a plan; with `--yes` also its execution.

mod planned;
mod reasons;
mod targets;

use std::collections::HashMap;
use std::io::Stdout;
use std::sync::Arc;

use futures::{StreamExt, stream};
use jiff::Timestamp;
use registry_ls::error::Error;
use registry_ls::name::{Registry, Repository};
use registry_ls::registry::snapshot::SnapshotProgress;
use registry_ls::removal::{Plan, Reclaimable, RemovalPolicy, SavedPlan};
use tokio::task::yield_now;

use self::planned::{Decisions, is_uncertain};
use self::targets::{Target, targets};
use super::context::Context;
use super::removal::{RecordWriter, RemovalRunner, save_plan};
use super::stream::{MAX_PENDING, close, next_or_flush};
use super::suggestions::repository_hint_context;
use crate::args::PruneArgs;
use crate::output::{Action, Human, OutputError, PruneRecord, PruneView, RemovalRecord, Styles};
use crate::report::{CommandError, failure};

/// Number of rows after which the command checks whether it must end.
const ROWS_PER_CHECK: usize = 256;

type Output = crate::output::Output<PruneView, Stdout>;

/// `rls prune`
pub async fn run(args: &PruneArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let qualified = context.settings.full || args.repositories.len() > 1 || !args.match_repo.is_empty();
    let mut output = context.output(PruneView { qualified, full: context.settings.full })?;
    let targets = targets(args, context).await?;
    output.view_mut().full = context.shows_full(targets.iter().map(|target| target.repository.registry()));
    targets.iter().for_each(|target| target.repository.client().prefetch_tokens([target.repository.name()]));
    let is_number = |glob: &String| glob.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(number) = args.rule.keep.iter().map(ToString::to_string).find(is_number)
        && args.rule.keep_last.is_none()
    {
        let meaning = format!("--keep {number} keeps the tag named {number}; use --keep-last {number} for the newest");
        context.report.hint(&meaning);
    }
    let mut policy = RemovalPolicy::default();
    policy.placeholder = args.placeholder;
    let counts = Arc::new(SnapshotProgress::default());
    let planned = stream::iter(&targets).map(|target| {
        let (policy, counts) = (&policy, Arc::clone(&counts));
        async move { (target, Decisions::make(target, policy, counts).await) }
    });
    // Each repository is inspected shortly before it is pruned.
    let concurrency = if args.yes { 1 } else { MAX_PENDING };
    let mut planned = planned.buffered(concurrency).boxed_local();
    let mut runner = RemovalRunner::new(context, true, !args.yes);
    runner.has_own_summary = true;
    if args.yes && !args.no_undo {
        runner.keep_removed().await;
    }
    let mut totals = Totals::default();
    let mut saved = SavedPlan::default();
    let outcome = loop {
        let next = next_or_flush(context, &mut planned, &mut output);
        let (target, planned) =
            match context.with_progress("inspecting tags", &counts, next).await.and_then(|next| next) {
                Ok(Some(planned)) => planned,
                Ok(None) => break Ok(()),
                Err(stop) => break Err(stop),
            };
        let (decided, removal) = match planned {
            Ok(planned) => planned,
            Err(error) => {
                let hint_context = match qualified {
                    false => repository_hint_context(context, &target.repository, &error).await,
                    true => context.hint_context(target.repository.registry()),
                };
                context.report.failure(&error, &hint_context);
                output.write(&not_planned(target.repository.name(), &error).at(target.repository.registry()))?;
                continue;
            }
        };
        totals.add(target, &decided, removal.as_ref().ok());
        if let Some(removal) = removal.as_ref().ok().filter(|_| !args.yes) {
            runner.warn_of_pins(removal);
        }
        for item in removal.iter().flat_map(Plan::items) {
            saved.add(target.repository.registry(), target.repository.name(), item);
        }
        if let Err(stop) = show(args, target, &decided, &removal, context, &mut output).await {
            break Err(stop);
        }
        if args.yes {
            let done = execute(target, &decided, removal, &mut runner, &mut output).await;
            if done.is_err() {
                break done;
            }
        }
    };
    let outcome = close(output, outcome);
    if outcome.is_ok() {
        totals.print(args, context, runner.removed_tags(), runner.is_complete());
    }
    runner.end(&outcome);
    outcome?;
    match &args.save_plan {
        Some(file) => save_plan(saved, file, context).await,
        None => Ok(()),
    }
}

/// Writes the records of a repository, except for items that are executed next. A tag that could not be read is a
/// failure although it is kept, and so is a registry that does not delete.
async fn show(
    args: &PruneArgs,
    target: &Target,
    decided: &Decisions,
    removal: &registry_ls::Result<Plan>,
    context: &Context<'_>,
    output: &mut Output,
) -> Result<(), CommandError> {
    let hint_context = context.hint_context(target.repository.registry());
    let refusal = decided.refusal(target.repository.name());
    // A repository of the catalog may hold artifacts without dates, such as charts; the others are still pruned.
    let is_passed_over = target.is_from_catalog && decided.lacks_times();
    if let Some(error) = refusal.as_ref().filter(|_| is_passed_over) {
        context
            .report
            .warning(&format!("{}; nothing is removed there, --sort version orders by version", error.what()));
    } else if let Some(error) = &refusal {
        context.report.failure(error, &hint_context);
    } else if !decided.has_times() {
        context.report.warning(&format!(
            "no creation times are known in {}; use --sort version to order by version",
            target.repository
        ));
    }
    for (row, decision) in decided.plan.decisions.iter().enumerate() {
        if row % ROWS_PER_CHECK == 0 {
            context.until_shutdown(yield_now()).await?;
        }
        if args.yes && !decided.stays(decision) {
            continue;
        }
        match decided.unread(target.repository.name(), decision) {
            Some(error) => context.report.failure(&error, &hint_context),
            None if removal.is_ok() && (refusal.is_none() || is_passed_over) => context.report.success(),
            None => {}
        }
        output.write(&decided.record(target.repository.name(), decision).at(target.repository.registry()))?;
    }
    match removal {
        Err(error) => context.report.failure(error, &hint_context),
        Ok(removal) if !args.yes => {
            for record in decided.purged(target.repository.name(), removal) {
                output.write(&record.at(target.repository.registry()))?;
            }
        }
        Ok(_) => {}
    }
    // An inconsistent list, or an unreadable tag, prevents the removal of others.
    for error in decided.doubts(target.repository.name()) {
        context.report.failure(&error, &hint_context);
    }
    Ok(())
}

/// Executes the plan of a repository.
async fn execute(
    target: &Target,
    decided: &Decisions,
    removal: registry_ls::Result<Plan>,
    runner: &mut RemovalRunner<'_>,
    output: &mut Output,
) -> Result<(), CommandError> {
    let repository = &target.repository;
    match removal {
        Ok(removal) => {
            runner.targets += removal.items().len();
            runner.execute(removal, &mut WithFacts { decided, output }).await
        }
        // The reason was reported.
        Err(error) => {
            for decision in decided.plan.removals() {
                let record = decided.record(repository.name(), decision);
                let removal = RemovalRecord {
                    action: Action::Failed,
                    reason: Some(error.what().to_owned()),
                    error: Some(failure(&error)),
                    ..record.removal
                };
                output.write(&PruneRecord { removal, ..record }.at(repository.registry()))?;
            }
            Ok(())
        }
    }
}

/// Adds creation time, size and reason to the record of each tag.
struct WithFacts<'a> {
    decided: &'a Decisions,
    output: &'a mut Output,
}

impl RecordWriter for WithFacts<'_> {
    fn write(&mut self, record: RemovalRecord) -> Result<(), OutputError> {
        let decision = record.tag.as_deref().and_then(|tag| self.decided.decision(tag));
        let record = match decision {
            Some(decision) => self.decided.with_facts(record, decision),
            None => PruneRecord { removal: record, created: None, size: None },
        };
        self.output.write(&record)
    }

    fn flush(&mut self) -> Result<(), OutputError> {
        self.output.flush()
    }
}

fn not_planned(repository: &Repository, error: &Error) -> PruneRecord {
    let removal = RemovalRecord {
        action: Action::Failed,
        reason: Some(error.what().to_owned()),
        error: Some(failure(error)),
        ..RemovalRecord::of(repository.to_string(), None)
    };
    PruneRecord { removal, created: None, size: None }
}

/// The totals of a run.
#[derive(Default)]
struct Totals<'a> {
    /// Freed space by registry, since repositories of a registry share blobs.
    freed: HashMap<&'a Registry, Reclaimable>,
    /// Tags that were inspected.
    tags: usize,
    /// Tags to remove.
    going: usize,
    /// Tags that cannot be removed although a rule would.
    held: usize,
}

impl<'a> Totals<'a> {
    fn add(&mut self, target: &'a Target, decided: &Decisions, removal: Option<&Plan>) {
        let freed = self.freed.entry(target.repository.registry()).or_default();
        if let Some(removal) = removal {
            freed.add(removal.reclaimable());
        }
        self.tags += decided.plan.decisions.len();
        self.going += decided.going();
        self.held += decided.held().values().filter(|error| !is_uncertain(error)).count();
    }

    /// Prints what was or would be done.
    fn print(&self, args: &PruneArgs, context: &Context<'_>, done: usize, is_complete: bool) {
        if self.freed.is_empty() {
            return;
        }
        let manifests: usize = self.freed.values().map(|freed| freed.manifests).sum();
        let (removed, verb) = if args.yes { (done, "removed") } else { (self.going, "would remove") };
        let mut text = format!("{verb} {removed} of {} tag{}", self.tags, plural(self.tags));
        // The space freed by an unfinished removal is unknown.
        if removed > 0 && is_complete {
            text += &format!(", {manifests} manifest{}", plural(manifests));
            match self.freed.values().map(Reclaimable::bytes).sum::<Option<u64>>() {
                Some(0) => {}
                Some(bytes) => {
                    let human = Human {
                        now: Timestamp::now(),
                        styles: Styles::for_stderr(context.settings.color),
                        whole: false,
                    };
                    text += &format!("; the registry's next garbage collection frees {}", human.size(bytes));
                }
                None => text += "; how much space that frees is unknown: not all manifests could be read",
            }
        }
        context.report.summary(&text);
        if self.held > 0 {
            let (tags, them) = if self.held == 1 { ("tag stays", "it") } else { ("tags stay", "them") };
            context.report.summary(&format!(
                "{} {tags} although the rule removes {them}: the registry deletes manifests, not tags; --placeholder \
                 removes {them}",
                self.held
            ));
        }
        if self.going > 0 && !args.yes && args.save_plan.is_none() {
            context.report.summary("nothing was changed; run again with --yes to apply");
        }
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
