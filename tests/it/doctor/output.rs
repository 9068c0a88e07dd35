use insta::assert_snapshot;
use registry_fixture::content::ImageSpec;
use registry_fixture::{Auth, Registry, Running, Tls};
use test_support::server::unused_address;
use test_support::{Reply, Rls, Server, Then};

use super::{checks, checks_of, lasting};

/// A registry as it should be.
fn good() -> Running {
    let registry = Registry::builder().auth(Auth::Token).tls(Tls::FullChain).start();
    registry.push_image("team/app", "1.0", &ImageSpec::new("app"));
    registry.push_image("team/web", "1.0", &ImageSpec::new("web"));
    registry.clear_requests();
    registry
}

fn at(registry: &Running) -> Rls {
    Rls::at(registry).user("ann", "secret")
}

#[test]
fn all_checks_pass() {
    let (code, output) = checks(at(&good()));
    assert_snapshot!(format!("exit {code}\n{output}"), @"
    exit 0
    REGISTRY
     ✓ proxy        none for 127.0.0.1
     – dns          127.0.0.1 is an IP address
     ✓ tcp          REGISTRY
     ✓ tls          TLS 1.3, trusted by REGISTRY-FILES/ca.pem, until 2120-01-01
     ✓ http         a registry (registry/2.0), HTTP/2
     ✓ challenge    Bearer, from https://REGISTRY/auth/token
     ✓ credentials  ann (RLS_PASSWORD)
     ✓ token        ann, no permissions granted
     ✓ catalog      2 repositories, the first is team/app
     ✓ paging       pagination works
     ✓ clock        clock in sync
     – limits       no rate limit reported
    ");
}

#[test]
fn all_checks_pass_with_a_repository() {
    let (code, output) = checks_of(at(&good()), "team/app --push");
    assert_snapshot!(format!("exit {code}\n{output}"), @"
    exit 0
    REGISTRY/team/app
     ✓ proxy        none for 127.0.0.1
     – dns          127.0.0.1 is an IP address
     ✓ tcp          REGISTRY
     ✓ tls          TLS 1.3, trusted by REGISTRY-FILES/ca.pem, until 2120-01-01
     ✓ http         a registry (registry/2.0), HTTP/2
     ✓ challenge    Bearer, from https://REGISTRY/auth/token
     ✓ credentials  ann (RLS_PASSWORD)
     ✓ token        ann, repository:team/app:pull (signature not checked)
     ✓ catalog      2 repositories, the first is team/app
     ✓ paging       pagination works
     ✓ tags         1 tag, 1.0
     ✓ pull         1.0: manifest and blob
     ✓ delete       allowed
     ✓ push         allowed
     ✓ clock        clock in sync
     – limits       no rate limit reported
    ");
}

#[test]
fn verbose_shows_all_details() {
    let outcome = at(&good()).words("doctor -o table -v team/app").run();
    let lines = outcome.stdout.lines().filter(|line| line.starts_with("     "));
    let lines: Vec<_> = lines.map(lasting).collect();
    assert_snapshot!(lines.join("\n"), @"
    TLS 1.3, TLS_AES_256_GCM_SHA384
    server sends 2 certificates
      CN=localhost, for localhost, 127.0.0.1, ::1, 2020-01-01 to 2120-01-01
        sha256:…
      CN=registry-fixture intermediate CA, 2020-01-01 to 2120-01-01
        sha256:…
        issued by CN=registry-fixture root CA: in REGISTRY-FILES/ca.pem
    realm https://REGISTRY/auth/token
    service registry-fixture
    scope repository:team/app:pull
    requested repository:team/app:pull
    granted repository:team/app:pull to ann until … (signature not checked)
    1.0 is sha256:…
    blob sha256:…, 716 bytes
    ");
    assert!(outcome.stderr.contains("> GET https://REGISTRY/v2/"), "{outcome}");
    for text in [&*outcome.stdout, &*outcome.stderr] {
        assert!(!text.contains("secret") && !text.contains("eyJ"), "{text}");
    }
}

#[test]
fn skipped_checks() {
    let address = unused_address();
    let rls = Rls::new().naming(&*address, "REGISTRY").env("RLS_REGISTRY", &address);
    let (code, output) = checks_of(rls, "team/app");
    assert_snapshot!(format!("exit {code}\n{output}"), @r#"
    exit 10
    REGISTRY/team/app
     ✓ proxy        none for 127.0.0.1
     – dns          127.0.0.1 is an IP address
     ✗ tcp          connection refused
         cause   nothing listens on REGISTRY: the server is down, or listens elsewhere
         remedy  on the server: start it, and check its log: docker logs registry, journalctl -u docker-registry
                 if the log says "private key does not match public key", use fullchain.pem, not chain.pem: REGISTRY_HTTP_TLS_CERTIFICATE=/etc/letsencrypt/live/127.0.0.1/fullchain.pem
                 or here: try another port, such as rls doctor 127.0.0.1:5000
     – tls          skipped
     – http         skipped
     – challenge    skipped
     – credentials  skipped
     – token        skipped
     – catalog      skipped
     – paging       skipped
     – tags         skipped
     – pull         skipped
     – delete       skipped
     – clock        skipped
     – limits       skipped
    "#);
}

#[test]
fn plain() {
    let registry = Registry::builder().tls(Tls::Expired).start();
    let outcome = at(&registry).words("doctor -o plain").run();
    assert_snapshot!(outcome, @"
    exit 11
    --- stdout
    proxy→ok→none for 127.0.0.1→-→-
    dns→skipped→127.0.0.1 is an IP address→-→-
    tcp→ok→REGISTRY→-→-
    tls→failed→expired→the server's certificate expired at 2021-01-01T00:00:00Z→on the server: renew the certificate (certbot renew), then restart the registry, which reads it on start; here, if this machine's clock is wrong: timedatectl set-ntp true
    http→skipped→skipped→-→-
    challenge→skipped→skipped→-→-
    credentials→skipped→skipped→-→-
    token→skipped→skipped→-→-
    catalog→skipped→skipped→-→-
    paging→skipped→skipped→-→-
    clock→skipped→skipped→-→-
    limits→skipped→skipped→-→-
    --- stderr
    1 of 12 checks failed.
    ");
}

#[test]
fn json_has_the_same_facts() {
    let registry = Registry::builder().tls(Tls::Expired).start();
    let outcome = at(&registry).words("doctor -o json -q").run();
    assert_eq!((outcome.code, &*outcome.stderr), (Some(11), ""), "{outcome}");
    let records: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    let tls = records.as_array().expect("an array").iter().find(|record| record["check"] == "tls").expect("tls");
    let keys: Vec<_> = tls.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["registry", "check", "status", "detail", "cause", "remedy", "facts", "milliseconds"]);
    assert_eq!(tls["status"], "failed");
    assert_eq!(tls["cause"], "the server's certificate expired at 2021-01-01T00:00:00Z");
    assert_eq!(tls["remedy"].as_array().expect("an array").len(), 2);
    assert!(tls["facts"].as_array().expect("an array").iter().any(|fact| fact == "server sends 1 certificate"));
    assert!(tls["milliseconds"].is_u64());
    let proxy = &records[0];
    assert_eq!((&proxy["check"], &proxy["status"]), (&"proxy".into(), &"ok".into()));
    assert!(proxy["cause"].is_null() && proxy["milliseconds"].is_null() && proxy["remedy"] == serde_json::json!([]));
    let http = records.as_array().expect("an array").iter().find(|record| record["check"] == "http").expect("http");
    assert_eq!((&http["status"], &http["detail"]), (&"skipped".into(), &"skipped".into()));
}

#[test]
fn a_template() {
    let outcome = at(&good()).args(["doctor", "--format", "{{ check }}={{ status }}"]).run();
    assert!(outcome.stdout.starts_with("proxy=ok\ndns=skipped\ntcp=ok\ntls=ok\n"), "{outcome}");
}

#[test]
fn doctor_changes_nothing_and_sends_credentials_as_other_commands_do() {
    let registry = good();
    let (before, tags) = (registry.repositories(), registry.tags("team/app"));
    let (code, output) = checks_of(at(&registry), "team/app --push");
    assert_eq!(code, 0, "{output}");
    assert_eq!((registry.repositories(), registry.tags("team/app")), (before, tags));
    let requests = registry.requests();
    for request in &requests {
        let basic = request.authorization().is_some_and(|value| value.starts_with("Basic "));
        assert_eq!(basic, request.path == "/auth/token", "{} {}", request.method, request.path);
    }
    let writes: Vec<_> = requests.iter().filter(|request| !matches!(request.method.as_str(), "GET" | "HEAD")).collect();
    let done: Vec<_> = writes.iter().filter(|request| request.status.is_some_and(|status| status < 300)).collect();
    // The upload that was started, and its cancellation.
    assert_eq!(done.iter().map(|request| request.method.as_str()).collect::<Vec<_>>(), ["POST", "DELETE"]);
    assert!(done.iter().all(|request| request.path.contains("/blobs/uploads/")));
}

#[test]
fn anonymous_sends_nothing() {
    let registry = good();
    let rls = Rls::at(&registry);
    checks_of(rls, "team/app --anonymous");
    assert!(
        registry
            .requests()
            .iter()
            .all(|request| request.authorization().is_none_or(|value| !value.starts_with("Basic ")))
    );
}

#[test]
fn a_server_cannot_write_to_the_terminal() {
    let registry = Registry::builder().auth(Auth::Token).service("\u{202e}evil\u{1b}[2J").start();
    let outcome = Rls::at(&registry).user("ann", "secret").words("doctor -o table -v").run();
    assert!(
        !outcome.stdout.contains(['\u{1b}', '\u{202e}']) && !outcome.stderr.contains(['\u{1b}', '\u{202e}']),
        "{outcome}"
    );
}

#[test]
fn json_is_complete_when_the_time_limit_ends_it() {
    let silent = Server::start(|_| Reply::raw("").then(Then::Hang));
    let outcome = Rls::new().env("RLS_REGISTRY", silent.url()).words("doctor -o json --timeout 300ms").run();
    assert_eq!(outcome.code, Some(12), "{outcome}");
    let records: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    assert_eq!(records[0]["check"], "proxy");
}

#[test]
fn push_needs_a_repository() {
    assert_snapshot!(Rls::new().words("doctor registry.corp --push").fails(2), @"
    error: --push needs a repository
    hint:  rls doctor REGISTRY/REPO --push
    ");
}

/// The first component of a name without a registry is no host, as in other commands.
#[test]
fn a_bare_name_is_an_image_of_docker_hub() {
    let proxied = Rls::new().env("HTTPS_PROXY", format!("http://{}", unused_address()));
    let proxied = proxied.words("doctor alpine");
    let outcome = proxied.run();
    assert_eq!(outcome.code, Some(10), "{outcome}");
    assert!(outcome.stdout.starts_with("docker.io/library/alpine\n"), "{outcome}");
    let hint =
        "hint:  reading alpine as an image of Docker Hub; to check a host of that name: rls doctor https://alpine\n";
    assert!(outcome.stderr.starts_with(hint), "{outcome}");
    let outcome = proxied.then("doctor https://alpine").run();
    assert!(outcome.stdout.starts_with("alpine\n") && !outcome.stderr.contains("hint"), "{outcome}");
}
