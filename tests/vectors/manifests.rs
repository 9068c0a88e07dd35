//! The kinds of `digests.json` about fetched manifests: body, headers, descriptors.

use registry_ls::error::Danger;
use registry_ls::name::{Algorithm, Digest, Tag};
use registry_ls::registry::snapshot::SnapshotOptions;
use registry_ls::registry::{Content, Descriptor, Manifest, Summaries, media_types};
use registry_ls::{Error, Kind};
use serde_json::{Value, json};
use test_support::{Reply, Request, Server, Then};
use tracing::Level;

use crate::digests::OF_MANIFESTS;
use crate::driven::{anonymous, as_user, exit_code, run};
use crate::exemptions::{Case, check};
use crate::log::Log;
use crate::values::text;

const BODY: &str = r#"{"schemaVersion":2,"config":{},"layers":[]}"#;

/// [`BODY`], as gzip has it.
const GZIPPED: &str = "1f8b08000000000002ffab562a4ece48cd4d0c4b2d2acecccf53b232d2514acecf4bcb4c57b2aaaed551ca49ac04ca285945c7d6\
0200bd2529e62b000000";

#[test]
fn all() {
    check("digests.json", |case| match case.kind.as_str() {
        "manifest-digest" => manifest_digest(case),
        "manifest-headers" => headers(case),
        "descriptor-digest" => {
            let error = text(&case.input).parse::<Digest>().expect_err("not a digest");
            assert_eq!(error.kind(), &Kind::Invalid, "{error}");
        }
        "header" => with_a_line_end(case),
        "size" => size(case),
        "type-confusion" => confusion(case),
        kind => assert!(!OF_MANIFESTS.contains(&kind), "unknown kind {kind}"),
    });
}

fn sha256(bytes: impl AsRef<[u8]>) -> Digest {
    Digest::of(Algorithm::Sha256, bytes.as_ref())
}

fn manifest(digest: Option<&Digest>) -> Reply {
    let reply = Reply::status(200).header("Content-Type", media_types::OCI_MANIFEST).body(BODY);
    match digest {
        Some(digest) => reply.header("Docker-Content-Digest", digest.as_str()),
        None => reply,
    }
}

/// The digest that a registry states, and that of what it sends.
fn manifest_digest(case: &Case) {
    let expect = &case.expect;
    let log = Log::begin();
    run(async {
        match case.id.as_str() {
            "dig-033" => {
                let server = Server::start(|_| manifest(None));
                let client = anonymous(&server);
                assert_eq!(expect["rls_GET"], "computed digest");
                assert_eq!(client.tagged("v1").await.expect("a manifest").digest, sha256(BODY));
                assert_eq!(client.resolved("v1").await.expect("a manifest").digest, sha256(BODY));
                let methods: Vec<_> = server.requests().into_iter().map(|request| request.method).collect();
                assert_eq!(methods, ["GET", "HEAD", "GET"]);
            }
            "dig-034" => {
                let server = Server::start(|_| manifest(Some(&sha256(BODY))));
                let client = anonymous(&server);
                assert_eq!(client.tagged("v1").await.expect("a manifest").digest, sha256(BODY));
                assert_eq!(client.resolved("v1").await.expect("a manifest").digest, sha256(BODY));
                assert_eq!(server.requests().len(), 2);
            }
            "dig-048" => {
                let server = Server::start(|_| manifest(Some(&sha256("other"))));
                let error = fetched(&server, &sha256("other")).await.expect_err("another body");
                assert_eq!(expect["exit"], exit_code(&error), "{error}");
                assert!(error.to_string().contains("does not match"), "{error}");
            }
            "dig-053" => {
                let server = Server::start(|_| manifest(Some(&sha256("other"))));
                let shown = anonymous(&server).tagged("v1").await.expect("a manifest");
                assert_eq!((shown.digest, log.at(Level::WARN).len()), (sha256(BODY), 1));
                let verified = async |digest| anonymous(&server).app().verified(&Tag::latest(), &digest).await;
                let before_a_delete = verified(sha256("other")).await.expect_err("another body");
                assert_eq!(before_a_delete.kind(), &Kind::Safety(Danger::DigestMismatch));
                let (from, to) = (sha256("former"), sha256(BODY));
                let moved = verified(from.clone()).await.expect_err("another manifest");
                assert_eq!(moved.kind(), &Kind::Safety(Danger::Moved { from, to }));
                assert_eq!(verified(sha256(BODY)).await.expect("the manifest").bytes, BODY);
            }
            other => panic!("unknown case {other}"),
        }
    });
}

