//! Completion on the command line: `rls __complete SHELL -- WORD…`, which the scripts of `rls completions` call.
//!
//! Commands, options and files come from the grammar; registries, repositories, tags and platforms are looked up with
//! the credentials and CAs of other commands. It never asks, and ends after a second.
//!
//! docker calls its plugins in the way of the Go library cobra: `docker-tags __complete tags WORD…`, which answers
//! `docker tags registry.corp:5000/te⇥`.

mod hosts;
mod kind;
mod line;
mod live;
mod lookup;
mod name;
mod recent;
mod script;

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};

use crate::args;
use crate::command_line::is_plugin;
use kind::Kind;
use line::Line;
use name::Name;
pub use script::script;

/// The word after the program's name that asks for completions.
const COMMAND: &str = "__complete";
/// The same for cobra without descriptions.
const PLAIN_COMMAND: &str = "__completeNoDesc";
/// The answer where a file is wanted: shells know better how to complete and quote those.
const FILES: &str = ":files";

/// Who asks, which determines the format of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// One name per line.
    Names,
    /// One name per line, with its description after a tab.
    Described,
    /// As the two above, with a last line that says how to go on.
    Cobra {
        /// Whether descriptions are shown.
        described: bool,
    },
}

impl Reader {
    fn is_described(self) -> bool {
        matches!(self, Self::Described | Self::Cobra { described: true })
    }
}

/// Prints completions if the command line asks for them; returns whether it does.
pub fn complete(argv: &[OsString]) -> bool {
    let Some((reader, words)) = request(argv) else { return false };
    let program = args::command();
    let (last, before) =
        words.split_last().map_or((OsString::new(), Vec::new()), |(last, all)| (last.clone(), all.to_vec()));
    let words = with_command_name(before, &program);
    let line = Arc::new(Line::read(&program, &words));
    let index = words.len();
    let words: Vec<_> = words.into_iter().chain([last]).collect();
    let mut program = with_live_names(program, &line, reader.is_described());
    let candidates = clap_complete::engine::complete(&mut program, words.clone(), index, None).unwrap_or_default();
    let lines = lines(&candidates, reader, &words[index]);
    // The shell is gone, or it is not.
    let _ = std::io::stdout().write_all(lines.as_bytes());
    true
}

/// The words that are being completed, if the command line asks for that.
fn request(argv: &[OsString]) -> Option<(Reader, Vec<OsString>)> {
    match argv {
        [plugin, command, words @ ..] if is_plugin(plugin) && !words.is_empty() => {
            let described = command == COMMAND;
            let words = ["rls".into()].into_iter().chain(words.iter().cloned()).collect();
            (described || command == PLAIN_COMMAND).then_some((Reader::Cobra { described }, words))
        }
        [_, command, shell, separator, words @ ..] if command == COMMAND && separator == "--" && !words.is_empty() => {
            let is_described = ["zsh", "fish"].iter().any(|described| shell == described);
            Some((if is_described { Reader::Described } else { Reader::Names }, words.to_vec()))
        }
        _ => None,
    }
}

/// The words with the command's name in place of its alias, which the engine would offer instead of the name.
fn with_command_name(mut words: Vec<OsString>, program: &clap::Command) -> Vec<OsString> {
    let named = words.iter().enumerate().skip(1);
    let found = named.filter_map(|(at, word)| Some((at, program.find_subcommand(word)?))).next();
    if let Some((at, command)) = found {
        words[at] = command.get_name().into();
    }
    words
}

/// Lets the values of all commands be completed by what registries have.
fn with_live_names(program: clap::Command, line: &Arc<Line>, described: bool) -> clap::Command {
    let live = |argument: clap::Arg| match line::kind(&argument) {
        Some(Kind::File) => argument.add(ArgValueCompleter::new(|_: &OsStr| vec![CompletionCandidate::new(FILES)])),
        Some(kind) => {
            let line = Arc::clone(line);
            let names = move |current: &OsStr| live::names(kind, current, &line, described);
            argument.add(ArgValueCompleter::new(move |current: &OsStr| {
                names(current).into_iter().map(candidate).collect::<Vec<_>>()
            }))
        }
        None => argument,
    };
    let names: Vec<String> = program.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    let program = program.mut_args(live);
    names.into_iter().fold(program, |program, name| {
        program.mut_subcommand(name, |command| command.mut_args(live).visible_alias(None))
    })
}

