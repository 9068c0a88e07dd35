//! From an HTTP status to an error (OCI distribution specification, "Error Codes"). Every status passes through here.

use std::time::{Duration, SystemTime};

use http::header::{HeaderValue, PROXY_AUTHENTICATE, RETRY_AFTER, WWW_AUTHENTICATE};
use serde_json::Value;

use super::super::proxy::proxy_for;
use super::super::proxy::tunnel::{Refusal, login_required};
use super::super::request::RequestContext;
use super::super::response::Response;
use super::super::retry_after::{RetryAfter, retry_after};
use crate::auth::{Action, Permission, Scopes, Secrets, descriptions};
use crate::error::{Denial, Error, Fault, Kind, Missing, Network, Operation, ProxyFault, RegistryError, Reply, Result};

/// Bytes read of an error's body.
const BODY_LIMIT: usize = 64 * 1024;

/// Errors kept of one body.
const MAX_ERRORS: usize = 16;

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

/// The error in the body of a reply with a status of success, where it has one instead of what was requested.
pub(in crate::http) fn error_in_success(
    response: &Response,
    context: &RequestContext,
    secrets: &Secrets,
    body: &[u8],
) -> Option<Error> {
    let RequestContext { registry, name, .. } = context;
    let masked = |text: &str| secrets.masked(text);
    let Ok(Value::Object(members)) = serde_json::from_slice(body) else { return None };
    let errors = registry_errors(body);
    let said = match errors.as_slice() {
        [] => one_line(&masked(message_in(&members)?)),
        errors => errors.iter().map(|error| describe(error, &masked)).collect::<Vec<_>>().join("; "),
    };
    let errors = errors.into_iter().map(|error| masked_error(error, &masked)).collect();
    let reply = Reply { status: response.status(), errors, ..Reply::default() };
    let what = format!("{registry} failed to answer for {name}");
    let cause = format!("{} with an error: {said}", response.status_line());
    Some(Error::new(Kind::Protocol(Fault::Malformed), what).because(cause).with_reply(reply))
}

/// The error for a reply of any other status.
pub(in crate::http) async fn refusal(mut response: Response, context: &RequestContext, secrets: &Secrets) -> Error {
    let body = response.start(BODY_LIMIT).await;
    let errors = registry_errors(&body);
    let errors = if errors.is_empty() { oauth_error(&body).into_iter().collect() } else { errors };
    let is_foreign = errors.is_empty() && !is_json_or_empty(&body);
    let mut reply = Reply { status: response.status(), errors, is_foreign, retry_after: asked_wait(&response) };
    let (kind, what) = classify(&response, &reply, &body, context);
    let masked = |text: &str| secrets.masked(text);
    let cause = masked_summary(&response.status_line(), response.media_type().as_deref(), &body, &masked);
    let mut error = Error::new(kind, what);
    if let Some(Refusal { fault, cause }) = refusing_proxy(&response) {
        error = error.with_kind(Kind::Network(Network::Proxy(fault))).because(cause);
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

/// An error of a body without the secrets that it echoes.
fn masked_error(mut error: RegistryError, masked: &dyn Fn(&str) -> String) -> RegistryError {
    [&mut error.code, &mut error.message, &mut error.detail].into_iter().for_each(|text| *text = masked(text));
    error
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

/// Whether a reply is an HTML page, by its type or its first tag.
pub(in crate::http) fn is_html(media_type: Option<&str>, body: &[u8]) -> bool {
    let start = body.trim_ascii_start();
    let starts = |tag: &str| start.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag.as_bytes()));
    media_type == Some("text/html") || starts("<!doctype html") || starts("<html")
}

/// Some registries send no body, or JSON of their own.
fn is_json_or_empty(body: &[u8]) -> bool {
    body.trim_ascii().is_empty() || serde_json::from_slice::<serde_json::Map<String, Value>>(body).is_ok()
}

/// Parses the errors of a registry's reply; empty if the body is anything else.
pub fn registry_errors(body: &[u8]) -> Vec<RegistryError> {
    let Ok(Value::Object(body)) = serde_json::from_slice(body) else { return Vec::new() };
    let text = |value: Option<&Value>| match value {
        Some(Value::String(text)) => text.clone(),
        _ => String::new(),
    };
    let detail = |value: Option<&Value>| match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    };
    let errors = match body.get("errors") {
        Some(Value::Array(errors)) => errors.as_slice(),
        // Gateways send one, or only texts.
        Some(error @ Value::Object(_)) => std::slice::from_ref(error),
        _ => &[],
    };
    let errors = errors.iter().take(MAX_ERRORS).map(|error| match error {
        Value::String(message) => RegistryError { message: message.clone(), ..RegistryError::default() },
        error => RegistryError {
            code: text(error.get("code")),
            message: text(error.get("message")),
            detail: detail(error.get("detail")),
        },
    });
    errors.filter(|error| *error != RegistryError::default()).collect()
}

