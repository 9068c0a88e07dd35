//! The ways to read a text: literally, unescaped, decoded. An echoed secret may be written in any of them.

use std::ops::Range;

use super::escape::{Escaped, bare_escape, escape};

/// How often a text is unescaped: each round undoes one level of escapes within escapes.
const MAX_ROUNDS: usize = 8;

/// One way to read a text. White space, control characters and combining accents are left out, since they may be
/// anywhere in folded text; [`Reading::is_gap`] says where.
#[derive(Debug, Default)]
pub(super) struct Reading {
    bytes: Vec<u8>,
    /// For each byte, its place in the text.
    places: Vec<Range<usize>>,
}

impl Reading {
    /// The text, literally.
    pub fn of(text: &str) -> Self {
        let mut reading = Self { bytes: Vec::with_capacity(text.len()), places: Vec::with_capacity(text.len()) };
        text.char_indices().for_each(|(at, c)| reading.push(c, at..at + c.len_utf8()));
        reading
    }

    /// The text, then the text with one more level of escapes undone, and so on.
    pub fn all(text: &str) -> impl Iterator<Item = Self> {
        Self::of(text).and_unescaped()
    }

    /// This reading, then the same with one more level of escapes undone, and so on.
    pub fn and_unescaped(self) -> impl Iterator<Item = Self> {
        let mut next = Some(self);
        std::iter::from_fn(move || {
            let reading = next.take()?;
            next = reading.unescaped();
            Some(reading)
        })
        .take(MAX_ROUNDS)
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where in the text these bytes are.
    pub fn place(&self, bytes: Range<usize>) -> Range<usize> {
        match self.places.get(bytes) {
            Some([first, .., last]) => first.start..last.end,
            Some([only]) => only.clone(),
            _ => 0..0,
        }
    }

    /// Whether the byte at `at` does not follow on the byte before: at both ends, and after white space.
    pub fn is_gap(&self, at: usize) -> bool {
        match (at.checked_sub(1).and_then(|before| self.places.get(before)), self.places.get(at)) {
            (Some(before), Some(this)) => before.end < this.start,
            _ => true,
        }
    }

    /// Whether the bytes stand alone: neither side goes on with a letter or a digit.
    pub fn is_whole_word(&self, bytes: &Range<usize>) -> bool {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
        let ends =
            |at: usize, beside: usize| self.is_gap(at) || self.bytes.get(beside).is_none_or(|byte| !is_word(*byte));
        ends(bytes.start, bytes.start.wrapping_sub(1)) && ends(bytes.end, bytes.end)
    }

    /// What is written in base64, which may begin with any of four characters of a run. Padding ends a run.
    pub fn decoded(&self, offset: usize) -> Self {
        let mut decoded = Self::default();
        let mut at = 0;
        while at < self.bytes.len() {
            let run = self.bytes[at..].iter().take_while(|byte| sextet(**byte).is_some()).count();
            let end = at + run;
            let digits = (at + offset).min(end)..end;
            for group in digits.clone().step_by(4).map(|start| start..(start + 4).min(end)) {
                decoded.push_group(self, group);
            }
            at = end + 1;
        }
        decoded
    }

    /// The letters and digits of ASCII alone: a secret may be cut into the elements of a list, or have each character
    /// followed by a dash.
    pub fn letters_and_digits(&self) -> Self {
        let kept = self.bytes.iter().zip(&self.places).filter(|(byte, _)| byte.is_ascii_alphanumeric());
        let (bytes, places) = kept.map(|(byte, place)| (*byte, place.clone())).unzip();
        Self { bytes, places }
    }

    /// What is written as hexadecimal numbers of two digits, which may begin with either digit of a run. What may be
    /// between them (`6a:6b`, `0x6a, 0x6b`, `=6A=6B` of quoted-printable) does not end a run.
    pub fn hexadecimal(&self, offset: usize) -> Self {
        let mut decoded = Self::default();
        let mut digits = Vec::new();
        let mut at = 0;
        while at <= self.bytes.len() {
            match self.bytes.get(at) {
                Some(b'0') if matches!(self.bytes.get(at + 1), Some(b'x' | b'X')) => at += 1,
                Some(b':' | b'=' | b',' | b';' | b'-') => {}
                Some(byte) if byte.is_ascii_hexdigit() => digits.push(at),
                _ => {
                    for pair in digits.get(offset..).unwrap_or_default().chunks_exact(2) {
                        let number = pair.iter().filter_map(|at| char::from(self.bytes[*at]).to_digit(16));
                        let byte = number.fold(0, |number, digit| number << 4 | digit) as u8;
                        decoded.push_byte(byte, self.places[pair[0]].start..self.places[pair[1]].end);
                    }
                    digits.clear();
                }
            }
            at += 1;
        }
        decoded
    }

    /// Adds what up to four characters of base64 hold.
    fn push_group(&mut self, encoded: &Self, group: Range<usize>) {
        let digits = group.clone().filter_map(|at| sextet(encoded.bytes[at]));
        let bits = digits.fold(0_u32, |bits, digit| bits << 6 | u32::from(digit)) << (6 * (4 - group.len()));
        let [_, bytes @ ..] = bits.to_be_bytes();
        for (index, byte) in bytes.into_iter().enumerate().take(group.len() - 1) {
            self.push_byte(byte, encoded.place(group.start + index..group.start + index + 2));
        }
    }

    fn push(&mut self, c: char, place: Range<usize>) {
        let c = match c {
            // Full-width forms of ASCII.
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            c => c,
        };
        let is_combining = ('\u{300}'..='\u{36f}').contains(&c);
        if c.is_whitespace() || c.is_control() || is_combining {
            return;
        }
        match u8::try_from(c).ok().filter(u8::is_ascii) {
            // It may be base64, in which capitals count.
            Some(byte) => self.push_any(byte, place),
            None => c.to_lowercase().for_each(|c| {
                let mut buffer = [0; 4];
                c.encode_utf8(&mut buffer).bytes().for_each(|byte| self.push_any(byte, place.clone()));
            }),
        }
    }

    fn push_byte(&mut self, byte: u8, place: Range<usize>) {
        if byte > b' ' && byte != 0x7f {
            self.push_any(byte, place);
        }
    }

    fn push_any(&mut self, byte: u8, place: Range<usize>) {
        self.bytes.push(byte);
        self.places.push(place);
    }

    /// With one level of escapes undone; `None` if it has none.
    fn unescaped(&self) -> Option<Self> {
        self.replacing(escape)
    }

    /// With the escapes of JSON undone that lost their backslash, which a quoted string in a header takes for its own;
    /// `None` if it has none.
    pub fn without_backslashes(&self) -> Option<Self> {
        self.replacing(bare_escape)
    }

    fn replacing(&self, escape: impl Fn(&[u8]) -> Option<(usize, Escaped)>) -> Option<Self> {
        let mut unescaped = Self::default();
        let mut at = 0;
        while let Some(byte) = self.bytes.get(at) {
            match escape(&self.bytes[at..]) {
                Some((length, Escaped::Char(c))) => {
                    unescaped.push(c, self.place(at..at + length));
                    at += length;
                }
                Some((length, Escaped::Byte(byte))) => {
                    unescaped.push_byte(byte, self.place(at..at + length));
                    at += length;
                }
                None => {
                    unescaped.push_any(*byte, self.places[at].clone());
                    at += 1;
                }
            }
        }
        (unescaped.bytes != self.bytes).then_some(unescaped)
    }
}

/// The value of a character of base64, in either alphabet (RFC 4648 §4, §5).
fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unescaped(text: &str) -> String {
        String::from_utf8_lossy(Reading::all(text).last().expect("a reading").bytes()).into_owned()
    }

