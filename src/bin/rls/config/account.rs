//! Which credentials go to which registry. The user name and password of a run belong to one registry only.
//!
//! That registry is `--registry`, else that of `RLS_REGISTRY` or the configuration file, else the only one named on the
//! command line: never one named by standard input, a plan or a server, and never Docker Hub by default. Other
//! registries get the credentials that are found for them.

use std::path::PathBuf;

use registry_ls::name::{Located, Reference, Registry};

use super::names::is_same;
use super::partial::PartialLogin;
use super::{Account, Password, Settings};
use crate::args::{Cli, Names};
use crate::command_line::rls;
use crate::usage::{Result, Usage};

/// How to log in.
#[derive(Debug)]
pub struct LoginSettings {
    /// The user name; `None` to ask for it.
    pub username: Option<String>,
    /// Where the password is.
    pub password: Password,
    /// The file to store credentials in, instead of docker's.
    pub auth_file: Option<PathBuf>,
}

/// A source of a user name or password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// `-u` or `--password-stdin`
    Option(&'static str),
    /// `RLS_USERNAME`, `RLS_PASSWORD`, or the configuration's `username`
    Default(&'static str),
}

impl Source {
    fn name(self) -> &'static str {
        match self {
            Self::Option(name) | Self::Default(name) => name,
        }
    }
}

impl Settings {
    /// The registry that user name and password are sent to.
    ///
    /// # Errors
    /// Several could be meant, or `-u` is for none.
    pub(super) fn find_login_registry(&self, cli: &Cli) -> Result<Option<Registry>> {
        let names = cli.command.names();
        let named = self.named_by(names);
        let default = self.requested.as_ref().or(self.default.as_ref());
        let Some(source) = self.source(matches!(names, Names::Login(_))) else { return Ok(default.cloned()) };
        match (names, source, &named[..]) {
            (Names::None, ..) => return Ok(default.cloned()),
            // `rls login REGISTRY` names the registry of its credentials.
            (Names::Login(Some(_)), Source::Option(_), [login]) => return Ok(Some(login.clone())),
            _ => {}
        }
        match (default, source, &named[..]) {
            (Some(default), Source::Option(name), [other, ..])
                if !named.iter().any(|named| is_same(named, default)) =>
            {
                Err(Usage::new(format!("cannot tell which registry {name} is for"))
                    .because(format!("the default registry is {default}, but {other} is named"))
                    .hint(format!("use -r {other}")))
            }
            (Some(default), ..) => Ok(Some(default.clone())),
            (None, _, [only]) => Ok(Some(only.clone())),
            (None, _, [one, other, ..]) => {
                Err(Usage::new(format!("cannot tell which registry {} is for", source.name()))
                    .because(format!("{one} and {other} are named, and a password is sent to one registry only"))
                    .hint(format!("use -r or RLS_REGISTRY to choose one, or run '{}' for each", rls("login REGISTRY"))))
            }
            (None, Source::Option(name), []) => Err(Usage::new(format!("cannot tell which registry {name} is for"))
                .because("no registry is named on the command line")
                .hint(format!("use -r REGISTRY; for Docker Hub: -r {}", Registry::docker_hub()))),
            (None, Source::Default(_), []) => Ok(None),
        }
    }

