//! Validates the token server that a Bearer challenge names: whether credentials may be sent to it.
//!
//! A registry chooses the realm freely, and credentials are then sent to it. The cases that are refused here were
//! exploited elsewhere: a downgrade to plain HTTP, user information that disguises the host, addresses inside the
//! client's own network (CVE-2026-33540, GHSA-xf85-363p-868w, GHSA-qvqc-4c52-x6qp).

use std::borrow::Cow;
use std::net::IpAddr;

use url::Url;

use super::address::may_lead_to;
use crate::error::{Error, Kind, Result};

/// The longest part of a refused realm that an error shows, in characters.
const MAX_SHOWN: usize = 200;

/// The URL of the token server that `registry` names by `realm`.
///
/// `peer` is the address of the connection to the registry; `None` when it is unknown, or behind a proxy. A realm that
/// is a path, such as `/token`, is on the registry itself.
///
/// # Errors
///
/// [`Kind::UnsafeRealm`] when no credentials may be sent to it; the cause is the reason.
pub fn token_server(registry: &Url, peer: Option<IpAddr>, realm: &str) -> Result<Url> {
    check(registry, peer, realm).map_err(|reason| {
        let host = registry.host_str().unwrap_or_default();
        let host = registry.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let shown: String = without_user(realm).chars().take(MAX_SHOWN).collect();
        Error::new(Kind::UnsafeRealm, format!("refusing token server {shown:?} of {host}")).because(reason)
    })
}

/// A URL without what stands before its host: it may be a password.
pub(crate) fn without_user(realm: &str) -> Cow<'_, str> {
    let Some((user, rest)) = realm.rsplit_once('@') else { return realm.into() };
    let is_scheme = |start: &&str| start.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let scheme = user.split_once(':').map(|(start, _)| start).filter(is_scheme).unwrap_or_default();
    let slashes = &user[scheme.len()..];
    let slashes = slashes.len() - slashes.trim_start_matches([':', '/', '\\']).len();
    format!("{}REDACTED@{rest}", &user[..scheme.len() + slashes]).into()
}

fn check(registry: &Url, peer: Option<IpAddr>, realm: &str) -> Result<Url, &'static str> {
    // The URL parser ignores tabs and line breaks and reads a backslash as a slash: validate exactly what is parsed.
    if realm.is_empty() || realm.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err("it is not a URL");
    }
    let url = resolve(registry, realm)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it contains a user name or password");
    }
    if url.fragment().is_some() {
        return Err("it contains a fragment");
    }
    if registry.scheme() == "https" && url.scheme() != "https" {
        return Err("the registry uses https and the token server plain http");
    }
    if !may_lead_to(registry, peer, &url) {
        return Err("its address is more private than the registry's own");
    }
    Ok(url)
}

fn resolve(registry: &Url, realm: &str) -> Result<Url, &'static str> {
    if realm.starts_with('/') {
        let url = registry.join(realm).map_err(|_| "it is not a URL")?;
        return if url.origin() == registry.origin() { Ok(url) } else { Err("it names another host without a scheme") };
    }
    let is_absolute = ["http://", "https://"]
        .iter()
        .any(|scheme| realm.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    if !is_absolute {
        return Err("it is neither an http or https URL nor an absolute path");
    }
    Url::parse(realm).map_err(|_| "it is not a URL")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(registry: &str, realm: &str) -> String {
        let registry = Url::parse(registry).expect(registry);
        let error = token_server(&registry, None, realm).expect_err(realm);
        assert_eq!(error.kind(), &Kind::UnsafeRealm);
        error.causes()[0].clone()
    }

    fn allowed(registry: &str, realm: &str) -> String {
        token_server(&Url::parse(registry).expect(registry), None, realm).expect(realm).to_string()
    }

    #[test]
    fn refusals_say_why() {
        for (realm, reason) in [
            ("", "it is not a URL"),
            ("https://", "it is not a URL"),
            ("https:\\\\evil.example", "it is not a URL"),
            ("https://auth.example.com/to\tken", "it is not a URL"),
            ("/\\evil.example/token", "it is not a URL"),
            ("token", "it is neither an http or https URL nor an absolute path"),
            ("https:auth.example.com", "it is neither an http or https URL nor an absolute path"),
            ("ftp://auth.example.com", "it is neither an http or https URL nor an absolute path"),
            ("//evil.example/token", "it names another host without a scheme"),
            ("//registry.example.com:444/token", "it names another host without a scheme"),
            ("http://registry.example.com/token", "the registry uses https and the token server plain http"),
            ("https://u@auth.example.com/", "it contains a user name or password"),
            ("https://:p@auth.example.com/", "it contains a user name or password"),
            ("https://auth.example.com/#x", "it contains a fragment"),
            ("/token#x", "it contains a fragment"),
            ("https://127.1/", "its address is more private than the registry's own"),
        ] {
            assert_eq!(refused("https://registry.example.com", realm), reason, "{realm}");
        }
    }

    #[test]
    fn paths_belong_to_the_registry() {
        assert_eq!(allowed("https://r.example:5000/prefix/", "/v2/token?a=b"), "https://r.example:5000/v2/token?a=b");
        assert_eq!(allowed("http://127.0.0.1:5000", "/token"), "http://127.0.0.1:5000/token");
        assert_eq!(allowed("http://r.example", "HTTPS://auth.example/token"), "https://auth.example/token");
    }

    #[test]
    fn the_error_shows_a_bounded_part_of_the_realm() {
        let registry = Url::parse("https://registry.example.com").expect("a URL");
        let error = token_server(&registry, None, &"\u{1b}\u{e9}".repeat(5_000)).expect_err("refused");
        assert!(error.what().len() < 2_000 && !error.what().contains('\u{1b}'), "{error}");
    }

    #[test]
    fn a_password_in_a_realm_is_not_shown() {
        for (realm, shown) in [
            ("https://auth.example/token", "https://auth.example/token"),
            ("https://ann:s3cret@auth.example/", "https://REDACTED@auth.example/"),
            ("https:\\\\ann:s3cret@auth.example", "https:\\\\REDACTED@auth.example"),
            ("//ann:s3cret@auth.example", "//REDACTED@auth.example"),
            ("ann:s3cret@auth.example", "ann:REDACTED@auth.example"),
            ("https://s3cret@x@auth.example", "https://REDACTED@auth.example"),
        ] {
            assert_eq!(without_user(realm), shown);
        }
    }

    proptest! {
        #[test]
        fn every_accepted_realm_is_safe(realm in "(https?://|/|//|@|:|\\\\|localhost|127\\.1|evil\\.example|#|\\?|[ -~]){0,8}") {
            let registry = Url::parse("https://registry.example.com").expect("a URL");
            if let Ok(url) = token_server(&registry, None, &realm) {
                prop_assert_eq!(url.scheme(), "https");
                prop_assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
                prop_assert!(may_lead_to(&registry, None, &url));
            }
        }
    }
}
