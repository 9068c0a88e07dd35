//! The transport: every layer put together.

use std::sync::Arc;

use bytes::Bytes;
use http::header::RANGE;
use serde::de::IgnoredAny;
use url::Origin;

use super::auth_state::AuthState;
use super::authenticate::Authenticator;
use super::budget::{ByteBudget, HeldBytes};
use super::errors::{check, error_in_success, truncated};
use super::limiter::Limiter;
use super::observe::{Observer, Stats};
use super::options::Options;
use super::pool::Pool;
use super::redirect::Redirects;
use super::request::{Request, RequestContext};
use super::response::Response;
use super::retry::RetryState;
use super::timeouts::Timeouts;
use super::token_source::TokenSource;
use super::verify::{CredentialVerifier, Verification};
use crate::auth::Token;
use crate::error::{Error, Identity, Result};
use crate::keychain::{CredentialMatch, CredentialProvider};
use crate::name::{Registry, Repository};
use crate::trust::Trust;

/// The status of a reply to a request with a `Range`.
const PARTIAL_CONTENT: u16 = 206;

/// Sends everything for one registry and its token server: pool ← limiter ← redirects ← authenticator ← retries.
#[derive(Debug)]
pub struct Transport {
    registry: Origin,
    options: Arc<Options>,
    timeouts: Timeouts,
    observer: Arc<Observer>,
    limiter: Arc<Limiter>,
    redirects: Arc<Redirects>,
    state: Arc<AuthState>,
    tokens: Arc<TokenSource>,
    authenticator: Authenticator,
    /// What bodies held in memory may take together.
    budget: ByteBudget,
}

/// How a request was authenticated.
#[derive(Debug, Clone, Default)]
pub struct AuthOutcome {
    /// Whose credentials were used; `None` for an anonymous request.
    pub identity: Option<Identity>,
    /// The token in use; `None` if none was needed or issued, or it has expired.
    pub token: Option<Arc<Token>>,
}

impl Transport {
    /// A transport for one registry. Reads no file and opens no connection before the first request.
    pub fn new(
        registry: &Registry,
        credentials: Arc<dyn CredentialProvider>,
        trust: Trust,
        options: Options,
        stats: Arc<Stats>,
    ) -> Self {
        let options = Arc::new(options);
        let observer = Arc::new(Observer::new(Arc::clone(&stats)));
        let pool =
            Pool::new(registry.base(), Arc::clone(&options), trust.for_registry(registry), Arc::clone(&observer));
        let limiter = Arc::new(Limiter::new(pool, options.jobs, stats));
        let redirects = Arc::new(Redirects::new(Arc::clone(&limiter), Arc::clone(&observer)));
        let state = Arc::new(AuthState::new(registry.clone(), credentials));
        let tokens = Arc::new(TokenSource::new(
            Arc::clone(&options),
            Arc::clone(&limiter),
            Arc::clone(&state),
            Arc::clone(&observer),
        ));
        let authenticator = Authenticator::new(
            Arc::clone(&limiter),
            Arc::clone(&redirects),
            Arc::clone(&state),
            Arc::clone(&tokens),
            Arc::clone(&observer),
        );
        Self {
            registry: registry.base().origin(),
            timeouts: Timeouts::new(&options),
            options,
            observer,
            limiter,
            redirects,
            state,
            tokens,
            authenticator,
            budget: ByteBudget::default(),
        }
    }

    /// A text that a server chose, without the secrets that it may echo.
    pub(crate) fn masked(&self, text: &str) -> String {
        self.observer.secrets.masked(text)
    }

    /// The most requests that may be in flight at once.
    pub fn max_concurrency(&self) -> usize {
        self.limiter.max_concurrency()
    }

    /// The requests that may be in flight at once now.
    pub fn concurrency(&self) -> usize {
        self.limiter.concurrency()
    }

    /// Announces repositories that are going to be read, so that one token can be fetched for several of them.
    pub fn prefetch_tokens(&self, repositories: impl IntoIterator<Item = Repository>) {
        self.tokens.prefetching().add_pending(repositories);
    }

    /// Sends a request, with retries. The reply has a status of success.
    ///
    /// # Errors
    ///
    /// Whatever keeps such a reply from coming.
    pub async fn send(&self, request: &Request) -> Result<Response> {
        let mut retries = self.retries(request);
        loop {
            match self.send_once(request).await {
                Ok(response) => return Ok(response),
                Err(error) => self.wait_or_fail(&mut retries, error).await?,
            }
        }
    }

    /// As [`Transport::send`], and reads the body, of at most `limit` bytes; a body that breaks off is fetched again.
    ///
    /// # Errors
    ///
    /// Those of [`Transport::send`] and of [`Response::bytes`].
    pub async fn fetch(&self, request: &Request, limit: usize) -> Result<(Response, Bytes)> {
        self.fetch_held(request, limit).await.map(|(response, bytes, _)| (response, bytes))
    }

