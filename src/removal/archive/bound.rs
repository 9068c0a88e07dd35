//! Keeping the archive within its limits: the oldest runs go first, with the manifests that no other run needs.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::time::Duration;

use jiff::Timestamp;

use super::entry::Entries;
use super::place::{Layout, remove, size};
use super::run_id::RunId;
use crate::name::Digest;

/// How much an archive keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all files together. What one run removes is kept whole, whatever its size, until another begins.
    pub bytes: u64,
    /// How long a run is kept.
    pub age: Duration,
}

impl Default for Limits {
    /// 64 MiB, 90 days.
    fn default() -> Self {
        Self { bytes: 64 * 1024 * 1024, age: Duration::from_secs(90 * 24 * 60 * 60) }
    }
}

/// A run on file, as far as it matters here.
struct StoredRun {
    id: RunId,
    began: Timestamp,
    /// Bytes of its own file.
    size: u64,
    /// Whether a process is still writing it.
    is_active: bool,
    /// Bytes of the manifests that go with it, because no newer run needs them.
    bodies: u64,
}

/// Drops what is too old or too much. Gives the bytes that are left. Where another process is adding manifests, this is left to the
/// next run.
pub(super) fn apply(place: &Layout, limits: &Limits) -> io::Result<u64> {
    let oldest = Timestamp::now().checked_sub(limits.age).unwrap_or(Timestamp::MIN);
    let used = used(place)?;
    let is_too_old = |id: &RunId| id.began().is_some_and(|began| began < oldest);
    if used <= limits.bytes && !place.runs()?.iter().any(is_too_old) {
        return Ok(used);
    }
    let Some(_lock) = place.own() else { return Ok(used) };
    place.sweep()?;
    let mut runs = runs(place)?;
    let bodies = place.bodies()?;
    let holders = holders(place, &runs, &bodies)?;
    for (digest, size) in &bodies {
        if let Some(Some(at)) = holders.get(&key(digest)) {
            runs[*at].bodies += size;
        }
    }
    let mut left = runs.iter().map(|run| run.size + run.bodies).sum::<u64>();
    let mut goes = vec![false; runs.len()];
    for (at, run) in runs.iter().enumerate().filter(|(_, run)| !run.is_active) {
        if run.began < oldest || left > limits.bytes {
            remove(&place.run(&run.id))?;
            goes[at] = true;
            left -= run.size + run.bodies;
        }
    }
    for (digest, _) in &bodies {
        // One that no run names was left by a process that was killed before it wrote the line.
        if holders.get(&key(digest)).copied().flatten().is_none_or(|at| goes[at]) {
            remove(&place.body(digest))?;
        }
    }
    Ok(left)
}

/// The bytes of all files.
fn used(place: &Layout) -> io::Result<u64> {
    let runs: u64 = place.runs()?.iter().map(|id| size(&place.run(id)).unwrap_or_default()).sum();
    Ok(runs + place.bodies()?.iter().map(|(_, size)| size).sum::<u64>())
}

/// The runs, oldest first.
fn runs(place: &Layout) -> io::Result<Vec<StoredRun>> {
    let mut runs = Vec::new();
    for id in place.runs()? {
        let path = place.run(&id);
        let Ok(size) = size(&path) else { continue };
        let began = began(&File::open(&path)?, &id);
        runs.push(StoredRun { began, size, is_active: is_locked(&path)?, bodies: 0, id });
    }
    runs.sort_by(|a, b| (a.began, &a.id).cmp(&(b.began, &b.id)));
    Ok(runs)
}

/// When a run began: as its header says, else as its name does.
fn began(file: &File, id: &RunId) -> Timestamp {
    let header = Entries::begin(file).ok().flatten().map(|(header, _)| header.time);
    header.or_else(|| id.began()).unwrap_or(Timestamp::MIN)
}

/// Whether another process, or this one, writes the file.
fn is_locked(path: &std::path::Path) -> io::Result<bool> {
    match OpenOptions::new().write(true).open(path)?.try_lock() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        // What is not known to be over is not dropped.
        Err(TryLockError::Error(_)) => Ok(true),
    }
}

/// For each manifest on file, the run with which it goes: the newest that names it, or one that is still being written.
fn holders(place: &Layout, runs: &[StoredRun], bodies: &[(Digest, u64)]) -> io::Result<HashMap<u128, Option<usize>>> {
    let mut holders: HashMap<_, _> = bodies.iter().map(|(digest, _)| (key(digest), None)).collect();
    let mut order: Vec<_> = (0..runs.len()).collect();
    order.sort_by_key(|at| (Reverse(runs[*at].is_active), Reverse(*at)));
    for at in order {
        let Some((_, entries)) = Entries::begin(File::open(place.run(&runs[at].id))?)? else { continue };
        for entry in entries {
            if let Some(holder) = holders.get_mut(&key(&entry?.digest)) {
                holder.get_or_insert(at);
            }
        }
    }
    Ok(holders)
}

/// Half a digest, which takes a fifth of the room. That two manifests share it happens to nobody, and to who makes them so on purpose
/// one outlasts its run.
fn key(digest: &Digest) -> u128 {
    digest.encoded().get(..32).and_then(|half| u128::from_str_radix(half, 16).ok()).unwrap_or_default()
}
