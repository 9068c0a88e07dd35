//! From an HTTP status to an error (OCI distribution specification, "Error Codes"). Every status passes through here.

use std::time::{Duration, SystemTime};

use http::header::{HeaderValue, PROXY_AUTHENTICATE, RETRY_AFTER, WWW_AUTHENTICATE};

use super::super::proxy::proxy_for;
use super::super::proxy::refusal::{Refusal, login_required};
use super::super::request::RequestContext;
use super::super::response::Response;
use super::super::retry_after::{RetryAfter, retry_after};
use super::body::{is_html, is_json_or_empty, masked_error, masked_summary, oauth_error, one_line, registry_errors};
use crate::auth::{Action, Permission, Secrets, descriptions};
use crate::error::{Denial, Error, Fault, Kind, Missing, Network, Operation, ProxyFault, Reply, Result};

/// Bytes read of an error's body.
const BODY_LIMIT: usize = 64 * 1024;

/// The reply if its status is one of success. A 401 that gets here could not be answered.
///
/// # Errors
///
/// The meaning of any other status: each has one [`Kind`], which the registry's error codes refine.
pub(in crate::http) async fn check(
    response: Response,
    context: &RequestContext,
    secrets: &Secrets,
) -> Result<Response> {
    match response.status() {
        200..=204 => Ok(response),
        _ => Err(refusal(response, context, secrets).await),
    }
}

/// The error for a reply of any other status.
pub(in crate::http) async fn refusal(mut response: Response, context: &RequestContext, secrets: &Secrets) -> Error {
    let body = response.start(BODY_LIMIT).await;
    let errors = registry_errors(&body);
    let errors = if errors.is_empty() { oauth_error(&body).into_iter().collect() } else { errors };
    let is_page = errors.is_empty() && !is_json_or_empty(&body);
    let (staleness, retry_after) = (response.staleness(), asked_wait(&response));
    let mut reply = Reply { status: response.status(), errors, is_page, staleness, retry_after };
    let (kind, what) = classify(&response, &reply, &body, context);
    let masked = |text: &str| secrets.masked(text);
    let cause = masked_summary(&response.status_line(), response.media_type().as_deref(), &body, &masked);
    let mut error = Error::new(kind, what);
    if let Some(Refusal { fault, cause }) = refusing_proxy(&response) {
        error = error.with_kind(Kind::Network(Network::Proxy(fault))).because(masked(&cause));
    }
    let challenges = response.headers().get_all(WWW_AUTHENTICATE).iter().map(HeaderValue::as_bytes);
    let descriptions = descriptions(challenges).into_iter().map(|description| one_line(&masked(&description)));
    let told: Vec<_> = descriptions.filter(|description| !cause.contains(description)).collect();
    let error = told.into_iter().fold(error.because(cause), Error::because);
    let error = with_reset_time(error, &response, &reply);
    let error = error.at_route(response.route().clone());
    // The program compares codes, so they are masked last.
    reply.errors = reply.errors.into_iter().map(|error| masked_error(error, &masked)).collect();
    error.with_reply(reply)
}

/// What a 407 means, if there is a proxy that can have sent it.
fn refusing_proxy(response: &Response) -> Option<Refusal> {
    let proxy = proxy_for(response.url()).filter(|_| response.status() == 407)?;
    let offered = response.headers().get_all(PROXY_AUTHENTICATE).iter().map(HeaderValue::as_bytes);
    Some(login_required(&proxy, offered))
}

