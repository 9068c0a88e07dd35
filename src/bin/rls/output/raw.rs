//! Exact bytes.

use std::io::Write;

use super::escape::escape;
use super::progress::on_terminal;
use super::sink::{OutputError, Sink};

/// Writes exact bytes, whose hash is preserved. On a terminal, everything but line ends and tabs is escaped.
///
/// # Errors
/// [`OutputError::Closed`] or [`OutputError::Write`].
pub fn write_raw(writer: impl Write, bytes: &[u8], terminal: bool) -> Result<(), OutputError> {
    let mut sink = Sink::new(writer);
    if terminal {
        let text = String::from_utf8_lossy(bytes);
        for part in text.split_inclusive(['\n', '\t']) {
            let (words, end) = part.split_at(part.trim_end_matches(['\n', '\t']).len());
            sink.push(escape(words).as_bytes())?;
            sink.push(end)?;
        }
    } else {
        sink.push(bytes)?;
    }
    sink.flush()
}

/// Writes exact bytes, on a terminal too.
///
/// # Errors
/// [`OutputError::Closed`] or [`OutputError::Write`].
pub fn write_exact(mut writer: impl Write, bytes: &[u8]) -> Result<(), OutputError> {
    on_terminal(|| writer.write_all(bytes).and_then(|()| writer.flush())).map_err(OutputError::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(bytes: &[u8], terminal: bool) -> Vec<u8> {
        let mut out = Vec::new();
        write_raw(&mut out, bytes, terminal).expect("memory can be written to");
        out
    }

    #[test]
    fn a_pipe_gets_every_byte() {
        let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
        assert_eq!(written(&bytes, false), bytes);
    }

    #[test]
    fn a_terminal_gets_lines_that_it_cannot_obey() {
        let bytes = b"{\n\t\"a\": \"\x1b[2J\xff\r\n\n\"}";
        assert_eq!(written(bytes, true), "{\n\t\"a\": \"\\x1b[2J\u{fffd}\\r\n\n\"}".as_bytes());
    }
}
