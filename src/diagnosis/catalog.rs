//! The list of repositories.

use std::pin::pin;

use futures::TryStreamExt as _;

use super::check::Finding;
use super::classify;
use super::context::Context;
use super::outcome::Outcome;
use super::problem::Problem;
use crate::error::{Error, Kind, Operation, Result};
use crate::name::Registry;
use crate::registry::CatalogOptions;

/// So many names are asked for.
const SAMPLE: usize = 100;

/// Hosts, and the ends of hosts, whose registries list repositories elsewhere.
const WITHOUT: [&str; 6] = ["ghcr.io", "quay.io", "pkg.dev", "gcr.io", "gitlab.com", "public.ecr.aws"];

pub(super) async fn check(context: &mut Context) -> Result<Outcome> {
    let options = CatalogOptions { page_size: SAMPLE, after: None };
    let mut names = pin!(context.client()?.catalog(&options));
    let (mut count, mut first) = (0, None);
    while count < SAMPLE {
        match names.try_next().await {
            Ok(Some(name)) => {
                first.get_or_insert(name);
                count += 1;
            }
            Ok(None) => break,
            Err(error) => return Ok(failed(context, &error)),
        }
    }
    Ok(Outcome::passed(match (count, first) {
        (0, _) | (_, None) => "no repositories".to_owned(),
        (1, Some(only)) => format!("1 repository, {only}"),
        (SAMPLE, Some(first)) => format!("{SAMPLE} repositories or more, the first is {first}"),
        (count, Some(first)) => format!("{count} repositories, the first is {first}"),
    }))
}

fn failed(context: &Context, error: &Error) -> Outcome {
    let is_refusal =
        matches!(error.kind(), Kind::Denied(_) | Kind::Unauthenticated | Kind::Unsupported(Operation::Catalog));
    if !is_refusal {
        return classify::outcome(error, &context.base);
    }
    if offers_none(&context.plan.registry) {
        return Outcome { blocks_dependents: true, ..Outcome::skipped("this registry does not offer one") };
    }
    let finding = classify::finding(error, &context.base);
    match error.kind() {
        Kind::Unauthenticated => Outcome::failed("not for strangers", finding),
        Kind::Denied(_) => Outcome::failed("not allowed", Finding { problem: Problem::CatalogForbidden, ..finding }),
        _ => Outcome::failed("not offered", finding),
    }
}

/// Whether a registry is known to have no catalog for anybody: that it refuses says nothing then.
fn offers_none(registry: &Registry) -> bool {
    let host = registry.host();
    let is_at = |end: &&str| host.strip_suffix(*end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    registry.is_docker_hub() || WITHOUT.iter().any(is_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_without_a_catalog_are_known_by_their_hosts() {
        let offers_none = |text: &str| offers_none(&text.parse().expect(text));
        for text in ["docker.io", "ghcr.io", "europe-docker.pkg.dev", "registry.gitlab.com", "ghcr.io:8443"] {
            assert!(offers_none(text), "{text}");
        }
        for text in ["registry.corp", "notghcr.io", "ghcr.io.corp", "docker.io:5000", "localhost:5000"] {
            assert!(!offers_none(text), "{text}");
        }
    }
}
