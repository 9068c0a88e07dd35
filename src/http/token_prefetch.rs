//! Tokens ahead of the question: once the form of a registry's challenges is known, a request takes its token along, and the
//! permissions of the repositories that come next are asked for with one token.
//!
//! What is prefetched may be wrong. A registry that refuses the token, or asks for another, is answered as if nothing had been
//! prefetched, and from then on nothing is; a token server that does not give one token for several repositories is asked one by one.

use std::collections::HashMap;
use std::sync::Arc;

use reqwest::header::HeaderValue;
use tokio::sync::Mutex as Turn;
use url::{Origin, Url};

use super::auth_state::{AuthKey, header_value};
use super::request::RequestContext;
use super::transport::Transport;
use crate::auth::{
    Action, BearerChallenge, ChallengeTemplate, Credentials, PendingScopes, Permission, ScopeBudget, Scopes, Token,
    TokenRequest, TokenSize,
};
use crate::error::{Error, Kind, Operation, Result};
use crate::keychain::CredentialMatch;
use crate::name::Repository;

/// What is prefetched of a registry, and who is waited for.
#[derive(Debug, Default)]
pub(super) struct TokenPrefetch {
    /// By the origin that asks.
    sources: HashMap<Origin, Option<TokenSource>>,
    pending: PendingScopes,
    /// Tokens for several repositories that are being fetched.
    batches: Vec<Arc<Batch>>,
}

/// How an origin asks for tokens, and where they come from.
#[derive(Debug, Clone)]
pub(super) struct TokenSource {
    challenge: ChallengeTemplate,
    /// The token server, checked.
    realm: Url,
    /// How large its tokens are; `None` when one is not asked for several repositories.
    size: Option<TokenSize>,
}

/// A token for several repositories, and those who wait for it.
#[derive(Debug)]
struct Batch {
    origin: Origin,
    repositories: Vec<Repository>,
    /// Held by who fetches; whether that was done.
    turn: Turn<bool>,
}

/// A token that was fetched before it was asked for.
#[derive(Debug)]
pub(super) struct PrefetchedToken {
    pub token: Arc<Token>,
    /// The challenge that it answers.
    pub challenge: BearerChallenge,
}

impl PrefetchedToken {
    pub fn header(&self) -> Option<HeaderValue> {
        header_value(&self.token.authorization())
    }

    /// Whether this is the very question that was answered: another answer would be the same.
    pub fn answers(&self, challenge: &BearerChallenge) -> bool {
        let Self { challenge: prefetched, .. } = self;
        !self.token.is_batched()
            && prefetched.realm == challenge.realm
            && prefetched.service == challenge.service
            && prefetched.scope == challenge.scope
    }
}

impl TokenPrefetch {
    /// Adds repositories that are going to be read.
    pub fn add_pending(&mut self, repositories: impl IntoIterator<Item = Repository>) {
        self.pending.add(repositories);
    }

    /// A repository was read: it is not expected any more.
    pub fn mark_read(&mut self, permission: Option<&Permission>) {
        if let Some(repository) = permission.and_then(|permission| permission.repository.as_ref()) {
            self.pending.remove(repository);
        }
    }

    /// Learns from a challenge by `key`'s origin. One that is not as the form foretells ends what is prefetched.
    pub fn learn_challenge(&mut self, key: &AuthKey, challenge: &BearerChallenge, realm: &Url) {
        let (origin, Some(permission)) = key else { return };
        if !matches!(permission.action, Action::Catalog | Action::Pull) {
            return;
        }
        let shown = ChallengeTemplate::of(challenge, permission);
        match self.sources.get(origin) {
            None if shown.is_none() && permission.action == Action::Catalog => {}
            None => {
                let form =
                    |challenge| TokenSource { challenge, realm: realm.clone(), size: Some(TokenSize::default()) };
                self.sources.insert(origin.clone(), shown.map(form));
            }
            Some(Some(form)) if permission.action == Action::Pull && shown.as_ref() != Some(&form.challenge) => {
                self.disable(origin);
            }
            Some(_) => {}
        }
    }

