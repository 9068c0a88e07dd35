//! The heap that lists, snapshots and files of images take.
//!
//! A binary of its own, because its allocator counts for the whole process; its tests run one after the other, so that
//! nothing else is counted.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use futures::TryStreamExt as _;
use peak_alloc::PeakAlloc;
use registry_ls::analysis::read_saved_tags;
use registry_ls::layers::{FilePath, ImageFiles, ListOptions};
use registry_ls::name::{Algorithm, Digest, Tag};
use registry_ls::registry::snapshot::{Builder, Form, ManifestFacts, ManifestState, Pointer, TagIndex};
use registry_ls::registry::{Client, Manifest};
use test_support::{Reply, Request, Server};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

const TAGS: usize = 1_000_000;

/// The tags take 22 MB as JSON, and more than that as a list of strings.
const LIMIT: usize = 4 * 1024 * 1024;

/// Held by the test that counts.
static COUNTING: Mutex<()> = Mutex::new(());

/// A snapshot of this many tags, each on a manifest of its own with a config and a layer of its own.
fn of_tags(count: usize) -> TagIndex {
    let mut builder = Builder::default();
    for number in 0..count {
        let (tag, _) = builder.tag(tag(number).parse().expect("a tag"));
        let digest = |part: &str| Digest::of(Algorithm::Sha256, format!("{part} {number}").as_bytes());
        let manifest = builder.manifest(&digest("manifest"));
        let blobs = ["config", "layer"].map(|part| builder.blob(digest(part).as_str(), 1000));
        let mut facts = ManifestFacts::default();
        (facts.size, facts.blobs) = (500, blobs.into());
        builder.set(manifest, ManifestState::Read(facts));
        builder.point(tag, Pointer::At(manifest));
    }
    builder.build()
}

/// A snapshot of one index that lists this many manifests, each of the same blobs.
fn of_children(count: usize) -> TagIndex {
    let mut builder = Builder::default();
    let blob = builder.blob("sha256:00", 1000);
    let children: Box<[_]> =
        (0..count).map(|number| builder.manifest(&Digest::of(Algorithm::Sha256, &number.to_be_bytes()))).collect();
    for child in &children {
        let mut facts = ManifestFacts::default();
        facts.blobs = [blob].into();
        builder.set(*child, ManifestState::Read(facts));
    }
    let index = builder.manifest(&Digest::of(Algorithm::Sha256, b"index"));
    let mut facts = ManifestFacts::default();
    (facts.form, facts.children) = (Form::Index, children);
    builder.set(index, ManifestState::Read(facts));
    let (tag, _) = builder.tag(tag(0).parse().expect("a tag"));
    builder.point(tag, Pointer::At(index));
    builder.build()
}

#[test]
fn a_snapshot_takes_a_few_hundred_bytes_per_tag() {
    const COUNT: usize = 100_000;
    let _counting = COUNTING.lock().unwrap_or_else(PoisonError::into_inner);
    for (make, most) in [(of_tags as fn(usize) -> TagIndex, 400), (of_children, 150)] {
        let before = HEAP.current_usage();
        let index = make(COUNT);
        let each = (HEAP.current_usage() - before) / COUNT;
        assert_eq!(index.tag_count().max(index.manifest_count() - 1), COUNT);
        assert!(each <= most, "{each} bytes each");
    }
}

#[test]
fn a_million_tags_take_as_little_memory_as_a_few() {
    let _counting = COUNTING.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let one_page =
        Server::talking(|stream| async { in_one_page(stream).await.expect("a client that reads all of it") });
    let pages = Server::start(page);
    for server in [one_page, pages] {
        let registry = server.url().parse().expect("a registry");
        let client = Client::new(registry).expect("a client");
        let before = HEAP.current_usage();
        HEAP.reset_peak_usage();
        let (count, last) = runtime.block_on(count(&client));
        let peak = HEAP.peak_usage() - before;
        assert_eq!((count, last), (TAGS, Some(tag(TAGS - 1).parse().expect("a tag"))));
        assert!(peak < LIMIT, "{} KiB at once", peak / 1024);
    }
}

#[test]
fn what_a_snapshot_says_again_and_again_takes_no_memory() {
    const COUNT: usize = 20_000;
    let _counting = COUNTING.lock().unwrap_or_else(PoisonError::into_inner);
    let record = r#"{"registry":"reg","repository":"team/app","tag":"1.0","digest":null}"#;
    let lines = "reg.test/team/app:1.0\t-\n".repeat(COUNT);
    let records = format!("{record}\n").repeat(COUNT);
    let array = format!("[{}]", [record; COUNT].join(","));
    for saved in [lines, records, array] {
        let before = HEAP.current_usage();
        HEAP.reset_peak_usage();
        let tags = read_saved_tags(saved.as_bytes()).expect("a snapshot");
        let peak = HEAP.peak_usage() - before;
        assert_eq!(tags.len(), 1);
        assert!(peak < COUNT, "{peak} bytes for {}…", &saved[..20]);
    }
}

