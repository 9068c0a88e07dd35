//! What a server asks for in a 401: the challenges of its `WWW-Authenticate` header lines, and the one to answer.
//!
//! The Bearer challenge is that of the distribution specification, "Token Authentication"; Basic is RFC 7617.

use super::grammar::{self, Malformed, RawChallenge};
use super::scope::Scopes;
use crate::error::{Error, Kind, Result};

/// The largest number of header lines that are looked at; more is noise or malice.
const MAX_LINES: usize = 32;

/// One way in which a server lets itself be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Challenge {
    /// A token is wanted, from a token server.
    Bearer(BearerChallenge),
    /// A user name and a password are wanted, with every request.
    Basic {
        /// A text for people; empty when the server gave none.
        realm: String,
    },
    /// Something that is not spoken here.
    Other {
        /// The scheme as the server spelt it, for instance `Negotiate`.
        scheme: String,
    },
    /// A header line, or the end of one, that cannot be read.
    Malformed(Malformed),
}

/// Where to get a token, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BearerChallenge {
    /// The token server, unchecked: [`token_server`](super::token_server) makes a URL of it.
    pub realm: String,
    /// The registry's name towards the token server.
    pub service: Option<String>,
    /// The scopes that the request needs, separated by spaces; unchecked: see [`Scopes::for_request`].
    pub scope: Option<String>,
    /// What was wrong with the token that the request carried, for instance `invalid_token` or `insufficient_scope`.
    pub error: Option<String>,
}

impl BearerChallenge {
    /// The scopes that the token lacked, when the server says that this was the matter (RFC 6750 §3.1).
    ///
    /// `None` when it says something else, or names no scope that can be read: another token would not be better.
    pub fn missing_scopes(&self) -> Option<Scopes> {
        if self.error.as_deref() != Some("insufficient_scope") {
            return None;
        }
        Some(Scopes::parse(self.scope.as_deref()?)).filter(|scopes| !scopes.is_empty())
    }
}

/// Reads the `WWW-Authenticate` header lines of one reply.
///
/// Each line is read by itself, so that a bad one does not hide the others; it appears as [`Challenge::Malformed`].
pub fn challenges<'a>(header_lines: impl IntoIterator<Item = &'a [u8]>) -> Vec<Challenge> {
    let mut found = Vec::new();
    for line in header_lines.into_iter().take(MAX_LINES) {
        let (whole, malformed) = grammar::parse_line(line);
        found.extend(whole.into_iter().map(Challenge::from));
        found.extend(malformed.map(Challenge::Malformed));
    }
    found
}

impl From<RawChallenge> for Challenge {
    fn from(raw: RawChallenge) -> Self {
        let param = |name| raw.param(name).map(str::to_owned);
        if raw.scheme.eq_ignore_ascii_case("Basic") {
            return Self::Basic { realm: param("realm").unwrap_or_default() };
        }
        if !raw.scheme.eq_ignore_ascii_case("Bearer") {
            return Self::Other { scheme: raw.scheme };
        }
        match param("realm") {
            Some(realm) => Self::Bearer(BearerChallenge {
                realm,
                service: param("service"),
                scope: param("scope"),
                error: param("error"),
            }),
            None => Self::Malformed(Malformed { reason: "a Bearer challenge names no realm", position: 0 }),
        }
    }
}

/// The challenge to answer, always [`Challenge::Bearer`] or [`Challenge::Basic`]: Bearer rather than Basic, otherwise the
/// first. Schemes that are not spoken here are passed over.
///
/// # Errors
///
/// [`Kind::Unauthenticated`] when nothing can be answered; the causes name what was offered.
pub fn preferred(challenges: Vec<Challenge>) -> Result<Challenge> {
    let mut basic = None;
    let mut schemes = Vec::new();
    let mut malformed = None;
    for challenge in challenges {
        match challenge {
            Challenge::Bearer(_) => return Ok(challenge),
            Challenge::Basic { .. } => basic = basic.or(Some(challenge)),
            Challenge::Other { scheme } => schemes.push(scheme),
            Challenge::Malformed(why) => malformed = malformed.or(Some(why)),
        }
    }
    basic.ok_or_else(|| nothing_to_answer(&schemes, malformed))
}

fn nothing_to_answer(schemes: &[String], malformed: Option<Malformed>) -> Error {
    let mut error = if schemes.is_empty() {
        Error::new(Kind::Unauthenticated, "the registry wants authentication and offers no method that can be read")
    } else {
        let offered = schemes.join(", ");
        Error::new(Kind::Unauthenticated, "the registry offers no authentication method that is supported")
            .because(format!("offered: {offered}; supported: Bearer, Basic"))
    };
    match malformed {
        Some(why) => error = error.because(format!("the WWW-Authenticate header is malformed: {why}")),
        None if schemes.is_empty() => {
            error = error.because("no authentication method offered: 401 without WWW-Authenticate")
        }
        None => {}
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Vec<Challenge> {
        challenges(lines.iter().map(|line| line.as_bytes()))
    }

    fn bearer(realm: &str) -> BearerChallenge {
        BearerChallenge { realm: realm.to_owned(), service: None, scope: None, error: None }
    }

    #[test]
    fn bearer_is_preferred_wherever_it_stands() {
        let expected = Challenge::Bearer(BearerChallenge { service: Some("s".to_owned()), ..bearer("https://a/t") });
        for lines in [
            &["Basic realm=x", "bearer service=s,realm=\"https://a/t\""][..],
            &["Negotiate, Basic, Bearer realm=https://a/t,service=s"],
            &["Bearer realm=\"unterminated", "BEARER realm=https://a/t,service=s", "Bearer realm=https://b/t"],
        ] {
            assert_eq!(preferred(read(lines)).expect("a challenge"), expected, "{lines:?}");
        }
    }

    #[test]
    fn basic_stands_in_for_a_bearer_without_a_realm() {
        let challenge = preferred(read(&["Bearer service=s", "Basic realm=\"Registry Realm\""])).expect("a challenge");
        assert_eq!(challenge, Challenge::Basic { realm: "Registry Realm".to_owned() });
    }

    #[test]
    fn the_error_names_what_was_offered() {
        for (lines, cause) in [
            (&[][..], "no authentication method offered"),
            (&["Negotiate", "Digest"], "offered: Negotiate, Digest;"),
            (&["Bearer realm=\"secret"], "a quoted value has no end at byte 13"),
            (&["Bearer service=s"], "a Bearer challenge names no realm"),
        ] {
            let error = preferred(read(lines)).expect_err("nothing to answer");
            assert_eq!(error.kind(), &Kind::Unauthenticated);
            assert!(error.causes()[0].contains(cause), "{lines:?}: {error}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_flood_of_lines_is_cut() {
        let lines = vec!["Negotiate"; 10_000];
        assert_eq!(read(&lines).len(), MAX_LINES);
    }

    #[test]
    fn only_an_insufficient_scope_names_what_is_missing() {
        let challenge = |error: &str, scope: &str| BearerChallenge {
            scope: Some(scope.to_owned()),
            error: Some(error.to_owned()),
            ..bearer("https://a/t")
        };
        let missing = challenge("insufficient_scope", "registry:catalog:*").missing_scopes().expect("scopes");
        assert_eq!(missing.to_string(), "registry:catalog:*");
        assert_eq!(challenge("insufficient_scope", "foo:bar").missing_scopes(), None);
        assert_eq!(challenge("invalid_token", "registry:catalog:*").missing_scopes(), None);
    }
}
