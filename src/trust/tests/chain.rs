//! What the server sends against what is trusted.

use super::*;

#[test]
fn every_ca_file_that_go_and_curl_accept_is_accepted() {
    let pki = Pki::new();
    let (root, intermediate, leaf) = (&pki.root, &pki.intermediate, &pki.leaf);
    let ca_files: [(&str, Vec<&Authority>); 7] = [
        ("root", vec![root]),
        ("chain.pem: intermediate", vec![intermediate]),
        ("intermediate and root", vec![intermediate, root]),
        ("root and intermediate", vec![root, intermediate]),
        ("fullchain.pem: leaf and intermediate", vec![leaf, intermediate]),
        ("leaf, intermediate and root", vec![leaf, intermediate, root]),
        ("cert.pem: leaf", vec![leaf]),
    ];
    for (name, configured) in ca_files {
        let client = Client::new().configured(&configured);
        assert!(client.accepts(&leaf.serve(&[intermediate]), HOST), "fullchain against {name}");
        assert!(client.accepts(&leaf.serve(&[intermediate, root]), HOST), "fullchain and root against {name}");
        let alone = client.accepts(&leaf.serve(&[]), HOST);
        assert_eq!(alone, name != "root", "cert.pem alone against {name}");
    }
}

#[test]
fn a_missing_chain_is_distinguished_from_an_unknown_issuer() {
    let pki = Pki::new();
    let refusal = Client::new().configured(&[&pki.root]).refusal(&pki.leaf.serve(&[]), HOST);
    let issuer = "R3 Corp Intermediate".to_owned();
    assert_eq!(refusal.fault, Tls::UnknownIssuer { issuer, roots: 1, self_signed: false, leaf_only: true });
    assert_eq!(
        refusal.cause,
        "issued by \"R3 Corp Intermediate\", which is neither sent by the server nor the configured certificate; \
         this system has no trusted CAs"
    );
    assert_eq!(refusal.chain.len(), 1);
    // What it sends besides does not replace what is between.
    for others in [&pki.leaf, &pki.root] {
        let refusal = Client::new().configured(&[&pki.root]).refusal(&pki.leaf.serve(&[others]), HOST);
        assert!(matches!(refusal.fault, Tls::UnknownIssuer { leaf_only: true, .. }), "{refusal:?}");
    }
}

#[test]
fn several_ca_files_add_to_the_system_roots() {
    let (a, b, c) = (Authority::root("A"), Authority::root("B"), Authority::root("C"));
    let client = Client::new().configured(&[&a]).configured(&[&b]).system(&[&c]);
    for authority in [&a, &b, &c] {
        assert!(client.accepts(&authority.issue(fixture::server(&[HOST])).serve(&[]), HOST));
    }
}

#[test]
fn a_system_root_accepts_a_chain_over_a_sent_intermediate() {
    let pki = Pki::new();
    let session = Client::new()
        .system(&[&pki.root])
        .connect(&pki.leaf.serve(&[&pki.intermediate]), HOST)
        .expect("the server is trusted");
    assert_eq!(session.protocol(), Some(&b"h2"[..]));
}

#[test]
fn an_unknown_issuer_is_named_with_what_was_searched() {
    let pki = Pki::new();
    let system: Vec<_> = (0..3).map(|i| Authority::root(&format!("System {i}"))).collect();
    let client = Client::new().system(&system.iter().collect::<Vec<_>>());
    let refusal = client.refusal(&pki.leaf.serve(&[&pki.intermediate]), HOST);
    let issuer = "Corp Root CA".to_owned();
    assert_eq!(refusal.fault, Tls::UnknownIssuer { issuer, roots: 3, self_signed: false, leaf_only: false });
    assert_eq!(refusal.cause, "issued by \"Corp Root CA\", which is not among the 3 trusted CAs of this system");
    assert_eq!(
        refusal.what("registry.corp:5000"),
        "certificate of registry.corp:5000 not trusted: unknown authority (x509)"
    );
    assert_eq!(refusal.chain.len(), 2);

    let (one, two) = (Authority::root("One"), Authority::root("Two"));
    let refusal = client.configured(&[&one, &two]).refusal(&pki.leaf.serve(&[&pki.intermediate]), HOST);
    assert_eq!(
        refusal.cause,
        "issued by \"Corp Root CA\", which is not among the 3 trusted CAs of this system and the 2 configured certificates"
    );
}

