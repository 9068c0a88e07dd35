//! Lists tags from a registry with a fault, and compares the outcome with the case.

use registry_ls::Error;
use registry_ls::http::Options;
use registry_ls::keychain::Keychain;
use serde_json::json;
use test_support::{Reply, Request, Server};

use crate::driven::{Listed, as_user, client, exit_code, hasty, run};
use crate::exemptions::Case;
use crate::values::text;

pub(super) fn tags() -> Reply {
    Reply::json(r#"{"name":"team/app","tags":["a","b"]}"#)
}

/// The texts that a message has to have, and where they do not say it in other words.
pub(super) fn assert_says(case: &Case, error: &Error, server: &Server) {
    let message = error.to_string();
    for part in case.expect["message_contains"].as_array().expect("texts") {
        let part = text(part).replace("HOST:PORT", &server.host()).replace("REALM_HOST", &server.host());
        let part = part.replace("REPO", "team/app").replace("after N entries", "after 4 entries");
        assert!(message.contains(&part), "{message:?} does not say {part:?}");
    }
}

pub(super) fn assert_exit(case: &Case, error: Option<&Error>) {
    assert_eq!(case.expect["exit"], error.map_or(0, exit_code), "{error:?}");
}

/// Lists tags, of a registry that always gives this reply.
pub(super) fn always(case: &Case, reply: Reply) -> (Listed, usize) {
    listed(case, move |_| reply.clone(), hasty())
}

pub(super) fn listed(
    case: &Case,
    script: impl FnMut(&Request) -> Reply + Send + 'static,
    options: Options,
) -> (Listed, usize) {
    run(async {
        let server = Server::start(script);
        let listed = client(&server, Keychain::anonymous(), options).all_tags().await;
        assert_exit(case, listed.error.as_ref());
        if let Some(error) = &listed.error {
            assert_says(case, error, &server);
        }
        (listed, server.requests().len())
    })
}

/// Three pages of two tags. `fault` gets the page and how often it was requested before, and may replace it.
pub(super) fn paged(
    mut fault: impl FnMut(usize, usize) -> Option<Reply> + Send,
) -> impl FnMut(&Request) -> Reply + Send {
    let mut times = [0; 3];
    move |request| {
        let page: usize = request.query("page").map_or(0, |page| page.parse().expect("a number"));
        times[page] += 1;
        if let Some(fault) = fault(page, times[page] - 1) {
            return fault;
        }
        let reply = Reply::json(json!({ "tags": [format!("{page}a"), format!("{page}b")] }).to_string());
        let link = format!("</v2/team/app/tags/list?page={}>; rel=\"next\"", page + 1);
        if page < 2 { reply.header("Link", link) } else { reply }
    }
}

pub(super) const ALL: [&str; 6] = ["0a", "0b", "1a", "1b", "2a", "2b"];

/// Lists tags as `ann`, of a registry that wants a token for every page.
pub(super) fn with_token(
    case: &Case,
    script: impl FnMut(&Request) -> Reply + Send + 'static,
    says: bool,
) -> (Listed, usize, usize) {
    run(async {
        let server = Server::start(script);
        let listed = as_user(&server, "ann", "secret").all_tags().await;
        assert_exit(case, listed.error.as_ref());
        if let (Some(error), true) = (&listed.error, says) {
            assert_says(case, error, &server);
        }
        let tokens = server.count(|request| request.is_for_token());
        (listed, tokens, server.requests().len() - tokens)
    })
}

/// A registry whose token server gives this reply.
pub(super) fn token_reply(reply: Reply) -> impl FnMut(&Request) -> Reply + Send {
    move |request| if request.is_for_token() { reply.clone() } else { Reply::wants_token(request) }
}
