//! What systems and people do to the process: signals at any moment, closed streams, homes and clocks that are
//! odd.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use test_support::process::{Signal, is_ignoring, send, wait_until};
use test_support::server::unused_address;
use test_support::tls::ServerCertificate;
use test_support::{Reply, Rls, Server, Then};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::canary;
use crate::faults::paged;
use crate::runner::{Canaries as _, Holder, Outcome, Stdout, program};

const TAGS: [&str; 6] = crate::faults::ALL;

/// A registry of three pages behind a login.
fn registry() -> Server {
    let mut pages = paged(|_, _| None);
    Server::start(move |request| match request.authorization() {
        _ if request.is_for_token() => canary::token(canary::TOKEN),
        None => Reply::wants_token_of("/token"),
        Some(_) => pages(request),
    })
}

fn tags(server: &Server) -> Rls {
    program().env("RLS_REGISTRY", server.url()).holding(Holder::Environment, &server.host()).words("tags team/app")
}

#[track_caller]
fn is_whole(what: &str, outcome: &Outcome) {
    outcome.is_clean();
    assert_eq!((outcome.code, outcome.lines(), &*outcome.stderr), (Some(0), TAGS.to_vec(), ""), "{what}: {outcome}");
}

/// Whole lines, and the first ones: nothing is left out between two of them.
#[track_caller]
fn is_beginning(outcome: &Outcome) {
    outcome.is_clean();
    assert!(outcome.stdout.is_empty() || outcome.stdout.ends_with(b"\n"), "{outcome}");
    let lines = outcome.lines();
    let expected: Vec<_> = (0..lines.len()).map(|number| format!("build-{number:05}")).collect();
    assert_eq!(lines, expected, "{outcome}");
}

#[test]
fn a_signal_at_any_time_leaves_whole_lines() {
    // An endless list in small pieces, so that a signal always arrives in the middle of it.
    let server = Server::start(move |request| {
        let page = request.query("page").map_or(0, |page| page.parse::<usize>().expect("a number"));
        let names: Vec<_> = (page * 50..(page + 1) * 50).map(|number| format!("build-{number:05}")).collect();
        Reply::tags(&names).next(&format!("/v2/team/app/tags/list?page={}", page + 1))
    });
    for (signal, code) in [(Signal::HUP, 129), (Signal::INT, 130), (Signal::TERM, 143)] {
        for moment in 0..25 {
            let before = server.requests().len();
            let rls =
                program().env("RLS_REGISTRY", server.url()).words("tags team/app --sort none").ignoring_no_signal();
            let outcome = rls.observe_while(Stdout::Read, |pid| {
                // Before this it may not yet listen for signals, and ends by them as any other process does.
                wait_until(|| server.requests().len() > before + moment);
                std::thread::sleep(Duration::from_micros(fastrand::u64(0..20_000)));
                send(pid, signal);
            });
            is_beginning(&outcome);
            assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(code), ""), "{outcome}");
        }
    }
}

#[test]
fn a_signal_at_startup_ends_the_program() {
    let server = Server::start(|_| Reply::raw("").then(Then::Hang));
    for (signal, code, number) in [(Signal::HUP, 129, 1), (Signal::INT, 130, 2), (Signal::TERM, 143, 15)] {
        for _ in 0..25 {
            let rls = program().env("RLS_REGISTRY", server.url()).words("tags team/app").ignoring_no_signal();
            let outcome = rls.observe_while(Stdout::Read, |pid| {
                wait_until(|| !is_ignoring(pid, signal));
                std::thread::sleep(Duration::from_micros(fastrand::u64(0..100_000)));
                send(pid, signal);
            });
            outcome.is_clean();
            // A shell shows both alike.
            assert!(outcome.code == Some(code) || outcome.signal == Some(number), "{outcome}");
            assert_eq!((outcome.stdout.as_slice(), &*outcome.stderr), (&b""[..], ""), "{outcome}");
        }
    }
}

#[test]
fn a_signal_ends_every_wait() {
    let silent = Server::start(|_| Reply::raw("").then(Then::Hang));
    let limited = Server::start(|_| Reply::error(429, "TOOMANYREQUESTS").header("Retry-After", "50"));
    let helped = Server::start(|_| Reply::wants_password());
    let shaking = Server::talking(|stream| async move { std::mem::forget(stream) });
    let slow = "echo > \"$HOME/called\"; exec sleep 50";
    let waits: [(&str, &Server, Rls); 4] = [
        ("an answer", &silent, program().env("RLS_REGISTRY", silent.url())),
        ("its turn", &limited, program().env("RLS_REGISTRY", limited.url())),
        ("a helper", &helped, program().env("RLS_REGISTRY", helped.url()).helper(slow)),
        ("a handshake", &shaking, program().env("RLS_REGISTRY", shaking.host()).words("--connect-timeout 50s")),
    ];
    for (what, server, rls) in waits {
        let rls = rls.words("tags team/app");
        let (helper, home) = (what == "a helper", rls.home().to_owned());
        let outcome = rls.observe_while(Stdout::Read, |pid| {
            wait_until(|| server.connections() > 0 && (!helper || home.join("called").exists()));
            send(pid, Signal::INT);
        });
        outcome.is_clean();
        // Each of the waits is for fifty seconds or more.
        assert!(outcome.took < Duration::from_secs(30), "{what}: {outcome}");
        assert_eq!((outcome.code, &*outcome.stderr), (Some(130), ""), "{what}: {outcome}");
    }
}

