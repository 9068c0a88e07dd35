//! The commands, one file each: from arguments to records.

mod completions;
mod digest;
mod doctor;
mod login;
mod logout;
mod manifest;
mod place;
mod prune;
mod removal_records;
mod removal_runner;
mod removal_texts;
mod repos;
mod rm;
mod suggestions;
mod tags;
mod trust;
mod undo;

use futures::stream::LocalBoxStream;
use futures::{FutureExt, Stream, StreamExt, stream};
use std::io::{Stdout, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use registry_ls::error::Error;
use registry_ls::name::{Reference, Registry, Repository};
use registry_ls::registry::Client;
use registry_ls::registry::snapshot::SnapshotProgress;
use registry_ls::retention::{MAX_BYTES, UsedImages};

use tokio::task::yield_now;

use crate::args::Command;
use crate::config::{Line, Settings};
use crate::connect::Connector;
use crate::input;
use crate::output::{Output, OutputError, OutputOptions, Progress, View, is_closed};
use crate::report::{CommandError, HintContext, Report};
use crate::shutdown::Shutdown;
use crate::usage::Usage;

/// Things of which several are asked for at once. The transport bounds the requests; this bounds what waits for them.
const MAX_PENDING: usize = 64;

/// What every command works with.
#[derive(Debug)]
pub struct Context<'a> {
    /// What the command line, the environment and the configuration file say.
    pub settings: &'a Settings,
    /// The clients.
    pub connector: &'a Connector,
    /// Where failures go.
    pub report: &'a Report,
    /// Comes true when the command has to end: a signal, the time limit.
    pub shutdown: Shutdown,
}

/// What a text names, and in which registry.
struct Named<T> {
    registry: Registry,
    name: T,
    /// Whether it was written as an address.
    is_address: bool,
}

/// Carries out a command.
///
/// # Errors
///
/// What ended it, other than the failure of one of several targets: that is in the report.
pub async fn run(command: &Command, context: &Context<'_>) -> Result<(), CommandError> {
    match command {
        Command::Repos(repos) => repos::run(repos, context).await,
        Command::Tags(tags) => tags::run(tags, context).await,
        Command::Manifest(manifest) => manifest::run(manifest, context).await,
        Command::Digest(digest) => digest::run(digest, context).await,
        Command::Prune(prune) => prune::run(prune, context).await,
        Command::Rm(rm) => rm::run(rm, context).await,
        Command::Undo(undo) => undo::run(undo, context).await,
        Command::Doctor(doctor) => doctor::run(doctor, context).await,
        Command::Login(login) => login::run(login, context).await,
        Command::Logout(logout) => logout::run(logout, context).await,
        Command::Trust(trust) => trust::run(trust, context).await,
        Command::Completions(completions) => completions::run(completions),
    }
}

/// Whether a command says itself what others learn from warnings.
pub fn warns_by_itself(command: &Command) -> bool {
    matches!(command, Command::Doctor(_))
}

