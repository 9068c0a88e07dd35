//! Answering a 401: which credentials go where.
//!
//! A request is sent with what served last time, or with nothing: what served another repository serves this one only where the keychain has
//! the same credentials for both. A 401 is answered from the challenge on that very reply, and the
//! request is sent again with the answer; a 401 to a fresh answer is final. Credentials go to the registry's own origin and to the
//! token server that it names, if that is a safe place; an origin reached by a redirect is asked without any.

use std::sync::Arc;

use reqwest::header::{HeaderValue, WWW_AUTHENTICATE};
use url::{Origin, Url};

use super::auth_state::{AuthKey, header_value};
use super::request::Request;
use super::response::Response;
use super::status;
use super::token_prefetch::{PrefetchedToken, only};
use super::transport::Transport;
use crate::auth::{BearerChallenge, Challenge, Credentials, Scopes, Token, challenges, preferred, token_server};
use crate::error::{Error, Kind, Result};
use crate::keychain::CredentialMatch;

/// What was sent to the registry to prove who asks.
#[derive(Default)]
struct SentAuthorization {
    token: Option<Arc<Token>>,
    header: Option<HeaderValue>,
    /// The token, where it was fetched before it was asked for.
    prefetched: Option<PrefetchedToken>,
}

/// A 401 that is to be answered: for what, where it came from, and what was sent to it in vain.
struct PendingChallenge<'a> {
    request: &'a Request,
    /// Where the reply came from.
    url: Url,
    /// What the answer will be good for: what the request needs, at the origin that asks.
    key: AuthKey,
    refused_token: Option<Arc<Token>>,
    refused_header: Option<HeaderValue>,
    /// The credentials that may be sent there.
    found: Vec<CredentialMatch>,
}

impl PendingChallenge<'_> {
    /// Whether an answer was in vain. A 401 of another origin, to which the answer has led, is a question of its own.
    fn is_refused(&self, response: &Response) -> bool {
        response.status() == 401 && response.url().origin() == self.key.0
    }

    /// Whether a token was in vain: one for several repositories may be refused otherwise, too.
    fn is_token_refused(&self, response: &Response, token: &Token) -> bool {
        self.is_refused(response) || (token.is_batched() && is_refused(response, &self.key.0))
    }
}

impl Transport {
    /// Sends a request, answering one 401 of the registry and one of the place where it leads.
    pub(super) async fn send_authenticated(&self, request: &Request) -> Result<Response> {
        let key = (request.url.origin(), request.context.permission.clone());
        self.auth.check_anonymous(&key, &request.context).await?;
        let mut permit = self.limiter.acquire().await;
        let (mut token, mut header) = self.auth.cached_authorization(&key).await?;
        let mut prefetched = None;
        if header.is_none() && self.auth.prefetch().predicts(&key) {
            // Nobody else may have to wait while this one waits for its token.
            drop(permit);
            prefetched = self.prefetch_token(&key, &request.context).await;
            permit = self.limiter.acquire().await;
        }
        if let Some(prefetched) = &prefetched {
            (token, header) = (Some(Arc::clone(&prefetched.token)), prefetched.header());
        }
        let mut response = self.follow_redirects(request, &request.url, header.as_ref(), Some(permit)).await?;
        if let Some(shared) = token.take_if(|token| token.is_batched() && is_refused(&response, &key.0)) {
            // What is granted together may count for less than what is granted alone.
            self.auth.prefetch().disable_batches(&key.0);
            prefetched = self.prefetch_unbatched(&key, &request.context, &shared).await;
            (token, header) = match &prefetched {
                Some(prefetched) => (Some(Arc::clone(&prefetched.token)), prefetched.header()),
                None => (None, None),
            };
            response = self.follow_redirects(request, &request.url, header.as_ref(), None).await?;
        }
        let first = response.url().origin();
        let mut response =
            self.answer_challenge(request, response, SentAuthorization { token, header, prefetched }).await?;
        if response.status() == 401 && response.url().origin() != first {
            response = self.answer_challenge(request, response, SentAuthorization::default()).await?;
        }
        self.auth.prefetch().mark_read(request.context.permission.as_ref());
        Ok(response)
    }

