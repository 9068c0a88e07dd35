//! `rls rm`: a plan for each repository, then its execution.

mod tasks;

use std::io::Stdout;
use std::sync::Arc;

use registry_ls::registry::snapshot::SnapshotProgress;
use registry_ls::removal::{Inspect, Plan, PlanOptions, SavedPlan};

use self::tasks::Task;
use super::Context;
use super::removal_runner::{RemovalRunner, save};
use super::removal_texts::describe;
use crate::args::RmArgs;
use crate::output::{Format, Layout, Output, RemovalView};
use crate::prompt::confirm;
use crate::report::CommandError;

/// `rls rm`
pub async fn run(args: &RmArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let tasks = tasks::tasks(args, context).await?;
    let inspect = if shows_plan(args, context) { Inspect::Full } else { Inspect::Minimal };
    let full = context.shows_full(tasks.iter().map(|task| task.client.registry()));
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
        Some(file) => save(saved, file, context).await,
        None => Ok(()),
    }
}

/// Plans what is to be done in one repository and, unless the plan is all that is wanted, does it.
async fn remove(
    args: &RmArgs,
    context: &Context<'_>,
    task: &Task,
    inspect: Inspect,
    runner: &mut RemovalRunner<'_>,
    output: &mut Output<RemovalView, Stdout>,
    saved: &mut SavedPlan,
) -> Result<(), CommandError> {
    let Task { client, repository, requests, .. } = task;
    let plan = match planned(args, context, task, inspect).await? {
        Ok(plan) => plan,
        Err(error) => return Ok(runner.unplanned(client, repository, requests, &error, output)?),
    };
    // What the plan removes besides counts, too.
    runner.targets += plan.items().len().saturating_sub(task.count());
    if shows_lines(args, context) {
        plan.items().iter().filter_map(|item| describe(repository, item)).for_each(|line| context.report.plan(&line));
    }
    if !args.only_plans() {
        return runner.execute(client, plan, output).await;
    }
    plan.items().iter().for_each(|item| saved.add(client.registry(), repository, item));
    runner.preview(client, &plan, output).await
}

/// A plan to which everybody has said yes who has to. What was found before somebody answered may be out of date, so the plan is made
/// anew after each answer, until there is nothing in it that was not asked about.
async fn planned(
    args: &RmArgs,
    context: &Context<'_>,
    task: &Task,
    inspect: Inspect,
) -> Result<registry_ls::Result<Plan>, CommandError> {
    let mut confirmed = None;
    loop {
        let counts = Arc::new(SnapshotProgress::default());
        let used =
            task.used.as_ref().map(|used| Arc::new(used.in_repository(task.client.registry(), &task.repository)));
        let mut options = PlanOptions::default();
        (options.inspect, options.used, options.progress) = (inspect, used, Arc::clone(&counts));
        let made = Plan::make(&task.client, &task.repository, task.requests.clone(), options);
        let plan = match context.with_progress(&format!("looking at {}", task.repository), &counts, made).await? {
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

/// Whether the plan is told, so that everything in it has to be known.
fn shows_plan(args: &RmArgs, context: &Context<'_>) -> bool {
    args.only_plans() || is_for_machines(context) || context.settings.verbosity > 0
}

/// Whether the plan is told in lines of its own: records for machines have it already, and so has a dry run.
fn shows_lines(args: &RmArgs, context: &Context<'_>) -> bool {
    !is_for_machines(context) && (args.only_plans() || context.settings.verbosity > 0)
}

fn is_for_machines(context: &Context<'_>) -> bool {
    matches!(context.settings.layout, Some(Layout::Format(Format::Json | Format::Jsonl | Format::Yaml)))
}
