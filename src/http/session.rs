//! Answering a 401: which credentials go where, and what is remembered between requests.
//!
//! A request is sent with what served last time, or with nothing. A 401 is answered from the challenge on that very reply, and the
//! request is sent again with the answer; a 401 to a fresh answer is final. Credentials go to the registry's own origin and to the
//! token server that it names, if that is a safe place; an origin reached by a redirect is asked without any.
//!
//! What is remembered belongs to the origin that asked for it, which after a redirect is not the one that was asked first.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use secrecy::{ExposeSecret, SecretString};
use url::{Origin, Url};

use super::request::{Request, Subject};
use super::response::Response;
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

/// How a registry was told who asks.
#[derive(Debug, Clone, Default)]
pub struct Login {
    /// Whose credentials were used; `None` when none were.
    pub identity: Option<Identity>,
    /// The token that the token server gave; `None` when none was asked for, none was given, or it has ended.
    pub token: Option<Arc<Token>>,
}

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
    /// The credentials that an origin accepted as they are, and for what.
    accepted: HashMap<Key, HeaderValue>,
    /// Origins that asked for Bearer: there, credentials are sent only for what they were accepted for.
    bearer: HashSet<Origin>,
    /// Who a request was made as.
    identities: HashMap<Key, Option<Identity>>,
    /// Identity tokens as they were found, with those that a token server gave in their place.
    replaced: Vec<(SecretString, SecretString)>,
}

impl Remembered {
    /// Who a request was made as, or else any request to the same origin; `None` when there was none.
    fn identity(&self, key: &Key) -> Option<&Option<Identity>> {
        let other = || self.identities.iter().find(|(known, _)| known.0 == key.0).map(|(_, identity)| identity);
        self.identities.get(key).or_else(other)
    }
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
    fn served(&self, key: &Key) -> (Option<Arc<Token>>, Option<HeaderValue>) {
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

    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The credentials for the registry, or for one of its repositories: podman keeps them by path.
    async fn found(&self, right: Option<&Right>) -> Result<Vec<Found>> {
        let repository = right.and_then(|right| right.repository.as_ref());
        self.keychain.credentials(&self.registry, repository).await
    }

    /// The credentials with the identity token that a token server gave in the place of theirs: the former may be good for
    /// one use only (RFC 6749 §6). It is not stored anywhere.
    fn current(&self, credentials: &Credentials) -> Credentials {
        let mut credentials = credentials.clone();
        if let Credentials::IdentityToken { token, .. } = &mut credentials {
            let remembered = self.remembered();
            if let Some((_, newer)) = remembered.replaced.iter().find(|(found, _)| same_secret(found, token)) {
                *token = newer.clone();
            }
        }
        credentials
    }

    fn remember_replaced(&self, credentials: &Credentials, newer: Option<&SecretString>) {
        let (Credentials::IdentityToken { token, .. }, Some(newer)) = (credentials, newer) else { return };
        let mut remembered = self.remembered();
        remembered.replaced.retain(|(found, _)| !same_secret(found, token));
        remembered.replaced.push((token.clone(), newer.clone()));
    }

    /// Credentials may be sent to the registry's own origin, and to its https side when it was asked by http and leads there.
    fn is_home(&self, url: &Url) -> bool {
        let base = self.registry.base();
        let upgraded = base.scheme() == "http"
            && url.scheme() == "https"
            && base.host_str() == url.host_str()
            && [Some(443), base.port_or_known_default()].contains(&url.port_or_known_default());
        url.origin() == self.origin || upgraded
    }

    /// How such a request was last answered for.
    pub(super) fn login(&self, key: &Key) -> Login {
        let token = self.tokens.get_fresh(key);
        Login { identity: self.remembered().identity(key).cloned().flatten(), token }
    }

    /// Adds to a denial by `url` who was denied, and what their token grants.
    pub(super) fn explain_denial(&self, error: Error, url: &Url, subject: &Subject) -> Error {
        let Kind::Denied(denial) = error.kind() else { return error };
        if !self.is_home(url) {
            let cause = format!("{} is another server than the registry: it is sent no credentials", fault::place(url));
            return error.because(cause);
        }
        let key = (url.origin(), subject.right.clone());
        let remembered = self.remembered();
        let Some(identity) = remembered.identity(&key) else { return error };
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

/// A 401 that is to be answered: for what, where it came from, and what was sent to it in vain.
struct Unanswered<'a> {
    request: &'a Request,
    /// Where the reply came from.
    url: Url,
    /// What the answer will be good for: what the request needs, at the origin that asks.
    key: Key,
    refused_token: Option<Arc<Token>>,
    refused_header: Option<HeaderValue>,
    /// The credentials that may be sent there.
    found: Vec<Found>,
}

impl Unanswered<'_> {
    /// Whether an answer was in vain. A 401 of another origin, to which the answer has led, is a question of its own.
    fn is_refused(&self, response: &Response) -> bool {
        response.status() == 401 && response.url().origin() == self.key.0
    }
}

impl Transport {
    /// Sends a request, answering one 401 of the registry and one of the place where it leads.
    pub(super) async fn authenticated(&self, request: &Request) -> Result<Response> {
        let key = (request.url.origin(), request.subject.right.clone());
        let (token, header) = self.session.served(&key);
        let response = self.follow(request, &request.url, header.as_ref()).await?;
        let first = response.url().origin();
        let response = self.answer(request, response, token, header).await?;
        if response.status() != 401 || response.url().origin() == first {
            return Ok(response);
        }
        self.answer(request, response, None, None).await
    }

