//! A tag that shares its manifest with others, on a registry that deletes manifests only.

use insta::assert_snapshot;
use registry_fixture::{Answer, Fault, Match};

use crate::registries::seeded;
use crate::runner::Rls;

#[test]
fn is_a_safety_stop_that_names_the_siblings() {
    let registry = seeded("shared");
    let before = registry.tags("shared/app");
    assert_snapshot!(Rls::at(&registry).words("rm shared/app:1.4").run(), @"
    exit 9
    --- stdout
    failed→shared/app:1.4
    --- stderr
    error: removing shared/app:1.4 would also remove shared/app:1, shared/app:1.4.0, shared/app:latest
    cause: http://REGISTRY deletes manifests, not tags, and all of them are sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552
    hint:  --with-siblings removes all these tags; --placeholder removes only the one that was named (pushes a tiny manifest first)
    ");
    assert_snapshot!(Rls::at(&registry).words("rm shared/app:1.4 -o json -q").run(), @r#"
    exit 9
    --- stdout
    [
      {"repository":"shared/app","tag":"1.4","digest":"sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552","action":"failed","method":null,"reason":"removing shared/app:1.4 would also remove shared/app:1, shared/app:1.4.0, shared/app:latest","siblings":{"stay":["1","1.4.0","latest"],"go":[]},"indexes":[],"referrers":[],"error":{"kind":"safety","message":"removing shared/app:1.4 would also remove shared/app:1, shared/app:1.4.0, shared/app:latest: http://REGISTRY deletes manifests, not tags, and all of them are sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552"}}
    ]
    --- stderr
    error: removing shared/app:1.4 would also remove shared/app:1, shared/app:1.4.0, shared/app:latest
    cause: http://REGISTRY deletes manifests, not tags, and all of them are sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552
    "#);
    assert_eq!(registry.tags("shared/app"), before);
}

#[test]
fn stops_only_itself() {
    let registry = seeded("shared");
    assert_snapshot!(Rls::at(&registry).words("rm shared/app:1.4 shared/app:1.3.9").run(), @"
    exit 6
    --- stdout
    failed→shared/app:1.4
    removed→shared/app:1.3.9
    --- stderr
    error: removing shared/app:1.4 would also remove shared/app:1, shared/app:1.4.0, shared/app:latest
    cause: http://REGISTRY deletes manifests, not tags, and all of them are sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552
    hint:  --with-siblings removes all these tags; --placeholder removes only the one that was named (pushes a tiny manifest first)
    warning: 1 of 2 deleted, 1 failed
    hint:  the space is free again when the registry's administrator has run its garbage collection
    ");
    assert_eq!(registry.tags("shared/app"), ["1", "1.4", "1.4.0", "latest"]);
}

#[test]
fn with_siblings_needs_a_confirmation() {
    let registry = seeded("shared");
    assert_snapshot!(Rls::at(&registry).words("rm --with-siblings shared/app:1.4").run(), @"
    exit 2
    --- stderr
    error: removing shared/app:1.4 also removes shared/app:1, shared/app:1.4.0, shared/app:latest, which needs a confirmation
    cause: there is no terminal to ask on
    hint:  --yes confirms it
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
    hint:  the space is free again when the registry's administrator has run its garbage collection
    ");
    assert_eq!(registry.tags("shared/app"), ["1.3.9"]);
}

#[test]
fn with_siblings_asks_nothing_when_there_are_none() {
    let registry = seeded("shared");
    assert_snapshot!(Rls::at(&registry).words("rm --with-siblings shared/app:1.3.9 -q").run(), @"
    exit 0
    --- stdout
    removed→shared/app:1.3.9
    ");
    assert_eq!(registry.tags("shared/app"), ["1", "1.4", "1.4.0", "latest"]);
}

#[test]
fn siblings_that_are_all_named_go_together() {
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
    hint:  the space is free again when the registry's administrator has run its garbage collection
    ");
    assert_eq!(registry.tags("shared/app"), ["1.3.9"]);
    assert_eq!(
        registry.count(&Match::under("/v2/shared/app/manifests/sha256:1b9c").method("DELETE".parse().unwrap())),
        1
    );
}

#[test]
fn without_knowing_the_others_nothing_is_removed() {
    let registry = seeded("shared");
    let broken = Answer::error(403, "DENIED", "no listing for you");
    registry.inject(Match::get("/v2/shared/app/tags/list").always(), broken);
    assert_snapshot!(Rls::at(&registry).words("rm shared/app:1.3.9").run(), @"
    exit 4
    --- stdout
    failed→shared/app:1.3.9
    --- stderr
    error: cannot find out what else would go with it in shared/app
    cause: not allowed to pull shared/app on http://REGISTRY
    cause: 403 Forbidden: DENIED: no listing for you
    hint:  -u NAME asks for a password; RLS_USERNAME and RLS_PASSWORD serve scripts; rls login REGISTRY stores both for docker and rls
    ");
    registry.clear_faults();
    registry.inject(Match::head("/v2/shared/app/manifests/1.4").always(), Fault::status(500));
    assert_snapshot!(Rls::at(&registry).words("rm shared/app:1.3.9 --retries 0").run(), @"
    exit 5
    --- stdout
    failed→shared/app:1.3.9
    --- stderr
    error: cannot find out what else would go with it in shared/app
    cause: http://REGISTRY failed to answer for shared/app:1.4
    cause: 500 Internal Server Error
    hint:  the fault is on the server: its log says more; --retries N tries longer
    ");
    assert_eq!(registry.tags("shared/app").len(), 5);
}
