//! Redaction: URLs, headers and server texts as logs and errors may show them.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use http::header::{HeaderMap, HeaderName};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// Query parameters whose values are not secret: those of the distribution API and of a token request.
const SHOWN: &[&str] = &["scope", "service", "mount", "from", "digest", "n", "last", "client_id", "artifactType"];

/// Header names whose values are never shown.
const HIDDEN: &[&str] = &["authorization", "proxy-authorization", "cookie", "set-cookie"];

/// A URL without its password and without the values of query parameters not known to be harmless
/// (the query of a presigned URL is a secret).
pub fn redacted_url(url: &Url) -> String {
    let mut shown = url.clone();
    if shown.password().is_some() {
        // Fails only for URLs that cannot have a password.
        let _ = shown.set_password(Some("xxxxx"));
    }
    if url.query().is_some() {
        let mut pairs: Vec<_> = url
            .query_pairs()
            .map(|(name, value)| {
                let value = if value.is_empty() || SHOWN.contains(&&*name) { value } else { "REDACTED".into() };
                (name, value)
            })
            .collect();
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        shown.query_pairs_mut().clear().extend_pairs(pairs);
    }
    shown.into()
}

/// Headers as `name: value` lines, with secret values redacted.
pub fn redacted_headers(headers: &HeaderMap) -> impl Iterator<Item = String> {
    headers.iter().map(|(name, value)| {
        if is_hidden(name) {
            format!("{name}: REDACTED")
        } else if name == "location" || name == "link" {
            format!("{name}: {}", redacted_reference(&String::from_utf8_lossy(value.as_bytes())))
        } else {
            format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))
        }
    })
}

/// The secrets used most recently, so that a server's echo of one is masked.
#[derive(Debug, Default)]
pub(in crate::http) struct Secrets(Mutex<VecDeque<SecretString>>);

impl Secrets {
    /// Remembers a secret. Secrets under 4 bytes cannot be told from ordinary text and are ignored. Each repository may
    /// have its own token, so the number is bounded: the least recently used go first.
    pub fn remember(&self, secret: &str) {
        const MIN_LENGTH: usize = 4;
        const MAX: usize = 64;
        if secret.len() < MIN_LENGTH {
            return;
        }
        let mut secrets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        secrets.retain(|known| known.expose_secret() != secret);
        secrets.push_back(secret.into());
        if secrets.len() > MAX {
            secrets.pop_front();
        }
    }

    /// Remembers what follows the scheme in the value of an `Authorization` header.
    pub fn remember_header(&self, header: &SecretString) {
        if let Some((_, secret)) = header.expose_secret().split_once(' ') {
            self.remember(secret);
        }
    }

    /// Masks in a server's text the secrets it was sent, anything that looks like an `Authorization` value, and
    /// `user:password@` in URLs.
    pub fn masked(&self, text: &str) -> String {
        let secrets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = text.to_owned();
        for secret in secrets.iter() {
            text = text.replace(secret.expose_secret(), "REDACTED");
        }
        mask_users(&mask_authorization(&text))
    }
}

/// Masks the user information of URLs.
fn mask_users(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        masked.push_str(before);
        masked.push_str("://");
        let is_end = |c: char| c.is_whitespace() || "/?#\"'<>,;\\".contains(c);
        let (authority, _) = after.split_at(after.find(is_end).unwrap_or(after.len()));
        rest = match authority.rfind('@') {
            Some(at) => {
                masked.push_str("REDACTED");
                &after[at..]
            }
            None => after,
        };
    }
    masked + rest
}

/// Masks what follows the words `Bearer` and `Basic` when it is as long as a credential.
fn mask_authorization(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut after_scheme = false;
    for word in text.split_inclusive([' ', '"', '\'', ',', '\n']) {
        let bare = word.trim_end_matches([' ', '"', '\'', ',', '\n']);
        if after_scheme && bare.len() >= 8 && !bare.trim_end_matches('=').contains('=') {
            masked.push_str("REDACTED");
            masked.push_str(&word[bare.len()..]);
        } else {
            masked.push_str(word);
        }
        after_scheme = ["bearer", "basic"].iter().any(|scheme| bare.eq_ignore_ascii_case(scheme));
    }
    masked
}

fn is_hidden(name: &HeaderName) -> bool {
    HIDDEN.contains(&name.as_str())
        || ["token", "secret", "password", "signature", "api-key"].iter().any(|word| name.as_str().contains(word))
}

/// `Location` and `Link` may be relative, so their query is cut rather than parsed.
fn redacted_reference(value: &str) -> String {
    match (Url::parse(value), value.split_once('?')) {
        (Ok(url), _) => redacted_url(&url),
        (Err(_), Some((path, _))) => format!("{path}?REDACTED"),
        (Err(_), None) => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::HeaderValue;

    #[test]
    fn an_echo_of_a_secret_is_masked_and_a_challenge_is_not() {
        let secrets = Secrets::default();
        secrets.remember("hunter2");
        secrets.remember("abc");
        assert_eq!(secrets.masked("you sent hunter2, abc"), "you sent REDACTED, abc");
        for (said, shown) in [
            ("Authorization: Bearer eyJhbGciOi", "Authorization: Bearer REDACTED"),
            (r#"{"m":"basic YW5uOmh1bnRlcjI=","n":1}"#, r#"{"m":"basic REDACTED","n":1}"#),
            (r#"Bearer realm="https://auth.example/token""#, r#"Bearer realm="https://auth.example/token""#),
            ("Basic auth is off", "Basic auth is off"),
            (
                r#"<https://ann:pass@host/x?y>; via="http://t0ken@h""#,
                r#"<https://REDACTED@host/x?y>; via="http://REDACTED@h""#,
            ),
            ("mail ann@host about http://host/@x", "mail ann@host about http://host/@x"),
        ] {
            assert_eq!(secrets.masked(said), shown);
        }
    }

    #[test]
    fn only_the_secrets_used_lately_are_kept() {
        let secrets = Secrets::default();
        secrets.remember("password");
        for number in 0..100 {
            secrets.remember(&format!("token-{number}-"));
            secrets.remember("password");
        }
        assert_eq!(secrets.masked("password token-99- token-0-"), "REDACTED REDACTED token-0-");
    }

    #[test]
    fn headers_that_carry_secrets_are_named_but_not_shown() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("authorization", "Bearer canary"),
            ("set-cookie", "session=canary"),
            ("x-amz-security-token", "canary"),
            ("content-type", "application/json"),
            ("location", "https://s3.example/blob?X-Amz-Signature=canary&n=1"),
            ("link", "</v2/_catalog?canary=canary>; rel=next"),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let shown: Vec<_> = redacted_headers(&headers).collect();
        assert!(shown.contains(&"authorization: REDACTED".to_owned()));
        assert!(shown.contains(&"content-type: application/json".to_owned()));
        assert!(shown.contains(&"location: https://s3.example/blob?X-Amz-Signature=REDACTED&n=1".to_owned()));
        assert!(shown.iter().all(|line| !line.contains("canary")), "{shown:?}");
    }
}
