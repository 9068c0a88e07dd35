//! From settings to clients: the only place where the program's choices become the library's parts.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use registry_ls::http::{Options, Stats};
use registry_ls::keychain::{self, AuthFile, CredentialMatch, Keychain};
use registry_ls::name::Registry;
use registry_ls::registry::Client;
use registry_ls::trust::{self, ClientIdentityFiles, Trust};
use secrecy::{ExposeSecret, SecretString};

use crate::config::{Account, Connection, Password, Settings, without_line_end};
use crate::input;
use crate::prompt;
use crate::report::CommandError;
use crate::usage::{self, Usage};

/// How long a helper may take to store or forget credentials: it may have to ask a person to unlock something.
const PATIENCE_WITH_HELPERS: Duration = Duration::from_secs(60);

/// Makes one client for each registry that a command is about.
#[derive(Debug)]
pub struct Connector {
    deadline: Option<Instant>,
    stats: Arc<Stats>,
    clients: Mutex<HashMap<Registry, Arc<Client>>>,
    /// What was read of the files that are named, which are read once: they may be pipes. By the files.
    trusts: Mutex<HashMap<TrustFiles, registry_ls::Result<Trust>>>,
    /// By the file that was named, if one was.
    keychains: Mutex<HashMap<Option<PathBuf>, Keychain>>,
    /// The password or file that was on standard input.
    read: Mutex<Option<SecretString>>,
    /// Whether it was said that a user name or password is not used.
    has_told: AtomicBool,
}

/// CA files, client certificate and key, and whether certificates are verified.
type TrustFiles = (Vec<PathBuf>, Option<(PathBuf, PathBuf)>, bool);

/// What a client is made of.
#[derive(Debug)]
pub struct Parts {
    /// The registry, spoken to in plain HTTP if that was asked for.
    pub registry: Registry,
    /// Where credentials are found.
    pub keychain: Keychain,
    /// Who is trusted, or which of the files that were named cannot be used.
    pub trust: registry_ls::Result<Trust>,
    /// Limits and addresses.
    pub options: Options,
    /// What counts.
    pub stats: Arc<Stats>,
}

/// Where the credentials of a registry are found and kept: in the usual places, or in a file alone.
pub fn places(settings: &Settings, auth_file: Option<PathBuf>) -> keychain::Options {
    keychain::Options {
        auth_file: auth_file.map(AuthFile::Path),
        helper_limit: PATIENCE_WITH_HELPERS,
        root: Some(settings.root()),
        ..keychain::Options::from_env()
    }
}

/// The warning that `--insecure` gives on every run.
pub fn not_verified(registry: &Registry) -> String {
    format!("the certificate of {registry} is not verified (--insecure)")
}

impl Connector {
    /// A connector whose clients count in `stats` and are done by `deadline`.
    pub fn new(deadline: Option<Instant>, stats: Arc<Stats>) -> Self {
        let (clients, read, has_told) = (Mutex::default(), Mutex::default(), AtomicBool::default());
        Self { deadline, stats, clients, trusts: Mutex::default(), keychains: Mutex::default(), read, has_told }
    }

    /// The client of a registry.
    ///
    /// # Errors
    ///
    /// A fault in the options or the files that they name, or Ctrl-C where a password is asked for.
    pub async fn client(&self, settings: &Settings, registry: &Registry) -> Result<Arc<Client>, CommandError> {
        if let Some(client) = lock(&self.clients).get(registry) {
            return Ok(Arc::clone(client));
        }
        if let Some(source) = settings.unused_login().filter(|_| !self.has_told.swap(true, Ordering::Relaxed)) {
            tracing::warn!("{source} is ignored: no registry is named that it could be for; use -r or RLS_REGISTRY");
        }
        let client = Arc::new(self.connect(settings.connection(registry)?).await?);
        lock(&self.clients).insert(registry.clone(), Arc::clone(&client));
        Ok(client)
    }

    async fn connect(&self, connection: Connection) -> Result<Client, CommandError> {
        if connection.insecure {
            tracing::warn!("{}", not_verified(&connection.registry));
        }
        let Parts { registry, keychain, trust, options, stats } = self.parts(connection).await?;
        let client = Client::builder(registry).credentials(keychain).options(options).stats(stats);
        Ok(client.trust(trust.map_err(Usage::from)?).build().map_err(Usage::from)?)
    }

