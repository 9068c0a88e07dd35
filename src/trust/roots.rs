//! The system's roots, read by the first [`SystemRoots::get`]. That takes some milliseconds, which plain HTTP, a failed
//! connection and a server with a configured CA do not need.

use std::fmt;
use std::sync::OnceLock;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

/// Where the system's certificates come from.
type Source = Box<dyn Fn() -> Vec<CertificateDer<'static>> + Send + Sync>;

/// The system's roots, read at the first [`SystemRoots::get`]: that takes some milliseconds, which plain HTTP, a failed
/// connection and a server under a private CA need not pay.
pub(super) struct SystemRoots {
    source: Source,
    loaded: OnceLock<Loaded>,
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
        Self::from_source(Box::new(native))
    }

    pub fn from_source(source: Source) -> Self {
        Self { source, loaded: OnceLock::new() }
    }

    /// The roots. An empty or partly unreadable store is not an error.
    pub fn get(&self) -> &Loaded {
        self.loaded.get_or_init(|| {
            let certificates = (self.source)();
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

fn native() -> Vec<CertificateDer<'static>> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        if found.certs.is_empty() {
            tracing::warn!(%error, "cannot read the system's roots");
        } else {
            tracing::debug!(%error, "cannot read some of the system's roots");
        }
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
    fn the_source_is_read_once_and_late() {
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
}
