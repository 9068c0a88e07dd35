use insta::assert_snapshot;
use registry_fixture::content::ImageSpec;
use registry_fixture::{Answer, Digest, Fault, Match, RecordedRequest, Running, TagList};
use serde_json::{Value, json};
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
fn moved_and_vanished_tags_are_reported() {
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
fn a_snapshot_without_schemes_is_compared_by_the_settings() {
    let registry = empty();
    let digest = registry.push_image("app", "1", &ImageSpec::new("1"));
    let saved = format!("{}/app:1\t{digest}\n", registry.host());
    let drift = |words: &str| Rls::new().words("drift -").words(words).stdin(&saved).run();
    assert_eq!(drift("").code, Some(11), "TLS is meant");
    let at = format!("-r {}", registry.url());
    for words in ["--plain-http", &*at, &*format!("{at} --plain-http")] {
        let run = drift(words);
        assert_eq!((run.code, &*run.stderr), (Some(0), "0 changed, 1 unchanged\n"), "{words}: {run}");
    }
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
fn of_a_tag_whose_digest_the_snapshot_lacks_only_the_existence_is_compared() {
    let registry = empty();
    registry.push_image("app", "1", &ImageSpec::new("1"));
    let line = |tag: &str| format!("{}/app:{tag}\t-\n", registry.url());
    assert_snapshot!(Rls::at(&registry).words("drift --added -").stdin(line("1")).run(), @"
    exit 0
    --- stderr
    warning: the snapshot has no digest for 1 of 1 tags; only their existence is checked
    0 changed, 1 unchanged
    ");
    assert_snapshot!(Rls::at(&registry).words("drift --added -").stdin(line("1") + &line("2")).run(), @"
    exit 6
    --- stdout
    vanished→app:2→-→-
    --- stderr
    warning: the snapshot has no digest for 2 of 2 tags; only their existence is checked
    1 changed, 1 unchanged
    ");
}

#[test]
fn what_a_snapshot_says_twice_is_compared_once() {
    let registry = empty();
    registry.push_image("app", "1", &ImageSpec::new("1"));
    for format in ["plain", "json", "jsonl"] {
        let saved = saved(&registry, format);
        let twice = match format {
            "json" => {
                let record = &saved.parse::<Value>().expect("JSON")[0];
                json!([record, record]).to_string()
            }
            _ => saved.repeat(2),
        };
        let run = Rls::at(&registry).words("drift - --stats").stdin(&twice).run();
        assert!(run.stderr.starts_with("0 changed, 1 unchanged\nstats: 1 requests,"), "{format}: {run}");
    }
}

#[test]
fn a_file_that_is_not_a_snapshot_is_refused() {
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

/// Runs `drift` after a snapshot of one tag, once something is wrong with the registry.
fn drift(words: &str, spoil: impl FnOnce(&Running)) -> test_support::Outcome {
    let registry = empty();
    registry.push_image("app", "1", &ImageSpec::new("1"));
    let saved = saved(&registry, "plain");
    spoil(&registry);
    Rls::at(&registry).words("drift - --retries 0").words(words).stdin(&saved).run()
}

#[test]
fn a_404_page_of_a_proxy_makes_no_tag_vanish() {
    let hidden = Answer::error(404, "DENIED", "requested access to the resource is denied");
    for page in [Answer::html(404, "no such site"), Answer::text(404, "404 page not found"), hidden] {
        let run = drift("", |registry| registry.inject(Match::manifest("app", "1").reads().always(), page));
        assert!(![Some(0), Some(6)].contains(&run.code), "{run}");
        assert!(run.stdout.is_empty() && run.stderr.contains("0 changed, 0 unchanged, 1 unknown"), "{run}");
    }
}

#[test]
fn a_tag_missing_on_a_replica_has_not_vanished() {
    let stale = Answer::not_found("MANIFEST_UNKNOWN");
    let run = drift("", |registry| registry.inject(Match::manifest("app", "1").reads().times(2), stale));
    assert_eq!((run.code, &*run.stderr), (Some(0), "0 changed, 1 unchanged\n"), "{run}");
}

#[test]
fn a_digest_by_another_algorithm_is_not_a_change() {
    let run = drift("", |registry| {
        let bytes = registry.manifest("app", "1").expect("it was pushed");
        registry.inject(Match::manifest("app", "1").reads().always(), Fault::digest(&Digest::sha512(&bytes)));
    });
    assert_eq!((run.code, &*run.stderr), (Some(0), "0 changed, 1 unchanged\n"), "{run}");
}

#[test]
fn an_incomplete_list_shows_no_added_tags() {
    for list in [Fault::from(Answer::not_found("NAME_UNKNOWN")), TagList::new().null().into()] {
        let run = drift("--added -o jsonl", |registry| registry.inject(Match::tags("app").always(), list));
        assert_eq!(run.code, Some(6), "{run}");
        assert!(run.stderr.contains("the list of its tags is empty, although 1 exists"), "{run}");
        let record: Value = run.stdout.parse().expect("one record");
        assert_eq!((&record["tag"], &record["change"]), (&Value::Null, &json!("unknown")), "{run}");
    }
    let run = drift("--added", |registry| assert!(registry.untag("app", "1")));
    assert_eq!((run.code, &*run.stderr), (Some(6), "1 changed, 0 unchanged\n"), "{run}");
}

#[test]
fn a_tag_vanishes_from_a_server_of_static_files() {
    let registry = empty();
    for tag in ["gone", "same"] {
        registry.push_image("app", tag, &ImageSpec::new(tag));
    }
    let saved = saved(&registry, "plain");
    registry.untag("app", "gone");
    let same = registry.resolve("app", "same").expect("the tag is there").to_string();
    let is_absent = move |request: &RecordedRequest| {
        request.reference.as_ref().is_some_and(|reference| *reference != same && reference != "same")
    };
    registry.inject(Match::manifests("app").reads().when(is_absent).always(), Answer::html(404, "404 Not Found"));
    let outcome = Rls::new().calling(&registry, "REGISTRY").stdin(&saved).words("drift -").run();
    assert_eq!((outcome.code, outcome.stdout.starts_with("vanished\tapp:gone\t")), (Some(6), true), "{outcome}");
    // Without another tag, the page may be that of a gateway.
    registry.untag("app", "same");
    registry.clear_faults();
    registry.inject(Match::manifests("app").reads().always(), Answer::html(404, "404 Not Found"));
    let outcome = Rls::new().calling(&registry, "REGISTRY").stdin(&saved).words("drift -").run();
    assert!(outcome.stdout.lines().all(|line| line.starts_with("unknown\t")), "{outcome}");
}
