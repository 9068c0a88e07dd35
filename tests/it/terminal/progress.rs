//! The progress: shown late, and cleared before anything else is printed.

use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use registry_fixture::{Match, Registry, Running};
use test_support::Rls;
use test_support::terminal::{CTRL_C, Screen};

use crate::registries::{seeded, with_seed};

/// A registry whose list of tags does not come before the sender is dropped.
fn slow() -> (Running, Sender<()>) {
    let registry = seeded("1x3");
    let (release, released) = channel();
    let released = Mutex::new(released);
    registry.on_request(Match::get("/v2/grid/repo-000/tags/list"), move |_, _| {
        // It ends with an error: the sender is closed.
        let _ = released.lock().expect("no thread panics with it").recv();
    });
    (registry, release)
}

/// What a terminal shows in the end of what was written on it: of each line what follows the last return to its
/// beginning, without escape sequences.
fn left(shown: &str) -> String {
    let line = |line: &str| {
        let mut text = String::new();
        let mut rest = line.rsplit('\r').next().unwrap_or_default();
        while let Some((before, sequence)) = rest.split_once("\x1b[") {
            text.push_str(before);
            let end = sequence.find(|c: char| c.is_ascii_alphabetic()).map_or(sequence.len(), |end| end + 1);
            rest = &sequence[end..];
        }
        text + rest
    };
    shown.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn progress_appears_while_waiting_and_is_cleared() {
    let (registry, release) = slow();
    let mut screen = Screen::of(Rls::at(&registry).words("tags grid/repo-000"));
    screen.wait_for("tags 0");
    drop(release);
    let (code, shown) = screen.end();
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(left(&shown), "TAG\n1.0.0\n1.1.0\nlatest\n", "{shown}");
}

#[test]
fn progress_is_on_standard_error_only() {
    let (registry, release) = slow();
    let mut screen = Screen::of_stderr(Rls::at(&registry).words("tags grid/repo-000"));
    screen.wait_for("tags 0");
    drop(release);
    let (code, shown) = screen.end();
    assert_eq!((code, &*left(&shown)), (Some(0), ""), "{shown}");
}

#[test]
fn progress_counts_repositories_and_tags() {
    for (words, text) in [("repos --tags", "repositories"), ("tags grid/repo-000 -d", "tags")] {
        let (registry, release) = slow();
        let mut screen = Screen::of(Rls::at(&registry).words(words));
        screen.wait_for(text);
        drop(release);
        let (code, shown) = screen.end();
        assert_eq!(code, Some(0), "{words}: {shown}");
        assert!(!left(&shown).contains(text), "{words}: {shown}");
    }
}

#[test]
fn progress_is_cleared_before_a_warning_or_an_error() {
    let (registry, release) = slow();
    registry.inject(
        Match::get("/v2/grid/repo-000/tags/list"),
        registry_fixture::Answer::error(403, "DENIED", "no").header("Warning", "299 - \"this registry goes away\""),
    );
    let mut screen = Screen::of(Rls::at(&registry).words("tags grid/repo-000 --color never"));
    screen.wait_for("tags 0");
    drop(release);
    let (code, shown) = screen.end();
    assert_eq!(code, Some(4), "{shown}");
    let left = left(&shown);
    let lines: Vec<_> = left.lines().collect();
    assert_eq!(
        lines[..2],
        [
            "warning: the registry says: this registry goes away",
            "error: not allowed to pull grid/repo-000 on http://REGISTRY"
        ],
        "{shown}"
    );
}

#[test]
fn ctrl_c_clears_progress() {
    let (registry, _release) = slow();
    let mut screen = Screen::of(Rls::at(&registry).words("tags grid/repo-000"));
    screen.wait_for("tags 0");
    screen.type_in(CTRL_C);
    let (code, shown) = screen.end();
    assert_eq!(code, Some(130), "{shown}");
    assert!(!left(&shown).contains("tags"), "{shown}");
}

/// Commands that read three tags one after the other, and what they show while the last one is not answered.
const READING: [(&str, &str); 10] = [
    ("tags grid/repo-000 --sort created", "/3, "),
    ("tags grid/repo-000 -l", "/3, "),
    ("tags grid/repo-000 -d", "/3, "),
    ("rm grid/repo-000:1.0.0 -n", "inspecting grid/repo-000 "),
    ("prune grid/repo-000 --keep-last 1", "inspecting tags "),
    ("du grid/repo-000", "repositories 0, "),
    ("find grid/repo-000 --label a", "repositories 0, "),
    ("snapshot grid/repo-000", "repositories 0, "),
    ("check grid/repo-000", "repositories 0, "),
    ("compat docker-ls tags grid/repo-000 -l 1", "docker-ls 0, "),
];

#[test]
fn counts_move_in_every_phase_and_are_gone_after_ctrl_c() {
    for (words, text) in READING {
        let registry = seeded("1x3");
        let (release, released) = channel::<()>();
        let released = Mutex::new(released);
        registry.on_request(Match::manifest("grid/repo-000", "latest").always(), move |_, _| {
            // It ends with an error: the sender is closed.
            let _ = released.lock().expect("no thread panics with it").recv();
        });
        let rls = Rls::at(&registry).words(words).words("-j 1 --color never");
        let rls = if words.starts_with("compat") { Rls::at(&registry).words(words) } else { rls };
        let mut screen = Screen::of_stderr(rls.env("DOCKER_LS_REGISTRY", registry.url()));
        screen.wait_for(text);
        screen.wait_for(" requests");
        screen.type_in(CTRL_C);
        let (code, shown) = screen.end();
        drop(release);
        assert_eq!(code, Some(130), "{words}: {shown}");
        assert!(!left(&shown).contains("request"), "{words}: {shown}");
    }
}

#[test]
fn progress_is_ascii_where_the_locale_is() {
    let (registry, release) = slow();
    let mut screen = Screen::of_stderr(Rls::at(&registry).words("tags grid/repo-000 -d").env("LANG", "C"));
    screen.wait_for("tags 0, 1 request");
    drop(release);
    let (code, shown) = screen.end();
    assert!(code == Some(0) && shown.is_ascii(), "{shown}");
}

#[test]
fn progress_is_hidden_when_disabled_or_quick() {
    let quick = seeded("1x3");
    let (_, shown) = Screen::of(Rls::at(&quick).words("tags grid/repo-000 -d --color never")).end();
    assert_eq!(left(&shown), &*shown);
    // Long enough for it to appear, were it wanted.
    let slow = with_seed(Registry::builder(), "1x3").latency(Duration::from_millis(250)).start();
    for words in ["--progress never", "-q"] {
        let (_, shown) =
            Screen::of(Rls::at(&slow).words("tags grid/repo-000 -d -j 1 --color never").words(words)).end();
        assert_eq!(left(&shown), &*shown, "{words}");
    }
    let (_, shown) =
        Screen::of(Rls::at(&slow).words("tags grid/repo-000 -j 1 --color never").config("progress = \"never\"")).end();
    assert_eq!(left(&shown), &*shown);
}
