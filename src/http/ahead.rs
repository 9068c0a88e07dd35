//! Tokens ahead of the question: once the form of a registry's challenges is known, a request takes its token along, and the
//! rights of the repositories that come next are asked for with one token.
//!
//! What is foreseen may be wrong. A registry that refuses the token, or asks for another, is answered as if nothing had been
//! foreseen, and from then on nothing is; a token server that does not give one token for several repositories is asked one by one.

use std::collections::HashMap;
use std::sync::Arc;

use reqwest::header::HeaderValue;
use tokio::sync::Mutex as Turn;
use url::{Origin, Url};

use super::request::Subject;
use super::session::{Key, header_value};
use super::transport::Transport;
use crate::auth::{
    Action, BearerChallenge, ChallengeForm, Credentials, Expected, Right, Room, Scopes, Token, TokenRequest, TokenSize,
};
use crate::error::{Error, Kind, Operation, Result};
use crate::keychain::Found;
use crate::name::Repository;

/// What is foreseen of a registry, and who is waited for.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    /// By the origin that asks.
    forms: HashMap<Origin, Option<Form>>,
    expected: Expected,
    /// Tokens for several repositories that are being fetched.
    batches: Vec<Arc<Batch>>,
}

/// How an origin asks for tokens, and where they come from.
#[derive(Debug, Clone)]
pub(super) struct Form {
    challenge: ChallengeForm,
    /// The token server, checked.
    realm: Url,
    /// How large its tokens are; `None` when one is not asked for several repositories.
    size: Option<TokenSize>,
}

/// A token for several repositories, and those who wait for it.
#[derive(Debug)]
struct Batch {
    origin: Origin,
    repositories: Vec<Repository>,
    /// Held by who fetches; whether that was done.
    turn: Turn<bool>,
}

/// A token that was fetched before it was asked for.
#[derive(Debug)]
pub(super) struct Foreseen {
    pub token: Arc<Token>,
    /// The challenge that it answers.
    pub challenge: BearerChallenge,
}

impl Foreseen {
    pub fn header(&self) -> Option<HeaderValue> {
        header_value(&self.token.authorization())
    }

    /// Whether this is the very question that was answered: another answer would be the same.
    pub fn answers(&self, challenge: &BearerChallenge) -> bool {
        let Self { challenge: foreseen, .. } = self;
        !self.token.is_for_several()
            && foreseen.realm == challenge.realm
            && foreseen.service == challenge.service
            && foreseen.scope == challenge.scope
    }
}

impl Ahead {
    /// Adds repositories that are going to be read.
    pub fn expect(&mut self, repositories: impl IntoIterator<Item = Repository>) {
        self.expected.add(repositories);
    }

    /// A repository was read: it is not expected any more.
    pub fn arrived(&mut self, right: Option<&Right>) {
        if let Some(repository) = right.and_then(|right| right.repository.as_ref()) {
            self.expected.forget(repository);
        }
    }

    /// Learns from a challenge by `key`'s origin. One that is not as the form foretells ends what is foreseen.
    pub fn learn(&mut self, key: &Key, challenge: &BearerChallenge, realm: &Url) {
        let (origin, Some(right)) = key else { return };
        if !matches!(right.action, Action::Catalog | Action::Pull) {
            return;
        }
        let shown = ChallengeForm::of(challenge, right);
        match self.forms.get(origin) {
            None if shown.is_none() && right.action == Action::Catalog => {}
            None => {
                let form = |challenge| Form { challenge, realm: realm.clone(), size: Some(TokenSize::default()) };
                self.forms.insert(origin.clone(), shown.map(form));
            }
            Some(Some(form)) if right.action == Action::Pull && shown.as_ref() != Some(&form.challenge) => {
                self.forget(origin);
            }
            Some(_) => {}
        }
    }

    /// Foresees nothing more of an origin.
    pub fn forget(&mut self, origin: &Origin) {
        self.forms.insert(origin.clone(), None);
    }

