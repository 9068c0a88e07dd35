//! The entries of a run's file: one line of JSON per removal.

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::name::{Digest, Registry, Repository, Tag};

/// The version of the file format.
const VERSION: u32 = 1;

/// The longest line, in bytes. The names in it are at most 1 KiB together.
const MAX_LINE_LENGTH: usize = 8 * 1024;

/// The longest media type (RFC 6838 §4.2 has 127 characters on each side of the slash).
const MAX_TYPE_LENGTH: usize = 255;

/// A tag or manifest that a run removed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// The registry, with its scheme.
    pub registry: Arc<Registry>,
    /// The repository.
    pub repository: Arc<Repository>,
    /// The tag that pointed to the manifest; `None` where the manifest itself was removed.
    pub tag: Option<Tag>,
    /// The digest of the manifest.
    pub digest: Digest,
    /// Its media type.
    pub media_type: Arc<str>,
}

impl Entry {
    /// `team/app:1.4.0`, or `team/app@sha256:…` for a manifest.
    pub fn name(&self) -> String {
        match &self.tag {
            Some(tag) => format!("{}:{tag}", self.repository),
            None => format!("{}@{}", self.repository, self.digest),
        }
    }

    /// The entry as a line, with its line feed.
    pub(super) fn to_line(&self, time: Timestamp) -> io::Result<Vec<u8>> {
        let line = Line {
            registry: self.registry.to_string().into(),
            repository: self.repository.as_str().into(),
            tag: self.tag.as_ref().map(ToString::to_string),
            digest: self.digest.clone(),
            media_type: (&*self.media_type).into(),
            time,
        };
        to_line(&line)
    }
}

/// The first line of a run's file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    version: u32,
    /// When the run began.
    pub time: Timestamp,
}

impl Header {
    pub(super) fn new(time: Timestamp) -> Self {
        Self { version: VERSION, time }
    }

    /// The header as a line, with its line feed.
    pub(super) fn to_line(&self) -> io::Result<Vec<u8>> {
        to_line(self)
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    #[serde(borrow)]
    registry: Cow<'a, str>,
    #[serde(borrow)]
    repository: Cow<'a, str>,
    tag: Option<String>,
    digest: Digest,
    #[serde(borrow)]
    media_type: Cow<'a, str>,
    time: Timestamp,
}

fn to_line(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    if line.len() > MAX_LINE_LENGTH { Err(io::Error::other("the names are too long")) } else { Ok(line) }
}

/// Reads the entries of a run's file, holding one line in memory. Damaged lines are skipped and counted.
#[derive(Debug)]
pub(super) struct Entries<R> {
    input: BufReader<R>,
    registry: LastParsed<Registry>,
    repository: LastParsed<Repository>,
    media_type: LastParsed<str>,
    /// How many lines were damaged.
    pub damaged: usize,
}

impl<R: Read> Entries<R> {
    /// Reads the header; `None` where it is missing or of an unknown version.
    pub(super) fn begin(input: R) -> io::Result<Option<(Header, Self)>> {
        let (registry, repository, media_type) = (LastParsed::default(), LastParsed::default(), LastParsed::default());
        let mut entries = Self { input: BufReader::new(input), registry, repository, media_type, damaged: 0 };
        let header = match entries.line()? {
            Some(Some(line)) => serde_json::from_slice::<Header>(&line).ok(),
            _ => None,
        };
        Ok(header.filter(|header| header.version == VERSION).map(|header| (header, entries)))
    }

    /// The next line without its line feed; the inner `None` is one that is too long. A last line without a line feed
    /// was not completed, and its removal did not happen.
    fn line(&mut self) -> io::Result<Option<Option<Vec<u8>>>> {
        let mut line = Vec::new();
        let mut is_too_long = false;
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return Ok(None);
            }
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let part = &buffer[..end.unwrap_or(buffer.len())];
            is_too_long |= line.len() + part.len() > MAX_LINE_LENGTH;
            if !is_too_long {
                line.extend_from_slice(part);
            }
            let taken = part.len() + usize::from(end.is_some());
            self.input.consume(taken);
            if end.is_some() {
                return Ok(Some((!is_too_long).then_some(line)));
            }
        }
    }

    fn parse(&mut self, line: &[u8]) -> Result<Entry> {
        let line: Line<'_> = serde_json::from_slice(line).map_err(|error| Error::config("damaged").because(error))?;
        Ok(Entry {
            registry: self.registry.or_parse(&line.registry, |text| text.parse().map(Arc::new))?,
            repository: self.repository.or_parse(&line.repository, |text| text.parse().map(Arc::new))?,
            tag: line.tag.map(|tag| tag.parse()).transpose()?,
            digest: line.digest,
            media_type: self.media_type.or_parse(&line.media_type, media_type)?,
        })
    }
}

impl<R: Read> Iterator for Entries<R> {
    type Item = io::Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.line() {
                Err(error) => return Some(Err(error)),
                Ok(None) => return None,
                Ok(Some(line)) => match line.map(|line| self.parse(&line)) {
                    Some(Ok(entry)) => return Some(Ok(entry)),
                    Some(Err(_)) | None => self.damaged += 1,
                },
            }
        }
    }
}

/// The previous name: most are the same from line to line, and are then neither parsed nor stored twice.
#[derive(Debug)]
struct LastParsed<T: ?Sized>(Option<(String, Arc<T>)>);

impl<T: ?Sized> Default for LastParsed<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: ?Sized> LastParsed<T> {
    fn or_parse(&mut self, text: &str, parse: impl FnOnce(&str) -> Result<Arc<T>>) -> Result<Arc<T>> {
        if let Some((last, value)) = &self.0
            && last == text
        {
            return Ok(Arc::clone(value));
        }
        let value = parse(text)?;
        self.0 = Some((text.to_owned(), Arc::clone(&value)));
        Ok(value)
    }
}

/// A media type that is valid in a header.
fn media_type(text: &str) -> Result<Arc<str>> {
    let fits = !text.is_empty() && text.len() <= MAX_TYPE_LENGTH;
    if fits && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        Ok(text.into())
    } else {
        Err(Error::config("not a media type"))
    }
}