impl Context<'_> {
    /// What `work` comes to, unless the command has to end before that.
    ///
    /// Every wait of a command is within one of these, so that it ends as it should: with its lists closed, and with
    /// what was done until then.
    async fn until_shutdown<T>(&self, work: impl Future<Output = T>) -> Result<T, CommandError> {
        tokio::select! {
            biased;
            end = self.shutdown.clone() => Err(end.into()),
            done = work => Ok(done),
        }
    }

    /// What `work` comes to, and why the command has to end. What is under way at a signal has so long to come to its
    /// end, so that it is known what became of it; the time limit was long enough.
    async fn finish_within<T>(
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

    /// Reads a file given by the user, called `what` in errors; `-` is standard input.
    async fn read(&self, what: &str, path: &Path, largest: u64) -> Result<Vec<u8>, CommandError> {
        Ok(self.until_shutdown(input::read(what, path, largest)).await??)
    }

    /// Reads names: arguments, and for `-` the lines of standard input. All are read before anything is done about one.
    async fn names<T>(
        &self,
        arguments: &[String],
        line: Line,
        read: impl Fn(&Settings, &str) -> registry_ls::Result<(Registry, T)>,
    ) -> Result<Vec<Named<T>>, CommandError> {
        let named = |text: &str| match read(self.settings, text) {
            Ok((registry, name)) => Ok(Named { registry, name, is_address: text.contains("://") }),
            Err(error) if text.contains(['*', '?', '[', '{']) => {
                Err(Usage::from(error).hint("use --match GLOB for tags, or 'rls repos --match GLOB' for repositories"))
            }
            Err(error) => Err(Usage::from(error)),
        };
        let mut names = Vec::with_capacity(arguments.len());
        for argument in arguments {
            if argument != "-" {
                names.push(named(argument)?);
                continue;
            }
            let list = self.until_shutdown(input::read_stdin("the names", input::LIST)).await??;
            for (number, text) in input::names(&list)? {
                let name = self.settings.check_line(&text, line).and_then(|()| named(&text));
                names.push(name.map_err(|error| error.because(format!("line {number} of standard input")))?);
            }
        }
        Ok(names)
    }

    /// The images that a file names as used; `-` is standard input.
    async fn used_images(&self, file: &Path) -> Result<UsedImages, CommandError> {
        let bytes = self.read("--keep-used", file, MAX_BYTES as u64).await?;
        let read = self.until_shutdown(input::apart(move || UsedImages::read(&bytes))).await?;
        let read = read.unwrap_or_else(|error| Err(Error::config(error.to_string())));
        let unusable = |error: Error| {
            let usage = Usage::from(error.within(format!("cannot use --keep-used {}", file.display())));
            usage.hint(
                "use the output of 'kubectl get pods -A -o json', a rendered chart, a compose file, or one \
                 reference per line",
            )
        };
        Ok(read.map_err(unusable)?)
    }

    /// The client of a registry.
    async fn client(&self, registry: &Registry) -> Result<Arc<Client>, CommandError> {
        self.until_shutdown(self.connector.client(self.settings, registry)).await?
    }

    /// The clients that REFs are for, and what they name there; `-` stands for the lines of standard input.
    async fn references(&self, texts: &[String]) -> Result<Vec<(Arc<Client>, Reference)>, CommandError> {
        let named = self.names(texts, Line::Name, Settings::reference).await?;
        let named = self.located(named, Reference::repository, Reference::in_repository).await?;
        self.without_api(named, Reference::repository, Reference::in_repository).await
    }

    /// As [`Context::references`], for what is going to be removed: a line of standard input says which registry it is
    /// in.
    async fn references_to_remove(&self, texts: &[String]) -> Result<Vec<(Arc<Client>, Reference)>, CommandError> {
        let named = self.names(texts, Line::FullName, Settings::reference).await?;
        self.located(named, Reference::repository, Reference::in_repository).await
    }

    /// The clients that REPOs are for, and what they name there; `-` stands for the lines of standard input.
    async fn repositories(&self, texts: &[String]) -> Result<Vec<(Arc<Client>, Repository)>, CommandError> {
        let named = self.names(texts, Line::Name, Settings::repository_in).await?;
        let named = self.located(named, |repository| repository, |_, path| path).await?;
        self.without_api(named, |repository| repository, |_, path| path).await
    }

    async fn clients<T>(&self, named: Vec<(Registry, T)>) -> Result<Vec<(Arc<Client>, T)>, CommandError> {
        let mut clients = Vec::with_capacity(named.len());
        for (registry, name) in named {
            clients.push((self.client(&registry).await?, name));
        }
        Ok(clients)
    }

    /// Whether names are shown in full: it was asked for, or there is no other way to tell these registries apart.
    fn shows_full<'r>(&self, registries: impl IntoIterator<Item = &'r Registry>) -> bool {
        let mut registries = registries.into_iter();
        let first = registries.next();
        self.settings.full || registries.any(|other| Some(other) != first)
    }

    /// Output of records for people or machines, as asked for. Nothing is asked of a registry, let alone removed, where
    /// the outcome could not be told.
    fn output<V: View>(&self, view: V) -> Result<Output<V, Stdout>, OutputError> {
        if is_closed() {
            return Err(OutputError::Nowhere);
        }
        let settings = self.settings;
        Output::new(
            view,
            OutputOptions::for_stdout(settings.layout.clone(), settings.header, settings.color),
            std::io::stdout(),
        )
    }

    /// What `work` comes to, unless the command has to end before that; meanwhile its counts are shown.
    async fn with_progress<T>(
        &self,
        what: &str,
        counts: &SnapshotProgress,
        work: impl Future<Output = T>,
    ) -> Result<T, CommandError> {
        const OFTEN: Duration = Duration::from_millis(100);
        let progress = self.progress(what);
        let mut ticks = tokio::time::interval(OFTEN);
        let mut work = std::pin::pin!(self.until_shutdown(work));
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                _ = ticks.tick() => {
                    progress.set_total(counts.expected.load(Ordering::Relaxed) as u64);
                    progress.set(counts.done.load(Ordering::Relaxed) as u64);
                }
            }
        }
    }

    fn progress(&self, what: &str) -> Progress {
        Progress::start(what, self.settings.progress, self.report.is_quiet())
    }

    fn hint_context(&self, registry: &Registry) -> HintContext {
        HintContext::at(registry, self.settings.gives_ca(registry))
    }

    fn failed(&self, registry: &Registry, error: Error) -> CommandError {
        CommandError::Failed(error, Box::new(self.hint_context(registry)))
    }
}

/// No more than so many things of those that come some at a time; what comes after is not asked for.
fn first<'a, T: 'a, S>(limit: usize, batches: S) -> LocalBoxStream<'a, Result<Vec<T>, Error>>
where
    S: Stream<Item = Result<Vec<T>, Error>> + Unpin + 'a,
{
    let more = |(mut batches, left): (S, usize)| async move {
        if left == 0 {
            return None;
        }
        let mut batch = batches.next().await?;
        let count = batch.as_mut().map_or(0, |batch| {
            batch.truncate(left);
            batch.len()
        });
        Some((batch, (batches, left - count)))
    };
    stream::unfold((batches, limit), more).boxed_local()
}

/// The next item, unless the command has to end. Before it is waited for, what was written so far is shown.
async fn next_or_flush<S, V, W>(
    context: &Context<'_>,
    stream: &mut S,
    output: &mut Output<V, W>,
) -> Result<Option<S::Item>, CommandError>
where
    S: Stream + Unpin,
    V: View,
    W: Write,
{
    // Where everything is there already nothing is waited for, and a signal would not be noticed.
    context.until_shutdown(yield_now()).await?;
    if let Some(item) = stream.next().now_or_never() {
        return Ok(item);
    }
    output.flush()?;
    context.until_shutdown(stream.next()).await
}

/// Ends the output of a command that may have failed. Nothing at all is printed when nothing came before the failure:
/// an empty list would be an answer.
fn close<V: View, W: Write>(output: Output<V, W>, outcome: Result<(), CommandError>) -> Result<(), CommandError> {
    if outcome.is_ok() || output.has_records() {
        output.finish()?;
    }
    outcome
}
