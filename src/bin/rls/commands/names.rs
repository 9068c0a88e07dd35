//! From arguments and lines of standard input to repositories, and references in them.
//!
//! Some names can be read in two ways: the path of a URL may begin with a prefix of the registry
//! (`https://HOST/PREFIX/REPO`), and a pasted API path begins with `v2/`. The registry's answer decides; a hint says
//! how the name was read.

use std::collections::HashMap;

use futures::TryStreamExt;
use registry_ls::name::{Located, Reference, Registry, Repository};
use registry_ls::registry::{Client, RepositoryHandle};

use super::context::Context;
use crate::command_line::rls;
use crate::config::{Line, Place, Settings};
use crate::input;
use crate::report::CommandError;
use crate::usage::Usage;

/// The first component of API paths, which may precede a repository when a URL was pasted without its scheme.
const API: &str = "v2/";

/// A parsed name and its registry.
struct Named<T> {
    registry: Registry,
    name: T,
    /// Whether it was written as a URL.
    is_url: bool,
}

/// Whether a registry responds at each address that was probed; `None` if that could not be determined.
type Probes = HashMap<Registry, Option<bool>>;

impl Context<'_> {
    /// Reads REFs, with their repositories; `-` stands for the lines of standard input.
    pub(super) async fn references(
        &self,
        texts: &[String],
    ) -> Result<Vec<(RepositoryHandle, Reference)>, CommandError> {
        let named = self.names(texts, Line::Name, Settings::reference).await?;
        let named = self.located(named, Reference::repository, Reference::in_repository).await?;
        let named = self.without_api(named, Reference::repository, Reference::in_repository).await?;
        Ok(named.into_iter().map(in_repository).collect())
    }

    /// As [`Context::references`], for removals: every line of standard input must name its registry.
    pub(super) async fn references_to_remove(
        &self,
        texts: &[String],
    ) -> Result<Vec<(RepositoryHandle, Reference)>, CommandError> {
        let named = self.names(texts, Line::FullName, Settings::reference).await?;
        let named = self.located(named, Reference::repository, Reference::in_repository).await?;
        Ok(named.into_iter().map(in_repository).collect())
    }

    /// Reads REPOs; `-` stands for the lines of standard input.
    pub(super) async fn repositories(&self, texts: &[String]) -> Result<Vec<RepositoryHandle>, CommandError> {
        let named = self.names(texts, Line::Name, Settings::repository_in).await?;
        let named = self.located(named, |repository| repository, |_, path| path).await?;
        let named = self.without_api(named, |repository| repository, |_, path| path).await?;
        Ok(named.iter().map(|(client, repository)| client.repository(repository)).collect())
    }

    /// Reads `REGISTRY[/PATH]`. If the path of a URL could belong to the registry or be a repository, the registry is
    /// probed.
    pub(super) async fn place(&self, text: Option<&str>) -> Result<(Registry, Option<Reference>), CommandError> {
        let Place { registry, path, otherwise } = self.settings.catalog(text).map_err(|error| match text {
            Some(text) if is_glob(text) => Usage::from(error).hint(match split_registry(text) {
                (Some(registry), glob) => format!("use {registry} --match '{glob}'"),
                (None, glob) => format!("use --match '{glob}'"),
            }),
            _ => Usage::from(error),
        })?;
        let Some((host, repository)) = otherwise else { return Ok((registry, path)) };
        // A response on PREFIX/v2/ means a registry with that prefix. Other problems are left to the requests that
        // follow.
        if self.is_registry(&registry).await? != Some(false) || self.is_registry(&host).await? != Some(true) {
            return Ok((registry, path));
        }
        self.report
            .hint(&format!("{registry} is not a registry; reading it as {repository} in {}", host.with_scheme()));
        Ok((host, Some(repository)))
    }

    /// Parses arguments, and for `-` the lines of standard input. All names are parsed before the first is used.
    async fn names<T>(
        &self,
        arguments: &[String],
        line: Line,
        parse: impl Fn(&Settings, &str) -> registry_ls::Result<(Registry, T)>,
    ) -> Result<Vec<Named<T>>, CommandError> {
        let named = |text: &str| match parse(self.settings, text) {
            Ok((registry, name)) => Ok(Named { registry, name, is_url: text.contains("://") }),
            Err(error) => Err(match advice(text) {
                Some(advice) => Usage::from(error).hint(advice),
                None => Usage::from(error),
            }),
        };
        let mut names = Vec::with_capacity(arguments.len());
        for argument in arguments {
            if argument != "-" {
                names.push(named(argument)?);
                continue;
            }
            let list = self.until_shutdown(input::read_stdin("the names", input::MAX_LIST)).await??;
            for (number, text) in input::names(&list)? {
                let name = self.settings.check_line(&text, line).and_then(|()| named(&text));
                names.push(name.map_err(|error| error.because(format!("line {number} of standard input")))?);
            }
        }
        Ok(names)
    }

    /// Finds the clients of named things. If no registry responds at the host of a URL, prefixes of its path are
    /// probed.
    async fn located<T>(
        &self,
        named: Vec<Named<T>>,
        path: impl Fn(&T) -> &Repository,
        with_path: impl Fn(T, Repository) -> T,
    ) -> Result<Vec<(Client, T)>, CommandError> {
        let mut probes = Probes::new();
        let mut located = Vec::with_capacity(named.len());
        for Named { registry, name, is_url } in named {
            let below = match is_url && registry.prefix().is_none() {
                true => self.with_prefix(&registry, path(&name), &mut probes).await?,
                false => None,
            };
            located.push(match below {
                Some((registry, path)) => (self.client(&registry).await?, with_path(name, path)),
                None => (self.client(&registry).await?, name),
            });
        }
        Ok(located)
    }

    /// Splits a path into the prefix of a registry that responds, and the repository there.
    async fn with_prefix(
        &self,
        host: &Registry,
        path: &Repository,
        probes: &mut Probes,
    ) -> Result<Option<(Registry, Repository)>, CommandError> {
        let splits = path.as_str().match_indices('/').map(|(at, _)| (&path.as_str()[..at], &path.as_str()[at + 1..]));
        let splits: Vec<_> = splits
            .filter_map(|(prefix, rest)| {
                let registry = format!("{}/{prefix}", host.with_scheme()).parse::<Registry>().ok()?;
                Some((registry, rest.parse::<Repository>().ok()?))
            })
            .collect();
        if splits.is_empty() || self.probe(host, probes).await? != Some(false) {
            return Ok(None);
        }
        for (registry, rest) in splits {
            let is_first_probe = !probes.contains_key(&registry);
            if self.probe(&registry, probes).await? == Some(true) {
                if is_first_probe {
                    self.report.hint(&format!("reading {path} as {rest} in {registry}"));
                }
                return Ok(Some((registry, rest)));
            }
        }
        Ok(None)
    }

    /// As [`Context::is_registry`], with one request per address.
    async fn probe(&self, registry: &Registry, probes: &mut Probes) -> Result<Option<bool>, CommandError> {
        if let Some(known) = probes.get(registry) {
            return Ok(*known);
        }
        let answer = self.is_registry(registry).await?;
        probes.insert(registry.clone(), answer);
        Ok(answer)
    }

    /// Whether a registry responds at this address; `None` if that cannot be determined.
    async fn is_registry(&self, registry: &Registry) -> Result<Option<bool>, CommandError> {
        match self.client(registry).await {
            Ok(client) => self.until_shutdown(client.is_registry()).await,
            Err(_) => Ok(None),
        }
    }

    /// Drops `v2/` from paths that do not exist with it, but do without.
    async fn without_api<T>(
        &self,
        named: Vec<(Client, T)>,
        path: impl Fn(&T) -> &Repository,
        with_path: impl Fn(T, Repository) -> T,
    ) -> Result<Vec<(Client, T)>, CommandError> {
        let mut corrected = Vec::with_capacity(named.len());
        for (client, name) in named {
            let shorter = path(&name).as_str().strip_prefix(API).and_then(|path| path.parse::<Repository>().ok());
            let shorter = match shorter {
                Some(shorter) if self.until_shutdown(is_missing(client.repository(path(&name)))).await? => {
                    Some(shorter)
                }
                _ => None,
            };
            corrected.push(match shorter {
                Some(shorter) if !self.until_shutdown(is_missing(client.repository(&shorter))).await? => {
                    self.report.hint(&format!("{} does not exist; reading {shorter}", path(&name)));
                    (client, with_path(name, shorter))
                }
                _ => (client, name),
            });
        }
        Ok(corrected)
    }
}

