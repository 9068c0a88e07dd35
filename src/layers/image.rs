//! The files of an image.

use std::collections::HashSet;
use std::task::Poll;

use bytes::Bytes;
use futures::{FutureExt, Stream, stream};
use tokio::sync::mpsc;

use super::decompress::decompress;
use super::entry::FileKind;
use super::feed::{feed, of_reading};
use super::limits::Limits;
use super::list::{ImageFile, ListOptions, Pass, Wanted};
use super::names::NameSet;
use super::path::FilePath;
use super::scan::{Layer, ScanOptions, scan};
use super::search::{Finding, Search, pass_on};
use super::toc::Extent;
use crate::error::{Danger, Error, Fault, Kind, Missing, Result};
use crate::name::{Digest, Hasher};
use crate::registry::{BlobRange, Content, Descriptor, Document, RepositoryHandle, media_types};

/// How many links in a row are followed, as in Linux.
const MAX_LINKS: usize = 40;

/// The annotations with the name of a file that an artifact's layer is: ORAS's, and ModelPack's.
const TITLES: [&str; 2] = ["org.opencontainers.image.title", "org.cncf.model.filepath"];

/// ORAS's annotation for a folder, which is an archive.
const UNPACK: &str = "io.deis.oras.content.unpack";

/// How many items wait for their reader.
const QUEUED: usize = 4;

/// The files of an image or artifact. Its layers are read as they arrive, and no further than needed; nothing is
/// written to disk.
#[derive(Debug, Clone)]
pub struct ImageFiles {
    repository: RepositoryHandle,
    layers: Vec<Layer>,
    limits: Limits,
    verifies: bool,
}

impl ImageFiles {
    /// The files of an image. A layer of an artifact that is no archive counts as a file: named by its title, else by
    /// its digest.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`] for an index: one of its images has to be chosen first.
    pub fn new(repository: &RepositoryHandle, document: &Document) -> Result<Self> {
        let layers = match &document.content {
            Content::Index(_) => return Err(Error::invalid("an index has no files of its own")),
            Content::Image { layers, config } => {
                let is_image = config.as_ref().is_some_and(|config| media_types::is_image_config(&config.media_type));
                let of = |layer: &Descriptor| match file_name(layer).filter(|_| !is_image) {
                    Some(name) => Layer::File(layer.clone(), name),
                    None => Layer::Archive(layer.clone()),
                };
                layers.iter().map(of).collect()
            }
            Content::Schema1(schema1) => {
                let of = |digest: &_| Descriptor { digest: Clone::clone(digest), ..Descriptor::default() };
                schema1.layers.iter().map(|digest| Layer::Archive(of(digest))).collect()
            }
        };
        Ok(Self { repository: repository.clone(), layers, limits: Limits::default(), verifies: false })
    }

    /// Other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Whether [`ImageFiles::read`] verifies the layer of a file, for which it reads the layer to its end.
    #[must_use]
    pub fn with_verification(self, verifies: bool) -> Self {
        Self { verifies, ..self }
    }

    /// The digests of the layers, lowest first, as text.
    pub fn layers(&self) -> Vec<String> {
        self.layers.iter().map(|layer| layer.descriptor().digest.to_string()).collect()
    }

