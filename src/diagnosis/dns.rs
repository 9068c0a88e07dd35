//! The addresses of the registry or, where there is one, of the proxy.

use std::net::{IpAddr, SocketAddr};

use tokio::net::lookup_host;
use tokio::time::timeout;
use url::Url;

use super::check::Finding;
use super::context::Context;
use super::outcome::Outcome;
use super::problem::Problem;
use crate::error::{Kind, Network};

/// Most addresses that are told.
const MOST_TOLD: usize = 4;

pub(super) async fn check(context: &mut Context) -> Outcome {
    let (host, port) = match &context.proxy {
        Some(proxy) => (proxy.host_str().unwrap_or_default().to_owned(), port_of(proxy)),
        None => context.place(),
    };
    let is_proxy = context.proxy.is_some();
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let of = if is_proxy { " (the proxy)" } else { "" };
    if let Ok(address) = host.parse::<IpAddr>() {
        context.addresses = vec![SocketAddr::new(address, port)];
        return Outcome::skipped(format!("{address} is an address{of}"));
    }
    let given: Vec<_> = context.plan.options.addresses(&host, port).collect();
    if !given.is_empty() && !is_proxy {
        let detail = format!("{}, as was asked for", describe(&given));
        context.addresses = given;
        return Outcome::skipped(detail);
    }
    let failed = |detail: &str, cause: String| {
        let problem = Problem::NoAddress { host: host.clone(), is_proxy };
        Outcome::failed(format!("{detail}{of}"), Finding { problem, cause, kind: Kind::Network(Network::Dns) })
    };
    let limit = context.plan.options.connect_timeout;
    match timeout(limit, lookup_host((host.as_str(), port))).await {
        Err(_) => failed("no answer", format!("the resolver gave no answer about {host} within {limit:?}")),
        Ok(Err(error)) => failed("no address", format!("{host}: {error}")),
        Ok(Ok(found)) => {
            for address in found {
                if !context.addresses.contains(&address) {
                    context.addresses.push(address);
                }
            }
            match context.addresses.as_slice() {
                [] => failed("no address", format!("the resolver knows {host}, and no address of it")),
                all => Outcome::passed(format!("{}{of}", describe(all))),
            }
        }
    }
}

/// The port of a proxy; one that speaks SOCKS has 1080 where none is named.
fn port_of(proxy: &Url) -> u16 {
    proxy.port_or_known_default().unwrap_or(1080)
}

/// Addresses as a list.
fn describe(addresses: &[SocketAddr]) -> String {
    let told: Vec<_> = addresses.iter().take(MOST_TOLD).map(|address| address.ip().to_string()).collect();
    match addresses.len().saturating_sub(MOST_TOLD) {
        0 => told.join(", "),
        more => format!("{} and {more} more", told.join(", ")),
    }
}
