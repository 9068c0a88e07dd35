//! Files and streams that a user names: a pipe that never ends, an endless device, a closed standard output. With all
//! of them rls ends at a signal or at the time limit, and uses little memory.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use registry_fixture::content::ImageSpec;
use registry_fixture::{Auth, Match, Registry, Running, Tls, User};
use test_support::Rls;
use test_support::process::{Signal, is_reading_stdin, is_writing_stdout, send};

use crate::registries::{empty, seeded};

/// Longer than anything here may take: a run that exceeds it hangs.
const HANGS: Duration = Duration::from_secs(60);

/// Every option that names a file, each with a pipe instead.
fn readers(registry: &Running) -> Vec<Rls> {
    let at = || Rls::at(registry).with_pipe("pipe");
    let tls = || Rls::new().with_pipe("pipe").args(["-r", "https://127.0.0.1:1"]);
    vec![
        at().words("--config pipe tags grid/repo-000"),
        at().words("tags grid/repo-000").env("RLS_CONFIG", "pipe"),
        tls().words("tags app --ca-file pipe"),
        tls().words("tags app").env("RLS_CA_FILE", "pipe"),
        tls().words("tags app --client-cert pipe --client-key pipe"),
        tls().words("doctor --ca-file pipe"),
        at().words("tags grid/repo-000 --auth-file pipe"),
        at().words("rm grid/repo-000:latest").env("REGISTRY_AUTH_FILE", "pipe"),
        at().words("rm --apply pipe --yes"),
        at().words("rm grid/repo-000:latest --keep-used pipe"),
        at().words("prune grid/repo-000 --keep-last 1 --keep-used pipe"),
        at().words("check --refs pipe"),
        at().words("drift pipe"),
        Rls::new().with_pipe("pipe").words("trust --check pipe"),
        tls().words("trust --from-secret pipe"),
    ]
}

