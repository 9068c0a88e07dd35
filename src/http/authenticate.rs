//! Authentication: how a 401 is answered, and which credentials go where.

use std::sync::Arc;

use http::Method;
use http::header::{HeaderValue, WWW_AUTHENTICATE};
use tokio::sync::OnceCell;
use url::{Origin, Url};

use super::auth_state::{AuthKey, AuthState, header_value};
use super::denial::DeniedRequest;
use super::errors::refusal;
use super::limiter::{Limiter, Permit};
use super::observe::Observer;
use super::redirect::Redirects;
use super::request::Request;
use super::response::Response;
use super::token_source::{PrefetchedToken, TokenQuery, TokenSource};
use crate::auth::{
    Action, BearerChallenge, Challenge, Credentials, Scopes, Token, challenges, failed_after_malformed, preferred,
};
use crate::error::{Error, Kind, Result, is_transient_status};
use crate::keychain::CredentialMatch;

/// Sends requests with the credentials they need.
#[derive(Debug)]
pub(super) struct Authenticator {
    limiter: Arc<Limiter>,
    redirects: Arc<Redirects>,
    state: Arc<AuthState>,
    tokens: Arc<TokenSource>,
    observer: Arc<Observer>,
    /// The challenge at the root of the registry, if it has one: asked for once ([`Authenticator::root_challenge`]).
    root: OnceCell<Option<Challenge>>,
}

/// The `Authorization` that was sent to the registry.
#[derive(Default)]
struct SentAuthorization {
    header: Option<HeaderValue>,
    token: Option<Arc<Token>>,
    /// The token, if it was fetched before the registry asked for one.
    prefetched: Option<PrefetchedToken>,
}

impl SentAuthorization {
    fn prefetched(prefetched: Option<PrefetchedToken>) -> Self {
        let header = prefetched.as_ref().and_then(PrefetchedToken::header);
        let token = prefetched.as_ref().map(|prefetched| Arc::clone(&prefetched.token));
        Self { header, token, prefetched }
    }
}

/// A 401 that is to be answered.
struct PendingChallenge<'a> {
    request: &'a Request,
    /// The URL that sent it.
    url: Url,
    /// What the answer will be valid for: the permission of the request, at the origin that asks.
    key: AuthKey,
    refused_token: Option<Arc<Token>>,
    refused_header: Option<HeaderValue>,
    /// The credentials that may be sent there.
    found: Vec<CredentialMatch>,
}

impl PendingChallenge<'_> {
    /// Whether the answer was refused. A 401 of another origin, to which the answer was redirected, is a new challenge.
    fn is_refused(&self, response: &Response) -> bool {
        response.status() == 401 && response.url().origin() == self.key.0
    }

    /// Whether a token was refused; one for several repositories may be refused by 403, too.
    fn is_token_refused(&self, response: &Response, token: &Token) -> bool {
        self.is_refused(response) || (token.is_batched() && is_refused(response, &self.key.0))
    }
}

impl Authenticator {
    pub fn new(
        limiter: Arc<Limiter>,
        redirects: Arc<Redirects>,
        state: Arc<AuthState>,
        tokens: Arc<TokenSource>,
        observer: Arc<Observer>,
    ) -> Self {
        Self { limiter, redirects, state, tokens, observer, root: OnceCell::new() }
    }

