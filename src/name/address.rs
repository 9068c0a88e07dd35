//! URLs that users paste in place of a name: from a browser, another tool, or a log.

use percent_encoding::percent_decode_str;

use super::host::Authority;
use super::{Digest, Registry};
use crate::error::Error;

/// The host of Docker Hub's web pages.
const HUB_PAGES: &str = "hub.docker.com";

/// The scheme of a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// `http://`
    Http,
    /// `https://`
    Https,
}

/// A parsed URL.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// The scheme; `None` for `docker://` and `oci://`.
    pub scheme: Option<Scheme>,
    /// The registry; `None` where `rest` is a complete name.
    pub registry: Option<Registry>,
    /// `PATH[:TAG][@DIGEST]`; empty for the registry alone.
    pub rest: String,
}

impl Registry {
    /// Like `from_str`; also accepts the URL of the API's root or catalog: `https://HOST/v2/`.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::Kind::Invalid): it is not a registry.
    pub fn read(text: &str) -> Result<Self, Error> {
        match read(text) {
            Ok(Some(Address { registry: Some(registry), rest, .. })) if rest.is_empty() => Ok(registry),
            _ => text.parse(),
        }
    }
}

/// Parses a URL; `None` for a text without a scheme. The error is the cause.
pub(super) fn read(text: &str) -> Result<Option<Address>, String> {
    let Some((scheme, rest)) = text.split_once("://") else { return Ok(None) };
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        // skopeo and helm use docker's names after these schemes.
        "docker" | "oci" => return Ok(Some(Address { scheme: None, registry: None, rest: rest.to_owned() })),
        _ => return Err("its scheme is not https, http, docker or oci".into()),
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let authority = Authority::parse(host)?;
    let path = percent_decode_str(path).decode_utf8().map_err(|_| "its path is not UTF-8")?;
    let path = path.trim_end_matches('/');
    if authority.host == HUB_PAGES {
        return Ok(Some(Address { scheme: None, registry: Some(Registry::docker_hub()), rest: page(path)? }));
    }
    let is_plain = scheme == Scheme::Http;
    let (prefix, rest) = match endpoint(path) {
        Some((prefix, name)) => (prefix, name?),
        None => ("", path.to_owned()),
    };
    let registry = Registry::reached(authority, is_plain, prefix)?;
    Ok(Some(Address { scheme: Some(scheme), registry: Some(registry), rest }))
}

/// The repository of a page of Docker Hub.
fn page(path: &str) -> Result<String, String> {
    match path.split('/').collect::<Vec<_>>()[..] {
        ["r", owner, name] | ["r", owner, name, "tags", ..] | ["repository", "docker", owner, name, ..] => {
            Ok(format!("{owner}/{name}"))
        }
        ["_", name] | ["_", name, "tags", ..] => Ok(format!("library/{name}")),
        _ => Err("this is not the page of a repository, which is https://hub.docker.com/r/OWNER/NAME".into()),
    }
}

/// The path before `/v2/` in an endpoint of the API, and the name in that endpoint; `None` for any other path.
fn endpoint(path: &str) -> Option<(&str, Result<String, String>)> {
    let starts = path.match_indices("v2").map(|(at, _)| at);
    let is_segment = |at: &usize| {
        (*at == 0 || path[..*at].ends_with('/')) && (at + 2 == path.len() || path[at + 2..].starts_with('/'))
    };
    let named = |at: usize| {
        let tail = path[at + 2..].trim_start_matches('/');
        Some((path[..at].trim_end_matches('/'), named_by(tail)?))
    };
    starts.filter(is_segment).find_map(named)
}

