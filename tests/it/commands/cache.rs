//! The cache of manifests and configs by digest, and `rls cache`.

use std::fs;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use registry_fixture::content::{ImageSpec, IndexSpec};
use registry_fixture::{Auth, Fault, Match, Registry, Running, User};
use test_support::Rls;

use crate::registries::empty;

/// `app` with an index, an image and a second tag on it.
fn filled() -> Running {
    let registry = empty();
    registry.push_index("app", "1.0", &IndexSpec::three_platforms("app").with_attestations());
    let digest = registry.push_image("app", "2.0", &ImageSpec::new("app"));
    registry.tag("app", "latest", &digest);
    registry
}

/// The entries in the cache of a run's home.
fn entries(rls: &Rls) -> Vec<PathBuf> {
    let scopes = fs::read_dir(rls.home().join(".cache/rls")).into_iter().flatten().flatten();
    let entries = scopes.flat_map(|scope| fs::read_dir(scope.path()).into_iter().flatten().flatten());
    entries.map(|entry| entry.path()).collect()
}

/// The requests since they were cleared, by method; lists are left out.
fn requests(registry: &Running) -> (usize, usize) {
    let lines = registry.lines();
    let count = |method: &str| {
        lines
            .iter()
            .filter(|line| line.starts_with(method) && !line.contains("/tags/list") && !line.ends_with("/v2/"))
            .count()
    };
    let counts = (count("HEAD "), count("GET "));
    registry.clear_requests();
    counts
}

#[test]
fn a_second_run_sends_one_head_per_tag() {
    for words in ["tags app -l", "du app -q", "find app --label none", "prune app --keep-last 2 -q"] {
        let registry = filled();
        registry.clear_requests();
        let rls = Rls::at(&registry).words(words);
        let first = rls.run();
        assert_eq!(first.code, Some(0), "{first}");
        let (_, gets) = requests(&registry);
        assert!(gets > 5, "{words}: {gets}");
        let second = rls.run();
        assert_eq!((&*first.stdout, first.code), (&*second.stdout, second.code), "{words}");
        let (heads, gets) = requests(&registry);
        // `prune` also finds out what the registry can delete.
        let expected = if words.starts_with("prune") { gets } else { 0 };
        assert_eq!((heads, gets), (3, expected), "{words}");
        assert!(gets <= 1, "{words}: {gets}");
    }
}

#[test]
fn without_a_cache_nothing_is_kept() {
    let registry = filled();
    let rls = Rls::at(&registry).words("tags app -l --no-cache");
    rls.succeeds();
    assert_eq!(entries(&rls), [] as [PathBuf; 0]);
    let rls = rls.then("tags app -l");
    rls.succeeds();
    let kept = entries(&rls).len();
    assert_eq!(kept, 12, "eight manifests and four configs");
    registry.clear_requests();
    rls.then("tags app -l --no-cache").succeeds();
    assert!(requests(&registry).1 >= kept);
}

#[test]
fn entries_are_not_shared_between_users() {
    let registry = Registry::builder()
        .auth(Auth::Basic)
        .user(User::admin("ann", "secret"))
        .user(User::admin("bob", "secret"))
        .start();
    registry.push_image("app", "1.0", &ImageSpec::new("app"));
    let rls = Rls::at(&registry).words("tags app -l").user("ann", "secret");
    rls.succeeds();
    registry.clear_requests();
    rls.succeeds();
    let gets =
        |registry: &Running| registry.lines().iter().filter(|line| line.starts_with("GET /v2/app/manifests/")).count();
    assert_eq!(gets(&registry), 0, "{:#?}", registry.lines());
    let rls = rls.user("bob", "secret");
    rls.succeeds();
    assert!(gets(&registry) > 0, "{:#?}", registry.lines());
}

#[test]
fn an_expired_permission_shows_nothing() {
    let registry = filled();
    let rls = Rls::at(&registry).words("tags app -l --format").arg("{{ tag }} {{ mediaType }}");
    rls.succeeds();
    registry.inject(Match::manifests("app").always(), Fault::status(403));
    let refused = rls.run();
    assert_eq!(refused.code, Some(4), "{refused}");
    assert_eq!(&*refused.stdout, "1.0 -\n2.0 -\nlatest -\n");
}

#[test]
fn a_damaged_entry_is_fetched_again() {
    let registry = filled();
    let rls = Rls::at(&registry).words("tags app -l");
    let shown = rls.succeeds();
    for damage in
        [&b""[..], b"cache-entry-1 \n{}", b"\x00\xff", b"cache-entry-1 application/vnd.oci.image.index.v1+json\n{}"]
    {
        let entries = entries(&rls);
        assert!(!entries.is_empty());
        entries.iter().for_each(|entry| fs::write(entry, damage).expect("it is written"));
        assert_eq!(*rls.succeeds(), *shown, "{damage:?}");
    }
}

#[test]
fn a_removal_asks_the_registry() {
    let registry = filled();
    let rls = Rls::at(&registry).words("tags app -l");
    rls.succeeds();
    registry.clear_requests();
    let rls = rls.then("rm app:1.0 -n");
    assert_eq!(rls.run().code, Some(0));
    assert!(
        registry.lines().iter().any(|line| line.starts_with("GET /v2/app/manifests/sha256:")),
        "{:#?}",
        registry.lines()
    );
}

#[test]
fn an_unwritable_folder_is_ignored() {
    let registry = filled();
    let rls = Rls::at(&registry).words("tags app -l").with_file("file", "");
    let blocked = rls.home().join("file");
    let rls = rls.env("XDG_CACHE_HOME", &blocked);
    rls.succeeds();
    rls.succeeds();
}

#[test]
fn info_and_clear() {
    let registry = filled();
    let rls = Rls::at(&registry).words("cache info");
    assert_snapshot!(rls.succeeds(), @"HOME/.cache/rls→0→0→268435456");
    let rls = rls.then("tags app -l");
    rls.succeeds();
    let rls = rls.then("cache info -o json");
    assert_snapshot!(rls.succeeds(), @r#"
    [
      {"folder":"HOME/.cache/rls","entries":12,"size":9783,"limit":268435456,"cleared":false}
    ]
    "#);
    let rls = rls.then("cache info -o table");
    assert_snapshot!(rls.succeeds(), @"HOME/.cache/rls: 12 entries, 9.8 kB of 268.4 MB");
    let rls = rls.then("cache clear -o table");
    assert_snapshot!(rls.succeeds(), @"removed 12 entries, 9.8 kB, from HOME/.cache/rls");
    assert_eq!(entries(&rls), [] as [PathBuf; 0]);
    assert_snapshot!(rls.env("HOME", "relative").then("cache info").run(), @"
    exit 2
    --- stderr
    error: no folder for the cache
    hint:  set HOME or XDG_CACHE_HOME
    ");
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let registry = filled();
    let rls = Rls::at(&registry).words("tags app -l");
    rls.succeeds();
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&rls.home().join(".cache/rls")), 0o700);
    for entry in entries(&rls) {
        assert_eq!((mode(&entry), mode(entry.parent().expect("the scope"))), (0o600, 0o700));
    }
}