/// Whether a text that is not a name was meant as a pattern of names.
pub(super) fn is_glob(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

/// The registry that a pattern of names begins with, as it is written, and the pattern of paths in it.
pub(super) fn split_registry(pattern: &str) -> (Option<&str>, &str) {
    let host = pattern.find("://").map_or(0, |at| at + "://".len());
    let Some(slash) = pattern[host..].find('/') else { return (None, pattern) };
    let (registry, paths) = pattern.split_at(host + slash);
    let names_registry = || {
        let named = Located::<Repository>::read(&format!("{registry}/x"));
        named.is_ok_and(|named| named.registry.is_some())
    };
    if names_registry() { (Some(registry), &paths[1..]) } else { (None, pattern) }
}

/// What to type instead of something that is not the name of a repository.
fn advice(text: &str) -> Option<String> {
    if is_glob(text) {
        return Some(match text.rsplit_once(':') {
            Some((name, glob)) if !name.is_empty() && !glob.contains('/') => {
                format!("use {name} --match '{glob}' for its tags")
            }
            _ => format!("use --match GLOB for tags, or '{}' for repositories", rls("repos --match GLOB")),
        });
    }
    if let Some(folder) = text.strip_suffix('/').filter(|folder| folder.parse::<Repository>().is_ok()) {
        return Some(format!("run '{}' to list the repositories below it", rls(format_args!("repos {folder}"))));
    }
    let is_host = |registry: Registry| registry.prefix().is_none();
    let is_registry = text.contains([':', '.']) && Registry::read(text).is_ok_and(is_host);
    is_registry.then(|| format!("run '{}' to list its repositories", rls(format_args!("repos {text}"))))
}

/// Whether the registry says that the repository does not exist.
async fn is_missing(repository: RepositoryHandle) -> bool {
    repository.tags().batches().try_next().await.is_err_and(|error| error.is_not_found())
}

fn in_repository((client, reference): (Client, Reference)) -> (RepositoryHandle, Reference) {
    (client.repository(reference.repository()), reference)
}
