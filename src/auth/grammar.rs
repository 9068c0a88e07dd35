//! Parses the grammar of `WWW-Authenticate` (RFC 9110 §11.2, §11.3, §11.6.1), without interpreting schemes and
//! parameters.
//!
//! More lenient than the RFC where registries need it: any white space may follow the scheme, and an unquoted value may
//! contain the characters of URLs and scopes (`realm=https://…/token`). A parameter without a value is left out, and of
//! a challenge that breaks off, what comes before is kept. Stricter where ambiguity could be exploited: a challenge
//! with duplicate parameters or unbalanced quotation marks is refused as a whole, as are control characters and
//! overlong lines.

/// The longest header line that is parsed, in bytes.
const MAX_LINE: usize = 16 * 1024;

/// A challenge as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawChallenge {
    /// The scheme in the server's spelling; it compares case-insensitively.
    pub scheme: String,
    /// Parameters in their order: names in lower case, values unquoted, without duplicates.
    pub params: Vec<(String, String)>,
}

impl RawChallenge {
    /// The value of a parameter; `name` is in lower case.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Why a header line, or the rest of it, cannot be parsed. It never quotes the line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at byte {position}")]
pub struct Malformed {
    /// The reason.
    pub reason: &'static str,
    /// The position in bytes from the start of the line.
    pub position: usize,
}

/// Parses one header line. Returns the challenges, and why the rest cannot be parsed, if so; the last challenge then
/// has the parameters before the error.
pub fn parse_line(line: &[u8]) -> (Vec<RawChallenge>, Option<Malformed>) {
    let mut challenges = Vec::new();
    let mut cursor = Cursor { line, position: 0 };
    let malformed = cursor.check().and_then(|()| cursor.challenges(&mut challenges)).err();
    (challenges, malformed)
}

type Parsed<T> = Result<T, Malformed>;

struct Cursor<'a> {
    line: &'a [u8],
    position: usize,
}

impl<'a> Cursor<'a> {
    fn check(&self) -> Parsed<()> {
        if self.line.len() > MAX_LINE {
            return Err(Malformed { reason: "the header is longer than 16 KiB", position: MAX_LINE });
        }
        match self.line.iter().position(|&byte| byte != b'\t' && byte.is_ascii_control()) {
            Some(position) => Err(Malformed { reason: "a control character", position }),
            None => Ok(()),
        }
    }

    /// `#challenge`: a list whose elements may be empty.
    fn challenges(&mut self, into: &mut Vec<RawChallenge>) -> Parsed<()> {
        self.skip_separators();
        if self.peek().is_none() {
            return Err(self.wrong("the header is empty"));
        }
        while self.peek().is_some() {
            let scheme = self.token("an authentication scheme is missing")?.to_owned();
            let mut challenge = RawChallenge { scheme, params: Vec::new() };
            let parsed = self.params(&mut challenge.params);
            // A Bearer challenge without a realm is of no use; a Basic one needs no parameter.
            let is_basic = challenge.scheme.eq_ignore_ascii_case("Basic");
            if parsed.is_ok() || !challenge.params.is_empty() || is_basic {
                into.push(challenge);
            }
            parsed?;
            self.skip_separators();
        }
        Ok(())
    }

    /// `challenge = auth-scheme [ 1*SP ( token68 / #auth-param ) ]`, after the scheme.
    fn params(&mut self, params: &mut Vec<(String, String)>) -> Parsed<()> {
        let spaces = self.skip_blanks();
        if self.at_end_of_element() {
            return Ok(());
        }
        if spaces == 0 {
            return Err(self.wrong("unexpected character in a scheme"));
        }
        if self.skip_token68() {
            return Ok(());
        }
        loop {
            let start = self.position;
            if let Some((name, value)) = self.param()? {
                if params.iter().any(|(known, _)| *known == name) {
                    params.clear();
                    return Err(Malformed { reason: "a parameter is given twice", position: start });
                }
                params.push((name, value));
            }
            let spaces = self.skip_blanks();
            if !self.at_end_of_element() {
                // Right after a quotation mark, it is unknown which marks belong together.
                if spaces == 0 {
                    params.clear();
                }
                return Err(self.wrong("a comma is missing"));
            }
            if !self.param_follows() {
                return Ok(());
            }
        }
    }

