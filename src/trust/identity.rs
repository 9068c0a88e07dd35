//! Client certificates: a chain, its private key, and the choice among several when a server asks for one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;

use super::certificate::Name;
use super::pem::Contents;
use crate::error::{Error, Result};

/// The files of a client certificate, in PEM. Both may be the same file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientIdentityFiles {
    /// The certificate, followed by the intermediate certificates that the server may need.
    pub cert: PathBuf,
    /// The private key, without a passphrase.
    pub key: PathBuf,
}

/// A client certificate with its key, ready to be offered.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    certified: Arc<CertifiedKey>,
    /// The issuers of all certificates in the chain.
    issuers: Vec<Name>,
}

impl Identity {
    /// Reads the two files. The error names the file and what is wrong with it.
    pub fn load(files: &ClientIdentityFiles, provider: &CryptoProvider) -> Result<Self> {
        let certificates = read(&files.cert, "client certificate")?;
        if certificates.certificates.is_empty() || !certificates.damaged.is_empty() {
            return Err(unusable(&files.cert, "client certificate").because(certificates.instead_of_certificates()));
        }
        let keys = read(&files.key, "client key")?;
        if keys.keys.is_empty() {
            return Err(unusable(&files.key, "client key").because(keys.instead_of_key()));
        }
        Self::assemble(certificates, keys, provider).map_err(|reason| match reason {
            Misfit::Unsupported(why) => unusable(&files.key, "client key")
                .because("it is neither RSA of 2048 bits or more, ECDSA P-256 or P-384, nor Ed25519")
                .because(why),
            Misfit::Foreign(subject) => Error::config(format!(
                "client key {} does not belong to client certificate {}",
                files.key.display(),
                files.cert.display()
            ))
            .because(format!("the public key of \"{subject}\" is another one")),
        })
    }

    fn assemble(contents: Contents, keys: Contents, provider: &CryptoProvider) -> Result<Self, Misfit> {
        let mut chain = contents.certificates;
        let mut refused = None;
        for key in keys.keys {
            let key = match provider.key_provider.load_private_key(key) {
                Ok(key) => key,
                Err(error) => {
                    refused = Some(Misfit::Unsupported(error));
                    continue;
                }
            };
            let Some(spki) = key.public_key() else { continue };
            // The certificate of the key comes first in TLS, wherever it stands in the file.
            if let Some(own) = chain.iter().position(|(_, certificate)| certificate.spki == spki.as_ref()) {
                let own = chain.remove(own);
                chain.insert(0, own);
                let issuers = chain.iter().map(|(_, certificate)| certificate.issuer.clone()).collect();
                let chain = chain.into_iter().map(|(der, _)| der).collect();
                // `CertifiedKey::from_der` would refuse the X.509 v1 that `openssl x509 -req` makes and servers accept.
                return Ok(Self { certified: Arc::new(CertifiedKey::new(chain, key)), issuers });
            }
        }
        Err(refused
            .unwrap_or_else(|| Misfit::Foreign(chain.first().map_or_else(String::new, |(_, c)| c.subject.to_string()))))
    }

    /// Whether one of `authorities` issued it, directly or through the chain that comes with it.
    fn is_from(&self, authorities: &[&[u8]]) -> bool {
        self.issuers.iter().any(|issuer| authorities.contains(&issuer.der.as_slice()))
    }
}

/// Why a key and a certificate make no identity.
enum Misfit {
    Unsupported(rustls::Error),
    Foreign(String),
}

fn read(path: &Path, role: &str) -> Result<Contents> {
    Contents::read(path)
        .map_err(|error| Error::config(format!("cannot read the {role} {}", path.display())).because(error))
}

fn unusable(path: &Path, role: &str) -> Error {
    Error::config(format!("{} holds no usable {role}", path.display()))
}

/// The identities for one host.
#[derive(Debug)]
pub(super) struct Identities(pub Vec<Identity>);

impl ResolvesClientCert for Identities {
    /// The first identity that comes from an authority the server named and can sign as it wants. A server that names
    /// none that fits gets the first all the same, as from OpenSSL: its refusal says more than an empty answer.
    fn resolve(&self, authorities: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let able = || self.0.iter().filter(|identity| identity.certified.key.choose_scheme(schemes).is_some());
        let chosen = able().find(|identity| identity.is_from(authorities)).or_else(|| able().next())?;
        Some(Arc::clone(&chosen.certified))
    }

    fn has_certs(&self) -> bool {
        !self.0.is_empty()
    }
}