    /// Sends a request, and answers a 401 of the registry and one of the place it redirects to. The reply may have any
    /// status.
    ///
    /// 1. A change is refused if its credentials are configured and cannot be obtained
    ///    ([`AuthState::refuse_anonymous_change`]).
    /// 2. The request goes out with the first of these:
    ///    - the cached token for its permission;
    ///    - the `Authorization` that was accepted for its permission, or for another one for which the keychain has the
    ///      same credentials;
    ///    - if the registry's challenges can be predicted, a token fetched ahead, perhaps for several repositories;
    ///    - nothing.
    /// 3. If a token for several repositories is refused (401 or 403), one for this repository alone is tried, and no
    ///    more are shared.
    /// 4. A 401 is answered by [`Authenticator::answer_challenge`]:
    ///    - a Basic challenge to a token is not trusted (Harbor sends one for any `Authorization` that it refuses): the
    ///      request is sent again without one, and the challenge of that reply counts;
    ///    - without a challenge that can be answered, the reply is an error. One that breaks off is answered by what
    ///      can be read of it, and named if the answer is refused;
    ///    - a token that was fetched ahead for this very challenge would be the same again: the reply is final. Another
    ///      challenge than the predicted one ends predictions;
    ///    - a 401 of the registry's own origin gets the credentials of the keychain, that of any other origin gets
    ///      none;
    ///    - Bearer: the token server must be safe to send credentials to ([`token_server`](crate::auth::token_server)).
    ///      A token that another request has fetched comes first, then one for each of the credentials in turn, or an
    ///      anonymous one. A bearer token of the keychain is sent as it is;
    ///    - Basic: each of the credentials in turn;
    ///    - a 401 to a fresh answer is final.
    /// 5. A reply to an anonymous request that brings no challenge is not final if the keychain has credentials: some
    ///    registries show anonymous users a part of what they have, or hide it. The challenge is that of a reply other
    ///    than 401, or else that of the registry's root ([`Authenticator::unasked_challenge`]).
    /// 6. If a redirect of the answered request leads to another origin that sends 401, that one is answered once, by
    ///    rule 4.
    ///
    /// What a reply that stays a denial means is [`Authenticator::explain_denial`]'s to say.
    ///
    /// # Errors
    ///
    /// Why no reply came, an unsafe token server, a challenge that cannot be answered, a refusal by the token server.
    pub async fn send(&self, request: &Request) -> Result<Response> {
        let key = (request.url.origin(), request.context.permission.clone());
        let (mut sent, permit) = self.authorization(request, &key).await?;
        let mut response = self.redirects.send(request, &request.url, sent.header.as_ref(), Some(permit)).await?;
        if let Some(shared) = sent.token.take_if(|token| token.is_batched() && is_refused(&response, &key.0)) {
            self.tokens.prefetching().disable_batches(&key.0);
            let alone = self.tokens.prefetch_unbatched(&key, &request.context, &shared).await;
            sent = SentAuthorization::prefetched(alone);
            response = self.redirects.send(request, &request.url, sent.header.as_ref(), None).await?;
        }
        let first = response.url().origin();
        let unasked = match sent.header {
            None => self.unasked_challenge(request, &mut response).await?,
            Some(_) => None,
        };
        let mut response = match unasked {
            Some(challenge) => self.log_in_unasked(request, response, challenge).await?,
            None => self.answer_challenge(request, response, sent).await?,
        };
        if response.status() == 401 && response.url().origin() != first {
            response = self.answer_challenge(request, response, SentAuthorization::default()).await?;
        }
        self.tokens.prefetching().mark_read(request.context.permission.as_ref());
        Ok(response)
    }

    /// Rules 1 and 2 of [`Authenticator::send`]. What is known is looked up once a permit is there: while this request
    /// waited for one, another may have fetched the token.
    async fn authorization(&self, request: &Request, key: &AuthKey) -> Result<(SentAuthorization, Permit)> {
        let permit = loop {
            let permit = self.limiter.acquire().await;
            let Some(fetch) = self.tokens.pending(key) else { break permit };
            // No other request may wait while this one waits for its token.
            drop(permit);
            fetch.await;
        };
        let token = self.tokens.cached(key);
        let header = match &token {
            Some(token) => header_value(&token.authorization()),
            None => self.state.accepted(key).await?,
        };
        if header.is_some() {
            return Ok((SentAuthorization { header, token, prefetched: None }, permit));
        }
        self.state.refuse_anonymous_change(&request.context).await?;
        if !self.tokens.prefetching().predicts(key) {
            return Ok((SentAuthorization::default(), permit));
        }
        drop(permit);
        let prefetched = self.tokens.prefetch(key, &request.context).await;
        Ok((SentAuthorization::prefetched(prefetched), self.limiter.acquire().await))
    }

