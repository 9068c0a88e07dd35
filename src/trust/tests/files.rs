//! Files that the user names.

use super::*;

fn ca_error(content: Option<&[u8]>) -> Error {
    let client = Client::new();
    let path = client.folder.path().join("ca.pem");
    if let Some(content) = content {
        fs::write(&path, content).expect("a writable folder");
    }
    let error = Client { options: Options { ca_files: vec![path.clone()], ..Options::default() }, ..client }
        .load()
        .expect_err("it cannot be used");
    assert_eq!(*error.kind(), Kind::Config);
    assert!(error.what().contains(&*path.to_string_lossy()), "{}", error.what());
    error
}

#[test]
fn an_unusable_ca_file_is_an_error_with_its_reason() {
    let root = Authority::root("Root");
    let missing = ca_error(None);
    assert!(missing.what().starts_with("cannot read the CA file "));
    assert!(missing.causes()[0].contains("No such file"), "{missing}");

    let key = ca_error(Some(root.key_pem().as_bytes()));
    assert!(key.what().ends_with("holds no certificate"));
    assert_eq!(key.causes(), ["it holds a private key"]);

    let der = ca_error(Some(root.der()));
    assert_eq!(der.causes(), ["it is a certificate in DER, not PEM"]);

    let damaged = ca_error(Some(format!("{}{}", root.pem(), root.pem().replace("-----END", "")).as_bytes()));
    assert!(damaged.what().ends_with("is damaged"));
    assert_eq!(damaged.causes(), ["section 2 (CERTIFICATE) has no END line"]);
}

#[test]
fn a_folder_instead_of_a_ca_file_is_an_error() {
    let client = Client::new();
    let options = Options { ca_files: vec![client.folder.path().to_owned()], ..Options::default() };
    let error = Client { options, ..client }.load().expect_err("it cannot be used");
    assert_eq!(*error.kind(), Kind::Config);
}

fn identity_error(cert: &str, key: &str) -> Error {
    let client = Client::new();
    let files = ClientIdentityFiles { cert: client.file("c.pem", cert), key: client.file("k.pem", key) };
    let error = Client { options: Options { client_identity: Some(files), ..Options::default() }, ..client }
        .load()
        .expect_err("it cannot be used");
    assert_eq!(*error.kind(), Kind::Config);
    error
}

#[test]
fn an_unusable_client_identity_is_an_error_with_its_reason() {
    let (ann, bob) = (Authority::own_issuer(names(&[], "ann")), Authority::root("bob"));

    let foreign = identity_error(&ann.pem(), &bob.key_pem());
    assert!(foreign.what().contains("k.pem does not belong to client certificate "), "{foreign}");
    assert_eq!(foreign.causes(), ["\"ann\" has a different public key"]);

    let swapped = identity_error(&ann.key_pem(), &ann.pem());
    assert!(swapped.what().ends_with("c.pem holds no usable client certificate"), "{swapped}");
    assert_eq!(swapped.causes(), ["it holds a private key"]);

    let no_key = identity_error(&ann.pem(), &ann.pem());
    assert!(no_key.what().ends_with("k.pem holds no usable client key"), "{no_key}");
    assert_eq!(no_key.causes(), ["it holds a certificate"]);

    let encrypted = ann.key_pem().replace("PRIVATE", "ENCRYPTED PRIVATE");
    assert_eq!(identity_error(&ann.pem(), &encrypted).causes(), ["it holds an encrypted private key"]);

    let unsupported = identity_error(&ann.pem(), "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n");
    assert_eq!(
        unsupported.causes()[0],
        "supported are RSA with at least 2048 bits, ECDSA P-256 and P-384, and Ed25519"
    );
}

#[test]
fn no_secret_is_in_the_debug_text() {
    let ann = Authority::root("ann");
    let shown = format!("{:?}", Client::new().identity(&[&ann], &ann).trust());
    let secret = ann.key_pem().lines().nth(1).expect("a line of the key").to_owned();
    assert!(!shown.contains(&secret) && shown.contains("ann"));
}
