use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::error::Kind;
use crate::keychain::Keychain;
use crate::keychain::tests::write_script;

/// A helper with its own memory, in files beside it: `store`, `get` and `erase` as docker's protocol has them.
const VAULT: &str = r#"
vault="$0.vault"; input=$(cat); echo "$1" >> "$0.log"
case "$1" in
    store) printf '%s' "$input" > "$vault" ;;
    get) [ -f "$vault" ] && cat "$vault" || { echo "credentials not found in native keychain"; exit 1; } ;;
    erase) rm "$vault" ;;
esac
"#;

struct Home {
    folder: TempDir,
    options: Options,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options = Options {
            home: Some(folder.path().into()),
            path: Some(
                std::env::join_paths([folder.path(), Path::new("/usr/bin"), Path::new("/bin")]).expect("a search path"),
            ),
            ..Options::default()
        };
        Self { folder, options }
    }

    fn with_config(config: &serde_json::Value) -> Self {
        let home = Self::new();
        fs::create_dir(home.path(".docker")).expect("a writable folder");
        fs::write(home.config(), config.to_string()).expect("a writable folder");
        home
    }

    fn helper(self, name: &str, script: &str) -> Self {
        write_script(&self.path(&format!("docker-credential-{name}")), script);
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn config(&self) -> PathBuf {
        self.path(".docker/config.json")
    }

    fn read(&self) -> serde_json::Value {
        serde_json::from_slice(&fs::read(self.config()).expect("a readable file")).expect("JSON")
    }

    fn store(&self) -> Store {
        Store::open(&self.options).expect("a store")
    }

    /// The user names and sources that are found for a registry.
    async fn found(&self, name: &str) -> Vec<String> {
        let found = Keychain::discover(self.options.clone())
            .credentials(&registry(name), None)
            .await
            .expect("credentials or none");
        found.iter().map(|found| found.identity.to_string()).collect()
    }
}

fn registry(text: &str) -> Registry {
    text.parse().expect("a registry")
}

fn ann() -> Credentials {
    Credentials::basic("ann", "s3cret").expect("credentials")
}

#[tokio::test]
async fn stored_credentials_are_found_and_then_erased() {
    let home = Home::new();
    for name in ["reg.corp:5000", "docker.io", "[::1]:5000"] {
        home.store().check(&registry(name)).await.expect("it can be stored");
        let kept = home.store().store(&registry(name), &ann()).await.expect("it is stored");
        assert_eq!(kept, Stored { place: "~/.docker/config.json".to_owned(), in_plain_text: true });
        assert_eq!(home.found(name).await, ["ann (docker config, ~/.docker/config.json)"]);
    }
    let auth = json!({"auth": "YW5uOnMzY3JldA=="});
    let expected = json!({"auths": {"reg.corp:5000": auth, "https://index.docker.io/v1/": auth, "[::1]:5000": auth}});
    assert_eq!(home.read(), expected);
    assert_eq!(fs::metadata(home.config()).expect("a readable file").permissions().mode() & 0o777, 0o600);
    for name in ["reg.corp:5000", "docker.io", "[::1]:5000"] {
        let forgotten = home.store().erase(&registry(name)).await.expect("it is erased");
        assert_eq!(forgotten.places, ["~/.docker/config.json"]);
        assert_eq!(home.store().erase(&registry(name)).await.expect("it is erased"), Erased::default());
        assert!(home.found(name).await.is_empty());
    }
    assert_eq!(home.read(), json!({"auths": {}}));
}

#[tokio::test]
async fn erasing_without_credentials_creates_no_file() {
    let home = Home::new();
    assert_eq!(home.store().erase(&registry("reg.corp")).await.expect("it is erased"), Erased::default());
    assert_eq!(fs::read_dir(home.folder.path()).expect("a readable folder").count(), 0);
}

#[tokio::test]
async fn an_identity_token_is_stored_as_docker_does() {
    let home = Home::new();
    let token = Credentials::IdentityToken {
        username: Some("ann".to_owned()),
        token: "t0ken".into(),
        password: Some("s3cret".into()),
    };
    home.store().store(&registry("reg.corp"), &token).await.expect("it is stored");
    assert_eq!(home.read(), json!({"auths": {"reg.corp": {"auth": "YW5uOg==", "identitytoken": "t0ken"}}}));
    home.store().store(&registry("reg.corp"), &ann()).await.expect("it is stored");
    assert_eq!(home.read(), json!({"auths": {"reg.corp": {"auth": "YW5uOnMzY3JldA=="}}}));
    let none =
        home.store().store(&registry("reg.corp"), &Credentials::Anonymous).await.expect_err("it cannot be stored");
    assert_eq!(none.kind(), &Kind::Config);
}

