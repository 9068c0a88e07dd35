//! Which credentials go to which registry. The user name and password of a run belong to one registry only.
//!
//! That registry is `--registry`, else that of `RLS_REGISTRY` or the configuration file, else the only one that the
//! command line names: never one that standard input, a plan or a server names, and never the default of all. Others
//! get what is found for them.

use std::path::PathBuf;

use registry_ls::name::{Located, Reference, Registry};

use super::file::Connect;
use super::names::is_same;
use super::{Account, Login, Password, Settings};
use crate::args::{Cli, Names};
use crate::usage::{Result, Usage};

/// How a login is done.
#[derive(Debug)]
pub struct LoginSettings {
    /// The user name; `None` is to be asked for.
    pub username: Option<String>,
    /// Where the password is.
    pub password: Password,
    /// The file to keep credentials in, other than docker's.
    pub auth_file: Option<PathBuf>,
}

/// A source of a user name or password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// `-u` or `--password-stdin`
    Option(&'static str),
    /// `RLS_USERNAME`, `RLS_PASSWORD`, or the configuration's `username`
    Usual(&'static str),
}

impl Source {
    fn name(self) -> &'static str {
        match self {
            Self::Option(name) | Self::Usual(name) => name,
        }
    }
}

impl Settings {
    /// The registry that the user name and password of the run are for.
    ///
    /// # Errors
    /// Several could be meant, or `-u` is for none.
    pub(super) fn owner(&self, cli: &Cli) -> Result<Option<Registry>> {
        let names = cli.command.names();
        let named = self.named_by(names);
        let usual = self.asked.as_ref().or(self.usual.as_ref());
        let Some(source) = self.source(matches!(names, Names::Login(_))) else { return Ok(usual.cloned()) };
        match (names, source, &named[..]) {
            (Names::None, ..) => return Ok(usual.cloned()),
            // `rls login REGISTRY` says itself whom it is about.
            (Names::Login(Some(_)), Source::Option(_), [login]) => return Ok(Some(login.clone())),
            _ => {}
        }
        match (usual, source, &named[..]) {
            (Some(usual), Source::Option(name), [other, ..]) if !named.iter().any(|named| is_same(named, usual)) => {
                Err(Usage::new(format!("cannot tell which registry {name} is for"))
                    .because(format!("the default registry is {usual}, but {other} is named"))
                    .hint(format!("use -r {other}")))
            }
            (Some(usual), ..) => Ok(Some(usual.clone())),
            (None, _, [only]) => Ok(Some(only.clone())),
            (None, _, [one, other, ..]) => {
                Err(Usage::new(format!("cannot tell which registry {} is for", source.name()))
                    .because(format!("{one} and {other} are named, and a password is sent to one registry only"))
                    .hint("use -r or RLS_REGISTRY to choose one, or run 'rls login REGISTRY' for each"))
            }
            (None, Source::Option(name), []) => Err(Usage::new(format!("cannot tell which registry {name} is for"))
                .because("no registry is named on the command line")
                .hint(format!("use -r REGISTRY; for Docker Hub: -r {}", Registry::docker_hub()))),
            (None, Source::Usual(_), []) => Ok(None),
        }
    }

