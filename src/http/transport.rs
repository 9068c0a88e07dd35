//! Sending: connections, redirects, retries. Who may see which credentials is decided in `answer`.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Method, redirect};
use url::{Origin, Url};

use super::auth_state::AuthState;
use super::budget::{ByteBudget, HeldBytes};
use super::fault::{self, Attempt};
use super::limiter::{ConcurrencyLimiter, Permit};
use super::options::Options;
use super::proxy::proxy_for;
use super::redact::{Secrets, redacted_headers, redacted_url};
use super::redirect::{MAX_HOPS, redirect_target};
use super::request::Request;
use super::response::{Limits, Response};
use super::stats::Stats;
use super::{status, warning};
use crate::error::{Error, Fault, Kind, Result};
use crate::keychain::Keychain;
use crate::name::{Registry, Repository};
use crate::trust::Trust;

/// Everything that is sent to a registry and its token server goes through one of these.
///
/// Connections are kept and reused. Each origin has its own connections and its own trust, so that neither a CA nor a client
/// certificate meant for one host serves another.
#[derive(Debug)]
pub struct Transport {
    pub(super) auth: AuthState,
    pub(super) stats: Arc<Stats>,
    pub(super) secrets: Secrets,
    pub(super) options: Options,
    /// A permit is held until the reply is there, with its body where that is what was asked for: a request that waits for a token does
    /// not keep the token request from being sent.
    pub(super) limiter: Arc<ConcurrencyLimiter>,
    /// What bodies that are held whole may take together.
    budget: ByteBudget,
    trust: Trust,
    clients: Mutex<HashMap<Origin, reqwest::Client>>,
    /// When an origin that answered 429 may be asked again.
    not_before: Mutex<HashMap<Origin, Instant>>,
    /// Origins from which a reply came.
    answered: Mutex<HashSet<Origin>>,
    warnings: Mutex<Vec<String>>,
}

impl Transport {
    /// A transport for one registry. Nothing is read or sent before the first request.
    pub fn new(registry: &Registry, keychain: Keychain, trust: Trust, options: Options, stats: Arc<Stats>) -> Self {
        Self {
            auth: AuthState::new(registry.clone(), keychain),
            limiter: Arc::new(ConcurrencyLimiter::new(options.jobs, Arc::clone(&stats))),
            stats,
            secrets: Secrets::default(),
            options,
            budget: ByteBudget::default(),
            trust: trust.for_registry(registry),
            clients: Mutex::default(),
            not_before: Mutex::default(),
            answered: Mutex::default(),
            warnings: Mutex::default(),
        }
    }

    /// How many requests may be in flight at once, at most.
    pub fn max_concurrency(&self) -> usize {
        self.limiter.max_concurrency()
    }

    /// Says which repositories are going to be read, so that tokens for them can be asked for together.
    pub fn prefetch_tokens(&self, repositories: impl IntoIterator<Item = Repository>) {
        self.auth.prefetch().add_pending(repositories);
    }

    /// Sends a request until it is answered: a reply that may pass, and a connection that breaks, are tried again where that is safe.
    ///
    /// # Errors
    ///
    /// Whatever keeps a reply with a status of success from coming.
    pub async fn send(&self, request: &Request) -> Result<Response> {
        let mut attempts = self.retry_state(request);
        loop {
            match self.send_once(request).await {
                Ok(response) => return Ok(response),
                Err(error) => attempts.wait_or_fail(self, error).await?,
            }
        }
    }

    /// As [`Transport::send`], reading the body too, which may have `limit` bytes: one that breaks off is fetched again.
    ///
    /// # Errors
    ///
    /// Those of [`Transport::send`] and of [`Response::bytes`].
    pub async fn fetch(&self, request: &Request, limit: usize) -> Result<(Response, Bytes)> {
        self.fetch_held(request, limit).await.map(|(response, bytes, _)| (response, bytes))
    }

