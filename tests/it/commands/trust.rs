use std::fs;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use insta::assert_snapshot;
use registry_fixture::{Auth, Digest, Registry, Running, Tls};
use serde_json::{Value, json};
use test_support::Rls;
use test_support::server::unused_address;

use crate::registries::{seeded, with_seed};

/// What to do about a registry that is not trusted.
const HINT: &str = "hint:  use --write to save it there, or --write docker (podman, containerd, k3s) for other clients; verify the fingerprint with the registry's administrator\n";

pub(super) fn serving(tls: Tls) -> Running {
    with_seed(Registry::builder(), "1x1").auth(Auth::Basic).tls(tls).start()
}

/// `sha256:…` of the first certificate in a PEM text.
pub(super) fn fingerprint(pem: &str) -> String {
    let body: String = pem.lines().skip(1).take_while(|line| !line.starts_with("-----")).collect();
    Digest::sha256(&BASE64_STANDARD.decode(body).expect("base64")).to_string()
}

/// A client that does not know the registry's CA. Its certificates are called LEAF, CA and ROOT by their
/// fingerprints, and the files of the whole machine are below HOME/root.
pub(super) fn anonymous(registry: &Running) -> Rls {
    let certificates = registry.certificates();
    let rls = Rls::at(registry).without("RLS_CA_FILE");
    let root = rls.home().join("root");
    fs::create_dir(&root).expect("a folder");
    let rls = rls.env("RLS_ROOT", root).naming(fingerprint(&certificates.leaf), "LEAF");
    let rls = match &certificates.intermediate {
        Some(pem) => rls.naming(fingerprint(pem), "CA"),
        None => rls,
    };
    rls.naming(fingerprint(&certificates.ca), "ROOT")
}

pub(super) fn lists(rls: &Rls) -> bool {
    rls.run().code == Some(0)
}

fn without_pem(text: &str) -> String {
    let begin = text.find("-----BEGIN").expect("a certificate");
    let end = text.rfind("-----END CERTIFICATE-----\n").expect("its end") + "-----END CERTIFICATE-----\n".len();
    format!("{}PEM\n{}", &text[..begin], &text[end..])
}

