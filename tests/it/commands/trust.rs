use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

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

fn serving(tls: Tls) -> Running {
    with_seed(Registry::builder(), "1x1").auth(Auth::Basic).tls(tls).start()
}

/// `sha256:…` of the first certificate in a PEM text.
fn fingerprint(pem: &str) -> String {
    let body: String = pem.lines().skip(1).take_while(|line| !line.starts_with("-----")).collect();
    Digest::sha256(&BASE64_STANDARD.decode(body).expect("base64")).to_string()
}

/// A client that does not know the registry's CA. Its certificates are called LEAF, CA and ROOT by their
/// fingerprints, and the files of the whole machine are below HOME/root.
fn anonymous(registry: &Running) -> Rls {
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

fn lists(rls: &Rls) -> bool {
    rls.run().code == Some(0)
}

fn without_pem(text: &str) -> String {
    let begin = text.find("-----BEGIN").expect("a certificate");
    let end = text.rfind("-----END CERTIFICATE-----\n").expect("its end") + "-----END CERTIFICATE-----\n".len();
    format!("{}PEM\n{}", &text[..begin], &text[end..])
}

/// Every file below a folder.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files.sort();
    files
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

    not trusted here: issued by "registry-fixture intermediate CA", which is not among the 1 trusted CA of this system
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

    not trusted here: self-signed by "localhost", which is not among the 1 trusted CA of this system
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
    assert_snapshot!(without_pem(&rls.succeeds()), @r#"
    registry	REGISTRY
    trusted	no
    cause	issued by "registry-fixture root CA"; the trusted certificate with that name has a different key
    tls	TLS 1.3
    certificate	LEAF	CN=localhost	CN=registry-fixture intermediate CA	localhost,127.0.0.1,::1	2020-01-01T00:00:00Z	2120-01-01T00:00:00Z
    certificate	CA	CN=registry-fixture intermediate CA	CN=registry-fixture root CA	-	2020-01-01T00:00:00Z	2120-01-01T00:00:00Z
    anchor	CA	CN=registry-fixture intermediate CA	CN=registry-fixture root CA	-	2020-01-01T00:00:00Z	2120-01-01T00:00:00Z
    path	HOME/.config/rls/certs.d/REGISTRY/ca.crt
    PEM
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
fn nothing_is_written_without_acceptance() {
    let registry = serving(Tls::FullChain);
    let rls = anonymous(&registry).words("trust --write");
    assert_snapshot!(rls.fails(2), @r#"
    error: confirmation needed: trust "CN=registry-fixture intermediate CA" (CA, until 2120-01-01) for REGISTRY?
    cause: no terminal to ask on
    hint:  verify the fingerprint with the registry's administrator, then use --fingerprint SHA256
    "#);
    let wrong = format!("trust --write --fingerprint {}", "ab".repeat(32));
    let rls = rls.then(&wrong);
    assert_snapshot!(rls.fails(11), @r#"
    error: REGISTRY sends no certificate with this fingerprint
    cause: it sends LEAF of "localhost"
    cause: it sends CA of "registry-fixture intermediate CA"
    "#);
    // Also where nothing is to be written: a check.
    let rls = rls.then(&wrong.replace("--write ", ""));
    rls.fails(11);
    assert!(!rls.home().join(".config").exists());
    assert_eq!(registry.lines(), [""; 0]);
}

#[test]
fn accept_takes_the_fingerprint_of_the_ca_or_of_the_server() {
    let registry = serving(Tls::FullChain);
    let certificates = registry.certificates();
    let intermediate = certificates.intermediate.clone().expect("an intermediate");
    for pem in [&intermediate, &certificates.leaf] {
        let digits = fingerprint(pem).replace("sha256:", "").to_uppercase();
        let rls = anonymous(&registry).words("trust --write --fingerprint").arg(digits);
        let stdout = rls.succeeds();
        assert!(stdout.ends_with("created\tHOME/.config/rls/certs.d/REGISTRY/ca.crt\n"), "{stdout}");
        let path = rls.home().join(".config/rls/certs.d").join(registry.host()).join("ca.crt");
        assert_eq!(fs::read_to_string(path).expect("the file"), intermediate);
        assert!(lists(&rls.user("ann", "secret").then("repos")));
    }
}

#[test]
fn yes_on_the_terminal_accepts() {
    let registry = serving(Tls::FullChain);
    let rls = anonymous(&registry).words("trust --write rls");
    let outcome = rls.at_terminal("n\n");
    assert_eq!(outcome.code, Some(2), "{outcome}");
    assert!(
        outcome
            .stdout
            .contains("Trust \"CN=registry-fixture intermediate CA\" (CA, until 2120-01-01) for REGISTRY? [y/N]"),
        "{outcome}"
    );
    assert!(outcome.stdout.contains("error: cancelled; nothing was changed"), "{outcome}");
    assert!(!rls.home().join(".config").exists());
    let outcome = rls.at_terminal("y\n");
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(outcome.stdout.contains("was not trusted here: issued by"), "{outcome}");
    assert!(lists(&rls.user("ann", "secret").then("repos")));
}

#[test]
fn the_prompt_follows_a_warning() {
    let registry = serving(Tls::LeafOnly);
    let outcome = anonymous(&registry).words("trust --write rls --color never").at_terminal("y\n");
    assert_eq!(outcome.code, Some(0), "{outcome}");
    let (before, after) = outcome.stdout.split_once("[y/N]").expect("a question");
    let warning = "warning: REGISTRY sends no CA certificate: only its own certificate can be pinned";
    assert!(before.contains(warning) && !after.contains(warning), "{outcome}");
}

#[test]
fn the_ca_is_written_to_each_clients_folder_and_trusted() {
    let registry = serving(Tls::FullChain);
    let digits = fingerprint(&registry.certificates().leaf);
    for (client, files) in [
        ("rls", &[".config/rls/certs.d/REGISTRY/ca.crt"][..]),
        ("docker", &["root/etc/docker/certs.d/REGISTRY/ca.crt"]),
        (
            "containerd",
            &["root/etc/containerd/certs.d/REGISTRY/ca.crt", "root/etc/containerd/certs.d/REGISTRY/hosts.toml"],
        ),
        ("k3s", &["root/etc/rancher/k3s/certs.d/REGISTRY/ca.crt", "root/etc/rancher/k3s/registries.yaml"]),
    ] {
        let rls = anonymous(&registry).words(&format!("trust --write {client} --fingerprint {digits} -q"));
        let stdout = rls.succeeds();
        let lines: Vec<&str> = stdout.lines().filter(|line| line.starts_with("created")).collect();
        let expected: Vec<String> = files.iter().map(|file| format!("created\tHOME/{file}")).collect();
        assert_eq!(lines, expected, "{client}");
        assert!(lists(&rls.user("ann", "secret").then("repos")), "{client}");
    }
}

#[test]
fn podmans_folder_differs_for_root() {
    let registry = serving(Tls::FullChain);
    let digits = fingerprint(&registry.certificates().leaf);
    let rls = anonymous(&registry).words(&format!("trust --write podman --fingerprint {digits} -o json"));
    let record: Value = serde_json::from_str(&rls.succeeds()).expect("JSON");
    let path = record[0]["written"][0]["path"].as_str().expect("a path").to_owned();
    let usual = "/containers/certs.d/REGISTRY/ca.crt";
    assert!(path == format!("HOME/.config{usual}") || path == format!("HOME/root/etc{usual}"), "{path}");
    assert!(lists(&rls.user("ann", "secret").then("repos")));
}

#[test]
fn remaining_steps_are_named() {
    let registry = serving(Tls::FullChain);
    let digits = fingerprint(&registry.certificates().leaf);
    let hint = |client: &str| {
        let rls = anonymous(&registry).words(&format!("trust --write {client} --fingerprint {digits}"));
        rls.run().stderr.to_string()
    };
    assert_snapshot!(hint("k3s"), @"hint:  restart k3s to apply: systemctl restart k3s");
    assert_snapshot!(hint("containerd"), @r#"hint:  containerd reads it if its config.toml has config_path = "/etc/containerd/certs.d"; no restart is needed"#);
    assert_eq!(hint("docker"), "");
}

#[test]
fn another_certificate_is_replaced_only_with_force() {
    let registry = serving(Tls::FullChain);
    let other = serving(Tls::Issued);
    let digits = fingerprint(&registry.certificates().leaf);
    let path = format!(".config/rls/certs.d/{}/ca.crt", registry.host());
    let rls = anonymous(&registry).with_file(&path, other.ca_pem()).naming(fingerprint(other.ca_pem()), "OTHER");
    let rls = rls.words(&format!("trust --write --fingerprint {digits}"));
    assert_snapshot!(rls.fails(2), @r#"
    error: HOME/.config/rls/certs.d/REGISTRY/ca.crt contains another certificate
    cause: it holds "registry-fixture root CA", OTHER
    hint:  use --force to replace it
    "#);
    assert_eq!(fs::read_to_string(rls.home().join(&path)).expect("the file"), other.ca_pem());
    let rls = rls.words("--force");
    assert!(rls.succeeds().ends_with("replaced\tHOME/.config/rls/certs.d/REGISTRY/ca.crt\n"));
    assert!(rls.succeeds().ends_with("unchanged\tHOME/.config/rls/certs.d/REGISTRY/ca.crt\n"));
    let left = fs::read_dir(rls.home().join(&path).parent().expect("a folder")).expect("the folder").count();
    assert_eq!(left, 1);
}

#[test]
fn ca_file_names_the_ca_and_needs_no_acceptance() {
    let registry = serving(Tls::LeafOnly);
    let chain = registry.certificates().intermediate.clone().expect("an intermediate");
    let rls = anonymous(&registry).with_file("chain.pem", &chain).words("trust --ca-file chain.pem --write docker");
    let stdout = rls.succeeds();
    assert!(stdout.ends_with("created\tHOME/root/etc/docker/certs.d/REGISTRY/ca.crt\n"), "{stdout}");
    let path = rls.home().join("root/etc/docker/certs.d").join(registry.host()).join("ca.crt");
    assert_eq!(fs::read_to_string(path).expect("the file"), chain);
}

fn secret(members: &[(&str, &str)]) -> String {
    let data: serde_json::Map<String, Value> =
        members.iter().map(|(name, text)| ((*name).to_owned(), BASE64_STANDARD.encode(text).into())).collect();
    json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "data": data}).to_string()
}

#[test]
fn the_ca_is_read_from_a_kubernetes_secret() {
    let registry = serving(Tls::Issued);
    let certificates = registry.certificates();
    for members in [
        &[("tls.crt", certificates.leaf.as_str()), ("tls.key", &certificates.key), ("ca.crt", &certificates.ca)][..],
        &[("tls.crt", &format!("{}{}", certificates.leaf, certificates.ca)), ("tls.key", &certificates.key)],
    ] {
        let rls = anonymous(&registry).with_file("secret.yaml", secret(members));
        let rls = rls.words("trust --from-secret secret.yaml --write k3s -q");
        let stdout = rls.succeeds();
        assert!(stdout.contains("created\tHOME/root/etc/rancher/k3s/registries.yaml\n"), "{stdout}");
        let path = rls.home().join("root/etc/rancher/k3s/certs.d").join(registry.host()).join("ca.crt");
        assert_eq!(fs::read_to_string(path).expect("the file"), certificates.ca);
        assert!(lists(&rls.user("ann", "secret").then("repos")));
    }
}

#[test]
fn a_secret_without_a_ca_is_refused() {
    let (registry, other) = (serving(Tls::Issued), serving(Tls::Issued));
    let rls = anonymous(&registry).with_file("secret.yaml", secret(&[("ca.crt", other.ca_pem())]));
    let rls = rls.words("trust --from-secret secret.yaml --write");
    let stderr = rls.fails(11);
    assert!(stderr.starts_with("error: the CA in the secret did not issue the certificate of REGISTRY\n"), "{stderr}");
    assert!(!rls.home().join(".config").exists());
    let rls = anonymous(&registry).with_file("secret.yaml", secret(&[("password", "s3cret")]));
    let rls = rls.words("trust --from-secret secret.yaml --write");
    assert_snapshot!(rls.fails(2), @"
    error: no CA in secret.yaml
    cause: there is no Secret or ConfigMap with ca.crt or tls.crt in it
    ");
    let rls = rls.then("trust --from-secret missing.yaml");
    assert_snapshot!(rls.fails(2), @"
    error: cannot read missing.yaml
    cause: No such file or directory (os error 2)
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
fn other_settings_in_a_clients_file_are_kept() {
    let registry = serving(Tls::FullChain);
    let digits = fingerprint(&registry.certificates().leaf);
    let yaml = "# ours\nmirrors:\n  docker.io:\n    endpoint: [\"https://mirror.corp\"]\n";
    let rls = anonymous(&registry).with_file("root/etc/rancher/k3s/registries.yaml", yaml);
    let rls = rls.words(&format!("trust -q --write k3s --fingerprint {digits}"));
    rls.succeeds();
    let text = fs::read_to_string(rls.home().join("root/etc/rancher/k3s/registries.yaml")).expect("the file");
    assert!(
        text.starts_with(yaml) && text.contains(&format!("\n  \"{}\":\n    tls:\n      ca_file: ", registry.host())),
        "{text}"
    );
    assert!(lists(&rls.user("ann", "secret").then("repos")));
    let rls = anonymous(&registry).with_file("root/etc/rancher/k3s/registries.yaml", "configs: {other.corp: {}}\n");
    let rls = rls.words(&format!("trust -q --write k3s --fingerprint {digits}"));
    assert_snapshot!(rls.fails(2), @"
    error: HOME/root/etc/rancher/k3s/registries.yaml cannot be changed
    cause: its layout is not supported
    ");
    let rls = rls.then(&format!("trust --write k3s --fingerprint {digits}"));
    assert!(rls.fails(2).contains(
        "add this by hand: configs: {\"REGISTRY\": {tls: {ca_file: \"/etc/rancher/k3s/certs.d/REGISTRY/ca.crt\"}}}\n"
    ));
    assert_eq!(files_below(&rls.home().join("root")).len(), 1);
}

#[test]
fn an_unwritable_file_is_reported() {
    let registry = serving(Tls::FullChain);
    let digits = fingerprint(&registry.certificates().leaf);
    let path = format!("root/etc/docker/certs.d/{}/ca.crt", registry.host());
    let rls = anonymous(&registry).with_file(&path, "");
    fs::set_permissions(rls.home().join(&path), fs::Permissions::from_mode(0o444)).expect("permissions");
    let rls = rls.words(&format!("trust --write docker --force --fingerprint {digits}"));
    assert_snapshot!(rls.fails(2), @"
    warning: HOME/root/etc/docker/certs.d/REGISTRY/ca.crt is not used: it holds no certificate: it is empty
    error: HOME/root/etc/docker/certs.d/REGISTRY/ca.crt cannot be written
    cause: it is read-only
    hint:  run it as root, or use --write rls to trust it for your user only
    ");
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
    let outcome = anonymous(&registry).env("HTTPS_PROXY", "http://ann:s3cret@127.0.0.1:1").words("trust").run();
    assert_eq!(outcome.code, Some(10), "{outcome}");
    assert!(
        outcome.stderr.starts_with("error: cannot reach REGISTRY through the proxy http://127.0.0.1:1\n"),
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
