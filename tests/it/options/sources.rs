//! Every place where credentials and trust are found, and which of them won: `-v` names it.

use std::path::PathBuf;

use registry_fixture::{Auth, Registry, Running, Tls, User};
use test_support::Rls;

use crate::registries::with_seed;

/// `ann:hunter2`, `ann:wrong`
const ANN: &str = "YW5uOmh1bnRlcjI=";
const WRONG: &str = "YW5uOndyb25n";

fn wanting(auth: Auth) -> Running {
    with_seed(Registry::builder(), "1x1").auth(auth).user(User::admin("ann", "hunter2")).start()
}

fn auths(registry: &Running, auth: &str) -> String {
    format!("{{\"auths\":{{\"{}\":{{\"auth\":\"{auth}\"}}}}}}", registry.host())
}

/// A user with a folder for the machine's files, and one for files that end with the session.
fn as_user(rls: Rls) -> Rls {
    let (root, run) = (rls.home().join("root"), rls.home().join("run"));
    rls.env("RLS_ROOT", root).env("XDG_RUNTIME_DIR", run)
}

/// What `-v` says after `start`, each line once.
fn logged(rls: Rls, start: &str) -> Vec<String> {
    let outcome = rls.words("tags grid/repo-000 -v").run();
    assert_eq!((outcome.code, &*outcome.stdout), (Some(0), "latest\n"), "{outcome}");
    assert!(!outcome.stderr.contains("hunter2") && !outcome.stderr.contains(ANN), "{outcome}");
    let lines = outcome.stderr.lines().filter_map(|line| line.strip_prefix(start));
    let mut lines: Vec<_> = lines.map(str::to_owned).collect();
    lines.dedup();
    lines
}

#[test]
fn credentials_are_taken_from_the_first_source_that_has_them() {
    let registry = wanting(Auth::Basic);
    let entry = auths(&registry, ANN);
    let rancher = format!("configs:\n  \"{}\":\n    auth: {{username: ann, password: hunter2}}\n", registry.host());
    let uid = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").expect("a process"));
    // Each is found although all that come after it are there too, and each of those has the wrong password.
    let places = [
        (".docker/config.json", "docker config, ~/.docker/config.json".to_owned()),
        ("run/containers/auth.json", "containers auth file, ~/run/containers/auth.json".to_owned()),
        (
            &*format!("root/run/containers/{uid}/auth.json"),
            format!("containers auth file, ~/root/run/containers/{uid}/auth.json"),
        ),
        (".config/containers/auth.json", "containers auth file, ~/.config/containers/auth.json".to_owned()),
        ("root/etc/rancher/k3s/registries.yaml", "registries.yaml, ~/root/etc/rancher/k3s/registries.yaml".to_owned()),
        (
            "root/etc/rancher/rke2/registries.yaml",
            "registries.yaml, ~/root/etc/rancher/rke2/registries.yaml".to_owned(),
        ),
    ];
    for (first, (path, source)) in places.iter().enumerate() {
        let mut rls = as_user(Rls::at(&registry));
        for (number, (path, _)) in places.iter().enumerate().skip(first) {
            let text = if path.ends_with("yaml") { &rancher } else { &entry };
            let wrong = text.replace(ANN, WRONG).replace("hunter2", "wrong");
            rls = rls.with_file(path, if number == first { text } else { &wrong });
        }
        let logged = logged(rls, "credentials for http://REGISTRY: ");
        let [logged] = logged.as_slice() else { panic!("{logged:?}") };
        assert!(logged.starts_with(&format!("ann ({source})")), "{path}: {logged}");
    }
}

