//! Options of other programs, and what to type here.

use std::ffi::OsString;

use crate::command_line::with_commands;

/// What takes the place of an option in a command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Here {
    /// These words; the option has no value.
    Words(&'static str),
    /// This option and the option's value.
    Value(&'static str),
    /// Nothing: the option is not needed. It has no value.
    Nothing,
    /// Advice about a flag, without which the rest can be given.
    Flag,
    /// That depends: only advice can be given, because the option has several meanings, or its value may be a secret.
    Advice,
}

use Here::{Advice, Flag, Nothing, Value, Words};

/// An option of other programs.
#[derive(Debug)]
pub struct Habit {
    /// Its names, separated by blanks.
    names: &'static str,
    /// The commands where it means this, separated by blanks; all if empty.
    of: &'static str,
    /// What to do, where no whole command line can be given: commands are between braces, and `N` at the end stands for
    /// a number that was given. If empty: to use the words that take its place.
    advice: &'static str,
    /// What takes its place.
    pub here: Here,
}

const fn habit(names: &'static str, advice: &'static str, here: Here) -> Habit {
    Habit { names, of: "", advice, here }
}

/// An option that has another name here.
const fn instead(names: &'static str, words: &'static str) -> Habit {
    habit(names, "", Words(words))
}

impl Habit {
    /// What to do, for a number that was given or none.
    pub fn advice(&self, number: Option<u64>) -> String {
        match (self.here, number, self.advice.strip_suffix(" N")) {
            (Words(words), ..) if self.advice.is_empty() => format!("use {words}"),
            (_, Some(number), Some(before)) => format!("{before} {number}"),
            _ => with_commands(self.advice),
        }
    }
}

/// All of them. Of several with the same name the first for the command counts.
pub const OPTIONS: &[Habit] = &[
    instead("--json", "-o json"),
    instead("--yaml", "-o yaml"),
    instead("--table", "-o table"),
    instead("--csv", "-o csv"),
    instead("--plain -1", "-o plain"),
    habit("--template --template-source -t --go-template", "use --format TEMPLATE; see {help templates}", Advice),
    habit("--level", "use {repos --tags}, {tags -d} or {tags -l}", Advice),
    habit("-n --last --max --count --max-results", "use --limit N", Value("--limit")),
    habit(
        "--tls-verify --src-tls-verify --dest-tls-verify --insecure-skip-tls-verify --skip-tls-verify -k",
        "use --ca-file PEM to trust the registry's CA, --insecure to verify nothing, or --plain-http for a registry without TLS",
        Flag,
    ),
    habit(
        "--insecure-registry --allow-insecure --insecure-registries --allow-nondistributable-artifacts",
        "use --plain-http for a registry without TLS, or --insecure to verify no certificate",
        Flag,
    ),
    instead("--http", "--plain-http"),
    habit("--cacert --tls-cacert --ca-cert --cafile --certificate-authority", "use --ca-file PEM", Value("--ca-file")),
    habit("--cert-dir", "use --ca-file PEM, --client-cert PEM and --client-key PEM", Advice),
    habit(
        "--cert --client-certificate --tls-cert",
        "use --client-cert PEM and --client-key PEM",
        Value("--client-cert"),
    ),
    habit("--key --tls-key", "use --client-key PEM and --client-cert PEM", Value("--client-key")),
    habit(
        "--creds --src-creds --dest-creds --user --identity-token --registry-token --token",
        "use -u NAME, or run '{login REGISTRY}'",
        Advice,
    ),
    habit("--authfile --registry-config", "use --auth-file FILE", Value("--auth-file")),
    instead("--no-creds --no-auth", "--anonymous"),
    habit("-i --interactive-password", "use -u NAME: it asks for the password", Advice),
    habit("--basic-auth --auth", "leave it out: the registry says which authentication it needs", Nothing),
    habit("--remote --descriptor", "leave it out", Nothing),
    instead("--full-ref --fullname", "--full"),
    habit("--omit-digest-tags -O", "use --exclude 'sha256-*'", Words("--exclude sha256-*")),
    habit("--no-tags", "leave it out: {manifest} lists no tags", Nothing),
    Habit { names: "--filter", of: "prune rm", advice: "use --older-than AGE, or --match GLOB", here: Advice },
    habit("--filter --regex --grep --selector", "use --match GLOB", Advice),
    habit("--sort-by --order --order-by", "use --sort ORDER", Value("--sort")),
    instead("-S", "--sort size"),
    instead("--desc --descending", "--reverse"),
    instead("--no-headers --noheading --noheadings", "--no-header"),
    habit("-w --watch", "use '{wait REF}' to wait for a tag", Advice),
    habit("--raw-manifest", "use {manifest --raw}", Words("--raw")),
    habit("--parse-history", "use {manifest --history}", Words("--history")),
    habit("--manifest-version --page-size --user-agent", "leave it out: rls does not need it", Advice),
    habit("--max-requests --parallel --concurrency", "use --jobs N", Value("--jobs")),
    instead("--progress-indicator --no-progress", "--progress never"),
    instead("--statistics", "--stats"),
    habit("--debug --trace -D", "use -v, or -vv for headers", Words("-v")),
    habit("--log-level", "use -v, or -vv for headers", Advice),
    habit("--host --server --endpoint --url", "use --registry REGISTRY", Value("--registry")),
    habit("--override-os --override-arch --os --arch", "use --platform OS/ARCH", Advice),
    habit("--all-platforms", "leave it out: rls shows every platform", Nothing),
    Habit { names: "-f", of: "rm undo prune", advice: "", here: Words("--yes") },
    instead("--force-yes --assume-yes --no-confirm --delete", "--yes"),
    instead("--digest", "--digests"),
    habit("--command-timeout --request-timeout --max-time", "use --timeout DURATION, such as 30s", Value("--timeout")),
    Habit { names: "-a --all", of: "rm", advice: "", here: Words("--all-tags") },
    Habit { names: "-a -all", of: "repos tags", advice: "leave it out: rls lists everything", here: Nothing },
    Habit { names: "-l --long", of: "repos", advice: "use --tags, or {tags REPO -l}", here: Words("--tags") },
    habit(
        "-R --recursive -A --all-namespaces",
        "use {repos} for all repositories, {repos --tags} with their tags",
        Advice,
    ),
    habit("-H --human --human-readable", "leave it out: tables have readable sizes", Nothing),
    Habit { names: "--keep", of: "du", advice: "use {prune --keep GLOB}", here: Advice },
];

/// The habit that an unknown option is.
pub fn known(option: &str, command: &str) -> Option<&'static Habit> {
    let has = |words: &str, word: &str| words.split(' ').any(|known| known == word);
    OPTIONS.iter().find(|habit| has(habit.names, option) && (habit.of.is_empty() || has(habit.of, command)))
}

