//! The list of the repository's tags.

use std::pin::pin;

use futures::TryStreamExt as _;

use super::examination::Examination;
use super::verdict::Verdict;
use crate::error::Result;
use crate::name::{Repository, Tag};
use crate::registry::Client;

/// So many are looked at.
const SAMPLE: usize = 1000;

pub(super) async fn check(examination: &mut Examination) -> Result<Verdict> {
    let Some(repository) = examination.plan.repository.clone() else {
        return Ok(Verdict::skipped("no repository was named"));
    };
    let (count, tag) = sample(examination.client()?, &repository).await?;
    let detail = match (count, &tag) {
        (0, _) | (_, None) => "no tags".to_owned(),
        (1, Some(only)) => format!("1 tag, {only}"),
        (SAMPLE, Some(tag)) => format!("{SAMPLE} tags or more, such as {tag}"),
        (count, Some(tag)) => format!("{count} tags, such as {tag}"),
    };
    examination.tag = tag;
    Ok(Verdict::passed(detail))
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
