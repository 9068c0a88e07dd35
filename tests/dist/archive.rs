//! The archive, the checksums, and where `cargo binstall` looks.

use insta::assert_snapshot;

use crate::release::{VERSION, checkout, file, files, folder, sh};

/// Lines, with the version and this machine's architecture replaced.
fn general(lines: &str) -> String {
    let arch = std::env::consts::ARCH;
    let debian = if arch == "x86_64" { "amd64" } else { "arm64" };
    lines.replace(VERSION, "VERSION").replace(arch, "ARCH").replace(debian, "DEBARCH")
}

#[test]
fn the_release_has_checksums() {
    assert_snapshot!(general(&files().join("\n")), @"
    SHA256SUMS
    registry-ls-VERSION-1.ARCH.rpm
    registry-ls_VERSION-1_DEBARCH.deb
    rls-VERSION-linux-DEBARCH.oci.tar
    rls-VERSION-ARCH-unknown-linux-gnu.cdx.json
    rls-VERSION-ARCH-unknown-linux-gnu.tar.gz
    ");
    let checked = sh("cd \"$1\" && sha256sum --check --strict SHA256SUMS", [folder()]);
    assert_eq!(checked.lines().count(), files().len() - 1, "each file but the list itself:\n{checked}");
}

#[test]
fn the_archive_holds_program_pages_completions_and_licenses() {
    let listed = sh("tar -tvzf \"$1\" --numeric-owner | sed 's/ \\+/ /g' | cut -d' ' -f1,2,6", [file(".tar.gz")]);
    let pages = listed.lines().filter(|line| line.contains("/man/rls-")).count();
    let commands = checkout().join("man").read_dir().expect("the pages").count() - 1;
    assert_eq!(pages, commands, "a page for each command");
    let others: String =
        listed.lines().filter(|line| !line.contains("/man/rls-")).map(|line| format!("{line}\n")).collect();
    assert_snapshot!(general(&others), @"
    drwxr-xr-x 0/0 rls-VERSION-ARCH-unknown-linux-gnu/
    -rw-r--r-- 0/0 rls-VERSION-ARCH-unknown-linux-gnu/CHANGELOG.md
    -rw-r--r-- 0/0 rls-VERSION-ARCH-unknown-linux-gnu/LICENSE-APACHE
    -rw-r--r-- 0/0 rls-VERSION-ARCH-unknown-linux-gnu/LICENSE-MIT
    -rw-r--r-- 0/0 rls-VERSION-ARCH-unknown-linux-gnu/README.md
    drwxr-xr-x 0/0 rls-VERSION-ARCH-unknown-linux-gnu/completions/
    -rw-r--r-- 0/0 rls-VERSION-ARCH-unknown-linux-gnu/completions/_rls
    -rw-r--r-- 0/0 rls-VERSION-ARCH-unknown-linux-gnu/completions/_rls.ps1
    -rw-r--r-- 0/0 rls-VERSION-ARCH-unknown-linux-gnu/completions/rls.bash
    -rw-r--r-- 0/0 rls-VERSION-ARCH-unknown-linux-gnu/completions/rls.elv
    -rw-r--r-- 0/0 rls-VERSION-ARCH-unknown-linux-gnu/completions/rls.fish
    drwxr-xr-x 0/0 rls-VERSION-ARCH-unknown-linux-gnu/man/
    -rw-r--r-- 0/0 rls-VERSION-ARCH-unknown-linux-gnu/man/rls.1
    -rwxr-xr-x 0/0 rls-VERSION-ARCH-unknown-linux-gnu/rls
    ");
}

/// `cargo binstall` fills in the templates of Cargo.toml and takes the program out of the archive.
#[test]
fn cargo_binstall_finds_the_program() {
    let manifest: toml::Table =
        std::fs::read_to_string(checkout().join("Cargo.toml")).expect("a manifest").parse().expect("TOML");
    let binstall = &manifest["package"]["metadata"]["binstall"];
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let filled = |key: &str| {
        let template = binstall[key].as_str().expect("a template");
        template.replace("{ version }", VERSION).replace("{ target }", &target).replace("{ bin }", "rls")
    };
    let archive = file(".tar.gz");
    let name = archive.file_name().expect("a name").to_str().expect("UTF-8");
    assert_eq!(filled("pkg-url"), format!("{{ repo }}/releases/download/v{VERSION}/{name}"));
    let folder = tempfile::tempdir().expect("a folder");
    let script = "tar -xzf \"$1\" -C \"$2\" && \"$2/$3\" --version";
    let version = sh(script, [archive.as_os_str(), folder.path().as_os_str(), filled("bin-dir").as_ref()]);
    assert!(version.starts_with(&format!("rls {VERSION}")), "{version}");
}
