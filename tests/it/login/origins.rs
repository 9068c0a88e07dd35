//! Credentials stay with the origin that they were meant for.

use std::net::{IpAddr, Ipv4Addr, ToSocketAddrs as _, UdpSocket};

use insta::assert_snapshot;
use registry_fixture::content::ImageSpec;
use registry_fixture::{Answer, Auth, Match, Registry, Running, Tls};
use test_support::{Reply, Rls, Server};

use crate::registries::{empty, with_seed};

fn start(auth: Auth) -> Running {
    with_seed(Registry::builder(), "1x1").auth(auth).start()
}

fn ann(registry: &Running) -> Rls {
    Rls::at(registry).user("ann", "secret")
}

/// A server that answers with a list of tags and remembers what it was sent.
fn other() -> Server {
    Server::answering(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 30\r\nConnection: close\r\n\r\n{\"name\":\"x\",\"tags\":[\"stolen\"]}",
    )
}

fn has_nothing(other: &Server) {
    let received = String::from_utf8_lossy(&other.bytes()).to_ascii_lowercase();
    for word in ["authorization", "secret", "cookie", "referer"] {
        assert!(!received.contains(word), "{received}");
    }
}

#[test]
fn a_redirect_to_another_origin_gets_no_credentials() {
    for auth in [Auth::Basic, Auth::Token] {
        let (registry, other) = (start(auth), other());
        let with_credentials =
            Match::get("/v2/grid/repo-000/tags/list").when(|request| request.authorization().is_some());
        registry.inject(with_credentials.always(), Answer::redirect(&format!("{}/elsewhere", other.url())));
        let outcome = ann(&registry).words("tags grid/repo-000").run();
        assert_eq!((outcome.code, &*outcome.stdout), (Some(0), "stolen\n"), "{auth:?}: {outcome}");
        assert_eq!(other.requests().len(), 1, "{auth:?}");
        has_nothing(&other);
    }
}

#[test]
fn a_redirect_target_that_sends_a_challenge_gets_no_credentials() {
    let registry = start(Auth::Basic);
    let other = Server::answering(
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"give\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    );
    registry.inject(Match::get("/v2/grid/repo-000/tags/list").always(), Answer::redirect(&other.url()));
    let outcome = ann(&registry).naming(other.host(), "OTHER").words("tags grid/repo-000").run();
    assert_snapshot!(outcome, @"
    exit 4
    --- stderr
    error: not allowed to pull grid/repo-000 on http://REGISTRY
    cause: 401 Unauthorized
    cause: OTHER is not the registry, so it gets no credentials
    hint:  the registry redirects to OTHER, which must allow access to the redirected URL
    ");
    has_nothing(&other);
}

#[test]
fn a_redirect_within_the_registry_keeps_the_credentials() {
    let registry = start(Auth::Basic);
    let with_credentials = Match::get("/v2/grid/repo-000/tags/list").when(|request| request.authorization().is_some());
    registry.inject(with_credentials, Answer::redirect("/v2/grid/repo-000/tags/list?again=1"));
    assert_eq!(&*ann(&registry).words("tags grid/repo-000").succeeds(), "latest\n");
    let last = registry.requests().pop().expect("a request");
    assert_eq!((last.query.as_deref(), last.scheme().as_deref()), (Some("again=1"), Some("basic")));
}

#[test]
fn a_blob_on_another_origin_is_fetched_without_credentials() {
    let (registry, storage) = (start(Auth::Token), empty());
    let digest = registry.resolve("grid/repo-000", "latest").expect("a tag of the seed");
    let manifest = registry.manifest("grid/repo-000", digest.as_str()).expect("a manifest of the seed");
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("JSON");
    let config =
        registry_fixture::Digest::parse(manifest["config"]["digest"].as_str().expect("a string")).expect("a digest");
    let bytes = registry.blob("grid/repo-000", &config).expect("a blob of the seed");
    storage.push_blob("grid/repo-000", bytes.clone());
    let there = format!("{}/v2/grid/repo-000/blobs/{config}?signature=s3cr3t", storage.url());
    registry.inject(Match::under("/v2/grid/repo-000/blobs/").always(), Answer::redirect(&there));
    let shown = ann(&registry).words("manifest grid/repo-000 --config --raw").bytes();
    assert_eq!(shown, bytes);
    assert_eq!(storage.requests().len(), 1);
    assert!(storage.requests()[0].authorization().is_none());
}

#[test]
fn a_link_to_another_origin_is_not_followed() {
    let (registry, other) = (start(Auth::Basic), other());
    let elsewhere = other.host().replace("127.0.0.1", "localhost");
    let link = format!("<http://{elsewhere}/v2/grid/repo-000/tags/list?last=latest>; rel=\"next\"");
    let with_credentials = Match::get("/v2/grid/repo-000/tags/list").when(|request| request.authorization().is_some());
    registry.inject(with_credentials.always(), registry_fixture::Fault::header("Link", &link));
    let outcome = ann(&registry).naming(elsewhere, "OTHER").words("tags grid/repo-000").run();
    assert_snapshot!(outcome, @"
    exit 6
    --- stdout
    latest
    --- stderr
    error: incomplete list of grid/repo-000, after 1 entry
    cause: refusing next page on another host
    cause: the Link header leads from http://REGISTRY to http://OTHER
    hint:  behind a proxy the registry must know its external URL: REGISTRY_HTTP_HOST=https://HOST on the server, or X-Forwarded-Host and X-Forwarded-Proto from the proxy; if localhost is the registry, use its name
    ");
    assert_eq!(other.connections(), 0);
}

#[test]
fn a_link_to_another_port_of_the_same_host_is_read_at_the_registry() {
    let (registry, other) = (start(Auth::Basic), other());
    registry.push_image("grid/repo-000", "zeta", &ImageSpec::new("zeta"));
    let query = "last=latest";
    let link = format!("<{}/other/path?{query}>; rel='next'", other.url().replace("http:", "https:"));
    let first = Answer::new(200).header("Link", &link).body("{\"tags\":[\"latest\"]}");
    registry.inject(Match::get("/v2/grid/repo-000/tags/list").query("n=1000").always(), first);
    let outcome = ann(&registry).naming(other.host(), "OTHER").words("tags grid/repo-000").run();
    assert_snapshot!(outcome, @"
    exit 0
    --- stdout
    latest
    zeta
    --- stderr
    warning: the registry links its next page at https://OTHER; reading it at http://REGISTRY
    warning: skipped 1 names that were already on the previous page
    ");
    let last = registry.requests().pop().expect("a request");
    assert_eq!((last.path.as_str(), last.query.as_deref()), ("/v2/grid/repo-000/tags/list", Some(query)));
    assert_eq!((last.scheme().as_deref(), other.connections()), (Some("basic"), 0));
}

#[test]
fn a_realm_on_another_host_gets_the_password_and_the_registry_only_the_token() {
    // The realm is the registry's to name: docker_auth runs on hosts of its own.
    let registry = with_seed(Registry::builder(), "1x1").auth(Auth::Token).token_server_apart().start();
    assert_eq!(&*ann(&registry).words("tags grid/repo-000").succeeds(), "latest\n");
    for request in registry.requests() {
        let expected = if request.path.starts_with("/auth/") { Some("basic") } else { Some("bearer") };
        assert!(request.scheme().is_none() || request.scheme().as_deref() == expected, "{}", request.line());
    }
}

#[test]
fn a_token_server_that_redirects_is_not_followed() {
    let (registry, other) = (start(Auth::Token), other());
    registry.inject(Match::get("/auth/token").always(), Answer::redirect(&other.url()));
    assert_eq!(ann(&registry).words("tags grid/repo-000").run().code, Some(5));
    assert_eq!(other.connections(), 0);
}

#[test]
fn a_wrong_password_is_sent_once() {
    for auth in [Auth::Basic, Auth::Token] {
        let registry = start(auth);
        Rls::at(&registry).user("ann", "wrong").words("tags grid/repo-000").fails(4);
        let sent = registry.requests().iter().filter(|request| request.scheme().as_deref() == Some("basic")).count();
        assert_eq!(sent, 1, "{auth:?}");
    }
}

#[test]
fn a_ca_of_one_registry_is_not_trusted_for_another() {
    let registry = with_seed(Registry::builder(), "1x1").tls(Tls::Issued).start();
    let other = with_seed(Registry::builder(), "1x1").tls(Tls::Issued).start();
    let config =
        format!("[registries.\"{}\"]\nca-file = {:?}\n", registry.host(), registry.ca_file().display().to_string());
    let tags = |host: String| Rls::new().config(&config).args(["tags", "grid/repo-000", "-r", &host]).run().code;
    assert_eq!(tags(registry.host()), Some(0));
    assert_eq!(tags(other.host()), Some(11));
}

#[test]
fn docker_credentials_are_sent_to_their_host_only() {
    let (registry, other) = (start(Auth::Basic), start(Auth::Basic));
    let config = format!("{{\"auths\":{{\"{}\":{{\"auth\":\"YW5uOnNlY3JldA==\"}}}}}}", registry.host());
    assert_eq!(Rls::at(&registry).docker_config(&config).words("repos").run().code, Some(0));
    assert_eq!(Rls::at(&other).docker_config(&config).words("repos").run().code, Some(4));
    assert!(other.requests().iter().all(|request| request.authorization().is_none()));
}

/// An address of this machine that is not loopback, and a name other than `localhost` that leads to 127.0.0.1.
fn outer_address_and_inner_name() -> Option<(IpAddr, String)> {
    let socket = UdpSocket::bind("0.0.0.0:0").expect("a socket");
    // Nothing is sent: it only asks for the way.
    socket.connect("192.0.2.1:9").ok()?;
    let outer = socket.local_addr().ok()?.ip();
    let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned();
    let is_inner = |name: &String| {
        let found = (name.as_str(), 80).to_socket_addrs().map(Iterator::collect::<Vec<_>>).unwrap_or_default();
        !found.is_empty() && found.iter().all(|address| address.ip() == Ipv4Addr::LOCALHOST)
    };
    let names = [hostname, "localhost.localdomain".to_owned(), "ip6-localhost".to_owned()];
    let inner = names.into_iter().find(is_inner)?;
    Some((outer, inner)).filter(|(outer, _)| !outer.is_loopback())
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that this machine cannot run says so")]
fn a_name_that_leads_to_a_more_private_address_gets_nothing() {
    let Some((outer, inner)) = outer_address_and_inner_name() else {
        eprintln!("SKIPPED: this machine has no address but loopback, or no name for 127.0.0.1 beside localhost");
        return;
    };
    let other = other();
    let elsewhere = format!("http://{inner}:{}", other.port());
    let redirect = elsewhere.clone();
    let redirecting = Server::at(outer, None, move |_| Reply::redirect(format!("{redirect}/v2/")));
    let realm = format!("{elsewhere}/token");
    let asking = Server::at(outer, None, move |_| Reply::wants_token_of(&realm));
    let run = |server: &Server, options: &str| {
        let rls = Rls::new().naming(server.host(), "REGISTRY").naming(format!("{inner}:{}", other.port()), "OTHER");
        let rls = rls.naming(format!("{inner} resolves"), "OTHER resolves").user("ann", "secret");
        rls.args(["tags", "team/app", "-r", &server.url()]).words(options).run()
    };
    let why = "cause: OTHER resolves to 127.0.0.1, an address more private than that of the server that named it\n";
    for (server, code, what) in [
        (&asking, 4, "error: refusing token server OTHER of REGISTRY\n"),
        (&redirecting, 5, "error: refusing to follow a redirect from REGISTRY to OTHER\n"),
    ] {
        let outcome = run(server, "");
        assert_eq!((outcome.code, &*outcome.stdout), (Some(code), ""), "{outcome}");
        let rest = outcome.stderr.strip_prefix(&format!("{what}{why}")).unwrap_or_else(|| panic!("{outcome}"));
        assert!(rest.starts_with("hint: "), "nothing is said twice: {outcome}");
    }
    assert_eq!(other.connections(), 0);
    // What the user says is not the server's word.
    let outcome = run(&redirecting, &format!("--resolve {inner}:{}:127.0.0.1", other.port()));
    assert_eq!((outcome.code, &*outcome.stdout), (Some(0), "stolen\n"), "{outcome}");
}
