//! Goes through the repositories that arguments name: single ones, and all of a registry. A file can note which are
//! finished, so that an interrupted walk is continued.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Stdout, Write};
use std::path::{Path, PathBuf};

use futures::{StreamExt, TryStreamExt, stream};
use registry_ls::Kind;
use registry_ls::error::{Error, Result};
use registry_ls::name::{Located, Repository};
use registry_ls::registry::RepositoryHandle;

use super::context::Context;
use super::places::{Origin, Source, Target};
use super::stream::next_or_flush;
use crate::args::WalkArgs;
use crate::input;
use crate::output::{Output, Progress, View};
use crate::report::CommandError;
use crate::usage::Usage;

/// How many repositories are worked on at once.
const MAX_REPOSITORIES: usize = 16;

/// The most bytes of notes: what does not fit is worked on again.
const MAX_NOTES: u64 = 4 * input::MAX_LIST;

/// The repositories of a command.
pub(super) struct Walk<'a> {
    context: &'a Context<'a>,
    args: &'a WalkArgs,
    sources: Vec<Source>,
    width: usize,
    /// Whether finished repositories are worked on with their states.
    keeps_states: bool,
    notes: Option<Notes>,
}

/// What is noted of a repository once its records are printed.
pub(super) enum Note {
    /// That it is finished.
    Finished,
    /// The same, and what was found, on one line: [`Walk::state`] returns it in the next run.
    State(String),
    /// Nothing: it is worked on again.
    Unfinished,
}

impl Note {
    /// The note of a repository of which some things could not be read: what is missing for good is not read again.
    pub fn after<'a>(failures: impl IntoIterator<Item = &'a Error>) -> Self {
        if failures.into_iter().all(Error::is_not_found) { Self::Finished } else { Self::Unfinished }
    }
}

impl<'a> Walk<'a> {
    /// Finds out what the arguments name.
    pub async fn open(context: &'a Context<'a>, args: &'a WalkArgs) -> Result<Self, CommandError> {
        let notes = match &args.resume {
            Some(path) => Some(context.until_shutdown(Notes::open(path)).await??),
            None => None,
        };
        let sources = context.sources(&args.places).await?;
        Ok(Self { context, args, sources, width: MAX_REPOSITORIES, keeps_states: false, notes })
    }

    /// Works on at most `width` repositories at once.
    pub fn with_width(self, width: usize) -> Self {
        Self { width, ..self }
    }

    /// Works on finished repositories, too: with the states that an earlier run has noted of them.
    pub fn with_states(self) -> Self {
        Self { keeps_states: true, ..self }
    }

    /// What the arguments name.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Whether names are printed in full.
    pub fn shows_full(&self) -> bool {
        self.context.shows_full(self.sources.iter().map(Source::registry))
    }

    /// Whether what was found is noted.
    pub fn is_noted(&self) -> bool {
        self.notes.is_some()
    }

    /// What an earlier run has noted of a repository; empty if that it is finished.
    pub fn state(&self, repository: &RepositoryHandle) -> Option<&str> {
        let notes = self.notes.as_ref()?;
        notes.done.get(&full_name(repository)).map(String::as_str)
    }

    /// Calls `work` for each repository, several at once, and `write` with each result, in order. A repository that
    /// fails does not prevent the others from being read.
    ///
    /// A path is a repository unless `work` fails with "not found", then the prefix of repositories: this saves listing
    /// its tags once more.
    pub async fn each<T, V, F>(
        &self,
        output: &mut Output<V, Stdout>,
        work: impl Fn(Target) -> F,
        write: impl FnMut(&mut Output<V, Stdout>, &Target, T) -> Result<Note, CommandError>,
    ) -> Result<(), CommandError>
    where
        V: View,
        F: Future<Output = Result<T>>,
    {
        let progress = self.context.progress("repositories");
        let (seen, failed) = (RefCell::default(), false);
        let mut visit = Visit { walk: self, output, work, write, progress, seen, failed };
        for sources in self.sources.chunk_by(|one, next| !one.is_catalog() && !next.is_catalog()) {
            for prefix in visit.targets(sources).await? {
                visit.targets(&[prefix]).await?;
            }
        }
        match &self.notes {
            Some(notes) if !visit.failed => notes.remove(),
            _ => Ok(()),
        }
    }
}

/// A walk that is going on.
struct Visit<'v, 'a, V: View, W, X> {
    walk: &'v Walk<'a>,
    output: &'v mut Output<V, Stdout>,
    work: W,
    write: X,
    progress: Progress,
    /// The full names of the repositories so far: one that is named twice is worked on once.
    seen: RefCell<HashSet<String>>,
    failed: bool,
}

