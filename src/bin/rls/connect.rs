//! Creates the library's clients from the settings.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use registry_ls::cache::{Cache, DEFAULT_LIMIT};
use registry_ls::http::{Options, Stats};
use registry_ls::keychain::{self, AuthFile, CredentialMatch, Keychain};
use registry_ls::name::Registry;
use registry_ls::registry::Client;
use registry_ls::trust::{self, ClientIdentityFiles, Trust};
use secrecy::{ExposeSecret, SecretString};

use crate::config::{Account, Connection, Password, Settings};
use crate::input::{self, without_line_end};
use crate::prompt;
use crate::report::CommandError;
use crate::usage::{self, Usage};

/// How long a credential helper may take to store or erase credentials: it may ask the user to unlock a keyring.
const HELPER_TIMEOUT: Duration = Duration::from_secs(60);

/// Creates one client for each registry of a command.
#[derive(Debug)]
pub struct Connector {
    deadline: Option<Instant>,
    stats: Arc<Stats>,
    clients: Mutex<HashMap<Registry, Client>>,
    /// What was read, by the files; each is read once, because it may be a pipe.
    trusts: Mutex<HashMap<TrustFiles, registry_ls::Result<Trust>>>,
    /// By the named file, if any.
    keychains: Mutex<HashMap<Option<PathBuf>, Keychain>>,
    /// The password or file from standard input.
    stdin: Mutex<Option<SecretString>>,
    /// Whether the warning about unused credentials was printed.
    has_warned: AtomicBool,
}

/// CA files, client certificate and key, and whether certificates are verified.
type TrustFiles = (Vec<PathBuf>, Option<(PathBuf, PathBuf)>, bool);

/// Variables with passwords, which are for one registry and not for credential helpers.
const PASSWORDS: [&str; 2] = ["RLS_PASSWORD", "DOCKER_LS_PASSWORD"];

/// The parts of a client.
#[derive(Debug)]
pub struct Parts {
    /// The registry, with its scheme.
    pub registry: Registry,
    /// The sources of credentials.
    pub keychain: Keychain,
    /// The trusted CAs, or which named file cannot be used.
    pub trust: registry_ls::Result<Trust>,
    /// Limits and addresses.
    pub options: Options,
    /// Counters.
    pub stats: Arc<Stats>,
}

/// The sources of credentials, and where they are stored: the default places, or only a file.
pub fn keychain_options(settings: &Settings, auth_file: Option<PathBuf>) -> keychain::Options {
    keychain::Options {
        auth_file: auth_file.map(AuthFile::Path),
        helper_limit: HELPER_TIMEOUT,
        helper_unset: PASSWORDS.map(Into::into).into(),
        root: Some(settings.root()),
        ..keychain::Options::from_env()
    }
}

/// The warning of `--insecure`.
pub fn not_verified(registry: &Registry) -> String {
    format!("the certificate of {registry} is not verified (--insecure)")
}

impl Connector {
    /// A connector whose clients share `stats` and `deadline`.
    pub fn new(deadline: Option<Instant>, stats: Arc<Stats>) -> Self {
        let (clients, stdin, has_warned) = (Mutex::default(), Mutex::default(), AtomicBool::default());
        Self { deadline, stats, clients, trusts: Mutex::default(), keychains: Mutex::default(), stdin, has_warned }
    }

    /// The counters of all clients.
    pub fn stats(&self) -> Arc<Stats> {
        Arc::clone(&self.stats)
    }

    /// The client of a registry.
    ///
    /// # Errors
    /// Invalid options or files, or Ctrl-C at the password prompt.
    pub async fn client(&self, settings: &Settings, registry: &Registry) -> Result<Client, CommandError> {
        if let Some(client) = lock(&self.clients).get(registry) {
            return Ok(client.clone());
        }
        if let Some(source) = settings.unused_login().filter(|_| !self.has_warned.swap(true, Ordering::Relaxed)) {
            tracing::warn!("{source} is ignored: no registry is named that it belongs to; use -r or RLS_REGISTRY");
        }
        let client = self.connect(settings.connection(registry)?).await?;
        lock(&self.clients).insert(registry.clone(), client.clone());
        Ok(client)
    }

