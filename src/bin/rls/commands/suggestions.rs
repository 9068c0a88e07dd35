//! Suggestions for tags that do not exist.

use std::cmp::Reverse;

use futures::{FutureExt, StreamExt, TryStreamExt};
use registry_ls::Kind;
use registry_ls::error::{Error, Missing};
use registry_ls::name::{Reference, Repository, Target};
use registry_ls::registry::Client;

use super::context::Context;
use crate::report::HintContext;

/// Number of suggestions.
const MAX_SUGGESTIONS: usize = 3;

/// The context of hints about a reference; for an unknown tag, with the most similar tags.
pub async fn hint_context(context: &Context<'_>, client: &Client, reference: &Reference, error: &Error) -> HintContext {
    let hint_context = context.hint_context(client.registry());
    let Target::Tag(tag) = reference.target() else { return hint_context };
    if !matches!(error.kind(), Kind::NotFound(Missing::Tag)) || context.report.is_quiet() {
        return hint_context;
    }
    match context.until_shutdown(nearest(client, reference.repository(), tag.as_str()).boxed()).await {
        // It is listed, but its manifest is gone.
        Ok(Ok(nearest)) if nearest.iter().any(|name| *name == reference.to_string()) => {
            HintContext { dangling: Some(reference.to_string()), ..hint_context }
        }
        Ok(Ok(nearest)) => HintContext { nearest, ..hint_context },
        Ok(Err(error)) => HintContext { no_repository: error.is_not_found(), ..hint_context },
        // The command ends; the error itself is reported first.
        Err(_) => hint_context,
    }
}

async fn nearest(client: &Client, repository: &Repository, tag: &str) -> Result<Vec<String>, Error> {
    let mut best: Vec<(u32, String)> = Vec::new();
    let mut tags = client.tags(repository).boxed();
    while let Some(known) = tags.try_next().await? {
        // Whole thousandths, because floating-point numbers have no order.
        let similarity = (strsim::jaro_winkler(tag, known.as_str()) * 1000.0) as u32;
        best.push((similarity, known.to_string()));
        best.sort_by(|a, b| (Reverse(a.0), &a.1).cmp(&(Reverse(b.0), &b.1)));
        best.truncate(MAX_SUGGESTIONS);
    }
    Ok(best.into_iter().map(|(_, tag)| format!("{repository}:{tag}")).collect())
}
