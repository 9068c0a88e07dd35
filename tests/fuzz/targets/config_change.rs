//! A change of docker's `config.json`: a stored entry is found, an erased one is not, and the others
//! stay as they are.

use registry_ls::auth::Credentials;
use registry_ls::keychain::{Keychain, Options, Store};
use registry_ls::name::Registry;
use secrecy::ExposeSecret;
use serde_json::Value;

use super::{config_json, wait, with_folder};

pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = config_json::seeds();
    for text in [
        r#"{"auths":{"reg.corp:5000":{"auth":"YW5uOnA="},"other.corp":{}}}"#,
        r#"{"auths":{"other.corp":{},"https://reg.corp:5000/v1/":{"auth":"YW5uOnA=","email":"e"},"third.corp":{}},"x":1}"#,
        "{\n    \"auths\" : {\n        \"REG.corp:5000\" : {} ,\n        \"reg.corp:5000/team\" : {\"auth\": \"x\"}\n    }\n}\n",
    ] {
        seeds.push(text.into());
    }
    seeds
}

/// Keeps credentials in a file with this text and takes them away again.
pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let registry: &Registry = &"reg.corp:5000".parse().expect("a registry");
    with_folder(|folder| {
        let path = folder.join("config.json");
        std::fs::write(&path, text).expect("written");
        let options = Options { docker_config: Some(folder.to_owned()), ..Options::default() };
        let store = Store::open(&options).expect("a store");
        let credentials = Credentials::basic("bob", "n3w").expect("credentials");
        if wait(store.store(registry, &credentials)).is_err() {
            assert_eq!(std::fs::read(&path).expect("there"), text.as_bytes(), "what cannot be changed is left alone");
            return;
        }
        let kept = std::fs::read_to_string(&path).expect("text");
        let found = wait(Keychain::discover(options.clone()).credentials(registry, None)).expect("readable");
        let is_new = |credentials: &Credentials| matches!(credentials, Credentials::Basic { username, password } if username == "bob" && password.expose_secret() == "n3w");
        assert!(found.first().is_some_and(|found| is_new(&found.credentials)), "{kept}");
        assert_eq!(others(&kept), others(text), "{kept}");
        wait(store.erase(registry)).expect("it was written a moment ago");
        let left = std::fs::read_to_string(&path).expect("text");
        let found = wait(Keychain::discover(options).credentials(registry, None)).expect("readable");
        assert!(!found.iter().any(|found| is_new(&found.credentials)), "{left}");
        assert_eq!(others(&left), others(text), "{left}");
    });
}

/// What does not concern the registry: the members beside `auths`, and other entries.
fn others(text: &str) -> Value {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut document: Value = if text.trim().is_empty() {
        Value::Object(Default::default())
    } else {
        serde_json::from_str(text).expect("JSON")
    };
    let is_own = |key: &str| registry_ls::keychain::internals::ServerKey::parse(key).host() == "reg.corp:5000";
    match document.get_mut("auths") {
        Some(Value::Object(entries)) => entries.retain(|key, _| !is_own(key)),
        None | Some(Value::Null) => document["auths"] = Value::Object(Default::default()),
        Some(_) => {}
    }
    document
}