    /// Lists files, each once, as it is in the image: those of the topmost layer first, and last the directories that
    /// have no entry in any layer, as container runtimes make them (mode 0755, of user and group 0). Symbolic links
    /// among the requested paths and above them are followed.
    ///
    /// # Errors
    ///
    /// [`Missing::File`] for a path that is not there; [`Danger::DigestMismatch`] for a layer whose bytes do not match
    /// its digest; [`Fault::TooLarge`] for more than 900,000 files; [`Fault::Unpacked`] and [`Fault::Window`] for a
    /// layer that exceeds the limits; [`Fault::Malformed`] for one that cannot be read.
    pub fn list(self, options: ListOptions) -> impl Stream<Item = Result<Vec<ImageFile>>> + Send + 'static {
        produce(|files| async move { self.list_into(options, files).await })
    }

    async fn list_into(&self, options: ListOptions, files: mpsc::Sender<Vec<ImageFile>>) -> Result<()> {
        let everything = vec![FilePath::default()];
        let asked = if options.paths.is_empty() { &everything } else { &options.paths };
        let mut found = vec![false; asked.len()];
        let mut wanted: Vec<_> = asked.iter().enumerate().map(|(at, path)| Wanted::new(at, path.clone())).collect();
        let mut listed: Vec<FilePath> = Vec::new();
        for _ in 0..MAX_LINKS {
            listed.extend(wanted.iter().map(|wanted| wanted.path().clone()));
            let pass = self.pass(Pass::new(wanted, &options, files.clone())).await?;
            pass.wanted.iter().for_each(|wanted| found[wanted.asked] |= wanted.is_found);
            // A link among what was listed leads to what was listed already.
            let is_new = |path: &FilePath| !listed.iter().any(|listed| path.is_within(listed));
            let links = pass.links.into_iter().filter(|(_, path)| is_new(path));
            wanted = links.map(|(asked, path)| Wanted::new(asked, path)).collect();
            if wanted.is_empty() {
                break;
            }
        }
        match found.iter().position(|found| !found).filter(|_| !options.paths.is_empty()) {
            Some(missing) => Err(self.no_file(&asked[missing])),
            None => Ok(()),
        }
    }

    async fn pass(&self, mut pass: Pass) -> Result<Pass> {
        let options = ScanOptions { limits: self.limits, by_table: true, to_end: false };
        for (number, layer) in self.layers.iter().enumerate().rev() {
            pass.layer = number;
            (pass, _) = scan(&self.repository, layer, pass, options).await?;
            pass.end_layer()?;
            if !pass.flush().await || pass.is_complete() {
                break;
            }
        }
        pass.end().await;
        Ok(pass)
    }

    /// Reads a file, in pieces; links are followed within the image. No more layers are read than needed, from the
    /// topmost down, and the last one only until the file is complete.
    ///
    /// Unless [`ImageFiles::with_verification`] asks for it, only a layer that is read to its end is verified, and a
    /// file that is found by a table of contents.
    ///
    /// # Errors
    ///
    /// [`Missing::File`] when there is no such file; [`Kind::Invalid`] when it is no regular file, or its links go in
    /// circles; those of [`ImageFiles::list`].
    pub fn read(self, path: FilePath) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
        produce(|content| async move { self.read_into(path, content).await })
    }

    async fn read_into(&self, path: FilePath, content: mpsc::Sender<Bytes>) -> Result<()> {
        let mut known: Vec<Option<NameSet>> = self.layers.iter().map(|_| None).collect();
        let (mut target, mut top) = (path.clone(), self.layers.len());
        let mut seen = HashSet::new();
        // Each link may read a layer: circles are not followed to the limit.
        while seen.len() < MAX_LINKS && seen.insert((target.clone(), top)) {
            if target.is_root() {
                return Err(not_a_file(&path, FileKind::Directory));
            }
            match self.find(&target, top, &mut known, &content).await? {
                (Finding::Read, _) => return Ok(()),
                (Finding::Blob, layer) => return self.send_blob(layer, &content).await,
                (Finding::Extent(extent, size), layer) => {
                    if self.send_extent(layer, &extent, size, &content).await? {
                        return Ok(());
                    }
                    return self.read_without_table(&target, layer, &content).await;
                }
                (Finding::NotLocated, layer) => return self.read_without_table(&target, layer, &content).await,
                (Finding::Symlink(path), _) => (target, top) = (path, self.layers.len()),
                (Finding::Hardlink(path), layer) => (target, top) = (path, layer + 1),
                (Finding::NotAFile(kind), _) => return Err(not_a_file(&path, kind)),
                (Finding::Hidden, _) if target == path => return Err(self.no_file(&path)),
                (Finding::Hidden, _) => {
                    return Err(self.no_file(&path).because(format!("its links lead to {target}")));
                }
            }
        }
        Err(Error::invalid(format!("cannot read {path}")).because("too many levels of symbolic links"))
    }

    /// Searches the layers below `top`, and returns what is found with the position of its layer.
    async fn find(
        &self,
        target: &FilePath,
        top: usize,
        known: &mut [Option<NameSet>],
        content: &mpsc::Sender<Bytes>,
    ) -> Result<(Finding, usize)> {
        let options = ScanOptions { limits: self.limits, by_table: true, to_end: self.verifies };
        let mut is_folder = false;
        for (number, layer) in self.layers[..top].iter().enumerate().rev() {
            // A layer that was read to its end says nothing about the path if it does not hide it from lower ones.
            if known[number].as_ref().is_some_and(|names| !names.hides(target)) {
                continue;
            }
            let search = Search::new(target.clone(), content.clone());
            let (search, whole) = scan(&self.repository, layer, search, options).await?;
            if whole {
                known[number] = search.names;
            }
            is_folder |= search.is_folder;
            match search.finding {
                Some(Finding::Hidden) if is_folder => break,
                Some(finding) => return Ok((finding, number)),
                None => {}
            }
        }
        let finding = if is_folder { Finding::NotAFile(FileKind::Directory) } else { Finding::Hidden };
        Ok((finding, 0))
    }

    async fn send_blob(&self, layer: usize, content: &mpsc::Sender<Bytes>) -> Result<()> {
        let mut blob = self.repository.blob(self.layers[layer].descriptor())?;
        while let Some(piece) = blob.chunk().await? {
            if content.send(piece).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Sends a file by its part of the blob, and verifies its digest. `false` where the registry does not send parts,
    /// or the blob does not have this one; nothing was sent then.
    async fn send_extent(
        &self,
        layer: usize,
        extent: &Extent,
        size: u64,
        content: &mpsc::Sender<Bytes>,
    ) -> Result<bool> {
        let descriptor = self.layers[layer].descriptor();
        // What follows the file is not read.
        let end = extent.end.or(descriptor.known_size());
        let is_inside = |end: u64| end > extent.start && descriptor.known_size().is_none_or(|size| end <= size);
        let Some(end) = end.filter(|end| is_inside(*end)) else { return Ok(false) };
        let range = BlobRange::Between(extent.start, end);
        let blob = self.repository.blob_range(descriptor, range)?;
        let (window, digest, content) = (self.limits.window, extent.digest.clone(), content.clone());
        let work = move |mut pieces| {
            let unpacked = decompress(&mut pieces, window).map_err(of_reading)?;
            let mut hashed = Hashed {
                inner: std::io::Read::take(unpacked, size),
                hasher: Digest::hasher(digest.algorithm()),
                count: 0,
            };
            pass_on(&mut hashed, &content)?;
            if content.is_closed() || (hashed.count == size && hashed.hasher.finish() == digest) {
                return Ok(true);
            }
            Err(Error::new(Kind::Safety(Danger::DigestMismatch), "what the registry sent does not match the file")
                .because(format!("its table of contents has the digest {digest}")))
        };
        match feed(blob, work).await {
            Err(error) if matches!(error.kind(), Kind::Unsupported(_)) => Ok(false),
            outcome => outcome,
        }
    }

    async fn read_without_table(&self, target: &FilePath, layer: usize, content: &mpsc::Sender<Bytes>) -> Result<()> {
        let options = ScanOptions { limits: self.limits, by_table: false, to_end: self.verifies };
        let search = Search::new(target.clone(), content.clone());
        let (search, _) = scan(&self.repository, &self.layers[layer], search, options).await?;
        match search.finding {
            Some(Finding::Read) => Ok(()),
            _ => {
                let what = format!("the table of contents of layer {layer} names {target}, which is not in it");
                Err(Error::new(Kind::Protocol(Fault::Malformed), what))
            }
        }
    }

    fn no_file(&self, path: &FilePath) -> Error {
        Error::new(Kind::NotFound(Missing::File), format!("{path} not found in the image"))
    }
}

/// A reader that computes the digest of what it reads.
struct Hashed<R> {
    inner: R,
    hasher: Hasher,
    count: u64,
}

impl<R: std::io::Read> std::io::Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        self.count += read as u64;
        Ok(read)
    }
}

