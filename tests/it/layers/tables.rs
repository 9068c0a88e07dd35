//! Layers with a table of contents: zstd:chunked and eStargz.

use registry_fixture::{Answer, Digest, Fault, Match};
use serde_json::{Value, json};

use super::{Tar, gzip, zstd};
use crate::custom_manifests::{App, LAYER, with};

/// The digest of a text.
fn digest(bytes: &[u8]) -> String {
    Digest::sha256(bytes).as_str().to_owned()
}

/// A header of an archive, and the zeros after a content.
fn parts(path: &str, content: &str) -> (Vec<u8>, Vec<u8>) {
    let whole = Tar::new().file(path, content).bytes();
    let padded = content.len().next_multiple_of(512);
    (whole[..512].to_vec(), whole[512 + content.len()..512 + padded].to_vec())
}

/// Files in the order of the layer.
const FILES: [(&str, &str); 3] = [("etc/one", "first"), ("etc/two", "second content"), ("etc/.wh.gone", "")];

/// A zstd:chunked layer, with its annotations.
fn chunked(app: &App) -> Value {
    chunked_with(app, &json!({}))
}

/// The same, with other members of the entries of its files.
fn chunked_with(app: &App, members: &Value) -> Value {
    let (mut blob, mut entries) = (Vec::new(), vec![json!({ "type": "dir", "name": "etc/", "mode": 0o755 })]);
    for (path, content) in FILES {
        let (header, padding) = parts(path, content);
        blob.extend(zstd(&header));
        let start = blob.len();
        blob.extend(zstd(content.as_bytes()));
        let end = blob.len();
        blob.extend(zstd(&padding));
        let mut entry = json!({ "type": "reg", "name": path, "mode": 0o640, "uid": 7, "gid": 8, "size": content.len(),
            "modtime": "2024-01-02T03:04:05Z" });
        if !content.is_empty() {
            let more = json!({ "offset": start, "endOffset": end, "digest": digest(content.as_bytes()) });
            entry = with(with(entry, more), members.clone());
        }
        entries.push(entry);
    }
    blob.extend(zstd(&[0; 1024]));
    let json = json!({ "version": 1, "entries": entries }).to_string();
    let table = zstd(json.as_bytes());
    let mut skippable = vec![0x50, 0x2a, 0x4d, 0x18];
    skippable.extend((table.len() as u32).to_le_bytes());
    let start = blob.len() + skippable.len();
    blob.extend(skippable);
    blob.extend(&table);
    let annotations = json!({
        "io.github.containers.zstd-chunked.manifest-position": format!("{start}:{}:{}:1", table.len(), json.len()),
        "io.github.containers.zstd-chunked.manifest-checksum": digest(&table),
    });
    with(app.blob(LAYER, blob), json!({ "annotations": annotations }))
}

