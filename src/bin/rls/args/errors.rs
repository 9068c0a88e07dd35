//! What clap finds wrong with a command line, as an error with cause and hint like all others.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};
use registry_ls::name::without_password;

use crate::command_line::rls;
use crate::spelling::{Similar, nearest};
use crate::usage::Usage;

/// How many commands a misspelled one may mean.
const MAX_NEAR: usize = 3;
/// How many commands are named that take an option.
const MAX_TAKERS: usize = 3;

/// The error about a command line of `program`.
pub fn describe(error: &clap::Error, argv: &[OsString], program: &Command) -> Usage {
    let command = command_of(argv, program);
    let argument = text(error, ContextKind::InvalidArg).map(name_of).unwrap_or_default();
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            unknown_command(text(error, ContextKind::InvalidSubcommand).unwrap_or_default(), program)
        }
        ErrorKind::UnknownArgument if argument.starts_with('-') => unknown_option(argument, command, program),
        ErrorKind::UnknownArgument => match command {
            Some(command) => too_many(argument, command),
            None => Usage::new(format!("unexpected argument {argument}"))
                .hint(format!("run '{}' for the commands", rls("-h"))),
        },
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => invalid_value(error, argument),
        ErrorKind::ArgumentConflict => {
            let prior: Vec<_> = texts(error, ContextKind::PriorArg).into_iter().map(name_of).collect();
            Usage::new(match &prior[..] {
                [] => format!("{argument} cannot be used with the other arguments"),
                [prior] if *prior == argument => format!("{argument} can be used only once"),
                prior => format!("{argument} cannot be used with {}", prior.join(", ")),
            })
        }
        ErrorKind::MissingRequiredArgument => {
            let missing = texts(error, ContextKind::InvalidArg);
            let missing: Vec<_> = missing.into_iter().map(missing_name).collect();
            let name = command.map(Command::get_name).unwrap_or_default();
            let usage = Usage::new(format!("{} needs {}", rls(name), missing.join(" ")));
            usage.hint(command.and_then(example).unwrap_or_else(|| help_of(command)))
        }
        ErrorKind::MissingSubcommand => Usage::new("no command is given").hint(format!(
            "run '{}' for the commands, '{}' for the version",
            rls("-h"),
            rls("--version")
        )),
        ErrorKind::InvalidUtf8 => Usage::new("an argument is not valid UTF-8"),
        _ => {
            let text = error.render().to_string();
            let first = text.lines().next().unwrap_or_default();
            Usage::new(first.strip_prefix("error: ").unwrap_or(first)).hint(help_of(command))
        }
    }
}

/// The command on a command line.
pub fn command_of<'a>(words: &[OsString], program: &'a Command) -> Option<&'a Command> {
    words.iter().skip(1).find_map(|word| program.find_subcommand(word))
}

/// The text that clap gives with its error.
pub fn text(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    texts(error, kind).first().copied()
}