#[test]
fn a_system_without_roots_is_reported_without_an_error() {
    let pki = Pki::new();
    let refusal = Client::new().refusal(&pki.leaf.serve(&[&pki.intermediate]), HOST);
    assert_eq!(refusal.cause, "issued by \"Corp Root CA\", and this system has no trusted CAs");
}

#[test]
fn a_sent_root_that_is_not_trusted_is_self_signed() {
    let pki = Pki::new();
    let refusal = Client::new().system(&[&Authority::root("X")]).refusal(
        // Out of order, with an unrelated certificate among them: the path is followed by name.
        &pki.leaf.serve(&[&Authority::root("Unrelated CA"), &pki.root, &pki.intermediate]),
        HOST,
    );
    let issuer = "Corp Root CA".to_owned();
    assert_eq!(refusal.fault, Tls::UnknownIssuer { issuer, roots: 1, self_signed: true, leaf_only: false });
    assert_eq!(refusal.cause, "self-signed by \"Corp Root CA\", which is not the trusted CA of this system");
}

#[test]
fn a_self_signed_server_is_refused_as_such_with_and_without_ca_true() {
    for params in [self_signed_ca(HOST), names(&[HOST], HOST)] {
        let leaf = Authority::own_issuer(params);
        let refusal = Client::new().system(&[&Authority::root("X")]).refusal(&leaf.serve(&[]), HOST);
        let issuer = HOST.to_owned();
        assert_eq!(refusal.fault, Tls::UnknownIssuer { issuer, roots: 1, self_signed: true, leaf_only: false });
        assert_eq!(refusal.cause, "self-signed by \"registry.corp\", which is not the trusted CA of this system");
    }
}

#[test]
fn a_ca_renewed_under_its_old_name_is_recognised() {
    let (old, new) = (Authority::root("Corp Root CA"), Authority::root("Corp Root CA"));
    let server = new.issue(fixture::server(&[HOST])).serve(&[]);
    let refusal = Client::new().configured(&[&old]).refusal(&server, HOST);
    assert!(matches!(refusal.fault, Tls::UnknownIssuer { .. }));
    assert_eq!(
        refusal.cause,
        "issued by \"Corp Root CA\"; the configured certificate with that name is a different one"
    );
    let refusal = Client::new().system(&[&old]).refusal(&server, HOST);
    assert!(matches!(refusal.fault, Tls::UnknownIssuer { .. }));
    assert_eq!(refusal.cause, "issued by \"Corp Root CA\"; the trusted certificate with that name has a different key");
}

#[test]
fn a_certificate_that_is_not_a_ca_cannot_issue() {
    // A server's own certificate is configured; the owner of its key must not be able to issue with it.
    let own = Authority::own_issuer(names(&["other.corp"], "other.corp"));
    let server = own.issue(fixture::server(&[HOST])).serve(&[]);
    let refusal = Client::new().configured(&[&own]).refusal(&server, HOST);
    assert!(matches!(refusal.fault, Tls::UnknownIssuer { .. }));
    assert_eq!(
        refusal.cause,
        "issued by \"other.corp\"; the configured certificate with that name is not a CA's (CA:TRUE is missing)"
    );
    // The same one sent as an intermediate under a trusted root.
    let root = Authority::root("Root");
    let middle = root.issue(names(&["middle.corp"], "middle.corp"));
    let server = middle.issue(fixture::server(&[HOST])).serve(&[&middle]);
    let refusal = Client::new().configured(&[&root]).refusal(&server, HOST);
    assert_eq!(refusal.fault, Tls::BadCertificate);
    assert_eq!(refusal.cause, "its issuer \"middle.corp\" is not a CA (CA:TRUE is missing)");
}
