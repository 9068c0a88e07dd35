//! Parses command lines. Errors of clap are replaced by errors like all others.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{FromArgMatches, ValueEnum};

use super::file::not_contents;
use super::{Cli, Command, Names, command, errors, habits};
use crate::command_line::{is_plugin, rls, without_link};
use crate::output::ColorChoice;
use crate::usage::Usage;

/// Why a command line is rejected.
#[derive(Debug)]
pub enum Refusal {
    /// `--help`, `--version` or no command at all: a text of clap's, which prints itself.
    Clap(clap::Error),
    /// A usage error, reported like any other.
    Usage(Usage),
}

impl From<Usage> for Refusal {
    fn from(usage: Usage) -> Self {
        Self::Usage(usage)
    }
}

/// Parses a command line, which starts with the name of the program.
///
/// # Errors
/// [`Refusal`]; it never contains the value of a password option.
pub fn parse<I>(argv: I) -> Result<Cli, Refusal>
where
    I: IntoIterator,
    I::Item: Into<OsString> + Clone,
{
    let argv: Vec<OsString> = argv.into_iter().map(Into::into).collect();
    let program = if argv.first().is_some_and(|program| is_plugin(program)) { as_plugin(command()) } else { command() };
    let argv = without_link(argv);
    let parsed = program.color(color(&argv).into()).try_get_matches_from(&argv);
    let cli = parsed.and_then(|matches| Cli::from_arg_matches(&matches)).map_err(|error| refusal(error, &argv))?;
    cli.check()?;
    check_stray(&cli, &argv)?;
    Ok(cli)
}

/// Rejects `rls tags ls REPO` and the like, which would list a repository of that name, too, and `rls tags help`.
fn check_stray(cli: &Cli, argv: &[OsString]) -> Result<(), Usage> {
    if let (Names::References([only]) | Names::Places([only]), [_, command, help]) = (cli.command.names(), argv)
        && only == "help"
        && help == "help"
    {
        let command = command.to_string_lossy();
        return Err(Usage::new(format!("{command} help is not a command")).hint(rls(format_args!("help {command}"))));
    }
    if let Command::Tags(tags) = &cli.command
        && tags.repositories.iter().any(|word| matches!(word.as_bytes(), [digit] if digit.is_ascii_digit()))
        && let Some(usage) = habits::level(argv)
    {
        return Err(usage);
    }
    let is_stray = match &cli.command {
        Command::Tags(tags) => tags.repositories.len() > 1 && matches!(&*tags.repositories[0], "ls" | "list" | "rm"),
        Command::Repos(repos) => repos.roots.first().is_some_and(|root| matches!(&**root, "ls" | "list")),
        _ => false,
    };
    is_stray.then(|| habits::stray(argv, &command(), &try_parse)).flatten().map_or(Ok(()), Err)
}

/// The grammar of `docker tags`.
fn as_plugin(program: clap::Command) -> clap::Command {
    program.bin_name("docker").mut_subcommand("tags", |tags| {
        let examples = tags.get_after_help().map(ToString::to_string).unwrap_or_default();
        tags.after_help(examples.replace("rls tags", "docker tags"))
    })
}

/// The value of `--color`, for help and errors that are printed before the command line is parsed.
pub fn color(argv: &[OsString]) -> ColorChoice {
    let mut words = argv.iter().filter_map(|word| word.to_str()).take_while(|word| *word != "--");
    let mut choice = ColorChoice::default();
    while let Some(word) = words.next() {
        let value = if word == "--color" { words.next() } else { word.strip_prefix("--color=") };
        choice = value.and_then(|value| ColorChoice::from_str(value, true).ok()).unwrap_or(choice);
    }
    choice
}

/// Replaces errors of clap. A blank value is reported as an unset shell variable. clap quotes the value of
/// `--password-stdin=SECRET` and knows no `--password`: both get the same answer, without a value. The client of
/// `--write` may be left out, so that a registry after it is taken for one.
fn refusal(error: clap::Error, argv: &[OsString]) -> Refusal {
    match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(argument)) if argument.starts_with("--pass") || argument == "-p" => Usage::new(
            "passwords are not accepted on the command line",
        )
        .because("every user on this machine can read it there")
        .hint("use -u NAME to be asked for it, --password-stdin to read it from standard input, or set RLS_PASSWORD")
        .into(),
        // A key in PEM begins with hyphens, as options do.
        Some(ContextValue::String(argument)) if not_contents(argument.as_ref()).is_err() => {
            Usage::new("expected the path of a file; this looks like the contents of one").into()
        }
        Some(ContextValue::String(argument)) if argument.starts_with("--write ") => {
            let value = error.get(ContextKind::InvalidValue).map(ToString::to_string).unwrap_or_default();
            Usage::new(format!("unknown client {value} for --write"))
                .because("the clients are rls, docker, podman, containerd and k3s")
                .hint(format!("put the registry before --write: {}", rls("trust REGISTRY --write")))
                .into()
        }
        Some(ContextValue::String(argument)) if is_not_shown(&error) => {
            let option = argument.split(' ').next().unwrap_or_default();
            match std::error::Error::source(&error) {
                Some(cause) => Usage::new(format!("{option}: {cause}")).into(),
                None => translated(error, argv),
            }
        }
        _ => translated(error, argv),
    }
}

/// What to type in place of what other programs take; else the error in the form of all errors.
fn translated(error: clap::Error, argv: &[OsString]) -> Refusal {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Refusal::Clap(error);
    }
    let program = command();
    let translated = habits::translate(&error, argv, &program, &try_parse);
    translated.unwrap_or_else(|| errors::describe(&error, argv, &program)).into()
}

/// Tries a command line: the error of clap, if it is one.
fn try_parse(argv: &[OsString]) -> Result<(), Option<clap::Error>> {
    let cli = command().try_get_matches_from(argv).and_then(|matches| Cli::from_arg_matches(&matches))?;
    cli.check().map_err(|_| None)
}

/// Whether the rejected value is blank, or contents in place of a path, which may be secret.
fn is_not_shown(error: &clap::Error) -> bool {
    let value = error.get(ContextKind::InvalidValue);
    let is_secret = |value: &str| not_contents(value.as_ref()).is_err();
    matches!(value, Some(ContextValue::String(value)) if value.trim().is_empty() || is_secret(value))
}
