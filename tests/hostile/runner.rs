//! Runs the real program with a canary in each place where a secret can be, and watches it while it runs.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use registry_fixture::{Certificates, Tls};
use tempfile::TempDir;

use crate::canary;
use crate::reply::Scheme;

/// So long no run takes, whatever it waits for and however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(600);

/// A root that issued nothing: the only one of the "system" on which the program runs here.
static SYSTEM_ROOT: LazyLock<String> =
    LazyLock::new(|| Certificates::make(Tls::Issued, &[]).expect("certificates are made").ca);

/// How much the program is to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    Usual,
    Quiet,
    Requests,
    Headers,
    /// As [`Verbosity::Headers`], by the environment.
    Log,
}

impl Verbosity {
    pub const ALL: [Self; 5] = [Self::Usual, Self::Quiet, Self::Requests, Self::Headers, Self::Log];

    fn word(self) -> Option<&'static str> {
        match self {
            Self::Usual | Self::Log => None,
            Self::Quiet => Some("-q"),
            Self::Requests => Some("-v"),
            Self::Headers => Some("-vv"),
        }
    }
}

/// Where the credentials come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    Environment,
    AuthField,
    Helper,
    RefreshToken,
    RegistryToken,
}

impl Holder {
    pub const ALL: [Self; 5] =
        [Self::Environment, Self::AuthField, Self::Helper, Self::RefreshToken, Self::RegistryToken];

    /// How a registry has to ask for such credentials.
    pub fn scheme(self) -> Scheme {
        match self {
            Self::Environment | Self::Helper => Scheme::Basic,
            Self::AuthField | Self::RefreshToken | Self::RegistryToken => Scheme::Bearer,
        }
    }
}

/// What becomes of standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// All of it is read.
    Whole,
    /// It is closed after the first byte.
    Leaves,
    /// It is a disk on which there is no room.
    FullDisk,
}

/// One run that is being prepared.
pub struct Rls {
    home: TempDir,
    /// What runs the program, in place of the test itself.
    before: Vec<OsString>,
    arguments: Vec<OsString>,
    variables: BTreeMap<OsString, OsString>,
    reader: Reader,
}

impl Rls {
    /// In an empty home, with an empty environment and nobody logged in.
    pub fn new() -> Self {
        let home = tempfile::tempdir().expect("a temporary folder");
        let mut rls =
            Self { home, before: Vec::new(), arguments: Vec::new(), variables: BTreeMap::new(), reader: Reader::Whole };
        let root = rls.file("system/root.pem", &*SYSTEM_ROOT);
        let system = rls.home().join("system");
        rls = rls.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("SSL_CERT_FILE", root);
        // What docker, containerd and k3s keep for the whole machine is not looked at; the crates below us have logs of their own.
        rls = rls.env("RLS_ROOT", system).env("RUST_LOG", "trace");
        // A proxy that nothing goes through has a password all the same.
        rls = rls.through("127.0.0.1:9").env("NO_PROXY", "*,127.0.0.0/8,::1");
        let home = rls.home().to_owned();
        rls.env("HOME", home)
    }

