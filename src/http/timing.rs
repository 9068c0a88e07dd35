//! Measured times of a server.

use std::time::Duration;

use url::Url;

/// How long a server takes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Timing {
    /// From sending the request to the head of the reply.
    pub latency: Duration,
    /// The shortest time to connect, with the TLS handshake; zero where it is not known, as behind a proxy.
    pub connecting: Duration,
    /// The round trip to the server, at least.
    pub round_trip: Duration,
}

impl Timing {
    pub fn new(latency: Duration, url: &Url, connecting: Option<Duration>) -> Self {
        let connecting = connecting.unwrap_or_default();
        // TCP takes one round trip, TLS 1.2 two more, TLS 1.3 one.
        let round_trip = if url.scheme() == "https" { connecting / 3 } else { connecting };
        Self { latency, connecting, round_trip }
    }
}
