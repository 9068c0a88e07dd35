//! Lists the files of an image: the layers are read from the top down, and what upper ones have hides what lower ones
//! have.

use std::io;
use std::ops::ControlFlow;

use tokio::sync::mpsc;

use super::entry::{FileEntry, FileKind, Meaning, meaning};
use super::feed::of_reading;
use super::implied::ImpliedDirectories;
use super::names::{Mark, NameSet};
use super::path::FilePath;
use super::scan::{Scan, Source};
use crate::error::{Error, Fault, Kind, Result};
use crate::name::{Algorithm, Digest};

/// How many files are passed on at once.
const BATCH: usize = 256;

/// A file of an image, and its layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFile {
    /// The file.
    pub file: FileEntry,
    /// The position of its layer, from the lowest.
    pub layer: usize,
    /// The digest of its content; of regular files only, where it was asked for.
    pub digest: Option<Digest>,
}

/// Which files are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListOptions {
    /// These, with what is below them; everything if there are none.
    pub paths: Vec<FilePath>,
    /// How many levels below each path; `None` for all. The path itself is at level 0.
    pub depth: Option<usize>,
    /// Whether the contents of regular files are hashed.
    pub digests: bool,
}

impl ListOptions {
    /// Lists these paths, down to `depth` levels below them.
    pub fn new(paths: Vec<FilePath>, depth: Option<usize>) -> Self {
        Self { paths, depth, digests: false }
    }

    /// The same, and the contents of regular files are hashed.
    #[must_use]
    pub fn with_digests(self) -> Self {
        Self { digests: true, ..self }
    }
}

/// A path that is listed.
#[derive(Debug)]
pub(super) struct Wanted {
    /// The position of the path that was asked for.
    pub asked: usize,
    path: FilePath,
    pub is_found: bool,
    /// Whether lower layers cannot add to it.
    is_complete: bool,
}

impl Wanted {
    pub fn new(asked: usize, path: FilePath) -> Self {
        Self { asked, path, is_found: false, is_complete: false }
    }

    pub fn path(&self) -> &FilePath {
        &self.path
    }
}

/// One pass over the layers.
#[derive(Debug)]
pub(super) struct Pass {
    pub wanted: Vec<Wanted>,
    /// Where links lead from what is wanted, with the position of what was asked for.
    pub links: Vec<(usize, FilePath)>,
    pub layer: usize,
    depth: Option<usize>,
    digests: bool,
    names: NameSet,
    /// What takes effect on the next lower layer.
    pending: Vec<(FilePath, Mark)>,
    implied: ImpliedDirectories,
    batch: Vec<ImageFile>,
    files: mpsc::Sender<Vec<ImageFile>>,
}

impl Pass {
    pub fn new(wanted: Vec<Wanted>, options: &ListOptions, files: mpsc::Sender<Vec<ImageFile>>) -> Self {
        let ListOptions { depth, digests, .. } = *options;
        let (names, implied) = (NameSet::default(), ImpliedDirectories::default());
        let (links, pending, batch) = (Vec::new(), Vec::new(), Vec::new());
        Self { wanted, links, layer: 0, depth, digests, names, pending, implied, batch, files }
    }

    /// Ends a layer: its whiteouts take effect.
    pub fn end_layer(&mut self) -> Result<()> {
        for (path, mark) in std::mem::take(&mut self.pending) {
            self.add(path.as_bytes(), mark)?;
        }
        for wanted in &mut self.wanted {
            wanted.is_complete |= self.names.hides_tree(&wanted.path);
        }
        self.implied.end_layer();
        Ok(())
    }

    /// Ends the pass: directories that no layer has an entry for are listed, too.
    pub async fn end(&mut self) {
        let mut implied = self.implied.take().peekable();
        while implied.peek().is_some() {
            for (file, layer) in implied.by_ref().take(BATCH) {
                if self.shows(&file) {
                    self.batch.push(ImageFile { file, layer, digest: None });
                }
            }
            if !self.flush().await {
                break;
            }
        }
    }

    /// Whether lower layers cannot add anything.
    pub fn is_complete(&self) -> bool {
        self.wanted.iter().all(|wanted| wanted.is_complete)
    }

    /// Passes on the remaining files; `false` if the receiver was dropped.
    pub async fn flush(&mut self) -> bool {
        let batch = std::mem::take(&mut self.batch);
        batch.is_empty() || self.files.send(batch).await.is_ok()
    }

    fn add(&mut self, path: &[u8], mark: Mark) -> Result<()> {
        if self.names.add(path, mark) {
            return Ok(());
        }
        Err(too_many(format!("more than {} names", NameSet::CAPACITY)))
    }

