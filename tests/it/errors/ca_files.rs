//! CA files in other forms than PEM, and variables that replace the system's CAs.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use insta::assert_snapshot;
use registry_fixture::{Certificates, Registry, Running, Tls};
use test_support::{Rls, Shown};

fn registry() -> Running {
    Registry::builder().tls(Tls::FullChain).start()
}

fn ca() -> String {
    Certificates::make(Tls::FullChain, &[]).expect("certificates are made").ca
}

fn der() -> Vec<u8> {
    let body: String = ca().lines().filter(|line| !line.starts_with("---")).collect();
    BASE64_STANDARD.decode(body).expect("base64")
}

#[test]
fn the_command_that_converts_a_ca_file_is_named() {
    let registry = registry();
    let refused = |file: &str, bytes: Vec<u8>| -> Shown {
        Rls::at(&registry).with_file(file, bytes).words("repos --ca-file").arg(file).fails(2)
    };
    let pkcs7 = b"0\x0D\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02\xA0\0".to_vec();
    assert_snapshot!(refused("ca.cer", der()), @"
    error: CA file ca.cer holds no certificate
    cause: it is a certificate in DER, not PEM
    hint:  convert it: openssl x509 -inform der -in ca.cer -out ca.pem
    ");
    assert_snapshot!(refused("ca.p7b", pkcs7), @"
    error: CA file ca.p7b holds no certificate
    cause: it holds a PKCS #7 bundle
    hint:  convert it: openssl pkcs7 -inform der -print_certs -in ca.p7b -out ca.pem
    ");
    assert_snapshot!(refused("my ca.pfx", b"0\x03\x02\x01\x03".to_vec()), @"
    error: CA file my ca.pfx holds no certificate
    cause: it is a PKCS #12 store (.p12, .pfx), not PEM
    hint:  extract the certificates: openssl pkcs12 -in 'my ca.pfx' -nokeys -out 'my ca.pem'; for the private key: -nocerts -nodes instead of -nokeys
    ");
    assert_snapshot!(refused("ca.pem", BASE64_STANDARD.encode(ca()).into_bytes()), @"
    error: CA file ca.pem holds no certificate
    cause: it is PEM encoded once more in base64, as in a Kubernetes secret
    hint:  decode it: base64 -d ca.pem > ca.converted.pem
    ");
    assert_snapshot!(refused("secret.yaml", b"apiVersion: v1\nkind: Secret\ndata: {}\n".to_vec()), @"
    error: CA file secret.yaml holds no certificate
    cause: it is a Kubernetes object, not PEM
    hint:  take the CA from it: rls trust REGISTRY --from-secret secret.yaml --pem > secret.pem
    ");
    assert_snapshot!(refused("word.pem", ca().replace("-----BEGIN", "\u{2013}\u{2013}BEGIN").into_bytes()), @"
    error: CA file word.pem holds no certificate
    cause: its BEGIN line is almost right: it needs five hyphens (-----) and plain spaces
    hint:  replace the dashes and spaces: sed -E 's/[‐-―−-]+/-----/g; s/ / /g' word.pem > word.converted.pem
    ");
}

#[test]
fn an_encrypted_client_key_is_decrypted_first() {
    let key = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let registry = registry();
    let rls = Rls::at(&registry).with_file("client.pem", ca()).with_file("client.key", key);
    assert_snapshot!(rls.words("repos --client-cert client.pem --client-key client.key").fails(2), @"
    error: client.key holds no usable client key
    cause: it holds an encrypted private key
    hint:  decrypt it: openssl pkey -in client.key -out client.pem
    ");
}

#[test]
fn trust_check_says_how_to_convert_a_file() {
    let key = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let rls = Rls::new().with_file("ca.cer", der()).with_file("server.key", key);
    let rls = rls.with_file("secret.yaml", "apiVersion: v1\nkind: Secret\ndata: {}\n");
    assert_snapshot!(rls.words("trust --check ca.cer server.key secret.yaml -o table").succeeds(), @"
    ca.cer: no certificate or key in PEM
      it is a certificate in DER, not PEM
      nowhere     in this form; convert it: openssl x509 -inform der -in ca.cer -out ca.pem
    server.key: no certificate or key in PEM
      an encrypted private key
      nowhere     in this form; decrypt it: openssl pkey -in server.key -out server.pem
    secret.yaml: no certificate or key in PEM
      it is a Kubernetes object, not PEM
      nowhere     in this form; take the CA from it: rls trust REGISTRY --from-secret secret.yaml --pem > secret.pem
    ");
}

#[test]
fn a_variable_that_names_no_ca_is_named() {
    let registry = registry();
    let with = |name: &str, file: &str| {
        let rls = Rls::beside(&registry).env("RLS_REGISTRY", registry.url()).with_file("ca.cer", der());
        let path = rls.home().join(file);
        rls.without("SSL_CERT_FILE").env(name, path).words("repos").fails(11)
    };
    assert_snapshot!(with("SSL_CERT_FILE", "gone.pem"), @r#"
    error: certificate of REGISTRY not trusted: unknown authority (x509)
    cause: issued by "registry-fixture root CA", and no CA is trusted: SSL_CERT_FILE names HOME/gone.pem, which does not exist
    hint:  correct SSL_CERT_FILE, or unset it to use the system's CAs
    "#);
    assert_snapshot!(with("SSL_CERT_FILE", "ca.cer"), @r#"
    error: certificate of REGISTRY not trusted: unknown authority (x509)
    cause: issued by "registry-fixture root CA", and no CA is trusted: SSL_CERT_FILE names HOME/ca.cer, which holds no certificate: it is a certificate in DER, not PEM
    hint:  correct SSL_CERT_FILE, or unset it to use the system's CAs
    "#);
    assert_snapshot!(with("SSL_CERT_DIR", "gone"), @r#"
    error: certificate of REGISTRY not trusted: unknown authority (x509)
    cause: issued by "registry-fixture root CA", and no CA is trusted: SSL_CERT_DIR names HOME/gone, which does not exist
    hint:  correct SSL_CERT_DIR, or unset it to use the system's CAs
    "#);
}
