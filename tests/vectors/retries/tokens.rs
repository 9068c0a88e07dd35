//! Retries around tokens: refused, expired and failing.

use serde_json::{Value, json};
use test_support::{Reply, Server, Then};

use crate::driven::{anonymous, as_user, client, exit_code, hasty, keychain, run};
use crate::exemptions::Case;
use crate::values::{status, text};

use super::listing::tags;

pub(super) fn token(case: &Case) {
    let (input, expect) = (&case.input, &case.expect);
    match case.id.as_str() {
        "retry-031" => expiring(expect),
        "retry-032" => changing_scheme(expect),
        "retry-034" => wrong_password(input, expect),
        "retry-087" => identity_token(input, expect),
        "retry-088" => stale(expect),
        _ => expiring_at_a_page(expect),
    }
}

/// A registry that takes the token which its token server gave last, and lists one tag with it.
async fn with_one_token() -> Server {
    let mut given = 0;
    Server::start(move |request| {
        if request.is_for_token() {
            given += 1;
            return Reply::token(&format!("token-{given}"));
        }
        if request.has_token(&format!("token-{given}")) { tags() } else { Reply::wants_token(request) }
    })
}

fn expiring(expect: &Value) {
    run(async {
        let mut tokens = Vec::new();
        let server = Server::start(move |request| {
            if request.is_for_token() {
                tokens.push(String::new());
                return Reply::token(&format!("token-{}", tokens.len()));
            }
            let token = format!("token-{}", tokens.len());
            // The first token is good for one request.
            let spent = tokens.len() == 1 && tokens[0] == "used";
            if !spent && request.has_token(&token) {
                tokens[0] = "used".to_owned();
                return tags();
            }
            Reply::wants_token(request)
        });
        let client = anonymous(&server);
        for _ in 0..2 {
            assert_eq!(client.all_tags().await.error.is_some(), expect["user_visible_error"]);
        }
        assert_eq!(expect["token_requests"], server.count(|request| request.is_for_token()));
    });
}

fn changing_scheme(expect: &Value) {
    run(async {
        let mut basic = false;
        let server = Server::start(move |request| match request.authorization() {
            _ if request.is_for_token() => Reply::token("token"),
            Some("Bearer token") if !basic => {
                basic = true;
                tags()
            }
            Some("Basic YW5uOnNlY3JldA==") if basic => tags(),
            _ if basic => Reply::wants_password(),
            _ => Reply::wants_token(request),
        });
        let client = as_user(&server, "ann", "secret");
        for _ in 0..2 {
            assert_eq!(client.all_tags().await.error.is_none(), expect["adapts"]);
        }
        assert_eq!(
            server.requests().last().and_then(|request| request.authorization()),
            Some("Basic YW5uOnNlY3JldA==")
        );
    });
}

fn wrong_password(input: &Value, expect: &Value) {
    let refusal = Reply::status(status(&input["token_endpoint_status"]));
    run(async {
        let server = Server::start(move |request| match request.is_for_token() {
            true => refusal.clone(),
            false => Reply::wants_token(request),
        });
        let error = as_user(&server, "ann", "wrong").all_tags().await.failure();
        assert_eq!((expect["error"] == true, exit_code(&error)), (true, 4));
        assert_eq!(error.what(), format!("login refused by {}: wrong user name or password", server.host()));
        assert_eq!(expect["token_requests"], server.count(|request| request.is_for_token()));
    });
}

/// The identity token in a token reply replaces the one that was sent.
fn identity_token(input: &Value, expect: &Value) {
    assert_eq!(expect["persisted"], false);
    let (first, next) = (text(&input["identity_token"]), text(&expect["next_refresh_token"]));
    let (bearer, reply) = (text(&expect["bearer"]).to_owned(), text(&input["reply"]).to_owned());
    run(async {
        let mut used = 0;
        let server = Server::start(move |request| {
            if request.is_for_token() {
                return Reply::json(reply.as_str());
            }
            let good = request.has_token(&bearer);
            used += usize::from(good);
            // The second request finds the token expired, and is good with the next.
            if good && used != 2 { tags() } else { Reply::wants_token(request) }
        });
        let config = json!({ "auths": { server.host(): { "identitytoken": first } } });
        let client = client(&server, keychain(config.to_string()), hasty());
        for _ in 0..2 {
            client.all_tags().await.whole();
        }
        let sent: Vec<_> = server.requests().into_iter().filter(|request| request.is_for_token()).collect();
        assert!(sent.iter().all(|request| request.method == "POST"));
        let field = |at: usize, value: &str| sent[at].body.contains(&format!("refresh_token={value}&"));
        assert!(sent.len() == 2 && field(0, first) && field(1, next), "{sent:?}");
    });
}

fn stale(expect: &Value) {
    run(async {
        let server = with_one_token().await;
        let client = anonymous(&server);
        client.all_tags().await.whole();
        // Another client takes the next token, so that the first has a stale one.
        anonymous(&server).all_tags().await.whole();
        let before = server.requests().len();
        client.all_tags().await.whole();
        let requests = server.requests().split_off(before);
        assert_eq!(expect["registry_requests"], requests.iter().filter(|request| !request.is_for_token()).count());
        assert!(requests[0].has_token("token-1") && requests[2].has_token("token-3"), "{requests:?}");
    });
}

/// A token that expires in the middle of a list.
fn expiring_at_a_page(expect: &Value) {
    run(async {
        let (mut given, mut expired) = (0, false);
        let server = Server::start(move |request| {
            if request.is_for_token() {
                given += 1;
                return Reply::token(&format!("token-{given}"));
            }
            let page: usize = request.query("page").map_or(0, |page| page.parse().expect("a number"));
            if page == 2 && !expired {
                expired = true;
                return Reply::wants_token(request);
            }
            if !request.has_token(&format!("token-{given}")) {
                return Reply::wants_token(request);
            }
            let reply = Reply::json(json!({ "tags": [format!("{page}a"), format!("{page}b")] }).to_string());
            let link = format!("</v2/team/app/tags/list?page={}>; rel=\"next\"", page + 1);
            if page < 3 { reply.header("Link", link) } else { reply }
        });
        let names = anonymous(&server).all_tags().await.whole();
        assert_eq!(names, ["0a", "0b", "1a", "1b", "2a", "2b", "3a", "3b"]);
        assert_eq!(expect["names_lost_or_repeated"], 0);
        // One to begin with.
        assert_eq!(expect["token_requests"], server.count(|request| request.is_for_token()) - 1);
        let page = |request: &test_support::Request| request.query("page").as_deref() == Some("2");
        assert_eq!(expect["page_refetched_once"], server.count(page) == 2);
    });
}

#[test]
fn a_failing_token_server_is_retried_like_a_registry() {
    for failing in [Reply::status(503), Reply::status(429).header("Retry-After", "0"), Reply::raw("").then(Then::Reset)]
    {
        run(async {
            let failing = failing.clone();
            let server = Server::start(move |request| match request.is_for_token() {
                true => failing.clone(),
                false => Reply::wants_token(request),
            });
            let error = anonymous(&server).all_tags().await.failure();
            assert!(error.what().contains("token server"), "{error}");
            assert_eq!(server.count(|request| request.is_for_token()), 4);
            assert_eq!(server.count(|request| !request.is_for_token()), 1);
        });
    }
}
