//! Makes TLS configurations, one for each server.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rustls::ClientConfig;
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::crypto::{CryptoProvider, ring};

use super::discovery::{Folders, Found, discover};
use super::explain::{self, ClientSide, Rejection};
use super::file;
use super::handshake::Sessions;
use super::identity::{ClientIdentityFiles, Identities, Identity};
use super::pem::Contents;
use super::place::Place;
use super::roots::SystemRoots;
use super::signature::{AcceptAny, HandshakeVerifier};
use super::source::{Origin, Provides, Source};
use super::trust_source::{ConfiguredCert, ReportingVerifier};
use super::verifier::Verifier;
use crate::error::{Error, Result};
use crate::name::Registry;

/// Protocols offered by ALPN, in order of preference.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The user's trust settings, and the folders of further ones. By default only the system's roots are trusted.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// PEM files with certificates to trust in addition to the system's roots.
    pub ca_files: Vec<PathBuf>,
    /// The client certificate to present to the registry, in place of those that are found.
    pub client_identity: Option<ClientIdentityFiles>,
    /// Accept any certificate.
    pub insecure: bool,
    /// The user's home, with `.docker/certs.d` and `.config`.
    pub home: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`, looked at before `~/.config`.
    pub xdg_config_home: Option<PathBuf>,
    /// `DOCKER_CONFIG`, looked at before `~/.docker`.
    pub docker_config: Option<PathBuf>,
    /// A `certs.d` folder of the program itself, searched before those of other programs; `None` without one.
    pub own_certs_d: Option<PathBuf>,
    /// The root of the system's files, such as `/etc/docker`; `None` leaves them out.
    pub root: Option<PathBuf>,
}

impl Options {
    /// The options of this process' environment. An empty variable counts as unset.
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

/// A trust configuration. Cheap to clone; clones share what has been read.
#[derive(Debug, Clone)]
pub struct Trust {
    shared: Arc<Shared>,
    /// The registry that connections are made for.
    registry: Option<Place>,
}

#[derive(Debug)]
struct Shared {
    insecure: bool,
    configured: Vec<ConfiguredCert>,
    identity: Option<Identity>,
    /// The files that the user named, for [`Trust::sources`].
    named: Vec<Source>,
    system: Arc<SystemRoots>,
    provider: Arc<CryptoProvider>,
    folders: Folders,
    found: Mutex<HashMap<Place, Arc<Found>>>,
}

impl Trust {
    /// Reads the files that the user named. The system's roots and the files of other programs are not read yet.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`](crate::error::Kind::Config) when a file cannot be read, contains no certificate or is damaged,
    /// or a client key belongs to another certificate.
    pub fn load(options: Options) -> Result<Self> {
        Self::with_roots(options, SystemRoots::native())
    }

    pub(super) fn with_roots(options: Options, system: SystemRoots) -> Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let (mut configured, mut named) = (Vec::new(), Vec::new());
        let mut name =
            |path: &Path, provides| named.push(Source { origin: Origin::User, path: path.to_owned(), provides });
        for path in &options.ca_files {
            let certificates: Vec<_> = read_ca_file(path)?.collect();
            name(
                path,
                Provides::Authorities(certificates.iter().map(|configured| configured.certificate.clone()).collect()),
            );
            configured.extend(certificates);
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
            own_certs_d: options.own_certs_d,
            root: options.root,
            home: options.home,
            xdg_config_home: options.xdg_config_home,
            docker_config: options.docker_config,
        };
        let (system, found) = (Arc::new(system), Mutex::default());
        let shared =
            Shared { insecure: options.insecure, configured, identity, named, system, provider, folders, found };
        Ok(Self { shared: Arc::new(shared), registry: None })
    }

    /// The same trust configuration for one registry, which has three effects:
    ///
    /// - the configuration of other programs is searched for the name that was typed: `reg` is not `reg:443`;
    /// - the certificate authorities found for it are also trusted for its token server and for the hosts it redirects
    ///   to, as in docker, podman and containerd;
    /// - [`Options::client_identity`] is presented to its host only.
    #[must_use]
    pub fn for_registry(&self, registry: &Registry) -> Self {
        Self { shared: Arc::clone(&self.shared), registry: Some(Place::of(registry)) }
    }

    /// The configuration for TLS connections to `host` and `port`: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1 by ALPN.
    ///
    /// The first call for a server reads its configuration.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`](crate::error::Kind::Config) when a client certificate configured for this server cannot be
    /// used.
    pub(crate) fn client_config(&self, host: &str, port: u16) -> Result<ClientConfig> {
        let (verifier, identities) = self.verifier_and_identities(host, port)?;
        let mut config = self.configure(verifier, Arc::new(identities))?;
        config.resumption =
            Resumption::store(Arc::new(Sessions::with(host, Arc::clone(&self.found(host, port).begun))));
        Ok(config)
    }

    /// The verifier of a server's certificates, and the client certificates for it.
    pub(super) fn verifier_and_identities(
        &self,
        host: &str,
        port: u16,
    ) -> Result<(Arc<dyn ReportingVerifier>, Identities)> {
        let found = self.found(host, port);
        if let Some(failure) = &found.failure {
            return Err(failure.clone());
        }
        let mut configured = self.shared.configured.clone();
        let mut unused = found.unused();
        configured.extend(found.configured.iter().cloned());
        if let Some(registry) = self.found_for_registry_of(host, port) {
            configured.extend(registry.configured.iter().cloned());
            unused.extend(registry.unused());
        }
        let identities = Identities { all: self.identities(host, &found), asked: Arc::clone(&found.asked) };
        Ok((self.verifier(configured, unused), identities))
    }

    /// The configuration for connections without a configuration of their own, such as those to a proxy: the system's
    /// roots and the files that the user named, no client certificate. Reads nothing.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`](crate::error::Kind::Config) when TLS cannot be set up.
    pub(crate) fn general_config(&self) -> Result<ClientConfig> {
        let none = Identities { all: Vec::new(), asked: Arc::default() };
        self.configure(self.verifier(self.shared.configured.clone(), Vec::new()), Arc::new(none))
    }

    fn verifier(&self, configured: Vec<ConfiguredCert>, unused: Vec<String>) -> Arc<dyn ReportingVerifier> {
        if self.shared.insecure { Arc::new(AcceptAny) } else { Arc::new(self.strict_verifier(configured, unused)) }
    }

    /// A verifier that trusts the system's roots and these certificates.
    pub(super) fn strict_verifier(&self, configured: Vec<ConfiguredCert>, unused: Vec<String>) -> Verifier {
        let algorithms = self.shared.provider.signature_verification_algorithms;
        Verifier::new(Arc::clone(&self.shared.system), configured, unused, algorithms)
    }

    pub(super) fn provider(&self) -> &CryptoProvider {
        &self.shared.provider
    }

    pub(super) fn configure(
        &self,
        certificates: Arc<dyn ReportingVerifier>,
        identities: Arc<dyn ResolvesClientCert>,
    ) -> Result<ClientConfig> {
        let algorithms = self.shared.provider.signature_verification_algorithms;
        let verifier = HandshakeVerifier { certificates, algorithms };
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.shared.provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::config("TLS cannot be set up").because(error))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_cert_resolver(identities);
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        Ok(config)
    }

    /// Whether there is a client certificate for this server.
    #[cfg(test)]
    pub(super) fn offers_client_certificate(&self, host: &str, port: u16) -> bool {
        !self.identities(host, &self.found(host, port)).is_empty()
    }

    /// Explains a failed handshake with this server as [`explain()`](super::explain::explain) does, taking its client
    /// certificate into account.
    pub(crate) fn explain(&self, error: &rustls::Error, host: &str, port: u16) -> Rejection {
        let found = self.found(host, port);
        let offered = !self.identities(host, &found).is_empty();
        explain::explain_to(ClientSide { offered, asked: found.asked.load(Ordering::Relaxed) }, error, host)
    }

    /// Why this server closed the first connection without a reply, if it had requested a client certificate. In TLS
    /// 1.3 its refusal follows the handshake, and an HTTP/2 client discards it with the connection.
    pub(crate) fn explain_silence(&self, host: &str, port: u16) -> Option<Rejection> {
        let found = self.found(host, port);
        let offered = !self.identities(host, &found).is_empty();
        found.asked.load(Ordering::Relaxed).then(|| explain::closed_after_asking(offered))
    }

    /// Whether a connection to this server started a TLS handshake at `then` or later.
    pub(crate) fn has_begun_handshake_since(&self, then: Instant, host: &str, port: u16) -> bool {
        self.found(host, port).begun.is_since(then)
    }

    /// What is configured for trust in a server besides the system's roots, and in which files: also what is not used
    /// although it may seem so.
    pub fn sources(&self, host: &str, port: u16) -> Vec<Source> {
        let is_authority = |source: &&Source| !matches!(source.provides, Provides::ClientIdentity { .. });
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

    /// What was found for the registry, when `host` and `port` are another server, such as its token server.
    fn found_for_registry_of(&self, host: &str, port: u16) -> Option<Arc<Found>> {
        let registry = self.registry.as_ref().filter(|registry| !registry.is(host, port))?;
        Some(self.found_at(registry.clone()))
    }

    fn found_at(&self, place: Place) -> Arc<Found> {
        let mut found = self.shared.found.lock().unwrap_or_else(PoisonError::into_inner);
        let look = |place: &Place| Arc::new(discover(place, &self.shared.folders, &self.shared.provider));
        Arc::clone(found.entry(place).or_insert_with_key(look))
    }

    /// Whether the client certificate that the user named is for this host.
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
            .because(contents.instead_of_certificates())
            .in_form(path.display(), contents.form));
    }
    Ok(ConfiguredCert::all_from(contents.certificates, path))
}
