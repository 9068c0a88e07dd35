//! Tokens as token servers issue them.

use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;

use super::claims::{Claims, are_equivalent};
use super::credentials::{bearer, is_header_token};
use super::scope::Scope;
use crate::error::{Error, Fault, Kind, Result};

/// The shortest lifetime, and that of a token without one.
const MIN_LIFETIME: Duration = Duration::from_secs(60);
/// The longest lifetime. A token that expires earlier than it says is replaced after a 401.
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// How long before it expires a token is no longer used: a request takes a while to arrive.
const MARGIN: Duration = Duration::from_secs(10);

/// The most members that are named of a reply without a token.
const MAX_NAMES: usize = 5;
/// How many characters of each are quoted.
const MAX_NAME: usize = 40;

/// An access token, which is sent as `Authorization: Bearer …`.
#[derive(Debug)]
pub struct Token {
    access: SecretString,
    refresh: Option<SecretString>,
    received: Instant,
    lifetime: Duration,
    is_batched: bool,
}

/// `issued_at` is ignored: lifetimes count from receipt, so that clocks need not agree.
#[derive(Deserialize)]
struct Body {
    token: Option<SecretValue>,
    access_token: Option<SecretValue>,
    refresh_token: Option<SecretValue>,
    expires_in: Option<Value>,
}

struct SecretValue(SecretString);

impl<'de> Deserialize<'de> for SecretValue {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

impl Token {
    /// The largest reply of a token server, in bytes.
    pub(crate) const MAX_BODY: usize = 1024 * 1024;
    /// The largest identity token, in bytes: it is kept in a file that every command reads.
    pub(crate) const MAX_IDENTITY_TOKEN: usize = 64 * 1024;

    /// Parses the reply of a token server that has just arrived.
    ///
    /// # Errors
    ///
    /// [`Kind::Protocol`] when it has no usable token, is not JSON, or has a duplicate member. The error does not quote
    /// it.
    pub fn parse(body: &[u8]) -> Result<Self> {
        Self::parse_received(body, Instant::now())
    }

    /// Parses the reply of a token server that arrived at `received`. Public for tests that control the clock.
    ///
    /// # Errors
    ///
    /// As [`Token::parse`].
    #[doc(hidden)]
    pub fn parse_received(body: &[u8], received: Instant) -> Result<Self> {
        if body.len() > Self::MAX_BODY {
            return Err(unreadable(Fault::TooLarge).because("it is larger than 1 MiB"));
        }
        // serde reads a JSON array into a struct as well.
        if !body.trim_ascii_start().starts_with(b"{") {
            return Err(unreadable(Fault::Malformed).because("it is not a JSON object"));
        }
        let reply: Body =
            serde_json::from_slice(body).map_err(|error| unreadable(Fault::Malformed).because(reason(&error)))?;
        let usable = |token: Option<SecretValue>| {
            token.map(|SecretValue(token)| token).filter(|token| !token.expose_secret().is_empty())
        };
        let access = usable(reply.token)
            .or_else(|| usable(reply.access_token))
            .ok_or_else(|| unreadable(Fault::Malformed).because(without_token(body)))?;
        if !is_header_token(access.expose_secret()) {
            return Err(unreadable(Fault::Malformed).because("the token has a character that a header may not have"));
        }
        let (refresh, lifetime) = (usable(reply.refresh_token), lifetime(reply.expires_in.as_ref()));
        Ok(Self { access, refresh, received, lifetime, is_batched: false })
    }

    /// Marks the token as requested for several repositories at once.
    #[must_use]
    pub(crate) fn batched(self) -> Self {
        Self { is_batched: true, ..self }
    }

    /// Whether the token was requested for several repositories at once. A registry that refuses it may accept one for
    /// a single repository.
    pub(crate) fn is_batched(&self) -> bool {
        self.is_batched
    }

    /// Its length in bytes.
    pub fn size(&self) -> usize {
        self.access.expose_secret().len()
    }

    /// The value of the `Authorization` header.
    pub fn authorization(&self) -> SecretString {
        bearer(&self.access)
    }

    /// How long the token may be used, from its receipt.
    pub fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// Whether the token can still be used at `now`; it counts as expired some seconds early.
    pub fn is_fresh_at(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.received) + MARGIN < self.lifetime
    }

    /// The identity token that came with it, if one was asked for
    /// ([`TokenRequest::offline`](super::TokenRequest::offline)).
    ///
    /// # Errors
    ///
    /// [`Kind::Protocol`] if it cannot be stored: it is larger than 64 KiB, or has a character that is not visible
    /// ASCII.
    pub fn refresh_token(&self) -> Result<Option<&SecretString>> {
        let Some(refresh) = &self.refresh else { return Ok(None) };
        let unusable = |fault| Error::new(Kind::Protocol(fault), "the token server's identity token cannot be used");
        if refresh.expose_secret().len() > Self::MAX_IDENTITY_TOKEN {
            return Err(unusable(Fault::TooLarge).because("it is larger than 64 KiB"));
        }
        if !is_header_token(refresh.expose_secret()) {
            return Err(unusable(Fault::Malformed).because("it has a character that a token may not have"));
        }
        Ok(Some(refresh))
    }

