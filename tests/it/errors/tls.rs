//! Certificates and handshakes.

use insta::assert_snapshot;
use registry_fixture::{Registry, Running, Tls};
use test_support::{Rls, Server};
use tokio::io::AsyncReadExt as _;

use crate::registries::{empty, with_seed};

fn start(tls: Tls) -> Running {
    with_seed(Registry::builder(), "1x1").tls(tls).start()
}

/// `rls repos` at this registry, with its CA file if it is `trusted`.
fn repos(registry: &Running, trusted: bool) -> Rls {
    let rls = Rls::beside(registry).args(["-r", &registry.host(), "repos"]);
    if trusted { rls.arg("--ca-file").arg(registry.ca_file()) } else { rls }
}

#[test]
fn an_unknown_issuer() {
    let registry = start(Tls::Issued);
    assert_snapshot!(repos(&registry, false).fails(11), @r#"
    error: certificate of REGISTRY not trusted: unknown authority (x509)
    cause: issued by "registry-fixture root CA"; the trusted certificate with that name has a different key
    hint:  use --ca-file FILE with the certificate of "registry-fixture root CA"; if this is an intermediate CA, the server should send its full chain (fullchain.pem)
    "#);
    // With the certificate of another CA.
    let other = start(Tls::Issued);
    assert_snapshot!(repos(&registry, false).arg("--ca-file").arg(other.ca_file()).fails(11), @r#"
    error: certificate of REGISTRY not trusted: unknown authority (x509)
    cause: issued by "registry-fixture root CA"; the configured certificate with that name is a different one
    hint:  use --ca-file FILE with the certificate of "registry-fixture root CA"; if this is an intermediate CA, the server should send its full chain (fullchain.pem)
    "#);
    assert_eq!(&*repos(&registry, true).succeeds(), "grid/repo-000\n");
}

#[test]
fn a_server_without_its_chain() {
    let registry = start(Tls::LeafOnly);
    assert_snapshot!(repos(&registry, false).fails(11), @r#"
    error: certificate of REGISTRY not trusted: unknown authority (x509)
    cause: issued by "registry-fixture intermediate CA", which is not the trusted CA of this system
    hint:  use --ca-file FILE with the certificate of "registry-fixture intermediate CA"; if this is an intermediate CA, the server should send its full chain (fullchain.pem)
    "#);
    assert_snapshot!(repos(&registry, true).fails(11), @r#"
    error: certificate of REGISTRY not trusted: unknown authority (x509)
    cause: issued by "registry-fixture intermediate CA", which is neither sent by the server nor among the trusted CA of this system and the configured certificate
    hint:  use --ca-file FILE with the certificate of "registry-fixture intermediate CA"; if this is an intermediate CA, the server should send its full chain (fullchain.pem)
    "#);
    let chain = registry.files().join("intermediate.pem");
    assert_eq!(&*repos(&registry, false).arg("--ca-file").arg(chain).succeeds(), "grid/repo-000\n");
    assert_eq!(&*repos(&start(Tls::FullChain), true).succeeds(), "grid/repo-000\n");
}

#[test]
fn a_self_signed_certificate_can_be_given_as_ca() {
    let registry = start(Tls::SelfSigned);
    assert_snapshot!(repos(&registry, false).fails(11), @r#"
    error: certificate of REGISTRY not trusted: unknown authority (x509)
    cause: self-signed by "localhost", which is not the trusted CA of this system
    hint:  use --ca-file FILE with this certificate; to make it permanent: rls trust REGISTRY --write rls
    "#);
    assert_eq!(&*repos(&registry, true).succeeds(), "grid/repo-000\n");
    let other = start(Tls::SelfSigned);
    assert_snapshot!(repos(&registry, false).arg("--ca-file").arg(other.ca_file()).fails(11), @r#"
    error: certificate of REGISTRY not trusted: unknown authority (x509)
    cause: self-signed by "localhost"; the configured certificate with that name is a different one
    hint:  use --ca-file FILE with this certificate; to make it permanent: rls trust REGISTRY --write rls
    "#);
}

#[test]
fn a_certificate_for_other_names() {
    let registry = start(Tls::WrongName);
    assert_snapshot!(repos(&registry, true).naming(registry.port().to_string(), "PORT").fails(11), @"
    error: the server's certificate is not valid for REGISTRY
    cause: names in the certificate: registry.example.org; an IP address must be in subjectAltName as an IP address
    hint:  use a name from the certificate, such as registry.example.org; --resolve NAME:PORT:ADDR sets the address to connect to
    ");
    // As the hint says.
    let named = format!("registry.example.org:{}", registry.port());
    let resolve = format!("{named}:127.0.0.1");
    let rls = Rls::new().args(["-r", &named, "repos", "--resolve", &resolve, "--ca-file"]).arg(registry.ca_file());
    assert_eq!(&*rls.succeeds(), "grid/repo-000\n");
    let nameless = start(Tls::CommonNameOnly);
    assert_snapshot!(repos(&nameless, true).fails(11), @"
    error: the server's certificate is not valid for REGISTRY
    cause: it has no subjectAltName, only CN=localhost, which clients ignore since RFC 2818 and RFC 6125
    hint:  reissue the certificate with the host in its subjectAltName
    ");
}

#[test]
fn an_expired_or_not_yet_valid_certificate() {
    assert_snapshot!(repos(&start(Tls::Expired), true).fails(11), @"
    error: certificate of REGISTRY has expired
    cause: it expired at 2021-01-01T00:00:00Z
    hint:  renew the server's certificate; if it is valid, check this machine's clock
    ");
    let early = repos(&start(Tls::NotYetValid), true).fails(11);
    let (report, clock) = early.split_once("clock says ").expect("the clock is named");
    assert_snapshot!(report.to_owned() + &clock["2026-11-21T00:00:00Z".len()..], @"
    error: certificate of REGISTRY is not yet valid
    cause: it is valid from 2100-01-01T00:00:00Z, and this machine's 
    hint:  check the clocks of this machine and of the server
    ");
}

#[test]
fn a_plain_http_server() {
    let registry = empty();
    assert_snapshot!(repos(&registry, false).fails(11), @"
    error: REGISTRY speaks plain HTTP on this port, not TLS
    cause: got a plain HTTP response
    hint:  use --plain-http or http://REGISTRY if plain HTTP is intended; rls never falls back to it
    ");
    let hinted = Rls::new().args(["-r", &registry.host(), "repos", "--plain-http"]);
    assert_eq!(&*hinted.succeeds(), "");
}

#[test]
fn a_tls_server_addressed_as_http() {
    // As Go's server and nginx answer, and as one that only closes the connection.
    let go = Server::answering("HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n");
    let nginx = Server::answering(
        "HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Type: text/html\r\nContent-Length: 110\r\n\r\n\
         <html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head><body>nginx</body></html>\r\n",
    );
    for server in [go, nginx] {
        let rls = Rls::new().naming(server.host(), "REGISTRY").args(["repos", "-r", &server.url()]);
        let error = rls.fails(11);
        let (what, rest) = error.split_once('\n').expect("two lines");
        assert_eq!(what, "error: http://REGISTRY speaks TLS on this port");
        assert!(rest.ends_with("hint:  remove --plain-http or http://; the port uses HTTPS\n"), "{error}");
    }
    let registry = start(Tls::Issued);
    let rls = Rls::beside(&registry).args(["-r", &registry.host(), "repos", "--plain-http", "--retries", "0"]);
    assert_snapshot!(rls.run(), @"
    exit 11
    --- stderr
    error: http://REGISTRY speaks TLS on this port
    cause: 400 Bad Request: Client sent an HTTP request to an HTTPS server.
    hint:  remove --plain-http or http://; the port uses HTTPS
    ");
}

#[test]
fn a_required_client_certificate() {
    let registry = with_seed(Registry::builder(), "1x1").tls(Tls::Issued).client_certificate_required().start();
    assert_snapshot!(repos(&registry, true).fails(11), @"
    error: REGISTRY requires a client certificate
    cause: no client certificate configured; the server requested one and closed the connection
    hint:  use --client-cert FILE and --client-key FILE
    ");
    let with = |cert: std::path::PathBuf, key: std::path::PathBuf| {
        repos(&registry, true).arg("--client-cert").arg(cert).arg("--client-key").arg(key)
    };
    assert_eq!(&*with(registry.client_cert_file(), registry.client_key_file()).succeeds(), "grid/repo-000\n");
    let other = start(Tls::Issued);
    assert_snapshot!(with(other.client_cert_file(), other.client_key_file()).fails(11), @"
    error: REGISTRY refused the client certificate
    cause: client certificate presented; the server requested one and closed the connection
    hint:  the server rejected the client certificate; check its issuer and expiry date
    ");
    let mixed = with(registry.client_cert_file(), other.client_key_file()).calling(&other, "OTHER");
    assert_snapshot!(mixed.fails(2), @r#"
    error: client key OTHER-FILES/client.key does not belong to client certificate REGISTRY-FILES/client.pem
    cause: "registry-fixture client" has a different public key
    "#);
    let by_environment = repos(&registry, true)
        .env("RLS_CLIENT_CERT", registry.client_cert_file())
        .env("RLS_CLIENT_KEY", registry.client_key_file());
    assert_eq!(&*by_environment.succeeds(), "grid/repo-000\n");
}

#[test]
fn insecure_warns_on_every_run() {
    for tls in [Tls::Issued, Tls::Expired, Tls::WrongName, Tls::SelfSigned] {
        let registry = start(tls);
        let outcome = repos(&registry, false).arg("--insecure").run();
        let report = "exit 0\n--- stdout\ngrid/repo-000\n--- stderr\nwarning: the certificate of REGISTRY is not verified (--insecure)\n";
        assert_eq!(outcome.to_string(), report, "{tls:?}");
        assert_eq!(&*repos(&registry, false).words("--insecure -q").succeeds(), "grid/repo-000\n", "{tls:?}");
        assert_eq!(repos(&registry, false).env("RLS_INSECURE", "1").run().to_string(), report, "{tls:?}");
    }
}

#[test]
fn an_unusable_ca_file_is_fatal() {
    let registry = start(Tls::Issued);
    let with =
        |name: &str, text: &str| repos(&registry, false).with_file(name, text).args(["--ca-file", name]).fails(2);
    assert_snapshot!(with("empty.pem", ""), @"
    error: CA file empty.pem holds no certificate
    cause: it is empty
    ");
    assert_snapshot!(with("words.pem", "not a certificate\n"), @"
    error: CA file words.pem holds no certificate
    cause: it is not PEM: it has no BEGIN line
    ");
    assert_snapshot!(with("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), @"
    error: CA file broken.pem is damaged
    cause: section 1 is not an X.509 certificate
    ");
    let key = std::fs::read_to_string(registry.client_key_file()).expect("a readable file");
    assert_snapshot!(with("key.pem", &key), @"
    error: CA file key.pem holds no certificate
    cause: it holds a private key
    ");
    assert_snapshot!(repos(&registry, false).words("--ca-file nowhere.pem").fails(2), @"
    error: cannot read the CA file nowhere.pem
    cause: No such file or directory
    ");
    assert_eq!(registry.lines(), [""; 0]);
}

#[test]
fn an_aborted_handshake() {
    let silent = Server::talking(|mut stream| async move { drop(stream.read(&mut [0; 4096]).await) });
    let rls = Rls::new().naming(silent.host(), "REGISTRY").args(["repos", "-r", &silent.host()]);
    assert_snapshot!(rls.fails(11), @"
    error: TLS handshake with REGISTRY failed
    cause: the server closed the connection
    ");
}

#[test]
fn http2_and_http1_are_supported() {
    let registry = start(Tls::Issued);
    repos(&registry, true).succeeds();
    assert!(registry.requests()[0].http2);
    let old = with_seed(Registry::builder(), "1x1").tls(Tls::Issued).http1_only().start();
    repos(&old, true).succeeds();
    assert!(!old.requests()[0].http2);
}

#[test]
fn a_file_that_skips_verification_is_named_and_ignored() {
    let registry = start(Tls::Issued);
    let host = registry.host();
    for (path, text) in [
        (
            "system/etc/rancher/k3s/registries.yaml".to_owned(),
            format!("configs: {{'{host}': {{tls: {{insecure_skip_verify: true}}}}}}\n"),
        ),
        (format!("system/etc/containerd/certs.d/{host}/hosts.toml"), "skip_verify = true\n".to_owned()),
    ] {
        let rls = repos(&registry, false).with_file(&path, text);
        let name = format!("HOME/{}", path.replace(&host, "REGISTRY"));
        let outcome = rls.run();
        assert_eq!(outcome.code, Some(11), "{outcome}");
        assert!(
            outcome.stderr.contains(&format!("cause: {name} says to skip verification, which is ignored\n")),
            "{outcome}"
        );
        assert!(
            outcome.stderr.contains(&format!("; use --insecure to skip verification, as {name} asks\n")),
            "{outcome}"
        );
        assert_eq!(registry.lines(), [""; 0]);
    }
}