    /// The name of a user name or password of the run that no registry gets, because none is named that it could be
    /// for.
    pub fn unused_login(&self) -> Option<&'static str> {
        self.source(false).filter(|_| self.owner.is_none()).map(Source::name)
    }

    /// Where the user name or password of the run comes from; `None` when there is none, or none is used. A file with
    /// credentials is used in the place of both, except for a login, which stores them there.
    fn source(&self, logs_in: bool) -> Option<Source> {
        let (given, environment) = (&self.given, &self.environment);
        let general = matches!(self.file.general.login, Some(Login::User(_)));
        if given.anonymous {
            None
        } else if given.username.is_some() {
            Some(Source::Option("-u"))
        } else if given.password_stdin {
            Some(Source::Option("--password-stdin"))
        } else if given.auth_file.is_some() && !logs_in {
            None
        } else if environment.username.is_some() {
            Some(Source::Usual("RLS_USERNAME"))
        } else if environment.password.is_some() {
            Some(Source::Usual("RLS_PASSWORD"))
        } else {
            let is_used = general && (environment.auth_file.is_none() || logs_in);
            is_used.then_some(Source::Usual("username in the configuration file"))
        }
    }

    /// The registries that names on the command line say they are in. What cannot be read is an error of who reads it.
    fn named_by(&self, names: Names<'_>) -> Vec<Registry> {
        let is_line = |text: &&String| *text != "-";
        let in_name = |text: &String| match Located::<Reference>::read(text).ok()?.registry {
            Some(_) => Some(self.reference(text).ok()?.0),
            // It is in the usual one, if there is any.
            None => self.usual.clone(),
        };
        let named: Vec<Registry> = match names {
            Names::None | Names::Login(None) => Vec::new(),
            // With --registry they are paths.
            Names::References(_) if self.asked.is_some() => Vec::new(),
            Names::References(texts) => texts.iter().filter(is_line).filter_map(in_name).collect(),
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

    /// Whether the user name and password of the run are for this registry.
    fn is_owner(&self, registry: &Registry) -> bool {
        self.owner.as_ref().is_some_and(|owner| is_same(owner, registry))
    }

    /// How to log in to a registry, and where to keep the credentials.
    ///
    /// # Errors
    /// No credentials are sent.
    pub fn login(&self, registry: &Registry) -> Result<LoginSettings> {
        if self.given.anonymous {
            return Err(Usage::new("--anonymous cannot be used with login"));
        }
        let username = self.username(registry).or_else(|| {
            self.file.about(registry).find_map(|connect| match &connect.login {
                Some(Login::User(username)) if self.is_about(connect, registry) => Some(username.clone()),
                _ => None,
            })
        });
        self.check_password(username.is_some(), registry)?;
        Ok(LoginSettings { username, password: self.password(registry), auth_file: self.auth_file(registry)? })
    }

    /// The file in which credentials for a registry are kept, other than docker's.
    ///
    /// # Errors
    /// It is standard input.
    pub fn auth_file(&self, registry: &Registry) -> Result<Option<PathBuf>> {
        let in_file = self.file.about(registry).find_map(|connect| match &connect.login {
            Some(Login::AuthFile(path)) => Some(path.clone()),
            _ => None,
        });
        let path = self.given.auth_file.clone().or_else(|| self.environment.auth_file.clone()).or(in_file);
        match path {
            Some(path) if path.as_os_str() == "-" => {
                Err(Usage::new("cannot store credentials in --auth-file -, which is standard input"))
            }
            path => Ok(path),
        }
    }

    /// Who to be at a registry; `about` is what the configuration file says of it.
    pub(super) fn account(&self, registry: &Registry, about: &[&Connect]) -> Result<Account> {
        let (given, environment) = (&self.given, &self.environment);
        let is_owner = self.is_owner(registry);
        let own = |username: &Option<String>| username.clone().filter(|_| is_owner);
        let of_source = |username: Option<String>, auth_file: &Option<PathBuf>| match (username, auth_file) {
            (Some(username), _) => Some(Login::User(username)),
            (None, Some(path)) => Some(Login::AuthFile(path.clone())),
            (None, None) => None,
        };
        let in_file = || {
            let mut logins = about.iter().filter(|connect| self.is_about(connect, registry));
            logins.find_map(|connect| connect.login.clone())
        };
        let login = Some(Login::Anonymous)
            .filter(|_| given.anonymous)
            .or_else(|| of_source(own(&given.username), &given.auth_file))
            .or_else(|| of_source(own(&environment.username), &environment.auth_file))
            .or_else(in_file);
        if let Some(Login::User(username)) = login {
            return Ok(Account::User { username, password: self.password(registry) });
        }
        if login.is_none() || given.password_stdin {
            self.check_password(false, registry)?;
        }
        Ok(match login {
            Some(Login::AuthFile(path)) => Account::AuthFile(path),
            Some(Login::Anonymous) => Account::Anonymous,
            Some(Login::User(_)) | None => Account::Found,
        })
    }

    /// The user name of the run, where it is for this registry.
    fn username(&self, registry: &Registry) -> Option<String> {
        let username = self.given.username.as_ref().or(self.environment.username.as_ref());
        username.filter(|_| self.is_owner(registry)).cloned()
    }

    /// Whether what a part of the configuration file says of a user counts for a registry: what it says of every
    /// registry is of the run.
    fn is_about(&self, connect: &Connect, registry: &Registry) -> bool {
        let is_general = std::ptr::eq(connect, &self.file.general);
        !(is_general && matches!(connect.login, Some(Login::User(_)))) || self.is_owner(registry)
    }

    /// A password of the run needs a user name.
    fn check_password(&self, has_username: bool, registry: &Registry) -> Result<()> {
        if has_username || !self.is_owner(registry) {
            Ok(())
        } else if self.given.password_stdin {
            Err(Usage::new("--password-stdin needs a user name").hint("use -u NAME"))
        } else if self.environment.password.is_some() {
            Err(Usage::new("RLS_PASSWORD needs a user name").hint("use -u NAME, or set RLS_USERNAME"))
        } else {
            Ok(())
        }
    }

    fn password(&self, registry: &Registry) -> Password {
        match &self.environment.password {
            _ if !self.is_owner(registry) => Password::Prompt,
            _ if self.given.password_stdin => Password::Stdin,
            Some(password) => Password::Given(password.clone()),
            None => Password::Prompt,
        }
    }
}
