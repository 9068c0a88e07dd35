//! The registries that this machine knows: those in the configuration of rls, docker, podman, k3s and rke2, and those
//! whose names were completed before.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use registry_ls::keychain;
use registry_ls::name::Registry;
use secrecy::ExposeSecret;
use serde_json::Value;

use super::name::Name;
use super::recent::Recent;
use crate::config::File;
use crate::connect::own_certs_d;
use crate::input;

/// Where registries are looked for.
#[derive(Debug)]
pub struct Places<'a> {
    /// The configuration file of rls.
    pub file: &'a File,
    /// The registry of names without a host.
    pub default: Option<&'a Registry>,
    /// The root of system files.
    pub root: PathBuf,
    /// The names that were completed before.
    pub recent: Option<Recent>,
}

/// Registries, each with the first place that names it.
#[derive(Debug, Default)]
struct Hosts(BTreeMap<String, &'static str>);

impl Places<'_> {
    /// The registries, in alphabetical order, described by where they are from.
    pub async fn hosts(self) -> Vec<Name> {
        let mut hosts = Hosts::default();
        let own = self.default.into_iter().chain(self.file.registries.iter().map(|(registry, _)| registry));
        own.for_each(|registry| hosts.add(&registry.to_string(), "configured in rls"));
        let user = keychain::Options::from_env();
        hosts.add_clients(&user, &self.root).await;
        if let Some(recent) = self.recent {
            recent.entries().await.iter().for_each(|entry| hosts.add(&entry.registry, "used before"));
        }
        hosts.0.into_iter().map(|(host, place)| Name::with(host, place)).collect()
    }
}

impl Hosts {
    async fn add_clients(&mut self, user: &keychain::Options, root: &Path) {
        let home = |below: &str| user.home.as_ref().map(|home| home.join(below));
        let config = user.xdg_config_home.clone().or_else(|| home(".config"));
        let of_config = |below: &str| config.as_ref().map(|config| config.join(below));
        if let Some(text) = &user.docker_auth_config {
            self.add_logins(serde_json::from_str(text.expose_secret()).ok(), "docker");
        }
        let named = match &user.auth_file {
            Some(keychain::AuthFile::Path(path)) => Some(path.clone()),
            _ => None,
        };
        let running = user.uid.map(|uid| root.join(format!("run/containers/{uid}/auth.json")));
        let session = user.xdg_runtime_dir.as_ref().map(|folder| folder.join("containers/auth.json"));
        let logins = [
            (named, "REGISTRY_AUTH_FILE"),
            (user.docker_config_json(), "docker"),
            (session, "podman"),
            (running, "podman"),
            (of_config("containers/auth.json"), "podman"),
        ];
        for (file, client) in logins {
            let Some(bytes) = read(file).await else { continue };
            self.add_logins(serde_json::from_slice(&bytes).ok(), client);
        }
        if let Some(bytes) = read(Some(root.join("etc/docker/daemon.json"))).await {
            let daemon: Value = serde_json::from_slice(&bytes).unwrap_or_default();
            self.add_list(&daemon["insecure-registries"], "docker");
            self.add_list(&daemon["registry-mirrors"], "docker");
        }
        for file in [of_config("containers/registries.conf"), Some(root.join("etc/containers/registries.conf"))] {
            let Some(bytes) = read(file).await else { continue };
            let conf: Value = toml::from_slice(&bytes).unwrap_or_default();
            self.add_list(&conf["unqualified-search-registries"], "podman");
            for registry in conf["registry"].as_array().into_iter().flatten() {
                ["prefix", "location"].iter().for_each(|key| self.add_value(&registry[*key], "podman"));
            }
        }
        for client in ["k3s", "rke2"] {
            let file = root.join("etc/rancher").join(client).join("registries.yaml");
            let Some(bytes) = read(Some(file)).await else { continue };
            let Ok(text) = String::from_utf8(bytes) else { continue };
            let registries: Value = serde_saphyr::from_str(&text).unwrap_or_default();
            self.add_keys(&registries["mirrors"], client);
            self.add_keys(&registries["configs"], client);
        }
        let folders = [
            (own_certs_d(), "rls"),
            (Some(root.join("etc/docker/certs.d")), "docker"),
            (of_config("docker/certs.d"), "docker"),
            (of_config("containers/certs.d"), "podman"),
            (Some(root.join("etc/containers/certs.d")), "podman"),
            (Some(root.join("etc/containerd/certs.d")), "containerd"),
        ];
        for (folder, client) in folders {
            let Some(folder) = folder else { continue };
            let names = input::blocking(move || folders_in(&folder)).await.unwrap_or_default();
            names.iter().for_each(|name| self.add(name, client));
        }
    }

