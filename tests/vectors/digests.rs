//! `digests.json`: what a digest is, and how it is computed.

use registry_ls::name::{Algorithm, Digest};

use crate::exemptions::{Case, check};

/// Kinds whose subject is not a digest by itself but a manifest that was fetched by one: its body, headers and
/// descriptor. They are the registry's to meet.
pub const OF_MANIFESTS: &[&str] =
    &["manifest-digest", "manifest-headers", "descriptor-digest", "header", "size", "type-confusion"];

#[test]
fn digests() {
    check("digests.json", |case| match case.kind.as_str() {
        "parse" => parse(case),
        "compute" => compute(case),
        kind if OF_MANIFESTS.contains(&kind) => {}
        kind => panic!("unknown kind {kind}"),
    });
}

fn parse(case: &Case) {
    let text = case.input.as_str().expect("a text");
    let parsed = text.parse::<Digest>();
    assert_eq!(parsed.is_ok(), case.expect["valid"], "{parsed:?}");
    let Ok(digest) = parsed else { return };
    assert_eq!(digest.to_string(), text);
    if let Some(algorithm) = case.expect.get("algorithm") {
        assert_eq!(algorithm, digest.algorithm().as_str());
        assert_eq!(case.expect["encoded"], digest.encoded());
    }
}

fn compute(case: &Case) {
    let bytes = case.input["bytes_utf8"].as_str().expect("a text").as_bytes();
    assert_eq!(case.expect["size"], bytes.len());
    for (algorithm, field) in [(Algorithm::Sha256, "digest"), (Algorithm::Sha512, "sha512")] {
        let digest = Digest::of(algorithm, bytes);
        assert_eq!(case.expect[field], digest.as_str());
        assert!(digest.matches(bytes));
    }
}
