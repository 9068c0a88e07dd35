//! `errors.json`: the error for an unexpected reply.

use registry_ls::Kind;
use registry_ls::error::Missing;
use registry_ls::http::internals::redacted_url;
use registry_ls::name::{Algorithm, Digest, Tag};
use registry_ls::registry::Deletion;
use serde_json::Value;
use test_support::{Reply, Server, Then};
use tracing::Level;
use url::Url;

use crate::driven::{anonymous, exit_code, run};
use crate::exemptions::{Case, check};
use crate::log::Log;
use crate::values::text;

#[test]
fn all() {
    check("errors.json", |case| match case.kind.as_str() {
        "body" => body(case),
        "is-not-found" => not_found(case),
        "content-length" => content_length(case),
        "code-table" => code(case),
        "delete" => delete(case),
        "list-body" => list_body(case),
        kind => panic!("unknown kind {kind}"),
    });
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().expect("a list").iter().map(text).collect()
}

fn status(input: &Value) -> u16 {
    input["status"].as_u64().expect("a status").try_into().expect("a status")
}

/// The reply that a case describes.
fn reply(input: &Value) -> Reply {
    let reply = Reply::status(status(input));
    let reply = match input["content_type"].as_str() {
        Some(media_type) => reply.header("Content-Type", media_type),
        None => reply,
    };
    match text(&input["body"]) {
        "(10 GiB of zeros)" => reply.endless(&[0; 64 * 1024]),
        body => reply.body(body),
    }
}

/// The error that a registry's reply means; `expect` is what the case says of it.
fn body(case: &Case) {
    let (input, expect) = (&case.input, &case.expect);
    let (error, requests, bytes) = run(async {
        let reply = reply(input);
        let server = Server::start(move |_| reply.clone());
        let client = anonymous(&server);
        let error = client.tagged("v1").await.expect_err("an error");
        (error, server.requests().len(), client.stats.totals().bytes)
    });
    let message = error.to_string();
    let reply = error.reply().expect("the reply");
    assert_eq!(reply.status, status(input));
    for (what, expected) in expect.as_object().expect("facts") {
        match what.as_str() {
            "text_contains" => texts(expected).iter().for_each(|part| assert!(message.contains(part), "{message}")),
            "text" => assert!(message.contains(text(expected)), "{message}"),
            "codes" => {
                let codes: Vec<_> = reply.errors.iter().map(|error| error.code.as_str()).collect();
                assert_eq!(codes, texts(expected));
            }
            "url_shown" => {
                let sent = "https://example.com/somepath?access_token=hunter2&scope=foo&service=bar";
                assert_eq!(redacted_url(&Url::parse(sent).expect("a URL")), text(expected));
            }
            "status_surfaced" => assert!(message.contains(&expected.to_string()), "{message}"),
            "exit" => assert_eq!(*expected, exit_code(&error), "{message}"),
            // These replies have no challenge.
            "class" if expected == "unauthorized" => assert_eq!(error.kind(), &Kind::UnusableChallenge),
            "class" if expected == "denied" => assert!(matches!(error.kind(), Kind::Denied(_)), "{error:?}"),
            "retry" => assert_eq!(requests > 1, *expected),
            "one_line" => assert!(!message.contains('\n'), "{message}"),
            "html_tags_shown" => assert!(!message.contains('<'), "{message}"),
            "secret_redacted" => assert!(message.contains("REDACTED") && !message.contains("eyJhbGciOi"), "{message}"),
            // In each of the attempts, and the rest of the piece in which the limit lies.
            "read_at_most_bytes" => {
                let limit = expected.as_u64().expect("a number");
                assert!(bytes >= limit && bytes <= requests as u64 * (limit + 512 * 1024), "{bytes}");
            }
            "no_panic" => {}
            _ => panic!("unknown fact {what}"),
        }
    }
}

