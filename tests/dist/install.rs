//! What the README says about installing from source, on a machine as rustup leaves it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use test_support::Home;

use crate::release::{VERSION, checkout, output};

/// What rustup's proxy for the retired language server does.
const PROXY: &str = "echo 'error: Unknown binary rls in official toolchain' >&2; exit 1";

/// The first line of the README's section "Install".
fn first_line() -> String {
    let readme = fs::read_to_string(checkout().join("README.md")).expect("a README");
    let (_, section) = readme.split_once("\n## Install\n").expect("a section");
    section.lines().find_map(|line| line.strip_prefix("    ")).expect("a command").to_owned()
}

/// A debug build, which shares the crates that the tests have built; the rest of the line is unchanged.
#[test]
fn the_first_line_of_the_readme_works_beside_the_proxy_of_rustup() {
    let home = Home::new();
    let line = first_line();
    assert!(line.contains("cargo install "), "{line}");
    let line = line.replace("cargo install ", "cargo install --quiet --debug ");
    // One proxy is found before everything else, the other one is where rls goes.
    let proxy = home.write_program("rls", PROXY);
    fs::create_dir_all(home.path(".local/bin")).expect("the folder is made");
    fs::copy(&proxy, home.path(".local/bin/rls")).expect("the proxy is copied");
    let real = |variable: &str, folder: &str| {
        std::env::var_os(variable)
            .map_or_else(|| PathBuf::from(std::env::var_os("HOME").expect("a home")).join(folder), PathBuf::from)
    };
    let cargo = real("CARGO_HOME", ".cargo");
    let path = std::env::join_paths([home.path("bin"), cargo.join("bin"), "/usr/bin".into(), "/bin".into()]);
    let mut shell = Command::new("sh");
    shell.args(["-ec", &format!("{line}\ncommand -v rls\nrls --version\n{line}")]).current_dir(checkout());
    shell.env("HOME", home.root()).env("CARGO_HOME", &cargo).env("RUSTUP_HOME", real("RUSTUP_HOME", ".rustup"));
    let printed = output(shell.env("PATH", path.expect("no colon")));
    let installed = home.path(".local/bin/rls");
    assert!(printed.starts_with(&format!("{}\nrls {VERSION}", installed.display())), "{printed}");
}
