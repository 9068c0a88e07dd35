//! Reads credentials in the `registries.yaml` of k3s and rke2: `configs: {HOST: {auth: …}}`, whose `auth` has
//! `username` and `password`, or `auth`, or `identity_token`. Its `tls` is read by the module `trust`.

use serde_json::Value;

use super::config_json::{Entry, entries, object};
use super::key::{ServerKey, Target};
use super::lookup::{CredentialMatch, Lookup};

/// The key for all registries without one of their own.
const ANY: &str = "*";

/// The credentials in one `registries.yaml`.
#[derive(Debug)]
pub(super) struct RegistriesYaml {
    file: String,
    configs: Vec<Entry>,
    /// The keys in `mirrors.configs`, which k3s ignores.
    misplaced: Vec<ServerKey>,
}

impl RegistriesYaml {
    /// Parses a document. The error names what is of the wrong type.
    pub fn read(document: &Value, file: String) -> Result<Self, String> {
        if document.is_null() {
            return Ok(Self { file, configs: Vec::new(), misplaced: Vec::new() });
        }
        let members = document.as_object().ok_or("it is not a mapping")?;
        let configs = object(members, "configs").map_err(|_| "configs is not a mapping")?;
        let with_auth = configs.into_iter().flatten().filter(|(_, config)| !config["auth"].is_null());
        let configs = entries(with_auth.map(|(host, config)| (host, &config["auth"])));
        let misplaced = document["mirrors"]["configs"].as_object();
        let misplaced = misplaced.into_iter().flatten().map(|(key, _)| ServerKey::parse(key)).collect();
        Ok(Self { file, configs, misplaced })
    }

    /// The credentials for the host of `target`, else those for all hosts.
    pub fn find(&self, target: &Target<'_>) -> Lookup {
        let mut lookup = Lookup { notes: self.mistakes(target), ..Lookup::default() };
        let is_own = |entry: &&Entry| target.hosts().iter().any(|host| entry.key.eq_ignore_ascii_case(host));
        let any = || self.configs.iter().find(|entry| entry.key == ANY);
        if let Some(entry) = self.configs.iter().find(is_own).or_else(any) {
            match &entry.credentials {
                Ok(credentials) => {
                    let source = format!("registries.yaml, {}", self.file);
                    lookup
                        .found
                        .extend(credentials.iter().map(|each| CredentialMatch::new(each.clone(), source.clone())));
                }
                Err(why) => {
                    lookup.failures.push(format!("the auth of {:?} in {} cannot be used: {why}", entry.key, self.file));
                }
            }
        }
        lookup
    }

    /// Settings that were meant for this registry and that k3s ignores.
    fn mistakes(&self, target: &Target<'_>) -> Vec<String> {
        let with_scheme = self
            .configs
            .iter()
            .filter(|entry| entry.key.contains("://"))
            .filter(|entry| target.is_at(&entry.server.host()));
        let mut mistakes: Vec<String> = with_scheme
            .map(|entry| {
                let host = entry.server.host();
                format!("{}: the key {:?} of configs is ignored; it must be {host:?}", self.file, entry.key)
            })
            .collect();
        if self.misplaced.iter().any(|key| target.is_at(&key.host())) {
            mistakes
                .push(format!("{}: configs is nested in mirrors and ignored; it must be a top-level key", self.file));
        }
        mistakes
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::auth::Credentials;
    use crate::name::Registry;

    fn find(yaml: &str, registry: &str) -> Lookup {
        let documents = super::super::file::parse(yaml).expect("YAML");
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
    fn mistakes_are_named_to_whom_they_concern() {
        let lookup = find(YAML, "scheme.corp");
        assert!(lookup.found.is_empty());
        assert_eq!(
            lookup.notes,
            [r#"/etc/r.yaml: the key "https://scheme.corp" of configs is ignored; it must be "scheme.corp""#]
        );
        let yaml = "mirrors:\n  configs:\n    reg.corp: {auth: {username: a, password: p}}\n";
        assert_eq!(
            find(yaml, "reg.corp").notes,
            ["/etc/r.yaml: configs is nested in mirrors and ignored; it must be a top-level key"]
        );
        assert!(find(yaml, "other.corp").notes.is_empty());
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
            let documents = super::super::file::parse(yaml).expect("YAML");
            assert_eq!(RegistriesYaml::read(&documents[0], String::new()).expect_err(yaml), why);
        }
        assert!(find("mirrors: {}\n", "reg.corp").found.is_empty());
        assert!(find("configs: null\n", "reg.corp").found.is_empty());
    }
}
