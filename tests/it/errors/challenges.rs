//! Challenges that cannot be answered, or lead to no token.

use insta::assert_snapshot;
use registry_fixture::{Answer, Auth, Match, Registry, Tls};
use test_support::{Reply, Rls, Server};

use super::login::start;
use crate::registries::with_seed;

#[test]
fn an_unsupported_challenge() {
    let challenged = |challenge: &str| {
        let registry = start(Auth::None);
        let answer = Answer::error(401, "UNAUTHORIZED", "who are you").header("WWW-Authenticate", challenge);
        registry.inject(Match::get("/v2/team/app/tags/list").always(), answer);
        Rls::at(&registry).user("ann", "secret").words("tags team/app").run()
    };
    assert_snapshot!(challenged("Negotiate"), @"
    exit 4
    --- stderr
    error: cannot log in to http://REGISTRY
    cause: 401 Unauthorized: UNAUTHORIZED: who are you
    cause: the registry offers no supported authentication scheme
    cause: offered: Negotiate; supported: Bearer, Basic
    hint:  a login does not help; the registry's administrator must offer Basic or token authentication, in a valid WWW-Authenticate header
    ");
    assert_snapshot!(challenged("Bearer service=\"x\""), @"
    exit 4
    --- stderr
    error: cannot log in to http://REGISTRY
    cause: 401 Unauthorized: UNAUTHORIZED: who are you
    cause: the registry requires authentication and sends no valid challenge
    cause: the WWW-Authenticate header is malformed: a Bearer challenge names no realm at byte 0
    hint:  a login does not help; the registry's administrator must offer Basic or token authentication, in a valid WWW-Authenticate header
    ");
    assert_snapshot!(challenged("Bearer realm=\"ftp://127.0.0.1/token\""), @r#"
    exit 4
    --- stderr
    error: refusing token server "ftp://127.0.0.1/token" of REGISTRY
    cause: it is neither an http or https URL nor an absolute path
    hint:  nothing was sent there; the registry's administrator must correct the realm of its token server (REGISTRY_AUTH_TOKEN_REALM), or let the proxy in front of it send X-Forwarded-Proto
    "#);
    assert_snapshot!(challenged("Bearer realm=\"https://user:pass@127.0.0.1/token\""), @r#"
    exit 4
    --- stderr
    error: refusing token server "https://REDACTED@127.0.0.1/token" of REGISTRY
    cause: it contains a user name or password
    hint:  nothing was sent there; the registry's administrator must correct the realm of its token server (REGISTRY_AUTH_TOKEN_REALM), or let the proxy in front of it send X-Forwarded-Proto
    "#);
    assert_snapshot!(challenged("Bearer realm=\"x\\"), @"
    exit 4
    --- stderr
    error: cannot log in to http://REGISTRY
    cause: 401 Unauthorized: UNAUTHORIZED: who are you
    cause: the registry requires authentication and sends no valid challenge
    cause: the WWW-Authenticate header is malformed: a quoted value has no end at byte 13
    hint:  a login does not help; the registry's administrator must offer Basic or token authentication, in a valid WWW-Authenticate header
    ");
}

/// The scheme of the realm is the registry's choice, not the user's.
#[test]
fn a_realm_of_https_at_a_port_of_plain_http() {
    let registry = start(Auth::None);
    let challenge = format!("Bearer realm=\"https://{}/token\",service=\"x\"", registry.host());
    let answer = Answer::error(401, "UNAUTHORIZED", "who are you").header("WWW-Authenticate", &challenge);
    registry.inject(Match::get("/v2/team/app/tags/list").always(), answer);
    assert_snapshot!(Rls::at(&registry).user("ann", "secret").words("tags team/app").run(), @"
    exit 11
    --- stderr
    error: cannot reach the token server REGISTRY
    cause: REGISTRY speaks plain HTTP on this port, not TLS
    cause: got a plain HTTP response
    hint:  the registry's WWW-Authenticate header names REGISTRY; the registry's administrator must correct the address of its token server (REGISTRY_AUTH_TOKEN_REALM; Harbor: external_url)
    ");
}

#[test]
fn a_plain_http_realm_gets_no_credentials() {
    let registry =
        with_seed(Registry::builder(), "1x1").auth(Auth::Token).tls(Tls::Issued).token_server_in_the_clear().start();
    let realm = registry.realm().to_owned();
    let rls = Rls::at(&registry).user("ann", "secret").words("tags grid/repo-000");
    let place = realm.strip_prefix("http://").and_then(|rest| rest.split('/').next()).expect("a host");
    assert_snapshot!(rls.naming(place, "REALM").run(), @r#"
    exit 4
    --- stderr
    error: refusing token server "http://REALM/auth/token" of REGISTRY
    cause: the registry uses https and the token server plain http
    hint:  nothing was sent there; the registry's administrator must correct the realm of its token server (REGISTRY_AUTH_TOKEN_REALM), or let the proxy in front of it send X-Forwarded-Proto
    "#);
    assert_eq!(registry.tokens_issued(), 0);
    assert!(registry.requests().iter().all(|request| request.authorization().is_none()));
}

/// A registry whose challenge lacks a comma, so that neither service nor scope can be read. Its token server answers
/// `token`, and it accepts `accepted`.
fn with_a_missing_comma(token: Reply, accepted: &'static str) -> Server {
    Server::start(move |request| match request.path() {
        "/token" => token.clone(),
        _ if request.header("authorization") == Some(accepted) => Reply::tags(&["1.0"]),
        _ => {
            let host = request.header("host").unwrap_or_default();
            let challenge = format!("Bearer realm=\"http://{host}/token\" service=\"registry\"");
            Reply::error(401, "UNAUTHORIZED").header("WWW-Authenticate", challenge)
        }
    })
}

#[test]
fn a_challenge_that_breaks_off() {
    let token = || Reply::json(r#"{"token":"good"}"#);
    let rls = |server: &Server| {
        let rls = Rls::new().naming(server.host(), "REGISTRY").env("RLS_REGISTRY", server.url());
        rls.env("RLS_USERNAME", "ann").env("RLS_PASSWORD", "secret")
    };
    // What can be read is used.
    let lenient = with_a_missing_comma(token(), "Bearer good");
    assert_eq!(&*rls(&lenient).words("tags team/app").succeeds(), "1.0\n");
    let asked =
        lenient.requests().into_iter().find(|request| request.path() == "/token").expect("a token was asked for");
    assert_eq!(asked.query("scope").as_deref(), Some("repository:team/app:pull"));
    let refusing = with_a_missing_comma(Reply::status(401), "Bearer good");
    assert_snapshot!(rls(&refusing).words("tags team/app").run(), @"
    exit 4
    --- stderr
    error: cannot log in to http://REGISTRY
    cause: the WWW-Authenticate header is malformed: a comma is missing at byte 44; what comes before was used
    cause: login refused by REGISTRY
    cause: 401 Unauthorized
    cause: tried as ann (RLS_PASSWORD)
    hint:  a login does not help; the registry's administrator must offer Basic or token authentication, in a valid WWW-Authenticate header
    ");
    assert_snapshot!(rls(&refusing).words("login").run(), @"
    exit 4
    --- stderr
    error: cannot log in to http://REGISTRY
    cause: the WWW-Authenticate header is malformed: a comma is missing at byte 44; what comes before was used
    cause: login refused by REGISTRY
    cause: 401 Unauthorized
    cause: the credentials are those of ann (RLS_PASSWORD)
    hint:  a login does not help; the registry's administrator must offer Basic or token authentication, in a valid WWW-Authenticate header
    ");
    assert_snapshot!(rls(&refusing).without("RLS_USERNAME").without("RLS_PASSWORD").words("tags team/app").run(), @"
    exit 4
    --- stderr
    error: not logged in to http://REGISTRY
    cause: login refused by REGISTRY
    cause: 401 Unauthorized
    cause: the WWW-Authenticate header is malformed: a comma is missing at byte 44
    hint:  run 'rls login http://REGISTRY', or set RLS_USERNAME and RLS_PASSWORD
    ");
    let unimpressed = with_a_missing_comma(token(), "Bearer another");
    assert_snapshot!(rls(&unimpressed).words("tags team/app").run(), @"
    exit 4
    --- stderr
    error: cannot log in to http://REGISTRY
    cause: the WWW-Authenticate header is malformed: a comma is missing at byte 44; what comes before was used
    cause: not allowed to pull team/app on http://REGISTRY, or it does not exist
    cause: 401 Unauthorized: UNAUTHORIZED: as the script says
    cause: logged in as ann (RLS_PASSWORD)
    hint:  a login does not help; the registry's administrator must offer Basic or token authentication, in a valid WWW-Authenticate header
    ");
    assert_snapshot!(rls(&refusing).words("doctor").run(), @r#"
    exit 4
    --- stdout
    http://REGISTRY
     ✓ proxy        none for 127.0.0.1
     – dns          127.0.0.1 is an IP address
     ✓ tcp          REGISTRY                                       N ms
     – tls          plain HTTP was requested
     ✓ http         a registry (API version not reported), HTTP/1.1       N ms
     ✓ challenge    Bearer, from http://REGISTRY/token
     ✓ credentials  ann (RLS_PASSWORD)                                    N ms
     ✗ token        cannot log in to http://REGISTRY               N ms
         cause   the WWW-Authenticate header is malformed: a comma is missing at byte 44; what comes before was used; login refused by REGISTRY; 401 Unauthorized; tried as ann (RLS_PASSWORD)
         remedy  on the server, or on a proxy that rewrites headers: correct WWW-Authenticate: Bearer realm="URL",service="NAME",scope="SCOPE"
     – catalog      skipped
     – paging       skipped
     – clock        server time unknown
     – limits       no rate limit reported
    --- stderr
    1 of 12 checks failed.
    "#);
}

#[test]
fn a_registry_that_refuses_without_asking_for_the_credentials_at_hand() {
    let registry = with_seed(Registry::builder(), "demo").start();
    registry.inject(Match::any().always(), Answer::error(403, "DENIED", "your address is blocked"));
    assert_snapshot!(Rls::at(&registry).user("ann", "secret").words("tags team/app").fails(4), @"
    error: not allowed to pull team/app on http://REGISTRY
    cause: 403 Forbidden: DENIED: your address is blocked
    hint:  REGISTRY did not ask for the user name and password of this run; ask its administrator for access
    ");
}
