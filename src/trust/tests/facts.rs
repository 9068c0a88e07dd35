//! Explanations of dates, names and unusable certificates.

use rcgen::{ExtendedKeyUsagePurpose, SanType};

use super::*;

#[test]
fn an_expired_server_certificate_reports_its_expiry() {
    let root = Authority::root("Root");
    let leaf = root.issue(fixture::expired(fixture::server(&[HOST])));
    let refusal = Client::new().configured(&[&root]).refusal(&leaf.serve(&[]), HOST);
    assert_eq!(refusal.fault, Tls::Expired { not_after: "2020-01-01T00:00:00Z".to_owned(), issuer: None });
    assert_eq!(refusal.cause, "it expired at 2020-01-01T00:00:00Z");
}

#[test]
fn a_certificate_that_is_not_yet_valid_is_explained_with_the_clock() {
    let root = Authority::root("Root");
    let leaf = root.issue(fixture::future(fixture::server(&[HOST])));
    let refusal = Client::new().configured(&[&root]).refusal(&leaf.serve(&[]), HOST);
    assert_eq!(refusal.fault, Tls::NotYetValid { not_before: "3019-01-01T00:00:00Z".to_owned() });
    let (dates, clock) = refusal.cause.split_once(", and this machine's clock says ").expect("dates and the clock");
    assert_eq!(dates, "it is valid from 3019-01-01T00:00:00Z");
    let clock: jiff::Timestamp = clock.parse().expect("a time");
    assert!(jiff::Timestamp::now().duration_since(clock).abs().as_secs() < 3600, "{clock}");
}

#[test]
fn an_expired_intermediate_is_named_as_the_cause() {
    let root = Authority::root("Root");
    let intermediate = root.issue(fixture::expired(fixture::authority("R3")));
    let leaf = intermediate.issue(fixture::server(&[HOST]));
    let refusal = Client::new().configured(&[&root]).refusal(&leaf.serve(&[&intermediate]), HOST);
    assert_eq!(
        refusal.fault,
        Tls::Expired { not_after: "2020-01-01T00:00:00Z".to_owned(), issuer: Some("R3".to_owned()) }
    );
    assert_eq!(refusal.cause, "the certificate of its issuer \"R3\" expired at 2020-01-01T00:00:00Z");
}

#[test]
fn an_expired_configured_ca_is_not_trusted_and_is_the_cause() {
    let root = Authority::own_issuer(fixture::expired(fixture::authority("Old Root")));
    let leaf = root.issue(fixture::server(&[HOST]));
    let refusal = Client::new().configured(&[&root]).refusal(&leaf.serve(&[]), HOST);
    assert_eq!(
        refusal.fault,
        Tls::Expired { not_after: "2020-01-01T00:00:00Z".to_owned(), issuer: Some("Old Root".to_owned()) }
    );
    assert_eq!(refusal.cause, "issued by \"Old Root\", whose configured certificate expired at 2020-01-01T00:00:00Z");
}

#[test]
fn a_current_ca_beside_its_expired_self_is_used() {
    let root = Authority::root("Root");
    let leaf = root.issue(fixture::server(&[HOST]));
    let old = root.reissued_as(fixture::expired(fixture::authority("Root")));
    assert!(Client::new().configured(&[&old, &root]).accepts(&leaf.serve(&[]), HOST));
}

#[test]
fn validity_that_ends_before_it_begins_is_explained() {
    let mut params = fixture::server(&[HOST]);
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2019, 1, 1);
    let root = Authority::root("Root");
    let refusal = Client::new().configured(&[&root]).refusal(&root.issue(params).serve(&[]), HOST);
    assert_eq!(refusal.cause, "it expired at 2019-01-01T00:00:00Z");
}

fn name_refusal(params: rcgen::CertificateParams, host: &str) -> (Vec<String>, String) {
    let root = Authority::root("Root");
    let refusal = Client::new().configured(&[&root]).refusal(&root.issue(params).serve(&[]), host);
    let Tls::WrongName { names } = refusal.fault else { panic!("{:?}", refusal.fault) };
    (names, refusal.cause)
}

#[test]
fn a_certificate_for_other_names_lists_them() {
    let (names, cause) = name_refusal(fixture::server(&["a.corp", "*.b.corp", "10.0.0.1"]), HOST);
    assert_eq!(names, ["a.corp", "*.b.corp", "10.0.0.1"]);
    assert_eq!(cause, "names in the certificate: a.corp, *.b.corp, 10.0.0.1");
}

#[test]
fn a_long_list_of_names_is_cut_in_the_sentence_and_bounded_in_the_facts() {
    let all: Vec<_> = (0..500).map(|i| format!("h{i}.corp")).collect();
    let (names, cause) = name_refusal(fixture::server(&all.iter().map(String::as_str).collect::<Vec<_>>()), HOST);
    assert_eq!(names.len(), 64);
    assert_eq!(
        cause,
        "names in the certificate: h0.corp, h1.corp, h2.corp, h3.corp, h4.corp, h5.corp, h6.corp, \
                       h7.corp and 492 more"
    );
}

