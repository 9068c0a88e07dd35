use std::os::unix::fs::symlink;

use insta::assert_snapshot;
use registry_fixture::{Auth, Registry, Running, Tls};
use test_support::Rls;

use super::{checks, findings, untrusted};

fn private() -> Running {
    Registry::builder().tls(Tls::Issued).start()
}

/// A run that knows the registry's CA by files alone.
fn without_ca(registry: &Running) -> Rls {
    let rls = Rls::at(registry).env("RLS_CA_FILE", "").naming(format!(":{}", registry.port()), ":PORT");
    let root = rls.home().join("root");
    rls.env("RLS_ROOT", root)
}

fn docker(registry: &Running, file: &str) -> String {
    format!(".docker/certs.d/{}/{file}", registry.host())
}

#[test]
fn a_ca_in_certs_d_is_trusted_and_named() {
    let registry = private();
    let rls = without_ca(&registry).with_file(&docker(&registry, "ca.crt"), registry.ca_pem());
    let (code, output) = checks(rls);
    assert_eq!(code, 0, "{output}");
    assert!(output.contains(" trusted by HOME/.docker/certs.d/REGISTRY/ca.crt, until 2120-01-01\n"), "{output}");
}

#[test]
fn the_folder_in_certs_d_lacks_the_port() {
    let registry = private();
    let rls = without_ca(&registry).with_file(".docker/certs.d/127.0.0.1/ca.crt", registry.ca_pem());
    assert_snapshot!(untrusted(rls), @"
    cause   HOME/.docker/certs.d/127.0.0.1 is not used: it is for another port; this registry's folder is REGISTRY
    remedy  if the CA is the same: cp -r HOME/.docker/certs.d/127.0.0.1 HOME/.docker/certs.d/REGISTRY
    ");
    let rls = without_ca(&registry).with_file("root/etc/docker/certs.d/127.0.0.1/ca.crt", registry.ca_pem());
    assert!(findings(rls).contains("remedy  if the CA is the same: cp -r HOME/root/etc/docker/certs.d/127.0.0.1 "));
}

#[test]
fn a_client_certificate_without_its_key() {
    let registry = Registry::builder().tls(Tls::Issued).client_certificate_required().start();
    let client = &registry.certificates().client;
    let rls = Rls::at(&registry).with_file(&docker(&registry, "client.cert"), client);
    assert_snapshot!(findings(rls), @"
    exit 2
     ✗ tls          client certificate HOME/.docker/certs.d/REGISTRY/client.cert has no key
         cause   HOME/.docker/certs.d/REGISTRY/client.key does not exist
         remedy  put its key beside it, as HOME/.docker/certs.d/REGISTRY/client.key
    ");
}

#[test]
fn a_ca_file_named_pem() {
    let registry = private();
    let rls = without_ca(&registry).with_file(&docker(&registry, "ca.pem"), registry.ca_pem());
    assert_snapshot!(untrusted(rls), @"
    cause   HOME/.docker/certs.d/REGISTRY/ca.pem is not used: it is a CA certificate whose file name does not end in .crt
    remedy  mv HOME/.docker/certs.d/REGISTRY/ca.pem HOME/.docker/certs.d/REGISTRY/ca.crt
    ");
}

#[test]
fn a_ca_file_named_cert() {
    let registry = private();
    let rls = without_ca(&registry).with_file(&docker(&registry, "ca.cert"), registry.ca_pem());
    assert_snapshot!(findings(rls), @"
    exit 2
     ✗ tls          client certificate HOME/.docker/certs.d/REGISTRY/ca.cert has no key
         cause   HOME/.docker/certs.d/REGISTRY/ca.cert is a CA certificate; files named .cert are client certificates
         remedy  mv HOME/.docker/certs.d/REGISTRY/ca.cert HOME/.docker/certs.d/REGISTRY/ca.crt
    ");
}

#[test]
fn a_ca_file_that_holds_no_certificate() {
    let registry = private();
    let rls = without_ca(&registry).with_file(&docker(&registry, "ca.crt"), &registry.certificates().key);
    assert_snapshot!(untrusted(rls), @"
    cause   HOME/.docker/certs.d/REGISTRY/ca.crt is not used: it holds no certificate: it holds a private key
    remedy  put the certificate of the CA into HOME/.docker/certs.d/REGISTRY/ca.crt, in PEM
    ");
}

#[test]
fn an_unreadable_ca_file() {
    let registry = private();
    let rls = without_ca(&registry).with_file(&docker(&registry, "README"), "");
    symlink("nowhere", rls.home().join(docker(&registry, "ca.crt"))).expect("a link");
    assert_snapshot!(untrusted(rls), @"
    cause   HOME/.docker/certs.d/REGISTRY/ca.crt is not used: it cannot be read: No such file or directory
    remedy  fix or remove HOME/.docker/certs.d/REGISTRY/ca.crt
    ");
}

#[test]
fn an_unreadable_ca_file_option() {
    let registry = private();
    let rls = without_ca(&registry);
    let file = rls.home().join("missing.pem");
    assert_snapshot!(findings(rls.env("RLS_CA_FILE", file)), @"
    exit 2
     ✗ tls          cannot read the CA file HOME/missing.pem
         cause   No such file or directory
         remedy  fix the file, or the option or variable that names it: --ca-file (RLS_CA_FILE), --client-cert, --client-key
    ");
}

#[test]
fn a_file_disables_verification() {
    let registry = private();
    let yaml = format!("configs:\n  \"{}\":\n    tls: {{insecure_skip_verify: true}}\n", registry.host());
    let rls = without_ca(&registry).with_file("root/etc/rancher/k3s/registries.yaml", yaml);
    let findings = findings(rls);
    let yaml = "HOME/root/etc/rancher/k3s/registries.yaml";
    let fact = format!("     {yaml} asks to skip certificate verification, which is ignored\n");
    assert!(findings.contains(&fact), "{findings}");
    assert!(
        findings.ends_with(&format!("             or use --insecure to skip verification, as {yaml} asks\n")),
        "{findings}"
    );
}

#[test]
fn a_scheme_in_a_key_of_registries_yaml() {
    let registry = private();
    let ca = registry.ca_file();
    let yaml = format!("configs:\n  \"https://{}\":\n    tls: {{ca_file: {}}}\n", registry.host(), ca.display());
    let rls = without_ca(&registry).with_file("root/etc/rancher/k3s/registries.yaml", yaml);
    assert_snapshot!(untrusted(rls), @r#"
    cause   HOME/root/etc/rancher/k3s/registries.yaml is not used: its key "https://REGISTRY" must be "REGISTRY"
    remedy  in HOME/root/etc/rancher/k3s/registries.yaml, below configs: "REGISTRY": instead of "https://REGISTRY":
    "#);
}

#[test]
fn a_scheme_in_a_key_of_registries_yaml_with_credentials() {
    let registry = Registry::builder().tls(Tls::Issued).auth(Auth::Basic).start();
    let yaml = format!("configs:\n  \"https://{}\":\n    auth: {{username: ann, password: secret}}\n", registry.host());
    let rls = without_ca(&registry).env("RLS_CA_FILE", registry.ca_file());
    assert_snapshot!(findings(rls.with_file("root/etc/rancher/k3s/registries.yaml", yaml)), @r#"
    exit 4
     ✗ credentials  not used
         cause   ~/root/etc/rancher/k3s/registries.yaml: the key "https://REGISTRY" of configs has a scheme; it must be "REGISTRY"
         remedy  change the key to "REGISTRY" in ~/root/etc/rancher/k3s/registries.yaml; otherwise rls login REGISTRY
     ✗ token        login required
         cause   not logged in; this registry requires login: 401 Unauthorized: UNAUTHORIZED: authentication required
         remedy  rls login REGISTRY
                 or for this run: -u NAME, or --auth-file FILE
    "#);
}

#[test]
fn configs_under_mirrors_in_registries_yaml() {
    let registry = private();
    let ca = registry.ca_file();
    let yaml =
        format!("mirrors:\n  configs:\n    \"{}\":\n      tls: {{ca_file: {}}}\n", registry.host(), ca.display());
    let rls = without_ca(&registry).with_file("root/etc/rancher/rke2/registries.yaml", yaml);
    assert_snapshot!(untrusted(rls), @"
    cause   HOME/root/etc/rancher/rke2/registries.yaml is not used: configs is nested in mirrors; it must be a top-level key
    remedy  in HOME/root/etc/rancher/rke2/registries.yaml: move configs: out of mirrors:, to the top level
    ");
}

#[test]
fn unreadable_credentials() {
    let registry = Registry::builder().auth(Auth::Basic).start();
    let rls = Rls::at(&registry).with_file(".docker/config.json/x", "");
    assert_snapshot!(findings(rls), @"
    exit 2
     ✗ credentials  cannot read credentials from ~/.docker/config.json
         cause   it is not a file
         remedy  fix or remove the file
                 or use another one: --auth-file FILE
                 or use none: -u NAME, --anonymous
    ");
    let rls = Rls::at(&registry).docker_config("{\"auths\": {");
    assert_snapshot!(findings(rls), @"
    exit 2
     ✗ credentials  cannot read credentials from ~/.docker/config.json
         cause   not valid JSON at line 1, column 11
         remedy  fix or remove the file
                 or use another one: --auth-file FILE
                 or use none: -u NAME, --anonymous
    ");
}
