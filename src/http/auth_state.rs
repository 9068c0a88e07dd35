//! What is known about logging in to one registry, and what is remembered between requests.
//!
//! What is remembered belongs to the origin that asked for it, which after a redirect is not the one that was asked first, and to the
//! permission that it was asked for. Credentials that were accepted for one repository serve another only where the keychain has the same for
//! both: a host may have a login for each namespace (containers-auth.json(5)). Of permissions it is remembered who asked for them lately, not
//! for ever: a registry may have any number of repositories.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use url::{Origin, Url};

use super::fault;
use super::request::RequestContext;
use super::token_prefetch::TokenPrefetch;
use crate::auth::{Credentials, Permission, Token, TokenCache};
use crate::error::{Denial, Error, Identity, Kind, Refuser, Result};
use crate::keychain::{CredentialMatch, Keychain, Lookup};
use crate::name::Registry;

/// What an answer is good for: requests for one permission at one origin.
pub(super) type AuthKey = (Origin, Option<Permission>);

/// What is known about logging in to one registry.
#[derive(Debug)]
pub(super) struct AuthState {
    registry: Registry,
    origin: Origin,
    keychain: Keychain,
    pub tokens: TokenCache<AuthKey>,
    prefetch: Mutex<TokenPrefetch>,
    cache: Mutex<AuthCache>,
}

#[derive(Debug, Default)]
pub(super) struct AuthCache {
    /// The credentials that an origin accepted as they are, for the permissions that were used lately.
    accepted: RecentMap<HeaderValue>,
    /// All that an origin accepted, for whatever permission: as many as there are logins.
    of_origin: HashMap<Origin, Vec<HeaderValue>>,
    /// Origins that asked for Bearer: there, credentials are sent only for what they were accepted for.
    pub bearer: HashSet<Origin>,
    /// Who the requests for a permission were made as lately.
    identities: RecentMap<Option<Identity>>,
    /// Identity tokens as they were found, with those that a token server gave in their place.
    replaced: Vec<(SecretString, SecretString)>,
}

/// What was remembered last, by permission: at least [`LATELY`] of it, and never more than twice as much.
#[derive(Debug)]
struct RecentMap<V> {
    new: HashMap<AuthKey, V>,
    old: HashMap<AuthKey, V>,
}

/// More permissions than requests are ever in flight, so that what a request left behind is still there when its reply is explained.
const RECENT: usize = 512;

impl<V> Default for RecentMap<V> {
    fn default() -> Self {
        Self { new: HashMap::new(), old: HashMap::new() }
    }
}

impl<V> RecentMap<V> {
    fn get(&self, key: &AuthKey) -> Option<&V> {
        self.new.get(key).or_else(|| self.old.get(key))
    }

    fn insert(&mut self, key: AuthKey, value: V) {
        if self.new.len() >= RECENT && !self.new.contains_key(&key) {
            self.old = std::mem::take(&mut self.new);
        }
        self.new.insert(key, value);
    }

    fn retain(&mut self, keep: impl Fn(&V) -> bool) {
        self.new.retain(|_, value| keep(value));
        self.old.retain(|_, value| keep(value));
    }
}

impl AuthCache {
    /// Who a request was made as lately; `None` when there was none, `Some(None)` when it was anonymous.
    pub fn identity(&self, key: &AuthKey) -> Option<&Option<Identity>> {
        self.identities.get(key)
    }

    /// Remembers that credentials were accepted as they are.
    pub fn accept(&mut self, key: &AuthKey, header: HeaderValue) {
        let all = self.of_origin.entry(key.0.clone()).or_default();
        if !all.contains(&header) {
            all.push(header.clone());
        }
        self.accepted.insert(key.clone(), header);
    }

    /// Forgets credentials that were refused: what they were accepted for before is asked for anew.
    pub fn refuse(&mut self, header: &HeaderValue) {
        self.accepted.retain(|known| known != header);
        self.of_origin.values_mut().for_each(|all| all.retain(|known| known != header));
    }

    /// Remembers who a request was made as.
    pub fn identify(&mut self, key: &AuthKey, identity: Option<Identity>) {
        self.identities.insert(key.clone(), identity);
    }
}

