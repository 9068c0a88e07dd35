//! Goes through the files of a layer that is read from anywhere.

use std::cell::Cell;
use std::io::{BufRead, Read};
use std::ops::ControlFlow;
use std::rc::Rc;

use super::archive::Archive;
use super::decompress::decompress;
use super::entry::FileEntry;
use super::feed::of_reading;
use super::limits::{Bounded, Counted, Limits};
use crate::error::Result;

/// Goes through the files of a layer: a tar archive, compressed by gzip or zstd, or not. `visit` gets each with its
/// content; whiteouts are files like any other. Returns whether the end of the archive was reached.
///
/// # Errors
///
/// [`Fault::Malformed`](crate::error::Fault::Malformed) for what is no layer, or breaks off;
/// [`Fault::Unpacked`](crate::error::Fault::Unpacked) and [`Fault::Window`](crate::error::Fault::Window) for one that
/// exceeds the limits; those of `visit`.
pub fn unpack(
    layer: impl BufRead,
    limits: Limits,
    mut visit: impl FnMut(FileEntry, &mut dyn Read) -> Result<ControlFlow<()>>,
) -> Result<bool> {
    let received = Rc::new(Cell::new(0));
    let counted = Counted { inner: layer, count: Rc::clone(&received) };
    let unpacked = decompress(counted, limits.window).map_err(of_reading)?;
    let mut archive = Archive::new(Bounded::new(unpacked, limits, received));
    while let Some(file) = archive.next().map_err(of_reading)? {
        if visit(file, &mut archive)?.is_break() {
            return Ok(false);
        }
    }
    Ok(true)
}
