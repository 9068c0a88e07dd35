use std::collections::BTreeSet;

use futures::{StreamExt, TryStreamExt};
use registry_ls::error::{Error, Result};
use registry_ls::name::Repository;
use registry_ls::registry::{CatalogOptions, Client, PAGE_SIZE, one_by_one};

use super::{Context, first, next_or_flush};
use crate::args::ReposArgs;
use crate::output::{Field, RepositoryRecord, RepositoryView};
use crate::report::{Stop, failure};
use crate::usage::Usage;

/// A repository and, if they were asked for, its tags.
type Listed = (Repository, Option<Result<Vec<String>>>);

/// `rls repos`
pub async fn run(args: &ReposArgs, context: &Context<'_>) -> Result<(), Stop> {
    let (registry, root) = context.settings.catalog(args.root.as_deref()).map_err(Usage::from)?;
    let mut output = context.output(RepositoryView { tags: args.tags })?;
    let client = context.client(&registry).await?;
    let limit = args.limit.map_or(usize::MAX, |limit| usize::try_from(limit.get()).unwrap_or(usize::MAX));
    let wanted = |name: &Repository| {
        let name = name.as_str();
        let below = root.as_ref().is_none_or(|root| name.strip_prefix(root.as_str()).is_some_and(is_end_or_below));
        below && name.starts_with(args.prefix.as_deref().unwrap_or_default()) && args.filter.keeps(name)
    };
    let options = CatalogOptions { page_size: limit.min(PAGE_SIZE), after: args.after.clone() };
    let names = client.catalog_batches(&options).map_ok(|mut names| {
        names.retain(wanted);
        names
    });
    let names = first(limit, names.boxed_local());
    let client = &client;
    let mut listed = if args.tags {
        let listed = client.expecting(names).map(|name| async move {
            let name = name?;
            let tags = tags(client, &name).await;
            Ok((name, Some(tags)))
        });
        listed.buffered(client.jobs()).boxed_local()
    } else {
        one_by_one(names).map_ok(|name| (name, None)).boxed_local()
    };
    let progress = context.progress("repositories");
    let outcome = loop {
        match next_or_flush(context, &mut listed, &mut output).await {
            Ok(Some(Ok(item))) => output.write(&record(context, &registry, item))?,
            Ok(Some(Err(error))) => break Err(Stop::Failed(error, context.situation(&registry).of_listing())),
            Ok(None) => break Ok(()),
            Err(stop) => break Err(stop),
        }
        progress.inc(1);
    };
    drop(progress);
    super::close(output, outcome)
}

fn record(context: &Context<'_>, registry: &registry_ls::name::Registry, (name, tags): Listed) -> RepositoryRecord {
    let repository = name.to_string();
    match tags {
        None => RepositoryRecord { repository, ..RepositoryRecord::default() },
        Some(Ok(tags)) => {
            context.report.success();
            RepositoryRecord { repository, tags: Field::Known(tags), error: None }
        }
        Some(Err(error)) => {
            context.report.failure(&error, &context.situation(registry));
            RepositoryRecord { repository, tags: Field::Unknown, error: Some(failure(&error)) }
        }
    }
}

/// The tags by name. distribution keeps a repository in its catalog after its last tag is gone, and then knows no list of tags.
async fn tags(client: &Client, repository: &Repository) -> Result<Vec<String>> {
    let tags: Result<BTreeSet<_>, Error> = client.tags(repository).map_ok(|tag| tag.to_string()).try_collect().await;
    match tags {
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        tags => Ok(tags?.into_iter().collect()),
    }
}

fn is_end_or_below(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('/')
}
