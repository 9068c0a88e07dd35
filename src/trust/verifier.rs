//! Verifies server certificates: webpki's verification, and pinned certificates.

use std::path::PathBuf;
use std::sync::{Arc, Once};

use jiff::Timestamp;
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, RootCertStore};

use super::certificate::{Certificate, Validity};
use super::refusal::{Considered, ConsideredRoots, Refusal};
use super::roots::SystemRoots;
use super::trust_source::{ConfiguredCert, Presented, ReportingVerifier, TrustSource};

/// Trusts chains to a root of the system or to a configured certificate.
///
/// A configured CA certificate is an anchor whether or not it is a root, as in Go and with OpenSSL's partial chains: a
/// file with just the intermediate suffices. Unlike in webpki, which accepts any anchor, an expired one does not count.
#[derive(Debug)]
pub(super) struct Verifier {
    system: Arc<SystemRoots>,
    configured: Vec<ConfiguredCert>,
    /// What could not be used, which may be what a refused server needs.
    unused: Vec<String>,
    algorithms: WebPkiSupportedAlgorithms,
    warned_of_unused: Once,
}

impl Verifier {
    pub fn new(
        system: Arc<SystemRoots>,
        configured: Vec<ConfiguredCert>,
        unused: Vec<String>,
        algorithms: WebPkiSupportedAlgorithms,
    ) -> Self {
        Self { system, configured, unused, algorithms, warned_of_unused: Once::new() }
    }

    /// The configured certificates that may issue at `now`, as anchors.
    fn configured_anchors(&self, now: Timestamp) -> RootCertStore {
        let mut store = RootCertStore::empty();
        let usable = self.configured.iter().filter(|configured| configured.certificate.may_issue_at(now));
        store.add_parsable_certificates(usable.map(|configured| configured.der.clone()));
        store
    }

    fn evaluate(&self, presented: &Presented<'_>) -> Result<TrustSource, Error> {
        let parsed = ParsedCertificate::try_from(presented.leaf)?;
        let mut anchors = self.configured_anchors(presented.timestamp());
        // Configured certificates are tried alone first: a server with a private CA is accepted without reading the
        // system's roots.
        if !self.configured.is_empty() {
            let verdict = self.chain(&parsed, &anchors, presented);
            if verdict.is_ok() {
                verify_server_name(&parsed, presented.name)?;
                return Ok(TrustSource::Authority(self.file_of_anchor(&parsed, presented)));
            }
            let pin = self.configured.iter().find(|configured| configured.der == *presented.leaf);
            if let Some(pin) = pin
                && verdict.as_ref().is_err_and(|error| may_be_pinned(presented, error))
            {
                check_pinned(presented, &parsed)?;
                return Ok(TrustSource::Pin(pin.from.to_path_buf()));
            }
        }
        let system = self.system.get();
        anchors.extend(system.store.roots.iter().cloned());
        match self.chain(&parsed, &anchors, presented) {
            Ok(()) => verify_server_name(&parsed, presented.name).map(|()| TrustSource::System),
            Err(error) if may_be_pinned(presented, &error) && system.certificates.contains(presented.leaf) => {
                check_pinned(presented, &parsed).map(|()| TrustSource::SystemPin)
            }
            Err(error) => Err(error),
        }
    }

    fn chain(
        &self,
        leaf: &ParsedCertificate<'_>,
        anchors: &RootCertStore,
        presented: &Presented<'_>,
    ) -> Result<(), Error> {
        let algorithms = self.algorithms.all;
        verify_server_cert_signed_by_trust_anchor(leaf, anchors, presented.intermediates, presented.now, algorithms)
    }

    /// The file of the first configured certificate that suffices to accept the chain: of several with one name, only
    /// one may have the right key. The first file where no single one suffices.
    fn file_of_anchor(&self, leaf: &ParsedCertificate<'_>, presented: &Presented<'_>) -> PathBuf {
        let now = presented.timestamp();
        let is_enough = |configured: &ConfiguredCert| {
            let mut alone = RootCertStore::empty();
            configured.certificate.may_issue_at(now)
                && alone.add(configured.der.clone()).is_ok()
                && self.chain(leaf, &alone, presented).is_ok()
        };
        let configured = self.configured.iter().find(|configured| is_enough(configured)).or(self.configured.first());
        configured.map(|configured| configured.from.to_path_buf()).unwrap_or_default()
    }

