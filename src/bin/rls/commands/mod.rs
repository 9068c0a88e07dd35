//! The commands, one file each: from arguments to records.

mod completions;
mod digest;
mod doctor;
mod login;
mod logout;
mod manifest;
mod nearest;
mod prune;
mod removing;
mod repos;
mod rm;
mod tags;
mod trust;

use futures::stream::LocalBoxStream;
use futures::{FutureExt, Stream, StreamExt, stream};
use std::io::{BufRead, StdinLock, Stdout, Write};
use std::sync::Arc;
use std::time::Duration;

use registry_ls::error::Error;
use registry_ls::name::{Reference, Registry, Repository};
use registry_ls::registry::Client;

use tokio::task::yield_now;

use crate::args::Command;
use crate::config::Settings;
use crate::connect::Connector;
use crate::ending::Ending;
use crate::output::{Output, OutputError, OutputOptions, Progress, View};
use crate::report::{Report, Situation, Stop};
use crate::stdin::from_stdin;
use crate::usage::Usage;

/// Things of which several are asked for at once. The transport bounds the requests; this bounds what waits for them.
const MOST_AT_ONCE: usize = 64;

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
    pub ending: Ending,
}

/// Carries out a command.
///
/// # Errors
///
/// What ended it, other than the failure of one of several targets: that is in the report.
pub async fn run(command: &Command, context: &Context<'_>) -> Result<(), Stop> {
    match command {
        Command::Repos(repos) => repos::run(repos, context).await,
        Command::Tags(tags) => tags::run(tags, context).await,
        Command::Manifest(manifest) => manifest::run(manifest, context).await,
        Command::Digest(digest) => digest::run(digest, context).await,
        Command::Prune(prune) => prune::run(prune, context).await,
        Command::Rm(rm) => rm::run(rm, context).await,
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
    /// Every wait of a command is within one of these, so that it ends as it should: with its lists closed, and with what was
    /// done until then.
    async fn or_end<T>(&self, work: impl Future<Output = T>) -> Result<T, Stop> {
        tokio::select! {
            biased;
            end = self.ending.clone() => Err(end.into()),
            done = work => Ok(done),
        }
    }

    /// What `work` comes to, and why the command has to end. What is under way at a signal has so long to come to its end, so that it is
    /// known what became of it; the time limit was long enough.
    async fn or_finish<T>(&self, work: impl Future<Output = T>, grace: Duration) -> (Option<T>, Option<Stop>) {
        let mut work = std::pin::pin!(work);
        match self.or_end(&mut work).await {
            Ok(done) => (Some(done), None),
            Err(stop @ Stop::Signal(_)) => (tokio::time::timeout(grace, work).await.ok(), Some(stop)),
            Err(stop) => (None, Some(stop)),
        }
    }

    /// The names among arguments, `-` standing for the lines of standard input.
    async fn with_stdin(&self, arguments: &[String]) -> Result<Vec<String>, Stop> {
        let mut names = Vec::new();
        for argument in arguments {
            if argument == "-" {
                names.extend(self.or_end(from_stdin(lines)).await??);
            } else {
                names.push(argument.clone());
            }
        }
        Ok(names)
    }

    /// The client of a registry.
    async fn client(&self, registry: &Registry) -> Result<Arc<Client>, Stop> {
        self.or_end(self.connector.client(self.settings, registry)).await?
    }

    /// The clients that REFs are for, and what they name there. All are read before anything is done about one.
    async fn references(&self, texts: &[String]) -> Result<Vec<(Arc<Client>, Reference)>, Stop> {
        let named = texts.iter().map(|text| self.settings.reference(text)).collect::<Result<Vec<_>, _>>();
        self.clients(named.map_err(Usage::from)?).await
    }

    /// The clients that REPOs are for, and what they name there. All are read before anything is done about one.
    async fn repositories(&self, texts: &[String]) -> Result<Vec<(Arc<Client>, Repository)>, Stop> {
        let named = texts.iter().map(|text| self.settings.repository(text)).collect::<Result<Vec<_>, _>>();
        self.clients(named.map_err(Usage::from)?).await
    }

    async fn clients<T>(&self, named: Vec<(Registry, T)>) -> Result<Vec<(Arc<Client>, T)>, Stop> {
        let mut clients = Vec::with_capacity(named.len());
        for (registry, name) in named {
            clients.push((self.client(&registry).await?, name));
        }
        Ok(clients)
    }

    /// Output of records for people or machines, as asked for.
    fn output<V: View>(&self, view: V) -> Result<Output<V, Stdout>, OutputError> {
        let settings = self.settings;
        Output::new(
            view,
            OutputOptions::for_stdout(settings.layout.clone(), settings.header, settings.color),
            std::io::stdout(),
        )
    }

    fn progress(&self, what: &str) -> Progress {
        Progress::start(what, self.settings.progress, self.report.is_quiet())
    }

    fn situation(&self, registry: &Registry) -> Situation {
        Situation::at(registry, self.settings.gives_ca(registry))
    }

    fn failed(&self, registry: &Registry, error: Error) -> Stop {
        Stop::Failed(error, self.situation(registry))
    }
}

fn lines(input: StdinLock<'_>) -> std::io::Result<Vec<String>> {
    let names = input.lines().map(|line| line.map(|line| line.trim().to_owned()));
    names.filter(|name| name.as_ref().map_or(true, |name| !name.is_empty())).collect()
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
) -> Result<Option<S::Item>, Stop>
where
    S: Stream + Unpin,
    V: View,
    W: Write,
{
    // Where everything is there already nothing is waited for, and a signal would not be noticed.
    context.or_end(yield_now()).await?;
    if let Some(item) = stream.next().now_or_never() {
        return Ok(item);
    }
    output.flush()?;
    context.or_end(stream.next()).await
}

/// Ends the output of a command that may have failed. Nothing at all is printed when nothing came before the failure: an empty
/// list would be an answer.
fn close<V: View, W: Write>(output: Output<V, W>, outcome: Result<(), Stop>) -> Result<(), Stop> {
    if outcome.is_ok() || output.has_records() {
        output.finish()?;
    }
    outcome
}
