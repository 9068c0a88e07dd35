//! Raw connections, made as a request would make them: to the address set for the host, and through the proxy if there
//! is one. For diagnosis below HTTP.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::future::{Ready, ready};
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use hyper::Uri;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::legacy::connect::proxy::{SocksV4, SocksV5, Tunnel};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use secrecy::ExposeSecret;
use tokio::io::{AsyncRead, AsyncWrite};
use tower_service::Service;
use url::Url;

use super::auth_state::header_value;
use super::errors::{find_source, proxy_error, root_cause, unresolved};
use super::options::Options;
use super::proxy::{Proxy, choose_proxy};
use super::request::authority;
use super::resolver::lookup;
use crate::auth::Credentials;
use crate::error::{Error, Kind, Network, Result};

/// A connection on which nothing has been sent yet.
pub trait RawStream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> RawStream for T {}

/// Connects to the host and port of `url` within [`Options::connect_timeout`]: at the address that [`Options::resolve`]
/// sets, or through a proxy. `proxy_tls` is for a proxy that is reached by TLS.
///
/// # Errors
///
/// [`Kind::Network`] if the server or the proxy cannot be reached; [`Kind::Config`] if the proxy's variable cannot be used.
pub async fn connect(url: &Url, options: &Options, proxy_tls: ClientConfig) -> Result<Box<dyn RawStream>> {
    let connecting = async {
        match choose_proxy(url).proxy()? {
            Some(proxy) => through(&proxy, url, proxy_tls).await,
            None => direct(url, options).await,
        }
    };
    tokio::time::timeout(options.connect_timeout, connecting).await.unwrap_or_else(|_| {
        let cause = format!("no connection within {} s", options.connect_timeout.as_secs_f32());
        Err(network(Network::ConnectTimeout, format!("timed out connecting to {}", authority(url))).because(cause))
    })
}

async fn direct(url: &Url, options: &Options) -> Result<Box<dyn RawStream>> {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or_default();
    let mut addresses: Vec<_> = options.addresses(host, port).collect();
    if addresses.is_empty() {
        let name = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let found = lookup(name).await.map_err(|error| unresolved(&error, host))?;
        addresses = found.iter().map(|address| SocketAddr::new(*address, port)).collect();
    }
    tracing::debug!("connecting to {} at {addresses:?}", authority(url));
    let mut connector = HttpConnector::new_with_resolver(Addresses(addresses));
    connector.enforce_http(false);
    let connected = connector.call(uri(url)?).await;
    connected.map(|stream| Box::new(stream.into_inner()) as Box<dyn RawStream>).map_err(|error| unreached(&error, url))
}

