//! Whether the list of repositories goes on after its first page.

use std::pin::pin;

use futures::TryStreamExt as _;

use super::check::Finding;
use super::classify;
use super::context::Context;
use super::outcome::Outcome;
use super::problem::Problem;
use crate::error::Result;
use crate::registry::CatalogOptions;

pub(super) async fn check(context: &mut Context) -> Result<Outcome> {
    let requests = || {
        let totals = context.plan.stats.totals();
        totals.requests - totals.token_fetches
    };
    let before = requests();
    let options = CatalogOptions { page_size: 1, after: None };
    let mut names = pin!(context.client()?.catalog(&options));
    for _ in 0..2 {
        match names.try_next().await {
            Ok(Some(_)) => {}
            Ok(None) => return Ok(Outcome::skipped("fewer than two repositories")),
            Err(error) => {
                let finding = Finding { problem: Problem::Paging, ..classify::finding(&error, &context.base) };
                return Ok(Outcome::failed(error.what(), finding));
            }
        }
    }
    Ok(Outcome::passed(match requests() - before {
        0 | 1 => "the whole list comes at once",
        _ => "the second page follows the first",
    }))
}