/// Ends as a process does, or hangs.
fn code(mut child: Child, what: &str) -> Option<i32> {
    let begun = Instant::now();
    loop {
        match child.try_wait().expect("a status") {
            Some(status) => return status.code(),
            None if begun.elapsed() > HANGS => {
                // It is over either way.
                let _ = child.kill();
                panic!("it hangs: {what}");
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// Waits until the pipe is read. Holding the returned end keeps the reader waiting.
fn wait_for_reader(rls: &Rls) -> File {
    const NONBLOCK: i32 = 0o4000;
    loop {
        // The pipe has no reader yet.
        if let Ok(end) = OpenOptions::new().write(true).custom_flags(NONBLOCK).open(rls.home().join("pipe")) {
            return end;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn locked() -> Running {
    let registry = Registry::builder().auth(Auth::Basic).user(User::admin("ann", "hunter2")).start();
    registry.push_image("grid/repo-000", "latest", &ImageSpec::new("app"));
    registry
}

#[test]
fn the_time_limit_ends_the_wait_for_a_file() {
    let registry = locked();
    for rls in readers(&registry) {
        let rls = rls.words("--timeout 300ms");
        let outcome = rls.run();
        assert_eq!((outcome.code, &*outcome.stdout), (Some(12), ""), "{:?}: {outcome}", rls.command());
        assert_eq!(outcome.stderr.lines().next(), Some("error: timed out after 300ms"), "{:?}", rls.command());
    }
    let variable = Rls::at(&registry).with_pipe("pipe").words("--config pipe repos").env("RLS_TIMEOUT", "300ms");
    assert_eq!(variable.run().code, Some(12));
}

#[test]
fn a_signal_ends_the_wait_for_a_file() {
    let registry = locked();
    for (signal, expected) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        for rls in readers(&registry) {
            let mut command = rls.command();
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let child = command.spawn().expect("rls starts");
            let end = wait_for_reader(&rls);
            send(child.id(), signal);
            assert_eq!(code(child, "a file"), Some(expected), "{:?}", rls.command());
            drop(end);
        }
    }
}

#[test]
fn the_time_limit_and_a_signal_end_the_wait_for_standard_input() {
    let registry = locked();
    for words in [
        "tags -",
        "digest -",
        "rm - --yes",
        "rm --apply -",
        "snapshot -",
        "check --refs -",
        "drift -",
        "tags grid/repo-000 -u ann --password-stdin",
        "tags grid/repo-000 --auth-file -",
        "login -u ann --password-stdin",
    ] {
        let start = |more: &str| {
            let rls = Rls::at(&registry).words(words).words(more);
            let mut command = rls.command();
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
            // The home directory has to last as long as the process.
            (command.spawn().expect("rls starts"), rls)
        };
        let (mut limited, _rls) = start("--timeout 300ms");
        let _held = limited.stdin.take();
        assert_eq!(code(limited, words), Some(12), "{words}");
        let (mut child, _rls) = start("");
        let _held = child.stdin.take();
        while !is_reading_stdin(child.id()) {
            std::thread::yield_now();
        }
        send(child.id(), Signal::TERM);
        assert_eq!(code(child, words), Some(143), "{words}");
    }
    assert_eq!(registry.lines(), [""; 0]);
}

#[test]
fn the_time_limit_and_a_signal_end_the_wait_for_a_credential_helper() {
    let registry = locked();
    for words in ["tags grid/repo-000", "rm grid/repo-000:latest", "login -u ann --password-stdin", "logout", "doctor"]
    {
        let rls = Rls::at(&registry)
            .docker_config(r#"{"credsStore":"slow"}"#)
            .program("docker-credential-slow", "echo $$ >> called; exec sleep 600")
            .words(words)
            .stdin("hunter2");
        let called = rls.home().join("called");
        let limited = rls.then(words).words("--timeout 500ms");
        let outcome = limited.run();
        assert_eq!(outcome.code, Some(12), "{words}: {outcome}");
        std::fs::remove_file(&called).expect("the helper was called");
        let rls = limited.then(words);
        let mut command = rls.command();
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("rls starts");
        let mut input = child.stdin.take().expect("it is piped");
        std::io::Write::write_all(&mut input, b"hunter2").expect("it is read");
        drop(input);
        while !called.exists() {
            std::thread::yield_now();
        }
        send(child.id(), Signal::INT);
        assert_eq!(code(child, words), Some(130), "{words}");
    }
}

#[test]
fn blocked_files_and_readers_do_not_prevent_the_exit() {
    // The system's roots are read where nothing can be waited for.
    let registry = Registry::builder().tls(Tls::Issued).start();
    let rls =
        || Rls::beside(&registry).with_pipe("pipe").env("SSL_CERT_FILE", "pipe").args(["-r", &registry.url(), "repos"]);
    let outcome = rls().words("--timeout 300ms").run();
    assert_eq!(
        (outcome.code, outcome.stderr.lines().next().unwrap_or_default()),
        (Some(12), "error: timed out after 300ms")
    );
    // Nor can a reader be made to read.
    let registry = empty();
    registry.tag_many("app", 40_000);
    let rls = Rls::at(&registry).words("tags app");
    let mut command = rls.command();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let child = command.spawn().expect("rls starts");
    while registry.count(&Match::get("/v2/app/tags/list")) == 0 || !is_writing_stdout(child.id()) {
        std::thread::yield_now();
    }
    send(child.id(), Signal::TERM);
    assert_eq!(code(child, "tags app"), Some(143));
}

/// Run by bash, which stays its parent, with further arguments or redirections.
fn by_bash(rls: Rls, more: &str) -> Rls {
    rls.run_by(&["bash", "-c", &format!("\"$0\" \"$@\" {more}")])
}

#[test]
fn a_pipe_can_be_read_as_a_file() {
    let registry = Registry::builder().auth(Auth::Basic).user(User::admin("ann", "hunter2")).tls(Tls::Issued).start();
    registry.push_image("app", "1.0", &ImageSpec::new("app"));
    let entry = format!("{{\"auths\":{{\"{}\":{{\"auth\":\"YW5uOmh1bnRlcjI=\"}}}}}}", registry.host());
    let file = |text: &str| format!("<(printf %s '{text}')");
    let config = file(&format!("registry = \"{}\"", registry.url()));
    let files = format!("--config {config} --ca-file {} --auth-file {}", file(registry.ca_pem()), file(&entry));
    let outcome = by_bash(Rls::new(), &files).words("tags app").run();
    assert_eq!((outcome.code, &*outcome.stdout), (Some(0), "1.0\n"), "{outcome}");
}

#[test]
fn a_pipe_is_read_once_for_all_registries() {
    let start = || {
        let user = User::admin("ann", "hunter2");
        let registry = Registry::builder().auth(Auth::Basic).user(user).tls(Tls::Issued).start();
        registry.push_image("app", "1.0", &ImageSpec::new("app"));
        registry
    };
    let (one, other) = (start(), start());
    let entry = |registry: &Running| format!("\"{}\":{{\"auth\":\"YW5uOmh1bnRlcjI=\"}}", registry.host());
    let auths = format!("{{\"auths\":{{{},{}}}}}", entry(&one), entry(&other));
    let ca = format!("{}{}", one.ca_pem(), other.ca_pem());
    let rls = Rls::new().with_file("auth.json", auths).with_file("ca.pem", ca);
    let rls = by_bash(rls, "--ca-file <(cat ca.pem) --auth-file <(cat auth.json)");
    let outcome = rls.words(&format!("tags {}/app {}/app", one.host(), other.host())).run();
    assert_eq!((outcome.code, outcome.stdout.lines().count()), (Some(0), 2), "{outcome}");
}

#[test]
fn an_endless_device_is_too_large() {
    let registry = locked();
    let tls = || Rls::new().args(["-r", "https://127.0.0.1:1"]);
    let at = || Rls::at(&registry);
    let zero = "/dev/zero";
    for (rls, largest) in [
        (at().args(["--config", zero, "repos"]), "1 MiB"),
        (at().words("repos").env("RLS_CONFIG", zero), "1 MiB"),
        (at().args(["rm", "--apply", zero]), "16 MiB"),
        (at().args(["tags", "grid/repo-000", "--auth-file", zero]), "1 MiB"),
        (at().args(["check", "--refs", zero]), "16 MiB"),
        (at().args(["drift", zero]), "16 MiB"),
        (tls().args(["repos", "--ca-file", zero]), "8 MiB"),
        (tls().args(["repos", "--client-cert", zero, "--client-key", zero]), "8 MiB"),
        (Rls::new().args(["trust", "--check", zero]), "8 MiB"),
    ] {
        let outcome = rls.run();
        assert_eq!(outcome.code, Some(2), "{:?}: {outcome}", rls.command());
        assert!(outcome.stderr.contains(&format!("larger than {largest}\n")), "{:?}: {outcome}", rls.command());
    }
    for words in ["tags -", "rm - --yes", "rm --apply -", "repos -u ann --password-stdin", "repos --auth-file -"] {
        let rls = at().words(words);
        let output = rls.command().stdin(File::open(zero).expect("it is there")).output().expect("rls runs");
        let outcome = rls.outcome(&output);
        assert_eq!(outcome.code, Some(2), "{words}: {outcome}");
        assert!(outcome.stderr.contains("cause: it is larger than "), "{words}: {outcome}");
    }
    assert!(registry.requests().iter().all(|request| request.authorization().is_none() && request.method == "GET"));
}

#[test]
fn a_plan_is_written_to_an_existing_folder_only() {
    let registry = seeded("shared");
    let rls = Rls::at(&registry).words("rm shared/app:1.3.9 -q --save-plan none/plan.json");
    assert_snapshot!(rls.run(), @"
    exit 2
    --- stdout
    would-remove→shared/app:1.3.9
    --- stderr
    error: cannot write the plan none/plan.json
    cause: folder none does not exist
    ");
    assert!(!rls.home().join("none").exists());
}

#[test]
fn a_closed_standard_output_is_reported_before_anything_is_done() {
    let registry = seeded("shared");
    let closed = |words: &str, redirection: &str| by_bash(Rls::at(&registry), redirection).words(words).run();
    for words in [
        "tags shared/app",
        "digest shared/app",
        "manifest shared/app --raw",
        "files shared/app",
        "cat shared/app /etc/none",
        "referrers shared/app",
        "diff shared/app:1.3.9 shared/app:1.4.0",
        "du shared/app",
        "find shared/app --label none",
        "check shared/app",
        "snapshot shared/app",
        "wait shared/app:1.3.9",
        "cache info",
        "help schema tags",
        "repos -o json",
        "rm shared/app:1.3.9",
        "prune shared/app --keep latest --yes",
        "doctor",
        "completions bash",
        "--version",
        "--help",
    ] {
        let outcome = closed(words, ">&-");
        assert_eq!(outcome.code, Some(13), "{words}: {outcome}");
        let report = "error: cannot write the output: standard output is closed\n";
        assert_eq!(&*outcome.stderr, report, "{words}");
        // Output to /dev/null is intended.
        assert_eq!(closed(words.trim_end_matches(" --yes"), ">/dev/null 2>&1").code.filter(|code| *code == 13), None);
    }
    assert_eq!(registry.tags("shared/app").len(), 4);
    // So does a program that gives us /dev/null to read and to write.
    let null = OpenOptions::new().read(true).write(true).open("/dev/null").expect("it is there");
    let rls = Rls::at(&registry).words("tags shared/app");
    assert_eq!(rls.command().stdout(null).status().expect("rls runs").code(), Some(0));
}
