//! Parses the names in a list from its JSON as it arrives: a list is never held as a whole.
//!
//! A body is `{"name": …, "tags": [string or null, …] or null}` or the same with `repositories` (OCI distribution
//! specification, "Listing Tags"); some registries add members of their own, which are checked to be JSON and skipped.

use serde::de::IgnoredAny;

use super::members::is_alike;
use crate::name::Digest;

/// The longest string or number in a body, in bytes.
const MAX_LENGTH: usize = 16 * 1024;

const TOO_LONG: ListError = ListError::Malformed("a string longer than 16 KiB");

/// The most levels of arrays and objects: the limit of serde_json.
const MAX_DEPTH: usize = 128;

/// One element of a list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Entry {
    /// A string, which may be no valid name.
    Name(String),
    /// `null`: Nexus sends it.
    Null,
}

impl Entry {
    /// The name, valid or not. `null` (Nexus), an empty string and a digest (Artifactory) are none.
    pub(super) fn into_name(self) -> Option<String> {
        match self {
            Self::Name(text) if !text.is_empty() && text.parse::<Digest>().is_err() => Some(text),
            Self::Name(_) | Self::Null => None,
        }
    }
}

/// Why a list cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// It is not JSON, or of another form.
    #[error("malformed list: {0}")]
    Malformed(&'static str),
    /// A name is not UTF-8.
    #[error("invalid UTF-8 in a name")]
    NotUtf8,
    /// It ends early.
    #[error("the list is truncated")]
    Truncated,
    /// The body is empty.
    #[error("empty reply")]
    Empty,
    /// The member is missing.
    #[error("no {0} field")]
    NoField(&'static str),
}

/// Parses the names of a list that is pushed in pieces.
#[derive(Debug)]
pub struct NameScanner {
    field: &'static str,
    lexer: Lexer,
    expect: Expect,
    stack: Vec<Container>,
    /// The last key at the top level.
    key: Key,
    seen_field: bool,
    name: Option<String>,
    has_errors: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Container {
    Object,
    Array,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    Colon,
    CommaOrEnd,
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Field,
    Name,
    Errors,
    Other,
}

/// Where in a token the last piece ended.
#[derive(Debug)]
struct Lexer {
    state: Lex,
    token: Vec<u8>,
    any: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lex {
    Between,
    String { escaped: bool },
    Literal,
}

impl NameScanner {
    /// A scanner for the array under `field`: `tags` or `repositories`.
    pub fn new(field: &'static str) -> Self {
        Self {
            field,
            lexer: Lexer { state: Lex::Between, token: Vec::new(), any: false },
            expect: Expect::Value,
            stack: Vec::new(),
            key: Key::Other,
            seen_field: false,
            name: None,
            has_errors: false,
        }
    }

    /// The body's `name` member, once it was read.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Whether the body has errors beside the list.
    pub fn has_errors(&self) -> bool {
        self.has_errors
    }

    /// Parses the next piece, and adds the entries that it completes.
    ///
    /// # Errors
    ///
    /// [`ListError`]; the scanner cannot be used afterwards.
    pub fn push(&mut self, piece: &[u8], entries: &mut Vec<Entry>) -> Result<(), ListError> {
        let mut at = 0;
        while at < piece.len() {
            let byte = piece[at];
            match self.lexer.state {
                Lex::Between => {
                    at += 1;
                    self.between(byte)?;
                }
                Lex::String { escaped } => at += self.string(&piece[at..], escaped, entries)?,
                Lex::Literal if byte.is_ascii_alphanumeric() || b"+-.".contains(&byte) => {
                    at += 1;
                    self.lexer.keep(&[byte])?;
                }
                Lex::Literal => {
                    self.lexer.state = Lex::Between;
                    self.literal(entries)?;
                }
            }
        }
        Ok(())
    }

    /// Ends the body.
    ///
    /// # Errors
    ///
    /// [`ListError`] when it is incomplete, or has no such member.
    pub fn finish(self) -> Result<(), ListError> {
        match (self.lexer.any, self.expect) {
            (false, _) => Err(ListError::Empty),
            (true, Expect::Nothing) if self.seen_field => Ok(()),
            (true, Expect::Nothing) => Err(ListError::NoField(self.field)),
            // The body is a single value that is no object.
            (true, _) if self.stack.is_empty() => Err(ListError::Malformed("not an object")),
            _ => Err(ListError::Truncated),
        }
    }

    fn between(&mut self, byte: u8) -> Result<(), ListError> {
        if matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
            return Ok(());
        }
        self.lexer.any = true;
        if self.expect == Expect::Nothing {
            return Err(ListError::Malformed("text after the list"));
        }
        match byte {
            b'"' => self.lexer.begin(Lex::String { escaped: false }),
            b'{' => self.open(Container::Object)?,
            b'[' => self.open(Container::Array)?,
            b'}' => self.close(Container::Object)?,
            b']' => self.close(Container::Array)?,
            b':' if self.expect == Expect::Colon => self.expect = Expect::Value,
            b',' if self.expect == Expect::CommaOrEnd => {
                self.expect = if self.stack.last() == Some(&Container::Object) { Expect::Key } else { Expect::Value };
            }
            b'-' | b'0'..=b'9' | b'a'..=b'z' => {
                self.lexer.begin(Lex::Literal);
                self.lexer.keep(&[byte])?;
            }
            _ => return Err(ListError::Malformed("unexpected character")),
        }
        Ok(())
    }

    /// Continues a string. Returns how many bytes were used.
    fn string(&mut self, piece: &[u8], escaped: bool, entries: &mut Vec<Entry>) -> Result<usize, ListError> {
        if escaped {
            self.lexer.keep(&piece[..1])?;
            self.lexer.state = Lex::String { escaped: false };
            return Ok(1);
        }
        let end = piece.iter().position(|byte| matches!(byte, b'"' | b'\\')).unwrap_or(piece.len());
        // Most strings lie within one piece.
        if self.lexer.token.is_empty() && piece.get(end) == Some(&b'"') {
            self.lexer.state = Lex::Between;
            let text = text(&piece[..end])?;
            self.scalar(Some(text), entries)?;
            return Ok(end + 1);
        }
        self.lexer.keep(&piece[..end])?;
        match piece.get(end) {
            None => return Ok(end),
            Some(b'\\') => {
                self.lexer.keep(b"\\")?;
                self.lexer.state = Lex::String { escaped: true };
            }
            Some(_) => {
                self.lexer.state = Lex::Between;
                let text = text(&self.lexer.token)?;
                self.scalar(Some(text), entries)?;
            }
        }
        Ok(end + 1)
    }

    fn literal(&mut self, entries: &mut Vec<Entry>) -> Result<(), ListError> {
        serde_json::from_slice::<IgnoredAny>(&self.lexer.token)
            .map_err(|_| ListError::Malformed("not a JSON value"))?;
        self.scalar(None, entries)
    }

    /// Takes a complete string (`text`), number, boolean or null.
    fn scalar(&mut self, text: Option<String>, entries: &mut Vec<Entry>) -> Result<(), ListError> {
        match (self.expect, text) {
            (Expect::Key | Expect::KeyOrEnd, Some(key)) => {
                self.expect = Expect::Colon;
                if self.stack.len() == 1 { self.top_key(&key) } else { Ok(()) }
            }
            (Expect::Value | Expect::ValueOrEnd, text) => {
                if self.in_list() {
                    entries.push(match text {
                        Some(name) => Entry::Name(name),
                        None if self.lexer.token == b"null" => Entry::Null,
                        None => return Err(ListError::Malformed("an entry that is not a string")),
                    });
                } else if self.stack.len() == 1 && self.key == Key::Field {
                    if text.is_some() || self.lexer.token != b"null" {
                        return Err(ListError::Malformed("the list is not an array"));
                    }
                } else if self.stack.len() == 1 && self.key == Key::Name {
                    self.name = text;
                } else if self.stack.is_empty() {
                    return Err(ListError::Malformed("not an object"));
                }
                self.expect = Expect::CommaOrEnd;
                Ok(())
            }
            _ => Err(ListError::Malformed("a value in the wrong place")),
        }
    }

    /// Takes a key, in any case as in Go. Duplicates are refused, since parsers differ about which one counts.
    fn top_key(&mut self, key: &str) -> Result<(), ListError> {
        let twice = if is_alike(self.field, key) {
            self.key = Key::Field;
            std::mem::replace(&mut self.seen_field, true)
        } else if is_alike("name", key) {
            self.key = Key::Name;
            self.name.is_some()
        } else if is_alike("errors", key) {
            self.key = Key::Errors;
            false
        } else {
            self.key = Key::Other;
            false
        };
        if twice { Err(ListError::Malformed("a key that occurs twice")) } else { Ok(()) }
    }

    fn in_list(&self) -> bool {
        self.key == Key::Field && self.stack == [Container::Object, Container::Array]
    }

    fn open(&mut self, container: Container) -> Result<(), ListError> {
        if !matches!(self.expect, Expect::Value | Expect::ValueOrEnd) {
            return Err(ListError::Malformed("a bracket in the wrong place"));
        }
        match (self.stack.len(), container) {
            (0, Container::Array) => return Err(ListError::Malformed("not an object")),
            (1, Container::Object) if self.key == Key::Field => {
                return Err(ListError::Malformed("the list is not an array"));
            }
            (2, _) if self.key == Key::Errors => self.has_errors = true,
            (2, _) if self.in_list() => return Err(ListError::Malformed("an entry that is not a string")),
            (depth, _) if depth >= MAX_DEPTH => return Err(ListError::Malformed("nested too deeply")),
            _ => {}
        }
        self.stack.push(container);
        self.expect = if container == Container::Object { Expect::KeyOrEnd } else { Expect::ValueOrEnd };
        Ok(())
    }

    fn close(&mut self, container: Container) -> Result<(), ListError> {
        let open_end = if container == Container::Object { Expect::KeyOrEnd } else { Expect::ValueOrEnd };
        if self.stack.last() != Some(&container) || !(self.expect == Expect::CommaOrEnd || self.expect == open_end) {
            return Err(ListError::Malformed("a bracket in the wrong place"));
        }
        self.stack.pop();
        self.expect = if self.stack.is_empty() { Expect::Nothing } else { Expect::CommaOrEnd };
        Ok(())
    }
}

impl Lexer {
    fn begin(&mut self, state: Lex) {
        self.state = state;
        self.token.clear();
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), ListError> {
        if self.token.len() + bytes.len() > MAX_LENGTH {
            return Err(TOO_LONG);
        }
        self.token.extend_from_slice(bytes);
        Ok(())
    }
}

/// Unescapes what is between the quotes of a string.
fn text(token: &[u8]) -> Result<String, ListError> {
    if token.len() > MAX_LENGTH {
        return Err(TOO_LONG);
    }
    let text = std::str::from_utf8(token).map_err(|_| ListError::NotUtf8)?;
    if token.iter().all(|&byte| byte != b'\\' && byte >= b' ') {
        return Ok(text.to_owned());
    }
    serde_json::from_str(&format!("\"{text}\"")).map_err(|_| ListError::Malformed("a string that is not JSON"))
}

#[cfg(test)]
mod tests;
