//! One page of a list: parsed as it arrives, and fetched again when it breaks off.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use bytes::Bytes;
use http::header::HeaderMap;

use super::names::{Entry, ListError, NameScanner};
use crate::error::{Error, Fault, Kind, Result};
use crate::http::{Request, Response, RetryState, Transport, registry_errors, truncated};
use crate::name::Repository;

/// The most names that are held back until the page is complete; a longer page is passed on as it arrives.
const HELD: usize = 2000;

/// How many bytes of a body are parsed at a time, which bounds the memory for their names.
const PIECE: usize = 8 * 1024;

/// How much of a body is kept until its first name, in bytes: it may be an error instead of a list.
const MAX_ERROR: usize = 64 * 1024;

/// The largest accepted body, in bytes.
const LARGEST: usize = 256 * 1024 * 1024;

/// A page that is being read.
pub(super) struct Page {
    transport: Arc<Transport>,
    retries: RetryState,
    pub request: Request,
    field: &'static str,
    reading: Option<Reading>,
    /// The headers of the reply.
    pub headers: HeaderMap,
    /// Why it may be out of date or lack names, if the reply says so: what comes after "the list".
    pub doubt: Option<String>,
    /// Names that were parsed and not passed on.
    pub held: Vec<Entry>,
    /// The number of names parsed in this attempt.
    pub count: usize,
    /// The last name parsed.
    pub last: Option<String>,
    /// Hashes of the names, of the first [`HELD`] only.
    pub hashes: Vec<u64>,
    /// The hash of all names.
    hasher: DefaultHasher,
    /// The repository that the body names.
    name: Option<String>,
    /// How many names were passed on, and their hash, to verify them when the page is read again.
    passed: usize,
    passed_hash: u64,
}

/// One attempt at reading.
struct Reading {
    response: Response,
    scanner: NameScanner,
    /// Bytes that arrived and were not parsed yet.
    arrived: Bytes,
    bytes: usize,
    /// The start of the body, until a name was parsed.
    start: Vec<u8>,
}

impl Page {
    pub(super) fn new(transport: Arc<Transport>, request: Request, field: &'static str) -> Self {
        Self {
            retries: transport.retries(&request),
            transport,
            request,
            field,
            reading: None,
            headers: HeaderMap::new(),
            doubt: None,
            held: Vec::new(),
            count: 0,
            last: None,
            hashes: Vec::new(),
            hasher: DefaultHasher::new(),
            name: None,
            passed: 0,
            passed_hash: 0,
        }
    }

    /// A hash of all names, in their order.
    pub(super) fn hash(&self) -> u64 {
        self.hasher.finish()
    }

    /// Returns the next names to pass on, or `None` when the page is complete; the rest is then in `held`.
    pub(super) async fn read(&mut self) -> Result<Option<Vec<Entry>>> {
        loop {
            match self.step().await {
                Ok(true) => return Ok(None),
                Ok(false) if self.held.len() > HELD || (self.passed > 0 && !self.held.is_empty()) => {
                    self.reading.iter_mut().for_each(|reading| reading.response.release_permit());
                    self.passed = self.count;
                    self.passed_hash = self.hash();
                    return Ok(Some(std::mem::take(&mut self.held)));
                }
                Ok(false) => {}
                Err(error) => {
                    self.reading = None;
                    self.transport.wait_or_fail(&mut self.retries, error).await?;
                }
            }
        }
    }