    /// As [`Transport::fetch`]; the body counts against the budget of all bodies until what comes with it is dropped. Whoever makes
    /// something small of many large bodies holds it so long, and sends nothing meanwhile.
    ///
    /// # Errors
    ///
    /// Those of [`Transport::fetch`].
    pub async fn fetch_held(&self, request: &Request, limit: usize) -> Result<(Response, Bytes, HeldBytes)> {
        let mut attempts = self.retry_state(request);
        loop {
            match self.fetch_once(request, limit).await {
                Ok(fetched) => return Ok(fetched),
                Err(error) => attempts.wait_or_fail(self, error).await?,
            }
        }
    }

    async fn fetch_once(&self, request: &Request, limit: usize) -> Result<(Response, Bytes, HeldBytes)> {
        let mut response = self.send_once(request).await?;
        let expected = response.content_length().map_or(limit, |length| usize::try_from(length).unwrap_or(limit));
        let held =
            fault::within_deadline(self.options.deadline, async { Ok(self.budget.hold(expected.min(limit)).await) })
                .await?;
        let bytes = response.bytes(limit, &request.context.name).await?;
        Ok((response, bytes, held))
    }

    /// Sends a request once, authentication and redirects included.
    ///
    /// # Errors
    ///
    /// Whatever keeps a reply with a status of success from coming.
    pub async fn send_once(&self, request: &Request) -> Result<Response> {
        fault::within_deadline(self.options.deadline, async {
            self.wait_for_origin(&request.url).await;
            let response = self.send_authenticated(request).await?;
            let url = response.url().clone();
            let checked = status::check(response, &request.context, &self.secrets).await;
            checked.map_err(|error| self.auth.explain_denial(error, &url, &request.context))
        })
        .await
    }

    /// Sends a request along its redirects. Credentials stay with the origin that they were meant for, also when the way leads back to it.
    /// `permit` is one that the request has already.
    pub(super) async fn follow_redirects(
        &self,
        request: &Request,
        url: &Url,
        authorization: Option<&HeaderValue>,
        mut permit: Option<Permit>,
    ) -> Result<Response> {
        let mut url = url.clone();
        let mut authorization = authorization;
        for _ in 0..=MAX_HOPS {
            let permit = match permit.take() {
                Some(permit) => permit,
                None => self.limiter.acquire().await,
            };
            let body = request.body.clone();
            let response =
                self.send_single(permit, &request.method, &url, &request.headers, authorization, body).await?;
            if !matches!(response.status(), 301 | 302 | 303 | 307 | 308) {
                return Ok(response);
            }
            let location = response.headers().get(LOCATION).map(HeaderValue::as_bytes);
            let next = redirect_target(&request.method, &url, self.peer(&response), location)?;
            if next.origin() != url.origin() {
                authorization = None;
            }
            url = next;
        }
        let what = format!("too many redirects from {}", request.context.registry);
        Err(Error::new(Kind::Protocol(Fault::Redirect), what)
            .because(format!("{} is still redirected after {MAX_HOPS} redirects", request.url.path())))
    }

    /// Sends one request and waits for the head of its reply.
    pub(super) async fn send_single(
        &self,
        permit: Permit,
        method: &Method,
        url: &Url,
        headers: &HeaderMap,
        authorization: Option<&HeaderValue>,
        body: Option<Bytes>,
    ) -> Result<Response> {
        let client = self.client(url)?;
        let mut request = client.request(method.clone(), url.clone()).headers(headers.clone());
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let request =
            request.build().map_err(|error| Error::invalid(format!("cannot send {method} {url}")).because(error))?;
        tracing::debug!("> {method} {}", redacted_url(url));
        redacted_headers(request.headers()).for_each(|line| tracing::trace!("> {line}"));
        self.stats.count_request();
        let sent = Instant::now();
        let idle = self.options.idle_timeout;
        let answer = tokio::time::timeout(idle, client.execute(request)).await;
        let answer = answer.map_err(|_| fault::idle_timeout(url, idle.as_secs_f32()))?;
        let response = answer.map_err(|error| self.transport_error(&error, url, sent))?;
        let took = sent.elapsed();
        permit.record(response.status().as_u16(), took);
        self.answered.lock().unwrap_or_else(PoisonError::into_inner).insert(url.origin());
        tracing::debug!("< {:?} {} in {} ms", response.version(), response.status(), took.as_millis());
        redacted_headers(response.headers()).for_each(|line| tracing::trace!("< {}", self.secrets.masked(&line)));
        self.show_warnings(response.headers());
        // Of all replies these alone have a body that is read later, and that no request waits for in the meantime.
        let permit = Some(permit).filter(|_| method == Method::GET && response.status().is_success());
        Ok(Response::new(response, permit, Arc::clone(&self.stats), Limits { idle, deadline: self.options.deadline }))
    }

