use std::cmp::Reverse;
use std::io::{IsTerminal, stdout};
use std::panic::resume_unwind;

use futures::{StreamExt, TryStreamExt, stream};
use registry_ls::analysis::{RepositoryUsage, StorageUsage, TagUsage, UsageReport};
use registry_ls::error::{Error, Result};
use registry_ls::registry::snapshot::SnapshotOptions;
use registry_ls::registry::{RepositoryHandle, TagIndex};
use tokio::task::spawn_blocking;

use super::context::Context;
use super::places::Source;
use crate::args::{DuArgs, UsageOrder};
use crate::output::{UsageRecord, UsageView};
use crate::report::{CommandError, failure};

/// The most repositories that are read at once; their snapshots are dropped as soon as they are added up.
const MAX_SNAPSHOTS: usize = 8;

/// A repository that was read, and whether its tags are shown.
struct Measured {
    repository: RepositoryHandle,
    shows_tags: bool,
    /// Whether it comes from a catalog and was not named.
    is_listed: bool,
    /// Why it could not be read.
    error: Option<Error>,
}

/// `rls du`
pub async fn run(args: &DuArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let mut output = context.output(UsageView { full: context.settings.full, bars: stdout().is_terminal() })?;
    let sources = context.sources(&args.targets).await?;
    output.view_mut().full = context.shows_full(sources.iter().map(Source::registry));
    let (measured, report) = measure(args, context, &sources).await?;
    let records = records(args, &sources, &measured, &report);
    for record in &records {
        output.write(record)?;
    }
    output.finish()?;
    warn(context, &measured, &report);
    Ok(())
}

/// Reads the repositories and adds them up.
async fn measure(
    args: &DuArgs,
    context: &Context<'_>,
    sources: &[Source],
) -> Result<(Vec<Measured>, UsageReport), CommandError> {
    let progress = context.progress("repositories");
    let repositories = stream::iter(sources).flat_map(|source| {
        let listed = source.repositories(context, &args.filter);
        listed.map_ok(|repository| (repository, source.is_catalog()))
    });
    let read = repositories.map(|item| async move {
        let (repository, is_listed) = item?;
        let mut options = SnapshotOptions::default();
        options.cached = true;
        let index = repository.snapshot(options).await;
        Ok((repository, is_listed, index))
    });
    let mut read = read.buffered(MAX_SNAPSHOTS).boxed_local();
    let (mut measured, mut usage) = (Vec::new(), StorageUsage::default());
    while let Some(item) = context.until_shutdown(read.next()).await? {
        let (repository, is_listed, index): (_, _, Result<TagIndex>) = match item {
            Ok(item) => item,
            // The other registries are still measured.
            Err(CommandError::Failed(error, hint_context)) if sources.len() > 1 => {
                context.report.failure(&error, &hint_context);
                continue;
            }
            Err(error) => return Err(error),
        };
        let (index, error) = match index {
            Ok(index) => (index, None),
            // distribution keeps a repository in its catalog after its last tag is gone.
            Err(error) if error.is_not_found() && is_listed => (TagIndex::default(), None),
            Err(error) => (TagIndex::default(), Some(error)),
        };
        let added = apart(move || {
            usage.add(&index);
            usage
        });
        usage = context.until_shutdown(added).await?;
        let shows_tags = if is_listed { args.all } else { !args.summarize };
        measured.push(Measured { repository, shows_tags, is_listed, error });
        progress.inc(1);
    }
    let report = context.until_shutdown(apart(move || usage.report())).await?;
    Ok((measured, report))
}

/// Runs `work` on another thread, so that a signal can end the command meanwhile.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    spawn_blocking(work).await.unwrap_or_else(|error| resume_unwind(error.into_panic()))
}

/// The records: tags before their repository, repositories before their registry, and a total of several registries.
fn records(args: &DuArgs, sources: &[Source], measured: &[Measured], report: &UsageReport) -> Vec<UsageRecord> {
    let mut order: Vec<usize> = (0..measured.len().min(report.repositories.len())).collect();
    let name = |at: &usize| (measured[*at].repository.registry().to_string(), measured[*at].repository.to_string());
    let repository = |at: &usize| &report.repositories[*at];
    order.sort_by_cached_key(name);
    match args.sort {
        UsageOrder::Name => {}
        UsageOrder::Size => order.sort_by_key(|at| Reverse(repository(at).size)),
        UsageOrder::Unique => order.sort_by_key(|at| Reverse(repository(at).unique)),
    }
    if args.reverse {
        order.reverse();
    }
    let largest = order.iter().map(|at| repository(at).size).max().unwrap_or_default();
    let mut records = Vec::new();
    for at in order {
        let (target, usage) = (&measured[at], &report.repositories[at]);
        if target.shows_tags {
            records.extend(tag_records(args, target, usage));
        }
        // Below its tags it is their total.
        records.push(repository_record(target, usage, if target.shows_tags { 0 } else { largest }));
    }
    if measured.len() > 1 || measured.iter().any(|target| target.is_listed) || sources.len() != measured.len() {
        let complete = records.iter().all(|record| record.complete);
        records.push(UsageRecord { complete, ..total(sources, report) });
    }
    records
}

