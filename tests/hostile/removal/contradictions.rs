//! Replies to `rls rm` that contradict each other.

use std::collections::BTreeMap;

use serde_json::json;
use sha2::{Digest as _, Sha512};
use test_support::Reply;

use super::{Content, Deceiver, IMAGE, alone, deletes, lists, reads, reference, siblings, stops_at_list};

#[test]
fn a_digest_header_that_contradicts_the_content_protects_the_manifest_it_names() {
    let (content, doomed, other) = siblings(false);
    let deceiver = Deceiver::start(content, move |content, request| {
        let header = if request.method == "GET" { &doomed } else { &other };
        reads(request, &["stable"]).then(|| content.manifest(&other, header))
    });
    let outcome = deceiver.run("rm team/app:pr-1");
    assert_eq!((outcome.code, deceiver.has("stable")), (Some(9), true), "{outcome}");
    assert!(outcome.messages(false).contains("team/app:stable points to its manifest"), "{outcome}");
}

#[test]
fn a_reply_from_a_cache_does_not_show_what_a_tag_points_to_now() {
    for asks_again in [true, false] {
        let (content, doomed, other) = alone(false);
        let mut is_first = true;
        let deceiver = Deceiver::start(content, move |content, request| {
            if !reads(request, &["stable"]) {
                return None;
            }
            // Another client moves it once its old reply is in the cache.
            if std::mem::replace(&mut is_first, false) {
                content.tag("stable", &doomed);
            }
            let is_revalidated = asks_again && request.header("cache-control") == Some("no-cache");
            (!is_revalidated).then(|| content.manifest(&other, &other).header("Age", "30"))
        });
        let outcome = deceiver.run("rm team/app:pr-1");
        assert_eq!((outcome.code, deceiver.has("stable")), (Some(9), true), "{outcome}");
        let said = if asks_again { "points to its manifest" } else { "it was in a cache for 30 s" };
        assert!(outcome.messages(false).contains(said), "{outcome}");
    }
}

#[test]
fn a_list_that_may_be_another_one_does_not_rule_out_siblings() {
    let names = ["other", "pr-1", "stable"];
    stops_at_list("was in a cache for 86400 s", move |content| content.listed(&names).header("Age", "86400"));
    let list = json!({ "name": "team/ap", "tags": names }).to_string();
    stops_at_list("is that of team/ap", move |_| Reply::json(list.clone()));
}

#[test]
fn a_list_that_ends_early_without_a_link_is_read_to_its_end() {
    for page in [1, 2, 3] {
        let (content, ..) = siblings(false);
        let deceiver = Deceiver::start(content, move |content, request| {
            let last = request.query("last").unwrap_or_default();
            let names = content.tags.keys().map(String::as_str).filter(|name| *name > &*last);
            lists(request).then(|| content.listed(&names.take(page).collect::<Vec<_>>()))
        });
        let outcome = deceiver.run("rm team/app:pr-1");
        assert_eq!((outcome.code, deceiver.has("stable")), (Some(9), true), "{outcome}");
        assert!(outcome.messages(false).contains("team/app:stable points to the same manifest"), "{outcome}");
        // And nothing prevents the removal of others.
        let outcome = deceiver.run("rm team/app:other");
        assert_eq!((outcome.code, deceiver.has("other")), (Some(0), false), "{outcome}");
    }
}

#[test]
fn a_registry_that_does_not_know_how_to_go_on_has_listed_everything() {
    for status in [400, 404, 405, 416] {
        let (content, ..) = alone(false);
        let deceiver = Deceiver::start(content, move |_, request| {
            (lists(request) && request.query("last").is_some()).then(|| Reply::error(status, "UNSUPPORTED"))
        });
        let outcome = deceiver.run("rm team/app:pr-1");
        assert_eq!((outcome.code, deceiver.has("pr-1")), (Some(0), false), "{status}: {outcome}");
    }
}

#[test]
fn one_sibling_is_lost_at_most_however_many_tags_are_removed() {
    // The first tag has no sibling, so that its deletion shows nothing.
    let mut content = Content { by_name: true, ..Content::default() };
    (0..40).for_each(|number| drop(content.push_image(&format!("kept-{number}"))));
    content.push_image("a");
    for tag in ["b", "c", "d"] {
        let digest = content.push_image(tag);
        content.tag(&format!("{tag}-too"), &digest);
    }
    let deceiver = Deceiver::start(content, |content, request| {
        let name = reference(request).filter(|_| request.method == "DELETE")?;
        let digest = content.tags.get(name)?.clone();
        content.delete_manifest(&digest);
        Some(Reply::status(202))
    });
    let outcome = deceiver.run("rm team/app:a team/app:b team/app:c team/app:d");
    assert_eq!(outcome.code, Some(6), "{outcome}");
    assert!(outcome.messages(false).contains("team/app:b-too is gone, and should have stayed"), "{outcome}");
    let left: Vec<_> = ["c", "c-too", "d", "d-too"].into_iter().filter(|tag| !deceiver.has(tag)).collect();
    assert_eq!(left, [""; 0], "{outcome}");
    assert_eq!(outcome.lines().iter().filter(|line| line.starts_with("removed")).count(), 2, "{outcome}");
}

