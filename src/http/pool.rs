//! The innermost layer: one HTTP client for each origin.
//!
//! Each origin has connections and trust of its own, so that neither a CA nor a client certificate meant for one host
//! serves another. Connections are kept and reused.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, HeaderMap, HeaderValue, RANGE};
use reqwest::{Method, redirect};
use secrecy::ExposeSecret;
use tokio::sync::OnceCell;
use url::{Origin, Url};

use super::connect::through;
use super::errors::{Attempt, find_source, is_dead, requires_http1, transport_error};
use super::observe::Observer;
use super::options::Options;
use super::origins::{MAX_ORIGINS, Origins, Referral};
use super::proxy::{Proxy, choose_proxy, proxy_for, unusable};
use super::race::{ConnectTime, FasterAddress, Race};
use super::resolver::{OriginResolver, PrivateAddress, Resolver, SharedResolver};
use super::response::Response;
use super::timeouts::Timeouts;
use super::timing::Timing;
use crate::auth::{AddressLimit, Credentials, SecretOrigin};
use crate::error::{Error, Kind, Network, Result, Route};
use crate::trust::Trust;

/// How long a peer may leave what was sent to it unacknowledged: then the connection is dead, as after an outage, or
/// when a NAT has forgotten it.
const DEAD_AFTER: Duration = Duration::from_secs(15);

/// How often a peer that is silent is probed, once [`DEAD_AFTER`] has passed, and how many probes it may leave
/// unanswered.
const PROBE_INTERVAL: Duration = Duration::from_secs(5);
const PROBES: u32 = 3;

/// How long a proxy that failed is given to say why.
const PROXY_PATIENCE: Duration = Duration::from_secs(3);

/// How often a request begins anew with another address of its host.
const MAX_RACES: usize = 3;

/// The largest header of a reply by HTTP/2, in bytes.
const MAX_HEADER: u32 = 128 * 1024;

/// One HTTP request, as it goes over the wire.
#[derive(Debug, Clone)]
pub(super) struct Message<'a> {
    pub method: &'a Method,
    pub url: &'a Url,
    pub headers: &'a HeaderMap,
    pub authorization: Option<&'a HeaderValue>,
    pub body: Option<Bytes>,
    /// Whether another connection is used than for other messages.
    pub is_recheck: bool,
}

/// The clients of origins. Where a server may have other addresses, it has another client; so it has for a recheck,
/// which takes another connection.
type Clients = HashMap<(Origin, Option<AddressLimit>, bool), Arc<Cell>>;

/// A client, made once.
#[derive(Debug)]
struct Cell {
    client: OnceCell<reqwest::Client>,
    /// How far away the server is.
    connect_time: Arc<ConnectTime>,
    limit: Option<AddressLimit>,
    /// Whether the server refuses HTTP/2.
    http1: bool,
}

/// Sends single requests.
#[derive(Debug)]
pub(super) struct Pool {
    options: Arc<Options>,
    timeouts: Timeouts,
    trust: Trust,
    observer: Arc<Observer>,
    resolver: Arc<Resolver>,
    origins: Origins,
    clients: Mutex<Clients>,
    /// Origins that refused a request by HTTP/2 and want it by HTTP/1.1.
    http1: Mutex<HashSet<Origin>>,
}

impl Pool {
    /// A pool for the registry at this URL, and for the servers that it names.
    pub fn new(registry: Url, options: Arc<Options>, trust: Trust, observer: Arc<Observer>) -> Self {
        let timeouts = Timeouts::new(&options);
        let (resolver, origins) = (Arc::default(), Origins::new(registry));
        Self {
            options,
            timeouts,
            trust,
            observer,
            resolver,
            origins,
            clients: Mutex::default(),
            http1: Mutex::default(),
        }
    }

    /// Stores that the server `from` named the server `to` by a reply from `peer`.
    pub fn refer(&self, from: &Url, peer: Option<IpAddr>, to: &Url, referral: Referral) {
        self.origins.refer(from, peer, to, referral);
    }

