//! Files of images: `rls files`, `rls cat`, `rls diff --files`, on layers of every form.

mod artifacts;
mod diff;
mod limits;
mod listing;
mod reading;
mod tables;

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use serde_json::{Value, json};
use tar::{Builder, EntryType, Header};

use crate::custom_manifests::{App, CONFIG, LAYER, image};

/// Builds a tar archive.
pub struct Tar(Builder<Vec<u8>>);

impl Tar {
    pub fn new() -> Self {
        Self(Builder::new(Vec::new()))
    }

    /// A file of mode 0644; a whiteout is an empty one.
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.add(EntryType::Regular, path, 0o644, "", content.as_ref())
    }

    pub fn folder(self, path: &str) -> Self {
        self.add(EntryType::Directory, path, 0o755, "", b"")
    }

    pub fn symlink(self, path: &str, target: &str) -> Self {
        self.add(EntryType::Symlink, path, 0o777, target, b"")
    }

    pub fn hardlink(self, path: &str, target: &str) -> Self {
        self.add(EntryType::Link, path, 0o644, target, b"")
    }

    /// An entry of any kind; long names get the headers that they need.
    pub fn add(mut self, kind: EntryType, path: &str, mode: u32, link: &str, content: &[u8]) -> Self {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_mtime(1_700_000_000);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(content.len() as u64);
        let added = match link {
            "" => self.0.append_data(&mut header, path, content),
            link => self.0.append_link(&mut header, path, link),
        };
        added.expect("an archive in memory");
        self
    }

    pub fn bytes(self) -> Vec<u8> {
        self.0.into_inner().expect("an archive in memory")
    }
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("in memory");
    encoder.finish().expect("in memory")
}

pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

impl App {
    /// `app:TAG`: an image of these layers, lowest first, which are given as they are stored.
    pub fn layers(&self, tag: &str, layers: &[Vec<u8>]) -> Vec<Value> {
        let layers: Vec<_> = layers.iter().map(|layer| self.blob(LAYER, layer.clone())).collect();
        self.stack(tag, &layers);
        layers
    }

    /// `app:TAG`: an image of these layers, given by their descriptors.
    pub fn stack(&self, tag: &str, layers: &[Value]) {
        let config = self.blob(CONFIG, json!({ "os": "linux", "architecture": "amd64" }).to_string());
        self.push(tag, &image(json!({ "config": config, "layers": layers })));
    }

    /// How often the blob of a layer was requested.
    pub fn reads(&self, layer: &Value) -> usize {
        self.request_count(layer["digest"].as_str().expect("a digest"))
    }
}