    /// The client and the credentials of somebody who wants to log in.
    ///
    /// # Errors
    ///
    /// A fault in the options or the files that they name, no password, or Ctrl-C where one is asked for.
    pub async fn applicant(
        &self,
        settings: &Settings,
        registry: &Registry,
        username: String,
        password: Password,
    ) -> Result<(Client, CredentialMatch), CommandError> {
        let account = Account::User { username, password };
        let keychain = self.keychain(account, registry, keychain::Options::default()).await?;
        let found = keychain.credentials(registry, None).await.map_err(Usage::from)?;
        let found = found.into_iter().next().ok_or_else(|| Usage::new("there are no credentials"))?;
        let connection = Connection { account: Account::Anonymous, ..settings.connection(registry)? };
        Ok((self.connect(connection).await?, found))
    }

    /// What a client of a registry is made of, for those who want to see where it fails.
    ///
    /// # Errors
    ///
    /// A fault in the options, or Ctrl-C where a password is asked for.
    pub async fn parts(&self, connection: Connection) -> Result<Parts, CommandError> {
        let root = Some(connection.root);
        let files = (connection.ca_files, connection.client_identity, connection.insecure);
        let options = Options {
            connect_timeout: connection.connect_timeout,
            jobs: connection.jobs,
            retries: connection.retries,
            deadline: self.deadline,
            resolve: connection.resolve,
            user_agent: concat!("rls/", env!("CARGO_PKG_VERSION")).to_owned(),
            ..Options::default()
        };
        let places = keychain::Options { root: root.clone(), ..keychain::Options::from_env() };
        Ok(Parts {
            keychain: self.keychain(connection.account, &connection.registry, places).await?,
            registry: connection.registry,
            trust: self.trust(files, root).await?,
            options,
            stats: Arc::clone(&self.stats),
        })
    }

    /// Who is trusted, as these files have it.
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
        let trust = input::apart(move || Trust::load(options)).await.map_err(input::unread)?;
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
                let text = self.stdin("credentials", input::CREDENTIALS).await?;
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
                    Password::Stdin => (typed(&self.stdin("the password", input::PASSWORD).await?), "--password-stdin"),
                    Password::Prompt => (prompt::password(&username, &registry.authority()).await?, "the prompt"),
                };
                Keychain::explicit(username, password, source)
            }
        })
    }

    /// A keychain that looks in these places; one serves all registries.
    fn discovered(&self, named: Option<PathBuf>, places: keychain::Options) -> Keychain {
        lock(&self.keychains).entry(named).or_insert_with(|| Keychain::discover(places)).clone()
    }

    /// What is on standard input, which can be read once.
    async fn stdin(&self, what: &str, largest: u64) -> usage::Result<SecretString> {
        if let Some(known) = &*lock(&self.read) {
            return Ok(known.clone());
        }
        let refuse = |why: &str| Err(Usage::new(format!("cannot read {what} on standard input")).because(why));
        match String::from_utf8(input::read_stdin(what, largest).await?).map(SecretString::from) {
            Err(_) => refuse("it is not UTF-8"),
            Ok(text) if text.expose_secret().is_empty() => refuse("it is empty"),
            Ok(text) => Ok(lock(&self.read).insert(text).clone()),
        }
    }
}

/// Nothing that can panic runs under these locks.
/// This program's own `certs.d` folder; `None` without a home.
pub fn own_certs_d() -> Option<PathBuf> {
    certs_d_in(std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from), std::env::home_dir())
}

/// An empty `XDG_CONFIG_HOME` counts as unset.
fn certs_d_in(xdg_config_home: Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    let config = xdg_config_home.filter(|folder| !folder.as_os_str().is_empty());
    config.or_else(|| Some(home?.join(".config"))).map(|config| config.join("rls/certs.d"))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A password as it was meant: `echo` adds a line end, and PowerShell a byte order mark. Blanks belong to it.
fn typed(text: &SecretString) -> SecretString {
    let text = text.expose_secret();
    without_line_end(text.strip_prefix('\u{feff}').unwrap_or(text)).into()
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
}