    /// Adds the registries that docker or podman are logged in to.
    fn add_logins(&mut self, config: Option<Value>, client: &'static str) {
        let Some(config) = config else { return };
        self.add_keys(&config["auths"], client);
        self.add_keys(&config["credHelpers"], client);
    }

    fn add_keys(&mut self, members: &Value, client: &'static str) {
        members.as_object().into_iter().flat_map(|members| members.keys()).for_each(|key| self.add(key, client));
    }

    fn add_list(&mut self, list: &Value, client: &'static str) {
        list.as_array().into_iter().flatten().for_each(|item| self.add_value(item, client));
    }

    fn add_value(&mut self, value: &Value, client: &'static str) {
        if let Some(text) = value.as_str() {
            self.add(text, client);
        }
    }

    /// Adds the host of a key, which may be a URL or have a path. Wildcards name no registry.
    fn add(&mut self, key: &str, place: &'static str) {
        let (scheme, rest) = key.split_once("://").unwrap_or(("", key));
        let host = rest.split('/').next().unwrap_or_default();
        let host = if matches!(host, "index.docker.io" | "registry-1.docker.io") { "docker.io" } else { host };
        // Only the program's own registries are known to speak HTTP.
        let is_plain = scheme == "http" && matches!(place, "configured in rls" | "used before");
        let text = if is_plain { format!("http://{host}") } else { host.to_owned() };
        let is_known = !is_plain && self.0.contains_key(&format!("http://{host}"));
        if !host.is_empty() && !is_known && text.parse::<Registry>().is_ok() {
            self.0.entry(text).or_insert(place);
        }
    }
}

async fn read(file: Option<PathBuf>) -> Option<Vec<u8>> {
    input::read_file(&file?, input::MAX_CREDENTIALS).await.ok()
}

/// The names of the folders in `certs.d`; containerd writes `HOST_PORT_` for `HOST:PORT`.
fn folders_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|name| name.contains(['.', ':', '_']) && !name.starts_with('_')).map(with_port).collect()
}

fn with_port(name: String) -> String {
    match name.strip_suffix('_').and_then(|name| name.rsplit_once('_')) {
        Some((host, port)) => format!("{host}:{port}"),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(keys: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
        let mut hosts = Hosts::default();
        keys.iter().for_each(|(key, place)| hosts.add(key, place));
        hosts.0.into_iter().collect()
    }

    #[test]
    fn keys_of_other_clients_are_hosts() {
        let found = hosts(&[
            ("https://index.docker.io/v1/", "docker"),
            ("registry.corp:5000", "docker"),
            ("registry.corp:5000", "podman"),
            ("http://mirror.corp:5000", "docker"),
            ("ghcr.io/owner", "podman"),
            ("*", "k3s"),
            ("*.corp", "podman"),
            ("\u{1b}[31m", "docker"),
            ("", "docker"),
        ]);
        let expected = [
            ("docker.io", "docker"),
            ("ghcr.io", "podman"),
            ("mirror.corp:5000", "docker"),
            ("registry.corp:5000", "docker"),
        ];
        assert_eq!(found, expected.map(|(host, place)| (host.to_owned(), place)));
    }

    #[test]
    fn a_registry_that_rls_reaches_by_http_is_offered_so() {
        let found = hosts(&[("http://reg:5000", "configured in rls"), ("reg:5000", "docker")]);
        assert_eq!(found, [("http://reg:5000".to_owned(), "configured in rls")]);
    }

    #[test]
    fn folders_of_containerd_have_no_colon() {
        assert_eq!(with_port("registry.corp_5000_".to_owned()), "registry.corp:5000");
        assert_eq!(with_port("registry.corp:5000".to_owned()), "registry.corp:5000");
        assert_eq!(with_port("ghcr.io".to_owned()), "ghcr.io");
    }
}
