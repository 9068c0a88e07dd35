//! Kubernetes' image pull secrets: `kubernetes.io/dockerconfigjson` and the older `kubernetes.io/dockercfg`, as
//! `kubectl get secret -o yaml` or `-o json` prints them, one by one or in a list.
//!
//! Keys match as in the kubelet (`pkg/credentialprovider/keyring.go`): globs for each label of the host, equal ports, a
//! path that is a prefix. All that match are tried, the longest key first, so that secrets can be rotated.

mod contents;

use std::cmp::Reverse;

use serde_json::Value;

use self::contents::{Contents, Shape};
use super::config_json::Entry;
use super::file::Unreadable;
use super::key::{ServerKey, Target, glob, split_port};
use super::lookup::{CredentialMatch, Lookup};
use crate::documents::items;
use crate::error::{FileForm, Mismatch, NearMiss};

/// The pull secrets in a file.
#[derive(Debug)]
pub(super) struct PullSecrets {
    /// Sorted by their keys, longest first.
    entries: Vec<SecretEntry>,
    failures: Vec<String>,
    /// What the kubelet does not accept in a secret that could be read.
    notes: Vec<String>,
}

/// An entry of a pull secret.
#[derive(Debug)]
struct SecretEntry {
    /// For instance `pull secret team/regcred, pull.yaml`.
    source: String,
    entry: Entry,
    /// The credential store that has the password of an empty entry.
    store: Option<String>,
}

impl PullSecrets {
    /// Reads all pull secrets in the documents of `file`; other secrets are skipped. The error says why none can be
    /// used.
    pub fn read(documents: &[Value], file: &str) -> Result<Self, Unreadable> {
        let mut read = Self { entries: Vec::new(), failures: Vec::new(), notes: Vec::new() };
        let (mut refused, mut empty): (Option<Unreadable>, Option<String>) = (None, None);
        for object in documents.iter().flat_map(items) {
            let name = name(object);
            let contents = match contents_of(object) {
                None => continue,
                Some(Ok(contents)) => contents,
                Some(Err(error)) => {
                    let why = format!("{name} in {file} cannot be used: {}", error.why);
                    read.failures.push(why.clone());
                    refused.get_or_insert(Unreadable { why, ..error });
                    continue;
                }
            };
            let Contents { entries, store, mistakes } = contents;
            read.notes.extend(mistakes.into_iter().map(|mistake| format!("{name} in {file}: {mistake}")));
            if entries.is_empty() {
                empty.get_or_insert_with(|| format!("{name} in {file} has no entries"));
            }
            let of_secret = |entry| SecretEntry { source: format!("{name}, {file}"), entry, store: store.clone() };
            read.entries.extend(entries.into_iter().map(of_secret));
        }
        if read.entries.is_empty() {
            let objects: Vec<_> = documents.iter().flat_map(items).collect();
            let why = empty.unwrap_or_else(|| format!("it contains no pull secret{}", instead(&objects)));
            return Err(refused.unwrap_or_else(|| why.into()));
        }
        let length = |key: &ServerKey| Reverse((key.host(), namespace(key.path()).to_owned()));
        read.entries.sort_by_cached_key(|secret| length(&secret.entry.server));
        Ok(read)
    }

    /// Whether a document is a Kubernetes object, or a list of them.
    pub fn is_one(document: &Value) -> bool {
        document["kind"].is_string() || items(document).into_iter().any(|object| Shape::of(object) == Shape::Secret)
    }

    /// The keys of all entries.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|secret| secret.entry.key.as_str())
    }

    /// All credentials that match `target`.
    pub fn find(&self, target: &Target<'_>) -> Lookup {
        let mut lookup = Lookup { failures: self.failures.clone(), notes: self.notes.clone(), ..Lookup::default() };
        let mut near_misses = Vec::new();
        for SecretEntry { source, entry, store } in &self.entries {
            if !matches(&entry.server, target) {
                near_misses.extend(near_miss(source, entry, target));
                continue;
            }
            match &entry.credentials {
                Ok(none) if none.is_empty() => {
                    near_misses.push(NearMiss::of_empty(source, "auths", &entry.key, store.as_deref()));
                }
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
        if lookup.found.is_empty() {
            lookup.near_misses = near_misses;
        }
        lookup
    }
}

/// A key with a path that is not that of the repository is for another part of the registry; a scheme does not matter.
fn near_miss(source: &str, entry: &Entry, target: &Target<'_>) -> Option<NearMiss> {
    let (mismatch, expected) = target.near_miss(&entry.key)?;
    let mismatch = match mismatch {
        Mismatch::Scheme | Mismatch::Path => Mismatch::Namespace,
        other => other,
    };
    Some(NearMiss::of_key(source, "auths", &entry.key, mismatch, expected))
}

/// What a file holds that contains no pull secret, by its first object.
fn instead(objects: &[&Value]) -> String {
    let Some(object) = objects.first() else { return String::new() };
    let kind = object["kind"].as_str().unwrap_or_default();
    let text = |member: &str| object[member].as_str();
    let mut named = [&object["spec"]["imagePullSecrets"], &object["imagePullSecrets"]].into_iter();
    let named = named.find_map(|names| names[0]["name"].as_str());
    match (kind, named) {
        ("", _) => String::new(),
        ("Secret", _) if object["data"].is_null() && object["stringData"].is_null() => {
            ", but a Secret without data".to_owned()
        }
        ("Secret", _) => format!(", but a Secret of type {}", text("type").unwrap_or("Opaque")),
        ("Status", _) => format!(", but an answer of Kubernetes: {}", text("message").unwrap_or("failure")),
        (kind, Some(name)) => format!(", but a {kind} that names one: {name}"),
        (kind, None) => format!(", but a {kind}"),
    }
}

/// The contents of a pull secret; `None` for another object.
fn contents_of(object: &Value) -> Option<Result<Contents, Unreadable>> {
    match Shape::of(object) {
        Shape::Secret => Contents::of(object),
        Shape::Sealed => Some(Err(FileForm::SealedSecret.into())),
        Shape::External => Some(Err(FileForm::ExternalSecret.into())),
        Shape::Other => None,
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

fn glob_host(pattern: (&str, Option<&str>), host: (&str, Option<&str>)) -> bool {
    let (patterns, labels): (Vec<&str>, Vec<&str>) = (pattern.0.split('.').collect(), host.0.split('.').collect());
    pattern.1 == host.1
        && patterns.len() == labels.len()
        && patterns.iter().zip(&labels).all(|(pattern, label)| glob(pattern.as_bytes(), label.as_bytes()))
}

#[cfg(test)]
mod tests;