    /// Asks for no more tokens for several repositories.
    pub fn ask_one_by_one(&mut self, origin: &Origin) {
        if let Some(Some(form)) = self.forms.get_mut(origin) {
            form.size = None;
        }
    }

    /// Learns how large tokens are, and whether they say what they grant: without that there is nothing to share.
    pub fn learn_size(&mut self, origin: &Origin, token: &Token) {
        let Some(Some(Form { size, .. })) = self.forms.get_mut(origin) else { return };
        match token.granted() {
            Some(granted) => size.iter_mut().for_each(|size| size.learn(token, &granted)),
            None => *size = None,
        }
    }

    /// The form of an origin, and the challenge that such a request is going to meet.
    fn form(&self, (origin, right): &Key) -> Option<(Form, BearerChallenge)> {
        let form = self.forms.get(origin)?.as_ref()?;
        Some((form.clone(), form.challenge.challenge(right.as_ref()?)?))
    }

    /// Whether a challenge to such a request is foreseen.
    pub fn foresees(&self, key: &Key) -> bool {
        self.form(key).is_some()
    }

    /// The batch that a repository is in, or one that begins with it; `None` when there is nothing to ask for together.
    fn batch(&mut self, origin: &Origin, repository: &Repository, room: Room) -> Option<Arc<Batch>> {
        let is_in = |batch: &&Arc<Batch>| batch.origin == *origin && batch.repositories.contains(repository);
        if let Some(batch) = self.batches.iter().find(is_in) {
            return Some(Arc::clone(batch));
        }
        let repositories = self.expected.take(repository, room);
        if repositories.len() < 2 {
            return None;
        }
        let batch = Arc::new(Batch { origin: origin.clone(), repositories, turn: Turn::new(false) });
        self.batches.push(Arc::clone(&batch));
        Some(batch)
    }

    fn end(&mut self, batch: &Arc<Batch>) {
        self.batches.retain(|known| !Arc::ptr_eq(known, batch));
    }
}

impl Transport {
    /// The token that a request is going to be asked for, where that is foreseen.
    pub(super) async fn foresee(&self, key: &Key, subject: &Subject) -> Option<Foreseen> {
        let found = self.session.found(key.1.as_ref()).await.ok()?;
        let found = only(&found)?;
        let challenge = self.session.ahead().form(key)?.1;
        let token = match self.together(key, subject, found).await {
            Some(token) => token,
            None => self.alone(key, subject, found, None).await?,
        };
        Some(Foreseen { token, challenge })
    }

    /// As [`Transport::foresee`], for this request alone, in the place of a token that was refused.
    pub(super) async fn foresee_alone(&self, key: &Key, subject: &Subject, refused: &Arc<Token>) -> Option<Foreseen> {
        let found = self.session.found(key.1.as_ref()).await.ok()?;
        let challenge = self.session.ahead().form(key)?.1;
        let token = self.alone(key, subject, only(&found)?, Some(refused)).await?;
        Some(Foreseen { token, challenge })
    }

    /// A token for one repository. Where the token server refuses it, nothing more is foreseen.
    async fn alone(
        &self,
        key: &Key,
        subject: &Subject,
        found: Option<&Found>,
        refused: Option<&Arc<Token>>,
    ) -> Option<Arc<Token>> {
        let (form, challenge) = self.session.ahead().form(key)?;
        let scopes = Scopes::for_request(challenge.scope.as_deref(), key.1.as_ref());
        let fetch = self.fetch_token(subject, &form.realm, &challenge, &scopes, credentials(found));
        match self.session.tokens.get_or_fetch(key.clone(), refused, fetch).await {
            Ok(token) => {
                self.session.ahead().learn_size(&key.0, &token);
                self.session.identify(key, found);
                Some(token)
            }
            Err(error) => {
                tracing::debug!("{error}; from now on a token is asked for only when one is wanted");
                self.session.ahead().forget(&key.0);
                None
            }
        }
    }

