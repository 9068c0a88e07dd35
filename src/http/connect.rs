//! Raw connections, made as a request would make them: to the address set for the host, and through the proxy if there
//! is one. For diagnosis below HTTP, and to ask a proxy why it failed.

use std::error::Error as StdError;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::errors::{find_source, proxy_error, root_cause, unresolved};
use super::options::Options;
use super::proxy::refusal::Refusal;
use super::proxy::{Proxy, choose_proxy, tunnel};
use super::race::connect_first;
use super::request::authority;
use super::resolver::{interleaved, lookup};
use crate::error::{Error, Kind, Network, ProxyFault, Result, Route};
use crate::trust::Trust;

/// A connection on which nothing has been sent yet.
pub trait RawStream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> RawStream for T {}

/// Connects to the host and port of `url` within [`Options::connect_timeout`]: at the address that [`Options::resolve`]
/// sets, or through a proxy. `trust` is for a proxy that is reached by TLS.
///
/// # Errors
///
/// [`Kind::Network`] if the server or the proxy cannot be reached; [`Kind::Config`] if the proxy's variable cannot be
/// used.
pub async fn connect(url: &Url, options: &Options, trust: &Trust) -> Result<Box<dyn RawStream>> {
    match choose_proxy(url).proxy()? {
        Some(proxy) => through(&proxy, url, trust, options.connect_timeout, options.connect_timeout).await,
        None => direct(url, options).await,
    }
}

async fn direct(url: &Url, options: &Options) -> Result<Box<dyn RawStream>> {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or_default();
    let limit = options.connect_timeout;
    let connecting = async {
        let mut addresses: Vec<_> = options.addresses(host, port).collect();
        if addresses.is_empty() {
            addresses = resolved(host, port).await?;
        }
        tracing::debug!("connecting to {} at {addresses:?}", authority(url));
        connect_first(&addresses).await.map_err(|error| unreached(&error, url))
    };
    let connected = tokio::time::timeout(limit, connecting).await.unwrap_or_else(|_| {
        let what = format!("timed out connecting to {}", authority(url));
        Err(network(Network::ConnectTimeout, what).because(no_connection(limit)))
    });
    Ok(Box::new(connected?))
}

/// The addresses of a host, which may be one in brackets.
async fn resolved(host: &str, port: u16) -> Result<Vec<SocketAddr>> {
    let name = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let found = lookup(name).await.map_err(|error| unresolved(&error, host))?;
    Ok(interleaved(&found).into_iter().map(|address| SocketAddr::new(address, port)).collect())
}

/// Connects through a proxy within `limit`. `waited` is how long the proxy was given in all, for the error.
///
/// # Errors
///
/// [`Network::Proxy`] with what the proxy does instead; [`Network::Dns`] and [`Network::Resolver`] if the name of the
/// server is resolved here.
pub(super) async fn through(
    proxy: &Proxy,
    url: &Url,
    trust: &Trust,
    limit: Duration,
    waited: Duration,
) -> Result<Box<dyn RawStream>> {
    let end = Instant::now() + limit;
    let failed = |Refusal { fault, cause }: Refusal| {
        let route = Route { proxy: Some(proxy.route()), ..Route::default() };
        proxy_error(fault, proxy, &authority(url)).because(cause).at_route(route)
    };
    let late = || Refusal::new(ProxyFault::Unreachable, format!("{} to the proxy", no_connection(waited)));
    let dialing = timeout_at(end, dial(proxy, trust));
    let mut stream = dialing.await.unwrap_or_else(|_| Err(late())).map_err(failed)?;
    let is_forwarded = url.scheme() == "http" && matches!(proxy.url.scheme(), "http" | "https");
    if is_forwarded {
        return Ok(stream);
    }
    let port = url.port_or_known_default().unwrap_or_default();
    let host = match url.host() {
        Some(Host::Domain(name)) if matches!(proxy.url.scheme(), "socks4" | "socks5") => {
            local(name, port, proxy).await?
        }
        host => host.map(|host| host.to_owned()).ok_or_else(|| Error::invalid(format!("{url} names no host")))?,
    };
    let silent = || {
        let what = if proxy.url.scheme().starts_with("socks") { "the SOCKS handshake" } else { "CONNECT" };
        let cause = format!(
            "the proxy accepts the connection, and does not answer {what} within {} s: it hangs, or waits for the server",
            waited.as_secs_f32()
        );
        Refusal::new(ProxyFault::Silent, cause)
    };
    let opening = timeout_at(end, tunnel::open(&mut stream, proxy, &host, port));
    opening.await.unwrap_or_else(|_| Err(silent())).map_err(failed)?;
    Ok(stream)
}

