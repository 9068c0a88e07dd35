//! The commands, one file each: from arguments to records.

mod completions;
mod digest;
mod doctor;
mod manifest;
mod nearest;
mod repos;
mod rm;
mod tags;

use futures::{FutureExt, Stream, StreamExt};
use std::io::{Stdout, Write};
use std::sync::Arc;

use registry_ls::error::Error;
use registry_ls::name::{Reference, Registry, Repository};
use registry_ls::registry::Client;

use crate::args::Command;
use crate::config::Settings;
use crate::connect::Connector;
use crate::ending::Ending;
use crate::output::{Output, OutputError, OutputOptions, Progress, View};
use crate::report::{Report, Situation, Stop};
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
        Command::Rm(rm) => rm::run(rm, context).await,
        Command::Doctor(doctor) => doctor::run(doctor, context).await,
        Command::Completions(completions) => completions::run(completions),
    }
}

/// Whether a command looks itself for what ends it from outside, because it has to say what was done until then.
pub fn ends_by_itself(command: &Command) -> bool {
    matches!(command, Command::Rm(_) | Command::Doctor(_))
}

/// Whether a command says itself what others learn from warnings.
pub fn warns_by_itself(command: &Command) -> bool {
    matches!(command, Command::Doctor(_))
}

impl Context<'_> {
    /// The client of a registry.
    fn client(&self, registry: &Registry) -> Result<Arc<Client>, Stop> {
        Ok(self.connector.client(self.settings, registry)?)
    }

    /// The client that REF is for, and what it names there.
    fn reference(&self, text: &str) -> Result<(Arc<Client>, Reference), Stop> {
        let (registry, reference) = self.settings.reference(text).map_err(Usage::from)?;
        Ok((self.client(&registry)?, reference))
    }

    /// The client that REPO is for, and what it names there.
    fn repository(&self, text: &str) -> Result<(Arc<Client>, Repository), Stop> {
        let (registry, repository) = self.settings.repository(text).map_err(Usage::from)?;
        Ok((self.client(&registry)?, repository))
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

/// The next item. Before it is waited for, what was written so far is shown.
async fn next_or_flush<S, V, W>(stream: &mut S, output: &mut Output<V, W>) -> Result<Option<S::Item>, OutputError>
where
    S: Stream + Unpin,
    V: View,
    W: Write,
{
    if let Some(item) = stream.next().now_or_never() {
        return Ok(item);
    }
    output.flush()?;
    Ok(stream.next().await)
}

/// Ends the output of a command that may have failed. Nothing at all is printed when nothing came before the failure: an empty
/// list would be an answer.
fn close<V: View, W: Write>(output: Output<V, W>, outcome: Result<(), Stop>) -> Result<(), Stop> {
    if outcome.is_ok() || output.has_records() {
        output.finish()?;
    }
    outcome
}
