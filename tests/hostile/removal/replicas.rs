//! Registries behind a load balancer whose replicas lag behind, and caches and proxies that say so.

use serde_json::json;
use test_support::Reply;

use super::{Content, Deceiver, IMAGE, INDEX, alone, deletes, lists, reads, siblings, stops_at_list};

/// "Not found", as a replica answers that does not know a manifest yet.
fn unknown() -> Reply {
    Reply::error(404, "MANIFEST_UNKNOWN")
}

#[test]
fn what_one_connection_does_not_find_is_looked_for_by_another() {
    for words in
        ["rm team/app:pr-1", "rm team/app --match pr-* --yes", "prune team/app --keep stable --keep other --yes"]
    {
        let (content, ..) = siblings(false);
        let deceiver = Deceiver::start(content, |_, request| {
            (request.connection == 1 && reads(request, &["stable"])).then(unknown)
        });
        // One job uses one connection.
        deceiver.run(&format!("{words} -j 1"));
        assert!(deceiver.has("stable"), "{words}");
    }
}

#[test]
fn what_an_index_needs_is_not_purged_where_one_connection_does_not_find_the_index() {
    let mut content = Content::default();
    let child = content.push_image("child");
    content.push_index("multi", &child);
    content.tags.remove("child");
    let descriptor = json!({ "mediaType": IMAGE, "digest": child, "size": 0 });
    let index =
        json!({ "schemaVersion": 2, "mediaType": INDEX, "annotations": { "of": "kept" }, "manifests": [descriptor] });
    let kept = content.push("kept", index);
    let deceiver = Deceiver::start(content, move |_, request| {
        (request.connection == 1 && reads(request, &["kept", &kept])).then(unknown)
    });
    let outcome = deceiver.run("rm team/app:multi --purge --yes -j 1");
    assert!(deceiver.content().manifests.contains_key(&child), "{outcome}");
}

#[test]
fn a_listed_name_that_is_not_found_right_before_a_deletion_prevents_it() {
    // It is new, or it was moved: a replica that lags behind knows neither.
    for name in ["new", "stable"] {
        let (content, doomed, _) = alone(false);
        let mut read = 0;
        let deceiver = Deceiver::start(content, move |content, request| {
            read += usize::from(lists(request) && request.query("last").is_none());
            // The plan's list is the first.
            if lists(request) && read == 2 {
                content.tag(name, &doomed);
            }
            (read > 1 && reads(request, &[name])).then(unknown)
        });
        let outcome = deceiver.run("rm team/app:pr-1");
        assert_eq!((outcome.code, deceiver.has(name)), (Some(9), true), "{outcome}");
        assert!(outcome.messages(false).contains("lists it, and answers \"not found\" for it"), "{outcome}");
    }
}

#[test]
fn a_name_that_another_client_removes_meanwhile_prevents_nothing() {
    let (content, ..) = alone(false);
    let mut read = 0;
    let deceiver = Deceiver::start(content, move |content, request| {
        read += usize::from(lists(request) && request.query("last").is_none());
        // It is still in the list that is read before the deletion.
        let is_removed = read == 2 && reads(request, &["stable"]);
        if is_removed {
            content.tags.remove("stable");
        }
        None
    });
    let outcome = deceiver.run("rm team/app:pr-1");
    // Who removed it is unknown.
    assert_eq!((outcome.code, deceiver.has("pr-1")), (Some(6), false), "{outcome}");
}

#[test]
fn a_name_that_was_never_found_and_goes_with_a_deletion_is_reported() {
    // All replicas that are asked lag behind: it looks dangling.
    let (content, ..) = siblings(false);
    let deceiver = Deceiver::start(content, |_, request| reads(request, &["stable"]).then(unknown));
    let outcome = deceiver.run("rm team/app:pr-1");
    assert_eq!(outcome.code, Some(6), "{outcome}");
    assert!(outcome.messages(false).contains("team/app:stable is gone, and should have stayed"), "{outcome}");
    // One that is dangling stays listed.
    let (mut content, ..) = alone(false);
    content.tag("dangling", &format!("sha256:{}", "0".repeat(64)));
    let deceiver = Deceiver::start(content, |_, _| None);
    let outcome = deceiver.run("rm team/app:pr-1");
    assert_eq!((outcome.code, deceiver.has("pr-1")), (Some(0), false), "{outcome}");
}

