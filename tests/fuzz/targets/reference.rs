//! Names that users write: a parsed name displays as meant, and appears in a URL unchanged.

use registry_ls::name::{Located, Reference, Registry, Repository, Tag, Target};

use super::vectors;

pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = vectors::texts(
        include_str!("../../../fixtures/vectors/references.json"),
        &[
            "grammar-parse",
            "repository-name-only",
            "docker-normalized",
            "any-reference",
            "docker-ref",
            "domain-regexp",
            "name-regexp",
            "reference-regexp",
            "ggcr-tag",
            "ggcr-repository",
            "ggcr-registry",
            "fully-qualified",
            "regclient-ref",
            "hardening",
        ],
    );
    for text in [
        "http://reg.corp:5000/prefix/x",
        "[::1]:5000/app:v1",
        "ann:geheim@reg.corp/app",
        "docker.io/alpine",
        "https://reg.corp/v2/app/manifests/v1?x",
        "docker://alpine:3",
        "https://hub.docker.com/r/a/b/tags",
    ] {
        seeds.push(text.as_bytes().to_vec());
    }
    seeds
}

pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(reference) = text.parse::<Reference>() {
        assert_eq!(reference.to_string(), text);
        safe_in_a_url(reference.repository(), reference.target());
    }
    if let Ok(repository) = text.parse::<Repository>() {
        assert_eq!(repository.as_str(), text);
        assert_eq!(text.parse::<Reference>().map(|reference| reference.repository().clone()).ok(), Some(repository));
    }
    if let Ok(tag) = text.parse::<Tag>() {
        assert_eq!(tag.as_str(), text);
        assert!(text.len() <= 128);
    }
    if let Ok(registry) = text.parse::<Registry>() {
        let again: Registry = registry.to_string().parse().expect("a registry is shown as it can be typed");
        assert_eq!((&again, again.base()), (&registry, registry.base()));
        let base = registry.base();
        assert!(base.username().is_empty() && base.password().is_none() && base.query().is_none(), "{base}");
        assert!(base.path().ends_with('/'), "{base}");
    }
    if let Ok(located) = text.parse::<Located<Reference>>() {
        let named = located.registry.clone();
        let (registry, reference) = located.within(&Registry::docker_hub());
        assert!(named.is_none_or(|named| named == registry), "{registry}");
        safe_in_a_url(reference.repository(), reference.target());
        let full = Located::<Reference>::read(&registry.qualify(&reference)).expect("its full name");
        assert_eq!(full.within(&Registry::docker_hub()), (registry, reference));
    }
    if let Ok(located) = Located::<Reference>::read(text) {
        let (registry, reference) = located.within(&Registry::docker_hub());
        assert!(registry.base().username().is_empty(), "{registry}");
        safe_in_a_url(reference.repository(), reference.target());
    }
    let mirror: Registry = "https://mirror.corp:5000/prefix".parse().expect("a registry");
    if let Ok(located) = Located::<Reference>::parse_in(text, &mirror) {
        assert_eq!(located.registry.as_ref(), Some(&mirror));
        assert!(text.contains("://") || text.ends_with(&located.name.to_string()));
    }
}

/// The path of the URL consists of the names, segment by segment, and nothing else.
fn safe_in_a_url(repository: &Repository, target: Target<'_>) {
    let base = Registry::docker_hub().base();
    let path = format!("v2/{repository}/manifests/{target}");
    let url = base.join(&path).expect("a URL");
    assert_eq!(url.as_str(), format!("{base}{path}"));
    assert_eq!((url.origin(), url.query(), url.fragment()), (base.origin(), None, None));
    let segments: Vec<_> = url.path_segments().expect("a path").collect();
    assert!(segments.iter().all(|segment| !matches!(*segment, "" | "." | "..")), "{url}");
}
