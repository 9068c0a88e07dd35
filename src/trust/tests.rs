//! Whole handshakes in memory: who is trusted, who is not, and why.

use std::fs;
use std::path::PathBuf;

use rcgen::{DnType, ExtendedKeyUsagePurpose, SanType};
use rustls::version::{TLS12, TLS13};
use tempfile::TempDir;

use super::fixture::{self, Authority, Server, Session, answered, handshake};
use super::*;
use crate::error::{Kind, Tls};

const HOST: &str = "registry.corp";

/// A trust with files in a folder of its own, on a system with the given roots.
struct Client {
    folder: TempDir,
    options: Options,
    roots: Vec<rustls::pki_types::CertificateDer<'static>>,
}

impl Client {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), options: Options::default(), roots: Vec::new() }
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// With a CA file that holds these certificates.
    fn given(mut self, certificates: &[&Authority]) -> Self {
        let text: String = certificates.iter().map(|one| one.pem()).collect();
        let path = self.file(&format!("ca-{}.pem", self.options.ca_files.len()), text);
        self.options.ca_files.push(path);
        self
    }

    fn system(mut self, certificates: &[&Authority]) -> Self {
        self.roots.extend(certificates.iter().map(|one| one.der().clone()));
        self
    }

    fn identity(mut self, certificates: &[&Authority], key: &Authority) -> Self {
        let text: String = certificates.iter().map(|one| one.pem()).collect();
        let files =
            ClientIdentityFiles { cert: self.file("client.cert", text), key: self.file("client.key", key.key_pem()) };
        self.options.client_identity = Some(files);
        self
    }

    fn insecure(mut self) -> Self {
        self.options.insecure = true;
        self
    }

    fn load(&self) -> Result<Trust> {
        let roots = self.roots.clone();
        Trust::with_roots(self.options.clone(), SystemRoots::from_source(Box::new(move || roots.clone())))
    }

    fn trust(&self) -> Trust {
        self.load().unwrap()
    }

    fn connect(&self, server: &Server, host: &str) -> Result<Session, Rejection> {
        connect(&self.trust(), server, host)
    }

    fn refusal(&self, server: &Server, host: &str) -> Rejection {
        self.connect(server, host).err().expect("the server must be refused")
    }

    fn accepts(&self, server: &Server, host: &str) -> bool {
        self.connect(server, host).is_ok()
    }
}

fn connect(trust: &Trust, server: &Server, host: &str) -> Result<Session, Rejection> {
    handshake(trust.client_config(host, 443).unwrap(), server, host)
        .map_err(|error| explain(&error, host, trust.has_client_identity()))
}

fn names(params_names: &[&str], common_name: &str) -> rcgen::CertificateParams {
    let mut params = fixture::server(params_names);
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}

/// What `openssl req -x509` makes, the certificate of most guides.
fn self_signed_ca(host: &str) -> rcgen::CertificateParams {
    let mut params = fixture::authority(host);
    params.subject_alt_names = vec![SanType::DnsName(host.try_into().unwrap())];
    params
}

struct Pki {
    root: Authority,
    intermediate: Authority,
    leaf: Authority,
}

impl Pki {
    fn new() -> Self {
        let root = Authority::root("Corp Root CA");
        let intermediate = root.intermediate("R3 Corp Intermediate");
        let leaf = intermediate.issue(fixture::server(&[HOST]));
        Self { root, intermediate, leaf }
    }
}

// --- what the server sends, what the CA file holds ---

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
    for (name, given) in ca_files {
        let client = Client::new().given(&given);
        assert!(client.accepts(&leaf.serve(&[intermediate]), HOST), "fullchain against {name}");
        assert!(client.accepts(&leaf.serve(&[intermediate, root]), HOST), "fullchain and root against {name}");
        let alone = client.accepts(&leaf.serve(&[]), HOST);
        assert_eq!(alone, name != "root", "cert.pem alone against {name}");
    }
}

#[test]
fn a_server_that_omits_its_chain_is_told_from_an_unknown_one() {
    let pki = Pki::new();
    let refusal = Client::new().given(&[&pki.root]).refusal(&pki.leaf.serve(&[]), HOST);
    let issuer = "R3 Corp Intermediate".to_owned();
    assert_eq!(refusal.fault, Tls::UnknownIssuer { issuer, roots: 1, self_signed: false, leaf_only: true });
    assert_eq!(
        refusal.cause,
        "issued by \"R3 Corp Intermediate\", which is neither sent by the server nor among the 1 certificate given; \
         this system has no roots"
    );
    assert_eq!(refusal.chain.len(), 1);
}