#[test]
fn a_list_that_is_called_out_of_date_or_incomplete_does_not_rule_out_siblings() {
    let names = ["other", "pr-1", "stable"];
    let stale = r#"110 - "Response is Stale""#;
    stops_at_list("came from a cache", move |content| content.listed(&names).header("Warning", stale));
    let list = json!({ "name": "team/app", "tags": names });
    stops_at_list("with the status 203", {
        let list = list.to_string();
        move |_| Reply::status(203).header("Content-Type", "application/json").body(list.clone())
    });
    let mut broken = list;
    broken["errors"] = json!([{ "code": "UNKNOWN", "message": "a shard is down" }]);
    stops_at_list("came with errors", move |_| Reply::json(broken.to_string()));
}

#[test]
fn every_digest_in_the_header_of_a_reply_protects_the_manifest_it_names() {
    for is_list in [false, true] {
        let (content, doomed, other) = alone(false);
        let deceiver = Deceiver::start(content, move |content, request| {
            if !reads(request, &["stable"]) {
                return None;
            }
            let header = if is_list { format!("{other}, {doomed}") } else { other.clone() };
            let reply = content.manifest(&other, &header);
            Some(if is_list { reply } else { reply.header("Docker-Content-Digest", doomed.as_str()) })
        });
        let outcome = deceiver.run("rm team/app:pr-1");
        assert_eq!((outcome.code, deceiver.has("pr-1")), (Some(9), true), "{is_list}: {outcome}");
    }
}

#[test]
fn an_unexpected_success_is_verified_like_any_other() {
    for by_name in [true, false] {
        for status in [203, 206, 207, 299] {
            for takes_effect in [true, false] {
                let (content, doomed, _) = alone(by_name);
                let deceiver = Deceiver::start(content, move |content, request| {
                    deletes(request, &["pr-1", &doomed]).then(|| {
                        if takes_effect {
                            content.reply(request);
                        }
                        Reply::status(status)
                    })
                });
                let outcome = deceiver.run("rm team/app:pr-1");
                let case = format!("{status}, {by_name}, {takes_effect}");
                assert_eq!(outcome.code == Some(0), takes_effect, "{case}: {outcome}");
                assert_eq!(outcome.lines().iter().any(|line| line.starts_with("removed")), takes_effect, "{case}");
            }
        }
    }
}

#[test]
fn a_reply_that_a_cache_sent_does_not_show_what_a_tag_points_to_now() {
    let signs: [fn(Reply) -> Reply; 6] = [
        |reply| reply.header("Age", "0").header("Age", "30"),
        |reply| reply.header("Age", "0, 30"),
        |reply| reply.header("Warning", "199 - \"x\", 110 squid \"Response is Stale\""),
        |reply| reply.header("Cache-Status", "\"Squid\"; hit; ttl=5"),
        |reply| reply.header("X-Cache", "TCP_MEM_HIT from proxy"),
        |reply| reply.header("CF-Cache-Status", "STALE"),
    ];
    for (number, sign) in signs.into_iter().enumerate() {
        let (content, doomed, other) = alone(false);
        let mut read = 0;
        let deceiver = Deceiver::start(content, move |content, request| {
            read += usize::from(lists(request) && request.query("last").is_none());
            // Another client moves it after the plan was made; the cache has its old state.
            if lists(request) && read == 2 {
                content.tag("stable", &doomed);
            }
            (read > 1 && reads(request, &["stable"])).then(|| sign(content.manifest(&other, &other)))
        });
        let outcome = deceiver.run("rm team/app:pr-1");
        assert_eq!((outcome.code, deceiver.has("stable")), (Some(9), true), "{number}: {outcome}");
    }
    // What a cache has fetched just now is no sign.
    let (content, ..) = alone(false);
    let deceiver = Deceiver::start(content, |content, request| {
        let is_fresh = |reply: Reply| reply.header("X-Cache", "MISS from proxy").header("Age", "0");
        reads(request, &["stable"]).then(|| is_fresh(content.reply(request)))
    });
    let outcome = deceiver.run("rm team/app:pr-1");
    assert_eq!((outcome.code, deceiver.has("pr-1")), (Some(0), false), "{outcome}");
}

