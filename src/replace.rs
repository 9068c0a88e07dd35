//! Replacing a file as a whole: whoever reads it finds what was there or what is there now, never a part of either, and
//! of two processes that change it at once neither undoes the other's work.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long to wait for another process that changes the same file: it needs milliseconds.
const LOCK_LIMIT: Duration = Duration::from_secs(10);
const LOCK_PAUSE: Duration = Duration::from_millis(10);
/// The largest file that is changed, in bytes.
const LARGEST_FILE: u64 = 1 << 20;
/// The most links that lead from one to another, as Linux has it.
const MOST_LINKS: usize = 40;

/// Who may read a file, and the folders that are made for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// The owner alone.
    Owner,
    /// Everybody, unless the file that is there says otherwise.
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

/// A file that is about to be replaced. No other process that goes through this gate changes it before the value is
/// gone.
#[derive(Debug)]
pub(crate) struct Replacement {
    /// The file itself, at the end of all links.
    file: PathBuf,
    access: Access,
    former: Option<Metadata>,
    /// `None` where files cannot be locked.
    _lock: Option<Lock>,
}

impl Replacement {
    /// Gets hold of the file at `path`, or at the end of the links there; it need not exist, and nor need its folder.
    /// Blocks while another process changes it.
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
            // Its folder alone decides whether it can be replaced; that is not what its owner meant.
            Ok(former) if former.permissions().readonly() => {
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only"));
            }
            Ok(former) => Some(former),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(Self { file, access, former, _lock: lock })
    }

    /// What is in the file; `None` when there is none.
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

    /// Puts `bytes` in the place of what is in the file.
    ///
    /// # Errors
    ///
    /// When it cannot be written; then everything is as it was.
    pub fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let mut new = tempfile::Builder::new().prefix(&hidden(&self.file, "-")).tempfile_in(folder_of(&self.file))?;
        new.write_all(bytes)?;
        self.grant(new.as_file())?;
        new.as_file().sync_all()?;
        new.persist(&self.file)?;
        // That the new name outlasts a power failure is worth an attempt and no failure.
        let _ = File::open(folder_of(&self.file)).and_then(|folder| folder.sync_all());
        Ok(())
    }

    #[cfg(unix)]
    fn grant(&self, new: &File) -> io::Result<()> {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};

        let former = self.former.as_ref().filter(|_| self.access == Access::Everybody);
        let mode = former.map_or(self.access.modes().0, |former| former.mode() & 0o777);
        new.set_permissions(fs::Permissions::from_mode(mode))?;
        if let Some(former) = &self.former {
            // The file of a user stays theirs when root changes it; others cannot give a file away.
            let _ = fchown(new, Some(former.uid()), Some(former.gid()));
        }
        Ok(())
    }

    #[cfg(not(unix))]
    fn grant(&self, _: &File) -> io::Result<()> {
        let _ = (self.access, &self.former);
        Ok(())
    }
}

/// The lock that keeps others from changing a file. It is on a file of its own, since the other is replaced; that one
/// is gone when nobody changes anything.
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
                // Its holder was done with it and removed it: there may be another by now.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if Instant::now() < until => sleep(LOCK_PAUSE),
                Err(TryLockError::WouldBlock) => {
                    let why = format!("another process has been holding {} for 10 s", path.display());
                    return Err(io::Error::new(io::ErrorKind::TimedOut, why));
                }
                Err(TryLockError::Error(error)) => {
                    tracing::warn!("{} cannot be locked, which is gone without: {error}", file.display());
                    let _ = fs::remove_file(&path);
                    return Ok(None);
                }
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // One that stays does no harm.
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

/// An open file cannot be removed elsewhere.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

/// Follows links to the file that they lead to, which need not exist.
fn end_of_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
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

