//! `--placeholder`: a tag with siblings is moved to a manifest of its own, which is then deleted.

use insta::assert_snapshot;
use registry_fixture::content::IndexSpec;
use registry_fixture::{Answer, Auth, Fault, Match, Registry, Running};
use test_support::{Outcome, Rls};

use super::state;
use crate::registries::{empty, seeded, with_seed};

const SHARED: &str = "sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552";

fn rm(registry: &Running, words: &str) -> Outcome {
    Rls::at(registry).words("rm --placeholder").words(words).run()
}

#[test]
fn a_placeholder_removes_only_its_tag() {
    let registry = seeded("shared");
    let before = state(&registry, "shared/app");
    assert_snapshot!(rm(&registry, "shared/app:1.4 -o jsonl -q"), @r#"
    exit 0
    --- stdout
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/shared/app:1.4","repository":"shared/app","tag":"1.4","digest":"sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552","action":"removed","method":"placeholder","reason":null,"siblings":{"stay":["1","1.4.0","latest"],"go":[]},"indexes":[],"referrers":[]}
    "#);
    let others: Vec<_> = before.into_iter().filter(|(tag, _)| tag != "1.4").collect();
    assert_eq!(state(&registry, "shared/app"), others);
    // No placeholder is left, and no DELETE was sent for the manifest.
    let pushed =
        registry.requests().into_iter().find(|request| request.method == "PUT" && request.path.ends_with("/1.4"));
    let placeholder = registry_fixture::Digest::sha256(&pushed.expect("a placeholder was pushed").body);
    assert!(!registry.contains("shared/app", placeholder.as_str()));
    assert_eq!(registry.count(&Match::delete(format!("/v2/shared/app/manifests/{SHARED}"))), 0);
}

#[test]
fn no_placeholder_is_pushed_where_the_registry_can_untag() {
    let registry = seeded("shared");
    assert_eq!(rm(&registry, "shared/app:1.3.9 -q").code, Some(0));
    assert!(registry.requests().iter().all(|request| request.method != "PUT" && request.method != "POST"));
}

#[test]
fn a_placeholder_leaves_an_index_intact() {
    let registry = empty();
    let index = IndexSpec::three_platforms("app").build();
    registry.push("app", "1.0", &index);
    let child = &index.manifests[0].digest;
    registry.tag("app", "amd64", child);
    assert_snapshot!(rm(&registry, "app:amd64 -n -o table"), @"
    exit 0
    --- stdout
    would-remove→app:amd64→untag via placeholder; sha256:13b94997ce64; the manifest stays, listed by sha256:da023cd1c3ad
    ");
    assert_eq!(rm(&registry, "app:amd64 -q").code, Some(0));
    assert_eq!(registry.tags("app"), ["1.0"]);
    assert!(registry.contains("app", child.as_str()));
}

#[test]
fn nothing_is_pushed_to_a_registry_without_deletion() {
    let registry = with_seed(Registry::builder(), "shared").delete(false).start();
    assert_eq!(rm(&registry, "shared/app:1.4").code, Some(7));
    assert!(registry.requests().iter().all(|request| request.method != "PUT" && request.method != "POST"));
    assert_eq!(registry.resolve("shared/app", "1.4").expect("a tag that exists"), *SHARED);
}

#[test]
fn a_missing_push_permission_is_named() {
    let registry = with_seed(Registry::builder(), "shared").auth(Auth::Basic).start();
    registry.inject(Match::under("/v2/shared/app/blobs/uploads").always(), Answer::error(403, "DENIED", "read only"));
    let outcome = Rls::at(&registry).user("ann", "secret").words("rm --placeholder shared/app:1.4").run();
    assert_snapshot!(outcome, @"
    exit 4
    --- stdout
    failed→shared/app:1.4
    --- stderr
    error: not allowed to push shared/app on http://REGISTRY
    cause: 403 Forbidden: DENIED: read only
    cause: logged in as ann (RLS_PASSWORD)
    hint:  request push permission on shared/app; -u NAME logs in as another user
    ");
    assert_eq!(registry.resolve("shared/app", "1.4").expect("a tag that exists"), *SHARED);
}

#[test]
fn the_tag_is_restored_when_the_placeholder_cannot_be_deleted() {
    let registry = seeded("shared");
    let before = state(&registry, "shared/app");
    // The probe succeeds; the next push does not.
    registry.inject(
        Match::under("/v2/shared/app/manifests/sha256:").method("DELETE".parse().expect("a method")).after(1).always(),
        Answer::error(403, "DENIED", "not today"),
    );
    let outcome = rm(&registry, "shared/app:1.4");
    assert_eq!(outcome.code, Some(4), "{outcome}");
    let error = "error: cannot delete the placeholder that was pushed to shared/app:1.4\n";
    assert!(outcome.stderr.starts_with(error), "{outcome}");
    assert!(outcome.stderr.contains(&format!("\ncause: the tag was put back on {SHARED}\n")), "{outcome}");
    assert_eq!(state(&registry, "shared/app"), before);
}

#[test]
fn after_a_lost_reply_to_the_push_the_state_is_checked() {
    for fault in [Fault::LoseReply, Fault::CloseBeforeReply] {
        let registry = seeded("shared");
        registry.inject(Match::put("/v2/shared/app/manifests/1.4"), fault);
        let outcome = rm(&registry, "shared/app:1.4 -q");
        assert_eq!((outcome.code, &*outcome.stdout), (Some(0), "removed\tshared/app:1.4\n"), "{outcome}");
        assert_eq!(registry.tags("shared/app"), ["1", "1.3.9", "1.4.0", "latest"]);
    }
}

#[test]
fn a_tag_that_moves_before_the_push_is_kept() {
    let registry = seeded("shared");
    let other = registry.resolve("shared/app", "1.3.9").expect("a tag that exists");
    // The tag is looked at after the blob of the placeholder was pushed, which may take a while.
    registry.on_request(Match::head(blob()), move |registry, _| registry.tag("shared/app", "1.4", &other));
    let outcome = rm(&registry, "shared/app:1.4");
    assert_eq!(outcome.code, Some(9), "{outcome}");
    assert!(outcome.stderr.starts_with("error: shared/app:1.4 has moved meanwhile\n"), "{outcome}");
    assert_eq!(registry.resolve("shared/app", "1.4"), registry.resolve("shared/app", "1.3.9"));
}

/// The blob that a placeholder has for its config.
fn blob() -> String {
    let digest = registry_fixture::Digest::sha256(b"{}");
    format!("/v2/shared/app/blobs/{digest}")
}

#[test]
fn a_leftover_placeholder_is_removed_by_the_next_run() {
    let registry = seeded("shared");
    // The program is killed after the push: nothing but the push has happened.
    registry.inject(
        Match::under("/v2/shared/app/manifests/sha256:").method("DELETE".parse().expect("a method")).after(1).always(),
        Fault::CloseBeforeReply,
    );
    registry.inject(Match::put("/v2/shared/app/manifests/1.4").after(1).always(), Fault::status(500));
    let outcome = rm(&registry, "shared/app:1.4 --retries 0");
    assert_eq!(outcome.code, Some(6), "{outcome}");
    assert_ne!(registry.resolve("shared/app", "1.4").expect("a tag that exists"), *SHARED, "the placeholder is there");
    registry.clear_faults();
    assert_eq!(Rls::at(&registry).words("rm shared/app:1.4 -q").run().code, Some(0));
    assert_eq!(registry.tags("shared/app"), ["1", "1.3.9", "1.4.0", "latest"]);
}
