//! Why a request was denied: a missing login, a wrong password or a missing permission.

use url::Url;

use super::auth_state::AuthState;
use super::request::{RequestContext, authority};
use crate::auth::{Permission, Secrets, Token};
use crate::error::{Denial, Error, Identity, Kind, Refuser};
use crate::keychain::CredentialMatch;
use crate::name::Repository;

/// A request that was denied, and what was sent with it.
pub(super) struct DeniedRequest<'a> {
    pub state: &'a AuthState,
    /// Mask what the token says.
    pub secrets: &'a Secrets,
    pub context: &'a RequestContext,
    /// Who denied it.
    pub url: &'a Url,
    /// The token that was sent, if any.
    pub token: Option<&'a Token>,
}

impl DeniedRequest<'_> {
    /// Adds to a [`Kind::Denied`] who was denied, and what the token grants. That of an anonymous request has the
    /// credentials that almost were the registry's. Any other error stays as it is.
    ///
    /// Registries answer alike for a repository that does not exist and for one that may not be read: then both are
    /// said.
    pub async fn explain(&self, error: Error) -> Error {
        let Kind::Denied(denial) = error.kind() else { return error };
        if !self.state.may_receive_credentials(self.url) {
            let host = authority(self.url);
            let cause = format!("{host} is not the registry, so it gets no credentials");
            let denial = Denial { by: Refuser::OtherServer(host), ..denial.clone() };
            return error.with_kind(Kind::Denied(denial)).because(cause);
        }
        let denial = denial.clone();
        let key = (self.url.origin(), self.context.permission.clone());
        let identity = self.state.cache().identity(&key).cloned();
        match identity {
            None => error,
            Some(None) => self.explain_anonymous(error).await,
            Some(Some(identity)) => {
                let error = self.explain_identified(error, denial, identity).await;
                self.explain_token(error)
            }
        }
    }

    /// The repository that was to be read.
    fn pulled(&self) -> Option<&Repository> {
        self.context.permission.as_ref().and_then(Permission::pulled)
    }

    async fn explain_anonymous(&self, error: Error) -> Error {
        let registry = &self.context.registry;
        let unauthorized = is_unauthorized(&error);
        let error = match self.pulled().filter(|_| self.token.is_some()) {
            Some(repository) => error.called(hidden(repository, registry)).with_kind(Kind::Hidden),
            None if unauthorized => {
                error.called(format!("not logged in to {registry}")).with_kind(Kind::Unauthenticated)
            }
            None => error,
        };
        let lookup = self.state.lookup(self.context.permission.as_ref()).await;
        match lookup.found.first() {
            None => error.with_near_misses(lookup.near_misses),
            Some(found) if unauthorized && self.token.is_none() => error.because(format!(
                "the credentials from {} are a token; the registry accepts only a user name and a password",
                found.identity
            )),
            Some(_) => error,
        }
    }

    async fn explain_identified(&self, error: Error, denial: Denial, identity: Identity) -> Error {
        let registry = &self.context.registry;
        let is_by_registry = denial.by == Refuser::Registry;
        let is_login_known = self.state.cache().is_login_accepted(&self.url.origin(), &identity);
        let is_refused = is_login_known == Some(false) || has_expired(&error);
        let accepted = is_by_registry
            && !is_refused
            && (self.token.is_some() || !is_unauthorized(&error) || is_login_known == Some(true));
        let what = match self.pulled() {
            _ if !is_by_registry => error.what().to_owned(),
            _ if is_login_known == Some(false) => format!("login refused by {registry}: wrong user name or password"),
            _ if is_refused => format!("login refused by {registry}: the password has expired"),
            Some(repository) if accepted => {
                format!("not allowed to pull {repository} on {registry}, or it does not exist")
            }
            _ => error.what().to_owned(),
        };
        // A permission would not help a login that is refused.
        let permission = denial.permission.filter(|_| !is_refused);
        let found = if accepted { Vec::new() } else { self.state.lookup(self.context.permission.as_ref()).await.found };
        let oddity = found.iter().find(|found| found.identity == identity).and_then(CredentialMatch::oddity);
        let cause = if accepted { format!("logged in as {identity}") } else { format!("tried as {identity}") };
        let denial = Denial { permission, identity: Some(identity), accepted, by: denial.by, oddity: oddity.clone() };
        let error = error.called(what).with_kind(Kind::Denied(denial)).because(cause);
        oddity.into_iter().fold(error, Error::because)
    }

    /// Adds what the token grants, if it says so.
    fn explain_token(&self, error: Error) -> Error {
        match self.token.and_then(Token::granted).as_deref() {
            None => error,
            Some([]) => error.because("the token grants nothing"),
            Some(scopes) => {
                let is_granted = |permission| scopes.iter().any(|scope| scope.allows(permission));
                let is_refused = self.context.permission.as_ref().is_some_and(is_granted);
                let listed = scopes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
                let listed = self.secrets.masked(&listed);
                error.because(match is_refused {
                    true => format!("the token grants {listed}, but the registry refuses it"),
                    false => format!("the token grants only {listed}"),
                })
            }
        }
    }
}

/// What is known about a repository if a registry refuses an anonymous token for it.
pub(super) fn hidden(repository: &Repository, registry: &str) -> String {
    format!("{repository} does not exist on {registry}, or requires login")
}

fn is_unauthorized(error: &Error) -> bool {
    error.reply().is_some_and(|reply| reply.status == 401)
}

/// Whether the registry says that the password has expired, as Amazon ECR does with 403. Only its text shows it.
fn has_expired(error: &Error) -> bool {
    error.reply().is_some_and(|reply| reply.errors.iter().any(|error| error.message.contains("token has expired")))
}
