//! The innermost layer: one HTTP client for each origin.
//!
//! Each origin has connections and trust of its own, so that neither a CA nor a client certificate meant for one host
//! serves another. Connections are kept and reused.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Method, redirect};
use tokio::sync::OnceCell;
use url::{Origin, Url};

use super::errors::{Attempt, transport_error};
use super::observe::Observer;
use super::options::Options;
use super::proxy::proxy_for;
use super::response::Response;
use super::timeouts::Timeouts;
use crate::error::{Error, Result};
use crate::trust::Trust;

/// Origins remembered at once. A registry and its token server are two; only redirects lead to more.
const MAX_ORIGINS: usize = 64;

/// One HTTP request, as it goes over the wire.
#[derive(Debug, Clone)]
pub(super) struct Message<'a> {
    pub method: &'a Method,
    pub url: &'a Url,
    pub headers: &'a HeaderMap,
    pub authorization: Option<&'a HeaderValue>,
    pub body: Option<Bytes>,
}

/// Sends single requests.
#[derive(Debug)]
pub(super) struct Pool {
    options: Arc<Options>,
    timeouts: Timeouts,
    trust: Trust,
    observer: Arc<Observer>,
    clients: Mutex<HashMap<Origin, Arc<OnceCell<reqwest::Client>>>>,
    /// Origins that sent a reply.
    answered: Mutex<HashSet<Origin>>,
}

impl Pool {
    pub fn new(options: Arc<Options>, trust: Trust, observer: Arc<Observer>) -> Self {
        let timeouts = Timeouts::new(&options);
        Self { options, timeouts, trust, observer, clients: Mutex::default(), answered: Mutex::default() }
    }

    /// Sends one request and waits for the head of its reply, whatever its status.
    ///
    /// # Errors
    ///
    /// Why no reply came, and [`Kind::Config`](crate::Kind::Config) when TLS cannot be set up.
    pub async fn send(&self, message: Message<'_>) -> Result<Response> {
        let Message { method, url, headers, authorization, body } = message;
        let client = self.client(url).await?;
        let mut request = client.request(method.clone(), url.clone()).headers(headers.clone());
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let request =
            request.build().map_err(|error| Error::invalid(format!("cannot send {method} {url}")).caused_by(error))?;
        self.observer.request(&request);
        let sent = Instant::now();
        let reply = self.timeouts.until_reply(url, client.execute(request)).await?;
        let reply = reply.map_err(|error| self.explain(error, url, sent))?;
        let latency = sent.elapsed();
        self.remember_answer(url);
        self.observer.response(&reply, latency);
        Ok(Response::new(reply, latency, self.timeouts, Arc::clone(&self.observer.stats)))
    }

    /// The client of an origin, made at the first request.
    async fn client(&self, url: &Url) -> Result<reqwest::Client> {
        let cell = {
            let mut clients = lock(&self.clients);
            // A client in use is kept alive by its requests.
            if clients.len() >= MAX_ORIGINS && !clients.contains_key(&url.origin()) {
                clients.clear();
            }
            Arc::clone(clients.entry(url.origin()).or_default())
        };
        let client = cell.get_or_try_init(|| async {
            let (options, trust, url) = (Arc::clone(&self.options), self.trust.clone(), url.clone());
            // Trust reads files, which may be slow to come.
            let made = tokio::task::spawn_blocking(move || connect(&options, &trust, &url)).await;
            made.map_err(|error| Error::config("cannot set up the HTTP client").caused_by(error))?
        });
        client.await.cloned()
    }

    fn remember_answer(&self, url: &Url) {
        let mut answered = lock(&self.answered);
        if answered.len() >= MAX_ORIGINS {
            answered.clear();
        }
        answered.insert(url.origin());
    }

    fn explain(&self, error: reqwest::Error, url: &Url, began: Instant) -> Error {
        let proxy = proxy_for(url);
        let answered = lock(&self.answered).contains(&url.origin());
        let timeouts = self.timeouts;
        let attempt = Attempt { url, trust: &self.trust, proxy: proxy.as_deref(), answered, began, timeouts };
        transport_error(error, attempt)
    }
}

fn connect(options: &Options, trust: &Trust, url: &Url) -> Result<reqwest::Client> {
    let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default());
    let tls = match url.scheme() {
        "https" => trust.client_config(host, port)?,
        // It serves for a proxy that is reached by TLS; a server that speaks plain HTTP needs no trust.
        _ => trust.general_config()?,
    };
    let addresses: Vec<_> = options.addresses(host, port).collect();
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(&options.user_agent)
        .redirect(redirect::Policy::none())
        .referer(false)
        .connect_timeout(options.connect_timeout);
    if !addresses.is_empty() {
        builder = builder.resolve_to_addrs(host, &addresses);
    }
    builder.build().map_err(|error| Error::config("cannot set up the HTTP client").caused_by(error))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust;

    #[tokio::test]
    async fn redirects_to_ever_new_origins_do_not_fill_the_memory() {
        let trust = Trust::load(trust::Options::default()).unwrap();
        let pool = Pool::new(Arc::default(), trust, Arc::new(Observer::new(Arc::default())));
        for port in 1..1000 {
            let url = Url::parse(&format!("http://127.0.0.1:{port}/")).unwrap();
            pool.client(&url).await.unwrap();
            pool.remember_answer(&url);
        }
        assert!(lock(&pool.clients).len() <= MAX_ORIGINS && lock(&pool.answered).len() <= MAX_ORIGINS);
    }
}
