//! The grammar of the command line. Environment and configuration file are merged in [`crate::config::Settings`].
//!
//! ```text
//! let cli = args::parse(std::env::args_os())?;    // Refusal::Clap prints itself; Refusal::Usage is for the report
//! match cli.command { Command::Tags(tags) => …, … }
//! ```
//!
//! Each command is one struct in one file; its doc comments are the help text. Repositories and references stay text
//! here, because the meaning of `app:5000/x` depends on `--registry`: [`crate::config::Settings`] parses them.

mod age;
mod cache;
mod cat;
mod check;
mod compat;
mod completions;
mod diff;
mod digest;
mod doctor;
mod drift;
mod du;
mod duration;
mod errors;
mod file;
mod files;
mod filter;
mod find;
mod global;
mod habits;
mod help;
mod layers;
mod login;
mod logout;
mod man;
mod manifest;
mod parse;
mod prune;
mod referrers;
mod repos;
mod resolve;
mod rm;
mod screen;
mod size;
mod snapshot;
mod tags;
mod trust;
mod undo;
mod wait;
mod walk;

use std::path::Path;

use clap::builder::StyledStr;
use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

pub use age::parse_age;
pub use cache::{CacheAction, CacheArgs};
pub use cat::CatArgs;
pub use check::CheckArgs;
pub use compat::CompatArgs;
pub use completions::CompletionsArgs;
pub use diff::DiffArgs;
pub use digest::DigestArgs;
pub use doctor::{DoctorArgs, Need};
pub use drift::DriftArgs;
pub use du::{DuArgs, UsageOrder};
pub use duration::parse_duration;
pub use file::not_contents;
pub use files::{FileOrder, FilesArgs};
pub use filter::{FilterArgs, parse_glob};
pub use find::FindArgs;
pub use global::{ConfigFile, Global, MAX_JOBS, MAX_RETRIES};
pub use help::HelpArgs;
pub use layers::LayerArgs;
pub use login::LoginArgs;
pub use logout::LogoutArgs;
pub use man::ManArgs;
pub use manifest::ManifestArgs;
pub use parse::{Refusal, color, parse};
#[cfg(test)]
pub use prune::Order as PruneOrder;
pub use prune::{PruneArgs, RuleArgs, parse_range};
pub use referrers::{ReferrersArgs, TypeFilter};
pub use repos::ReposArgs;
pub use resolve::Resolve;
pub use rm::RmArgs;
pub use snapshot::SnapshotArgs;
pub use tags::{SameAs, TagsArgs};
pub use trust::{ClientName, TrustArgs};
pub use undo::UndoArgs;
pub use wait::WaitArgs;
pub use walk::WalkArgs;

use crate::compat::Invocation;
use crate::usage::Usage;

