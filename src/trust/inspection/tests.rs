use tempfile::TempDir;

use super::*;
use crate::trust::fixture::{self, Authority};

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).expect("a writable folder");
        path
    }

    fn one(&self, name: &str, text: &str) -> Inspection {
        inspect(&[self.file(name, text)]).remove(0).expect("a readable file")
    }
}

fn names(paths: &[PathBuf]) -> Vec<&str> {
    paths.iter().map(|path| path.file_name().expect("a file name").to_str().expect("UTF-8")).collect()
}

fn named(names: &[&str], common_name: &str) -> rcgen::CertificateParams {
    let mut params = fixture::server(names);
    params.distinguished_name.push(rcgen::DnType::CommonName, common_name);
    params
}

#[test]
fn every_kind_of_file_is_identified() {
    let folder = Folder::new();
    let root = Authority::root("Root");
    let middle = root.intermediate("Middle");
    let leaf = middle.issue(named(&["reg.corp"], "reg.corp"));
    let own = Authority::own_issuer(named(&["reg.corp"], "reg.corp"));
    let mut guide = named(&["reg.corp"], "reg.corp");
    guide.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let mut client = named(&[], "ann");
    client.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    let client = root.issue(client);
    let (other, third) = (Authority::root("Other"), Authority::root("Third"));
    let all = |many: &[&Authority]| many.iter().map(|one| one.pem()).collect::<String>();
    for (text, kind) in [
        (leaf.pem(), PemKind::Leaf),
        (own.pem(), PemKind::SelfSigned),
        (Authority::own_issuer(named(&[], "old")).pem(), PemKind::SelfSigned),
        (Authority::own_issuer(guide).pem(), PemKind::SelfSigned),
        (all(&[&leaf, &middle]), PemKind::FullChain),
        (all(&[&leaf, &middle, &root]), PemKind::FullChain),
        (all(&[&middle, &root]), PemKind::Chain),
        (middle.pem(), PemKind::Chain),
        (root.pem(), PemKind::Root),
        (all(&[&root, &other, &third]), PemKind::Bundle),
        (client.pem(), PemKind::Client),
        (all(&[&client, &root]), PemKind::Client),
        (leaf.key_pem(), PemKind::Key),
        (leaf.pem() + &leaf.key_pem(), PemKind::WithKey),
        (leaf.key_pem() + &all(&[&leaf, &middle]), PemKind::WithKey),
        (String::new(), PemKind::Other),
        ("-----BEGIN CERTIFICATE REQUEST-----\nMA==\n-----END CERTIFICATE REQUEST-----\n".to_owned(), PemKind::Other),
    ] {
        let inspection = folder.one("x", &text);
        assert_eq!(inspection.kind, kind, "{text}");
        assert_eq!(inspection.faults, Vec::<String>::new(), "{kind:?}");
    }
    assert_eq!(
        folder.one("x", "-----BEGIN CERTIFICATE REQUEST-----\nMA==\n-----END CERTIFICATE REQUEST-----\n").others,
        ["a certificate signing request"]
    );
}