#[test]
fn several_ca_files_add_up_and_the_system_stays() {
    let (a, b, c) = (Authority::root("A"), Authority::root("B"), Authority::root("C"));
    let client = Client::new().given(&[&a]).given(&[&b]).system(&[&c]);
    for authority in [&a, &b, &c] {
        assert!(client.accepts(&authority.issue(fixture::server(&[HOST])).serve(&[]), HOST));
    }
}

#[test]
fn a_system_root_accepts_a_chain_over_a_sent_intermediate() {
    let pki = Pki::new();
    let session = Client::new().system(&[&pki.root]).connect(&pki.leaf.serve(&[&pki.intermediate]), HOST).unwrap();
    assert_eq!(session.protocol(), Some(&b"h2"[..]));
}

// --- unknown issuers ---

#[test]
fn an_unknown_issuer_is_named_with_what_was_searched() {
    let pki = Pki::new();
    let system: Vec<_> = (0..3).map(|i| Authority::root(&format!("System {i}"))).collect();
    let client = Client::new().system(&system.iter().collect::<Vec<_>>());
    let refusal = client.refusal(&pki.leaf.serve(&[&pki.intermediate]), HOST);
    let issuer = "Corp Root CA".to_owned();
    assert_eq!(refusal.fault, Tls::UnknownIssuer { issuer, roots: 3, self_signed: false, leaf_only: false });
    assert_eq!(refusal.cause, "issued by \"Corp Root CA\", which is not among the 3 roots of this system");
    assert_eq!(
        refusal.what("registry.corp:5000"),
        "the certificate of registry.corp:5000 is not trusted: unknown issuer"
    );
    assert_eq!(refusal.chain.len(), 2);

    let (one, two) = (Authority::root("One"), Authority::root("Two"));
    let refusal = client.given(&[&one, &two]).refusal(&pki.leaf.serve(&[&pki.intermediate]), HOST);
    assert_eq!(
        refusal.cause,
        "issued by \"Corp Root CA\", which is not among the 3 roots of this system and the 2 certificates given"
    );
}

#[test]
fn a_system_without_roots_is_no_error_and_is_mentioned() {
    let pki = Pki::new();
    let refusal = Client::new().refusal(&pki.leaf.serve(&[&pki.intermediate]), HOST);
    assert_eq!(refusal.cause, "issued by \"Corp Root CA\", and this system has no roots");
}

#[test]
fn a_sent_root_that_is_not_trusted_is_self_signed() {
    let pki = Pki::new();
    let refusal = Client::new().system(&[&Authority::root("X")]).refusal(
        // Out of order, with a stranger among them: the path is followed by name.
        &pki.leaf.serve(&[&Authority::root("Stranger"), &pki.root, &pki.intermediate]),
        HOST,
    );
    let issuer = "Corp Root CA".to_owned();
    assert_eq!(refusal.fault, Tls::UnknownIssuer { issuer, roots: 1, self_signed: true, leaf_only: false });
    assert_eq!(refusal.cause, "signed by itself, \"Corp Root CA\", which is not among the 1 root of this system");
}

#[test]
fn a_self_signed_server_is_refused_as_such_with_and_without_ca_true() {
    for params in [self_signed_ca(HOST), names(&[HOST], HOST)] {
        let leaf = Authority::own_issuer(params);
        let refusal = Client::new().system(&[&Authority::root("X")]).refusal(&leaf.serve(&[]), HOST);
        let issuer = HOST.to_owned();
        assert_eq!(refusal.fault, Tls::UnknownIssuer { issuer, roots: 1, self_signed: true, leaf_only: false });
        assert_eq!(refusal.cause, "signed by itself, \"registry.corp\", which is not among the 1 root of this system");
    }
}

#[test]
fn a_ca_renewed_under_its_old_name_is_recognised() {
    let (old, new) = (Authority::root("Corp Root CA"), Authority::root("Corp Root CA"));
    let server = new.issue(fixture::server(&[HOST])).serve(&[]);
    let refusal = Client::new().given(&[&old]).refusal(&server, HOST);
    assert!(matches!(refusal.fault, Tls::UnknownIssuer { .. }));
    assert_eq!(refusal.cause, "issued by \"Corp Root CA\"; the certificate of that name that was given is another one");
    let refusal = Client::new().system(&[&old]).refusal(&server, HOST);
    assert!(matches!(refusal.fault, Tls::UnknownIssuer { .. }));
    assert_eq!(refusal.cause, "issued by \"Corp Root CA\"; the trusted certificate of that name has another key");
}

