//! REPO|REGISTRY arguments: single repositories, and all of a registry or below a prefix.

use std::cell::Cell;
use std::rc::Rc;

use futures::stream::LocalBoxStream;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use registry_ls::Kind;
use registry_ls::error::{Error, Missing, Result};
use registry_ls::name::{Registry, Repository, Tag};
use registry_ls::registry::{CatalogOptions, Client, RepositoryHandle};

use super::context::Context;
use crate::args::FilterArgs;
use crate::report::CommandError;
use crate::usage::Usage;

/// Where repositories come from.
pub(super) enum Source {
    /// One that was named.
    Named(RepositoryHandle),
    /// A path in a registry: a repository if it exists, else the prefix of repositories.
    Path(RepositoryHandle),
    /// The catalog of a registry, below a path.
    Catalog(Client, Option<Repository>),
}

/// A repository to work on.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub repository: RepositoryHandle,
    pub origin: Origin,
}

/// Why a repository is worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// It was named.
    Named,
    /// It was named, and may be the prefix of repositories instead.
    Path,
    /// A catalog lists it.
    Listed,
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
                Some(path) => Source::Path(client.repository(path.repository())),
            });
        }
        Ok(sources)
    }
}

impl Source {
    /// The registry.
    pub fn registry(&self) -> &Registry {
        match self {
            Self::Named(repository) | Self::Path(repository) => repository.registry(),
            Self::Catalog(client, _) => client.registry(),
        }
    }

    /// Whether its repositories come from a catalog.
    pub fn is_catalog(&self) -> bool {
        matches!(self, Self::Catalog(..))
    }

    /// Its repositories; of a catalog those that the filter keeps.
    pub fn targets<'a>(
        &'a self,
        context: &'a Context<'_>,
        filter: &'a FilterArgs,
    ) -> LocalBoxStream<'a, Result<Target, CommandError>> {
        let one = |repository: &RepositoryHandle, origin| {
            stream::iter([Ok(Target { repository: repository.clone(), origin })]).boxed_local()
        };
        match self {
            Self::Named(repository) => one(repository, Origin::Named),
            Self::Path(repository) => one(repository, Origin::Path),
            Self::Catalog(client, root) => {
                let hint_context = |error: &Error| {
                    let hint_context = context.hint_context(client.registry());
                    if is_missing(error) { hint_context } else { hint_context.of_listing() }
                };
                catalog(client, root.as_ref(), filter)
                    .map_err(move |error| CommandError::Failed(error.clone(), Box::new(hint_context(&error))))
                    .map_ok(|name| Target { repository: client.repository(&name), origin: Origin::Listed })
                    .boxed_local()
            }
        }
    }
}

impl Target {
    /// The repositories below it, if it turned out not to be one.
    pub fn as_prefix(&self) -> Source {
        Source::Catalog(self.repository.client().clone(), Some(self.repository.name().clone()))
    }

    /// Its tags.
    ///
    /// # Errors
    ///
    /// Those of listing them.
    pub async fn tags(&self) -> Result<Vec<Tag>> {
        self.unless_emptied(self.repository.tags().try_collect().await)
    }

    /// Nothing, where a repository of a catalog is not found: distribution lists it after its last tag was removed.
    pub fn unless_emptied<T: Default>(&self, found: Result<T>) -> Result<T> {
        match found {
            Err(error) if self.origin == Origin::Listed && is_absent(&error) => Ok(T::default()),
            found => found,
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

/// Whether the registry says that something does not exist, and not a page in its place.
fn is_absent(error: &Error) -> bool {
    error.is_not_found() && !error.reply().is_some_and(|reply| reply.is_page)
}

fn is_missing(error: &Error) -> bool {
    matches!(error.kind(), Kind::NotFound(Missing::Repository))
}
