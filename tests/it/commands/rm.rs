use insta::assert_snapshot;
use registry_fixture::content::{ImageSpec, IndexSpec};
use registry_fixture::{Digest, Match};
use test_support::Rls;

use crate::registries::{empty, seeded};

/// The digest of nothing, by which rls asks whether deletion is allowed at all.
const ZEROS: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

#[test]
fn a_tag_without_siblings_is_removed_with_its_manifest() {
    let registry = seeded("shared");
    let digest = registry.resolve("shared/app", "1.3.9").expect("a tag of the seed");
    assert_snapshot!(Rls::at(&registry).words("rm shared/app:1.3.9").run(), @"
    exit 0
    --- stdout
    removed→shared/app:1.3.9
    --- stderr
    hint:  disk space is reclaimed by the registry's next garbage collection
    ");
    assert_eq!(registry.tags("shared/app"), ["1", "1.4", "1.4.0", "latest"]);
    assert!(!registry.contains("shared/app", digest.as_str()));
    let deletions: Vec<_> = registry.lines().into_iter().filter(|line| line.starts_with("DELETE")).collect();
    let at = |reference: &str| format!("DELETE /v2/shared/app/manifests/{reference}");
    // The registry's capabilities are probed with a tag and a digest that do not exist.
    assert!(deletions[0].starts_with(&at("registry-ls-probe-")), "{deletions:?}");
    assert_eq!(deletions[1..], [at(ZEROS), at(digest.as_str())]);
}

#[test]
fn records_have_the_method_of_removal() {
    let registry = seeded("shared");
    assert_snapshot!(Rls::at(&registry).words("rm -n shared/app:1.3.9 -o json").run(), @r#"
    exit 0
    --- stdout
    [
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/shared/app:1.3.9","repository":"shared/app","tag":"1.3.9","digest":"sha256:ffba911536818c8020cb1a56777054c85610a972a90dd7fbfb5121a389eb9799","action":"would-remove","method":"delete-manifest","reason":null,"siblings":{"stay":[],"go":[]},"indexes":[],"referrers":[]}
    ]
    "#);
    assert_snapshot!(Rls::at(&registry).words("rm shared/app:1.3.9 -o json -q").run(), @r#"
    exit 0
    --- stdout
    [
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/shared/app:1.3.9","repository":"shared/app","tag":"1.3.9","digest":"sha256:ffba911536818c8020cb1a56777054c85610a972a90dd7fbfb5121a389eb9799","action":"removed","method":"delete-manifest","reason":null,"siblings":{"stay":[],"go":[]},"indexes":[],"referrers":[]}
    ]
    "#);
    assert_snapshot!(Rls::at(&registry).words("rm shared/app:1.3.9 --ignore-missing -o json").run(), @r#"
    exit 0
    --- stdout
    [
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/shared/app:1.3.9","repository":"shared/app","tag":"1.3.9","digest":null,"action":"absent","method":null,"reason":"does not exist","siblings":null,"indexes":null,"referrers":null}
    ]
    "#);
    assert_snapshot!(Rls::at(&registry).words("rm shared/app:latest --with-siblings --yes -o json -q").run(), @r#"
    exit 0
    --- stdout
    [
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/shared/app:latest","repository":"shared/app","tag":"latest","digest":"sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552","action":"removed","method":"delete-manifest","reason":null,"siblings":{"stay":[],"go":["1","1.4","1.4.0"]},"indexes":[],"referrers":[]},
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/shared/app:1","repository":"shared/app","tag":"1","digest":"sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552","action":"removed","method":"delete-manifest","reason":"with shared/app:latest","siblings":{"stay":[],"go":["1","1.4","1.4.0"]},"indexes":[],"referrers":[]},
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/shared/app:1.4","repository":"shared/app","tag":"1.4","digest":"sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552","action":"removed","method":"delete-manifest","reason":"with shared/app:latest","siblings":{"stay":[],"go":["1","1.4","1.4.0"]},"indexes":[],"referrers":[]},
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/shared/app:1.4.0","repository":"shared/app","tag":"1.4.0","digest":"sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552","action":"removed","method":"delete-manifest","reason":"with shared/app:latest","siblings":{"stay":[],"go":["1","1.4","1.4.0"]},"indexes":[],"referrers":[]}
    ]
    "#);
}

#[test]
fn a_dry_run_changes_nothing() {
    let registry = seeded("shared");
    let before = registry.tags("shared/app");
    assert_snapshot!(Rls::at(&registry).words("rm --dry-run shared/app:1.3.9").run(), @"
    exit 0
    --- stdout
    would-remove→shared/app:1.3.9
    ");
    assert_snapshot!(Rls::at(&registry).words("rm -n shared/app:1.4").run(), @"
    exit 9
    --- stdout
    failed→shared/app:1.4
    --- stderr
    error: cannot remove shared/app:1.4 alone: shared/app:1, shared/app:1.4.0, shared/app:latest point to the same manifest
    cause: http://REGISTRY deletes manifests, not tags; all of them are sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552
    hint:  use --with-siblings to remove these tags too, or --placeholder to remove only the named one (it pushes a tiny manifest first)
    ");
    assert_snapshot!(Rls::at(&registry).words("rm -n shared/app:1.4 --with-siblings").run(), @"
    exit 0
    --- stdout
    would-remove→shared/app:1.4
    would-remove→shared/app:1
    would-remove→shared/app:1.4.0
    would-remove→shared/app:latest
    ");
    let digest = registry.resolve("shared/app", "1.3.9").expect("a tag of the seed");
    let reference = format!("shared/app@{digest}");
    assert_snapshot!(Rls::at(&registry).words("rm -n --all-tags").arg(reference).run(), @"
    exit 0
    --- stdout
    would-remove→shared/app@sha256:ffba911536818c8020cb1a56777054c85610a972a90dd7fbfb5121a389eb9799
    would-remove→shared/app:1.3.9
    ");
    assert_eq!(registry.tags("shared/app"), before);
    let deletes = registry.requests().into_iter().filter(|request| request.method == "DELETE");
    // Only probes: the digest of nothing, and a tag that does not exist.
    assert!(
        deletes.map(|request| request.path).all(|path| path.ends_with(ZEROS) || path.contains("/registry-ls-probe-"))
    );
}

#[test]
fn a_missing_tag_is_an_error_without_ignore_missing() {
    let registry = seeded("shared");
    assert_snapshot!(Rls::at(&registry).words("rm shared/app:1.3.8").run(), @"
    exit 3
    --- stdout
    absent→shared/app:1.3.8
    --- stderr
    error: shared/app:1.3.8 not found on http://REGISTRY
    hint:  did you mean shared/app:1.3.9?
    ");
    assert_snapshot!(Rls::at(&registry).words("rm shared/app:1.3.8 --ignore-missing").run(), @"
    exit 0
    --- stdout
    absent→shared/app:1.3.8
    ");
    assert_snapshot!(Rls::at(&registry).words("rm shared/app:1.3.8 nothing:1 shared/app:1.3.9 --ignore-missing").run(), @"
    exit 0
    --- stdout
    absent→shared/app:1.3.8
    removed→shared/app:1.3.9
    absent→nothing:1
    --- stderr
    hint:  disk space is reclaimed by the registry's next garbage collection
    ");
    let absent = format!("shared/app@{ZEROS}");
    assert_snapshot!(Rls::at(&registry).arg("rm").arg(&absent).run(), @"
    exit 3
    --- stdout
    absent→shared/app@sha256:0000000000000000000000000000000000000000000000000000000000000000
    --- stderr
    error: shared/app@sha256:0000000000000000000000000000000000000000000000000000000000000000 not found on http://REGISTRY
    ");
    assert_snapshot!(Rls::at(&registry).words("rm --ignore-missing").arg(absent).run(), @"
    exit 0
    --- stdout
    absent→shared/app@sha256:0000000000000000000000000000000000000000000000000000000000000000
    ");
}

#[test]
fn a_failure_does_not_stop_the_others() {
    let registry = empty();
    for tag in ["1", "2", "3"] {
        registry.push_image("app", tag, &ImageSpec::new(tag));
    }
    assert_snapshot!(Rls::at(&registry).words("rm app:1 app:x app:3").run(), @"
    exit 6
    --- stdout
    removed→app:1
    absent→app:x
    removed→app:3
    --- stderr
    error: app:x not found on http://REGISTRY
    hint:  did you mean app:2, app:3?
    warning: removed 2 of 3, 1 failed
    hint:  disk space is reclaimed by the registry's next garbage collection
    ");
    assert_eq!(registry.tags("app"), ["2"]);
    assert_snapshot!(Rls::at(&registry).words("rm app:1 app:x -q").run(), @"
    exit 3
    --- stdout
    absent→app:1
    absent→app:x
    --- stderr
    error: app:1 not found on http://REGISTRY
    error: app:x not found on http://REGISTRY
    ");
}

#[test]
fn an_untagged_manifest_is_removed_without_a_prompt() {
    let registry = empty();
    let kept = registry.push_image("app", "1.0", &ImageSpec::new("kept"));
    let digest = registry.push_untagged("app", &ImageSpec::new("untagged").build());
    let reference = format!("app@{digest}");
    assert_snapshot!(Rls::at(&registry).arg("rm").arg(reference).run(), @"
    exit 0
    --- stdout
    removed→app@sha256:d788594917d0b42757045e2c28988f4281d9ff34861029a369e0dc3e881ae083
    --- stderr
    hint:  disk space is reclaimed by the registry's next garbage collection
    ");
    assert!(!registry.contains("app", digest.as_str()));
    assert_eq!(registry.resolve("app", "1.0"), Some(kept));
}

#[test]
fn a_tagged_manifest_requires_all_tags() {
    let registry = seeded("shared");
    let digest = registry.resolve("shared/app", "latest").expect("a tag of the seed");
    let rm = |words: &str| Rls::at(&registry).words("rm").words(words).arg(format!("shared/app@{digest}")).run();
    assert_snapshot!(rm(""), @"
    exit 9
    --- stdout
    failed→shared/app@sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552
    --- stderr
    error: removing shared/app@sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552 would also remove shared/app:1, shared/app:1.4, shared/app:1.4.0, shared/app:latest
    cause: these tags point to the manifest
    hint:  use --all-tags to remove the manifest with its tags
    ");
    assert_snapshot!(rm("--all-tags"), @"
    exit 2
    --- stderr
    error: confirmation needed to remove shared/app@sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552 (also removes shared/app:1, shared/app:1.4, shared/app:1.4.0, shared/app:latest)
    cause: no terminal to ask on
    hint:  use --yes to confirm, or -n to see what would be removed
    ");
    assert_eq!(registry.tags("shared/app").len(), 5);
    assert_snapshot!(rm("--all-tags --yes"), @"
    exit 0
    --- stdout
    removed→shared/app@sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552
    removed→shared/app:1
    removed→shared/app:1.4
    removed→shared/app:1.4.0
    removed→shared/app:latest
    --- stderr
    hint:  disk space is reclaimed by the registry's next garbage collection
    ");
    assert_eq!(registry.tags("shared/app"), ["1.3.9"]);
}

#[test]
fn a_manifest_listed_by_an_index_is_kept() {
    let registry = empty();
    let index = IndexSpec::three_platforms("app").build();
    registry.push("app", "1.0", &index);
    let child = &index.manifests[0].digest;
    registry.tag("app", "amd64", child);
    assert_snapshot!(Rls::at(&registry).words("rm app:amd64").run(), @"
    exit 9
    --- stdout
    failed→app:amd64
    --- stderr
    error: removing app:amd64 would break an index
    cause: app:1.0 (sha256:da023cd1c3ad9ed3e87fdcd594f87cd408cd13420df1dc39eccc3b9a7a03202a) lists it
    hint:  remove the index that lists it instead, or use --placeholder to remove only the tag; --force breaks the index
    ");
    assert_snapshot!(Rls::at(&registry).words("rm --all-tags --yes").arg(format!("app@{child}")).run(), @"
    exit 9
    --- stdout
    failed→app@sha256:13b94997ce64354dcf504685920b8ebb6ff3d8a583dac604463b35fe50293179
    --- stderr
    error: removing app@sha256:13b94997ce64354dcf504685920b8ebb6ff3d8a583dac604463b35fe50293179 would break an index
    cause: app:1.0 (sha256:da023cd1c3ad9ed3e87fdcd594f87cd408cd13420df1dc39eccc3b9a7a03202a) lists it
    hint:  remove the index that lists it instead, or use --placeholder to remove only the tag; --force breaks the index
    ");
    assert_snapshot!(Rls::at(&registry).words("rm --with-siblings --yes app:amd64 -q").run(), @"
    exit 9
    --- stdout
    failed→app:amd64
    --- stderr
    error: removing app:amd64 would break an index
    cause: app:1.0 (sha256:da023cd1c3ad9ed3e87fdcd594f87cd408cd13420df1dc39eccc3b9a7a03202a) lists it
    ");
    assert_eq!(registry.tags("app"), ["1.0", "amd64"]);
}

#[test]
fn a_tag_with_a_digest_is_removed_only_while_it_points_there() {
    let registry = empty();
    let first = registry.push_image("app", "1.0", &ImageSpec::new("first"));
    let second = registry.push_image("app", "1.0", &ImageSpec::new("second"));
    let rm = |digest: &Digest| Rls::at(&registry).arg("rm").arg(format!("app:1.0@{digest}")).run();
    assert_snapshot!(rm(&first), @"
    exit 9
    --- stdout
    failed→app:1.0
    --- stderr
    error: app:1.0 does not point to sha256:0245894ac7ab3dc0bf2d921ae1abacaf33e04c9d4880632179c648907197f49e; it may have moved
    cause: it points to sha256:d0f335e233eccbff9b1bb6c11fb3628263a230358644016e1067a77e978f4439
    hint:  check what it points to now before removing it
    ");
    assert_eq!(registry.tags("app"), ["1.0"]);
    assert_snapshot!(rm(&second), @"
    exit 0
    --- stdout
    removed→app:1.0
    --- stderr
    hint:  disk space is reclaimed by the registry's next garbage collection
    ");
    assert_eq!(registry.tags("app"), [""; 0]);
}

#[test]
fn a_repository_alone_is_refused_before_anything_is_sent() {
    let registry = empty();
    registry.push_image("app", "1.0", &ImageSpec::new("first"));
    registry.push_image("app", "latest", &ImageSpec::new("second"));
    for words in ["rm app", "rm app --yes", "rm app:1.0 app", "rm app -n", "rm app --exclude 1.0 --yes"] {
        let refused = Rls::at(&registry).words(words).fails(2);
        assert!(refused.contains("app:latest") && refused.contains("--all-tags"), "{words}: {refused}");
    }
    assert_snapshot!(Rls::at(&registry).words("rm app").fails(2), @"
    error: app is a repository, not a tag
    hint:  name a tag, such as app:latest, or use --match GLOB or --all-tags
    ");
    assert_eq!(registry.tags("app"), ["1.0", "latest"]);
    assert_eq!(registry.lines(), [""; 0]);
}

#[test]
fn the_same_tag_named_twice_is_removed_once() {
    let registry = empty();
    let digest = registry.push_image("app", "1.0", &ImageSpec::new("app"));
    assert_snapshot!(Rls::at(&registry).words("rm app:1.0 app:1.0").run(), @"
    exit 0
    --- stdout
    removed→app:1.0
    --- stderr
    hint:  disk space is reclaimed by the registry's next garbage collection
    ");
    assert_eq!(registry.count(&Match::delete(format!("/v2/app/manifests/{digest}"))), 1);
}

#[test]
fn a_digest_counts_wherever_a_tag_is_named_with_it() {
    let registry = empty();
    let former = registry.push_image("app", "1.0", &ImageSpec::new("former"));
    let digest = registry.push_image("app", "1.0", &ImageSpec::new("now"));
    for words in [format!("rm app:1.0 app:1.0@{former}"), format!("rm app:1.0@{former} app:1.0")] {
        assert_eq!(Rls::at(&registry).words(&words).run().code, Some(9), "{words}");
    }
    let refused = Rls::at(&registry).words(&format!("rm app:1.0@{former} app:1.0@{digest}")).fails(2);
    assert!(refused.contains("app:1.0 is named twice, with different digests"), "{refused}");
    assert_eq!(registry.tags("app"), ["1.0"]);
}
