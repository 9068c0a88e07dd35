//! Goes through the files of one layer: by its table of contents where it has one, else through its archive as it
//! arrives.

use std::io::Read;
use std::ops::ControlFlow;

use bytes::{Bytes, BytesMut};

use super::entry::{FileEntry, FileKind};
use super::feed::{Pieces, feed, of_reading};
use super::limits::Limits;
use super::path::FilePath;
use super::toc::{self, Extent, Location, MAX_TABLE};
use super::unpack::unpack;
use crate::error::{Error, Fault, Kind, Result};
use crate::registry::{BlobRange, Descriptor, RepositoryHandle};

/// How the media types of encrypted layers end (ocicrypt).
const ENCRYPTED: &str = "+encrypted";

/// A layer of an image, or a blob of an artifact.
#[derive(Debug, Clone)]
pub(super) enum Layer {
    /// An archive of files.
    Archive(Descriptor),
    /// A file by itself, with its name.
    File(Descriptor, FilePath),
}

impl Layer {
    pub fn descriptor(&self) -> &Descriptor {
        match self {
            Self::Archive(descriptor) | Self::File(descriptor, _) => descriptor,
        }
    }
}

/// Where the content of a file is.
pub(super) enum Source<'a> {
    /// Here: it is read now, or skipped.
    Here(&'a mut dyn Read),
    /// In a part of the blob; `None` where the table of contents does not say in which.
    Extent(Option<Extent>),
    /// It is the blob.
    Blob,
}

/// What is done with each file of a layer.
pub(super) trait Scan: Send + 'static {
    /// Looks at a file; `Break` ends the scan.
    fn visit(&mut self, file: FileEntry, source: Source<'_>) -> Result<ControlFlow<()>>;
}

/// How to go through a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ScanOptions {
    pub limits: Limits,
    /// Whether a table of contents is used where there is one.
    pub by_table: bool,
    /// Whether an archive is read to its end, which verifies its digest, although the scan has ended.
    pub to_end: bool,
}

/// Goes through a layer, and returns whether to its end.
///
/// # Errors
///
/// Those of fetching and reading it, and those of the scan.
pub(super) async fn scan<S: Scan>(
    repository: &RepositoryHandle,
    layer: &Layer,
    mut state: S,
    options: ScanOptions,
) -> Result<(S, bool)> {
    let descriptor = match layer {
        Layer::Archive(descriptor) => descriptor,
        Layer::File(descriptor, path) => {
            let flow = state.visit(lone_file(descriptor, path), Source::Blob)?;
            return Ok((state, flow.is_continue()));
        }
    };
    if let Some(location) = Location::of(descriptor).filter(|_| options.by_table)
        && let Some(table) = fetch_table(repository, descriptor, &location).await?
    {
        return on_thread(move || scan_table(&table, &location, state)).await;
    }
    if descriptor.media_type.ends_with(ENCRYPTED) {
        let what = format!("cannot read layer {}", descriptor.digest);
        return Err(Error::new(Kind::Protocol(Fault::Malformed), what).because("it is encrypted"));
    }
    let blob = repository.blob(descriptor)?;
    let scanned = feed(blob, move |pieces| scan_archive(pieces, state, options)).await;
    scanned.map_err(|error| of_layer(error, descriptor))
}

/// An error about a layer, with its digest.
fn of_layer(error: Error, descriptor: &Descriptor) -> Error {
    match error.kind() {
        Kind::Protocol(_) => error.within(format!("cannot read layer {}", descriptor.digest)),
        Kind::NotFound(_) if descriptor.is_foreign() => {
            error.because("it is a foreign layer, which registries need not have")
        }
        _ => error,
    }
}

fn lone_file(descriptor: &Descriptor, path: &FilePath) -> FileEntry {
    FileEntry {
        path: path.clone(),
        kind: FileKind::File,
        mode: 0o644,
        uid: 0,
        gid: 0,
        size: descriptor.known_size(),
        modified: None,
        link: None,
    }
}

fn scan_archive<S: Scan>(mut pieces: Pieces, mut state: S, options: ScanOptions) -> Result<(S, bool)> {
    let whole = unpack(&mut pieces, options.limits, |file, content| state.visit(file, Source::Here(content)))?;
    if whole || options.to_end {
        pieces.drain();
    }
    Ok((state, whole))
}

fn scan_table<S: Scan>(table: &[u8], location: &Location, mut state: S) -> Result<(S, bool)> {
    let mut outcome = Ok(ControlFlow::Continue(()));
    let read = toc::read(table, location, &mut |listed| {
        outcome = state.visit(listed.file, Source::Extent(listed.extent));
        match &outcome {
            Ok(flow) => *flow,
            Err(_) => ControlFlow::Break(()),
        }
    });
    let flow = outcome?;
    read.map_err(of_reading)?;
    Ok((state, flow.is_continue()))
}

/// The verified table of contents of a layer; `None` where it cannot be used: the layer itself is read then.
async fn fetch_table(
    repository: &RepositoryHandle,
    descriptor: &Descriptor,
    location: &Location,
) -> Result<Option<Bytes>> {
    let table = match read_table(repository, descriptor, location).await {
        Ok(Some(table)) => table,
        Ok(None) => return Ok(None),
        // No parts of blobs, or not this one.
        Err(error) if matches!(error.kind(), Kind::Unsupported(_) | Kind::Protocol(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let (location, copy) = (location.clone(), table.clone());
    let is_usable = move || {
        let is_genuine = toc::is_genuine(&copy, &location).unwrap_or(false);
        Ok(is_genuine && toc::read(&copy, &location, &mut |_| ControlFlow::Continue(())).is_ok())
    };
    if on_thread(is_usable).await? {
        return Ok(Some(table));
    }
    let layer = &descriptor.digest;
    tracing::warn!("not using the table of contents of layer {layer}: it is damaged, or not the one in the manifest");
    Ok(None)
}

async fn read_table(
    repository: &RepositoryHandle,
    descriptor: &Descriptor,
    location: &Location,
) -> Result<Option<Bytes>> {
    const LIMIT: usize = MAX_TABLE as usize;
    let tail = match location {
        Location::Chunked { start, end, .. } => {
            let range = BlobRange::Between(*start, *end);
            return repository.blob_range(descriptor, range)?.bytes(LIMIT).await.map(Some);
        }
        Location::Estargz { tail, .. } => *tail,
    };
    let mut reader = repository.blob_range(descriptor, BlobRange::Last(tail))?;
    let bytes = reader.bytes(LIMIT).await?;
    let Some(offset) = toc::estargz_offset(&bytes) else { return Ok(None) };
    let start = reader.start();
    match start.checked_sub(offset) {
        None | Some(0) => {
            let skipped = usize::try_from(offset - start).unwrap_or(usize::MAX);
            Ok((skipped <= bytes.len()).then(|| bytes.slice(skipped..)))
        }
        Some(missing) if missing.saturating_add(bytes.len() as u64) <= MAX_TABLE => {
            let head = repository.blob_range(descriptor, BlobRange::Between(offset, start))?.bytes(LIMIT).await?;
            let mut whole = BytesMut::from(head);
            whole.extend_from_slice(&bytes);
            Ok(Some(whole.freeze()))
        }
        Some(_) => Ok(None),
    }
}

/// Runs `work` on a thread of its own.
async fn on_thread<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(Error::new(Kind::TimedOut, "the runtime was shut down")),
    }
}