/// Connects to a proxy, by TLS if its scheme says so.
async fn dial(proxy: &Proxy, trust: &Trust) -> Result<Box<dyn RawStream>, Refusal> {
    let unreachable = |cause: String| Refusal::new(ProxyFault::Unreachable, cause);
    let (host, port) = proxy.place();
    let addresses = resolved(host, port).await.map_err(|error| {
        let cause = error.causes().first().map_or_else(String::new, |cause| format!(": {cause}"));
        unreachable(format!("cannot resolve {host}, the host of the proxy{cause}"))
    })?;
    let stream = connect_first(&addresses).await.map_err(|error| match error.kind() {
        io::ErrorKind::ConnectionRefused => unreachable(format!("connection refused by {host}:{port}")),
        _ => unreachable(root_cause(&error)),
    })?;
    if proxy.url.scheme() != "https" {
        return Ok(Box::new(stream));
    }
    let stream = encrypt(stream, host, trust).await.map_err(|error| {
        let cause = match find_source::<rustls::Error>(&error) {
            Some(tls) => {
                let rejection = trust.explain(tls, host, port);
                format!("{}: {}", rejection.what(&format!("the proxy {host}:{port}")), rejection.cause)
            }
            None => format!("no TLS handshake with the proxy: {}", root_cause(&error)),
        };
        Refusal::new(ProxyFault::Tls, cause)
    })?;
    Ok(Box::new(stream))
}

async fn encrypt(stream: TcpStream, host: &str, trust: &Trust) -> io::Result<impl RawStream + use<>> {
    let mut tls = trust.general_config().map_err(io::Error::other)?;
    // A proxy is offered nothing but HTTP/1.1.
    tls.alpn_protocols.clear();
    let name = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(name).map_err(io::Error::other)?;
    TlsConnector::from(Arc::new(tls)).connect(name, stream).await
}

/// An address of a host for a SOCKS proxy that is not asked for names.
async fn local(name: &str, port: u16, proxy: &Proxy) -> Result<Host<String>> {
    let addresses = resolved(name, port).await?;
    let hosts = addresses.iter().map(|address| match address.ip() {
        IpAddr::V4(address) => Host::Ipv4(address),
        IpAddr::V6(address) => Host::Ipv6(address),
    });
    let mut usable = hosts.filter(|host| matches!(host, Host::Ipv4(_)) || proxy.url.scheme() != "socks4");
    usable
        .next()
        .ok_or_else(|| network(Network::Dns, format!("cannot resolve {name}")).because("it has no IPv4 address"))
}