    /// Notes the directories above an entry that are part of what is wanted.
    fn imply_above(&mut self, path: &FilePath) -> Result<()> {
        let Self { implied, names, wanted, layer, .. } = self;
        let is_wanted = |directory: &FilePath| wanted.iter().any(|wanted| directory.is_within(&wanted.path));
        if implied.add_above(path, *layer, |directory| is_wanted(directory) && !names.hides(directory)) {
            return Ok(());
        }
        Err(too_many("too many directories have no entries of their own".to_owned()))
    }

    /// Whether a path is requested, or leads to or below a requested one.
    fn concerns(&self, path: &FilePath) -> bool {
        self.wanted.iter().any(|wanted| path.is_within(&wanted.path) || wanted.path.is_within(path))
    }

    /// Notes where links lead that are part of what is wanted.
    fn follow(&mut self, file: &FileEntry) {
        let Some(link) = file.link.as_deref().filter(|_| file.kind == FileKind::Symlink) else { return };
        for wanted in &self.wanted {
            if wanted.path.is_within(&file.path) {
                let rest = wanted.path.as_bytes().get(file.path.as_bytes().len()..).unwrap_or_default();
                self.links.push((wanted.asked, file.path.linked(link).joined(rest)));
            }
        }
    }

    /// Whether a file is shown, and notes what that says about what is wanted.
    fn shows(&mut self, file: &FileEntry) -> bool {
        let mut shown = false;
        for wanted in self.wanted.iter_mut().filter(|wanted| file.path.is_within(&wanted.path)) {
            wanted.is_found = true;
            wanted.is_complete |= file.path == wanted.path && file.kind != FileKind::Directory;
            shown |= self.depth.is_none_or(|depth| file.path.depth_below(&wanted.path) <= depth);
        }
        shown
    }
}

impl Scan for Pass {
    fn visit(&mut self, file: FileEntry, source: Source<'_>) -> Result<ControlFlow<()>> {
        let meaning = meaning(&file.path);
        if meaning != Meaning::Ignored {
            self.imply_above(&file.path)?;
        }
        match meaning {
            Meaning::Ignored => {}
            Meaning::Whiteout(path) if self.concerns(&path) => self.postpone(path, Mark::All)?,
            Meaning::Opaque(path) if self.concerns(&path) => self.postpone(path, Mark::Below)?,
            Meaning::Whiteout(_) | Meaning::Opaque(_) => {}
            Meaning::File if self.concerns(&file.path) && !self.names.hides(&file.path) => {
                self.implied.remove(&file.path);
                let mark = if file.kind == FileKind::Directory { Mark::Itself } else { Mark::All };
                self.add(file.path.as_bytes(), mark)?;
                self.follow(&file);
                if self.shows(&file) {
                    let digest = if self.digests { digest(&file, source)? } else { None };
                    self.batch.push(ImageFile { file, layer: self.layer, digest });
                }
            }
            Meaning::File => {}
        }
        if self.batch.len() >= BATCH {
            let batch = std::mem::take(&mut self.batch);
            if self.files.blocking_send(batch).is_err() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

impl Pass {
    /// Adds a whiteout once the layer has ended: it hides nothing of its own layer.
    fn postpone(&mut self, path: FilePath, mark: Mark) -> Result<()> {
        if self.pending.len() >= MAX_WHITEOUTS {
            return Err(too_many(format!("a layer has more than {MAX_WHITEOUTS} whiteouts")));
        }
        self.pending.push((path, mark));
        Ok(())
    }
}

fn too_many(cause: String) -> Error {
    Error::new(Kind::Protocol(Fault::TooLarge), "the image has too many files to list").because(cause)
}

/// The digest of the content of a regular file.
fn digest(file: &FileEntry, source: Source<'_>) -> Result<Option<Digest>> {
    let mut empty = io::empty();
    let content: &mut dyn io::Read = match source {
        _ if file.kind != FileKind::File => return Ok(None),
        Source::Here(content) => content,
        Source::Extent(extent) if file.size != Some(0) => return Ok(extent.map(|extent| extent.digest)),
        Source::Extent(_) => &mut empty,
        Source::Blob => return Ok(None),
    };
    let mut hasher = Digest::hasher(Algorithm::Sha256);
    let mut buffer = [0; 8 << 10];
    loop {
        match content.read(&mut buffer).map_err(of_reading)? {
            0 => return Ok(Some(hasher.finish())),
            read => hasher.update(&buffer[..read]),
        }
    }
}

/// The most whiteouts of a layer.
const MAX_WHITEOUTS: usize = 50_000;
