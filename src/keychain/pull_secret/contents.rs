//! What is in a pull secret, in every form in which people have one. Forms that the kubelet does not accept are read
//! too, and reported.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use crate::documents::parse_json;
use crate::error::FileForm;
use crate::keychain::config_json::{ConfigJson, Entry, entries, object};
use crate::keychain::entry::{decode_base64, member};
use crate::keychain::file::Unreadable;

/// The members of `data` that the kubelet reads, the types of their secrets, and whether their entries are in an
/// `auths` object.
const FORMATS: [(&str, &str, bool); 2] =
    [(".dockerconfigjson", "kubernetes.io/dockerconfigjson", true), (".dockercfg", "kubernetes.io/dockercfg", false)];

/// Members that people use instead, in lower case.
const OTHER_MEMBERS: [&str; 6] =
    [".dockerconfig", "dockerconfigjson", "dockerconfig.json", "config.json", "auth.json", ".dockerconfig.json"];

/// What a Kubernetes object is to a search for pull secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A Secret, whose `kind` may be missing in a list.
    Secret,
    /// A SealedSecret.
    Sealed,
    /// An ExternalSecret.
    External,
    /// Anything else.
    Other,
}

impl Shape {
    pub fn of(object: &Value) -> Self {
        let kind = object["kind"].as_str();
        let has_data = || object["data"].is_object() || object["stringData"].is_object();
        let is_secret_type = || object["type"].as_str().is_some_and(|name| name.starts_with("kubernetes.io/docker"));
        match kind {
            Some("Secret") => Self::Secret,
            Some("SealedSecret") => Self::Sealed,
            Some("ExternalSecret" | "ClusterExternalSecret") => Self::External,
            None if is_secret_type() || (has_data() && has_known_member(object)) => Self::Secret,
            Some(_) | None => Self::Other,
        }
    }
}

/// The entries of one pull secret.
#[derive(Debug)]
pub(super) struct Contents {
    pub entries: Vec<Entry>,
    /// The credential store that is named beside the entries.
    pub store: Option<String>,
    /// What the kubelet does not accept, each a sentence.
    pub mistakes: Vec<String>,
}

impl Contents {
    /// The contents of a Secret; `None` when it is for something else than registries.
    ///
    /// # Errors
    ///
    /// Why its contents cannot be used. Nothing of them is quoted.
    pub fn of(secret: &Value) -> Option<Result<Self, Unreadable>> {
        let known = FORMATS.iter().map(|format| format.0).chain(OTHER_MEMBERS);
        let (name, data) = known.into_iter().find_map(|name| Data::of(secret, name))?;
        let name = name.as_str();
        Some(Self::read(secret, name, data).map_err(|error| {
            let why = match error.form {
                Some(form) => format!("its {name} {}", form.to_string().trim_start_matches("it ")),
                None => format!("its {name} is {}", error.why),
            };
            Unreadable { why, ..error }
        }))
    }

    fn read(secret: &Value, name: &str, data: Data) -> Result<Self, Unreadable> {
        let mut mistakes = Vec::new();
        let kind = secret["type"].as_str();
        let format = FORMATS.iter().find(|format| format.0 == name);
        match format {
            None => mistakes.push(format!("the kubelet reads .dockerconfigjson, not {name}")),
            Some((_, wanted, _)) => {
                if let Some(kind) = kind.filter(|kind| kind != wanted) {
                    mistakes.push(format!("its type is {kind}; for {name} the kubelet requires {wanted}"));
                }
            }
        }
        let text = match data {
            Data::Text(text) => text,
            Data::Mapping(value) => {
                mistakes.push(format!("its {name} must be a string of JSON, not a mapping"));
                SecretString::from(value.to_string())
            }
            Data::Encoded(encoded) => decode(encoded.expose_secret(), name, &mut mistakes)?,
            Data::Other => return Err("not a string".into()),
        };
        let document = parse(text.expose_secret())?;
        let members = document.as_object().ok_or("not a JSON object")?;
        let is_wrapped = ConfigJson::is_one(&document);
        match format {
            Some((_, _, true)) if !is_wrapped && ConfigJson::is_old(&document) => {
                mistakes.push(format!("its {name} has no auths around the entries, so the kubelet finds none"));
            }
            Some((_, _, false)) if is_wrapped => {
                mistakes.push(format!("its {name} has auths around the entries, so the kubelet finds none"));
            }
            _ => {}
        }
        let none = Map::new();
        let auths = match is_wrapped {
            true => object(members, "auths").map_err(|_| "without auths")?.unwrap_or(&none),
            false => members,
        };
        let store = member(members, "credsStore").and_then(Value::as_str).map(str::to_owned);
        Ok(Self { entries: entries(auths), store, mistakes })
    }
}

/// A member of a secret's data.
enum Data {
    /// In base64, from `data`.
    Encoded(SecretString),
    /// From `stringData`.
    Text(SecretString),
    /// YAML in place of a string.
    Mapping(Value),
    /// Null, a number or a list.
    Other,
}

impl Data {
    /// The member of this name, in any case, and its name as written.
    fn of(secret: &Value, name: &str) -> Option<(String, Self)> {
        let member = |place: &str| {
            let members = secret[place].as_object()?;
            let other_case = || members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            members.get_key_value(name).or_else(other_case)
        };
        let found = member("stringData").map(|found| (found, true)).or_else(|| Some((member("data")?, false)));
        found.map(|((name, value), is_plain)| {
            let data = match value {
                Value::String(text) if is_plain => Self::Text(text.as_str().into()),
                Value::String(encoded) => Self::Encoded(encoded.as_str().into()),
                mapping @ Value::Object(_) => Self::Mapping(mapping.clone()),
                _ => Self::Other,
            };
            (name.clone(), data)
        })
    }
}

fn has_known_member(object: &Value) -> bool {
    FORMATS.iter().map(|format| format.0).chain(OTHER_MEMBERS).any(|name| Data::of(object, name).is_some())
}

/// Decodes a member of `data`, which may be JSON that was not encoded, or encoded twice.
fn decode(encoded: &str, name: &str, mistakes: &mut Vec<String>) -> Result<SecretString, Unreadable> {
    if encoded.trim_start().starts_with('{') && FileForm::of_text(encoded).is_none() {
        mistakes.push(format!("its {name} is not base64, as data must be; plain JSON belongs in stringData"));
        return Ok(encoded.into());
    }
    let text = from_base64(encoded)?;
    match from_base64(text.expose_secret()) {
        Ok(inner) if inner.expose_secret().trim_start().starts_with('{') => {
            mistakes.push(format!("its {name} is base64 once more in base64"));
            Ok(inner)
        }
        _ => Ok(text),
    }
}

fn from_base64(encoded: &str) -> Result<SecretString, Unreadable> {
    if let Some(form) = FileForm::of_text(encoded) {
        return Err(form.into());
    }
    let encoded: String = encoded.split_ascii_whitespace().collect();
    let decoded = decode_base64(&encoded).ok_or("not base64")?;
    Ok(String::from_utf8(decoded).map_err(|_| "not UTF-8")?.into())
}

fn parse(text: &str) -> Result<Value, Unreadable> {
    if text.trim().is_empty() {
        return Err("empty".into());
    }
    parse_json(text).map_err(|why| FileForm::of_text(text).map_or_else(|| why.into(), Unreadable::from))
}
