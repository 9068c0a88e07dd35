//! One run of removals, as it is written.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::body;
use super::bound::{self, Limits};
use super::entry::{Entry, Header};
use super::place::{Layout, open_private};
use super::run_id::RunId;
use crate::error::{Error, Result};
use crate::name::{Digest, Registry, Repository, Tag};
use crate::registry::Manifest;

/// The largest file of a run, in bytes: some 700,000 removals.
pub(super) const LARGEST_RUN: u64 = 256 * 1024 * 1024;

/// The removals of one command, to which each is added before it is carried out. Clones are handles on the same run, and may be used by
/// several threads at once.
///
/// No other process drops a run before the last handle is gone.
#[derive(Debug, Clone)]
pub struct Run(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    place: Layout,
    limits: Limits,
    id: RunId,
    began: Timestamp,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Made with the first removal, so that a run that removed nothing leaves nothing behind.
    file: Option<File>,
    /// Bytes in it.
    size: u64,
    /// The manifests that this run has made sure are on file.
    kept: HashSet<Digest>,
    /// Bytes of the whole archive, as far as this process knows.
    used: u64,
    /// Above this the archive is looked through for what can be dropped.
    most: u64,
}

impl Run {
    /// Begins a run in a place that is prepared and within its limits, with this many bytes.
    pub(super) fn begin(place: Layout, limits: Limits, used: u64) -> Self {
        let began = Timestamp::now();
        let state = State { file: None, size: 0, kept: HashSet::new(), used, most: limits.bytes };
        Self(Arc::new(Shared { place, limits, id: RunId::new(began), began, state: Mutex::new(state) }))
    }

    /// How the run is called.
    pub fn id(&self) -> &RunId {
        &self.0.id
    }

    /// Keeps a manifest that is going to be removed: all that is needed to push it back. With a tag when that is removed, without one
    /// when the manifest itself is. Once this has returned, it outlasts the program.
    ///
    /// Blocks: it writes files and may wait for another process. It does not wait for the disk, which would take longer than most
    /// removals do: a power failure may cost what was kept in the last seconds.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`](crate::Kind::Config) when it cannot be written. Then the removal cannot be undone, and nothing else is wrong.
    pub fn keep(
        &self,
        registry: &Registry,
        repository: &Repository,
        tag: Option<&Tag>,
        manifest: &Manifest,
    ) -> Result<()> {
        let entry = Entry {
            registry: Arc::new(registry.clone()),
            repository: Arc::new(repository.clone()),
            tag: tag.cloned(),
            digest: manifest.digest.clone(),
            media_type: manifest.media_type.as_str().into(),
        };
        self.add(&entry, manifest).map_err(|error| {
            Error::config(format!("cannot keep a copy of {}", entry.name()))
                .because(format!("{}: {error}", self.0.place.folder().display()))
        })
    }

    fn add(&self, entry: &Entry, manifest: &Manifest) -> io::Result<()> {
        let Shared { place, limits, .. } = &*self.0;
        let line = entry.to_line(Timestamp::now())?;
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.size + line.len() as u64 > LARGEST_RUN {
            return Err(io::Error::other("one run keeps at most 256 MiB of names"));
        }
        let lock = place.share()?;
        if !state.kept.contains(&entry.digest) {
            state.used += body::write(place, manifest)?;
            state.kept.insert(entry.digest.clone());
        }
        self.append(&mut state, &line)?;
        drop(lock);
        if state.used > state.most {
            // That too much is kept is no reason not to remove anything.
            match bound::apply(place, limits) {
                Ok(used) => state.used = used,
                Err(error) => tracing::debug!("{} cannot be bounded: {error}", place.folder().display()),
            }
            // What is left may be this run alone: it is not looked through again for every removal.
            state.most = limits.bytes.max(state.used + limits.bytes / 8);
        }
        Ok(())
    }

    /// Adds a line in one piece, or nothing.
    fn append(&self, state: &mut State, line: &[u8]) -> io::Result<()> {
        let first = state.file.is_none();
        let header = if first { Header::new(self.0.began).to_line()? } else { Vec::new() };
        let file = match &mut state.file {
            Some(file) => file,
            none => none.insert(create(&self.0.place, &self.0.id)?),
        };
        let text = [&header, line].concat();
        if let Err(error) = file.write_all(&text) {
            // Half a line would spoil the next one too.
            let _ = file.set_len(state.size);
            if first {
                state.file = None;
                let _ = super::place::remove(&self.0.place.run(&self.0.id));
            }
            return Err(error);
        }
        state.size += text.len() as u64;
        state.used += text.len() as u64;
        Ok(())
    }
}

/// Makes the file of a run, and locks it for as long as it is open.
fn create(place: &Layout, id: &RunId) -> io::Result<File> {
    let file = open_private(OpenOptions::new().append(true).create_new(true), &place.run(id))?;
    if let Err(error) = file.try_lock() {
        tracing::debug!("run {id} cannot be locked: {error}");
    }
    Ok(file)
}