fn classify(response: &Response, reply: &Reply, body: &[u8], context: &RequestContext) -> (Kind, String) {
    let RequestContext { registry, name, .. } = context;
    let code = |code: &str| reply.errors.iter().any(|error| error.code == code);
    let denied = || Kind::Denied(Denial { permission: context.permission.clone(), ..Denial::default() });
    let html = is_html(response.media_type().as_deref(), body);
    match reply.status {
        429 => rate_limited(registry),
        _ if code("TOOMANYREQUESTS") => rate_limited(registry),
        403 if html => (Kind::Protocol(Fault::Html), format!("not a registry reply from {registry}")),
        401 | 403 => (denied(), not_allowed(context)),
        404 if context.operation == Operation::Catalog => unsupported(context),
        // Hidden from those who may not see it, which does not mean that it does not exist.
        404 if code("DENIED") || code("UNAUTHORIZED") => (denied(), not_allowed(context)),
        404 if code("NAME_UNKNOWN") => {
            let repository = context.permission.as_ref().and_then(|permission| permission.repository.as_ref());
            let name = repository.map_or(name.clone(), ToString::to_string);
            (Kind::NotFound(Missing::Repository), format!("{name} not found on {registry}"))
        }
        404 => (Kind::NotFound(context.missing), format!("{name} not found on {registry}")),
        405 => unsupported(context),
        409 | 412 if matches!(context.operation, Operation::DeleteTag | Operation::DeleteManifest) => {
            (denied(), format!("{registry} protects {name} from deletion"))
        }
        400 | 501 if code("UNSUPPORTED") => unsupported(context),
        400 if code("PAGINATION_NUMBER_INVALID") => {
            (Kind::Protocol(Fault::PageSize), format!("{registry} refuses the page size"))
        }
        407 => {
            let fault = ProxyFault::Login { refused: false };
            (Kind::Network(Network::Proxy(fault)), format!("the proxy refuses the connection to {registry}"))
        }
        400 if is_tls_port(response, body) => {
            (Kind::Protocol(Fault::TlsPort), format!("{registry} speaks TLS on this port"))
        }
        // Amazon's registries answer so to a password that has expired.
        400 if code("DENIED") || code("UNAUTHORIZED") => (denied(), not_allowed(context)),
        // The page of a gateway whose registry is down.
        status @ 500.. if html => {
            (Kind::Protocol(Fault::Status(status)), format!("not a registry reply from {registry}"))
        }
        status @ 500.. => (Kind::Protocol(Fault::Status(status)), format!("{registry} failed to answer for {name}")),
        _ if html => (Kind::Protocol(Fault::Html), format!("not a registry reply from {registry}")),
        status @ 400..=499 => {
            (Kind::Protocol(Fault::Status(status)), format!("{registry} refuses the request for {name}"))
        }
        status => {
            (Kind::Protocol(Fault::Status(status)), format!("unexpected status {status} from {registry} for {name}"))
        }
    }
}

fn unsupported(context: &RequestContext) -> (Kind, String) {
    let registry = &context.registry;
    let what = match context.operation {
        Operation::Catalog => format!("{registry} does not list its repositories"),
        Operation::Tags => format!("{registry} does not list tags"),
        Operation::DeleteTag | Operation::DeleteManifest => format!("{registry} does not allow deletion"),
        Operation::Other => format!("{registry} does not support the request for {}", context.name),
    };
    (Kind::Unsupported(context.operation), what)
}

fn rate_limited(registry: &str) -> (Kind, String) {
    (Kind::RateLimited, format!("rate limit of {registry} exceeded"))
}

/// How long a reply asks to wait; the longest of several waits.
fn asked_wait(response: &Response) -> Option<Duration> {
    let now = SystemTime::now();
    let waits =
        response.headers().get_all(RETRY_AFTER).iter().filter_map(|value| match retry_after(value.as_bytes(), now) {
            RetryAfter::Absent => None,
            RetryAfter::Wait(wait) | RetryAfter::TooLong(wait) => Some(wait),
        });
    waits.max()
}

/// `not allowed to pull team/secret on registry.corp:5000`
fn not_allowed(context: &RequestContext) -> String {
    let registry = &context.registry;
    match &context.permission {
        Some(Permission { action: Action::Catalog, .. }) => {
            format!("not allowed to list the repositories of {registry}")
        }
        Some(Permission { action, repository: Some(repository) }) => {
            format!("not allowed to {action} {repository} on {registry}")
        }
        _ => format!("not allowed to use {registry}"),
    }
}

/// Adds when a rate limit ends: by `Retry-After`, or by the `X-RateLimit-Reset` of Docker Hub and others (a Unix time).
fn with_reset_time(error: Error, response: &Response, reply: &Reply) -> Error {
    if !matches!(error.kind(), Kind::RateLimited) {
        return error;
    }
    let reset = || response.headers().get("x-ratelimit-reset")?.to_str().ok()?.trim().parse().ok();
    let until = match reply.retry_after {
        Some(wait) => jiff::Timestamp::now().checked_add(wait).ok(),
        None => reset().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()),
    };
    match until {
        Some(until) => error.because(format!("try again at {}", until.strftime("%Y-%m-%d %H:%M:%S UTC"))),
        None if reply.retry_after.is_some() => error.because("its Retry-After is too large for a date"),
        None => error,
    }
}

/// Whether this is what Go's HTTP server, nginx or Apache send to plain HTTP on a TLS port. No status or code
/// identifies it.
fn is_tls_port(response: &Response, body: &[u8]) -> bool {
    let says = |text: &str| body.windows(text.len()).any(|window| window == text.as_bytes());
    response.url().scheme() == "http"
        && [
            "HTTP request to an HTTPS server",
            "plain HTTP request was sent to HTTPS port",
            "speaking plain HTTP to an SSL-enabled server port",
        ]
        .iter()
        .any(|text| says(text))
}