    /// Foresees nothing more of an origin.
    pub fn disable(&mut self, origin: &Origin) {
        self.sources.insert(origin.clone(), None);
    }

    /// Asks for no more tokens for several repositories.
    pub fn disable_batches(&mut self, origin: &Origin) {
        if let Some(Some(form)) = self.sources.get_mut(origin) {
            form.size = None;
        }
    }

    /// Learns how large tokens are, and whether they say what they grant: without that there is nothing to share.
    pub fn learn_size(&mut self, origin: &Origin, token: &Token) {
        let Some(Some(TokenSource { size, .. })) = self.sources.get_mut(origin) else { return };
        match token.granted() {
            Some(granted) => size.iter_mut().for_each(|size| size.learn(token, &granted)),
            None => *size = None,
        }
    }

    /// The form of an origin, and the challenge that such a request is going to meet.
    fn source(&self, (origin, permission): &AuthKey) -> Option<(TokenSource, BearerChallenge)> {
        let form = self.sources.get(origin)?.as_ref()?;
        Some((form.clone(), form.challenge.challenge(permission.as_ref()?)?))
    }

    /// Whether a challenge to such a request is prefetched.
    pub fn predicts(&self, key: &AuthKey) -> bool {
        self.source(key).is_some()
    }

    /// The batch that a repository is in, or one that begins with it; `None` when there is nothing to ask for together.
    fn pending_batch(&mut self, origin: &Origin, repository: &Repository, room: ScopeBudget) -> Option<Arc<Batch>> {
        let is_in = |batch: &&Arc<Batch>| batch.origin == *origin && batch.repositories.contains(repository);
        if let Some(batch) = self.batches.iter().find(is_in) {
            return Some(Arc::clone(batch));
        }
        let repositories = self.pending.take(repository, room);
        if repositories.len() < 2 {
            return None;
        }
        let batch = Arc::new(Batch { origin: origin.clone(), repositories, turn: Turn::new(false) });
        self.batches.push(Arc::clone(&batch));
        Some(batch)
    }

    fn end(&mut self, batch: &Arc<Batch>) {
        self.batches.retain(|known| !Arc::ptr_eq(known, batch));
    }
}

impl Transport {
    /// The token that a request is going to be asked for, where that is prefetched.
    pub(super) async fn prefetch_token(&self, key: &AuthKey, context: &RequestContext) -> Option<PrefetchedToken> {
        let found = self.auth.credentials(key.1.as_ref()).await.ok()?;
        let found = only(&found)?;
        let challenge = self.auth.prefetch().source(key)?.1;
        let token = match self.fetch_batched(key, context, found).await {
            Some(token) => token,
            None => self.fetch_unbatched(key, context, found, None).await?,
        };
        Some(PrefetchedToken { token, challenge })
    }

    /// As [`Transport::foresee`], for this request alone, in the place of a token that was refused.
    pub(super) async fn prefetch_unbatched(
        &self,
        key: &AuthKey,
        context: &RequestContext,
        refused: &Arc<Token>,
    ) -> Option<PrefetchedToken> {
        let found = self.auth.credentials(key.1.as_ref()).await.ok()?;
        let challenge = self.auth.prefetch().source(key)?.1;
        let token = self.fetch_unbatched(key, context, only(&found)?, Some(refused)).await?;
        Some(PrefetchedToken { token, challenge })
    }

    /// A token for one repository. Where the token server refuses it, nothing more is prefetched.
    async fn fetch_unbatched(
        &self,
        key: &AuthKey,
        context: &RequestContext,
        found: Option<&CredentialMatch>,
        refused: Option<&Arc<Token>>,
    ) -> Option<Arc<Token>> {
        let (form, challenge) = self.auth.prefetch().source(key)?;
        let scopes = Scopes::for_request(challenge.scope.as_deref(), key.1.as_ref());
        let fetch = self.fetch_token(context, &form.realm, &challenge, &scopes, credentials(found));
        match self.auth.tokens.get_or_fetch(key.clone(), refused, fetch).await {
            Ok(token) => {
                self.auth.prefetch().learn_size(&key.0, &token);
                self.auth.identify(key, found);
                Some(token)
            }
            Err(error) => {
                tracing::debug!("{error}; from now on a token is asked for only when one is wanted");
                self.auth.prefetch().disable(&key.0);
                None
            }
        }
    }

