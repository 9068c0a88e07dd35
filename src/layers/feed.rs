//! Feeds a blob, as it arrives, to a reader on a thread of its own: decompression would keep the runtime's busy.

use std::io::{self, BufRead, Read};

use bytes::{Buf, Bytes};
use tokio::sync::mpsc;

use crate::error::{Error, Fault, Kind, Result};
use crate::registry::BlobReader;

/// How many pieces of a blob wait for their reader.
const QUEUED: usize = 4;

/// The pieces of a blob, as a reader.
#[derive(Debug)]
pub(super) struct Pieces {
    pieces: mpsc::Receiver<Bytes>,
    piece: Bytes,
}

impl Pieces {
    /// Reads what is left, so that the digest of the blob is verified.
    pub fn drain(&mut self) {
        self.piece.clear();
        while self.pieces.blocking_recv().is_some() {}
    }
}

impl BufRead for Pieces {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.piece.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.piece = piece,
                None => break,
            }
        }
        Ok(&self.piece)
    }

    fn consume(&mut self, count: usize) {
        self.piece.advance(count);
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let piece = self.fill_buf()?;
        let count = piece.len().min(buffer.len());
        buffer[..count].copy_from_slice(&piece[..count]);
        self.consume(count);
        Ok(count)
    }
}

/// Runs `work` on a thread with the pieces of `blob`, until it returns: what it does not read is not fetched. An error
/// of the blob is preferred to what `work` makes of its early end.
pub(super) async fn feed<T: Send + 'static>(
    mut blob: BlobReader,
    work: impl FnOnce(Pieces) -> Result<T> + Send + 'static,
) -> Result<T> {
    let (sender, pieces) = mpsc::channel(QUEUED);
    let work = tokio::task::spawn_blocking(move || work(Pieces { pieces, piece: Bytes::new() }));
    let feeding = async move {
        loop {
            let chunk = tokio::select! {
                biased;
                () = sender.closed() => return Ok(()),
                chunk = blob.chunk() => chunk?,
            };
            let Some(chunk) = chunk else { return Ok(()) };
            if sender.send(chunk).await.is_err() {
                return Ok(());
            }
        }
    };
    match futures::join!(feeding, work) {
        (Err(error), _) => Err(error),
        (Ok(()), Ok(done)) => done,
        (Ok(()), Err(error)) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        (Ok(()), Err(_)) => Err(Error::new(Kind::TimedOut, "the runtime was shut down")),
    }
}

/// The error behind an error of reading.
pub(super) fn of_reading(error: io::Error) -> Error {
    let what = "the layer cannot be read";
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(error) => error.clone(),
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            Error::new(Kind::Protocol(Fault::Malformed), what).because("it ends too early")
        }
        None => Error::new(Kind::Protocol(Fault::Malformed), what).caused_by(error),
    }
}
