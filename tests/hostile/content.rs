//! What a registry has in its images and artifacts: layers, tables of contents, referrers and configs that are cut off,
//! altered, endless or too large. Every run ends, in little memory, with the right exit code and without a secret.

use std::io::Write as _;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use test_support::{Reply, Request, Rls, Server, Then};

use crate::canary;
use crate::runner::{Canaries as _, Holder, Outcome, program};

const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// The most memory of its own that a run may take, in MiB.
const MEMORY: u64 = 32;

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("in memory");
    encoder.finish().expect("in memory")
}

/// An archive with a small file, and one that does not compress.
fn archive() -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let noise: Vec<u8> = (0..200_000_u64).map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as u8).collect();
    for (path, content) in [("etc/first", &b"first\n"[..]), ("etc/noise", &noise), ("etc/last", b"last\n")] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, content).expect("in memory");
    }
    builder.into_inner().expect("in memory")
}

fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": digest(bytes), "size": bytes.len() })
}

/// A registry with `team/app:1`, behind a login.
struct Hostile {
    server: Server,
}

impl Hostile {
    /// Serves this manifest for every name, and has the script answer everything else.
    fn serving(manifest: Value, mut script: impl FnMut(&Request) -> Reply + Send + 'static) -> Self {
        let media_type = manifest["mediaType"].as_str().expect("a type").to_owned();
        let manifest = manifest.to_string();
        let server = Server::start(move |request| match request.authorization() {
            _ if request.is_for_token() => canary::token(canary::TOKEN),
            None => Reply::wants_token_of("/token"),
            Some(_) if request.path() == "/v2/team/app/manifests/1" => Reply::status(200)
                .header("Content-Type", &media_type)
                .header("Docker-Content-Digest", digest(manifest.as_bytes()))
                .body(manifest.clone()),
            Some(_) => script(request),
        });
        Self { server }
    }

    /// Serves an image with this layer, whose blob the script answers; its config is empty.
    fn layer(layer: Value, mut script: impl FnMut(&Request) -> Reply + Send + 'static) -> Self {
        let blob = format!("/v2/team/app/blobs/{}", layer["digest"].as_str().expect("a digest"));
        let config = descriptor(CONFIG, b"{}");
        let manifest = json!({ "schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": [layer] });
        Self::serving(manifest, move |request| if request.path() == blob { script(request) } else { Reply::json("{}") })
    }

    fn rls(&self, words: &str) -> Rls {
        program().env("RLS_REGISTRY", self.server.url()).holding(Holder::AuthField, &self.server.host()).words(words)
    }

    /// Runs it within the bounds that hold for all of it.
    #[track_caller]
    fn run(&self, words: &str) -> Outcome {
        let outcome = self.rls(words).observe();
        outcome.is_clean();
        assert!(outcome.memory() < MEMORY, "{words}: {} MiB: {outcome}", outcome.memory());
        outcome
    }
}

/// The bytes that a request asks for, as a server that knows ranges sends them.
fn ranged(request: &Request, bytes: &[u8]) -> Reply {
    let range = request.header("range").and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
    let Some((from, to)) = range else { return Reply::status(200).body(bytes) };
    let from: usize = from.parse().unwrap_or(usize::MAX);
    let to = to.parse::<usize>().map_or(bytes.len(), |to| (to + 1).min(bytes.len()));
    if from >= to {
        return Reply::status(416).header("Content-Range", format!("bytes */{}", bytes.len()));
    }
    let stated = format!("bytes {from}-{}/{}", to - 1, bytes.len());
    Reply::status(206).header("Content-Range", stated).body(&bytes[from..to])
}

#[test]
fn a_layer_that_is_cut_off_is_never_taken_for_whole() {
    let bytes: Arc<[u8]> = gzip(&archive()).into();
    let layer = descriptor(LAYER, &bytes);
    let half = bytes.len() / 2;
    type Cut = fn(&[u8], usize) -> Reply;
    let cuts: [(&str, Cut); 4] = [
        ("closed before its end", |bytes, half| {
            Reply::status(200).header("Content-Length", bytes.len().to_string()).body(&bytes[..half]).then(Then::Close)
        }),
        ("reset", |bytes, half| {
            Reply::status(200).header("Content-Length", bytes.len().to_string()).body(&bytes[..half]).then(Then::Reset)
        }),
        ("a smaller length", |bytes, half| Reply::status(200).body(&bytes[..half])),
        ("another status", |_, _| Reply::html(200)),
    ];
    for (what, cut) in cuts {
        let served = Arc::clone(&bytes);
        // It does not know ranges either.
        let registry = Hostile::layer(layer.clone(), move |_| cut(&served, half));
        for words in ["files team/app:1 --retries 1", "cat team/app:1 /etc/last --retries 1"] {
            let outcome = registry.run(words);
            assert!(matches!(outcome.code, Some(5 | 9 | 10)), "{what}, {words}: {outcome}");
            assert!(!outcome.lines().contains(&"/etc/last") && !outcome.lines().contains(&"last"), "{what}: {outcome}");
        }
    }
}