/// ls for container registries: list repositories and tags, show manifests, delete tags
///
/// REGISTRY is `HOST[:PORT]`, or a URL: `http://HOST[:PORT]`, `https://HOST[:PORT][/PREFIX]`.
/// REPO is `[HOST[:PORT]/]PATH`; REF is REPO:TAG, REPO@DIGEST, REPO:TAG@DIGEST, or REPO alone, which means :latest.
///
/// Which registry: --registry, else the host in the argument, else RLS_REGISTRY, else `registry` in the configuration
/// file, else Docker Hub. An option wins over its environment variable, which wins over the configuration file. An
/// empty environment variable counts as not set.
///
/// REPO and REF may also be URLs: `http://HOST[:PORT]/PATH[:TAG]`, `docker://HOST/PATH:TAG`, API endpoints
/// (`/v2/PATH/…`), or a repository page on Docker Hub.
#[derive(Debug, Parser)]
#[command(name = "rls", version, max_term_width = 100, subcommand_required = true, arg_required_else_help = true)]
#[command(disable_help_subcommand = true, override_usage = "rls COMMAND [ARGUMENT]... [OPTIONS]")]
#[command(help_template = "{about-with-newline}\n{usage-heading} {usage}{after-help}")]
pub struct Cli {
    /// Global options.
    #[command(flatten)]
    pub global: Global,
    /// `--config` before the command's name.
    #[command(flatten)]
    config: ConfigFile,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    #[command(visible_alias = "repositories")]
    Repos(ReposArgs),
    #[command(visible_alias = "ls")]
    Tags(TagsArgs),
    #[command(visible_alias = "inspect")]
    Manifest(ManifestArgs),
    Digest(DigestArgs),
    Files(FilesArgs),
    Cat(CatArgs),
    Diff(DiffArgs),
    Find(FindArgs),
    Check(CheckArgs),
    Snapshot(SnapshotArgs),
    Drift(DriftArgs),
    Wait(WaitArgs),
    Referrers(ReferrersArgs),
    Du(DuArgs),
    Rm(RmArgs),
    Undo(UndoArgs),
    Prune(PruneArgs),
    Doctor(DoctorArgs),
    Login(LoginArgs),
    Logout(LogoutArgs),
    Trust(TrustArgs),
    Cache(CacheArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
    Compat(CompatArgs),
    /// What a command line of docker-ls or docker-rm asks for.
    #[command(skip)]
    DockerLs(Box<Invocation>),
    /// `docker-ls autocomplete`
    #[command(skip)]
    DockerLsCompletions(Shell),
    Help(HelpArgs),
    /// Print the version
    #[command(hide = true)]
    Version,
    /// What docker asks its CLI plugins
    #[command(hide = true)]
    DockerCliPluginMetadata,
}

/// The names on a command line, which determine its registries.
#[derive(Debug, Clone, Copy)]
pub enum Names<'a> {
    /// None: no credentials are sent.
    None,
    /// Each is REPO or REF, or `-`.
    References(&'a [String]),
    /// Each is `REGISTRY[/PATH]`.
    Places(&'a [String]),
    /// Two REFs.
    Pair([&'a str; 2]),
    /// The registry to log in to.
    Login(Option<&'a str>),
}

impl Command {
    /// The names on the command line.
    pub fn names(&self) -> Names<'_> {
        match self {
            Self::Repos(repos) => Names::Places(&repos.roots),
            Self::Tags(tags) => Names::References(&tags.repositories),
            Self::Manifest(manifest) => Names::References(std::slice::from_ref(&manifest.reference)),
            Self::Digest(digest) => Names::References(&digest.references),
            Self::Files(files) => Names::References(std::slice::from_ref(&files.reference)),
            Self::Cat(cat) => Names::References(std::slice::from_ref(&cat.reference)),
            Self::Diff(diff) => Names::Pair([&diff.left, &diff.right]),
            Self::Find(find) => Names::Places(&find.walk.places),
            Self::Check(check) => Names::Places(&check.walk.places),
            Self::Snapshot(snapshot) => Names::Places(&snapshot.walk.places),
            // A file names the registries.
            Self::Drift(_) => Names::None,
            Self::Wait(wait) => Names::References(std::slice::from_ref(&wait.reference)),
            Self::Referrers(referrers) => Names::References(std::slice::from_ref(&referrers.reference)),
            Self::Du(du) => Names::Places(&du.walk.places),
            Self::Rm(rm) => Names::References(&rm.references),
            Self::Undo(undo) => Names::References(&undo.lists),
            Self::Prune(prune) => Names::References(&prune.repositories),
            Self::Doctor(doctor) => Names::Places(doctor.place.as_slice()),
            Self::Login(login) => Names::Login(login.named.as_deref()),
            // Their registry is that of --registry.
            Self::DockerLs(_) => Names::References(&[]),
            // They send no credentials.
            Self::Logout(_)
            | Self::Trust(_)
            | Self::Cache(_)
            | Self::Completions(_)
            | Self::DockerLsCompletions(_)
            | Self::Compat(_)
            | Self::Man(_)
            | Self::Help(_)
            | Self::Version
            | Self::DockerCliPluginMetadata => Names::None,
        }
    }
}

impl Cli {
    /// A command line that was not parsed by this grammar.
    pub fn of(global: Global, command: Command) -> Self {
        Self { global, config: ConfigFile::default(), command }
    }

    /// The configuration file of `--config`, on either side of the command's name.
    pub fn config_file(&self) -> Option<&Path> {
        let after = match &self.command {
            Command::Repos(repos) => repos.config.config.as_deref(),
            Command::Tags(tags) => tags.config.config.as_deref(),
            Command::Digest(digest) => digest.config.config.as_deref(),
            Command::Files(files) => files.config.config.as_deref(),
            Command::Cat(cat) => cat.config.config.as_deref(),
            Command::Diff(diff) => diff.config.config.as_deref(),
            Command::Find(find) => find.config.config.as_deref(),
            Command::Check(check) => check.config.config.as_deref(),
            Command::Snapshot(snapshot) => snapshot.config.config.as_deref(),
            Command::Drift(drift) => drift.config.config.as_deref(),
            Command::Wait(wait) => wait.config.config.as_deref(),
            Command::Referrers(referrers) => referrers.config.config.as_deref(),
            Command::Du(du) => du.config.config.as_deref(),
            Command::Rm(rm) => rm.config.config.as_deref(),
            Command::Undo(undo) => undo.config.config.as_deref(),
            Command::Prune(prune) => prune.config.config.as_deref(),
            Command::Doctor(doctor) => doctor.config.config.as_deref(),
            Command::Login(login) => login.config.config.as_deref(),
            Command::Logout(logout) => logout.config.config.as_deref(),
            Command::Trust(trust) => trust.config.config.as_deref(),
            _ => None,
        };
        after.or(self.config.config.as_deref())
    }

    fn check(&self) -> Result<(), Usage> {
        // `rls login` stores the credentials of a user in the file; elsewhere one of the two would have no effect.
        let stores_credentials = matches!(self.command, Command::Login(_) | Command::Logout(_));
        self.global.check(stores_credentials)?;
        if let Command::Manifest(manifest) = &self.command {
            manifest.check(&self.global)?;
        }
        let names_on_stdin = match self.command.names() {
            Names::References(texts) | Names::Places(texts) => texts.iter().filter(|text| *text == "-").count(),
            Names::Pair(texts) => texts.iter().filter(|text| **text == "-").count(),
            Names::None | Names::Login(_) => 0,
        };
        if names_on_stdin > 1 {
            return Err(Usage::new("- is standard input, which can be read only once"));
        }
        let file_on_stdin = match &self.command {
            Command::Check(check) => check.refs.as_deref() == Some(Path::new("-")),
            Command::Drift(drift) => drift.file == Path::new("-"),
            _ => false,
        };
        let plan_on_stdin = matches!(&self.command, Command::Rm(rm) if rm.apply.as_deref() == Some(Path::new("-")));
        let used = match &self.command {
            Command::Prune(prune) => prune.rule.keep_used.as_deref(),
            Command::Rm(rm) => rm.keep_used.as_deref(),
            _ => None,
        };
        let readers = [
            (names_on_stdin > 0 || file_on_stdin, "-"),
            (plan_on_stdin, "--apply -"),
            (used == Some(Path::new("-")), "--keep-used -"),
            (self.global.password_stdin, "--password-stdin"),
            (self.global.auth_file.as_deref() == Some(Path::new("-")), "--auth-file -"),
        ];
        match readers.iter().filter(|(reads, _)| *reads).map(|(_, name)| *name).collect::<Vec<_>>()[..] {
            [one, other, ..] => Err(Usage::new(format!("{one} and {other} both read standard input"))),
            _ => Ok(()),
        }
    }
}

/// The grammar of the command line, with the help of the program.
pub fn command() -> clap::Command {
    let program = Cli::command();
    let (short, long) = (screen::short(&program), screen::long(&program));
    program.after_help(short).after_long_help(long)
}

/// The help of a command, by the words that lead to it; without words that of the program. `None` if there is no such
/// command.
pub fn help_of(words: &[String]) -> Option<StyledStr> {
    let mut program = command();
    // Usage lines contain the names of the commands above only then.
    program.build();
    let found = words.iter().try_fold(&mut program, |command, word| command.find_subcommand_mut(word))?;
    Some(found.render_long_help())
}

/// The options that every command takes.
pub fn help_of_options() -> StyledStr {
    let options = clap::Command::new("rls").max_term_width(100).disable_help_flag(true);
    let options = Global::augment_args(ConfigFile::augment_args(options)).help_template("{options}");
    options.mut_args(|argument| argument.help_heading(None::<&str>)).render_long_help()
}

/// The names of all commands but the hidden ones.
pub fn names_of_commands() -> Vec<String> {
    let program = command();
    let shown = program.get_subcommands().filter(|command| !command.is_hide_set());
    shown.map(|command| command.get_name().to_owned()).collect()
}

/// What a command of another program is called here, by its words; an error if rls does not do that.
pub fn command_here(words: &[String]) -> Option<Result<&'static str, Usage>> {
    habits::command_here(&words.iter().map(Into::into).collect::<Vec<_>>())
}

/// The name of a command, by its name or an alias.
pub fn name_of_command(word: &str) -> Option<String> {
    command().find_subcommand(word).map(|command| command.get_name().to_owned())
}

#[cfg(test)]
mod tests;