/// Where an option is on the command line, and in which form.
#[derive(Debug, PartialEq, Eq)]
pub enum At {
    /// A word of its own; a value is the next word.
    Alone(usize),
    /// `--option=value`, `-n5`: with the value.
    WithValue(usize, String),
    /// A letter among others: `-la`.
    Among(usize, String),
}

/// Where an option is.
pub fn find(option: &str, words: &[OsString]) -> Option<At> {
    let words = words.iter().enumerate().skip(1).filter_map(|(at, word)| Some((at, word.to_str()?)));
    let words = words.take_while(|(_, word)| *word != "--").filter(|(_, word)| word.starts_with('-'));
    let letter = option.strip_prefix('-').filter(|letter| letter.len() == 1);
    let at = |(at, word): (usize, &str)| {
        let rest = word.strip_prefix(option);
        match (rest, letter) {
            (Some(""), _) => Some(At::Alone(at)),
            (Some(rest), None) => rest.strip_prefix('=').map(|value| At::WithValue(at, value.to_owned())),
            (Some(rest), Some(_)) if rest.starts_with(|c: char| c.is_ascii_digit() || c == '=') => {
                Some(At::WithValue(at, rest.trim_start_matches('=').to_owned()))
            }
            (_, Some(letter)) if !word.starts_with("--") && word[1..].chars().all(char::is_alphanumeric) => {
                word.contains(letter).then(|| At::Among(at, word.replacen(letter, "", 1)))
            }
            _ => None,
        }
    };
    words.filter_map(at).next()
}