    /// Parses one piece. Returns whether the page is complete.
    async fn step(&mut self) -> Result<bool> {
        let Some(reading) = &mut self.reading else {
            self.open().await?;
            return Ok(false);
        };
        if reading.arrived.is_empty() {
            match reading.response.chunk().await? {
                Some(arrived) => reading.arrived = arrived,
                None => return self.end().map(|()| true),
            }
        }
        let piece = reading.arrived.split_to(reading.arrived.len().min(PIECE));
        if reading.bytes == 0
            && let Some(error) = reading.response.not_a_document(&self.request.context, &piece)
        {
            return Err(error);
        }
        if self.count == 0 && reading.start.len() < MAX_ERROR {
            reading.start.extend_from_slice(&piece);
        }
        reading.bytes += piece.len();
        if reading.bytes > LARGEST {
            let error = Error::new(Kind::Protocol(Fault::TooLarge), "reply too large");
            return Err(error.because(format!("a page of more than {} MiB", LARGEST >> 20)));
        }
        // A name and what is around it take some eight bytes at least.
        let mut entries = Vec::with_capacity(piece.len() / 8);
        let outcome = reading.scanner.push(&piece, &mut entries);
        outcome.map_err(|bad| self.malformed(&bad))?;
        let name = |entry: &Entry| if let Entry::Name(name) = entry { Some(name.clone()) } else { None };
        self.last = entries.iter().rev().find_map(name).or(self.last.take());
        entries.into_iter().try_for_each(|entry| self.take(entry))?;
        Ok(false)
    }

    /// Checks that the complete body is a list.
    fn end(&mut self) -> Result<()> {
        if let Some(Reading { response, scanner, start, .. }) = self.reading.take() {
            self.name = scanner.name().map(str::to_owned);
            if scanner.has_errors() {
                self.doubt.get_or_insert_with(|| "came with errors".to_owned());
            }
            let outcome = scanner.finish();
            let may_be_error = outcome.is_err() || !registry_errors(&start).is_empty();
            if self.count == 0
                && may_be_error
                && let Some(error) = self.transport.error_in_success(&response, &self.request.context, &start)
            {
                return Err(error);
            }
            match outcome {
                Ok(()) => {}
                Err(ListError::Truncated) if !response.has_certain_end() => return Err(truncated(response.url())),
                Err(bad) => return Err(self.malformed(&bad)),
            }
        }
        if self.count < self.passed { Err(changed("ended earlier")) } else { Ok(()) }
    }

    async fn open(&mut self) -> Result<()> {
        let response = self.transport.send_once(&self.request).await?;
        response.refuse_encoding(&self.request.context.name)?;
        self.headers = response.headers().clone();
        self.doubt = response.staleness();
        self.held.clear();
        self.hashes.clear();
        self.count = 0;
        self.last = None;
        self.hasher = DefaultHasher::new();
        self.reading = Some(Reading {
            response,
            scanner: NameScanner::new(self.field),
            arrived: Bytes::new(),
            bytes: 0,
            start: Vec::new(),
        });
        Ok(())
    }

    /// Adds a parsed name; one that was passed on in a previous attempt is only compared.
    fn take(&mut self, entry: Entry) -> Result<()> {
        let hash = hash(&entry);
        self.hasher.write_u64(hash);
        self.count += 1;
        if self.hashes.len() < HELD {
            self.hashes.push(hash);
        }
        if self.count > self.passed {
            self.held.push(entry);
        } else if self.count == self.passed && self.hash() != self.passed_hash {
            return Err(changed("began differently"));
        }
        Ok(())
    }

    /// The requested repository, and the other one that the reply names: a proxy may answer for another.
    pub(super) fn misnamed(&self) -> Option<(&Repository, &str)> {
        let asked = self.request.context.permission.as_ref()?.repository.as_ref()?;
        let name = self.name.as_deref()?;
        (asked.as_str() != name).then_some((asked, name))
    }

    fn malformed(&self, bad: &ListError) -> Error {
        let subject = &self.request.context;
        let what = format!("malformed reply from {} for {}", subject.registry, subject.name);
        Error::new(Kind::Protocol(Fault::Malformed), what).because(bad)
    }
}

/// The error for a page whose passed-on part differs when it is read again.
fn changed(how: &str) -> Error {
    Error::new(Kind::Incomplete, "the list changed while it was read")
        .because(format!("the connection broke in the middle, and the list {how} the second time"))
}

/// A hash of something that was read. Collisions are improbable, and harmless.
pub(super) fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