    fn refuse(&self, error: Error, presented: &Presented<'_>) -> Error {
        self.warned_of_unused.call_once(|| self.unused.iter().for_each(|unused| tracing::warn!("{unused}")));
        let refusal = Refusal {
            error,
            chain: presented.described(),
            name: presented.name,
            now: presented.timestamp(),
            considered: Considered { system: self.considered_roots(), configured: &self.configured },
        };
        refusal.into_rejection().into_error()
    }

    /// The system's roots, if they were read.
    fn considered_roots(&self) -> Option<ConsideredRoots> {
        (self.system.do_count() && self.system.are_loaded())
            .then(|| ConsideredRoots { count: self.system.get().store.len(), faults: self.system.unusable_variables() })
    }
}

impl ReportingVerifier for Verifier {
    fn trust_source(&self, presented: &Presented<'_>) -> Result<TrustSource, Error> {
        self.evaluate(presented).map_err(|error| self.refuse(error, presented))
    }
}

/// Whether webpki refused the chain only because no trusted certificate issued the leaf, which a byte-equal trusted
/// certificate makes up for. `openssl req -x509` makes such certificates: self-signed, and with CA:TRUE, which
/// webpki never accepts for a server.
///
/// A bad signature counts too: it is the result for an anchor with the issuer's name and another key, such as the
/// certificate's own predecessor.
fn may_be_pinned(presented: &Presented<'_>, error: &Error) -> bool {
    match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => true,
        // webpki's `CaUsedAsEndEntity` has no variant of its own. It is the first thing webpki finds in a leaf that
        // is a CA, after its dates, so that such a leaf gets no other error without a variant.
        Error::InvalidCertificate(CertificateError::Other(_)) => {
            Certificate::parse(presented.leaf).is_some_and(|leaf| leaf.is_ca)
        }
        _ => false,
    }
}

/// Checks what remains for a pinned certificate: name, dates, purpose. webpki may have failed before it got to
/// them.
fn check_pinned(presented: &Presented<'_>, parsed: &ParsedCertificate<'_>) -> Result<(), Error> {
    verify_server_name(parsed, presented.name)?;
    let leaf = Certificate::parse(presented.leaf).ok_or(CertificateError::BadEncoding)?;
    match leaf.validity_at(presented.timestamp()) {
        Validity::NotYet => Err(CertificateError::NotValidYet.into()),
        Validity::Expired => Err(CertificateError::Expired.into()),
        Validity::Valid if !leaf.for_servers => Err(CertificateError::InvalidPurpose.into()),
        Validity::Valid => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustls::pki_types::{ServerName, UnixTime};

    use super::*;
    use crate::trust::fixture::{self, Authority};

    #[test]
    fn a_pin_checks_dates_name_and_purpose_by_itself() {
        let check = |params: rcgen::CertificateParams, name: &'static str, now: u64| {
            let leaf = Authority::own_issuer(params);
            let name = ServerName::try_from(name).expect("a server name");
            let now = UnixTime::since_unix_epoch(Duration::from_secs(now));
            let presented = Presented { leaf: leaf.der(), intermediates: &[], name: &name, now };
            check_pinned(&presented, &ParsedCertificate::try_from(leaf.der()).expect("a certificate"))
        };
        let mut params = fixture::server(&["a.corp"]);
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
        let (before, during, after) = (1_577_000_000, 1_600_000_000, 1_700_000_000);
        assert_eq!(check(params.clone(), "a.corp", during), Ok(()));
        assert_eq!(check(params.clone(), "a.corp", before), Err(CertificateError::NotValidYet.into()));
        assert_eq!(check(params.clone(), "a.corp", after), Err(CertificateError::Expired.into()));
        assert!(matches!(
            check(params.clone(), "b.corp", during),
            Err(Error::InvalidCertificate(CertificateError::NotValidForNameContext { .. }))
        ));
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
        assert_eq!(check(params, "a.corp", during), Err(CertificateError::InvalidPurpose.into()));
    }
}
