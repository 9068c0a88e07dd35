//! REPO|REGISTRY arguments: single repositories, and all of a registry or below a prefix.

use std::cell::Cell;
use std::rc::Rc;

use futures::stream::LocalBoxStream;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use registry_ls::Kind;
use registry_ls::error::{Error, Missing, Result};
use registry_ls::name::{Registry, Repository};
use registry_ls::registry::{CatalogOptions, Client, RepositoryHandle};

use super::context::Context;
use crate::args::FilterArgs;
use crate::report::CommandError;
use crate::usage::Usage;

/// Where repositories come from.
pub(super) enum Source {
    /// One that was named.
    Named(RepositoryHandle),
    /// The catalog of a registry, below a path.
    Catalog(Client, Option<Repository>),
}

impl Context<'_> {
    /// Finds out what each text names; `-` stands for the lines of standard input. Without texts it is the registry of
    /// `--registry`, `RLS_REGISTRY` or the configuration file.
    pub(super) async fn sources(&self, texts: &[String]) -> Result<Vec<Source>, CommandError> {
        if texts.is_empty() {
            let Some(registry) = self.settings.known_registry(None)? else {
                return Err(Usage::new("no repository or registry is named")
                    .hint("name one, use --registry, or set RLS_REGISTRY")
                    .into());
            };
            return Ok(vec![Source::Catalog(self.client(&registry).await?, None)]);
        }
        let mut sources = Vec::new();
        for text in texts {
            if text == "-" || self.settings.is_image_of_hub(text) {
                let named = self.repositories(std::slice::from_ref(text)).await?;
                sources.extend(named.into_iter().map(Source::Named));
                continue;
            }
            let (registry, path) = self.place(Some(text)).await?;
            let client = self.client(&registry).await?;
            sources.push(match path {
                None => Source::Catalog(client, None),
                Some(path) => {
                    let repository = client.repository(path.repository());
                    match self.until_shutdown(is_repository(&repository)).await? {
                        Ok(true) => Source::Named(repository),
                        Ok(false) => Source::Catalog(client, Some(path.repository().clone())),
                        Err(error) => return Err(self.failed(&registry, error)),
                    }
                }
            });
        }
        Ok(sources)
    }
}

impl Source {
    /// The registry.
    pub fn registry(&self) -> &Registry {
        match self {
            Self::Named(repository) => repository.registry(),
            Self::Catalog(client, _) => client.registry(),
        }
    }

    /// The prefix of its repositories, if it is one.
    pub fn prefix(&self) -> Option<&Repository> {
        match self {
            Self::Named(_) => None,
            Self::Catalog(_, root) => root.as_ref(),
        }
    }

    /// Whether its repositories come from a catalog.
    pub fn is_catalog(&self) -> bool {
        matches!(self, Self::Catalog(..))
    }

    /// Its repositories; of a catalog those that the filter keeps.
    pub fn repositories<'a>(
        &'a self,
        context: &'a Context<'_>,
        filter: &'a FilterArgs,
    ) -> LocalBoxStream<'a, Result<RepositoryHandle, CommandError>> {
        match self {
            Self::Named(repository) => stream::iter([Ok(repository.clone())]).boxed_local(),
            Self::Catalog(client, root) => {
                let hint_context = |error: &Error| {
                    let hint_context = context.hint_context(client.registry());
                    if is_missing(error) { hint_context } else { hint_context.of_listing() }
                };
                catalog(client, root.as_ref(), filter)
                    .map_err(move |error| CommandError::Failed(error.clone(), Box::new(hint_context(&error))))
                    .map_ok(|name| client.repository(&name))
                    .boxed_local()
            }
        }
    }
}

/// The repositories of a registry, or those below a path: an error if there are none at all.
fn catalog<'a>(
    client: &'a Client,
    root: Option<&'a Repository>,
    filter: &'a FilterArgs,
) -> LocalBoxStream<'a, Result<Repository>> {
    let is_below = move |name: &Repository| {
        let rest = |root: &Repository| name.as_str().strip_prefix(root.as_str()).map(str::to_owned);
        root.is_none_or(|root| rest(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
    };
    let found = Rc::new(Cell::new(false));
    let is_found = Rc::clone(&found);
    let names = client.catalog_batches(&CatalogOptions::default()).map_ok(move |mut names| {
        names.retain(&is_below);
        found.set(found.get() || !names.is_empty());
        names.retain(|name| filter.keeps(name.as_str()));
        names
    });
    let names = client.prefetching(names);
    let Some(root) = root else { return names.boxed_local() };
    let missing =
        move || Error::new(Kind::NotFound(Missing::Repository), format!("{root} not found on {}", client.registry()));
    // Without a catalog, all that is known is that there is no such repository.
    let names = names.map_err(move |error| match error.kind() {
        Kind::Unsupported(_) | Kind::NotFound(_) => missing(),
        _ => error,
    });
    let end = async move { (!is_found.get()).then(|| Err(missing())) };
    let end = end.into_stream().filter_map(std::future::ready);
    // What failed is not also reported as missing.
    names
        .chain(end)
        .scan(false, |failed, item| {
            let is_over = std::mem::replace(failed, item.is_err());
            std::future::ready((!is_over).then_some(item))
        })
        .boxed_local()
}

fn is_missing(error: &Error) -> bool {
    matches!(error.kind(), Kind::NotFound(Missing::Repository))
}

/// Whether the registry lists tags of this repository.
async fn is_repository(repository: &RepositoryHandle) -> Result<bool> {
    match repository.tags().batches().try_next().await {
        Ok(_) => Ok(true),
        Err(error) if error.is_not_found() => Ok(false),
        Err(error) => Err(error),
    }
}
