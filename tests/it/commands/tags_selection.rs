//! Which tags `rls tags` lists, in which order, and how it groups them.

use insta::assert_snapshot;
use registry_fixture::content::ImageSpec;
use registry_fixture::{Fault, Match};
use test_support::Rls;

use crate::registries::{empty, seeded};

#[test]
fn sorts_by_each_order() {
    let registry = empty();
    let pushes = [
        ("1.10.0", "2026-01-03", 3),
        ("1.9.0", "2026-01-01", 1),
        ("1.9.0-rc.1", "2026-01-04", 2),
        ("edge", "2026-01-02", 9),
    ];
    for (tag, day, kilobytes) in pushes {
        let layer = registry_fixture::content::Layer::sized(tag, kilobytes * 1024);
        registry.push_image("app", tag, &ImageSpec::new(tag).created(&format!("{day}T00:00:00Z")).layer(layer));
    }
    let listed = |words: &str| Rls::at(&registry).words("tags app").words(words).succeeds().replace('\n', " ");
    assert_eq!(listed(""), "1.10.0 1.9.0 1.9.0-rc.1 edge ");
    assert_eq!(listed("--sort name --reverse"), "edge 1.9.0-rc.1 1.9.0 1.10.0 ");
    assert_eq!(listed("--sort version"), "edge 1.9.0-rc.1 1.9.0 1.10.0 ");
    // As `ls -t` and `ls -S` have it: the newest and the largest first.
    assert_eq!(listed("--sort created"), "1.9.0-rc.1 1.10.0 edge 1.9.0 ");
    assert_eq!(listed("--sort size"), "edge 1.10.0 1.9.0-rc.1 1.9.0 ");
    assert_eq!(listed("--sort size --reverse --limit 2"), "1.9.0 1.9.0-rc.1 ");
}

#[test]
fn sort_none_keeps_the_order_of_the_registry() {
    let registry = empty();
    registry.push_image("app", "x", &ImageSpec::new("app"));
    let body = r#"{"name":"app","tags":["b","a","c"]}"#;
    registry.inject(Match::get("/v2/app/tags/list").always(), Fault::body(body));
    let listed = |words: &str| Rls::at(&registry).words("tags app").words(words).succeeds().replace('\n', " ");
    assert_eq!(listed("--sort none"), "b a c ");
    assert_eq!(listed("--sort none --reverse"), "c a b ");
    assert_eq!(listed(""), "a b c ");
}

#[test]
fn limit_counts_after_the_filter_and_the_order() {
    let registry = seeded("1x9");
    let listed =
        |words: &str| Rls::at(&registry).words("tags grid/repo-000").words(words).succeeds().replace('\n', " ");
    assert_eq!(listed("--limit 2 --reverse"), "latest 1.7.0 ");
    assert_eq!(listed("--match 1.[3-6].0 --exclude *.5.* --limit 2"), "1.3.0 1.4.0 ");
    assert_eq!(listed("--sort none --limit 3").split_whitespace().count(), 3);
    registry.clear_requests();
    assert_eq!(listed("--limit 2").split_whitespace().count(), 2);
    // Tags that are not shown are not resolved.
    registry.clear_requests();
    let long = Rls::at(&registry).words("tags grid/repo-000 -d --limit 1 -j 1").succeeds();
    assert_eq!(long.lines().count(), 1);
    assert_eq!(registry.count(&Match::any().method("HEAD".parse().expect("a method"))), 1);
}

