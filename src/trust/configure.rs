//! TLS configurations, one for each server.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rustls::ClientConfig;
use rustls::client::danger::ServerCertVerifier;
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::crypto::{CryptoProvider, ring};

use super::discovery::{Folders, Found, discover};
use super::explain::{self, ClientSide, Rejection};
use super::file;
use super::handshake::Sessions;
use super::identity::{ClientIdentityFiles, Identities, Identity};
use super::insecure::AcceptAny;
use super::pem::Contents;
use super::place::Place;
use super::roots::SystemRoots;
use super::source::{Origin, Provides, Source};
use super::trust_source::{ConfiguredCert, ReportingVerifier};
use super::verifier::Verifier;
use crate::error::{Error, Result};
use crate::name::Registry;

/// Protocols offered by ALPN, the preferred one first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// What the user says about trust, and where to look for more. The default looks nowhere but in the system's store.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// PEM files with certificates to trust in addition to the system's roots.
    pub ca_files: Vec<PathBuf>,
    /// The certificate to show to a registry that asks for one, instead of those that are found.
    pub client_identity: Option<ClientIdentityFiles>,
    /// Accept whatever certificate a server has.
    pub insecure: bool,
    /// The user's home, with `.docker/certs.d` and `.config`.
    pub home: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`, looked at before `~/.config`.
    pub xdg_config_home: Option<PathBuf>,
    /// `DOCKER_CONFIG`, looked at before `~/.docker`.
    pub docker_config: Option<PathBuf>,
    /// The root of the files that are the whole machine's, such as `/etc/docker`; `None` leaves them out.
    pub root: Option<PathBuf>,
}

impl Options {
    /// Looks where this process' environment says. A variable that is empty counts as unset.
    pub fn from_env() -> Self {
        let var = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        Self {
            home: std::env::home_dir(),
            xdg_config_home: var("XDG_CONFIG_HOME"),
            docker_config: var("DOCKER_CONFIG"),
            root: Some(PathBuf::from("/")),
            ..Self::default()
        }
    }
}

/// Who is trusted. Cheap to clone; clones share what has been read.
#[derive(Debug, Clone)]
pub struct Trust {
    shared: Arc<Shared>,
    /// The registry that connections are made for.
    registry: Option<Place>,
}

#[derive(Debug)]
struct Shared {
    insecure: bool,
    given: Vec<ConfiguredCert>,
    identity: Option<Identity>,
    /// What the user named, for [`Trust::sources`].
    named: Vec<Source>,
    system: Arc<SystemRoots>,
    provider: Arc<CryptoProvider>,
    folders: Folders,
    found: Mutex<HashMap<Place, Arc<Found>>>,
}

impl Trust {
    /// Reads what the user named. The system's roots and the files of other programs are not read yet.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`](crate::error::Kind::Config) names a file that cannot be read, holds no certificate, is damaged, or
    /// a client key that belongs to another certificate.
    pub fn load(options: Options) -> Result<Self> {
        Self::with_roots(options, SystemRoots::native())
    }

    pub(super) fn with_roots(options: Options, system: SystemRoots) -> Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let (mut given, mut named) = (Vec::new(), Vec::new());
        let mut name = |path: &Path, gives| named.push(Source { origin: Origin::User, path: path.to_owned(), gives });
        for path in &options.ca_files {
            let certificates: Vec<_> = read_ca_file(path)?.collect();
            name(path, Provides::Authorities(certificates.iter().map(|given| given.certificate.clone()).collect()));
            given.extend(certificates);
        }
        let identity = match &options.client_identity {
            Some(files) => {
                let identity = Identity::load(files, &provider)?;
                let certificate = Box::new(identity.certificate.clone());
                name(&files.cert, Provides::ClientIdentity { certificate, key: files.key.clone() });
                Some(identity)
            }
            None => None,
        };
        let folders = Folders {
            root: options.root,
            home: options.home,
            xdg_config_home: options.xdg_config_home,
            docker_config: options.docker_config,
        };
        let (system, found) = (Arc::new(system), Mutex::default());
        let shared = Shared { insecure: options.insecure, given, identity, named, system, provider, folders, found };
        Ok(Self { shared: Arc::new(shared), registry: None })
    }

    /// The same trust in the service of one registry, which matters in three ways:
    ///
    /// - the registry is looked for under the name that was typed, `reg` being another than `reg:443`;
    /// - the certificate authorities found for it also vouch for its token server and for where it redirects to, as they do
    ///   in docker, podman and containerd;
    /// - [`Options::client_identity`] is shown to its host alone.
    #[must_use]
    pub fn for_registry(&self, registry: &Registry) -> Self {
        Self { shared: Arc::clone(&self.shared), registry: Some(Place::of(registry)) }
    }

    /// The configuration for TLS connections to `host` and `port`: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1 by ALPN.
    ///
    /// The first call for a server reads what is configured for it.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`](crate::error::Kind::Config) when a client certificate configured for this server cannot be used.
    pub fn client_config(&self, host: &str, port: u16) -> Result<ClientConfig> {
        let (verifier, identities) = self.judge_and_identities(host, port)?;
        let mut config = self.configure(verifier, Arc::new(identities))?;
        config.resumption =
            Resumption::store(Arc::new(Sessions::with(host, Arc::clone(&self.found(host, port).begun))));
        Ok(config)
    }

    /// Who judges a server's certificates, and what is shown to it.
    pub(super) fn judge_and_identities(
        &self,
        host: &str,
        port: u16,
    ) -> Result<(Arc<dyn ReportingVerifier>, Identities)> {
        let found = self.found(host, port);
        if let Some(failure) = &found.failure {
            return Err(failure.clone());
        }
        let mut given = self.shared.given.clone();
        let mut unused = found.unused();
        given.extend(found.given.iter().cloned());
        if let Some(registry) = self.found_for_registry_of(host, port) {
            given.extend(registry.given.iter().cloned());
            unused.extend(registry.unused());
        }
        let identities = Identities { all: self.identities(host, &found), asked: Arc::clone(&found.asked) };
        Ok((self.judge(given, unused), identities))
    }

    /// The configuration for connections that no server's own configuration is for, such as those to a proxy: the system's
    /// roots and what the user named, no client certificate. It reads nothing.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`](crate::error::Kind::Config) when TLS cannot be set up.
    pub fn general_config(&self) -> Result<ClientConfig> {
        let nobody = Identities { all: Vec::new(), asked: Arc::default() };
        self.configure(self.judge(self.shared.given.clone(), Vec::new()), Arc::new(nobody))
    }

    fn judge(&self, given: Vec<ConfiguredCert>, unused: Vec<String>) -> Arc<dyn ReportingVerifier> {
        if self.shared.insecure {
            Arc::new(self.accept_any())
        } else {
            let algorithms = self.shared.provider.signature_verification_algorithms;
            Arc::new(Verifier::new(Arc::clone(&self.shared.system), given, unused, algorithms))
        }
    }

    pub(super) fn configure(
        &self,
        verifier: Arc<dyn ServerCertVerifier>,
        identities: Arc<dyn ResolvesClientCert>,
    ) -> Result<ClientConfig> {
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.shared.provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::config("TLS cannot be set up").because(error))?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_client_cert_resolver(identities);
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        Ok(config)
    }

    /// A verifier that accepts any certificate.
    pub(super) fn accept_any(&self) -> AcceptAny {
        AcceptAny { algorithms: self.shared.provider.signature_verification_algorithms }
    }

    /// Whether any certificate is accepted.
    pub fn is_insecure(&self) -> bool {
        self.shared.insecure
    }

    /// Whether there is a client certificate for this server, to be shown if it asks for one.
    #[cfg(test)]
    pub(super) fn offers_client_certificate(&self, host: &str, port: u16) -> bool {
        !self.identities(host, &self.found(host, port)).is_empty()
    }

    /// Explains a failed handshake with this server, as [`explain()`] does and with what is known of its client certificate.
    pub fn explain(&self, error: &rustls::Error, host: &str, port: u16) -> Rejection {
        let found = self.found(host, port);
        let offered = !self.identities(host, &found).is_empty();
        explain::explain_to(ClientSide { offered, asked: found.asked.load(Ordering::Relaxed) }, error, host)
    }

    /// Why this server closed the first connection to it without an answer, if it had asked for a client certificate. In TLS 1.3 its
    /// refusal comes after the handshake, and an HTTP/2 client drops it with the connection.
    pub fn explain_silence(&self, host: &str, port: u16) -> Option<Rejection> {
        let found = self.found(host, port);
        let offered = !self.identities(host, &found).is_empty();
        found.asked.load(Ordering::Relaxed).then(|| explain::closed_after_asking(offered))
    }

    /// Whether a connection to this server came as far as a TLS handshake, then or later.
    pub fn has_begun_handshake_since(&self, then: Instant, host: &str, port: u16) -> bool {
        self.found(host, port).begun.is_since(then)
    }

    /// What is known about trust in a server besides the system's roots, and from which files: what counts, and what does
    /// not although it looks as if.
    pub fn sources(&self, host: &str, port: u16) -> Vec<Source> {
        let is_authority = |source: &&Source| !matches!(source.gives, Provides::ClientIdentity { .. });
        let named = self.shared.named.iter().filter(|source| self.is_shown_to(host) || is_authority(source));
        let mut sources: Vec<_> = named.cloned().collect();
        sources.extend(self.found(host, port).sources.iter().cloned());
        if let Some(registry) = self.found_for_registry_of(host, port) {
            sources.extend(registry.sources.iter().filter(is_authority).cloned());
        }
        sources
    }

    /// Whether the system's roots have been read, which happens at the first handshake that needs them.
    #[cfg(test)]
    pub(super) fn roots_loaded(&self) -> bool {
        self.shared.system.are_loaded()
    }

    fn place(&self, host: &str, port: u16) -> Place {
        let registry = self.registry.as_ref().filter(|registry| registry.is(host, port));
        registry.cloned().unwrap_or_else(|| Place::at(host, port))
    }

    fn found(&self, host: &str, port: u16) -> Arc<Found> {
        self.found_at(self.place(host, port))
    }

    /// What was found for the registry, when `host` and `port` are another server that it named.
    fn found_for_registry_of(&self, host: &str, port: u16) -> Option<Arc<Found>> {
        let registry = self.registry.as_ref().filter(|registry| !registry.is(host, port))?;
        Some(self.found_at(registry.clone()))
    }

    fn found_at(&self, place: Place) -> Arc<Found> {
        let mut found = self.shared.found.lock().unwrap_or_else(PoisonError::into_inner);
        let look = |place: &Place| Arc::new(discover(place, &self.shared.folders, &self.shared.provider));
        Arc::clone(found.entry(place).or_insert_with_key(look))
    }

    /// Whether the client certificate that the user named is meant for this host.
    fn is_shown_to(&self, host: &str) -> bool {
        self.registry.as_ref().is_none_or(|registry| registry.is_host(host))
    }

    fn identities(&self, host: &str, found: &Found) -> Vec<Identity> {
        match &self.shared.identity {
            Some(named) if self.is_shown_to(host) => vec![named.clone()],
            _ => found.identities.clone(),
        }
    }
}

/// Reads a file that the user named as a CA file.
fn read_ca_file(path: &Path) -> Result<impl Iterator<Item = ConfiguredCert>> {
    let contents = match file::read_named(path) {
        Ok(bytes) => Contents::parse(&bytes),
        Err(error) => {
            return Err(Error::config(format!("cannot read the CA file {}", path.display())).because(error));
        }
    };
    if let Some(damage) = contents.damaged.first() {
        return Err(Error::config(format!("CA file {} is damaged", path.display())).because(damage));
    }
    if contents.certificates.is_empty() {
        return Err(Error::config(format!("CA file {} holds no certificate", path.display()))
            .because(contents.instead_of_certificates()));
    }
    Ok(ConfiguredCert::all_from(contents.certificates, path))
}
