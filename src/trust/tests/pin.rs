//! A server's own certificate among those that are trusted.

use rcgen::ExtendedKeyUsagePurpose;
use rustls::version::{TLS12, TLS13};

use super::*;

#[test]
fn a_self_signed_server_is_accepted_by_its_own_certificate() {
    for params in [self_signed_ca(HOST), names(&[HOST], HOST)] {
        let leaf = Authority::own_issuer(params);
        for version in [&TLS13, &TLS12] {
            let server = || leaf.serve(&[]).speaking(version);
            assert!(Client::new().configured(&[&leaf]).accepts(&server(), HOST), "configured");
            assert!(Client::new().system(&[&leaf]).accepts(&server(), HOST), "in the system's store");
            assert!(Client::new().configured(&[&Authority::root("X")]).system(&[&leaf]).accepts(&server(), HOST));
        }
    }
}

#[test]
fn a_predecessor_beside_the_pinned_certificate_does_no_harm() {
    for params in [self_signed_ca(HOST), names(&[HOST], HOST)] {
        let (old, new) = (Authority::own_issuer(params.clone()), Authority::own_issuer(params));
        assert!(Client::new().configured(&[&old, &new]).accepts(&new.serve(&[]), HOST));
        assert!(Client::new().system(&[&old]).configured(&[&new]).accepts(&new.serve(&[]), HOST));
        assert!(Client::new().system(&[&old, &new]).accepts(&new.serve(&[]), HOST));
        let refusal = Client::new().configured(&[&old]).refusal(&new.serve(&[]), HOST);
        assert!(matches!(refusal.fault, Tls::UnknownIssuer { self_signed: true, .. }));
        assert_eq!(
            refusal.cause,
            "self-signed by \"registry.corp\"; the configured certificate with that name is a different one"
        );
    }
}

#[test]
fn a_pinned_certificate_for_another_name_is_refused() {
    for params in [self_signed_ca(HOST), names(&[HOST], HOST)] {
        let leaf = Authority::own_issuer(params);
        for client in [Client::new().configured(&[&leaf]), Client::new().system(&[&leaf])] {
            let refusal = client.refusal(&leaf.serve(&[]), "other.corp");
            assert_eq!(refusal.fault, Tls::WrongName { names: vec![HOST.to_owned()] });
        }
    }
}

#[test]
fn a_pinned_certificate_outside_its_dates_is_refused() {
    for params in [self_signed_ca(HOST), names(&[HOST], HOST)] {
        let past = Authority::own_issuer(fixture::expired(params.clone()));
        let future = Authority::own_issuer(fixture::future(params));
        for place in [Client::configured, Client::system] {
            let refusal = place(Client::new(), &[&past]).refusal(&past.serve(&[]), HOST);
            assert_eq!(refusal.fault, Tls::Expired { not_after: "2020-01-01T00:00:00Z".to_owned(), issuer: None });
            let refusal = place(Client::new(), &[&future]).refusal(&future.serve(&[]), HOST);
            assert_eq!(refusal.fault, Tls::NotYetValid { not_before: "3019-01-01T00:00:00Z".to_owned() });
        }
    }
}

#[test]
fn a_pinned_certificate_for_clients_only_is_refused() {
    let mut params = self_signed_ca(HOST);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let leaf = Authority::own_issuer(params);
    let refusal = Client::new().configured(&[&leaf]).refusal(&leaf.serve(&[]), HOST);
    assert_eq!(refusal.fault, Tls::BadCertificate);
    assert_eq!(refusal.cause, "its extended key usage is not for servers: serverAuth is missing");
}

#[test]
fn a_pin_matches_the_bytes_and_not_the_key_or_the_name() {
    let leaf = Authority::own_issuer(self_signed_ca(HOST));
    // The same key and names in a certificate of another serial number.
    let twin = leaf.reissued();
    assert!(!Client::new().configured(&[&twin]).accepts(&leaf.serve(&[]), HOST));
}

#[test]
fn a_server_without_the_key_of_a_pinned_certificate_is_refused() {
    for host in [self_signed_ca(HOST), names(&[HOST], HOST)] {
        let leaf = Authority::own_issuer(host);
        let thief = Authority::root("Thief");
        for version in [&TLS13, &TLS12] {
            let server = Server::new(vec![leaf.der().clone()], thief.private_key()).speaking(version);
            for client in [Client::new().configured(&[&leaf]), Client::new().insecure()] {
                let refusal = client.refusal(&server, HOST);
                assert_eq!(refusal.fault, Tls::BadCertificate);
                assert_eq!(refusal.cause, "the server did not prove possession of its certificate's private key");
            }
        }
    }
}

#[test]
fn a_ca_used_as_a_server_under_a_trusted_root_is_refused_unless_pinned() {
    let root = Authority::root("Corp Root CA");
    let leaf = root.issue(self_signed_ca(HOST));
    let refusal = Client::new().configured(&[&root]).refusal(&leaf.serve(&[]), HOST);
    assert_eq!(refusal.fault, Tls::BadCertificate);
    assert!(refusal.cause.contains("CA:TRUE") && refusal.cause.contains("Corp Root CA"), "{}", refusal.cause);
    assert!(Client::new().configured(&[&leaf]).accepts(&leaf.serve(&[]), HOST));
}

#[test]
fn a_renewed_ca_beside_the_pinned_certificate_does_no_harm() {
    let (old, new) = (Authority::root("Corp Root CA"), Authority::root("Corp Root CA"));
    let leaf = old.issue(fixture::server(&[HOST]));
    assert!(Client::new().configured(&[&new, &leaf]).accepts(&leaf.serve(&[]), HOST));
    assert!(Client::new().system(&[&new, &leaf]).accepts(&leaf.serve(&[]), HOST));
}
