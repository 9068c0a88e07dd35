//! What is found about one server in all the places of protocol §6, gathered.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustls::crypto::CryptoProvider;

use super::handshake::HandshakeStarts;
use super::identity::{ClientIdentityFiles, Identity, IdentityError};
use super::pem::Contents;
use super::place::Place;
use super::source::{Origin, Provides, Source, Unused};
use super::verifier::ConfiguredCert;
use super::{certs_d, file, hosts_toml, registries_yaml};
use crate::error::Error;

/// Where the files are that other programs keep trust in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Folders {
    pub root: Option<PathBuf>,
    pub home: Option<PathBuf>,
    pub xdg_config_home: Option<PathBuf>,
    pub docker_config: Option<PathBuf>,
}

impl Folders {
    /// The `certs.d` folders of this program, docker and containers.
    fn certs_d(&self) -> Vec<(Origin, PathBuf)> {
        let dot_config = self.home.as_ref().map(|home| home.join(".config"));
        let config: Vec<_> = self.xdg_config_home.iter().chain(&dot_config).collect();
        let dot_docker = self.home.as_ref().map(|home| home.join(".docker"));
        let docker: Vec<_> = self.docker_config.iter().chain(&dot_docker).collect();
        let root = self.root.as_ref();

        let mut folders = Vec::new();
        folders.extend(config.first().map(|folder| (Origin::Own, folder.join("rls/certs.d"))));
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

/// What was found for one server.
#[derive(Debug)]
pub(super) struct Discovery<'a> {
    provider: &'a CryptoProvider,
    pub found: Found,
}

/// What was found for one server.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Certificates that may vouch for the server.
    pub given: Vec<ConfiguredCert>,
    /// Certificates to show to the server.
    pub identities: Vec<Identity>,
    /// All that was found, in the order of the places.
    pub sources: Vec<Source>,
    /// The first thing that must be put right before any connection.
    pub failure: Option<Error>,
    /// Whether the server has asked for a client certificate.
    pub asked: Arc<AtomicBool>,
    /// When a handshake with the server began.
    pub begun: Arc<HandshakeStarts>,
}

impl Found {
    /// Looks in all places.
    pub fn at(place: &Place, folders: &Folders, provider: &CryptoProvider) -> Self {
        let mut discovery = Discovery { provider, found: Self::default() };
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
}

impl Found {
    /// What could not be used, as one line each.
    pub fn unused(&self) -> Vec<String> {
        let line = |source: &Source| match &source.gives {
            Provides::Nothing(why) => Some(format!("{} is not used: {why}", source.path.display())),
            _ => None,
        };
        self.sources.iter().filter_map(line).collect()
    }
}

impl Discovery<'_> {
    /// Adds the certificates of a PEM file as authorities.
    pub fn authorities(&mut self, origin: Origin, path: &Path) {
        let contents = match file::read_found(path) {
            Ok(bytes) => Contents::parse(&bytes),
            Err(error) => return self.unreadable(origin, path, &error),
        };
        if contents.certificates.is_empty() {
            return self.unused(origin, path, Unused::NoCertificate(contents.instead_of_certificates()));
        }
        for damage in contents.damaged {
            self.unused(origin, path, Unused::Damaged(damage));
        }
        let certificates = contents.certificates.iter().map(|(_, certificate)| certificate.clone()).collect();
        self.record(origin, path, Provides::Authorities(certificates));
        self.found.given.extend(ConfiguredCert::all_from(contents.certificates, path));
    }

    /// Adds a client certificate. One that cannot be used is an error where `is_fatal`: connecting without it would fail
    /// later and say less.
    pub fn identity(&mut self, origin: Origin, files: ClientIdentityFiles, is_fatal: bool) {
        let ClientIdentityFiles { cert, key } = &files;
        let contents = |path: &Path| file::read_found(path).map(|bytes| Contents::parse(&bytes));
        let (certificates, keys) = match (contents(cert), contents(key)) {
            (Ok(certificates), Ok(keys)) => (certificates, keys),
            (Err(error), _) => return self.unreadable(origin, cert, &error),
            (_, Err(error)) => return self.unreadable(origin, key, &error),
        };
        match Identity::assemble(certificates, keys, self.provider) {
            Ok(identity) => {
                let certificate = Box::new(identity.certificate.clone());
                self.record(origin, cert, Provides::ClientIdentity { certificate, key: key.clone() });
                self.found.identities.push(identity);
            }
            Err(identity_error) if is_fatal => self.broken(origin, cert, identity_error.into_error(&files), false),
            Err(identity_error) => self.identity_error(origin, &files, identity_error),
        }
    }

    fn identity_error(&mut self, origin: Origin, files: &ClientIdentityFiles, identity_error: IdentityError) {
        let why = identity_error.into_error(files).to_string();
        self.unused(origin, &files.cert, Unused::ClientIdentity(why));
    }

    /// Records that a file wants the server not to be verified.
    pub fn insecure(&mut self, origin: Origin, path: &Path) {
        tracing::debug!("{} asks not to verify the server's certificate, which is not obeyed", path.display());
        self.record(origin, path, Provides::Insecure);
    }

    /// Records something that must be put right first.
    pub fn broken(&mut self, origin: Origin, path: &Path, error: Error, is_authority: bool) {
        self.found.failure.get_or_insert_with(|| error.clone());
        self.record(origin, path, Provides::Broken { error, is_authority });
    }

    /// Records a file that cannot be read. That it is not there is no news.
    pub fn unreadable(&mut self, origin: Origin, path: &Path, error: &io::Error) {
        self.unused(
            origin,
            path,
            match error.kind() {
                io::ErrorKind::PermissionDenied => Unused::Denied,
                _ => Unused::Unreadable(error.to_string()),
            },
        );
    }

    /// Records something that is not used.
    pub fn unused(&mut self, origin: Origin, path: &Path, why: Unused) {
        // No more than a note: most such files are no fault of this user and matter to nobody. It becomes a warning when a
        // certificate is refused.
        tracing::debug!("{} is not used: {why}", path.display());
        self.record(origin, path, Provides::Nothing(why));
    }

    fn record(&mut self, origin: Origin, path: &Path, gives: Provides) {
        self.found.sources.push(Source { origin, path: path.to_owned(), gives });
    }
}
