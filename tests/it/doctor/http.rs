use insta::assert_snapshot;
use registry_fixture::content::ImageSpec;
use registry_fixture::{Answer, Auth, Fault, Match, Personality, Registry, Running, Tls};
use test_support::server::unused_address;
use test_support::{Rls, Server};

use super::{checks, checks_of, findings, findings_of};
use crate::registries::with_seed;

fn open() -> Running {
    Registry::builder().start()
}

/// A run against a server that is no registry.
fn against(server: &Server) -> Rls {
    Rls::new().naming(server.host(), "REGISTRY").env("RLS_REGISTRY", server.url())
}

#[test]
fn a_name_that_does_not_resolve() {
    let output = findings(Rls::new().env("RLS_REGISTRY", "registry.invalid"));
    // What the resolver says differs from system to system.
    let (before, cause) = output.split_once("cause   registry.invalid: ").expect("a cause");
    let (_, after) = cause.split_once('\n').expect("a line");
    assert_snapshot!(format!("{before}cause   registry.invalid: …\n{after}"), @r#"
    exit 10
     ✗ dns          no address
         cause   registry.invalid: …
         remedy  check the name: getent hosts registry.invalid
                 or set its address: --resolve registry.invalid:443:ADDRESS, or a line "ADDRESS registry.invalid" in /etc/hosts
                 or, if a proxy is needed: export HTTPS_PROXY=http://PROXY:PORT
    "#);
}

#[test]
fn a_literal_address() {
    let registry = Registry::builder().tls(Tls::Issued).tls_name("registry.corp").start();
    let name = format!("registry.corp:{}", registry.port());
    let rls = Rls::at(&registry).naming(&*name, "NAME").env("RLS_REGISTRY", &name);
    let (code, output) = checks_of(rls, &format!("--resolve {name}:127.0.0.1"));
    assert_eq!(code, 0, "{output}");
    assert!(output.contains(" – dns          127.0.0.1, as configured\n"), "{output}");
}

#[test]
fn through_a_proxy() {
    let registry = open();
    let rls = Rls::at(&registry).env("HTTP_PROXY", format!("http://ann:s3cret@{}", registry.host()));
    let (code, output) = checks(rls.env("RLS_REGISTRY", "http://registry.corp"));
    assert_eq!(code, 0, "{output}");
    assert!(output.contains("\n ✓ proxy        http://REGISTRY (HTTP_PROXY)\n"), "{output}");
    assert!(output.contains(" ✓ tcp          REGISTRY (the proxy)\n"), "{output}");
    let name = format!("registry.corp:{}", registry.port());
    let rls = Rls::at(&registry).env("ALL_PROXY", "http://proxy.invalid:1").env("NO_PROXY", "*.corp");
    let rls = rls.env("RLS_REGISTRY", format!("http://{name}"));
    let (code, output) = checks_of(rls, &format!("--resolve {name}:127.0.0.1"));
    assert_eq!(code, 0, "{output}");
    let expected = " ✓ proxy        none for registry.corp: ALL_PROXY is set, and NO_PROXY excludes it\n";
    assert!(output.contains(expected), "{output}");
    let (code, output) = checks(Rls::at(&registry).env("ALL_PROXY", "http://proxy.invalid:1"));
    assert_eq!(code, 0, "{output}");
    let expected =
        " ✓ proxy        none for 127.0.0.1: ALL_PROXY is set, and loopback addresses are reached directly\n";
    assert!(output.contains(expected), "{output}");
}

#[test]
fn unusable_proxies() {
    let corp = || Rls::new().env("RLS_REGISTRY", "registry.corp");
    let closed = unused_address();
    let rls = corp().naming(&*closed, "PROXY").env("HTTPS_PROXY", format!("http://{closed}"));
    assert_snapshot!(findings(rls), @"
    exit 10
     ✗ tcp          connection refused
         cause   nothing listens on PROXY: the server is down, or listens elsewhere
         remedy  export HTTPS_PROXY=http://PROXY:PORT, with the right proxy
                 or bypass the proxy: export NO_PROXY=registry.corp
    ");
    let refusing = Server::answering("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    let rls = corp().env("HTTPS_PROXY", refusing.url()).naming(refusing.host(), "PROXY");
    assert_snapshot!(findings(rls), @"
    exit 10
     ✗ tls          cannot reach registry.corp through the proxy http://PROXY (HTTPS_PROXY)
         cause   the proxy http://PROXY requires a user name and a password, and HTTPS_PROXY has none: 407 Proxy Authentication Required
         remedy  export HTTPS_PROXY=http://USER:PASSWORD@PROXY (special characters percent-encoded, such as @ as %40)
                 or bypass the proxy: export NO_PROXY=registry.corp
    ");
    assert_snapshot!(findings(corp().env("HTTPS_PROXY", "::not an address::")), @"
    exit 2
     ✗ proxy        HTTPS_PROXY cannot be used
         cause   its value contains a blank
         remedy  export HTTPS_PROXY=http://PROXY:PORT
                 or, if there is no proxy: unset HTTPS_PROXY
    ");
}

#[test]
fn an_html_login_page() {
    let page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<html>Log in…";
    assert_snapshot!(findings(against(&Server::answering(page))), @"
    exit 5
     ✗ http         web page
         cause   /v2/ is a text/html page (a proxy or a login page?)
         remedy  on the proxy: route /v2/ to the registry, without a login page (nginx: location /v2/ { proxy_pass http://registry:5000; })
                 or here, if the registry is on another host, port or path: rls doctor https://REGISTRY/PREFIX
    ");
    let registry = open();
    registry.inject(Match::get("/v2/").always(), Answer::new(302).header("Location", "/login?next=/v2/"));
    let login =
        Answer::new(200).header("Content-Type", "text/html; charset=utf-8").body("<!DOCTYPE html><title>Log in");
    registry.inject(Match::get("/login").always(), login);
    assert_snapshot!(findings(Rls::at(&registry)), @"
    exit 5
     ✗ http         web page
         cause   /login is a text/html page (a proxy or a login page?)
         remedy  on the proxy: route /v2/ to the registry, without a login page (nginx: location /v2/ { proxy_pass http://registry:5000; })
                 or here, if the registry is on another host, port or path: rls doctor https://REGISTRY/PREFIX
    ");
}

#[test]
fn a_server_that_is_not_a_registry() {
    let nothing = "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nnot found";
    assert_snapshot!(findings(against(&Server::answering(nothing))), @"
    exit 3
     ✗ http         not a registry
         cause   /v2/ returned 404 Not Found: not found
         remedy  if the registry is on another port: rls doctor 127.0.0.1:5000
                 or under a path, as with Artifactory and Nexus: rls doctor https://REGISTRY/PREFIX
    ");
    let something = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nhello\n";
    assert_snapshot!(findings(against(&Server::answering(something))), @"
    exit 5
     ✗ http         not a registry
         cause   /v2/ returned 200, but not as a registry does
         remedy  if the registry is on another port: rls doctor 127.0.0.1:5000
                 or under a path, as with Artifactory and Nexus: rls doctor https://REGISTRY/PREFIX
    ");
    assert_snapshot!(findings(against(&Server::answering("SSH-2.0-OpenSSH_9.6\r\n"))), @"
    exit 5
     ✗ http         not HTTP
         cause   the port does not speak HTTP: another service listens there
         remedy  try another port, such as rls doctor 127.0.0.1:5000
    ");
}

#[test]
fn a_server_error() {
    let registry = open();
    registry.inject(Match::get("/v2/").always(), Answer::error(503, "UNAVAILABLE", "storage is gone"));
    assert_snapshot!(findings(Rls::at(&registry)), @"
    exit 5
     ✗ http         http://REGISTRY failed to answer for the API
         cause   503 Service Unavailable: UNAVAILABLE: storage is gone
         remedy  on the server: check its log: docker logs registry, journalctl -u docker-registry
                 if it is behind a proxy: check the proxy's log too
    ");
}

#[test]
fn a_refusal_that_offers_no_login() {
    let registry = open();
    registry.inject(Match::get("/v2/").always(), Answer::error(401, "UNAUTHORIZED", "who are you"));
    assert_snapshot!(findings(Rls::at(&registry)), @"
    exit 4
     ✗ http         no authentication method
         cause   /v2/ returned 401 without WWW-Authenticate: it offers no authentication method
         remedy  on the server: use token or basic authentication (REGISTRY_AUTH), and on a proxy no other scheme for /v2/
    ");
}

#[test]
fn too_many_requests() {
    let registry = open();
    registry.inject(Match::get("/v2/").always(), Answer::error(429, "TOOMANYREQUESTS", "slow down"));
    assert_snapshot!(findings(Rls::at(&registry)), @"
    exit 8
     ✗ http         rate limit of http://REGISTRY exceeded
         cause   429 Too Many Requests: TOOMANYREQUESTS: slow down
         remedy  wait, or log in, which often raises the limit: rls login http://REGISTRY
    ");
}

#[test]
fn a_proxy_drops_the_scheme_of_a_location() {
    let registry = Registry::builder().tls(Tls::Issued).start();
    registry.push_image("team/app", "1.0", &ImageSpec::new("app"));
    let plain = format!("http://{}/elsewhere", registry.host());
    registry.inject(Match::under("/v2/team/app/blobs/sha256:").always(), Answer::redirect(&plain));
    registry.inject(Match::post("/v2/team/app/blobs/uploads/").always(), Fault::header("Location", &plain));
    assert_snapshot!(findings_of(Rls::at(&registry), "team/app --push"), @"
    exit 11
     ✗ pull         blobs are redirected to plain HTTP
         cause   REGISTRY leads to http://REGISTRY: a reverse proxy terminates TLS and does not forward the scheme (X-Forwarded-Proto)
         remedy  on the proxy: proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header Host $http_host; (nginx)
                 or on the server: REGISTRY_HTTP_HOST=https://REGISTRY, and REGISTRY_AUTH_TOKEN_REALM=https://… if it is set
     ✗ push         uploads are redirected to plain HTTP
         cause   REGISTRY leads to http://REGISTRY: a reverse proxy terminates TLS and does not forward the scheme (X-Forwarded-Proto)
         remedy  on the proxy: proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header Host $http_host; (nginx)
                 or on the server: REGISTRY_HTTP_HOST=https://REGISTRY, and REGISTRY_AUTH_TOKEN_REALM=https://… if it is set
    ");
    registry.inject(Match::get("/v2/").always(), Answer::redirect(&plain));
    assert_snapshot!(findings(Rls::at(&registry)), @"
    exit 11
     ✗ http         redirected to plain HTTP
         cause   REGISTRY leads to http://REGISTRY: a reverse proxy terminates TLS and does not forward the scheme (X-Forwarded-Proto)
         remedy  on the proxy: proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header Host $http_host; (nginx)
                 or on the server: REGISTRY_HTTP_HOST=https://REGISTRY, and REGISTRY_AUTH_TOKEN_REALM=https://… if it is set
    ");
}

#[test]
fn blobs_on_another_origin_without_tls() {
    let registry = Registry::builder().tls(Tls::Issued).start();
    registry.push_image("team/app", "1.0", &ImageSpec::new("app"));
    registry.inject(Match::under("/v2/team/app/blobs/").always(), Answer::redirect("http://minio.corp:9000/blob"));
    assert_snapshot!(findings_of(Rls::at(&registry), "team/app"), @"
    exit 11
     ✗ pull         refusing redirect to plain http
         cause   REGISTRY leads to http://minio.corp:9000
         remedy  on the server: use an address that clients can reach over HTTPS, or REGISTRY_STORAGE_REDIRECT_DISABLE=true to serve blobs from the registry itself
    ");
}

#[test]
fn the_clocks_differ() {
    let registry = open();
    registry.inject(Match::get("/v2/").always(), Fault::header("Date", "Mon, 01 Jan 2018 10:00:00 GMT"));
    let output = findings(Rls::at(&registry));
    let days = output.split_once("clock        ").expect("the check").1.split_once(' ').expect("days").0.to_owned();
    assert_snapshot!(output.replace(&days, "N"), @"
    exit 2
     ✗ clock        N days ahead of the registry's
         cause   this machine's clock is N days ahead of the registry's: tokens and certificates may seem expired, or not yet valid
         remedy  set the clock that is wrong, here or on the server: timedatectl set-ntp true
    ");
}

#[test]
fn rate_limits() {
    let registry = open();
    registry.push_image("team/app", "1.0", &ImageSpec::new("app"));
    let manifest = Match::head("/v2/team/app/manifests/1.0");
    registry.inject(manifest.clone().always(), Fault::header("RateLimit-Limit", "100;w=21600"));
    registry.inject(manifest.clone(), Fault::header("RateLimit-Remaining", "76;w=21600"));
    let (code, output) = checks_of(Rls::at(&registry), "team/app");
    assert_eq!(code, 0, "{output}");
    assert!(output.ends_with(" ✓ limits       76 of 100 requests left in 6 hours\n"), "{output}");
    registry.inject(manifest, Fault::header("RateLimit-Remaining", "0;w=21600"));
    assert_snapshot!(findings_of(Rls::at(&registry), "team/app"), @"
    exit 8
     ✗ limits       exhausted
         cause   0 of 100 requests left in 6 hours: further requests are refused
         remedy  wait, or log in, which often raises the limit: rls login http://REGISTRY
    ");
}

#[test]
fn http_2_and_1() {
    for (builder, version) in
        [(Registry::builder().tls(Tls::Issued), "HTTP/2"), (Registry::builder().auth(Auth::None), "HTTP/1.1")]
    {
        let (code, output) = checks(Rls::at(&builder.start()));
        assert_eq!(code, 0, "{output}");
        assert!(output.contains(&format!(" ✓ http         a registry (registry/2.0), {version}\n")), "{output}");
    }
}

#[test]
fn registries_that_lack_what_a_pull_does_not_need() {
    let seeded = |personality| with_seed(Registry::builder(), "demo").personality(personality).start();
    // No list of tags, an empty reply at the root, no HEAD of manifests.
    for personality in [Personality::ContainerRegistry, Personality::Cloudflare, Personality::Nexus] {
        let registry = seeded(personality);
        let (code, output) = checks_of(Rls::at(&registry), "team/app");
        assert_eq!(code, 0, "{output}");
        assert!(output.contains(" ✓ pull         latest: manifest and blob\n"), "{output}");
    }
    let registry = seeded(Personality::ContainerRegistry);
    let (code, output) = checks_of(Rls::at(&registry), "team/app:1.4.0");
    assert!(code == 0 && output.contains(" – tags         not offered (not needed to pull)\n"), "{output}");
    assert!(output.contains(" ✓ pull         1.4.0: manifest and blob\n"), "{output}");
    let (code, output) = checks_of(Rls::at(&registry), "team/nothing");
    assert!(code == 3 && output.contains(" ✗ tags         team/nothing not found on http://REGISTRY\n"), "{output}");
}
