//! The repositories that `rls prune` is about, with their rules.

use std::sync::Arc;

use futures::TryStreamExt;
use jiff::Timestamp;
use registry_ls::error::Result;
use registry_ls::name::Repository;
use registry_ls::registry::{CatalogOptions, Census, Client};
use registry_ls::retention::Rule;

use crate::args::{FilterArgs, PruneArgs};
use crate::commands::Context;
use crate::report::Stop;
use crate::usage::Usage;

/// A repository with the rule for it.
pub(super) struct Target {
    pub client: Arc<Client>,
    pub repository: Repository,
    pub rule: Rule,
    /// Whether the catalog named it, and nobody else.
    is_from_catalog: bool,
}

/// The repositories that are named, or those of the catalog, with their rules. All rules are known before anything is asked about a
/// tag.
pub(super) async fn targets(args: &PruneArgs, context: &Context<'_>) -> Result<Vec<Target>, Stop> {
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
        let target = |(client, (repository, rule))| Target { client, repository, rule, is_from_catalog: false };
        return Ok(named.into_iter().map(target).collect());
    }
    let (client, repositories) = catalogued(args, context).await?;
    let mut targets = Vec::new();
    for repository in &repositories {
        let rule = rule(repository)?;
        targets.extend(rule.map(|rule| Target {
            client: Arc::clone(&client),
            repository: repository.clone(),
            rule,
            is_from_catalog: true,
        }));
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
    let filter = FilterArgs { matches: args.match_repo.clone(), exclude: Vec::new() };
    let registry = context.settings.registry();
    let client = context.client(&registry).await?;
    let names = client.catalog(&CatalogOptions::default());
    let names = names.try_filter(|name| std::future::ready(filter.keeps(name.as_str()))).try_collect();
    let names: Vec<Repository> =
        context.or_end(names).await?.map_err(|error| Stop::Failed(error, context.situation(&registry).of_listing()))?;
    Ok((Arc::clone(&client), names))
}

impl Target {
    /// What the repository holds. distribution keeps a repository in its catalog after its last tag is gone, and then knows no list of
    /// tags.
    pub(super) async fn census(&self) -> Result<Census> {
        match self.client.census(&self.repository).await {
            Err(error) if self.is_from_catalog && error.is_not_found() => Ok(Census::default()),
            census => census,
        }
    }
}
