//! The examples of the library, against the embedded registry.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use registry_fixture::{Auth, Personality, Registry, Running, User};

/// The folder of the examples. `cargo test` builds them; with `--test it` alone they are built here.
fn folder() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let program = Path::new(env!("CARGO_BIN_EXE_rls")).parent().expect("the folder of the program");
        let status = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--examples",
                "--manifest-path",
                concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
            ])
            .arg("--target-dir")
            .arg(program.parent().expect("the target directory"))
            .status();
        assert!(status.expect("cargo runs").success(), "the examples build");
        program.join("examples")
    });
    &FOLDER
}

/// Runs an example without any configuration of this machine; its output, and whether it succeeded.
fn example(registry: &Running, name: &str, arguments: &[&str]) -> (bool, String) {
    let home = tempfile::tempdir().expect("a home");
    let output = Command::new(folder().join(name))
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", "/usr/bin:/bin")
        .arg(format!("http://{}", registry.host()))
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let text = String::from_utf8(output.stdout).expect("text") + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text)
}

#[test]
fn list_prints_the_tags() {
    let registry = Registry::builder().seed("demo".parse().expect("a seed")).start();
    let (succeeds, text) = example(&registry, "list", &["team/app"]);
    assert!(succeeds && text.lines().any(|line| line == "latest"), "{text}");
}

#[test]
fn resolve_prints_digests_and_what_does_not_exist() {
    let registry = Registry::builder().seed("demo".parse().expect("a seed")).start();
    let (succeeds, text) = example(&registry, "resolve", &["team/app:latest", "team/app:nope"]);
    let lines: Vec<_> = text.lines().collect();
    assert!(succeeds && lines[0].starts_with("team/app:latest sha256:"), "{text}");
    assert_eq!(lines[1], "team/app:nope does not exist");
}

#[test]
fn delete_removes_a_tag_and_keeps_the_others() {
    let registry = Registry::builder().personality(Personality::Zot).seed("demo".parse().expect("a seed")).start();
    let (_, before) = example(&registry, "list", &["team/app"]);
    let (succeeds, text) = example(&registry, "delete", &["team/app", "1.2.0"]);
    assert!(succeeds && text.contains("removed"), "{text}");
    let (_, after) = example(&registry, "list", &["team/app"]);
    let others: Vec<_> = before.lines().filter(|tag| *tag != "1.2.0").collect();
    assert_eq!(after.lines().collect::<Vec<_>>(), others);
}

#[test]
fn credential_provider_logs_in_with_the_output_of_a_command() {
    let registry = Registry::builder()
        .auth(Auth::Basic)
        .user(User::admin("AWS", "secret"))
        .seed("demo".parse().expect("a seed"))
        .start();
    let (succeeds, text) = example(&registry, "credential_provider", &["team/app", "echo", "secret"]);
    assert!(succeeds && text.lines().any(|line| line == "latest"), "{text}");
    let (succeeds, text) = example(&registry, "credential_provider", &["team/app", "echo", "wrong"]);
    assert!(!succeeds && text.contains("echo wrong"), "{text}");
}
