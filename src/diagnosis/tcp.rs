//! A connection to each address.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures::future::join_all;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::check::{Fact, Finding};
use super::context::Context;
use super::outcome::Outcome;
use super::problem::Problem;
use crate::error::{Kind, Network};

/// Most addresses that are tried.
const MOST: usize = 16;

pub(super) async fn check(context: &mut Context) -> Outcome {
    let limit = context.plan.options.connect_timeout;
    let addresses = &context.addresses[..context.addresses.len().min(MOST)];
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

/// Connects; an answer that does not come within `limit` is an error of the kind "timed out".
async fn connect(address: SocketAddr, limit: Duration) -> io::Result<()> {
    let connected = timeout(limit, TcpStream::connect(address)).await;
    connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).map(drop)
}

fn words(error: &io::Error, limit: Duration) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::TimedOut => format!("no answer within {limit:?}"),
        _ => error.to_string(),
    }
}

fn finding(address: SocketAddr, error: &io::Error, limit: Duration, is_proxy: bool) -> Finding {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Finding {
            problem: Problem::NothingListens { is_proxy },
            cause: format!("nothing listens on {address}: the server did not start, or listens elsewhere"),
            kind: Kind::Network(Network::Refused),
        },
        io::ErrorKind::TimedOut => Finding {
            problem: Problem::NoConnection { is_proxy },
            cause: format!(
                "{address} did not answer within {limit:?}: it is off, or a firewall drops what is sent to it"
            ),
            kind: Kind::Network(Network::ConnectTimeout),
        },
        _ => Finding {
            problem: Problem::NoConnection { is_proxy },
            cause: format!("{address}: {error}"),
            kind: Kind::Network(Network::Other),
        },
    }
}
