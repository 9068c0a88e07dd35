//! The list of the repository's tags.

use std::pin::pin;

use futures::TryStreamExt as _;

use super::context::Context;
use super::outcome::Outcome;
use crate::error::Result;
use crate::name::{Repository, Tag};
use crate::registry::Client;

/// So many are looked at.
const SAMPLE: usize = 1000;

pub(super) async fn check(context: &mut Context) -> Result<Outcome> {
    let Some(repository) = context.plan.repository.clone() else {
        return Ok(Outcome::skipped("no repository was named"));
    };
    let (count, tag) = sample(context.client()?, &repository).await?;
    let detail = match (count, &tag) {
        (0, _) | (_, None) => "no tags".to_owned(),
        (1, Some(only)) => format!("1 tag, {only}"),
        (SAMPLE, Some(tag)) => format!("{SAMPLE} tags or more, such as {tag}"),
        (count, Some(tag)) => format!("{count} tags, such as {tag}"),
    };
    context.tag = tag;
    Ok(Outcome::passed(detail))
}

/// How many tags there are, and one of them: `latest` if it is there.
async fn sample(client: &Client, repository: &Repository) -> Result<(usize, Option<Tag>)> {
    let (mut count, mut chosen): (usize, Option<Tag>) = (0, None);
    let mut tags = pin!(client.tags(repository));
    while count < SAMPLE
        && let Some(tag) = tags.try_next().await?
    {
        count += 1;
        if chosen.is_none() || tag == Tag::latest() {
            chosen = Some(tag);
        }
    }
    Ok((count, chosen))
}