fn candidate(name: Name) -> CompletionCandidate {
    let about = Some(name.about).filter(|about| !about.is_empty());
    CompletionCandidate::new(name.text).help(about.map(Into::into))
}

/// The answer. Options are offered only after a dash.
fn lines(candidates: &[CompletionCandidate], reader: Reader, current: &OsStr) -> String {
    let wants_options = current.as_encoded_bytes().starts_with(b"-");
    if candidates.iter().any(|candidate| candidate.get_value().to_str().is_some_and(|value| value.ends_with(FILES))) {
        return if matches!(reader, Reader::Cobra { .. }) { ":0\n".to_owned() } else { format!("{FILES}\n") };
    }
    let mut lines = String::new();
    let mut goes_on = true;
    for candidate in candidates {
        let Some(value) = candidate.get_value().to_str().filter(|value| !value.contains(char::is_control)) else {
            continue;
        };
        if candidate.is_hide_set() || (value.starts_with('-') && !wants_options) {
            continue;
        }
        goes_on &= value.ends_with(['/', ':', '=']);
        lines.push_str(value);
        if reader.is_described() {
            let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
            let help: String = help.lines().next().unwrap_or_default().chars().filter(|c| !c.is_control()).collect();
            let _ = write!(lines, "\t{help}");
        }
        lines.push('\n');
    }
    if matches!(reader, Reader::Cobra { .. }) {
        // ShellCompDirective: 2 adds no space, 4 offers no files, 32 keeps the order.
        let _ = writeln!(lines, ":{}", 4 + 32 + if goes_on && !lines.is_empty() { 2 } else { 0 });
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
        let offered = |reader: Reader, current: &str| lines(&candidates, reader, OsStr::new(current));
        assert_eq!(offered(Reader::Names, ""), "tags\n");
        assert_eq!(offered(Reader::Names, "--"), "tags\n--quiet\n");
        assert_eq!(offered(Reader::Described, ""), "tags\tList: tags\n");
        assert_eq!(offered(Reader::Cobra { described: true }, ""), "tags\tList: tags\n:36\n");
        assert_eq!(lines(&[CompletionCandidate::new("a:1")], Reader::Described, OsStr::new("")), "a:1\t\n");
    }

    #[test]
    fn unfinished_names_get_no_space_in_docker() {
        let cobra = |values: &[&str]| {
            let candidates: Vec<_> = values.iter().map(|value| CompletionCandidate::new(*value)).collect();
            lines(&candidates, Reader::Cobra { described: false }, OsStr::new(""))
        };
        assert_eq!(cobra(&["reg:5000/"]), "reg:5000/\n:38\n");
        assert_eq!(cobra(&["reg:5000/", "team/app"]), "reg:5000/\nteam/app\n:36\n");
        assert_eq!(cobra(&[]), ":36\n");
    }

    #[test]
    fn files_are_left_to_the_shell() {
        let files = [CompletionCandidate::new("--ca-file=:files")];
        assert_eq!(lines(&files, Reader::Names, OsStr::new("")), ":files\n");
        assert_eq!(lines(&files, Reader::Cobra { described: true }, OsStr::new("")), ":0\n");
    }

    #[test]
    fn nothing_writes_to_the_terminal() {
        let candidates = [
            CompletionCandidate::new("a\u{1b}[31m"),
            CompletionCandidate::new("b").help(Some("x\u{7}\u{1b}[31m".into())),
        ];
        assert_eq!(lines(&candidates, Reader::Described, OsStr::new("")), "b\tx\n");
    }
}
