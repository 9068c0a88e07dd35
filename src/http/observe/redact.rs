//! Redaction: URLs and headers as logs and errors may show them.

use http::header::{HeaderMap, HeaderName};
use url::Url;

use crate::auth::{MASK, is_harmless};

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
                let value = if value.is_empty() || is_harmless(&name) { value } else { MASK.into() };
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
            format!("{name}: {MASK}")
        } else if name == "location" || name == "link" {
            format!("{name}: {}", redacted_reference(&String::from_utf8_lossy(value.as_bytes())))
        } else {
            format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))
        }
    })
}

fn is_hidden(name: &HeaderName) -> bool {
    HIDDEN.contains(&name.as_str())
        || ["token", "secret", "password", "signature", "api-key"].iter().any(|word| name.as_str().contains(word))
}

/// `Location` and `Link` may be relative, so their query is cut rather than parsed.
fn redacted_reference(value: &str) -> String {
    match (Url::parse(value), value.split_once('?')) {
        (Ok(url), _) => redacted_url(&url),
        (Err(_), Some((path, _))) => format!("{path}?{MASK}"),
        (Err(_), None) => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::HeaderValue;

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