#[tokio::test]
async fn every_spelling_of_the_registry_is_erased_and_nothing_else() {
    let keys = [
        "reg.corp",
        "REG.corp",
        "https://reg.corp",
        "http://reg.corp/v1/",
        "https://reg.corp/team",
        "reg.corp/v2/",
        "reg.corp/team",
        "reg.corp:443",
        "other.corp",
        "https://index.docker.io/v1/",
    ];
    let auths: Map<String, Value> = keys.iter().map(|&key| (key.to_owned(), json!({"auth": "YTpi"}))).collect();
    let home = Home::with_config(&json!({"auths": auths}));
    home.store().erase(&registry("reg.corp")).await.expect("it is erased");
    let left: Vec<String> = home.read()["auths"].as_object().expect("an object").keys().cloned().collect();
    assert_eq!(left, ["reg.corp/team", "other.corp", "https://index.docker.io/v1/"]);
}

#[tokio::test]
async fn an_entry_in_another_spelling_does_not_hide_the_new_one() {
    let home = Home::with_config(&json!({"auths": {"REG.corp": {"auth": "Ym9iOngK"}}}));
    home.store().store(&registry("reg.corp"), &ann()).await.expect("it is stored");
    assert_eq!(home.read(), json!({"auths": {"reg.corp": {"auth": "YW5uOnMzY3JldA=="}}}));
}

#[tokio::test]
async fn an_entry_with_the_default_port_is_replaced() {
    let old = json!({"auth": "Ym9iOngK"});
    for (typed, kept) in
        [("reg.corp", "reg.corp:5000"), ("reg.corp:443", "reg.corp:80"), ("http://reg.corp", "reg.corp:443")]
    {
        let others = [("reg.corp", &old), ("reg.corp:443", &old), ("reg.corp:80", &old), ("reg.corp:5000", &old)];
        let home = Home::with_config(
            &json!({"auths": Map::from_iter(others.map(|(key, value)| (key.to_owned(), value.clone())))}),
        );
        home.store().store(&registry(typed), &ann()).await.expect("it is stored");
        let auths = home.read()["auths"].as_object().expect("an object").clone();
        let new: Vec<_> = auths.iter().filter(|(_, value)| **value != old).map(|(key, _)| key.as_str()).collect();
        assert_eq!((new, auths.len()), (vec![typed.trim_start_matches("http://")], 3), "{auths:?}");
        assert_eq!(auths[kept], old);
    }
    // Docker and podman have names of their own for Docker Hub.
    let home = Home::with_config(&json!({"auths": {"docker.io": old}}));
    home.store().store(&registry("docker.io"), &ann()).await.expect("it is stored");
    assert_eq!(home.read()["auths"].as_object().expect("an object").len(), 2);
}

#[tokio::test]
async fn a_configured_helper_stores_the_credentials() {
    for (config, name) in [
        (json!({"credsStore": "vault"}), "reg.corp"),
        (json!({"credHelpers": {"reg.corp": "vault"}, "credsStore": "missing"}), "reg.corp"),
        (json!({"credHelpers": {"other.corp": "missing"}, "credsStore": "vault"}), "docker.io"),
    ] {
        let home = Home::with_config(&config).helper("vault", VAULT);
        home.store().check(&registry(name)).await.expect("it can be stored");
        let kept = home.store().store(&registry(name), &ann()).await.expect("it is stored");
        let setting = if config["credHelpers"][name].is_null() { "credsStore" } else { "credHelpers" };
        let place = format!("docker-credential-vault ({setting} in ~/.docker/config.json)");
        assert_eq!(kept, Stored { place: place.clone(), in_plain_text: false });
        let key = if name == "docker.io" { "https://index.docker.io/v1/" } else { name };
        let stored: Value =
            serde_json::from_slice(&fs::read(home.path("docker-credential-vault.vault")).expect("a readable file"))
                .expect("JSON");
        assert_eq!(stored, json!({"ServerURL": key, "Username": "ann", "Secret": "s3cret"}));
        assert_eq!(home.read()["auths"], json!({key: {}}));
        assert!(!fs::read_to_string(home.config()).expect("a readable file").contains("YW5u"));
        assert_eq!(home.found(name).await, [format!("ann ({place})")]);
        let forgotten = home.store().erase(&registry(name)).await.expect("it is erased");
        assert_eq!(forgotten.places, [place]);
        assert!(!home.path("docker-credential-vault.vault").exists());
        assert_eq!(home.read()["auths"], json!({}));
    }
}

