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
//! It contains no passwords, and `insecure` and `plain-http` only for single registries. The tables are `registries`
//! because `registry` is the default registry.

mod prune;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use etcetera::BaseStrategy;
use registry_ls::name::Registry;

use self::prune::Prune;
use super::partial::{PartialConnection, PartialIdentity, PartialSettings};
use super::reader::{Entry, Reader};
use crate::args::{MAX_JOBS, MAX_RETRIES, RuleArgs, parse_duration};
use crate::input;
use crate::output::{Format, Layout};
use crate::usage::{Result, Usage};

/// Keys outside of tables only.
const GENERAL: [&str; 9] =
    ["registry", "timeout", "output", "format", "color", "progress", "templates", "registries", "prune"];
/// Keys outside of tables and in those of a registry.
const CONNECTION: [&str; 10] = [
    "username",
    "auth-file",
    "anonymous",
    "ca-file",
    "client-cert",
    "client-key",
    "jobs",
    "connect-timeout",
    "read-timeout",
    "retries",
];
/// Keys in the table of a registry only.
const REGISTRY_ONLY: [&str; 2] = ["insecure", "plain-http"];

/// All keys, for the test of the documentation.
#[cfg(test)]
pub fn keys() -> impl Iterator<Item = &'static str> {
    [&GENERAL[..], &CONNECTION, &REGISTRY_ONLY, &prune::RULE].concat().into_iter()
}

/// The contents of the configuration file.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct File {
    /// The default registry.
    pub registry: Option<Registry>,
    /// Settings outside of tables.
    pub settings: PartialSettings,
    /// The tables of registries.
    pub registries: Vec<(Registry, PartialConnection)>,
    /// The templates of `--format @NAME`.
    pub templates: BTreeMap<String, String>,
    /// The rules of `rls prune`.
    pub prune: Vec<Prune>,
}

impl File {
    /// Reads the named file, or the default one if it exists.
    ///
    /// # Errors
    /// A named file that cannot be read, a file that is too large, or an error in it.
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
            Err(error) => Err(input::unreadable(&called, &error)),
        }
    }

    /// Parses `text`, the contents of `path`.
    ///
    /// # Errors
    /// An error in the file, with its line and column.
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
            "timeout" => self.settings.timeout = Some(reader.parsed(entry, parse_duration)?),
            "output" | "format" if self.settings.layout.is_some() => {
                return Err(reader.fault(entry.at.clone(), "output cannot be used with format"));
            }
            "output" => self.settings.layout = Some(Layout::Format(reader.choice::<Format>(entry)?)),
            "format" => self.settings.layout = Some(Layout::Template(reader.text(entry)?.to_owned())),
            "color" => self.settings.color = Some(reader.choice(entry)?),
            "progress" => self.settings.progress = Some(reader.choice(entry)?),
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
            key if REGISTRY_ONLY.contains(&key) => {
                return Err(reader
                    .fault(entry.at.clone(), format!("{key} can only be set for a single registry"))
                    .hint("move it to a table [registries.\"HOST:PORT\"]"));
            }
            _ => {
                if !take_connection(&mut self.settings.connection, reader, entry)? {
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

    /// The table of a registry.
    pub fn table_of(&self, registry: &Registry) -> Option<&PartialConnection> {
        self.registries.iter().find(|(named, _)| is_same(named, registry)).map(|(_, table)| table)
    }
}

/// Whether a table is for a registry, whatever its scheme; the default port is that of HTTPS.
fn is_same(named: &Registry, registry: &Registry) -> bool {
    let port = |registry: &Registry| registry.port().unwrap_or(443);
    named.host() == registry.host() && port(named) == port(registry)
}

fn read_registry(reader: &Reader<'_>, entry: &Entry<'_, '_>) -> Result<(Registry, PartialConnection)> {
    let registry: Registry = entry.key.parse().map_err(|error: registry_ls::Error| {
        let usage = reader.fault(entry.at.clone(), error.what());
        error.causes().iter().fold(usage, Usage::because)
    })?;
    if registry.is_plain_http() || registry.prefix().is_some() {
        let usage = reader.fault(entry.at.clone(), format!("registry tables are named HOST:PORT, not {:?}", entry.key));
        return Err(usage.hint("use plain-http = true in the table instead of http://"));
    }
    let mut table = PartialConnection::default();
    for entry in Reader::entries(reader.sub(entry)?) {
        match entry.key {
            "insecure" => table.insecure = Some(reader.switch(&entry)?),
            "plain-http" => table.plain_http = Some(reader.switch(&entry)?),
            _ => {
                if !take_connection(&mut table, reader, &entry)? {
                    return Err(reader.unknown(&entry, &[&CONNECTION[..], &REGISTRY_ONLY].concat()));
                }
            }
        }
    }
    Ok((registry, table))
}

/// Takes one of the keys in [`CONNECTION`]; returns whether it was one.
fn take_connection(table: &mut PartialConnection, reader: &Reader<'_>, entry: &Entry<'_, '_>) -> Result<bool> {
    let number = |range| reader.number(entry, range);
    let is_login = ["username", "auth-file", "anonymous"].contains(&entry.key);
    if is_login && table.login.is_set() && entry.value.get_ref().as_bool() != Some(false) {
        return Err(reader.fault(entry.at.clone(), "username, auth-file and anonymous cannot be used together"));
    }
    match entry.key {
        "username" => table.login.username = Some(reader.text(entry)?.to_owned()),
        "auth-file" => table.login.auth_file = Some(reader.path(entry)?),
        "anonymous" => table.login.anonymous = reader.switch(entry)?,
        "ca-file" => table.ca_files = reader.list(entry, |item| reader.path(item))?,
        "client-cert" => identity(table).cert = Some(reader.path(entry)?),
        "client-key" => identity(table).key = Some(reader.path(entry)?),
        "jobs" => table.jobs = u16::try_from(number(1..=MAX_JOBS)?).ok(),
        "connect-timeout" => table.connect_timeout = Some(reader.parsed(entry, parse_duration)?),
        "read-timeout" => table.read_timeout = Some(reader.parsed(entry, parse_duration)?),
        "retries" => table.retries = u32::try_from(number(0..=MAX_RETRIES)?).ok(),
        _ => return Ok(false),
    }
    Ok(true)
}

fn identity(table: &mut PartialConnection) -> &mut PartialIdentity {
    let names = ["client-cert", "client-key"];
    table.client_identity.get_or_insert(PartialIdentity { cert: None, key: None, names })
}

/// Whether the file does not exist. The home of a service may be `/dev/null`, which is not a directory.
fn is_absent(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests;