#[test]
fn wrong_ranges_are_noticed() {
    let bytes: Arc<[u8]> = gzip(&archive()).into();
    let layer = descriptor(LAYER, &bytes);
    type Answer = fn(&Request, &[u8]) -> Reply;
    let answers: [(&str, Answer, &[i32]); 4] = [
        (
            "other bytes than requested",
            |_, bytes| {
                let stated = format!("bytes 0-{}/{}", bytes.len() - 1, bytes.len());
                Reply::status(206).header("Content-Range", stated).body(bytes)
            },
            &[5, 10],
        ),
        ("no Content-Range", |_, bytes| Reply::status(206).body(bytes), &[5, 9, 10]),
        ("none is satisfiable", |_, _| Reply::status(416), &[5, 10]),
        ("the right ones", |request, bytes| ranged(request, bytes), &[0]),
    ];
    for (what, answer, codes) in answers {
        let served = Arc::clone(&bytes);
        let mut is_first = true;
        // The first reply breaks off in the middle: what follows is requested as a range.
        let registry = Hostile::layer(layer.clone(), move |request| match std::mem::replace(&mut is_first, false) {
            true => Reply::status(200)
                .header("Content-Length", served.len().to_string())
                .body(&served[..served.len() / 2])
                .then(Then::Close),
            false => answer(request, &served),
        });
        let outcome = registry.run("cat team/app:1 /etc/last --retries 1");
        assert!(codes.contains(&outcome.code.unwrap_or(-1)), "{what}: {outcome}");
        assert_eq!(outcome.stdout == b"last\n", codes == [0], "{what}: {outcome}");
    }
}

#[test]
fn an_endless_layer_ends_at_the_time_limit_or_before() {
    let header = gzip(&archive());
    let layer = descriptor(LAYER, &header);
    let noise: Vec<u8> = (0..1 << 16).map(|n: u32| (n.wrapping_mul(0x9e37_79b9) >> 24) as u8).collect();
    for (what, chunk) in [("zeros", vec![0; 1 << 16]), ("noise", noise)] {
        let begin = header.clone();
        let registry = Hostile::layer(layer.clone(), move |_| Reply::status(200).body(begin.clone()).endless(&chunk));
        let outcome = registry.run("files team/app:1 --timeout 5s --retries 0");
        assert!(matches!(outcome.code, Some(5 | 9 | 12)), "{what}: {outcome}");
    }
    // One that arrives drop by drop.
    let registry = Hostile::layer(layer, |_| {
        Reply::status(200).header("Content-Length", "1000000").then(Then::Drip(b"x".to_vec()))
    });
    let outcome = registry.run("cat team/app:1 /etc/last --timeout 1s");
    assert_eq!((outcome.code, outcome.stdout.as_slice()), (Some(12), &b""[..]), "{outcome}");
}

#[test]
fn a_large_layer_takes_little_memory() {
    // More than a run may hold, and text, which is all that may be printed here.
    const SIZE: usize = 33 << 20;
    let mut builder = tar::Builder::new(Vec::new());
    let content: Vec<u8> = (0..SIZE).map(|n| b'a' + (n % 25) as u8).collect();
    let mut header = tar::Header::new_gnu();
    header.set_size(SIZE as u64);
    header.set_mode(0o644);
    builder.append_data(&mut header, "large", &content[..]).expect("in memory");
    let bytes: Arc<[u8]> = builder.into_inner().expect("in memory").into();
    let layer = descriptor("application/vnd.oci.image.layer.v1.tar", &bytes);
    let served = Arc::clone(&bytes);
    let registry = Hostile::layer(layer, move |request| ranged(request, &served));
    let outcome = registry.run("cat team/app:1 /large --timeout 5m");
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(outcome.stdout == content, "the content is another one");
}