async fn fetched(server: &Server, digest: &Digest) -> Result<Manifest, Error> {
    anonymous(server).app().manifest(digest).await
}

fn headers(case: &Case) {
    let (input, expect) = (&case.input, &case.expect);
    let head = |lines: &str| {
        let digest = sha256("test");
        Reply::raw(format!("HTTP/1.1 200 OK\r\nDocker-Content-Digest: {digest}\r\n{lines}\r\n"))
    };
    run(async {
        match case.id.as_str() {
            "dig-039" => {
                let media_type = text(&input["Content-Type"]);
                let lines = format!("Content-Type: {media_type}\r\nContent-Length: {}\r\n", input["Content-Length"]);
                let server = Server::playing([head(&lines)]);
                let resolved = anonymous(&server).resolved("v1").await;
                assert_eq!(resolved.is_ok(), expect["ok"]);
                let resolved = resolved.expect("a digest");
                assert_eq!(resolved.media_type.as_deref(), Some(media_type));
                assert_eq!(resolved.size, input["Content-Length"].as_u64());
            }
            "dig-041" => {
                assert_eq!(expect["rls"], "GET: count the bytes; HEAD: print size as unknown, not an error");
                let whole = Reply::raw(format!("HTTP/1.1 200 OK\r\n\r\n{BODY}")).then(Then::Close);
                let server = Server::playing([head(""), whole]);
                let client = anonymous(&server);
                assert_eq!(client.resolved("v1").await.expect("a digest").size, None);
                assert_eq!(client.tagged("v1").await.expect("a manifest").bytes.len(), BODY.len());
            }
            "dig-044" => {
                let server = Server::start(|request| match request.method.as_str() {
                    "HEAD" => manifest(None),
                    _ => manifest(None).header("Content-Length", "1000").then(Then::Close),
                });
                assert_eq!(expect["error"], true);
                let error = anonymous(&server).resolved("v1").await.expect_err("a part of a manifest");
                assert_eq!(exit_code(&error), 5, "{error}");
            }
            "dig-045" => {
                let server = Server::start(|_| manifest(Some(&sha256("test"))));
                let client = anonymous(&server);
                let requested = sha256("whatever");
                let resolved = client.app().resolve(&requested).await.expect_err("another digest");
                assert_eq!((exit_code(&resolved), expect["error"] == true), (9, true), "{resolved}");
                let manifest = client.app().manifest(&requested).await.expect_err("another digest");
                assert_eq!(exit_code(&manifest), 9, "{manifest}");
            }
            other => panic!("unknown case {other}"),
        }
    });
}

/// A digest with a stray carriage return behind it.
fn with_a_line_end(case: &Case) {
    let head = format!("HTTP/1.1 200 OK\r\nDocker-Content-Digest: {}\r\n\r\n", text(&case.input));
    assert_eq!(case.expect["trimmed_or_refused"], true);
    run(async {
        let server = Server::start(move |_: &Request| Reply::raw(head.clone()).then(Then::Close));
        if let Ok(resolved) = anonymous(&server).resolved("v1").await {
            assert_eq!(resolved.digest.as_str(), text(&case.input).trim());
        }
        assert!(server.requests().iter().all(|request| !request.target.contains("%0D")));
        assert_eq!(case.expect["never_in_URL"], true);
    });
}

