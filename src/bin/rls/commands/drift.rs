//! `rls drift`: compares a snapshot with what its tags point to now.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use futures::{StreamExt, stream};
use registry_ls::Kind;
use registry_ls::analysis::{SavedTag, read_saved_tags};
use registry_ls::error::{Error, Result};
use registry_ls::name::{Algorithm, Digest, Reference, Registry, Tag};
use registry_ls::registry::RepositoryHandle;

use super::context::Context;
use super::snapshot::tags;
use super::stream::{MAX_PENDING, close, next_or_flush};
use crate::args::DriftArgs;
use crate::command_line::rls;
use crate::input::{self, MAX_LIST};
use crate::output::{Change, DriftRecord, DriftView};
use crate::report::{CommandError, failure};
use crate::usage::Usage;

pub async fn run(args: &DriftArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let saved = read(args, context).await?;
    let full = context.shows_full(saved.iter().map(|saved| &saved.registry));
    let mut output = context.output(DriftView { full })?;
    let mut comparisons = Vec::with_capacity(saved.len());
    let mut clients = BTreeMap::new();
    for SavedTag { registry, repository, tag, digest } in saved {
        let key = registry.to_string();
        if !clients.contains_key(&key) {
            clients.insert(key.clone(), context.client(&registry).await?);
        }
        comparisons.push((clients[&key].repository(&repository), tag, digest));
    }
    let added = if args.added { added(&comparisons) } else { Vec::new() };
    let resolved = stream::iter(comparisons).map(|(repository, tag, was)| async move {
        let algorithm = was.as_ref().map_or(Algorithm::Sha256, Digest::algorithm);
        let is = repository.find_by(&tag, algorithm).await.map(|resolved| resolved.map(|resolved| resolved.digest));
        vec![Comparison { repository, tag: Some(tag), is_new: false, was, is }]
    });
    let added = stream::iter(added).map(|(repository, known)| async move {
        let listed = listed(&repository, &known).await;
        let new = listed.map(|tags| tags.into_iter().filter(|tag| !known.contains(tag)).collect::<BTreeSet<_>>());
        new_tags(repository, new).await
    });
    let mut comparisons =
        resolved.buffered(MAX_PENDING).chain(added.buffered(MAX_PENDING)).flat_map(stream::iter).boxed_local();
    let progress = context.progress("tags");
    let (mut unchanged, mut changed, mut unknown) = (0_usize, 0_usize, 0_usize);
    let outcome = async {
        while let Some(comparison) = next_or_flush(context, &mut comparisons, &mut output).await? {
            progress.inc(1);
            let Some(record) = record(&comparison, context) else {
                unchanged += 1;
                context.report.success();
                continue;
            };
            changed += usize::from(record.error.is_none());
            unknown += usize::from(record.error.is_some());
            output.write(&record)?;
        }
        Ok(())
    };
    let outcome: Result<(), CommandError> = outcome.await;
    drop(comparisons);
    drop(progress);
    close(output, outcome)?;
    let not_known = if unknown > 0 { format!(", {unknown} unknown") } else { String::new() };
    context.report.summary(&format!("{changed} changed, {unchanged} unchanged{not_known}"));
    if changed > 0 { Err(CommandError::Reported(Box::new(Kind::Incomplete))) } else { Ok(()) }
}

/// A tag now and then.
struct Comparison {
    repository: RepositoryHandle,
    /// `None` where the tags could not be listed.
    tag: Option<Tag>,
    /// Whether the snapshot does not have it.
    is_new: bool,
    /// Its digest in the snapshot, where that was known.
    was: Option<Digest>,
    is: Result<Option<Digest>>,
}

