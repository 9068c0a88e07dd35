//! What was found about trust, and in which file: for whoever wants to know why a server is trusted, or is not.

use std::fmt;
use std::path::{Path, PathBuf};

use super::certificate::Certificate;
use crate::error::Error;

/// One thing found about trust in one server.
#[derive(Debug, Clone)]
pub struct Source {
    /// Whose configuration it is.
    pub origin: Origin,
    /// The file, or the folder where it is about the folder itself.
    pub path: PathBuf,
    /// What it gives.
    pub gives: Provides,
}

impl Source {
    /// The file among `sources` that asks not to verify the server's certificate, which is not obeyed.
    pub fn ignored_skip_verify(sources: &[Self]) -> Option<&Path> {
        sources.iter().find(|source| matches!(source.gives, Provides::Insecure)).map(|source| source.path.as_path())
    }
}

/// Whose configuration something was found in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// What the user named.
    User,
    /// The folder of this program, `rls/certs.d` in the user's configuration.
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

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "named by the user",
            Self::Own => "rls",
            Self::Docker => "docker",
            Self::Containers => "containers (podman, skopeo, buildah)",
            Self::Containerd => "containerd",
            Self::Registries => "k3s or rke2",
        })
    }
}

/// What a file gives.
#[derive(Debug, Clone)]
pub enum Provides {
    /// Certificates that may vouch for the server.
    Authorities(Vec<Certificate>),
    /// A certificate to show to the server, with its key in `key`.
    ClientIdentity {
        /// The certificate.
        certificate: Box<Certificate>,
        /// The file of its key.
        key: PathBuf,
    },
    /// The wish not to verify the server's certificate, which is not obeyed.
    Insecure,
    /// Nothing, although somebody may think that it does.
    Nothing(Unused),
    /// Nothing, and no connection is made while it is so.
    Broken {
        /// What is wrong.
        error: Error,
        /// Whether it is the certificate of a CA, which belongs in a file of another name.
        is_authority: bool,
    },
}

/// Why something that was found is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unused {
    /// It may not be read by this user.
    Denied,
    /// It cannot be read; why.
    Unreadable(String),
    /// It holds no certificate; what it holds instead.
    NoCertificate(String),
    /// A part of it is damaged; which.
    Damaged(String),
    /// It is a CA certificate whose name does not end in `.crt`, the only ones that are read.
    NotNamedCrt,
    /// It is a client's key without the certificate of the same name beside it.
    KeyWithoutCertificate,
    /// It is a client certificate that cannot be used; why.
    ClientIdentity(String),
    /// It is a folder for a name that differs by the port: `reg` is not `reg:5000`, nor `reg:443`.
    OtherPort {
        /// What the folder has to be called for this server.
        expected: String,
    },
    /// Its syntax is wrong; where.
    Syntax(String),
    /// The key in it has a scheme, which its readers do not expect.
    KeyWithScheme {
        /// The key as it stands there.
        key: String,
        /// The key as it has to be.
        expected: String,
    },
    /// `configs` stands under `mirrors`, where nobody reads it.
    Misplaced,
}

impl fmt::Display for Unused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied => f.write_str("it may not be read by this user"),
            Self::Unreadable(why) => write!(f, "it cannot be read: {why}"),
            Self::NoCertificate(what) => write!(f, "it holds no certificate: {what}"),
            Self::Damaged(what) | Self::ClientIdentity(what) => f.write_str(what),
            Self::NotNamedCrt => f.write_str("it is a CA certificate and its name does not end in .crt"),
            Self::KeyWithoutCertificate => f.write_str("it is a key without the .cert file of the same name"),
            Self::OtherPort { expected } => write!(f, "it is for another port, the folder would be {expected}"),
            Self::Syntax(place) => f.write_str(place),
            Self::KeyWithScheme { key, expected } => write!(f, "its key {key:?} has to be {expected:?}"),
            Self::Misplaced => f.write_str("configs stands under mirrors and belongs beside it"),
        }
    }
}
