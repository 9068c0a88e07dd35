//! What `--keep-used` names stays, however it is asked for and whatever else is removed.

use serde_json::json;
use sha2::{Digest as _, Sha512};
use test_support::Reply;

use super::{Content, Deceiver, IMAGE, INDEX, alone, lists, reads, siblings};
use crate::runner::{Canaries as _, Outcome};

/// Runs with a file that names one image in use; `NAME` is the repository.
fn run(deceiver: &Deceiver, words: &str, image: &str) -> Outcome {
    let rls = deceiver.rls(words);
    let file = rls.file("used", image.replace("NAME", &format!("{}/team/app", deceiver.server.host())));
    let outcome = rls.arg("--keep-used").arg(file).observe();
    outcome.is_clean();
    outcome
}

#[test]
fn a_tag_in_use_stays_when_the_other_tags_on_its_manifest_are_requested_too() {
    for words in [
        "rm team/app:pr-1 team/app:stable",
        "rm team/app:stable team/app:pr-1 --purge --yes",
        "rm team/app:pr-1 team/app:stable --with-siblings --yes",
        "rm team/app --all-tags --yes",
        "rm team/app --match pr-* --match stable --yes",
    ] {
        for by_name in [false, true] {
            let (content, ..) = siblings(by_name);
            let deceiver = Deceiver::start(content, |_, _| None);
            let outcome = run(&deceiver, words, "NAME:stable");
            assert!(deceiver.has("stable"), "{words}, {by_name}: {outcome}");
            assert!(outcome.lines().contains(&"kept\tteam/app:stable"), "{words}, {by_name}: {outcome}");
        }
    }
}

#[test]
fn a_tag_in_use_that_the_list_lacks_is_looked_up() {
    let (content, ..) = siblings(false);
    let deceiver =
        Deceiver::start(content, |content, request| lists(request).then(|| content.listed(&["other", "pr-1"])));
    let outcome = run(&deceiver, "rm team/app:pr-1", "NAME:stable");
    assert_eq!((outcome.code, deceiver.has("stable")), (Some(9), true), "{outcome}");
}

#[test]
fn what_an_index_in_use_needs_stays_although_no_tag_leads_to_the_index() {
    for words in [
        "rm team/app:child",
        "rm team/app:child --purge --yes",
        "rm team/app:child --force",
        "rm team/app:multi --purge --yes",
        "rm team/app:child team/app:multi --purge --yes",
        "prune team/app --keep stable --yes",
    ] {
        for by_name in [false, true] {
            let mut content = Content { by_name, ..Content::default() };
            let child = content.push_image("child");
            content.push_image("stable");
            content.push_index("multi", &child);
            let listed = json!({ "mediaType": IMAGE, "digest": child, "size": 0 });
            let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "annotations": { "of": "pinned" }, "manifests": [listed] });
            let pinned = content.push("pinned", index);
            content.tags.remove("pinned");
            if !words.contains("multi") {
                content.tags.remove("multi");
            }
            let deceiver = Deceiver::start(content, |_, _| None);
            let outcome = run(&deceiver, words, &format!("NAME@{pinned}"));
            assert!(deceiver.content().manifests.contains_key(&child), "{words}, {by_name}: {outcome}");
            assert!(deceiver.content().manifests.contains_key(&pinned), "{words}, {by_name}: {outcome}");
        }
    }
}

#[test]
fn a_referrer_in_use_stays_although_only_the_registry_lists_it() {
    for words in ["rm team/app:pr-1 --purge --yes", "rm team/app:pr-1 --with-referrers --yes"] {
        for place in ["NAME@", ""] {
            let (mut content, subject, _) = alone(false);
            let of = json!({ "mediaType": IMAGE, "digest": subject, "size": 0 });
            let referrer = json!({ "schemaVersion": 2, "mediaType": IMAGE, "config": of, "layers": [], "subject": of });
            let referrer = content.push("referrer", referrer);
            content.tags.remove("referrer");
            let listed = json!({ "mediaType": IMAGE, "digest": referrer, "size": 0, "artifactType": "application/x" });
            let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [listed] }).to_string();
            let deceiver = Deceiver::start(content, move |_, request| {
                let reply = || Reply::status(200).header("Content-Type", INDEX).body(index.clone());
                request.path().contains("/referrers/").then(reply)
            });
            let outcome = run(&deceiver, words, &format!("{place}{referrer}"));
            assert!(deceiver.content().manifests.contains_key(&referrer), "{words}, {place}: {outcome}");
        }
    }
}

#[test]
fn a_manifest_in_use_by_a_digest_of_another_algorithm_stays() {
    for by_name in [false, true] {
        let (content, digest, _) = alone(by_name);
        let long = format!("sha512:{}", hex::encode(Sha512::digest(&content.manifests[&digest])));
        let known = long.clone();
        let deceiver = Deceiver::start(content, move |content, request| {
            reads(request, &[&known]).then(|| content.manifest(&digest, &known))
        });
        let outcome = run(&deceiver, "rm team/app:pr-1 --purge --yes", &format!("NAME@{long}"));
        assert_eq!((outcome.code, deceiver.has("pr-1")), (Some(9), true), "{by_name}: {outcome}");
    }
}

#[test]
fn a_digest_in_use_is_a_manifests_unless_only_layers_have_it() {
    let image = |digest: &str| {
        let layer = json!({ "mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest, "size": 1 });
        json!({ "schemaVersion": 2, "mediaType": IMAGE, "config": layer, "layers": [layer] })
    };
    // An image that names an index as its layer takes no protection away from what the index lists.
    let mut content = Content::default();
    let child = content.push_image("child");
    let pinned = content.push_index("pinned", &child);
    content.tags.remove("pinned");
    content.push("other", image(&pinned));
    let deceiver = Deceiver::start(content, |_, _| None);
    let outcome = run(&deceiver, "rm team/app:child", &format!("NAME@{pinned}"));
    assert_eq!((outcome.code, deceiver.has("child")), (Some(9), true), "{outcome}");
    // distribution 2 fails for the digest of a layer.
    let (mut content, ..) = alone(false);
    let layer = format!("sha256:{}", "1".repeat(64));
    content.push("layered", image(&layer));
    let known = layer.clone();
    let deceiver =
        Deceiver::start(content, move |_, request| reads(request, &[&known]).then(|| Reply::error(500, "UNKNOWN")));
    let outcome = run(&deceiver, "rm team/app:pr-1 team/app:layered", &format!("NAME@{layer}"));
    assert_eq!(outcome.lines(), ["removed\tteam/app:pr-1", "kept\tteam/app:layered"], "{outcome}");
}
