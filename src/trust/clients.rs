//! What other clients on this machine make of a registry: each trusts the system's roots and the files that it reads
//! itself.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use serde_json::Value;

use super::configure::Trust;
use super::discovery::discover_as;
use super::explain::{Rejection, explain};
use super::file;
use super::place::Place;
use super::placement::{HostPaths, OtherClient};
use super::presented::PresentedCertificate;
use super::source::{Provides, Source};
use super::trust_source::{Presented, ReportingVerifier as _, TrustSource};
use crate::name::Registry;

/// What another client makes of a registry.
#[derive(Debug, Clone)]
pub struct ClientTrust {
    /// Why it trusts the server's certificates, or why not; `None` where the server's certificates are not known, as
    /// for plain HTTP.
    pub verdict: Option<Result<TrustSource, Rejection>>,
    /// What makes it accept any certificate, or plain HTTP.
    pub insecure: Option<Insecure>,
    /// What it reads for this registry, and what it does not use.
    pub sources: Vec<Source>,
}

/// Why a client accepts any certificate, or plain HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Insecure {
    /// This file says so.
    File(PathBuf),
    /// The registry is on this machine.
    Loopback,
}

impl Trust {
    /// What another client makes of a registry that presents these certificates; none for plain HTTP. Reads the files
    /// of that client, and blocks on it.
    pub(crate) fn as_client(
        &self,
        client: OtherClient,
        paths: &HostPaths,
        registry: &Registry,
        chain: &[PresentedCertificate],
    ) -> ClientTrust {
        let found = discover_as(client, &Place::of(registry), paths, self.provider());
        let skips = found.sources.iter().find(|source| matches!(source.provides, Provides::Insecure));
        let insecure = skips.map(|source| Insecure::File(source.path.clone()));
        let insecure = insecure.or_else(|| insecure_setting(client, paths, registry));
        let base = registry.base();
        let host = base.host_str().unwrap_or_default();
        let verdict = chain.split_first().and_then(|(leaf, issuers)| {
            let name = host.trim_start_matches('[').trim_end_matches(']');
            let name = ServerName::try_from(name.to_owned()).ok()?;
            let issuers: Vec<CertificateDer<'_>> = issuers.iter().map(|sent| sent.der.clone()).collect();
            let verifier = self.strict_verifier(found.configured.clone(), Vec::new());
            let now = UnixTime::now();
            let presented = Presented { leaf: &leaf.der, intermediates: &issuers, name: &name, now };
            let verdict = verifier.trust_source(&presented);
            Some(verdict.map_err(|error| explain(&error, host, false)))
        });
        ClientTrust { verdict, insecure, sources: found.sources }
    }
}

/// The setting by which a client accepts any certificate or plain HTTP of a registry, besides those that are read with
/// its CA certificates.
fn insecure_setting(client: OtherClient, paths: &HostPaths, registry: &Registry) -> Option<Insecure> {
    let root = &paths.root;
    let read = |path: PathBuf| Some((file::read_found(&path).ok()?, path));
    let place = Place::of(registry);
    let found = match client {
        OtherClient::Docker => read(root.join("etc/docker/daemon.json")).filter(|(text, _)| {
            let daemon: Value = serde_json::from_slice(text).unwrap_or_default();
            let listed = daemon["insecure-registries"].as_array().cloned().unwrap_or_default();
            listed
                .iter()
                .filter_map(Value::as_str)
                .any(|entry| place.is_address(entry) || is_in_network(registry, entry))
        }),
        OtherClient::Podman => {
            registries_conf(paths).into_iter().filter_map(read).find(|(text, _)| is_insecure_in(text, &place))
        }
        OtherClient::Containerd => {
            let folders = place.names().iter().map(|name| Path::new("etc/containerd/certs.d").join(name));
            let hosts = folders.filter_map(|folder| read(root.join(folder).join("hosts.toml")));
            hosts.into_iter().find(|(text, _)| registry.is_plain_http() && names_plain_http(&toml_value(text), &place))
        }
        OtherClient::K3s | OtherClient::Rke2 => {
            let path = root.join("etc/rancher").join(client.as_str()).join("registries.yaml");
            read(path).filter(|(text, _)| registry.is_plain_http() && has_plain_endpoint(text, &place))
        }
    };
    match found {
        Some((_, path)) => Some(Insecure::File(path)),
        // Docker and containerd speak plain HTTP to registries on the same machine; podman does not.
        None if registry.is_plain_http() && client != OtherClient::Podman && is_loopback(registry) => {
            Some(Insecure::Loopback)
        }
        None => None,
    }
}

