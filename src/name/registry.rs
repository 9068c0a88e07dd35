//! Registries and their URLs.

use std::fmt;
use std::str::FromStr;

use url::Url;

use super::host::{Authority, is_host};
use super::refusal::{name_of, refuse};
use super::text::serde_as_text;
use crate::error::Error;

/// The hosts of Docker Hub; the first is its name, the last the one that serves the API.
const HUB: [&str; 3] = ["docker.io", "index.docker.io", "registry-1.docker.io"];

/// A registry, and how to reach it.
///
/// ```text
/// REGISTRY  HOST[:PORT] | http://HOST[:PORT] | https://HOST[:PORT][/PREFIX]
/// ```
///
/// HTTPS unless `http://` is written, whatever the host. The host is in lower case, otherwise as typed, and so is the
/// port: `reg` and `reg:443` are not equal. An IPv6 address stands in brackets, which it may leave out where nothing
/// else follows. A PREFIX is what stands before `/v2/` in the paths of a registry that shares its host: segments of
/// letters, digits, `.`, `_`, `~` and `-`, none of them empty, `.` or `..`. Docker Hub has none, and its names
/// `index.docker.io` and `registry-1.docker.io` become `docker.io`, as does its old address
/// `https://index.docker.io/v1/`.
///
/// `Display` gives a text that parses back to an equal registry: without a scheme where that is possible, with
/// `http://` for plain HTTP, with `https://` before a prefix.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Registry {
    authority: Authority,
    prefix: Option<String>,
    plain_http: bool,
}

serde_as_text!(Registry);

impl Registry {
    /// Docker Hub.
    pub fn docker_hub() -> Self {
        Self { authority: Authority { host: HUB[0].to_owned(), port: None }, prefix: None, plain_http: false }
    }

    /// Whether it is Docker Hub, however it was written.
    pub fn is_docker_hub(&self) -> bool {
        self.authority.host == HUB[0] && self.authority.port.is_none()
    }

    /// In lower case, otherwise as typed; an IPv6 address without its brackets; `docker.io` for Docker Hub.
    pub fn host(&self) -> &str {
        &self.authority.host
    }

    /// As typed.
    pub fn port(&self) -> Option<u16> {
        self.authority.port
    }

    /// The port to connect to.
    pub fn effective_port(&self) -> u16 {
        self.port().unwrap_or(if self.plain_http { 80 } else { 443 })
    }

    /// The path before `/v2/`, without a slash at either end.
    pub fn prefix(&self) -> Option<&str> {
        self.prefix.as_deref()
    }

    /// Whether it uses plain HTTP.
    pub fn is_plain_http(&self) -> bool {
        self.plain_http
    }

    /// The same registry over plain HTTP.
    #[must_use]
    pub fn with_plain_http(self) -> Self {
        Self { plain_http: true, ..self }
    }

    /// `HOST[:PORT]` as typed, in lower case: the key in certs.d folders and docker's configuration.
    pub fn authority(&self) -> String {
        self.authority.to_string()
    }

    /// Whether the host is the local one: `localhost`, `127.0.0.0/8` or `::1`.
    pub fn is_loopback(&self) -> bool {
        self.authority.is_loopback()
    }

    /// The URL of the registry: `https://registry-1.docker.io/` for Docker Hub. Ends in `/`, after the prefix if any,
    /// so that `v2/…` can be joined to it.
    pub fn base(&self) -> Url {
        let scheme = if self.plain_http { "http" } else { "https" };
        let authority = if self.is_docker_hub() { HUB[2].to_owned() } else { self.authority() };
        let (slash, prefix) = self.prefix().map_or(("", ""), |prefix| ("/", prefix));
        let text = format!("{scheme}://{authority}{slash}{prefix}/");
        Url::parse(&text).expect("the host was checked to be one that a URL can have")
    }

    /// Whether a name with the registry `named` is in this registry: same host, same port. A name has neither scheme
    /// nor prefix, so that this registry's apply.
    pub(super) fn is_named_by(&self, named: &Self) -> bool {
        let says_more = named.plain_http || named.prefix.is_some();
        let port = Self { plain_http: self.plain_http, ..named.clone() }.effective_port();
        !says_more && self.host() == named.host() && self.effective_port() == port
    }

    /// Whether a URL of `named` is in this registry: same host, and the same port as written or as connected to. The
    /// scheme does not matter.
    pub(super) fn has_address_of(&self, named: &Self) -> bool {
        let is_same_port = self.port() == named.port() || self.effective_port() == named.effective_port();
        self.host() == named.host() && is_same_port
    }

    /// This registry, or `default` where that has the same host and port: its scheme and prefix then apply.
    #[must_use]
    pub fn within(self, default: &Self) -> Self {
        if default.is_named_by(&self) { default.clone() } else { self }
    }

