//! docker-registry's storage, given thousands of names without thousands of requests
//! (distribution `registry/storage/paths.go`, the layout of the file system driver).

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// The folder in which a registry keeps everything.
pub struct Storage(PathBuf);

impl Storage {
    /// The storage below this `rootdirectory`.
    pub fn at(root: &Path) -> Self {
        Self(root.join("docker/registry/v2/repositories"))
    }

    /// Makes repositories that are this one by other names.
    pub fn repositories(&self, names: impl Iterator<Item = String>, like: &str) {
        names.for_each(|name| link(&self.0.join(like), &self.0.join(name)));
    }

    /// Makes tags that are this one by other names: they move with it.
    pub fn tags(&self, repository: &str, tags: impl Iterator<Item = String>, like: &str) {
        let folder = self.0.join(repository).join("_manifests/tags");
        tags.for_each(|tag| link(&folder.join(like), &folder.join(tag)));
    }
}

fn link(original: &Path, new: &Path) {
    fs::create_dir_all(new.parent().expect("a path below the storage")).expect("a folder of the storage");
    symlink(original, new).expect("a link in the storage");
}
