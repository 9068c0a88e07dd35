//! Commands of other programs, and what to run here.

use std::ffi::OsString;

use registry_ls::name::{Reference, Registry};

/// The beginning of a command line of another program, after the program's name, and what takes its place.
type Phrase = (&'static [&'static str], &'static [&'static str]);

/// Lists what its argument names: a registry's repositories, a repository's tags, or what a tag points to.
const LIST: &[&str] = &["list"];
/// Takes a part of names to search for.
const SEARCH: &[&str] = &["search"];

/// All of them. The longest that fits counts.
const PHRASES: &[Phrase] = &[
    (&["catalog"], &["repos"]),
    (&["list-repos"], &["repos"]),
    (&["repo"], &["repos"]),
    (&["repo", "ls"], &["repos"]),
    (&["repo", "list"], &["repos"]),
    (&["repository"], &["repos"]),
    (&["repository", "ls"], &["repos"]),
    (&["repository", "list"], &["repos"]),
    (&["repos", "ls"], &["repos"]),
    (&["repos", "list"], &["repos"]),
    (&["get", "repos"], &["repos"]),
    (&["get", "repo"], &["repos"]),
    (&["get", "repositories"], &["repos"]),
    (&["search"], SEARCH),
    (&["list"], LIST),
    (&["images"], LIST),
    (&["image"], LIST),
    (&["image", "ls"], LIST),
    (&["image", "list"], LIST),
    (&["dir"], LIST),
    (&["list-tags"], &["tags"]),
    (&["tag", "ls"], &["tags"]),
    (&["tag", "list"], &["tags"]),
    (&["tags", "ls"], &["tags"]),
    (&["tags", "list"], &["tags"]),
    (&["get", "tags"], &["tags"]),
    (&["get", "tag"], &["tags"]),
    (&["get", "images"], &["tags"]),
    (&["get"], &["manifest"]),
    (&["describe"], &["manifest"]),
    (&["describe", "tag"], &["manifest"]),
    (&["describe", "image"], &["manifest"]),
    (&["show"], &["manifest"]),
    (&["manifests"], &["manifest"]),
    (&["manifest", "inspect"], &["manifest"]),
    (&["manifest", "get"], &["manifest"]),
    (&["manifest", "show"], &["manifest"]),
    (&["manifest", "fetch"], &["manifest"]),
    (&["manifest", "head"], &["digest"]),
    (&["image", "inspect"], &["manifest"]),
    (&["image", "manifest"], &["manifest"]),
    (&["image", "digest"], &["digest"]),
    (&["resolve"], &["digest"]),
    (&["config"], &["manifest", "--config"]),
    (&["image", "config"], &["manifest", "--config"]),
    (&["history"], &["manifest", "--history"]),
    (&["image", "history"], &["manifest", "--history"]),
    (&["rmi"], &["rm"]),
    (&["delete"], &["rm"]),
    (&["delete", "tag"], &["rm"]),
    (&["delete", "image"], &["rm"]),
    (&["remove"], &["rm"]),
    (&["del"], &["rm"]),
    (&["untag"], &["rm"]),
    (&["unlink"], &["rm"]),
    (&["image", "rm"], &["rm"]),
    (&["image", "remove"], &["rm"]),
    (&["image", "delete"], &["rm"]),
    (&["tag", "rm"], &["rm"]),
    (&["tag", "del"], &["rm"]),
    (&["tag", "delete"], &["rm"]),
    (&["tags", "rm"], &["rm"]),
    (&["tags", "delete"], &["rm"]),
    (&["manifest", "rm"], &["rm"]),
    (&["manifest", "del"], &["rm"]),
    (&["manifest", "delete"], &["rm"]),
    (&["image", "prune"], &["prune", "--keep-last", "10"]),
    (&["gc"], &["prune", "--keep-last", "10"]),
    (&["cleanup"], &["prune", "--keep-last", "10"]),
    (&["clean"], &["prune", "--keep-last", "10"]),
    (&["retention"], &["prune", "--keep-last", "10"]),
    (&["system", "df"], &["du"]),
    (&["df"], &["du"]),
    (&["usage"], &["du"]),
    (&["validate"], &["doctor"]),
    (&["verify"], &["doctor"]),
    (&["ping"], &["doctor"]),
    (&["status"], &["doctor"]),
    (&["info"], &["doctor"]),
    (&["diagnose"], &["doctor"]),
    (&["autocomplete"], &["completions", "bash"]),
    (&["auth"], &["login"]),
    (&["auth", "login"], &["login"]),
    (&["auth", "logout"], &["logout"]),
    (&["signin"], &["login"]),
    (&["signout"], &["logout"]),
    (&["discover"], &["referrers"]),
    (&["tree"], &["referrers"]),
    (&["artifact", "tree"], &["referrers"]),
    (&["artifact", "list"], &["referrers"]),
    (&["export"], &["files"]),
    (&["extract"], &["files"]),
    (&["layers"], &["files"]),
    (&["layer"], &["files"]),
    (&["blob"], &["files"]),
    (&["image", "get-file"], &["cat"]),
    (&["watch"], &["wait"]),
];

