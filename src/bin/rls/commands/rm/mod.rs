//! `rls rm`: a plan for each repository, then its execution.

mod tasks;

use std::io::Stdout;
use std::sync::Arc;

use registry_ls::registry::snapshot::SnapshotProgress;
use registry_ls::removal::{Inspect, Plan, PlanOptions, SavedPlan, plan};

use self::tasks::Task;
use super::context::Context;
use super::removal::{RemovalRunner, describe, save_plan};
use crate::args::RmArgs;
use crate::output::{Format, Layout, Output, RemovalView};
use crate::prompt::confirm;
use crate::report::CommandError;

/// `rls rm`
pub async fn run(args: &RmArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let tasks = tasks::tasks(args, context).await?;
    let inspect = if shows_plan(args, context) { Inspect::Full } else { Inspect::Minimal };
    let full = context.shows_full(tasks.iter().map(|task| task.repository.registry()));
    let mut output = context.output(RemovalView { planned: inspect == Inspect::Full, full })?;
    let mut runner = RemovalRunner::new(context, args.ignores_missing(), args.only_plans());
    if !args.only_plans() && !args.no_undo {
        runner.keep_removed().await;
    }
    runner.targets = tasks.iter().map(Task::count).sum();
    let mut saved = SavedPlan::default();
    let mut outcome = Ok(());
    for task in &tasks {
        outcome = remove(args, context, task, inspect, &mut runner, &mut output, &mut saved).await;
        if outcome.is_err() {
            break;
        }
    }
    if outcome.is_ok() || output.has_records() {
        output.finish()?;
    }
    runner.end(&outcome);
    outcome?;
    match &args.save_plan {
        Some(file) => save_plan(saved, file, context).await,
        None => Ok(()),
    }
}

/// Plans the removals in one repository and, unless only the plan is requested, executes them.
async fn remove(
    args: &RmArgs,
    context: &Context<'_>,
    task: &Task,
    inspect: Inspect,
    runner: &mut RemovalRunner<'_>,
    output: &mut Output<RemovalView, Stdout>,
    saved: &mut SavedPlan,
) -> Result<(), CommandError> {
    let Task { repository, requests, .. } = task;
    let plan = match confirmed_plan(args, context, task, inspect).await? {
        Ok(plan) => plan,
        Err(error) => return Ok(runner.unplanned(repository, requests, &error, output)?),
    };
    // Items that the plan adds count as well.
    runner.targets += plan.items().len().saturating_sub(task.count());
    if shows_lines(args, context) {
        plan.items()
            .iter()
            .filter_map(|item| describe(repository.name(), item))
            .for_each(|line| context.report.plan(&line));
    }
    if !args.only_plans() {
        return runner.execute(plan, output).await;
    }
    plan.items().iter().for_each(|item| saved.add(repository.registry(), repository.name(), item));
    runner.preview(&plan, output, !is_for_machines(context)).await
}

/// A confirmed plan. While the user was asked, the repository may have changed, so the plan is made again after each
/// answer until it contains nothing that was not confirmed.
async fn confirmed_plan(
    args: &RmArgs,
    context: &Context<'_>,
    task: &Task,
    inspect: Inspect,
) -> Result<registry_ls::Result<Plan>, CommandError> {
    let mut confirmed = None;
    loop {
        let counts = Arc::new(SnapshotProgress::default());
        let used = task
            .used
            .as_ref()
            .map(|used| Arc::new(used.in_repository(task.repository.registry(), task.repository.name())));
        let mut options = PlanOptions::default();
        (options.inspect, options.used, options.progress) = (inspect, used, Arc::clone(&counts));
        let plan = plan(&task.repository, task.requests.clone(), options);
        let plan = match context.with_progress(&format!("inspecting {}", task.repository), &counts, plan).await? {
            Ok(plan) => plan,
            Err(error) => return Ok(Err(error)),
        };
        let question = task.question(args, &plan);
        if args.yes || args.only_plans() || question.is_none() || question == confirmed {
            return Ok(Ok(plan));
        }
        context.until_shutdown(confirm(question.as_deref().unwrap_or_default())).await??;
        confirmed = question;
    }
}

/// Whether the plan is shown, so that all of it must be known.
fn shows_plan(args: &RmArgs, context: &Context<'_>) -> bool {
    args.only_plans() || is_for_machines(context) || context.settings.verbosity > 0
}

/// Whether the plan is printed as separate lines: on request, unless the records contain it, as in machine formats and
/// in the table of a dry run.
fn shows_lines(args: &RmArgs, context: &Context<'_>) -> bool {
    let is_in_records = is_for_machines(context) || (args.only_plans() && context.shows_table());
    context.settings.verbosity > 0 && !is_in_records
}

fn is_for_machines(context: &Context<'_>) -> bool {
    use Format::{Csv, Json, Jsonl, Yaml};
    matches!(context.settings.layout, Some(Layout::Format(Json | Jsonl | Yaml | Csv)))
}
