//! An entry with credentials, in the format of docker, podman, Kubernetes and k3s.

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use crate::auth::Credentials;
use crate::error::FileForm;

/// The user name with which helpers, and some files, mark an identity token.
const IDENTITY_TOKEN_USER: &str = "<token>";

/// The members that docker, podman, Kubernetes and k3s write.
const MEMBERS: [&str; 8] =
    ["auth", "username", "password", "email", "serveraddress", "identitytoken", "identity_token", "registrytoken"];

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why an entry cannot be used. It never quotes the entry.
pub(super) type Unusable = &'static str;

/// The credentials in an entry, best first; none when it is empty, as the entries of a `credsStore` are.
///
/// The members are `auth` (base64 of `user:password`, which takes precedence over the next two), `username`,
/// `password`, `identitytoken` (`identity_token` in k3s) and `registrytoken`, in any case.
pub(super) fn decode(entry: &Value) -> Result<Vec<Credentials>, Unusable> {
    let members = entry.as_object().ok_or("it is not an object")?;
    let member = |name: &str| match member(members, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) if FileForm::of_text(text) == Some(FileForm::Sops) => {
            Err("it is encrypted with sops")
        }
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err("one of its values is not a string; it must be quoted"),
    };
    let (username, password) = match member("auth")? {
        Some(auth) => decode_auth(auth)?,
        None => (member("username")?.unwrap_or_default().to_owned(), member("password")?.unwrap_or_default().into()),
    };
    // docker writes the user with an empty password beside an identity token.
    let has_password = !password.expose_secret().is_empty();
    let mut credentials = Vec::new();
    if let Some(token) = member("registrytoken")? {
        credentials.push(Credentials::RegistryToken(token.into()));
    }
    if let Some(token) = member("identitytoken")?.or(member("identity_token")?) {
        let username = Some(username).filter(|name| !name.is_empty());
        let password = Some(password).filter(|_| has_password);
        credentials.push(Credentials::IdentityToken { username, token: token.into(), password });
    } else if has_password || (credentials.is_empty() && !username.is_empty()) {
        credentials.push(pair(username, password)?);
    }
    let is_known = |name: &String| MEMBERS.iter().any(|known| known.eq_ignore_ascii_case(name));
    if credentials.is_empty() && !members.keys().all(is_known) {
        return Err("it has neither auth nor username and password");
    }
    Ok(credentials)
}

/// A member of an object. Its case does not matter, as in Go's `encoding/json`, by which docker, podman and the kubelet
/// read these files.
pub(super) fn member<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let any_case = || members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    members.get(name).or_else(any_case)
}

/// Credentials from a user name and a secret, which is an identity token when the user is `<token>`.
pub(super) fn pair(username: String, secret: SecretString) -> Result<Credentials, Unusable> {
    if username == IDENTITY_TOKEN_USER {
        return Ok(Credentials::IdentityToken { username: None, token: secret, password: None });
    }
    Credentials::basic(username, secret).map_err(|_| "its user name has a colon")
}

/// The members of an entry with these credentials, as docker writes them; `None` for credentials that have no form in
/// an entry.
///
/// An identity token is accompanied by the user with an empty password.
pub(super) fn encode(credentials: &Credentials) -> Option<Map<String, Value>> {
    let auth = |username: &str, password: &str| {
        let pair = SecretString::from(format!("{username}:{password}"));
        ("auth".to_owned(), Value::from(BASE64.encode(pair.expose_secret())))
    };
    Some(match credentials {
        Credentials::Basic { username, password } => Map::from_iter([auth(username, password.expose_secret())]),
        Credentials::IdentityToken { username, token, .. } => {
            let token = ("identitytoken".to_owned(), Value::from(token.expose_secret()));
            username.iter().map(|username| auth(username, "")).chain([token]).collect()
        }
        Credentials::Anonymous | Credentials::RegistryToken(_) => return None,
    })
}

/// The user name and secret for a helper: the inverse of [`pair`].
pub(super) fn unpair(credentials: &Credentials) -> Option<(&str, &SecretString)> {
    match credentials {
        Credentials::Basic { username, password } => Some((username, password)),
        Credentials::IdentityToken { token, .. } => Some((IDENTITY_TOKEN_USER, token)),
        Credentials::Anonymous | Credentials::RegistryToken(_) => None,
    }
}

/// Decodes base64, skipping the line ends in it, as Go's decoder does: `base64` of coreutils wraps at 76 columns.
pub(super) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let text: String = text.trim().chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    BASE64.decode(text).ok()
}

