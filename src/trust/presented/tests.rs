use std::path::PathBuf;

use rustls::version::{TLS12, TLS13};
use tempfile::TempDir;
use tokio::io::duplex;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::trust::fixture::{self, Authority, Server};
use crate::trust::roots::SystemRoots;
use crate::trust::{ClientIdentityFiles, Options};

const HOST: &str = "registry.corp";
const LONG: Duration = Duration::from_secs(60);

fn trust(options: Options) -> Trust {
    Trust::with_roots(options, SystemRoots::from_source(Box::new(Vec::new))).expect("a trust configuration")
}

fn file(folder: &TempDir, name: &str, content: String) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, content).expect("a writable folder");
    path
}

/// What `server` presents, and everything that it was sent above TLS.
async fn present(trust: &Trust, server: &Server) -> (Result<PresentedChain>, Vec<u8>) {
    let (client, far) = duplex(1 << 16);
    let acceptor = TlsAcceptor::from(Arc::new(server.config()));
    let serve = async {
        let mut received = Vec::new();
        if let Ok(mut stream) = acceptor.accept(far).await {
            // Whatever ends it, what came before counts.
            let _ = stream.read_to_end(&mut received).await;
            let _ = stream.shutdown().await;
        }
        received
    };
    tokio::join!(trust.presented(client, HOST, 5000, LONG), serve)
}

#[tokio::test]
async fn an_untrusted_chain_is_presented_completely() {
    let root = Authority::root("Corp Root CA");
    let middle = root.intermediate("Corp Intermediate");
    let leaf = middle.issue(fixture::server(&[HOST]));
    let server = leaf.serve(&[&middle]);
    let (presented, received) = present(&trust(Options::default()), &server).await;
    let presented = presented.expect("a handshake");
    let sent: Vec<&CertificateDer<'_>> = presented.chain.iter().map(|sent| &sent.der).collect();
    assert_eq!(sent, [leaf.der(), middle.der()]);
    let names: Vec<String> = presented
        .chain
        .iter()
        .map(|sent| sent.certificate.as_ref().expect("a certificate").issuer.to_string())
        .collect();
    assert_eq!(names, ["Corp Intermediate", "Corp Root CA"]);
    let refusal = presented.trust.expect_err("it is not trusted");
    assert!(matches!(refusal.fault, Tls::UnknownIssuer { leaf_only: false, .. }), "{refusal:?}");
    let agreed = presented.agreed.expect("negotiated parameters");
    assert_eq!((agreed.version, agreed.protocol.as_deref()), ("TLS 1.3", Some("h2")));
    assert!(agreed.cipher_suite.starts_with("TLS_AES_"), "{}", agreed.cipher_suite);
    assert_eq!((presented.client_certificate, received), (None, Vec::new()));
}

#[tokio::test]
async fn a_trusted_chain_is_not_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = Authority::root("Corp Root CA");
    let server = root.issue(fixture::server(&[HOST])).serve(&[]).speaking(&TLS12);
    let ca_files = vec![file(&folder, "ca.pem", root.pem())];
    let (presented, _) = present(&trust(Options { ca_files, ..Options::default() }), &server).await;
    let presented = presented.expect("a handshake");
    assert_eq!(presented.trust, Ok(TrustSource::Authority(folder.path().join("ca.pem"))));
    assert_eq!(presented.agreed.expect("negotiated parameters").version, "TLS 1.2");
}

#[tokio::test]
async fn certificates_that_no_client_accepts_are_shown_too() {
    let expired = Authority::own_issuer(fixture::expired(fixture::server(&["other.corp"])));
    let (presented, _) = present(&trust(Options::default()), &expired.serve(&[])).await;
    assert!(matches!(presented.expect("a handshake").trust.expect_err("it is not trusted").fault, Tls::Expired { .. }));
    let (der, key) = fixture::version_1();
    let (presented, _) = present(&trust(Options::default()), &Server::new(vec![der.clone()], key)).await;
    let presented = presented.expect("a handshake");
    assert_eq!(presented.chain[0].der, der);
    assert_eq!(presented.trust.expect_err("it is not trusted").fault, Tls::BadCertificate);
    presented.agreed.expect("the handshake is complete");
}

