//! Verifying credentials before they are stored.
//!
//! A registry with Basic authentication says whether a password is right. With tokens it is less certain: Harbor's
//! token server issues one for a wrong password too, which the registry then refuses; others accept any. So the
//! token is tried at the registry, and compared with the one that is issued anonymously.

use std::sync::Arc;

use secrecy::SecretString;
use url::Url;

use super::auth_state::{AuthState, header_value};
use super::authenticate::challenge_of;
use super::errors::{check, refusal};
use super::observe::Observer;
use super::redirect::Redirects;
use super::request::{Request, authority};
use super::response::Response;
use super::token_source::{TokenQuery, TokenSource};
use crate::auth::{BearerChallenge, Challenge, Credentials, Token, failed_after_malformed};
use crate::error::{Denial, Error, Kind, Result};
use crate::keychain::CredentialMatch;

/// How many bytes of a reply are read to see that it is not an HTML page.
const PEEK: usize = 4096;

/// Credentials that a registry accepted.
#[derive(Debug, Clone)]
pub struct Verification {
    /// The identity token that the token server issues for them, if one was asked for.
    pub identity_token: Option<SecretString>,
    /// Why they may be wrong all the same.
    pub caveat: Option<Caveat>,
}

/// Why accepted credentials may be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caveat {
    /// The registry does not require any.
    NotRequired,
    /// The token server issues the same token anonymously.
    SameTokenForAnonymous,
}

/// Tries credentials at a registry.
#[derive(Debug)]
pub(super) struct CredentialVerifier {
    redirects: Arc<Redirects>,
    state: Arc<AuthState>,
    tokens: Arc<TokenSource>,
    observer: Arc<Observer>,
}

impl CredentialVerifier {
    pub fn new(
        redirects: Arc<Redirects>,
        state: Arc<AuthState>,
        tokens: Arc<TokenSource>,
        observer: Arc<Observer>,
    ) -> Self {
        Self { redirects, state, tokens, observer }
    }

    /// Tries credentials with a request that needs no permission other than to be logged in.
    ///
    /// # Errors
    ///
    /// [`Kind::Denied`] if they are refused, and whatever keeps them from being tried.
    pub async fn verify(&self, request: &Request, found: &CredentialMatch, offline: bool) -> Result<Verification> {
        self.observer.protect(&found.credentials);
        let response = self.redirects.send(request, &request.url, None, None).await?;
        // zot shows anonymous users a part of what it has, and challenges with the status 200.
        let asks_for_token = || matches!(challenge_of(&response), Ok(Challenge::Bearer(_)));
        if response.status() != 401 && !asks_for_token() {
            self.accepted(request, found, response).await?;
            // A registry that requires no credentials may still refuse wrong ones.
            self.try_basic(request, &request.url, found).await?;
            return Ok(Verification { identity_token: None, caveat: Some(Caveat::NotRequired) });
        }
        let url = response.url().clone();
        if !self.state.may_receive_credentials(&url) {
            let error = refusal(response, &request.context, &self.observer.secrets).await;
            return Err(error.because(format!("{} is not the registry, so it gets no credentials", authority(&url))));
        }
        match challenge_of(&response)? {
            Challenge::Bearer(challenge) => {
                let tried = self.try_token(request, found, &response, &challenge, offline).await;
                tried.map_err(|error| match &challenge.malformed {
                    Some(why) => failed_after_malformed(why, error, &request.context.registry),
                    None => error,
                })
            }
            _ => {
                self.try_basic(request, &url, found).await?;
                Ok(Verification { identity_token: None, caveat: None })
            }
        }
    }

    async fn try_basic(&self, request: &Request, url: &Url, found: &CredentialMatch) -> Result<()> {
        let header = found.credentials.basic_header().as_ref().and_then(header_value);
        let header = header.ok_or_else(|| Error::config("a user name and a password are needed"))?;
        let response = self.redirects.send(request, url, Some(&header), None).await?;
        let is_wrong = response.status() == 401;
        self.accepted(request, found, response).await.map_err(|error| match is_wrong {
            true => error.called(format!("login refused by {}: wrong user name or password", authority(url))),
            false => error,
        })
    }

    async fn try_token(
        &self,
        request: &Request,
        found: &CredentialMatch,
        response: &Response,
        challenge: &BearerChallenge,
        offline: bool,
    ) -> Result<Verification> {
        let (url, context) = (response.url(), &request.context);
        let realm = self.tokens.realm(url, response.peer(), &challenge.realm).map_err(|error| response.mask(error))?;
        let scopes = challenge.scopes(context.permission.as_ref());
        let query = TokenQuery { context, realm: &realm, challenge, scopes: &scopes, credentials: &found.credentials };
        let token = self.tokens.fetch_uncached(query, offline).await.map_err(|error| refused(error, found))?;
        let identity_token = if offline { token.refresh_token()?.cloned() } else { None };
        let response = self.send_token(request, url, &token).await?;
        self.accepted(request, found, response).await?;
        let anonymous = TokenQuery { credentials: &Credentials::Anonymous, ..query };
        let same = self.anonymous_token_is_same(request, url, anonymous, &token).await;
        Ok(Verification { identity_token, caveat: same.then_some(Caveat::SameTokenForAnonymous) })
    }

    /// Whether the token server issues anonymously a token with the same contents that the registry accepts, too.
    async fn anonymous_token_is_same(
        &self,
        request: &Request,
        url: &Url,
        anonymous: TokenQuery<'_>,
        token: &Token,
    ) -> bool {
        let Ok(other) = self.tokens.fetch_uncached(anonymous, false).await else { return false };
        token.has_same_claims_as(&other) == Some(true)
            && self.send_token(request, url, &other).await.is_ok_and(|response| response.status() != 401)
    }

    async fn send_token(&self, request: &Request, url: &Url, token: &Token) -> Result<Response> {
        self.redirects.send(request, url, header_value(&token.authorization()).as_ref(), None).await
    }

    /// Checks for a reply of success from a registry; a refusal is one of the credentials.
    async fn accepted(&self, request: &Request, found: &CredentialMatch, response: Response) -> Result<()> {
        let host = authority(response.url());
        match check(response, &request.context, &self.observer.secrets).await {
            Ok(mut response) => {
                let start = response.start(PEEK).await;
                response.not_json(&request.context, &start).map_or(Ok(()), Err)
            }
            Err(error) if matches!(error.kind(), Kind::Denied(_)) => {
                Err(refused(error.called(format!("login refused by {host}")), found))
            }
            Err(error) => Err(error),
        }
    }
}

/// Adds whose credentials were refused.
fn refused(error: Error, found: &CredentialMatch) -> Error {
    let Kind::Denied(denial) = error.kind() else { return error };
    let identity = Some(found.identity.clone());
    let oddity = found.oddity();
    let denial = Denial { permission: None, identity, oddity: oddity.clone(), ..denial.clone() };
    let error = error.with_kind(Kind::Denied(denial));
    let error = error.because(format!("the credentials are those of {}", found.identity));
    oddity.into_iter().fold(error, Error::because)
}
