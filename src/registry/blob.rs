//! `/v2/<name>/blobs/<digest>`: blobs that are read as they arrive, whole or in part.

use bytes::{Buf, Bytes};
use http::Method;
use http::header::{ACCEPT_ENCODING, CONTENT_RANGE, HeaderValue, RANGE};

use super::absence::is_page;
use super::descriptor::Descriptor;
use super::endpoint::Endpoint;
use super::repository::RepositoryHandle;
use super::resolve::may_concern_head_alone;
use crate::error::{Danger, Error, Fault, Kind, Operation, Result};
use crate::http::{Request, Response, RetryState};
use crate::name::{Digest, Hasher};

/// Retries start anew after this many bytes: a connection that breaks now and then does not use them up.
const PROGRESS: u64 = 1 << 20;

/// A part of a blob, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlobRange {
    /// From an offset to another, which is not included.
    Between(u64, u64),
    /// The last bytes.
    Last(u64),
}

/// A blob, or a part of one, that is read as it arrives. Nothing is sent before the first [`BlobReader::chunk`]. A
/// connection that breaks is continued where it broke.
#[derive(Debug)]
pub struct BlobReader {
    repository: RepositoryHandle,
    request: Request,
    range: Option<BlobRange>,
    /// The offset of the first byte, once it is known.
    start: u64,
    /// How many bytes are expected, where that is known.
    expected: Option<u64>,
    received: u64,
    /// How many bytes of the present reply were received by an earlier one.
    skip: u64,
    response: Option<Response>,
    retries: Option<(RetryState, u64)>,
    /// Checks the digest of a whole blob.
    verifier: Option<(Digest, Hasher)>,
}

impl RepositoryHandle {
    /// Reads a blob as it arrives, and verifies its size and digest at its end.
    ///
    /// # Errors
    ///
    /// [`Fault::Malformed`] for a digest that cannot be verified.
    pub fn blob(&self, descriptor: &Descriptor) -> Result<BlobReader> {
        let mut reader = self.blob_reader(descriptor)?;
        let digest = descriptor.digest.fetchable()?.clone();
        reader.verifier = Some((digest.clone(), Digest::hasher(digest.algorithm())));
        reader.expected = descriptor.known_size();
        Ok(reader)
    }

    /// Reads a part of a blob. Its bytes are not verified: no digest covers them.
    ///
    /// # Errors
    ///
    /// [`Fault::Malformed`] for a digest that cannot be verified. The first [`BlobReader::chunk`] fails with
    /// [`Kind::Unsupported`] where the registry sends the whole blob instead.
    pub(crate) fn blob_range(&self, descriptor: &Descriptor, range: BlobRange) -> Result<BlobReader> {
        let mut reader = self.blob_reader(descriptor)?;
        (reader.start, reader.expected) = match range {
            BlobRange::Between(start, end) => (start, Some(end.saturating_sub(start))),
            BlobRange::Last(length) => (0, Some(length)),
        };
        reader.range = Some(range);
        Ok(reader)
    }

