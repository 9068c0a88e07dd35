//! Reports errors: message, causes and hint for people, exit codes for scripts. The only module that knows exit codes.

mod convert;
mod exit;
mod hint;
mod log;
mod near_miss;

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::io::{Write, stderr};
use std::panic;
use std::time::Duration;

use indexmap::IndexMap;
use registry_ls::error::{Fault, Network, without_os_error};
use registry_ls::http::Totals;
use registry_ls::{Error, Kind};

pub use convert::conversion;
#[cfg(test)]
pub use exit::CODES as EXIT_CODES;
pub use exit::Exit;
pub use hint::{HintContext, LoginSource, roots_variable};
pub use log::{Verbosity, start as start_log};
pub use near_miss::near_miss_remedy;

use crate::args::Refusal;
use crate::output::{ColorChoice, Failure, OutputError, Styles, Tone, escape, is_closed, on_terminal};
use crate::usage::Usage;

/// Why a command ended early.
#[derive(Debug)]
pub enum CommandError {
    /// The command failed, not only one of several targets.
    Failed(Error, Box<HintContext>),
    /// An error in the command line or local configuration.
    Usage(Usage),
    /// Something failed, and the output shows it.
    Reported(Box<Kind>),
    /// The output cannot be written.
    Output(OutputError),
    /// SIGINT or SIGTERM.
    Signal(Exit),
}

impl From<Usage> for CommandError {
    fn from(usage: Usage) -> Self {
        Self::Usage(usage)
    }
}

impl From<OutputError> for CommandError {
    fn from(error: OutputError) -> Self {
        match error {
            OutputError::Template(usage) => Self::Usage(usage),
            error => Self::Output(error),
        }
    }
}

/// Prints failures as they occur, and keeps track of the exit code.
#[derive(Debug)]
pub struct Report {
    styles: Styles,
    quiet: bool,
    /// Number of targets that succeeded.
    succeeded: Cell<usize>,
    /// Hints that were printed.
    hints: RefCell<HashSet<String>>,
    /// Errors that were printed, with how often they occurred.
    errors: RefCell<IndexMap<String, usize>>,
    /// The exit codes of targets that failed.
    failed: RefCell<Vec<Exit>>,
}

impl Report {
    /// A report on standard error.
    pub fn new(styles: Styles, quiet: bool) -> Self {
        Self {
            styles,
            quiet,
            succeeded: Cell::default(),
            hints: RefCell::default(),
            errors: RefCell::default(),
            failed: RefCell::default(),
        }
    }

    /// Whether hints, warnings and progress are suppressed.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Counts a target that succeeded.
    pub fn success(&self) {
        self.succeeded.set(self.succeeded.get() + 1);
    }

    /// Prints why one target failed, and counts it.
    pub fn failure(&self, error: &Error, hint_context: &HintContext) {
        // The same error of many targets is printed once, and their number at the end; the records have it for each.
        let mut errors = self.errors.borrow_mut();
        let count = errors.entry(error.to_string()).or_default();
        *count += 1;
        if *count == 1 {
            self.print_error(error.what(), error.causes(), hint_context.hint(error).as_deref());
        }
        self.failed.borrow_mut().push(Exit::of(error.kind()));
    }

    /// Says how often each error occurred that was printed once.
    fn print_repeated(&self) {
        for (text, count) in self.errors.take().into_iter().filter(|(_, count)| *count > 1) {
            self.line(Tone::Bad, "error:", &format!("{text} ({count} times)"));
        }
    }

    /// Counts a target that failed, and that the output shows.
    pub fn count_failure(&self, kind: &Kind) {
        self.failed.borrow_mut().push(Exit::of(kind));
    }

    /// Prints a warning, which does not change the exit code.
    pub fn warning(&self, text: &str) {
        if !self.quiet {
            self.line(Tone::Warning, "warning:", text);
        }
    }

    /// Prints a hint, once.
    pub fn hint(&self, text: &str) {
        // Repeated hints are noise.
        if !self.quiet && self.hints.borrow_mut().insert(text.to_owned()) {
            self.line(Tone::Hint, "hint: ", text);
        }
    }

    /// Prints a line of a plan.
    pub fn plan(&self, text: &str) {
        if !self.quiet {
            self.line(Tone::Dim, "plan: ", text);
        }
    }

    /// Prints a summary, after the last record.
    pub fn summary(&self, text: &str) {
        if !self.quiet {
            // Standard error may be closed.
            on_terminal(|| drop(writeln!(stderr(), "{}", escape(text))));
        }
    }

    /// Prints why the command failed, if needed, and returns the exit code.
    pub fn end(&self, outcome: Result<(), CommandError>) -> Exit {
        self.print_repeated();
        match outcome {
            Ok(()) => Exit::of_batch(self.succeeded.get(), &self.failed.borrow()),
            Err(CommandError::Failed(error, hint_context)) => {
                self.print_error(error.what(), error.causes(), hint_context.hint(&error).as_deref());
                Exit::of(error.kind())
            }
            Err(CommandError::Usage(usage)) => {
                let conversion = usage.unusable_file().map(conversion);
                self.print_error(usage.what(), usage.causes(), usage.advice().or(conversion.as_deref()));
                Exit::USAGE
            }
            Err(CommandError::Reported(kind)) => Exit::of(&kind),
            Err(CommandError::Output(OutputError::Closed)) => Exit::PIPE,
            Err(CommandError::Output(error)) => {
                self.print_error(&error.to_string(), &[], None);
                Exit::OUTPUT
            }
            Err(CommandError::Signal(exit)) => exit,
        }
    }