/// Commands that copy or create images, which rls does not do.
const COPYING: &[&str] = &[
    "append", "attach", "build", "copy", "cp", "create", "import", "load", "mirror", "mutate", "pull", "push",
    "rebase", "run", "save", "sync", "tag",
];

/// Whether a command copies images.
pub fn is_copying(words: &[OsString], at: usize) -> bool {
    let name = words.get(at).and_then(|word| word.to_str());
    name.is_some_and(|name| COPYING.contains(&name)) && phrase(words, at).is_none()
}

/// Where the command is on the command line: `named`, else the first word that is no option.
pub fn position(named: &str, words: &[OsString]) -> Option<usize> {
    words.iter().skip(1).position(|word| word == named).map(|at| at + 1)
}

/// The longest phrase at a position, and what takes its place.
fn phrase(words: &[OsString], at: usize) -> Option<&'static Phrase> {
    let fits = |phrase: &&Phrase| {
        let there = words.get(at..at + phrase.0.len());
        there.is_some_and(|there| phrase.0.iter().zip(there).all(|(known, word)| word == known))
    };
    PHRASES.iter().filter(fits).max_by_key(|(phrase, _)| phrase.len())
}

/// The command line with what takes the place of the command at this position.
pub fn replace(words: &[OsString], at: usize) -> Option<Vec<OsString>> {
    let (taken, here) = match phrase(words, at) {
        Some((phrase, here)) => (phrase.len(), *here),
        // `rls registry.corp:5000/team/app`: a name alone is listed.
        None if is_name(words.get(at)?.to_str()?) => (0, LIST),
        None => return None,
    };
    let mut replaced = words.to_vec();
    let rest = at + taken;
    let argument = words.get(rest..)?.iter().position(|word| !word.as_encoded_bytes().starts_with(b"-"));
    let argument = argument.and_then(|found| Some((rest + found, words[rest + found].to_str()?)));
    let instead: Vec<OsString> = match here {
        LIST => vec![lister(argument.map(|(_, word)| word)).into()],
        SEARCH => {
            let (index, word) = argument?;
            let is_registry = is_name(word) && words.get(index + 1).is_some();
            let (index, word) = if is_registry { (index + 1, words[index + 1].to_str()?) } else { (index, word) };
            replaced[index] = format!("--match=**/*{word}*").into();
            vec!["repos".into()]
        }
        _ => here.iter().map(Into::into).collect(),
    };
    replaced.splice(at..rest, instead);
    Some(replaced)
}

/// The command that lists what is in a registry, a repository or an image.
fn lister(argument: Option<&str>) -> &'static str {
    match argument {
        None => "repos",
        Some(word) if Registry::read(word).is_ok_and(|registry| registry.prefix().is_none()) && is_name(word) => {
            "repos"
        }
        Some(word) => match word.rsplit('/').next() {
            Some(last) if last.contains([':', '@']) && word.parse::<Reference>().is_ok() => "manifest",
            Some("") => "repos",
            _ => "tags",
        },
    }
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
        let words = replace(&words, 1)?;
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
        ];
        for (line, expected) in cases {
            assert_eq!(replaced(line).as_deref(), Some(expected), "{line}");
        }
        assert_eq!(replaced("rls nope"), None);
    }

    #[test]
    fn copy_commands_are_recognised() {
        let is_copying = |line: &str| is_copying(&line.split(' ').map(OsString::from).collect::<Vec<_>>(), 1);
        assert!(is_copying("rls pull alpine") && is_copying("rls tag app:1 app:2"));
        assert!(!is_copying("rls tag ls app") && !is_copying("rls catalog"));
    }

    /// A habit that becomes a command of ours has to leave the tables.
    #[test]
    fn the_tables_name_commands_that_exist_and_habits_that_do_not() {
        let program = program();
        for (phrase, here) in PHRASES {
            let is_ours = program.find_subcommand(phrase[0]).is_some();
            assert!(!is_ours || phrase.len() > 1, "{phrase:?} exists");
            assert!([LIST, SEARCH].contains(here) || program.find_subcommand(here[0]).is_some(), "{here:?}");
        }
        for name in COPYING {
            assert!(program.find_subcommand(name).is_none(), "{name} exists");
        }
    }
}
