//! Answering a 401: which credentials go where.
//!
//! A request is sent with what served last time, or with nothing: what served another repository serves this one only where the keychain has
//! the same credentials for both. A 401 is answered from the challenge on that very reply, and the
//! request is sent again with the answer; a 401 to a fresh answer is final. Credentials go to the registry's own origin and to the
//! token server that it names, if that is a safe place; an origin reached by a redirect is asked without any.

use std::sync::Arc;

use reqwest::header::{HeaderValue, WWW_AUTHENTICATE};
use url::{Origin, Url};

use super::ahead::{Foreseen, only};
use super::request::Request;
use super::response::Response;
use super::session::{Key, header_value};
use super::status;
use super::transport::Transport;
use crate::auth::{BearerChallenge, Challenge, Credentials, Scopes, Token, challenges, preferred, token_server};
use crate::error::{Error, Kind, Result};
use crate::keychain::Found;

/// What was sent to the registry to prove who asks.
#[derive(Default)]
struct Sent {
    token: Option<Arc<Token>>,
    header: Option<HeaderValue>,
    /// The token, where it was fetched before it was asked for.
    foreseen: Option<Foreseen>,
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

    /// Whether a token was in vain: one for several repositories may be refused otherwise, too.
    fn is_token_refused(&self, response: &Response, token: &Token) -> bool {
        self.is_refused(response) || (token.is_for_several() && is_refused(response, &self.key.0))
    }
}

impl Transport {
    /// Sends a request, answering one 401 of the registry and one of the place where it leads.
    pub(super) async fn authenticated(&self, request: &Request) -> Result<Response> {
        let key = (request.url.origin(), request.subject.right.clone());
        self.session.may_be_sent(&key, &request.subject).await?;
        let mut turn = self.pace.turn().await;
        let (mut token, mut header) = self.session.served(&key).await?;
        let mut foreseen = None;
        if header.is_none() && self.session.ahead().foresees(&key) {
            // Nobody else may have to wait while this one waits for its token.
            drop(turn);
            foreseen = self.foresee(&key, &request.subject).await;
            turn = self.pace.turn().await;
        }
        if let Some(foreseen) = &foreseen {
            (token, header) = (Some(Arc::clone(&foreseen.token)), foreseen.header());
        }
        let mut response = self.follow(request, &request.url, header.as_ref(), Some(turn)).await?;
        if let Some(shared) = token.take_if(|token| token.is_for_several() && is_refused(&response, &key.0)) {
            // What is granted together may count for less than what is granted alone.
            self.session.ahead().ask_one_by_one(&key.0);
            foreseen = self.foresee_alone(&key, &request.subject, &shared).await;
            (token, header) = match &foreseen {
                Some(foreseen) => (Some(Arc::clone(&foreseen.token)), foreseen.header()),
                None => (None, None),
            };
            response = self.follow(request, &request.url, header.as_ref(), None).await?;
        }
        let first = response.url().origin();
        let mut response = self.answer(request, response, Sent { token, header, foreseen }).await?;
        if response.status() == 401 && response.url().origin() != first {
            response = self.answer(request, response, Sent::default()).await?;
        }
        self.session.ahead().arrived(request.subject.right.as_ref());
        Ok(response)
    }

