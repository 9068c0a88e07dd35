//! What `rls cat` prints, and what it reads for that.

use insta::assert_snapshot;
use registry_fixture::{Digest, Fault, Match};
use serde_json::json;
use test_support::Rls;
use test_support::terminal::Screen;

use super::{Tar, gzip, zstd};
use crate::custom_manifests::{App, LAYER};

/// What a successful run prints, which need not be text.
fn printed(rls: &Rls) -> Vec<u8> {
    let output = rls.command().output().expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn exact_bytes_are_printed() {
    let app = App::new();
    let content: Vec<u8> = (0..=255).cycle().take(200_000).collect();
    app.layers("1", &[gzip(&Tar::new().file("data", &content).bytes())]);
    assert!(printed(&app.rls("cat app:1 /data")) == content);
    assert!(printed(&app.rls("cat app:1 ./x/../data")) == content);
    app.layers("2", &[zstd(&Tar::new().file("data", &content).bytes())]);
    assert!(printed(&app.rls("cat app:2 data")) == content);
}

#[test]
fn the_topmost_layer_that_has_it_decides() {
    let app = App::new();
    let lower = gzip(&Tar::new().file("a", "old").file("b", "old").file("c/d", "old").file("e", "only").bytes());
    let middle = gzip(&Tar::new().file("a", "new").file(".wh.b", "").folder("c/").file("c/.wh..wh..opq", "").bytes());
    let top = gzip(&Tar::new().file("unrelated", "x").bytes());
    let layers = app.layers("1", &[lower, middle, top]);
    assert_eq!(&*app.rls("cat app:1 a").succeeds(), "new");
    assert_snapshot!(app.rls("cat app:1 b").run(), @"
    exit 3
    --- stderr
    error: /b not found in app:1
    hint:  run 'rls files http://REGISTRY/app:1' to list its files
    ");
    assert_eq!(app.rls("cat app:1 c/d").run().code, Some(3));
    assert_eq!([0, 1, 2].map(|at| app.reads(&layers[at])), [0, 3, 3]);
    assert_eq!(&*app.rls("cat app:1 e").succeeds(), "only");
    assert_eq!(app.reads(&layers[0]), 1);
}

#[test]
fn links_are_followed_within_the_image() {
    let app = App::new();
    let lower = Tar::new()
        .symlink("bin", "usr/bin")
        .file("usr/bin/busybox", "busybox")
        .symlink("usr/bin/sh", "/bin/busybox")
        .hardlink("usr/bin/ls", "usr/bin/busybox")
        .symlink("out", "../../../../etc/hostname")
        .file("etc/hostname", "inside")
        .symlink("a", "b")
        .symlink("b", "a")
        .symlink("gone", "nowhere");
    let upper = Tar::new().file("unrelated", "x");
    let layers = app.layers("1", &[gzip(&lower.bytes()), gzip(&upper.bytes())]);
    for path in ["usr/bin/busybox", "bin/busybox", "bin/sh", "bin/ls", "usr/bin/sh"] {
        assert_eq!(&*app.rls("cat app:1").arg(path).succeeds(), "busybox", "{path}");
    }
    assert_eq!(&*app.rls("cat app:1 out").succeeds(), "inside");
    assert_snapshot!(app.rls("cat app:1 a").run(), @"
    exit 2
    --- stderr
    error: cannot read /a
    cause: too many levels of symbolic links
    ");
    assert_snapshot!(app.rls("cat app:1 gone").run(), @"
    exit 3
    --- stderr
    error: /gone not found in app:1
    cause: its links lead to /nowhere
    hint:  run 'rls files http://REGISTRY/app:1' to list its files
    ");
    let before = app.reads(&layers[1]);
    // The layer that says nothing about the path is read once, however many links there are.
    assert_eq!(&*app.rls("cat app:1 bin/sh").succeeds(), "busybox");
    assert_eq!(app.reads(&layers[1]), before + 1);
}

#[test]
fn a_circle_of_links_is_followed_once() {
    let app = App::new();
    let links = Tar::new().symlink("a", "b").symlink("b", "a").hardlink("c", "d").hardlink("d", "c").symlink("e", "e");
    let layer = app.layers("1", &[gzip(&links.bytes())]).remove(0);
    for (path, links) in [("a", 2), ("c", 2), ("e", 1)] {
        let before = app.reads(&layer);
        let run = app.rls("cat app:1").arg(path).run();
        assert!(run.code == Some(2) && run.stderr.contains("too many levels of symbolic links"), "{path}: {run}");
        assert_eq!(app.reads(&layer), before + links, "{path}");
    }
}

#[test]
fn a_path_that_is_not_a_file_is_reported() {
    let app = App::new();
    let layer = Tar::new().folder("etc/").file("usr/bin/x", "x").add(tar::EntryType::Fifo, "pipe", 0o600, "", b"");
    app.layers("1", &[gzip(&layer.bytes())]);
    assert_snapshot!(app.rls("cat app:1 /etc").run(), @"
    exit 2
    --- stderr
    error: cannot read /etc
    cause: it is a directory
    ");
    assert_snapshot!(app.rls("cat app:1 /usr/bin").run(), @"
    exit 2
    --- stderr
    error: cannot read /usr/bin
    cause: it is a directory
    ");
    assert_snapshot!(app.rls("cat app:1 /pipe").run(), @"
    exit 2
    --- stderr
    error: cannot read /pipe
    cause: it is not a regular file
    ");
    assert_snapshot!(app.rls("cat app:1 /").run(), @"
    exit 2
    --- stderr
    error: cannot read /
    cause: it is a directory
    ");
    assert_eq!(app.rls("cat app:1 /usr/bin/x/y").run().code, Some(3));
}

#[test]
fn binary_files_are_not_printed_on_a_terminal() {
    let app = App::new();
    let layer = Tar::new().file("text", "\x1b[1mbold\x1b[0m\n").file("binary", "\x7fELF\0\0\x1b[2J");
    app.layers("1", &[gzip(&layer.bytes())]);
    let (code, shown) = Screen::of(app.rls("cat app:1 /text")).end();
    assert_eq!((code, shown.contains("\x1b[1mbold")), (Some(0), true), "{shown}");
    let (code, shown) = Screen::of(app.rls("cat app:1 /binary")).end();
    assert_eq!((code, shown.contains("ELF")), (Some(2), false), "{shown}");
    assert!(shown.contains("--binary"), "{shown}");
    let (code, shown) = Screen::of(app.rls("cat app:1 /binary --binary")).end();
    assert_eq!((code, shown.contains("ELF")), (Some(0), true), "{shown}");
}

#[test]
fn altered_layers_are_detected_if_read_to_the_end() {
    let app = App::new();
    let good = gzip(&Tar::new().file("a", "good").file("z", vec![b'z'; 300_000]).bytes());
    let bad = gzip(&Tar::new().file("a", "evil").file("z", vec![b'z'; 300_000]).bytes());
    assert_eq!(good.len(), bad.len());
    let layers = app.layers("1", &[good]);
    let path = format!("/v2/app/blobs/{}", layers[0]["digest"].as_str().expect("a digest"));
    app.0.inject(Match::get(path).always(), Fault::ReplaceBody(bad.into()));
    assert_snapshot!(app.rls("files app:1").run(), @"
    exit 9
    --- stderr
    error: cannot read app:1
    cause: what the registry sent does not match blob sha256:25782f5d3926aca1951f51f474d9a786a59c499441e6176cca3f0e6ecaf35d95 of app
    cause: its 3031 bytes have the digest sha256:79560a77a9d4bf64d7a183a4c3959fe7b1d2cfb4ae64bf8e55414bf44896ad90
    hint:  a proxy or the registry altered the data; do not use what was printed
    ");
    assert_eq!(app.rls("cat app:1 a --verify").run().code, Some(9));
}

#[test]
fn no_more_is_read_than_is_needed() {
    let app = App::new();
    let large: Vec<u8> =
        (0..4_000_000_u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
    let lower = gzip(&Tar::new().file("var/large", &large).bytes());
    let upper = gzip(&Tar::new().file("etc/motd", "hello").file("srv/large", &large).bytes());
    let layers = app.layers("1", &[lower, upper]);
    let outcome = app.rls("cat app:1 /etc/motd --stats").run();
    assert_eq!(outcome.result(), (Some(0), "hello"), "{outcome}");
    assert_eq!([app.reads(&layers[0]), app.reads(&layers[1])], [0, 1]);
    // Some pieces are on their way while the file is found.
    let read = outcome.stderr.split(", ").find_map(|part| part.strip_suffix(" bytes")?.parse::<usize>().ok());
    assert!(read.is_some_and(|read| read < 2_000_000), "{outcome}");
}

#[test]
fn a_connection_that_breaks_is_continued() {
    let app = App::new();
    let content: Vec<u8> =
        (0..400_000_u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
    let layers = app.layers("1", &[gzip(&Tar::new().file("data", &content).bytes())]);
    let path = format!("/v2/app/blobs/{}", layers[0]["digest"].as_str().expect("a digest"));
    app.0.inject(Match::get(path.clone()).times(2), Fault::TruncateBody(100_000));
    assert!(printed(&app.rls("cat app:1 data --verify")) == content);
    let ranges: Vec<_> = app
        .0
        .requests()
        .into_iter()
        .filter(|request| request.path == path)
        .map(|request| request.header("range").map(str::to_owned))
        .collect();
    assert_eq!(ranges.len(), 3, "{ranges:?}");
    assert!(ranges[0].is_none() && ranges[1].is_some(), "{ranges:?}");
}

#[test]
fn an_archive_may_end_within_its_last_block() {
    let app = App::new();
    let whole = Tar::new().file("first", "1").file("last", "2").bytes();
    let end = 3 * 512 + 1;
    app.layers("1", &[gzip(&whole[..end])]);
    assert_eq!(&*app.rls("files app:1").succeeds(), "/first\n/last\n");
    app.layers("2", &[gzip(&whole[..end - 1])]);
    let run = app.rls("files app:2").run();
    assert!(run.code == Some(5) && run.stderr.contains("it ends too early"), "{run}");
}

#[test]
fn layers_that_cannot_be_had_are_named() {
    let app = App::new();
    let upper = app.blob(LAYER, gzip(&Tar::new().file("upper", "x").bytes()));
    let encrypted = app.blob(&format!("{LAYER}+encrypted"), "secret");
    let foreign = json!({ "mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "size": 9,
        "digest": Digest::sha256(b"elsewhere").as_str(), "urls": ["https://example.test/layer"] });
    app.stack("1", &[encrypted, upper.clone()]);
    app.stack("2", &[foreign, upper]);
    for tag in ["1", "2"] {
        assert_eq!(&*app.rls(&format!("cat app:{tag} upper")).succeeds(), "x");
    }
    assert_snapshot!(app.rls("cat app:1 lower").run(), @"
    exit 5
    --- stderr
    error: cannot read app:1
    cause: cannot read layer sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b
    cause: it is encrypted
    ");
    assert_snapshot!(app.rls("cat app:2 lower").run(), @"
    exit 3
    --- stderr
    error: cannot read app:2
    cause: blob sha256:7b1b763ee8f62eb88e4742a760f912d0b19bcd58b2b948999784bacc15a7f4d7 of app not found on http://REGISTRY
    cause: 404 Not Found: BLOB_UNKNOWN: blob unknown to registry: sha256:7b1b763ee8f62eb88e4742a760f912d0b19bcd58b2b948999784bacc15a7f4d7
    cause: it is a foreign layer, which registries need not have
    ");
}

#[test]
fn a_layer_that_is_not_an_archive_is_reported() {
    let app = App::new();
    let layer = app.layers("1", &[b"no archive at all, but long enough to be taken for a header".repeat(20)]);
    assert_eq!(layer.len(), 1);
    assert_snapshot!(app.rls("files app:1").run(), @"
    exit 5
    --- stderr
    error: cannot read app:1
    cause: cannot read layer sha256:8aff6269014abf1d6fb91c2b52878f1e4a793e260d35da777abe55c51a9eb07d
    cause: the layer cannot be read
    cause: it is not a tar archive, or damaged: the checksum of a header is wrong
    ");
    app.layers("2", &[b"BZh91AY&SY".to_vec()]);
    assert_snapshot!(app.rls("cat app:2 x").run(), @"
    exit 5
    --- stderr
    error: cannot read app:2
    cause: cannot read layer sha256:7328185498b385d3ffaec2376c1fa07f8450f57c80d29f771df3383a6342d429
    cause: the layer cannot be read
    cause: it is compressed with bzip2; gzip and zstd are supported
    ");
    let cut = gzip(&Tar::new().file("data", vec![1; 100_000]).bytes());
    app.layers("3", &[cut[..cut.len() / 2].to_vec()]);
    assert_snapshot!(app.rls("files app:3").run(), @"
    exit 5
    --- stderr
    error: cannot read app:3
    cause: cannot read layer sha256:5b5ceb597731a029e337ed8461a66f3daf6c86da570842d9f7051f0d0b1e606a
    cause: the layer cannot be read
    cause: it ends too early
    ");
}