    /// The reply, or where it is a 401, that to the request with an answer to it. `sent` is what was sent to the registry.
    async fn answer_challenge(
        &self,
        request: &Request,
        mut response: Response,
        sent: SentAuthorization,
    ) -> Result<Response> {
        if response.status() != 401 {
            return Ok(response);
        }
        // What was sent to the registry says nothing about the place where it leads.
        let is_here = response.url().origin() == request.url.origin();
        let SentAuthorization { token, header, prefetched } = if is_here { sent } else { SentAuthorization::default() };
        let mut challenge = challenge_of(&response);
        if token.is_some() && !matches!(challenge, Ok(Challenge::Bearer(_))) {
            // Harbor answers any Authorization that it does not take with a Basic challenge. Without one it says what it wants.
            response = self.follow_redirects(request, &request.url, None, None).await?;
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
        let permission = request.context.permission.as_ref();
        let key = (url.origin(), permission.cloned());
        if let Challenge::Bearer(challenge) = &challenge
            && self.auth.may_receive_credentials(&url)
            && let Ok(realm) = token_server(&url, self.peer(&response), &challenge.realm)
        {
            self.auth.prefetch().learn_challenge(&key, challenge, &realm);
        }
        if let Some(prefetched) = prefetched {
            match &challenge {
                // The answer came before the question: it would be no other now.
                Challenge::Bearer(challenge) if prefetched.answers(challenge) => return Ok(response),
                _ => self.auth.prefetch().disable(&url.origin()),
            }
        }
        let pending = PendingChallenge {
            request,
            key,
            refused_token: token,
            refused_header: header,
            found: if self.auth.may_receive_credentials(&url) {
                self.auth.credentials(permission).await?
            } else {
                Vec::new()
            },
            url,
        };
        match challenge {
            Challenge::Bearer(challenge) => self.answer_bearer(pending, response, &challenge).await,
            _ => self.answer_basic(pending, response).await,
        }
    }

    async fn unanswerable(&self, reason: Error, response: Response, request: &Request) -> Error {
        let error = status::refusal(response, &request.context, &self.secrets).await;
        let error = error.with_kind(reason.kind().clone()).because(reason.what());
        reason.causes().iter().fold(error, |error, cause| error.because(cause))
    }

    async fn answer_basic(&self, pending: PendingChallenge<'_>, mut response: Response) -> Result<Response> {
        let PendingChallenge { request, url, key, refused_header, found: all, .. } = &pending;
        if let Some(refused) = refused_header {
            self.auth.cache().refuse(refused);
        }
        let mut identity = None;
        for found in all {
            let Some(header) = found.credentials.basic_header().as_ref().and_then(header_value) else { continue };
            identity = Some(found.identity.clone());
            if Some(&header) == refused_header.as_ref() {
                continue;
            }
            self.remember_secrets(&found.credentials);
            response = self.follow_redirects(request, url, Some(&header), None).await?;
            if !pending.is_refused(&response) {
                self.auth.cache().accept(key, header);
                self.auth.accept(Some(found), all);
                break;
            }
        }
        self.auth.cache().identify(key, identity);
        Ok(response)
    }

    /// A token that is there by now: another request has fetched it, or this one was led here by a redirect, or it is fetched with
    /// those for the repositories that come next.
    async fn available_token(&self, pending: &PendingChallenge<'_>) -> Option<Arc<Token>> {
        let PendingChallenge { request, key, found, .. } = pending;
        match self.auth.tokens.get_fresh(key) {
            Some(token) => Some(token),
            None => self.fetch_batched(key, &request.context, only(found)?).await,
        }
    }

    async fn answer_bearer(
        &self,
        pending: PendingChallenge<'_>,
        mut response: Response,
        challenge: &BearerChallenge,
    ) -> Result<Response> {
        let PendingChallenge { request, url, key, refused_token, found: all, .. } = &pending;
        self.auth.cache().bearer.insert(key.0.clone());
        let realm = token_server(url, self.peer(&response), &challenge.realm)?;
        let mut rejected = refused_token.clone();
        if rejected.is_none()
            && let Some(kept) = self.available_token(&pending).await
        {
            response = self.follow_redirects(request, url, header_value(&kept.authorization()).as_ref(), None).await?;
            if !pending.is_token_refused(&response, &kept) {
                return Ok(response);
            }
            rejected = Some(kept);
        }
        let mut refused = None;
        for found in or_anonymous(all) {
            let credentials = found.map_or(&Credentials::Anonymous, |found| &found.credentials);
            self.remember_secrets(credentials);
            self.auth.identify(key, found);
            if let Some(header) = credentials.bearer_header().as_ref().and_then(header_value) {
                response = self.follow_redirects(request, url, Some(&header), None).await?;
                if !pending.is_refused(&response) {
                    self.auth.cache().accept(key, header);
                    self.auth.accept(found, all);
                    return Ok(response);
                }
                continue;
            }
            let scopes = Scopes::for_request(challenge.scope.as_deref(), request.context.permission.as_ref());
            let fetch = self.fetch_token(&request.context, &realm, challenge, &scopes, credentials);
            let token = match self.auth.tokens.get_or_fetch(key.clone(), rejected.as_ref(), fetch).await {
                Ok(token) => token,
                Err(error) if matches!(error.kind(), Kind::Denied(_) | Kind::Unauthenticated) => {
                    refused = Some(error);
                    continue;
                }
                Err(error) => return Err(error),
            };
            self.auth.prefetch().learn_size(&key.0, &token);
            response = self.follow_redirects(request, url, header_value(&token.authorization()).as_ref(), None).await?;
            if !pending.is_refused(&response) {
                self.auth.accept(found, all);
                return Ok(response);
            }
            refused = None;
            rejected = Some(token);
        }
        match refused {
            Some(error) => Err(self.auth.explain_denial(error, url, &request.context)),
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
fn or_anonymous(found: &[CredentialMatch]) -> impl Iterator<Item = Option<&CredentialMatch>> {
    found.iter().map(Some).chain(found.is_empty().then_some(None))
}
