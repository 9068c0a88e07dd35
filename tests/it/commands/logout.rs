use std::fs;

use insta::assert_snapshot;
use serde_json::{Value, json};
use test_support::Rls;

/// `ann:secret`
const ANN: &str = "YW5uOnNlY3JldA==";

fn logout(words: &str, config: &Value) -> Rls {
    Rls::new().words(words).docker_config(&config.to_string())
}

fn config(rls: &Rls) -> Value {
    let bytes = fs::read(rls.home().join(".docker/config.json")).expect("docker's configuration");
    serde_json::from_slice(&bytes).expect("JSON")
}

#[test]
fn stored_credentials_are_erased_without_a_request() {
    let entry = json!({"auth": ANN});
    let all =
        json!({"auths": {"reg.corp:5000": entry, "https://reg.corp:5000/v2/": entry, "other.corp": entry}, "x": 1});
    let rls = logout("logout reg.corp:5000", &all);
    assert_snapshot!(rls.succeeds(), @"logged-out→reg.corp:5000→~/.docker/config.json");
    assert_eq!(config(&rls), json!({"auths": {"other.corp": entry}, "x": 1}));
    assert_snapshot!(rls.succeeds(), @"not-logged-in→reg.corp:5000");
    let rls = rls.then("logout reg.corp:5000 -o table");
    assert_snapshot!(rls.succeeds(), @"not logged in to reg.corp:5000");
    let rls = rls.then("logout other.corp -o json");
    assert_snapshot!(rls.succeeds(), @r#"
    [
      {"registry":"other.corp","places":["~/.docker/config.json"]}
    ]
    "#);
    let rls = rls.then("logout other.corp -o json");
    assert_snapshot!(rls.succeeds(), @r#"
    [
      {"registry":"other.corp","places":[]}
    ]
    "#);
}

#[test]
fn docker_hub_is_the_default_registry() {
    for words in ["logout -q", "logout docker.io", "logout index.docker.io"] {
        let rls = logout(words, &json!({"auths": {"https://index.docker.io/v1/": {"auth": ANN}}}));
        assert_eq!(&*rls.succeeds(), "logged-out\tdocker.io\t~/.docker/config.json\n");
        assert_eq!(config(&rls), json!({"auths": {}}));
    }
}

#[test]
fn without_stored_credentials_no_file_is_created() {
    let rls = Rls::new().words("logout reg.corp");
    rls.succeeds();
    assert!(!rls.home().join(".docker").exists());
}

#[test]
fn only_the_named_file_is_changed() {
    let entry = json!({"auths": {"reg.corp": {"auth": ANN}}});
    let rls = logout("logout reg.corp --auth-file auth.json", &entry).with_file("auth.json", entry.to_string());
    assert_snapshot!(rls.succeeds(), @"logged-out→reg.corp→auth.json");
    assert_eq!(config(&rls), entry);
    let left = fs::read_to_string(rls.home().join("auth.json")).expect("text");
    assert_eq!(left, "{\"auths\":{}}");
}

#[test]
fn credentials_are_erased_from_a_helper() {
    let vault =
        "case $1 in get) echo '{\"Username\":\"ann\",\"Secret\":\"secret\"}' ;; erase) cat > \"$0.erased\" ;; esac";
    let rls = logout("logout reg.corp", &json!({"credsStore": "vault", "auths": {"reg.corp": {}}}));
    let rls = rls.program("docker-credential-vault", vault);
    let outcome = rls.run();
    assert_snapshot!(outcome.stdout, @"logged-out→reg.corp→docker-credential-vault (credsStore in ~/.docker/config.json)");
    assert_eq!(fs::read_to_string(rls.home().join("bin/docker-credential-vault.erased")).expect("text"), "reg.corp");
    assert_eq!(config(&rls), json!({"credsStore": "vault", "auths": {}}));
    // This helper gives them all the same.
    assert!(
        outcome.stderr.starts_with(
            "warning: docker-credential-vault (credsStore in ~/.docker/config.json) still has credentials for reg.corp"
        ),
        "{outcome}"
    );
}

#[test]
fn a_helper_that_fails_is_reported_after_the_others_are_erased() {
    let config_text = json!({"credsStore": "vault", "auths": {"reg.corp": {"auth": ANN}}});
    let rls = logout("logout reg.corp", &config_text)
        .program("docker-credential-vault", "echo 'the vault is sealed'; exit 1");
    assert_snapshot!(rls.run(), @"
    exit 2
    --- stdout
    logged-out→reg.corp→~/.docker/config.json
    --- stderr
    error: credentials for reg.corp may remain
    cause: docker-credential-vault failed: the vault is sealed (credsStore in ~/.docker/config.json)
    ");
    assert_eq!(config(&rls)["auths"], json!({}));
}

#[test]
fn remaining_credentials_are_named() {
    let entry = json!({"auths": {"reg.corp": {"auth": ANN}}});
    let rls = logout("logout reg.corp", &entry).with_file(".config/containers/auth.json", entry.to_string());
    let outcome = rls.run();
    assert_eq!(outcome.code, Some(0));
    let warning = "warning: containers auth file, ~/.config/containers/auth.json still has credentials for reg.corp, which rls will use\n";
    assert!(outcome.stderr.contains(warning), "{outcome}");
}

#[test]
fn a_file_that_cannot_be_read_is_an_error() {
    let rls = Rls::new().words("logout reg.corp").docker_config("{\"auths\": []}");
    assert_snapshot!(rls.fails(2), @"
    error: cannot write credentials to ~/.docker/config.json
    cause: auths is not an object
    ");
}
