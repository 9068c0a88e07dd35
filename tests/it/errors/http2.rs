//! Endings of HTTP/2 streams that a registry, or a proxy in front of it, may give a reply (RFC 9113).

use insta::assert_snapshot;
use test_support::http2::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, RST_STREAM, frame, header_block, reply, server,
};
use test_support::tls::ServerCertificate;
use test_support::{Outcome, Reply, Rls};

const TAGS: &[u8] = br#"{"name":"team/app","tags":["a","b"]}"#;

/// A part of it that is JSON.
const PART: &[u8] = br#"{"name":"team/app","tags":["a"]}"#;

/// RST_STREAM and GOAWAY (RFC 9113, section 7).
const NO_ERROR: u32 = 0;
const INTERNAL_ERROR: u32 = 2;
const CANCEL: u32 = 8;
const HTTP_1_1_REQUIRED: u32 = 13;

fn reset(id: u32, error: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, id, &error.to_be_bytes())
}

fn head(id: u32, fields: &[(&str, &str)]) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, id, &header_block(&[&[(":status", "200")], fields].concat()))
}

fn tags(words: &str, answer: impl Fn(usize, u32) -> Vec<u8> + Clone + Send + Sync + 'static) -> Outcome {
    let certificate = ServerCertificate::valid();
    let server = server(certificate.config(&["h2", "http/1.1"]), answer, &Reply::json(TAGS));
    let rls = Rls::new().env("RLS_REGISTRY", server.host()).naming(server.host(), "REGISTRY");
    rls.with_file("ca.pem", certificate.ca()).env("RLS_CA_FILE", "ca.pem").words(words).run()
}

fn whole(id: u32) -> Vec<u8> {
    reply(id, &[(":status", "200")], TAGS)
}

#[test]
fn a_server_that_requires_http_1_1_gets_it() {
    let required = HTTP_1_1_REQUIRED.to_be_bytes();
    for words in ["tags team/app --retries 0", "tags team/app team/app team/app --jobs 3 --retries 0"] {
        let listed = tags(words, |_, id| reset(id, HTTP_1_1_REQUIRED));
        assert_eq!((listed.code, &*listed.stderr), (Some(0), ""), "{words}: {listed}");
        let listed = tags(words, move |_, _| frame(GOAWAY, 0, 0, &[0_u32.to_be_bytes(), required].concat()));
        assert_eq!((listed.code, &*listed.stderr), (Some(0), ""), "{words}: {listed}");
    }
}

#[test]
fn a_body_that_ends_early_is_fetched_again() {
    let length = TAGS.len().to_string();
    for error in [NO_ERROR, INTERNAL_ERROR, CANCEL] {
        for body in [&TAGS[..20], PART] {
            let length = length.clone();
            let answer = move |number, id| {
                let cut = [head(id, &[("content-length", &length)]), frame(DATA, 0, id, body), reset(id, error)];
                if number == 0 { cut.concat() } else { whole(id) }
            };
            let listed = tags("tags team/app", answer);
            assert_eq!(listed.result(), (Some(0), "a\nb\n"), "{error}: {listed}");
        }
        // The length is not announced, so that only the JSON shows that something is missing.
        let listed = tags("tags team/app", move |number, id| {
            let cut = [head(id, &[]), frame(DATA, 0, id, &TAGS[..20]), reset(id, error)];
            if number == 0 { cut.concat() } else { whole(id) }
        });
        assert_eq!(listed.result(), (Some(0), "a\nb\n"), "{error}: {listed}");
    }
    let listed = tags("tags team/app", move |number, id| {
        let early = [head(id, &[("content-length", "1000")]), frame(DATA, END_STREAM, id, PART)];
        if number == 0 { early.concat() } else { whole(id) }
    });
    assert_eq!(listed.result(), (Some(0), "a\nb\n"), "{listed}");
}

#[test]
fn a_body_that_always_ends_early_is_an_error() {
    let cut = |_, id| [head(id, &[("content-length", "1000")]), frame(DATA, 0, id, PART), reset(id, NO_ERROR)].concat();
    assert_snapshot!(tags("tags team/app --retries 1", cut), @"
    exit 5
    --- stderr
    error: truncated reply from REGISTRY
    cause: 32 of 1000 bytes arrived
    cause: gave up after 2 tries
    ");
}

#[test]
fn large_headers_are_read_and_larger_ones_are_named() {
    let with_header = |length: usize| {
        move |_, id| {
            let trace = "z".repeat(length);
            let block = header_block(&[(":status", "200"), ("x-trace", &trace)]);
            let mut frames = Vec::new();
            let pieces: Vec<_> = block.chunks(16_000).collect();
            for (index, piece) in pieces.iter().enumerate() {
                let kind = if index == 0 { HEADERS } else { CONTINUATION };
                let flags = if index + 1 == pieces.len() { END_HEADERS } else { 0 };
                frames.extend(frame(kind, flags, id, piece));
            }
            frames.extend(frame(DATA, END_STREAM, id, TAGS));
            frames
        }
    };
    assert_eq!(tags("tags team/app", with_header(40_000)).result(), (Some(0), "a\nb\n"));
    assert_snapshot!(tags("tags team/app", with_header(200_000)), @"
    exit 5
    --- stderr
    error: cannot read the header of the reply from REGISTRY
    cause: it exceeds the limit of the HTTP client, or is malformed
    ");
}
