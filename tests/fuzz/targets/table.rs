//! The table of contents of a layer, zstd:chunked's and eStargz's, uncompressed, since its digest is made here.

use std::collections::BTreeMap;

use registry_ls::Kind;
use registry_ls::error::Fault;
use registry_ls::layers::internals::read_table;
use registry_ls::name::{Algorithm, Digest};
use registry_ls::registry::Descriptor;

pub fn seeds() -> Vec<Vec<u8>> {
    let digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    [
        format!(r#"{{"version":1,"entries":[{{"type":"dir","name":"etc/","mode":493}},{{"type":"reg","name":"etc/passwd","mode":420,"size":4,"offset":10,"endOffset":20,"digest":"{digest}","modtime":"2024-01-02T03:04:05Z"}},{{"type":"chunk","name":"etc/passwd","offset":20,"endOffset":30,"chunkOffset":2}}]}}"#),
        r#"{"entries":[{"type":"symlink","name":"bin","linkName":"usr/bin"},{"type":"hardlink","name":"a","linkName":"../b"},{"type":"char","name":"c","devMajor":1}]}"#.to_owned(),
        format!(r#"{{"entries":[{{"type":"reg","name":"a","size":1,"offset":5,"digest":"{digest}"}},{{"type":"reg","name":"b","size":1,"offset":3,"digest":"x","innerOffset":4}}],"x":[]}}"#),
        r#"{"entries":null}"#.to_owned(),
        r#"{"version":1}"#.to_owned(),
        "{}".to_owned(),
    ]
    .map(String::into_bytes)
    .to_vec()
}

pub fn run(input: &[u8]) {
    check(input, &chunked(input));
    // The table of eStargz is a file in an archive.
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(input.len() as u64);
    header.set_mode(0o444);
    archive.append_data(&mut header, "stargz.index.json", input).expect("in memory");
    check(&archive.into_inner().expect("in memory"), &estargz(input));
    // The input as such an archive: its digest is another one, if it has a table at all.
    check(input, &estargz(b""));
}

/// A layer with this table of contents.
fn chunked(table: &[u8]) -> Descriptor {
    let position = format!("0:{}:{}:1", table.len(), table.len());
    let annotations = [
        ("io.github.containers.zstd-chunked.manifest-position", position),
        ("io.github.containers.zstd-chunked.manifest-checksum", Digest::of(Algorithm::Sha256, table).to_string()),
    ];
    layer(annotations.map(|(name, value)| (name.to_owned(), value)).into(), table.len())
}

fn estargz(table: &[u8]) -> Descriptor {
    let digest = Digest::of(Algorithm::Sha256, table).to_string();
    layer([("containerd.io/snapshot/stargz/toc.digest".to_owned(), digest)].into(), table.len())
}

fn layer(annotations: BTreeMap<String, String>, size: usize) -> Descriptor {
    Descriptor { annotations, size: size as u64, ..Descriptor::default() }
}

fn check(table: &[u8], layer: &Descriptor) {
    match read_table(layer, table) {
        Ok(files) => {
            for file in files {
                let path = file.path.to_string();
                assert!(path.starts_with('/') && !path.split('/').any(|name| name == ".."), "{path}");
            }
        }
        Err(error) => {
            let kind = error.kind();
            assert!(matches!(kind, Kind::Protocol(Fault::Malformed | Fault::Unpacked | Fault::Window)), "{error}");
        }
    }
}
