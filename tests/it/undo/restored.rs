use insta::assert_snapshot;
use registry_fixture::content::{Document, ImageSpec, IndexSpec, media_type, schema1};
use registry_fixture::{Fault, Match, Personality, Registry};
use serde_json::json;
use test_support::Rls;

use super::{Removal, pushes};
use crate::registries::empty;

#[test]
fn a_tag_is_restored_to_the_same_digest() {
    let registry = empty();
    let digest = registry.push_image("team/app", "1.4.0", &ImageSpec::new("app"));
    let bytes = registry.manifest("team/app", "1.4.0").expect("a manifest");
    let rls = Rls::at(&registry).words("undo");
    Removal::begin(&rls, &registry).keep_tag("team/app", "1.4.0").then_delete("team/app", &[digest.as_str()]);
    assert!(!registry.contains("team/app", "1.4.0"));
    registry.clear_requests();
    assert_snapshot!(rls.run(), @"
    exit 0
    --- stdout
    undone→team/app:1.4.0
    ");
    assert_eq!(registry.resolve("team/app", "1.4.0"), Some(digest.clone()));
    assert_eq!(registry.manifest("team/app", digest.as_str()), Some(bytes));
    let at = |method: &str| format!("{method} /v2/team/app/manifests/1.4.0");
    // Two replies confirm that the tag is missing; the content verifies that it is back.
    assert_eq!(registry.lines(), [at("GET"), at("GET"), at("PUT"), at("GET")]);
}

#[test]
fn undoing_twice_changes_nothing() {
    let registry = empty();
    let digest = registry.push_image("app", "1", &ImageSpec::new("app"));
    let rls = Rls::at(&registry).words("undo");
    Removal::begin(&rls, &registry).keep_tag("app", "1").then_delete("app", &[digest.as_str()]);
    rls.succeeds();
    registry.clear_requests();
    assert_snapshot!(rls.run(), @"
    exit 0
    --- stdout
    kept→app:1
    ");
    assert_eq!(pushes(&registry), [""; 0]);
}

#[test]
fn an_index_is_pushed_after_its_children() {
    let registry = empty();
    let content = IndexSpec::three_platforms("app").with_attestations().build();
    let digest = registry.push("app", "1", &content);
    let all: Vec<_> = content.manifests.iter().rev().map(|document| document.digest.to_string()).collect();
    let rls = Rls::at(&registry).words("undo");
    // In the order of a removal: the index, then what it lists.
    let mut removal = Removal::begin(&rls, &registry).keep_tag("app", "1");
    for child in &all[1..] {
        removal = removal.keep_manifest("app", child);
    }
    removal.then_delete("app", &all.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(all.iter().all(|digest| !registry.contains("app", digest)));
    registry.clear_requests();
    let shown = rls.succeeds();
    assert_eq!(shown.lines().count(), all.len());
    assert_eq!(shown.lines().last(), Some("undone\tapp:1"));
    assert_eq!(registry.resolve("app", "1"), Some(digest));
    assert!(all.iter().all(|digest| registry.contains("app", digest)));
    let pushes = pushes(&registry);
    assert_eq!((pushes.len(), pushes.last().expect("a push").as_str()), (all.len(), "PUT /v2/app/manifests/1"));
}

#[test]
fn an_index_of_indexes_is_pushed_last() {
    let registry = empty();
    let rls = Rls::at(&registry).words("undo");
    let index_of = |document: &Document| {
        let listed = serde_json::to_value(document.descriptor()).expect("JSON");
        let index = json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": [listed]});
        Document::new(media_type::OCI_INDEX, index.to_string())
    };
    // The order of digests differs from one to the next.
    for number in 0..8 {
        let repository = format!("app{number}");
        let mut content = ImageSpec::new(&repository).build();
        for _ in 0..3 {
            content.manifests.push(index_of(content.root()));
        }
        registry.push(&repository, "1", &content);
        let mut removal = Removal::begin(&rls, &registry).keep_tag(&repository, "1");
        for document in content.manifests.iter().rev().skip(1) {
            removal = removal.keep_manifest(&repository, document.digest.as_str());
        }
        let all: Vec<_> = content.manifests.iter().rev().map(|document| document.digest.as_str()).collect();
        removal.then_delete(&repository, &all);
        registry.clear_requests();
        rls.succeeds();
        let [tagged, below @ ..] = &all[..] else { panic!("an index") };
        let mut expected: Vec<_> =
            below.iter().rev().map(|digest| format!("PUT /v2/{repository}/manifests/{digest}")).collect();
        expected.push(format!("PUT /v2/{repository}/manifests/1"));
        assert_eq!(pushes(&registry), expected);
        assert_eq!(registry.resolve(&repository, "1").as_ref().map(|digest| digest.as_str()), Some(*tagged));
    }
}

#[test]
fn a_child_removed_by_its_own_tag_is_restored() {
    let registry = empty();
    let content = IndexSpec::three_platforms("app").build();
    let index = registry.push("app", "1", &content);
    let [amd64, arm64, arm] = &content.manifests[..3] else { panic!("three platforms") };
    let mut digests = vec![index.as_str()];
    let rls = Rls::at(&registry).words("undo");
    let mut removal = Removal::begin(&rls, &registry).keep_tag("app", "1");
    for (child, tag) in [(amd64, "1-amd64"), (arm64, "1-arm64"), (arm, "1-arm")] {
        registry.tag("app", tag, &child.digest);
        removal = removal.keep_tag("app", tag);
        digests.push(child.digest.as_str());
    }
    removal.then_delete("app", &digests);
    let shown = rls.succeeds();
    let mut expected: Vec<_> =
        content.manifests[..3].iter().map(|child| format!("undone\tapp@{}", child.digest)).collect();
    expected.sort();
    expected.extend(["1", "1-amd64", "1-arm", "1-arm64"].map(|tag| format!("undone\tapp:{tag}")));
    assert_eq!(shown.lines().collect::<Vec<_>>(), expected);
    assert_eq!(registry.tags("app"), ["1", "1-amd64", "1-arm", "1-arm64"]);
}

#[test]
fn after_a_lost_reply_the_state_is_checked() {
    for fault in [Fault::LoseReply, Fault::CloseBeforeReply, Fault::status(503)] {
        let registry = empty();
        let digest = registry.push_image("app", "1", &ImageSpec::new("app"));
        let rls = Rls::at(&registry).words("undo");
        Removal::begin(&rls, &registry).keep_tag("app", "1").then_delete("app", &[digest.as_str()]);
        let is_final = matches!(fault, Fault::Answer(_));
        registry.inject(Match::put("/v2/app/manifests/1").times(1), fault);
        let outcome = rls.run();
        // A server may repeat its failure.
        assert_eq!(outcome.code, Some(if is_final { 5 } else { 0 }), "{outcome}");
        assert_eq!(registry.contains("app", "1"), !is_final);
    }
}

#[test]
fn a_push_that_takes_effect_later_is_waited_for() {
    let registry = empty();
    let digest = registry.push_image("app", "1", &ImageSpec::new("app"));
    let rls = Rls::at(&registry).words("undo");
    Removal::begin(&rls, &registry).keep_tag("app", "1").then_delete("app", &[digest.as_str()]);
    registry.clear_requests();
    registry.inject(Match::get("/v2/app/manifests/1").after(2).times(2), Fault::status(404));
    assert_eq!(&*rls.succeeds(), "undone\tapp:1\n");
    assert_eq!(pushes(&registry).len(), 1);
    assert_eq!(registry.lines().len(), 6, "{:?}", registry.lines());
}

#[test]
fn every_kind_of_manifest_is_restored_on_every_registry() {
    for personality in Personality::ALL {
        for (content, is_docker) in [
            (ImageSpec::new("app").build(), false),
            (ImageSpec::new("app").docker().build(), true),
            (IndexSpec::three_platforms("app").build(), false),
            (IndexSpec::three_platforms("app").docker().build(), true),
        ] {
            // These never had what they do not take.
            match personality {
                Personality::Distribution26 if !is_docker => continue,
                Personality::Zot if is_docker => continue,
                _ => {}
            }
            let registry = Registry::builder().personality(*personality).start();
            let digest = registry.push("app", "1", &content);
            // An untagged manifest keeps the repository where an empty one is dropped.
            registry.push_image("app", "stays", &ImageSpec::new("stays"));
            let rls = Rls::at(&registry).words("undo");
            Removal::begin(&rls, &registry).keep_tag("app", "1");
            registry.untag("app", "1");
            let outcome = rls.run();
            assert_eq!((outcome.code, &*outcome.stdout), (Some(0), "undone\tapp:1\n"), "{personality:?}: {outcome}");
            assert_eq!(registry.resolve("app", "1"), Some(digest), "{personality:?}");
        }
    }
}

#[test]
fn a_signed_schema_1_manifest_is_restored() {
    let registry = empty();
    let content = schema1("app", "1", "app");
    let digest = registry.push("app", "1", &content);
    let rls = Rls::at(&registry).words("undo");
    Removal::begin(&rls, &registry).keep_tag("app", "1").then_delete("app", &[digest.as_str()]);
    rls.succeeds();
    assert_eq!(registry.resolve("app", "1"), Some(digest));
    assert_eq!(registry.manifest("app", "1").as_ref(), Some(&content.root().bytes));
}

#[test]
fn a_hundred_tags_on_one_digest_are_restored() {
    let registry = empty();
    let digest = registry.push_image("app", "t0", &ImageSpec::new("app"));
    let tags: Vec<_> = (0..100).map(|number| format!("t{number}")).collect();
    tags.iter().for_each(|tag| registry.tag("app", tag, &digest));
    let rls = Rls::at(&registry).words("undo --stats -q");
    let removal = tags.iter().fold(Removal::begin(&rls, &registry), |removal, tag| removal.keep_tag("app", tag));
    removal.then_delete("app", &[digest.as_str()]);
    registry.clear_requests();
    assert_eq!(rls.run().code, Some(0));
    assert_eq!((registry.tags("app").len(), registry.lines().len()), (100, 400));
    assert!(registry.most_at_once() <= 8, "{} at once", registry.most_at_once());
}
