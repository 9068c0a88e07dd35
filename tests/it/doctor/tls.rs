use insta::assert_snapshot;
use registry_fixture::{Certificates, Registry, Running, Tls};
use test_support::server::unused_address;
use test_support::{Authority, Reply, Rls, Server, tls, unrelated_key};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::{checks, findings, untrusted};

pub(super) fn serving(kind: Tls) -> Running {
    Registry::builder().tls(kind).start()
}

/// A registry that sends this chain and signs with this key, whether or not they match.
pub(super) fn showing(chain: &str, key: &str) -> Server {
    let acceptor = TlsAcceptor::from(tls::config_of(chain, key));
    Server::talking(move |stream| {
        let acceptor = acceptor.clone();
        // The client closes the connection as soon as it knows enough.
        async move { drop(greet(acceptor, stream).await) }
    })
}

/// Answers one request as a registry, over TLS only.
async fn greet(acceptor: TlsAcceptor, stream: TcpStream) -> std::io::Result<()> {
    let reply =
        Reply::json("{}").header("Docker-Distribution-Api-Version", "registry/2.0").header("Connection", "close");
    let mut stream = acceptor.accept(stream).await?;
    if stream.read(&mut [0; 4096]).await? > 0 {
        stream.write_all(&reply.bytes(false)).await?;
    }
    stream.shutdown().await
}

/// A run against this server that trusts this CA certificate.
pub(super) fn against(server: &Server, ca: &str) -> Rls {
    let rls = Rls::new()
        .naming(server.host(), "REGISTRY")
        .naming(format!(":{}", server.port()), ":PORT")
        .with_file("ca.pem", ca)
        .env("RLS_REGISTRY", server.host());
    let file = rls.home().join("ca.pem");
    rls.env("RLS_CA_FILE", file)
}