    /// `auth-param = token BWS "=" BWS ( token / quoted-string )`; `None` where the value is missing.
    fn param(&mut self) -> Parsed<Option<(String, String)>> {
        let name = self.token("a parameter's name is missing")?.to_ascii_lowercase();
        self.skip_blanks();
        if self.peek() != Some(b'=') {
            return Err(self.wrong("a parameter has no value"));
        }
        self.position += 1;
        self.skip_blanks();
        let value = match self.peek() {
            Some(b'"') => self.quoted_string()?,
            None | Some(b',') => return Ok(None),
            Some(_) => self.unquoted_value()?,
        };
        Ok(Some((name, value)))
    }

    /// `quoted-string`, with `quoted-pair` resolved.
    fn quoted_string(&mut self) -> Parsed<String> {
        let start = self.position;
        self.position += 1;
        let mut value = Vec::new();
        while let Some(byte) = self.peek() {
            self.position += 1;
            match byte {
                b'"' => return Ok(String::from_utf8_lossy(&value).into_owned()),
                b'\\' => match self.peek() {
                    Some(escaped) => {
                        self.position += 1;
                        value.push(escaped);
                    }
                    None => break,
                },
                _ => value.push(byte),
            }
        }
        Err(Malformed { reason: "a quoted value has no end", position: start })
    }

    fn unquoted_value(&mut self) -> Parsed<String> {
        let value = self.take_while(|byte| byte.is_ascii_graphic() && !matches!(byte, b',' | b'"'));
        match value {
            "" => Err(self.wrong("a parameter has no value")),
            value => Ok(value.to_owned()),
        }
    }

