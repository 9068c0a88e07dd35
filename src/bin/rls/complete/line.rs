//! The command line that is being completed, as far as it can be understood.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, FromArgMatches};

use super::kind::Kind;
use crate::args::Global;

/// The words before the one that is being completed.
#[derive(Debug, Clone, Default)]
pub struct Line {
    /// The global options.
    pub global: Global,
    /// `--config`
    pub config: Option<PathBuf>,
    /// What names a repository, in their order.
    pub named: Vec<String>,
}

impl Line {
    /// Reads the words; errors in them are for the command itself to report.
    pub fn read(program: &Command, words: &[OsString]) -> Self {
        let lenient = program.clone().ignore_errors(true);
        let Ok(matches) = lenient.try_get_matches_from(words) else { return Self::default() };
        let global = Global::from_arg_matches(&matches).unwrap_or_default();
        let mut line = Self { global, config: config(program, &matches), named: Vec::new() };
        if let Some((name, matches)) = matches.subcommand()
            && let Some(command) = program.find_subcommand(name)
        {
            line.config = config(command, matches).or(line.config);
            let named = command.get_positionals().filter(|argument| kind(argument).is_some_and(Kind::names_repository));
            line.named = named.flat_map(|argument| values(argument, matches)).filter_map(text).collect();
        }
        line
    }
}

/// What the value of an argument names.
pub fn kind(argument: &Arg) -> Option<Kind> {
    argument.get_value_names().and_then(|names| Kind::of(names.first()?))
}

/// `--config FILE`; `rls manifest --config` takes no value.
fn config(command: &Command, matches: &ArgMatches) -> Option<PathBuf> {
    let argument = command.get_arguments().find(|argument| argument.get_long() == Some("config"))?;
    let argument = Some(argument).filter(|argument| argument.get_action().takes_values())?;
    values(argument, matches).last().map(PathBuf::from)
}

fn values<'a>(argument: &Arg, matches: &'a ArgMatches) -> impl Iterator<Item = &'a OsStr> + use<'a> {
    matches.try_get_raw(argument.get_id().as_str()).ok().flatten().into_iter().flatten()
}

fn text(value: &OsStr) -> Option<String> {
    value.to_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args;

    fn read(line: &str) -> Line {
        let words: Vec<_> = line.split(' ').map(OsString::from).collect();
        Line::read(&args::command(), &words)
    }

    #[test]
    fn options_count_on_either_side_of_the_command_and_in_every_form() {
        for line in ["rls -r reg:5000 tags", "rls tags --registry=reg:5000", "rls tags x -rreg:5000 -d"] {
            assert_eq!(read(line).global.registry.as_deref(), Some("reg:5000"), "{line}");
        }
        assert_eq!(read("rls tags").global.registry, None);
        let line = read("rls tags --plain-http --ca-file a.pem --ca-file b.pem --resolve reg:443:10.0.0.1 x");
        assert!(line.global.plain_http);
        assert_eq!((line.global.ca_file.len(), line.global.resolve.len()), (2, 1));
    }

    #[test]
    fn what_cannot_be_parsed_is_left_out() {
        let line = read("rls tags team/app -r reg:5000 --nope --jobs many");
        assert_eq!((line.global.registry.as_deref(), line.global.jobs), (Some("reg:5000"), None));
        assert_eq!(read("rls nope -r").global.registry, None);
        assert_eq!(read("rls").global.registry, None);
    }

    #[test]
    fn the_image_and_the_configuration_file_are_known() {
        let line = read("rls manifest team/app:1.4.0 --platform");
        assert_eq!((line.named, line.config), (vec!["team/app:1.4.0".to_owned()], None));
        assert_eq!(read("rls manifest team/app --config").config, None);
        assert_eq!(read("rls --config a.toml tags").config, Some("a.toml".into()));
        assert_eq!(read("rls tags a b --config a.toml").config, Some("a.toml".into()));
        assert_eq!(read("rls tags a b --config a.toml").named, ["a", "b"]);
    }
}
