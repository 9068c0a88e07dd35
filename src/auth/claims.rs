//! Decodes the claims of a JSON Web Token (RFC 7519; `access` is from the distribution project's "Token Authentication
//! Implementation"). Signatures are not checked: only the registry has the key.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use jiff::Timestamp;
use serde_json::Value;

use super::scope::Scope;
use super::scopes::Scopes;

/// The largest payload that is decoded, in bytes of base64.
const MAX_PAYLOAD: usize = 64 * 1024;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The claims of a token that are worth showing to users. The signature is **not checked**: never make decisions by
/// them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    /// `sub`: the account; `None` when absent or empty.
    pub subject: Option<String>,
    /// `exp`: when it expires.
    pub expires: Option<Timestamp>,
    /// `access`: the scopes that it grants, sorted by resource; `None` when the claim is absent.
    pub granted: Option<Vec<Scope>>,
}

impl Claims {
    /// Decodes a token's payload. `None` when it is not a JSON Web Token; a claim that cannot be decoded is absent.
    pub fn decode(token: &str) -> Option<Self> {
        let payload = payload(token)?;
        Some(Self {
            subject: payload["sub"].as_str().filter(|subject| !subject.is_empty()).map(str::to_owned),
            expires: timestamp(&payload["exp"]),
            granted: payload["access"].as_array().map(|entries| granted(entries)),
        })
    }
}

/// Whether two tokens have the same claims apart from their times and their identifier. `None` when one of them is not
/// a JSON Web Token.
pub(super) fn are_equivalent(one: &str, other: &str) -> Option<bool> {
    let lasting = |token| {
        let mut payload = payload(token)?;
        let members = payload.as_object_mut()?;
        ["iat", "nbf", "exp", "jti"].iter().for_each(|name| drop(members.shift_remove(*name)));
        Some(payload)
    };
    Some(lasting(one)? == lasting(other)?)
}

/// The payload of a JSON Web Token, a JSON object.
fn payload(token: &str) -> Option<Value> {
    let mut parts = token.split('.');
    let (_header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || payload.len() > MAX_PAYLOAD {
        return None;
    }
    let payload: Value = serde_json::from_slice(&BASE64.decode(payload).ok()?).ok()?;
    payload.is_object().then_some(payload)
}

/// Token servers write an entry without actions when nothing is granted on a resource: such an entry is left out.
fn granted(entries: &[Value]) -> Vec<Scope> {
    let scope = |entry: &Value| {
        let kind = match entry["class"].as_str() {
            None | Some("") => entry["type"].as_str()?.to_owned(),
            Some(class) => format!("{}({class})", entry["type"].as_str()?),
        };
        Scope::new(&kind, entry["name"].as_str()?, entry["actions"].as_array()?.iter().filter_map(Value::as_str)).ok()
    };
    entries.iter().filter_map(scope).collect::<Scopes>().iter().collect()
}

/// Seconds since 1970, whole or not.
fn timestamp(value: &Value) -> Option<Timestamp> {
    let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))?;
    Timestamp::from_second(seconds).ok()
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};

    use super::*;

    fn token(payload: &str) -> String {
        format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn tokens_for_the_same_holder_are_equivalent() {
        let own = token(r#"{"sub":"ann","iat":1,"exp":2,"jti":"x","access":[]}"#);
        for (other, same) in [
            (token(r#"{"sub":"ann","iat":7,"nbf":7,"exp":9,"jti":"y","access":[]}"#), Some(true)),
            (token(r#"{"sub":"","access":[]}"#), Some(false)),
            (token(r#"{"sub":"ann","access":[],"UserID":-2}"#), Some(false)),
            ("opaque".to_owned(), None),
        ] {
            assert_eq!(are_equivalent(&own, &other), same, "{other}");
            assert_eq!(are_equivalent(&other, &own), same, "{other}");
        }
    }

    #[test]
    fn decodes_what_a_token_server_signs() {
        let payload = r#"{"iss":"auth","sub":"ann","aud":"registry","exp":1514800902,"access":[
            {"type":"repository","name":"team/app","actions":["push","pull"]},
            {"type":"repository","class":"plugin","name":"b","actions":["*"]},
            {"type":"repository","name":"team/secret","actions":[]}]}"#;
        let claims = Claims::decode(&token(payload)).expect("claims");
        assert_eq!(claims.subject.as_deref(), Some("ann"));
        assert_eq!(claims.expires.map(|time| time.to_string()).as_deref(), Some("2018-01-01T10:01:42Z"));
        let granted: Vec<String> = claims.granted.expect("scopes").iter().map(Scope::to_string).collect();
        assert_eq!(granted, ["repository:team/app:pull,push", "repository(plugin):b:*"]);
    }

    #[test]
    fn an_empty_grant_is_distinguished_from_a_missing_one() {
        for (payload, granted) in [
            (r#"{"access":[]}"#, Some(Vec::new())),
            (r#"{"access":[{"type":"repository","name":"a","actions":[]}]}"#, Some(Vec::new())),
            (r#"{"access":[7,{"type":"a b","name":"x","actions":["y"]},{"name":"x"}]}"#, Some(Vec::new())),
            (r#"{"access":null,"sub":7,"exp":"never"}"#, None),
            ("{}", None),
        ] {
            let expected = Claims { granted, ..Claims::default() };
            assert_eq!(Claims::decode(&token(payload)), Some(expected), "{payload}");
        }
    }

    #[test]
    fn what_is_not_a_token_has_no_claims() {
        let padded = format!("e30.{}.c2ln", BASE64_URL_SAFE.encode(r#"{"sub":"b"}"#));
        assert!(padded.contains('=') && Claims::decode(&padded).is_some());
        let deep = token(&"[".repeat(40_000));
        let large = token(&format!("{{\"sub\":\"{}\"}}", "a".repeat(MAX_PAYLOAD)));
        for text in ["", "opaque", "a.b", "a.b.c", "e30.e30.x.y", "e30.W10.x", "e30.\u{e9}.x", &deep, &large] {
            assert_eq!(Claims::decode(text), None, "{}", &text[..text.len().min(40)]);
        }
        let far = Claims::decode(&token(r#"{"exp":1e300}"#)).expect("claims");
        assert_eq!(far.expires, None);
    }
}
