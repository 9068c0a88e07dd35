//! What trust in a server comes from: certificates that were configured for it, or the system's roots.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use rustls::Error;
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

/// What a server presented, and the name and time to verify it for.
pub(super) struct Presented<'a> {
    pub leaf: &'a CertificateDer<'a>,
    pub intermediates: &'a [CertificateDer<'a>],
    pub name: &'a ServerName<'a>,
    pub now: UnixTime,
}

impl Presented<'_> {
    /// The readable certificates, the server's own first; none if that one is not readable.
    pub fn described(&self) -> Vec<Certificate> {
        let Some(leaf) = Certificate::parse(self.leaf) else { return Vec::new() };
        let issuers = self.intermediates.iter().filter_map(|der| Certificate::parse(der));
        std::iter::once(leaf).chain(issuers).collect()
    }

    pub fn timestamp(&self) -> Timestamp {
        let seconds = i64::try_from(self.now.as_secs()).unwrap_or(i64::MAX);
        Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
    }
}

/// A verifier of certificates that reports why it accepted them.
pub(super) trait ReportingVerifier: fmt::Debug + Send + Sync {
    /// Why the server is trusted.
    ///
    /// # Errors
    ///
    /// Why it is refused.
    fn trust_source(&self, presented: &Presented<'_>) -> Result<TrustSource, Error>;

    /// Whether the key of a certificate that webpki cannot parse may sign the handshake.
    fn accepts_any_form(&self) -> bool {
        false
    }
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
