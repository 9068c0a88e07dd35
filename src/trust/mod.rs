//! Who is trusted as the far end of a TLS connection, and what is wrong when it is not.
//!
//! [`Trust`] gives a [`rustls::ClientConfig`] per host: the system's roots, read when they are first needed, and the
//! certificates that the user names beside them. Its verifier asks webpki and adds one thing, the pin: a server whose own
//! certificate was given byte for byte is accepted, provided that its name and dates are right. That is what docker, curl
//! and Go make of the self-signed certificate that every guide tells people to create.
//!
//! A failed handshake is explained by [`explain()`]: as data in [`crate::error::Tls`], and in a sentence.

pub mod certificate;
mod explain;
#[cfg(test)]
mod fixture;
mod identity;
mod pem;
mod refusal;
mod rejection;
mod roots;
#[cfg(test)]
mod tests;
mod verifier;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, ring};

pub use certificate::Certificate;
pub use explain::explain;
pub use identity::ClientIdentityFiles;
pub use rejection::Rejection;

use crate::error::{Error, Result};
use identity::{Identities, Identity};
use pem::Contents;
use roots::SystemRoots;
use verifier::{AcceptAny, Given, Verifier};

/// Protocols offered by ALPN, the preferred one first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// What the user says about trust.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// PEM files with certificates to trust in addition to the system's roots.
    pub ca_files: Vec<PathBuf>,
    /// The certificate to show to a server that asks for one.
    pub client_identity: Option<ClientIdentityFiles>,
    /// Accept whatever certificate a server has.
    pub insecure: bool,
}

/// Who is trusted. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Trust {
    insecure: bool,
    given: Vec<Given>,
    identity: Option<Identity>,
    system: Arc<SystemRoots>,
    provider: Arc<CryptoProvider>,
}

impl Trust {
    /// Reads what the user named. The system's roots are not read yet.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`](crate::error::Kind::Config) names a file that cannot be read, holds no certificate, is damaged, or
    /// a client key that belongs to another certificate.
    pub fn load(options: Options) -> Result<Self> {
        Self::with_roots(options, SystemRoots::native())
    }

    fn with_roots(options: Options, system: SystemRoots) -> Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let mut given = Vec::new();
        for path in &options.ca_files {
            given.extend(read_ca_file(path)?);
        }
        let identity = options.client_identity.map(|files| Identity::load(&files, &provider)).transpose()?;
        Ok(Self { insecure: options.insecure, given, identity, system: Arc::new(system), provider })
    }

    /// The configuration for TLS connections to `host` and `port`: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1 by ALPN.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`](crate::error::Kind::Config) when what is configured for this host cannot be used.
    pub fn client_config(&self, _host: &str, _port: u16) -> Result<ClientConfig> {
        let algorithms = self.provider.signature_verification_algorithms;
        let verifier: Arc<dyn ServerCertVerifier> = if self.insecure {
            Arc::new(AcceptAny { algorithms })
        } else {
            Arc::new(Verifier::new(Arc::clone(&self.system), self.given.clone(), algorithms))
        };
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::config("TLS cannot be set up").because(error))?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut config =
            builder.with_client_cert_resolver(Arc::new(Identities(self.identity.iter().cloned().collect())));
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        Ok(config)
    }

    /// Whether any certificate is accepted.
    pub fn is_insecure(&self) -> bool {
        self.insecure
    }

    /// Whether there is a client certificate, to be shown if a server asks for one.
    pub fn has_client_identity(&self) -> bool {
        self.identity.is_some()
    }

    /// Whether the system's roots have been read, which happens at the first handshake that needs them.
    pub fn roots_loaded(&self) -> bool {
        self.system.are_loaded()
    }
}

/// Makes ring the cryptography of every TLS configuration in this process that does not name its own. The first call
/// counts, here or elsewhere; more do nothing.
pub fn install_crypto() {
    // The error means that a provider is installed already.
    let _ = ring::default_provider().install_default();
}

/// Reads a file that the user named as a CA file.
fn read_ca_file(path: &Path) -> Result<Vec<Given>> {
    let contents = Contents::read(path)
        .map_err(|error| Error::config(format!("cannot read the CA file {}", path.display())).because(error))?;
    if let Some(damage) = contents.damaged.first() {
        return Err(Error::config(format!("CA file {} is damaged", path.display())).because(damage));
    }
    if contents.certificates.is_empty() {
        return Err(Error::config(format!("CA file {} holds no certificate", path.display()))
            .because(contents.instead_of_certificates()));
    }
    Ok(contents.certificates)
}
