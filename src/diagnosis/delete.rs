//! Whether the repository's manifests could be deleted, by asking to delete one that does not exist.

use super::blame;
use super::check::Finding;
use super::examination::Examination;
use super::problem::Problem;
use super::verdict::Verdict;
use crate::auth::{Action, Right};
use crate::error::{Kind, Result};

pub(super) async fn check(examination: &mut Examination) -> Result<Verdict> {
    let Some(repository) = examination.repository() else {
        return Ok(Verdict::skipped("no repository was named"));
    };
    if examination.lacks_credentials {
        return Ok(Verdict::skipped("not tried: nothing is deleted without the credentials that could not be had"));
    }
    let Err(error) = examination.client()?.probe_deletion(repository).await else {
        return Ok(Verdict::passed("allowed"));
    };
    let finding = blame::finding(&error, &examination.base);
    Ok(match error.kind() {
        Kind::Unsupported(_) => Verdict::failed("disabled", finding),
        Kind::Denied(denial) => {
            let right = Some(Right::on(repository, Action::Delete));
            let problem = Problem::MissingRight { right, identity: denial.identity.clone() };
            Verdict::failed("not allowed", Finding { problem, ..finding })
        }
        Kind::Unauthenticated => Verdict::failed("not allowed", finding),
        _ => Verdict::failed(error.what(), finding),
    })
}
