//! Goes through the repositories that arguments name: single ones, and all of a registry. A file can note which are
//! finished, so that an interrupted walk is continued.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Stdout, Write};
use std::path::{Path, PathBuf};

use futures::stream::LocalBoxStream;
use futures::{StreamExt, TryStreamExt, stream};
use registry_ls::error::{Error, Result};
use registry_ls::name::Repository;
use registry_ls::registry::{CatalogOptions, Client, RepositoryHandle};
use registry_ls::{Kind, error};

use super::context::Context;
use super::stream::next_or_flush;
use crate::args::WalkArgs;
use crate::input;
use crate::output::{Output, View};
use crate::report::CommandError;
use crate::usage::Usage;

/// How many repositories are worked on at once.
const MAX_REPOSITORIES: usize = 16;

/// The repositories of a command.
pub(super) struct Walk<'a> {
    context: &'a Context<'a>,
    args: &'a WalkArgs,
    sources: Vec<Source>,
    notes: Option<Notes>,
}

/// Where repositories come from.
enum Source {
    /// One that was named.
    Named(RepositoryHandle),
    /// The catalog of a registry, below a path.
    Catalog(Client, Option<Repository>),
}

impl<'a> Walk<'a> {
    /// Finds out what the arguments name.
    pub async fn open(context: &'a Context<'a>, args: &'a WalkArgs) -> Result<Self, CommandError> {
        let notes = match &args.resume {
            Some(path) => Some(context.until_shutdown(Notes::open(path)).await??),
            None => None,
        };
        let mut sources = Vec::new();
        if args.places.is_empty() {
            let Some(registry) = context.settings.known_registry(None)? else {
                return Err(Usage::new("no repository or registry is named")
                    .hint("name one, use --registry, or set RLS_REGISTRY")
                    .into());
            };
            sources.push(Source::Catalog(context.client(&registry).await?, None));
        }
        for text in &args.places {
            if text == "-" {
                let named = context.repositories(std::slice::from_ref(text)).await?;
                sources.extend(named.into_iter().map(Source::Named));
                continue;
            }
            let (registry, path) = context.place(Some(text)).await?;
            let client = context.client(&registry).await?;
            sources.push(match path {
                None => Source::Catalog(client, None),
                Some(path) => {
                    let repository = client.repository(path.repository());
                    match context.until_shutdown(is_repository(&repository)).await? {
                        Ok(true) => Source::Named(repository),
                        Ok(false) => Source::Catalog(client, Some(path.repository().clone())),
                        Err(error) => return Err(context.failed(&registry, error)),
                    }
                }
            });
        }
        Ok(Self { context, args, sources, notes })
    }

    /// Whether names are printed in full.
    pub fn shows_full(&self) -> bool {
        let registries = self.sources.iter().map(|source| match source {
            Source::Named(repository) => repository.registry(),
            Source::Catalog(client, _) => client.registry(),
        });
        self.context.shows_full(registries)
    }

    /// Calls `work` for each repository, several at once, and `write` with what comes of it, in order. A repository
    /// that fails does not keep the others from being looked at.
    pub async fn each<T, V, F>(
        &self,
        output: &mut Output<V, Stdout>,
        work: impl Fn(RepositoryHandle) -> F,
        mut write: impl FnMut(&mut Output<V, Stdout>, &RepositoryHandle, T) -> Result<(), CommandError>,
    ) -> Result<(), CommandError>
    where
        V: View,
        F: Future<Output = Result<T>>,
    {
        let progress = self.context.progress("repositories");
        let work = &work;
        let mut done = self
            .repositories()
            .map(|repository| async move {
                let repository = repository?;
                let outcome = work(repository.clone()).await;
                Ok((repository, outcome))
            })
            .buffered(MAX_REPOSITORIES)
            .boxed_local();
        let (mut count, mut failed) = (0_usize, false);
        while let Some(item) = next_or_flush(self.context, &mut done, output).await? {
            let (repository, outcome) = match item {
                Ok(item) => item,
                // The other registries are looked at all the same.
                Err(CommandError::Failed(error, hint_context))
                    if self.sources.len() > 1 && !matches!(error.kind(), Kind::TimedOut) =>
                {
                    failed = true;
                    self.context.report.failure(&error, &hint_context);
                    continue;
                }
                Err(error) => return Err(error),
            };
            count += 1;
            progress.inc(1);
            match outcome {
                Ok(found) => {
                    self.context.report.success();
                    write(output, &repository, found)?;
                    self.note(&repository, output).await?;
                }
                Err(error) => {
                    failed = true;
                    self.context.report.failure(&error, &self.context.hint_context(repository.registry()));
                }
            }
        }
        if let [Source::Catalog(client, Some(root))] = &self.sources[..]
            && count == 0
            && self.notes.is_none()
        {
            let what = format!("{root} not found on {}", client.registry());
            let missing = Error::new(Kind::NotFound(error::Missing::Repository), what);
            return Err(self.context.failed(client.registry(), missing));
        }
        match &self.notes {
            Some(notes) if !failed => notes.remove(),
            _ => Ok(()),
        }
    }

