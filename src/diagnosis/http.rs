//! `/v2/`: whether a registry answers, and what its reply says of its clock and its rate limit.

use std::fmt;
use std::time::{Duration, SystemTime};

use http::header::{ACCEPT, AGE, DATE, HeaderMap, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use http::{Method, Version};

use super::check::{Fact, Finding, Outcome, span};
use super::classify::{self, scheme_not_forwarded};
use super::context::{AnonymousReply, Context};
use super::problem::Problem;
use super::tls;
use crate::error::{Error, Fault, Kind, Network, Result};
use crate::http::{Request, Response};
use crate::name::Target;
use crate::registry::{Endpoint, media_types};

/// The header that identifies registries of the distribution project and compatible ones.
const API_VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");

/// How much of the body of `/v2/` is read, in bytes.
const START: usize = 4096;

/// Asks `/v2/` without credentials.
pub(super) async fn http(context: &mut Context) -> Result<Outcome> {
    let client = context.client()?;
    let request = client.request(Method::GET, Endpoint::Base);
    let mut outcome = match client.transport().send_unauthenticated(&request).await {
        Ok(response) => evaluate(context, response, &request).await?,
        Err(error) => no_reply(context, &error).await,
    };
    if let (Some(proxy), Some(finding)) = (&context.proxy, &mut outcome.finding)
        && finding.problem == Problem::Html
    {
        finding.problem = Problem::ProxyPage { proxy: proxy.route() };
    }
    Ok(outcome)
}

async fn evaluate(context: &mut Context, mut response: Response, request: &Request) -> Result<Outcome> {
    let transport = context.client()?.transport();
    let reply = AnonymousReply {
        status: response.status(),
        headers: response.headers().clone(),
        url: response.url().clone(),
        peer: response.peer(),
        seen: SystemTime::now(),
    };
    let api_version = response.header(&API_VERSION).map(str::to_owned);
    let version = response.version();
    let outcome = match reply.status {
        200 => {
            let start = response.start(START).await;
            if let Some(error) = response.not_json(&request.context, &start) {
                return Ok(page(&error, context));
            }
            let is_json = serde_json::from_slice::<serde_json::Value>(&start).is_ok();
            // Cloudflare's registry answers with nothing.
            if api_version.is_none() && !is_json && !start.trim_ascii().is_empty() {
                return Ok(not_a_registry(answered(200), Kind::Protocol(Fault::Malformed)));
            }
            answers(version, api_version.as_deref())
        }
        401 if api_version.is_some() || reply.headers.contains_key(WWW_AUTHENTICATE) => {
            answers(version, api_version.as_deref())
        }
        401 => {
            let cause = "/v2/ returned 401 without WWW-Authenticate: it offers no authentication method".to_owned();
            let finding = Finding { problem: Problem::UnknownScheme, cause, kind: Kind::UnusableChallenge };
            Outcome::failed("no authentication method", finding)
        }
        _ => match transport.check_status(response, &request.context).await {
            Ok(_) => not_a_registry(answered(reply.status), Kind::Protocol(Fault::Status(reply.status))),
            Err(error) => refused(&error, context).await,
        },
    };
    let outcome = if reply.url.origin() == context.base.origin() {
        outcome
    } else {
        outcome.with([Fact::new(0, format!("redirected to {}", reply.url.origin().ascii_serialization()))])
    };
    context.base_reply = Some(reply);
    Ok(outcome)
}

fn answers(version: Version, api_version: Option<&str>) -> Outcome {
    let version = match version {
        Version::HTTP_2 => "HTTP/2",
        Version::HTTP_10 => "HTTP/1.0",
        _ => "HTTP/1.1",
    };
    Outcome::passed(format!("a registry ({}), {version}", api_version.unwrap_or("API version not reported")))
}

fn answered(status: u16) -> String {
    format!("/v2/ returned {status}, but not as a registry does")
}

fn not_a_registry(cause: String, kind: Kind) -> Outcome {
    Outcome::failed("not a registry", Finding { problem: Problem::NotARegistry, cause, kind })
}

/// A web page: another server answers where the registry should be, or in front of it.
fn page(error: &Error, context: &Context) -> Outcome {
    Outcome::failed("web page", classify::finding(error, &context.base))
}

/// The outcome for a status that registries do not answer `/v2/` with.
async fn refused(error: &Error, context: &Context) -> Outcome {
    match error.kind() {
        Kind::NotFound(_) => not_a_registry(format!("/v2/ returned {}", classify::cause(error)), error.kind().clone()),
        Kind::Protocol(Fault::Html) => page(error, context),
        Kind::Protocol(Fault::TlsPort) => Outcome::failed("TLS on this port", speaks_tls()),
        Kind::Protocol(Fault::Status(400)) if is_plain(context) && tls::speaks_tls(context).await => {
            Outcome::failed("TLS on this port", speaks_tls())
        }
        _ => classify::outcome(error, &context.base),
    }
}

fn speaks_tls() -> Finding {
    let cause = "the port speaks TLS, and plain HTTP was requested".to_owned();
    Finding { problem: Problem::SpeaksTls, cause, kind: Kind::Protocol(Fault::TlsPort) }
}

/// The outcome where the reply is not HTTP.
async fn no_reply(context: &Context, error: &Error) -> Outcome {
    let is_broken = matches!(error.kind(), Kind::Protocol(Fault::NotHttp) | Kind::Network(Network::Reset));
    if is_broken && is_plain(context) && tls::speaks_tls(context).await {
        return Outcome::failed("TLS on this port", speaks_tls());
    }
    match error.kind() {
        Kind::Protocol(Fault::NotHttp) => {
            let cause = "the port does not speak HTTP: another service listens there".to_owned();
            let kind = error.kind().clone();
            Outcome::failed("not HTTP", Finding { problem: Problem::SpeaksNeither, cause, kind })
        }
        Kind::Tls(_) if classify::finding(error, &context.base).problem == Problem::SchemeNotForwarded => {
            Outcome::failed("redirected to plain HTTP", scheme_not_forwarded(error, &context.base))
        }
        _ => classify::outcome(error, &context.base),
    }
}

fn is_plain(context: &Context) -> bool {
    context.setup.registry.is_plain_http()
}

/// The largest difference of clocks that tokens work with: distribution's leeway.
const MAX_DIFFERENCE: Duration = Duration::from_secs(60);

/// Compares the clock of the registry, by the `Date` of its reply, with this machine's: tokens and certificates are
/// judged by both.
pub(super) fn clock(context: &Context) -> Outcome {
    let Some((headers, seen)) = context.base_reply.as_ref().map(|reply| (&reply.headers, reply.seen)) else {
        return Outcome::skipped("server time unknown");
    };
    let Some(server) = server_time(headers) else { return Outcome::skipped("server time unknown") };
    let (difference, ours) = match seen.duration_since(server) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(error) => (error.duration(), "behind"),
    };
    let seconds = difference.as_secs();
    let span = span(seconds);
    if difference <= MAX_DIFFERENCE {
        let detail = match seconds {
            0 | 1 => "clock in sync".to_owned(),
            _ => format!("{span} {ours} the registry's"),
        };
        return Outcome::passed(detail).untimed();
    }
    let cause = format!(
        "this machine's clock is {span} {ours} the registry's: tokens and certificates may seem expired, or not yet valid"
    );
    let finding = Finding { problem: Problem::Clock, cause, kind: Kind::Config };
    Outcome::failed(format!("{span} {ours} the registry's"), finding).untimed()
}