#[test]
fn a_refused_deletion_that_took_effect_all_the_same_is_reported() {
    for status in [303, 307, 400, 403, 404, 409] {
        let (content, doomed, _) = siblings(true);
        let deceiver = Deceiver::start(content, move |content, request| {
            deletes(request, &["pr-1"]).then(|| {
                content.delete_manifest(&doomed);
                Reply::error(status, "X").header("Location", "/v2/")
            })
        });
        let outcome = deceiver.run("rm team/app:pr-1");
        assert_eq!(outcome.code, Some(6), "{status}: {outcome}");
        assert!(outcome.messages(false).contains("team/app:stable is gone"), "{status}: {outcome}");
    }
}

#[test]
fn a_redirected_deletion_is_not_followed() {
    let (target, ..) = alone(true);
    let target = Deceiver::start(target, |_, _| None);
    for by_name in [true, false] {
        for status in [301, 302, 303, 307, 308] {
            for place in ["/v2/team/app/manifests/other", "/v2/team/other/manifests/pr-1", "elsewhere"] {
                let (content, doomed, _) = alone(by_name);
                let place = match place {
                    "elsewhere" => format!("{}/v2/team/app/manifests/pr-1", target.server.url()),
                    place => place.to_owned(),
                };
                let deceiver = Deceiver::start(content, move |_, request| {
                    let redirected = Reply::status(status).header("Location", place.as_str());
                    deletes(request, &["pr-1", &doomed]).then_some(redirected)
                });
                let outcome = deceiver.run("rm team/app:pr-1");
                assert_eq!(outcome.code, Some(5), "{status}: {outcome}");
                assert!(["pr-1", "other", "stable"].iter().all(|tag| deceiver.has(tag)), "{status}: {outcome}");
            }
        }
    }
    assert_eq!(target.server.requests().len(), 0);
}

#[test]
fn a_deletion_without_effect_is_not_reported_as_one() {
    // After it, the tag and its manifest are missing for once, and what the list says depends.
    for by_name in [true, false] {
        for list in ["missing", "failing", "empty", "without it"] {
            let (content, doomed, _) = alone(by_name);
            let mut missing = BTreeMap::new();
            let deceiver = Deceiver::start(content, move |content, request| {
                if deletes(request, &["pr-1", &doomed]) {
                    content.was_deleted = true;
                    return Some(Reply::status(202));
                }
                if !content.was_deleted {
                    return None;
                }
                if reads(request, &["pr-1", &doomed]) {
                    let times: &mut usize = missing.entry(request.target.clone()).or_default();
                    *times += 1;
                    return (*times == 1).then(|| Reply::error(404, "MANIFEST_UNKNOWN"));
                }
                lists(request).then(|| match list {
                    "missing" => Reply::error(404, "NAME_UNKNOWN"),
                    "failing" => Reply::error(500, "UNKNOWN"),
                    "empty" => content.listed(&[]),
                    _ => content.listed(&["other", "stable"]),
                })
            });
            let outcome = deceiver.run("rm team/app:pr-1");
            assert_eq!(outcome.code, Some(6), "{by_name}, {list}: {outcome}");
            assert!(outcome.messages(false).contains("team/app:pr-1 is still present"), "{list}: {outcome}");
        }
    }
}

#[test]
fn an_index_that_only_its_tag_leads_to_protects_its_children() {
    let mut content = Content::default();
    let child = content.push_image("child");
    let index = content.push_index("multi", &child);
    let deceiver = Deceiver::start(content, move |_, request| {
        reads(request, &[&index]).then(|| Reply::error(404, "MANIFEST_UNKNOWN"))
    });
    let outcome = deceiver.run("rm team/app:child");
    assert_eq!((outcome.code, deceiver.has("child")), (Some(9), true), "{outcome}");
    assert!(outcome.messages(false).contains("would break an index"), "{outcome}");
}

#[test]
fn a_child_by_another_algorithm_that_cannot_be_found_may_be_any_manifest() {
    // The registry knows the child by its sha256 digest only.
    let with_index = |content: &mut Content| {
        let child = content.tags["child"].clone();
        let digest = format!("sha512:{}", hex::encode(Sha512::digest(&content.manifests[&child])));
        content.push_index("multi", &digest);
    };
    for is_new in [false, true] {
        let mut content = Content::default();
        content.push_image("child");
        content.push_image("other");
        if !is_new {
            with_index(&mut content);
        }
        let mut read = 0;
        let deceiver = Deceiver::start(content, move |content, request| {
            read += usize::from(lists(request) && request.query("last").is_none());
            // The plan's list is the first.
            if is_new && read == 2 && !content.tags.contains_key("multi") {
                with_index(content);
            }
            None
        });
        let outcome = deceiver.run("rm team/app:child");
        assert_eq!((outcome.code, deceiver.has("child")), (Some(9), true), "{is_new}: {outcome}");
    }
}