#[test]
fn layers_below_the_answer_are_not_read() {
    let archive = |entries: &[(&str, &str)]| {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, content) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, path, content.as_bytes()).expect("in memory");
        }
        gzip(&builder.into_inner().expect("in memory"))
    };
    // Nothing is sent for the lower layer but zeros, and those without end.
    let lower = json!({ "mediaType": LAYER, "digest": digest(b"lower"), "size": 1 << 30 });
    let upper = archive(&[("etc/first", "first\n"), ("opt/.wh..wh..opq", ""), (".wh.srv", "")]);
    let layers = [lower.clone(), descriptor(LAYER, &upper)];
    let config = descriptor(CONFIG, b"{}");
    let manifest = json!({ "schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": layers });
    let of_lower = format!("/v2/team/app/blobs/{}", digest(b"lower"));
    let of_upper = format!("/v2/team/app/blobs/{}", digest(&upper));
    let path = of_lower.clone();
    let registry = Hostile::serving(manifest, move |request| match request.path() {
        named if named == path => Reply::status(200).endless(&[0; 1 << 16]),
        named if named == of_upper => Reply::status(200).body(upper.clone()),
        _ => Reply::json("{}"),
    });
    for (words, code, stdout) in [
        ("cat team/app:1 /etc/first", 0, "first\n"),
        ("files team/app:1 /etc/first", 0, "/etc/first\n"),
        ("cat team/app:1 /opt/file", 3, ""),
        ("cat team/app:1 /srv", 3, ""),
    ] {
        let outcome = registry.run(words);
        assert_eq!((outcome.code, outcome.stdout.as_slice()), (Some(code), stdout.as_bytes()), "{words}: {outcome}");
    }
    assert_eq!(registry.server.count(|request| request.path() == of_lower), 0);
    // That something else is nowhere is only known at the end of the lower layer.
    let outcome = registry.run("cat team/app:1 /etc/last --timeout 3s --retries 0");
    assert!(matches!(outcome.code, Some(5 | 12)), "{outcome}");
    assert!(registry.server.count(|request| request.path() == of_lower) > 0);
}

#[test]
fn a_table_of_contents_that_lies_is_not_followed() {
    let bytes: Arc<[u8]> = gzip(&archive()).into();
    let last = digest(b"last\n");
    // Each has its own digest in the manifest, as a hostile registry would give it.
    let entry = |offset: u64, end: u64, size: u64, digest: &str| json!({ "type": "reg", "name": "etc/last", "mode": 420, "size": size, "offset": offset, "endOffset": end, "digest": digest });
    let tables = [
        json!({ "version": 1, "entries": [entry(0, u64::MAX, 5, &last)] }),
        json!({ "version": 1, "entries": [entry(u64::MAX - 1, u64::MAX, 5, &last)] }),
        json!({ "version": 1, "entries": [entry(10, 5, 5, &last)] }),
        json!({ "version": 1, "entries": [entry(0, 40, u64::MAX, &last)] }),
        json!({ "version": 1, "entries": [entry(0, 40, 5, &last)] }),
        json!({ "version": 1, "entries": vec![entry(0, 40, 5, "sha256:00"); 1000] }),
        json!({ "version": 1, "entries": "no list" }),
        json!([]),
    ];
    for table in tables {
        let table = table.to_string().into_bytes();
        let stored: Arc<[u8]> = [&bytes, &table[..]].concat().into();
        let mut layer = descriptor(LAYER, &stored);
        let position = format!("{}:{}:{}:1", bytes.len(), table.len(), table.len());
        layer["annotations"] = json!({
            "io.github.containers.zstd-chunked.manifest-position": position,
            "io.github.containers.zstd-chunked.manifest-checksum": digest(&table),
        });
        let served = Arc::clone(&stored);
        let registry = Hostile::layer(layer, move |request| ranged(request, &served));
        for words in ["cat team/app:1 /etc/last --retries 0", "files team/app:1 --retries 0"] {
            let outcome = registry.run(words);
            let what = String::from_utf8_lossy(&table[..table.len().min(200)]).into_owned();
            // Bytes are printed as they arrive: those that are not what the digest says end in an error.
            let is_read = words.starts_with("cat") && outcome.code == Some(0);
            assert!(!is_read || outcome.stdout == b"last\n", "{what}: {outcome}");
            assert!(matches!(outcome.code, Some(0 | 3 | 5 | 9)), "{words}, {what}: {outcome}");
        }
    }
}

