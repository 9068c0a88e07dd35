//! Decodes gzip, the one encoding that requests offer, of one member or several. A reply may also call it `x-gzip` (RFC
//! 9110 §8.4.1.3). zstd is not offered: a reply could make its decoder hold 128 MiB; that of gzip holds 32 KiB.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::write::MultiGzDecoder;

/// How many bytes are decoded at once. They become at most a thousand times as many.
const PIECE: usize = 256;

/// A body that is decoded as it arrives.
#[derive(Debug)]
pub(super) struct Gunzip {
    decoder: MultiGzDecoder<Vec<u8>>,
    arrived: Bytes,
    has_begun: bool,
}

impl Gunzip {
    /// A decoder for this `Content-Encoding`, if it is gzip by any of its names.
    pub fn for_encoding(encoding: &str) -> Option<Self> {
        let is_gzip = ["gzip", "x-gzip"].iter().any(|name| encoding.eq_ignore_ascii_case(name));
        is_gzip.then(|| Self { decoder: MultiGzDecoder::new(Vec::new()), arrived: Bytes::new(), has_begun: false })
    }

    /// Adds what arrived.
    pub fn push(&mut self, arrived: Bytes) {
        self.has_begun |= !arrived.is_empty();
        self.arrived = arrived;
    }

    /// Decodes the next piece of what arrived; `None` when more has to arrive.
    ///
    /// # Errors
    ///
    /// When it is not gzip.
    pub fn decode(&mut self) -> io::Result<Option<Bytes>> {
        while !self.arrived.is_empty() {
            let piece = self.arrived.split_to(self.arrived.len().min(PIECE));
            self.decoder.write_all(&piece)?;
            if !self.decoder.get_ref().is_empty() {
                return Ok(Some(std::mem::take(self.decoder.get_mut()).into()));
            }
        }
        Ok(None)
    }

    /// Decodes what is left at the end of the body. One that is empty, as in many errors, is not encoded.
    ///
    /// # Errors
    ///
    /// When it ended early.
    pub fn finish(&mut self) -> io::Result<Option<Bytes>> {
        if !self.has_begun {
            return Ok(None);
        }
        self.decoder.try_finish()?;
        let rest = std::mem::take(self.decoder.get_mut());
        Ok((!rest.is_empty()).then(|| rest.into()))
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn compressed(text: &[u8]) -> Bytes {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(text).expect("memory");
        encoder.finish().expect("memory").into()
    }

    fn decoded(compressed: &Bytes, piece: usize) -> io::Result<Vec<u8>> {
        let mut gunzip = Gunzip::for_encoding("X-GZip").expect("a name of gzip");
        let mut text = Vec::new();
        for piece in compressed.chunks(piece) {
            gunzip.push(compressed.slice_ref(piece));
            while let Some(decoded) = gunzip.decode()? {
                text.extend_from_slice(&decoded);
            }
        }
        text.extend_from_slice(&gunzip.finish()?.unwrap_or_default());
        Ok(text)
    }

    #[test]
    fn a_body_is_decoded_in_any_pieces() {
        let text = "0123456789".repeat(100_000).into_bytes();
        let body = compressed(&text);
        for piece in [1, 7, 1000, usize::MAX] {
            assert!(decoded(&body, piece).expect("gzip") == text, "pieces of {piece}");
        }
        assert_eq!(decoded(&[body.clone(), body.clone()].concat().into(), 100).expect("gzip").len(), 2 * text.len());
    }

    #[test]
    fn an_empty_body_is_empty() {
        assert_eq!(decoded(&Bytes::new(), 1).expect("nothing to decode"), b"");
    }

    #[test]
    fn a_body_that_ends_early_is_refused() {
        let body = compressed(b"a list of tags");
        let error = |body: &Bytes| decoded(body, 100).expect_err("not whole").kind();
        assert_eq!(error(&body.slice(..body.len() - 1)), io::ErrorKind::InvalidInput);
        assert_eq!(error(&Bytes::from_static(b"a list of tags")), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn other_encodings_are_not_decoded() {
        for other in ["br", "deflate", "zstd", "", "gzip, gzip"] {
            assert!(Gunzip::for_encoding(other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_piece_stays_small() {
        let body = compressed(&vec![0; 64 << 20]);
        let mut gunzip = Gunzip::for_encoding("gzip").expect("a name of gzip");
        gunzip.push(body);
        while let Some(decoded) = gunzip.decode().expect("gzip") {
            assert!(decoded.len() <= 1 << 20, "{}", decoded.len());
        }
    }
}