    /// Sends one request and waits for the head of its reply, whatever its status.
    ///
    /// # Errors
    ///
    /// Why no reply came; [`Kind::UnsafeRealm`] and [`Fault::Redirect`](crate::error::Fault::Redirect) when a server
    /// named this one, and it has only addresses that are more private; [`Kind::Config`] when TLS cannot be set up.
    pub async fn send(&self, message: Message<'_>) -> Result<Response> {
        let (url, sent) = (message.url, Instant::now());
        let mut cell = self.cell(url, message.is_recheck);
        let mut outcome = self.send_once(&cell, &message).await?;
        for _ in 0..MAX_RACES {
            match &outcome {
                Ok(Err(error)) if find_source::<FasterAddress>(error).is_some() => {
                    outcome = self.send_once(&cell, &message).await?;
                }
                _ => break,
            }
        }
        if let Ok(Err(error)) = &outcome
            && requires_http1(error)
        {
            self.use_http1(url);
            self.retire(&cell);
            cell = self.cell(url, message.is_recheck);
            outcome = self.send_once(&cell, &message).await?;
        }
        let reply = match outcome {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(error)) => {
                if is_dead(&error) {
                    self.retire(&cell);
                }
                // It may quote the proxy, a certificate, or what HTTP/2 says when it closes a connection.
                let error = self.explain(error, url, sent).await;
                Err(error.masked_causes(&|text| self.observer.secrets.masked(text)))
            }
            Err(silence) => {
                self.retire(&cell);
                self.origins.fell_silent(url, sent);
                Err(silence)
            }
        };
        let reply = reply.map_err(|error| self.with_circumstances(error, url))?;
        let latency = sent.elapsed();
        self.observer.response(message.method, &reply, latency);
        let (observer, route) = (Arc::clone(&self.observer), self.route(url));
        let timing = Timing::new(latency, url, cell.connect_time.get());
        let response = Response::new(reply, timing, self.timeouts, observer, route);
        let peer = response.peer();
        self.origins.answered(url, peer, response.is_success());
        if let (Some(peer), Some(host)) = (peer, url.host_str()) {
            self.resolver.prefer(host, peer);
        }
        Ok(response)
    }

    /// Sends one request by this client. The outer error is that it cannot be sent, the next that no reply came in
    /// time.
    async fn send_once(
        &self,
        cell: &Arc<Cell>,
        message: &Message<'_>,
    ) -> Result<Result<Result<reqwest::Response, reqwest::Error>>> {
        let Message { method, url, headers, authorization, body, .. } = message.clone();
        let client = self.client(cell, url).await?;
        let mut request = client.request(method.clone(), url.clone()).headers(headers.clone());
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        // A range counts encoded bytes.
        if !headers.contains_key(ACCEPT_ENCODING) && !headers.contains_key(RANGE) {
            request = request.header(ACCEPT_ENCODING, "gzip");
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let request =
            request.build().map_err(|error| Error::invalid(format!("cannot send {method} {url}")).caused_by(error))?;
        self.observer.request(&request);
        let timeouts = if self.origins.is_silent(url) { self.timeouts.for_silent_server() } else { self.timeouts };
        Ok(timeouts.until_reply(url, client.execute(request)).await)
    }

    /// Speaks HTTP/1.1 to an origin from now on.
    fn use_http1(&self, url: &Url) {
        tracing::debug!("{} requires HTTP/1.1", url.origin().ascii_serialization());
        let mut http1 = self.http1();
        if http1.len() >= MAX_ORIGINS {
            http1.clear();
        }
        http1.insert(url.origin());
    }

    fn http1(&self) -> MutexGuard<'_, HashSet<Origin>> {
        self.http1.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the client of an origin is, or will be.
    fn cell(&self, url: &Url, is_recheck: bool) -> Arc<Cell> {
        // A proxy resolves the names of the servers behind it.
        let limit = self.origins.limit(url).filter(|_| proxy_for(url).is_none());
        let key = (url.origin(), limit, is_recheck);
        let http1 = self.http1().contains(&key.0);
        let mut clients = self.clients();
        // A client in use is kept alive by its requests.
        if clients.len() >= MAX_ORIGINS && !clients.contains_key(&key) {
            clients.clear();
        }
        let made = || Cell { client: OnceCell::new(), connect_time: Arc::default(), limit, http1 };
        Arc::clone(clients.entry(key).or_insert_with(|| Arc::new(made())))
    }

    /// Has the next request connect anew: where one connection is dead, the others of its age are likely to be dead,
    /// too, and each would cost a time limit.
    fn retire(&self, cell: &Arc<Cell>) {
        self.clients().retain(|_, known| !Arc::ptr_eq(known, cell));
    }

    fn clients(&self) -> MutexGuard<'_, Clients> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The client of an origin, made at the first request.
    async fn client(&self, cell: &Arc<Cell>, url: &Url) -> Result<reqwest::Client> {
        let client = cell.client.get_or_try_init(|| async {
            let proxy = self.proxy(url)?;
            let (options, trust, url) = (Arc::clone(&self.options), self.trust.clone(), url.clone());
            let (resolver, cell) = (Arc::clone(&self.resolver), Arc::clone(cell));
            // Trust reads files, which may be slow to come.
            let made = move || connect(&options, &trust, &url, proxy.as_ref(), resolver, &cell);
            let made = tokio::task::spawn_blocking(made).await;
            made.map_err(|error| Error::config("cannot set up the HTTP client").caused_by(error))?
        });
        client.await.cloned()
    }

    /// The proxy of an origin; its credentials are kept out of logs and errors.
    fn proxy(&self, url: &Url) -> Result<Option<Proxy>> {
        let proxy = choose_proxy(url).proxy()?;
        if let Some((username, password)) = proxy.as_ref().and_then(Proxy::credentials) {
            let header = Credentials::Basic { username, password: password.clone() }.basic_header();
            self.observer.secrets.remember(password.expose_secret(), SecretOrigin::Settings);
            if let Some((_, pair)) = header.as_ref().and_then(|header| header.expose_secret().split_once(' ')) {
                self.observer.secrets.remember(pair, SecretOrigin::Settings);
            }
        }
        Ok(proxy)
    }

    async fn explain(&self, error: reqwest::Error, url: &Url, began: Instant) -> Error {
        if let Some(refused) = find_source::<PrivateAddress>(&error) {
            return self.origins.refusal(url, refused);
        }
        let proxy = proxy_for(url);
        if let Some(proxy) = &proxy
            && error.is_connect()
            && let Err(refusal) = self.ask_proxy(proxy, url, began).await
        {
            return refusal.with_source(error.without_url());
        }
        let attempt = Attempt {
            url,
            trust: &self.trust,
            proxy: proxy.as_ref(),
            answered: self.origins.has_answered(url),
            is_resolving: url.host_str().is_some_and(|host| self.resolver.is_pending(host)),
            began,
            timeouts: self.timeouts,
        };
        transport_error(error, attempt)
    }

    /// Asks a proxy again why it did not connect to the server of `url`: the HTTP client does not keep its answer.
    ///
    /// # Errors
    ///
    /// What the proxy does instead.
    async fn ask_proxy(&self, proxy: &Proxy, url: &Url, began: Instant) -> Result<()> {
        let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default());
        // It did connect.
        if url.scheme() == "https" && self.trust.has_begun_handshake_since(began, host, port) {
            return Ok(());
        }
        let waited = self.options.connect_timeout;
        through(proxy, url, &self.trust, waited.min(PROXY_PATIENCE), waited).await.map(drop)
    }

    /// Adds what is known beside the error itself. Where no connection can be made, the name is looked up again for the
    /// next attempt.
    fn with_circumstances(&self, error: Error, url: &Url) -> Error {
        if let Kind::Network(Network::Refused | Network::ConnectTimeout | Network::Other) = error.kind() {
            self.resolver.expire(url.host_str().unwrap_or_default());
        }
        error.at_route(self.route(url))
    }

    fn route(&self, url: &Url) -> Route {
        let has_answered = self.origins.has_succeeded(url) && !self.origins.is_silent(url);
        Route { has_answered, proxy: proxy_for(url).map(|proxy| proxy.route()) }
    }
}