#[test]
fn explicit_credentials_win_over_stored_ones() {
    let registry = wanting(Auth::Basic);
    let (right, wrong) = (auths(&registry, ANN), auths(&registry, WRONG));
    let rls = || as_user(Rls::at(&registry)).docker_config(&wrong);
    let logged = |rls: Rls| logged(rls, "credentials for http://REGISTRY: ");
    let environment = || rls().env("DOCKER_AUTH_CONFIG", &right);
    let both = "ann (docker config, DOCKER_AUTH_CONFIG), then ann (docker config, ~/.docker/config.json)";
    assert_eq!(logged(environment()), [both]);
    let wrong_environment = || rls().env("DOCKER_AUTH_CONFIG", &wrong);
    let named = wrong_environment().with_file("named.json", &right).env("REGISTRY_AUTH_FILE", "named.json");
    assert_eq!(logged(named), ["ann (auth file, named.json)"]);
    let input = wrong_environment().words("--auth-file -").stdin(&right);
    assert_eq!(logged(input), ["ann (auth file, standard input)"]);
    let user = wrong_environment().with_file("named.json", &wrong).env("REGISTRY_AUTH_FILE", "named.json");
    assert_eq!(logged(user.user("ann", "hunter2")), ["ann (RLS_PASSWORD)"]);
    let user = wrong_environment().words("-u ann --password-stdin").stdin("hunter2");
    assert_eq!(logged(user), ["ann (--password-stdin)"]);
    let helper = r#"echo '{"ServerURL":"","Username":"ann","Secret":"hunter2"}'"#;
    let rls = rls().docker_config(r#"{"credsStore":"test"}"#).program("docker-credential-test", helper);
    assert_eq!(logged(rls), ["ann (docker-credential-test (credsStore in ~/.docker/config.json))"]);
}

#[test]
fn the_accepted_one_of_several_credentials_is_named() {
    for auth in [Auth::Basic, Auth::Token] {
        let registry = wanting(auth);
        let wrong = auths(&registry, WRONG);
        let rls = || {
            let rls = as_user(Rls::at(&registry)).env("DOCKER_AUTH_CONFIG", &wrong);
            rls.docker_config(&auths(&registry, ANN))
        };
        assert_eq!(logged(rls(), "http://REGISTRY accepts "), ["ann (docker config, ~/.docker/config.json)"]);
        let secret = |name: &str, auth: &str| {
            let config = auths(&registry, auth);
            format!(
                "- type: kubernetes.io/dockerconfigjson\n  kind: Secret\n  metadata: {{name: {name}}}\n  \
                 stringData: {{.dockerconfigjson: '{config}'}}\n"
            )
        };
        let list = format!("kind: List\nitems:\n{}{}", secret("former", WRONG), secret("new", ANN));
        let rls = rls().with_file("list.yaml", list).words("--auth-file list.yaml");
        assert_eq!(logged(rls, "http://REGISTRY accepts "), ["ann (pull secret new, list.yaml)"]);
    }
}

#[test]
fn missing_credentials_are_reported() {
    let registry = with_seed(Registry::builder(), "1x1").auth(Auth::Token).anonymous(User::admin("", "")).start();
    assert_eq!(logged(Rls::at(&registry), "credentials for http://REGISTRY: "), ["none"]);
}

#[test]
fn ca_certificates_are_read_from_any_source_and_their_file_is_named() {
    let registry = with_seed(Registry::builder(), "1x1").tls(Tls::Issued).start();
    let (host, ca) = (registry.host(), registry.ca_pem());
    let rancher = format!("configs:\n  \"{host}\":\n    tls: {{ca_file: /etc/ssl/the.pem}}\n");
    let toml = "ca = \"the.crt\"\n".to_owned();
    // The file with the CA, and the one that names it where that is wanted.
    let places: [(PathBuf, Option<(&str, &String)>); 13] = [
        (format!(".config/rls/certs.d/{host}/ca.crt").into(), None),
        (format!(".docker/certs.d/{host}/any.crt").into(), None),
        (format!(".config/docker/certs.d/{host}/ca.crt").into(), None),
        (format!("root/etc/docker/certs.d/{host}/ca.crt").into(), None),
        (format!(".config/containers/certs.d/{host}/ca.crt").into(), None),
        (format!("root/etc/containers/certs.d/{host}/ca.crt").into(), None),
        (format!("root/etc/containerd/certs.d/{host}/the.crt").into(), Some(("hosts.toml", &toml))),
        (
            format!("root/etc/containerd/certs.d/{}_/the.crt", host.replace(':', "_")).into(),
            Some(("hosts.toml", &toml)),
        ),
        ("root/etc/containerd/certs.d/_default/the.crt".into(), Some(("hosts.toml", &toml))),
        ("root/etc/ssl/the.pem".into(), Some(("root/etc/rancher/k3s/registries.yaml", &rancher))),
        ("root/etc/ssl/the.pem".into(), Some(("root/etc/rancher/rke2/registries.yaml", &rancher))),
        ("named.pem".into(), None),
        ("system.pem".into(), None),
    ];
    for (file, setting) in places {
        let rls = as_user(Rls::at(&registry)).without("RLS_CA_FILE");
        let home = rls.home().to_owned();
        let mut rls = rls.with_file(file.to_str().expect("UTF-8"), ca);
        if let Some((path, text)) = setting {
            let path = if path.contains('/') { path.into() } else { file.with_file_name(path) };
            rls = rls.with_file(path.to_str().expect("UTF-8"), text);
        }
        let expected = match file.to_str() {
            Some("named.pem") => {
                rls = rls.words("--ca-file named.pem");
                "named.pem".to_owned()
            }
            Some("system.pem") => {
                rls = rls.env("SSL_CERT_FILE", home.join("system.pem"));
                "the system's roots".to_owned()
            }
            _ => format!("HOME/{}", file.display()).replace(&host, "REGISTRY"),
        };
        assert_eq!(logged(rls, "trust in 127.0.0.1: "), [expected]);
    }
}

#[test]
fn the_ca_file_with_the_right_key_is_named() {
    let registry = with_seed(Registry::builder(), "1x1").tls(Tls::Issued).start();
    // The fixture's authorities are all called the same.
    let other = Registry::builder().tls(Tls::Issued).start();
    let rls = as_user(Rls::at(&registry)).without("RLS_CA_FILE");
    let folder = |origin: &str| format!("{origin}/certs.d/{}/ca.crt", registry.host());
    let rls = rls.with_file(&folder(".docker"), other.ca_pem());
    let rls = rls.with_file(&folder(".config/containers"), registry.ca_pem());
    assert_eq!(logged(rls, "trust in 127.0.0.1: "), ["HOME/.config/containers/certs.d/REGISTRY/ca.crt"]);
}
