//! Reads the authentication challenges of a 401 reply from its `WWW-Authenticate` header lines, and chooses the one to
//! answer.
//!
//! The Bearer challenge is that of the distribution specification, "Token Authentication"; Basic is RFC 7617.

use super::grammar::{self, Malformed, RawChallenge};
use super::permission::{Action, Permission};
use super::scopes::Scopes;
use crate::error::{Error, Kind, Refuser, Result};

/// The largest number of header lines that are read.
const MAX_LINES: usize = 32;

/// An authentication challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Challenge {
    /// A token of a token server is required.
    Bearer(BearerChallenge),
    /// A user name and a password are required with every request.
    Basic {
        /// A text for users; empty when the server sent none.
        realm: String,
    },
    /// A scheme that is not supported.
    Other {
        /// The scheme as the server spelt it, for instance `Negotiate`.
        scheme: String,
    },
    /// A header line, or the end of one, that cannot be parsed. What comes before it is a challenge of its own.
    Malformed(Malformed),
}

/// A Bearer challenge: where to get a token, and for which scopes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BearerChallenge {
    /// The token server, not validated: [`token_server`](super::token_server) makes a URL of it.
    pub realm: String,
    /// The registry's name towards the token server; `None` if absent or empty.
    pub service: Option<String>,
    /// The scopes that the request needs, separated by spaces; not validated: see [`Scopes::for_request`].
    pub scope: Option<String>,
    /// The error code for the token that the request carried, for instance `invalid_token` or `insufficient_scope` (RFC
    /// 6750 §3.1).
    pub error: Option<String>,
    /// Why the rest of the challenge cannot be parsed, if so: a service or a scope may be missing.
    pub malformed: Option<Malformed>,
}

impl BearerChallenge {
    /// The scopes to request a token for: as [`Scopes::for_request`], and the standard one if the challenge breaks off
    /// before its scope.
    pub fn scopes(&self, permission: Option<&Permission>) -> Scopes {
        match (&self.scope, permission) {
            (None, Some(permission)) if self.malformed.is_some() => Scopes::for_permission(permission),
            (scope, permission) => Scopes::for_request(scope.as_deref(), permission),
        }
    }
}

/// Parses the `WWW-Authenticate` header lines of a reply.
///
/// Each line is parsed by itself, so that a malformed one, which is returned as [`Challenge::Malformed`], does not hide
/// the others. A Bearer challenge that breaks off has its reason, too.
pub fn challenges<'a>(header_lines: impl IntoIterator<Item = &'a [u8]>) -> Vec<Challenge> {
    let mut found = Vec::new();
    for line in header_lines.into_iter().take(MAX_LINES) {
        let (whole, malformed) = grammar::parse_line(line);
        let mut whole: Vec<_> = whole.into_iter().map(Challenge::from).collect();
        if let Some(Challenge::Bearer(last)) = whole.last_mut() {
            last.malformed.clone_from(&malformed);
        }
        found.append(&mut whole);
        found.extend(malformed.map(Challenge::Malformed));
    }
    found
}

/// Why the challenges of a reply refuse what the request carried: each `error_description` (RFC 6750 §3), once.
pub(crate) fn descriptions<'a>(header_lines: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    let mut found = Vec::new();
    for line in header_lines.into_iter().take(MAX_LINES) {
        for raw in grammar::parse_line(line).0 {
            let description = raw.param("error_description").map(str::trim).filter(|text| !text.is_empty());
            found.extend(description.map(str::to_owned).filter(|text| !found.contains(text)));
        }
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
                service: param("service").filter(|service| !service.is_empty()),
                scope: param("scope"),
                error: param("error"),
                malformed: None,
            }),
            None => Self::Malformed(Malformed { reason: "a Bearer challenge names no realm", position: 0 }),
        }
    }
}

