//! The address of a server, and the names under which trust is configured for it.

use url::Url;

use crate::name::Registry;

/// The names of Docker Hub in configuration files, its own first.
const HUB: [&str; 3] = ["docker.io", "registry-1.docker.io", "index.docker.io"];

/// The port of HTTPS.
const DEFAULT_PORT: u16 = 443;

/// How the name of an entry in a `certs.d` differs from that of a server's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Near {
    /// Another spelling of the same server.
    Spelling,
    /// Another port on the same host.
    Port,
}

/// The address of a server, and its names in certs.d folders and configuration files.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    host: String,
    port: u16,
    /// `HOST[:PORT]` as typed, best first. The port counts: `reg` is not `reg:443`.
    names: Vec<String>,
}

impl Place {
    /// The address of a registry, named as typed.
    pub fn of(registry: &Registry) -> Self {
        let base = registry.base();
        let names = if registry.is_docker_hub() { HUB.map(str::to_owned).to_vec() } else { vec![registry.authority()] };
        Self { host: host_of(&base), port: registry.effective_port(), names }
    }

    /// A server that the user did not type, such as a token server; named as in a URL, without the port of HTTPS.
    pub fn at(host: &str, port: u16) -> Self {
        let host = bracketed(host);
        let name = if port == DEFAULT_PORT { host.clone() } else { format!("{host}:{port}") };
        // Names become folder names: a name with a path is not one.
        let is_name = !host.starts_with('.') && !host.contains(['/', '\\']) && !host.is_empty();
        Self { host, port, names: is_name.then_some(name).into_iter().collect() }
    }

    /// Whether this is the server at `host` and `port`.
    pub fn is(&self, host: &str, port: u16) -> bool {
        self.port == port && self.is_host(host)
    }

    /// Whether this is a server on `host`.
    pub fn is_host(&self, host: &str) -> bool {
        self.host == bracketed(host)
    }

    /// Whether `address`, a URL or `HOST[:PORT]`, is this server.
    pub fn is_address(&self, address: &str) -> bool {
        // containerd takes anything else for a host, too.
        let url = if address.starts_with("http") && address.contains("://") {
            Url::parse(address)
        } else {
            Url::parse(&format!("https://{address}"))
        };
        let Ok(url) = url else { return false };
        let Some(port) = url.port_or_known_default() else { return false };
        let host = host_of(&url);
        self.is(&host, port) || self.names.iter().any(|name| *name == host && self.port == port)
    }

    /// `HOST[:PORT]`, best first.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The names with and without the port of https, for files in which both are the same server.
    pub fn names_with_default_port(&self) -> Vec<String> {
        let others = if self.port == DEFAULT_PORT { self.mistaken_names() } else { Vec::new() };
        self.names.iter().cloned().chain(others).collect()
    }

    /// Whether an entry of a `certs.d` that is not this server's seems to be meant for it: its name has the host, and
    /// the port in another spelling or another port.
    pub fn is_near(&self, entry: &str) -> Option<Near> {
        let entry = entry.to_ascii_lowercase();
        let entry = entry.trim_start_matches("https_").trim_start_matches("http_");
        let entry = entry.trim_end_matches(".crt").trim_end_matches(".pem");
        self.names.iter().find_map(|name| {
            let rest = entry.strip_prefix(without_port(name, self.port))?;
            let own = |port: &str| port.parse() == Ok(self.port);
            // Without a colon or containerd's last underscore it is a port only if it is the right one: `reg-2` and
            // `reg2` are other hosts.
            let other = rest.strip_prefix(':').or_else(|| rest.strip_prefix('_')?.strip_suffix('_'));
            match rest.trim_matches([':', '_', '-']) {
                port if own(port) => Some(Near::Spelling),
                "" if self.port == DEFAULT_PORT => Some(Near::Spelling),
                "" => Some(Near::Port),
                _ => other.filter(|port| port.parse::<u16>().is_ok()).map(|_| Near::Port),
            }
        })
    }

    /// Similar names that do not count: without its port, or with the default port.
    pub fn mistaken_names(&self) -> Vec<String> {
        let other = |name: &String| match without_port(name, self.port) {
            host if host == name => format!("{name}:{}", self.port),
            host => host.to_owned(),
        };
        self.names.iter().map(other).collect()
    }
}

/// A name without this port.
fn without_port(name: &str, port: u16) -> &str {
    name.strip_suffix(&format!(":{port}")).unwrap_or(name)
}

fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

