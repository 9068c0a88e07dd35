//! Lists tags from a registry that plays prepared replies.

use registry_ls::Error;
use registry_ls::http::Options;
use registry_ls::keychain::Keychain;
use serde_json::Value;
use test_support::{Reply, Server};

use crate::driven::{client, hasty, run};

pub(super) fn tags() -> Reply {
    Reply::json(r#"{"name":"team/app","tags":["a"]}"#)
}

/// Options with this many attempts in all.
pub(super) fn attempts(most: &Value) -> Options {
    Options { retries: most.as_u64().map_or(3, |most| most as u32 - 1), ..hasty() }
}

/// What a list of tags gives when the registry plays these replies, and how many requests it took.
pub(super) fn listed(replies: Vec<Reply>, options: Options) -> (Result<Vec<String>, Error>, usize) {
    run(async {
        let server = Server::playing(replies);
        let listed = client(&server, Keychain::anonymous(), options).all_tags().await;
        let outcome = listed.error.map_or(Ok(listed.names), Err);
        (outcome, server.requests().len())
    })
}

pub(super) fn final_status(outcome: &Result<Vec<String>, Error>) -> u16 {
    outcome.as_ref().map_or_else(|error| error.reply().map_or(0, |reply| reply.status), |_| 200)
}
