//! The floors of the library and the wall around it, read off the sources: imports go down only, and the library knows
//! nothing of command lines, tables and terminals.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What each floor may import besides what stands under it in the table. `error` is the lowest and imports the data of
/// `name` and `auth` that it carries; `keychain` and `trust` stand side by side.
const FLOORS: &[(&str, &[&str])] = &[
    ("error", &["name", "auth"]),
    ("name", &["error"]),
    ("auth", &["error", "name"]),
    ("replace", &[]),
    ("keychain", &["error", "name", "auth", "replace"]),
    ("trust", &["error", "name", "auth", "replace"]),
    ("http", &["error", "name", "auth", "keychain", "trust"]),
    ("registry", &["error", "name", "auth", "keychain", "trust", "http"]),
    ("diagnosis", &["error", "name", "auth", "keychain", "trust", "http", "registry"]),
    ("retention", &["error", "name", "auth", "keychain", "trust", "http", "registry"]),
    ("removal", &["error", "name", "replace", "http", "registry", "retention"]),
];

/// Crates that only the program may use.
const OF_THE_PROGRAM: &[&str] = &[
    "anstream",
    "anstyle",
    "clap",
    "clap_complete",
    "indicatif",
    "minijinja",
    "rpassword",
    "tabled",
    "terminal_size",
    "tracing_subscriber",
];

/// Parts of the program that may write: records, errors, the progress and the questions that they interrupt.
const WRITERS: &[&str] = &["output", "report"];

/// A source file: its path below `src`, and its text without comments.
struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    /// The module at the top of the crate that it belongs to.
    fn floor(&self) -> String {
        let first = self.path.iter().next().expect("a path").to_string_lossy();
        first.trim_end_matches(".rs").to_owned()
    }

    fn is_of_the_program(&self) -> bool {
        self.path.starts_with("bin")
    }

    /// The modules at the top of the crate that it names: `crate::NAME` and `crate::{NAME, …}`.
    fn imports(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for (at, start) in self.text.match_indices("crate::") {
            // `registry_ls_crate::` and the like are other paths.
            if self.text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
                continue;
            }
            let rest = &self.text[at + start.len()..];
            match rest.strip_prefix('{') {
                Some(group) => names.extend(members(group)),
                None => names.extend(word(rest)),
            }
        }
        names
    }

    /// Whether as many `super::` stand in a row as lead to the top of the crate. The tests at the end of a file are a
    /// module deeper.
    fn climbs_out(&self) -> bool {
        let depth = self.path.iter().count() - usize::from(self.path.ends_with("mod.rs"));
        let (code, tests) = self.text.split_once("mod tests {").unwrap_or((&self.text, ""));
        self.floor() != "lib"
            && (code.contains(&"super::".repeat(depth)) || tests.contains(&"super::".repeat(depth + 1)))
    }

    /// The crates that it names by `NAME::` at the beginning of a path.
    fn names_crate(&self, name: &str) -> bool {
        let path = format!("{name}::");
        self.text
            .match_indices(&path)
            .any(|(at, _)| !self.text[..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ':')))
    }
}

/// The first words of a group's members, up to its closing brace.
fn members(group: &str) -> Vec<String> {
    let mut depth = 0;
    let mut members = vec![String::new()];
    for c in group.chars() {
        match c {
            '}' if depth == 0 => break,
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => members.push(String::new()),
            _ => members.last_mut().expect("one at least").push(c),
        }
    }
    members.iter().filter_map(|member| word(member.trim_start())).collect()
}

fn word(text: &str) -> Option<String> {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    (end > 0).then(|| text[..end].to_owned())
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = without_comments(&std::fs::read_to_string(&path).expect("a source"));
                sources.push(Source { path: path.strip_prefix(&root).expect("below src").to_owned(), text });
            }
        }
    }
    sources
}

