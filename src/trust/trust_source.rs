//! What trust in a server comes from: certificates that were configured for it, or the system's roots.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::Error;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use super::certificate::Certificate;

/// Why a server certificate was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustSource {
    /// A CA certificate in this file.
    Authority(PathBuf),
    /// The server's own certificate in this file.
    Pin(PathBuf),
    /// The system's roots.
    System,
    /// The server's own certificate among the system's roots.
    SystemPin,
    /// Verification is disabled.
    Unverified,
}

impl fmt::Display for TrustSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authority(path) => path.display().fmt(f),
            Self::Pin(path) => write!(f, "{}, which contains its own certificate", path.display()),
            Self::System => f.write_str("the system's roots"),
            Self::SystemPin => f.write_str("the system's roots, which contain its own certificate"),
            Self::Unverified => f.write_str("not verified"),
        }
    }
}

/// A verifier that reports why it accepted a certificate.
pub(super) trait ReportingVerifier: ServerCertVerifier {
    /// Why a server with these certificates is trusted.
    ///
    /// # Errors
    ///
    /// Why it is refused.
    fn trust_source(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<TrustSource, Error>;
}

/// A certificate that the user or a file of another client configured.
#[derive(Debug, Clone)]
pub(super) struct ConfiguredCert {
    pub der: CertificateDer<'static>,
    pub certificate: Certificate,
    /// Its file.
    pub from: Arc<Path>,
}

impl ConfiguredCert {
    /// The certificates of one file.
    pub fn all_from(
        certificates: Vec<(CertificateDer<'static>, Certificate)>,
        path: &Path,
    ) -> impl Iterator<Item = Self> {
        let from: Arc<Path> = path.into();
        certificates.into_iter().map(move |(der, certificate)| Self { der, certificate, from: Arc::clone(&from) })
    }
}
