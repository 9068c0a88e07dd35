//! No verdict on certificates at all.

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature, verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use super::certificate::Certificate;
use super::refusal::weak_key;

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
