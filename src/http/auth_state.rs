//! What is known about authentication at one registry between requests.
//!
//! Everything is kept by origin (after a redirect, the origin that asked) and by permission. Credentials accepted for
//! one repository serve another only if the keychain has the same for both: a host may have a login for each namespace
//! (containers-auth.json(5)). What is kept by permission is bounded, since a registry may have any number of
//! repositories.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::Method;
use http::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use url::{Origin, Url};

use super::request::{Request, RequestContext};
use crate::auth::{BearerChallenge, Credentials, Malformed, Permission};
use crate::error::{Error, Identity, Kind, Missing, Operation, Result};
use crate::keychain::{CredentialMatch, CredentialProvider, Lookup};
use crate::name::Registry;

/// What a token or accepted credentials are valid for: one permission at one origin.
pub(super) type AuthKey = (Origin, Option<Permission>);

/// The credentials for one registry, and which of them it accepted.
#[derive(Debug)]
pub(super) struct AuthState {
    registry: Registry,
    origin: Origin,
    keychain: Arc<dyn CredentialProvider>,
    cache: Mutex<AuthCache>,
}

/// What earlier requests have shown.
#[derive(Debug, Default)]
pub(super) struct AuthCache {
    /// The `Authorization` values that an origin accepted, by permission.
    accepted: RecentMap<HeaderValue>,
    /// The same for all permissions of an origin: as many as there are logins.
    of_origin: HashMap<Origin, Vec<HeaderValue>>,
    /// Origins that ask for Bearer tokens: there, credentials are sent only for the permission they were accepted for.
    /// With the latest challenge of each.
    bearer: HashMap<Origin, BearerChallenge>,
    /// Who the latest request for a permission was made as; `None` if anonymous.
    identities: RecentMap<Option<Identity>>,
    /// Whether an origin accepts a login.
    logins: Vec<(Origin, Identity, bool)>,
    /// Identity tokens as found, with those that a token server issued to replace them.
    replaced: Vec<(SecretString, SecretString)>,
}

/// The most recent entries, by permission: at least [`RECENT`] of them, at most twice as many.
#[derive(Debug)]
struct RecentMap<V> {
    new: HashMap<AuthKey, V>,
    old: HashMap<AuthKey, V>,
}

/// More than requests are ever in flight, so that what a request stored is still there when its reply is explained.
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
    /// Who the latest such request was made as; `None` if there was none, `Some(None)` if it was anonymous.
    pub fn identity(&self, key: &AuthKey) -> Option<&Option<Identity>> {
        self.identities.get(key)
    }

    /// Stores that an origin asks for Bearer tokens. Redirects may lead to any number of origins, so the number is
    /// bounded.
    pub fn asks_for_bearer(&mut self, origin: &Origin, challenge: &BearerChallenge) {
        if self.bearer.len() >= RECENT {
            self.bearer.clear();
        }
        self.bearer.insert(origin.clone(), challenge.clone());
    }

    /// Why the latest Bearer challenge of an origin breaks off, if it does.
    pub fn malformed_challenge(&self, origin: &Origin) -> Option<Malformed> {
        self.bearer.get(origin)?.malformed.clone()
    }

    /// The name of an origin towards its token server, by its latest Bearer challenge.
    pub fn service(&self, origin: &Origin) -> Option<String> {
        self.bearer.get(origin)?.service.clone()
    }

    /// Stores credentials that were accepted.
    pub fn accept(&mut self, key: &AuthKey, header: HeaderValue) {
        let all = self.of_origin.entry(key.0.clone()).or_default();
        if !all.contains(&header) {
            all.push(header.clone());
        }
        self.accepted.insert(key.clone(), header);
    }

    /// Removes credentials that were refused, for every permission.
    pub fn refuse(&mut self, header: &HeaderValue) {
        self.accepted.retain(|known| known != header);
        self.of_origin.values_mut().for_each(|all| all.retain(|known| known != header));
    }

    /// Whether the origin accepts this login, if that is known.
    pub fn is_login_accepted(&self, origin: &Origin, identity: &Identity) -> Option<bool> {
        let known = self.logins.iter().find(|(known, whose, _)| (known, whose) == (origin, identity));
        known.map(|(.., is_accepted)| *is_accepted)
    }

    /// Stores whether the origin accepts a login, if that is new. There are as many as there are credentials.
    pub fn learn_login(&mut self, origin: &Origin, identity: &Identity, is_accepted: bool) {
        if self.is_login_accepted(origin, identity).is_none() {
            self.logins.push((origin.clone(), identity.clone(), is_accepted));
        }
    }

    /// Stores who a request was made as.
    pub fn identify(&mut self, key: &AuthKey, identity: Option<Identity>) {
        self.identities.insert(key.clone(), identity);
    }
}

impl AuthState {
    pub fn new(registry: Registry, keychain: Arc<dyn CredentialProvider>) -> Self {
        Self { origin: registry.base().origin(), registry, keychain, cache: Mutex::default() }
    }

    pub fn cache(&self) -> MutexGuard<'_, AuthCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The credentials for the registry, or for one of its repositories: podman keeps them by path.
    pub async fn credentials(&self, permission: Option<&Permission>) -> Result<Vec<CredentialMatch>> {
        self.keychain
            .credentials(&self.registry, permission.and_then(|permission| permission.repository.as_ref()))
            .await
    }

