//! Commands of other programs, and what to run here.

use std::ffi::OsString;
use std::ops::Range;

use registry_ls::name::{Reference, Registry};

use crate::command_line::with_commands;
use crate::spelling::nearest;
use crate::usage::Usage;

/// The command that takes the place of others, and the beginnings of their command lines, separated by commas.
type Phrases = (&'static str, &'static str);

/// Lists what its argument names: a registry's repositories, a repository's tags, or what a tag points to.
const LIST: &str = "list";
/// Takes a part of names to search for.
const SEARCH: &str = "search";

/// Commands of other programs. The longest phrase that fits counts.
const PHRASES: &[Phrases] = &[
    (
        "repos",
        "catalog, list-repos, repo, repo ls, repo list, repository, repository ls, repository list, \
         repos ls, repos list, project ls, project list, registry ls, registry list, describe-repositories, \
         get repos, get repo, get repositories",
    ),
    (
        "tags",
        "repo tags, repo show, repo view, repo show-tags, repository show-tags, list-tags, tag ls, tag list, \
         tags ls, tags list, get tags, get tag, get images, artifact tags list",
    ),
    ("rm --all-tags", "repo rm, repo delete, repository delete"),
    (LIST, "list-images, list, images, image, image ls, image list, dir, ls-remote, get"),
    ("tags -l", "describe-images, ll, describe repo"),
    (SEARCH, "search"),
    ("tags --all", "la"),
    (
        "manifest",
        "get manifest, describe, describe tag, describe image, show, stat, buildx imagetools inspect, \
         imagetools inspect, artifact view, tag inspect, manifests, manifest inspect, manifest get, \
         manifest show, manifest fetch, image inspect, image manifest",
    ),
    ("digest", "manifest head, manifest digest, image digest, resolve"),
    ("manifest --config", "manifest fetch-config, config, image config"),
    ("diff", "manifest diff, image diff"),
    ("help config", "config view, registry config, registry set"),
    ("manifest --history", "log, history, image history"),
    (
        "rm",
        "rmi, delete, delete tag, delete image, remove, del, untag, unlink, image rm, image remove, \
         image delete, tag rm, tag del, tag delete, tags rm, tags delete, manifest rm, manifest del, \
         manifest delete, artifact delete, artifact tags delete",
    ),
    ("prune --keep-last 10", "image prune, system prune, gc, cleanup, clean, retention"),
    ("du", "system df, df, usage, buildx du"),
    ("doctor", "validate, health, ping, status, info, diagnose"),
    ("completions bash", "autocomplete"),
    ("compat docker-ls", "docker-ls"),
    ("compat docker-rm", "docker-rm"),
    ("login", "auth, registry login, auth login, signin"),
    ("logout", "registry logout, auth logout, signout"),
    ("referrers", "discover, tree, verify, trust inspect, trust view, artifact tree, artifact list, artifact ls"),
    ("files", "extract, layers, layer"),
    ("cat", "image get-file"),
    ("wait", "watch"),
];