/// When the reply was created, by the registry's clock: a cached one is older by its `Age`.
fn server_time(headers: &HeaderMap) -> Option<SystemTime> {
    let date = httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()?;
    let age = headers.get(AGE).and_then(|age| age.to_str().ok()?.trim().parse().ok()).unwrap_or(0);
    date.checked_add(Duration::from_secs(age))
}

/// How many requests are left, where the registry says so: Docker Hub does, with each manifest.
pub(super) async fn limits(context: &mut Context) -> Result<Outcome> {
    let of_manifest = match (&context.setup.repository, &context.tag) {
        (Some(repository), Some(tag)) => {
            let client = context.client()?;
            // A HEAD request does not count against the limit.
            let request = client.request(Method::HEAD, Endpoint::Manifest(repository, Target::Tag(tag)));
            let request = request.header(ACCEPT, HeaderValue::from_static(media_types::ACCEPT));
            match client.transport().send(&request).await {
                Ok(response) => Some(response.headers().clone()),
                Err(error) if matches!(error.kind(), Kind::RateLimited) => return Err(error),
                // Some registries know no HEAD of a manifest; what can be pulled was checked before.
                Err(_) => None,
            }
        }
        _ => None,
    };
    let headers = of_manifest.as_ref().or(context.base_reply.as_ref().map(|reply| &reply.headers));
    let Some(limit) = headers.and_then(Limit::read) else {
        return Ok(Outcome::skipped("no rate limit reported"));
    };
    if limit.remaining != Some(0) {
        return Ok(Outcome::passed(limit.to_string()));
    }
    let cause = format!("{limit}: further requests are refused");
    let finding = Finding { problem: Problem::RateLimited, cause, kind: Kind::RateLimited };
    Ok(Outcome::failed("exhausted", finding))
}

/// A rate limit, as in the headers `ratelimit-limit: 100;w=21600` and `ratelimit-remaining`.
#[derive(Debug, PartialEq, Eq)]
struct Limit {
    limit: Option<u64>,
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
            limit: text("limit").and_then(number),
            remaining: text("remaining").and_then(number),
            window: text("limit").and_then(window).or_else(|| text("remaining").and_then(window)),
        };
        (limit.limit.is_some() || limit.remaining.is_some()).then_some(limit)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.remaining, self.limit) {
            (Some(remaining), Some(limit)) => write!(f, "{remaining} of {limit} requests left"),
            (Some(remaining), None) => write!(f, "{remaining} requests left"),
            (None, Some(limit)) => write!(f, "{limit} requests"),
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
    use super::*;

    #[test]
    fn a_cached_reply_is_as_old_as_its_age() {
        let mut headers = HeaderMap::new();
        assert_eq!(server_time(&headers), None);
        headers.insert(DATE, HeaderValue::from_static("Mon, 01 Jan 2018 10:00:00 GMT"));
        let made = SystemTime::UNIX_EPOCH + Duration::from_secs(1_514_800_800);
        assert_eq!(server_time(&headers), Some(made));
        headers.insert(AGE, HeaderValue::from_static("100"));
        assert_eq!(server_time(&headers), Some(made + Duration::from_secs(100)));
        headers.insert(DATE, HeaderValue::from_static("yesterday"));
        assert_eq!(server_time(&headers), None);
    }

    fn shown(pairs: &[(&'static str, &'static str)]) -> Option<String> {
        let header = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        Limit::read(&pairs.iter().map(header).collect()).map(|limit| limit.to_string())
    }

    #[test]
    fn every_rate_limit_header_is_read() {
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
