//! Identifies PEM files, and how they belong together.

use std::path::{Path, PathBuf};

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::PrivateKeyDer;

use super::certificate::{Certificate, Key};
use super::file;
use super::pem::Contents;
use crate::error::{Error, FileForm, Result};

/// An inspected file.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// The file.
    pub path: PathBuf,
    /// Its kind.
    pub kind: PemKind,
    /// Its certificates, in their order.
    pub certificates: Vec<InspectedCertificate>,
    /// Its private keys, in their order.
    pub keys: Vec<InspectedKey>,
    /// Descriptions of its other contents.
    pub others: Vec<String>,
    /// Its faults.
    pub faults: Vec<String>,
    /// The form of what has to be converted before it can be used.
    pub form: Option<FileForm>,
}

/// The kind of a file, by its contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PemKind {
    /// A server's certificate alone.
    Leaf,
    /// A self-signed certificate with host names: a server's, and its own CA.
    SelfSigned,
    /// A server's certificate with its CA certificates.
    FullChain,
    /// A server's CA certificates, without its own.
    Chain,
    /// A self-signed CA certificate.
    Root,
    /// Unrelated CA certificates.
    Bundle,
    /// A client's certificate: servers may not use it.
    Client,
    /// A private key alone.
    Key,
    /// Certificates with a private key.
    WithKey,
    /// None of these.
    Other,
}

/// A certificate in a file.
#[derive(Debug, Clone)]
pub struct InspectedCertificate {
    /// Its description.
    pub certificate: Certificate,
    /// The inspected files that contain its issuer, by name.
    pub issuer_in: Vec<PathBuf>,
    /// Whether its issuer is a root in one of them: then the server need not send any other certificate.
    pub is_issued_by_root: bool,
    /// Those that contain its private key.
    pub key_in: Vec<PathBuf>,
}

/// A private key in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectedKey {
    /// Its kind and size; `None` for an unsupported one.
    pub key: Option<Key>,
    /// The inspected files that contain its certificate.
    pub certificate_in: Vec<PathBuf>,
    /// Whether that is a client certificate.
    pub is_clients: bool,
}

/// Inspects files together. The result has their order.
///
/// # Errors
///
/// For each file: [`Kind::Config`](crate::Kind::Config) when it cannot be read.
pub fn inspect(paths: &[PathBuf]) -> Vec<Result<Inspection>> {
    let provider = ring::default_provider();
    let read: Vec<Result<Raw>> = paths.iter().map(|path| Raw::read(path, &provider)).collect();
    let readable: Vec<&Raw> = read.iter().flatten().collect();
    read.iter().map(|raw| raw.as_ref().map(|raw| raw.beside(&readable)).map_err(Clone::clone)).collect()
}

/// A file by itself.
struct Raw {
    path: PathBuf,
    contents: Contents,
    /// The public keys of its private keys (SubjectPublicKeyInfo in DER), where they can be derived.
    public_keys: Vec<Option<Vec<u8>>>,
}

impl Raw {
    fn read(path: &Path, provider: &CryptoProvider) -> Result<Self> {
        let bytes = file::read_named(path)
            .map_err(|error| Error::config(format!("cannot read {}", path.display())).because(error))?;
        let contents = Contents::parse(&bytes);
        let public_keys = contents.keys.iter().map(|key| public_key(key.clone_key(), provider)).collect();
        Ok(Self { path: path.to_owned(), contents, public_keys })
    }

    fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        self.contents.certificates.iter().map(|(_, certificate)| certificate)
    }

    fn beside(&self, all: &[&Self]) -> Inspection {
        let files_with = |wanted: &dyn Fn(&Self) -> bool| {
            all.iter().filter(|raw| wanted(raw)).map(|raw| raw.path.clone()).collect::<Vec<_>>()
        };
        let certificate = |certificate: &Certificate| InspectedCertificate {
            issuer_in: files_with(&|raw| raw.certificates().any(|issuer| is_issued_by(certificate, issuer))),
            is_issued_by_root: all.iter().any(|raw| raw.certificates().any(|root| is_root_of(root, certificate))),
            key_in: files_with(&|raw| raw.public_keys.iter().flatten().any(|key| *key == certificate.spki)),
            certificate: certificate.clone(),
        };
        let owner = |spki: &Option<Vec<u8>>| {
            let mut certificates = all.iter().flat_map(|raw| raw.certificates());
            certificates.find(|certificate| Some(&certificate.spki) == spki.as_ref())
        };
        let key = |spki: &Option<Vec<u8>>| InspectedKey {
            key: spki.as_deref().and_then(Key::parse),
            is_clients: owner(spki).is_some_and(|owner| !owner.for_servers),
            certificate_in: spki.as_ref().map_or_else(Vec::new, |spki| {
                files_with(&|raw| raw.certificates().any(|certificate| certificate.spki == *spki))
            }),
        };
        let kind = self.kind();
        let certificates: Vec<_> = self.certificates().map(certificate).collect();
        let is_whole = certificates.last().is_some_and(|last| last.is_issued_by_root);
        Inspection {
            path: self.path.clone(),
            kind,
            certificates,
            keys: self.public_keys.iter().map(key).collect(),
            others: self.contents.others.clone(),
            faults: self.faults(kind, is_whole),
            form: self.contents.form,
        }
    }

    fn kind(&self) -> PemKind {
        let certificates: Vec<_> = self.certificates().collect();
        match (certificates.as_slice(), self.contents.keys.is_empty()) {
            ([], true) => PemKind::Other,
            ([], false) => PemKind::Key,
            (_, false) => PemKind::WithKey,
            ([only], true) => kind_of(only),
            (many, true) => match many.iter().map(|one| kind_of(one)).find(|kind| !is_authority(*kind)) {
                Some(PemKind::Client) => PemKind::Client,
                Some(_) => PemKind::FullChain,
                None if is_linked(many) => PemKind::Chain,
                None => PemKind::Bundle,
            },
        }
    }

    /// The faults of the file; `is_whole` says that no certificate is missing between its last one and the root.
    fn faults(&self, kind: PemKind, is_whole: bool) -> Vec<String> {
        let mut faults = self.contents.damaged.clone();
        let certificates: Vec<_> = self.certificates().collect();
        if let [first, rest @ ..] = certificates.as_slice()
            && kind != PemKind::Bundle
        {
            if is_authority(kind_of(first)) && rest.iter().any(|one| !is_authority(kind_of(one))) {
                faults.push("the server's certificate must come first".to_owned());
            } else if !is_linked(&certificates) {
                faults.push("its certificates are out of order: each must be issued by the next one".to_owned());
            }
        }
        let meant = certbot(&self.path).filter(|expected| !expected.contains(&kind));
        if let Some(expected) = meant.filter(|expected| !(is_whole && expected.contains(&PemKind::FullChain))) {
            let name = self.path.file_name().unwrap_or_default().display();
            let meant = expected.first().map_or("", |kind| kind.described());
            faults.push(format!("certbot's {name} is {meant}; this is {}", kind.described()));
        }
        faults
    }
}

impl PemKind {
    /// A stable identifier.
    pub fn word(self) -> &'static str {
        match self {
            Self::Leaf => "leaf",
            Self::SelfSigned => "self-signed",
            Self::FullChain => "fullchain",
            Self::Chain => "chain",
            Self::Root => "root",
            Self::Bundle => "bundle",
            Self::Client => "client",
            Self::Key => "key",
            Self::WithKey => "with-key",
            Self::Other => "other",
        }
    }

    /// A description for users.
    pub fn described(self) -> &'static str {
        match self {
            Self::Leaf => "the server's certificate without its chain (leaf)",
            Self::SelfSigned => "a self-signed server certificate",
            Self::FullChain => "the server's certificate with its chain (fullchain)",
            Self::Chain => "the CA's certificates without the server's (chain)",
            Self::Root => "a root CA's certificate",
            Self::Bundle => "a bundle of CA certificates",
            Self::Client => "a client's certificate",
            Self::Key => "a private key",
            Self::WithKey => "a certificate together with its private key",
            Self::Other => "no certificate or key",
        }
    }
}

/// The kind of a certificate by itself.
fn kind_of(certificate: &Certificate) -> PemKind {
    match certificate {
        one if one.self_signed && !one.names.is_empty() => PemKind::SelfSigned,
        one if one.is_ca && one.self_signed => PemKind::Root,
        one if one.is_ca => PemKind::Chain,
        one if !one.for_servers => PemKind::Client,
        one if one.self_signed => PemKind::SelfSigned,
        _ => PemKind::Leaf,
    }
}

fn is_authority(kind: PemKind) -> bool {
    matches!(kind, PemKind::Root | PemKind::Chain)
}

/// Whether each certificate is issued by the next, by their names.
fn is_linked(certificates: &[&Certificate]) -> bool {
    certificates.windows(2).all(|pair| is_issued_by(pair[0], pair[1]))
}

fn is_root_of(root: &Certificate, certificate: &Certificate) -> bool {
    root.self_signed && !certificate.self_signed && is_issued_by(certificate, root)
}

fn is_issued_by(certificate: &Certificate, issuer: &Certificate) -> bool {
    certificate.issuer == issuer.subject && issuer.may_issue() && (certificate.self_signed == (certificate == issuer))
}

/// What a file with one of certbot's names should contain, the usual kind first.
fn certbot(path: &Path) -> Option<&'static [PemKind]> {
    Some(match path.file_name()?.to_str()? {
        "cert.pem" => &[PemKind::Leaf, PemKind::SelfSigned],
        "chain.pem" => &[PemKind::Chain, PemKind::Root],
        "fullchain.pem" => &[PemKind::FullChain],
        "privkey.pem" => &[PemKind::Key],
        _ => return None,
    })
}

fn public_key(key: PrivateKeyDer<'static>, provider: &CryptoProvider) -> Option<Vec<u8>> {
    let key = provider.key_provider.load_private_key(key).ok()?;
    Some(key.public_key()?.to_vec())
}

#[cfg(test)]
mod tests;
