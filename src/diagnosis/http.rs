//! `/v2/`: whether it is a registry that answers.

use reqwest::header::{HeaderMap, HeaderName, WWW_AUTHENTICATE};
use reqwest::{Method, Version};
use url::Url;

use super::check::{Fact, Finding};
use super::classify;
use super::context::Context;
use super::outcome::Outcome;
use super::problem::Problem;
use super::tls;
use crate::error::{Error, Fault, Kind, Network, Result};
use crate::http::{Request, Response};
use crate::registry::Endpoint;

/// The header by which distribution and its kin say what they are.
const API_VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");

/// As much of the body of `/v2/` as is looked at, in bytes.
const START: usize = 4096;

/// What a stranger is told by `/v2/`.
#[derive(Debug)]
pub(super) struct AnonymousReply {
    pub status: u16,
    pub headers: HeaderMap,
    pub url: Url,
    pub peer: Option<std::net::IpAddr>,
    /// When it came, by this machine's clock.
    pub seen: std::time::SystemTime,
}

pub(super) async fn check(context: &mut Context) -> Result<Outcome> {
    let client = context.client()?;
    let request = client.request(Method::GET, Endpoint::Base);
    match client.transport().send_unauthenticated(&request).await {
        Ok(response) => look(context, response, &request).await,
        Err(error) => Ok(no_reply(context, &error).await),
    }
}

async fn look(context: &mut Context, mut response: Response, request: &Request) -> Result<Outcome> {
    let transport = context.client()?.transport();
    let look = AnonymousReply {
        status: response.status(),
        headers: response.headers().clone(),
        url: response.url().clone(),
        peer: response.peer(),
        seen: std::time::SystemTime::now(),
    };
    let api_version = response.header(&API_VERSION).map(str::to_owned);
    let version = response.version();
    let outcome = match look.status {
        200 => {
            let start = response.start(START).await;
            if let Some(error) = response.not_json(&request.context, &start) {
                return Ok(page(&error, context));
            }
            let is_json = serde_json::from_slice::<serde_json::Value>(&start).is_ok();
            if api_version.is_none() && !is_json {
                return Ok(not_a_registry(answered(200), Kind::Protocol(Fault::Malformed)));
            }
            answers(version, api_version.as_deref())
        }
        401 if api_version.is_some() || look.headers.contains_key(WWW_AUTHENTICATE) => {
            answers(version, api_version.as_deref())
        }
        _ => match transport.check_status(response, &request.context).await {
            Ok(_) => not_a_registry(answered(look.status), Kind::Protocol(Fault::Status(look.status))),
            Err(error) => refused(&error, context).await,
        },
    };
    let outcome = if look.url.origin() == context.base.origin() {
        outcome
    } else {
        outcome.with([Fact::new(0, format!("redirected to {}", look.url.origin().ascii_serialization()))])
    };
    context.look = Some(look);
    Ok(outcome)
}

fn answers(version: Version, api_version: Option<&str>) -> Outcome {
    let version = match version {
        Version::HTTP_2 => "HTTP/2",
        Version::HTTP_10 => "HTTP/1.0",
        _ => "HTTP/1.1",
    };
    Outcome::passed(format!("a registry ({}), {version}", api_version.unwrap_or("it does not say which")))
}

fn answered(status: u16) -> String {
    format!("/v2/ answers {status}, and not as a registry does")
}

fn not_a_registry(cause: String, kind: Kind) -> Outcome {
    Outcome::failed("not a registry", Finding { problem: Problem::NotARegistry, cause, kind })
}

/// A page for people: something stands where the registry should be, or before it.
fn page(error: &Error, context: &Context) -> Outcome {
    Outcome::failed("a page for people", classify::finding(error, &context.base))
}

/// The outcome on a status that no registry gives here.
async fn refused(error: &Error, context: &Context) -> Outcome {
    match error.kind() {
        Kind::NotFound(_) => not_a_registry(format!("/v2/ answers {}", classify::cause(error)), error.kind().clone()),
        Kind::Protocol(Fault::Html) => page(error, context),
        Kind::Protocol(Fault::TlsPort) => Outcome::failed("TLS on this port", speaks_tls()),
        Kind::Protocol(Fault::Status(400)) if is_plain(context) && tls::speaks_tls(context).await => {
            Outcome::failed("TLS on this port", speaks_tls())
        }
        _ => classify::outcome(error, &context.base),
    }
}

fn speaks_tls() -> Finding {
    let cause = "the port speaks TLS, and plain HTTP was asked for".to_owned();
    Finding { problem: Problem::SpeaksTls, cause, kind: Kind::Protocol(Fault::TlsPort) }
}

/// The outcome where nothing came that is HTTP.
async fn no_reply(context: &Context, error: &Error) -> Outcome {
    let is_broken = matches!(error.kind(), Kind::Protocol(Fault::NotHttp) | Kind::Network(Network::Reset));
    if is_broken && is_plain(context) && tls::speaks_tls(context).await {
        return Outcome::failed("TLS on this port", speaks_tls());
    }
    match error.kind() {
        Kind::Protocol(Fault::NotHttp) => {
            let cause = "the port answers, and not in HTTP: it belongs to something else".to_owned();
            let kind = error.kind().clone();
            Outcome::failed("not HTTP", Finding { problem: Problem::SpeaksNeither, cause, kind })
        }
        Kind::Tls(_) if classify::finding(error, &context.base).problem == Problem::ForgottenScheme => {
            Outcome::failed("redirected to plain HTTP", forgotten_scheme(error, context))
        }
        _ => classify::outcome(error, &context.base),
    }
}

/// The finding about a registry that names itself by http.
pub(super) fn forgotten_scheme(error: &Error, context: &Context) -> Finding {
    let finding = classify::finding(error, &context.base);
    let cause = format!(
        "{}: a proxy in front of it ends TLS and does not tell it that it is reached by https (X-Forwarded-Proto)",
        finding.cause
    );
    Finding { cause, ..finding }
}

fn is_plain(context: &Context) -> bool {
    context.plan.registry.is_plain_http()
}
