//! Replaces files atomically: readers see the old or the new contents, never a part of either, and of two processes
//! that change a file at once neither loses the other's change.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The time limit for waiting on another process that changes the same file, which takes milliseconds.
const LOCK_LIMIT: Duration = Duration::from_secs(10);
const LOCK_PAUSE: Duration = Duration::from_millis(10);
/// The largest file that can be changed, in bytes. What is larger could not be read back.
const LARGEST_FILE: u64 = 1 << 20;
/// The length of what `tempfile` adds to the name of a temporary file.
const RANDOM_LENGTH: usize = 6;
/// The longest chain of symbolic links that is followed, as on Linux.
const MAX_LINKS: usize = 40;

/// Who may read a file and the folders that are created for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// The owner alone.
    Owner,
    /// Everybody, unless the existing file has other permissions.
    Everybody,
}

impl Access {
    #[cfg(unix)]
    fn modes(self) -> (u32, u32) {
        match self {
            Self::Owner => (0o600, 0o700),
            Self::Everybody => (0o644, 0o755),
        }
    }
}

/// A file that is about to be replaced, locked against other processes that use this type until it is dropped.
#[derive(Debug)]
pub(crate) struct Replacement {
    /// The file itself, after following links.
    file: PathBuf,
    access: Access,
    former: Option<Metadata>,
    /// `None` where locking is not supported.
    lock: Option<Lock>,
}

impl Replacement {
    /// Locks the file at `path`, or at the end of the links there; neither it nor its folder need exist. Blocks while
    /// another process changes it.
    ///
    /// # Errors
    ///
    /// When the file or its folder cannot be written.
    pub fn begin(path: &Path, access: Access) -> io::Result<Self> {
        let file = end_of_links(path)?;
        create_folder(folder_of(&file), access)?;
        let lock = Lock::on(&file)?;
        let former = match fs::metadata(&file) {
            Ok(former) if !former.is_file() => return Err(io::Error::other("it is not a file")),
            // Replacing needs write permission on the folder only, which is not what the owner of a read-only file
            // expects.
            Ok(former) if former.permissions().readonly() => {
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only"));
            }
            Ok(former) => Some(former),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let replacement = Self { file, access, former, lock };
        replacement.remove_leftovers();
        Ok(replacement)
    }

    /// The contents of the file; `None` when it does not exist.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is larger than 1 MiB.
    pub fn read(&self) -> io::Result<Option<Vec<u8>>> {
        if self.former.is_none() {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        File::open(&self.file)?.take(LARGEST_FILE + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LARGEST_FILE {
            return Err(io::Error::other("it is larger than 1 MiB"));
        }
        Ok(Some(bytes))
    }

    /// Removes the temporary files of processes that were killed while they replaced the file: they may hold secrets.
    /// Under the lock there are no others.
    fn remove_leftovers(&self) {
        if self.lock.is_none() {
            return;
        }
        let prefix = hidden(&self.file, "-");
        let is_leftover = |name: &OsStr| {
            let random = name.as_encoded_bytes().strip_prefix(prefix.as_encoded_bytes());
            random.is_some_and(|random| random.len() == RANDOM_LENGTH && random.iter().all(u8::is_ascii_alphanumeric))
        };
        for entry in fs::read_dir(folder_of(&self.file)).into_iter().flatten().flatten() {
            if is_leftover(&entry.file_name()) && entry.file_type().is_ok_and(|file| file.is_file()) {
                // One that stays is no worse than before.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// Replaces the contents of the file.
    ///
    /// # Errors
    ///
    /// When it cannot be written, or would be larger than 1 MiB. The old contents are then unchanged.
    pub fn write(&self, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() as u64 > LARGEST_FILE {
            return Err(io::Error::other("it would be larger than 1 MiB"));
        }
        let mut new = tempfile::Builder::new()
            .prefix(&hidden(&self.file, "-"))
            .rand_bytes(RANDOM_LENGTH)
            .tempfile_in(folder_of(&self.file))?;
        new.write_all(bytes)?;
        self.set_permissions(new.as_file())?;
        new.as_file().sync_all()?;
        new.persist(&self.file)?;
        // Best effort: makes the rename durable across power failures.
        let _ = File::open(folder_of(&self.file)).and_then(|folder| folder.sync_all());
        Ok(())
    }

    #[cfg(unix)]
    fn set_permissions(&self, new: &File) -> io::Result<()> {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};

        let former = self.former.as_ref().filter(|_| self.access == Access::Everybody);
        let mode = former.map_or(self.access.modes().0, |former| former.mode() & 0o777);
        new.set_permissions(fs::Permissions::from_mode(mode))?;
        if let Some(former) = &self.former {
            // Root keeps the owner of a user's file; others cannot change the owner.
            let _ = fchown(new, Some(former.uid()), Some(former.gid()));
        }
        Ok(())
    }

    #[cfg(not(unix))]
    fn set_permissions(&self, _: &File) -> io::Result<()> {
        let _ = (self.access, &self.former);
        Ok(())
    }
}

/// The lock of a file, on a file beside it, since the file itself is replaced. The lock file is removed afterwards.
#[derive(Debug)]
struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    fn on(file: &Path) -> io::Result<Option<Self>> {
        let path = folder_of(file).join(hidden(file, ".lock"));
        let until = Instant::now() + LOCK_LIMIT;
        loop {
            let lock = open_lock(&path)?;
            match lock.try_lock() {
                Ok(()) if is_at(&lock, &path) => return Ok(Some(Self { path, _file: lock })),
                // Its holder has removed it: there may be a new one.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if Instant::now() < until => sleep(LOCK_PAUSE),
                Err(TryLockError::WouldBlock) => {
                    let why = format!("another process has held {} for 10 s", path.display());
                    return Err(io::Error::new(io::ErrorKind::TimedOut, why));
                }
                Err(TryLockError::Error(error)) => {
                    tracing::warn!("{} cannot be locked, continuing without a lock: {error}", file.display());
                    let _ = fs::remove_file(&path);
                    return Ok(None);
                }
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A lock file that remains is harmless.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(unix)]
fn open_lock(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;

    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn open_lock(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).open(path)
}

/// Whether an open file is the one at `path`.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    let same = |one: &Metadata, other: &Metadata| (one.dev(), one.ino()) == (other.dev(), other.ino());
    matches!((file.metadata(), fs::metadata(path)), (Ok(one), Ok(other)) if same(&one, &other))
}

/// Elsewhere an open file cannot be removed.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

/// Follows symbolic links to a file, which need not exist.
fn end_of_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&path) {
            Ok(next) => path = folder_of(&path).join(next),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("it is a link that leads to itself"))
}

fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(unix)]
fn create_folder(folder: &Path, access: Access) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;

    DirBuilder::new().recursive(true).mode(access.modes().1).create(folder)
}

#[cfg(not(unix))]
fn create_folder(folder: &Path, _: Access) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(folder)
}

/// `.NAME` followed by `end`: a hidden file that belongs to a file.
fn hidden(file: &Path, end: &str) -> OsString {
    let mut name = OsString::from(".");
    name.push(file.file_name().unwrap_or_default());
    name.push(end);
    name
}

#[cfg(unix)]
#[cfg(test)]
mod tests;
