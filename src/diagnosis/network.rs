//! The way to the registry: proxy, addresses, connections.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use futures::future::join_all;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::check::{Fact, Finding, Outcome};
use super::context::Context;
use super::problem::Problem;
use crate::error::{Kind, Network, without_os_error};
use crate::http::{Exemption, LookupError, ProxyChoice, canonical_name, choose_proxy, lookup};

/// Checks the proxy settings: whether requests go through one, and why.
pub(super) fn proxy(context: &mut Context) -> Outcome {
    let host = context.base.host_str().unwrap_or_default();
    let outcome = match choose_proxy(&context.base) {
        ProxyChoice::Through(proxy) => {
            let near = proxy.near_exception.as_ref();
            let near = near.map(|entry| format!("; {entry:?} in NO_PROXY does not match {host}")).unwrap_or_default();
            let outcome = Outcome::passed(format!("{proxy} ({}){near}", proxy.variable));
            context.proxy = Some(proxy);
            outcome
        }
        ProxyChoice::Direct => Outcome::passed(format!("none for {host}")),
        ProxyChoice::Exempt { variable, reason: Exemption::NoProxy } => {
            Outcome::passed(format!("none for {host}: {variable} is set, and NO_PROXY excludes it"))
        }
        ProxyChoice::Exempt { variable, reason: Exemption::Loopback } => {
            Outcome::passed(format!("none for {host}: {variable} is set, and loopback addresses are reached directly"))
        }
        ProxyChoice::Unusable { variable, why } => {
            let finding = Finding { problem: Problem::ProxySetting { variable }, cause: why, kind: Kind::Config };
            Outcome::failed(format!("{variable} cannot be used"), finding)
        }
    };
    outcome.untimed()
}

/// The largest number of addresses that are listed.
const MAX_LISTED: usize = 4;

/// Resolves the host of the registry or, where there is one, of the proxy.
pub(super) async fn dns(context: &mut Context) -> Outcome {
    let (host, port) = match &context.proxy {
        Some(proxy) => (proxy.place().0.to_owned(), proxy.place().1),
        None => context.place(),
    };
    let is_proxy = context.proxy.is_some();
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let of = if is_proxy { " (the proxy)" } else { "" };
    if let Ok(address) = host.parse::<IpAddr>() {
        context.addresses = vec![SocketAddr::new(address, port)];
        return Outcome::skipped(format!("{address} is an IP address{of}"));
    }
    let fixed: Vec<_> = context.setup.options.addresses(&host, port).collect();
    if !fixed.is_empty() && !is_proxy {
        let detail = format!("{}, as configured", describe(&fixed));
        context.addresses = fixed;
        return Outcome::skipped(detail);
    }
    let limit = context.setup.options.connect_timeout;
    let found = timeout(limit, lookup(&host)).await.unwrap_or_else(|_| {
        Err(LookupError { reason: format!("the resolver gave no answer within {limit:?}"), is_temporary: true })
    });
    match found {
        Ok(found) => {
            context.addresses = found.iter().map(|address| SocketAddr::new(*address, port)).collect();
            let found = ResolverSettings::read().await.completed(&host, limit).await;
            let found = found.map(|found| format!(", found as {found} (search list)")).unwrap_or_default();
            Outcome::passed(format!("{}{of}{found}", describe(&context.addresses)))
        }
        Err(error) => {
            let settings = ResolverSettings::read().await;
            let (detail, problem, kind) = if error.is_temporary {
                let problem = Problem::ResolverFails { host: host.clone(), is_proxy };
                ("the resolver fails", problem, Network::Resolver)
            } else {
                ("no address", Problem::NoAddress { host: host.clone(), is_proxy }, Network::Dns)
            };
            let cause = format!("{host}: {error}");
            let outcome =
                Outcome::failed(format!("{detail}{of}"), Finding { problem, cause, kind: Kind::Network(kind) });
            outcome.with(settings.facts(&host, error.is_temporary))
        }
    }
}

/// The resolver's configuration in `/etc/resolv.conf` (resolv.conf(5)).
#[derive(Debug, Default, PartialEq, Eq)]
struct ResolverSettings {
    servers: Vec<String>,
    search: Vec<String>,
}

impl ResolverSettings {
    const FILE: &str = "/etc/resolv.conf";

    async fn read() -> Self {
        let read = tokio::task::spawn_blocking(|| std::fs::read_to_string(Path::new(Self::FILE)));
        let text = read.await.ok().and_then(Result::ok).unwrap_or_default();
        Self::parse(&text)
    }

    fn parse(text: &str) -> Self {
        let mut settings = Self::default();
        for line in text.lines() {
            let mut words = line.split_whitespace();
            match words.next() {
                Some("nameserver") => settings.servers.extend(words.next().map(str::to_owned)),
                // The last one counts.
                Some("search" | "domain") => settings.search = words.map(str::to_owned).collect(),
                _ => {}
            }
        }
        settings
    }