fn texts(error: &clap::Error, kind: ContextKind) -> Vec<&str> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text],
        Some(ContextValue::Strings(texts)) => texts.iter().map(String::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The first example in the help of a command.
pub fn example(command: &Command) -> Option<String> {
    let help = command.get_after_help()?.to_string();
    help.lines().find_map(|line| line.strip_prefix("  rls ")).map(|example| format!("for example: {}", rls(example)))
}

/// The commands that a misspelled one may mean, the nearest first; hidden ones never.
pub fn near_commands(name: &str, program: &Command) -> Vec<String> {
    let mut similar = Similar::to(name, MAX_NEAR);
    // Almost any other word is near two letters.
    if name.chars().count() > 2 {
        for command in program.get_subcommands().filter(|command| !command.is_hide_set()) {
            similar.add(command.get_name());
            command.get_visible_aliases().for_each(|alias| similar.add(alias));
        }
    }
    similar.into_names()
}

/// The error for an unknown command, with those that may be meant.
pub fn unknown_command(name: &str, program: &Command) -> Usage {
    let usage = Usage::new(format!("unknown command {}", without_password(name)));
    match &near_commands(name, program)[..] {
        [] => usage.hint(format!("run '{}' for the commands", rls("-h"))),
        [name] => usage.hint(format!("did you mean '{}'?", rls(name))),
        [names @ .., last] => usage.hint(format!("did you mean {}, or {last}?", names.join(", "))),
    }
}

fn unknown_option(option: &str, command: Option<&Command>, program: &Command) -> Usage {
    let usage = Usage::new(format!("unknown option {option}"));
    let arguments = command.into_iter().chain([program]).flat_map(Command::get_arguments);
    let known = arguments.filter(|argument| !argument.is_hide_set()).filter_map(Arg::get_long);
    if let Some(near) = option.strip_prefix("--").and_then(|name| nearest(name, known)) {
        return usage.hint(format!("did you mean --{near}?"));
    }
    let others = program.get_subcommands().filter(|other| !other.is_hide_set() && takes(other, option));
    let others: Vec<_> = others.map(|other| rls(other.get_name())).collect();
    let usage = match others.len() {
        1..=MAX_TAKERS => usage.because(format!("it is an option of {}", others.join(", "))),
        _ => usage,
    };
    usage.hint(help_of(command))
}

/// Whether a command has an option by this name.
fn takes(command: &Command, option: &str) -> bool {
    command.get_arguments().filter(|argument| !argument.is_hide_set()).any(|argument| {
        argument.get_long().is_some_and(|long| option.strip_prefix("--") == Some(long))
            || argument.get_short().is_some_and(|short| option == format!("-{short}"))
    })
}

/// The error for an argument after the last.
fn too_many(argument: &str, command: &Command) -> Usage {
    let name = command.get_name();
    let usage = match name {
        // It may be a password.
        "login" => Usage::new("unexpected argument after the registry"),
        _ => Usage::new(format!("unexpected argument {}", without_password(argument))),
    };
    let taken = command.get_positionals().filter_map(|taken| taken.get_value_names()?.first());
    let taken: Vec<_> = taken.map(|name| name.as_str()).collect();
    let usage = usage.because(match &taken[..] {
        [] => format!("{} takes no arguments", rls(name)),
        [one] => format!("{} takes one argument, {one}", rls(name)),
        several => format!("{} takes {} arguments: {}", rls(name), several.len(), several.join(", ")),
    });
    usage.hint(help_of(Some(command)))
}

fn invalid_value(error: &clap::Error, argument: &str) -> Usage {
    let value = text(error, ContextKind::InvalidValue).unwrap_or_default();
    let valid = texts(error, ContextKind::ValidValue);
    let expected = format!("expected {}", valid.join(", "));
    if value.is_empty() {
        let usage = Usage::new(format!("{argument} needs a value"));
        return if valid.is_empty() { usage } else { usage.because(expected) };
    }
    let usage = Usage::new(format!("invalid value '{}' for {argument}", without_password(value)));
    if let Some(cause) = std::error::Error::source(error) {
        let cause = cause.to_string();
        // As clap says it: `0 is not in 1..=256`.
        let range = cause.split_once(" is not in ").and_then(|(_, range)| range.split_once("..="));
        return usage.because(match range {
            Some((least, most)) => format!("expected a number from {least} to {most}"),
            None => cause,
        });
    }
    let usage = usage.because(expected);
    match nearest(value, valid) {
        Some(near) => usage.hint(format!("did you mean {near}?")),
        None => usage,
    }
}

/// Where the help of a command is.
fn help_of(command: Option<&Command>) -> String {
    format!("see {}", rls(format_args!("help {}", command.map_or("options", Command::get_name))))
}

/// What is missing: an argument, as in `<REPO>...`, or one of several, as in `<--digest <DIGEST>|--base <REF>>`.
fn missing_name(argument: &str) -> String {
    let several = argument.strip_prefix('<').and_then(|inner| inner.strip_suffix('>'));
    let Some((others, last)) = several.and_then(|several| several.rsplit_once('|')) else {
        return argument.trim_end_matches("...").to_owned();
    };
    let others: Vec<_> = others.split('|').map(name_of).collect();
    format!("{} or {}", others.join(", "), name_of(last))
}

/// The name of an argument, as in `--limit <N>` or `[REGISTRY[/PREFIX]]...`.
fn name_of(argument: &str) -> &str {
    if argument.starts_with('-') {
        return argument.split([' ', '=', '[']).next().unwrap_or_default();
    }
    let name = argument.trim_end_matches("...");
    let bare = |open, close| name.strip_prefix(open)?.strip_suffix(close);
    bare('<', '>').or_else(|| bare('[', ']')).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Refusal, command, parse};

    fn refused(line: &str) -> String {
        match parse(line.split(' ')) {
            Err(Refusal::Usage(usage)) => [usage.to_string()].into_iter().chain(usage.advice().map(str::to_owned)),
            other => panic!("{line}: {other:?}"),
        }
        .collect::<Vec<_>>()
        .join("; ")
    }

    #[test]
    fn every_error_of_the_grammar_has_the_form_of_all_errors() {
        let cases = [
            ("rls nope", "unknown command nope; run 'rls -h' for the commands"),
            ("rls ps", "unknown command ps; run 'rls -h' for the commands"),
            ("rls docker-cli-plugin", "unknown command docker-cli-plugin; run 'rls -h' for the commands"),
            ("rls com", "unknown command com; did you mean compat, or completions?"),
            ("rls repos --fromat x", "unknown option --fromat; did you mean --format?"),
            ("rls tags app --zebra", "unknown option --zebra; see rls help tags"),
            ("rls repos --group", "unknown option --group: it is an option of rls tags; see rls help repos"),
            ("rls --zebra", "unknown option --zebra; see rls help options"),
            ("rls manifest a b", "unexpected argument b: rls manifest takes one argument, REF; see rls help manifest"),
            (
                "rls login reg SECRET",
                "unexpected argument after the registry: rls login takes one argument, REGISTRY; see rls help login",
            ),
            ("rls diff a b c", "unexpected argument c: rls diff takes 2 arguments: REF, REF; see rls help diff"),
            ("rls version x", "unexpected argument x: rls version takes no arguments; see rls help version"),
            ("rls tags app --limit", "--limit needs a value"),
            ("rls tags app -o", "--output needs a value: expected table, plain, json, jsonl, yaml, csv"),
            ("rls tags app --limit x", "invalid value 'x' for --limit: expected a number, at least 1"),
            (
                "rls completions bas",
                "invalid value 'bas' for SHELL: expected bash, elvish, fish, powershell, zsh; did you mean bash?",
            ),
            (
                "rls find reg",
                "rls find needs --digest, --label, --annotation or --base; for example: \
                 rls find registry.corp:5000 --label org.opencontainers.image.revision=4f2a91c",
            ),
            ("rls rm app:1 -n -y", "--dry-run cannot be used with --yes"),
            ("rls tags app --sort name --sort size", "--sort can be used only once"),
        ];
        for (line, expected) in cases {
            assert_eq!(refused(line), expected, "{line}");
        }
    }

    #[test]
    fn hidden_commands_are_never_suggested() {
        let program = command();
        let hidden: Vec<_> = program.get_subcommands().filter(|command| command.is_hide_set()).collect();
        assert!(!hidden.is_empty());
        for command in hidden {
            let name = command.get_name();
            assert!(near_commands(&name[..name.len() - 1], &program).iter().all(|near| near != name), "{name}");
        }
    }

    #[test]
    fn arguments_are_named_without_their_marks() {
        let cases = [
            ("--limit <N>", "--limit"),
            ("--write[=<CLIENT>]", "--write"),
            ("<REPO>...", "REPO"),
            ("[REGISTRY[/PREFIX]]...", "REGISTRY[/PREFIX]"),
            ("two", "two"),
        ];
        for (argument, name) in cases {
            assert_eq!(name_of(argument), name);
        }
    }
}