/// A host in the form of a URL.
fn bracketed(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Place {
        Place::of(&text.parse().expect("a registry"))
    }

    #[test]
    fn a_registry_is_named_as_it_was_typed() {
        for (text, host, port, name) in [
            ("reg.corp", "reg.corp", 443, "reg.corp"),
            ("Reg.corp:443", "reg.corp", 443, "reg.corp:443"),
            ("reg.corp:5000", "reg.corp", 5000, "reg.corp:5000"),
            ("https://reg.corp:5000/prefix", "reg.corp", 5000, "reg.corp:5000"),
            ("[fd00::1]:5000", "[fd00::1]", 5000, "[fd00::1]:5000"),
        ] {
            let place = of(text);
            assert_eq!((&*place.host, place.port, place.names()), (host, port, &[name.to_owned()][..]), "{text}");
            assert!(place.is(host, port));
        }
        assert!(of("[fd00::1]:5000").is("fd00::1", 5000));
    }

    #[test]
    fn docker_hub_has_several_names() {
        let hub = of("docker.io");
        assert!(hub.is("registry-1.docker.io", 443) && !hub.is("docker.io", 443));
        assert_eq!(hub.names(), HUB);
        for address in ["docker.io", "https://registry-1.docker.io", "https://index.docker.io/v1/"] {
            assert!(hub.is_address(address), "{address}");
        }
    }

    #[test]
    fn other_servers_are_named_as_in_a_url() {
        assert_eq!(Place::at("auth.corp", 443).names(), ["auth.corp"]);
        assert_eq!(Place::at("Auth.corp", 5001).names(), ["auth.corp:5001"]);
        assert_eq!(Place::at("fd00::1", 5001).names(), ["[fd00::1]:5001"]);
        for path in ["", ".", "..", "../x", "/etc", "a/b", "a\\b"] {
            assert!(Place::at(path, 443).names().is_empty(), "{path}");
        }
    }

    #[test]
    fn an_address_is_compared_by_host_and_port() {
        let place = of("reg.corp:5000");
        for address in ["reg.corp:5000", "https://reg.corp:5000", "http://REG.corp:5000/v2", "https://reg.corp:5000/x"]
        {
            assert!(place.is_address(address), "{address}");
        }
        for address in
            ["reg.corp", "https://reg.corp", "https://reg.corp:5001", "mirror.corp:5000", "", "https://", "a b"]
        {
            assert!(!place.is_address(address), "{address}");
        }
        assert!(of("reg.corp").is_address("https://reg.corp:443"));
        assert!(!of("reg.corp").is_address("http://reg.corp"));
        assert!(of("httpd.corp").is_address("httpd.corp"));
    }

    #[test]
    fn entries_that_are_almost_those_of_a_server_are_known() {
        for (registry, entries, expected) in [
            (
                "reg.corp:5000",
                &[
                    "Reg.Corp:5000",
                    "https_reg.corp:5000",
                    "reg.corp:5000.crt",
                    "reg.corp5000",
                    "reg.corp_5000",
                    "reg.corp_5000_",
                ][..],
                Some(Near::Spelling),
            ),
            (
                "reg.corp:5000",
                &["reg.corp", "reg.corp:", "reg.corp:443", "reg.corp_5001_", "REG.corp:5001"],
                Some(Near::Port),
            ),
            (
                "reg.corp:5000",
                &["", "reg", "reg.corp-2", "reg.corp2", "reg.corp.crt.bak", "areg.corp:5000", "reg.corp.au:5000"],
                None,
            ),
            ("reg.corp", &["reg.corp:443", "reg.corp_443_", "reg.corp.crt", "REG.corp"], Some(Near::Spelling)),
            ("reg.corp:443", &["reg.corp", "https_reg.corp"], Some(Near::Spelling)),
            ("10.1.2.3", &["10.1.2.3:5000"], Some(Near::Port)),
            ("10.1.2.3", &["10.1.2.34", "10.1.2.3-5"], None),
            ("[fd00::1]:5000", &["[fd00::1]", "[fd00::1]:443"], Some(Near::Port)),
            ("[fd00::1]:5000", &["[FD00::1]:5000", "[fd00::1]_5000_"], Some(Near::Spelling)),
            ("docker.io", &["docker.io:443", "index.docker.io_443_"], Some(Near::Spelling)),
        ] {
            for entry in entries {
                assert_eq!(of(registry).is_near(entry), expected, "{registry}, {entry}");
            }
        }
    }

    #[test]
    fn names_with_the_wrong_port_are_known() {
        assert_eq!(of("reg.corp:5000").mistaken_names(), ["reg.corp"]);
        assert_eq!(of("reg.corp").mistaken_names(), ["reg.corp:443"]);
        assert_eq!(of("reg.corp:443").mistaken_names(), ["reg.corp"]);
    }
}
