//! Handshakes besides the verdict on the certificate.

use rustls::version::{TLS12, TLS13};

use super::*;
use crate::trust::explain::explain;

#[test]
fn insecure_accepts_every_certificate_whose_key_signs() {
    let client = Client::new().insecure();
    let expired = Authority::own_issuer(fixture::expired(names(&["other.corp"], "other.corp")));
    let (certificate, key) = fixture::version_1();
    for version in [&TLS13, &TLS12] {
        assert!(client.accepts(&expired.serve(&[]).speaking(version), HOST));
        let version_1 = Server::new(vec![certificate.clone()], key.clone_key()).speaking(version);
        assert!(client.accepts(&version_1, HOST), "version 1");
        let thief = Server::new(vec![certificate.clone()], Authority::root("X").private_key()).speaking(version);
        assert!(!client.accepts(&thief, HOST), "version 1 without its key");
    }
}

#[test]
fn insecure_reads_no_roots() {
    let trust = Client::new().insecure().trust();
    let server = Authority::root("X").issue(fixture::server(&[HOST])).serve(&[]);
    connect(&trust, &server, HOST).expect("nothing is verified");
    assert!(!trust.roots_loaded());
}

#[test]
fn roots_are_read_at_the_first_handshake_that_needs_them() {
    let (private, public) = (Authority::root("Private"), Authority::root("Public"));
    let trust = Client::new().configured(&[&private]).system(&[&public]).trust();
    let config = trust.client_config(HOST, 443).expect("a configuration");
    assert!(!trust.roots_loaded(), "a configuration is not a handshake");
    answered(config, HOST, b"HTTP/1.1 400 Bad Request\r\n\r\n");
    assert!(!trust.roots_loaded(), "no certificate was seen");
    let server = private.issue(fixture::server(&[HOST])).serve(&[]);
    connect(&trust, &server, HOST).expect("a configured root");
    assert!(!trust.roots_loaded(), "what was configured suffices");
    let server = public.issue(fixture::server(&[HOST])).serve(&[]);
    connect(&trust.clone(), &server, HOST).expect("a root of the system");
    assert!(trust.roots_loaded(), "clones share the roots");
}

#[test]
fn plain_http_on_the_port_is_recognised() {
    let config = Client::new().trust().client_config(HOST, 443).expect("a configuration");
    let error = answered(config, HOST, b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\r\n");
    let refusal = explain(&error, "registry.corp:5000", false);
    assert_eq!(refusal.fault, Tls::PlainHttp);
    assert_eq!(refusal.what("registry.corp:5000"), "registry.corp:5000 speaks plain HTTP on this port, not TLS");
}

#[test]
fn an_older_protocol_version_is_recognised() {
    let config = || Client::new().trust().client_config(HOST, 443).expect("a configuration");
    // A fatal alert, protocol_version, in a TLS 1.0 record.
    let alert = answered(config(), HOST, &[0x15, 3, 1, 0, 2, 2, 70]);
    assert_eq!(explain(&alert, HOST, false).fault, Tls::Version);
    // A ServerHello of TLS 1.1.
    let mut hello = vec![0x16, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2];
    hello.extend([7; 32]);
    hello.extend([0, 0xC0, 0x13, 0]);
    let old = explain(&answered(config(), HOST, &hello), HOST, false);
    assert_eq!((old.fault, &*old.cause), (Tls::Version, "the server supports only TLS 1.1 or older"));
}

#[test]
fn a_required_client_certificate_is_sent_with_its_chain() {
    let pki = Pki::new();
    let clients = Authority::root("Clients");
    let (between, ann) = {
        let between = clients.intermediate("Between");
        let ann = between.issue(names(&[], "ann"));
        (between, ann)
    };
    for version in [&TLS13, &TLS12] {
        let server = pki.leaf.serve(&[&pki.intermediate]).demanding(&[&clients]).speaking(version);
        // The order in the file does not matter: the certificate of the key goes first.
        for order in [[&ann, &between], [&between, &ann]] {
            let client = Client::new().configured(&[&pki.root]).identity(&order, &ann);
            assert!(client.trust().offers_client_certificate(HOST, 443));
            let session = client.connect(&server, HOST).expect("the server is trusted");
            assert_eq!(
                session.shown().expect("a client certificate was sent"),
                [ann.der().clone(), between.der().clone()]
            );
        }
    }
}

#[test]
fn a_missing_client_certificate_is_distinguished_from_a_wrong_one() {
    let pki = Pki::new();
    let clients = Authority::root("Clients");
    let other = Authority::root("Unrelated CA").issue(names(&[], "eve"));
    for version in [&TLS13, &TLS12] {
        let server = pki.leaf.serve(&[&pki.intermediate]).demanding(&[&clients]).speaking(version);
        let refusal = Client::new().configured(&[&pki.root]).refusal(&server, HOST);
        assert_eq!(refusal.fault, Tls::ClientCertificate { offered: false });
        let refusal = Client::new().configured(&[&pki.root]).identity(&[&other], &other).refusal(&server, HOST);
        assert_eq!(refusal.fault, Tls::ClientCertificate { offered: true });
    }
}

#[test]
fn a_version_1_client_certificate_can_be_loaded() {
    let client = Client::new();
    let (certificate, _) = fixture::version_1();
    let cert = client.file("v1.cert", certificate_pem(&certificate));
    let key = client.file("v1.key", fixture::KEY_PEM);
    let options = Options { client_identity: Some(ClientIdentityFiles { cert, key }), ..Options::default() };
    Client { options, ..client }.load().expect("a client certificate");
}

#[test]
fn certificate_and_key_may_share_a_file() {
    let client = Client::new();
    let ann = Authority::root("ann");
    let both = client.file("client.pem", format!("{}{}", ann.key_pem(), ann.pem()));
    let files = ClientIdentityFiles { cert: both.clone(), key: both };
    let options = Options { client_identity: Some(files), ..Options::default() };
    Client { options, ..client }.load().expect("a client certificate");
}

#[test]
fn a_bare_refusal_after_asking_for_a_client_certificate_is_about_it() {
    // OpenSSL's servers say handshake_failure in TLS 1.2 when no certificate comes.
    let refused = [0x15, 3, 3, 0, 2, 2, 40];
    let (root, ann) = (Authority::root("Root"), Authority::root("ann"));
    let leaf = root.issue(fixture::server(&[HOST]));
    let fault = |client: Client, server: Server| {
        let trust = client.configured(&[&root]).trust();
        let server = server.speaking(&TLS12);
        let error = interrupted(trust.client_config(HOST, 443).expect("a configuration"), &server, HOST, &refused);
        trust.explain(&error, HOST, 443).fault
    };
    let demanding = || leaf.serve(&[]).demanding(&[&ann]);
    assert_eq!(fault(Client::new(), demanding()), Tls::ClientCertificate { offered: false });
    assert_eq!(fault(Client::new().identity(&[&ann], &ann), demanding()), Tls::ClientCertificate { offered: true });
    assert_eq!(fault(Client::new(), leaf.serve(&[])), Tls::Version);
}