    /// Skips a `token68`, which only follows a scheme and ends its challenge. No supported scheme has one.
    fn skip_token68(&mut self) -> bool {
        let start = self.position;
        self.take_while(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte));
        self.take_while(|byte| byte == b'=');
        self.skip_blanks();
        let found = self.position > start && self.at_end_of_element();
        if !found {
            self.position = start;
        }
        found
    }

    /// Whether another parameter of the same challenge follows the comma; if so, moves to it.
    fn param_follows(&mut self) -> bool {
        let start = self.position;
        self.skip_separators();
        let next = self.position;
        let is_param = !self.take_while(is_tchar).is_empty() && {
            self.skip_blanks();
            self.peek() == Some(b'=')
        };
        self.position = if is_param { next } else { start };
        is_param
    }

    fn token(&mut self, missing: &'static str) -> Parsed<&'a str> {
        match self.take_while(is_tchar) {
            "" => Err(self.wrong(missing)),
            token => Ok(token),
        }
    }

    /// The longest run of bytes for which `accept` is true; it must accept ASCII only.
    fn take_while(&mut self, accept: impl Fn(u8) -> bool) -> &'a str {
        let rest = &self.line[self.position..];
        let length = rest.iter().position(|&byte| !accept(byte)).unwrap_or(rest.len());
        self.position += length;
        str::from_utf8(&rest[..length]).unwrap_or_default()
    }

    fn skip_blanks(&mut self) -> usize {
        self.take_while(is_blank).len()
    }

    fn skip_separators(&mut self) {
        self.take_while(|byte| is_blank(byte) || byte == b',');
    }

    fn at_end_of_element(&self) -> bool {
        matches!(self.peek(), None | Some(b','))
    }

    fn peek(&self) -> Option<u8> {
        self.line.get(self.position).copied()
    }

    fn wrong(&self, reason: &'static str) -> Malformed {
        Malformed { reason, position: self.position }
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// `tchar` of RFC 9110 §5.6.2.
fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(line: &str) -> Vec<RawChallenge> {
        let (challenges, malformed) = parse_line(line.as_bytes());
        assert_eq!(malformed, None, "{line}");
        challenges
    }

    fn raw(scheme: &str, params: &[(&str, &str)]) -> RawChallenge {
        let params = params.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        RawChallenge { scheme: scheme.to_owned(), params }
    }

    #[test]
    fn parameters_and_challenges_share_the_comma() {
        assert_eq!(
            whole(r#"Negotiate YII=, Bearer  realm=https://a/t?x=1 ,,service = "s,\"t\"", Basic, Digest realm="d""#),
            [
                raw("Negotiate", &[]),
                raw("Bearer", &[("realm", "https://a/t?x=1"), ("service", "s,\"t\"")]),
                raw("Basic", &[]),
                raw("Digest", &[("realm", "d")]),
            ]
        );
    }

    #[test]
    fn names_are_lower_cased_and_schemes_kept() {
        assert_eq!(whole("BaSiC ReAlM=X"), [raw("BaSiC", &[("realm", "X")])]);
    }

    #[test]
    fn intact_challenges_survive_malformed_ones() {
        let (challenges, malformed) = parse_line(br#"Basic realm="x", Bearer realm="https://a/t"#);
        assert_eq!(challenges, [raw("Basic", &[("realm", "x")])]);
        assert_eq!(malformed, Some(Malformed { reason: "a quoted value has no end", position: 30 }));
    }

    #[test]
    fn a_malformed_line_is_explained_without_its_text() {
        for (line, reason) in [
            ("", "the header is empty"),
            (" , ", "the header is empty"),
            ("Bearer realm=a,realm=b", "a parameter is given twice"),
            ("Bearer realm=a,scope=\"b,error=\"c\"", "a comma is missing"),
            ("Bearer realm=\"a\\", "a quoted value has no end"),
            ("Bearer realm=\"a\r\nX: y\"", "a control character"),
            ("Bearer realm=\"a\0\"", "a control character"),
            ("Bearer=x", "unexpected character in a scheme"),
            ("\"Bearer\" realm=x", "an authentication scheme is missing"),
            ("Bearer \u{e9}=x", "a parameter's name is missing"),
        ] {
            let (challenges, malformed) = parse_line(line.as_bytes());
            assert_eq!(malformed.expect(line).reason, reason, "{line}");
            assert_eq!(challenges, [], "{line}");
        }
    }

    #[test]
    fn what_comes_before_an_error_is_kept() {
        let realm = &[("realm", "https://a/t")][..];
        for (line, kept) in [
            (r#"Bearer realm="https://a/t" service=b"#, realm),
            (r#"Bearer realm="https://a/t",service="b"#, realm),
            (
                r#"Bearer realm="https://a/t",service=b,scope="repository:a"#,
                &[("realm", "https://a/t"), ("service", "b")],
            ),
        ] {
            let (challenges, malformed) = parse_line(line.as_bytes());
            assert_eq!((challenges, malformed.is_some()), (vec![raw("Bearer", kept)], true), "{line}");
        }
        assert_eq!(parse_line(b"Basic realm=\"x").0, [raw("Basic", &[])]);
        assert_eq!(
            whole("Bearer realm=a,service=,scope= , error=b"),
            [raw("Bearer", &[("realm", "a"), ("error", "b")])]
        );
        assert_eq!(whole("Bearer realm=a,service="), [raw("Bearer", &[("realm", "a")])]);
    }

    #[test]
    fn a_line_may_be_16_kib_long_and_no_longer() {
        let mut line = b"Bearer realm=".to_vec();
        line.resize(MAX_LINE, b'a');
        assert_eq!(parse_line(&line).0.len(), 1);
        line.push(b'a');
        assert_eq!(parse_line(&line).1.map(|malformed| malformed.reason), Some("the header is longer than 16 KiB"));
    }

    #[test]
    fn obs_text_in_quotes_is_read() {
        assert_eq!(whole("Basic realm=\"\u{e9}\"")[0].param("realm"), Some("\u{e9}"));
        let (challenges, malformed) = parse_line(b"Basic realm=\"\xe9\"");
        assert_eq!((challenges[0].param("realm"), malformed), (Some("\u{fffd}"), None));
    }

    proptest! {
        #[test]
        fn no_line_causes_a_panic(line in "[ -~\\t]{0,80}|(Bearer|Basic|,| |=|\"|\\\\|realm|x){0,30}") {
            let (challenges, malformed) = parse_line(line.as_bytes());
            prop_assert!(malformed.is_some() || !challenges.is_empty());
        }

        #[test]
        fn bytes_cause_no_panic(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            parse_line(&line);
        }

        #[test]
        fn a_quoted_value_is_read_back(value in "[^\\x00-\\x1f\\x7f]{0,40}") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            let challenges = whole(&format!("Bearer realm=\"{quoted}\", Basic realm=x"));
            prop_assert_eq!(challenges[0].param("realm"), Some(value.as_str()));
            prop_assert_eq!(challenges.len(), 2);
        }
    }
}
