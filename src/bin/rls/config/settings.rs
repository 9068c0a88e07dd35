//! Everything decided.

use std::path::PathBuf;
use std::time::Duration;

use registry_ls::http::{Jobs, Options, Resolve};
use registry_ls::name::{Located, Reference, Registry, Repository};
use secrecy::SecretString;

use super::file::Connect;
use super::{Environment, File, Login};
use crate::args::{Cli, Global, RuleArgs};
use crate::output::{ColorChoice, Layout, ProgressChoice};
use crate::usage::{Result, Usage, nearest};

/// What options, environment and configuration file come to. What depends on the registry is in [`Connection`].
#[derive(Debug)]
pub struct Settings {
    /// `--output` or `--format`, with `@NAME` looked up; `None` when nothing was asked for.
    pub layout: Option<Layout>,
    /// Whether tables have their header.
    pub header: bool,
    /// When to use colours.
    pub color: ColorChoice,
    /// When to show progress.
    pub progress: ProgressChoice,
    /// No progress, warnings or hints.
    pub quiet: bool,
    /// 0, 1 for requests, 2 and more for headers too.
    pub verbosity: u8,
    /// Whether to count at the end.
    pub stats: bool,
    /// Limit for the whole command.
    pub timeout: Option<Duration>,
    /// `--registry`: every name is then a path in it.
    asked: Option<Registry>,
    /// `RLS_REGISTRY`, or the file's.
    usual: Option<Registry>,
    given: Global,
    environment: Environment,
    file: File,
}

/// How to talk to one registry.
#[derive(Debug)]
pub struct Connection {
    /// The registry, spoken to in plain HTTP if that was asked for.
    pub registry: Registry,
    /// Who to be.
    pub account: Account,
    /// CA certificates to trust in addition to the system's.
    pub ca_files: Vec<PathBuf>,
    /// Client certificate and private key.
    pub client_identity: Option<(PathBuf, PathBuf)>,
    /// Whether not to verify certificates.
    pub insecure: bool,
    /// Addresses to connect to.
    pub resolve: Vec<Resolve>,
    /// The root of the files that are the whole machine's, such as `/etc/docker`.
    pub root: PathBuf,
    /// Requests in flight at once.
    pub jobs: Jobs,
    /// Limit for connecting.
    pub connect_timeout: Duration,
    /// Repetitions.
    pub retries: u32,
}

/// Who to be.
#[derive(Debug)]
pub enum Account {
    /// Whoever the places name where credentials are kept.
    Found,
    /// Nobody.
    Anonymous,
    /// Whoever this file names; `-` is standard input.
    AuthFile(PathBuf),
    /// A user.
    User {
        /// The name.
        username: String,
        /// Where the password is.
        password: Password,
    },
}

/// Where the password is.
#[derive(Debug)]
pub enum Password {
    /// In `RLS_PASSWORD`.
    Given(SecretString),
    /// On standard input.
    Stdin,
    /// In somebody's head: ask on the terminal.
    Prompt,
}

/// How somebody logs in.
#[derive(Debug)]
pub struct LoginSettings {
    /// The user name; `None` is to be asked for.
    pub username: Option<String>,
    /// Where the password is.
    pub password: Password,
    /// The file to keep credentials in, other than docker's.
    pub auth_file: Option<PathBuf>,
}

impl Settings {
    /// Reads the environment and the configuration file, and decides.
    ///
    /// # Errors
    /// A fault in either, or a contradiction.
    pub fn load(cli: &Cli) -> Result<Self> {
        let environment = Environment::of_process()?;
        let file = File::load(cli.config_file().or(environment.config.as_deref()))?;
        Self::resolve(&cli.global, environment, file)
    }

