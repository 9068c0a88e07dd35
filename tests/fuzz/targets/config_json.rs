//! Docker's `config.json`: an entry that is kept is found, one that is taken away is not, and the others stay as they are.

use registry_ls::auth::Credentials;
use registry_ls::keychain::{AuthFile, Keychain, Options, Store};
use registry_ls::name::{Registry, Repository};
use secrecy::ExposeSecret;
use serde_json::Value;

use super::{vectors, wait, with_folder};

/// One input of so many is also written to a file and changed there.
const WRITTEN: u64 = 64;

pub fn seeds() -> Vec<Vec<u8>> {
    let file = include_str!("../../../fixtures/vectors/credentials.json");
    let mut seeds = Vec::new();
    for input in vectors::inputs(file, &["lookup", "hardening"]) {
        let config = &input["config"];
        seeds.push(config.as_str().map_or_else(|| input.to_string(), str::to_owned).into_bytes());
    }
    for auth in vectors::texts(file, &["auth-field"]) {
        let auth = Value::from(String::from_utf8_lossy(&auth));
        seeds.push(format!(r#"{{"auths":{{"reg.corp:5000":{{"auth":{auth}}}}}}}"#).into());
    }
    seeds.push(
        br#"{"auths":{"reg.corp:5000/team":{"identitytoken":"t","auth":"YW5uOg=="},"https://reg.corp:5000/v2/":{"username":"ann","password":"p","registrytoken":"r"}},"credHelpers":{"reg.corp:5000":"none"},"credsStore":"none"}"#
            .to_vec(),
    );
    seeds.push(
        b"{\r\n \"x\": 1.10,\r\n \"auths\": {\r\n  \"old\": { \"auth\" : \"x\" }\r\n },\r\n \"x\": 2\r\n}".to_vec(),
    );
    seeds.push(b"\xef\xbb\xbf {\"auths\":null}".to_vec());
    seeds
}

pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let registry: Registry = "reg.corp:5000".parse().expect("a registry");
    let repository: Repository = "team/app".parse().expect("a repository");
    let named = AuthFile::Text { text: text.into(), name: "it".to_owned() };
    for options in [
        Options { docker_auth_config: Some(text.into()), ..Options::default() },
        Options { auth_file: Some(named), ..Options::default() },
    ] {
        let keychain = Keychain::discover(options);
        for repository in [None, Some(&repository)] {
            if let Ok(lookup) = wait(keychain.look_up(&registry, repository)) {
                for found in lookup.found {
                    usable(&found.credentials);
                }
            }
        }
    }
    if input.iter().fold(0u64, |sum, &byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % WRITTEN == 0 {
        changed(text, &registry);
    }
}

fn usable(credentials: &Credentials) {
    match credentials {
        Credentials::Basic { username, .. } => assert!(!username.contains(':'), "{username}"),
        Credentials::IdentityToken { .. } | Credentials::RegistryToken(_) => {}
        Credentials::Anonymous => panic!("nobody keeps nothing"),
    }
}

/// Keeps credentials in a file with this text and takes them away again.
fn changed(text: &str, registry: &Registry) {
    with_folder(|folder| {
        let path = folder.join("config.json");
        std::fs::write(&path, text).expect("written");
        let options = Options { docker_config: Some(folder.to_owned()), ..Options::default() };
        let store = Store::open(&options).expect("a store");
        let credentials = Credentials::basic("bob", "n3w").expect("credentials");
        if wait(store.keep(registry, &credentials)).is_err() {
            assert_eq!(std::fs::read(&path).expect("there"), text.as_bytes(), "what cannot be changed is left alone");
            return;
        }
        let kept = std::fs::read_to_string(&path).expect("text");
        let found = wait(Keychain::discover(options.clone()).credentials(registry, None)).expect("readable");
        let is_new = |credentials: &Credentials| matches!(credentials, Credentials::Basic { username, password } if username == "bob" && password.expose_secret() == "n3w");
        assert!(found.first().is_some_and(|found| is_new(&found.credentials)), "{kept}");
        assert_eq!(others(&kept), others(text), "{kept}");
        wait(store.forget(registry)).expect("it was written a moment ago");
        let left = std::fs::read_to_string(&path).expect("text");
        let found = wait(Keychain::discover(options).credentials(registry, None)).expect("readable");
        assert!(!found.iter().any(|found| is_new(&found.credentials)), "{left}");
        assert_eq!(others(&left), others(text), "{left}");
    });
}

/// What is none of the registry's business: the members beside `auths`, and the entries of others.
fn others(text: &str) -> Value {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut document: Value = if text.trim().is_empty() {
        Value::Object(Default::default())
    } else {
        serde_json::from_str(text).expect("JSON")
    };
    let is_own = |key: &str| registry_ls::keychain::ServerKey::parse(key).host() == "reg.corp:5000";
    match document.get_mut("auths") {
        Some(Value::Object(entries)) => entries.retain(|key, _| !is_own(key)),
        None | Some(Value::Null) => document["auths"] = Value::Object(Default::default()),
        Some(_) => {}
    }
    document
}