/// The command line with an option replaced. `None` where that depends on more than the option.
pub fn replace(habit: &Habit, option: &str, words: &[OsString]) -> Option<Vec<OsString>> {
    let at = find(option, words)?;
    let (index, mut instead, taken) = match (at, habit.here) {
        (_, Advice | Flag) | (At::WithValue(..), Words(_) | Nothing) => return None,
        (At::Alone(at), Words(_) | Nothing) => (at, Vec::new(), 1),
        (At::Among(at, rest), Words(_) | Nothing) => (at, vec![rest.into()], 1),
        // In oras, crane and regctl the last name of the page before; in docker a number.
        (At::Alone(at), Value(_)) if option == "--last" && number_of(option, words).is_none() => {
            let mut words = words.to_vec();
            words[at] = "--after".into();
            return Some(words);
        }
        (At::Alone(at), Value(_)) => (at, vec![words.get(at + 1)?.clone()], 2),
        (At::WithValue(at, value), Value(_)) => (at, vec![value.into()], 1),
        (At::Among(..), Value(_)) => return None,
    };
    match habit.here {
        Words(here) => instead.extend(here.split(' ').map(Into::into)),
        Value(here) => instead.insert(0, here.into()),
        Nothing | Flag | Advice => {}
    }
    let mut words = words.to_vec();
    words.splice(index..index + taken, instead);
    Some(words)
}

/// The command line without a flag about which there is advice.
pub fn without_flag(habit: &Habit, option: &str, words: &[OsString]) -> Option<Vec<OsString>> {
    let (At::Alone(at) | At::WithValue(at, _)) = find(option, words).filter(|_| habit.here == Flag)? else {
        return None;
    };
    let mut words = words.to_vec();
    words.remove(at);
    Some(words)
}

/// The command line without the level of docker-ls: `-l 1` is `-l`, `-l 0` the default.
pub fn without_level(words: &[OsString]) -> Option<Vec<OsString>> {
    let is_level =
        |pair: &[OsString]| pair[0] == "-l" && matches!(pair[1].as_encoded_bytes(), [digit] if digit.is_ascii_digit());
    let at = words.windows(2).position(is_level)?;
    let mut without = words.to_vec();
    without.drain(if words[at + 1] == "0" { at } else { at + 1 }..at + 2);
    Some(without)
}

/// The number that was given to an option: `-n 5`, `-n5`, `--last=5`.
pub fn number_of(option: &str, words: &[OsString]) -> Option<u64> {
    match find(option, words)? {
        At::Alone(at) => words.get(at + 1)?.to_str()?.parse().ok(),
        At::WithValue(_, value) => value.parse().ok(),
        At::Among(..) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(line: &str, option: &str, command: &str) -> Option<String> {
        let words: Vec<_> = line.split(' ').map(OsString::from).collect();
        let words = replace(known(option, command).expect(option), option, &words)?;
        Some(words.iter().map(|word| word.to_str().unwrap_or_default()).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn options_are_replaced_in_every_form() {
        let cases = [
            ("rls tags app --json", "--json", Some("rls tags app -o json")),
            ("rls tags app -n 5", "-n", Some("rls tags app --limit 5")),
            ("rls tags app -n5", "-n", Some("rls tags app --limit 5")),
            ("rls tags --last=5 app", "--last", Some("rls tags --limit 5 app")),
            ("rls tags -la app", "-a", Some("rls tags -l app")),
            ("rls tags -l1 app", "-1", Some("rls tags -l -o plain app")),
            ("rls tags --basic-auth app", "--basic-auth", Some("rls tags app")),
            ("rls tags --creds ann:x app", "--creds", None),
            ("rls tags app -n", "-n", None),
            ("rls repos --last team", "--last", Some("rls repos --after team")),
            ("rls tags --json=false app", "--json", None),
        ];
        for (line, option, expected) in cases {
            assert_eq!(replaced(line, option, "tags").as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn the_level_of_docker_ls_is_an_option_without_value() {
        let without = |line: &str| {
            let words = without_level(&line.split(' ').map(OsString::from).collect::<Vec<_>>())?;
            Some(words.iter().map(|word| word.to_str().unwrap_or_default()).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(without("rls tags app -l 1").as_deref(), Some("rls tags app -l"));
        assert_eq!(without("rls tags -l 0 app").as_deref(), Some("rls tags app"));
        assert_eq!(without("rls tags -l app"), None);
    }

    #[test]
    fn a_number_is_repeated_only_where_it_is_one_here() {
        let advice = |option: &str| known(option, "tags").expect(option).advice(Some(5));
        assert_eq!(advice("-n"), "use --limit 5");
        assert_eq!(advice("--token"), "use -u NAME, or run 'rls login REGISTRY'");
        assert_eq!(advice("--json"), "use -o json");
    }

    #[test]
    fn some_options_depend_on_the_command() {
        assert_eq!(replaced("rls rm -a app", "-a", "rm").as_deref(), Some("rls rm --all-tags app"));
        assert_eq!(replaced("rls repos -a", "-a", "repos").as_deref(), Some("rls repos"));
        assert!(known("-f", "tags").is_none() && known("-f", "rm").is_some());
    }
}
