//! Reads files given by the user, which may be pipes, and standard input.
//!
//! A pipe may never end, and a file on a network file system that is down cannot even be opened. So all reading is done
//! on threads that can be abandoned, up to a size limit. All of it is text, in the encoding that its byte order mark
//! says.

use std::fs::File;
use std::io::{self, Read, StdinLock, stdin};
use std::path::Path;

use registry_ls::encoding::to_utf8;

use crate::usage::{Result, Usage};

/// Maximum size of a configuration file, in bytes.
pub const MAX_CONFIG: u64 = 1 << 20;
/// Maximum size of a password on standard input.
pub const MAX_PASSWORD: u64 = 64 << 10;
/// Maximum size of credentials on standard input.
pub const MAX_CREDENTIALS: u64 = 1 << 20;
/// Maximum size of a plan or a list of names: some 250,000 entries.
pub const MAX_LIST: u64 = 64 << 20;
/// Maximum size of what is read from a pipe or a device that is named as a file.
const MAX_ENDLESS: u64 = 16 << 20;
/// Maximum length of a line in a list.
const MAX_LINE: usize = 4 << 10;

/// Runs blocking work on another thread. Dropping the future abandons the work, but does not stop it.
///
/// # Errors
/// The thread panicked.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)
}

/// Reads a file, called `what` in errors; `-` is standard input.
///
/// # Errors
/// It cannot be read, or is too large.
pub async fn read(what: &str, path: &Path, max_bytes: u64) -> Result<Vec<u8>> {
    if path.as_os_str() == "-" {
        return read_stdin(what, max_bytes).await;
    }
    let named = format!("{what} {}", path.display());
    read_file(path, max_bytes).await.map_err(|error| unreadable(&named, &error))
}

/// As [`read`], with the system error.
///
/// # Errors
///
/// [`io::ErrorKind::FileTooLarge`], and those of the system.
pub async fn read_file(path: &Path, max_bytes: u64) -> io::Result<Vec<u8>> {
    let path = path.to_owned();
    let read = move || {
        let file = File::open(path)?;
        // A device has no end.
        let is_file = file.metadata()?.is_file();
        take(file, if is_file { max_bytes } else { max_bytes.min(MAX_ENDLESS) })
    };
    blocking(read).await?
}

/// Reads all of standard input, called `what` in errors.
///
/// # Errors
/// It cannot be read, or is too large.
pub async fn read_stdin(what: &str, max_bytes: u64) -> Result<Vec<u8>> {
    let named = format!("{what} on standard input");
    let bytes = blocking(move || take(stdin().lock(), max_bytes)).await.and_then(|bytes| bytes);
    bytes.map_err(|error| unreadable(&named, &error))
}

/// Reads from standard input with `read`.
///
/// # Errors
///
/// Those of `read`.
pub async fn from_stdin<T: Send + 'static>(read: fn(StdinLock<'static>) -> io::Result<T>) -> Result<T> {
    let done = blocking(move || read(stdin().lock())).await.and_then(|done| done);
    done.map_err(|error| Usage::new("cannot read standard input").because(error))
}

/// The names in a list, each with its line number, which counts from 1. Blank lines and comments are skipped.
///
/// # Errors
/// A line that is not UTF-8, or too long.
pub fn names(list: &[u8]) -> Result<Vec<(usize, String)>> {
    let mut names = Vec::new();
    for (index, line) in list.split(|byte| *byte == b'\n').enumerate() {
        let refuse = |why: &str| Usage::new(format!("line {} of standard input {why}", index + 1));
        if line.len() > MAX_LINE {
            return Err(refuse("is longer than 4 KiB"));
        }
        let line = std::str::from_utf8(line).map_err(|_| refuse("is not UTF-8"))?.trim();
        if !line.is_empty() && !line.starts_with('#') {
            names.push((index + 1, line.to_owned()));
        }
    }
    Ok(names)
}

fn take(input: impl Read, max_bytes: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(max_bytes + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max_bytes {
        let why = format!("it is larger than {}", shown(max_bytes));
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    Ok(to_utf8(bytes))
}

/// The error if the thread that reads files fails.
pub fn cannot_read(error: io::Error) -> Usage {
    Usage::new("cannot read the named files").because(error)
}

/// The error if something cannot be read.
pub fn unreadable(named: &str, error: &io::Error) -> Usage {
    Usage::new(format!("cannot read {named}")).because(error)
}

/// Strips one line end: `echo` adds one, and so does `$(cat FILE)` in a YAML block; it is not part of a name or
/// password.
pub fn without_line_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

/// `64 KiB`, `1 MiB`
fn shown(bytes: u64) -> String {
    if bytes < 1 << 20 { format!("{} KiB", bytes >> 10) } else { format!("{} MiB", bytes >> 20) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_and_comments_are_skipped() {
        let list = "team/app\r\n\n  # a comment\n#another\n  web/nginx:1 \n\t\nlast";
        let read = names(list.as_bytes()).expect("names");
        let expected = [(1, "team/app"), (5, "web/nginx:1"), (7, "last")];
        assert_eq!(read, expected.map(|(line, name)| (line, name.to_owned())));
    }

    #[test]
    fn an_invalid_line_is_reported_by_its_number() {
        let long = format!("a\n{}\n", "x".repeat(MAX_LINE + 1));
        assert_eq!(
            names(long.as_bytes()).expect_err("it is refused").what(),
            "line 2 of standard input is longer than 4 KiB"
        );
        assert_eq!(names(b"a\n\nb\xff\n").expect_err("it is refused").what(), "line 3 of standard input is not UTF-8");
    }

    #[test]
    fn no_more_is_read_than_allowed() {
        assert_eq!(take(&b"1234"[..], 4).expect("it is short enough"), b"1234");
        assert_eq!(take(&b"\xff\xfea\0"[..], 4).expect("it is short enough"), b"a");
        assert_eq!(take(io::repeat(0), 4).expect_err("it is refused").kind(), io::ErrorKind::FileTooLarge);
        let error = take(io::repeat(0), MAX_ENDLESS).expect_err("it is refused");
        assert_eq!(unreadable("the plan x", &error).to_string(), "cannot read the plan x: it is larger than 16 MiB");
    }
}