    /// `name` after this registry, in a form that does not depend on a default registry: `reg.corp:5000/app`,
    /// `http://reg/app`, `docker.io/library/alpine`. A host that could be read as a path has `https://` before it.
    pub fn qualify(&self, name: impl fmt::Display) -> String {
        let shown = self.to_string();
        let scheme = if shown.contains("://") || is_host(&shown) { "" } else { "https://" };
        format!("{scheme}{shown}/{name}")
    }

    /// The registry with its scheme: `https://reg.corp:5000`.
    pub fn with_scheme(&self) -> String {
        let shown = self.to_string();
        if shown.contains("://") { shown } else { format!("https://{shown}") }
    }

    /// The registry at a URL, with the path before `/v2/`; the error is the cause.
    pub(super) fn reached(authority: Authority, plain_http: bool, path: &str) -> Result<Self, String> {
        let registry = match authority.port {
            // Port 443 of Docker Hub's hosts is Docker Hub only over HTTPS.
            Some(_) if plain_http => Self { authority, prefix: None, plain_http },
            _ => Self { plain_http, ..Self::at(authority) },
        };
        registry.with_prefix(prefix(path)?)
    }

    /// The registry of `HOST[:PORT]` in a name.
    pub(super) fn at(authority: Authority) -> Self {
        let is_hub = HUB.contains(&authority.host.as_str()) && authority.port.is_none_or(|port| port == 443);
        if is_hub { Self::docker_hub() } else { Self { authority, prefix: None, plain_http: false } }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme), rest),
            None => (None, text),
        };
        let plain_http = match scheme {
            Some(scheme) if scheme.eq_ignore_ascii_case("http") => true,
            Some(scheme) if !scheme.eq_ignore_ascii_case("https") => {
                return Err("its scheme is neither https nor http".into());
            }
            _ => false,
        };
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let authority = match Authority::bare_ipv6(text) {
            Some(address) => address,
            None => Authority::parse(host)?,
        };
        if scheme.is_none() && !path.is_empty() {
            return Err(format!(
                "a registry is HOST[:PORT], here {authority}; a path belongs to https://HOST[:PORT]/PREFIX"
            ));
        }
        Self::reached(authority, plain_http, path)
    }

    fn with_prefix(self, prefix: Option<String>) -> Result<Self, String> {
        let last = prefix.as_deref().and_then(|prefix| prefix.rsplit('/').next());
        match (last, prefix.as_deref()) {
            (_, Some("v1" | "v2")) if self.is_docker_hub() => Ok(self),
            (Some(version @ ("v1" | "v2")), _) => {
                Err(format!("'/{version}' is the API's own path, not a part of the address"))
            }
            (Some(_), _) if self.is_docker_hub() => Err("the address of Docker Hub has no path".into()),
            _ => Ok(Self { prefix, ..self }),
        }
    }
}

impl fmt::Display for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match (self.plain_http, &self.prefix) {
            (true, _) => "http://",
            (false, Some(_)) => "https://",
            (false, None) => "",
        };
        write!(f, "{scheme}{}", self.authority)?;
        self.prefix().map_or(Ok(()), |prefix| write!(f, "/{prefix}"))
    }
}

impl FromStr for Registry {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text).map_err(|cause| refuse(text, "a registry", cause))
    }
}

