//! Names of registries, repositories and tags, for completion. Failures are silent: there is nothing to complete.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap_complete::engine::CompletionCandidate;
use futures::{StreamExt, TryStreamExt};
use registry_ls::http::Stats;
use registry_ls::name::{Registry, Repository};
use registry_ls::registry::{CatalogOptions, Client};

use super::kind::Kind;
use crate::args::{Cli, Command, Global};
use crate::config::{Account, Environment, File, Password, Settings};
use crate::connect::Connector;
use crate::input;

/// A completion that takes longer is in the way.
const LIMIT: Duration = Duration::from_secs(1);
/// Maximum number of names: a shell cannot show more.
const MAX_NAMES: usize = 1000;

const PLATFORMS: [&str; 8] = [
    "linux/amd64",
    "linux/arm64",
    "linux/arm/v7",
    "linux/arm/v6",
    "linux/386",
    "linux/ppc64le",
    "linux/s390x",
    "windows/amd64",
];

/// What `current` may become. `words` is the command line.
pub fn candidates(kind: Kind, current: &OsStr, words: &[OsString]) -> Vec<CompletionCandidate> {
    let Some(current) = current.to_str() else { return Vec::new() };
    let names = match kind {
        Kind::Platform => PLATFORMS.map(str::to_owned).to_vec(),
        _ => {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
                return Vec::new();
            };
            let names = runtime.block_on(async {
                tokio::time::timeout(LIMIT, names(kind, current, words)).await.ok().flatten().unwrap_or_default()
            });
            // A look-up that hangs is abandoned.
            runtime.shutdown_timeout(Duration::ZERO);
            names
        }
    };
    let matching = names.into_iter().filter(|name| name.starts_with(current)).take(MAX_NAMES);
    matching.map(CompletionCandidate::new).collect()
}

/// The value of an option on the command line.
fn option<'a>(words: &'a [OsString], long: &str, short: &str) -> Option<&'a str> {
    let mut words = words.iter().filter_map(|word| word.to_str());
    while let Some(word) = words.next() {
        if word == long || word == short {
            return words.next();
        }
        if let Some(value) = word.strip_prefix(long).and_then(|rest| rest.strip_prefix('=')) {
            return Some(value);
        }
    }
    None
}

/// The settings of the command line that is being completed, without a user name, for which a password might be asked.
async fn settings(words: &[OsString]) -> Option<Settings> {
    let has = |name: &str| words.iter().any(|word| word == name);
    // The registry itself may be what is being completed.
    let before = words.get(..words.len().checked_sub(1)?)?;
    let global = Global {
        registry: option(before, "--registry", "-r").map(str::to_owned),
        auth_file: option(before, "--auth-file", "").filter(|file| *file != "-").map(PathBuf::from),
        ca_file: option(before, "--ca-file", "").map(PathBuf::from).into_iter().collect(),
        plain_http: has("--plain-http"),
        insecure: has("--insecure"),
        anonymous: has("--anonymous"),
        quiet: true,
        ..Global::default()
    };
    let environment = Environment::of_process().ok()?;
    let file = option(before, "--config", "").map(PathBuf::from).or_else(|| environment.config.clone());
    let file = File::load(file.as_deref()).await.ok()?;
    Settings::resolve(&Cli::of(global, Command::Version), environment, file).ok()
}