/// Connects through a proxy.
async fn through(proxy: &Proxy, url: &Url, tls: ClientConfig) -> Result<Box<dyn RawStream>> {
    let to = uri(&proxy.url)?;
    let credentials = proxy.credentials();
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    let target = uri(url)?;
    let fail = |error: &(dyn StdError + 'static)| proxy_error(error, proxy, &authority(url));
    let local_dns = !matches!(to.scheme_str(), Some("socks4a" | "socks5h"));
    match to.scheme_str() {
        Some("socks4" | "socks4a") => {
            let connected = SocksV4::new(to, connector).local_dns(local_dns).call(target).await;
            Ok(Box::new(connected.map_err(|error| fail(&error))?.into_inner()))
        }
        Some("socks5" | "socks5h") => {
            let mut socks = SocksV5::new(to, connector).local_dns(local_dns);
            if let Some((user, password)) = credentials {
                socks = socks.with_auth(user, password.expose_secret().to_owned());
            }
            Ok(Box::new(socks.call(target).await.map_err(|error| fail(&error))?.into_inner()))
        }
        _ => {
            let mut tunnel = Tunnel::new(to, HttpsConnector::from((connector, without_protocols(tls))));
            if let Some((username, password)) = credentials {
                let header = Credentials::Basic { username, password }.basic_header();
                tunnel = header.as_ref().and_then(header_value).into_iter().fold(tunnel, Tunnel::with_auth);
            }
            Ok(Box::new(TokioIo::new(tunnel.call(target).await.map_err(|error| fail(&error))?)))
        }
    }
}

/// Offers a proxy nothing but HTTP/1.1.
fn without_protocols(mut tls: ClientConfig) -> ClientConfig {
    tls.alpn_protocols.clear();
    tls
}

fn unreached(error: &(dyn StdError + 'static), url: &Url) -> Error {
    match find_source::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => {
            network(Network::Refused, format!("cannot connect to {}", authority(url))).because("connection refused")
        }
        _ => network(Network::Other, format!("cannot connect to {}", authority(url))).because(root_cause(error)),
    }
}

fn network(network: Network, what: String) -> Error {
    Error::new(Kind::Network(network), what)
}

fn uri(url: &Url) -> Result<Uri> {
    url.as_str().parse().map_err(|error| Error::invalid(format!("{url} is not an address")).because(error))
}

/// A resolver that returns the same addresses for every name.
#[derive(Debug, Clone)]
struct Addresses(Vec<SocketAddr>);

impl Service<Name> for Addresses {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Name) -> Self::Future {
        ready(Ok(self.0.clone().into_iter()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;
    use crate::http::Resolve;

    fn tls() -> ClientConfig {
        crate::trust::Trust::load(crate::trust::Options::default()).unwrap().general_config().unwrap()
    }

    fn options() -> Options {
        Options { connect_timeout: Duration::from_secs(10), ..Options::default() }
    }

    /// Sends `answer` to one client, and returns what that sent.
    async fn server(answer: &'static [u8]) -> (u16, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut seen = [0; 512];
            let length = if answer.is_empty() { 0 } else { stream.read(&mut seen).await.unwrap() };
            stream.write_all(answer).await.unwrap();
            stream.write_all(b"hello").await.unwrap();
            String::from_utf8_lossy(&seen[..length]).into_owned()
        });
        (port, seen)
    }

    async fn received(mut stream: Box<dyn RawStream>) -> String {
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    }

    #[tokio::test]
    async fn resolve_overrides_the_address_of_a_host() {
        let (port, _) = server(b"").await;
        let named = Resolve { host: "registry.corp".to_owned(), port, address: "127.0.0.1".parse().unwrap() };
        let options = Options { resolve: vec![named], ..options() };
        let url = Url::parse(&format!("https://registry.corp:{port}/")).unwrap();
        assert_eq!(received(connect(&url, &options, tls()).await.unwrap()).await, "hello");
    }

    #[tokio::test]
    async fn a_closed_port_and_an_unknown_name_are_told_apart() {
        let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        let refusal = |text: String| async move {
            let error = connect(&Url::parse(&text).unwrap(), &options(), tls()).await.err().unwrap();
            (error.kind().clone(), error.what().to_owned())
        };
        let (kind, what) = refusal(format!("https://127.0.0.1:{port}/")).await;
        assert_eq!((kind, what), (Kind::Network(Network::Refused), format!("cannot connect to 127.0.0.1:{port}")));
        let (kind, what) = refusal("https://registry.invalid/".to_owned()).await;
        assert_eq!((kind, &*what), (Kind::Network(Network::Dns), "cannot resolve registry.invalid"));
    }

    fn proxy(value: &str) -> Proxy {
        Proxy::parse("HTTPS_PROXY", value).unwrap()
    }

    #[tokio::test]
    async fn a_proxy_is_asked_for_a_tunnel() {
        let (port, seen) = server(b"HTTP/1.1 200 OK\r\n\r\n").await;
        let url = Url::parse("https://registry.corp:5000/").unwrap();
        let stream = through(&proxy(&format!("http://ann:s3cret@127.0.0.1:{port}")), &url, tls()).await.unwrap();
        let request = seen.await.unwrap();
        assert!(request.starts_with("CONNECT registry.corp:5000 HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("Proxy-Authorization: Basic YW5uOnMzY3JldA==\r\n"), "{request}");
        drop(stream);
    }

    #[tokio::test]
    async fn a_proxy_that_refuses_is_named_without_its_credentials() {
        let (port, _) = server(b"HTTP/1.1 403 Forbidden\r\n\r\n").await;
        let url = Url::parse("https://registry.corp:5000/").unwrap();
        let error = through(&proxy(&format!("http://ann:s3cret@127.0.0.1:{port}")), &url, tls()).await.err().unwrap();
        assert_eq!(error.kind(), &Kind::Network(Network::Proxy));
        let proxy = format!("http://127.0.0.1:{port} (HTTPS_PROXY)");
        assert_eq!(error.what(), format!("cannot reach registry.corp:5000 through the proxy {proxy}"));
        assert!(!error.to_string().contains("s3cret"));
    }

    #[tokio::test]
    async fn a_socks_proxy_gets_the_socks_protocol() {
        let (port, seen) = server(b"\x05\xff").await;
        let url = Url::parse("https://registry.corp:5000/").unwrap();
        let error = through(&proxy(&format!("socks5h://127.0.0.1:{port}")), &url, tls()).await.err().unwrap();
        assert_eq!(error.kind(), &Kind::Network(Network::Proxy));
        assert_eq!(seen.await.unwrap().as_bytes()[0], 5);
    }
}
