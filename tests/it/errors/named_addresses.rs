//! Addresses that a server named: the user did not choose them.

use test_support::server::unused_address;
use test_support::{Reply, Rls, Server};

fn at(server: &Server) -> Rls {
    Rls::new()
        .naming(server.url(), "http://REGISTRY")
        .naming(server.host(), "REGISTRY")
        .env("RLS_REGISTRY", server.url())
}

fn hint(rls: &Rls) -> String {
    let outcome = rls.run();
    assert_eq!(outcome.code, Some(10), "{outcome}");
    outcome.stderr.lines().last().unwrap_or_default().to_owned()
}

#[test]
fn an_unreachable_token_server_is_for_the_administrator_to_fix() {
    let place = unused_address();
    let realm = format!("http://{place}/token");
    let server = Server::start(move |_| Reply::wants_token_of(&realm));
    let rls = at(&server).naming(&*place, "PLACE").words("tags team/app --retries 0");
    assert_eq!(
        hint(&rls),
        "hint:  the registry's WWW-Authenticate header names PLACE; the registry's administrator must correct the \
         address of its token server (REGISTRY_AUTH_TOKEN_REALM; Harbor: external_url)"
    );
}

#[test]
fn an_unreachable_target_of_a_redirect_is_named_as_such() {
    let place = unused_address();
    let target = format!("http://{place}/login");
    let server = Server::start(move |_| Reply::status(302).header("Location", &target));
    let rls = at(&server).naming(&*place, "PLACE");
    let rls = rls.words("tags team/app --retries 0");
    let outcome = rls.run();
    assert_eq!(outcome.code, Some(10), "{outcome}");
    assert!(outcome.stderr.contains("cause: http://REGISTRY redirects to PLACE\n"), "{outcome}");
    let outcome = rls.then("doctor --retries 0").run();
    assert_eq!(outcome.code, Some(10), "{outcome}");
    assert!(outcome.stdout.contains("on the registry's server: let registry clients past"), "{outcome}");
}