/// Drops lines that are comments, and with them the links of the documentation.
fn without_comments(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// Fails with all that was found.
fn assert_none(found: impl IntoIterator<Item = String>) {
    let found: Vec<_> = found.into_iter().collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn imports_go_down_only() {
    let known = |name: &str| FLOORS.iter().any(|(floor, _)| *floor == name);
    assert_none(sources().iter().filter(|source| !source.is_of_the_program()).flat_map(|source| {
        let floor = source.floor();
        let below = FLOORS.iter().find(|(name, _)| *name == floor).map(|(_, below)| *below);
        let imports = source.imports();
        let wrong = move |import: &String| match below {
            Some(below) => known(import) && *import != floor && !below.contains(&import.as_str()),
            // The crate's own page, which re-exports.
            None => floor != "lib",
        };
        let say = move |import| format!("{} imports crate::{import}", source.path.display());
        imports.into_iter().filter(wrong).map(say).collect::<Vec<_>>()
    }));
}

#[test]
fn every_module_of_the_library_has_a_floor() {
    let floors: BTreeSet<_> =
        sources().iter().map(Source::floor).filter(|floor| !matches!(floor.as_str(), "lib" | "bin")).collect();
    assert!(floors.contains("http") && floors.contains("error"), "{floors:?}");
    assert_none(floors.into_iter().filter(|floor| FLOORS.iter().all(|(name, _)| name != floor)));
}

#[test]
fn nothing_climbs_out_of_its_floor() {
    assert_none(
        sources()
            .iter()
            .filter(|source| !source.is_of_the_program() && source.climbs_out())
            .map(|source| format!("{} leaves its floor by super::", source.path.display())),
    );
}

#[test]
fn the_library_knows_no_command_line_no_table_and_no_terminal() {
    assert_none(sources().iter().filter(|source| !source.is_of_the_program()).flat_map(|source| {
        let named = OF_THE_PROGRAM.iter().filter(|name| source.names_crate(name));
        named.map(|name| format!("{} uses {name}", source.path.display())).collect::<Vec<_>>()
    }));
}

#[test]
fn nothing_prints_but_the_output_and_the_report() {
    let printing = ["println!", "print!", "eprintln!", "eprint!", "dbg!"];
    assert_none(sources().iter().flat_map(|source| {
        let writes = WRITERS.iter().any(|part| source.path.starts_with(Path::new("bin/rls").join(part)));
        let macros = printing.iter().filter(move |_| !writes).filter(|name| {
            source.text.match_indices(**name).any(|(at, _)| !source.text[..at].ends_with(|c: char| c.is_alphanumeric()))
        });
        let streams =
            ["stdout()", "stderr()"].iter().filter(|name| !source.is_of_the_program() && source.text.contains(**name));
        macros.chain(streams).map(|name| format!("{} has {name}", source.path.display())).collect::<Vec<_>>()
    }));
}

#[test]
fn what_is_looked_for_would_be_found() {
    let text = "use crate::http::Transport;\nuse crate::{error::Error, trust::{self, Trust}};\n// use crate::registry::Client;\n";
    let source = Source { path: "auth/x.rs".into(), text: without_comments(text) };
    assert_eq!(source.imports().into_iter().collect::<Vec<_>>(), ["error", "http", "trust"]);
    let source = Source { path: "http/x.rs".into(), text: "use clap::Parser; my_tabled::x; a::tabled::x".to_owned() };
    assert!(source.names_crate("clap") && !source.names_crate("tabled"));
    for (path, text, climbs) in [
        ("http/x.rs", "use super::y; mod tests { use super::super::y; }", false),
        ("http/x.rs", "use super::super::registry;", true),
        ("http/mod.rs", "use super::registry;", true),
        ("error.rs", "mod tests { use super::*; }", false),
    ] {
        let source = Source { path: path.into(), text: text.to_owned() };
        assert_eq!(source.climbs_out(), climbs, "{path}: {text}");
    }
}
