//! A manifest's type follows from its bytes, not from HEAD or the descriptor in another manifest.

use registry_fixture::content::{Descriptor, ImageSpec, IndexSpec, Layer, index_of, media_type};
use registry_fixture::{Answer, Digest, Fault, Match, Method, Personality, Registry, Running};

use super::{app, removed, rls};

/// What replies or descriptors may call an index.
const TYPES: [&str; 6] = [
    media_type::OCI_MANIFEST,
    media_type::DOCKER_MANIFEST,
    "application/json",
    "application/octet-stream",
    "application/vnd.example.unknown.v1+json",
    "",
];

/// The index `multi`, and a tag on one of its images.
fn indexed() -> (Running, Digest, Digest) {
    let registry = app(Personality::Distribution28, &["other"]);
    let part = ImageSpec::new("part").created("2023-01-01T00:00:00Z");
    let index = IndexSpec::new(vec![part, ImageSpec::new("other part")]).build();
    let digest = registry.push("app", "multi", &index);
    let child = index.manifests[0].digest.clone();
    registry.tag("app", "child", &child);
    (registry, digest, child)
}

fn is_kept(registry: &Running, child: &Digest, report: &str) {
    for (words, code) in [
        ("rm app:child", Some(9)),
        ("rm app:child --purge --yes", Some(9)),
        ("rm app:child --with-siblings --yes", Some(9)),
        ("rm app@CHILD --all-tags --yes", Some(9)),
        ("prune app --keep other --keep multi --yes", None),
    ] {
        let outcome = rls(registry, &words.replace("CHILD", child.as_str()));
        assert!(registry.contains("app", child.as_str()), "{report}, {words}: {outcome}");
        assert!(registry.contains("app", "child") && removed(&outcome).is_empty(), "{report}, {words}: {outcome}");
        if code.is_some() {
            assert_eq!(outcome.code, code, "{report}, {words}: {outcome}");
            assert!(outcome.stderr.contains("app:multi"), "{report}, {words}: {outcome}");
        }
    }
    let outcome = rls(registry, "rm app:child --placeholder -q");
    assert_eq!((outcome.code, removed(&outcome)), (Some(0), vec!["child"]), "{report}: {outcome}");
    assert!(registry.contains("app", child.as_str()), "{report}: {outcome}");
}

#[test]
fn an_index_with_the_type_of_an_image_on_head_is_read() {
    for media_type in TYPES {
        let (registry, index, child) = indexed();
        for reference in ["multi", index.as_str()] {
            let head = Match::manifest("app", reference).method(Method::HEAD).always();
            registry.inject(head, Fault::media_type(media_type));
        }
        is_kept(&registry, &child, media_type);
    }
    let (registry, _, child) = indexed();
    registry
        .inject(Match::manifest("app", "multi").method(Method::HEAD).always(), Fault::without_header("Content-Type"));
    is_kept(&registry, &child, "no type");
}

#[test]
fn an_index_of_unknown_type_protects_its_possible_children() {
    for media_type in TYPES {
        let (registry, index, child) = indexed();
        let reads = Match::manifests("app").reads().of(["multi", index.as_str()]).always();
        registry.inject(reads, Fault::media_type(media_type));
        let outcome = rls(&registry, "rm app:child");
        assert_eq!(outcome.code, Some(9), "{media_type}: {outcome}");
        assert!(registry.contains("app", child.as_str()) && outcome.stderr.contains("app:multi"), "{outcome}");
    }
}

/// `outer` lists the index `inner`, calling it something else.
fn nested(media_type: &str) -> (Running, Digest) {
    let registry = app(Personality::Distribution28, &["other"]);
    let part = ImageSpec::new("part").created("2023-01-01T00:00:00Z");
    let inner = IndexSpec::new(vec![part]).build();
    registry.push_untagged("app", &inner);
    let descriptor = Descriptor { media_type: media_type.to_owned(), ..inner.root().descriptor() };
    registry.push("app", "multi", &index_of([descriptor]));
    let child = inner.manifests[0].digest.clone();
    registry.tag("app", "child", &child);
    (registry, child)
}

#[test]
fn a_nested_index_described_as_an_image_is_read() {
    // To the outer index's author, bytes without a type are not a manifest.
    for media_type in TYPES.into_iter().filter(|media_type| *media_type != "application/octet-stream") {
        let (registry, child) = nested(media_type);
        is_kept(&registry, &child, media_type);
    }
}

#[test]
fn a_layer_is_not_read_as_an_index() {
    for (media_type, is_read) in [
        ("application/vnd.oci.image.layer.v1.tar+gzip", false),
        ("application/vnd.docker.image.rootfs.diff.tar.gzip", false),
        ("application/vnd.buildkit.cacheconfig.v0", false),
        ("application/octet-stream", false),
        ("application/vnd.example.layer", true),
    ] {
        let (registry, child) = nested(media_type);
        registry.clear_requests();
        let outcome = rls(&registry, "rm app:child");
        let code = if is_read { 9 } else { 0 };
        assert_eq!(outcome.code, Some(code), "{media_type}: {outcome}");
        assert_eq!(registry.contains("app", child.as_str()), is_read, "{media_type}: {outcome}");
    }
}

#[test]
fn an_image_with_the_type_of_an_index_on_head_is_removed() {
    let registry = app(Personality::Distribution28, &["old", "kept"]);
    for tag in ["old", "kept"] {
        let head = Match::manifest("app", tag).method(Method::HEAD).always();
        registry.inject(head, Fault::media_type(media_type::OCI_INDEX));
    }
    let outcome = rls(&registry, "rm app:old -q");
    assert_eq!((outcome.code, removed(&outcome)), (Some(0), vec!["old"]), "{outcome}");
}

#[test]
fn a_layer_is_not_deleted_as_a_manifest() {
    // distribution 2 also takes the digest of a layer, and deletes the layer.
    let layer = Layer::file("usr/bin/app", "app");
    let digest = layer.blob().digest.clone();
    for reply in [Answer::new(200).body(layer.blob().bytes.clone()), Answer::new(500)] {
        for words in ["--yes", "--all-tags --yes", "--all-tags --force --yes"] {
            let registry = Registry::builder().personality(Personality::Distribution28).start();
            registry.push_image("app", "kept", &ImageSpec::new("kept").layer(layer.clone()));
            let reads = Match::manifest("app", digest.as_str());
            registry.inject(reads.clone().method(Method::GET).always(), reply.clone());
            let head = Answer::new(200).header("Docker-Content-Digest", digest.as_str());
            registry.inject(reads.method(Method::HEAD).always(), head);
            let outcome = rls(&registry, &format!("rm app@{digest} {words} --retries 0"));
            assert_eq!(outcome.code, Some(9), "{words}: {outcome}");
            assert!(outcome.stderr.contains("is a config or layer of app:kept"), "{words}: {outcome}");
            assert_eq!(registry.count(&Match::delete(format!("/v2/app/manifests/{digest}"))), 0, "{words}: {outcome}");
        }
    }
}