/// The name after `/v2/`; `None` for a path that is not an endpoint.
fn named_by(tail: &str) -> Option<Result<String, String>> {
    if matches!(tail, "" | "_catalog") {
        return Some(Ok(String::new()));
    }
    if let Some(name) = tail.strip_suffix("/tags/list") {
        return Some(Ok(name.to_owned()));
    }
    let (before, last) = tail.rsplit_once('/')?;
    let (name, kind) = before.rsplit_once('/')?;
    let is_digest = last.parse::<Digest>().is_ok();
    match kind {
        "manifests" if is_digest => Some(Ok(format!("{name}@{last}"))),
        "manifests" => Some(Ok(format!("{name}:{last}"))),
        "referrers" if is_digest => Some(Ok(format!("{name}@{last}"))),
        "blobs" if is_digest => Some(Err("this is the address of a blob, not of a manifest".into())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    /// The registry, and the rest.
    fn taken(text: &str) -> (String, String) {
        let Address { registry, rest, .. } = read(text).unwrap_or_else(|cause| panic!("{text}: {cause}")).expect(text);
        (registry.map_or("-".to_owned(), |registry| registry.to_string()), rest)
    }

    fn both(registry: &str, rest: &str) -> (String, String) {
        (registry.to_owned(), rest.to_owned())
    }

    #[test]
    fn an_address_is_a_registry_and_a_name() {
        assert_eq!(taken("http://reg:5000/team/app"), both("http://reg:5000", "team/app"));
        assert_eq!(taken("HTTPS://Reg.corp/app:v1"), both("reg.corp", "app:v1"));
        assert_eq!(taken("https://registry/app/"), both("registry", "app"));
        assert_eq!(taken("https://[::1]:5000/app"), both("[::1]:5000", "app"));
        assert_eq!(taken(&format!("https://reg.corp/app@{DIGEST}")), both("reg.corp", &format!("app@{DIGEST}")));
        assert_eq!(taken("https://reg.corp/app?tab=tags#top"), both("reg.corp", "app"));
        assert_eq!(taken("http://localhost"), both("http://localhost", ""));
        assert_eq!(taken("docker://ghcr.io/owner/app:v1"), both("-", "ghcr.io/owner/app:v1"));
        assert_eq!(taken("oci://reg.corp/charts/app"), both("-", "reg.corp/charts/app"));
        assert_eq!(read("reg.corp/app"), Ok(None));
    }

    #[test]
    fn an_endpoint_of_the_api_names_what_it_is_about() {
        assert_eq!(taken("https://reg.corp/v2/team/app/tags/list?n=100"), both("reg.corp", "team/app"));
        assert_eq!(taken("https://reg.corp/v2/team/app/manifests/1.0"), both("reg.corp", "team/app:1.0"));
        let digested = format!("app@{DIGEST}");
        for address in ["manifests", "referrers"] {
            assert_eq!(taken(&format!("https://reg.corp/v2/app/{address}/{DIGEST}")), both("reg.corp", &digested));
        }
        let escaped = DIGEST.replace(':', "%3A");
        assert_eq!(taken(&format!("https://reg.corp/v2/app/manifests/{escaped}")), both("reg.corp", &digested));
        for root in ["https://reg.corp/v2/", "https://reg.corp/v2", "https://reg.corp/v2/_catalog?n=1"] {
            assert_eq!(taken(root), both("reg.corp", ""));
        }
        let nested = "https://art.corp/artifactory/api/docker/local/v2/team/app/tags/list";
        assert_eq!(taken(nested), both("https://art.corp/artifactory/api/docker/local", "team/app"));
        // A repository may have such components.
        assert_eq!(taken("https://reg.corp/v2/tags/list/tags/list"), both("reg.corp", "tags/list"));
        assert_eq!(taken("https://reg.corp/v2/team/app"), both("reg.corp", "v2/team/app"));
        assert_eq!(taken("https://reg.corp/team/v2app/manifests/x"), both("reg.corp", "team/v2app/manifests/x"));
        assert!(read(&format!("https://reg.corp/v2/app/blobs/{DIGEST}")).is_err_and(|cause| cause.contains("blob")));
    }

    #[test]
    fn the_root_of_the_api_is_its_registry() {
        let read = |text: &str| Registry::read(text).map(|registry| registry.to_string());
        for (text, name) in [
            ("https://reg.corp/v2/", "reg.corp"),
            ("http://reg:5000/v2/_catalog?n=100", "http://reg:5000"),
            ("https://art.corp/docker/v2/", "https://art.corp/docker"),
            ("https://art.corp/docker", "https://art.corp/docker"),
            ("reg:5000", "reg:5000"),
        ] {
            assert_eq!(read(text).expect("a registry"), name);
        }
        assert_eq!(read("reg/v2").expect_err("no registry").what(), "'reg/v2' is not a registry");
    }

    #[test]
    fn a_page_of_docker_hub_is_a_repository_there() {
        for (page, name) in [
            ("r/owner/app", "owner/app"),
            ("r/owner/app/", "owner/app"),
            ("r/library/nginx/tags", "library/nginx"),
            ("r/owner/app/tags?page=2&name=1.0", "owner/app"),
            ("_/nginx", "library/nginx"),
            ("_/nginx/tags", "library/nginx"),
            ("repository/docker/owner/app/general", "owner/app"),
        ] {
            assert_eq!(taken(&format!("https://hub.docker.com/{page}")), both("docker.io", name));
        }
        for page in ["", "u/owner", "r/owner", "search?q=x"] {
            let cause = read(&format!("https://hub.docker.com/{page}")).expect_err(page);
            assert!(cause.contains("not the page of a repository"), "{page}: {cause}");
        }
    }

    #[test]
    fn an_address_of_another_kind_is_refused() {
        assert_eq!(read("ftp://reg/app"), Err("its scheme is not https, http, docker or oci".to_owned()));
        assert_eq!(read("https:///app"), Err("the host is empty".to_owned()));
        assert_eq!(read("https://reg/%ff"), Err("its path is not UTF-8".to_owned()));
    }
}