    /// Decides.
    ///
    /// # Errors
    /// A registry that is none, a template that there is not, a user name that cannot be one.
    pub fn resolve(given: &Global, environment: Environment, file: File) -> Result<Self> {
        let asked = given.registry.as_deref().map(str::parse).transpose()?;
        let usual = match environment.registry.as_deref() {
            Some(text) => Some(text.parse::<Registry>().map_err(|error| error.within("RLS_REGISTRY cannot be used"))?),
            None => file.registry.clone(),
        };
        for username in given.username.iter().chain(&environment.username) {
            check_username(username)?;
        }
        Ok(Self {
            layout: layout(given, &environment, &file)?,
            header: !given.no_header,
            color: given.color.or(file.color.filter(|_| !environment.decides_color)).unwrap_or_default(),
            progress: given.progress.or(file.progress).unwrap_or_default(),
            quiet: given.quiet,
            verbosity: if given.verbose > 0 { given.verbose } else { environment.verbosity.unwrap_or(0) },
            stats: given.stats,
            timeout: given.timeout.or(environment.timeout).or(file.timeout),
            asked,
            usual,
            given: given.clone(),
            environment,
            file,
        })
    }

    /// The registry that a name without a host is in.
    pub fn registry(&self) -> Registry {
        self.asked.as_ref().or(self.usual.as_ref()).cloned().unwrap_or_else(Registry::docker_hub)
    }

    /// Reads REGISTRY, which may be left out.
    ///
    /// # Errors
    /// It is none, or --registry names another.
    pub fn named_registry(&self, text: Option<&str>) -> Result<Registry> {
        let Some(text) = text else { return Ok(self.with_scheme(self.registry())) };
        let named: Registry = text.parse()?;
        match &self.asked {
            Some(asked) if *asked != named => {
                Err(Usage::new(format!("{named} and --registry {asked} are two registries")).hint("name it once"))
            }
            _ => Ok(self.with_scheme(named)),
        }
    }

    /// REGISTRY, or the one that options, environment or configuration file name; never the default of all.
    ///
    /// # Errors
    /// As [`Settings::named_registry`].
    pub fn known_registry(&self, text: Option<&str>) -> Result<Option<Registry>> {
        let is_known = text.is_some() || self.asked.is_some() || self.usual.is_some();
        is_known.then(|| self.named_registry(text)).transpose()
    }

    /// The registry, spoken to in plain HTTP if that was asked for.
    fn with_scheme(&self, registry: Registry) -> Registry {
        if self.is_plain_http(&registry) { registry.with_plain_http() } else { registry }
    }

    fn is_plain_http(&self, registry: &Registry) -> bool {
        let asked = self.given.plain_http.then_some(true).or(self.environment.plain_http);
        asked.or_else(|| self.file.about(registry).find_map(|connect| connect.plain_http)).unwrap_or(false)
    }

