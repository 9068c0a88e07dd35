//! Running the real program: an empty home, an empty environment, and everything that came out of it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use registry_fixture::{Certificates, Running, Tls};
use tempfile::TempDir;

/// A root that issued nothing: the only one of the "system" on which the program runs here.
static SYSTEM_ROOT: LazyLock<String> =
    LazyLock::new(|| Certificates::make(Tls::Issued, &[]).expect("certificates are made").ca);

/// One run of `rls` that is being prepared.
pub struct Rls {
    home: TempDir,
    arguments: Vec<OsString>,
    variables: BTreeMap<OsString, OsString>,
    stdin: Vec<u8>,
    /// What stands for an address that differs from run to run.
    names: Vec<(String, String)>,
}

impl Rls {
    /// With no registry but the default one.
    pub fn new() -> Self {
        let home = tempfile::tempdir().expect("a temporary folder");
        let mut rls =
            Self { home, arguments: Vec::new(), variables: BTreeMap::new(), stdin: Vec::new(), names: Vec::new() };
        let root = rls.file("system/root.pem", &*SYSTEM_ROOT);
        let path = std::env::var_os("PATH").unwrap_or_default();
        rls.variables.insert("PATH".into(), path);
        rls.variables.insert("HOME".into(), rls.home.path().into());
        rls.variables.insert("SSL_CERT_FILE".into(), root.into());
        // What docker, containerd and k3s keep for the whole machine is not looked at.
        rls.variables.insert("RLS_ROOT".into(), rls.home.path().join("system").into());
        rls
    }

    /// With `RLS_REGISTRY` and, if it is needed, `RLS_CA_FILE` set for this registry, which is called REGISTRY in what comes
    /// out. Nobody is logged in.
    pub fn at(registry: &Running) -> Self {
        let mut rls = Self::new().calling(registry, "REGISTRY").env("RLS_REGISTRY", registry.url());
        if registry.scheme() == "https" {
            rls = rls.env("RLS_CA_FILE", registry.ca_file());
        }
        rls
    }

    /// The program without a registry in its environment, which still calls this one REGISTRY.
    pub fn beside(registry: &Running) -> Self {
        Self::new().calling(registry, "REGISTRY")
    }

    /// What stands for the registry's address, and for the folder of its files, in what comes out.
    pub fn calling(self, registry: &Running, name: &str) -> Self {
        let files = registry.files().display().to_string();
        let named = self.naming(registry.host(), name).naming(registry.localhost(), &format!("LOCAL{name}"));
        named.naming(files, &format!("{name}-FILES"))
    }

    /// What stands for a text that differs from run to run.
    pub fn naming(mut self, text: impl Into<String>, name: &str) -> Self {
        self.names.push((text.into(), name.to_owned()));
        self
    }

    /// More arguments, separated by blanks: for those without blanks in them.
    pub fn words(self, words: &str) -> Self {
        self.args(words.split_whitespace())
    }

    /// One more argument.
    pub fn arg(self, argument: impl AsRef<OsStr>) -> Self {
        self.args([argument])
    }

    /// More arguments.
    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// The next run by the same person: these arguments, separated by blanks, instead of those before.
    pub fn then(mut self, words: &str) -> Self {
        self.arguments.clear();
        self.words(words)
    }

    /// Without a variable of the environment.
    pub fn without(mut self, name: &str) -> Self {
        self.variables.remove(OsStr::new(name));
        self
    }

