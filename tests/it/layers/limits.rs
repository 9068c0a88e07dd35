//! Layers that unpack to more than their size suggests.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use insta::assert_snapshot;
use tar::Header;

use super::{Tar, gzip};
use crate::custom_manifests::App;

/// What a run may use: address space, which is more than memory. The program itself takes most of it.
const ADDRESS_SPACE: u32 = 160;

/// A gzipped archive with a file of zeros.
fn bomb(size: u64) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.set_path("zeros").expect("a short path");
    header.set_size(size);
    header.set_cksum();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(header.as_bytes()).expect("in memory");
    let zeros = vec![0; 1 << 20];
    for _ in 0..size >> 20 {
        encoder.write_all(&zeros).expect("in memory");
    }
    encoder.finish().expect("in memory")
}

#[test]
fn a_bomb_is_refused_and_the_limit_can_be_raised() {
    let app = App::new();
    app.layers("1", &[bomb(64 << 20)]);
    let run = app.rls("files app:1 --max-unpacked 50MiB").within(ADDRESS_SPACE).run();
    assert_snapshot!(run, @"
    exit 5
    --- stderr
    error: cannot read app:1
    cause: cannot read layer sha256:dd053f19f81eb4f581cd279cb951f852baf0372526bfa32c97072758cdeaac52
    cause: the layer unpacks to too much
    cause: its first 51018 bytes unpack to more than 52428800 bytes
    hint:  if the image is trusted, use --max-unpacked SIZE to allow more
    ");
    assert_eq!(&*app.rls("files app:1 --max-unpacked 65MiB").within(ADDRESS_SPACE).succeeds(), "/zeros\n");
    // It unpacks to less than what is always allowed.
    assert_eq!(&*app.rls("files app:1").within(ADDRESS_SPACE).succeeds(), "/zeros\n");
}

#[test]
fn a_large_window_is_refused_and_the_limit_can_be_raised() {
    let app = App::new();
    // A frame with a window of 128 MiB, and one raw block of one byte.
    let frame = [&[0x28, 0xb5, 0x2f, 0xfd, 0x00, 17 << 3][..], &[0x09, 0, 0, b'x']].concat();
    app.layers("1", &[frame]);
    assert_snapshot!(app.rls("files app:1").within(ADDRESS_SPACE).run(), @"
    exit 5
    --- stderr
    error: cannot read app:1
    cause: cannot read layer sha256:2532fe4aee5fda72a0b862bdd1c974080278d36c163c9f36d9938f43d452b44c
    cause: the layer needs too much memory
    cause: a zstd frame needs a window of 134217728 bytes, the limit is 8388608
    hint:  use --max-window SIZE to allow more, which takes as much memory
    ");
    // The window is not allocated before it is filled: what follows is no archive.
    assert_eq!(app.rls("files app:1 --max-window 200MiB").run().code, Some(5));
    assert_snapshot!(app.rls("files app:1 --max-window 1.5M").run(), @"
    exit 2
    --- stderr
    error: invalid value '1.5M' for --max-window
    cause: expected a number of bytes, or one with its unit, such as 512M or 20GiB
    ");
}

#[test]
fn an_endless_name_is_refused() {
    let app = App::new();
    let mut header = Header::new_gnu();
    header.set_path("././@LongLink").expect("a short path");
    header.set_entry_type(tar::EntryType::GNULongName);
    header.set_size(1 << 40);
    header.set_cksum();
    app.layers("1", &[gzip(&[&header.as_bytes()[..], &vec![b'a'; 1 << 20]].concat())]);
    assert_snapshot!(app.rls("files app:1").within(ADDRESS_SPACE).run(), @"
    exit 5
    --- stderr
    error: cannot read app:1
    cause: cannot read layer sha256:e45adec5b90044498f614a1da91f29d89b3e68d7fb9a01f1a65eafe416466bf5
    cause: the layer cannot be read
    cause: an extended header has 1099511627776 bytes
    ");
}

#[test]
fn many_files_take_little_memory() {
    const COUNT: usize = 20_000;
    let app = App::new();
    let mut tar = Tar::new();
    let above = "usr/share/a/rather/long/path/to/a/file".split('/').count();
    for number in 0..COUNT {
        tar = tar.file(&format!("usr/share/a/rather/long/path/to/a/file/number-{number:06}"), "");
    }
    app.layers("1", &[tar.bytes()]);
    let listed = app.rls("files app:1 --sort none").within(ADDRESS_SPACE).succeeds();
    assert_eq!(listed.lines().count(), COUNT + above);
    let listed = app.rls("files app:1").within(ADDRESS_SPACE).succeeds();
    assert_eq!(listed.lines().count(), COUNT + above);
}
