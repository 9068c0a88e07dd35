//! The requests of `rls tags`: nothing is requested or listed twice.

use registry_fixture::content::{ImageSpec, IndexSpec};
use registry_fixture::{Answer, Fault, Match, Running};
use serde_json::json;
use test_support::Rls;

use crate::custom_manifests::{App, index};
use crate::registries::empty;

fn count(registry: &Running, method: &str, prefix: &str) -> usize {
    registry.count(&Match::under(prefix).method(method.parse().expect("a method")))
}

/// How many HEADs and GETs of manifests and how many GETs of blobs there were.
fn request_counts(registry: &Running) -> (usize, usize, usize) {
    let manifests = |method| count(registry, method, "/v2/app/manifests/");
    (manifests("HEAD"), manifests("GET"), count(registry, "GET", "/v2/app/blobs/"))
}

#[test]
fn manifests_and_configs_are_fetched_once_per_digest() {
    let registry = empty();
    for image in 0..40 {
        let digest = registry.push_image("app", &format!("v{image}.0"), &ImageSpec::new(&image.to_string()));
        (1..10).for_each(|tag| registry.tag("app", &format!("v{image}.{tag}"), &digest));
    }
    for words in ["-l", "--sort created", "--sort size", "-l --sort created --reverse -j 1"] {
        registry.clear_requests();
        let listed = Rls::at(&registry).words("tags app").words(words).succeeds();
        assert_eq!(listed.lines().count(), 400, "{words}");
        assert_eq!((request_counts(&registry), registry.requests().len()), ((400, 40, 40), 481), "{words}");
    }
}

#[test]
fn children_of_several_indexes_are_fetched_once() {
    let registry = empty();
    let index = IndexSpec::three_platforms("app").with_attestations();
    let digest = registry.push_index("app", "1.0", &index);
    registry.tag("app", "latest", &digest);
    registry.push_index("app", "annotated", &index.clone().annotation("a", "b"));
    registry.push_image("app", "amd64", &index.images[0]);
    let listed = Rls::at(&registry).words("tags app -l").succeeds();
    assert_eq!(listed.matches("linux/amd64,linux/arm64,linux/arm/v7\t14211").count(), 3, "{listed}");
    // Two indexes, three images and three attestations, whose configs say nothing.
    assert_eq!(request_counts(&registry), (4, 2 + 3 + 3, 3));
}