/// The time that a process has spent in user mode, in hundredths of a second (`proc_pid_stat(5)`).
fn cpu_time(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("a running process");
    let (_, fields) = stat.rsplit_once(") ").expect("a name in parentheses");
    fields.split(' ').nth(11).and_then(|ticks| ticks.parse().ok()).expect("a number")
}

#[test]
fn a_signal_ends_sorting() {
    // Sorting a million names takes seconds; rls waits for nothing then.
    let names: Vec<_> = (0..1_000_000).map(|number| format!("{number:06}.1")).collect();
    let reply: Arc<[u8]> = Reply::tags(&names).bytes(false).into();
    let sent = Arc::<AtomicBool>::default();
    let is_sent = Arc::clone(&sent);
    let server = Server::talking(move |mut stream| {
        let (reply, sent) = (Arc::clone(&reply), Arc::clone(&sent));
        async move {
            let _ = stream.read(&mut [0; 4096]).await;
            sent.store(stream.write_all(&reply).await.is_ok(), Ordering::Relaxed);
            let _ = stream.read(&mut [0; 1]).await;
        }
    });
    let rls = program().env("RLS_REGISTRY", server.url()).words("tags team/app --sort version");
    let outcome = rls.observe_while(Stdout::Read, |pid| {
        wait_until(|| is_sent.load(Ordering::Relaxed));
        // What is left to read takes much less than this.
        let before = cpu_time(pid);
        wait_until(|| cpu_time(pid) >= before + 50);
        send(pid, Signal::INT);
    });
    outcome.is_clean();
    assert!(outcome.stdout.is_empty() || outcome.stdout.ends_with(b"\n"), "a part of a line");
    assert_eq!((outcome.code, &*outcome.stderr), (Some(130), ""));
}

#[test]
fn closed_streams_are_reported_or_ignored() {
    for (script, has_output) in [
        (r#"exec "$@" <&-"#, true),
        (r#"exec "$@" 2>&-"#, true),
        (r#"exec "$@" <&- 2>&-"#, true),
        (r#"exec "$@" >&-"#, false),
        (r#"exec "$@" <&- >&- 2>&-"#, false),
    ] {
        let outcome = tags(&registry()).by_shell(script).observe();
        outcome.is_clean();
        assert_eq!(outcome.lines(), if has_output { TAGS.to_vec() } else { Vec::new() }, "{script}: {outcome}");
        assert!(outcome.code == Some(0) || !has_output && outcome.code == Some(13), "{script}: {outcome}");
        // An error is one with its own exit code, whether or not it can be printed.
        let gone = program().env("RLS_REGISTRY", unused_address()).words("tags team/app").by_shell(script).observe();
        assert_eq!((gone.code, gone.stdout.as_slice()), (Some(10), &b""[..]), "{script}: {gone}");
    }
}

#[test]
fn a_full_disk_for_stderr_does_not_change_the_exit_code() {
    let outcome = tags(&registry()).words("-vv").by_shell(r#"exec "$@" 2>/dev/full"#).observe();
    assert_eq!((outcome.code, outcome.lines()), (Some(0), TAGS.to_vec()), "{outcome}");
}

#[test]
fn unusual_environments_have_no_effect() {
    let server = registry();
    let odd: [(&str, Rls); 12] = [
        ("LANG=C", tags(&server).env("LANG", "C").env("LC_ALL", "C")),
        ("an unknown locale", tags(&server).env("LANG", "xx_YY.none").env("LC_ALL", "xx_YY.none")),
        ("no HOME", tags(&server).without("HOME")),
        ("an empty HOME", tags(&server).env("HOME", "")),
        ("a HOME that is not there", tags(&server).env("HOME", "/nonexistent/home")),
        ("a HOME that is a file", tags(&server).env("HOME", "/dev/null")),
        ("nothing but the login", tags(&server).without("HOME").without("PATH").without("RUST_LOG")),
        ("a time zone", tags(&server).env("TZ", "Pacific/Apia")),
        ("an unknown time zone", tags(&server).env("TZ", "No/Where")),
        ("no terminal", tags(&server).env("TERM", "dumb")),
        ("a clock in 1970", tags(&server).run_by(&["faketime", "1970-01-01 00:00:10"])),
        ("a clock in 2100", tags(&server).run_by(&["faketime", "2100-01-01 00:00:00"])),
    ];
    for (what, rls) in odd {
        is_whole(what, &rls.observe());
    }
}

#[test]
fn a_read_only_home_has_no_effect() {
    let server = registry();
    let rls = tags(&server);
    let script = r#"chmod -R a-w "$HOME"; "$@"; code=$?; chmod -R u+w "$HOME"; exit $code"#;
    // Root may write everywhere, so a file system that accepts no files replaces a read-only one there.
    is_whole("a home without the right to write", &rls.by_shell(script).observe());
    is_whole("a file system that takes nothing", &tags(&server).env("HOME", "/proc/self").observe());
}

#[test]
fn a_wrong_clock_is_named_when_a_certificate_is_rejected() {
    let shown = ServerCertificate::valid();
    let server = Server::with_tls(shown.config(&["http/1.1"]), |_| Reply::tags(&TAGS));
    let rls = || program().env("RLS_REGISTRY", server.host()).trusting(shown.ca()).words("tags team/app");
    is_whole("the right time", &rls().observe());
    let early = rls().run_by(&["faketime", "1970-01-01 00:00:10"]).observe();
    early.is_clean();
    assert_eq!((early.code, early.stdout.as_slice()), (Some(11), &b""[..]), "{early}");
    assert!(
        early.messages(true).contains("1970-01-01T00:00:1") && early.messages(true).contains("check the clock"),
        "{early}"
    );
}
