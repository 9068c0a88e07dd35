//! Whether a registry takes certain credentials: what is asked before somebody keeps them.
//!
//! A registry that asks for a password says whether it is right. One that asks for a token says so less surely: Harbor's token
//! server gives one for a wrong password too, which the registry then refuses; another may refuse nobody. So the token is
//! shown to the registry, and compared with what is given to those who have no credentials.

use reqwest::header::HeaderValue;
use secrecy::SecretString;
use url::Url;

use super::auth_state::header_value;
use super::authenticate::challenge_of;
use super::request::Request;
use super::response::Response;
use super::transport::Transport;
use super::{fault, status};
use crate::auth::{BearerChallenge, Challenge, Credentials, Scopes, Token, TokenRequest, token_server};
use crate::error::{Denial, Error, Kind, Result};
use crate::keychain::CredentialMatch;

/// So much of a page is looked at to see that it is none of a registry, in bytes.
const LOOKED_AT: usize = 4096;

/// A registry took credentials.
#[derive(Debug, Clone)]
pub struct Verification {
    /// The identity token that the token server gives for them, if one was wanted: it stands for them from now on.
    pub identity_token: Option<SecretString>,
    /// Why they may be wrong all the same.
    pub caveat: Option<Caveat>,
}

/// Why it proves nothing that a registry took credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caveat {
    /// It asks nobody for any.
    NotRequired,
    /// The token server gives everybody the same token.
    SameTokenForAnonymous,
}

impl Transport {
    /// Shows credentials to the registry by a request that needs no permission but to be somebody. An identity token is asked for
    /// only if it is wanted.
    ///
    /// # Errors
    ///
    /// [`Kind::Denied`] when they are refused, and whatever keeps them from being judged.
    pub async fn verify_credentials(
        &self,
        request: &Request,
        found: &CredentialMatch,
        is_token_wanted: bool,
    ) -> Result<Verification> {
        let mut attempts = self.retry_state(request);
        loop {
            match fault::within_deadline(self.options.deadline, self.verify_once(request, found, is_token_wanted)).await
            {
                Ok(verification) => return Ok(verification),
                Err(error) => attempts.wait_or_fail(self, error).await?,
            }
        }
    }

    async fn verify_once(
        &self,
        request: &Request,
        found: &CredentialMatch,
        is_token_wanted: bool,
    ) -> Result<Verification> {
        self.remember_secrets(&found.credentials);
        self.wait_for_origin(&request.url).await;
        let response = self.follow_redirects(request, &request.url, None, None).await?;
        if response.status() != 401 {
            self.accepted(request, found, response).await?;
            return self.verify_unprompted(request, found).await;
        }
        let url = response.url().clone();
        if !self.auth.may_receive_credentials(&url) {
            let error = status::refusal(response, &request.context, &self.secrets).await;
            let cause =
                format!("{} is another server than the registry: it is sent no credentials", fault::authority(&url));
            return Err(error.because(cause));
        }
        match challenge_of(&response)? {
            Challenge::Bearer(challenge) => {
                self.verify_by_token(request, found, &response, &challenge, is_token_wanted).await
            }
            _ => {
                let header = self.basic(found)?;
                let response = self.follow_redirects(request, &url, Some(&header), None).await?;
                self.accepted(request, found, response).await?;
                Ok(Verification { identity_token: None, caveat: None })
            }
        }
    }

    /// A registry that asks nobody may still refuse what is wrong.
    async fn verify_unprompted(&self, request: &Request, found: &CredentialMatch) -> Result<Verification> {
        let header = self.basic(found)?;
        let response = self.follow_redirects(request, &request.url, Some(&header), None).await?;
        self.accepted(request, found, response).await?;
        Ok(Verification { identity_token: None, caveat: Some(Caveat::NotRequired) })
    }

    async fn verify_by_token(
        &self,
        request: &Request,
        found: &CredentialMatch,
        response: &Response,
        challenge: &BearerChallenge,
        is_token_wanted: bool,
    ) -> Result<Verification> {
        let url = response.url();
        let realm = token_server(url, self.peer(response), &challenge.realm)?;
        let scopes = Scopes::for_request(challenge.scope.as_deref(), request.context.permission.as_ref());
        let wishing = |asked: TokenRequest| if is_token_wanted { asked.offline() } else { asked };
        let token = self
            .request_token(&request.context, &realm, challenge, &scopes, &found.credentials, wishing)
            .await
            .map_err(|error| refused(error, found))?;
        let response = self.follow_redirects(request, url, header_value(&token.authorization()).as_ref(), None).await?;
        self.accepted(request, found, response).await?;
        let is_for_anybody = self.anonymous_token_is_same(request, url, &realm, challenge, &scopes, &token).await;
        Ok(Verification {
            identity_token: token.refresh_token().filter(|_| is_token_wanted).cloned(),
            caveat: is_for_anybody.then_some(Caveat::SameTokenForAnonymous),
        })
    }

    /// Whether somebody without credentials gets a token that says the same and serves as well.
    async fn anonymous_token_is_same(
        &self,
        request: &Request,
        url: &Url,
        realm: &Url,
        challenge: &BearerChallenge,
        scopes: &Scopes,
        token: &Token,
    ) -> bool {
        let anonymous = Credentials::Anonymous;
        let fetch = self.request_token(&request.context, realm, challenge, scopes, &anonymous, |request| request);
        let Ok(other) = fetch.await else { return false };
        if token.has_same_claims_as(&other) != Some(true) {
            return false;
        }
        let answer = self.follow_redirects(request, url, header_value(&other.authorization()).as_ref(), None).await;
        answer.is_ok_and(|response| response.status() != 401)
    }

    fn basic(&self, found: &CredentialMatch) -> Result<HeaderValue> {
        let header = found.credentials.basic_header().as_ref().and_then(header_value);
        header.ok_or_else(|| Error::config("a user name and a password are needed"))
    }

    /// A reply of success from a registry; a refusal is one of the credentials.
    async fn accepted(&self, request: &Request, found: &CredentialMatch, response: Response) -> Result<()> {
        let place = fault::authority(response.url());
        match status::check(response, &request.context, &self.secrets).await {
            Ok(mut response) => {
                let start = response.start(LOOKED_AT).await;
                response.not_json(&request.context, &start).map_or(Ok(()), Err)
            }
            Err(error) if matches!(error.kind(), Kind::Denied(_)) => {
                Err(refused(error.called(format!("login refused by {place}")), found))
            }
            Err(error) => Err(error),
        }
    }
}

/// Adds whose credentials were refused.
fn refused(error: Error, found: &CredentialMatch) -> Error {
    let Kind::Denied(denial) = error.kind() else { return error };
    let identity = Some(found.identity.clone());
    let denial = Denial { permission: None, identity, ..denial.clone() };
    error.with_kind(Kind::Denied(denial)).because(format!("the credentials are those of {}", found.identity))
}
