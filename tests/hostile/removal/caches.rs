//! Caches that keep what no longer is, and say so.

use test_support::Reply;

use super::{Content, Deceiver, IMAGE, alone, deletes, lists, reads, siblings};

/// "Not found", as it was half a minute ago.
fn was_unknown() -> Reply {
    Reply::error(404, "MANIFEST_UNKNOWN").header("Age", "30")
}

/// The manifest of a tag, as it was half a minute ago.
fn was_at(content: &Content, digest: &str) -> Reply {
    content.manifest(digest, digest).header("Age", "30")
}

#[test]
fn what_a_cache_does_not_find_may_exist() {
    // It may be a sibling.
    let (content, ..) = siblings(false);
    let deceiver = Deceiver::start(content, |_, request| reads(request, &["stable"]).then(was_unknown));
    let outcome = deceiver.run("rm team/app:pr-1");
    assert_eq!((outcome.code, deceiver.has("stable")), (Some(9), true), "{outcome}");
    // It may be what was asked for.
    for by_name in [false, true] {
        let (content, ..) = alone(by_name);
        let deceiver = Deceiver::start(content, |_, request| reads(request, &["pr-1"]).then(was_unknown));
        let outcome = deceiver.run("rm team/app:pr-1 --ignore-missing");
        assert_eq!(outcome.lines(), ["failed\tteam/app:pr-1"], "{by_name}: {outcome}");
    }
}

#[test]
fn a_cache_that_does_not_find_a_tag_does_not_show_that_it_is_gone() {
    for by_name in [false, true] {
        let (content, doomed, _) = alone(by_name);
        let mut was_deleted = false;
        let deceiver = Deceiver::start(content, move |_, request| {
            was_deleted |= deletes(request, &[if by_name { "pr-1" } else { &doomed }]);
            let names = ["pr-1", doomed.as_str()];
            match (was_deleted, deletes(request, &names)) {
                (true, true) => Some(Reply::status(202)),
                (true, false) => reads(request, &names).then(was_unknown),
                (false, _) => None,
            }
        });
        let outcome = deceiver.run("rm team/app:pr-1");
        assert_eq!(outcome.code, Some(6), "{by_name}: {outcome}");
        assert_eq!(outcome.lines(), ["failed\tteam/app:pr-1"], "{by_name}: {outcome}");
    }
}

#[test]
fn a_tag_that_was_moved_behind_a_cache_stays() {
    for by_name in [false, true] {
        for is_broken in [false, true] {
            let (content, doomed, other) = alone(by_name);
            let mut has_moved = false;
            let deceiver = Deceiver::start(content, move |content, request| {
                // The probes come after the plan's looks.
                if request.method == "DELETE" && !has_moved {
                    content.tag("pr-1", &other);
                    has_moved = true;
                }
                (has_moved && reads(request, &["pr-1"])).then(|| match is_broken && request.method == "GET" {
                    true => Reply::error(500, "UNKNOWN"),
                    false => was_at(content, &doomed),
                })
            });
            let outcome = deceiver.run("prune team/app --keep stable --keep other --yes");
            assert_ne!(outcome.code, Some(0), "{by_name}, {is_broken}: {outcome}");
            assert_eq!(deceiver.content().manifests.len(), 2, "{by_name}, {is_broken}: {outcome}");
            assert!(deceiver.has("pr-1"), "{by_name}, {is_broken}: {outcome}");
        }
    }
}

#[test]
fn a_manifest_in_a_cache_does_not_show_that_the_other_tags_on_it_stayed() {
    for is_cached in [true, false] {
        let (content, digest, _) = siblings(true);
        let body = content.manifests[&digest].clone();
        let deceiver = Deceiver::start(content, move |content, request| {
            if deletes(request, &["pr-1"]) {
                content.delete_manifest(&digest);
                return Some(Reply::status(202));
            }
            // The list is out of date.
            if lists(request) && !content.tags.contains_key("pr-1") {
                return Some(content.listed(&["other", "stable"]));
            }
            let cached = || Reply::status(200).header("Content-Type", IMAGE).header("Age", "30").body(body.clone());
            let reply = || if is_cached { cached() } else { Reply::error(500, "UNKNOWN") };
            reads(request, &[&digest]).then(reply)
        });
        let outcome = deceiver.run("rm team/app:pr-1");
        assert_eq!(outcome.code, Some(6), "{is_cached}: {outcome}");
        assert!(outcome.messages(false).contains("team/app:stable is gone"), "{is_cached}: {outcome}");
    }
}

#[test]
fn a_tag_that_is_lost_behind_a_cache_of_heads_is_reported() {
    // Either the cache says that it is one, or the list lacks the tag.
    for is_listed in [true, false] {
        let (content, doomed, other) = alone(false);
        let copies = Content { manifests: content.manifests.clone(), ..Content::default() };
        let mut is_lost = false;
        let deceiver = Deceiver::start(content, move |content, request| {
            if deletes(request, &[&doomed]) {
                content.delete_manifest(&doomed);
                content.delete_manifest(&other);
                is_lost = true;
                return Some(Reply::status(202));
            }
            match is_lost {
                true if lists(request) => Some(content.listed(if is_listed { &["other", "stable"] } else { &["x"] })),
                true if request.method == "HEAD" && reads(request, &["other", "stable"]) => match is_listed {
                    true => Some(was_at(&copies, &other)),
                    false => Some(copies.manifest(&other, &other)),
                },
                _ => None,
            }
        });
        let outcome = deceiver.run("rm team/app:pr-1");
        assert_eq!(outcome.code, Some(6), "{is_listed}: {outcome}");
        assert!(outcome.messages(false).contains("team/app:other, team/app:stable are gone"), "{is_listed}: {outcome}");
    }
}
