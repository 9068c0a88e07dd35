//! The keys under which credentials for a server are stored.

use std::fmt;
use std::net::Ipv6Addr;

use crate::error::{FileForm, Mismatch};
use crate::name::{Registry, Repository};

/// Docker Hub's key in docker's configuration and for helpers: its address in version 1 of the registry protocol.
const HUB_KEY: &str = "https://index.docker.io/v1/";
/// Other keys that are used for Docker Hub.
const HUB_HOSTS: [&str; 3] = ["docker.io", "index.docker.io", "registry-1.docker.io"];
/// Hosts of Docker that are not its registry.
const OTHER_HUB_HOSTS: [&str; 4] = ["hub.docker.com", "registry.hub.docker.com", "cloud.docker.com", "docker.com"];

/// A key as users and programs write it: a host, a URL of which only the host counts, or a host and a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerKey {
    scheme: Option<String>,
    authority: String,
    path: String,
}

impl ServerKey {
    /// Parses a key. Any text is a key, although one that may match nothing; query and fragment are dropped.
    pub fn parse(key: &str) -> Self {
        let (scheme, rest) = match key.split_once("://") {
            Some((scheme, rest)) if !rest.starts_with(is_end_of_authority) && !rest.is_empty() => (Some(scheme), rest),
            _ => (None, key.strip_prefix("//").unwrap_or(key)),
        };
        let end = rest.find(is_end_of_authority).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let authority = authority.rsplit('@').next().unwrap_or_default();
        Self {
            scheme: scheme.map(str::to_ascii_lowercase),
            authority: authority.to_ascii_lowercase(),
            path: path.to_owned(),
        }
    }

    /// The host and the port, if any, in lower case. An IPv6 address in a URL has brackets, even if they were left out
    /// before a port.
    pub fn host(&self) -> String {
        match self.authority.rsplit_once(':') {
            Some((host, port))
                if self.scheme.is_some() && host.contains(':') && !self.authority.contains(['[', ']']) =>
            {
                format!("[{host}]:{port}")
            }
            _ => self.authority.clone(),
        }
    }

    /// The path after the host, with its slash; empty without one.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Whether the path is not a namespace but part of a URL: empty, or the API's own.
    pub(super) fn is_address(&self) -> bool {
        self.scheme.is_some() || matches!(self.path.trim_end_matches('/'), "" | "/v1" | "/v2")
    }
}

impl fmt::Display for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(scheme) = &self.scheme {
            write!(f, "{scheme}:")?;
        }
        write!(f, "//{}{}", self.authority, self.path)
    }
}

fn is_end_of_authority(c: char) -> bool {
    matches!(c, '/' | '?' | '#')
}

/// What to find credentials for: a registry, and a repository for a request about one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    pub registry: &'a Registry,
    pub repository: Option<&'a Repository>,
}

impl Target<'_> {
    /// `HOST[:PORT]`, for each of its names: as typed, then the same address with or without the port of its scheme.
    pub fn hosts(&self) -> Vec<String> {
        if self.registry.is_docker_hub() {
            return HUB_HOSTS.map(str::to_owned).to_vec();
        }
        let typed = self.registry.authority();
        let default = if self.registry.is_plain_http() { ":80" } else { ":443" };
        let other = match self.registry.port() {
            None => Some(format!("{typed}{default}")),
            Some(_) => typed.strip_suffix(default).map(str::to_owned),
        };
        [typed].into_iter().chain(other).collect()
    }

    /// The keys for the registry, best first.
    pub fn keys(&self) -> Vec<String> {
        let hub = self.registry.is_docker_hub().then(|| HUB_KEY.to_owned());
        hub.into_iter().chain(self.hosts()).collect()
    }

    /// The key for the default helper.
    pub fn helper_key(&self) -> String {
        if self.registry.is_docker_hub() { HUB_KEY.to_owned() } else { self.registry.authority() }
    }

    /// `HOST/NS/REPO`, `HOST/NS`: the keys for the repository, longest first.
    pub fn namespaces(&self) -> Vec<String> {
        let Some(repository) = self.repository else { return Vec::new() };
        let path = repository.as_str();
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        let mut prefixes: Vec<&str> = ends.map(|end| &path[..end]).collect();
        prefixes.reverse();
        let hosts = self.hosts();
        prefixes.iter().flat_map(|prefix| hosts.iter().map(move |host| format!("{host}/{prefix}"))).collect()
    }

    /// Whether `host`, in lower case, is a name of the registry. The port counts: `reg` is `reg:443` by https, and not
    /// `reg:5000`.
    pub fn is_at(&self, host: &str) -> bool {
        self.hosts().iter().any(|known| known == host)
    }

    /// Why `key`, which does not match, seems to be meant for this registry, and the key that would match. `None` when
    /// it is for another one.
    pub fn near_miss(&self, key: &str) -> Option<(Mismatch, String)> {
        let solid: String = key.chars().filter(|c| !is_blank(*c)).collect();
        let server = ServerKey::parse(&solid);
        let (host, hosts) = (server.host(), self.hosts());
        let any = |wanted: &dyn Fn(&str) -> bool| hosts.iter().any(|known| wanted(known));
        let mismatch = if any(&|known| known == host) {
            match &server {
                _ if solid.len() != key.len() => Mismatch::WhiteSpace,
                server if server.scheme.is_some() => Mismatch::Scheme,
                server if server.is_address() => Mismatch::Path,
                _ => Mismatch::Namespace,
            }
        } else if any(&|known| hosts_within(&solid).any(|within| within == known)) {
            Mismatch::Malformed
        } else if any(&|known| split_port(known).0 == split_port(&host).0) {
            Mismatch::Port
        } else if host.contains('*') && any(&|known| glob(host.as_bytes(), known.as_bytes())) {
            Mismatch::Wildcard
        } else if self.registry.is_docker_hub() && OTHER_HUB_HOSTS.contains(&host.as_str()) {
            Mismatch::Host
        } else if FileForm::of_text(&solid) == Some(FileForm::Template) {
            Mismatch::Variable
        } else {
            return None;
        };
        Some((mismatch, self.helper_key()))
    }
}

