//! What other programs and the user have configured for one server, gathered from their files.

mod certs_d;
mod collect;
mod hosts_toml;
mod registries_yaml;

use std::path::PathBuf;

use rustls::crypto::CryptoProvider;

use self::collect::Discovery;
pub(super) use self::collect::Found;
pub(crate) use self::registries_yaml::misnamed_registries;
use super::place::Place;
use super::placement::{HostPaths, OtherClient};
use super::source::Origin;

/// The folders in which trust is configured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Folders {
    pub own_certs_d: Option<PathBuf>,
    pub root: Option<PathBuf>,
    pub home: Option<PathBuf>,
    pub xdg_config_home: Option<PathBuf>,
    pub docker_config: Option<PathBuf>,
}

impl Folders {
    /// The `certs.d` folders of docker and containers, after those of the program.
    fn certs_d(&self) -> Vec<(Origin, PathBuf)> {
        let dot_config = self.home.as_ref().map(|home| home.join(".config"));
        let config: Vec<_> = self.xdg_config_home.iter().chain(&dot_config).collect();
        let dot_docker = self.home.as_ref().map(|home| home.join(".docker"));
        let docker: Vec<_> = self.docker_config.iter().chain(&dot_docker).collect();
        let root = self.root.as_ref();

        let mut folders = Vec::new();
        folders.extend(self.own_certs_d.clone().map(|folder| (Origin::Own, folder)));
        folders.extend(docker.iter().map(|folder| (Origin::Docker, folder.join("certs.d"))));
        folders.extend(config.iter().map(|folder| (Origin::Docker, folder.join("docker/certs.d"))));
        folders.extend(root.map(|root| (Origin::Docker, root.join("etc/docker/certs.d"))));
        folders.extend(config.iter().map(|folder| (Origin::Containers, folder.join("containers/certs.d"))));
        folders.extend(root.map(|root| (Origin::Containers, root.join("etc/containers/certs.d"))));
        let mut seen: Vec<PathBuf> = Vec::new();
        folders.retain(|(_, folder)| {
            let new = !seen.contains(folder);
            seen.push(folder.clone());
            new
        });
        folders
    }
}

/// Reads what another client reads for a server, and nothing else.
pub(super) fn discover_as(client: OtherClient, place: &Place, paths: &HostPaths, provider: &CryptoProvider) -> Found {
    let mut discovery = Discovery { provider, found: Found::default() };
    let root = &paths.root;
    match client {
        OtherClient::Docker => certs_d::read_host(&paths.docker(), place, Origin::Docker, &mut discovery),
        OtherClient::Podman => {
            // Podman reads the first folder that exists, and no other.
            let has_folder = |certs_d: &&PathBuf| place.names().iter().any(|name| certs_d.join(name).is_dir());
            let all = paths.podman();
            match all.iter().find(has_folder) {
                Some(certs_d) => certs_d::read_host(certs_d, place, Origin::Containers, &mut discovery),
                None => all
                    .iter()
                    .for_each(|certs_d| certs_d::read_host(certs_d, place, Origin::Containers, &mut discovery)),
            }
        }
        OtherClient::Containerd => hosts_toml::read(root, place, &mut discovery),
        OtherClient::K3s | OtherClient::Rke2 => {
            registries_yaml::read(root, client.as_str(), place, &mut discovery);
        }
    }
    discovery.found
}

/// Searches all places for the configuration of a server.
pub(super) fn discover(place: &Place, folders: &Folders, provider: &CryptoProvider) -> Found {
    let mut discovery = Discovery { provider, found: Found::default() };
    for (origin, folder) in folders.certs_d() {
        certs_d::read_host(&folder, place, origin, &mut discovery);
    }
    if let Some(root) = &folders.root {
        hosts_toml::read(root, place, &mut discovery);
        for product in ["k3s", "rke2"] {
            registries_yaml::read(root, product, place, &mut discovery);
        }
    }
    discovery.found
}
