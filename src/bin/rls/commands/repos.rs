//! `rls repos`: lists the repositories of registries, with `--tags` their tags.

use std::collections::BTreeSet;
use std::io::Stdout;
use std::rc::Rc;

use futures::{StreamExt, TryStreamExt};
use registry_ls::Kind;
use registry_ls::error::Result;
use registry_ls::name::{Reference, Registry, Repository, Tag};
use registry_ls::registry::{CatalogOptions, Client, PAGE_SIZE, RepositoryHandle, flatten_batches, reorder};

use super::context::Context;
use super::held::{Budget, Held, Turns};
use super::stream::{close_list, limit_items, next_or_flush};
use crate::args::ReposArgs;
use crate::output::{Field, RepositoryRecord, RepositoryView};
use crate::report::{CommandError, failure};
use crate::usage::Usage;

/// A repository and, if requested, its tags.
type Listed = (Repository, Option<Result<HeldTags>>);

/// The tags of a repository, in memory until they are printed.
struct HeldTags {
    tags: Vec<String>,
    held: Held,
}

type Output = crate::output::Output<RepositoryView, Stdout>;

/// What a string takes besides its text, with its place in a list, in bytes.
const STRING: usize = 56;

/// A catalog, or a part of one.
struct Source {
    client: Client,
    /// The path prefix of the repositories, in whole components.
    root: Option<Repository>,
}

pub async fn run(args: &ReposArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let mut output = context.output(RepositoryView { tags: args.tags, full: context.settings.full })?;
    let sources = sources(args, context).await?;
    output.view_mut().full = context.shows_full(sources.iter().map(|source| source.client.registry()));
    let mut left = args.limit.map_or(usize::MAX, |limit| usize::try_from(limit.get()).unwrap_or(usize::MAX));
    let mut outcome = Ok(());
    for source in &sources {
        outcome = list(args, context, source, &mut left, &mut output).await;
        match outcome {
            Ok(()) => context.report.success(),
            // The other registries are still listed.
            Err(CommandError::Failed(ref error, ref hint_context))
                if sources.len() > 1 && !matches!(error.kind(), Kind::TimedOut) =>
            {
                context.report.failure(error, hint_context);
                outcome = Ok(());
            }
            Err(_) => break,
        }
    }
    close_list(context, output, outcome, || {
        let hosts: Vec<_> = sources.iter().map(|source| source.client.registry().to_string()).collect();
        let matching = if args.filter.selects() || args.prefix.is_some() { "matching " } else { "" };
        format!("no {matching}repositories in {}", hosts.join(", "))
    })
}

/// The requested catalogs. All names are parsed before the first is listed.
async fn sources(args: &ReposArgs, context: &Context<'_>) -> Result<Vec<Source>, CommandError> {
    let texts: Vec<Option<&str>> = match &args.roots[..] {
        [] => vec![None],
        roots => roots.iter().map(|root| Some(root.as_str())).collect(),
    };
    let mut sources = Vec::with_capacity(texts.len());
    for text in texts {
        let (registry, root) = context.place(text).await?;
        let root = root.map(|root| without_tag(text, &root)).transpose()?;
        sources.push(Source { client: context.client(&registry).await?, root });
    }
    Ok(sources)
}

/// The path prefix of repositories. A pasted URL may have a tag, which is ignored.
fn without_tag(text: Option<&str>, root: &Reference) -> Result<Repository, Usage> {
    let is_address = text.is_some_and(|text| text.contains("://"));
    if is_address { Ok(root.repository().clone()) } else { Ok(root.to_string().parse()?) }
}

/// Lists a catalog as it arrives, and decrements the number of repositories left to list.
async fn list(
    args: &ReposArgs,
    context: &Context<'_>,
    source: &Source,
    left: &mut usize,
    output: &mut Output,
) -> Result<(), CommandError> {
    let (client, registry) = (&source.client, source.client.registry());
    let matches = |name: &Repository| {
        let name = name.as_str();
        let is_below = |root: &Repository| name.strip_prefix(root.as_str()).is_some_and(is_end_or_below);
        let below = source.root.as_ref().is_none_or(is_below);
        below && name.starts_with(args.prefix.as_deref().unwrap_or_default()) && args.filter.keeps(name)
    };
    let options = CatalogOptions::default().with_page_size((*left).min(PAGE_SIZE)).with_after(args.after.clone());
    let names = client.catalog_batches(&options).map_ok(|mut names| {
        names.retain(matches);
        names
    });
    let names = limit_items(*left, names.boxed_local());
    let (turns, ahead) = (Turns::default(), Budget::ahead());
    let mut listed = if args.tags {
        let listed = client.prefetching(names).enumerate().map(|(number, name)| {
            let (turns, ahead) = (&turns, &ahead);
            async move {
                let name = name?;
                let repository = client.repository(&name);
                let read = async |budget| tags(&repository, &budget).await;
                let tags = turns.read(number, ahead, Budget::of_one, read, |tags| tags.as_ref().err()).await;
                Ok((name, Some(tags)))
            }
        });
        reorder(listed, || client.concurrency(), size).boxed_local()
    } else {
        flatten_batches(names).map_ok(|name| (name, None)).boxed_local()
    };
    let progress = context.progress("repositories");
    while let Some(item) = next_or_flush(context, &mut listed, output).await? {
        let item =
            item.map_err(|error| CommandError::Failed(error, Box::new(context.hint_context(registry).of_listing())))?;
        let (record, held) = record(context, registry, item);
        output.write(&record)?;
        drop((record, held));
        turns.end();
        *left -= 1;
        progress.inc(1);
    }
    Ok(())
}

/// The bytes that a listed repository takes.
fn size(listed: &Result<Listed>) -> usize {
    let Ok((_, Some(Ok(tags)))) = listed else { return 0 };
    tags.held.bytes()
}

fn record(context: &Context<'_>, registry: &Registry, (name, tags): Listed) -> (RepositoryRecord, Option<Held>) {
    let record = RepositoryRecord {
        registry: registry.to_string(),
        reference: registry.qualify(&name),
        repository: name.to_string(),
        ..RepositoryRecord::default()
    };
    match tags {
        None => (record, None),
        Some(Ok(HeldTags { tags, held })) => {
            context.report.success();
            (RepositoryRecord { tags: Field::Known(tags), ..record }, Some(held))
        }
        Some(Err(error)) => {
            context.report.failure(&error, &context.hint_context(registry).of_held_list());
            (RepositoryRecord { tags: Field::Unknown, error: Some(failure(&error)), ..record }, None)
        }
    }
}

/// The tags, by name. distribution keeps a repository in its catalog after its last tag is gone, and then answers 404
/// for its tags.
async fn tags(repository: &RepositoryHandle, budget: &Rc<Budget>) -> Result<HeldTags> {
    // Each is held in the record and in what is printed of it, there with the name of its repository.
    let memory = |tag: &Tag| 2 * (tag.as_str().len() + STRING) + repository.name().as_str().len();
    let mut held = Held::none(budget, repository);
    let mut tags = BTreeSet::new();
    let mut listed = repository.tags().batches();
    while let Some(batch) = listed.next().await {
        let batch = match batch {
            Err(error) if error.is_not_found() => break,
            batch => batch?,
        };
        held.add(batch.iter().map(memory).sum())?;
        tags.extend(batch.into_iter().map(|tag| tag.to_string()));
    }
    Ok(HeldTags { tags: tags.into_iter().collect(), held })
}

fn is_end_or_below(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('/')
}
