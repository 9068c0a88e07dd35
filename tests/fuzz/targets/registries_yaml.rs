//! The `registries.yaml` of k3s and rke2, read for its credentials and for its certificates.

use registry_ls::keychain::{self, Keychain};
use registry_ls::name::Registry;
use registry_ls::trust::{self, Provides, Trust};

use super::{wait, with_folder};

pub fn seeds() -> Vec<Vec<u8>> {
    [
        "mirrors:\n  docker.io:\n    endpoint: [https://reg.corp:5000]\n  configs: {reg.corp:5000: {}}\nconfigs:\n  reg.corp:5000:\n    auth: {username: ann, password: 'p'}\n    tls: {ca_file: ca.pem, cert_file: a.pem, key_file: b.pem, insecure_skip_verify: true}\n",
        "configs:\n  '*':\n    auth: {identity_token: t}\n  \"https://reg.corp:5000\":\n    auth: {auth: YW5uOnA=}\n    tls: {cert_file: x}\n",
        "configs:\n  REG.corp:5000:\n    auth: {username: ann, password: 123}\n    tls: {key_file: /nowhere/x}\n",
        "configs: null\n",
        "- a\n",
        "a: &a [x, x]\nb: [*a, *a]\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

pub fn run(input: &[u8]) {
    with_folder(|folder| {
        let path = folder.join("etc/rancher/k3s/registries.yaml");
        if std::fs::write(&path, input).is_err() {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("created");
            std::fs::write(&path, input).expect("written");
        }
        let registry: Registry = "reg.corp:5000".parse().expect("a registry");
        let keychain = Keychain::discover(keychain::Options { root: Some(folder.to_owned()), ..Default::default() });
        // The file is the whole machine's: a broken one must not stop a user.
        let lookup = wait(keychain.lookup(&registry, None)).expect("no error");
        assert!(lookup.found.len() <= 2 && lookup.failures.len() <= 1, "{lookup:?}");

        let trust = Trust::load(trust::Options { root: Some(folder.to_owned()), ..Default::default() }).expect("trust");
        for source in trust.for_registry(&registry).sources("reg.corp", 5000) {
            assert!(!matches!(source.provides, Provides::Broken { .. }), "{source:?}");
        }
    });
}