#[tokio::test]
async fn an_empty_helper_name_means_the_file() {
    let home = Home::with_config(&json!({"credHelpers": {"reg.corp": ""}, "credsStore": "missing"}));
    assert!(home.store().store(&registry("reg.corp"), &ann()).await.expect("it is stored").in_plain_text);
}

#[tokio::test]
async fn an_identity_token_goes_to_a_helper_under_its_own_name() {
    let home = Home::with_config(&json!({"credsStore": "vault"})).helper("vault", VAULT);
    let token = Credentials::IdentityToken { username: Some("ann".to_owned()), token: "t0ken".into(), password: None };
    home.store().store(&registry("reg.corp"), &token).await.expect("it is stored");
    let stored: Value =
        serde_json::from_slice(&fs::read(home.path("docker-credential-vault.vault")).expect("a readable file"))
            .expect("JSON");
    assert_eq!(stored, json!({"ServerURL": "reg.corp", "Username": "<token>", "Secret": "t0ken"}));
}

#[tokio::test]
async fn a_helper_that_fails_changes_nothing() {
    let config = json!({"credsStore": "vault", "auths": {"reg.corp": {"auth": "YTpi"}}});
    for (script, cause) in [
        ("cat >/dev/null; echo 'the vault is sealed'; exit 1", "docker-credential-vault failed: the vault is sealed"),
        ("cat; exit 1", "docker-credential-vault failed with exit code 1"),
        ("echo \"cannot keep $(cat)\"; exit 1", "docker-credential-vault failed: cannot keep"),
        (
            "echo \"cannot keep $(cat | tr -d '{}')\"; exit 1",
            r#"docker-credential-vault failed: cannot keep "ServerURL":"reg.corp","Username":"ann","Secret":"REDACTED""#,
        ),
    ] {
        let home = Home::with_config(&config).helper("vault", script);
        let error = home.store().store(&registry("reg.corp"), &ann()).await.expect_err("it cannot be stored");
        assert_eq!((error.kind(), error.what()), (&Kind::Config, "cannot store the credentials for reg.corp"));
        assert_eq!(error.causes(), [cause, "configured by credsStore in ~/.docker/config.json"]);
        assert_eq!(home.read(), config);
    }
    let missing =
        Home::with_config(&config).store().store(&registry("reg.corp"), &ann()).await.expect_err("it cannot be stored");
    assert_eq!(missing.causes()[0], "docker-credential-vault is not in PATH");
    let wrong = Home::with_config(&json!({"credsStore": "../x"}));
    assert!(
        wrong
            .store()
            .check(&registry("reg.corp"))
            .await
            .expect_err("it cannot be stored")
            .what()
            .contains("credential helper")
    );
}

#[tokio::test]
async fn a_helper_that_cannot_erase_is_reported_and_the_file_entry_removed() {
    let config = json!({"credsStore": "vault", "auths": {"reg.corp": {"auth": "YTpi"}}});
    let home = Home::with_config(&config).helper("vault", "echo 'the vault is sealed'; exit 1");
    let forgotten = home.store().erase(&registry("reg.corp")).await.expect("it is erased");
    assert_eq!(forgotten.places, ["~/.docker/config.json"]);
    let failure = "docker-credential-vault failed: the vault is sealed (credsStore in ~/.docker/config.json)";
    assert_eq!(forgotten.failures, [failure]);
    assert_eq!(home.read()["auths"], json!({}));
}

