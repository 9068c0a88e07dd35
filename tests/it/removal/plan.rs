//! The plan: shown, saved, and applied.

use std::fs;

use insta::assert_snapshot;
use registry_fixture::content::{ArtifactSpec, ImageSpec, IndexSpec};
use registry_fixture::{Match, Personality, Registry, Running};
use test_support::{Outcome, Rls};

use super::state;
use crate::registries::{empty, seeded, with_seed};

#[test]
fn a_plan_names_the_kept_siblings() {
    let registry = with_seed(Registry::builder(), "shared").personality(Personality::Zot).start();
    assert_snapshot!(Rls::at(&registry).words("rm -n shared/app:1.4 -o table --color never").run(), @"
    exit 0
    --- stdout
    would-remove→shared/app:1.4→untag; sha256:1b9c9487898f; 1, 1.4.0, latest stay
    ");
    let verbose = Rls::at(&registry).words("rm -v shared/app:1.4").run();
    assert!(verbose.stderr.contains("\nplan:  untag shared/app:1.4; sha256:1b9c"), "{verbose}");
    assert_eq!(registry.tags("shared/app"), ["1", "1.3.9", "1.4.0", "latest"]);
}

#[test]
fn a_plan_names_orphaned_referrers() {
    for personality in [Personality::Zot, Personality::Distribution28] {
        let registry = Registry::builder().personality(personality).start();
        let image = ImageSpec::new("app").build();
        let digest = registry.push("app", "1.0", &image);
        let sbom = ArtifactSpec::new("application/vnd.example.sbom").subject(image.root()).build();
        registry.push_referrer("app", &sbom, image.root());
        let signature = format!("{}.sig", digest.as_tag());
        registry.push_image("app", &signature, &ImageSpec::new("sig"));
        let plan = Rls::at(&registry).words("rm -n --all-tags -o json -q").arg(format!("app@{digest}")).run();
        let json: serde_json::Value = serde_json::from_str(&plan.stdout).expect("JSON");
        let referrers: Vec<_> = json[0]["referrers"].as_array().expect("a list").iter().collect();
        assert_eq!(referrers.len(), 2, "{plan}");
        assert!(referrers.contains(&&serde_json::json!(format!("app:{signature}"))), "{plan}");
    }
}

#[test]
fn an_index_is_removed_before_its_children() {
    let registry = empty();
    let index = IndexSpec::three_platforms("app").build();
    registry.push("app", "1.0", &index);
    registry.tag("app", "amd64", &index.manifests[0].digest);
    assert_snapshot!(Rls::at(&registry).words("rm app:amd64 app:1.0 -q").run(), @"
    exit 0
    --- stdout
    removed→app:1.0
    removed→app:amd64
    ");
    assert_eq!(registry.tags("app"), [""; 0]);
}

/// A registry, and a plan that was saved for it.
fn saved(registry: &Running, words: &str) -> (Rls, Outcome) {
    let rls = Rls::at(registry).words("rm --save-plan plan.json").words(words);
    let outcome = rls.run();
    (rls, outcome)
}

#[test]
fn a_saved_plan_is_applied_later() {
    let registry = seeded("shared");
    let before = state(&registry, "shared/app");
    let (rls, outcome) = saved(&registry, "shared/app:1.3.9");
    assert_snapshot!(outcome, @"
    exit 0
    --- stdout
    would-remove→shared/app:1.3.9
    --- stderr
    wrote 1 removal to plan.json; run 'rls rm --apply plan.json' to apply the plan
    ");
    assert_eq!(state(&registry, "shared/app"), before);
    let plan = fs::read(rls.home().join("plan.json")).expect("the plan is there");
    assert_snapshot!(rls.readable(&plan), @r#"
    {
      "version": 1,
      "items": [
        {
          "registry": "http://REGISTRY",
          "repository": "shared/app",
          "tag": "1.3.9",
          "digest": "sha256:ffba911536818c8020cb1a56777054c85610a972a90dd7fbfb5121a389eb9799",
          "method": "delete-manifest"
        }
      ]
    }
    "#);
    let rls = rls.then("rm --apply plan.json -q");
    assert_snapshot!(rls.run(), @"
    exit 0
    --- stdout
    removed→shared/app:1.3.9
    ");
    // A second run finds nothing to remove.
    assert_snapshot!(rls.run(), @"
    exit 0
    --- stdout
    absent→shared/app:1.3.9
    ");
    assert_eq!(registry.tags("shared/app"), ["1", "1.4", "1.4.0", "latest"]);
}

#[test]
fn a_plan_is_read_from_standard_input() {
    let registry = seeded("shared");
    let (rls, _) = saved(&registry, "shared/app:1.3.9");
    let plan = fs::read(rls.home().join("plan.json")).expect("the plan is there");
    let outcome = rls.then("rm --apply - -q").stdin(plan).run();
    assert_eq!((outcome.code, &*outcome.stdout), (Some(0), "removed\tshared/app:1.3.9\n"), "{outcome}");
}

#[test]
fn a_saved_plan_needs_no_confirmation() {
    let registry = seeded("shared");
    let (rls, _) = saved(&registry, "shared/app:1.4 --with-siblings");
    let outcome = rls.then("rm --apply plan.json -q").run();
    assert_snapshot!(outcome, @"
    exit 0
    --- stdout
    removed→shared/app:1.4
    removed→shared/app:1
    removed→shared/app:1.4.0
    removed→shared/app:latest
    ");
    assert_eq!(registry.tags("shared/app"), ["1.3.9"]);
}

#[test]
fn applying_stops_at_a_tag_that_moved() {
    let registry = seeded("shared");
    let (rls, _) = saved(&registry, "shared/app:1.3.9");
    let moved = registry.push_image("shared/app", "1.3.9", &ImageSpec::new("pushed after the review"));
    assert_snapshot!(rls.then("rm --apply plan.json").run(), @"
    exit 9
    --- stdout
    failed→shared/app:1.3.9
    --- stderr
    error: shared/app:1.3.9 does not point to sha256:ffba911536818c8020cb1a56777054c85610a972a90dd7fbfb5121a389eb9799; it may have moved
    cause: it points to sha256:8e857119a47df85b232f39aba183ee472299298e1dd98d98e85771129bdfb69b
    hint:  check what it points to now before removing it
    ");
    assert_eq!(registry.resolve("shared/app", "1.3.9"), Some(moved));
}

#[test]
fn applying_stops_at_a_sibling_that_is_not_in_the_plan() {
    for words in ["shared/app:1.3.9", "shared/app:1.4 --with-siblings"] {
        let registry = seeded("shared");
        let (rls, _) = saved(&registry, words);
        for (tag, digest) in
            state(&registry, "shared/app").into_iter().filter(|(tag, _)| tag == "1.3.9" || tag == "1.4")
        {
            registry.tag(
                "shared/app",
                &format!("new-{tag}"),
                &registry_fixture::Digest::parse(&digest).expect("a digest"),
            );
        }
        let before = state(&registry, "shared/app");
        let outcome = rls.then("rm --apply plan.json --yes").run();
        assert_eq!(outcome.code, Some(9), "{outcome}");
        assert!(outcome.stderr.contains("shared/app:new-"), "{outcome}");
        assert_eq!(state(&registry, "shared/app"), before);
    }
}

#[test]
fn a_plan_is_not_applied_by_another_method() {
    // What was reviewed deletes a tag by its name; the registry it is carried out on has forgotten how.
    let registry = with_seed(Registry::builder(), "shared").personality(Personality::Zot).start();
    let (rls, _) = saved(&registry, "shared/app:1.3.9");
    let other = seeded("shared");
    let path = rls.home().join("plan.json");
    let plan = fs::read_to_string(&path).expect("a readable file").replace(&registry.host(), &other.host());
    fs::write(path, plan).expect("a writable folder");
    let rls = rls.calling(&other, "OTHER").then("rm --apply plan.json");
    assert_snapshot!(rls.run(), @"
    exit 7
    --- stdout
    failed→shared/app:1.3.9
    --- stderr
    error: cannot remove shared/app:1.3.9 as planned
    cause: http://OTHER does not delete tags by name
    cause: http://OTHER refuses the request for a deletion in shared/app
    cause: 400 Bad Request: DIGEST_INVALID: provided digest did not match uploaded content
    hint:  this registry deletes manifests, not tags; save a new plan for it
    ");
    assert_eq!(other.tags("shared/app").len(), 5);
}

#[test]
fn a_plan_leaves_out_impossible_removals() {
    let registry = seeded("shared");
    let (rls, outcome) = saved(&registry, "shared/app:1.4 shared/app:1.3.9");
    assert_eq!((outcome.code, &*outcome.stdout), (Some(6), "failed\tshared/app:1.4\nwould-remove\tshared/app:1.3.9\n"));
    let plan = fs::read_to_string(rls.home().join("plan.json")).expect("a readable file");
    assert!(plan.contains("\"1.3.9\"") && !plan.contains("\"1.4\""), "{plan}");
}

#[test]
fn an_invalid_plan_is_refused_before_any_request() {
    let registry = empty();
    let mut report = String::new();
    let digest = "sha256:ffba911536818c8020cb1a56777054c85610a972a90dd7fbfb5121a389eb9799";
    let item = |tag: &str, method: &str| {
        format!(
            r#"{{"version":1,"items":[{{"registry":"reg","repository":"app","tag":"{tag}","digest":"{digest}","method":"{method}"}}]}}"#
        )
    };
    for text in ["", "[]", r#"{"version":2,"items":[]}"#, &item("a b", "delete-tag"), &item("1", "burn")] {
        report += &Rls::at(&registry).with_file("plan.json", text).words("rm --apply plan.json").fails(2);
    }
    report += &Rls::at(&registry).words("rm --apply nowhere.json").fails(2);
    let unwritable = Rls::at(&seeded("shared")).words("rm shared/app:1.3.9 -q --save-plan /proc/plan.json").run();
    assert_eq!(unwritable.code, Some(2), "{unwritable}");
    report += &unwritable.stderr;
    assert_snapshot!(report, @r#"
    error: cannot read the plan plan.json
    cause: not valid JSON at line 1, column 0
    error: cannot read the plan plan.json
    cause: invalid length 0, expected a saved plan at line 1 column 2
    error: cannot read the plan plan.json
    cause: unsupported version 2; expected 1
    error: cannot read the plan plan.json
    cause: 'a b' is not a tag: ' ' is not allowed in a tag
    error: cannot read the plan plan.json
    cause: unknown method "burn"
    error: cannot read the plan nowhere.json
    cause: No such file or directory
    error: cannot write the plan /proc/plan.json
    cause: No such file or directory
    "#);
    assert_eq!(registry.count(&Match::any().method("DELETE".parse().expect("a method"))), 0);
}
