//! Settings of the transport.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// Limits, retries, addresses and names of a [`Client`](crate::registry::Client).
#[derive(Debug, Clone)]
pub struct Options {
    /// Limit for TCP connect and TLS handshake together.
    pub connect_timeout: Duration,
    /// Longest silence of a server: before its reply, and within it.
    pub read_timeout: Duration,
    /// How many requests may be in flight at once.
    pub jobs: Jobs,
    /// Retries of a GET or HEAD after a transient failure.
    pub retries: u32,
    /// The wait before the first retry; it doubles for each further one, with jitter.
    pub first_wait: Duration,
    /// When all work must be done. Requests in flight are abandoned then, and no wait is begun that would pass it.
    pub deadline: Option<Instant>,
    /// Addresses to use instead of DNS.
    pub resolve: Vec<Resolve>,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// The name of the client in requests to token servers (`client_id`).
    pub client_id: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(60),
            jobs: Jobs::Adaptive,
            retries: 3,
            first_wait: Duration::from_millis(250),
            deadline: None,
            resolve: Vec::new(),
            user_agent: concat!("registry-ls/", env!("CARGO_PKG_VERSION")).to_owned(),
            client_id: "registry-ls".to_owned(),
        }
    }
}

impl Options {
    /// The addresses set for a host and port.
    pub(crate) fn addresses(&self, host: &str, port: u16) -> impl Iterator<Item = SocketAddr> {
        let named = self.resolve.iter().filter(move |resolve| resolve.host == host && resolve.port == port);
        named.map(|resolve| SocketAddr::new(resolve.address, resolve.port))
    }
}

/// The concurrency of requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Jobs {
    /// Adapts to the server, starting at 16.
    #[default]
    Adaptive,
    /// A fixed number.
    Fixed(usize),
}

/// An address to use for a host and port, like curl's `--resolve HOST:PORT:ADDR`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolve {
    /// The host, in lower case.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The address to connect to.
    pub address: IpAddr,
}