/// What a key that is not a host may have been meant to be, in lower case: its parts without quotation marks, brackets
/// and the remains of a scheme, and IPv6 addresses as URLs have them.
fn hosts_within(key: &str) -> impl Iterator<Item = String> {
    let key = key.to_lowercase();
    let unscheme = |part: &str| {
        let rest = ["https:", "http:"].iter().find_map(|scheme| part.strip_prefix(scheme));
        rest.unwrap_or(part).trim_start_matches(['/', '\\']).to_owned()
    };
    let parts: Vec<String> =
        key.split([',', ';', '|', '"', '\'', '<', '>', '“', '”', '‘', '’', '`']).map(unscheme).collect();
    parts.into_iter().flat_map(|part| {
        let part = part.trim_end_matches(['/', ':', '.']).to_owned();
        let (host, port) = split_port(&part);
        let plain = port.map_or_else(|| host.to_owned(), |port| format!("{}:{port}", host.trim_end_matches('.')));
        let address =
            |text: &str| text.trim_matches(['[', ']']).parse::<Ipv6Addr>().map(|address| format!("[{address}]"));
        let with_port = port.and_then(|port| Some(format!("{}:{port}", address(host).ok()?)));
        [Some(plain), address(&part).ok(), with_port].into_iter().flatten()
    })
}

/// White space, and characters without width that look like none at all.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200d}' | '\u{2060}')
}

/// A host without its port, and the port.
pub(super) fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (host, None),
    }
}