#[tokio::test]
async fn a_client_certificate_request_is_recorded_with_its_outcome() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (wanted, other) = (Authority::root("Client CA"), Authority::root("Other CA"));
    let leaf = Authority::own_issuer(fixture::server(&[HOST]));
    let named = |name: &str| {
        let mut params = fixture::server(&[]);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params
    };
    let (client, wrong) = (wanted.issue(named("ann")), other.issue(named("bob")));
    for version in [&TLS12, &TLS13] {
        for (who, name, accepted) in
            [(None, None, false), (Some(&client), Some("ann"), true), (Some(&wrong), Some("bob"), false)]
        {
            let client_identity = who.map(|who| ClientIdentityFiles {
                cert: file(&folder, "client.cert", who.pem()),
                key: file(&folder, "client.key", who.key_pem()),
            });
            let server = leaf.serve(&[]).demanding(&[&wanted]).speaking(version);
            let (presented, _) = present(&trust(Options { client_identity, ..Options::default() }), &server).await;
            let presented = presented.expect("a handshake");
            assert_eq!(presented.chain[0].der, *leaf.der());
            let request = presented.client_certificate.expect("a request for a client certificate");
            assert_eq!(request.shown.map(|shown| shown.subject.to_string()).as_deref(), name);
            assert_eq!(request.authorities.iter().map(ToString::to_string).collect::<Vec<_>>(), ["Client CA"]);
            match presented.agreed {
                Ok(_) => assert!(accepted, "{version:?} {name:?}"),
                Err(rejection) => {
                    assert!(!accepted, "{version:?} {name:?}: {rejection:?}");
                    assert_eq!(rejection.fault, Tls::ClientCertificate { offered: who.is_some() });
                }
            }
        }
    }
}

/// The error when the far end answers with `bytes` and goes.
async fn answered(bytes: &[u8]) -> Error {
    let (client, mut far) = duplex(1 << 16);
    far.write_all(bytes).await.expect("an open connection");
    far.shutdown().await.expect("an open connection");
    trust(Options::default()).presented(client, HOST, 5000, LONG).await.expect_err("the handshake fails")
}

#[tokio::test]
async fn without_a_certificate_there_is_a_reason() {
    let plain = answered(b"HTTP/1.0 400 Bad Request\r\n\r\n").await;
    assert_eq!(plain.kind(), &Kind::Tls(Tls::PlainHttp));
    assert!(plain.what().contains("registry.corp:5000"), "{plain}");
    let closed = answered(b"").await;
    assert_eq!(closed.kind(), &Kind::Tls(Tls::Handshake));
    assert_eq!(closed.causes(), ["the server closed the connection"]);
    // The alert protocol_version, as a server sends that knows older versions only.
    let old = answered(&[21, 3, 1, 0, 2, 2, 70]).await;
    assert_eq!(old.kind(), &Kind::Tls(Tls::Version));
}

#[tokio::test]
async fn a_silent_server_times_out() {
    let (client, _far) = duplex(1 << 16);
    let limit = Duration::from_millis(20);
    let error = trust(Options::default()).presented(client, HOST, 5000, limit).await.expect_err("the handshake fails");
    assert_eq!(error.kind(), &Kind::Network(Network::HandshakeTimeout));
    assert_eq!(error.causes(), ["handshake not complete after 0.02 s"]);
}

#[tokio::test]
async fn an_invalid_name_is_a_distinct_error() {
    let (client, _far) = duplex(1 << 16);
    let error = trust(Options::default()).presented(client, "a b", 5000, LONG).await.expect_err("the handshake fails");
    assert_eq!(error.kind(), &Kind::Config);
}

#[tokio::test]
async fn an_ipv6_address_may_have_its_brackets() {
    let leaf = Authority::own_issuer(fixture::server(&["::1"]));
    for host in ["[::1]", "::1"] {
        let (client, far) = duplex(1 << 16);
        let acceptor = TlsAcceptor::from(Arc::new(leaf.serve(&[]).config()));
        let trust = trust(Options::default());
        let (presented, _) = tokio::join!(trust.presented(client, host, 5000, LONG), acceptor.accept(far));
        let refusal = presented.expect("a handshake").trust.expect_err("it is not trusted");
        assert!(matches!(refusal.fault, Tls::UnknownIssuer { self_signed: true, .. }), "{refusal:?}");
    }
}
