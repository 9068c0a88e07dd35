//! Certificates, servers and handshakes in memory, for the tests of this floor.

use std::sync::{Arc, LazyLock, Mutex};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, date_time_ymd,
};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};

/// An RSA root with a key of 1024 bits, valid from 2020 to 2120, made by OpenSSL since rcgen refuses such keys.
pub const RSA_1024_CA: &str = include_str!("fixture/weak-root.pem");

/// A certificate for `registry.corp` that [`RSA_1024_CA`] issued.
pub const RSA_1024_LEAF: &str = include_str!("fixture/weak-leaf.pem");

/// An X.509 version 1 certificate for CN=registry.corp, which rcgen cannot make.
const VERSION_1: &str = include_str!("fixture/version-1.pem");

/// The private key of the version 1 certificate, for tests alone.
pub const KEY_PEM: &str = include_str!("fixture/version-1-key.pem");

/// Parameters of a server's certificate: current, for `names`, without a subject.
pub fn server(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params
}

/// Parameters of a current CA certificate.
pub fn authority(name: &str) -> CertificateParams {
    let mut params = server(&[]);
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// Moves the validity to the past.
pub fn expired(mut params: CertificateParams) -> CertificateParams {
    params.not_before = date_time_ymd(2019, 1, 1);
    params.not_after = date_time_ymd(2020, 1, 1);
    params
}

/// Moves the validity to the future.
pub fn future(mut params: CertificateParams) -> CertificateParams {
    params.not_before = date_time_ymd(3019, 1, 1);
    params
}

/// A certificate with its key.
pub struct Authority {
    params: CertificateParams,
    key: KeyPair,
    certificate: Certificate,
}

impl Authority {
    pub fn root(name: &str) -> Self {
        Self::own_issuer(authority(name))
    }

    /// A certificate that its own key signs.
    pub fn own_issuer(params: CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { params, key, certificate }
    }

    pub fn intermediate(&self, name: &str) -> Self {
        self.issue(authority(name))
    }

    pub fn issue(&self, params: CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &Issuer::from_params(&self.params, &self.key)).unwrap();
        Self { params, key, certificate }
    }

    /// The same names and key in another certificate.
    pub fn reissued(&self) -> Self {
        self.reissued_as(self.params.clone())
    }

    /// The same key in a certificate of its own issue with other parameters.
    pub fn reissued_as(&self, mut params: CertificateParams) -> Self {
        let key = KeyPair::from_pem(&self.key.serialize_pem()).unwrap();
        params.serial_number = Some(42.into());
        let certificate = params.self_signed(&key).unwrap();
        Self { params, key, certificate }
    }

    pub fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(self.key.serialize_der().into())
    }

    pub fn der(&self) -> &CertificateDer<'static> {
        self.certificate.der()
    }

    pub fn pem(&self) -> String {
        self.certificate.pem()
    }

    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    /// A server that presents this certificate and then `chain`.
    pub fn serve(&self, chain: &[&Self]) -> Server {
        let certificates = std::iter::once(self).chain(chain.iter().copied()).map(|one| one.der().clone()).collect();
        Server::new(certificates, self.private_key())
    }
}

pub fn first_certificate(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

/// The version 1 certificate and its key.
pub fn version_1() -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    (first_certificate(VERSION_1), PrivateKeyDer::from_pem_slice(KEY_PEM.as_bytes()).unwrap())
}

/// A TLS server in memory.
pub struct Server {
    identity: Arc<SingleCertAndKey>,
    clients: Arc<dyn ClientCertVerifier>,
    versions: Vec<&'static SupportedProtocolVersion>,
}

impl Server {
    pub fn new(certificates: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Self {
        let key = ring::sign::any_supported_type(&key).unwrap();
        Self {
            identity: Arc::new(CertifiedKey::new(certificates, key).into()),
            clients: WebPkiClientVerifier::no_client_auth(),
            versions: rustls::ALL_VERSIONS.to_vec(),
        }
    }

    /// Demands a client certificate that one of `authorities` issued.
    pub fn demanding(mut self, authorities: &[&Authority]) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(authorities.iter().map(|one| one.der().clone()));
        let provider = Arc::new(ring::default_provider());
        self.clients = WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build().unwrap();
        self
    }

