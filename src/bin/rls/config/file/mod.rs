//! The configuration file: TOML, its keys are the long options' names.
//!
//! ```toml
//! registry = "registry.corp:5000"
//! output = "table"
//! timeout = "2m"
//!
//! [templates]
//! pull = "docker pull {{ repository }}:{{ tag }}"    # --format @pull
//!
//! [registries."registry.corp:5000"]                   # as typed: HOST[:PORT]
//! ca-file = "corp-root.pem"                           # from this file's folder
//! username = "ann"
//!
//! [prune."team/*"]                                    # rls prune, for the repositories with such a path
//! keep-last = 10
//! ```
//!
//! There is no password in it, and what weakens a connection, `insecure` and `plain-http`, is for one registry, never
//! for all. The tables are `registries` because `registry` is the default registry's name.

mod prune;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use etcetera::BaseStrategy;
use registry_ls::name::Registry;

use self::prune::Prune;
use super::reader::{Entry, Reader};
use crate::args::{MAX_JOBS, MAX_RETRIES, RuleArgs, parse_duration};
use crate::input;
use crate::output::{ColorChoice, Format, Layout, ProgressChoice};
use crate::usage::{Result, Usage};

/// Keys that stand outside of tables only.
const GENERAL: [&str; 9] =
    ["registry", "timeout", "output", "format", "color", "progress", "templates", "registries", "prune"];
/// Keys that stand outside of tables and in those of a registry.
const CONNECTION: [&str; 9] = [
    "username",
    "auth-file",
    "anonymous",
    "ca-file",
    "client-cert",
    "client-key",
    "jobs",
    "connect-timeout",
    "retries",
];
/// Keys that stand in the table of a registry only.
const WEAKENING: [&str; 2] = ["insecure", "plain-http"];

/// What the file says.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct File {
    /// The default registry.
    pub registry: Option<Registry>,
    /// Limit for the whole command.
    pub timeout: Option<Duration>,
    /// `output` or `format`.
    pub layout: Option<Layout>,
    /// When to use colours.
    pub color: Option<ColorChoice>,
    /// When to show progress.
    pub progress: Option<ProgressChoice>,
    /// What `@NAME` stands for.
    pub templates: BTreeMap<String, String>,
    /// About every registry.
    pub general: Connect,
    /// About one.
    pub registries: Vec<(Registry, Connect)>,
    /// Rules for `rls prune`.
    pub prune: Vec<Prune>,
}

/// What the file says about talking to a registry.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Connect {
    /// Who to be.
    pub login: Option<Login>,
    /// CA certificates.
    pub ca_files: Vec<PathBuf>,
    /// Client certificate.
    pub client_cert: Option<PathBuf>,
    /// Its private key.
    pub client_key: Option<PathBuf>,
    /// Whether not to verify certificates.
    pub insecure: Option<bool>,
    /// Whether to speak HTTP.
    pub plain_http: Option<bool>,
    /// Requests in flight.
    pub jobs: Option<u16>,
    /// Limit for connecting.
    pub connect_timeout: Option<Duration>,
    /// Repetitions.
    pub retries: Option<u32>,
}

/// Who to be, of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// Nobody.
    Anonymous,
    /// A user, whose password comes from elsewhere.
    User(String),
    /// Whoever the file names.
    AuthFile(PathBuf),
}

impl File {
    /// Reads the file that is named, or the default one where that exists.
    ///
    /// # Errors
    /// A file that is named and cannot be read, one that is too large, or one with a fault in it.
    pub async fn load(named: Option<&Path>) -> Result<Self> {
        let strategy = etcetera::choose_base_strategy().ok();
        let default = strategy.as_ref().map(|strategy| strategy.config_dir().join("rls").join("config.toml"));
        let home = strategy.as_ref().map(BaseStrategy::home_dir);
        let Some(place) = named.or(default.as_deref()) else { return Ok(Self::default()) };
        let called = format!("the configuration file {}", place.display());
        match input::read_file(place, input::MAX_CONFIG).await {
            Ok(bytes) => {
                let text = String::from_utf8(bytes);
                let text = text.map_err(|_| Usage::new(format!("cannot read {called}")).because("it is not UTF-8"))?;
                Self::parse(place, &text, home)
            }
            Err(error) if named.is_none() && is_absent(error.kind()) => Ok(Self::default()),
            Err(error) => Err(input::unreadable(&called, &error, input::MAX_CONFIG)),
        }
    }

    /// Reads `text`, which is what `path` holds.
    ///
    /// # Errors
    /// It has a fault, which is named with its line and column.
    pub fn parse(path: &Path, text: &str, home: Option<&Path>) -> Result<Self> {
        let reader = Reader::new(path, text, home);
        let table = reader.table()?;
        let mut file = Self::default();
        for entry in Reader::entries(&table) {
            file.take(&reader, &entry)?;
        }
        Ok(file)
    }

