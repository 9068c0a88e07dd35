//! What people type by habit, from docker, docker-ls, crane, skopeo, kubectl and curl: the error says what to type
//! here, as a whole command line where that is known.

mod commands;
mod options;
mod values;

use std::ffi::OsString;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use registry_ls::name::without_password;

pub use self::values::check_format;
use crate::usage::Usage;

/// How many parts of a command line are replaced.
const MAX_REPLACED: usize = 8;

/// What to type in place of a command line with an unknown option, command or value. `None` if it is not known either.
/// `parse` tries a command line of `program`.
pub fn translate(
    error: &clap::Error,
    argv: &[OsString],
    program: &Command,
    parse: impl Fn(&[OsString]) -> Result<(), Option<clap::Error>>,
) -> Option<Usage> {
    let usage = first(error, argv, program)?;
    match corrected(error, argv, program, parse) {
        Some(line) => Some(usage.hint(line)),
        None => Some(usage),
    }
}

/// The error for a command of another program whose first word is one of ours: `line` is what to type.
pub fn wrong_phrase(line: &[OsString]) -> Usage {
    let usage = Usage::new("this is a command of another program");
    match shown(line) {
        Some(line) => usage.hint(line),
        None => usage,
    }
}

/// The error for the first thing that is wrong, with advice about it.
fn first(error: &clap::Error, argv: &[OsString], program: &Command) -> Option<Usage> {
    let command = command_of(argv, program);
    let of_command = command.map(Command::get_name).unwrap_or_default();
    match error.kind() {
        ErrorKind::UnknownArgument => {
            let option = unknown(error)?;
            if let Some(here) = stray(argv, program) {
                return Some(wrong_phrase(&here));
            }
            let habit = options::known(option, of_command)?;
            let advice = match options::number_of(option, argv) {
                Some(number) => habit.advice.replace(" N", &format!(" {number}")),
                None => habit.advice.to_owned(),
            };
            Some(Usage::new(format!("unknown option {option}")).hint(advice))
        }
        ErrorKind::InvalidSubcommand => {
            let name = text(error, ContextKind::InvalidSubcommand)?;
            let at = commands::position(name, argv)?;
            if commands::is_copying(argv, at) {
                let usage = Usage::new(format!("unknown command {name}"))
                    .because("rls reads and deletes; it does not copy or create images");
                return Some(usage.hint("use docker, skopeo or crane for that"));
            }
            let here = commands::replace(argv, at)?;
            // An option may have a secret as its value: what follows one is not repeated.
            let is_safe = !argv.iter().any(|word| word.as_encoded_bytes().starts_with(b"-"));
            let end = if is_safe { here.len() } else { at + 1 };
            let usage = Usage::new(format!("unknown command {}", without_password(name)));
            Some(match shown(&here[..end]) {
                Some(line) => usage.hint(line),
                None => usage.because("a name must not contain a user or password"),
            })
        }
        ErrorKind::MissingSubcommand => Some(
            Usage::new("no command is given").hint("run 'rls -h' for the commands, 'rls --version' for the version"),
        ),
        ErrorKind::MissingRequiredArgument => {
            let Some(ContextValue::Strings(missing)) = error.get(ContextKind::InvalidArg) else { return None };
            let missing: Vec<_> = missing.iter().map(|name| name.trim_end_matches("...")).collect();
            let usage = Usage::new(format!("rls {of_command} needs {}", missing.join(" ")));
            let help = command?.get_after_help()?.to_string();
            let example = help.lines().find_map(|line| line.strip_prefix("  rls "))?;
            Some(usage.hint(format!("for example: rls {example}")))
        }
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
            values::translate(text(error, ContextKind::InvalidArg)?, text(error, ContextKind::InvalidValue)?)
        }
        _ => None,
    }
}

/// The whole command line with everything replaced, if it is one of ours then.
fn corrected(
    error: &clap::Error,
    argv: &[OsString],
    program: &Command,
    parse: impl Fn(&[OsString]) -> Result<(), Option<clap::Error>>,
) -> Option<String> {
    let mut words = replaced(error, argv, program)?;
    for _ in 0..MAX_REPLACED {
        match parse(&words) {
            Ok(()) => return shown(&words),
            Err(error) => words = replaced(&error?, &words, program)?,
        }
    }
    None
}

/// The command line with what takes the place of the first thing that is wrong.
fn replaced(error: &clap::Error, words: &[OsString], program: &Command) -> Option<Vec<OsString>> {
    match error.kind() {
        ErrorKind::UnknownArgument => stray(words, program).or_else(|| {
            let option = unknown(error)?;
            let command = command_of(words, program).map(Command::get_name).unwrap_or_default();
            options::replace(options::known(option, command)?, option, words)
        }),
        ErrorKind::InvalidSubcommand => {
            let at = commands::position(text(error, ContextKind::InvalidSubcommand)?, words)?;
            Some(()).filter(|()| !commands::is_copying(words, at)).and_then(|()| commands::replace(words, at))
        }
        _ => None,
    }
}

/// The command line without the second word of another program's command: `rls manifest inspect app:1`, `rls tags ls
/// app`.
pub fn stray(words: &[OsString], program: &Command) -> Option<Vec<OsString>> {
    let at = words.iter().skip(1).position(|word| !word.as_encoded_bytes().starts_with(b"-"))? + 1;
    program.find_subcommand(&words[at]).and_then(|_| commands::replace(words, at))
}

/// The command on a command line.
fn command_of<'a>(words: &[OsString], program: &'a Command) -> Option<&'a Command> {
    words.iter().skip(1).find_map(|word| program.find_subcommand(word))
}

