//! Undoes the compression of a layer. Its first bytes tell which: media types are wrong too often.

use std::io::{self, BufRead, Read};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use crate::error::{Error, Fault, Kind};

/// The compressions of layers that are not supported, by their first bytes.
const UNSUPPORTED: [(&[u8], &str); 3] = [(b"BZh", "bzip2"), (b"\xfd7zXZ\0", "xz"), (b"\x04\x22\x4d\x18", "lz4")];

/// Unpacks gzip and zstd, each of one or several parts; anything else is passed on. A zstd frame with a window of more
/// than `max_window` bytes is refused.
///
/// # Errors
///
/// Those of reading; a compression that is not supported.
pub(super) fn decompress<'a>(mut reader: impl BufRead + 'a, max_window: u64) -> io::Result<Box<dyn Read + 'a>> {
    let start = reader.fill_buf()?;
    if let Some((_, name)) = UNSUPPORTED.iter().find(|(magic, _)| start.starts_with(magic)) {
        return Err(refused(format!("it is compressed with {name}; gzip and zstd are supported")));
    }
    Ok(match start {
        [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(reader)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Box::new(Zstd::new(reader, max_window)),
        _ => Box::new(reader),
    })
}

/// An error about a layer, for readers.
pub(super) fn refused(cause: impl std::fmt::Display) -> io::Error {
    io::Error::other(Error::new(Kind::Protocol(Fault::Malformed), "the layer cannot be read").because(cause))
}

/// Unpacks zstd frames; skippable ones are skipped.
struct Zstd<R> {
    source: R,
    decoder: FrameDecoder,
}

impl<R: BufRead> Zstd<R> {
    fn new(source: R, max_window: u64) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(max_window);
        Self { source, decoder }
    }

    /// Begins the next frame; `false` at the end.
    fn begin(&mut self) -> io::Result<bool> {
        loop {
            if self.source.fill_buf()?.is_empty() {
                return Ok(false);
            }
            match self.decoder.reset(&mut self.source) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    let skipped = io::copy(&mut self.source.by_ref().take(length.into()), &mut io::sink())?;
                    if skipped < length.into() {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(FrameDecoderError::WindowSizeTooBig { requested, max }) => {
                    let cause = format!("a zstd frame needs a window of {requested} bytes, the limit is {max}");
                    let what = "the layer needs too much memory";
                    return Err(io::Error::other(Error::new(Kind::Protocol(Fault::Window), what).because(cause)));
                }
                Err(error) => return Err(of_zstd(error)),
            }
        }
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if self.decoder.can_collect() > 0 {
                return self.decoder.read(buffer);
            }
            if !self.decoder.is_finished() {
                let blocks = BlockDecodingStrategy::UptoBlocks(1);
                self.decoder.decode_blocks(&mut self.source, blocks).map_err(of_zstd)?;
            } else if !self.begin()? {
                return Ok(0);
            }
        }
    }
}

/// The error of the source, if it is one; otherwise what is wrong with the frame.
fn of_zstd(error: FrameDecoderError) -> io::Error {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(inner) = source {
        if let Some(inner) = inner.downcast_ref::<io::Error>() {
            return match inner.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
                Some(error) => io::Error::other(error.clone()),
                None => inner.kind().into(),
            };
        }
        source = inner.source();
    }
    refused(format!("zstd: {error}"))
}
