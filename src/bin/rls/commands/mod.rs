//! The commands, one file or folder each: from arguments to records. `rm` and `prune` share [`removal`].

mod cache;
mod cat;
mod check;
mod compat;
mod completions;
mod context;
mod diff;
mod digest;
mod doctor;
mod drift;
mod du;
mod files;
mod find;
mod held;
mod help;
mod login;
mod logout;
mod man;
mod manifest;
mod names;
mod places;
mod platform;
mod prune;
mod referrers;
mod removal;
mod repos;
mod rm;
mod snapshot;
mod stream;
mod suggestions;
mod tags;
mod trust;
mod undo;
mod wait;
mod walk;

use crate::args::Command;
use crate::report::CommandError;

pub use context::Context;

/// Runs a command.
///
/// # Errors
///
/// What ended the command. Failures of one of several targets are in the report instead.
pub async fn run(command: &Command, context: &Context<'_>) -> Result<(), CommandError> {
    match command {
        Command::Repos(args) => repos::run(args, context).await,
        Command::Tags(args) => tags::run(args, context).await,
        Command::Manifest(args) => manifest::run(args, context).await,
        Command::Digest(args) => digest::run(args, context).await,
        Command::Files(args) => files::run(args, context).await,
        Command::Cat(args) => cat::run(args, context).await,
        Command::Diff(args) => diff::run(args, context).await,
        Command::Find(args) => find::run(args, context).await,
        Command::Check(args) => check::run(args, context).await,
        Command::Snapshot(args) => snapshot::run(args, context).await,
        Command::Drift(args) => drift::run(args, context).await,
        Command::Wait(args) => wait::run(args, context).await,
        Command::Referrers(args) => referrers::run(args, context).await,
        Command::Du(args) => du::run(args, context).await,
        Command::Prune(args) => prune::run(args, context).await,
        Command::Rm(args) => rm::run(args, context).await,
        Command::Undo(args) => undo::run(args, context).await,
        Command::Doctor(args) => doctor::run(args, context).await,
        Command::Login(args) => login::run(args, context).await,
        Command::Logout(args) => logout::run(args, context).await,
        Command::Trust(args) => trust::run(args, context).await,
        Command::Cache(args) => cache::run(args, context).await,
        Command::Completions(args) => completions::run(args),
        Command::Man(args) => man::run(args, context).await,
        Command::Compat(args) => compat::install(args, context).await,
        Command::DockerLs(invocation) => compat::run(invocation, context).await,
        Command::DockerLsCompletions(shell) => completions::write(&crate::completions::docker_ls(*shell)),
        Command::Help(args) => help::run(args, context),
        Command::Version => help::version(),
        Command::DockerCliPluginMetadata => help::plugin_metadata(),
    }
}

/// Whether a command itself reports what other commands log as warnings.
pub fn reports_warnings(command: &Command) -> bool {
    matches!(command, Command::Doctor(_))
}