    async fn connect(&self, connection: Connection) -> Result<Client, CommandError> {
        if connection.insecure {
            tracing::warn!("{}", not_verified(&connection.registry));
        }
        let cache = cache_folder().filter(|_| connection.cache);
        let Parts { registry, keychain, trust, options, stats } = self.parts(connection).await?;
        let mut client = Client::builder(registry).credentials(keychain).options(options).stats(stats);
        if let Some(folder) = cache {
            client = client.cache(Cache::new(folder, DEFAULT_LIMIT));
        }
        Ok(client.trust(trust.map_err(Usage::from)?).build().map_err(Usage::from)?)
    }

    /// A client that sends no credentials of its own, to log in with.
    ///
    /// # Errors
    /// Invalid options or files.
    pub async fn login_client(&self, settings: &Settings, registry: &Registry) -> Result<Client, CommandError> {
        self.connect(Connection { account: Account::Anonymous, ..settings.connection(registry)? }).await
    }

    /// The credentials to log in with.
    ///
    /// # Errors
    /// No password, or Ctrl-C at its prompt.
    pub async fn login_credentials(
        &self,
        registry: &Registry,
        username: String,
        password: Password,
    ) -> Result<CredentialMatch, CommandError> {
        let account = Account::User { username, password };
        let keychain = self.keychain(account, registry, keychain::Options::default()).await?;
        let found = keychain.credentials(registry, None).await.map_err(Usage::from)?;
        Ok(found.into_iter().next().ok_or_else(|| Usage::new("no credentials"))?)
    }

    /// The parts of a client, for callers that inspect where it fails.
    ///
    /// # Errors
    /// Invalid options, or Ctrl-C at the password prompt.
    pub async fn parts(&self, connection: Connection) -> Result<Parts, CommandError> {
        let root = Some(connection.root);
        let files = (connection.ca_files, connection.client_identity, connection.insecure);
        let options = Options {
            connect_timeout: connection.connect_timeout,
            read_timeout: connection.read_timeout,
            jobs: connection.jobs,
            retries: connection.retries,
            deadline: self.deadline,
            resolve: connection.resolve,
            user_agent: concat!("rls/", env!("CARGO_PKG_VERSION")).to_owned(),
            client_id: "rls".to_owned(),
            ..Options::default()
        };
        let places = keychain::Options {
            root: root.clone(),
            helper_unset: PASSWORDS.map(Into::into).into(),
            ..keychain::Options::from_env()
        };
        Ok(Parts {
            keychain: self.keychain(connection.account, &connection.registry, places).await?,
            registry: connection.registry,
            trust: self.trust(files, root).await?,
            options,
            stats: Arc::clone(&self.stats),
        })
    }

    /// The trusted CAs, with these files.
    async fn trust(&self, files: TrustFiles, root: Option<PathBuf>) -> usage::Result<registry_ls::Result<Trust>> {
        if let Some(known) = lock(&self.trusts).get(&files) {
            return Ok(known.clone());
        }
        let (ca_files, identity, insecure) = files.clone();
        let client_identity = identity.map(|(cert, key)| ClientIdentityFiles { cert, key });
        let options = trust::Options {
            ca_files,
            client_identity,
            insecure,
            own_certs_d: own_certs_d(),
            root,
            ..trust::Options::from_env()
        };
        let trust = input::blocking(move || Trust::load(options)).await.map_err(input::cannot_read)?;
        Ok(lock(&self.trusts).entry(files).or_insert(trust).clone())
    }

