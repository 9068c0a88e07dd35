//! Runs one process, and measures its time and maximum memory.

use std::ffi::OsString;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4;

/// A command to run.
#[derive(Debug, Clone)]
pub struct Plan {
    program: OsString,
    arguments: Vec<OsString>,
    environment: Vec<(&'static str, OsString)>,
}

/// The cost of a run.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    pub time: Duration,
    /// The most memory that it had resident, in MiB. One that has less than the benchmark itself is given the
    /// benchmark's: the kernel counts what the process was before it became another program.
    pub memory: f64,
}

impl Plan {
    pub fn new(program: impl AsRef<Path>, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(Into::into).collect();
        Self { program: program.as_ref().into(), arguments, environment: Vec::new() }
    }

    pub fn environment<V: Into<OsString>>(mut self, variables: impl IntoIterator<Item = (&'static str, V)>) -> Self {
        self.environment.extend(variables.into_iter().map(|(name, value)| (name, value.into())));
        self
    }

    /// Runs it. Panics unless it succeeds.
    pub fn run(&self) -> Cost {
        let mut command = self.command();
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let begin = Instant::now();
        let child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", self.program.display()));
        let ended = child.wait4().expect("a child that ends");
        let time = begin.elapsed();
        assert!(ended.status.success(), "{} {:?} failed: {}", self.program.display(), self.arguments, ended.status);
        Cost { time, memory: ended.rusage.maxrss as f64 / 1024.0 / 1024.0 }
    }

    /// Runs it, and returns standard error too. Panics unless it succeeds.
    pub fn run_and_say(&self) -> (Cost, String) {
        let mut command = self.command();
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let begin = Instant::now();
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", self.program.display()));
        let mut message = String::new();
        child.stderr.take().expect("it is piped").read_to_string(&mut message).expect("text");
        let ended = child.wait4().expect("a child that ends");
        assert!(
            ended.status.success(),
            "{} {:?} failed: {}: {message}",
            self.program.display(),
            self.arguments,
            ended.status
        );
        (Cost { time: begin.elapsed(), memory: ended.rusage.maxrss as f64 / 1024.0 / 1024.0 }, message)
    }

    /// Its standard error.
    pub fn message(&self) -> String {
        let output = self.quiet_output();
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{self:?} failed: {message}");
        message
    }

    /// Its failure, if it fails.
    pub fn failure(&self) -> Option<String> {
        let output = self.quiet_output();
        let last = || String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned();
        (!output.status.success()).then(|| format!("fails: {}: {}", output.status, last()))
    }

    /// The same with one more argument.
    pub fn with(&self, argument: &str) -> Self {
        let mut plan = self.clone();
        plan.arguments.push(argument.into());
        plan
    }

    /// Without standard output, which may be large: this process has to stay small.
    fn quiet_output(&self) -> Output {
        let mut command = self.command();
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let ended = child.and_then(Child::wait_with_output);
        ended.unwrap_or_else(|error| panic!("{}: {error}", self.program.display()))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::null());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}