#[test]
fn referrers_that_one_connection_does_not_know_are_removed_with_their_subject() {
    let (mut content, subject, _) = alone(false);
    let subject = json!({ "mediaType": IMAGE, "digest": subject, "size": 0 });
    let signature =
        json!({ "schemaVersion": 2, "mediaType": IMAGE, "config": subject, "layers": [], "subject": subject });
    let digest = content.push("signature", signature);
    content.tags.remove("signature");
    let known = digest.clone();
    let deceiver = Deceiver::start(content, move |_, request| {
        let listed = json!({ "mediaType": IMAGE, "digest": known, "size": 0, "artifactType": "application/x" });
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [listed] });
        request.path().contains("/referrers/").then(|| match request.connection {
            1 => Reply::error(404, "NOT_FOUND"),
            _ => Reply::status(200).header("Content-Type", INDEX).body(index.to_string()),
        })
    });
    let outcome = deceiver.run("rm team/app:pr-1 --with-referrers --yes -j 1");
    assert!(!deceiver.content().manifests.contains_key(&digest), "{outcome}");
}

#[test]
fn a_manifest_that_one_replica_no_longer_finds_and_others_still_have_is_reported() {
    for words in ["rm team/app@DIGEST", "rm team/app:pr-1 --purge --yes"] {
        let (mut content, digest, _) = alone(true);
        if words.contains('@') {
            content.tags.remove("pr-1");
        }
        let doomed = digest.clone();
        let (mut was_deleted, mut looks) = (false, 0);
        let deceiver = Deceiver::start(content, move |_, request| {
            was_deleted |= deletes(request, &[&doomed]);
            looks += usize::from(was_deleted && reads(request, &[&doomed]));
            match was_deleted {
                true if deletes(request, &[&doomed]) => Some(Reply::status(202)),
                true if reads(request, &[&doomed]) && looks == 1 => Some(unknown()),
                _ => None,
            }
        });
        let outcome = deceiver.run(&words.replace("DIGEST", &digest));
        assert_eq!(outcome.code, Some(6), "{outcome}");
        assert!(outcome.messages(false).contains(&format!("team/app@{digest} is still present")), "{outcome}");
    }
}

#[test]
fn what_an_index_needs_stays_while_any_connection_finds_the_index() {
    let mut content = Content { by_name: true, ..Content::default() };
    let child = content.push_image("child");
    let index = content.push_index("multi", &child);
    content.push_image("other");
    content.tags.remove("child");
    let mut was_deleted = false;
    let deceiver = Deceiver::start(content, move |content, request| {
        // It is accepted, and one replica behaves as if it had been carried out.
        if deletes(request, &["multi", &index]) {
            was_deleted = true;
            return Some(Reply::status(202));
        }
        match was_deleted {
            true if lists(request) => Some(content.listed(&["other"])),
            true if request.connection == 1 && reads(request, &["multi", &index]) => Some(unknown()),
            _ => None,
        }
    });
    let outcome = deceiver.run("rm team/app:multi --purge --yes -j 1");
    assert_eq!(outcome.code, Some(6), "{outcome}");
    assert!(deceiver.content().manifests.contains_key(&child), "{outcome}");
    assert!(outcome.messages(false).contains("still present"), "{outcome}");
}
