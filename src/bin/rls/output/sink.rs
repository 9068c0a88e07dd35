//! Writes whole records to standard output, coordinated with the progress; errors distinguish a closed pipe from a full
//! disk.

use std::fmt;
use std::io::{self, Write};

use super::progress::on_terminal;
use crate::usage::Usage;

/// Number of bytes that are buffered before they are written.
const CHUNK: usize = 32 * 1024;

/// Why writing failed.
#[derive(Debug)]
pub enum OutputError {
    /// The reader is gone: end silently, as with SIGPIPE (141).
    Closed,
    /// It cannot be written, for instance because the disk is full (13).
    Write(io::Error),
    /// There is no standard output (13).
    Nowhere,
    /// The template does not fit the records (2).
    Template(Usage),
}

impl fmt::Display for OutputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("standard output was closed by its reader"),
            Self::Write(error) => write!(f, "cannot write the output: {error}"),
            Self::Nowhere => f.write_str("cannot write the output: standard output is closed"),
            Self::Template(usage) => usage.fmt(f),
        }
    }
}

impl std::error::Error for OutputError {}

impl From<io::Error> for OutputError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::Closed } else { Self::Write(error) }
    }
}

impl From<serde_json::Error> for OutputError {
    fn from(error: serde_json::Error) -> Self {
        Self::Write(error.into())
    }
}

/// Buffers whole records. What is not flushed when it is dropped is lost.
#[derive(Debug)]
pub struct Sink<W> {
    inner: W,
    buffered: Vec<u8>,
}

impl<W: Write> Sink<W> {
    /// A sink before `inner`.
    pub fn new(inner: W) -> Self {
        Self { inner, buffered: Vec::new() }
    }

    /// Takes whole lines, line ends included, or exact bytes.
    ///
    /// # Errors
    /// Those of earlier text that is written now.
    pub fn push(&mut self, text: impl AsRef<[u8]>) -> Result<(), OutputError> {
        self.buffered.extend_from_slice(text.as_ref());
        if self.buffered.len() < CHUNK { Ok(()) } else { self.write_buffered() }
    }

    /// Writes what was buffered.
    ///
    /// # Errors
    /// [`OutputError::Closed`] or [`OutputError::Write`].
    pub fn flush(&mut self) -> Result<(), OutputError> {
        self.write_buffered()
    }

    /// Writes the buffer once, whether or not it succeeds.
    fn write_buffered(&mut self) -> Result<(), OutputError> {
        let buffered = std::mem::take(&mut self.buffered);
        if buffered.is_empty() {
            return Ok(());
        }
        Ok(on_terminal(|| self.inner.write_all(&buffered).and_then(|()| self.inner.flush()))?)
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A writer that fails, after a number of bytes.
    pub struct Failing(pub usize, pub io::ErrorKind);

    impl Write for Failing {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.0 == 0 && !bytes.is_empty() {
                return Err(self.1.into());
            }
            let taken = bytes.len().min(self.0);
            self.0 -= taken;
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Remembers each call of `write`.
    struct Calls<'a>(&'a mut Vec<Vec<u8>>);

    impl Write for Calls<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_write_ends_with_a_whole_record() {
        let mut calls = Vec::new();
        let mut sink = Sink::new(Calls(&mut calls));
        let record = format!("{}\n", "x".repeat(999));
        (0..100).for_each(|_| sink.push(&record).expect("memory can be written to"));
        sink.flush().expect("memory can be written to");
        assert!(calls.len() > 1, "{}", calls.len());
        assert!(calls.iter().all(|call| call.len() % 1000 == 0));
        assert_eq!(calls.concat(), record.repeat(100).as_bytes());
    }

    #[test]
    fn a_closed_pipe_is_not_a_full_disk() {
        let fails = |kind| {
            let mut sink = Sink::new(Failing(3, kind));
            sink.push("abcdef").expect("it fits into the buffer");
            sink.flush().expect_err("writing fails")
        };
        assert!(matches!(fails(io::ErrorKind::BrokenPipe), OutputError::Closed));
        let full = fails(io::ErrorKind::StorageFull);
        assert_eq!(full.to_string(), "cannot write the output: no storage space");
    }

    #[test]
    fn nothing_is_written_twice_after_a_failure() {
        let mut sink = Sink::new(Failing(3, io::ErrorKind::StorageFull));
        sink.push("abcdef").expect("it fits into the buffer");
        sink.flush().expect_err("writing fails");
        sink.flush().expect("memory can be written to");
    }
}
