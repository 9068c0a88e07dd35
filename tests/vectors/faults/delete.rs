//! Deletions that are refused, ignored, or whose reply is lost.

use registry_ls::Error;
use registry_ls::name::{Algorithm, Digest, Tag};
use registry_ls::registry::Deletion;
use test_support::{Reply, Server, Then};

use crate::driven::{Driven, anonymous, exit_code, run};
use crate::exemptions::Case;

use super::listing::{assert_exit, assert_says};

/// Deletes the tag `v1`, which is a manifest while it is there.
pub(super) fn delete(case: &Case) {
    let digest = Digest::of(Algorithm::Sha256, b"x");
    let there = Reply::status(200).header("Docker-Content-Digest", digest.as_str()).body("x");
    let gone = Reply::error(404, "MANIFEST_UNKNOWN");
    let (replies, after) = match case.id.as_str() {
        "fault-080" => (vec![Reply::error(405, "UNSUPPORTED")], there),
        "fault-081" => (vec![Reply::error(202, "UNKNOWN")], gone),
        "fault-082" => (vec![Reply::status(202)], there),
        "fault-084" => (vec![Reply::raw("").then(Then::Reset)], gone),
        other => panic!("unknown fault {other}"),
    };
    run(async {
        let mut replies = replies.into_iter();
        let server = Server::start(move |request| match request.method.as_str() {
            "DELETE" => replies.next().unwrap_or_else(|| Reply::status(599)),
            _ => after.clone(),
        });
        let outcome = deletion(&anonymous(&server), &digest).await;
        assert_exit(case, outcome.as_ref().err());
        match &outcome {
            Ok(deletion) => assert_eq!(*deletion, Deletion::Deleted),
            Err(error) => assert_says(case, error, &server),
        }
        let sent = server.count(|request| request.method == "DELETE");
        assert_eq!(case.expect["deletes_sent"].as_u64().unwrap_or(1), sent as u64);
        assert_eq!(server.count(|request| request.method == "PUT"), 0);
    });
}

/// By digest where the case is about a registry that allows no deletion at all.
async fn deletion(client: &Driven, digest: &Digest) -> Result<Deletion, Error> {
    let tag: Tag = "v1".parse().expect("a tag");
    match client.app().delete_tag(&tag, Some(digest)).await {
        Err(error) if exit_code(&error) == 7 => {
            assert!(error.what().contains("does not delete tags by name"), "{error}");
            Err(error)
        }
        outcome => outcome,
    }
}