async fn read(args: &DriftArgs, context: &Context<'_>) -> Result<BTreeSet<SavedTag>, CommandError> {
    let bytes = context.read("the snapshot", &args.file, MAX_LIST).await?;
    let parsed = context.until_shutdown(input::blocking(move || read_saved_tags(&bytes))).await?;
    let file = args.file.display().to_string();
    let file = if file == "-" { "standard input" } else { &file };
    let saved = parsed.map_err(input::cannot_read)?.map_err(|error| {
        Usage::from(error.within(format!("cannot use {file}")))
            .hint(format!("make it with: {}", rls("snapshot REPO > FILE")))
    })?;
    let reached = |saved: SavedTag| {
        let registry = context.settings.reach(saved.registry);
        match context.settings.check_requested(&registry) {
            Ok(()) => Ok(SavedTag { registry, ..saved }),
            Err(requested) => Err(Usage::new(format!("the snapshot is of {registry}, not of {requested}"))
                .because("--registry names another registry")),
        }
    };
    let saved = saved.into_iter().map(reached).collect::<Result<BTreeSet<_>, _>>()?;
    let unknown = saved.iter().filter(|saved| saved.digest.is_none()).count();
    if unknown > 0 {
        let all = saved.len();
        let what = format!("the snapshot has no digest for {unknown} of {all} tags; only their existence is checked");
        context.report.warning(&what);
    }
    Ok(saved)
}

/// The repositories of a snapshot, each with its known tags.
fn added(comparisons: &[(RepositoryHandle, Tag, Option<Digest>)]) -> Vec<(RepositoryHandle, HashSet<Tag>)> {
    let mut repositories: BTreeMap<String, (RepositoryHandle, HashSet<Tag>)> = BTreeMap::new();
    for (repository, tag, _) in comparisons {
        let name = repository.registry().qualify(repository.name());
        let known = repositories.entry(name).or_insert_with(|| (repository.clone(), HashSet::new()));
        known.1.insert(tag.clone());
    }
    repositories.into_values().collect()
}

/// The tags in the list. One that is empty or not found lacks tags where a known one exists.
async fn listed(repository: &RepositoryHandle, known: &HashSet<Tag>) -> Result<Vec<Tag>> {
    let listed = tags(repository).await?;
    if listed.is_empty() {
        for tag in known {
            if repository.find(tag).await?.is_some() {
                let what = format!("cannot determine which tags of {repository} are new");
                return Err(Error::new(Kind::Incomplete, what)
                    .because(format!("the list of its tags is empty, although {tag} exists")));
            }
        }
    }
    Ok(listed)
}

/// What the tags that are not in the snapshot point to.
async fn new_tags(repository: RepositoryHandle, tags: Result<BTreeSet<Tag>>) -> Vec<Comparison> {
    let tags = match tags {
        Ok(tags) => tags,
        Err(error) => return vec![Comparison { repository, tag: None, is_new: true, was: None, is: Err(error) }],
    };
    let comparisons = stream::iter(tags).map(|tag| {
        let repository = repository.clone();
        async move {
            let is = repository.find(&tag).await.map(|resolved| resolved.map(|resolved| resolved.digest));
            Comparison { repository, tag: Some(tag), is_new: true, was: None, is }
        }
    });
    comparisons.buffered(MAX_PENDING).collect().await
}

/// The record of a change; `None` if nothing changed.
fn record(comparison: &Comparison, context: &Context<'_>) -> Option<DriftRecord> {
    let registry: &Registry = comparison.repository.registry();
    let (change, is, error) = match (&comparison.was, &comparison.is) {
        (Some(was), Ok(Some(is))) if was == is => return None,
        (Some(_), Ok(Some(is))) => (Change::Moved, Some(is.to_string()), None),
        (_, Ok(None)) if !comparison.is_new => (Change::Vanished, None, None),
        (None, Ok(Some(is))) if comparison.is_new => (Change::Added, Some(is.to_string()), None),
        // New and gone again, or of a snapshot that does not know what it pointed to.
        (_, Ok(_)) => return None,
        (_, Err(error)) => {
            context.report.failure(error, &context.hint_context(registry));
            (Change::Unknown, None, Some(failure(error)))
        }
    };
    let name = comparison.repository.name();
    let reference = comparison.tag.clone().map(|tag| registry.qualify(Reference::tagged(name.clone(), tag)));
    Some(DriftRecord {
        registry: registry.to_string(),
        reference: reference.unwrap_or_else(|| registry.qualify(name)),
        repository: comparison.repository.to_string(),
        tag: comparison.tag.as_ref().map(ToString::to_string),
        change,
        was: comparison.was.as_ref().map(ToString::to_string),
        is,
        error,
    })
}
