//! Answering a 401: which credentials go where, and what is remembered between requests.
//!
//! A request is sent with what served last time, or with nothing. A 401 is answered from the challenge on that very reply, and the
//! request is sent again with the answer; a second 401 is final. Credentials go to the registry's own origin and to the token
//! server that it names, if that is a safe place; an origin reached by a redirect is asked without any.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use secrecy::{ExposeSecret, SecretString};
use url::{Origin, Url};

use super::request::Request;
use super::response::Response;
use super::retry::{Backoff, is_transient_status};
use super::transport::Transport;
use super::{fault, status};
use crate::auth::{
    BearerChallenge, Challenge, Credentials, Right, Scopes, Token, TokenCache, TokenMethod, TokenRequest, challenges,
    preferred, token_server,
};
use crate::error::{Denial, Error, Fault, Identity, Kind, Refuser, Result};
use crate::keychain::{Found, Keychain};
use crate::name::Registry;

/// What an answer is good for: requests for one right at one origin.
type Key = (Origin, Option<Right>);

/// What is known about logging in to one registry.
#[derive(Debug)]
pub(super) struct Session {
    registry: Registry,
    origin: Origin,
    keychain: Keychain,
    tokens: TokenCache<Key>,
    remembered: Mutex<Remembered>,
}

#[derive(Debug, Default)]
struct Remembered {
    /// The Basic credentials that an origin accepted, and for what.
    basic: HashMap<Key, HeaderValue>,
    /// Origins that asked for Bearer: there, Basic is sent only for what it was accepted for.
    bearer: Vec<Origin>,
    /// Who a request was made as.
    identities: HashMap<Key, Option<Identity>>,
}

impl Session {
    pub(super) fn new(registry: Registry, keychain: Keychain) -> Self {
        Self {
            origin: registry.base().origin(),
            registry,
            keychain,
            tokens: TokenCache::default(),
            remembered: Mutex::default(),
        }
    }

    /// The `Authorization` that served such a request before.
    fn remembered(&self, key: &Key) -> (Option<Arc<Token>>, Option<HeaderValue>) {
        if let Some(token) = self.tokens.get_fresh(key) {
            let header = header_value(&token.authorization());
            return (Some(token), header);
        }
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let basic = remembered.basic.get(key).or_else(|| {
            let bearer = remembered.bearer.contains(&key.0);
            remembered.basic.iter().find(|(known, _)| !bearer && known.0 == key.0).map(|(_, header)| header)
        });
        (None, basic.cloned())
    }

