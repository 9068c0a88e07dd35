//! Debian's docker-registry, started for one test and stopped with it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use registry_fixture::client::{Http, Pusher};
use registry_fixture::content::Content;
use registry_fixture::{Auth, Digest, Registry, Running, Tls, User};
use tempfile::TempDir;

use crate::storage::Storage;

/// The user who may do everything, with every way of logging in.
pub const USER: &str = "ann";
/// The password of [`USER`].
pub const PASSWORD: &str = "secret";
/// `htpasswd -nbB ann secret`, with a salt that says what it is.
const HTPASSWD: &str = "ann:$2y$05$fixturefixturefixtureOvhg3o69GqdeU90zHxjumsFzCSyEtWNG\n";

/// How the registry will be: open, over HTTP, with deletion, unless told otherwise.
pub struct Builder {
    auth: Auth,
    tls: bool,
    delete: bool,
    read_only: bool,
    remote: Option<String>,
    users: Vec<User>,
}

/// A running docker-registry. It stops, and its data is gone, when it is dropped.
pub struct Real {
    child: Child,
    host: String,
    auth: Auth,
    tls: bool,
    log: Arc<Mutex<String>>,
    /// Makes the certificates and, where there are tokens, issues them.
    companion: Running,
    directory: TempDir,
}

impl Real {
    /// The way to a running registry.
    pub fn builder() -> Builder {
        Builder { auth: Auth::None, tls: false, delete: true, read_only: false, remote: None, users: Vec::new() }
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Scheme and host.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.tls { "https" } else { "http" }, self.host)
    }

    /// What the environment of `rls` has to hold for this registry and [`USER`].
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let mut environment = vec![("RLS_REGISTRY", self.url())];
        environment.push(match self.tls {
            true => ("RLS_CA_FILE", self.companion.ca_file().display().to_string()),
            false => ("RLS_PLAIN_HTTP", "true".to_owned()),
        });
        if self.auth != Auth::None {
            environment.extend([("RLS_USERNAME", USER.to_owned()), ("RLS_PASSWORD", PASSWORD.to_owned())]);
        }
        environment
    }

    /// The token server: how many tokens it issued, who may log in, and to spoil its answers.
    pub fn companion(&self) -> &Running {
        &self.companion
    }

    /// What it keeps its data in.
    pub fn storage(&self) -> Storage {
        Storage::at(&data(&self.directory))
    }

    /// Where it keeps its data.
    pub fn folder(&self) -> PathBuf {
        data(&self.directory)
    }

    /// Collects garbage while nobody writes; what the program said.
    pub fn collect_garbage(&self, delete_untagged: bool) -> String {
        let mut command = Command::new("docker-registry");
        command.arg("garbage-collect").arg(config(&self.directory));
        let output = if delete_untagged { command.arg("--delete-untagged") } else { &mut command };
        let output = output.output().expect("docker-registry runs");
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        assert!(output.status.success(), "{said}");
        said
    }

    /// What the registry has written so far.
    pub fn log(&self) -> String {
        locked(&self.log).clone()
    }

    /// A client that trusts the registry.
    pub fn http(&self) -> Http {
        if self.tls { Http::trusting(&self.companion) } else { Http::new() }
    }

    /// Somebody who logs in as [`USER`], if need be, and pushes.
    pub fn pusher(&self) -> Pusher {
        let login = (self.auth != Auth::None).then_some((USER, PASSWORD));
        Pusher::new(self.http(), self.url(), login)
    }

    /// Pushes contents under a tag.
    pub fn push(&self, repository: &str, tag: &str, content: &Content) -> Digest {
        self.pusher().push(repository, tag, content)
    }
}

impl Builder {
    /// How clients prove who they are. With [`Auth::Token`] the embedded registry's token server issues the tokens.
    pub fn auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    /// Whether it serves TLS, with a certificate of a private CA.
    pub fn tls(mut self, tls: bool) -> Self {
        self.tls = tls;
        self
    }

    /// Whether manifests can be deleted.
    pub fn delete(mut self, delete: bool) -> Self {
        self.delete = delete;
        self
    }

