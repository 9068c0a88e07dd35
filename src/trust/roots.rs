//! The system's roots, read by the first [`SystemRoots::get`]. That takes some milliseconds, which plain HTTP, a failed
//! connection and a server with a configured CA do not need.

use std::ffi::OsString;
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

use super::file;
use super::pem::Contents;

/// Reads the certificates.
type Source = Box<dyn Fn() -> Vec<CertificateDer<'static>> + Send + Sync>;

/// The system's roots, read at the first [`SystemRoots::get`]: that takes some milliseconds, which plain HTTP, a failed
/// connection and a server under a private CA need not pay.
pub(super) struct SystemRoots {
    /// `None` if the system's roots do not count.
    source: Option<Source>,
    /// The variables that replace the system's store.
    variables: Vec<RootsVariable>,
    loaded: OnceLock<Loaded>,
}

/// A variable that names a file or folders in place of the system's store.
#[derive(Debug, Clone)]
pub(super) struct RootsVariable {
    /// `SSL_CERT_FILE` or `SSL_CERT_DIR`.
    pub name: &'static str,
    /// What it names.
    pub value: OsString,
}

/// The certificates of the system's store.
pub(super) struct Loaded {
    /// Those that can be trust anchors.
    pub store: RootCertStore,
    /// All of them, to find a server's own certificate among them.
    pub certificates: Vec<CertificateDer<'static>>,
}

impl SystemRoots {
    /// The store of the operating system, or the one that `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
    pub fn native() -> Self {
        let variable = |name| Some(RootsVariable { name, value: std::env::var_os(name)? });
        let variables = ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().filter_map(variable).collect();
        Self { source: Some(Box::new(native)), variables, loaded: OnceLock::new() }
    }

    /// Roots from elsewhere.
    #[cfg(test)]
    pub fn from_source(source: Source) -> Self {
        Self { source: Some(source), variables: Vec::new(), loaded: OnceLock::new() }
    }

    /// No roots, because only configured certificates count.
    pub fn none() -> Self {
        Self { source: None, variables: Vec::new(), loaded: OnceLock::new() }
    }

    /// Whether the system's roots count.
    pub fn do_count(&self) -> bool {
        self.source.is_some()
    }

    /// Why the variables that replace the system's store provide nothing, one line for each of them that does not.
    pub fn unusable_variables(&self) -> Vec<String> {
        self.variables.iter().filter_map(RootsVariable::fault).collect()
    }

    /// The roots. An empty or partly unreadable store is not an error.
    pub fn get(&self) -> &Loaded {
        self.loaded.get_or_init(|| {
            let certificates = self.source.as_ref().map_or_else(Vec::new, |read| read());
            let mut store = RootCertStore::empty();
            // Stores contain old certificates that webpki cannot parse; these are just not trusted.
            let (usable, ignored) = store.add_parsable_certificates(certificates.iter().cloned());
            tracing::debug!(usable, ignored, "loaded the system's roots");
            Loaded { store, certificates }
        })
    }

    pub fn are_loaded(&self) -> bool {
        self.loaded.get().is_some()
    }
}

impl fmt::Debug for SystemRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SystemRoots").field("loaded", &self.are_loaded()).finish_non_exhaustive()
    }
}

impl RootsVariable {
    /// Why it provides no certificate; `None` if it does.
    fn fault(&self) -> Option<String> {
        let Self { name, value } = self;
        if value.is_empty() {
            return Some(format!("{name} is empty"));
        }
        if *name == "SSL_CERT_DIR" {
            let has_files = |folder: PathBuf| folder.read_dir().is_ok_and(|mut files| files.next().is_some());
            let is_usable = std::env::split_paths(value).any(has_files);
            let why = match std::env::split_paths(value).collect::<Vec<_>>().as_slice() {
                [only] if !only.exists() => "which does not exist",
                [only] if !only.is_dir() => "which is not a folder",
                _ => "which has no certificates",
            };
            return (!is_usable).then(|| format!("{name} names {}, {why}", value.display()));
        }
        let why = match file::read_found(Path::new(value)) {
            Err(error) if error.kind() == ErrorKind::NotFound => "which does not exist".to_owned(),
            Err(error) => format!("which cannot be read: {error}"),
            Ok(bytes) => {
                let contents = Contents::parse(&bytes);
                if !contents.certificates.is_empty() {
                    return None;
                }
                format!("which holds no certificate: {}", contents.instead_of_certificates())
            }
        };
        Some(format!("{name} names {}, {why}", value.display()))
    }
}

fn native() -> Vec<CertificateDer<'static>> {
    let found = rustls_native_certs::load_native_certs();
    // The error for a server that is not trusted says it to users.
    for error in &found.errors {
        tracing::debug!(%error, "cannot read some of the system's roots");
    }
    found.certs
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::trust::fixture::Authority;

    #[test]
    fn roots_are_read_once_when_first_needed() {
        let asked = Arc::new(AtomicUsize::new(0));
        let root = Authority::root("Root");
        let roots = SystemRoots::from_source(Box::new({
            let (asked, der) = (Arc::clone(&asked), root.der().to_vec());
            move || {
                asked.fetch_add(1, Ordering::Relaxed);
                vec![der.clone().into(), CertificateDer::from(vec![0x30, 0])]
            }
        }));
        assert!(!roots.are_loaded());
        assert_eq!(asked.load(Ordering::Relaxed), 0);
        for _ in 0..2 {
            assert_eq!((roots.get().store.len(), roots.get().certificates.len()), (1, 2));
        }
        assert!(roots.are_loaded());
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_variable_that_provides_nothing_is_explained() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        let root = Authority::root("Root");
        std::fs::write(path("ca.pem"), root.pem()).expect("a writable folder");
        std::fs::write(path("ca.cer"), root.der()).expect("a writable folder");
        std::fs::create_dir(path("empty")).expect("a writable folder");
        let fault = |name, value: &Path| RootsVariable { name, value: value.into() }.fault();
        assert_eq!(fault("SSL_CERT_FILE", &path("ca.pem")), None);
        assert_eq!(fault("SSL_CERT_DIR", folder.path()), None);
        for (name, file, why) in [
            ("SSL_CERT_FILE", "gone.pem", "does not exist"),
            ("SSL_CERT_FILE", "ca.cer", "holds no certificate: it is a certificate in DER, not PEM"),
            ("SSL_CERT_FILE", "empty", "cannot be read: it is not a file"),
            ("SSL_CERT_DIR", "empty", "has no certificates"),
            ("SSL_CERT_DIR", "ca.pem", "is not a folder"),
            ("SSL_CERT_DIR", "gone", "does not exist"),
        ] {
            let expected = format!("{name} names {}, which {why}", path(file).display());
            assert_eq!(fault(name, &path(file)), Some(expected));
        }
        assert_eq!(fault("SSL_CERT_FILE", Path::new("")).as_deref(), Some("SSL_CERT_FILE is empty"));
    }
}
