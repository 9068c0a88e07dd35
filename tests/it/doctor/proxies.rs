//! Proxies that do not connect, and paths on which large packets get lost: what a command and doctor say of each.

use insta::assert_snapshot;
use registry_fixture::Tls;
use test_support::server::unused_address;
use test_support::tls::{ServerCertificate, config_of};
use test_support::{Authority, Conditions, Rls, Server};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;

use super::findings_of;

/// A proxy that answers the first bytes with these.
fn socks(answer: &'static [u8]) -> Server {
    Server::talking(move |mut stream| async move {
        let mut request = [0; 512];
        drop(stream.read(&mut request).await);
        drop(stream.write_all(answer).await);
        drop(stream.read(&mut request).await);
    })
}

/// A proxy that accepts connections and says nothing.
fn silent() -> Server {
    Server::talking(|mut stream| async move {
        let mut request = Vec::new();
        drop(stream.read_to_end(&mut request).await);
    })
}

/// What `rls tags` and `rls doctor` say of `registry.corp` behind the proxy of this URL.
fn reported(proxy: &str, rls: impl Fn() -> Rls) -> String {
    let place = proxy.rsplit(['/', '@']).next().expect("a host");
    let rls = || rls().naming(place, "PROXY").env("HTTPS_PROXY", proxy);
    let outcome = rls().words("tags registry.corp/app --connect-timeout 500ms --retries 0").run();
    let words = "--connect-timeout 500ms --retries 0";
    let doctor = findings_of(rls().env("RLS_REGISTRY", "registry.corp"), words);
    format!("{outcome}\n--- doctor\n{doctor}")
}

fn http(answer: &'static str) -> (Server, String) {
    let proxy = Server::answering(answer);
    let reported = reported(&proxy.url(), Rls::new);
    (proxy, reported)
}