    /// The source of a user name or password that is not sent to any registry, because none is named.
    pub fn unused_login(&self) -> Option<&'static str> {
        self.source(false).filter(|_| self.login_registry.is_none()).map(Source::name)
    }

    /// The source of user name and password; `None` if none is set or used. A credentials file replaces both, except
    /// for a login, which stores them there.
    fn source(&self, logs_in: bool) -> Option<Source> {
        let [options, environment, file] =
            [&self.options, &self.environment.settings, &self.file.settings].map(|source| &source.connection.login);
        if options.anonymous {
            None
        } else if options.username.is_some() {
            Some(Source::Option("-u"))
        } else if self.password_stdin {
            Some(Source::Option("--password-stdin"))
        } else if options.auth_file.is_some() && !logs_in {
            None
        } else if environment.username.is_some() {
            Some(Source::Default("RLS_USERNAME"))
        } else if self.environment.password.is_some() {
            Some(Source::Default("RLS_PASSWORD"))
        } else {
            let is_used = file.username.is_some() && (environment.auth_file.is_none() || logs_in);
            is_used.then_some(Source::Default("username in the configuration file"))
        }
    }

    /// The registries named on the command line. Invalid names are left to parsing.
    fn named_by(&self, names: Names<'_>) -> Vec<Registry> {
        let is_line = |text: &&String| *text != "-";
        let in_name = |text: &String| match Located::<Reference>::read(text).ok()?.registry {
            Some(_) => Some(self.reference(text).ok()?.0),
            // It is in the default registry, if there is one.
            None => self.default.clone(),
        };
        let named: Vec<Registry> = match names {
            Names::None | Names::Login(None) => Vec::new(),
            // With --registry they are paths.
            Names::References(_) if self.requested.is_some() => Vec::new(),
            Names::References(texts) => texts.iter().filter(is_line).filter_map(in_name).collect(),
            Names::Pair(_) if self.requested.is_some() => Vec::new(),
            Names::Pair(texts) => texts.iter().filter_map(|text| in_name(&(*text).to_owned())).collect(),
            Names::Places(texts) => {
                texts.iter().filter_map(|text| Some(self.catalog(Some(text)).ok()?.registry)).collect()
            }
            Names::Login(Some(text)) => self.named_registry(Some(text)).into_iter().collect(),
        };
        named.into_iter().fold(Vec::new(), |mut all, next| {
            if !all.iter().any(|known| is_same(known, &next)) {
                all.push(next);
            }
            all
        })
    }

    /// Whether user name and password of the run are sent to this registry.
    fn is_login_registry(&self, registry: &Registry) -> bool {
        self.login_registry.as_ref().is_some_and(|login| is_same(login, registry))
    }

    /// The logins of the sources for a registry. A user name outside of its table is dropped unless it is for it.
    fn logins(&self, registry: &Registry) -> impl Iterator<Item = PartialLogin> {
        let (table, is_login_registry) = (self.file.table_of(registry), self.is_login_registry(registry));
        self.sources(registry).map(move |source| {
            let is_table = table.is_some_and(|table| std::ptr::eq(table, source));
            let username = source.login.username.clone().filter(|_| is_table || is_login_registry);
            PartialLogin { username, ..source.login.clone() }
        })
    }

    /// How to log in to a registry, and where to store the credentials.
    ///
    /// # Errors
    /// No credentials are sent.
    pub fn login(&self, registry: &Registry) -> Result<LoginSettings> {
        if self.options.connection.login.anonymous {
            return Err(Usage::new("--anonymous cannot be used with login"));
        }
        let username = self.logins(registry).find_map(|login| login.username);
        self.check_password(username.is_some(), registry)?;
        Ok(LoginSettings { username, password: self.password(registry), auth_file: self.auth_file(registry)? })
    }

    /// The file in which credentials for a registry are stored, instead of docker's.
    ///
    /// # Errors
    /// It is standard input.
    pub fn auth_file(&self, registry: &Registry) -> Result<Option<PathBuf>> {
        match self.sources(registry).find_map(|source| source.login.auth_file.clone()) {
            Some(path) if path.as_os_str() == "-" => {
                Err(Usage::new("cannot store credentials in --auth-file -, which is standard input"))
            }
            path => Ok(path),
        }
    }

    /// The account to log in to a registry with.
    pub fn account(&self, registry: &Registry) -> Result<Account> {
        let login = self.logins(registry).find(PartialLogin::is_set);
        if let Some(PartialLogin { username: Some(username), .. }) = login {
            return Ok(Account::User { username, password: self.password(registry) });
        }
        if login.is_none() || self.password_stdin {
            self.check_password(false, registry)?;
        }
        Ok(match login {
            Some(PartialLogin { auth_file: Some(path), .. }) => Account::AuthFile(path),
            Some(_) => Account::Anonymous,
            None => Account::Found,
        })
    }

    /// Checks that a password comes with a user name.
    fn check_password(&self, has_username: bool, registry: &Registry) -> Result<()> {
        if has_username || !self.is_login_registry(registry) {
            Ok(())
        } else if self.password_stdin {
            Err(Usage::new("--password-stdin needs a user name").hint("use -u NAME"))
        } else if self.environment.password.is_some() {
            Err(Usage::new("RLS_PASSWORD needs a user name").hint("use -u NAME, or set RLS_USERNAME"))
        } else {
            Ok(())
        }
    }

    fn password(&self, registry: &Registry) -> Password {
        match &self.environment.password {
            _ if !self.is_login_registry(registry) => Password::Prompt,
            _ if self.password_stdin => Password::Stdin,
            Some(password) => Password::Given(password.clone()),
            None => Password::Prompt,
        }
    }
}