#[test]
fn a_certificate_that_is_no_ca_vouches_for_nobody() {
    // A server's own certificate is given; whoever has its key must not be able to issue with it.
    let own = Authority::own_issuer(names(&["other.corp"], "other.corp"));
    let server = own.issue(fixture::server(&[HOST])).serve(&[]);
    let refusal = Client::new().given(&[&own]).refusal(&server, HOST);
    assert!(matches!(refusal.fault, Tls::UnknownIssuer { .. }));
    assert_eq!(
        refusal.cause,
        "issued by \"other.corp\"; the certificate of that name that was given is no CA's (it lacks CA:TRUE)"
    );
    // The same one sent as an intermediate under a trusted root.
    let root = Authority::root("Root");
    let middle = root.issue(names(&["middle.corp"], "middle.corp"));
    let server = middle.issue(fixture::server(&[HOST])).serve(&[&middle]);
    let refusal = Client::new().given(&[&root]).refusal(&server, HOST);
    assert_eq!(refusal.fault, Tls::BadCertificate);
    assert_eq!(refusal.cause, "\"middle.corp\", which issued it, is no CA (it lacks CA:TRUE)");
}

// --- the pin ---

#[test]
fn a_self_signed_server_is_accepted_by_its_own_certificate() {
    for params in [self_signed_ca(HOST), names(&[HOST], HOST)] {
        let leaf = Authority::own_issuer(params);
        for version in [&TLS13, &TLS12] {
            let server = || leaf.serve(&[]).speaking(version);
            assert!(Client::new().given(&[&leaf]).accepts(&server(), HOST), "given");
            assert!(Client::new().system(&[&leaf]).accepts(&server(), HOST), "in the system's store");
            assert!(Client::new().given(&[&Authority::root("X")]).system(&[&leaf]).accepts(&server(), HOST));
        }
    }
}

#[test]
fn a_predecessor_beside_the_pinned_certificate_does_no_harm() {
    for params in [self_signed_ca(HOST), names(&[HOST], HOST)] {
        let (old, new) = (Authority::own_issuer(params.clone()), Authority::own_issuer(params));
        assert!(Client::new().given(&[&old, &new]).accepts(&new.serve(&[]), HOST));
        assert!(Client::new().system(&[&old]).given(&[&new]).accepts(&new.serve(&[]), HOST));
        assert!(Client::new().system(&[&old, &new]).accepts(&new.serve(&[]), HOST));
        let refusal = Client::new().given(&[&old]).refusal(&new.serve(&[]), HOST);
        assert!(matches!(refusal.fault, Tls::UnknownIssuer { self_signed: true, .. }));
        assert_eq!(
            refusal.cause,
            "signed by itself, \"registry.corp\"; the certificate of that name that was given is another one"
        );
    }
}

