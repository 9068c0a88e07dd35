//! The size of docker-registry's storage on disk (distribution `registry/storage/paths.go`).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The root folder of a registry's storage.
pub struct Disk(pub PathBuf);

impl Disk {
    /// The blobs by digest, with their sizes.
    pub fn blobs(&self) -> BTreeMap<String, u64> {
        let folders = entries(&self.0.join("docker/registry/v2/blobs/sha256"));
        let blobs = folders.iter().flat_map(|folder| entries(folder));
        let sized = blobs.filter_map(|blob| {
            let size = fs::metadata(blob.join("data")).ok()?.len();
            Some((format!("sha256:{}", blob.file_name()?.to_str()?), size))
        });
        sized.collect()
    }

    /// `du -sb`: the bytes of all files, links and folders included.
    pub fn usage(&self) -> u64 {
        let output = Command::new("du").arg("-sb").arg(&self.0).output().expect("du runs");
        let text = String::from_utf8(output.stdout).expect("du writes text");
        text.split_whitespace().next().and_then(|bytes| bytes.parse().ok()).expect("du writes a number first")
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}