    /// A variable of the environment.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.variables.insert(name.into(), value.as_ref().to_owned());
        self
    }

    /// `RLS_USERNAME` and `RLS_PASSWORD`.
    pub fn user(self, name: &str, password: &str) -> Self {
        self.env("RLS_USERNAME", name).env("RLS_PASSWORD", password)
    }

    /// What is on standard input; nothing unless this is called.
    pub fn stdin(mut self, text: impl AsRef<[u8]>) -> Self {
        self.stdin = text.as_ref().to_vec();
        self
    }

    /// Writes a file below the home directory.
    pub fn with_file(self, path: &str, text: impl AsRef<[u8]>) -> Self {
        self.file(path, text);
        self
    }

    /// Writes the configuration file.
    pub fn config(self, text: &str) -> Self {
        self.with_file(".config/rls/config.toml", text)
    }

    /// Writes docker's configuration, for nobody else to read.
    pub fn docker_config(self, text: &str) -> Self {
        let file = self.file(".docker/config.json", text);
        set_mode(&file, 0o600);
        self
    }

    /// Writes a program and puts its folder on the PATH.
    pub fn program(mut self, name: &str, script: &str) -> Self {
        let file = self.file(&format!("bin/{name}"), format!("#!/bin/sh\n{script}"));
        set_mode(&file, 0o755);
        let folder = self.home.path().join("bin");
        let path = self.variables.get(OsStr::new("PATH")).cloned().unwrap_or_default();
        let rest = std::env::split_paths(&path).filter(|known| *known != folder).collect::<Vec<_>>();
        let path = std::env::join_paths([folder].into_iter().chain(rest)).expect("folders without a colon");
        self.variables.insert("PATH".into(), path);
        self
    }

    /// The home directory, which is gone with the value.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    fn file(&self, path: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let file = self.home.path().join(path);
        let folder = file.parent().expect("a path below the home directory");
        fs::create_dir_all(folder).expect("the folder is made");
        fs::write(&file, text).expect("the file is written");
        file
    }

    /// The program as a command, for tests that need more of the process than its output.
    pub fn command(&self) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("rls"));
        command.args(&self.arguments).env_clear().envs(&self.variables).current_dir(self.home.path());
        command
    }

    /// Runs it.
    pub fn run(&self) -> Outcome {
        let mut command = assert_cmd::Command::from_std(self.command());
        self.outcome(&command.write_stdin(self.stdin.clone()).output().expect("the program runs"))
    }

    /// Runs it on a terminal, where a person types these lines and sees what it gives back.
    pub fn at_terminal(&self, lines: &str) -> Outcome {
        let quoted = |text: &OsStr| format!("'{}'", text.to_str().expect("UTF-8").replace('\'', "'\\''"));
        let program: &Path = assert_cmd::cargo::cargo_bin!("rls");
        let words = std::iter::once(program.as_os_str()).chain(self.arguments.iter().map(OsString::as_os_str));
        let line = words.map(quoted).collect::<Vec<_>>().join(" ");
        // `script` of util-linux is on every machine: it gives a program a terminal, and exits as the program does.
        let mut command = Command::new("script");
        command.args(["-qec", &line, "/dev/null"]).env_clear().envs(&self.variables).current_dir(self.home.path());
        let mut command = assert_cmd::Command::from_std(command);
        self.outcome(&command.write_stdin(lines).output().expect("script runs"))
    }

    /// What came of a process that was started with [`Rls::command`].
    pub fn outcome(&self, output: &std::process::Output) -> Outcome {
        Outcome {
            code: output.status.code(),
            status: output.status.to_string(),
            stdout: self.readable(&output.stdout),
            stderr: self.readable(&output.stderr),
        }
    }

    /// Runs it and gives the exact bytes of its standard output, with nothing on standard error and exit code 0.
    pub fn bytes(&self) -> Vec<u8> {
        let output = self.command().stdin(Stdio::null()).output().expect("the program runs");
        assert_eq!(self.outcome(&output).failure(), "");
        output.stdout
    }

    /// Runs it: exit code 0 and not a word on standard error. Gives what is on standard output.
    #[track_caller]
    pub fn succeeds(&self) -> Shown {
        let outcome = self.run();
        assert_eq!(outcome.failure(), "", "it did not succeed:\n{outcome}");
        outcome.stdout
    }

    /// Runs it: this exit code and nothing on standard output. Gives what is on standard error.
    #[track_caller]
    pub fn fails(&self, code: i32) -> Shown {
        let outcome = self.run();
        assert_eq!((outcome.code, &*outcome.stdout), (Some(code), ""), "it did not fail with {code}:\n{outcome}");
        outcome.stderr
    }

    /// What came out, with names in place of what differs from run to run.
    pub fn readable(&self, bytes: &[u8]) -> Shown {
        let mut text = String::from_utf8(bytes.to_vec()).expect("the program writes UTF-8");
        for (differing, name) in &self.names {
            text = text.replace(differing, name);
        }
        let home = self.home.path().to_str().expect("a temporary folder with a UTF-8 name");
        text = text.replace(home, "HOME");
        Shown(without_ages(&without_durations(&text)))
    }

    /// The other way round: `text` with what its names stand for.
    pub fn hidden(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (differing, name)| text.replace(name, differing))
    }
}