    #[test]
    fn escapes_of_each_kind_are_undone_and_levels_of_them() {
        for (text, expected) in [
            (r"a\u0026b\u003C\/\\", r"a&b</\"),
            (r"\ud83d\ude00 \u{1f600} \U0001F600 \x26 \ud83d", "😀😀😀&\\ud83d"),
            ("%26%c3%a4+%zz%", "&ä+%zz%"),
            ("&amp;&#38;&#x26;&quot;&auml;&nope;&amp", "&&&\"ä&nope;&amp"),
            ("%2525252526", "&"),
            (r"\\\\u0026amp;lt;", "<"),
            ("a b\r\n\tc\u{a0}d\\n\0e", "abcde"),
            ("\u{ff41}b\u{301}\u{ff01}", "ab!"),
        ] {
            assert_eq!(unescaped(text), expected, "{text}");
        }
    }

    #[test]
    fn an_escape_may_have_lost_its_backslash() {
        let bare = Reading::of("au0026bu003cu0041 u00").without_backslashes().expect("escapes");
        assert_eq!(bare.bytes(), b"a&b<u0041u00");
        assert!(Reading::of("nothing here: u0041").without_backslashes().is_none());
    }

    #[test]
    fn every_byte_knows_its_place() {
        let text = "ä \\u0026%26 &amp;x";
        let last = Reading::all(text).last().expect("a reading");
        let places: Vec<_> = (0..last.bytes().len()).map(|at| &text[last.place(at..at + 1)]).collect();
        assert_eq!(places, ["ä", "ä", "\\u0026", "%26", "&amp;", "x"]);
        assert_eq!((last.is_gap(2), last.is_gap(3), last.is_gap(4), last.is_gap(6)), (true, false, true, true));
    }

    #[test]
    fn hexadecimal_numbers_are_decoded_however_they_are_separated() {
        for (text, offset) in [
            ("616e6e3a7077", 0),
            ("x 616E6E3A7077.", 0),
            ("0616e6e3a7077", 1),
            ("61:6e:6e:3a:70:77", 0),
            ("0x61, 0x6e, 0x6e, 0x3a, 0x70, 0x77", 0),
            ("=61=6E=6E=3A=70=77", 0),
            ("61006e006e003a0070007700", 0),
        ] {
            let decoded = Reading::of(text).hexadecimal(offset);
            assert_eq!(decoded.bytes(), b"ann:pw", "{text}");
        }
        let text = "a 6a-6B z";
        let decoded = Reading::of(text).hexadecimal(1);
        assert_eq!(&text[decoded.place(0..1)], "6a", "an odd digit before it");
    }

    #[test]
    fn base64_is_decoded_wherever_it_begins() {
        for (text, offset) in
            [("YW5uOnB3", 0), ("xYW5uOnB3", 1), ("xxYW5uOnB3", 2), ("xxx YW5u\r\n OnB3=", 3), ("(YW5uOnB3)", 0)]
        {
            let decoded = Reading::of(text).decoded(offset);
            assert!(decoded.bytes().ends_with(b"ann:pw"), "{text}: {decoded:?}");
        }
    }
}
