//! A cache of manifests and configs on disk, by digest. What has a digest never changes, so that entries never expire.
//!
//! ```text
//! FOLDER/SCOPE/sha256-HEX      one entry: a line with the media type, then the exact bytes
//! ```
//!
//! - A scope is a registry, a repository in it and the user who may read it, hashed: what one login may read is not
//!   found with another.
//! - Folders are private (0700), and so are entries (0600). Every entry is verified against its digest when it is read;
//!   one that does not match is removed.
//! - Entries are written to a temporary file and renamed, so that processes may share a folder. The entries that were
//!   not used for the longest time are removed where all together take more than the limit.
//! - A cache never causes an error: what cannot be read is not there, and what cannot be written is not kept.
//!
//! Callers look up a digest only after the registry has named it in this run, so that the registry still decides who
//! may read what.

mod entry;
mod folder;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use self::folder::Folder;
use crate::name::Digest;

pub use self::entry::{CachedContent, Scope};

/// The default limit of all entries together, in bytes.
pub const DEFAULT_LIMIT: u64 = 256 * 1024 * 1024;

/// Trimming makes room for this part of the limit at least, so that it is not needed for every entry.
const ROOM_PARTS: u64 = 16;

/// A cache in a folder. Clones share it. The functions block; call them where that is allowed.
#[derive(Debug, Clone)]
pub struct Cache(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: Folder,
    limit: u64,
    /// The bytes that this process may write before the folder is trimmed. Locked while it is trimmed: an entry that
    /// was replaced meanwhile would be removed for the age and size of the file in its place.
    room: Mutex<u64>,
}

/// What a cache holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheInfo {
    /// The folder.
    pub folder: PathBuf,
    /// The number of entries.
    pub entries: u64,
    /// Their size in bytes.
    pub size: u64,
    /// The most bytes that they may take.
    pub limit: u64,
}

impl Cache {
    /// A cache in this folder, which is made when something is written.
    pub fn new(folder: PathBuf, limit: u64) -> Self {
        Self(Arc::new(Inner { folder: Folder::new(folder), limit, room: Mutex::new(0) }))
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.0.folder.path()
    }

    /// What `read` makes of the content with this digest, where the cache has it. `read` verifies it, and returns
    /// `None` if it does not match the digest.
    pub fn get<T>(&self, scope: &Scope, digest: &Digest, read: impl FnOnce(CachedContent) -> Option<T>) -> Option<T> {
        let content = entry::parse(self.0.folder.read(scope, digest)?);
        if let Some(found) = content.and_then(read) {
            return Some(found);
        }
        tracing::debug!("removing {digest} from the cache: it is damaged");
        self.0.folder.remove(scope, digest);
        None
    }

    /// Keeps content that was verified.
    pub fn put(&self, scope: &Scope, digest: &Digest, content: &CachedContent) {
        let Some(bytes) = entry::format(content).filter(|bytes| bytes.len() as u64 <= self.0.limit) else { return };
        self.make_room(bytes.len() as u64);
        if let Err(error) = self.0.folder.write(scope, digest, &bytes) {
            tracing::debug!("cannot write to the cache {}: {error}", self.folder().display());
        }
    }

    /// Trims the folder if there is no room for an entry of this size.
    fn make_room(&self, size: u64) {
        let mut room = self.0.room.lock().unwrap_or_else(PoisonError::into_inner);
        if *room < size {
            let made = (self.0.limit / ROOM_PARTS).max(size);
            self.0.folder.trim(self.0.limit, made);
            *room = made;
        }
        *room -= size;
    }

    /// What it holds.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read. One that does not exist is empty.
    pub fn info(&self) -> io::Result<CacheInfo> {
        let files = self.0.folder.files()?;
        Ok(CacheInfo {
            folder: self.folder().to_owned(),
            entries: files.len() as u64,
            size: files.iter().map(|file| file.size).sum(),
            limit: self.0.limit,
        })
    }

    /// Removes all entries, and returns what there was.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read, or an entry cannot be removed.
    pub fn clear(&self) -> io::Result<CacheInfo> {
        let info = self.info()?;
        self.0.folder.clear()?;
        Ok(info)
    }
}

#[cfg(test)]
mod tests;
