//! The limiter: how many requests are in flight at once, and when an origin that answered 429 may be asked again.

mod concurrency;
mod window;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::Method;
use url::{Origin, Url};

use super::observe::Stats;
use super::options::Jobs;
use super::origins::Referral;
use super::pool::{Message, Pool};
use super::response::Response;
use crate::error::Result;
use concurrency::ConcurrencyLimiter;

pub(super) use concurrency::Permit;

/// Sends single requests, a bounded number at once.
///
/// A permit is held until the reply is complete, with its body if the body was asked for. A request that waits for a
/// token holds none, so that the token request can be sent.
#[derive(Debug)]
pub(super) struct Limiter {
    pool: Pool,
    concurrency: Arc<ConcurrencyLimiter>,
    /// When an origin that answered 429 may be asked again.
    not_before: Mutex<HashMap<Origin, Instant>>,
}

impl Limiter {
    pub fn new(pool: Pool, jobs: Jobs, stats: Arc<Stats>) -> Self {
        let concurrency = Arc::new(ConcurrencyLimiter::new(jobs, stats));
        Self { pool, concurrency, not_before: Mutex::default() }
    }

    /// The most requests that may be in flight at once.
    pub fn max_concurrency(&self) -> usize {
        self.concurrency.max_concurrency()
    }

    /// The requests that may be in flight at once now.
    pub fn concurrency(&self) -> usize {
        self.concurrency.limit()
    }

    /// Waits for permission to have one more request in flight.
    pub async fn acquire(&self) -> Permit {
        self.concurrency.acquire().await
    }

    /// Sends one request and waits for the head of its reply.
    ///
    /// # Errors
    ///
    /// Those of [`Pool::send`].
    pub async fn send(&self, permit: Permit, message: Message<'_>) -> Result<Response> {
        let is_get = message.method == Method::GET;
        let mut response = self.pool.send(message).await?;
        permit.record(response.status(), response.version(), response.timing());
        // Only such replies have a body that is read later while no other request waits for it.
        if is_get && response.is_success() {
            response.hold_permit(permit);
        }
        Ok(response)
    }

    /// Stores that the server `from` named the server `to` by a reply from `peer`, which then may have no more private
    /// address than that.
    pub fn refer(&self, from: &Url, peer: Option<IpAddr>, to: &Url, referral: Referral) {
        self.pool.refer(from, peer, to, referral);
    }

    /// Waits until the origin of `url` may be asked again.
    pub async fn wait_for_origin(&self, url: &Url) {
        let until = self.not_before.lock().unwrap_or_else(PoisonError::into_inner).get(&url.origin()).copied();
        if let Some(until) = until {
            tokio::time::sleep_until(until.into()).await;
        }
    }

    /// Delays every request to an origin by `wait`.
    pub fn delay_origin(&self, origin: &Origin, wait: Duration) {
        let now = Instant::now();
        let until = now + wait;
        let mut not_before = self.not_before.lock().unwrap_or_else(PoisonError::into_inner);
        not_before.retain(|_, until| *until > now);
        let known = not_before.entry(origin.clone()).or_insert(until);
        *known = until.max(*known);
    }
}