fn size(case: &Case) {
    let input = &case.input;
    if case.id == "dig-079" {
        return compressed();
    }
    assert_eq!(case.expect["rls"], "error");
    let described = &input["size_in_descriptor"];
    let length = input.get("body").or(input.get("Content-Length")).and_then(Value::as_u64).unwrap_or(100) as usize;
    let body = " ".repeat(length - 2) + "{}";
    let descriptor = json!({ "mediaType": "application/json", "digest": sha256(&body).as_str(), "size": described });
    let Ok(descriptor) = serde_json::from_value::<Descriptor>(descriptor) else {
        // A manifest that has it is malformed.
        return assert!(described.as_i64().is_none_or(|size| size < 0));
    };
    let error = run(async {
        let server = Server::start(move |_| Reply::status(200).body(body.as_str()));
        anonymous(&server).app().config(&descriptor).await.expect_err("another size")
    });
    assert!(error.what().contains("another size"), "{error}");
}

/// Manifests are requested without compression; if a proxy compresses them anyway, the decompressed bytes are compared.
fn compressed() {
    run(async {
        let server = Server::start(|_| {
            let body = hex::decode(GZIPPED).expect("hexadecimal digits");
            Reply::status(200)
                .header("Content-Type", media_types::OCI_MANIFEST)
                .header("Content-Encoding", "gzip")
                .body(body)
        });
        assert_eq!(fetched(&server, &sha256(BODY)).await.expect("a manifest").bytes, BODY);
        assert_eq!(server.requests()[0].header("accept-encoding"), Some("identity"));
    });
}

fn confusion(case: &Case) {
    let (input, expect) = (&case.input, &case.expect);
    let body = text(&input["body"]).to_owned();
    let media_type = input["content_type"].as_str().map(|of| if of == "any" { media_types::OCI_INDEX } else { of });
    let media_type = media_type.map(str::to_owned);
    let log = Log::begin();
    let (sent, fetched) = run(async {
        let sent = body.clone();
        let server = Server::start(move |_| match &media_type {
            Some(media_type) => Reply::status(200).header("Content-Type", media_type).body(body.as_str()),
            None => Reply::status(200).body(body.as_str()),
        });
        (sent, anonymous(&server).tagged("v1").await)
    });
    if let Some(exit) = expect.get("exit") {
        let error = fetched.expect_err("ambiguous");
        assert_eq!(*exit, exit_code(&error), "{error}");
        let part = text(&expect["error"]).split([':', ' ']).next().expect("a word");
        return assert!(error.to_string().contains(part), "{error}");
    }
    let manifest = fetched.expect("a manifest");
    match case.id.as_str() {
        "dig-083" => {
            assert_eq!((manifest.media_type.as_str(), log.at(Level::WARN).len()), (media_types::OCI_MANIFEST, 1));
            assert_eq!(expect["warn"], true);
        }
        "dig-085" => {
            assert_eq!(expect["keys_case_sensitive"], true);
            assert!(matches!(manifest.document().expect_err("no layers").kind(), Kind::Protocol(_)));
        }
        "dig-086" => {
            assert_eq!(expect["shown"], true);
            let document = manifest.document().expect("a document");
            assert!(matches!(document.content, Content::Schema1(_)));
            // It is not signed, so the body is the payload.
            assert_eq!(manifest.digest, sha256(sent));
        }
        other => panic!("unknown case {other}"),
    }
}

#[test]
fn an_oversized_index_is_not_followed() {
    let list = |count: usize, size: u64| {
        let one = json!({ "mediaType": media_types::OCI_MANIFEST, "digest": sha256("x").as_str(), "size": size });
        json!({ "schemaVersion": 2, "mediaType": media_types::OCI_INDEX, "manifests": vec![one; count] }).to_string()
    };
    for body in [list(20_000, 1), list(2, 40 << 20)] {
        run(async {
            let server = Server::start(move |_| Reply::status(200).body(body.as_str()));
            let repository = anonymous(&server).app();
            let summaries = Summaries::new(&repository, "2026-11-21T12:00:00Z".parse().expect("a date"));
            let manifest = repository.manifest(&Tag::latest()).await.expect("an index");
            let error = summaries.of(manifest).await.error.clone().expect("too much");
            assert_eq!((exit_code(&error), server.requests().len()), (5, 1), "{error}");
            assert!(error.to_string().contains("lists too much"), "{error}");
        });
    }
}