impl AuthState {
    pub fn new(registry: Registry, keychain: Keychain) -> Self {
        Self {
            origin: registry.base().origin(),
            registry,
            keychain,
            tokens: TokenCache::default(),
            prefetch: Mutex::default(),
            cache: Mutex::default(),
        }
    }

    /// The `Authorization` that serves such a request: the token or the credentials that served it before, or credentials that the
    /// origin accepted for something else and that are the ones for this, too.
    ///
    /// # Errors
    ///
    /// As [`Keychain::credentials`].
    pub async fn cached_authorization(&self, key: &AuthKey) -> Result<(Option<Arc<Token>>, Option<HeaderValue>)> {
        if let Some(token) = self.tokens.get_fresh(key) {
            let header = header_value(&token.authorization());
            return Ok((Some(token), header));
        }
        let accepted = {
            let remembered = self.cache();
            if let Some(header) = remembered.accepted.get(key) {
                return Ok((None, Some(header.clone())));
            }
            match remembered.of_origin.get(&key.0) {
                Some(accepted) if !remembered.bearer.contains(&key.0) => accepted.clone(),
                _ => Vec::new(),
            }
        };
        if accepted.is_empty() {
            return Ok((None, None));
        }
        // The keychain was asked before, by whatever was accepted: it has read its files.
        for found in self.credentials(key.1.as_ref()).await? {
            let header = found.credentials.basic_header().as_ref().and_then(header_value);
            if let Some(header) = header.filter(|header| accepted.contains(header)) {
                let mut remembered = self.cache();
                remembered.accepted.insert(key.clone(), header.clone());
                remembered.identify(key, Some(found.identity));
                return Ok((None, Some(header)));
            }
        }
        Ok((None, None))
    }

