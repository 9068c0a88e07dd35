//! A TLS server with certificates that no well-kept server would show.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ServerConfig, ServerConnection, Stream};

/// What a registry answers to strangers.
const REPLY: &[u8] =
    b"HTTP/1.1 200 OK\r\nDocker-Distribution-Api-Version: registry/2.0\r\nContent-Type: application/json\r\n\
    Content-Length: 2\r\nConnection: close\r\n\r\n{}";

/// Answers every request over TLS. Its thread ends with the test's process.
pub struct TlsServer {
    address: SocketAddr,
}

impl TlsServer {
    /// Shows these certificates, in PEM, and signs with this key, whether or not they belong together.
    pub fn showing(chain: &str, key: &str) -> Self {
        let chain: Vec<_> =
            CertificateDer::pem_slice_iter(chain.as_bytes()).map(|der| der.expect("a certificate")).collect();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
        let key = ring::sign::any_supported_type(&key).expect("a key that can sign");
        let identity: SingleCertAndKey = CertifiedKey::new(chain, key).into();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("TLS")
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(identity));
        Self::serving(Arc::new(config))
    }

    fn serving(config: Arc<ServerConfig>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (Ok(mut stream), Ok(mut tls)) = (stream, ServerConnection::new(Arc::clone(&config))) else {
                    return;
                };
                thread::spawn(move || {
                    let mut stream = Stream::new(&mut tls, &mut stream);
                    let mut request = [0; 4096];
                    // A client that has seen enough has gone.
                    if stream.read(&mut request).is_ok_and(|length| length > 0) {
                        let _ = stream.write_all(REPLY);
                        stream.conn.send_close_notify();
                        let _ = stream.flush();
                    }
                });
            }
        });
        Self { address }
    }

    /// `:PORT`
    pub fn port(&self) -> String {
        format!(":{}", self.address.port())
    }

    /// `127.0.0.1:PORT`
    pub fn host(&self) -> String {
        self.address.to_string()
    }
}

/// A certificate authority.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// One that issued itself.
    pub fn root(name: &str) -> Self {
        Self(CertifiedIssuer::self_signed(authority(name), key()).expect("a root"))
    }

    /// One that this one issued.
    pub fn intermediate(&self, name: &str) -> Self {
        self.issue_authority(authority(name))
    }

    /// The same, until 2021.
    pub fn expired_intermediate(&self, name: &str) -> Self {
        let mut params = authority(name);
        params.not_after = date_time_ymd(2021, 1, 1);
        self.issue_authority(params)
    }

    fn issue_authority(&self, params: CertificateParams) -> Self {
        Self(CertifiedIssuer::signed_by(params, key(), &self.0).expect("an intermediate"))
    }

    /// A certificate for a server with these names, and its key.
    pub fn issue(&self, names: &[&str]) -> (String, String) {
        let key = key();
        let certificate = server(names).signed_by(&key, &self.0).expect("a certificate");
        (certificate.pem(), key.serialize_pem())
    }

    /// Its certificate.
    pub fn pem(&self) -> String {
        self.0.pem()
    }
}

/// A private key that belongs to nothing.
pub fn foreign_key() -> String {
    key().serialize_pem()
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

fn server(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    named(CertificateParams::new(names).expect("names"), "the server")
}

fn authority(name: &str) -> CertificateParams {
    let mut params = named(CertificateParams::default(), name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn named(mut params: CertificateParams, name: &str) -> CertificateParams {
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2120, 1, 1));
    params
}
