//! What the body of an error says: the registry's errors, or the message in the formats of token servers, gateways and
//! object stores.

use serde_json::Value;

use crate::auth::Scopes;
use crate::error::RegistryError;

/// Errors kept of one body.
const MAX_ERRORS: usize = 16;

/// Whether a reply is an HTML page, by its type or its first tag.
pub(in crate::http) fn is_html(media_type: Option<&str>, body: &[u8]) -> bool {
    let start = body.trim_ascii_start();
    let starts = |tag: &str| start.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag.as_bytes()));
    media_type == Some("text/html") || starts("<!doctype html") || starts("<html")
}

/// Some registries send no body, or JSON of their own.
pub(super) fn is_json_or_empty(body: &[u8]) -> bool {
    body.trim_ascii().is_empty() || serde_json::from_slice::<serde_json::Map<String, Value>>(body).is_ok()
}

/// Parses the errors of a registry's reply; empty if the body is anything else.
pub fn registry_errors(body: &[u8]) -> Vec<RegistryError> {
    let Ok(body @ Value::Object(_)) = serde_json::from_slice(body) else { return Vec::new() };
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
        // zot sends the error itself.
        None if is_code(&body["code"]) => std::slice::from_ref(&body),
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

/// Whether a member is an error code of a registry, such as `NAME_UNKNOWN`; gateways write theirs in other ways.
fn is_code(member: &Value) -> bool {
    let is_upper = |text: &str| text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    member.as_str().is_some_and(|text| !text.is_empty() && is_upper(text))
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
pub(super) fn oauth_error(body: &[u8]) -> Option<RegistryError> {
    let Ok(Value::Object(body)) = serde_json::from_slice(body) else { return None };
    let text = |member: &str| body.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
    let code = Some(text("error")).filter(|code| OAUTH_CODES.contains(&code.as_str()))?;
    Some(RegistryError { code, message: text("error_description"), ..RegistryError::default() })
}

/// Summarizes a reply in one line: the registry's errors, or else its text, never HTML.
pub fn summary(status: &str, media_type: Option<&str>, body: &[u8]) -> String {
    masked_summary(status, media_type, body, &str::to_owned)
}

/// As [`summary`]; `masked` removes secrets before texts are shortened.
pub(super) fn masked_summary(
    status: &str,
    media_type: Option<&str>,
    body: &[u8],
    masked: &dyn Fn(&str) -> String,
) -> String {
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

pub(super) fn describe(error: &RegistryError, masked: &dyn Fn(&str) -> String) -> String {
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
pub(super) fn message(body: &[u8]) -> String {
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

pub(super) fn message_in(members: &serde_json::Map<String, Value>) -> Option<&str> {
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
pub(super) fn one_line(text: &str) -> String {
    const MAX: usize = 300;
    let words: Vec<_> = text.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// An error of a body without the secrets that it echoes.
pub(super) fn masked_error(mut error: RegistryError, masked: &dyn Fn(&str) -> String) -> RegistryError {
    [&mut error.code, &mut error.message, &mut error.detail].into_iter().for_each(|text| *text = masked(text));
    error
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
            (r#"{"code": "UNAVAILABLE", "message": "no disk"}"#, "500 Internal Server Error: UNAVAILABLE: no disk"),
            (r#"{"code": "E17", "message": "no disk"}"#, "500 Internal Server Error: no disk"),
        ] {
            assert_eq!(summary("500 Internal Server Error", None, body.as_bytes()), said, "{body}");
        }
    }
}