    /// The reply, or where it is a 401, that to the request with an answer to it. `token` and `header` are what was sent to the
    /// registry.
    async fn answer(
        &self,
        request: &Request,
        mut response: Response,
        token: Option<Arc<Token>>,
        header: Option<HeaderValue>,
    ) -> Result<Response> {
        if response.status() != 401 {
            return Ok(response);
        }
        // What was sent to the registry says nothing about the place where it leads.
        let (token, header) =
            if response.url().origin() == request.url.origin() { (token, header) } else { (None, None) };
        let mut challenge = challenge_of(&response);
        if token.is_some() && !matches!(challenge, Ok(Challenge::Bearer(_))) {
            // Harbor answers any Authorization that it does not take with a Basic challenge. Without one it says what it wants.
            response = self.follow(request, &request.url, None).await?;
            if response.status() != 401 {
                return Ok(response);
            }
            challenge = challenge_of(&response);
        }
        let challenge = match challenge {
            Ok(challenge) => challenge,
            // With a challenge that cannot be answered, what the reply says is still the reason.
            Err(reason) => return Err(self.unanswerable(reason, response, request).await),
        };
        let url = response.url().clone();
        let right = request.subject.right.as_ref();
        let unanswered = Unanswered {
            request,
            key: (url.origin(), right.cloned()),
            refused_token: token,
            refused_header: header,
            found: if self.session.is_home(&url) { self.session.found(right).await? } else { Vec::new() },
            url,
        };
        match challenge {
            Challenge::Bearer(challenge) => self.answer_bearer(unanswered, response, &challenge).await,
            _ => self.answer_basic(unanswered, response).await,
        }
    }

    async fn unanswerable(&self, reason: Error, response: Response, request: &Request) -> Error {
        let error = status::refusal(response, &request.subject, &self.secrets).await;
        let error = error.with_kind(reason.kind().clone()).because(reason.what());
        reason.causes().iter().fold(error, |error, cause| error.because(cause))
    }

