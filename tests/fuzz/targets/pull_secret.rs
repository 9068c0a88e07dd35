//! A Kubernetes pull secret in YAML or JSON, as `kubectl` prints it.

use registry_ls::Kind;
use registry_ls::keychain::{AuthFile, Keychain, Options};
use registry_ls::name::{Registry, Repository};

use super::wait;

pub fn seeds() -> Vec<Vec<u8>> {
    // {"auths":{"*.corp:5000":{"auth":"YW5uOnNlY3JldA=="},"reg.corp:5000/team":{"username":"a","password":"b"}}}
    let wrapped = "eyJhdXRocyI6eyIqLmNvcnA6NTAwMCI6eyJhdXRoIjoiWVc1dU9uTmxZM0psZEE9PSJ9LCJyZWcuY29ycDo1MDAwL3RlYW0iOnsidXNlcm5hbWUiOiJhIiwicGFzc3dvcmQiOiJiIn19fQ==";
    let bare = r#"{"reg.corp:5000":{"auth":"YW5uOnNlY3JldA=="}}"#;
    [
        format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: pull\n  namespace: team\ntype: kubernetes.io/dockerconfigjson\ndata:\n  .dockerconfigjson: {wrapped}\n"),
        format!("kind: Secret\ntype: kubernetes.io/dockercfg\nstringData:\n  .dockercfg: '{bare}'\n---\nkind: ConfigMap\ndata: {{}}\n"),
        format!(r#"{{"kind":"List","items":[{{"kind":"Secret","data":{{".dockerconfigjson":"{wrapped}"}}}},{{"kind":"Secret","data":{{}}}}]}}"#),
        "kind: Secret\ndata: &a\n  .dockercfg: 'e30='\nx: *a\ny: |-\n  a\n  b\nz: !!binary e30=\n".to_owned(),
        "a: [b, {c: d}]\n? e\n: \"f\\u0041\"\n".to_owned(),
    ]
    .map(String::into_bytes)
    .to_vec()
}

pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let auth_file = Some(AuthFile::Text { text: text.into(), name: "it".to_owned() });
    let keychain = Keychain::discover(Options { auth_file, ..Options::default() });
    let registry: Registry = "reg.corp:5000".parse().expect("a registry");
    let repository: Repository = "team/app".parse().expect("a repository");
    let alone = wait(keychain.lookup(&registry, None));
    let within = wait(keychain.lookup(&registry, Some(&repository)));
    match (alone, within) {
        // What is for the registry is for every repository in it.
        (Ok(alone), Ok(within)) => assert!(alone.found.len() <= within.found.len()),
        (Err(alone), Err(within)) => {
            assert_eq!((alone.kind(), within.kind()), (&Kind::Config, &Kind::Config));
            assert_eq!(alone.to_string(), within.to_string());
        }
        // The name of a helper is validated when credentials are requested.
        (alone, within) => assert!(text.contains("cred"), "{alone:?} {within:?}"),
    }
}