/// Whole replies of real registries.
fn not_found(case: &Case) {
    assert_eq!(case.expect["not_found"], true);
    let reply = Reply::raw(text(&case.input)).then(Then::Close);
    let error = run(async {
        let server = Server::playing([reply]);
        anonymous(&server).tagged("this-does-not-exist").await.expect_err("not there")
    });
    assert_eq!(error.kind(), &Kind::NotFound(Missing::Tag));
    assert_eq!(case.expect["exit"], exit_code(&error));
}

/// The size of a manifest by a HEAD. An unknown size is not an error; an unknown digest is.
fn content_length(case: &Case) {
    let digest = Digest::of(Algorithm::Sha256, b"x");
    let lengths = texts(&case.input).iter().map(|length| format!("Content-Length: {length}\r\n")).collect::<String>();
    let head = format!("HTTP/1.1 200 OK\r\nDocker-Content-Digest: {digest}\r\n{lengths}\r\n");
    let resolved = run(async {
        let server = Server::playing([Reply::raw(head)]);
        anonymous(&server).resolved("v1").await.expect("a digest")
    });
    assert_eq!(resolved.digest, digest);
    assert_eq!(resolved.size, case.expect["size"].as_u64());
    assert_eq!(resolved.size.is_none(), case.expect["error"]);
}

fn code(case: &Case) {
    let reply = Reply::error(status(&case.input), text(&case.input["code"]));
    let error = run(async {
        let server = Server::start(move |_| reply.clone());
        anonymous(&server).tagged("v1").await.expect_err("an error")
    });
    assert!(error.has_code(text(&case.input["code"])), "{error}");
    assert_eq!(case.expect["exit"], exit_code(&error));
}

/// A tag is deleted: what the registry answers, and whether it is looked at whether that is true.
fn delete(case: &Case) {
    let deleting = reply(&case.input);
    let (tag, digest): (Tag, _) = ("v1".parse().expect("a tag"), Digest::of(Algorithm::Sha256, b"x"));
    let (outcome, looks) = run(async {
        let server = Server::start(move |request| match request.method.as_str() {
            "DELETE" => deleting.clone(),
            _ => Reply::error(404, "MANIFEST_UNKNOWN"),
        });
        let outcome = anonymous(&server).app().delete_tag(&tag, Some(&digest)).await;
        (outcome, server.count(|request| request.method == "GET"))
    });
    let exit = match &outcome {
        Ok(Deletion::Deleted) => 0,
        Ok(Deletion::AlreadyGone) => 3,
        Err(error) => exit_code(error),
    };
    assert_eq!(case.expect["exit"], exit, "{outcome:?}");
    // By GET, which no cache or rule answers in another way. cli.md looks after a 404 too, which proves nothing.
    let is_denied = case.input["status"] == 404;
    assert_eq!(case.expect["verify_with_HEAD"] == true || is_denied, looks > 0);
}

fn list_body(case: &Case) {
    let (reply, expect) = (reply(&case.input), &case.expect);
    let log = Log::begin();
    let of_repositories = text(&case.input["body"]).contains("repositories");
    let listed = run(async {
        let server = Server::start(move |_| reply.clone());
        let client = anonymous(&server);
        if of_repositories { client.all_repositories(1000).await } else { client.all_tags().await }
    });
    let exit = listed.error.as_ref().map_or(0, exit_code);
    match expect.get("exit") {
        Some(expected) => assert_eq!(*expected, exit, "{listed:?}"),
        None => assert!(expect["or"] == "error" && exit == 5, "{listed:?}"),
    }
    if let Some(error) = expect.get("error") {
        assert!(listed.error.as_ref().is_some_and(|message| message.to_string().contains(text(error))), "{listed:?}");
    }
    if let Some(warning) = expect.get("warn") {
        assert!(log.at(Level::WARN).iter().any(|message| message.contains(text(warning))), "{}", log.text());
    }
    if let Some(names) = expect.get("tags").or(expect.get("repositories")).filter(|_| exit == 0) {
        assert_eq!(listed.names, texts(names));
    }
}