#[test]
fn a_proxy_whose_rules_forbid_the_registry() {
    let (proxy, reported) =
        http("HTTP/1.1 403 Forbidden\r\nX-Squid-Error: ERR_ACCESS_DENIED 0\r\nContent-Length: 0\r\n\r\n");
    assert_snapshot!(reported, @"
    exit 10
    --- stderr
    error: cannot reach registry.corp through the proxy http://PROXY (HTTPS_PROXY)
    cause: the proxy answers CONNECT with 403 Forbidden (ERR_ACCESS_DENIED)
    hint:  ask the proxy's administrator to allow registry.corp, or set NO_PROXY=registry.corp to connect directly

    --- doctor
    exit 10
     ✗ tls          cannot reach registry.corp through the proxy http://PROXY (HTTPS_PROXY)
         cause   the proxy answers CONNECT with 403 Forbidden (ERR_ACCESS_DENIED)
         remedy  on the proxy: allow CONNECT to registry.corp:443 (Squid: acl SSL_ports, http_access)
                 or bypass the proxy: export NO_PROXY=registry.corp
    ");
    let request = proxy.requests().remove(0);
    assert_eq!((&*request.method, &*request.target), ("CONNECT", "registry.corp:443"));
}

#[test]
fn a_proxy_that_cannot_reach_the_registry() {
    assert_snapshot!(http("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n").1, @"
    exit 10
    --- stderr
    error: cannot reach registry.corp through the proxy http://PROXY (HTTPS_PROXY)
    cause: the proxy answers CONNECT with 503 Service Unavailable
    hint:  check that registry.corp is right; if it is, check the proxy's log, or set NO_PROXY=registry.corp to connect directly

    --- doctor
    exit 10
     ✗ tls          cannot reach registry.corp through the proxy http://PROXY (HTTPS_PROXY)
         cause   the proxy answers CONNECT with 503 Service Unavailable
         remedy  on the proxy: check that it resolves and reaches registry.corp: getent hosts registry.corp; nc -vz registry.corp 443
                 or bypass the proxy: export NO_PROXY=registry.corp
    ");
}

#[test]
fn a_proxy_that_requires_a_login() {
    const ANSWER: &str = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n";
    assert_snapshot!(http(ANSWER).1, @"
    exit 10
    --- stderr
    error: cannot reach registry.corp through the proxy http://PROXY (HTTPS_PROXY)
    cause: the proxy http://PROXY requires a user name and a password, and HTTPS_PROXY has none: 407 Proxy Authentication Required
    hint:  set HTTPS_PROXY=http://USER:PASSWORD@PROXY; special characters are percent-encoded, such as @ as %40, : as %3A and # as %23

    --- doctor
    exit 10
     ✗ tls          cannot reach registry.corp through the proxy http://PROXY (HTTPS_PROXY)
         cause   the proxy http://PROXY requires a user name and a password, and HTTPS_PROXY has none: 407 Proxy Authentication Required
         remedy  export HTTPS_PROXY=http://USER:PASSWORD@PROXY (special characters percent-encoded, such as @ as %40)
                 or bypass the proxy: export NO_PROXY=registry.corp
    ");
    let proxy = Server::answering(ANSWER);
    let refused = reported(&format!("http://bob:s3cret@{}", proxy.host()), Rls::new);
    assert!(!refused.contains("s3cret"), "{refused}");
    assert_snapshot!(refused, @"
    exit 10
    --- stderr
    error: cannot reach registry.corp through the proxy http://PROXY (HTTPS_PROXY)
    cause: the proxy http://PROXY refuses the user name and password in HTTPS_PROXY: 407 Proxy Authentication Required
    hint:  check the user name and password in HTTPS_PROXY; special characters are percent-encoded, such as @ as %40, : as %3A and # as %23

    --- doctor
    exit 10
     ✗ tls          cannot reach registry.corp through the proxy http://PROXY (HTTPS_PROXY)
         cause   the proxy http://PROXY refuses the user name and password in HTTPS_PROXY: 407 Proxy Authentication Required
         remedy  correct the user name and password: export HTTPS_PROXY=http://USER:PASSWORD@PROXY (special characters percent-encoded, such as @ as %40)
                 or bypass the proxy: export NO_PROXY=registry.corp
    ");
}

#[test]
fn a_proxy_that_requires_a_login_by_a_scheme_that_is_not_supported() {
    let ntlm =
        "HTTP/1.1 407 x\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n";
    assert_snapshot!(http(ntlm).1, @"
    exit 10
    --- stderr
    error: cannot reach registry.corp through the proxy http://PROXY (HTTPS_PROXY)
    cause: the proxy http://PROXY requires a login by Negotiate or NTLM, and only Basic is supported: 407 Proxy Authentication Required
    hint:  run a local proxy that logs in, such as cntlm or px, and set HTTPS_PROXY to it, or set NO_PROXY=registry.corp to connect directly

    --- doctor
    exit 10
     ✗ tls          cannot reach registry.corp through the proxy http://PROXY (HTTPS_PROXY)
         cause   the proxy http://PROXY requires a login by Negotiate or NTLM, and only Basic is supported: 407 Proxy Authentication Required
         remedy  run a local proxy that logs in, such as cntlm or px: export HTTPS_PROXY=http://127.0.0.1:3128, with its port
                 or bypass the proxy: export NO_PROXY=registry.corp
    ");
}

#[test]
fn a_proxy_that_is_silent() {
    let proxy = silent();
    assert_snapshot!(reported(&proxy.url(), Rls::new), @"
    exit 10
    --- stderr
    error: cannot reach registry.corp through the proxy http://PROXY (HTTPS_PROXY)
    cause: the proxy accepts the connection, and does not answer CONNECT within 0.5 s: it hangs, or waits for the server
    hint:  use --connect-timeout to wait longer, or set NO_PROXY=registry.corp to connect directly

    --- doctor
    exit 10
     ✗ tls          cannot reach registry.corp through the proxy http://PROXY (HTTPS_PROXY)
         cause   the proxy accepts the connection, and does not answer CONNECT within 0.5 s: it hangs, or waits for the server
         remedy  check that the proxy works, and reaches registry.corp:443: ask its administrator
                 or bypass the proxy: export NO_PROXY=registry.corp
    ");
}

#[test]
fn a_server_that_is_not_a_proxy() {
    let ssh = "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n";
    let web = "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n";
    assert_snapshot!(http(ssh).1, @"
    exit 10
    --- stderr
    error: cannot reach registry.corp through the proxy http://PROXY (HTTPS_PROXY)
    cause: the proxy does not answer CONNECT in HTTP
    hint:  check the scheme and port in HTTPS_PROXY (http://, https://, socks5h://), or set NO_PROXY=registry.corp to connect directly

    --- doctor
    exit 10
     ✗ tls          cannot reach registry.corp through the proxy http://PROXY (HTTPS_PROXY)
         cause   the proxy does not answer CONNECT in HTTP
         remedy  check the scheme and port in HTTPS_PROXY: http://PROXY:3128, https://PROXY:3129, socks5h://PROXY:1080
                 or bypass the proxy: export NO_PROXY=registry.corp
    ");
    assert_snapshot!(http(web).1, @"
    exit 10
    --- stderr
    error: cannot reach registry.corp through the proxy http://PROXY (HTTPS_PROXY)
    cause: the proxy answers CONNECT with 405 Method Not Allowed
    hint:  check the scheme and port in HTTPS_PROXY (http://, https://, socks5h://), or set NO_PROXY=registry.corp to connect directly

    --- doctor
    exit 10
     ✗ tls          cannot reach registry.corp through the proxy http://PROXY (HTTPS_PROXY)
         cause   the proxy answers CONNECT with 405 Method Not Allowed
         remedy  check the scheme and port in HTTPS_PROXY: http://PROXY:3128, https://PROXY:3129, socks5h://PROXY:1080
                 or bypass the proxy: export NO_PROXY=registry.corp
    ");
}

#[test]
fn a_proxy_that_cannot_be_reached() {
    let gone = unused_address();
    assert_snapshot!(reported(&format!("http://{gone}"), Rls::new), @"
    exit 10
    --- stderr
    error: cannot reach registry.corp through the proxy http://PROXY (HTTPS_PROXY)
    cause: connection refused by PROXY
    hint:  check the proxy in HTTPS_PROXY, or set NO_PROXY=registry.corp to connect directly

    --- doctor
    exit 10
     ✗ tcp          connection refused
         cause   nothing listens on PROXY: the server is down, or listens elsewhere
         remedy  export HTTPS_PROXY=http://PROXY:PORT, with the right proxy
                 or bypass the proxy: export NO_PROXY=registry.corp
    ");
    let unknown = Rls::new().env("HTTPS_PROXY", "http://proxy.invalid:3128");
    let error = unknown.words("tags registry.corp/app").fails(10);
    assert!(error.contains("cause: cannot resolve proxy.invalid, the host of the proxy: "), "{error}");
}

#[test]
fn socks_proxies() {
    let wants = socks(b"\x05\xff");
    assert_snapshot!(reported(&format!("socks5h://{}", wants.host()), Rls::new), @"
    exit 10
    --- stderr
    error: cannot reach registry.corp through the proxy socks5h://PROXY (HTTPS_PROXY)
    cause: the proxy socks5h://PROXY requires a user name and a password, and HTTPS_PROXY has none
    hint:  set HTTPS_PROXY=socks5h://USER:PASSWORD@PROXY; special characters are percent-encoded, such as @ as %40, : as %3A and # as %23

    --- doctor
    exit 10
     ✗ tls          cannot reach registry.corp through the proxy socks5h://PROXY (HTTPS_PROXY)
         cause   the proxy socks5h://PROXY requires a user name and a password, and HTTPS_PROXY has none
         remedy  export HTTPS_PROXY=socks5h://USER:PASSWORD@PROXY (special characters percent-encoded, such as @ as %40)
                 or bypass the proxy: export NO_PROXY=registry.corp
    ");
    let refuses = socks(b"\x05\x02\x01\x01");
    assert_snapshot!(reported(&format!("socks5h://bob:s3cret@{}", refuses.host()), Rls::new), @"
    exit 10
    --- stderr
    error: cannot reach registry.corp through the proxy socks5h://PROXY (HTTPS_PROXY)
    cause: the proxy socks5h://PROXY refuses the user name and password in HTTPS_PROXY
    hint:  check the user name and password in HTTPS_PROXY; special characters are percent-encoded, such as @ as %40, : as %3A and # as %23

    --- doctor
    exit 10
     ✗ tls          cannot reach registry.corp through the proxy socks5h://PROXY (HTTPS_PROXY)
         cause   the proxy socks5h://PROXY refuses the user name and password in HTTPS_PROXY
         remedy  correct the user name and password: export HTTPS_PROXY=socks5h://USER:PASSWORD@PROXY (special characters percent-encoded, such as @ as %40)
                 or bypass the proxy: export NO_PROXY=registry.corp
    ");
    let unreachable = socks(b"\x05\x00\x05\x04\x00\x01\x00\x00\x00\x00\x00\x00");
    assert_snapshot!(reported(&format!("socks5h://{}", unreachable.host()), Rls::new), @"
    exit 10
    --- stderr
    error: cannot reach registry.corp through the proxy socks5h://PROXY (HTTPS_PROXY)
    cause: the SOCKS5 proxy answers: host unreachable
    hint:  check that registry.corp is right; if it is, check the proxy's log, or set NO_PROXY=registry.corp to connect directly

    --- doctor
    exit 10
     ✗ tls          cannot reach registry.corp through the proxy socks5h://PROXY (HTTPS_PROXY)
         cause   the SOCKS5 proxy answers: host unreachable
         remedy  on the proxy: check that it resolves and reaches registry.corp: getent hosts registry.corp; nc -vz registry.corp 443
                 or bypass the proxy: export NO_PROXY=registry.corp
    ");
}

#[test]
fn a_proxy_that_intercepts_tls() {
    let authority = Authority::root("Corp Proxy CA");
    let (leaf, key) = authority.issue(&["registry.corp"]);
    let config = config_of(&leaf, &key);
    let proxy = Server::talking(move |mut stream| {
        let config = config.clone();
        async move {
            let mut request = [0; 512];
            drop(stream.read(&mut request).await);
            drop(stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await);
            if let Ok(mut stream) = TlsAcceptor::from(config).accept(stream).await {
                let reply = b"HTTP/1.1 200 OK\r\nContent-Length: 28\r\n\r\n{\"name\":\"app\",\"tags\":[\"1\"]}\n";
                drop(stream.read(&mut request).await);
                drop(stream.write_all(reply).await);
            }
        }
    });
    assert_snapshot!(reported(&proxy.url(), Rls::new), @r#"
    exit 11
    --- stderr
    error: certificate of registry.corp not trusted: unknown authority (x509)
    cause: issued by "Corp Proxy CA", which is not the trusted CA of this system
    cause: the connection goes through the proxy http://PROXY (HTTPS_PROXY)
    hint:  use --ca-file FILE with the CA certificate of the proxy http://PROXY if it intercepts TLS, or of the registry's CA if it does not

    --- doctor
    exit 11
     ✗ tls          unknown authority (x509)
         TLS 1.3, TLS_AES_256_GCM_SHA384
         server sends 1 certificate
           CN=the server, for registry.corp, 2020-01-01 to 2120-01-01
             sha256:…
             issued by CN=Corp Proxy CA: not sent, not trusted here
         cause   issued by "Corp Proxy CA", which is not trusted here: the proxy http://PROXY (HTTPS_PROXY) may intercept TLS and present a certificate of its own
         remedy  if the proxy http://PROXY intercepts TLS: --ca-file FILE, with the CA certificate of the proxy
                 or bypass the proxy: export NO_PROXY=registry.corp
                 if the certificate is the registry's own: rls trust registry.corp --write rls
    "#);
    let trusting = Rls::new().env("HTTPS_PROXY", proxy.url()).with_file("proxy.pem", authority.pem());
    assert_eq!(&*trusting.words("tags registry.corp/app --ca-file proxy.pem").succeeds(), "1\n");
}

#[test]
fn a_proxy_whose_certificate_is_not_trusted() {
    let certificate = ServerCertificate::of(Tls::Issued);
    let proxy = Server::with_tls(certificate.config(&[]), |_| test_support::Reply::status(403));
    let url = format!("https://{}", proxy.host());
    assert_snapshot!(reported(&url, Rls::new), @r#"
    exit 10
    --- stderr
    error: cannot reach registry.corp through the proxy https://PROXY (HTTPS_PROXY)
    cause: certificate of the proxy PROXY not trusted: unknown authority (x509): issued by "registry-fixture root CA"; the trusted certificate with that name has a different key
    hint:  use --ca-file FILE with the certificate of the proxy's CA, or set NO_PROXY=registry.corp to connect directly

    --- doctor
    exit 10
     ✗ tls          cannot reach registry.corp through the proxy https://PROXY (HTTPS_PROXY)
         cause   certificate of the proxy PROXY not trusted: unknown authority (x509): issued by "registry-fixture root CA"; the trusted certificate with that name has a different key
         remedy  here: --ca-file FILE, with the CA certificate of the proxy
                 or bypass the proxy: export NO_PROXY=registry.corp
    "#);
    let trusting = || Rls::new().with_file("proxy.pem", certificate.ca()).env("RLS_CA_FILE", "proxy.pem");
    let reported = reported(&url, trusting);
    assert!(reported.contains("\ncause: the proxy answers CONNECT with 403 Forbidden\n"), "{reported}");
}

#[test]
fn plain_http_through_a_proxy_that_refuses() {
    let page = "HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<html>Blocked.";
    let proxy = Server::answering(page);
    let rls = || Rls::new().naming(proxy.host(), "PROXY").env("HTTP_PROXY", proxy.url());
    assert_snapshot!(rls().words("tags http://registry.corp/app").run(), @"
    exit 5
    --- stderr
    error: not a registry reply from http://registry.corp
    cause: 403 Forbidden, a text/html page (a proxy or a login page?)
    hint:  if the proxy http://PROXY (HTTP_PROXY) sent it, ask its administrator to allow registry.corp, or set NO_PROXY=registry.corp to connect directly
    ");
    assert_snapshot!(super::findings(rls().env("RLS_REGISTRY", "http://registry.corp")), @"
    exit 5
     ✗ http         web page
         cause   403 Forbidden, a text/html page (a proxy or a login page?)
         remedy  if the page is that of the proxy http://PROXY (HTTP_PROXY): on the proxy, allow registry.corp
                 or bypass the proxy: export NO_PROXY=registry.corp
                 or, if registry.corp sends it: check that registry.corp is the registry
    ");
}

#[test]
fn large_packets_that_do_not_arrive() {
    let certificate = ServerCertificate::for_names(Tls::Issued, &["registry.corp"]);
    let server = Server::with_tls(certificate.config(&[]), |_| test_support::Reply::status(200));
    let link = Conditions::new().lose_larger_than(400).to(server.port());
    let rls = || Rls::new().naming(link.host(), "REGISTRY").env("RLS_REGISTRY", link.host());
    let words = "--connect-timeout 500ms --retries 0";
    assert_snapshot!(rls().words("tags app").words(words).run(), @"
    exit 12
    --- stderr
    error: TLS handshake with REGISTRY timed out
    cause: no answer within 0.5 s
    hint:  check that REGISTRY serves TLS on this port; if it does, large packets may get lost (MTU): ping -M do -s 1400 127.0.0.1
    ");
    let port = link.host().rsplit_once(':').expect("a port").1.to_owned();
    assert_snapshot!(findings_of(rls(), words).replace(&port, "PORT"), @"
    exit 12
     ✗ tls          TLS handshake with REGISTRY timed out
         cause   handshake not complete after 0.5 s
         remedy  check that large packets arrive: ping -M do -s 1400 127.0.0.1 (no reply: lower the MTU of the VPN or tunnel, or let ICMP pass)
                 check that the server speaks TLS on port PORT: openssl s_client -connect REGISTRY
    ");
}

#[test]
fn an_exception_that_almost_matches() {
    let page = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>";
    let proxy = Server::answering(page);
    let rls = || {
        let place = proxy.url().replace("http://", "");
        Rls::new().naming(place, "PROXY").env("HTTP_PROXY", proxy.url()).env("NO_PROXY", "https://registry.corp/")
    };
    assert_snapshot!(rls().words("tags http://registry.corp/app --retries 0").run(), @r#"
    exit 5
    --- stderr
    error: not a registry reply from http://registry.corp
    cause: 503 Service Unavailable, a text/html page (a proxy or a login page?)
    hint:  if the proxy http://PROXY (HTTP_PROXY) sent it, ask its administrator to allow registry.corp, or write registry.corp in place of "https://registry.corp/" in NO_PROXY to connect directly
    "#);
    let (_, checks) = super::checks(rls().env("RLS_REGISTRY", "http://registry.corp").words("--retries 0"));
    assert_snapshot!(checks.lines().nth(1).expect("the check of the proxy"), @r#" ✓ proxy        http://PROXY (HTTP_PROXY); "https://registry.corp/" in NO_PROXY does not match registry.corp"#);
}

#[test]
fn a_proxy_that_ends_the_connection() {
    // It has read the request, so that the connection ends without a reset.
    let proxy = Server::talking(|mut stream| async move { drop(stream.read(&mut [0; 4096]).await) });
    let rls = Rls::new().naming(proxy.url().replace("http://", ""), "PROXY").env("HTTP_PROXY", proxy.url());
    assert_snapshot!(rls.words("tags http://registry.corp/app --retries 0").run(), @"
    exit 10
    --- stderr
    error: lost the connection to registry.corp
    cause: the server closed the connection before it answered
    hint:  if the proxy http://PROXY (HTTP_PROXY) ended the connection, check its log, or set NO_PROXY=registry.corp to connect directly
    ");
}