impl<V: View, W, X> Visit<'_, '_, V, W, X> {
    /// Works on the repositories of some sources. Returns those that turned out to be prefixes.
    async fn targets<T, F>(&mut self, sources: &[Source]) -> Result<Vec<Source>, CommandError>
    where
        W: Fn(Target) -> F,
        F: Future<Output = Result<T>>,
        X: FnMut(&mut Output<V, Stdout>, &Target, T) -> Result<Note, CommandError>,
    {
        let (walk, context, work, seen) = (self.walk, self.walk.context, &self.work, &self.seen);
        let targets = stream::iter(sources).flat_map(|source| source.targets(context, &walk.args.filter));
        let is_left = |target: &Target| {
            let is_new = seen.borrow_mut().insert(full_name(&target.repository));
            std::future::ready(is_new && (walk.keeps_states || walk.state(&target.repository).is_none()))
        };
        let mut done = targets
            .try_filter(is_left)
            .map(|target| async move {
                let target = target?;
                let outcome = work(target.clone()).await;
                Ok((target, outcome))
            })
            .buffered(walk.width)
            .boxed_local();
        let mut prefixes = Vec::new();
        while let Some(item) = next_or_flush(context, &mut done, self.output).await? {
            let (target, outcome): (Target, Result<T>) = match item {
                Ok(item) => item,
                // The other registries are still read.
                Err(CommandError::Failed(error, hint_context))
                    if walk.sources.len() > 1 && !matches!(error.kind(), Kind::TimedOut) =>
                {
                    self.failed = true;
                    context.report.failure(&error, &hint_context);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let found = match outcome {
                Ok(found) => found,
                Err(error) if target.origin == Origin::Path && error.is_not_found() => {
                    // It may still be one: an emptied one, or one whose list a proxy keeps back.
                    seen.borrow_mut().remove(&full_name(&target.repository));
                    prefixes.push(target.as_prefix());
                    continue;
                }
                Err(error) => {
                    self.progress.inc(1);
                    self.failed = true;
                    context.report.failure(&error, &context.hint_context(target.repository.registry()));
                    continue;
                }
            };
            self.progress.inc(1);
            let note = (self.write)(self.output, &target, found)?;
            match note {
                Note::Unfinished => self.failed = true,
                Note::Finished | Note::State(_) => context.report.success(),
            }
            if let Some(notes) = &walk.notes {
                self.output.flush()?;
                notes.add(&target.repository, &note)?;
            }
        }
        Ok(prefixes)
    }
}

/// The file of `--resume`: the full names of the repositories that are finished, one per line, each with its state if
/// it has one.
struct Notes {
    path: PathBuf,
    /// The states by name; empty where a repository has none.
    done: HashMap<String, String>,
    file: RefCell<File>,
    length: Cell<u64>,
}

impl Notes {
    async fn open(path: &Path) -> Result<Self, Usage> {
        let owned = path.to_owned();
        let opened = input::blocking(move || open(&owned)).await.and_then(|opened| opened);
        let (text, file) = opened.map_err(|error| unusable(path, &error))?;
        let of_line = |line: &str| {
            let state = line.split_once('\t').map_or("", |(_, state)| state);
            (name_of(line).to_owned(), state.to_owned())
        };
        let done = text.lines().map(of_line).collect();
        Ok(Self { path: path.to_owned(), done, file: RefCell::new(file), length: Cell::new(text.len() as u64) })
    }

    fn add(&self, repository: &RepositoryHandle, note: &Note) -> Result<(), CommandError> {
        let name = full_name(repository);
        let line = match note {
            Note::Unfinished => return Ok(()),
            Note::Finished => format!("{name}\n"),
            Note::State(state) => format!("{name}\t{state}\n"),
        };
        let length = self.length.get() + line.len() as u64;
        if self.done.contains_key(&name) || length > MAX_NOTES {
            return Ok(());
        }
        self.length.set(length);
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
fn open(path: &Path) -> io::Result<(String, File)> {
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(io::Error::other("not a regular file"));
    }
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    let mut text = String::new();
    let length = io::Read::read_to_string(&mut io::Read::take(&mut file, MAX_NOTES + 1), &mut text)?;
    if length as u64 > MAX_NOTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let end = text.rfind('\n').map_or(0, |end| end + 1);
    // The file is removed in the end, so it must be one of these notes.
    let is_note = |line: &str| Located::<Repository>::read(name_of(line)).is_ok_and(|name| name.registry.is_some());
    if !text[..end].lines().all(is_note) || text[end..].contains(|cut: char| cut == ' ' || !cut.is_ascii()) {
        return Err(io::Error::other("it has something else than the notes of an earlier run"));
    }
    text.truncate(end);
    file.set_len(text.len() as u64)?;
    Ok((text, file))
}

fn full_name(repository: &RepositoryHandle) -> String {
    repository.registry().qualify(repository.name())
}

fn name_of(line: &str) -> &str {
    line.split('\t').next().unwrap_or_default()
}

fn unusable(path: &Path, error: &io::Error) -> Usage {
    Usage::new(format!("cannot use --resume {}", path.display())).because(error)
}