    pub fn speaking(mut self, version: &'static SupportedProtocolVersion) -> Self {
        self.versions = vec![version];
        self
    }

    pub fn config(&self) -> ServerConfig {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&self.versions)
            .unwrap()
            .with_client_cert_verifier(Arc::clone(&self.clients))
            .with_cert_resolver(Arc::clone(&self.identity) as _);
        config.alpn_protocols = vec![b"h2".to_vec()];
        config
    }
}

/// A finished handshake.
pub struct Session {
    client: ClientConnection,
    server: ServerConnection,
}

impl Session {
    pub fn protocol(&self) -> Option<&[u8]> {
        self.client.alpn_protocol()
    }

    /// The certificates that the client showed.
    pub fn shown(&self) -> Option<&[CertificateDer<'static>]> {
        self.server.peer_certificates()
    }
}

/// A whole handshake, until neither side has more to say; the error is the client's.
pub fn handshake(config: ClientConfig, server: &Server, host: &str) -> Result<Session, rustls::Error> {
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut server = ServerConnection::new(Arc::new(server.config())).unwrap();
    loop {
        let mut wire = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        let silent = wire.is_empty();
        let mut wire = wire.as_slice();
        while !wire.is_empty() {
            server.read_tls(&mut wire).unwrap();
            // A server that fails sends an alert, which is the client's error.
            let _ = server.process_new_packets();
        }
        let mut wire = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        if silent && wire.is_empty() {
            assert!(!client.is_handshaking() && !server.is_handshaking(), "the handshake stands still");
            return Ok(Session { client, server });
        }
        let mut wire = wire.as_slice();
        while !wire.is_empty() {
            client.read_tls(&mut wire).unwrap();
            client.process_new_packets()?;
        }
    }
}

/// The client's error when the server's first answer is followed by `bytes`.
pub fn interrupted(config: ClientConfig, server: &Server, host: &str, mut bytes: &[u8]) -> rustls::Error {
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut server = ServerConnection::new(Arc::new(server.config())).unwrap();
    let mut wire = Vec::new();
    client.write_tls(&mut wire).unwrap();
    server.read_tls(&mut wire.as_slice()).unwrap();
    server.process_new_packets().unwrap();
    let mut wire = Vec::new();
    server.write_tls(&mut wire).unwrap();
    client.read_tls(&mut wire.as_slice()).unwrap();
    client.process_new_packets().unwrap();
    client.read_tls(&mut bytes).unwrap();
    client.process_new_packets().unwrap_err()
}

/// The client's error when the server answers with `bytes`.
pub fn answered(config: ClientConfig, host: &str, mut bytes: &[u8]) -> rustls::Error {
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
    client.read_tls(&mut bytes).unwrap();
    client.process_new_packets().unwrap_err()
}

/// What is logged while it listens.
#[derive(Debug, Clone, Default)]
pub struct Log(Arc<Mutex<Vec<(Level, String)>>>);

/// Somebody who is always interested: without one, a place that logs while nobody listens may be skipped ever after.
static INTERESTED: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(Log::default()));

impl Log {
    pub fn listen(&self, work: impl FnOnce()) {
        LazyLock::force(&INTERESTED);
        tracing::subscriber::with_default(self.clone(), work);
    }

    pub fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|(_, text)| text.clone()).collect()
    }

    pub fn warnings(&self) -> Vec<String> {
        let entries = self.0.lock().unwrap();
        entries.iter().filter(|(level, _)| *level == Level::WARN).map(|(_, text)| text.clone()).collect()
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        struct Message(String);
        impl Visit for Message {
            fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
                if field.name() == "message" {
                    self.0 = format!("{value:?}");
                }
            }
        }
        let mut message = Message(String::new());
        event.record(&mut message);
        self.0.lock().unwrap().push((*event.metadata().level(), message.0));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