    /// Rule 5 of [`Authenticator::send`]: the challenge to answer although this reply to an anonymous request brings
    /// none that can be answered. It is that of a reply other than 401, or else that of the registry's root.
    ///
    /// zot's `anonymousPolicy` answers an anonymous request for the catalog with what everybody may see, and challenges
    /// at the root. Other registries answer 404 for what is private, or 401 without a challenge.
    async fn unasked_challenge(&self, request: &Request, response: &mut Response) -> Result<Option<Challenge>> {
        let is_challenging = response.headers().contains_key(WWW_AUTHENTICATE);
        let is_final = match response.status() {
            // Such a challenge is answered, or cannot be.
            401 => is_challenging,
            200..=299 => !matches!(request.method, Method::GET | Method::HEAD),
            403 | 404 => false,
            _ => true,
        };
        let permission = request.context.permission.as_ref();
        let is_home = response.url().origin() == request.url.origin();
        if is_final || permission.is_none() || !is_home || matches!(self.root.get(), Some(None)) {
            return Ok(None);
        }
        // What can be pulled anonymously needs no credentials, so that it does not matter why there are none.
        let is_public = response.is_success() && permission.is_some_and(|permission| permission.action == Action::Pull);
        if !self.state.has_credentials(permission, is_public).await {
            return Ok(None);
        }
        // The requests that follow must not wait for this reply to be read.
        response.release_permit();
        if is_challenging {
            return Ok(challenge_of(response).ok());
        }
        Ok(self.root.get_or_try_init(|| self.root_challenge()).await?.clone())
    }

    /// The challenge at the root of the registry, `/v2/`, whatever the status of the reply.
    async fn root_challenge(&self) -> Result<Option<Challenge>> {
        let request = self.state.root_request();
        let response = self.redirects.send(&request, &request.url, None, None).await?;
        let is_home = response.url().origin() == request.url.origin();
        if is_transient_status(response.status()) {
            return Err(refusal(response, &request.context, &self.observer.secrets).await);
        }
        Ok(challenge_of(&response).ok().filter(|_| is_home))
    }

    /// Sends a request again with an answer to a challenge that its own reply did not bring. Such a Bearer challenge
    /// has no scope for the request, so the standard one is asked for; if the registry refuses the token, its own
    /// challenge counts.
    async fn log_in_unasked(&self, request: &Request, response: Response, challenge: Challenge) -> Result<Response> {
        let permission = request.context.permission.as_ref();
        let (url, key) = (request.url.clone(), (request.url.origin(), permission.cloned()));
        let found = self.state.credentials(permission).await?;
        let pending =
            PendingChallenge { request, url, key: key.clone(), refused_token: None, refused_header: None, found };
        let Challenge::Bearer(challenge) = challenge else { return self.answer_basic(pending, response).await };
        let scope = permission.map(|permission| Scopes::for_permission(permission).to_string());
        let challenge =
            BearerChallenge { scope: challenge.scope.filter(|scope| !scope.is_empty()).or(scope), ..challenge };
        let response = self.answer_bearer(pending, response, &challenge).await?;
        let token = self.tokens.cached(&key);
        let header = token.as_ref().and_then(|token| header_value(&token.authorization()));
        self.answer_challenge(request, response, SentAuthorization { header, token, prefetched: None }).await
    }

