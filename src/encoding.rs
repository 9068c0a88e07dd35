//! The encoding of text files: UTF-8, unless a byte order mark says UTF-16, which `>` of Windows PowerShell writes.

/// Decodes marked UTF-16, and removes the mark of UTF-8. Anything else, and malformed UTF-16, is returned unchanged:
/// its reader refuses what is not UTF-8, and says where.
pub fn to_utf8(mut bytes: Vec<u8>) -> Vec<u8> {
    let unit = match bytes[..] {
        [0xEF, 0xBB, 0xBF, ..] => {
            bytes.drain(..3);
            return bytes;
        }
        [0xFF, 0xFE, ..] => u16::from_le_bytes,
        [0xFE, 0xFF, ..] => u16::from_be_bytes,
        _ => return bytes,
    };
    let (units, half) = bytes[2..].as_chunks::<2>();
    let decoded: Result<String, _> = char::decode_utf16(units.iter().map(|pair| unit(*pair))).collect();
    match decoded {
        Ok(text) if half.is_empty() => text.into_bytes(),
        _ => bytes,
    }
}

/// Whether a byte order mark says UTF-16.
pub(crate) fn is_utf16(bytes: &[u8]) -> bool {
    matches!(bytes, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_decides() {
        for (bytes, text) in [
            (&b""[..], &b""[..]),
            (b"a\n", b"a\n"),
            (b"\xef\xbb\xbfa\xff", b"a\xff"),
            (b"\xff\xfea\0\xe9\0\x3d\xd8\x00\xde", "aé😀".as_bytes()),
            (b"\xfe\xff\0a\0\xe9\xd8\x3d\xde\x00", "aé😀".as_bytes()),
            (b"\xff\xfe", b""),
            // No mark.
            (b"a\0b\0", b"a\0b\0"),
            // Half a character, and half of a pair.
            (b"\xff\xfea\0b", b"\xff\xfea\0b"),
            (b"\xff\xfe\x3d\xd8", b"\xff\xfe\x3d\xd8"),
        ] {
            assert_eq!(to_utf8(bytes.to_vec()), text, "{bytes:?}");
        }
    }
}
