//! The dependencies: each has a written reason, and the README says how many there are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The packages of this repository.
const PACKAGES: &[&str] = &["Cargo.toml", "fixtures/registry/Cargo.toml", "fixtures/support/Cargo.toml"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn manifest(path: &str) -> toml::Table {
    text(path).parse().unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names of direct dependencies.
fn dependencies(manifest: &toml::Table, section: &str) -> Vec<String> {
    let table = manifest.get(section).and_then(toml::Value::as_table);
    table.into_iter().flat_map(|table| table.keys().cloned()).collect()
}

#[test]
fn each_dependency_has_a_comment_with_its_reason() {
    let mut missing = Vec::new();
    for package in PACKAGES {
        let (text, manifest) = (text(package), manifest(package));
        let lines: Vec<_> = text.lines().collect();
        let named = ["dependencies", "dev-dependencies"].into_iter().flat_map(|section| {
            let start = lines.iter().position(|line| *line == format!("[{section}]"));
            dependencies(&manifest, section).into_iter().map(move |name| (start, name))
        });
        for (start, name) in named {
            let start = start.expect("the section of a dependency");
            let at = lines[start..].iter().position(|line| line.starts_with(&format!("{name} = ")));
            let above = lines[start + at.unwrap_or_else(|| panic!("{package}: {name} on a line of its own")) - 1];
            let is_reason = above.starts_with("# ") && !above.starts_with("# ---") && above.ends_with('.');
            if !is_reason {
                missing.push(format!("{package}: {name}"));
            }
        }
    }
    assert!(missing.is_empty(), "without a line that says what it is for:\n{}", missing.join("\n"));
}

#[test]
fn each_dependency_is_used() {
    let mut idle = Vec::new();
    for package in PACKAGES {
        let folder = root().join(package).parent().expect("a folder").to_owned();
        let (own, tests) = (words(&[folder.join("src")]), words(&[folder.join("tests"), folder.join("benches")]));
        let manifest = manifest(package);
        let named = |section| dependencies(&manifest, section).into_iter().map(|name| name.replace('-', "_"));
        idle.extend(named("dependencies").filter(|name| !own.contains(name)));
        idle.extend(named("dev-dependencies").filter(|name| !own.contains(name) && !tests.contains(name)));
    }
    assert!(idle.is_empty(), "in Cargo.toml, and in no source: {idle:?}");
}

/// The words in the sources below these folders.
fn words(folders: &[PathBuf]) -> BTreeSet<String> {
    let mut folders = folders.to_vec();
    let mut words = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source");
                let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                let split = |line: &str| {
                    line.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_owned).collect::<Vec<_>>()
                };
                words.extend(code.flat_map(split));
            }
        }
    }
    words
}

#[test]
fn workspace_crates_forbid_unsafe_code() {
    let lints = &manifest("Cargo.toml")["workspace"]["lints"]["rust"];
    assert_eq!(lints["unsafe_code"].as_str(), Some("forbid"));
    for package in PACKAGES {
        assert_eq!(manifest(package)["lints"]["workspace"].as_bool(), Some(true), "{package}");
    }
    let members = manifest("Cargo.toml")["workspace"]["members"].as_array().cloned().unwrap_or_default();
    assert_eq!(members.len() + 1, PACKAGES.len(), "every package is looked at");
}

#[test]
fn dependencies_are_locked_and_counted_in_the_readme() {
    let (program, library) = (tree(&[]), tree(&["--no-default-features"]));
    let sentence = format!(
        "On Linux the program is built from {} crates, {} of which it names itself; the library alone from {}, of which it names {}.",
        program.0, program.1, library.0, library.1
    );
    // The README may break the line anywhere.
    let folded = text("README.md").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(folded.contains(&sentence), "the README is to say: {sentence}");
    assert!(!text(".gitignore").contains("Cargo.lock"), "the lock file is committed");
}

/// How many crates it is built from, and how many of them are direct dependencies. Fails when the lock file does not
/// fit.
fn tree(features: &[&str]) -> (usize, usize) {
    let count = |depth: &[&str]| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args([
            "tree",
            "--locked",
            "--offline",
            "--package",
            "registry-ls",
            "--target",
            "x86_64-unknown-linux-gnu",
            "--edges",
            "normal",
            "--prefix",
            "none",
        ]);
        let output = cargo.args(features).args(depth).current_dir(root()).output().expect("cargo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let shown = String::from_utf8(output.stdout).expect("text");
        let names: BTreeSet<_> = shown.lines().filter_map(|line| line.split(' ').next()).collect();
        // The package itself is one of them.
        names.len() - 1
    };
    (count(&[]), count(&["--depth", "1"]))
}