/// Decodes `base64(user:password)`, split at the first colon. NULs around the password are padding.
fn decode_auth(auth: &str) -> Result<(String, SecretString), Unusable> {
    let decoded = decode_base64(auth).ok_or_else(|| match FileForm::of_text(auth) {
        Some(FileForm::Template) => "its auth is a variable that was not replaced",
        _ if auth.contains(':') => "its auth is user:password without base64",
        _ => "its auth is not base64",
    })?;
    let decoded = SecretString::from(String::from_utf8(decoded).map_err(|_| "its auth is not UTF-8 in base64")?);
    let (username, password) =
        decoded.expose_secret().split_once(':').ok_or("its auth is not user:password in base64")?;
    Ok((username.to_owned(), password.trim_matches('\0').into()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// `user:password`, `user/identity token[/password]` or `=registry token`.
    fn shown(entry: Value) -> Result<Vec<String>, Unusable> {
        let show = |credentials| match credentials {
            Credentials::Anonymous => "anonymous".to_owned(),
            Credentials::Basic { username, password } => format!("{username}:{}", password.expose_secret()),
            Credentials::IdentityToken { username, token, password } => {
                let password = password.map_or(String::new(), |password| format!("/{}", password.expose_secret()));
                format!("{}/{}{password}", username.unwrap_or_default(), token.expose_secret())
            }
            Credentials::RegistryToken(token) => format!("={}", token.expose_secret()),
        };
        Ok(decode(&entry)?.into_iter().map(show).collect())
    }

    fn auth(text: &str) -> String {
        BASE64.encode(text)
    }

    #[test]
    fn each_form_is_read() {
        for (entry, expected) in [
            (json!({}), &[][..]),
            (json!({"auth": ""}), &[]),
            (json!({"auth": auth("ann:p:w")}), &["ann:p:w"]),
            (json!({"auth": auth("ann:pw\0\0")}), &["ann:pw"]),
            (json!({"auth": auth("ann:p").trim_end_matches('=')}), &["ann:p"]),
            (json!({"auth": format!(" {}\n", auth("ann:p"))}), &["ann:p"]),
            (json!({"auth": "YW5u\r\nOnA=\n"}), &["ann:p"]),
            (json!({"Auth": auth("ann:p"), "Email": 7}), &["ann:p"]),
            (json!({"auth": auth("ann:p"), "Auth": "!"}), &["ann:p"]),
            (json!({"auth": auth(":p")}), &[":p"]),
            (json!({"auth": auth("ann:")}), &["ann:"]),
            (json!({"auth": auth(":")}), &[]),
            (json!({"username": "ann", "password": "p"}), &["ann:p"]),
            (json!({"username": "ann", "password": "p", "auth": auth("bob:q"), "email": null}), &["bob:q"]),
            (json!({"auth": auth("ann:"), "identitytoken": "t"}), &["ann/t"]),
            (json!({"auth": auth("ann:p"), "identitytoken": "t"}), &["ann/t/p"]),
            (json!({"auth": auth("ann:p"), "registrytoken": "r"}), &["=r", "ann:p"]),
            (json!({"identity_token": "t"}), &["/t"]),
            (json!({"username": "<token>", "password": "t"}), &["/t"]),
            (json!({"registrytoken": "r"}), &["=r"]),
        ] {
            assert_eq!(shown(entry.clone()).expect("usable"), expected, "{entry}");
        }
    }

    #[test]
    fn what_is_written_can_be_read() {
        let token = |username: Option<&str>| Credentials::IdentityToken {
            username: username.map(str::to_owned),
            token: "t".into(),
            password: Some("p".into()),
        };
        for (credentials, entry, read) in [
            (Credentials::basic("ann", "p:w").expect("credentials"), json!({"auth": auth("ann:p:w")}), "ann:p:w"),
            (token(Some("ann")), json!({"auth": auth("ann:"), "identitytoken": "t"}), "ann/t"),
            (token(None), json!({"identitytoken": "t"}), "/t"),
        ] {
            let written = Value::Object(encode(&credentials).expect("an entry"));
            assert_eq!(written, entry);
            assert_eq!(shown(written).expect("usable"), [read]);
            let (username, secret) = unpair(&credentials).expect("a pair");
            assert_eq!(username, if read == "ann:p:w" { "ann" } else { "<token>" });
            assert_eq!(secret.expose_secret(), if read == "ann:p:w" { "p:w" } else { "t" });
        }
        for none in [Credentials::RegistryToken("t".into()), Credentials::Anonymous] {
            assert!(encode(&none).is_none() && unpair(&none).is_none());
        }
    }

    #[test]
    fn an_unusable_entry_says_why_without_quoting_it() {
        for (entry, reason) in [
            (json!(null), "it is not an object"),
            (json!("s3cret"), "it is not an object"),
            (json!({"auth": 7}), "one of its values is not a string; it must be quoted"),
            (json!({"username": "ann", "password": 123}), "one of its values is not a string; it must be quoted"),
            (json!({"auth": "not base64!"}), "its auth is not base64"),
            (json!({"auth": "${AUTH}"}), "its auth is a variable that was not replaced"),
            (json!({"auth": "ann:s3cret"}), "its auth is user:password without base64"),
            (json!({"user": "ann", "pass": "s3cret"}), "it has neither auth nor username and password"),
            (json!({"auth": "ENC[AES256_GCM,data:czNjcmV0]"}), "it is encrypted with sops"),
            (json!({"auth": auth("nocolon")}), "its auth is not user:password in base64"),
            (json!({"auth": BASE64.encode(b"\xff:p")}), "its auth is not UTF-8 in base64"),
            (json!({"username": "a:b", "password": "p"}), "its user name has a colon"),
        ] {
            assert_eq!(shown(entry.clone()).expect_err("unusable"), reason, "{entry}");
        }
    }
}
