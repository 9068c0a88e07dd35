//! Reading files, bounded.

use std::fs::File;
use std::io::{Error, Read, Result};
use std::path::Path;

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