    /// The token's claims, signature **not checked**: for users to look at, never to decide by. `None` when it is not a
    /// JSON Web Token.
    pub fn claims(&self) -> Option<Claims> {
        Claims::decode(self.access.expose_secret())
    }

    /// Whether another token has the same account and permissions, signatures not checked; `None` when one is not a
    /// JSON Web Token.
    pub fn has_same_claims_as(&self, other: &Self) -> Option<bool> {
        are_equivalent(self.access.expose_secret(), other.access.expose_secret())
    }

    /// The scopes in the token, signature not checked; empty when it grants nothing, `None` when it does not say.
    pub fn granted(&self) -> Option<Vec<Scope>> {
        self.claims()?.granted
    }

    /// The account in the token, signature not checked.
    pub fn subject(&self) -> Option<String> {
        self.claims()?.subject
    }

    /// When the token expires by the token server's clock, signature not checked.
    pub fn expires(&self) -> Option<jiff::Timestamp> {
        self.claims()?.expires
    }
}

/// A number of seconds; some servers send it as a string, and olareg in nanoseconds, as Go stores durations.
fn lifetime(expires_in: Option<&Value>) -> Duration {
    let seconds = match expires_in {
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    /// More seconds than any lifetime has; as many nanoseconds are one second.
    const NANOSECONDS: f64 = 1e9;
    let seconds = seconds.map(|given: f64| if given >= NANOSECONDS { given / NANOSECONDS } else { given });
    // Clamping leaves only finite positive values; NaN becomes the default.
    let seconds = seconds.filter(|seconds: &f64| !seconds.is_nan()).unwrap_or_default();
    Duration::from_secs_f64(seconds.clamp(MIN_LIFETIME.as_secs_f64(), MAX_LIFETIME.as_secs_f64()))
}

/// The position of a parse error. Its own text may quote the body, which contains a secret.
fn reason(error: &serde_json::Error) -> String {
    let what = if error.is_data() { "a member is of the wrong type, or is given twice" } else { "it is not JSON" };
    format!("{what} (line {}, column {})", error.line(), error.column())
}

/// What a reply without a usable token has instead. Only names are quoted: a value may be a token.
fn without_token(body: &[u8]) -> String {
    let members: serde_json::Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
    if let Some((name, value)) = ["token", "access_token"].iter().find_map(|name| members.get_key_value(*name)) {
        return format!("its {name} is {}", if value.is_null() { "null" } else { "empty" });
    }
    let shown = |name: &String| format!("{:?}", name.chars().take(MAX_NAME).collect::<String>());
    let mut names: Vec<_> = members.keys().take(MAX_NAMES).map(shown).collect();
    if members.len() > MAX_NAMES {
        names.push(format!("and {} more", members.len() - MAX_NAMES));
    }
    match names[..] {
        [] => "it is an empty JSON object".to_owned(),
        _ => format!("it has neither token nor access_token, only {}", names.join(", ")),
    }
}

fn unreadable(fault: Fault) -> Error {
    Error::new(Kind::Protocol(fault), "the token server's reply cannot be used")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(body: &str) -> Token {
        Token::parse(body.as_bytes()).expect(body)
    }

    #[test]
    fn a_lifetime_in_nanoseconds_is_recognised() {
        for (given, seconds) in [
            ("300000000000", 300.0),
            ("\"300000000000\"", 300.0),
            ("60000000000", 60.0),
            ("1000000000", 60.0),
            ("9000000000000000000", 86_400.0),
            ("300", 300.0),
            ("31536000", 86_400.0),
        ] {
            let token = token(&format!(r#"{{"token":"a","expires_in":{given}}}"#));
            assert_eq!(token.lifetime().as_secs_f64(), seconds, "{given}");
        }
    }

    #[test]
    fn token_and_access_token_are_both_read() {
        for (body, expected) in [
            (r#"{"token":"a"}"#, "Bearer a"),
            (r#"{"access_token":"b","token_type":"Bearer","scope":null}"#, "Bearer b"),
            (r#"{"token":"","access_token":"b"}"#, "Bearer b"),
            (r#"{"token":null,"access_token":"b"}"#, "Bearer b"),
            (r#"{"token":"a","access_token":"a"}"#, "Bearer a"),
        ] {
            assert_eq!(token(body).authorization().expose_secret(), expected, "{body}");
        }
    }

    #[test]
    fn a_reply_without_a_usable_token_is_refused_and_not_quoted() {
        for body in [
            "",
            "s3cret",
            "[]",
            r#"["s3cret","s3cret",null,null]"#,
            "{}",
            r#"{"token":""}"#,
            r#"{"tolkien":"s3cret"}"#,
            r#"{"token":{"s3cret":1}}"#,
            r#"{"token":"s3cret","token":"b"}"#,
            r#"{"token":"s3cret\r\nX: y"}"#,
            r#"{"token":"s3 cret"}"#,
            r#"{"token":"s3cret"} x"#,
            r#"{"token":"s3cret"#,
            "<html>s3cret</html>",
        ] {
            let error = Token::parse(body.as_bytes()).expect_err(body);
            assert_eq!(error.kind(), &Kind::Protocol(Fault::Malformed), "{body}");
            assert!(!error.to_string().contains("s3"), "{error}");
        }
        let deep = format!("{}{}", r#"{"token":"a","x":"#, "[".repeat(500_000));
        assert_eq!(Token::parse(deep.as_bytes()).expect_err("deep").kind(), &Kind::Protocol(Fault::Malformed));
        let large = vec![b' '; Token::MAX_BODY + 1];
        assert_eq!(Token::parse(&large).expect_err("large").kind(), &Kind::Protocol(Fault::TooLarge));
    }

    #[test]
    fn a_reply_without_a_token_is_described() {
        let long = format!(r#"{{"{}":1}}"#, "n".repeat(1000));
        for (body, cause) in [
            ("{}", "it is an empty JSON object".to_owned()),
            (r#"{"token":""}"#, "its token is empty".to_owned()),
            (r#"{"token":null}"#, "its token is null".to_owned()),
            (r#"{"access_token":""}"#, "its access_token is empty".to_owned()),
            (
                r#"{"Token":"s3cret","ttl":1}"#,
                r#"it has neither token nor access_token, only "Token", "ttl""#.to_owned(),
            ),
            (
                r#"{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1}"#,
                r#"it has neither token nor access_token, only "a", "b", "c", "d", "e", and 1 more"#.to_owned(),
            ),
            (&long, format!("it has neither token nor access_token, only \"{}\"", "n".repeat(MAX_NAME))),
        ] {
            assert_eq!(Token::parse(body.as_bytes()).expect_err(body).causes(), [cause]);
        }
    }

    #[test]
    fn lifetimes_are_at_least_a_minute() {
        for (expires_in, seconds) in [
            ("300", 300),
            ("\"300\"", 300),
            ("300.9", 300),
            ("60", 60),
            ("59", 60),
            ("0", 60),
            ("-1", 60),
            ("null", 60),
            ("\"soon\"", 60),
            ("\"NaN\"", 60),
            ("\"inf\"", 86_400),
            ("{}", 60),
            ("1e300", 86_400),
            ("18446744073709551615", 86_400),
        ] {
            let token = token(&format!(r#"{{"token":"a","expires_in":{expires_in}}}"#));
            assert_eq!(token.lifetime().as_secs(), seconds, "{expires_in}");
        }
        assert_eq!(token(r#"{"token":"a"}"#).lifetime().as_secs(), 60);
    }

    #[test]
    fn freshness_counts_from_receipt_and_ends_early() {
        let received = Instant::now();
        let body = br#"{"token":"a","expires_in":300,"issued_at":"2018-01-01T10:00:02+00:00"}"#;
        let token = Token::parse_received(body, received).expect("a token");
        assert!(token.is_fresh_at(received));
        assert!(token.is_fresh_at(received + Duration::from_secs(289)));
        assert!(!token.is_fresh_at(received + Duration::from_secs(290)));
        if let Some(earlier) = received.checked_sub(Duration::from_secs(1)) {
            assert!(token.is_fresh_at(earlier));
        }
    }

    #[test]
    fn an_identity_token_that_cannot_be_stored_is_an_error_of_its_own() {
        let of = |refresh: &str| token(&serde_json::json!({"token": "a", "refresh_token": refresh}).to_string());
        let largest = "r".repeat(Token::MAX_IDENTITY_TOKEN);
        assert!(of(&largest).refresh_token().is_ok_and(|token| token.is_some()));
        assert!(of("").refresh_token().is_ok_and(|token| token.is_none()));
        for (refresh, fault) in [
            (largest + "r", Fault::TooLarge),
            ("r\n".to_owned(), Fault::Malformed),
            ("r\u{e9}".to_owned(), Fault::Malformed),
        ] {
            let token = of(&refresh);
            assert_eq!(token.authorization().expose_secret(), "Bearer a");
            assert_eq!(token.refresh_token().expect_err("refused").kind(), &Kind::Protocol(fault));
        }
    }

    #[test]
    fn the_identity_token_is_separate() {
        let token = token(r#"{"access_token":"bar","refresh_token":"baz"}"#);
        assert_eq!(token.refresh_token().expect("a valid one").map(ExposeSecret::expose_secret), Some("baz"));
        let shown = format!("{token:?}");
        assert!(!shown.contains("bar") && !shown.contains("baz"), "{shown}");
    }
}
