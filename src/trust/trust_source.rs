//! What trust in a server comes from: certificates that were configured for it, or the system's roots.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::Error;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use super::certificate::Certificate;

/// To whom a server owes it that its certificate is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustSource {
    /// An authority whose certificate is in this file.
    Authority(PathBuf),
    /// This file, which holds the server's own certificate.
    Pin(PathBuf),
    /// The system's roots.
    System,
    /// The system's roots, among which is the server's own certificate.
    SystemPin,
    /// Nobody: any certificate is accepted.
    Nobody,
}

impl fmt::Display for TrustSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authority(path) => path.display().fmt(f),
            Self::Pin(path) => write!(f, "{}, which holds its own certificate", path.display()),
            Self::System => f.write_str("the system's roots"),
            Self::SystemPin => f.write_str("the system's roots, which hold its own certificate"),
            Self::Nobody => f.write_str("nobody: its certificate is not verified"),
        }
    }
}

/// A verifier that says who vouches.
pub(super) trait ReportingVerifier: ServerCertVerifier {
    /// Who vouches for a server with these certificates.
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

/// A certificate that the user or a file of another client supplied.
#[derive(Debug, Clone)]
pub(super) struct ConfiguredCert {
    pub der: CertificateDer<'static>,
    pub certificate: Certificate,
    /// The file it was in.
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
