//! The settings files of containerd, k3s and rke2 that name a CA file.

use std::path::PathBuf;

/// A settings file, and its setting for a CA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The file.
    pub path: PathBuf,
    /// The contents of a new file.
    pub text: String,
    /// The setting that names the CA, on one line.
    pub line: String,
    pub(super) format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    HostsToml,
    RegistriesYaml,
}

/// A change of a settings file.
pub(super) enum Edit {
    /// None: it already names this file, relative to its own folder or to the system's root.
    Named(PathBuf),
    /// Its new text.
    Text(String),
}
