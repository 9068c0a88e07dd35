//! Whether the repository's manifests could be deleted, by asking to delete one that does not exist.

use super::check::Finding;
use super::classify;
use super::context::Context;
use super::outcome::Outcome;
use super::problem::Problem;
use crate::auth::{Action, Permission};
use crate::error::{Kind, Result};

pub(super) async fn check(context: &mut Context) -> Result<Outcome> {
    let Some(repository) = context.repository() else {
        return Ok(Outcome::skipped("no repository was named"));
    };
    if context.lacks_credentials {
        return Ok(Outcome::skipped("not tried: nothing is deleted without the credentials that could not be had"));
    }
    let Err(error) = context.client()?.probe_deletion(repository).await else {
        return Ok(Outcome::passed("allowed"));
    };
    let finding = classify::finding(&error, &context.base);
    Ok(match error.kind() {
        Kind::Unsupported(_) => Outcome::failed("disabled", finding),
        Kind::Denied(denial) => {
            let right = Some(Permission::on(repository, Action::Delete));
            let problem = Problem::MissingRight { right, identity: denial.identity.clone() };
            Outcome::failed("not allowed", Finding { problem, ..finding })
        }
        Kind::Unauthenticated => Outcome::failed("not allowed", finding),
        _ => Outcome::failed(error.what(), finding),
    })
}
