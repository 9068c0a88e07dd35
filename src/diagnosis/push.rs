//! Whether the repository could be pushed to, by beginning an upload and giving it up.

use super::check::Finding;
use super::classify;
use super::context::Context;
use super::http::forgotten_scheme;
use super::outcome::Outcome;
use super::problem::Problem;
use crate::auth::{Action, Permission};
use crate::error::{Kind, Result};

pub(super) async fn check(context: &mut Context) -> Result<Outcome> {
    let Some(repository) = context.repository() else {
        return Ok(Outcome::skipped("no repository was named"));
    };
    if context.lacks_credentials {
        return Ok(Outcome::skipped("not tried: nothing is pushed without the credentials that could not be had"));
    }
    let Err(error) = context.client()?.probe_push(repository).await else {
        return Ok(Outcome::passed("allowed"));
    };
    let finding = classify::finding(&error, &context.base);
    Ok(match error.kind() {
        Kind::Denied(denial) => {
            let right = Some(Permission::on(repository, Action::Push));
            let problem = Problem::MissingRight { right, identity: denial.identity.clone() };
            Outcome::failed("not allowed", Finding { problem, ..finding })
        }
        Kind::Unauthenticated => Outcome::failed("not allowed", finding),
        _ if finding.problem == Problem::ForgottenScheme => {
            Outcome::failed("uploads are led to plain HTTP", forgotten_scheme(&error, context))
        }
        _ => Outcome::failed(error.what(), finding),
    })
}
