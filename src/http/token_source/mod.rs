//! Tokens for one registry: cached, fetched when a challenge asks for one, or fetched before the challenge comes.

mod prefetch;
mod server;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use url::Url;

use super::auth_state::{AuthKey, AuthState};
use super::limiter::Limiter;
use super::observe::Observer;
use super::options::Options;
use super::request::RequestContext;
use crate::auth::{
    Action, BearerChallenge, Credentials, Permission, Scopes, Token, TokenCache, TokenSize, token_server,
};
use crate::error::{Error, Kind, Operation, Result};
use crate::keychain::CredentialMatch;
use prefetch::{Batch, OriginTokens, TokenPrefetch};
use server::TokenServer;

pub(super) use prefetch::PrefetchedToken;
pub(super) use server::TokenQuery;

/// The one source of tokens for a registry.
///
/// Once the form of a registry's challenges is known, a request takes its token along, and one token is fetched for
/// several repositories that are going to be read. A prediction may be wrong: if the registry refuses such a token, or
/// sends another challenge, nothing more is prefetched; if the token server does not grant several repositories at
/// once, it is asked for each.
#[derive(Debug)]
pub(super) struct TokenSource {
    state: Arc<AuthState>,
    server: TokenServer,
    cache: TokenCache<AuthKey>,
    prefetch: Mutex<TokenPrefetch>,
}

impl TokenSource {
    pub fn new(options: Arc<Options>, limiter: Arc<Limiter>, state: Arc<AuthState>, observer: Arc<Observer>) -> Self {
        let server = TokenServer::new(options, limiter, Arc::clone(&state), observer);
        Self { state, server, cache: TokenCache::default(), prefetch: Mutex::default() }
    }

    /// What is predicted of the registry's challenges.
    pub fn prefetching(&self) -> MutexGuard<'_, TokenPrefetch> {
        self.prefetch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token server that the server at `from` names; `peer` is the address of the latter.
    ///
    /// # Errors
    ///
    /// Those of [`token_server`](crate::auth::token_server).
    pub fn realm(&self, from: &Url, peer: Option<IpAddr>, realm: &str) -> Result<Url> {
        let url = token_server(from, peer, realm)?;
        self.server.refer(from, peer, &url);
        Ok(url)
    }

    /// The token in the cache, if it has not expired.
    pub fn cached(&self, key: &AuthKey) -> Option<Arc<Token>> {
        self.cache.get_fresh(key)
    }

    /// The end of a fetch of the token for `key`, if one is under way and no other token can be used meanwhile.
    pub fn pending(&self, key: &AuthKey) -> Option<impl Future<Output = ()> + Send + use<>> {
        self.cache.pending(key)
    }

    /// The token for `key`: from the cache unless it is `rejected`, otherwise from the token server.
    ///
    /// # Errors
    ///
    /// Those of the token server.
    pub async fn fetch(
        &self,
        key: &AuthKey,
        rejected: Option<&Arc<Token>>,
        query: TokenQuery<'_>,
    ) -> Result<Arc<Token>> {
        let token = self.cache.get_or_fetch(key.clone(), rejected, Box::pin(self.server.fetch(query))).await?;
        self.prefetching().learn_size(&key.0, &token);
        Ok(token)
    }

    /// A token that is neither cached nor taken from the cache, to verify credentials with. `offline` asks for an
    /// identity token too.
    ///
    /// # Errors
    ///
    /// Those of the token server.
    pub async fn fetch_uncached(&self, query: TokenQuery<'_>, offline: bool) -> Result<Token> {
        self.server.request(query, offline).await
    }

    /// The token that a request is predicted to need.
    pub async fn prefetch(&self, key: &AuthKey, context: &RequestContext) -> Option<PrefetchedToken> {
        let found = self.state.credentials(key.1.as_ref()).await.ok()?;
        let found = only(&found)?;
        let challenge = self.prefetching().predict(key)?.1;
        let token = match self.fetch_batched(key, context, found).await {
            Some(token) => token,
            None => self.fetch_unbatched(key, context, found, None).await?,
        };
        Some(PrefetchedToken { token, challenge })
    }

    /// As [`TokenSource::prefetch`], for this request alone, to replace a token that was refused.
    pub async fn prefetch_unbatched(
        &self,
        key: &AuthKey,
        context: &RequestContext,
        refused: &Arc<Token>,
    ) -> Option<PrefetchedToken> {
        let found = self.state.credentials(key.1.as_ref()).await.ok()?;
        let challenge = self.prefetching().predict(key)?.1;
        let token = self.fetch_unbatched(key, context, only(&found)?, Some(refused)).await?;
        Some(PrefetchedToken { token, challenge })
    }

    /// A token that answers a challenge without asking for this request alone: another request has fetched it, or it is
    /// fetched together with those for the repositories that come next.
    pub async fn available(
        &self,
        key: &AuthKey,
        context: &RequestContext,
        found: &[CredentialMatch],
    ) -> Option<Arc<Token>> {
        match self.cached(key) {
            Some(token) => Some(token),
            None => self.fetch_batched(key, context, only(found)?).await,
        }
    }