fn tag_records(args: &DuArgs, target: &Measured, usage: &RepositoryUsage) -> Vec<UsageRecord> {
    let mut tags: Vec<&TagUsage> = usage.tags.iter().collect();
    tags.sort_by(|a, b| a.tag.as_str().cmp(b.tag.as_str()));
    match args.sort {
        UsageOrder::Name => {}
        UsageOrder::Size => tags.sort_by_key(|tag| Reverse(tag.size)),
        UsageOrder::Unique => tags.sort_by_key(|tag| Reverse(tag.unique)),
    }
    if args.reverse {
        tags.reverse();
    }
    let largest = tags.iter().filter_map(|tag| tag.size).max().unwrap_or_default();
    let record = |tag: &TagUsage| UsageRecord {
        tag: Some(tag.tag.to_string()),
        reference: Some(target.repository.registry().qualify(format!("{}:{}", target.repository, tag.tag))),
        size: tag.size,
        unique: tag.unique,
        shared: tag.size.map(|size| size.saturating_sub(tag.unique)),
        complete: tag.size.is_some(),
        error: tag.error.as_ref().map(failure),
        largest,
        ..of_repository(target)
    };
    tags.into_iter().map(record).collect()
}

fn repository_record(target: &Measured, usage: &RepositoryUsage, largest: u64) -> UsageRecord {
    let complete = target.error.is_none() && usage.tags.iter().all(|tag| tag.size.is_some());
    // What could not be measured at all does not count as using nothing.
    let is_known = complete || usage.size > 0;
    UsageRecord {
        size: Some(usage.size).filter(|_| is_known),
        unique: usage.unique,
        shared: Some(usage.size.saturating_sub(usage.unique)).filter(|_| is_known),
        complete,
        error: target.error.as_ref().map(failure),
        largest,
        ..of_repository(target)
    }
}

fn of_repository(target: &Measured) -> UsageRecord {
    let registry = target.repository.registry();
    UsageRecord {
        registry: Some(registry.to_string()),
        reference: Some(registry.qualify(target.repository.name())),
        repository: Some(target.repository.to_string()),
        ..UsageRecord::default()
    }
}

/// The grand total.
fn total(sources: &[Source], report: &UsageReport) -> UsageRecord {
    let mut registries = sources.iter().map(|source| source.registry().to_string());
    let registry = registries.next().filter(|first| registries.all(|other| other == *first));
    let below = match sources {
        [source] => source.prefix().map(|prefix| source.registry().qualify(prefix)),
        _ => None,
    };
    UsageRecord {
        reference: below.or_else(|| registry.clone()),
        registry,
        size: Some(report.size),
        unique: report.size.saturating_sub(report.shared),
        shared: Some(report.shared),
        ..UsageRecord::default()
    }
}

/// Reports what could not be measured.
fn warn(context: &Context<'_>, measured: &[Measured], report: &UsageReport) {
    let (mut unknown, mut example) = (0_usize, None);
    for (target, usage) in measured.iter().zip(&report.repositories) {
        let hint_context = context.hint_context(target.repository.registry());
        match &target.error {
            Some(error) => context.report.failure(error, &hint_context),
            None => context.report.success(),
        }
        for tag in &usage.tags {
            let name = format!("{}:{}", target.repository, tag.tag);
            match &tag.error {
                Some(error) => {
                    context.report.failure(&error.clone().within(format!("cannot measure {name}")), &hint_context);
                }
                None if tag.size.is_none() => {
                    unknown += 1;
                    example.get_or_insert(name);
                }
                None => {}
            }
        }
    }
    if let Some(example) = example {
        let others = if unknown > 1 { format!(" and {} more", unknown - 1) } else { String::new() };
        context.report.warning(&format!(
            "unknown size: {example}{others}; manifests are missing, or are schema 1, which has no sizes"
        ));
    }
    context.report.summary("untagged manifests are not counted: registries do not list them");
}
