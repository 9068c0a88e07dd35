//! What a search for credentials gave.

use secrecy::{ExposeSecret, SecretString};

use super::helper::HelperFailure;

use crate::auth::Credentials;
use crate::error::Identity;

/// Credentials, and whose they are.
#[derive(Debug, Clone)]
pub struct CredentialMatch {
    /// The credentials.
    pub credentials: Credentials,
    /// The user name and the place where they were found.
    pub identity: Identity,
}

impl CredentialMatch {
    /// Credentials found at `source`, which is shown to people.
    pub fn new(credentials: Credentials, source: impl Into<String>) -> Self {
        let identity = Identity { username: credentials.username().map(str::to_owned), source: source.into() };
        Self { credentials, identity }
    }

    /// Whether the password ends in a line break, as that of `echo user:password | base64` does: hardly anybody's does.
    pub(super) fn ends_in_line(&self) -> bool {
        matches!(&self.credentials, Credentials::Basic { password, .. } if password.expose_secret().ends_with(['\n', '\r']))
    }

    /// Whether these are the same credentials, wherever they were found.
    pub fn is_same(&self, other: &Self) -> bool {
        is_same(&self.credentials, &other.credentials)
    }
}

/// The credentials for a registry, and what is to be said about the search. The texts never hold a secret.
#[derive(Debug, Clone, Default)]
pub struct Lookup {
    /// All that match, in the order to try them.
    pub found: Vec<CredentialMatch>,
    /// Credentials that should have been there and could not be had: a helper that fails, an entry that cannot be read.
    /// What only reads may go on without them; what changes the registry does not.
    pub failures: Vec<String>,
    /// Those of the failures that are of credential helpers, as facts.
    pub helpers: Vec<HelperFailure>,
    /// Mistakes that cost nothing yet: a file that others can read, a key that will never match.
    pub notes: Vec<String>,
}

impl Lookup {
    /// Adds what another place gave. Credentials that are already there are not added: a wrong password is sent once.
    pub(super) fn absorb(&mut self, other: Self) {
        for found in other.found {
            if !self.found.iter().any(|known| known.is_same(&found)) {
                self.found.push(found);
            }
        }
        self.failures.extend(other.failures);
        self.helpers.extend(other.helpers);
        self.notes.extend(other.notes);
    }
}

fn is_same(one: &Credentials, other: &Credentials) -> bool {
    let equal = |a: &SecretString, b: &SecretString| a.expose_secret() == b.expose_secret();
    match (one, other) {
        (Credentials::Anonymous, Credentials::Anonymous) => true,
        (Credentials::Basic { username: a, password: p }, Credentials::Basic { username: b, password: q }) => {
            a == b && equal(p, q)
        }
        (Credentials::IdentityToken { token: a, .. }, Credentials::IdentityToken { token: b, .. })
        | (Credentials::RegistryToken(a), Credentials::RegistryToken(b)) => equal(a, b),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_credentials_are_kept_once() {
        let basic = |user: &str, password: &str| Credentials::basic(user, password).expect("credentials");
        let token = |name: Option<&str>| Credentials::IdentityToken {
            username: name.map(str::to_owned),
            token: "t".into(),
            password: None,
        };
        let mut lookup = Lookup::default();
        for (index, credentials) in [
            basic("ann", "1"),
            basic("ann", "1"),
            basic("ann", "2"),
            basic("bob", "1"),
            token(None),
            token(Some("ann")),
            Credentials::RegistryToken("t".into()),
        ]
        .into_iter()
        .enumerate()
        {
            let found = vec![CredentialMatch::new(credentials, format!("place {index}"))];
            lookup.absorb(Lookup { found, notes: vec![format!("note {index}")], ..Lookup::default() });
        }
        let sources: Vec<&str> = lookup.found.iter().map(|found| found.identity.source.as_str()).collect();
        assert_eq!(sources, ["place 0", "place 2", "place 3", "place 4", "place 6"]);
        assert_eq!(lookup.notes.len(), 7);
    }
}
