//! Reads credentials in the `registries.yaml` of k3s and rke2: `configs: {HOST: {auth: …}}`, whose `auth` has
//! `username` and `password`, or `auth`, or `identity_token`. Its `tls` is read by the module `trust`.

use serde_json::{Map, Value};

use super::config_json::{Entry, entries, object};
use super::key::{ServerKey, Target};
use super::lookup::{CredentialMatch, Lookup};
use crate::error::{Mismatch, NearMiss};

/// The key for all registries without one of their own.
const ANY: &str = "*";

/// The members of `auth` that k3s reads.
const MEMBERS: [&str; 4] = ["username", "password", "auth", "identity_token"];

/// The members at the top level that k3s reads.
const TOP: [&str; 2] = ["mirrors", "configs"];

/// The credentials in one `registries.yaml`.
#[derive(Debug)]
pub(super) struct RegistriesYaml {
    file: String,
    configs: Vec<Entry>,
    /// The members that k3s ignores.
    unknown: Vec<Unknown>,
    /// The keys in `mirrors.configs`, which k3s ignores.
    misplaced: Vec<String>,
}

/// A member that k3s ignores.
#[derive(Debug)]
struct Unknown {
    /// The key of the registry that it was meant for.
    host: String,
    /// The member that it is in; empty at the top level.
    within: &'static str,
    name: String,
    /// The name that was meant.
    meant: &'static str,
}

impl RegistriesYaml {
    /// Parses a document. The error names what is of the wrong type.
    pub fn read(document: &Value, file: String) -> Result<Self, String> {
        let mut read = Self { file, configs: Vec::new(), unknown: Vec::new(), misplaced: Vec::new() };
        if document.is_null() {
            return Ok(read);
        }
        let members = document.as_object().ok_or("it is not a mapping")?;
        let configs = object(members, "configs").map_err(|_| "configs is not a mapping")?;
        let unknown = |host: &String, within, name: &String, meant| Unknown {
            host: host.clone(),
            within,
            name: name.clone(),
            meant,
        };
        for (name, value) in members.iter().filter(|(name, _)| !TOP.contains(&name.as_str())) {
            let hosts = value.as_object().into_iter().flat_map(Map::keys);
            read.unknown.extend(hosts.map(|host| unknown(host, "", name, "configs")));
        }
        let mut known = Map::new();
        for (host, config) in configs.into_iter().flatten() {
            if config["auth"].is_null() {
                let names = config.as_object().into_iter().flat_map(Map::keys).filter(|name| *name != "tls");
                read.unknown.extend(names.map(|name| unknown(host, "configs", name, "auth")));
                continue;
            }
            let mut auth = config["auth"].clone();
            if let Some(members) = auth.as_object_mut() {
                for member in members.keys().filter(|member| !MEMBERS.contains(&member.as_str())) {
                    read.unknown.push(unknown(host, "auth", member, meant(member)));
                }
                members.retain(|member, _| MEMBERS.contains(&member.as_str()));
            }
            known.insert(host.clone(), auth);
        }
        read.configs = entries(&known);
        let misplaced = document["mirrors"]["configs"].as_object();
        read.misplaced = misplaced.into_iter().flatten().map(|(key, _)| key.clone()).collect();
        Ok(read)
    }

    /// The credentials for the host of `target`, else those for all hosts.
    pub fn find(&self, target: &Target<'_>) -> Lookup {
        let mut lookup = Lookup::default();
        let hosts = target.hosts();
        let own = |host: &String| self.configs.iter().find(|entry| entry.key.eq_ignore_ascii_case(host));
        let any = || self.configs.iter().find(|entry| entry.key == ANY);
        match hosts.iter().find_map(own).or_else(any).map(|entry| (entry, &entry.credentials)) {
            Some((_, Ok(credentials))) if !credentials.is_empty() => {
                let source = format!("registries.yaml, {}", self.file);
                lookup.found.extend(credentials.iter().map(|each| CredentialMatch::new(each.clone(), source.clone())));
            }
            Some((entry, Err(why))) => {
                lookup.failures.push(format!("the auth of {:?} in {} cannot be used: {why}", entry.key, self.file));
            }
            Some((_, Ok(_))) | None => lookup.near_misses = self.near_misses(target),
        }
        lookup
    }

