//! Collects what was found about one server, file by file.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustls::crypto::CryptoProvider;

use crate::error::{Error, without_os_error};
use crate::trust::file;
use crate::trust::handshake::HandshakeStarts;
use crate::trust::identity::{ClientIdentityFiles, Identity, IdentityError};
use crate::trust::pem::Contents;
use crate::trust::source::{Origin, Provides, Source, Unused};
use crate::trust::trust_source::ConfiguredCert;

/// Adds the contents of files to what was found for one server.
#[derive(Debug)]
pub(super) struct Discovery<'a> {
    pub provider: &'a CryptoProvider,
    pub found: Found,
}

/// What was found for one server.
#[derive(Debug, Default)]
pub(in crate::trust) struct Found {
    /// Certificates to trust for the server.
    pub configured: Vec<ConfiguredCert>,
    /// Client certificates for the server.
    pub identities: Vec<Identity>,
    /// Everything that was found, in the order of the sources.
    pub sources: Vec<Source>,
    /// The first error that must be fixed before any connection.
    pub failure: Option<Error>,
    /// Whether the server has requested a client certificate.
    pub asked: Arc<AtomicBool>,
    /// When a handshake with the server started.
    pub begun: Arc<HandshakeStarts>,
}

impl Found {
    /// What could not be used, in one line each.
    pub fn unused(&self) -> Vec<String> {
        let line = |source: &Source| match &source.provides {
            Provides::Nothing(why) => Some(format!("{} is not used: {why}", source.path.display())),
            _ => None,
        };
        self.sources.iter().filter_map(line).collect()
    }
}

impl Discovery<'_> {
    /// Adds the certificates of a PEM file as CA certificates.
    pub fn authorities(&mut self, origin: Origin, path: &Path) {
        let contents = match file::read_found(path) {
            Ok(bytes) => Contents::parse(&bytes),
            Err(error) => return self.unreadable(origin, path, &error),
        };
        if contents.certificates.is_empty() {
            return self.unused(origin, path, Unused::NoCertificate(contents.instead_of_certificates()));
        }
        for damage in contents.damaged {
            self.unused(origin, path, Unused::Damaged(damage));
        }
        let certificates = contents.certificates.iter().map(|(_, certificate)| certificate.clone()).collect();
        self.record(origin, path, Provides::Authorities(certificates));
        self.found.configured.extend(ConfiguredCert::all_from(contents.certificates, path));
    }

    /// Adds a client certificate. An unusable one is an error if `is_fatal`: connecting without it would fail later,
    /// with less detail.
    pub fn identity(&mut self, origin: Origin, files: ClientIdentityFiles, is_fatal: bool) {
        let ClientIdentityFiles { cert, key } = &files;
        let contents = |path: &Path| file::read_found(path).map(|bytes| Contents::parse(&bytes));
        let (certificates, keys) = match (contents(cert), contents(key)) {
            (Ok(certificates), Ok(keys)) => (certificates, keys),
            (Err(error), _) => return self.unreadable(origin, cert, &error),
            (_, Err(error)) => return self.unreadable(origin, key, &error),
        };
        match Identity::assemble(certificates, keys, self.provider) {
            Ok(identity) => {
                let certificate = Box::new(identity.certificate.clone());
                self.record(origin, cert, Provides::ClientIdentity { certificate, key: key.clone() });
                self.found.identities.push(identity);
            }
            Err(identity_error) if is_fatal => self.broken(origin, cert, identity_error.into_error(&files), false),
            Err(identity_error) => self.identity_error(origin, &files, identity_error),
        }
    }

    fn identity_error(&mut self, origin: Origin, files: &ClientIdentityFiles, identity_error: IdentityError) {
        let why = identity_error.into_error(files).to_string();
        self.unused(origin, &files.cert, Unused::ClientIdentity(why));
    }

    /// Records that a file asks to skip verification, which is ignored.
    pub fn insecure(&mut self, origin: Origin, path: &Path) {
        tracing::debug!("{} asks to skip certificate verification, which is ignored", path.display());
        self.record(origin, path, Provides::Insecure);
    }

    /// Records an error that must be fixed first.
    pub fn broken(&mut self, origin: Origin, path: &Path, error: Error, is_authority: bool) {
        self.found.failure.get_or_insert_with(|| error.clone());
        self.record(origin, path, Provides::Broken { error, is_authority });
    }

    /// Records a file that cannot be read.
    pub fn unreadable(&mut self, origin: Origin, path: &Path, error: &io::Error) {
        self.unused(
            origin,
            path,
            match error.kind() {
                io::ErrorKind::PermissionDenied => Unused::Denied,
                _ => Unused::Unreadable(without_os_error(error.to_string())),
            },
        );
    }

    /// Records a file that is not used.
    pub fn unused(&mut self, origin: Origin, path: &Path, why: Unused) {
        // Only logged for debugging: most such files do not concern this user. They become warnings when a certificate
        // is refused.
        tracing::debug!("{} is not used: {why}", path.display());
        self.record(origin, path, Provides::Nothing(why));
    }

    fn record(&mut self, origin: Origin, path: &Path, provides: Provides) {
        self.found.sources.push(Source { origin, path: path.to_owned(), provides });
    }
}
