//! Suggestions for tags that do not exist.

use std::cmp::Reverse;

use futures::{FutureExt, TryStreamExt};
use registry_ls::Kind;
use registry_ls::error::{Error, Missing};
use registry_ls::name::Target;
use registry_ls::registry::RepositoryHandle;

use super::context::Context;
use crate::report::HintContext;

/// Number of suggestions.
const MAX_SUGGESTIONS: usize = 3;

/// The context of hints about a tag or digest; for an unknown tag, with the most similar tags.
pub async fn hint_context(
    context: &Context<'_>,
    repository: &RepositoryHandle,
    target: Target<'_>,
    error: &Error,
) -> HintContext {
    let hint_context = context.hint_context(repository.registry());
    let Target::Tag(tag) = target else { return hint_context };
    if !matches!(error.kind(), Kind::NotFound(Missing::Tag)) || context.report.is_quiet() {
        return hint_context;
    }
    let name = format!("{repository}:{tag}");
    match context.until_shutdown(nearest(repository, tag.as_str()).boxed()).await {
        // It is listed, but its manifest is gone.
        Ok(Ok(nearest)) if nearest.contains(&name) => HintContext { dangling: Some(name), ..hint_context },
        Ok(Ok(nearest)) => HintContext { nearest, ..hint_context },
        Ok(Err(error)) => HintContext { no_repository: error.is_not_found(), ..hint_context },
        // The command ends; the error itself is reported first.
        Err(_) => hint_context,
    }
}

async fn nearest(repository: &RepositoryHandle, tag: &str) -> Result<Vec<String>, Error> {
    let mut best: Vec<(u32, String)> = Vec::new();
    let mut tags = repository.tags();
    while let Some(known) = tags.try_next().await? {
        // Whole thousandths, because floating-point numbers have no order.
        let similarity = (strsim::jaro_winkler(tag, known.as_str()) * 1000.0) as u32;
        best.push((similarity, known.to_string()));
        best.sort_by(|a, b| (Reverse(a.0), &a.1).cmp(&(Reverse(b.0), &b.1)));
        best.truncate(MAX_SUGGESTIONS);
    }
    Ok(best.into_iter().map(|(_, tag)| format!("{repository}:{tag}")).collect())
}