fn connect(
    options: &Options,
    trust: &Trust,
    url: &Url,
    proxy: Option<&Proxy>,
    resolver: Arc<Resolver>,
    cell: &Cell,
) -> Result<reqwest::Client> {
    let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default());
    let mut tls = match url.scheme() {
        "https" => trust.client_config(host, port)?,
        // It serves for a proxy that is reached by TLS; a server that speaks plain HTTP needs no trust.
        _ => trust.general_config()?,
    };
    if cell.http1 {
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    }
    let fixed = options.addresses(host, port).map(|address| address.ip()).collect();
    let (host, winner) = (host.to_owned(), Mutex::default());
    let resolver = Arc::new(OriginResolver { resolver, host, fixed, limit: cell.limit, winner });
    let mut client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(&options.user_agent)
        .redirect(redirect::Policy::none())
        .referer(false)
        // Its own reading of the environment differs from other clients'.
        .no_proxy()
        .dns_resolver(SharedResolver(Arc::clone(&resolver)))
        .connect_timeout(options.connect_timeout)
        // The timeout of unacknowledged data holds for connecting, too.
        .tcp_user_timeout(DEAD_AFTER.max(options.connect_timeout))
        .tcp_keepalive(DEAD_AFTER)
        .tcp_keepalive_interval(PROBE_INTERVAL)
        .tcp_keepalive_retries(PROBES)
        .http2_keep_alive_interval(DEAD_AFTER)
        .http2_keep_alive_timeout(DEAD_AFTER)
        .http2_max_header_list_size(MAX_HEADER);
    if cell.http1 {
        client = client.http1_only();
    }
    client = match proxy {
        Some(proxy) => {
            let proxied = reqwest::Proxy::all(proxy.secret_url());
            // The error could quote the URL.
            client.proxy(proxied.map_err(|_| unusable(proxy.variable))?)
        }
        None => {
            let connect_time = Arc::clone(&cell.connect_time);
            client.connector_layer(Race { resolver, port, trust: trust.clone(), connect_time })
        }
    };
    client.build().map_err(|error| Error::config("cannot set up the HTTP client").caused_by(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust;

    #[tokio::test]
    async fn redirects_to_ever_new_origins_do_not_fill_the_memory() {
        let trust = Trust::load(trust::Options::default()).expect("a trust configuration");
        let registry = Url::parse("http://127.0.0.1").expect("a URL");
        let pool = Pool::new(registry, Arc::default(), trust, Arc::new(Observer::new(Arc::default())));
        for port in 1..1000 {
            let url = Url::parse(&format!("http://127.0.0.1:{port}/")).expect("a URL");
            pool.client(&pool.cell(&url, false), &url).await.expect("a client");
        }
        assert!(pool.clients().len() <= MAX_ORIGINS);
    }
}