/// The error codes of OAuth 2.0 (RFC 6749 §5.2, RFC 6750 §3.1) that token servers send.
const OAUTH_CODES: [&str; 8] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "invalid_scope",
    "invalid_token",
    "unauthorized_client",
    "unsupported_grant_type",
    "access_denied",
];

/// The error of a token server's reply, if it is one of OAuth 2.0.
fn oauth_error(body: &[u8]) -> Option<RegistryError> {
    let Ok(Value::Object(body)) = serde_json::from_slice(body) else { return None };
    let text = |member: &str| body.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
    let code = Some(text("error")).filter(|code| OAUTH_CODES.contains(&code.as_str()))?;
    Some(RegistryError { code, message: text("error_description"), ..RegistryError::default() })
}

/// Whether a body reports an error, as some servers do with a status of success.
pub(in crate::http) fn reports_error(body: &[u8]) -> bool {
    let object = serde_json::from_slice::<serde_json::Map<String, Value>>(body).unwrap_or_default();
    !registry_errors(body).is_empty()
        || ["error", "error_description"].iter().any(|member| object.contains_key(*member))
}

/// Summarizes a reply in one line: the registry's errors, or else its text, never HTML.
pub fn summary(status: &str, media_type: Option<&str>, body: &[u8]) -> String {
    masked_summary(status, media_type, body, &str::to_owned)
}

/// As [`summary`]; `masked` removes secrets before texts are shortened.
fn masked_summary(status: &str, media_type: Option<&str>, body: &[u8], masked: &dyn Fn(&str) -> String) -> String {
    let errors = registry_errors(body);
    if !errors.is_empty() {
        let errors: Vec<_> = errors.iter().map(|error| describe(error, masked)).collect();
        return format!("{status}: {}", errors.join("; "));
    }
    if is_html(media_type, body) {
        return format!("{status}, a text/html page (a proxy or a login page?)");
    }
    let text = one_line(&masked(&message(body)));
    // Many texts begin with the status, or are its reason alone.
    let text = text.strip_prefix(status).map_or(text.as_str(), |rest| rest.trim_start_matches([' ', '-', ':', '.']));
    if text.is_empty() || status.ends_with(text) { status.to_owned() } else { format!("{status}: {text}") }
}

fn describe(error: &RegistryError, masked: &dyn Fn(&str) -> String) -> String {
    let mut text = one_line(&masked(&error.code));
    for part in [&error.message, &meaning(error)] {
        let part = one_line(&masked(part));
        if !part.is_empty() && part != text {
            text.push_str(if text.is_empty() { "" } else { ": " });
            text.push_str(&part);
        }
    }
    text
}

/// The detail for people: distribution lists the missing permissions.
fn meaning(error: &RegistryError) -> String {
    let missing = Scopes::from_detail(&error.detail);
    if !missing.is_empty() {
        return format!("missing {missing}");
    }
    if error.detail == "{}" { String::new() } else { error.detail.clone() }
}

/// The message for people in the formats of token servers and gateways (OAuth 2.0 RFC 6749 §5.2, docker_auth, GitLab),
/// and of object stores (XML). Binary data has none.
fn message(body: &[u8]) -> String {
    if body.contains(&0) {
        return String::new();
    }
    let text = String::from_utf8_lossy(body);
    let message = match serde_json::from_str::<Value>(&text) {
        Ok(Value::Object(members)) if members.is_empty() => Some(String::new()),
        Ok(Value::Object(members)) => message_in(&members).map(str::to_owned),
        _ => message_in_xml(&text).map(str::to_owned),
    };
    message.unwrap_or_else(|| text.into_owned())
}

