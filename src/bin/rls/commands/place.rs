//! Which of two things an address means: the registry answers.

use std::collections::HashMap;
use std::sync::Arc;

use futures::TryStreamExt;
use registry_ls::name::{Reference, Registry, Repository};
use registry_ls::registry::Client;

use super::{Context, Named};
use crate::config::Place;
use crate::report::CommandError;

/// The API's own path, which may stand before a repository's when an address was pasted without its scheme.
const API: &str = "v2/";

impl Context<'_> {
    /// What `REGISTRY[/PATH]` names. Where the path of an address may belong to the registry or to the repository, the registry is asked.
    pub(super) async fn place(&self, text: Option<&str>) -> Result<(Registry, Option<Reference>), CommandError> {
        let Place { registry, path, otherwise } = self.settings.catalog(text).map_err(crate::usage::Usage::from)?;
        let Some((host, repository)) = otherwise else { return Ok((registry, path)) };
        // What answers on PREFIX/v2/ is a registry there. Whatever else is wrong is seen, and said, by who goes on.
        if self.is_registry(&registry).await? != Some(false) || self.is_registry(&host).await? != Some(true) {
            return Ok((registry, path));
        }
        self.report
            .hint(&format!("{registry} is not a registry; reading it as {repository} in {}", host.with_scheme()));
        Ok((host, Some(repository)))
    }

    /// The clients of what is named. An address may have the registry's prefix at the beginning of its path: where no registry answers
    /// at the host itself, it is looked for below.
    pub(super) async fn located<T>(
        &self,
        named: Vec<Named<T>>,
        path: impl Fn(&T) -> &Repository,
        change: impl Fn(T, Repository) -> T,
    ) -> Result<Vec<(Arc<Client>, T)>, CommandError> {
        let mut answers = HashMap::new();
        let mut located = Vec::with_capacity(named.len());
        for Named { registry, name, is_address } in named {
            let below = match is_address && registry.prefix().is_none() {
                true => self.below(&registry, path(&name), &mut answers).await?,
                false => None,
            };
            located.push(match below {
                Some((registry, path)) => (self.client(&registry).await?, change(name, path)),
                None => (self.client(&registry).await?, name),
            });
        }
        Ok(located)
    }

    /// The registry that the first components of a path lead to, and the rest of the path.
    async fn below(
        &self,
        host: &Registry,
        path: &Repository,
        answers: &mut HashMap<Registry, Option<bool>>,
    ) -> Result<Option<(Registry, Repository)>, CommandError> {
        let splits = path.as_str().match_indices('/').map(|(at, _)| (&path.as_str()[..at], &path.as_str()[at + 1..]));
        let splits: Vec<_> = splits
            .filter_map(|(prefix, rest)| {
                let registry = format!("{}/{prefix}", host.with_scheme()).parse::<Registry>().ok()?;
                Some((registry, rest.parse::<Repository>().ok()?))
            })
            .collect();
        if splits.is_empty() || self.answers(host, answers).await? != Some(false) {
            return Ok(None);
        }
        for (registry, rest) in splits {
            let is_news = !answers.contains_key(&registry);
            if self.answers(&registry, answers).await? == Some(true) {
                if is_news {
                    self.report.hint(&format!("reading {path} as {rest} in {registry}"));
                }
                return Ok(Some((registry, rest)));
            }
        }
        Ok(None)
    }

    /// Whether a registry answers there; each is asked once.
    async fn answers(
        &self,
        registry: &Registry,
        answers: &mut HashMap<Registry, Option<bool>>,
    ) -> Result<Option<bool>, CommandError> {
        if let Some(known) = answers.get(registry) {
            return Ok(*known);
        }
        let answer = self.is_registry(registry).await?;
        answers.insert(registry.clone(), answer);
        Ok(answer)
    }

    /// Whether a registry answers there, if that can be told.
    async fn is_registry(&self, registry: &Registry) -> Result<Option<bool>, CommandError> {
        match self.client(registry).await {
            Ok(client) => self.until_shutdown(client.is_registry()).await,
            Err(_) => Ok(None),
        }
    }

    /// Names as they were meant: a path that begins with `v2/` and does not exist is read without it.
    pub(super) async fn without_api<T>(
        &self,
        named: Vec<(Arc<Client>, T)>,
        path: impl Fn(&T) -> &Repository,
        change: impl Fn(T, Repository) -> T,
    ) -> Result<Vec<(Arc<Client>, T)>, CommandError> {
        let mut meant = Vec::with_capacity(named.len());
        for (client, name) in named {
            let shorter = path(&name).as_str().strip_prefix(API).and_then(|path| path.parse::<Repository>().ok());
            let shorter = match shorter {
                Some(shorter) if self.until_shutdown(is_missing(&client, path(&name))).await? => Some(shorter),
                _ => None,
            };
            meant.push(match shorter {
                Some(shorter) if !self.until_shutdown(is_missing(&client, &shorter)).await? => {
                    self.report.hint(&format!("{} does not exist; reading {shorter}", path(&name)));
                    (client, change(name, shorter))
                }
                _ => (client, name),
            });
        }
        Ok(meant)
    }
}

/// Whether the registry says that there is no such repository.
async fn is_missing(client: &Client, repository: &Repository) -> bool {
    let mut tags = std::pin::pin!(client.tag_batches(repository));
    tags.try_next().await.is_err_and(|error| error.is_not_found())
}
