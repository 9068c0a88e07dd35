//! Client certificates: a chain, its private key, and the choice among several when a server requests one.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;

use super::certificate::{Certificate, Name};
use super::file;
use super::pem::Contents;
use crate::error::{Error, FileForm, Result};

/// The files of a client certificate, in PEM. Both may be the same file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientIdentityFiles {
    /// The certificate, followed by the intermediate certificates that the server may need.
    pub cert: PathBuf,
    /// The private key, without a passphrase.
    pub key: PathBuf,
}

/// A client certificate with its key.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    pub certificate: Certificate,
    certified: Arc<CertifiedKey>,
    /// The issuers of all certificates in the chain.
    issuers: Vec<Name>,
}

impl Identity {
    /// Reads two files that the user named. The error names the file and the reason.
    pub fn load(files: &ClientIdentityFiles, provider: &CryptoProvider) -> Result<Self> {
        let certificates = read(&files.cert, "client certificate")?;
        let keys = read(&files.key, "client key")?;
        Self::assemble(certificates, keys, provider).map_err(|identity_error| identity_error.into_error(files))
    }

    /// Makes an identity from the contents of a certificate file and a key file.
    pub fn assemble(certificates: Contents, keys: Contents, provider: &CryptoProvider) -> Result<Self, IdentityError> {
        if certificates.certificates.is_empty() || !certificates.damaged.is_empty() {
            return Err(IdentityError::NoCertificate(certificates.instead_of_certificates(), certificates.form));
        }
        if keys.keys.is_empty() {
            return Err(IdentityError::NoKey(keys.instead_of_key(), keys.form));
        }
        let mut chain = certificates.certificates;
        let mut unsupported = None;
        for key in keys.keys {
            let key = match provider.key_provider.load_private_key(key) {
                Ok(key) => key,
                Err(error) => {
                    unsupported = Some(IdentityError::Unsupported(error.to_string()));
                    continue;
                }
            };
            let Some(spki) = key.public_key() else { continue };
            // TLS sends the key's certificate first, wherever it is in the file.
            let Some(own) = chain.iter().position(|(_, certificate)| certificate.spki == spki.as_ref()) else {
                continue;
            };
            let own = chain.remove(own);
            let certificate = own.1.clone();
            chain.insert(0, own);
            let issuers = chain.iter().map(|(_, certificate)| certificate.issuer.clone()).collect();
            let chain = chain.into_iter().map(|(der, _)| der).collect();
            // `CertifiedKey::from_der` would refuse the X.509 v1 that `openssl x509 -req` makes and servers accept.
            return Ok(Self { certificate, certified: Arc::new(CertifiedKey::new(chain, key)), issuers });
        }
        let foreign =
            || IdentityError::Foreign(chain.first().map_or_else(String::new, |(_, first)| first.subject.to_string()));
        Err(unsupported.unwrap_or_else(foreign))
    }

    /// Whether one of `authorities` issued it, directly or through the chain that comes with it.
    fn is_from(&self, authorities: &[&[u8]]) -> bool {
        self.issuers.iter().any(|issuer| authorities.contains(&issuer.der.as_slice()))
    }
}

/// Why a key and a certificate are not an identity.
#[derive(Debug)]
pub(super) enum IdentityError {
    /// What the file contains in place of a certificate, and its form.
    NoCertificate(String, Option<FileForm>),
    /// What the file contains in place of a key, and its form.
    NoKey(String, Option<FileForm>),
    /// The key is not supported; the reason.
    Unsupported(String),
    /// The key does not belong to the certificate with this subject.
    Foreign(String),
}

impl IdentityError {
    /// An error that names the file.
    pub fn into_error(self, files: &ClientIdentityFiles) -> Error {
        let (cert, key) = (files.cert.display(), files.key.display());
        match self {
            Self::NoCertificate(instead, form) => {
                Error::config(format!("{cert} holds no usable client certificate")).because(instead).in_form(cert, form)
            }
            Self::NoKey(instead, form) => {
                Error::config(format!("{key} holds no usable client key")).because(instead).in_form(key, form)
            }
            Self::Unsupported(why) => Error::config(format!("{key} holds no usable client key"))
                .because("supported are RSA with at least 2048 bits, ECDSA P-256 and P-384, and Ed25519")
                .because(why),
            Self::Foreign(subject) => {
                Error::config(format!("client key {key} does not belong to client certificate {cert}"))
                    .because(format!("\"{subject}\" has a different public key"))
            }
        }
    }
}

fn read(path: &Path, role: &str) -> Result<Contents> {
    match file::read_named(path) {
        Ok(bytes) => Ok(Contents::parse(&bytes)),
        Err(error) => Err(Error::config(format!("cannot read the {role} {}", path.display())).because(error)),
    }
}

/// The identities for one server.
#[derive(Debug)]
pub(super) struct Identities {
    /// The best first.
    pub all: Vec<Identity>,
    /// Set when a server asks for one.
    pub asked: Arc<AtomicBool>,
}

impl ResolvesClientCert for Identities {
    /// The first identity that is issued by one of the server's authorities and can sign with one of its schemes.
    /// Without a match the first one is presented all the same, as by OpenSSL: the server's refusal says more than a
    /// missing certificate.
    fn resolve(&self, authorities: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        let able = || self.all.iter().filter(|identity| identity.certified.key.choose_scheme(schemes).is_some());
        let chosen = able().find(|identity| identity.is_from(authorities)).or_else(|| able().next())?;
        Some(Arc::clone(&chosen.certified))
    }

    fn has_certs(&self) -> bool {
        !self.all.is_empty()
    }
}