async fn names(kind: Kind, current: &str, words: &[OsString]) -> Option<Vec<String>> {
    let settings = settings(words).await?;
    let requested = settings.requested_registry().cloned();
    if kind == Kind::Registry {
        return Some(hosts().await.into_iter().collect());
    }
    let (scheme, rest) = match current.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), current),
    };
    let host = rest.split_once('/').filter(|(host, _)| requested.is_none() && is_host(host));
    let (registry, prefix, path) = match (host, requested) {
        (_, Some(requested)) => (requested, String::new(), current),
        (Some((host, path)), None) => {
            let registry: Registry = format!("{scheme}{host}").parse().ok()?;
            (registry, format!("{scheme}{host}/"), path)
        }
        (None, None) => match settings.default_registry().cloned() {
            Some(default) => (default, String::new(), current),
            None => return Some(hosts().await.into_iter().map(|host| format!("{host}/")).collect()),
        },
    };
    let account = settings.connection(&registry).ok()?.account;
    if matches!(account, Account::User { password: Password::Prompt | Password::Stdin, .. }) {
        return None;
    }
    let connector = Connector::new(Some(Instant::now() + LIMIT), Arc::new(Stats::default()));
    let client = connector.client(&settings, &registry).await.ok()?;
    let found = match (kind, path.rsplit_once(':')) {
        (Kind::Reference | Kind::Place, Some((path, _))) => tags(&client, path).await?,
        _ => {
            let end = if kind == Kind::Reference { ":" } else { "" };
            repositories(&client, path).await?.into_iter().map(|name| format!("{name}{end}")).collect()
        }
    };
    Some(found.into_iter().map(|name| format!("{prefix}{name}")).collect())
}

/// Whether the first component of a name is a host.
fn is_host(component: &str) -> bool {
    component.contains(['.', ':']) || component == "localhost" || component.contains(|c: char| c.is_ascii_uppercase())
}

/// Repositories whose names begin like `path`. What was found when the time is over is enough.
async fn repositories(client: &Client, path: &str) -> Option<Vec<String>> {
    let names = client.catalog(&CatalogOptions::default());
    let names = names.map_ok(|name| name.to_string()).take_while(|name| std::future::ready(name.is_ok()));
    let matching = names.filter_map(|name| std::future::ready(name.ok().filter(|name| name.starts_with(path))));
    Some(matching.take(MAX_NAMES).collect().await)
}

async fn tags(client: &Client, path: &str) -> Option<Vec<String>> {
    let name: Repository = path.parse().ok()?;
    let tags: Vec<_> = client.repository(&name).tags().take(MAX_NAMES).try_collect().await.ok()?;
    Some(tags.into_iter().map(|tag| format!("{path}:{tag}")).collect())
}

/// Registries that docker and podman are logged in to.
async fn hosts() -> BTreeSet<String> {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = folder("HOME").unwrap_or_default();
    let docker = folder("DOCKER_CONFIG").unwrap_or_else(|| home.join(".docker")).join("config.json");
    let podman = folder("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config")).join("containers/auth.json");
    let running = folder("XDG_RUNTIME_DIR").map(|folder| folder.join("containers/auth.json"));
    let mut hosts = BTreeSet::new();
    for file in [Some(docker), Some(podman), running, folder("REGISTRY_AUTH_FILE")].into_iter().flatten() {
        let Ok(bytes) = input::read_file(&file, input::MAX_CREDENTIALS).await else { continue };
        let Ok(config) = serde_json::from_slice::<serde_json::Value>(&bytes) else { continue };
        for section in ["auths", "credHelpers"] {
            let members = config.get(section).and_then(|section| section.as_object());
            hosts.extend(members.into_iter().flat_map(|members| members.keys()).filter_map(|key| host_of(key)));
        }
    }
    hosts
}

/// The host in a key of docker's configuration, which may be a URL.
fn host_of(key: &str) -> Option<String> {
    let host = key.split_once("://").map_or(key, |(_, rest)| rest).split('/').next()?;
    let host = if host == "index.docker.io" { "docker.io" } else { host };
    (!host.is_empty()).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_found_in_every_form() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        assert_eq!(option(&words("rls tags -r reg:5000 x"), "--registry", "-r"), Some("reg:5000"));
        assert_eq!(option(&words("rls --registry=reg tags"), "--registry", "-r"), Some("reg"));
        assert_eq!(option(&words("rls tags"), "--registry", "-r"), None);
    }

    #[test]
    fn keys_of_docker_are_hosts() {
        assert_eq!(host_of("https://index.docker.io/v1/").as_deref(), Some("docker.io"));
        assert_eq!(host_of("registry.corp:5000").as_deref(), Some("registry.corp:5000"));
        assert_eq!(host_of("registry.corp/team").as_deref(), Some("registry.corp"));
    }
}
