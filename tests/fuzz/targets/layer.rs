//! A layer of an image: gzip, zstd or a plain archive. Whatever it is, it is read to an end within its limits.

use std::io::Write;
use std::ops::ControlFlow;

use registry_ls::Kind;
use registry_ls::error::Fault;
use registry_ls::layers::{Limits, unpack};

pub fn seeds() -> Vec<Vec<u8>> {
    let archive = archive();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&archive).expect("in memory");
    let gzip = gzip.finish().expect("in memory");
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    let zstd = ruzstd::encoding::compress_to_vec(&archive[..], level);
    let skippable = [b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec(), zstd.clone()].concat();
    vec![archive, gzip, zstd, skippable, b"BZh91AY".to_vec(), Vec::new()]
}

/// Every kind of entry that layers have, long names and extended headers.
fn archive() -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let long = ["directory"; 20].join("/");
    for (kind, path, link) in [
        (tar::EntryType::Directory, "etc/", ""),
        (tar::EntryType::Regular, "etc/passwd", ""),
        (tar::EntryType::Regular, "etc/.wh.shadow", ""),
        (tar::EntryType::Symlink, "bin", "usr/bin"),
        (tar::EntryType::Link, "etc/copy", "etc/passwd"),
        (tar::EntryType::Regular, long.as_str(), ""),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_size(if kind == tar::EntryType::Regular { 4 } else { 0 });
        let content = if kind == tar::EntryType::Regular { &b"text"[..] } else { b"" };
        let added = match link {
            "" => builder.append_data(&mut header, path, content),
            link => builder.append_link(&mut header, path, link),
        };
        added.expect("in memory");
    }
    builder
        .append_pax_extensions([("path", &b"pax/name"[..]), ("mtime", b"1700000000.5"), ("size", b"4")])
        .expect("in memory");
    builder.into_inner().expect("in memory")
}

pub fn run(input: &[u8]) {
    const MAX_UNPACKED: u64 = 1 << 20;
    let limits = Limits::default().with_unpacked(Some(MAX_UNPACKED)).with_window(Some(64 << 10));
    let mut content_size = 0;
    let outcome = unpack(input, limits, |file, content| {
        let path = file.path.to_string();
        assert!(path.starts_with('/') && !path.split('/').any(|name| name == ".." || name == "."), "{path}");
        assert!(file.mode <= 0o7777);
        match std::io::copy(content, &mut std::io::sink()) {
            Ok(size) => content_size += size,
            Err(_) => return Ok(ControlFlow::Break(())),
        }
        Ok(ControlFlow::Continue(()))
    });
    assert!(content_size <= MAX_UNPACKED);
    if let Err(error) = outcome {
        assert!(matches!(error.kind(), Kind::Protocol(Fault::Malformed | Fault::Unpacked | Fault::Window)), "{error}");
    }
}