fn no_connection(limit: Duration) -> String {
    format!("no connection within {} s", limit.as_secs_f32())
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;
    use crate::http::Resolve;

    fn trust() -> Trust {
        Trust::load(crate::trust::Options::default()).expect("a trust configuration")
    }

    const LIMIT: Duration = Duration::from_secs(10);

    fn options() -> Options {
        Options { connect_timeout: LIMIT, ..Options::default() }
    }

    /// Sends `answer` to one client, and returns what that sent.
    async fn server(answer: &'static [u8]) -> (u16, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("the address of a bound socket").port();
        let seen = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut seen = [0; 512];
            let length = if answer.is_empty() { 0 } else { stream.read(&mut seen).await.expect("an open connection") };
            stream.write_all(answer).await.expect("an open connection");
            stream.write_all(b"hello").await.expect("an open connection");
            String::from_utf8_lossy(&seen[..length]).into_owned()
        });
        (port, seen)
    }

    async fn received(mut stream: Box<dyn RawStream>) -> String {
        let mut text = String::new();
        stream.read_to_string(&mut text).await.expect("an open connection");
        text
    }

    #[tokio::test]
    async fn resolve_overrides_the_address_of_a_host() {
        let (port, _) = server(b"").await;
        let named =
            Resolve { host: "registry.corp".to_owned(), port, address: "127.0.0.1".parse().expect("an IP address") };
        let options = Options { resolve: vec![named], ..options() };
        let url = Url::parse(&format!("https://registry.corp:{port}/")).expect("a URL");
        assert_eq!(received(connect(&url, &options, &trust()).await.expect("a connection")).await, "hello");
    }

    #[tokio::test]
    async fn a_closed_port_and_an_unknown_name_are_distinguished() {
        let port = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port")
            .local_addr()
            .expect("the address of a bound socket")
            .port();
        let refusal = |text: String| async move {
            let error =
                connect(&Url::parse(&text).expect("a URL"), &options(), &trust()).await.err().expect("an error");
            (error.kind().clone(), error.what().to_owned())
        };
        let (kind, what) = refusal(format!("https://127.0.0.1:{port}/")).await;
        assert_eq!((kind, what), (Kind::Network(Network::Refused), format!("cannot connect to 127.0.0.1:{port}")));
        let (kind, what) = refusal("https://registry.invalid/".to_owned()).await;
        assert_eq!((kind, &*what), (Kind::Network(Network::Dns), "cannot resolve registry.invalid"));
    }

    fn proxy(value: &str) -> Proxy {
        Proxy::parse("HTTPS_PROXY", value).expect("a proxy")
    }

    #[tokio::test]
    async fn a_proxy_is_asked_for_a_tunnel() {
        let (port, seen) = server(b"HTTP/1.1 200 OK\r\n\r\n").await;
        let url = Url::parse("https://registry.corp:5000/").expect("a URL");
        let stream = through(&proxy(&format!("http://ann:s3cret@127.0.0.1:{port}")), &url, &trust(), LIMIT, LIMIT)
            .await
            .expect("a connection");
        let request = seen.await.expect("what the server received");
        assert!(request.starts_with("CONNECT registry.corp:5000 HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("Proxy-Authorization: Basic YW5uOnMzY3JldA==\r\n"), "{request}");
        drop(stream);
    }

    #[tokio::test]
    async fn a_proxy_that_refuses_is_named_without_its_credentials() {
        let (port, _) = server(b"HTTP/1.1 403 Forbidden\r\n\r\n").await;
        let url = Url::parse("https://registry.corp:5000/").expect("a URL");
        let error = through(&proxy(&format!("http://ann:s3cret@127.0.0.1:{port}")), &url, &trust(), LIMIT, LIMIT)
            .await
            .err()
            .expect("an error");
        assert_eq!(error.kind(), &Kind::Network(Network::Proxy(ProxyFault::Forbidden)));
        let proxy = format!("http://127.0.0.1:{port} (HTTPS_PROXY)");
        assert_eq!(error.what(), format!("cannot reach registry.corp:5000 through the proxy {proxy}"));
        assert!(!error.to_string().contains("s3cret"));
    }

    #[tokio::test]
    async fn a_socks_proxy_gets_the_socks_protocol() {
        let (port, seen) = server(b"\x05\xff").await;
        let url = Url::parse("https://registry.corp:5000/").expect("a URL");
        let error = through(&proxy(&format!("socks5h://127.0.0.1:{port}")), &url, &trust(), LIMIT, LIMIT)
            .await
            .err()
            .expect("an error");
        assert_eq!(error.kind(), &Kind::Network(Network::Proxy(ProxyFault::Login { refused: false })));
        assert_eq!(seen.await.expect("what the server received").as_bytes()[0], 5);
    }
}
