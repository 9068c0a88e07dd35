//! What people type by habit, from docker, docker-ls, crane, skopeo, kubectl and curl: the error says what to type
//! here, as a whole command line where that is known.

mod commands;
mod options;
mod values;

use std::ffi::OsString;

use clap::Command;
use clap::error::{ContextKind, ErrorKind};
use registry_ls::name::without_password;

use self::commands::Replaced;
pub use self::values::check_format;
use super::errors::{command_of, example, near_commands, text};
use crate::command_line::{quoted, typed};
use crate::usage::Usage;

/// How many parts of a command line are replaced.
const MAX_REPLACED: usize = 8;

/// Tries a command line: the error of clap, if it is one.
type Parse<'a> = &'a dyn Fn(&[OsString]) -> Result<(), Option<clap::Error>>;

/// What to type in place of a command line with an unknown option, command or value. `None` if it is not known either.
/// `parse` tries a command line of `program`.
pub fn translate(error: &clap::Error, argv: &[OsString], program: &Command, parse: Parse<'_>) -> Option<Usage> {
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let at = commands::position(text(error, ContextKind::InvalidSubcommand)?, argv)?;
            foreign(argv, at, program, parse)
        }
        ErrorKind::UnknownArgument => {
            if let Some(at) = first_word(argv).filter(|at| program.find_subcommand(&argv[*at]).is_some())
                && let Some(usage) = own(argv, at, program, parse)
            {
                return Some(usage);
            }
            let option = unknown(error)?;
            if let Some((at, words)) = with_two_dashes(option, argv, program) {
                let typed = argv[at].to_str()?.split('=').next()?;
                return Some(Usage::new(format!("unknown option {typed}")).hint(corrected(words, program, parse)?));
            }
            let habit = known_option(option, argv, program)?;
            let usage = Usage::new(format!("unknown option {option}"));
            let line = replaced(error, argv, program).and_then(|words| corrected(words, program, parse));
            Some(usage.hint(line.unwrap_or_else(|| habit.advice(options::number_of(option, argv)))))
        }
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
            let (option, value) = (text(error, ContextKind::InvalidArg)?, text(error, ContextKind::InvalidValue)?);
            let usage = values::translate(option, value)?;
            let line = replaced(error, argv, program).and_then(|words| corrected(words, program, parse));
            Some(match line {
                Some(line) => usage.hint(line),
                None => usage,
            })
        }
        _ => None,
    }
}

/// The error for a command of another program.
fn foreign(argv: &[OsString], at: usize, program: &Command, parse: Parse<'_>) -> Option<Usage> {
    let name = argv[at].to_str()?;
    if name == "tag" {
        // As docker-ls has it; elsewhere `tag` takes two names.
        let mut words = argv.to_vec();
        words[at] = "manifest".into();
        if parse(&words).is_ok() {
            return Some(Usage::new("unknown command tag").hint(shown(&words)?));
        }
    }
    if let Some(usage) = commands::elsewhere(argv, at) {
        return Some(usage);
    }
    let replaced = command_replaced(argv, at, program)?;
    let usage = unknown_command(argv, &replaced);
    match suggested(&replaced, program, parse) {
        Some(line) => Some(usage.hint(line)),
        None => Some(usage.because("a name must not contain a user or password")),
    }
}

/// The error for a command of another program whose first word is one of ours: `rls manifest inspect app:1`.
fn own(argv: &[OsString], at: usize, program: &Command, parse: Parse<'_>) -> Option<Usage> {
    if let Some(usage) = commands::elsewhere(argv, at) {
        return Some(usage);
    }
    let replaced = commands::replace(argv, at)?;
    let usage = unknown_command(argv, &replaced);
    match suggested(&replaced, program, parse) {
        Some(line) => Some(usage.hint(line)),
        None => Some(usage),
    }
}

/// As [`own`], where the grammar takes the second word for an argument: `rls tags ls app`.
pub fn stray(argv: &[OsString], program: &Command, parse: Parse<'_>) -> Option<Usage> {
    let at = first_word(argv).filter(|at| program.find_subcommand(&argv[*at]).is_some())?;
    own(argv, at, program, parse)
}

/// The error for `-l 1` of docker-ls, which the grammar takes for `-l` and a repository.
pub fn level(argv: &[OsString]) -> Option<Usage> {
    let usage = Usage::new("-l takes no value");
    Some(usage.hint(shown(&options::without_level(argv)?)?))
}

