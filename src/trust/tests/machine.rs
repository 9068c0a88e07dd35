//! A machine with files of other programs.

use super::*;

pub const PORT: u16 = 5000;
pub const NAME: &str = "registry.corp:5000";

/// A machine with a home and a root of its own, and no roots of its system.
pub struct Machine(pub Client);

impl Machine {
    pub fn new() -> Self {
        let mut client = Client::new();
        let at = |name: &str| Some(client.folder.path().join(name));
        let (home, root, own_certs_d) = (at("home"), at("root"), at("own/certs.d"));
        client.options = Options { home, root, own_certs_d, ..Options::default() };
        Self(client)
    }

    pub fn with(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.put(path, content);
        self
    }

    pub fn put(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a writable folder");
        fs::write(path, content).expect("a writable folder");
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.0.folder.path().join(path)
    }

    pub fn trust(&self) -> Trust {
        self.0.trust().for_registry(&NAME.parse().expect("a registry"))
    }

    pub fn accepts(&self, server: &Server) -> bool {
        reach(&self.trust(), server).is_ok()
    }

    pub fn failure(&self) -> Error {
        let trust = self.trust();
        let error = trust.client_config(HOST, PORT).expect_err("it cannot be used");
        assert_eq!(*error.kind(), Kind::Config);
        assert!(trust.sources(HOST, PORT).iter().any(|source| matches!(source.provides, Provides::Broken { .. })));
        trust.client_config("other.corp", PORT).expect("another server is not concerned");
        error
    }

    /// What gives nothing, with the path below the machine's folder.
    pub fn unused(&self) -> Vec<(String, Unused)> {
        let base = self.0.folder.path();
        let sources = self.trust().sources(HOST, PORT);
        let unused = sources.into_iter().filter_map(|source| match source.provides {
            Provides::Nothing(why) => {
                Some((source.path.strip_prefix(base).expect("a path in the folder").display().to_string(), why))
            }
            _ => None,
        });
        unused.collect()
    }
}

pub fn reach(trust: &Trust, server: &Server) -> Result<Session, Rejection> {
    handshake(trust.client_config(HOST, PORT).expect("a configuration"), server, HOST)
        .map_err(|error| trust.explain(&error, HOST, PORT))
}

/// A root and a server's certificate by it.
pub fn private() -> (Authority, Authority) {
    let root = Authority::root("Corp Root CA");
    let leaf = root.issue(fixture::server(&[HOST]));
    (root, leaf)
}

pub fn tls(path: &str) -> String {
    format!("configs:\n  '{NAME}':\n    auth: {{username: ann, password: s3cret}}\n    tls:\n      ca_file: {path}\n")
}

pub const DOCKER: &str = "root/etc/docker/certs.d/registry.corp:5000";
pub const HOSTS_TOML: &str = "root/etc/containerd/certs.d/registry.corp_5000_/hosts.toml";
pub const K3S: &str = "root/etc/rancher/k3s/registries.yaml";
