//! The names of upper layers, and what they hide of lower ones.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use super::path::FilePath;

/// What a name of an upper layer hides of lower ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// The path itself and what is below it: a file, or a whiteout.
    All = 0,
    /// The path itself: a folder.
    Itself = 1,
    /// What is below the path: an opaque whiteout.
    Below = 2,
}

/// The names of files, as hashes of 62 bits: a layer may have a million names, of 4 KiB each. The hashes are keyed
/// anew for each set, so that no layer can be made to collide; that two of a million names do has a chance of 10⁻⁷.
#[derive(Debug, Default)]
pub(super) struct NameSet {
    hashes: HashSet<u64>,
    key: RandomState,
}

impl NameSet {
    /// The most names in a set: what a hash table of 2²⁰ slots holds, 9 MiB.
    pub const CAPACITY: usize = (1 << 20) / 8 * 7;

    /// Adds a name. `false` if the set is full.
    #[must_use]
    pub fn add(&mut self, path: &[u8], mark: Mark) -> bool {
        if self.hashes.len() >= Self::CAPACITY {
            return false;
        }
        self.hashes.insert(self.hash(path, mark));
        true
    }

    /// Whether a lower layer's file at this path is hidden, or replaced.
    pub fn hides(&self, path: &FilePath) -> bool {
        self.has(path.as_bytes(), Mark::Itself) || self.has(path.as_bytes(), Mark::All) || self.is_below_hidden(path)
    }

    /// Whether a lower layer can have nothing at this path, nor below it.
    pub fn hides_tree(&self, path: &FilePath) -> bool {
        self.hides_below(path.as_bytes()) || self.is_below_hidden(path)
    }

    fn is_below_hidden(&self, path: &FilePath) -> bool {
        !path.is_root() && (self.hides_below(b"") || path.ancestors().any(|ancestor| self.hides_below(ancestor)))
    }

    fn hides_below(&self, folder: &[u8]) -> bool {
        self.has(folder, Mark::All) || self.has(folder, Mark::Below)
    }

    fn has(&self, path: &[u8], mark: Mark) -> bool {
        self.hashes.contains(&self.hash(path, mark))
    }

    fn hash(&self, path: &[u8], mark: Mark) -> u64 {
        (self.key.hash_one(path) & !3) | mark as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[(&str, Mark)]) -> NameSet {
        let mut set = NameSet::default();
        names.iter().for_each(|(name, mark)| assert!(set.add(name.as_bytes(), *mark)));
        set
    }

    #[test]
    fn a_file_hides_what_is_below_a_folder_does_not() {
        let set = set(&[("a", Mark::All), ("b", Mark::Itself), ("c", Mark::Below)]);
        let hides = |path: &str| set.hides(&FilePath::new(path));
        assert!(hides("a") && hides("a/x") && hides("a/x/y"));
        assert!(hides("b") && !hides("b/x"));
        assert!(!hides("c") && hides("c/x") && hides("c/x/y"));
        assert!(!hides("d") && !hides("ab"));
        let hides_tree = |path: &str| set.hides_tree(&FilePath::new(path));
        assert!(hides_tree("a") && hides_tree("c") && hides_tree("c/x") && !hides_tree("b") && !hides_tree("d"));
    }

    #[test]
    fn an_opaque_root_hides_everything() {
        let set = set(&[("", Mark::Below)]);
        assert!(set.hides(&FilePath::new("a")) && set.hides(&FilePath::new("a/b")));
    }

    #[test]
    fn a_full_set_says_so() {
        let mut set = NameSet::default();
        for number in 0..NameSet::CAPACITY {
            assert!(set.add(&number.to_ne_bytes(), Mark::All));
        }
        assert!(!set.add(b"one more", Mark::All));
    }
}
