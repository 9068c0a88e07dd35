//! Determines where each client reads the CA of a registry, and writes it there.
//!
//! Docker, podman and other clients have a `certs.d` with a folder for each `HOST[:PORT]`. containerd has one too,
//! where a `hosts.toml` names the file; for k3s and rke2 `registries.yaml` names it. Other settings in these files are
//! preserved, with comments.

mod hosts_toml;
mod paths;
mod registries_yaml;
mod setting;
#[cfg(unix)]
#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use self::paths::podman_folder;
pub use self::paths::{ClientProgram, HostPaths, OtherClient};
pub use self::setting::Setting;
use self::setting::{Edit, Format};
use super::anchor::Anchor;
use super::file;
use super::pem::Contents;
use crate::error::{Error, without_os_error};
use crate::name::Registry;
use crate::replace::{Access, Replacement};

/// Where a client reads the CA of a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// The file with the CA.
    pub ca_file: PathBuf,
    /// The settings file that has to name it, for clients that need one.
    pub setting: Option<Setting>,
    /// Folders for the same registry that are no longer read once `ca_file` exists.
    pub hides: Vec<PathBuf>,
    name: String,
    /// The root of the system.
    root: PathBuf,
}

/// A file that was written, or left unchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The file.
    pub path: PathBuf,
    /// What was done.
    pub change: Change,
}

/// What was done to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It did not exist.
    Created,
    /// It existed and was replaced.
    Replaced,
    /// It already had the right contents.
    Unchanged,
}

/// Why a CA was not written.
#[derive(Debug, Clone)]
pub enum Refused {
    /// The file has another certificate.
    Different {
        /// The file.
        path: PathBuf,
        /// A description of it.
        holds: String,
    },
    /// The settings file cannot be changed without a risk to its other settings.
    Unchangeable {
        /// The file.
        path: PathBuf,
        /// The reason.
        why: String,
        /// The setting to add, on one line.
        line: String,
    },
    /// The user may not write the file.
    Denied {
        /// The file.
        path: PathBuf,
        /// The system's error.
        why: String,
    },
    /// Anything else.
    Failed(Error),
}

impl Placement {
    /// Where `client` reads the CA of the registry `name`, which is `HOST[:PORT]`.
    pub fn of(client: ClientProgram, name: &str, machine: &HostPaths) -> Self {
        let (folder, hides) = match client {
            ClientProgram::Own => (machine.own_certs_d.join(name), Vec::new()),
            ClientProgram::Docker => (machine.docker().join(name), Vec::new()),
            ClientProgram::Podman => podman_folder(machine, name),
            ClientProgram::Containerd => (hosts_toml::folder(&machine.root, name), Vec::new()),
            ClientProgram::K3s => (machine.rancher().join("certs.d").join(name), Vec::new()),
        };
        let ca_file = folder.join("ca.crt");
        let setting = match client {
            ClientProgram::Containerd => {
                let (path, text) = (folder.join("hosts.toml"), hosts_toml::fresh(name));
                Some(Setting { path, text, line: hosts_toml::line(), format: Format::HostsToml })
            }
            ClientProgram::K3s => {
                let path = machine.rancher().join("registries.yaml");
                let named = file::name_below(&machine.root, &ca_file);
                let (text, line) = (registries_yaml::fresh(name, &named), registries_yaml::line(name, &named));
                Some(Setting { path, text, line, format: Format::RegistriesYaml })
            }
            _ => None,
        };
        Self { ca_file, setting, hides, name: name.to_owned(), root: machine.root.clone() }
    }

