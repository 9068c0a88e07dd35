use std::fs;
use std::path::Path;

use secrecy::ExposeSecret;
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::error::Kind;

/// A home with these files, as `(path, text)`; the machine's files are below it too.
fn home(files: &[(&str, &str)]) -> (TempDir, Options) {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, text).expect("written");
    }
    let options = Options {
        home: Some(folder.path().to_owned()),
        xdg_runtime_dir: Some(folder.path().join("run/user/7")),
        uid: Some(7),
        root: Some(folder.path().to_owned()),
        ..Options::default()
    };
    (folder, options)
}

fn registry(text: &str) -> Registry {
    text.parse().expect(text)
}

async fn sources(keychain: &Keychain, host: &str) -> Vec<String> {
    let found = keychain.credentials(&registry(host), None).await.expect("credentials");
    found.into_iter().map(|found| found.identity.source).collect()
}

fn auths(user: &str) -> String {
    json!({"auths": {"reg.corp": {"username": user, "password": "p"}}}).to_string()
}

const K3S: &str = "configs:\n  reg.corp:\n    auth: {username: k3s, password: p}\n";

#[tokio::test]
async fn anonymous_and_explicit_search_nothing() {
    assert!(sources(&Keychain::anonymous(), "reg.corp").await.is_empty());
    let explicit = Keychain::explicit("ann", "p", "-u ann");
    let found = explicit.credentials(&registry("reg.corp"), None).await.expect("credentials");
    assert_eq!(
        found[0].identity,
        crate::error::Identity { username: Some("ann".to_owned()), source: "-u ann".to_owned() }
    );
    let Credentials::Basic { password, .. } = &found[0].credentials else { panic!("a password") };
    assert_eq!(password.expose_secret(), "p");
    let wrong = Keychain::explicit("a:b", "p", "-u a:b");
    assert_eq!(wrong.credentials(&registry("reg.corp"), None).await.expect_err("refused").kind(), &Kind::Config);
}

#[tokio::test]
async fn every_source_is_searched_in_order() {
    let (_home, options) = home(&[
        (".docker/config.json", &auths("docker")),
        ("run/user/7/containers/auth.json", &auths("session")),
        ("run/containers/7/auth.json", &auths("boot")),
        (".config/containers/auth.json", &auths("config")),
        ("etc/rancher/k3s/registries.yaml", K3S),
        ("etc/rancher/rke2/registries.yaml", K3S),
    ]);
    let keychain = Keychain::discover(Options { docker_auth_config: Some(auths("env").into()), ..options });
    assert_eq!(
        sources(&keychain, "reg.corp").await,
        [
            "docker config, DOCKER_AUTH_CONFIG",
            "docker config, ~/.docker/config.json",
            "containers auth file, ~/run/user/7/containers/auth.json",
            "containers auth file, ~/run/containers/7/auth.json",
            "containers auth file, ~/.config/containers/auth.json",
            "registries.yaml, ~/etc/rancher/k3s/registries.yaml",
        ],
        "the same credentials of rke2 are not tried again"
    );
    assert!(sources(&keychain, "other.corp").await.is_empty());
}

#[tokio::test]
async fn a_named_file_may_have_any_format_and_replaces_other_sources() {
    let secret = "kind: Secret\nmetadata: {name: s}\nstringData:\n  .dockerconfigjson: '{\"auths\":{\"*.corp\":{\"username\":\"k\",\"password\":\"p\"}}}'\n";
    let (home, options) = home(&[
        (".docker/config.json", &auths("docker")),
        ("auth.json", &auths("file")),
        ("secret.yaml", secret),
        ("empty.json", "{}"),
    ]);
    for (name, expected) in [
        ("auth.json", &["auth file, ~/auth.json"][..]),
        ("secret.yaml", &["pull secret s, ~/secret.yaml"]),
        ("empty.json", &[]),
    ] {
        let auth_file = Some(AuthFile::Path(home.path().join(name)));
        let keychain = Keychain::discover(Options { auth_file, ..options.clone() });
        assert_eq!(sources(&keychain, "reg.corp").await, expected, "{name}");
    }
    let text = AuthFile::Text { text: secret.into(), name: "standard input".to_owned() };
    let keychain = Keychain::discover(Options { auth_file: Some(text), ..options });
    assert_eq!(sources(&keychain, "reg.corp").await, ["pull secret s, standard input"]);
}

