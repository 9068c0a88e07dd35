//! A canary for each place where a secret can be. None of them may appear in any output.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use test_support::{Reply, Request};

/// `RLS_PASSWORD`.
pub const PASSWORD: &str = "canary-password-zK41";
/// The password in the `auth` field of a docker configuration.
pub const AUTH_FIELD: &str = "canary-authfield-bV73";
/// What a credential helper prints.
pub const HELPER: &str = "canary-helper-mQ58";
/// An identity token, which is a refresh token to the token server.
pub const REFRESH: &str = "canary-refresh-xT06";
/// The refresh token that the token server gives for it.
pub const REPLACED: &str = "canary-replaced-uW92";
/// A bearer token in the `registrytoken` field.
pub const REGISTRY_TOKEN: &str = "canary-registrytoken-cJ27";
/// A bearer token from the token server.
pub const TOKEN: &str = "canary-token-eH84";
/// The password in `HTTP_PROXY`.
pub const PROXY: &str = "canary-proxy-gL35";
/// The password in front of a host, in an address that a server or a person gives.
pub const USERINFO: &str = "canary-userinfo-sR19";
/// What a server sets as a cookie.
pub const COOKIE: &str = "canary-cookie-nD60";
/// The signature in an address that a server gives.
pub const PRESIGNED: &str = "canary-presigned-yF48";

const ALL: [&str; 11] =
    [PASSWORD, AUTH_FIELD, HELPER, REFRESH, REPLACED, REGISTRY_TOKEN, TOKEN, PROXY, USERINFO, COOKIE, PRESIGNED];

/// The user name for the passwords; it is not a secret.
pub const USER: &str = "ann";

/// `ann:PASSWORD` as an `Authorization: Basic` header and an `auth` field have it.
pub fn pair(password: &str) -> String {
    STANDARD.encode(format!("{USER}:{password}"))
}

/// A token server's reply with this token, and a refresh token that replaces the one that was sent.
pub fn token(token: &str) -> Reply {
    Reply::json(serde_json::json!({ "token": token, "refresh_token": REPLACED }).to_string())
}

/// Replies that contain what the client sent.
pub trait Echo {
    /// Adds the credentials of the request to the head, and sets a cookie.
    fn echoing(self, request: &Request) -> Self;
}

impl Echo for Reply {
    fn echoing(self, request: &Request) -> Self {
        let credentials = request.authorization().unwrap_or_default();
        self.header("X-Echo", credentials)
            .header("X-Echo-Words", format!("you are {}", decoded(credentials).unwrap_or_default()))
            .header("Set-Cookie", format!("session={COOKIE}; HttpOnly"))
    }
}

/// The credentials in an `Authorization` header, decoded where they are base64.
fn decoded(header: &str) -> Option<String> {
    let (_, secret) = header.split_once(' ')?;
    let decoded = STANDARD.decode(secret).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.or_else(|| Some(secret.to_owned()))
}

/// The canaries in these bytes: literally, in either case, escaped, split by white space, or within base64.
pub fn found_in(bytes: &[u8]) -> Vec<&'static str> {
    let text = String::from_utf8_lossy(bytes);
    let (lower, unspaced) = (text.to_ascii_lowercase(), text.split_whitespace().collect::<String>());
    let divided = letters_and_digits(&text);
    let is_found = |canary: &&str| {
        escaped(canary).iter().any(|form| lower.contains(&form.to_ascii_lowercase()))
            || unspaced.to_ascii_lowercase().contains(&canary.to_ascii_lowercase())
            || in_hexadecimal(&lower, canary)
            || divided.contains(&letters_and_digits(canary))
            || in_base64(canary)
                .iter()
                .flat_map(|form| [form.clone()].into_iter().chain(in_base64(form)))
                .any(|form| text.contains(form.as_str()) || unspaced.contains(form.as_str()))
    };
    ALL.into_iter().filter(is_found).collect()
}

/// A secret as a server may write it: escaped for JSON, for a URL and for HTML, twice, split, or within base64.
pub fn forms(secret: &str) -> Vec<String> {
    let mut forms = escaped(secret);
    let (start, end) = secret.split_at(secret.len() / 2);
    forms.extend([
        secret.to_ascii_uppercase(),
        format!("{start}{}", escaped(end)[1]),
        escaped(secret)[2].replace('%', "%25"),
        secret.chars().map(|c| format!("{c} ")).collect(),
        pair(secret),
        pair(secret).trim_end_matches('=').to_owned(),
        STANDARD.encode(secret),
        STANDARD.encode(format!("{{\"password\":\"{}\"}}", escaped(secret)[1])),
        pair(secret).replace('=', "%3D"),
        hex::encode(secret),
        secret.bytes().map(|byte| format!("{byte:02X}:")).collect(),
        secret.bytes().map(|byte| format!("0x{byte:02x} ")).collect(),
        secret.chars().map(|c| format!("{c}.")).collect(),
        STANDARD.encode(format!("{{\"auth\":\"{}\"}}", pair(secret))),
    ]);
    forms
}

/// A text literally, and with each character as an escape of JSON, of a URL and of HTML.
fn escaped(text: &str) -> Vec<String> {
    let each = |write: &dyn Fn(u32) -> String| text.chars().map(|c| write(c.into())).collect::<String>();
    vec![
        text.to_owned(),
        each(&|code| format!("\\u{code:04x}")),
        each(&|code| format!("%{code:02X}")),
        each(&|code| format!("&#{code};")),
        each(&|code| format!("&#x{code:x};")),
    ]
}

/// A text without what may divide it, in small letters.
fn letters_and_digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

/// Whether a text is in another one in hexadecimal numbers, however these are separated.
fn in_hexadecimal(lower: &str, text: &str) -> bool {
    let digits = lower.replace("0x", "").replace([':', ' ', ',', '\n'], "");
    digits.contains(&hex::encode(text.to_ascii_lowercase())) || digits.contains(&hex::encode(text))
}

/// The middle of a text in base64, for each of the three ways in which it can lie in what was encoded.
fn in_base64(text: &str) -> [String; 3] {
    [0, 1, 2].map(|before| {
        let encoded = STANDARD.encode(format!("{}{text}", &"\0\0"[..before]));
        encoded[4..encoded.len() - 4].to_owned()
    })
}

#[test]
fn a_canary_is_found_in_every_encoding() {
    for canary in ALL {
        for shown in [
            format!("error: {canary}"),
            canary.to_ascii_uppercase(),
            pair(canary),
            pair(canary).trim_end_matches('=').to_owned(),
            STANDARD.encode(canary),
            STANDARD.encode(format!("a longer name:{canary} and more")),
            canary.chars().map(|c| format!("{c}\n")).collect(),
            canary.chars().map(|c| format!("{c}', '")).collect(),
            STANDARD.encode(format!("{{\"auth\":\"{}\"}}", pair(canary))),
            hex::encode(canary),
            canary.bytes().map(|byte| format!("{byte:02X}:")).collect(),
        ] {
            assert_eq!(found_in(shown.as_bytes()), [canary], "{shown}");
        }
        for shown in escaped(canary) {
            assert_eq!(found_in(shown.as_bytes()), [canary], "{shown}");
        }
    }
    assert_eq!(found_in(b"error: not allowed to pull team/app: logged in as ann (RLS_PASSWORD)"), [""; 0]);
}
