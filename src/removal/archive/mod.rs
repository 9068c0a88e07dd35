//! The archive of removed manifests on disk: their exact bytes and names, so that a removal can be undone.
//!
//! ```
//! use registry_ls::removal::{Archive, Limits};
//! # use registry_ls::registry::Manifest;
//! # use registry_ls::name::Algorithm;
//!
//! # let home = tempfile::tempdir()?;
//! # let folder = home.path().join("removed");
//! # let bytes = br#"{"schemaVersion":2,"manifests":[]}"#;
//! # let manifest = Manifest::read(bytes.as_slice().into(), None, Algorithm::Sha256, "app")?;
//! let archive = Archive::at(folder, Limits::default());
//! let run = archive.begin_run()?;
//! run.keep(&"registry.corp:5000".parse()?, &"team/app".parse()?, Some(&"1.4.0".parse()?), &manifest)?;
//! // … remove team/app:1.4.0 …
//!
//! let newest = &archive.runs()?[0];
//! assert_eq!(newest.id, *run.id());
//! let entry = archive.entries(&newest.id)?.next().expect("one removal");
//! assert_eq!(archive.manifest(&entry)?.bytes, manifest.bytes);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Every method blocks on files. Only their owner may read them. Several processes may use one archive at once. The
//! files are not trusted: damaged entries are skipped with a warning, and a manifest has to match its digest.

mod body;
mod bound;
mod entry;
mod place;
mod run;
mod run_id;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

pub use bound::Limits;
pub use entry::Entry;
pub use run::Run;
pub use run_id::RunId;

use self::entry::Entries;
use self::place::{Layout, size};
use self::run::LARGEST_RUN;
use crate::error::{Error, Kind, Missing, Result};
use crate::name::{Registry, Repository};
use crate::registry::Manifest;

/// A folder in which removed manifests are kept.
#[derive(Debug, Clone)]
pub struct Archive {
    place: Layout,
    limits: Limits,
}

/// A run that can be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunInfo {
    /// Its name.
    pub id: RunId,
    /// When it began.
    pub began: Timestamp,
}

/// What a run removed from one registry.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunSummary {
    /// The registry, with its scheme.
    pub registry: Arc<Registry>,
    /// The repositories, in the order of their first removals.
    pub repositories: Vec<Arc<Repository>>,
    /// How many tags were removed.
    pub tags: usize,
    /// How many distinct manifests were removed or untagged.
    pub manifests: usize,
}

impl Archive {
    /// The archive in a folder, which need not exist. Reads and writes nothing yet.
    pub fn at(folder: impl Into<PathBuf>, limits: Limits) -> Self {
        Self { place: Layout::new(folder.into()), limits }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.place.folder()
    }

    /// Begins a run: makes sure that files can be written, and drops old runs beyond the limits.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`] when the folder cannot be written.
    pub fn begin_run(&self) -> Result<Run> {
        let used = self.place.prepare().and_then(|()| bound::apply(&self.place, &self.limits));
        let used = used.map_err(|error| self.unusable("written", &error))?;
        Ok(Run::begin(self.place.clone(), self.limits, used))
    }

    /// The runs that can be undone, newest first; none where the folder does not exist.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`] when the folder cannot be read.
    pub fn runs(&self) -> Result<Vec<RunInfo>> {
        let mut runs = Vec::new();
        for id in self.place.runs().map_err(|error| self.unusable("read", &error))? {
            match self.open(&id) {
                Ok((header, _)) => runs.push((header.time, id)),
                Err(error) => tracing::warn!("{error}"),
            }
        }
        runs.sort_by(|a, b| b.cmp(a));
        Ok(runs.into_iter().map(|(began, id)| RunInfo { id, began }).collect())
    }

    /// What a run removed, in that order. Damaged entries are skipped, with a warning at the end.
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`] when there is no such run; [`Kind::Config`] when its file cannot be read.
    pub fn entries(&self, id: &RunId) -> Result<impl Iterator<Item = Entry> + Send + use<>> {
        let (_, entries) = self.open(id)?;
        Ok(Readable { entries, id: id.clone(), is_over: false })
    }

    /// How much a run removed, for each registry.
    ///
    /// # Errors
    ///
    /// Those of [`Archive::entries`].
    pub fn summary(&self, id: &RunId) -> Result<Vec<RunSummary>> {
        let mut summaries: Vec<(RunSummary, HashSet<_>, HashSet<_>)> = Vec::new();
        for Entry { registry, repository, tag, digest, .. } in self.entries(id)? {
            let at = summaries.iter().position(|(summary, ..)| summary.registry == registry).unwrap_or_else(|| {
                let summary = RunSummary { registry, repositories: Vec::new(), tags: 0, manifests: 0 };
                summaries.push((summary, HashSet::new(), HashSet::new()));
                summaries.len() - 1
            });
            let (summary, repositories, manifests) = &mut summaries[at];
            if repositories.insert(Arc::clone(&repository)) {
                summary.repositories.push(repository);
            }
            summary.tags += usize::from(tag.is_some());
            summary.manifests += usize::from(manifests.insert(digest));
        }
        Ok(summaries.into_iter().map(|(summary, ..)| summary).collect())
    }

    /// The manifest of an entry.
    ///
    /// # Errors
    ///
    /// [`Danger::DamagedCopy`](crate::error::Danger::DamagedCopy) when the copy is missing, or does not match its
    /// digest.
    pub fn manifest(&self, entry: &Entry) -> Result<Manifest> {
        body::read(&self.place, &entry.digest, &entry.media_type, &entry.name())
    }

    fn open(&self, id: &RunId) -> Result<(entry::Header, Entries<File>)> {
        let path = self.place.run(id);
        let unreadable = |cause: io::Error| match cause.kind() {
            io::ErrorKind::NotFound => Error::new(Kind::NotFound(Missing::Manifest), format!("no run {id}")),
            _ => Error::config(format!("run {id} cannot be read")).because(format!("{}: {cause}", path.display())),
        };
        let opened = size(&path).and_then(|size| {
            if size > LARGEST_RUN {
                return Err(io::Error::other("larger than 256 MiB"));
            }
            Entries::begin(File::open(&path)?)
        });
        match opened {
            Ok(Some(opened)) => Ok(opened),
            Ok(None) => Err(unreadable(io::Error::other("damaged, or of an unknown version"))),
            Err(error) => Err(unreadable(error)),
        }
    }

    fn unusable(&self, done: &str, cause: &io::Error) -> Error {
        Error::config(format!("the folder of removed manifests cannot be {done}"))
            .because(format!("{}: {cause}", self.folder().display()))
    }
}

/// The readable entries of a run.
struct Readable {
    entries: Entries<File>,
    id: RunId,
    is_over: bool,
}

impl Iterator for Readable {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        if self.is_over {
            return None;
        }
        match self.entries.next() {
            Some(Ok(entry)) => return Some(entry),
            Some(Err(error)) => tracing::warn!("run {} cannot be read to its end: {error}", self.id),
            None => match self.entries.damaged {
                0 => {}
                1 => tracing::warn!("skipping 1 damaged entry of run {}", self.id),
                damaged => tracing::warn!("skipping {damaged} damaged entries of run {}", self.id),
            },
        }
        self.is_over = true;
        None
    }
}
