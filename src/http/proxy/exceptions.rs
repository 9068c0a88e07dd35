//! `NO_PROXY`: the servers that are reached directly.
//!
//! The entries are those of Go's `httpproxy`, separated by commas or, as for curl, by blanks: `*`; an IP address or a
//! range of them (`10.0.0.0/8`); a domain with everything below it (`corp`, `.corp`, `*.corp`). A port after an entry
//! (`reg.corp:5000`, `[::1]:5000`) limits it to that port. A dot at the end of a name makes no difference, nor do
//! capitals.

use std::net::IpAddr;

use ipnet::IpNet;
use url::{Host, Url};

/// Why a server is reached directly in spite of a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exemption {
    /// It is this machine.
    Loopback,
    /// `NO_PROXY` lists it.
    NoProxy,
}

/// The servers that `NO_PROXY` lists.
#[derive(Debug, Default)]
pub(super) struct Exceptions {
    entries: Vec<Entry>,
    /// As they are written.
    written: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
struct Entry {
    hosts: Hosts,
    /// `None`: every port.
    port: Option<u16>,
}

#[derive(Debug, PartialEq, Eq)]
enum Hosts {
    All,
    Range(IpNet),
    Address(IpAddr),
    /// A domain, in lower case, without dots at either end.
    Domain(String),
}

impl Exceptions {
    /// Reads a list. Go and curl ignore an entry that they cannot read, too.
    pub fn parse(list: &str) -> Self {
        let entries = list.split(|c: char| c == ',' || c.is_whitespace()).filter(|entry| !entry.is_empty());
        let written = entries.clone().map(str::to_owned).collect();
        Self { entries: entries.filter_map(Entry::parse).collect(), written }
    }

    /// The entry that seems to be meant for the server of a URL which is not listed: it has the name between other
    /// characters, for instance those of a URL, or with another port, or begins like it before an asterisk.
    pub fn near(&self, url: &Url) -> Option<&str> {
        let host = url.host_str()?.trim_matches(['[', ']']);
        let is_end = |rest: &str, at: fn(&str) -> Option<char>| {
            at(rest).is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '.' | '-'))
        };
        let is_near = |entry: &str| {
            let entry = entry.to_ascii_lowercase();
            let begins = entry.split_once('*').is_some_and(|(start, _)| !start.is_empty() && host.starts_with(start));
            let has_name = entry.split_once(host).is_some_and(|(before, after)| {
                is_end(before, |text| text.chars().next_back()) && is_end(after, |text| text.chars().next())
            });
            begins || has_name
        };
        self.written.iter().map(String::as_str).find(|entry| is_near(entry))
    }

    /// Why the server of a URL is reached directly.
    pub fn reason(&self, url: &Url) -> Option<Exemption> {
        let host = url.host()?;
        let port = url.port_or_known_default();
        match &host {
            Host::Domain(name) if trimmed(name) == "localhost" => return Some(Exemption::Loopback),
            host if address(host).is_some_and(|address| address.is_loopback()) => return Some(Exemption::Loopback),
            _ => {}
        }
        let is_listed = |entry: &Entry| {
            (entry.port.is_none() || entry.port == port)
                && match (&entry.hosts, &host) {
                    (Hosts::All, _) => true,
                    (Hosts::Domain(domain), Host::Domain(name)) => is_within(&trimmed(name), domain),
                    (Hosts::Range(range), host) => address(host).is_some_and(|address| range.contains(&address)),
                    (Hosts::Address(listed), host) => address(host).is_some_and(|address| address == *listed),
                    (Hosts::Domain(_), _) => false,
                }
        };
        self.entries.iter().any(is_listed).then_some(Exemption::NoProxy)
    }
}

impl Entry {
    fn parse(entry: &str) -> Option<Self> {
        if let Ok(range) = entry.parse() {
            return Some(Self { hosts: Hosts::Range(range), port: None });
        }
        let bare = |host: &str| host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        if let Ok(address) = bare(entry) {
            return Some(Self { hosts: Hosts::Address(address.to_canonical()), port: None });
        }
        let (host, port) = match entry.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (entry, None),
        };
        let hosts = match bare(host) {
            Ok(address) => Hosts::Address(address.to_canonical()),
            Err(_) if host == "*" => Hosts::All,
            Err(_) => {
                let host = host.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(host);
                let name = trimmed(host.trim_start_matches('.'));
                Hosts::Domain(if name.is_empty() { return None } else { ascii(name) })
            }
        };
        Some(Self { hosts, port })
    }
}

fn is_within(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// A name in lower case, without the dot at its end.
fn trimmed(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// A name as URLs have it.
fn ascii(name: String) -> String {
    match Host::parse(&name) {
        Ok(Host::Domain(ascii)) => ascii,
        _ => name,
    }
}

fn address(host: &Host<&str>) -> Option<IpAddr> {
    match host {
        Host::Ipv4(address) => Some((*address).into()),
        Host::Ipv6(address) => Some(IpAddr::from(*address).to_canonical()),
        Host::Domain(_) => None,
    }
}