#[test]
fn files_are_related_to_each_other() {
    let folder = Folder::new();
    let root = Authority::root("Root");
    let middle = root.intermediate("Middle");
    let leaf = middle.issue(named(&["reg.corp"], "reg.corp"));
    let chain = middle.pem() + &root.pem();
    let paths = [
        folder.file("cert.pem", &leaf.pem()),
        folder.file("chain.pem", &chain),
        folder.file("fullchain.pem", &(leaf.pem() + &chain)),
        folder.file("privkey.pem", &leaf.key_pem()),
        folder.file("other.key", &root.key_pem()),
    ];
    let seen: Vec<Inspection> = inspect(&paths).into_iter().map(|seen| seen.expect("a readable file")).collect();
    let kinds: Vec<&str> = seen.iter().map(|one| one.kind.word()).collect();
    assert_eq!(kinds, ["leaf", "chain", "fullchain", "key", "key"]);
    assert!(seen.iter().all(|one| one.faults.is_empty()));
    assert_eq!(names(&seen[0].certificates[0].issuer_in), ["chain.pem", "fullchain.pem"]);
    assert_eq!(names(&seen[0].certificates[0].key_in), ["privkey.pem"]);
    assert_eq!(names(&seen[1].certificates[1].issuer_in), ["chain.pem", "fullchain.pem"]);
    assert_eq!(names(&seen[1].certificates[1].key_in), ["other.key"]);
    assert_eq!(names(&seen[3].keys[0].certificate_in), ["cert.pem", "fullchain.pem"]);
    assert_eq!(seen[3].keys[0].key, Some(Key::Ec("P-256".to_owned())));
    assert_eq!(names(&seen[4].keys[0].certificate_in), ["chain.pem", "fullchain.pem"]);
}

#[test]
fn an_unrelated_key_has_no_destination() {
    let folder = Folder::new();
    let (one, other) = (Authority::root("One"), Authority::root("Other"));
    let paths = [folder.file("cert.pem", &one.pem()), folder.file("privkey.pem", &other.key_pem())];
    let seen = inspect(&paths);
    assert!(seen[1].as_ref().expect("a readable file").keys[0].certificate_in.is_empty());
    assert!(seen[0].as_ref().expect("a readable file").certificates[0].key_in.is_empty());
}

#[test]
fn problems_are_reported() {
    let folder = Folder::new();
    let root = Authority::root("Root");
    let middle = root.intermediate("Middle");
    let leaf = middle.issue(named(&["reg.corp"], "reg.corp"));
    for (name, text, fault) in [
        ("x", middle.pem() + &leaf.pem(), "the server's certificate must come first"),
        (
            "x",
            leaf.pem() + &root.pem() + &middle.pem(),
            "its certificates are out of order: each must be issued by the next one",
        ),
        (
            "fullchain.pem",
            leaf.pem(),
            "certbot's fullchain.pem is the server's certificate with its chain (fullchain); this is the server's certificate without its chain (leaf)",
        ),
        (
            "chain.pem",
            leaf.pem() + &middle.pem(),
            "certbot's chain.pem is the CA's certificates without the server's (chain); this is the server's certificate with its chain (fullchain)",
        ),
        (
            "privkey.pem",
            leaf.pem(),
            "certbot's privkey.pem is a private key; this is the server's certificate without its chain (leaf)",
        ),
        ("x", root.pem() + "-----BEGIN CERTIFICATE-----\nxx", "section 2 (CERTIFICATE) has no END line"),
    ] {
        assert_eq!(folder.one(name, &text).faults, [fault]);
    }
}

#[test]
fn a_certificate_of_a_root_is_a_whole_chain() {
    let folder = Folder::new();
    let root = Authority::root("Root");
    let leaf = root.issue(named(&["reg.corp"], "reg.corp"));
    let paths = [folder.file("fullchain.pem", &leaf.pem()), folder.file("ca.pem", &root.pem())];
    let seen = inspect(&paths).remove(0).expect("a readable file");
    assert!(seen.certificates[0].is_issued_by_root && seen.faults.is_empty(), "{seen:?}");
    let chain = folder.file("chain.pem", &leaf.pem());
    assert!(!inspect(&[chain, paths[1].clone()])[0].as_ref().expect("a readable file").faults.is_empty());
}

#[test]
fn an_unreadable_file_does_not_affect_the_others() {
    let folder = Folder::new();
    let root = Authority::root("Root");
    let seen = inspect(&["/nowhere/x.pem".into(), folder.file("ca.pem", &root.pem())]);
    assert_eq!(seen[0].as_ref().expect_err("it cannot be read").what(), "cannot read /nowhere/x.pem");
    assert_eq!(seen[1].as_ref().expect("a readable file").kind, PemKind::Root);
}