    /// Settings that were meant for this registry and that k3s ignores.
    fn near_misses(&self, target: &Target<'_>) -> Vec<NearMiss> {
        let expected = target.registry.authority();
        let keys = self.configs.iter().filter(|entry| entry.key != ANY);
        let keys = keys.filter_map(|entry| Some((&entry.key, target.near_miss(&entry.key)?.0)));
        let keys = keys.filter(|(key, _)| !target.is_at(&key.to_ascii_lowercase()));
        let keys = keys.map(|(key, mismatch)| NearMiss::of_key(&self.file, "configs", key, mismatch, &expected));
        let is_meant = |key: &str| target.is_at(&ServerKey::parse(key).host()) || target.near_miss(key).is_some();
        let unknown = self.unknown.iter().filter(|unknown| is_meant(&unknown.host)).map(
            |Unknown { within, name, meant, .. }| NearMiss::of_key(&self.file, within, name, Mismatch::Member, *meant),
        );
        let misplaced = self
            .misplaced
            .iter()
            .find(|key| is_meant(key))
            .map(|_| NearMiss::of_key(&self.file, "mirrors", "configs", Mismatch::Outside, "the top level"));
        keys.chain(unknown).chain(misplaced).collect()
    }
}

/// The member of `auth` that an unknown one was probably meant to be.
fn meant(member: &str) -> &'static str {
    let lower = member.to_ascii_lowercase();
    if lower.contains("token") {
        "identity_token"
    } else if lower.contains("user") {
        "username"
    } else if lower.contains("auth") {
        "auth"
    } else {
        "password"
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::auth::Credentials;
    use crate::name::Registry;

    fn find(yaml: &str, registry: &str) -> Lookup {
        let documents = crate::documents::parse(yaml).expect("YAML");
        let registry: Registry = registry.parse().expect("a registry");
        let read = RegistriesYaml::read(&documents[0], "/etc/r.yaml".to_owned()).expect("registries.yaml");
        read.find(&Target { registry: &registry, repository: None })
    }

    const YAML: &str = "
mirrors:
  docker.io:
    endpoint: [https://reg.corp:5000]
configs:
  reg.corp:5000:
    auth: {username: ann, password: 'p'}
  tls.corp:
    tls: {insecure_skip_verify: true}
  empty.corp:
  \"https://scheme.corp\":
    auth: {username: ann, password: p}
  broken.corp:
    auth: {username: ann, password: 123}
  docker.io:
    auth: {identity_token: t}
";

    #[test]
    fn the_auth_of_a_host_is_found() {
        let lookup = find(YAML, "REG.corp:5000");
        let Credentials::Basic { username, password } = &lookup.found[0].credentials else { panic!("{lookup:?}") };
        assert_eq!((username.as_str(), password.expose_secret()), ("ann", "p"));
        assert_eq!(lookup.found[0].identity.source, "registries.yaml, /etc/r.yaml");
        assert!(matches!(find(YAML, "docker.io").found[0].credentials, Credentials::IdentityToken { .. }));
        for none in ["reg.corp", "tls.corp", "empty.corp", "other.corp"] {
            let lookup = find(YAML, none);
            assert!(
                lookup.found.is_empty() && lookup.failures.is_empty() && lookup.notes.is_empty(),
                "{none}: {lookup:?}"
            );
        }
    }

    #[test]
    fn a_star_is_for_the_others() {
        let yaml = "configs:\n  '*':\n    auth: {username: any, password: p}\n  own.corp:\n    auth: {username: own, password: p}\n";
        assert_eq!(find(yaml, "own.corp").found[0].identity.username.as_deref(), Some("own"));
        assert_eq!(find(yaml, "other.corp").found[0].identity.username.as_deref(), Some("any"));
    }

    #[test]
    fn mistakes_are_reported_for_their_registry_only() {
        let lookup = find(YAML, "scheme.corp");
        assert!(lookup.found.is_empty());
        assert_eq!(
            shown(&lookup),
            [r#"/etc/r.yaml: the key "https://scheme.corp" of configs has a scheme; it must be "scheme.corp""#]
        );
        let yaml = "mirrors:\n  configs:\n    reg.corp: {auth: {username: a, password: p}}\n";
        assert_eq!(
            shown(&find(yaml, "reg.corp")),
            [r#"/etc/r.yaml: "configs" of mirrors is ignored; it must be at the top level"#]
        );
        assert!(find(yaml, "other.corp").near_misses.is_empty());
        for (key, registry, why) in [
            ("reg.corp/", "reg.corp", r#"ends with a slash; it must be "reg.corp""#),
            ("' reg.corp'", "reg.corp", r#"contains white space; it must be "reg.corp""#),
            ("reg.corp", "reg.corp:5000", r#"is for another port; the key of this registry is "reg.corp:5000""#),
        ] {
            let lookup = find(&format!("configs:\n  {key}: {{auth: {{username: a, password: p}}}}\n"), registry);
            let key = key.trim_matches('\'');
            assert_eq!(shown(&lookup), [format!("/etc/r.yaml: the key {key:?} of configs {why}")]);
        }
        for (yaml, member, meant) in [
            ("config:\n  reg.corp: {auth: {username: a, password: p}}\n", r#""config""#, "configs"),
            (
                "configs:\n  reg.corp: {credentials: {username: a, password: p}}\n",
                r#""credentials" of configs"#,
                "auth",
            ),
        ] {
            let text = format!("/etc/r.yaml: {member} is not a known setting; expected {meant:?}");
            assert_eq!(shown(&find(yaml, "reg.corp")), [text]);
            assert!(find(yaml, "other.corp").near_misses.is_empty());
        }
        let lookup = find("configs:\n  reg.corp: {auth: {user: ann, token: t}}\n", "reg.corp");
        assert_eq!(
            shown(&lookup),
            [
                r#"/etc/r.yaml: "user" of auth is not a known setting; expected "username""#,
                r#"/etc/r.yaml: "token" of auth is not a known setting; expected "identity_token""#
            ]
        );
    }

    fn shown(lookup: &Lookup) -> Vec<String> {
        lookup.near_misses.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_port_of_https_may_be_left_out() {
        let yaml = |key: &str| format!("configs:\n  {key}: {{auth: {{username: ann, password: p}}}}\n");
        for (key, registry) in [("reg.corp:443", "reg.corp"), ("reg.corp", "reg.corp:443")] {
            assert_eq!(find(&yaml(key), registry).found.len(), 1, "{key}");
        }
        assert!(find(&yaml("reg.corp:443"), "http://reg.corp").found.is_empty());
    }

    #[test]
    fn an_unusable_auth_is_a_failure_that_does_not_quote_it() {
        let lookup = find(YAML, "broken.corp");
        assert_eq!(
            lookup.failures,
            [
                r#"the auth of "broken.corp" in /etc/r.yaml cannot be used: one of its values is not a string; it must be quoted"#
            ]
        );
    }

    #[test]
    fn a_document_of_another_shape_is_refused() {
        for (yaml, why) in [("- a", "it is not a mapping"), ("configs: [a]", "configs is not a mapping")] {
            let documents = crate::documents::parse(yaml).expect("YAML");
            assert_eq!(RegistriesYaml::read(&documents[0], String::new()).expect_err(yaml), why);
        }
        assert!(find("mirrors: {}\n", "reg.corp").found.is_empty());
        assert!(find("configs: null\n", "reg.corp").found.is_empty());
    }
}
