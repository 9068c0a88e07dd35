//! `rls trust --write`: what is accepted, and which files of which client are written.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use insta::assert_snapshot;
use registry_fixture::Tls;
use serde_json::{Value, json};

use super::trust::{anonymous, fingerprint, lists, serving};

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
    cause: No such file or directory
    ");
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
    hint:  run: sudo rls trust REGISTRY --fingerprint CA --write docker --force; or use --write rls to trust it for your user only
    ");
}
