//! What is known about logging in to one registry, and what is remembered between requests.
//!
//! What is remembered belongs to the origin that asked for it, which after a redirect is not the one that was asked first.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use url::{Origin, Url};

use super::ahead::Ahead;
use super::fault;
use super::request::Subject;
use crate::auth::{Credentials, Right, Token, TokenCache};
use crate::error::{Denial, Error, Identity, Kind, Refuser, Result};
use crate::keychain::{Found, Keychain, Lookup};
use crate::name::Registry;

/// What an answer is good for: requests for one right at one origin.
pub(super) type Key = (Origin, Option<Right>);

/// What is known about logging in to one registry.
#[derive(Debug)]
pub(super) struct Session {
    registry: Registry,
    origin: Origin,
    keychain: Keychain,
    pub tokens: TokenCache<Key>,
    ahead: Mutex<Ahead>,
    remembered: Mutex<Remembered>,
}

#[derive(Debug, Default)]
pub(super) struct Remembered {
    /// The credentials that an origin accepted as they are, and for what.
    pub accepted: HashMap<Key, HeaderValue>,
    /// Origins that asked for Bearer: there, credentials are sent only for what they were accepted for.
    pub bearer: HashSet<Origin>,
    /// Who a request was made as.
    pub identities: HashMap<Key, Option<Identity>>,
    /// Identity tokens as they were found, with those that a token server gave in their place.
    replaced: Vec<(SecretString, SecretString)>,
}

impl Remembered {
    /// Who a request was made as, or else any request to the same origin; `None` when there was none.
    pub fn identity(&self, key: &Key) -> Option<&Option<Identity>> {
        let other = || self.identities.iter().find(|(known, _)| known.0 == key.0).map(|(_, identity)| identity);
        self.identities.get(key).or_else(other)
    }
}

impl Session {
    pub fn new(registry: Registry, keychain: Keychain) -> Self {
        Self {
            origin: registry.base().origin(),
            registry,
            keychain,
            tokens: TokenCache::default(),
            ahead: Mutex::default(),
            remembered: Mutex::default(),
        }
    }

    /// The `Authorization` that served such a request before.
    pub fn served(&self, key: &Key) -> (Option<Arc<Token>>, Option<HeaderValue>) {
        if let Some(token) = self.tokens.get_fresh(key) {
            let header = header_value(&token.authorization());
            return (Some(token), header);
        }
        let remembered = self.remembered();
        let accepted = remembered.accepted.get(key).or_else(|| {
            let bearer = remembered.bearer.contains(&key.0);
            remembered.accepted.iter().find(|(known, _)| !bearer && known.0 == key.0).map(|(_, header)| header)
        });
        (None, accepted.cloned())
    }

    pub fn remembered(&self) -> MutexGuard<'_, Remembered> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn ahead(&self) -> MutexGuard<'_, Ahead> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the registry let somebody in, where that was not clear from the beginning.
    pub fn accept(&self, found: Option<&Found>, among: &[Found]) {
        if let (Some(found), [_, _, ..]) = (found, among) {
            tracing::debug!("{} accepts {}", self.registry, found.identity);
        }
    }

    /// Notes who such requests are made as.
    pub fn identify(&self, key: &Key, found: Option<&Found>) {
        self.remembered().identities.insert(key.clone(), found.map(|found| found.identity.clone()));
    }

    /// The credentials for the registry, or for one of its repositories: podman keeps them by path.
    pub async fn found(&self, right: Option<&Right>) -> Result<Vec<Found>> {
        let repository = right.and_then(|right| right.repository.as_ref());
        self.keychain.credentials(&self.registry, repository).await
    }

    /// Whether a request may be sent before anybody has asked who sends it. What only reads always may; what changes the registry
    /// may not where credentials should be that cannot be had: the registry would take it for somebody else's.
    ///
    /// # Errors
    ///
    /// [`Kind::Unidentified`], with what keeps the credentials from being had.
    pub async fn may_be_sent(&self, key: &Key, subject: &Subject) -> Result<()> {
        let Some(Right { action, repository: Some(repository) }) = &subject.right else { return Ok(()) };
        if !action.is_change() || self.served(key).1.is_some() {
            return Ok(());
        }
        let Lookup { found, failures, .. } = self.keychain.look_up(&self.registry, Some(repository)).await?;
        if !found.is_empty() || failures.is_empty() {
            return Ok(());
        }
        let what = format!("not going to {action} {repository} on {} anonymously", subject.registry);
        Err(failures.iter().fold(Error::new(Kind::Unidentified(*action), what), Error::because))
    }

    /// The credentials with the identity token that a token server gave in the place of theirs: the former may be good for
    /// one use only (RFC 6749 §6). It is not stored anywhere.
    pub fn current(&self, credentials: &Credentials) -> Credentials {
        let mut credentials = credentials.clone();
        if let Credentials::IdentityToken { token, .. } = &mut credentials {
            let remembered = self.remembered();
            if let Some((_, newer)) = remembered.replaced.iter().find(|(found, _)| same_secret(found, token)) {
                *token = newer.clone();
            }
        }
        credentials
    }

    pub fn remember_replaced(&self, credentials: &Credentials, newer: Option<&SecretString>) {
        let (Credentials::IdentityToken { token, .. }, Some(newer)) = (credentials, newer) else { return };
        let mut remembered = self.remembered();
        remembered.replaced.retain(|(found, _)| !same_secret(found, token));
        remembered.replaced.push((token.clone(), newer.clone()));
    }

    /// Credentials may be sent to the registry's own origin, and to its https side when it was asked by http and leads there.
    pub fn is_home(&self, url: &Url) -> bool {
        let base = self.registry.base();
        let upgraded = base.scheme() == "http"
            && url.scheme() == "https"
            && base.host_str() == url.host_str()
            && [Some(443), base.port_or_known_default()].contains(&url.port_or_known_default());
        url.origin() == self.origin || upgraded
    }

    /// Adds to a denial by `url` who was denied, and what their token grants.
    pub fn explain_denial(&self, error: Error, url: &Url, subject: &Subject) -> Error {
        let Kind::Denied(denial) = error.kind() else { return error };
        if !self.is_home(url) {
            let place = fault::place(url);
            let cause = format!("{place} is another server than the registry: it is sent no credentials");
            let denial = Denial { by: Refuser::Elsewhere(place), ..denial.clone() };
            return error.with_kind(Kind::Denied(denial)).because(cause);
        }
        let key = (url.origin(), subject.right.clone());
        let remembered = self.remembered();
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