fn is_loopback(registry: &Registry) -> bool {
    let host = registry.host().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether a registry's address is in a network such as `10.0.0.0/8`.
fn is_in_network(registry: &Registry, network: &str) -> bool {
    let Some((base, length)) = network.split_once('/') else { return false };
    let host = registry.host().trim_start_matches('[').trim_end_matches(']');
    match (host.parse(), base.parse(), length.parse::<u32>()) {
        (Ok(IpAddr::V4(host)), Ok(IpAddr::V4(base)), Ok(length @ 0..=32)) => {
            let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
            u32::from(host) & mask == u32::from(base) & mask
        }
        (Ok(IpAddr::V6(host)), Ok(IpAddr::V6(base)), Ok(length @ 0..=128)) => {
            let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
            u128::from(host) & mask == u128::from(base) & mask
        }
        _ => false,
    }
}

/// The files of containers-registries.conf(5): the user's replaces the system's, and drop-ins follow.
fn registries_conf(paths: &HostPaths) -> Vec<PathBuf> {
    let own = paths.home.join(".config/containers/registries.conf");
    let system = paths.root.join("etc/containers/registries.conf");
    let mut files = vec![if own.is_file() { own } else { system }];
    for folder in
        [paths.root.join("etc/containers/registries.conf.d"), paths.home.join(".config/containers/registries.conf.d")]
    {
        let mut dropped: Vec<_> = folder.read_dir().into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        dropped.retain(|path| path.extension().is_some_and(|extension| extension == "conf"));
        dropped.sort();
        files.extend(dropped);
    }
    files
}

/// Whether a `registries.conf` calls a registry insecure: by `[[registry]]`, or by the older `[registries.insecure]`.
fn is_insecure_in(text: &[u8], place: &Place) -> bool {
    let file = toml_value(text);
    let entries = file["registry"].as_array().cloned().unwrap_or_default();
    let named = |entry: &Value| {
        let name = [&entry["location"], &entry["prefix"]].into_iter().find_map(Value::as_str);
        name.is_some_and(|name| place.is_address(name.split('/').next().unwrap_or_default()))
    };
    let older = file["registries"]["insecure"]["registries"].as_array().cloned().unwrap_or_default();
    entries.iter().any(|entry| entry["insecure"] == true && named(entry))
        || older.iter().filter_map(Value::as_str).any(|name| place.is_address(name))
}

/// Whether a `hosts.toml` names plain HTTP for its server or one of its hosts.
fn names_plain_http(file: &Value, place: &Place) -> bool {
    let hosts = file["host"].as_object().cloned().unwrap_or_default();
    let is_plain = |name: &str| name.starts_with("http://") && place.is_address(name);
    file["server"].as_str().is_some_and(is_plain) || hosts.keys().any(|name| is_plain(name))
}

/// Whether a `registries.yaml` has an endpoint of a mirror that is this registry by plain HTTP.
fn has_plain_endpoint(text: &[u8], place: &Place) -> bool {
    let text = String::from_utf8_lossy(text);
    let file: Value = serde_saphyr::from_str(&text).unwrap_or_default();
    let mirrors = file["mirrors"].as_object().cloned().unwrap_or_default();
    let endpoints = mirrors.values().flat_map(|mirror| mirror["endpoint"].as_array().cloned().unwrap_or_default());
    endpoints
        .filter_map(|endpoint| endpoint.as_str().map(str::to_owned))
        .any(|endpoint| endpoint.starts_with("http://") && place.is_address(&endpoint))
}

fn toml_value(text: &[u8]) -> Value {
    std::str::from_utf8(text).ok().and_then(|text| toml::from_str(text).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(registry: &str) -> Place {
        Place::of(&registry.parse().expect("a registry"))
    }

    #[test]
    fn insecure_registries_of_podman_are_found() {
        let place = place("reg.corp:5000");
        for (text, expected) in [
            ("[[registry]]\nlocation = \"reg.corp:5000\"\ninsecure = true", true),
            ("[[registry]]\nprefix = \"reg.corp:5000/team\"\ninsecure = true", true),
            ("[registries.insecure]\nregistries = [\"reg.corp:5000\"]", true),
            ("[[registry]]\nlocation = \"reg.corp:5000\"", false),
            ("[[registry]]\nlocation = \"reg.corp\"\ninsecure = true", false),
            ("not toml", false),
        ] {
            assert_eq!(is_insecure_in(text.as_bytes(), &place), expected, "{text}");
        }
    }

    #[test]
    fn networks_contain_addresses() {
        let registry: Registry = "10.1.2.3:5000".parse().expect("a registry");
        for (network, expected) in [
            ("10.0.0.0/8", true),
            ("0.0.0.0/0", true),
            ("10.1.2.4/32", false),
            ("fd00::/8", false),
            ("10.1.2.3", false),
        ] {
            assert_eq!(is_in_network(&registry, network), expected, "{network}");
        }
    }

    #[test]
    fn plain_http_of_containerd_and_k3s_is_found() {
        let place = Place::of(&"http://reg.corp:5000".parse().expect("a registry"));
        let hosts = |text: &str| names_plain_http(&toml_value(text.as_bytes()), &place);
        assert!(hosts("server = \"http://reg.corp:5000\""));
        assert!(hosts("[host.\"http://reg.corp:5000\"]\ncapabilities = [\"pull\"]"));
        assert!(!hosts("server = \"https://reg.corp:5000\"") && !hosts(""));
        let yaml = b"mirrors:\n  reg.corp:5000:\n    endpoint: [\"http://reg.corp:5000\"]\n";
        assert!(has_plain_endpoint(yaml, &place) && !has_plain_endpoint(b"mirrors: {}", &place));
    }
}