    /// Notes that a repository is finished, once its records are printed.
    async fn note<V: View>(
        &self,
        repository: &RepositoryHandle,
        output: &mut Output<V, Stdout>,
    ) -> Result<(), CommandError> {
        let Some(notes) = &self.notes else { return Ok(()) };
        output.flush()?;
        notes.add(&repository.registry().qualify(repository.name()))
    }

    fn repositories(&self) -> LocalBoxStream<'_, Result<RepositoryHandle, CommandError>> {
        let all = stream::iter(&self.sources).flat_map(|source| match source {
            Source::Named(repository) => stream::iter([Ok(repository.clone())]).boxed_local(),
            Source::Catalog(client, root) => self.catalog(client, root.as_ref()),
        });
        all.try_filter(|repository| {
            let is_new = self
                .notes
                .as_ref()
                .is_none_or(|notes| !notes.done.contains(&repository.registry().qualify(repository.name())));
            std::future::ready(is_new)
        })
        .boxed_local()
    }

    fn catalog<'s>(
        &'s self,
        client: &'s Client,
        root: Option<&'s Repository>,
    ) -> LocalBoxStream<'s, Result<RepositoryHandle, CommandError>> {
        let is_kept = move |name: &Repository| {
            let rest = |root: &Repository| name.as_str().strip_prefix(root.as_str()).map(str::to_owned);
            let is_below =
                root.is_none_or(|root| rest(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
            is_below && self.args.filter.keeps(name.as_str())
        };
        let names = client.catalog_batches(&CatalogOptions::default()).map_ok(move |mut names| {
            names.retain(is_kept);
            names
        });
        let listed = client.prefetching(names);
        let failed =
            |error| CommandError::Failed(error, Box::new(self.context.hint_context(client.registry()).of_listing()));
        listed.map(move |name| name.map(|name| client.repository(&name)).map_err(failed)).boxed_local()
    }
}

/// Whether the registry lists tags of this repository.
async fn is_repository(repository: &RepositoryHandle) -> Result<bool> {
    match repository.tags().batches().try_next().await {
        Ok(_) => Ok(true),
        Err(error) if error.is_not_found() => Ok(false),
        Err(error) => Err(error),
    }
}

/// The file of `--resume`: the full names of the repositories that are finished, one per line.
struct Notes {
    path: PathBuf,
    done: HashSet<String>,
    file: RefCell<File>,
}

impl Notes {
    async fn open(path: &Path) -> Result<Self, Usage> {
        let owned = path.to_owned();
        let opened = input::blocking(move || open(&owned)).await.and_then(|opened| opened);
        let (done, file) = opened.map_err(|error| unusable(path, &error))?;
        Ok(Self { path: path.to_owned(), done, file: RefCell::new(file) })
    }

    fn add(&self, name: &str) -> Result<(), CommandError> {
        let line = format!("{name}\n");
        self.file.borrow_mut().write_all(line.as_bytes()).map_err(|error| unusable(&self.path, &error).into())
    }

    fn remove(&self) -> Result<(), CommandError> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unusable(&self.path, &error).into()),
            _ => Ok(()),
        }
    }
}

/// Reads the notes of an earlier run, if there was one, and opens them for more. A last line that an interruption cut
/// off is no note.
fn open(path: &Path) -> io::Result<(HashSet<String>, File)> {
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(io::Error::other("not a regular file"));
    }
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    let mut text = String::new();
    let length = io::Read::read_to_string(&mut io::Read::take(&mut file, input::MAX_LIST + 1), &mut text)?;
    if length as u64 > input::MAX_LIST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    file.set_len(whole as u64)?;
    Ok((text[..whole].lines().map(str::to_owned).collect(), file))
}

fn unusable(path: &Path, error: &io::Error) -> Usage {
    Usage::new(format!("cannot use --resume {}", path.display())).because(error)
}
