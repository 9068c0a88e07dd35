//! The credentials that were found: from where, whose, until when.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::check::{Fact, Finding, Outcome, span};
use super::classify;
use super::context::Context;
use super::problem::{Problem, Secret};
use crate::auth::{Claims, Credentials};
use crate::error::{Denial, Kind, Result};
use crate::keychain::{CredentialMatch, Lookup};
use crate::trust::{Origin, Provides, Unused};

pub(super) async fn credentials(context: &mut Context) -> Result<Outcome> {
    if context.challenge.is_none() {
        return Ok(Outcome::skipped("not required"));
    }
    let setup = &context.setup;
    let lookup = match setup.keychain.lookup(&setup.registry, setup.repository.as_ref()).await {
        Ok(lookup) => lookup,
        Err(error) => {
            let problem = Problem::CredentialsNotRead { unusable: error.unusable_file().cloned() };
            let finding = Finding { problem, ..classify::finding(&error, &context.base) };
            return Ok(Outcome::failed(error.what(), finding));
        }
    };
    context.lacks_credentials = lookup.found.is_empty() && !lookup.failures.is_empty();
    let now = Timestamp::now();
    let facts = facts(&lookup);
    if let Some((secret, ended)) = all_ended(&lookup.found, now) {
        let ago = span(u64::try_from(now.as_second() - ended.as_second()).unwrap_or_default());
        let whose = lookup.found.first().map(|found| found.identity.to_string()).unwrap_or_default();
        let cause = format!("the credentials of {whose} expired at {ended}, {ago} ago");
        let kind = Kind::Denied(Denial::default());
        let finding = Finding { problem: Problem::ExpiredCredentials { secret }, cause, kind };
        return Ok(Outcome::failed("expired", finding).with(facts));
    }
    let outcome = match (lookup.found.as_slice(), failure(&lookup)) {
        ([], Some(finding)) => Outcome::failed("cannot be read", finding).without_blocking(),
        ([], None) => match near_miss(&lookup).or_else(|| misplaced(context)) {
            Some(finding) if context.requires_login().await => Outcome::failed("not used", finding).without_blocking(),
            finding => Outcome::passed("none found, using anonymous access").with_finding(finding),
        },
        ([found, ..], failure) => Outcome::passed(described(found)).with_finding(failure),
    };
    Ok(outcome.with(facts))
}

/// Whose credentials they are, from where, and until when they are valid.
fn described(found: &CredentialMatch) -> String {
    match ends(&found.credentials) {
        Some((_, time)) => format!("{}, expires {time}", found.identity),
        None => found.identity.to_string(),
    }
}

/// The other credentials that were found, and those that could not be read; one line each.
fn facts(lookup: &Lookup) -> Vec<Fact> {
    let others = lookup.found.iter().skip(1).map(described);
    // The first near miss is the cause.
    let near_misses = lookup.near_misses.iter().skip(1).filter(|_| lookup.found.is_empty()).map(ToString::to_string);
    let texts = others.chain(lookup.failures.iter().chain(&lookup.notes).cloned()).chain(near_misses);
    texts.map(|text| Fact::new(0, text)).collect()
}

/// Credentials that are almost those of the registry.
fn near_miss(lookup: &Lookup) -> Option<Finding> {
    let first = lookup.near_misses.first()?;
    let problem = Problem::NearMiss(first.clone());
    Some(Finding { problem, cause: first.to_string(), kind: Kind::Unauthenticated })
}

/// When the last of them expired, if all have.
fn all_ended(found: &[CredentialMatch], now: Timestamp) -> Option<(Secret, Timestamp)> {
    let ends: Option<Vec<_>> = found.iter().map(|found| ends(&found.credentials)).collect();
    let last = ends?.into_iter().max_by_key(|(_, time)| *time)?;
    Some(last).filter(|(_, time)| *time < now)
}

