//! Credentials: user names with passwords, and tokens.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use secrecy::{ExposeSecret, SecretString};

use crate::error::{Error, Result};

/// Credentials. Their secrets are never shown, not even by `Debug`.
#[derive(Debug, Clone, Default)]
pub enum Credentials {
    /// None.
    #[default]
    Anonymous,
    /// A user name and a password. [`Credentials::basic`] checks that they can be sent.
    Basic {
        /// The user name, without a colon.
        username: String,
        /// The password.
        password: SecretString,
    },
    /// A token that the token server exchanges for an access token (`grant_type=refresh_token`).
    IdentityToken {
        /// The user name, if known.
        username: Option<String>,
        /// The token.
        token: SecretString,
        /// The password that is stored with it, for a token server that does not exchange identity tokens.
        password: Option<SecretString>,
    },
    /// A token that is sent to the registry unchanged.
    RegistryToken(SecretString),
}

impl Credentials {
    /// A user name and a password.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`](crate::Kind::Config) when the user name has a colon, which ends the user name in Basic
    /// authentication (RFC 7617 §2).
    pub fn basic(username: impl Into<String>, password: impl Into<SecretString>) -> Result<Self> {
        let username = username.into();
        if username.contains(':') {
            // What follows is a password, as curl's -u has it.
            let name = username.split(':').next().unwrap_or_default();
            return Err(Error::config(format!("user name \"{name}:…\" contains a colon")));
        }
        Ok(Self::Basic { username, password: password.into() })
    }

    /// The user name, if there is one.
    pub fn username(&self) -> Option<&str> {
        match self {
            Self::Basic { username, .. } => Some(username),
            Self::IdentityToken { username, .. } => username.as_deref(),
            Self::Anonymous | Self::RegistryToken(_) => None,
        }
    }

    /// The value of an `Authorization` header with a user name and a password (RFC 7617, in UTF-8).
    ///
    /// `None` without a password, or when the user name has a colon. The value has only characters that are allowed in
    /// a header.
    pub fn basic_header(&self) -> Option<SecretString> {
        let (username, password) = match self {
            Self::Basic { username, password } => (username, password),
            Self::IdentityToken { username: Some(username), password: Some(password), .. } => (username, password),
            _ => return None,
        };
        if username.contains(':') {
            return None;
        }
        let pair = SecretString::from(format!("{username}:{}", password.expose_secret()));
        Some(format!("Basic {}", BASE64_STANDARD.encode(pair.expose_secret())).into())
    }

    /// The value of an `Authorization` header with a registry token.
    ///
    /// `None` without one, or when it has a character that is not allowed in a header.
    pub(crate) fn bearer_header(&self) -> Option<SecretString> {
        match self {
            Self::RegistryToken(token) if is_header_token(token.expose_secret()) => Some(bearer(token)),
            _ => None,
        }
    }
}

/// Whether a token can be sent as `Bearer TOKEN`: visible ASCII, which is wider than `b64token` of RFC 6750 §2.1.
pub(super) fn is_header_token(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The value of an `Authorization` header with a token (RFC 6750 §2.1).
pub(super) fn bearer(token: &SecretString) -> SecretString {
    format!("Bearer {}", token.expose_secret()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exposed(header: Option<SecretString>) -> Option<String> {
        header.map(|value| value.expose_secret().to_owned())
    }

    #[test]
    fn basic_is_base64_of_utf8() {
        let credentials = Credentials::basic("ann", "p\u{e4}ss:w\u{f6}rd").expect("credentials");
        assert_eq!(exposed(credentials.basic_header()).as_deref(), Some("Basic YW5uOnDDpHNzOnfDtnJk"));
        assert_eq!(exposed(credentials.bearer_header()), None);
    }

    #[test]
    fn no_character_of_a_password_reaches_the_header() {
        let credentials = Credentials::basic("a\r\nX y", "p\0\r\n").expect("credentials");
        let header = exposed(credentials.basic_header()).expect("a header");
        assert!(header.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{header:?}");
    }

    #[test]
    fn a_colon_in_the_user_name_is_refused() {
        assert_eq!(Credentials::basic("a:b", "c").expect_err("refused").kind(), &crate::Kind::Config);
        let smuggled = Credentials::Basic { username: "a:b".to_owned(), password: "c".into() };
        assert_eq!(exposed(smuggled.basic_header()), None);
    }

    #[test]
    fn a_registry_token_is_sent_unchanged_or_not_at_all() {
        assert_eq!(exposed(Credentials::RegistryToken("t".into()).bearer_header()).as_deref(), Some("Bearer t"));
        for token in ["", "a b", "a\nb", "\u{e9}"] {
            assert_eq!(exposed(Credentials::RegistryToken(token.into()).bearer_header()), None, "{token:?}");
        }
        assert_eq!(exposed(Credentials::Anonymous.basic_header()), None);
    }

    #[test]
    fn debug_shows_no_secret() {
        for credentials in [
            Credentials::basic("ann", "s3cret").expect("credentials"),
            Credentials::IdentityToken { username: None, token: "s3cret".into(), password: Some("s3cret".into()) },
            Credentials::RegistryToken("s3cret".into()),
        ] {
            assert!(!format!("{credentials:?}").contains("s3cret"));
        }
    }
}
