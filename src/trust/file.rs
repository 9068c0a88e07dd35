//! Reads files, bounded in size, and maps paths of another root.

use std::fs::File;
use std::io::{Error, Read, Result};
use std::path::{Path, PathBuf};

use crate::encoding::is_utf16;
use crate::error::FileForm;

/// The largest file that is read, in bytes. A system's bundle of roots has some 250 KiB.
pub(super) const MAX_SIZE: u64 = 8 << 20;

/// Reads a file that the user named, which may be a pipe such as the shell's `<(…)`.
pub(super) fn read_named(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_SIZE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_SIZE {
        return Err(Error::other(format!("it is larger than {} MiB", MAX_SIZE >> 20)));
    }
    Ok(bytes)
}

/// Reads a file at a default location. Only a regular file: opening a pipe could block forever.
pub(super) fn read_found(path: &Path) -> Result<Vec<u8>> {
    if !path.metadata()?.is_file() {
        return Err(Error::other("it is not a file"));
    }
    read_named(path)
}

/// The text of a file of other clients, which read only UTF-8.
pub(super) fn text(bytes: &[u8]) -> std::result::Result<&str, String> {
    let why = || if is_utf16(bytes) { FileForm::Utf16.to_string() } else { "it is not UTF-8".to_owned() };
    std::str::from_utf8(bytes).map_err(|_| why())
}

/// The location of the file `path` that a file in `folder` names. An absolute path is relative to `root`, which may be
/// another system's root, such as a node's file system mounted elsewhere.
pub(super) fn named_in(folder: &Path, root: &Path, path: impl AsRef<Path>) -> PathBuf {
    let path = path.as_ref();
    path.strip_prefix("/").map_or_else(|_| folder.join(path), |below| root.join(below))
}

/// The path of a file below `root`, as seen from that root: the inverse of [`named_in`].
pub(super) fn name_below(root: &Path, path: &Path) -> PathBuf {
    path.strip_prefix(root).map_or_else(|_| path.to_owned(), |below| Path::new("/").join(below))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_beyond_the_limit_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("big.pem");
        File::create(&path).expect("a writable folder").set_len(MAX_SIZE + 1).expect("a file of our own");
        for read in [read_named, read_found] {
            assert_eq!(read(&path).expect_err("it cannot be read").to_string(), "it is larger than 8 MiB");
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
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().expect("a program that runs").success());
        assert_eq!(read_found(&path).expect_err("it cannot be read").to_string(), "it is not a file");
        assert_eq!(read_found(folder.path()).expect_err("it cannot be read").to_string(), "it is not a file");
    }
}
