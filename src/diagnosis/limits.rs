//! How many requests are left, where the registry says so: Docker Hub does, with each manifest.

use reqwest::Method;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};

use super::check::Finding;
use super::context::Context;
use super::outcome::Outcome;
use super::problem::Problem;
use super::span::span;
use crate::error::{Kind, Result};
use crate::name::Target;
use crate::registry::{Endpoint, media_types};

pub(super) async fn check(context: &mut Context) -> Result<Outcome> {
    let of_manifest = match (context.repository(), &context.tag) {
        (Some(repository), Some(tag)) => {
            let client = context.client()?;
            // A HEAD counts nowhere.
            let request = client.request(Method::HEAD, Endpoint::Manifest(repository, Target::Tag(tag)));
            let request = request.header(ACCEPT, HeaderValue::from_static(media_types::ACCEPT));
            Some(client.transport().send(&request).await?.headers().clone())
        }
        _ => None,
    };
    let headers = of_manifest.as_ref().or(context.look.as_ref().map(|look| &look.headers));
    let Some(limit) = headers.and_then(Limit::read) else {
        return Ok(Outcome::skipped("the registry tells none"));
    };
    if limit.remaining != Some(0) {
        return Ok(Outcome::passed(limit.to_string()));
    }
    let cause = format!("{limit}: the next requests are turned away");
    let finding = Finding { problem: Problem::RateLimited, cause, kind: Kind::RateLimited };
    Ok(Outcome::failed("nothing left", finding))
}

/// A limit, as `ratelimit-limit: 100;w=21600` and `ratelimit-remaining` tell it.
#[derive(Debug, PartialEq, Eq)]
struct Limit {
    most: Option<u64>,
    remaining: Option<u64>,
    /// In seconds.
    window: Option<u64>,
}

impl Limit {
    fn read(headers: &HeaderMap) -> Option<Self> {
        let text = |name: &str| {
            let own = headers.get(format!("ratelimit-{name}")).or_else(|| headers.get(format!("x-ratelimit-{name}")));
            own.and_then(|value| value.to_str().ok())
        };
        let number = |text: &str| text.split([';', ',']).next()?.trim().parse().ok();
        let window = |text: &str| text.split(';').find_map(|part| part.trim().strip_prefix("w=")?.parse().ok());
        let limit = Self {
            most: text("limit").and_then(number),
            remaining: text("remaining").and_then(number),
            window: text("limit").and_then(window).or_else(|| text("remaining").and_then(window)),
        };
        (limit.most.is_some() || limit.remaining.is_some()).then_some(limit)
    }
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.remaining, self.most) {
            (Some(remaining), Some(most)) => write!(f, "{remaining} of {most} requests left"),
            (Some(remaining), None) => write!(f, "{remaining} requests left"),
            (None, Some(most)) => write!(f, "{most} requests"),
            (None, None) => f.write_str("unknown"),
        }?;
        match self.window {
            Some(window) => write!(f, " in {}", span(window)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderName;

    use super::*;

    fn shown(pairs: &[(&'static str, &'static str)]) -> Option<String> {
        let header = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        Limit::read(&pairs.iter().map(header).collect()).map(|limit| limit.to_string())
    }

    #[test]
    fn each_way_of_telling_a_limit_is_read() {
        for (pairs, expected) in [
            (
                &[("ratelimit-limit", "100;w=21600"), ("ratelimit-remaining", "76;w=21600")][..],
                "76 of 100 requests left in 6 hours",
            ),
            (
                &[("x-ratelimit-limit", "180"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1")],
                "0 of 180 requests left",
            ),
            (&[("ratelimit-remaining", "5;w=90")], "5 requests left in 90 seconds"),
            (&[("ratelimit-limit", "100, 100;w=60")], "100 requests in 60 seconds"),
        ] {
            assert_eq!(shown(pairs).as_deref(), Some(expected), "{pairs:?}");
        }
        assert_eq!(shown(&[("ratelimit-limit", "many")]), None);
        assert_eq!(shown(&[]), None);
    }
}