#[test]
fn the_server_sends_only_its_leaf() {
    assert_snapshot!(findings(Rls::at(&serving(Tls::LeafOnly))), @r#"
    exit 11
     ✗ tls          unknown authority (x509)
         TLS 1.3, TLS_AES_256_GCM_SHA384
         server sends 1 certificate
           CN=localhost, for localhost, 127.0.0.1, ::1, 2020-01-01 to 2120-01-01
             sha256:…
             issued by CN=registry-fixture intermediate CA: not sent, not trusted here
         cause   the server sends only its own certificate, and its issuer "registry-fixture intermediate CA" is not in REGISTRY-FILES/ca.pem: either that is another CA, or the chain is missing (certbot: cert.pem instead of fullchain.pem)
         remedy  if "registry-fixture intermediate CA" is an intermediate CA, on the server: REGISTRY_HTTP_TLS_CERTIFICATE=/etc/letsencrypt/live/127.0.0.1/fullchain.pem
                 or here: --ca-file FILE, with the certificate of "registry-fixture intermediate CA"
    "#);
}

#[test]
fn the_server_sends_only_its_leaf_and_its_ca_is_unknown() {
    let registry = serving(Tls::LeafOnly);
    assert_snapshot!(findings(Rls::at(&registry).env("RLS_CA_FILE", "")), @r#"
    exit 11
     ✗ tls          unknown authority (x509)
         TLS 1.3, TLS_AES_256_GCM_SHA384
         server sends 1 certificate
           CN=localhost, for localhost, 127.0.0.1, ::1, 2020-01-01 to 2120-01-01
             sha256:…
             issued by CN=registry-fixture intermediate CA: not sent, not trusted here
         cause   the server sends only its own certificate, issued by "registry-fixture intermediate CA", which is not the trusted CA of this system: either its issuer is an untrusted root, or the chain is missing (certbot: cert.pem instead of fullchain.pem)
         remedy  here: --ca-file FILE, with the certificate of "registry-fixture intermediate CA" from the registry's administrator
                 or permanently: rls trust REGISTRY --write rls (for other clients: --write docker, podman, containerd, k3s)
                 or, if "registry-fixture intermediate CA" is an intermediate CA, on the server: REGISTRY_HTTP_TLS_CERTIFICATE=/etc/letsencrypt/live/127.0.0.1/fullchain.pem
                 or here, if the CA is a public one: unset SSL_CERT_FILE, which replaces the system's CAs
    "#);
}

#[test]
fn a_trusted_intermediate_completes_the_chain() {
    let registry = serving(Tls::LeafOnly);
    let (code, output) = checks(Rls::at(&registry).env("RLS_CA_FILE", registry.files().join("intermediate.pem")));
    assert_eq!(code, 0, "{output}");
}

#[test]
fn the_leaf_is_given_as_ca() {
    let registry = serving(Tls::Issued);
    assert_snapshot!(findings(Rls::at(&registry).env("RLS_CA_FILE", registry.files().join("leaf.pem"))), @"
    exit 0
     ✓ tls          TLS 1.3, pinned by REGISTRY-FILES/leaf.pem, until 2120-01-01
         cause   REGISTRY-FILES/leaf.pem contains the server's own certificate instead of its CA's: trust ends when the server's certificate is renewed
         remedy  put the certificate of the CA that issued it into REGISTRY-FILES/leaf.pem (certbot: chain.pem)
    ");
}

#[test]
fn the_leaf_given_as_ca_is_outdated() {
    let (registry, former) = (serving(Tls::Issued), Certificates::make(Tls::Issued, &[]).expect("certificates"));
    let rls = Rls::at(&registry).with_file("leaf.pem", former.leaf);
    let file = rls.home().join("leaf.pem");
    assert_snapshot!(untrusted(rls.env("RLS_CA_FILE", file)), @"
    cause   HOME/leaf.pem contains a server certificate instead of its CA's, and the server has a new certificate
    remedy  put the certificate of the CA that issued it into HOME/leaf.pem (certbot: chain.pem)
    ");
}

#[test]
fn the_given_ca_is_another_one_of_the_same_name() {
    let (registry, other) = (serving(Tls::Issued), Certificates::make(Tls::Issued, &[]).expect("certificates"));
    let rls = Rls::at(&registry).with_file("ca.pem", other.ca);
    let file = rls.home().join("ca.pem");
    assert_snapshot!(findings(rls.env("RLS_CA_FILE", file)), @r#"
    exit 11
     ✗ tls          unknown authority (x509)
         TLS 1.3, TLS_AES_256_GCM_SHA384
         server sends 1 certificate
           CN=localhost, for localhost, 127.0.0.1, ::1, 2020-01-01 to 2120-01-01
             sha256:…
             issued by CN=registry-fixture root CA: not sent; HOME/ca.pem has a different certificate with that name
         cause   HOME/ca.pem contains a different certificate of "registry-fixture root CA" than the one that issued the server's: the CA was renewed, or it is another CA with the same name
         remedy  put the current CA certificate into HOME/ca.pem
    "#);
}

#[test]
fn an_expired_certificate() {
    assert_snapshot!(findings(Rls::at(&serving(Tls::Expired))), @"
    exit 11
     ✗ tls          expired
         TLS 1.3, TLS_AES_256_GCM_SHA384
         server sends 1 certificate
           CN=localhost, for localhost, 127.0.0.1, ::1, 2020-01-01 to 2021-01-01
             sha256:…
             issued by CN=registry-fixture root CA: in REGISTRY-FILES/ca.pem
         cause   the server's certificate expired at 2021-01-01T00:00:00Z
         remedy  on the server: renew the certificate (certbot renew), then restart the registry, which reads it on start
                 here, if this machine's clock is wrong: timedatectl set-ntp true
    ");
}

#[test]
fn an_expired_intermediate() {
    let root = Authority::root("Corp Root");
    let intermediate = root.expired_intermediate("Corp Intermediate");
    let (leaf, key) = intermediate.issue(&["127.0.0.1"]);
    let server = showing(&format!("{leaf}{}", intermediate.pem()), &key);
    assert_snapshot!(findings(against(&server, &root.pem())), @r#"
    exit 11
     ✗ tls          expired
         TLS 1.3, TLS_AES_256_GCM_SHA384
         server sends 2 certificates
           CN=the server, for 127.0.0.1, 2020-01-01 to 2120-01-01
             sha256:…
           CN=Corp Intermediate, 2020-01-01 to 2021-01-01
             sha256:…
             issued by CN=Corp Root: in HOME/ca.pem
         cause   the certificate of "Corp Intermediate", which the server sends, expired at 2021-01-01T00:00:00Z
         remedy  on the server: send the current CA certificates after its own: REGISTRY_HTTP_TLS_CERTIFICATE=/etc/letsencrypt/live/127.0.0.1/fullchain.pem
                 here, if this machine's clock is wrong: timedatectl set-ntp true
    "#);
}

#[test]
fn a_certificate_not_yet_valid() {
    assert_snapshot!(findings(Rls::at(&serving(Tls::NotYetValid))), @"
    exit 11
     ✗ tls          not yet valid
         TLS 1.3, TLS_AES_256_GCM_SHA384
         server sends 1 certificate
           CN=localhost, for localhost, 127.0.0.1, ::1, 2100-01-01 to 2120-01-01
             sha256:…
             issued by CN=registry-fixture root CA: in REGISTRY-FILES/ca.pem
         cause   the server's certificate is valid from 2100-01-01T00:00:00Z, and this machine's clock says …
         remedy  here, if this machine's clock is wrong: timedatectl set-ntp true
                 or on the server: use a certificate that is valid now
    ");
}

#[test]
fn a_certificate_for_another_name() {
    let registry = serving(Tls::WrongName);
    let rls =
        Rls::at(&registry).env("RLS_REGISTRY", registry.localhost()).naming(format!(":{}", registry.port()), ":PORT");
    assert_snapshot!(findings(rls), @"
    exit 11
     ✗ tls          wrong name
         TLS 1.3, TLS_AES_256_GCM_SHA384
         server sends 1 certificate
           CN=registry.example.org, for registry.example.org, 2020-01-01 to 2120-01-01
             sha256:…
             issued by CN=registry-fixture root CA: in REGISTRY-FILES/ca.pem
         cause   the certificate is for registry.example.org
         remedy  use a name from its certificate: rls doctor registry.example.org:PORT
                 or on the server: reissue the certificate for localhost, for instance: openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout localhost.key -out localhost.crt
    ");
}

#[test]
fn a_certificate_with_only_a_common_name() {
    assert_snapshot!(findings(Rls::at(&serving(Tls::CommonNameOnly))), @"
    exit 11
     ✗ tls          wrong name
         TLS 1.3, TLS_AES_256_GCM_SHA384
         server sends 1 certificate
           CN=localhost, for no name, 2020-01-01 to 2120-01-01
             sha256:…
             issued by CN=registry-fixture root CA: in REGISTRY-FILES/ca.pem
         cause   the certificate has no subjectAltName, only CN=localhost, which clients ignore
         remedy  on the server: reissue the certificate with a subjectAltName, for instance: openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -keyout 127.0.0.1.key -out 127.0.0.1.crt
    ");
}

#[test]
fn an_x509_version_1_certificate() {
    let certificate = include_str!("../../../src/trust/fixture/version-1.pem");
    let server = showing(certificate, include_str!("../../../src/trust/fixture/version-1-key.pem"));
    assert_snapshot!(findings(against(&server, certificate)), @"
    exit 11
     ✗ tls          unusable certificate
         TLS 1.3, TLS_AES_256_GCM_SHA384
         server sends 1 certificate
           CN=registry.corp, 2020-01-01 to 2120-01-01
             sha256:…
             self-signed
         cause   it is an X.509 version 1 certificate, which has no subjectAltName
         remedy  on the server: reissue the certificate as X.509 version 3, for instance: openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -keyout 127.0.0.1.key -out 127.0.0.1.crt
    ");
}

#[test]
fn an_address_missing_from_the_certificate() {
    let root = Authority::root("Corp Root");
    let (leaf, key) = root.issue(&["registry.corp", "10.1.2.3"]);
    let server = showing(&leaf, &key);
    assert_snapshot!(findings(against(&server, &root.pem())), @"
    exit 11
     ✗ tls          wrong name
         TLS 1.3, TLS_AES_256_GCM_SHA384
         server sends 1 certificate
           CN=the server, for registry.corp, 10.1.2.3, 2020-01-01 to 2120-01-01
             sha256:…
             issued by CN=Corp Root: in HOME/ca.pem
         cause   the certificate is for registry.corp, 10.1.2.3; an IP address must be in subjectAltName as an IP address
         remedy  use its name: rls doctor registry.corp:PORT
                 or on the server: reissue the certificate with the address, for instance: openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -keyout 127.0.0.1.key -out 127.0.0.1.crt
    ");
}

#[test]
fn a_self_signed_certificate() {
    assert_snapshot!(findings(Rls::at(&serving(Tls::SelfSigned)).env("RLS_CA_FILE", "")), @r#"
    exit 11
     ✗ tls          self-signed and not trusted
         TLS 1.3, TLS_AES_256_GCM_SHA384
         server sends 1 certificate
           CN=localhost, for localhost, 127.0.0.1, ::1, 2020-01-01 to 2120-01-01
             sha256:…
             self-signed
         cause   self-signed by "localhost", which is not the trusted CA of this system
         remedy  verify the fingerprint with the registry's administrator; if it matches:
                 rls trust REGISTRY --write rls (for other clients: --write docker, podman, containerd, k3s)
                 or for this run: --ca-file FILE, with that certificate
    "#);
}

#[test]
fn a_self_signed_certificate_given_as_ca() {
    let (code, output) = checks(Rls::at(&serving(Tls::SelfSigned)));
    assert_eq!(code, 0, "{output}");
    assert!(
        output.contains(" ✓ tls          TLS 1.3, pinned by REGISTRY-FILES/ca.pem, until 2120-01-01\n"),
        "{output}"
    );
}

#[test]
fn chain_pem_instead_of_fullchain_pem() {
    let root = Authority::root("Corp Root");
    let intermediate = root.intermediate("Corp Intermediate");
    let (_, key) = intermediate.issue(&["127.0.0.1"]);
    // Servers that check their certificate do not start; others send it.
    let server = showing(&intermediate.pem(), &key);
    assert_snapshot!(findings(against(&server, &root.pem())), @r#"
    exit 11
     ✗ tls          unusable certificate
         server sends 1 certificate
           CN=Corp Intermediate, 2020-01-01 to 2120-01-01
             sha256:…
             issued by CN=Corp Root: in HOME/ca.pem
         cause   the server presents a CA certificate, "Corp Intermediate", as its own (certbot: chain.pem instead of fullchain.pem)
         remedy  on the server: REGISTRY_HTTP_TLS_CERTIFICATE=/etc/letsencrypt/live/127.0.0.1/fullchain.pem
                 and its key: REGISTRY_HTTP_TLS_KEY=/etc/letsencrypt/live/127.0.0.1/privkey.pem
    "#);
}

#[test]
fn the_key_of_another_leaf_stops_the_server() {
    let address = unused_address();
    let rls = Rls::new().naming(&*address, "REGISTRY").env("RLS_REGISTRY", &address);
    assert_snapshot!(findings(rls), @r#"
    exit 10
     ✗ tcp          connection refused
         cause   nothing listens on REGISTRY: the server is down, or listens elsewhere
         remedy  on the server: start it, and check its log: docker logs registry, journalctl -u docker-registry
                 if the log says "private key does not match public key", use fullchain.pem, not chain.pem: REGISTRY_HTTP_TLS_CERTIFICATE=/etc/letsencrypt/live/127.0.0.1/fullchain.pem
                 or here: try another port, such as rls doctor 127.0.0.1:5000
    "#);
}

#[test]
fn the_key_of_another_certificate() {
    let root = Authority::root("Corp Root");
    let (leaf, _) = root.issue(&["127.0.0.1"]);
    let server = showing(&leaf, &unrelated_key());
    assert_snapshot!(findings(against(&server, &root.pem())), @"
    exit 11
     ✗ tls          unusable certificate
         server sends 1 certificate
           CN=the server, for 127.0.0.1, 2020-01-01 to 2120-01-01
             sha256:…
             issued by CN=Corp Root: in HOME/ca.pem
         cause   the server did not prove possession of its certificate's private key
         remedy  on the server: REGISTRY_HTTP_TLS_CERTIFICATE=/etc/letsencrypt/live/127.0.0.1/fullchain.pem
                 and the key that belongs to it: REGISTRY_HTTP_TLS_KEY=/etc/letsencrypt/live/127.0.0.1/privkey.pem
    ");
}

#[test]
fn verification_is_disabled() {
    let registry = serving(Tls::Expired);
    let outcome = Rls::at(&registry).words("doctor -o plain --insecure").run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(outcome.stdout.contains("tls\tok\tTLS 1.3, not verified, until 2021-01-01\t-\t-\n"), "{outcome}");
    assert_snapshot!(outcome.stderr, @"warning: the certificate of REGISTRY is not verified (--insecure)");
}

#[test]
fn what_trusting_the_authority_would_not_mend() {
    for (kind, cause) in [
        (
            Tls::WrongName,
            "the certificate is for registry.example.org; an IP address must be in subjectAltName as an IP address",
        ),
        (Tls::CommonNameOnly, "the certificate has no subjectAltName, only CN=localhost, which clients ignore"),
    ] {
        let found = findings(Rls::at(&serving(kind)).env("RLS_CA_FILE", ""));
        assert!(found.contains(&format!("; trusting the CA would not be enough: {cause}\n")), "{found}");
    }
    let found = findings(Rls::at(&serving(Tls::Issued)).env("RLS_CA_FILE", ""));
    assert!(!found.contains("not be enough"), "{found}");
}

#[test]
fn a_configured_issuer_that_is_not_marked_as_a_ca() {
    let issuer = Authority::unmarked("Corp CA");
    let (leaf, key) = issuer.issue(&["127.0.0.1"]);
    assert_snapshot!(findings(against(&showing(&leaf, &key), &issuer.pem())), @r#"
    exit 11
     ✗ tls          unknown authority (x509)
         TLS 1.3, TLS_AES_256_GCM_SHA384
         server sends 1 certificate
           CN=the server, for 127.0.0.1, 2020-01-01 to 2120-01-01
             sha256:…
             issued by CN=Corp CA: in HOME/ca.pem, not marked as a CA
         cause   "Corp CA" in HOME/ca.pem is not a CA: CA:TRUE is missing
         remedy  reissue the CA's certificate with basicConstraints=critical,CA:TRUE, and put it into HOME/ca.pem
    "#);
}

#[test]
fn an_expired_issuer_is_the_certificate_to_replace() {
    let root = Authority::root("Corp Root CA");
    let intermediate = root.expired_intermediate("Corp CA");
    let (leaf, key) = intermediate.issue(&["127.0.0.1"]);
    let server = showing(&(leaf + &intermediate.pem()), &key);
    assert_snapshot!(against(&server, &root.pem()).words("tags team/app").fails(11), @r#"
    error: certificate of REGISTRY has expired
    cause: the certificate of its issuer "Corp CA" expired at 2021-01-01T00:00:00Z
    hint:  replace the certificate of "Corp CA": on the server, which sends it after its own (fullchain.pem), or in the file of --ca-file
    "#);
}

#[test]
fn the_root_in_place_of_what_is_between() {
    let root = Authority::root("Corp Root CA");
    let (leaf, key) = root.intermediate("Corp CA").issue(&["127.0.0.1"]);
    assert_snapshot!(findings(against(&showing(&(leaf + &root.pem()), &key), &root.pem())), @r#"
    exit 11
     ✗ tls          unknown authority (x509)
         TLS 1.3, TLS_AES_256_GCM_SHA384
         server sends 2 certificates
           CN=the server, for 127.0.0.1, 2020-01-01 to 2120-01-01
             sha256:…
             issued by CN=Corp CA: not sent, not trusted here
           CN=Corp Root CA, 2020-01-01 to 2120-01-01
             sha256:…
             self-signed
         cause   the server sends its own certificate without its issuer's, and its issuer "Corp CA" is not in HOME/ca.pem: either that is another CA, or the chain is missing (certbot: cert.pem instead of fullchain.pem)
         remedy  if "Corp CA" is an intermediate CA, on the server: REGISTRY_HTTP_TLS_CERTIFICATE=/etc/letsencrypt/live/127.0.0.1/fullchain.pem
                 or here: --ca-file FILE, with the certificate of "Corp CA"
    "#);
}
