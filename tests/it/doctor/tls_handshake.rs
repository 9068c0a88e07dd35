//! Handshakes that fail for another reason than the server's certificate.

use insta::assert_snapshot;
use registry_fixture::{Registry, Tls};
use test_support::{Authority, Rls, Server};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::tls::{against, serving, showing};
use super::{checks, findings};

#[test]
fn plain_http_on_the_port() {
    let registry = Registry::builder().start();
    let rls = Rls::at(&registry).env("RLS_REGISTRY", registry.host());
    assert_snapshot!(findings(rls), @r#"
    exit 11
     ✗ tls          plain HTTP on this port
         cause   got a plain HTTP response
         remedy  here, if plain HTTP is intended: --plain-http, or http://REGISTRY
                 for docker: "insecure-registries": ["REGISTRY"] in /etc/docker/daemon.json
                 or on the server: set REGISTRY_HTTP_TLS_CERTIFICATE=FILE and REGISTRY_HTTP_TLS_KEY=FILE
    "#);
}

#[test]
fn tls_on_a_port_addressed_as_http() {
    let registry = serving(Tls::Issued);
    let rls = Rls::at(&registry).env("RLS_REGISTRY", format!("http://{}", registry.host()));
    assert_snapshot!(findings(rls), @"
    exit 11
     ✗ http         TLS on this port
         cause   the port speaks TLS, and plain HTTP was requested
         remedy  remove --plain-http, RLS_PLAIN_HTTP or http://: rls doctor https://REGISTRY
    ");
}

#[test]
fn tls_on_a_port_addressed_as_http_with_a_tls_alert() {
    let root = Authority::root("Corp Root");
    let (leaf, key) = root.issue(&["127.0.0.1"]);
    let server = showing(&leaf, &key);
    let rls = against(&server, &root.pem()).env("RLS_REGISTRY", format!("http://{}", server.host()));
    assert_snapshot!(findings(rls), @"
    exit 11
     ✗ http         TLS on this port
         cause   the port speaks TLS, and plain HTTP was requested
         remedy  remove --plain-http, RLS_PLAIN_HTTP or http://: rls doctor https://REGISTRY
    ");
}

#[test]
fn a_client_certificate_is_required() {
    let registry = Registry::builder().tls(Tls::Issued).client_certificate_required().start();
    assert_snapshot!(findings(Rls::at(&registry)), @"
    exit 11
     ✗ tls          client certificate required
         server sends 1 certificate
           CN=localhost, for localhost, 127.0.0.1, ::1, 2020-01-01 to 2120-01-01
             sha256:…
             issued by CN=registry-fixture root CA: in REGISTRY-FILES/ca.pem
         cause   the server requires a client certificate issued by CN=registry-fixture client CA; no client certificate configured
         remedy  here: --client-cert FILE --client-key FILE, from the registry's administrator
                 or permanently: ~/.config/rls/certs.d/REGISTRY/client.cert and client.key
                 for docker: /etc/docker/certs.d/REGISTRY/client.cert and client.key
    ");
}

#[test]
fn a_wrong_client_certificate() {
    let registry = Registry::builder().tls(Tls::Issued).client_certificate_required().start();
    let (client, key) = Authority::root("Another CA").issue(&["client"]);
    let rls = Rls::at(&registry).with_file("client.pem", client).with_file("client.key", key);
    let (cert, key) = (rls.home().join("client.pem"), rls.home().join("client.key"));
    assert_snapshot!(findings(rls.env("RLS_CLIENT_CERT", cert).env("RLS_CLIENT_KEY", key)), @"
    exit 11
     ✗ tls          client certificate refused
         server sends 1 certificate
           CN=localhost, for localhost, 127.0.0.1, ::1, 2020-01-01 to 2120-01-01
             sha256:…
             issued by CN=registry-fixture root CA: in REGISTRY-FILES/ca.pem
         client certificate CN=the server (HOME/client.pem)
         cause   the client certificate CN=the server was issued by CN=Another CA; the server accepts those issued by CN=registry-fixture client CA
         remedy  replace HOME/client.pem with another client certificate, issued by CN=registry-fixture client CA
    ");
}

#[test]
fn a_valid_client_certificate() {
    let registry = Registry::builder().tls(Tls::Issued).client_certificate_required().start();
    let rls = Rls::at(&registry);
    let rls = rls.env("RLS_CLIENT_CERT", registry.client_cert_file()).env("RLS_CLIENT_KEY", registry.client_key_file());
    let (code, output) = checks(rls);
    assert_eq!(code, 0, "{output}");
}

/// Findings about a server that answers the first message of a handshake with these bytes.
fn findings_against(bytes: &'static [u8]) -> String {
    let server = Server::talking(move |mut stream| async move {
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(bytes).await;
        // The client closes the connection first.
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    });
    findings(Rls::new().naming(server.host(), "REGISTRY").env("RLS_REGISTRY", server.host()))
}

#[test]
fn tls_1_1_only() {
    // The alert protocol_version, as OpenSSL sends it.
    assert_snapshot!(findings_against(b"\x15\x03\x02\x00\x02\x02\x46"), @"
    exit 11
     ✗ tls          no TLS version in common
         cause   TLS 1.2 and 1.3 were offered; the server replied: protocol version
         remedy  on the server: enable TLS 1.2 or 1.3: REGISTRY_HTTP_TLS_MINIMUMTLS=tls1.2
                 if it is behind nginx: ssl_protocols TLSv1.2 TLSv1.3;
    ");
    // A ServerHello of TLS 1.1: no random, no session, TLS_RSA_WITH_AES_128_CBC_SHA.
    const HELLO: &[u8] = b"\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x02\
        \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x00\x00\x2f\x00";
    assert_snapshot!(findings_against(HELLO), @"
    exit 11
     ✗ tls          no TLS version in common
         cause   the server supports only TLS 1.1 or older
         remedy  on the server: enable TLS 1.2 or 1.3: REGISTRY_HTTP_TLS_MINIMUMTLS=tls1.2
                 if it is behind nginx: ssl_protocols TLSv1.2 TLSv1.3;
    ");
}

#[test]
fn neither_tls_nor_http() {
    assert_snapshot!(findings_against(b"SSH-2.0-OpenSSH_9.6\r\n"), @"
    exit 11
     ✗ tls          neither TLS nor HTTP
         cause   the port speaks neither TLS nor HTTP: another service listens there
         remedy  try another port, such as rls doctor 127.0.0.1:5000
    ");
}