/// What a command of another program is called here; an error if rls does not do that.
pub fn command_here(words: &[OsString]) -> Option<Result<&'static str, Usage>> {
    let elsewhere = commands::elsewhere(words, 0).map(Err);
    elsewhere.or_else(|| commands::command_here(words).map(Ok))
}

fn unknown_command(argv: &[OsString], replaced: &Replaced) -> Usage {
    let typed: Vec<_> = argv[replaced.typed.clone()].iter().filter_map(|word| word.to_str()).collect();
    Usage::new(format!("unknown command {}", without_password(&typed.join(" "))))
}

/// The command line with an unknown command replaced.
fn command_replaced(words: &[OsString], at: usize, program: &Command) -> Option<Replaced> {
    if let Some(replaced) = commands::replace(words, at) {
        return Some(replaced);
    }
    let name = words.get(at)?.to_str()?;
    let mut words = words.to_vec();
    match &near_commands(name, program)[..] {
        [] => {
            words[at] = commands::nearest_command(name)?.into();
            commands::replace(&words, at)
        }
        [near] => {
            words[at] = near.into();
            Some(Replaced { words, typed: at..at + 1, rest: at + 1 })
        }
        _ => None,
    }
}

/// The command line to type: whole, or as far as it is known.
fn suggested(replaced: &Replaced, program: &Command, parse: Parse<'_>) -> Option<String> {
    if let Some(line) = corrected(replaced.words.clone(), program, parse) {
        return Some(line);
    }
    // An option may have a secret as its value: what follows one that is unknown is not repeated.
    let is_option = |word: &OsString| word.as_encoded_bytes().starts_with(b"-");
    let end = replaced.words[replaced.rest..].iter().position(is_option);
    let known = &replaced.words[..end.map_or(replaced.words.len(), |end| replaced.rest + end)];
    corrected(known.to_vec(), program, parse).or_else(|| shown(&replaced.words[..replaced.rest]))
}

/// A command line with everything replaced, if it is one of ours then; an example, if an argument is missing.
fn corrected(mut words: Vec<OsString>, program: &Command, parse: Parse<'_>) -> Option<String> {
    let mut advice = String::new();
    for _ in 0..MAX_REPLACED {
        let error = match parse(&words) {
            Ok(()) => return shown(&words).map(|line| line + &advice),
            Err(error) => error?,
        };
        // `--help`, `--version`
        if !error.use_stderr() {
            return shown(&words);
        }
        if error.kind() == ErrorKind::MissingRequiredArgument {
            return example(command_of(&words, program)?);
        }
        words = match replaced(&error, &words, program) {
            Some(words) => words,
            None => {
                let (without, habit) = without_flag(&error, &words, program)?;
                advice.push_str(&format!("; {}", habit.advice(None)));
                without
            }
        };
    }
    None
}

/// The command line with the first error corrected.
fn replaced(error: &clap::Error, words: &[OsString], program: &Command) -> Option<Vec<OsString>> {
    match error.kind() {
        ErrorKind::UnknownArgument => {
            if let Some(at) = first_word(words).filter(|at| program.find_subcommand(&words[*at]).is_some())
                && let Some(replaced) = commands::replace(words, at)
            {
                return Some(replaced.words);
            }
            let option = unknown(error)?;
            if let Some((_, words)) = with_two_dashes(option, words, program) {
                return Some(words);
            }
            let words = options::without_level(words).filter(|_| option == "-l").unwrap_or_else(|| words.to_vec());
            options::replace(known_option(option, &words, program)?, option, &words)
        }
        ErrorKind::InvalidSubcommand => {
            let at = commands::position(text(error, ContextKind::InvalidSubcommand)?, words)?;
            commands::replace(words, at).map(|replaced| replaced.words)
        }
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
            values::replace(text(error, ContextKind::InvalidArg)?, text(error, ContextKind::InvalidValue)?, words)
        }
        _ => None,
    }
}

/// The command line without an unknown flag about which there is advice.
fn without_flag(
    error: &clap::Error,
    words: &[OsString],
    program: &Command,
) -> Option<(Vec<OsString>, &'static options::Habit)> {
    let option = unknown(error).filter(|_| error.kind() == ErrorKind::UnknownArgument)?;
    let habit = known_option(option, words, program)?;
    Some((options::without_flag(habit, option, words)?, habit))
}

fn known_option(option: &str, words: &[OsString], program: &Command) -> Option<&'static options::Habit> {
    options::known(option, command_of(words, program).map(Command::get_name).unwrap_or_default())
}

