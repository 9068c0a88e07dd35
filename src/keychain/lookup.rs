//! The result of a search for credentials.

use secrecy::{ExposeSecret, SecretString};

use super::helper::HelperFailure;

use crate::auth::Credentials;
use crate::error::{Identity, NearMiss};

/// Credentials, their account and source.
#[derive(Debug, Clone)]
pub struct CredentialMatch {
    /// The credentials.
    pub credentials: Credentials,
    /// The user name and where they were found.
    pub identity: Identity,
}

impl CredentialMatch {
    /// Credentials found at `source`, which is shown to people.
    pub fn new(credentials: Credentials, source: impl Into<String>) -> Self {
        let identity = Identity { username: credentials.username().map(str::to_owned), source: source.into() };
        Self { credentials, identity }
    }

    /// What looks like a mistake in the user name or the password, without quoting either: for a login that was
    /// refused.
    pub fn oddity(&self) -> Option<String> {
        let Credentials::Basic { username, password } = &self.credentials else { return None };
        [("the password", password.expose_secret()), ("the user name", username.as_str())]
            .into_iter()
            .find_map(|(what, text)| Some(format!("{what} {}", oddity(text)?)))
    }

    /// Whether the credentials are the same, wherever they were found.
    pub fn is_same(&self, other: &Self) -> bool {
        is_same(&self.credentials, &other.credentials)
    }
}

/// The credentials for a registry, with failures and notes of the search. No text contains a secret.
#[derive(Debug, Clone, Default)]
pub struct Lookup {
    /// All that match, in the order to try them.
    pub found: Vec<CredentialMatch>,
    /// Credentials that are configured and cannot be read: a helper that fails, an invalid entry. Reading may go on
    /// without them; changing the registry may not.
    pub failures: Vec<String>,
    /// The failures of credential helpers, as facts.
    pub helpers: Vec<HelperFailure>,
    /// Mistakes without consequences so far: a file that other users can read.
    pub notes: Vec<String>,
    /// Settings that seem to be meant for the registry and do not count for it, from sources that had nothing else.
    pub near_misses: Vec<NearMiss>,
}

impl Lookup {
    /// Adds the result of another source, without duplicate credentials: a wrong password is sent once.
    pub(super) fn absorb(&mut self, other: Self) {
        for found in other.found {
            if !self.found.iter().any(|known| known.is_same(&found)) {
                self.found.push(found);
            }
        }
        self.failures.extend(other.failures);
        self.helpers.extend(other.helpers);
        self.notes.extend(other.notes);
        self.near_misses.extend(other.near_misses);
    }
}

/// What looks like a mistake in a user name or a password.
fn oddity(text: &str) -> Option<&'static str> {
    let is_between =
        |first: char, last: char| text.chars().count() > 1 && text.starts_with(first) && text.ends_with(last);
    let is_variable = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let variable = text.strip_prefix('$').or_else(|| text.strip_prefix('%')?.strip_suffix('%'));
    let is_invisible =
        |c: char| c.is_control() || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{ad}');
    Some(match text {
        "" => "is empty",
        // For instance from `echo user:password | base64`.
        _ if text.ends_with(['\n', '\r']) => "ends with a line break",
        _ if text.contains(is_invisible) => "contains an invisible character",
        _ if text.trim() != text => "begins or ends with white space",
        _ if is_between('"', '"') || is_between('\'', '\'') || is_between('“', '”') => "is in quotation marks",
        _ if variable.is_some_and(is_variable)
            || is_between('$', '}')
            || is_between('{', '}')
            || is_between('$', ')') =>
        {
            "looks like a variable that was not replaced"
        }
        _ if text.bytes().all(|byte| byte == b'*') => "consists of asterisks, as where a log masks it",
        _ => return None,
    })
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
    fn likely_mistakes_are_reported_without_quoting() {
        for (password, reported) in [
            ("", Some("the password is empty")),
            ("pw\n", Some("the password ends with a line break")),
            ("\u{feff}pw", Some("the password contains an invisible character")),
            ("pw ", Some("the password begins or ends with white space")),
            ("\"pw\"", Some("the password is in quotation marks")),
            ("'pw'", Some("the password is in quotation marks")),
            ("$PASSWORD", Some("the password looks like a variable that was not replaced")),
            ("${{ secrets.PW }}", Some("the password looks like a variable that was not replaced")),
            ("{{ pw }}", Some("the password looks like a variable that was not replaced")),
            ("%PW%", Some("the password looks like a variable that was not replaced")),
            ("***", Some("the password consists of asterisks, as where a log masks it")),
            ("$ecret", None),
            ("p w", None),
            ("\"", None),
            ("p*", None),
        ] {
            let found = CredentialMatch::new(Credentials::basic("ann", password).expect("credentials"), "here");
            assert_eq!(found.oddity().as_deref(), reported, "{password:?}");
        }
        let of_user =
            |name| CredentialMatch::new(Credentials::basic(name, "pw").expect("credentials"), "here").oddity();
        assert_eq!(of_user("ann ").as_deref(), Some("the user name begins or ends with white space"));
        assert_eq!(of_user("").as_deref(), Some("the user name is empty"));
        assert_eq!(of_user("ann"), None);
    }

    #[test]
    fn duplicate_credentials_are_dropped() {
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
