//! The format of docker's `config.json`, which podman's `auth.json` shares: `auths` with entries, `credHelpers` and
//! `credsStore` with credential helpers; and the older `.dockercfg`, which has the entries at its top level.

use serde_json::{Map, Value};

use super::entry::{self, Unusable, member};
use super::helper::{Helpers, check_name};
use super::key::{ServerKey, Target};
use super::lookup::{CredentialMatch, Lookup};
use crate::auth::Credentials;
use crate::error::{Mismatch, NearMiss, Result};

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
    /// Helpers that were named as programs, with `docker-credential-` before the name.
    named_as_programs: Vec<String>,
    /// Members whose names are almost those that count, with the latter.
    misspelled: Vec<(String, &'static str)>,
    /// Entries at the top level, where docker and podman do not look.
    outside: Vec<String>,
}

/// The members of a configuration that concern credentials.
const AUTHS: &str = "auths";
const HELPERS: &str = "credHelpers";
const STORE: &str = "credsStore";

/// What every helper's program begins with.
const PROGRAM: &str = "docker-credential-";

impl ConfigJson {
    /// Parses a document. The error names what is of the wrong type.
    pub fn read(document: &Value, rules: Rules, origin: Origin) -> Result<Self, String> {
        let members = document.as_object().ok_or("it is not a JSON object")?;
        let (mut helpers, mut named_as_programs) = (Vec::new(), Vec::new());
        let mut helper = |name: &str| match name.strip_prefix(PROGRAM) {
            Some(rest) => {
                named_as_programs.push(rest.to_owned());
                rest.to_owned()
            }
            None => name.to_owned(),
        };
        for (host, name) in object(members, HELPERS)?.into_iter().flatten() {
            match name {
                // Go reads null as no value.
                Value::Null => {}
                Value::String(name) => helpers.push((host.clone(), helper(name))),
                _ => return Err(format!("credHelpers of {host:?} is not a string")),
            }
        }
        let store = match member(members, STORE) {
            None | Some(Value::Null) => None,
            Some(Value::String(name)) => Some(helper(name)).filter(|name| !name.is_empty()),
            Some(_) => return Err("credsStore is not a string".to_owned()),
        };
        let misspelled = members.keys().filter_map(|name| Some((name.clone(), meant(name)?))).collect();
        let outside = members.iter().filter(|(name, value)| !is_member(name) && looks_like_entry(value));
        let outside = outside.map(|(key, _)| key.clone()).collect();
        let entries = entries(object(members, AUTHS)?.into_iter().flatten());
        Ok(Self { origin, rules, entries, helpers, store, named_as_programs, misspelled, outside })
    }

    /// Parses a `.dockercfg`: the entries without anything around them.
    pub fn read_old(document: &Value, origin: Origin) -> Result<Self, String> {
        let members = document.as_object().ok_or("it is not a JSON object")?;
        Ok(Self {
            origin,
            rules: Rules::Docker,
            entries: entries(members),
            helpers: Vec::new(),
            store: None,
            named_as_programs: Vec::new(),
            misspelled: Vec::new(),
            outside: Vec::new(),
        })
    }

    /// Whether a document has this format: whether it has one of its members, or one that was meant to be.
    pub fn is_one(document: &Value) -> bool {
        let is_one = |name: &String| is_member(name) || meant(name).is_some();
        document.as_object().is_some_and(|members| members.keys().any(is_one))
    }