/// The command line with `--name` in place of `-name`, as programs in Go take it, and where that is.
fn with_two_dashes(option: &str, words: &[OsString], program: &Command) -> Option<(usize, Vec<OsString>)> {
    let letter = option.strip_prefix('-').filter(|letter| letter.len() == 1)?;
    let command = command_of(words, program);
    let arguments = || command.into_iter().chain([program]).flat_map(Command::get_arguments);
    let is_known = |name: &str| {
        matches!(name, "help" | "version")
            || arguments().any(|argument| argument.get_long() == Some(name))
            || known_option(&format!("--{name}"), words, program).is_some()
    };
    let at = words.iter().position(|word| {
        let name = word.to_str().and_then(|word| word.strip_prefix('-')?.split('=').next());
        name.is_some_and(|name| name.len() > 1 && !name.starts_with('-') && name.contains(letter) && is_known(name))
    })?;
    let mut words = words.to_vec();
    words[at] = format!("-{}", words[at].to_str()?).into();
    Some((at, words))
}

/// The position of the first word that is not an option.
fn first_word(words: &[OsString]) -> Option<usize> {
    words.iter().skip(1).position(|word| !word.as_encoded_bytes().starts_with(b"-")).map(|at| at + 1)
}

/// The name of the unknown option, without its value.
fn unknown(error: &clap::Error) -> Option<&str> {
    text(error, ContextKind::InvalidArg)?.split(['=', ' ']).next()
}

/// A command line as a shell reads it. `None` if it may contain a password.
fn shown(words: &[OsString]) -> Option<String> {
    // However the program was called, but for docker.
    let words = words.iter().map(|word| word.to_str()).collect::<Option<Vec<_>>>()?;
    let words = typed(&words);
    let mut text = words.first()?.clone();
    let mut is_username = false;
    for word in words.iter().skip(1).map(String::as_str) {
        let user = word.strip_prefix("--username=").or_else(|| word.strip_prefix("-u")).unwrap_or(word);
        let has_secret =
            ((is_username || user.len() < word.len()) && user.contains(':')) || without_password(word) != word;
        // docker-ls takes passwords.
        let is_password = word.starts_with("-p") || word.starts_with("--pass") && word != "--password-stdin";
        if has_secret || is_password || word.contains(char::is_control) {
            return None;
        }
        is_username = matches!(word, "-u" | "--username");
        text.push_str(&format!(" {}", quoted(word)));
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
            ("rls tags app -o wide", "rls tags app -l"),
            ("rls tags app --sort=-date", "rls tags app --sort created --reverse"),
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
            ("rls pull alpine", "use docker pull, crane pull or skopeo copy"),
            ("rls manifest push app:1 x", "use docker push, crane push or skopeo copy; oras push for files"),
            ("rls docker-ls tags -r reg:5000 -l 1 app", "rls compat docker-ls tags -r reg:5000 -l 1 app"),
            ("rls docker-rm -r reg:5000 app:1", "rls compat docker-rm -r reg:5000 app:1"),
            ("rls tag -r reg:5000 app:1", "rls manifest -r reg:5000 app:1"),
            ("rls tag app:1 app:2", "use crane tag or skopeo copy"),
            (
                "rls list-tags --tls-verify=false docker://reg.corp/app",
                "rls tags docker://reg.corp/app; use --ca-file PEM to trust the registry's CA, --insecure to verify nothing, \
                 or --plain-http for a registry without TLS",
            ),
            ("rls get repos -o wide", "rls repos --tags"),
            ("rls repositories -r reg:5000 -l 1", "rls repositories -r reg:5000 --tags"),
            ("rls repo ls --last team/a reg.corp", "rls repos --after team/a reg.corp"),
            // Where an argument is missing there is an example; what is unknown is left out.
            ("rls delete", "for example: rls rm registry.corp:5000/team/app:1.3.9"),
            (
                "rls image prune -a",
                "for example: rls prune registry.corp:5000/team/app --keep-last 10 --older-than 30d",
            ),
            ("rls catalog reg.corp --frobnicate x", "rls repos reg.corp"),
            ("rls tgas reg.corp/app -l", "rls tags reg.corp/app -l"),
            ("rls lst", "for example: rls tags registry.corp:5000/team/app"),
            ("rls catlog reg.corp", "rls repos reg.corp"),
            ("rls tags app -l 1", "rls tags app -l"),
            ("rls -version", "rls --version"),
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
            "rls docker-ls tags -p SECRET app",
            "rls docker-ls --password SECRET tags app",
            "rls signin reg.corp SECRET",
        ] {
            let reported = format!("{:?}", parse(line.split(' ')).expect_err("it is refused"));
            assert!(!reported.contains("SECRET"), "{line}: {reported}");
        }
    }
}
