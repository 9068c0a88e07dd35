//! What was found about trust, and in which file: to explain why a server is trusted, or not.

use std::fmt;
use std::path::{Path, PathBuf};

use super::certificate::Certificate;
use crate::error::Error;

/// A setting for trust in one server.
#[derive(Debug, Clone)]
pub struct Source {
    /// The owner of the configuration.
    pub origin: Origin,
    /// The file, or the folder.
    pub path: PathBuf,
    /// Its contents.
    pub provides: Provides,
}

impl Source {
    /// The file among `sources` that asks to skip verification of the server's certificate, which is ignored.
    pub fn ignored_skip_verify(sources: &[Self]) -> Option<&Path> {
        sources.iter().find(|source| matches!(source.provides, Provides::Insecure)).map(|source| source.path.as_path())
    }
}

/// The owner of a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A file that the user named.
    User,
    /// The program's own `certs.d` ([`Options::own_certs_d`](super::Options::own_certs_d)).
    Own,
    /// Docker's `certs.d`.
    Docker,
    /// The `certs.d` of podman, buildah, skopeo and CRI-O.
    Containers,
    /// containerd's `hosts.toml` and the folders of its `certs.d`.
    Containerd,
    /// The `registries.yaml` of k3s and rke2.
    Registries,
}

/// What a file provides.
#[derive(Debug, Clone)]
pub enum Provides {
    /// CA certificates for the server.
    Authorities(Vec<Certificate>),
    /// A client certificate for the server; its key is in `key`.
    ClientIdentity {
        /// The certificate.
        certificate: Box<Certificate>,
        /// The file of its key.
        key: PathBuf,
    },
    /// A request to skip verification of the server's certificate, which is ignored.
    Insecure,
    /// Nothing, although it was meant to.
    Nothing(Unused),
    /// Nothing; connections fail until it is fixed.
    Broken {
        /// The error.
        error: Error,
        /// Whether it is a CA certificate, which belongs in a file of another name.
        is_authority: bool,
    },
}

/// Why a file is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unused {
    /// The user may not read it.
    Denied,
    /// It cannot be read; the reason.
    Unreadable(String),
    /// It contains no certificate; what it contains instead.
    NoCertificate(String),
    /// A part of it is damaged; which one.
    Damaged(String),
    /// It is a CA certificate whose file name does not end in `.crt`.
    NotNamedCrt,
    /// It is a client key without a certificate of the same name.
    KeyWithoutCertificate,
    /// It is an unusable client certificate; the reason.
    ClientIdentity(String),
    /// It is a folder for a name with another port: `reg` is not `reg:5000`, nor `reg:443`.
    OtherPort {
        /// The folder's name for this server.
        expected: String,
    },
    /// It is a file, where clients expect a folder.
    NotFolder,
    /// Its syntax is invalid; where.
    Syntax(String),
    /// Its key has a scheme, a slash or white space, which clients do not expect.
    Key {
        /// The key as written.
        key: String,
        /// The correct key.
        expected: String,
    },
    /// A setting in it is unknown, or of the wrong type.
    Member {
        /// The setting.
        member: String,
        /// What is wrong with it.
        fault: String,
    },
    /// It has another name than the file that clients read.
    FileName {
        /// The file that they read.
        expected: PathBuf,
    },
    /// `configs` is below `mirrors`, where clients ignore it.
    Misplaced,
}

impl fmt::Display for Unused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied => f.write_str("permission denied"),
            Self::Unreadable(why) => write!(f, "it cannot be read: {why}"),
            Self::NoCertificate(what) => write!(f, "it holds no certificate: {what}"),
            Self::Damaged(what) | Self::ClientIdentity(what) => f.write_str(what),
            Self::NotNamedCrt => f.write_str("it is a CA certificate whose file name does not end in .crt"),
            Self::KeyWithoutCertificate => f.write_str("it is a key without the .cert file of the same name"),
            Self::OtherPort { expected } => write!(f, "it is for another port; this registry's folder is {expected}"),
            Self::NotFolder => f.write_str("it must be a folder, with the CA certificate in a .crt file"),
            Self::Syntax(place) => f.write_str(place),
            Self::Key { key, expected } => write!(f, "its key {key:?} must be {expected:?}"),
            Self::Member { member, fault } => write!(f, "{member}: {fault}"),
            Self::FileName { expected } => write!(f, "clients read {}", expected.display()),
            Self::Misplaced => f.write_str("configs is nested in mirrors; it must be a top-level key"),
        }
    }
}
