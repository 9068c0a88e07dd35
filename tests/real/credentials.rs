//! Credentials and CA certificates in docker's files are found with the registry's name alone.

use registry_fixture::Auth;
use registry_fixture::client::basic;
use serde_json::{Value, json};
use test_support::Rls;
use test_support::docker_registry::{PASSWORD, USER};

use crate::setup::Setup;

/// All of it.
pub fn all(setup: &Setup) {
    let auth = basic(USER, PASSWORD).replace("Basic ", "");
    let (host, entry) = (setup.host(), json!({ "auth": auth }));
    assert_eq!(&*docker(setup, "repos --limit 1", "", host, &entry).succeeds(), "many/0000\n");
    let digest = |key: &str, entry: &Value| {
        let found = docker(setup, "digest", "/team/app:1.3.9", key, entry).succeeds();
        assert_eq!(
            &*found, "sha256:0b037d2f9cd6bdf1a8679b0907b6e95b997385d2bad9e1b5aac3586bdb18e07e\n",
            "{key} {entry}"
        );
    };
    digest(host, &entry);
    digest(&format!("https://{host}/v1/"), &entry);
    digest(host, &json!({ "username": USER, "password": PASSWORD }));
    if setup.auth == Auth::Token {
        digest(host, &json!({ "identitytoken": setup.identity_token() }));
    }
    if setup.auth != Auth::None {
        let wrong = json!({ "auth": basic(USER, "wrong").replace("Basic ", "") });
        let outcome = docker(setup, "tags", "/team/app", host, &wrong).run();
        assert_eq!(outcome.result(), (Some(4), ""), "{outcome}");
        let source = "cause: tried as ann (docker config, ~/.docker/config.json)";
        assert!(outcome.stderr.lines().any(|line| line == source), "{outcome}");
        let other = docker(setup, "tags", "/team/app", "other.example.org", &entry).run();
        // A registry with tokens does not tell a missing repository from one that requires a login.
        let expected = match setup.auth {
            Auth::Token => "error: team/app does not exist on REGISTRY, or requires login",
            _ => "error: not logged in to REGISTRY",
        };
        assert_eq!(other.error(), expected, "{other}");
    }
}

/// `rls` about something on the registry, for a user with this entry in docker's configuration and with the
/// registry's CA where docker looks for it.
fn docker(setup: &Setup, command: &str, path: &str, key: &str, entry: &Value) -> Rls {
    let scheme = if setup.tls { "" } else { "--plain-http " };
    let rls = setup.bare(&format!("{command} {scheme}{}{path}", setup.host()));
    let rls = rls.docker_config(&json!({ "auths": { key: entry } }).to_string());
    if setup.tls { rls.with_file(&format!(".docker/certs.d/{}/ca.crt", setup.host()), setup.ca_pem()) } else { rls }
}
