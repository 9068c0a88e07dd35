//! Who vouches for a server whose certificate is accepted.

use std::fmt;
use std::path::PathBuf;

use rustls::Error;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

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
