//! The race of a host's addresses: "Happy Eyeballs" (RFC 8305).
//!
//! Addresses are tried in their order, families in turn; where one does not answer at once, the next is tried beside
//! it. The HTTP client tries those of one family one after the other, each for its share of the time limit. So this
//! race is run beside it once the first address is late, and the client is made to begin anew with the address that
//! answers. How long connecting takes shows how far away the server is.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures::future::{BoxFuture, Either, select};
use futures::stream::{FuturesUnordered, StreamExt as _};
use reqwest::dns::Name;
use tokio::net::TcpStream;
use tokio::time::sleep;
use tower_layer::Layer;
use tower_service::Service;

use super::resolver::OriginResolver;
use crate::trust::Trust;

/// How long the first address is waited for alone, and each further one before the next is tried, too (RFC 8305 §8).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// The most addresses that are tried.
const MAX_ADDRESSES: usize = 16;

/// Connects to the first address that answers.
///
/// # Errors
///
/// The first one, if none answers.
pub(super) async fn connect_first(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut waiting = addresses.iter().take(MAX_ADDRESSES);
    let mut attempts = FuturesUnordered::new();
    let mut first_error = None;
    loop {
        if let Some(address) = waiting.next() {
            attempts.push(TcpStream::connect(*address));
        }
        tokio::select! {
            outcome = attempts.next() => match outcome {
                Some(Ok(stream)) => return Ok(stream),
                Some(Err(error)) => drop(first_error.get_or_insert(error)),
                None => return Err(first_error.unwrap_or_else(|| io::ErrorKind::NotFound.into())),
            },
            () = sleep(ATTEMPT_DELAY), if waiting.len() > 0 => {}
        }
    }
}

/// Runs the race beside each connection that the HTTP client makes to one origin.
#[derive(Clone)]
pub(super) struct Race {
    pub resolver: Arc<OriginResolver>,
    pub port: u16,
    /// Knows whether a handshake has begun, and so whether the client is connected.
    pub trust: Trust,
    pub connect_time: Arc<ConnectTime>,
}

/// The shortest time that connecting to an origin has taken, with the TLS handshake.
#[derive(Debug, Default)]
pub(super) struct ConnectTime(Mutex<Option<Duration>>);

impl ConnectTime {
    /// The time, once there has been a connection.
    pub fn get(&self) -> Option<Duration> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, took: Duration) {
        let mut shortest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *shortest = Some(shortest.map_or(took, |shortest| shortest.min(took)));
    }
}

/// Another address has answered than the one that the HTTP client waits for. Nothing was sent.
#[derive(Debug, thiserror::Error)]
#[error("another address answers sooner")]
pub(super) struct FasterAddress;

impl Race {
    /// Ends when another address answers than the one that the client is connecting to.
    async fn run(self) {
        let began = Instant::now();
        let Some(addresses) = self.contenders().await else { return std::future::pending().await };
        sleep(ATTEMPT_DELAY).await;
        let is_connected = || self.trust.has_begun_handshake_since(began, &self.resolver.host, self.port);
        if !is_connected()
            && let Ok(stream) = connect_first(&addresses).await
            && let Ok(peer) = stream.peer_addr()
            && !is_connected()
        {
            tracing::debug!("{} answers sooner than other addresses of {}", peer.ip(), self.resolver.host);
            self.resolver.begin_with(peer.ip());
            return;
        }
        std::future::pending().await
    }

    /// Connects, and records how long it takes without the look-up of the name.
    async fn timed<T, E>(self, connecting: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        // The connector gets the same result, or reports why it failed.
        let _ = self.resolver.addresses(&self.resolver.host).await;
        let began = Instant::now();
        let connection = connecting.await?;
        self.connect_time.record(began.elapsed());
        Ok(connection)
    }

    /// The addresses other than the first, which the client begins with; `None` if there is no other.
    async fn contenders(&self) -> Option<Vec<SocketAddr>> {
        if self.resolver.is_decided() {
            return None;
        }
        let name: Name = self.resolver.host.parse().ok()?;
        let addresses = self.resolver.addresses(name.as_str()).await.ok()?;
        let others: Vec<_> = addresses.into_iter().skip(1).map(|address| SocketAddr::new(address, self.port)).collect();
        (!others.is_empty()).then_some(others)
    }
}

impl<S> Layer<S> for Race {
    type Service = Racing<S>;

    fn layer(&self, connector: S) -> Racing<S> {
        Racing { connector, race: self.clone() }
    }
}

/// A connector with a race.
#[derive(Clone)]
pub(super) struct Racing<S> {
    connector: S,
    race: Race,
}

impl<S, R> Service<R> for Racing<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
    S::Response: Send + 'static,
    S::Error: From<Box<dyn std::error::Error + Send + Sync>> + Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, target: R) -> Self::Future {
        let (connecting, race) = (self.connector.call(target), self.race.clone());
        let connecting = race.clone().timed(connecting);
        Box::pin(async move {
            match select(pin!(connecting), pin!(race.run())).await {
                Either::Left((outcome, _)) => outcome,
                Either::Right(_) => {
                    let faster: Box<dyn std::error::Error + Send + Sync> = FasterAddress.into();
                    Err(faster.into())
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn an_address_that_refuses_is_passed_over() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let alive = listener.local_addr().expect("an address");
        let closed = |last: u8| SocketAddr::new([127, 0, 0, last].into(), alive.port());
        let stream = connect_first(&[closed(2), closed(3), alive, closed(4)]).await.expect("one answers");
        assert_eq!(stream.peer_addr().expect("an address"), alive);
        let error = connect_first(&[closed(2), closed(3)]).await.expect_err("none answers");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(connect_first(&[]).await.expect_err("no addresses to connect to").kind(), io::ErrorKind::NotFound);
    }
}
