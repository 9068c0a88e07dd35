//! `rls du`: bytes of distinct blobs, shared ones once.

use insta::assert_snapshot;
use registry_fixture::content::{ImageSpec, IndexSpec, Layer, schema1};
use registry_fixture::{Fault, Match, Registry, Running};
use test_support::Rls;

use crate::registries::empty;

/// An image with a base layer of 100,000 bytes and one of its own.
fn image(own: &str, size: usize) -> ImageSpec {
    let layers = vec![Layer::sized("base", 100_000), Layer::sized(own, size)];
    ImageSpec { layers, ..ImageSpec::new(own) }
}

/// `app` with two versions on one base, `web` on the same base.
fn shared_base() -> Running {
    let registry = empty();
    registry.push_image("app", "1.0", &image("one", 10_000));
    let digest = registry.push_image("app", "2.0", &image("two", 20_000));
    registry.tag("app", "latest", &digest);
    registry.push_image("web", "1.0", &image("web", 30_000));
    registry
}

#[test]
fn tags_are_shown_with_their_unique_size() {
    let registry = shared_base();
    assert_snapshot!(Rls::at(&registry).words("du app").run(), @"
    exit 0
    --- stdout
    114439→12518→101921→app:1.0
    124679→0→124679→app:2.0
    124679→0→124679→app:latest
    137197→137197→0→app
    --- stderr
    untagged manifests are not counted: registries do not list them
    ");
    assert_snapshot!(Rls::at(&registry).words("du app -o table").run(), @"
    exit 0
    --- stdout
    SIZE      UNIQUE    SHARED    NAME
    114.4 kB  12.5 kB   101.9 kB  app:1.0
    124.7 kB  0 B       124.7 kB  app:2.0
    124.7 kB  0 B       124.7 kB  app:latest
    137.2 kB  137.2 kB  0 B       app
    --- stderr
    untagged manifests are not counted: registries do not list them
    ");
    assert_snapshot!(Rls::at(&registry).words("du app -s -o json").run(), @r#"
    exit 0
    --- stdout
    [
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/app","repository":"app","tag":null,"size":137197,"unique":137197,"shared":0,"complete":true}
    ]
    --- stderr
    untagged manifests are not counted: registries do not list them
    "#);
}

#[test]
fn the_repositories_of_a_registry_are_shown_with_a_total() {
    let registry = shared_base();
    assert_snapshot!(Rls::at(&registry).words("du").run(), @"
    exit 0
    --- stdout
    137197→35276→101921→app
    134407→32486→101921→web
    169683→67762→101921→total of http://REGISTRY
    --- stderr
    untagged manifests are not counted: registries do not list them
    ");
    let host = registry.url();
    let named = Rls::beside(&registry).words("du -q").arg(&host).succeeds();
    assert_eq!(*named, *Rls::at(&registry).words("du -q").succeeds());
    assert_snapshot!(Rls::at(&registry).words("du --all --sort size -o jsonl").run(), @r#"
    exit 0
    --- stdout
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:2.0","repository":"app","tag":"2.0","size":124679,"unique":0,"shared":124679,"complete":true}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:latest","repository":"app","tag":"latest","size":124679,"unique":0,"shared":124679,"complete":true}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:1.0","repository":"app","tag":"1.0","size":114439,"unique":12518,"shared":101921,"complete":true}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/app","repository":"app","tag":null,"size":137197,"unique":35276,"shared":101921,"complete":true}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/web:1.0","repository":"web","tag":"1.0","size":134407,"unique":32486,"shared":101921,"complete":true}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/web","repository":"web","tag":null,"size":134407,"unique":32486,"shared":101921,"complete":true}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY","repository":null,"tag":null,"size":169683,"unique":67762,"shared":101921,"complete":true}
    --- stderr
    untagged manifests are not counted: registries do not list them
    "#);
    assert_snapshot!(Rls::at(&registry).words("du --match w*").run(), @"
    exit 0
    --- stdout
    134407→134407→0→web
    134407→134407→0→total of http://REGISTRY
    --- stderr
    untagged manifests are not counted: registries do not list them
    ");
    // What several repositories share belongs to none of them.
    assert_snapshot!(Rls::at(&registry).words("du app web -s").run(), @"
    exit 0
    --- stdout
    137197→35276→101921→app
    134407→32486→101921→web
    169683→67762→101921→total of http://REGISTRY
    --- stderr
    untagged manifests are not counted: registries do not list them
    ");
}

#[test]
fn each_distinct_manifest_is_fetched_once() {
    let registry = empty();
    let index = IndexSpec::three_platforms("app");
    let digest = registry.push_index("app", "1.0", &index);
    for tag in ["1", "latest", "stable"] {
        registry.tag("app", tag, &digest);
    }
    registry.push_image("app", "amd64", &index.images[0]);
    registry.clear_requests();
    Rls::at(&registry).words("du app").run();
    let gets: Vec<_> = registry.lines().into_iter().filter(|line| line.starts_with("GET /v2/app/manifests/")).collect();
    let distinct: std::collections::BTreeSet<_> = gets.iter().collect();
    assert_eq!((gets.len(), distinct.len()), (4, 4), "{gets:#?}");
    let heads = registry.lines().iter().filter(|line| line.starts_with("HEAD /v2/app/manifests/")).count();
    assert_eq!(heads, 5);
    assert!(!registry.lines().iter().any(|line| line.contains("/blobs/")), "{:#?}", registry.lines());
}

#[test]
fn sorting_puts_the_largest_first() {
    let registry = shared_base();
    let names = |words: &str| {
        let listed = Rls::at(&registry).words("du app -q --format").arg("{{ tag or 'total' }}").words(words).succeeds();
        listed.lines().map(str::to_owned).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(""), "1.0 2.0 latest total");
    assert_eq!(names("--reverse"), "latest 2.0 1.0 total");
    assert_eq!(names("--sort size"), "2.0 latest 1.0 total");
    assert_eq!(names("--sort unique"), "1.0 2.0 latest total");
}

#[test]
fn unknown_sizes_are_reported() {
    let registry = empty();
    registry.push("old", "1", &schema1("old", "1", "old"));
    registry.push("old", "2", &schema1("old", "2", "older"));
    assert_snapshot!(Rls::at(&registry).words("du old").run(), @"
    exit 0
    --- stdout
    -→0→-→old:1
    -→0→-→old:2
    -→0→-→old
    --- stderr
    warning: unknown size: old:1 and 1 more; manifests are missing, or are schema 1, which has no sizes
    untagged manifests are not counted: registries do not list them
    ");
    let broken = Registry::builder().start();
    broken.push_image("app", "1.0", &image("one", 10_000));
    broken.push_image("app", "2.0", &image("two", 20_000));
    broken.inject(Match::manifest("app", "2.0").always(), Fault::status(403));
    let run = Rls::at(&broken).words("du app").run();
    assert_eq!(run.code, Some(6), "{run}");
    assert!(run.stdout.contains("\tapp:1.0\n") && run.stdout.contains("-\t0\t-\tapp:2.0\n"), "{run}");
}

#[test]
fn a_repository_that_does_not_exist_is_an_error() {
    let registry = shared_base();
    let run = Rls::at(&registry).words("du nope").run();
    assert_eq!(run.code, Some(3), "{run}");
    let run = Rls::at(&registry).words("du app nope -s").run();
    assert_eq!(run.code, Some(6), "{run}");
    // distribution keeps emptied repositories in its catalog.
    registry.create_repository("emptied");
    let run = Rls::at(&registry).words("du").run();
    assert_eq!(run.code, Some(0), "{run}");
}

#[test]
fn a_bar_is_beside_the_number_on_a_terminal() {
    let registry = shared_base();
    let shown = Rls::at(&registry).words("du app --color never -q").at_terminal("").stdout;
    let line = |name: &str| shown.lines().find(|line| line.contains(name)).unwrap_or_default().to_owned();
    assert!(line("app:2.0").contains("████████████████████"), "{shown}");
    assert!(line("app:1.0").contains("██████████████████"), "{shown}");
    assert!(!line("app:1.0").contains("████████████████████"), "{shown}");
}

#[test]
fn registries_share_nothing() {
    let (one, other) = (shared_base(), shared_base());
    let sizes = |words: &str, arguments: &[String]| {
        let listed = Rls::new().words("du -q --format").arg("{{ size }} {{ unique }} {{ shared }}").words(words);
        let listed = listed.args(arguments.iter().map(String::as_str).collect::<Vec<_>>()).succeeds();
        listed.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let alone = sizes("", &[one.url()]);
    assert_eq!(alone, ["137197 35276 101921", "134407 32486 101921", "169683 67762 101921"]);
    let both = sizes("", &[one.url(), other.url()]);
    let total = ["169683 67762 101921", "169683 67762 101921", "339366 135524 203842"];
    assert_eq!(both, [&alone[..2], &alone[..2], &total.map(str::to_owned)[..]].concat());
    // A registry that cannot be read has its total, too.
    other.inject(Match::get("/v2/_catalog").always(), Fault::status(403));
    let run = Rls::new().words("du -q").args([one.url(), other.url()]).run();
    assert_eq!(run.code, Some(6), "{run}");
}