#[tokio::test]
async fn a_named_file_has_podmans_format() {
    let mut home = Home::new();
    let path = home.path("run/auth.json");
    home.options.auth_file = Some(AuthFile::Path(path.clone()));
    assert!(!home.store().takes_identity_tokens());
    let kept = home.store().store(&registry("docker.io"), &ann()).await.expect("it is stored");
    assert_eq!(kept.place, "~/run/auth.json");
    let text = fs::read_to_string(&path).expect("a readable file");
    assert_eq!(text, "{\n\t\"auths\": {\n\t\t\"docker.io\": {\n\t\t\t\"auth\": \"YW5uOnMzY3JldA==\"\n\t\t}\n\t}\n}");
    assert_eq!(home.found("docker.io").await.len(), 1);
    // Podman does not know a helper for all.
    fs::write(&path, json!({"credsStore": "missing", "auths": {"reg.corp/team": {"auth": "YTpi"}}}).to_string())
        .expect("a writable folder");
    assert!(home.store().store(&registry("reg.corp"), &ann()).await.expect("it is stored").in_plain_text);
    fs::write(&path, json!({"credHelpers": {"reg.corp": "vault"}}).to_string()).expect("a writable folder");
    let home = home.helper("vault", VAULT);
    assert!(!home.store().store(&registry("reg.corp"), &ann()).await.expect("it is stored").in_plain_text);
}

#[tokio::test]
async fn an_uneditable_file_is_reported_and_unchanged() {
    for (text, cause) in [
        ("{\"s3cret\"", "not valid JSON at line 1, column 9"),
        ("[\"s3cret\"]", "it is not a JSON object"),
        ("{\"auths\": \"s3cret\"}", "auths is not an object"),
        ("{\"kind\": \"Secret\"}", "it is a Kubernetes object; credentials cannot be stored in one"),
    ] {
        let home = Home::with_config(&json!(null));
        fs::write(home.config(), text).expect("a writable folder");
        let store = home.store();
        for error in [
            store.check(&registry("reg.corp")).await.expect_err("it cannot be stored"),
            store.store(&registry("reg.corp"), &ann()).await.expect_err("it cannot be stored"),
            store.erase(&registry("reg.corp")).await.expect_err("it cannot be stored"),
        ] {
            assert_eq!(error.what(), "cannot write credentials to ~/.docker/config.json");
            assert_eq!(error.causes(), [cause]);
        }
        assert_eq!(fs::read_to_string(home.config()).expect("a readable file"), text);
    }
    let home = Home::with_config(&json!({}));
    fs::set_permissions(home.config(), fs::Permissions::from_mode(0o400)).expect("a file of our own");
    for error in [
        home.store().check(&registry("reg.corp")).await.expect_err("it cannot be stored"),
        home.store().store(&registry("reg.corp"), &ann()).await.expect_err("it cannot be stored"),
    ] {
        assert_eq!(error.causes(), ["it is read-only"]);
    }
}

#[tokio::test]
async fn a_symbolic_link_is_followed_and_kept() {
    let home = Home::new();
    fs::create_dir(home.path(".docker")).expect("a writable folder");
    symlink("../dotfiles/docker.json", home.config()).expect("a writable folder");
    home.store().check(&registry("reg.corp")).await.expect("it can be stored");
    for name in ["reg.corp", "other.corp"] {
        home.store().store(&registry(name), &ann()).await.expect("it is stored");
    }
    assert!(home.config().symlink_metadata().expect("a readable file").is_symlink());
    assert_eq!(home.read()["auths"].as_object().expect("an object").len(), 2);
    assert!(home.path("dotfiles/docker.json").symlink_metadata().expect("a readable file").is_file());
}

#[tokio::test]
async fn without_a_home_nothing_can_be_stored() {
    let error = Store::open(&Options::default()).expect_err("it is refused");
    assert_eq!(error.what(), "cannot store credentials: neither HOME nor DOCKER_CONFIG is set");
    let text = AuthFile::Text { text: "{}".into(), name: "standard input".to_owned() };
    let error = Store::open(&Options { auth_file: Some(text), ..Options::default() }).expect_err("it is refused");
    assert_eq!(error.what(), "cannot store credentials in standard input");
}

#[tokio::test]
async fn concurrent_logins_are_all_stored() {
    let home = Home::with_config(&json!({"x": 1}));
    let names: Vec<String> = (0..20).map(|number| format!("reg-{number}.corp")).collect();
    let keep = |name: String| {
        let store = home.store();
        async move { store.store(&registry(&name), &ann()).await.expect("it is stored") }
    };
    futures::future::join_all(names.iter().cloned().map(keep)).await;
    let config = home.read();
    assert_eq!((config["auths"].as_object().expect("an object").len(), &config["x"]), (20, &json!(1)));
}
