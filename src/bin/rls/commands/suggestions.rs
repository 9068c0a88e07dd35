//! Suggestions for names that do not exist: similar tags, similar repositories, and the repositories in a folder.

use futures::{FutureExt, TryStreamExt};
use registry_ls::Kind;
use registry_ls::error::{Error, Missing};
use registry_ls::name::Target;
use registry_ls::registry::{CatalogOptions, RepositoryHandle};

use super::context::Context;
use crate::report::HintContext;
use crate::spelling::Similar;

/// Number of similar names.
const MAX_SIMILAR: usize = 3;

/// Number of repositories that are searched for similar ones.
const MAX_SEARCHED: usize = 10_000;

/// The context of hints about a tag or digest; for an unknown one, with similar tags or repositories.
pub async fn hint_context(
    context: &Context<'_>,
    repository: &RepositoryHandle,
    target: Target<'_>,
    error: &Error,
) -> HintContext {
    let hint_context = context.hint_context(repository.registry());
    if context.report.is_quiet() {
        return hint_context;
    }
    let missing = match (error.kind(), target) {
        (Kind::NotFound(Missing::Tag), Target::Tag(tag)) => tag,
        _ => return repository_hint_context(context, repository, error).await,
    };
    let name = format!("{repository}:{missing}");
    match context.until_shutdown(similar_tags(repository, missing.as_str()).boxed()).await {
        // It is listed, but its manifest is gone.
        Ok(Ok(similar)) if similar.contains(&name) => HintContext { dangling: Some(name), ..hint_context },
        Ok(Ok(nearest)) => HintContext { nearest, repository: Some(repository.name().to_string()), ..hint_context },
        Ok(Err(error)) if error.is_not_found() => {
            let found = repository_hint_context(context, repository, &error).await;
            HintContext { no_repository: true, ..found }
        }
        // The error itself is reported. If the command ends, that is reported next.
        Ok(Err(_)) | Err(_) => hint_context,
    }
}

/// The context of hints about a repository; for one that does not exist, or may not, with similar ones.
pub async fn repository_hint_context(
    context: &Context<'_>,
    repository: &RepositoryHandle,
    error: &Error,
) -> HintContext {
    let hint_context = context.hint_context(repository.registry());
    let is_missing = matches!(error.kind(), Kind::NotFound(Missing::Repository));
    if !is_missing || context.report.is_quiet() {
        return hint_context;
    }
    match context.until_shutdown(similar_repositories(repository).boxed()).await {
        Ok(Ok((nearest, folder))) => HintContext { nearest, folder, ..hint_context },
        // Many registries do not list their repositories.
        Ok(Err(_)) | Err(_) => hint_context,
    }
}

async fn similar_tags(repository: &RepositoryHandle, tag: &str) -> Result<Vec<String>, Error> {
    let mut similar = Similar::to(tag, MAX_SIMILAR);
    let mut batches = repository.tags().batches();
    while let Some(batch) = batches.try_next().await? {
        batch.iter().for_each(|known| similar.add(known.as_str()));
    }
    Ok(similar.into_names().into_iter().map(|tag| format!("{repository}:{tag}")).collect())
}

/// Repositories with similar names, and those in the folder of that name.
async fn similar_repositories(repository: &RepositoryHandle) -> Result<(Vec<String>, Vec<String>), Error> {
    let name = repository.name().as_str();
    let folder = format!("{name}/");
    let (mut similar, mut below, mut searched) = (Similar::to(name, MAX_SIMILAR), Vec::new(), 0);
    let mut batches = std::pin::pin!(repository.client().catalog_batches(&CatalogOptions::default()));
    while searched < MAX_SEARCHED
        && let Some(batch) = batches.try_next().await?
    {
        searched += batch.len();
        // A registry may list what it does not have.
        for known in batch.into_iter().filter(|known| known.as_str() != name) {
            // `nginx` for `web/nginx`
            if known.as_str().rsplit('/').next() == Some(name) {
                similar.add_exact(known.as_str());
            }
            similar.add(known.as_str());
            if known.as_str().starts_with(&folder) {
                below.push(known.to_string());
            }
        }
    }
    Ok((similar.into_names(), below))
}