    /// How to log in to a registry, and where to keep the credentials.
    ///
    /// # Errors
    /// Nobody is to log in.
    pub fn login(&self, registry: &Registry) -> Result<LoginSettings> {
        if self.given.anonymous {
            return Err(Usage::new("--anonymous sends no credentials, and login needs some"));
        }
        let in_file = self.file.about(registry).find_map(|connect| match &connect.login {
            Some(Login::User(username)) => Some(username.clone()),
            _ => None,
        });
        let username = self.given.username.clone().or_else(|| self.environment.username.clone()).or(in_file);
        if username.is_none() && self.given.password_stdin {
            return Err(Usage::new("--password-stdin needs a user name").hint("-u NAME"));
        }
        if username.is_none() && self.environment.password.is_some() {
            return Err(Usage::new("RLS_PASSWORD needs a user name").hint("-u NAME, or RLS_USERNAME"));
        }
        Ok(LoginSettings { username, password: self.password(), auth_file: self.auth_file(registry)? })
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
                Err(Usage::new("--auth-file - is standard input, where no credentials can be kept"))
            }
            path => Ok(path),
        }
    }

    /// Reads REPO.
    ///
    /// # Errors
    /// It is no repository.
    pub fn repository(&self, text: &str) -> registry_ls::Result<(Registry, Repository)> {
        let located: Located<Repository> = match &self.asked {
            Some(registry) => Located::<Repository>::parse_in(text, registry)?,
            None => text.parse()?,
        };
        Ok(located.within(&self.registry()))
    }

    /// Reads REF.
    ///
    /// # Errors
    /// It is no reference.
    pub fn reference(&self, text: &str) -> registry_ls::Result<(Registry, Reference)> {
        let located: Located<Reference> = match &self.asked {
            Some(registry) => Located::<Reference>::parse_in(text, registry)?,
            None => text.parse()?,
        };
        Ok(located.within(&self.registry()))
    }

    /// Reads `REGISTRY[/PREFIX]`: the registry, and what the repositories' names begin with, in whole path components.
    ///
    /// A URL is a registry. With `--registry` the text is a prefix. Otherwise its first component is a host if it looks
    /// like one, and also if there is no other registry to look in, since Docker Hub lists none.
    ///
    /// # Errors
    /// It is neither.
    pub fn catalog(&self, text: Option<&str>) -> registry_ls::Result<(Registry, Option<String>)> {
        let Some(text) = text else { return Ok((self.registry(), None)) };
        if text.contains("://") {
            return Ok((text.parse()?, None));
        }
        let path = text.trim_end_matches('/');
        let (first, rest) = path.split_once('/').unwrap_or((path, ""));
        let looks_like_host = first.contains(['.', ':']) || first == "localhost" || first.contains(char::is_uppercase);
        let prefix = match (&self.asked, &self.usual) {
            (Some(asked), _) if path.parse::<Registry>().is_ok_and(|named| named.authority() == asked.authority()) => {
                None
            }
            (Some(asked), _) => Some(Located::<Repository>::parse_in(path, asked)?.name),
            (None, Some(_)) if !looks_like_host => Some(path.parse::<Located<Repository>>()?.name),
            (None, _) => {
                let rest = Some(rest).filter(|rest| !rest.is_empty());
                return Ok((
                    first.parse()?,
                    rest.map(str::parse::<Repository>).transpose()?.map(|path| path.to_string()),
                ));
            }
        };
        Ok((self.registry(), prefix.map(|path| path.to_string())))
    }

    /// The rule for a repository in the configuration file.
    ///
    /// # Errors
    /// There are two that are as good as each other.
    pub fn rule_for(&self, repository: &Repository) -> Result<Option<&RuleArgs>> {
        self.file.rule_for(repository.as_str())
    }

    /// How to talk to a registry.
    ///
    /// # Errors
    /// A password for nobody, a certificate without a key.
    pub fn connection(&self, registry: &Registry) -> Result<Connection> {
        let (given, environment, defaults) = (&self.given, &self.environment, Options::default());
        let about: Vec<&Connect> = self.file.about(registry).collect();
        let insecure = given.insecure.then_some(true).or(environment.insecure);
        let jobs = given.jobs.or(environment.jobs).or_else(|| about.iter().find_map(|connect| connect.jobs));
        let connect_timeout =
            given.connect_timeout.or_else(|| about.iter().find_map(|connect| connect.connect_timeout));
        let retries = given.retries.or_else(|| about.iter().find_map(|connect| connect.retries));
        Ok(Connection {
            registry: self.with_scheme(registry.clone()),
            account: self.account(&about)?,
            ca_files: self.ca_files(&about).to_vec(),
            client_identity: self.client_identity(&about)?,
            insecure: insecure.or_else(|| about.iter().find_map(|connect| connect.insecure)).unwrap_or(false),
            resolve: given.resolve.iter().flat_map(crate::args::Resolve::entries).collect(),
            root: self.root(),
            jobs: jobs.map_or(Jobs::Adaptive, |jobs| Jobs::Fixed(jobs.into())),
            connect_timeout: connect_timeout.unwrap_or(defaults.connect_timeout),
            retries: retries.unwrap_or(defaults.retries),
        })
    }

    /// The root of the files that are the whole machine's, such as `/etc/docker`.
    pub fn root(&self) -> PathBuf {
        self.environment.root.clone().unwrap_or_else(|| PathBuf::from("/"))
    }

    /// Whether certificates to trust were named for a registry.
    pub fn gives_ca(&self, registry: &Registry) -> bool {
        !self.ca_files(&self.file.about(registry).collect::<Vec<_>>()).is_empty()
    }

    fn ca_files<'a>(&'a self, about: &[&'a Connect]) -> &'a [PathBuf] {
        let in_file = about.iter().map(|connect| &connect.ca_files);
        let mut sources = [&self.given.ca_file, &self.environment.ca_files].into_iter().chain(in_file);
        sources.find(|files| !files.is_empty()).map_or(&[], Vec::as_slice)
    }

    fn account(&self, about: &[&Connect]) -> Result<Account> {
        let (given, environment) = (&self.given, &self.environment);
        let login =
            |anonymous: bool, username: &Option<String>, auth_file: &Option<PathBuf>| match (username, auth_file) {
                _ if anonymous => Some(Login::Anonymous),
                (Some(username), _) => Some(Login::User(username.clone())),
                (None, Some(path)) => Some(Login::AuthFile(path.clone())),
                (None, None) => None,
            };
        let login = login(given.anonymous, &given.username, &given.auth_file)
            .or_else(|| login(false, &environment.username, &environment.auth_file))
            .or_else(|| about.iter().find_map(|connect| connect.login.clone()));
        match login {
            Some(Login::User(username)) => Ok(Account::User { username, password: self.password() }),
            _ if given.password_stdin => Err(Usage::new("--password-stdin needs a user name").hint("-u NAME")),
            Some(Login::Anonymous) => Ok(Account::Anonymous),
            Some(Login::AuthFile(path)) => Ok(Account::AuthFile(path)),
            None if environment.password.is_some() => {
                Err(Usage::new("RLS_PASSWORD needs a user name").hint("-u NAME, or RLS_USERNAME"))
            }
            None => Ok(Account::Found),
        }
    }

    fn password(&self) -> Password {
        match &self.environment.password {
            _ if self.given.password_stdin => Password::Stdin,
            Some(password) => Password::Given(password.clone()),
            None => Password::Prompt,
        }
    }

    /// Certificate and key are of the same source, so that neither is paired with another's.
    fn client_identity(&self, about: &[&Connect]) -> Result<Option<(PathBuf, PathBuf)>> {
        let (given, environment) = (&self.given, &self.environment);
        let sources = [
            (&given.client_cert, &given.client_key, "--client-cert", "--client-key"),
            (&environment.client_cert, &environment.client_key, "RLS_CLIENT_CERT", "RLS_CLIENT_KEY"),
        ];
        let in_file =
            about.iter().map(|connect| (&connect.client_cert, &connect.client_key, "client-cert", "client-key"));
        for (cert, key, cert_name, key_name) in sources.into_iter().chain(in_file) {
            match (cert, key) {
                (Some(cert), Some(key)) => return Ok(Some((cert.clone(), key.clone()))),
                (Some(_), None) => return Err(Usage::new(format!("{cert_name} needs {key_name}"))),
                (None, Some(_)) => return Err(Usage::new(format!("{key_name} needs {cert_name}"))),
                (None, None) => {}
            }
        }
        Ok(None)
    }
}