    /// A token for a repository and for those that come next; `None` where it is to be asked for alone.
    pub(super) async fn together(&self, key: &Key, subject: &Subject, found: Option<&Found>) -> Option<Arc<Token>> {
        let repository = key.1.as_ref()?.repository.as_ref()?;
        loop {
            let (form, challenge) = self.session.ahead().form(key)?;
            let bare = TokenRequest::attempts(&form.realm, &challenge, &Scopes::default(), credentials(found));
            let room = form.size?.room(bare.first()?.url.as_str().len());
            let batch = self.session.ahead().batch(&key.0, repository, room)?;
            let mut is_done = batch.turn.lock().await;
            if !*is_done {
                let fetched = self.fetch_together(&batch, subject, &form, &challenge, found).await;
                *is_done = true;
                let mut ahead = self.session.ahead();
                ahead.end(&batch);
                if let Err(error) = fetched {
                    tracing::debug!("{error}; from now on one token is asked for each repository");
                    ahead.ask_one_by_one(&key.0);
                }
            }
            if let Some(token) = self.session.tokens.get_fresh(key) {
                self.session.identify(key, found);
                return Some(token);
            }
        }
    }

    /// Fetches a token for those of a batch that have the same credentials, and shares it out among those that it grants.
    ///
    /// # Errors
    ///
    /// That of the token server, or that it does not give tokens for several repositories.
    async fn fetch_together(
        &self,
        batch: &Batch,
        subject: &Subject,
        form: &Form,
        challenge: &BearerChallenge,
        found: Option<&Found>,
    ) -> Result<()> {
        let mut rights = Vec::new();
        let mut others = Vec::new();
        for repository in &batch.repositories {
            let right = Right::on(repository, Action::Pull);
            let theirs = self.session.found(Some(&right)).await?;
            if only(&theirs).is_some_and(|theirs| is_same(theirs, found)) {
                rights.push(right);
            } else {
                others.push(repository.clone());
            }
        }
        self.session.ahead().expected.give_back(others.into_iter());
        if rights.len() < 2 {
            return Ok(());
        }
        let scopes: Scopes =
            rights.iter().flat_map(|right| Scopes::for_right(right).iter().collect::<Vec<_>>()).collect();
        let token = self.fetch_token(subject, &form.realm, challenge, &scopes, credentials(found)).await?;
        let token = Arc::new(token.for_several());
        let not_several =
            |why| Error::new(Kind::Unsupported(Operation::Other), "no token for several repositories").because(why);
        let granted = token.granted().ok_or_else(|| not_several("it does not say what it grants"))?;
        self.session.ahead().learn_size(&batch.origin, &token);
        if TokenSize::is_too_large(&token) {
            let rest = rights.into_iter().skip(1).filter_map(|right| right.repository);
            self.session.ahead().expected.give_back(rest.collect::<Vec<_>>().into_iter());
            return Ok(());
        }
        rights.retain(|right| granted.iter().any(|scope| scope.allows(right)));
        let count = rights.len();
        for right in rights {
            let key = (batch.origin.clone(), Some(right));
            self.session.identify(&key, found);
            self.session.tokens.put(key, Arc::clone(&token));
        }
        if count > 1 { Ok(()) } else { Err(not_several("it grants one at most")) }
    }
}

/// The credentials to ask with, where there is no choice and a token server takes them: none at all are some too.
pub(super) fn only(found: &[Found]) -> Option<Option<&Found>> {
    match found {
        [] => Some(None),
        [found] if !matches!(found.credentials, Credentials::RegistryToken(_)) => Some(Some(found)),
        _ => None,
    }
}

fn credentials(found: Option<&Found>) -> &Credentials {
    found.map_or(&Credentials::Anonymous, |found| &found.credentials)
}

fn is_same(one: Option<&Found>, other: Option<&Found>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => one.is_same(other),
        _ => false,
    }
}
