//! A tag that shares its manifest with others, on a registry that deletes manifests only.

use insta::assert_snapshot;
use registry_fixture::{Answer, Fault, Match, Method};
use test_support::Rls;

use crate::registries::seeded;

#[test]
fn a_tag_with_siblings_is_a_safety_stop_that_names_them() {
    let registry = seeded("shared");
    let before = registry.tags("shared/app");
    assert_snapshot!(Rls::at(&registry).words("rm shared/app:1.4").run(), @"
    exit 9
    --- stdout
    failed→shared/app:1.4
    --- stderr
    error: cannot remove shared/app:1.4 alone: shared/app:1, shared/app:1.4.0, shared/app:latest point to the same manifest
    cause: http://REGISTRY deletes manifests, not tags; all of them are sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552
    hint:  use --with-siblings to remove these tags too, or --placeholder to remove only the named one (it pushes a tiny manifest first)
    ");
    assert_snapshot!(Rls::at(&registry).words("rm shared/app:1.4 -o json -q").run(), @r#"
    exit 9
    --- stdout
    [
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/shared/app:1.4","repository":"shared/app","tag":"1.4","digest":"sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552","action":"failed","method":null,"reason":"cannot remove shared/app:1.4 alone: shared/app:1, shared/app:1.4.0, shared/app:latest point to the same manifest","siblings":{"stay":["1","1.4.0","latest"],"go":[]},"indexes":[],"referrers":[],"error":{"kind":"safety","message":"cannot remove shared/app:1.4 alone: shared/app:1, shared/app:1.4.0, shared/app:latest point to the same manifest: http://REGISTRY deletes manifests, not tags; all of them are sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552"}}
    ]
    --- stderr
    error: cannot remove shared/app:1.4 alone: shared/app:1, shared/app:1.4.0, shared/app:latest point to the same manifest
    cause: http://REGISTRY deletes manifests, not tags; all of them are sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552
    "#);
    assert_eq!(registry.tags("shared/app"), before);
}

#[test]
fn a_safety_stop_does_not_affect_other_tags() {
    let registry = seeded("shared");
    assert_snapshot!(Rls::at(&registry).words("rm shared/app:1.4 shared/app:1.3.9").run(), @"
    exit 6
    --- stdout
    failed→shared/app:1.4
    removed→shared/app:1.3.9
    --- stderr
    error: cannot remove shared/app:1.4 alone: shared/app:1, shared/app:1.4.0, shared/app:latest point to the same manifest
    cause: http://REGISTRY deletes manifests, not tags; all of them are sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552
    hint:  use --with-siblings to remove these tags too, or --placeholder to remove only the named one (it pushes a tiny manifest first)
    warning: removed 1 of 2, 1 failed
    hint:  disk space is reclaimed by the registry's next garbage collection
    ");
    assert_eq!(registry.tags("shared/app"), ["1", "1.4", "1.4.0", "latest"]);
}

#[test]
fn with_siblings_needs_a_confirmation() {
    let registry = seeded("shared");
    assert_snapshot!(Rls::at(&registry).words("rm --with-siblings shared/app:1.4").run(), @"
    exit 2
    --- stderr
    error: confirmation needed to remove shared/app:1.4 (also removes shared/app:1, shared/app:1.4.0, shared/app:latest)
    cause: no terminal to ask on
    hint:  use --yes to confirm, or -n to see what would be removed
    ");
    assert_eq!(registry.tags("shared/app").len(), 5);
    assert_snapshot!(Rls::at(&registry).words("rm --with-siblings --yes shared/app:1.4").run(), @"
    exit 0
    --- stdout
    removed→shared/app:1.4
    removed→shared/app:1
    removed→shared/app:1.4.0
    removed→shared/app:latest
    --- stderr
    hint:  disk space is reclaimed by the registry's next garbage collection
    ");
    assert_eq!(registry.tags("shared/app"), ["1.3.9"]);
}

#[test]
fn with_siblings_needs_no_confirmation_when_there_are_none() {
    let registry = seeded("shared");
    assert_snapshot!(Rls::at(&registry).words("rm --with-siblings shared/app:1.3.9 -q").run(), @"
    exit 0
    --- stdout
    removed→shared/app:1.3.9
    ");
    assert_eq!(registry.tags("shared/app"), ["1", "1.4", "1.4.0", "latest"]);
}

#[test]
fn siblings_are_removed_when_all_are_named() {
    let registry = seeded("shared");
    let rm = Rls::at(&registry).words("rm shared/app:1 shared/app:1.4 shared/app:1.4.0 shared/app:latest").run();
    assert_snapshot!(rm, @"
    exit 0
    --- stdout
    removed→shared/app:1
    removed→shared/app:1.4
    removed→shared/app:1.4.0
    removed→shared/app:latest
    --- stderr
    hint:  disk space is reclaimed by the registry's next garbage collection
    ");
    assert_eq!(registry.tags("shared/app"), ["1.3.9"]);
    assert_eq!(
        registry
            .count(&Match::under("/v2/shared/app/manifests/sha256:1b9c").method("DELETE".parse().expect("a method"))),
        1
    );
}

#[test]
fn nothing_is_removed_while_siblings_are_unknown() {
    let registry = seeded("shared");
    let broken = Answer::error(403, "DENIED", "no listing for you");
    registry.inject(Match::get("/v2/shared/app/tags/list").always(), broken);
    assert_snapshot!(Rls::at(&registry).words("rm shared/app:1.3.9").run(), @"
    exit 9
    --- stdout
    failed→shared/app:1.3.9
    --- stderr
    error: cannot remove shared/app:1.3.9: cannot determine which other tags point to its manifest
    cause: the list of its tags cannot be read: not allowed to pull shared/app on http://REGISTRY: 403 Forbidden: DENIED: no listing for you
    cause: http://REGISTRY deletes manifests, not tags
    hint:  use --placeholder to remove only this tag (it pushes a tiny manifest first), or --with-siblings to remove every tag on the manifest
    ");
    registry.clear_faults();
    registry.inject(Match::manifest("shared/app", "1.4").reads().always(), Fault::status(500));
    assert_snapshot!(Rls::at(&registry).words("rm shared/app:1.3.9 --retries 0").run(), @"
    exit 9
    --- stdout
    failed→shared/app:1.3.9
    --- stderr
    error: cannot remove shared/app:1.3.9: shared/app:1.4 cannot be read, and may point to the same manifest
    cause: http://REGISTRY failed to answer for shared/app:1.4: 500 Internal Server Error
    hint:  use --placeholder, which does not depend on other tags (it pushes a tiny manifest first), or remove shared/app:1.4 first
    ");
    assert_eq!(registry.tags("shared/app").len(), 5);
    // What HEAD does not tell, GET does.
    registry.clear_faults();
    registry.inject(Match::manifest("shared/app", "1.4").method(Method::HEAD).always(), Fault::status(500));
    assert_eq!(Rls::at(&registry).words("rm shared/app:1.3.9 -q").run().code, Some(0));
    assert_eq!(registry.tags("shared/app"), ["1", "1.4", "1.4.0", "latest"]);
}
