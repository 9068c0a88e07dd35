//! What is found in the home directory: somebody who uses docker there gives `rls` the registry's name and nothing else.

use registry_fixture::Auth;
use registry_fixture::client::basic;
use serde_json::{Value, json};
use test_support::Rls;
use test_support::docker_registry::{PASSWORD, USER};

use crate::place::Place;

/// All of it.
pub fn all(place: &Place) {
    let auth = basic(USER, PASSWORD).replace("Basic ", "");
    let (host, entry) = (place.host(), json!({ "auth": auth }));
    assert_eq!(&*docker(place, "repos --limit 1", "", host, &entry).succeeds(), "many/0000\n");
    let digest = |key: &str, entry: &Value| {
        let found = docker(place, "digest", "/team/app:1.3.9", key, entry).succeeds();
        assert_eq!(
            &*found, "sha256:0b037d2f9cd6bdf1a8679b0907b6e95b997385d2bad9e1b5aac3586bdb18e07e\n",
            "{key} {entry}"
        );
    };
    digest(host, &entry);
    digest(&format!("https://{host}/v1/"), &entry);
    digest(host, &json!({ "username": USER, "password": PASSWORD }));
    if place.auth == Auth::Token {
        digest(host, &json!({ "identitytoken": place.identity_token() }));
    }
    if place.auth != Auth::None {
        let wrong = json!({ "auth": basic(USER, "wrong").replace("Basic ", "") });
        let outcome = docker(place, "tags", "/team/app", host, &wrong).run();
        assert_eq!(outcome.result(), (Some(4), ""), "{outcome}");
        let source = "cause: asked as ann (docker config, ~/.docker/config.json)";
        assert!(outcome.stderr.lines().any(|line| line == source), "{outcome}");
        let other = docker(place, "tags", "/team/app", "other.example.org", &entry).run();
        assert_eq!(other.error(), "error: not allowed to pull team/app on REGISTRY", "{other}");
    }
}

/// `rls` about something on the registry, for somebody with this entry in docker's configuration and with the registry's CA
/// where docker looks for it.
fn docker(place: &Place, command: &str, path: &str, key: &str, entry: &Value) -> Rls {
    let scheme = if place.tls { "" } else { "--plain-http " };
    let rls = place.bare(&format!("{command} {scheme}{}{path}", place.host()));
    let rls = rls.docker_config(&json!({ "auths": { key: entry } }).to_string());
    if place.tls { rls.with_file(&format!(".docker/certs.d/{}/ca.crt", place.host()), place.ca_pem()) } else { rls }
}
