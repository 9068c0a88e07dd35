//! Whether the list of repositories goes on after its first page.

use std::pin::pin;

use futures::TryStreamExt as _;

use super::blame;
use super::check::Finding;
use super::examination::Examination;
use super::problem::Problem;
use super::verdict::Verdict;
use crate::error::Result;
use crate::registry::CatalogOptions;

pub(super) async fn check(examination: &mut Examination) -> Result<Verdict> {
    let requests = || {
        let totals = examination.plan.stats.totals();
        totals.requests - totals.token_fetches
    };
    let before = requests();
    let options = CatalogOptions { page_size: 1, after: None };
    let mut names = pin!(examination.client()?.catalog(&options));
    for _ in 0..2 {
        match names.try_next().await {
            Ok(Some(_)) => {}
            Ok(None) => return Ok(Verdict::skipped("fewer than two repositories")),
            Err(error) => {
                let finding = Finding { problem: Problem::Paging, ..blame::finding(&error, &examination.base) };
                return Ok(Verdict::failed(error.what(), finding));
            }
        }
    }
    Ok(Verdict::passed(match requests() - before {
        0 | 1 => "the whole list comes at once",
        _ => "the second page follows the first",
    }))
}