    /// Prints the statistics of `--stats`.
    pub fn totals(&self, totals: Totals, elapsed: Duration) {
        let Totals { requests, retries, token_fetches, bytes, peak_concurrency, throttled } = totals;
        let seconds = elapsed.as_secs_f64();
        let text = format!(
            "{requests} requests, max concurrency {peak_concurrency}, throttled {throttled} times, {retries} retries, \
             {token_fetches} token fetches, {bytes} bytes, {seconds:.3} seconds"
        );
        self.line(Tone::Dim, "stats:", &text);
    }

    fn print_error(&self, what: &str, causes: &[String], hint: Option<&str>) {
        self.line(Tone::Bad, "error:", what);
        for cause in causes {
            self.line(Tone::Dim, "cause:", cause);
        }
        if let Some(hint) = hint {
            self.hint(hint);
        }
    }

    /// One line; its text may come from a server.
    fn line(&self, tone: Tone, label: &str, text: &str) {
        let text = without_os_error(text.to_owned());
        let line = format!("{} {}\n", self.styles.paint(tone, label), self.styles.localize(escape(&text).into_owned()));
        // Standard error may be closed; the exit code still reports it.
        on_terminal(|| drop(stderr().write_all(line.as_bytes())));
    }
}

/// Prints why a command line is rejected, or the help that it asks for.
pub fn refuse(refusal: Refusal, color: ColorChoice) -> Exit {
    let report = Report::new(Styles::for_stderr(color), false);
    match refusal {
        Refusal::Usage(usage) => report.end(Err(usage.into())),
        Refusal::Clap(error) if !error.use_stderr() && is_closed() => report.end(Err(OutputError::Nowhere.into())),
        Refusal::Clap(error) => match error.print() {
            Err(error) if !error.kind().eq(&std::io::ErrorKind::BrokenPipe) => Exit::OUTPUT,
            Err(_) => Exit::PIPE,
            Ok(()) if error.use_stderr() => Exit::USAGE,
            Ok(()) => Exit::SUCCESS,
        },
    }
}

/// Runs the program; a panic is reported as a bug, with exit code 1. Its message is not shown, since it may quote
/// anything.
pub fn catch_panics(program: impl FnOnce() -> Exit) -> Exit {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let line = format!("error: a bug in rls, at {place}\nhint:  please report it, with the command line\n");
        drop(stderr().write_all(line.as_bytes()));
        // The release build aborts on panics, so unwinding is not waited for.
        std::process::exit(Exit::BUG.code());
    }));
    program()
}

/// An error as it appears in machine formats.
pub fn failure(error: &Error) -> Failure {
    Failure { kind: kind_name(error.kind()).to_owned(), message: error.to_string() }
}

fn kind_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Invalid => "invalid",
        Kind::Config => "configuration",
        Kind::NotFound(_) => "not-found",
        Kind::Unauthenticated | Kind::UnusableChallenge | Kind::Hidden | Kind::CredentialsUnavailable(_) => {
            "unauthenticated"
        }
        Kind::Denied(_) | Kind::UnsafeRealm => "denied",
        Kind::Unsupported(_) => "unsupported",
        Kind::Tls(_) | Kind::Protocol(Fault::TlsPort) => "tls",
        Kind::Protocol(_) => "protocol",
        Kind::Incomplete | Kind::ForeignPage { .. } => "incomplete",
        Kind::RateLimited => "rate-limited",
        Kind::Safety(_) => "safety",
        Kind::Network(Network::HandshakeTimeout) => "timed-out",
        Kind::Network(_) => "network",
        Kind::TimedOut => "timed-out",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// The test runs itself as another process, in which the program panics.
    #[test]
    fn a_panic_is_a_bug_in_two_lines_that_quote_nothing() {
        const PANICS: &str = "RLS_TEST_PANICS";
        if std::env::var_os(PANICS).is_some() {
            catch_panics(|| panic!("hunter2"));
        }
        let name = "report::tests::a_panic_is_a_bug_in_two_lines_that_quote_nothing";
        let mut command = Command::new(std::env::current_exe().expect("the path of this program"));
        let output =
            command.args(["--exact", name, "--nocapture"]).env(PANICS, "1").output().expect("a program that runs");
        let printed = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(1), "{printed}");
        let lines: Vec<_> = printed.lines().collect();
        assert!(lines[0].starts_with("error: a bug in rls, at src/bin/rls/report/mod.rs:"), "{printed}");
        assert_eq!(lines[1..], ["hint:  please report it, with the command line"]);
        assert!(!String::from_utf8(output.stdout).expect("UTF-8").contains("hunter2"));
    }
}