    /// Where the name was looked up: the name servers, if they fail, and the search list, since its names count, too.
    fn facts(&self, host: &str, is_temporary: bool) -> Vec<Fact> {
        let file = Self::FILE;
        let mut facts = Vec::new();
        if is_temporary && !self.servers.is_empty() {
            facts.push(Fact::new(0, format!("name servers: {} ({file})", self.servers.join(", "))));
        }
        if self.searches(host) {
            facts.push(Fact::new(0, format!("also looked up in: {} (search list, {file})", self.search.join(", "))));
        }
        facts
    }

    fn searches(&self, host: &str) -> bool {
        !host.ends_with('.') && !self.search.is_empty()
    }

    /// The name that the search list made of one that does not exist: a wildcard there resolves every typo.
    async fn completed(&self, host: &str, limit: Duration) -> Option<String> {
        if !self.searches(host) {
            return None;
        }
        let found = timeout(limit, canonical_name(host)).await.ok().flatten()?;
        let domain = found.strip_prefix(host)?.strip_prefix('.')?;
        let is_searched = self.search.iter().any(|searched| searched.trim_matches('.').eq_ignore_ascii_case(domain));
        is_searched.then_some(found)
    }
}

/// A list of addresses.
fn describe(addresses: &[SocketAddr]) -> String {
    let listed: Vec<_> = addresses.iter().take(MAX_LISTED).map(|address| address.ip().to_string()).collect();
    match addresses.len().saturating_sub(MAX_LISTED) {
        0 => listed.join(", "),
        more => format!("{} and {more} more", listed.join(", ")),
    }
}

/// The largest number of addresses that are tried.
const MAX_TRIED: usize = 16;

/// Connects to each address.
pub(super) async fn tcp(context: &mut Context) -> Outcome {
    let limit = context.setup.options.connect_timeout;
    let addresses = &context.addresses[..context.addresses.len().min(MAX_TRIED)];
    let outcomes = join_all(addresses.iter().map(|address| connect(*address, limit))).await;
    let (mut reached, mut failed) = (Vec::new(), Vec::new());
    for (address, outcome) in addresses.iter().zip(outcomes) {
        match outcome {
            Ok(()) => reached.push(address.to_string()),
            Err(error) => failed.push((*address, error)),
        }
    }
    let is_proxy = context.proxy.is_some();
    let facts = || failed.iter().map(|(address, error)| Fact::new(0, format!("{address}: {}", words(error, limit))));
    let of = if is_proxy { " (the proxy)" } else { "" };
    match failed.as_slice() {
        [(address, error), rest @ ..] if reached.is_empty() => {
            let outcome = Outcome::failed(words(error, limit), finding(*address, error, limit, is_proxy));
            if rest.is_empty() { outcome } else { outcome.with(facts()) }
        }
        [] => Outcome::passed(format!("{}{of}", reached.join(", "))),
        _ => {
            let others: Vec<_> = failed.iter().map(|(address, _)| address.to_string()).collect();
            Outcome::passed(format!("{}{of}, but not {}", reached.join(", "), others.join(", "))).with(facts())
        }
    }
}

/// Connects. A connection that takes longer than `limit` is an error of the kind `TimedOut`.
async fn connect(address: SocketAddr, limit: Duration) -> io::Result<()> {
    let connected = timeout(limit, TcpStream::connect(address)).await;
    connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).map(drop)
}

fn words(error: &io::Error, limit: Duration) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::TimedOut => format!("timed out after {limit:?}"),
        _ => without_os_error(error.to_string()),
    }
}

fn finding(address: SocketAddr, error: &io::Error, limit: Duration, is_proxy: bool) -> Finding {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Finding {
            problem: Problem::NothingListens { is_proxy },
            cause: format!("nothing listens on {address}: the server is down, or listens elsewhere"),
            kind: Kind::Network(Network::Refused),
        },
        io::ErrorKind::TimedOut => Finding {
            problem: Problem::NoConnection { is_proxy },
            cause: format!("no reply from {address} within {limit:?}: the host is down, or a firewall drops packets"),
            kind: Kind::Network(Network::ConnectTimeout),
        },
        _ => Finding {
            problem: Problem::NoConnection { is_proxy },
            cause: format!("{address}: {}", without_os_error(error.to_string())),
            kind: Kind::Network(Network::Other),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resolver_configuration_is_read() {
        let text = "# made by hand\ndomain old.example\nsearch corp.example lab.example\nnameserver 10.0.0.2\n\
                    nameserver 10.0.0.3\noptions timeout:1\n";
        let settings = ResolverSettings::parse(text);
        let words = |host, is_temporary| {
            settings.facts(host, is_temporary).into_iter().map(|fact| fact.text).collect::<Vec<_>>()
        };
        let searched = "also looked up in: corp.example, lab.example (search list, /etc/resolv.conf)";
        let servers = "name servers: 10.0.0.2, 10.0.0.3 (/etc/resolv.conf)";
        assert_eq!(words("registry", false), [searched]);
        assert_eq!(words("registry", true), [servers, searched]);
        assert_eq!(words("registry.", true), [servers]);
        assert_eq!(words("registry.", false).len() + ResolverSettings::default().facts("registry", true).len(), 0);
    }
}