    async fn answer_basic(&self, unanswered: Unanswered<'_>, mut response: Response) -> Result<Response> {
        let Unanswered { request, url, key, refused_header, found, .. } = &unanswered;
        let mut identity = None;
        for found in found {
            let Some(header) = found.credentials.basic_header().as_ref().and_then(header_value) else { continue };
            identity = Some(found.identity.clone());
            if Some(&header) == refused_header.as_ref() {
                continue;
            }
            self.remember_secrets(&found.credentials);
            response = self.follow(request, url, Some(&header)).await?;
            if !unanswered.is_refused(&response) {
                self.session.remembered().accepted.insert(key.clone(), header);
                break;
            }
        }
        self.session.remembered().identities.insert(key.clone(), identity);
        Ok(response)
    }

    async fn answer_bearer(
        &self,
        unanswered: Unanswered<'_>,
        mut response: Response,
        challenge: &BearerChallenge,
    ) -> Result<Response> {
        let Unanswered { request, url, key, refused_token, found, .. } = &unanswered;
        self.session.remembered().bearer.insert(key.0.clone());
        let realm = token_server(url, self.peer(&response), &challenge.realm)?;
        let mut rejected = refused_token.clone();
        if rejected.is_none()
            && let Some(kept) = self.session.tokens.get_fresh(key)
        {
            // Another request has fetched it meanwhile, or this one was led here by a redirect.
            response = self.follow(request, url, header_value(&kept.authorization()).as_ref()).await?;
            if !unanswered.is_refused(&response) {
                return Ok(response);
            }
            rejected = Some(kept);
        }
        let mut refused = None;
        for found in or_anonymous(found) {
            let credentials = found.map_or(&Credentials::Anonymous, |found| &found.credentials);
            self.remember_secrets(credentials);
            self.session.remembered().identities.insert(key.clone(), found.map(|found| found.identity.clone()));
            if let Some(header) = credentials.bearer_header().as_ref().and_then(header_value) {
                response = self.follow(request, url, Some(&header)).await?;
                if !unanswered.is_refused(&response) {
                    self.session.remembered().accepted.insert(key.clone(), header);
                    return Ok(response);
                }
                continue;
            }
            let fetch = self.fetch_token(&request.subject, &realm, challenge, credentials);
            let token = match self.session.tokens.get_or_fetch(key.clone(), rejected.as_ref(), fetch).await {
                Ok(token) => token,
                Err(error) if matches!(error.kind(), Kind::Denied(_) | Kind::Unauthenticated) => {
                    refused = Some(error);
                    continue;
                }
                Err(error) => return Err(error),
            };
            response = self.follow(request, url, header_value(&token.authorization()).as_ref()).await?;
            if !unanswered.is_refused(&response) {
                return Ok(response);
            }
            refused = None;
            rejected = Some(token);
        }
        match refused {
            Some(error) => Err(self.session.explain_denial(error, url, &request.subject)),
            None => Ok(response),
        }
    }

    /// Asks the token server, by the first method that it knows.
    async fn fetch_token(
        &self,
        subject: &Subject,
        realm: &Url,
        challenge: &BearerChallenge,
        credentials: &Credentials,
    ) -> Result<Token> {
        let scopes = Scopes::for_request(challenge.scope.as_deref(), subject.right.as_ref());
        let current = self.session.current(credentials);
        self.remember_secrets(&current);
        let no_way = || Error::new(Kind::Unauthenticated, format!("no way to ask {} for a token", fault::place(realm)));
        let mut outcome = Err(no_way());
        for attempt in TokenRequest::attempts(realm, challenge, &scopes, &current) {
            outcome = self.ask_token_server(&attempt, subject, credentials).await;
            let unknown = |error: &Error| error.reply().is_some_and(|reply| matches!(reply.status, 404 | 405));
            if !outcome.as_ref().is_err_and(unknown) {
                break;
            }
        }
        let token = outcome.map_err(Error::at_login)?;
        self.session.remember_replaced(credentials, token.refresh_token());
        Ok(token)
    }