    /// Rule 4 of [`Authenticator::send`]: the reply, or if it is a 401, the reply to the request with an answer to it.
    /// `sent` is what was sent to the registry.
    async fn answer_challenge(
        &self,
        request: &Request,
        mut response: Response,
        sent: SentAuthorization,
    ) -> Result<Response> {
        if response.status() != 401 {
            return Ok(response);
        }
        // What was sent to the registry has not been sent to the place it redirects to.
        let is_registry = response.url().origin() == request.url.origin();
        let SentAuthorization { token, header, prefetched } =
            if is_registry { sent } else { SentAuthorization::default() };
        let mut challenge = challenge_of(&response);
        if token.is_some() && !matches!(challenge, Ok(Challenge::Bearer(_))) {
            response = self.redirects.send(request, &request.url, None, None).await?;
            if response.status() != 401 {
                return Ok(response);
            }
            challenge = challenge_of(&response);
        }
        let challenge = match challenge {
            Ok(challenge) => challenge,
            Err(reason) => return Err(self.unanswerable(reason, response, request).await),
        };
        let url = response.url().clone();
        let permission = request.context.permission.as_ref();
        let key = (url.origin(), permission.cloned());
        let is_home = self.state.may_receive_credentials(&url);
        if let Challenge::Bearer(challenge) = &challenge
            && is_home
            && let Ok(realm) = self.tokens.realm(&url, response.peer(), &challenge.realm)
        {
            self.tokens.prefetching().learn_challenge(&key, challenge, &realm);
        }
        if let Some(prefetched) = prefetched {
            match &challenge {
                // The answer was sent before the challenge came, and would be the same now.
                Challenge::Bearer(challenge) if prefetched.answers(challenge) => return Ok(response),
                _ => self.tokens.prefetching().disable(&url.origin()),
            }
        }
        let pending = PendingChallenge {
            request,
            key,
            refused_token: token,
            refused_header: header,
            found: if is_home { self.state.credentials(permission).await? } else { Vec::new() },
            url,
        };
        match challenge {
            Challenge::Bearer(challenge) => self.answer_bearer(pending, response, &challenge).await,
            _ => self.answer_basic(pending, response).await,
        }
    }

    /// The error for a challenge that cannot be answered: what the reply says is a cause all the same.
    async fn unanswerable(&self, reason: Error, response: Response, request: &Request) -> Error {
        let error = refusal(response, &request.context, &self.observer.secrets).await;
        let what = format!("cannot log in to {}", request.context.registry);
        let error = error.called(what).with_kind(Kind::UnusableChallenge).because(reason.what());
        reason.causes().iter().fold(error, |error, cause| error.because(cause))
    }

    async fn answer_basic(&self, pending: PendingChallenge<'_>, mut response: Response) -> Result<Response> {
        let PendingChallenge { request, url, key, refused_header, found: all, .. } = &pending;
        if let Some(refused) = refused_header {
            self.state.cache().refuse(refused);
        }
        let mut last = None;
        for found in all {
            let Some(header) = found.credentials.basic_header().as_ref().and_then(header_value) else { continue };
            last = Some((&found.identity, header.clone()));
            if Some(&header) == refused_header.as_ref() {
                continue;
            }
            self.observer.protect(&found.credentials);
            response = self.redirects.send(request, url, Some(&header), None).await?;
            if !pending.is_refused(&response) {
                self.state.cache().accept(key, header);
                self.state.log_accepted(Some(found), all);
                break;
            }
        }
        self.state.cache().identify(key, last.as_ref().map(|(identity, _)| (*identity).clone()));
        if let Some((identity, _)) = last {
            let is_accepted = !pending.is_refused(&response);
            if is_accepted || refuses_login(&response, request) {
                self.state.cache().learn_login(&key.0, identity, is_accepted);
            }
        }
        Ok(response)
    }

