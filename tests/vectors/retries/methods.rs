//! Which methods are repeated after a lost reply, and how a deletion is settled.

use registry_ls::Error;
use registry_ls::name::{Algorithm, Digest, Tag};
use registry_ls::registry::Deletion;
use serde_json::json;
use test_support::{Reply, Server, Then};

use crate::driven::{anonymous, client, exit_code, hasty, keychain, run};
use crate::exemptions::Case;
use crate::values::text;

pub(super) fn idempotence(case: &Case) {
    match text(&case.input) {
        "HEAD" => {
            assert_eq!(case.expect["rls"], "retry");
            head_is_repeated();
        }
        "POST token (password/refresh grant)" => post_is_not_repeated(),
        "DELETE by digest, no response received" => deletions(false, &Reply::raw("").then(Then::Reset)),
        "DELETE by digest, 5xx received" => {
            deletions(false, &Reply::status(500));
            deletions(false, &Reply::status(502).header("Content-Type", "text/html").body("<html>Bad Gateway</html>"));
        }
        "DELETE by tag, no response received" => deletions(true, &Reply::raw("").then(Then::Reset)),
        other => panic!("unknown request {other}"),
    }
}

fn head_is_repeated() {
    let digest = Digest::of(Algorithm::Sha256, b"x").to_string();
    run(async {
        let server = Server::playing([Reply::status(503), Reply::status(200).header("Docker-Content-Digest", digest)]);
        anonymous(&server).resolved("v1").await.expect("a digest");
        assert!(server.requests().len() == 2 && server.count(|request| request.method == "HEAD") == 2);
    });
}

fn post_is_not_repeated() {
    for failing in [Reply::raw("").then(Then::Reset), Reply::status(503)] {
        run(async {
            let server = Server::start(move |request| match request.is_for_token() {
                true => failing.clone(),
                false => Reply::wants_token(request),
            });
            let config = json!({ "auths": { server.host(): { "identitytoken": "t" } } });
            client(&server, keychain(config.to_string()), hasty()).all_tags().await.failure();
            assert_eq!(server.count(|request| request.is_for_token()), 1);
        });
    }
}

/// A DELETE whose reply is lost: the state of the registry afterwards decides whether it is repeated.
fn deletions(by_tag: bool, lost: &Reply) {
    let digest = Digest::of(Algorithm::Sha256, b"old");
    let gone = Reply::error(404, "MANIFEST_UNKNOWN");
    let (old, new) = ("old", "new");
    let there = |bytes: &'static str| {
        let digest = Digest::of(Algorithm::Sha256, bytes.as_bytes());
        Reply::status(200).header("Docker-Content-Digest", digest.as_str()).body(bytes)
    };
    let accepted = Reply::status(202);
    // The replies to DELETE, those to looks, and what comes of it: `None` for a deletion.
    let deleted = |outcome: &Result<Deletion, Error>| matches!(outcome, Ok(Deletion::Deleted));
    let outcomes = [
        (vec![lost.clone()], vec![gone.clone()], true),
        (vec![lost.clone(), accepted], vec![there(old), gone.clone()], true),
        (vec![lost.clone(), gone.clone()], vec![there(old), gone.clone()], true),
        (vec![lost.clone(), lost.clone()], vec![there(old), there(old)], false),
    ];
    for (deletes, heads, is_deleted) in outcomes {
        let sent = deletes.len();
        let (outcome, deletes) = deletion(by_tag, &digest, deletes, heads);
        assert_eq!((deleted(&outcome), deletes), (is_deleted, sent), "{outcome:?}");
    }
    if by_tag {
        let (outcome, deletes) = deletion(true, &digest, vec![lost.clone()], vec![there(new)]);
        let error = outcome.expect_err("moved");
        assert_eq!((exit_code(&error), deletes), (9, 1), "{error}");
    }
}

/// Deletes `v1` or its digest from a registry that plays these replies; counts the DELETEs.
fn deletion(by_tag: bool, digest: &Digest, deletes: Vec<Reply>, heads: Vec<Reply>) -> (Result<Deletion, Error>, usize) {
    run(async {
        // What is looked at again is as it was at the last look.
        let last = heads.last().cloned().into_iter().cycle();
        let (mut deletes, mut heads) = (deletes.into_iter(), heads.into_iter().chain(last));
        let server = Server::start(move |request| match request.method.as_str() {
            "DELETE" => deletes.next().unwrap_or_else(|| Reply::status(599)),
            _ => heads.next().unwrap_or_else(|| Reply::status(599)),
        });
        let client = anonymous(&server);
        let tag: Tag = "v1".parse().expect("a tag");
        let outcome = match by_tag {
            true => client.app().delete_tag(&tag, Some(digest)).await,
            false => client.app().delete_manifest(digest).await,
        };
        (outcome, server.count(|request| request.method == "DELETE"))
    })
}