    /// A token for a repository and for those that come next; `None` where it is to be asked for alone.
    pub(super) async fn fetch_batched(
        &self,
        key: &AuthKey,
        context: &RequestContext,
        found: Option<&CredentialMatch>,
    ) -> Option<Arc<Token>> {
        let repository = key.1.as_ref()?.repository.as_ref()?;
        loop {
            let (form, challenge) = self.auth.prefetch().source(key)?;
            let bare = TokenRequest::attempts(&form.realm, &challenge, &Scopes::default(), credentials(found));
            let room = form.size?.budget(bare.first()?.url.as_str().len());
            let batch = self.auth.prefetch().pending_batch(&key.0, repository, room)?;
            let mut is_done = batch.turn.lock().await;
            if !*is_done {
                let fetched = self.fetch_batch(&batch, context, &form, &challenge, found).await;
                *is_done = true;
                let mut ahead = self.auth.prefetch();
                ahead.end(&batch);
                if let Err(error) = fetched {
                    tracing::debug!("{error}; from now on one token is asked for each repository");
                    ahead.disable_batches(&key.0);
                }
            }
            if let Some(token) = self.auth.tokens.get_fresh(key) {
                self.auth.identify(key, found);
                return Some(token);
            }
        }
    }

    /// Fetches a token for those of a batch that have the same credentials, and shares it out among those that it grants.
    ///
    /// # Errors
    ///
    /// That of the token server, or that it does not give tokens for several repositories.
    async fn fetch_batch(
        &self,
        batch: &Batch,
        context: &RequestContext,
        form: &TokenSource,
        challenge: &BearerChallenge,
        found: Option<&CredentialMatch>,
    ) -> Result<()> {
        let mut permissions = Vec::new();
        let mut others = Vec::new();
        for repository in &batch.repositories {
            let permission = Permission::on(repository, Action::Pull);
            let theirs = self.auth.credentials(Some(&permission)).await?;
            if only(&theirs).is_some_and(|theirs| is_same(theirs, found)) {
                permissions.push(permission);
            } else {
                others.push(repository.clone());
            }
        }
        self.auth.prefetch().pending.give_back(others.into_iter());
        if permissions.len() < 2 {
            return Ok(());
        }
        let scopes: Scopes = permissions
            .iter()
            .flat_map(|permission| Scopes::for_permission(permission).iter().collect::<Vec<_>>())
            .collect();
        let token = self.fetch_token(context, &form.realm, challenge, &scopes, credentials(found)).await?;
        let token = Arc::new(token.batched());
        let not_several =
            |why| Error::new(Kind::Unsupported(Operation::Other), "no token for several repositories").because(why);
        let granted = token.granted().ok_or_else(|| not_several("it does not say what it grants"))?;
        self.auth.prefetch().learn_size(&batch.origin, &token);
        if TokenSize::is_too_large(&token) {
            let rest = permissions.into_iter().skip(1).filter_map(|permission| permission.repository);
            self.auth.prefetch().pending.give_back(rest.collect::<Vec<_>>().into_iter());
            return Ok(());
        }
        permissions.retain(|permission| granted.iter().any(|scope| scope.allows(permission)));
        let count = permissions.len();
        for permission in permissions {
            let key = (batch.origin.clone(), Some(permission));
            self.auth.identify(&key, found);
            self.auth.tokens.put(key, Arc::clone(&token));
        }
        if count > 1 { Ok(()) } else { Err(not_several("it grants one at most")) }
    }
}

/// The credentials to ask with, where there is no choice and a token server takes them: none at all are some too.
pub(super) fn only(found: &[CredentialMatch]) -> Option<Option<&CredentialMatch>> {
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