    /// As [`Transport::fetch`]. The body counts against the budget of all bodies until the [`HeldBytes`] are dropped:
    /// for callers that reduce many large bodies to something small, and send nothing while they do.
    ///
    /// # Errors
    ///
    /// Those of [`Transport::fetch`].
    pub async fn fetch_held(&self, request: &Request, limit: usize) -> Result<(Response, Bytes, HeldBytes)> {
        let mut retries = self.retries(request);
        loop {
            match self.fetch_once(request, limit).await {
                Ok(fetched) => return Ok(fetched),
                Err(error) => self.wait_or_fail(&mut retries, error).await?,
            }
        }
    }

    async fn fetch_once(&self, request: &Request, limit: usize) -> Result<(Response, Bytes, HeldBytes)> {
        let mut response = self.send_once(request).await?;
        let expected = response.content_length().map_or(limit, |length| usize::try_from(length).unwrap_or(limit));
        let held = self.timeouts.within_deadline(async { Ok(self.budget.hold(expected.min(limit)).await) }).await?;
        let bytes = response.bytes(limit, &request.context.name).await?;
        if !response.has_certain_end() && is_cut(&bytes) {
            return Err(truncated(response.url()));
        }
        Ok((response, bytes, held))
    }

    /// Sends a request once, with authentication and redirects.
    ///
    /// # Errors
    ///
    /// Whatever keeps a reply with a status of success from coming.
    pub async fn send_once(&self, request: &Request) -> Result<Response> {
        // Boxed: the futures of all layers in one would be some kilobytes, held by each caller several times over.
        let sending = Box::pin(async {
            self.limiter.wait_for_origin(&request.url).await;
            let response = self.authenticator.send(request).await?;
            // A part is a success only for a request for one.
            if response.status() == PARTIAL_CONTENT && request.headers.contains_key(RANGE) {
                return Ok(response);
            }
            let url = response.url().clone();
            match check(response, &request.context, &self.observer.secrets).await {
                Ok(response) => Ok(response),
                Err(error) => Err(self.authenticator.explain_denial(error, &url, request).await),
            }
        });
        self.timeouts.within_deadline(sending).await
    }

    /// The attempts at a request, for callers that read the body themselves.
    pub fn retries(&self, request: &Request) -> RetryState {
        RetryState::new(&self.options, &request.url, request.is_repeatable())
    }

    /// Waits until the next attempt is due.
    ///
    /// # Errors
    ///
    /// `error` itself when it is not transient, no attempts are left, or the wait would be too long.
    pub async fn wait_or_fail(&self, retries: &mut RetryState, error: Error) -> Result<()> {
        retries.wait_or_fail(&self.limiter, &self.observer.stats, error).await
    }

    /// Sends a request once and without credentials, and follows redirects. The reply may have any status.
    ///
    /// # Errors
    ///
    /// Why no reply came.
    pub async fn send_unauthenticated(&self, request: &Request) -> Result<Response> {
        let sending = async {
            self.limiter.wait_for_origin(&request.url).await;
            self.redirects.send(request, &request.url, None, None).await
        };
        self.timeouts.within_deadline(sending).await
    }

    /// The error in the body of a reply with a status of success: some registries and gateways answer so.
    pub(crate) fn error_in_success(&self, response: &Response, context: &RequestContext, body: &[u8]) -> Option<Error> {
        error_in_success(response, context, &self.observer.secrets, body)
    }

    /// The reply if its status is one of success.
    ///
    /// # Errors
    ///
    /// What any other status means.
    pub async fn check_status(&self, response: Response, context: &RequestContext) -> Result<Response> {
        check(response, context, &self.observer.secrets).await
    }

    /// How the latest such request was authenticated.
    pub fn auth_outcome(&self, request: &Request) -> AuthOutcome {
        let key = (request.url.origin(), request.context.permission.clone());
        AuthOutcome { identity: self.state.cache().identity(&key).cloned().flatten(), token: self.tokens.cached(&key) }
    }

    /// The name of the registry towards its token server (`service`), if it asked for a token.
    pub(crate) fn service(&self) -> Option<String> {
        self.state.cache().service(&self.registry)
    }

    /// Tries credentials with a request that needs no permission other than to be logged in. `offline` asks the token
    /// server for an identity token.
    ///
    /// # Errors
    ///
    /// [`Kind::Denied`](crate::Kind::Denied) if they are refused, and whatever keeps them from being tried.
    pub async fn verify_credentials(
        &self,
        request: &Request,
        found: &CredentialMatch,
        offline: bool,
    ) -> Result<Verification> {
        let (redirects, state) = (Arc::clone(&self.redirects), Arc::clone(&self.state));
        let verifier = CredentialVerifier::new(redirects, state, Arc::clone(&self.tokens), Arc::clone(&self.observer));
        let mut retries = self.retries(request);
        loop {
            self.limiter.wait_for_origin(&request.url).await;
            match self.timeouts.within_deadline(verifier.verify(request, found, offline)).await {
                Ok(verification) => return Ok(verification),
                Err(error) => self.wait_or_fail(&mut retries, error).await?,
            }
        }
    }
}

/// Whether this is the beginning of a JSON object and not the whole.
fn is_cut(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"{")
        && serde_json::from_slice::<IgnoredAny>(body).is_err_and(|error| error.is_eof())
}