fn set_mode(file: &Path, mode: u32) {
    fs::set_permissions(file, fs::Permissions::from_mode(mode)).expect("permissions are set");
}

/// `12 ms` and `0.012 seconds` at the end of a line are never twice the same.
fn without_durations(text: &str) -> String {
    let line = |line: &str| {
        let unit = [" ms", " seconds"].into_iter().find(|unit| line.ends_with(unit));
        let Some(rest) = unit.and_then(|unit| line.strip_suffix(unit)) else { return line.to_owned() };
        let before = rest.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        format!("{before}N{}", unit.unwrap_or_default())
    };
    let lines: Vec<_> = text.split('\n').map(line).collect();
    lines.join("\n")
}

/// `(11 days ago)` is another one every day, `24 years ago` every year.
fn without_ages(text: &str) -> String {
    let mut parts = text.split(" ago").map(str::to_owned).collect::<Vec<_>>();
    let last = parts.len() - 1;
    for part in &mut parts[..last] {
        if let Some((before, age)) = part.rsplit_once('(')
            && age.starts_with(|c: char| c.is_ascii_digit())
        {
            *part = format!("{before}(SOME TIME");
        } else if let Some(number) = part.strip_suffix(" years") {
            let before = number.trim_end_matches(|c: char| c.is_ascii_digit());
            *part = format!("{before}{} years", "N".repeat(number.len() - before.len()));
        }
    }
    parts.join(" ago")
}

/// What came out of a run.
pub struct Outcome {
    /// The exit code; `None` after a signal.
    pub code: Option<i32>,
    status: String,
    /// Standard output.
    pub stdout: Shown,
    /// Standard error.
    pub stderr: Shown,
}

impl Outcome {
    /// Empty when all is well, otherwise what is not.
    fn failure(&self) -> String {
        let status = if self.code == Some(0) { String::new() } else { format!("{}\n", self.status) };
        format!("{status}{}", &*self.stderr)
    }
}

/// Exit code, standard output, standard error; what is empty is left out.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => writeln!(f, "exit {code}")?,
            None => writeln!(f, "{}", self.status)?,
        }
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                write!(f, "--- {name}\n{text}")?;
            }
        }
        Ok(())
    }
}

/// Text as it came out of the program. To be seen in a comparison, a tab is shown as `→`, an escape character as `␛`, a
/// carriage return as `␍`, blanks at the end of a line as `·`, and a last line without a line end has a mark.
#[derive(Clone, PartialEq, Eq)]
pub struct Shown(String);

impl Deref for Shown {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.split_inclusive('\n') {
            let (text, end) = line.strip_suffix('\n').map_or((line, "<no line end>\n"), |text| (text, "\n"));
            let words = text.trim_end_matches(' ');
            let blanks = "·".repeat(text.len() - words.len());
            let words = words.replace('\t', "→").replace('\x1b', "␛").replace('\r', "␍");
            write!(f, "{words}{blanks}{end}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
