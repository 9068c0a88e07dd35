//! Writes one run of removals.

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

/// The largest accepted file of a run, in bytes: some 700,000 removals.
pub(super) const LARGEST_RUN: u64 = 256 * 1024 * 1024;

/// The removals of one command, to which each is added before it happens. Clones are handles of the same run, and may
/// be used by several threads at once. No other process drops the run before the last handle is dropped.
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
    /// Created with the first removal, so that a run without removals leaves nothing behind.
    file: Option<File>,
    /// Its size in bytes.
    size: u64,
    /// The manifests that this run has written.
    kept: HashSet<Digest>,
    /// The bytes of the whole archive, as far as this process knows.
    used: u64,
    /// Beyond this many bytes, old runs are dropped.
    most: u64,
}

impl Run {
    /// Begins a run in an archive that is within its limits and has this many bytes.
    pub(super) fn begin(place: Layout, limits: Limits, used: u64) -> Self {
        let began = Timestamp::now();
        let state = State { file: None, size: 0, kept: HashSet::new(), used, most: limits.bytes };
        Self(Arc::new(Shared { place, limits, id: RunId::new(began), began, state: Mutex::new(state) }))
    }

    /// The name of the run.
    pub fn id(&self) -> &RunId {
        &self.0.id
    }

    /// Adds a manifest that is going to be removed, with everything that is needed to push it back: with a tag when
    /// that is removed, without one when the manifest itself is. It is kept even if the program is killed afterwards.
    ///
    /// Blocks: it writes files and may wait for another process. It does not sync the disk, which would take longer
    /// than most removals: a power failure may lose the last seconds.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`](crate::Kind::Config) when it cannot be written; the removal then cannot be undone.
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
            return Err(io::Error::other("the file of a run would exceed 256 MiB"));
        }
        let lock = place.share()?;
        if !state.kept.contains(&entry.digest) {
            state.used += body::write(place, manifest)?;
            state.kept.insert(entry.digest.clone());
        }
        self.append(&mut state, &line)?;
        drop(lock);
        if state.used > state.most {
            // An archive beyond its limits does not prevent the removal.
            match bound::apply(place, limits) {
                Ok(used) => state.used = used,
                Err(error) => tracing::debug!("{} cannot be bounded: {error}", place.folder().display()),
            }
            // The rest may be this run alone, which is not checked again with every removal.
            state.most = limits.bytes.max(state.used + limits.bytes / 8);
        }
        Ok(())
    }

    /// Appends a line completely, or not at all.
    fn append(&self, state: &mut State, line: &[u8]) -> io::Result<()> {
        let first = state.file.is_none();
        let header = if first { Header::new(self.0.began).to_line()? } else { Vec::new() };
        let file = match &mut state.file {
            Some(file) => file,
            none => none.insert(create(&self.0.place, &self.0.id)?),
        };
        let text = [&header, line].concat();
        if let Err(error) = file.write_all(&text) {
            // A partial line would also damage the next one.
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

/// Creates the file of a run, and locks it while it is open.
fn create(place: &Layout, id: &RunId) -> io::Result<File> {
    let file = open_private(OpenOptions::new().append(true).create_new(true), &place.run(id))?;
    if let Err(error) = file.try_lock() {
        tracing::debug!("run {id} cannot be locked: {error}");
    }
    Ok(file)
}
