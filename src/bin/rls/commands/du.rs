//! `rls du`: the storage of tags, repositories and registries.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal, stdout};
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use registry_ls::analysis::{RepositoryStorage, RepositoryUsage, StorageUsage, TagUsage, UsageReport};
use registry_ls::error::{Error, Result};
use registry_ls::registry::RepositoryHandle;
use registry_ls::registry::snapshot::SnapshotOptions;
use tokio::task::spawn_blocking;

use super::context::Context;
use super::places::{Origin, Source, Target};
use super::walk::{Note, Walk};
use crate::args::{DuArgs, UsageOrder};
use crate::output::{UsageRecord, UsageView};
use crate::report::{CommandError, failure};

/// The most repositories that are read at once; their snapshots are dropped as soon as they are added up.
const MAX_SNAPSHOTS: usize = 8;

/// The storage of each registry: registries share nothing.
type Usages = BTreeMap<String, StorageUsage>;
type Reports = BTreeMap<String, UsageReport>;

/// A repository that was read, and whether its tags are shown.
struct Measured {
    repository: RepositoryHandle,
    /// Its position in the report; `None` where it could not be read.
    position: Option<usize>,
    shows_tags: bool,
    /// Whether it comes from a catalog and was not named.
    is_listed: bool,
    /// Why it could not be read.
    error: Option<Error>,
}

pub async fn run(args: &DuArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let mut output = context.output(UsageView { full: context.settings.full, bars: stdout().is_terminal() })?;
    let walk = Walk::open(context, &args.walk).await?.with_width(MAX_SNAPSHOTS).with_states();
    output.view_mut().full = walk.shows_full();
    let usage = Arc::new(Mutex::new(Usages::new()));
    let mut measured: Vec<Measured> = Vec::new();
    let measure = |target: Target| {
        let state = walk.state(&target.repository).map(str::to_owned);
        measure(target, state, walk.is_noted(), Arc::clone(&usage))
    };
    let outcome = walk.each(&mut output, measure, |_, target, outcome| {
        let is_listed = target.origin == Origin::Listed;
        let (position, error, note) = match outcome {
            Ok((position, note)) => (Some(position), None, note),
            Err(error) => (None, Some(error), Note::Unfinished),
        };
        let shows_tags = if is_listed { args.all } else { !args.summarize };
        measured.push(Measured { repository: target.repository.clone(), position, shows_tags, is_listed, error });
        Ok(note)
    });
    outcome.await?;
    let usage = std::mem::take(&mut *lock(&usage));
    let reports = apart(move || usage.into_iter().map(|(registry, usage)| (registry, usage.report())).collect());
    let reports: Reports = context.until_shutdown(reports).await?;
    let records = records(args, walk.sources(), &measured, &reports);
    for record in &records {
        output.write(record)?;
    }
    output.finish()?;
    warn(context, &measured, &reports);
    Ok(())
}

/// Reads a repository, or takes what an earlier run has noted of it, and adds it up. Returns its position in the
/// report, and what is noted. The outer error is that of a path that may be a prefix.
async fn measure(
    target: Target,
    state: Option<String>,
    is_noted: bool,
    usage: Arc<Mutex<Usages>>,
) -> Result<Result<(usize, Note)>> {
    let storage = match state.and_then(|state| serde_json::from_str(&state).ok()) {
        Some(storage) => storage,
        None => {
            let mut options = SnapshotOptions::default();
            options.cached = true;
            match target.unless_emptied(target.repository.snapshot(options).await) {
                Ok(index) => apart(move || RepositoryStorage::of(&index)).await,
                Err(error) if target.origin == Origin::Path && error.is_not_found() => return Err(error),
                Err(error) => return Ok(Err(error)),
            }
        }
    };
    let registry = target.repository.registry().to_string();
    let added = apart(move || {
        let note = match storage.is_complete() {
            true if is_noted => serde_json::to_string(&storage).map_or(Note::Unfinished, Note::State),
            true => Note::Finished,
            false => Note::Unfinished,
        };
        (lock(&usage).entry(registry).or_default().add(storage), note)
    });
    Ok(Ok(added.await))
}