    /// Writes `anchors`. Other certificates are replaced only with `force`.
    ///
    /// # Errors
    ///
    /// [`Refused`]. Then nothing was changed, except for the CA file when the settings file cannot be written.
    pub fn write(&self, registry: &Registry, anchors: &[Anchor], force: bool) -> Result<Vec<Written>, Refused> {
        let Some(setting) = &self.setting else {
            return Ok(vec![write_anchors(&self.present(anchors), anchors, force)?]);
        };
        // Prepared first, so that no file is written when this one cannot be.
        let settings = begin(&setting.path)?;
        let text = settings.read().map_err(|error| failed(&setting.path, error))?.unwrap_or_default();
        let text = String::from_utf8(text).map_err(|_| unchangeable(setting, "it is not UTF-8"))?;
        let edit = match setting.format {
            Format::HostsToml => hosts_toml::edit(&text, registry),
            Format::RegistriesYaml => {
                registries_yaml::edit(&text, &self.name, &file::name_below(&self.root, &self.ca_file))
            }
        };
        match edit.map_err(|why| unchangeable(setting, why))? {
            // It already names a file, which is used.
            Edit::Named(path) => {
                let path = file::named_in(setting.path.parent().unwrap_or(&setting.path), &self.root, path);
                let unchanged = Written { path: setting.path.clone(), change: Change::Unchanged };
                Ok(vec![write_anchors(&path, anchors, force)?, unchanged])
            }
            Edit::Text(changed) => {
                let ca = write_anchors(&self.ca_file, anchors, force)?;
                settings.write(changed.as_bytes()).map_err(|error| failed(&setting.path, error))?;
                let change = if text.is_empty() { Change::Created } else { Change::Replaced };
                Ok(vec![ca, Written { path: setting.path.clone(), change }])
            }
        }
    }

    /// The file of the folder that already has the certificates, by any name; else the one to write.
    fn present(&self, anchors: &[Anchor]) -> PathBuf {
        let folder = self.ca_file.parent().unwrap_or(&self.ca_file);
        let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut authorities: Vec<_> =
            entries.filter(|path| path.extension().is_some_and(|extension| extension == "crt")).collect();
        authorities.sort();
        let found =
            authorities.into_iter().find(|path| file::read_found(path).is_ok_and(|bytes| holds(&bytes, anchors)));
        found.unwrap_or_else(|| self.ca_file.clone())
    }
}

fn write_anchors(path: &Path, anchors: &[Anchor], force: bool) -> Result<Written, Refused> {
    let file = begin(path)?;
    let written = |change| Written { path: path.to_owned(), change };
    let change = match file.read().map_err(|error| failed(path, error))? {
        Some(bytes) if holds(&bytes, anchors) => return Ok(written(Change::Unchanged)),
        Some(bytes) if !force => {
            return Err(Refused::Different { path: path.to_owned(), holds: described(&bytes) });
        }
        Some(_) => Change::Replaced,
        None => Change::Created,
    };
    file.write(Anchor::pem(anchors).as_bytes()).map_err(|error| failed(path, error))?;
    Ok(written(change))
}

fn begin(path: &Path) -> Result<Replacement, Refused> {
    Replacement::begin(path, Access::Everybody).map_err(|error| failed(path, error))
}

/// Whether a file contains all of the certificates.
fn holds(bytes: &[u8], anchors: &[Anchor]) -> bool {
    let contents = Contents::parse(bytes);
    anchors.iter().all(|anchor| contents.certificates.iter().any(|(der, _)| *der == anchor.der))
}

/// Describes the contents of a file.
fn described(bytes: &[u8]) -> String {
    let contents = Contents::parse(bytes);
    match contents.certificates.as_slice() {
        [] => contents.instead_of_certificates(),
        [(_, only)] => format!("it holds \"{}\", {}", only.subject, only.fingerprint()),
        [(_, first), rest @ ..] => format!("it holds \"{}\" and {} more", first.subject, rest.len()),
    }
}

fn failed(path: &Path, error: io::Error) -> Refused {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            Refused::Denied { path: path.to_owned(), why: without_os_error(error.to_string()) }
        }
        _ => Refused::Failed(Error::config(format!("cannot write {}", path.display())).because(error)),
    }
}

fn unchangeable(setting: &Setting, why: impl Into<String>) -> Refused {
    Refused::Unchangeable { path: setting.path.clone(), why: why.into(), line: setting.line.clone() }
}