    /// The reply, or where it is a 401, that to the request with an answer to it. `sent` is what was sent to the registry.
    async fn answer(&self, request: &Request, mut response: Response, sent: Sent) -> Result<Response> {
        if response.status() != 401 {
            return Ok(response);
        }
        // What was sent to the registry says nothing about the place where it leads.
        let is_here = response.url().origin() == request.url.origin();
        let Sent { token, header, foreseen } = if is_here { sent } else { Sent::default() };
        let mut challenge = challenge_of(&response);
        if token.is_some() && !matches!(challenge, Ok(Challenge::Bearer(_))) {
            // Harbor answers any Authorization that it does not take with a Basic challenge. Without one it says what it wants.
            response = self.follow(request, &request.url, None, None).await?;
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
        let key = (url.origin(), right.cloned());
        if let Challenge::Bearer(challenge) = &challenge
            && self.session.is_home(&url)
            && let Ok(realm) = token_server(&url, self.peer(&response), &challenge.realm)
        {
            self.session.ahead().learn(&key, challenge, &realm);
        }
        if let Some(foreseen) = foreseen {
            match &challenge {
                // The answer came before the question: it would be no other now.
                Challenge::Bearer(challenge) if foreseen.answers(challenge) => return Ok(response),
                _ => self.session.ahead().forget(&url.origin()),
            }
        }
        let unanswered = Unanswered {
            request,
            key,
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
        let Unanswered { request, url, key, refused_header, found: all, .. } = &unanswered;
        if let Some(refused) = refused_header {
            self.session.remembered().refuse(refused);
        }
        let mut identity = None;
        for found in all {
            let Some(header) = found.credentials.basic_header().as_ref().and_then(header_value) else { continue };
            identity = Some(found.identity.clone());
            if Some(&header) == refused_header.as_ref() {
                continue;
            }
            self.remember_secrets(&found.credentials);
            response = self.follow(request, url, Some(&header), None).await?;
            if !unanswered.is_refused(&response) {
                self.session.remembered().accept(key, header);
                self.session.accept(Some(found), all);
                break;
            }
        }
        self.session.remembered().identify(key, identity);
        Ok(response)
    }

    /// A token that is there by now: another request has fetched it, or this one was led here by a redirect, or it is fetched with
    /// those for the repositories that come next.
    async fn kept(&self, unanswered: &Unanswered<'_>) -> Option<Arc<Token>> {
        let Unanswered { request, key, found, .. } = unanswered;
        match self.session.tokens.get_fresh(key) {
            Some(token) => Some(token),
            None => self.together(key, &request.subject, only(found)?).await,
        }
    }

    async fn answer_bearer(
        &self,
        unanswered: Unanswered<'_>,
        mut response: Response,
        challenge: &BearerChallenge,
    ) -> Result<Response> {
        let Unanswered { request, url, key, refused_token, found: all, .. } = &unanswered;
        self.session.remembered().bearer.insert(key.0.clone());
        let realm = token_server(url, self.peer(&response), &challenge.realm)?;
        let mut rejected = refused_token.clone();
        if rejected.is_none()
            && let Some(kept) = self.kept(&unanswered).await
        {
            response = self.follow(request, url, header_value(&kept.authorization()).as_ref(), None).await?;
            if !unanswered.is_token_refused(&response, &kept) {
                return Ok(response);
            }
            rejected = Some(kept);
        }
        let mut refused = None;
        for found in or_anonymous(all) {
            let credentials = found.map_or(&Credentials::Anonymous, |found| &found.credentials);
            self.remember_secrets(credentials);
            self.session.identify(key, found);
            if let Some(header) = credentials.bearer_header().as_ref().and_then(header_value) {
                response = self.follow(request, url, Some(&header), None).await?;
                if !unanswered.is_refused(&response) {
                    self.session.remembered().accept(key, header);
                    self.session.accept(found, all);
                    return Ok(response);
                }
                continue;
            }
            let scopes = Scopes::for_request(challenge.scope.as_deref(), request.subject.right.as_ref());
            let fetch = self.fetch_token(&request.subject, &realm, challenge, &scopes, credentials);
            let token = match self.session.tokens.get_or_fetch(key.clone(), rejected.as_ref(), fetch).await {
                Ok(token) => token,
                Err(error) if matches!(error.kind(), Kind::Denied(_) | Kind::Unauthenticated) => {
                    refused = Some(error);
                    continue;
                }
                Err(error) => return Err(error),
            };
            self.session.ahead().learn_size(&key.0, &token);
            response = self.follow(request, url, header_value(&token.authorization()).as_ref(), None).await?;
            if !unanswered.is_refused(&response) {
                self.session.accept(found, all);
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

/// Whether a reply refuses a token for several repositories. There are registries that answer 403 when a token grants too little.
fn is_refused(response: &Response, origin: &Origin) -> bool {
    matches!(response.status(), 401 | 403) && response.url().origin() == *origin
}

/// What the server of a 401 asks for.
pub(super) fn challenge_of(response: &Response) -> Result<Challenge> {
    let lines: Vec<_> = response.headers().get_all(WWW_AUTHENTICATE).iter().map(HeaderValue::as_bytes).collect();
    preferred(challenges(lines))
}

/// Each of what was found, or one anonymous try where nothing was.
fn or_anonymous(found: &[Found]) -> impl Iterator<Item = Option<&Found>> {
    found.iter().map(Some).chain(found.is_empty().then_some(None))
}