/// Why credentials that are configured could not be read.
fn failure(lookup: &Lookup) -> Option<Finding> {
    let problem = match lookup.helpers.first() {
        Some(helper) => {
            Problem::Helper { program: helper.program.clone(), key: helper.key.clone(), fault: helper.fault }
        }
        None => Problem::CredentialsNotRead { unusable: None },
    };
    let cause = lookup.failures.first()?.clone();
    Some(Finding { problem, cause, kind: Kind::Config })
}

/// Credentials in a `registries.yaml` may be where no client reads them.
fn misplaced(context: &Context) -> Option<Finding> {
    let trust = context.setup.trust.as_ref().ok()?.for_registry(&context.setup.registry);
    let (host, port) = context.place();
    trust.sources(&host, port).into_iter().find_map(|source| match source.provides {
        Provides::Nothing(why @ (Unused::Key { .. } | Unused::Misplaced)) if source.origin == Origin::Registries => {
            let cause = format!("{} is not used: {why}", source.path.display());
            let problem = Problem::FileNotUsed { path: source.path, why };
            Some(Finding { problem, cause, kind: Kind::Unauthenticated })
        }
        _ => None,
    })
}

/// The user name that belongs to the passwords of Amazon's registry (ECR).
const ECR_USER: &str = "AWS";

/// When credentials expire, and of which type they are. They say so themselves; nothing is verified.
fn ends(credentials: &Credentials) -> Option<(Secret, Timestamp)> {
    let token = |token: &SecretString| Some((Secret::Token, Claims::decode(token.expose_secret())?.expires?));
    match credentials {
        Credentials::Anonymous => None,
        Credentials::Basic { username, password } if username == ECR_USER => {
            Some((Secret::EcrPassword, ecr(password.expose_secret())?))
        }
        // Azure, GitLab and others issue tokens that are used as passwords.
        Credentials::Basic { password, .. } => token(password),
        Credentials::IdentityToken { token: secret, .. } | Credentials::RegistryToken(secret) => token(secret),
    }
}

/// An ECR password is base64 of JSON with the seconds since 1970 in `expiration`.
fn ecr(password: &str) -> Option<Timestamp> {
    let decoded = BASE64_STANDARD.decode(password.trim()).ok()?;
    let value: Value = serde_json::from_slice(&decoded).ok()?;
    Timestamp::from_second(value["expiration"].as_i64()?).ok()
}

#[cfg(test)]
mod tests {
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;

    use super::*;

    fn at(credentials: &Credentials) -> Option<(Secret, String)> {
        ends(credentials).map(|(secret, time)| (secret, time.to_string()))
    }

    #[test]
    fn a_token_ends_as_it_says() {
        let token = format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(r#"{"exp":1514800902}"#));
        let expected = Some((Secret::Token, "2018-01-01T10:01:42Z".to_owned()));
        let identity = Credentials::IdentityToken { username: None, token: token.as_str().into(), password: None };
        for credentials in [
            Credentials::RegistryToken(token.as_str().into()),
            identity,
            Credentials::basic("oauth2accesstoken", token.as_str()).expect("credentials"),
        ] {
            assert_eq!(at(&credentials), expected);
        }
    }

    #[test]
    fn a_password_of_amazons_ends_as_it_says() {
        let password = BASE64_STANDARD
            .encode(r#"{"payload":"x","datakey":"y","version":"2","type":"DATA_KEY","expiration":1514800902}"#);
        let credentials = |user| Credentials::basic(user, password.as_str()).expect("credentials");
        assert_eq!(at(&credentials("AWS")), Some((Secret::EcrPassword, "2018-01-01T10:01:42Z".to_owned())));
        assert_eq!(at(&credentials("ann")), None);
    }

    #[test]
    fn credentials_without_an_expiry_have_none() {
        for password in ["secret", "", "a.b.c", "e30.e30.x", "bnVsbA=="] {
            for user in ["ann", "AWS"] {
                assert_eq!(at(&Credentials::basic(user, password).expect("credentials")), None, "{user} {password}");
            }
        }
        assert_eq!(at(&Credentials::Anonymous), None);
    }
}