/// The name of the unknown option, without its value.
fn unknown(error: &clap::Error) -> Option<&str> {
    text(error, ContextKind::InvalidArg)?.split(['=', ' ']).next()
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text),
        _ => None,
    }
}

/// A command line as a shell reads it. `None` if it may contain a password.
fn shown(words: &[OsString]) -> Option<String> {
    // However the program was called.
    let mut text = "rls".to_owned();
    let mut is_username = false;
    for word in words.iter().skip(1) {
        let word = word.to_str()?;
        let user = word.strip_prefix("--username=").or_else(|| word.strip_prefix("-u")).unwrap_or(word);
        let has_secret =
            ((is_username || user.len() < word.len()) && user.contains(':')) || without_password(word) != word;
        if has_secret || word.contains(|c: char| c.is_control() || c == '\'') {
            return None;
        }
        is_username = matches!(word, "-u" | "--username");
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=,+%".contains(c);
        let quote = if !word.is_empty() && word.chars().all(is_plain) { "" } else { "'" };
        text.push_str(&format!(" {quote}{word}{quote}"));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use crate::args::{Refusal, parse};

    fn hint(line: &str) -> String {
        match parse(line.split(' ')) {
            Err(Refusal::Usage(usage)) => usage.advice().unwrap_or_default().to_owned(),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn options_typed_by_habit_get_the_command_line_to_use() {
        let cases = [
            ("rls tags app --json", "rls tags app -o json"),
            ("rls tags app -n 5", "rls tags app --limit 5"),
            ("rls tags app -n5 --json --no-headers", "rls tags app --limit 5 -o json --no-header"),
            ("rls tags app --max-requests 4", "rls tags app --jobs 4"),
            ("rls ls -O app", "rls ls --exclude 'sha256-*' app"),
            ("rls rm -f app:1", "rls rm --yes app:1"),
            ("rls repos -la", "rls repos --tags"),
            ("rls tags app --no-creds", "rls tags app --anonymous"),
            ("rls inspect --no-tags docker://reg.corp/app:1", "rls inspect docker://reg.corp/app:1"),
            ("rls tags app --authfile x.json", "rls tags app --auth-file x.json"),
        ];
        for (line, expected) in cases {
            assert_eq!(hint(line), expected, "{line}");
        }
    }

    #[test]
    fn ambiguous_options_get_advice() {
        let cases = [
            ("rls repos -r reg:5000 --level 1", "use rls repos --tags, rls tags -d or rls tags -l"),
            ("rls tags app -n", "use --limit N"),
            ("rls tags -j web/nginx", "use -o json for JSON"),
            ("rls tags app -o wide", "use -l"),
            ("rls tags app --sort date", "use --sort created"),
            ("rls tags app -lr", "use --reverse to reverse the order"),
            ("rls tags app -o jsonpath={.tag}", "use --format TEMPLATE; see rls help templates"),
            ("rls prune app --filter until=24h", "use --older-than AGE, or --match GLOB"),
            ("rls tags", "for example: rls tags registry.corp:5000/team/app"),
            ("rls rm -n", "for example: rls rm registry.corp:5000/team/app:1.3.9"),
            ("rls -v", "run 'rls -h' for the commands, 'rls --version' for the version"),
        ];
        for (line, expected) in cases {
            assert_eq!(hint(line), expected, "{line}");
        }
        for line in ["rls tags app --tls-verify=false", "rls --insecure-registry reg tags app", "rls tags -k app"] {
            assert!(hint(line).contains("--plain-http"), "{line}");
        }
    }

    #[test]
    fn commands_of_other_programs_get_the_command_to_run() {
        let cases = [
            ("rls catalog registry.corp:5000", "rls repos registry.corp:5000"),
            ("rls list-tags docker://reg.corp/app", "rls tags docker://reg.corp/app"),
            ("rls repo ls reg.corp --json", "rls repos reg.corp -o json"),
            ("rls delete team/app:1.0", "rls rm team/app:1.0"),
            ("rls auth login reg.corp", "rls login reg.corp"),
            ("rls images", "rls repos"),
            ("rls image rm -f app:1", "rls rm --yes app:1"),
            ("rls manifest inspect app:1", "rls manifest app:1"),
            ("rls tags ls app", "rls tags app"),
            ("rls repos ls reg.corp", "rls repos reg.corp"),
            ("rls registry.corp:5000/team/app", "rls tags registry.corp:5000/team/app"),
            ("rls --plain-http list reg.corp:5000", "rls --plain-http repos reg.corp:5000"),
            ("rls pull alpine", "use docker, skopeo or crane for that"),
        ];
        for (line, expected) in cases {
            assert_eq!(hint(line), expected, "{line}");
        }
    }

    #[test]
    fn no_hint_repeats_a_secret() {
        for line in [
            "rls tags app --creds ann:SECRET",
            "rls tags app --user ann:SECRET",
            "rls tags app --token SECRET",
            "rls catalog -u ann:SECRET reg.corp",
            "rls catalog -uann:SECRET reg.corp",
            "rls catalog --username=ann:SECRET reg.corp",
            "rls delete -u ann --secret SECRET app:1",
            "rls catalog http://ann:SECRET@reg.corp",
            "rls http://ann:SECRET@reg.corp",
            "rls tags http://ann:SECRET@reg.corp/app --json",
        ] {
            let told = format!("{:?}", parse(line.split(' ')).unwrap_err());
            assert!(!told.contains("SECRET"), "{line}: {told}");
        }
    }
}