    /// Whether the repository has a blob, by HEAD.
    ///
    /// # Errors
    ///
    /// Why that cannot be determined.
    pub async fn has_blob(&self, digest: &Digest) -> Result<bool> {
        let request = self.client.request(Method::HEAD, Endpoint::Blob(&self.name, digest));
        match self.client.transport.send(&request).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether the repository has a blob that is expected to exist: by HEAD, and by GET where HEAD fails or
    /// answers "not found". The blob is not read.
    ///
    /// # Errors
    ///
    /// Why that cannot be determined; [`Fault::Status`] for "not found" in a web page.
    pub async fn find_blob(&self, digest: &Digest) -> Result<bool> {
        match self.has_blob(digest).await {
            Ok(false) => {}
            Err(error) if may_concern_head_alone(&error) => {}
            found => return found,
        }
        let request = self.client.request(Method::GET, Endpoint::Blob(&self.name, digest));
        match self.client.transport.send(&request).await.map_err(Error::unless_page) {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) if is_page(&error) && self.is_blob_absent(digest).await => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn blob_reader(&self, descriptor: &Descriptor) -> Result<BlobReader> {
        let digest = descriptor.digest.fetchable()?;
        let mut request = self.client.request(Method::GET, Endpoint::Blob(&self.name, digest));
        request = request.header(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        Ok(BlobReader {
            repository: self.clone(),
            request,
            range: None,
            start: 0,
            expected: None,
            received: 0,
            skip: 0,
            response: None,
            retries: None,
            verifier: None,
        })
    }
}

impl BlobReader {
    /// The next piece; `None` at the end of what was asked for.
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`]; [`Danger::DigestMismatch`] at the end of a blob whose bytes differ from its digest;
    /// [`Fault::Malformed`] where it has another size; [`Kind::Unsupported`] for a part where the registry sends the
    /// whole; otherwise why it did not arrive.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        loop {
            if self.range.is_some() && self.expected == Some(self.received) {
                return Ok(None);
            }
            match self.try_chunk().await {
                Ok(Some(mut chunk)) => {
                    let skipped = chunk.len().min(usize::try_from(self.skip).unwrap_or(usize::MAX));
                    self.skip -= skipped as u64;
                    chunk.advance(skipped);
                    self.received += chunk.len() as u64;
                    if self.expected.is_some_and(|expected| self.received > expected) {
                        return Err(self.wrong_size());
                    }
                    if let Some((_, hasher)) = &mut self.verifier {
                        hasher.update(&chunk);
                    }
                    return Ok(Some(chunk));
                }
                Ok(None) => return self.check_end().map(|()| None),
                Err(error) => self.wait_or_fail(error).await?,
            }
        }
    }

    /// The whole rest, of at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// [`Fault::TooLarge`], and those of [`BlobReader::chunk`].
    pub async fn bytes(&mut self, limit: usize) -> Result<Bytes> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if bytes.len() + chunk.len() > limit {
                let what = format!("{} too large", self.request.context.name);
                return Err(Error::new(Kind::Protocol(Fault::TooLarge), what)
                    .because(format!("it is larger than {} MiB", limit >> 20)));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.into())
    }

    /// The offset in the blob of the first byte that was read.
    pub fn start(&self) -> u64 {
        self.start
    }

    async fn try_chunk(&mut self) -> Result<Option<Bytes>> {
        let mut response = match self.response.take() {
            Some(response) => response,
            None => self.send().await?,
        };
        let chunk = response.chunk().await?;
        if chunk.is_some() {
            self.response = Some(response);
        }
        Ok(chunk)
    }

    /// Sends the request for what is missing.
    async fn send(&mut self) -> Result<Response> {
        let from = self.start + self.received;
        let range = match self.range {
            Some(BlobRange::Last(length)) if self.received == 0 => Some(format!("bytes=-{length}")),
            Some(_) => Some(format!("bytes={from}-{}", self.start + self.expected.unwrap_or_default() - 1)),
            None => (self.received > 0).then(|| format!("bytes={from}-")),
        };
        let mut request = self.request.clone();
        if let Some(range) = range {
            let value = HeaderValue::from_str(&range).map_err(|error| Error::invalid("no range").because(error))?;
            request = request.header(RANGE, value);
        }
        let response = self.repository.client.transport.send_once(&request).await?;
        response.refuse_encoding(&request.context.name)?;
        self.skip = 0;
        let Some(value) = request.headers.get(RANGE) else { return Ok(response) };
        let (sent, total) = match response.status() {
            206 => content_range(&response).ok_or_else(|| self.no_ranges("its Content-Range cannot be read"))?,
            _ if self.range.is_none() => {
                self.skip = self.received;
                return Ok(response);
            }
            _ => return Err(self.no_ranges("it sent the whole blob")),
        };
        match self.range {
            Some(BlobRange::Last(_)) if self.received == 0 => {
                self.start = sent;
                self.expected = total.map(|total| total.saturating_sub(sent));
            }
            _ if sent != from => {
                let cause = format!("it sent bytes from {sent} on for {}", value.to_str().unwrap_or_default());
                return Err(self.no_ranges(&cause));
            }
            _ => {}
        }
        Ok(response)
    }

    fn no_ranges(&self, cause: &str) -> Error {
        let what = format!("cannot read a part of {}", self.request.context.name);
        // Who asked for a part can do without; a reply that broke off cannot be continued.
        let kind = match self.range {
            Some(_) => Kind::Unsupported(Operation::Other),
            None => Kind::Protocol(Fault::Malformed),
        };
        Error::new(kind, what).because(cause)
    }

    fn check_end(&mut self) -> Result<()> {
        if self.expected.is_some_and(|expected| expected != self.received) {
            return Err(self.wrong_size());
        }
        let Some((digest, hasher)) = self.verifier.take() else { return Ok(()) };
        let got = hasher.finish();
        if got == digest {
            return Ok(());
        }
        let what = format!("what the registry sent does not match {}", self.request.context.name);
        Err(Error::new(Kind::Safety(Danger::DigestMismatch), what)
            .because(format!("its {} bytes have the digest {got}", self.received)))
    }

    fn wrong_size(&self) -> Error {
        let what = format!("{} has another size than the manifest states", self.request.context.name);
        let expected = self.expected.unwrap_or_default();
        let cause = match self.received > expected {
            true => format!("more than {expected} bytes"),
            false => format!("{} bytes instead of {expected}", self.received),
        };
        Error::new(Kind::Protocol(Fault::Malformed), what).because(cause)
    }

    async fn wait_or_fail(&mut self, error: Error) -> Result<()> {
        let transport = &self.repository.client.transport;
        let (mut retries, since) = match self.retries.take() {
            Some((retries, since)) if self.received - since < PROGRESS => (retries, since),
            _ => (transport.retries(&self.request), self.received),
        };
        let outcome = transport.wait_or_fail(&mut retries, error).await;
        self.retries = Some((retries, since));
        outcome
    }
}

/// The first byte of a `Content-Range`, and the size of the whole, where it is stated (RFC 9110, section 14.4).
fn content_range(response: &Response) -> Option<(u64, Option<u64>)> {
    let (range, total) = response.header(&CONTENT_RANGE)?.strip_prefix("bytes")?.trim_start().split_once('/')?;
    Some((range.split_once('-')?.0.parse().ok()?, total.parse().ok()))
}
