//! Docker's `config.json`: credentials found in it can be sent.

use registry_ls::auth::Credentials;
use registry_ls::keychain::{AuthFile, Keychain, Options};
use registry_ls::name::{Registry, Repository};
use serde_json::Value;

use super::{vectors, wait};

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
            if let Ok(lookup) = wait(keychain.lookup(&registry, repository)) {
                for found in lookup.found {
                    usable(&found.credentials);
                }
            }
        }
    }
}

fn usable(credentials: &Credentials) {
    match credentials {
        Credentials::Basic { username, .. } => assert!(!username.contains(':'), "{username}"),
        Credentials::IdentityToken { .. } | Credentials::RegistryToken(_) => {}
        Credentials::Anonymous => panic!("anonymous credentials are never stored"),
    }
}
