//! The certificates that the hostile servers show.

use std::sync::Arc;

use registry_fixture::{Certificates, Tls};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};

/// A certificate for this machine, of its own CA, and how it is shown.
pub struct Shown {
    certificates: Certificates,
    versions: Vec<&'static SupportedProtocolVersion>,
    wants_client: bool,
}

impl Shown {
    /// One with which all is well.
    pub fn valid() -> Self {
        Self::of(Tls::Issued)
    }

    pub fn of(kind: Tls) -> Self {
        Self::for_names(kind, &[])
    }

    /// For these names too.
    pub fn for_names(kind: Tls, names: &[&str]) -> Self {
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        let certificates = Certificates::make(kind, &names).expect("certificates are made");
        Self { certificates, versions: rustls::ALL_VERSIONS.to_vec(), wants_client: false }
    }

    pub fn by(self, version: &'static SupportedProtocolVersion) -> Self {
        Self { versions: vec![version], ..self }
    }

    /// Who connects has to show a certificate as well.
    pub fn wanting_client(self) -> Self {
        Self { wants_client: true, ..self }
    }

    /// What a client has to trust, in PEM.
    pub fn ca(&self) -> &str {
        &self.certificates.ca
    }

    /// For a server that speaks these protocols.
    pub fn config(&self, protocols: &[&str]) -> Arc<ServerConfig> {
        let Certificates { leaf, key, client_ca, .. } = &self.certificates;
        let read = |pem: &str| -> Vec<CertificateDer<'static>> {
            CertificateDer::pem_slice_iter(pem.as_bytes()).map(|der| der.expect("PEM")).collect()
        };
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&self.versions)
            .expect("versions");
        let builder = if self.wants_client {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(read(client_ca));
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.expect("a verifier"))
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
        let mut config = builder.with_single_cert(read(leaf), key).expect("a certificate with its key");
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        Arc::new(config)
    }
}