#[test]
fn an_unreadable_manifest_is_requested_once() {
    let registry = empty();
    let digest = registry.push_image("app", "a", &ImageSpec::new("app"));
    ["b", "c"].into_iter().for_each(|tag| registry.tag("app", tag, &digest));
    registry.inject(
        Match::under("/v2/app/manifests/").method("GET".parse().expect("a method")).always(),
        Fault::status(500),
    );
    let outcome = Rls::at(&registry).words("tags app -l -j 1 --retries 0").run();
    insta::assert_snapshot!(outcome, @"
    exit 5
    --- stdout
    a→sha256:d2a8d8764f7f2aa2c3c4b106bead12a7176e0e0c5ab6a7bc6e6324033ee2960a→-→-→-→-→-→-→-
    b→sha256:d2a8d8764f7f2aa2c3c4b106bead12a7176e0e0c5ab6a7bc6e6324033ee2960a→-→-→-→-→-→-→-
    c→sha256:d2a8d8764f7f2aa2c3c4b106bead12a7176e0e0c5ab6a7bc6e6324033ee2960a→-→-→-→-→-→-→-
    --- stderr
    error: http://REGISTRY failed to answer for app:a
    cause: 500 Internal Server Error
    hint:  check the server's log; use --retries N to retry more often
    error: cannot read app:b, which is the same manifest as app:a
    cause: http://REGISTRY failed to answer for app:a
    cause: 500 Internal Server Error
    error: cannot read app:c, which is the same manifest as app:a
    cause: http://REGISTRY failed to answer for app:a
    cause: 500 Internal Server Error
    ");
    assert_eq!(request_counts(&registry), (3, 1, 0));
}

#[test]
fn get_is_used_where_the_registry_does_not_support_head() {
    let app = App::new();
    app.image("1.0", "linux/amd64", "2026-11-18T09:12:00Z");
    app.0.tag("app", "latest", &app.digest("1.0"));
    for fault in [Fault::status(404), Fault::status(405), Fault::without_header("Docker-Content-Digest")] {
        app.0.clear_faults();
        app.0.clear_requests();
        app.0.inject(Match::under("/v2/app/manifests/").method("HEAD".parse().expect("a method")).always(), fault);
        let listed = app.rls("tags app -l --format {{digest}} -j 1").succeeds();
        assert_eq!(*listed, format!("{0}\n{0}\n", app.digest("1.0")));
        // The first HEAD shows that the others can be spared.
        assert_eq!(request_counts(&app.0), (1, 2, 1));
    }
}

#[test]
fn an_oversized_index_is_not_followed() {
    let app = App::new();
    let child = app.image("1.0", "linux/amd64", "2026-11-18T09:12:00Z");
    app.push("many", &index(json!({ "manifests": vec![child; 20_000] })));
    app.0.clear_requests();
    insta::assert_snapshot!(app.rls("tags app -l --match many").run(), @"
    exit 5
    --- stdout
    many→sha256:53f8a6092f9d4ca79e5fd9557b71cd94401bb512f1f57e2a6db78741fd7757bc→application/vnd.oci.image.index.v1+json→-→-→-→index→-→-
    --- stderr
    error: cannot read all of app:many
    cause: an index of app lists too much
    cause: the manifests in it take more than 64 MiB
    ");
    assert_eq!(request_counts(&app.0), (1, 1, 0));
}

#[test]
fn a_tag_listed_twice_is_shown_once() {
    let registry = empty();
    for tag in ["1.0", "1.1", "1.2"] {
        registry.push_image(
            "app",
            tag,
            &ImageSpec::new(tag)
                .created(&format!("2026-01-0{}T00:00:00Z", &tag[2..].parse::<u32>().expect("a digit") + 1)),
        );
    }
    let body = r#"{"name":"app","tags":["1.2","1.0","1.2","1.1","1.0"]}"#;
    registry.inject(Match::get("/v2/app/tags/list").always(), Fault::body(body));
    let listed = |words: &str| Rls::at(&registry).words("tags app").words(words).succeeds().replace('\n', " ");
    for (words, expected) in [
        ("", "1.0 1.1 1.2 "),
        ("--reverse", "1.2 1.1 1.0 "),
        ("--sort version", "1.0 1.1 1.2 "),
        ("--sort none --reverse", "1.1 1.0 1.2 "),
        ("--sort created", "1.2 1.1 1.0 "),
        ("--limit 2", "1.0 1.1 "),
        ("--match 1.2", "1.2 "),
    ] {
        assert_eq!(listed(words), expected, "{words}");
    }
    assert_eq!(Rls::at(&registry).words("tags app -d").succeeds().lines().count(), 3);
}

#[test]
fn an_unsorted_list_skips_names_just_shown() {
    let registry = empty();
    registry.push_image("app", "a", &ImageSpec::new("app"));
    let page = |tags: &[&str]| Answer::new(200).body(json!({ "name": "app", "tags": tags }).to_string());
    let first = page(&["b", "b", "a", "c"]).header("Link", "</v2/app/tags/list?last=c>; rel=\"next\"");
    registry.inject(Match::get("/v2/app/tags/list").query("last=c").always(), page(&["c", "c", "d", "b"]));
    registry.inject(Match::get("/v2/app/tags/list").query("n=1000").always(), first);
    let listed = Rls::at(&registry).words("tags app --sort none -q").succeeds();
    assert_eq!(listed.replace('\n', " "), "b a c d ");
}
