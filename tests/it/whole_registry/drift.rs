use insta::assert_snapshot;
use registry_fixture::Running;
use registry_fixture::content::ImageSpec;
use test_support::Rls;

use crate::registries::empty;

/// What the tags of `app` point to.
fn saved(registry: &Running, format: &str) -> String {
    let saved = Rls::at(registry).words("snapshot app -o").arg(format).succeeds();
    saved.replace("REGISTRY", &registry.host())
}

/// What the tags pointed to, in a format; then one moves, one vanishes, one is added.
fn changed(format: &str) -> (Running, String) {
    let registry = empty();
    for tag in ["gone", "moved", "same"] {
        registry.push_image("app", tag, &ImageSpec::new(tag));
    }
    let saved = saved(&registry, format);
    registry.untag("app", "gone");
    registry.push_image("app", "moved", &ImageSpec::new("other"));
    registry.push_image("app", "new", &ImageSpec::new("new"));
    (registry, saved)
}

#[test]
fn what_moved_and_what_vanished_is_said() {
    for format in ["plain", "json", "jsonl"] {
        let (registry, saved) = changed(format);
        let run = Rls::new().calling(&registry, "REGISTRY").words("drift snapshot").with_file("snapshot", &saved).run();
        assert_eq!(run.code, Some(6), "{format}: {run}");
        let changes: Vec<_> = run.stdout.lines().map(|line| line.split('\t').take(2).collect::<Vec<_>>()).collect();
        assert_eq!(changes, [["vanished", "app:gone"], ["moved", "app:moved"]], "{format}");
    }
    let (registry, saved) = changed("plain");
    let at = || Rls::new().calling(&registry, "REGISTRY").stdin(&saved);
    assert_snapshot!(at().words("drift --added -").run(), @"
    exit 6
    --- stdout
    vanished→app:gone→sha256:4a7368aa8fa6398269f433eff0f0603b302e83e2e3e91fbdbb9e52b7d1aeef06→-
    moved→app:moved→sha256:5e09d9bcfcded8ba5876a9e90f9b415b54371bde34ec087a5a1abf7eaf90f3bd→sha256:c180f5e3e75ed1e6faab78576d1f46f9f5862db724e4beb14620779448d6d25c
    added→app:new→-→sha256:e3351a79281c59709ba4478d49c0cc5b90e67049c572736d9a56fc2e0840d971
    --- stderr
    3 changed, 1 unchanged
    ");
    assert_snapshot!(at().words("drift --added - -o jsonl").run(), @r#"
    exit 6
    --- stdout
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:gone","repository":"app","tag":"gone","change":"vanished","was":"sha256:4a7368aa8fa6398269f433eff0f0603b302e83e2e3e91fbdbb9e52b7d1aeef06","is":null}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:moved","repository":"app","tag":"moved","change":"moved","was":"sha256:5e09d9bcfcded8ba5876a9e90f9b415b54371bde34ec087a5a1abf7eaf90f3bd","is":"sha256:c180f5e3e75ed1e6faab78576d1f46f9f5862db724e4beb14620779448d6d25c"}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:new","repository":"app","tag":"new","change":"added","was":null,"is":"sha256:e3351a79281c59709ba4478d49c0cc5b90e67049c572736d9a56fc2e0840d971"}
    --- stderr
    3 changed, 1 unchanged
    "#);
}

#[test]
fn nothing_changed_is_success() {
    let registry = empty();
    registry.push_image("app", "1", &ImageSpec::new("1"));
    let saved = saved(&registry, "plain");
    assert_snapshot!(Rls::at(&registry).words("drift -").stdin(&saved).run(), @"
    exit 0
    --- stderr
    0 changed, 1 unchanged
    ");
    assert_snapshot!(Rls::at(&registry).words("drift - -o json").stdin(&saved).run(), @"
    exit 0
    --- stdout
    []
    --- stderr
    0 changed, 1 unchanged
    ");
}

#[test]
fn a_file_that_is_no_snapshot_is_refused() {
    let registry = empty();
    for text in ["", "app:1\tsha256:00\n", "{\"tag\":\"1\"}", "reg:5000/app:1 nonsense"] {
        let run = Rls::at(&registry).words("drift -").stdin(text).run();
        assert_eq!(run.code, Some(2), "{text}: {run}");
    }
    assert_snapshot!(Rls::at(&registry).words("drift -").stdin("app:1 x").run(), @"
    exit 2
    --- stderr
    error: cannot use standard input
    cause: cannot read the snapshot
    cause: line 1: app:1 does not name its registry
    hint:  make it with: rls snapshot REPO > FILE
    ");
    let of_other = "other.test/app:1\t-\n";
    assert_snapshot!(Rls::at(&registry).words("drift -").arg("-r").arg(registry.url()).stdin(of_other).run(), @"
    exit 2
    --- stderr
    error: the snapshot is of other.test, not of http://REGISTRY
    cause: --registry names another registry
    ");
}
