//! containerd's `hosts.toml`: whatever it contains, the server is verified, and a broken file stops no command.

use registry_ls::name::Registry;
use registry_ls::trust::internals::configure;
use registry_ls::trust::{Options, Provides, Trust};

use super::with_folder;

pub fn seeds() -> Vec<Vec<u8>> {
    [
        "server = \"https://reg.corp:5000\"\nca = \"ca.pem\"\nclient = [[\"a.cert\", \"a.key\"], [\"b.pem\", \"\"]]\nskip_verify = false\n\n[host.\"https://mirror.corp\"]\n  capabilities = [\"pull\", \"resolve\"]\n  ca = [\"x.pem\", \"/nowhere/y.pem\"]\n  [host.\"https://mirror.corp\".header]\n    x = [\"y\"]\n",
        "[host.\"https://reg.corp:5000\"]\nskip_verify = true\nclient = \"both.pem\"\n",
        "[host.'http://reg.corp:5000/v2']\nca = '''x'''\noverride_path = true\n",
        "ca = [1, 2.5e3, 1979-05-27T07:32:00Z, {a = \"b\"}]\n",
        "server = \"\"\r\n\"quoted\\u0041\" = inf\r\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

pub fn run(input: &[u8]) {
    with_folder(|folder| {
        let path = folder.join("etc/containerd/certs.d/reg.corp_5000_/hosts.toml");
        if std::fs::write(&path, input).is_err() {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("created");
            std::fs::write(&path, input).expect("written");
        }
        let registry: Registry = "reg.corp:5000".parse().expect("a registry");
        let trust = Trust::load(Options { root: Some(folder.to_owned()), ..Options::default() }).expect("trust");
        let trust = trust.for_registry(&registry);
        for source in trust.sources("reg.corp", 5000) {
            assert!(!matches!(source.provides, Provides::Broken { .. }), "{source:?}");
        }
        configure(&trust, "reg.corp", 5000).expect("a configuration");
    });
}
