//! Running the real program: an empty home, an empty environment, and everything that came out of it.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::LazyLock;

use registry_fixture::{Certificates, Tls};
use tempfile::TempDir;

/// A certificate that issued nothing: the only root of the "system" on which the program runs here.
static SYSTEM_ROOT: LazyLock<String> =
    LazyLock::new(|| Certificates::make(Tls::SelfSigned, &[]).expect("certificates are made").ca);

/// One run of `rls` that is being prepared.
pub struct Rls {
    home: TempDir,
    arguments: Vec<String>,
    variables: BTreeMap<String, String>,
    /// What stands for an address that differs from run to run.
    names: Vec<(String, &'static str)>,
}

impl Rls {
    /// With these arguments, separated by blanks, and nothing in the environment that says more.
    pub fn new(words: &str) -> Self {
        let home = tempfile::tempdir().expect("a temporary folder");
        let arguments = words.split_whitespace().map(str::to_owned).collect();
        let rls = Self { home, arguments, variables: BTreeMap::new(), names: Vec::new() };
        let path = std::env::var("PATH").unwrap_or_default();
        let (folder, root) = (rls.home.path().display().to_string(), rls.home.path().join("system.pem"));
        let rls = rls.file("system.pem", &SYSTEM_ROOT).env("PATH", path).env("HOME", folder);
        rls.env("SSL_CERT_FILE", root.display().to_string())
    }

    /// The home directory, which is gone with the value.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// A variable of the environment.
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    /// The same without a variable.
    pub fn without(mut self, name: &str) -> Self {
        self.variables.remove(name);
        self
    }

    /// The next run by the same person: these arguments, separated by blanks, instead of those before.
    pub fn then(mut self, words: &str) -> Self {
        self.arguments = words.split_whitespace().map(str::to_owned).collect();
        self
    }

    /// `RLS_USERNAME` and `RLS_PASSWORD`.
    pub fn user(self, name: &str, password: &str) -> Self {
        self.env("RLS_USERNAME", name).env("RLS_PASSWORD", password)
    }

    /// What stands for a text that differs from run to run. What is named first is looked for first.
    pub fn naming(mut self, text: impl Into<String>, name: &'static str) -> Self {
        self.names.push((text.into(), name));
        self
    }

    /// Writes a file below the home directory that nobody else can read.
    pub fn file(self, path: &str, text: &str) -> Self {
        let file = self.home.path().join(path);
        fs::create_dir_all(file.parent().expect("a path below the home directory")).expect("the folder is made");
        fs::write(&file, text).expect("the file is written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("permissions are set");
        self
    }

    /// Runs it.
    pub fn run(&self) -> Outcome {
        let output = self.output();
        let code = output.status.code().unwrap_or_else(|| panic!("{:?}: {}", self.arguments, output.status));
        Outcome {
            command: self.readable(self.arguments.join(" ").as_bytes()),
            code,
            stdout: self.readable(&output.stdout),
            stderr: self.readable(&output.stderr),
        }
    }

    /// Runs it: exit code 0 and not a word on standard error. Gives what is on standard output.
    #[track_caller]
    pub fn succeeds(&self) -> String {
        let outcome = self.run();
        assert!(outcome.code == 0 && outcome.stderr.is_empty(), "it did not succeed:\n{outcome}");
        outcome.stdout
    }

    /// Runs it, as [`Rls::succeeds`], and gives the exact bytes.
    #[track_caller]
    pub fn bytes(&self) -> Vec<u8> {
        let output = self.output();
        assert!(output.status.success() && output.stderr.is_empty(), "{}", self.run());
        output.stdout
    }

    fn output(&self) -> std::process::Output {
        let mut command = assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("rls"));
        command.args(&self.arguments).env_clear().envs(&self.variables).current_dir(self.home.path());
        command.output().expect("the program runs")
    }

    fn readable(&self, bytes: &[u8]) -> String {
        let text = String::from_utf8(bytes.to_vec()).expect("the program writes UTF-8");
        let text = self.names.iter().fold(text, |text, (differing, name)| text.replace(differing, name));
        // A tab would not be seen in a comparison.
        text.replace('\t', "→")
    }
}

/// What came out of a run.
pub struct Outcome {
    command: String,
    /// The exit code.
    pub code: i32,
    /// Standard output. A tab is shown as `→`.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Outcome {
    /// The first line of standard error; empty when nothing is there.
    pub fn error(&self) -> &str {
        self.stderr.lines().next().unwrap_or_default()
    }

    /// Exit code and standard output, for comparison.
    pub fn result(&self) -> (i32, &str) {
        (self.code, &self.stdout)
    }
}

/// The command, its exit code, standard output, standard error; what is empty is left out.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "$ rls {}\nexit {}", self.command, self.code)?;
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                write!(f, "--- {name}\n{text}")?;
            }
        }
        Ok(())
    }
}
