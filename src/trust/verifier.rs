//! Whether a server's certificate is trusted: webpki's judgement, and the pin that it lacks.

use std::sync::{Arc, Once};

use jiff::Timestamp;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{
    WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature, verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::certificate::{Certificate, Validity};
use super::refusal::{Considered, Refusal, weak_key};
use super::rejection::Rejection;
use super::roots::SystemRoots;

/// A certificate that the user or a file of another client supplied, in DER and described.
pub(super) type Given = (CertificateDer<'static>, Certificate);

/// Trusts what leads to a root of the system or to a certificate that was given.
///
/// A given CA certificate is an anchor whether or not it is a root, as with Go and OpenSSL's partial chains: a file with
/// the intermediate alone suffices. Unlike webpki, which takes anchors as they are, an expired one does not count.
#[derive(Debug)]
pub(super) struct Verifier {
    system: Arc<SystemRoots>,
    given: Vec<Given>,
    algorithms: WebPkiSupportedAlgorithms,
    nothing_trusted: Once,
}

impl Verifier {
    pub fn new(system: Arc<SystemRoots>, given: Vec<Given>, algorithms: WebPkiSupportedAlgorithms) -> Self {
        Self { system, given, algorithms, nothing_trusted: Once::new() }
    }

    /// The given certificates that may issue at `now`, as anchors.
    fn given_anchors(&self, now: Timestamp) -> RootCertStore {
        let mut store = RootCertStore::empty();
        let usable = self
            .given
            .iter()
            .filter(|(_, certificate)| certificate.may_issue() && certificate.validity_at(now) == Validity::Valid);
        store.add_parsable_certificates(usable.map(|(der, _)| der.clone()));
        store
    }

    fn judge(&self, presented: &Presented<'_>) -> Result<(), Error> {
        let parsed = ParsedCertificate::try_from(presented.leaf)?;
        let mut anchors = self.given_anchors(presented.timestamp());
        // What was given is tried alone first: a server under a private CA is accepted without reading the system's roots.
        if !self.given.is_empty() {
            let verdict = self.chain(&parsed, &anchors, presented);
            if verdict.is_ok() {
                return verify_server_name(&parsed, presented.name);
            }
            let own = self.given.iter().any(|(der, _)| der == presented.leaf);
            if own && verdict.as_ref().is_err_and(|error| presented.may_be_pinned(error)) {
                return presented.check_pinned(&parsed);
            }
        }
        let system = self.system.get();
        anchors.extend(system.store.roots.iter().cloned());
        if anchors.is_empty() {
            self.nothing_trusted.call_once(|| tracing::warn!("no root certificate is trusted: the system has none"));
        }
        match self.chain(&parsed, &anchors, presented) {
            Ok(()) => verify_server_name(&parsed, presented.name),
            Err(error) if presented.may_be_pinned(&error) && system.certificates.contains(presented.leaf) => {
                presented.check_pinned(&parsed)
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

    fn refuse(&self, error: Error, presented: &Presented<'_>) -> Error {
        let chain: Vec<_> = std::iter::once(presented.leaf)
            .chain(presented.intermediates)
            .filter_map(|der| Certificate::parse(der))
            .collect();
        let refusal = Refusal {
            error,
            chain,
            name: presented.name,
            now: presented.timestamp(),
            considered: Considered { system: self.system_count(), given: &self.given },
        };
        refusal.into_rejection().into()
    }

    /// Number of the system's roots, which a refusal reports if they were read to come to it.
    fn system_count(&self) -> usize {
        if self.system.are_loaded() { self.system.get().store.len() } else { 0 }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let presented = Presented { leaf, intermediates, name, now };
        match self.judge(&presented) {
            Ok(()) => Ok(ServerCertVerified::assertion()),
            Err(error) => Err(self.refuse(error, &presented)),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, leaf, signature, &self.algorithms).map_err(|error| weak_key(leaf, error))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, leaf, signature, &self.algorithms).map_err(|error| weak_key(leaf, error))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// What a server presented, and for which name and moment it is judged.
struct Presented<'a> {
    leaf: &'a CertificateDer<'a>,
    intermediates: &'a [CertificateDer<'a>],
    name: &'a ServerName<'a>,
    now: UnixTime,
}

impl Presented<'_> {
    fn timestamp(&self) -> Timestamp {
        let seconds = i64::try_from(self.now.as_secs()).unwrap_or(i64::MAX);
        Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
    }

    /// Whether webpki refused the chain only because nobody vouches for the leaf, which a byte-equal trusted certificate
    /// makes up for. `openssl req -x509` makes such certificates: their own issuer, and with CA:TRUE, which webpki accepts
    /// of no server whatever is trusted.
    ///
    /// A bad signature counts too: it is what a namesake among the anchors, such as the certificate's own predecessor,
    /// makes of an unknown issuer.
    fn may_be_pinned(&self, error: &Error) -> bool {
        match error {
            Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => true,
            // webpki's `CaUsedAsEndEntity` has no variant of its own. It is the first thing webpki finds in a leaf that
            // is a CA, after its dates, so that such a leaf gets no other error without a variant.
            Error::InvalidCertificate(CertificateError::Other(_)) => {
                Certificate::parse(self.leaf).is_some_and(|leaf| leaf.is_ca)
            }
            _ => false,
        }
    }

    /// What remains to be checked of a leaf that is trusted byte for byte: name, dates, purpose. webpki may have stopped
    /// before it came to them.
    fn check_pinned(&self, parsed: &ParsedCertificate<'_>) -> Result<(), Error> {
        verify_server_name(parsed, self.name)?;
        let leaf = Certificate::parse(self.leaf).ok_or(CertificateError::BadEncoding)?;
        match leaf.validity_at(self.timestamp()) {
            Validity::NotYet => Err(CertificateError::NotValidYet.into()),
            Validity::Expired => Err(CertificateError::Expired.into()),
            Validity::Valid if !leaf.for_servers => Err(CertificateError::InvalidPurpose.into()),
            Validity::Valid => Ok(()),
        }
    }
}

/// Accepts any certificate whose key signs the handshake: the connection is private, its far end may be anybody.
#[derive(Debug)]
pub(super) struct AcceptAny {
    pub algorithms: WebPkiSupportedAlgorithms,
}

impl AcceptAny {
    /// Checks a handshake's signature by the key alone: webpki does not read X.509 v1, for which people turn to this.
    fn verify_with_key(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let leaf = Certificate::parse(leaf).ok_or(CertificateError::BadEncoding)?;
        let key = SubjectPublicKeyInfoDer::from(leaf.spki);
        verify_tls13_signature_with_raw_key(message, &key, signature, &self.algorithms)
    }
}

impl ServerCertVerifier for AcceptAny {
    fn verify_server_cert(
        &self,
        _leaf: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if ParsedCertificate::try_from(leaf).is_err() {
            return self.verify_with_key(message, leaf, signature);
        }
        verify_tls12_signature(message, leaf, signature, &self.algorithms).map_err(|error| weak_key(leaf, error))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if ParsedCertificate::try_from(leaf).is_err() {
            return self.verify_with_key(message, leaf, signature);
        }
        verify_tls13_signature(message, leaf, signature, &self.algorithms).map_err(|error| weak_key(leaf, error))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl From<Rejection> for Error {
    /// The form in which a verdict travels through rustls; [`super::explain()`] takes it out again.
    fn from(rejection: Rejection) -> Self {
        CertificateError::Other(rustls::OtherError(Arc::new(rejection))).into()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::trust::fixture::{self, Authority};

    #[test]
    fn a_pin_checks_dates_name_and_purpose_by_itself() {
        let check = |params: rcgen::CertificateParams, name: &'static str, now: u64| {
            let leaf = Authority::own_issuer(params);
            let name = ServerName::try_from(name).unwrap();
            let now = UnixTime::since_unix_epoch(Duration::from_secs(now));
            let presented = Presented { leaf: leaf.der(), intermediates: &[], name: &name, now };
            presented.check_pinned(&ParsedCertificate::try_from(leaf.der()).unwrap())
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
