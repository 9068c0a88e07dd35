//! Asking a token server.

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use secrecy::ExposeSecret;
use url::Url;

use super::auth_state::header_value;
use super::request::RequestContext;
use super::response::Response;
use super::transport::Transport;
use super::{fault, status};
use crate::auth::{BearerChallenge, Credentials, Scopes, Token, TokenMethod, TokenRequest};
use crate::error::{Denial, Error, Fault, Kind, Refuser, Result};

impl Transport {
    /// Asks the token server, by the first method that it knows.
    pub(super) async fn fetch_token(
        &self,
        context: &RequestContext,
        realm: &Url,
        challenge: &BearerChallenge,
        scopes: &Scopes,
        credentials: &Credentials,
    ) -> Result<Token> {
        let token = self.request_token(context, realm, challenge, scopes, credentials, |request| request).await?;
        self.auth.store_replacement(credentials, token.refresh_token());
        Ok(token)
    }

    /// Asks the token server for a token by requests that are `adapted`.
    pub(super) async fn request_token(
        &self,
        context: &RequestContext,
        realm: &Url,
        challenge: &BearerChallenge,
        scopes: &Scopes,
        credentials: &Credentials,
        adapted: impl Fn(TokenRequest) -> TokenRequest,
    ) -> Result<Token> {
        let current = self.auth.current_credentials(credentials);
        self.remember_secrets(&current);
        let no_way =
            || Error::new(Kind::Unauthenticated, format!("no way to ask {} for a token", fault::authority(realm)));
        let mut outcome = Err(no_way());
        for attempt in TokenRequest::attempts(realm, challenge, scopes, &current) {
            // To ask for several repositories at once is a try: a server that fails at it is asked one by one instead.
            let repeatable = attempt.method == TokenMethod::Get && scopes.iter().nth(1).is_none();
            outcome = self.ask_token_server(&adapted(attempt), repeatable, context, credentials).await;
            let unknown = |error: &Error| error.reply().is_some_and(|reply| matches!(reply.status, 404 | 405));
            if !outcome.as_ref().is_err_and(unknown) {
                break;
            }
        }
        outcome.map_err(Error::during_login)
    }

    /// A GET is tried again as any other; a POST, which may use up what it carries, only when it was turned away or never left.
    async fn ask_token_server(
        &self,
        attempt: &TokenRequest,
        repeatable: bool,
        context: &RequestContext,
        credentials: &Credentials,
    ) -> Result<Token> {
        let mut attempts = self.retry_state_at(&attempt.url, repeatable);
        loop {
            self.wait_for_origin(&attempt.url).await;
            let outcome = match self.send_token_request(attempt).await {
                Ok(response) => self.read_token(response, context, credentials).await,
                Err(error) => {
                    Err(error.within(format!("cannot reach the token server {}", fault::authority(&attempt.url))))
                }
            };
            match outcome {
                Ok(token) => return Ok(token),
                Err(error) => attempts.wait_or_fail(self, error).await?,
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
        let permit = self.limiter.acquire().await;
        self.send_single(permit, &method, &attempt.url, &headers, authorization.as_ref(), body).await
    }

    async fn read_token(
        &self,
        mut response: Response,
        context: &RequestContext,
        credentials: &Credentials,
    ) -> Result<Token> {
        let place = fault::authority(response.url());
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
        let error = status::refusal(response, context, &self.secrets).await;
        let by = Refuser::TokenServer(place.clone());
        let (kind, what) = match (status, error.kind()) {
            (_, Kind::RateLimited) => {
                (Kind::RateLimited, format!("the rate limit of the token server {place} is reached"))
            }
            (400 | 401 | 403, _) if matches!(credentials, Credentials::Anonymous) => {
                (Kind::Unauthenticated, format!("login refused by {place}"))
            }
            (400 | 401 | 403, _) => {
                let denial = Denial { permission: context.permission.clone(), by, ..Denial::default() };
                (Kind::Denied(denial), format!("login refused by {place}"))
            }
            _ => (Kind::Protocol(Fault::Status(status)), format!("the token server {place} failed")),
        };
        Err(error.called(what).with_kind(kind))
    }

    pub(super) fn remember_secrets(&self, credentials: &Credentials) {
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
