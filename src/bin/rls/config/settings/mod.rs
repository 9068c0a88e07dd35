//! The merged settings, and the connection to each registry.

use std::path::PathBuf;
use std::time::Duration;

use registry_ls::http::{Jobs, Options, Resolve};
use registry_ls::name::{Registry, Repository};
use secrecy::SecretString;

use super::partial::{PartialConnection, PartialIdentity, PartialSettings};
use super::{Environment, File};
use crate::args::{self, Cli, RuleArgs};
use crate::output::{ColorChoice, Layout, ProgressChoice};
use crate::spelling::nearest;
use crate::usage::{Result, Usage};

/// The merged settings of options, environment and configuration file. What depends on the registry is in
/// [`Connection`].
#[derive(Debug)]
pub struct Settings {
    /// `--output` or `--format`, with `@NAME` resolved; `None` if neither is set.
    pub layout: Option<Layout>,
    /// Whether tables have their header.
    pub header: bool,
    /// Whether tables shorten and leave out nothing.
    pub no_trunc: bool,
    /// When to use colours.
    pub color: ColorChoice,
    /// When to show progress.
    pub progress: ProgressChoice,
    /// No progress, warnings or hints.
    pub quiet: bool,
    /// 0, 1 for requests, 2 and more for headers too.
    pub verbosity: u8,
    /// Whether to print statistics at the end.
    pub stats: bool,
    /// Time limit for the whole command.
    pub timeout: Option<Duration>,
    /// Whether names are printed in full.
    pub full: bool,
    /// Whether manifests and configs are kept between runs.
    pub cache: bool,
    /// The registry of `--registry`: every name is then a path in it.
    pub(super) requested: Option<Registry>,
    /// The registry of `RLS_REGISTRY`, else of the configuration file.
    pub(super) default: Option<Registry>,
    /// The registry that user name and password are sent to.
    pub(super) login_registry: Option<Registry>,
    /// The settings of the command line.
    pub(super) options: PartialSettings,
    /// Whether the password is read from standard input.
    pub(super) password_stdin: bool,
    /// Addresses of `--resolve`.
    pub(super) resolve: Vec<args::Resolve>,
    pub(super) environment: Environment,
    pub(super) file: File,
}

/// How to talk to one registry.
#[derive(Debug)]
pub struct Connection {
    /// The registry, with its scheme.
    pub registry: Registry,
    /// Who to log in as.
    pub account: Account,
    /// CA certificates to trust in addition to the system's.
    pub ca_files: Vec<PathBuf>,
    /// Client certificate and private key.
    pub client_identity: Option<(PathBuf, PathBuf)>,
    /// Whether certificates are not verified.
    pub insecure: bool,
    /// Addresses to connect to.
    pub resolve: Vec<Resolve>,
    /// The root of system files, such as `/etc/docker`.
    pub root: PathBuf,
    /// Maximum number of concurrent requests.
    pub jobs: Jobs,
    /// Time limit for connecting.
    pub connect_timeout: Duration,
    /// Time limit for a silent server.
    pub read_timeout: Duration,
    /// Retries for transient failures.
    pub retries: u32,
    /// Whether manifests and configs are kept between runs.
    pub cache: bool,
}

/// Who to log in as.
#[derive(Debug)]
pub enum Account {
    /// The user of the credentials that are found.
    Found,
    /// No credentials are sent.
    Anonymous,
    /// The user of the credentials in this file; `-` is standard input.
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
    /// Ask for it on the terminal.
    Prompt,
}

impl Settings {
    /// Merges the settings.
    ///
    /// # Errors
    /// An invalid registry, template or user name, or a password that could be for several registries.
    pub fn resolve(cli: &Cli, mut environment: Environment, file: File) -> Result<Self> {
        environment.password = cli.global.password.clone().or(environment.password);
        let options = PartialSettings::from(&cli.global);
        for username in
            [&options, &environment.settings].into_iter().filter_map(|source| source.connection.login.username.as_ref())
        {
            check_username(username)?;
        }
        let merged = options.clone().or(&environment.settings).or(&file.settings);
        let mut settings = Self {
            layout: with_template(merged.layout, &file)?,
            header: !cli.global.no_header,
            no_trunc: cli.global.no_trunc,
            color: merged.color.unwrap_or_default(),
            progress: merged.progress.unwrap_or_default(),
            quiet: cli.global.quiet,
            verbosity: merged.verbosity.unwrap_or(0),
            stats: cli.global.stats,
            timeout: merged.timeout,
            full: cli.global.full,
            cache: !cli.global.no_cache,
            requested: None,
            default: None,
            login_registry: None,
            options,
            password_stdin: cli.global.password_stdin,
            resolve: cli.global.resolve.clone(),
            environment,
            file,
        };
        let plain_http = cli.global.plain_http;
        if let Some(text) = cli.global.registry.as_deref() {
            settings.requested = Some(settings.parse_registry(text, plain_http)?);
        }
        settings.default = match settings.environment.registry.as_deref() {
            Some(text) => {
                let plain_http = plain_http || settings.environment.settings.connection.plain_http == Some(true);
                let default = settings.parse_registry(text, plain_http);
                Some(default.map_err(|error| error.within("RLS_REGISTRY cannot be used"))?)
            }
            None => settings.file.registry.clone().map(|registry| settings.with_scheme(registry)),
        };
        settings.login_registry = settings.find_login_registry(cli)?;
        Ok(settings)
    }

