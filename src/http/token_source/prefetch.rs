//! Predicts the challenges of a registry, and decides which repositories share one token.

use std::collections::HashMap;
use std::sync::Arc;

use http::header::HeaderValue;
use tokio::sync::Mutex;
use url::{Origin, Url};

use super::super::auth_state::{AuthKey, header_value};
use crate::auth::{
    Action, BearerChallenge, ChallengeTemplate, PendingScopes, Permission, ScopeBudget, Token, TokenSize,
};
use crate::name::Repository;

/// What is known about how origins ask for tokens, and what is being fetched.
#[derive(Debug, Default)]
pub(in crate::http) struct TokenPrefetch {
    /// By origin; `None` when nothing is predicted for it any more.
    origins: HashMap<Origin, Option<OriginTokens>>,
    /// Repositories that are going to be read.
    pub(super) pending: PendingScopes,
    /// Tokens for several repositories that are being fetched.
    batches: Vec<Arc<Batch>>,
}

/// How an origin asks for tokens, and where it gets them.
#[derive(Debug, Clone)]
pub(super) struct OriginTokens {
    challenge: ChallengeTemplate,
    /// The token server, verified.
    pub realm: Url,
    /// The size of its tokens; `None` if it is not asked for several repositories at once.
    pub size: Option<TokenSize>,
}

/// A token for several repositories that is being fetched.
#[derive(Debug)]
pub(super) struct Batch {
    pub origin: Origin,
    pub repositories: Vec<Repository>,
    /// Whether it was fetched; locked while it is.
    pub is_done: Mutex<bool>,
}

/// A token that was fetched before the registry asked for it.
#[derive(Debug)]
pub(in crate::http) struct PrefetchedToken {
    pub token: Arc<Token>,
    /// The challenge that it anticipates.
    pub challenge: BearerChallenge,
}

impl PrefetchedToken {
    pub fn header(&self) -> Option<HeaderValue> {
        header_value(&self.token.authorization())
    }

    /// Whether this very challenge was anticipated, so that fetching again would give the same token.
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

    /// A repository was read: no token for it is needed any more.
    pub fn mark_read(&mut self, permission: Option<&Permission>) {
        if let Some(repository) = permission.and_then(|permission| permission.repository.as_ref()) {
            self.pending.remove(repository);
        }
    }

    /// Learns from a challenge by the origin of `key`. One that does not follow the template ends predictions for the
    /// origin.
    pub fn learn_challenge(&mut self, key: &AuthKey, challenge: &BearerChallenge, realm: &Url) {
        let (origin, Some(permission)) = key else { return };
        if !matches!(permission.action, Action::Catalog | Action::Pull) {
            return;
        }
        let shown = ChallengeTemplate::of(challenge, permission);
        match self.origins.get(origin) {
            None if shown.is_none() && permission.action == Action::Catalog => {}
            None => {
                let learned =
                    |challenge| OriginTokens { challenge, realm: realm.clone(), size: Some(TokenSize::default()) };
                self.origins.insert(origin.clone(), shown.map(learned));
            }
            Some(Some(known)) if permission.action == Action::Pull && shown.as_ref() != Some(&known.challenge) => {
                self.disable(origin);
            }
            Some(_) => {}
        }
    }

    /// Ends predictions for an origin.
    pub fn disable(&mut self, origin: &Origin) {
        self.origins.insert(origin.clone(), None);
    }

    /// Ends tokens for several repositories at an origin.
    pub fn disable_batches(&mut self, origin: &Origin) {
        if let Some(Some(known)) = self.origins.get_mut(origin) {
            known.size = None;
        }
    }

    /// Learns how large tokens are. Tokens that do not say what they grant cannot be shared.
    pub fn learn_size(&mut self, origin: &Origin, token: &Token) {
        let Some(Some(OriginTokens { size, .. })) = self.origins.get_mut(origin) else { return };
        match token.granted() {
            Some(granted) => size.iter_mut().for_each(|size| size.learn(token, &granted)),
            None => *size = None,
        }
    }

    /// How the origin of `key` asks for tokens, and the challenge that it is predicted to send.
    pub(super) fn predict(&self, (origin, permission): &AuthKey) -> Option<(OriginTokens, BearerChallenge)> {
        let known = self.origins.get(origin)?.as_ref()?;
        Some((known.clone(), known.challenge.challenge(permission.as_ref()?)?))
    }

    /// Whether the challenge to such a request can be predicted.
    pub fn predicts(&self, key: &AuthKey) -> bool {
        self.predict(key).is_some()
    }

    /// The batch that a repository is in, or a new one that begins with it; `None` if there is nothing to share a token
    /// with.
    pub(super) fn batch(
        &mut self,
        origin: &Origin,
        repository: &Repository,
        budget: ScopeBudget,
    ) -> Option<Arc<Batch>> {
        let is_in = |batch: &&Arc<Batch>| batch.origin == *origin && batch.repositories.contains(repository);
        if let Some(batch) = self.batches.iter().find(is_in) {
            return Some(Arc::clone(batch));
        }
        let repositories = self.pending.take(repository, budget);
        if repositories.len() < 2 {
            return None;
        }
        let batch = Arc::new(Batch { origin: origin.clone(), repositories, is_done: Mutex::new(false) });
        self.batches.push(Arc::clone(&batch));
        Some(batch)
    }

    /// Removes a batch that was fetched.
    pub(super) fn end(&mut self, batch: &Arc<Batch>) {
        self.batches.retain(|known| !Arc::ptr_eq(known, batch));
    }
}
