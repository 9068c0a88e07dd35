//! Everything decided.

use std::path::PathBuf;
use std::time::Duration;

use registry_ls::http::{Jobs, Options, Resolve};
use registry_ls::name::{Registry, Repository};
use secrecy::SecretString;

use super::file::Connect;
use super::{Environment, File, without_line_end};
use crate::args::{Cli, Global, RuleArgs};
use crate::output::{ColorChoice, Layout, ProgressChoice};
use crate::spelling::nearest;
use crate::usage::{Result, Usage};

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
    /// Whether names are shown in full.
    pub full: bool,
    /// `--registry`: every name is then a path in it.
    pub(super) asked: Option<Registry>,
    /// `RLS_REGISTRY`, or the file's.
    pub(super) usual: Option<Registry>,
    /// The registry that the user name and password of the run are for.
    pub(super) owner: Option<Registry>,
    pub(super) given: Global,
    pub(super) environment: Environment,
    pub(super) file: File,
}

/// How to talk to one registry.
#[derive(Debug)]
pub struct Connection {
    /// The registry, as it is reached.
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

impl Settings {
    /// Decides.
    ///
    /// # Errors
    /// A registry that is none, a template that there is not, a user name that cannot be one, a password that could be
    /// for several registries.
    pub fn resolve(cli: &Cli, environment: Environment, file: File) -> Result<Self> {
        let given = &cli.global;
        for username in given.username.iter().chain(&environment.username) {
            check_username(username)?;
        }
        let mut settings = Self {
            layout: layout(given, &environment, &file)?,
            header: !given.no_header,
            color: given.color.or(file.color.filter(|_| !environment.decides_color)).unwrap_or_default(),
            progress: given.progress.or(file.progress).unwrap_or_default(),
            quiet: given.quiet,
            verbosity: if given.verbose > 0 { given.verbose } else { environment.verbosity.unwrap_or(0) },
            stats: given.stats,
            timeout: given.timeout.or(environment.timeout).or(file.timeout),
            full: given.full,
            asked: None,
            usual: None,
            owner: None,
            given: Global {
                username: given.username.as_deref().map(without_line_end).map(str::to_owned),
                ..given.clone()
            },
            environment,
            file,
        };
        settings.asked = match given.registry.as_deref() {
            Some(text) => Some(settings.given_registry(text, given.plain_http)?),
            None => None,
        };
        settings.usual = match settings.environment.registry.as_deref() {
            Some(text) => {
                let plain_http = given.plain_http || settings.environment.plain_http == Some(true);
                let usual = settings.given_registry(text, plain_http);
                Some(usual.map_err(|error| error.within("RLS_REGISTRY cannot be used"))?)
            }
            None => settings.file.registry.clone().map(|registry| settings.with_scheme(registry)),
        };
        settings.owner = settings.owner(cli)?;
        Ok(settings)
    }

    /// The rule for a repository in the configuration file.
    ///
    /// # Errors
    /// There are two that are as good as each other.
    pub fn rule_for(&self, repository: &Repository) -> Result<Option<&RuleArgs>> {
        self.file.rule_for(repository.as_str())
    }

    /// The registry of `--registry`.
    pub fn asked_registry(&self) -> Option<&Registry> {
        self.asked.as_ref()
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
            registry: registry.clone(),
            account: self.account(registry, &about)?,
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
        Some(_) => Err(Usage::new("the user name contains a colon")
            .because("a password after it could be read by every user on this machine")
            .hint("use -u NAME to be asked for the password, or --password-stdin to read it from standard input")),
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
