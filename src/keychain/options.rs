//! Where to search for credentials: the environment, as values.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

/// Default time limit of a call of a credential helper.
const HELPER_LIMIT: Duration = Duration::from_secs(10);

/// Where [`Keychain::discover`](super::Keychain::discover) searches. The default searches nowhere.
#[derive(Debug, Clone)]
pub struct Options {
    /// The only file to read.
    pub auth_file: Option<AuthFile>,
    /// `DOCKER_AUTH_CONFIG`: a docker configuration as JSON.
    pub docker_auth_config: Option<SecretString>,
    /// `DOCKER_CONFIG`: the folder of docker's `config.json`, instead of `~/.docker`.
    pub docker_config: Option<PathBuf>,
    /// The user's home, which is displayed as `~`.
    pub home: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`, where podman stores credentials of the session.
    pub xdg_runtime_dir: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`, instead of `~/.config`.
    pub xdg_config_home: Option<PathBuf>,
    /// The numeric user ID, for `/run/containers/UID`.
    pub uid: Option<u32>,
    /// The root of the system's files, `/etc/rancher` and `/run/containers`; `None` leaves them out.
    pub root: Option<PathBuf>,
    /// `PATH`, to find credential helpers.
    pub path: Option<OsString>,
    /// Time limit of a call of a credential helper.
    pub helper_limit: Duration,
    /// Variables of this process' environment that credential helpers do not inherit: secrets that are not theirs.
    pub helper_unset: Vec<OsString>,
}

/// A file with credentials that the user named: a docker `config.json`, a podman `auth.json` or Kubernetes pull
/// secrets.
#[derive(Debug, Clone)]
pub enum AuthFile {
    /// A file, which is read when needed.
    Path(PathBuf),
    /// A text that was read already, such as standard input.
    Text {
        /// The text.
        text: SecretString,
        /// Its name in messages.
        name: String,
    },
}

impl Default for Options {
    fn default() -> Self {
        Self {
            auth_file: None,
            docker_auth_config: None,
            docker_config: None,
            home: None,
            xdg_runtime_dir: None,
            xdg_config_home: None,
            uid: None,
            root: None,
            path: None,
            helper_limit: HELPER_LIMIT,
            helper_unset: Vec::new(),
        }
    }
}

impl Options {
    /// Docker's `config.json`. `DOCKER_CONFIG` is its folder; the file itself is accepted too.
    pub fn docker_config_json(&self) -> Option<PathBuf> {
        match &self.docker_config {
            Some(file) if file.is_file() => Some(file.clone()),
            Some(folder) => Some(folder.join("config.json")),
            None => Some(self.home.as_ref()?.join(".docker/config.json")),
        }
    }

    /// The options of this process' environment. An empty variable counts as unset.
    pub fn from_env() -> Self {
        Self {
            home: std::env::home_dir(),
            uid: uid(),
            root: Some(PathBuf::from("/")),
            ..Self::from_vars(|name| std::env::var_os(name))
        }
    }

    fn from_vars(var: impl Fn(&str) -> Option<OsString>) -> Self {
        let var = |name: &str| var(name).filter(|value| !value.is_empty());
        let path = |name: &str| var(name).map(PathBuf::from);
        Self {
            auth_file: path("REGISTRY_AUTH_FILE").map(AuthFile::Path),
            docker_auth_config: var("DOCKER_AUTH_CONFIG").map(|text| text.to_string_lossy().into_owned().into()),
            docker_config: path("DOCKER_CONFIG"),
            xdg_runtime_dir: path("XDG_RUNTIME_DIR"),
            xdg_config_home: path("XDG_CONFIG_HOME"),
            path: var("PATH"),
            ..Self::default()
        }
    }
}

/// The numeric user ID; only where `/proc` exists, as `/run/containers` does.
#[cfg(unix)]
fn uid() -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;

    std::fs::metadata("/proc/self").ok().map(|metadata| metadata.uid())
}

#[cfg(not(unix))]
fn uid() -> Option<u32> {
    None
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn each_variable_has_its_place_and_an_empty_one_none() {
        let all = Options::from_vars(|name| Some(format!("/{name}").into()));
        assert!(matches!(&all.auth_file, Some(AuthFile::Path(path)) if path.ends_with("REGISTRY_AUTH_FILE")));
        assert_eq!(all.docker_auth_config.as_ref().map(|text| text.expose_secret()), Some("/DOCKER_AUTH_CONFIG"));
        assert_eq!(all.docker_config, Some("/DOCKER_CONFIG".into()));
        assert_eq!(all.xdg_runtime_dir, Some("/XDG_RUNTIME_DIR".into()));
        assert_eq!(all.xdg_config_home, Some("/XDG_CONFIG_HOME".into()));
        assert_eq!(all.path, Some("/PATH".into()));
        let none = Options::from_vars(|_| Some(OsString::new()));
        assert!(none.auth_file.is_none() && none.docker_auth_config.is_none() && none.docker_config.is_none());
        assert!(none.xdg_runtime_dir.is_none() && none.xdg_config_home.is_none() && none.path.is_none());
    }

    #[test]
    fn debug_shows_no_secret() {
        let options = Options::from_vars(|_| Some("s3cret{".into()));
        let text = AuthFile::Text { text: "s3cret{".into(), name: "standard input".to_owned() };
        let shown = format!("{:?} {text:?}", options.docker_auth_config);
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}
