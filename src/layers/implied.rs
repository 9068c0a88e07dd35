//! The directories that the paths in layers imply: many builders store files without entries for the directories above
//! them, and container runtimes make these when they unpack a layer.

use std::collections::BTreeMap;

use super::entry::{FileEntry, FileKind};
use super::path::FilePath;

/// The most memory that they take together, in bytes.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// What each takes besides its path, in bytes.
const EACH: usize = 64;

/// The permissions with which containerd makes such a directory.
const MODE: u32 = 0o755;

/// Directories without entries of their own, as far as the layers were read, each with the position of the uppermost
/// layer that implies it.
#[derive(Debug, Default)]
pub(super) struct ImpliedDirectories {
    layers: BTreeMap<FilePath, usize>,
    bytes: usize,
    /// The parent of the path that was added last: the files of a directory mostly follow each other.
    last_parent: FilePath,
}

impl ImpliedDirectories {
    /// Adds those above the path of an entry in a layer that `accepts` lets pass. `false` if they take too much memory.
    #[must_use]
    pub fn add_above(&mut self, path: &FilePath, layer: usize, accepts: impl Fn(&FilePath) -> bool) -> bool {
        let parent = path.parent();
        if parent == self.last_parent {
            return true;
        }
        for directory in path.ancestors().map(FilePath::new).filter(accepts) {
            let bytes = EACH + directory.as_bytes().len();
            self.layers.entry(directory).or_insert_with(|| {
                self.bytes += bytes;
                layer
            });
        }
        self.last_parent = parent;
        self.bytes <= MAX_BYTES
    }

    /// Removes the one at this path, which has an entry.
    pub fn remove(&mut self, path: &FilePath) {
        self.layers.remove(path);
    }

    /// Ends a layer: in the next one, other paths are hidden.
    pub fn end_layer(&mut self) {
        self.last_parent = FilePath::default();
    }

    /// All of them, each with the position of its layer.
    pub fn take(&mut self) -> impl Iterator<Item = (FileEntry, usize)> + use<> {
        std::mem::take(&mut self.layers).into_iter().map(|(path, layer)| (directory(path), layer))
    }
}

fn directory(path: FilePath) -> FileEntry {
    let kind = FileKind::Directory;
    FileEntry { path, kind, mode: MODE, uid: 0, gid: 0, size: None, modified: None, link: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(implied: &mut ImpliedDirectories) -> Vec<(String, usize)> {
        implied.take().map(|(file, layer)| (file.path.to_string(), layer)).collect()
    }

    #[test]
    fn the_uppermost_layer_counts_and_entries_replace_what_is_implied() {
        let mut implied = ImpliedDirectories::default();
        for (path, layer) in [("usr/bin/sh", 2), ("usr/bin/ls", 2), ("usr/lib/x", 1), ("top", 1)] {
            assert!(implied.add_above(&FilePath::new(path), layer, |_| true));
        }
        implied.remove(&FilePath::new("usr/lib"));
        assert_eq!(paths(&mut implied), [("/usr".to_owned(), 2), ("/usr/bin".to_owned(), 2)]);
    }

    #[test]
    fn what_is_refused_in_one_layer_is_tried_again_in_the_next() {
        let mut implied = ImpliedDirectories::default();
        assert!(implied.add_above(&FilePath::new("a/x"), 1, |_| false));
        implied.end_layer();
        assert!(implied.add_above(&FilePath::new("a/y"), 0, |_| true));
        assert_eq!(paths(&mut implied), [("/a".to_owned(), 0)]);
    }

    #[test]
    fn they_take_little_memory() {
        let mut implied = ImpliedDirectories::default();
        let long = "d".repeat(250);
        let fits = |number: &usize| implied.add_above(&FilePath::new(format!("{long}{number}/x")), 0, |_| true);
        let count = (0..1_000_000).take_while(fits).count();
        assert!(count < MAX_BYTES / 250, "{count}");
    }
}
