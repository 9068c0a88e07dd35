//! `rls prune`: facts, the rule's decision, a plan; and with `--yes` its steps.

mod planned;
mod targets;

use std::collections::HashMap;
use std::io::Stdout;

use futures::{StreamExt, stream};
use jiff::Timestamp;
use registry_ls::error::Error;
use registry_ls::name::{Registry, Repository};
use registry_ls::removal::{Plan, SavedPlan};
use registry_ls::retention::{Decision, Totals};

use self::planned::Decided;
use self::targets::{Target, targets};
use super::removing::{Records, Removing, save};
use super::{Context, MOST_AT_ONCE, next_or_flush};
use crate::args::PruneArgs;
use crate::output::{Action, Human, OutputError, PruneRecord, PruneView, RemovalRecord, Styles};
use crate::report::{Stop, failure};

type Output = crate::output::Output<PruneView, Stdout>;

/// `rls prune`
pub async fn run(args: &PruneArgs, context: &Context<'_>) -> Result<(), Stop> {
    let qualified = args.repositories.len() > 1 || !args.match_repo.is_empty();
    let mut output = context.output(PruneView { qualified })?;
    let progress = context.progress("repositories");
    let targets = targets(args, context).await?;
    progress.set_total(targets.len() as u64);
    targets.iter().for_each(|target| target.client.expect([&target.repository]));
    let planned =
        stream::iter(&targets).map(|target| async move { (target, Decided::make(target, args.placeholder).await) });
    // What is going to be removed is looked at shortly before.
    let at_once = if args.yes { 1 } else { MOST_AT_ONCE };
    let mut planned = planned.buffered(at_once).boxed_local();
    let mut removing = Removing::begin(context, true);
    let mut sums = Sums::default();
    let mut saved = SavedPlan::default();
    let outcome = loop {
        let (target, planned) = match next_or_flush(context, &mut planned, &mut output).await {
            Ok(Some(planned)) => planned,
            Ok(None) => break Ok(()),
            Err(stop) => break Err(stop),
        };
        progress.inc(1);
        let (decided, removal) = match planned {
            Ok(planned) => planned,
            // Of one repository there is nothing else to say.
            Err(error) if !qualified => break Err(context.failed(target.client.registry(), error)),
            Err(error) => {
                context.report.failure(&error, &context.situation(target.client.registry()));
                output.write(&not_planned(&target.repository, &error))?;
                continue;
            }
        };
        sums.add(target, &decided);
        for item in removal.iter().flat_map(Plan::items) {
            saved.add(target.client.registry(), &target.repository, item);
        }
        show(args, target, &decided, &removal, context, &mut output)?;
        if args.yes {
            let done = carry_out(target, &decided, removal, &mut removing, &mut output).await;
            if done.is_err() {
                break done;
            }
        }
    };
    drop(progress);
    let outcome = super::close(output, outcome);
    if outcome.is_ok() {
        sums.tell(args, context, removing.removed());
    }
    removing.end(&outcome);
    outcome?;
    args.save_plan.as_ref().map_or(Ok(()), |file| save(&saved, file, context))
}

/// Writes the records of a repository, but for what is going to be carried out. What could not be read of a tag is a failure, though the
/// tag is safe; that the registry deletes nothing is one, too.
fn show(
    args: &PruneArgs,
    target: &Target,
    decided: &Decided,
    removal: &registry_ls::Result<Plan>,
    context: &Context<'_>,
    output: &mut Output,
) -> Result<(), Stop> {
    let situation = context.situation(target.client.registry());
    for decision in &decided.plan.decisions {
        if args.yes && !decided.stays(decision) {
            continue;
        }
        match decided.unread(decision) {
            Some(error) => context.report.failure(error, &situation),
            None if removal.is_ok() => context.report.success(),
            None => {}
        }
        output.write(&decided.record(&target.repository, decision))?;
    }
    if let Err(error) = removal {
        context.report.failure(error, &situation);
    }
    Ok(())
}

/// Removes what goes.
async fn carry_out(
    target: &Target,
    decided: &Decided,
    removal: registry_ls::Result<Plan>,
    removing: &mut Removing<'_>,
    output: &mut Output,
) -> Result<(), Stop> {
    let Target { client, repository, .. } = target;
    match removal {
        Ok(mut removal) => {
            removing.targets += removal.wishes().len();
            removing.carry_out(client, &mut removal, &mut WithFacts { decided, output }).await
        }
        // Why was told.
        Err(error) => {
            for decision in decided.plan.removals() {
                let record = decided.record(repository, decision);
                let removal = RemovalRecord {
                    action: Action::Failed,
                    reason: Some(error.what().to_owned()),
                    error: Some(failure(&error)),
                    ..record.removal
                };
                output.write(&PruneRecord { removal, ..record })?;
            }
            Ok(())
        }
    }
}

/// Adds to each record what is known of its tag.
struct WithFacts<'a> {
    decided: &'a Decided,
    output: &'a mut Output,
}

impl Records for WithFacts<'_> {
    fn write(&mut self, record: RemovalRecord) -> Result<(), OutputError> {
        let is_it = |decision: &&Decision| record.tag.as_deref() == Some(decision.tag.as_str());
        let record = match self.decided.plan.decisions.iter().find(is_it) {
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

/// What the plans of a run come to.
#[derive(Default)]
struct Sums<'a> {
    /// By registry: blobs are shared among the repositories of one.
    totals: HashMap<&'a Registry, Totals>,
    /// Tags that stay although a rule removes them.
    held: usize,
}

impl<'a> Sums<'a> {
    fn add(&mut self, target: &'a Target, decided: &Decided) {
        self.totals.entry(target.client.registry()).or_default().add(&decided.plan);
        self.held += decided.held();
    }

    /// Says what was or would be done.
    fn tell(&self, args: &PruneArgs, context: &Context<'_>, done: usize) {
        if self.totals.is_empty() {
            return;
        }
        let count = |of: fn(&Totals) -> usize| self.totals.values().map(of).sum::<usize>();
        let (tags, manifests) = (count(|totals| totals.tags), count(|totals| totals.manifests));
        let planned = count(|totals| totals.removed) - self.held;
        let (removed, verb) = if args.yes { (done, "were") } else { (planned, "would be") };
        let mut text = format!("{removed} of {tags} tag{} {verb} removed", plural(tags));
        // How much a removal frees that was not finished is not known.
        if removed > 0 && removed == planned {
            let freed = self.totals.values().map(Totals::freed_bytes).fold(0, u64::saturating_add);
            text += &format!(", {manifests} manifest{}", plural(manifests));
            if freed > 0 {
                let human = Human { now: Timestamp::now(), styles: Styles::for_stderr(context.settings.color) };
                text += &format!(", up to {} after the registry's garbage collection", human.size(freed));
            }
        }
        context.report.sum(&format!("{text}."));
        if self.held > 0 {
            let (tags, them) = if self.held == 1 { ("tag stays", "it") } else { ("tags stay", "them") };
            context.report.sum(&format!(
                "{} {tags} although the rule removes {them}: the registry deletes manifests, not tags, and --placeholder is a way around.",
                self.held
            ));
        }
        if planned > 0 && !args.yes && args.save_plan.is_none() {
            context.report.sum("Nothing was changed; --yes carries it out.");
        }
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