/// RFC 7617 has no colon in a user name; one that is typed is curl's `-u NAME:PASSWORD`, which is not repeated here.
fn check_username(username: &str) -> Result<()> {
    match username.split_once(':') {
        None => Ok(()),
        Some(_) => Err(Usage::new("the user name has a colon in it")
            .because("what follows it would be a password, which everybody can read on a command line")
            .hint("-u NAME asks for the password; --password-stdin reads it from standard input")),
    }
}

fn layout(given: &Global, environment: &Environment, file: &File) -> Result<Option<Layout>> {
    let layout = match (&given.format, given.output.or(environment.output)) {
        (Some(template), _) => Some(Layout::Template(template.clone())),
        (None, Some(format)) => Some(Layout::Format(format)),
        (None, None) => file.layout.clone(),
    };
    let Some(Layout::Template(template)) = &layout else { return Ok(layout) };
    let Some(name) = template.strip_prefix('@') else { return Ok(layout) };
    let named = file.templates.get(name).cloned().map(Layout::Template);
    named.map(Some).ok_or_else(|| unknown_template(name, file))
}

fn unknown_template(name: &str, file: &File) -> Usage {
    let names: Vec<&str> = file.templates.keys().map(String::as_str).collect();
    let usage = Usage::new(format!("there is no template @{name} in the configuration file"));
    match nearest(name, names.iter().copied()) {
        Some(near) => usage.hint(format!("@{near} was perhaps meant")),
        None if names.is_empty() => usage.hint(format!("[templates] {name} = \"…\" defines it")),
        None => usage.because(format!("it has {}", names.join(", "))),
    }
}

#[cfg(test)]
mod tests;