fn message_in(members: &serde_json::Map<String, Value>) -> Option<&str> {
    let texts = ["error_description", "details", "message", "detail", "error", "reason", "msg", "title"];
    texts.iter().find_map(|member| text_of(members.get(*member)?)).filter(|text| !text.is_empty())
}

/// A text, or the message of an object: some gateways have one in `error`.
fn text_of(value: &Value) -> Option<&str> {
    match value {
        Value::Object(members) => members.get("message")?.as_str(),
        value => value.as_str(),
    }
}

/// The message of an error of S3, Azure and others: `<Error><Code>…</Code><Message>…</Message></Error>`.
fn message_in_xml(text: &str) -> Option<&str> {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    let element = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        Some(rest.split_once(&format!("</{name}>"))?.0.trim()).filter(|inner| !inner.is_empty())
    };
    let is_error = start.starts_with("<?xml") || start.starts_with("<Error");
    is_error.then(|| element("Message").or_else(|| element("Code")))?
}

/// One line with white space folded, of at most 300 characters.
fn one_line(text: &str) -> String {
    const MAX: usize = 300;
    let words: Vec<_> = text.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

impl Response {
    /// The error for an HTML page sent with a status of success where JSON was expected.
    pub(crate) fn not_json(&self, context: &RequestContext, start: &[u8]) -> Option<Error> {
        let registry = &context.registry;
        if is_html(self.media_type().as_deref(), start) {
            let error = Error::new(Kind::Protocol(Fault::Html), format!("not a registry reply from {registry}"));
            let path = self.url().path();
            return Some(error.because(format!("{path} is a text/html page (a proxy or a login page?)")));
        }
        None
    }

    /// As [`Response::not_json`], and the error for a text sent with a status of success where JSON was expected: it
    /// says what is wrong.
    pub(crate) fn not_a_document(&self, context: &RequestContext, start: &[u8]) -> Option<Error> {
        if let Some(error) = self.not_json(context, start) {
            return Some(error);
        }
        let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
        let is_worded = text.first().is_some_and(|first| first.is_ascii_alphabetic() || *first == b'<');
        let is_json_word = ["true", "false", "null"].iter().any(|word| text.starts_with(word.as_bytes()));
        if !is_worded || is_json_word || text.contains(&0) {
            return None;
        }
        let said = one_line(&self.masked(&message(text)));
        let what = format!("{} failed to answer for {}", context.registry, context.name);
        let cause = format!("{} with a text in place of JSON: {said}", self.status_line());
        Some(Error::new(Kind::Protocol(Fault::Malformed), what).because(cause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_reply_are_quoted_once() {
        for (body, said) in [
            ("boom", "500 Internal Server Error: boom"),
            ("Internal Server Error", "500 Internal Server Error"),
            ("500 Internal Server Error - the disk is full", "500 Internal Server Error: the disk is full"),
            (r#"{"error": "Internal Server Error", "path": "/v2/"}"#, "500 Internal Server Error"),
            (r#"{"error": {"code": 1, "message": "no database"}}"#, "500 Internal Server Error: no database"),
            (
                "<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Reduce your rate.</Message></Error>",
                "500 Internal Server Error: Reduce your rate.",
            ),
            ("<Error><Code>AccessDenied</Code></Error>", "500 Internal Server Error: AccessDenied"),
            ("\0\u{1}binary", "500 Internal Server Error"),
            ("{}", "500 Internal Server Error"),
            (r#"{"errors": ["no database", "no disk"]}"#, "500 Internal Server Error: no database; no disk"),
            (r#"{"errors": {"code": "DOWN", "message": "no disk"}}"#, "500 Internal Server Error: DOWN: no disk"),
            (r#"{"status": "error", "reason": "no disk"}"#, "500 Internal Server Error: no disk"),
        ] {
            assert_eq!(summary("500 Internal Server Error", None, body.as_bytes()), said, "{body}");
        }
    }
}
