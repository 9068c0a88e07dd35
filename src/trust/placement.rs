//! Where each client of registries looks for the CA of one of them, and putting it there.
//!
//! Docker, podman and this program have a `certs.d` with a folder for each `HOST[:PORT]`. containerd has one too, in which a
//! `hosts.toml` names the file; in k3s and rke2 it is `registries.yaml` that names it. What else stands in these stays as it
//! is, comments included.

mod hosts_toml;
mod registries_yaml;
#[cfg(unix)]
#[cfg(test)]
mod tests;

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::anchor::Anchor;
use super::file;
use super::pem::Contents;
use crate::error::Error;
use crate::name::Registry;
use crate::replace::{Access, Replacement};

/// A client of registries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientProgram {
    /// This one.
    Rls,
    /// Docker's daemon.
    Docker,
    /// Podman, skopeo, buildah and CRI-O.
    Podman,
    /// containerd, and Kubernetes on it.
    Containerd,
    /// k3s, or rke2 where that is what is installed.
    K3s,
}

impl ClientProgram {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Rls, Self::Docker, Self::Podman, Self::Containerd, Self::K3s];
}

impl fmt::Display for ClientProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Rls => "rls",
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Containerd => "containerd",
            Self::K3s => "k3s",
        })
    }
}

/// The folders of the machine and the user in which clients look.
#[derive(Debug, Clone, Default)]
pub struct HostPaths {
    /// The root of the files that are the whole machine's.
    pub root: PathBuf,
    /// The user's home.
    pub home: PathBuf,
    /// `XDG_CONFIG_HOME`, instead of `~/.config`.
    pub xdg_config_home: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`, in which a daemon of the user's own has its socket.
    pub xdg_runtime_dir: Option<PathBuf>,
    /// Whether the user is root.
    pub is_root: bool,
}

impl HostPaths {
    /// What this process' environment says. A variable that is empty counts as unset.
    pub fn from_env() -> Self {
        let var = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        Self {
            root: PathBuf::from("/"),
            home: std::env::home_dir().unwrap_or_else(|| PathBuf::from("/")),
            xdg_config_home: var("XDG_CONFIG_HOME"),
            xdg_runtime_dir: var("XDG_RUNTIME_DIR"),
            is_root: is_root(),
        }
    }

    fn config(&self) -> PathBuf {
        self.xdg_config_home.clone().unwrap_or_else(|| self.home.join(".config"))
    }

    /// Docker's is the machine's, unless the user has a daemon of their own ("rootless mode").
    fn docker(&self) -> PathBuf {
        let socket = self.xdg_runtime_dir.as_ref().map(|folder| folder.join("docker.sock"));
        if !self.is_root && socket.is_some_and(|socket| socket.exists()) {
            return self.config().join("docker/certs.d");
        }
        self.root.join("etc/docker/certs.d")
    }

    /// The folders that podman looks through for one host; it reads the first that is there, and no other.
    fn podman(&self) -> [PathBuf; 3] {
        [
            self.home.join(".config/containers/certs.d"),
            self.root.join("etc/containers/certs.d"),
            self.root.join("etc/docker/certs.d"),
        ]
    }

    fn rancher(&self) -> PathBuf {
        let product = |name: &str| self.root.join("etc/rancher").join(name);
        if product("rke2").is_dir() && !product("k3s").is_dir() { product("rke2") } else { product("k3s") }
    }
}

#[cfg(unix)]
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;

    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

/// Where a client looks for the CA of a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// The file with the CA.
    pub ca_file: PathBuf,
    /// The file that has to name the other, for clients that want that.
    pub setting: Option<Setting>,
    /// Folders for the same registry that are no longer read once `ca_file` is there.
    pub hides: Vec<PathBuf>,
    name: String,
    /// The root of the machine that it is on.
    root: PathBuf,
}

/// A file of settings, and what has to stand in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The file.
    pub path: PathBuf,
    /// What has to stand in it, if nothing else does.
    pub text: String,
    /// The part of it that names the CA, in one line.
    pub line: String,
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    HostsToml,
    RegistriesYaml,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The file.
    pub path: PathBuf,
    /// What became of it.
    pub change: Change,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was not there.
    Created,
    /// It was there, and is another now.
    Replaced,
    /// It had what is needed.
    Unchanged,
}

/// Why a CA is not put where it belongs.
#[derive(Debug, Clone)]
pub enum Refused {
    /// Another certificate is in its place.
    Different {
        /// The file.
        path: PathBuf,
        /// What is in it.
        holds: String,
    },
    /// The file with settings is not one that can be changed without risk to the rest of it.
    Unchangeable {
        /// The file.
        path: PathBuf,
        /// What is in the way.
        why: String,
        /// What has to be added to it, in one line.
        line: String,
    },
    /// This user may not write the file.
    Denied {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// Anything else.
    Failed(Error),
}

impl Placement {
    /// Where `client` looks in `machine` for the CA of the registry called `name`, which is `HOST[:PORT]`.
    pub fn of(client: ClientProgram, name: &str, machine: &HostPaths) -> Self {
        let (folder, hides) = match client {
            ClientProgram::Rls => (machine.config().join("rls/certs.d").join(name), Vec::new()),
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

    /// Puts `anchors` there. Other certificates are replaced only with `force`.
    ///
    /// # Errors
    ///
    /// [`Refused`]; then nothing was changed, but for the file with the CA when that with the settings cannot be written.
    pub fn write(&self, registry: &Registry, anchors: &[Anchor], force: bool) -> Result<Vec<Written>, Refused> {
        let Some(setting) = &self.setting else {
            return Ok(vec![write_anchors(&self.present(anchors), anchors, force)?]);
        };
        // Settled first, so that nothing is written when it cannot be.
        let settings = begin(&setting.path)?;
        let text = settings.read().map_err(|error| failed(&setting.path, error))?.unwrap_or_default();
        let text = String::from_utf8(text).map_err(|_| setting.unchangeable("it is not UTF-8"))?;
        let edit = match setting.format {
            Format::HostsToml => hosts_toml::edit(&text, registry),
            Format::RegistriesYaml => {
                registries_yaml::edit(&text, &self.name, &file::name_below(&self.root, &self.ca_file))
            }
        };
        match edit.map_err(|why| setting.unchangeable(why))? {
            // It names a file already: that one is it.
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

    /// The file of the folder that has the certificates already, whatever it is called; else the one to write.
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

/// What is to be done to a file of settings.
enum Edit {
    /// Nothing: it names this file, relative to its own folder or as its own machine calls it.
    Named(PathBuf),
    /// This is to be its text.
    Text(String),
}

impl Setting {
    fn unchangeable(&self, why: impl Into<String>) -> Refused {
        Refused::Unchangeable { path: self.path.clone(), why: why.into(), line: self.line.clone() }
    }
}

/// The folder that podman will read, and those that it will not read any more.
fn podman_folder(machine: &HostPaths, name: &str) -> (PathBuf, Vec<PathBuf>) {
    let folders = machine.podman().map(|folder| folder.join(name));
    let first = folders.iter().position(|folder| folder.is_dir());
    let own = if machine.is_root { 1 } else { 0 };
    let chosen = first.filter(|first| *first <= own).unwrap_or(own);
    let hidden = if folders[chosen].is_dir() { &[] } else { &folders[chosen + 1..] };
    (folders[chosen].clone(), hidden.iter().filter(|folder| folder.is_dir()).cloned().collect())
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

/// Whether a file has all of the certificates.
fn holds(bytes: &[u8], anchors: &[Anchor]) -> bool {
    let contents = Contents::parse(bytes);
    anchors.iter().all(|anchor| contents.certificates.iter().any(|(der, _)| *der == anchor.der))
}

/// What is in a file, for people.
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
            Refused::Denied { path: path.to_owned(), why: error.to_string() }
        }
        _ => Refused::Failed(Error::config(format!("cannot write {}", path.display())).because(error)),
    }
}