    fn remember_basic(&self, key: &Key, header: HeaderValue) {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner).basic.insert(key.clone(), header);
    }

    fn remember_identity(&self, key: &Key, identity: Option<Identity>) {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner).identities.insert(key.clone(), identity);
    }

    /// The credentials for the registry, or for one of its repositories: podman keeps them by path.
    async fn found(&self, right: Option<&Right>) -> Result<Vec<Found>> {
        let repository = right.and_then(|right| right.repository.as_ref());
        self.keychain.credentials(&self.registry, repository).await
    }

    /// Credentials may be sent to the registry's own origin, and to its https side when it was asked by http and leads there.
    fn is_home(&self, url: &Url) -> bool {
        let base = self.registry.base();
        let upgraded = base.scheme() == "http" && url.scheme() == "https" && base.host_str() == url.host_str();
        url.origin() == self.origin || upgraded
    }

    /// Adds to a denial who was denied, and what their token grants.
    pub(super) fn explain_denial(&self, error: Error, request: &Request) -> Error {
        let Kind::Denied(denial) = error.kind() else { return error };
        let key = (request.url.origin(), request.subject.right.clone());
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(identity) = remembered
            .identities
            .get(&key)
            .or_else(|| remembered.identities.iter().find(|(known, _)| known.0 == key.0).map(|(_, identity)| identity))
        else {
            return error;
        };
        let unauthorized = error.reply().is_some_and(|reply| reply.status == 401);
        let Some(identity) = identity.clone() else {
            return if unauthorized { error.with_kind(Kind::Unauthenticated) } else { error };
        };
        let denial = Denial { identity: Some(identity.clone()), ..denial.clone() };
        let mut error = error.with_kind(Kind::Denied(denial)).because(format!("logged in as {identity}"));
        if let Some(granted) = self.tokens.get_fresh(&key).and_then(|token| token.granted()) {
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

impl Transport {
    /// Sends a request, answering one 401.
    pub(super) async fn authenticated(&self, request: &Request) -> Result<Response> {
        let key = (request.url.origin(), request.subject.right.clone());
        let (token, authorization) = self.session.remembered(&key);
        let response = self.follow(request, &request.url, authorization.as_ref()).await?;
        if response.status() != 401 {
            return Ok(response);
        }
        let lines: Vec<_> = response.headers().get_all(WWW_AUTHENTICATE).iter().map(HeaderValue::as_bytes).collect();
        let challenge = match preferred(challenges(lines)) {
            Ok(challenge) => challenge,
            // With a challenge that cannot be answered, what the reply says is still the reason.
            Err(reason) => return Err(self.unanswerable(reason, response, request).await),
        };
        let home = self.session.is_home(response.url());
        let found = if home { self.session.found(request.subject.right.as_ref()).await? } else { Vec::new() };
        match challenge {
            Challenge::Bearer(challenge) => {
                self.answer_bearer(request, &key, response, &challenge, token, &found).await
            }
            _ => self.answer_basic(request, &key, response, authorization, &found).await,
        }
    }

    async fn unanswerable(&self, reason: Error, response: Response, request: &Request) -> Error {
        let said = status::check(response, request, &self.secrets).await.err();
        let kind = reason.kind().clone();
        let error = reason.within(status::not_allowed(&request.subject)).with_kind(kind);
        match said.and_then(|said| said.reply().cloned()) {
            Some(reply) => error.with_reply(reply),
            None => error,
        }
    }

    async fn answer_basic(
        &self,
        request: &Request,
        key: &Key,
        mut response: Response,
        refused: Option<HeaderValue>,
        found: &[Found],
    ) -> Result<Response> {
        let url = response.url().clone();
        let mut identity = None;
        for found in found {
            let Some(header) = found.credentials.basic_header().as_ref().and_then(header_value) else { continue };
            identity = Some(found.identity.clone());
            if Some(&header) == refused.as_ref() {
                continue;
            }
            self.remember_secrets(&found.credentials);
            response = self.follow(request, &url, Some(&header)).await?;
            if response.status() != 401 {
                self.session.remember_basic(key, header);
                break;
            }
        }
        self.session.remember_identity(key, identity);
        Ok(response)
    }

    async fn answer_bearer(
        &self,
        request: &Request,
        key: &Key,
        mut response: Response,
        challenge: &BearerChallenge,
        mut rejected: Option<Arc<Token>>,
        found: &[Found],
    ) -> Result<Response> {
        self.session.remembered.lock().unwrap_or_else(PoisonError::into_inner).bearer.push(key.0.clone());
        let url = response.url().clone();
        let realm = token_server(&url, self.peer(&response), &challenge.realm)?;
        let mut refused = None;
        for found in or_anonymous(found) {
            let credentials = found.map_or(&Credentials::Anonymous, |found| &found.credentials);
            self.remember_secrets(credentials);
            self.session.remember_identity(key, found.map(|found| found.identity.clone()));
            if let Some(header) = credentials.bearer_header().as_ref().and_then(header_value) {
                response = self.follow(request, &url, Some(&header)).await?;
                if response.status() != 401 {
                    return Ok(response);
                }
                continue;
            }
            let fetch = self.fetch_token(request, &realm, challenge, credentials);
            let token = match self.session.tokens.get_or_fetch(key.clone(), rejected.as_ref(), fetch).await {
                Ok(token) => token,
                Err(error) if matches!(error.kind(), Kind::Denied(_) | Kind::Unauthenticated) => {
                    refused = Some(error);
                    continue;
                }
                Err(error) => return Err(error),
            };
            response = self.follow(request, &url, header_value(&token.authorization()).as_ref()).await?;
            if response.status() != 401 {
                return Ok(response);
            }
            refused = None;
            rejected = Some(token);
        }
        match refused {
            Some(error) => Err(self.session.explain_denial(error, request)),
            None => Ok(response),
        }
    }

    /// Asks the token server, by the first method that it knows.
    async fn fetch_token(
        &self,
        request: &Request,
        realm: &Url,
        challenge: &BearerChallenge,
        credentials: &Credentials,
    ) -> Result<Token> {
        let scopes = Scopes::for_request(challenge.scope.as_deref(), request.subject.right.as_ref());
        let mut last = None;
        for attempt in TokenRequest::attempts(realm, challenge, &scopes, credentials) {
            let response = self.ask_token_server(&attempt).await?;
            if !matches!(response.status(), 404 | 405) {
                return self.read_token(response, request, credentials).await;
            }
            last = Some(response);
        }
        match last {
            Some(response) => self.read_token(response, request, credentials).await,
            None => {
                Err(Error::new(Kind::Unauthenticated, format!("no way to ask {} for a token", fault::place(realm))))
            }
        }
    }

    /// A GET is tried again as any other; a POST only when it cannot have arrived. Redirects are never followed here.
    async fn ask_token_server(&self, attempt: &TokenRequest) -> Result<Response> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let (method, body) = match attempt.method {
            TokenMethod::Get => (Method::GET, None),
            TokenMethod::Post => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
                (Method::POST, attempt.body().map(|body| Bytes::copy_from_slice(body.expose_secret().as_bytes())))
            }
        };
        let authorization = attempt.basic.as_ref().and_then(header_value);
        let mut backoff = Backoff::new(if method == Method::GET { self.retries() } else { 0 }, Duration::from_millis(250));
        loop {
            self.stats.count_token_fetch();
            let outcome = self.exchange(&method, &attempt.url, &headers, authorization.as_ref(), body.clone()).await;
            let passes = match &outcome {
                Ok(response) => is_transient_status(response.status()) && response.status() != 429,
                Err(error) => fault::is_transient(error),
            };
            match backoff.next().filter(|_| passes) {
                Some(wait) => {
                    self.stats.count_retry();
                    tokio::time::sleep(wait).await;
                }
                None => {
                    return outcome.map_err(|error| {
                        error.within(format!("cannot reach the token server {}", fault::place(&attempt.url)))
                    });
                }
            }
        }
    }

    async fn read_token(&self, mut response: Response, request: &Request, credentials: &Credentials) -> Result<Token> {
        let place = fault::place(response.url());
        if (200..300).contains(&response.status()) {
            let body = response.bytes(Token::MAX_BODY, "token reply").await?;
            let token = Token::parse(&body)
                .map_err(|error| error.within(format!("no usable token from the token server {place}")))?;
            self.secrets.remember_header(&token.authorization());
            return Ok(token);
        }
        if (300..400).contains(&response.status()) {
            let what = format!("the token server {place} answered with a redirect that is not followed");
            return Err(Error::new(Kind::Protocol(Fault::Redirect), what).because(response.status_line()));
        }
        let refused = matches!(response.status(), 400 | 401 | 403);
        let status = response.status();
        let error = match status::check(response, request, &self.secrets).await {
            Ok(_) => Error::new(Kind::Protocol(Fault::Status(status)), String::new()),
            Err(error) => error,
        };
        let cause = error.causes().first().cloned().unwrap_or_default();
        Err(if refused {
            let anonymous = matches!(credentials, Credentials::Anonymous);
            let denial = Denial {
                right: request.subject.right.clone(),
                identity: None,
                by: Refuser::TokenServer(place.clone()),
            };
            let kind = if anonymous { Kind::Unauthenticated } else { Kind::Denied(denial) };
            Error::new(kind, format!("login refused by {place}")).because(cause)
        } else {
            let kind = match error.kind() {
                Kind::RateLimited => Kind::RateLimited,
                _ => Kind::Protocol(Fault::Status(status)),
            };
            Error::new(kind, format!("the token server {place} failed")).because(cause)
        })
    }

    fn remember_secrets(&self, credentials: &Credentials) {
        match credentials {
            Credentials::Anonymous => {}
            Credentials::Basic { password, .. } => self.secrets.remember(password.expose_secret()),
            Credentials::IdentityToken { token, .. } | Credentials::RegistryToken(token) => {
                self.secrets.remember(token.expose_secret());
            }
        }
        if let Some(header) = credentials.basic_header() {
            self.secrets.remember_header(&header);
        }
    }
}

/// A header value that the HTTP client keeps out of its own logs.
fn header_value(secret: &SecretString) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(secret.expose_secret()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Each of what was found, or one anonymous try where nothing was.
fn or_anonymous(found: &[Found]) -> impl Iterator<Item = Option<&Found>> {
    found.iter().map(Some).chain(found.is_empty().then_some(None))
}
