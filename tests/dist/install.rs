//! What the README says about installing from source, on a machine as rustup leaves it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use test_support::Home;

use crate::release::{VERSION, checkout, files, folder, leave_out, output};

/// What rustup's proxy for the retired language server does.
const PROXY: &str = "echo 'error: Unknown binary rls in official toolchain' >&2; exit 1";

/// The commands of the README's section "Install", without comments.
fn lines() -> Vec<String> {
    let readme = fs::read_to_string(checkout().join("README.md")).expect("a README");
    let (_, section) = readme.split_once("\n## Install\n").expect("a section");
    let (section, _) = section.split_once("\n## ").expect("another section");
    let lines = section.lines().filter_map(|line| line.strip_prefix("    "));
    lines.map(|line| line.split("  #").next().unwrap_or_default().trim_end().to_owned()).collect()
}

/// A debug build, which shares the crates that the tests have built; the rest of the line is unchanged.
#[test]
fn the_first_line_of_the_readme_works_beside_the_proxy_of_rustup() {
    let home = Home::new();
    let line = lines().remove(0);
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

/// The others name files of the release, where that is for the architecture of the README.
#[test]
fn the_readme_names_the_files_of_the_release() {
    if std::env::consts::ARCH != "x86_64" {
        return leave_out("the test of the names in the README", "they are those of x86_64");
    }
    let lines = lines();
    let of_release = |word: &&str| word.ends_with(".deb") || word.ends_with(".rpm") || word.contains(".tar");
    let words = lines.iter().flat_map(|line| line.split([' ', ':'])).filter(of_release);
    let named: Vec<_> = words.map(|word| word.trim_start_matches("./").to_owned()).collect();
    assert_eq!(named.len(), 4, "{named:?}");
    for name in &named {
        assert!(files().contains(name), "{name} in {:?}", files());
    }

    let home = Home::new();
    fs::create_dir_all(home.path(".local/bin")).expect("the folder is made");
    let unpack = lines.iter().find(|line| line.starts_with("tar ")).expect("a line for the archive");
    let mut shell = Command::new("sh");
    shell
        .args(["-ec", &format!("{unpack}\n~/.local/bin/rls --version")])
        .current_dir(folder())
        .env("HOME", home.root());
    assert_eq!(output(&mut shell), format!("rls {VERSION}\n"));
}