/// Matches a glob in which `*` is any text. Takes time of at most the product of the lengths.
pub(super) fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&wanted) if wanted == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (p, t) = (at + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&rest| rest == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_parsed() {
        for (key, host, path, shown) in [
            ("REG.example:5000", "reg.example:5000", "", "//reg.example:5000"),
            ("reg/Team/app", "reg", "/Team/app", "//reg/Team/app"),
            ("https://index.docker.io/v1/", "index.docker.io", "/v1/", "https://index.docker.io/v1/"),
            ("HTTPS://u:p@reg/v2/?x#y", "reg", "/v2/", "https://reg/v2/"),
            ("//reg/x", "reg", "/x", "//reg/x"),
            ("https://[::1]:5000/", "[::1]:5000", "/", "https://[::1]:5000/"),
            ("https://::1:5000", "[::1]:5000", "", "https://::1:5000"),
            ("https://", "https:", "//", "//https://"),
            ("", "", "", "//"),
        ] {
            let parsed = ServerKey::parse(key);
            assert_eq!(
                (parsed.host().as_str(), parsed.path(), parsed.to_string().as_str()),
                (host, path, shown),
                "{key}"
            );
        }
    }

    #[test]
    fn an_address_is_distinguished_from_a_namespace() {
        for (key, is_address) in
            [("reg", true), ("reg/v1/", true), ("reg/v2", true), ("https://reg/team", true), ("reg/team", false)]
        {
            assert_eq!(ServerKey::parse(key).is_address(), is_address, "{key}");
        }
    }

    #[test]
    fn the_keys_of_a_registry() {
        let (registry, repository) =
            ("Reg.corp:5000".parse().expect("a registry"), "a/b/c".parse().expect("a repository"));
        let target = Target { registry: &registry, repository: Some(&repository) };
        assert_eq!(target.keys(), ["reg.corp:5000"]);
        assert_eq!(target.helper_key(), "reg.corp:5000");
        assert_eq!(target.namespaces(), ["reg.corp:5000/a/b/c", "reg.corp:5000/a/b", "reg.corp:5000/a"]);
        assert!(target.is_at("reg.corp:5000") && !target.is_at("reg.corp"));
    }

    #[test]
    fn the_port_of_the_scheme_may_be_written_or_not() {
        for (registry, hosts) in [
            ("reg.corp", &["reg.corp", "reg.corp:443"][..]),
            ("reg.corp:443", &["reg.corp:443", "reg.corp"]),
            ("http://reg.corp", &["reg.corp", "reg.corp:80"]),
            ("http://reg.corp:80", &["reg.corp:80", "reg.corp"]),
            ("http://reg.corp:443", &["reg.corp:443"]),
            ("reg.corp:80", &["reg.corp:80"]),
            ("[::1]:443", &["[::1]:443", "[::1]"]),
        ] {
            let registry = registry.parse().expect("a registry");
            assert_eq!(Target { registry: &registry, repository: None }.hosts(), hosts);
        }
    }

    #[test]
    fn a_key_that_almost_matches_is_known() {
        use Mismatch::{Host, Namespace, Path, Port, Scheme, WhiteSpace, Wildcard};
        for (registry, key, expected) in [
            ("reg.corp:5000", " reg.corp:5000", Some(WhiteSpace)),
            ("reg.corp:5000", "reg.corp:5000\u{a0}", Some(WhiteSpace)),
            ("reg.corp:5000", "reg.corp :5000", Some(WhiteSpace)),
            ("reg.corp:5000", "\u{200b}https://reg.corp:5000", Some(WhiteSpace)),
            ("reg.corp:5000", "https://REG.corp:5000", Some(Scheme)),
            ("reg.corp:5000", "reg.corp:5000/", Some(Path)),
            ("reg.corp:5000", "reg.corp:5000/v2/", Some(Path)),
            ("reg.corp:5000", "reg.corp:5000/team", Some(Namespace)),
            ("reg.corp:5000", "reg.corp", Some(Port)),
            ("reg.corp:5000", "https://reg.corp:5001/v1/", Some(Port)),
            ("reg.corp", "reg.corp:5000", Some(Port)),
            ("reg.corp:5000", "*.corp:5000", Some(Wildcard)),
            ("a.b.corp", "*.corp", Some(Wildcard)),
            ("docker.io", "https://hub.docker.com", Some(Host)),
            ("reg.corp:5000", "other.corp:5000", None),
            ("reg.corp:5000", "evilreg.corp:5000", None),
            ("reg.corp", "reg.corp.evil", None),
            ("reg.corp", "https://evil/reg.corp", None),
            ("reg.corp", "", None),
        ] {
            let registry = registry.parse().expect("a registry");
            let found = Target { registry: &registry, repository: None }.near_miss(key);
            assert_eq!(found.map(|(mismatch, _)| mismatch), expected, "{registry} {key:?}");
        }
    }

    #[test]
    fn the_keys_of_docker_hub() {
        let hub = Registry::docker_hub();
        let target = Target { registry: &hub, repository: None };
        assert_eq!(
            target.keys(),
            ["https://index.docker.io/v1/", "docker.io", "index.docker.io", "registry-1.docker.io"]
        );
        assert_eq!(target.helper_key(), "https://index.docker.io/v1/");
        assert!(target.namespaces().is_empty());
    }

    #[test]
    fn glob_matching_takes_linear_time() {
        let pattern = "*a".repeat(200);
        assert!(!glob(pattern.as_bytes(), "a".repeat(199).as_bytes()));
        assert!(glob(pattern.as_bytes(), "a".repeat(200).as_bytes()));
        assert!(glob(b"**", b"") && glob(b"*b*", b"abc") && !glob(b"", b"a") && !glob(b"a*", b""));
    }

    #[test]
    fn a_key_that_is_not_written_as_a_host_is_a_near_miss() {
        let near_miss = |registry: &str, key: &str| {
            let registry: Registry = registry.parse().expect("a registry");
            Target { registry: &registry, repository: None }.near_miss(key).map(|(mismatch, _)| mismatch)
        };
        for key in [
            "'reg.corp:5000'",
            "\"reg.corp:5000\"",
            "<reg.corp:5000>",
            "https:/reg.corp:5000",
            "https:reg.corp:5000",
            "https:\\\\reg.corp:5000",
            "reg.corp:5000:",
            "reg.corp.:5000",
            "other.corp,reg.corp:5000",
            "reg.corp:5000;other.corp",
        ] {
            assert_eq!(near_miss("reg.corp:5000", key), Some(Mismatch::Malformed), "{key}");
        }
        for key in ["::1:5000", "[0:0:0:0:0:0:0:1]:5000"] {
            assert_eq!(near_miss("[::1]:5000", key), Some(Mismatch::Malformed), "{key}");
        }
        for key in ["${HOST}", "{{ .Host }}", "$REGISTRY"] {
            assert_eq!(near_miss("reg.corp:5000", key), Some(Mismatch::Variable), "{key}");
        }
        for key in ["", "/", "https://", "other.corp", "'other.corp'", "reg.corp.evil", "xreg.corp:5000"] {
            assert_eq!(near_miss("reg.corp:5000", key), None, "{key}");
        }
    }
}