/// Parses the prefix after the host's slash; one trailing slash is dropped.
fn prefix(path: &str) -> Result<Option<String>, String> {
    if path.is_empty() {
        return Ok(None);
    }
    let path = path.strip_suffix('/').unwrap_or(path);
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '~' | '-' | '/');
    if let Some(odd) = path.chars().find(|c| !is_allowed(*c)) {
        return Err(format!("{} is not allowed in the path of a registry", name_of(odd)));
    }
    match path.split('/').find(|segment| matches!(*segment, "" | "." | "..")) {
        Some("") => Err("empty path component between two '/'".into()),
        Some(dots) => Err(format!("'{dots}' is not allowed as a part of the path of a registry")),
        None => Ok(Some(path.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry(text: &str) -> Registry {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    fn cause(text: &str) -> String {
        text.parse::<Registry>().expect_err("no registry").causes()[0].clone()
    }

    #[test]
    fn every_way_to_write_docker_hub_is_docker_hub() {
        for text in [
            "docker.io",
            "Docker.IO",
            "index.docker.io",
            "registry-1.docker.io",
            "https://docker.io",
            "https://index.docker.io/v1/",
            "https://registry-1.docker.io/v2",
            "docker.io:443",
        ] {
            assert_eq!(registry(text), Registry::docker_hub(), "{text}");
        }
        let hub = Registry::docker_hub();
        assert!(hub.is_docker_hub());
        assert_eq!(hub.base().as_str(), "https://registry-1.docker.io/");
        assert_eq!((hub.host(), hub.port(), hub.effective_port()), ("docker.io", None, 443));
        assert_eq!((hub.authority(), hub.to_string()), ("docker.io".into(), "docker.io".into()));
    }

    #[test]
    fn another_port_of_its_host_is_not_docker_hub() {
        for text in ["docker.io:5000", "http://docker.io:443"] {
            assert!(!registry(text).is_docker_hub(), "{text}");
            assert!(registry(text).base().as_str().contains("//docker.io:"), "{text}");
        }
        assert!(registry("http://docker.io").is_docker_hub());
    }

    #[test]
    fn https_is_the_default_scheme() {
        for text in ["localhost:5000", "127.0.0.1", "[::1]:5000", "10.0.0.1:80", "registry", "HTTPS://registry"] {
            assert!(!registry(text).is_plain_http(), "{text}");
            assert_eq!(registry(text).base().scheme(), "https");
        }
        let plain = registry("HTTP://registry");
        assert!(plain.is_plain_http());
        assert_eq!((plain.effective_port(), plain.base().as_str()), (80, "http://registry/"));
        assert_eq!(registry("reg:443").with_plain_http().base().as_str(), "http://reg:443/");
    }

    #[test]
    fn the_port_is_kept_as_typed() {
        assert_ne!(registry("reg"), registry("reg:443"));
        assert_eq!(registry("reg:443").authority(), "reg:443");
        assert_eq!(registry("https://Reg:443/"), registry("reg:443"));
    }

    #[test]
    fn an_ipv6_address_is_shown_in_brackets() {
        for text in ["::1", "[::1]", "https://[::1]"] {
            assert_eq!(registry(text).to_string(), "[::1]");
            assert_eq!(registry(text).host(), "::1");
        }
        assert_eq!(registry("[2001:DB8::1]:5000").authority(), "[2001:db8::1]:5000");
        assert_eq!(registry("[2001:DB8::1]:5000").base().as_str(), "https://[2001:db8::1]:5000/");
    }

    #[test]
    fn a_prefix_goes_into_the_base() {
        let nested = registry("https://art.corp:8443/artifactory/Docker~1/");
        assert_eq!(nested.prefix(), Some("artifactory/Docker~1"));
        assert_eq!(nested.base().as_str(), "https://art.corp:8443/artifactory/Docker~1/");
        assert_eq!(nested.to_string(), "https://art.corp:8443/artifactory/Docker~1");
        assert_eq!(nested.authority(), "art.corp:8443");
        let plain = nested.with_plain_http();
        assert_eq!(plain.to_string(), "http://art.corp:8443/artifactory/Docker~1");
        assert_eq!(registry(&plain.to_string()), plain);
    }

    #[test]
    fn the_cause_names_the_part_that_is_wrong() {
        assert_eq!(cause(""), "the host is empty");
        assert_eq!(cause("https://"), "the host is empty");
        assert_eq!(cause("ftp://reg"), "its scheme is neither https nor http");
        assert!(cause("ghcr.io/owner").starts_with("a registry is HOST[:PORT], here ghcr.io;"));
        assert_eq!(cause("alpine:latest"), "'latest' is not a port number");
        assert_eq!(cause("https://reg/a//b"), "empty path component between two '/'");
        assert_eq!(cause("https://reg//"), "empty path component between two '/'");
        assert_eq!(cause("https://reg/a/../b"), "'..' is not allowed as a part of the path of a registry");
        assert_eq!(cause("https://reg/a?b=c"), "'?' is not allowed in the path of a registry");
        assert_eq!(cause("https://reg/%2e%2e"), "'%' is not allowed in the path of a registry");
        assert_eq!(cause("https://reg?b=c"), "'?' is not allowed in a host");
        assert_eq!(cause("https://reg/v2/"), "'/v2' is the API's own path, not a part of the address");
        assert_eq!(cause("https://docker.io/team"), "the address of Docker Hub has no path");
        assert_eq!(cause("reg.corp\r\nHost: evil"), "U+000D is not allowed in a host");
    }

    #[test]
    fn a_name_says_where_it_is_whatever_the_default_is() {
        for (text, name) in [
            ("reg.corp:5000", "reg.corp:5000/app"),
            ("http://reg.corp", "http://reg.corp/app"),
            ("registry", "https://registry/app"),
            ("localhost", "localhost/app"),
            ("[::1]:5000", "[::1]:5000/app"),
            ("docker.io", "docker.io/app"),
            ("https://art.corp/docker", "https://art.corp/docker/app"),
        ] {
            assert_eq!(registry(text).qualify("app"), name);
            let scheme = registry(text).with_scheme();
            assert!(scheme.contains("://") && registry(&scheme) == registry(text), "{scheme}");
        }
    }

    #[test]
    fn a_password_is_refused_and_not_repeated() {
        for text in ["https://ann:geheim@reg.corp", "ann:geheim@reg.corp:5000", "https://geheim@reg.corp/x"] {
            let error = text.parse::<Registry>().expect_err("no registry");
            assert!(!error.to_string().contains("geheim"), "{error}");
            assert_eq!(error.causes(), ["a name must not contain a user or password"]);
        }
    }
}