#[tokio::test]
async fn an_unreadable_file_is_named_and_not_quoted() {
    for (text, cause) in [
        ("}{", "not valid JSON at line 1, column 1"),
        ("{\"auths\":\n {\"s3cret\"}}", "not valid JSON at line 2, column 11"),
        ("[\"s3cret\"]", "it is not a JSON object"),
        ("{\"auths\": \"s3cret\"}", "auths is not an object"),
    ] {
        let (home, options) = home(&[(".docker/config.json", text), ("named", text)]);
        for (options, name) in [
            (options.clone(), "~/.docker/config.json"),
            (Options { auth_file: Some(AuthFile::Path(home.path().join("named"))), ..options.clone() }, "~/named"),
        ] {
            let error = Keychain::discover(options).credentials(&registry("reg.corp"), None).await.expect_err(text);
            assert_eq!(error.kind(), &Kind::Config);
            assert_eq!(error.what(), format!("cannot read credentials from {name}"));
            assert!(!error.to_string().contains("s3cret"), "{error}");
            assert!(name == "~/named" || error.causes() == [cause], "{error}");
        }
    }
}

#[tokio::test]
async fn a_named_file_must_exist_and_contain_credentials() {
    let (home, options) = home(&[("pod.yaml", "kind: Pod\n"), ("other.yaml", "a: 1\n")]);
    for (name, cause) in [
        ("none", "no such file"),
        ("pod.yaml", "it contains no pull secret, but a Pod"),
        ("other.yaml", "it is neither a docker or podman configuration nor a pull secret"),
    ] {
        let auth_file = Some(AuthFile::Path(home.path().join(name)));
        let keychain = Keychain::discover(Options { auth_file, ..options.clone() });
        let error = keychain.credentials(&registry("reg.corp"), None).await.expect_err(name);
        assert_eq!((error.kind(), error.causes()), (&Kind::Config, &[cause.to_owned()][..]), "{name}");
    }
}

#[tokio::test]
async fn a_file_without_anything_in_it_has_no_credentials() {
    for text in ["", "\n", "\u{feff}", "null"] {
        let (home, options) =
            home(&[(".docker/config.json", text), (".config/containers/auth.json", &auths("podman"))]);
        let lookup = Keychain::discover(options.clone()).lookup(&registry("reg.corp"), None).await.expect(text);
        assert_eq!((lookup.found.len(), lookup.failures.len()), (1, 0), "{text:?}");
        // A file that is named is expected to hold some.
        let auth_file = Some(AuthFile::Path(home.path().join(".docker/config.json")));
        let named = Keychain::discover(Options { auth_file, ..options.clone() });
        let lookup = named.lookup(&registry("reg.corp"), None).await.expect(text);
        assert_eq!(lookup.failures, ["no credentials in ~/.docker/config.json: it is empty"], "{text:?}");
        let null = Options { auth_file: Some(AuthFile::Path("/dev/null".into())), ..options };
        let lookup = Keychain::discover(null).lookup(&registry("reg.corp"), None).await.expect("nothing");
        assert_eq!((lookup.found.len(), lookup.failures.len()), (0, 0));
    }
}

#[tokio::test]
async fn an_invalid_variable_is_skipped() {
    let (home, options) = home(&[(".docker/config.json", &auths("docker"))]);
    let variable = Options { docker_auth_config: Some("/run/auth.json".into()), ..options.clone() };
    let lookup = Keychain::discover(variable).lookup(&registry("reg.corp"), None).await.expect("the file's");
    assert_eq!(lookup.found.len(), 1);
    assert_eq!(
        lookup.failures,
        ["cannot read credentials from DOCKER_AUTH_CONFIG: it looks like the path of a file; expected the JSON itself"]
    );
    // DOCKER_CONFIG may name the file instead of its folder.
    let file = Options { docker_config: Some(home.path().join(".docker/config.json")), home: None, ..options };
    let lookup = Keychain::discover(file).lookup(&registry("reg.corp"), None).await.expect("the file's");
    assert_eq!(lookup.found.len(), 1);
}

