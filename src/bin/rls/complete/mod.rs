//! Completion on the command line: `rls __complete SHELL -- WORD…`, which the scripts of `rls completions` call.
//!
//! Commands, options and files come from the grammar; registries, repositories and tags are looked up with the
//! credentials and CAs of other commands. It never asks, and ends after a second.

mod kind;
mod live;
mod script;

use std::ffi::{OsStr, OsString};
use std::io::Write;

use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};

use kind::Kind;
pub use script::script;

/// The word after the program's name that asks for completions.
const COMMAND: &str = "__complete";

/// Prints completions if the command line asks for them; returns whether it does.
pub fn complete(argv: &[OsString], program: fn() -> clap::Command) -> bool {
    let [_, command, shell, separator, words @ ..] = argv else { return false };
    if command != COMMAND || separator != "--" || words.is_empty() {
        return false;
    }
    let program = program();
    let index = words.len() - 1;
    let words = with_command_name(words, &program);
    let mut program = with_live_names(program, &words);
    let candidates = clap_complete::engine::complete(&mut program, words.clone(), index, None).unwrap_or_default();
    let lines = lines(&candidates, shell, &words[index]);
    // The shell is gone, or it is not.
    let _ = std::io::stdout().write_all(lines.as_bytes());
    true
}

/// The words with the command's name in place of its alias, which the engine would offer instead of the name.
fn with_command_name(words: &[OsString], program: &clap::Command) -> Vec<OsString> {
    let mut words = words.to_vec();
    let last = words.len() - 1;
    let named = words[..last].iter().enumerate().skip(1);
    let found = named.filter_map(|(at, word)| Some((at, program.find_subcommand(word)?))).next();
    if let Some((at, command)) = found {
        words[at] = command.get_name().into();
    }
    words
}

/// Lets the values of all commands be completed by what registries have.
fn with_live_names(program: clap::Command, words: &[OsString]) -> clap::Command {
    let live = |argument: clap::Arg| {
        let kind = argument.get_value_names().and_then(|names| Kind::of(names.first()?));
        match kind {
            Some(kind) => {
                let words = words.to_vec();
                argument.add(ArgValueCompleter::new(move |current: &OsStr| live::candidates(kind, current, &words)))
            }
            None => argument,
        }
    };
    let names: Vec<String> = program.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    let program = program.mut_args(live);
    names.into_iter().fold(program, |program, name| {
        program.mut_subcommand(name, |command| command.mut_args(live).visible_alias(None))
    })
}

/// One line a candidate, as the shell's script reads it. Options are offered only after a dash.
fn lines(candidates: &[CompletionCandidate], shell: &OsStr, current: &OsStr) -> String {
    let wants_options = current.as_encoded_bytes().starts_with(b"-");
    let mut lines = String::new();
    for candidate in candidates {
        let Some(value) = candidate.get_value().to_str().filter(|value| !value.contains('\n')) else { continue };
        if candidate.is_hide_set() || (value.starts_with('-') && !wants_options) {
            continue;
        }
        let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
        let help = help.lines().next().unwrap_or_default();
        match shell.to_str() {
            Some("zsh" | "fish") => lines.push_str(&format!("{value}\t{help}\n")),
            _ => lines.push_str(&format!("{value}\n")),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_offered_after_a_dash_only() {
        let candidates =
            ["tags", "--quiet"].map(|value| CompletionCandidate::new(value).help(Some("List: tags\nmore".into())));
        let offered = |shell: &str, current: &str| lines(&candidates, OsStr::new(shell), OsStr::new(current));
        assert_eq!(offered("bash", ""), "tags\n");
        assert_eq!(offered("bash", "--"), "tags\n--quiet\n");
        assert_eq!(offered("fish", ""), "tags\tList: tags\n");
        assert_eq!(lines(&[CompletionCandidate::new("a:1")], OsStr::new("zsh"), OsStr::new("")), "a:1\t\n");
    }
}
