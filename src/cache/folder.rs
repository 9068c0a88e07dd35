//! The files of a cache.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::NamedTempFile;

use super::entry::{MAX_ENTRY, Scope};
use crate::name::Digest;

/// How old an entry's time of last use may be before it is updated: a run need not write to every entry that it reads.
const USE_GRANULARITY: Duration = Duration::from_secs(10 * 60);

/// How old a temporary file is that a process has left behind.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// The beginning of the names of temporary files.
const TEMPORARY: &str = ".tmp";

/// After trimming, this part of the limit is free.
const FREE_PARTS: u64 = 8;

/// The folder of a cache.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

/// A file in it.
#[derive(Debug)]
pub(super) struct Entry {
    pub path: PathBuf,
    pub size: u64,
    /// When it was last used.
    pub used: SystemTime,
}

impl Folder {
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    fn entry(&self, scope: &Scope, digest: &Digest) -> PathBuf {
        self.0.join(scope.to_string()).join(format!("{}-{}", digest.algorithm(), digest.encoded()))
    }

    /// The bytes of an entry, if there is one. Only regular files are opened: a pipe would block.
    pub fn read(&self, scope: &Scope, digest: &Digest) -> Option<Vec<u8>> {
        let path = self.entry(scope, digest);
        let found = fs::symlink_metadata(&path).ok().filter(|found| found.is_file() && found.len() <= MAX_ENTRY)?;
        let mut bytes = vec![0; usize::try_from(found.len()).ok()?];
        File::open(&path).and_then(|mut file| file.read_exact(&mut bytes)).ok()?;
        let now = SystemTime::now();
        if found.modified().is_ok_and(|used| now.duration_since(used).is_ok_and(|age| age > USE_GRANULARITY)) {
            // Without the right to write, entries are removed in the order in which they were written.
            let _ = File::options().append(true).open(&path).and_then(|file| file.set_modified(now));
        }
        Some(bytes)
    }

    /// Writes an entry, unless it is there.
    pub fn write(&self, scope: &Scope, digest: &Digest, bytes: &[u8]) -> io::Result<()> {
        let path = self.entry(scope, digest);
        let folder = self.0.join(scope.to_string());
        make_private(&self.0)?;
        make_private(&folder)?;
        let mut file = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(&folder)?;
        file.write_all(bytes)?;
        persist(file, &path)
    }

    pub fn remove(&self, scope: &Scope, digest: &Digest) {
        // Another process may have removed it.
        let _ = fs::remove_file(self.entry(scope, digest));
    }

    /// Every entry. Other files are left out.
    pub fn files(&self) -> io::Result<Vec<Entry>> {
        self.all_files().map(|files| files.into_iter().filter(|file| !is_temporary(&file.path)).collect())
    }

    fn all_files(&self) -> io::Result<Vec<Entry>> {
        let mut files = Vec::new();
        let scopes = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(files),
            scopes => scopes?,
        };
        for scope in scopes {
            let scope = scope?;
            if !scope.file_type()?.is_dir() {
                continue;
            }
            // Another process may remove a scope or an entry meanwhile.
            let Ok(entries) = fs::read_dir(scope.path()) else { continue };
            for entry in entries.flatten() {
                let Ok(found) = entry.metadata() else { continue };
                if found.is_file() {
                    let used = found.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                    files.push(Entry { path: entry.path(), size: found.len(), used });
                }
            }
        }
        Ok(files)
    }

    /// Removes the least recently used entries where there is no room for `room` bytes below the limit, until there is
    /// some more. What no entry can be, because of its size, is removed in any case.
    pub fn trim(&self, limit: u64, room: u64) {
        let Ok(files) = self.all_files() else { return };
        let now = SystemTime::now();
        let is_old = |file: &Entry| now.duration_since(file.used).is_ok_and(|age| age > ABANDONED);
        let (useless, others): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|file| file.size > MAX_ENTRY || (is_temporary(&file.path) && is_old(file)));
        for file in useless {
            let _ = fs::remove_file(&file.path);
        }
        let mut entries: Vec<_> = others.into_iter().filter(|file| !is_temporary(&file.path)).collect();
        let mut total: u64 = entries.iter().map(|file| file.size).sum();
        if total + room <= limit {
            return;
        }
        entries.sort_by_key(|file| file.used);
        for file in entries {
            if total + room <= limit - limit / FREE_PARTS {
                break;
            }
            let _ = fs::remove_file(&file.path);
            total -= file.size;
        }
    }

    /// Removes the folders of all scopes.
    pub fn clear(&self) -> io::Result<()> {
        for file in self.all_files()? {
            match fs::remove_file(&file.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        for scope in fs::read_dir(&self.0).into_iter().flatten().flatten() {
            // A folder with files that are not ours stays.
            let _ = fs::remove_dir(scope.path());
        }
        Ok(())
    }
}

fn is_temporary(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(TEMPORARY))
}

fn persist(file: NamedTempFile, path: &Path) -> io::Result<()> {
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// Makes a folder that only its owner may enter.
fn make_private(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
        builder.mode(0o700).create(path)?;
        let found = fs::metadata(path)?.permissions();
        if found.mode() & 0o077 != 0 {
            fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
        }
        Ok(())
    }
    #[cfg(not(unix))]
    builder.create(path)
}
