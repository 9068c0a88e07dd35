use std::collections::BTreeSet;
use std::io::Stdout;

use futures::{StreamExt, TryStreamExt};
use registry_ls::Kind;
use registry_ls::error::{Error, Result};
use registry_ls::name::{Reference, Registry, Repository};
use registry_ls::registry::{CatalogOptions, Client, PAGE_SIZE, RepositoryHandle, flatten_batches, reorder};

use super::context::Context;
use super::stream::{close_list, limit_items, next_or_flush};
use crate::args::ReposArgs;
use crate::output::{Field, RepositoryRecord, RepositoryView};
use crate::report::{CommandError, failure};
use crate::usage::Usage;

/// A repository and, if requested, its tags.
type Listed = (Repository, Option<Result<Vec<String>>>);

type Output = crate::output::Output<RepositoryView, Stdout>;

/// A catalog, or a part of one.
struct Source {
    client: Client,
    /// The path prefix of the repositories, in whole components.
    root: Option<Repository>,
}

/// `rls repos`
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
            // The other registries are listed all the same.
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
    let mut listed = if args.tags {
        let listed = client.prefetching(names).map(|name| async move {
            let name = name?;
            let tags = tags(&client.repository(&name)).await;
            Ok((name, Some(tags)))
        });
        reorder(listed, client.max_concurrency(), size).boxed_local()
    } else {
        flatten_batches(names).map_ok(|name| (name, None)).boxed_local()
    };
    let progress = context.progress("repositories");
    while let Some(item) = next_or_flush(context, &mut listed, output).await? {
        let item =
            item.map_err(|error| CommandError::Failed(error, Box::new(context.hint_context(registry).of_listing())))?;
        output.write(&record(context, registry, item))?;
        *left -= 1;
        progress.inc(1);
    }
    Ok(())
}

/// The bytes that a listed repository takes.
fn size(listed: &Result<Listed>) -> usize {
    let Ok((_, Some(Ok(tags)))) = listed else { return 0 };
    tags.iter().map(|tag| size_of::<String>() + tag.len()).sum()
}

fn record(context: &Context<'_>, registry: &Registry, (name, tags): Listed) -> RepositoryRecord {
    let record = RepositoryRecord {
        registry: registry.to_string(),
        reference: registry.qualify(&name),
        repository: name.to_string(),
        ..RepositoryRecord::default()
    };
    match tags {
        None => record,
        Some(Ok(tags)) => {
            context.report.success();
            RepositoryRecord { tags: Field::Known(tags), ..record }
        }
        Some(Err(error)) => {
            context.report.failure(&error, &context.hint_context(registry));
            RepositoryRecord { tags: Field::Unknown, error: Some(failure(&error)), ..record }
        }
    }
}

/// The tags, by name. distribution keeps a repository in its catalog after its last tag is gone, and then answers 404
/// for its tags.
async fn tags(repository: &RepositoryHandle) -> Result<Vec<String>> {
    let tags: Result<BTreeSet<_>, Error> = repository.tags().map_ok(|tag| tag.to_string()).try_collect().await;
    match tags {
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        tags => Ok(tags?.into_iter().collect()),
    }
}

fn is_end_or_below(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('/')
}
