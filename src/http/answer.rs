//! Answering a 401: which credentials go where.
//!
//! A request is sent with what served last time, or with nothing. A 401 is answered from the challenge on that very reply, and the
//! request is sent again with the answer; a 401 to a fresh answer is final. Credentials go to the registry's own origin and to the
//! token server that it names, if that is a safe place; an origin reached by a redirect is asked without any.

use std::sync::Arc;

use reqwest::header::{HeaderValue, WWW_AUTHENTICATE};
use url::Url;

use super::request::Request;
use super::response::Response;
use super::session::{Key, header_value};
use super::status;
use super::transport::Transport;
use crate::auth::{BearerChallenge, Challenge, Credentials, Token, challenges, preferred, token_server};
use crate::error::{Error, Kind, Result};
use crate::keychain::Found;

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
        if let Some(refused) = refused_header {
            self.session.remembered().accepted.retain(|_, known| known != refused);
        }
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
