//! Whole handshakes in memory: who is trusted, who is not, and why.

use std::fs;
use std::path::PathBuf;

use rcgen::{DnType, SanType};
use tempfile::TempDir;

use super::fixture::{self, Authority, Server, Session, answered, handshake, interrupted};
use super::roots::SystemRoots;
use super::*;
use crate::error::{Error, Kind, Result, Tls};
use crate::name::Registry;

mod chain;
mod connection;
mod discovery;
mod facts;
mod files;
mod hosts_toml;
mod machine;
mod pin;
mod registries_yaml;

const HOST: &str = "registry.corp";

/// A trust with files in a folder of its own, on a system with the configured roots.
struct Client {
    folder: TempDir,
    options: Options,
    roots: Vec<rustls::pki_types::CertificateDer<'static>>,
}

impl Client {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            options: Options::default(),
            roots: Vec::new(),
        }
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, content).expect("a writable folder");
        path
    }

    /// With a CA file that holds these certificates.
    fn configured(mut self, certificates: &[&Authority]) -> Self {
        let text: String = certificates.iter().map(|one| one.pem()).collect();
        let path = self.file(&format!("ca-{}.pem", self.options.ca_files.len()), text);
        self.options.ca_files.push(path);
        self
    }

    fn system(mut self, certificates: &[&Authority]) -> Self {
        self.roots.extend(certificates.iter().map(|one| one.der().clone()));
        self
    }

    fn identity(mut self, certificates: &[&Authority], key: &Authority) -> Self {
        let text: String = certificates.iter().map(|one| one.pem()).collect();
        let files =
            ClientIdentityFiles { cert: self.file("client.cert", text), key: self.file("client.key", key.key_pem()) };
        self.options.client_identity = Some(files);
        self
    }

    fn insecure(mut self) -> Self {
        self.options.insecure = true;
        self
    }

    fn load(&self) -> Result<Trust> {
        let roots = self.roots.clone();
        Trust::with_roots(self.options.clone(), SystemRoots::from_source(Box::new(move || roots.clone())))
    }

    fn trust(&self) -> Trust {
        self.load().expect("a trust configuration")
    }

    fn connect(&self, server: &Server, host: &str) -> Result<Session, Rejection> {
        connect(&self.trust(), server, host)
    }

    fn refusal(&self, server: &Server, host: &str) -> Rejection {
        self.connect(server, host).err().expect("the server must be refused")
    }

    fn accepts(&self, server: &Server, host: &str) -> bool {
        self.connect(server, host).is_ok()
    }
}

fn connect(trust: &Trust, server: &Server, host: &str) -> Result<Session, Rejection> {
    handshake(trust.client_config(host, 443).expect("a configuration"), server, host)
        .map_err(|error| trust.explain(&error, host, 443))
}

fn names(params_names: &[&str], common_name: &str) -> rcgen::CertificateParams {
    let mut params = fixture::server(params_names);
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}

/// What `openssl req -x509` makes, the certificate of most guides.
fn self_signed_ca(host: &str) -> rcgen::CertificateParams {
    let mut params = fixture::authority(host);
    params.subject_alt_names = vec![SanType::DnsName(host.try_into().expect("ASCII"))];
    params
}

struct Pki {
    root: Authority,
    intermediate: Authority,
    leaf: Authority,
}

impl Pki {
    fn new() -> Self {
        let root = Authority::root("Corp Root CA");
        let intermediate = root.intermediate("R3 Corp Intermediate");
        let leaf = intermediate.issue(fixture::server(&[HOST]));
        Self { root, intermediate, leaf }
    }
}

fn certificate_pem(der: &[u8]) -> String {
    use base64::Engine;
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
}