/// What rls does not do: the commands, separated by commas; why; and what does it.
type Elsewhere = (&'static str, &'static str, &'static str);

const DOES_NOT_COPY: &str = "rls reads and deletes; it does not copy or create images";

const ELSEWHERE: &[Elsewhere] = &[
    ("pull, save, download", DOES_NOT_COPY, "use docker pull, crane pull or skopeo copy"),
    (
        "push, import, load, put, upload, attach, append",
        DOES_NOT_COPY,
        "use docker push, crane push or skopeo copy; oras push for files",
    ),
    ("copy, cp, mirror, sync, mv", DOES_NOT_COPY, "use crane copy, skopeo copy or regctl image copy"),
    ("tag, retag", DOES_NOT_COPY, "use crane tag or skopeo copy"),
    ("annotate, build, create, flatten, mod, mutate, rebase, run", DOES_NOT_COPY, "use docker, buildah or crane"),
    (
        "export",
        "rls lists and prints files; it does not write archives",
        "use {files REF}, {cat REF PATH}, or crane export",
    ),
    ("blob", "rls reads the files in layers, not blobs", "use {files REF}, {cat REF PATH}, or crane blob"),
    ("sign", "rls does not sign images", "use cosign or notation"),
    ("scan, scout, vulns", "rls does not look for vulnerabilities", "use trivy, grype or docker scout"),
];

/// Words before a verb, such as `image` in `image copy`.
const NOUNS: &[&str] = &["artifact", "blob", "image", "index", "manifest", "repo", "repository", "tag"];

/// What takes the place of a command of another program.
#[derive(Debug, PartialEq, Eq)]
pub struct Replaced {
    /// The whole command line.
    pub words: Vec<OsString>,
    /// Where the command of the other program was on the command line that was typed.
    pub typed: Range<usize>,
    /// The words after the command, in `words`.
    pub rest: usize,
}

/// The error for a command that does what rls does not do.
pub fn elsewhere(words: &[OsString], at: usize) -> Option<Usage> {
    let name = words.get(at)?.to_str()?;
    let verb = words.get(at + 1).and_then(|verb| verb.to_str()).filter(|_| NOUNS.contains(&name));
    if phrase(words, at).is_some_and(|(length, _)| length > 1 || verb.is_none()) {
        return None;
    }
    let of = |word: &str| ELSEWHERE.iter().find(|(names, ..)| names.split(", ").any(|name| name == word));
    let (command, (_, cause, hint)) = match verb.and_then(|verb| Some((verb, of(verb)?))) {
        Some((verb, row)) => (format!("{name} {verb}"), row),
        None => (name.to_owned(), of(name)?),
    };
    Some(Usage::new(format!("unknown command {command}")).because(cause).hint(with_commands(hint)))
}

/// Where the command is on the command line: `named`, else the first word that is no option.
pub fn position(named: &str, words: &[OsString]) -> Option<usize> {
    words.iter().skip(1).position(|word| word == named).map(|at| at + 1)
}

/// Each phrase, and what takes its place.
fn phrases() -> impl Iterator<Item = (&'static str, &'static str)> {
    PHRASES.iter().flat_map(|(here, phrases)| phrases.split(", ").map(|phrase| (phrase, *here)))
}

/// The number of words of the longest phrase at a position, and what takes its place.
fn phrase(words: &[OsString], at: usize) -> Option<(usize, &'static str)> {
    let there = words.get(at..)?;
    let length = |phrase: &str| phrase.split(' ').count();
    let fits =
        |phrase: &str| length(phrase) <= there.len() && phrase.split(' ').zip(there).all(|(known, word)| word == known);
    let fitting = phrases().filter(|(phrase, _)| fits(phrase));
    fitting.map(|(phrase, here)| (length(phrase), here)).max_by_key(|(length, _)| *length)
}

/// The command that does what `rls WORDS` of another program does.
pub fn command_here(words: &[OsString]) -> Option<&'static str> {
    match phrase(words, 0)?.1 {
        LIST => Some("tags"),
        SEARCH => Some("repos"),
        here => here.split(' ').next(),
    }
}

/// A command of another program, for a misspelled one.
pub fn nearest_command(word: &str) -> Option<&'static str> {
    // Almost any other word is near a short one.
    let words = phrases().map(|(phrase, _)| phrase).filter(|phrase| phrase.len() > 3 && !phrase.contains(' '));
    if word.len() > 3 { nearest(word, words) } else { None }
}

/// The command line with the command at this position replaced.
pub fn replace(words: &[OsString], at: usize) -> Option<Replaced> {
    let (taken, here) = match phrase(words, at) {
        Some(found) => found,
        // `rls registry.corp:5000/team/app`: a name alone is listed.
        None if is_name(words.get(at)?.to_str()?) => (0, LIST),
        None => return None,
    };
    let mut replaced = words.to_vec();
    let rest = at + taken;
    let argument = words.get(rest..)?.iter().position(|word| !word.as_encoded_bytes().starts_with(b"-"));
    let argument = argument.and_then(|found| Some((rest + found, words[rest + found].to_str()?)));
    // `rls image check-base REF`: a verb that has no phrase.
    let is_verb = argument.is_some_and(|(at, word)| !is_name(word) && words.get(at + 1).is_some());
    if is_verb && taken == 1 && NOUNS.contains(&words[at].to_str()?) {
        return None;
    }
    let instead: Vec<OsString> = match here {
        LIST => vec![lister(argument.map(|(_, word)| word)).into()],
        SEARCH => {
            let (index, word) = argument?;
            let is_registry = is_name(word) && words.get(index + 1).is_some();
            let (index, word) = if is_registry { (index + 1, words[index + 1].to_str()?) } else { (index, word) };
            replaced[index] = format!("--match=**/*{word}*").into();
            vec!["repos".into()]
        }
        _ => here.split(' ').map(Into::into).collect(),
    };
    let after = at + instead.len();
    replaced.splice(at..rest, instead);
    Some(Replaced { words: replaced, typed: at..rest.max(at + 1), rest: after })
}

/// The command that lists what is in a registry, a repository or an image.
fn lister(argument: Option<&str>) -> &'static str {
    match argument {
        None => "repos",
        Some(word) if is_registry(word) => "repos",
        Some(word) => match word.rsplit('/').next() {
            Some(last) if last.contains([':', '@']) && word.parse::<Reference>().is_ok() => "manifest",
            Some("") => "repos",
            _ => "tags",
        },
    }
}