    async fn keychain(
        &self,
        account: Account,
        registry: &Registry,
        places: keychain::Options,
    ) -> Result<Keychain, CommandError> {
        Ok(match account {
            Account::Anonymous => Keychain::anonymous(),
            Account::Found => self.discovered(None, places),
            Account::AuthFile(path) if path.as_os_str() == "-" => {
                let text = self.stdin("credentials", input::MAX_CREDENTIALS).await?;
                let auth_file = Some(AuthFile::Text { text, name: "standard input".to_owned() });
                Keychain::discover(keychain::Options { auth_file, ..places })
            }
            Account::AuthFile(path) => {
                let auth_file = Some(AuthFile::Path(path.clone()));
                self.discovered(Some(path), keychain::Options { auth_file, ..places })
            }
            Account::User { username, password } => {
                let (password, source) = match password {
                    Password::Given(password) => (password, "RLS_PASSWORD"),
                    Password::Stdin => {
                        (typed(&self.stdin("the password", input::MAX_PASSWORD).await?), "--password-stdin")
                    }
                    Password::Prompt => (prompt::password(&username, &registry.authority()).await?, "the prompt"),
                };
                Keychain::explicit(username, password, source)
            }
        })
    }

    /// A keychain over these places, shared by all registries.
    fn discovered(&self, named: Option<PathBuf>, places: keychain::Options) -> Keychain {
        lock(&self.keychains).entry(named).or_insert_with(|| Keychain::discover(places)).clone()
    }

    /// Reads standard input, once.
    async fn stdin(&self, what: &str, max_bytes: u64) -> usage::Result<SecretString> {
        if let Some(known) = &*lock(&self.stdin) {
            return Ok(known.clone());
        }
        let refuse = |why: &str| Err(Usage::new(format!("cannot read {what} on standard input")).because(why));
        match String::from_utf8(input::read_stdin(what, max_bytes).await?).map(SecretString::from) {
            Err(_) => refuse("it is not UTF-8"),
            Ok(text) if text.expose_secret().is_empty() => refuse("it is empty"),
            Ok(text) => Ok(lock(&self.stdin).insert(text).clone()),
        }
    }
}

/// The program's own `certs.d` folder; `None` without a home.
pub fn own_certs_d() -> Option<PathBuf> {
    certs_d_in(std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from), std::env::home_dir())
}

/// An empty `XDG_CONFIG_HOME` counts as unset.
fn certs_d_in(xdg_config_home: Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    let config = xdg_config_home.filter(|folder| !folder.as_os_str().is_empty());
    config.or_else(|| Some(home?.join(".config"))).map(|config| config.join("rls/certs.d"))
}

/// The folder of the cache; `None` without a home.
pub fn cache_folder() -> Option<PathBuf> {
    cache_in(std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from), std::env::home_dir())
}

/// A relative `XDG_CACHE_HOME` is ignored (XDG base directory specification).
fn cache_in(xdg_cache_home: Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    let cache = xdg_cache_home.filter(|folder| folder.is_absolute());
    cache.or_else(|| Some(home.filter(|home| home.is_absolute())?.join(".cache"))).map(|cache| cache.join("rls"))
}

/// Locks; nothing that can panic runs under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Strips the line end that `echo` adds. Spaces are part of a password.
fn typed(text: &SecretString) -> SecretString {
    without_line_end(text.expose_secret()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_certs_d_is_below_the_users_configuration() {
        let of = |xdg: Option<&str>, home: Option<&str>| certs_d_in(xdg.map(Into::into), home.map(Into::into));
        assert_eq!(of(Some("/x"), Some("/home/ann")), Some("/x/rls/certs.d".into()));
        assert_eq!(of(Some(""), Some("/home/ann")), Some("/home/ann/.config/rls/certs.d".into()));
        assert_eq!(of(None, Some("/home/ann")), Some("/home/ann/.config/rls/certs.d".into()));
        assert_eq!(of(None, None), None);
    }

    #[test]
    fn the_cache_is_below_the_users_cache() {
        let of = |xdg: Option<&str>, home: Option<&str>| cache_in(xdg.map(Into::into), home.map(Into::into));
        assert_eq!(of(Some("/x"), Some("/home/ann")), Some("/x/rls".into()));
        for ignored in ["", "relative"] {
            assert_eq!(of(Some(ignored), Some("/home/ann")), Some("/home/ann/.cache/rls".into()));
        }
        assert_eq!(of(None, None), None);
    }
}
