//! When credentials end, where they say so themselves. Nothing of it is verified: it is for people.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::problem::Secret;
use crate::auth::{Claims, Credentials};

/// The user name that goes with the passwords of Amazon's registry.
const ECR_USER: &str = "AWS";

/// When credentials end, and of which sort they are.
pub(super) fn ends(credentials: &Credentials) -> Option<(Secret, Timestamp)> {
    let token = |token: &SecretString| Some((Secret::Token, Claims::decode(token.expose_secret())?.expires?));
    match credentials {
        Credentials::Anonymous => None,
        Credentials::Basic { username, password } if username == ECR_USER => {
            Some((Secret::EcrPassword, ecr(password.expose_secret())?))
        }
        // Azure, GitLab and others give tokens in the place of passwords.
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
    fn what_says_nothing_has_no_end() {
        for password in ["secret", "", "a.b.c", "e30.e30.x", "bnVsbA=="] {
            for user in ["ann", "AWS"] {
                assert_eq!(at(&Credentials::basic(user, password).expect("credentials")), None, "{user} {password}");
            }
        }
        assert_eq!(at(&Credentials::Anonymous), None);
    }
}