/// A manifest to which things refer.
fn subject() -> Value {
    let config = descriptor(CONFIG, b"{}");
    json!({ "schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": [] })
}

fn page(count: usize, from: usize) -> Reply {
    let listed: Vec<_> = (from..from + count)
        .map(|number| json!({ "mediaType": IMAGE, "digest": digest(&number.to_be_bytes()), "size": 2 }))
        .collect();
    let page = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": listed });
    Reply::status(200).header("Content-Type", INDEX).body(page.to_string())
}

/// The reply to the request of this number.
type Numbered = fn(usize) -> Reply;

#[test]
fn lists_of_referrers_without_end_are_refused() {
    let refused: [(&str, Numbered); 4] = [
        ("pages without end", |at| page(1, at).next(&format!("?page={at}"))),
        ("the same page", |_| page(1, 0).next("?page=1")),
        ("more than fit", |at| page(2000, at * 2000).next(&format!("?page={at}"))),
        ("a page without end", |_| {
            let begin = format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":["#);
            Reply::status(200).header("Content-Type", INDEX).body(begin).endless(&[b' '; 1 << 16])
        }),
    ];
    for (what, reply) in refused {
        let mut count = 0;
        let registry = Hostile::serving(subject(), move |request| {
            if !request.path().starts_with("/v2/team/app/referrers/") {
                return Reply::error(404, "MANIFEST_UNKNOWN");
            }
            count += 1;
            reply(count)
        });
        let outcome = registry.run("referrers team/app:1 --timeout 60s");
        assert!(matches!(outcome.code, Some(5 | 6)), "{what}: {outcome}");
        assert!(registry.server.requests().len() < 20_000, "{what}");
    }
}

#[test]
fn referrers_that_refer_to_each_other_end() {
    // Each of the two refers to the other.
    let manifest = subject();
    let [one, two] = [format!("{manifest} "), format!("{manifest}  ")];
    let listed = [digest(one.as_bytes()), digest(two.as_bytes())];
    let bodies = [one, two];
    let registry = Hostile::serving(subject(), move |request| {
        let path = request.path().to_owned();
        if path.starts_with("/v2/team/app/referrers/") {
            let list: Vec<_> =
                listed.iter().map(|digest| json!({ "mediaType": IMAGE, "digest": digest, "size": 2 })).collect();
            let page = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": list });
            return Reply::status(200).header("Content-Type", INDEX).body(page.to_string());
        }
        let named = listed.iter().position(|digest| path.ends_with(digest.as_str()));
        named.map_or_else(
            || Reply::error(404, "MANIFEST_UNKNOWN"),
            |at| Reply::status(200).header("Content-Type", IMAGE).body(bodies[at].clone()),
        )
    });
    let outcome = registry.run("referrers team/app:1 -o jsonl");
    assert_eq!((outcome.code, outcome.lines().len()), (Some(0), 2), "{outcome}");
}

#[test]
fn configs_of_charts_are_bounded() {
    const CHART: &str = "application/vnd.cncf.helm.config.v1+json";
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    let long = json!({ "version": "1".repeat(100_000), "appVersion": "\u{1b}[2J" }).to_string().into_bytes();
    for (what, config) in [("deep", deep), ("long", long), ("no JSON", b"\0\0".to_vec())] {
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": IMAGE,
            "config": descriptor(CHART, &config),
            "layers": [],
        });
        let registry = Hostile::serving(manifest, move |request| match request.path() {
            "/v2/team/app/tags/list" => Reply::tags(&["1"]),
            _ => Reply::status(200).body(config.clone()),
        });
        let outcome = registry.run("tags team/app -l -o jsonl");
        let record: Value = serde_json::from_slice(&outcome.stdout).unwrap_or_else(|_| panic!("{what}: {outcome}"));
        assert_eq!((&record["type"], &record["version"]), (&json!("chart"), &Value::Null), "{what}: {outcome}");
    }
    // One that does not end.
    let manifest = json!({ "schemaVersion": 2, "mediaType": IMAGE, "config": descriptor(CHART, b"{}"), "layers": [] });
    let registry = Hostile::serving(manifest, |request| match request.path() {
        "/v2/team/app/tags/list" => Reply::tags(&["1"]),
        _ => Reply::status(200).endless(&[b' '; 1 << 16]),
    });
    let outcome = registry.run("tags team/app -l -o jsonl --timeout 60s");
    assert_eq!(outcome.code, Some(5), "{outcome}");
}