/// Whether a name is that of a registry; `app:1` is a tag.
fn is_registry(word: &str) -> bool {
    let is_port = |port: &str| port.len() > 3 || ["80", "443"].contains(&port);
    let is_image = word.split_once(':').is_some_and(|(name, tag)| !name.contains(['.', '/']) && !is_port(tag));
    is_name(word) && !is_image && Registry::read(word).is_ok_and(|registry| registry.prefix().is_none())
}

/// Whether a word in the place of a command is the name of a registry or of something in it.
fn is_name(word: &str) -> bool {
    !word.starts_with('-') && word.contains(['.', ':', '/'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::command as program;

    fn replaced(line: &str) -> Option<String> {
        let words: Vec<_> = line.split(' ').map(OsString::from).collect();
        let words = replace(&words, 1)?.words;
        Some(words.iter().map(|word| word.to_str().unwrap_or_default()).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn phrases_of_other_programs_are_commands_here() {
        let cases = [
            ("rls catalog reg.corp:5000", "rls repos reg.corp:5000"),
            ("rls repo ls reg.corp", "rls repos reg.corp"),
            ("rls image ls", "rls repos"),
            ("rls list reg.corp:5000", "rls repos reg.corp:5000"),
            ("rls images reg.corp/team/app", "rls tags reg.corp/team/app"),
            ("rls images alpine", "rls tags alpine"),
            ("rls reg.corp:5000", "rls repos reg.corp:5000"),
            ("rls http://reg.corp:5000", "rls repos http://reg.corp:5000"),
            ("rls reg.corp/team/", "rls repos reg.corp/team/"),
            ("rls reg.corp/team/app", "rls tags reg.corp/team/app"),
            ("rls reg.corp/team/app:1.4", "rls manifest reg.corp/team/app:1.4"),
            ("rls tag ls team/app", "rls tags team/app"),
            ("rls tag rm team/app:9", "rls rm team/app:9"),
            ("rls manifest inspect app:1", "rls manifest app:1"),
            ("rls image rm -f app:1", "rls rm -f app:1"),
            ("rls get repos", "rls repos"),
            ("rls history app:1", "rls manifest --history app:1"),
            ("rls search nginx", "rls repos --match=**/*nginx*"),
            ("rls search reg.corp nginx", "rls repos reg.corp --match=**/*nginx*"),
            ("rls image prune app", "rls prune --keep-last 10 app"),
            ("rls get reg.corp/team/app", "rls tags reg.corp/team/app"),
            ("rls get app:1", "rls manifest app:1"),
            ("rls repo tags team/app", "rls tags team/app"),
            ("rls buildx imagetools inspect app:1", "rls manifest app:1"),
            ("rls artifact tags list team/app", "rls tags team/app"),
            ("rls docker-ls tags -l 1 app", "rls compat docker-ls tags -l 1 app"),
        ];
        for (line, expected) in cases {
            assert_eq!(replaced(line).as_deref(), Some(expected), "{line}");
        }
        for line in ["rls nope", "rls image check-base app:1", "rls repo frobnicate team/app"] {
            assert_eq!(replaced(line), None, "{line}");
        }
    }

    #[test]
    fn what_rls_does_not_do_is_not_taken_for_something_else() {
        let elsewhere = |line: &str| {
            let usage = elsewhere(&line.split(' ').map(OsString::from).collect::<Vec<_>>(), 1)?;
            Some(format!("{usage}; {}", usage.advice().unwrap_or_default()))
        };
        let pull = "unknown command pull: rls reads and deletes; it does not copy or create images; \
                    use docker pull, crane pull or skopeo copy";
        assert_eq!(elsewhere("rls pull alpine").as_deref(), Some(pull));
        let copy = elsewhere("rls image copy app:1 app:2").unwrap_or_default();
        assert!(
            copy.starts_with("unknown command image copy: ")
                && copy.ends_with("crane copy, skopeo copy or regctl image copy")
        );
        assert!(elsewhere("rls tag app:1 app:2").is_some() && elsewhere("rls sign app:1").is_some());
        for line in
            ["rls tag ls app", "rls catalog", "rls image inspect app:1", "rls manifest get app:1", "rls image app"]
        {
            assert_eq!(elsewhere(line), None, "{line}");
        }
    }

    /// A habit that becomes a command of ours has to leave the tables.
    #[test]
    fn the_tables_name_commands_that_exist_and_habits_that_do_not() {
        let program = program();
        let is_ours = |words: &str| words.split(' ').next().is_some_and(|name| program.find_subcommand(name).is_some());
        for (phrase, here) in phrases() {
            assert!(!is_ours(phrase) || phrase.contains(' '), "{phrase} exists");
            assert!([LIST, SEARCH].contains(&here) || is_ours(here), "{here}");
        }
        for name in ELSEWHERE.iter().flat_map(|(names, ..)| names.split(", ")) {
            assert!(program.find_subcommand(name).is_none(), "{name} exists");
        }
    }
}
