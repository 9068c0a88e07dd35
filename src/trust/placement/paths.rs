//! The clients of registries, and the folders in which they look for CA certificates.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// A client of registries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientProgram {
    /// The program that uses this library.
    Own,
    /// Docker's daemon.
    Docker,
    /// Podman, skopeo, buildah and CRI-O.
    Podman,
    /// containerd, and Kubernetes on it.
    Containerd,
    /// k3s, or rke2 where only that is installed.
    K3s,
}

impl ClientProgram {
    /// All clients.
    pub const ALL: [Self; 5] = [Self::Own, Self::Docker, Self::Podman, Self::Containerd, Self::K3s];
}

/// Another client of registries, whose settings may be on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OtherClient {
    /// Docker's daemon, with the credentials of its command line.
    Docker,
    /// Podman, skopeo, buildah and CRI-O.
    Podman,
    /// containerd, and Kubernetes on it.
    Containerd,
    /// k3s.
    K3s,
    /// rke2.
    Rke2,
}

impl OtherClient {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Docker, Self::Podman, Self::Containerd, Self::K3s, Self::Rke2];

    /// The name, as typed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Containerd => "containerd",
            Self::K3s => "k3s",
            Self::Rke2 => "rke2",
        }
    }

    /// Its programs.
    fn programs(self) -> &'static [&'static str] {
        match self {
            Self::Podman => &["podman", "skopeo", "buildah"],
            Self::Docker => &["docker", "dockerd"],
            Self::Containerd => &["containerd"],
            Self::K3s => &["k3s"],
            Self::Rke2 => &["rke2"],
        }
    }

    /// The file or folder that shows that it is installed or configured here: a program in the folders of `path`, or
    /// its settings. Of another system than the running one, the usual folders of programs are searched.
    pub(crate) fn found_in(self, paths: &HostPaths, path: Option<&OsStr>) -> Option<PathBuf> {
        const USUAL: [&str; 4] = ["usr/bin", "usr/local/bin", "usr/sbin", "opt/bin"];
        let is_running = paths.root == Path::new("/");
        let folders: Vec<PathBuf> = match path.filter(|_| is_running) {
            Some(path) => std::env::split_paths(path).collect(),
            None => USUAL.iter().map(|folder| paths.root.join(folder)).collect(),
        };
        let programs = folders.iter().flat_map(|folder| self.programs().iter().map(|name| folder.join(name)));
        let (root, home) = (&paths.root, &paths.home);
        let settings = match self {
            Self::Docker => vec![root.join("etc/docker"), home.join(".docker/config.json")],
            Self::Podman => vec![root.join("etc/containers/registries.conf"), paths.config().join("containers")],
            Self::Containerd => vec![root.join("etc/containerd")],
            Self::K3s => vec![root.join("etc/rancher/k3s")],
            Self::Rke2 => vec![root.join("etc/rancher/rke2")],
        };
        programs.filter(|program| program.is_file()).chain(settings).find(|path| path.exists())
    }
}

/// The folders of the system and the user in which clients read settings.
#[derive(Debug, Clone, Default)]
pub struct HostPaths {
    /// The root of the system's files.
    pub root: PathBuf,
    /// The user's home.
    pub home: PathBuf,
    /// `XDG_CONFIG_HOME`, instead of `~/.config`.
    pub xdg_config_home: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`, in which a rootless daemon has its socket.
    pub xdg_runtime_dir: Option<PathBuf>,
    /// The `certs.d` folder of the program itself.
    pub own_certs_d: PathBuf,
    /// Whether the user is root.
    pub is_root: bool,
}

impl HostPaths {
    /// The folders of this process' environment, in which an empty variable counts as unset. `own_certs_d` is the
    /// `certs.d` folder of the program itself.
    pub fn from_env(own_certs_d: PathBuf) -> Self {
        let var = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        Self {
            root: PathBuf::from("/"),
            home: std::env::home_dir().unwrap_or_else(|| PathBuf::from("/")),
            xdg_config_home: var("XDG_CONFIG_HOME"),
            xdg_runtime_dir: var("XDG_RUNTIME_DIR"),
            own_certs_d,
            is_root: is_root(),
        }
    }

    pub(in crate::trust) fn config(&self) -> PathBuf {
        self.xdg_config_home.clone().unwrap_or_else(|| self.home.join(".config"))
    }

    /// The system's folder, unless the user runs a rootless daemon.
    pub(in crate::trust) fn docker(&self) -> PathBuf {
        let socket = self.xdg_runtime_dir.as_ref().map(|folder| folder.join("docker.sock"));
        if !self.is_root && socket.is_some_and(|socket| socket.exists()) {
            return self.config().join("docker/certs.d");
        }
        self.root.join("etc/docker/certs.d")
    }

    /// The folders in which podman searches for a host; it reads the first existing one only.
    pub(in crate::trust) fn podman(&self) -> [PathBuf; 3] {
        [
            self.home.join(".config/containers/certs.d"),
            self.root.join("etc/containers/certs.d"),
            self.root.join("etc/docker/certs.d"),
        ]
    }

    pub(super) fn rancher(&self) -> PathBuf {
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

/// The folder that podman will read, and those that it will not read any more.
pub(super) fn podman_folder(machine: &HostPaths, name: &str) -> (PathBuf, Vec<PathBuf>) {
    let folders = machine.podman().map(|folder| folder.join(name));
    let first = folders.iter().position(|folder| folder.is_dir());
    let own = if machine.is_root { 1 } else { 0 };
    let chosen = first.filter(|first| *first <= own).unwrap_or(own);
    let hidden = if folders[chosen].is_dir() { &[] } else { &folders[chosen + 1..] };
    (folders[chosen].clone(), hidden.iter().filter(|folder| folder.is_dir()).cloned().collect())
}
