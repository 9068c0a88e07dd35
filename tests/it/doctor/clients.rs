//! The lines on other clients: trust and credentials as each of them reads them.

use insta::assert_snapshot;
use registry_fixture::content::ImageSpec;
use registry_fixture::{Auth, Registry, Running, Tls, User};
use test_support::Rls;

fn private() -> Running {
    let registry = Registry::builder().tls(Tls::Issued).auth(Auth::Basic).start();
    registry.push_image("team/app", "1.0", &ImageSpec::new("app"));
    registry
}

/// A machine on which these clients are configured.
fn with_clients(registry: &Running) -> Rls {
    Rls::at(registry)
        .with_file("system/etc/docker/daemon.json", "{}")
        .with_file("system/etc/containers/registries.conf", "")
        .with_file("system/etc/containerd/config.toml", "")
        .with_file("system/etc/rancher/k3s/registries.yaml", "")
}

/// The lines on clients, without those of checks.
fn clients(rls: &mut Rls, words: &str) -> String {
    *rls = std::mem::replace(rls, Rls::new()).then("doctor").words(words);
    let outcome = rls.run();
    let lines = outcome.stdout.lines().skip_while(|line| *line != " clients");
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn each_client_reads_its_own_files() {
    let registry = private();
    let host = registry.host();
    let login = format!(r#"{{"auths":{{"{host}":{{"auth":"YW5uOnNlY3JldA=="}}}}}}"#);
    let mut rls = with_clients(&registry)
        .user("ann", "secret")
        .docker_config(&login)
        .with_file(&format!("system/etc/docker/certs.d/{host}/ca.crt"), registry.ca_pem());
    // Podman reads docker's folder if it has none of its own, and docker's credentials if it has none.
    assert_snapshot!(clients(&mut rls, "team/app"), @r#"
    clients
      ✓ docker     trusts the registry (HOME/system/etc/docker/certs.d/REGISTRY/ca.crt); credentials of ann (docker config, ~/.docker/config.json)
      ✓ podman     trusts the registry (HOME/system/etc/docker/certs.d/REGISTRY/ca.crt); credentials of ann (docker config, ~/.docker/config.json)
      ✗ containerd would fail: unknown authority (x509), no CA in /etc/containerd/certs.d/REGISTRY/hosts.toml; credentials come from pull secrets; fix: rls trust REGISTRY --ca-file REGISTRY-FILES/ca.pem --write containerd
      ✗ k3s        would fail: unknown authority (x509), no CA in /etc/rancher/k3s/registries.yaml; no credentials; fix: rls trust REGISTRY --ca-file REGISTRY-FILES/ca.pem --write k3s, then configs: {"REGISTRY": {auth: {username: …, password: …}}} in /etc/rancher/k3s/registries.yaml, or a pull secret
    "#);
    // A folder of podman's own hides docker's.
    rls = rls.with_file(&format!("system/etc/containers/certs.d/{host}/ca.crt"), registry.ca_pem());
    let k3s = format!(
        "configs:\n  \"{host}\":\n    auth: {{username: bob, password: x}}\n    tls: {{insecure_skip_verify: true}}\n"
    );
    rls = rls.with_file("system/etc/rancher/k3s/registries.yaml", k3s);
    assert_snapshot!(clients(&mut rls, "team/app"), @"
    clients
      ✓ docker     trusts the registry (HOME/system/etc/docker/certs.d/REGISTRY/ca.crt); credentials of ann (docker config, ~/.docker/config.json)
      ✓ podman     trusts the registry (HOME/system/etc/containers/certs.d/REGISTRY/ca.crt); credentials of ann (docker config, ~/.docker/config.json)
      ✗ containerd would fail: unknown authority (x509), no CA in /etc/containerd/certs.d/REGISTRY/hosts.toml; credentials come from pull secrets; fix: rls trust REGISTRY --ca-file REGISTRY-FILES/ca.pem --write containerd
      ✓ k3s        does not verify the certificate (HOME/system/etc/rancher/k3s/registries.yaml); credentials of bob (registries.yaml, ~/system/etc/rancher/k3s/registries.yaml)
    ");
}

#[test]
fn a_client_that_would_fail_does_not_change_the_exit_code() {
    let registry = private();
    let outcome = with_clients(&registry).user("ann", "secret").words("doctor team/app").run();
    assert_eq!((outcome.code, &*outcome.stderr), (Some(0), ""), "{outcome}");
    assert!(outcome.stdout.contains("   ✗ docker     would fail: unknown authority (x509)"), "{outcome}");
}

#[test]
fn clients_that_are_not_installed_are_named_with_v() {
    let registry = private();
    let mut rls = Rls::at(&registry).user("ann", "secret");
    assert_eq!(clients(&mut rls, "team/app"), "");
    let all = clients(&mut rls, "team/app -v");
    for client in ["docker", "podman", "containerd", "k3s", "rke2"] {
        assert!(all.contains(&format!("   – {client:11}not installed\n")), "{all}");
    }
}

#[test]
fn plain_http_is_allowed_by_each_clients_setting() {
    let registry = Registry::builder().start();
    registry.push_image("team/app", "1.0", &ImageSpec::new("app"));
    let name = format!("reg.corp:{}", registry.port());
    let resolve = format!("http://{name}/team/app --resolve {name}:127.0.0.1");
    let mut rls = with_clients(&registry).without("RLS_REGISTRY").naming(&name, "REG");
    assert_snapshot!(clients(&mut rls, &resolve), @r#"
    clients
      ✗ docker     would fail: plain HTTP is not allowed; fix: "insecure-registries": ["REG"] in /etc/docker/daemon.json
      ✗ podman     would fail: plain HTTP is not allowed; fix: [[registry]] location = "REG", insecure = true in /etc/containers/registries.conf
      ✗ containerd would fail: plain HTTP is not allowed; fix: server = "http://REG" in /etc/containerd/certs.d/REG/hosts.toml
      ✗ k3s        would fail: plain HTTP is not allowed; fix: mirrors: {"REG": {endpoint: ["http://REG"]}} in /etc/rancher/k3s/registries.yaml
    "#);
    rls = rls
        .with_file("system/etc/docker/daemon.json", format!("{{\"insecure-registries\": [\"{name}\"]}}"))
        .with_file(
            "system/etc/containers/registries.conf",
            format!("[[registry]]\nlocation = \"{name}\"\ninsecure = true\n"),
        )
        .with_file(&format!("system/etc/containerd/certs.d/{name}/hosts.toml"), format!("server = \"http://{name}\"\n"))
        .with_file(
            "system/etc/rancher/k3s/registries.yaml",
            format!("mirrors:\n  \"{name}\":\n    endpoint: [\"http://{name}\"]\n"),
        );
    assert_snapshot!(clients(&mut rls, &resolve), @"
    clients
      ✓ docker     plain HTTP allowed (HOME/system/etc/docker/daemon.json)
      ✓ podman     plain HTTP allowed (HOME/system/etc/containers/registries.conf)
      ✓ containerd plain HTTP allowed (HOME/system/etc/containerd/certs.d/REG/hosts.toml)
      ✓ k3s        plain HTTP allowed (HOME/system/etc/rancher/k3s/registries.yaml)
    ");
}

/// What a client lacks comes first.
#[test]
fn missing_credentials_make_a_client_fail() {
    let registry = Registry::builder().auth(Auth::Basic).start();
    registry.push_image("team/app", "1.0", &ImageSpec::new("app"));
    let lines = clients(&mut with_clients(&registry).user("ann", "secret"), "team/app");
    let expected = "   ✗ docker     would fail: no credentials; plain HTTP allowed (a registry on this machine); fix: docker login";
    assert!(lines.contains(expected), "{lines}");
}

/// Docker and podman need none then, although this run has some.
#[test]
fn missing_credentials_do_not_make_a_client_fail_where_everybody_may_pull() {
    let everybody = User::new("", "").allow("team/*", "pull");
    let registry = Registry::builder().auth(Auth::Token).user(User::admin("ann", "secret")).anonymous(everybody);
    let registry = registry.start();
    registry.push_image("team/app", "1.0", &ImageSpec::new("app"));
    registry.push_image("other/app", "1.0", &ImageSpec::new("app"));
    let docker = |argument| {
        let lines = clients(&mut with_clients(&registry).user("ann", "secret"), argument);
        lines.lines().find(|line| line.contains(" docker ")).expect("a line for docker").to_owned()
    };
    let admitted = "   ✓ docker     plain HTTP allowed (a registry on this machine); no credentials; anonymous access";
    assert_eq!(docker("team/app"), admitted);
    assert!(docker("other/app").starts_with("   ✗ docker     would fail: no credentials; "));
}

#[test]
fn records_name_the_client() {
    let registry = private();
    let outcome = with_clients(&registry).user("ann", "secret").words("doctor team/app -o jsonl").run();
    let docker = outcome.stdout.lines().find(|line| line.contains(r#""client":"docker""#)).expect("a record");
    assert!(docker.contains(r#""check":"clients","client":"docker","status":"failed""#), "{docker}");
}