    fn transport_error(&self, error: &reqwest::Error, url: &Url, began: Instant) -> Error {
        let proxy = proxy_for(url);
        fault::transport_error(
            error,
            Attempt {
                url,
                trust: &self.trust,
                proxy: proxy.as_deref(),
                answered: self.answered.lock().unwrap_or_else(PoisonError::into_inner).contains(&url.origin()),
                began,
                connect_seconds: self.options.connect_timeout.as_secs_f32(),
                idle_seconds: self.options.idle_timeout.as_secs_f32(),
            },
        )
    }

    /// The address that a reply came from, unless a proxy stands in between.
    pub fn peer(&self, response: &Response) -> Option<std::net::IpAddr> {
        if proxy_for(response.url()).is_some() { None } else { response.peer() }
    }

    /// The connections to an origin, made on first use.
    fn client(&self, url: &Url) -> Result<reqwest::Client> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&url.origin()) {
            return Ok(client.clone());
        }
        let client = self.connect(url)?;
        clients.insert(url.origin(), client.clone());
        Ok(client)
    }

    fn connect(&self, url: &Url) -> Result<reqwest::Client> {
        let (host, port) = host_and_port(url);
        let tls = match url.scheme() {
            "https" => self.trust.client_config(host, port)?,
            // It serves for a proxy that is reached by TLS; the trust in a server that speaks plain HTTP is not looked for.
            _ => self.trust.general_config()?,
        };
        let addresses: Vec<_> = self.options.addresses(host, port).collect();
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(&self.options.user_agent)
            .redirect(redirect::Policy::none())
            .referer(false)
            .connect_timeout(self.options.connect_timeout);
        if !addresses.is_empty() {
            builder = builder.resolve_to_addrs(host, &addresses);
        }
        builder.build().map_err(|error| Error::config("cannot set up the HTTP client").because(error))
    }

    /// Waits until the origin may be asked again.
    pub(super) async fn wait_for_origin(&self, url: &Url) {
        let until = self.not_before.lock().unwrap_or_else(PoisonError::into_inner).get(&url.origin()).copied();
        if let Some(until) = until {
            tokio::time::sleep_until(until.into()).await;
        }
    }

    pub(super) fn delay_origin(&self, origin: &Origin, wait: Duration) {
        let until = Instant::now() + wait;
        let mut not_before = self.not_before.lock().unwrap_or_else(PoisonError::into_inner);
        let known = not_before.entry(origin.clone()).or_insert(until);
        *known = until.max(*known);
    }

    /// Each text once, and at most 4096 bytes in all, as the specification asks.
    fn show_warnings(&self, headers: &HeaderMap) {
        const MOST_BYTES: usize = 4096;
        for text in
            headers.get_all(reqwest::header::WARNING).iter().filter_map(|value| warning::warning_text(value.as_bytes()))
        {
            let text = String::from_utf8_lossy(&text).into_owned();
            let mut shown = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
            let bytes: usize = shown.iter().map(String::len).sum();
            if !text.is_empty() && !shown.contains(&text) && bytes + text.len() <= MOST_BYTES {
                tracing::warn!("the registry says: {}", self.secrets.masked(&text));
                shown.push(text);
            }
        }
    }
}

/// What of a URL a connection is made to.
fn host_and_port(url: &Url) -> (&str, u16) {
    (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default())
}