#[test]
fn the_type_and_the_members_must_agree() {
    let index = r#"{"schemaVersion":2,"manifests":[]}"#;
    let schema1 = r#"{"schemaVersion":1,"fsLayers":[]}"#;
    for (media_type, body, exit) in [
        (media_types::OCI_INDEX, BODY, 9),
        (media_types::DOCKER_LIST, schema1, 9),
        (media_types::OCI_MANIFEST, index, 9),
        (media_types::DOCKER_MANIFEST, schema1, 9),
        (media_types::OCI_ARTIFACT, index, 9),
        (media_types::OCI_INDEX, r#"{"mediaType":"application/vnd.oci.image.manifest.v1+json"}"#, 9),
        ("application/json", r#"{"layers":[],"fsLayers":[]}"#, 9),
        (media_types::OCI_INDEX, r#"{"mediaType":7,"manifests":[]}"#, 9),
        (media_types::OCI_MANIFEST, "[]", 5),
        (media_types::OCI_MANIFEST, r#""text""#, 5),
        (media_types::OCI_MANIFEST, "{", 5),
        (media_types::OCI_MANIFEST, "", 5),
        ("application/json", "{}", 5),
    ] {
        run(async {
            let server = Server::start(move |_| Reply::status(200).header("Content-Type", media_type).body(body));
            let error = anonymous(&server).tagged("v1").await.expect_err("no manifest");
            assert_eq!(exit_code(&error), exit, "{media_type} {body}: {error}");
        });
    }
}

#[test]
fn an_index_is_recognised_under_any_content_type() {
    let child = sha256("child");
    let listed = json!({ "mediaType": media_types::OCI_MANIFEST, "digest": child.as_str(), "size": 5 });
    let body = json!({ "schemaVersion": 2, "mediaType": media_types::OCI_INDEX, "manifests": [listed] }).to_string();
    let digest = sha256(&body);
    run(async {
        let named = digest.clone();
        let server = Server::start(move |request| match request.path() {
            "/v2/team/app/tags/list" => Reply::json(r#"{"tags":["v1"]}"#),
            _ => Reply::json(body.as_str()).header("Docker-Content-Digest", named.as_str()),
        });
        let index = anonymous(&server).app().snapshot(SnapshotOptions::default()).await.expect("a snapshot");
        let parents = index.parents(index.manifest_id(&child).expect("the child"));
        assert_eq!(parents.map(|parent| index.digest(parent)).collect::<Vec<_>>(), [digest]);
    });
}

#[test]
fn a_failed_head_is_followed_by_a_get_only_where_that_helps() {
    let count = |reply: Reply, of_get: Reply| {
        run(async {
            let server = Server::start(move |request| match request.method.as_str() {
                "HEAD" => reply.clone(),
                _ => of_get.clone(),
            });
            let outcome = anonymous(&server).resolved("v1").await;
            (outcome.map_err(|error| exit_code(&error)), server.count(|request| request.method == "GET"))
        })
    };
    let found = |reply: Reply| {
        let (outcome, gets) = count(reply, manifest(None));
        (outcome.map(|resolved| resolved.digest), gets)
    };
    for status in [205, 206, 304, 400, 403, 404, 405, 408, 500, 501, 502, 503, 504] {
        assert_eq!(found(Reply::status(status)), (Ok(sha256(BODY)), 1), "{status}");
    }
    let limited = Reply::status(429).header("Retry-After", "3600");
    assert_eq!(found(limited), (Err(8), 0));
    // The fault is not that the manifest does not exist.
    let large = Reply::status(200).header("Content-Length", "10000000");
    assert_eq!(count(Reply::status(404), large), (Err(5), 1));
}

#[test]
fn a_refused_login_is_not_repeated_by_a_get() {
    run(async {
        let server = Server::start(|request| match request.is_for_token() {
            true => Reply::status(401),
            false => Reply::wants_token(request),
        });
        let error = as_user(&server, "ann", "wrong").resolved("v1").await.expect_err("refused");
        assert_eq!((exit_code(&error), server.count(|request| request.is_for_token())), (4, 1), "{error}");
    });
}