    /// Whether there are credentials for such a request. `quietly`: without warnings about those that cannot be
    /// obtained.
    pub async fn has_credentials(&self, permission: Option<&Permission>, quietly: bool) -> bool {
        match quietly {
            true => !self.lookup(permission).await.found.is_empty(),
            false => self.credentials(permission).await.is_ok_and(|found| !found.is_empty()),
        }
    }

    /// A request for the root of the registry's API, `/v2/`, which needs no permission.
    pub fn root_request(&self) -> Request {
        let mut url = self.registry.base();
        url.set_path(&format!("{}v2/", url.path()));
        let (name, registry) = ("the API".to_owned(), self.registry.to_string());
        let (missing, operation) = (Missing::Endpoint, Operation::Other);
        Request::new(Method::GET, url, RequestContext { registry, name, permission: None, missing, operation })
    }

    /// The `Authorization` that such a request was accepted with, or that the origin accepted for another permission
    /// for which the keychain has the same credentials.
    ///
    /// # Errors
    ///
    /// As [`CredentialProvider::credentials`].
    pub async fn accepted(&self, key: &AuthKey) -> Result<Option<HeaderValue>> {
        let accepted = {
            let cache = self.cache();
            if let Some(header) = cache.accepted.get(key) {
                return Ok(Some(header.clone()));
            }
            match cache.of_origin.get(&key.0) {
                Some(accepted) if !cache.bearer.contains_key(&key.0) => accepted.clone(),
                _ => Vec::new(),
            }
        };
        if accepted.is_empty() {
            return Ok(None);
        }
        // The keychain has read its files by now: something was accepted before.
        for found in self.credentials(key.1.as_ref()).await? {
            let header = found.credentials.basic_header().as_ref().and_then(header_value);
            if let Some(header) = header.filter(|header| accepted.contains(header)) {
                let mut cache = self.cache();
                cache.accepted.insert(key.clone(), header.clone());
                cache.identify(key, Some(found.identity));
                return Ok(Some(header));
            }
        }
        Ok(None)
    }

    /// Refuses to send a change anonymously when credentials are configured and cannot be obtained, because a
    /// credential helper failed: the registry would attribute the change to someone else. Reading is always allowed.
    ///
    /// # Errors
    ///
    /// [`Kind::CredentialsUnavailable`], with the failures of the keychain.
    pub async fn refuse_anonymous_change(&self, context: &RequestContext) -> Result<()> {
        let Some(Permission { action, repository: Some(repository) }) = &context.permission else { return Ok(()) };
        if !action.is_change() {
            return Ok(());
        }
        let Lookup { found, failures, .. } = self.keychain.lookup(&self.registry, Some(repository)).await?;
        if !found.is_empty() || failures.is_empty() {
            return Ok(());
        }
        let what = format!("refusing to {action} {repository} on {} without credentials", context.registry);
        Err(failures.iter().fold(Error::new(Kind::CredentialsUnavailable(*action), what), Error::because))
    }

    /// What the keychain has for such a request, without warnings.
    pub async fn lookup(&self, permission: Option<&Permission>) -> Lookup {
        let repository = permission.and_then(|permission| permission.repository.as_ref());
        self.keychain.lookup(&self.registry, repository).await.unwrap_or_default()
    }

    /// Logs which credentials the registry accepted, if there was a choice.
    pub fn log_accepted(&self, found: Option<&CredentialMatch>, among: &[CredentialMatch]) {
        if let (Some(found), [_, _, ..]) = (found, among) {
            tracing::debug!("{} accepts {}", self.registry, found.identity);
        }
    }

    /// Stores who such requests are made as.
    pub fn identify(&self, key: &AuthKey, found: Option<&CredentialMatch>) {
        self.cache().identify(key, found.map(|found| found.identity.clone()));
    }

    /// The credentials, with the identity token that a token server has issued to replace theirs: the former may be
    /// valid only once (RFC 6749 §6). The new one is not stored on disk.
    pub fn current_credentials(&self, credentials: &Credentials) -> Credentials {
        let mut credentials = credentials.clone();
        if let Credentials::IdentityToken { token, .. } = &mut credentials {
            let cache = self.cache();
            if let Some((_, newer)) = cache.replaced.iter().find(|(found, _)| same_secret(found, token)) {
                *token = newer.clone();
            }
        }
        credentials
    }

    /// Stores an identity token that a token server has issued to replace that of `credentials`.
    pub fn store_replacement(&self, credentials: &Credentials, newer: Option<&SecretString>) {
        let (Credentials::IdentityToken { token, .. }, Some(newer)) = (credentials, newer) else { return };
        let mut cache = self.cache();
        cache.replaced.retain(|(found, _)| !same_secret(found, token));
        cache.replaced.push((token.clone(), newer.clone()));
    }

    /// Whether credentials may be sent to `url`: to the registry's own origin, and to its https side if it was asked by
    /// http and redirects there.
    pub fn may_receive_credentials(&self, url: &Url) -> bool {
        let base = self.registry.base();
        let upgraded = base.scheme() == "http"
            && url.scheme() == "https"
            && base.host_str() == url.host_str()
            && [Some(443), base.port_or_known_default()].contains(&url.port_or_known_default());
        url.origin() == self.origin || upgraded
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
    fn what_is_kept_by_permission_is_bounded() {
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
