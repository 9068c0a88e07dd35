//! Replies that break the protocol.

use insta::assert_snapshot;
use registry_fixture::content::ImageSpec;
use registry_fixture::{Answer, Fault, Match, Running};
use test_support::{Outcome, Rls};

use crate::registries::empty;

fn tags(registry: &Running, fault: impl Into<Fault>) -> Outcome {
    registry.clear_faults();
    registry.inject(Match::get("/v2/app/tags/list").always(), fault);
    Rls::at(registry).words("tags app --retries 0").run()
}

pub(super) fn app() -> Running {
    let registry = empty();
    registry.push_image("app", "1.0", &ImageSpec::new("app"));
    registry
}

#[test]
fn html_instead_of_json() {
    let registry = app();
    let page =
        |status| Answer::new(status).header("Content-Type", "text/html").body("<!DOCTYPE html><title>Sign in</title>");
    assert_snapshot!(tags(&registry, page(200)), @"
    exit 5
    --- stderr
    error: not a registry reply from http://REGISTRY
    cause: /v2/app/tags/list is a text/html page (a proxy or a login page?)
    hint:  check that REGISTRY is the registry; a proxy, login page or web interface may have responded, -vv shows the headers
    ");
    assert_snapshot!(tags(&registry, page(403)), @"
    exit 5
    --- stderr
    error: not a registry reply from http://REGISTRY
    cause: 403 Forbidden, a text/html page (a proxy or a login page?)
    hint:  check that REGISTRY is the registry; a proxy, login page or web interface may have responded, -vv shows the headers
    ");
    assert_snapshot!(tags(&registry, page(404)), @"
    exit 3
    --- stderr
    error: app not found on http://REGISTRY
    cause: 404 Not Found, a text/html page (a proxy or a login page?)
    hint:  check that REGISTRY is the registry; a proxy, login page or web interface may have responded, -vv shows the headers
    ");
    assert_snapshot!(tags(&registry, page(502)), @"
    exit 5
    --- stderr
    error: not a registry reply from http://REGISTRY
    cause: 502 Bad Gateway, a text/html page (a proxy or a login page?)
    hint:  check the server's log; use --retries N to retry more often
    ");
    registry.clear_faults();
    registry.inject(Match::path("/v2/app/manifests/1.0").always(), page(200));
    assert_snapshot!(Rls::at(&registry).words("manifest app:1.0").run(), @"
    exit 5
    --- stderr
    error: not a registry reply from http://REGISTRY
    cause: /v2/app/manifests/1.0 is a text/html page (a proxy or a login page?)
    hint:  check that REGISTRY is the registry; a proxy, login page or web interface may have responded, -vv shows the headers
    ");
}

#[test]
fn invalid_or_unexpected_json() {
    let registry = app();
    let json = |text: &'static str| Answer::new(200).header("Content-Type", "application/json").body(text);
    assert_snapshot!(tags(&registry, json("{\"name\":\"app\",\"tags\":[\"1.0\",")), @"
    exit 5
    --- stderr
    error: malformed reply from http://REGISTRY for app
    cause: the list is truncated
    ");
    assert_snapshot!(tags(&registry, json("{\"name\":\"app\",\"tags\":\"1.0\"}")), @"
    exit 5
    --- stderr
    error: malformed reply from http://REGISTRY for app
    cause: malformed list: the list is not an array
    ");
    assert_snapshot!(tags(&registry, json("{\"name\":\"app\"}")), @"
    exit 5
    --- stderr
    error: malformed reply from http://REGISTRY for app
    cause: no tags field
    ");
    assert_snapshot!(tags(&registry, json("[]")), @"
    exit 5
    --- stderr
    error: malformed reply from http://REGISTRY for app
    cause: malformed list: not an object
    ");
    assert_snapshot!(tags(&registry, json("")), @"
    exit 5
    --- stderr
    error: malformed reply from http://REGISTRY for app
    cause: empty reply
    ");
    assert_snapshot!(tags(&registry, json("tags, tags, tags")), @"
    exit 5
    --- stderr
    error: http://REGISTRY failed to answer for app
    cause: 200 OK with a text in place of JSON: tags, tags, tags
    ");
}

#[test]
fn a_redirect_loop() {
    let registry = app();
    let around = format!("{}/v2/app/tags/list", registry.url());
    assert_snapshot!(tags(&registry, Answer::redirect(&around)), @"
    exit 5
    --- stderr
    error: too many redirects from http://REGISTRY
    cause: /v2/app/tags/list is still redirected after 5 redirects
    hint:  behind a proxy the registry must know its external URL: REGISTRY_HTTP_HOST=https://HOST on the server
    ");
    assert_eq!(registry.requests().len(), 6);
    assert_snapshot!(tags(&registry, Answer::new(307)), @"
    exit 5
    --- stderr
    error: refusing to follow a redirect from REGISTRY
    cause: no Location header
    hint:  behind a proxy the registry must know its external URL: REGISTRY_HTTP_HOST=https://HOST on the server
    ");
    assert_snapshot!(tags(&registry, Answer::redirect("ftp://127.0.0.1/")), @"
    exit 5
    --- stderr
    error: refusing to follow a redirect from REGISTRY
    cause: its Location is not http or https but ftp
    hint:  behind a proxy the registry must know its external URL: REGISTRY_HTTP_HOST=https://HOST on the server
    ");
    assert_snapshot!(tags(&registry, Answer::redirect("http://user:pass@127.0.0.1/")), @"
    exit 5
    --- stderr
    error: refusing to follow a redirect from REGISTRY
    cause: its Location names a user
    hint:  behind a proxy the registry must know its external URL: REGISTRY_HTTP_HOST=https://HOST on the server
    ");
}

#[test]
fn a_redirect_to_plain_http() {
    let registry = registry_fixture::Registry::builder().tls(registry_fixture::Tls::Issued).start();
    let plain = empty();
    registry.inject(Match::get("/v2/_catalog").always(), Answer::redirect(&format!("{}/v2/_catalog", plain.url())));
    assert_snapshot!(Rls::at(&registry).calling(&plain, "PLAIN").words("repos").run(), @"
    exit 11
    --- stderr
    error: refusing redirect to plain http
    cause: REGISTRY leads to http://PLAIN
    hint:  behind a proxy the registry must know that it is reached over HTTPS: set REGISTRY_HTTP_HOST=https://HOST on the server, or send X-Forwarded-Proto from the proxy
    ");
    assert_eq!(plain.lines(), [""; 0]);
}

#[test]
fn a_server_error() {
    let registry = app();
    assert_snapshot!(tags(&registry, Answer::error(500, "UNKNOWN", "the disk is full")), @"
    exit 5
    --- stderr
    error: http://REGISTRY failed to answer for app
    cause: 500 Internal Server Error: UNKNOWN: the disk is full
    hint:  check the server's log; use --retries N to retry more often
    ");
    assert_snapshot!(tags(&registry, Answer::new(503).body("upstream connect error")), @"
    exit 5
    --- stderr
    error: http://REGISTRY failed to answer for app
    cause: 503 Service Unavailable: upstream connect error
    hint:  check the server's log; use --retries N to retry more often
    ");
    assert_snapshot!(tags(&registry, Answer::new(418)), @"
    exit 5
    --- stderr
    error: http://REGISTRY refuses the request for app
    cause: 418 I'm a teapot
    ");
    assert_snapshot!(tags(&registry, Answer::new(304)), @"
    exit 5
    --- stderr
    error: unexpected status 304 from http://REGISTRY for app
    cause: 304 Not Modified
    ");
    registry.clear_faults();
    registry.inject(Match::get("/v2/app/tags/list").always(), Fault::status(503));
    assert_snapshot!(Rls::at(&registry).words("tags app --retries 2").run(), @"
    exit 5
    --- stderr
    error: http://REGISTRY failed to answer for app
    cause: 503 Service Unavailable
    cause: gave up after 3 tries
    hint:  check the server's log; use --retries N to retry more often
    ");
    assert_eq!(registry.count(&Match::get("/v2/app/tags/list")), 7);
}

#[test]
fn too_large_replies() {
    let registry = app();
    let manifest = registry.manifest("app", "1.0").expect("a manifest of the seed");
    let large = [&manifest[..manifest.len() - 1], &[b' '; 5 << 20][..], b"}"].concat();
    registry.push_raw_manifest("app", "large", "application/vnd.oci.image.manifest.v1+json", large);
    assert_snapshot!(Rls::at(&registry).words("manifest app:large").run(), @"
    exit 5
    --- stderr
    error: app:large too large
    cause: it is larger than 4 MiB
    ");
    assert_eq!(Rls::at(&registry).words("digest app:large").run().code, Some(0));
    let name = format!("{{\"name\":\"app\",\"tags\":[\"{}\"]}}", "x".repeat(1 << 20));
    let outcome = tags(&registry, Answer::new(200).header("Content-Type", "application/json").body(name));
    assert_snapshot!(outcome, @"
    exit 5
    --- stderr
    error: malformed reply from http://REGISTRY for app
    cause: malformed list: a string longer than 16 KiB
    ");
}

#[test]
fn a_200_that_carries_an_error_shows_the_registrys_words() {
    let registry = app();
    let json = |text: &'static str| Answer::new(200).header("Content-Type", "application/json").body(text);
    let refusal = "{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"please log in\"}]}";
    assert_snapshot!(tags(&registry, json(refusal)), @"
    exit 5
    --- stderr
    error: http://REGISTRY failed to answer for app
    cause: 200 OK with an error: UNAUTHORIZED: please log in
    ");
    assert_snapshot!(tags(&registry, json("{\"error\":\"maintenance\"}")), @"
    exit 5
    --- stderr
    error: http://REGISTRY failed to answer for app
    cause: 200 OK with an error: maintenance
    ");
    let beside = "{\"errors\":[{\"code\":\"UNAVAILABLE\",\"message\":\"storage is down\"}],\"tags\":null}";
    assert_snapshot!(tags(&registry, json(beside)), @"
    exit 5
    --- stderr
    error: http://REGISTRY failed to answer for app
    cause: 200 OK with an error: UNAVAILABLE: storage is down
    ");
    // A list with names is a list, whatever is beside it, and nothing but errors counts beside an empty one.
    let list = "{\"tags\":[\"1.0\"],\"errors\":[{\"code\":\"X\"}],\"message\":\"hello\"}";
    assert_eq!(&*tags(&registry, json(list)).stdout, "1.0\n");
    assert_eq!(tags(&registry, json("{\"tags\":[],\"errors\":[],\"message\":\"hello\"}")).code, Some(0));
    registry.clear_faults();
    registry.inject(Match::get("/v2/_catalog").always(), json(refusal));
    let repos = Rls::at(&registry).words("repos").run();
    assert!(repos.code == Some(5) && repos.stderr.contains("200 OK with an error: UNAUTHORIZED: please log in"));
    registry.inject(Match::path("/v2/app/manifests/1.0").always(), json(refusal));
    assert_snapshot!(Rls::at(&registry).words("manifest app:1.0").run(), @"
    exit 5
    --- stderr
    error: http://REGISTRY failed to answer for app:1.0
    cause: 200 OK with an error: UNAUTHORIZED: please log in
    ");
}

#[test]
fn a_token_reply_that_carries_an_error_shows_the_token_servers_words() {
    let registry =
        registry_fixture::Registry::builder().auth(registry_fixture::Auth::Token).seed("1x1".parse().expect("a seed"));
    let registry = registry.start();
    let body = "{\"error\":\"invalid_client\",\"error_description\":\"the licence of this server has expired\"}";
    registry.inject(Match::get("/auth/token").always(), Answer::new(200).body(body));
    assert_snapshot!(Rls::at(&registry).words("tags grid/repo-000").run(), @"
    exit 5
    --- stderr
    error: the token server REGISTRY sent no usable token
    cause: 200 OK: the licence of this server has expired
    hint:  use -vv to see the request that REGISTRY refuses
    ");
}

#[test]
fn gzip_by_its_other_names_is_decoded() {
    let registry = app();
    let gzip = |text: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut encoder, text).expect("memory can be written to");
        encoder.finish().expect("memory can be written to")
    };
    let list = gzip(b"{\"name\":\"app\",\"tags\":[\"1.0\"]}");
    for name in ["gzip", "GZIP", "x-gzip", "X-GZip"] {
        let whole = Answer::new(200).header("Content-Encoding", name).body(list.clone());
        let outcome = tags(&registry, whole);
        assert_eq!((outcome.code, &*outcome.stdout), (Some(0), "1.0\n"), "{name}: {outcome}");
        let members = [gzip(b"{\"name\":\"app\","), gzip(b"\"tags\":[\"1.0\"]}")].concat();
        let outcome = tags(&registry, Answer::new(200).header("Content-Encoding", name).body(members));
        assert_eq!((outcome.code, &*outcome.stdout), (Some(0), "1.0\n"), "{name}: {outcome}");
        let cut = Answer::new(200).header("Content-Encoding", name).body(list[..list.len() - 9].to_vec());
        let outcome = tags(&registry, cut);
        assert_eq!((outcome.code, &*outcome.stdout), (Some(5), ""), "{name}: {outcome}");
    }
    assert_snapshot!(tags(&registry, Answer::new(200).header("Content-Encoding", "br").body(list)), @"
    exit 5
    --- stderr
    error: unexpected reply from REGISTRY for app
    cause: its Content-Encoding is br, which was not requested
    hint:  a proxy in front of REGISTRY may compress its replies; turn that off for /v2/
    ");
}

#[test]
fn a_get_decides_where_a_head_fails() {
    let registry = app();
    let digest = format!("{}\n", registry.resolve("app", "1.0").expect("the tag is there"));
    let failures = [206, 205, 304, 400, 408, 500, 502, 503, 520].map(Fault::status);
    for fault in failures.into_iter().chain([Fault::CloseBeforeReply, Answer::redirect("ftp://127.0.0.1/").into()]) {
        registry.clear_faults();
        registry.inject(Match::head("/v2/app/manifests/1.0").always(), fault.clone());
        let outcome = Rls::at(&registry).words("digest app:1.0 --retries 1").run();
        assert_eq!((outcome.code, &*outcome.stdout), (Some(0), &*digest), "{fault:?}: {outcome}");
    }
    // A rate limit holds for every method.
    registry.clear_faults();
    registry.inject(Match::head("/v2/app/manifests/1.0").always(), Fault::status(429));
    assert_eq!(Rls::at(&registry).words("digest app:1.0 --retries 0").run().code, Some(8));
    assert!(!registry.lines().last().is_some_and(|line| line.starts_with("GET")), "{:?}", registry.lines());
}

#[test]
fn the_challenge_says_why_a_token_is_refused() {
    let registry = app();
    let challenge = "Bearer realm=\"https://127.0.0.1:1/token\",error=\"invalid_token\",error_description=\"the key was \
                     revoked\"";
    let refusal = Answer::error(403, "DENIED", "access denied").header("WWW-Authenticate", challenge);
    assert_snapshot!(tags(&registry, refusal), @"
    exit 4
    --- stderr
    error: not allowed to pull app on http://REGISTRY
    cause: 403 Forbidden: DENIED: access denied
    cause: the key was revoked
    hint:  run 'rls login http://REGISTRY', or set RLS_USERNAME and RLS_PASSWORD
    ");
    let said = Answer::error(403, "DENIED", "the key was revoked").header("WWW-Authenticate", challenge);
    assert_snapshot!(tags(&registry, said), @"
    exit 4
    --- stderr
    error: not allowed to pull app on http://REGISTRY
    cause: 403 Forbidden: DENIED: the key was revoked
    hint:  run 'rls login http://REGISTRY', or set RLS_USERNAME and RLS_PASSWORD
    ");
}