    /// Whether it is in maintenance, where nothing can be written.
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = read_only;
        self
    }

    /// Makes it a pull-through cache of the registry at this URL.
    pub fn cache_of(mut self, url: String) -> Self {
        self.remote = Some(url);
        self
    }

    /// One more user of the token server, beside [`USER`].
    pub fn user(mut self, user: User) -> Self {
        self.users.push(user);
        self
    }

    /// Starts it and waits until it listens.
    pub fn start(self) -> Real {
        let companion = self.companion();
        // docker-registry has each write reach the disk, which costs nothing where there is no disk.
        let directory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        let directory = directory.expect("a temporary directory");
        let file = config(&directory);
        fs::write(directory.path().join("htpasswd"), HTPASSWD).expect("a file in it");
        fs::write(&file, self.configuration(&directory, &companion)).expect("a file in it");
        let mut child = Command::new("docker-registry")
            .arg("serve")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("these tests need Debian's docker-registry (apt-get install docker-registry): {error}")
            });
        let log = Arc::new(Mutex::new(String::new()));
        let address = listening(&mut child, &log);
        let host = address.recv_timeout(Duration::from_secs(60)).unwrap_or_else(|_| {
            // Dropping a child leaves it running.
            let _ = child.kill();
            let _ = child.wait();
            panic!("docker-registry does not listen:\n{}", locked(&log));
        });
        Real { child, host, auth: self.auth, tls: self.tls, log, companion, directory }
    }

    fn companion(&self) -> Running {
        let builder =
            Registry::builder().auth(Auth::Token).service("docker-registry").user(User::admin(USER, PASSWORD));
        // A benchmark that holds tokens takes longer than a token usually lasts.
        let builder = builder.token_lifetime(Duration::from_secs(3600));
        let builder = self.users.iter().cloned().fold(builder, registry_fixture::Builder::user);
        if self.tls { builder.tls(Tls::Issued).start() } else { builder.start() }
    }

    /// The registry's `config.yml` (docker-registry, "Configuring a registry"). Port 0 is any free one.
    fn configuration(&self, directory: &TempDir, companion: &Running) -> String {
        let (root, data) = (directory.path().display(), data(directory));
        let data = data.display();
        let files = companion.files().display();
        let tls = if self.tls {
            format!("  tls:\n    certificate: {files}/leaf.pem\n    key: {files}/leaf.key\n")
        } else {
            String::new()
        };
        let auth = match self.auth {
            Auth::None => String::new(),
            Auth::Basic => format!("auth:\n  htpasswd:\n    realm: Registry Realm\n    path: {root}/htpasswd\n"),
            Auth::Token => format!(
                "auth:\n  token:\n    realm: {}\n    service: {}\n    issuer: {}\n    rootcertbundle: {files}/token-ca.pem\n",
                companion.realm(),
                companion.service(),
                companion.issuer(),
            ),
        };
        let proxy = self.remote.as_ref().map(|url| format!("proxy:\n  remoteurl: {url}\n")).unwrap_or_default();
        format!(
            "version: 0.1\nlog:\n  level: info\nstorage:\n  filesystem:\n    rootdirectory: {data}\n  delete:\n    enabled: {}\n  \
             maintenance:\n    readonly:\n      enabled: {}\n{proxy}\
             http:\n  addr: 127.0.0.1:0\n  secret: fixture\n{tls}{auth}\
             compatibility:\n  schema1:\n    enabled: true\n",
            self.delete, self.read_only
        )
    }
}

/// Keeps reading what the registry writes; sends the address once it says where it listens.
fn listening(child: &mut Child, log: &Arc<Mutex<String>>) -> mpsc::Receiver<String> {
    let (sender, address) = mpsc::channel();
    let lines = BufReader::new(child.stderr.take().expect("standard error is piped")).lines();
    let log = Arc::clone(log);
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            let rest = line.split_once("listening on ").map(|(_, rest)| rest);
            let found = rest.and_then(|rest| rest.split(['"', ',']).next().map(str::to_owned));
            locked(&log).push_str(&format!("{line}\n"));
            if let Some(found) = found {
                // Nobody waits for a second one.
                let _ = sender.send(found);
            }
        }
    });
    address
}

/// Where the configuration is.
fn config(directory: &TempDir) -> PathBuf {
    directory.path().join("config.yml")
}

/// Where the storage begins.
fn data(directory: &TempDir) -> PathBuf {
    directory.path().join("data")
}

fn locked(log: &Mutex<String>) -> MutexGuard<'_, String> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Real {
    fn drop(&mut self) {
        // It may have died by itself, which its test has noticed otherwise.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
