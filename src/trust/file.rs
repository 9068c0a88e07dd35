//! Reading files, bounded.

use std::fs::File;
use std::io::{Error, Read, Result};
use std::path::{Path, PathBuf};

/// Largest file read. A whole system's bundle of roots has some 250 KiB.
pub(super) const LARGEST: u64 = 8 << 20;

/// Reads a file that somebody named, which may be a pipe such as the shell's `<(…)`.
pub(super) fn read_named(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(Error::other(format!("it is larger than {} MiB", LARGEST >> 20)));
    }
    Ok(bytes)
}

/// Reads a file that was found. What is no regular file is left alone: to open a pipe could take forever.
pub(super) fn read_found(path: &Path) -> Result<Vec<u8>> {
    if !path.metadata()?.is_file() {
        return Err(Error::other("it is not a file"));
    }
    read_named(path)
}

/// Where the file is that is called `path` in a file of the machine's in `folder`. An absolute path is one in the eyes of those
/// who have `root` for their root, such as a node whose files are mounted elsewhere.
pub(super) fn named_in(folder: &Path, root: &Path, path: impl AsRef<Path>) -> PathBuf {
    let path = path.as_ref();
    path.strip_prefix("/").map_or_else(|_| folder.join(path), |below| root.join(below))
}

/// What a file below `root` is called by those who have it for their root: the counterpart of [`named_in`].
pub(super) fn name_below(root: &Path, path: &Path) -> PathBuf {
    path.strip_prefix(root).map_or_else(|_| path.to_owned(), |below| Path::new("/").join(below))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_beyond_the_limit_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("big.pem");
        File::create(&path).unwrap().set_len(LARGEST + 1).unwrap();
        for read in [read_named, read_found] {
            assert_eq!(read(&path).unwrap_err().to_string(), "it is larger than 8 MiB");
        }
    }

    #[test]
    fn absolute_names_are_those_of_the_machine() {
        let (folder, root) = (Path::new("/host/etc/rancher/k3s"), Path::new("/host"));
        for (name, path) in [
            ("/etc/ssl/ca.pem", "/host/etc/ssl/ca.pem"),
            ("ca.pem", "/host/etc/rancher/k3s/ca.pem"),
            ("../ca.pem", "/host/etc/rancher/k3s/../ca.pem"),
        ] {
            assert_eq!(named_in(folder, root, name), Path::new(path));
            assert_eq!(named_in(folder, Path::new("/"), "/etc/ssl/ca.pem"), Path::new("/etc/ssl/ca.pem"));
        }
        assert_eq!(name_below(root, Path::new("/host/etc/ssl/ca.pem")), Path::new("/etc/ssl/ca.pem"));
        assert_eq!(name_below(Path::new("/"), Path::new("/etc/ssl/ca.pem")), Path::new("/etc/ssl/ca.pem"));
        assert_eq!(name_below(root, Path::new("/home/ann/ca.pem")), Path::new("/home/ann/ca.pem"));
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_that_was_found_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        assert_eq!(read_found(&path).unwrap_err().to_string(), "it is not a file");
        assert_eq!(read_found(folder.path()).unwrap_err().to_string(), "it is not a file");
    }
}
