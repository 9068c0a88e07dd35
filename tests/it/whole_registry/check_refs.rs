use insta::assert_snapshot;
use registry_fixture::content::{ImageSpec, IndexSpec};
use registry_fixture::{Answer, Match, Running};
use test_support::Rls;

use crate::registries::empty;

/// A registry with an image for two platforms and one for one.
fn filled() -> Running {
    let registry = empty();
    let of = |platform: &str| ImageSpec::new(platform).platform(platform);
    registry.push_index("team/app", "1.0", &IndexSpec::new(vec![of("linux/amd64"), of("linux/arm64")]));
    registry.push_image("team/web", "1.10", &of("linux/amd64"));
    registry
}

fn check(registry: &Running, words: &str, text: &str) -> test_support::Outcome {
    Rls::at(registry).words("check --refs -").words(words).stdin(text.replace("REG", &registry.host())).run()
}

#[test]
fn every_form_of_file_is_read() {
    let registry = filled();
    for text in [
        "REG/team/app:1.0\nREG/team/web:1.10\n",
        r#"{"items":[{"spec":{"containers":[{"image":"REG/team/app:1.0"},{"image":"REG/team/web:1.10"}]}}]}"#,
        "kind: Pod\nspec:\n  containers:\n  - image: REG/team/app:1.0\n---\nservices: {web: {image: REG/team/web:1.10}}\n",
        "image: {registry: REG, repository: team/web, tag: 1.10}\nother: {image: {repository: REG/team/app, tag: '1.0'}}\n",
    ] {
        let run = check(&registry, "", text);
        assert_eq!(run.result(), (Some(0), ""), "{text}: {run}");
        assert_eq!(&*run.stderr, "2 of 2 images found\n", "{text}");
    }
}

#[test]
fn missing_images_are_reported() {
    let registry = filled();
    let text = "REG/team/app:1.0\nREG/team/app:2.0\nREG/nowhere:1\n";
    assert_snapshot!(check(&registry, "", text), @r#"
    exit 6
    --- stdout
    missing→http://REGISTRY/nowhere:1→not-found→nowhere:1 not found on http://REGISTRY: 404 Not Found: MANIFEST_UNKNOWN: manifest unknown: {"Tag":"1"}
    missing→http://REGISTRY/team/app:2.0→not-found→team/app:2.0 not found on http://REGISTRY: 404 Not Found: MANIFEST_UNKNOWN: manifest unknown: {"Tag":"2.0"}
    --- stderr
    1 of 3 images found
    "#);
    assert_snapshot!(check(&registry, "-o jsonl -q", text), @r#"
    exit 6
    --- stdout
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/nowhere:1","status":"missing","problem":"not-found","detail":"nowhere:1 not found on http://REGISTRY: 404 Not Found: MANIFEST_UNKNOWN: manifest unknown: {\"Tag\":\"1\"}"}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/team/app:1.0","status":"ok","problem":null,"detail":null}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/team/app:2.0","status":"missing","problem":"not-found","detail":"team/app:2.0 not found on http://REGISTRY: 404 Not Found: MANIFEST_UNKNOWN: manifest unknown: {\"Tag\":\"2.0\"}"}
    "#);
    assert_eq!(check(&registry, "-q", "REG/team/app:2.0\nREG/nowhere:1\n").code, Some(3));
    assert_snapshot!(check(&registry, "--platform linux/arm64", "REG/team/app:1.0\nREG/team/web:1.10\n"), @"
    exit 6
    --- stdout
    broken→http://REGISTRY/team/web:1.10→missing-platform→no image for linux/arm64; available: linux/amd64
    --- stderr
    1 of 2 images found
    ");
}

#[test]
fn several_registries_are_asked() {
    let (one, other) = (filled(), filled());
    let text = format!("{}/team/app:1.0\n{}/team/web:1.10\n", one.host(), other.host());
    let run = Rls::new().words("check --refs images --plain-http").with_file("images", text).run();
    assert_eq!(run.code, Some(0), "{run}");
    assert!(one.lines().iter().any(|line| line.contains("/team/app/")));
    assert!(other.lines().iter().any(|line| line.contains("/team/web/")));
}

#[test]
fn with_a_digest_the_tag_does_not_matter() {
    let registry = filled();
    let digest = registry.resolve("team/app", "1.0").expect("a digest");
    let text = format!("REG/team/app:moved@{digest}\n");
    assert_eq!(check(&registry, "", &text).code, Some(0));
}

#[test]
fn a_file_that_names_nothing_is_refused() {
    let registry = filled();
    assert_snapshot!(check(&registry, "", "kind: Pod\n"), @"
    exit 2
    --- stderr
    error: cannot use --refs -
    cause: no image is named
    hint:  use manifests of Kubernetes, a rendered chart, a compose file, or one reference per line
    ");
    assert_snapshot!(check(&registry, "", "image: '{{ .Values.image }}'\n"), @"
    exit 2
    --- stderr
    error: cannot use --refs -
    cause: cannot read the names of images
    cause: '{{ .Values.image }}' is an unexpanded template
    hint:  use manifests of Kubernetes, a rendered chart, a compose file, or one reference per line
    ");
    assert_eq!(Rls::at(&registry).words("check --refs /nowhere").run().code, Some(2));
}

#[test]
fn an_image_is_missing_only_by_the_registrys_own_word() {
    let registry = filled();
    let hidden = Answer::error(404, "DENIED", "requested access to the resource is denied");
    for page in [Answer::html(404, "no such site"), Answer::text(404, "404 page not found"), hidden] {
        for words in ["", "--platform linux/amd64"] {
            registry.inject(Match::manifests("team/app").reads().always(), page.clone());
            let run = check(&registry, words, "REG/team/app:1.0\n");
            assert!(![Some(0), Some(3)].contains(&run.code), "{words}: {run}");
            assert!(run.stdout.starts_with("unknown\t"), "{words}: {run}");
            registry.clear_faults();
        }
    }
    // A replica that lags behind.
    registry.inject(Match::manifest("team/app", "1.0").reads().times(2), Answer::not_found("MANIFEST_UNKNOWN"));
    let run = check(&registry, "", "REG/team/app:1.0\n");
    assert_eq!((run.code, &*run.stderr), (Some(0), "1 of 1 images found\n"), "{run}");
}