/// `.NAMEend`: what belongs to a file and is not shown.
fn hidden(file: &Path, end: &str) -> OsString {
    let mut name = OsString::from(".");
    name.push(file.file_name().unwrap_or_default());
    name.push(end);
    name
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    use super::*;

    fn replace(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
        Replacement::begin(path, access)?.write(bytes)
    }

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().mode() & 0o7777
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_made_with_its_folders_and_leaves_nothing_beside_it() {
        let home = tempfile::tempdir().unwrap();
        for (access, folder, file) in [(Access::Owner, 0o700, 0o600), (Access::Everybody, 0o755, 0o644)] {
            let path = home.path().join(format!("{access:?}/b/config.json"));
            let begun = Replacement::begin(&path, access).unwrap();
            assert_eq!(begun.read().unwrap(), None);
            begun.write(b"{}").unwrap();
            drop(begun);
            assert_eq!((mode(path.parent().unwrap()), mode(&path)), (folder, file));
            assert_eq!(names(path.parent().unwrap()), ["config.json"]);
            assert_eq!(fs::read(&path).unwrap(), b"{}");
        }
    }

    #[test]
    fn an_open_file_keeps_what_was_in_it() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("config.json");
        fs::write(&path, "former").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let mut reader = File::open(&path).unwrap();
        replace(&path, b"now", Access::Owner).unwrap();
        let mut seen = String::new();
        reader.read_to_string(&mut seen).unwrap();
        assert_eq!((seen.as_str(), fs::read(&path).unwrap(), mode(&path)), ("former", b"now".to_vec(), 0o600));
    }

    #[test]
    fn what_was_not_for_everybody_does_not_become_so() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("registries.yaml");
        for former in [0o600, 0o640, 0o644] {
            fs::write(&path, "former").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(former)).unwrap();
            replace(&path, b"now", Access::Everybody).unwrap();
            assert_eq!(mode(&path), former);
        }
    }

    #[test]
    fn links_stay_and_what_they_lead_to_is_replaced() {
        let home = tempfile::tempdir().unwrap();
        let path = |name: &str| home.path().join(name);
        fs::create_dir(path("dotfiles")).unwrap();
        fs::write(path("dotfiles/real"), "former").unwrap();
        symlink("dotfiles/real", path("one")).unwrap();
        symlink(path("one"), path("two")).unwrap();
        symlink("dotfiles/new/file", path("dangling")).unwrap();
        for (link, file) in [("two", "dotfiles/real"), ("dangling", "dotfiles/new/file")] {
            replace(&path(link), b"now", Access::Owner).unwrap();
            assert!(path(link).symlink_metadata().unwrap().is_symlink());
            assert_eq!(fs::read(path(file)).unwrap(), b"now");
        }
        symlink("loop", path("loop")).unwrap();
        assert!(replace(&path("loop"), b"", Access::Owner).unwrap_err().to_string().contains("leads to itself"));
    }

    #[test]
    fn what_is_not_to_be_written_is_not() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("config.json");
        fs::write(&path, "former").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert_eq!(replace(&path, b"now", Access::Owner).unwrap_err().to_string(), "it is read-only");
        assert_eq!(
            (fs::read(&path).unwrap(), names(home.path())),
            (b"former".to_vec(), vec!["config.json".to_owned()])
        );
        assert_eq!(replace(home.path(), b"", Access::Owner).unwrap_err().to_string(), "it is not a file");
        assert!(replace(&path.join("below"), b"", Access::Owner).is_err());
    }

    #[test]
    fn a_file_that_is_too_large_is_not_read() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("huge");
        File::create(&path).unwrap().set_len(LARGEST_FILE + 1).unwrap();
        let begun = Replacement::begin(&path, Access::Owner).unwrap();
        assert_eq!(begun.read().unwrap_err().to_string(), "it is larger than 1 MiB");
    }

    #[test]
    fn changes_at_once_all_count() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("count");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..10 {
                        let begun = Replacement::begin(&path, Access::Owner).unwrap();
                        let mut bytes = begun.read().unwrap().unwrap_or_default();
                        bytes.push(b'x');
                        begun.write(&bytes).unwrap();
                    }
                });
            }
        });
        assert_eq!((fs::read(&path).unwrap().len(), names(home.path())), (80, vec!["count".to_owned()]));
    }
}