#[test]
fn a_child_that_is_deleted_with_its_index_is_reported_behind_a_cache_of_heads() {
    let mut content = Content::default();
    let child = content.push_image("child");
    let index = content.push_index("multi", &child);
    let deceiver = Deceiver::start(content, move |content, request| {
        if deletes(request, &[&index]) {
            content.delete_manifest(&index);
            content.delete_manifest(&child);
            content.was_deleted = true;
            return Some(Reply::status(202));
        }
        let cached = Reply::status(200).header("Content-Type", IMAGE).header("Docker-Content-Digest", &*child);
        if content.was_deleted && lists(request) {
            return Some(content.listed(&["child"]));
        }
        (request.method == "HEAD" && reads(request, &["child", &child])).then_some(cached)
    });
    let outcome = deceiver.run("rm team/app:multi");
    assert_eq!(outcome.code, Some(6), "{outcome}");
    assert!(outcome.messages(false).contains("team/app:child is gone, and should have stayed"), "{outcome}");
}

#[test]
fn a_manifest_stays_for_a_tag_whose_own_removal_was_refused() {
    let mut content = Content::default();
    let child = content.push_image("child");
    content.push_index("multi", &child);
    let app = content.push_image("app");
    // It goes with `child`, which stays in its index.
    let signature = format!("{}.sig", child.replace(':', "-"));
    content.tag(&signature, &app);
    let deceiver = Deceiver::start(content, |_, _| None);
    let outcome = deceiver.run("rm team/app:child team/app:app --with-referrers --yes");
    assert_eq!(outcome.code, Some(9), "{outcome}");
    assert!(["child", "multi", "app", &signature].iter().all(|tag| deceiver.has(tag)), "{outcome}");
}

#[test]
fn siblings_that_no_list_names_are_not_known_to_have_stayed() {
    type List = fn(&Content) -> Reply;
    let lists_of: [List; 4] = [
        |_| Reply::error(403, "DENIED"),
        |_| Reply::error(404, "NAME_UNKNOWN"),
        |content| content.listed(&[]),
        |content| content.listed(&["other"]),
    ];
    for (number, list) in lists_of.into_iter().enumerate() {
        for takes_siblings in [true, false] {
            let (content, digest, _) = siblings(true);
            let deceiver = Deceiver::start(content, move |content, request| {
                if lists(request) {
                    return Some(list(content));
                }
                (takes_siblings && deletes(request, &["pr-1"])).then(|| {
                    content.delete_manifest(&digest);
                    Reply::status(202)
                })
            });
            let outcome = deceiver.run("rm team/app:pr-1");
            let expected = if takes_siblings { Some(6) } else { Some(0) };
            assert_eq!(outcome.code, expected, "{number}, {takes_siblings}: {outcome}");
        }
    }
}

#[test]
fn a_new_tag_by_another_algorithm_protects_the_manifest() {
    let (content, doomed, _) = alone(false);
    let long = format!("sha512:{}", hex::encode(Sha512::digest(&content.manifests[&doomed])));
    let mut read = 0;
    let deceiver = Deceiver::start(content, move |content, request| {
        read += usize::from(lists(request) && request.query("last").is_none());
        // The plan's list is the first.
        if lists(request) && read == 2 {
            content.tag("new", &doomed);
        }
        if deletes(request, &[&long]) {
            content.delete_manifest(&doomed);
            return Some(Reply::status(202));
        }
        reads(request, &["pr-1", &long]).then(|| content.manifest(&doomed, &long))
    });
    let outcome = deceiver.run("rm team/app:pr-1");
    assert_eq!((outcome.code, deceiver.has("new")), (Some(9), true), "{outcome}");
}

#[test]
fn a_time_out_of_the_server_says_nothing_about_the_deletion() {
    for by_name in [true, false] {
        for takes_effect in [true, false] {
            let (content, doomed, _) = alone(by_name);
            let deceiver = Deceiver::start(content, move |content, request| {
                deletes(request, &[if by_name { "pr-1" } else { &doomed }]).then(|| {
                    if takes_effect {
                        content.reply(request);
                    }
                    Reply::error(408, "UNKNOWN")
                })
            });
            let outcome = deceiver.run("rm team/app:pr-1");
            let expected = if takes_effect { ["removed\tteam/app:pr-1"] } else { ["failed\tteam/app:pr-1"] };
            assert_eq!(outcome.lines(), expected, "{by_name}: {outcome}");
        }
    }
}
