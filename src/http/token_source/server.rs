//! Requests to a token server (distribution specification "token", and the OAuth 2.0 flavour of it).

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use secrecy::ExposeSecret;
use url::Url;

use super::super::auth_state::{AuthState, header_value};
use super::super::denial::hidden;
use super::super::errors::{is_html, refusal, reports_error, summary};
use super::super::limiter::Limiter;
use super::super::observe::Observer;
use super::super::options::Options;
use super::super::origins::Referral;
use super::super::pool::Message;
use super::super::request::{RequestContext, authority};
use super::super::response::Response;
use super::super::retry::RetryState;
use crate::auth::{BearerChallenge, Credentials, Permission, Scopes, SecretOrigin, Token, TokenMethod, TokenRequest};
use crate::error::{Denial, Error, Fault, Kind, NamedBy, OtherServer, Refuser, Result};

/// What a token is asked for.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct TokenQuery<'a> {
    /// The request that needs the token.
    pub context: &'a RequestContext,
    /// The token server, verified.
    pub realm: &'a Url,
    /// The challenge that names it.
    pub challenge: &'a BearerChallenge,
    pub scopes: &'a Scopes,
    pub credentials: &'a Credentials,
}

/// Asks token servers.
#[derive(Debug)]
pub(super) struct TokenServer {
    options: Arc<Options>,
    limiter: Arc<Limiter>,
    state: Arc<AuthState>,
    observer: Arc<Observer>,
}

impl TokenServer {
    pub fn new(options: Arc<Options>, limiter: Arc<Limiter>, state: Arc<AuthState>, observer: Arc<Observer>) -> Self {
        Self { options, limiter, state, observer }
    }

    /// Stores that the server `from` named the token server `realm` by a reply from `peer`.
    pub fn refer(&self, from: &Url, peer: Option<IpAddr>, realm: &Url) {
        self.limiter.refer(from, peer, realm, Referral::Realm);
    }

    /// The requests by which a token is fetched, in the order in which they are tried.
    pub fn attempts(
        &self,
        realm: &Url,
        challenge: &BearerChallenge,
        scopes: &Scopes,
        credentials: &Credentials,
    ) -> Vec<TokenRequest> {
        TokenRequest::attempts(realm, challenge, scopes, credentials, &self.options.client_id)
    }

    /// Fetches a token, and stores the identity token that may come with it.
    ///
    /// # Errors
    ///
    /// As [`TokenServer::request`].
    pub async fn fetch(&self, query: TokenQuery<'_>) -> Result<Token> {
        let token = self.request(query, false).await?;
        // A registry can be used without one.
        self.state.store_replacement(query.credentials, token.refresh_token().ok().flatten());
        Ok(token)
    }

    /// Fetches a token by the first method that the token server knows; `offline` asks for an identity token too.
    ///
    /// # Errors
    ///
    /// [`Kind::Denied`] or [`Kind::Unauthenticated`] if the token server refuses, otherwise what kept it from
    /// answering. All are marked as [`Error::during_login`].
    pub async fn request(&self, query: TokenQuery<'_>, offline: bool) -> Result<Token> {
        let TokenQuery { realm, challenge, scopes, credentials, .. } = query;
        let current = self.state.current_credentials(credentials);
        self.observer.protect(&current);
        let none = || Error::new(Kind::Unauthenticated, format!("cannot ask {} for a token", authority(realm)));
        let mut outcome = Err(none());
        for attempt in self.attempts(realm, challenge, scopes, &current) {
            // One token for several repositories is optional: a server that fails at it is asked for each instead.
            let repeatable = attempt.method == TokenMethod::Get && scopes.iter().nth(1).is_none();
            let attempt = if offline { attempt.offline() } else { attempt };
            outcome = self.ask(&attempt, repeatable, query).await;
            let unknown = |error: &Error| error.reply().is_some_and(|reply| matches!(reply.status, 404 | 405));
            if !outcome.as_ref().is_err_and(unknown) {
                break;
            }
        }
        let place = self.place(realm);
        let server = || OtherServer { place, named_by: NamedBy::Challenge };
        outcome.map_err(|error| error.during_login().at(server()))
    }

    /// A GET is retried like any other; a POST, which may consume what it carries, only if it was turned away or never
    /// arrived.
    async fn ask(&self, attempt: &TokenRequest, repeatable: bool, query: TokenQuery<'_>) -> Result<Token> {
        let mut retries = RetryState::new(&self.options, &attempt.url, repeatable);
        loop {
            self.limiter.wait_for_origin(&attempt.url).await;
            let outcome = match self.send(attempt).await.map_err(|error| self.observer.masked(error)) {
                Ok(response) => self.read(response, query).await,
                Err(error) if matches!(error.kind(), Kind::UnsafeRealm) => Err(error),
                Err(error) => Err(error.within(format!("cannot reach the token server {}", self.place(&attempt.url)))),
            };
            match outcome {
                Ok(token) => return Ok(token),
                Err(error) => retries.wait_or_fail(&self.limiter, &self.observer.stats, error).await?,
            }
        }
    }

