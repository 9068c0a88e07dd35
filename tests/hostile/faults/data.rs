//! Replies that are too large, malformed, untrue, or that try to write to the terminal.

use sha2::{Digest as _, Sha256};
use test_support::{Reply, Request, Server, Then};

use super::network::{list, once};
use super::scenario::{Scenario, Setup};
use crate::canary;
use crate::runner::{Outcome, Verbosity};

/// Clears the screen, writes from right to left, and hides.
const HOSTILE: &str = "a\x1b[2J\u{202e}b\u{200b}\u{9b}31m\r\nc\td";

const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";

/// Endless bytes in chunks of this size.
fn endless(piece: usize) -> Reply {
    Reply::status(200).endless(&vec![b' '; piece])
}

fn list_of(body: impl Into<Vec<u8>>) -> Reply {
    Reply::status(200).body(body)
}

/// `rls manifest team/app:v1`, of which this is the reply.
fn manifest(setup: &Setup, reply: Reply) -> Scenario {
    let server = Server::start(setup.guarded(move |_| reply.clone()));
    Scenario::new(setup.rls(&server).words("manifest team/app:v1")).keeping(server)
}

fn digest_of(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

fn within_memory(setup: &Setup, scenario: Scenario) -> Scenario {
    let most = setup.expected("rss_mib_max");
    scenario.check(move |outcome| assert!(outcome.memory() < most, "{} MiB: {outcome}", outcome.memory()))
}

fn is_empty(outcome: &Outcome) {
    assert_eq!(outcome.stdout, b"", "{outcome}");
}

pub fn scenarios(setup: &Setup) -> Vec<Scenario> {
    match setup.case.id.as_str() {
        "fault-053" => {
            let announced =
                Reply::status(200).header("Content-Length", "10000000000").then(Then::Repeat(vec![b' '; 1 << 16]));
            let (name, reply) = match setup.verbosity {
                Verbosity::Usual | Verbosity::Quiet | Verbosity::Headers => ("endless", endless(1 << 16)),
                Verbosity::Requests | Verbosity::Log => ("announced", announced),
            };
            vec![within_memory(setup, once(setup, reply).named(name))]
        }
        "fault-054" => vec![manifest(setup, endless(1 << 16))],
        "fault-055" => vec![setup.tags(|_| Reply::status(400).endless(&[b' '; 1 << 16]))],
        "fault-056" => vec![token(setup, endless(1 << 16))],
        "fault-057" => {
            let refused = ["br", "deflate", "zstd", "x-unknown"]
                .map(|encoding| once(setup, list().header("Content-Encoding", encoding)).named(encoding));
            let bomb =
                || Reply::status(200).header("Content-Encoding", "gzip").body(GZIP_HEAD).then(Then::Repeat(blanks()));
            let bombs = [manifest(setup, bomb()).named("manifest bomb"), token(setup, bomb()).named("token bomb")];
            refused.into_iter().chain(bombs).map(|scenario| within_memory(setup, scenario)).collect()
        }
        "fault-058" => vec![once(setup, list_of(b"{\"tags\":[\"a\xff\"]}")).check(is_empty)],
        "fault-059" => {
            let deep = [br#"{"x":"#, "[".repeat(5_000_000).as_bytes()].concat();
            let bodies = [
                ("duplicate keys", br#"{"tags":[],"tags":["a"]}"#.to_vec()),
                ("trailing data", br#"{"tags":[]}{}"#.to_vec()),
                ("nesting", deep),
                ("lone surrogate", br#"{"tags":["\ud800"]}"#.to_vec()),
            ];
            bodies.map(|(name, body)| once(setup, list_of(body)).named(name).check(is_empty)).into()
        }
        "fault-060" => escapes(setup),
        // A million once in each way; where the log is looked at for secrets, fewer do.
        "fault-061" => match setup.verbosity {
            Verbosity::Usual => vec![long_list(setup, 1_000_000, 1)],
            Verbosity::Quiet => vec![long_list(setup, 1_000_000, 1000)],
            _ => vec![long_list(setup, 50_000, 1), long_list(setup, 50_000, 50)],
        },
        "fault-062" => ["n=1000", "n=1000&last=b"]
            .map(|query| {
                let link = format!("/v2/team/app/tags/list?{query}");
                setup.tags(move |_| list().next(&link)).named(query)
            })
            .into(),
        "fault-063" => {
            let other = Server::start(|_| list());
            // Another port of the same host would be the registry as a proxy sees it.
            let elsewhere = other.url().replace("127.0.0.1", "localhost");
            let link = format!("{elsewhere}/v2/team/app/tags/list?last=b&signature={}", canary::PRESIGNED);
            let scenario = setup.tags(move |_| list().next(&link));
            let most = setup.expected("authorization_sent");
            vec![scenario.check(move |outcome| {
                assert_eq!((outcome.lines(), other.connections() as u64), (vec!["a", "b"], most), "{outcome}");
            })]
        }
        "fault-064" => {
            let scenario = setup.tags(|_| list().header("Link", "</v2/team/app/tags/list?last=b; rel=next"));
            vec![scenario.check(|outcome| assert_eq!(outcome.lines(), ["a", "b"], "{outcome}"))]
        }
        "fault-065" => lies(setup),
        other => panic!("unknown fault {other}"),
    }
}

/// A token server with this reply.
fn token(setup: &Setup, reply: Reply) -> Scenario {
    let server = Server::start(move |request| match request.path() {
        "/token" => reply.clone(),
        _ => Reply::wants_token_of("/token"),
    });
    let rls = setup.exchanging(&server.url(), &server.host());
    Scenario::new(rls.words("tags team/app")).keeping(server)
}

/// RFC 1952: deflate, no name, no time.
const GZIP_HEAD: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// RFC 1951 §3.2.6, to be sent again and again: a block by the fixed codes with a blank and 256 times 258 more of them.
fn blanks() -> Vec<u8> {
    let mut bits: Vec<u8> = Vec::new();
    // Not the last block, and by the fixed codes, both from the lowest bit on.
    bits.extend([0, 1, 0]);
    let mut code = |value: u16, length: u32| bits.extend((0..length).rev().map(|bit| u8::from(value >> bit & 1 == 1)));
    // A blank is 0x30 + 0x20.
    code(0x50, 8);
    for _ in 0..256 {
        // The length 258 has the code 285, which is 0b11000101, and the distance 1 the code 0.
        code(0b1100_0101, 8);
        code(0, 5);
    }
    // The end of the block.
    code(0, 7);
    // So that the whole ends with a byte: empty blocks by the fixed codes, of ten bits each. The former are even in
    // number.
    while !bits.len().is_multiple_of(8) {
        bits.extend([0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    }
    bits.chunks(8).map(|byte| byte.iter().rev().fold(0, |sum, bit| sum << 1 | bit)).collect()
}

fn escapes(setup: &Setup) -> Vec<Scenario> {
    let names = [&["ok"][..], &[HOSTILE]].concat();
    let warned = Reply::tags(&names).header("Warning", "299 - \"a\u{9b}31m\u{202e}b\"");
    let tags = once(setup, warned).named("tags").check(|outcome| assert_eq!(outcome.lines(), ["ok"], "{outcome}"));
    let body = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [],
        "annotations": { HOSTILE: HOSTILE },
    });
    let index =
        Reply::status(200).header("Content-Type", "application/vnd.oci.image.index.v1+json").body(body.to_string());
    let shown = ["table", "plain", "json", "yaml"].map(|format| {
        let scenario = manifest(setup, index.clone()).words(&format!("-o {format}")).named(format);
        scenario.check(|outcome| {
            let shown = String::from_utf8_lossy(&outcome.stdout);
            let steers = |c: char| c != '\n' && c != '\t' && (c.is_control() || matches!(c, '\u{202e}' | '\u{200b}'));
            assert!(!shown.contains(steers) && shown.contains("[2J"), "{outcome}");
        })
    });
    [tags].into_iter().chain(shown).collect()
}

/// So many tags, as they come.
fn long_list(setup: &Setup, tags: usize, pages: usize) -> Scenario {
    let size = tags / pages;
    let name = |number: usize| format!("\"build-{number:07}\"");
    let script = move |request: &Request| {
        let page: usize = request.query("page").map_or(0, |page| page.parse().expect("a number"));
        let names: Vec<_> = (page * size..(page + 1) * size).map(name).collect();
        let reply = Reply::json(format!(r#"{{"name":"team/app","tags":[{}]}}"#, names.join(",")));
        if page + 1 < pages { reply.next(&format!("/v2/team/app/tags/list?page={}", page + 1)) } else { reply }
    };
    let scenario = within_memory(setup, setup.tags(script).words("--sort none"));
    scenario.named(format!("{tags} tags on {pages} pages")).check(move |outcome| {
        let lines = outcome.lines();
        assert_eq!(
            (lines.len(), lines[0], lines[tags - 1]),
            (tags, "build-0000000", &*format!("build-{:07}", tags - 1))
        );
    })
}

/// Manifests that are not what their digest says, and one that can be read in two ways.
fn lies(setup: &Setup) -> Vec<Scenario> {
    let other = digest_of(b"something else");
    let body = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": IMAGE,
        "config": { "mediaType": "application/vnd.oci.image.config.v1+json", "digest": other, "size": 14 },
        "layers": [],
    });
    let image = Reply::status(200).header("Content-Type", IMAGE).body(body.to_string());
    let script = {
        let image = image.clone();
        move |request: &Request| {
            if request.path().contains("/blobs/") { Reply::status(200).body("something else!") } else { image.clone() }
        }
    };
    let server = Server::start(setup.guarded(script));
    let rls = setup.rls(&server).words("manifest team/app:v1 --config");
    let config = Scenario::new(rls).keeping(server).named("of a config");
    let server = Server::start(setup.guarded(move |_| image.clone()));
    let rls = setup.rls(&server).args(["manifest", &format!("team/app@{other}")]);
    let by_digest = Scenario::new(rls).keeping(server).named("of a manifest");
    let ambiguous = r#"{"schemaVersion":2,"manifests":[],"layers":[],"config":{}}"#;
    let ambiguous = Reply::status(200).header("Content-Type", IMAGE).body(ambiguous);
    let ambiguous = manifest(setup, ambiguous).named("ambiguous");
    [config, by_digest, ambiguous].map(|scenario| scenario.check(is_empty)).into()
}