    fn take(&mut self, reader: &Reader<'_>, entry: &Entry<'_, '_>) -> Result<()> {
        match entry.key {
            "registry" if entry.value.get_ref().is_table() => {
                return Err(reader
                    .fault(entry.at.clone(), "registry must be a string: the default registry")
                    .hint("use [registries.\"HOST:PORT\"] for the settings of one registry"));
            }
            "registry" => self.registry = Some(reader.parsed(entry, str::parse)?),
            "timeout" => self.timeout = Some(reader.parsed(entry, parse_duration)?),
            "output" | "format" if self.layout.is_some() => {
                return Err(reader.fault(entry.at.clone(), "output cannot be used with format"));
            }
            "output" => self.layout = Some(Layout::Format(reader.choice::<Format>(entry)?)),
            "format" => self.layout = Some(Layout::Template(reader.text(entry)?.to_owned())),
            "color" => self.color = Some(reader.choice(entry)?),
            "progress" => self.progress = Some(reader.choice(entry)?),
            "templates" => {
                for template in Reader::entries(reader.sub(entry)?) {
                    self.templates.insert(template.key.to_owned(), reader.text(&template)?.to_owned());
                }
            }
            "registries" => {
                for registry in Reader::entries(reader.sub(entry)?) {
                    self.registries.push(read_registry(reader, &registry)?);
                }
            }
            "prune" => {
                for rule in Reader::entries(reader.sub(entry)?) {
                    self.prune.push(prune::read(reader, &rule)?);
                }
            }
            key if WEAKENING.contains(&key) => {
                return Err(reader
                    .fault(entry.at.clone(), format!("{key} can only be set for a single registry"))
                    .hint("move it to a table [registries.\"HOST:PORT\"]"));
            }
            _ => {
                if !self.general.take(reader, entry)? {
                    return Err(reader.unknown(entry, &[&GENERAL[..], &CONNECTION].concat()));
                }
            }
        }
        Ok(())
    }

    /// The rule of `rls prune` for a repository.
    ///
    /// # Errors
    /// Two tables are equally specific.
    pub fn rule_for(&self, path: &str) -> Result<Option<&RuleArgs>> {
        prune::rule_for(&self.prune, path)
    }

    /// What the file says about a registry: its own table, then the rest.
    pub fn about(&self, registry: &Registry) -> impl Iterator<Item = &Connect> {
        let own = self.registries.iter().find(|(named, _)| is_same(named, registry)).map(|(_, connect)| connect);
        own.into_iter().chain([&self.general])
    }
}

/// The port that HTTPS would take may be left out.
fn is_same(named: &Registry, registry: &Registry) -> bool {
    let port = |registry: &Registry| registry.port().unwrap_or(443);
    named.host() == registry.host() && port(named) == port(registry)
}

fn read_registry(reader: &Reader<'_>, entry: &Entry<'_, '_>) -> Result<(Registry, Connect)> {
    let registry: Registry = entry.key.parse().map_err(|error: registry_ls::Error| {
        let usage = reader.fault(entry.at.clone(), error.what());
        error.causes().iter().fold(usage, Usage::because)
    })?;
    if registry.is_plain_http() || registry.prefix().is_some() {
        let usage = reader.fault(entry.at.clone(), format!("registry tables are named HOST:PORT, not {:?}", entry.key));
        return Err(usage.hint("use plain-http = true in the table instead of http://"));
    }
    let mut connect = Connect::default();
    for entry in Reader::entries(reader.sub(entry)?) {
        match entry.key {
            "insecure" => connect.insecure = Some(reader.switch(&entry)?),
            "plain-http" => connect.plain_http = Some(reader.switch(&entry)?),
            _ => {
                if !connect.take(reader, &entry)? {
                    return Err(reader.unknown(&entry, &[&CONNECTION[..], &WEAKENING].concat()));
                }
            }
        }
    }
    Ok((registry, connect))
}

impl Connect {
    /// Takes one of the keys in [`CONNECTION`]; whether it was one.
    fn take(&mut self, reader: &Reader<'_>, entry: &Entry<'_, '_>) -> Result<bool> {
        let number = |range| reader.number(entry, range);
        match entry.key {
            "username" => self.log_in(reader, entry, Login::User(reader.text(entry)?.to_owned()))?,
            "auth-file" => self.log_in(reader, entry, Login::AuthFile(reader.path(entry)?))?,
            "anonymous" => {
                if reader.switch(entry)? {
                    self.log_in(reader, entry, Login::Anonymous)?;
                }
            }
            "ca-file" => self.ca_files = reader.list(entry, |item| reader.path(item))?,
            "client-cert" => self.client_cert = Some(reader.path(entry)?),
            "client-key" => self.client_key = Some(reader.path(entry)?),
            "jobs" => self.jobs = u16::try_from(number(1..=MAX_JOBS)?).ok(),
            "connect-timeout" => self.connect_timeout = Some(reader.parsed(entry, parse_duration)?),
            "retries" => self.retries = u32::try_from(number(0..=MAX_RETRIES)?).ok(),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn log_in(&mut self, reader: &Reader<'_>, entry: &Entry<'_, '_>, login: Login) -> Result<()> {
        match self.login.replace(login) {
            None => Ok(()),
            Some(_) => Err(reader.fault(entry.at.clone(), "username, auth-file and anonymous cannot be used together")),
        }
    }
}

/// Whether there is no such file. Services have homes such as `/dev/null`, below which nothing can be.
fn is_absent(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests;
