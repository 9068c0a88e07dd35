//! Deletions that the vectors do not cover.

use registry_ls::Error;
use registry_ls::name::{Algorithm, Digest};
use registry_ls::registry::Deletion;
use test_support::{Reply, Server, Then};

use crate::driven::{anonymous, exit_code, run};

#[test]
fn a_deletion_is_verified_whatever_its_reply_contains() {
    for accepted in [
        Reply::status(202).header("Content-Length", "1000").body("{").then(Then::Close),
        Reply::status(202).endless(&[b' '; 64 * 1024]),
    ] {
        run(async {
            let server = Server::start(move |request| match request.method.as_str() {
                "DELETE" => accepted.clone(),
                _ => Reply::error(404, "MANIFEST_UNKNOWN"),
            });
            let outcome = anonymous(&server).app().delete_manifest(&Digest::of(Algorithm::Sha256, b"x")).await;
            assert_eq!(outcome.expect("a deletion"), Deletion::Deleted);
        });
    }
}

#[test]
fn probing_for_deletion_changes_nothing() {
    for (reply, exit, by_name) in [
        (Reply::error(405, "UNSUPPORTED"), Some(7), Some(7)),
        (Reply::error(404, "MANIFEST_UNKNOWN"), None, None),
        (Reply::error(400, "DIGEST_INVALID"), Some(5), Some(7)),
        (Reply::error(403, "DENIED"), Some(4), Some(4)),
    ] {
        run(async {
            let server = Server::start(move |_| reply.clone());
            let client = anonymous(&server);
            let code = |probed: Result<(), Error>| probed.err().map(|error| exit_code(&error));
            assert_eq!(code(client.app().probe_deletion().await), exit);
            assert_eq!(code(client.app().probe_tag_deletion().await), by_name);
            let requests = server.requests();
            let zeros = "0".repeat(64);
            assert_eq!(requests[0].path(), format!("/v2/team/app/manifests/sha256:{zeros}"));
            assert!(requests[1].path().starts_with("/v2/team/app/manifests/registry-ls-probe-"), "{requests:?}");
        });
    }
}
