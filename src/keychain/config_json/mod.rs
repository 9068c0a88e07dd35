//! The format of docker's `config.json`, which podman's `auth.json` shares:

use serde_json::{Map, Value};

use super::entry::{self, Unusable};
use super::helper::{Helpers, check_name};
use super::key::{ServerKey, Target};
use super::lookup::{CredentialMatch, Lookup};
use crate::auth::Credentials;
use crate::error::Result;

/// The rules that decide which entry belongs to a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rules {
    /// Docker's: a key with a namespace is, as a last resort, used for the whole host.
    Docker,
    /// Those of podman, skopeo and buildah: a key with a namespace is for that namespace only.
    Containers,
}

/// Where a configuration was read from.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    /// For instance `docker config`.
    pub label: &'static str,
    /// For instance `~/.docker/config.json`.
    pub name: String,
    /// Its permissions, if other users can read it.
    pub exposed: Option<u32>,
}

/// One entry of `auths`.
#[derive(Debug)]
pub(super) struct Entry {
    /// The key as written.
    pub key: String,
    /// The parsed key.
    pub server: ServerKey,
    /// The credentials, or why they cannot be used.
    pub credentials: Result<Vec<Credentials>, Unusable>,
}

/// A parsed configuration. An entry that cannot be used does not affect the others.
#[derive(Debug)]
pub(super) struct ConfigJson {
    origin: Origin,
    rules: Rules,
    entries: Vec<Entry>,
    helpers: Vec<(String, String)>,
    store: Option<String>,
}

impl ConfigJson {
    /// Parses a document. The error names what is of the wrong type.
    pub fn read(document: &Value, rules: Rules, origin: Origin) -> Result<Self, String> {
        let members = document.as_object().ok_or("it is not a JSON object")?;
        let mut helpers = Vec::new();
        for (host, name) in object(members, "credHelpers")?.into_iter().flatten() {
            let name = name.as_str().ok_or_else(|| format!("credHelpers of {host:?} is not a string"))?;
            helpers.push((host.to_ascii_lowercase(), name.to_owned()));
        }
        let store = match members.get("credsStore") {
            None | Some(Value::Null) => None,
            Some(Value::String(name)) => Some(name.clone()).filter(|name| !name.is_empty()),
            Some(_) => return Err("credsStore is not a string".to_owned()),
        };
        Ok(Self { origin, rules, entries: entries(object(members, "auths")?.into_iter().flatten()), helpers, store })
    }

    /// Whether a document has this format: whether it has one of its members.
    pub fn is_one(document: &Value) -> bool {
        ["auths", "credHelpers", "credsStore"].iter().any(|member| document.get(member).is_some())
    }

    /// The credentials for `target`: from the helper for its host, else from the default helper, else from an entry.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`](crate::Kind::Config) when a helper's name is invalid.
    pub async fn find(&self, target: &Target<'_>, helpers: &Helpers) -> Result<Lookup> {
        let mut lookup = Lookup::default();
        for (setting, name, key) in self.helpers_for(target) {
            let place = format!("{setting} in {}", self.origin.name);
            check_name(name).map_err(|error| error.because(format!("configured by {place}")))?;
            match helpers.ask(name, &key).await {
                Err(failure) => {
                    lookup.failures.push(format!("{} ({place})", failure.why));
                    lookup.helpers.push(failure);
                }
                Ok(given) => {
                    lookup.notes.extend(given.note);
                    let source = format!("docker-credential-{name} ({place})");
                    lookup.found.extend(given.credentials.map(|credentials| CredentialMatch::new(credentials, source)));
                }
            }
            if !lookup.found.is_empty() {
                return Ok(lookup);
            }
        }
        let Some(entry) = self.entry_for(target) else { return Ok(lookup) };
        match &entry.credentials {
            Err(why) => {
                lookup
                    .failures
                    .push(format!("the entry {:?} in {} cannot be used: {why}", entry.key, self.origin.name));
            }
            Ok(credentials) => {
                let source = format!("{}, {}", self.origin.label, self.origin.name);
                lookup.found.extend(credentials.iter().map(|each| CredentialMatch::new(each.clone(), source.clone())));
                lookup.notes.extend(self.exposure().filter(|_| !credentials.is_empty()));
            }
        }
        Ok(lookup)
    }

    /// The helpers to ask: the setting that names it, its name, and the key to ask for. The credentials of a host whose
    /// helper is `""` are in the file.
    pub fn helpers_for(&self, target: &Target<'_>) -> Vec<(&'static str, &str, String)> {
        let keys = target.keys();
        let own = keys.iter().find_map(|key| self.helpers.iter().find(|(host, _)| host == key));
        let mut asked = Vec::new();
        match own {
            Some((_, name)) if name.is_empty() => return asked,
            Some((key, name)) => asked.push(("credHelpers", name.as_str(), key.clone())),
            None => {}
        }
        asked.extend(self.store.as_deref().map(|name| ("credsStore", name, target.helper_key())));
        asked
    }

    /// The keys of its entries.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.key.as_str())
    }

    /// The helper that stores credentials: the one for the host, which may be none, else the default helper. Podman and
    /// skopeo ignore the latter.
    pub fn helper_to_store(&self, target: &Target<'_>) -> Option<(&'static str, &str, String)> {
        let chosen = self.helpers_for(target).into_iter().next();
        chosen.filter(|(setting, ..)| self.rules == Rules::Docker || *setting == "credHelpers")
    }

    /// The entry for `target`: for its longest matching namespace, else for its host, else the first whose key has its
    /// host.
    fn entry_for(&self, target: &Target<'_>) -> Option<&Entry> {
        let exact = target.namespaces().into_iter().chain(target.keys()).find_map(|key| {
            let wanted = ServerKey::parse(&key);
            self.entries.iter().find(|entry| entry.server == wanted)
        });
        let reduced = |entry: &&Entry| {
            (entry.server.is_address() || self.rules == Rules::Docker) && target.is_at(&entry.server.host())
        };
        exact.or_else(|| self.entries.iter().find(reduced))
    }

    fn exposure(&self) -> Option<String> {
        let mode = self.origin.exposed?;
        Some(format!("{} contains credentials and is readable by other users (mode {mode:04o})", self.origin.name))
    }
}

/// The entries of an `auths` object.
pub(super) fn entries<'a>(auths: impl IntoIterator<Item = (&'a String, &'a Value)>) -> Vec<Entry> {
    let read = |(key, entry): (&'a String, &'a Value)| Entry {
        key: key.clone(),
        server: ServerKey::parse(key),
        credentials: entry::decode(entry),
    };
    auths.into_iter().map(read).collect()
}

/// The member `name`, which must be an object; `None` when it is absent.
pub(super) fn object<'a>(
    members: &'a Map<String, Value>,
    name: &str,
) -> Result<Option<&'a Map<String, Value>>, String> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(_) => Err(format!("{name} is not an object")),
    }
}

#[cfg(test)]
mod tests;
