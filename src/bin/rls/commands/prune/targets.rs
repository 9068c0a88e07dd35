//! The repositories that `rls prune` is about, with their rules.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use futures::TryStreamExt;
use jiff::Timestamp;
use registry_ls::error::Result;
use registry_ls::name::{Registry, Repository, Tag};
use registry_ls::registry::snapshot::{SnapshotOptions, SnapshotProgress};
use registry_ls::registry::{CatalogOptions, Client, TagIndex};
use registry_ls::retention::{Options, Rule, UsedImages, UsedTags};

use crate::args::{FilterArgs, PruneArgs};
use crate::commands::Context;
use crate::report::CommandError;
use crate::usage::Usage;

/// A repository with the rules for it.
pub(super) struct Target {
    pub client: Arc<Client>,
    pub repository: Repository,
    /// They add up.
    pub rules: Vec<Rule>,
    /// What is in use, by each of the rules.
    pub used: Vec<Arc<UsedImages>>,
    /// Whether manifests stay that no tag needs any longer.
    pub untag_only: bool,
    pub options: Options,
    /// Whether the catalog named it, and nobody else.
    is_from_catalog: bool,
}

/// What is done in a repository.
struct Applied {
    rules: Vec<Rule>,
    /// Files that name what is in use.
    used: Vec<PathBuf>,
    untag_only: bool,
    options: Options,
}

impl Applied {
    /// The rules for a repository: the one on the command line, and the one in the configuration file. `None` where there is neither.
    fn to(
        repository: &Repository,
        args: &PruneArgs,
        context: &Context<'_>,
        now: Timestamp,
    ) -> Result<Option<Self>, Usage> {
        let given = Some(&args.rule).filter(|rule| rule.is_given());
        let configured = context.settings.rule_for(repository)?;
        if args.no_config_rule && configured.is_some() {
            context.report.warning(&format!("ignoring the rule for {repository} in the configuration file"));
        }
        let configured = configured.filter(|_| !args.no_config_rule);
        let mut applied = Self { rules: Vec::new(), used: Vec::new(), untag_only: false, options: Options::at(now) };
        for (rule, label) in given.map(|rule| (rule, None)).into_iter().chain(configured.map(|rule| (rule, given))) {
            let label = label.map(|_| "configuration file".to_owned());
            let mut applied_rule = rule.rule(now)?;
            applied_rule.label = label;
            applied.rules.push(applied_rule);
            applied.used.extend(rule.keep_used.clone());
        }
        // What is allowed has to be allowed by the rule that is given, if one is.
        let allowing = given.or(configured);
        applied.options.allow_empty = args.rule.allow_empty || allowing.is_some_and(|rule| rule.allow_empty);
        applied.untag_only = args.rule.untag_only || configured.is_some_and(|rule| rule.untag_only);
        Ok(Some(applied).filter(|applied| !applied.rules.is_empty()))
    }
}

/// The files that were read.
#[derive(Default)]
struct UsedFiles(HashMap<PathBuf, Arc<UsedImages>>);

impl UsedFiles {
    /// Reads each file once. One that says nothing about the registry is perhaps another cluster's.
    async fn read(
        &mut self,
        files: Vec<PathBuf>,
        registry: &Registry,
        context: &Context<'_>,
    ) -> Result<Vec<Arc<UsedImages>>, CommandError> {
        let mut all = Vec::new();
        for file in files {
            if let Some(known) = self.0.get(&file) {
                all.push(Arc::clone(known));
                continue;
            }
            let images = Arc::new(context.used_images(&file).await?);
            if !images.names_registry(registry) {
                let name =
                    if file.as_os_str() == "-" { "standard input".to_owned() } else { file.display().to_string() };
                context.report.warning(&format!("{name} names no image of {registry}"));
            }
            self.0.insert(file, Arc::clone(&images));
            all.push(images);
        }
        Ok(all)
    }
}

/// The repositories that are named, or those of the catalog, with their rules. All rules are known before anything is asked about a
/// tag.
pub(super) async fn targets(args: &PruneArgs, context: &Context<'_>) -> Result<Vec<Target>, CommandError> {
    let now = Timestamp::now();
    if args.rule.is_given() {
        args.rule.rule(now)?;
    }
    let mut files = UsedFiles::default();
    if args.match_repo.is_empty() {
        let named = args.repositories.iter().map(|text| {
            let (registry, repository) = context.settings.repository(text)?;
            let applied = Applied::to(&repository, args, context, now)?.ok_or_else(|| no_rule(&repository))?;
            Ok((registry, (repository, applied)))
        });
        let named = named.collect::<Result<Vec<_>, Usage>>()?;
        for (registry, (_, applied)) in &named {
            files.read(applied.used.clone(), registry, context).await?;
        }
        let mut targets = Vec::new();
        for (client, (repository, Applied { rules, used, untag_only, options })) in context.clients(named).await? {
            let used = files.read(used, client.registry(), context).await?;
            targets.push(Target { client, repository, rules, used, untag_only, options, is_from_catalog: false });
        }
        return Ok(targets);
    }
    files.read(args.rule.keep_used.iter().cloned().collect(), &context.settings.registry(), context).await?;
    let (client, repositories) = catalogued(args, context).await?;
    let mut targets = Vec::new();
    for repository in &repositories {
        let Some(Applied { rules, used, untag_only, options }) = Applied::to(repository, args, context, now)? else {
            continue;
        };
        let (client, repository) = (Arc::clone(&client), repository.clone());
        let used = files.read(used, client.registry(), context).await?;
        targets.push(Target { client, repository, rules, used, untag_only, options, is_from_catalog: true });
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
async fn catalogued(args: &PruneArgs, context: &Context<'_>) -> Result<(Arc<Client>, Vec<Repository>), CommandError> {
    let filter = FilterArgs { matches: args.match_repo.clone(), exclude: Vec::new() };
    let registry = context.settings.registry();
    let client = context.client(&registry).await?;
    let names = client.catalog(&CatalogOptions::default());
    let names = names.try_filter(|name| std::future::ready(filter.keeps(name.as_str()))).try_collect();
    let names: Vec<Repository> = context
        .until_shutdown(names)
        .await?
        .map_err(|error| CommandError::Failed(error, Box::new(context.hint_context(&registry).of_listing())))?;
    Ok((Arc::clone(&client), names))
}

impl Target {
    /// What is in use of the repository.
    pub(super) fn used(&self) -> UsedTags {
        let each = self.used.iter().map(|images| images.in_repository(self.client.registry(), &self.repository));
        each.fold(UsedTags::default(), UsedTags::and)
    }

    /// Tags that are said to be there: a list that lacks one of them which resolves lacks others as well.
    fn also(&self) -> Vec<Tag> {
        let kept = self.rules.iter().flat_map(|rule| &rule.keep).filter_map(|glob| glob.as_str().parse().ok());
        kept.chain(self.used().tags().cloned()).collect()
    }

    /// What the repository holds. distribution keeps a repository in its catalog after its last tag is gone, and then knows no list of
    /// tags.
    pub(super) async fn snapshot(&self, progress: Arc<SnapshotProgress>) -> Result<TagIndex> {
        let mut options = SnapshotOptions::default();
        (options.dates, options.also, options.progress) = (true, self.also(), progress);
        match self.client.snapshot(&self.repository, options).await {
            Err(error) if self.is_from_catalog && error.is_not_found() => Ok(TagIndex::default()),
            snapshot => snapshot,
        }
    }
}
