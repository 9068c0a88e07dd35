//! Decides which servers are trusted in TLS, and explains why one is not.
//!
//! [`Trust`] configures rustls for each server: from the system's roots, which are read when they are first needed;
//! from the files that the user names; and from what docker, podman, containerd, k3s and further `certs.d` folders
//! configure for that server, which is read at the first connection to it. Its verifier is webpki with one addition,
//! the pin: a server whose own certificate is configured, byte for byte, is accepted if its name and dates are valid.
//! docker, curl and Go do the same with the self-signed certificate that many guides tell people to create.
//!
//! ```no_run
//! use registry_ls::registry::Client;
//! use registry_ls::trust::{Options, Trust};
//!
//! let options = Options { ca_files: vec!["corp-root.pem".into()], ..Options::from_env() };
//! let client = Client::builder("registry.corp:5000".parse()?).trust(Trust::load(options)?).build()?;
//! # Ok::<(), registry_ls::Error>(())
//! ```
//!
//! A failed handshake is explained by data, [`crate::error::Tls`], and a sentence: [`Rejection`].

mod anchor;
pub mod certificate;
mod clients;
mod configure;
mod discovery;
mod explain;
mod file;
#[cfg(test)]
mod fixture;
mod form;
mod handshake;
mod identity;
mod inspection;
mod pem;
mod place;
mod placement;
mod presented;
mod refusal;
mod roots;
mod secret;
mod signature;
mod source;
#[cfg(test)]
mod tests;
mod trust_source;
mod verifier;

pub use anchor::{Anchor, AnchorKind};
pub use certificate::Certificate;
pub use clients::{ClientTrust, Insecure};
pub use configure::{Options, Trust};
pub(crate) use discovery::misnamed_registries;
pub use explain::Rejection;
pub use identity::ClientIdentityFiles;
pub use inspection::{InspectedCertificate, InspectedKey, Inspection, PemKind, inspect};
pub use placement::{Change, ClientProgram, HostPaths, OtherClient, Placement, Refused, Setting, Written};
pub use presented::{Agreed, ClientCertificateRequest, PresentedCertificate, PresentedChain};
pub use secret::anchors_of_secret;
pub use source::{Origin, Provides, Source, Unused};
pub use trust_source::TrustSource;

/// What fuzz targets call directly. Not part of the interface.
#[cfg(feature = "__internals")]
#[doc(hidden)]
pub mod internals {
    /// Whether connections to a server can be configured, by what the files say about it.
    pub fn configure(trust: &super::Trust, host: &str, port: u16) -> crate::Result<()> {
        trust.client_config(host, port).map(drop)
    }
}
