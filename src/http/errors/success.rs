//! Replies with a status of success that hold an error, a page or a text instead of what was requested.

use serde_json::Value;

use super::super::request::RequestContext;
use super::super::response::Response;
use super::body::{describe, is_html, masked_error, message, message_in, one_line, registry_errors};
use crate::auth::Secrets;
use crate::error::{Error, Fault, Kind, Reply};

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

/// Whether a body reports an error, as some servers do with a status of success.
pub(in crate::http) fn reports_error(body: &[u8]) -> bool {
    let object = serde_json::from_slice::<serde_json::Map<String, Value>>(body).unwrap_or_default();
    !registry_errors(body).is_empty()
        || ["error", "error_description"].iter().any(|member| object.contains_key(*member))
}

impl Response {
    /// The error for an HTML page sent with a status of success where JSON was expected.
    pub(crate) fn not_json(&self, context: &RequestContext, start: &[u8]) -> Option<Error> {
        let registry = &context.registry;
        if is_html(self.media_type().as_deref(), start) {
            let error = Error::new(Kind::Protocol(Fault::Html), format!("not a registry reply from {registry}"));
            // A redirect may have led there.
            let path = self.masked(self.url().path());
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
