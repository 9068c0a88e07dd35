//! What every command works with: settings, clients, report, and the waits that a signal or the time limit ends.

use std::io::{IsTerminal, Stdout, stdout};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use registry_ls::error::Error;
use registry_ls::name::Registry;
use registry_ls::registry::Client;
use registry_ls::registry::snapshot::SnapshotProgress;
use registry_ls::retention::{MAX_BYTES, UsedImages};

use crate::command_line::docker_config;
use crate::config::{Account, Settings};
use crate::connect::Connector;
use crate::input;
use crate::output::{Format, Layout, Output, OutputError, OutputOptions, Progress, View, is_closed};
use crate::prompt;
use crate::report::{CommandError, HintContext, LoginSource, Report};
use crate::shutdown::Shutdown;
use crate::usage::Usage;

/// How often the progress of work with counters is updated.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

/// What every command works with.
#[derive(Debug)]
pub struct Context<'a> {
    /// The merged settings of options, environment and configuration file.
    pub settings: &'a Settings,
    /// Creates the clients.
    pub connector: &'a Connector,
    /// Receives failures, warnings and hints.
    pub report: &'a Report,
    /// Resolves when the command must end: on a signal, or at the time limit.
    pub shutdown: Shutdown,
}

impl Context<'_> {
    /// Waits for `work`, unless the command must end first.
    ///
    /// Every wait of a command goes through here, so that it ends properly: with its lists closed, and reporting what
    /// was done until then.
    pub(super) async fn until_shutdown<T>(&self, work: impl Future<Output = T>) -> Result<T, CommandError> {
        tokio::select! {
            biased;
            reason = self.shutdown.clone() => Err(reason.into()),
            done = work => Ok(done),
        }
    }

    /// Waits for `work`, and returns why the command must end if it must. On a signal, `work` may take `grace` to
    /// finish, so that its outcome is known; at the time limit it gets no extra time.
    pub(super) async fn finish_within<T>(
        &self,
        work: impl Future<Output = T>,
        grace: Duration,
    ) -> (Option<T>, Option<CommandError>) {
        let mut work = std::pin::pin!(work);
        match self.until_shutdown(&mut work).await {
            Ok(done) => (Some(done), None),
            Err(stop @ CommandError::Signal(_)) => (tokio::time::timeout(grace, work).await.ok(), Some(stop)),
            Err(stop) => (None, Some(stop)),
        }
    }

    /// Waits for `work` while its counters are shown as progress, unless the command must end first.
    pub(super) async fn with_progress<T>(
        &self,
        label: &str,
        counters: &SnapshotProgress,
        work: impl Future<Output = T>,
    ) -> Result<T, CommandError> {
        let progress = self.progress(label);
        let mut ticks = tokio::time::interval(PROGRESS_INTERVAL);
        let mut work = std::pin::pin!(self.until_shutdown(work));
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                _ = ticks.tick() => {
                    progress.set_total(counters.expected.load(Ordering::Relaxed) as u64);
                    progress.set(counters.done.load(Ordering::Relaxed) as u64);
                }
            }
        }
    }

    /// Starts a progress display, if the settings allow one.
    pub(super) fn progress(&self, label: &str) -> Progress {
        Progress::start(label, self.settings.progress, self.report.is_quiet(), self.connector.stats())
    }

    /// Reads a file given by the user, called `what` in errors; `-` is standard input.
    pub(super) async fn read(&self, what: &str, path: &Path, max_bytes: u64) -> Result<Vec<u8>, CommandError> {
        Ok(self.until_shutdown(input::read(what, path, max_bytes)).await??)
    }

    /// Reads the images that a file of `--keep-used` names; `-` is standard input.
    pub(super) async fn used_images(&self, file: &Path) -> Result<UsedImages, CommandError> {
        let bytes = self.read("--keep-used", file, MAX_BYTES as u64).await?;
        let parsed = self.until_shutdown(input::blocking(move || UsedImages::read(&bytes))).await?;
        let parsed = parsed.unwrap_or_else(|error| Err(Error::config(error.to_string())));
        let unusable = |error: Error| {
            Usage::from(error.within(format!("cannot use --keep-used {}", file.display()))).hint(
                "use the output of 'kubectl get pods -A -o json', a rendered chart, a compose file, or one reference per \
                 line",
            )
        };
        Ok(parsed.map_err(unusable)?)
    }

    /// The registry that REGISTRY names, or the default one. Docker Hub, if nothing else is set, is not assumed in
    /// silence: a question on the terminal, which `verb` begins, or else a warning.
    pub(super) async fn registry_or_default(&self, named: Option<&str>, verb: &str) -> Result<Registry, CommandError> {
        let registry = self.settings.named_registry(named)?;
        if self.settings.known_registry(named)?.is_some() {
            return Ok(registry);
        }
        if !prompt::is_possible() {
            self.report.warning(&format!("no registry named: using Docker Hub ({registry})"));
            return Ok(registry);
        }
        let question = format!("No registry named. {verb} Docker Hub ({registry})? [y/N]");
        if prompt::is_yes(&self.until_shutdown(prompt::ask(&question)).await??) {
            return Ok(registry);
        }
        Err(Usage::new("cancelled; nothing was changed")
            .hint("name the registry: HOST[:PORT], or set RLS_REGISTRY")
            .into())
    }

    /// The client of a registry.
    pub(super) async fn client(&self, registry: &Registry) -> Result<Client, CommandError> {
        self.until_shutdown(self.connector.client(self.settings, registry)).await?
    }

    /// Whether names are printed in full: requested, or needed to distinguish these registries.
    pub(super) fn shows_full<'r>(&self, registries: impl IntoIterator<Item = &'r Registry>) -> bool {
        let mut registries = registries.into_iter();
        let first = registries.next();
        self.settings.full || registries.any(|other| Some(other) != first)
    }

    /// Opens the output in the requested format. Commands do this before their first request: nothing is requested, let
    /// alone removed, if the outcome could not be printed.
    pub(super) fn output<V: View>(&self, view: V) -> Result<Output<V, Stdout>, OutputError> {
        self.output_as(view, self.settings.layout.clone())
    }

    /// As [`Context::output`], for what people read: `table` is the default everywhere, not only on a terminal.
    pub(super) fn output_for_people<V: View>(&self, view: V) -> Result<Output<V, Stdout>, OutputError> {
        let layout = self.settings.layout.clone().unwrap_or(Layout::Format(Format::Table));
        self.output_as(view, Some(layout))
    }

    fn output_as<V: View>(&self, view: V, layout: Option<Layout>) -> Result<Output<V, Stdout>, OutputError> {
        if is_closed() {
            return Err(OutputError::Nowhere);
        }
        let Settings { header, no_trunc, color, .. } = self.settings;
        Output::new(view, OutputOptions::for_stdout(layout, *header, *no_trunc, *color), std::io::stdout())
    }

    /// Whether records are shown as a table.
    pub(super) fn shows_table(&self) -> bool {
        let layout = self.settings.layout.as_ref();
        layout.map_or_else(|| stdout().is_terminal(), |layout| *layout == Layout::Format(Format::Table))
    }

    /// The context of hints about a registry.
    pub(super) fn hint_context(&self, registry: &Registry) -> HintContext {
        let argv: Vec<_> = std::env::args_os().collect();
        let login = match self.settings.account(registry) {
            Ok(Account::AuthFile(path)) if path.as_os_str() == "-" => {
                LoginSource::AuthFile("standard input".to_owned())
            }
            // `docker --config DIR login` fills it.
            Ok(Account::AuthFile(path)) if docker_config(&argv) == Some(path.clone()) => LoginSource::Stored,
            Ok(Account::AuthFile(path)) => LoginSource::AuthFile(path.display().to_string()),
            Ok(Account::Anonymous) => LoginSource::Anonymous,
            Ok(Account::User { .. }) => LoginSource::Given,
            _ => self.settings.unused_login().map_or(LoginSource::Stored, LoginSource::Ignored),
        };
        HintContext { login, ..HintContext::at(registry, self.settings.gives_ca(registry)) }
    }

    /// Ends the command with an error about a registry.
    pub(super) fn failed(&self, registry: &Registry, error: Error) -> CommandError {
        CommandError::Failed(error, Box::new(self.hint_context(registry)))
    }
}
