//! Verifies handshakes for rustls: the certificates by a [`ReportingVerifier`], and here the signature by the key of
//! the server's certificate.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature, verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::public_key_to_spki;
use rustls::{CertificateError, DigitallySignedStruct, Error, PeerMisbehaved, SignatureScheme};
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::certificate::Certificate;
use super::refusal::weak_key;
use super::trust_source::{Presented, ReportingVerifier, TrustSource};

/// Accepts any certificate: the connection is encrypted, its peer is not authenticated.
#[derive(Debug)]
pub(super) struct AcceptAny;

impl ReportingVerifier for AcceptAny {
    fn trust_source(&self, _presented: &Presented<'_>) -> Result<TrustSource, Error> {
        Ok(TrustSource::Unverified)
    }

    fn accepts_any_form(&self) -> bool {
        true
    }
}

/// Verifies the handshakes with a server.
#[derive(Debug)]
pub(super) struct HandshakeVerifier {
    pub certificates: Arc<dyn ReportingVerifier>,
    pub algorithms: WebPkiSupportedAlgorithms,
}

impl HandshakeVerifier {
    /// Whether the signature is checked by the key alone: webpki does not parse X.509 v1, which is a common reason to
    /// skip verification.
    fn is_checked_by_key(&self, leaf: &CertificateDer<'_>) -> bool {
        self.certificates.accepts_any_form() && ParsedCertificate::try_from(leaf).is_err()
    }

    /// Checks a TLS 1.3 signature by the key alone.
    fn verify_tls13_with_key(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let leaf = Certificate::parse(leaf).ok_or(CertificateError::BadEncoding)?;
        let key = SubjectPublicKeyInfoDer::from(leaf.spki);
        verify_tls13_signature_with_raw_key(message, &key, signature, &self.algorithms)
    }

    /// The same for TLS 1.2, where a scheme names the hash and not the curve.
    fn verify_tls12_with_key(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let leaf = Certificate::parse(leaf).ok_or(CertificateError::BadEncoding)?;
        let (_, key) = SubjectPublicKeyInfo::from_der(&leaf.spki).map_err(|_| CertificateError::BadEncoding)?;
        let key = key.subject_public_key.data;
        let of_scheme = self.algorithms.mapping.iter().filter(|(scheme, _)| *scheme == signature.scheme);
        of_scheme
            .flat_map(|(_, algorithms)| *algorithms)
            .find(|algorithm| *public_key_to_spki(&algorithm.public_key_alg_id(), &key) == *leaf.spki)
            .ok_or(PeerMisbehaved::SignedKxWithWrongAlgorithm)?
            .verify_signature(&key, message, signature.signature())
            .map_err(|_| CertificateError::BadSignature)?;
        Ok(HandshakeSignatureValid::assertion())
    }
}

impl ServerCertVerifier for HandshakeVerifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let source = self.certificates.trust_source(&Presented { leaf, intermediates, name, now })?;
        if source != TrustSource::Unverified {
            tracing::debug!("trust in {}: {source}", name.to_str());
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.is_checked_by_key(leaf) {
            return self.verify_tls12_with_key(message, leaf, signature);
        }
        verify_tls12_signature(message, leaf, signature, &self.algorithms).map_err(|error| weak_key(leaf, error))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.is_checked_by_key(leaf) {
            return self.verify_tls13_with_key(message, leaf, signature);
        }
        verify_tls13_signature(message, leaf, signature, &self.algorithms).map_err(|error| weak_key(leaf, error))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use rustls::crypto::ring;
    use rustls::internal::msgs::codec::Codec;

    use super::*;
    use crate::trust::fixture;

    #[test]
    fn a_version_1_certificate_may_sign_with_any_hash_in_tls_1_2() {
        // `openssl dgst -sha384 -sign` of "message" by the P-256 key, as OpenSSL's servers choose it.
        let by_openssl = "30440220782a2bb3eb4d17772a7d5ed0090520d1e79d58117585653ff5bb8099ba63d2de\
                          022079493b26f6f1f4adbed664583c3c9becee30960a46d0756827ad624edd8482ef";
        let mut bytes = SignatureScheme::ECDSA_NISTP384_SHA384.get_encoding();
        bytes.extend([0, 70]);
        bytes.extend(hex::decode(by_openssl).expect("hexadecimal digits"));
        let signature = DigitallySignedStruct::read_bytes(&bytes).expect("a signature");
        let algorithms = ring::default_provider().signature_verification_algorithms;
        let verifier = HandshakeVerifier { certificates: Arc::new(AcceptAny), algorithms };
        let (leaf, _) = fixture::version_1();
        verifier.verify_tls12_signature(b"message", &leaf, &signature).expect("its signature");
        let other = verifier.verify_tls12_signature(b"another", &leaf, &signature).map(|_| ());
        assert_eq!(other, Err(CertificateError::BadSignature.into()));
        let tied_to_the_curve = verifier.verify_tls13_signature(b"message", &leaf, &signature).map(|_| ());
        let Err(Error::InvalidCertificate(reason)) = tied_to_the_curve else { panic!("{tied_to_the_curve:?}") };
        let is_of_key = matches!(reason, CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. });
        assert!(is_of_key, "{reason:?}");
    }
}
