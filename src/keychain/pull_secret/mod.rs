//! Kubernetes' image pull secrets: `kubernetes.io/dockerconfigjson` and the older `kubernetes.io/dockercfg`, as
//! `kubectl get secret -o yaml` or `-o json` prints them, one by one or in a `List`.
//!
//! Keys match as in the kubelet (`pkg/credentialprovider/keyring.go`): globs for each label of the host, equal ports, a
//! path that is a prefix. All that match are tried, the longest key first, so that secrets can be rotated.

use std::cmp::Reverse;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::config_json::{Entry, entries, object};
use super::file::parse_json;
use super::key::{ServerKey, Target};
use super::lookup::{CredentialMatch, Lookup};

/// The members of a secret's `data`, and whether its entries are in an `auths` object.
const FORMATS: [(&str, bool); 2] = [(".dockerconfigjson", true), (".dockercfg", false)];

/// The pull secrets in a file.
#[derive(Debug)]
pub(super) struct PullSecrets {
    /// Sorted by their keys, longest first.
    entries: Vec<(String, Entry)>,
    failures: Vec<String>,
}

impl PullSecrets {
    /// Reads all pull secrets in the documents of `file`; other secrets are skipped. The error says why none can be
    /// used.
    pub fn read(documents: &[Value], file: &str) -> Result<Self, String> {
        let (mut read, mut failures) = (Vec::new(), Vec::new());
        for secret in documents.iter().flat_map(items).filter(|document| document["kind"] == "Secret") {
            let name = name(secret);
            match entries_of(secret) {
                None => {}
                Some(Ok(entries)) => read.extend(entries.into_iter().map(|entry| (format!("{name}, {file}"), entry))),
                Some(Err(why)) => failures.push(format!("{name} in {file} cannot be used: {why}")),
            }
        }
        if read.is_empty() {
            return Err(failures.into_iter().next().unwrap_or_else(|| "it contains no pull secret".to_owned()));
        }
        read.sort_by_cached_key(|(_, entry)| Reverse((entry.server.host(), namespace(entry.server.path()).to_owned())));
        Ok(Self { entries: read, failures })
    }

    /// Whether a document is a Kubernetes object.
    pub fn is_one(document: &Value) -> bool {
        document["kind"].is_string()
    }

    /// All credentials that match `target`.
    pub fn find(&self, target: &Target<'_>) -> Lookup {
        let mut lookup = Lookup { failures: self.failures.clone(), ..Lookup::default() };
        for (source, entry) in self.entries.iter().filter(|(_, entry)| matches(&entry.server, target)) {
            match &entry.credentials {
                Ok(credentials) => {
                    let found =
                        credentials.iter().map(|each| CredentialMatch::new(each.clone(), source.clone())).collect();
                    lookup.absorb(Lookup { found, ..Lookup::default() });
                }
                Err(why) => {
                    lookup.failures.push(format!("the entry {:?} of {source} cannot be used: {why}", entry.key))
                }
            }
        }
        lookup
    }
}

/// A document, or the items of a list.
fn items(document: &Value) -> Vec<&Value> {
    match document["items"].as_array() {
        Some(items) => items.iter().collect(),
        None => vec![document],
    }
}

fn name(secret: &Value) -> String {
    let metadata = |member: &str| secret["metadata"][member].as_str();
    match (metadata("namespace"), metadata("name")) {
        (Some(namespace), Some(name)) => format!("pull secret {namespace}/{name}"),
        (None, Some(name)) => format!("pull secret {name}"),
        _ => "pull secret".to_owned(),
    }
}

/// The entries of a pull secret; `None` for another secret. `stringData` is `data` without base64.
fn entries_of(secret: &Value) -> Option<Result<Vec<Entry>, String>> {
    FORMATS.iter().find_map(|&(member, is_wrapped)| {
        let text = match (&secret["data"][member], &secret["stringData"][member]) {
            (_, Value::String(text)) => Ok(SecretString::from(text.as_str())),
            (Value::String(encoded), _) => decode(encoded),
            _ => return None,
        };
        Some(text.and_then(|text| unwrap(&text, is_wrapped)).map_err(|why| format!("its {member} is {why}")))
    })
}

fn decode(encoded: &str) -> Result<SecretString, String> {
    let encoded: String = encoded.split_ascii_whitespace().collect();
    let decoded = BASE64_STANDARD.decode(encoded).map_err(|_| "not base64")?;
    Ok(String::from_utf8(decoded).map_err(|_| "not UTF-8")?.into())
}

fn unwrap(text: &SecretString, is_wrapped: bool) -> Result<Vec<Entry>, String> {
    let document = parse_json(text.expose_secret())?;
    let members = document.as_object().ok_or("not a JSON object")?;
    let none = Map::new();
    let auths =
        if is_wrapped { object(members, "auths").map_err(|_| "without auths")?.unwrap_or(&none) } else { members };
    Ok(entries(auths))
}

/// Whether a key matches `target`. A key with a path does not match a registry as a whole.
fn matches(key: &ServerKey, target: &Target<'_>) -> bool {
    let pattern = key.host();
    let is_at = |host: &String| glob_host(split_port(&pattern), split_port(host));
    let path = namespace(key.path());
    let repository = target.repository.map_or("", |repository| repository.as_str());
    target.hosts().iter().any(is_at) && (path.is_empty() || is_below(path, repository))
}

/// The path of a key without slashes around it and without the API's own `/v1` or `/v2`.
fn namespace(path: &str) -> &str {
    let path = path.trim_matches('/');
    match path.split_once('/').unwrap_or((path, "")) {
        ("v1" | "v2", rest) => rest,
        _ => path,
    }
}

fn is_below(path: &str, repository: &str) -> bool {
    repository.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (host, None),
    }
}

fn glob_host(pattern: (&str, Option<&str>), host: (&str, Option<&str>)) -> bool {
    let (patterns, labels): (Vec<&str>, Vec<&str>) = (pattern.0.split('.').collect(), host.0.split('.').collect());
    pattern.1 == host.1
        && patterns.len() == labels.len()
        && patterns.iter().zip(&labels).all(|(pattern, label)| glob(pattern.as_bytes(), label.as_bytes()))
}

/// Matches a glob in which `*` is any text. Takes time of at most the product of the lengths.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&wanted) if wanted == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (p, t) = (at + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&rest| rest == b'*')
}

#[cfg(test)]
mod tests;