#[test]
fn a_common_name_alone_does_not_count() {
    let (none, cause) = name_refusal(names(&[], HOST), HOST);
    assert!(none.is_empty());
    assert_eq!(
        cause,
        "it has no subjectAltName, only CN=registry.corp, which clients ignore since RFC 2818 and RFC 6125"
    );
    let (none, cause) = name_refusal(fixture::server(&[]), HOST);
    assert!(none.is_empty());
    assert_eq!(cause, "it has no subjectAltName, and no other name");
}

#[test]
fn an_address_needs_to_be_in_the_certificate_as_an_address() {
    let (names, cause) = name_refusal(fixture::server(&[HOST]), "10.1.2.3");
    assert_eq!(names, [HOST]);
    assert_eq!(
        cause,
        "names in the certificate: registry.corp; an IP address must be in subjectAltName as an IP address"
    );

    let mut params = fixture::server(&[]);
    params.subject_alt_names = vec![SanType::DnsName("10.1.2.3".try_into().expect("ASCII"))];
    let (names, cause) = name_refusal(params, "10.1.2.3");
    assert_eq!(names, ["10.1.2.3"]);
    assert_eq!(cause, "10.1.2.3 is in subjectAltName as a DNS name; it must be there as an IP address");
}

#[test]
fn addresses_and_wildcards_match_where_they_should() {
    let root = Authority::root("Root");
    let server = root.issue(fixture::server(&["*.corp.example", "10.1.2.3", "fd00::1"])).serve(&[]);
    let client = Client::new().configured(&[&root]);
    for host in ["registry.corp.example", "10.1.2.3", "fd00::1"] {
        assert!(client.accepts(&server, host), "{host}");
    }
    for host in ["a.b.corp.example", "corp.example", "10.1.2.4"] {
        assert!(!client.accepts(&server, host), "{host}");
    }
    let (_, cause) = name_refusal(fixture::server(&["*.corp"]), HOST);
    assert_eq!(cause, "names in the certificate: *.corp; a wildcard for a whole top-level domain is not accepted");
}

#[test]
fn version_1_is_refused_with_what_to_issue_again() {
    let (certificate, key) = fixture::version_1();
    let client = Client::new();
    let ca = client.file("ca.pem", certificate_pem(&certificate));
    let client = Client { options: Options { ca_files: vec![ca], ..Options::default() }, ..client };
    let refusal = client.refusal(&Server::new(vec![certificate], key), HOST);
    assert_eq!(refusal.fault, Tls::BadCertificate);
    assert_eq!(refusal.cause, "it is an X.509 version 1 certificate, which has no subjectAltName");
}

#[test]
fn a_client_certificate_is_not_valid_for_a_server() {
    let root = Authority::root("Root");
    let mut params = fixture::server(&[HOST]);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let refusal = Client::new().configured(&[&root]).refusal(&root.issue(params).serve(&[]), HOST);
    assert_eq!(refusal.fault, Tls::BadCertificate);
    assert_eq!(refusal.cause, "its extended key usage is not for servers: serverAuth is missing");
}

#[test]
fn a_short_rsa_key_is_distinguished_from_a_bad_signature() {
    let client = Client::new();
    let ca = client.file("ca.pem", fixture::RSA_1024_CA);
    let client = Client { options: Options { ca_files: vec![ca], ..Options::default() }, ..client };
    let leaf = fixture::first_certificate(fixture::RSA_1024_LEAF);
    let refusal = client.refusal(&Server::new(vec![leaf], Authority::root("X").private_key()), HOST);
    assert_eq!(refusal.fault, Tls::BadCertificate);
    assert_eq!(refusal.cause, "the key of \"Weak Root\", RSA 1024, is too short: at least 2048 bits are required");
}

#[test]
fn a_violated_constraint_is_explained_in_words() {
    let mut params = fixture::authority("Root");
    let permitted = vec![rcgen::GeneralSubtree::DnsName("example.com".to_owned())];
    params.name_constraints =
        Some(rcgen::NameConstraints { permitted_subtrees: permitted, excluded_subtrees: Vec::new() });
    let root = Authority::own_issuer(params);
    let refusal = Client::new().configured(&[&root]).refusal(&root.issue(fixture::server(&[HOST])).serve(&[]), HOST);
    assert_eq!((refusal.fault, &*refusal.cause), (Tls::BadCertificate, "name constraint violation"));
}

#[test]
fn garbage_in_place_of_a_certificate_is_refused() {
    let server = Server::new(vec![vec![0x30, 3, 1, 2, 3].into()], Authority::root("X").private_key());
    let refusal = Client::new().refusal(&server, HOST);
    assert_eq!((refusal.fault, &*refusal.cause), (Tls::BadCertificate, "it is not a readable X.509 certificate"));
}

#[test]
fn hostile_names_stay_short() {
    let long = "\u{1b}]0;x\u{7}".repeat(1_000);
    let root = Authority::root(&long);
    let refusal = Client::new().refusal(&root.issue(names(&[HOST], &long)).serve(&[]), HOST);
    assert!(refusal.cause.chars().count() < 400, "{}", refusal.cause.len());
}