    /// Whether a document has the older format of `.dockercfg`.
    pub fn is_old(document: &Value) -> bool {
        document.as_object().is_some_and(|members| {
            !Self::is_one(document) && members.values().any(looks_like_entry) && members.values().all(Value::is_object)
        })
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
                    if self.named_as_programs.iter().any(|known| known == name) {
                        lookup.notes.push(format!("{place} must be {name:?}, without {PROGRAM:?}"));
                    }
                    let source = format!("docker-credential-{name} ({place})");
                    lookup.found.extend(given.credentials.map(|credentials| CredentialMatch::new(credentials, source)));
                }
            }
            if !lookup.found.is_empty() {
                return Ok(lookup);
            }
        }
        let entry = self.entry_for(target);
        match entry.map(|entry| (entry, &entry.credentials)) {
            Some((_, Ok(credentials))) if !credentials.is_empty() => {
                let source = format!("{}, {}", self.origin.label, self.origin.name);
                lookup.found.extend(credentials.iter().map(|each| CredentialMatch::new(each.clone(), source.clone())));
                lookup.notes.extend(self.exposure());
                return Ok(lookup);
            }
            // The failure of a helper says already why the entry is empty.
            Some((entry, Ok(_))) if lookup.failures.is_empty() => {
                let store = self.store.as_deref();
                lookup.near_misses.push(NearMiss::of_empty(&self.origin.name, AUTHS, &entry.key, store));
            }
            Some((entry, Err(why))) => {
                lookup.failures.push(format!("the entry {:?} in {} cannot be used: {why}", entry.key, self.origin.name))
            }
            Some(_) | None => {}
        }
        lookup.near_misses.extend(self.near_misses(target, entry));
        Ok(lookup)
    }

    /// The settings that seem to be meant for `target` and do not count for it, apart from the entry that does.
    fn near_misses(&self, target: &Target<'_>, own: Option<&Entry>) -> Vec<NearMiss> {
        let place = &self.origin.name;
        let near = |member: &'static str, key: &str| {
            let (mismatch, expected) = target.near_miss(key)?;
            Some(NearMiss::of_key(place, member, key, mismatch, expected))
        };
        let is_other =
            |entry: &&Entry| !own.is_some_and(|own| std::ptr::eq(own, *entry)) && !self.is_reduced_to(entry, target);
        let entries = self.entries.iter().filter(is_other).filter_map(|entry| near(AUTHS, &entry.key));
        let keys = target.keys();
        let is_other = |host: &&str| !keys.iter().any(|key| key.eq_ignore_ascii_case(host));
        let helpers = self.helpers.iter().map(|(host, _)| host.as_str()).filter(is_other);
        let helpers = helpers.filter_map(|host| near(HELPERS, host));
        let misspelled = self
            .misspelled
            .iter()
            .map(|(name, expected)| NearMiss::of_key(place, "", name, Mismatch::Member, *expected));
        let is_meant = |key: &&String| target.is_at(&ServerKey::parse(key).host()) || target.near_miss(key).is_some();
        let outside = self.outside.iter().filter(is_meant);
        let outside = outside.map(|key| NearMiss::of_key(place, "", key, Mismatch::Outside, "auths"));
        entries.chain(helpers).chain(outside).chain(misspelled).collect()
    }

    /// The helpers to ask: the setting that names it, its name, and the key to ask for. The credentials of a host whose
    /// helper is `""` are in the file.
    pub fn helpers_for(&self, target: &Target<'_>) -> Vec<(&'static str, &str, String)> {
        let keys = target.keys();
        let own = keys.iter().find_map(|key| self.helpers.iter().find(|(host, _)| host.eq_ignore_ascii_case(key)));
        let mut asked = Vec::new();
        match own {
            Some((_, name)) if name.is_empty() => return asked,
            Some((key, name)) => asked.push((HELPERS, name.as_str(), key.to_ascii_lowercase())),
            None => {}
        }
        asked.extend(self.store.as_deref().map(|name| (STORE, name, target.helper_key())));
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
        chosen.filter(|(setting, ..)| self.rules == Rules::Docker || *setting == HELPERS)
    }

    /// The entry for `target`: for its longest matching namespace, else for its host, else the first whose key has its
    /// host.
    fn entry_for(&self, target: &Target<'_>) -> Option<&Entry> {
        let exact = target.namespaces().into_iter().chain(target.keys()).find_map(|key| {
            let wanted = ServerKey::parse(&key);
            self.entries.iter().find(|entry| entry.server == wanted)
        });
        exact.or_else(|| self.entries.iter().find(|entry| self.is_reduced_to(entry, target)))
    }

    /// Whether an entry is for `target` by the host in its key.
    fn is_reduced_to(&self, entry: &Entry, target: &Target<'_>) -> bool {
        (entry.server.is_address() || self.rules == Rules::Docker) && target.is_at(&entry.server.host())
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

/// Whether docker or podman read a member of this name.
fn is_member(name: &str) -> bool {
    [AUTHS, HELPERS, STORE].iter().any(|member| name.eq_ignore_ascii_case(member))
}

/// The member that a misspelled one was meant to be.
fn meant(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    if is_member(name) {
        None
    } else if lower.starts_with("cred") && lower.contains("helper") {
        Some(HELPERS)
    } else if lower.starts_with("cred") && lower.contains("store") {
        Some(STORE)
    } else if lower == "auth" {
        Some(AUTHS)
    } else {
        None
    }
}

/// Whether a value has members of an entry.
fn looks_like_entry(value: &Value) -> bool {
    let has = |name: &&str| value.as_object().is_some_and(|members| member(members, name).is_some());
    ["auth", "username", "password", "identitytoken"].iter().any(has)
}

/// The member `name`, which must be an object; `None` when it is absent.
pub(super) fn object<'a>(
    members: &'a Map<String, Value>,
    name: &str,
) -> Result<Option<&'a Map<String, Value>>, String> {
    match member(members, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(_) => Err(format!("{name} is not an object")),
    }
}

#[cfg(test)]
mod tests;