    /// Redirects are not followed: the request carries credentials.
    async fn send(&self, attempt: &TokenRequest) -> Result<Response> {
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
        self.observer.stats.count_token_fetch();
        let permit = self.limiter.acquire().await;
        let (url, authorization) = (&attempt.url, authorization.as_ref());
        let (method, headers) = (&method, &headers);
        let message = Message { method, url, headers, authorization, body, is_recheck: false };
        self.limiter.send(permit, message).await
    }

    async fn read(&self, mut response: Response, query: TokenQuery<'_>) -> Result<Token> {
        let host = self.place(response.url());
        let status = response.status();
        if response.is_success() {
            let body = response.bytes(Token::MAX_BODY, "token reply").await.map_err(|error| response.mask(error))?;
            let token = Token::parse(&body).map_err(|error| self.unusable(error, &response, &body, &host, query.realm));
            let token = token.map_err(|error| response.mask(error))?;
            self.observer.secrets.remember_header(&token.authorization());
            if let Ok(Some(identity_token)) = token.refresh_token() {
                self.observer.secrets.remember(identity_token.expose_secret(), SecretOrigin::Credentials);
            }
            return Ok(token);
        }
        if (300..400).contains(&status) {
            let what = format!("refusing to follow a redirect from the token server {host}");
            let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            let to = location.and_then(|location| response.url().join(location).ok());
            let to = to.map(|to| format!(" to {}", self.place(&to))).unwrap_or_default();
            let cause = format!("{}{to}", response.status_line());
            return Err(Error::new(Kind::Protocol(Fault::Redirect), what).because(cause));
        }
        let error = refusal(response, query.context, &self.observer.secrets).await;
        Err(refused(error, status, &host, query))
    }

    /// The name of a token server, for errors: the registry chose it. What else they say is masked where it is quoted,
    /// so that a password that is a common word does not hide the program's own.
    fn place(&self, url: &Url) -> String {
        self.observer.secrets.masked(&authority(url))
    }

    /// The error for a successful reply that is not a token: what it is instead, if known.
    fn unusable(&self, error: Error, response: &Response, body: &[u8], host: &str, realm: &Url) -> Error {
        let what = format!("the token server {host} sent no usable token");
        // Without its query, which may contain secrets.
        let realm = format!("the realm is {}{}", realm.origin().ascii_serialization(), realm.path());
        let media_type = response.media_type();
        if is_html(media_type.as_deref(), body) {
            let page = Error::new(Kind::Protocol(Fault::Html), what);
            return page.because("it sent a web page, such as a login page").because(realm);
        }
        if !reports_error(body) {
            let other_type = media_type.filter(|media_type| !media_type.ends_with("json"));
            let causes = other_type.map(|media_type| format!("its Content-Type is {media_type}"));
            return causes.into_iter().chain([realm]).fold(error.called(what), Error::because);
        }
        let body = self.observer.secrets.masked(&String::from_utf8_lossy(body)).into_bytes();
        let status = Kind::Protocol(Fault::Status(response.status()));
        Error::new(status, summary(&response.status_line(), None, &body)).within(what)
    }
}

/// The error for a refusal by the token server `host`.
fn refused(error: Error, status: u16, host: &str, query: TokenQuery<'_>) -> Error {
    let RequestContext { registry, permission, .. } = query.context;
    let is_limited = matches!(error.kind(), Kind::RateLimited);
    let is_page = matches!(error.kind(), Kind::Protocol(Fault::Html));
    let is_about_login = match status {
        401 => true,
        // The page of a firewall says nothing about the credentials.
        403 => !is_page,
        // A refused scope is answered by 400, too (RFC 6749 §5.2).
        400 => error.reply().is_some_and(|reply| reply.errors.iter().any(|error| is_of_credentials(&error.code))),
        _ => false,
    };
    let what = format!("login refused by {host}");
    match query.credentials {
        _ if is_limited => error.called(format!("rate limit of the token server {host} exceeded")),
        Credentials::Anonymous if is_about_login => {
            let error = error.called(what);
            match permission.as_ref().and_then(Permission::pulled).filter(|_| status == 403) {
                Some(repository) => error.within(hidden(repository, registry)).with_kind(Kind::Hidden),
                None => error.within(format!("not logged in to {registry}")).with_kind(Kind::Unauthenticated),
            }
        }
        credentials if is_about_login => {
            let by = Refuser::TokenServer(host.to_owned());
            let denial = Denial { permission: permission.clone(), by, ..Denial::default() };
            let why = match credentials {
                Credentials::Basic { .. } if status == 401 && query.challenge.malformed.is_none() => {
                    ": wrong user name or password"
                }
                _ => "",
            };
            error.called(format!("{what}{why}")).with_kind(Kind::Denied(denial))
        }
        _ => {
            let verb = if status < 500 { "refuses the request" } else { "failed" };
            let fault = if is_page && status == 403 { Fault::Html } else { Fault::Status(status) };
            error.called(format!("the token server {host} {verb}")).with_kind(Kind::Protocol(fault))
        }
    }
}

/// Whether an error code of OAuth 2.0 (RFC 6749 §5.2) is about the credentials.
fn is_of_credentials(code: &str) -> bool {
    matches!(code, "invalid_grant" | "invalid_client" | "unauthorized_client" | "access_denied")
}
