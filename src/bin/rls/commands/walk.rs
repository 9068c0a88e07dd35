//! Goes through the repositories that arguments name: single ones, and all of a registry. A file can note which are
//! finished, so that an interrupted walk is continued.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Stdout, Write};
use std::path::{Path, PathBuf};

use futures::stream::LocalBoxStream;
use futures::{StreamExt, TryStreamExt, stream};
use registry_ls::Kind;
use registry_ls::error::Result;
use registry_ls::registry::RepositoryHandle;

use super::context::Context;
use super::places::Source;
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

impl<'a> Walk<'a> {
    /// Finds out what the arguments name.
    pub async fn open(context: &'a Context<'a>, args: &'a WalkArgs) -> Result<Self, CommandError> {
        let notes = match &args.resume {
            Some(path) => Some(context.until_shutdown(Notes::open(path)).await??),
            None => None,
        };
        let sources = context.sources(&args.places).await?;
        Ok(Self { context, args, sources, notes })
    }

    /// Whether names are printed in full.
    pub fn shows_full(&self) -> bool {
        self.context.shows_full(self.sources.iter().map(Source::registry))
    }

    /// Calls `work` for each repository, several at once, and `write` with each result, in order. A repository that
    /// fails does not prevent the others from being read.
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
        let mut failed = false;
        while let Some(item) = next_or_flush(self.context, &mut done, output).await? {
            let (repository, outcome) = match item {
                Ok(item) => item,
                // The other registries are still read.
                Err(CommandError::Failed(error, hint_context))
                    if self.sources.len() > 1 && !matches!(error.kind(), Kind::TimedOut) =>
                {
                    failed = true;
                    self.context.report.failure(&error, &hint_context);
                    continue;
                }
                Err(error) => return Err(error),
            };
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
        let all = stream::iter(&self.sources).flat_map(|source| source.repositories(self.context, &self.args.filter));
        all.try_filter(|repository| {
            let is_new = self
                .notes
                .as_ref()
                .is_none_or(|notes| !notes.done.contains(&repository.registry().qualify(repository.name())));
            std::future::ready(is_new)
        })
        .boxed_local()
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
