//! Replies to `rls undo` that contradict each other.

use test_support::{Reply, Request};

use super::{Content, Deceiver, IMAGE, alone, reads};
use crate::runner::{Canaries as _, Outcome};

/// `pr-1` was removed; then something deceives.
fn undo(mut script: impl FnMut(&mut Content, &Request, &str) -> Option<Reply> + Send + 'static) -> (Deceiver, Outcome) {
    let (content, doomed, _) = alone(false);
    let deceiver = Deceiver::start(content, move |content, request| {
        if content.tags.contains_key("undone") { script(content, request, &doomed) } else { None }
    });
    let rls = deceiver.rls("rm team/app:pr-1");
    let outcome = rls.observe();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    // From now on the script replies.
    let other = deceiver.content().tags["other"].clone();
    deceiver.content().tag("undone", &other);
    let outcome = rls.then("undo --retries 0").observe();
    (deceiver, outcome)
}

#[test]
fn undo_overwrites_nothing_that_one_replica_lacks() {
    let mut looks = 0;
    let (deceiver, outcome) = undo(move |content, request, _| {
        let other = content.tags["other"].clone();
        content.tags.entry("pr-1".to_owned()).or_insert(other);
        looks += usize::from(reads(request, &["pr-1"]));
        (looks == 1 && reads(request, &["pr-1"])).then(|| Reply::error(404, "MANIFEST_UNKNOWN"))
    });
    assert_eq!(outcome.code, Some(9), "{outcome}");
    let tags = deceiver.content().tags.clone();
    assert_eq!(tags["pr-1"], tags["other"], "{outcome}");
    assert_eq!(deceiver.server.count(|request| request.method == "PUT"), 0);
}

#[test]
fn undo_overwrites_nothing_that_a_cache_does_not_find() {
    let (deceiver, outcome) = undo(|content, request, _| {
        let other = content.tags["other"].clone();
        content.tags.entry("pr-1".to_owned()).or_insert(other);
        reads(request, &["pr-1"]).then(|| Reply::error(404, "MANIFEST_UNKNOWN").header("Age", "30"))
    });
    assert_eq!(outcome.lines(), ["failed\tteam/app:pr-1"], "{outcome}");
    assert_eq!(deceiver.server.count(|request| request.method == "PUT"), 0);
}

#[test]
fn undo_believes_no_head_about_what_a_tag_points_to() {
    let cached = |request: &Request, digest: &str| {
        let cached = Reply::status(200).header("Content-Type", IMAGE).header("Docker-Content-Digest", digest);
        (request.method == "HEAD" && reads(request, &["pr-1", digest])).then_some(cached)
    };
    // It points elsewhere, and stays.
    let (deceiver, outcome) = undo(move |content, request, digest| {
        let other = content.tags["other"].clone();
        content.tag("pr-1", &other);
        cached(request, digest)
    });
    assert_eq!(outcome.code, Some(9), "{outcome}");
    assert_eq!(deceiver.server.count(|request| request.method == "PUT"), 0);
    // It does not exist, and is restored.
    let (deceiver, outcome) = undo(move |_, request, digest| cached(request, digest));
    assert_eq!((outcome.code, deceiver.has("pr-1")), (Some(0), true), "{outcome}");
    assert_eq!(outcome.lines(), ["undone\tteam/app:pr-1"], "{outcome}");
    // The push is accepted and ignored.
    let mut was_pushed = false;
    let (_, outcome) = undo(move |_, request, digest| {
        was_pushed |= request.method == "PUT";
        if request.method == "PUT" { Some(Reply::status(201)) } else { cached(request, digest).filter(|_| was_pushed) }
    });
    assert_eq!(outcome.code, Some(6), "{outcome}");
}
