//! Lists that do not fit into the memory that a command may take. A registry decides how long its lists are.

use std::fmt::Write as _;

use insta::assert_snapshot;
use test_support::{Outcome, Reply, Rls, Server};

/// The address space: what may be held, the capacity reserved for it, and code, stacks and buffers.
const MEBIBYTES: u32 = 640;

/// A list of so many long names.
fn names(count: usize) -> String {
    let long = "a".repeat(110);
    let mut body = String::with_capacity(count * 125);
    body.push_str(r#"{"tags":["0""#);
    for number in 0..count {
        write!(body, ",\"{number:09}-{long}\"").expect("memory");
    }
    body.push_str("]}");
    body
}

/// A registry where `large` has a million tags, and every other repository a few.
fn run(words: &str) -> Outcome {
    let (large, small) = (names(1_150_000), names(2));
    let server = Server::start(move |request| match request.path() {
        "/v2/_catalog" => Reply::json(r#"{"repositories":["a","large","z"]}"#),
        path if path.contains("/large/") => Reply::json(large.as_str()),
        _ => Reply::json(small.as_str()),
    });
    let rls = Rls::new().env("RLS_REGISTRY", server.url()).naming(server.host(), "REGISTRY");
    rls.words(words).within(MEBIBYTES).run()
}

#[test]
fn a_list_too_large_to_sort_is_refused_with_a_hint_at_sort_none() {
    for order in ["name", "version"] {
        let outcome = run(&format!("tags large --limit 1 --sort {order}"));
        assert_eq!((outcome.code, &*outcome.stdout), (Some(5), ""), "{outcome}");
        if order == "name" {
            assert_snapshot!(outcome, @"
            exit 5
            --- stderr
            error: the list of tags of large is too large
            cause: it takes more than 128 MiB of memory
            hint:  run 'rls tags REPO --sort none' for this repository alone: it prints tags as they arrive
            ");
        }
    }
    assert_eq!(run("tags large --limit 1 --sort none").result(), (Some(0), "0\n"));
}

#[test]
fn a_list_that_is_too_large_does_not_affect_the_others() {
    for words in ["repos --tags", "tags a large z"] {
        let outcome = run(words);
        assert_eq!(outcome.code, Some(6), "{outcome}");
        let listed: Vec<_> = outcome.stdout.lines().filter(|line| line.ends_with(":0")).collect();
        assert_eq!(listed, ["a:0", "z:0"], "{words}");
        assert!(outcome.stderr.contains("the list of tags of large is too large"), "{words}: {outcome}");
    }
}
