use std::collections::HashMap;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use registry_ls::error::{Error, Result};
use registry_ls::name::{Registry, Repository};
use registry_ls::registry::{CatalogOptions, Census, Client};
use registry_ls::retention::{Decision, Plan, Rule, Totals, Verdict, decide};

use super::{Context, MOST_AT_ONCE, next_or_flush};
use crate::args::{FilterArgs, PruneArgs};
use crate::output::{Action, Human, PruneRecord, PruneView, RemovalRecord, Styles, Time};
use crate::report::{Stop, failure};
use crate::usage::Usage;

/// A repository with the rule for it.
struct Target {
    client: Arc<Client>,
    repository: Repository,
    rule: Rule,
}

/// What was found out about a repository.
struct Planned {
    census: Census,
    plan: Plan,
}

type Output = crate::output::Output<PruneView, std::io::Stdout>;

/// `rls prune`
pub async fn run(args: &PruneArgs, context: &Context<'_>) -> Result<(), Stop> {
    if args.yes || args.save_plan.is_some() {
        let usage = Usage::new("rls prune shows its plan only, so far");
        return Err(usage.hint("without --yes and --save-plan").into());
    }
    let qualified = args.repositories.len() > 1 || !args.match_repo.is_empty();
    let mut output = context.output(PruneView { qualified })?;
    let progress = context.progress("repositories");
    let targets = targets(args, context).await?;
    progress.set_total(targets.len() as u64);
    targets.iter().for_each(|target| target.client.expect([&target.repository]));
    let planned =
        stream::iter(&targets).map(|target| async move { (target, target.plan(!args.match_repo.is_empty()).await) });
    let mut planned = planned.buffered(MOST_AT_ONCE).boxed_local();
    let mut totals: HashMap<&Registry, Totals> = HashMap::new();
    let outcome = loop {
        match next_or_flush(context, &mut planned, &mut output).await {
            Ok(Some((target, Ok(planned)))) => {
                totals.entry(target.client.registry()).or_default().add(&planned.plan);
                show(target, &planned, context, &mut output)?;
            }
            // Of one repository there is nothing else to say.
            Ok(Some((target, Err(error)))) if !qualified => break Err(context.failed(target.client.registry(), error)),
            Ok(Some((target, Err(error)))) => {
                context.report.failure(&error, &context.situation(target.client.registry()));
                output.write(&not_planned(&target.repository, &error))?;
            }
            Ok(None) => break Ok(()),
            Err(stop) => break Err(stop),
        }
        progress.inc(1);
    };
    drop(progress);
    super::close(output, outcome)?;
    if !targets.is_empty() {
        sum(totals.values(), context);
    }
    Ok(())
}

/// The repositories that are named, or those of the catalog, with their rules. All rules are known before anything is asked about a
/// tag.
async fn targets(args: &PruneArgs, context: &Context<'_>) -> Result<Vec<Target>, Stop> {
    let now = Timestamp::now();
    let given = args.rule.is_given().then(|| args.rule.rule(now)).transpose()?;
    let rule = |repository: &Repository| -> Result<Option<Rule>, Usage> {
        match &given {
            Some(rule) => Ok(Some(rule.clone())),
            None => context.settings.rule_for(repository)?.map(|rule| rule.rule(now)).transpose(),
        }
    };
    if args.match_repo.is_empty() {
        let named = args.repositories.iter().map(|text| {
            let (registry, repository) = context.settings.repository(text)?;
            let rule = rule(&repository)?.ok_or_else(|| no_rule(&repository))?;
            Ok((registry, (repository, rule)))
        });
        let named = context.clients(named.collect::<Result<Vec<_>, Usage>>()?).await?;
        let target = |(client, (repository, rule))| Target { client, repository, rule };
        return Ok(named.into_iter().map(target).collect());
    }
    let (client, repositories) = catalogued(args, context).await?;
    let mut targets = Vec::new();
    for repository in &repositories {
        let rule = rule(repository)?;
        targets.extend(rule.map(|rule| Target { client: Arc::clone(&client), repository: repository.clone(), rule }));
    }
    match (&targets[..], &repositories[..]) {
        (_, []) => context.report.warning("no repository of the catalog matches --match-repo"),
        ([], [first, ..]) => return Err(no_rule(first).into()),
        _ if targets.len() < repositories.len() => {
            let without = repositories.len() - targets.len();
            context.report.warning(&format!("no rule for {without} of {} repositories", repositories.len()));
        }
        _ => {}
    }
    Ok(targets)
}