#[test]
fn same_as_finds_the_siblings_of_a_tag() {
    let registry = seeded("shared");
    let listed = |words: &str| Rls::at(&registry).words("tags shared/app --same-as").words(words).succeeds();
    assert_eq!(&*listed("latest"), "1\n1.4\n1.4.0\nlatest\n");
    assert_eq!(&*listed("1.3.9"), "1.3.9\n");
    assert_eq!(&*listed("latest --limit 1 --reverse"), "latest\n");
    assert_snapshot!(listed("latest -d --exclude 1"), @"
    1.4→sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552
    1.4.0→sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552
    latest→sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552
    ");
    assert_snapshot!(Rls::at(&registry).words("tags shared/app --same-as 9").run(), @r#"
    exit 3
    --- stderr
    error: shared/app:9 not found on http://REGISTRY
    cause: 404 Not Found: MANIFEST_UNKNOWN: manifest unknown: {"Tag":"9"}
    "#);
}

#[test]
fn same_as_takes_a_digest() {
    let registry = seeded("shared");
    let digest = registry.resolve("shared/app", "latest").expect("the tag is there");
    let listed = Rls::at(&registry).words("tags shared/app --same-as").arg(digest.as_str()).succeeds();
    assert_eq!(&*listed, "1\n1.4\n1.4.0\nlatest\n");
    // Nothing is resolved but the tags.
    assert_eq!(registry.count(&Match::manifests("shared/app")), 5);
    assert_snapshot!(Rls::at(&registry).words("tags shared/app --same-as sha256:00").run(), @"
    exit 2
    --- stderr
    error: invalid value 'sha256:00' for --same-as
    cause: 'sha256:00' is not a digest: sha256 has 64 hexadecimal digits, this digest has 2
    ");
}

#[test]
fn tags_on_the_same_digest_are_grouped() {
    let registry = seeded("shared");
    let grouped = |words: &str| Rls::at(&registry).words("tags shared/app --group").words(words).succeeds();
    assert_snapshot!(grouped(""), @"
    1,1.4,1.4.0,latest→sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552
    1.3.9→sha256:ffba911536818c8020cb1a56777054c85610a972a90dd7fbfb5121a389eb9799
    ");
    assert_snapshot!(grouped("--sort version --reverse -o table"), @"
    TAGS                   DIGEST
    1.4.0, 1.4, 1, latest  sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552
    1.3.9                  sha256:ffba911536818c8020cb1a56777054c85610a972a90dd7fbfb5121a389eb9799
    ");
    assert_snapshot!(grouped("--limit 1 -o jsonl"), @r#"{"registry":"http://REGISTRY","reference":"http://REGISTRY/shared/app:1","repository":"shared/app","tag":"1","tags":["1","1.4","1.4.0","latest"],"digest":"sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552"}"#);
    let by_size = grouped("-l --sort size --format {{tags|join('+')}}");
    assert_eq!(&*by_size, "1+1.4+1.4.0+latest\n1.3.9\n");
    let several = Rls::at(&registry).words("tags shared/app shared/app --group -d").succeeds();
    assert_eq!(several.lines().count(), 4);
    assert!(several.starts_with("shared/app:1,1.4,1.4.0,latest\tsha256:"), "{several}");
    // One request per tag, as for the digests.
    registry.clear_requests();
    grouped("");
    assert_eq!(registry.requests().len(), 6);
    // A row shows at most ten tags, and all of them with --no-trunc.
    let digest = registry.resolve("shared/app", "latest").expect("the tag is there");
    (10..30).for_each(|number| registry.tag("shared/app", &format!("nightly-{number}"), &digest));
    assert!(grouped("-o table").contains("nightly-15 and 14 more "), "{}", grouped("-o table"));
    assert!(grouped("-o table --no-trunc").contains("nightly-28, nightly-29 "));
    assert!(grouped("").contains("nightly-28,nightly-29\t"));
}

#[test]
fn an_unresolvable_tag_is_not_grouped() {
    let registry = seeded("shared");
    registry.inject(Match::manifest("shared/app", "1.4").always(), Fault::status(403));
    registry.inject(Match::manifest("shared/app", "1.3.9").always(), Fault::status(403));
    let run = Rls::at(&registry).words("tags shared/app --group").run();
    let tags: Vec<_> = run.stdout.lines().map(|line| line.split('\t').next().unwrap_or_default()).collect();
    assert_eq!((run.code, tags), (Some(6), vec!["1,1.4.0,latest", "1.3.9", "1.4"]), "{run}");
}

#[test]
fn semver_selects_the_versions_in_a_range() {
    let registry = empty();
    let tags = ["1.3.9", "1.4.0", "1.4.0-alpine", "1.5.0-rc1", "2.0.0", "4095671", "latest", "v1.4.2"];
    for tag in tags {
        registry.push_image("app", tag, &ImageSpec::new(tag));
    }
    let listed = |words: &[&str]| {
        let listed = Rls::at(&registry).words("tags app").args(words).succeeds();
        listed.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let range = ">=1.4, <2";
    assert_eq!(listed(&["--semver", range]), ["1.4.0", "1.4.0-alpine", "v1.4.2"]);
    assert_eq!(listed(&["--semver", range, "--sort", "version", "--reverse"]), ["v1.4.2", "1.4.0-alpine", "1.4.0"]);
    assert_eq!(listed(&["--semver", range, "--limit", "1"]), ["1.4.0"]);
    // A number of seven digits is no version beside dotted ones, whatever the order.
    assert_eq!(listed(&["--semver", ">=2", "--sort", "none"]), ["2.0.0"]);
    assert_snapshot!(Rls::at(&registry).words("tags app --semver latest").run(), @"
    exit 2
    --- stderr
    error: invalid value 'latest' for --semver
    cause: unexpected character 'l' while parsing major version number
    ");
}

#[test]
fn tags_of_signatures_are_hidden_from_tables() {
    let registry = seeded("kinds");
    let listed = |words: &str| Rls::at(&registry).words("tags kinds/cosigned").words(words).succeeds();
    assert_eq!(&*listed("-o table"), "TAG\nlatest\n");
    assert_eq!(listed("-o table --all").lines().count(), 5);
    assert_eq!(listed("-o table --match sha256-*.sig").lines().count(), 2);
    for format in ["plain", "jsonl"] {
        assert_eq!(listed(&format!("-o {format}")).lines().count(), 4, "{format}");
    }
    // They do not count for a limit.
    assert_eq!(&*listed("-o table --limit 1 --reverse"), "TAG\nlatest\n");
    registry.untag("kinds/cosigned", "latest");
    let shown = Rls::at(&registry).words("tags kinds/cosigned").at_terminal("");
    assert!(
        shown.stdout.contains("no tags in kinds/cosigned, except 3 of signatures and SBOMs (use --all)"),
        "{shown}"
    );
}