    /// A GET is tried again as any other; a POST, which may use up what it carries, only when it was turned away or never left.
    async fn ask_token_server(
        &self,
        attempt: &TokenRequest,
        subject: &Subject,
        credentials: &Credentials,
    ) -> Result<Token> {
        let mut attempts = self.attempts_at(&attempt.url, attempt.method == TokenMethod::Get);
        loop {
            self.pause(&attempt.url).await;
            let outcome = match self.send_token_request(attempt).await {
                Ok(response) => self.read_token(response, subject, credentials).await,
                Err(error) => {
                    Err(error.within(format!("cannot reach the token server {}", fault::place(&attempt.url))))
                }
            };
            match outcome {
                Ok(token) => return Ok(token),
                Err(error) => attempts.recover(error).await?,
            }
        }
    }

    /// Redirects are never followed here: the request carries credentials.
    async fn send_token_request(&self, attempt: &TokenRequest) -> Result<Response> {
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
        self.stats.count_token_fetch();
        self.exchange(&method, &attempt.url, &headers, authorization.as_ref(), body).await
    }

    async fn read_token(&self, mut response: Response, subject: &Subject, credentials: &Credentials) -> Result<Token> {
        let place = fault::place(response.url());
        let status = response.status();
        if (200..300).contains(&status) {
            let body = response.bytes(Token::MAX_BODY, "token reply").await?;
            let token = Token::parse(&body)
                .map_err(|error| error.within(format!("no usable token from the token server {place}")))?;
            self.secrets.remember_header(&token.authorization());
            return Ok(token);
        }
        if (300..400).contains(&status) {
            let what = format!("the token server {place} answered with a redirect that is not followed");
            return Err(Error::new(Kind::Protocol(Fault::Redirect), what).because(response.status_line()));
        }
        let error = status::refusal(response, subject, &self.secrets).await;
        let by = Refuser::TokenServer(place.clone());
        let (kind, what) = match (status, error.kind()) {
            (_, Kind::RateLimited) => {
                (Kind::RateLimited, format!("the rate limit of the token server {place} is reached"))
            }
            (400 | 401 | 403, _) if matches!(credentials, Credentials::Anonymous) => {
                (Kind::Unauthenticated, format!("login refused by {place}"))
            }
            (400 | 401 | 403, _) => {
                let denial = Denial { right: subject.right.clone(), identity: None, by };
                (Kind::Denied(denial), format!("login refused by {place}"))
            }
            _ => (Kind::Protocol(Fault::Status(status)), format!("the token server {place} failed")),
        };
        Err(error.called(what).with_kind(kind))
    }

    fn remember_secrets(&self, credentials: &Credentials) {
        match credentials {
            Credentials::Anonymous => {}
            Credentials::Basic { password, .. } => self.secrets.remember(password.expose_secret()),
            Credentials::IdentityToken { token, password, .. } => {
                self.secrets.remember(token.expose_secret());
                password.iter().for_each(|password| self.secrets.remember(password.expose_secret()));
            }
            Credentials::RegistryToken(token) => self.secrets.remember(token.expose_secret()),
        }
        if let Some(header) = credentials.basic_header() {
            self.secrets.remember_header(&header);
        }
    }
}

fn same_secret(one: &SecretString, other: &SecretString) -> bool {
    one.expose_secret() == other.expose_secret()
}

/// A header value that the HTTP client keeps out of its own logs.
fn header_value(secret: &SecretString) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(secret.expose_secret()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// What the server of a 401 asks for.
fn challenge_of(response: &Response) -> Result<Challenge> {
    let lines: Vec<_> = response.headers().get_all(WWW_AUTHENTICATE).iter().map(HeaderValue::as_bytes).collect();
    preferred(challenges(lines))
}

/// Each of what was found, or one anonymous try where nothing was.
fn or_anonymous(found: &[Found]) -> impl Iterator<Item = Option<&Found>> {
    found.iter().map(Some).chain(found.is_empty().then_some(None))
}