    /// Logged in at the registry `host`.
    pub fn holding(self, holder: Holder, host: &str) -> Self {
        let entry = |entry: &str| format!(r#"{{"auths":{{"{host}":{entry}}}}}"#);
        match holder {
            Holder::Environment => self.env("RLS_USERNAME", canary::USER).env("RLS_PASSWORD", canary::PASSWORD),
            Holder::AuthField => {
                self.docker_config(&entry(&format!(r#"{{"auth":"{}"}}"#, canary::pair(canary::AUTH_FIELD))))
            }
            Holder::Helper => {
                let answer = format!(r#"{{"ServerURL":"","Username":"ann","Secret":"{}"}}"#, canary::HELPER);
                self.helper(&format!("cat >/dev/null; echo '{answer}'; echo '{}' >&2", canary::HELPER))
            }
            Holder::RefreshToken => {
                self.docker_config(&entry(&format!(r#"{{"identitytoken":"{}"}}"#, canary::REFRESH)))
            }
            Holder::RegistryToken => {
                self.docker_config(&entry(&format!(r#"{{"registrytoken":"{}"}}"#, canary::REGISTRY_TOKEN)))
            }
        }
    }

    /// A credential helper that does this, in the shell's language, and holds the credentials of every registry.
    pub fn helper(self, script: &str) -> Self {
        let file = self.file("bin/docker-credential-canary", format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("permissions are set");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = [self.home().join("bin")].into_iter().chain(std::env::split_paths(&path)).collect::<Vec<_>>();
        let path = std::env::join_paths(folders).expect("folders without a colon");
        self.env("PATH", path).docker_config(r#"{"credsStore":"canary"}"#)
    }

    fn docker_config(self, text: &str) -> Self {
        let file = self.file(".docker/config.json", text);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("permissions are set");
        self
    }

    /// Through this proxy, with a password for it.
    pub fn through(self, authority: &str) -> Self {
        let proxy = format!("http://proxyuser:{}@{authority}", canary::PROXY);
        self.env("ALL_PROXY", &proxy).env("HTTP_PROXY", &proxy).env("HTTPS_PROXY", proxy).without("NO_PROXY")
    }

    pub fn telling(self, verbosity: Verbosity) -> Self {
        let rls = if verbosity == Verbosity::Log { self.env("RLS_LOG", "headers") } else { self };
        rls.args(verbosity.word())
    }

    /// More arguments, separated by blanks.
    pub fn words(self, words: &str) -> Self {
        self.args(words.split_whitespace())
    }

    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.variables.insert(name.into(), value.as_ref().to_owned());
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.variables.remove(OsStr::new(name));
        self
    }

    /// These certificates are trusted, besides the system's.
    pub fn trusting(self, pem: &str) -> Self {
        let file = self.file("ca.pem", pem);
        self.env("RLS_CA_FILE", file)
    }

    /// Another program that runs this one, such as `faketime`: it has to become it.
    pub fn run_by(mut self, program: &[&str]) -> Self {
        self.before = program.iter().map(OsString::from).collect();
        self
    }

    /// With so many MiB of address space and no more, unless another program runs it.
    pub fn within(self, mebibytes: u32) -> Self {
        if self.before.is_empty() {
            self.by_shell(&format!(r#"ulimit -v {}; exec "$@""#, mebibytes * 1024))
        } else {
            self
        }
    }

    /// The shell's language for what happens before the program takes the shell's place: `exec "$@"`, with redirections.
    pub fn by_shell(self, script: &str) -> Self {
        self.run_by(&["sh", "-c", script, "sh"])
    }

    pub fn read_by(mut self, reader: Reader) -> Self {
        self.reader = reader;
        self
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Writes a file below the home directory.
    pub fn file(&self, path: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let file = self.home().join(path);
        fs::create_dir_all(file.parent().expect("a path below the home directory")).expect("the folder is made");
        fs::write(&file, text).expect("the file is written");
        file
    }

    fn command(&self) -> Command {
        let program: &Path = assert_cmd::cargo::cargo_bin!("rls");
        let mut words = self.before.iter().map(OsString::as_os_str).chain([program.as_os_str()]);
        let mut command = Command::new(words.next().expect("at least the program"));
        command.args(words).args(&self.arguments).env_clear().envs(&self.variables).current_dir(self.home());
        command.stdin(Stdio::null()).stderr(Stdio::piped());
        match self.reader {
            Reader::FullDisk => {
                command.stdout(fs::OpenOptions::new().write(true).open("/dev/full").expect("a full disk"))
            }
            Reader::Whole | Reader::Leaves => command.stdout(Stdio::piped()),
        };
        command
    }

    /// Runs it.
    pub fn run(&self) -> Outcome {
        self.run_while(|_| {})
    }

    /// Runs it, and meanwhile does something about it.
    pub fn run_while(&self, meanwhile: impl FnOnce(u32)) -> Outcome {
        let files = self.files();
        let started = Instant::now();
        let mut child = self.command().spawn().expect("the program runs");
        let stdout = child.stdout.take().map(|mut pipe| {
            let leaves = self.reader == Reader::Leaves;
            thread::spawn(move || {
                let mut bytes = vec![0; usize::from(leaves)];
                let read = if leaves { pipe.read_exact(&mut bytes) } else { pipe.read_to_end(&mut bytes).map(drop) };
                read.map(|()| bytes).unwrap_or_default()
            })
        });
        let stderr = child.stderr.take().map(|mut pipe| {
            thread::spawn(move || {
                let mut bytes = Vec::new();
                pipe.read_to_end(&mut bytes).map(|_| bytes).unwrap_or_default()
            })
        });
        let pid = child.id();
        let watched = Arc::<Mutex<Watched>>::default();
        let watch = Arc::clone(&watched);
        let waiting = thread::spawn(move || watch_until_it_ends(&mut child, started, &watch));
        meanwhile(pid);
        let (status, took) = waiting.join().expect("no panic");
        let read = |pipe: Option<thread::JoinHandle<Vec<u8>>>| pipe.map(|pipe| pipe.join().expect("no panic"));
        let watched = std::mem::take(&mut *watched.lock().expect("no panic"));
        Outcome {
            code: status.code(),
            signal: status.signal(),
            stdout: read(stdout).unwrap_or_default(),
            stderr: String::from_utf8(read(stderr).unwrap_or_default()).expect("the program writes UTF-8"),
            took,
            watched,
            written: self.files().difference(&files).filter_map(|file| fs::read(file).ok()).collect(),
        }
    }

    fn files(&self) -> BTreeSet<PathBuf> {
        let mut files = BTreeSet::new();
        let mut folders = vec![self.home().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.insert(path);
                }
            }
        }
        files
    }
}

/// What the system shows of a process to everybody.
#[derive(Debug, Default)]
struct Watched {
    /// Of the process and of those that it started.
    command_lines: BTreeSet<Vec<u8>>,
    /// The most memory of its own, in KiB.
    memory: u64,
}

fn watch_until_it_ends(
    child: &mut Child,
    started: Instant,
    watched: &Mutex<Watched>,
) -> (std::process::ExitStatus, Duration) {
    let pid = child.id();
    loop {
        watched.lock().expect("no panic").look_at(pid);
        if let Some(status) = child.try_wait().expect("it can be waited for") {
            return (status, started.elapsed());
        }
        if started.elapsed() > PATIENCE {
            child.kill().expect("it can be killed");
        }
        thread::sleep(Duration::from_millis(5));
    }
}

impl Watched {
    fn look_at(&mut self, pid: u32) {
        let read = |pid: &str, what: &str| fs::read(format!("/proc/{pid}/{what}")).unwrap_or_default();
        let pid = pid.to_string();
        self.command_lines.insert(read(&pid, "cmdline"));
        let children = String::from_utf8(read(&pid, &format!("task/{pid}/children"))).unwrap_or_default();
        self.command_lines.extend(children.split_whitespace().map(|child| read(child, "cmdline")));
        let status = String::from_utf8(read(&pid, "status")).unwrap_or_default();
        let own = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap_or_default();
        let own = own.trim().trim_end_matches(" kB").parse().unwrap_or_default();
        self.memory = self.memory.max(own);
    }
}

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// The exit code; `None` after a signal.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
    pub took: Duration,
    watched: Watched,
    /// The files that it left in the home directory.
    written: Vec<Vec<u8>>,
}

impl Outcome {
    /// The lines of standard output.
    pub fn lines(&self) -> Vec<&str> {
        std::str::from_utf8(&self.stdout).expect("the program writes UTF-8").lines().collect()
    }

    /// What is told about failures and warnings, with hints or without them; not the log of `-v`.
    pub fn told(&self, hints: bool) -> String {
        let labels: &[&str] =
            if hints { &["error: ", "cause: ", "warning: ", "hint:  "] } else { &["error: ", "cause: "] };
        let told = self.stderr.lines().filter_map(|line| labels.iter().find_map(|label| line.strip_prefix(label)));
        told.collect::<Vec<_>>().join("\n")
    }

    /// The most memory of its own, in MiB.
    pub fn memory(&self) -> u64 {
        self.watched.memory / 1024
    }

    /// What holds of every run: no secret comes out or is left anywhere, nothing steers the terminal, there is no bug.
    #[track_caller]
    pub fn is_clean(&self) {
        let command_lines: Vec<u8> = self.watched.command_lines.iter().flatten().copied().collect();
        let written = self.written.concat();
        for (place, bytes) in [
            ("standard output", self.stdout.as_slice()),
            ("standard error", self.stderr.as_bytes()),
            ("a command line", &command_lines),
            ("a file that was left", &written),
        ] {
            let found = canary::found_in(bytes);
            assert!(found.is_empty(), "{found:?} in {place}: {self}");
            let is_control = |byte: &u8| (*byte < 0x20 && !b"\n\t".contains(byte)) || *byte == 0x7f;
            assert!(place.starts_with("a ") || !bytes.iter().any(is_control), "a control character in {place}: {self}");
        }
        assert!(!self.stderr.contains("a bug in rls") && self.code != Some(1), "a bug: {self}");
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(2000)]).into_owned();
        write!(f, "exit {:?}, signal {:?}, after {:?}", self.code, self.signal, self.took)?;
        write!(f, "\n--- stdout\n{}\n--- stderr\n{}", shown(&self.stdout), shown(self.stderr.as_bytes()))
    }
}
