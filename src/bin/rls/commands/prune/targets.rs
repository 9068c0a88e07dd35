//! The repositories that `rls prune` is about, with their rules.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use futures::TryStreamExt;
use jiff::Timestamp;
use registry_ls::error::{Error, Result};
use registry_ls::name::{Registry, Repository, Tag};
use registry_ls::registry::snapshot::{SnapshotOptions, SnapshotProgress};
use registry_ls::registry::{CatalogOptions, RepositoryHandle, TagIndex};
use registry_ls::retention::{Options, Rule, UsedImages, UsedTags};

use crate::args::{FilterArgs, PruneArgs};
use crate::commands::context::Context;
use crate::commands::names::{is_glob, split_registry};
use crate::report::CommandError;
use crate::usage::Usage;

/// A repository with the rules for it.
pub(super) struct Target {
    pub repository: RepositoryHandle,
    /// The rules; a tag is removed only if all of them remove it.
    pub rules: Vec<Rule>,
    /// The images in use, from each rule.
    pub used: Vec<Arc<UsedImages>>,
    /// Whether manifests stay after their last tag.
    pub untag_only: bool,
    pub options: Options,
    /// Whether it comes from the catalog and was not named.
    pub is_from_catalog: bool,
}

/// The rules for a repository, and how to apply them.
struct RuleSet {
    rules: Vec<Rule>,
    /// Files of `--keep-used`.
    used: Vec<PathBuf>,
    untag_only: bool,
    options: Options,
}

impl RuleSet {
    /// The rules on the command line and in the configuration file; `None` if there is neither.
    fn of(
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
        // --allow-empty of the configuration file counts only if no rule is given on the command line.
        let allowing = given.or(configured);
        applied.options.allow_empty = args.rule.allow_empty || allowing.is_some_and(|rule| rule.allow_empty);
        applied.untag_only = args.rule.untag_only || configured.is_some_and(|rule| rule.untag_only);
        Ok(Some(applied).filter(|applied| !applied.rules.is_empty()))
    }
}

/// Files of `--keep-used` that were read.
#[derive(Default)]
struct UsedFiles(HashMap<PathBuf, Arc<UsedImages>>);

impl UsedFiles {
    /// Reads each file once. Warns if it names no image of the registry: it may belong to another cluster.
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

/// The named repositories, or those of the catalog, with their rules. All rules are checked before the first request
/// about a tag.
pub(super) async fn targets(args: &PruneArgs, context: &Context<'_>) -> Result<Vec<Target>, CommandError> {
    let now = Timestamp::now();
    if args.rule.is_given() {
        args.rule.rule(now)?;
    }
    let mut files = UsedFiles::default();
    if args.match_repo.is_empty() {
        let named = args.repositories.iter().map(|text| {
            let (registry, repository) =
                context.settings.repository(text).map_err(|error| with_glob_hint(text, error))?;
            let applied = RuleSet::of(&repository, args, context, now)?.ok_or_else(|| no_rule(&repository))?;
            Ok((registry, repository, applied))
        });
        let named = named.collect::<Result<Vec<_>, Usage>>()?;
        for (registry, _, applied) in &named {
            files.read(applied.used.clone(), registry, context).await?;
        }
        let mut targets = Vec::new();
        for (registry, repository, RuleSet { rules, used, untag_only, options }) in named {
            let repository = context.client(&registry).await?.repository(&repository);
            let used = files.read(used, &registry, context).await?;
            targets.push(Target { repository, rules, used, untag_only, options, is_from_catalog: false });
        }
        return Ok(targets);
    }
    files.read(args.rule.keep_used.iter().cloned().collect(), &context.settings.registry(), context).await?;
    let repositories = catalogued(args, context).await?;
    let mut targets = Vec::new();
    for repository in &repositories {
        let Some(RuleSet { rules, used, untag_only, options }) = RuleSet::of(repository.name(), args, context, now)?
        else {
            continue;
        };
        let used = files.read(used, repository.registry(), context).await?;
        let repository = repository.clone();
        targets.push(Target { repository, rules, used, untag_only, options, is_from_catalog: true });
    }
    match (&targets[..], &repositories[..]) {
        (_, []) => context.report.warning("no repository in the catalog matches --match-repo"),
        ([], [first, ..]) => return Err(no_rule(first.name()).into()),
        _ if targets.len() < repositories.len() => {
            let without = repositories.len() - targets.len();
            context.report.warning(&format!("no rule for {without} of {} repositories", repositories.len()));
        }
        _ => {}
    }
    Ok(targets)
}

/// A glob is not the name of a repository.
fn with_glob_hint(text: &str, error: Error) -> Usage {
    if !is_glob(text) {
        return Usage::from(error);
    }
    let (registry, glob) = split_registry(text);
    let registry = registry.map(|registry| format!("-r {registry} ")).unwrap_or_default();
    Usage::from(error).hint(format!("use {registry}--match-repo '{glob}' for repositories, --match GLOB for tags"))
}

fn no_rule(repository: &Repository) -> Usage {
    Usage::new(format!("no rule for {repository}"))
        .because("none is given on the command line, and no table in the configuration file matches")
        .hint(format!(
            "use --keep-last N or --older-than AGE, or add [prune.\"{repository}\"] to the configuration file"
        ))
}

/// The repositories of the catalog that match.
async fn catalogued(args: &PruneArgs, context: &Context<'_>) -> Result<Vec<RepositoryHandle>, CommandError> {
    let filter = FilterArgs { matches: args.match_repo.clone(), exclude: Vec::new() };
    let registry = context.settings.registry();
    let client = context.client(&registry).await?;
    let names = client.catalog(&CatalogOptions::default());
    let names = names.try_filter(|name| std::future::ready(filter.keeps(name.as_str()))).try_collect();
    let names: Vec<Repository> = context
        .until_shutdown(names)
        .await?
        .map_err(|error| CommandError::Failed(error, Box::new(context.hint_context(&registry).of_listing())))?;
    Ok(names.iter().map(|name| client.repository(name)).collect())
}

impl Target {
    /// The tags and digests of the repository in use.
    pub(super) fn used(&self) -> UsedTags {
        let each =
            self.used.iter().map(|images| images.in_repository(self.repository.registry(), self.repository.name()));
        each.fold(UsedTags::default(), UsedTags::and)
    }

    /// Tags that should exist: if one of them resolves but is not listed, the list is incomplete.
    fn expected_tags(&self, used: &UsedTags) -> Vec<Tag> {
        let kept = self.rules.iter().flat_map(|rule| &rule.keep).filter_map(|glob| glob.as_str().parse().ok());
        kept.chain(used.tags().cloned()).collect()
    }

    /// Reads the repository. distribution keeps a repository in its catalog after its last tag is gone, and then
    /// answers 404 for its tags.
    pub(super) async fn snapshot(&self, progress: Arc<SnapshotProgress>) -> Result<TagIndex> {
        let (mut options, used) = (SnapshotOptions::default(), self.used());
        (options.dates, options.also, options.progress) = (true, self.expected_tags(&used), progress);
        options.pinned = used.pinned().cloned().collect();
        // What is about to be deleted is checked again right before.
        options.cached = true;
        options.to_the_end = true;
        match self.repository.snapshot(options).await {
            Err(error) if self.is_from_catalog && error.is_not_found() => Ok(TagIndex::default()),
            snapshot => snapshot,
        }
    }
}
