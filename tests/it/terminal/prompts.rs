//! Prompts and their answers.

use insta::assert_snapshot;
use registry_fixture::{Auth, Match, Registry, Running};
use test_support::terminal::{CTRL_C, CTRL_D, Screen};
use test_support::{Rls, Shown};

use crate::registries::{seeded, with_seed};

fn locked() -> Running {
    with_seed(Registry::builder(), "1x1").auth(Auth::Basic).start()
}

/// rls, which asks for ann's password; what it made of `typed`.
fn password(registry: &Running, words: &str, typed: &str) -> (Option<i32>, Shown) {
    let mut screen = Screen::of(Rls::at(registry).words(words).words("-u ann --color never"));
    screen.wait_for("Password for ann at REGISTRY: ");
    screen.type_in(typed);
    screen.end()
}

#[test]
fn the_password_is_prompted_for_without_echo() {
    let registry = locked();
    let (code, shown) = password(&registry, "tags grid/repo-000", "secret\n");
    assert_eq!(code, Some(0), "{shown}");
    assert_snapshot!(shown, @"
    Password for ann at REGISTRY:·
    TAG
    latest
    ");
    let (code, shown) = password(&registry, "tags grid/repo-000", "wrong\n");
    assert_eq!(code, Some(4), "{shown}");
    assert_snapshot!(shown, @"
    Password for ann at REGISTRY:·
    error: login refused by http://REGISTRY: wrong user name or password
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:grid/repo-000:pull
    cause: tried as ann (the prompt)
    hint:  check the user name and password from the prompt, or use -u NAME
    ");
}

#[test]
fn the_password_is_prompted_for_once() {
    let registry = locked();
    let (code, shown) = password(&registry, "digest grid/repo-000 grid/repo-000:latest", "secret\n");
    assert_eq!((code, shown.matches("Password").count()), (Some(0), 1), "{shown}");
}

#[test]
fn the_password_prompt_is_on_the_terminal_when_stdout_is_a_pipe() {
    let registry = locked();
    let mut screen = Screen::of_stderr(Rls::at(&registry).words("tags grid/repo-000 -u ann"));
    screen.wait_for("Password for ann at REGISTRY: ");
    screen.type_in("secret\n");
    assert_eq!(screen.end().0, Some(0));
}

#[test]
fn ctrl_c_ends_every_prompt() {
    let registry = locked();
    let mut screen = Screen::of(Rls::at(&registry).words("tags grid/repo-000 -u ann"));
    screen.wait_for("Password for ann at REGISTRY: ");
    screen.type_in(CTRL_C);
    assert_eq!(screen.end_with_echo(), (Some(130), true));
    assert_eq!(registry.lines(), [""; 0]);
    // There is no prompt here, only a wait.
    for words in ["tags -", "tags grid/repo-000 -u ann --password-stdin", "tags grid/repo-000 --auth-file -"] {
        let mut screen = Screen::of(Rls::at(&registry).words(words).words("-v"));
        screen.wait_for_reading();
        screen.type_in(CTRL_C);
        assert_eq!(screen.end().0, Some(130), "{words}");
    }
    assert_eq!(registry.lines(), [""; 0]);
}

/// `rls rm --with-siblings`, and what it made of the answer.
fn remove(registry: &Running, words: &str, answer: &str) -> (Option<i32>, Shown) {
    let mut screen = Screen::of(Rls::at(registry).words("rm --color never").words(words));
    screen.wait_for("? [y/N] ");
    screen.type_in(answer);
    screen.end()
}

#[test]
fn removing_more_than_the_named_tags_needs_confirmation() {
    for answer in ["n\n", "\n", "x\n", CTRL_D] {
        let registry = seeded("shared");
        let (code, shown) = remove(&registry, "shared/app:1.4 --with-siblings", answer);
        assert_eq!(code, Some(2), "{answer:?}: {shown}");
        assert!(shown.ends_with("error: cancelled; nothing was changed\n"), "{answer:?}: {shown}");
        assert_eq!(registry.tags("shared/app").len(), 5, "{answer:?}");
    }
    let registry = seeded("shared");
    let (_, shown) = remove(&registry, "shared/app:1.4 --with-siblings", "n\n");
    assert_snapshot!(shown, @"
    Remove shared/app:1.4 (also removes shared/app:1, shared/app:1.4.0, shared/app:latest)? [y/N] n
    error: cancelled; nothing was changed
    ");
    for answer in ["y\n", "Y\n", "yes\n"] {
        let registry = seeded("shared");
        let (code, shown) = remove(&registry, "shared/app:1.4 --with-siblings", answer);
        assert_eq!(code, Some(0), "{answer:?}: {shown}");
        assert_eq!(registry.tags("shared/app"), ["1.3.9"], "{answer:?}");
    }
    let (_, shown) = remove(&seeded("shared"), "shared/app:1.4 --with-siblings", "y\n");
    assert_snapshot!(shown, @"
    Remove shared/app:1.4 (also removes shared/app:1, shared/app:1.4.0, shared/app:latest)? [y/N] y
    removed→shared/app:1.4
    removed→shared/app:1
    removed→shared/app:1.4.0
    removed→shared/app:latest
    hint:  disk space is reclaimed by the registry's next garbage collection
    ");
}

#[test]
fn removing_a_tagged_digest_needs_confirmation() {
    let registry = seeded("shared");
    let digest = registry.resolve("shared/app", "1.3.9").expect("a tag of the seed");
    let (code, shown) = remove(&registry, &format!("shared/app@{digest} --all-tags"), "y\n");
    assert_eq!(code, Some(0), "{shown}");
    assert_snapshot!(shown, @"
    Remove shared/app@sha256:ffba911536818c8020cb1a56777054c85610a972a90dd7fbfb5121a389eb9799 (also removes shared/app:1.3.9)? [y/N] y
    removed→shared/app@sha256:ffba911536818c8020cb1a56777054c85610a972a90dd7fbfb5121a389eb9799
    removed→shared/app:1.3.9
    hint:  disk space is reclaimed by the registry's next garbage collection
    ");
    assert_eq!(registry.tags("shared/app"), ["1", "1.4", "1.4.0", "latest"]);
}

#[test]
fn ctrl_c_at_the_confirmation_changes_nothing() {
    let registry = seeded("shared");
    let (code, shown) = remove(&registry, "shared/app:1.4 --with-siblings", CTRL_C);
    assert_eq!(code, Some(130), "{shown}");
    assert_snapshot!(shown, @"Remove shared/app:1.4 (also removes shared/app:1, shared/app:1.4.0, shared/app:latest)? [y/N] ^C");
    assert_eq!(registry.tags("shared/app").len(), 5);
}

#[test]
fn nothing_is_removed_before_the_confirmation() {
    let registry = seeded("shared");
    let (code, shown) = remove(&registry, "shared/app:1.3.9 shared/app:1.4 --with-siblings", "n\n");
    assert_eq!(code, Some(2), "{shown}");
    assert_snapshot!(shown, @"
    Remove shared/app:1.3.9, shared/app:1.4 (also removes shared/app:1, shared/app:1.4.0, shared/app:latest)? [y/N] n
    error: cancelled; nothing was changed
    ");
    assert_eq!(registry.tags("shared/app").len(), 5);
}

#[test]
fn an_explicit_tag_needs_no_confirmation() {
    let registry = seeded("shared");
    for words in
        ["rm shared/app:1.3.9", "rm shared/app:1.4 --with-siblings --yes", "rm -n shared/app:1 --with-siblings"]
    {
        let (_, shown) = Screen::of(Rls::at(&registry).words(words)).end();
        assert!(!shown.contains("[y/N]"), "{words}: {shown}");
    }
}

#[test]
fn there_is_no_prompt_for_impossible_removals() {
    let registry = with_seed(Registry::builder(), "shared").delete(false).start();
    let (code, shown) = Screen::of(Rls::at(&registry).words("rm shared/app:1.4 --with-siblings")).end();
    assert_eq!(code, Some(7), "{shown}");
    assert!(!shown.contains("[y/N]"), "{shown}");
    assert_eq!(registry.count(&Match::get("/v2/shared/app/tags/list")), 0);
}