#[test]
fn the_chain_is_shown_with_what_a_client_needs_and_where() {
    let registry = serving(Tls::FullChain);
    let outcome = anonymous(&registry).words("trust -o table").run();
    assert_eq!((outcome.code, &*outcome.stderr), (Some(0), HINT));
    assert_snapshot!(without_pem(&outcome.stdout), @r#"
    REGISTRY sends 2 certificates over TLS 1.3
      CN=localhost, for localhost, 127.0.0.1, ::1, 2020-01-01 to 2120-01-01, LEAF
        issued by CN=registry-fixture intermediate CA
      CN=registry-fixture intermediate CA, 2020-01-01 to 2120-01-01, CA
        issued by CN=registry-fixture root CA

    not trusted here: issued by "registry-fixture root CA"; the trusted certificate with that name has a different key
    clients need this CA certificate:
      CN=registry-fixture intermediate CA, 2020-01-01 to 2120-01-01, CA
    rls looks for it in
      HOME/.config/rls/certs.d/REGISTRY/ca.crt
    PEM
    "#);
    assert_eq!(registry.lines(), [""; 0], "nothing is sent above TLS");
    let pem = registry.certificates().intermediate.clone().expect("an intermediate");
    assert!(outcome.stdout.contains(&pem), "{outcome}");
}

#[test]
fn a_server_without_its_ca_can_only_be_pinned() {
    let registry = serving(Tls::LeafOnly);
    let outcome = anonymous(&registry).words("trust -o table").run();
    assert_snapshot!(without_pem(&outcome.stdout), @r#"
    REGISTRY sends 1 certificate over TLS 1.3
      CN=localhost, for localhost, 127.0.0.1, ::1, 2020-01-01 to 2120-01-01, LEAF
        issued by CN=registry-fixture intermediate CA

    not trusted here: issued by "registry-fixture intermediate CA", which is not the trusted CA of this system
    clients need this certificate, until it is renewed:
      CN=localhost, for localhost, 127.0.0.1, ::1, 2020-01-01 to 2120-01-01, LEAF
    rls looks for it in
      HOME/.config/rls/certs.d/REGISTRY/ca.crt
    PEM
    "#);
    assert_snapshot!(outcome.stderr, @r#"
    warning: REGISTRY sends no CA certificate: only its own certificate can be pinned, until it is renewed (by 2120-01-01)
    hint:  ask the registry's administrator for the certificate of "registry-fixture intermediate CA", or to send the full chain (fullchain.pem)
    hint:  use --write to save it there, or --write docker (podman, containerd, k3s) for other clients; verify the fingerprint with the registry's administrator
    "#);
    let own = serving(Tls::SelfSigned);
    let outcome = anonymous(&own).words("trust -o table").run();
    assert_snapshot!(without_pem(&outcome.stdout), @r#"
    REGISTRY sends 1 certificate over TLS 1.3
      CN=localhost, for localhost, 127.0.0.1, ::1, 2020-01-01 to 2120-01-01, LEAF

    not trusted here: self-signed by "localhost", which is not the trusted CA of this system
    clients need this certificate, until it is renewed:
      CN=localhost, for localhost, 127.0.0.1, ::1, 2020-01-01 to 2120-01-01, LEAF
    rls looks for it in
      HOME/.config/rls/certs.d/REGISTRY/ca.crt
    PEM
    "#);
    let warning = "warning: REGISTRY sends no CA certificate: only its own certificate can be pinned, until it is renewed (by 2120-01-01)\n";
    assert_eq!(&*outcome.stderr, format!("{warning}{HINT}"));
}

#[test]
fn json_has_the_same_facts() {
    let registry = serving(Tls::FullChain);
    let rls = anonymous(&registry).words("trust -q");
    assert_snapshot!(rls.succeeds(), @r#"
    registry→REGISTRY
    trusted→no
    cause→issued by "registry-fixture root CA"; the trusted certificate with that name has a different key
    tls→TLS 1.3
    certificate→LEAF→CN=localhost→CN=registry-fixture intermediate CA→localhost,127.0.0.1,::1→2020-01-01T00:00:00Z→2120-01-01T00:00:00Z
    certificate→CA→CN=registry-fixture intermediate CA→CN=registry-fixture root CA→-→2020-01-01T00:00:00Z→2120-01-01T00:00:00Z
    anchor→CA→CN=registry-fixture intermediate CA→CN=registry-fixture root CA→-→2020-01-01T00:00:00Z→2120-01-01T00:00:00Z
    path→HOME/.config/rls/certs.d/REGISTRY/ca.crt
    "#);
    let rls = rls.then("trust -q -o json");
    let record: Value = serde_json::from_str(&rls.succeeds()).expect("JSON");
    let record = &record[0];
    let pem = registry.certificates().intermediate.clone().expect("an intermediate");
    assert_eq!((&record["trusted"], &record["anchorKind"]), (&json!(false), &json!("intermediate")));
    assert_eq!((&record["pem"], &record["tls"]), (&json!(pem), &json!("TLS 1.3")));
    assert_eq!(record["certificates"].as_array().expect("a list").len(), 2);
    assert_eq!(record["anchors"][0]["sha256"], "CA");
    assert!(record.get("written").is_none());
    let rls = rls.then("trust -q").args(["--format", "{{ registry }} {{ anchors[0].sha256 }}"]);
    assert_eq!(&*rls.succeeds(), "REGISTRY CA\n");
}

#[test]
fn an_already_trusted_ca_is_reported() {
    let registry = serving(Tls::Issued);
    let rls = anonymous(&registry).env("RLS_CA_FILE", registry.ca_file()).words("trust -o table");
    assert_snapshot!(without_pem(&rls.succeeds()), @"
    REGISTRY sends 1 certificate over TLS 1.3
      CN=localhost, for localhost, 127.0.0.1, ::1, 2020-01-01 to 2120-01-01, LEAF
        issued by CN=registry-fixture root CA

    trusted here by REGISTRY-FILES/ca.pem
    clients need this CA certificate:
      CN=registry-fixture root CA, 2020-01-01 to 2120-01-01, ROOT
    rls looks for it in
      HOME/.config/rls/certs.d/REGISTRY/ca.crt
    PEM
    ");
}

#[test]
fn problems_that_trust_cannot_fix_are_named() {
    for (tls, warning) in [
        (Tls::Expired, "warning: trusting the CA does not fix this: certificate of REGISTRY has expired"),
        (Tls::NotYetValid, "warning: trusting the CA does not fix this: certificate of REGISTRY is not yet valid"),
        (
            Tls::WrongName,
            "warning: trusting the CA does not fix this: the server's certificate is not valid for REGISTRY",
        ),
        (
            Tls::CommonNameOnly,
            "warning: trusting the CA does not fix this: the server's certificate is not valid for REGISTRY",
        ),
    ] {
        let registry = serving(tls);
        let outcome = anonymous(&registry).words("trust").run();
        assert_eq!(outcome.code, Some(0), "{outcome}");
        assert!(outcome.stderr.contains(warning), "{outcome}");
    }
}

#[test]
fn a_required_client_certificate_is_reported() {
    let registry = with_seed(Registry::builder(), "1x1").tls(Tls::FullChain).client_certificate_required().start();
    let outcome = anonymous(&registry).words("trust").run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(outcome.stdout.contains("certificate\tLEAF\t"), "{outcome}");
    assert!(outcome.stderr.contains("warning: REGISTRY requires a client certificate: "), "{outcome}");
    let rls = anonymous(&registry).env("RLS_CLIENT_CERT", registry.client_cert_file());
    let outcome = rls.env("RLS_CLIENT_KEY", registry.client_key_file()).words("trust").run();
    assert_eq!(&*outcome.stderr, HINT);
}

#[test]
fn a_server_without_tls_has_no_certificate() {
    let plain = seeded("1x1");
    assert_snapshot!(Rls::at(&plain).words("trust").fails(2), @"error: http://REGISTRY uses plain HTTP, which has no certificates");
    let rls = Rls::beside(&plain).words(&format!("trust {}", plain.host()));
    assert_snapshot!(rls.fails(11), @"
    error: REGISTRY speaks plain HTTP on this port, not TLS
    cause: got a plain HTTP response
    hint:  use --plain-http or http://REGISTRY if plain HTTP is intended; rls never falls back to it
    ");
    let closed = unused_address();
    let rls = Rls::new().words(&format!("trust {closed}"));
    assert!(rls.fails(10).starts_with(&format!("error: cannot connect to {closed}\n")));
}

#[test]
fn proxy_and_resolve_apply() {
    let registry = serving(Tls::FullChain);
    let host = format!("registry.corp:{}", registry.port());
    let rls = anonymous(&registry).words(&format!("trust {host} --resolve {host}:127.0.0.1"));
    assert_eq!(rls.run().code, Some(0));
    let proxied = anonymous(&registry).env("HTTPS_PROXY", "http://ann:s3cret@127.0.0.1:1");
    let outcome = proxied.words("trust registry.corp").run();
    assert_eq!(outcome.code, Some(10), "{outcome}");
    assert!(
        outcome
            .stderr
            .starts_with("error: cannot reach registry.corp through the proxy http://127.0.0.1:1 (HTTPS_PROXY)\n"),
        "{outcome}"
    );
}

#[test]
fn there_is_no_password_prompt_and_insecure_is_ignored() {
    let registry = serving(Tls::FullChain);
    let rls = anonymous(&registry).words("trust -u ann --insecure -q");
    let stdout = rls.succeeds();
    assert!(stdout.contains("trusted\tno\n"), "{stdout}");
    assert_eq!(registry.lines(), [""; 0]);
}

#[test]
fn conflicting_options_are_refused() {
    {
        for words in [
            "trust reg.corp --force",
            "trust reg.corp --fingerprint abcd",
            "trust reg.corp --from-secret x --fingerprint 00",
            "trust reg.corp --write nobody",
            "trust --write reg.corp",
            "trust --check x --write",
            "trust --check",
        ] {
            let outcome = Rls::new().words(words).run();
            assert_eq!((outcome.code, &*outcome.stdout), (Some(2), ""), "{words}: {outcome}");
        }
    }
    assert_snapshot!(Rls::new().words("trust --write reg.corp").fails(2), @"
    error: unknown client reg.corp for --write
    cause: the clients are rls, docker, podman, containerd and k3s
    hint:  put the registry before --write: rls trust REGISTRY --write
    ");
}

#[test]
fn pem_is_printed_alone() {
    let registry = serving(Tls::FullChain);
    let outcome = anonymous(&registry).words("trust --pem").run();
    let intermediate = registry.certificates().intermediate.clone().expect("an intermediate");
    assert_eq!((outcome.code, &*outcome.stdout), (Some(0), &*intermediate), "{outcome}");
    assert!(!anonymous(&registry).words("trust -q -o plain").succeeds().contains("BEGIN"));
    assert_eq!(anonymous(&registry).words("trust --pem --write").run().code, Some(2));
}

#[test]
fn docker_hub_is_not_assumed_in_silence() {
    for words in ["logout", "logout -q"] {
        let outcome = Rls::new().words(words).run();
        let warning =
            if words.ends_with("-q") { "" } else { "warning: no registry named: using Docker Hub (docker.io)\n" };
        assert_eq!((outcome.code, &*outcome.stderr), (Some(0), warning), "{words}: {outcome}");
    }
    for words in ["login", "logout", "trust"] {
        let outcome = Rls::new().words(words).at_terminal("n\n");
        assert_eq!(outcome.code, Some(2), "{words}: {outcome}");
        assert!(outcome.stdout.contains("Docker Hub (docker.io)? [y/N]"), "{words}: {outcome}");
        assert!(outcome.stdout.contains("hint:  name the registry: HOST[:PORT], or set RLS_REGISTRY"), "{outcome}");
    }
}
