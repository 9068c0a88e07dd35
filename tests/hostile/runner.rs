//! Runs the real program with a canary wherever a secret can be, and watches the process.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io::Read;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use test_support::{Reply, Rls};

use crate::canary;

/// A run that takes longer hangs.
const TIMEOUT: Duration = Duration::from_secs(600);

/// How much the program logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    Usual,
    Quiet,
    Requests,
    Headers,
    /// As [`Verbosity::Headers`], set by the environment.
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

/// Where the credentials are stored.
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

    /// The challenge that such credentials answer.
    pub fn scheme(self) -> Scheme {
        match self {
            Self::Environment | Self::Helper => Scheme::Basic,
            Self::AuthField | Self::RefreshToken | Self::RegistryToken => Scheme::Bearer,
        }
    }
}

/// The scheme of a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    Basic,
    Bearer,
}

impl Scheme {
    /// A 401 with this challenge; the realm is that of the token server.
    pub fn challenge(self, realm: &str) -> Reply {
        match self {
            Self::Basic => Reply::wants_password(),
            Self::Bearer => Reply::wants_token_of(realm),
        }
    }
}

/// The target of standard output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stdout {
    /// To a pipe that is read to its end.
    #[default]
    Read,
    /// To a pipe that is closed after the first byte.
    ClosedEarly,
    /// To a full disk.
    FullDisk,
}

/// `rls` in an empty home, without credentials for a registry.
pub fn program() -> Rls {
    // The dependencies of rls have their own logs. A proxy that is never used has a password too.
    Rls::new().env("RUST_LOG", "trace").through("127.0.0.1:9").env("NO_PROXY", "*,127.0.0.0/8,::1")
}

/// Runs with canaries.
pub trait Canaries: Sized {
    /// Logged in at the registry `host`.
    fn holding(self, holder: Holder, host: &str) -> Self;

    /// With a credential helper for every registry, a shell script.
    fn helper(self, script: &str) -> Self;

    /// Through this proxy, with a password for it.
    fn through(self, authority: &str) -> Self;

    /// With this verbosity.
    fn telling(self, verbosity: Verbosity) -> Self;

    /// Trusting these certificates, in PEM, besides the system's.
    fn trusting(self, pem: &str) -> Self;

    /// Runs it and watches it.
    fn observe(&self) -> Outcome {
        self.observe_while(Stdout::Read, |_| {})
    }

    /// Runs it and watches it, while `meanwhile` gets its process ID.
    fn observe_while(&self, stdout: Stdout, meanwhile: impl FnOnce(u32)) -> Outcome;
}

impl Canaries for Rls {
    fn holding(self, holder: Holder, host: &str) -> Self {
        let entry = |entry: &str| format!(r#"{{"auths":{{"{host}":{entry}}}}}"#);
        match holder {
            Holder::Environment => self.user(canary::USER, canary::PASSWORD),
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

    fn helper(self, script: &str) -> Self {
        self.program("docker-credential-canary", script).docker_config(r#"{"credsStore":"canary"}"#)
    }

    fn through(self, authority: &str) -> Self {
        let proxy = format!("http://proxyuser:{}@{authority}", canary::PROXY);
        self.env("ALL_PROXY", &proxy).env("HTTP_PROXY", &proxy).env("HTTPS_PROXY", proxy).without("NO_PROXY")
    }

    fn telling(self, verbosity: Verbosity) -> Self {
        let rls = if verbosity == Verbosity::Log { self.env("RLS_LOG", "headers") } else { self };
        rls.args(verbosity.word())
    }

    fn trusting(self, pem: &str) -> Self {
        let file = self.file("ca.pem", pem);
        self.env("RLS_CA_FILE", file)
    }

    fn observe_while(&self, stdout: Stdout, meanwhile: impl FnOnce(u32)) -> Outcome {
        let files = files_below(self.home());
        let mut command = self.command();
        command.stdin(Stdio::null()).stderr(Stdio::piped());
        command.stdout(match stdout {
            Stdout::FullDisk => fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full").into(),
            Stdout::Read | Stdout::ClosedEarly => Stdio::piped(),
        });
        let started = Instant::now();
        let mut child = command.spawn().expect("the program runs");
        let output = child.stdout.take().map(|mut pipe| {
            let is_closed_early = stdout == Stdout::ClosedEarly;
            thread::spawn(move || {
                let mut bytes = vec![0; usize::from(is_closed_early)];
                let read =
                    if is_closed_early { pipe.read_exact(&mut bytes) } else { pipe.read_to_end(&mut bytes).map(drop) };
                read.map(|()| bytes).unwrap_or_default()
            })
        });
        let errors = child.stderr.take().map(|mut pipe| {
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
            stdout: read(output).unwrap_or_default(),
            stderr: String::from_utf8(read(errors).unwrap_or_default()).expect("the program writes UTF-8"),
            took,
            watched,
            written: files_below(self.home()).difference(&files).filter_map(|file| fs::read(file).ok()).collect(),
        }
    }
}

fn files_below(folder: &Path) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
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

/// What `/proc` shows of a process to every user.
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
        watched.lock().expect("no panic").sample(pid);
        if let Some(status) = child.try_wait().expect("it can be waited for") {
            return (status, started.elapsed());
        }
        if started.elapsed() > TIMEOUT {
            child.kill().expect("it can be killed");
        }
        thread::sleep(Duration::from_millis(5));
    }
}

fn own_program() -> PathBuf {
    fs::read_link("/proc/self/exe").expect("the program of this test")
}

impl Watched {
    fn sample(&mut self, pid: u32) {
        // The kernel lets the parent go on shortly before the new process leaves the parent's memory (vfork(2)).
        if fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|program| program == own_program()) {
            return;
        }
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

/// The result of a run.
#[derive(Debug)]
pub struct Outcome {
    /// The exit code; `None` after a signal.
    pub code: Option<i32>,
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
    pub took: Duration,
    watched: Watched,
    /// The contents of the files that it left in the home directory.
    written: Vec<Vec<u8>>,
}

impl Outcome {
    /// The lines of standard output.
    pub fn lines(&self) -> Vec<&str> {
        std::str::from_utf8(&self.stdout).expect("the program writes UTF-8").lines().collect()
    }

    /// The errors and causes, and with `hints` the warnings and hints too; not the log of `-v`.
    pub fn messages(&self, hints: bool) -> String {
        let labels: &[&str] =
            if hints { &["error: ", "cause: ", "warning: ", "hint:  "] } else { &["error: ", "cause: "] };
        let report = self.stderr.lines().filter_map(|line| labels.iter().find_map(|label| line.strip_prefix(label)));
        report.collect::<Vec<_>>().join("\n")
    }

    /// The most memory of its own, in MiB.
    pub fn memory(&self) -> u64 {
        self.watched.memory / 1024
    }

    /// Checks what holds for every run: no secret in its output, command lines and files, no control characters, no
    /// bug.
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
