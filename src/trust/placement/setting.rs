//! The settings files of containerd, k3s and rke2 that name a CA file.

use std::path::PathBuf;

/// A file of settings, and what has to stand in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The file.
    pub path: PathBuf,
    /// What has to stand in it, if nothing else does.
    pub text: String,
    /// The part of it that names the CA, in one line.
    pub line: String,
    pub(super) format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    HostsToml,
    RegistriesYaml,
}

/// What is to be done to a file of settings.
pub(super) enum Edit {
    /// Nothing: it names this file, relative to its own folder or as its own machine calls it.
    Named(PathBuf),
    /// This is to be its text.
    Text(String),
}