    async fn answer_bearer(
        &self,
        pending: PendingChallenge<'_>,
        mut response: Response,
        challenge: &BearerChallenge,
    ) -> Result<Response> {
        let PendingChallenge { request, url, key, refused_token, found: all, .. } = &pending;
        let context = &request.context;
        self.state.cache().asks_for_bearer(&key.0, challenge);
        let realm = self.tokens.realm(url, response.peer(), &challenge.realm).map_err(|error| response.mask(error))?;
        let mut rejected = refused_token.clone();
        if rejected.is_none()
            && let Some(token) = self.tokens.available(key, context, all).await
        {
            response = self.send_token(request, url, &token).await?;
            if !pending.is_token_refused(&response, &token) {
                return Ok(response);
            }
            rejected = Some(token);
        }
        let scopes = challenge.scopes(context.permission.as_ref());
        let mut refused = None;
        for found in or_anonymous(all) {
            let credentials = found.map_or(&Credentials::Anonymous, |found| &found.credentials);
            self.observer.protect(credentials);
            self.state.identify(key, found);
            if let Some(header) = credentials.bearer_header().as_ref().and_then(header_value) {
                response = self.redirects.send(request, url, Some(&header), None).await?;
                if !pending.is_refused(&response) {
                    self.state.cache().accept(key, header);
                    self.state.log_accepted(found, all);
                    return Ok(response);
                }
                continue;
            }
            let query = TokenQuery { context, realm: &realm, challenge, scopes: &scopes, credentials };
            let token = match self.tokens.fetch(key, rejected.as_ref(), query).await {
                Ok(token) => token,
                Err(error) if matches!(error.kind(), Kind::Denied(_) | Kind::Unauthenticated) => {
                    refused = Some(error);
                    continue;
                }
                Err(error) => return Err(error),
            };
            response = self.send_token(request, url, &token).await?;
            if !pending.is_refused(&response) {
                self.state.log_accepted(found, all);
                return Ok(response);
            }
            refused = None;
            rejected = Some(token);
        }
        match refused {
            Some(error) => Err(self.explain_denial(error, url, request).await),
            None => Ok(response),
        }
    }

    async fn send_token(&self, request: &Request, url: &Url, token: &Token) -> Result<Response> {
        self.redirects.send(request, url, header_value(&token.authorization()).as_ref(), None).await
    }

    /// Adds to a denial by `url` who was denied, what the token in use grants, and whether the challenge was malformed.
    pub async fn explain_denial(&self, error: Error, url: &Url, request: &Request) -> Error {
        let token = self.tokens.cached(&(url.origin(), request.context.permission.clone()));
        let (state, secrets, context, token) =
            (&self.state, &self.observer.secrets, &request.context, token.as_deref());
        let error = DeniedRequest { state, secrets, context, url, token }.explain(error).await;
        match self.state.cache().malformed_challenge(&url.origin()) {
            Some(why) => failed_after_malformed(&why, error, &request.context.registry),
            None => error,
        }
    }
}

/// Whether a reply refuses a token for several repositories: some registries answer 403 if a token grants too little.
fn is_refused(response: &Response, origin: &Origin) -> bool {
    matches!(response.status(), 401 | 403) && response.url().origin() == *origin
}

/// The challenge of a 401.
///
/// # Errors
///
/// If it has none that can be answered.
pub(super) fn challenge_of(response: &Response) -> Result<Challenge> {
    let lines: Vec<_> = response.headers().get_all(WWW_AUTHENTICATE).iter().map(HeaderValue::as_bytes).collect();
    preferred(challenges(lines)).map_err(|error| response.mask(error))
}

/// Whether a 401 to Basic credentials says that they are wrong. Some registries answer so where a permission is
/// missing: olareg then names its scope, and Harbor does so for its catalog.
fn refuses_login(response: &Response, request: &Request) -> bool {
    let is_for_catalog = request.context.permission.as_ref().is_some_and(|needed| needed.action == Action::Catalog);
    let lines = response.headers().get_all(WWW_AUTHENTICATE).iter().map(HeaderValue::as_bytes);
    let names_scope = |line: &[u8]| line.windows(6).any(|part| matches!(part, b"scope=" | b"error="));
    !is_for_catalog && !lines.into_iter().any(names_scope)
}

/// Each of the credentials, or one anonymous try if there are none.
fn or_anonymous(found: &[CredentialMatch]) -> impl Iterator<Item = Option<&CredentialMatch>> {
    found.iter().map(Some).chain(found.is_empty().then_some(None))
}