    pub fn cache(&self) -> MutexGuard<'_, AuthCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn prefetch(&self) -> MutexGuard<'_, TokenPrefetch> {
        self.prefetch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the registry let somebody in, where that was not clear from the beginning.
    pub fn accept(&self, found: Option<&CredentialMatch>, among: &[CredentialMatch]) {
        if let (Some(found), [_, _, ..]) = (found, among) {
            tracing::debug!("{} accepts {}", self.registry, found.identity);
        }
    }

    /// Notes who such requests are made as.
    pub fn identify(&self, key: &AuthKey, found: Option<&CredentialMatch>) {
        self.cache().identify(key, found.map(|found| found.identity.clone()));
    }

    /// The credentials for the registry, or for one of its repositories: podman keeps them by path.
    pub async fn credentials(&self, permission: Option<&Permission>) -> Result<Vec<CredentialMatch>> {
        let repository = permission.and_then(|permission| permission.repository.as_ref());
        self.keychain.credentials(&self.registry, repository).await
    }

    /// Whether a request may be sent before anybody has asked who sends it. What only reads always may; what changes the registry
    /// may not where credentials should be that cannot be had: the registry would take it for somebody else's.
    ///
    /// # Errors
    ///
    /// [`Kind::Unidentified`], with what keeps the credentials from being had.
    pub async fn check_anonymous(&self, key: &AuthKey, context: &RequestContext) -> Result<()> {
        let Some(Permission { action, repository: Some(repository) }) = &context.permission else { return Ok(()) };
        if !action.is_change() || self.cached_authorization(key).await?.1.is_some() {
            return Ok(());
        }
        let Lookup { found, failures, .. } = self.keychain.lookup(&self.registry, Some(repository)).await?;
        if !found.is_empty() || failures.is_empty() {
            return Ok(());
        }
        let what = format!("not going to {action} {repository} on {} anonymously", context.registry);
        Err(failures.iter().fold(Error::new(Kind::CredentialsUnavailable(*action), what), Error::because))
    }

    /// The credentials with the identity token that a token server gave in the place of theirs: the former may be good for
    /// one use only (RFC 6749 §6). It is not stored anywhere.
    pub fn current_credentials(&self, credentials: &Credentials) -> Credentials {
        let mut credentials = credentials.clone();
        if let Credentials::IdentityToken { token, .. } = &mut credentials {
            let remembered = self.cache();
            if let Some((_, newer)) = remembered.replaced.iter().find(|(found, _)| same_secret(found, token)) {
                *token = newer.clone();
            }
        }
        credentials
    }

    pub fn store_replacement(&self, credentials: &Credentials, newer: Option<&SecretString>) {
        let (Credentials::IdentityToken { token, .. }, Some(newer)) = (credentials, newer) else { return };
        let mut remembered = self.cache();
        remembered.replaced.retain(|(found, _)| !same_secret(found, token));
        remembered.replaced.push((token.clone(), newer.clone()));
    }

    /// Credentials may be sent to the registry's own origin, and to its https side when it was asked by http and leads there.
    pub fn may_receive_credentials(&self, url: &Url) -> bool {
        let base = self.registry.base();
        let upgraded = base.scheme() == "http"
            && url.scheme() == "https"
            && base.host_str() == url.host_str()
            && [Some(443), base.port_or_known_default()].contains(&url.port_or_known_default());
        url.origin() == self.origin || upgraded
    }

    /// Adds to a denial by `url` who was denied, and what their token grants.
    pub fn explain_denial(&self, error: Error, url: &Url, context: &RequestContext) -> Error {
        let Kind::Denied(denial) = error.kind() else { return error };
        if !self.may_receive_credentials(url) {
            let place = fault::authority(url);
            let cause = format!("{place} is another server than the registry: it is sent no credentials");
            let denial = Denial { by: Refuser::OtherServer(place), ..denial.clone() };
            return error.with_kind(Kind::Denied(denial)).because(cause);
        }
        let key = (url.origin(), context.permission.clone());
        let remembered = self.cache();
        let Some(identity) = remembered.identity(&key) else { return error };
        let unauthorized = error.reply().is_some_and(|reply| reply.status == 401);
        let Some(identity) = identity.clone() else {
            return if unauthorized { error.with_kind(Kind::Unauthenticated) } else { error };
        };
        let token = self.tokens.get_fresh(&key);
        let accepted = token.is_some() || !unauthorized;
        let cause = if accepted { format!("logged in as {identity}") } else { format!("asked as {identity}") };
        let denial = Denial { identity: Some(identity), accepted, ..denial.clone() };
        let mut error = error.with_kind(Kind::Denied(denial)).because(cause);
        if let Some(granted) = token.and_then(|token| token.granted()) {
            error = error.because(match granted.as_slice() {
                [] => "the token grants nothing".to_owned(),
                scopes => {
                    let scopes: Vec<_> = scopes.iter().map(ToString::to_string).collect();
                    format!("the token grants only {}", scopes.join(" "))
                }
            });
        }
        error
    }
}

fn same_secret(one: &SecretString, other: &SecretString) -> bool {
    one.expose_secret() == other.expose_secret()
}

/// A header value that the HTTP client keeps out of its own logs.
pub(super) fn header_value(secret: &SecretString) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(secret.expose_secret()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Action;

    fn key(number: usize) -> AuthKey {
        let repository = format!("team/app-{number}").parse().expect("a repository");
        let origin = Url::parse("https://reg.corp/").expect("an address").origin();
        (origin, Some(Permission::on(&repository, Action::Pull)))
    }

    #[test]
    fn what_is_remembered_by_repository_has_an_end() {
        let mut remembered = AuthCache::default();
        let header = HeaderValue::from_static("Basic YW5uOnB3");
        for number in 0..20_000 {
            remembered.accept(&key(number), header.clone());
            remembered.identify(&key(number), None);
            let kept = number.saturating_sub(RECENT - 1);
            assert!(remembered.identity(&key(kept)).is_some() && remembered.accepted.get(&key(kept)).is_some());
        }
        for lately in [remembered.accepted.new.len() + remembered.accepted.old.len(), remembered.identities.new.len()] {
            assert!(lately <= 2 * RECENT, "{lately}");
        }
        assert_eq!(remembered.of_origin.values().map(Vec::len).sum::<usize>(), 1);
        remembered.refuse(&header);
        assert!(remembered.accepted.get(&key(19_999)).is_none());
        assert_eq!(remembered.of_origin.values().map(Vec::len).sum::<usize>(), 0);
    }
}
