//! Escapes: of JSON and programming languages, of URLs, of HTML.

/// The longest name or number of an HTML entity, with `&` and `;`.
const MAX_ENTITY: usize = 24;

/// The names of HTML entities for ASCII.
const ASCII_ENTITIES: [(&str, u8); 44] = [
    ("amp", b'&'),
    ("AMP", b'&'),
    ("lt", b'<'),
    ("LT", b'<'),
    ("gt", b'>'),
    ("GT", b'>'),
    ("quot", b'"'),
    ("QUOT", b'"'),
    ("apos", b'\''),
    ("Tab", b'\t'),
    ("NewLine", b'\n'),
    ("excl", b'!'),
    ("num", b'#'),
    ("dollar", b'$'),
    ("percnt", b'%'),
    ("lpar", b'('),
    ("rpar", b')'),
    ("ast", b'*'),
    ("midast", b'*'),
    ("plus", b'+'),
    ("comma", b','),
    ("period", b'.'),
    ("sol", b'/'),
    ("colon", b':'),
    ("semi", b';'),
    ("equals", b'='),
    ("quest", b'?'),
    ("commat", b'@'),
    ("lsqb", b'['),
    ("lbrack", b'['),
    ("bsol", b'\\'),
    ("rsqb", b']'),
    ("rbrack", b']'),
    ("Hat", b'^'),
    ("lowbar", b'_'),
    ("UnderBar", b'_'),
    ("grave", b'`'),
    ("DiacriticalGrave", b'`'),
    ("lcub", b'{'),
    ("lbrace", b'{'),
    ("verbar", b'|'),
    ("vert", b'|'),
    ("rcub", b'}'),
    ("rbrace", b'}'),
];

/// The names of HTML entities from U+00A0 to U+00FF, in their order.
const LATIN_ENTITIES: &str = "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg \
    plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc \
    Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc \
    Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig \
    ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash \
    ugrave uacute ucirc uuml yacute thorn yuml";

/// What an escape stands for.
pub(super) enum Escaped {
    Char(char),
    Byte(u8),
}

/// The escape at the start of `bytes`, and its length.
pub(super) fn escape(bytes: &[u8]) -> Option<(usize, Escaped)> {
    match bytes {
        [b'%', digits @ ..] => Some((3, Escaped::Byte(u8::try_from(hex(digits, 2)?).ok()?))),
        [b'\\', rest @ ..] => backslash(rest).map(|(length, escaped)| (length + 1, escaped)),
        [b'&', rest @ ..] => entity(rest).map(|(length, c)| (length + 1, Escaped::Char(c))),
        _ => None,
    }
}

/// `u0026`, of punctuation: JSON in Go escapes it.
pub(super) fn bare_escape(bytes: &[u8]) -> Option<(usize, Escaped)> {
    let digits = bytes.strip_prefix(b"u00")?;
    let byte = u8::try_from(hex(digits, 2)?).ok().filter(u8::is_ascii_punctuation)?;
    Some((5, Escaped::Byte(byte)))
}

/// Escapes of JSON, Go, Rust and JavaScript.
fn backslash(rest: &[u8]) -> Option<(usize, Escaped)> {
    let char = |length, code| char::from_u32(code).map(|c| (length, Escaped::Char(c)));
    match rest {
        [b'u', b'{', digits @ ..] => {
            let length = digits.iter().take(7).position(|byte| *byte == b'}')?;
            char(length + 3, hex(digits, length)?)
        }
        [b'u', digits @ ..] => match (hex(digits, 4)?, digits.get(4..)) {
            // Two halves of a character beyond the first 65,536.
            (high @ 0xd800..0xdc00, Some([b'\\', b'u', low @ ..])) => {
                let low = hex(low, 4).filter(|low| (0xdc00..0xe000).contains(low))?;
                char(11, 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))
            }
            (code, _) => char(5, code),
        },
        [b'U', digits @ ..] => char(9, hex(digits, 8)?),
        [b'x', digits @ ..] => Some((3, Escaped::Byte(u8::try_from(hex(digits, 2)?).ok()?))),
        [b'n' | b'r' | b't' | b'b' | b'f' | b'v', ..] => Some((1, Escaped::Char('\n'))),
        [c @ (b'"' | b'\'' | b'/' | b'\\' | b'`'), ..] => Some((1, Escaped::Byte(*c))),
        _ => None,
    }
}

/// HTML entities, by name and by number.
fn entity(rest: &[u8]) -> Option<(usize, char)> {
    let end = rest.iter().take(MAX_ENTITY).position(|byte| *byte == b';')?;
    let c = match &rest[..end] {
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(hex(digits, digits.len())?)?,
        [b'#', digits @ ..] => char::from_u32(std::str::from_utf8(digits).ok()?.parse().ok()?)?,
        name => named(std::str::from_utf8(name).ok()?)?,
    };
    Some((end + 1, c))
}

fn named(name: &str) -> Option<char> {
    let ascii = ASCII_ENTITIES.iter().find(|(known, _)| *known == name).map(|(_, byte)| char::from(*byte));
    ascii.or_else(|| {
        let index = LATIN_ENTITIES.split_ascii_whitespace().position(|known| known == name)?;
        char::from_u32(0xa0 + u32::try_from(index).ok()?)
    })
}

/// The number in the first `length` hexadecimal digits.
fn hex(digits: &[u8], length: usize) -> Option<u32> {
    let digits =
        digits.get(..length).filter(|digits| !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit))?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}
