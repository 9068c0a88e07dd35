//! `rls rm`: a plan for each repository, then its steps.

mod tasks;

use std::io::Stdout;

use registry_ls::removal::{Look, Plan, SavedPlan};

use self::tasks::Task;
use super::Context;
use super::removing::{Removing, save, told};
use crate::args::RmArgs;
use crate::ask::confirm;
use crate::output::{Format, Layout, Output, RemovalView};
use crate::report::Stop;

/// `rls rm`
pub async fn run(args: &RmArgs, context: &Context<'_>) -> Result<(), Stop> {
    let tasks = tasks::tasks(args, context).await?;
    let look = if shows_plan(args, context) { Look::Everything } else { Look::Enough };
    let mut output = context.output(RemovalView { planned: look == Look::Everything })?;
    let mut removing = Removing::begin(context, args.is_lenient());
    removing.targets = tasks.iter().map(|task| task.wishes.len()).sum();
    let mut saved = SavedPlan::default();
    let mut outcome = Ok(());
    for task in &tasks {
        outcome = remove(args, context, task, look, &mut removing, &mut output, &mut saved).await;
        if outcome.is_err() {
            break;
        }
    }
    if outcome.is_ok() || output.has_records() {
        output.finish()?;
    }
    removing.end(&outcome);
    outcome?;
    match &args.save_plan {
        Some(file) => save(&saved, file, context),
        None => Ok(()),
    }
}

/// Plans what is to be done in one repository and, unless the plan is all that is wanted, does it.
async fn remove(
    args: &RmArgs,
    context: &Context<'_>,
    task: &Task,
    look: Look,
    removing: &mut Removing<'_>,
    output: &mut Output<RemovalView, Stdout>,
    saved: &mut SavedPlan,
) -> Result<(), Stop> {
    let Task { client, repository, wishes, .. } = task;
    let mut plan = match planned(args, context, task, look).await? {
        Ok(plan) => plan,
        Err(error) => return Ok(removing.unplanned(client, repository, wishes, &error, output)?),
    };
    if look == Look::Everything {
        plan.items().filter_map(|item| told(repository, item)).for_each(|line| context.report.plan(&line));
    }
    if !args.only_plans() {
        return removing.carry_out(client, &mut plan, output).await;
    }
    plan.items().for_each(|item| saved.add(client.registry(), repository, item));
    removing.preview(client, &plan, output).await
}

/// A plan to which everybody has said yes who has to. What was found before somebody answered may be out of date, so the plan is made
/// anew after each answer, until there is nothing in it that was not asked about.
async fn planned(
    args: &RmArgs,
    context: &Context<'_>,
    task: &Task,
    look: Look,
) -> Result<registry_ls::Result<Plan>, Stop> {
    let mut confirmed = None;
    loop {
        let progress = context.progress(&format!("requests about {}", task.repository));
        let made = Plan::make(&task.client, &task.repository, task.wishes.clone(), look);
        let plan = match context.or_end(made).await? {
            Ok(plan) => plan,
            Err(error) => return Ok(Err(error)),
        };
        drop(progress);
        let question = task.question(&plan);
        if args.yes || args.only_plans() || question.is_none() || question == confirmed {
            return Ok(Ok(plan));
        }
        context.or_end(confirm(question.as_deref().unwrap_or_default())).await??;
        confirmed = question;
    }
}

/// Whether the plan is shown, so that everything in it has to be known.
fn shows_plan(args: &RmArgs, context: &Context<'_>) -> bool {
    let for_machines =
        matches!(context.settings.layout, Some(Layout::Format(Format::Json | Format::Jsonl | Format::Yaml)));
    args.only_plans() || for_machines || context.settings.verbosity > 0
}
