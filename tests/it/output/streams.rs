//! Lines before the listing is complete, closed pipes, full disks.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use std::sync::mpsc;

use insta::assert_snapshot;
use registry_fixture::{Match, Registry};
use test_support::Rls;

use crate::registries::{seeded, with_seed};

#[test]
fn names_are_printed_after_the_first_page() {
    let registry = with_seed(Registry::builder(), "6x1").catalog_pages(2, 1000).start();
    let (release, released) = mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    // The second page does not come before the first one's names were read.
    registry.on_request(Match::get("/v2/_catalog").query("last="), move |_, _| {
        let _ = released.lock().expect("no test panics while it holds the lock").recv();
    });
    // Without a page size, this registry sends pages of 2. rls requests none once its sizes are refused.
    registry
        .inject(Match::get("/v2/_catalog").query("n=1000"), registry_fixture::Answer::error(400, "UNSUPPORTED", "no"));
    registry
        .inject(Match::get("/v2/_catalog").query("n=100"), registry_fixture::Answer::error(400, "UNSUPPORTED", "no"));
    registry
        .inject(Match::get("/v2/_catalog").query("n=50"), registry_fixture::Answer::error(400, "UNSUPPORTED", "no"));
    let rls = Rls::at(&registry).words("repos");
    let mut child = rls.spawn();
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let first: Vec<_> = lines.by_ref().take(2).map(|line| line.expect("UTF-8")).collect();
    assert_eq!(first, ["grid/repo-000", "grid/repo-001"]);
    drop(release);
    assert_eq!(lines.count(), 4);
    assert!(child.wait().expect("a program that ends").success());
}

#[test]
fn a_closed_pipe_ends_the_program_silently() {
    let registry = seeded("many:200000");
    for words in ["tags many", "tags many --sort none", "tags many -o json", "tags many -o yaml"] {
        let rls = Rls::at(&registry).words(words);
        let mut child = rls.spawn();
        let mut first = [0; 1];
        child.stdout.take().expect("a pipe").read_exact(&mut first).expect("some output");
        let output = child.wait_with_output().expect("a program that ends");
        assert_eq!(rls.outcome(&output).to_string(), "exit 141\n", "{words}");
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let registry = seeded("demo");
    for words in ["repos", "tags team/app -o json", "manifest team/app --raw", "digest team/app", "completions bash"] {
        let rls = Rls::at(&registry).words(words);
        let full = OpenOptions::new().write(true).open("/dev/full").expect("a device of Linux");
        let output = rls
            .command()
            .stdin(Stdio::null())
            .stdout(full)
            .stderr(Stdio::piped())
            .output()
            .expect("a program that runs");
        let report = "error: cannot write the output: No space left on device\n";
        assert_eq!(rls.outcome(&output).to_string(), format!("exit 13\n--- stderr\n{report}"), "{words}");
    }
}

#[test]
fn help_and_version_go_to_standard_output() {
    let version = Rls::new().words("--version").succeeds();
    assert_eq!(*version, format!("rls {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(*Rls::new().words("version").succeeds(), *version);
    for words in ["--help", "-h", "help", "help tags", "help help", "help --help", "tags --help", "tags -h"] {
        let help = Rls::new().words(words).succeeds();
        assert!(help.contains("Usage: rls"), "{words}: {help}");
    }
    let nothing = Rls::new().run();
    assert_eq!((nothing.code, &*nothing.stdout), (Some(2), ""));
    assert!(nothing.stderr.contains("Usage: rls"), "{nothing}");
    assert!(nothing.stderr.contains("\nBrowse "), "{nothing}");
}

#[test]
fn every_shell_has_completions() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = Rls::new().args(["completions", shell]).succeeds();
        assert!(script.contains("rls"), "{shell}");
    }
    assert_snapshot!(Rls::new().words("completions tcsh").fails(2), @"
    error: invalid value 'tcsh' for SHELL
    cause: expected bash, elvish, fish, powershell, zsh
    ");
}
