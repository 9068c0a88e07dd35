//! Who is trusted as the far end of a TLS connection, and what is wrong when it is not.
//!
//! [`Trust`] gives a [`rustls::ClientConfig`] per server: the system's roots, read when they are first needed; what the user
//! names beside them; and what docker, podman, containerd, k3s and this program's own folder know about that server, read at
//! the first connection to it. Its verifier asks webpki and adds one thing, the pin: a server whose own
//! certificate was given byte for byte is accepted, provided that its name and dates are right. That is what docker, curl
//! and Go make of the self-signed certificate that every guide tells people to create.
//!
//! A failed handshake is explained by [`explain()`]: as data in [`crate::error::Tls`], and in a sentence.

mod anchor;
pub mod certificate;
mod configure;
mod discovery;
mod explain;
mod file;
#[cfg(test)]
mod fixture;
mod handshake;
mod identity;
mod insecure;
mod inspection;
mod pem;
mod place;
mod placement;
mod presented;
mod refusal;
mod roots;
mod secret;
mod source;
#[cfg(test)]
mod tests;
mod trust_source;
mod verifier;

pub use anchor::{Anchor, AnchorKind};
pub use certificate::Certificate;
pub use configure::{Options, Trust};
pub use explain::{Rejection, explain};
pub use identity::ClientIdentityFiles;
pub use inspection::{InspectedCertificate, InspectedKey, Inspection, PemKind, inspect};
pub use placement::{Change, ClientProgram, HostPaths, Placement, Refused, Setting, Written};
pub use presented::{Agreed, ClientCertificateRequest, PresentedCertificate, PresentedChain};
pub use secret::anchors_of_secret;
pub use source::{Origin, Provides, Source, Unused};
pub use trust_source::TrustSource;
