//! The files of the archive, their permissions, and the lock between processes.
//!
//! ```text
//! FOLDER/lock                  held shared while a manifest is added, exclusively while old runs are dropped
//! FOLDER/runs/RUN.jsonl        one run: a header, then a line for each removal; locked by the process that writes it
//! FOLDER/bodies/sha256/HEX     the exact bytes of a manifest, once for each digest
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;

use super::run_id::RunId;
use crate::name::{Algorithm, Digest};

/// How long to wait for another process, which normally takes milliseconds.
const LOCK_LIMIT: Duration = Duration::from_secs(10);
const LOCK_PAUSE: Duration = Duration::from_millis(5);

const ALGORITHMS: [Algorithm; 2] = [Algorithm::Sha256, Algorithm::Sha512];

/// The suffix of a run's file.
const RUN_SUFFIX: &str = ".jsonl";

/// The layout of an archive's folder. Every path in it is made of types without separators and dots.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    folder: PathBuf,
}

impl Layout {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of a run.
    pub(super) fn run(&self, id: &RunId) -> PathBuf {
        self.runs_folder().join(format!("{id}{RUN_SUFFIX}"))
    }

    /// The file of a manifest.
    pub(super) fn body(&self, digest: &Digest) -> PathBuf {
        self.bodies_folder(digest.algorithm()).join(digest.encoded())
    }

    fn runs_folder(&self) -> PathBuf {
        self.folder.join("runs")
    }

    fn bodies_folder(&self, algorithm: Algorithm) -> PathBuf {
        self.folder.join("bodies").join(algorithm.as_str())
    }

    /// Creates the folders, which only their owner may read, and makes sure that files can be written.
    pub(super) fn prepare(&self) -> io::Result<()> {
        private_folder(&self.folder)?;
        private_folder(&self.runs_folder())?;
        // A file without a name leaves nothing behind.
        tempfile::tempfile_in(self.runs_folder()).map(drop)
    }

    /// A temporary file that is to become that of a manifest. Only its owner may read it.
    pub(super) fn new_body(&self, digest: &Digest) -> io::Result<NamedTempFile> {
        let folder = self.bodies_folder(digest.algorithm());
        let new = || tempfile::Builder::new().prefix(".").tempfile_in(&folder);
        match new() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                private_folder(&folder)?;
                new()
            }
            made => made,
        }
    }

    /// The runs on disk. Other files are not the archive's, and are ignored.
    pub(super) fn runs(&self) -> io::Result<Vec<RunId>> {
        let mut runs = Vec::new();
        for name in names(&self.runs_folder())? {
            runs.extend(name.strip_suffix(RUN_SUFFIX).and_then(RunId::parse));
        }
        Ok(runs)
    }

    /// The manifests on disk, with their sizes in bytes.
    pub(super) fn bodies(&self) -> io::Result<Vec<(Digest, u64)>> {
        let mut bodies = Vec::new();
        for algorithm in ALGORITHMS {
            let folder = self.bodies_folder(algorithm);
            for name in names(&folder)? {
                let Ok(digest) = format!("{algorithm}:{name}").parse() else { continue };
                // Another process may have removed it meanwhile.
                bodies.push((digest, size(&folder.join(name)).unwrap_or_default()));
            }
        }
        Ok(bodies)
    }

    /// Removes temporary files of killed processes. Requires the exclusive lock.
    pub(super) fn sweep(&self) -> io::Result<()> {
        let bodies = ALGORITHMS.map(|algorithm| self.bodies_folder(algorithm));
        for folder in bodies {
            for name in names(&folder)?.into_iter().filter(|name| name.starts_with('.')) {
                remove(&folder.join(name))?;
            }
        }
        Ok(())
    }

    /// Takes the shared lock, which prevents runs from being dropped, until the value is dropped. `None` where files
    /// cannot be locked.
    ///
    /// # Errors
    ///
    /// When the lock file cannot be opened, or another process holds the exclusive lock for ten seconds.
    pub(super) fn share(&self) -> io::Result<Option<File>> {
        lock(&self.folder.join("lock"), File::try_lock_shared, LOCK_LIMIT)
    }

    /// Takes the exclusive lock, which prevents manifests from being added, until the value is dropped; `None` where
    /// another process holds one.
    pub(super) fn own(&self) -> Option<File> {
        lock(&self.folder.join("lock"), File::try_lock, LOCK_PAUSE * 20).ok().flatten()
    }
}

fn lock(path: &Path, lock: fn(&File) -> Result<(), TryLockError>, limit: Duration) -> io::Result<Option<File>> {
    let file = open_private(OpenOptions::new().write(true).create(true).truncate(false), path)?;
    let until = Instant::now() + limit;
    loop {
        match lock(&file) {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) if Instant::now() < until => sleep(LOCK_PAUSE),
            Err(TryLockError::WouldBlock) => {
                let why = format!("another process has been holding {} for {limit:?}", path.display());
                return Err(io::Error::new(io::ErrorKind::TimedOut, why));
            }
            Err(TryLockError::Error(error)) => {
                tracing::debug!("{} cannot be locked, continuing without a lock: {error}", path.display());
                return Ok(None);
            }
        }
    }
}

/// The names in a folder that are UTF-8; none where the folder does not exist.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry?.file_name().into_string());
    }
    Ok(names)
}

/// The size of a regular file in bytes. Others are refused: reading from a pipe would block.
pub(super) fn size(path: &Path) -> io::Result<u64> {
    let metadata = fs::symlink_metadata(path)?;
    if metadata.is_file() { Ok(metadata.len()) } else { Err(io::Error::other("not a regular file")) }
}

/// Removes a file, if it exists.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Opens a file; if it is created, only its owner may read it.
#[cfg(unix)]
pub(super) fn open_private(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;

    options.mode(0o600).open(path)
}

#[cfg(not(unix))]
pub(super) fn open_private(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    options.open(path)
}

#[cfg(unix)]
fn private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};

    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let metadata = fs::metadata(folder)?;
    if metadata.permissions().mode() & 0o077 != 0 {
        // The permissions of another user's folder cannot be changed.
        let _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o700));
    }
    Ok(())
}

#[cfg(not(unix))]
fn private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(folder)
}
