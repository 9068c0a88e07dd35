//! Files with credentials that are almost right, or in a form that has to be converted first.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use insta::assert_snapshot;
use registry_fixture::{Auth, Registry, Running, User};
use serde_json::{Value, json};
use test_support::Rls;

use crate::registries::with_seed;

const SECRET: &str = "hunter2";

fn private() -> Running {
    with_seed(Registry::builder(), "demo").auth(Auth::Basic).user(User::admin("ann", SECRET)).start()
}

fn entry() -> Value {
    json!({"auth": BASE64_STANDARD.encode(format!("ann:{SECRET}"))})
}

/// Lists tags with this `config.json`.
fn with_config(registry: &Running, config: &Value) -> Rls {
    Rls::at(registry).docker_config(&config.to_string()).words("tags team/app")
}

#[test]
fn base64_may_have_line_ends() {
    let registry = private();
    let wrapped = BASE64_STANDARD.encode(format!("ann:{SECRET}")).replacen("W5", "W5\r\n", 1);
    let config = json!({"auths": {registry.host(): {"auth": wrapped}}});
    let outcome = with_config(&registry, &config).run();
    assert_eq!((outcome.code, &*outcome.stderr), (Some(0), ""), "{outcome}");
}

#[test]
fn a_key_that_almost_matches_is_named_with_the_error() {
    let registry = private();
    let near = |config: &Value| with_config(&registry, config).fails(4);
    let host = registry.host();
    assert_snapshot!(near(&json!({"auths": {format!(" {host}"): entry()}})), @r#"
    error: not logged in to http://REGISTRY
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:team/app:pull
    cause: ~/.docker/config.json: the key " REGISTRY" of auths contains white space; it must be "REGISTRY"
    hint:  change the key to "REGISTRY" in ~/.docker/config.json; otherwise run 'rls login http://REGISTRY', or set RLS_USERNAME and RLS_PASSWORD
    "#);
    assert_snapshot!(near(&json!({"auths": {"127.0.0.1": entry()}})), @r#"
    error: not logged in to http://REGISTRY
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:team/app:pull
    cause: ~/.docker/config.json: the key "127.0.0.1" of auths is for another port; the key of this registry is "REGISTRY"
    hint:  if the credentials are for this registry, change the key to "REGISTRY" in ~/.docker/config.json; otherwise run 'rls login http://REGISTRY', or set RLS_USERNAME and RLS_PASSWORD
    "#);
    assert_snapshot!(near(&json!({"credHelpers": {"127.0.0.*": "x"}})), @r#"
    error: not logged in to http://REGISTRY
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:team/app:pull
    cause: ~/.docker/config.json: the key "127.0.0.*" of credHelpers has a wildcard that does not match this registry; it must be "REGISTRY"
    hint:  change the key to "REGISTRY" in ~/.docker/config.json; otherwise run 'rls login http://REGISTRY', or set RLS_USERNAME and RLS_PASSWORD
    "#);
    assert_snapshot!(near(&json!({"credStore": "x"})), @r#"
    error: not logged in to http://REGISTRY
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:team/app:pull
    cause: ~/.docker/config.json: "credStore" is not a known setting; expected "credsStore"
    hint:  rename it to "credsStore" in ~/.docker/config.json; otherwise run 'rls login http://REGISTRY', or set RLS_USERNAME and RLS_PASSWORD
    "#);
    assert_snapshot!(near(&json!({host.clone(): entry()})), @r#"
    error: not logged in to http://REGISTRY
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:team/app:pull
    cause: ~/.docker/config.json: "REGISTRY" is ignored; it must be in auths
    hint:  move it into auths; otherwise run 'rls login http://REGISTRY', or set RLS_USERNAME and RLS_PASSWORD
    "#);
    assert_snapshot!(near(&json!({"auths": {host: {}}})), @r#"
    error: not logged in to http://REGISTRY
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:team/app:pull
    cause: ~/.docker/config.json: the entry "REGISTRY" of auths is empty: it has no password
    hint:  run 'rls login http://REGISTRY', or set RLS_USERNAME and RLS_PASSWORD
    "#);
    // What is for others is no business of this registry.
    let other = with_config(&registry, &json!({"auths": {"other.corp": entry()}})).run();
    assert!(!other.stderr.contains("other.corp"), "{other}");
}

#[test]
fn a_namespace_of_podman_is_named() {
    let registry = private();
    let config = json!({"auths": {format!("{}/other", registry.host()): entry()}}).to_string();
    let rls = Rls::at(&registry).with_file(".config/containers/auth.json", config).words("tags team/app");
    assert_snapshot!(rls.fails(4), @r#"
    error: not logged in to http://REGISTRY
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:team/app:pull
    cause: ~/.config/containers/auth.json: the key "REGISTRY/other" of auths is only for a part of the registry
    hint:  run 'rls login http://REGISTRY', or set RLS_USERNAME and RLS_PASSWORD
    "#);
}

#[test]
fn a_mistake_in_registries_yaml_is_named_at_a_refused_login() {
    let registry = private();
    let file = "root/etc/rancher/k3s/registries.yaml";
    let near = |file: &str, yaml: &str| {
        let rls = Rls::at(&registry).with_file(file, yaml);
        let root = rls.home().join("root");
        rls.env("RLS_ROOT", root).words("tags team/app").fails(4)
    };
    let host = registry.host();
    let auth = "auth: {username: ann, password: hunter2}";
    assert_snapshot!(near(file, &format!("configs:\n  \"{host}/\":\n    {auth}\n")), @r#"
    error: not logged in to http://REGISTRY
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:team/app:pull
    cause: ~/root/etc/rancher/k3s/registries.yaml: the key "REGISTRY/" of configs ends with a slash; it must be "REGISTRY"
    hint:  change the key to "REGISTRY" in ~/root/etc/rancher/k3s/registries.yaml; otherwise run 'rls login http://REGISTRY', or set RLS_USERNAME and RLS_PASSWORD
    "#);
    assert_snapshot!(near(file, &format!("configs:\n  \"{host}\":\n    auth: {{user: ann, pass: hunter2}}\n")), @r#"
    error: not logged in to http://REGISTRY
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:team/app:pull
    cause: ~/root/etc/rancher/k3s/registries.yaml: "user" of auth is not a known setting; expected "username"
    cause: ~/root/etc/rancher/k3s/registries.yaml: "pass" of auth is not a known setting; expected "password"
    hint:  rename it to "username" in ~/root/etc/rancher/k3s/registries.yaml; otherwise run 'rls login http://REGISTRY', or set RLS_USERNAME and RLS_PASSWORD
    "#);
    assert_snapshot!(near(&file.replace("yaml", "yml"), &format!("configs:\n  \"{host}\":\n    {auth}\n")), @"
    error: not logged in to http://REGISTRY
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:team/app:pull
    cause: ~/root/etc/rancher/k3s/registries.yml is not read; clients read ~/root/etc/rancher/k3s/registries.yaml
    hint:  mv ~/root/etc/rancher/k3s/registries.yml ~/root/etc/rancher/k3s/registries.yaml; otherwise run 'rls login http://REGISTRY', or set RLS_USERNAME and RLS_PASSWORD
    ");
}

#[test]
fn the_doctor_names_what_almost_matches() {
    let registry = private();
    let config = json!({"auths": {format!("{} ", registry.host()): entry()}}).to_string();
    let outcome = Rls::at(&registry).docker_config(&config).words("doctor -o plain").run();
    let line = outcome.stdout.lines().find(|line| line.starts_with("credentials")).unwrap_or_default();
    assert!(line.contains("contains white space"), "{outcome}");
}

#[test]
fn a_helpers_message_on_standard_error_is_shown() {
    let registry = private();
    let rls = with_config(&registry, &json!({"credsStore": "bad"}));
    let rls =
        rls.program("docker-credential-bad", "cat >/dev/null; echo 'session expired, run: sso login' >&2; exit 1");
    assert_snapshot!(rls.fails(4), @"
    warning: docker-credential-bad failed: session expired, run: sso login (credsStore in ~/.docker/config.json)
    error: not logged in to http://REGISTRY
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:team/app:pull
    hint:  run 'rls login http://REGISTRY', or set RLS_USERNAME and RLS_PASSWORD
    ");
}

#[test]
fn unusable_pull_secrets_are_identified() {
    let registry = private();
    let named = |file: &str, text: String| {
        let outcome = Rls::at(&registry).with_file(file, text).words("tags team/app --auth-file").arg(file);
        outcome.fails(2)
    };
    let secret =
        |data: &str| format!("kind: Secret\nmetadata: {{name: regcred}}\ndata:\n  .dockerconfigjson: {data}\n");
    assert_snapshot!(named("s.yaml", secret("''")), @"
    error: cannot read credentials from s.yaml
    cause: pull secret regcred in s.yaml cannot be used: its .dockerconfigjson is empty
    ");
    assert_snapshot!(named("s.yaml", secret("ENC[AES256_GCM,data:Tm8=,type:str]")), @"
    error: cannot read credentials from s.yaml
    cause: pull secret regcred in s.yaml cannot be used: its .dockerconfigjson is encrypted with sops
    hint:  decrypt it: sops -d s.yaml > s.converted.yaml
    ");
    assert_snapshot!(named("s.yaml", "kind: SealedSecret\nmetadata: {name: regcred}\nspec: {}\n".to_owned()), @"
    error: cannot read credentials from s.yaml
    cause: pull secret regcred in s.yaml cannot be used: it is a SealedSecret, which is encrypted; the cluster makes the Secret from it
    hint:  use the Secret that the cluster makes from it: kubectl get secret NAME -o yaml > secret.yaml
    ");
    assert_snapshot!(named("s.yaml", "kind: ExternalSecret\nmetadata: {name: regcred}\nspec: {}\n".to_owned()), @"
    error: cannot read credentials from s.yaml
    cause: pull secret regcred in s.yaml cannot be used: it is an ExternalSecret, which only says where the contents are
    hint:  use the Secret that the cluster makes from it: kubectl get secret NAME -o yaml > secret.yaml
    ");
    assert_snapshot!(named("vault.yaml", "$ANSIBLE_VAULT;1.1;AES256\n6638\n".to_owned()), @"
    error: cannot read credentials from vault.yaml
    cause: it is encrypted with ansible-vault
    hint:  decrypt it: ansible-vault view vault.yaml > vault.converted.yaml
    ");
    assert_snapshot!(named("my file", "age-encryption.org/v1\n-> X25519 x\n".to_owned()), @"
    error: cannot read credentials from my file
    cause: it is encrypted with age
    hint:  decrypt it: age -d -i KEY 'my file' > 'my file.txt'
    ");
    assert_snapshot!(named("s.yaml", "kind: Secret\ndata: {{ .Values.pull }}\n".to_owned()), @"
    error: cannot read credentials from s.yaml
    cause: it contains a variable or a template that was not replaced
    hint:  set the variable, or render the template, before the file is used
    ");
}

#[test]
fn a_file_for_other_registries_says_for_which() {
    let registry = private();
    let named = |text: String| {
        let rls = Rls::at(&registry).with_file("auth.json", text).words("tags team/app --auth-file auth.json");
        rls.fails(4)
    };
    let secret =
        "kind: Secret\nmetadata: {name: regcred}\nstringData:\n  .dockerconfigjson: |\n    {\"auths\": AUTHS}\n";
    let others = json!({"b.corp": entry(), "a.corp:5000": entry()}).to_string();
    assert_snapshot!(named(secret.replace("AUTHS", &others)), @r#"
    error: not logged in to http://REGISTRY
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:team/app:pull
    cause: auth.json has credentials for "a.corp:5000", "b.corp", not for this registry
    hint:  use -u NAME, or a file with credentials for REGISTRY instead of auth.json
    "#);
    let many = json!({"a.corp": entry(), "b.corp": entry(), "c.corp": entry(), "d.corp": entry()});
    assert_snapshot!(named(json!({"auths": many}).to_string()), @r#"
    error: not logged in to http://REGISTRY
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:team/app:pull
    cause: auth.json has credentials for "a.corp", "b.corp", "c.corp" and 1 more, not for this registry
    hint:  use -u NAME, or a file with credentials for REGISTRY instead of auth.json
    "#);
}

#[test]
fn pull_secrets_that_the_kubelet_refuses_are_read_with_a_warning() {
    let registry = private();
    let contents = json!({registry.host(): entry()}).to_string();
    let data = BASE64_STANDARD.encode(contents);
    let text = format!("kind: Secret\nmetadata: {{name: regcred}}\ndata:\n  .dockerconfigjson: {data}\n");
    let outcome = Rls::at(&registry).with_file("s.yaml", text).words("tags team/app --auth-file s.yaml").run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert_eq!(
        &*outcome.stderr,
        "warning: pull secret regcred in s.yaml: its .dockerconfigjson has no auths around the entries, so the kubelet \
         finds none\n"
    );
}

#[test]
fn a_variable_that_leads_nowhere_is_named_with_the_error() {
    let registry = private();
    let tags = || Rls::at(&registry).words("tags team/app");
    assert_snapshot!(tags().env("DOCKER_CONFIG", "/nowhere").fails(4), @"
    error: not logged in to http://REGISTRY
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:team/app:pull
    cause: DOCKER_CONFIG: /nowhere/config.json does not exist
    hint:  correct or unset DOCKER_CONFIG; otherwise run 'rls login http://REGISTRY', or set RLS_USERNAME and RLS_PASSWORD
    ");
    let folder = tags().with_file("empty/x", "");
    let path = folder.home().join("empty");
    assert_snapshot!(folder.env("DOCKER_CONFIG", path).fails(4), @"
    error: not logged in to http://REGISTRY
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:team/app:pull
    cause: DOCKER_CONFIG: ~/empty/config.json does not exist
    hint:  correct or unset DOCKER_CONFIG; otherwise run 'rls login http://REGISTRY', or set RLS_USERNAME and RLS_PASSWORD
    ");
    assert_snapshot!(tags().env("XDG_RUNTIME_DIR", "/nowhere").env("XDG_CONFIG_HOME", "/nor/here").fails(4), @"
    error: not logged in to http://REGISTRY
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:team/app:pull
    cause: XDG_RUNTIME_DIR: /nowhere does not exist
    cause: XDG_CONFIG_HOME: /nor/here does not exist
    hint:  correct or unset XDG_RUNTIME_DIR; otherwise run 'rls login http://REGISTRY', or set RLS_USERNAME and RLS_PASSWORD
    ");
    // With credentials elsewhere it does not matter.
    let config = json!({"auths": {registry.host(): entry()}}).to_string();
    let elsewhere = tags().env("DOCKER_CONFIG", "/nowhere").with_file(".config/containers/auth.json", config).arg("-q");
    let elsewhere = elsewhere.run();
    assert_eq!((elsewhere.code, &*elsewhere.stderr), (Some(0), ""), "{elsewhere}");
}

#[test]
fn a_utf_16_file_is_read_if_named_and_reported_elsewhere() {
    let registry = private();
    let config = json!({"auths": {registry.host(): entry()}}).to_string();
    let utf16: Vec<u8> = [0xFEFF].into_iter().chain(config.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let named = Rls::at(&registry).with_file("c.json", &utf16).words("tags team/app --auth-file c.json").run();
    assert_eq!((named.code, &*named.stderr), (Some(0), ""), "{named}");
    let found = Rls::at(&registry).with_file(".docker/config.json", &utf16).words("tags team/app");
    assert_snapshot!(found.fails(2), @"
    error: cannot read credentials from ~/.docker/config.json
    cause: it is UTF-16, not UTF-8
    hint:  convert it: iconv -f UTF-16 -t UTF-8 ~/.docker/config.json > ~/.docker/config.converted.json
    ");
}