/// The challenge to answer, always [`Challenge::Bearer`] or [`Challenge::Basic`]: Bearer is preferred, otherwise the
/// first. Other schemes are ignored.
///
/// # Errors
///
/// [`Kind::Unauthenticated`] when no challenge can be answered; the causes name what was offered.
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
        Error::new(Kind::Unauthenticated, "the registry requires authentication and sends no valid challenge")
    } else {
        let offered = schemes.join(", ");
        Error::new(Kind::Unauthenticated, "the registry offers no supported authentication scheme")
            .because(format!("offered: {offered}; supported: Bearer, Basic"))
    };
    match malformed {
        Some(why) => error = error.because(is_malformed(&why)),
        None if schemes.is_empty() => {
            error = error.because("no authentication method offered: 401 without WWW-Authenticate")
        }
        None => {}
    }
    error
}

fn is_malformed(why: &Malformed) -> String {
    format!("the WWW-Authenticate header is malformed: {why}")
}

/// The error of a login that failed after a challenge that breaks off. The registry or its token server was asked
/// without what is missing, so that a refusal says nothing about the password.
pub(crate) fn failed_after_malformed(why: &Malformed, error: Error, registry: &str) -> Error {
    let cause = is_malformed(why);
    let is_login_refused = match error.kind() {
        Kind::Denied(denial) => {
            matches!(denial.by, Refuser::TokenServer(_)) || error.reply().is_some_and(|reply| reply.status == 401)
        }
        _ => false,
    };
    match error.kind() {
        _ if is_login_refused => {
            let error = error.within(format!("{cause}; what comes before was used"));
            error.within(format!("cannot log in to {registry}")).with_kind(Kind::UnusableChallenge)
        }
        Kind::Unauthenticated | Kind::Hidden => error.because(cause),
        _ => error,
    }
}

/// Predicts a registry's next Bearer challenge: the token server, and the registry's name as its service, which all
/// challenges of a registry share that uses standard scopes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChallengeTemplate {
    realm: String,
    service: Option<String>,
}

impl ChallengeTemplate {
    /// The template of a challenge to a request that needs `permission`. `None` unless the permission is to read, the
    /// scope is the standard one for it and nothing else, and the realm does not depend on the repository.
    pub fn of(challenge: &BearerChallenge, permission: &Permission) -> Option<Self> {
        let is_standard = challenge.scope.as_deref() == Some(Scopes::for_permission(permission).to_string().as_str());
        let shows = matches!(permission.action, Action::Catalog | Action::Pull) && is_standard;
        (shows && !is_of_repository(&challenge.realm, permission))
            .then(|| Self { realm: challenge.realm.clone(), service: challenge.service.clone() })
    }

    /// The challenge that a request without a token would get. `None` for a permission to write or delete, whose scopes
    /// differ between registries.
    pub fn challenge(&self, permission: &Permission) -> Option<BearerChallenge> {
        let scope = (permission.action == Action::Pull).then(|| Scopes::for_permission(permission).to_string())?;
        let Self { realm, service } = self.clone();
        Some(BearerChallenge { realm, service, scope: Some(scope), error: None, malformed: None })
    }
}

