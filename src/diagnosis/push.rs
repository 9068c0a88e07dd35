//! Whether the repository could be pushed to, by beginning an upload and giving it up.

use super::blame;
use super::check::Finding;
use super::examination::Examination;
use super::http::forgotten_scheme;
use super::problem::Problem;
use super::verdict::Verdict;
use crate::auth::{Action, Right};
use crate::error::{Kind, Result};

pub(super) async fn check(examination: &mut Examination) -> Result<Verdict> {
    let Some(repository) = examination.repository() else {
        return Ok(Verdict::skipped("no repository was named"));
    };
    if examination.lacks_credentials {
        return Ok(Verdict::skipped("not tried: nothing is pushed without the credentials that could not be had"));
    }
    let Err(error) = examination.client()?.probe_push(repository).await else {
        return Ok(Verdict::passed("allowed"));
    };
    let finding = blame::finding(&error, &examination.base);
    Ok(match error.kind() {
        Kind::Denied(denial) => {
            let right = Some(Right::on(repository, Action::Push));
            let problem = Problem::MissingRight { right, identity: denial.identity.clone() };
            Verdict::failed("not allowed", Finding { problem, ..finding })
        }
        Kind::Unauthenticated => Verdict::failed("not allowed", finding),
        _ if finding.problem == Problem::ForgottenScheme => {
            Verdict::failed("uploads are led to plain HTTP", forgotten_scheme(&error, examination))
        }
        _ => Verdict::failed(error.what(), finding),
    })
}