#[tokio::test]
async fn a_broken_source_does_not_affect_earlier_ones() {
    let (_home, options) = home(&[(".docker/config.json", &auths("docker")), (".config/containers/auth.json", "}{")]);
    let keychain = Keychain::discover(options);
    let lookup = keychain.lookup(&registry("reg.corp"), None).await.expect("credentials");
    assert_eq!(lookup.found.len(), 1);
    assert_eq!(
        lookup.failures,
        ["cannot read credentials from ~/.config/containers/auth.json: not valid JSON at line 1, column 1"]
    );
    assert_eq!(keychain.lookup(&registry("other.corp"), None).await.expect_err("broken").kind(), &Kind::Config);
}

#[tokio::test]
async fn a_broken_system_file_is_a_failure_and_not_an_error() {
    let (_home, options) = home(&[("etc/rancher/k3s/registries.yaml", "a: [")]);
    let lookup = Keychain::discover(options).lookup(&registry("reg.corp"), None).await.expect("no error");
    assert!(lookup.found.is_empty());
    assert!(
        lookup.failures[0]
            .starts_with("cannot read credentials from ~/etc/rancher/k3s/registries.yaml: not valid YAML")
    );
}

#[tokio::test]
async fn files_are_read_once_at_the_first_lookup() {
    let (home, options) = home(&[(".docker/config.json", "}{")]);
    let keychain = Keychain::discover(options);
    let path = home.path().join(".docker/config.json");
    fs::write(&path, auths("ann")).expect("written");
    assert_eq!(sources(&keychain, "reg.corp").await, ["docker config, ~/.docker/config.json"]);
    fs::remove_file(&path).expect("removed");
    assert_eq!(sources(&keychain.clone(), "reg.corp").await.len(), 1);
}

#[tokio::test]
async fn credentials_of_one_registry_are_never_returned_for_another() {
    let config = json!({
        "credsStore": "missing",
        "auths": {"https://index.docker.io/v1/": {"username": "hub", "password": "p"}},
    });
    let (_home, options) = home(&[(".docker/config.json", &config.to_string())]);
    let keychain = Keychain::discover(options);
    let private = keychain.lookup(&registry("my-private-registry.example.com"), None).await.expect("no error");
    assert!(private.found.is_empty());
    assert_eq!(private.failures, ["docker-credential-missing is not in PATH (credsStore in ~/.docker/config.json)"]);
    assert_eq!(sources(&keychain, "docker.io").await, ["docker config, ~/.docker/config.json"]);
}

#[test]
fn debug_shows_no_secret() {
    let keychain = Keychain::explicit("ann", "s3cret", "-u ann");
    assert!(!format!("{keychain:?}").contains("s3cret"));
}

#[test]
fn a_search_can_be_sent_to_another_thread() {
    fn sendable<T: Send>(_: &T) {}
    let (keychain, registry) = (Keychain::discover(Options::default()), registry("reg.corp"));
    sendable(&keychain.lookup(&registry, None));
}

#[cfg(unix)]
#[tokio::test]
async fn a_helper_is_named_with_the_setting_that_chose_it() {
    let (home, options) = home(&[(".docker/config.json", &json!({"credHelpers": {"reg.corp": "test"}}).to_string())]);
    let helper = home.path().join("bin/docker-credential-test");
    write_script(&helper, r#"echo '{"Username":"ann","Secret":"p"}'"#);
    let keychain = Keychain::discover(Options { path: Some(home.path().join("bin").into()), ..options });
    assert_eq!(sources(&keychain, "reg.corp").await, ["docker-credential-test (credHelpers in ~/.docker/config.json)"]);
}

/// Writes a shell script. Another process writes it: had this one the script open for writing while some other thread
/// starts a program, running it would fail with "text file busy".
#[cfg(unix)]
pub(super) fn write_script(path: &Path, script: &str) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
    let status = std::process::Command::new("/bin/sh")
        .args(["-c", r#"printf '#!/bin/sh\n%s\n' "$2" > "$1" && chmod 755 "$1""#, "sh"])
        .arg(path)
        .arg(script)
        .status();
    assert!(status.expect("a shell").success());
}
