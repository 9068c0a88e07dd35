//! Keeps the archive within its limits: drops the oldest runs first, with the manifests that no other run needs.

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

/// The limits of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The most bytes of all files. A run is kept whole, whatever its size, until another begins.
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

/// A run on disk.
struct StoredRun {
    id: RunId,
    began: Timestamp,
    /// The size of its own file in bytes.
    size: u64,
    /// Whether a process still writes it.
    is_active: bool,
    /// The bytes of the manifests that are dropped with it, because no newer run needs them.
    bodies: u64,
}

/// Drops runs beyond the limits. Returns the remaining bytes. While another process adds manifests, nothing is dropped;
/// the next run will do it.
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
    let mut is_dropped = vec![false; runs.len()];
    for (at, run) in runs.iter().enumerate().filter(|(_, run)| !run.is_active) {
        if run.began < oldest || left > limits.bytes {
            remove(&place.run(&run.id))?;
            is_dropped[at] = true;
            left -= run.size + run.bodies;
        }
    }
    for (digest, _) in &bodies {
        // A manifest that no run names was left by a process that was killed before it wrote the entry.
        if holders.get(&key(digest)).copied().flatten().is_none_or(|at| is_dropped[at]) {
            remove(&place.body(digest))?;
        }
    }
    Ok(left)
}

/// The sum of the sizes of all files, in bytes.
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

/// When a run began: by its header, else by its name.
fn began(file: &File, id: &RunId) -> Timestamp {
    let header = Entries::begin(file).ok().flatten().map(|(header, _)| header.time);
    header.or_else(|| id.began()).unwrap_or(Timestamp::MIN)
}

/// Whether a process writes the file.
fn is_locked(path: &std::path::Path) -> io::Result<bool> {
    match OpenOptions::new().write(true).open(path)?.try_lock() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        // A run that may be active is not dropped.
        Err(TryLockError::Error(_)) => Ok(true),
    }
}

/// For each manifest on disk, the run that it is dropped with: an active run that names it, else the newest.
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

/// Half of a digest, to save memory. If two manifests ever shared it, one would only be kept longer.
fn key(digest: &Digest) -> u128 {
    digest.encoded().get(..32).and_then(|half| u128::from_str_radix(half, 16).ok()).unwrap_or_default()
}