    /// A token for one repository. If the token server refuses it, nothing more is prefetched.
    async fn fetch_unbatched(
        &self,
        key: &AuthKey,
        context: &RequestContext,
        found: Option<&CredentialMatch>,
        refused: Option<&Arc<Token>>,
    ) -> Option<Arc<Token>> {
        let (origin, challenge) = self.prefetching().predict(key)?;
        let scopes = challenge.scopes(key.1.as_ref());
        let query = query(context, &origin, &challenge, &scopes, found);
        match self.fetch(key, refused, query).await {
            Ok(token) => {
                self.state.identify(key, found);
                Some(token)
            }
            Err(error) => {
                tracing::debug!("{error}; tokens are no longer prefetched");
                self.prefetching().disable(&key.0);
                None
            }
        }
    }

    /// A token for a repository together with those that come next; `None` if it has to be fetched by itself.
    async fn fetch_batched(
        &self,
        key: &AuthKey,
        context: &RequestContext,
        found: Option<&CredentialMatch>,
    ) -> Option<Arc<Token>> {
        let repository = key.1.as_ref()?.repository.as_ref()?;
        loop {
            let (origin, challenge) = self.prefetching().predict(key)?;
            let bare = self.server.attempts(&origin.realm, &challenge, &Scopes::default(), credentials(found));
            let budget = origin.size?.budget(bare.first()?.url.as_str().len());
            let batch = self.prefetching().batch(&key.0, repository, budget)?;
            let mut is_done = batch.is_done.lock().await;
            if !*is_done {
                let fetched = self.fetch_batch(&batch, context, &origin, &challenge, found).await;
                *is_done = true;
                let mut prefetch = self.prefetching();
                prefetch.end(&batch);
                if let Err(error) = fetched {
                    tracing::debug!("{error}; one token is fetched for each repository from now on");
                    prefetch.disable_batches(&key.0);
                }
            }
            if let Some(token) = self.cached(key) {
                self.state.identify(key, found);
                return Some(token);
            }
        }
    }

    /// Fetches a token for those of a batch that have the same credentials, and caches it for each that it grants.
    ///
    /// # Errors
    ///
    /// Those of the token server, and [`Kind::Unsupported`] if it does not grant several repositories with one token.
    async fn fetch_batch(
        &self,
        batch: &Batch,
        context: &RequestContext,
        origin: &OriginTokens,
        challenge: &BearerChallenge,
        found: Option<&CredentialMatch>,
    ) -> Result<()> {
        let (mut permissions, mut others) = (Vec::new(), Vec::new());
        for repository in &batch.repositories {
            let permission = Permission::on(repository, Action::Pull);
            let theirs = self.state.credentials(Some(&permission)).await?;
            if only(&theirs).is_some_and(|theirs| is_same(theirs, found)) {
                permissions.push(permission);
            } else {
                others.push(repository.clone());
            }
        }
        self.prefetching().pending.give_back(others.into_iter());
        if permissions.len() < 2 {
            return Ok(());
        }
        let scopes: Scopes = permissions
            .iter()
            .flat_map(|permission| Scopes::for_permission(permission).iter().collect::<Vec<_>>())
            .collect();
        let token = self.server.fetch(query(context, origin, challenge, &scopes, found)).await?;
        let token = Arc::new(token.batched());
        let unsupported =
            |why| Error::new(Kind::Unsupported(Operation::Other), "no token for several repositories").because(why);
        let granted = token.granted().ok_or_else(|| unsupported("the token does not say what it grants"))?;
        self.prefetching().learn_size(&batch.origin, &token);
        if TokenSize::is_too_large(&token) {
            let rest = permissions.into_iter().skip(1).filter_map(|permission| permission.repository);
            self.prefetching().pending.give_back(rest.collect::<Vec<_>>().into_iter());
            return Ok(());
        }
        permissions.retain(|permission| granted.iter().any(|scope| scope.allows(permission)));
        let count = permissions.len();
        for permission in permissions {
            let key = (batch.origin.clone(), Some(permission));
            self.state.identify(&key, found);
            self.cache.put(key, Arc::clone(&token));
        }
        if count > 1 { Ok(()) } else { Err(unsupported("the token grants one at most")) }
    }
}

fn query<'a>(
    context: &'a RequestContext,
    origin: &'a OriginTokens,
    challenge: &'a BearerChallenge,
    scopes: &'a Scopes,
    found: Option<&'a CredentialMatch>,
) -> TokenQuery<'a> {
    TokenQuery { context, realm: &origin.realm, challenge, scopes, credentials: credentials(found) }
}

/// The credentials to ask with, if there is no choice and a token server accepts them; anonymous counts.
fn only(found: &[CredentialMatch]) -> Option<Option<&CredentialMatch>> {
    match found {
        [] => Some(None),
        [found] if !matches!(found.credentials, Credentials::RegistryToken(_)) => Some(Some(found)),
        _ => None,
    }
}

fn credentials(found: Option<&CredentialMatch>) -> &Credentials {
    found.map_or(&Credentials::Anonymous, |found| &found.credentials)
}

fn is_same(one: Option<&CredentialMatch>, other: Option<&CredentialMatch>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => one.is_same(other),
        _ => false,
    }
}