/// An eStargz layer, with its annotation.
fn estargz(app: &App) -> Value {
    let (mut blob, mut entries) = (Vec::new(), vec![json!({ "type": "dir", "name": "etc/", "mode": 0o755 })]);
    for (path, content) in FILES {
        let (header, padding) = parts(path, content);
        blob.extend(gzip(&header));
        let start = blob.len();
        blob.extend(gzip(content.as_bytes()));
        blob.extend(gzip(&padding));
        let mut entry = json!({ "type": "reg", "name": path, "mode": 0o640, "uid": 7, "gid": 8, "size": content.len(),
            "modtime": "2024-01-02T03:04:05Z" });
        if !content.is_empty() {
            entry = with(
                entry,
                json!({ "offset": start, "digest": digest(content.as_bytes()), "chunkDigest": digest(content.as_bytes()) }),
            );
        }
        entries.push(entry);
    }
    let json = json!({ "version": 1, "entries": entries }).to_string();
    let start = blob.len();
    blob.extend(gzip(&Tar::new().file("stargz.index.json", &json).bytes()));
    blob.extend([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 26, 0, b'S', b'G', 22, 0]);
    blob.extend(format!("{start:016x}STARGZ").bytes());
    blob.extend([1, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
    let annotations = json!({ "containerd.io/snapshot/stargz/toc.digest": digest(json.as_bytes()) });
    with(app.blob(LAYER, blob), json!({ "annotations": annotations }))
}

/// The `Range` headers of the requests for a layer since the last call.
fn ranges(app: &App, layer: &Value) -> Vec<Option<String>> {
    let digest = layer["digest"].as_str().expect("a digest");
    let requests = app.0.requests().into_iter().filter(|request| request.path.ends_with(digest));
    let ranges = requests.map(|request| request.header("range").map(str::to_owned)).collect();
    app.0.clear_requests();
    ranges
}

/// A lower layer with a file that the upper one removes, and the upper one.
fn stacked(upper: fn(&App) -> Value) -> (App, Value) {
    let app = App::new();
    let lower =
        app.blob(LAYER, gzip(&Tar::new().file("etc/gone", "x").file("etc/one", "old").file("lib/x", "x").bytes()));
    let upper = upper(&app);
    app.stack("1", &[lower, upper.clone()]);
    app.0.clear_requests();
    (app, upper)
}

#[test]
fn files_are_listed_by_one_range() {
    for (name, make) in [("chunked", chunked as fn(&App) -> Value), ("estargz", estargz)] {
        let (app, layer) = stacked(make);
        let listed = app.rls("files app:1 -l").succeeds();
        assert!(listed.contains("-rw-r-----\t7:8\t14\t2024-01-02T03:04:05Z\t/etc/two\n"), "{name}: {listed}");
        assert_eq!(&*app.rls("files app:1").succeeds(), "/etc\n/etc/one\n/etc/two\n/lib\n/lib/x\n", "{name}");
        let ranges = ranges(&app, &layer);
        assert!(ranges.len() == 2 && ranges.iter().all(Option::is_some), "{name}: {ranges:?}");
    }
}

#[test]
fn a_file_is_read_by_a_range_of_its_own() {
    for (name, make) in [("chunked", chunked as fn(&App) -> Value), ("estargz", estargz)] {
        let (app, layer) = stacked(make);
        assert_eq!(&*app.rls("cat app:1 etc/one").succeeds(), "first", "{name}");
        assert_eq!(&*app.rls("cat app:1 etc/two").succeeds(), "second content", "{name}");
        assert_eq!(app.rls("cat app:1 etc/gone").run().code, Some(3), "{name}");
        let ranges = ranges(&app, &layer);
        assert!(ranges.len() == 5 && ranges.iter().all(Option::is_some), "{name}: {ranges:?}");
        assert_eq!(&*app.rls("cat app:1 lib/x").succeeds(), "x", "{name}");
    }
}

#[test]
fn without_ranges_the_layer_is_read() {
    for (name, make) in [("chunked", chunked as fn(&App) -> Value), ("estargz", estargz)] {
        let (app, layer) = stacked(make);
        let digest = layer["digest"].as_str().expect("a digest").to_owned();
        let whole = app.0.blob("app", &Digest::parse(&digest).expect("a digest")).expect("the blob");
        app.0.inject(Match::get(format!("/v2/app/blobs/{digest}")).always(), Answer::new(200).body(whole));
        assert_eq!(&*app.rls("cat app:1 etc/two").succeeds(), "second content", "{name}");
        let listed = app.rls("files app:1").succeeds();
        assert!(listed.starts_with("/etc\n/etc/one\n/etc/two\n/lib\n/lib/x\n"), "{name}: {listed}");
    }
}

#[test]
fn a_table_with_another_digest_is_not_used() {
    for (name, make) in [("chunked", chunked as fn(&App) -> Value), ("estargz", estargz)] {
        let (app, mut layer) = stacked(make);
        for annotation in layer["annotations"].as_object_mut().expect("annotations").values_mut() {
            if annotation.as_str().is_some_and(|text| text.starts_with("sha256:")) {
                *annotation = digest(b"another").into();
            }
        }
        app.stack("2", &[layer]);
        let run = app.rls("files app:2").run();
        assert_eq!(run.code, Some(0), "{name}: {run}");
        assert!(run.stdout.contains("/etc/two\n"), "{name}: {run}");
        assert!(run.stderr.contains("the table of contents of layer sha256:"), "{name}: {run}");
    }
}

#[test]
fn a_part_that_the_layer_does_not_have_is_not_asked_for() {
    let end = u64::MAX;
    for place in [json!({ "offset": 1 << 20, "endOffset": 2 << 20 }), json!({ "offset": end - 1, "endOffset": end })] {
        let app = App::new();
        let layer = chunked_with(&app, &place);
        app.stack("1", std::slice::from_ref(&layer));
        app.0.clear_requests();
        assert_eq!(&*app.rls("cat app:1 etc/two").succeeds(), "second content", "{place}");
        let ranges = ranges(&app, &layer);
        assert!(matches!(&ranges[..], [Some(_), None]), "the table, and the layer: {ranges:?}");
    }
}

#[test]
fn content_that_does_not_match_the_table_is_an_error() {
    let (app, layer) = stacked(chunked);
    assert_eq!(&*app.rls("cat app:1 etc/two").succeeds(), "second content");
    let [_, Some(range)] = &ranges(&app, &layer)[..] else { panic!("the table and the file") };
    let (digest, range) = (layer["digest"].as_str().expect("a digest"), range.clone());
    // The table is as it was: only the file differs.
    let file = Match::get(format!("/v2/app/blobs/{digest}"));
    let file = file.when(move |request| request.header("range") == Some(&range)).always();
    app.0.inject(file, Fault::ReplaceBody(zstd(b"Second content").into()));
    let run = app.rls("cat app:1 etc/two").run();
    assert_eq!(run.code, Some(9), "{run}");
}