fn no_rule(repository: &Repository) -> Usage {
    Usage::new(format!("no rule for {repository}"))
        .because("there is none on the command line, and no table in the configuration file matches the repository")
        .hint(format!(
            "--keep-last N, --older-than AGE and so on, or [prune.\"{repository}\"] in the configuration file"
        ))
}

/// The repositories of the catalog that match.
async fn catalogued(args: &PruneArgs, context: &Context<'_>) -> Result<(Arc<Client>, Vec<Repository>), Stop> {
    let filter = FilterArgs { matches: args.match_repo.clone(), exclude: Vec::new() }.filter()?;
    let registry = context.settings.registry();
    let client = context.client(&registry).await?;
    let names = client.catalog(&CatalogOptions::default());
    let names = names.try_filter(|name| std::future::ready(filter.keeps(name.as_str()))).try_collect();
    let names: Vec<Repository> =
        context.or_end(names).await?.map_err(|error| Stop::Failed(error, context.situation(&registry).of_listing()))?;
    Ok((Arc::clone(&client), names))
}

impl Target {
    /// distribution keeps a repository in its catalog after its last tag is gone, and then knows no list of tags.
    async fn plan(&self, is_from_catalog: bool) -> Result<Planned> {
        let census = match self.client.census(&self.repository).await {
            Err(error) if is_from_catalog && error.is_not_found() => Census::default(),
            census => census?,
        };
        let plan = decide(&self.rule, &census);
        Ok(Planned { census, plan })
    }
}

/// Writes the records of a repository. What could not be read of a tag is a failure, though the tag is safe.
fn show(target: &Target, planned: &Planned, context: &Context<'_>, output: &mut Output) -> Result<(), Stop> {
    let errors = planned.census.tags.iter().filter_map(|tag| Some((&tag.tag, tag.error.as_ref()?)));
    let errors: HashMap<_, _> = errors.collect();
    let situation = context.situation(target.client.registry());
    for decision in &planned.plan.decisions {
        let error = errors.get(&decision.tag).copied();
        match error {
            Some(error) => context.report.failure(error, &situation),
            None => context.report.success(),
        }
        output.write(&record(&target.repository, decision, error))?;
    }
    Ok(())
}

fn record(repository: &Repository, decision: &Decision, error: Option<&Error>) -> PruneRecord {
    let action = match decision.verdict {
        Verdict::Keep(_) => Action::Kept,
        Verdict::Remove { .. } => Action::WouldRemove,
    };
    let removal = RemovalRecord {
        repository: repository.to_string(),
        tag: Some(decision.tag.to_string()),
        digest: decision.digest.as_ref().map(ToString::to_string),
        action,
        method: None,
        reason: Some(decision.verdict.to_string()),
        error: error.map(failure),
    };
    PruneRecord { removal, created: decision.created.and_then(Time::new), size: decision.size }
}

fn not_planned(repository: &Repository, error: &Error) -> PruneRecord {
    let removal = RemovalRecord {
        repository: repository.to_string(),
        tag: None,
        digest: None,
        action: Action::Failed,
        method: None,
        reason: Some(error.what().to_owned()),
        error: Some(failure(error)),
    };
    PruneRecord { removal, created: None, size: None }
}

/// Says what the plans come to.
fn sum<'a>(totals: impl Iterator<Item = &'a Totals> + Clone, context: &Context<'_>) {
    let count = |of: fn(&Totals) -> usize| totals.clone().map(of).sum::<usize>();
    let (tags, removed, manifests) =
        (count(|totals| totals.tags), count(|totals| totals.removed), count(|totals| totals.manifests));
    let freed = totals.map(Totals::freed_bytes).fold(0, u64::saturating_add);
    let human = Human { now: Timestamp::now(), styles: Styles::for_stderr(context.settings.color) };
    let mut text = format!("{removed} of {tags} tag{} would be removed", plural(tags));
    if removed > 0 {
        text += &format!(", {manifests} manifest{}", plural(manifests));
    }
    if freed > 0 {
        text += &format!(", up to {} after the registry's garbage collection", human.size(freed));
    }
    context.report.sum(&format!("{text}."));
    if removed > 0 {
        context.report.sum("Nothing was changed; --yes carries it out.");
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
