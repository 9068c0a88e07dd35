//! Searches the layers of an image for one file, from the top down.
//!
//! - The first layer that has the path decides, or hides it.
//! - A symbolic link, as the file itself or as a folder above it, leads to another path: the search begins anew. The
//!   names of layers that were read to their end are kept, so that none is read again for nothing.
//! - A hard link leads to another path in the same layer or below.

use std::io::Read;
use std::ops::ControlFlow;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::entry::{FileEntry, FileKind, Meaning, meaning};
use super::feed::of_reading;
use super::names::{Mark, NameSet};
use super::path::FilePath;
use super::scan::{Scan, Source};
use super::toc::Extent;
use crate::error::Result;

/// How much of a content is passed on at once, in bytes.
const PIECE: usize = 64 << 10;

/// What a layer says about a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Finding {
    /// The file, whose content was passed on.
    Read,
    /// The file, whose content is in a part of the blob, with its size.
    Extent(Extent, u64),
    /// The file, whose content is the blob.
    Blob,
    /// The file; the table of contents does not say where its content is.
    NotLocated,
    /// A symbolic link leads to this path.
    Symlink(FilePath),
    /// A hard link to this path.
    Hardlink(FilePath),
    /// It is there, but it is no regular file.
    NotAFile(FileKind),
    /// It was removed, or a folder above it is a file.
    Hidden,
}

/// The search in one layer.
#[derive(Debug)]
pub(super) struct Search {
    target: FilePath,
    pub finding: Option<Finding>,
    /// Whether files are below the path: a folder without an entry of its own.
    pub is_folder: bool,
    /// The names of the layer, as far as it was read; `None` where they are too many.
    pub names: Option<NameSet>,
    content: mpsc::Sender<Bytes>,
}

impl Search {
    pub fn new(target: FilePath, content: mpsc::Sender<Bytes>) -> Self {
        Self { target, finding: None, is_folder: false, names: Some(NameSet::default()), content }
    }

    fn note(&mut self, path: &FilePath, mark: Mark) {
        if self.names.as_mut().is_some_and(|names| !names.add(path.as_bytes(), mark)) {
            self.names = None;
        }
    }

    fn hide(&mut self, hides: bool) {
        if hides {
            self.finding = Some(Finding::Hidden);
        }
    }

    /// The target is below something that is not a folder.
    fn above(&mut self, file: &FileEntry) -> bool {
        match (file.kind, file.link.as_deref()) {
            (FileKind::Directory, _) => false,
            (FileKind::Symlink, Some(link)) => {
                let rest = self.target.below(file.path.as_bytes());
                self.finding = Some(Finding::Symlink(file.path.linked(link).joined(rest)));
                true
            }
            _ => {
                self.finding = Some(Finding::Hidden);
                false
            }
        }
    }

    fn found(&mut self, file: FileEntry, source: Source<'_>) -> Result<()> {
        let link = file.link.as_deref();
        self.finding = Some(match (file.kind, link, source) {
            (FileKind::Symlink, Some(link), _) => Finding::Symlink(file.path.linked(link)),
            (FileKind::Hardlink, Some(link), _) => Finding::Hardlink(FilePath::new(link)),
            (FileKind::File, _, Source::Here(content)) => {
                pass_on(content, &self.content)?;
                Finding::Read
            }
            (FileKind::File, _, Source::Blob) => Finding::Blob,
            (FileKind::File, _, Source::Extent(_)) if file.size == Some(0) => Finding::Read,
            (FileKind::File, _, Source::Extent(Some(extent))) => Finding::Extent(extent, file.size.unwrap_or_default()),
            (FileKind::File, _, Source::Extent(_)) => Finding::NotLocated,
            (kind, ..) => Finding::NotAFile(kind),
        });
        Ok(())
    }
}

impl Scan for Search {
    fn visit(&mut self, file: FileEntry, source: Source<'_>) -> Result<ControlFlow<()>> {
        match meaning(&file.path) {
            Meaning::Ignored => {}
            Meaning::Whiteout(path) => {
                self.note(&path, Mark::All);
                self.hide(self.target.is_within(&path));
            }
            Meaning::Opaque(path) => {
                self.note(&path, Mark::Below);
                self.hide(self.target.is_within(&path) && self.target != path);
            }
            Meaning::File => {
                self.note(&file.path, if file.kind == FileKind::Directory { Mark::Itself } else { Mark::All });
                if file.path == self.target {
                    self.found(file, source)?;
                    return Ok(ControlFlow::Break(()));
                }
                self.is_folder |= file.path.is_within(&self.target);
                if self.target.is_within(&file.path) && self.above(&file) {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// Passes on content piece by piece, until the receiver is dropped.
pub(super) fn pass_on(mut content: impl Read, pieces: &mpsc::Sender<Bytes>) -> Result<()> {
    loop {
        let mut piece = vec![0; PIECE];
        let mut filled = 0;
        while filled < PIECE {
            match content.read(&mut piece[filled..]).map_err(of_reading)? {
                0 => break,
                read => filled += read,
            }
        }
        piece.truncate(filled);
        if filled == 0 || pieces.blocking_send(piece.into()).is_err() {
            return Ok(());
        }
    }
}
