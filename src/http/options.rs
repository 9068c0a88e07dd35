//! What can be set about a transport.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// Settings of a [`Transport`](super::Transport). The defaults are those of the `rls` program.
#[derive(Debug, Clone)]
pub struct Options {
    /// Limit for TCP connect and TLS handshake together.
    pub connect_timeout: Duration,
    /// Longest silence of a server: before its reply, and within it.
    pub idle_timeout: Duration,
    /// Requests in flight at once.
    pub jobs: Jobs,
    /// How often a GET or HEAD that failed for a passing reason is sent again.
    pub retries: u32,
    /// The wait before the first repetition; each further one is twice as long, and all have jitter.
    pub first_wait: Duration,
    /// When the whole work has to be done. What is not answered then is given up, and no wait is begun that would pass it.
    pub deadline: Option<Instant>,
    /// Addresses to use instead of asking the resolver.
    pub resolve: Vec<Resolve>,
    /// The `User-Agent` header.
    pub user_agent: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            jobs: Jobs::Adaptive,
            retries: 3,
            first_wait: Duration::from_millis(250),
            deadline: None,
            resolve: Vec::new(),
            user_agent: concat!("rls/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

impl Options {
    /// The addresses that were named for a host and port.
    pub(crate) fn addresses(&self, host: &str, port: u16) -> impl Iterator<Item = SocketAddr> {
        let named = self.resolve.iter().filter(move |resolve| resolve.host == host && resolve.port == port);
        named.map(|resolve| SocketAddr::new(resolve.address, resolve.port))
    }
}

/// How many requests are in flight at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Jobs {
    /// As many as the server answers quickly: 16 at the start.
    #[default]
    Adaptive,
    /// So many, whatever the server does.
    Fixed(usize),
}

/// An address to use for a host and port, as curl's `--resolve HOST:PORT:ADDR`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolve {
    /// The host, in lower case.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Where to connect.
    pub address: IpAddr,
}