fn not_a_file(path: &FilePath, kind: FileKind) -> Error {
    let what = match kind {
        FileKind::Directory => "it is a directory",
        _ => "it is not a regular file",
    };
    Error::invalid(format!("cannot read {path}")).because(what)
}

/// The name of a layer that is a file; `None` for an archive.
fn file_name(layer: &Descriptor) -> Option<FilePath> {
    let is_folder = layer.annotations.get(UNPACK).is_some_and(|unpack| unpack == "true");
    let title = TITLES.iter().find_map(|name| layer.annotations.get(*name)).filter(|_| !is_folder);
    match title.map(FilePath::new).filter(|path| !path.is_root()) {
        Some(path) => Some(path),
        None if layer.may_be_manifest() => Some(FilePath::new(layer.digest.as_str())),
        None => None,
    }
}

/// A stream of the items that a future sends, and then of its error. The future runs while the stream is polled.
fn produce<T, F>(work: impl FnOnce(mpsc::Sender<T>) -> F) -> impl Stream<Item = Result<T>> + Send
where
    T: Send,
    F: Future<Output = Result<()>> + Send,
{
    let (sender, mut items) = mpsc::channel(QUEUED);
    let mut work = Some(Box::pin(work(sender)));
    let mut failure: Option<Error> = None;
    stream::poll_fn(move |context| {
        if let Some(running) = &mut work
            && let Poll::Ready(outcome) = running.poll_unpin(context)
        {
            failure = outcome.err();
            work = None;
        }
        items.poll_recv(context).map(|item| item.map(Ok).or_else(|| failure.take().map(Err)))
    })
}