#[test]
fn a_pinned_certificate_for_another_name_is_refused() {
    for params in [self_signed_ca(HOST), names(&[HOST], HOST)] {
        let leaf = Authority::own_issuer(params);
        for client in [Client::new().given(&[&leaf]), Client::new().system(&[&leaf])] {
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
        for place in [Client::given, Client::system] {
            let refusal = place(Client::new(), &[&past]).refusal(&past.serve(&[]), HOST);
            assert_eq!(refusal.fault, Tls::Expired { not_after: "2020-01-01T00:00:00Z".to_owned() });
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
    let refusal = Client::new().given(&[&leaf]).refusal(&leaf.serve(&[]), HOST);
    assert_eq!(refusal.fault, Tls::BadCertificate);
    assert_eq!(refusal.cause, "its extended key usage is not for servers: serverAuth is missing");
}

#[test]
fn a_pin_is_of_the_bytes_not_of_the_key_or_the_name() {
    let leaf = Authority::own_issuer(self_signed_ca(HOST));
    // The same key and names in a certificate of another serial number.
    let twin = leaf.reissued();
    assert!(!Client::new().given(&[&twin]).accepts(&leaf.serve(&[]), HOST));
}

#[test]
fn a_server_without_the_key_of_a_pinned_certificate_is_refused() {
    for host in [self_signed_ca(HOST), names(&[HOST], HOST)] {
        let leaf = Authority::own_issuer(host);
        let thief = Authority::root("Thief");
        for version in [&TLS13, &TLS12] {
            let server = Server::new(vec![leaf.der().clone()], thief.private_key()).speaking(version);
            for client in [Client::new().given(&[&leaf]), Client::new().insecure()] {
                let refusal = client.refusal(&server, HOST);
                assert_eq!(refusal.fault, Tls::BadCertificate);
                assert_eq!(refusal.cause, "the server did not prove that it has the private key of its certificate");
            }
        }
    }
}

#[test]
fn a_ca_used_as_a_server_under_a_trusted_root_is_refused_unless_pinned() {
    let root = Authority::root("Corp Root CA");
    let leaf = root.issue(self_signed_ca(HOST));
    let refusal = Client::new().given(&[&root]).refusal(&leaf.serve(&[]), HOST);
    assert_eq!(refusal.fault, Tls::BadCertificate);
    assert!(refusal.cause.contains("CA:TRUE") && refusal.cause.contains("Corp Root CA"), "{}", refusal.cause);
    assert!(Client::new().given(&[&leaf]).accepts(&leaf.serve(&[]), HOST));
}

// --- dates ---

#[test]
fn an_expired_server_certificate_says_since_when() {
    let root = Authority::root("Root");
    let leaf = root.issue(fixture::expired(fixture::server(&[HOST])));
    let refusal = Client::new().given(&[&root]).refusal(&leaf.serve(&[]), HOST);
    assert_eq!(refusal.fault, Tls::Expired { not_after: "2020-01-01T00:00:00Z".to_owned() });
    assert_eq!(refusal.cause, "it was valid until 2020-01-01T00:00:00Z");
}

#[test]
fn a_certificate_of_the_future_says_from_when_and_what_time_it_is_here() {
    let root = Authority::root("Root");
    let leaf = root.issue(fixture::future(fixture::server(&[HOST])));
    let refusal = Client::new().given(&[&root]).refusal(&leaf.serve(&[]), HOST);
    assert_eq!(refusal.fault, Tls::NotYetValid { not_before: "3019-01-01T00:00:00Z".to_owned() });
    let (dates, clock) = refusal.cause.split_once(" on, and this machine's clock says ").unwrap();
    assert_eq!(dates, "it is valid from 3019-01-01T00:00:00Z");
    assert!(clock.parse::<jiff::Timestamp>().is_ok(), "{clock}");
}

#[test]
fn an_expired_intermediate_is_the_one_that_is_blamed() {
    let root = Authority::root("Root");
    let intermediate = root.issue(fixture::expired(fixture::authority("R3")));
    let leaf = intermediate.issue(fixture::server(&[HOST]));
    let refusal = Client::new().given(&[&root]).refusal(&leaf.serve(&[&intermediate]), HOST);
    assert_eq!(refusal.fault, Tls::Expired { not_after: "2020-01-01T00:00:00Z".to_owned() });
    assert_eq!(refusal.cause, "the certificate of its issuer \"R3\" was valid until 2020-01-01T00:00:00Z");
}

#[test]
fn an_expired_ca_that_was_given_does_not_count_and_is_blamed() {
    let root = Authority::own_issuer(fixture::expired(fixture::authority("Old Root")));
    let leaf = root.issue(fixture::server(&[HOST]));
    let refusal = Client::new().given(&[&root]).refusal(&leaf.serve(&[]), HOST);
    assert_eq!(refusal.fault, Tls::Expired { not_after: "2020-01-01T00:00:00Z".to_owned() });
    assert_eq!(
        refusal.cause,
        "issued by \"Old Root\", whose certificate among those given was valid until 2020-01-01T00:00:00Z"
    );
}

#[test]
fn a_current_ca_beside_its_expired_self_is_used() {
    let root = Authority::root("Root");
    let leaf = root.issue(fixture::server(&[HOST]));
    let old = root.reissued_as(fixture::expired(fixture::authority("Root")));
    assert!(Client::new().given(&[&old, &root]).accepts(&leaf.serve(&[]), HOST));
}

#[test]
fn validity_that_ends_before_it_begins_is_said_to() {
    let mut params = fixture::server(&[HOST]);
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2019, 1, 1);
    let root = Authority::root("Root");
    let refusal = Client::new().given(&[&root]).refusal(&root.issue(params).serve(&[]), HOST);
    assert_eq!(refusal.cause, "it was valid until 2019-01-01T00:00:00Z");
}

// --- names ---

fn name_refusal(params: rcgen::CertificateParams, host: &str) -> (Vec<String>, String) {
    let root = Authority::root("Root");
    let refusal = Client::new().given(&[&root]).refusal(&root.issue(params).serve(&[]), host);
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
        "it has no subjectAltName, only CN=registry.corp, which clients ignore since RFC 2818 and RFC 6125; \
         it must be issued again with one"
    );
    let (none, cause) = name_refusal(fixture::server(&[]), HOST);
    assert!(none.is_empty());
    assert_eq!(cause, "it has no subjectAltName, and no other name; it must be issued again with one");
}

#[test]
fn an_address_needs_to_be_in_the_certificate_as_an_address() {
    let (names, cause) = name_refusal(fixture::server(&[HOST]), "10.1.2.3");
    assert_eq!(names, [HOST]);
    assert_eq!(cause, "names in the certificate: registry.corp; an IP address must be among them as such");

    let mut params = fixture::server(&[]);
    params.subject_alt_names = vec![SanType::DnsName("10.1.2.3".try_into().unwrap())];
    let (names, cause) = name_refusal(params, "10.1.2.3");
    assert_eq!(names, ["10.1.2.3"]);
    assert_eq!(cause, "10.1.2.3 is in it as a DNS name; subjectAltName must have it as an IP address");
}

#[test]
fn addresses_and_wildcards_match_where_they_should() {
    let root = Authority::root("Root");
    let server = root.issue(fixture::server(&["*.corp.example", "10.1.2.3", "fd00::1"])).serve(&[]);
    let client = Client::new().given(&[&root]);
    for host in ["registry.corp.example", "10.1.2.3", "fd00::1"] {
        assert!(client.accepts(&server, host), "{host}");
    }
    for host in ["a.b.corp.example", "corp.example", "10.1.2.4"] {
        assert!(!client.accepts(&server, host), "{host}");
    }
    let (_, cause) = name_refusal(fixture::server(&["*.corp"]), HOST);
    assert_eq!(cause, "names in the certificate: *.corp; a wildcard for a whole top-level domain is not accepted");
}

// --- certificates that cannot be used ---

#[test]
fn version_1_is_refused_with_what_to_issue_again() {
    let (certificate, key) = fixture::version_1();
    let client = Client::new();
    let ca = client.file("ca.pem", certificate_pem(&certificate));
    let client = Client { options: Options { ca_files: vec![ca], ..Options::default() }, ..client };
    let refusal = client.refusal(&Server::new(vec![certificate], key), HOST);
    assert_eq!(refusal.fault, Tls::BadCertificate);
    assert_eq!(
        refusal.cause,
        "it is an X.509 version 1 certificate, which has no subjectAltName; it must be issued again as version 3"
    );
}

fn certificate_pem(der: &[u8]) -> String {
    use base64::Engine;
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
}

#[test]
fn a_certificate_for_clients_is_no_servers() {
    let root = Authority::root("Root");
    let mut params = fixture::server(&[HOST]);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let refusal = Client::new().given(&[&root]).refusal(&root.issue(params).serve(&[]), HOST);
    assert_eq!(refusal.fault, Tls::BadCertificate);
    assert_eq!(refusal.cause, "its extended key usage is not for servers: serverAuth is missing");
}

#[test]
fn a_signature_by_a_short_rsa_key_is_told_from_a_wrong_one() {
    let client = Client::new();
    let ca = client.file("ca.pem", fixture::RSA_1024_CA);
    let client = Client { options: Options { ca_files: vec![ca], ..Options::default() }, ..client };
    let leaf = fixture::first_certificate(fixture::RSA_1024_LEAF);
    let refusal = client.refusal(&Server::new(vec![leaf], Authority::root("X").private_key()), HOST);
    assert_eq!(refusal.fault, Tls::BadCertificate);
    assert_eq!(
        refusal.cause,
        "the key of \"Weak Root\", RSA 1024, is too short to be accepted: 2048 bits are the least"
    );
}

#[test]
fn a_violated_constraint_is_told_in_words() {
    let mut params = fixture::authority("Root");
    let permitted = vec![rcgen::GeneralSubtree::DnsName("example.com".to_owned())];
    params.name_constraints =
        Some(rcgen::NameConstraints { permitted_subtrees: permitted, excluded_subtrees: Vec::new() });
    let root = Authority::own_issuer(params);
    let refusal = Client::new().given(&[&root]).refusal(&root.issue(fixture::server(&[HOST])).serve(&[]), HOST);
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

// --- insecure ---

#[test]
fn insecure_accepts_every_certificate_whose_key_signs() {
    let client = Client::new().insecure();
    assert!(client.trust().is_insecure());
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
    assert!(connect(&trust, &server, HOST).is_ok());
    assert!(!trust.roots_loaded());
}

// --- the system's roots are read late ---

#[test]
fn roots_are_read_at_the_first_handshake_that_needs_them() {
    let (private, public) = (Authority::root("Private"), Authority::root("Public"));
    let trust = Client::new().given(&[&private]).system(&[&public]).trust();
    let config = trust.client_config(HOST, 443).unwrap();
    assert!(!trust.roots_loaded(), "a configuration is not a handshake");
    answered(config, HOST, b"HTTP/1.1 400 Bad Request\r\n\r\n");
    assert!(!trust.roots_loaded(), "no certificate was seen");
    let server = private.issue(fixture::server(&[HOST])).serve(&[]);
    assert!(connect(&trust, &server, HOST).is_ok());
    assert!(!trust.roots_loaded(), "what was given suffices");
    let server = public.issue(fixture::server(&[HOST])).serve(&[]);
    assert!(connect(&trust.clone(), &server, HOST).is_ok());
    assert!(trust.roots_loaded(), "clones share the roots");
}

// --- handshakes that fail before or after the certificate ---

#[test]
fn plain_http_on_the_port_is_recognised() {
    let config = Client::new().trust().client_config(HOST, 443).unwrap();
    let error = answered(config, HOST, b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\r\n");
    let refusal = explain(&error, "registry.corp:5000", false);
    assert_eq!(refusal.fault, Tls::PlainHttp);
    assert_eq!(refusal.what("registry.corp:5000"), "registry.corp:5000 speaks plain HTTP on this port, not TLS");
}

#[test]
fn an_older_protocol_version_is_recognised() {
    let config = || Client::new().trust().client_config(HOST, 443).unwrap();
    // A fatal alert, protocol_version, in a TLS 1.0 record.
    let alert = answered(config(), HOST, &[0x15, 3, 1, 0, 2, 2, 70]);
    assert_eq!(explain(&alert, HOST, false).fault, Tls::Version);
    // A ServerHello of TLS 1.1.
    let mut hello = vec![0x16, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2];
    hello.extend([7; 32]);
    hello.extend([0, 0xC0, 0x13, 0]);
    let old = explain(&answered(config(), HOST, &hello), HOST, false);
    assert_eq!((old.fault, &*old.cause), (Tls::Version, "the server speaks only TLS 1.1 or older"));
}

#[test]
fn a_demanded_client_certificate_is_shown_with_its_chain() {
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
            let client = Client::new().given(&[&pki.root]).identity(&order, &ann);
            assert!(client.trust().has_client_identity());
            let session = client.connect(&server, HOST).unwrap();
            assert_eq!(session.shown().unwrap(), [ann.der().clone(), between.der().clone()]);
        }
    }
}

#[test]
fn a_demanded_client_certificate_that_is_absent_or_wrong_is_told_apart() {
    let pki = Pki::new();
    let clients = Authority::root("Clients");
    let stranger = Authority::root("Strangers").issue(names(&[], "eve"));
    for version in [&TLS13, &TLS12] {
        let server = pki.leaf.serve(&[&pki.intermediate]).demanding(&[&clients]).speaking(version);
        let refusal = Client::new().given(&[&pki.root]).refusal(&server, HOST);
        assert_eq!(refusal.fault, Tls::ClientCertificate { offered: false });
        let refusal = Client::new().given(&[&pki.root]).identity(&[&stranger], &stranger).refusal(&server, HOST);
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
    assert!(Client { options, ..client }.load().is_ok());
}

#[test]
fn certificate_and_key_may_share_a_file() {
    let client = Client::new();
    let ann = Authority::root("ann");
    let both = client.file("client.pem", format!("{}{}", ann.key_pem(), ann.pem()));
    let files = ClientIdentityFiles { cert: both.clone(), key: both };
    let options = Options { client_identity: Some(files), ..Options::default() };
    assert!(Client { options, ..client }.load().is_ok());
}

// --- files that cannot be used ---

fn ca_error(content: Option<&[u8]>) -> Error {
    let client = Client::new();
    let path = client.folder.path().join("ca.pem");
    if let Some(content) = content {
        fs::write(&path, content).unwrap();
    }
    let error = Client { options: Options { ca_files: vec![path.clone()], ..Options::default() }, ..client }
        .load()
        .unwrap_err();
    assert_eq!(*error.kind(), Kind::Config);
    assert!(error.what().contains(&*path.to_string_lossy()), "{}", error.what());
    error
}

#[test]
fn a_ca_file_that_cannot_be_used_is_an_error_with_its_reason() {
    let root = Authority::root("Root");
    let missing = ca_error(None);
    assert!(missing.what().starts_with("cannot read the CA file "));
    assert!(missing.causes()[0].contains("No such file"), "{missing}");

    let key = ca_error(Some(root.key_pem().as_bytes()));
    assert!(key.what().ends_with("holds no certificate"));
    assert_eq!(key.causes(), ["it holds a private key"]);

    let der = ca_error(Some(root.der()));
    assert_eq!(der.causes(), ["it is in binary form (DER or PKCS #12), not PEM"]);

    let damaged = ca_error(Some(format!("{}{}", root.pem(), root.pem().replace("-----END", "")).as_bytes()));
    assert!(damaged.what().ends_with("is damaged"));
    assert_eq!(damaged.causes(), ["section 2 (CERTIFICATE) has no END line"]);
}

#[test]
fn a_folder_in_place_of_a_ca_file_is_an_error() {
    let client = Client::new();
    let options = Options { ca_files: vec![client.folder.path().to_owned()], ..Options::default() };
    let error = Client { options, ..client }.load().unwrap_err();
    assert_eq!(*error.kind(), Kind::Config);
}

fn identity_error(cert: &str, key: &str) -> Error {
    let client = Client::new();
    let files = ClientIdentityFiles { cert: client.file("c.pem", cert), key: client.file("k.pem", key) };
    let error = Client { options: Options { client_identity: Some(files), ..Options::default() }, ..client }
        .load()
        .unwrap_err();
    assert_eq!(*error.kind(), Kind::Config);
    error
}

#[test]
fn a_client_identity_that_cannot_be_used_is_an_error_with_its_reason() {
    let (ann, bob) = (Authority::own_issuer(names(&[], "ann")), Authority::root("bob"));

    let foreign = identity_error(&ann.pem(), &bob.key_pem());
    assert!(foreign.what().contains("k.pem does not belong to client certificate "), "{foreign}");
    assert_eq!(foreign.causes(), ["the public key of \"ann\" is another one"]);

    let swapped = identity_error(&ann.key_pem(), &ann.pem());
    assert!(swapped.what().ends_with("c.pem holds no usable client certificate"), "{swapped}");
    assert_eq!(swapped.causes(), ["it holds a private key"]);

    let no_key = identity_error(&ann.pem(), &ann.pem());
    assert!(no_key.what().ends_with("k.pem holds no usable client key"), "{no_key}");
    assert_eq!(no_key.causes(), ["it holds a certificate"]);

    let encrypted = ann.key_pem().replace("PRIVATE", "ENCRYPTED PRIVATE");
    assert_eq!(identity_error(&ann.pem(), &encrypted).causes(), ["it holds an encrypted private key"]);

    let unsupported = identity_error(&ann.pem(), "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n");
    assert_eq!(unsupported.causes()[0], "it is neither RSA of 2048 bits or more, ECDSA P-256 or P-384, nor Ed25519");
}

#[test]
fn no_secret_is_in_the_debug_text() {
    let ann = Authority::root("ann");
    let shown = format!("{:?}", Client::new().identity(&[&ann], &ann).trust());
    let secret = ann.key_pem().lines().nth(1).unwrap().to_owned();
    assert!(!shown.contains(&secret) && shown.contains("ann"));
}

#[test]
fn the_cryptography_can_be_installed_twice() {
    install_crypto();
    install_crypto();
    assert!(rustls::crypto::CryptoProvider::get_default().is_some());
}
