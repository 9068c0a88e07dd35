//! From settings to clients: the only place where the program's choices become the library's parts.

use std::collections::HashMap;
use std::io::{IsTerminal, Read, stderr, stdin};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use registry_ls::http::{Options, Stats};
use registry_ls::keychain::{self, AuthFile, Keychain};
use registry_ls::name::Registry;
use registry_ls::registry::Client;
use registry_ls::trust::{self, ClientIdentityFiles, Trust};
use secrecy::SecretString;

use crate::config::{Account, Connection, Password, Settings};
use crate::usage::{self, Usage};

/// Longest password that is read from standard input, in bytes.
const LONGEST_PASSWORD: u64 = 64 * 1024;

/// Makes one client for each registry that a command is about.
#[derive(Debug)]
pub struct Connector {
    deadline: Option<Instant>,
    stats: Arc<Stats>,
    clients: Mutex<HashMap<Registry, Arc<Client>>>,
    /// The password or file that was read from standard input or the terminal: it can be read once.
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
    /// A fault in the options or the files that they name.
    pub fn client(&self, settings: &Settings, registry: &Registry) -> usage::Result<Arc<Client>> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(registry) {
            return Ok(Arc::clone(client));
        }
        let client = Arc::new(self.connect(settings.connection(registry)?)?);
        clients.insert(registry.clone(), Arc::clone(&client));
        Ok(client)
    }

    fn connect(&self, connection: Connection) -> usage::Result<Client> {
        if connection.insecure {
            tracing::warn!("{}", not_verified(&connection.registry));
        }
        let Parts { registry, keychain, trust, options, stats } = self.parts(connection)?;
        Ok(Client::builder(registry).keychain(keychain).options(options).stats(stats).trust(trust?).build()?)
    }

    /// What a client of a registry is made of, for those who want to see where it fails.
    ///
    /// # Errors
    ///
    /// A fault in the options.
    pub fn parts(&self, connection: Connection) -> usage::Result<Parts> {
        let client_identity = connection.client_identity.map(|(cert, key)| ClientIdentityFiles { cert, key });
        let trust = trust::Options {
            ca_files: connection.ca_files,
            client_identity,
            insecure: connection.insecure,
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
        Ok(Parts {
            keychain: self.keychain(connection.account)?,
            registry: connection.registry,
            trust: Trust::load(trust),
            options,
            stats: Arc::clone(&self.stats),
        })
    }

    fn keychain(&self, account: Account) -> usage::Result<Keychain> {
        Ok(match account {
            Account::Anonymous => Keychain::anonymous(),
            Account::Found => Keychain::discover(keychain::Options::from_env()),
            Account::AuthFile(path) => {
                let auth_file = if path.as_os_str() == "-" {
                    AuthFile::Text { text: self.once(read_stdin)?, name: "standard input".to_owned() }
                } else {
                    AuthFile::Path(path)
                };
                Keychain::discover(keychain::Options { auth_file: Some(auth_file), ..keychain::Options::from_env() })
            }
            Account::User { username, password } => {
                let (password, source) = match password {
                    Password::Given(password) => (password, "RLS_PASSWORD"),
                    Password::Stdin => (self.once(|| read_stdin().map(without_line_end))?, "--password-stdin"),
                    Password::Prompt => (self.once(|| prompt(&username))?, "-u and the password typed"),
                };
                Keychain::explicit(username, password, source)
            }
        })
    }

    fn once(&self, read: impl FnOnce() -> usage::Result<SecretString>) -> usage::Result<SecretString> {
        let mut known = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let secret = match known.take() {
            Some(secret) => secret,
            None => read()?,
        };
        Ok(known.insert(secret).clone())
    }
}

fn read_stdin() -> usage::Result<SecretString> {
    let mut text = String::new();
    let read = stdin().lock().take(LONGEST_PASSWORD + 1).read_to_string(&mut text);
    read.map_err(|error| Usage::new("cannot read standard input").because(error))?;
    let text = SecretString::from(text);
    match secrecy::ExposeSecret::expose_secret(&text).len() as u64 {
        0 => Err(Usage::new("standard input is empty").because("a password or credentials were expected there")),
        length if length > LONGEST_PASSWORD => Err(Usage::new("what is on standard input is longer than 64 KiB")),
        _ => Ok(text),
    }
}

/// `echo` ends its text with a line end, which is no part of a password.
fn without_line_end(text: SecretString) -> SecretString {
    let text = secrecy::ExposeSecret::expose_secret(&text);
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text).into()
}

/// Asks where a person can see and answer: the terminal, whatever standard output and input are.
fn prompt(username: &str) -> usage::Result<SecretString> {
    if !stderr().is_terminal() {
        return Err(Usage::new(format!("there is no password for {username}, and no terminal to ask on"))
            .hint("--password-stdin reads it from standard input, RLS_PASSWORD holds it"));
    }
    let prompt = format!("Password for {}: ", crate::output::escape(username));
    match rpassword::prompt_password(prompt) {
        Ok(password) => Ok(password.into()),
        Err(error) => Err(Usage::new("cannot ask for the password").because(error)),
    }
}
