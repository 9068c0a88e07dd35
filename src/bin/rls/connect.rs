//! From settings to clients: the only place where the program's choices become the library's parts.

use std::collections::HashMap;
use std::io::Read;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use registry_ls::http::{Options, Stats};
use registry_ls::keychain::{self, AuthFile, Found, Keychain};
use registry_ls::name::Registry;
use registry_ls::registry::Client;
use registry_ls::trust::{self, ClientIdentityFiles, Trust};
use secrecy::{ExposeSecret, SecretString};

use crate::ask;
use crate::config::{Account, Connection, Password, Settings};
use crate::report::Stop;
use crate::stdin::from_stdin;
use crate::usage::{self, Usage};

/// Longest password that is read from standard input, in bytes.
const LONGEST_PASSWORD: u64 = 64 * 1024;
/// How long a helper may take to store or forget credentials: it may have to ask a person to unlock something.
const PATIENCE_WITH_HELPERS: Duration = Duration::from_secs(60);

/// Makes one client for each registry that a command is about.
#[derive(Debug)]
pub struct Connector {
    deadline: Option<Instant>,
    stats: Arc<Stats>,
    clients: Mutex<HashMap<Registry, Arc<Client>>>,
    /// The password or file that was on standard input.
    read: Mutex<Option<SecretString>>,
}

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
        Self { deadline, stats, clients: Mutex::default(), read: Mutex::default() }
    }

    /// The client of a registry.
    ///
    /// # Errors
    ///
    /// A fault in the options or the files that they name, or Ctrl-C where a password is asked for.
    pub async fn client(&self, settings: &Settings, registry: &Registry) -> Result<Arc<Client>, Stop> {
        if let Some(client) = self.clients().get(registry) {
            return Ok(Arc::clone(client));
        }
        let client = Arc::new(self.connect(settings.connection(registry)?).await?);
        self.clients().insert(registry.clone(), Arc::clone(&client));
        Ok(client)
    }

    fn clients(&self) -> MutexGuard<'_, HashMap<Registry, Arc<Client>>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn connect(&self, connection: Connection) -> Result<Client, Stop> {
        if connection.insecure {
            tracing::warn!("{}", not_verified(&connection.registry));
        }
        let Parts { registry, keychain, trust, options, stats } = self.parts(connection).await?;
        let client = Client::builder(registry).keychain(keychain).options(options).stats(stats);
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
    ) -> Result<(Client, Found), Stop> {
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
    pub async fn parts(&self, connection: Connection) -> Result<Parts, Stop> {
        let root = Some(connection.root);
        let client_identity = connection.client_identity.map(|(cert, key)| ClientIdentityFiles { cert, key });
        let trust = trust::Options {
            ca_files: connection.ca_files,
            client_identity,
            insecure: connection.insecure,
            root: root.clone(),
            ..trust::Options::from_env()
        };
        let options = Options {
            connect_timeout: connection.connect_timeout,
            jobs: connection.jobs,
            retries: connection.retries,
            deadline: self.deadline,
            resolve: connection.resolve,
            ..Options::default()
        };
        let places = keychain::Options { root, ..keychain::Options::from_env() };
        Ok(Parts {
            keychain: self.keychain(connection.account, &connection.registry, places).await?,
            registry: connection.registry,
            trust: Trust::load(trust),
            options,
            stats: Arc::clone(&self.stats),
        })
    }

    async fn keychain(
        &self,
        account: Account,
        registry: &Registry,
        places: keychain::Options,
    ) -> Result<Keychain, Stop> {
        Ok(match account {
            Account::Anonymous => Keychain::anonymous(),
            Account::Found => Keychain::discover(places),
            Account::AuthFile(path) => {
                let auth_file = if path.as_os_str() == "-" {
                    AuthFile::Text { text: self.stdin().await?, name: "standard input".to_owned() }
                } else {
                    AuthFile::Path(path)
                };
                Keychain::discover(keychain::Options { auth_file: Some(auth_file), ..places })
            }
            Account::User { username, password } => {
                let (password, source) = match password {
                    Password::Given(password) => (password, "RLS_PASSWORD"),
                    Password::Stdin => (without_line_end(self.stdin().await?), "--password-stdin"),
                    Password::Prompt => (ask::password(&username, &registry.authority()).await?, "the prompt"),
                };
                Keychain::explicit(username, password, source)
            }
        })
    }

    /// What is on standard input, which can be read once.
    async fn stdin(&self) -> usage::Result<SecretString> {
        if let Some(known) = &*self.read() {
            return Ok(known.clone());
        }
        let text = from_stdin(|input| {
            let mut text = String::new();
            input.take(LONGEST_PASSWORD + 1).read_to_string(&mut text)?;
            Ok(SecretString::from(text))
        });
        let text = text.await?;
        match text.expose_secret().len() as u64 {
            0 => Err(Usage::new("standard input is empty").because("a password or credentials were expected there")),
            length if length > LONGEST_PASSWORD => Err(Usage::new("what is on standard input is longer than 64 KiB")),
            _ => Ok(self.read().insert(text).clone()),
        }
    }

    fn read(&self) -> MutexGuard<'_, Option<SecretString>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `echo` ends its text with a line end, which is no part of a password.
fn without_line_end(text: SecretString) -> SecretString {
    let text = text.expose_secret();
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text).into()
}
