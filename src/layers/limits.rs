//! What a layer may cost.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use crate::error::{Error, Fault, Kind};

/// What every layer may unpack to, in bytes.
const ALWAYS_ALLOWED: u64 = 1 << 30;

/// What a layer may unpack to for each of its bytes: files that are mostly zeros shrink to a hundredth.
const MAX_RATIO: u64 = 100;

/// Limits for reading a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The most bytes that a layer may unpack to; `None` for 1 GiB, or a hundred times what was received where that is
    /// more.
    pub unpacked: Option<u64>,
    /// The largest window of a zstd frame, in bytes. The decoder holds as much; RFC 8878 asks for 8 MiB at least.
    pub window: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { unpacked: None, window: 8 << 20 }
    }
}

impl Limits {
    /// The same limits with another number of bytes that a layer may unpack to.
    #[must_use]
    pub fn with_unpacked(self, unpacked: Option<u64>) -> Self {
        Self { unpacked, ..self }
    }

    /// The same limits with another window, if one is given.
    #[must_use]
    pub fn with_window(self, window: Option<u64>) -> Self {
        Self { window: window.unwrap_or(self.window), ..self }
    }
}

/// A reader that counts its bytes.
pub(super) struct Counted<R> {
    pub inner: R,
    pub count: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.set(self.count.get() + read as u64);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.count.set(self.count.get() + count as u64);
        self.inner.consume(count);
    }
}

/// A reader of unpacked bytes, which fails when they are more than the limits allow.
pub(super) struct Bounded<R> {
    inner: R,
    limits: Limits,
    received: Rc<Cell<u64>>,
    unpacked: u64,
}

impl<R> Bounded<R> {
    /// Bounds what `inner` unpacks, of `received` bytes so far.
    pub fn new(inner: R, limits: Limits, received: Rc<Cell<u64>>) -> Self {
        Self { inner, limits, received, unpacked: 0 }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.unpacked += read as u64;
        let by_ratio = self.received.get().saturating_mul(MAX_RATIO);
        let limit = self.limits.unpacked.unwrap_or(ALWAYS_ALLOWED.max(by_ratio));
        if self.unpacked <= limit {
            return Ok(read);
        }
        let cause = format!("its first {} bytes unpack to more than {limit} bytes", self.received.get());
        Err(io::Error::other(
            Error::new(Kind::Protocol(Fault::Unpacked), "the layer unpacks to too much").because(cause),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpack(size: u64, received: u64, unpacked: Option<u64>) -> io::Result<u64> {
        let limits = Limits::default().with_unpacked(unpacked);
        let mut reader = Bounded::new(io::repeat(0).take(size), limits, Rc::new(Cell::new(received)));
        io::copy(&mut reader, &mut io::sink())
    }

    fn is_too_large(unpacked: io::Result<u64>) -> bool {
        let error = unpacked.expect_err("above the limit");
        let error = error.get_ref().and_then(|error| error.downcast_ref::<Error>()).expect("an error of ours");
        *error.kind() == Kind::Protocol(Fault::Unpacked)
    }

    #[test]
    fn the_limit_grows_with_what_was_received() {
        assert_eq!(unpack(ALWAYS_ALLOWED, 1, None).expect("within the limit"), ALWAYS_ALLOWED);
        assert!(is_too_large(unpack(ALWAYS_ALLOWED + 1, 1, None)));
        let received = ALWAYS_ALLOWED / MAX_RATIO + 1;
        assert_eq!(unpack(ALWAYS_ALLOWED + 1, received, None).expect("within the limit"), ALWAYS_ALLOWED + 1);
    }

    #[test]
    fn a_given_limit_is_exact() {
        assert_eq!(unpack(10, 1 << 30, Some(10)).expect("within the limit"), 10);
        assert!(is_too_large(unpack(11, 1 << 30, Some(10))));
    }
}