fn lock(usage: &Mutex<Usages>) -> MutexGuard<'_, Usages> {
    usage.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Measured {
    fn usage<'r>(&self, reports: &'r Reports) -> Option<&'r RepositoryUsage> {
        reports.get(&self.repository.registry().to_string())?.repositories.get(self.position?)
    }
}

/// Runs `work` on another thread, so that a signal can end the command meanwhile.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    spawn_blocking(work).await.unwrap_or_else(|error| resume_unwind(error.into_panic()))
}

/// The records: tags before their repository, repositories before their registry, and a total of several registries.
fn records(args: &DuArgs, sources: &[Source], measured: &[Measured], reports: &Reports) -> Vec<UsageRecord> {
    let unread = RepositoryUsage::default();
    let mut order: Vec<(&Measured, &RepositoryUsage)> =
        measured.iter().map(|target| (target, target.usage(reports).unwrap_or(&unread))).collect();
    order.sort_by_cached_key(|(target, _)| (target.repository.registry().to_string(), target.repository.to_string()));
    match args.sort {
        UsageOrder::Name => {}
        UsageOrder::Size => order.sort_by_key(|(_, usage)| Reverse(usage.size)),
        UsageOrder::Unique => order.sort_by_key(|(_, usage)| Reverse(usage.unique)),
    }
    if args.reverse {
        order.reverse();
    }
    let largest = order.iter().map(|(_, usage)| usage.size).max().unwrap_or_default();
    let mut records = Vec::new();
    for (target, usage) in order {
        if target.shows_tags {
            records.extend(tag_records(args, target, usage));
        }
        // Below its tags it is their total.
        records.push(repository_record(target, usage, if target.shows_tags { 0 } else { largest }));
    }
    if measured.len() > 1 || measured.iter().any(|target| target.is_listed) || sources.len() != measured.len() {
        let totals = totals(sources, measured, reports).into_iter().map(|total| {
            let mut parts = records.iter().filter(|part| total.registry.is_none() || part.registry == total.registry);
            UsageRecord { complete: parts.all(|part| part.complete), ..total }
        });
        let totals: Vec<_> = totals.collect();
        records.extend(totals);
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

/// The total of each registry; of several registries also that of all.
fn totals(sources: &[Source], measured: &[Measured], reports: &Reports) -> Vec<UsageRecord> {
    let below = match sources {
        [Source::Catalog(client, Some(prefix))] => Some(client.registry().qualify(prefix)),
        [Source::Path(prefix)] if measured.iter().any(|target| target.is_listed) => {
            Some(prefix.registry().qualify(prefix.name()))
        }
        _ => None,
    };
    let total = |registry: Option<&String>, size: u64, shared: u64| UsageRecord {
        reference: below.clone().or_else(|| registry.cloned()),
        registry: registry.cloned(),
        size: Some(size),
        unique: size.saturating_sub(shared),
        shared: Some(shared),
        ..UsageRecord::default()
    };
    let registries: BTreeSet<_> = sources.iter().map(|source| source.registry().to_string()).collect();
    let sizes = |registry: &String| reports.get(registry).map_or((0, 0), |report| (report.size, report.shared));
    let mut totals: Vec<_> = registries
        .iter()
        .map(|registry| {
            let (size, shared) = sizes(registry);
            total(Some(registry), size, shared)
        })
        .collect();
    if registries.len() > 1 {
        let sum = |part: fn((u64, u64)) -> u64| {
            registries.iter().map(|registry| part(sizes(registry))).fold(0, u64::saturating_add)
        };
        totals.push(total(None, sum(|(size, _)| size), sum(|(_, shared)| shared)));
    }
    totals
}

/// Reports what could not be measured.
fn warn(context: &Context<'_>, measured: &[Measured], reports: &Reports) {
    let (mut unknown, mut example) = (0_usize, None);
    for target in measured {
        let hint_context = context.hint_context(target.repository.registry());
        match &target.error {
            Some(error) => context.report.failure(error, &hint_context),
            None => context.report.success(),
        }
        for tag in target.usage(reports).into_iter().flat_map(|usage| &usage.tags) {
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