async fn count(client: &Client) -> (usize, Option<Tag>) {
    let tags = client.repository(&"team/app".parse().expect("a repository")).tags();
    let counted = tags.try_fold((0, None), async |(count, _), tag| Ok((count + 1, Some(tag))));
    counted.await.expect("a list")
}

fn tag(number: usize) -> String {
    format!("build-{number:012}")
}

/// `from..to`, separated by commas.
fn listed(from: usize, to: usize) -> String {
    let mut text = String::new();
    for number in from..to {
        let comma = if number == from { "" } else { "," };
        write!(text, "{comma}\"{}\"", tag(number)).expect("memory");
    }
    text
}

/// The list in one reply of unknown length.
async fn in_one_page(mut stream: TcpStream) -> std::io::Result<()> {
    const PIECE: usize = 1000;
    let _ = stream.read(&mut [0; 4096]).await?;
    stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await?;
    let mut chunk = async |text: &str| stream.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes()).await;
    chunk(r#"{"name":"team/app","tags":["#).await?;
    for from in (0..TAGS).step_by(PIECE) {
        let comma = if from == 0 { "" } else { "," };
        chunk(&format!("{comma}{}", listed(from, from + PIECE))).await?;
    }
    chunk("]}").await?;
    chunk("").await
}

/// A page of a thousand tags.
fn page(request: &Request) -> Reply {
    let last = request.query("last");
    let last = last.as_deref().and_then(|last| last.strip_prefix("build-"));
    let from: usize = last.map_or(0, |last| last.parse::<usize>().expect("a number") + 1);
    // The last page is full, so rls requests another one.
    let to = (from + 1000).min(TAGS);
    let reply = Reply::json(format!(r#"{{"name":"team/app","tags":[{}]}}"#, listed(from, to)));
    if to < TAGS { reply.next(&format!("?last={}", tag(to - 1))) } else { reply }
}

/// How many files the layer has: with their headers they take more than the memory that reading them may.
const FILES: usize = 60_000;

/// An archive with many files, and one whose content is large.
fn archive() -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut add = |path: &str, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, path, content).expect("an archive in memory");
    };
    for number in 0..FILES {
        add(&format!("usr/share/number-{number:06}"), b"");
    }
    add("var/large", &vec![0; 16 * 1024 * 1024]);
    builder.into_inner().expect("an archive in memory")
}

/// Sends a layer, however often it is requested.
async fn send_layer(mut stream: TcpStream, layer: Arc<Vec<u8>>) -> std::io::Result<()> {
    while stream.read(&mut [0; 4096]).await? > 0 {
        stream.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", layer.len()).as_bytes()).await?;
        stream.write_all(&layer).await?;
    }
    Ok(())
}

#[test]
fn the_files_of_a_large_layer_take_little_memory() {
    const MOST: usize = 24 * 1024 * 1024;
    let _counting = COUNTING.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let plain = archive();
    let zstd = ruzstd::encoding::compress_to_vec(&plain[..], ruzstd::encoding::CompressionLevel::Fastest);
    for layer in [plain, zstd] {
        let (size, layer) = (layer.len(), Arc::new(layer));
        let digest = Digest::of(Algorithm::Sha256, &layer);
        let server = Server::talking(move |stream| {
            let layer = Arc::clone(&layer);
            // The client closes the connection once it has what it wants.
            async move { drop(send_layer(stream, layer).await) }
        });
        let manifest = format!(
            r#"{{"layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{digest}","size":{size}}}]}}"#
        );
        let manifest = Manifest::read(manifest.into_bytes().into(), None, Algorithm::Sha256, "it").expect("a manifest");
        let client = Client::new(server.url().parse().expect("a registry")).expect("a client");
        let repository = client.repository(&"team/app".parse().expect("a repository"));
        let files = ImageFiles::new(&repository, &manifest.document().expect("an image")).expect("an image");
        let before = HEAP.current_usage();
        HEAP.reset_peak_usage();
        let (listed, read) = runtime.block_on(async {
            let list = files.clone().list(ListOptions::default());
            let listed = list.try_fold(0, |count, batch| async move { Ok(count + batch.len()) }).await;
            let read = files.read(FilePath::new("var/large"));
            (listed, read.try_fold(0, |count, piece| async move { Ok(count + piece.len()) }).await)
        });
        let peak = HEAP.peak_usage() - before;
        // With /usr, /usr/share and /var, which have no entries.
        assert_eq!((listed.expect("a list"), read.expect("a file")), (FILES + 4, 16 * 1024 * 1024));
        assert!(peak < MOST, "{} KiB at once", peak / 1024);
    }
}