    /// The rule for a repository in the configuration file.
    ///
    /// # Errors
    /// Two of them are equally specific.
    pub fn rule_for(&self, repository: &Repository) -> Result<Option<&RuleArgs>> {
        self.file.rule_for(repository.as_str())
    }

    /// The registry of `--registry`.
    pub fn requested_registry(&self) -> Option<&Registry> {
        self.requested.as_ref()
    }

    /// The registry of the environment or the configuration file.
    pub fn default_registry(&self) -> Option<&Registry> {
        self.default.as_ref()
    }

    /// How to talk to a registry.
    ///
    /// # Errors
    /// A password without a user name, a certificate without a key.
    pub fn connection(&self, registry: &Registry) -> Result<Connection> {
        let (merged, defaults) = (self.merged(registry), Options::default());
        Ok(Connection {
            registry: registry.clone(),
            account: self.account(registry)?,
            ca_files: merged.ca_files,
            client_identity: merged.client_identity.map(PartialIdentity::complete).transpose()?,
            insecure: merged.insecure.unwrap_or(false),
            resolve: self.resolve.iter().flat_map(args::Resolve::entries).collect(),
            root: self.root(),
            jobs: merged.jobs.map_or(Jobs::Adaptive, |jobs| Jobs::Fixed(jobs.into())),
            connect_timeout: merged.connect_timeout.unwrap_or(defaults.connect_timeout),
            read_timeout: merged.read_timeout.unwrap_or(defaults.read_timeout),
            retries: merged.retries.unwrap_or(defaults.retries),
            cache: self.cache,
        })
    }

    /// The root of system files, such as `/etc/docker`.
    pub fn root(&self) -> PathBuf {
        self.environment.root.clone().unwrap_or_else(|| PathBuf::from("/"))
    }

    /// Whether CA certificates are set for a registry.
    pub fn gives_ca(&self, registry: &Registry) -> bool {
        !self.merged(registry).ca_files.is_empty()
    }

    /// The sources of the settings for a registry, in their order of precedence.
    pub(super) fn sources(&self, registry: &Registry) -> impl Iterator<Item = &PartialConnection> {
        let table = self.file.table_of(registry);
        let above = [&self.options.connection, &self.environment.settings.connection];
        above.into_iter().chain(table).chain([&self.file.settings.connection])
    }

    /// The merged settings for a registry, without the login.
    pub(super) fn merged(&self, registry: &Registry) -> PartialConnection {
        self.sources(registry).fold(PartialConnection::default(), PartialConnection::or)
    }
}

/// RFC 7617 allows no colon in a user name. A colon means curl's `-u NAME:PASSWORD`; the error does not quote it.
fn check_username(username: &str) -> Result<()> {
    match username.split_once(':') {
        None => Ok(()),
        Some(_) => Err(Usage::new("the user name contains a colon")
            .because("a password after it could be read by every user on this machine")
            .hint("use -u NAME to be asked for the password, or --password-stdin to read it from standard input")),
    }
}

/// Resolves `@NAME` to a template of the configuration file.
fn with_template(layout: Option<Layout>, file: &File) -> Result<Option<Layout>> {
    let Some(Layout::Template(template)) = &layout else { return Ok(layout) };
    let Some(name) = template.strip_prefix('@') else { return Ok(layout) };
    let named = file.templates.get(name).cloned().map(Layout::Template);
    named.map(Some).ok_or_else(|| unknown_template(name, file))
}

fn unknown_template(name: &str, file: &File) -> Usage {
    let names: Vec<&str> = file.templates.keys().map(String::as_str).collect();
    let usage = Usage::new(format!("unknown template @{name}"));
    match nearest(name, names.iter().copied()) {
        Some(near) => usage.hint(format!("did you mean @{near}?")),
        None if names.is_empty() => {
            usage.hint(format!("define it in the configuration file: [templates] {name} = \"…\""))
        }
        None => usage.because(format!("the configuration file has {}", names.join(", "))),
    }
}

#[cfg(test)]
mod tests;