/// Artifactory and others may have a token server for each folder of repositories, with the folder in its URL.
fn is_of_repository(realm: &str, permission: &Permission) -> bool {
    let folder = permission.repository.as_ref().and_then(|repository| repository.as_str().split('/').next());
    folder.is_some_and(|folder| realm.split(['/', '?', '=', '&']).any(|part| part == folder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Repository;

    fn read(lines: &[&str]) -> Vec<Challenge> {
        challenges(lines.iter().map(|line| line.as_bytes()))
    }

    fn bearer(realm: &str) -> BearerChallenge {
        BearerChallenge { realm: realm.to_owned(), service: None, scope: None, error: None, malformed: None }
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
    fn a_bearer_that_breaks_off_is_used_and_says_so() {
        let app = permission("team/app", Action::Pull);
        for (line, scope, is_cut) in [
            (r#"Bearer realm="https://a/t" service="s""#, "repository:team/app:pull", true),
            (
                r#"Bearer realm="https://a/t",scope="repository:team/app:pull",service="s"#,
                "repository:team/app:pull",
                true,
            ),
            (r#"Bearer realm="https://a/t",service="s""#, "", false),
            (r#"Bearer realm="https://a/t", Basic realm="x" y="z""#, "", false),
        ] {
            let Ok(Challenge::Bearer(bearer)) = preferred(read(&[line])) else { panic!("{line}") };
            assert_eq!(
                (bearer.malformed.is_some(), &*bearer.scopes(Some(&app)).to_string()),
                (is_cut, scope),
                "{line}"
            );
        }
        let Ok(Challenge::Bearer(other)) = preferred(read(&["Basic realm=\"x", "Bearer realm=https://a/t"])) else {
            panic!("another line is no part of it")
        };
        assert_eq!(other.malformed, None);
    }

    #[test]
    fn the_description_of_an_error_is_read_in_any_scheme() {
        for (lines, expected) in [
            (
                &[r#"Bearer realm="https://a/t",error="invalid_token",error_description="it has expired""#][..],
                &["it has expired"][..],
            ),
            (
                &[
                    r#"Basic realm="x", error_description="ann is locked""#,
                    r#"Other error_description="ann is locked""#,
                ],
                &["ann is locked"],
            ),
            (&[r#"Bearer realm="https://a/t",error_description=" ""#, "Bearer realm=\"x"], &[]),
        ] {
            assert_eq!(descriptions(lines.iter().map(|line| line.as_bytes())), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_flood_of_lines_is_cut() {
        let lines = vec!["Negotiate"; 10_000];
        assert_eq!(read(&lines).len(), MAX_LINES);
    }

    fn permission(name: &str, action: Action) -> Permission {
        Permission::on(&name.parse::<Repository>().expect(name), action)
    }

    fn challenge(realm: &str, scope: Option<&str>) -> BearerChallenge {
        let service = Some("registry".to_owned());
        let scope = scope.map(str::to_owned);
        BearerChallenge { realm: realm.to_owned(), service, scope, error: None, malformed: None }
    }

    const REALM: &str = "https://auth.example/token";

    #[test]
    fn a_standard_challenge_predicts_the_next() {
        let catalog = ChallengeTemplate::of(&challenge(REALM, Some("registry:catalog:*")), &Permission::catalog());
        let app = permission("team/app", Action::Pull);
        let pull = ChallengeTemplate::of(&challenge(REALM, Some("repository:team/app:pull")), &app);
        assert_eq!(catalog, pull);
        let template = pull.expect("a template");
        let web = permission("team/web", Action::Pull);
        let predicted = template.challenge(&web).expect("a challenge");
        assert_eq!(predicted, challenge(REALM, Some("repository:team/web:pull")));
        assert!(template.challenge(&web) == Some(predicted.clone()) && template.challenge(&app) != Some(predicted));
        assert!(
            template.challenge(&web)
                != Some(challenge("https://other.example/token", Some("repository:team/web:pull")))
        );
    }

    #[test]
    fn an_unusual_challenge_predicts_nothing() {
        let app = permission("team/app", Action::Pull);
        for scope in [
            None,
            Some(""),
            Some("repository:team/app:pull,push"),
            Some("repository:team/app:metadata_read"),
            Some("repository:other/app:pull"),
            Some("repository:team/app:pull repository:base/app:pull"),
        ] {
            assert_eq!(ChallengeTemplate::of(&challenge(REALM, scope), &app), None, "{scope:?}");
        }
        for realm in ["https://auth.example/team/token", "https://auth.example/token?key=team"] {
            assert_eq!(
                ChallengeTemplate::of(&challenge(realm, Some("repository:team/app:pull")), &app),
                None,
                "{realm}"
            );
        }
    }

    #[test]
    fn challenges_for_changes_are_not_predicted() {
        for action in [Action::Push, Action::Delete] {
            let permission = permission("team/app", action);
            let scope = Scopes::for_permission(&permission).to_string();
            assert_eq!(ChallengeTemplate::of(&challenge(REALM, Some(&scope)), &permission), None);
            let template = ChallengeTemplate { realm: REALM.to_owned(), service: None };
            assert_eq!(template.challenge(&permission), None);
        }
    }
}
